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

__all__ = ["Move", "flawed", "verb"]

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
_BY_PLACE = tuple(tuple(_VERBS.get((source, target)) for target in State) for source in State)
_UNCLAIMED = frozenset({"issue", "transfer", "expire", "revive", "void", "restore"})
_SOUND = frozenset(
    (source, target, word != "transfer", word not in _UNCLAIMED)
    for (source, target), word in _VERBS.items()
)
"""Source, target, whether they are of one wallet, whether there is a claim."""


def verb(source: State, target: State) -> str | None:
    """The word for a move between two states; ``None`` when there is no such move."""
    return _BY_PLACE[source][target]


def flawed(source: Account, target: Account, *, claimed: bool) -> str | None:
    """What a move between two accounts should have had instead; ``None`` when it is sound.

    Args:
        source: The account units leave.
        target: The account they reach.
        claimed: Whether the move names a claim.
    """
    came, goes, within = source.state, target.state, source.wallet == target.wallet
    if (came, goes, within, claimed) in _SOUND:
        return None
    word = _BY_PLACE[came][goes]
    if word is None:
        return f"a state that {source} can reach"
    if (word == "transfer") is within:
        return "another wallet in a transfer, else the same"
    return "a claim for HELD and SPENT, else None"


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
        source, target, parts = self.source, self.target, self.parts
        if type(source) is not Account or type(target) is not Account:
            raise InvalidType("source and target", shown((source, target)), "Account")
        if type(parts) is not int:
            raise InvalidType("parts", shown(parts), "int")
        if not 0 < parts <= MAX_PARTS:
            if parts <= 0:
                raise InvalidValue("parts", shown(parts), "an int above zero")
            raise LimitExceeded("parts", shown(parts), MAX_PARTS)
        within, claimed = source.wallet == target.wallet, self.claim is not None
        if (source.state, target.state, within, claimed) not in _SOUND:
            flaw = flawed(source, target, claimed=claimed)
            raise InvalidValue("target", str(target), str(flaw))
        if not within:
            unit, other = wallet_unit(source.wallet), wallet_unit(target.wallet)
            if other is not unit:
                raise WrongUnit(unit.UNIT, other.UNIT)

    @property
    def verb(self) -> str:
        """What the move is called: issue, transfer, hold, spend, capture, release, reverse."""
        return _VERBS[self.source.state, self.target.state]
