"""When a credit is spent: C24 to C27, C33, C34, C63 under every trigger of the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    CRON,
    MAX,
    MAXS,
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
from unitledger.commands import Actor
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    CompleteEnrolment,
    DeactivateManager,
    Enrol,
    EnrolmentState,
    InviteState,
    Reinvite,
    ReportProgress,
    ReverseEnrolment,
    SendInvite,
    StartEnrolment,
)
from unitledger.errors import IllegalTransition, InsufficientUnits, UnitLedgerError, UnknownObject
from unitledger.lots import Scope
from unitledger.policy import Policy, Reversible, Trigger
from unitledger.ports import FixedDirectory

LEO = learner("leo")
TEN = Trigger.progress(10)
SENT, ACCEPTED, ENROLLED, STARTED = (
    Trigger.INVITE_SENT,
    Trigger.INVITE_ACCEPTED,
    Trigger.ENROLLED,
    Trigger.STARTED,
)
ANY_TIME = Reversible.days(36_500)


def policy(trigger: Trigger, **rest: Any) -> Policy:
    return Policy(consumed_at=trigger, reversible_until=ANY_TIME, **rest)


def sent(lms: Portal, credits_: int = 2, invitee: str = "leo@") -> str:
    """An invite for first aid by Mia, who has so many credits."""
    if credits_:
        lms.allotted(credits_)
    return lms.run(SendInvite(invitee, "first-aid", "mia"), MIA).outcome.invite


def accepted(lms: Portal, credits_: int = 2) -> str:
    return lms.run(AcceptInvite(sent(lms, credits_), "leo"), LEO).outcome.enrolment


def test_by_default_an_invite_holds_and_its_acceptance_spends() -> None:
    """C24, C33."""
    assert Policy().consumed_at == ACCEPTED
    assert Policy().consumed_at.percent is None


# From an invite to the end of a course: free, held and spent of Mia's two credits.


@pytest.mark.parametrize(
    ("trigger", "open_", "taken_up", "started", "at_nine", "at_ten", "done"),
    [
        pytest.param(SENT, "101", "101", "101", "101", "101", "101", id="C24 invite sent"),
        pytest.param(ACCEPTED, "110", "101", "101", "101", "101", "101", id="C33 invite accepted"),
        pytest.param(ENROLLED, "200", "101", "101", "101", "101", "101", id="C33 enrolled"),
        pytest.param(STARTED, "110", "110", "101", "101", "101", "101", id="C33 started"),
        pytest.param(TEN, "110", "110", "110", "110", "101", "101", id="C33 progress of ten"),
        pytest.param(
            Trigger.progress(100), "110", "110", "110", "110", "110", "101", id="C33 all of it"
        ),
    ],
)
def test_when_the_credit_of_an_invite_is_spent(
    trigger: Trigger,
    open_: str,
    taken_up: str,
    started: str,
    at_nine: str,
    at_ten: str,
    done: str,
) -> None:
    with portal(policy(trigger)) as lms:

        def figures() -> str:
            return "".join(map(str, lms.figures()[MIAS]))

        invite = sent(lms)
        assert figures() == open_
        receipt = lms.run(AcceptInvite(invite, "leo"), LEO)
        assert figures() == taken_up
        spent = int(taken_up[2]) - int(open_[2])
        assert receipt.outcome.spent == Credits.of(spent)
        made = receipt.outcome.enrolment
        lms.run(StartEnrolment(made), CRON)
        assert figures() == started
        lms.run(ReportProgress(made, 9), CRON)
        assert figures() == at_nine
        lms.run(ReportProgress(made, 10), CRON)
        assert figures() == at_ten
        lms.run(CompleteEnrolment(made), CRON)
        assert figures() == done


@pytest.mark.parametrize(
    ("trigger", "enrolled", "started", "at_ten", "done"),
    [
        pytest.param(SENT, "01", "01", "01", "01", id="C8 invite sent"),
        pytest.param(ACCEPTED, "01", "01", "01", "01", id="C8 invite accepted"),
        pytest.param(ENROLLED, "01", "01", "01", "01", id="C8 enrolled"),
        pytest.param(STARTED, "10", "01", "01", "01", id="C8 started"),
        pytest.param(TEN, "10", "10", "01", "01", id="C8 progress of ten"),
        pytest.param(Trigger.progress(11), "10", "10", "10", "01", id="C8 progress of eleven"),
    ],
)
@pytest.mark.parametrize("wallet", [POOL, AID])
def test_when_the_credit_of_an_enrolment_by_an_administrator_is_spent(
    trigger: Trigger, wallet: str, enrolled: str, started: str, at_ten: str, done: str
) -> None:
    with portal(policy(trigger)) as lms:

        def figures() -> str:
            free, held, spent = lms.figures()[wallet]
            assert free == 2
            return f"{held}{spent}"

        lms.fill(3, wallet)
        made = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
        assert figures() == enrolled
        lms.run(StartEnrolment(made), CRON)
        assert figures() == started
        lms.run(ReportProgress(made, 10), CRON)
        assert figures() == at_ten
        lms.run(CompleteEnrolment(made), CRON)
        assert figures() == done


@pytest.mark.parametrize("trigger", [SENT, ACCEPTED, STARTED, TEN])
def test_without_a_credit_no_invite_is_sent(trigger: Trigger) -> None:
    """C24, C32."""
    with portal(policy(trigger)) as lms:
        sent(lms, 1)
        refusal = lms.refused(SendInvite("lea@", "first-aid", "mia"), MIA)
        assert isinstance(refusal, InsufficientUnits)
        assert (refusal.wallets, refusal.available) == ((MIAS,), Credits.of(0))


def test_where_an_enrolment_takes_the_credit_one_can_invite_more_than_one_has() -> None:
    """C24, C33: whoever accepts first gets the credit; the other's invite stays open."""
    with portal(policy(ENROLLED)) as lms:
        first, second = sent(lms, 1), sent(lms, 0, "lea@")
        lms.run(AcceptInvite(second, "lea"), learner("lea"))
        refusal = lms.refused(AcceptInvite(first, "leo"), LEO)
        assert isinstance(refusal, InsufficientUnits)
        assert (refusal.wallets, refusal.needed, refusal.available) == (
            (MIAS,),
            Credits.of(1),
            Credits.of(0),
        )
        assert lms.invite(first).state is InviteState.SENT
        assert lms.figures() == {MIAS: (0, 0, 1)}
        lms.allotted(1)
        assert lms.run(AcceptInvite(first, "leo"), LEO).outcome.spent == Credits.of(1)


def test_where_an_enrolment_takes_the_credit_it_may_be_one_for_its_learner() -> None:
    """C33, C6: who the learner is, is known by then."""
    with portal(policy(ENROLLED)) as lms:
        lms.ledger.directory = FixedDirectory(members=frozenset({("leo", "crew")}))
        lms.fill(2, MIAS, scope=Scope(audience=frozenset({"crew"})))
        first, second = sent(lms, 0), sent(lms, 0, "lea@")
        assert lms.refused(AcceptInvite(second, "lea"), learner("lea")).code == "insufficient_units"
        lms.run(AcceptInvite(first, "leo"), LEO)


def test_an_invite_of_a_manager_who_left_is_paid_where_the_credits_went() -> None:
    """C22, C33."""
    with portal(policy(ENROLLED)) as lms:
        invite = sent(lms, 1)
        lms.run(DeactivateManager("mia", "first-aid"))
        lms.run(AcceptInvite(invite, "leo"), LEO)
        assert lms.figures() == {AID: (0, 0, 1)}
        (enrolment,) = lms.enrolments("first-aid")
        assert enrolment.source == AID


def test_a_credit_that_the_course_owes_pays_no_invite_of_a_manager_who_left() -> None:
    """C22, C56."""
    with portal(policy(ENROLLED, overdraft=Credits.of(1))) as lms:
        invite = sent(lms, 0)
        lms.run(DeactivateManager("mia", "first-aid"))
        lms.run(Enrol("lea", "first-aid"))
        lms.fill(1, AID)
        short = lms.refused(AcceptInvite(invite, "leo"), LEO)
        assert short.details["wallets"] == (AID,)
        assert short.details["available"] == Credits.of(0)
        lms.fill(1, AID)
        assert lms.run(AcceptInvite(invite, "leo"), LEO).outcome.spent == Credits.of(1)


def test_a_credit_for_one_course_pays_the_invites_to_it() -> None:
    """C16: taken at the acceptance, and again after the deadline."""
    scope = Scope(courses=frozenset({"first-aid"}))
    with portal(policy(ENROLLED)) as lms:
        invite = sent(lms, 0)
        lms.fill(1, MIAS, scope=scope)
        assert lms.run(AcceptInvite(invite, "leo"), LEO).outcome.spent == Credits.of(1)
    with portal(policy(ACCEPTED, invite_days=1)) as lms:
        lms.fill(1, MIAS, scope=scope)
        invite = sent(lms, 0)
        lms.clock.at = lms.clock.at + timedelta(days=1)
        lms.run(Reinvite(invite), MIA)
        assert lms.figures() == {MIAS: (0, 1, 0)}


# What comes back, whatever the trigger.

EVERY = [pytest.param(one, id=f"C25 {one.moment}") for one in (SENT, ACCEPTED, ENROLLED, STARTED)]


@pytest.mark.parametrize("trigger", EVERY)
def test_a_cancelled_invite_leaves_the_manager_as_before(trigger: Trigger) -> None:
    """C25, C28."""
    with portal(policy(trigger)) as lms:
        invite = sent(lms)
        lms.run(CancelInvite(invite), MIA)
        assert lms.figures() == {MIAS: (2, 0, 0)}
        assert lms.invite(invite).state is InviteState.CANCELLED
        assert lms.refused(AcceptInvite(invite, "leo"), LEO).code == "illegal_transition"


@pytest.mark.parametrize("trigger", EVERY)
def test_a_learner_in_the_course_already_costs_the_manager_nothing(trigger: Trigger) -> None:
    """C34."""
    with portal(policy(trigger)) as lms:
        invite = sent(lms)
        lms.fill(1)
        there = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
        outcome = lms.run(AcceptInvite(invite, "leo"), LEO).outcome
        assert (outcome.enrolment, outcome.spent) == (there, Credits.of(0))
        taken = lms.invite(invite)
        assert (taken.state, taken.enrolment) == (InviteState.ACCEPTED, there)
        assert lms.figures()[MIAS] == (2, 0, 0)
        assert len(lms.enrolments("first-aid")) == 1


@pytest.mark.parametrize("trigger", EVERY)
@pytest.mark.parametrize("begun", [False, True])
def test_an_enrolment_undone_leaves_the_manager_as_before(trigger: Trigger, begun: bool) -> None:
    """C57: held or spent, the credit goes back."""
    with portal(policy(trigger)) as lms:
        made = accepted(lms)
        if begun:
            lms.run(StartEnrolment(made), CRON)
        outcome = lms.run(ReverseEnrolment(made)).outcome
        assert outcome.source == MIAS
        assert lms.figures() == {MIAS: (2, 0, 0)}


@pytest.mark.parametrize("trigger", EVERY)
def test_a_credit_whose_manager_has_left_goes_on_to_the_course(trigger: Trigger) -> None:
    """C22, C25."""
    with portal(policy(trigger)) as lms:
        cancelled, undone = sent(lms), sent(lms, 0, "lea@")
        lms.run(AcceptInvite(undone, "lea"), learner("lea"))
        lms.run(DeactivateManager("mia", "first-aid"))
        lms.run(CancelInvite(cancelled))
        (made,) = lms.enrolments("first-aid")
        lms.run(ReverseEnrolment(made.id))
        assert lms.figures() == {AID: (2, 0, 0)}


@pytest.mark.parametrize("trigger", EVERY)
def test_an_open_invite_sent_again_moves_nothing(trigger: Trigger) -> None:
    """C27."""
    with portal(policy(trigger, invite_days=14)) as lms:
        invite = sent(lms)
        before = lms.figures()
        for day in range(1, 5):
            lms.clock.at = START + timedelta(days=10 * day)
            receipt = lms.run(Reinvite(invite), MIA)
            assert (receipt.moves, receipt.outcome.invite) == ((), invite)
            assert receipt.outcome.deadline == lms.clock.at + timedelta(days=14)
        assert lms.figures() == before


# Expiry of an invite.

LATER = START + timedelta(days=14)


@pytest.mark.parametrize(
    ("trigger", "expired", "again"),
    [
        pytest.param(SENT, (1, 0, 1), (1, 0, 1), id="C29 C27 what is spent stays spent"),
        pytest.param(ACCEPTED, (2, 0, 0), (1, 1, 0), id="C29 C27 what is held is let go"),
        pytest.param(ENROLLED, (2, 0, 0), (2, 0, 0), id="C29 C27 nothing was taken"),
        pytest.param(STARTED, (2, 0, 0), (1, 1, 0), id="C29 C27 held for a start"),
    ],
)
def test_what_an_expired_invite_has(trigger: Trigger, expired: Any, again: Any) -> None:
    with portal(policy(trigger, invite_days=14)) as lms:
        invite = sent(lms)
        lms.clock.at = LATER
        assert lms.invite(invite).state is InviteState.EXPIRED
        assert lms.figures() == {MIAS: expired}
        assert lms.refused(AcceptInvite(invite, "leo"), LEO).code == "illegal_transition"
        lms.run(Reinvite(invite), MIA)
        assert lms.figures() == {MIAS: again}
        assert lms.invite(invite).state is InviteState.SENT
        lms.run(AcceptInvite(invite, "leo"), LEO)


@pytest.mark.parametrize("trigger", EVERY)
def test_an_expired_invite_can_be_cancelled(trigger: Trigger) -> None:
    """C35, C25: what it had spent is free again too."""
    with portal(policy(trigger, invite_days=14)) as lms:
        invite = sent(lms)
        lms.clock.at = LATER
        lms.run(CancelInvite(invite), MIA)
        assert lms.figures() == {MIAS: (2, 0, 0)}


@pytest.mark.parametrize("trigger", EVERY)
def test_who_has_expired_is_invited_anew_with_the_same_credit(trigger: Trigger) -> None:
    """C30, C35: the one credit there is pays the new invite, once the old one is cancelled."""
    with portal(policy(trigger, invite_days=14)) as lms:
        old = sent(lms, 1)
        before = lms.figures()
        lms.clock.at = LATER
        receipt = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
        assert receipt.same_as is None
        assert lms.invite(old).state is InviteState.CANCELLED
        assert lms.figures() == before


def test_the_credit_of_an_expired_invite_goes_back_to_who_sent_it() -> None:
    """C30: another manager pays for the new one."""
    with portal(policy(SENT, invite_days=14)) as lms:
        sent(lms, 1)
        lms.clock.at = LATER
        assert lms.refused(SendInvite("leo@", "first-aid", "max"), MAX).code == "insufficient_units"
        lms.allotted(1, manager="max")
        lms.run(SendInvite("leo@", "first-aid", "max"), MAX)
        assert lms.figures() == {MIAS: (1, 0, 0), MAXS: (0, 0, 1)}


def test_the_credit_of_an_expired_invite_goes_on_when_its_manager_has_left() -> None:
    """C22, C30."""
    with portal(policy(SENT, invite_days=14)) as lms:
        sent(lms, 1)
        lms.allotted(1, manager="max")
        lms.run(DeactivateManager("mia", "first-aid"))
        lms.clock.at = LATER
        lms.run(SendInvite("leo@", "first-aid", "max"), MAX)
        assert lms.figures() == {AID: (1, 0, 0), MAXS: (0, 0, 1)}


@pytest.mark.parametrize(
    ("expires", "free"),
    [
        pytest.param("2026-02-14T09:00", False, id="C30 its lot lapsed with it"),
        pytest.param("2026-02-14T09:00:01", True, id="C30 its lot lapses later"),
    ],
)
def test_a_credit_that_comes_back_lapsed_pays_nothing(expires: str, free: bool) -> None:
    with portal(policy(SENT, invite_days=14)) as lms:
        lms.fill(2, MIAS, "soon", expires=at(expires))
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
        lms.run(SendInvite("lea@", "first-aid", "mia"), MIA)
        lms.clock.at = LATER
        again = SendInvite("leo@", "first-aid", "mia")
        if free:
            assert [move.lot for move in lms.run(again, MIA).moves] == ["soon", "soon"]
        else:
            assert lms.refused(again, MIA).code == "insufficient_units"


@pytest.mark.parametrize("trigger", [STARTED, TEN])
def test_an_enrolment_that_holds_its_credit_has_no_deadline(trigger: Trigger) -> None:
    """C29, C33: only open invites expire."""
    with portal(policy(trigger, invite_days=14)) as lms:
        made = accepted(lms)
        lms.clock.at = at("2030-01-01")
        assert lms.figures() == {MIAS: (1, 1, 0)}
        lms.run(ReportProgress(made, 50), CRON)
        assert lms.figures() == {MIAS: (1, 0, 1)}


# Another policy meanwhile: what a claim has, counts.


@pytest.mark.parametrize(
    ("before", "after", "figures", "spent"),
    [
        pytest.param(SENT, ACCEPTED, (1, 0, 1), 0, id="C33 spent already"),
        pytest.param(SENT, STARTED, (1, 0, 1), 0, id="C33 spent already, and stays so"),
        pytest.param(ENROLLED, ACCEPTED, (1, 0, 1), 1, id="C33 taken at the acceptance"),
        pytest.param(ENROLLED, STARTED, (1, 1, 0), 0, id="C33 held from the acceptance on"),
        pytest.param(ENROLLED, SENT, (1, 0, 1), 1, id="C33 spent late"),
        pytest.param(ACCEPTED, ENROLLED, (1, 0, 1), 1, id="C33 held for it"),
        pytest.param(ACCEPTED, TEN, (1, 1, 0), 0, id="C33 held on"),
        pytest.param(STARTED, ACCEPTED, (1, 0, 1), 1, id="C33 spent after all"),
    ],
)
def test_a_policy_that_changes_while_an_invite_is_open(
    before: Trigger, after: Trigger, figures: Any, spent: int
) -> None:
    with portal(policy(before)) as lms:
        invite = sent(lms)
        lms.ledger.policy = policy(after)
        assert lms.run(Reinvite(invite), MIA).moves == ()
        assert lms.run(AcceptInvite(invite, "leo"), LEO).outcome.spent == Credits.of(spent)
        assert lms.figures() == {MIAS: figures}


def test_a_policy_that_changes_while_a_learner_learns() -> None:
    """C33: a held credit is spent at the next report that is far enough."""
    with portal(policy(TEN)) as lms:
        made = accepted(lms, 1)
        lms.ledger.policy = policy(ACCEPTED)
        lms.run(ReportProgress(made, 1), CRON)
        assert lms.figures() == {MIAS: (0, 0, 1)}
        lms.ledger.policy = policy(Trigger.progress(100))
        lms.run(ReportProgress(made, 2), CRON)
        assert lms.figures() == {MIAS: (0, 0, 1)}


# How far a learner is.


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal(policy(TEN)) as opened:
        yield opened


def test_a_start_is_said_once(lms: Portal) -> None:
    made = accepted(lms)
    first = lms.run(StartEnrolment(made), CRON, request="first")
    assert (first.outcome.enrolment, first.outcome.progress) == (made, 0)
    again = lms.run(StartEnrolment(made), ANN)
    assert (again.same_as, again.outcome, again.moves) == ("first", first.outcome, ())
    (enrolment,) = lms.enrolments("first-aid")
    assert (enrolment.progress, enrolment.progressed_by) == (0, "first")


def test_the_furthest_counts(lms: Portal) -> None:
    """C33: reports may come late, twice and in any order."""
    made = accepted(lms)
    lms.run(ReportProgress(made, 9), CRON, request="nine")
    for late in (StartEnrolment(made), ReportProgress(made, 0), ReportProgress(made, 9)):
        again = lms.run(late, CRON)
        assert (again.same_as, again.outcome.progress, again.moves) == ("nine", 9, ())
    assert lms.figures() == {MIAS: (1, 1, 0)}
    further = lms.run(ReportProgress(made, 10), CRON, request="ten")
    assert (further.same_as, further.outcome.progress) == (None, 10)
    assert [move.verb for move in further.moves] == ["capture"]
    (enrolment,) = lms.enrolments("first-aid")
    assert (enrolment.progress, enrolment.progressed_by) == (10, "ten")
    assert enrolment.state is EnrolmentState.ACTIVE


def test_progress_without_a_start_is_a_start(lms: Portal) -> None:
    made = accepted(lms)
    assert lms.run(ReportProgress(made, 0), CRON).same_as is None
    assert lms.enrolments("first-aid")[0].progress == 0


@pytest.mark.parametrize("settled", [CompleteEnrolment, ReverseEnrolment])
@pytest.mark.parametrize("step", [StartEnrolment, lambda made: ReportProgress(made, 50)])
def test_nobody_starts_what_is_over(lms: Portal, settled: Any, step: Callable[..., Any]) -> None:
    """C5, C58."""
    made = accepted(lms)
    lms.run(settled(made))
    refusal = lms.refused(step(made), CRON)
    assert isinstance(refusal, IllegalTransition)
    state = "completed" if settled is CompleteEnrolment else "reversed"
    assert (refusal.kind, refusal.key, refusal.state, refusal.wanted) == (
        *("enrolment", made),
        *(state, "started"),
    )


@pytest.mark.parametrize("step", [StartEnrolment("x.1"), ReportProgress("x.1", 1)])
def test_nobody_starts_what_is_not_there(lms: Portal, step: Any) -> None:
    refusal = lms.refused(step, CRON)
    assert isinstance(refusal, UnknownObject)
    assert (refusal.kind, refusal.key) == ("enrolment", "x.1")


@pytest.mark.parametrize(
    ("percent", "code"),
    [
        pytest.param(-1, "invalid_value", id="I16 below nothing"),
        pytest.param(101, "invalid_value", id="I16 more than all"),
        pytest.param(True, "invalid_type", id="I16 a truth"),
        pytest.param(10.0, "invalid_type", id="I16 a float"),
        pytest.param("10", "invalid_type", id="I16 a text"),
    ],
)
def test_progress_is_a_whole_percent(percent: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        ReportProgress("e", percent)
    assert refusal.value.code == code
    assert "percent" in str(refusal.value)
    assert ReportProgress("e", 0).percent == 0
    assert ReportProgress("e", 100).percent == 100
    with pytest.raises(UnitLedgerError):
        ReportProgress("", 1)
    with pytest.raises(UnitLedgerError):
        StartEnrolment("")


# Requests.


@pytest.mark.parametrize(
    ("make", "by"),
    [
        pytest.param(StartEnrolment, CRON, id="C61 start"),
        pytest.param(lambda made: ReportProgress(made, 30), CRON, id="C61 progress"),
        pytest.param(CompleteEnrolment, CRON, id="C61 completion"),
        pytest.param(ReverseEnrolment, ANN, id="C61 reversal"),
    ],
)
def test_the_same_request_has_the_same_receipt(
    lms: Portal, make: Callable[[str], Any], by: Actor
) -> None:
    """C61: nothing more is written, and another payload under it is refused."""
    made = accepted(lms)
    command = make(made)
    first = lms.run(command, by, request="one")
    before = lms.ledger.journal()
    assert lms.ledger.execute(command, by=by, request="one") == first
    assert lms.ledger.journal() == before
    with pytest.raises(UnitLedgerError) as refusal:
        lms.ledger.execute(Allocate("first-aid", Credits.of(1)), by=by, request="one")
    assert refusal.value.code == "request_conflict"
