"""Enrolments made ahead of the credits that pay for them: C56."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.credits_portal import AID, ANN, POOL, START, Portal, at, portal
from unitledger.accounts import State
from unitledger.amounts import Credits, Units
from unitledger.commands import Command
from unitledger.credits import (
    Advance,
    AdvanceState,
    Allocate,
    CloseCourse,
    CompleteEnrolment,
    DeactivateManager,
    Deallocate,
    Enrol,
    Grant,
    MoveAllocation,
    Recall,
    Replenish,
    ReverseEnrolment,
    Subscribe,
)
from unitledger.errors import (
    AlreadyExists,
    DebtOutstanding,
    InsufficientUnits,
    LimitExceeded,
    UnitLedgerError,
)
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.lots import Scope
from unitledger.operations import EditExpiry, Reverse, Sweep
from unitledger.policy import Policy
from unitledger.time import Period

DEBT = LotId("debt/first-aid")


def c(number: int) -> Credits:
    return Credits.of(number)


def overdraft(limit: int, **more: Any) -> Policy:
    return Policy(overdraft=c(limit), **more)


@pytest.fixture
def lms() -> Iterator[Portal]:
    """A portal whose courses may owe three credits, and that has none."""
    with portal(overdraft(3)) as opened:
        yield opened


def owes(lms: Portal, course: str = "first-aid") -> int:
    """What the debt lot of a course has spent."""
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        return reading.cells(WalletId(f"course/{course}"), LotId(f"debt/{course}"))[State.SPENT]


def ahead(lms: Portal, *learners: str, course: str = "first-aid") -> None:
    """Learners enrolled, each under a request of their own name."""
    for one in learners:
        lms.run(Enrol(one, course), request=one)


def lots_of(lms: Portal, learner: str) -> list[str]:
    """The lots that an enrolment made by the learner's request has spent."""
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        claim = reading.claim(ClaimId(f"{learner}.1"))
    assert claim is not None
    assert all(part.state is State.SPENT for part in claim.segments)
    return [part.lot for part in claim.segments for _ in range(part.parts)]


# Enrolling ahead.


@pytest.mark.parametrize(
    ("limit", "enrolled"),
    [
        pytest.param(0, 0, id="C56 none by default"),
        pytest.param(1, 1, id="C56 one"),
        pytest.param(3, 3, id="C56 three"),
    ],
)
def test_a_course_owes_up_to_the_limit(limit: int, enrolled: int) -> None:
    with portal(overdraft(limit)) as lms:
        ahead(lms, *"abc"[:enrolled])
        refusal = lms.refused(Enrol("z", "first-aid"))
        assert isinstance(refusal, InsufficientUnits)
        assert (refusal.wallets, refusal.needed, refusal.available) == ((AID, POOL), c(1), c(0))
        assert owes(lms) == enrolled
        assert lms.figures() == ({AID: (0, 0, enrolled)} if enrolled else {})


def test_no_overdraft_by_default() -> None:
    """C56: L = 0."""
    assert Policy().overdraft == c(0)


def test_an_enrolment_ahead_is_spent_of_the_debt_lot(lms: Portal) -> None:
    """C56."""
    receipt = lms.run(Enrol("leo", "first-aid"), request="leo")
    assert receipt.outcome.source == AID
    assert [(m.verb, m.lot, m.parts, m.claim) for m in receipt.moves] == [
        ("advance", DEBT, 1, "leo.1")
    ]
    assert lots_of(lms, "leo") == [DEBT]
    again = lms.run(Enrol("leo", "first-aid"))
    assert (again.same_as, owes(lms)) == ("leo", 1)


def test_the_course_then_the_pool_then_the_debt(lms: Portal) -> None:
    """C9, C56: nobody goes into debt who has credits."""
    lms.fill(2)
    lms.run(Allocate("first-aid", c(1)))
    sources = [lms.run(Enrol(one, "first-aid")).outcome.source for one in "abc"]
    assert sources == [AID, POOL, AID]
    assert owes(lms) == 1


def test_without_the_pool_a_course_goes_into_debt_beside_a_full_one() -> None:
    """C10, C56."""
    with portal(overdraft(1, pool_fallback=False)) as lms:
        lms.fill(5)
        lms.run(Allocate("first-aid", c(1)))
        ahead(lms, "a", "b")
        assert (owes(lms), lms.free(POOL)) == (1, 4)
        refusal = lms.refused(Enrol("z", "first-aid"))
        assert isinstance(refusal, InsufficientUnits)
        assert (refusal.wallets, refusal.needed, refusal.available) == ((AID,), c(1), c(0))


def test_a_debt_is_no_allocation() -> None:
    """C8, C10, C56: a course that owes, and never was allocated anything, is paid by the pool."""
    with portal(overdraft(2, pool_fallback=False)) as lms:
        ahead(lms, "a")
        lms.fill(5)
        assert lms.run(Enrol("b", "first-aid")).outcome.source == POOL
        assert owes(lms) == 1


def test_every_course_has_a_limit_of_its_own(lms: Portal) -> None:
    """C56."""
    ahead(lms, "a", "b", "c")
    ahead(lms, "d", course="fire")
    assert (owes(lms), owes(lms, "fire")) == (3, 1)


def test_a_closed_course_goes_into_no_debt(lms: Portal) -> None:
    """C22, C56: nothing could be allocated to settle it."""
    lms.run(CloseCourse("first-aid"))
    assert lms.refused(Enrol("a", "first-aid")).code == "insufficient_units"


def test_a_course_that_owes_is_not_closed(lms: Portal) -> None:
    """C22, C56: never forgiven."""
    ahead(lms, "a", "b")
    refusal = lms.refused(CloseCourse("first-aid"))
    assert isinstance(refusal, DebtOutstanding)
    assert (refusal.course, refusal.debt) == ("first-aid", c(2))
    assert str(refusal) == (
        "first-aid owes 2 credits for enrolments made ahead; allocate them first"
    )
    lms.fill(2)
    lms.run(Allocate("first-aid", c(2)))
    lms.run(CloseCourse("first-aid"))


def test_a_lower_limit_forgives_nothing(lms: Portal) -> None:
    """C56."""
    ahead(lms, "a", "b")
    lms.ledger.policy = overdraft(1)
    assert lms.refused(Enrol("z", "first-aid")).code == "insufficient_units"
    lms.ledger.policy = Policy()
    assert lms.refused(Enrol("z", "first-aid")).code == "insufficient_units"
    assert owes(lms) == 2
    lms.fill(3)
    assert lms.run(Allocate("first-aid", c(3))).outcome.settled == c(2)
    assert (owes(lms), lms.free(AID)) == (0, 1)


def test_an_id_too_long_for_a_debt_lot_is_said_to_be() -> None:
    """I16, C56: 123 characters are not."""
    with portal(overdraft(1)) as lms:
        ahead(lms, "a", course="x" * 123)
        with pytest.raises(LimitExceeded) as refusal:
            lms.ledger.execute(Enrol("b", "x" * 124), by=ANN, request="b")
        assert (refusal.value.asked, refusal.value.limit) == ("124", 123)
        assert refusal.value.what == "characters of a course id with debts"


def test_a_lot_of_the_hosts_is_no_debt(lms: Portal) -> None:
    """C56: whatever it is called."""
    lms.fill(1, AID, "debt/first-aid")
    ahead(lms, "a")
    refusal = lms.refused(Enrol("b", "first-aid"))
    assert isinstance(refusal, AlreadyExists)
    assert (refusal.kind, refusal.key) == ("lot", DEBT)
    lms.fill(5)
    assert lms.run(Allocate("first-aid", c(2))).outcome.settled == c(0)
    lms.run(Deallocate("first-aid", c(2)))
    lms.run(ReverseEnrolment("a.1"))
    assert lms.free(AID) == 1


# Settling.


@pytest.mark.parametrize(
    ("debts", "allocated", "settled"),
    [
        pytest.param(2, 1, 1, id="C56 less than is owed"),
        pytest.param(2, 2, 2, id="C56 as much as is owed"),
        pytest.param(2, 5, 2, id="C56 more than is owed"),
        pytest.param(0, 5, 0, id="C56 nothing is owed"),
    ],
)
def test_an_allocation_settles_debts_first(
    lms: Portal, debts: int, allocated: int, settled: int
) -> None:
    ahead(lms, *"abc"[:debts])
    lms.fill(10, lot="feb")
    receipt = lms.run(Allocate("first-aid", c(allocated)))
    outcome = receipt.outcome
    assert (outcome.course, outcome.amount) == ("first-aid", c(allocated))
    assert outcome.settled == c(settled)
    assert [m.verb for m in receipt.moves] == ["transfer", *["settle", "spend"] * settled]
    assert owes(lms) == debts - settled
    assert lms.free(AID) == allocated - settled
    assert lms.free(POOL) == 10 - allocated
    assert lms.spent(AID) == debts


def test_d31_six_ahead_and_four_come_two_are_still_owed() -> None:
    """C56, D31: what a refill does not cover is not forgiven."""
    with portal(overdraft(6)) as lms:
        ahead(lms, *"abcdef")
        lms.run(Subscribe("growth", c(48), Period.MONTH))
        lms.run(Replenish("growth", 0))
        assert (owes(lms), lms.free(POOL)) == (6, 4)
        assert lms.run(Allocate("first-aid", c(4))).outcome.settled == c(4)
        assert (owes(lms), lms.free(AID), lms.free(POOL)) == (2, 0, 0)
        lms.run(Subscribe("more", c(24), Period.MONTH))
        lms.run(Replenish("more", 0))
        lms.run(Allocate("first-aid", c(2)))
        assert (owes(lms), lms.free(AID)) == (0, 0)


def test_the_oldest_is_settled_first(lms: Portal) -> None:
    """C56: by when they were made, not by their ids; all at one instant."""
    ahead(lms, "c", "a", "b")
    lms.fill(1, lot="feb")
    lms.run(Allocate("first-aid", c(1)))
    assert [lots_of(lms, one) for one in "cab"] == [["feb"], [DEBT], [DEBT]]
    lms.fill(1, lot="mar")
    lms.run(Allocate("first-aid", c(1)))
    assert [lots_of(lms, one) for one in "cab"] == [["feb"], ["mar"], [DEBT]]
    ahead(lms, "A")
    lms.fill(2, lot="apr")
    lms.run(Allocate("first-aid", c(1)))
    assert [lots_of(lms, one) for one in "bA"] == [["apr"], [DEBT]]
    lms.run(Allocate("first-aid", c(1)))
    assert lots_of(lms, "A") == ["apr"]


def test_the_burn_order_says_which_lots_settle(lms: Portal) -> None:
    """C56: what the course had counts as well, and its own expiry comes first."""
    ahead(lms, "a", "b")
    lms.fill(1, AID, "mine", expires=at("2026-06-01"))
    lms.fill(1, lot="late", expires=at("2026-12-01"))
    lms.fill(1, lot="never")
    lms.run(Allocate("first-aid", c(2)))
    assert [lots_of(lms, one) for one in "ab"] == [["mine"], ["late"]]
    (line,) = [one for one in lms.ledger.balance(AID).lots if one.available]
    assert line.lot.id == "never"


def test_a_lot_in_part_with_the_course_already_is_counted_once(lms: Portal) -> None:
    """C56."""
    lms.fill(6, lot="feb")
    lms.run(Allocate("first-aid", c(2)))
    ahead(lms, "a", "b")
    assert owes(lms) == 0
    lms.run(Allocate("fire", c(4)))
    ahead(lms, "x", "y")
    assert owes(lms) == 2
    lms.run(ReverseEnrolment("a.1"))
    assert (lms.free(AID), owes(lms)) == (1, 2)
    receipt = lms.run(MoveAllocation("fire", "first-aid", c(2)))
    assert receipt.outcome.settled == c(2)
    assert (lms.free(AID), owes(lms)) == (1, 0)


@pytest.mark.parametrize(
    ("command", "settled"),
    [
        pytest.param(MoveAllocation("fire", "first-aid", c(2)), 2, id="C13 C56 another course's"),
        pytest.param(Recall("mia", "first-aid", c(1)), 1, id="C21 C56 recalled"),
        pytest.param(DeactivateManager("mia", "first-aid"), 2, id="C22 C56 of who leaves"),
    ],
)
def test_whatever_comes_to_the_course_settles(
    lms: Portal, command: Command[Any], settled: int
) -> None:
    lms.allotted(3)
    lms.fill(2)
    lms.run(Allocate("fire", c(2)))
    ahead(lms, "a", "b")
    outcome = lms.run(command).outcome
    assert outcome.settled == c(settled)
    assert owes(lms) == 2 - settled
    assert lms.ledger.balance(AID).spent == c(2)


def test_what_comes_to_another_course_settles_nothing(lms: Portal) -> None:
    """C56."""
    ahead(lms, "a")
    lms.fill(3)
    assert lms.run(Allocate("fire", c(3))).outcome.settled == c(0)
    assert owes(lms) == 1


def test_credits_for_another_course_settle_nothing(lms: Portal) -> None:
    """C6, C56: nor such as are for some people only."""
    ahead(lms, "a")
    lms.fill(1, AID, "else", scope=Scope(courses=frozenset({"fire"})))
    lms.fill(1, AID, "some", scope=Scope(audience=frozenset({"a"})))
    lms.fill(1, AID, "later", effective=at("2026-03-01"))
    lms.fill(1, lot="feb", scope=Scope(courses=frozenset({"first-aid"})))
    assert lms.run(Allocate("first-aid", c(1))).outcome.settled == c(1)
    assert lots_of(lms, "a") == ["feb"]


# A course that owes has less to spend.


@pytest.fixture
def owing() -> Iterator[Portal]:
    """A course that owes one credit and has two of its own: two enrolments were undone."""
    with portal(overdraft(3)) as lms:
        lms.fill(2)
        lms.run(Allocate("first-aid", c(2)))
        ahead(lms, "a", "b", "c")
        lms.run(ReverseEnrolment("a.1"))
        lms.run(ReverseEnrolment("b.1"))
        assert (lms.free(AID), owes(lms)) == (2, 1)
        yield lms


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(lambda n: Deallocate("first-aid", c(n)), id="C12 C56 to the pool"),
        pytest.param(lambda n: MoveAllocation("first-aid", "fire", c(n)), id="C13 C56 elsewhere"),
        pytest.param(lambda n: Grant("mia", "first-aid", c(n)), id="C15 C56 to a manager"),
    ],
)
def test_what_is_owed_does_not_leave_the_course(owing: Portal, command: Any) -> None:
    refusal = owing.refused(command(2))
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.needed, refusal.available) == ((AID,), c(2), c(1))
    owing.run(command(1))
    refusal = owing.refused(command(1))
    assert isinstance(refusal, InsufficientUnits)
    assert refusal.available == c(0)
    assert (owing.free(AID), owes(owing)) == (1, 1)


def test_an_enrolment_takes_what_is_not_owed(owing: Portal) -> None:
    """C54, C56: two less one, then the limit."""
    assert [m.verb for m in owing.run(Enrol("d", "first-aid")).moves] == ["spend"]
    for one in "efg":
        assert [m.verb for m in owing.run(Enrol(one, "first-aid")).moves] == ["advance"]
    assert owing.refused(Enrol("h", "first-aid")).code == "insufficient_units"
    assert (owing.free(AID), owes(owing)) == (1, 4)


def test_what_is_owed_is_not_asked_for_when_the_pool_has_some(owing: Portal) -> None:
    """C9, C56."""
    owing.run(Enrol("d", "first-aid"))
    owing.fill(1)
    assert owing.run(Enrol("e", "first-aid")).outcome.source == POOL


# Undone.


def test_an_enrolment_ahead_is_undone_and_nobody_gets_a_credit(lms: Portal) -> None:
    """C56, C57, C58: the course owes one less."""
    ahead(lms, "a", "b")
    receipt = lms.run(ReverseEnrolment("a.1"), request="undo")
    assert (receipt.outcome.enrolment, receipt.outcome.source) == ("a.1", AID)
    assert [(m.verb, m.lot, m.parts) for m in receipt.moves] == [("settle", DEBT, 1)]
    assert lms.figures() == {AID: (0, 0, 1)}
    again = lms.run(ReverseEnrolment("a.1"))
    assert (again.same_as, again.moves, again.outcome) == ("undo", (), receipt.outcome)
    lms.fill(2)
    assert lms.run(Allocate("first-aid", c(2))).outcome.settled == c(1)
    assert lots_of(lms, "b") != [DEBT]


def test_one_that_was_settled_goes_back_to_the_lot_that_settled_it(lms: Portal) -> None:
    """C56, C57."""
    ahead(lms, "a")
    lms.fill(1, lot="feb")
    lms.run(Allocate("first-aid", c(1)))
    receipt = lms.run(ReverseEnrolment("a.1"))
    assert [(m.verb, m.lot) for m in receipt.moves] == [("reverse", "feb")]
    assert lms.figures() == {AID: (1, 0, 0)}


def test_one_that_was_completed_is_settled_all_the_same(lms: Portal) -> None:
    """C5, C56."""
    ahead(lms, "a")
    lms.run(CompleteEnrolment("a.1"))
    lms.fill(1)
    assert lms.run(Allocate("first-aid", c(1))).outcome.settled == c(1)


def test_a_claim_taken_back_past_the_rules_blocks_nobody() -> None:
    """C56: a host may reverse any claim; of a debt lot nothing can be spent afterwards."""
    lms = Portal(overdraft(3))
    ahead(lms, "a", "b")
    lms.run(Reverse(ClaimId("a.1"), AID))
    assert (lms.free(AID), lms.expired(AID), owes(lms)) == (0, 1, 1)
    lms.fill(3)
    assert lms.run(Allocate("first-aid", c(3))).outcome.settled == c(1)
    assert lots_of(lms, "b") != [DEBT]
    assert (lms.free(AID), owes(lms)) == (2, 0)
    assert lms.ledger.audit().ok


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"claim": ""}, "invalid_id", "claim", id="I16 no claim"),
        pytest.param({"course": " "}, "invalid_id", "course", id="I16 no course"),
        pytest.param({"number": 0}, "invalid_value", "number", id="C56 no place"),
        pytest.param({"number": 10**9}, "invalid_value", "number", id="C56 too far behind"),
        pytest.param({"number": True}, "invalid_type", "number", id="C56 a bool"),
    ],
)
def test_what_is_no_place_in_the_queue(changes: Any, code: str, field: str) -> None:
    sound: dict[str, Any] = {"claim": "r.1", "course": "c", "number": 1}
    assert Advance(**sound).state is AdvanceState.OPEN
    assert Advance(**{**sound, "number": 10**9 - 1}).index() == {"open": "c"}
    assert Advance(**sound, state=AdvanceState.SETTLED).index() == {}
    with pytest.raises(UnitLedgerError) as refusal:
        Advance(**{**sound, **changes})
    assert (refusal.value.code, refusal.value.details["field"]) == (code, field)


@pytest.mark.parametrize(
    "limit",
    [pytest.param(Units.of(1), id="C4 training units"), pytest.param(1, id="C4 a number")],
)
def test_a_limit_is_of_credits(limit: Any) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        Policy(overdraft=limit)
    assert (refusal.value.code, refusal.value.details["field"]) == ("invalid_type", "overdraft")


def test_the_debt_lot_is_of_the_course_and_had_ended_when_it_began(lms: Portal) -> None:
    """C56: so nothing of it is ever free; the first in the queue has number 1."""
    ahead(lms, "a", "b")
    first, second = lms.ledger.entries()
    (lot,) = first.lots
    assert (lot.id, lot.home, lot.acquired, lot.terms.expires) == (DEBT, AID, START, START)
    assert second.lots == ()
    places = [one for entry in (first, second) for one in entry.records if isinstance(one, Advance)]
    assert [(one.claim, one.number) for one in places] == [("a.1", 1), ("b.1", 2)]


def test_what_was_written_down_as_lapsed_and_is_back_counts(lms: Portal) -> None:
    """C56, I8: swept, then given another expiry: it settles, moves on and is told of."""
    lms.fill(5, lot="feb", expires=at("2026-02-10"))
    lms.run(Allocate("first-aid", c(2)))
    lms.clock.at = at("2026-02-10")
    lms.run(Sweep(AID))
    ahead(lms, "a")
    lms.run(EditExpiry(LotId("feb"), POOL, at("2026-03-01")))
    (line,) = [one for one in lms.ledger.credits.expiring(at("2026-03-02")) if one.wallet == AID]
    assert line.amount == c(2)
    assert lms.run(Allocate("first-aid", c(1))).outcome.settled == c(1)
    lms.clock.at = at("2026-03-01")
    lms.run(Sweep(AID))
    lms.run(EditExpiry(LotId("feb"), POOL, at("2026-04-01")))
    assert lms.run(CloseCourse("first-aid")).outcome.returned == c(2)
