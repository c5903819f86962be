"""Laws of instants, days and schedules, against a calendar counted out here again."""

from __future__ import annotations

import calendar
import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unitledger.errors import LimitExceeded
from unitledger.testing import strategies as draw
from unitledger.time import (
    Period,
    Recurrence,
    Validity,
    end_of_day,
    instant,
    instant_text,
    microseconds,
    parse_instant,
)

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
ZONES = (
    "Europe/Vienna",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Gaza",
)
FROM, TO = datetime(1990, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)


def month_on(start: date, k: int) -> tuple[int, int]:
    """Year and month k months on, by counting months from year nought."""
    months = start.year * 12 + start.month - 1 + k
    return months // 12, months % 12 + 1


def day_on(anchor: date, k: int) -> date:
    """The same day k months on, and that month's last day at the most."""
    year, month = month_on(anchor, k)
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def changes(zone: str, start: datetime = FROM, end: datetime = TO) -> list[datetime]:
    """Every instant at which the zone's offset changes, found by looking hour by hour."""
    place = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(place).utcoffset()

    found = []
    step = timedelta(days=7)
    weeks = takewhile(lambda at: at < end, (start + k * step for k in range(10**4)))
    for week in weeks:
        low, high = week, week + step
        if offset(low) != offset(high):
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            found.append(high.replace(microsecond=0))
    return found


def test_every_anchor_of_a_leap_year_falls_once_into_each_of_48_months() -> None:
    first = datetime(2024, 1, 1, 12, tzinfo=UTC)
    anchors = [first + timedelta(days=day) for day in range(366)]
    for anchor in anchors:
        schedule = Recurrence(anchor, Period.MONTH)
        found = [schedule.occurrence(k) for k in range(48)]
        assert [at.date() for at in found] == [day_on(anchor.date(), k) for k in range(48)]
        assert len({(at.year, at.month) for at in found}) == 48
        assert {at.time() for at in found} == {anchor.time()}


@pytest.mark.parametrize("start", [date(2024, 1, 31), date(2025, 1, 31), date(2024, 2, 29)])
def test_a_month_end_is_reached_again_after_every_short_month(start: date) -> None:
    anchor = datetime(start.year, start.month, start.day, tzinfo=UTC)
    schedule = Recurrence(anchor, Period.MONTH)
    days = [schedule.occurrence(k).day for k in range(49)]
    ends = [calendar.monthrange(*month_on(start, k))[1] for k in range(49)]
    assert days == [min(start.day, end) for end in ends]
    assert days.count(start.day) > 24


def test_29_february_returns_in_every_leap_year() -> None:
    schedule = Recurrence(datetime(2024, 2, 29, tzinfo=UTC), Period.YEAR)
    for k in range(400):
        due = schedule.occurrence(k)
        assert (due.year, due.month) == (2024 + k, 2)
        assert due.day == (29 if calendar.isleap(due.year) else 28)


@given(
    draw.instants(most=datetime(3000, 1, 1, tzinfo=UTC)),
    st.sampled_from((Period.DAY, Period.WEEK)),
    st.integers(1, 1000),
    st.integers(0, 300),
)
def test_days_and_weeks_are_so_many_days(
    anchor: datetime, period: Period, every: int, k: int
) -> None:
    length = 1 if period is Period.DAY else 7
    assert Recurrence(anchor, period, every).occurrence(k) == anchor + timedelta(
        days=length * every * k
    )


@given(
    draw.instants(most=datetime(5000, 1, 1, tzinfo=UTC)),
    st.sampled_from((Period.MONTH, Period.YEAR)),
    st.integers(1, 1000),
    st.integers(0, 10**6),
)
def test_months_and_years_are_counted_or_end_with_the_last_year(
    anchor: datetime, period: Period, every: int, k: int
) -> None:
    schedule = Recurrence(anchor, period, every)
    months = k * every * (1 if period is Period.MONTH else 12)
    if anchor.year * 12 + anchor.month - 1 + months >= 9001 * 12:
        assert not schedule.happens(k)
        with pytest.raises(LimitExceeded):
            schedule.occurrence(k)
    else:
        day = day_on(anchor.date(), months)
        assert schedule.occurrence(k) == anchor.replace(year=day.year, month=day.month, day=day.day)


@pytest.mark.parametrize("zone", ZONES)
def test_wall_clock_schedules_skip_forward_and_take_the_first_pass(zone: str) -> None:
    place, checked = ZoneInfo(zone), 0
    for change in changes(zone):
        last, first = (at.astimezone(place) for at in (change - MICROSECOND, change))
        gap = (first.utcoffset() or HOUR) - (last.utcoffset() or HOUR)
        wall = (first.replace(tzinfo=None) - max(gap, timedelta())) + abs(gap) // 2
        anchor = (wall - timedelta(days=14)).replace(tzinfo=place).astimezone(UTC)
        schedule = Recurrence(anchor, Period.DAY, zone=zone)
        due = schedule.occurrence(14).astimezone(place)
        if gap > timedelta():
            assert due.replace(tzinfo=None) == wall + gap
        else:
            assert (due.replace(tzinfo=None, fold=0), due.fold) == (wall, 0)
        around = [schedule.occurrence(k) for k in range(12, 17)]
        assert all(one <= two for one, two in pairwise(around))
        checked += 1
    assert checked >= 2


schedules = st.builds(
    Recurrence,
    draw.instants(least=FROM, most=TO),
    st.sampled_from(Period),
    st.integers(1, 20),
    st.sampled_from(("UTC", *ZONES)),
    st.none() | st.integers(1, 40),
    st.none() | draw.instants(least=FROM, most=TO),
)


@given(schedules, draw.instants(least=FROM, most=TO + timedelta(days=3650)))
def test_upto_and_after_agree_with_counting(schedule: Recurrence, moment: datetime) -> None:
    first_few = []
    for k in range(60):
        due = schedule.occurrence(k)
        if schedule.count is not None and k >= schedule.count:
            break
        if schedule.until is not None and due >= schedule.until:
            break
        first_few.append((k, due))
    assert [schedule.happens(k) for k in range(60)] == [k < len(first_few) for k in range(60)]
    assume(len(first_few) < 60 or first_few[-1][1] > moment)
    due_now = [(k, due) for k, due in first_few if due <= moment]
    later = [(k, due) for k, due in first_few if due > moment]
    assert list(schedule.upto(moment)) == due_now
    assert list(schedule.upto(moment, first=2)) == due_now[2:]
    if len(first_few) < 60:
        assert list(schedule.after(moment, count=60)) == later
    assert list(schedule.after(moment, count=len(later))) == later
    assert schedule.after(moment, count=0) == ()


@given(schedules, st.lists(draw.instants(least=FROM, most=TO), max_size=6))
def test_running_at_any_instants_finds_each_occurrence_once(
    schedule: Recurrence, runs: list[datetime]
) -> None:
    end = schedule.anchor + timedelta(days=90)
    seen: list[int] = []
    for run in [*sorted(run for run in runs if run < end), end]:
        seen += [k for k, _ in schedule.upto(run, first=len(seen))]
    assert seen == [k for k, _ in schedule.upto(end)]


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_ends_where_its_date_is_seen_for_the_last_time(zone: str) -> None:
    place = ZoneInfo(zone)
    near = [change.astimezone(place).date() for change in changes(zone)]
    ordinary = [date(2026, month, 15) for month in range(1, 13)]
    for day in ordinary + [
        turn + timedelta(days=shift) for turn in near for shift in (-2, -1, 0, 1)
    ]:
        end = end_of_day(day, zone)
        assert (end - MICROSECOND).astimezone(place).date() <= day
        following = [end + minutes * timedelta(minutes=1) for minutes in range(0, 2000, 7)]
        assert all(at.astimezone(place).date() > day for at in following)


offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(draw.instants(least=FROM), offsets)
def test_an_instant_is_the_same_from_every_offset(moment: datetime, offset: timezone) -> None:
    there = moment.astimezone(offset)
    assert instant(there) == moment
    assert instant(there).tzinfo is UTC
    assert instant_text(there) == instant_text(moment)
    assert parse_instant(there.isoformat()) == moment


@given(draw.instants(), draw.instants())
def test_texts_and_numbers_of_instants_have_the_order_of_time(one: datetime, two: datetime) -> None:
    earlier = one < two
    assert (instant_text(one) < instant_text(two)) == earlier
    assert (microseconds(one) < microseconds(two)) == earlier
    assert parse_instant(instant_text(one)) == one
    assert datetime(1970, 1, 1, tzinfo=UTC) + microseconds(one) * MICROSECOND == one


@given(st.sets(draw.instants(), min_size=2, max_size=2).map(sorted), draw.instants(), st.booleans())
def test_a_span_holds_from_its_start_to_just_before_its_end(
    ends: list[datetime], moment: datetime, endless: bool
) -> None:
    start, end = ends
    for at in (moment, *ends):
        holds = Validity(start, None if endless else end).holds(at)
        assert holds == (not at < start and (endless or not at >= end))


@given(schedules | st.builds(Validity, draw.instants(most=FROM), st.none() | st.just(TO)))
def test_a_copy_is_equal(value: Any) -> None:
    assert copy.copy(value) == value == copy.deepcopy(value)
    assert attrs.evolve(value) == value
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value
