"""Known defects of locks and races: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from tests.desk import ANN as ANNS
from tests.desk import POOL as DESK_POOL
from tests.desk import Desk, c, u
from tests.rules.credits_portal import (
    ANN,
    MAXS,
    MIA,
    MIAS,
    Portal,
    learner,
    portal,
)
from tests.rules.races import Between, Counting, Slow, accepted, at_once
from tests.rules.test_training_checkout import CODE, cart, stocked
from tests.rules.training_room import ADMIN, Room, code_id
from unitledger.amounts import Credits
from unitledger.commands import Actor, Command, Receipt
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    Deallocate,
    Enrol,
    Give,
    Grant,
    SendInvite,
    Take,
)
from unitledger.errors import GiftExceeded, InsufficientUnits, StoreUnavailable
from unitledger.ids import PortalId
from unitledger.ledger import Ledger
from unitledger.operations import Spend
from unitledger.training import OrderPlaced, PlaceOrder

ROUNDS = range(15)


def race(lms: Portal, *commands: tuple[Command[Any], Actor]) -> int:
    """How many of some commands are accepted when all are given at once."""

    calls = [
        partial(lms.ledger.execute, command, by=by, request=f"race {number}")
        for number, (command, by) in enumerate(commands)
    ]
    return accepted(at_once(*calls))


def waiting(desk: Desk, spend: int) -> tuple[Thread, Event]:
    """Somebody else who wants to spend in the same store, and whether it has happened."""
    done, twin = Event(), Ledger(desk.store, clock=desk.clock)

    def other() -> None:
        twin.execute(Spend(ANNS, u(spend)), by=ADMIN, request="other")
        done.set()

    thread = Thread(target=other)
    thread.start()
    return thread, done


def test_a_lock_does_not_run_out() -> None:
    """D15: a lock ran out under its owner, who then let a third one in; here it has no time."""
    desk = Desk()
    desk.issue("a", ANNS, u(10))
    with desk.store.begin(PortalId("main"), [ANNS], []):
        thread, done = waiting(desk, 10)
        desk.at(365)
        assert not done.wait(0.2)
    assert done.wait(30)
    thread.join()
    assert desk.figures(ANNS) == (0, 0, 1000, 0, 0)


def test_a_lock_lasts_until_the_write_is_kept() -> None:
    """D16: a lock was let go before the transaction ended; here lock and write end together."""
    desk = Desk()
    desk.issue("a", ANNS, u(10))
    others: list[Thread] = []

    def then() -> None:
        thread, done = waiting(desk, 10)
        others.append(thread)
        assert not done.wait(0.2)
        raise StoreUnavailable("commit", "the line is cut")

    mine = Ledger(Between(desk.store, then), clock=desk.clock)
    with pytest.raises(StoreUnavailable):
        mine.execute(Spend(ANNS, u(10)), by=ADMIN, request="mine")
    others[0].join(30)
    assert (desk.ledger.receipt("mine"), desk.figures(ANNS)) == (None, (0, 0, 1000, 0, 0))
    desk.check()


def test_a_lock_is_taken_in_one_step() -> None:
    """D17: a lock was looked for, then taken, and two got it; here one is inside at any time."""
    desk = Desk()
    desk.issue("a", DESK_POOL, c(400))
    store = Counting(desk.store)

    def spend(name: int) -> None:
        ledger = Ledger(store, clock=desk.clock)
        for number in range(20):
            spending = Spend(DESK_POOL, c(1))
            ledger.execute(spending, by=ADMIN, request=f"{name} {number}")

    assert accepted(at_once(*[partial(spend, name) for name in range(4)])) == 4
    assert store.most == 1
    assert desk.figures(DESK_POOL) == (320, 0, 80, 0, 0)


def test_every_command_waits_for_every_other() -> None:
    """D18: one verb was locked and the others were not; here one credit is taken by one of them."""
    one = Credits.of(1)
    enrol, grant = Enrol("leo", "first-aid"), Grant("mia", "first-aid", one)
    for other in (enrol, Deallocate("first-aid", one), grant):
        for _ in range(6):
            with portal() as lms:
                lms.fill(1)
                lms.run(Allocate("first-aid", one))
                assert race(lms, (other, ANN), (grant, ANN)) == 1
                assert sum(map(sum, lms.figures().values())) == 1


def test_a_figure_loses_no_change() -> None:
    """D19: a counter was read, raised and saved, and lost counts; here it says what was given."""
    for _ in range(5):
        with portal() as lms:
            lms.allotted(12)
            give = Give("mia", "max", "first-aid", Credits.of(1))
            assert race(lms, *[(give, MIA)] * 8) == 8
            refusal = lms.refused(Take("mia", "max", "first-aid", Credits.of(9)), MIA)
            assert isinstance(refusal, GiftExceeded)
            assert refusal.net == Credits.of(8)
            assert lms.figures() == {MIAS: (4, 0, 0), MAXS: (8, 0, 0)}


def test_an_invite_is_accepted_or_cancelled() -> None:
    """D25: a cancellation wrote over an acceptance that had spent; here one of the two happens."""
    for _ in ROUNDS:
        with portal() as lms:
            lms.allotted(1)
            invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
            done = race(
                lms, (AcceptInvite(invite, "leo"), learner("leo")), (CancelInvite(invite), MIA)
            )
            assert done == 1
            taken = lms.invite(invite).state.value == "accepted"
            assert lms.figures() == {MIAS: (0, 0, 1) if taken else (1, 0, 0)}
            assert len(lms.enrolments("first-aid")) == taken


def test_no_spend_is_lost_between_reading_and_writing() -> None:
    """D36: a balance was read, reduced and written back; here every spend is of what is there."""
    desk = Desk()
    desk.issue("a", ANNS, u(50))
    slow = Slow(desk.store)

    def spend(name: int) -> int:
        ledger, spent = Ledger(slow, clock=desk.clock), 0
        for number in range(5):
            with suppress(InsufficientUnits):
                ledger.execute(Spend(ANNS, u(3)), by=ADMIN, request=f"{name} {number}")
                spent += 1
        return spent

    answers = at_once(*[partial(spend, name) for name in range(6)])
    assert sum(answer for answer in answers if isinstance(answer, int)) == 16
    assert desk.figures(ANNS) == (200, 0, 4800, 0, 0)
    desk.check()


def test_a_receipt_is_of_what_is_kept() -> None:
    """R13: hosts were told before the commit and read old rows; here nobody is told before it."""
    desk = Desk()
    desk.issue("a", ANNS, u(10))
    told: list[object] = []
    seen: list[object] = []

    def before_it_is_kept() -> None:
        seen.append(list(told))
        raise StoreUnavailable("commit", "the line is cut")

    cut = Ledger(Between(desk.store, before_it_is_kept), clock=desk.clock)
    with pytest.raises(StoreUnavailable):
        told.append(cut.execute(Spend(ANNS, u(4)), by=ADMIN, request="x"))
    assert (seen, told, desk.ledger.receipt("x")) == ([[]], [], None)
    receipt = Ledger(desk.store, clock=desk.clock).execute(Spend(ANNS, u(4)), by=ADMIN, request="x")
    assert desk.ledger.receipt("x") == receipt
    assert desk.figures(ANNS) == (600, 0, 400, 0, 0)


def test_a_learner_ends_with_one_enrolment() -> None:
    """R17: one learner came out of a race with several licences; here with one, for one credit."""
    for _ in ROUNDS:
        with portal() as lms:
            lms.fill(5)
            lms.run(Allocate("first-aid", Credits.of(1)))
            lms.run(Grant("mia", "first-aid", Credits.of(1)))
            invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
            enrol, accept = Enrol("leo", "first-aid"), AcceptInvite(invite, "leo")
            assert race(lms, (enrol, ANN), (accept, learner("leo")), (enrol, ANN)) == 3
            assert len(lms.enrolments("first-aid")) == 1
            assert sum(spent for _, _, spent in lms.figures().values()) == 1


def _bought(room: Room, name: str) -> Receipt[OrderPlaced]:
    bought = PlaceOrder(f"o-{name}", name, cart("yoga 1"), code_id())
    return room.ledger.execute(bought, by=learner(name), request=f"o-{name}")


def test_a_code_pays_for_no_more_than_is_behind_it() -> None:
    """R36: a voucher for three was used five times at once; here three buyers get something."""
    for _ in range(5):
        room = stocked(code="A 3 d30")

        answers = at_once(*[partial(_bought, room, f"buyer{number}") for number in range(8)])
        assert accepted(answers) == 3
        assert (room.available(CODE), room.ledger.balance(CODE).spent.text) == ("0.00", "3.00")
        room.check()
