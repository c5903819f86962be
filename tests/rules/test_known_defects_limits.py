"""Known defects of limits and caps: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.desk import POOL as DESK_POOL
from tests.desk import Desk, c
from tests.rules.credits_portal import AID, ANN, FIRE, MIA, MIAS, POOL, Portal, learner, portal
from tests.rules.test_training_checkout import CODE, by_code, stocked
from tests.rules.training_room import learner as buyer
from unitledger.accounts import member
from unitledger.amounts import Credits, Units
from unitledger.commands import Command
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CloseCourse,
    Deallocate,
    Enrol,
    Grant,
    InviteAll,
    Purchase,
    Recall,
    ReverseEnrolment,
    SendInvite,
)
from unitledger.errors import BelowUsed, InsufficientUnits, KeyCodeCapReached, LearnerCapReached
from unitledger.ids import LotId
from unitledger.operations import Spend
from unitledger.policy import Policy
from unitledger.training import AdjustTotal, RefundLine

LEO = learner("leo")


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def of(number: int) -> Credits:
    return Credits.of(number)


def test_a_cap_counts_what_it_is_about() -> None:
    """D22: a cap counted what it had no say over; here asking first and doing it are one check."""
    with portal(Policy(learner_cap=2)) as lms:
        lms.fill(9)
        undone = lms.run(Enrol("leo", "yoga")).outcome.enrolment
        lms.run(ReverseEnrolment(undone))
        for who, course in (("lea", "yoga"), ("lin", "yoga"), ("leo", "first-aid")):
            lms.run(Enrol(who, course))
        assert lms.ledger.can(Enrol("leo", "fire"), by=ANN)
        lms.run(Enrol("leo", "fire"), request="second")
        assert lms.run(Enrol("leo", "fire")).same_as == "second"
        assert not lms.ledger.can(Enrol("leo", "yoga"), by=ANN)
        assert type(lms.refused(Enrol("leo", "yoga"))) is LearnerCapReached


def test_what_is_there_already_costs_nothing(lms: Portal) -> None:
    """D27: a batch was judged by its length; here only what is new in it has to be paid."""
    lms.allotted(2)
    lms.run(SendInvite("a", "first-aid", "mia"), MIA)
    mailing = InviteAll(("a", "b", "b", "a"), "first-aid", "mia")
    assert lms.ledger.can(mailing, by=MIA)
    assert lms.run(mailing, MIA).outcome.new == 1
    assert lms.run(mailing, MIA).outcome.new == 0
    one_more = InviteAll(("a", "b", "d"), "first-aid", "mia")
    assert type(lms.refused(one_more, MIA)) is InsufficientUnits
    assert lms.figures() == {MIAS: (0, 2, 0)}


def test_a_pool_knows_what_all_its_courses_have(lms: Portal) -> None:
    """D28: budgets beside a budget were not counted; here what one has, the pool has no more."""
    lms.fill(10)
    lms.run(Allocate("first-aid", of(6)))
    lms.run(Enrol("leo", "first-aid"))
    lms.run(Allocate("fire", of(4)))
    assert type(lms.refused(Allocate("yoga", of(1)))) is InsufficientUnits
    lms.run(CloseCourse("first-aid"))
    assert lms.figures() == {POOL: (5, 0, 0), AID: (0, 0, 1), FIRE: (4, 0, 0)}
    assert type(lms.refused(Allocate("yoga", of(6)))) is InsufficientUnits
    lms.run(Allocate("yoga", of(5)))


def test_a_refund_gives_back_the_place_under_the_cap() -> None:
    """D29: a refund came back to the budget and not to the learner's cap; here it frees both."""
    with portal(Policy(learner_cap=1)) as lms:
        lms.allotted(1)
        lms.fill(1)
        for _ in range(3):
            enrolment = lms.run(Enrol("leo", "fire")).outcome.enrolment
            assert type(lms.refused(Enrol("leo", "yoga"))) is LearnerCapReached
            lms.run(ReverseEnrolment(enrolment))
        invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
        lms.run(AcceptInvite(invite, "leo"), LEO)
        assert lms.ledger.credits.learner("leo").used == of(1)
        assert lms.figures() == {POOL: (1, 0, 0), MIAS: (0, 0, 1)}
    room = stocked(Policy(per_user_cap=Units.of(5)), code="A 9 d30")
    for number in range(3):
        room.do(by_code("yoga 5", f"o{number}"), buyer("ann"))
        room.refused(KeyCodeCapReached, by_code("yoga 0.01", "o"), buyer("ann"))
        room.do(RefundLine(f"o{number}", 1))
    assert room.available(CODE) == "9.00"


def test_what_was_possible_is_looked_at_again(lms: Portal) -> None:
    """D38: one request looked and another deducted; here it is looked at when it is taken."""
    lms.fill(1)
    mine, other = Enrol("leo", "first-aid"), Enrol("lea", "first-aid")
    assert lms.ledger.can(mine, by=ANN)
    assert lms.ledger.preview(mine, by=ANN).moves
    lms.run(other)
    refusal = lms.refused(mine)
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.needed, refusal.available) == (of(1), of(0))
    assert lms.figures() == {POOL: (0, 0, 1)}


@pytest.mark.parametrize("limit", [1, 3])
def test_a_limit_is_a_limit(limit: int) -> None:
    """R1: a sum below zero was held against a cap above it, and never met it; here it is met."""
    with portal(Policy(overdraft=of(limit), learner_cap=limit)) as lms:
        for number in range(limit):
            lms.run(Enrol(f"leo {number}", "first-aid"))
        assert lms.ledger.credits.course("first-aid").debt == of(limit)
        assert type(lms.refused(Enrol("lea", "first-aid"))) is InsufficientUnits
        lms.fill(9)
        for number in range(limit):
            lms.run(Enrol("lin", f"course {number}"))
        assert type(lms.refused(Enrol("lin", "another"))) is LearnerCapReached


def test_all_that_is_left_can_be_used(lms: Portal) -> None:
    """R2: spending exactly what was left was refused; here all of it goes, and no more."""
    lms.fill(3)
    steps: tuple[Callable[[Credits], Command[Any]], ...] = (
        lambda amount: Allocate("first-aid", amount),
        lambda amount: Grant("mia", "first-aid", amount),
        lambda amount: Recall("mia", "first-aid", amount),
        lambda amount: Deallocate("first-aid", amount),
    )
    for step in steps:
        assert type(lms.refused(step(of(4)))) is InsufficientUnits
        lms.run(step(of(3)))
    assert lms.figures() == {POOL: (3, 0, 0)}
    room = stocked(code="A 5 d30", own="B 4")
    room.refused(InsufficientUnits, by_code("yoga 9.01"), buyer("ann"))
    room.do(by_code("yoga 9"), buyer("ann"))
    assert (room.available(CODE), room.available(member("ann"))) == ("0.00", "0.00")


def test_a_limit_of_zero_is_a_limit() -> None:
    """R3: a limit of zero was taken for none; here zero lets nothing through, and none is None."""
    with portal(Policy(learner_cap=0)) as lms:
        lms.fill(1)
        refusal = lms.refused(Enrol("leo", "first-aid"))
        assert isinstance(refusal, LearnerCapReached)
        assert (refusal.enrolments, refusal.cap) == (0, 0)
    with portal(Policy(learner_cap=None, overdraft=of(0))) as lms:
        lms.fill(1)
        lms.run(Enrol("leo", "first-aid"))
        assert type(lms.refused(Enrol("leo", "fire"))) is InsufficientUnits


def test_what_is_spent_is_counted_once(lms: Portal) -> None:
    """R4: spending was taken off a balance that was net of it; here what is free can be used."""
    lms.fill(10)
    for number in range(5):
        lms.run(Enrol(f"leo {number}", "first-aid"))
    lms.run(Allocate("first-aid", of(5)))
    for number in range(5, 10):
        lms.run(Enrol(f"leo {number}", "first-aid"))
    assert lms.figures() == {POOL: (0, 0, 5), AID: (0, 0, 5)}


def test_an_allocation_stays_above_what_it_has_paid(lms: Portal) -> None:
    """R30: an allocation could be cut below its use; here only what it has left can go back."""
    lms.fill(6)
    lms.run(Allocate("first-aid", of(6)))
    lms.run(Grant("mia", "first-aid", of(2)))
    lms.run(SendInvite("a", "first-aid", "mia"), MIA)
    lms.run(Enrol("leo", "first-aid"))
    refusal = lms.refused(Deallocate("first-aid", of(4)))
    assert isinstance(refusal, InsufficientUnits)
    assert refusal.available == of(3)
    assert type(lms.refused(Recall("mia", "first-aid", of(2)))) is InsufficientUnits
    lms.run(Deallocate("first-aid", of(3)))
    assert lms.figures() == {POOL: (3, 0, 0), AID: (0, 0, 1), MIAS: (1, 1, 0)}
    room = stocked(code="A 9 d30")
    room.do(by_code("yoga 4"), buyer("ann"))
    refusal_ = room.refused(BelowUsed, AdjustTotal(LotId("A"), CODE, Units.of("3.99")))
    assert refusal_.used == Units.of(4)
    room.do(AdjustTotal(LotId("A"), CODE, Units.of(4)))
    assert (room.available(CODE), room.ledger.balance(CODE).spent.text) == ("0.00", "4.00")


def test_what_was_shown_is_not_what_is_there() -> None:
    """R37: capacity was looked at when a page was shown; here it is when the order is placed."""
    room = stocked(code="A 5 d30")
    shown = by_code("yoga 5")
    assert room.ledger.can(shown, by=buyer("ann"))
    room.do(by_code("chess 1", "o2"), buyer("ann"))
    refusal = room.refused(InsufficientUnits, shown, buyer("ann"))
    assert (refusal.available, refusal.shortfall) == (Units.of(4), Units.of(1))
    room.issue(member("ann"), "B 1")
    room.do(shown, buyer("ann"))


def test_a_copy_begins_with_nothing() -> None:
    """R38: a copied course brought its counters along; here every figure belongs to one id."""
    with portal(Policy(overdraft=of(1), learner_cap=2)) as lms:
        lms.run(Enrol("leo", "fire"))
        lms.fill(4)
        lms.run(Allocate("first-aid", of(2)))
        lms.run(Enrol("leo", "first-aid"))
        copy = lms.ledger.credits.course("first-aid copy")
        assert (copy.used, copy.debt, copy.held, copy.available) == (of(0), of(0), of(0), 0)
        lms.run(Enrol("lea", "first-aid copy"))
        assert lms.ledger.credits.course("first-aid copy").used == of(1)
        assert lms.ledger.credits.course("first-aid").used == of(1)
    desk = Desk()
    desk.issue("a", DESK_POOL, c(3))
    assert Desk(desk.store, portal="copy").figures(DESK_POOL) == (0, 0, 0, 0, 0)


def test_more_credits_lift_a_refusal(lms: Portal) -> None:
    """R51: a grant left the mark that a cap was reached; here nobody keeps such a mark."""
    enrol = Enrol("leo", "first-aid")
    assert type(lms.refused(enrol)) is InsufficientUnits
    with pytest.raises(InsufficientUnits):
        lms.run(enrol, request="again and again")
    lms.run(Purchase("p1", of(1), "terms"))
    assert lms.ledger.can(enrol, by=ANN)
    assert lms.run(enrol, request="again and again").outcome.source == POOL
    desk = Desk()
    desk.issue("a", DESK_POOL, c(1))
    desk.spend(DESK_POOL, c(1))
    desk.issue("b", DESK_POOL, c(1))
    desk.give(Spend(DESK_POOL, c(1)))
