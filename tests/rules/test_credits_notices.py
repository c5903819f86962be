"""What a host may want to tell somebody: C46, C53."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.rules.credits_portal import AID, MIA, MIAS, POOL, START, Portal, at, portal
from unitledger.amounts import Credits, Units
from unitledger.credits import Allocate, Deallocate, Grant, Notice, SendInvite, Topic
from unitledger.ids import LotId, WalletId
from unitledger.operations import EditExpiry, Issue, Spend, Sweep
from unitledger.policy import Policy

LOW = Policy(low_balance=Credits.of(3), overdraft=Credits.of(2))
MICROSECOND = timedelta(microseconds=1)


def c(number: int) -> Credits:
    return Credits.of(number)


@pytest.fixture
def lms() -> Iterator[Portal]:
    """A portal that tells of balances below three."""
    opened = Portal(LOW)
    yield opened
    assert opened.ledger.audit().ok


def told(lms: Portal, when: datetime | None = None) -> list[tuple[str, str, int]]:
    """Which balance fell, on which day, and to what."""
    found = lms.ledger.credits.notices(at=when)
    return [(one.wallet, one.at.isoformat()[:10], one.amount.parts) for one in found]


def test_by_default_there_is_nothing_to_tell() -> None:
    """C46, C53: both are for the host to switch on."""
    assert (Policy().low_balance, Policy().top_up_below) == (None, None)
    with portal() as lms:
        lms.fill(5)
        lms.run(Allocate("first-aid", c(5)))
        assert lms.ledger.credits.notices() == ()


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        pytest.param([2], [], id="C53 as much as the figure is not below it"),
        pytest.param([3], [(POOL, "2026-01-31", 2)], id="C53 below it"),
        pytest.param([5], [(POOL, "2026-01-31", 0)], id="C53 nothing left"),
        pytest.param([3, 1, 1], [(POOL, "2026-01-31", 2)], id="C53 once, while it stays low"),
    ],
)
def test_a_balance_that_falls_below_the_figure(
    lms: Portal, spent: list[int], expected: list[tuple[str, str, int]]
) -> None:
    lms.fill(5)
    for number in spent:
        lms.run(Spend(WalletId(POOL), c(number)))
    assert told(lms) == expected


def test_one_that_was_never_there_did_not_fall(lms: Portal) -> None:
    """C53."""
    lms.fill(2)
    lms.run(Spend(WalletId(POOL), c(1)))
    assert told(lms) == []


def test_every_fall_is_a_notice_of_its_own(lms: Portal) -> None:
    """C53: also in one instant; and those there were stay the same."""
    lms.fill(5)
    lms.run(Allocate("first-aid", c(4)))
    first = lms.ledger.credits.notices()
    assert [(one.wallet, one.amount) for one in first] == [(POOL, c(1))]
    lms.run(Deallocate("first-aid", c(3)))
    lms.run(Allocate("first-aid", c(2)))
    found = lms.ledger.credits.notices()
    assert [(one.wallet, one.amount) for one in found] == [(AID, c(1)), (POOL, c(1)), (POOL, c(2))]
    assert found[1:2] == first
    assert len({one.id for one in found}) == 3
    (only,) = first
    assert only == Notice(
        f"low_balance/pool/2/{START.isoformat()}", Topic.LOW_BALANCE, WalletId(POOL), START, c(1)
    )


def test_of_managers_as_well(lms: Portal) -> None:
    """C53: what an invite holds is not hers to spend."""
    lms.allotted(3)
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert told(lms) == [
        (AID, "2026-01-31", 0),
        (MIAS, "2026-01-31", 2),
        (POOL, "2026-01-31", 0),
    ]


def test_a_balance_falls_as_time_goes_by(lms: Portal) -> None:
    """C53, I8: nothing is written when a lot lapses; swept or not, it is told the same way."""
    lms.fill(2, lot="soon", expires=at("2026-02-10"))
    lms.fill(2, lot="late", expires=at("2026-02-20"))
    assert told(lms, at("2026-02-10") - MICROSECOND) == []
    early = lms.ledger.credits.notices(at=at("2026-02-10"))
    assert [(one.wallet, one.at, one.amount) for one in early] == [(POOL, at("2026-02-10"), c(2))]
    lms.clock.at = at("2026-02-12")
    lms.run(Sweep(WalletId(POOL)))
    lms.fill(9, lot="new")
    lms.run(Spend(WalletId(POOL), c(9)))
    found = lms.ledger.credits.notices(at=at("2026-02-21"))
    assert found[:1] == early
    assert [(one.at, one.amount) for one in found[1:]] == [(at("2026-02-12"), c(2))]


def test_a_lot_that_begins_later_counts_from_then(lms: Portal) -> None:
    """C53."""
    lms.fill(3, lot="later", effective=at("2026-02-05"), expires=at("2026-02-09"))
    assert told(lms, at("2026-02-05")) == []
    assert told(lms, at("2026-03-01")) == [(POOL, "2026-02-09", 0)]


def test_a_deadline_gives_back_and_a_lapse_takes_again() -> None:
    """C29, C53: held until the fourteenth, free for a day, gone on the fifteenth."""
    lms = Portal(Policy(low_balance=c(1), invite_days=14))
    lms.fill(1, MIAS, "soon", expires=at("2026-02-15"))
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert told(lms, at("2026-02-14T09:00")) == [(MIAS, "2026-01-31", 0)]
    assert told(lms, at("2026-02-15")) == [
        (MIAS, "2026-01-31", 0),
        (MIAS, "2026-02-15", 0),
    ]


def test_terms_that_were_edited_since_change_nothing_of_the_past(lms: Portal) -> None:
    """C53: a lot lapsed and was brought back; it falls twice."""
    lms.fill(4, lot="a", expires=at("2026-02-10"))
    lms.run(Allocate("first-aid", c(4)))
    lms.clock.at = at("2026-02-12")
    before = lms.ledger.credits.notices()
    assert [(one.wallet, one.at) for one in before] == [
        (POOL, START),
        (AID, at("2026-02-10")),
    ]
    lms.run(EditExpiry(LotId("a"), WalletId(POOL), at("2026-03-01")))
    assert lms.ledger.credits.notices() == before
    later = lms.ledger.credits.notices(at=at("2026-03-01"))
    assert later[:2] == before
    assert [(one.wallet, one.at, one.amount) for one in later[2:]] == [
        (AID, at("2026-03-01"), c(0))
    ]
    assert len({one.id for one in later}) == 3


def test_a_shorter_expiry_takes_effect_when_it_comes(lms: Portal) -> None:
    """C53: the wallet that holds the lot is not touched by the edit."""
    lms.fill(4, lot="a")
    lms.run(Allocate("first-aid", c(4)))
    lms.clock.at = at("2026-02-01")
    lms.run(EditExpiry(LotId("a"), WalletId(POOL), at("2026-02-02")))
    assert told(lms, at("2026-02-03"))[1:] == [(AID, "2026-02-02", 0)]


def test_training_units_are_not_told_of(lms: Portal) -> None:
    """C4."""
    lms.run(Issue(LotId("u"), WalletId("member/leo"), Units.of(5)))
    lms.run(Spend(WalletId("member/leo"), Units.of(5)))
    assert told(lms) == []


def test_a_top_up_is_asked_for_of_the_pool_alone() -> None:
    """C46: a notice, and no money moves."""
    lms = Portal(Policy(top_up_below=c(3)))
    lms.fill(6)
    lms.run(Allocate("first-aid", c(3)))
    assert lms.ledger.credits.notices() == ()
    lms.run(Grant("mia", "first-aid", c(2)))
    lms.run(Allocate("first-aid", c(1)))
    before = lms.ledger.journal()
    (wanted,) = lms.ledger.credits.notices()
    assert (wanted.topic, wanted.wallet, wanted.at) == (Topic.TOP_UP_WANTED, POOL, START)
    assert (wanted.amount, wanted.lot) == (c(2), None)
    assert wanted.id == f"top_up_wanted/pool/3/{START.isoformat()}"
    assert lms.ledger.journal() == before


def test_what_lapses_soon_is_told_of_when_asked_for() -> None:
    """C53."""
    lms = Portal()
    lms.fill(2, lot="soon", expires=at("2026-02-10"))
    lms.fill(3, AID, "late", expires=at("2026-02-20"))
    book = lms.ledger.credits
    assert book.notices() == ()
    (soon,) = book.notices(expiring_before=at("2026-02-20"))
    assert soon == Notice(
        "expiring_soon/pool/2026-02-10T00:00:00+00:00/soon",
        Topic.EXPIRING_SOON,
        WalletId(POOL),
        at("2026-02-10"),
        c(2),
        LotId("soon"),
    )
    both = book.notices(expiring_before=at("2026-02-21"))
    assert both[:1] == (soon,)
    assert [one.lot for one in both] == ["soon", "late"]


def test_notices_come_in_the_order_of_what_happens() -> None:
    """C53."""
    lms = Portal(Policy(low_balance=c(3), top_up_below=c(5)))
    lms.fill(5, lot="soon", expires=at("2026-02-10"))
    lms.run(Spend(WalletId(POOL), c(3)))
    found = lms.ledger.credits.notices(expiring_before=at("2026-03-01"))
    assert [one.topic for one in found] == [
        Topic.LOW_BALANCE,
        Topic.TOP_UP_WANTED,
        Topic.EXPIRING_SOON,
    ]
