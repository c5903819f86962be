"""Where courses, managers and learners stand: C16, C53, C54, C56."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    at,
    learner,
    portal,
)
from unitledger.amounts import Credits
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    CloseCourse,
    CompleteEnrolment,
    CoursePosition,
    DeactivateManager,
    Deallocate,
    Enrol,
    Expiring,
    Give,
    Grant,
    LearnerPosition,
    ManagerPosition,
    MoveAllocation,
    Recall,
    ReverseEnrolment,
    SendInvite,
)
from unitledger.errors import InvalidValue, NaiveInstant
from unitledger.ids import LotId, WalletId
from unitledger.operations import Sweep, VoidUnits
from unitledger.policy import Policy

LEO = learner("leo")


def c(number: int) -> Credits:
    return Credits.of(number)


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal(Policy(overdraft=c(2))) as opened:
        yield opened


def position(course: str, **figures: Any) -> CoursePosition:
    """A position in which whatever is not named is nothing."""
    names = ("free", "debt", "with_managers", "held", "used")
    sound: dict[str, Any] = {name: c(figures.pop(name, 0)) for name in names}
    sound |= {"earmark_position": 0, "closed": False, **figures}
    return CoursePosition(course, START, **sound)


def test_a_course_nobody_knows_stands_at_nothing(lms: Portal) -> None:
    """C53."""
    assert lms.ledger.credits.course("first-aid") == position("first-aid")
    assert lms.ledger.credits.courses() == ()


def test_where_a_course_stands(lms: Portal) -> None:
    """C53, C54: every figure differs from the others."""
    lms.fill(50)
    lms.run(Allocate("first-aid", c(20)))
    lms.run(Allocate("fire", c(2)))
    lms.run(Grant("mia", "first-aid", c(7)))
    lms.run(Grant("max", "first-aid", c(1)))
    lms.run(Grant("mia", "fire", c(1)))
    for one in "abc":
        lms.run(SendInvite(f"{one}@", "first-aid", "mia"), MIA, request=one)
    lms.run(AcceptInvite("a.1", "leo"), LEO)
    for one in "xyz":
        lms.run(Enrol(one, "first-aid"), request=one)
    lms.run(ReverseEnrolment("x.1"))
    lms.run(CompleteEnrolment("y.1"))
    expected = position(
        *("first-aid",),
        free=10,
        with_managers=5,
        held=2,
        used=3,
        earmark_position=20 - 8 - 2,
    )
    credits_ = lms.ledger.credits
    assert credits_.course("first-aid") == expected
    assert credits_.course("first-aid").available == 10
    assert credits_.available("first-aid") == 10
    fire = position("fire", free=1, with_managers=1, earmark_position=1)
    assert credits_.courses() == (fire, expected)


@pytest.mark.parametrize(
    ("commands", "available", "earmark"),
    [
        pytest.param([], 5, 5, id="C54 allocated"),
        pytest.param([Deallocate("first-aid", c(2))], 3, 3, id="C54 less put back"),
        pytest.param([Grant("mia", "first-aid", c(2))], 3, 3, id="C54 less granted"),
        pytest.param(
            [Grant("mia", "first-aid", c(4)), Recall("mia", "first-aid", c(1))],
            *(2, 2),
            id="C54 plus recalled",
        ),
        pytest.param(
            [Grant("mia", "first-aid", c(4)), DeactivateManager("mia", "first-aid")],
            *(5, 5),
            id="C54 plus what who left gave back",
        ),
        pytest.param(
            [Grant("mia", "first-aid", c(4)), Give("mia", "max", "first-aid", c(3))],
            *(1, 1),
            id="C54 among managers no difference",
        ),
        pytest.param([MoveAllocation("first-aid", "fire", c(2))], 3, 3, id="C54 less moved away"),
        pytest.param([MoveAllocation("fire", "first-aid", c(3))], 8, 8, id="C54 plus moved in"),
        pytest.param([Enrol("a", "first-aid")], 4, 4, id="C54 less an enrolment of its own"),
        pytest.param(
            [Deallocate("first-aid", c(5)), Enrol("a", "first-aid")],
            *(0, -1),
            id="C54 less one the pool has paid",
        ),
        pytest.param(
            [Grant("mia", "first-aid", c(5)), Enrol("a", "first-aid"), Enrol("b", "first-aid")],
            *(0, -2),
            id="C54 C55 below zero",
        ),
        pytest.param([Enrol("a", "fire")], 5, 5, id="C54 not of another course"),
        pytest.param([VoidUnits(WalletId(AID), c(2))], 3, 5, id="C54 taken out is not put back"),
        pytest.param([CloseCourse("first-aid")], 0, 0, id="C54 closed is put back"),
    ],
)
def test_two_figures_that_are_not_the_same(
    lms: Portal, commands: list[Any], available: int, earmark: int
) -> None:
    lms.fill(20)
    lms.run(Allocate("first-aid", c(5)))
    lms.run(Allocate("fire", c(3)))
    for command in commands:
        lms.run(command)
    assert lms.ledger.credits.available("first-aid") == available
    assert lms.ledger.credits.earmark_position("first-aid") == earmark
    with_closed = lms.ledger.credits.course("first-aid")
    assert with_closed.closed is any(isinstance(one, CloseCourse) for one in commands)


def test_an_enrolment_that_is_undone_counts_no_more(lms: Portal) -> None:
    """C54: nor one that a manager has paid."""
    lms.allotted(1)
    lms.fill(1)
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
    lms.run(AcceptInvite("invite.1", "leo"), LEO)
    assert lms.ledger.credits.earmark_position("first-aid") == 0
    lms.run(Enrol("a", "first-aid"), request="a")
    assert lms.ledger.credits.earmark_position("first-aid") == -1
    lms.run(ReverseEnrolment("a.1"))
    assert lms.ledger.credits.earmark_position("first-aid") == 0
    assert lms.free(POOL) == 1


def test_what_a_course_owes_makes_it_less(lms: Portal) -> None:
    """C54, C56: one enrolment its own, two ahead, and its own undone."""
    lms.fill(1)
    lms.run(Allocate("first-aid", c(1)))
    for one in "abc":
        lms.run(Enrol(one, "first-aid"), request=one)
    owing = lms.ledger.credits.course("first-aid")
    assert owing == position("first-aid", debt=2, used=3, earmark_position=-2)
    assert owing.available == -2
    lms.run(ReverseEnrolment("a.1"))
    owing = lms.ledger.credits.course("first-aid")
    assert (owing.free, owing.debt, owing.available) == (c(1), c(2), -1)


def test_an_overdue_hold_and_a_lapsed_lot_are_seen_through() -> None:
    """C53, I8: without a sweep, and for an instant to come."""
    with portal(Policy(invite_days=14)) as lms:
        lms.fill(2, MIAS, expires=at("2026-03-01"))
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
        credits_ = lms.ledger.credits
        days = [("2026-02-14T08:59", 1, 1), ("2026-02-14T09:00", 2, 0), ("2026-03-01", 0, 0)]
        for day, free, held in days:
            (mias,) = credits_.manager("mia", at=at(day))
            assert (mias.at, mias.available, mias.held) == (at(day), c(free), c(held))
            course = credits_.course("first-aid", at=at(day))
            assert (course.at, course.with_managers, course.held) == (at(day), c(free), c(held))


def test_where_a_manager_stands(lms: Portal) -> None:
    """C16, C53: per course, her own alone."""
    lms.allotted(6)
    lms.allotted(2, "fire")
    lms.allotted(4, manager="max")
    for one in "abc":
        lms.run(SendInvite(f"{one}@", "first-aid", "mia"), MIA, request=one)
    lms.run(AcceptInvite("a.1", "leo"), LEO)
    lms.run(CancelInvite("b.1"))
    assert lms.ledger.credits.manager("mia") == (
        ManagerPosition("mia", "fire", START, c(2), c(0), c(0), closed=False),
        ManagerPosition("mia", "first-aid", START, c(4), c(1), c(1), closed=False),
    )
    lms.run(DeactivateManager("mia", "first-aid"))
    assert lms.ledger.credits.manager("mia")[1] == ManagerPosition(
        *("mia", "first-aid", START, c(0), c(1), c(1)), closed=True
    )
    assert lms.ledger.credits.manager("nobody") == ()


def test_where_a_learner_stands(lms: Portal) -> None:
    """C63: a re-take counts again, an undone enrolment does not."""
    lms.fill(9)
    for one, course in enumerate(("fire", "first-aid", "rescue", "heights")):
        lms.run(Enrol("leo", course), request=f"e{one}")
    lms.run(Enrol("lea", "fire"))
    lms.run(CompleteEnrolment("e0.1"))
    lms.run(CompleteEnrolment("e1.1"))
    lms.run(Enrol("leo", "fire"))
    lms.run(ReverseEnrolment("e3.1"))
    assert lms.ledger.credits.learner("leo") == LearnerPosition(
        "leo", START, ("fire", "rescue"), ("fire", "first-aid"), c(0), c(4)
    )
    assert lms.ledger.credits.learner("new") == LearnerPosition("new", START, (), (), c(0), c(0))


def test_what_lapses_before_an_instant(lms: Portal) -> None:
    """C41, C53: wherever it is, not what is held; the instant itself is not before it."""
    lms.fill(3, lot="b", expires=at("2026-03-01"))
    lms.fill(2, AID, "a", expires=at("2026-03-01"))
    lms.fill(4, MIAS, "c", expires=at("2026-02-15"))
    lms.fill(5, lot="d")
    lms.fill(6, lot="e", effective=at("2026-02-10"), expires=at("2026-02-20"))
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    c_, e = (
        Expiring(WalletId(MIAS), LotId("c"), at("2026-02-15"), c(3)),
        Expiring(WalletId(POOL), LotId("e"), at("2026-02-20"), c(6)),
    )
    a, b = (
        Expiring(WalletId(AID), LotId("a"), at("2026-03-01"), c(2)),
        Expiring(WalletId(POOL), LotId("b"), at("2026-03-01"), c(3)),
    )
    credits_ = lms.ledger.credits
    assert credits_.expiring(at("2026-03-01")) == (c_, e)
    just_after = at("2026-03-01") + timedelta(microseconds=1)
    assert credits_.expiring(just_after) == (c_, e, a, b)
    assert credits_.expiring(just_after, at=at("2026-02-15")) == (e, a, b)
    lms.clock.at = at("2026-02-20")
    assert credits_.expiring(just_after) == (a, b)
    lms.run(Sweep(WalletId(POOL)))
    assert credits_.expiring(just_after) == (a, b)


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda book, when: book.course("c", at=when), id="a course"),
        pytest.param(lambda book, when: book.courses(at=when), id="all courses"),
        pytest.param(lambda book, when: book.manager("m", at=when), id="a manager"),
        pytest.param(lambda book, when: book.learner("l", at=when), id="a learner"),
        pytest.param(lambda book, when: book.available("c", at=when), id="C54 available"),
        pytest.param(lambda book, when: book.earmark_position("c", at=when), id="C54 the books"),
        pytest.param(lambda book, when: book.expiring(START, at=when), id="what lapses"),
        pytest.param(lambda book, when: book.notices(at=when), id="C46 notices"),
        pytest.param(lambda book, when: book.due(at=when), id="C40 what is due"),
    ],
)
def test_the_past_is_not_asked_about(lms: Portal, ask: Any) -> None:
    """C53: that is for `Ledger.balance`."""
    book = lms.ledger.credits
    ask(book, START)
    with pytest.raises(InvalidValue) as refusal:
        ask(book, START - timedelta(microseconds=1))
    assert (refusal.value.field, refusal.value.expected) == ("at", "an instant that is not past")
    with pytest.raises(NaiveInstant):
        ask(book, START.replace(tzinfo=None))
