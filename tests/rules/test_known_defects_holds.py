"""Known defects of holds and invites: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.rules.credits_portal import (
    FIRE,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    at,
    learner,
    portal,
)
from tests.rules.test_training_checkout import cart, order, stocked
from tests.rules.test_training_refunds import refund
from tests.rules.training_room import ADMIN, day
from tests.rules.training_room import learner as buyer
from unitledger.accounts import member
from unitledger.amounts import Credits
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    Enrol,
    Grant,
    InviteState,
    Reinvite,
    SendInvite,
    address_digest,
)
from unitledger.errors import InvalidInput
from unitledger.ids import LotId, WalletId
from unitledger.operations import EditExpiry
from unitledger.policy import DebitAt, Policy
from unitledger.training import CaptureLine, PlaceOrder

LEO = learner("leo")
KEY = b"sixteen bytes or more"
MICROSECOND = timedelta(microseconds=1)
FORTNIGHT = Policy(invite_days=14)
HELD = Policy(debit_at=DebitAt.HOLD_THEN_CAPTURE, approval_days=7)


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def after(lms: Portal, days: int, less: timedelta = timedelta()) -> None:
    lms.clock.at = START + timedelta(days=days) - less


def sent(lms: Portal, invitee: str = "a", course: str = "first-aid") -> str:
    """The id of an invite of mia's."""
    return lms.run(SendInvite(invitee, course, "mia"), MIA).outcome.invite


def test_a_hold_that_nobody_ends_ends_by_itself() -> None:
    """D30: what crashed half-way held its value for ever; here no job has to run to free it."""
    with portal(FORTNIGHT) as lms:
        lms.allotted(1)
        sent(lms)
        after(lms, 14, less=MICROSECOND)
        assert lms.figures() == {MIAS: (0, 1, 0)}
        after(lms, 14)
        assert lms.figures() == {MIAS: (1, 0, 0)}
        sent(lms, "b")
    room = stocked(HELD, own="B 9")
    room.do(PlaceOrder("o1", "ann", cart("yoga 9"), needs_approval=True), buyer("ann"))
    room.at(6)
    assert room.available(member("ann")) == "0.00"
    room.at(7)
    room.do(order("chess 9", name="o2"), buyer("ann"))


def test_an_invite_sent_again_has_its_time_anew() -> None:
    """R7: a renewed hold ran out by its first date; here the last sending counts."""
    with portal(FORTNIGHT) as lms:
        lms.allotted(1)
        invite = sent(lms)
        after(lms, 10)
        assert lms.run(Reinvite(invite), MIA).outcome.deadline == START + timedelta(days=24)
        after(lms, 24, less=MICROSECOND)
        assert lms.invite(invite).state is InviteState.SENT
        after(lms, 24)
        assert lms.invite(invite).state is InviteState.EXPIRED


def test_a_hold_runs_out_by_its_own_deadline() -> None:
    """R8: a hold ran out by the date of another run; here the one beside it has its own."""
    with portal(FORTNIGHT) as lms:
        lms.allotted(2)
        early = sent(lms, "a")
        after(lms, 10)
        late = sent(lms, "b")
        after(lms, 14)
        assert (lms.invite(early).state, lms.invite(late).state) == (
            InviteState.EXPIRED,
            InviteState.SENT,
        )
        assert lms.figures() == {MIAS: (1, 1, 0)}
        sent(lms, "d")
        assert lms.figures() == {MIAS: (0, 2, 0)}
        lms.run(AcceptInvite(late, "leo"), LEO)


def test_large_and_small_letters_are_one_address(lms: Portal) -> None:
    """R9: one address in two spellings held two credits; here its reference is one and the same."""
    lms.allotted(2)
    spellings = ("Leo.Maier@Example.org", "leo.maier@example.org", " LEO.MAIER@EXAMPLE.ORG ")
    invites = {sent(lms, address_digest(spelling, KEY)) for spelling in spellings}
    assert len(invites) == 1
    assert address_digest("lea.maier@example.org", KEY) != address_digest(spellings[0], KEY)
    assert lms.figures() == {MIAS: (1, 1, 0)}


def test_another_address_makes_no_other_learner(lms: Portal) -> None:
    """R11: whoever changed address lost the hold or got a second; here the learner counts."""
    lms.allotted(2)
    old, new = (sent(lms, address_digest(f"{name}@example.org", KEY)) for name in ("leo", "l.neu"))
    first = lms.run(AcceptInvite(old, "leo"), LEO).outcome
    second = lms.run(AcceptInvite(new, "leo"), LEO).outcome
    assert (second.enrolment, second.spent) == (first.enrolment, Credits.of(0))
    assert lms.figures() == {MIAS: (1, 0, 1)}


@pytest.mark.parametrize("nobody", [None, "", " ", 0], ids=["none", "empty", "blank", "zero"])
@pytest.mark.parametrize(
    "naming",
    [
        pytest.param(lambda who: Enrol(who, "first-aid"), id="R12 a learner"),
        pytest.param(lambda who: SendInvite(who, "first-aid", "mia"), id="R12 an address"),
        pytest.param(lambda who: SendInvite("a", "first-aid", who), id="R12 a manager"),
        pytest.param(lambda who: AcceptInvite("i", who), id="R12 who accepts"),
        pytest.param(CancelInvite, id="R12 an invite"),
        pytest.param(lambda who: PlaceOrder("o", who, cart("yoga 1")), id="R12 a buyer"),
    ],
)
def test_nobody_is_nobody(naming: Callable[[object], object], nobody: object) -> None:
    """R12: an empty id matched everything that had no owner; here it is no id."""
    with pytest.raises(InvalidInput):
        naming(nobody)


def test_more_time_takes_no_second_credit() -> None:
    """R34: extending what had expired took another licence; here it is still the one."""
    with portal(FORTNIGHT) as lms:
        lms.fill(3, expires=START + timedelta(days=30))
        lms.run(Allocate("first-aid", Credits.of(1)))
        lms.run(Grant("mia", "first-aid", Credits.of(1)))
        invite = sent(lms)
        enrolment = lms.run(Enrol("leo", "fire"), request="in").outcome.enrolment
        after(lms, 15)
        for _ in range(2):
            assert lms.run(Reinvite(invite), MIA).outcome.invite == invite
            assert lms.figures() == {MIAS: (0, 1, 0), POOL: (1, 0, 1)}
        after(lms, 40)
        assert (lms.free(POOL), lms.expired(POOL)) == (0, 1)
        lms.run(EditExpiry(LotId("lot1"), WalletId(POOL), None))
        again = lms.run(Enrol("leo", "fire"))
        assert (again.outcome.enrolment, again.same_as) == (enrolment, "in")
        assert lms.figures() == {MIAS: (1, 0, 0), POOL: (1, 0, 1)}


def test_what_is_taken_back_is_named(lms: Portal) -> None:
    """R54: of several assignments to one address, which one was revoked? here it is named."""
    lms.fill(2)
    for course in ("first-aid", "fire"):
        lms.run(Allocate(course, Credits.of(1)))
        lms.run(Grant("mia", course, Credits.of(1)))
    aid, fire = sent(lms), sent(lms, course="fire")
    lms.run(CancelInvite(fire), MIA)
    assert (lms.invite(aid).state, lms.invite(fire).state) == (
        InviteState.SENT,
        InviteState.CANCELLED,
    )
    assert lms.figures() == {MIAS: (0, 1, 0), MIAS.replace("first-aid", "fire"): (1, 0, 0)}
    assert lms.free(FIRE) == 0
    room = stocked(own="B 9")
    room.do(order("yoga 2, yoga 3"), buyer("ann"))
    room.do(refund(line=2))
    assert room.available(member("ann")) == "7.00"


def test_what_was_taken_in_time_is_good_afterwards() -> None:
    """R55: a credit valid at the event was refused after it; here it is held, then spent."""
    with portal() as lms:
        lms.fill(1, MIAS, expires=at("2026-02-10"))
        invite = sent(lms)
        lms.clock.at = at("2026-02-11")
        lms.run(AcceptInvite(invite, "leo"), LEO)
        assert lms.figures() == {MIAS: (0, 0, 1)}
    room = stocked(HELD, own="B 9 d3")
    room.do(PlaceOrder("o1", "ann", cart("yoga 9"), needs_approval=True), buyer("ann"))
    room.at(5)
    assert day(3) < room.clock.at
    room.do(CaptureLine("o1", 1), ADMIN)
    assert room.ledger.balance(member("ann")).spent.text == "9.00"
