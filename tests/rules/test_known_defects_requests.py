"""Known defects of requests and retries: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    CRON,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    at,
    learner,
    portal,
)
from tests.rules.races import accepted, at_once
from tests.rules.test_training_checkout import order, stocked
from unitledger.accounts import member
from unitledger.amounts import Credits
from unitledger.commands import Actor, Role
from unitledger.credits import (
    Allocate,
    Enrol,
    Grant,
    InviteAll,
    Purchase,
    Replenish,
    ReverseEnrolment,
    SendInvite,
    Subscribe,
)
from unitledger.errors import AlreadyExists, Refused, RequestConflict
from unitledger.time import Period


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def test_a_retry_is_not_judged_by_what_is_left(lms: Portal) -> None:
    """D1: the balance was looked at before the request; here a retry gets its first receipt."""
    lms.fill(3)
    everything = Allocate("first-aid", Credits.of(3))
    first = lms.run(everything, request="budget")
    lms.run(Grant("mia", "first-aid", Credits.of(3)))
    assert lms.run(everything, request="budget") == first
    assert lms.figures() == {MIAS: (3, 0, 0)}
    room = stocked(own="B 9")
    paid = room.do(order("yoga 9"), learner("ann"), request="o1")
    assert room.ledger.execute(order("yoga 9"), by=learner("ann"), request="o1") == paid
    assert room.available(member("ann")) == "0.00"


def test_a_request_never_means_something_else(lms: Portal) -> None:
    """D2: the same key with another amount got the old entry; here that is a conflict."""
    lms.fill(9)
    lms.run(Allocate("first-aid", Credits.of(1)), request="budget")
    with pytest.raises(RequestConflict) as conflict:
        lms.run(Allocate("first-aid", Credits.of(5)), request="budget")
    assert (conflict.value.request, conflict.value.differs) == ("budget", ("amount",))
    assert lms.figures() == {AID: (1, 0, 0), POOL: (8, 0, 0)}


def test_a_second_reversal_gets_the_first_answer(lms: Portal) -> None:
    """D8: a second reversal under another key hit a database constraint; here it is answered."""
    lms.fill(1)
    enrolment = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    first = lms.run(ReverseEnrolment(enrolment), request="undo")
    again = lms.run(ReverseEnrolment(enrolment), request="undo again")
    assert (again.outcome, again.same_as, again.moves) == (first.outcome, "undo", ())
    assert lms.figures() == {POOL: (1, 0, 0)}


def test_a_repeated_reversal_tells_nobody_anything_new(lms: Portal) -> None:
    """D9: a replayed reversal was announced again; here nothing is written that could be told."""
    lms.fill(1)
    enrolment = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.run(ReverseEnrolment(enrolment), request="undo")
    written = len(lms.ledger.journal())
    lms.run(ReverseEnrolment(enrolment), request="undo")
    assert len(lms.ledger.journal()) == written
    lms.run(ReverseEnrolment(enrolment), request="undo again")
    *_, entry = lms.ledger.entries()
    assert (entry.moves, entry.claims, entry.records, entry.same_as) == ((), (), (), "undo")


def test_two_equal_deposits_are_two(lms: Portal) -> None:
    """D12: keys made from amounts took two equal deposits for one; here a caller names each."""
    lms.run(Purchase("p1", Credits.of(10), "contract"))
    lms.run(Purchase("p2", Credits.of(10), "contract"))
    assert lms.free(POOL) == 20
    for _ in range(2):
        lms.run(Allocate("first-aid", Credits.of(4)))
    assert lms.figures() == {AID: (8, 0, 0), POOL: (12, 0, 0)}
    with pytest.raises(TypeError, match="request"):
        lms.ledger.execute(Allocate("fire", Credits.of(1)), by=ANN)  # type: ignore[call-arg]


def test_the_order_of_arguments_makes_no_other_request(lms: Portal) -> None:
    """D13: a key was the hash of a printed dictionary; here the order is no difference."""
    ab = Actor.acting("ann", Role.ADMIN, Role.SYSTEM)
    ba = Actor.acting("ann", Role.SYSTEM, Role.ADMIN)
    first = lms.run(Purchase(payment="p1", amount=Credits.of(2), terms="t"), ab, request="buy")
    again = lms.run(Purchase(terms="t", amount=Credits.of(2), payment="p1"), ba, request="buy")
    assert again == first
    assert lms.free(POOL) == 2


def test_buying_again_after_a_refund_is_a_new_purchase(lms: Portal) -> None:
    """D14: after a refund the refunded entry came back; here there is a new one, and it costs."""
    lms.fill(2)
    first = lms.run(Enrol("leo", "first-aid"), request="first").outcome.enrolment
    lms.run(ReverseEnrolment(first))
    again = lms.run(Enrol("leo", "first-aid"), request="again")
    assert again.outcome.enrolment != first
    assert (again.same_as, [move.parts for move in again.moves]) == (None, [1])
    assert lms.figures() == {POOL: (1, 0, 1)}


def test_a_period_asked_for_twice_is_granted_once(lms: Portal) -> None:
    """D24: a renewal made twice was an error; here the second gets the answer of the first."""
    lms.run(Subscribe("growth", Credits.of(120), Period.MONTH))
    first = lms.run(Replenish("growth", 0), CRON, request="cron")
    again = lms.run(Replenish("growth", 0), ANN, request="by hand")
    assert (again.outcome, again.same_as, again.moves) == (first.outcome, "cron", ())
    assert lms.free(POOL) == 10


def test_an_impatient_retry_of_a_mailing_gets_the_mailing() -> None:
    """R14: a slow bulk command was sent again and overwrote itself; here both get one receipt."""
    mailing = InviteAll(("a", "b", "c"), "first-aid", "mia")
    for _ in range(10):
        with portal() as lms:
            lms.allotted(6)
            send = partial(lms.ledger.execute, mailing, by=MIA, request="mail")
            receipts = at_once(send, send, send)
            assert receipts == [lms.ledger.receipt("mail")] * 3
            assert lms.figures() == {MIAS: (3, 3, 0)}


def test_two_schedulers_provision_once() -> None:
    """R16: two jobs raced at a plan's creation, twice; here one wins and the other does nothing."""
    for _ in range(10):
        with portal() as lms:
            plan = Subscribe("growth", Credits.of(120), Period.MONTH, START)
            begin = partial(lms.ledger.execute, plan, by=CRON)
            answers = at_once(partial(begin, request="one"), partial(begin, request="two"))
            (refusal,) = [answer for answer in answers if isinstance(answer, Refused)]
            assert type(refusal) is AlreadyExists
            lms.clock.at = at("2026-04-01")
            run = partial(lms.ledger.credits.run_due, by=CRON)
            assert accepted(at_once(run, run)) == 2
            assert lms.free(POOL) == 30


@pytest.mark.parametrize("request_id", ["once", "twice"])
def test_a_retry_takes_no_second_place(lms: Portal, request_id: str) -> None:
    """R53: an assignment sent again used up another licence; here it is the one there is."""
    lms.allotted(2)
    lms.fill(2)
    invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA, request="once").outcome
    assert lms.run(SendInvite("a", "first-aid", "mia"), MIA, request=request_id).outcome == invite
    enrolled = lms.run(Enrol("leo", "first-aid"), request="e once").outcome
    assert lms.run(Enrol("leo", "first-aid"), request=f"e {request_id}").outcome == enrolled
    assert lms.figures() == {MIAS: (1, 1, 0), POOL: (1, 0, 1)}
