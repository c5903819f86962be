"""Quotes: what an order would cost before it is placed, and what becomes of it when lots move."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.rules.test_training_approvals import asked, holding
from tests.rules.test_training_checkout import ANN, CODE, by_code, cart, order, stocked
from tests.rules.training_room import CODES, Room, code, code_id, day, rule, spent
from unitledger.accounts import keycode, member
from unitledger.amounts import Rate, Units
from unitledger.errors import (
    AlreadyExists,
    InsufficientUnits,
    InvalidType,
    InvalidValue,
    MethodNotAllowed,
    QuoteMoved,
    UnknownKeyCode,
    UnknownObject,
)
from unitledger.operations import EditExpiry, VoidUnits
from unitledger.policy import MoneyRule, MovedQuote, PaymentMethod, Policy, Rounding, Tender
from unitledger.training import (
    CaptureLine,
    CheckoutState,
    PlaceOrder,
    RefundLine,
    ReplaceKeyCode,
)

OWN = member("ann")
MONEY: dict[str, Any] = {"tender": Tender.ALLOW_REMAINDER, "unit_value": Rate.of("1/3")}


@rule("TU-105", "TU-170", "TU-180")
def test_a_quote_says_who_would_pay_and_changes_nothing() -> None:
    room = stocked(code="C 5 d60, D 3", own="A 9")
    before = room.ledger.journal()
    quote = room.ledger.units.quote(by_code("yoga 6, chess 4"))
    assert room.ledger.journal() == before
    assert (quote.total, quote.missing) == (Units.of(10), Units.of(0))
    assert quote.payment.paid == ((CODE, Units.of(8)), (OWN, Units.of(2)))
    assert [leg.units for leg in quote.payment.legs] == [Units.of(8), Units.of(2)]
    assert quote.payment.remainder is None
    assert [line.units for line in quote.payment.lines] == [Units.of(6), Units.of(4)]
    assert quote.table().title == "10.00 units in all, 0.00 units of it in money"
    assert quote.table().rows == (
        ("yoga", CODE, "C", "5.00"),
        ("yoga", CODE, "D", "1.00"),
        ("chess", CODE, "D", "2.00"),
        ("chess", OWN, "A", "2.00"),
    )
    assert "yoga" in quote._repr_html_()


@rule("TU-105", "TU-113")
def test_a_quote_is_never_before_what_it_stands_on_happened() -> None:
    room = Room()
    lost = room.register()
    room.at(5)
    room.issue(keycode(lost), "C 5")
    room.do(ReplaceKeyCode.by(lost, code(2), CODES))
    room.at(3)
    quote = room.ledger.units.quote(order("yoga 4", code_id(2)))
    assert quote.payment.paid == ((keycode(lost), Units.of(4)),)


@rule("TU-105")
def test_a_quote_explains_every_lot() -> None:
    room = stocked(code="C 5 d60, D 3 @legal", own="A 9")
    quote = room.ledger.units.quote(by_code("yoga 6, chess 1"))
    (code, why), (own, _) = quote.explained(1)
    assert (code, own) == (CODE, OWN)
    assert [reason.lot.id for reason in why] == ["C", "D"]
    for wrong, error in ((0, InvalidValue), (3, InvalidValue), (True, InvalidType)):
        with pytest.raises(error):
            quote.explained(wrong)
    assert quote.explained(2)[1][0] == OWN


@pytest.mark.parametrize(
    ("command", "error"),
    [
        pytest.param(order("yoga 10"), InsufficientUnits, id="TU-171 too little"),
        pytest.param(PlaceOrder("o1", "ann", cart("a 1"), code_id(9)), UnknownKeyCode, id="a code"),
        pytest.param(order("yoga 1", name="o0"), AlreadyExists, id="an order id that is taken"),
    ],
)
def test_a_quote_is_refused_as_the_order_would_be(command: Any, error: Any) -> None:
    room = stocked(own="A 9")
    room.do(order("yoga 1", name="o0"), ANN)
    with pytest.raises(error):
        room.ledger.units.quote(command)


@rule("TU-171")
def test_what_is_missing_is_said_in_units_and_in_money() -> None:
    room = stocked(Policy(unit_value=Rate.of("0.99")), own="A 9")
    refusal = room.refused(InsufficientUnits, order("yoga 10.50"), ANN)
    assert (refusal.shortfall, refusal.worth) == (Units.of("1.50"), Fraction("1.485"))
    assert "1.50 units more needed, worth 297/200 in money" in str(refusal)
    assert stocked(own="A 9").refused(InsufficientUnits, order("yoga 10"), ANN).worth is None


def test_only_an_order_is_quoted() -> None:
    with pytest.raises(InvalidType):
        Room().ledger.units.quote(RefundLine("o1", 1))  # type: ignore[arg-type]


# The remainder in money.


@pytest.mark.parametrize(
    ("money_rule", "charge"),
    [
        pytest.param(MoneyRule(), "0.34", id="TU-177 half up"),
        pytest.param(MoneyRule(2, Rounding.FLOOR), "0.33", id="TU-177 floor"),
        pytest.param(MoneyRule(2, Rounding.CEILING), "0.34", id="TU-177 ceiling"),
        pytest.param(MoneyRule(0, Rounding.HALF_EVEN), "0", id="TU-177 no decimals"),
        pytest.param(MoneyRule(3, Rounding.FLOOR), "0.336", id="TU-177 three decimals"),
    ],
)
def test_the_remainder_is_exact_and_rounded_once(money_rule: MoneyRule, charge: str) -> None:
    room = stocked(Policy(**MONEY, money_rule=money_rule), own="A 1")
    remainder = room.ledger.units.quote(order("yoga 2.01")).payment.remainder
    assert remainder is not None
    assert (remainder.units, remainder.money) == (Units.of("1.01"), Fraction(101, 300))
    assert remainder.charge == Fraction(charge)
    assert room.ledger.units.quote(order("yoga 2.01")).missing == Units.of("1.01")


@pytest.mark.parametrize(
    ("policy", "method", "methods"),
    [
        pytest.param({}, None, {"card", "bill"}, id="X-01 card and bill, not said"),
        pytest.param({}, PaymentMethod.CARD, {"card"}, id="X-01 a card"),
        pytest.param({}, PaymentMethod.BILL, {"bill"}, id="X-01 a bill"),
        pytest.param({}, PaymentMethod.PAYPAL, None, id="X-01 not a method that is not listed"),
        pytest.param(
            {"remainder_methods": frozenset({PaymentMethod.PAYPAL})},
            PaymentMethod.PAYPAL,
            {"paypal"},
            id="X-01 another list",
        ),
        pytest.param(
            {"tender": Tender.UNITS_ONLY}, PaymentMethod.CARD, None, id="X-01 units_only: no card"
        ),
        pytest.param(
            {"tender": Tender.STRICT_ONE_METHOD},
            PaymentMethod.BILL,
            None,
            id="X-01 strict_one_method: no bill",
        ),
    ],
)
def test_what_may_pay_the_remainder(
    policy: dict[str, Any], method: PaymentMethod | None, methods: set[str] | None
) -> None:
    room = stocked(Policy(**{**MONEY, **policy}), own="A 1")
    command = PlaceOrder("o1", "ann", cart("yoga 2"), remainder_by=method)
    if methods is None:
        refusal = room.refused(MethodNotAllowed, command, ANN)
        assert method is not None
        assert (refusal.method, refusal.purpose) == (method.value, "the remainder")
        assert ("tender" in refusal.allowed) is ("tender" in policy)
    else:
        remainder = room.do(command, ANN).outcome.remainder
        assert remainder is not None
        assert remainder.methods == methods


@rule("X-01")
def test_without_a_method_that_may_pay_nothing_is_left_to_money() -> None:
    room = stocked(Policy(**MONEY, remainder_methods=frozenset()), own="A 1")
    room.refused(InsufficientUnits, order("yoga 2"), ANN)


@rule("X-01")
def test_an_order_remembers_what_pays_only_when_something_does() -> None:
    room = stocked(Policy(**MONEY), own="A 4")
    room.do(PlaceOrder("o1", "ann", cart("yoga 3"), remainder_by=PaymentMethod.CARD), ANN)
    room.do(PlaceOrder("o2", "ann", cart("yoga 3"), remainder_by=PaymentMethod.CARD), ANN)
    assert room.ledger.units.order("o1").order.remainder_by is None
    assert room.ledger.units.order("o2").order.remainder_by is PaymentMethod.CARD


# A key code behind the buyer's own units.


def topping(text: str, **fields: Any) -> PlaceOrder:
    return PlaceOrder("o1", "ann", cart(text), top_up_code=code_id(), **fields)


@rule("TU-184 code_tops_up off")
def test_by_default_a_key_code_does_not_top_up() -> None:
    room = stocked(code="C 5", own="A 9")
    refusal = room.refused(MethodNotAllowed, topping("yoga 10"), ANN)
    assert "code_tops_up" in refusal.allowed


@rule("TU-184 code_tops_up on")
def test_a_key_code_pays_what_the_buyers_own_units_do_not() -> None:
    room = stocked(Policy(code_tops_up=True), code="C 5", own="A 9")
    receipt = room.do(topping("yoga 10"), ANN)
    assert spent(receipt) == "A 9, C 1"
    assert receipt.outcome.paid == ((OWN, Units.of(9)), (CODE, Units.of(1)))


@rule("TU-184 code_tops_up on")
def test_a_code_that_is_not_needed_pays_nothing() -> None:
    room = stocked(Policy(code_tops_up=True), code="C 5", own="A 9")
    assert spent(room.do(topping("yoga 9"), ANN)) == "A 9"


@rule("TU-184", "X-01")
def test_one_method_is_one_method() -> None:
    policy = Policy(code_tops_up=True, tender=Tender.STRICT_ONE_METHOD)
    stocked(policy, code="C 5", own="A 9").refused(MethodNotAllowed, topping("yoga 10"), ANN)


@rule("TU-184")
def test_a_code_in_front_and_another_behind_is_one_too_many() -> None:
    room = stocked(Policy(code_tops_up=True), code="C 5", own="A 9")
    room.refused(InvalidValue, topping("yoga 1", key_code=code_id()), ANN)


# A quote and the order it is placed with.


def quoted(room: Room, command: PlaceOrder) -> PlaceOrder:
    """The same order with the version of its quote."""
    version = room.ledger.units.quote(command).version
    return PlaceOrder(command.order, command.buyer, command.items, command.key_code, quoted=version)


@pytest.mark.parametrize("moved", list(MovedQuote))
def test_an_order_is_placed_as_it_was_quoted(moved: MovedQuote) -> None:
    """TU-179."""
    room = stocked(Policy(moved_quote=moved), code="C 5", own="A 9")
    command = quoted(room, by_code("yoga 6"))
    room.at(1)
    assert spent(room.do(command, ANN)) == "C 5, A 1"


@pytest.mark.parametrize(
    ("moved", "taken"),
    [
        pytest.param(MovedQuote.REPLAN, "B 5", id="TU-179 replan"),
        pytest.param(MovedQuote.REFUSE, None, id="TU-179 refuse"),
    ],
)
@pytest.mark.parametrize("change", ["a lot more", "a lot less", "other terms"])
def test_when_other_lots_would_pay_the_policy_decides(
    moved: MovedQuote, taken: str | None, change: str
) -> None:
    room = stocked(Policy(moved_quote=moved), own="A 5 d9, C 5")
    command = quoted(room, order("yoga 5"))
    if change == "a lot more":
        room.issue(OWN, "B 5 d8")
    elif change == "a lot less":
        room.do(VoidUnits(OWN, Units.of(5)))
        taken = taken and "C 5"
    else:
        room.do(EditExpiry("A", OWN, day(10)))  # type: ignore[arg-type]
        taken = taken and "A 5"
    if taken is None:
        refusal = room.refused(QuoteMoved, command, ANN)
        assert (refusal.order, refusal.quoted) == ("o1", command.quoted)
        assert refusal.now == room.ledger.units.quote(order("yoga 5")).version
        room.do(quoted(room, order("yoga 5")), ANN)
    else:
        assert spent(room.do(command, ANN)) == taken


@pytest.mark.parametrize("moved", list(MovedQuote))
def test_nobody_pays_more_money_than_was_quoted(moved: MovedQuote) -> None:
    """TU-179: whatever the policy says about lots."""
    room = stocked(Policy(**MONEY, moved_quote=moved), own="A 5")
    command = quoted(room, order("yoga 6"))
    room.do(VoidUnits(OWN, Units.of(1)))
    refusal = room.refused(QuoteMoved, command, ANN)
    assert "show a new quote" in str(refusal)


@rule("TU-179")
def test_an_order_of_another_price_is_not_the_one_that_was_quoted() -> None:
    room = stocked(own="A 9")
    version = room.ledger.units.quote(order("yoga 5")).version
    room.refused(QuoteMoved, PlaceOrder("o1", "ann", cart("yoga 6"), quoted=version), ANN)


@pytest.mark.parametrize(
    ("error", "version"),
    [
        pytest.param(InvalidType, 5, id="a number"),
        pytest.param(InvalidValue, "", id="nothing"),
        pytest.param(InvalidValue, "0123456789ab", id="a half"),
        pytest.param(InvalidValue, "0123456789ab.0123456789aB", id="capitals"),
    ],
)
def test_what_cannot_be_a_version(error: type[Exception], version: Any) -> None:
    with pytest.raises(error):
        PlaceOrder("o1", "ann", cart("yoga 1"), quoted=version)


# Where an order is.


@rule("TU-180", "X-20")
def test_where_an_order_is() -> None:
    room = stocked(holding(approval_days=5), own="A 9")
    room.do(asked("yoga 3, chess 1, bridge 0"), ANN)
    book = room.ledger.units
    standing = book.order("o1")
    assert standing.state is CheckoutState.HELD
    assert [(line.held.text, line.spent.text) for line in standing.lines] == [
        ("3.00", "0.00"),
        ("1.00", "0.00"),
        ("0.00", "0.00"),
    ]
    assert [line.line.item for line in standing.lines] == ["yoga", "chess", "bridge"]
    room.do(CaptureLine("o1", 1))
    assert book.order("o1").state is CheckoutState.HELD
    assert book.order("o1", at=day(5)).state is CheckoutState.PLACED
    room.at(5)
    assert book.order("o1").state is CheckoutState.PLACED
    room.do(RefundLine("o1", 1, Units.of(1)))
    assert book.order("o1").state is CheckoutState.PLACED
    room.do(RefundLine("o1", 1))
    assert book.order("o1").state is CheckoutState.REFUNDED


@rule("TU-139")
def test_an_order_that_cost_nothing_is_placed() -> None:
    room = stocked()
    room.do(order("yoga 0"), ANN)
    assert room.ledger.units.order("o1").state is CheckoutState.PLACED
    with pytest.raises(UnknownObject):
        room.ledger.units.order("o2")


def test_a_quote_of_another_day_is_that_days() -> None:
    """TU-105."""
    room = stocked(own="A 5 d9, B 9")
    assert room.ledger.units.quote(order("yoga 5")).table().rows[0][2] == "A"
    assert room.ledger.units.quote(order("yoga 5"), at=day(9)).table().rows[0][2] == "B"


def test_the_life_of_a_checkout_has_names() -> None:
    """TU-179, TU-180."""
    assert [state.value for state in CheckoutState] == [
        "priced",
        "reviewed",
        "held",
        "placed",
        "refunded",
    ]
    assert repr(CheckoutState.HELD) == "CheckoutState.HELD"
