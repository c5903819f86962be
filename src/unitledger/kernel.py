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
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias, final

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
    rows: dict[CellKey, list[int]] = {}
    written: list[Move] = []
    for wallet, lot_id in (*written_down, *_touched(moves)):
        if (wallet, lot_id) not in rows:
            row = rows[wallet, lot_id] = list(cells(wallet, lot_id))
            _write_down(wallet, lot(lot_id), row, at, written)
    for move in moves:
        _apply(move, rows, lot(move.lot).home)
        written.append(move)
    for (wallet, lot_id), row in rows.items():
        _write_down(wallet, lot(lot_id), row, at, written)
    _check_claims(written, claims)
    return _settled(written, rows)


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
    rows = {key: list(cells(*key)) for key in dict.fromkeys(_touched(moves))}
    for move in moves:
        _apply(move, rows, lot(move.lot).home)
    _check_claims(moves, claims)
    return _settled(moves, rows)


def _touched(moves: Sequence[Move]) -> list[CellKey]:
    """Every wallet and lot that moves touch, in order, often more than once."""
    keys: list[CellKey] = []
    for move in moves:
        _check_form(move)
        keys.append((move.source.wallet, move.lot))
        if move.target.wallet != move.source.wallet:
            keys.append((move.target.wallet, move.lot))
    return keys


def _check_form(move: Move) -> None:
    """Look a move over again: a frozen object can be forged."""
    source, target, parts = move.source, move.target, move.parts
    if (type(source), type(target)) != (Account, Account):
        raise InvariantViolation("a move is well-formed", "an end that is no account")
    if (type(source.state), type(target.state)) != (State, State):
        raise InvariantViolation("a move is well-formed", "an account without a state")
    if type(parts) is not int or not 0 < parts <= MAX_PARTS:
        raise InvariantViolation("a move is well-formed", f"parts {shown(parts)}")
    flaw = flawed(source, target, claimed=move.claim is not None)
    if flaw is not None:
        raise InvariantViolation("a move is well-formed", f"{source} to {target}, not {flaw}")


def _write_down(
    wallet: WalletId, lot: Lot, row: list[int], at: datetime, written: list[Move]
) -> None:
    if row[_FREE if lot.lapsed(at) else _EXPIRED]:
        move = true_up(wallet, lot, row, at)
        if move is not None:
            row[move.source.state] -= move.parts
            row[move.target.state] += move.parts
            written.append(move)


def _apply(move: Move, rows: dict[CellKey, list[int]], home: WalletId) -> None:
    """Apply one move to the rows, or say which promise it would break."""
    source, target, parts = move.source, move.target, move.parts
    if (source.state is _ISSUED or target.state is _ISSUED) and source.wallet != home:
        raise InvariantViolation("a lot is issued in its home wallet", f"{move.lot} in {source}")
    if source.wallet != target.wallet and wallet_unit(target.wallet) is not wallet_unit(home):
        raise InvariantViolation("a lot stays in wallets of its unit", f"{move.lot} to {target}")
    leaving, reached = rows[source.wallet, move.lot], rows[target.wallet, move.lot]
    leaving[source.state] -= parts
    reached[target.state] += parts
    if source.state is not _ISSUED and leaving[source.state] < 0:
        raise InvariantViolation("no cell falls below zero", f"{source} of {move.lot}")
    if target.state is _ISSUED and reached[_ISSUED] > 0:
        raise InvariantViolation("ISSUED is never above zero", f"{target} of {move.lot}")
    if leaving[_ISSUED] < -MAX_PARTS:
        raise LimitExceeded(f"parts of {move.lot}", shown(-leaving[_ISSUED]), MAX_PARTS)


def _check_claims(moves: Iterable[Move], claims: Iterable[tuple[Claim | None, Claim]]) -> None:
    """The moves into and out of HELD and SPENT are exactly the changes of the claims' segments."""
    change: dict[tuple[ClaimId | None, WalletId, LotId, State], int] = defaultdict(int)
    for move in moves:
        if move.claim is not None:
            for end, sign in ((move.source, -1), (move.target, 1)):
                if end.state is _HELD or end.state is _SPENT:
                    change[move.claim, end.wallet, move.lot, end.state] += sign * move.parts
    for before, after in _changed_once(claims):
        for claim, sign in ((before, 1), (after, -1)):
            for part in claim.segments if claim is not None else ():
                change[after.id, part.wallet, part.lot, part.state] += sign * part.parts
    for (claim_id, wallet, lot_id, state), parts in change.items():
        if parts:
            found = f"claim {claim_id}, {wallet} {state.name} of {lot_id}"
            raise InvariantViolation("HELD and SPENT equal the claims' segments", found)


def _changed_once(
    claims: Iterable[tuple[Claim | None, Claim]],
) -> Iterator[tuple[Claim | None, Claim]]:
    """The same pairs, when each is one claim's, no claim has two, and no segment is forged."""
    changed: set[ClaimId] = set()
    for before, after in claims:
        if after.id in changed or (before is not None and before.id != after.id):
            raise InvariantViolation("an entry changes a claim once", f"not so for {after.id}")
        if any(type(part.parts) is not int or part.parts <= 0 for part in after.segments):
            raise InvariantViolation("a segment has parts above zero", f"not so in {after.id}")
        changed.add(after.id)
        yield before, after


def _settled(moves: Iterable[Move], rows: dict[CellKey, list[int]]) -> Settlement:
    cells = [(key, (row[0], row[1], row[2], row[3], row[4], row[5])) for key, row in rows.items()]
    return Settlement(tuple(moves), tuple(cells))
