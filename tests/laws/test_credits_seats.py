"""Laws of invites, enrolments and mailings: one end for every credit, whoever comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.rules.credits_portal import (
    ANN,
    CRON,
    MAX,
    MAXS,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    learner,
    portal,
)
from unitledger.amounts import Credits
from unitledger.commands import Actor, Command
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    Enrol,
    Enrolment,
    EnrolmentState,
    Grant,
    Invite,
    InviteAll,
    InviteEach,
    InviteState,
    Reinvite,
    ReportProgress,
    ReverseEnrolment,
    RowVerdict,
    SendInvite,
    active_enrolment,
)
from unitledger.errors import LearnerCapReached, Refused
from unitledger.ids import LotId, WalletId
from unitledger.journal import exported, imported
from unitledger.operations import Issue, Sweep
from unitledger.policy import ExpiredCredit, Policy, Reversible, Trigger

DAY = timedelta(days=1)
TRIGGERS = st.sampled_from(
    [
        Trigger.INVITE_SENT,
        Trigger.INVITE_ACCEPTED,
        Trigger.ENROLLED,
        Trigger.STARTED,
        Trigger.progress(50),
    ]
)
POLICIES = st.builds(
    Policy,
    consumed_at=TRIGGERS,
    invite_days=st.sampled_from([None, 2]),
    reversible_until=st.just(Reversible.days(9)),
    expired_credit=st.sampled_from([ExpiredCredit.FORFEIT, ExpiredCredit.restore(3)]),
    learner_cap=st.sampled_from([None, 1, 2]),
)


def tried(lms: Portal, command: Command[Any], by: Actor) -> Any:
    """The outcome, or ``None`` when it is refused."""
    try:
        return lms.run(command, by).outcome
    except Refused as refusal:
        event(f"{command.NAME}: {refusal.code}")
        return None


# One invite, several people at it.

RACES: dict[str, Callable[[str], tuple[Command[Any], Actor]]] = {
    "accept": lambda invite: (AcceptInvite(invite, "leo"), learner("leo")),
    "accept by another": lambda invite: (AcceptInvite(invite, "lea"), learner("lea")),
    "cancel": lambda invite: (CancelInvite(invite), MIA),
    "cancel by an admin": lambda invite: (CancelInvite(invite), ANN),
    "send again": lambda invite: (Reinvite(invite), MIA),
}


@settings(deadline=None)
@given(policy=POLICIES, turns=st.lists(st.sampled_from([*RACES, "wait"]), min_size=1, max_size=7))
def test_an_invite_ends_in_one_place(policy: Policy, turns: list[str]) -> None:
    """C33, C35: the first acceptance or cancellation stands, and the credit is in one place."""
    with portal(policy) as lms:
        lms.allotted(1)
        invite = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA).outcome.invite
        ended: InviteState | None = None
        for turn in turns:
            if turn == "wait":
                lms.clock.at += DAY
                continue
            outcome = tried(lms, *RACES[turn](invite))
            assert outcome is None or ended is None, "something was done to a settled invite"
            if outcome is not None and not turn.startswith("send"):
                accepts = turn.startswith("accept")
                ended = InviteState.ACCEPTED if accepts else InviteState.CANCELLED
            assert sum(lms.figures()[MIAS]) == 1
        event(f"ended {ended}")
        if ended is not None:
            assert lms.invite(invite).state is ended
        free, _, _ = lms.figures()[MIAS]
        standing = [one for one in lms.enrolments("first-aid") if one.state.value == "active"]
        assert len(standing) == (ended is InviteState.ACCEPTED)
        if ended is not None:
            assert free == (ended is InviteState.CANCELLED)


@pytest.mark.parametrize("trigger", [Trigger.INVITE_ACCEPTED, Trigger.ENROLLED, Trigger.STARTED])
def test_an_accept_and_a_cancel_at_the_same_time(trigger: Trigger) -> None:
    """C33: exactly one of them is done, in threads that start together."""
    with portal(Policy(consumed_at=trigger)) as lms:
        lms.allotted(20)
        won: set[str] = set()
        for number in range(20):
            invite = lms.run(SendInvite(f"{number}@", "first-aid", "mia"), MIA).outcome.invite
            start = Barrier(2)

            def race(command: Command[Any], by: Actor, gate: Barrier = start) -> str | None:
                gate.wait(10)
                try:
                    lms.ledger.execute(command, by=by, request=f"{command.NAME} {command}")
                except Refused:
                    return None
                return command.NAME

            who = f"learner {number}"
            with ThreadPoolExecutor(2) as threads:
                answers = [
                    threads.submit(race, AcceptInvite(invite, who), learner(who)),
                    threads.submit(race, CancelInvite(invite), MIA),
                ]
                done = [answer.result(30) for answer in answers]
            assert sum(one is not None for one in done) == 1
            won |= {one for one in done if one}
            with lms.ledger.store.read(lms.ledger.portal) as reading:
                there = active_enrolment(reading, who, "first-aid") is not None
            state = InviteState.ACCEPTED if there else InviteState.CANCELLED
            assert lms.invite(invite).state is state
        assert won


# Mailings.

NAMES = st.lists(st.sampled_from([f"{name}@" for name in "abcdef"]), min_size=1, max_size=9)
LOTS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from([None, 1, 4, 30])), min_size=0, max_size=4
)


def opened(policy: Policy, lots: Sequence[tuple[int, int | None]], before: Sequence[str]) -> Portal:
    """A portal in which Mia has some lots, and some invites were sent three days ago."""
    lms = Portal(policy)
    for number, (credits_, days) in enumerate(lots):
        ends: datetime | None = None if days is None else START + days * DAY
        issue = Issue(LotId(f"lot {number}"), WalletId(MIAS), Credits.of(credits_), expires=ends)
        lms.ledger.execute(issue, by=ANN, request=f"lot {number}")
    for number, name in enumerate(before):
        by, manager = (MIA, "mia") if number % 2 else (MAX, "max")
        try:
            lms.run(SendInvite(name, "first-aid", manager), by, request=f"before {number}")
        except Refused:
            continue
    lms.clock.at += 3 * DAY
    return lms


def seats(lms: Portal) -> dict[str, tuple[str, datetime | None]]:
    """Who has an open invite by whom, and until when."""
    found = {}
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        for one in reading.find(Invite.KIND, "course", "first-aid"):
            assert isinstance(one, Invite)
            claim = reading.claim(one.claim)
            assert claim is not None
            if one.seen(claim, lms.clock.at).state is InviteState.SENT:
                found[one.invitee] = (one.manager, claim.deadline)
    return found


def cells(lms: Portal) -> dict[tuple[str, str], tuple[int, ...]]:
    """What every wallet has of every lot, once all that time has done is written down."""
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for number, wallet in enumerate((MIAS, MAXS)):
        lms.ledger.execute(Sweep(wallet), by=CRON, request=f"{lms.clock.at} {number}")
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        for wallet in reading.wallets():
            for lot, row in reading.holdings(wallet):
                found[wallet, lot.id] = row
    return found


@settings(deadline=None)
@given(policy=POLICIES, lots=LOTS, before=NAMES, names=NAMES)
def test_a_mailing_is_its_invites_one_by_one(
    policy: Policy, lots: Any, before: list[str], names: list[str]
) -> None:
    """C31: the same seats, and the same credits of the same lots, without the duplicates."""
    one_by_one, mailed = opened(policy, lots, before), opened(policy, lots, before)
    once = list(dict.fromkeys(names))
    sent = [tried(one_by_one, SendInvite(name, "first-aid", "mia"), MIA) for name in once]
    rows = mailed.run(InviteEach(tuple(names), "first-aid", "mia"), MIA).outcome.rows
    assert [row.invitee for row in rows] == names
    first = {row.invitee: row for row in reversed(rows)}
    assert [first[name].invite is None for name in once] == [one is None for one in sent]
    for row in rows:
        assert (row.refused is None) == (row.verdict is not RowVerdict.REFUSED)
    assert seats(mailed) == seats(one_by_one)
    assert cells(mailed) == cells(one_by_one)
    mailed.check()
    one_by_one.check()


@settings(deadline=None)
@given(policy=POLICIES, lots=LOTS, before=NAMES, names=NAMES)
def test_everybody_is_invited_exactly_when_each_would_be(
    policy: Policy, lots: Any, before: list[str], names: list[str]
) -> None:
    """C31, C32."""
    each, everybody = opened(policy, lots, before), opened(policy, lots, before)
    rows = each.run(InviteEach(tuple(names), "first-aid", "mia"), MIA).outcome.rows
    journal = everybody.ledger.journal()
    outcome = tried(everybody, InviteAll(tuple(names), "first-aid", "mia"), MIA)
    if any(row.verdict is RowVerdict.REFUSED for row in rows):
        event("one too many")
        assert outcome is None
        assert everybody.ledger.journal() == journal
    else:
        assert [one.invitee for one in outcome.invites] == list(dict.fromkeys(names))
        assert seats(everybody) == seats(each)
        assert cells(everybody) == cells(each)
    everybody.check()


# Caps and reversals.


@settings(deadline=None)
@given(
    policy=POLICIES,
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 100)), max_size=14
    ),
)
def test_a_reversal_undoes_an_enrolment_without_a_trace_in_the_figures(
    policy: Policy, steps: list[tuple[int, int, int]]
) -> None:
    """C57, C58, C63: credits and places come back; a cap counts what stands."""
    with portal(policy) as lms:
        lms.fill(3)
        lms.run(Allocate("first-aid", Credits.of(1)))
        for kind, number, percent in steps:
            course = ("first-aid", "fire", "smoke")[number]
            standing = [
                one
                for name in ("first-aid", "fire", "smoke")
                for one in lms.enrolments(name)
                if one.state is not EnrolmentState.REVERSED
            ]
            if kind < 2:
                _enrolled(lms, course, standing)
            elif standing:
                made = standing[number % len(standing)].id
                if kind == 2:
                    tried(lms, ReportProgress(made, percent), CRON)
                else:
                    _undone(lms, made)


def _enrolled(lms: Portal, course: str, standing: list[Enrolment]) -> None:
    cap = lms.ledger.policy.learner_cap
    here = any(one.course == course for one in standing)
    full = cap is not None and len(standing) >= cap and not here
    if full:
        refusal = lms.refused(Enrol("leo", course))
        assert isinstance(refusal, LearnerCapReached)
        assert (refusal.enrolments, refusal.cap) == (len(standing), cap)
    else:
        outcome = tried(lms, Enrol("leo", course), ANN)
        assert outcome is not None or not any(lms.free(one) for one in (POOL, "course/first-aid"))


def _undone(lms: Portal, made: str) -> None:
    before = sum(sum(three) for three in lms.figures().values())
    source = lms.run(ReverseEnrolment(made)).outcome.source
    assert source in (POOL, "course/first-aid")
    assert sum(sum(three) for three in lms.figures().values()) == before
    again = lms.run(ReverseEnrolment(made))
    assert again.same_as is not None
    assert again.moves == ()


@settings(deadline=None)
@given(policy=POLICIES, names=NAMES)
def test_a_portal_is_what_its_journal_folds_to(policy: Policy, names: list[str]) -> None:
    """C62: every balance, claim and record is there again, byte for byte."""
    with portal(policy) as lms:
        lms.fill(3)
        lms.run(Allocate("first-aid", Credits.of(3)))
        lms.run(Grant("mia", "first-aid", Credits.of(3)))
        rows = lms.run(InviteEach(tuple(names), "first-aid", "mia"), MIA).outcome.rows
        for row in rows[:2]:
            if row.invite is not None:
                outcome = tried(lms, AcceptInvite(row.invite, row.invitee), learner(row.invitee))
                if outcome is not None:
                    tried(lms, ReverseEnrolment(outcome.enrolment), ANN)
        assert lms.ledger.audit().faults == ()
        journal, _ = imported(exported(lms.ledger.journal()))
        assert journal == lms.ledger.journal()
