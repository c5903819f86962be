"""A subscription that lapses: suspended, restored or forfeited. C43 to C45."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import attrs
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
from unitledger.amounts import Credits
from unitledger.commands import Command
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    ChangePlan,
    Deallocate,
    Enrol,
    Forfeit,
    Give,
    Grant,
    InviteState,
    Lapse,
    LapseTerms,
    MoveAllocation,
    Purchase,
    Reinvite,
    Replenish,
    Resubscribe,
    ReverseEnrolment,
    SendInvite,
    Subscribe,
    Subscription,
    SubscriptionState,
)
from unitledger.errors import (
    ForfeitDue,
    IllegalTransition,
    NotDue,
    SubscriptionLapsed,
    UnitLedgerError,
    UnknownObject,
)
from unitledger.ids import LotId, RecordId, WalletId
from unitledger.lots import Category
from unitledger.operations import Issue, Sweep
from unitledger.policy import (
    HoldsAtLapse,
    Moment,
    Policy,
    PurchasedAtLapse,
    Refill,
    RefillMode,
    Trigger,
)
from unitledger.time import Period, Recurrence

LEO = learner("leo")
LAPSED = at("2026-02-10")
GRACE = timedelta(days=14)
OVER = LAPSED + GRACE
MICROSECOND = timedelta(microseconds=1)
FORTNIGHT = Policy(lapse_grace_days=14)
FORFEITED = {POOL: 8, AID: 2, MIAS: 2}


def lived_in(policy: Policy = FORTNIGHT) -> Any:
    """A portal whose subscription, of twelve credits a year, has brought something everywhere.

    There are 8 free in the pool, 2 in a course, 2 with mia, 1 held by an invite of hers; one is
    spent. On 10 February the subscription lapses.
    """
    return portal(policy)


def lived(lms: Portal, *, lapse: bool = True) -> None:
    lms.run(Subscribe("basic", Credits.of(14), Period.YEAR))
    lms.run(Replenish("basic", 0), CRON)
    lms.run(Allocate("first-aid", Credits.of(6)))
    lms.run(Grant("mia", "first-aid", Credits.of(3)))
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
    lms.run(Enrol("lea", "first-aid"), request="enrol")
    lms.clock.at = LAPSED
    if lapse:
        lms.run(Lapse("basic"))


def record(lms: Portal, subscription: str = "basic") -> Subscription:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        found = reading.record(Subscription.KIND, subscription)
    assert isinstance(found, Subscription)
    return found


SPENDING: dict[str, tuple[Command[Any], Any]] = {
    "enrol": (Enrol("lou", "first-aid"), ANN),
    "enrol from the pool": (Enrol("lou", "fire"), ANN),
    "send an invite": (SendInvite("lou@", "first-aid", "mia"), MIA),
    "send it again": (Reinvite("invite.1"), MIA),
    "allocate": (Allocate("fire", Credits.of(1)), ANN),
    "move between courses": (MoveAllocation("first-aid", "fire", Credits.of(1)), ANN),
    "grant": (Grant("max", "first-aid", Credits.of(1)), ANN),
    "give": (Give("mia", "max", "first-aid", Credits.of(1)), MIA),
}
"""What spends credits, or brings them nearer to being spent."""


@pytest.mark.parametrize("what", [pytest.param(one, id=f"C43 {one}") for one in SPENDING])
def test_nothing_is_spent_while_no_subscription_is_in_force(what: str) -> None:
    command, by = SPENDING[what]
    with lived_in() as lms:
        lived(lms, lapse=False)
        assert lms.ledger.can(command, by=by)
        lms.run(Lapse("basic"))
        for when in (LAPSED, OVER - MICROSECOND, OVER, OVER + GRACE):
            lms.clock.at = when
            refusal = lms.refused(command, by)
            assert isinstance(refusal, SubscriptionLapsed)
            assert (refusal.subscription, refusal.since) == ("basic", LAPSED)


@pytest.mark.parametrize("what", [pytest.param(one, id=f"C44 {one}") for one in SPENDING])
def test_within_the_grace_everything_is_restored(what: str) -> None:
    command, by = SPENDING[what]
    with lived_in() as lms:
        lived(lms)
        before = lms.figures()
        lms.clock.at = OVER - MICROSECOND
        outcome = lms.run(Resubscribe("basic")).outcome
        assert (outcome.subscription, outcome.since) == ("basic", LAPSED)
        assert lms.figures() == before
        assert record(lms).state is SubscriptionState.IN_FORCE
        assert lms.ledger.can(command, by=by)


def test_a_portal_without_a_subscription_spends_what_it_has() -> None:
    """C43: there is nothing that could have lapsed."""
    with portal() as lms:
        lms.fill(3)
        lms.run(Enrol("leo", "fire"))
        assert lms.free(POOL) == 2


@pytest.mark.parametrize("what", [pytest.param(one, id=f"C43 {one}") for one in SPENDING])
def test_another_subscription_in_force_is_enough(what: str) -> None:
    command, by = SPENDING[what]
    with lived_in() as lms:
        lived(lms)
        lms.run(Subscribe("other", Credits.of(5), Period.YEAR))
        assert lms.ledger.can(command, by=by)


def test_what_a_lapse_says_and_writes_down() -> None:
    """C43: no move, and the end of the grace."""
    with lived_in() as lms:
        lived(lms, lapse=False)
        before = lms.figures()
        receipt = lms.run(Lapse("basic"), CRON)
        outcome = receipt.outcome
        assert (outcome.subscription, outcome.since, outcome.forfeits) == ("basic", LAPSED, OVER)
        assert (receipt.moves, lms.figures()) == ((), before)
        found = record(lms)
        assert found.lapse == LapseTerms(LAPSED, OVER, PurchasedAtLapse.KEEP, HoldsAtLapse.HONOUR)
        assert found.state is SubscriptionState.SUSPENDED
        assert found.seen(OVER - MICROSECOND).state is SubscriptionState.SUSPENDED
        assert found.seen(OVER).state is SubscriptionState.FORFEITED


@pytest.mark.parametrize("run", [False, True], ids=["C44 no job", "C44 forfeits written down"])
def test_once_the_grace_is_over_nothing_is_restored(run: bool) -> None:
    """C44: whether or not anybody has taken the credits out."""
    with lived_in() as lms:
        lived(lms)
        lms.clock.at = OVER
        for wallet in FORFEITED if run else ():
            lms.run(Forfeit("basic", wallet), CRON)
        refusal = lms.refused(Resubscribe("basic"))
        assert isinstance(refusal, IllegalTransition)
        assert (refusal.state, refusal.wanted) == ("forfeited", "in_force")
        again = lms.refused(Lapse("basic"))
        assert isinstance(again, IllegalTransition)
        assert (again.state, again.wanted) == ("forfeited", "suspended")


def test_without_grace_a_lapse_is_for_good() -> None:
    """C43: the default is no day at all."""
    assert Policy().lapse_grace_days == 0
    with lived_in(Policy()) as lms:
        lived(lms)
        assert record(lms).seen(LAPSED).state is SubscriptionState.FORFEITED
        assert lms.refused(Resubscribe("basic")).code == "illegal_transition"
        assert lms.run(Forfeit("basic", POOL), CRON).outcome.amount.parts == 8


def test_a_grace_that_is_changed_later_changes_no_lapse() -> None:
    """C43: what was promised at the lapse holds."""
    with lived_in() as lms:
        lived(lms)
        lms.ledger.policy = Policy(lapse_grace_days=1)
        lms.clock.at = OVER - MICROSECOND
        assert lms.ledger.can(Resubscribe("basic"), by=ANN)
        lms.ledger.policy = Policy(lapse_grace_days=99)
        lms.clock.at = OVER
        assert not lms.ledger.can(Resubscribe("basic"), by=ANN)


@pytest.mark.parametrize(
    ("wallet", "amount"),
    [
        pytest.param(POOL, 8, id="C43 the pool"),
        pytest.param(AID, 2, id="C43 a course"),
        pytest.param(MIAS, 2, id="C43 a manager, without what is held"),
    ],
)
def test_what_a_wallet_has_left_goes_to_void(wallet: WalletId, amount: int) -> None:
    with lived_in() as lms:
        lived(lms)
        lms.clock.at = OVER - MICROSECOND
        early = lms.refused(Forfeit("basic", wallet), CRON)
        assert isinstance(early, NotDue)
        assert (early.what, early.due) == ("the forfeit of basic", OVER)
        lms.clock.at = OVER
        before = lms.ledger.balance(wallet)
        receipt = lms.run(Forfeit("basic", wallet), CRON)
        outcome = receipt.outcome
        assert (outcome.subscription, outcome.wallet) == ("basic", wallet)
        assert (outcome.amount.parts, outcome.cancelled) == (amount, ())
        assert [(move.verb, move.lot, move.parts) for move in receipt.moves] == [
            ("void", "basic/0", amount)
        ]
        after = lms.ledger.balance(wallet)
        assert (after.available.parts, after.void.parts) == (0, amount)
        assert (after.held, after.spent) == (before.held, before.spent)
        again = lms.run(Forfeit("basic", wallet), CRON)
        assert (again.outcome.amount.parts, again.moves) == (0, ())


def test_only_what_that_subscription_granted_is_forfeited() -> None:
    """C43: bought, promotional and foreign credits stay, whatever they are called."""
    with lived_in() as lms:
        lms.run(Subscribe("other", Credits.of(20), Period.YEAR))
        lms.run(Replenish("other", 0), CRON)
        for name, category in (
            *(("basic/7", Category.PURCHASED), ("basic/8", Category.PROMOTIONAL)),
            *(("basic/nine", Category.GRANTED), ("basic", Category.GRANTED)),
            *(("basic/1/2", Category.GRANTED), ("very basic/1", Category.GRANTED)),
        ):
            issue = Issue(LotId(name), POOL, Credits.of(1), category=category)
            lms.run(issue)
        lms.run(Issue(LotId("basic/3"), AID, Credits.of(1)))
        lived(lms)
        lms.clock.at = OVER
        void: dict[tuple[str, str], int] = {}
        for wallet in (POOL, AID, MIAS):
            lms.run(Forfeit("basic", wallet), CRON)
            balance = lms.ledger.balance(wallet)
            void |= {(wallet, line.lot.id): line.void for line in balance.lots if line.void}
        assert set(void) <= {(POOL, "basic/0"), (AID, "basic/0"), (MIAS, "basic/0")}
        assert void
        lms.run(Enrol("lou", "fire"))


def test_everything_a_subscription_brought_is_forfeited() -> None:
    """C43, C50: every period, every piece of one, and what an upgrade brought."""
    policy = attrs.evolve(FORTNIGHT, refill=Refill(RefillMode.ADD_CAPPED, Credits.of(100)))
    with portal(policy) as lms:
        lms.run(Subscribe("growth", Credits.of(500), Period.MONTH))
        lms.run(Replenish("growth", 0), CRON)
        lms.run(ChangePlan("growth", Credits.of(900)))
        lms.clock.at = LAPSED
        lms.run(Lapse("growth"))
        lms.clock.at = OVER
        receipt = lms.run(Forfeit("growth", POOL), CRON)
        assert sorted(move.lot for move in receipt.moves) == [
            *("growth/0", "growth/0+1", "growth/0+1.2", "growth/0.2")
        ]
        assert receipt.outcome.amount.parts == 75


def test_what_has_lapsed_by_its_own_terms_is_left_to_them() -> None:
    """C43: expired credits stay expired."""
    policy = attrs.evolve(FORTNIGHT, refill=Refill(RefillMode.EXPIRE_PERIOD))
    with portal(policy) as lms:
        lms.run(Subscribe("growth", Credits.of(24), Period.MONTH, START - timedelta(days=18)))
        lms.run(Replenish("growth", 0), CRON)
        lms.run(Lapse("growth"))
        lms.clock.at = START + GRACE
        receipt = lms.run(Forfeit("growth", POOL), CRON)
        assert receipt.outcome.amount.parts == 0
        assert (lms.expired(POOL), lms.ledger.balance(POOL).void.parts) == (2, 0)


def test_credits_that_were_written_down_as_expired_and_came_back_are_forfeited() -> None:
    """C43: a sweep beforehand makes no difference."""
    with lived_in() as lms:
        lived(lms)
        lms.clock.at = OVER
        lms.ledger.execute(Sweep(POOL), by=CRON, request="swept")
        assert lms.run(Forfeit("basic", POOL), CRON).outcome.amount.parts == 8


def test_forfeited_credits_are_not_spent_whether_or_not_they_were_taken_out() -> None:
    """C43, C44: a new subscription does not bring them back."""
    with lived_in() as lms:
        lived(lms)
        lms.clock.at = OVER
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        lms.run(Replenish("new", 0), CRON)
        for what, wallet in (
            *(("allocate", POOL), ("enrol from the pool", POOL), ("enrol", AID), ("grant", AID)),
            *(("move between courses", AID), ("send an invite", MIAS), ("give", MIAS)),
            ("send it again", MIAS),
        ):
            command, by = SPENDING[what]
            refusal = lms.refused(command, by)
            assert isinstance(refusal, ForfeitDue)
            assert (refusal.subscription, refusal.wallet) == ("basic", wallet)
        lms.run(Forfeit("basic", POOL), CRON)
        lms.run(Enrol("lou", "fire"))
        assert lms.free(POOL) == 4
        assert lms.refused(Enrol("max", "first-aid")).code == "forfeit_due"


def test_before_the_grace_is_over_another_subscription_keeps_the_credits_usable() -> None:
    """C43."""
    with lived_in() as lms:
        lived(lms)
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        lms.clock.at = OVER - MICROSECOND
        lms.run(Enrol("lou", "first-aid"))


def test_what_comes_back_later_is_forfeited_as_well() -> None:
    """C43, C57: from an invite or an enrolment, after the wallets were emptied."""
    with lived_in() as lms:
        lived(lms)
        lms.clock.at = OVER
        for wallet in FORFEITED:
            lms.run(Forfeit("basic", wallet), CRON)
        lms.run(CancelInvite("invite.1"), MIA)
        lms.run(ReverseEnrolment("enrol.1"))
        assert (lms.free(MIAS), lms.free(AID)) == (1, 1)
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        assert lms.refused(SendInvite("lou@", "first-aid", "mia"), MIA).code == "forfeit_due"
        assert lms.run(Forfeit("basic", MIAS), CRON).outcome.amount.parts == 1
        assert lms.run(Forfeit("basic", AID), CRON).outcome.amount.parts == 1


@pytest.mark.parametrize("days", [0, 14], ids=["C45 when the grace is over", "C45 within it"])
def test_an_open_invite_is_honoured(days: int) -> None:
    """C45: the default."""
    assert Policy().holds_at_lapse is HoldsAtLapse.HONOUR
    with lived_in(Policy(lapse_grace_days=days)) as lms:
        lived(lms)
        if not days:
            receipt = lms.run(Forfeit("basic", MIAS), CRON)
            assert receipt.outcome.cancelled == ()
        lms.run(AcceptInvite("invite.1", "leo"), LEO)
        assert (lms.held(MIAS), lms.spent(MIAS)) == (0, 1)


def test_an_invite_that_holds_nothing_was_no_promise_of_a_credit() -> None:
    """C45: accepting it would take one of those that are frozen or forfeited."""
    policy = attrs.evolve(FORTNIGHT, consumed_at=Trigger(Moment.ENROLLED))
    with lived_in(policy) as lms:
        lived(lms)
        assert lms.held(MIAS) == 0
        refusal = lms.refused(AcceptInvite("invite.1", "leo"), LEO)
        assert isinstance(refusal, SubscriptionLapsed)
        lms.clock.at = OVER
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        due = lms.refused(AcceptInvite("invite.1", "leo"), LEO)
        assert isinstance(due, ForfeitDue)
        assert due.wallet == MIAS


RELEASING = attrs.evolve(FORTNIGHT, holds_at_lapse=HoldsAtLapse.RELEASE_THEN_FORFEIT)


def test_open_invites_are_released_and_forfeited_where_the_policy_says_so() -> None:
    """C45: they cannot be accepted meanwhile; another manager's and another course's stay."""
    with lived_in(RELEASING) as lms:
        lived(lms, lapse=False)
        lms.run(Allocate("fire", Credits.of(1)))
        lms.run(Grant("mia", "fire", Credits.of(1)))
        lms.run(SendInvite("leo@", "fire", "mia"), MIA, request="fire")
        lms.run(Lapse("basic"))
        assert lms.refused(AcceptInvite("invite.1", "leo"), LEO).code == "subscription_lapsed"
        lms.clock.at = OVER
        refusal = lms.refused(AcceptInvite("invite.1", "leo"), LEO)
        assert isinstance(refusal, SubscriptionLapsed)
        assert (refusal.subscription, refusal.since) == ("basic", LAPSED)
        receipt = lms.run(Forfeit("basic", MIAS), CRON)
        assert receipt.outcome.cancelled == ("invite.1",)
        assert receipt.outcome.amount.parts == 3
        assert [(move.verb, move.parts) for move in receipt.moves] == [("release", 1), ("void", 3)]
        assert lms.invite("invite.1").state is InviteState.CANCELLED
        assert lms.invite("fire.1").state is InviteState.SENT
        assert (lms.free(MIAS), lms.held(MIAS)) == (0, 0)
        again = lms.run(Forfeit("basic", MIAS), CRON)
        assert (again.outcome.cancelled, again.moves) == ((), ())


@pytest.mark.parametrize("run", [False, True], ids=["C45 no job", "C45 forfeits written down"])
def test_an_invite_whose_credit_is_forfeited_cannot_be_accepted_whoever_pays_now(run: bool) -> None:
    """C43, C45: a new subscription does not bring back what the old one's grace has ended."""
    with lived_in(RELEASING) as lms:
        lived(lms)
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        lms.clock.at = OVER
        if run:
            lms.run(Forfeit("basic", MIAS), CRON)
        refusal = lms.refused(AcceptInvite("invite.1", "leo"), LEO)
        assert refusal.code == ("illegal_transition" if run else "forfeit_due")
        if isinstance(refusal, ForfeitDue):
            assert (refusal.subscription, refusal.wallet) == ("basic", MIAS)
        assert lms.spent(MIAS) == 0


def test_an_invite_is_good_until_its_credit_is_forfeited_if_another_subscription_pays() -> None:
    """C45: and one whose credit is spent already is good behind that too."""
    with lived_in(RELEASING) as lms:
        lived(lms)
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        lms.clock.at = OVER - MICROSECOND
        lms.run(AcceptInvite("invite.1", "leo"), LEO)
        assert lms.spent(MIAS) == 1
    with lived_in(attrs.evolve(RELEASING, consumed_at=Trigger.INVITE_SENT)) as lms:
        lived(lms)
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        lms.clock.at = OVER
        lms.run(AcceptInvite("invite.1", "leo"), LEO)
        assert lms.spent(MIAS) == 1


def test_only_the_invites_that_hold_forfeited_credits_are_cancelled() -> None:
    """C45: one that holds a bought credit stays open, and can be accepted later on."""
    with lived_in(RELEASING) as lms:
        lms.run(Issue(LotId("bought"), MIAS, Credits.of(1), category=Category.PURCHASED))
        lms.run(SendInvite("lou@", "first-aid", "mia"), MIA, request="bought")
        lived(lms)
        lms.clock.at = OVER
        assert lms.run(Forfeit("basic", MIAS), CRON).outcome.cancelled == ("invite.1",)
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        lms.run(AcceptInvite("bought.1", "lou"), learner("lou"))


def test_a_released_credit_whose_lot_has_ended_expires() -> None:
    """C41, C45: it was held beyond its month, and is left to its own terms."""
    policy = attrs.evolve(RELEASING, lapse_grace_days=60, refill=Refill(RefillMode.EXPIRE_PERIOD))
    with portal(policy) as lms:
        lms.run(Subscribe("basic", Credits.of(24), Period.MONTH))
        lms.run(Replenish("basic", 0), CRON)
        lms.run(Allocate("first-aid", Credits.of(1)))
        lms.run(Grant("mia", "first-aid", Credits.of(1)))
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
        lms.run(Lapse("basic"))
        lms.clock.at = START + timedelta(days=60)
        receipt = lms.run(Forfeit("basic", MIAS), CRON)
        assert (receipt.outcome.cancelled, receipt.outcome.amount.parts) == (("invite.1",), 0)
        assert [move.verb for move in receipt.moves] == ["release", "expire"]


def test_within_the_grace_released_invites_are_restored_as_they_were() -> None:
    """C44, C45."""
    with lived_in(RELEASING) as lms:
        lived(lms)
        lms.run(Resubscribe("basic"))
        lms.run(AcceptInvite("invite.1", "leo"), LEO)
        assert lms.spent(MIAS) == 1


def test_an_invite_whose_deadline_passed_holds_nothing_to_release() -> None:
    """C29, C45: its credit is free by then, and forfeited as such."""
    with lived_in(attrs.evolve(RELEASING, invite_days=20)) as lms:
        lived(lms)
        lms.clock.at = OVER
        receipt = lms.run(Forfeit("basic", MIAS), CRON)
        assert (receipt.outcome.cancelled, receipt.outcome.amount.parts) == ((), 3)
        assert lms.invite("invite.1").state is InviteState.EXPIRED


@pytest.mark.parametrize(
    ("purchased", "other", "left"),
    [
        pytest.param(PurchasedAtLapse.KEEP, False, 7, id="C43 bought credits stay"),
        pytest.param(PurchasedAtLapse.FORFEIT, False, 0, id="C43 bought credits go as well"),
        pytest.param(PurchasedAtLapse.FORFEIT, True, 7, id="C43 not while another is in force"),
    ],
)
def test_what_becomes_of_bought_credits(
    purchased: PurchasedAtLapse, other: bool, left: int
) -> None:
    assert Policy().purchased_at_lapse is PurchasedAtLapse.KEEP
    with portal(attrs.evolve(FORTNIGHT, purchased_at_lapse=purchased)) as lms:
        lms.run(Purchase("order 1", Credits.of(7), "2026"))
        if other:
            lms.run(Subscribe("other", Credits.of(1), Period.YEAR, at("2027-01-01")))
        lms.run(Subscribe("basic", Credits.of(12), Period.YEAR))
        lms.run(Replenish("basic", 0), CRON)
        lms.clock.at = LAPSED
        lms.run(Lapse("basic"))
        lms.clock.at = OVER
        lms.run(Purchase("order 2", Credits.of(2), "2026"))
        lms.run(Forfeit("basic", POOL), CRON)
        assert lms.free(POOL) == left + 2


def test_a_period_that_began_before_the_lapse_is_granted_and_forfeited() -> None:
    """C40, C43: however late it is granted, its lot is issued, and no credit of it can be used."""
    with lived_in() as lms:
        lms.run(Subscribe("basic", Credits.of(12), Period.YEAR))
        lms.clock.at = LAPSED
        lms.run(Lapse("basic"))
        lms.clock.at = OVER
        assert lms.run(Replenish("basic", 0), CRON).outcome.amount.parts == 12
        lms.run(Subscribe("new", Credits.of(5), Period.YEAR))
        assert lms.refused(Enrol("lou", "fire")).code == "forfeit_due"
        assert lms.run(Forfeit("basic", POOL), CRON).outcome.amount.parts == 12


def test_no_period_is_granted_that_begins_after_the_lapse() -> None:
    """C43: from the very instant of the lapse; restored, it is due after all (C44)."""
    with lived_in() as lms:
        lms.run(Subscribe("basic", Credits.of(24), Period.MONTH))
        lms.clock.at = at("2026-02-28T09:00")
        lms.run(Lapse("basic"))
        lms.run(Replenish("basic", 0), CRON)
        refusal = lms.refused(Replenish("basic", 1), CRON)
        assert isinstance(refusal, SubscriptionLapsed)
        assert (refusal.subscription, refusal.since) == ("basic", lms.clock.at)
        assert lms.refused(Replenish("basic", 2), CRON).code == "not_due"
        lms.run(Resubscribe("basic"))
        assert lms.run(Replenish("basic", 1), CRON).outcome.amount.parts == 2


def test_a_period_granted_at_the_instant_of_the_lapse_keeps_its_answer() -> None:
    """C40: asked for again it gets the first answer."""
    with lived_in() as lms:
        lms.run(Subscribe("basic", Credits.of(24), Period.MONTH))
        first = lms.run(Replenish("basic", 0), CRON, request="first")
        lms.run(Lapse("basic"))
        again = lms.run(Replenish("basic", 0), CRON)
        assert (again.same_as, again.outcome) == ("first", first.outcome)


def test_the_last_lapse_is_named() -> None:
    """C43."""
    with lived_in() as lms:
        for name in ("a", "c", "b"):
            lms.run(Subscribe(name, Credits.of(1), Period.YEAR))
        for name in ("c", "a", "b"):
            lms.run(Lapse(name))
            lms.clock.at += timedelta(hours=1)
        refusal = lms.refused(Enrol("leo", "fire"))
        assert isinstance(refusal, SubscriptionLapsed)
        assert (refusal.subscription, refusal.since) == ("b", START + timedelta(hours=2))


def test_what_goes_back_may_go_back_while_a_subscription_has_lapsed() -> None:
    """C43: nothing new is spent by it."""
    with lived_in() as lms:
        lived(lms)
        lms.run(Deallocate("first-aid", Credits.of(2)))
        lms.run(CancelInvite("invite.1"), MIA)
        lms.run(ReverseEnrolment("enrol.1"))
        assert lms.free(POOL) == 10


def test_steps_that_there_are_not() -> None:
    """C43, C44."""
    with lived_in() as lms:
        lived(lms, lapse=False)
        for command, state, wanted in (
            (Resubscribe("basic"), "in_force", "in_force"),
            (Forfeit("basic", POOL), "in_force", "forfeited"),
        ):
            refusal = lms.refused(command)
            assert isinstance(refusal, IllegalTransition)
            assert (refusal.state, refusal.wanted) == (state, wanted)
        lms.run(Lapse("basic"))
        refusal = lms.refused(Lapse("basic"))
        assert isinstance(refusal, IllegalTransition)
        assert (refusal.state, refusal.wanted) == ("suspended", "suspended")
        unheard_of: tuple[Command[Any], ...] = (
            *(Lapse("none"), Resubscribe("none"), Forfeit("none", POOL)),
        )
        for one in unheard_of:
            unknown = lms.refused(one)
            assert isinstance(unknown, UnknownObject)
            assert (unknown.kind, unknown.key) == ("subscription", "none")


def test_somebody_elses_promise_is_not_broken() -> None:
    """C45: invites honoured by one lapse are, whatever a later policy says."""
    with lived_in() as lms:
        lived(lms)
        lms.ledger.policy = RELEASING
        lms.run(AcceptInvite("invite.1", "leo"), LEO)


YEARLY = Recurrence(START, Period.YEAR)
TERMS = LapseTerms(LAPSED, OVER, PurchasedAtLapse.KEEP, HoldsAtLapse.HONOUR)


def basic(**fields: Any) -> Subscription:
    return Subscription(RecordId("basic"), Credits.of(5), YEARLY, **fields)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: Lapse("b" * 101), "limit_exceeded", id="C43 a long id"),
        pytest.param(lambda: Resubscribe(""), "invalid_id", id="C44 no id"),
        pytest.param(lambda: Forfeit("b" * 101, POOL), "limit_exceeded", id="C43 a long id, again"),
        pytest.param(lambda: Forfeit("b", WalletId("here")), "invalid_id", id="C43 no wallet"),
        pytest.param(
            lambda: Forfeit("b", WalletId("member/leo")), "wrong_unit", id="C4 no wallet of credits"
        ),
        pytest.param(
            lambda: LapseTerms(OVER, LAPSED, TERMS.purchased, TERMS.holds),
            "invalid_value",
            id="C43 over before it began",
        ),
        pytest.param(
            lambda: LapseTerms(LAPSED, OVER, "keep", TERMS.holds),  # type: ignore[arg-type]
            "invalid_type",
            id="C43 a text for a rule",
        ),
        pytest.param(
            lambda: LapseTerms(LAPSED, OVER, TERMS.purchased, "honour"),  # type: ignore[arg-type]
            "invalid_type",
            id="C45 a text for a rule",
        ),
        pytest.param(
            lambda: LapseTerms(LAPSED, datetime(2027, 1, 1), TERMS.purchased, TERMS.holds),  # noqa: DTZ001
            "naive_instant",
            id="C43 no zone",
        ),
        pytest.param(lambda: basic(lapse=TERMS), "invalid_value", id="C43 lapsed and in force"),
        pytest.param(
            lambda: basic(state=SubscriptionState.SUSPENDED),
            "invalid_value",
            id="C43 for no reason",
        ),
        pytest.param(lambda: basic(state="in_force"), "invalid_type", id="C43 a text for a state"),
        pytest.param(
            lambda: basic(state=SubscriptionState.SUSPENDED, lapse="now"),
            "invalid_type",
            id="C43 a text for terms",
        ),
        pytest.param(lambda: Policy(lapse_grace_days=-1), "invalid_value", id="C43 no such grace"),
        pytest.param(lambda: Policy(lapse_grace_days=36_501), "invalid_value", id="C43 for ever"),
        pytest.param(
            lambda: Policy(lapse_grace_days=True), "invalid_type", id="C43 a bool for a grace"
        ),
        pytest.param(
            lambda: Policy(purchased_at_lapse="keep"),  # type: ignore[arg-type]
            "invalid_type",
            id="C43 a text in the policy",
        ),
        pytest.param(
            lambda: Policy(holds_at_lapse="honour"),  # type: ignore[arg-type]
            "invalid_type",
            id="C45 a text in the policy",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(make: Callable[[], object], code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make()
    assert refusal.value.code == code


def test_the_shortest_and_the_longest_grace() -> None:
    """C43."""
    assert LapseTerms(LAPSED, LAPSED, TERMS.purchased, TERMS.holds).forfeits == LAPSED
    assert Policy(lapse_grace_days=36_500).lapse_grace_days == 36_500
