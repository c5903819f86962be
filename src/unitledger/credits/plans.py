"""Plans: how many credits a year a subscription brings, and from which period on.

A subscription keeps its terms as a short history, so what any of its periods brings can be said at
any time, whenever a scheduler comes round and whatever the plan is by then.

    IN_FORCE ◄──► SUSPENDED    lapsed; restored within the grace
                      │
                      ▼
                  FORFEITED    the grace is over

Nobody writes ``FORFEITED`` down: a suspended subscription is forfeited from the instant on that was
fixed when it lapsed. So no job has to be in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, final

import attrs

from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, shown
from unitledger.ids import RecordId, check_id
from unitledger.operations import positive
from unitledger.policy import GrantRounding, HoldsAtLapse, PurchasedAtLapse, Upgrade
from unitledger.records import Record
from unitledger.time import Period, Recurrence, instant
from unitledger.values import Value

__all__ = [
    "MAX_CHANGES",
    "MAX_PERIOD",
    "MAX_SUBSCRIPTION_ID",
    "MONTHS",
    "LapseTerms",
    "PlanChange",
    "Subscription",
    "SubscriptionState",
    "brought",
    "check_index",
    "check_subscription",
]

MAX_CHANGES = 1000
"""How often one subscription may change its plan."""
MAX_PERIOD = 999_999
"""The highest number of a period; the calendar ends long before it."""
MAX_SUBSCRIPTION_ID = 100
"""The longest id of a subscription, in characters: its lots and requests are called by it."""
MONTHS = 12
"""How many monthly periods bring the credits of a year."""


def check_subscription(subscription: str) -> str:
    """The same text, when it may be the id of a subscription.

    Raises:
        InvalidType, InvalidId: It is no id.
        LimitExceeded: It is longer than 100 characters.
    """
    check_id(subscription, "subscription")
    if len(subscription) > MAX_SUBSCRIPTION_ID:
        asked = str(len(subscription))
        raise LimitExceeded("characters of a subscription id", asked, MAX_SUBSCRIPTION_ID)
    return subscription


def check_index(index: int, field: str = "index") -> int:
    """The same number, when it may be the number of a period.

    Raises:
        InvalidType: Not exactly an ``int``.
        InvalidValue: Below zero or above 999,999.
    """
    if type(index) is not int:
        raise InvalidType(field, shown(index), "int")
    if not 0 <= index <= MAX_PERIOD:
        raise InvalidValue(field, shown(index), f"0 to {MAX_PERIOD}")
    return index


def brought(base: Credits, period: Period, rounding: GrantRounding, first: int, behind: int) -> int:
    """How many credits the periods from ``first`` to the one before ``behind`` bring.

    Args:
        base: Credits a year.
        period: ``YEAR`` for all of them at once, ``MONTH`` for twelfths.
        rounding: How a twelfth becomes a whole number.
        first: The first period, counted from 0.
        behind: The period behind the last.

    Source: C36 to C38.
    """
    if period is Period.YEAR:
        return base.parts * (behind - first)
    if rounding is GrantRounding.CUMULATIVE:
        return base.parts * behind // MONTHS - base.parts * first // MONTHS
    if rounding is GrantRounding.CEIL:
        return -(-base.parts // MONTHS) * (behind - first)
    return base.parts // MONTHS * (behind - first)


@final
@attrs.frozen
class PlanChange(Value):
    """Another number of credits a year, from a period on.

    Attributes:
        at: When it was made (UTC).
        base: Credits a year from now on.
        period: The first period that is granted under it, counted from 0.
        upgrade: What it brought, if anything, for the period that had begun.

    Source: C50, C51.
    """

    at: datetime
    base: Credits
    period: int
    upgrade: Upgrade

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "at", instant(self.at, "at"))
        positive(self.base, Credits, "base")
        check_index(self.period, "period")
        if type(self.upgrade) is not Upgrade:
            raise InvalidType("upgrade", shown(self.upgrade), "Upgrade")


@final
@attrs.frozen
class LapseTerms(Value):
    """What a lapse means, fixed when it happens.

    Attributes:
        since: The first instant (UTC) at which the subscription is not in force.
        forfeits: The first instant (UTC) at which it cannot be restored any more.
        purchased: What becomes of bought credits then.
        holds: What becomes of the credits that open invites hold.

    Source: C43 to C45.
    """

    since: datetime
    forfeits: datetime
    purchased: PurchasedAtLapse
    holds: HoldsAtLapse

    def __attrs_post_init__(self) -> None:
        for name in ("since", "forfeits"):
            object.__setattr__(self, name, instant(getattr(self, name), name))
        if self.forfeits < self.since:
            raise InvalidValue("forfeits", self.forfeits.isoformat(), "no instant before since")
        if type(self.purchased) is not PurchasedAtLapse:
            raise InvalidType("purchased", shown(self.purchased), "PurchasedAtLapse")
        if type(self.holds) is not HoldsAtLapse:
            raise InvalidType("holds", shown(self.holds), "HoldsAtLapse")


@final
class SubscriptionState(StrEnum):
    """Where a subscription stands.

    Source: C43, C44.
    """

    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    FORFEITED = "forfeited"

    def __repr__(self) -> str:
        return f"SubscriptionState.{self.name}"


@kind("subscription")
@final
@attrs.frozen
class Subscription(Record):
    """The terms of a subscription: how many credits a year, and when they come.

    Attributes:
        id: The host's id of it.
        base: Credits a year, as it began.
        renewal: When its periods begin: yearly or monthly, period 0 at the anchor.
        changes: Every other number of credits a year it had later, in order.
        state: Where it stands; ask `seen`, because a suspended one may be forfeited.
        lapse: What its lapse means, while it has lapsed.

    Source: C36, C37, C39, C43, C50.
    """

    KIND: ClassVar[str] = "subscription"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        SubscriptionState.IN_FORCE: frozenset({SubscriptionState.SUSPENDED}),
        SubscriptionState.SUSPENDED: frozenset(
            {SubscriptionState.IN_FORCE, SubscriptionState.FORFEITED}
        ),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("standing",)
    SEATS: ClassVar[tuple[str, ...]] = ("standing",)

    id: RecordId
    base: Credits
    renewal: Recurrence
    changes: tuple[PlanChange, ...] = ()
    state: SubscriptionState = SubscriptionState.IN_FORCE
    lapse: LapseTerms | None = None

    def __attrs_post_init__(self) -> None:
        check_subscription(self.id)
        positive(self.base, Credits, "base")
        if type(self.renewal) is not Recurrence:
            raise InvalidType("renewal", shown(self.renewal), "Recurrence")
        self._check_changes()
        if type(self.state) is not SubscriptionState:
            raise InvalidType("state", shown(self.state), "SubscriptionState")
        if self.lapse is not None and type(self.lapse) is not LapseTerms:
            raise InvalidType("lapse", shown(self.lapse), "LapseTerms")
        if (self.state is SubscriptionState.IN_FORCE) != (self.lapse is None):
            raise InvalidValue("lapse", shown(self.lapse), "the terms of a lapse, once it lapsed")

    def _check_changes(self) -> None:
        if type(self.changes) is not tuple or set(map(type, self.changes)) - {PlanChange}:
            raise InvalidType("changes", shown(self.changes), "a tuple of PlanChange")
        if len(self.changes) > MAX_CHANGES:
            raise LimitExceeded("changes of a plan", str(len(self.changes)), MAX_CHANGES)
        made = [(change.at, change.period) for change in self.changes]
        if made != sorted(made):
            raise InvalidValue("changes", "in another order", "the earlier ones first")

    @property
    def key(self) -> str:
        """The subscription's id."""
        return self.id

    def index(self) -> Mapping[str, str]:
        """Whether it is in force or has lapsed."""
        in_force = self.state is SubscriptionState.IN_FORCE
        return {"standing": "in_force" if in_force else "lapsed"}

    def seen(self, at: datetime) -> Subscription:
        """The same subscription as it is at an instant: its grace may be over.

        Args:
            at: The instant (UTC).

        Source: C43, C44.
        """
        over = self.lapse is not None and self.lapse.forfeits <= at
        if over and self.state is SubscriptionState.SUSPENDED:
            return self.to(SubscriptionState.FORFEITED)
        return self

    def plan(self, index: int) -> Credits:
        """Credits a year that a period is granted under.

        Args:
            index: The period, counted from 0.

        Source: C50.
        """
        found = self.base
        for change in self.changes:
            if change.period <= index:
                found = change.base
        return found

    def grant(self, index: int, rounding: GrantRounding) -> Credits:
        """What a period brings: the yearly number, or its share of a month.

        Args:
            index: The period, counted from 0.
            rounding: How a twelfth becomes a whole number.

        Source: C36 to C38.
        """
        base, period = self.plan(index), self.renewal.period
        return Credits(parts=brought(base, period, rounding, index, index + 1))

    def due(self, index: int) -> datetime | None:
        """When a period begins (UTC); ``None`` when the calendar ends before it.

        Source: C39.
        """
        return self.renewal.occurrence(index) if self.renewal.happens(index) else None
