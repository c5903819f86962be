"""Schedules: when an assignment fires, when it fires again, and when what it issued ends.

A yearly schedule has a month and a day and nothing drifts. A relative one counts on, from the
firing before or from the first one, as the policy says when the assignment is made; what was agreed
then stands in the schedule and is not touched by another policy later.

>>> from datetime import UTC
>>> monthly = Schedule(first=datetime(2026, 1, 31, tzinfo=UTC), repeat=Repeat(Period.MONTH))
>>> dates = monthly.dates()
>>> [next(dates)[1].date().isoformat() for _ in range(3)]
['2026-01-31', '2026-02-28', '2026-03-28']
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import final

import attrs

from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.policy import ExpiryBoundary, LeapDay, Policy, RecurrenceAnchor
from unitledger.time import (
    MAX_YEAR,
    Period,
    Recurrence,
    check_zone,
    end_of_day,
    instant,
)
from unitledger.values import Value

__all__ = ["MAX_EVERY", "Repeat", "Schedule", "Span", "usable_until"]

MAX_EVERY = 1000
"""How many periods may lie between two firings, or between a firing and the end of its units."""

_DAY = timedelta(days=1)
_LEAP_YEAR = 2000


def usable_until(day: date, policy: Policy) -> datetime:
    """The instant at which units end whose expiry names a day, under a policy.

    Args:
        day: The day that the expiry names.
        policy: Its ``expiry_boundary`` says whether that day still counts, its ``zone`` where.

    Raises:
        InvalidInput: As `unitledger.time.end_of_day`.

    Source: TU-070, TU-291.
    """
    over = end_of_day(day, policy.zone)
    if policy.expiry_boundary is ExpiryBoundary.INCLUSIVE:
        return over
    return end_of_day(day - _DAY, policy.zone)


def _check_steps(period: Period, every: int) -> None:
    if type(period) is not Period:
        raise InvalidType("period", shown(period), "Period")
    _check_number(every, "every", MAX_EVERY)


def _check_number(value: int, field: str, most: int) -> None:
    if type(value) is not int:
        raise InvalidType(field, shown(value), "int")
    if not 1 <= value <= most:
        raise InvalidValue(field, shown(value), f"1 to {most}")


@final
@attrs.frozen
class Span(Value):
    """So many days, weeks, months or years: how long the units of a firing last.

    Attributes:
        period: Day, week, month or year.
        every: How many of them, 1 to 1000.

    Source: TU-062.
    """

    period: Period
    every: int = 1

    def __attrs_post_init__(self) -> None:
        _check_steps(self.period, self.every)

    def after(self, at: datetime, zone: str) -> datetime:
        """The instant so much later on the calendar of a zone.

        Raises:
            LimitExceeded: It would lie after the year 9000.
        """
        return Recurrence(at, self.period, self.every, zone).occurrence(1)


@final
@attrs.frozen
class Repeat(Value):
    """When a recurring assignment fires again.

    With a month and a day it fires on that date of each year, at the beginning of the day; without
    them, so many periods after the firing before it.

    Attributes:
        period: Day, week, month or year.
        every: How many of them, 1 to 1000.
        month: The month of a date in each year, 1 to 12.
        day: The day of that month; 29 February is one.

    Source: TU-044 to TU-047.
    """

    period: Period
    every: int = 1
    month: int | None = None
    day: int | None = None

    def __attrs_post_init__(self) -> None:
        _check_steps(self.period, self.every)
        if self.month is None and self.day is None:
            return
        if self.month is None or self.day is None:
            raise InvalidValue("month", shown(self.month), "a month and a day, or neither")
        _check_number(self.month, "month", 12)
        _check_number(self.day, "day", 31)
        if (self.period, self.every) != (Period.YEAR, 1):
            raise InvalidValue("every", shown(self.every), "one year, for a date in each year")
        _check_date(self.month, self.day)

    @classmethod
    def yearly(cls, month: int, day: int) -> Repeat:
        """On that month and day of each year.

        >>> Repeat.yearly(2, 29).day
        29
        """
        return cls(Period.YEAR, 1, month, day)


def _check_date(month: int, day: int) -> None:
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        raise InvalidValue("day", shown(day), f"a day of month {month}") from None


@final
@attrs.frozen(kw_only=True)
class Schedule(Value):
    """The dates on which an assignment fires, numbered from 0.

    Attributes:
        first: The first date (UTC).
        repeat: When it fires again; ``None`` is never.
        anchor: What a relative schedule counts from.
        leap_day: When a yearly 29 February comes in a common year.
        zone: The IANA zone whose calendar is counted.

    Source: TU-044 to TU-047.
    """

    first: datetime
    repeat: Repeat | None = None
    anchor: RecurrenceAnchor = RecurrenceAnchor.CHAINED
    leap_day: LeapDay = LeapDay.FEB_28
    zone: str = "UTC"

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "first", instant(self.first, "first"))
        for name, cls in (("anchor", RecurrenceAnchor), ("leap_day", LeapDay)):
            if type(getattr(self, name)) is not cls:
                raise InvalidType(name, shown(getattr(self, name)), cls.__name__)
        if self.repeat is not None and type(self.repeat) is not Repeat:
            raise InvalidType("repeat", shown(self.repeat), "Repeat")
        check_zone(self.zone)

    @classmethod
    def starting(cls, at: datetime, repeat: Repeat | None, policy: Policy) -> Schedule:
        """The schedule that begins at an instant; a yearly one at its first date from then on.

        Args:
            at: The first instant that may be a date (UTC).
            repeat: When it fires again.
            policy: Its ``recurrence_anchor``, ``leap_day`` and ``zone`` are the schedule's.

        Raises:
            LimitExceeded: A yearly date would lie after the year 9000.

        Source: TU-040, TU-041, TU-044.
        """
        plain = cls(
            first=at,
            repeat=repeat,
            anchor=policy.recurrence_anchor,
            leap_day=policy.leap_day,
            zone=policy.zone,
        )
        if repeat is None or repeat.month is None:
            return plain
        first = plain._yearly_after(_local_year(plain.first, plain.zone), plain.first)
        if first is None:
            raise InvalidValue("repeat", f"a date after {MAX_YEAR}", "one that the calendar has")
        return attrs.evolve(plain, first=first)

    def following(self, turn: int, due: datetime) -> datetime | None:
        """The date after the one with a number; ``None`` when there is none.

        Args:
            turn: The number of the date.
            due: That date (UTC).
        """
        repeat = self.repeat
        if repeat is None:
            return None
        if repeat.month is not None:
            return self._yearly_after(_local_year(due, self.zone), due + _DAY)
        chained = self.anchor is RecurrenceAnchor.CHAINED
        begin, steps = (due, 1) if chained else (self.first, turn + 1)
        dates = Recurrence(begin, repeat.period, repeat.every, self.zone)
        return dates.occurrence(steps) if dates.happens(steps) else None

    def dates(self, turn: int = 0, due: datetime | None = None) -> Iterator[tuple[int, datetime]]:
        """Every date with its number, from one of them on.

        Args:
            turn: The number to begin with.
            due: The date of that number; ``None`` is the first date, number 0.
        """
        coming: datetime | None = self.first if due is None else due
        while coming is not None:
            yield turn, coming
            coming = self.following(turn, coming)
            turn += 1

    def _yearly_after(self, year: int, at: datetime) -> datetime | None:
        """The first yearly date at or after an instant, in a year or later."""
        for later in range(year, MAX_YEAR):
            day = self._day_in(later)
            begins = None if day is None else end_of_day(day - _DAY, self.zone)
            if begins is not None and begins >= at:
                return begins
        return None

    def _day_in(self, year: int) -> date | None:
        """The yearly day in one year, if it has one."""
        repeat = self.repeat
        if repeat is None or repeat.month is None or repeat.day is None:
            return None
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if (repeat.month, repeat.day) != (2, 29) or leap:
            return date(year, repeat.month, repeat.day)
        if self.leap_day is LeapDay.SKIP:
            return None
        return date(year, 2, 28) if self.leap_day is LeapDay.FEB_28 else date(year, 3, 1)


def _local_year(at: datetime, zone: str) -> int:
    return at.astimezone(check_zone(zone)).year
