"""Checkout: who pays, in which order, and what happens when it is not enough."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.rules.training_room import (
    ADMIN,
    SYSTEM,
    Room,
    code_id,
    day,
    learner,
    rule,
    spent,
)
from unitledger.accounts import keycode, member
from unitledger.amounts import Rate, Units
from unitledger.buckets import AllocationScope
from unitledger.errors import (
    AlreadyExists,
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotPayableInUnits,
    RemainderNotPriced,
    RequestConflict,
    UnknownKeyCode,
)
from unitledger.policy import Policy, Tender
from unitledger.training import Item, Order, PlaceOrder, RegisterKeyCode

ANN = learner("ann")
CODE = keycode(code_id())


def cart(text: str) -> tuple[Item, ...]:
    """A cart: ``"yoga 1.5, 3 x chess 2"``, all priced in units."""
    items = []
    for line in text.split(", "):
        times, _, rest = line.rpartition(" x ")
        item, price = rest.split()
        items.append(Item.in_units(item, price, int(times or 1)))
    return tuple(items)


def order(text: str, key_code: str | None = None, name: str = "o1") -> PlaceOrder:
    """An order of ann's."""
    return PlaceOrder(name, "ann", cart(text), key_code)


def by_code(text: str, name: str = "o1") -> PlaceOrder:
    """An order of ann's by the key code of the room."""
    return order(text, code_id(), name)


def stocked(policy: Policy | None = None, code: str = "", own: str = "") -> Room:
    """A room with lots behind a key code and lots of ann's own."""
    room = Room(policy, "ann: sales", "bob: legal")
    room.register()
    if code:
        room.issue(CODE, code)
    if own:
        room.issue(member("ann"), own)
    return room


def left(room: Room) -> str:
    """What the key code and ann have left."""
    return f"{room.available(CODE)} {room.available(member('ann'))}"


# Which lots pay: worked numbers, all through a key code.


SEED = "A 5 d30, B 20 d60, C 8 d30, D 50"


@pytest.mark.parametrize(
    ("lots", "price", "taken"),
    [
        pytest.param(SEED, "20", "C 8, A 5, B 7", id="TU-190 need 20"),
        pytest.param(SEED, "40", "C 8, A 5, B 20, D 7", id="TU-191 need 40"),
        pytest.param(SEED, "83", "C 8, A 5, B 20, D 50", id="TU-191 need all"),
        pytest.param("A 5 d30, B 9 d30", "6", "B 6", id="TU-192 the largest first"),
        pytest.param("B 5, A 5", "6", "A 5, B 1", id="TU-193 then the id"),
        pytest.param("A 50, B 1 d300", "2", "B 1, A 1", id="TU-194 never is last"),
        pytest.param("A 9 d1 @legal, B 5 d30", "4", "B 4", id="TU-196 not for ann"),
        pytest.param("A 9 d1 #chess, B 5 d30", "4", "B 4", id="TU-156 not for this item"),
        pytest.param("A 9 d1 #yoga, B 5 d30", "10", "A 9, B 1", id="TU-156 for this item"),
        pytest.param("A 9 d1 @sales, B 5 d30", "10", "A 9, B 1", id="TU-106 for her group"),
        pytest.param("A 9 d1 @ann, B 5 d30", "10", "A 9, B 1", id="TU-106 for herself"),
        pytest.param("A 5 d30, B 9 d60 @legal", "5", "A 5", id="TU-106 not reached"),
    ],
)
@pytest.mark.parametrize("wallet", ["key code", "own"])
def test_which_lots_pay(lots: str, price: str, taken: str, wallet: str) -> None:
    """TU-195: the same order in an account."""
    room = stocked(None, **{"code" if wallet == "key code" else "own": lots})
    placed = by_code if wallet == "key code" else order
    assert spent(room.do(placed(f"yoga {price}"), ANN)) == taken


@rule("TU-192")
def test_what_counts_is_what_is_available_and_not_what_was_issued() -> None:
    room = stocked(code="A 10 d30, B 8 d30")
    room.do(by_code("yoga 5", "o1"))
    assert spent(room.do(by_code("yoga 1", "o2"))) == "B 1"


@rule("TU-196", "TU-061")
def test_what_has_lapsed_never_pays() -> None:
    room = stocked(code="A 5 d10, B 9 d20")
    room.at(10)
    assert spent(room.do(by_code("yoga 6"), ANN)) == "B 6"
    refusal = room.refused(InsufficientUnits, by_code("yoga 4", "o2"), ANN)
    assert refusal.available == Units.of(3)


@rule("TU-106")
def test_nobody_is_asked_about_groups_unless_a_lot_is_restricted() -> None:
    room = stocked(code="A 5 d30, B 9 d60 @sales")
    for name, price, asked in (("o1", 5, 0), ("o2", 1, 1)):
        receipt = room.do(by_code(f"yoga {price}", name), ANN)
        entry = next(one for one in room.ledger.entries() if one.request == receipt.request)
        assert len(entry.answers) == asked


@pytest.mark.parametrize(
    ("scope", "taken"),
    [
        pytest.param(AllocationScope.ORDER, "A 6, A 4, B 3", id="X-14 TU-192 ranked once"),
        pytest.param(AllocationScope.ITEM, "A 6, B 7", id="X-14 TU-192 ranked after each item"),
    ],
)
def test_lots_are_ranked_once_an_order_or_after_each_item(
    scope: AllocationScope, taken: str
) -> None:
    room = stocked(Policy(allocation_scope=scope), code="A 10 d30, B 9 d30")
    assert spent(room.do(by_code("yoga 6, chess 7"), ANN)) == taken


@rule("TU-156")
def test_each_item_of_a_cart_is_paid_by_lots_that_admit_it() -> None:
    room = stocked(code="Y 5 d10 #yoga, C 5 d20 #chess, E 5")
    receipt = room.do(by_code("yoga 4, chess 6, bridge 2"), ANN)
    assert spent(receipt) == "Y 4, C 5, E 1, E 2"


# Who pays: the key code, then the buyer, then perhaps money.


@rule("TU-170")
def test_a_buyers_own_units_pay() -> None:
    room = stocked(own="A 10")
    outcome = room.do(order("yoga 4"), ANN).outcome
    assert outcome.paid == ((member("ann"), Units.of(4)),)
    assert room.available(member("ann")) == "6.00"


@rule("TU-174", "TU-200", "TU-182")
def test_the_key_code_pays_first_and_the_buyer_the_rest() -> None:
    room = stocked(code="C 5 d60, D 1", own="A 9 d10, B 9 d5")
    receipt = room.do(by_code("yoga 16"), ANN)
    assert spent(receipt) == "C 5, D 1, B 9, A 1"
    assert receipt.outcome.paid == (
        (CODE, Units.of(6)),
        (member("ann"), Units.of(10)),
    )
    assert left(room) == "0.00 8.00"


@rule("TU-174")
def test_a_key_code_that_pays_everything_leaves_the_buyer_alone() -> None:
    room = stocked(code="C 5", own="A 9 d10")
    receipt = room.do(by_code("yoga 5"), ANN)
    assert receipt.outcome.paid == ((CODE, Units.of(5)),)
    entry = next(one for one in room.ledger.entries() if one.request == receipt.request)
    assert [touch.wallet for touch in entry.touches] == [CODE]


@rule("TU-174")
def test_a_line_across_two_wallets_is_one_claim() -> None:
    room = stocked(code="C 5", own="A 9")
    room.do(by_code("yoga 3, chess 6, bridge 1"), ANN)
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = reading.record(Order.KIND, "o1")
        assert isinstance(found, Order)
        claims = [reading.claim(line.claim) for line in found.lines if line.claim is not None]
    told = [[(part.lot, part.parts) for part in claim.segments] for claim in claims if claim]
    assert told == [[("C", 300)], [("C", 200), ("A", 400)], [("A", 100)]]


@rule("TU-171", "TU-173", "TU-176")
def test_an_order_that_cannot_be_paid_takes_nothing_anywhere() -> None:
    room = stocked(code="C 5", own="A 9")
    refusal = room.refused(InsufficientUnits, by_code("yoga 10, chess 4.01"), ANN)
    assert refusal.wallets == (CODE, member("ann"))
    assert (refusal.needed, refusal.available, refusal.shortfall) == (
        Units.of("14.01"),
        Units.of(14),
        Units.of("0.01"),
    )
    assert left(room) == "5.00 9.00"


@rule("TU-183")
def test_a_smaller_cart_may_be_paid() -> None:
    room = stocked(own="A 9")
    room.refused(InsufficientUnits, order("yoga 5, chess 5"), ANN)
    room.do(order("yoga 5"), ANN)


@rule("TU-176")
def test_what_restricted_lots_cannot_pay_is_not_counted_as_available() -> None:
    room = stocked(code="A 5 @legal, B 3 #chess, C 2")
    refusal = room.refused(InsufficientUnits, by_code("yoga 4"), ANN)
    assert (refusal.available, refusal.shortfall) == (Units.of(2), Units.of(2))


MONEY: dict[str, Any] = {"tender": Tender.ALLOW_REMAINDER, "unit_value": Rate.of("0.99")}


@pytest.mark.parametrize(
    ("policy", "offered", "taken"),
    [
        pytest.param({}, "code", "C 5, A 1", id="X-01 units only: code, then own"),
        pytest.param({}, "own", "A 6", id="X-01 units only: own"),
        pytest.param(
            {"tender": Tender.STRICT_ONE_METHOD},
            "code",
            None,
            id="X-01 strict: the code alone",
        ),
        pytest.param({"tender": Tender.STRICT_ONE_METHOD}, "own", "A 6", id="X-01 strict: own"),
        pytest.param(MONEY, "code", "C 5, A 1", id="X-01 remainder: only when units do not do"),
        pytest.param(MONEY, "own", "A 6", id="X-01 remainder: own do"),
    ],
)
def test_what_may_pay_together(policy: dict[str, Any], offered: str, taken: str | None) -> None:
    room = stocked(Policy(**policy), code="C 5", own="A 9")
    command = by_code("yoga 6") if offered == "code" else order("yoga 6")
    if taken is None:
        refusal = room.refused(InsufficientUnits, command, ANN)
        assert refusal.wallets == (CODE,)
        assert refusal.available == Units.of(5)
    else:
        receipt = room.do(command, ANN)
        assert spent(receipt) == taken
        assert receipt.outcome.remainder is None


@rule("TU-184")
def test_a_key_code_does_not_top_up_what_the_buyer_has() -> None:
    room = stocked(code="C 5", own="A 9")
    room.refused(InsufficientUnits, order("yoga 10"), ANN)
    assert left(room) == "5.00 9.00"


@pytest.mark.parametrize(
    ("offered", "units", "money"),
    [
        pytest.param("code", "6.00", Fraction(594, 100), id="TU-175 behind code and own units"),
        pytest.param("own", "11.00", Fraction(1089, 100), id="TU-172 behind own units"),
    ],
)
def test_what_is_still_missing_is_asked_for_in_money(
    offered: str, units: str, money: Fraction
) -> None:
    room = stocked(Policy(**MONEY), code="C 5", own="A 9")
    placed = by_code if offered == "code" else order
    outcome = room.do(placed("yoga 8, chess 12"), ANN).outcome
    assert outcome.remainder is not None
    assert outcome.remainder.units == Units.of(units)
    assert outcome.remainder.money == money
    assert outcome.remainder.unit_value == Rate.of("0.99")
    assert outcome.total == Units.of(20)
    assert room.available(member("ann")) == "0.00"


@rule("TU-177")
def test_the_remainder_in_money_is_exact_however_odd_the_rate() -> None:
    policy = Policy(tender=Tender.ALLOW_REMAINDER, unit_value=Rate.of("1/3"))
    room = stocked(policy, own="A 1")
    outcome = room.do(order("yoga 1.01"), ANN).outcome
    assert outcome.remainder is not None
    assert outcome.remainder.money == Fraction(1, 300)


@rule("TU-178")
def test_a_remainder_that_nobody_can_price_is_refused() -> None:
    room = stocked(Policy(tender=Tender.ALLOW_REMAINDER), own="A 1")
    refusal = room.refused(RemainderNotPriced, order("yoga 3"), ANN)
    assert refusal.missing == Units.of(2)
    assert "unit_value" in str(refusal)
    room.do(order("yoga 1"), ANN)


@rule("TU-172")
def test_a_buyer_without_any_units_may_be_asked_for_everything_in_money() -> None:
    room = stocked(Policy(**MONEY))
    outcome = room.do(by_code("yoga 2"), ANN).outcome
    assert outcome.paid == ()
    assert outcome.remainder is not None
    assert outcome.remainder.units == outcome.total == Units.of(2)


@rule("TU-179")
def test_units_that_vanish_after_the_quote_are_missed_when_the_order_is_placed() -> None:
    room = stocked(code="C 5 d1")
    assert room.ledger.can(by_code("yoga 5"), by=ANN)
    room.at(1)
    room.refused(InsufficientUnits, by_code("yoga 5"), ANN)


# What is written down.


@rule("TU-123", "TU-124", "TU-180")
def test_a_receipt_has_the_lines_the_total_and_who_paid() -> None:
    room = stocked(code="C 5", own="A 9")
    outcome = room.do(by_code("3 x yoga 1.234, chess 1.50"), ANN).outcome
    assert [
        (line.item, line.quantity, line.each.text, line.units.text) for line in outcome.lines
    ] == [
        ("yoga", 3, "1.24", "3.72"),
        ("chess", 1, "1.50", "1.50"),
    ]
    assert outcome.total == Units.of("5.22")
    assert outcome.paid == ((CODE, Units.of(5)), (member("ann"), Units.of("0.22")))


@rule("TU-293")
def test_the_value_used_is_recorded_with_the_order() -> None:
    room = stocked(Policy(unit_value=Rate.of("0.99")), own="A 500")
    money = PlaceOrder("o1", "ann", (Item.in_money("yoga", 100), Item.in_units("chess", 1)))
    outcome = room.do(money, ANN).outcome
    assert outcome.unit_value == Rate.of("0.99")
    assert [line.units.text for line in outcome.lines] == ["101.02", "1.00"]
    assert room.do(order("chess 1", name="o2"), ANN).outcome.unit_value is None


@rule("TU-125", "TU-128")
def test_one_item_without_a_price_in_units_stops_the_whole_order() -> None:
    room = stocked(own="A 9")
    command = PlaceOrder("o1", "ann", (Item.in_units("yoga", 1), Item.in_money("chess", 1)))
    assert room.refused(NotPayableInUnits, command, ANN).item == "chess"


@rule("TU-139", "TU-004")
def test_a_free_line_takes_no_lot() -> None:
    room = stocked(code="C 5")
    receipt = room.do(by_code("yoga 0, chess 2, bridge 0"), ANN)
    assert spent(receipt) == "C 2"
    free = room.do(by_code("yoga 0", "o2"), ANN)
    assert (free.moves, free.outcome.paid, free.outcome.total) == ((), (), Units.of(0))
    assert room.do(order("yoga 0", name="o3"), learner("ann")).moves == ()


@rule("TU-181")
def test_a_retry_gets_the_first_receipt_even_when_nothing_is_left() -> None:
    room = stocked(code="C 5")
    first = room.do(by_code("yoga 5"), ANN, "o1")
    room.at(3)
    assert room.ledger.execute(by_code("yoga 5"), by=ANN, request="o1") == first
    assert room.available(CODE) == "0.00"


@rule("TU-181")
def test_an_order_id_is_used_once_whatever_the_request() -> None:
    room = stocked(code="C 50")
    room.do(by_code("yoga 5"), ANN, "o1")
    room.refused(AlreadyExists, by_code("yoga 5"), ANN)
    room.refused(AlreadyExists, by_code("chess 5"), ANN)
    with pytest.raises(RequestConflict) as refusal:
        room.ledger.execute(by_code("yoga 6"), by=ANN, request="o1")
    assert refusal.value.differs == ("items",)
    assert room.available(CODE) == "45.00"


@rule("TU-181")
def test_a_refused_order_may_be_placed_again_under_its_id() -> None:
    room = stocked(own="A 1")
    with pytest.raises(InsufficientUnits):
        room.ledger.execute(order("yoga 2"), by=ANN, request="o1")
    room.issue(member("ann"), "B 1")
    room.do(order("yoga 2"), ANN, "o1")


@rule("TU-185")
def test_when_the_free_allowance_is_used_up_the_next_order_needs_more_units() -> None:
    room = stocked(own="free 3")
    room.do(order("yoga 3", name="o1"), ANN)
    room.refused(InsufficientUnits, order("yoga 3", name="o2"), ANN)
    room.issue(member("ann"), "bought 3")
    room.do(order("yoga 3", name="o2"), ANN)


def test_an_unknown_code_is_unknown_whatever_the_buyer_has() -> None:
    room = Room()
    room.issue(member("ann"), "A 9")
    room.refused(UnknownKeyCode, by_code("yoga 1"), ANN)


def test_an_order_may_be_placed_for_somebody_else_by_staff_alone() -> None:
    room = stocked(own="A 9")
    for number, by in enumerate((ADMIN, SYSTEM, ANN)):
        room.do(order("yoga 1", name=f"o{number}"), by)


def test_lots_cannot_be_named_by_a_buyer() -> None:
    names = set(PlaceOrder.__match_args__)
    asked = {"order", "buyer", "items", "key_code", "more_codes", "top_up_code"}
    assert names == {*asked, "remainder_by", "needs_approval", "quoted"}


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        pytest.param(InvalidValue, ("o1", "ann", ()), id="an empty cart"),
        pytest.param(InvalidType, ("o1", "ann", list(cart("yoga 1"))), id="a list"),
        pytest.param(InvalidType, ("o1", "ann", ("yoga",)), id="a text for an item"),
        pytest.param(LimitExceeded, ("o1", "ann", cart("yoga 1") * 1001), id="1001 lines"),
        pytest.param(InvalidInput, ("", "ann", cart("yoga 1")), id="no order id"),
        pytest.param(InvalidInput, ("o1", "ann ", cart("yoga 1")), id="not a buyer's id"),
        pytest.param(InvalidType, ("o1", 7, cart("yoga 1")), id="a number for a buyer"),
    ],
)
def test_what_cannot_be_an_order(error: type[InvalidInput], fields: Any) -> None:
    with pytest.raises(error):
        PlaceOrder(*fields)


@pytest.mark.parametrize("scope", list(AllocationScope))
def test_a_long_cart_is_paid_line_by_line(scope: AllocationScope) -> None:
    room = stocked(Policy(allocation_scope=scope), code="A 30 d1, B 30 d1, C 25 d2", own="D 15")
    receipt = room.do(by_code(", ".join(f"item{n} 1" for n in range(100))), ANN)
    assert len(receipt.outcome.lines) == 100
    assert receipt.outcome.paid == ((CODE, Units.of(85)), (member("ann"), Units.of(15)))


def test_the_units_of_one_portal_pay_in_no_other() -> None:
    room, other = stocked(code="C 5"), Room()
    other.do(RegisterKeyCode(code_id()))
    other.refused(InsufficientUnits, by_code("yoga 1"), ANN)
    assert room.available(CODE) == "5.00"


def test_a_restricted_lot_that_has_lapsed_is_in_nobodys_way() -> None:
    room = stocked(code="A 5 d1 @legal, B 5 d9")
    room.clock.at = day(2)
    assert spent(room.do(by_code("yoga 5"), ANN)) == "B 5"


# What is written down of an order.


@rule("TU-180")
def test_every_line_has_a_claim_of_its_own_named_for_its_place() -> None:
    room = stocked(Policy(approval_days=5), code="C 9")
    outcome = room.do(by_code("yoga 1, free 0, chess 2"), ANN, "r").outcome
    assert (outcome.held, outcome.deadline) == (False, None)
    with room.ledger.store.read(room.ledger.portal) as reading:
        kept = reading.record(Order.KIND, "o1")
    assert isinstance(kept, Order)
    assert [line.claim for line in kept.lines] == ["r.1", None, "r.3"]
    assert (kept.key_code, kept.held, kept.remainder_by) == (code_id(), False, None)
    assert kept.index() == {"buyer": "ann"}
