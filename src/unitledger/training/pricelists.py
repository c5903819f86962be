"""Price tags: what the catalogue of a host says an item costs, and the line of a cart it makes.

A tag is a value of the host's: it says how an item is priced, with prices of its own for some
organizational units and from some instants on. `PriceTag.item` reads it for one buyer at one
instant; the item keeps what was read, so an edit of the tag reaches nobody who has asked already.

>>> tag = PriceTag.in_units("first-aid", "12.50").also("10", ou="emea")
>>> str(tag.item(at=instant(datetime(2026, 3, 1, tzinfo=UTC)), ous=("vienna", "emea")).price)
'10'
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final, final

import attrs

from unitledger.amounts import Number, exact
from unitledger.errors import (
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotPayableInUnits,
    shown,
)
from unitledger.ids import check_id
from unitledger.policy import TrainingType
from unitledger.time import instant
from unitledger.training.pricing import Item, Part, PricedIn, Training
from unitledger.values import Value

__all__ = ["MAX_PRICES", "CurriculumPrice", "PriceTag", "UnitPrice"]

MAX_PRICES = 1000
"""How many prices of its own, and how many parts, a tag may have."""

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_UNPRICED = (TrainingType.PROGRAM, TrainingType.VIDEO)


@final
class CurriculumPrice(StrEnum):
    """What the price of a curriculum is made of.

    Source: TU-132, TU-133, TU-136.
    """

    SINGLE = "single"
    """Its own price; those of its parts do not count."""
    INCREMENTAL = "incremental"
    """The prices of its parts, each rounded first; or a price in units of its own, when its parts
    have none."""

    def __repr__(self) -> str:
        return f"CurriculumPrice.{self.name}"


@final
@attrs.frozen
class UnitPrice(Value):
    """A price in units, for somebody, from some instant on.

    Attributes:
        price: The exact price of a single one, zero or more.
        ou: For whoever is in this organizational unit or below it; ``None`` is everybody.
        since: From when on (UTC); ``None`` is always.

    Source: TU-127, TU-131.
    """

    price: Fraction
    ou: str | None = None
    since: datetime | None = None

    def __attrs_post_init__(self) -> None:
        Part(self.price, PricedIn.UNITS)
        if self.ou is not None:
            check_id(self.ou, "ou")
        if self.since is not None:
            object.__setattr__(self, "since", instant(self.since, "since"))

    def begun(self, at: datetime) -> bool:
        """Whether it counts at an instant, or did before."""
        return self.since is None or self.since <= at


@final
@attrs.frozen(kw_only=True)
class PriceTag(Value):
    """How an item is priced; begin with `in_money`, `in_units` or `not_payable`.

    Attributes:
        id: The item's id.
        priced_in: Money, converted by what a unit is worth; prices in units; or neither.
        money: The price in money; ``None`` is not said.
        prices: The prices in units; of one organizational unit, the last that has begun counts.
        starts: When a session starts (UTC); ``None`` for what is no session.
        training: What else the catalogue says about it.
        curriculum: What the price of a curriculum is made of; ``None`` for what is none.
        parts: The tags of a curriculum's parts.

    Source: TU-126 to TU-137.
    """

    id: str
    priced_in: PricedIn
    money: Fraction | None = None
    prices: tuple[UnitPrice, ...] = ()
    starts: datetime | None = None
    training: Training | None = None
    curriculum: CurriculumPrice | None = None
    parts: tuple[PriceTag, ...] = ()

    def __attrs_post_init__(self) -> None:
        check_id(self.id, "item")
        self._check_types()
        if self.starts is not None:
            object.__setattr__(self, "starts", instant(self.starts, "starts"))
        for name in ("prices", "parts"):
            if len(getattr(self, name)) > MAX_PRICES:
                raise LimitExceeded(f"{name} of a tag", str(len(getattr(self, name))), MAX_PRICES)
        if len({(price.ou, price.since) for price in self.prices}) != len(self.prices):
            raise InvalidValue("prices", "one twice", "one per unit and instant")
        if self.prices and self.training is not None and self.training.type in _UNPRICED:
            raise InvalidValue("prices", "of a program or video", "none, it is not sold for units")
        self._check_curriculum()

    def _check_types(self) -> None:
        for name, kind in (("priced_in", PricedIn), ("money", Fraction), ("training", Training)):
            value = getattr(self, name)
            if type(value) is not kind and (value is not None or name == "priced_in"):
                raise InvalidType(name, shown(value), kind.__name__)
        if self.money is not None:
            Part(self.money, PricedIn.MONEY)
        if type(self.prices) is not tuple or set(map(type, self.prices)) - {UnitPrice}:
            raise InvalidType("prices", shown(self.prices), "a tuple of UnitPrice")
        if type(self.parts) is not tuple or set(map(type, self.parts)) - {PriceTag}:
            raise InvalidType("parts", shown(self.parts), "a tuple of PriceTag")

    def _check_curriculum(self) -> None:
        if self.curriculum is None:
            if self.parts:
                raise InvalidValue("parts", "of what is no curriculum", "a curriculum price")
            return
        if type(self.curriculum) is not CurriculumPrice:
            raise InvalidType("curriculum", shown(self.curriculum), "CurriculumPrice")
        if any(part.curriculum is not None for part in self.parts):
            raise InvalidValue("parts", "a curriculum", "courses and sessions, not curricula")
        incremental = self.curriculum is CurriculumPrice.INCREMENTAL
        if incremental and self.prices and any(part.prices for part in self.parts):
            expected = "prices in units of the curriculum or of its parts, not both"
            raise InvalidValue("prices", "of an incremental curriculum", expected)
        if incremental and not (self.prices or self.parts):
            raise InvalidValue("parts", "none", "at least one, or prices of the curriculum")

    @classmethod
    def in_money(
        cls,
        item: str,
        price: Number,
        *,
        starts: datetime | None = None,
        training: Training | None = None,
    ) -> PriceTag:
        """The tag of an item whose price in money is converted."""
        money = exact(price, "price")
        return cls(id=item, priced_in=PricedIn.MONEY, money=money, starts=starts, training=training)

    @classmethod
    def in_units(
        cls,
        item: str,
        price: Number | None = None,
        *,
        starts: datetime | None = None,
        training: Training | None = None,
    ) -> PriceTag:
        """The tag of an item with a price of its own in units.

        Args:
            item: The item's id.
            price: What it costs everybody; ``None`` leaves it to organizational units alone.
            starts: When a session starts.
            training: What else the catalogue says about it.
        """
        prices = () if price is None else (UnitPrice(exact(price, "price")),)
        return cls(
            id=item, priced_in=PricedIn.UNITS, prices=prices, starts=starts, training=training
        )

    @classmethod
    def not_payable(
        cls, item: str, *, starts: datetime | None = None, training: Training | None = None
    ) -> PriceTag:
        """The tag of an item that is not sold for units."""
        return cls(id=item, priced_in=PricedIn.NOTHING, starts=starts, training=training)

    def also(
        self, price: Number, *, ou: str | None = None, since: datetime | None = None
    ) -> PriceTag:
        """The tag with one more price in units.

        Source: TU-127, TU-131.
        """
        more = UnitPrice(exact(price, "price"), ou, since)
        return attrs.evolve(self, prices=(*self.prices, more))

    def of(self, curriculum: CurriculumPrice, parts: Sequence[PriceTag]) -> PriceTag:
        """The tag as that of a curriculum with these parts.

        Source: TU-132, TU-133.
        """
        return attrs.evolve(self, curriculum=curriculum, parts=tuple(parts))

    def copied(self, item: str, *, at: datetime) -> PriceTag:
        """The tag of a copy: with the prices that count now and those to come.

        Prices that another one has followed already are left behind.

        Args:
            item: The copy's id.
            at: The instant of the copy.

        Source: TU-130.
        """
        now = instant(at, "at")
        counting = {price.ou: price for price in self._begun(now)}
        kept = tuple(
            price for price in self.prices if not price.begun(now) or counting[price.ou] is price
        )
        return attrs.evolve(self, id=item, prices=kept)

    def item(self, quantity: int = 1, *, at: datetime, ous: Sequence[str] = ()) -> Item:
        """The line of a cart that somebody gets at an instant.

        It is a value of its own: whoever has it pays what it says, however the tag is edited.

        Args:
            quantity: How many.
            at: The instant; prices that begin later do not count.
            ous: The buyer's organizational units, the nearest first.

        Raises:
            NotPayableInUnits: It is priced in units, and has no price for that buyer.

        Source: TU-127, TU-131, TU-132 to TU-137.
        """
        now = instant(at, "at")
        if self.curriculum is CurriculumPrice.INCREMENTAL and not self.prices:
            parts = tuple(part._part(now, ous) for part in self.parts)
            about = attrs.evolve(self.training or Training(), parts=parts)
            return Item(self.id, Fraction(), PricedIn.UNITS, quantity, self.starts, about)
        part = self._part(now, ous)
        return Item(self.id, part.price, part.priced_in, quantity, self.starts, self.training)

    def _part(self, now: datetime, ous: Sequence[str]) -> Part:
        """The price that counts for somebody."""
        own = self.priced_in is PricedIn.UNITS or self.curriculum is CurriculumPrice.INCREMENTAL
        if own:
            return Part(self._own(now, ous), PricedIn.UNITS)
        sold = self.training is None or self.training.type not in _UNPRICED
        if self.priced_in is PricedIn.MONEY and self.money is not None and (sold or not self.money):
            return Part(self.money, PricedIn.MONEY)
        return Part(Fraction(), PricedIn.NOTHING)

    def _own(self, now: datetime, ous: Sequence[str]) -> Fraction:
        """The price in units of the nearest organizational unit that has one."""
        counting = {price.ou: price for price in self._begun(now)}
        for ou in (*ous, None):
            if ou in counting:
                return counting[ou].price
        raise NotPayableInUnits(self.id, "it has no price in units yet; set one for everybody")

    def _begun(self, now: datetime) -> list[UnitPrice]:
        """The prices that have begun, the latest last."""
        begun = [price for price in self.prices if price.begun(now)]
        return sorted(begun, key=lambda price: price.since or _ALWAYS)
