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

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeAlias, final

import attrs

from unitledger.accounts import Account, Cells, State, wallet_unit
from unitledger.claims import Claim
from unitledger.errors import InvariantViolation
from unitledger.ids import LotId, WalletId
from unitledger.lots import Lot
from unitledger.moves import Move, verb
from unitledger.values import Value

__all__ = ["CellKey", "Settlement", "retrace", "settle", "true_up"]

_ISSUED, _FREE, _HELD, _SPENT, _EXPIRED, _VOID = State

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
    ends = lot.terms.expires
    if ends is not None and ends <= at:
        if cells[1]:
            return Move(lot.id, Account(wallet, _FREE), Account(wallet, _EXPIRED), cells[1])
    elif cells[4]:
        return Move(lot.id, Account(wallet, _EXPIRED), Account(wallet, _FREE), cells[4])
    return None


def settle(
    moves: Sequence[Move],
    claims: Iterable[tuple[Claim | None, Claim]],
    *,
    at: datetime,
    lot: Callable[[LotId], Lot],
    cells: Callable[[WalletId, LotId], Cells],
) -> Settlement:
    """The cells after some moves, with expiry written down for every lot they touch.

    Args:
        moves: What a decision wants to happen, in order.
        claims: Every claim it changes, before (``None`` for a new one) and after.
        at: The instant (UTC).
        lot: Looks a lot up, new ones included.
        cells: Looks up what a wallet has of a lot.

    Raises:
        InvariantViolation: A promise would be broken; which, it says.

    Source: I1, I2, I3.
    """
    rows: dict[CellKey, list[int]] = {}
    written: list[Move] = []
    for move in moves:
        for wallet in (move.source.wallet, move.target.wallet):
            if (wallet, move.lot) not in rows:
                row = rows[wallet, move.lot] = list(cells(wallet, move.lot))
                _write_down(wallet, lot(move.lot), row, at, written)
    for move in moves:
        _apply(move, rows, lot)
        written.append(move)
    for (wallet, lot_id), row in rows.items():
        _write_down(wallet, lot(lot_id), row, at, written)
    _check_claims(written, claims)
    return Settlement(tuple(written), tuple((key, tuple(row)) for key, row in rows.items()))  # type: ignore[misc]


def retrace(
    moves: Sequence[Move],
    claims: Iterable[tuple[Claim | None, Claim]],
    *,
    lot: Callable[[LotId], Lot],
    cells: Callable[[WalletId, LotId], Cells],
) -> Settlement:
    """The cells after an entry's own moves, which have their true-up among them already.

    Raises:
        InvariantViolation: The entry breaks a promise; which, it says.
    """
    rows: dict[CellKey, list[int]] = {}
    for move in moves:
        for wallet in (move.source.wallet, move.target.wallet):
            if (wallet, move.lot) not in rows:
                rows[wallet, move.lot] = list(cells(wallet, move.lot))
        _apply(move, rows, lot)
    _check_claims(moves, claims)
    return Settlement(tuple(moves), tuple((key, tuple(row)) for key, row in rows.items()))  # type: ignore[misc]


def _write_down(
    wallet: WalletId, lot: Lot, row: list[int], at: datetime, written: list[Move]
) -> None:
    move = true_up(wallet, lot, row, at) if row[1] or row[4] else None
    if move is not None:
        row[move.source.state] -= move.parts
        row[move.target.state] += move.parts
        written.append(move)


def _apply(move: Move, rows: dict[CellKey, list[int]], lot: Callable[[LotId], Lot]) -> None:
    """Apply one move to the rows, or say which promise it would break."""
    source, target, parts = move.source, move.target, move.parts
    if type(parts) is not int or parts <= 0 or verb(source.state, target.state) is None:
        raise InvariantViolation("a move is well-formed", f"{parts} parts {source} to {target}")
    home = lot(move.lot).home
    if (source.state is _ISSUED or target.state is _ISSUED) and source.wallet != home:
        raise InvariantViolation("a lot is issued in its home wallet", f"{move.lot} in {source}")
    if source.wallet != target.wallet and wallet_unit(target.wallet) is not wallet_unit(home):
        raise InvariantViolation("a lot stays in wallets of its unit", f"{move.lot} to {target}")
    leaving, reached = rows[source.wallet, move.lot], rows[target.wallet, move.lot]
    leaving[source.state] -= parts
    reached[target.state] += parts
    if source.state is not _ISSUED and leaving[source.state] < 0:
        raise InvariantViolation("no cell falls below zero", f"{source} of {move.lot}")
    if target.state is _ISSUED and reached[0] > 0:
        raise InvariantViolation("ISSUED is never above zero", f"{target} of {move.lot}")


def _check_claims(
    moves: Iterable[Move], claims: Iterable[tuple[Claim | None, Claim]]
) -> None:
    """The moves into and out of HELD and SPENT are exactly the changes of the claims' segments."""
    open_: dict[tuple[str, str, str, int], int] = {}
    for move in moves:
        if move.claim is None:
            continue
        source, target = move.source, move.target
        if source.state is _HELD or source.state is _SPENT:
            key = (move.claim, source.wallet, move.lot, source.state)
            open_[key] = open_.get(key, 0) - move.parts
        if target.state is _HELD or target.state is _SPENT:
            key = (move.claim, target.wallet, move.lot, target.state)
            open_[key] = open_.get(key, 0) + move.parts
    for before, after in claims:
        for claim, sign in ((before, 1), (after, -1)):
            for part in claim.segments if claim is not None else ():
                key = (after.id, part.wallet, part.lot, part.state)
                open_[key] = open_.get(key, 0) + sign * part.parts
    if any(open_.values()):
        claim_id, wallet, lot_id, state = next(key for key, parts in open_.items() if parts)
        found = f"claim {claim_id}, {wallet} {State(state).name} of {lot_id}"
        raise InvariantViolation("HELD and SPENT equal the claims' segments", found)
