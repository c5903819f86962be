"""The pool and the courses: C4, C6, C7, C12, C13, C22, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    FIRE,
    MIA,
    MIAS,
    POOL,
    Portal,
    at,
    portal,
)
from unitledger.amounts import Credits, Units
from unitledger.credits import (
    Allocate,
    CloseCourse,
    Deallocate,
    Enrol,
    Grant,
    MoveAllocation,
    ReopenCourse,
    SendInvite,
)
from unitledger.errors import (
    IllegalTransition,
    InsufficientUnits,
    UnitLedgerError,
    UnknownObject,
    WalletClosed,
)
from unitledger.lots import Scope
from unitledger.orders import LIFO
from unitledger.policy import Policy


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


@pytest.mark.parametrize(
    ("splits", "left"),
    [
        pytest.param([10], 0, id="C7 all of it to one course"),
        pytest.param([5, 5], 0, id="C7 five and five"),
        pytest.param([], 10, id="C7 none"),
        pytest.param([1, 2, 3], 4, id="C7 part"),
        pytest.param([1] * 10, 0, id="C6 any number of courses"),
    ],
)
def test_a_pool_can_be_split_in_any_way(lms: Portal, splits: list[int], left: int) -> None:
    lms.fill(10)
    for number, part in enumerate(splits):
        outcome = lms.run(Allocate(f"course {number}", Credits.of(part))).outcome
        assert (outcome.course, outcome.amount) == (f"course {number}", Credits.of(part))
        assert lms.free(f"course/course {number}") == part
    assert lms.free(POOL) == left


@pytest.mark.parametrize(
    ("splits", "asked"),
    [
        pytest.param([], 11, id="C7 more than there ever was"),
        pytest.param([10], 1, id="C7 one more than is left"),
        pytest.param([5], 6, id="C7 more than is left"),
    ],
)
def test_more_than_the_pool_has_is_refused_whole(
    lms: Portal, splits: list[int], asked: int
) -> None:
    lms.fill(10)
    for part in splits:
        lms.run(Allocate("first-aid", Credits.of(part)))
    before = lms.figures()
    refusal = lms.refused(Allocate("fire", Credits.of(asked)))
    assert isinstance(refusal, InsufficientUnits)
    left = Credits.of(10 - sum(splits))
    assert (refusal.wallets, refusal.needed, refusal.available) == (
        (POOL,),
        Credits.of(asked),
        left,
    )
    assert refusal.shortfall == Credits.of(asked) - left
    assert lms.figures() == before


@pytest.mark.parametrize(
    ("back", "left"),
    [
        pytest.param(1, 3, id="C12 some"),
        pytest.param(4, 0, id="C12 all"),
    ],
)
def test_what_a_course_has_left_goes_back(lms: Portal, back: int, left: int) -> None:
    lms.fill(10)
    lms.run(Allocate("first-aid", Credits.of(4)))
    outcome = lms.run(Deallocate("first-aid", Credits.of(back))).outcome
    assert (outcome.course, outcome.amount) == ("first-aid", Credits.of(back))
    assert lms.figures()[POOL] == (6 + back, 0, 0)
    assert lms.free(AID) == left


def test_what_managers_invites_and_enrolments_have_is_out_of_reach(lms: Portal) -> None:
    """C12."""
    lms.fill(10)
    lms.run(Allocate("first-aid", Credits.of(6)))
    lms.run(Grant("mia", "first-aid", Credits.of(3)))
    lms.run(SendInvite("lea@", "first-aid", "mia"), MIA)
    lms.run(Enrol("leo", "first-aid"))
    assert lms.figures() == {POOL: (4, 0, 0), AID: (2, 0, 1), MIAS: (2, 1, 0)}
    refusal = lms.refused(Deallocate("first-aid", Credits.of(3)))
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.available) == ((AID,), Credits.of(2))
    lms.run(Deallocate("first-aid", Credits.of(2)))
    assert lms.figures() == {POOL: (6, 0, 0), AID: (0, 0, 1), MIAS: (2, 1, 0)}


def test_a_credit_keeps_its_lot_there_and_back(lms: Portal) -> None:
    """C42."""
    lms.fill(5, lot="jan", expires=at("2026-12-31"))
    lms.run(Allocate("first-aid", Credits.of(2)))
    lms.run(Deallocate("first-aid", Credits.of(2)))
    (line,) = lms.ledger.balance(POOL).lots
    assert (line.lot.id, line.available) == ("jan", 5)


@pytest.mark.parametrize(
    ("policy", "taken"),
    [
        pytest.param(Policy(), ["soon", "late"], id="C7 first to expire by default"),
        pytest.param(Policy(move_order=LIFO), ["new"], id="C7 the last acquired by policy"),
        pytest.param(Policy(burn_order=LIFO), ["soon", "late"], id="C7 not by the burn order"),
    ],
)
def test_which_lots_are_allocated(policy: Policy, taken: list[str]) -> None:
    with portal(policy) as lms:
        lms.fill(3, lot="late", expires=at("2026-12-01"))
        lms.fill(3, lot="soon", expires=at("2026-06-01"))
        lms.clock.at = at("2026-02-01")
        lms.fill(4, lot="new")
        receipt = lms.run(Allocate("first-aid", Credits.of(4)))
        assert [move.lot for move in receipt.moves] == taken


def test_a_lapsed_lot_is_not_allocated(lms: Portal) -> None:
    """C7."""
    lms.fill(5, expires=at("2026-06-01"))
    lms.clock.at = at("2026-06-01")
    refusal = lms.refused(Allocate("first-aid", Credits.of(1)))
    assert isinstance(refusal, InsufficientUnits)
    assert refusal.available == Credits.of(0)


def test_a_lot_for_one_course_goes_to_that_course_and_back_only(lms: Portal) -> None:
    """C6: universal is what no scope restricts."""
    lms.fill(5, lot="aid only", scope=Scope(courses=frozenset({"first-aid"})))
    assert lms.refused(Allocate("fire", Credits.of(1))).code == "insufficient_units"
    lms.run(Allocate("first-aid", Credits.of(5)))
    lms.run(Deallocate("first-aid", Credits.of(2)))
    assert (lms.free(AID), lms.free(FIRE), lms.ledger.balance(POOL).lots[0].available) == (3, 0, 2)


@pytest.mark.parametrize("command", [Allocate, Deallocate])
@pytest.mark.parametrize(
    ("amount", "code"),
    [
        pytest.param(Credits.of(0), "invalid_value", id="C4 D11 zero"),
        pytest.param(Units.of(1), "wrong_unit", id="C4 training units"),
        pytest.param(1, "invalid_type", id="C4 a number"),
        pytest.param(1.0, "invalid_type", id="C4 a float"),
        pytest.param(True, "invalid_type", id="C4 a bool"),
        pytest.param("1", "invalid_type", id="C4 a text"),
    ],
)
def test_only_whole_credits_above_zero_move(command: Any, amount: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        command("first-aid", amount)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param("1.5", "too_precise", id="C4 a half"),
        pytest.param(-1, "negative_amount", id="C4 below zero"),
        pytest.param(float("nan"), "invalid_type", id="C4 not a number"),
    ],
)
def test_credits_are_whole(value: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        Credits.of(value)
    assert refusal.value.code == code


@pytest.mark.parametrize("command", [Allocate, Deallocate])
@pytest.mark.parametrize("course", [pytest.param("", id="I16 none"), pytest.param("é", id="I16 é")])
def test_a_course_has_an_id(command: Any, course: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        command(course, Credits.of(1))
    assert refusal.value.code == "invalid_id"


# From one course to another.


@pytest.mark.parametrize(
    ("moved", "left"),
    [pytest.param(1, 3, id="C13 some"), pytest.param(4, 0, id="C13 all")],
)
def test_an_allocation_is_moved_in_one_command(lms: Portal, moved: int, left: int) -> None:
    lms.fill(10)
    lms.run(Allocate("first-aid", Credits.of(4)))
    entries = len(lms.ledger.journal())
    receipt = lms.run(MoveAllocation("first-aid", "fire", Credits.of(moved)))
    outcome = receipt.outcome
    assert (outcome.source, outcome.target) == ("first-aid", "fire")
    assert (outcome.amount, outcome.settled) == (Credits.of(moved), Credits.of(0))
    assert len(lms.ledger.journal()) == entries + 1
    assert (lms.free(POOL), lms.free(AID), lms.free(FIRE)) == (6, left, moved)


def test_more_than_the_course_has_is_not_moved(lms: Portal) -> None:
    """C12, C13: a full pool does not help."""
    lms.fill(10)
    lms.run(Allocate("first-aid", Credits.of(4)))
    lms.run(Grant("mia", "first-aid", Credits.of(1)))
    refusal = lms.refused(MoveAllocation("first-aid", "fire", Credits.of(4)))
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.needed, refusal.available) == (
        *((AID,), Credits.of(4)),
        Credits.of(3),
    )
    assert lms.figures() == {POOL: (6, 0, 0), AID: (3, 0, 0), MIAS: (1, 0, 0)}


def test_only_what_the_other_course_may_use_is_moved(lms: Portal) -> None:
    """C6, C13."""
    lms.fill(1, AID, "aid only", scope=Scope(courses=frozenset({"first-aid"})))
    lms.fill(1, AID, "both", scope=Scope(courses=frozenset({"first-aid", "fire"})))
    lms.fill(1, AID, "any", expires=at("2026-06-01"))
    moves = lms.run(MoveAllocation("first-aid", "fire", Credits.of(2))).moves
    assert [move.lot for move in moves] == ["any", "both"]
    assert lms.refused(MoveAllocation("first-aid", "fire", Credits.of(1))).code == (
        "insufficient_units"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        pytest.param(("", "b", Credits.of(1)), "invalid_id", "source", id="I16 no source"),
        pytest.param(("a", "", Credits.of(1)), "invalid_id", "target", id="I16 no target"),
        pytest.param(("a", "a", Credits.of(1)), "invalid_value", "target", id="C13 to itself"),
        pytest.param(("a", "b", Credits.of(0)), "invalid_value", "amount", id="C4 D11 zero"),
        pytest.param(("a", "b", 1), "invalid_type", "amount", id="C4 a number"),
    ],
)
def test_what_cannot_be_moved(arguments: Any, code: str, field: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        MoveAllocation(*arguments)
    assert (refusal.value.code, refusal.value.details["field"]) == (code, field)


# Courses that are given up.


def test_a_closed_course_gives_back_all_that_is_free(lms: Portal) -> None:
    """C22: a lot that begins later and one for some courses too; what lapsed stays."""
    lms.fill(10)
    lms.run(Allocate("first-aid", Credits.of(4)))
    lms.run(Grant("mia", "first-aid", Credits.of(1)))
    lms.fill(2, AID, "gone", expires=at("2026-02-01T09:00"))
    lms.fill(3, AID, "later", effective=at("2026-03-01"))
    lms.fill(5, AID, "aid only", scope=Scope(courses=frozenset({"first-aid"})))
    lms.clock.at = at("2026-02-01T09:00")
    outcome = lms.run(CloseCourse("first-aid")).outcome
    assert (outcome.course, outcome.returned) == ("first-aid", Credits.of(11))
    assert lms.figures() == {POOL: (14, 0, 0), MIAS: (1, 0, 0)}
    assert lms.expired(AID) == 2


def test_a_closed_course_gets_nothing_until_it_is_open_again(lms: Portal) -> None:
    """C22."""
    lms.fill(10)
    lms.run(Allocate("fire", Credits.of(2)))
    lms.run(CloseCourse("first-aid"))
    for command in (
        Allocate("first-aid", Credits.of(1)),
        MoveAllocation("fire", "first-aid", Credits.of(1)),
    ):
        refusal = lms.refused(command)
        assert isinstance(refusal, WalletClosed)
        assert refusal.wallet == AID
        assert str(refusal) == "course/first-aid is closed; open it again first"
    lms.run(MoveAllocation("fire", "rescue", Credits.of(1)))
    assert lms.run(ReopenCourse("first-aid")).outcome.course == "first-aid"
    lms.run(Allocate("first-aid", Credits.of(1)))
    lms.run(MoveAllocation("fire", "first-aid", Credits.of(1)))
    assert lms.free(AID) == 2


def test_no_course_is_closed_or_opened_twice(lms: Portal) -> None:
    """C22."""
    unknown = lms.refused(ReopenCourse("first-aid"))
    assert isinstance(unknown, UnknownObject)
    assert (unknown.kind, unknown.key) == ("closure", AID)
    lms.run(CloseCourse("first-aid"))
    refusal = lms.refused(CloseCourse("first-aid"))
    assert isinstance(refusal, IllegalTransition)
    assert (refusal.kind, refusal.key, refusal.state) == ("closure", AID, "closed")
    lms.run(ReopenCourse("first-aid"))
    assert lms.refused(ReopenCourse("first-aid")).code == "illegal_transition"
    lms.run(CloseCourse("first-aid"))


def test_learners_of_a_closed_course_are_paid_by_the_pool(lms: Portal) -> None:
    """C8, C22: what may be taken is for the catalogue to say."""
    lms.fill(3)
    lms.run(Allocate("first-aid", Credits.of(2)))
    lms.run(CloseCourse("first-aid"))
    assert lms.run(Enrol("leo", "first-aid")).outcome.source == POOL


@pytest.mark.parametrize("command", [CloseCourse, ReopenCourse])
def test_a_course_to_close_has_an_id(command: Any) -> None:
    """I16."""
    with pytest.raises(UnitLedgerError) as refusal:
        command(" ")
    assert (refusal.value.code, refusal.value.details["field"]) == ("invalid_id", "course")
