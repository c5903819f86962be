"""Laws of amounts and prices, against exact rational arithmetic written down here again."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import assume, find, given
from hypothesis import strategies as st

from unitledger.amounts import MAX_PARTS, Amount, Credits, Number, Rate, Units, exact
from unitledger.errors import InvalidInput, LimitExceeded, NegativeAmount, TooPrecise
from unitledger.ids import check_id
from unitledger.testing import strategies as draw
from unitledger.time import instant

KINDS = st.sampled_from((Credits, Units))
FEW = st.lists(st.tuples(draw.prices(), st.integers(1, 20)), min_size=1, max_size=8)


def plainly(number: Number) -> Fraction:
    """The oracle's own reading of a number."""
    return Fraction(number)


def units_due(price: Fraction, per_unit: Fraction) -> int:
    """The least whole number of hundredths that pays: counted from below, not rounded."""
    hundredths = math.floor(price / per_unit * 100)
    return hundredths if Fraction(hundredths, 100) * per_unit >= price else hundredths + 1


@given(draw.prices())
def test_a_number_is_read_exactly(price: Number) -> None:
    assert exact(price) == plainly(price)


@given(draw.prices(), draw.rates())
def test_a_price_is_the_least_hundredths_that_pay_it(price: Number, rate: Rate) -> None:
    due = units_due(plainly(price), rate.per_unit)
    if due > MAX_PARTS:
        with pytest.raises(LimitExceeded):
            Units.priced(price, rate)
    else:
        assert Units.priced(price, rate).parts == due


@given(draw.prices(), draw.rates())
def test_rounding_up_costs_less_than_a_hundredth(price: Number, rate: Rate) -> None:
    worth = plainly(price) / rate.per_unit
    assume(worth < 10**13)
    assert 0 <= Fraction(Units.priced(price, rate).parts, 100) - worth < Fraction(1, 100)


@given(draw.prices())
def test_rounding_up_twice_is_rounding_up_once(price: Number) -> None:
    once = Units.priced(price)
    assert Units.priced(once.decimal) == once == Units.priced(once.text)


@given(draw.prices(), draw.prices(), draw.rates())
def test_a_higher_price_never_costs_fewer_units(one: Number, two: Number, rate: Rate) -> None:
    low, high = sorted((one, two), key=plainly)
    assume(plainly(high) / rate.per_unit < 10**13)
    assert Units.priced(low, rate) <= Units.priced(high, rate)


@given(FEW)
def test_items_rounded_one_by_one_cost_at_most_a_part_each_more(
    cart: list[tuple[Number, int]],
) -> None:
    assume(sum(plainly(price) * n for price, n in cart) < 10**12)
    total = Units.total(Units.priced(price) * quantity for price, quantity in cart)
    together = units_due(sum(plainly(price) * n for price, n in cart) + Fraction(0), Fraction(1))
    assert 0 <= total.parts - together < sum(quantity for _, quantity in cart)


@given(draw.units())
def test_the_whole_price_in_units_needs_no_rounding(amount: Units) -> None:
    assert Units.priced(amount.text) == amount


@given(KINDS, st.data())
def test_what_is_printed_is_read_back(kind: type[Credits | Units], data: st.DataObject) -> None:
    amount = data.draw(draw.amounts(kind))
    assert kind.of(amount.text) == kind.of(amount.decimal) == amount
    assert eval(repr(amount)) == amount
    assert Fraction(amount.decimal) == Fraction(amount.parts, 10**kind.DECIMALS)


@given(draw.rates())
def test_a_rate_is_read_back(rate: Rate) -> None:
    assert Rate.of(rate.text) == rate == eval(repr(rate))


@given(st.integers(1, 1 << 255), st.integers(1, 1 << 255))
def test_the_longest_rates_are_read_back(over: int, under: int) -> None:
    fraction = Fraction(over, under)
    assume(fraction <= MAX_PARTS)
    assert Rate.of(Rate(fraction).text) == Rate(fraction)


@given(KINDS, st.fractions(-10, 10**14, max_denominator=1000))
def test_an_amount_is_exact_or_refused(kind: type[Amount], number: Fraction) -> None:
    parts = number * 10**kind.DECIMALS
    if number < 0:
        with pytest.raises(NegativeAmount):
            kind.of(number)
    elif parts > MAX_PARTS:
        with pytest.raises((LimitExceeded, TooPrecise)):
            kind.of(number)
    elif parts.denominator > 1:
        with pytest.raises(TooPrecise):
            kind.of(number)
    else:
        assert kind.of(number).parts == parts


@given(st.integers(-(10**18), 10**18), st.integers(0, 45))
def test_text_decimal_and_fraction_get_the_same_verdict(digits: int, places: int) -> None:
    whole, rest = divmod(abs(digits), 10**places)
    text = f"{'-' * (digits < 0)}{whole}" + (f".{rest:0{places}}" if places else "")
    number = Decimal(f"{digits}E-{places}")
    if places <= 40 and abs(digits) <= 10 ** (15 + places):
        assert exact(text) == exact(number) == exact(Fraction(number)) == Fraction(number)
    else:
        for spelled in (text, number):
            with pytest.raises(LimitExceeded):
                exact(spelled)


@given(draw.units(), draw.units())
def test_sums_differences_and_order_are_those_of_whole_numbers(one: Units, two: Units) -> None:
    assert (one < two, one <= two) == (one.parts < two.parts, one.parts <= two.parts)
    assert (one > two, one >= two) == (one.parts > two.parts, one.parts >= two.parts)
    assert (one == two) == (one.parts == two.parts) <= (hash(one) == hash(two))
    assert bool(one) == (one.parts != 0)
    if one.parts + two.parts <= MAX_PARTS:
        assert (one + two).parts == one.parts + two.parts
        assert Units.total([one, two]) == one + two == two + one
    if one >= two:
        assert (one - two).parts == one.parts - two.parts
    else:
        with pytest.raises(NegativeAmount):
            one - two


@given(draw.credits(), st.integers(0, MAX_PARTS))
def test_a_multiple_is_exact_or_refused(amount: Credits, times: int) -> None:
    if amount.parts * times <= MAX_PARTS:
        assert (amount * times).parts == (times * amount).parts == amount.parts * times
    else:
        with pytest.raises(LimitExceeded):
            amount * times


@given(st.one_of(draw.units(), draw.credits(), draw.rates()))
def test_a_copy_is_equal(value: Any) -> None:
    assert copy.copy(value) == value == copy.deepcopy(value)
    assert attrs.evolve(value) == value
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value


def test_a_rate_does_not_share_the_fraction_it_was_given() -> None:
    given_fraction = Fraction(99, 100)
    rate = Rate(given_fraction)
    vars_of: Any = given_fraction
    vars_of._numerator = 0
    assert rate == Rate.of("0.99")


@pytest.mark.parametrize(
    ("strategy", "edge"),
    [
        pytest.param(draw.units(), lambda drawn: drawn.parts == MAX_PARTS, id="units, the most"),
        pytest.param(draw.credits(), lambda drawn: drawn.parts == 0, id="credits, none"),
        pytest.param(
            draw.units(least=Units(parts=5), most=Units(parts=6)),
            lambda drawn: drawn.parts == 6,
            id="units of a span",
        ),
        pytest.param(draw.prices(), lambda drawn: type(drawn) is Decimal, id="prices, Decimal"),
        pytest.param(draw.prices(), lambda drawn: type(drawn) is str, id="prices, text"),
        pytest.param(
            draw.prices(),
            lambda drawn: 0 < 100 * Fraction(drawn) % 1 < Fraction(1, 10**9),
            id="prices, just above a hundredth",
        ),
        pytest.param(draw.rates(), lambda drawn: drawn.text == "1/3", id="rates, a third"),
        pytest.param(draw.ids(), lambda drawn: len(drawn) == 128, id="ids, the longest"),
        pytest.param(draw.ids(), lambda drawn: " " in drawn, id="ids, a space within"),
        pytest.param(
            draw.instants(), lambda drawn: drawn.microsecond == 999_999, id="instants, beside"
        ),
        pytest.param(
            draw.instants(),
            lambda drawn: (drawn.month, drawn.day) == (2, 29),
            id="instants, leap day",
        ),
    ],
)
def test_the_strategies_reach_the_edges(strategy: st.SearchStrategy[Any], edge: Any) -> None:
    find(strategy, edge)


@given(draw.ids(), draw.instants())
def test_what_the_strategies_draw_is_valid(name: str, moment: Any) -> None:
    assert check_id(name) is name
    assert instant(moment) is moment


@given(st.one_of(st.text(), st.integers(), st.decimals(), st.fractions(), st.floats()))
def test_whatever_is_read_is_an_amount_or_our_refusal(number: Any) -> None:
    try:
        amount = Units.of(number)
    except InvalidInput:
        return
    assert Fraction(amount.parts, 100) == Fraction(number)
