"""Moves: the only thing that ever happens to a quantity.

Some parts of one lot leave one account and reach another. A move has one number, so it cannot be
unbalanced; the table below says which states are joined, and by which word:

    ISSUED  → FREE      issue       a lot comes into being in its home wallet
    FREE    → FREE      transfer    allocate, grant, give, take, distribute: to another wallet
    FREE    → HELD      hold        for a claim
    FREE    → SPENT     spend       for a claim
    HELD    → SPENT     capture     by the claim that holds it
    HELD    → FREE      release     by the claim that holds it
    SPENT   → FREE      reverse     by the claim that spent it
    FREE    → EXPIRED   expire      its terms have ended
    EXPIRED → FREE      revive      its terms were extended
    FREE    → VOID      void        taken out for a reason that is not its terms
    VOID    → FREE      restore     put back
    ISSUED  → SPENT     advance     an overdraft: a debt lot is spent before it is covered
    SPENT   → ISSUED    settle      the debt is covered

Everything but a transfer stays within one wallet.
"""

from __future__ import annotations

from typing import final

import attrs

from unitledger.accounts import Account, State, wallet_unit
from unitledger.amounts import MAX_PARTS
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, WrongUnit, shown
from unitledger.ids import ClaimId, LotId
from unitledger.values import Value

__all__ = ["Move", "verb"]

_ISSUED, _FREE, _HELD, _SPENT, _EXPIRED, _VOID = State

_VERBS: dict[tuple[State, State], str] = {
    (_ISSUED, _FREE): "issue",
    (_FREE, _FREE): "transfer",
    (_FREE, _HELD): "hold",
    (_FREE, _SPENT): "spend",
    (_HELD, _SPENT): "capture",
    (_HELD, _FREE): "release",
    (_SPENT, _FREE): "reverse",
    (_FREE, _EXPIRED): "expire",
    (_EXPIRED, _FREE): "revive",
    (_FREE, _VOID): "void",
    (_VOID, _FREE): "restore",
    (_ISSUED, _SPENT): "advance",
    (_SPENT, _ISSUED): "settle",
}
_CLAIMED = (_HELD, _SPENT)


def verb(source: State, target: State) -> str | None:
    """The word for a move between two states; ``None`` when there is no such move."""
    return _VERBS.get((source, target))


@final
@attrs.frozen
class Move(Value):
    """Some parts of one lot leave one account and reach another.

    There is no way to write down a move that creates or destroys units.

    Attributes:
        lot: Of which lot.
        source: The account they leave.
        target: The account they reach.
        parts: How many smallest parts, more than zero.
        claim: The claim, exactly when the move goes into or out of ``HELD`` or ``SPENT``.

    Source: I1.
    """

    lot: LotId
    source: Account
    target: Account
    parts: int
    claim: ClaimId | None = None

    def __attrs_post_init__(self) -> None:
        self._check_ends()
        self._check_parts()
        self._check_way()

    def check(self) -> None:
        """Raise what the constructors of it and its accounts would: for a move that may be forged.

        Raises:
            InvalidInput: It is not a move.
            WrongUnit: It joins wallets of different units.
        """
        self._check_ends()
        self.source.check()
        self.target.check()
        self._check_parts()
        self._check_way()

    def _check_ends(self) -> None:
        for end in (self.source, self.target):
            if type(end) is not Account:
                raise InvalidType("source and target", shown(end), "Account")

    def _check_parts(self) -> None:
        parts = self.parts
        if type(parts) is not int:
            raise InvalidType("parts", shown(parts), "int")
        if parts <= 0:
            raise InvalidValue("parts", shown(parts), "an int above zero")
        if parts > MAX_PARTS:
            raise LimitExceeded("parts", shown(parts), MAX_PARTS)

    def _check_way(self) -> None:
        source, target = self.source, self.target
        if verb(source.state, target.state) is None:
            raise InvalidValue("target", str(target), f"a state that {source} can reach")
        crossing = source.wallet != target.wallet
        if crossing != (source.state is target.state):
            raise InvalidValue("target", str(target), "another wallet in a transfer, else the same")
        if (self.claim is None) == (source.state in _CLAIMED or target.state in _CLAIMED):
            raise InvalidValue("claim", shown(self.claim), "a claim for HELD and SPENT, else None")
        if crossing and wallet_unit(source.wallet) is not wallet_unit(target.wallet):
            raise WrongUnit(wallet_unit(source.wallet).UNIT, wallet_unit(target.wallet).UNIT)

    @property
    def verb(self) -> str:
        """What the move is called: issue, transfer, hold, spend, capture, release, reverse."""
        return _VERBS[self.source.state, self.target.state]
