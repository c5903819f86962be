"""The kernel: the only arithmetic on what wallets hold, and the only place that can refuse a move.

    settle    moves and claims, checked against the cells they touch, become new cells
    true_up   expiry written down: which of a wallet's units are FREE and which EXPIRED follows
              from their lots' terms, and this is the function that says so

The promises, each checked on every entry before anything is written:

    floor         no cell below zero, except ISSUED, which is never above zero
    conservation  the cells of a lot sum to zero: a move has one number, so they stay so
    home          ISSUED stands in a lot's home wallet and nowhere else
    unit          a lot stays in wallets of its own unit
    claims        for every wallet and lot, HELD and SPENT equal the sum of the claims' segments
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias, final

import attrs

from unitledger.accounts import Account, Cells, State, account, wallet_unit
from unitledger.amounts import MAX_PARTS
from unitledger.claims import Claim
from unitledger.errors import (
    InvariantViolation,
    LimitExceeded,
    shown,
)
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.lots import Lot
from unitledger.moves import Move, flawed
from unitledger.values import Value

__all__ = ["CellKey", "Settlement", "retrace", "settle", "true_up"]

_ISSUED, _FREE, _HELD, _SPENT, _EXPIRED, _VOID = State
_CARRIED = (_HELD, _SPENT)

CellKey: TypeAlias = tuple[WalletId, LotId]
"""A wallet and a lot: where a row of cells stands."""


@final
@attrs.frozen
class Settlement(Value):
    """Moves that keep every promise, and the cells they lead to. Nothing has been written yet.

    Attributes:
        moves: The moves in order, with the true-up before and after.
        cells: The new cells of every wallet and lot touched.
    """

    moves: tuple[Move, ...]
    cells: tuple[tuple[CellKey, Cells], ...]


def true_up(wallet: WalletId, lot: Lot, cells: Sequence[int], at: datetime) -> Move | None:
    """The move that writes a lot's expiry down in one wallet, if there is anything to write.

    Units are ``FREE`` before their lot's expiry and ``EXPIRED`` from that instant on; an edit of
    the expiry turns them back. Writing it down changes no balance at any instant.

    Args:
        wallet: The wallet.
        lot: The lot under its present terms.
        cells: What the wallet has of it.
        at: The instant (UTC).

    Source: TU-066, TU-067, TU-072, I8.
    """
    source, target = (_FREE, _EXPIRED) if lot.lapsed(at) else (_EXPIRED, _FREE)
    parts = cells[source]
    return Move(lot.id, account(wallet, source), account(wallet, target), parts) if parts else None


def settle(
    moves: Sequence[Move],
    claims: Iterable[tuple[Claim | None, Claim]],
    *,
    at: datetime,
    lot: Callable[[LotId], Lot],
    cells: Callable[[WalletId, LotId], Cells],
    written_down: Iterable[CellKey] = (),
) -> Settlement:
    """The cells after some moves, with expiry written down for every lot they touch.

    Args:
        moves: What a decision wants to happen, in order.
        claims: Every claim it changes, before (``None`` for a new one) and after.
        at: The instant (UTC).
        lot: Looks a lot up, new ones included.
        cells: Looks up what a wallet has of a lot.
        written_down: Wallets and lots whose expiry is written down though nothing moves there.

    Raises:
        InvariantViolation: A promise would be broken; which, it says.
        LimitExceeded: More than 10¹⁵ parts of one lot would be issued.

    Source: I1, I2, I3.
    """
    rows = _Rows(lot, cells, at)
    for key in written_down:
        rows[key]
    _apply(moves, rows)
    rows.written += moves
    for key, row in rows.items():
        if row[0][row[2]]:
            rows.write_down(key, row)
    _check_claims(rows.written, claims)
    return _settled(rows.written, rows)


def retrace(
    moves: Sequence[Move],
    claims: Iterable[tuple[Claim | None, Claim]],
    *,
    lot: Callable[[LotId], Lot],
    cells: Callable[[WalletId, LotId], Cells],
) -> Settlement:
    """The cells after an entry's own moves, which have their true-up among them already.

    Args:
        moves: The entry's moves, in order.
        claims: Every claim it changed, before (``None`` for a new one) and after.
        lot: Looks a lot up, new ones included.
        cells: Looks up what a wallet had of a lot.

    Raises:
        InvariantViolation: The entry breaks a promise; which, it says.
        LimitExceeded: More than 10¹⁵ parts of one lot were issued.
    """
    rows = _Rows(lot, cells, None)
    _apply(moves, rows)
    _check_claims(moves, claims)
    return _settled(moves, rows)


_Row: TypeAlias = tuple[list[int], Lot, State]
"""The cells of a wallet and a lot, the lot, and the state in which its terms leave nothing."""


class _Rows(dict[CellKey, _Row]):
    """The rows that moves touch, read when they are first asked for.

    Where there is an instant, expiry is written down at it, as the moves in ``written``.
    """

    __slots__ = ("_at", "_cells", "_lot", "written")

    def __init__(
        self,
        lot: Callable[[LotId], Lot],
        cells: Callable[[WalletId, LotId], Cells],
        at: datetime | None,
    ) -> None:
        super().__init__()
        self._lot = lot
        self._cells = cells
        self._at = at
        self.written: list[Move] = []

    def __missing__(self, key: CellKey) -> _Row:
        wallet, lot_id = key
        lot, at = self._lot(lot_id), self._at
        emptied = _FREE if at is not None and lot.lapsed(at) else _EXPIRED
        cells = list(self._cells(wallet, lot_id))
        row = self[key] = cells, lot, emptied
        if cells[emptied]:
            self.write_down(key, row)
        return row

    def write_down(self, key: CellKey, row: _Row) -> None:
        """True a row up in which something is left that its terms do not leave."""
        cells, lot, _ = row
        if self._at is not None:
            move = true_up(key[0], lot, cells, self._at)
            if move is not None:
                cells[move.source.state] -= move.parts
                cells[move.target.state] += move.parts
                self.written.append(move)


_Ends: TypeAlias = tuple[State, State, WalletId, WalletId]
"""The states and wallets of a move's two ends."""
_NOWHERE: _Ends = _ISSUED, _ISSUED, WalletId(""), WalletId("")


def _apply(moves: Iterable[Move], rows: _Rows) -> None:
    """Apply moves in order, or say which promise one of them would break."""
    source = target = claimed = None
    ends = _NOWHERE
    for move in moves:
        if (
            move.source is not source
            or move.target is not target
            or (move.claim is None) is claimed
        ):
            source, target, claimed = move.source, move.target, move.claim is not None
            ends = _checked_ends(source, target, claimed=claimed)
        came, goes, wallet, other = ends
        parts = move.parts
        if type(parts) is not int or not 0 < parts <= MAX_PARTS:
            raise InvariantViolation("a move is well-formed", f"parts {shown(parts)}")
        leaving, lot, _ = rows[wallet, move.lot]
        reached = leaving if wallet == other else _reached(other, lot, rows)
        leaving[came] -= parts
        reached[goes] += parts
        if came is _ISSUED or goes is _ISSUED:
            _check_issued(move, leaving, lot)
        elif leaving[came] < 0:
            raise InvariantViolation("no cell falls below zero", f"{source} of {lot.id}")


def _checked_ends(source: Account, target: Account, *, claimed: bool) -> _Ends:
    """The ends of a move, looked over again: a frozen object can be forged."""
    if type(source) is not Account or type(target) is not Account:
        raise InvariantViolation("a move is well-formed", "an end that is no account")
    if type(source.state) is not State or type(target.state) is not State:
        raise InvariantViolation("a move is well-formed", "an account without a state")
    flaw = flawed(source, target, claimed=claimed)
    if flaw is not None:
        raise InvariantViolation("a move is well-formed", f"{source} to {target}, not {flaw}")
    return source.state, target.state, source.wallet, target.wallet


def _reached(wallet: WalletId, lot: Lot, rows: _Rows) -> list[int]:
    """The cells of the other wallet that a transfer reaches."""
    if wallet_unit(wallet) is not wallet_unit(lot.home):
        raise InvariantViolation("a lot stays in wallets of its unit", f"{lot.id} to {wallet}")
    return rows[wallet, lot.id][0]


def _check_issued(move: Move, cells: list[int], lot: Lot) -> None:
    """A move into or out of ISSUED stays within one wallet, which must be the lot's home."""
    if move.source.wallet != lot.home:
        raise InvariantViolation("a lot is issued in its home wallet", f"{lot.id} by {move.source}")
    if cells[move.source.state] < 0 and move.source.state is not _ISSUED:
        raise InvariantViolation("no cell falls below zero", f"{move.source} of {lot.id}")
    if cells[_ISSUED] > 0:
        raise InvariantViolation("ISSUED is never above zero", f"{lot.home} of {lot.id}")
    if cells[_ISSUED] < -MAX_PARTS:
        raise LimitExceeded(f"parts of {lot.id}", shown(-cells[_ISSUED]), MAX_PARTS)


def _check_claims(moves: Iterable[Move], claims: Iterable[tuple[Claim | None, Claim]]) -> None:
    """The moves into and out of HELD and SPENT are exactly the changes of the claims' segments."""
    change = _carried(moves)
    changed: set[ClaimId] = set()
    for before, after in claims:
        name = after.id
        if name in changed or (before is not None and before.id != name):
            raise InvariantViolation("an entry changes a claim once", f"not so for {name}")
        changed.add(name)
        if before is not None:
            for part in before.segments:
                change[name, part.wallet, part.lot, part.state] += part.parts
        for part in after.segments:
            if type(part.parts) is not int or part.parts <= 0:
                raise InvariantViolation("a segment has parts above zero", f"not so in {name}")
            change[name, part.wallet, part.lot, part.state] -= part.parts
    if any(change.values()):
        raise InvariantViolation("HELD and SPENT equal the claims' segments", _unequal(change))


_Carried: TypeAlias = dict[tuple[ClaimId, WalletId, LotId, State], int]
"""Parts that a claim holds or has spent, by claim, wallet, lot and state."""


def _carried(moves: Iterable[Move]) -> _Carried:
    """What moves bring to claims and take from them."""
    change: _Carried = defaultdict(int)
    for move in moves:
        claim, source, target = move.claim, move.source, move.target
        if claim is not None:
            if source.state in _CARRIED:
                change[claim, source.wallet, move.lot, source.state] -= move.parts
            if target.state in _CARRIED:
                change[claim, target.wallet, move.lot, target.state] += move.parts
    return change


def _unequal(change: _Carried) -> str:
    found = [key for key, parts in change.items() if parts]
    claim, wallet, lot, state = found[0]
    return f"claim {claim}, {wallet} {state.name} of {lot}"


def _settled(moves: Sequence[Move], rows: _Rows) -> Settlement:
    after: list[Any] = []
    for key, (cells, _, _) in rows.items():
        after.append((key, tuple(cells)))
    return Settlement(tuple(moves), tuple(after))
