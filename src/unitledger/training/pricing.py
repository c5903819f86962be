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
from unitledger.policy import Policy
from unitledger.tables import Table
from unitledger.time import instant
from unitledger.values import Value

__all__ = [
    "MAX_ITEMS",
    "MAX_QUANTITY",
    "Item",
    "PricedIn",
    "Quote",
    "QuotedLine",
    "check_cart",
    "quote",
]

MAX_ITEMS = 1000
"""How many lines a cart may have."""
MAX_QUANTITY = 1_000_000
"""How many of one item a line may have."""

_FINEST = 2**256


@final
class PricedIn(StrEnum):
    """What an item's price is written in.

    Source: TU-126.
    """

    MONEY = "money"
    """Converted by what the policy says a unit is worth."""
    UNITS = "units"
    """The item's own price in units, whatever a unit is worth."""

    def __repr__(self) -> str:
        return f"PricedIn.{self.name}"


@final
@attrs.frozen
class Item(Value):
    """One line of a cart: something to be bought, its price, and how many.

    Make one with `in_money` or `in_units`.

    Attributes:
        id: The host's name for what is bought: a course, a session, a curriculum.
        price: The exact price of a single one, zero or more.
        priced_in: Money or units.
        quantity: How many, from 1.
        starts: When a session starts (UTC); ``None`` for what is no session.

    Source: TU-120, TU-126.
    """

    id: str
    price: Fraction
    priced_in: PricedIn
    quantity: int = 1
    starts: datetime | None = None

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

    @classmethod
    def in_money(
        cls, item: str, price: Number, quantity: int = 1, *, starts: datetime | None = None
    ) -> Item:
        """An item whose price is in money, exactly as written."""
        return cls(item, exact(price, "price"), PricedIn.MONEY, quantity, starts)

    @classmethod
    def in_units(
        cls, item: str, price: Number, quantity: int = 1, *, starts: datetime | None = None
    ) -> Item:
        """An item with a price of its own in units; more than two decimals are rounded up."""
        return cls(item, exact(price, "price"), PricedIn.UNITS, quantity, starts)

    def priced(self, unit_value: Rate | None) -> QuotedLine:
        """The line with its price in units; see `each`."""
        each = self.each(unit_value)
        units = each if self.quantity == 1 else each * self.quantity
        return QuotedLine(self.id, self.quantity, each, units)

    def each(self, unit_value: Rate | None) -> Units:
        """The price of a single one in units, rounded up to the second decimal, once.

        Args:
            unit_value: What a unit is worth in money; ``None`` is not known.

        Raises:
            NotPayableInUnits: The price is in money and nobody says what a unit is worth.

        Source: TU-120 to TU-126, TU-294, TU-295.
        """
        if self.priced_in is PricedIn.UNITS or not self.price:
            return Units.priced(self.price)
        if unit_value is None:
            reason = "its price is in money and the policy has no unit_value; set one or the other"
            raise NotPayableInUnits(self.id, reason)
        return Units.priced(self.price, unit_value)


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
    """

    item: str
    quantity: int
    each: Units
    units: Units


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


def quote(items: Sequence[Item], policy: Policy) -> Quote:
    """What a cart costs in units under a policy.

    Each single item is rounded up, then multiplied, then added.

    Args:
        items: The cart, 1 to 1000 lines.
        policy: Its ``unit_value`` converts prices in money.

    Raises:
        NotPayableInUnits: A price is in money and the policy has no ``unit_value``.
        InvalidValue: The cart is empty.
        LimitExceeded: More than 1000 lines, or a price too large to be meant.

    Source: TU-123, TU-124, TU-139.
    """
    check_cart(items)
    rate = policy.unit_value
    return Quote(tuple([item.priced(rate) for item in items]), rate)


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
