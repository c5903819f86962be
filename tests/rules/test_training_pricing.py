"""Prices in units: the worked numbers of the seed and the rules around them."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from fractions import Fraction

import pytest

from tests.rules.training_room import rule
from unitledger.amounts import Rate, Units
from unitledger.errors import (
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NegativeAmount,
    NotPayableInUnits,
)
from unitledger.policy import Policy
from unitledger.training import MAX_ITEMS, Item, PricedIn, quote


@pytest.mark.parametrize(
    ("unit_value", "price", "each"),
    [
        pytest.param("1", "1.50", "1.50", id="TU-120 money at one for one"),
        pytest.param("1", "1.234", "1.24", id="TU-121 money with a third decimal"),
        pytest.param("0.99", "100", "101.02", id="TU-294 100 at 0.99"),
        pytest.param("3", "10", "3.34", id="TU-294 10 at 3"),
        pytest.param("3", "0.01", "0.01", id="TU-294 0.01 at 3"),
        pytest.param("2", "0.03", "0.02", id="TU-295 0.015 rounded once"),
        pytest.param("3", "0.99", "0.33", id="TU-295 exact, though a third is not"),
        pytest.param("1/3", "1", "3.00", id="TU-295 the rate itself is a third"),
        pytest.param("7", "0", "0.00", id="TU-139 free"),
    ],
)
def test_a_price_in_money(unit_value: str, price: str, each: str) -> None:
    priced = quote([Item.in_money("yoga", price)], Policy(unit_value=Rate.of(unit_value)))
    assert priced.lines[0].each == Units.of(each)


@pytest.mark.parametrize(
    ("price", "each"),
    [
        pytest.param("1.234", "1.24", id="TU-121 a third decimal goes up"),
        pytest.param("1.23", "1.23", id="TU-122 two decimals stay"),
        pytest.param("1.10", "1.10", id="TU-122 and so does one"),
        pytest.param("1.2300000000000000000001", "1.24", id="TU-121 however little it is"),
        pytest.param(Fraction(1, 3), "0.34", id="TU-121 an exact third"),
        pytest.param(Decimal(2), "2.00", id="TU-122 a whole number"),
    ],
)
def test_an_own_price_in_units(price: str | Fraction | Decimal, each: str) -> None:
    assert quote([Item.in_units("yoga", price)], Policy()).lines[0].each == Units.of(each)


@pytest.mark.parametrize(
    ("cart", "lines", "total"),
    [
        pytest.param("1.234, 1.234, 1.234", "1.24 1.24 1.24", "3.72", id="TU-123 not 3.71"),
        pytest.param("5 x 1.234", "6.20", "6.20", id="TU-124 five of one item, not 6.17"),
        pytest.param("2 x 1.234, 0.001", "2.48 0.01", "2.49", id="TU-124 lines add up"),
        pytest.param("0, 2", "0.00 2.00", "2.00", id="TU-139 a free line"),
    ],
)
def test_each_single_item_is_rounded_before_anything_is_added(
    cart: str, lines: str, total: str
) -> None:
    priced = quote(_cart(cart), Policy())
    assert " ".join(line.units.text for line in priced.lines) == lines
    assert priced.total == Units.of(total)


def _cart(text: str) -> list[Item]:
    items = []
    for number, line in enumerate(text.split(", ")):
        times, _, price = line.rpartition(" x ")
        items.append(Item.in_units(f"item{number}", price, int(times or 1)))
    return items


@rule("TU-125")
def test_a_price_in_money_needs_a_unit_value() -> None:
    cart = [Item.in_units("yoga", 1), Item.in_money("chess", "1.50")]
    with pytest.raises(NotPayableInUnits, match="unit_value") as refusal:
        quote(cart, Policy())
    assert refusal.value.item == "chess"


@rule("TU-139")
def test_a_free_item_needs_no_unit_value() -> None:
    assert quote([Item.in_money("yoga", 0)], Policy()).total == Units.of(0)


@rule("TU-126")
def test_an_own_price_stays_whatever_a_unit_is_worth() -> None:
    item = Item.in_units("yoga", "1.5")
    totals = {
        quote([item], Policy(unit_value=rate)).total
        for rate in (None, Rate.of("0.5"), Rate.of("200"))
    }
    assert totals == {Units.of("1.5")}


@rule("TU-295")
def test_no_decimal_context_changes_a_price() -> None:
    policy = Policy(unit_value=Rate.of("0.99"))
    with localcontext(Context(prec=2, rounding=ROUND_FLOOR)):
        assert quote([Item.in_money("yoga", Decimal(100))], policy).total == Units.of("101.02")


@pytest.mark.parametrize(
    ("error", "item", "price", "quantity"),
    [
        pytest.param(InvalidType, "yoga", 1.5, 1, id="TU-290 a float"),
        pytest.param(InvalidType, "yoga", True, 1, id="a bool"),
        pytest.param(NegativeAmount, "yoga", "-0.01", 1, id="below zero"),
        pytest.param(InvalidInput, "yoga", "NaN", 1, id="not a number"),
        pytest.param(LimitExceeded, "yoga", 10**16, 1, id="too large to be meant"),
        pytest.param(LimitExceeded, "yoga", Fraction(1, 2**257), 1, id="too fine to be meant"),
        pytest.param(InvalidValue, "yoga", 1, 0, id="none of it"),
        pytest.param(InvalidType, "yoga", 1, 1.0, id="a float of them"),
        pytest.param(InvalidType, "yoga", 1, True, id="a bool of them"),
        pytest.param(InvalidValue, "yoga", 1, 1_000_001, id="more than a million"),
        pytest.param(InvalidInput, " yoga", 1, 1, id="not an id"),
    ],
)
def test_what_cannot_be_an_item(
    error: type[InvalidInput], item: str, price: object, quantity: object
) -> None:
    with pytest.raises(error):
        Item.in_units(item, price, quantity)  # type: ignore[arg-type]


def test_an_item_takes_its_fields_exactly() -> None:
    for price in (
        Fraction(-1),
        Fraction(10**16),
        Fraction(1, 2**257),
        Fraction(2**300, 2**299 + 1),
    ):
        with pytest.raises(InvalidInput):
            Item("yoga", price, PricedIn.UNITS)
    assert Item("yoga", Fraction(10**15), PricedIn.UNITS, 1).price == 10**15
    with pytest.raises(InvalidType):
        Item("yoga", "1.5", PricedIn.UNITS)  # type: ignore[arg-type]
    with pytest.raises(InvalidType):
        Item("yoga", Fraction(1), "units")  # type: ignore[arg-type]


def test_a_cart_has_one_to_a_thousand_items() -> None:
    item = Item.in_units("yoga", 1)
    assert quote([item] * MAX_ITEMS, Policy()).total == Units.of(1000)
    with pytest.raises(LimitExceeded):
        quote([item] * (MAX_ITEMS + 1), Policy())
    with pytest.raises(InvalidValue):
        quote([], Policy())
    with pytest.raises(InvalidType):
        quote(["yoga"], Policy())  # type: ignore[list-item]


def test_a_quote_shows_itself_line_by_line() -> None:
    priced = quote(_cart("3 x 1.234, 2"), Policy())
    assert priced.table().text == (
        "5.72 units in all\n"
        "  item   quantity  each  units\n"
        "  item0         3  1.24   3.72\n"
        "  item1         1  2.00   2.00"
    )
    assert ">3.72</td>" in priced._repr_html_()
