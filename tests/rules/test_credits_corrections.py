"""Corrections of the pool: C52."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.credits_portal import AID, ANN, POOL, Portal, at, portal
from unitledger.amounts import Credits, Units
from unitledger.credits import Allocate, WriteBack, WriteOff
from unitledger.errors import InsufficientUnits, UnitLedgerError, UnknownObject
from unitledger.ids import LotId
from unitledger.operations import VoidUnits
from unitledger.orders import LIFO
from unitledger.policy import Policy

JAN = LotId("jan")
UNIT: Any = Units.of(1)
NOTHING: Any = None


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        opened.fill(5, lot=JAN)
        yield opened


def c(number: int) -> Credits:
    return Credits.of(number)


def test_credits_are_written_off_and_back(lms: Portal) -> None:
    """C52: two entries of their own, with who did it and the grounds in each."""
    off = lms.run(WriteOff(c(3), "miscount"))
    assert (off.outcome.amount, off.outcome.grounds) == (c(3), "miscount")
    assert [(m.verb, m.lot, m.parts) for m in off.moves] == [("void", JAN, 3)]
    assert (lms.free(POOL), lms.void(POOL)) == (2, 3)
    back = lms.run(WriteBack(JAN, c(2), "found again"))
    assert (back.outcome.lot, back.outcome.amount) == (JAN, c(2))
    assert back.outcome.grounds == "found again"
    assert [(m.verb, m.lot, m.parts) for m in back.moves] == [("restore", JAN, 2)]
    assert (lms.free(POOL), lms.void(POOL)) == (4, 1)
    _, first, second = lms.ledger.entries()
    assert (first.actor, first.command) == (ANN, WriteOff(c(3), "miscount"))
    assert (second.actor, second.command) == (ANN, WriteBack(JAN, c(2), "found again"))


@pytest.mark.parametrize(
    ("asked", "enough"),
    [pytest.param(5, True, id="C52 all"), pytest.param(6, False, id="C52 one more than there is")],
)
def test_no_more_is_written_off_than_the_pool_has(lms: Portal, asked: int, enough: bool) -> None:
    if enough:
        lms.run(WriteOff(c(asked), "miscount"))
        assert (lms.free(POOL), lms.void(POOL)) == (0, asked)
        return
    refusal = lms.refused(WriteOff(c(asked), "miscount"))
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.needed, refusal.available) == ((POOL,), c(asked), c(5))


@pytest.mark.parametrize(
    ("asked", "enough"),
    [pytest.param(3, True, id="C52 all"), pytest.param(4, False, id="C52 more than was taken")],
)
def test_no_more_is_written_back_than_was_taken(lms: Portal, asked: int, enough: bool) -> None:
    lms.run(WriteOff(c(3), "miscount"))
    if enough:
        lms.run(WriteBack(JAN, c(asked), "found again"))
        assert (lms.free(POOL), lms.void(POOL)) == (5, 0)
        return
    refusal = lms.refused(WriteBack(JAN, c(asked), "found again"))
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.needed, refusal.available) == ((POOL,), c(asked), c(3))


def test_what_was_taken_out_elsewhere_is_not_written_back_in_the_pool(lms: Portal) -> None:
    """C52."""
    lms.run(Allocate("first-aid", c(2)))
    lms.run(VoidUnits(AID, c(2)))
    assert lms.refused(WriteBack(JAN, c(1), "found again")).code == "insufficient_units"


def test_there_must_be_such_a_lot(lms: Portal) -> None:
    """C52."""
    refusal = lms.refused(WriteBack(LotId("feb"), c(1), "found again"))
    assert isinstance(refusal, UnknownObject)
    assert (refusal.kind, refusal.key) == ("lot", "feb")


def test_credits_come_back_under_the_terms_of_their_lot(lms: Portal) -> None:
    """C52: of a lot that lapsed meanwhile they expire in the same entry."""
    lms.fill(2, lot="soon", expires=at("2026-02-01"))
    lms.run(WriteOff(c(2), "miscount"))
    lms.clock.at = at("2026-02-01")
    receipt = lms.run(WriteBack(LotId("soon"), c(2), "found again"))
    assert [move.verb for move in receipt.moves] == ["restore", "expire"]
    assert (lms.free(POOL), lms.expired(POOL)) == (5, 2)


def test_which_lots_are_written_off_the_move_order_says() -> None:
    """C52."""
    with portal(Policy(move_order=LIFO)) as lms:
        lms.fill(2, lot="soon", expires=at("2026-06-01"))
        lms.clock.at = at("2026-02-01")
        lms.fill(2, lot="new")
        assert [move.lot for move in lms.run(WriteOff(c(2), "miscount")).moves] == ["new"]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: WriteOff(c(1), ""), "invalid_id", id="C52 off without grounds"),
        pytest.param(lambda: WriteBack(JAN, c(1), ""), "invalid_id", id="C52 back without grounds"),
        pytest.param(lambda: WriteOff(c(1), NOTHING), "invalid_type", id="C52 off for no grounds"),
        pytest.param(lambda: WriteOff(c(0), "x"), "invalid_value", id="C4 D11 zero off"),
        pytest.param(lambda: WriteBack(JAN, c(0), "x"), "invalid_value", id="C4 D11 zero back"),
        pytest.param(lambda: WriteOff(UNIT, "x"), "wrong_unit", id="C4 units off"),
        pytest.param(lambda: WriteBack(JAN, UNIT, "x"), "wrong_unit", id="C4 units back"),
        pytest.param(lambda: WriteBack(LotId(""), c(1), "x"), "invalid_id", id="I16 of no lot"),
    ],
)
def test_what_is_no_correction(make: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make()
    assert refusal.value.code == code
