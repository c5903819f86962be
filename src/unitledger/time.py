"""Instants, spans and schedules.

Every instant inside the library is an aware datetime in ``datetime.UTC``; naive ones are refused
at the door. Spans are half-open: the first instant belongs to them, the last does not. No code
reads a clock but the one `Clock` that a ledger is given. This is the only module that knows
``zoneinfo`` and ``dateutil``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Protocol, final
from zoneinfo import ZoneInfo

import attrs
from dateutil.relativedelta import relativedelta

from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, NaiveInstant, shown
from unitledger.values import Value

__all__ = [
    "MAX_YEAR",
    "MIN_YEAR",
    "Clock",
    "FixedClock",
    "Period",
    "Recurrence",
    "SystemClock",
    "Validity",
    "after_days",
    "check_zone",
    "day_of",
    "end_of_day",
    "instant",
    "instant_text",
    "microseconds",
    "minute_text",
    "parse_instant",
]

MIN_YEAR = 2
"""No instant may lie in an earlier year, so that every zone can show every instant."""

MAX_YEAR = 9000
"""No instant may lie in a later year; "never" is ``None``, not a far date."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEYOND = datetime.max.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-9]{2}"
    r"(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
).fullmatch
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*").fullmatch
_INSTANT_LIKE = "an instant like 2026-01-31T09:00:00Z"
_ZONE_LIKE = "an IANA zone name like Europe/Vienna"


def instant(value: datetime, field: str = "instant") -> datetime:
    """The same instant in UTC.

    Args:
        value: Exactly a ``datetime``, with a zone; a ``date`` has no instant (see `end_of_day`).
        field: What to call it in an error.

    Raises:
        InvalidType: Something else, a subclass included.
        NaiveInstant: It has no zone.
        InvalidValue: Its zone cannot say its offset.
        LimitExceeded: Its year in UTC is below 2 or above 9000.

    Source: TU-291, P11, P14 (never relabelled, always converted).
    """
    if type(value) is not datetime:
        raise InvalidType(field, shown(value), "an aware datetime")
    utc = value if value.tzinfo is UTC else _converted(value, field)
    if not MIN_YEAR <= utc.year <= MAX_YEAR:
        raise _year_refused(utc.year, field)
    return utc.replace(fold=0) if utc.fold else utc


def _converted(value: datetime, field: str) -> datetime:
    """The instant in UTC; the one place where a zone that is not ours gets to run."""
    plain = value.replace(tzinfo=None)
    try:
        offset = value.utcoffset()
    except Exception as failure:  # a stranger's code, and whatever it raises, it gave no instant
        raise InvalidValue(field, plain.isoformat(), "a zone that knows its offset") from failure
    if offset is None:
        raise NaiveInstant(field, plain.isoformat())
    try:
        return value.replace(tzinfo=UTC) - offset
    except OverflowError:
        raise _year_refused(value.year, field) from None


def _year_refused(year: int, field: str) -> LimitExceeded:
    limit = MIN_YEAR if year < MIN_YEAR else MAX_YEAR
    return LimitExceeded(f"year of {field}", str(year), limit)


def _utc(value: datetime, field: str = "instant") -> datetime:
    """What `instant` gives, sooner for what already went through it."""
    return value if type(value) is datetime and value.tzinfo is UTC else instant(value, field)


def _store_utc(value: object, field: str) -> None:
    """Normalise a frozen value's instant while it is being made."""
    object.__setattr__(value, field, instant(getattr(value, field), field))


def microseconds(value: datetime) -> int:
    """Microseconds since 1970 in UTC: an instant as a whole number, for ordering.

    Raises:
        InvalidInput: As `instant`.
    """
    return (_utc(value) - _EPOCH) // _MICROSECOND


def instant_text(value: datetime) -> str:
    """The one canonical text of an instant: ``2026-01-31T00:00:00.000000Z``.

    Raises:
        InvalidInput: As `instant`.
    """
    return _utc(value).isoformat("T", "microseconds")[:26] + "Z"


def minute_text(value: datetime) -> str:
    """An instant in UTC as tables show it, without what is below a minute: ``2026-01-31T00:00``."""
    return value.isoformat(timespec="minutes").removesuffix("+00:00")


def after_days(at: datetime, days: int | None) -> datetime | None:
    """The instant (UTC) so many times 24 hours later; no number of days has none.

    Raises:
        LimitExceeded: It would lie beyond the last year.
    """
    return None if days is None else instant(at + timedelta(days=days), "deadline")


def parse_instant(text: str, field: str = "instant") -> datetime:
    """The instant that an ISO 8601 text with an offset or a ``Z`` names.

    >>> parse_instant("2026-01-31T09:00+01:00").isoformat()
    '2026-01-31T08:00:00+00:00'

    Args:
        text: Date and time with ``T`` or a space between, at most six decimals of a second.
        field: What to call it in an error.

    Raises:
        InvalidType: Not a text.
        InvalidValue: Not an ISO 8601 date and time.
        NaiveInstant: It has no offset.
        LimitExceeded: Its year in UTC is below 2 or above 9000.
    """
    if type(text) is not str:
        raise InvalidType(field, shown(text), "str")
    if len(text) > 40 or _ISO(text) is None:
        raise InvalidValue(field, shown(text), _INSTANT_LIKE)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(field, shown(text), _INSTANT_LIKE) from None
    return instant(parsed, field)


def check_zone(name: str) -> tzinfo:
    """The zone of that IANA name; ``UTC`` needs no zone database.

    Raises:
        InvalidType: Not a text.
        InvalidValue: There is no such zone on this machine, or its name means another zone on
            another machine (``localtime``).
    """
    if type(name) is not str:
        raise InvalidType("zone", shown(name), "str")
    if name == "UTC":
        return UTC
    if len(name) > 64 or _ZONE(name) is None:
        raise InvalidValue("zone", shown(name), _ZONE_LIKE)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise InvalidValue("zone", shown(name), _ZONE_LIKE) from None


def end_of_day(day: date, zone: str = "UTC") -> datetime:
    """The instant at which a calendar day is over in a zone: the next day's first instant, in UTC.

    As the end of a half-open span it makes the whole day usable and nothing after it.

    >>> end_of_day(date(2026, 1, 31)).isoformat()
    '2026-02-01T00:00:00+00:00'

    When the clock passes midnight twice and the day comes back in between, it is over the second
    time; a midnight that the zone skips lies where the clock jumps.

    Raises:
        InvalidType: Not exactly a ``date``, or the zone not a text.
        InvalidValue: There is no such zone.
        LimitExceeded: The day ends in a year below 2 or above 9000.

    Source: TU-070, TU-291, P11.
    """
    if type(day) is not date:
        raise InvalidType("day", shown(day), "date")
    if day.year > MAX_YEAR:
        raise _year_refused(day.year, "day")
    place = check_zone(zone)
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=place)
    over = instant(midnight, "end of day")
    again = instant(midnight.replace(fold=1), "end of day")
    comes_back = over < again and (again - _MICROSECOND).astimezone(place).date() == day
    return again if comes_back else over


def day_of(at: datetime, zone: str = "UTC") -> date:
    """The calendar day that an instant falls on in a zone.

    >>> day_of(datetime(2026, 1, 31, 23, 30, tzinfo=UTC), "Europe/Vienna").isoformat()
    '2026-02-01'

    Raises:
        InvalidType: Not an instant, or the zone not a text.
        NaiveInstant: Without a zone of its own.
        InvalidValue: There is no such zone.

    Source: TU-291.
    """
    return instant(at, "at").astimezone(check_zone(zone)).date()


class Clock(Protocol):
    """Where a ledger learns what time it is; the only way it can."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...


@final
@attrs.frozen
class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


@final
@attrs.define
class FixedClock:
    """A clock that stands where it was set: for tests, scenario files and replays.

    Attributes:
        at: The instant it shows (UTC); set it to move the clock, forwards or backwards.
    """

    at: datetime = attrs.field(converter=instant)

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at


@final
@attrs.frozen
class Validity(Value):
    """A half-open span of instants: ``effective`` belongs to it, ``expires`` does not.

    Attributes:
        effective: First instant (UTC) at which it holds.
        expires: First instant (UTC) at which it no longer holds; ``None`` is never.
    """

    effective: datetime
    expires: datetime | None = None

    def __attrs_post_init__(self) -> None:
        _store_utc(self, "effective")
        if self.expires is not None:
            _store_utc(self, "expires")
            if self.expires <= self.effective:
                raise InvalidValue("expires", self.expires.isoformat(), "a later instant")

    def holds(self, at: datetime) -> bool:
        """Whether the instant lies inside.

        Raises:
            InvalidInput: As `instant`.
        """
        at = _utc(at, "at")
        return self.effective <= at and (self.expires is None or at < self.expires)

    @property
    def end(self) -> str:
        """When it ends, as tables show it; ``never`` where it does not."""
        return "never" if self.expires is None else minute_text(self.expires)


@final
class Period(StrEnum):
    """The calendar step of a schedule."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    def __repr__(self) -> str:
        return f"Period.{self.name}"


_MAX_EVERY = 1000
_MAX_COUNT = 10_000_000
_MAX_LISTED = 10_000
_STEPS = {
    Period.DAY: (1, 0),
    Period.WEEK: (7, 0),
    Period.MONTH: (0, 1),
    Period.YEAR: (0, 12),
}
"""Days and months of one period."""


@final
@attrs.frozen
class Recurrence(Value):
    """A schedule whose k-th occurrence is ``anchor + k * every period``, never chained.

    Steps are counted on the calendar of ``zone`` and clamped to the month's end: anchored on
    31 January, the months end on 28 or 29 February, 31 March, 30 April. A wall-clock time that a
    zone skips moves forward by the gap; one that it repeats is taken the first time. Nothing
    happens after the year 9000.

    Attributes:
        anchor: The occurrence number 0 (UTC).
        period: Day, week, month or year.
        every: How many periods from one occurrence to the next, 1 to 1000.
        zone: The IANA zone whose calendar is counted.
        count: How many occurrences there are, 1 to 10,000,000; ``None`` is no end.
        until: Occurrences at or after this instant do not happen; ``None`` is no end.

    >>> monthly = Recurrence(datetime(2026, 1, 31, tzinfo=UTC), Period.MONTH)
    >>> [monthly.occurrence(k).date().isoformat() for k in range(3)]
    ['2026-01-31', '2026-02-28', '2026-03-31']

    Source: C39, TU-044 to TU-047, I12.
    """

    anchor: datetime
    period: Period
    every: int = 1
    zone: str = "UTC"
    count: int | None = None
    until: datetime | None = None

    def __attrs_post_init__(self) -> None:
        _store_utc(self, "anchor")
        if type(self.period) is not Period:
            raise InvalidType("period", shown(self.period), "Period")
        _check_whole(self.every, "every", 1, _MAX_EVERY)
        if self.count is not None:
            _check_whole(self.count, "count", 1, _MAX_COUNT)
        if self.until is not None:
            _store_utc(self, "until")
        check_zone(self.zone)

    def occurrence(self, k: int) -> datetime:
        """The instant of occurrence ``k`` (from 0) in UTC, counted from the anchor.

        It is computed whether or not ``count`` and ``until`` let it happen.

        Raises:
            InvalidType, InvalidValue: ``k`` is not an int of zero or more.
            LimitExceeded: It would lie after the year 9000.
        """
        _check_whole(k, "k", 0)
        due = self._due(k)
        if due is None:
            raise LimitExceeded(f"year of occurrence {shown(k)}", "a later one", MAX_YEAR)
        return due

    def happens(self, k: int) -> bool:
        """Whether occurrence ``k`` exists under ``count`` and ``until``.

        Raises:
            InvalidType, InvalidValue: ``k`` is not an int of zero or more.
        """
        _check_whole(k, "k", 0)
        return self._happening(k) is not None

    def upto(self, at: datetime, *, first: int = 0) -> Iterator[tuple[int, datetime]]:
        """Every occurrence due at or before an instant, with its number, in order.

        Args:
            at: The last instant to include.
            first: The first number to consider.

        Raises:
            InvalidInput: As `instant`, or ``first`` is not an int of zero or more.
        """
        _check_whole(first, "first", 0)
        return self._upto(instant(at, "at"), first)

    def after(self, at: datetime, *, count: int) -> tuple[tuple[int, datetime], ...]:
        """The next occurrences strictly after an instant, with their numbers.

        Args:
            at: Occurrences at or before it are left out.
            count: How many at the most, up to 10,000; fewer come when the schedule ends.

        Raises:
            InvalidInput: As `instant`, or ``count`` is not an int from 0 to 10,000.
        """
        _check_whole(count, "count", 0, _MAX_LISTED)
        k = self._first_after(instant(at, "at"))
        found: list[tuple[int, datetime]] = []
        while len(found) < count and (due := self._happening(k)) is not None:
            found.append((k, due))
            k += 1
        return tuple(found)

    def _due(self, k: int) -> datetime | None:
        """Occurrence ``k``, or nothing when it lies after the last year."""
        if k == 0:
            return self.anchor
        days, months = (size * k * self.every for size in _STEPS[self.period])
        zone = check_zone(self.zone)
        wall = self.anchor.astimezone(zone).replace(tzinfo=None, fold=0)
        if days // 366 + months // 12 > MAX_YEAR - wall.year:
            return None
        wall += relativedelta(days=days, months=months)
        due = wall.replace(tzinfo=zone).astimezone(UTC)
        return due if due.year <= MAX_YEAR else None

    def _happening(self, k: int) -> datetime | None:
        if self.count is not None and k >= self.count:
            return None
        due = self._due(k)
        if due is None or (self.until is not None and due >= self.until):
            return None
        return due

    def _upto(self, at: datetime, k: int) -> Iterator[tuple[int, datetime]]:
        while (due := self._happening(k)) is not None and due <= at:
            yield k, due
            k += 1

    def _first_after(self, at: datetime) -> int:
        """The number of the first occurrence after an instant, by doubling and bisection."""

        def due(k: int) -> datetime:
            return self._due(k) or _BEYOND

        high = 1
        while due(high) <= at:
            high *= 2
        return bisect_right(range(high), at, lo=high // 2, key=due)


def _check_whole(value: int, field: str, least: int, most: int | None = None) -> None:
    if type(value) is not int:
        raise InvalidType(field, shown(value), "int")
    if value < least or (most is not None and value > most):
        span = f"{least} or more" if most is None else f"{least} to {most}"
        raise InvalidValue(field, shown(value), span)
