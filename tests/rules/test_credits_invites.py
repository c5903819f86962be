"""Invites: C24 to C30 and C32 to C35."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    CRON,
    MAX,
    MAXS,
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
    Enrol,
    Grant,
    InviteState,
    Reinvite,
    ReverseEnrolment,
    SendInvite,
    address_digest,
    invite_at,
)
from unitledger.errors import (
    IllegalTransition,
    InsufficientUnits,
    UnitLedgerError,
    UnknownObject,
)
from unitledger.lots import Scope
from unitledger.operations import Sweep
from unitledger.policy import Policy

FORTNIGHT = Policy(invite_days=14)
DEADLINE = at("2026-02-14T09:00")
MICROSECOND = timedelta(microseconds=1)
LEO = learner("leo")
KEY = b"sixteen bytes ok"


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


@pytest.fixture
def fortnight() -> Iterator[Portal]:
    """A portal whose invites expire after fourteen days."""
    with portal(FORTNIGHT) as opened:
        yield opened


def sent(lms: Portal, invitee: str = "leo@", credits_: int = 1) -> str:
    """An invite for first aid by Mia, who has so many credits."""
    lms.allotted(credits_)
    return lms.run(SendInvite(invitee, "first-aid", "mia"), MIA).outcome.invite


# Sending.


def test_an_invite_holds_one_credit_at_once(lms: Portal) -> None:
    """C24."""
    lms.allotted(3)
    receipt = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    outcome = receipt.outcome
    assert (outcome.invitee, outcome.course, outcome.manager) == ("leo@", "first-aid", "mia")
    assert [(move.verb, move.parts) for move in receipt.moves] == [("hold", 1)]
    assert lms.figures() == {MIAS: (2, 1, 0)}
    assert lms.invite(outcome.invite).state is InviteState.SENT


def test_without_a_credit_no_invite_is_sent(lms: Portal) -> None:
    """C24, C32: the pool and the course are not asked."""
    lms.allotted(2)
    lms.fill(9)
    lms.run(Allocate("first-aid", Credits.of(5)))
    lms.run(SendInvite("a@", "first-aid", "mia"), MIA)
    lms.run(SendInvite("b@", "first-aid", "mia"), MIA)
    refusal = lms.refused(SendInvite("c@", "first-aid", "mia"), MIA)
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.needed, refusal.available) == (
        (MIAS,),
        Credits.of(1),
        Credits.of(0),
    )
    assert lms.figures() == {POOL: (4, 0, 0), AID: (5, 0, 0), MIAS: (0, 2, 0)}


@pytest.mark.parametrize(
    ("days", "deadline"),
    [
        pytest.param(None, None, id="C29 KEEP: never"),
        pytest.param(14, DEADLINE, id="C29 RELEASE after fourteen days"),
    ],
)
def test_until_when_an_invite_holds_its_credit(days: int | None, deadline: Any) -> None:
    with portal(Policy(invite_days=days)) as lms:
        lms.allotted(1)
        outcome = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome
        assert outcome.deadline == deadline
        lms.clock.at = at("2036-01-01")
        assert lms.held(MIAS) == (1 if days is None else 0)


def test_an_invite_keeps_its_credit_by_default() -> None:
    """C29."""
    assert Policy().invite_days is None


# One open invite per address and course.


def test_a_second_invite_for_an_address_is_the_first_one(lms: Portal) -> None:
    """C30, R9: it moves nothing, and needs no credit."""
    lms.allotted(1)
    first = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="first")
    again = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="again")
    assert (again.same_as, again.moves, again.outcome) == ("first", (), first.outcome)
    assert lms.figures() == {MIAS: (0, 1, 0)}


def test_it_does_not_matter_who_sent_it(lms: Portal) -> None:
    """C30: the address is in the course already, at another manager's expense."""
    lms.allotted(1, manager="mia")
    lms.allotted(1, manager="max")
    first = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="first")
    again = lms.run(SendInvite("leo@", "first-aid", "max"), MAX)
    assert (again.same_as, again.outcome) == ("first", first.outcome)
    assert lms.figures() == {MIAS: (0, 1, 0), MAXS: (1, 0, 0)}


def test_another_course_or_address_is_another_invite(lms: Portal) -> None:
    """C30."""
    lms.allotted(2)
    lms.allotted(1, course="fire")
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert lms.run(SendInvite("leo@", "fire", "mia"), MIA).same_as is None
    assert lms.run(SendInvite("lea@", "first-aid", "mia"), MIA).same_as is None


@pytest.mark.parametrize(
    "settle",
    [
        pytest.param(lambda lms, one: lms.run(CancelInvite(one), MIA), id="C28 C30 cancelled"),
        pytest.param(lambda lms, one: lms.run(AcceptInvite(one, "leo"), LEO), id="C30 accepted"),
    ],
)
def test_a_settled_invite_is_no_longer_in_the_way(lms: Portal, settle: Any) -> None:
    first = sent(lms, credits_=2)
    settle(lms, first)
    second = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert second.same_as is None
    assert second.outcome.invite != first


def test_a_wrong_address_costs_nothing(lms: Portal) -> None:
    """C28: cancel and send another; the address of an invite cannot be changed."""
    wrong = sent(lms, "loe@", credits_=1)
    lms.run(CancelInvite(wrong), MIA)
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert lms.figures() == {MIAS: (0, 1, 0)}


# Cancelling.


@pytest.mark.parametrize("actor", [MIA, ANN], ids=["C25 by its manager", "C25 by an admin"])
def test_a_cancelled_invite_gives_its_credit_back(lms: Portal, actor: Any) -> None:
    invite = sent(lms, credits_=3)
    receipt = lms.run(CancelInvite(invite), actor)
    outcome = receipt.outcome
    assert (outcome.invite, outcome.manager, outcome.course) == (invite, "mia", "first-aid")
    assert [(move.verb, move.parts) for move in receipt.moves] == [("release", 1)]
    assert lms.figures() == {MIAS: (3, 0, 0)}
    assert lms.invite(invite).state is InviteState.CANCELLED


def test_a_cancelled_credit_goes_back_to_its_lot(lms: Portal) -> None:
    """C25."""
    lms.fill(1, MIAS, "soon", expires=at("2026-06-01"))
    lms.fill(1, MIAS, "late")
    invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
    (move,) = lms.run(CancelInvite(invite), MIA).moves
    assert move.lot == "soon"


def test_a_held_credit_outlives_its_lot_and_lapses_when_it_is_released(lms: Portal) -> None:
    """C25, C59: what is held is pinned; free again, it has expired."""
    lms.fill(1, MIAS, "soon", expires=at("2026-06-01"))
    invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
    lms.clock.at = at("2026-06-01")
    assert lms.held(MIAS) == 1
    lms.run(CancelInvite(invite), MIA)
    assert (lms.free(MIAS), lms.held(MIAS), lms.expired(MIAS)) == (0, 0, 1)


# Accepting.


def test_an_accepted_invite_spends_its_credit_on_an_enrolment(lms: Portal) -> None:
    """C25, C33."""
    invite = sent(lms)
    receipt = lms.run(AcceptInvite(invite, "leo"), LEO)
    outcome = receipt.outcome
    assert (outcome.invite, outcome.learner, outcome.spent) == (invite, "leo", Credits.of(1))
    assert [(move.verb, move.parts) for move in receipt.moves] == [("capture", 1)]
    assert lms.figures() == {MIAS: (0, 0, 1)}
    (enrolment,) = lms.enrolments("first-aid")
    assert (enrolment.id, enrolment.learner, enrolment.source) == (outcome.enrolment, "leo", MIAS)
    accepted = lms.invite(invite)
    assert (accepted.state, accepted.enrolment) == (InviteState.ACCEPTED, enrolment.id)


def test_a_learner_in_the_course_already_costs_the_manager_nothing(lms: Portal) -> None:
    """C34."""
    invite = sent(lms)
    lms.fill(1)
    there = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    receipt = lms.run(AcceptInvite(invite, "leo"), LEO)
    assert (receipt.outcome.enrolment, receipt.outcome.spent) == (there, Credits.of(0))
    assert [(move.verb, move.parts) for move in receipt.moves] == [("release", 1)]
    assert lms.figures() == {MIAS: (1, 0, 0), POOL: (0, 0, 1)}
    assert len(lms.enrolments("first-aid")) == 1
    assert lms.invite(invite).state is InviteState.ACCEPTED


def test_a_learner_whose_enrolment_was_reversed_is_not_in_the_course(lms: Portal) -> None:
    """C34, R5."""
    invite = sent(lms)
    lms.fill(1)
    lms.run(ReverseEnrolment(lms.run(Enrol("leo", "first-aid")).outcome.enrolment))
    assert lms.run(AcceptInvite(invite, "leo"), LEO).outcome.spent == Credits.of(1)


# The life cycle.


def accept(lms: Portal, invite: str) -> Any:
    return AcceptInvite(invite, "leo"), LEO


def cancel(lms: Portal, invite: str) -> Any:
    return CancelInvite(invite), MIA


def reinvite(lms: Portal, invite: str) -> Any:
    return Reinvite(invite), MIA


def wait(lms: Portal, invite: str) -> None:
    lms.clock.at = DEADLINE


@pytest.mark.parametrize(
    ("before", "step", "state", "wanted"),
    [
        pytest.param(accept, cancel, "accepted", "cancelled", id="C26 C33 cancel after accept"),
        pytest.param(accept, reinvite, "accepted", "sent", id="C26 re-invite after accept"),
        pytest.param(accept, accept, "accepted", "accepted", id="C35 accept twice"),
        pytest.param(cancel, accept, "cancelled", "accepted", id="C33 accept after cancel, D25"),
        pytest.param(cancel, reinvite, "cancelled", "sent", id="C35 re-invite after cancel"),
        pytest.param(cancel, cancel, "cancelled", "cancelled", id="C35 cancel twice"),
        pytest.param(wait, accept, "expired", "accepted", id="C35 accept what has expired, R6"),
    ],
)
def test_steps_that_an_invite_does_not_have(
    fortnight: Portal, before: Any, step: Any, state: str, wanted: str
) -> None:
    lms = fortnight
    invite = sent(lms, credits_=2)
    first = before(lms, invite)
    if first is not None:
        lms.run(*first)
    refusal = lms.refused(*step(lms, invite))
    assert isinstance(refusal, IllegalTransition)
    assert (refusal.kind, refusal.key, refusal.state, refusal.wanted) == (
        "invite",
        invite,
        state,
        wanted,
    )


@pytest.mark.parametrize(
    ("before", "step", "state", "figures"),
    [
        pytest.param(None, accept, "accepted", (1, 0, 1), id="C35 sent, accepted"),
        pytest.param(None, cancel, "cancelled", (2, 0, 0), id="C35 sent, cancelled"),
        pytest.param(None, reinvite, "sent", (1, 1, 0), id="C35 sent, sent again"),
        pytest.param(wait, cancel, "cancelled", (2, 0, 0), id="C35 expired, cancelled"),
        pytest.param(wait, reinvite, "sent", (1, 1, 0), id="C35 expired, sent again"),
    ],
)
def test_steps_that_an_invite_has(
    fortnight: Portal, before: Any, step: Any, state: str, figures: tuple[int, int, int]
) -> None:
    lms = fortnight
    invite = sent(lms, credits_=2)
    if before:
        before(lms, invite)
    lms.run(*step(lms, invite))
    assert lms.invite(invite).state == state
    assert lms.figures() == {MIAS: figures}


@pytest.mark.parametrize("command", [CancelInvite, Reinvite])
def test_an_invite_that_is_not_there(lms: Portal, command: Any) -> None:
    refusal = lms.refused(command("nothing.1"), MIA)
    assert isinstance(refusal, UnknownObject)
    assert (refusal.kind, refusal.key) == ("invite", "nothing.1")
    assert lms.refused(AcceptInvite("nothing.1", "leo"), LEO).code == "unknown_object"


# Expiry.


@pytest.mark.parametrize(
    ("when", "state", "figures"),
    [
        pytest.param(DEADLINE - MICROSECOND, "sent", (0, 1, 0), id="P11 just before"),
        pytest.param(DEADLINE, "expired", (1, 0, 0), id="P11 at the deadline"),
        pytest.param(DEADLINE + MICROSECOND, "expired", (1, 0, 0), id="P11 just after"),
    ],
)
@pytest.mark.parametrize("swept", [False, True], ids=["C29 never swept", "C29 swept"])
def test_an_open_invite_expires_at_its_deadline(
    fortnight: Portal, when: Any, state: str, figures: tuple[int, int, int], swept: bool
) -> None:
    lms = fortnight
    invite = sent(lms)
    assert lms.invite(invite, when).state == state
    lms.clock.at = when
    if swept:
        lms.run(Sweep(MIAS), CRON)
    assert lms.invite(invite).state == state
    assert lms.figures() == {MIAS: figures}
    can_accept = lms.ledger.can(AcceptInvite(invite, "leo"), by=LEO)
    assert can_accept is (state == "sent")


def test_an_expired_invites_credit_can_be_used(fortnight: Portal) -> None:
    """C29: without any job having run."""
    lms = fortnight
    sent(lms)
    assert lms.refused(SendInvite("lea@", "first-aid", "mia"), MIA).code == "insufficient_units"
    lms.clock.at = DEADLINE
    receipt = lms.run(SendInvite("lea@", "first-aid", "mia"), MIA)
    assert [move.verb for move in receipt.moves] == ["release", "hold"]


@pytest.mark.parametrize("swept", [False, True], ids=["C35 never swept", "C35 swept"])
def test_an_expired_invite_is_sent_again_if_there_is_a_credit(
    fortnight: Portal, swept: bool
) -> None:
    """C27: it has let go of its credit, so it takes one again, and keeps its id."""
    lms = fortnight
    invite = sent(lms)
    lms.clock.at = DEADLINE
    if swept:
        lms.run(Sweep(MIAS), CRON)
    outcome = lms.run(Reinvite(invite), MIA).outcome
    assert (outcome.invite, outcome.deadline) == (invite, DEADLINE + timedelta(days=14))
    assert lms.figures() == {MIAS: (0, 1, 0)}
    assert lms.run(AcceptInvite(invite, "leo"), LEO).outcome.spent == Credits.of(1)


@pytest.mark.parametrize("swept", [False, True], ids=["C35 never swept", "C35 swept"])
def test_an_expired_invite_is_not_sent_again_without_a_credit(
    fortnight: Portal, swept: bool
) -> None:
    """C27."""
    lms = fortnight
    invite = sent(lms)
    lms.clock.at = DEADLINE
    if swept:
        lms.run(Sweep(MIAS), CRON)
    lms.run(SendInvite("lea@", "first-aid", "mia"), MIA)
    refusal = lms.refused(Reinvite(invite), MIA)
    assert isinstance(refusal, InsufficientUnits)
    assert refusal.wallets == (MIAS,)
    lms.allotted(1)
    lms.run(Reinvite(invite), MIA)
    assert lms.figures() == {MIAS: (0, 2, 0)}


@pytest.mark.parametrize("days", [None, 14], ids=["C27 KEEP", "C27 RELEASE"])
def test_an_open_invite_sent_again_moves_nothing(days: int | None) -> None:
    with portal(Policy(invite_days=days)) as lms:
        invite = sent(lms)
        for day in range(1, 6):
            lms.clock.at = START + timedelta(days=10 * day)
            receipt = lms.run(Reinvite(invite), MIA)
            assert (receipt.outcome.invite, receipt.moves) == (invite, ())
            until = None if days is None else lms.clock.at + timedelta(days=14)
            assert receipt.outcome.deadline == until
            assert lms.figures() == {MIAS: (0, 1, 0)}


def test_a_renewed_deadline_counts_from_the_last_time_it_was_sent(fortnight: Portal) -> None:
    """C27, R7."""
    lms = fortnight
    invite = sent(lms)
    lms.clock.at = START + timedelta(days=10)
    lms.run(Reinvite(invite), MIA)
    lms.clock.at = DEADLINE
    assert lms.invite(invite).state is InviteState.SENT
    assert lms.held(MIAS) == 1
    lms.clock.at = START + timedelta(days=24)
    assert lms.invite(invite).state is InviteState.EXPIRED
    assert lms.free(MIAS) == 1


def test_a_deadline_is_lifted_when_the_policy_no_longer_has_one(fortnight: Portal) -> None:
    """C29, C27."""
    lms = fortnight
    invite = sent(lms)
    lms.ledger.policy = Policy()
    assert lms.run(Reinvite(invite), MIA).outcome.deadline is None
    lms.clock.at = at("2030-01-01")
    assert lms.invite(invite).state is InviteState.SENT
    lms.run(AcceptInvite(invite, "leo"), LEO)


def test_who_has_expired_is_invited_anew(fortnight: Portal) -> None:
    """C30: the old invite is cancelled, so there is never more than one that can be taken up."""
    lms = fortnight
    old = sent(lms, credits_=2)
    lms.clock.at = DEADLINE
    receipt = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert receipt.same_as is None
    assert lms.invite(old).state is InviteState.CANCELLED
    assert lms.refused(Reinvite(old), MIA).code == "illegal_transition"
    assert lms.figures() == {MIAS: (1, 1, 0)}
    assert lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome == receipt.outcome


def test_who_has_expired_is_invited_anew_by_another_manager(fortnight: Portal) -> None:
    """C30: and the first manager has the credit back."""
    lms = fortnight
    old = sent(lms)
    lms.allotted(1, manager="max")
    lms.clock.at = DEADLINE
    lms.run(SendInvite("leo@", "first-aid", "max"), MAX)
    assert lms.invite(old).state is InviteState.CANCELLED
    assert lms.figures() == {MIAS: (1, 0, 0), MAXS: (0, 1, 0)}


def test_a_clock_set_back_does_not_bring_an_expired_invite_to_life(fortnight: Portal) -> None:
    """I6, C35: its credit is gone, and nothing in the wallet happens before what has happened."""
    lms = fortnight
    invite = sent(lms)
    lms.clock.at = DEADLINE
    lms.run(SendInvite("lea@", "first-aid", "mia"), MIA)
    lms.clock.at = START
    refusal = lms.refused(AcceptInvite(invite, "leo"), LEO)
    assert isinstance(refusal, IllegalTransition)
    assert refusal.state == "expired"


def test_two_invites_expire_each_at_its_own_time(fortnight: Portal) -> None:
    """C29, P17."""
    lms = fortnight
    lms.allotted(2)
    lms.run(SendInvite("a@", "first-aid", "mia"), MIA)
    lms.clock.at = START + timedelta(days=3)
    second = lms.run(SendInvite("b@", "first-aid", "mia"), MIA).outcome.invite
    lms.clock.at = DEADLINE
    assert lms.figures() == {MIAS: (1, 1, 0)}
    assert lms.run(AcceptInvite(second, "leo"), LEO).outcome.spent == Credits.of(1)
    assert lms.figures() == {MIAS: (1, 0, 1)}


def test_an_invite_that_is_asked_for_must_be_there(lms: Portal) -> None:
    """C35."""
    lms.fill(1)
    with lms.ledger.store.read(lms.ledger.portal) as reading, pytest.raises(UnknownObject):
        invite_at(reading, "nothing.1", at=START)


def test_an_invite_uses_no_lot_of_another_course(lms: Portal) -> None:
    """C16, C24."""
    lms.fill(1, MIAS, scope=Scope(courses=frozenset({"fire"})))
    assert lms.refused(SendInvite("leo@", "first-aid", "mia"), MIA).code == "insufficient_units"


def test_an_invite_uses_a_lot_that_is_for_its_course(lms: Portal) -> None:
    """C16, C24: all the way from the pool."""
    lms.fill(1, lot="aid only", scope=Scope(courses=frozenset({"first-aid"})))
    lms.run(Allocate("first-aid", Credits.of(1)))
    lms.run(Grant("mia", "first-aid", Credits.of(1)))
    receipt = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert [move.lot for move in receipt.moves] == ["aid only"]


def test_a_grant_after_an_invite_is_a_second_credit(lms: Portal) -> None:
    """C24, C16."""
    sent(lms)
    lms.fill(1)
    lms.run(Allocate("first-aid", Credits.of(1)))
    lms.run(Grant("mia", "first-aid", Credits.of(1)))
    assert lms.figures() == {MIAS: (1, 1, 0)}


# Addresses.


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("Leo@Example.org", "leo@example.org", True, id="C30 R9 case"),
        pytest.param("  leo@example.org\n", "leo@example.org", True, id="C30 space around"),
        pytest.param("STRASSE@example.org", "straße@example.org", True, id="C30 casefold"),
        pytest.param("leo@example.org", "lea@example.org", False, id="C30 another"),
        pytest.param("l eo@example.org", "leo@example.org", False, id="C30 space inside"),
    ],
)
def test_which_addresses_are_the_same(one: str, other: str, same: bool) -> None:
    assert (address_digest(one, KEY) == address_digest(other, KEY)) is same


def test_a_digest_depends_on_the_key_and_hides_the_address() -> None:
    """C30, 3.5."""
    digest = address_digest("leo@example.org", KEY)
    assert digest != address_digest("leo@example.org", KEY + b"!")
    assert len(digest) == 64
    assert "leo" not in digest
    assert SendInvite(digest, "first-aid", "mia").invitee == digest


def test_a_digest_is_the_same_for_ever() -> None:
    """I15: a golden value, or every stored reference would be worth nothing."""
    assert (
        address_digest("leo@example.org", KEY)
        == "94d65f7e58e1979135ac9bce7c8dc9d62b738e9a7dd019faa4c5f1f9f4af0267"
    )


@pytest.mark.parametrize(
    ("address", "key", "code"),
    [
        pytest.param("", KEY, "invalid_value", id="C30 empty"),
        pytest.param(" \t\n", KEY, "invalid_value", id="C30 only space"),
        pytest.param("a" * 321, KEY, "limit_exceeded", id="I16 long"),
        pytest.param("\ud800", KEY, "invalid_value", id="I16 half a character"),
        pytest.param(b"leo@example.org", KEY, "invalid_type", id="I16 bytes"),
        pytest.param("leo@example.org", "sixteen bytes ok", "invalid_type", id="3.5 a text key"),
        pytest.param("leo@example.org", KEY[1:], "invalid_value", id="3.5 a short key"),
    ],
)
def test_what_cannot_be_digested(address: Any, key: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        address_digest(address, key)
    assert refusal.value.code == code
    assert "example.org" not in str(refusal.value)
    assert "sixteen" not in str(refusal.value)


@pytest.mark.parametrize(
    ("command", "arguments", "code"),
    [
        pytest.param(
            SendInvite,
            (
                "",
                "c",
                "m",
            ),
            "invalid_id",
            id="I16 nobody",
        ),
        pytest.param(
            SendInvite,
            (
                "i",
                "",
                "m",
            ),
            "invalid_id",
            id="I16 no course",
        ),
        pytest.param(
            SendInvite,
            (
                "i",
                "c",
                1,
            ),
            "invalid_type",
            id="I16 a number",
        ),
        pytest.param(
            AcceptInvite,
            (
                "i",
                "",
            ),
            "invalid_id",
            id="I16 no learner",
        ),
        pytest.param(
            AcceptInvite,
            (
                "",
                "l",
            ),
            "invalid_id",
            id="I16 no invite",
        ),
        pytest.param(CancelInvite, ("",), "invalid_id", id="I16 no invite to cancel"),
        pytest.param(Reinvite, (None,), "invalid_type", id="I16 no invite to send"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(
    command: Any, arguments: Any, code: str
) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        command(*arguments)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("address", "key", "said"),
    [
        pytest.param(5, KEY, "address is 5; give exactly str", id="C30 a number"),
        pytest.param(
            "leo", "secret", "key is of another type; give exactly bytes", id="C30 a key in letters"
        ),
        pytest.param("leo", b"short", "key is of 5 bytes; give at least 16 bytes", id="C30 short"),
        pytest.param(
            "l" * 321,
            KEY,
            "characters of an address: 321; the limit is 320",
            id="C30 long",
        ),
        pytest.param(" ", KEY, "address is empty; give an address", id="C30 space"),
        pytest.param(
            "\ud800", KEY, "address is not a text of characters; give an address", id="C30 a half"
        ),
    ],
)
def test_what_is_said_of_an_address(address: Any, key: Any, said: str) -> None:
    with pytest.raises(UnitLedgerError) as refused:
        address_digest(address, key)
    assert str(refused.value) == said


def test_an_address_of_320_characters_is_one() -> None:
    """C30."""
    assert len(address_digest("l" * 320, KEY)) == 64
