"""What reads the credits reads it whole, a page at a time: C40, C43, C49, C53, C63.

And what only unusual portals show: a wallet that has one lot alone, a course that only its manager
has credits for, an invite whose id stands before all letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    CRON,
    MIA,
    MIAS,
    START,
    Portal,
    learner,
    portal,
)
from unitledger import indexes
from unitledger.amounts import Credits
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    ChangePlan,
    ChargeBack,
    CompleteEnrolment,
    Enrol,
    Forfeit,
    Grant,
    Lapse,
    Purchase,
    Replenish,
    SendInvite,
    Subscribe,
    course_position,
    due,
    falls_below,
    learner_position,
    receivables,
    unissued,
)
from unitledger.errors import InvalidValue, NaiveInstant, NotDue, UnknownObject
from unitledger.ids import LotId, WalletId
from unitledger.operations import Capture, Hold
from unitledger.policy import HoldsAtLapse, Policy, PurchasedAtLapse, Refill, RefillMode, Trigger
from unitledger.ports import Reading
from unitledger.records import Record
from unitledger.time import Period

DAY = timedelta(days=1)


def c(number: int) -> Credits:
    return Credits.of(number)


class Paged:
    """A reading that keeps what was asked of its index: the limit, and how many there were."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.asked: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reading, name)

    def find(
        self, kind: str, name: str, value: str, *, after: str = "", limit: int = -1
    ) -> tuple[Record, ...]:
        found = self.reading.find(kind, name, value, after=after, limit=limit)
        self.asked.append((limit, len(found)))
        return found


class _Naive:
    """A clock without a zone."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1)  # noqa: DTZ001


@contextmanager
def paged(lms: Portal) -> Iterator[Any]:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        yield Paged(reading)


def test_positions_are_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """C53, C63: five enrolments and three invites, two at a time."""
    monkeypatch.setattr(indexes, "PAGE", 2)
    with portal() as lms:
        lms.allotted(3)
        lms.fill(6)
        for name in "abcde":
            lms.run(Enrol(name, "first-aid"), request=name)
        lms.run(CompleteEnrolment("a.1"))
        lms.run(Enrol("a", "first-aid"))
        for name in "xyz":
            lms.run(SendInvite(name, "first-aid", "mia"), MIA)
        with paged(lms) as reading:
            found = course_position(reading, "first-aid", at=START, policy=Policy())
            assert (found.used, found.held, found.earmark_position) == (c(6), c(3), -6)
            limits, sizes = zip(*reading.asked, strict=True)
            assert set(limits) == {2}
            assert sizes == (2, 2, 2, 0, 2, 1)
        with paged(lms) as reading:
            mine = learner_position(reading, "a", at=START, policy=Policy())
            assert (mine.active, mine.completed) == (("first-aid",), ("first-aid",))
            assert reading.asked == [(2, 2), (2, 0)]


def test_what_is_due_is_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """C40: five subscriptions in force and three that have lapsed, two at a time."""
    monkeypatch.setattr(indexes, "PAGE", 2)
    with portal() as lms:
        for name in "abcdefgh":
            lms.run(Subscribe(name, c(12), Period.YEAR))
        lms.clock.at = START + DAY
        for name in "xyz":
            lms.run(Subscribe(name, c(12), Period.YEAR))
            lms.run(Lapse(name))
        for name in "fgh":
            lms.run(Lapse(name))
        with paged(lms) as reading:
            waiting = due(reading, at=lms.clock.at)
            assert [one.request for one in waiting] == [
                f"replenish {name}/0" for name in "abcdefgh"
            ]
            limits, sizes = zip(*reading.asked, strict=True)
            assert set(limits) == {2}
            assert sorted(sizes) == [0, 1, 2, 2, 2, 2, 2]


def test_receivables_are_read_a_thousand_at_a_time() -> None:
    """C49: from the first on, whatever it is called."""
    with portal() as lms:
        lms.run(Purchase("1", c(2), "t"))
        lms.run(Allocate("first-aid", c(1)))
        lms.run(ChargeBack("1"))
        with paged(lms) as reading:
            assert [one.payment for one in receivables(reading)] == ["1"]
            assert reading.asked == [(1000, 1)]


def test_a_course_counts_that_only_it_or_only_its_manager_has_credits_for() -> None:
    """C53, C54: what came in at the course itself was set aside for it."""
    with portal() as lms:
        lms.fill(3, "course/fire")
        lms.fill(2, MIAS)
        found = lms.ledger.credits.courses()
        assert [(one.course, one.free, one.with_managers) for one in found] == [
            ("fire", c(3), c(0)),
            ("first-aid", c(0), c(2)),
        ]
        assert [one.earmark_position for one in found] == [3, 0]


def test_what_is_held_for_a_learner_is_not_used_yet() -> None:
    """C24, C63."""
    with portal(Policy(consumed_at=Trigger.STARTED)) as lms:
        lms.fill(2)
        lms.run(Enrol("leo", "first-aid"))
        lms.run(Enrol("lea", "first-aid"))
        mine = lms.ledger.credits.learner("leo")
        assert (mine.held, mine.used) == (c(1), c(0))


def test_the_book_runs_what_will_be_due_by_an_instant() -> None:
    """C40: which the ledger refuses until it is."""
    with portal() as lms:
        lms.run(Subscribe("s", c(12), Period.YEAR, START + DAY))
        assert lms.ledger.credits.run_due(by=CRON) == ()
        (early,) = lms.ledger.credits.run_due(by=CRON, at=START + DAY)
        assert isinstance(early, NotDue)


def test_the_book_says_which_instant_it_cannot_use() -> None:
    """C53, P14."""
    book = Portal().ledger.credits
    with pytest.raises(InvalidValue) as past:
        book.courses(at=START - DAY)
    assert str(past.value) == "at is 2026-01-30T09:00:00+00:00; give an instant that is not past"
    with pytest.raises(NaiveInstant) as naive:
        book.courses(at=datetime(2026, 3, 1))  # noqa: DTZ001
    assert naive.value.field == "at"
    lms = Portal()
    lms.ledger.clock = _Naive()
    with pytest.raises(NaiveInstant) as clock:
        lms.ledger.credits.courses()
    assert clock.value.field == "clock"


def test_a_claim_that_holds_no_more_is_not_let_go_again() -> None:
    """C29, C53: its deadline passes, and the balance is what it was."""
    with portal(Policy(invite_days=10)) as lms:
        lms.allotted(3)
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="a")
        lms.run(AcceptInvite("a.1", "leo"), learner("leo"))
        lms.run(SendInvite("lea@", "first-aid", "mia"), MIA, request="b")
        lms.run(CancelInvite("b.1"))
        lms.clock.at = START + 20 * DAY
        lms.run(SendInvite("max@", "first-aid", "mia"), MIA, request="c")
        with lms.ledger.store.read(lms.ledger.portal) as reading:
            two, three = (
                [(one.at, one.left) for one in found if one.wallet == MIAS]
                for found in (falls_below(reading, c(n), at=lms.clock.at) for n in (2, 3))
            )
        assert two == [(START, c(1)), (lms.clock.at, c(1))]
        assert three == [(START, c(2))]


def test_every_wallet_that_ever_held_a_lot_is_looked_at() -> None:
    """C41, C43: each of four wallets has one piece alone, of a period or of a change of plan."""
    lms = Portal(Policy(refill=Refill(RefillMode.ADD_CAPPED, c(110))))
    lms.run(Subscribe("basic", c(960), Period.MONTH))
    lms.run(Replenish("basic", 0), CRON)
    lms.run(ChangePlan("basic", c(1200)))
    for number, size in enumerate((50, 10, 30, 10)):
        lms.run(Allocate(f"c{number}", c(size)))
    lines = [lms.ledger.balance(f"course/c{number}").lots for number in range(4)]
    names = [[str(line.lot.id) for line in one] for one in lines]
    assert names == [["basic/0"], ["basic/0+1"], ["basic/0.2"], ["basic/0+1.2"]]
    lms.run(Lapse("basic"))
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        found = [one.command for one in due(reading, at=lms.clock.at)]
    expected = [Forfeit("basic", WalletId(f"course/c{number}")) for number in range(4)]
    assert sorted(found, key=str) == expected


def test_what_a_claim_has_spent_does_not_come_back_when_its_hold_is_over() -> None:
    """C29, C43: what was held is somebody else's lot, what was spent the subscription's."""
    lms = Portal()
    lms.run(Subscribe("basic", c(1), Period.YEAR))
    lms.run(Replenish("basic", 0), CRON)
    lms.run(Allocate("first-aid", c(1)))
    lms.fill(1, AID, "gift")
    claim = lms.run(Hold(AID, c(2), START + DAY)).outcome.claim
    lms.run(Capture(claim, AID, c(1)))
    spent = [one.lot.id for one in lms.ledger.balance(AID).lots if one.spent]
    assert spent == [LotId("basic/0")]
    lms.run(Lapse("basic"))
    lms.clock.at = START + DAY
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        assert due(reading, at=lms.clock.at) == ()
    assert lms.ledger.audit().ok


def test_an_invite_with_a_deadline_and_an_early_name_is_found_for_a_forfeit() -> None:
    """C29, C45: until its deadline, after which its credit is free by itself."""
    holds = HoldsAtLapse.RELEASE_THEN_FORFEIT
    with portal(Policy(holds_at_lapse=holds, invite_days=30)) as lms:
        lms.run(Subscribe("basic", c(1), Period.YEAR))
        lms.run(Replenish("basic", 0), CRON)
        lms.run(Allocate("first-aid", c(1)))
        lms.run(Grant("mia", "first-aid", c(1)))
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="1")
        lms.run(Lapse("basic"))
        with lms.ledger.store.read(lms.ledger.portal) as reading:
            assert [one.command for one in due(reading, at=START)] == [Forfeit("basic", MIAS)]
        assert lms.run(Forfeit("basic", MIAS), CRON).outcome.cancelled == ("1.1",)


def test_a_subscription_nobody_began_brings_nothing() -> None:
    """C40: and the refusal says which one was asked for."""
    with paged(Portal()) as reading, pytest.raises(UnknownObject) as refusal:
        unissued(reading, "s", at=START)
    assert str(refusal.value) == "no subscription s in this portal"


def test_bought_credits_are_forfeited_where_they_are() -> None:
    """C43: also in a wallet that never had any of the subscription."""
    with portal(Policy(purchased_at_lapse=PurchasedAtLapse.FORFEIT)) as lms:
        lms.run(Purchase("o", c(2), "t"))
        lms.run(Allocate("first-aid", c(2)))
        lms.clock.at = START + DAY
        lms.run(Subscribe("basic", c(1), Period.YEAR))
        lms.run(Lapse("basic"))
        with lms.ledger.store.read(lms.ledger.portal) as reading:
            assert [one.command for one in due(reading, at=lms.clock.at)] == [Forfeit("basic", AID)]
