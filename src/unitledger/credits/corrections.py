"""Corrections: credits of the pool written off, and written back, with the grounds for it.

Nothing is edited. A correction is an entry of its own, and its grounds are part of the command: a
code of the host's, which every correction has to name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, account, pool
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import InsufficientUnits
from unitledger.ids import LotId, WalletId, check_id
from unitledger.moves import Move
from unitledger.operations import met_plan, positive

__all__ = ["WriteBack", "WriteOff", "WrittenBack", "WrittenOff"]

_ADMINS: Mapping[Role, Permit] = {Role.ADMIN: anywhere}


@kind("written_off")
@final
@attrs.frozen
class WrittenOff(Outcome):
    """Credits were taken out of the pool.

    Attributes:
        amount: How many.
        grounds: The host's code for why.
    """

    amount: Credits
    grounds: str


@kind("written_back")
@final
@attrs.frozen
class WrittenBack(Outcome):
    """Credits that were taken out of the pool are in it again.

    Attributes:
        lot: Of which lot.
        amount: How many.
        grounds: The host's code for why.
    """

    lot: LotId
    amount: Credits
    grounds: str


@kind("write_off")
@final
@attrs.frozen
class WriteOff(Command[WrittenOff]):
    """Credits of the pool taken out, for a reason that has a code.

    Attributes:
        amount: How many; the lots are chosen by the policy's move order.
        grounds: The host's code for why.

    Source: C52.
    """

    NAME: ClassVar[str] = "write_off"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    amount: Credits
    grounds: str

    def __attrs_post_init__(self) -> None:
        positive(self.amount, Credits)
        check_id(self.grounds, "grounds")

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool."""
        return (pool(),)

    def decide(self, view: View) -> Decision[WrittenOff]:
        """One move to VOID per lot taken."""
        plan = view.plan(pool(), self.amount, order=view.policy.move_order)
        met_plan(view, plan, pool())
        ends = account(pool(), State.FREE), account(pool(), State.VOID)
        moves = tuple([Move(lot.id, *ends, parts) for lot, parts in plan.taken])
        return Decision(WrittenOff(self.amount, self.grounds), moves=moves)


@kind("write_back")
@final
@attrs.frozen
class WriteBack(Command[WrittenBack]):
    """Credits of a lot that were taken out of the pool, put back under the terms of their lot.

    Attributes:
        lot: Of which lot.
        amount: How many; at most what was taken out of it in the pool.
        grounds: The host's code for why.

    Source: C52.
    """

    NAME: ClassVar[str] = "write_back"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    lot: LotId
    amount: Credits
    grounds: str

    def __attrs_post_init__(self) -> None:
        check_id(self.lot, "lot")
        positive(self.amount, Credits)
        check_id(self.grounds, "grounds")

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool."""
        return (pool(),)

    def decide(self, view: View) -> Decision[WrittenBack]:
        """One move out of VOID."""
        view.lot(self.lot)
        void = view.cells(pool(), self.lot)[State.VOID]
        if void < self.amount.parts:
            raise InsufficientUnits((pool(),), self.amount, Credits(parts=void))
        ends = account(pool(), State.VOID), account(pool(), State.FREE)
        move = Move(self.lot, *ends, self.amount.parts)
        return Decision(WrittenBack(self.lot, self.amount, self.grounds), moves=(move,))
