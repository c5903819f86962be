"""Claims: what an invite, an enrolment, a hold or an order line holds or has spent.

A claim is a list of segments in the order they were taken. One method, `Claim.shift`, serves
accept, capture, release, cancel, reverse and partial refund; the authority over "refunded is never
more than spent" and "captured is never more than held" lies there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import final

import attrs

from unitledger.accounts import State, account
from unitledger.errors import ClaimExceeded, InvalidType, InvalidValue, shown
from unitledger.ids import ClaimId, LotId, WalletId, check_id
from unitledger.lots import Lot
from unitledger.moves import Move, verb
from unitledger.time import instant
from unitledger.values import Value

__all__ = ["Claim", "Segment", "Shift"]

_CARRIED = (State.HELD, State.SPENT)


@final
@attrs.frozen
class Segment(Value):
    """Some parts of one lot in one wallet that a claim holds or has spent.

    Attributes:
        wallet: Where they are.
        lot: Of which lot.
        parts: How many, more than zero.
        state: ``HELD`` or ``SPENT``.
    """

    wallet: WalletId
    lot: LotId
    parts: int
    state: State

    def __attrs_post_init__(self) -> None:
        if type(self.parts) is not int:
            raise InvalidType("parts", shown(self.parts), "int")
        if self.parts <= 0:
            raise InvalidValue("parts", shown(self.parts), "an int above zero")
        if self.state is not State.HELD and self.state is not State.SPENT:
            raise InvalidValue("state", shown(self.state), "HELD or SPENT")

    def _pieces(self, shifted: int, target: State) -> list[Segment]:
        """What it becomes when some of it gets another state: that first, then the rest."""
        pieces = []
        if shifted and target in _CARRIED:
            pieces.append(Segment(self.wallet, self.lot, shifted, target))
        if shifted < self.parts:
            pieces.append(Segment(self.wallet, self.lot, self.parts - shifted, self.state))
        return pieces


@final
@attrs.frozen
class Shift(Value):
    """A claim after a change, and the moves that the change is made of.

    Attributes:
        claim: The claim afterwards.
        moves: The moves, one per segment touched.
    """

    claim: Claim
    moves: tuple[Move, ...]


@final
@attrs.frozen
class Claim(Value):
    """What one purpose holds or has spent, segment by segment in taking order.

    Attributes:
        id: The claim's id.
        segments: What it holds and has spent; what went back is no longer listed.
        deadline: When what is still held is released (UTC); ``None`` is never.
    """

    id: ClaimId
    segments: tuple[Segment, ...] = ()
    deadline: datetime | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.id, "claim")
        if type(self.segments) is not tuple:
            raise InvalidType("segments", shown(self.segments), "a tuple of Segment")
        for part in self.segments:
            if type(part) is not Segment:
                raise InvalidType("segments", shown(part), "a tuple of Segment")
        if self.deadline is not None:
            object.__setattr__(self, "deadline", instant(self.deadline, "deadline"))

    @classmethod
    def taking(
        cls,
        claim: ClaimId,
        wallet: WalletId,
        taken: Iterable[tuple[Lot, int]],
        state: State,
        *,
        deadline: datetime | None = None,
    ) -> Shift:
        """A new claim over what a plan takes from a wallet, held or spent at once.

        Args:
            claim: Its id.
            wallet: The wallet the plan was made for.
            taken: Lots with parts, as a plan's ``taken``.
            state: ``HELD`` or ``SPENT``.
            deadline: When a hold is released by itself.
        """
        segments, moves = _taken(claim, wallet, taken, State.FREE, state)
        return Shift(cls(claim, segments, deadline), moves)

    def joined(
        self,
        wallet: WalletId,
        taken: Iterable[tuple[Lot, int]],
        state: State,
        source: State = State.FREE,
    ) -> Shift:
        """The claim with more taken from a wallet, behind what it has.

        Args:
            wallet: The wallet the plan was made for.
            taken: Lots with parts, as a plan's ``taken``.
            state: ``HELD`` or ``SPENT``.
            source: ``FREE``, or ``ISSUED`` for the advance of a debt lot.
        """
        segments, moves = _taken(self.id, wallet, taken, source, state)
        return Shift(Claim(self.id, self.segments + segments, self.deadline), moves)

    def total(self, state: State) -> int:
        """How many parts it has in a state."""
        total = 0
        for part in self.segments:
            if part.state is state:
                total += part.parts
        return total

    @property
    def wallets(self) -> tuple[WalletId, ...]:
        """Every wallet it has something in, once each, in taking order."""
        return tuple(dict.fromkeys(part.wallet for part in self.segments))

    def shift(self, parts: int, source: State, target: State, *, last_first: bool = False) -> Shift:
        """Change the state of some of it, in taking order or from the last taken backwards.

        Capture is ``HELD → SPENT``, release ``HELD → FREE``, reverse ``SPENT → FREE`` with
        ``last_first``, so that what stays is a prefix of what was taken.

        Args:
            parts: How many, more than zero.
            source: The state they are in.
            target: The state they get; in any other than ``HELD`` and ``SPENT`` they leave the
                claim.
            last_first: Whether to begin with the last taken.

        Raises:
            ClaimExceeded: It has fewer parts in that state.
            InvalidType: The parts are not an ``int``, or a state is not a `State`.
            InvalidValue: Zero parts or fewer, or no such change of state.

        Source: I3, TU-238, TU-243, C57.
        """
        _check_shift(parts, source, target)
        there = self.total(source)
        if parts > there:
            raise ClaimExceeded(self.id, source.name, parts, there)
        need = parts
        pieces: list[Segment] = []
        moves: list[Move] = []
        for part in reversed(self.segments) if last_first else self.segments:
            shifted = min(need, part.parts) if part.state is source else 0
            pieces += part._pieces(shifted, target)
            if shifted:
                need -= shifted
                ends = account(part.wallet, source), account(part.wallet, target)
                moves.append(Move(part.lot, *ends, shifted, self.id))
        merged = _merged(reversed(pieces) if last_first else pieces)
        return Shift(Claim(self.id, merged, self.deadline), tuple(moves))


def _taken(
    claim: ClaimId,
    wallet: WalletId,
    taken: Iterable[tuple[Lot, int]],
    source: State,
    state: State,
) -> tuple[tuple[Segment, ...], tuple[Move, ...]]:
    """A segment and a move for every lot taken."""
    left, reached = account(wallet, source), account(wallet, state)
    segments: list[Segment] = []
    moves: list[Move] = []
    for lot, parts in taken:
        segments.append(Segment(wallet, lot.id, parts, state))
        moves.append(Move(lot.id, left, reached, parts, claim))
    return tuple(segments), tuple(moves)


def _check_shift(parts: int, source: State, target: State) -> None:
    if type(parts) is not int:
        raise InvalidType("parts", shown(parts), "int")
    if parts <= 0:
        raise InvalidValue("parts", shown(parts), "an int above zero")
    for state in (source, target):
        if type(state) is not State:
            raise InvalidType("state", shown(state), "State")
    if source not in _CARRIED or verb(source, target) is None:
        raise InvalidValue("target", target.name, f"a state that a claim's {source.name} can reach")


def _merged(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The same segments, like neighbours made one."""
    merged: list[Segment] = []
    for part in segments:
        last = merged[-1] if merged else None
        if last and (last.wallet, last.lot, last.state) == (part.wallet, part.lot, part.state):
            merged[-1] = Segment(part.wallet, part.lot, last.parts + part.parts, part.state)
        else:
            merged.append(part)
    return tuple(merged)
