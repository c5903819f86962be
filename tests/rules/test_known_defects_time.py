"""Known defects of time and schedules: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.rules.credits_portal import CRON, POOL, START, Portal, at, portal
from tests.rules.test_training_assignments import create
from tests.rules.training_room import CREATOR, Room
from unitledger.amounts import Credits
from unitledger.credits import (
    Allocate,
    ChangePlan,
    Enrol,
    Purchase,
    Replenish,
    ReverseEnrolment,
    Subscribe,
)
from unitledger.errors import InsufficientUnits, NaiveInstant
from unitledger.ids import LotId, WalletId
from unitledger.operations import Issue
from unitledger.policy import Policy, Refill, RefillMode
from unitledger.time import Period, end_of_day, instant_text, parse_instant
from unitledger.training import FireAssignment

MICROSECOND = timedelta(microseconds=1)
ENDS = at("2026-03-01")


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def of(number: int) -> Credits:
    return Credits.of(number)


def granted(lms: Portal) -> list[str]:
    """The days on which the lots of the pool were acquired."""
    lots = [line.lot for line in lms.ledger.balance(POOL).lots]
    return sorted(lot.acquired.date().isoformat() for lot in lots)


def test_nothing_is_missed_however_long_nobody_looked(lms: Portal) -> None:
    """D23: jobs looked at one window and missed the rest; here all that is due and not done is."""
    lms.run(Subscribe("growth", of(12), Period.MONTH))
    lms.fill(1, expires=at("2026-02-10"))
    lms.clock.at = START + timedelta(days=3 * 365 + 40)
    assert lms.expired(POOL) == 1
    assert len(lms.ledger.credits.run_due(by=CRON)) == 38
    assert (lms.free(POOL), lms.ledger.credits.run_due(by=CRON)) == (38, ())
    room = Room()
    room.do(create(scheduled=room.clock.at + timedelta(days=1)), CREATOR)
    room.at(800)
    assert room.do(FireAssignment("spring")).outcome.total.text == "30.00"


@pytest.mark.parametrize(
    ("off", "alive"),
    [
        pytest.param(-MICROSECOND, True, id="D37 just before"),
        pytest.param(timedelta(), False, id="D37 at the very instant"),
        pytest.param(MICROSECOND, False, id="D37 just after"),
    ],
)
def test_one_boundary_for_everything(lms: Portal, off: timedelta, alive: bool) -> None:
    """D37: spending, expiring and listing had three boundaries; here they have one."""
    lms.fill(2, expires=ENDS)
    lms.clock.at = ENDS + off
    assert (lms.free(POOL), lms.expired(POOL)) == ((2, 0) if alive else (0, 2))
    assert bool(lms.ledger.credits.expiring(at("2027-01-01"))) is alive
    assert lms.ledger.explain(POOL, of(2)).met is alive
    if alive:
        lms.run(Enrol("leo", "first-aid"))
        lms.run(Allocate("fire", of(1)))
    else:
        for command in (Enrol("leo", "first-aid"), Allocate("fire", of(1))):
            assert type(lms.refused(command)) is InsufficientUnits


def test_an_instant_is_converted_and_never_relabelled(lms: Portal) -> None:
    """D39: a local time was called UTC as it stood; here it is converted or refused."""
    vienna = ZoneInfo("Europe/Vienna")
    lms.fill(1, lot="v", expires=datetime(2026, 3, 1, tzinfo=vienna))
    (line,) = lms.ledger.balance(POOL).lots
    assert line.lot.terms.expires == datetime(2026, 2, 28, 23, tzinfo=UTC)
    lms.clock.at = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert (lms.free(POOL), lms.expired(POOL)) == (0, 1)
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 (what is refused)
    with pytest.raises(NaiveInstant):
        Issue(LotId("x"), WalletId(POOL), of(1), expires=naive)
    with pytest.raises(NaiveInstant):
        Subscribe("growth", of(12), Period.MONTH, naive)


@pytest.mark.parametrize(
    "text", ["2026-02-03T09:00:00.123456Z", "2026-02-03T09:00:00.1Z", "2026-02-03T09:00:00Z"]
)
def test_a_fraction_of_a_second_is_an_instant_like_any(lms: Portal, text: str) -> None:
    """R24: fractions of a second could not be read, and refunds failed; here they are kept."""
    when = parse_instant(text)
    assert parse_instant(instant_text(when)) == when
    lms.fill(1)
    lms.clock.at = when
    enrolment = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.clock.at = when + MICROSECOND
    assert lms.run(ReverseEnrolment(enrolment)).at == when + MICROSECOND
    *_, entry = lms.ledger.entries()
    assert (entry.at, lms.enrolments("first-aid")[0].enrolled) == (when + MICROSECOND, when)


def test_credits_can_be_bought_before_a_plan_begins(lms: Portal) -> None:
    """R26: a top-up was refused before the start; here what is bought is there, whatever begins."""
    lms.run(Subscribe("growth", of(12), Period.MONTH, at("2026-06-01")))
    lms.run(Purchase("p1", of(3), "terms"))
    lms.run(ChangePlan("growth", of(24)))
    lms.run(Enrol("leo", "first-aid"))
    assert lms.figures() == {POOL: (2, 0, 1)}
    assert lms.ledger.credits.due() == ()
    lms.clock.at = at("2026-06-01")
    lms.ledger.credits.run_due(by=CRON)
    assert lms.free(POOL) == 4


@pytest.mark.parametrize(
    ("anchor", "days"),
    [
        ("2026-02-01", ["2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]),
        ("2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("2028-01-30", ["2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30"]),
    ],
    ids=["R47 the first", "R47 the last", "R47 a leap year"],
)
def test_every_month_has_its_grant(anchor: str, days: list[str]) -> None:
    """R47: a gate of thirty days skipped a March; here every month comes once, by the calendar."""
    with portal() as lms:
        lms.clock.at = at(anchor)
        lms.run(Subscribe("growth", of(12), Period.MONTH))
        for number in range(92):
            lms.clock.at = at(anchor) + timedelta(days=number)
            lms.ledger.credits.run_due(by=CRON)
        assert granted(lms) == days


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_a_period_ends_where_the_next_begins(day: int) -> None:
    """R48: an end was found by taking a month's length off, and days were lost; here none is."""
    with portal(Policy(refill=Refill(RefillMode.EXPIRE_PERIOD))) as lms:
        lms.clock.at = datetime(2026, 1, day, 9, tzinfo=UTC)
        lms.run(Subscribe("growth", of(12), Period.MONTH))
        lms.clock.at = at("2026-07-15")
        lms.ledger.credits.run_due(by=CRON)
        terms = sorted(
            (line.lot.terms.effective, line.lot.terms.expires)
            for line in lms.ledger.balance(POOL).lots
        )
        assert len(terms) == 6
        assert [end for _, end in terms[:-1]] == [begin for begin, _ in terms[1:]]
        assert lms.free(POOL) == 1


def test_a_period_is_called_by_its_number(lms: Portal) -> None:
    """R50: a late message settled the wrong period; here each is named, in any order and once."""
    lms.run(Subscribe("growth", of(12), Period.MONTH))
    lms.clock.at = at("2026-04-01")
    receipts = {index: lms.run(Replenish("growth", index), CRON) for index in (2, 0, 1)}
    assert granted(lms) == ["2026-01-31", "2026-02-28", "2026-03-31"]
    for index, first in receipts.items():
        again = lms.run(Replenish("growth", index), CRON)
        assert (again.outcome, again.same_as) == (first.outcome, first.request)
        assert again.outcome.index == index
    assert lms.free(POOL) == 3


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        pytest.param("America/Los_Angeles", "2026-03-11T07:00", id="R52 in the west"),
        pytest.param("Asia/Kolkata", "2026-03-10T18:30", id="R52 in the east"),
        pytest.param("UTC", "2026-03-11T00:00", id="R52 in UTC"),
    ],
)
def test_a_day_is_over_at_the_end_of_it(zone: str, ends: str) -> None:
    """R52: a day's units ended the evening before; here they last to that day's end in its zone."""
    over = end_of_day(date(2026, 3, 10), zone)
    assert over == at(ends)
    with portal(Policy(zone=zone)) as lms:
        lms.fill(1, expires=over)
        lms.clock.at = over - MICROSECOND
        assert lms.free(POOL) == 1
        lms.clock.at = over
        assert lms.free(POOL) == 0
    room = Room(Policy(zone=zone))
    created = room.do(create(last_day=date(2026, 3, 10)), CREATOR).outcome
    assert created.expires == over
