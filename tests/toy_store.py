"""A store that is a dict of JSON texts, one per portal: the port, kept by the simplest of means.

A unit of work reads its portal's whole text, changes what it read, and puts a new text in place
when it ends well; so there is nothing to undo. Everything goes through the codec, so nothing can be
stored here that a database could not store as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from threading import RLock
from typing import Any

from unitledger.accounts import EMPTY_CELLS, Cells, State, wallet_unit
from unitledger.buckets import Bucket
from unitledger.claims import Claim
from unitledger.codec import decode, encode
from unitledger.commands import Head
from unitledger.errors import InvariantViolation, NotLocked
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId
from unitledger.lots import Lot
from unitledger.orders import BurnOrder
from unitledger.ports import Kept, Posting
from unitledger.records import Record, record_lock

_NEW = '{"heads":{},"cells":{},"lots":{},"claims":{},"records":{},"requests":{},"journal":[]}'


def _plain(value: object) -> Any:
    return json.loads(encode(value))


class ToyUnit:
    """One portal's document, read and written in place."""

    def __init__(self, text: str) -> None:
        self.document = json.loads(text)

    def request(self, request: RequestId) -> Kept | None:
        place = self.document["requests"].get(request)
        return None if place is None else Kept(*self.document["journal"][place])

    def head(self, wallet: WalletId) -> Head | None:
        found = self.document["heads"].get(wallet)
        return None if found is None else decode(Head, found)

    def cells(self, wallet: WalletId, lot: LotId) -> Cells:
        row: Any = self.document["cells"].get(wallet, {}).get(lot, EMPTY_CELLS)
        return tuple(row)

    def holdings(self, wallet: WalletId) -> Iterator[tuple[Lot, Cells]]:
        for name in sorted(self.document["cells"].get(wallet, ())):
            lot = self.lot(LotId(name))
            if lot is not None:
                yield lot, self.cells(wallet, lot.id)

    def bucket(
        self, wallet: WalletId, order: BurnOrder, at: datetime, at_least: int | None
    ) -> Bucket:
        """Lapsed lots are left out, and all but the first in burn order when that is enough."""
        unit = wallet_unit(wallet)
        living = [
            (lot, cells[State.FREE] + cells[State.EXPIRED])
            for lot, cells in self.holdings(wallet)
            if not lot.lapsed(at)
        ]
        entries = islice(Bucket.sorted(living, unit=unit, order=order).entries(), at_least)
        return Bucket.sorted([entry[1:3] for entry in entries], unit=unit, order=order)

    def lot(self, lot: LotId) -> Lot | None:
        found = self.document["lots"].get(lot)
        return None if found is None else decode(Lot, found)

    def claim(self, claim: ClaimId) -> Claim | None:
        found = self.document["claims"].get(claim)
        return None if found is None else decode(Claim, found)

    def claims(self, wallet: WalletId) -> Iterator[Claim]:
        for _, found in sorted(self.document["claims"].items()):
            claim = decode(Claim, found)
            if wallet in claim.wallets:
                yield claim

    def due(self, wallet: WalletId, at: datetime) -> Iterator[Claim]:
        for claim in self.claims(wallet):
            holds = any(p.wallet == wallet and p.state is State.HELD for p in claim.segments)
            if holds and claim.deadline is not None and claim.deadline <= at:
                yield claim

    def record(self, kind: str, key: str) -> Record | None:
        found = self.document["records"].get(kind, {}).get(key)
        return None if found is None else decode(Record, found[0])  # type: ignore[type-abstract]

    def author(self, kind: str, key: str) -> RequestId | None:
        found = self.document["records"].get(kind, {}).get(key)
        return None if found is None else RequestId(found[1])

    def find(
        self, kind: str, name: str, value: str, *, after: str = "", limit: int = 1000
    ) -> tuple[Record, ...]:
        keys = sorted(key for key in self.document["records"].get(kind, ()) if key > after)
        every = (self.record(kind, key) for key in keys)
        fits = (record for record in every if record and record.index().get(name) == value)
        return tuple(islice(fits, limit))

    def wallets(self, lot: LotId | None = None) -> list[WalletId]:
        cells = self.document["cells"]
        names = self.document["heads"] if lot is None else [w for w in cells if lot in cells[w]]
        return sorted(map(WalletId, names))

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Kept]:
        end = None if limit is None else after + limit
        for text, hash_ in self.document["journal"][after:end]:
            yield Kept(text, hash_)

    def post(self, posting: Posting) -> None:
        document = self.document
        if posting.request in document["requests"]:
            raise NotLocked(record_lock("request", posting.request))
        for lot in posting.lots:
            if lot.id in document["lots"]:
                raise NotLocked(record_lock("lot", lot.id))
            document["lots"][lot.id] = _plain(lot)
        for edit in posting.terms:
            edited = decode(Lot, document["lots"][edit.lot]).under(edit.terms, posting.at)
            document["lots"][edit.lot] = _plain(edited)
        for (wallet, lot_id), cells in posting.cells:
            document["cells"].setdefault(wallet, {})[lot_id] = list(cells)
        for claim in posting.claims:
            document["claims"][claim.id] = _plain(claim)
        for record in posting.records:
            rows = document["records"].setdefault(record.KIND, {})
            author = rows[record.key][1] if record.key in rows else posting.request
            rows[record.key] = [_plain(record), author]
        for head in posting.heads:
            document["heads"][head.wallet] = _plain(head)
        document["requests"][posting.request] = len(document["journal"])
        document["journal"].append([posting.kept.text, posting.kept.hash])


class ToyStore:
    """Portals as texts, behind one lock."""

    def __init__(self) -> None:
        self.texts: dict[PortalId, str] = {}
        self._lock = RLock()
        self._open: set[PortalId] = set()

    @contextmanager
    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> Iterator[ToyUnit]:
        with self._lock:
            if portal in self._open:
                raise InvariantViolation("one unit of work at a time", f"a second one of {portal}")
            self._open.add(portal)
            try:
                unit = ToyUnit(self.texts.get(portal, _NEW))
                yield unit
                self.texts[portal] = json.dumps(unit.document)
            finally:
                self._open.discard(portal)

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        with self.read(portal) as reading:
            return reading.request(request)

    @contextmanager
    def read(self, portal: PortalId, requests: Iterable[RequestId] = ()) -> Iterator[ToyUnit]:
        with self._lock:
            yield ToyUnit(self.texts.get(portal, _NEW))
