"""Where credits go when a manager has left or a course is given up: C22."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.credits_portal import AID, MAX, MAXS, MIA, MIAS, POOL, Portal, at, learner, portal
from unitledger.amounts import Credits
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    CloseCourse,
    Closure,
    ClosureState,
    DeactivateManager,
    Enrol,
    ReactivateManager,
    Recall,
    Reinvite,
    ReopenCourse,
    ReverseEnrolment,
    SendInvite,
)
from unitledger.errors import UnitLedgerError, WalletClosed
from unitledger.ids import WalletId
from unitledger.policy import Policy

LEO = learner("leo")


@pytest.fixture
def lms() -> Iterator[Portal]:
    """Mia has sent an invite, and has nothing else."""
    with portal() as opened:
        opened.allotted(1)
        opened.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
        yield opened


def closed(lms: Portal, *which: str) -> None:
    if "manager" in which:
        lms.run(DeactivateManager("mia", "first-aid"))
    if "course" in which:
        lms.run(CloseCourse("first-aid"))


CHAIN = pytest.mark.parametrize(
    ("which", "goal"),
    [
        pytest.param([], MIAS, id="C22 C25 both open"),
        pytest.param(["manager"], AID, id="C22 she has left"),
        pytest.param(["manager", "course"], POOL, id="C22 and the course is closed"),
        pytest.param(["course"], MIAS, id="C22 the course alone is closed"),
    ],
)


@CHAIN
def test_the_credit_of_a_cancelled_invite(lms: Portal, which: list[str], goal: str) -> None:
    closed(lms, *which)
    receipt = lms.run(CancelInvite("invite.1"))
    words = [(move.verb, move.source.wallet, move.target.wallet) for move in receipt.moves]
    further = [("transfer", MIAS, goal)] if goal != MIAS else []
    assert words == [("release", MIAS, MIAS), *further]
    assert lms.figures() == {goal: (1, 0, 0)}


@CHAIN
def test_the_credit_of_an_enrolment_that_is_undone(
    lms: Portal, which: list[str], goal: str
) -> None:
    """C57: its own lot, on the way back from where it was spent."""
    made = lms.run(AcceptInvite("invite.1", "leo"), LEO).outcome.enrolment
    closed(lms, *which)
    receipt = lms.run(ReverseEnrolment(made), request="undo")
    assert receipt.outcome.source == goal
    further = ["transfer"] if goal != MIAS else []
    assert [move.verb for move in receipt.moves] == ["reverse", *further]
    assert lms.figures() == {goal: (1, 0, 0)}


def test_a_second_reversal_says_what_the_first_one_said(lms: Portal) -> None:
    """C58: though she has left since."""
    made = lms.run(AcceptInvite("invite.1", "leo"), LEO).outcome.enrolment
    first = lms.run(ReverseEnrolment(made), request="undo")
    closed(lms, "manager", "course")
    again = lms.run(ReverseEnrolment(made))
    assert (again.outcome, again.same_as, again.moves) == (first.outcome, "undo", ())


@CHAIN
def test_the_credit_of_an_invite_nobody_needed(lms: Portal, which: list[str], goal: str) -> None:
    """C34."""
    lms.fill(1)
    lms.run(Enrol("leo", "first-aid"))
    closed(lms, *which)
    lms.run(AcceptInvite("invite.1", "leo"), LEO)
    expected = {POOL: (0, 0, 1)} | ({goal: (1, 0, 0)} if goal != POOL else {POOL: (1, 0, 1)})
    assert lms.figures() == expected


def test_an_enrolment_of_a_closed_course_goes_back_to_the_pool(lms: Portal) -> None:
    """C57."""
    lms.fill(1)
    lms.run(Allocate("first-aid", Credits.of(1)))
    made = lms.run(Enrol("lea", "first-aid")).outcome.enrolment
    closed(lms, "course")
    assert lms.run(ReverseEnrolment(made)).outcome.source == POOL
    assert lms.figures() == {POOL: (1, 0, 0), MIAS: (0, 1, 0)}


def test_open_invites_of_who_left_keep_working(lms: Portal) -> None:
    """C22, C27: they can be accepted, sent again and cancelled."""
    closed(lms, "manager")
    lms.run(Reinvite("invite.1"), MIA)
    assert lms.run(AcceptInvite("invite.1", "leo"), LEO).outcome.spent == Credits.of(1)
    assert lms.figures() == {MIAS: (0, 0, 1)}


def test_who_left_sends_no_invite(lms: Portal) -> None:
    """C22: whatever has come to her account since."""
    closed(lms, "manager")
    lms.fill(1, MIAS)
    refusal = lms.refused(SendInvite("new@", "first-aid", "mia"), MIA)
    assert isinstance(refusal, WalletClosed)
    assert refusal.wallet == MIAS
    assert refusal.code == "wallet_closed"
    lms.run(ReactivateManager("mia", "first-aid"))
    lms.run(SendInvite("new@", "first-aid", "mia"), MIA)


def test_a_credit_that_a_deadline_let_go_is_recalled() -> None:
    """C22, C29: nobody is there to take it on at that instant, so it stays until then."""
    with portal(Policy(invite_days=14)) as lms:
        lms.allotted(1)
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
        closed(lms, "manager")
        lms.clock.at = at("2026-02-20")
        assert lms.figures() == {MIAS: (1, 0, 0)}
        lms.run(Recall("mia", "first-aid", Credits.of(1)))
        assert lms.figures() == {AID: (1, 0, 0)}


def test_an_overdue_hold_is_let_go_before_she_leaves() -> None:
    """C22, C29."""
    with portal(Policy(invite_days=14)) as lms:
        lms.allotted(1)
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
        lms.clock.at = at("2026-02-14T09:00")
        assert lms.run(DeactivateManager("mia", "first-aid")).outcome.amount == Credits.of(1)
        assert lms.figures() == {AID: (1, 0, 0)}


def test_other_wallets_are_as_they_were(lms: Portal) -> None:
    """C22: another manager of the course, and after she is back she herself."""
    lms.allotted(1, manager="max")
    lms.run(SendInvite("lea@", "first-aid", "max"), MAX, request="max")
    closed(lms, "manager", "course")
    lms.run(CancelInvite("max.1"))
    assert lms.free(MAXS) == 1
    lms.run(ReactivateManager("mia", "first-aid"))
    lms.run(ReopenCourse("first-aid"))
    lms.run(CancelInvite("invite.1"))
    assert lms.figures() == {MAXS: (1, 0, 0), MIAS: (1, 0, 0)}


def test_a_closure_is_of_a_wallet() -> None:
    closure = Closure(WalletId("course/c"))
    assert (closure.key, closure.state) == ("course/c", ClosureState.CLOSED)
    bad: Any = "course"
    with pytest.raises(UnitLedgerError) as refusal:
        Closure(bad)
    assert refusal.value.code == "invalid_id"
