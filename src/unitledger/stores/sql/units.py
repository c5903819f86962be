"""The unit of work: what a command posts is kept here, and written when something needs it there.

Most units of work write once, at their end, together with the commit; a batch of a hundred
redemptions writes each cell once. Whoever asks for something that can only be answered by the
tables has what was posted so far written first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias, final

from unitledger.accounts import EMPTY_CELLS, Cells, State
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim
from unitledger.codec import encode
from unitledger.commands import Head, TermsEdit
from unitledger.errors import NotLocked
from unitledger.ids import LotId, PortalId, RequestId, WalletId
from unitledger.lots import Lot
from unitledger.ports import Kept, Posting
from unitledger.records import Record, record_lock
from unitledger.stores.sql.reading import FIRST, SqlReading, ends_of
from unitledger.stores.sql.statements import Names, Row, Statements
from unitledger.stores.sql.wires import Batch, Wire
from unitledger.time import microseconds

__all__ = ["SqlUnit"]

_FEW = 4
"""Of how many wallets the first lots are fetched with the locks."""
_ALWAYS = -(2**63)
"""Before the end of every lot."""

_Change: TypeAlias = tuple[LotId, int, int]
"""A lot, and what can be spent of it before and after."""
_Key: TypeAlias = tuple[str, str]


@final
class SqlUnit(SqlReading):
    """A unit of work of one portal; see `unitledger.ports.UnitOfWork`.

    A request or a lot that another writer was faster with is noticed when the rows are written,
    at the latest when the unit of work ends.
    """

    def __init__(self, wire: Wire, statements: Statements, portal: PortalId) -> None:
        super().__init__(wire, statements, portal)
        self._pending = _Pending()
        self._rows: list[str] = []

    def begin(self, before: Sequence[str], names: Names, requests: Sequence[RequestId]) -> bool:
        """Take the locks and learn the heads, in one round trip where the driver can.

        With them comes what is going to be asked for next: the first lots that a few wallets can
        spend of, and what requests look up, which is their entries and the first claims they would
        make.

        Args:
            before: What begins the transaction.
            names: The wallets and record keys to lock.
            requests: The requests that are about to be looked up.

        Returns:
            Whether everything is locked; if not, some names have no row that could be.
        """
        sql, portal = self._sql, self._portal
        claims, locks = sql.claims_of(portal, names), sql.locks(portal, names)
        spent = names.wallets[:_FEW]
        firsts = [(sql.first, (portal, name, _ALWAYS, FIRST)) for name in spent]
        calls = [*claims, *locks, *firsts, *self.expected(requests)]
        rows = self._wire.ask_all(before, calls)
        self._rows = [row[0] for row in (rows.pop(0) if claims else ())]
        for (_, (_, *some)), found in zip(locks, rows, strict=False):
            if sql.locks_rows and len(found) < len(some):
                return False
            self.know_heads(some, found)
        for name, found in zip(spent, rows[len(locks) :], strict=False):
            self.know_first(name, found)
        self.expect(requests, rows[len(locks) + len(firsts) :])
        return True

    def post(self, posting: Posting) -> None:
        """Keep everything an accepted command writes.

        Raises:
            NotLocked: The request or a lot is known to be there already.
        """
        self._check_new(posting)
        pending, request = self._pending, posting.request
        pending.entries.append((request, posting.kept))
        self._requests[request] = posting.kept
        for lot in posting.lots:
            self._lots[lot.id] = pending.lots[lot.id] = lot
            pending.versions.append((lot, posting.at))
        for edit in posting.terms:
            self._edit(edit, posting)
        changes = self._post_cells(posting)
        for claim in posting.claims:
            pending.claims.setdefault(claim.id, self._claims.get(claim.id, claim) is None)
            self._claims[claim.id] = claim
        for record in posting.records:
            self._post_record(record, request)
        for head in posting.heads:
            self._heads[head.wallet] = pending.heads[head.wallet] = head
            pending.touches.append((head, request))
        self._follow(changes, posting)

    def _check_new(self, posting: Posting) -> None:
        if self._requests.get(posting.request) is not None:
            raise NotLocked(record_lock("request", posting.request))
        for lot in posting.lots:
            if self._lots.get(lot.id) is not None:
                raise NotLocked(record_lock("lot", lot.id))

    def _edit(self, edit: TermsEdit, posting: Posting) -> None:
        lot = self.lot(edit.lot)
        if lot is not None:
            edited = lot.under(edit.terms, posting.at)
            self._lots[edit.lot] = edited
            if edit.lot in self._pending.lots:
                self._pending.lots[edit.lot] = edited
            self._pending.edits[edit.lot] = edited
            self._pending.versions.append((edited, posting.at))
            self._buckets.clear()
            self._first.clear()

    def _post_cells(self, posting: Posting) -> dict[WalletId, list[_Change]]:
        """Keep the cells; returns how much more or less can be spent, by wallet."""
        changes: dict[WalletId, list[_Change]] = {}
        pending = self._pending
        for key, cells in posting.cells:
            wallet, lot = key
            old = self._known_cells(wallet, lot)
            if old is None:
                pending.new_cells.add(key)
                old = EMPTY_CELLS
            self._cells[key] = pending.cells[key] = cells
            self._first.pop(wallet, None)
            before, after = old[1] + old[4], cells[1] + cells[4]
            if before != after:
                changes.setdefault(wallet, []).append((lot, before, after))
        return changes

    def _post_record(self, record: Record, request: RequestId) -> None:
        name = (record.KIND, record.key)
        known = self._known_record(*name)
        author = request if known is None else RequestId(known[1])
        self._records[name] = record, author
        self._pending.records.setdefault(name, known is None)

    def _follow(self, changes: dict[WalletId, list[_Change]], posting: Posting) -> None:
        """Bring the buckets that are known up to date, or forget them."""
        for (wallet, order), (bucket, at, whole) in list(self._buckets.items()):
            change = changes.get(WalletId(wallet))
            if change is not None:
                plan = posting.plans.get(WalletId(wallet))
                after = self._after(bucket, change, plan, at if whole else None)
                if after is None:
                    del self._buckets[wallet, order]
                else:
                    self._buckets[wallet, order] = after, at, whole

    def _after(
        self, bucket: Bucket, change: list[_Change], plan: Plan | None, whole: datetime | None
    ) -> Bucket | None:
        """The bucket after a change; ``None`` where only the tables can say.

        Args:
            bucket: What could be spent before.
            change: What is more or less now.
            plan: By which it may have been chosen.
            whole: The instant whose lapsed lots the bucket leaves out, if it has all the others.
        """
        if plan is not None and plan.bucket is bucket and _is_done(plan, change):
            same = whole is not None or len(plan.after) == len(bucket)
            return plan.after if same else None
        if whole is None:
            return None
        for name, before, after in change:
            lot = self.lot(name)
            if lot is not None and not lot.lapsed(whole):
                bucket = bucket.put(lot, before, after)
        return bucket

    # Writing.

    def catch_up(self) -> None:
        """Write what was posted, before the tables are asked."""
        if self._pending.entries:
            self._wire.tell(self.batches())

    def finish(self, *after: str) -> None:
        """Write what was posted, with some last statements in the same round trip.

        Rows that were there only to be locked go: who waits for one writes it anew.
        """
        batches = self.batches() if self._pending.entries else []
        if self._rows:
            batches.append(self._sql.rows_to_drop(self._portal, self._rows))
        self._wire.tell(batches, *after)

    def batches(self) -> list[Batch]:
        """The rows that write everything posted since the last time."""
        pending, self._pending = self._pending, _Pending()
        rows = (
            *self._entry_rows(pending),
            *self._lot_rows(pending),
            *self._cell_rows(pending),
            *self._head_rows(pending.heads),
            *self._past_rows(pending),
            *self._claim_rows(pending),
            *self._record_rows(pending),
        )
        return [(statement, list(given)) for statement, given in rows if given]

    def _entry_rows(self, pending: _Pending) -> Iterator[Batch]:
        sql, portal = self._sql.add_entry, self._portal
        yield sql, [sql.row((portal, n, kept.hash, kept.text)) for n, kept in pending.entries]

    def _lot_rows(self, pending: _Pending) -> Iterator[Batch]:
        portal, new = self._portal, pending.lots
        sql = self._sql.add_lot
        made = sorted(new.items())
        yield sql, [sql.row((portal, n, ends_of(lot), encode(lot))) for n, lot in made]
        sql, edited = self._sql.edit_lot, sorted(pending.edits.items())
        old = [(name, lot) for name, lot in edited if name not in new]
        yield sql, [sql.row((portal, n, ends_of(lot), encode(lot))) for n, lot in old]
        sql = self._sql.edit_ends
        yield sql, [sql.row((portal, n, ends_of(lot))) for n, lot in edited]

    def _cell_rows(self, pending: _Pending) -> Iterator[Batch]:
        edit, put, portal = self._sql.edit_cell, self._sql.put_cell, self._portal
        old, new = list[Row](), list[Row]()
        for (wallet, lot_id), cells in pending.cells.items():
            usable = cells[1] + cells[4]
            values = (portal, wallet, lot_id, *cells, usable, int(usable > 0))
            if (wallet, lot_id) not in pending.new_cells:
                old.append(edit.row(values))
                continue
            lot = self.lot(lot_id)
            if lot is not None:
                new.append(put.row((*values, microseconds(lot.acquired), lot.cycle)))
        yield edit, old
        yield put, new

    def _head_rows(self, heads: dict[WalletId, Head]) -> Iterator[Batch]:
        sql = self._sql.put_head
        rows = list[Row]()
        for name, head in sorted(heads.items()):
            due = None if head.next_due is None else microseconds(head.next_due)
            at = microseconds(head.at)
            rows.append(sql.row((self._portal, name, head.sequence, at, head.hash, due)))
        yield sql, rows

    def _past_rows(self, pending: _Pending) -> Iterator[Batch]:
        sql, portal, touches = self._sql.add_touch, self._portal, list[Row]()
        for head, request in pending.touches:
            written = microseconds(head.at)
            touches.append(sql.row((portal, head.wallet, head.sequence, written, request)))
        yield sql, touches
        sql, versions = self._sql.add_terms, list[Row]()
        for lot, at in pending.versions:
            row = (portal, lot.id, lot.version, microseconds(at), encode(lot))
            versions.append(sql.row(row))
        yield sql, versions

    def _claim_rows(self, pending: _Pending) -> Iterator[Batch]:
        drop, portal = self._sql.drop_places, self._portal
        put, add = self._sql.put_claim, self._sql.add_place
        rows, places = list[Row](), list[Row]()
        for name in pending.claims:
            claim = self._claims.get(name)
            if claim is not None:
                rows.append(put.row((portal, name, encode(claim))))
                places += [add.row((portal, w, name, due)) for w, due in _places(claim)]
        yield drop, [drop.row((portal, name)) for name, new in pending.claims.items() if not new]
        yield put, rows
        yield add, places

    def _record_rows(self, pending: _Pending) -> Iterator[Batch]:
        drop, portal = self._sql.drop_found, self._portal
        put, add = self._sql.put_record, self._sql.add_found
        rows, found = list[Row](), list[Row]()
        for kind, key in pending.records:
            known = self._records.get((kind, key))
            if known is not None:
                record, author = known
                rows.append(put.row((portal, kind, key, author, encode(record))))
                index = record.index().items()
                found += [add.row((portal, kind, name, value, key)) for name, value in index]
        old = [(kind, key) for (kind, key), new in pending.records.items() if not new]
        yield drop, [drop.row((portal, kind, key)) for kind, key in old]
        yield put, rows
        yield add, found


class _Pending:
    """What was posted and is not written yet: the last state of everything, by key.

    Claims and records say whether they are known to be new.
    """

    def __init__(self) -> None:
        self.entries: list[tuple[RequestId, Kept]] = []
        self.lots: dict[LotId, Lot] = {}
        self.edits: dict[LotId, Lot] = {}
        self.cells: dict[tuple[WalletId, LotId], Cells] = {}
        self.new_cells: set[tuple[WalletId, LotId]] = set()
        self.heads: dict[WalletId, Head] = {}
        self.touches: list[tuple[Head, RequestId]] = []
        self.versions: list[tuple[Lot, datetime]] = []
        self.claims: dict[str, bool] = {}
        self.records: dict[_Key, bool] = {}


def _is_done(plan: Plan, change: Sequence[_Change]) -> bool:
    """Whether what happened to a wallet is exactly what the plan wanted."""
    wanted = [(lot.id, parts) for lot, parts in plan.taken]
    return wanted == [(lot, before - after) for lot, before, after in change]


def _places(claim: Claim) -> Iterable[tuple[WalletId, int | None]]:
    """The wallets a claim has something in, and when what it holds there ends."""
    ends = None if claim.deadline is None else microseconds(claim.deadline)
    places: dict[WalletId, int | None] = {}
    for part in claim.segments:
        held = ends if part.state is State.HELD else None
        places[part.wallet] = held if places.get(part.wallet) is None else ends
    return places.items()
