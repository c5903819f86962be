"""Distribution: one form, many users, all of it or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_training_assignments import create, for_code, rows
from tests.rules.training_room import ADMIN, CREATOR, Room, code_id, day, distributor, learner, rule
from unitledger.accounts import batch, member
from unitledger.amounts import Credits, Units
from unitledger.commands import Actor, Role
from unitledger.errors import (
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NegativeAmount,
    NotPermitted,
    OutsideAudience,
    UnknownObject,
    WrongUnit,
)
from unitledger.orders import LATEST_EXPIRY
from unitledger.policy import Policy
from unitledger.training import Distribute, FireAssignment, Item, PlaceOrder

DAN = distributor("dan")
POT = batch("spring", 1, 1)


def form(text: str, row: int = 1, cycle: int = 1) -> Distribute:
    """A form as it is filled in: ``"ann 33, bob 15"``."""
    pairs = [pair.split() for pair in text.split(", ")]
    return Distribute("spring", row, tuple((user, Units.of(n)) for user, n in pairs), cycle)


def fired(policy: Policy | None = None, amounts: str = "100 sales", **changes: Any) -> Room:
    """A room in which 100 units wait for ann, bob and dan of sales."""
    room = Room(policy, "ann: sales emea", "bob: sales", "dan: sales", "lea: legal")
    room.do(create(rows=rows(amounts), **changes), CREATOR)
    room.do(FireAssignment("spring"))
    return room


@rule("TU-080", "TU-081", "TU-082", "TU-086")
def test_a_form_is_applied_in_one_step() -> None:
    room = fired()
    assert room.available(POT) == "100.00"
    filled = form("ann 33, bob 15")
    assert filled.amount == Units.of(48)
    outcome = room.do(filled, DAN).outcome
    assert (outcome.amount, outcome.left) == (Units.of(48), Units.of(52))
    assert [room.available(wallet) for wallet in (POT, member("ann"), member("bob"))] == [
        "52.00",
        "33.00",
        "15.00",
    ]


@rule("TU-031")
def test_units_can_be_spent_once_they_are_distributed_and_not_before() -> None:
    room = fired(amounts="5 ann")
    order = PlaceOrder("o1", "ann", (Item.in_units("yoga", 5),))
    room.refused(InsufficientUnits, order, learner("ann"))
    room.do(form("ann 5"), DAN)
    room.do(order, learner("ann"))


@rule("TU-084")
def test_a_form_over_more_than_there_is_gives_nobody_anything() -> None:
    room = fired()
    refusal = room.refused(InsufficientUnits, form("ann 60, bob 40.01"), DAN)
    assert (refusal.available, refusal.shortfall) == (Units.of(100), Units.of("0.01"))
    assert room.available(member("ann")) == "0.00"
    room.do(form("ann 60, bob 40"), DAN)
    assert room.available(POT) == "0.00"


@rule("TU-088")
def test_the_second_of_two_distributors_finds_what_the_first_left() -> None:
    room = fired(distributors=frozenset({"dan", "dora"}))
    room.do(form("ann 70"), DAN)
    refusal = room.refused(InsufficientUnits, form("bob 40"), distributor("dora"))
    assert refusal.available == Units.of(30)
    room.do(form("bob 30"), distributor("dora"))


@pytest.mark.parametrize(
    ("row", "user"),
    [
        pytest.param("sales", "lea", id="TU-087 another group"),
        pytest.param("sales", "nobody", id="TU-087 a stranger"),
        pytest.param("ann", "bob", id="TU-087 another person"),
        pytest.param("emea", "bob", id="TU-030 a member of the parent only"),
    ],
)
def test_nobody_outside_the_audience_gets_anything(row: str, user: str) -> None:
    room = fired(amounts=f"100 {row}")
    refusal = room.refused(OutsideAudience, form(f"ann 1, {user} 1"), DAN)
    assert refusal.user == user


@pytest.mark.parametrize("row", ["ann", "sales", "emea"])
def test_everybody_in_the_audience_may_get_some(row: str) -> None:
    fired(amounts=f"100 {row}").do(form("ann 1"), DAN)


@rule("TU-034")
def test_membership_is_asked_when_units_are_handed_out() -> None:
    room = Room(None, "ann: sales")
    room.do(create())
    room.do(FireAssignment("spring"))
    receipt = room.do(form("ann 1"), DAN)
    entry = next(one for one in room.ledger.entries() if one.request == receipt.request)
    assert [(answer.about, answer.answer) for answer in entry.answers] == [(("ann",), ("sales",))]


@rule("TU-028", "TU-091")
def test_the_row_named_is_the_one_that_gives() -> None:
    room = fired(amounts="10 sales, 20 sales, 30 legal")
    receipt = room.do(form("ann 15", row=2), DAN)
    assert {move.lot for move in receipt.moves} == {"spring/1/2"}
    assert room.available(POT) == "10.00"
    room.refused(InsufficientUnits, form("ann 15", row=1), DAN)
    room.refused(OutsideAudience, form("ann 15", row=3), DAN)
    room.do(form("lea 15", row=3), DAN)


@rule("TU-090", "TU-061")
def test_units_keep_the_expiry_of_their_lot() -> None:
    room = fired(expires=day(30))
    room.do(form("ann 40"), DAN)
    room.at(30)
    assert room.available(member("ann")) == "0.00"
    assert room.ledger.balance(member("ann")).expired == Units.of(40)
    room.refused(InsufficientUnits, form("bob 1"), DAN)


@rule("TU-093")
def test_distributors_may_serve_themselves_by_default() -> None:
    fired().do(form("dan 10, ann 5"), DAN)


@rule("TU-093")
def test_a_policy_may_forbid_distributors_to_serve_themselves() -> None:
    room = fired(Policy(allow_self=False), distributors=frozenset({"dan", "dora"}))
    room.refused(NotPermitted, form("ann 5, dan 10"), DAN)
    room.do(form("ann 5"), DAN)
    room.do(form("dan 10"), distributor("dora"))


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(distributor("ann"), id="TU-006 a distributor of something else"),
        pytest.param(learner("dan"), id="TU-006 the distributor as a learner"),
        pytest.param(ADMIN, id="TU-006 an administrator"),
        pytest.param(CREATOR, id="TU-006 the creator"),
        pytest.param(Actor("dan", frozenset()), id="TU-006 nobody in particular"),
    ],
)
def test_only_those_named_may_distribute(by: Actor) -> None:
    fired().refused(NotPermitted, form("ann 1"), by)


@rule("TU-006")
def test_to_be_named_is_enough_to_distribute() -> None:
    fired(distributors=frozenset({"zoe"})).do(form("ann 1"), distributor("zoe"))


def test_nobody_distributes_what_is_behind_a_key_code() -> None:
    room = Room(None, "ann: sales")
    room.register()
    room.do(for_code())
    room.do(FireAssignment("spring"))
    assert room.available(f"keycode/{code_id(1)}") == "30.00"
    room.refused(NotPermitted, form("ann 1"), DAN)


@pytest.mark.parametrize(
    ("error", "command"),
    [
        pytest.param(UnknownObject, form("ann 1", row=2), id="TU-091 no such row"),
        pytest.param(InsufficientUnits, form("ann 1", cycle=2), id="TU-091 no such firing"),
        pytest.param(
            UnknownObject, Distribute("autumn", 1, (("ann", Units.of(1)),)), id="no such assignment"
        ),
    ],
)
def test_what_is_not_there_cannot_be_distributed(error: Any, command: Distribute) -> None:
    fired().refused(error, command, DAN)


@rule("TU-041")
def test_nothing_can_be_distributed_before_the_assignment_fires() -> None:
    room = Room(None, "ann: sales")
    room.do(create(scheduled=day(5)))
    room.refused(InsufficientUnits, form("ann 1"), DAN)


def pairs(*each: object) -> Any:
    return tuple(each)


@pytest.mark.parametrize(
    ("error", "amounts"),
    [
        pytest.param(InvalidValue, pairs(), id="TU-083 nobody"),
        pytest.param(InvalidValue, pairs(("ann", Units.of(0))), id="TU-085 nothing"),
        pytest.param(
            InvalidValue,
            pairs(("ann", Units.of(1)), ("ann", Units.of(2))),
            id="TU-082 a user twice",
        ),
        pytest.param(WrongUnit, pairs(("ann", Credits.of(1))), id="credits"),
        pytest.param(InvalidType, pairs(("ann", 1)), id="a plain number"),
        pytest.param(InvalidType, pairs("an"), id="not a pair"),
        pytest.param(InvalidType, pairs(("ann",)), id="half a pair"),
        pytest.param(InvalidType, [("ann", Units.of(1))], id="a list"),
        pytest.param(InvalidInput, pairs(("", Units.of(1))), id="no user"),
        pytest.param(
            LimitExceeded,
            tuple((f"u{n}", Units.of(1)) for n in range(1001)),
            id="1001 users",
        ),
    ],
)
def test_what_cannot_be_on_a_form(error: type[Exception], amounts: Any) -> None:
    with pytest.raises(error):
        Distribute("spring", 1, amounts)


@pytest.mark.parametrize(("row", "cycle"), [(0, 1), (1, 0), (True, 1), (1, 1.0), (10**9, 1)])
def test_a_batch_is_named_by_numbers_from_one(row: Any, cycle: Any) -> None:
    with pytest.raises(InvalidInput):
        Distribute("spring", row, (("ann", Units.of(1)),), cycle)


def test_a_thousand_users_are_not_too_many() -> None:
    form_of_all = tuple((f"u{n}", Units.of(1)) for n in range(1000))
    assert Distribute("spring", 1, form_of_all).amount == Units.of(1000)


def test_a_forged_amount_is_refused_at_the_door() -> None:
    room, command = fired(), form("ann 1, bob 5")
    object.__setattr__(command.amounts[0][1], "parts", -100)
    with pytest.raises(NegativeAmount):
        room.ledger.execute(command, by=DAN, request="forged")


def test_a_form_may_have_many_users() -> None:
    room = Room(None, *(f"u{n}: sales" for n in range(120)))
    room.do(create(rows=rows("120 sales")))
    room.do(FireAssignment("spring"))
    room.do(form(", ".join(f"u{n} 1" for n in range(120))), DAN)
    assert room.available(POT) == "0.00"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        pytest.param(
            Policy(burn_order=LATEST_EXPIRY),
            "extra 4 to ann, extra 1 to bob, spring/1/1 2 to bob",
            id="the default",
        ),
        pytest.param(
            Policy(move_order=LATEST_EXPIRY),
            "spring/1/1 4 to ann, spring/1/1 3 to bob",
            id="the furthest expiry first",
        ),
    ],
)
def test_lots_of_a_batch_are_handed_out_in_move_order(policy: Policy, told: str) -> None:
    room = fired(policy, expires=day(30))
    room.issue(POT, "extra 5 d10")
    moves = room.do(form("ann 4, bob 3"), DAN).moves
    words = [f"{m.lot} {m.parts // 100} to {m.target.wallet[7:]}" for m in moves]
    assert ", ".join(words) == told


def test_the_role_is_asked_before_the_assignment() -> None:
    """A learner learns nothing about which assignments there are."""
    room = Room()
    command = Distribute("no such thing", 1, (("ann", Units.of(1)),))
    room.refused(NotPermitted, command, Actor.acting("ann", Role.LEARNER))
