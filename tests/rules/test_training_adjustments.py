"""Adjustments: another last day, another total, units taken back, units issued anew."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from tests.rules.test_training_assignments import create, for_code, rows
from tests.rules.training_room import (
    ADMIN,
    CREATOR,
    SYSTEM,
    Room,
    code_id,
    day,
    distributor,
    learner,
    rule,
)
from unitledger.accounts import State, batch, keycode, member, pool
from unitledger.amounts import Credits, Units
from unitledger.errors import (
    BelowHandedOut,
    BelowUsed,
    InsufficientUnits,
    InvalidInput,
    InvalidTerms,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NegativeAmount,
    NotPermitted,
    UnknownObject,
    WrongUnit,
)
from unitledger.ids import LotId
from unitledger.operations import Hold, Issue, Spend, Sweep, Transfer
from unitledger.policy import BelowAssigned, ExpiryBoundary, Policy
from unitledger.training import (
    AdjustTotal,
    Distribute,
    EditLastDay,
    FireAssignment,
    Item,
    PlaceOrder,
    Reissue,
    ReissueUnits,
    TakeBack,
    lot_of,
)

POT = batch("spring", 1, 1)
LOT = lot_of("spring", 1, 1)
DAN = distributor("dan")
CLAW_BACK = Policy(below_assigned=BelowAssigned.CLAW_BACK, claw_back=True)


def shared(policy: Policy | None = None, **changes: Any) -> Room:
    """30 units: 10 not handed out, 12 ann's of which 5 are spent, 8 bob's."""
    room = Room(policy, "ann: sales", "bob: sales")
    room.do(create(**changes), CREATOR)
    room.do(FireAssignment("spring"))
    room.do(Distribute("spring", 1, (("ann", Units.of(12)), ("bob", Units.of(8)))), DAN)
    room.do(PlaceOrder("o1", "ann", (Item.in_units("yoga", 5),)), learner("ann"))
    return room


def held(room: Room) -> str:
    """What can be spent by the batch, ann and bob."""
    return " ".join(room.available(wallet) for wallet in (POT, member("ann"), member("bob")))


def total(amount: object) -> AdjustTotal:
    return AdjustTotal(LOT, POT, Units.of(amount))  # type: ignore[arg-type]


# Another total.


@rule("TU-250", "TU-251", "X-08")
def test_a_total_can_be_raised() -> None:
    room = shared()
    receipt = room.do(total("42.50"), CREATOR)
    outcome = receipt.outcome
    assert (outcome.lot, outcome.was, outcome.now) == (LOT, Units.of(30), Units.of("42.5"))
    assert outcome.delta == Fraction("12.5")
    assert held(room) == "22.50 7.00 8.00"
    assert [(move.verb, move.parts) for move in receipt.moves] == [("issue", 1250)]


@rule("TU-251")
def test_an_adjustment_says_who_why_and_by_how_much() -> None:
    room = shared()
    room.ledger.execute(total(25), by=CREATOR, request="adjust", reason="counted twice")
    (entry,) = [one for one in room.ledger.entries() if one.request == "adjust"]
    assert (entry.actor, entry.reason) == (CREATOR, "counted twice")
    outcome: Any = entry.outcome
    assert outcome.delta == -5
    room.check()


@rule("TU-251")
def test_a_total_can_be_lowered_by_what_is_not_handed_out() -> None:
    room = shared()
    receipt = room.do(total(20), CREATOR)
    assert receipt.outcome.delta == -10
    assert [(move.verb, move.parts, move.source.wallet) for move in receipt.moves] == [
        ("void", 1000, POT)
    ]
    assert held(room) == "0.00 7.00 8.00"
    room.do(total(21))
    assert held(room) == "1.00 7.00 8.00"
    assert room.do(total(22)).outcome.was == Units.of(21)


@pytest.mark.parametrize("policy", [None, CLAW_BACK], ids=["reject", "claw back"])
@pytest.mark.parametrize("amount", ["4.99", "0"])
def test_a_total_is_never_less_than_what_was_used(policy: Policy | None, amount: str) -> None:
    """TU-252."""
    room = shared(policy)
    refusal = room.refused(BelowUsed, total(amount), CREATOR)
    assert (refusal.lot, refusal.total, refusal.used) == (LOT, Units.of(amount), Units.of(5))
    assert f"5.00 units of {LOT} are used" in str(refusal)


@rule("TU-252")
def test_what_is_held_is_used() -> None:
    room = shared(CLAW_BACK)
    room.do(Hold(member("bob"), Units.of(3)))
    assert room.refused(BelowUsed, total("7.99")).used == Units.of(8)
    room.do(total(8))
    assert held(room) == "0.00 0.00 0.00"


@pytest.mark.parametrize("amount", ["19.99", "5"])
def test_less_than_was_handed_out_is_refused(amount: str) -> None:
    """TU-253 REJECT."""
    room = shared(Policy(below_assigned=BelowAssigned.REJECT))
    refusal = room.refused(BelowHandedOut, total(amount), CREATOR)
    assert (refusal.lot, refusal.total, refusal.assigned) == (
        LOT,
        Units.of(amount),
        Units.of(20),
    )


@rule("TU-253")
def test_less_than_was_handed_out_is_refused_by_default() -> None:
    assert Policy().below_assigned is BelowAssigned.REJECT
    assert not Policy().claw_back


@pytest.mark.parametrize(
    ("amount", "left"),
    [
        pytest.param(20, "0.00 7.00 8.00", id="TU-253 CLAW_BACK nothing to claw back"),
        pytest.param("19.99", "0.00 6.99 8.00", id="TU-253 CLAW_BACK a hundredth"),
        pytest.param(15, "0.00 2.00 8.00", id="TU-253 CLAW_BACK from the first"),
        pytest.param(10, "0.00 0.00 5.00", id="TU-253 CLAW_BACK from both"),
        pytest.param(5, "0.00 0.00 0.00", id="TU-253 CLAW_BACK all that is not used"),
    ],
)
def test_what_is_not_spent_can_be_clawed_back(amount: Any, left: str) -> None:
    room = shared(CLAW_BACK)
    room.do(total(amount), CREATOR)
    assert held(room) == left
    assert room.ledger.balance(member("ann")).spent == Units.of(5)


@rule("TU-251")
def test_a_total_that_is_the_same_adjusts_nothing() -> None:
    room = shared()
    refusal = room.refused(InvalidValue, total(30))
    assert (refusal.field, refusal.value) == ("total", "30.00")


@rule("TU-253")
def test_a_lapsed_lot_can_grow_but_not_shrink() -> None:
    room = shared(expires=day(5))
    room.at(5)
    room.refused(InvalidTerms, total(25))
    room.do(total(31))
    assert room.ledger.balance(POT).expired == Units.of(11)
    room.do(Sweep(POT), SYSTEM)
    room.do(total(32))
    room.do(EditLastDay(LOT, POT, None))
    assert held(room) == "12.00 7.00 8.00"


@rule("TU-252")
def test_what_is_swept_and_came_back_is_not_gone() -> None:
    room = shared(CLAW_BACK, expires=day(5))
    room.at(5)
    for wallet in (POT, member("ann"), member("bob")):
        room.do(Sweep(wallet), SYSTEM)
    room.do(EditLastDay(LOT, POT, None))
    room.do(total(10))
    assert held(room) == "0.00 0.00 5.00"


@rule("TU-111")
def test_what_is_behind_a_key_code_can_be_adjusted_down_to_what_was_used() -> None:
    room = Room()
    room.register()
    room.do(for_code(rows=rows("30 anyone")))
    room.do(FireAssignment("spring"))
    home = keycode(code_id())
    room.do(Spend(home, Units.of(4)))
    assert room.refused(BelowUsed, AdjustTotal(LOT, home, Units.of("3.99"))).used == Units.of(4)
    room.do(AdjustTotal(LOT, home, Units.of(4)))
    assert room.available(home) == "0.00"


@rule("TU-252")
def test_a_total_of_zero_takes_everything_out() -> None:
    room = Room()
    room.do(create())
    room.do(FireAssignment("spring"))
    assert room.do(total(0)).outcome.delta == -30
    assert room.ledger.balance(POT).void == Units.of(30)
    assert room.do(total(1)).outcome.was == Units.of(0)


@pytest.mark.parametrize(
    ("error", "command"),
    [
        pytest.param(UnknownObject, AdjustTotal("other", POT, Units.of(1)), id="no such lot"),  # type: ignore[arg-type]
        pytest.param(
            InvalidTerms, AdjustTotal(LOT, member("ann"), Units.of(1)), id="not at its home"
        ),
        pytest.param(InvalidTerms, EditLastDay(LOT, member("ann"), None), id="nor for its day"),
    ],
)
def test_what_cannot_be_adjusted(error: type[Any], command: AdjustTotal | EditLastDay) -> None:
    shared().refused(error, command)


def test_a_lot_has_no_more_parts_than_anything() -> None:
    room = shared()
    room.do(total(29))
    room.refused(LimitExceeded, AdjustTotal(LOT, POT, Units(parts=10**15)))


@pytest.mark.parametrize(
    ("error", "made"),
    [
        (InvalidType, lambda: AdjustTotal(LOT, POT, 5)),  # type: ignore[arg-type]
        (InvalidType, lambda: AdjustTotal(LOT, POT, Credits.of(5))),  # type: ignore[arg-type]
        (WrongUnit, lambda: AdjustTotal(LOT, pool(), Units.of(5))),
        (InvalidInput, lambda: AdjustTotal("", POT, Units.of(5))),  # type: ignore[arg-type]
        (InvalidInput, lambda: AdjustTotal(LOT, "nowhere", Units.of(5))),  # type: ignore[arg-type]
        (InvalidType, lambda: EditLastDay(LOT, POT, day(3))),
        (WrongUnit, lambda: EditLastDay(LOT, pool(), None)),
        (LimitExceeded, lambda: EditLastDay(LOT, POT, date(9001, 1, 1))),
        (InvalidInput, lambda: ReissueUnits("", Units.of(1))),
        (InvalidValue, lambda: ReissueUnits("o1", Units.of(0))),
        (WrongUnit, lambda: ReissueUnits("o1", Credits.of(1))),  # type: ignore[arg-type]
        (InvalidType, lambda: ReissueUnits("o1", Units.of(1), day(3))),
        (InvalidInput, lambda: TakeBack("spring", 0, "ann", Units.of(1))),
        (InvalidInput, lambda: TakeBack("spring", 1, "", Units.of(1))),
        (InvalidValue, lambda: TakeBack("spring", 1, "ann", Units.of(0))),
        (InvalidInput, lambda: TakeBack("spring", 1, "ann", Units.of(1), 0)),
    ],
)
def test_what_is_refused_at_the_door(error: type[InvalidInput], made: Any) -> None:
    with pytest.raises(error):
        made()


def test_a_forged_total_is_refused_at_the_door() -> None:
    room, command = shared(), total(5)
    object.__setattr__(command.total, "parts", -100)
    with pytest.raises(NegativeAmount):
        room.ledger.execute(command, by=ADMIN, request="forged")


# Another last day.


@pytest.mark.parametrize(
    ("last_day", "zone"),
    [
        pytest.param(date(2026, 3, 2), "UTC", id="TU-064 today"),
        pytest.param(date(2026, 3, 1), "UTC", id="TU-064 yesterday"),
        pytest.param(date(2026, 3, 2), "Pacific/Kiritimati", id="TU-064 today there"),
        pytest.param(date(2026, 3, 1), "Pacific/Honolulu", id="TU-064 today further west"),
    ],
)
@pytest.mark.parametrize("boundary", list(ExpiryBoundary), ids=str)
def test_a_last_day_lies_after_today(last_day: date, zone: str, boundary: ExpiryBoundary) -> None:
    room = shared(Policy(zone=zone, expiry_boundary=boundary))
    refusal = room.refused(InvalidTerms, EditLastDay(LOT, POT, last_day), CREATOR)
    assert "later than today" in str(refusal)


@pytest.mark.parametrize(
    ("boundary", "zone", "over"),
    [
        pytest.param("inclusive", "UTC", "2026-03-04T00:00", id="TU-065 TU-070 INCLUSIVE"),
        pytest.param("exclusive", "UTC", "2026-03-03T00:00", id="TU-065 TU-070 EXCLUSIVE"),
        pytest.param("inclusive", "Europe/Vienna", "2026-03-03T23:00", id="TU-291 the zone"),
    ],
)
def test_an_earlier_day_still_to_come_reaches_everybody(
    boundary: str, zone: str, over: str
) -> None:
    policy = Policy(expiry_boundary=ExpiryBoundary(boundary), zone=zone)
    room = shared(policy, expires=day(30))
    outcome = room.do(EditLastDay(LOT, POT, date(2026, 3, 3)), CREATOR).outcome
    assert (outcome.lot, outcome.was) == (LOT, day(30))
    assert outcome.now == datetime.fromisoformat(over).replace(tzinfo=UTC)
    for wallet in (POT, member("ann"), member("bob")):
        (line,) = room.ledger.balance(wallet).lots
        assert line.lot.terms.expires == outcome.now


@pytest.mark.parametrize(
    "last_day", [date(2026, 12, 31), None], ids=["TU-066 a day", "TU-066 never"]
)
def test_what_had_lapsed_comes_back(last_day: date | None) -> None:
    room = shared(expires=day(5))
    room.at(6)
    assert held(room) == "0.00 0.00 0.00"
    room.do(EditLastDay(LOT, POT, last_day), CREATOR)
    assert held(room) == "10.00 7.00 8.00"
    assert room.ledger.balance(member("ann")).spent == Units.of(5)


@rule("TU-064")
def test_a_lot_that_has_not_begun_cannot_end_before_it_does() -> None:
    room = Room()
    home = member("ann")
    room.do(Issue("late", home, Units.of(1), effective=day(10)))  # type: ignore[arg-type]
    room.refused(InvalidTerms, EditLastDay("late", home, date(2026, 3, 4)))  # type: ignore[arg-type]
    room.do(EditLastDay("late", home, date(2026, 3, 12)))  # type: ignore[arg-type]


# Units taken back.


def back(amount: object, user: str = "ann", row: int = 1, cycle: int = 1) -> TakeBack:
    return TakeBack("spring", row, user, Units.of(amount), cycle)  # type: ignore[arg-type]


@rule("TU-253")
def test_what_is_not_spent_can_be_taken_back_into_its_batch() -> None:
    room = shared(CLAW_BACK)
    receipt = room.do(back("2.50"), DAN)
    outcome = receipt.outcome
    assert (outcome.assignment, outcome.row, outcome.cycle) == ("spring", 1, 1)
    assert (outcome.user, outcome.amount) == ("ann", Units.of("2.5"))
    assert held(room) == "12.50 4.50 8.00"
    refusal = room.refused(InsufficientUnits, back("4.51"), DAN)
    assert (refusal.wallets, refusal.available) == ((member("ann"),), Units.of("4.5"))
    room.do(back("4.50"), DAN)
    assert held(room) == "17.00 0.00 8.00"


@rule("TU-253")
def test_units_are_not_taken_back_unless_the_policy_says_so() -> None:
    refusal = shared().refused(NotPermitted, back(1), DAN)
    assert refusal.allowed == "nobody, by the policy's claw_back"


@rule("TU-253")
def test_only_what_came_from_the_batch_goes_back() -> None:
    room = shared(CLAW_BACK)
    room.issue(member("ann"), "gift 50")
    assert room.refused(InsufficientUnits, back("7.01"), DAN).available == Units.of(7)
    moves = room.do(back(7), DAN).moves
    assert [(move.lot, move.target.state) for move in moves] == [(LOT, State.FREE)]
    room.refused(InsufficientUnits, back(1, cycle=2), DAN)
    room.refused(UnknownObject, back(1, row=2), DAN)


@rule("TU-253")
def test_several_lots_of_one_batch_go_back_in_order_of_their_ids() -> None:
    room = Room(CLAW_BACK, "ann: sales")
    room.do(create())
    room.do(FireAssignment("spring"))
    room.issue(POT, "extra 5, zero 1")
    room.do(Distribute("spring", 1, (("ann", Units.of(36)),)), DAN)
    moves = room.do(back(33), DAN).moves
    assert [(move.lot, move.parts) for move in moves] == [("extra", 500), (LOT, 2800)]


@rule("TU-253")
def test_what_has_lapsed_is_not_taken_back() -> None:
    room = shared(CLAW_BACK, expires=day(5))
    room.at(5)
    assert room.refused(InsufficientUnits, back(1), DAN).available == Units.of(0)


@rule("TU-006")
def test_only_those_named_take_back() -> None:
    room = shared(CLAW_BACK)
    for by in (ADMIN, CREATOR, distributor("eve"), learner("dan")):
        room.refused(NotPermitted, back(1), by)


# Issued anew.


@rule("TU-256", "X-04")
def test_what_was_lost_is_issued_anew_for_its_order() -> None:
    room = shared()
    receipt = room.do(ReissueUnits("o1", Units.of(5)), ADMIN, "again")
    outcome = receipt.outcome
    assert (outcome.order, outcome.buyer) == ("o1", "ann")
    assert (outcome.lot, outcome.amount) == ("again.1", Units.of(5))
    assert room.available(member("ann")) == "12.00"
    line = next(x for x in room.ledger.balance(member("ann")).lots if x.lot.id == "again.1")
    assert (line.lot.terms.effective, line.lot.terms.expires) == (day(0), None)
    assert line.lot.acquired == day(0)
    with room.ledger.store.read(room.ledger.portal) as reading:
        assert reading.find("reissue", "order", "o1") == (Reissue("again.1", "o1"),)  # type: ignore[arg-type]


@rule("TU-256")
def test_units_issued_anew_may_have_a_last_day() -> None:
    room = shared()
    room.refused(InvalidTerms, ReissueUnits("o1", Units.of(5), date(2026, 3, 1)))
    lot = room.do(ReissueUnits("o1", Units.of(5), date(2026, 3, 2))).outcome.lot
    line = next(x for x in room.ledger.balance(member("ann")).lots if x.lot.id == lot)
    assert line.lot.terms.expires == datetime(2026, 3, 3, tzinfo=UTC)
    room.refused(UnknownObject, ReissueUnits("o2", Units.of(5)))


# What fixes a lot.


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(AdjustTotal(LOT, POT, Units.of(40)), id="TU-114 total"),
        pytest.param(EditLastDay(LOT, POT, None), id="TU-114 last day"),
    ],
)
def test_a_lot_that_was_drawn_on_can_be_fixed(command: AdjustTotal | EditLastDay) -> None:
    shared().do(command)
    shared(Policy(freeze_after_draw=True)).refused(InvalidTerms, command)
    room = Room(Policy(freeze_after_draw=True), "ann: sales")
    room.do(create(), CREATOR)
    room.do(FireAssignment("spring"))
    room.do(command)


@rule("TU-253")
def test_what_is_clawed_back_is_taken_from_the_home_first() -> None:
    room = Room(CLAW_BACK)
    room.issue(member("zoe"), "L 10")
    room.do(Transfer(member("zoe"), member("ann"), Units.of(4)))
    room.do(AdjustTotal(LotId("L"), member("zoe"), Units.of(3)))
    assert (room.available(member("zoe")), room.available(member("ann"))) == ("0.00", "3.00")


@rule("TU-070")
def test_the_day_that_it_is_depends_on_the_zone() -> None:
    for zone, refused in (("UTC", False), ("Asia/Tokyo", True)):
        room = shared(Policy(zone=zone))
        room.clock.at = datetime(2026, 3, 4, 16, tzinfo=UTC)
        command = EditLastDay(LOT, POT, date(2026, 3, 5))
        if refused:
            room.refused(InvalidTerms, command)
        else:
            room.do(command)


@rule("TU-066")
def test_a_lot_does_not_end_at_the_instant_it_begins() -> None:
    room = Room(Policy(expiry_boundary=ExpiryBoundary.EXCLUSIVE))
    begins = datetime(2026, 3, 9, tzinfo=UTC)
    room.do(Issue(LotId("L"), member("ann"), Units.of(1), effective=begins))
    room.refused(InvalidTerms, EditLastDay(LotId("L"), member("ann"), date(2026, 3, 9)))
    room.do(EditLastDay(LotId("L"), member("ann"), date(2026, 3, 10)))


@rule("TU-256")
def test_what_is_issued_anew_does_not_end_at_once() -> None:
    room = shared()
    room.clock.at = datetime(2026, 3, 4, tzinfo=UTC)
    room.refused(InvalidTerms, ReissueUnits("o1", Units.of(5), date(2026, 3, 3)))
    room.do(ReissueUnits("o1", Units.of(5), date(2026, 3, 4)))
