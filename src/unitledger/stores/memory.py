"""A store in memory: complete, thread-safe, and forked without copying.

It serves tests, notebooks and small tools, and is the smallest complete example of the port. A
journal entry is kept as its canonical text alone. Buckets are kept as a cache beside the cells and
brought up to date lot by lot; a bucket made before a lot's terms were edited is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import islice
from threading import RLock
from typing import Any, TypeAlias, TypeVar, final

from unitledger.accounts import EMPTY_CELLS, Cells, State, wallet_unit
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim
from unitledger.commands import Head, TermsEdit
from unitledger.errors import InvariantViolation, NotLocked
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId
from unitledger.kernel import CellKey
from unitledger.lots import Lot
from unitledger.orders import BurnOrder
from unitledger.ports import Kept, Posting, Reading, UnitOfWork
from unitledger.records import Record, record_lock

__all__ = ["MemoryStore"]

_K = TypeVar("_K")
_V = TypeVar("_V")

_Undo: TypeAlias = list[tuple[dict[Any, Any], Any, Any]]
_Cached: TypeAlias = tuple[BurnOrder, int, Bucket]
_Pairs: TypeAlias = dict[str, dict[str, bool]]
_Layer: TypeAlias = tuple[_Pairs, int]
"""Pairs of a value and a key, and how many there are at the most."""
_Change: TypeAlias = tuple[LotId, int, int]
"""A lot, and what can be spent of it before and after."""
_ABSENT = object()
_FREE, _EXPIRED = State.FREE, State.EXPIRED
_MOST_ORDERS = 4
"""Under how many burn orders a wallet's bucket is kept."""


class _Table(dict[_K, _V | None]):
    """A mapping that is forked without copying: its own rows over frozen layers below.

    ``table[key]`` is ``None`` where there is nothing.
    """

    __slots__ = ("_below",)

    def __init__(self, below: tuple[Mapping[_K, _V | None], ...] = ()) -> None:
        super().__init__()
        self._below = below

    def __missing__(self, key: _K) -> _V | None:
        for layer in self._below:
            value = layer.get(key)
            if value is not None:
                return value
        return None

    def layers(self) -> tuple[Mapping[_K, _V | None], ...]:
        """Every layer, the newest first."""
        return (self, *self._below)

    def set(self, key: _K, value: _V, undo: _Undo) -> None:
        undo.append((self, key, self.get(key, _ABSENT)))
        self[key] = value

    def fork(self) -> tuple[_Table[_K, _V], _Table[_K, _V]]:
        """Two tables with the same rows, neither of which sees what the other writes.

        They stand on this one, which is not written any more.
        """
        below = self._below
        if self:
            top: Mapping[_K, _V | None] = self
            while below and len(below[0]) <= 2 * len(top):
                top, below = {**below[0], **top}, below[1:]
            below = (top, *below)
        return _Table(below), _Table(below)


class _Index:
    """Which keys belong to a value, forked like a table: ``False`` hides a key of a layer below."""

    __slots__ = ("_below", "_size", "rows")

    def __init__(self, below: tuple[_Layer, ...] = ()) -> None:
        self.rows: _Pairs = {}
        self._size = 0
        self._below = below

    def add(self, value: str, key: str, undo: _Undo) -> None:
        keys = self._keys(value, key, undo)
        keys[key] = True

    def drop(self, value: str, key: str, undo: _Undo) -> None:
        keys = self._keys(value, key, undo)
        if self._below:
            keys[key] = False
        else:
            keys.pop(key, None)

    def _keys(self, value: str, key: str, undo: _Undo) -> dict[str, bool]:
        keys = self.rows.get(value)
        if keys is None:
            keys = self.rows[value] = {}
            undo.append((self.rows, value, _ABSENT))
        undo.append((keys, key, keys.get(key, _ABSENT)))
        self._size += 1
        return keys

    def of(self, value: str) -> list[str]:
        """Every key of a value, in order."""
        keys = self.rows.get(value) or {}
        if self._below:
            layers = [layer.get(value) or {} for layer, _ in reversed(self._below)]
            keys = {name: there for layer in (*layers, keys) for name, there in layer.items()}
        return sorted([key for key, there in keys.items() if there])

    def layers(self) -> tuple[_Pairs, ...]:
        """Every layer, the newest first."""
        return (self.rows, *(layer for layer, _ in self._below))

    def fork(self) -> tuple[_Index, _Index]:
        """This index and another with the same keys; neither sees what the other writes."""
        if self.rows:
            top, size, below = self.rows, self._size, self._below
            while below and below[0][1] <= 2 * size:
                top, size, below = _joined(below[0][0], top), size + below[0][1], below[1:]
            self.rows, self._size, self._below = {}, 0, ((top, size), *below)
        return self, _Index(self._below)


def _joined(lower: _Pairs, upper: _Pairs) -> _Pairs:
    """Two layers as one; only the values of the upper one are copied key by key."""
    return lower | {value: lower.get(value, {}) | keys for value, keys in upper.items()}


class _Journal:
    """An append-only list that is forked without copying what came before."""

    __slots__ = ("_before", "_length", "own")

    def __init__(self, before: tuple[list[Kept], ...] = ()) -> None:
        self.own: list[Kept] = []
        self._before = before
        self._length = sum(map(len, before))

    def __len__(self) -> int:
        return self._length + len(self.own)

    def __getitem__(self, place: int) -> Kept:
        for part in self._before:
            if place < len(part):
                return part[place]
            place -= len(part)
        return self.own[place]

    def fork(self) -> tuple[_Journal, _Journal]:
        """This journal and another that began with the same entries."""
        if self.own:
            last, before = self.own, self._before
            while before and len(before[-1]) <= 2 * len(last):
                last, before = before[-1] + last, before[:-1]
            self._before, self.own = (*before, last), []
            self._length = sum(map(len, self._before))
        return self, _Journal(self._before)


class _Portal:
    """The tables of one tenant."""

    __slots__ = (
        "authors",
        "buckets",
        "cells",
        "claims",
        "counts",
        "deadlines",
        "edited",
        "heads",
        "held",
        "holders",
        "index",
        "journal",
        "lots",
        "records",
        "requests",
    )

    def __init__(self) -> None:
        self.heads = _Table[WalletId, Head]()
        self.cells = _Table[CellKey, Cells]()
        self.held = _Index()
        self.holders = _Index()
        self.lots = _Table[LotId, Lot]()
        self.edited = _Table[int, LotId]()
        self.claims = _Table[ClaimId, Claim]()
        self.deadlines = _Index()
        self.records = _Table[tuple[str, str], Record]()
        self.authors = _Table[tuple[str, str], RequestId]()
        self.index = _Index()
        self.requests = _Table[RequestId, Kept]()
        self.buckets = _Table[WalletId, tuple[_Cached, ...]]()
        self.journal = _Journal()
        self.counts = {"edits": 0}

    def fork(self) -> _Portal:
        other = _Portal()
        for name in self.__slots__:
            if name != "counts":
                mine, theirs = getattr(self, name).fork()
                setattr(self, name, mine)
                setattr(other, name, theirs)
        other.counts = dict(self.counts)
        return other


def _is_done(plan: Plan, change: list[_Change]) -> bool:
    """Whether what happened to a wallet is exactly what the plan wanted."""
    if len(plan.taken) != len(change):
        return False
    for (lot, parts), (lot_id, before, after) in zip(plan.taken, change, strict=True):
        if lot.id != lot_id or before - after != parts:
            return False
    return True


class _Unit:
    """A unit of work over one portal; writes are undone when it does not end well."""

    __slots__ = ("_carried", "_portal", "_undo", "_written")

    def __init__(self, portal: _Portal) -> None:
        self._portal = portal
        self._undo: _Undo = []
        self._written = 0
        self._carried: dict[WalletId, list[Claim]] | None = None

    def request(self, request: RequestId) -> Kept | None:
        return self._portal.requests[request]

    def head(self, wallet: WalletId) -> Head | None:
        return self._portal.heads[wallet]

    def cells(self, wallet: WalletId, lot: LotId) -> Cells:
        return self._portal.cells[wallet, lot] or EMPTY_CELLS

    def holdings(self, wallet: WalletId) -> list[tuple[Lot, Cells]]:
        lots = self._portal.lots
        found: list[tuple[Lot, Cells]] = []
        for lot_id in self._portal.held.of(wallet):
            lot = lots[LotId(lot_id)]
            if lot is not None:
                found.append((lot, self.cells(wallet, lot.id)))
        return found

    def bucket(
        self, wallet: WalletId, order: BurnOrder, at: datetime, at_least: int | None
    ) -> Bucket:
        portal = self._portal
        for cached, edits, bucket in portal.buckets[wallet] or ():
            if (cached is order or cached == order) and (
                edits == portal.counts["edits"] or not self._outdated(wallet, edits)
            ):
                return bucket
        held = ((lot, cells[_FREE] + cells[_EXPIRED]) for lot, cells in self.holdings(wallet))
        bucket = Bucket.sorted(held, unit=wallet_unit(wallet), order=order)
        others = [kept for kept in portal.buckets[wallet] or () if kept[0] != order]
        kept = (*others[1 - _MOST_ORDERS :], (order, portal.counts["edits"], bucket))
        if self._written:
            portal.buckets.set(wallet, kept, self._undo)
        else:
            portal.buckets[wallet] = kept
        return bucket

    def _outdated(self, wallet: WalletId, edits: int) -> bool:
        """Whether a lot that the wallet ever held was edited since so many edits."""
        portal = self._portal
        changed = (portal.edited[place] for place in range(edits, portal.counts["edits"]))
        return any(lot is not None and portal.cells[wallet, lot] for lot in changed)

    def lot(self, lot: LotId) -> Lot | None:
        return self._portal.lots[lot]

    def claim(self, claim: ClaimId) -> Claim | None:
        return self._portal.claims[claim]

    def claims(self, wallet: WalletId) -> list[Claim]:
        if self._carried is None:
            self._carried = {}
            layers = reversed(self._portal.claims.layers())
            every = {name: claim for layer in layers for name, claim in layer.items() if claim}
            for _, claim in sorted(every.items()):
                for carrier in claim.wallets:
                    self._carried.setdefault(carrier, []).append(claim)
        return self._carried.get(wallet, [])

    def due(self, wallet: WalletId, at: datetime) -> list[Claim]:
        found = [self.claim(ClaimId(key)) for key in self._portal.deadlines.of(wallet)]
        return [
            claim
            for claim in found
            if claim is not None and claim.deadline is not None and claim.deadline <= at
        ]

    def record(self, kind: str, key: str) -> Record | None:
        return self._portal.records[kind, key]

    def author(self, kind: str, key: str) -> RequestId | None:
        return self._portal.authors[kind, key]

    def find(
        self, kind: str, name: str, value: str, *, after: str = "", limit: int = 1000
    ) -> tuple[Record, ...]:
        keys = (key for key in self._portal.index.of(f"{kind}?{name}={value}") if key > after)
        found = (self.record(kind, key) for key in islice(keys, limit))
        return tuple(record for record in found if record is not None)

    def wallets(self, lot: LotId | None = None) -> list[WalletId]:
        if lot is not None:
            return [WalletId(wallet) for wallet in self._portal.holders.of(lot)]
        return sorted({wallet for layer in self._portal.heads.layers() for wallet in layer})

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Kept]:
        journal = self._portal.journal
        end = len(journal) if limit is None else min(len(journal), after + limit)
        for place in range(after, end):
            yield journal[place]

    def post(self, posting: Posting) -> None:
        portal, undo = self._portal, self._undo
        request, at, kept, lots, terms, claims, records, cells, heads, plans = posting
        if portal.requests[request] is not None:
            raise NotLocked(record_lock("request", request))
        self._carried = None
        for lot in lots:
            if portal.lots[lot.id] is not None:
                raise NotLocked(record_lock("lot", lot.id))
            portal.lots.set(lot.id, lot, undo)
        if terms:
            self._edit_terms(terms, at)
        for wallet, change in self._post_cells(cells).items():
            self._post_bucket(wallet, change, plans.get(wallet))
        for claim in claims:
            if claim.deadline is not None:
                self._post_deadline(claim)
            portal.claims.set(claim.id, claim, undo)
        for record in records:
            self._post_record(record, request)
        for head in heads:
            portal.heads.set(head.wallet, head, undo)
        self._written += 1
        portal.journal.own.append(kept)
        portal.requests.set(request, kept, undo)

    def _edit_terms(self, terms: Iterable[TermsEdit], at: datetime) -> None:
        portal, undo = self._portal, self._undo
        for edit in terms:
            lot = portal.lots[edit.lot]
            if lot is not None:
                portal.lots.set(edit.lot, lot.under(edit.terms, at), undo)
                place = portal.counts["edits"]
                portal.edited.set(place, edit.lot, undo)
                undo.append((portal.counts, "edits", place))
                portal.counts["edits"] = place + 1

    def _post_cells(self, rows: Iterable[tuple[CellKey, Cells]]) -> dict[WalletId, list[_Change]]:
        """Write the cells; returns how much more or less can be spent, by wallet."""
        portal, undo = self._portal, self._undo
        changes: dict[WalletId, list[_Change]] = {}
        for key, cells in rows:
            wallet, lot_id = key
            old = portal.cells[key]
            if old is None:
                portal.held.add(wallet, lot_id, undo)
                portal.holders.add(lot_id, wallet, undo)
                old = EMPTY_CELLS
            portal.cells.set(key, cells, undo)
            before, after = old[_FREE] + old[_EXPIRED], cells[_FREE] + cells[_EXPIRED]
            if before != after:
                changes.setdefault(wallet, []).append((lot_id, before, after))
        return changes

    def _post_bucket(self, wallet: WalletId, change: list[_Change], plan: Plan | None) -> None:
        """Bring a wallet's buckets up to date, under every order they are kept under."""
        portal = self._portal
        cached = portal.buckets[wallet]
        if cached:
            edits, kept = portal.counts["edits"], []
            for order, seen, bucket in cached:
                if seen == edits or not self._outdated(wallet, seen):
                    if plan is not None and plan.bucket is bucket and _is_done(plan, change):
                        kept.append((order, edits, plan.after))
                    else:
                        kept.append((order, edits, self._put(bucket, change)))
            portal.buckets.set(wallet, tuple(kept), self._undo)

    def _put(self, bucket: Bucket, change: list[_Change]) -> Bucket:
        for lot_id, before, after in change:
            lot = self._portal.lots[lot_id]
            if lot is not None:
                bucket = bucket.put(lot, before, after)
        return bucket

    def _post_deadline(self, claim: Claim) -> None:
        """Keep at hand which wallets a claim with a deadline still holds something in."""
        deadlines, undo = self._portal.deadlines, self._undo
        before = self._portal.claims[claim.id] or claim
        holding = {part.wallet for part in claim.segments if part.state is State.HELD}
        for wallet in {*before.wallets, *claim.wallets}:
            change = deadlines.add if wallet in holding else deadlines.drop
            change(wallet, claim.id, undo)

    def _post_record(self, record: Record, request: RequestId) -> None:
        portal, undo = self._portal, self._undo
        name = (record.KIND, record.key)
        before = portal.records[name]
        if before is None:
            portal.authors.set(name, request, undo)
        else:
            for index, value in before.index().items():
                portal.index.drop(f"{record.KIND}?{index}={value}", record.key, undo)
        for index, value in record.index().items():
            portal.index.add(f"{record.KIND}?{index}={value}", record.key, undo)
        portal.records.set(name, record, undo)

    def undo(self) -> None:
        for rows, key, value in reversed(self._undo):
            if value is _ABSENT:
                rows.pop(key, None)
            else:
                rows[key] = value
        if self._written:
            del self._portal.journal.own[-self._written :]


@final
class MemoryStore:
    """Portals in memory, behind one lock.

    >>> store = MemoryStore()
    >>> fork = store.fork()  # shares everything written so far, and nothing from now on
    """

    def __init__(self) -> None:
        self._portals: dict[PortalId, _Portal] = {}
        self._lock = RLock()
        self._open: set[PortalId] = set()

    def fork(self) -> MemoryStore:
        """A store that begins with everything in this one; neither sees the other's later writes.

        Nothing is copied: what was written so far becomes a layer that both stand on.

        Raises:
            InvariantViolation: This thread is in the middle of a unit of work.
        """
        other = MemoryStore()
        with self._lock:
            if self._open:
                raise InvariantViolation(_ONE_BY_ONE, "a fork in the middle of one")
            other._portals = {name: portal.fork() for name, portal in self._portals.items()}
        return other

    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> AbstractContextManager[UnitOfWork]:
        """A unit of work that holds the store's one lock; see `unitledger.ports.Store`."""
        return _Begun(self, portal)

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        """The entry that a request led to; see `unitledger.ports.Store`."""
        tables = self._portals.get(portal)
        if tables is None or tables.requests[request] is None:
            return None
        with self._lock:
            return tables.requests[request]

    @contextmanager
    def read(self, portal: PortalId, requests: Iterable[RequestId] = ()) -> Iterator[Reading]:
        """A consistent view of a portal; see `unitledger.ports.Store`."""
        with self._lock:
            yield _Unit(self._portals.get(portal) or _Portal())


_ONE_BY_ONE = "units of work of a portal come one after the other"


class _Begun(_Unit):
    """A unit of work and its span: the lock is held, and an error undoes what was posted."""

    __slots__ = ("_name", "_store")

    def __init__(self, store: MemoryStore, name: PortalId) -> None:
        self._store = store
        self._name = name

    def __enter__(self) -> _Unit:
        store, name = self._store, self._name
        store._lock.acquire()
        if name in store._open:
            store._lock.release()
            raise InvariantViolation(_ONE_BY_ONE, f"a second one of {name} inside it")
        store._open.add(name)
        tables = store._portals.get(name)
        if tables is None:
            tables = store._portals.setdefault(name, _Portal())
        super().__init__(tables)
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        try:
            if kind is not None:
                self.undo()
        finally:
            self._store._open.discard(self._name)
            self._store._lock.release()
