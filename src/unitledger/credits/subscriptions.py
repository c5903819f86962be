"""Subscriptions: a number of credits a year, granted to the pool on anchored renewal dates.

    Subscribe   writes the terms down, and grants nothing by itself
    Replenish   grants one period, from the instant it is due, once and for all

Period ``k`` is due at the k-th occurrence counted from the anchor, whenever and in whatever order
the periods are asked for. A refill adds to what is there and expires never, so unused credits stay
where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, final

import attrs

from unitledger.accounts import Account, State, pool
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotDue,
    UnknownObject,
    shown,
)
from unitledger.ids import LotId, RecordId, WalletId, check_id
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.operations import positive
from unitledger.policy import GrantRounding
from unitledger.ports import Reading
from unitledger.records import Record, record_lock
from unitledger.time import Period, Recurrence, Validity, instant

__all__ = [
    "MAX_PERIOD",
    "MAX_SUBSCRIPTION_ID",
    "Replenish",
    "Replenished",
    "Replenishment",
    "Subscribe",
    "Subscribed",
    "Subscription",
    "unissued",
]

MAX_PERIOD = 999_999
"""The highest number of a period; the calendar ends long before it."""
MAX_SUBSCRIPTION_ID = 120
"""The longest id of a subscription, in characters: its lots are called by it and a period."""

_MONTHS = 12
_SCHEDULERS: Mapping[Role, Permit] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}


def _check_subscription(subscription: str) -> None:
    check_id(subscription, "subscription")
    if len(subscription) > MAX_SUBSCRIPTION_ID:
        asked = str(len(subscription))
        raise LimitExceeded("characters of a subscription id", asked, MAX_SUBSCRIPTION_ID)


def _check_index(index: int) -> None:
    if type(index) is not int:
        raise InvalidType("index", shown(index), "int")
    if not 0 <= index <= MAX_PERIOD:
        raise InvalidValue("index", shown(index), f"0 to {MAX_PERIOD}")


@kind("subscription")
@final
@attrs.frozen
class Subscription(Record):
    """The terms of a subscription: how many credits a year, and when they come.

    Attributes:
        id: The host's id of it.
        base: Credits a year.
        renewal: When its periods begin: yearly or monthly, period 0 at the anchor.

    Source: C36, C37, C39.
    """

    KIND: ClassVar[str] = "subscription"

    id: RecordId
    base: Credits
    renewal: Recurrence

    def __attrs_post_init__(self) -> None:
        _check_subscription(self.id)
        positive(self.base, Credits)
        if type(self.renewal) is not Recurrence:
            raise InvalidType("renewal", shown(self.renewal), "Recurrence")

    @property
    def key(self) -> str:
        """The subscription's id."""
        return self.id

    def grant(self, index: int, rounding: GrantRounding) -> Credits:
        """What a period brings: the yearly number, or its share of a month.

        Args:
            index: The period, counted from 0.
            rounding: How a twelfth becomes a whole number.

        Source: C36 to C38.
        """
        base = self.base.parts
        if self.renewal.period is Period.YEAR:
            return self.base
        if rounding is GrantRounding.CUMULATIVE:
            so_far, before = base * (index + 1) // _MONTHS, base * index // _MONTHS
            return Credits(parts=so_far - before)
        if rounding is GrantRounding.CEIL:
            return Credits(parts=-(-base // _MONTHS))
        return Credits(parts=base // _MONTHS)


@kind("replenishment")
@final
@attrs.frozen
class Replenishment(Record):
    """A period of a subscription has been granted.

    Attributes:
        subscription: Whose period.
        period: Which, counted from 0.

    Source: C40.
    """

    KIND: ClassVar[str] = "replenishment"

    subscription: RecordId
    period: int

    def __attrs_post_init__(self) -> None:
        _check_subscription(self.subscription)
        _check_index(self.period)

    @property
    def key(self) -> str:
        """The subscription and the period: ``growth/0``. The period's lot is called the same."""
        return f"{self.subscription}/{self.period}"


@kind("subscribed")
@final
@attrs.frozen
class Subscribed(Outcome):
    """A subscription's terms were written down.

    Attributes:
        subscription: Its id.
        anchor: When its period 0 is due (UTC).
    """

    subscription: RecordId
    anchor: datetime


@kind("replenished")
@final
@attrs.frozen
class Replenished(Outcome):
    """A period of a subscription was granted to the pool.

    Attributes:
        subscription: The subscription.
        index: The period, counted from 0.
        amount: How much it brought; zero when the rounding leaves nothing for this month.
        lot: The lot it came as; ``None`` when it brought nothing.
    """

    subscription: RecordId
    index: int
    amount: Credits
    lot: LotId | None


@kind("subscribe")
@final
@attrs.frozen
class Subscribe(Command[Subscribed]):
    """The terms of a subscription, written down; its periods are granted by `Replenish`.

    Attributes:
        subscription: The host's id of it, up to 120 characters.
        base: Credits a year.
        period: ``YEAR`` for all of them at once, ``MONTH`` for twelfths.
        anchor: When period 0 is due (UTC), in the past or to come; ``None`` is at once. The days
            of later periods are counted from it on the calendar of the policy's zone.

    Source: C36, C37, C39.
    """

    NAME: ClassVar[str] = "subscribe"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _SCHEDULERS

    subscription: str
    base: Credits
    period: Period
    anchor: datetime | None = None

    def __attrs_post_init__(self) -> None:
        _check_subscription(self.subscription)
        positive(self.base, Credits)
        if type(self.period) is not Period:
            raise InvalidType("period", shown(self.period), "Period")
        if self.period not in (Period.YEAR, Period.MONTH):
            raise InvalidValue("period", shown(self.period.value), "Period.YEAR or Period.MONTH")
        if self.anchor is not None:
            object.__setattr__(self, "anchor", instant(self.anchor, "anchor"))

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool, which it will fill."""
        return (pool(),)

    def keys(self) -> tuple[str, ...]:
        """The subscription."""
        return (record_lock(Subscription.KIND, self.subscription),)

    def ready(self, view: View) -> None:
        """The id must be free."""
        if view.has_record(Subscription, self.subscription):
            raise AlreadyExists(Subscription.KIND, self.subscription)

    def decide(self, view: View) -> Decision[Subscribed]:
        """The record, and no move."""
        anchor = self.anchor or view.at
        renewal = Recurrence(anchor, self.period, zone=view.policy.zone)
        subscription = Subscription(RecordId(self.subscription), self.base, renewal)
        return Decision(Subscribed(subscription.id, anchor), records=(subscription,))


@kind("replenish")
@final
@attrs.frozen
class Replenish(Command[Replenished]):
    """One period of a subscription, granted to the pool once it is due.

    The same period asked for again under another request brings nothing and gets the first answer.
    A period that is late has the lot it would have had in time: acquired when it was due.

    Attributes:
        subscription: The subscription.
        index: The period, counted from 0.

    Source: C36 to C41.
    """

    NAME: ClassVar[str] = "replenish"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _SCHEDULERS

    subscription: str
    index: int

    def __attrs_post_init__(self) -> None:
        _check_subscription(self.subscription)
        _check_index(self.index)

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool."""
        return (pool(),)

    def keys(self) -> tuple[str, ...]:
        """The subscription and the period."""
        return (
            record_lock(Subscription.KIND, self.subscription),
            record_lock(Replenishment.KIND, self._firing.key),
        )

    @property
    def _firing(self) -> Replenishment:
        return Replenishment(RecordId(self.subscription), self.index)

    def ready(self, view: View) -> None:
        """The period must be due."""
        due = view.record(Subscription, self.subscription).renewal.occurrence(self.index)
        if view.at < due:
            raise NotDue(f"period {self.index} of {self.subscription}", due)

    def decide(self, view: View) -> Decision[Replenished]:
        """A lot in the pool, unless the period was granted before or brings nothing."""
        firing = self._firing
        lot_id = LotId(firing.key)
        if view.has_record(Replenishment, firing.key):
            issued = Credits(parts=-view.cells(pool(), lot_id)[State.ISSUED])
            first = view.made_by(Replenishment, firing.key)
            return Decision(self._outcome(issued, lot_id), same_as=first)
        subscription = view.record(Subscription, self.subscription)
        amount = subscription.grant(self.index, view.policy.grant_rounding)
        outcome = self._outcome(amount, lot_id)
        if not amount:
            return Decision(outcome, records=(firing,))
        due = subscription.renewal.occurrence(self.index)
        lot = Lot(id=lot_id, home=pool(), terms=Validity(due), acquired=due, cycle=self.index + 1)
        ends = Account(pool(), State.ISSUED), Account(pool(), State.FREE)
        move = Move(lot_id, *ends, amount.parts)
        return Decision(outcome, moves=(move,), lots=(lot,), records=(firing,))

    def _outcome(self, amount: Credits, lot: LotId) -> Replenished:
        subscription = RecordId(self.subscription)
        return Replenished(subscription, self.index, amount, lot if amount else None)


def unissued(
    reading: Reading, subscription: str, *, at: datetime
) -> tuple[tuple[int, datetime], ...]:
    """Every period of a subscription that is due and not granted yet, with its instant, in order.

    Args:
        reading: A reading of the portal.
        subscription: The subscription.
        at: The last instant to look at (UTC).

    Raises:
        UnknownObject: This portal has none of that id.

    Source: C40.
    """
    found = reading.record(Subscription.KIND, check_id(subscription, "subscription"))
    if not isinstance(found, Subscription):
        raise UnknownObject(Subscription.KIND, subscription)
    return tuple(
        (index, due)
        for index, due in found.renewal.upto(at)
        if reading.record(Replenishment.KIND, Replenishment(found.id, index).key) is None
    )
