"""Subscriptions in plain values: what a period brings, plans that change, lapses and standing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from tests.journeys.portal_books import STAFF, Books, Done, Knobs, Lot, Moved, No, of_credits
from tests.journeys.portal_calendar import later


@dataclass
class Lapse:
    since: datetime
    forfeits: datetime
    purchased: str
    holds: str


@dataclass
class Subscription:
    base: int
    months: int
    anchor: datetime
    zone: str
    granted: dict[int, tuple[str, int]] = field(default_factory=dict)
    """For every period granted: the request that did it, and what it brought."""
    changes: list[tuple[int, int]] = field(default_factory=list)
    """The first period under another plan, and its credits a year."""
    raises: dict[int, list[tuple[datetime, int]]] = field(default_factory=dict)
    """For every period: when a larger plan brought something for it, and which plan."""
    lapse: Lapse | None = None

    def plan(self, index: int) -> int:
        """C50: credits a year that a period is granted under."""
        return next((base for first, base in reversed(self.changes) if first <= index), self.base)

    def due(self, index: int) -> datetime:
        """C39."""
        return later(self.anchor, "month", index * self.months, self.zone)

    def coming(self, now: datetime) -> int:
        """The first period that has not begun."""
        index = 0
        while self.due(index) <= now:
            index += 1
        return index

    def ended(self, now: datetime) -> bool:
        """C43: whether it has lapsed, and the grace is over."""
        return self.lapse is not None and self.lapse.forfeits <= now


class SubscriptionsRoom(Books):
    """What fills the pool by itself, and what becomes of a portal that is not paid any more."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.subscriptions: dict[str, Subscription] = {}

    def _subscription(self, name: str) -> Subscription:
        if name not in self.subscriptions:
            raise No("unknown_object")
        return self.subscriptions[name]

    def subscribe(self, subscription: str, base: int, period: str, anchor: datetime | None) -> Done:
        """C36, C37, C39."""
        self._may(*STAFF)
        if subscription in self.subscriptions:
            raise No("already_exists")
        months = {"year": 12, "month": 1}[period]
        start = anchor or self.now
        self.subscriptions[subscription] = Subscription(base, months, start, self.knobs.zone)
        return Done({"subscription": subscription, "anchor": start})

    def replenish(self, subscription: str, index: int) -> Done:
        """C36 to C41, C43."""
        self._may(*STAFF)
        found, lot = self._subscription(subscription), f"{subscription}/{index}"
        due = found.due(index)
        if self.now < due:
            raise No("not_due", due=due)
        if index in found.granted:
            request, amount = found.granted[index]
            return Done({"amount": amount, "lot": lot if amount else None}, (), request)
        if found.lapse is not None and found.lapse.since <= due:
            raise No("subscription_lapsed", subscription=subscription, since=found.lapse.since)
        amount = self._of_period(found, found.plan(index), index)
        found.granted[index] = self._request, amount
        moves = self._refilled(subscription, found.plan(index), index, amount, lot, due)
        return Done({"amount": amount, "lot": lot if amount else None}, moves)

    def _brought(self, found: Subscription, base: int, first: int, last: int) -> int:
        """C36 to C38: what the periods from the first to the last bring under a plan."""
        return sum(self._grant_of(found, base, index) for index in range(first, last + 1))

    def _grant_of(self, found: Subscription, base: int, index: int) -> int:
        if found.months == 12:
            return base
        if self.knobs.grant_rounding == "cumulative":
            return base * (index + 1) // 12 - base * index // 12
        whole, rest = divmod(base, 12)
        return whole + (1 if rest and self.knobs.grant_rounding == "ceil" else 0)

    def _of_period(self, found: Subscription, base: int, index: int) -> int:
        """C41: what a period brings under a refill."""
        mode, limit = self.knobs.refill
        granted = self._grant_of(found, base, index)
        return {"reset_to": limit, "add_capped": min(granted, limit)}.get(mode, granted)

    def _refilled(
        self, name: str, base: int, index: int, parts: int, lot: str, begins: datetime
    ) -> list[Moved]:
        """C41: credits of a period, cut into lots where a refill ends them."""
        found, moves = self.subscriptions[name], list[Moved]()
        pieces = self._pieces(found, base, index, parts) if parts else ()
        for number, (size, ends) in enumerate(pieces, 1):
            called = lot if number == 1 else f"{lot}.{number}"
            made = Lot("pool", size, begins, ends, begins, index + 1, brought_by=name)
            moves.append(self._issued(called, made))
        return moves

    def _pieces(
        self, found: Subscription, base: int, index: int, parts: int
    ) -> Iterator[tuple[int, datetime | None]]:
        mode, limit = self.knobs.refill
        if mode == "add":
            yield parts, None
        elif mode in ("reset_to", "expire_period"):
            yield parts, found.due(index + 1)
        else:
            later = index
            while parts:
                later += 1
                newer = self._brought(found, base, index + 1, later)
                stays = min(parts, limit - newer) if newer < limit else 0
                if stays < parts:
                    yield parts - stays, found.due(later)
                parts = stays

    def change_plan(self, subscription: str, base: int) -> Done:
        """C50, C51."""
        self._may(*STAFF)
        found = self._subscription(subscription)
        if found.lapse is not None:
            raise No("subscription_lapsed", subscription=subscription, since=found.lapse.since)
        period = found.coming(self.now)
        figures = {"base": base, "period": period, "amount": 0, "lot": None}
        if found.plan(period) == base:
            return Done(figures)
        amount = self._supplement(found, base, period - 1)
        found.changes.append((period, base))
        if not amount:
            return Done(figures)
        lot = f"{subscription}/{period - 1}+{len(found.changes)}"
        moves = self._refilled(subscription, base, period - 1, amount, lot, self.now)
        return Done({**figures, "amount": amount, "lot": lot}, moves)

    def _supplement(self, found: Subscription, base: int, index: int) -> int:
        """C50: what a larger plan brings for the period that has begun, never the same twice."""
        if self.knobs.upgrade == "next_period" or index < 0:
            return 0
        raises = found.raises.setdefault(index, [])
        best = raises[-1][1] if raises else found.plan(index)
        if base <= best:
            return 0
        raises.append((self.now, base))
        if self.knobs.upgrade == "immediate":
            plans = [found.plan(index), *(more for _, more in raises[:-1])]
            there = max(self._of_period(found, one, index) for one in plans)
            more = self._of_period(found, base, index)
            return more - there if more > there else 0
        shares, paid = [], found.plan(index)
        for at, raised in raises:
            shares.append(self._share(found, index, at, self._exact(found, raised, paid)))
            paid = raised
        return self._share_rounded(sum(shares[:-1], Fraction(0)), shares[-1])

    def _exact(self, found: Subscription, more: int, less: int) -> Fraction:
        mode, limit = self.knobs.refill
        ends = [Fraction(base * found.months, 12) for base in (more, less)]
        if mode == "add_capped":
            ends = [min(end, Fraction(limit)) for end in ends]
        return Fraction(0) if mode == "reset_to" else ends[0] - ends[1]

    def _share(self, found: Subscription, index: int, at: datetime, of: Fraction) -> Fraction:
        begins, ends = found.due(index), found.due(index + 1)
        micro = timedelta(microseconds=1)
        return of * Fraction((ends - at) // micro, (ends - begins) // micro)

    def _share_rounded(self, so_far: Fraction, more: Fraction) -> int:
        floor = more.numerator // more.denominator
        if self.knobs.grant_rounding == "cumulative":
            return int(so_far + more) - int(so_far)
        return floor + (self.knobs.grant_rounding == "ceil" and floor < more)

    # Lapse and standing.

    def lapse(self, subscription: str) -> Done:
        """C43, C45."""
        self._may(*STAFF)
        found = self._subscription(subscription)
        if found.lapse is not None:
            raise No("illegal_transition")
        over = self.now + timedelta(days=self.knobs.grace)
        last = not any(one.lapse is None for one in self.subscriptions.values() if one is not found)
        purchased = self.knobs.purchased_at_lapse if last else "keep"
        found.lapse = Lapse(self.now, over, purchased, self.knobs.holds_at_lapse)
        return Done({"since": self.now, "forfeits": over})

    def resubscribe(self, subscription: str) -> Done:
        """C44."""
        self._may(*STAFF)
        found = self._subscription(subscription)
        if found.lapse is None or found.ended(self.now):
            raise No("illegal_transition")
        since, found.lapse = found.lapse.since, None
        return Done({"since": since})

    def forfeited(self, subscription: str, lot: str) -> bool:
        """C43: whether a lot is gone with a subscription, whether or not it was taken out yet."""
        found, one = self.subscriptions[subscription], self.lots[lot]
        if found.lapse is None or not found.ended(self.now) or not of_credits(one.home):
            return False
        if one.category == "purchased":
            return found.lapse.purchased == "forfeit" and one.acquired < found.lapse.forfeits
        return one.brought_by == subscription

    def left_of(self, subscription: str, wallet: str) -> dict[str, int]:
        """C43: what a wallet still has of what is forfeited; lots that lapsed are left to that."""
        return {
            lot: parts
            for lot, parts in sorted(self.free.get(wallet, {}).items())
            if parts and self.forfeited(subscription, lot) and not self.lots[lot].ended(self.now)
        }

    def _lapsed(self) -> dict[str, Lapse]:
        known = sorted(self.subscriptions.items())
        return {name: one.lapse for name, one in known if one.lapse is not None}

    def _check_standing(self, *wallets: str) -> None:
        """C43, C44: before anything is spent, allocated or given away."""
        lapsed = self._lapsed()
        self._insist_on_one(lapsed)
        for name in lapsed:
            for wallet in wallets:
                if self.left_of(name, wallet):
                    raise No("forfeit_due", subscription=name, wallet=wallet)

    def _insist_on_one(self, lapsed: dict[str, Lapse]) -> None:
        if lapsed and not any(one.lapse is None for one in self.subscriptions.values()):
            since, name = max((one.since, name) for name, one in lapsed.items())
            raise No("subscription_lapsed", subscription=name, since=since)
