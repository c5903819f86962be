"""The journal: entries as canonical text, chained by hashes, and folded back into cells.

An entry is hashed once over its canonical text, under a tag that names the format. The text has the
hash of the entry before it in every wallet it touched, so no entry can be changed, left out,
swapped or put in without breaking a chain. Folding the journal gives every cell, lot, claim and
record again; that is what `Ledger.audit` compares with what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import sha256
from typing import Any, final

import attrs

from unitledger.accounts import EMPTY_CELLS, Cells, State
from unitledger.claims import Claim
from unitledger.codec import decode, decode_json, encode, encoder
from unitledger.commands import Entry, Head
from unitledger.errors import JournalBroken, LimitExceeded, MalformedDocument, UnitLedgerError
from unitledger.ids import ClaimId, LotId, RequestId, WalletId
from unitledger.kernel import CellKey, retrace
from unitledger.lots import Lot
from unitledger.ports import Kept
from unitledger.records import Record
from unitledger.values import Value

__all__ = [
    "FORMAT",
    "MAX_ENTRY",
    "Fold",
    "Verdict",
    "entry_hash",
    "entry_of",
    "exported",
    "imported",
    "kept_of",
    "verify",
]

FORMAT = "unitledger/entry/1"
"""The tag inside every hash: what is hashed, and under which version of the encoding."""
MAX_ENTRY = 1 << 24
"""The longest text of an entry, in characters; what would be longer is refused, not written."""


def entry_hash(text: str) -> str:
    """SHA-256 in hexadecimal over the format tag, the text's length and the text."""
    return sha256(f"{FORMAT} {len(text)}\n{text}".encode("ascii")).hexdigest()


@cache
def _encoder() -> Callable[..., str]:
    return encoder(Entry, "actor", "command", "reason")


def kept_of(entry: Entry, actor: str, command: str, reason: str) -> Kept:
    """An entry as a store keeps it.

    Args:
        entry: The entry.
        actor: The canonical text of its actor, which the fingerprint was made of.
        command: That of its command.
        reason: That of its reason.

    Raises:
        LimitExceeded: It would be longer than 16 MiB, and nobody could read it again.
    """
    text = _encoder()(entry, actor, command, reason)
    if len(text) > MAX_ENTRY:
        raise LimitExceeded("characters of an entry", str(len(text)), MAX_ENTRY)
    return Kept(text, entry_hash(text))


def entry_of(kept: Kept) -> Entry:
    """The entry behind its canonical text.

    Raises:
        MalformedDocument, UnknownField: The text is not an entry of this version.
    """
    return decode(Entry, decode_json(kept.text, MAX_ENTRY), "entry")


@final
class Fold:
    """Everything that follows from a journal: heads, cells, lots, claims and records.

    Feed it entries in the order they were written; it refuses one that breaks a promise.
    """

    def __init__(self) -> None:
        self.heads: dict[WalletId, Head] = {}
        self.cells: dict[CellKey, Cells] = {}
        self.lots: dict[LotId, Lot] = {}
        self.claims: dict[ClaimId, Claim] = {}
        self.records: dict[tuple[str, str], Record] = {}
        self.authors: dict[tuple[str, str], RequestId] = {}
        self.requests: dict[RequestId, str] = {}
        self.count = 0

    def apply(self, entry: Entry, entry_hash: str) -> None:
        """Take one more entry into account.

        Raises:
            JournalBroken: It is not the next link of a chain, or its request stands twice.
            InvariantViolation: Its moves and claims break a promise.
        """
        self._link(entry, entry_hash)
        for lot in entry.lots:
            if lot.id in self.lots:
                raise JournalBroken(self.count + 1, f"lot {lot.id} comes into being twice")
            self.lots[lot.id] = lot
        for edit in entry.terms:
            self.lots[edit.lot] = self._lot(edit.lot).under(edit.terms, entry.at)
        changes = [(self.claims.get(claim.id), claim) for claim in entry.claims]
        settled = retrace(entry.moves, changes, lot=self._lot, cells=self._cells)
        self.cells.update(settled.cells)
        self.claims.update((claim.id, claim) for claim in entry.claims)
        for record in entry.records:
            self.records[record.KIND, record.key] = record
            self.authors.setdefault((record.KIND, record.key), entry.request)
        self.requests[entry.request] = entry_hash
        self.count += 1

    def _lot(self, lot: LotId) -> Lot:
        try:
            return self.lots[lot]
        except KeyError:
            raise JournalBroken(self.count + 1, f"lot {lot} was never issued") from None

    def _cells(self, wallet: WalletId, lot: LotId) -> Cells:
        return self.cells.get((wallet, lot), EMPTY_CELLS)

    def _link(self, entry: Entry, entry_hash: str) -> None:
        place = self.count + 1
        if entry.request in self.requests:
            raise JournalBroken(place, f"request {entry.request} stands twice")
        touched = {touch.wallet for touch in entry.touches}
        moved = {end.wallet for move in entry.moves for end in (move.source, move.target)}
        if not touched or not moved <= touched:
            raise JournalBroken(place, "it moves units in a wallet it has no link for")
        for touch in entry.touches:
            head = self.heads.get(touch.wallet)
            if (touch.sequence, touch.previous) != (
                (1, "") if head is None else (head.sequence + 1, head.hash)
            ):
                raise JournalBroken(place, f"it is not the next entry of {touch.wallet}")
            if head is not None and entry.at < head.at:
                raise JournalBroken(place, f"it is before the last entry of {touch.wallet}")
            self.heads[touch.wallet] = Head(touch.wallet, touch.sequence, entry.at, entry_hash)

    def faults(self) -> list[str]:
        """What does not add up: per lot the sum of the cells, per cell the claims."""
        sums: dict[LotId, int] = {}
        for (_, lot), cells in self.cells.items():
            sums[lot] = sums.get(lot, 0) + sum(cells)
        found = [f"the cells of lot {lot} sum to {left}" for lot, left in sums.items() if left]
        carried: dict[tuple[str, str, int], int] = {}
        for claim in self.claims.values():
            for part in claim.segments:
                key = (part.wallet, part.lot, part.state)
                carried[key] = carried.get(key, 0) + part.parts
        for (wallet, lot), cells in self.cells.items():
            for state in (State.HELD, State.SPENT):
                claimed = carried.pop((wallet, lot, state), 0)
                if claimed != cells[state]:
                    words = f"{wallet} has {cells[state]} parts of {lot} {state.name}"
                    found.append(f"{words}, its claims {claimed}")
        found.extend(f"a claim has {lot} in {wallet}, which does not" for wallet, lot, _ in carried)
        return found


@final
@attrs.frozen
class Verdict(Value):
    """Whether a journal is the one that was written and its units add up.

    Attributes:
        entries: How many entries were read.
        lots: How many lots came into being.
        faults: What is wrong, the first broken entry first; empty when nothing is.
    """

    entries: int
    lots: int
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(journal: Iterable[Kept], seal: str | None = None) -> Verdict:
    """Whether every hash, chain, request and quantity of a journal holds.

    Args:
        journal: The entries in the order they were written.
        seal: What `exported` wrote as the last line, if it was kept: it also tells a journal whose
            end was cut off.
    """
    fold, faults = Fold(), list[str]()
    for kept in journal:
        try:
            _check_text(kept, fold.count + 1)
            fold.apply(entry_of(kept), kept.hash)
        except UnitLedgerError as error:
            where = "" if isinstance(error, JournalBroken) else f"entry {fold.count + 1}: "
            faults.append(f"{where}{error}")
            break
    else:
        faults.extend(fold.faults())
        if seal is not None and seal != _seal(fold):
            faults.append("the journal does not end where it was sealed")
    return Verdict(fold.count, len(fold.lots), tuple(faults))


def _check_text(kept: Kept, place: int) -> None:
    if not kept.text.isascii() or entry_hash(kept.text) != kept.hash:
        raise JournalBroken(place, "its text does not have its hash")
    if encode(entry_of(kept)) != kept.text:
        raise JournalBroken(place, "its text is not canonical")


def _seal(fold: Fold) -> str:
    heads = "".join(
        f"{wallet} {head.sequence} {head.hash}\n" for wallet, head in sorted(fold.heads.items())
    )
    return sha256(f"unitledger/seal/1 {fold.count}\n{heads}".encode()).hexdigest()


def exported(journal: Iterable[Kept]) -> Iterator[str]:
    """A journal as lines of JSON: one per entry, then one with the seal over all chains."""
    fold = Fold()
    for kept in journal:
        fold.apply(entry_of(kept), kept.hash)
        yield f'{{"entry":{kept.text},"hash":"{kept.hash}"}}'
    yield f'{{"entries":{fold.count},"seal":"{_seal(fold)}"}}'


def imported(lines: Iterable[str]) -> tuple[tuple[Kept, ...], str | None]:
    """The entries and the seal of an exported journal, hashes not yet checked.

    Raises:
        MalformedDocument: A line is not what `exported` writes.
    """
    found: list[Kept] = []
    seal: str | None = None
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix("\n")
        if seal is not None:
            raise MalformedDocument(f"line {number}", "something stands behind the seal")
        document: Any = decode_json(line, MAX_ENTRY + 100)
        if type(document) is dict and document.keys() == {"entries", "seal"}:
            seal = str(document["seal"])
            if line != f'{{"entries":{len(found)},"seal":"{seal}"}}':
                raise MalformedDocument(f"line {number}", "the seal is of another journal")
            continue
        text, mark, tail = line.removeprefix('{"entry":').rpartition(',"hash":"')
        if not mark or not line.startswith('{"entry":') or line != f'{{"entry":{text}{mark}{tail}':
            raise MalformedDocument(f"line {number}", "not an entry with its hash")
        if len(tail) != 66 or not tail.endswith('"}'):
            raise MalformedDocument(f"line {number}", "not an entry with its hash")
        found.append(Kept(text, tail[:64]))
    return tuple(found), seal
