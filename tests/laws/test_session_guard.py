"""With the guard on, a cart is accepted exactly when it can be paid at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TypeAlias

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.rules.training_room import ADMIN, CREATOR, learner
from unitledger.accounts import keycode, member
from unitledger.amounts import Units
from unitledger.buckets import AllocationScope, Bucket, Demand
from unitledger.errors import InsufficientUnits, NotPayableInUnits
from unitledger.ids import LotId, WalletId
from unitledger.ledger import Ledger
from unitledger.lots import Lot
from unitledger.operations import Issue
from unitledger.policy import (
    GuardBoundary,
    Policy,
    SessionOrder,
    SessionScope,
    UndatedRank,
)
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock
from unitledger.training import Item, PlaceOrder, RegisterKeyCode, allocated, lasting_until

Held: TypeAlias = tuple[int, int | None]
"""Parts, and the last day (of March 2026) on which they can be used; ``None`` never ends."""
Wanted: TypeAlias = tuple[int, int | None]
"""Parts, and the day on which the session begins; ``None`` is no session."""

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
ANN = learner("ann")
CODE = "c0de" * 8

days = st.none() | st.integers(1, 9)
lots = st.lists(st.tuples(st.integers(1, 6), days), max_size=6)
carts = st.lists(st.tuples(st.integers(0, 6), days), min_size=1, max_size=5)
policies = st.builds(
    Policy,
    session_guard=st.just(True),
    guard_boundary=st.sampled_from(GuardBoundary),
    session_order=st.sampled_from(SessionOrder),
    session_scope=st.sampled_from(SessionScope),
    undated_rank=st.sampled_from(UndatedRank),
    allocation_scope=st.sampled_from(AllocationScope),
)


def payable(held: list[Held], wanted: list[Wanted], policy: Policy) -> bool:
    """The oracle: for every day, what begins on it or later is covered by what lasts so long."""
    strictly = policy.guard_boundary is GuardBoundary.STRICTLY_AFTER
    for first in [0, *(day for _, day in wanted if day is not None)]:
        demand = sum(parts for parts, day in wanted if (day or 0) >= first)
        supply = sum(
            parts
            for parts, last in held
            if first == 0 or last is None or last > first or (last == first and not strictly)
        )
        if demand > supply:
            return False
    return True


def begins(day: int | None, hour: int) -> datetime | None:
    return None if day is None else datetime(2026, 3, day, hour, tzinfo=UTC)


@given(lots, carts, policies, st.integers(0, 23))
@settings(max_examples=400)
def test_a_cart_is_allocated_exactly_when_it_can_be(
    held: list[Held], wanted: list[Wanted], policy: Policy, hour: int
) -> None:
    """TU-198: no choice of the policy's, and no sequence of the cart, makes a difference."""
    names = count()
    bucket = Bucket.of(
        [
            (
                Lot.plain(f"l{next(names)}", expires=None if last is None else date(2026, 3, last)),
                Units(parts=parts),
            )
            for parts, last in held
        ]
    )
    starts = [begins(day, hour) for _, day in wanted]
    untils = [lasting_until(start, policy) for start in starts]
    demands = [
        Demand(Units(parts=parts), until=until)
        for (parts, _), until in zip(wanted, untils, strict=True)
    ]
    plans = allocated(bucket, demands, at=NOW, policy=policy)
    met = all(plan.met for plan in plans)
    event(f"met: {met}")
    assert met == payable(held, wanted, policy)
    for plan, demand in zip(plans, demands, strict=True):
        assert plan.asked == demand.amount
        assert all(demand.until is None or not lot.lapsed(demand.until) for lot, _ in plan.taken)
    taken = [pair for plan in plans for pair in plan.taken]
    for number, (parts, _) in enumerate(held):
        assert sum(n for lot, n in taken if lot.id == f"l{number}") <= parts
    left = sum(parts for _, _, parts in plans[-1].after.entries()) if len(plans) == 1 else None
    if left is not None:
        assert left + sum(n for _, n in taken) == sum(parts for parts, _ in held)


def filled(policy: Policy, code: list[Held], own: list[Held]) -> Ledger:
    """A ledger with lots behind a key code and lots of ann's own."""
    ledger = Ledger(MemoryStore(), policy=policy, clock=FixedClock(NOW - timedelta(days=9)))
    ledger.execute(RegisterKeyCode(CODE), by=CREATOR, request="register")
    for wallet, held in ((keycode(CODE), code), (member("ann"), own)):
        for number, (parts, last) in enumerate(held):
            ends = None if last is None else datetime(2026, 3, last, tzinfo=UTC)
            _issued(ledger, wallet, f"{wallet[:3]}{number}", parts, ends)
    ledger.clock = FixedClock(NOW)
    return ledger


def _issued(ledger: Ledger, wallet: WalletId, lot: str, parts: int, last: datetime | None) -> None:
    ends = None if last is None else last + timedelta(days=1)
    command = Issue(LotId(lot), wallet, Units(parts=parts), expires=ends)
    ledger.execute(command, by=ADMIN, request=f"issue {lot}")


@given(lots, lots, carts, policies)
@settings(max_examples=150)
def test_an_order_is_accepted_exactly_when_it_can_be_paid(
    code: list[Held], own: list[Held], wanted: list[Wanted], policy: Policy
) -> None:
    """TU-198, TU-200: with a key code before the buyer's own units too."""
    ledger = filled(policy, code, own)
    items = tuple(
        Item.in_units(f"i{number}", f"0.0{parts}", starts=begins(day, 12))
        for number, (parts, day) in enumerate(wanted)
    )
    before = ledger.journal()
    try:
        ledger.execute(PlaceOrder("o1", "ann", items, CODE), by=ANN, request="o1")
        accepted = True
    except (InsufficientUnits, NotPayableInUnits):
        accepted = False
        assert ledger.journal() == before
    event(f"accepted: {accepted}")
    assert accepted == payable(code + own, wanted, policy)
    assert ledger.audit().faults == ()
