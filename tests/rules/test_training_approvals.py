"""Approvals: when training is debited that somebody has to approve, and what a denial does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_training_checkout import ANN, CODE, cart, stocked
from tests.rules.training_room import Room, code_id, day, returned, rule, spent
from unitledger.accounts import member
from unitledger.amounts import Credits, Units
from unitledger.errors import (
    ClaimExceeded,
    InsufficientUnits,
    InvalidType,
    InvalidValue,
    UnknownObject,
    WrongUnit,
)
from unitledger.operations import EditExpiry
from unitledger.policy import DebitAt, HeldAtExpiry, Policy
from unitledger.training import CaptureLine, PlaceOrder, RefundLine, ReleaseLine

OWN = member("ann")


def holding(**fields: Any) -> Policy:
    """A policy under which an order that needs approval is held."""
    return Policy(debit_at=DebitAt.HOLD_THEN_CAPTURE, **fields)


def asked(text: str, key_code: str | None = None, name: str = "o1") -> PlaceOrder:
    """An order of ann's that somebody has to approve."""
    return PlaceOrder(name, "ann", cart(text), key_code, needs_approval=True)


def units(text: str) -> Units | None:
    return Units.of(text) if text else None


def figures(room: Room, wallet: str) -> tuple[str, ...]:
    """What is available, held, spent and expired in a wallet."""
    balance = room.ledger.balance(wallet)
    return tuple(
        amount.text for amount in (balance.available, balance.held, balance.spent, balance.expired)
    )


@rule("X-20 placement")
def test_by_default_the_debit_is_at_the_placement() -> None:
    room = stocked(own="A 9")
    outcome = room.do(asked("yoga 4"), ANN).outcome
    assert (outcome.held, outcome.deadline) == (False, None)
    assert figures(room, OWN) == ("5.00", "0.00", "4.00", "0.00")
    room.refused(ClaimExceeded, CaptureLine("o1", 1))
    assert room.refused(ClaimExceeded, ReleaseLine("o1", 1)).there == 0
    assert returned(room.do(RefundLine("o1", 1))) == "A 4"


@rule("X-20 hold_then_capture")
def test_what_needs_approval_is_held_and_captured_by_it() -> None:
    room = stocked(holding(), code="C 5 d60", own="A 9")
    placed = room.do(asked("yoga 7, chess 1", code_id()), ANN)
    assert placed.outcome.held
    assert placed.outcome.deadline is None
    assert placed.outcome.paid == ((CODE, Units.of(5)), (OWN, Units.of(3)))
    assert (spent(placed), figures(room, OWN)) == ("", ("6.00", "3.00", "0.00", "0.00"))
    outcome = room.do(CaptureLine("o1", 1)).outcome
    assert (outcome.order, outcome.line) == ("o1", 1)
    assert (outcome.captured, outcome.released, outcome.held) == (
        Units.of(7),
        Units.of(0),
        Units.of(0),
    )
    assert figures(room, CODE) == ("0.00", "0.00", "5.00", "0.00")
    assert figures(room, OWN) == ("6.00", "1.00", "2.00", "0.00")


@rule("X-20 hold_then_capture")
def test_what_needs_no_approval_is_debited_at_once() -> None:
    room = stocked(holding(), own="A 9")
    outcome = room.do(PlaceOrder("o1", "ann", cart("yoga 4")), ANN).outcome
    assert not outcome.held
    assert figures(room, OWN) == ("5.00", "0.00", "4.00", "0.00")


@rule("X-20 hold_then_capture")
def test_a_denial_lets_go_what_was_held() -> None:
    room = stocked(holding(), code="C 5 d60", own="A 9")
    room.do(asked("yoga 7", code_id()), ANN)
    outcome = room.do(ReleaseLine("o1", 1)).outcome
    assert (outcome.captured, outcome.released, outcome.held) == (
        Units.of(0),
        Units.of(7),
        Units.of(0),
    )
    assert figures(room, CODE)[:3] == ("5.00", "0.00", "0.00")
    assert figures(room, OWN)[:3] == ("9.00", "0.00", "0.00")
    room.refused(ClaimExceeded, CaptureLine("o1", 1))


@rule("X-20 hold_then_capture")
def test_a_line_is_captured_in_parts_and_the_rest_let_go() -> None:
    room = stocked(holding(), code="A 2 d10, B 3 d20, C 9")
    room.do(asked("yoga 9", code_id()), ANN)
    assert room.do(CaptureLine("o1", 1, Units.of(3))).outcome.held == Units.of(6)
    assert room.do(CaptureLine("o1", 1, Units.of("1.50"))).outcome.held == Units.of("4.50")
    assert room.do(ReleaseLine("o1", 1, Units.of(1))).outcome.held == Units.of("3.50")
    lots = room.ledger.balance(CODE).lots
    assert [(line.lot.id, line.held, line.spent) for line in lots] == [
        ("A", 0, 200),
        ("B", 50, 250),
        ("C", 300, 0),
    ]
    room.do(CaptureLine("o1", 1))
    assert figures(room, CODE) == ("6.00", "0.00", "8.00", "0.00")
    assert returned(room.do(RefundLine("o1", 1, Units.of(4)))) == "C 3, B 1"


@pytest.mark.parametrize("command", [CaptureLine, ReleaseLine])
@pytest.mark.parametrize(
    ("amount", "there"),
    [pytest.param("4.01", 400, id="X-20 more than is held"), pytest.param("9", 400, id="X-20 all")],
)
def test_no_more_is_decided_on_than_is_held(command: Any, amount: str, there: int) -> None:
    room = stocked(holding(), own="A 9")
    room.do(asked("yoga 4, chess 2"), ANN)
    refusal = room.refused(ClaimExceeded, command("o1", 1, units(amount)))
    assert (refusal.claim, refusal.asked, refusal.there) == (
        "o1 line 1",
        Units.of(amount).parts,
        there,
    )
    room.do(command("o1", 1, units("4")))


@pytest.mark.parametrize("command", [CaptureLine, ReleaseLine])
def test_a_free_line_holds_nothing(command: Any) -> None:
    """X-20, TU-139."""
    room = stocked(holding(), own="A 9")
    room.do(asked("yoga 0"), ANN)
    refusal = room.refused(ClaimExceeded, command("o1", 1))
    assert (refusal.state, refusal.asked, refusal.there) == ("HELD", 0, 0)
    assert room.refused(ClaimExceeded, command("o1", 1, Units.of(2))).asked == 200


@pytest.mark.parametrize("command", [CaptureLine, ReleaseLine])
def test_what_was_not_ordered_is_not_decided_on(command: Any) -> None:
    """X-20."""
    room = stocked(holding(), own="A 9")
    room.do(asked("yoga 1"), ANN)
    room.refused(UnknownObject, command("o2", 1))
    assert room.refused(UnknownObject, command("o1", 2)).key == "o1 line 2"


@rule("X-20 timeout")
def test_what_nobody_decides_goes_back_by_itself() -> None:
    room = stocked(holding(approval_days=3), own="A 9")
    placed = room.do(asked("yoga 4"), ANN).outcome
    assert placed.deadline == day(3)
    room.do(CaptureLine("o1", 1, Units.of(1)))
    room.at(2)
    assert figures(room, OWN)[:3] == ("5.00", "3.00", "1.00")
    room.at(3)
    assert figures(room, OWN)[:3] == ("8.00", "0.00", "1.00")
    room.refused(ClaimExceeded, CaptureLine("o1", 1))
    room.do(PlaceOrder("o2", "ann", cart("chess 8")), ANN)


@pytest.mark.parametrize(
    ("at_expiry", "captured", "released", "after"),
    [
        pytest.param(
            HeldAtExpiry.PINNED, "9", "0", ("0.00", "0.00", "9.00", "0.00"), id="X-20 pinned"
        ),
        pytest.param(
            HeldAtExpiry.STRICT, "4", "5", ("0.00", "0.00", "4.00", "5.00"), id="X-20 strict"
        ),
    ],
)
def test_held_units_and_the_end_of_their_lot(
    at_expiry: HeldAtExpiry, captured: str, released: str, after: tuple[str, ...]
) -> None:
    room = stocked(holding(held_at_expiry=at_expiry), code="A 5 d10, B 4 d20")
    room.do(asked("yoga 9", code_id()), ANN)
    room.at(10)
    outcome = room.do(CaptureLine("o1", 1)).outcome
    assert (outcome.captured, outcome.released) == (units(captured), units(released))
    assert outcome.held == Units.of(0)
    assert figures(room, CODE) == after


@rule("X-20 strict")
def test_what_has_ended_cannot_be_captured_and_the_rest_can() -> None:
    room = stocked(holding(held_at_expiry=HeldAtExpiry.STRICT), code="A 5 d10, B 4 d20")
    room.do(asked("yoga 9", code_id()), ANN)
    room.at(9)
    room.do(CaptureLine("o1", 1, Units.of(2)))
    room.at(10)
    assert room.refused(ClaimExceeded, CaptureLine("o1", 1, Units.of("4.01"))).there == 400
    outcome = room.do(CaptureLine("o1", 1, Units.of(1))).outcome
    assert (outcome.captured, outcome.released, outcome.held) == (
        Units.of(1),
        Units.of(3),
        Units.of(3),
    )
    assert figures(room, CODE) == ("0.00", "3.00", "3.00", "3.00")
    room.at(20)
    assert room.refused(ClaimExceeded, CaptureLine("o1", 1)).there == 0
    room.do(ReleaseLine("o1", 1))
    assert figures(room, CODE) == ("0.00", "0.00", "3.00", "6.00")


@rule("X-20 strict")
def test_an_expiry_that_is_put_off_in_time_saves_what_is_held() -> None:
    room = stocked(holding(held_at_expiry=HeldAtExpiry.STRICT), code="A 5 d10")
    room.do(asked("yoga 5", code_id()), ANN)
    room.at(11)
    room.do(EditExpiry("A", CODE, day(30)))  # type: ignore[arg-type]
    assert room.do(CaptureLine("o1", 1)).outcome.captured == Units.of(5)


@rule("X-20 pinned")
def test_what_is_let_go_after_its_lot_has_ended_lapses() -> None:
    room = stocked(holding(), code="A 5 d10")
    room.do(asked("yoga 5", code_id()), ANN)
    room.at(10)
    room.do(ReleaseLine("o1", 1))
    assert figures(room, CODE) == ("0.00", "0.00", "0.00", "5.00")


@rule("X-20 hold_then_capture")
def test_nobody_else_can_spend_what_is_held() -> None:
    room = stocked(holding(), own="A 9")
    room.do(asked("yoga 5"), ANN)
    room.refused(InsufficientUnits, asked("chess 5", name="o2"), ANN)
    room.do(asked("chess 4", name="o2"), ANN)


@pytest.mark.parametrize("command", [CaptureLine, ReleaseLine])
@pytest.mark.parametrize(
    ("error", "fields"),
    [
        pytest.param(InvalidValue, ("o1", 0), id="line zero"),
        pytest.param(InvalidValue, ("o1", 1001), id="a line no order has"),
        pytest.param(InvalidType, ("o1", True), id="a bool"),
        pytest.param(InvalidValue, ("o1", 1, Units.of(0)), id="nothing"),
        pytest.param(WrongUnit, ("o1", 1, Credits.of(1)), id="credits"),
    ],
)
def test_what_cannot_be_a_decision(command: Any, error: type[Exception], fields: Any) -> None:
    with pytest.raises(error):
        command(*fields)
    assert command("o1", 1000).line == 1000
