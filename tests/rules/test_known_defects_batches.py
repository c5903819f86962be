"""Known defects of batches: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rules.credits_portal import AID, MIA, MIAS, POOL, Portal, portal
from tests.rules.test_training_checkout import ANN as ANNS
from tests.rules.test_training_checkout import CODE, by_code, stocked
from tests.rules.test_training_distribution import DAN, POT, fired, form
from unitledger.accounts import member
from unitledger.amounts import Credits
from unitledger.credits import Allocate, Enrol, Grant, InviteAll, InviteEach, RowVerdict, SendInvite
from unitledger.errors import InsufficientUnits, InvalidValue
from unitledger.policy import Policy
from unitledger.training import Order


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def test_a_row_that_stands_there_twice_costs_once(lms: Portal) -> None:
    """R10: an address twice in a batch was assigned twice; here it has one place and one answer."""
    lms.allotted(3)
    rows = lms.run(InviteEach(("a", "a", "b", "a"), "first-aid", "mia"), MIA).outcome.rows
    sent, again = RowVerdict.SENT, RowVerdict.DUPLICATE
    assert [row.verdict for row in rows] == [sent, again, sent, again]
    assert len({row.invite for row in rows}) == 2
    assert lms.run(InviteAll(("d", "d"), "first-aid", "mia"), MIA).outcome.new == 1
    assert lms.figures() == {MIAS: (0, 3, 0)}
    with pytest.raises(InvalidValue):
        form("ann 1, bob 2, ann 3")


def test_an_order_is_paid_whole_or_not_at_all() -> None:
    """R22: half of an order was carried out, and content was free; here all of it or none is."""
    room = stocked(code="A 5 d30", own="B 1")
    short = by_code("yoga 5, chess 2")
    room.refused(InsufficientUnits, short, ANNS)
    assert (room.available(CODE), room.available(member("ann"))) == ("5.00", "1.00")
    with room.ledger.store.read(room.ledger.portal) as reading:
        assert reading.record(Order.KIND, "o1") is None
    room.issue(member("ann"), "E 1")
    room.do(short, ANNS)
    assert (room.available(CODE), room.available(member("ann"))) == ("0.00", "0.00")


def test_the_same_person_again_is_no_other_use() -> None:
    """R28: allocating to the same user raised the count each time; here they are counted once."""
    with portal(Policy(learner_cap=1)) as lms:
        lms.allotted(1)
        lms.fill(3)
        for _ in range(3):
            lms.run(Enrol("leo", "first-aid"))
            lms.run(SendInvite("a", "first-aid", "mia"), MIA)
        course = lms.ledger.credits.course("first-aid")
        assert (course.used, course.held) == (Credits.of(1), Credits.of(1))
        assert lms.ledger.credits.learner("leo").used == Credits.of(1)
        assert lms.figures() == {POOL: (2, 0, 1), MIAS: (0, 1, 0)}


def test_a_batch_that_is_too_large_gives_nobody_anything(lms: Portal) -> None:
    """R33: a bulk grant filled up until it failed half-way; here it is refused before it begins."""
    lms.fill(5)
    lms.run(Allocate("first-aid", Credits.of(5)))
    lms.run(Grant("mia", "first-aid", Credits.of(2)))
    written = len(lms.ledger.journal())
    refusal = lms.refused(InviteAll(("a", "b", "d"), "first-aid", "mia"), MIA)
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.needed, refusal.available) == (Credits.of(3), Credits.of(2))
    assert len(lms.ledger.journal()) == written
    assert lms.figures() == {AID: (3, 0, 0), MIAS: (2, 0, 0)}
    room = fired()
    room.refused(InsufficientUnits, form("ann 60, bob 40.01"), DAN)
    assert [room.available(one) for one in (POT, member("ann"))] == ["100.00", "0.00"]
    room.do(form("ann 60, bob 40"), DAN)
