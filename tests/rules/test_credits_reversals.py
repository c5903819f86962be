"""Until when an enrolment can be undone, what is given for an expired credit, and learners' caps.

C2, C5, C57, C58, C59.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    CRON,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    at,
    learner,
    portal,
)
from unitledger.amounts import Credits
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    CompleteEnrolment,
    DeactivateManager,
    Enrol,
    InviteState,
    ReportProgress,
    ReverseEnrolment,
    SendInvite,
    StartEnrolment,
)
from unitledger.errors import (
    AlreadyExists,
    IllegalTransition,
    LearnerCapReached,
    NotReversible,
)
from unitledger.ids import LotId, WalletId
from unitledger.lots import Category, Cost, Lot, Scope
from unitledger.operations import Issue
from unitledger.policy import ExpiredCredit, Policy, Reversible, Trigger

LEO = learner("leo")
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def enrolled(lms: Portal, who: str = "leo", course: str = "first-aid") -> str:
    return lms.run(Enrol(who, course)).outcome.enrolment


# Until when.

NEVER, STARTED = Reversible.NEVER, Reversible.STARTED


@pytest.mark.parametrize(
    ("until", "progress", "days", "reversible"),
    [
        pytest.param(NEVER, None, 0, False, id="C57 never, not even at once"),
        pytest.param(STARTED, None, 400, True, id="C57 before the start, however late"),
        pytest.param(STARTED, 0, 0, False, id="C57 not after the start"),
        pytest.param(STARTED, 50, 0, False, id="C57 nor further on"),
        pytest.param(Reversible.progress(10), None, 400, True, id="C57 before any progress"),
        pytest.param(Reversible.progress(10), 0, 0, True, id="C57 started, not so far"),
        pytest.param(Reversible.progress(10), 9, 0, True, id="C57 almost so far"),
        pytest.param(Reversible.progress(10), 10, 0, False, id="C57 so far"),
        pytest.param(Reversible.progress(10), 11, 0, False, id="C57 further"),
        pytest.param(Reversible.days(14), None, 14, False, id="C57 after fourteen days"),
        pytest.param(Reversible.days(14), 99, 13.99, True, id="C57 within them, started or not"),
        pytest.param(Reversible.days(1), None, 1, False, id="C57 after one day"),
    ],
)
@pytest.mark.parametrize("trigger", [Trigger.INVITE_ACCEPTED, Trigger.progress(60)])
def test_until_when_an_enrolment_can_be_undone(
    until: Reversible, progress: int | None, days: float, reversible: bool, trigger: Trigger
) -> None:
    with portal(Policy(reversible_until=until, consumed_at=trigger)) as lms:
        lms.fill(1)
        made = enrolled(lms)
        if progress is not None:
            lms.run(ReportProgress(made, progress), CRON)
        lms.clock.at = START + timedelta(days=days)
        if reversible:
            lms.run(ReverseEnrolment(made))
            assert lms.figures() == {POOL: (1, 0, 0)}
        else:
            before = lms.figures()
            refusal = lms.refused(ReverseEnrolment(made))
            assert isinstance(refusal, NotReversible)
            assert refusal.details == {
                "enrolment": made,
                "until": str(until),
                "progress": progress,
                "enrolled": START,
            }
            assert lms.figures() == before


@pytest.mark.parametrize(
    ("when", "reversible"),
    [
        pytest.param(START + timedelta(days=14) - MICROSECOND, True, id="P11 C57 just before"),
        pytest.param(START + timedelta(days=14), False, id="P11 C57 at the end"),
    ],
)
def test_days_are_counted_to_the_instant(when: Any, reversible: bool) -> None:
    with portal(Policy(reversible_until=Reversible.days(14))) as lms:
        lms.fill(1)
        made = enrolled(lms)
        lms.clock.at = when
        assert lms.ledger.can(ReverseEnrolment(made), by=ANN) is reversible


def test_by_default_an_enrolment_can_be_undone_before_its_start(lms: Portal) -> None:
    """C57."""
    assert Policy().reversible_until == STARTED
    lms.fill(1)
    made = enrolled(lms)
    lms.run(StartEnrolment(made), CRON)
    refusal = lms.refused(ReverseEnrolment(made))
    assert refusal.code == "not_reversible"
    assert "at 0 %" in str(refusal)
    assert "started" in str(refusal)
    assert "correction" in str(refusal)


def test_days_count_from_the_acceptance_of_an_invite() -> None:
    """C57: not from when it was sent."""
    with portal(Policy(reversible_until=Reversible.days(14))) as lms:
        lms.allotted(1)
        invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
        lms.clock.at = START + timedelta(days=20)
        made = lms.run(AcceptInvite(invite, "leo"), LEO).outcome.enrolment
        assert lms.enrolments("first-aid")[0].enrolled == lms.clock.at
        lms.clock.at = START + timedelta(days=33)
        lms.run(ReverseEnrolment(made))


def test_what_is_undone_stays_so_whatever_the_policy_says_later(lms: Portal) -> None:
    """C58: the second call has the first answer, when the first would be refused now too."""
    lms.fill(1)
    made = enrolled(lms)
    first = lms.run(ReverseEnrolment(made), request="first")
    lms.ledger.policy = Policy(reversible_until=NEVER)
    again = lms.run(ReverseEnrolment(made))
    assert (again.same_as, again.outcome, again.moves) == ("first", first.outcome, ())


@pytest.mark.parametrize("until", [NEVER, STARTED, Reversible.days(9)])
def test_what_is_completed_is_never_undone(until: Reversible) -> None:
    """C57: and the refusal says that it is completed."""
    with portal(Policy(reversible_until=until)) as lms:
        lms.fill(1)
        made = enrolled(lms)
        lms.run(CompleteEnrolment(made), CRON)
        refusal = lms.refused(ReverseEnrolment(made))
        assert isinstance(refusal, IllegalTransition)
        assert refusal.state == "completed"


def test_a_credit_goes_back_where_it_came_from_when_its_manager_has_left(lms: Portal) -> None:
    """C22, C57, C58: to the course then, and the second answer says so as well."""
    lms.allotted(1)
    invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
    made = lms.run(AcceptInvite(invite, "leo"), LEO).outcome.enrolment
    lms.run(DeactivateManager("mia", "first-aid"))
    first = lms.run(ReverseEnrolment(made), request="first")
    assert first.outcome.source == AID
    assert lms.run(ReverseEnrolment(made)).outcome == first.outcome
    assert lms.figures() == {AID: (1, 0, 0)}


# A lot that has expired meanwhile.

BEGUN, ENDED = at("2026-02-01"), at("2026-05-02")
BACK = at("2026-06-01T12:00")


def lot_of(lms: Portal, lot: str) -> Lot:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        found = reading.lot(LotId(lot))
    assert found is not None
    return found


def dated(lms: Portal, wallet: str = POOL) -> None:
    """A bought lot for leo's crew with ninety days to live, of which two credits are there."""
    issue = Issue(
        LotId("spring"),
        WalletId(wallet),
        Credits.of(2),
        effective=BEGUN,
        expires=ENDED,
        acquired=at("2026-01-15"),
        cycle=7,
        category=Category.PURCHASED,
        priority=3,
        scope=Scope(audience=frozenset({"leo"})),
        cost=Cost.of("9.50", "EUR"),
    )
    lms.run(issue)
    lms.clock.at = BEGUN


@pytest.mark.parametrize(
    ("rule", "expires"),
    [
        pytest.param(ExpiredCredit.FORFEIT, None, id="C59 forfeit"),
        pytest.param(ExpiredCredit.restore(30), at("2026-07-01T12:00"), id="C59 restore"),
        pytest.param(ExpiredCredit.restore(1), at("2026-06-02T12:00"), id="C59 restore a day"),
        pytest.param(ExpiredCredit.REISSUE, at("2026-08-30T12:00"), id="C59 reissue"),
    ],
)
@pytest.mark.parametrize("trigger", [Trigger.ENROLLED, Trigger.STARTED])
@pytest.mark.parametrize("wallet", [POOL, AID])
def test_what_is_given_for_a_credit_whose_lot_has_lapsed(
    rule: ExpiredCredit, expires: Any, trigger: Trigger, wallet: str
) -> None:
    with portal(Policy(expired_credit=rule, consumed_at=trigger)) as lms:
        dated(lms, wallet)
        made = enrolled(lms)
        lms.clock.at = BACK
        receipt = lms.run(ReverseEnrolment(made), request="back")
        assert receipt.outcome.source == wallet
        assert lms.expired(wallet) == 2
        verbs = sorted(move.verb for move in receipt.moves)
        came_back = "release" if trigger is Trigger.STARTED else "reverse"
        if expires is None:
            assert receipt.outcome.replacement is None
            assert verbs == ["expire", "expire", came_back]
            assert lms.free(wallet) == 0
        else:
            assert verbs == ["expire", "expire", "issue", came_back]
            assert receipt.outcome.replacement == "back.1"
            new = lot_of(lms, "back.1")
            assert (new.home, new.terms.effective, new.terms.expires) == (wallet, BACK, expires)
            assert (new.acquired, new.since, new.version) == (BACK, BACK, 1)
            assert (new.cycle, new.category, new.priority) == (7, Category.PURCHASED, 3)
            assert (new.scope, new.cost) == (
                Scope(audience=frozenset({"leo"})),
                Cost.of("9.50", "EUR"),
            )
            assert lms.free(wallet) == 1
            assert lms.run(Enrol("leo", "first-aid")).moves[-1].lot == "back.1"
        assert lms.enrolments("first-aid")[0].replacement == receipt.outcome.replacement


def test_the_second_answer_names_what_was_given() -> None:
    """C58, C59: it is given once."""
    with portal(Policy(expired_credit=ExpiredCredit.restore(30))) as lms:
        dated(lms)
        made = enrolled(lms)
        lms.clock.at = BACK
        first = lms.run(ReverseEnrolment(made), request="back")
        again = lms.run(ReverseEnrolment(made), request="again")
        assert (again.same_as, again.outcome, again.moves) == ("back", first.outcome, ())
        assert lms.free(POOL) == 1


@pytest.mark.parametrize(
    ("when", "given"),
    [
        pytest.param(ENDED - MICROSECOND, None, id="P11 C59 just before its end"),
        pytest.param(ENDED, "back.1", id="P11 C59 at its end"),
    ],
)
def test_nothing_is_given_for_a_credit_that_can_be_spent(when: Any, given: str | None) -> None:
    with portal(Policy(expired_credit=ExpiredCredit.REISSUE)) as lms:
        dated(lms)
        made = enrolled(lms)
        lms.clock.at = when
        outcome = lms.run(ReverseEnrolment(made), request="back").outcome
        assert outcome.replacement == given
        assert lms.free(POOL) == (2 if given is None else 1)


def test_nothing_is_given_for_a_credit_that_never_expires() -> None:
    """C59."""
    with portal(Policy(expired_credit=ExpiredCredit.REISSUE)) as lms:
        lms.fill(1)
        made = enrolled(lms)
        lms.clock.at = at("2036-01-01")
        assert lms.run(ReverseEnrolment(made)).outcome.replacement is None
        assert lms.figures() == {POOL: (1, 0, 0)}


def test_what_is_given_goes_on_when_the_manager_has_left() -> None:
    """C22, C59."""
    with portal(Policy(expired_credit=ExpiredCredit.restore(5))) as lms:
        lms.fill(1, MIAS, "soon", expires=ENDED)
        invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
        made = lms.run(AcceptInvite(invite, "leo"), LEO).outcome.enrolment
        lms.run(DeactivateManager("mia", "first-aid"))
        lms.clock.at = BACK
        lms.run(ReverseEnrolment(made), request="back")
        assert lot_of(lms, "back.1").home == AID
        assert lms.figures() == {AID: (1, 0, 0)}


def test_a_lot_of_that_name_is_in_the_way() -> None:
    """C59: nothing is overwritten; another request gets through."""
    with portal(Policy(expired_credit=ExpiredCredit.restore(5))) as lms:
        dated(lms)
        lms.fill(1, lot="back.1")
        made = enrolled(lms)
        lms.clock.at = BACK
        with pytest.raises(AlreadyExists) as refusal:
            lms.run(ReverseEnrolment(made), request="back")
        assert (refusal.value.kind, refusal.value.key) == ("lot", "back.1")
        lms.run(ReverseEnrolment(made), request="back again")


@pytest.mark.parametrize("trigger", [Trigger.INVITE_SENT, Trigger.INVITE_ACCEPTED])
def test_nothing_is_given_for_a_cancelled_invite(trigger: Trigger) -> None:
    """C25, C59: or whoever sends invites would have credits that never lapse."""
    with portal(Policy(expired_credit=ExpiredCredit.REISSUE, consumed_at=trigger)) as lms:
        lms.fill(1, MIAS, "soon", expires=ENDED)
        invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
        lms.clock.at = BACK
        lms.run(CancelInvite(invite), MIA)
        assert (lms.free(MIAS), lms.expired(MIAS)) == (0, 1)


def test_by_default_an_expired_credit_is_forfeited() -> None:
    """C59."""
    assert Policy().expired_credit == ExpiredCredit.FORFEIT


# Caps.


@pytest.mark.parametrize("cap", [0, 1, 3])
def test_a_learner_has_as_many_enrolments_as_the_cap(cap: int) -> None:
    """C2: zero is none at all, not no limit; other learners are not counted."""
    with portal(Policy(learner_cap=cap)) as lms:
        lms.fill(10)
        for number in range(cap):
            enrolled(lms, course=f"course {number}")
        refusal = lms.refused(Enrol("leo", "first-aid"))
        assert isinstance(refusal, LearnerCapReached)
        assert (refusal.learner, refusal.enrolments, refusal.cap) == ("leo", cap, cap)
        assert "learner_cap" in str(refusal)
        if cap:
            enrolled(lms, "lea")
        assert lms.spent(POOL) == cap + bool(cap)


def test_by_default_there_is_no_cap(lms: Portal) -> None:
    """C2."""
    assert Policy().learner_cap is None
    lms.fill(40)
    for number in range(40):
        enrolled(lms, course=f"course {number}")


@pytest.mark.parametrize("trigger", [Trigger.INVITE_SENT, Trigger.ENROLLED, Trigger.STARTED])
def test_an_invite_is_not_accepted_beyond_the_cap(trigger: Trigger) -> None:
    """C2: it stays open, and its credit where it is."""
    with portal(Policy(learner_cap=1, consumed_at=trigger)) as lms:
        lms.allotted(1)
        lms.fill(1)
        invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
        other = enrolled(lms, course="fire")
        before = lms.figures()
        refusal = lms.refused(AcceptInvite(invite, "leo"), LEO)
        assert isinstance(refusal, LearnerCapReached)
        assert (refusal.learner, refusal.enrolments, refusal.cap) == ("leo", 1, 1)
        assert lms.figures() == before
        assert lms.invite(invite).state is InviteState.SENT
        lms.run(ReverseEnrolment(other))
        lms.run(AcceptInvite(invite, "leo"), LEO)


def test_a_reversal_gives_the_place_back() -> None:
    """C57: every time."""
    with portal(Policy(learner_cap=2)) as lms:
        lms.fill(9)
        enrolled(lms, course="fire")
        for _ in range(3):
            made = enrolled(lms)
            assert lms.refused(Enrol("leo", "smoke")).code == "learner_cap_reached"
            lms.run(ReverseEnrolment(made))
        enrolled(lms)


def test_a_completed_course_counts_and_a_retake_too() -> None:
    """C5, C2."""
    with portal(Policy(learner_cap=2)) as lms:
        lms.fill(9)
        lms.run(CompleteEnrolment(enrolled(lms)), CRON)
        lms.run(CompleteEnrolment(enrolled(lms)), CRON)
        refusal = lms.refused(Enrol("leo", "first-aid"))
        assert isinstance(refusal, LearnerCapReached)
        assert refusal.enrolments == 2


def test_who_is_in_the_course_already_is_not_counted_again() -> None:
    """C5, C34: neither command makes a new enrolment."""
    with portal(Policy(learner_cap=1)) as lms:
        lms.allotted(1)
        lms.fill(1)
        invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
        made = lms.run(Enrol("leo", "first-aid"), request="first").outcome.enrolment
        assert lms.run(Enrol("leo", "first-aid")).same_as == "first"
        assert lms.run(AcceptInvite(invite, "leo"), LEO).outcome.enrolment == made


def test_a_cap_that_is_lowered_undoes_nothing(lms: Portal) -> None:
    """C2: and the refusal says how many there are."""
    lms.fill(4)
    for course in ("a", "b", "c"):
        enrolled(lms, course=course)
    lms.ledger.policy = Policy(learner_cap=1)
    refusal = lms.refused(Enrol("leo", "d"))
    assert isinstance(refusal, LearnerCapReached)
    assert (refusal.enrolments, refusal.cap) == (3, 1)


def test_the_cap_comes_before_the_credits(lms: Portal) -> None:
    """C2, C3: life cycles and limits before funds."""
    lms.ledger.policy = Policy(learner_cap=0)
    assert lms.refused(Enrol("leo", "first-aid")).code == "learner_cap_reached"
    lms.fill(1)
    lms.run(Allocate("first-aid", Credits.of(1)))
