"""Laws of the schedule: it does not matter when a scheduler comes round.

A story of plans, lapses and spending is told twice, with schedulers that come round at different
instants. What came into being must be the same lots. And under ``ADD_CAPPED`` the pool must have
what a ledger would have that adds up to the limit at every renewal, told by a model of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from tests.rules.credits_portal import ANN, CRON, POOL
from unitledger.accounts import State
from unitledger.amounts import Credits
from unitledger.commands import Command, Receipt
from unitledger.credits import (
    ChangePlan,
    Lapse,
    Replenish,
    Replenishment,
    Resubscribe,
    Subscribe,
    Subscription,
    due,
    run_due,
)
from unitledger.errors import Refused
from unitledger.ledger import Ledger
from unitledger.lots import Lot
from unitledger.operations import Spend
from unitledger.policy import GrantRounding, Policy, Refill, RefillMode, Upgrade
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock, Period

START = datetime(2024, 1, 31, 9, tzinfo=UTC)
END = START + timedelta(days=1500)
DAY = timedelta(days=1)

REFILLS = st.one_of(
    st.sampled_from((Refill(), Refill(RefillMode.EXPIRE_PERIOD))),
    st.builds(
        Refill,
        st.sampled_from((RefillMode.RESET_TO, RefillMode.ADD_CAPPED)),
        st.integers(1, 200).map(Credits.of),
    ),
)
POLICIES = st.builds(
    Policy,
    refill=REFILLS,
    grant_rounding=st.sampled_from(list(GrantRounding)),
    upgrade=st.sampled_from(list(Upgrade)),
    lapse_grace_days=st.sampled_from((0, 3, 40)),
)
ANCHORS = st.sampled_from(
    (START, datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 15, 23, 59, tzinfo=UTC))
)
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 1400),
        st.sampled_from(("plan", "plan", "plan", "lapse", "restore")),
        st.sampled_from((1, 5, 60, 100, 500, 1200)),
    ),
    max_size=8,
).map(sorted)
ROUNDS = st.lists(st.integers(0, 1499), max_size=12).map(sorted)
PERIODS = st.sampled_from((Period.MONTH, Period.YEAR))


class Told:
    """A portal that lives through a story, with a scheduler that comes round now and then."""

    def __init__(self, policy: Policy, period: Period, anchor: datetime, base: int) -> None:
        self.clock = FixedClock(START)
        self.ledger = Ledger(MemoryStore(), policy=policy, clock=self.clock)
        self._requests = 0
        self.give(Subscribe("growth", Credits.of(base), period, anchor))

    def give(self, command: Command[Any]) -> bool:
        """Whether it was accepted."""
        self._requests += 1
        try:
            self.ledger.execute(command, by=ANN, request=f"r{self._requests}")
        except Refused:
            return False
        return True

    def scheduled(self) -> None:
        """A scheduler comes round; everything that it found is done."""
        answers = run_due(self.ledger, by=CRON)
        assert all(isinstance(one, Receipt) for one in answers), answers
        with self.ledger.store.read(self.ledger.portal) as reading:
            assert due(reading, at=self.clock.at) == ()

    def lots(self) -> dict[str, tuple[Any, ...]]:
        """Every lot that came into being, with all that came in of it."""
        found = {}
        for entry in self.ledger.entries():
            for move in entry.moves:
                if move.source.state is State.ISSUED:
                    lot = next(one for one in entry.lots if one.id == move.lot)
                    found[str(lot.id)] = (*shape(lot), move.parts)
        return found

    def present(self) -> Subscription:
        with self.ledger.store.read(self.ledger.portal) as reading:
            found = reading.record(Subscription.KIND, "growth")
        assert isinstance(found, Subscription)
        return found


def gone(story: Told) -> Credits:
    """What of the pool was forfeited or has expired."""
    balance = story.ledger.balance(POOL)
    return Credits.total((balance.void, balance.expired))


def shape(lot: Lot) -> tuple[Any, ...]:
    """What of a lot must not depend on when it was issued."""
    return lot.home, lot.terms, lot.acquired, lot.cycle, lot.category, lot.scope, lot.cost


def live(story: Told, changes: list[tuple[int, str, int]], rounds: list[int]) -> None:
    """The story to its end, where a scheduler comes round in any case."""
    happenings = [(day, 0, kind, base) for day, kind, base in changes]
    happenings += [(day, 1, "round", 0) for day in rounds]
    for day, _, kind, base in sorted(happenings):
        story.clock.at = START + day * DAY
        if kind == "round":
            story.scheduled()
        elif kind == "plan":
            story.give(ChangePlan("growth", Credits.of(base)))
        else:
            story.give(Lapse("growth") if kind == "lapse" else Resubscribe("growth"))
    story.clock.at = END
    story.scheduled()


@given(POLICIES, PERIODS, ANCHORS, CHANGES, ROUNDS, ROUNDS)
@settings(max_examples=60, deadline=None)
@example(
    Policy(lapse_grace_days=40),
    Period.MONTH,
    START,
    [(10, "plan", 1200), (20, "lapse", 1), (50, "restore", 1), (51, "plan", 5)],
    [0, 29, 31, 60],
    [],
)
def test_a_scheduler_may_come_round_at_any_times(
    policy: Policy,
    period: Period,
    anchor: datetime,
    changes: list[tuple[int, str, int]],
    rounds: list[int],
    others: list[int],
) -> None:
    """C39, C40, C41, C50, P12: the same lots, whatever the instants, gaps and repetitions."""
    one, two = (Told(policy, period, anchor, 500) for _ in range(2))
    live(one, changes, rounds)
    live(two, changes, others)
    assert one.lots() == two.lots()
    assert one.present() == two.present()
    for ledger in (one.ledger, two.ledger):
        assert ledger.audit().ok
    assert one.ledger.balance(POOL).available == two.ledger.balance(POOL).available
    # What has ended before its forfeit was written down stays expired, and is gone either way.
    assert gone(one) == gone(two)
    event(f"lots: {min(len(one.lots()), 50) // 10 * 10} and more")
    event(f"at the end: {one.present().seen(END).state}")


@given(POLICIES, PERIODS, ANCHORS, st.permutations(range(12)), st.lists(st.integers(0, 11)))
@settings(max_examples=40, deadline=None)
def test_periods_may_be_granted_in_any_order(
    policy: Policy, period: Period, anchor: datetime, order: list[int], again: list[int]
) -> None:
    """C40: each once, and the lots of all of them the same."""
    one, two = (Told(policy, period, anchor, 500) for _ in range(2))
    one.clock.at = two.clock.at = datetime(2037, 1, 1, tzinfo=UTC)
    for k in range(12):
        assert one.give(Replenish("growth", k))
    for k in (*order, *again):
        assert two.give(Replenish("growth", k))
    assert one.lots() == two.lots()
    done = [entry.records for entry in two.ledger.entries() if entry.records]
    firings = [one for records in done for one in records if isinstance(one, Replenishment)]
    assert len(firings) == 12


@given(
    st.integers(1, 300),
    st.sampled_from((1, 5, 11, 12, 60, 500, 1200)),
    st.sampled_from(list(GrantRounding)),
    PERIODS,
    st.lists(st.integers(0, 400), min_size=1, max_size=20),
)
@settings(max_examples=100, deadline=None)
@example(100, 500, GrantRounding.FLOOR, Period.MONTH, [0, 60, 0, 0, 99])
def test_a_capped_pool_has_what_adding_up_to_the_limit_leaves(
    limit: int, base: int, rounding: GrantRounding, period: Period, uses: list[int]
) -> None:
    """C41: ``min(what is left + what is granted, the limit)``, renewal after renewal."""
    refill = Refill(RefillMode.ADD_CAPPED, Credits.of(limit))
    story = Told(Policy(refill=refill, grant_rounding=rounding), period, START, base)
    renewal, left = story.present().renewal, 0
    for k, asked in enumerate(uses):
        story.clock.at = renewal.occurrence(k)
        story.scheduled()
        left = min(left + granted(base, rounding, period, k), limit)
        assert story.ledger.balance(POOL).available.parts == left
        used = min(asked, left)
        if used:
            assert story.give(Spend(POOL, Credits.of(used)))
        left -= used


def granted(base: int, rounding: GrantRounding, period: Period, k: int) -> int:
    """What period k brings; after twelve months the twelfths begin anew."""
    if period is Period.YEAR:
        return base
    if rounding is GrantRounding.CUMULATIVE:
        month = k % 12
        return base * (month + 1) // 12 - base * month // 12
    share, rest = divmod(base, 12)
    return share + (rounding is GrantRounding.CEIL and rest > 0)
