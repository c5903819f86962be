"""Rounding agrees with exact fractions, whatever the host's decimal context.

``UNITLEDGER_MANY`` says how many cases are looked at; the release is made with a million:
``UNITLEDGER_MANY=1000000 python -m pytest tests/laws/test_prices.py``.
"""

from __future__ import annotations

import decimal
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from random import Random

import pytest

from tests.laws.budget import MANY
from unitledger.amounts import Rate
from unitledger.policy import Policy, SharePaid
from unitledger.training import Item, Part, PricedIn, Training, quote

SIGNALS = list(decimal.Context().flags)
CONTEXTS = [
    Context(prec=1),
    Context(prec=2, rounding=decimal.ROUND_FLOOR),
    Context(prec=3, rounding=decimal.ROUND_DOWN),
    Context(prec=4, rounding=decimal.ROUND_HALF_EVEN),
    Context(prec=5, rounding=decimal.ROUND_HALF_DOWN),
    Context(prec=6, rounding=decimal.ROUND_HALF_UP),
    Context(prec=7, rounding=decimal.ROUND_UP),
    Context(prec=9, rounding=decimal.ROUND_05UP),
    Context(prec=28, rounding=decimal.ROUND_CEILING),
    Context(prec=50, Emax=3, Emin=-3),
    Context(prec=999, capitals=0, clamp=1),
    Context(prec=1, Emax=1, Emin=-1, traps=SIGNALS),
]


def oracle(price: Fraction, rate: Fraction | None, share: int, quantity: int) -> int:
    """The price in hundredths: the only multiple of 1 not below it and less than 1 above it."""
    exactly = price * share / 100 * 100 / (1 if rate is None else rate)
    whole = int(exactly)
    return (whole if whole == exactly else whole + 1) * quantity


def drawn(chance: Random) -> tuple[Decimal, Rate | None, int, int]:
    """A price, a rate, a share and a quantity, as people write them and as they do not."""
    with localcontext(Context(prec=60)):
        price = Decimal(chance.randrange(10 ** chance.randrange(1, 8))).scaleb(
            -chance.randrange(0, 7)
        )
    rates = (None, Rate.of(1), Rate.of("0.99"), Rate.of(3), Rate.of("1/3"), Rate.of("0.0001"))
    rate = chance.choice((*rates, Rate.of(Fraction(chance.randrange(1, 999), 997))))
    return price, rate, chance.choice((100, 100, 0, 1, 33, 50, 99)), chance.choice((1, 1, 2, 7))


@pytest.mark.parametrize("number", range(12))
def test_every_price_is_rounded_up_once_and_exactly(number: int) -> None:
    """TU-121 to TU-124, TU-138, TU-290, TU-294, TU-295."""
    chance = Random(number)
    with localcontext(CONTEXTS[number]):
        for _ in range(MANY // 12):
            price, rate, share, quantity = drawn(chance)
            policy = Policy(unit_value=rate, share_paid=SharePaid.USER_SHARE)
            make = Item.in_units if rate is None else Item.in_money
            item = make("a", price, quantity, training=Training(user_share=share))
            exactly = Fraction(*price.as_integer_ratio())
            per = None if rate is None else rate.per_unit
            assert quote([item], policy).total.parts == oracle(exactly, per, share, quantity)


@pytest.mark.parametrize("number", range(12))
def test_every_part_of_a_curriculum_is_rounded_by_itself(number: int) -> None:
    """TU-133."""
    chance = Random(number)
    with localcontext(CONTEXTS[number]):
        for _ in range(MANY // 120):
            prices = [drawn(chance)[0] for _ in range(chance.randrange(1, 5))]
            ratios = [Fraction(*price.as_integer_ratio()) for price in prices]
            parts = tuple(Part(ratio, PricedIn.UNITS) for ratio in ratios)
            item = Item.in_units("path", 0, training=Training(parts=parts))
            expected = sum(oracle(ratio, None, 100, 1) for ratio in ratios)
            assert quote([item], Policy()).total.parts == expected
