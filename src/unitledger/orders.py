"""Burn orders as data: which lots are used first.

An order is a list of keys with a forced ending (acquired instant, cycle, lot id byte by byte), so
two lots never tie and every store takes the same ones. An order can be read from text:

    expires, -available              the first to expire, then the largest available
    priority, category(promotional, granted, purchased), acquired
    -expires(undated last)           the furthest expiry first, never-expiring lots at the end
    cost                             the lowest price first, one currency after the other

A minus turns a key round. What a key cannot rank (a lot that never expires, one without a price,
a category that is not listed) comes last, except that under ``-expires`` a lot that never expires
is the furthest and comes first; ``(undated first)`` or ``(undated last)`` behind ``expires`` says
otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeAlias, final

import attrs

from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, shown
from unitledger.lots import Category, Lot
from unitledger.time import microseconds
from unitledger.values import Value

__all__ = [
    "FEFO_LARGEST",
    "FIFO",
    "HIFO",
    "LATEST_EXPIRY",
    "LIFO",
    "PRIORITY",
    "BurnOrder",
    "OrderKey",
    "Rank",
    "RankBy",
]

Rank: TypeAlias = tuple[Any, ...]
"""Where a lot stands under an order; ranks of one order compare and never tie."""

_FAR = 10**18
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_MAX_TEXT = 300
_KEY = re.compile(r"(-?)([a-z]+)(?:\(([a-z, ]*)\))?").fullmatch
_BETWEEN = re.compile(r",(?![^()]*\))").split


@final
class RankBy(StrEnum):
    """What a key looks at; without a minus, the smaller comes first."""

    EXPIRES = "expires"
    EFFECTIVE = "effective"
    ACQUIRED = "acquired"
    CYCLE = "cycle"
    PRIORITY = "priority"
    COST = "cost"
    CATEGORY = "category"
    SCOPE = "scope"
    AVAILABLE = "available"

    def __repr__(self) -> str:
        return f"RankBy.{self.name}"


_WORDS = {
    RankBy.EXPIRES: ("first to expire", "last to expire", "expiry"),
    RankBy.EFFECTIVE: ("first to be usable", "last to be usable", "beginning"),
    RankBy.ACQUIRED: ("first acquired", "last acquired", "acquired instant"),
    RankBy.CYCLE: ("lowest cycle", "highest cycle", "cycle"),
    RankBy.PRIORITY: ("lowest priority number", "highest priority number", "priority"),
    RankBy.COST: ("lowest price paid", "highest price paid", "price paid"),
    RankBy.CATEGORY: ("by category", "by category", "category"),
    RankBy.SCOPE: ("most restricted", "least restricted", "scope"),
    RankBy.AVAILABLE: ("smallest available", "largest available", "amount available"),
}
"""What a key puts first, what it does with a minus, and what it looks at, in words."""


@final
@attrs.frozen
class OrderKey(Value):
    """One key of a burn order.

    Attributes:
        by: What it looks at.
        descending: Whether the larger comes first.
        ranks: For ``category``: the categories in order, first to be used first.
        undated: For ``expires``: where lots that never expire go, ``"first"`` or ``"last"``;
            ``None`` leaves them where an endless date would stand.
    """

    by: RankBy
    descending: bool = False
    ranks: tuple[Category, ...] = ()
    undated: str | None = None

    def __attrs_post_init__(self) -> None:
        if type(self.by) is not RankBy:
            raise InvalidType("by", shown(self.by), "RankBy")
        if type(self.descending) is not bool:
            raise InvalidType("descending", shown(self.descending), "bool")
        if (self.by is RankBy.CATEGORY) != bool(self.ranks):
            raise InvalidValue("ranks", shown(str(self.by)), "categories, for category alone")
        if type(self.ranks) is not tuple or set(map(type, self.ranks)) - {Category}:
            raise InvalidType("ranks", shown(self.ranks), "a tuple of Category")
        if len(set(self.ranks)) != len(self.ranks):
            raise InvalidValue("ranks", shown(", ".join(self.ranks)), "each category once")
        self._check_undated()

    def _check_undated(self) -> None:
        undated = self.undated
        if undated is None:
            return
        if type(undated) is not str:
            raise InvalidType("undated", shown(undated), "str")
        if self.by is not RankBy.EXPIRES or undated not in ("first", "last"):
            raise InvalidValue("undated", shown(undated), "first or last, for expires alone")

    @classmethod
    def parse(cls, text: str) -> OrderKey:
        """The key that a text such as ``-expires(undated last)`` names.

        Raises:
            InvalidType: Not a text.
            InvalidValue: There is no such key.
            LimitExceeded: More than 300 characters.
        """
        match = _KEY(_checked(text, "order key").strip())
        if match is None or match[2] not in list(RankBy):
            raise InvalidValue("order key", shown(text), f"one of {', '.join(RankBy)}")
        minus, name, inside = match.groups()
        by, descending = RankBy(name), bool(minus)
        if by is RankBy.CATEGORY:
            return cls(by, descending, ranks=_categories(inside or ""))
        if inside is None:
            return cls(by, descending)
        if by is not RankBy.EXPIRES or inside not in ("undated first", "undated last"):
            raise InvalidValue("order key", shown(text), "expires(undated first), (undated last)")
        return cls(by, descending, undated=inside.removeprefix("undated "))

    def __str__(self) -> str:
        inside = ", ".join(self.ranks) or (f"undated {self.undated}" if self.undated else "")
        return f"{'-' * self.descending}{self.by}{f'({inside})' * bool(inside)}"

    @property
    def words(self) -> str:
        """What it says in words, for people who do not write orders.

        >>> OrderKey.parse("-expires(undated last)").words
        'last to expire (never-expiring last)'
        """
        plain, turned, _ = _WORDS[self.by]
        ranks = self.ranks[::-1] if self.descending else self.ranks
        inside = ", ".join(ranks) or (f"never-expiring {self.undated}" if self.undated else "")
        return (turned if self.descending else plain) + (f" ({inside})" if inside else "")


def _checked(text: str, field: str) -> str:
    if type(text) is not str:
        raise InvalidType(field, shown(text), "str")
    if len(text) > _MAX_TEXT:
        raise LimitExceeded(f"characters of {field}", str(len(text)), _MAX_TEXT)
    return text


def _categories(text: str) -> tuple[Category, ...]:
    names = [name.strip() for name in text.split(",")]
    if not set(names) <= set(Category):
        raise InvalidValue("category", shown(text), f"some of {', '.join(Category)}")
    return tuple(map(Category, names))


_Reader: TypeAlias = Callable[[Lot, int], Any]
"""Where a key places a lot with so many available parts; smaller is earlier."""


def _open_sides(lot: Lot) -> int:
    """Restricted lots before open ones: the fewer sides are open, the earlier."""
    scope = lot.scope
    if scope is None:
        return 3
    return sum(not side for side in (scope.courses, scope.items, scope.audience))


_READ: dict[RankBy, _Reader] = {
    RankBy.EFFECTIVE: lambda lot, _: lot.terms.effective,
    RankBy.ACQUIRED: lambda lot, _: lot.acquired,
    RankBy.CYCLE: lambda lot, _: lot.cycle,
    RankBy.PRIORITY: lambda lot, _: lot.priority,
    RankBy.SCOPE: lambda lot, _: _open_sides(lot),
    RankBy.AVAILABLE: lambda _, parts: parts,
}
_MOST_KEYS = len(RankBy) + 1
_INSTANTS = (RankBy.EFFECTIVE, RankBy.ACQUIRED)


def _reader(key: OrderKey) -> _Reader:
    if key.by is RankBy.EXPIRES:
        return _expiry_reader(key)
    if key.by is RankBy.COST:
        return _cost_reader(key)
    if key.by is RankBy.CATEGORY:
        return _category_reader(key)
    read = _READ[key.by]
    if not key.descending:
        return read
    if key.by in _INSTANTS:
        return lambda lot, parts: -microseconds(read(lot, parts))
    if key.by is RankBy.AVAILABLE:
        return lambda _, parts: -parts
    return lambda lot, parts: -read(lot, parts)


def _expiry_reader(key: OrderKey) -> _Reader:
    first = key.descending if key.undated is None else key.undated == "first"
    if not key.descending:
        never = _EARLIEST if first else _LATEST
        return lambda lot, _: lot.terms.expires or never
    undated = -_FAR if first else _FAR

    def read(lot: Lot, _: int) -> int:
        ends = lot.terms.expires
        return undated if ends is None else -microseconds(ends)

    return read


def _cost_reader(key: OrderKey) -> _Reader:
    sign = -1 if key.descending else 1

    def read(lot: Lot, _: int) -> tuple[int, str, Fraction]:
        if lot.cost is None:
            return 1, "", Fraction()
        return 0, lot.cost.currency, sign * lot.cost.per_unit

    return read


def _category_reader(key: OrderKey) -> _Reader:
    sign = -1 if key.descending else 1
    places = {category: sign * place for place, category in enumerate(key.ranks)}
    return lambda lot, _: places.get(lot.category, _FAR)


@final
@attrs.frozen(repr=False)
class BurnOrder(Value):
    """Which lots are used first: keys, then acquired instant, cycle and lot id.

    >>> print(FEFO_LARGEST)
    expires, -available
    >>> BurnOrder.parse("expires, -available") == FEFO_LARGEST
    True

    Attributes:
        keys: The keys, the most important first.

    Source: TU-190 to TU-196, I4.
    """

    keys: tuple[OrderKey, ...]
    _readers: tuple[_Reader, ...] = attrs.field(init=False, eq=False)
    _moving: int | None = attrs.field(init=False, eq=False)
    _sign: int = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if type(self.keys) is not tuple or set(map(type, self.keys[:_MOST_KEYS])) != {OrderKey}:
            raise InvalidType("keys", shown(self.keys), "a tuple of OrderKey, at least one")
        names = [key.by for key in self.keys[:_MOST_KEYS]]
        if len(set(names)) != len(self.keys):
            raise InvalidValue("keys", shown(", ".join(names)), "each key once")
        moving = names.index(RankBy.AVAILABLE) if RankBy.AVAILABLE in names else None
        sign = -1 if moving is not None and self.keys[moving].descending else 1
        object.__setattr__(self, "_readers", tuple(map(_reader, self.keys)))
        object.__setattr__(self, "_moving", moving)
        object.__setattr__(self, "_sign", sign)

    @classmethod
    def parse(cls, text: str) -> BurnOrder:
        """The order that a text names: a preset such as ``FIFO``, or keys between commas.

        Raises:
            InvalidType: Not a text.
            InvalidValue: An unknown key, or one that stands twice.
            LimitExceeded: More than 300 characters.
        """
        if _checked(text, "order") in _PRESETS:
            return _PRESETS[text]
        return cls(tuple(map(OrderKey.parse, _BETWEEN(text))))

    def __repr__(self) -> str:
        return f"BurnOrder.parse({str(self)!r})"

    def __str__(self) -> str:
        return ", ".join(map(str, self.keys))

    @property
    def words(self) -> str:
        """What comes first, in words.

        >>> FEFO_LARGEST.words
        'first to expire, then largest available'
        """
        return ", then ".join(key.words for key in self.keys)

    @property
    def by_expiry_first(self) -> bool:
        """Whether the first to expire come first, so that lapsed lots stand together in front."""
        key = self.keys[0]
        return key.by is RankBy.EXPIRES and not key.descending and key.undated != "first"

    @property
    def by_available(self) -> bool:
        """Whether a lot's place changes as it is used."""
        return self._moving is not None

    def rank(self, lot: Lot, parts: int) -> Rank:
        """Where a lot with so many available parts stands; smaller is earlier."""
        places: list[Any] = []
        for read in self._readers:
            places.append(read(lot, parts))  # noqa: PERF401 (a hot path)
        return *places, lot.acquired, lot.cycle, lot.id

    def reranked(self, rank: Rank, parts: int) -> Rank:
        """The same lot's rank with another number of available parts."""
        place = self._moving
        if place is None:
            return rank
        moved = list(rank)
        moved[place] = self._sign * parts
        return tuple(moved)

    def because(self, earlier: Rank, later: Rank) -> str:
        """What first tells two ranks apart, in words: ``expiry``, ``amount available``."""
        keys = [_WORDS[key.by][2] for key in self.keys]
        names = [*keys, _WORDS[RankBy.ACQUIRED][2], _WORDS[RankBy.CYCLE][2], "lot id"]
        pairs = zip(names, earlier, later, strict=True)
        return next((name for name, a, b in pairs if a != b), "the same lot")


_SOONEST = OrderKey(RankBy.EXPIRES)
_LARGEST = OrderKey(RankBy.AVAILABLE, descending=True)

FEFO_LARGEST = BurnOrder((_SOONEST, _LARGEST))
"""First to expire, then the largest available group; never-expiring lots last. The default."""
FIFO = BurnOrder((OrderKey(RankBy.ACQUIRED),))
"""First acquired, first used."""
LIFO = BurnOrder((OrderKey(RankBy.ACQUIRED, descending=True),))
"""Last acquired, first used."""
HIFO = BurnOrder((OrderKey(RankBy.COST, descending=True), _SOONEST))
"""The highest price paid first; unpriced lots last."""
LATEST_EXPIRY = BurnOrder(
    (OrderKey(RankBy.EXPIRES, descending=True, undated="last"), _LARGEST),
)
"""The furthest expiry first; never-expiring lots last."""
PRIORITY = BurnOrder((OrderKey(RankBy.PRIORITY), _SOONEST))
"""The lowest priority number first, then the first to expire."""

_PRESETS = {
    "FEFO_LARGEST": FEFO_LARGEST,
    "FIFO": FIFO,
    "HIFO": HIFO,
    "LATEST_EXPIRY": LATEST_EXPIRY,
    "LIFO": LIFO,
    "PRIORITY": PRIORITY,
}
