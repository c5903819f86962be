"""Refill modes and rollover: C41 and C42, and the grants of C38 under each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.rules.credits_portal import AID, ANN, CRON, MIA, MIAS, POOL, Portal, at, portal
from unitledger.amounts import Credits, Units
from unitledger.credits import Allocate, Enrol, Grant, Replenish, SendInvite, Subscribe
from unitledger.errors import UnitLedgerError
from unitledger.lots import Category
from unitledger.operations import Spend
from unitledger.policy import GrantRounding, Policy, Refill, RefillMode
from unitledger.time import Period

GROWTH = Credits.of(500)
ADD = Refill()
PERIOD = Refill(RefillMode.EXPIRE_PERIOD)
RENEWALS = (
    *("2026-01-31T09:00", "2026-02-28T09:00", "2026-03-31T09:00", "2026-04-30T09:00"),
    *("2026-05-31T09:00", "2026-06-30T09:00"),
)


def reset_to(number: int) -> Refill:
    return Refill(RefillMode.RESET_TO, Credits.of(number))


def capped(number: int) -> Refill:
    return Refill(RefillMode.ADD_CAPPED, Credits.of(number))


def months(lms: Portal, used: list[int]) -> list[int]:
    """What the pool has right after each renewal, when so many are used before the next."""
    lms.run(Subscribe("growth", GROWTH, Period.MONTH))
    found = []
    for k, spent in enumerate(used):
        lms.clock.at = at(RENEWALS[k])
        lms.run(Replenish("growth", k), CRON)
        found.append(lms.free(POOL))
        if spent:
            lms.run(Allocate("first-aid", Credits.of(spent)))
            lms.run(Spend(AID, Credits.of(spent)))
    return found


@pytest.mark.parametrize(
    ("refill", "used", "after"),
    [
        pytest.param(ADD, [0, 0, 0, 0], [41, 82, 123, 164], id="C41 adds"),
        pytest.param(ADD, [40, 1, 0, 82], [41, 42, 82, 123], id="C41 adds to what is left"),
        pytest.param(PERIOD, [0, 0, 0], [41, 41, 41], id="C41 ends with the period"),
        pytest.param(PERIOD, [40, 1, 41], [41, 41, 41], id="C41 ends with the period, used"),
        pytest.param(reset_to(100), [0, 30, 100], [100, 100, 100], id="C41 reset to 100"),
        pytest.param(reset_to(7), [7, 0, 1], [7, 7, 7], id="C41 reset to fewer than the plan"),
        pytest.param(
            capped(100), [0, 0, 0, 0, 0], [41, 82, 100, 100, 100], id="C41 never above 100"
        ),
        pytest.param(
            capped(100), [0, 60, 0, 0, 1], [41, 82, 63, 100, 100], id="C41 up to 100, used between"
        ),
        pytest.param(capped(100), [0, 0, 41, 0], [41, 82, 100, 100], id="C41 just what is added"),
        pytest.param(capped(100), [0, 0, 42, 0], [41, 82, 100, 99], id="C41 one more is used"),
        pytest.param(capped(41), [0, 5, 41], [41, 41, 41], id="C41 a limit of one month"),
        pytest.param(capped(42), [0, 0, 40], [41, 42, 42], id="C41 a limit of a month and one"),
        pytest.param(capped(40), [0, 3, 40], [40, 40, 40], id="C41 a limit below one month"),
        pytest.param(capped(82), [0, 0, 0], [41, 82, 82], id="C41 a limit of two months"),
        pytest.param(capped(10**15), [0, 0], [41, 82], id="C41 a limit that is never reached"),
    ],
)
def test_what_the_pool_has_after_each_renewal(
    refill: Refill, used: list[int], after: list[int]
) -> None:
    with spending(Policy(refill=refill)) as lms:
        assert months(lms, used) == after


@contextmanager
def spending(policy: Policy) -> Iterator[Portal]:
    """A portal whose credits are also spent without enrolments; it is audited when it ends."""
    lms = Portal(policy)
    yield lms
    assert lms.ledger.audit().ok
    assert lms.ledger.verify().ok


def cut(lms: Portal) -> list[tuple[str, int, str | None]]:
    """Every lot of the pool, how much came in of it, and the day on which it ends."""
    found: list[tuple[str, int, str | None]] = []
    for line in lms.ledger.balance(POOL).lots:
        ends = line.lot.terms.expires
        all_of_it = line.available + line.expired + line.held + line.spent
        day = None if ends is None else ends.date().isoformat()
        found.append((str(line.lot.id), all_of_it, day))
    return found


@pytest.mark.parametrize(
    ("policy", "lots"),
    [
        pytest.param(
            Policy(),
            [("growth/0", 41, None), ("growth/1", 41, None), ("growth/2", 41, None)],
            id="C41 add",
        ),
        pytest.param(
            Policy(refill=PERIOD),
            [
                ("growth/0", 41, "2026-02-28"),
                ("growth/1", 41, "2026-03-31"),
                ("growth/2", 41, "2026-04-30"),
            ],
            id="C41 expire period",
        ),
        pytest.param(
            Policy(refill=reset_to(9)),
            [
                ("growth/0", 9, "2026-02-28"),
                ("growth/1", 9, "2026-03-31"),
                ("growth/2", 9, "2026-04-30"),
            ],
            id="C41 reset",
        ),
        pytest.param(
            Policy(refill=capped(100)),
            [
                ("growth/0", 23, "2026-03-31"),
                ("growth/0.2", 18, "2026-04-30"),
                ("growth/1", 23, "2026-04-30"),
                ("growth/1.2", 18, "2026-05-31"),
                ("growth/2", 23, "2026-05-31"),
                ("growth/2.2", 18, "2026-06-30"),
            ],
            id="C41 add capped",
        ),
        pytest.param(
            Policy(refill=capped(100), grant_rounding=GrantRounding.CUMULATIVE),
            [
                ("growth/0", 25, "2026-03-31"),
                ("growth/0.2", 16, "2026-04-30"),
                ("growth/1", 25, "2026-04-30"),
                ("growth/1.2", 17, "2026-05-31"),
                ("growth/2", 25, "2026-05-31"),
                ("growth/2.2", 17, "2026-06-30"),
            ],
            id="C38 C41 add capped, cumulative",
        ),
        pytest.param(
            Policy(refill=capped(100), grant_rounding=GrantRounding.CEIL),
            [
                ("growth/0", 26, "2026-03-31"),
                ("growth/0.2", 16, "2026-04-30"),
                ("growth/1", 26, "2026-04-30"),
                ("growth/1.2", 16, "2026-05-31"),
                ("growth/2", 26, "2026-05-31"),
                ("growth/2.2", 16, "2026-06-30"),
            ],
            id="C38 C41 add capped, rounded up",
        ),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)], ids=["C40 in turn", "C40 out of turn"])
def test_the_lots_of_a_period_say_when_they_end(
    policy: Policy, lots: list[Any], order: tuple[int, ...]
) -> None:
    """C41: it stands in their terms, so nothing has to be run for it."""
    with portal(policy) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH))
        lms.clock.at = at(RENEWALS[2])
        for k in order:
            lms.run(Replenish("growth", k), CRON)
        assert cut(lms) == lots
        first = lms.ledger.balance(POOL).lots[0].lot
        assert (first.acquired, first.terms.effective) == (at(RENEWALS[0]), at(RENEWALS[0]))
        assert (first.cycle, first.category, first.home) == (1, Category.GRANTED, POOL)
        last = lms.ledger.balance(POOL).lots[-1].lot
        assert (last.acquired, last.cycle) == (at(RENEWALS[2]), 3)


def test_a_small_plan_is_cut_credit_by_credit() -> None:
    """C38, C41: five a year, never above two."""
    policy = Policy(refill=capped(2), grant_rounding=GrantRounding.CUMULATIVE)
    with portal(policy) as lms:
        lms.run(Subscribe("tiny", Credits.of(5), Period.MONTH))
        lms.clock.at = at("2027-01-31T09:00")
        for k in range(12):
            lms.run(Replenish("tiny", k), CRON)
        assert cut(lms) == [
            ("tiny/11", 1, "2027-05-31"),
            ("tiny/2", 1, "2026-08-31"),
            ("tiny/4", 1, "2026-10-31"),
            ("tiny/7", 1, "2026-12-31"),
            ("tiny/9", 1, "2027-03-31"),
        ]
        assert lms.free(POOL) == 2


def test_a_year_is_capped_as_well() -> None:
    """C36, C41: 500 a year, never above 700."""
    with portal(Policy(refill=capped(700))) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.YEAR))
        lms.clock.at = at("2028-06-01")
        for k in range(3):
            lms.run(Replenish("growth", k), CRON)
        assert cut(lms)[:2] == [("growth/0", 300, "2027-01-31"), ("growth/0.2", 200, "2028-01-31")]
        assert lms.free(POOL) == 700


def test_the_answer_names_all_that_a_period_brought() -> None:
    """C40: also when it is asked for again under another policy."""
    with portal(Policy(refill=capped(100))) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH))
        first = lms.run(Replenish("growth", 0), CRON, request="first")
        assert (first.outcome.amount.parts, first.outcome.lot) == (41, "growth/0")
        assert [move.parts for move in first.moves] == [23, 18]
        lms.ledger.policy = Policy(refill=reset_to(3))
        again = lms.run(Replenish("growth", 0), CRON)
        assert (again.outcome, again.same_as, again.moves) == (first.outcome, "first", ())


def test_a_period_granted_when_it_is_over_comes_and_ends_in_one_entry() -> None:
    """C40, C41."""
    with portal(Policy(refill=PERIOD)) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH))
        lms.clock.at = at(RENEWALS[1])
        receipt = lms.run(Replenish("growth", 0), CRON)
        assert [move.verb for move in receipt.moves] == ["issue", "expire"]
        assert (lms.free(POOL), lms.expired(POOL)) == (0, 41)


def test_the_calendar_ends_before_the_credits_do() -> None:
    """C39: what would end after the last year never ends."""
    with portal(Policy(refill=PERIOD)) as lms:
        lms.clock.at = datetime(9000, 6, 1, tzinfo=UTC)
        lms.run(Subscribe("late", GROWTH, Period.YEAR))
        lms.run(Replenish("late", 0), CRON)
        assert cut(lms) == [("late/0", 500, None)]


def test_bundled_credits_are_used_before_bought_ones_which_stay() -> None:
    """C41: ``EXPIRE_PERIOD``."""
    with portal(Policy(refill=PERIOD)) as lms:
        lms.fill(5, lot="bought")
        lms.run(Subscribe("small", Credits.of(24), Period.MONTH))
        lms.run(Replenish("small", 0), CRON)
        for learner in ("leo", "lea", "lou"):
            lms.run(Enrol(learner, "fire"))
        left = {line.lot.id: line.available for line in lms.ledger.balance(POOL).lots}
        assert left == {"bought": 4, "small/0": 0}
        lms.clock.at = at(RENEWALS[1])
        assert lms.free(POOL) == 4


@pytest.mark.parametrize(
    "refill",
    [
        pytest.param(ADD, id="C42 add"),
        pytest.param(capped(100), id="C42 add capped"),
    ],
)
def test_rollover_is_not_a_movement(refill: Refill) -> None:
    """C42: what is allocated, with managers, held or spent stays where it is."""
    with portal(Policy(refill=refill)) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH))
        lms.run(Replenish("growth", 0), CRON)
        lms.run(Allocate("first-aid", Credits.of(10)))
        lms.run(Grant("mia", "first-aid", Credits.of(4)))
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
        lms.run(Enrol("lea", "first-aid"))
        before = lms.figures()
        lms.clock.at = at(RENEWALS[1])
        assert lms.figures() == before
        receipt = lms.run(Replenish("growth", 1), CRON)
        assert {(move.verb, move.target.wallet) for move in receipt.moves} == {("issue", POOL)}
        assert lms.figures() == {**before, POOL: (31 + 41, 0, 0)}


def test_what_is_over_the_limit_ends_wherever_it_is() -> None:
    """C41: the oldest credits are over it, with a manager as well as in the pool."""
    with portal(Policy(refill=capped(50))) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH))
        lms.run(Replenish("growth", 0), CRON)
        lms.run(Allocate("first-aid", Credits.of(41)))
        lms.run(Grant("mia", "first-aid", Credits.of(1)))
        lms.clock.at = at(RENEWALS[1])
        lms.run(Replenish("growth", 1), CRON)
        assert (lms.free(POOL), lms.free(AID), lms.free(MIAS)) == (41, 9, 0)


def test_the_default_refill_adds() -> None:
    """C41."""
    assert Policy().refill == Refill(RefillMode.ADD, None)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: Refill(RefillMode.ADD, Credits.of(1)), "invalid_value", id="C41 add"),
        pytest.param(
            lambda: Refill(RefillMode.ADD, Credits.of(0)), "invalid_value", id="C41 add 0"
        ),
        pytest.param(
            lambda: Refill(RefillMode.EXPIRE_PERIOD, Credits.of(1)),
            "invalid_value",
            id="C41 period",
        ),
        pytest.param(lambda: Refill(RefillMode.RESET_TO), "invalid_value", id="C41 reset to what"),
        pytest.param(
            lambda: Refill(RefillMode.ADD_CAPPED), "invalid_value", id="C41 capped at what"
        ),
        pytest.param(
            lambda: Refill(RefillMode.RESET_TO, Credits.of(0)), "invalid_value", id="C41 reset to 0"
        ),
        pytest.param(
            lambda: Refill(RefillMode.ADD_CAPPED, Units.of(5)),  # type: ignore[arg-type]
            "invalid_type",
            id="C4 units",
        ),
        pytest.param(lambda: Refill("add"), "invalid_type", id="C41 a text"),  # type: ignore[arg-type]
        pytest.param(lambda: Policy(refill="add"), "invalid_type", id="C41 a text for a refill"),  # type: ignore[arg-type]
    ],
)
def test_a_refill_that_is_none_is_refused(make: Callable[[], object], code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make()
    assert refusal.value.code == code


def test_a_limit_of_one_is_one() -> None:
    """C41."""
    with portal(Policy(refill=capped(1))) as lms:
        lms.run(Subscribe("growth", GROWTH, Period.MONTH))
        lms.run(Replenish("growth", 0), CRON)
        assert lms.free(POOL) == 1
        lms.run(Enrol("leo", "fire"), ANN)
        assert lms.free(POOL) == 0
