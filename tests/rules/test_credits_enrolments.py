"""Enrolments: C1, C2, C3, C5, C8, C9, C10, C57, C58, C59, C63."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    CRON,
    MIA,
    MIAS,
    POOL,
    Portal,
    at,
    learner,
    portal,
)
from unitledger.amounts import Credits
from unitledger.commands import Actor, Role
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CompleteEnrolment,
    Deallocate,
    Enrol,
    EnrolmentState,
    ReverseEnrolment,
    SendInvite,
    active_enrolment,
)
from unitledger.errors import (
    IllegalTransition,
    InsufficientUnits,
    UnitLedgerError,
    UnknownObject,
)
from unitledger.ids import LotId, WalletId
from unitledger.ledger import Ledger
from unitledger.lots import Scope
from unitledger.operations import EditExpiry, Issue
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.stores.memory import MemoryStore


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


@pytest.mark.parametrize("course", ["first-aid", "fire", "a course / of 100%"])
@pytest.mark.parametrize("who", ["leo", "someone else"])
def test_every_enrolment_costs_one_credit(lms: Portal, course: str, who: str) -> None:
    """C1."""
    lms.fill(10)
    receipt = lms.run(Enrol(who, course))
    outcome = receipt.outcome
    assert (outcome.learner, outcome.course, outcome.source) == (who, course, POOL)
    assert [move.parts for move in receipt.moves] == [1]
    assert lms.figures() == {POOL: (9, 0, 1)}


def test_only_credits_limit_enrolments(lms: Portal) -> None:
    """C2."""
    lms.fill(120)
    for number in range(120):
        lms.run(Enrol(f"learner {number}", "first-aid"))
    assert lms.refused(Enrol("one too many", "first-aid")).code == "insufficient_units"


@pytest.mark.parametrize(
    ("pool", "earmark", "managers", "paid"),
    [
        pytest.param(5, 2, 0, AID, id="C9 the course before the pool"),
        pytest.param(5, 0, 0, POOL, id="C8 C9 the pool when nothing is allocated"),
        pytest.param(0, 1, 0, AID, id="C9 the course when the pool is empty"),
        pytest.param(1, 0, 7, POOL, id="C9 never a manager's, the pool instead"),
        pytest.param(0, 0, 7, None, id="C3 C9 never a manager's, rather nothing"),
        pytest.param(0, 0, 0, None, id="C3 nothing anywhere"),
    ],
)
def test_who_pays(lms: Portal, pool: int, earmark: int, managers: int, paid: str | None) -> None:
    for wallet, credits_ in ((POOL, pool), (AID, earmark), (MIAS, managers)):
        if credits_:
            lms.fill(credits_, wallet)
    if paid is None:
        refusal = lms.refused(Enrol("leo", "first-aid"))
        assert isinstance(refusal, InsufficientUnits)
        assert refusal.wallets == (AID, POOL)
        assert (refusal.needed, refusal.available) == (Credits.of(1), Credits.of(0))
        assert lms.enrolments("first-aid") == []
    else:
        assert lms.run(Enrol("leo", "first-aid")).outcome.source == paid
        assert lms.spent(paid) == 1
    assert lms.free(MIAS) == managers


def used_up(lms: Portal) -> None:
    """A course whose one credit is spent, beside a pool of four."""
    lms.fill(5)
    lms.run(Allocate("first-aid", Credits.of(1)))
    lms.run(Enrol("lea", "first-aid"))


def given_back(lms: Portal) -> None:
    """A course whose allocation went back to the pool of five."""
    lms.fill(5)
    lms.run(Allocate("first-aid", Credits.of(1)))
    lms.run(Deallocate("first-aid", Credits.of(1)))


def never_allocated(lms: Portal) -> None:
    """A pool of five, and nothing allocated."""
    lms.fill(5)


@pytest.mark.parametrize(
    ("before", "fallback", "paid"),
    [
        pytest.param(used_up, True, POOL, id="C10 on: the pool steps in"),
        pytest.param(used_up, False, None, id="C10 off: refused until more is allocated"),
        pytest.param(given_back, False, None, id="C10 off: refused when it was taken back"),
        pytest.param(never_allocated, True, POOL, id="C8 on: nothing is earmarked"),
        pytest.param(never_allocated, False, POOL, id="C8 C10 off: nothing was ever earmarked"),
    ],
)
def test_whether_the_pool_steps_in_for_a_course(
    before: Any, fallback: bool, paid: str | None
) -> None:
    with portal(Policy(pool_fallback=fallback)) as lms:
        before(lms)
        enrol = Enrol("leo", "first-aid")
        if paid is None:
            refusal = lms.refused(enrol)
            assert isinstance(refusal, InsufficientUnits)
            assert (refusal.wallets, refusal.available) == ((AID,), Credits.of(0))
            lms.run(Allocate("first-aid", Credits.of(1)))
            assert lms.run(enrol).outcome.source == AID
        else:
            assert lms.run(enrol).outcome.source == paid


def test_the_default_lets_the_pool_step_in() -> None:
    """C10."""
    assert Policy().pool_fallback is True


def test_a_learner_in_the_course_is_not_charged_again(lms: Portal) -> None:
    """C5: the enrolment there is, and no move, even when nothing is left to pay with."""
    lms.fill(1)
    first = lms.run(Enrol("leo", "first-aid"), request="first")
    again = lms.run(Enrol("leo", "first-aid"), request="again")
    assert (again.same_as, again.moves, again.outcome) == ("first", (), first.outcome)
    assert lms.figures() == {POOL: (0, 0, 1)}
    assert len(lms.enrolments("first-aid")) == 1


def test_a_learner_who_came_by_invite_is_not_charged_again(lms: Portal) -> None:
    """C5."""
    lms.allotted(1)
    lms.fill(5)
    invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
    accepted = lms.run(AcceptInvite(invite, "leo"), learner("leo"), request="accept")
    again = lms.run(Enrol("leo", "first-aid"))
    assert again.same_as == "accept"
    assert again.outcome.enrolment == accepted.outcome.enrolment
    assert again.outcome.source == MIAS
    assert lms.free(POOL) == 5


@pytest.mark.parametrize(
    ("who", "course"),
    [
        pytest.param("leo", "fire", id="C5 another course"),
        pytest.param("lea", "first-aid", id="C5 another learner"),
        pytest.param("leo first-aid", "x", id="C5 not a matter of spaces"),
    ],
)
def test_another_seat_is_another_enrolment(lms: Portal, who: str, course: str) -> None:
    lms.fill(5)
    lms.run(Enrol("leo", "first-aid"))
    assert lms.run(Enrol(who, course)).same_as is None
    assert lms.free(POOL) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("a b", "c"), ("a", "b c"), id="R12 P16 a space on either side"),
        pytest.param(("1 a", "b"), ("1", "a b"), id="R12 P16 a number in front"),
        pytest.param(("a", "A"), ("A", "a"), id="R12 P16 large and small"),
    ],
)
def test_no_two_seats_are_taken_for_one(
    lms: Portal, one: tuple[str, str], other: tuple[str, str]
) -> None:
    lms.fill(5)
    lms.run(Enrol(*one))
    assert lms.run(Enrol(*other)).same_as is None


@pytest.mark.parametrize("actor", [ANN, CRON], ids=["C5 by an admin", "C5 by the LMS"])
def test_a_retake_costs_again(lms: Portal, actor: Actor) -> None:
    lms.fill(3)
    first = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    done = lms.run(CompleteEnrolment(first), actor)
    assert (done.outcome.enrolment, done.moves) == (first, ())
    retake = lms.run(Enrol("leo", "first-aid"))
    assert retake.same_as is None
    assert retake.outcome.enrolment != first
    assert lms.figures() == {POOL: (1, 0, 2)}
    states = [one.state for one in lms.enrolments("first-aid")]
    assert states == [EnrolmentState.COMPLETED, EnrolmentState.ACTIVE]


def test_who_is_enrolled_can_be_asked(lms: Portal) -> None:
    """C5."""
    lms.fill(1)
    made = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        found = active_enrolment(reading, "leo", "first-aid")
        assert found is not None
        assert (found.id, found.source) == (made, POOL)
        assert active_enrolment(reading, "leo", "fire") is None
    lms.run(CompleteEnrolment(made))
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        assert active_enrolment(reading, "leo", "first-aid") is None


# Reversal.


@pytest.mark.parametrize(
    ("wallet", "course"),
    [
        pytest.param(POOL, "fire", id="C57 to the pool"),
        pytest.param(AID, "first-aid", id="C57 to the course"),
    ],
)
def test_a_reversal_goes_back_to_the_wallet_and_the_lot(
    lms: Portal, wallet: str, course: str
) -> None:
    lms.fill(1, wallet, "soon", expires=at("2026-06-01"))
    lms.fill(5, wallet, "late")
    made = lms.run(Enrol("leo", course)).outcome.enrolment
    receipt = lms.run(ReverseEnrolment(made))
    (move,) = receipt.moves
    assert (move.lot, move.source.wallet, move.target.wallet, move.parts) == (
        "soon",
        wallet,
        wallet,
        1,
    )
    assert (receipt.outcome.enrolment, receipt.outcome.source) == (made, wallet)
    assert lms.figures() == {wallet: (6, 0, 0)}


def test_a_reversal_goes_back_to_the_manager_who_invited(lms: Portal) -> None:
    """C57."""
    lms.allotted(1)
    invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
    made = lms.run(AcceptInvite(invite, "leo"), learner("leo")).outcome.enrolment
    lms.run(ReverseEnrolment(made))
    assert lms.figures() == {MIAS: (1, 0, 0)}


def test_a_reversal_happens_once(lms: Portal) -> None:
    """C58, D8, D34: whatever the request, the second has the first one's answer."""
    lms.fill(2)
    made = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.run(Enrol("lea", "first-aid"))
    first = lms.run(ReverseEnrolment(made), request="first")
    again = lms.run(ReverseEnrolment(made), request="again")
    thrice = lms.run(ReverseEnrolment(made), request="thrice")
    for repeated in (again, thrice):
        assert (repeated.same_as, repeated.moves) == ("first", ())
        assert repeated.outcome == first.outcome
    assert lms.figures() == {POOL: (1, 0, 1)}


def test_after_a_reversal_the_learner_can_be_enrolled_again(lms: Portal) -> None:
    """R5, D14."""
    lms.fill(1)
    first = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.run(ReverseEnrolment(first))
    second = lms.run(Enrol("leo", "first-aid"))
    assert second.same_as is None
    lms.run(ReverseEnrolment(first))
    assert lms.figures() == {POOL: (0, 0, 1)}
    lms.run(ReverseEnrolment(second.outcome.enrolment))
    assert lms.figures() == {POOL: (1, 0, 0)}


def test_a_credit_whose_lot_has_lapsed_comes_back_and_expires(lms: Portal) -> None:
    """C59: both in one entry, both to be seen."""
    lms.fill(2, lot="jan", expires=at("2026-06-01"))
    made = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.clock.at = at("2026-06-01")
    receipt = lms.run(ReverseEnrolment(made))
    verbs = [(move.verb, move.parts) for move in receipt.moves]
    assert ("reverse", 1) in verbs
    assert sum(parts for verb, parts in verbs if verb == "expire") == 2
    assert (lms.free(POOL), lms.expired(POOL)) == (0, 2)


def test_a_lapsed_credit_that_came_back_is_revived_with_its_lot(lms: Portal) -> None:
    """C59, I8."""
    lms.fill(2, lot="jan", expires=at("2026-06-01"))
    made = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.clock.at = at("2026-06-01")
    lms.run(ReverseEnrolment(made))
    lms.run(EditExpiry(LotId("jan"), WalletId("pool"), None))
    assert lms.free(POOL) == 2


@pytest.mark.parametrize(
    ("steps", "command", "state", "wanted"),
    [
        pytest.param(
            [CompleteEnrolment], ReverseEnrolment, "completed", "reversed", id="C57 completed"
        ),
        pytest.param(
            [CompleteEnrolment], CompleteEnrolment, "completed", "completed", id="C5 completed"
        ),
        pytest.param(
            [ReverseEnrolment], CompleteEnrolment, "reversed", "completed", id="C58 reversed"
        ),
    ],
)
def test_steps_that_an_enrolment_does_not_have(
    lms: Portal, steps: list[Any], command: Any, state: str, wanted: str
) -> None:
    lms.fill(1)
    made = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    for step in steps:
        lms.run(step(made))
    refusal = lms.refused(command(made))
    assert isinstance(refusal, IllegalTransition)
    assert (refusal.kind, refusal.key, refusal.state, refusal.wanted) == (
        "enrolment",
        made,
        state,
        wanted,
    )


@pytest.mark.parametrize(
    "command",
    [pytest.param(CompleteEnrolment, id="C5 unknown"), pytest.param(ReverseEnrolment, id="C57")],
)
def test_an_enrolment_that_is_not_there(lms: Portal, command: Any) -> None:
    refusal = lms.refused(command("nothing.1"))
    assert isinstance(refusal, UnknownObject)
    assert (refusal.kind, refusal.key) == ("enrolment", "nothing.1")


# Lots that are not for everybody.


@pytest.mark.parametrize(
    ("scope", "who", "course", "pays"),
    [
        pytest.param(Scope(courses=frozenset({"fire"})), "leo", "fire", True, id="C6 its course"),
        pytest.param(
            Scope(courses=frozenset({"fire"})), "leo", "first-aid", False, id="C6 another course"
        ),
        pytest.param(
            Scope(audience=frozenset({"crew"})), "leo", "fire", True, id="C6 of its audience"
        ),
        pytest.param(
            Scope(audience=frozenset({"leo"})), "leo", "fire", True, id="C6 the audience himself"
        ),
        pytest.param(
            Scope(audience=frozenset({"crew"})), "lea", "fire", False, id="C6 not its audience"
        ),
    ],
)
def test_a_restricted_lot_pays_within_its_scope(
    scope: Scope, who: str, course: str, pays: bool
) -> None:
    ledger = Ledger(MemoryStore(), directory=FixedDirectory(members=frozenset({("leo", "crew")})))
    issue = Issue(LotId("some"), WalletId("pool"), Credits.of(1), scope=scope)
    ledger.execute(issue, by=ANN, request="issue")
    assert ledger.can(Enrol(who, course), by=ANN) is pays


@pytest.mark.parametrize(
    ("command", "arguments", "code"),
    [
        pytest.param(
            Enrol,
            (
                "",
                "c",
            ),
            "invalid_id",
            id="I16 no learner",
        ),
        pytest.param(
            Enrol,
            (
                "l",
                "c" * 129,
            ),
            "invalid_id",
            id="I16 a long course",
        ),
        pytest.param(
            Enrol,
            (
                "l",
                None,
            ),
            "invalid_type",
            id="I16 no course",
        ),
        pytest.param(CompleteEnrolment, (1,), "invalid_type", id="I16 a number"),
        pytest.param(ReverseEnrolment, ("e\n",), "invalid_id", id="I16 a line's end"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(
    command: Any, arguments: Any, code: str
) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        command(*arguments)
    assert refusal.value.code == code


def test_an_actor_may_act_as_several(lms: Portal) -> None:
    """C60: an administrator who manages a course as well."""
    both = Actor.acting("mia", Role.ADMIN, Role.MANAGER)
    lms.fill(2)
    lms.run(Allocate("first-aid", Credits.of(1)), both)
    lms.run(Enrol("leo", "first-aid"), both)
