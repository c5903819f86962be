"""Reading one portal from SQL tables, each thing once.

What was read stays known for as long as the reading lasts: a unit of work reads under its locks,
and a reading without locks reads one snapshot. Lots are decoded once per process, since their
texts say everything there is to know about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from unitledger.accounts import EMPTY_CELLS, Cells, wallet_unit
from unitledger.buckets import Bucket
from unitledger.claims import Claim
from unitledger.codec import decode, decode_json
from unitledger.commands import Head
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId
from unitledger.lots import Lot
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.ports import Kept, Passage, Past
from unitledger.records import Record
from unitledger.stores.sql.history import Chain, passage_of, past_of
from unitledger.stores.sql.statements import Statements
from unitledger.stores.sql.wires import Call, Rows, Wire
from unitledger.time import microseconds

__all__ = ["FIRST", "ends_of", "head_of"]

FIRST = 64
"""How many lots of a wallet are fetched with its lock: as many as a plan asks for at first."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = 2**63 - 1
_PAGE = 1000
_DECODED = 16_384

_Held: TypeAlias = tuple[Lot, Cells]
_Usable: TypeAlias = tuple[list[_Held], bool]
"""Lots of which a wallet can spend, with its cells, and whether these are all."""
_Cached: TypeAlias = tuple[Bucket, datetime, bool]
"""A bucket, the instant whose lapsed lots it leaves out, and whether it has all the others."""


@lru_cache(maxsize=_DECODED)
def _lot(text: str) -> Lot:
    return decode(Lot, decode_json(text))


def _claim(text: str) -> Claim:
    return decode(Claim, decode_json(text))


def _record(text: str) -> Record:
    return decode(Record, decode_json(text))  # type: ignore[type-abstract]


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _first_claims(requests: Sequence[RequestId]) -> list[str]:
    """The ids of the first thing each request would make; there is none behind the longest."""
    return [f"{request}.1" for request in requests]


def ends_of(lot: Lot) -> int:
    """When a lot ends, as the tables have it."""
    ends = lot.terms.expires
    return _NEVER if ends is None else microseconds(ends)


def head_of(row: Sequence[Any]) -> Head | None:
    """The head of a row; ``None`` for a row that is there to be locked."""
    name, sequence, at, hash_, due = row
    if not sequence:
        return None
    ends = None if due is None else _instant(due)
    return Head(WalletId(name), sequence, _instant(at), hash_, ends)


def _serves(known: _Cached, at: datetime, at_least: int | None) -> bool:
    bucket, since, whole = known
    if whole:
        return since <= at
    return since == at and len(bucket) == at_least


class SqlReading:
    """A reading of one portal through a wire; see `unitledger.ports.Reading`."""

    def __init__(self, wire: Wire, statements: Statements, portal: PortalId) -> None:
        self._wire = wire
        self._sql = statements
        self._portal = portal
        self._requests: dict[str, Kept | None] = {}
        self._heads: dict[str, Head | None] = {}
        self._lots: dict[str, Lot | None] = {}
        self._cells: dict[tuple[str, str], Cells | None] = {}
        self._claims: dict[str, Claim | None] = {}
        self._records: dict[tuple[str, str], tuple[Record, str] | None] = {}
        self._buckets: dict[tuple[str, BurnOrder], _Cached] = {}
        self._first: dict[str, list[_Held]] = {}

    # What is known after a first round trip.

    def expected(self, requests: Sequence[RequestId]) -> list[Call]:
        """What requests are sure to look up: their entries, and the first claim each would make."""
        if not requests:
            return []
        names = (self._portal, *requests, *_first_claims(requests))
        return [(self._sql.made_by(len(requests)), names)]

    def expect(self, requests: Sequence[RequestId], rows: Sequence[Rows]) -> None:
        """Take what `expected` found as known."""
        if requests:
            ((*found,),) = rows
            self.know_requests(requests, [row for row in found if row[2]])
            self.know_claims(_first_claims(requests), [row[:2] for row in found if not row[2]])

    def know_heads(self, names: Iterable[str], rows: Rows) -> None:
        """Take the rows of some locks as what their heads are."""
        self._heads.update(dict.fromkeys(names))
        for row in rows:
            self._heads[row[0]] = head_of(row)

    def know_requests(self, names: Iterable[str], rows: Rows) -> None:
        """Take rows as all the entries that some requests led to."""
        self._requests.update(dict.fromkeys(names))
        for name, text, hash_ in rows:
            self._requests[name] = Kept(text, hash_)

    def know_claims(self, names: Iterable[str], rows: Rows) -> None:
        """Take rows as all there is of some claims."""
        self._claims.update(dict.fromkeys(names))
        for name, text in rows:
            self._claims[name] = _claim(text)

    def know_first(self, wallet: str, rows: Rows) -> None:
        """Take rows as the first `FIRST` lots a wallet can spend of, lapsed or not, by expiry."""
        self._first[wallet] = self._held(wallet, rows)

    def catch_up(self) -> None:
        """Have everything in the tables that later questions are about."""

    # Reading.

    def request(self, request: RequestId) -> Kept | None:
        """The entry that a request led to."""
        if request not in self._requests:
            rows = self._wire.ask(self._sql.known(1), self._portal, request)
            self.know_requests([request], rows)
        return self._requests[request]

    def head(self, wallet: WalletId) -> Head | None:
        """A wallet's head."""
        if wallet not in self._heads:
            rows = self._wire.ask(self._sql.seen(1), self._portal, wallet)
            self.know_heads([wallet], rows)
        return self._heads[wallet]

    def cells(self, wallet: WalletId, lot: LotId) -> Cells:
        """What a wallet has of a lot."""
        return self._known_cells(wallet, lot) or EMPTY_CELLS

    def _known_cells(self, wallet: str, lot: str) -> Cells | None:
        """The same; ``None`` when the wallet never had any."""
        if (wallet, lot) not in self._cells:
            rows = self._wire.ask(self._sql.cell, self._portal, wallet, lot)
            if not self._held(wallet, rows):
                self._cells[wallet, lot] = None
        return self._cells[wallet, lot]

    def _held(self, wallet: str, rows: Rows) -> list[_Held]:
        """Rows of cells as values, remembered; what is remembered already goes before."""
        held: list[_Held] = []
        for row in rows:
            lot = _lot(row[6])
            known = self._lots.setdefault(lot.id, lot) or lot
            cells: Cells = (row[0], row[1], row[2], row[3], row[4], row[5])
            held.append((known, self._cells.setdefault((wallet, lot.id), cells) or cells))
        return held

    def holdings(self, wallet: WalletId) -> list[tuple[Lot, Cells]]:
        """Every lot a wallet ever held, by lot id."""
        self.catch_up()
        return self._held(wallet, self._wire.ask(self._sql.holdings, self._portal, wallet))

    def bucket(
        self, wallet: WalletId, order: BurnOrder, at: datetime, at_least: int | None
    ) -> Bucket:
        """What a wallet can spend; by expiry no more is read than was asked for."""
        known = self._buckets.get((wallet, order))
        if known is not None and _serves(known, at, at_least):
            return known[0]
        paged = at_least if order == FEFO_LARGEST else None
        held, whole = self._fetched(wallet, at, paged) or self._usable(wallet, at, paged)
        pairs = [(lot, cells[1] + cells[4]) for lot, cells in held]
        bucket = Bucket.sorted(pairs, unit=wallet_unit(wallet), order=order)
        self._buckets[wallet, order] = bucket, at, whole
        return bucket

    def _fetched(self, wallet: str, at: datetime, paged: int | None) -> _Usable | None:
        """What can be spent, as it came with the lock; ``None`` where that does not tell."""
        held = self._first.get(wallet)
        if held is None:
            return None
        if len(held) < FIRST:
            return [one for one in held if not one[0].lapsed(at)], True
        return (held, False) if paged == FIRST and not held[0][0].lapsed(at) else None

    def _usable(self, wallet: str, at: datetime, paged: int | None) -> _Usable:
        """What can be spent, as the tables have it."""
        self.catch_up()
        asked = (self._portal, wallet, microseconds(at))
        if paged is None:
            return self._held(wallet, self._wire.ask(self._sql.usable, *asked)), True
        rows = self._wire.ask(self._sql.first, *asked, paged)
        return self._held(wallet, rows), len(rows) < paged

    def lot(self, lot: LotId) -> Lot | None:
        """A lot under its present terms."""
        if lot not in self._lots:
            rows = self._wire.ask(self._sql.lot, self._portal, lot)
            self._lots[lot] = _lot(rows[0][0]) if rows else None
        return self._lots[lot]

    def claim(self, claim: ClaimId) -> Claim | None:
        """A claim."""
        if claim not in self._claims:
            rows = self._wire.ask(self._sql.taken(1), self._portal, claim)
            self.know_claims([claim], rows)
        return self._claims[claim]

    def claims(self, wallet: WalletId) -> list[Claim]:
        """Every claim that has something in a wallet, by id."""
        self.catch_up()
        rows = self._wire.ask(self._sql.claims, self._portal, wallet)
        return [_claim(text) for (text,) in rows]

    def due(self, wallet: WalletId, at: datetime) -> list[Claim]:
        """Every claim whose hold in a wallet ends by an instant, by id."""
        self.catch_up()
        rows = self._wire.ask(self._sql.due, self._portal, wallet, microseconds(at))
        return [_claim(text) for (text,) in rows]

    def record(self, kind: str, key: str) -> Record | None:
        """A record."""
        found = self._known_record(kind, key)
        return None if found is None else found[0]

    def author(self, kind: str, key: str) -> RequestId | None:
        """The request that first wrote a record."""
        found = self._known_record(kind, key)
        return None if found is None else RequestId(found[1])

    def _known_record(self, kind: str, key: str) -> tuple[Record, str] | None:
        if (kind, key) not in self._records:
            rows = self._wire.ask(self._sql.record, self._portal, kind, key)
            self._records[kind, key] = (_record(rows[0][0]), rows[0][1]) if rows else None
        return self._records[kind, key]

    def find(
        self, kind: str, name: str, value: str, *, after: str = "", limit: int = 1000
    ) -> tuple[Record, ...]:
        """A page of records with one value of an index key, by id."""
        self.catch_up()
        asked = (self._portal, kind, name, value, after, limit)
        return tuple([_record(text) for (text,) in self._wire.ask(self._sql.find, *asked)])

    def past(self, wallet: WalletId, at: datetime) -> Past:
        """What a wallet had at an instant; see `unitledger.ports.Remembering`."""
        self.catch_up()
        return past_of(self._chain(wallet), at)

    def passage(self, wallet: WalletId, since: datetime | None, until: datetime | None) -> Passage:
        """What happened to a wallet between two instants; see `unitledger.ports.Remembering`."""
        self.catch_up()
        return passage_of(self._chain(wallet), since, until)

    def _chain(self, wallet: WalletId) -> Chain:
        return Chain(self._wire, self._sql, self._portal, wallet)

    def wallets(self, lot: LotId | None = None) -> list[WalletId]:
        """Every wallet, or every wallet that ever held a lot, in order."""
        self.catch_up()
        if lot is None:
            rows = self._wire.ask(self._sql.wallets, self._portal)
        else:
            rows = self._wire.ask(self._sql.holders, self._portal, lot)
        return [WalletId(wallet) for (wallet,) in rows]

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Kept]:
        """The journal in the order it was written, read page by page."""
        self.catch_up()
        first = self._wire.ask(self._sql.skipped, self._portal, after)
        place = first[0][0] if first else _NEVER
        while limit is None or limit > 0:
            most = _PAGE if limit is None else min(limit, _PAGE)
            rows = self._wire.ask(self._sql.entries, self._portal, place, most)
            for text, hash_, _ in rows:
                yield Kept(text, hash_)
            if len(rows) < most:
                return
            place = rows[-1][2] + 1
            limit = None if limit is None else limit - most
