"""Prices: what an item costs in training units, rounded up once per single item.

>>> cart = [Item.in_units("fire-safety", "1.234", 3), Item.in_money("first-aid", "10")]
>>> quoted = quote(cart, Policy(unit_value=Rate.of("0.99")))
>>> [str(line.units) for line in quoted.lines], str(quoted.total)
(['3.72 units', '10.11 units'], '13.83 units')
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import final

import attrs

from unitledger.amounts import MAX_PARTS, Number, Rate, Units, exact
from unitledger.errors import (
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NegativeAmount,
    NotPayableInUnits,
    shown,
)
from unitledger.ids import check_id
from unitledger.policy import Criteria, Policy, SharePaid, TrainingType
from unitledger.tables import Table
from unitledger.time import instant
from unitledger.values import Value

__all__ = [
    "MAX_ITEMS",
    "MAX_QUANTITY",
    "MAX_SUBJECTS",
    "Item",
    "Part",
    "PricedIn",
    "Quote",
    "QuotedLine",
    "Training",
    "check_cart",
    "priced_cart",
    "quote",
]

MAX_ITEMS = 1000
"""How many lines a cart may have."""
MAX_QUANTITY = 1_000_000
"""How many of one item a line may have."""
MAX_SUBJECTS = 100
"""How many subjects a training may have."""

_FINEST = 2**256


@final
class PricedIn(StrEnum):
    """What an item's price is written in.

    Source: TU-126, TU-128.
    """

    MONEY = "money"
    """Converted by what the policy says a unit is worth."""
    UNITS = "units"
    """The item's own price in units, whatever a unit is worth."""
    NOTHING = "nothing"
    """It has no price that units could pay."""

    def __repr__(self) -> str:
        return f"PricedIn.{self.name}"


@final
@attrs.frozen
class Part(Value):
    """The price of one part of a curriculum that costs what its parts cost.

    Attributes:
        price: The exact price, zero or more.
        priced_in: Money or units.

    Source: TU-133.
    """

    price: Fraction
    priced_in: PricedIn

    def __attrs_post_init__(self) -> None:
        if type(self.price) is not Fraction:
            raise InvalidType("price", shown(self.price), "Fraction")
        _check_price(self.price)
        if type(self.priced_in) is not PricedIn:
            raise InvalidType("priced_in", shown(self.priced_in), "PricedIn")


@final
@attrs.frozen(kw_only=True)
class Training(Value):
    """What the catalogue says about an item, as far as a rule asks.

    Attributes:
        type: What kind of training it is; ``None`` is not said.
        provider: Who provides it.
        subjects: What it is about.
        currency: The currency of a price in money; ``None`` is the policy's.
        user_share: Which percentage of the price the user bears; a cost centre bears the rest.
        parts: The prices of the parts of a curriculum that costs what they cost; the item's own
            price is then zero.

    Source: TU-133, TU-138, TU-152 to TU-154, TU-293.
    """

    type: TrainingType | None = None
    provider: str | None = None
    subjects: frozenset[str] = frozenset()
    currency: str | None = None
    user_share: int = 100
    parts: tuple[Part, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.type is not None and type(self.type) is not TrainingType:
            raise InvalidType("type", shown(self.type), "TrainingType")
        for name in ("provider", "currency"):
            value = getattr(self, name)
            if value is not None:
                check_id(value, name)
        _check_subjects(self.subjects)
        if type(self.user_share) is not int:
            raise InvalidType("user_share", shown(self.user_share), "int")
        if not 0 <= self.user_share <= 100:
            raise InvalidValue("user_share", shown(self.user_share), "0 to 100, a percentage")
        _check_parts(self.parts)


def _check_subjects(subjects: frozenset[str]) -> None:
    if type(subjects) is not frozenset:
        raise InvalidType("subjects", shown(subjects), "frozenset")
    if len(subjects) > MAX_SUBJECTS:
        raise LimitExceeded("subjects", str(len(subjects)), MAX_SUBJECTS)
    for subject in subjects:
        check_id(subject, "subject")


def _check_parts(parts: tuple[Part, ...]) -> None:
    if type(parts) is not tuple or set(map(type, parts)) - {Part}:
        raise InvalidType("parts", shown(parts), "a tuple of Part")
    if len(parts) > MAX_ITEMS:
        raise LimitExceeded("parts of a curriculum", str(len(parts)), MAX_ITEMS)


_PLAIN = Training()


@final
@attrs.frozen
class Item(Value):
    """One line of a cart: something to be bought, its price, and how many.

    Make one with `in_money`, `in_units` or `not_payable`, or let a `PriceTag` make it.

    Attributes:
        id: The host's name for what is bought: a course, a session, a curriculum.
        price: The exact price of a single one, zero or more.
        priced_in: Money or units.
        quantity: How many, from 1.
        starts: When a session starts (UTC); ``None`` for what is no session.
        training: What else the catalogue says about it; ``None`` is nothing.

    Source: TU-120, TU-126.
    """

    id: str
    price: Fraction
    priced_in: PricedIn
    quantity: int = 1
    starts: datetime | None = None
    training: Training | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.id, "item")
        if type(self.price) is not Fraction:
            raise InvalidType("price", shown(self.price), "Fraction; use in_money or in_units")
        _check_price(self.price)
        if type(self.priced_in) is not PricedIn:
            raise InvalidType("priced_in", shown(self.priced_in), "PricedIn")
        if type(self.quantity) is not int:
            raise InvalidType("quantity", shown(self.quantity), "int")
        if not 1 <= self.quantity <= MAX_QUANTITY:
            raise InvalidValue("quantity", shown(self.quantity), f"1 to {MAX_QUANTITY}")
        if self.starts is not None and (utc := instant(self.starts, "starts")) is not self.starts:
            object.__setattr__(self, "starts", utc)
        if self.training is not None and type(self.training) is not Training:
            raise InvalidType("training", shown(self.training), "Training")
        summed = self.training is not None and bool(self.training.parts)
        if self.price and (summed or self.priced_in is PricedIn.NOTHING):
            expected = "zero, where parts have the price or nothing has one"
            raise InvalidValue("price", str(self.price), expected)

    @classmethod
    def in_money(
        cls,
        item: str,
        price: Number,
        quantity: int = 1,
        *,
        starts: datetime | None = None,
        training: Training | None = None,
    ) -> Item:
        """An item whose price is in money, exactly as written."""
        return cls(item, exact(price, "price"), PricedIn.MONEY, quantity, starts, training)

    @classmethod
    def in_units(
        cls,
        item: str,
        price: Number,
        quantity: int = 1,
        *,
        starts: datetime | None = None,
        training: Training | None = None,
    ) -> Item:
        """An item with a price of its own in units; more than two decimals are rounded up."""
        return cls(item, exact(price, "price"), PricedIn.UNITS, quantity, starts, training)

    @classmethod
    def not_payable(
        cls,
        item: str,
        quantity: int = 1,
        *,
        starts: datetime | None = None,
        training: Training | None = None,
    ) -> Item:
        """An item that is not sold for units, whatever it costs in money.

        Source: TU-128.
        """
        return cls(item, Fraction(), PricedIn.NOTHING, quantity, starts, training)

    def priced(
        self, unit_value: Rate | None, share_paid: SharePaid = SharePaid.FULL_PRICE
    ) -> QuotedLine:
        """The line with its price in units; see `each`."""
        each = self.each(unit_value, share_paid)
        units = each if self.quantity == 1 else each * self.quantity
        used = unit_value if self.converted else None
        return QuotedLine(self.id, self.quantity, each, units, used)

    @property
    def converted(self) -> bool:
        """Whether its price depends on what a unit is worth."""
        if self.training is not None and self.training.parts:
            return any(part.priced_in is PricedIn.MONEY for part in self.training.parts)
        return self.priced_in is PricedIn.MONEY

    def each(self, unit_value: Rate | None, share_paid: SharePaid = SharePaid.FULL_PRICE) -> Units:
        """The price of a single one in units, rounded up to the second decimal, once.

        A curriculum that costs what its parts cost is the sum of their prices, each rounded up
        first.

        Args:
            unit_value: What a unit is worth in money; ``None`` is not known.
            share_paid: Whether units pay the user's share alone; it is taken before rounding.

        Raises:
            NotPayableInUnits: The price is in money and nobody says what a unit is worth, or there
                is none.

        Source: TU-120 to TU-126, TU-133, TU-138, TU-294, TU-295.
        """
        training = self.training
        if training is None:
            return self._units(self.price, self.priced_in, unit_value)
        share = 100 if share_paid is SharePaid.FULL_PRICE else training.user_share
        if not training.parts:
            return self._units(self.price * share / 100, self.priced_in, unit_value)
        parts = training.parts
        return Units.total(
            self._units(part.price * share / 100, part.priced_in, unit_value) for part in parts
        )

    def _units(self, price: Fraction, priced_in: PricedIn, unit_value: Rate | None) -> Units:
        """One price in units, rounded up once."""
        if priced_in is PricedIn.NOTHING:
            raise NotPayableInUnits(self.id, "it is not sold for units; pay it another way")
        if priced_in is PricedIn.UNITS or not price:
            return Units.priced(price)
        if unit_value is None:
            reason = "its price is in money and the policy has no unit_value; set one or the other"
            raise NotPayableInUnits(self.id, reason)
        return Units.priced(price, unit_value)


def _check_price(price: Fraction) -> None:
    """Refuse what `exact` would, and what is below zero; a sound price costs two comparisons."""
    over, under = price.numerator, price.denominator
    whole = type(over) is int and type(under) is int
    if not (whole and 1 <= under < _FINEST and 0 <= over <= MAX_PARTS * under):
        exact(price, "price")
        raise NegativeAmount("price", str(price))


@final
@attrs.frozen
class QuotedLine(Value):
    """What one line of a cart costs.

    Attributes:
        item: The item.
        quantity: How many.
        each: The price of a single one, already rounded up.
        units: The price of all of them: ``each`` times ``quantity``.
        unit_value: What a unit was taken to be worth; ``None`` when the price needed no converting.

    Source: TU-293.
    """

    item: str
    quantity: int
    each: Units
    units: Units
    unit_value: Rate | None = None


@final
@attrs.frozen
class Quote(Value):
    """What a cart costs in units; nothing has been bought.

    Attributes:
        lines: One for every line of the cart, in its order.
        unit_value: What a unit was taken to be worth; ``None`` when nobody said.
    """

    lines: tuple[QuotedLine, ...]
    unit_value: Rate | None

    @property
    def total(self) -> Units:
        """The sum of the lines."""
        return Units.total(line.units for line in self.lines)

    def table(self) -> Table:
        """The quote line by line."""
        rows = tuple(
            (line.item, str(line.quantity), line.each.text, line.units.text) for line in self.lines
        )
        return Table(f"{self.total} in all", ("item", ">quantity", ">each", ">units"), rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def quote(items: Sequence[Item], policy: Policy, ous: Sequence[str] = ()) -> Quote:
    """What a cart costs in units under a policy.

    Each single item is rounded up, then multiplied, then added.

    Args:
        items: The cart, 1 to 1000 lines.
        policy: Its ``unit_value`` and ``preferences`` convert prices in money, its ``criteria`` say
            which training can be paid with units.
        ous: The buyer's organizational units, the nearest first.

    Raises:
        NotPayableInUnits: An item is not payable in units, and so neither is the cart.
        InvalidValue: The cart is empty.
        LimitExceeded: More than 1000 lines, or a price too large to be meant.

    Source: TU-123, TU-124, TU-128, TU-139, TU-150.
    """
    check_cart(items)
    return Quote(priced_cart(items, policy, ous), policy.worth(None, ous))


def priced_cart(
    items: Sequence[Item], policy: Policy, ous: Sequence[str] = ()
) -> tuple[QuotedLine, ...]:
    """Every line of a cart with its price in units.

    Args:
        items: The cart.
        policy: What prices are worth and which training can be paid.
        ous: The buyer's organizational units, the nearest first.

    Raises:
        NotPayableInUnits: An item is not payable in units: one is enough.

    Source: TU-126 to TU-129, TU-150 to TU-155.
    """
    rate = policy.worth(None, ous) if ous or policy.preferences else policy.unit_value
    criteria = policy.criteria_of(ous) if policy.preferences else policy.criteria
    restricted = criteria.types or criteria.providers or criteria.subjects
    if not restricted and not any([item.training for item in items]):  # noqa: C419 (a hot path)
        return tuple([item.priced(rate) for item in items])
    return tuple([_line(item, policy, criteria, ous) for item in items])


_UNPRICED = (TrainingType.PROGRAM, TrainingType.VIDEO)


def _line(item: Item, policy: Policy, criteria: Criteria, ous: Sequence[str]) -> QuotedLine:
    """One line, when its training can be paid with units; what is free needs no paying."""
    about = item.training or _PLAIN
    line = item.priced(policy.worth(about.currency, ous), policy.share_paid)
    refusal = criteria.refusal(about.type, about.provider, about.subjects)
    if about.type in _UNPRICED:
        refusal = "a program or a video is never sold for units; pay it another way"
    if line.units and refusal is not None:
        raise NotPayableInUnits(item.id, refusal)
    return line


def check_cart(items: Sequence[Item]) -> None:
    """Refuse a cart that is empty, too long, or of other things than items."""
    if type(items) not in {tuple, list}:
        raise InvalidType("items", shown(items), "a tuple or a list of Item")
    if not items:
        raise InvalidValue("items", "empty", "at least one item")
    if len(items) > MAX_ITEMS:
        raise LimitExceeded("items of an order", str(len(items)), MAX_ITEMS)
    for item in items:
        if type(item) is not Item:
            raise InvalidType("item", shown(item), "Item")
