"""Amounts and prices, case by case."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from unitledger.amounts import MAX_PARTS, UNIT_NAMES, Amount, Credits, Rate, Units, exact
from unitledger.errors import (
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NegativeAmount,
    NotFinite,
    TooPrecise,
    UnitLedgerError,
    WrongUnit,
)


@pytest.mark.parametrize(
    ("price", "rate", "parts"),
    [
        pytest.param("1.50", "1", 150, id="TU-120 one unit is one of the currency"),
        pytest.param("1.50", None, 150, id="TU-120 a price in units"),
        pytest.param("1.234", None, 124, id="TU-121 up to the second decimal"),
        pytest.param("1.231", None, 124, id="TU-121 up, not to the nearest"),
        pytest.param(
            "1.2300000000000000000000000000000000001", None, 124, id="TU-121 however near"
        ),
        pytest.param("1.23", None, 123, id="TU-122 1.23 stays"),
        pytest.param("1.10", None, 110, id="TU-122 1.10 stays (a float gives 1.11)"),
        pytest.param("8.20", None, 820, id="TU-122 8.20 stays"),
        pytest.param("0.07", None, 7, id="TU-122 0.07 stays (a float gives 0.08)"),
        pytest.param("1.230", None, 123, id="TU-122 a zero behind changes nothing"),
        pytest.param(Decimal("1.10"), None, 110, id="TU-122 as a Decimal"),
        pytest.param(Fraction(11, 10), None, 110, id="TU-122 as a Fraction"),
        pytest.param(Fraction(7, 100) * 100, None, 700, id="D20 7 percent of 100"),
        pytest.param("100", "0.99", 10102, id="TU-294 100 at 0.99"),
        pytest.param("10", "3", 334, id="TU-294 10 at 3"),
        pytest.param("0.01", "3", 1, id="TU-294 0.01 at 3"),
        pytest.param("9", "3", 300, id="TU-294 9 at 3"),
        pytest.param("1", "1/3", 300, id="TU-294 1 at a third"),
        pytest.param("1.001", "0.5", 201, id="TU-295 money is not rounded first"),
        pytest.param("1.0001", "0.01", 10001, id="TU-295 once, after the division"),
        pytest.param("0.9999", "1/3", 300, id="TU-295 2.9997 goes up"),
        pytest.param("0", "0.99", 0, id="I5 nothing costs nothing"),
        pytest.param(0, None, 0, id="I5 zero"),
        pytest.param(
            "0.0000000000000000000000000000000000000001", None, 1, id="I5 hardly anything"
        ),
        pytest.param("10000000000000", None, 10**15, id="I16 the largest price"),
    ],
)
def test_a_price_in_units(price: Any, rate: str | None, parts: int) -> None:
    given = None if rate is None else Rate.of(rate)
    assert Units.priced(price, given) == Units(parts=parts)


@pytest.mark.parametrize(
    ("price", "quantity", "text"),
    [
        pytest.param("1.234", 3, "3.72", id="TU-123 three items, 3.72 and never 3.71"),
        pytest.param("1.234", 5, "6.20", id="TU-124 quantity times the single price"),
        pytest.param("1.234", 1, "1.24", id="TU-124 one"),
        pytest.param("1.234", 0, "0.00", id="TU-124 none"),
        pytest.param("0.001", 1000, "10.00", id="TU-123 a thousand small ones"),
    ],
)
def test_several_items_are_rounded_one_by_one(price: str, quantity: int, text: str) -> None:
    single = Units.priced(price)
    assert (single * quantity).text == text
    assert (quantity * single).text == text
    assert Units.total([single] * quantity).text == text


@pytest.mark.parametrize(
    ("kind", "given", "parts"),
    [
        pytest.param(Credits, 7, 7, id="C4 int"),
        pytest.param(Credits, "7", 7, id="C4 text"),
        pytest.param(Credits, "7.0", 7, id="C4 a zero behind is no fraction"),
        pytest.param(Credits, Decimal("7E+2"), 700, id="C4 Decimal with an exponent"),
        pytest.param(Credits, Fraction(14, 2), 7, id="C4 Fraction"),
        pytest.param(Credits, 0, 0, id="C4 zero"),
        pytest.param(Credits, Decimal("-0"), 0, id="C4 minus zero is zero"),
        pytest.param(Credits, 10**15, 10**15, id="I16 the largest"),
        pytest.param(Units, "1.5", 150, id="TU-290 one decimal"),
        pytest.param(Units, "1.50", 150, id="TU-290 two decimals"),
        pytest.param(Units, "+1.500", 150, id="TU-290 a sign and a zero behind"),
        pytest.param(Units, "-0.00", 0, id="TU-290 minus zero is zero"),
        pytest.param(Units, Decimal("1.1"), 110, id="TU-290 Decimal"),
        pytest.param(Units, Decimal("11E-1"), 110, id="TU-290 Decimal with an exponent"),
        pytest.param(Units, Fraction(1, 4), 25, id="TU-290 Fraction"),
        pytest.param(Units, 3, 300, id="TU-290 int"),
        pytest.param(Units, "10000000000000.00", 10**15, id="I16 the largest in units"),
        pytest.param(Units, "0" * 30 + "1", 100, id="TU-290 zeros before"),
    ],
)
def test_an_amount_is_read_exactly(kind: type[Amount], given: Any, parts: int) -> None:
    assert kind.of(given) == kind(parts=parts)


@pytest.mark.parametrize(
    ("kind", "given", "error"),
    [
        pytest.param(Credits, True, InvalidType, id="C4 bool"),
        pytest.param(Credits, 1.0, InvalidType, id="C4 float"),
        pytest.param(Credits, float("nan"), InvalidType, id="C4 NaN as a float"),
        pytest.param(Credits, Decimal("NaN"), NotFinite, id="C4 NaN as a Decimal"),
        pytest.param(Credits, "1.5", TooPrecise, id="C4 half a credit"),
        pytest.param(Credits, Fraction(1, 2), TooPrecise, id="C4 half a credit as a Fraction"),
        pytest.param(Credits, -1, NegativeAmount, id="C4 below zero"),
        pytest.param(Credits, None, InvalidType, id="C4 nothing"),
        pytest.param(Credits, Units(parts=100), InvalidType, id="C4 units are not credits"),
        pytest.param(Units, 1.5, InvalidType, id="TU-290 float"),
        pytest.param(Units, "1.234", TooPrecise, id="TU-290 a third decimal is never rounded"),
        pytest.param(Units, Decimal("0.001"), TooPrecise, id="TU-290 Decimal of a third decimal"),
        pytest.param(Units, Fraction(1, 3), TooPrecise, id="TU-290 a third"),
        pytest.param(Units, "-0.001", NegativeAmount, id="D35 minus a little is not clamped to 0"),
        pytest.param(Units, "-1.50", NegativeAmount, id="TU-290 below zero"),
        pytest.param(Units, Decimal("Infinity"), NotFinite, id="P14 infinity"),
        pytest.param(Units, Decimal("sNaN"), NotFinite, id="P14 signalling NaN"),
        pytest.param(Units, "10000000000000.01", LimitExceeded, id="I16 one part too many"),
        pytest.param(Credits, 10**15 + 1, LimitExceeded, id="I16 one credit too many"),
        pytest.param(Units, "1E2", InvalidValue, id="P14 an exponent in a text"),
        pytest.param(Units, "1,5", InvalidValue, id="P14 a comma"),
        pytest.param(Units, "", InvalidValue, id="P14 an empty text"),
        pytest.param(Units, ".5", InvalidValue, id="P14 nothing before the point"),
        pytest.param(Units, "5.", InvalidValue, id="P14 nothing behind the point"),
        pytest.param(Amount, 1, InvalidType, id="C4 an amount of nothing in particular"),
    ],
)
def test_an_amount_is_refused(kind: type[Amount], given: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        kind.of(given)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param(True, InvalidType, id="C4 bool is not an int"),
        pytest.param(1.0, InvalidType, id="C4 float"),
        pytest.param("1", InvalidType, id="C4 text is read by of, not here"),
        pytest.param(None, InvalidType, id="C4 nothing"),
        pytest.param(-1, NegativeAmount, id="C4 below zero"),
        pytest.param(10**15 + 1, LimitExceeded, id="I16 one too many"),
    ],
)
def test_parts_are_refused(given: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        Credits(parts=given)
    with pytest.raises(error):
        Units(parts=given)


@pytest.mark.parametrize(
    ("price", "rate", "error"),
    [
        pytest.param("-0.001", None, NegativeAmount, id="I5 minus a little is not rounded to 0"),
        pytest.param(-1, None, NegativeAmount, id="I5 below zero"),
        pytest.param(1.234, None, InvalidType, id="P14 float"),
        pytest.param(True, None, InvalidType, id="P14 bool"),
        pytest.param(Decimal("NaN"), None, NotFinite, id="P14 NaN"),
        pytest.param("1", "2", InvalidType, id="TU-125 a rate is a Rate"),
        pytest.param("1", 0, InvalidType, id="TU-125 zero is not no rate"),
        pytest.param("1", Fraction(1), InvalidType, id="TU-125 a Fraction is no Rate"),
        pytest.param("10000000000000.001", None, LimitExceeded, id="I16 rounded beyond the limit"),
        pytest.param(10**15, Rate.of("0.01"), LimitExceeded, id="I16 converted beyond the limit"),
    ],
)
def test_a_price_is_refused(price: Any, rate: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        Units.priced(price, rate)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param(0, InvalidValue, id="I5 zero"),
        pytest.param("0.00", InvalidValue, id="I5 zero as a text"),
        pytest.param("-0.99", InvalidValue, id="I5 below zero"),
        pytest.param("1/0", InvalidValue, id="I5 divided by zero"),
        pytest.param("0/5", InvalidValue, id="I5 zero fifths"),
        pytest.param("-1/-2", InvalidValue, id="I5 signs in a quotient"),
        pytest.param("1/2/3", InvalidValue, id="I5 two strokes"),
        pytest.param("1.5/2", InvalidValue, id="I5 a point in a quotient"),
        pytest.param("/", InvalidValue, id="I5 a stroke alone"),
        pytest.param(0.99, InvalidType, id="P14 float"),
        pytest.param(True, InvalidType, id="P14 bool"),
        pytest.param(Decimal("Infinity"), NotFinite, id="P14 infinity"),
        pytest.param("1000000000000001", LimitExceeded, id="I16 above the limit"),
    ],
)
def test_a_rate_is_refused(given: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        Rate.of(given)


def test_a_rate_is_built_from_nothing_but_a_fraction() -> None:
    for given in (1, 1.5, "1", Decimal(1), True, None):
        with pytest.raises(InvalidType):
            Rate(given)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue):
        Rate(Fraction(-1, 2))


@pytest.mark.parametrize(
    "mixed",
    [
        pytest.param(lambda c, u: c + u, id="C4 add"),
        pytest.param(lambda c, u: u - c, id="C4 subtract"),
        pytest.param(lambda c, u: c < u, id="C4 less"),
        pytest.param(lambda c, u: c <= u, id="C4 at most"),
        pytest.param(lambda c, u: c > u, id="C4 more"),
        pytest.param(lambda c, u: c >= u, id="C4 at least"),
        pytest.param(lambda c, u: Credits.total([c, u]), id="C4 total"),
        pytest.param(lambda c, u: sorted([c, u]), id="C4 sort"),
        pytest.param(lambda c, _: c + 1, id="C4 add an int"),
        pytest.param(lambda c, _: c > 0, id="C4 compare with an int"),
        pytest.param(lambda _, u: Decimal(1) < u, id="TU-290 compare with a Decimal"),
    ],
)
def test_kinds_of_unit_never_mix(mixed: Any) -> None:
    with pytest.raises(WrongUnit):
        mixed(Credits(parts=1), Units(parts=1))


def test_equal_parts_of_two_kinds_are_not_equal() -> None:
    one: object = Credits(parts=1)
    assert one == Credits(parts=1)
    assert one not in (Units(parts=1), 1, True, Decimal(1), "1")


@pytest.mark.parametrize(
    ("times", "error"),
    [
        pytest.param(True, InvalidType, id="P14 bool"),
        pytest.param(2.0, InvalidType, id="P14 float"),
        pytest.param("2", InvalidType, id="R46 text (4 times 8 is not 48)"),
        pytest.param(-1, NegativeAmount, id="I5 a negative quantity"),
        pytest.param(10**15 + 1, LimitExceeded, id="I16 a quantity beyond the limit"),
        pytest.param(10**15, LimitExceeded, id="I16 a product beyond the limit"),
    ],
)
def test_a_multiple_is_refused(times: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        Units(parts=2) * times
    with pytest.raises(error):
        times * Units(parts=2)


def test_a_negative_quantity_of_nothing_is_refused_too() -> None:
    with pytest.raises(NegativeAmount):
        Units(parts=0) * -1


def test_differences_below_zero_and_sums_above_the_limit_are_refused_not_clamped() -> None:
    with pytest.raises(NegativeAmount):
        Credits(parts=1) - Credits(parts=2)
    with pytest.raises(LimitExceeded):
        Credits(parts=MAX_PARTS) + Credits(parts=1)
    with pytest.raises(LimitExceeded):
        Credits.total([Credits(parts=MAX_PARTS), Credits(parts=1)])


@pytest.mark.parametrize(
    ("amount", "text", "spoken", "written"),
    [
        pytest.param(Units(parts=0), "0.00", "0.00 units", "Units.of('0.00')", id="TU-290 zero"),
        pytest.param(Units(parts=5), "0.05", "0.05 units", "Units.of('0.05')", id="TU-290 small"),
        pytest.param(Units(parts=3005), "30.05", "30.05 units", "Units.of('30.05')", id="TU-290"),
        pytest.param(Credits(parts=30), "30", "30 credits", "Credits.of('30')", id="C4"),
    ],
)
def test_how_an_amount_reads(amount: Amount, text: str, spoken: str, written: str) -> None:
    assert (amount.text, str(amount), repr(amount)) == (text, spoken, written)
    assert str(amount.decimal) == text


def test_refusals_say_the_number_that_was_given() -> None:
    with pytest.raises(TooPrecise, match=r"units is 1\.2340; give at most 2 decimals"):
        Units.of(Decimal("1.2340"))
    with pytest.raises(NegativeAmount, match="price is -1/3; amounts are never below zero"):
        Units.priced(Fraction(-1, 3))
    with pytest.raises(LimitExceeded, match=r"price: 1000000000000000\.5; the limit is 10{15}"):
        Units.priced(Decimal("1000000000000000.5"))
    with pytest.raises(LimitExceeded, match=r"digits of price: more, in a number near 1E\+400;"):
        Units.priced(Decimal("1E400"))


def test_the_smallest_number_that_is_read_and_the_next_that_is_not() -> None:
    assert exact("0." + "0" * 39 + "1") == Fraction(1, 10**40)
    assert exact(Decimal("1E-40")) == Fraction(1, 10**40)
    for given in ("0." + "0" * 40 + "1", Decimal("1E-41"), "0." + "1" * 41):
        with pytest.raises(LimitExceeded):
            exact(given)


def test_units_have_names() -> None:
    assert dict(UNIT_NAMES) == {"credits": Credits, "units": Units}
    with pytest.raises(TypeError):
        UNIT_NAMES["points"] = Credits  # type: ignore[index]
