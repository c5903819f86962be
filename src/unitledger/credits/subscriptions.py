"""Subscriptions: a number of credits a year, granted to the pool on anchored renewal dates.

    Subscribe   writes the terms down, and grants nothing by itself
    Replenish   grants one period, from the instant it is due, once and for all

Period ``k`` is due at the k-th occurrence counted from the anchor, whenever and in whatever order
the periods are asked for. What becomes of credits that are left, the policy's ``refill`` says; by
default they stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, pool
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.credits.plans import Subscription, check_index, check_subscription
from unitledger.credits.refills import period_parts, refilled
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    InvalidValue,
    NotDue,
    SubscriptionLapsed,
    UnknownObject,
    shown,
)
from unitledger.ids import LotId, RecordId, WalletId, check_id
from unitledger.operations import positive
from unitledger.ports import Reading
from unitledger.records import Record, index_lock, record_lock
from unitledger.time import Period, Recurrence, instant

__all__ = [
    "Replenish",
    "Replenished",
    "Replenishment",
    "Subscribe",
    "Subscribed",
    "unissued",
]

_SCHEDULERS: Mapping[Role, Permit] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}


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
        check_subscription(self.subscription)
        check_index(self.period, "period")

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
        lot: The lot it came as, the first if there are several; ``None`` when it brought nothing.
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
        subscription: The host's id of it, up to 100 characters.
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
        check_subscription(self.subscription)
        positive(self.base, Credits, "base")
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
        """The subscription, and those in force, to which it is added."""
        return (
            record_lock(Subscription.KIND, self.subscription),
            index_lock(Subscription.KIND, "standing", "in_force"),
        )

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
        check_subscription(self.subscription)
        check_index(self.index)

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
        """The period must be due, and the subscription in force when it was."""
        subscription = view.record(Subscription, self.subscription)
        due = subscription.renewal.occurrence(self.index)
        if view.at < due:
            raise NotDue(f"period {self.index} of {self.subscription}", due)
        lapse = subscription.lapse
        if lapse is not None and lapse.since <= due and not self._done(view):
            raise SubscriptionLapsed(self.subscription, lapse.since)

    def decide(self, view: View) -> Decision[Replenished]:
        """Lots in the pool, unless the period was granted before or brings nothing."""
        firing = self._firing
        if self._done(view):
            first = view.made_by(Replenishment, firing.key)
            return Decision(self._outcome(_issued(view, firing.key)), same_as=first)
        subscription = view.record(Subscription, self.subscription)
        parts = period_parts(subscription, self.index, view.policy)
        lots, moves = refilled(
            subscription,
            self.index,
            parts,
            view.policy,
            name=firing.key,
            begins=subscription.renewal.occurrence(self.index),
        )
        outcome = self._outcome(parts)
        view.reach(pool())
        return Decision(outcome, moves=moves, lots=lots, records=(firing,))

    def _done(self, view: View) -> bool:
        return view.has_record(Replenishment, self._firing.key)

    def _outcome(self, parts: int) -> Replenished:
        firing, amount = self._firing, Credits(parts=parts)
        lot = LotId(firing.key) if amount else None
        return Replenished(firing.subscription, self.index, amount, lot)


def _issued(view: View, name: str) -> int:
    """What came into the pool as the lots of that name."""
    parts, number, lot_id = 0, 1, LotId(name)
    while view.has_lot(lot_id):
        parts -= view.cells(pool(), lot_id)[State.ISSUED]
        number += 1
        lot_id = LotId(f"{name}.{number}")
    return parts


def unissued(
    reading: Reading, subscription: str, *, at: datetime
) -> tuple[tuple[int, datetime], ...]:
    """Every period of a subscription that is due and not granted yet, with its instant, in order.

    Periods that began after the subscription had lapsed are not due.

    Args:
        reading: A reading of the portal.
        subscription: The subscription.
        at: The last instant to look at (UTC).

    Raises:
        UnknownObject: This portal has none of that id.

    Source: C40.
    """
    name, now = check_id(subscription, "subscription"), instant(at, "at")
    found = reading.record(Subscription.KIND, name)
    if not isinstance(found, Subscription):
        raise UnknownObject(Subscription.KIND, name)
    lapse = found.lapse
    return tuple(
        (index, due)
        for index, due in found.renewal.upto(now)
        if (lapse is None or due < lapse.since)
        and reading.record(Replenishment.KIND, Replenishment(found.id, index).key) is None
    )
