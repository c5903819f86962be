"""Known defects of who pays, and with what: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rules.credits_portal import AID, FIRE, MIA, MIAS, POOL, Portal, at, portal
from tests.rules.test_training_checkout import CODE, by_code, stocked
from tests.rules.training_room import learner as buyer
from tests.rules.training_room import spent
from unitledger.accounts import member
from unitledger.amounts import Credits
from unitledger.credits import Allocate, Enrol, Grant, ReverseEnrolment, SendInvite
from unitledger.errors import InsufficientUnits
from unitledger.policy import Policy


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def of(number: int) -> Credits:
    return Credits.of(number)


def test_what_is_owed_stays_owed_until_it_is_paid() -> None:
    """D31: six enrolments made ahead were forgiven by a grant of four; here two are still owed."""
    with portal(Policy(overdraft=of(6))) as lms:
        for number in range(6):
            lms.run(Enrol(f"leo {number}", "first-aid"))
        lms.fill(4)
        assert lms.run(Allocate("first-aid", of(4))).outcome.settled == of(4)
        course = lms.ledger.credits.course("first-aid")
        assert (course.debt, course.available, course.used) == (of(2), -2, of(6))
        lms.fill(3)
        assert lms.run(Allocate("first-aid", of(3))).outcome.settled == of(2)
        assert lms.ledger.credits.course("first-aid").available == 1


def test_what_ends_first_is_used_first(lms: Portal) -> None:
    """D33: the oldest credit was drawn, and others lapsed unused; here the first to end goes."""
    lms.fill(1, lot="old")
    lms.fill(1, lot="late", expires=at("2026-06-01"))
    lms.fill(1, lot="soon", expires=at("2026-03-01"))
    moves = [lms.run(Enrol(name, "first-aid")).moves for name in ("leo", "lea", "lin")]
    assert [move.lot for (move,) in moves] == ["soon", "late", "old"]
    room = stocked(code="A 5, B 5 d60, C 5 d30")
    assert spent(room.do(by_code("yoga 12"), buyer("ann"))) == "C 5, B 5, A 2"


def test_nobody_pays_for_another(lms: Portal) -> None:
    """R43: credits came out of the wrong cost centre; here who pays is fixed, and gets it back."""
    lms.fill(4)
    for course in ("first-aid", "fire"):
        lms.run(Allocate(course, of(1)))
    lms.run(Grant("mia", "first-aid", of(1)))
    lms.run(Allocate("first-aid", of(1)))
    enrolled = [lms.run(Enrol(name, "first-aid")).outcome for name in ("leo", "lea")]
    assert [one.source for one in enrolled] == [AID, POOL]
    assert type(lms.refused(Enrol("lin", "first-aid"))) is InsufficientUnits
    lms.run(SendInvite("a", "first-aid", "mia"), MIA)
    assert type(lms.refused(SendInvite("b", "fire", "mia"), MIA)) is InsufficientUnits
    lms.run(ReverseEnrolment(enrolled[0].enrolment))
    assert lms.figures() == {AID: (1, 0, 0), FIRE: (1, 0, 0), POOL: (0, 0, 1), MIAS: (0, 1, 0)}
    room = stocked(code="A 3 d30", own="B 9")
    room.issue(member("bob"), "E 9")
    room.do(by_code("yoga 5"), buyer("ann"))
    left = [room.available(wallet) for wallet in (CODE, member("ann"), member("bob"))]
    assert left == ["0.00", "7.00", "9.00"]
