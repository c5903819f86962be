"""Closed wallets: a manager who left, a course that is given up, and where their credits go.

Whatever would come back to a closed wallet goes on to the next one that is open:

    MANAGER ──► COURSE ──► POOL

The pool is never closed, so every credit has somewhere to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, account, check_wallet, course, pool, wallet_parts
from unitledger.codec import kind
from unitledger.commands import View
from unitledger.errors import WalletClosed
from unitledger.ids import WalletId
from unitledger.moves import Move
from unitledger.records import Record, record_lock

__all__ = [
    "Closure",
    "ClosureState",
    "check_open",
    "closing",
    "closure_lock",
    "emptied",
    "is_closed",
    "landing",
    "onward",
    "reopening",
]


@final
class ClosureState(StrEnum):
    """Whether a wallet that was closed once is closed now."""

    CLOSED = "closed"
    REOPENED = "reopened"

    def __repr__(self) -> str:
        return f"ClosureState.{self.name}"


@kind("closure")
@final
@attrs.frozen
class Closure(Record):
    """A wallet was closed; one without such a record is open.

    Attributes:
        wallet: The wallet of a manager or a course.
        state: Whether it is closed now.

    Source: C22.
    """

    KIND: ClassVar[str] = "closure"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        ClosureState.CLOSED: frozenset({ClosureState.REOPENED}),
        ClosureState.REOPENED: frozenset({ClosureState.CLOSED}),
    }

    wallet: WalletId
    state: ClosureState = ClosureState.CLOSED

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)

    @property
    def key(self) -> str:
        """The wallet."""
        return self.wallet


def closure_lock(wallet: WalletId) -> str:
    """The lock under which a wallet is closed, or looked at for being closed."""
    return record_lock(Closure.KIND, wallet)


def is_closed(view: View, wallet: WalletId) -> bool:
    """Whether a wallet is closed now.

    Source: C22.
    """
    if not view.has_record(Closure, wallet):
        return False
    return view.record(Closure, wallet).state is ClosureState.CLOSED


def check_open(view: View, wallet: WalletId) -> None:
    """Refuse to bring credits to a closed wallet, or to spend what it has.

    Raises:
        WalletClosed: It is closed.

    Source: C22.
    """
    if is_closed(view, wallet):
        raise WalletClosed(wallet)


def closing(view: View, wallet: WalletId) -> Closure:
    """The record of a wallet that is being closed.

    Raises:
        IllegalTransition: It is closed already.

    Source: C22.
    """
    if view.has_record(Closure, wallet):
        return view.record(Closure, wallet).to(ClosureState.CLOSED)
    return Closure(wallet)


def reopening(view: View, wallet: WalletId) -> Closure:
    """The record of a wallet that is being opened again.

    Raises:
        IllegalTransition: It is open again already.
        UnknownObject: It was never closed.

    Source: C22.
    """
    return view.record(Closure, wallet).to(ClosureState.REOPENED)


def landing(view: View, wallet: WalletId) -> WalletId:
    """The wallet itself, or the nearest one that is open: its course, else the pool.

    Source: C22.
    """
    if wallet == pool() or not is_closed(view, wallet):
        return wallet
    kind_, *names = wallet_parts(wallet)
    return landing(view, course(names[-1])) if kind_ == "manager" else pool()


def onward(view: View, moves: Iterable[Move]) -> tuple[Move, ...]:
    """The moves that take on to an open wallet what some moves bring back to a closed one.

    Source: C22.
    """
    further: list[Move] = []
    for move in moves:
        wallet, state = move.target.wallet, move.target.state
        goal = landing(view, wallet) if state is State.FREE else wallet
        if goal != wallet:
            further.append(Move(move.lot, move.target, account(goal, State.FREE), move.parts))
    return tuple(further)


def emptied(view: View, source: WalletId, target: WalletId) -> tuple[Move, ...]:
    """The moves that take all a wallet has free to another, lots that begin later included.

    What has lapsed stays where it is.

    Source: C22.
    """
    ends = account(source, State.FREE), account(target, State.FREE)
    return tuple(
        Move(lot.id, *ends, parts)
        for lot, cells in view.holdings(source)
        if (parts := cells[State.FREE] + cells[State.EXPIRED]) and not lot.lapsed(view.at)
    )
