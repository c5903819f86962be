"""Another plan for a subscription: C50 and C51."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import AID, ANN, CRON, POOL, Portal, at, portal
from unitledger.amounts import Credits, Units
from unitledger.credits import (
    Allocate,
    ChangePlan,
    Enrol,
    Lapse,
    PlanChange,
    Replenish,
    Subscribe,
    Subscription,
)
from unitledger.errors import SubscriptionLapsed, UnitLedgerError, UnknownObject
from unitledger.operations import Spend
from unitledger.policy import GrantRounding, Policy, Refill, RefillMode, Upgrade
from unitledger.time import Period

NEW_YEAR = at("2026-01-01")
HALF = at("2026-07-02T12:00")
MICROSECOND = timedelta(microseconds=1)


def plan(base: int) -> ChangePlan:
    return ChangePlan("growth", Credits.of(base))


def begun(lms: Portal, base: int, period: Period) -> None:
    """A subscription from new year on, with its first period granted."""
    lms.clock.at = NEW_YEAR
    lms.run(Subscribe("growth", Credits.of(base), period, NEW_YEAR))
    lms.run(Replenish("growth", 0), CRON)


def record(lms: Portal) -> Subscription:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        found = reading.record(Subscription.KIND, "growth")
    assert isinstance(found, Subscription)
    return found


@pytest.mark.parametrize(
    ("upgrade", "base", "at_once"),
    [
        pytest.param(Upgrade.IMMEDIATE, 500, 300, id="C50 the whole difference"),
        pytest.param(Upgrade.PRORATED, 500, 150, id="C50 half of the difference"),
        pytest.param(Upgrade.PRORATED, 501, 150, id="C50 half of an odd difference"),
        pytest.param(Upgrade.NEXT_PERIOD, 500, 0, id="C50 nothing yet"),
        pytest.param(Upgrade.IMMEDIATE, 199, 0, id="C51 one fewer"),
        pytest.param(Upgrade.PRORATED, 100, 0, id="C51 half of it"),
        pytest.param(Upgrade.NEXT_PERIOD, 1, 0, id="C51 nearly none"),
        pytest.param(Upgrade.IMMEDIATE, 201, 1, id="C50 one more"),
    ],
)
def test_what_another_plan_brings_half_way_through_a_year(
    upgrade: Upgrade, base: int, at_once: int
) -> None:
    """C50, C51: and the next year brings the new number in any case."""
    with portal(Policy(upgrade=upgrade)) as lms:
        begun(lms, 200, Period.YEAR)
        lms.clock.at = HALF
        outcome = lms.run(plan(base)).outcome
        assert (outcome.subscription, outcome.base.parts, outcome.period) == ("growth", base, 1)
        assert outcome.amount.parts == at_once
        assert outcome.lot == ("growth/0+1" if at_once else None)
        assert lms.free(POOL) == 200 + at_once
        lms.clock.at = at("2027-01-01")
        lms.run(Replenish("growth", 1), CRON)
        assert lms.free(POOL) == 200 + at_once + base


def test_the_comparators_numbers() -> None:
    """C50: 200 a year, 180 used, half a year elapsed: 100 are covered, 80 go to the new plan."""
    lms = Portal(Policy(upgrade=Upgrade.PRORATED))
    begun(lms, 200, Period.YEAR)
    lms.run(Spend(POOL, Credits.of(180)))
    lms.clock.at = HALF
    lms.run(plan(500))
    half_of_the_new_plan = 250
    assert lms.free(POOL) == half_of_the_new_plan - 80
    assert lms.ledger.audit().ok


@pytest.mark.parametrize(
    ("when", "rounding", "brought"),
    [
        pytest.param("2026-01-01", GrantRounding.FLOOR, 41, id="C50 at its first instant"),
        pytest.param("2026-01-31T23:00", GrantRounding.FLOOR, 0, id="C50 in its last hour"),
        pytest.param("2026-01-16T12:00", GrantRounding.FLOOR, 20, id="C50 half a month"),
        pytest.param("2026-01-16T12:00", GrantRounding.CEIL, 21, id="C50 half a month, up"),
        pytest.param("2026-01-16T12:00", GrantRounding.CUMULATIVE, 20, id="C50 half, cumulative"),
        pytest.param("2026-01-31T23:00", GrantRounding.CEIL, 1, id="C50 in its last hour, up"),
    ],
)
def test_a_share_of_a_month_is_exact_before_it_is_rounded(
    when: str, rounding: GrantRounding, brought: int
) -> None:
    """C50: 500 more a year are 41 2/3 a month, and half of a month of them 20 5/6."""
    with portal(Policy(upgrade=Upgrade.PRORATED, grant_rounding=rounding)) as lms:
        begun(lms, 500, Period.MONTH)
        lms.clock.at = at(when)
        assert lms.run(plan(1000)).outcome.amount.parts == brought


def test_shares_that_are_summed_up_lose_nothing() -> None:
    """C38, C50: three thirds of a credit are one, if they are rounded as a running sum."""
    for rounding, brought in (
        (GrantRounding.CUMULATIVE, [0, 0, 1]),
        (GrantRounding.FLOOR, [0] * 3),
    ):
        with portal(Policy(upgrade=Upgrade.PRORATED, grant_rounding=rounding)) as lms:
            begun(lms, 12, Period.MONTH)
            steps = [lms.run(plan(base)).outcome.amount.parts for base in (16, 20, 24)]
            assert steps == brought


@pytest.mark.parametrize(
    ("rounding", "at_once"),
    [
        pytest.param(GrantRounding.FLOOR, 83 - 41, id="C38 C50 floor"),
        pytest.param(GrantRounding.CEIL, 84 - 42, id="C38 C50 ceil"),
        pytest.param(GrantRounding.CUMULATIVE, 83 - 42, id="C38 C50 cumulative, second month"),
    ],
)
def test_a_month_is_lifted_to_what_it_would_have_brought(
    rounding: GrantRounding, at_once: int
) -> None:
    with portal(Policy(grant_rounding=rounding)) as lms:
        begun(lms, 500, Period.MONTH)
        lms.clock.at = at("2026-02-10")
        assert lms.run(plan(1000)).outcome.amount.parts == at_once


def test_a_month_in_which_a_larger_plan_brings_less_is_not_lifted() -> None:
    """C38, C50, C51: the running sum of 101 has its 9 a month before that of 100 has it."""
    with portal(Policy(grant_rounding=GrantRounding.CUMULATIVE)) as lms:
        begun(lms, 100, Period.MONTH)
        lms.clock.at = at("2026-06-02")
        assert lms.run(Replenish("growth", 5), CRON).outcome.amount.parts == 9
        receipt = lms.run(plan(101))
        assert (receipt.outcome.amount.parts, receipt.outcome.lot, receipt.moves) == (0, None, ())
        again = lms.run(plan(102)).outcome
        assert (again.amount.parts, again.lot) == (0, None)
        assert lms.run(plan(114)).outcome.amount.parts == 1


def test_going_down_and_up_again_brings_nothing_twice() -> None:
    """C50, C51: what a period has brought it does not bring again."""
    with portal() as lms:
        begun(lms, 200, Period.YEAR)
        assert [lms.run(plan(base)).outcome.amount.parts for base in (500, 100, 500)] == [300, 0, 0]
        assert lms.run(plan(600)).outcome.amount.parts == 100
        assert lms.free(POOL) == 600
        assert [one.base.parts for one in record(lms).changes] == [500, 100, 500, 600]


def test_what_was_not_paid_for_at_once_does_not_count_as_brought() -> None:
    """C50: an upgrade for the next period leaves the difference of this one to come."""
    with portal(Policy(upgrade=Upgrade.NEXT_PERIOD)) as lms:
        begun(lms, 200, Period.YEAR)
        lms.run(plan(500))
        lms.run(plan(400))
        lms.ledger.policy = Policy()
        assert lms.run(plan(450)).outcome.amount.parts == 250


def test_a_new_period_begins_from_its_own_plan() -> None:
    """C50: what an earlier period brought at once says nothing about this one."""
    with portal() as lms:
        begun(lms, 200, Period.YEAR)
        lms.run(plan(500))
        lms.run(plan(100))
        lms.clock.at = at("2027-01-01")
        lms.run(Replenish("growth", 1), CRON)
        assert lms.run(plan(500)).outcome.amount.parts == 400
        assert lms.free(POOL) == 500 + 100 + 400


def test_a_period_granted_late_is_granted_under_its_own_plan() -> None:
    """C40, C50: whether the scheduler or the upgrade was first, the lots are the same."""
    found = []
    for late in (False, True):
        with portal() as lms:
            lms.clock.at = NEW_YEAR
            lms.run(Subscribe("growth", Credits.of(120), Period.MONTH, NEW_YEAR))
            commands: list[tuple[str, Any]] = [
                *(("2026-01-01", Replenish("growth", 0)), ("2026-02-01", Replenish("growth", 1))),
                *(("2026-02-10", plan(240)), ("2026-03-01", Replenish("growth", 2))),
                *(("2026-03-05", plan(60)), ("2026-04-01", Replenish("growth", 3))),
            ]
            if late:
                changes = [one for one in commands if isinstance(one[1], ChangePlan)]
                periods = [("2026-05-01", one[1]) for one in commands if one not in changes]
                commands = changes + periods[::-1]
            for when, command in commands:
                lms.clock.at = at(when)
                lms.run(command, CRON)
            found.append(
                [
                    (line.lot.id, line.available, line.lot.acquired, line.lot.cycle)
                    for line in lms.ledger.balance(POOL).lots
                ]
            )
    assert found[0] == found[1]
    assert [parts for _, parts, _, _ in found[0]] == [10, 10, 10, 20, 5]


def test_before_the_first_period_there_is_nothing_to_lift() -> None:
    """C50: the first period is granted under the new plan."""
    with portal() as lms:
        lms.clock.at = NEW_YEAR - MICROSECOND
        lms.run(Subscribe("growth", Credits.of(200), Period.YEAR, NEW_YEAR))
        outcome = lms.run(plan(500)).outcome
        assert (outcome.period, outcome.amount.parts, outcome.lot) == (0, 0, None)
        lms.clock.at = NEW_YEAR
        assert lms.run(Replenish("growth", 0), CRON).outcome.amount.parts == 500
        assert lms.run(plan(700)).outcome.period == 1


def test_the_plan_it_has_already_changes_nothing() -> None:
    """C50: and is not written into its history."""
    with portal() as lms:
        begun(lms, 200, Period.YEAR)
        outcome = lms.run(plan(200)).outcome
        assert (outcome.base.parts, outcome.amount.parts, outcome.lot) == (200, 0, None)
        lms.run(plan(500))
        lms.run(plan(500))
        changes = record(lms).changes
        assert changes == (PlanChange(NEW_YEAR, Credits.of(500), 1, Upgrade.IMMEDIATE),)
        assert lms.free(POOL) == 500


def test_a_downgrade_takes_nothing_back() -> None:
    """C51: not what is free, allocated or spent, now or at the renewal."""
    with portal() as lms:
        begun(lms, 200, Period.YEAR)
        lms.run(Allocate("first-aid", Credits.of(150)))
        lms.run(Enrol("leo", "first-aid"))
        before = lms.figures()
        receipt = lms.run(plan(10))
        assert (receipt.moves, lms.figures()) == ((), before)
        lms.clock.at = at("2027-01-01")
        lms.run(Replenish("growth", 1), CRON)
        assert lms.figures() == {POOL: (60, 0, 0), AID: (149, 0, 1)}


@pytest.mark.parametrize(
    ("refill", "pieces"),
    [
        pytest.param(Refill(), [(60, None)], id="C41 C50 add"),
        pytest.param(
            Refill(RefillMode.EXPIRE_PERIOD), [(60, "2026-02-01")], id="C41 C50 expire period"
        ),
        pytest.param(
            Refill(RefillMode.RESET_TO, Credits.of(50)), [], id="C41 C50 reset: nothing more"
        ),
        pytest.param(
            Refill(RefillMode.ADD_CAPPED, Credits.of(80)), [(40, "2026-02-01")], id="C41 C50 capped"
        ),
        pytest.param(
            Refill(RefillMode.ADD_CAPPED, Credits.of(150)),
            [(10, "2026-02-01"), (50, "2026-03-01")],
            id="C41 C50 wide cap, under the new plan",
        ),
    ],
)
@pytest.mark.parametrize("upgrade", [Upgrade.IMMEDIATE, Upgrade.PRORATED])
def test_what_an_upgrade_brings_ends_as_the_periods_credits_do(
    refill: Refill, pieces: list[tuple[int, str | None]], upgrade: Upgrade
) -> None:
    """C50: at the first instant of a period both kinds bring all of the difference."""
    with portal(Policy(refill=refill, upgrade=upgrade)) as lms:
        begun(lms, 480, Period.MONTH)
        outcome = lms.run(plan(1200)).outcome
        lots = [line for line in lms.ledger.balance(POOL).lots if "+" in line.lot.id]
        found = [(line.available, line.lot.terms.expires) for line in lots]
        assert found == [(parts, ends and at(ends)) for parts, ends in pieces]
        assert outcome.amount.parts == sum(parts for parts, _ in pieces)
        assert [line.lot.id for line in lots] == ["growth/0+1", "growth/0+1.2"][: len(pieces)]
        for line in lots:
            begins = line.lot.acquired, line.lot.terms.effective
            assert (begins, line.lot.cycle) == ((NEW_YEAR, NEW_YEAR), 1)


def test_the_default_upgrade_is_immediate() -> None:
    """C50."""
    assert Policy().upgrade is Upgrade.IMMEDIATE


def test_what_a_change_of_plan_is_refused_for() -> None:
    """C43, C50."""
    with portal(Policy(lapse_grace_days=9)) as lms:
        unknown = lms.refused(plan(10))
        assert isinstance(unknown, UnknownObject)
        begun(lms, 200, Period.YEAR)
        lms.run(Lapse("growth"))
        lapsed = lms.refused(plan(300))
        assert isinstance(lapsed, SubscriptionLapsed)
        assert (lapsed.subscription, lapsed.since) == ("growth", NEW_YEAR)


def test_a_plan_changes_no_more_than_a_thousand_times() -> None:
    """C50."""
    with portal() as lms:
        begun(lms, 1, Period.YEAR)
        one = PlanChange(NEW_YEAR, Credits.of(2), 1, Upgrade.IMMEDIATE)
        short = record(lms)
        assert len(Subscription(short.id, short.base, short.renewal, (one,) * 1000).changes) == 1000
        with pytest.raises(UnitLedgerError) as refusal:
            Subscription(short.id, short.base, short.renewal, (one,) * 1001)
        assert refusal.value.code == "limit_exceeded"


def test_no_period_follows_the_last() -> None:
    """C39: the calendar ends in the year 9000."""
    with portal() as lms:
        lms.clock.at = datetime(9000, 12, 31, tzinfo=UTC)
        lms.run(Subscribe("growth", Credits.of(5), Period.YEAR))
        with pytest.raises(UnitLedgerError) as refusal:
            lms.run(plan(6))
        assert refusal.value.code == "limit_exceeded"
        said = "year of the next period of growth: a later one; the limit is 9000"
        assert str(refusal.value) == said


def test_halves_of_two_changes_come_to_a_whole() -> None:
    """C38, C50: the second brings what the two come to, less what the first has brought."""
    policy = Policy(upgrade=Upgrade.PRORATED, grant_rounding=GrantRounding.CUMULATIVE)
    with portal(policy) as lms:
        begun(lms, 100, Period.YEAR)
        lms.clock.at = HALF
        brought = [lms.run(plan(base)).outcome.amount for base in (201, 302)]
        assert brought == [Credits.of(50), Credits.of(51)]


def test_what_a_change_brings_lapses_as_under_the_new_plan() -> None:
    """C41, C50: though an earlier change counts for the period as well.

    The new plan brings as much a month as the pool may hold, so all of it lapses at the next
    renewal.
    """
    with portal(Policy(refill=Refill(RefillMode.ADD_CAPPED, Credits.of(200)))) as lms:
        begun(lms, 120, Period.MONTH)
        lms.run(plan(600))
        lms.clock.at = at("2026-02-01")
        lms.run(Replenish("growth", 1), CRON)
        lms.run(plan(2400))
        lines = lms.ledger.balance(POOL).lots
        brought = [one for one in lines if one.lot.id.startswith("growth/1+2")]
        assert [(one.available, one.lot.terms.expires) for one in brought] == [
            (150, at("2026-03-01"))
        ]


CHANGE = PlanChange(NEW_YEAR, Credits.of(2), 1, Upgrade.IMMEDIATE)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: plan(0), "invalid_value", id="C4 none"),
        pytest.param(lambda: ChangePlan("g", Units.of(5)), "wrong_unit", id="C4 units"),  # type: ignore[arg-type]
        pytest.param(lambda: ChangePlan("g" * 101, Credits.of(5)), "limit_exceeded", id="C50 long"),
        pytest.param(lambda: ChangePlan("", Credits.of(5)), "invalid_id", id="C50 no id"),
        pytest.param(
            lambda: PlanChange(NEW_YEAR, Credits.of(2), -1, Upgrade.IMMEDIATE),
            "invalid_value",
            id="C50 before the first",
        ),
        pytest.param(
            lambda: PlanChange(NEW_YEAR, Credits.of(0), 1, Upgrade.IMMEDIATE),
            "invalid_value",
            id="C50 a plan of nothing",
        ),
        pytest.param(
            lambda: PlanChange(NEW_YEAR, Credits.of(2), 1, "immediate"),  # type: ignore[arg-type]
            "invalid_type",
            id="C50 a text for a rule",
        ),
        pytest.param(
            lambda: PlanChange(datetime(2026, 1, 1), Credits.of(2), 1, Upgrade.IMMEDIATE),  # noqa: DTZ001
            "naive_instant",
            id="C50 no zone",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(make: Callable[[], object], code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make()
    assert refusal.value.code == code


def test_a_history_out_of_order_is_refused() -> None:
    """C50."""
    with portal() as lms:
        begun(lms, 5, Period.YEAR)
        found = record(lms)
    later = PlanChange(HALF, Credits.of(3), 1, Upgrade.IMMEDIATE)
    for changes, code in (((later, CHANGE), "invalid_value"), ([CHANGE], "invalid_type")):
        with pytest.raises(UnitLedgerError) as refusal:
            Subscription(found.id, found.base, found.renewal, changes)  # type: ignore[arg-type]
        assert refusal.value.code == code


def test_only_schedulers_and_administrators_change_plans() -> None:
    """C60."""
    with portal() as lms:
        begun(lms, 200, Period.YEAR)
        assert lms.ledger.can(plan(300), by=ANN)
        assert lms.ledger.can(plan(300), by=CRON)
