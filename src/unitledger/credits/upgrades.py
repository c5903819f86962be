"""Upgrades and downgrades: another plan for a subscription, from its next renewal on.

A larger plan also brings something for the period that has begun, as the policy's ``upgrade`` has
it. A smaller one takes nothing back. What a period has brought once it does not bring again: going
down and up within one period brings nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import ClassVar, final

import attrs

from unitledger.accounts import pool
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.credits.plans import MONTHS, PlanChange, Subscription, check_subscription
from unitledger.credits.refills import period_parts, refilled
from unitledger.errors import LimitExceeded, SubscriptionLapsed
from unitledger.ids import LotId, RecordId, WalletId
from unitledger.operations import positive
from unitledger.policy import GrantRounding, Policy, RefillMode, Upgrade
from unitledger.records import record_lock
from unitledger.time import MAX_YEAR, Period, microseconds

__all__ = ["ChangePlan", "PlanChanged", "supplement"]

_ADMINS: Mapping[Role, Permit] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}


@kind("plan_changed")
@final
@attrs.frozen
class PlanChanged(Outcome):
    """A subscription has another plan.

    Attributes:
        subscription: The subscription.
        base: Credits a year from now on.
        period: The first period that is granted under it, counted from 0.
        amount: What it brought at once, for the period that has begun.
        lot: The lot that came as, the first if there are several; ``None`` when it brought nothing.
    """

    subscription: RecordId
    base: Credits
    period: int
    amount: Credits
    lot: LotId | None


@kind("change_plan")
@final
@attrs.frozen
class ChangePlan(Command[PlanChanged]):
    """Another number of credits a year for a subscription, larger or smaller.

    It counts from the next renewal. What a larger one brings for the period that has begun, the
    policy's ``upgrade`` says; before the first period there is nothing to bring. To the plan it has
    already it changes nothing.

    Attributes:
        subscription: The subscription.
        base: Credits a year.

    Source: C50, C51.
    """

    NAME: ClassVar[str] = "change_plan"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    subscription: str
    base: Credits

    def __attrs_post_init__(self) -> None:
        check_subscription(self.subscription)
        positive(self.base, Credits, "base")

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool."""
        return (pool(),)

    def keys(self) -> tuple[str, ...]:
        """The subscription."""
        return (record_lock(Subscription.KIND, self.subscription),)

    def ready(self, view: View) -> None:
        """The subscription must be in force."""
        lapse = view.record(Subscription, self.subscription).lapse
        if lapse is not None:
            raise SubscriptionLapsed(self.subscription, lapse.since)

    def decide(self, view: View) -> Decision[PlanChanged]:
        """The change, and a lot of what it brings at once."""
        before, policy = view.record(Subscription, self.subscription), view.policy
        view.reach(pool())
        change = PlanChange(view.at, self.base, _next_period(before, view.at), policy.upgrade)
        if before.plan(change.period) == self.base:
            return Decision(self._outcome(change, 0, None))
        after = attrs.evolve(before, changes=(*before.changes, change))
        parts, index = supplement(before, change, policy), change.period - 1
        name = f"{before.id}/{index}+{len(after.changes)}"
        under = attrs.evolve(before, base=self.base, changes=())
        lots, moves = refilled(under, index, parts, policy, name=name, begins=view.at)
        outcome = self._outcome(change, parts, LotId(name) if parts else None)
        return Decision(outcome, moves=moves, lots=lots, records=(after,))

    def _outcome(self, change: PlanChange, parts: int, lot: LotId | None) -> PlanChanged:
        subscription = RecordId(self.subscription)
        return PlanChanged(subscription, self.base, change.period, Credits(parts=parts), lot)


def _next_period(subscription: Subscription, at: datetime) -> int:
    """The first period that has not begun."""
    for index, _ in subscription.renewal.after(at, count=1):
        return index
    raise LimitExceeded(f"year of the next period of {subscription.id}", "a later one", MAX_YEAR)


def supplement(subscription: Subscription, change: PlanChange, policy: Policy) -> int:
    """How many credits a change of plan brings for the period that has begun.

    Args:
        subscription: The subscription as it was before the change.
        change: The change.
        policy: The policy, for its refill and its rounding.

    Source: C50, C51.
    """
    if change.upgrade is Upgrade.NEXT_PERIOD or change.period == 0:
        return 0
    paid, so_far = subscription.plan(change.period - 1), Fraction(0)
    plans = [paid]
    for earlier in subscription.changes:
        counts = earlier.period == change.period and earlier.upgrade is not Upgrade.NEXT_PERIOD
        if counts and earlier.base > paid:
            so_far += _share(subscription, paid, earlier, policy)
            paid = earlier.base
            plans.append(paid)
    if change.base <= paid:
        return 0
    if change.upgrade is Upgrade.IMMEDIATE:
        return _difference(subscription, plans, change, policy)
    return _rounded(so_far, _share(subscription, paid, change, policy), policy.grant_rounding)


def _difference(
    subscription: Subscription, plans: Iterable[Credits], change: PlanChange, policy: Policy
) -> int:
    """What the whole period would have brought more than under any plan it was paid under.

    A running sum rounded down may give one month of a larger plan less than one of a smaller.
    """

    def parts(base: Credits) -> int:
        under = attrs.evolve(subscription, base=base, changes=())
        return period_parts(under, change.period - 1, policy)

    larger, there = parts(change.base), max(map(parts, plans))
    return larger - there if larger > there else 0


def _share(
    subscription: Subscription, paid: Credits, change: PlanChange, policy: Policy
) -> Fraction:
    """The share of the difference that the rest of the period is, exactly."""
    renewal, index = subscription.renewal, change.period - 1
    begins, at, ends = (
        microseconds(when)
        for when in (renewal.occurrence(index), change.at, renewal.occurrence(index + 1))
    )
    larger, smaller = (_exact(base, renewal.period, policy) for base in (change.base, paid))
    return (larger - smaller) * Fraction(ends - at, ends - begins)


def _exact(base: Credits, period: Period, policy: Policy) -> Fraction:
    """What a period brings before any rounding, under the policy's refill."""
    refill = policy.refill
    exact = Fraction(base.parts, MONTHS if period is Period.MONTH else 1)
    if refill.credits is None:
        return exact
    limit = Fraction(refill.credits.parts)
    return limit if refill.mode is RefillMode.RESET_TO else min(exact, limit)


def _rounded(so_far: Fraction, more: Fraction, rounding: GrantRounding) -> int:
    """A share as a whole number, as shares of a year are rounded."""
    if rounding is GrantRounding.CUMULATIVE:
        return int(so_far + more) - int(so_far)
    if rounding is GrantRounding.CEIL:
        return -(-more // 1)
    return int(more)
