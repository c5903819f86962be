"""Purchases: what units cost, who may buy them for whom, and that they stay bought."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.rules.test_training_assignments import create
from tests.rules.test_training_checkout import cart
from tests.rules.training_room import (
    ADMIN,
    CREATOR,
    START,
    SYSTEM,
    Room,
    code_id,
    day,
    distributor,
    learner,
    rule,
    spent,
)
from unitledger.accounts import batch, keycode, member
from unitledger.amounts import Credits, Rate, Units
from unitledger.commands import Actor
from unitledger.errors import (
    AlreadyExists,
    CouponNotAllowed,
    InvalidInput,
    InvalidType,
    InvalidValue,
    MethodNotAllowed,
    NotPermitted,
    OutsideAudience,
    UnitsNotSold,
    UnknownObject,
    WrongUnit,
)
from unitledger.ids import LotId
from unitledger.lots import Category, Cost
from unitledger.policy import BulkDiscount, MoneyRule, PaymentMethod, Policy, Rounding
from unitledger.time import Validity
from unitledger.training import (
    Assignment,
    AssignmentState,
    BuyUnits,
    Coupon,
    Distribute,
    Firing,
    PlaceOrder,
    PurchaseType,
    RefundLine,
    RegisteredKeyCode,
    UnitPurchase,
    WithdrawLine,
    unit_offer,
)

ANN = learner("ann")


def selling(**fields: Any) -> Policy:
    """A policy under which a unit costs 1.50 euros."""
    return Policy(**{"unit_value": Rate.of("1.50"), "currency": "EUR", **fields})


def buy(units: str = "10", purchase: str = "p1", **fields: Any) -> BuyUnits:
    """A purchase of ann's for herself."""
    named = {"buyer": "ann", "type": PurchaseType.PERSONAL, **fields}
    return BuyUnits(purchase=purchase, units=Units.of(units), **named)


def shop(**policy: Any) -> Room:
    return Room(selling(**policy), "ann: sales emea", "bob: sales emea", "eve: legal")


def record(room: Room, kind: Any, key: str) -> Any:
    with room.ledger.store.read(room.ledger.portal) as reading:
        return reading.record(kind.KIND, key)


# What units cost.

TIERS = (
    BulkDiscount(Units.of(100), 10),
    BulkDiscount(Units.of(500), 25),
    BulkDiscount(Units.of("50.50"), 5),
)


@pytest.mark.parametrize(
    ("units", "discount", "price", "money"),
    [
        pytest.param("10", 0, "3/2", "15", id="TU-210 the price per unit is shown"),
        pytest.param("50.49", 0, "3/2", "75.735", id="TU-212 below the first tier"),
        pytest.param("50.50", 5, "57/40", "71.9625", id="TU-212 at the first tier"),
        pytest.param("99.99", 5, "57/40", "142.48575", id="TU-212 below the next"),
        pytest.param("100", 10, "27/20", "135", id="TU-212 at it"),
        pytest.param("500", 25, "9/8", "562.50", id="TU-212 at the last"),
        pytest.param("999999", 25, "9/8", "1124998.875", id="TU-212 beyond"),
    ],
)
def test_a_quantity_has_its_price(units: str, discount: int, price: str, money: str) -> None:
    policy = selling(bulk_discounts=TIERS)
    offer = unit_offer(Units.of(units), policy)
    assert (offer.units, offer.list_price) == (Units.of(units), Fraction("3/2"))
    assert (offer.discount, offer.price) == (discount, Cost(Fraction(price), "EUR"))
    assert offer.money == Fraction(money)
    assert Room(policy).ledger.units.price(Units.of(units)) == offer


@pytest.mark.parametrize(
    ("money_rule", "charge"),
    [
        pytest.param(MoneyRule(), "0.34", id="TU-213 two decimals, half up"),
        pytest.param(MoneyRule(2, Rounding.HALF_EVEN), "0.34", id="TU-213 half even"),
        pytest.param(MoneyRule(2, Rounding.FLOOR), "0.33", id="TU-213 floor"),
        pytest.param(MoneyRule(2, Rounding.CEILING), "0.34", id="TU-213 ceiling"),
        pytest.param(MoneyRule(3, Rounding.FLOOR), "0.333", id="TU-213 three decimals"),
        pytest.param(MoneyRule(0), "0", id="TU-213 none"),
    ],
)
def test_the_charge_is_the_price_and_nothing_else(money_rule: MoneyRule, charge: str) -> None:
    """TU-218: neither tax nor fee is in it."""
    policy = selling(unit_value=Rate.of("1/3"), money_rule=money_rule)
    quantity = "1.01" if charge == "0.34" else "1"
    offer = unit_offer(Units.of(quantity), policy)
    assert offer.money == Fraction(1, 3) * Fraction(quantity)
    assert offer.charge == Fraction(charge)


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        pytest.param(Policy(), "unit_value", id="TU-210 no value"),
        pytest.param(Policy(currency="EUR"), "unit_value", id="TU-210 a currency alone"),
        pytest.param(Policy(unit_value=Rate.of(1)), "currency", id="TU-210 a value alone"),
    ],
)
def test_units_without_a_price_are_not_sold(policy: Policy, missing: str) -> None:
    assert Room(policy).refused(UnitsNotSold, buy(), ANN).missing == f"the policy's {missing}"


@rule("TU-210")
def test_staff_may_agree_on_another_price() -> None:
    room = Room()
    room.do(buy(price=Cost.of("0.90", "USD")), CREATOR)
    (line,) = room.ledger.balance(member("ann")).lots
    assert line.lot.cost == Cost.of("0.90", "USD")
    room.refused(NotPermitted, buy(purchase="p2", price=Cost.of("0.90", "USD")), ANN)


# Who buys what for whom.


@rule("TU-215", "TU-069", "TU-219")
def test_units_bought_for_oneself_are_ones_own_and_never_end() -> None:
    room = shop(bulk_discounts=TIERS)
    room.at(3)
    outcome = room.do(buy("200", method=PaymentMethod.BILL), ANN).outcome
    assert (outcome.purchase, outcome.buyer, outcome.type) == ("p1", "ann", PurchaseType.PERSONAL)
    assert (outcome.lot, outcome.wallet, outcome.key_code) == ("p1/1/1", member("ann"), None)
    assert (outcome.method, outcome.coupon) == (PaymentMethod.BILL, None)
    assert outcome.offer.charge == 270
    (line,) = room.ledger.balance(member("ann")).lots
    assert (line.available, line.lot.id, line.lot.category) == (20000, "p1/1/1", Category.PURCHASED)
    assert (line.lot.terms.effective, line.lot.terms.expires) == (day(3), None)
    assert (line.lot.acquired, line.lot.scope) == (day(3), None)
    assert line.lot.cost == Cost.of("1.35", "EUR")
    kept = record(room, UnitPurchase, "p1")
    assert (kept.buyer, kept.type, kept.lot, kept.wallet) == (
        "ann",
        PurchaseType.PERSONAL,
        "p1/1/1",
        member("ann"),
    )
    assert (kept.key_code, kept.method, kept.coupon, kept.at) == (
        None,
        PaymentMethod.BILL,
        None,
        day(3),
    )
    room.do(PlaceOrder("o1", "ann", cart("yoga 4")), ANN)


@rule("TU-210", "TU-092", "TU-069")
def test_units_bought_by_a_distributor_are_a_distribution() -> None:
    room = shop()
    dan = distributor("ann")
    outcome = room.do(buy("30", type=PurchaseType.DISTRIBUTABLE), dan).outcome
    assert outcome.wallet == batch("p1", 1, 1)
    made = record(room, Assignment, "p1")
    assert (made.state, made.cycles, made.distributors) == (
        AssignmentState.PROCESSED,
        1,
        frozenset({"ann"}),
    )
    assert (made.rows[0].amount, made.expires, made.title) == (Units.of(30), None, "Purchase p1")
    assert (made.due, made.created, made.schedule.first) == (START, START, START)
    fired = record(room, Firing, "p1/1")
    assert (fired.at, fired.due, fired.shares) == (START, START, (1,))
    assert room.available(member("ann")) == "0.00"
    room.do(Distribute("p1", 1, (("bob", Units.of(10)), ("ann", Units.of(5)))), dan)
    assert room.available(member("bob")) == "10.00"
    (line,) = room.ledger.balance(member("bob")).lots
    assert (line.lot.terms.expires, line.lot.cost) == (None, Cost.of("1.50", "EUR"))


@rule("TU-092")
def test_what_was_bought_to_be_handed_out_is_for_the_division_of_the_buyer() -> None:
    room = shop()
    room.do(buy("30", type=PurchaseType.DISTRIBUTABLE), distributor("ann"))
    division = record(room, Assignment, "p1").rows[0].audience
    assert division == room.ledger.directory.lineage("ann", room.clock.at)[0]
    room.refused(OutsideAudience, Distribute("p1", 1, (("eve", Units.of(1)),)), distributor("ann"))


@rule("TU-092")
def test_a_buyer_without_a_division_buys_for_themselves() -> None:
    room = Room(selling())
    room.do(buy("30", type=PurchaseType.DISTRIBUTABLE), distributor("ann"))
    assert record(room, Assignment, "p1").rows[0].audience == "ann"


@rule("TU-092", "TU-020")
def test_the_longest_name_of_a_purchase_leaves_room_for_its_lot_and_for_a_title() -> None:
    room, name = Room(selling()), "x" * 124
    room.do(buy(purchase=name, type=PurchaseType.DISTRIBUTABLE), distributor("ann"))
    assert record(room, Assignment, name).title == "Purchase " + "x" * 91


def code_purchase(**fields: Any) -> BuyUnits:
    return buy(type=PurchaseType.KEY_CODE, key_code=code_id(5), last4="AB12", **fields)


@rule("TU-216", "X-06 key_code_purchase on", "TU-263")
def test_a_bought_key_code_is_new_and_its_buyer_is_its_contact() -> None:
    room = shop(key_code_purchase=True)
    outcome = room.do(code_purchase(), ANN).outcome
    assert (outcome.key_code, outcome.wallet) == (code_id(5), keycode(code_id(5)))
    code = record(room, RegisteredKeyCode, code_id(5))
    assert (code.last4, code.contacts) == ("AB12", frozenset({"ann"}))
    assert code.audience == {room.ledger.directory.lineage("ann", room.clock.at)[0]}
    assert record(room, UnitPurchase, "p1").key_code == code_id(5)
    bob, eve = learner("bob"), learner("eve")
    receipt = room.do(PlaceOrder("o1", "bob", cart("yoga 4"), code_id(5)), bob)
    assert spent(receipt) == "p1/1/1 4"
    room.refused(OutsideAudience, PlaceOrder("o2", "eve", cart("yoga 4"), code_id(5)), eve)


@rule("X-06 key_code_purchase off")
def test_by_default_no_key_code_is_sold() -> None:
    for by in (ANN, ADMIN):
        assert "key_code_purchase" in shop().refused(UnitsNotSold, code_purchase(), by).missing


@rule("TU-216", "TU-100")
def test_a_code_that_is_ours_already_is_not_sold_again() -> None:
    room = shop(key_code_purchase=True)
    room.register(5)
    refusal = room.refused(AlreadyExists, code_purchase(), ANN)
    assert (refusal.kind, refusal.key) == ("key code", code_id(5))


@pytest.mark.parametrize(
    ("by", "buyer", "type_", "allowed"),
    [
        pytest.param(ANN, "ann", PurchaseType.PERSONAL, True, id="TU-215 own units"),
        pytest.param(ANN, "ann", PurchaseType.KEY_CODE, True, id="TU-216 a code"),
        pytest.param(ANN, "ann", PurchaseType.DISTRIBUTABLE, False, id="TU-210 a learner"),
        pytest.param(ANN, "bob", PurchaseType.PERSONAL, False, id="TU-215 for another"),
        pytest.param(
            distributor("ann"), "ann", PurchaseType.DISTRIBUTABLE, True, id="TU-210 a distributor"
        ),
        pytest.param(
            distributor("ann"), "bob", PurchaseType.DISTRIBUTABLE, False, id="TU-210 another's"
        ),
        pytest.param(
            distributor("ann"), "ann", PurchaseType.PERSONAL, False, id="TU-210 not for oneself"
        ),
        pytest.param(CREATOR, "ann", PurchaseType.DISTRIBUTABLE, True, id="TU-210 a creator"),
        pytest.param(ADMIN, "ann", PurchaseType.PERSONAL, True, id="TU-215 an administrator"),
        pytest.param(SYSTEM, "ann", PurchaseType.KEY_CODE, True, id="TU-216 the system"),
    ],
)
def test_who_may_buy(by: Actor, buyer: str, type_: PurchaseType, *, allowed: bool) -> None:
    code = code_id(5) if type_ is PurchaseType.KEY_CODE else None
    command = buy(buyer=buyer, type=type_, key_code=code)
    if allowed:
        shop(key_code_purchase=True).do(command, by)
    else:
        shop(key_code_purchase=True).refused(NotPermitted, command, by)


@rule("TU-210")
def test_a_distributor_pays_the_list_price() -> None:
    command = buy(type=PurchaseType.DISTRIBUTABLE, price=Cost.of(1, "EUR"))
    shop().refused(NotPermitted, command, distributor("ann"))


# Payment.


@pytest.mark.parametrize("type_", list(PurchaseType))
def test_units_are_never_bought_by_paypal(type_: PurchaseType) -> None:
    """TU-211."""
    code = code_id(5) if type_ is PurchaseType.KEY_CODE else None
    command = buy(method=PaymentMethod.PAYPAL, type=type_, key_code=code)
    refusal = shop(key_code_purchase=True).refused(MethodNotAllowed, command)
    assert (refusal.method, refusal.purpose) == ("paypal", "training units")
    assert refusal.allowed == "bill, card, cost_centre, custom"


@pytest.mark.parametrize(
    "method", [one for one in PaymentMethod if one is not PaymentMethod.PAYPAL]
)
def test_every_other_method_pays_for_units(method: PaymentMethod) -> None:
    """TU-211."""
    assert shop().do(buy(method=method), ANN).outcome.method is method


@rule("X-05 coupon_on_unit_purchase off", "TU-214")
def test_by_default_no_coupon_is_taken() -> None:
    command = buy(coupon=Coupon("spring", 20))
    assert shop().refused(CouponNotAllowed, command, ANN).coupon == "spring"
    with pytest.raises(CouponNotAllowed):
        shop().ledger.units.price(Units.of(1), coupon=Coupon("spring", 20))


@rule("X-05 coupon_on_unit_purchase on", "TU-214")
def test_a_coupon_comes_off_after_the_discount() -> None:
    room = shop(coupon_on_unit_purchase=True, bulk_discounts=TIERS)
    coupon = Coupon("spring", 20)
    assert room.ledger.units.price(Units.of(100), coupon=coupon).money == 108
    outcome = room.do(buy("100", coupon=coupon), ANN).outcome
    assert (outcome.coupon, outcome.offer.money, outcome.offer.discount) == (
        "spring",
        Fraction(108),
        10,
    )
    assert record(room, UnitPurchase, "p1").coupon == "spring"
    (line,) = room.ledger.balance(member("ann")).lots
    assert line.lot.cost == Cost.of("1.08", "EUR")


# Once, and for good.


@rule("TU-181")
def test_a_purchase_id_is_used_once() -> None:
    room = shop()
    first = room.do(buy(), ANN, "p1")
    assert room.ledger.execute(buy(), by=ANN, request="p1") == first
    refusal = room.refused(AlreadyExists, buy(), ANN)
    assert (refusal.kind, refusal.key) == ("purchase", "p1")
    assert room.available(member("ann")) == "10.00"


@rule("TU-210")
def test_a_distribution_does_not_take_the_name_of_another() -> None:
    room = shop()
    room.do(create(assignment="p1"))
    command = buy(type=PurchaseType.DISTRIBUTABLE)
    refusal = room.refused(AlreadyExists, command, distributor("ann"))
    assert (refusal.kind, refusal.key) == ("assignment", "p1")
    room.do(buy(), ANN)


@rule("TU-217")
def test_bought_units_are_never_refunded() -> None:
    room = shop()
    room.do(buy(), ANN)
    for command in (RefundLine("p1", 1), WithdrawLine("p1", 1)):
        room.refused(UnknownObject, command)
    assert room.available(member("ann")) == "10.00"


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        pytest.param(InvalidInput, {"purchase": ""}, id="no id"),
        pytest.param(InvalidInput, {"purchase": "x" * 125}, id="an id too long for its lot"),
        pytest.param(InvalidInput, {"buyer": " ann"}, id="not a buyer"),
        pytest.param(InvalidType, {"type": "personal"}, id="a type by name"),
        pytest.param(InvalidType, {"method": "card"}, id="a method by name"),
        pytest.param(InvalidType, {"price": Fraction(1)}, id="a price without a currency"),
        pytest.param(InvalidType, {"coupon": "spring"}, id="a coupon by name"),
        pytest.param(InvalidValue, {"last4": "AB12"}, id="TU-216 the end of no code"),
        pytest.param(InvalidValue, {"last4": 5}, id="TU-216 a number"),
        pytest.param(InvalidValue, {"key_code": code_id(5)}, id="TU-216 a code for another type"),
        pytest.param(InvalidValue, {"type": PurchaseType.KEY_CODE}, id="TU-216 no code"),
        pytest.param(
            InvalidValue,
            {"type": PurchaseType.KEY_CODE, "key_code": "SUMMER"},
            id="TU-216 a plain code",
        ),
        pytest.param(
            InvalidValue,
            {"type": PurchaseType.KEY_CODE, "key_code": code_id(5), "last4": "AB123"},
            id="TU-216 five characters",
        ),
    ],
)
def test_what_cannot_be_a_purchase(error: type[Exception], fields: Any) -> None:
    with pytest.raises(error):
        buy(**fields)


@pytest.mark.parametrize(
    ("error", "units"),
    [
        pytest.param(InvalidValue, Units.of(0), id="nothing"),
        pytest.param(InvalidValue, Units.of("999999.01"), id="more than a row may have"),
        pytest.param(InvalidType, Credits.of(1), id="credits"),
        pytest.param(InvalidType, 5, id="a plain number"),
    ],
)
def test_what_cannot_be_bought(error: type[Exception], units: Any) -> None:
    with pytest.raises(error):
        BuyUnits(purchase="p1", buyer="ann", type=PurchaseType.PERSONAL, units=units)


@pytest.mark.parametrize(
    ("error", "made"),
    [
        pytest.param(InvalidInput, lambda: Coupon("", 5), id="X-05 no coupon"),
        pytest.param(InvalidType, lambda: Coupon("a", True), id="a bool"),
        pytest.param(InvalidValue, lambda: Coupon("a", 0), id="nothing off"),
        pytest.param(InvalidValue, lambda: Coupon("a", 101), id="more than everything off"),
        pytest.param(InvalidType, lambda: BulkDiscount(5, 5), id="TU-212 a plain number"),  # type: ignore[arg-type]
        pytest.param(InvalidType, lambda: BulkDiscount(Units.of(5), True), id="TU-212 a bool"),
        pytest.param(InvalidValue, lambda: BulkDiscount(Units.of(0), 5), id="TU-212 from nothing"),
        pytest.param(InvalidValue, lambda: BulkDiscount(Units.of(5), 0), id="TU-212 nothing off"),
        pytest.param(InvalidValue, lambda: BulkDiscount(Units.of(5), 101), id="TU-212 more"),
        pytest.param(InvalidType, lambda: MoneyRule(True), id="TU-177 decimals as a bool"),
        pytest.param(InvalidValue, lambda: MoneyRule(-1), id="TU-177 decimals below zero"),
        pytest.param(InvalidValue, lambda: MoneyRule(7), id="TU-177 seven decimals"),
        pytest.param(InvalidType, lambda: MoneyRule(2, "floor"), id="TU-177 by name"),  # type: ignore[arg-type]
        pytest.param(WrongUnit, lambda: unit_offer(Credits.of(1), selling()), id="credits"),  # type: ignore[arg-type]
        pytest.param(InvalidValue, lambda: unit_offer(Units.of(0), selling()), id="zero units"),
    ],
)
def test_what_is_no_price(error: type[Exception], made: Any) -> None:
    with pytest.raises(error):
        made()


def test_the_edges_of_prices() -> None:
    assert Coupon("a", 1).percent == 1
    assert BulkDiscount(Units.of("0.01"), 100).percent == 100
    assert BulkDiscount(Units.of("0.01"), 1).percent == 1
    assert MoneyRule(0).charge(Fraction(3, 2)) == 2
    assert MoneyRule(6).charge(Fraction(1, 3)) == Fraction("0.333333")
    assert Coupon("a", 100).percent == 100
    assert unit_offer(Units.of("0.01"), selling()).money == Fraction("0.015")
    assert buy("999999").units == Units.of(999999)


@rule("TU-219")
def test_a_purchase_is_found_by_its_buyer_and_its_lot_begins_with_it() -> None:
    room = shop()
    room.at(2)
    room.do(buy(), ANN)
    with room.ledger.store.read(room.ledger.portal) as reading:
        (found,) = reading.find("unit_purchase", "buyer", "ann")
        lot = reading.lot(LotId("p1/1/1"))
    assert found == record(room, UnitPurchase, "p1")
    assert lot is not None
    assert (lot.terms, lot.acquired, lot.since) == (Validity(day(2), None), day(2), day(2))


@rule("TU-092")
def test_a_long_id_does_not_make_a_title_too_long() -> None:
    room = shop()
    room.do(buy(purchase="p" * 120, type=PurchaseType.DISTRIBUTABLE))
    assert record(room, Assignment, "p" * 120).title == "Purchase " + "p" * 91
