"""Many invites at once: C24, C30, C31, C32."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    MAX,
    MIA,
    MIAS,
    START,
    Portal,
    at,
    learner,
    portal,
)
from unitledger.amounts import Credits
from unitledger.credits import (
    AcceptInvite,
    CancelInvite,
    DeactivateManager,
    InviteAll,
    InviteEach,
    InviteState,
    Row,
    RowVerdict,
    SendInvite,
)
from unitledger.errors import InsufficientUnits, RequestConflict, UnitLedgerError, WalletClosed
from unitledger.policy import Policy, Trigger

BOTH = pytest.mark.parametrize("kind", [InviteAll, InviteEach])


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def everybody(*invitees: str, manager: str = "mia") -> InviteAll:
    return InviteAll(invitees, "first-aid", manager)


def each(*invitees: str) -> InviteEach:
    return InviteEach(invitees, "first-aid", "mia")


def addresses(count: int) -> list[str]:
    return [f"{number}@" for number in range(count)]


# All or nothing.


@pytest.mark.parametrize(
    ("credits_", "asked", "sent"),
    [
        pytest.param(3, 3, True, id="C31 C32 as many as there are credits"),
        pytest.param(4, 3, True, id="C31 one to spare"),
        pytest.param(2, 3, False, id="C32 n invites with n-1 credits"),
        pytest.param(0, 3, False, id="C32 no credit at all"),
        pytest.param(0, 1, False, id="C32 not even one"),
        pytest.param(1, 1, True, id="C31 a mailing to one"),
    ],
)
def test_everybody_or_nobody(lms: Portal, credits_: int, asked: int, sent: bool) -> None:
    if credits_:
        lms.allotted(credits_)
    command = everybody(*addresses(asked))
    if not sent:
        before = lms.figures()
        refusal = lms.refused(command, MIA)
        assert isinstance(refusal, InsufficientUnits)
        assert (refusal.wallets, refusal.needed, refusal.available) == (
            (MIAS,),
            Credits.of(asked),
            Credits.of(credits_),
        )
        assert lms.figures() == before
        return
    receipt = lms.run(command, MIA, request="all")
    assert receipt.outcome.new == asked
    assert [one.invite for one in receipt.outcome.invites] == [
        f"all.{number}" for number in range(1, asked + 1)
    ]
    assert [one.invitee for one in receipt.outcome.invites] == addresses(asked)
    assert {one.course for one in receipt.outcome.invites} == {"first-aid"}
    assert {one.manager for one in receipt.outcome.invites} == {"mia"}
    assert [move.verb for move in receipt.moves] == ["hold"] * asked
    assert lms.figures() == {MIAS: (credits_ - asked, asked, 0)}


def test_who_is_there_twice_is_invited_once_and_costs_once(lms: Portal) -> None:
    """C31: collapsed before the balance is looked at; ids count the rows."""
    lms.allotted(2)
    receipt = lms.run(everybody("a@", "a@", "b@", "a@", "b@"), MIA, request="all")
    assert [(one.invitee, one.invite) for one in receipt.outcome.invites] == [
        ("a@", "all.1"),
        ("b@", "all.3"),
    ]
    assert receipt.outcome.new == 2
    assert lms.figures() == {MIAS: (0, 2, 0)}


def test_who_has_an_open_invite_keeps_it_and_costs_nothing(lms: Portal) -> None:
    """C30, C31: whoever sent it."""
    lms.allotted(1, manager="max")
    first = lms.run(SendInvite("b@", "first-aid", "max"), MAX).outcome
    lms.allotted(1)
    receipt = lms.run(everybody("a@", "b@"), MIA, request="all")
    assert receipt.outcome.invites[1] == first
    assert receipt.outcome.new == 1
    assert lms.figures()[MIAS] == (0, 1, 0)


def test_a_mailing_of_known_addresses_moves_nothing(lms: Portal) -> None:
    """C30."""
    lms.allotted(2)
    first = lms.run(everybody("a@", "b@"), MIA)
    again = lms.run(everybody("b@", "a@"), MIA)
    assert (again.moves, again.outcome.new) == ((), 0)
    assert set(again.outcome.invites) == set(first.outcome.invites)


def test_what_a_refusal_counts_is_what_is_new(lms: Portal) -> None:
    """C32."""
    lms.allotted(2)
    lms.run(SendInvite("a@", "first-aid", "mia"), MIA)
    refusal = lms.refused(everybody("a@", "b@", "c@", "b@", "d@"), MIA)
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.needed, refusal.available) == (Credits.of(3), Credits.of(1))
    assert lms.figures() == {MIAS: (1, 1, 0)}


def test_an_invite_of_a_mailing_is_one_like_any_other(lms: Portal) -> None:
    """C31, C25, C33."""
    lms.allotted(3)
    one, two, _ = lms.run(everybody(*addresses(3)), MIA).outcome.invites
    lms.run(CancelInvite(one.invite), MIA)
    lms.run(AcceptInvite(two.invite, "leo"), learner("leo"))
    assert lms.figures() == {MIAS: (1, 1, 1)}


# Each by itself.


def test_as_far_as_the_credits_go(lms: Portal) -> None:
    """C31: one answer per row, in the order of the rows."""
    lms.allotted(1, manager="max")
    there = lms.run(SendInvite("x@", "first-aid", "max"), MAX).outcome.invite
    lms.allotted(2)
    receipt = lms.run(each("a@", "a@", "x@", "b@", "c@", "c@", "x@", "b@"), MIA, request="e")
    sent, open_, again, refused = RowVerdict
    assert receipt.outcome.rows == (
        Row("a@", sent, "e.1"),  # type: ignore[arg-type]
        Row("a@", RowVerdict.DUPLICATE, "e.1"),  # type: ignore[arg-type]
        Row("x@", open_, there),
        Row("b@", sent, "e.4"),  # type: ignore[arg-type]
        Row("c@", refused, None, "insufficient_units"),
        Row("c@", refused, None, "insufficient_units"),
        Row("x@", again, there),
        Row("b@", again, "e.4"),  # type: ignore[arg-type]
    )
    assert lms.figures()[MIAS] == (0, 2, 0)
    assert [move.verb for move in receipt.moves] == ["hold", "hold"]


def test_rows_that_are_all_refused_are_an_answer_too(lms: Portal) -> None:
    """C31."""
    receipt = lms.run(each("a@", "b@"), MIA)
    assert [row.verdict for row in receipt.outcome.rows] == [RowVerdict.REFUSED] * 2
    assert receipt.moves == ()
    assert lms.figures() == {}


def test_the_same_rows_again_find_what_was_sent(lms: Portal) -> None:
    """C30, C31: and go on with what was refused, once there are credits."""
    lms.allotted(1)
    lms.run(each("a@", "b@"), MIA, request="e")
    lms.allotted(1)
    rows = lms.run(each("a@", "b@"), MIA, request="f").outcome.rows
    assert [(row.verdict.value, row.invite) for row in rows] == [("open", "e.1"), ("sent", "f.2")]


# Both.


@BOTH
def test_a_mailing_is_asked_for_once(lms: Portal, kind: Any) -> None:
    """C61, R14: the retry of a mailing that timed out sends nothing more."""
    lms.allotted(2)
    command = kind(("a@", "b@"), "first-aid", "mia")
    first = lms.run(command, MIA, request="one")
    assert lms.ledger.execute(command, by=MIA, request="one") == first
    with pytest.raises(RequestConflict) as refusal:
        lms.ledger.execute(kind(("b@", "a@"), "first-aid", "mia"), by=MIA, request="one")
    assert refusal.value.differs == ("invitees",)
    assert lms.figures() == {MIAS: (0, 2, 0)}


@BOTH
@pytest.mark.parametrize(
    ("trigger", "figures"),
    [
        pytest.param(Trigger.INVITE_SENT, (1, 0, 2), id="C24 spent at once"),
        pytest.param(Trigger.INVITE_ACCEPTED, (1, 2, 0), id="C24 held"),
        pytest.param(Trigger.STARTED, (1, 2, 0), id="C24 held for a start"),
        pytest.param(Trigger.progress(5), (1, 2, 0), id="C24 held for progress"),
        pytest.param(Trigger.ENROLLED, (3, 0, 0), id="C24 nothing taken"),
    ],
)
def test_a_mailing_under_every_trigger(kind: Any, trigger: Trigger, figures: Any) -> None:
    with portal(Policy(consumed_at=trigger)) as lms:
        lms.allotted(3)
        lms.run(kind(("a@", "b@"), "first-aid", "mia"), MIA)
        assert lms.figures() == {MIAS: figures}


@BOTH
def test_more_are_invited_than_there_are_credits(kind: Any) -> None:
    """C24: where an enrolment takes the credit."""
    with portal(Policy(consumed_at=Trigger.ENROLLED)) as lms:
        command = kind(tuple(addresses(20)), "first-aid", "mia")
        lms.run(command, MIA)
        for number in range(20):
            assert lms.ledger.can(CancelInvite(f"r1.{number + 1}"), by=MIA)


@BOTH
def test_addresses_whose_invites_have_expired_are_invited_anew(kind: Any) -> None:
    """C30, C31: each new invite is paid by the credit that the old one gives back."""
    trigger = Trigger.INVITE_SENT
    with portal(Policy(consumed_at=trigger, invite_days=14)) as lms:
        lms.allotted(2)
        lms.run(kind(("a@", "b@"), "first-aid", "mia"), MIA, request="old")
        lms.clock.at = START + timedelta(days=14)
        lms.run(kind(("b@", "a@"), "first-aid", "mia"), MIA, request="new")
        states = [lms.invite(f"{name}.{n}").state for name in ("old", "new") for n in (1, 2)]
        cancelled, sent = InviteState.CANCELLED, InviteState.SENT
        assert states == [cancelled, cancelled, sent, sent]
        assert lms.figures() == {MIAS: (0, 0, 2)}


def test_a_row_that_is_refused_cancels_nothing() -> None:
    """C31: as `SendInvite` would have done."""
    with portal(Policy(invite_days=14)) as lms:
        lms.allotted(1)
        old = lms.run(SendInvite("a@", "first-aid", "mia"), MIA).outcome.invite
        lms.clock.at = START + timedelta(days=14)
        lms.run(each("b@", "a@"), MIA)
        assert lms.invite(old).state is InviteState.EXPIRED
        assert lms.figures() == {MIAS: (0, 1, 0)}


@BOTH
def test_lots_are_taken_as_by_one_invite_after_the_other(lms: Portal, kind: Any) -> None:
    """C31: the first to expire pay first, a lot that runs out is followed by the next."""
    lms.fill(2, MIAS, "late", expires=at("2026-09-01"))
    lms.fill(1, MIAS, "soon", expires=at("2026-06-01"))
    lms.fill(5, MIAS, "never")
    receipt = lms.run(kind(tuple(addresses(4)), "first-aid", "mia"), MIA)
    assert [move.lot for move in receipt.moves] == ["soon", "late", "late", "never"]


@BOTH
def test_a_manager_who_has_left_invites_nobody(lms: Portal, kind: Any) -> None:
    """C22."""
    lms.allotted(2)
    lms.run(DeactivateManager("mia", "first-aid"))
    refusal = lms.refused(kind(("a@",), "first-aid", "mia"), MIA)
    assert isinstance(refusal, WalletClosed)
    assert refusal.wallet == MIAS
    assert lms.figures() == {AID: (2, 0, 0)}


@BOTH
def test_a_manager_mails_in_their_own_name(lms: Portal, kind: Any) -> None:
    """C60."""
    lms.allotted(1)
    assert lms.refused(kind(("a@",), "first-aid", "mia"), MAX).code == "not_permitted"


@BOTH
def test_a_mailing_of_a_thousand_is_one_entry(lms: Portal, kind: Any) -> None:
    """C31, I16."""
    lms.allotted(1_000)
    everyone = tuple(addresses(1_000))
    before = len(lms.ledger.journal())
    lms.ledger.execute(kind(everyone, "first-aid", "mia"), by=MIA, request="all")
    assert len(lms.ledger.journal()) == before + 1
    assert lms.figures() == {MIAS: (0, 1_000, 0)}


@BOTH
@pytest.mark.parametrize(
    ("invitees", "code"),
    [
        pytest.param((), "invalid_value", id="I16 nobody"),
        pytest.param(["a@"], "invalid_type", id="I16 a list"),
        pytest.param("a@", "invalid_type", id="I16 a text"),
        pytest.param(("a@", ""), "invalid_id", id="I16 an empty one"),
        pytest.param(("a@", 1), "invalid_type", id="I16 a number"),
        pytest.param(("a@",) * 10_001, "limit_exceeded", id="I16 too many"),
    ],
)
def test_what_is_no_mailing_is_refused_at_the_door(kind: Any, invitees: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        kind(invitees, "first-aid", "mia")
    assert refusal.value.code == code
    assert len(kind(("a@",) * 10_000, "c", "m").invitees) == 10_000
    text = str(refusal.value)
    assert "10000" in text if code == "limit_exceeded" else "invitees" in text
    for course, manager in (("", "mia"), ("first-aid", "")):
        with pytest.raises(UnitLedgerError) as refusal:
            kind(("a@",), course, manager)
        assert refusal.value.code == "invalid_id"
