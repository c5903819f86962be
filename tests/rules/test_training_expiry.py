"""Edits of an expiry: they reach every holder, and bring back what had lapsed."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.rules.test_training_assignments import create, rows
from tests.rules.training_room import CREATOR, START, SYSTEM, Room, day, distributor, learner, rule
from unitledger.accounts import batch, member
from unitledger.amounts import Units
from unitledger.errors import InsufficientUnits, InvalidTerms, NotPermitted
from unitledger.operations import EditExpiry, Sweep
from unitledger.training import Distribute, FireAssignment, Item, PlaceOrder, RefundLine, lot_of

POT = batch("spring", 1, 1)
HOLDERS = (POT, member("ann"), member("bob"))


def edit(expires: datetime | None) -> EditExpiry:
    """Another expiry for the one lot of the room."""
    return EditExpiry(lot_of("spring", 1, 1), POT, expires)


def buy(price: int, name: str = "o1") -> PlaceOrder:
    """An order of ann's."""
    return PlaceOrder(name, "ann", (Item.in_units("yoga", price),))


def shared(*, spent: bool = False) -> Room:
    """30 units that end on day 30: 10 not distributed, 12 ann's, 8 bob's."""
    room = Room(None, "ann: sales", "bob: sales")
    room.do(create(rows=rows("30 sales"), expires=day(30)))
    room.do(FireAssignment("spring"))
    given = (("ann", Units.of(12)), ("bob", Units.of(8)))
    room.do(Distribute("spring", 1, given), distributor("dan"))
    if spent:
        room.do(buy(5), learner("ann"))
    return room


def held(room: Room) -> str:
    """What can be spent by the batch, ann and bob."""
    return " ".join(room.available(wallet) for wallet in HOLDERS)


@pytest.mark.parametrize(
    "expires",
    [
        pytest.param(day(10), id="TU-064 the present instant"),
        pytest.param(day(9), id="TU-064 yesterday"),
        pytest.param(START, id="TU-064 when it began"),
    ],
)
def test_an_expiry_cannot_be_put_into_the_past(expires: datetime) -> None:
    room = shared()
    room.at(10)
    room.refused(InvalidTerms, edit(expires), CREATOR)


@rule("TU-065", "TU-067")
def test_an_earlier_expiry_still_to_come_reaches_every_holder() -> None:
    room = shared()
    room.at(10)
    outcome = room.do(edit(day(11)), CREATOR).outcome
    assert (outcome.was, outcome.now) == (day(30), day(11))
    assert held(room) == "10.00 12.00 8.00"
    room.at(11)
    assert held(room) == "0.00 0.00 0.00"
    room.refused(InsufficientUnits, buy(1), learner("ann"))


@pytest.mark.parametrize("swept", [False, True], ids=["not swept", "swept"])
@pytest.mark.parametrize(
    "expires",
    [
        pytest.param(day(90), id="TU-066 TU-067 to a day to come"),
        pytest.param(None, id="TU-066 TU-067 TU-060 to never"),
    ],
)
def test_what_had_lapsed_comes_back_to_every_holder(
    expires: datetime | None, *, swept: bool
) -> None:
    room = shared()
    room.at(40)
    assert held(room) == "0.00 0.00 0.00"
    if swept:
        for wallet in HOLDERS:
            room.do(Sweep(wallet), SYSTEM)
    room.do(edit(expires), CREATOR)
    assert held(room) == "10.00 12.00 8.00"
    room.do(buy(12), learner("ann"))


@rule("TU-067")
def test_one_edit_is_enough_and_copies_nothing() -> None:
    room = shared()
    receipt = room.do(edit(day(60)), CREATOR)
    assert receipt.moves == ()
    ends = {line.lot.terms.expires for w in HOLDERS for line in room.ledger.balance(w).lots}
    assert ends == {day(60)}


@rule("TU-068")
def test_what_was_spent_stays_spent() -> None:
    room = shared(spent=True)
    before = room.ledger.balance(member("ann"), at=day(0)).spent
    room.at(10)
    room.do(edit(day(11)), CREATOR)
    room.at(12)
    balance = room.ledger.balance(member("ann"))
    assert (balance.spent, balance.expired) == (before, Units.of(7)) == (Units.of(5), Units.of(7))


@rule("TU-072")
def test_a_balance_reads_as_forfeited_at_once_and_the_entry_follows() -> None:
    room = shared()
    room.at(30)
    balance = room.ledger.balance(member("ann"))
    assert (balance.available, balance.expired) == (Units.of(0), Units.of(12))
    assert room.do(Sweep(member("ann")), SYSTEM).outcome.expired == Units.of(12)
    assert room.ledger.balance(member("ann")) == balance


@rule("TU-239")
def test_a_refund_after_the_end_returns_and_lapses() -> None:
    room = shared(spent=True)
    room.at(30)
    room.do(RefundLine("o1", 1))
    assert room.ledger.balance(member("ann")).expired == Units.of(12)


def test_a_learner_edits_nothing() -> None:
    shared().refused(NotPermitted, edit(None), learner("ann"))
