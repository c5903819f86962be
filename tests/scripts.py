"""Random stories at a desk: lots with every kind of terms, holds, spends and what undoes them."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from tests.desk import ANN, BEN, CODE, COURSE, POOL, Desk, c, day, u
from unitledger.commands import Command
from unitledger.errors import UnitLedgerError
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.operations import (
    Capture,
    EditExpiry,
    Hold,
    Issue,
    Release,
    Restore,
    Reverse,
    Spend,
    Sweep,
    Transfer,
    VoidUnits,
)

HOLDERS = (ANN, BEN, CODE)


class Story:
    """What has been said so far, so that most of what is said next makes sense."""

    def __init__(self, seed: int, *, sweeps: bool = True) -> None:
        self.chance = Random(seed)
        self.sweeps = sweeps
        self.lots = [(LotId("none"), ANN)]
        self.claims = [(ClaimId("none"), ANN)]

    def next(self, number: int, now: float) -> Command[Any]:
        """The next command, to be given under the request ``r{number}``, ``now`` days in."""
        chance, choose = self.chance, self.chance.choice
        wallet, amount = choose(HOLDERS), u(chance.randrange(1, 9))
        lot, home = choose(self.lots[-8:])
        claim, owner = choose(self.claims[-8:])
        later = day(now + chance.randrange(1, 12))
        kind = chance.randrange(14)
        if kind < 3 or number < 3:
            self.lots.append((LotId(f"l{number}"), wallet))
            return self._issue(LotId(f"l{number}"), wallet, now)
        if kind < 6:
            self.claims.append((ClaimId(f"r{number}.1"), wallet))
            return (
                Spend(wallet, amount) if kind == 3 else Hold(wallet, amount, choose((None, later)))
            )
        if kind < 9:
            some = choose((None, u(1)))
            return choose((Capture, Release, Reverse))(claim, owner, some)
        if kind == 9 or (kind == 12 and not self.sweeps):
            return EditExpiry(lot, home, choose((None, later, later)))
        if kind == 10:
            return choose((VoidUnits(wallet, amount), Restore(wallet, lot, u(1))))
        if kind == 11:
            return choose((Issue(LotId(f"c{number}"), POOL, c(3)), Transfer(POOL, COURSE, c(1))))
        if kind == 12:
            return Sweep(wallet)
        return Transfer(wallet, ANN if wallet == BEN else BEN, amount)

    def _issue(self, lot: LotId, wallet: WalletId, now: float) -> Issue:
        chance = self.chance
        begins = chance.choice((None, None, now + chance.randrange(4)))
        ends = chance.choice((None, *(now + 4 + chance.randrange(8) for _ in range(3))))
        return Issue(
            lot,
            wallet,
            u(chance.randrange(5, 30)),
            None if begins is None else day(begins),
            None if ends is None else day(ends),
        )


def told(length: int, seed: int, *, pace: float = 0.5) -> Desk:
    """A desk with so many entries behind it."""
    desk, story, number = Desk(), Story(seed), 0
    while len(desk.journal()) < length:
        number += 1
        now = number * pace
        command = story.next(number, now)
        with suppress(UnitLedgerError):
            desk.at(now).give(command, f"r{number}")
    return desk
