"""Crossings: the instants at which a balance of credits fell below a figure.

They are read from the journal. A balance falls by an entry, or as time goes by: a lot lapses, and
nothing is written for it. So every wallet is followed from entry to entry, and in between from one
instant to the next at which something lapses, begins or is let go; under the terms that counted
then, so that a crossing that was found once is found again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import final

import attrs

from unitledger.accounts import State, wallet_unit
from unitledger.amounts import Credits
from unitledger.claims import Claim
from unitledger.commands import Entry
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.journal import entry_of
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.ports import Reading
from unitledger.time import instant
from unitledger.values import Value

__all__ = ["Crossing", "falls_below"]

_USABLE = (State.FREE, State.EXPIRED)


@final
@attrs.frozen
class Crossing(Value):
    """A balance that was at a figure or above it fell below it.

    Attributes:
        wallet: Whose balance.
        at: When (UTC).
        sequence: How many entries had touched the wallet by then.
        left: What was left.
    """

    wallet: WalletId
    at: datetime
    sequence: int
    left: Credits


@final
@attrs.define
class _Wallet:
    """What is known of one wallet at an instant."""

    at: datetime
    sequence: int = 0
    level: int = 0
    parts: defaultdict[LotId, int] = attrs.field(factory=lambda: defaultdict(int))
    holds: dict[ClaimId, Claim] = attrs.Factory(dict)


class _Watch:
    """Every wallet of credits, followed through a journal."""

    def __init__(self, below: Credits) -> None:
        self.below = below.parts
        self.lots: dict[LotId, Lot] = {}
        self.wallets: dict[WalletId, _Wallet] = {}
        self.found: list[Crossing] = []

    def follow(self, entry: Entry) -> None:
        """Take one more entry into account."""
        touched = {one.wallet: one.sequence for one in entry.touches if _of_credits(one.wallet)}
        for name in touched:
            self.wallets.setdefault(name, _Wallet(entry.at))
        reached = sorted({*touched, *self._holders(edit.lot for edit in entry.terms)})
        for name in reached:
            self.wait(name, entry.at)
        self.lots.update((lot.id, lot) for lot in entry.lots)
        for edit in entry.terms:
            self.lots[edit.lot] = self.lots[edit.lot].under(edit.terms, entry.at)
        for name, sequence in touched.items():
            self._enter(self.wallets[name], name, entry, sequence)
        for name in reached:
            self._look(name, self.wallets[name].at)

    def wait(self, name: WalletId, until: datetime) -> None:
        """Let time go by for a wallet, up to an instant and including it."""
        wallet = self.wallets[name]
        turns = {when for when in self._turns(name, wallet) if wallet.at < when <= until}
        for when in sorted(turns):
            self._look(name, when)
        wallet.at = max(wallet.at, until)

    def _holders(self, lots: Iterable[LotId]) -> Iterator[WalletId]:
        edited = set(lots)
        return (name for name, one in self.wallets.items() if not edited.isdisjoint(one.parts))

    def _enter(self, wallet: _Wallet, name: WalletId, entry: Entry, sequence: int) -> None:
        wallet.sequence = sequence
        for move in entry.moves:
            parts = _change(move, name)
            if parts:
                wallet.parts[move.lot] += parts
        for claim in entry.claims:
            wallet.holds.pop(claim.id, None)
            if claim.deadline is not None and any(_held(claim, name)):
                wallet.holds[claim.id] = claim

    def _look(self, name: WalletId, when: datetime) -> None:
        wallet = self.wallets[name]
        before, wallet.level = wallet.level, self._level(name, wallet, when)
        if wallet.level < self.below <= before:
            left = Credits(parts=wallet.level)
            self.found.append(Crossing(name, when, wallet.sequence, left))

    def _level(self, name: WalletId, wallet: _Wallet, when: datetime) -> int:
        overdue = [
            held
            for claim in wallet.holds.values()
            if claim.deadline is not None and claim.deadline <= when
            for held in _held(claim, name)
        ]
        there = (*wallet.parts.items(), *overdue)
        return sum(parts for lot, parts in there if self.lots[lot].terms.holds(when))

    def _turns(self, name: WalletId, wallet: _Wallet) -> Iterator[datetime]:
        """The instants at which a balance changes without an entry."""
        claims = wallet.holds.values()
        held = {lot for claim in claims for lot, _ in _held(claim, name)}
        for lot in {*(lot for lot, parts in wallet.parts.items() if parts), *held}:
            terms = self.lots[lot].terms
            yield from (when for when in (terms.effective, terms.expires) if when is not None)
        yield from (claim.deadline for claim in claims if claim.deadline is not None)


def _of_credits(wallet: WalletId) -> bool:
    return wallet_unit(wallet) is Credits


def _change(move: Move, wallet: WalletId) -> int:
    """How many parts more a wallet can spend for a move, expired ones counted in."""
    came = move.target.wallet == wallet and move.target.state in _USABLE
    went = move.source.wallet == wallet and move.source.state in _USABLE
    return move.parts * (came - went)


def _held(claim: Claim, wallet: WalletId) -> Iterator[tuple[LotId, int]]:
    for part in claim.segments:
        if part.wallet == wallet and part.state is State.HELD:
            yield part.lot, part.parts


def falls_below(reading: Reading, below: Credits, *, at: datetime) -> tuple[Crossing, ...]:
    """Every time a balance of credits fell below a figure, in order; the journal is read for it.

    A balance that never reached the figure did not fall below it.

    Args:
        reading: A reading of the portal.
        below: The figure.
        at: The last instant to look at (UTC).

    Source: C53.
    """
    end, watch = instant(at, "at"), _Watch(below)
    for kept in reading.entries():
        watch.follow(entry_of(kept))
    for name in sorted(watch.wallets):
        watch.wait(name, end)
    return tuple(sorted(watch.found, key=lambda one: (one.at, one.wallet, one.sequence)))
