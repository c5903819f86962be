"""Subscriptions and their renewals: C36 to C41."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import ANN, CRON, POOL, START, Portal, at, portal
from unitledger.amounts import Credits, Units
from unitledger.credits import Replenish, Subscribe, unissued
from unitledger.errors import AlreadyExists, NotDue, UnitLedgerError, UnknownObject
from unitledger.lots import Category
from unitledger.policy import GrantRounding, Policy
from unitledger.time import Period, Validity

GROWTH = Credits.of(500)
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
MICROSECOND = timedelta(microseconds=1)
YEARS_END = at("2027-01-30T09:00")


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def twelve_months(rounding: GrantRounding, base: int = 500) -> list[int]:
    with portal(Policy(grant_rounding=rounding)) as lms:
        lms.run(Subscribe("growth", Credits.of(base), Period.MONTH))
        lms.clock.at = YEARS_END
        return [lms.run(Replenish("growth", k), CRON).outcome.amount.parts for k in range(12)]


@pytest.mark.parametrize(
    ("rounding", "months", "year"),
    [
        pytest.param(GrantRounding.FLOOR, [41] * 12, 492, id="C37 C38 floor"),
        pytest.param(GrantRounding.CUMULATIVE, [41, 42, 42] * 4, 500, id="C38 cumulative"),
        pytest.param(GrantRounding.CEIL, [42] * 12, 504, id="C38 ceil"),
    ],
)
def test_monthly_grants(rounding: GrantRounding, months: list[int], year: int) -> None:
    assert twelve_months(rounding) == months
    assert sum(months) == year


@pytest.mark.parametrize(
    ("base", "rounding", "months"),
    [
        *(
            pytest.param(24, one, [2] * 12, id=f"C38 nothing to round, {one}")
            for one in GrantRounding
        ),
        pytest.param(5, GrantRounding.FLOOR, [0] * 12, id="C38 less than one a month, floor"),
        pytest.param(5, GrantRounding.CEIL, [1] * 12, id="C38 less than one a month, ceil"),
        pytest.param(
            5,
            GrantRounding.CUMULATIVE,
            [0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1],
            id="C38 less than one a month, cumulative",
        ),
    ],
)
def test_other_numbers_a_year(base: int, rounding: GrantRounding, months: list[int]) -> None:
    assert twelve_months(rounding, base) == months


def test_the_default_rounding_is_the_vendors() -> None:
    """C38."""
    assert Policy().grant_rounding is GrantRounding.FLOOR


@pytest.mark.parametrize(
    "rounding", [pytest.param(one, id=f"C36 yearly, {one}") for one in GrantRounding]
)
def test_a_year_paid_at_once_brings_the_full_number_at_its_start(rounding: GrantRounding) -> None:
    with portal(Policy(grant_rounding=rounding)) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.YEAR))
        assert lms.free(POOL) == 0
        lms.run(Replenish("growth", 0), CRON)
        assert lms.free(POOL) == 500


@pytest.mark.parametrize(
    ("anchor", "period", "dates"),
    [
        pytest.param(
            "2026-01-31",
            Period.MONTH,
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"],
            id="C39 months from the 31st",
        ),
        pytest.param(
            "2027-12-31",
            Period.MONTH,
            ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"],
            id="C39 months into a leap year",
        ),
        pytest.param(
            "2024-02-29",
            Period.YEAR,
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
            id="C39 years from a leap day",
        ),
    ],
)
def test_renewal_dates_are_counted_from_the_anchor(
    lms: Portal, anchor: str, period: Period, dates: list[str]
) -> None:
    lms.clock.at = at("2020-01-01")
    lms.run(Subscribe("growth", GROWTH, period, at(anchor)))
    for k, date in enumerate(dates):
        lms.clock.at = at(date) - MICROSECOND
        refusal = lms.refused(Replenish("growth", k), CRON)
        assert isinstance(refusal, NotDue)
        assert refusal.due == at(date)
        lms.clock.at = at(date)
        lms.run(Replenish("growth", k), CRON)


def test_the_days_of_a_renewal_are_those_of_the_policys_zone() -> None:
    """C39: midnight in Vienna on the 31st is the 30th in UTC, and renews on the 28th."""
    with portal(Policy(zone="Europe/Vienna")) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH, at("2026-01-30T23:00")))
        refusal = lms.refused(Replenish("growth", 1), CRON)
        assert isinstance(refusal, NotDue)
        assert refusal.due == at("2026-02-27T23:00")


def lots(order: list[int], *, late: bool) -> list[tuple[Any, ...]]:
    """The lots that a scheduler makes of three periods, asked for in some order."""
    with portal() as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH))
        due = [START, at("2026-02-28T09:00"), at("2026-03-31T09:00")]
        for k in order:
            lms.clock.at = at("2026-09-01") if late else max(due[k], lms.clock.at)
            lms.run(Replenish("growth", k), CRON)
        return [
            (line.lot.id, line.lot.acquired, line.lot.cycle, line.lot.terms, line.available)
            for line in lms.ledger.balance(POOL).lots
        ]


@pytest.mark.parametrize(
    ("order", "late"),
    [
        pytest.param([0, 1, 2], True, id="C40 late"),
        pytest.param([2, 0, 1], True, id="C40 late and out of order"),
        pytest.param([1, 1, 0, 2, 0, 1], True, id="C40 again and again"),
        pytest.param([2, 1, 0], False, id="C40 backwards"),
    ],
)
def test_whenever_a_period_is_granted_its_lot_is_the_same(order: list[int], late: bool) -> None:
    assert lots(order, late=late) == lots([0, 1, 2], late=False)


def test_a_period_is_granted_once(lms: Portal) -> None:
    """C40: another request for it moves nothing and gets the first answer."""
    lms.run(Subscribe("growth", GROWTH, Period.MONTH))
    first = lms.run(Replenish("growth", 0), CRON, request="first")
    lms.ledger.policy = Policy(grant_rounding=GrantRounding.CEIL)
    again = lms.run(Replenish("growth", 0), ANN, request="again")
    assert (again.same_as, again.moves) == ("first", ())
    assert again.outcome == first.outcome
    assert lms.free(POOL) == 41


def test_a_refill_adds_to_what_is_left(lms: Portal) -> None:
    """C41."""
    lms.fill(7)
    lms.run(Subscribe("growth", GROWTH, Period.MONTH))
    lms.run(Replenish("growth", 0), CRON)
    lms.clock.at = at("2026-02-28T09:00")
    lms.run(Replenish("growth", 1), CRON)
    assert lms.free(POOL) == 7 + 41 + 41


def test_a_granted_lot_is_acquired_when_it_was_due_and_never_lapses(lms: Portal) -> None:
    """C41."""
    lms.run(Subscribe("growth", GROWTH, Period.MONTH))
    lms.clock.at = at("2026-07-01")
    lms.run(Replenish("growth", 1), CRON)
    (line,) = lms.ledger.balance(POOL).lots
    due = at("2026-02-28T09:00")
    assert (line.lot.id, line.lot.cycle, line.lot.category) == ("growth/1", 2, Category.GRANTED)
    assert (line.lot.acquired, line.lot.terms) == (due, Validity(due))


def test_a_month_that_brings_nothing_is_done_all_the_same(lms: Portal) -> None:
    """C38: five a year is nothing a month, rounded down."""
    lms.run(Subscribe("tiny", Credits.of(5), Period.MONTH))
    first = lms.run(Replenish("tiny", 0), CRON, request="first")
    assert (first.outcome.amount.parts, first.outcome.lot, first.moves) == (0, None, ())
    again = lms.run(Replenish("tiny", 0), CRON)
    assert again.same_as == "first"
    assert again.outcome == first.outcome


def test_a_scheduler_is_told_what_is_due_and_not_granted_yet(lms: Portal) -> None:
    """C40."""
    lms.run(Subscribe("growth", GROWTH, Period.MONTH))
    lms.clock.at = at("2026-04-30T09:00")
    lms.run(Replenish("growth", 1), CRON)
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        left = unissued(reading, "growth", at=lms.clock.at)
        assert unissued(reading, "growth", at=lms.clock.at - MICROSECOND) == left[:-1]
        with pytest.raises(UnknownObject):
            unissued(reading, "other", at=lms.clock.at)
    assert left == ((0, START), (2, at("2026-03-31T09:00")), (3, at("2026-04-30T09:00")))


def test_the_first_period_may_lie_ahead(lms: Portal) -> None:
    """C39."""
    lms.run(Subscribe("growth", GROWTH, Period.YEAR, at("2026-06-01")))
    refusal = lms.refused(Replenish("growth", 0), CRON)
    assert isinstance(refusal, NotDue)
    assert refusal.due == at("2026-06-01")


def test_what_subscriptions_are_refused_for(lms: Portal) -> None:
    """C40."""
    lms.run(Subscribe("growth", GROWTH, Period.YEAR))
    taken = lms.refused(Subscribe("growth", Credits.of(5), Period.MONTH))
    assert isinstance(taken, AlreadyExists)
    assert (taken.kind, taken.key) == ("subscription", "growth")
    unknown = lms.refused(Replenish("other", 0), CRON)
    assert isinstance(unknown, UnknownObject)
    assert (unknown.kind, unknown.key) == ("subscription", "other")


@pytest.mark.parametrize(
    ("command", "arguments", "code"),
    [
        pytest.param(
            Subscribe,
            (
                "s",
                Credits.of(0),
                Period.YEAR,
            ),
            "invalid_value",
            id="C4 none",
        ),
        pytest.param(
            Subscribe,
            (
                "s",
                Units.of(5),
                Period.YEAR,
            ),
            "wrong_unit",
            id="C4 units",
        ),
        pytest.param(
            Subscribe,
            (
                "s",
                500,
                Period.YEAR,
            ),
            "invalid_type",
            id="C4 a number",
        ),
        pytest.param(
            Subscribe,
            (
                "s",
                GROWTH,
                Period.DAY,
            ),
            "invalid_value",
            id="C36 C37 daily",
        ),
        pytest.param(
            Subscribe,
            (
                "s",
                GROWTH,
                Period.WEEK,
            ),
            "invalid_value",
            id="C36 C37 weekly",
        ),
        pytest.param(
            Subscribe,
            (
                "s",
                GROWTH,
                "month",
            ),
            "invalid_type",
            id="C36 a text",
        ),
        pytest.param(
            Subscribe,
            ("s", GROWTH, Period.YEAR, NAIVE),
            "naive_instant",
            id="C39 no zone",
        ),
        pytest.param(
            Subscribe,
            (
                "",
                GROWTH,
                Period.YEAR,
            ),
            "invalid_id",
            id="C40 no id",
        ),
        pytest.param(
            Subscribe,
            (
                "s" * 101,
                GROWTH,
                Period.YEAR,
            ),
            "limit_exceeded",
            id="C40 a long id",
        ),
        pytest.param(
            Replenish,
            (
                "s",
                -1,
            ),
            "invalid_value",
            id="C40 before the first",
        ),
        pytest.param(
            Replenish,
            (
                "s",
                True,
            ),
            "invalid_type",
            id="C40 a bool",
        ),
        pytest.param(
            Replenish,
            (
                "s",
                1.0,
            ),
            "invalid_type",
            id="C40 a float",
        ),
        pytest.param(
            Replenish,
            (
                "s",
                10**6,
            ),
            "invalid_value",
            id="C40 beyond the last",
        ),
        pytest.param(
            Replenish,
            (
                "s" * 101,
                0,
            ),
            "limit_exceeded",
            id="C40 a long id again",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(
    command: Any, arguments: Any, code: str
) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        command(*arguments)
    assert refusal.value.code == code


def test_the_longest_id_and_the_highest_period_fit_together(lms: Portal) -> None:
    """C40: no subscription can be made whose lots cannot be named."""
    longest = "s" * 100
    lms.clock.at = datetime(2, 1, 1, tzinfo=UTC)
    lms.run(Subscribe(longest, Credits.of(12), Period.MONTH))
    lms.clock.at = datetime(9000, 12, 31, tzinfo=UTC)
    assert lms.run(Replenish(longest, 8998 * 12), CRON).outcome.amount.parts == 1
    with pytest.raises(UnitLedgerError) as refusal:
        lms.run(Replenish(longest, 999_999), CRON)
    assert refusal.value.code == "limit_exceeded"


@pytest.mark.parametrize(
    ("month", "day"),
    [
        pytest.param(1, 31, id="C39 anchored on 31 January"),
        pytest.param(1, 30, id="C39 anchored on 30 January"),
        pytest.param(2, 29, id="C39 anchored on 29 February"),
    ],
)
def test_four_years_of_renewals_keep_their_day(lms: Portal, month: int, day: int) -> None:
    """C39: the day of the anchor, or the month's last where it has no such day."""
    lms.clock.at = datetime(2024, month, day, 9, tzinfo=UTC)
    lms.run(Subscribe("growth", GROWTH, Period.MONTH))
    lms.clock.at = datetime(2028, month, 28, 9, tzinfo=UTC)
    for k in range(48):
        lms.run(Replenish("growth", k), CRON)
    lots = sorted(lms.ledger.balance(POOL).lots, key=lambda line: line.lot.cycle)
    expected = []
    for k in range(48):
        year, place = divmod(2024 * 12 + month - 1 + k, 12)
        last = calendar.monthrange(year, place + 1)[1]
        expected.append(datetime(year, place + 1, min(day, last), 9, tzinfo=UTC))
    assert [line.lot.acquired for line in lots] == expected
    assert datetime(2024, 2, 29, 9, tzinfo=UTC) in expected
    assert datetime(2025, 2, 28, 9, tzinfo=UTC) in expected
    assert lms.free(POOL) == 4 * 492
