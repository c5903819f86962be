"""Known defects of life cycles: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.desk import ANN as ANNS
from tests.desk import Desk, day, u
from tests.rules.credits_portal import (
    AID,
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
from tests.rules.test_training_checkout import cart, stocked
from tests.rules.test_training_refunds import bought, refund
from tests.rules.training_room import ADMIN
from unitledger.accounts import member
from unitledger.amounts import Credits
from unitledger.codec import kinds
from unitledger.commands import Command
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    CloseCourse,
    CompleteEnrolment,
    DeactivateManager,
    Enrol,
    Forfeit,
    Grant,
    Lapse,
    LapseTerms,
    Replenish,
    Resubscribe,
    ReverseEnrolment,
    SendInvite,
    StartEnrolment,
    Subscribe,
    Subscription,
    SubscriptionState,
)
from unitledger.errors import (
    ClaimExceeded,
    IllegalTransition,
    InvalidValue,
    NotReversible,
    SubscriptionLapsed,
    WalletClosed,
)
from unitledger.ids import RecordId, WalletId
from unitledger.operations import Capture, Release, Reverse, Sweep
from unitledger.policy import DebitAt, Policy, Refill, RefillMode, RefundMode, Refunds
from unitledger.ports import Reading, Store, UnitOfWork
from unitledger.time import Period, Recurrence
from unitledger.training import NoRefund, PlaceOrder, WithdrawLine
from unitledger.values import Value

LEO = learner("leo")


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def test_what_was_let_go_is_not_spent_afterwards(lms: Portal) -> None:
    """D5: a failed transaction was committed later, below zero; here its end is its end."""
    desk = Desk()
    desk.issue("a", ANNS, u(5))
    claim = desk.hold(ANNS, u(5))
    desk.give(Release(claim, ANNS))
    desk.spend(ANNS, u(5))
    with pytest.raises(ClaimExceeded):
        desk.give(Capture(claim, ANNS))
    assert desk.figures(ANNS) == (0, 0, 500, 0, 0)
    lms.fill(2)
    enrolment = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.run(ReverseEnrolment(enrolment))
    for command in (CompleteEnrolment(enrolment), StartEnrolment(enrolment)):
        assert type(lms.refused(command, CRON)) is IllegalTransition
    assert lms.figures() == {POOL: (2, 0, 0)}


def test_what_was_spent_is_not_let_go_as_though_it_were_held(lms: Portal) -> None:
    """D6: a committed entry set to failed gave its value back; here there is no such step."""
    desk = Desk()
    desk.issue("a", ANNS, u(5))
    claim = desk.spend(ANNS, u(5)).outcome.claim
    with pytest.raises(ClaimExceeded):
        desk.give(Release(claim, ANNS))
    assert desk.figures(ANNS) == (0, 0, 500, 0, 0)
    lms.allotted(1)
    invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
    enrolment = lms.run(AcceptInvite(invite, "leo"), LEO).outcome.enrolment
    assert type(lms.refused(CancelInvite(invite), MIA)) is IllegalTransition
    lms.run(CompleteEnrolment(enrolment), CRON)
    assert type(lms.refused(ReverseEnrolment(enrolment))) is IllegalTransition
    assert lms.figures() == {MIAS: (0, 0, 1)}


def test_a_refused_reversal_reverses_nothing(lms: Portal) -> None:
    """D7: a reversal that had failed still counted; here what is refused leaves no trace at all."""
    lms.fill(2)
    enrolment = lms.run(Enrol("leo", "first-aid"), request="in").outcome.enrolment
    lms.run(StartEnrolment(enrolment), CRON)
    for _ in range(2):
        assert type(lms.refused(ReverseEnrolment(enrolment))) is NotReversible
    assert lms.ledger.credits.learner("leo").used == Credits.of(1)
    assert lms.run(Enrol("leo", "first-aid")).same_as == "in"
    assert lms.figures() == {POOL: (1, 0, 1)}
    room = bought(own="B 2")
    room.refused(ClaimExceeded, refund("12.01"))
    assert room.do(refund()).outcome.refunded.text == "12.00"


def subscription(lms: Portal) -> Subscription:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        found = reading.record(Subscription.KIND, "growth")
    assert isinstance(found, Subscription)
    return found


def test_a_state_and_its_instants_agree(lms: Portal) -> None:
    """D26: some steps forgot to stamp or clear their instants; here a step writes all of them."""
    lms.fill(2)
    first = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    lms.run(ReverseEnrolment(first), request="undo")
    again = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
    stands = {one.id: (one.state.value, one.reversed_by) for one in lms.enrolments("first-aid")}
    assert stands == {first: ("reversed", "undo"), again: ("active", None)}
    lms.run(Subscribe("growth", Credits.of(12), Period.MONTH))
    lms.clock.at = at("2026-02-02")
    lms.run(Lapse("growth"))
    lapsed = subscription(lms)
    assert lapsed.lapse is not None
    assert (lapsed.state, lapsed.lapse.since) == (SubscriptionState.SUSPENDED, at("2026-02-02"))


def test_a_restored_subscription_has_no_lapse_left() -> None:
    """D26: a state went back and its instant stayed; here neither can be had without the other."""
    with portal(Policy(lapse_grace_days=14)) as lms:
        lms.run(Subscribe("growth", Credits.of(12), Period.MONTH))
        before = subscription(lms)
        lms.run(Lapse("growth"))
        lapsed = subscription(lms)
        lms.run(Resubscribe("growth"))
        assert subscription(lms) == before
    renewal, terms = Recurrence(START, Period.MONTH), lapsed.lapse
    assert isinstance(terms, LapseTerms)
    for state, lapse in ((SubscriptionState.IN_FORCE, terms), (SubscriptionState.SUSPENDED, None)):
        with pytest.raises(InvalidValue):
            Subscription(RecordId("growth"), Credits.of(12), renewal, state=state, lapse=lapse)


def test_what_has_a_history_cannot_be_deleted(lms: Portal) -> None:
    """D40: a deleted ledger left entries of nobody; here nothing is deleted, only closed."""
    verbs = {*kinds(Value), *(name for port in (Store, Reading, UnitOfWork) for name in vars(port))}
    assert "enrol" in verbs
    assert not [verb for verb in verbs if re.search("delete|remove|drop|purge|erase", verb)]
    lms.allotted(3)
    lms.run(DeactivateManager("mia", "first-aid"))
    lms.run(CloseCourse("first-aid"))
    assert lms.figures() == {POOL: (3, 0, 0)}
    told = [line.command for line in lms.ledger.statement(AID).lines]
    assert told == ["allocate", "grant", "deactivate_manager", "close_course"]
    assert [line.command for line in lms.ledger.statement(MIAS).lines] == told[1:3]
    assert [line.lot.id for line in lms.ledger.balance(MIAS).lots] == ["lot1"]


def test_what_has_expired_or_was_taken_back_is_not_redeemed() -> None:
    """R6: expired and reversed holds could be redeemed; here neither can."""
    with portal(Policy(invite_days=14)) as lms:
        lms.allotted(2)
        invites = [lms.run(SendInvite(one, "first-aid", "mia"), MIA).outcome.invite for one in "ab"]
        lms.run(CancelInvite(invites[0]), MIA)
        lms.clock.at = START + timedelta(days=14)
        for invite, state in zip(invites, ("cancelled", "expired"), strict=True):
            refusal = lms.refused(AcceptInvite(invite, "leo"), LEO)
            assert isinstance(refusal, IllegalTransition)
            assert refusal.state == state
        assert lms.figures() == {MIAS: (2, 0, 0)}
    desk = Desk()
    desk.issue("a", ANNS, u(5))
    claim = desk.hold(ANNS, u(5), day(3))
    with pytest.raises(ClaimExceeded):
        desk.at(3).give(Capture(claim, ANNS))
    taken = desk.spend(ANNS, u(5)).outcome.claim
    desk.give(Reverse(taken, ANNS))
    with pytest.raises(ClaimExceeded):
        desk.give(Reverse(taken, ANNS))
    assert desk.figures(ANNS) == (500, 0, 0, 0, 0)


def test_the_end_of_an_old_plan_ends_nothing_of_the_new_one() -> None:
    """R19: expiring a renewed plan cut its learners off; here another plan in force is enough."""
    with portal(Policy(refill=Refill(RefillMode.EXPIRE_PERIOD))) as lms:
        for name in ("old", "new"):
            lms.run(Subscribe(name, Credits.of(24), Period.MONTH))
            lms.run(Replenish(name, 0), CRON)
        leo = lms.run(Enrol("leo", "first-aid")).outcome.enrolment
        lms.run(Lapse("old"))
        lms.run(Forfeit("old", POOL), CRON)
        lms.run(Enrol("lea", "first-aid"))
        lms.clock.at = at("2026-02-28T09:00")
        lms.run(Replenish("new", 1), CRON)
        lms.run(Enrol("lin", "first-aid"))
        states = {one.id: one.state.value for one in lms.enrolments("first-aid")}
        assert (states[leo], len(states)) == ("active", 3)
        assert lms.spent(POOL) == 3


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(Enrol("leo", "first-aid"), id="R21 enrol"),
        pytest.param(Allocate("first-aid", Credits.of(1)), id="R21 allocate"),
    ],
)
def test_what_is_not_active_pays_for_nothing(lms: Portal, command: Command[Any]) -> None:
    """R21: an inactive pool could be spent from; here it is refused until it is active again."""
    lms.run(Subscribe("growth", Credits.of(120), Period.MONTH))
    lms.run(Replenish("growth", 0), CRON)
    lms.run(Lapse("growth"))
    assert type(lms.refused(command)) is SubscriptionLapsed
    assert (lms.free(POOL), lms.spent(POOL)) == (10, 0)


def test_a_closed_account_and_a_lot_to_come_pay_for_nothing(lms: Portal) -> None:
    """R21: an inactive pool could be spent from; here a closed account gets and spends nothing."""
    lms.fill(5, effective=at("2026-02-02"))
    assert lms.refused(Enrol("leo", "first-aid")).code == "insufficient_units"
    lms.clock.at = at("2026-02-02")
    lms.run(Allocate("first-aid", Credits.of(2)))
    lms.run(DeactivateManager("mia", "first-aid"))
    assert type(lms.refused(Grant("mia", "first-aid", Credits.of(1)))) is WalletClosed
    assert type(lms.refused(SendInvite("a", "first-aid", "mia"), MIA)) is WalletClosed
    assert lms.figures() == {AID: (2, 0, 0), POOL: (3, 0, 0)}


@pytest.mark.parametrize("held", [True, False], ids=["R25 held", "R25 spent"])
def test_who_gets_nothing_back_has_left_all_the_same(held: bool) -> None:
    """R25: leaving without a refund was not passed on; here it is an entry like any, and once."""
    policy = Policy(refund=Refunds(RefundMode.NONE), debit_at=DebitAt.HOLD_THEN_CAPTURE)
    room = stocked(policy, own="B 9")
    room.do(PlaceOrder("o1", "ann", cart("yoga 5"), needs_approval=held), learner("ann"))
    receipt = room.do(WithdrawLine("o1", 1), learner("ann"))
    assert (receipt.outcome.because, receipt.same_as) == (NoRefund.POLICY, None)
    assert room.available(member("ann")) == ("9.00" if held else "4.00")
    *_, entry = room.ledger.entries()
    assert [record.KIND for record in entry.records] == ["line_withdrawal"]
    assert room.do(WithdrawLine("o1", 1), ADMIN).same_as == receipt.request


def test_clearing_what_is_over_leaves_what_came_since() -> None:
    """R35: an old expiry cleared a licence given since; here each has its own deadline."""
    with portal(Policy(invite_days=14)) as lms:
        lms.allotted(1)
        send = SendInvite("a", "first-aid", "mia")
        old = lms.run(send, MIA).outcome.invite
        lms.clock.at = START + timedelta(days=20)
        new = lms.run(send, MIA).outcome.invite
        lms.run(Sweep(WalletId(MIAS)), CRON)
        assert (lms.invite(old).state.value, lms.invite(new).state.value) == ("cancelled", "sent")
        assert lms.figures() == {MIAS: (0, 1, 0)}
        lms.clock.at = START + timedelta(days=33)
        lms.run(AcceptInvite(new, "leo"), LEO)
        assert lms.figures() == {MIAS: (0, 0, 1)}
