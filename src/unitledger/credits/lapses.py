"""Lapses: a subscription that is not paid any more, and what becomes of its credits.

    Lapse         balances are frozen from now on, and the end of the grace is fixed
    Resubscribe   within the grace: everything is as it was
    Forfeit       after the grace: what a wallet has left is taken out, to VOID

Nothing depends on `Forfeit` being punctual. From the end of the grace on nothing can be restored,
and no credit that is forfeited can be spent; the command only makes the wallets say so, wallet by
wallet. A credit that comes back later, from an invite or an enrolment, is forfeited as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.accounts import State, account, check_wallet, pool, wallet_parts, wallet_unit
from unitledger.amounts import Credits
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.credits.invites import Invite, InviteState
from unitledger.credits.plans import (
    LapseTerms,
    Subscription,
    SubscriptionState,
    check_subscription,
)
from unitledger.credits.standing import STANDING, forfeits, is_forfeited
from unitledger.errors import NotDue, WrongUnit
from unitledger.ids import LotId, RecordId, WalletId
from unitledger.indexes import every
from unitledger.moves import Move
from unitledger.policy import HoldsAtLapse, PurchasedAtLapse
from unitledger.ports import Reading
from unitledger.records import index_lock, record_lock
from unitledger.time import instant

__all__ = [
    "Forfeit",
    "Forfeited",
    "Lapse",
    "Lapsed",
    "Resubscribe",
    "Resubscribed",
    "cancellable",
]

_SCHEDULERS: Mapping[Role, Permit] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}


@kind("lapsed")
@final
@attrs.frozen
class Lapsed(Outcome):
    """A subscription is suspended.

    Attributes:
        subscription: The subscription.
        since: From when on it is not in force (UTC).
        forfeits: From when on it cannot be restored (UTC).
    """

    subscription: RecordId
    since: datetime
    forfeits: datetime


@kind("resubscribed")
@final
@attrs.frozen
class Resubscribed(Outcome):
    """A suspended subscription is in force again.

    Attributes:
        subscription: The subscription.
        since: When it had lapsed (UTC).
    """

    subscription: RecordId
    since: datetime


@kind("forfeited")
@final
@attrs.frozen
class Forfeited(Outcome):
    """What a wallet had left of the credits of a lapsed subscription was taken out.

    Attributes:
        subscription: The subscription.
        wallet: The wallet.
        amount: How much was taken out.
        cancelled: The open invites whose credits were released for it, in order of their ids.
    """

    subscription: RecordId
    wallet: WalletId
    amount: Credits
    cancelled: tuple[RecordId, ...]


_O = TypeVar("_O", bound=Outcome, covariant=True)


@attrs.frozen
class _OnSubscription(Command[_O]):
    """Something that changes whether a subscription is in force."""

    subscription: str

    def __attrs_post_init__(self) -> None:
        check_subscription(self.subscription)

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool, whose chain then says when it was."""
        return (pool(),)

    def keys(self) -> tuple[str, ...]:
        """The subscription, those in force and those that have lapsed."""
        return (
            record_lock(Subscription.KIND, self.subscription),
            index_lock(Subscription.KIND, "standing", "in_force"),
            STANDING,
        )


@kind("lapse")
@final
@attrs.frozen
class Lapse(_OnSubscription[Lapsed]):
    """A subscription is not in force any more.

    Unless another one is, nothing is spent, allocated or given away from now on, and periods that
    begin from now on are not granted. The policy's grace, and what it says of bought credits and
    open invites, count as they are now, whatever they are later.

    Attributes:
        subscription: The subscription.

    Source: C43, C45.
    """

    NAME: ClassVar[str] = "lapse"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _SCHEDULERS

    def ready(self, view: View) -> None:
        """It must be in force."""
        subscription = view.record(Subscription, self.subscription)
        subscription.seen(view.at).to(
            SubscriptionState.SUSPENDED, lapse=_terms(view, self.subscription)
        )

    def decide(self, view: View) -> Decision[Lapsed]:
        """The record, and no move."""
        view.reach(pool())
        subscription, terms = (
            view.record(Subscription, self.subscription),
            _terms(view, self.subscription),
        )
        lapsed = subscription.to(SubscriptionState.SUSPENDED, lapse=terms)
        outcome = Lapsed(subscription.id, terms.since, terms.forfeits)
        return Decision(outcome, records=(lapsed,))


def _terms(view: View, subscription: str) -> LapseTerms:
    """What a lapse at this instant means under the policy."""
    policy = view.policy
    forfeits_at = instant(view.at + timedelta(days=policy.lapse_grace_days), "forfeits")
    others = [
        one.id for one in view.found(Subscription, "standing", "in_force") if one.id != subscription
    ]
    purchased = PurchasedAtLapse.KEEP if others else policy.purchased_at_lapse
    return LapseTerms(view.at, forfeits_at, purchased, policy.holds_at_lapse)


@kind("resubscribe")
@final
@attrs.frozen
class Resubscribe(_OnSubscription[Resubscribed]):
    """A suspended subscription is in force again, as though it had never lapsed.

    What was frozen is as it was, and periods that began meanwhile are due. Once the grace is over
    it is refused; another subscription can be begun, without what was forfeited.

    Attributes:
        subscription: The subscription.

    Source: C44.
    """

    NAME: ClassVar[str] = "resubscribe"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _SCHEDULERS

    def ready(self, view: View) -> None:
        """It must be suspended, and its grace not over."""
        subscription = view.record(Subscription, self.subscription).seen(view.at)
        subscription.to(SubscriptionState.IN_FORCE, lapse=None)

    def decide(self, view: View) -> Decision[Resubscribed]:
        """The record, and no move."""
        view.reach(pool())
        subscription = view.record(Subscription, self.subscription)
        since = view.at if subscription.lapse is None else subscription.lapse.since
        restored = subscription.to(SubscriptionState.IN_FORCE, lapse=None)
        return Decision(Resubscribed(subscription.id, since), records=(restored,))


@kind("forfeit")
@final
@attrs.frozen
class Forfeit(Command[Forfeited]):
    """What a wallet has left of the credits of a subscription, taken out once its grace is over.

    Given again it takes out what has come back since, often nothing. Where the policy said so at
    the lapse, bought credits go with them, and open invites of the wallet are cancelled first.

    Attributes:
        subscription: The subscription.
        wallet: The wallet.

    Source: C43, C45.
    """

    NAME: ClassVar[str] = "forfeit"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _SCHEDULERS

    subscription: str
    wallet: WalletId

    def __attrs_post_init__(self) -> None:
        check_subscription(self.subscription)
        if wallet_unit(check_wallet(self.wallet)) is not Credits:
            raise WrongUnit(Credits.UNIT, wallet_unit(self.wallet).UNIT)

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet."""
        return (self.wallet,)

    def keys(self) -> tuple[str, ...]:
        """The subscription; invites are found on the way."""
        return (record_lock(Subscription.KIND, self.subscription),)

    def ready(self, view: View) -> None:
        """The subscription must have lapsed, and its grace be over."""
        subscription = view.record(Subscription, self.subscription)
        lapse = subscription.lapse
        if lapse is not None and view.at < lapse.forfeits:
            raise NotDue(f"the forfeit of {self.subscription}", lapse.forfeits)
        if lapse is None:
            subscription.to(SubscriptionState.FORFEITED)

    def decide(self, view: View) -> Decision[Forfeited]:
        """One move to VOID per lot, behind the releases of the invites that held some of it."""
        subscription = view.record(Subscription, self.subscription)
        left = forfeits(view.holdings(self.wallet), subscription, view.at)
        taken = {lot.id: parts for lot, parts in left}
        released = list(self._released(view, subscription))
        for move in (move for _, shift in released for move in shift.moves):
            lot = view.lot(move.lot)
            if is_forfeited(subscription, lot, view.at) and not lot.lapsed(view.at):
                taken[lot.id] = taken.get(lot.id, 0) + move.parts
        ends = account(self.wallet, State.FREE), account(self.wallet, State.VOID)
        moves = tuple([Move(lot_id, *ends, parts) for lot_id, parts in taken.items()])
        cancelled = tuple([invite for invite, _ in released])
        names = tuple([invite.id for invite in cancelled])
        amount = Credits(parts=sum(taken.values()))
        outcome = Forfeited(subscription.id, self.wallet, amount, names)
        shifts = [shift for _, shift in released]
        return Decision.of(outcome, *shifts, moves=moves, records=cancelled)

    def _released(self, view: View, subscription: Subscription) -> Iterator[tuple[Invite, Shift]]:
        """The open invites that hold some of it, cancelled, each with the release of its claim."""
        manager = _released_for(subscription, self.wallet)
        for invite in view.found(Invite, "manager", manager) if manager else ():
            claim = view.claim(invite.claim)
            held = map(view.lot, _held(invite, claim, self.wallet, view.at))
            if any(is_forfeited(subscription, lot, view.at) for lot in held):
                shift = claim.shift(claim.total(State.HELD), State.HELD, State.FREE)
                yield invite.to(InviteState.CANCELLED), shift


def _released_for(subscription: Subscription, wallet: WalletId) -> str | None:
    """The manager whose invites are cancelled before a forfeit; ``None`` when none are."""
    lapse = subscription.lapse
    if lapse is None or lapse.holds is HoldsAtLapse.HONOUR:
        return None
    kind_of_wallet, *names = wallet_parts(wallet)
    return names[0] if kind_of_wallet == "manager" else None


def _held(invite: Invite, claim: Claim, wallet: WalletId, at: datetime) -> tuple[LotId, ...]:
    """The lots that an open invite of a wallet holds."""
    if invite.wallet != wallet or invite.seen(claim, at).state is not InviteState.SENT:
        return ()
    return tuple(part.lot for part in claim.segments if part.state is State.HELD)


def cancellable(
    reading: Reading, subscription: Subscription, wallet: WalletId, at: datetime
) -> Iterator[Invite]:
    """The open invites that a `Forfeit` of a wallet would cancel.

    Args:
        reading: A reading of the portal.
        subscription: The subscription.
        wallet: The wallet.
        at: The instant (UTC).

    Source: C45.
    """
    manager = _released_for(subscription, wallet)
    for invite in every(reading, Invite, "manager", manager) if manager else ():
        claim = reading.claim(invite.claim)
        names = () if claim is None else _held(invite, claim, wallet, at)
        lots = [lot for lot in map(reading.lot, names) if lot is not None]
        if any(is_forfeited(subscription, lot, at) for lot in lots):
            yield invite
