"""Refunds: units go back where they came from, the last taken first, and never more than spent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_training_checkout import CODE, by_code, order, stocked
from tests.rules.training_room import ADMIN, SYSTEM, Room, learner, returned, rule, spent
from unitledger.accounts import member
from unitledger.amounts import Credits, Units
from unitledger.commands import Actor
from unitledger.errors import (
    ClaimExceeded,
    InvalidInput,
    InvalidType,
    InvalidValue,
    NotPermitted,
    UnknownObject,
    WrongUnit,
)
from unitledger.operations import EditExpiry
from unitledger.training import RefundLine


def refund(amount: str = "", line: int = 1, name: str = "o1") -> RefundLine:
    """So much of a line of ann's order; nothing is all of it."""
    return RefundLine(name, line, Units.of(amount) if amount else None)


def bought(lots: str = "C 5 d10, A 5 d20", own: str = "B 9", cart: str = "yoga 12") -> Room:
    """A room in which ann has paid 12 units: 5 of C, 5 of A, 2 of her own B."""
    room = stocked(code=lots, own=own)
    room.do(by_code(cart), learner("ann"))
    return room


@pytest.mark.parametrize(
    ("amounts", "back"),
    [
        pytest.param([""], ["B 2, A 5, C 5"], id="TU-238 all of it"),
        pytest.param(["1"], ["B 1"], id="TU-238 a part: the last taken"),
        pytest.param(["3"], ["B 2, A 1"], id="TU-238 across two lots and two wallets"),
        pytest.param(["3", "3"], ["B 2, A 1", "A 3"], id="TU-243 and again"),
        pytest.param(["11.99", ""], ["B 2, A 5, C 4.99", "C 0.01"], id="TU-243 down to the last"),
    ],
)
def test_units_go_back_to_the_lots_they_came_from(amounts: list[str], back: list[str]) -> None:
    room = bought()
    assert [returned(room.do(refund(amount))) for amount in amounts] == back


@rule("TU-238")
def test_a_full_refund_leaves_everything_as_it_was() -> None:
    room = stocked(code="C 5 d10, A 5 d20", own="B 9")
    before = [room.ledger.balance(wallet).lots for wallet in (CODE, member("ann"))]
    room.do(by_code("yoga 12"), learner("ann"))
    outcome = room.do(refund()).outcome
    assert (outcome.refunded, outcome.kept) == (Units.of(12), Units.of(0))
    assert [room.ledger.balance(wallet).lots for wallet in (CODE, member("ann"))] == before


@rule("TU-238")
def test_what_stays_spent_is_what_was_taken_first() -> None:
    room = bought()
    outcome = room.do(refund("6")).outcome
    assert (outcome.refunded, outcome.kept) == (Units.of(6), Units.of(6))
    assert spent(room.do(by_code("chess 4", "o2"))) == "A 4"
    held = {line.lot.id: line.spent for line in room.ledger.balance(CODE).lots}
    assert held == {"C": 500, "A": 500}


@pytest.mark.parametrize(
    ("first", "then", "there"),
    [
        pytest.param([], "12.01", 1200, id="TU-243 more than was spent"),
        pytest.param(["5"], "7.01", 700, id="TU-243 more than is left"),
        pytest.param([""], "0.01", 0, id="TU-243 a part of nothing"),
        pytest.param([""], "", 0, id="TU-243 all of nothing"),
    ],
)
def test_refunds_never_exceed_what_was_spent(first: list[str], then: str, there: int) -> None:
    room = bought()
    for amount in first:
        room.do(refund(amount))
    refusal = room.refused(ClaimExceeded, refund(then))
    asked = Units.of(then or 0).parts
    assert refusal.claim == room.ledger.units.order("o1").lines[0].line.claim
    assert (refusal.state, refusal.asked, refusal.there) == ("SPENT", asked, there)


@rule("TU-239")
def test_into_a_lot_that_has_lapsed_units_return_and_lapse() -> None:
    room = bought()
    room.at(15)
    room.do(refund())
    balance = room.ledger.balance(CODE)
    lines = {line.lot.id: (line.available, line.expired) for line in balance.lots}
    assert lines == {"C": (0, 500), "A": (500, 0)}


@rule("TU-239", "TU-066")
def test_what_returned_and_lapsed_comes_back_when_the_expiry_is_edited() -> None:
    room = bought()
    room.at(15)
    room.do(refund())
    room.do(EditExpiry("C", CODE, None))  # type: ignore[arg-type]
    assert room.available(CODE) == "10.00"


@rule("TU-243")
def test_one_line_never_pays_for_another() -> None:
    room = bought(lots="C 20", own="B 1", cart="yoga 3, chess 4")
    room.refused(ClaimExceeded, refund("3.01", line=1))
    room.do(refund("4", line=2))
    room.do(refund("3", line=1))
    assert room.available(CODE) == "20.00"


@rule("TU-139")
def test_a_free_line_has_nothing_to_give_back() -> None:
    room = bought(cart="yoga 0, chess 1")
    for amount, asked in (("", 0), ("0.01", 1)):
        refusal = room.refused(ClaimExceeded, refund(amount, line=1))
        assert (refusal.claim, refusal.state) == ("o1 line 1", "SPENT")
        assert (refusal.asked, refusal.there) == (asked, 0)
    room.do(refund(line=2))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(refund(name="o9"), id="no such order"),
        pytest.param(refund(line=2), id="no such line"),
    ],
)
def test_what_was_not_bought_is_not_refunded(command: RefundLine) -> None:
    bought().refused(UnknownObject, command)


@rule("TU-243")
def test_a_retried_refund_is_one_refund() -> None:
    room = bought()
    first = room.do(refund("2"), ADMIN, "back-1")
    assert room.ledger.execute(refund("2"), by=ADMIN, request="back-1") == first
    assert room.available(member("ann")) == "9.00"


@pytest.mark.parametrize("by", [ADMIN, SYSTEM], ids=["admin", "system"])
def test_staff_may_refund(by: Actor) -> None:
    bought().do(refund("1"), by)


@rule("TU-230")
def test_a_buyer_may_not_refund() -> None:
    bought().refused(NotPermitted, refund("1"), learner("ann"))


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        pytest.param(InvalidValue, ("o1", 0), id="line zero"),
        pytest.param(InvalidValue, ("o1", 1001), id="a line no order has"),
        pytest.param(InvalidType, ("o1", True), id="a bool"),
        pytest.param(InvalidValue, ("o1", 1, Units.of(0)), id="nothing"),
        pytest.param(WrongUnit, ("o1", 1, Credits.of(1)), id="credits"),
        pytest.param(InvalidType, ("o1", 1, 1), id="a plain number"),
        pytest.param(InvalidInput, ("", 1), id="no order id"),
    ],
)
def test_what_cannot_be_a_refund(error: type[Exception], fields: Any) -> None:
    with pytest.raises(error):
        RefundLine(*fields)


def test_a_refunded_order_keeps_its_id() -> None:
    room = bought()
    room.do(refund())
    room.do(order("chess 1", name="o2"), learner("ann"))
    assert room.available(CODE) == "10.00"
