"""Audits: the journal folded from its first entry beside what a store says is there now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from unitledger.accounts import EMPTY_CELLS, State
from unitledger.commands import Head
from unitledger.ids import RequestId, WalletId
from unitledger.journal import Fold
from unitledger.ports import Reading

__all__ = ["differences", "lost_requests"]


def differences(fold: Fold, reading: Reading) -> Iterator[str]:
    """Where a store says something else than its journal does, one sentence for each place.

    Args:
        fold: Every entry of the journal, folded.
        reading: A reading of the portal as the store has it.
    """
    wallets = sorted({*reading.wallets(), *fold.heads})
    yield from _different_heads(fold, reading, wallets)
    held = {
        (wallet, lot.id): cells for wallet in wallets for lot, cells in reading.holdings(wallet)
    }
    for place in sorted({*held, *fold.cells}):
        if held.get(place, EMPTY_CELLS) != fold.cells.get(place, EMPTY_CELLS):
            yield f"{place[0]} does not hold of {place[1]} what its entries say"
    for lot_id, lot in sorted(fold.lots.items()):
        if reading.lot(lot_id) != lot:
            yield f"lot {lot_id} does not have the terms its entries say"
    claims = {claim.id: claim for wallet in wallets for claim in reading.claims(wallet)}
    for claim_id in sorted({*claims, *fold.claims}):
        stored, folded = reading.claim(claim_id), fold.claims.get(claim_id)
        if stored != folded or claims.get(claim_id, stored) != folded:
            yield f"claim {claim_id} is not what its entries say"
    yield from _different_records(fold, reading)


def _different_heads(fold: Fold, reading: Reading, wallets: Iterable[WalletId]) -> Iterator[str]:
    deadlines = _deadlines(fold)
    for wallet in wallets:
        head, due = reading.head(wallet), deadlines.get(wallet)
        if _link(head) != _link(fold.heads.get(wallet)):
            yield f"the head of {wallet} is not its last entry"
        elif due is not None and (head is None or head.next_due is None or head.next_due > due):
            yield f"the head of {wallet} has forgotten that a hold ends at {due.isoformat()}"


def _deadlines(fold: Fold) -> dict[WalletId, datetime]:
    """When the first hold in each wallet ends, where one does."""
    first: dict[WalletId, datetime] = {}
    for claim in fold.claims.values():
        ends = claim.deadline
        for part in claim.segments if ends is not None else ():
            if ends is not None and part.state is State.HELD:
                first[part.wallet] = min(ends, first.get(part.wallet, ends))
    return first


def _different_records(fold: Fold, reading: Reading) -> Iterator[str]:
    for (kind, key), record in sorted(fold.records.items()):
        if reading.record(kind, key) != record:
            yield f"{kind} {key} is not what its entries say"
        if reading.author(kind, key) != fold.authors[kind, key]:
            yield f"{kind} {key} is not by the request that wrote it first"


def lost_requests(fold: Fold, reading: Reading, requests: Iterable[RequestId]) -> Iterator[str]:
    """Which of some requests do not lead to their entries, one sentence for each.

    Args:
        fold: Every entry of the journal, folded.
        reading: A reading of the portal; any later one will do, as entries never change.
        requests: The requests to look up.
    """
    for request in requests:
        kept = reading.request(request)
        if kept is None or kept.hash != fold.requests[request]:
            yield f"request {request} does not lead to its entry"


def _link(head: Head | None) -> tuple[int, str, datetime | None]:
    return (0, "", None) if head is None else (head.sequence, head.hash, head.at)
