"""The pool and the courses: C4, C6, C7, C12, and what is left alone."""

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
from unitledger.credits import Allocate, Deallocate, Enrol, Grant, SendInvite
from unitledger.errors import InsufficientUnits, UnitLedgerError
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
