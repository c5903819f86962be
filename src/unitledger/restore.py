"""A journal put into an empty portal: the way from one store to another, and back from a file.

Everything a store keeps follows from its journal. The entries are taken as they are, byte for byte,
so the hashes and chains of the new portal are those of the old one, and requests that were accepted
there get their first receipts here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import attrs

from unitledger.accounts import State
from unitledger.commands import Entry, Head
from unitledger.errors import AlreadyExists, JournalBroken
from unitledger.ids import ClaimId, PortalId, WalletId
from unitledger.journal import Findings, Fold, Tick, entry_of, ticked, verify
from unitledger.kernel import CellKey
from unitledger.ports import Kept, Posting, Store

__all__ = ["restore"]

_AT_ONCE = 500
"""How many entries one unit of work takes."""


def restore(
    store: Store, journal: Iterable[Kept], seal: str | None = None, *, tick: Tick | None = None
) -> Findings:
    """What was found on a journal, after all of it was put into its portal.

    The whole journal is verified before anything is written. It is written some hundred entries at
    a time; where that breaks off, the portal has a sound beginning of it, and has to be emptied.

    Args:
        store: Where the portal of the entries is to live from now on.
        journal: The entries in the order they were written.
        seal: What `unitledger.journal.exported` wrote in the last line.
        tick: Called twice for each entry: when it was verified, and when it was worked out.

    Raises:
        JournalBroken: The journal is not the one that was written, or its units do not add up.
        AlreadyExists: The portal has entries.
    """
    kept = tuple(journal)
    found = verify(ticked(kept, tick), seal)
    if not found.ok:
        raise JournalBroken(found.entries + 1, found.faults[0])
    if kept:
        portal = entry_of(kept[0]).portal
        _check_empty(store, portal)
        postings = _postings(ticked(kept, tick))
        while batch := list(islice(postings, _AT_ONCE)):
            _post(store, portal, batch)
    return found


def _check_empty(store: Store, portal: PortalId) -> None:
    with store.read(portal) as reading:
        if any(True for _ in reading.entries(limit=1)):
            raise AlreadyExists("portal", portal)


def _post(store: Store, portal: PortalId, batch: Sequence[Posting]) -> None:
    wallets = sorted({head.wallet for posting in batch for head in posting.heads})
    requests = [posting.request for posting in batch]
    with store.begin(portal, wallets, (), requests) as unit:
        for posting in batch:
            unit.post(posting)


def _postings(journal: Iterable[Kept]) -> Iterator[Posting]:
    """What every entry wrote, worked out from those before it."""
    fold, holds = Fold(), dict[WalletId, dict[ClaimId, datetime]]()
    for kept in journal:
        entry = entry_of(kept)
        fold.apply(entry, kept.hash)
        _note_holds(entry, holds)
        yield Posting(
            request=entry.request,
            at=entry.at,
            kept=kept,
            lots=entry.lots,
            terms=entry.terms,
            claims=entry.claims,
            records=entry.records,
            cells=tuple([(key, fold.cells[key]) for key in _moved(entry)]),
            heads=tuple(_heads(entry, fold, holds)),
            plans={},
        )


def _moved(entry: Entry) -> list[CellKey]:
    """The cells that an entry changed, each once."""
    ends = ((move, end.wallet) for move in entry.moves for end in (move.source, move.target))
    return list(dict.fromkeys((wallet, move.lot) for move, wallet in ends))


def _note_holds(entry: Entry, holds: dict[WalletId, dict[ClaimId, datetime]]) -> None:
    """Keep at hand which claims hold something until when, by wallet.

    A claim never changes its wallets, and whoever changes it touches all of them.
    """
    for claim in entry.claims:
        for touch in entry.touches:
            holds.get(touch.wallet, {}).pop(claim.id, None)
        if claim.deadline is not None:
            for part in claim.segments:
                if part.state is State.HELD:
                    holds.setdefault(part.wallet, {})[claim.id] = claim.deadline


def _heads(
    entry: Entry, fold: Fold, holds: dict[WalletId, dict[ClaimId, datetime]]
) -> Iterator[Head]:
    for touch in entry.touches:
        due = min(holds.get(touch.wallet, {}).values(), default=None)
        yield attrs.evolve(fold.heads[touch.wallet], next_due=due)
