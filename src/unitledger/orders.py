"""Burn orders as data: which lots are used first.

An order is a list of keys with a forced ending (acquired instant, cycle, lot id byte by byte), so
two lots never tie and every store takes the same ones. An order can be read from text:

    expires, -available              the first to expire, then the largest available
    priority, category(promotional, granted, purchased), acquired
    -expires(undated last)           the furthest expiry first, never-expiring lots at the end

A minus turns a key round. What a key cannot rank (a lot that never expires, one without a price)
comes last, except that under ``-expires`` a lot that never expires is the furthest and comes
first; ``(undated first)`` or ``(undated last)`` behind ``expires`` says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
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
_MAX_KEYS = 16
_KEY = re.compile(r"(-?)([a-z]+)(?:\(([a-z, ]*)\))?").fullmatch


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


def _scope_rank(lot: Lot) -> int:
    """Restricted lots before open ones: the fewer sides are open, the earlier."""
    scope = lot.scope
    if scope is None:
        return 3
    return sum(not side for side in (scope.courses, scope.items, scope.audience))


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
        if self.undated is not None and (
            self.by is not RankBy.EXPIRES or self.undated not in ("first", "last")
        ):
            raise InvalidValue("undated", shown(self.undated), "first or last, for expires alone")

    @classmethod
    def parse(cls, text: str) -> OrderKey:
        """The key that a text such as ``-expires(undated last)`` names.

        Raises:
            InvalidValue: There is no such key.
        """
        match = _KEY(text.strip()) if len(text) <= 200 else None
        if match is None or match[2] not in list(RankBy):
            raise InvalidValue("order key", shown(text), f"one of {', '.join(RankBy)}")
        by, inside = RankBy(match[2]), (match[3] or "").strip()
        if by is RankBy.CATEGORY:
            names = [name.strip() for name in inside.split(",")]
            if not set(names) <= set(Category):
                raise InvalidValue("category", shown(inside), f"some of {', '.join(Category)}")
            return cls(by, bool(match[1]), ranks=tuple(map(Category, names)))
        if inside and by is not RankBy.EXPIRES:
            raise InvalidValue("order key", shown(text), "a key without parentheses")
        if inside and inside not in ("undated first", "undated last"):
            raise InvalidValue("order key", shown(text), "(undated first) or (undated last)")
        return cls(by, bool(match[1]), undated=inside.removeprefix("undated ") or None)

    def __str__(self) -> str:
        inside = ", ".join(self.ranks) or (f"undated {self.undated}" if self.undated else "")
        return f"{'-' * self.descending}{self.by}{f'({inside})' * bool(inside)}"

    def rank(self, lot: Lot) -> Any:
        """Where the lot stands by this key alone; smaller is earlier."""
        if self.by is RankBy.EXPIRES:
            return self._expires(lot)
        if self.by is RankBy.COST:
            return self._cost(lot)
        value = _READ[self.by](lot)
        if self.by is RankBy.CATEGORY:
            value = self.ranks.index(value) if value in self.ranks else len(self.ranks)
        return -value if self.descending else value

    def _expires(self, lot: Lot) -> int:
        if lot.terms.expires is None:
            first = self.descending if self.undated is None else self.undated == "first"
            return -_FAR if first else _FAR
        value = microseconds(lot.terms.expires)
        return -value if self.descending else value

    def _cost(self, lot: Lot) -> tuple[Any, ...]:
        if lot.cost is None:
            return (1, "", 0)
        value = lot.cost.per_unit
        return (0, lot.cost.currency, -value if self.descending else value)


_READ: dict[RankBy, Callable[[Lot], Any]] = {
    RankBy.EFFECTIVE: lambda lot: microseconds(lot.terms.effective),
    RankBy.ACQUIRED: lambda lot: microseconds(lot.acquired),
    RankBy.CYCLE: lambda lot: lot.cycle,
    RankBy.PRIORITY: lambda lot: lot.priority,
    RankBy.CATEGORY: lambda lot: lot.category,
    RankBy.SCOPE: _scope_rank,
}


@final
@attrs.frozen
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
    _dynamic: int | None = attrs.field(init=False, eq=False, repr=False)
    _sign: int = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if type(self.keys) is not tuple or set(map(type, self.keys)) - {OrderKey}:
            raise InvalidType("keys", shown(self.keys), "a tuple of OrderKey")
        if len(self.keys) > _MAX_KEYS:
            raise LimitExceeded("keys of an order", str(len(self.keys)), _MAX_KEYS)
        names = [key.by for key in self.keys]
        if len(set(names)) != len(names):
            raise InvalidValue("keys", shown(", ".join(names)), "each key once")
        place = names.index(RankBy.AVAILABLE) if RankBy.AVAILABLE in names else None
        object.__setattr__(self, "_dynamic", place)
        sign = -1 if place is not None and self.keys[place].descending else 1
        object.__setattr__(self, "_sign", sign)

    @classmethod
    def parse(cls, text: str) -> BurnOrder:
        """The order that a text names: a preset such as ``FIFO``, or keys between commas.

        Raises:
            InvalidType: Not a text.
            InvalidValue: An unknown key, or one that stands twice.
        """
        if type(text) is not str:
            raise InvalidType("order", shown(text), "str")
        if text in _PRESETS:
            return _PRESETS[text]
        if len(text) > 1000:
            raise LimitExceeded("characters of an order", str(len(text)), 1000)
        parts = re.split(r",\s*(?![^()]*\))", text)
        return cls(tuple(OrderKey.parse(part) for part in parts))

    def __str__(self) -> str:
        return ", ".join(map(str, self.keys))

    @property
    def by_expiry_first(self) -> bool:
        """Whether the first to expire come first, so that lapsed lots stand together in front."""
        return bool(self.keys) and self.keys[0] == _SOONEST

    @property
    def by_available(self) -> bool:
        """Whether a lot's place changes as it is used."""
        return self._dynamic is not None

    def rank(self, lot: Lot, parts: int) -> Rank:
        """Where a lot with so many available parts stands; smaller is earlier."""
        keys = tuple(
            self._sign * parts if key.by is RankBy.AVAILABLE else key.rank(lot)
            for key in self.keys
        )
        return (*keys, microseconds(lot.acquired), lot.cycle, lot.id)

    def reranked(self, rank: Rank, parts: int) -> Rank:
        """The same lot's rank with another number of available parts."""
        place = self._dynamic
        if place is None:
            return rank
        return rank[:place] + (self._sign * parts,) + rank[place + 1 :]

    def because(self, earlier: Rank, later: Rank) -> str:
        """The name of the first key that tells two ranks apart."""
        names = [*map(str, self.keys), "acquired", "cycle", "lot id"]
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
