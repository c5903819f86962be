"""The schedule: everything that is due in a portal and not done yet, and how it is done.

What is due follows from records and the instant asked about, so it does not matter when a scheduler
comes round, how often, or what it missed. Every entry has a request id that derives from what it
does: two schedulers with the same actor do it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Protocol, TypeVar, final

import attrs

from unitledger.accounts import Cells, State, wallet_unit
from unitledger.amounts import Credits
from unitledger.commands import Actor, Command, Outcome, Receipt
from unitledger.credits.lapses import Forfeit, cancellable
from unitledger.credits.plans import Subscription
from unitledger.credits.standing import forfeits
from unitledger.credits.subscriptions import Replenish, unissued
from unitledger.errors import Contention, Refused, RequestConflict, UnitLedgerError
from unitledger.ids import LotId, PortalId, RequestId, WalletId
from unitledger.indexes import every
from unitledger.lots import Lot
from unitledger.policy import PurchasedAtLapse
from unitledger.ports import Reading, Store
from unitledger.time import Clock, instant
from unitledger.values import Value

__all__ = ["Due", "Runs", "due", "run_due"]

_O = TypeVar("_O", bound=Outcome)


@final
@attrs.frozen
class Due(Value):
    """Something that is due and not done yet.

    Attributes:
        at: From when on it is due (UTC).
        command: What does it.
        request: The request id to give it under.
    """

    at: datetime
    command: Replenish | Forfeit
    request: RequestId


class Runs(Protocol):
    """What a schedule needs of a ledger."""

    store: Store
    portal: PortalId
    clock: Clock

    def execute(
        self, command: Command[_O], *, by: Actor, request: str, reason: str = ""
    ) -> Receipt[_O]:
        """Carry a command out, once per request id."""
        ...


def due(reading: Reading, *, at: datetime) -> tuple[Due, ...]:
    """Everything that is due by an instant and not done yet, the first due first.

    Periods to be granted, and wallets whose credits are forfeited with a subscription whose grace
    is over.

    Args:
        reading: A reading of the portal.
        at: The last instant to look at (UTC).

    Source: C40, C43.
    """
    at = instant(at, "at")
    lapsed = tuple(every(reading, Subscription, "standing", "lapsed"))
    found = [
        Due(when, Replenish(one.id, index), RequestId(f"replenish {one.id}/{index}"))
        for one in (*every(reading, Subscription, "standing", "in_force"), *lapsed)
        for index, when in unissued(reading, one.id, at=at)
    ]
    found += [forfeit for one in lapsed for forfeit in _forfeits(reading, one, at)]
    return tuple(sorted(found, key=_first_due))


def _first_due(one: Due) -> tuple[datetime, str]:
    return one.at, one.request


def _forfeits(reading: Reading, subscription: Subscription, at: datetime) -> Iterator[Due]:
    """A forfeit for every wallet that has something left to take out."""
    lapse = subscription.lapse
    if lapse is None or at < lapse.forfeits:
        return
    everywhere = lapse.purchased is PurchasedAtLapse.FORFEIT
    wallets = reading.wallets() if everywhere else _holders(reading, subscription)
    for wallet in wallets:
        if wallet_unit(wallet) is Credits and _has_left(reading, subscription, wallet, at):
            head = reading.head(wallet)
            place = f"{subscription.id}\n{wallet}\n{head.sequence if head else 0}"
            request = RequestId(f"forfeit {sha256(place.encode('ascii')).hexdigest()}")
            yield Due(lapse.forfeits, Forfeit(subscription.id, wallet), request)


def _holders(reading: Reading, subscription: Subscription) -> list[WalletId]:
    """Every wallet that ever held a lot of a subscription, in order."""
    found = {wallet for lot in _lots(reading, subscription) for wallet in reading.wallets(lot)}
    return sorted(found)


def _lots(reading: Reading, subscription: Subscription) -> Iterator[LotId]:
    """Every lot that a subscription has brought by its periods and its changes of plan."""
    lapse, changes = subscription.lapse, enumerate(subscription.changes, 1)
    names = [f"{subscription.id}/{one.period - 1}+{number}" for number, one in changes]
    if lapse is not None:
        names += [f"{subscription.id}/{k}" for k, _ in subscription.renewal.upto(lapse.since)]
    for name in names:
        number, lot = 1, LotId(name)
        while reading.lot(lot) is not None:
            yield lot
            number += 1
            lot = LotId(f"{name}.{number}")


def _has_left(reading: Reading, subscription: Subscription, wallet: WalletId, at: datetime) -> bool:
    """Whether a forfeit would take something out of a wallet, or cancel an invite."""
    holdings = _holdings(reading, wallet, at)
    return any(forfeits(holdings, subscription, at)) or any(
        True for _ in cancellable(reading, subscription, wallet, at)
    )


def _holdings(reading: Reading, wallet: WalletId, at: datetime) -> list[tuple[Lot, Cells]]:
    """What a wallet has, with the holds that are over by an instant released."""
    over: dict[LotId, int] = {}
    for claim in reading.due(wallet, at):
        for part in claim.segments:
            if part.wallet == wallet and part.state is State.HELD:
                over[part.lot] = over.get(part.lot, 0) + part.parts
    found: list[tuple[Lot, Cells]] = []
    for lot, (issued, free, held, spent, expired, void) in reading.holdings(wallet):
        parts = over.get(lot.id, 0)
        found.append((lot, (issued, free + parts, held - parts, spent, expired, void)))
    return found


def run_due(
    ledger: Runs, *, by: Actor, at: datetime | None = None
) -> tuple[Receipt[Outcome] | UnitLedgerError, ...]:
    """Carry out everything that is due and not done yet, the first due first.

    What is refused, because somebody else was faster or the rules have changed meanwhile, does not
    stop the rest; the next run finds what is still due.

    Args:
        ledger: The ledger.
        by: Who gives the commands: an administrator, or the system.
        at: The last instant to look at (UTC); ``None`` is now. A later one finds what would then
            be due, and the ledger refuses it until it is.

    Returns:
        For everything that was due, in order, its receipt or its refusal.

    Source: C40, C43.
    """
    when = ledger.clock.now() if at is None else at
    done: dict[RequestId, Receipt[Outcome] | UnitLedgerError] = {}
    while waiting := [one for one in _due_in(ledger, when) if one.request not in done]:
        for one in waiting:
            done[one.request] = _answer(ledger, one, by)
    return tuple(done.values())


def _due_in(ledger: Runs, at: datetime) -> tuple[Due, ...]:
    with ledger.store.read(ledger.portal) as reading:
        return due(reading, at=at)


def _answer(ledger: Runs, one: Due, by: Actor) -> Receipt[Outcome] | UnitLedgerError:
    command: Command[Outcome] = one.command
    try:
        return ledger.execute(command, by=by, request=one.request)
    except (Refused, RequestConflict, Contention) as refusal:
        return refusal
