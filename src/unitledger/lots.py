"""Lots: parcels of units from one source, and the terms under which they can be used.

A lot keeps its identity wherever its units move. Its terms stand in one place, here, so an edit of
its expiry reaches every holder and copies nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Protocol, final

import attrs

from unitledger.accounts import check_wallet, member, pool, wallet_unit
from unitledger.amounts import Credits, Number, Units, exact
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, NegativeAmount, shown
from unitledger.ids import LotId, WalletId, check_id
from unitledger.time import Validity, end_of_day, instant
from unitledger.values import Value

__all__ = ["ANYTHING", "MAX_SCOPE", "Category", "Cost", "Lot", "Scope", "Use", "check_attributes"]

MAX_SCOPE = 1000
"""How many courses, items or groups one scope may name."""

_MAX_NUMBER = 999_999_999
_START = datetime(2000, 1, 1, tzinfo=UTC)


@final
class Category(StrEnum):
    """How a lot came to be; burn orders and lapse rules may look at it."""

    GRANTED = "granted"
    PURCHASED = "purchased"
    PROMOTIONAL = "promotional"

    def __repr__(self) -> str:
        return f"Category.{self.name}"


@final
@attrs.frozen
class Cost(Value):
    """The price paid per unit, exact, with its currency.

    Attributes:
        per_unit: Money per unit, zero or more.
        currency: Its code, as the host writes it.

    Source: TU-219, TU-277.
    """

    per_unit: Fraction
    currency: str

    def __attrs_post_init__(self) -> None:
        if type(self.per_unit) is not Fraction:
            raise InvalidType("per_unit", shown(self.per_unit), "Fraction; read one with Cost.of")
        own = exact(self.per_unit, "per_unit")
        if own < 0:
            raise NegativeAmount("per_unit", str(own))
        object.__setattr__(self, "per_unit", own)
        check_id(self.currency, "currency")

    @classmethod
    def of(cls, per_unit: Number, currency: str) -> Cost:
        """The price exactly as written.

        >>> Cost.of("0.90", "EUR").per_unit
        Fraction(9, 10)
        """
        return cls(exact(per_unit, "per_unit"), currency)


def _names(value: frozenset[str], field: str) -> None:
    if type(value) is not frozenset:
        raise InvalidType(field, shown(value), "frozenset")
    if len(value) > MAX_SCOPE:
        raise LimitExceeded(field, str(len(value)), MAX_SCOPE)
    for name in value:
        check_id(name, field)


@final
@attrs.frozen
class Use(Value):
    """What units are to be used for: the question a lot's scope answers.

    Attributes:
        course: The course, if any.
        item: The item of a cart, if any.
        groups: The user's own id and every group that the Directory says the user is in.
    """

    course: str | None = None
    item: str | None = None
    groups: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        if self.course is not None:
            check_id(self.course, "course")
        if self.item is not None:
            check_id(self.item, "item")
        _names(self.groups, "groups")


ANYTHING = Use()
"""A use that names nothing: lots without a scope serve it, restricted lots do not."""


@final
@attrs.frozen
class Scope(Value):
    """What a lot may be used for; an empty set leaves that side open.

    Attributes:
        courses: Only for these courses.
        items: Only for these items.
        audience: Only by these users or members of these groups.

    Source: TU-106, TU-156.
    """

    courses: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        _names(self.courses, "courses")
        _names(self.items, "items")
        _names(self.audience, "audience")

    def admits(self, use: Use) -> bool:
        """Whether the lot may serve that use: every side that is restricted must agree.

        Raises:
            InvalidType: Not a use.
        """
        _exactly(use, Use, "use")
        if self.courses and use.course not in self.courses:
            return False
        if self.items and use.item not in self.items:
            return False
        return not self.audience or not self.audience.isdisjoint(use.groups)


@final
@attrs.frozen(kw_only=True)
class Lot(Value):
    """A parcel of units from one source; which unit, its home wallet says.

    Attributes:
        id: The lot's id, unique in its portal.
        home: The wallet it was issued in; its ``ISSUED`` cell stands there.
        terms: When its units can be spent: from ``effective``, before ``expires``.
        acquired: When it was acquired (UTC); breaks ties in every burn order.
        cycle: The number of the firing it came from, from 1; breaks further ties.
        category: Granted, purchased or promotional.
        priority: A rank for orders that ask for it; lower is used first.
        scope: What it may be used for; ``None`` is anything.
        cost: The price paid per unit, if it was bought.
        version: How often its terms were written: 1 when issued, one more with every edit.
        since: When its terms were last written (UTC); ``None`` before a ledger has seen it.

    Source: TU-028, TU-219.
    """

    id: LotId
    home: WalletId
    terms: Validity
    acquired: datetime
    cycle: int = 1
    category: Category = Category.GRANTED
    priority: int = 0
    scope: Scope | None = None
    cost: Cost | None = None
    version: int = 1
    since: datetime | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.id, "lot")
        check_wallet(self.home, "home")
        _exactly(self.terms, Validity, "terms")
        object.__setattr__(self, "acquired", instant(self.acquired, "acquired"))
        if self.since is not None:
            object.__setattr__(self, "since", instant(self.since, "since"))
        check_attributes(self)
        _number(self.version, 1, "version")

    @classmethod
    def plain(
        cls,
        lot: str,
        unit: type[Credits | Units] = Units,
        *,
        expires: date | datetime | None = None,
        acquired: datetime = _START,
    ) -> Lot:
        """A lot for a notebook or a test: usable since 2000, in a wallet nobody asks about.

        Args:
            lot: Its id.
            unit: Credits or training units.
            expires: An instant, a day (usable to its end in UTC), or ``None`` for never.
            acquired: When it was acquired.
        """
        if unit is not Credits and unit is not Units:
            raise InvalidType("unit", shown(unit), "Credits or Units")
        end = expires if expires is None or isinstance(expires, datetime) else end_of_day(expires)
        return cls(
            id=LotId(lot),
            home=pool() if unit is Credits else member("anyone"),
            terms=Validity(_START, end),
            acquired=acquired,
        )

    @property
    def unit(self) -> type[Credits | Units]:
        """Credits or training units."""
        return wallet_unit(self.home)

    def usable(self, at: datetime, use: Use = ANYTHING) -> bool:
        """Whether its units can be spent at that instant for that use."""
        return self.terms.holds(at) and (self.scope is None or self.scope.admits(use))

    def lapsed(self, at: datetime) -> bool:
        """Whether its terms have ended at that instant."""
        return self.terms.expires is not None and self.terms.expires <= at

    def under(self, terms: Validity, since: datetime) -> Lot:
        """The same lot under edited terms, one version later.

        Args:
            terms: When its units can be spent from now on.
            since: When the edit was made (UTC).
        """
        return attrs.evolve(self, terms=terms, version=self.version + 1, since=since)


class _Attributed(Protocol):
    """What has the attributes that a burn order or a scope asks for."""

    @property
    def cycle(self) -> int: ...
    @property
    def category(self) -> Category: ...
    @property
    def priority(self) -> int: ...
    @property
    def scope(self) -> Scope | None: ...
    @property
    def cost(self) -> Cost | None: ...


def check_attributes(parcel: _Attributed) -> None:
    """Refuse attributes that no lot can have: of a lot, or of a command that is to make one.

    Raises:
        InvalidType: One is of another type than a lot's.
        InvalidValue: A number out of its range.
    """
    _exactly(parcel.category, Category, "category")
    _number(parcel.cycle, 1, "cycle")
    _number(parcel.priority, -_MAX_NUMBER, "priority")
    if parcel.scope is not None:
        _exactly(parcel.scope, Scope, "scope")
    if parcel.cost is not None:
        _exactly(parcel.cost, Cost, "cost")


def _number(value: int, least: int, field: str) -> None:
    if type(value) is not int:
        raise InvalidType(field, shown(value), "int")
    if not least <= value <= _MAX_NUMBER:
        raise InvalidValue(field, shown(value), f"{least} to {_MAX_NUMBER}")


def _exactly(value: object, kind: type, field: str) -> None:
    if type(value) is not kind:
        raise InvalidType(field, shown(value), kind.__name__)
