"""Schedules of assignments: yearly dates, relative ones, and the days on which units end."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import pytest

from tests.rules.training_room import rule
from unitledger.errors import (
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    UnitLedgerError,
)
from unitledger.policy import ExpiryBoundary, LeapDay, Policy, RecurrenceAnchor
from unitledger.time import Period
from unitledger.training import Repeat, Schedule, Span, usable_until


def at(text: str) -> datetime:
    """An instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dates(schedule: Schedule, count: int) -> str:
    """The first dates, without their century and their midnight."""
    found = [due.isoformat(timespec="minutes")[2:16] for _, due in islice(schedule.dates(), count)]
    return ", ".join(text.removesuffix("T00:00") for text in found)


CHAINED, ANCHORED = RecurrenceAnchor.CHAINED, RecurrenceAnchor.ANCHORED


@pytest.mark.parametrize(
    ("repeat", "anchor", "first", "told"),
    [
        pytest.param(
            Repeat(Period.DAY, 10), CHAINED, "2026-02-20", "26-02-20, 26-03-02, 26-03-12",
            id="TU-046 days",
        ),
        pytest.param(
            Repeat(Period.WEEK, 2), CHAINED, "2026-12-25", "26-12-25, 27-01-08, 27-01-22",
            id="TU-046 weeks",
        ),
        pytest.param(
            Repeat(Period.MONTH), CHAINED, "2026-03-15", "26-03-15, 26-04-15, 26-05-15",
            id="TU-046 TU-048 months",
        ),
        pytest.param(
            Repeat(Period.YEAR), CHAINED, "2026-03-15", "26-03-15, 27-03-15, 28-03-15",
            id="TU-046 years",
        ),
        pytest.param(
            Repeat(Period.MONTH), CHAINED, "2026-01-31", "26-01-31, 26-02-28, 26-03-28",
            id="TU-047 CHAINED counts from the firing before",
        ),
        pytest.param(
            Repeat(Period.MONTH), ANCHORED, "2026-01-31", "26-01-31, 26-02-28, 26-03-31",
            id="TU-047 ANCHORED counts from the first",
        ),
        pytest.param(
            Repeat(Period.MONTH, 3), ANCHORED, "2025-11-30", "25-11-30, 26-02-28, 26-05-30",
            id="TU-047 ANCHORED every three months",
        ),
        pytest.param(
            Repeat(Period.YEAR), CHAINED, "2024-02-29", "24-02-29, 25-02-28, 26-02-28, 27-02-28",
            id="TU-047 CHAINED leaves 29 February",
        ),
    ],
)  # fmt: skip
def test_relative_dates(repeat: Repeat, anchor: RecurrenceAnchor, first: str, told: str) -> None:
    policy = Policy(recurrence_anchor=anchor)
    schedule = Schedule.starting(at(first), repeat, policy)
    assert dates(schedule, told.count(",") + 1) == told


@pytest.mark.parametrize(
    ("leap_day", "told"),
    [
        (LeapDay.FEB_28, "26-02-28, 27-02-28, 28-02-29, 29-02-28"),
        (LeapDay.MAR_1, "26-03-01, 27-03-01, 28-02-29, 29-03-01"),
        (LeapDay.SKIP, "28-02-29, 32-02-29, 36-02-29"),
    ],
    ids=[f"TU-045 {value}" for value in LeapDay],
)
def test_a_yearly_29_february(leap_day: LeapDay, told: str) -> None:
    policy = Policy(leap_day=leap_day)
    schedule = Schedule.starting(at("2026-01-05T09:00"), Repeat.yearly(2, 29), policy)
    assert dates(schedule, told.count(",") + 1) == told


def test_a_century_is_no_leap_year_but_every_fourth() -> None:
    """TU-045: 1900 and 2100 have no 29 February, 2000 has."""
    policy = Policy(leap_day=LeapDay.SKIP)
    schedule = Schedule.starting(at("1896-01-01"), Repeat.yearly(2, 29), policy)
    assert dates(schedule, 2) == "96-02-29, 04-02-29"
    schedule = Schedule.starting(at("1996-01-01"), Repeat.yearly(2, 29), policy)
    assert dates(schedule, 2) == "96-02-29, 00-02-29"


@pytest.mark.parametrize(
    ("begin", "zone", "told"),
    [
        pytest.param("2026-03-01", "UTC", "26-03-01, 27-03-01", id="TU-044 from that very instant"),
        pytest.param("2026-03-01T00:01", "UTC", "27-03-01, 28-03-01", id="TU-044 not in the past"),
        pytest.param("2026-12-31", "UTC", "27-03-01, 28-03-01", id="TU-044 the next year"),
        pytest.param(
            "2026-01-01", "Europe/Vienna", "26-02-28T23:00, 27-02-28T23:00",
            id="TU-044 TU-291 the day of the zone",
        ),
        pytest.param(
            "2025-12-31T23:30", "Europe/Vienna", "26-02-28T23:00, 27-02-28T23:00",
            id="TU-044 TU-291 the year of the zone",
        ),
        pytest.param(
            "2026-03-01T05:00", "America/New_York", "26-03-01T05:00, 27-03-01T05:00",
            id="TU-044 TU-291 the day begins later in the west",
        ),
    ],
)  # fmt: skip
def test_a_yearly_date_begins_its_day(begin: str, zone: str, told: str) -> None:
    schedule = Schedule.starting(at(begin), Repeat.yearly(3, 1), Policy(zone=zone))
    assert dates(schedule, 2) == told


def test_a_new_years_date_in_a_western_zone_comes_once_a_year() -> None:
    """TU-044: its instant lies in the same year of UTC, in the zone's own new one."""
    policy = Policy(zone="America/New_York")
    schedule = Schedule.starting(at("2026-06-01"), Repeat.yearly(1, 1), policy)
    assert dates(schedule, 3) == "27-01-01T05:00, 28-01-01T05:00, 29-01-01T05:00"
    policy = Policy(zone="Asia/Tokyo")
    schedule = Schedule.starting(at("2026-06-01"), Repeat.yearly(1, 1), policy)
    assert dates(schedule, 3) == "26-12-31T15:00, 27-12-31T15:00, 28-12-31T15:00"


def test_a_standard_schedule_has_one_date() -> None:
    """TU-042."""
    schedule = Schedule.starting(at("2026-03-01T09:30"), None, Policy())
    assert list(schedule.dates()) == [(0, at("2026-03-01T09:30"))]


def test_dates_go_on_from_any_of_them() -> None:
    schedule = Schedule(first=at("2026-01-31"), repeat=Repeat(Period.MONTH), anchor=ANCHORED)
    every = list(islice(schedule.dates(), 6))
    assert [turn for turn, _ in every] == list(range(6))
    assert list(islice(schedule.dates(*every[2]), 4)) == every[2:]


def test_what_was_agreed_is_not_touched_by_another_policy() -> None:
    """TU-047: the schedule keeps what the policy said when it was made."""
    policy = Policy(recurrence_anchor=ANCHORED, leap_day=LeapDay.SKIP, zone="Europe/Vienna")
    schedule = Schedule.starting(at("2026-01-31"), Repeat(Period.MONTH), policy)
    assert (schedule.anchor, schedule.leap_day, schedule.zone) == (
        ANCHORED,
        LeapDay.SKIP,
        "Europe/Vienna",
    )


def test_the_calendar_ends() -> None:
    """Nothing happens after the year 9000."""
    schedule = Schedule(first=at("8999-06-01"), repeat=Repeat(Period.YEAR))
    assert [due.year for _, due in schedule.dates()] == [8999, 9000]
    yearly = Schedule(first=at("8998-03-01"), repeat=Repeat.yearly(3, 1))
    assert [due.year for _, due in yearly.dates()] == [8998, 8999]
    with pytest.raises(InvalidValue):
        Schedule.starting(at("8999-06-01"), Repeat.yearly(3, 1), Policy())


@pytest.mark.parametrize(
    ("error", "field", "values"),
    [
        pytest.param(InvalidType, "period", ("month",), id="a period by its name"),
        pytest.param(InvalidValue, "every", (Period.DAY, 0), id="none"),
        pytest.param(InvalidValue, "every", (Period.DAY, 1001), id="more than a thousand"),
        pytest.param(InvalidType, "every", (Period.DAY, True), id="a truth"),
        pytest.param(InvalidValue, "month", (Period.YEAR, 1, None, 3), id="a day without a month"),
        pytest.param(InvalidValue, "month", (Period.YEAR, 1, 3), id="a month without a day"),
        pytest.param(InvalidValue, "month", (Period.YEAR, 1, 13, 1), id="a thirteenth month"),
        pytest.param(InvalidValue, "month", (Period.YEAR, 1, 0, 1), id="no month"),
        pytest.param(InvalidValue, "day", (Period.YEAR, 1, 1, 32), id="a day 32"),
        pytest.param(InvalidValue, "day", (Period.YEAR, 1, 1, 0), id="a day 0"),
        pytest.param(InvalidType, "day", (Period.YEAR, 1, 1, 1.0), id="a day with a point"),
        pytest.param(InvalidValue, "day", (Period.YEAR, 1, 2, 30), id="TU-045 30 February"),
        pytest.param(InvalidValue, "day", (Period.YEAR, 1, 4, 31), id="31 April"),
        pytest.param(
            InvalidValue, "every", (Period.YEAR, 2, 4, 1), id="TU-044 a date every 2 years"
        ),
        pytest.param(InvalidValue, "every", (Period.MONTH, 1, 4, 1), id="TU-044 a date each month"),
    ],
)
def test_what_cannot_repeat(error: type[InvalidInput], field: str, values: Any) -> None:
    with pytest.raises(error) as refused:
        Repeat(*values)
    assert getattr(refused.value, "field", None) == field


@pytest.mark.parametrize(
    "values",
    [(Period.DAY, 1000), (Period.YEAR, 1, 12, 31), (Period.YEAR, 1, 1, 1), (Period.YEAR, 1, 2, 29)],
)
def test_what_can_repeat(values: Any) -> None:
    assert Repeat(*values).every == values[1]


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (InvalidType, {"anchor": "chained"}),
        (InvalidType, {"leap_day": "skip"}),
        (InvalidType, {"repeat": Span(Period.DAY)}),
        (InvalidValue, {"zone": "Nowhere"}),
        (UnitLedgerError, {"first": datetime(2026, 1, 1)}),  # noqa: DTZ001
    ],
)
def test_what_is_no_schedule(error: type[UnitLedgerError], changes: dict[str, Any]) -> None:
    with pytest.raises(error):
        Schedule(**{"first": at("2026-01-01"), **changes})


@pytest.mark.parametrize(
    ("span", "ends"),
    [
        pytest.param(Span(Period.DAY, 30), "2026-03-02T09:30", id="TU-062 days"),
        pytest.param(Span(Period.WEEK), "2026-02-07T09:30", id="TU-062 weeks"),
        pytest.param(Span(Period.MONTH), "2026-02-28T09:30", id="TU-062 months, clamped"),
        pytest.param(Span(Period.YEAR, 2), "2028-01-31T09:30", id="TU-062 years"),
    ],
)
def test_how_long_units_last(span: Span, ends: str) -> None:
    assert span.after(at("2026-01-31T09:30"), "UTC") == at(ends)


def test_a_span_is_counted_on_the_calendar_of_the_zone() -> None:
    """TU-062, TU-291: a day over which clocks go forward is an hour shorter."""
    begin = at("2026-03-28T12:00")
    assert Span(Period.DAY).after(begin, "Europe/Vienna") == at("2026-03-29T11:00")
    with pytest.raises(LimitExceeded):
        Span(Period.YEAR, 1000).after(at("8500-01-01"), "UTC")


@pytest.mark.parametrize(("period", "every"), [("day", 1), (Period.DAY, 0), (Period.DAY, 1001)])
def test_what_is_no_span(period: Any, every: Any) -> None:
    with pytest.raises(InvalidInput):
        Span(period, every)


@pytest.mark.parametrize(
    ("boundary", "zone", "over"),
    [
        pytest.param("inclusive", "UTC", "2026-04-01T00:00", id="TU-070 INCLUSIVE"),
        pytest.param("exclusive", "UTC", "2026-03-31T00:00", id="TU-070 EXCLUSIVE"),
        pytest.param("inclusive", "Europe/Vienna", "2026-03-31T22:00", id="TU-070 INCLUSIVE, zone"),
        pytest.param("exclusive", "Europe/Vienna", "2026-03-30T22:00", id="TU-070 EXCLUSIVE, zone"),
    ],
)
def test_the_day_that_an_expiry_names(boundary: str, zone: str, over: str) -> None:
    policy = Policy(expiry_boundary=ExpiryBoundary(boundary), zone=zone)
    assert usable_until(date(2026, 3, 31), policy) == at(over)


@rule("TU-047", "TU-291")
def test_months_are_counted_in_the_zone() -> None:
    schedule = Schedule(
        first=at("2026-01-30T16:00"), repeat=Repeat(Period.MONTH), zone="Asia/Tokyo"
    )
    assert dates(schedule, 3) == "26-01-30T16:00, 26-02-27T16:00, 26-03-27T16:00"


@rule("TU-044", "TU-291")
def test_the_year_is_that_of_the_zone() -> None:
    policy = Policy(zone="Asia/Tokyo")
    first = Schedule.starting(at("2026-12-31T14:00"), Repeat.yearly(12, 31), policy)
    assert first.first == at("2027-12-30T15:00")
    newyear = Schedule.starting(at("2026-12-31T15:00"), Repeat.yearly(1, 1), policy)
    assert newyear.first == at("2026-12-31T15:00")
