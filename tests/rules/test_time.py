"""Instants, spans, days and schedules, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from unitledger.errors import (
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NaiveInstant,
    UnitLedgerError,
)
from unitledger.time import (
    FixedClock,
    Period,
    Recurrence,
    SystemClock,
    Validity,
    check_zone,
    end_of_day,
    instant,
    instant_text,
    microseconds,
    parse_instant,
)

MICROSECOND = timedelta(microseconds=1)
VIENNA = ZoneInfo("Europe/Vienna")
NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "utc"),
    [
        pytest.param(datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31", id="TU-291 UTC"),
        pytest.param(datetime(2026, 1, 31, tzinfo=VIENNA), "2026-01-30T23:00", id="D39 Vienna"),
        pytest.param(
            datetime(2026, 7, 31, tzinfo=VIENNA), "2026-07-30T22:00", id="D39 Vienna in summer"
        ),
        pytest.param(
            datetime(2026, 1, 31, 20, tzinfo=NEW_YORK), "2026-02-01T01:00", id="D39 New York"
        ),
        pytest.param(
            datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=14))),
            "2026-01-30T10:00",
            id="D39 the furthest east",
        ),
        pytest.param(
            datetime(2026, 10, 25, 2, 30, tzinfo=VIENNA), "2026-10-25T00:30", id="TU-291 first 2:30"
        ),
        pytest.param(
            datetime(2026, 10, 25, 2, 30, tzinfo=VIENNA, fold=1),
            "2026-10-25T01:30",
            id="TU-291 second 2:30",
        ),
        pytest.param(
            datetime(2026, 3, 29, 2, 30, tzinfo=VIENNA), "2026-03-29T01:30", id="TU-291 no 2:30"
        ),
        pytest.param(datetime(2, 1, 1, tzinfo=UTC), "0002-01-01", id="I16 the first"),
        pytest.param(
            datetime(9000, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            "9000-12-31T23:59:59.999999",
            id="I16 the last",
        ),
    ],
)
def test_an_instant_is_converted_never_relabelled(given: datetime, utc: str) -> None:
    stored = instant(given)
    assert (stored, stored.tzinfo, stored.fold) == (at(utc), UTC, 0)


def test_the_mark_of_a_repeated_hour_is_gone_in_utc() -> None:
    assert repr(instant(datetime(2026, 1, 1, fold=1, tzinfo=UTC))) == repr(at("2026-01-01"))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param(datetime(2026, 1, 31), NaiveInstant, id="P14 naive"),  # noqa: DTZ001
        pytest.param(date(2026, 1, 31), InvalidType, id="P14 a date"),
        pytest.param("2026-01-31T00:00Z", InvalidType, id="P14 text"),
        pytest.param(1_769_817_600, InvalidType, id="P14 seconds"),
        pytest.param(None, InvalidType, id="P14 nothing"),
        pytest.param(
            type("Stamp", (datetime,), {})(2026, 1, 31, tzinfo=UTC), InvalidType, id="P14 subclass"
        ),
        pytest.param(datetime.max.replace(tzinfo=UTC), LimitExceeded, id="I16 the largest"),
        pytest.param(datetime.min.replace(tzinfo=UTC), LimitExceeded, id="I16 the smallest"),
        pytest.param(datetime.max.replace(tzinfo=NEW_YORK), LimitExceeded, id="I16 beyond the end"),
        pytest.param(
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            LimitExceeded,
            id="I16 before the start",
        ),
        pytest.param(
            datetime(9000, 12, 31, 23, tzinfo=NEW_YORK), LimitExceeded, id="I16 9001 in UTC"
        ),
        pytest.param(
            datetime(2, 1, 1, tzinfo=timezone(timedelta(hours=1))),
            LimitExceeded,
            id="I16 year 1 in UTC",
        ),
    ],
)
def test_an_instant_is_refused(given: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        instant(given)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        pytest.param("2026-01-31T09:00:00Z", "2026-01-31T09:00", id="TU-291 Z"),
        pytest.param("2026-01-31T09:00Z", "2026-01-31T09:00", id="TU-291 no seconds"),
        pytest.param("2026-01-31 09:00+01:00", "2026-01-31T08:00", id="TU-291 a space, an offset"),
        pytest.param("2026-01-31T09:00:00-00:00", "2026-01-31T09:00", id="TU-291 minus nothing"),
        pytest.param("2026-01-31T09:00:00.5Z", "2026-01-31T09:00:00.500000", id="R24 a fraction"),
        pytest.param(
            "2026-01-31T09:00:00.000001Z", "2026-01-31T09:00:00.000001", id="R24 six decimals"
        ),
    ],
)
def test_a_text_names_an_instant(text: str, utc: str) -> None:
    assert parse_instant(text) == at(utc)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("2026-01-31T09:00:00", NaiveInstant, id="P14 no zone"),
        pytest.param("2026-01-31", InvalidValue, id="P14 a date is not its midnight"),
        pytest.param("2026-01-31T24:00:00Z", InvalidValue, id="I15 24 hours, Python 3.14 reads it"),
        pytest.param("2026-01-31T09:00:60Z", InvalidValue, id="P14 a leap second"),
        pytest.param("2026-02-29T09:00:00Z", InvalidValue, id="P14 no such day"),
        pytest.param("0000-01-31T09:00:00Z", InvalidValue, id="P14 no such year"),
        pytest.param("2026-01-31T09:00:00+24:00", InvalidValue, id="P14 no such offset"),
        pytest.param("2026-01-31T09:00:00.0000001Z", InvalidValue, id="R24 seven decimals"),
        pytest.param("20260131T090000Z", InvalidValue, id="P14 without dashes"),
        pytest.param("2026-W05-6T09:00:00Z", InvalidValue, id="P14 a week date"),
        pytest.param("2026-01-31T09:00:00z", InvalidValue, id="P14 a small z"),
        pytest.param("2026-01-31T09:00:00Z\n", InvalidValue, id="P14 a line end"),
        pytest.param("2026-01-31T09:00:0\u0660Z", InvalidValue, id="P14 Arabic-Indic digits"),
        pytest.param("", InvalidValue, id="P14 empty"),
        pytest.param(None, InvalidType, id="P14 nothing"),
        pytest.param(datetime(2026, 1, 31, tzinfo=UTC), InvalidType, id="P14 a datetime"),
        pytest.param("9999-01-31T09:00:00Z", LimitExceeded, id="I16 beyond the last year"),
        pytest.param("9999-12-31T23:59:59-23:59", LimitExceeded, id="I16 beyond all years"),
    ],
)
def test_a_text_is_refused(text: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        parse_instant(text)


def test_an_instant_has_one_text_and_one_number() -> None:
    same = [at("2026-01-30T23:00"), datetime(2026, 1, 31, tzinfo=VIENNA)]
    assert {instant_text(value) for value in same} == {"2026-01-30T23:00:00.000000Z"}
    assert {microseconds(value) for value in same} == {1_769_814_000_000_000}
    assert microseconds(at("1969-12-31T23:59:59.999999")) == -1
    for naive_refused in (instant_text, microseconds):
        with pytest.raises(NaiveInstant):
            naive_refused(datetime(2026, 1, 31))  # noqa: DTZ001


START, END = at("2026-01-01"), at("2026-02-01")


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        pytest.param(START - MICROSECOND, False, id="P11 a microsecond before the start"),
        pytest.param(START, True, id="P11 at the start"),
        pytest.param(START + MICROSECOND, True, id="P11 a microsecond after the start"),
        pytest.param(END - MICROSECOND, True, id="P11 a microsecond before the end"),
        pytest.param(END, False, id="D37 at the end"),
        pytest.param(END + MICROSECOND, False, id="P11 a microsecond after the end"),
        pytest.param(datetime(2026, 2, 1, tzinfo=VIENNA), True, id="D39 midnight in Vienna"),
        pytest.param(datetime(2026, 2, 1, 1, tzinfo=VIENNA), False, id="D39 one in Vienna"),
    ],
)
def test_a_span_is_half_open(moment: datetime, inside: bool) -> None:
    assert Validity(START, END).holds(moment) is inside


def test_a_span_without_an_end_goes_on() -> None:
    assert Validity(START).holds(at("9000-12-31"))
    assert not Validity(START).holds(START - MICROSECOND)


@pytest.mark.parametrize(
    ("effective", "expires", "error"),
    [
        pytest.param(START, START, InvalidValue, id="P11 no length"),
        pytest.param(END, START, InvalidValue, id="P11 the wrong way round"),
        pytest.param(None, END, InvalidType, id="P11 no start"),
        pytest.param(START, date(2026, 2, 1), InvalidType, id="P11 a date"),
        pytest.param(START, datetime(2026, 2, 1), NaiveInstant, id="P14 naive"),  # noqa: DTZ001
        pytest.param(START, datetime.max.replace(tzinfo=UTC), LimitExceeded, id="I16 max is never"),
    ],
)
def test_a_span_is_refused(effective: Any, expires: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        Validity(effective, expires)


def test_a_span_is_not_asked_about_a_naive_instant() -> None:
    with pytest.raises(NaiveInstant):
        Validity(START, END).holds(datetime(2026, 1, 5))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("day", "zone", "utc"),
    [
        pytest.param("2026-01-31", "UTC", "2026-02-01T00:00", id="TU-070 UTC"),
        pytest.param("2026-12-31", "UTC", "2027-01-01T00:00", id="TU-070 the year's end"),
        pytest.param("2028-02-28", "UTC", "2028-02-29T00:00", id="TU-070 before a leap day"),
        pytest.param("2026-01-31", "Europe/Vienna", "2026-01-31T23:00", id="R52 Vienna"),
        pytest.param("2026-07-31", "Europe/Vienna", "2026-07-31T22:00", id="R52 Vienna, summer"),
        pytest.param("2026-01-31", "America/New_York", "2026-02-01T05:00", id="R52 New York"),
        pytest.param("2026-01-31", "Pacific/Kiritimati", "2026-01-31T10:00", id="R52 far east"),
        pytest.param("2026-03-28", "Europe/Vienna", "2026-03-28T23:00", id="TU-070 before a gap"),
        pytest.param("2026-03-29", "Europe/Vienna", "2026-03-29T22:00", id="TU-070 a short day"),
        pytest.param("2026-10-25", "Europe/Vienna", "2026-10-25T23:00", id="TU-070 a long day"),
        pytest.param("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00", id="TU-070 no 0:00"),
        pytest.param("2026-10-31", "America/Havana", "2026-11-01T04:00", id="TU-070 0:00 twice"),
        pytest.param("2006-10-28", "America/St_Johns", "2006-10-29T03:30", id="TU-070 day returns"),
        pytest.param("2011-12-29", "Pacific/Apia", "2011-12-30T10:00", id="TU-070 before no day"),
        pytest.param("2011-12-30", "Pacific/Apia", "2011-12-30T10:00", id="TU-070 no such day"),
    ],
)
def test_a_day_is_over_at_the_next_midnight(day: str, zone: str, utc: str) -> None:
    assert end_of_day(date.fromisoformat(day), zone) == at(utc)


@pytest.mark.parametrize(
    ("day", "zone", "error"),
    [
        pytest.param(datetime(2026, 1, 31, tzinfo=UTC), "UTC", InvalidType, id="P14 a datetime"),
        pytest.param("2026-01-31", "UTC", InvalidType, id="P14 text"),
        pytest.param(type("Day", (date,), {})(2026, 1, 31), "UTC", InvalidType, id="P14 subclass"),
        pytest.param(date.max, "UTC", LimitExceeded, id="I16 the last day of all"),
        pytest.param(date(9000, 12, 31), "UTC", LimitExceeded, id="I16 the last day"),
        pytest.param(date.min, "Asia/Tokyo", LimitExceeded, id="I16 the first day of all"),
        pytest.param(date(2026, 1, 31), "Europe/Nowhere", InvalidValue, id="TU-070 no such zone"),
        pytest.param(date(2026, 1, 31), None, InvalidType, id="TU-070 no zone"),
    ],
)
def test_a_day_is_refused(day: Any, zone: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        end_of_day(day, zone)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="I15 empty"),
        pytest.param("europe/vienna", id="I15 small letters, a Mac would take them"),
        pytest.param("localtime", id="I15 another zone on each machine"),
        pytest.param("posixrules", id="I15 another rule on each machine"),
        pytest.param("right/Europe/Vienna", id="I15 leap seconds"),
        pytest.param("Europe", id="I15 a folder"),
        pytest.param("Europe/", id="I15 a stroke behind"),
        pytest.param("../UTC", id="I15 a way out"),
        pytest.param("/etc/localtime", id="I15 a whole path"),
        pytest.param("Europe/Vienna\n", id="I15 a line end"),
        pytest.param("Europe/Vienna\0", id="I15 NUL"),
        pytest.param("Europe/\ud800", id="I15 a lone surrogate"),
        pytest.param("Europe/" + "V" * 10**6, id="I16 a million characters"),
        pytest.param("CEST", id="I15 an abbreviation"),
        pytest.param("+01:00", id="I15 an offset"),
    ],
)
def test_these_are_no_zones(name: str) -> None:
    with pytest.raises(InvalidValue):
        check_zone(name)


def test_utc_needs_no_zone_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unitledger.time.ZoneInfo", None)
    assert check_zone("UTC") is UTC


def occurrences(schedule: Recurrence, count: int) -> str:
    return " ".join(schedule.occurrence(k).date().isoformat()[2:] for k in range(count))


@pytest.mark.parametrize(
    ("anchor", "period", "every", "days"),
    [
        pytest.param(
            "2026-01-31",
            Period.MONTH,
            1,
            "26-01-31 26-02-28 26-03-31 26-04-30 26-05-31 26-06-30 26-07-31",
            id="C39 31 January, each month's end",
        ),
        pytest.param(
            "2028-01-31", Period.MONTH, 1, "28-01-31 28-02-29 28-03-31", id="C39 a leap year"
        ),
        pytest.param(
            "2026-01-30", Period.MONTH, 1, "26-01-30 26-02-28 26-03-30", id="C39 30 January"
        ),
        pytest.param(
            "2026-11-30",
            Period.MONTH,
            1,
            "26-11-30 26-12-30 27-01-30 27-02-28 27-03-30",
            id="C39 over the year's end",
        ),
        pytest.param(
            "2026-02-01",
            Period.MONTH,
            1,
            "26-02-01 26-03-01 26-04-01",
            id="R47 March follows a grant on 1 February",
        ),
        pytest.param(
            "2026-08-31", Period.MONTH, 6, "26-08-31 27-02-28 27-08-31", id="C39 half years"
        ),
        pytest.param(
            "2026-05-17", Period.YEAR, 1, "26-05-17 27-05-17 28-05-17", id="TU-044 once a year"
        ),
        pytest.param(
            "2024-02-29",
            Period.YEAR,
            1,
            "24-02-29 25-02-28 26-02-28 27-02-28 28-02-29",
            id="TU-045 29 February, back in the leap year",
        ),
        pytest.param(
            "2026-01-30", Period.DAY, 10, "26-01-30 26-02-09 26-02-19", id="TU-046 ten days"
        ),
        pytest.param(
            "2026-12-28", Period.WEEK, 2, "26-12-28 27-01-11 27-01-25", id="TU-046 two weeks"
        ),
        pytest.param(
            "2026-01-31",
            Period.MONTH,
            1,
            "26-01-31 26-02-28 26-03-31",
            id="TU-047 anchored, not chained",
        ),
    ],
)
def test_occurrences_are_counted_from_the_anchor(
    anchor: str, period: Period, every: int, days: str
) -> None:
    schedule = Recurrence(at(anchor), period, every)
    assert occurrences(schedule, len(days.split())) == days


def local(zone: str, text: str, fold: int = 0) -> datetime:
    wall = datetime.fromisoformat(text)
    return wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "anchor", "period", "k", "utc"),
    [
        pytest.param(
            "Europe/Vienna", "2026-03-28T02:30", Period.DAY, 1, "2026-03-29T01:30", id="P12 gap"
        ),
        pytest.param(
            "Europe/Vienna",
            "2026-03-28T02:30",
            Period.DAY,
            2,
            "2026-03-30T00:30",
            id="P12 after the gap",
        ),
        pytest.param(
            "Europe/Vienna", "2026-10-24T02:30", Period.DAY, 1, "2026-10-25T00:30", id="P12 fold"
        ),
        pytest.param(
            "Europe/Vienna",
            "2026-10-24T02:30",
            Period.DAY,
            2,
            "2026-10-26T01:30",
            id="P12 after the fold",
        ),
        pytest.param(
            "Europe/Vienna",
            "2026-01-31T00:00",
            Period.MONTH,
            1,
            "2026-02-27T23:00",
            id="C39 the month's end there, not here",
        ),
        pytest.param(
            "Europe/Vienna",
            "2026-01-31T00:00",
            Period.MONTH,
            6,
            "2026-07-30T22:00",
            id="P12 summer",
        ),
        pytest.param(
            "America/New_York",
            "2026-02-08T02:30",
            Period.MONTH,
            1,
            "2026-03-08T07:30",
            id="P12 a gap in New York",
        ),
        pytest.param(
            "America/New_York",
            "2026-10-01T01:30",
            Period.MONTH,
            1,
            "2026-11-01T05:30",
            id="P12 a fold in New York",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            "2026-10-03T02:15",
            Period.DAY,
            1,
            "2026-10-03T15:45",
            id="P12 a gap of half an hour",
        ),
    ],
)
def test_steps_are_taken_on_the_calendar_of_the_zone(
    zone: str, anchor: str, period: Period, k: int, utc: str
) -> None:
    schedule = Recurrence(local(zone, anchor), period, zone=zone)
    assert schedule.occurrence(k) == at(utc)


def test_an_anchor_in_the_second_pass_of_an_hour_stays_there() -> None:
    second = local("Europe/Vienna", "2026-10-25T02:30", fold=1)
    schedule = Recurrence(second, Period.YEAR, zone="Europe/Vienna")
    assert schedule.occurrence(0) == second


MONTHLY = Recurrence(at("2026-01-31"), Period.MONTH)
FEBRUARY = at("2026-02-28")


@pytest.mark.parametrize(
    ("schedule", "moment", "due"),
    [
        pytest.param(MONTHLY, FEBRUARY - MICROSECOND, [0], id="I12 a microsecond early"),
        pytest.param(MONTHLY, FEBRUARY, [0, 1], id="I12 at its instant"),
        pytest.param(MONTHLY, FEBRUARY + MICROSECOND, [0, 1], id="I12 a microsecond late"),
        pytest.param(MONTHLY, at("2026-01-30"), [], id="I12 before the anchor"),
        pytest.param(MONTHLY, at("2026-06-15"), [0, 1, 2, 3, 4], id="D23 after a long gap, all"),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.MONTH, count=2),
            at("2030-01-01"),
            [0, 1],
            id="I12 no more than the count",
        ),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.MONTH, until=FEBRUARY),
            at("2030-01-01"),
            [0],
            id="I12 none at the end",
        ),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.MONTH, until=FEBRUARY + MICROSECOND),
            at("2030-01-01"),
            [0, 1],
            id="I12 one just before the end",
        ),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.MONTH, until=at("2026-01-31")),
            at("2030-01-01"),
            [],
            id="I12 ended before it began",
        ),
    ],
)
def test_what_is_due(schedule: Recurrence, moment: datetime, due: list[int]) -> None:
    assert [k for k, _ in schedule.upto(moment)] == due
    assert [k for k, _ in schedule.upto(moment, first=1)] == due[1:]


@pytest.mark.parametrize(
    ("schedule", "moment", "following"),
    [
        pytest.param(MONTHLY, FEBRUARY - MICROSECOND, [1, 2], id="I12 a microsecond early"),
        pytest.param(MONTHLY, FEBRUARY, [2, 3], id="I12 at its instant, the next"),
        pytest.param(MONTHLY, at("2000-01-01"), [0, 1], id="I12 long before"),
        pytest.param(MONTHLY, at("2126-02-01"), [1201, 1202], id="I12 a century on"),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.MONTH, count=2), FEBRUARY, [], id="I12 counted out"
        ),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.MONTH, count=3), FEBRUARY, [2], id="I12 one left"
        ),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.YEAR, 1000),
            at("6026-01-31"),
            [5, 6],
            id="I16 near the last year",
        ),
        pytest.param(
            Recurrence(at("2026-01-31"), Period.YEAR, 1000),
            at("8026-01-31"),
            [],
            id="I16 nothing after the last year",
        ),
        pytest.param(
            Recurrence(at("8999-12-31"), Period.YEAR),
            at("8999-12-31"),
            [1],
            id="I16 the last occurrence",
        ),
    ],
)
def test_what_comes_next(schedule: Recurrence, moment: datetime, following: list[int]) -> None:
    found = schedule.after(moment, count=2)
    assert [k for k, _ in found] == following
    assert all(due == schedule.occurrence(k) for k, due in found)


def test_an_endless_schedule_ends_with_the_last_year() -> None:
    schedule = Recurrence(at("2026-01-31"), Period.YEAR, 1000)
    assert [k for k, _ in schedule.upto(at("9000-12-31"))] == list(range(7))
    assert not schedule.happens(7)
    with pytest.raises(LimitExceeded):
        schedule.occurrence(7)


@pytest.mark.parametrize("period", list(Period))
def test_no_number_is_too_large_to_be_refused(period: Period) -> None:
    schedule = Recurrence(at("2026-01-31"), period, zone="Europe/Vienna")
    for k in (10**7, 10**30, 1 << 10**6):
        assert not schedule.happens(k)
        with pytest.raises(LimitExceeded):
            schedule.occurrence(k)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param({"anchor": datetime(2026, 1, 1)}, NaiveInstant, id="P14 naive"),  # noqa: DTZ001
        pytest.param({"anchor": date(2026, 1, 1)}, InvalidType, id="P14 a date"),
        pytest.param({"period": "month"}, InvalidType, id="P14 a period as a text"),
        pytest.param({"period": None}, InvalidType, id="P14 no period"),
        pytest.param({"every": 0}, InvalidValue, id="I12 every none"),
        pytest.param({"every": 1001}, InvalidValue, id="I16 every thousand and first"),
        pytest.param({"every": True}, InvalidType, id="P14 every True"),
        pytest.param({"every": 1.0}, InvalidType, id="P14 every float"),
        pytest.param({"count": 0}, InvalidValue, id="R3 a count of none is not no count"),
        pytest.param({"count": 10**7 + 1}, InvalidValue, id="I16 more than ten million"),
        pytest.param({"count": True}, InvalidType, id="P14 count True"),
        pytest.param({"until": datetime(2026, 1, 1)}, NaiveInstant, id="P14 naive end"),  # noqa: DTZ001
        pytest.param({"until": "never"}, InvalidType, id="P14 never is None"),
        pytest.param({"zone": "Europe/Nowhere"}, InvalidValue, id="P12 no such zone"),
        pytest.param({"zone": None}, InvalidType, id="P12 no zone"),
    ],
)
def test_a_schedule_is_refused(fields: dict[str, Any], error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        Recurrence(**{"anchor": at("2026-01-31"), "period": Period.MONTH, **fields})


@pytest.mark.parametrize(
    ("question", "error"),
    [
        pytest.param(lambda s: s.occurrence(-1), InvalidValue, id="I12 before the first"),
        pytest.param(lambda s: s.occurrence(True), InvalidType, id="P14 bool"),
        pytest.param(lambda s: s.happens(1.0), InvalidType, id="P14 float"),
        pytest.param(lambda s: s.upto(START, first=-1), InvalidValue, id="I12 first below zero"),
        pytest.param(lambda s: s.upto(START, first="0"), InvalidType, id="P14 text"),
        pytest.param(lambda s: s.upto(date(2026, 1, 1)), InvalidType, id="P14 up to a date"),
        pytest.param(lambda s: s.after(START, count=-1), InvalidValue, id="I12 fewer than none"),
        pytest.param(lambda s: s.after(START, count=10_001), InvalidValue, id="I16 too many"),
        pytest.param(lambda s: s.after(START, count=None), InvalidType, id="P14 how many"),
        pytest.param(
            lambda s: s.after(datetime(2026, 1, 1), count=1),  # noqa: DTZ001
            NaiveInstant,
            id="P14 after a naive instant",
        ),
    ],
)
def test_a_question_is_refused_when_it_is_asked(
    question: Any, error: type[UnitLedgerError]
) -> None:
    with pytest.raises(error):
        question(MONTHLY)


def test_a_fixed_clock_shows_what_it_was_set_to() -> None:
    clock = FixedClock(datetime(2026, 1, 31, tzinfo=VIENNA))
    assert clock.now() == at("2026-01-30T23:00")
    clock.at = at("2026-01-01")
    assert clock.now() == at("2026-01-01")
    with pytest.raises(NaiveInstant):
        clock.at = datetime(2026, 1, 31)  # noqa: DTZ001
    with pytest.raises(InvalidType):
        FixedClock(date(2026, 1, 31))  # type: ignore[arg-type]
    assert clock.now() == at("2026-01-01")


def test_the_machine_clock_shows_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_schedule_and_a_span_print_as_the_call_that_makes_them() -> None:
    names = {"Recurrence": Recurrence, "Validity": Validity, "Period": Period}
    for value in (MONTHLY, Validity(START, END)):
        written = repr(value).replace("datetime.datetime", "datetime")
        written = written.replace("datetime.timezone.utc", "UTC")
        assert eval(written, names | {"datetime": datetime, "UTC": UTC}) == value
