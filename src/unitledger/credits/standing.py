"""Standing: what a portal may still do with its credits once a subscription has lapsed.

Two questions for the commands that spend: `check_standing` before anything new is spent, allocated
or given away, `check_promise` before an open invite is accepted. A portal that never had a
subscription, or has one in force, may do both; but never with credits that were forfeited, whether
or not somebody has taken them out yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import product

from unitledger.accounts import Cells, State, pool
from unitledger.claims import Claim
from unitledger.commands import View
from unitledger.credits.plans import Subscription
from unitledger.errors import ForfeitDue, SubscriptionLapsed
from unitledger.ids import WalletId
from unitledger.lots import Category, Lot
from unitledger.policy import HoldsAtLapse, PurchasedAtLapse
from unitledger.records import index_lock

__all__ = ["STANDING", "check_promise", "check_standing", "forfeits", "is_forfeited"]

STANDING = index_lock(Subscription.KIND, "standing", "lapsed")
"""The lock that both questions share; a command that asks one names it in ``shared_keys``."""

_RELEASED = HoldsAtLapse.RELEASE_THEN_FORFEIT
_OF_PERIOD = re.compile(r"[0-9]+(?:\+[0-9]+)?(?:\.[0-9]+)?").fullmatch


def is_forfeited(subscription: Subscription, lot: Lot, at: datetime) -> bool:
    """Whether a lot is forfeited with a subscription at an instant.

    Args:
        subscription: The subscription.
        lot: The lot.
        at: The instant (UTC); the one that was fixed at the lapse is the first.

    Source: C43.
    """
    lapse = subscription.lapse
    if lapse is None or at < lapse.forfeits:
        return False
    if lot.category is Category.PURCHASED:
        bought_before = lot.acquired < lapse.forfeits
        return lapse.purchased is PurchasedAtLapse.FORFEIT and bought_before
    owner, _, period = lot.id.rpartition("/")
    ours = owner == subscription.id and _OF_PERIOD(period) is not None
    return ours and lot.home == pool() and lot.category is Category.GRANTED


def forfeits(
    holdings: Iterable[tuple[Lot, Cells]], subscription: Subscription, at: datetime
) -> Iterator[tuple[Lot, int]]:
    """What of a wallet is forfeited with a subscription and still has to be taken out.

    What has lapsed by its own terms is left to them; what is held or spent stays so.

    Args:
        holdings: The wallet's lots with their cells.
        subscription: The subscription.
        at: The instant (UTC).

    Source: C43.
    """
    for lot, cells in holdings:
        parts = cells[State.FREE] + cells[State.EXPIRED]
        if parts and is_forfeited(subscription, lot, at) and not lot.lapsed(at):
            yield lot, parts


def check_standing(view: View, *wallets: WalletId) -> None:
    """Raise what stands against spending, allocating or giving credits away.

    Args:
        view: What the decision looks through.
        wallets: The wallets that credits would be taken from.

    Raises:
        SubscriptionLapsed: A subscription has lapsed, and none is in force.
        ForfeitDue: One of the wallets has credits that were forfeited and not yet taken out.

    Source: C43, C44.
    """
    lapsed = view.found(Subscription, "standing", "lapsed")
    if not lapsed:
        return
    _insist_on_one(view, lapsed)
    for subscription in lapsed:
        for wallet in wallets:
            if any(forfeits(view.holdings(wallet), subscription, view.at)):
                raise ForfeitDue(subscription.id, wallet)


def check_promise(view: View, claim: Claim) -> None:
    """Raise what stands against accepting an open invite.

    Both errors are only for a lapse at which the policy had invites released.

    Args:
        view: What the decision looks through.
        claim: The invite's claim.

    Raises:
        SubscriptionLapsed: A subscription has lapsed, and none is in force.
        ForfeitDue: The invite holds a credit that was forfeited, and not yet taken out.

    Source: C43, C45.
    """
    lapsed = view.found(Subscription, "standing", "lapsed")
    released = [one for one in lapsed if one.lapse and one.lapse.holds is _RELEASED]
    if released:
        _insist_on_one(view, released)
    held = [part for part in claim.segments if part.state is State.HELD]
    for subscription, part in product(released, held):
        if is_forfeited(subscription, view.lot(part.lot), view.at):
            raise ForfeitDue(subscription.id, part.wallet)


def _insist_on_one(view: View, lapsed: Iterable[Subscription]) -> None:
    """Raise the last of some lapses, unless a subscription is in force."""
    if not view.found(Subscription, "standing", "in_force"):
        since, name = max((one.lapse.since, one.id) for one in lapsed if one.lapse)
        raise SubscriptionLapsed(name, since)
