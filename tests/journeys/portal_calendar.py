"""Days, months and years in plain values, in zones whose clocks are never changed."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

from tests.journeys.portal_books import No

AHEAD = {"UTC": timedelta(), "Asia/Tokyo": timedelta(hours=9)}
"""How far the clocks of a zone are ahead of UTC."""
LAST_YEAR = 9000
_DAY = timedelta(days=1)


def months_later(anchor: datetime, months: int) -> datetime:
    """The same day so many months after the anchor, or the last day of a shorter month."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    if year > LAST_YEAR:
        raise No("limit_exceeded")
    day = min(anchor.day, monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)


def later(at: datetime, period: str, times: int, zone: str) -> datetime:
    """So many periods later on the calendar of a zone."""
    local = at + AHEAD[zone]
    if period in ("day", "week"):
        local += times * {"day": 1, "week": 7}[period] * _DAY
    else:
        local = months_later(local, times * {"month": 1, "year": 12}[period])
    return local - AHEAD[zone]


def day_of(at: datetime, zone: str) -> date:
    """The day that it is in a zone."""
    return (at + AHEAD[zone]).date()


def begin_of(day: date, zone: str) -> datetime:
    """When a day begins in a zone."""
    return datetime.combine(day, time(), UTC) - AHEAD[zone]


def yearly(month: int, day: int, leap_day: str, year: int, at: datetime, zone: str) -> datetime:
    """When that day of the year begins for the first time in a year or later, from an instant on.

    TU-044, TU-045: what a 29 February is in a common year, is the policy's to say.
    """
    while True:
        found = _in_year(year, month, day, leap_day)
        if found is not None and (begins := begin_of(found, zone)) >= at:
            return begins
        year += 1


def _in_year(year: int, month: int, day: int, leap_day: str) -> date | None:
    if (month, day) != (2, 29) or monthrange(year, 2)[1] == 29:
        return date(year, month, day)
    return {"feb_28": date(year, 2, 28), "mar_1": date(year, 3, 1), "skip": None}[leap_day]
