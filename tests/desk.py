"""A ledger to try commands on, with a clock that is moved by hand and requests that count up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from unitledger.amounts import Amount, Credits, Units
from unitledger.commands import Actor, Command, Outcome, Receipt, Role
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.ledger import Ledger
from unitledger.operations import Claimed, Hold, Issue, Issued, Spend
from unitledger.policy import Policy
from unitledger.ports import Directory, Kept, Store
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
POOL, COURSE = WalletId("pool"), WalletId("course/c")
ANN, BEN, CODE = WalletId("member/ann"), WalletId("member/ben"), WalletId("keycode/k")
ADMIN = Actor.acting("admin", Role.ADMIN)
LEARNER = Actor.acting("ann", Role.LEARNER)

_O = TypeVar("_O", bound=Outcome)


def day(number: float) -> datetime:
    """So many days after the first instant of the story."""
    return START + number * DAY


class Desk:
    """A portal of a store; whoever sits at it gives commands as the administrator."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        portal: str = "main",
        policy: Policy | None = None,
        directory: Directory | None = None,
    ) -> None:
        self.store = MemoryStore() if store is None else store
        self.clock = FixedClock(START)
        self.ledger = Ledger(
            self.store, portal=portal, policy=policy, clock=self.clock, directory=directory
        )
        self._requests = 0

    def give(
        self, command: Command[_O], request: str | None = None, *, by: Actor = ADMIN, why: str = ""
    ) -> Receipt[_O]:
        """The receipt of a command, under a fresh request unless one is named."""
        if request is None:
            self._requests += 1
            request = f"r{self._requests}"
        return self.ledger.execute(command, by=by, request=request, reason=why)

    def issue(self, lot: str, wallet: WalletId, amount: Amount, **terms: Any) -> Receipt[Issued]:
        """A lot in a wallet."""
        return self.give(Issue(LotId(lot), wallet, amount, **terms), f"issue {lot}")

    def spend(self, wallet: WalletId, amount: Amount) -> Receipt[Claimed]:
        """An amount spent from a wallet."""
        return self.give(Spend(wallet, amount))

    def hold(self, wallet: WalletId, amount: Amount, until: datetime | None = None) -> ClaimId:
        """The claim that holds an amount in a wallet."""
        return self.give(Hold(wallet, amount, until)).outcome.claim

    def at(self, number: float) -> Desk:
        """The same desk on another day."""
        self.clock.at = day(number)
        return self

    def figures(self, wallet: WalletId, at: datetime | None = None) -> tuple[int, ...]:
        """What is available, held, spent, expired and void in a wallet, in parts."""
        balance = self.ledger.balance(wallet, at=at)
        return tuple(
            amount.parts
            for amount in (
                *(balance.available, balance.held, balance.spent),
                *(balance.expired, balance.void),
            )
        )

    def journal(self) -> tuple[Kept, ...]:
        """Everything written so far."""
        return self.ledger.journal()

    def check(self) -> None:
        """The journal holds, and the store is what it folds to."""
        assert self.ledger.verify().faults == ()
        assert self.ledger.audit().faults == ()


def u(number: int | str) -> Units:
    """So many training units."""
    return Units.of(number)


def c(number: int) -> Credits:
    """So many credits."""
    return Credits.of(number)
