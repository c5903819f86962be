"""The pool and courses in plain values: allocations, closures, debts, purchases, corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.journeys.portal_books import (
    ANYTHING,
    STAFF,
    Claim,
    Done,
    Knobs,
    Lot,
    Moved,
    No,
    Part,
    Scope,
    Use,
    course_wallet,
    manager_wallet,
)
from tests.journeys.portal_subscriptions import SubscriptionsRoom


@dataclass
class Payment:
    wallet: str
    buyer: str
    asked: dict[str, Any]
    made_by: str
    back_by: str | None = None
    missing: int = 0


class PoolRoom(SubscriptionsRoom):
    """What administrators do with the pool and the courses."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.registered: set[tuple[str, str]] = set()
        self.closed: dict[str, bool] = {}
        self.waiting: dict[str, list[str]] = defaultdict(list)
        """For every course the claims it owes a credit for, the oldest first."""
        self.payments: dict[str, Payment] = {}

    # Closed accounts.

    def _check_open(self, wallet: str) -> None:
        if self.closed.get(wallet):
            raise No("wallet_closed", wallet=wallet)

    def _check_receiver(self, manager: str, course: str) -> None:
        """C14, C22."""
        if (manager, course) not in self.registered:
            raise No("not_registered")
        self._check_open(manager_wallet(manager, course))

    def _check_closes(self, wallet: str) -> None:
        if self.closed.get(wallet):
            raise No("illegal_transition")

    def _reopened(self, wallet: str) -> None:
        if wallet not in self.closed:
            raise No("unknown_object")
        if not self.closed[wallet]:
            raise No("illegal_transition")
        self.closed[wallet] = False

    def landing(self, wallet: str) -> str:
        """C22: manager, else course, else pool."""
        if not self.closed.get(wallet):
            return wallet
        kind, *names = wallet.split("/")
        return self.landing(f"course/{names[-1]}") if kind == "manager" else "pool"

    def _onward(self, moves: Iterable[Moved]) -> list[Moved]:
        """C22: what came back to a closed account goes on."""
        return [
            self._moved(lot, wallet, goal, parts)
            for lot, _, _, wallet, state, parts in moves
            if state == "FREE" and (goal := self.landing(wallet)) != wallet
        ]

    def _emptied(self, source: str, target: str) -> list[Moved]:
        """C22: lots that begin later as well; what has lapsed stays."""
        there = sorted(self.free.get(source, {}).items())
        return [
            self._moved(lot, source, target, parts)
            for lot, parts in there
            if parts and not self.lots[lot].ended(self.now)
        ]

    # Debts.

    def owed(self, course: str) -> int:
        """C56."""
        return len(self.waiting[course])

    def spare(self, course: str, use: Use) -> int:
        """C54, C56: what a course can spend less what it owes."""
        free, debt = self.spendable(course_wallet(course), use), self.owed(course)
        return free - debt if debt < free else 0

    def _released(self, course: str, target: str, amount: int, use: Use) -> list[Moved]:
        """C12, C15, C56: what a course owes stays with it."""
        spare = self.spare(course, use)
        if spare < amount:
            raise No("insufficient_units", needed=amount, available=spare)
        return self._transferred(course_wallet(course), target, amount, use)

    def _advanced(self, course: str, name: str, claim: Claim, use: Use) -> list[Moved] | None:
        """C56: an enrolment made ahead, unless that is beyond the limit."""
        wallet, lot = course_wallet(course), f"debt/{course}"
        limit = self.knobs.overdraft
        if not limit or self.closed.get(wallet):
            return None
        if self.owed(course) + 1 > limit + self.spendable(wallet, use):
            return None
        if lot not in self.lots:
            ago = self.now - timedelta(microseconds=1)
            self.lots[lot] = Lot(wallet, 0, ago, self.now, self.now)
            self.free[wallet]
        self.lots[lot].size += 1
        claim.parts.append(Part(wallet, lot, 1, "SPENT"))
        self.waiting[course].append(name)
        return [(lot, wallet, "ISSUED", wallet, "SPENT", 1)]

    def _debt_ended(self, course: str, name: str) -> list[Moved]:
        """C56: a claim has its credit of the debt lot no more."""
        wallet, lot = course_wallet(course), f"debt/{course}"
        self.waiting[course].remove(name)
        self.lots[lot].size -= 1
        parts = self.claims[name].parts
        parts.remove(next(part for part in parts if part.lot == lot))
        return [(lot, wallet, "SPENT", wallet, "ISSUED", 1)]

    def _settled(self, course: str) -> tuple[int, list[Moved]]:
        """C56: what came in settles what is owed, the oldest first, before anything else."""
        wallet, use = course_wallet(course), Use(course=course)
        units = min(self.owed(course), self.spendable(wallet, use))
        if not units:
            return 0, []
        plan = self._burned(wallet, [(units, use)], self.knobs.burn_order)[0]
        lots = [lot for lot, parts in plan for _ in range(parts)]
        moves: list[Moved] = []
        for name, lot in zip(self.waiting[course][:units], lots, strict=True):
            moves += self._debt_ended(course, name)
            moves += self._taken(self.claims[name], wallet, [(lot, 1)], "SPENT")
        return units, moves

    # Allocations.

    def allocate(self, course: str, amount: int) -> Done:
        """C6, C7, C43, C56."""
        self._may("admin")
        self._check_standing("pool")
        self._check_open(course_wallet(course))
        use = Use(course=course)
        moves = self._transferred("pool", course_wallet(course), amount, use)
        settled, further = self._settled(course)
        return Done({"course": course, "amount": amount, "settled": settled}, [*moves, *further])

    def deallocate(self, course: str, amount: int) -> Done:
        """C12."""
        self._may("admin")
        moves = self._released(course, "pool", amount, Use(course=course))
        return Done({"course": course, "amount": amount}, moves)

    def move_allocation(self, source: str, target: str, amount: int) -> Done:
        """C12, C13, C43, C56."""
        self._may("admin")
        self._check_standing(course_wallet(source))
        self._check_open(course_wallet(target))
        moves = self._released(source, course_wallet(target), amount, Use(course=target))
        settled, further = self._settled(target)
        return Done({"amount": amount, "settled": settled}, [*moves, *further])

    def close_course(self, course: str) -> Done:
        """C22, C56."""
        self._may("admin")
        wallet = course_wallet(course)
        self._check_closes(wallet)
        if self.owed(course):
            raise No("debt_outstanding", course=course, debt=self.owed(course))
        self.closed[wallet] = True
        moves = self._emptied(wallet, "pool")
        return Done({"course": course, "returned": _sum(moves)}, moves)

    def reopen_course(self, course: str) -> Done:
        """C22."""
        self._may("admin")
        self._reopened(course_wallet(course))
        return Done({"course": course})

    # Corrections.

    def write_off(self, amount: int, grounds: str) -> Done:
        """C52."""
        self._may("admin")
        plan = self._plan("pool", amount, ANYTHING, self.knobs.move_order)
        return Done({"amount": amount, "grounds": grounds}, self._voided("pool", plan))

    def _voided(self, wallet: str, taken: Iterable[tuple[str, int]]) -> list[Moved]:
        moves: list[Moved] = []
        for lot, parts in taken:
            self.free[wallet][lot] -= parts
            self.void[wallet][lot] += parts
            moves.append((lot, wallet, "FREE", wallet, "VOID", parts))
        return moves

    def write_back(self, lot: str, amount: int, grounds: str) -> Done:
        """C52."""
        self._may("admin")
        if lot not in self.lots:
            raise No("unknown_object")
        there = self.void["pool"][lot]
        if there < amount:
            raise No("insufficient_units", needed=amount, available=there)
        self.void["pool"][lot] -= amount
        self.free["pool"][lot] += amount
        figures = {"lot": lot, "amount": amount, "grounds": grounds}
        return Done(figures, [(lot, "pool", "VOID", "pool", "FREE", amount)])

    # Purchases.

    def purchase(self, payment: str, **asked: Any) -> Done:
        """C47, C48."""
        self._may("admin")
        return self._bought(payment, "pool", asked)

    def purchase_for_course(self, payment: str, manager: str, course: str, **asked: Any) -> Done:
        """C22, C23, C48."""
        self._may_own("manager", manager)
        if payment not in self.payments:
            self._check_receiver(manager, course)
        scope = Scope(courses=frozenset({course}))
        return self._bought(payment, manager_wallet(manager, course), asked, scope)

    def _bought(
        self, payment: str, wallet: str, asked: dict[str, Any], scope: Scope | None = None
    ) -> Done:
        lot, asked = f"{payment}/paid", {**asked, "wallet": wallet}
        figures = {"payment": payment, "lot": lot, "wallet": wallet, "amount": asked["amount"]}
        known = self.payments.get(payment)
        if known is not None:
            differs = tuple(sorted(name for name in asked if asked[name] != known.asked[name]))
            if differs:
                raise No("payment_conflict", payment=payment, differs=differs)
            return Done(figures, (), known.made_by)
        self.payments[payment] = Payment(wallet, self._actor, asked, self._request)
        made = self._lot(wallet, asked["amount"], scope=scope, cost=asked["cost"])
        made.category = "purchased"
        return Done(figures, [self._issued(lot, made)])

    def charge_back(self, payment: str) -> Done:
        """C49."""
        self._may(*STAFF)
        if payment not in self.payments:
            raise No("unknown_object")
        found, lot = self.payments[payment], f"{payment}/paid"
        size = self.lots[lot].size
        if found.back_by is not None:
            return Done(
                {"amount": size - found.missing, "missing": found.missing}, (), found.back_by
            )
        there = self.free[found.wallet][lot]
        there = 0 if self.lots[lot].ended(self.now) else there
        found.back_by, found.missing = self._request, size - there
        moves = self._voided(found.wallet, [(lot, there)] if there else [])
        return Done({"amount": there, "missing": found.missing}, moves)


def _sum(moves: Sequence[Moved]) -> int:
    return sum(move[-1] for move in moves)
