"""The journal: entries as canonical text, chained by hashes, and folded back into cells.

An entry is hashed once over its canonical text, under a tag that names the format. The text has the
hash of the entry before it in every wallet it touched, so no entry can be changed, left out,
swapped or put in without breaking a chain. What no chain can tell is told by the seal of an
exported journal: that the last entries are gone, or that entries without a common wallet stand in
another order. Folding the journal gives every cell, lot, claim and record again; that is what
`Ledger.audit` compares with what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import sha256
from typing import TypeAlias, final

import attrs

from unitledger.accounts import EMPTY_CELLS, Cells, State
from unitledger.claims import Claim
from unitledger.codec import decode, decode_json, encode, writer
from unitledger.commands import Entry, Head, Touch
from unitledger.errors import (
    InvalidType,
    JournalBroken,
    LimitExceeded,
    MalformedDocument,
    UnitLedgerError,
    shown,
)
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId
from unitledger.kernel import CellKey, retrace
from unitledger.lots import Lot
from unitledger.ports import Kept
from unitledger.records import Record
from unitledger.values import Value

__all__ = [
    "FORMAT",
    "MAX_ENTRY",
    "Findings",
    "Fold",
    "Tick",
    "entry_hash",
    "entry_of",
    "entry_writer",
    "exported",
    "imported",
    "kept_of",
    "request_fingerprint",
    "ticked",
    "touch_writer",
    "verify",
]

FORMAT = "unitledger/entry/1"
"""The tag inside every hash: what is hashed, and under which version of the encoding."""
MAX_ENTRY = 1 << 24
"""The longest text of an entry, in characters; what would be longer is refused, not written."""

Tick: TypeAlias = Callable[[], object]
"""What is called once for each thing that is dealt with, to show how far it is."""

_SEAL = b"unitledger/seal/1\n"
_HASH = r'"([0-9a-f]{64})"'
_LINE = re.compile(rf'{{"entry":(.*),"hash":{_HASH},"place":([1-9][0-9]*)}}').fullmatch
_LAST = re.compile(rf'{{"entries":(0|[1-9][0-9]*),"seal":{_HASH}}}').fullmatch


def entry_hash(text: str) -> str:
    """SHA-256 in hexadecimal over the format tag, the text's length and the text.

    Raises:
        InvalidType: Not a ``str`` of ASCII characters, as every canonical text is.
    """
    if type(text) is not str or not text.isascii():
        raise InvalidType("text", shown(text), "a str of ASCII characters")
    return sha256(f"{FORMAT} {len(text)}\n{text}".encode("ascii")).hexdigest()


@cache
def entry_writer() -> Callable[..., str]:
    """The function that gives an entry's canonical text from the fields of `Entry`.

    It takes the portal, the request, the fingerprint, the actor, the command, the reason and the
    touches as canonical texts, in this order; everything else as values, by name.
    """
    given = ("portal", "request", "fingerprint", "actor", "command", "reason", "touches")
    return writer(Entry, *given)


@cache
def touch_writer() -> Callable[..., str]:
    """The function that gives the canonical text of a `Touch` from its fields, by name."""
    return writer(Touch)


def request_fingerprint(actor: str, command: str, reason: str) -> str:
    """SHA-256 in hexadecimal over what a request asks for, as canonical texts."""
    signed = f"unitledger/request/1\n{actor}\n{command}\n{reason}"
    return sha256(signed.encode("ascii")).hexdigest()


def kept_of(text: str) -> Kept:
    """An entry as a store keeps it, from its canonical text.

    Raises:
        LimitExceeded: It is longer than 16 MiB, and nobody could read it again.
    """
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

    Feed it entries in the order they were written; it refuses one that breaks a promise, and is of
    no further use then.

    Source: C62.
    """

    def __init__(self) -> None:
        self.heads: dict[WalletId, Head] = {}
        self.cells: dict[CellKey, Cells] = {}
        self.lots: dict[LotId, Lot] = {}
        self.claims: dict[ClaimId, Claim] = {}
        self.records: dict[tuple[str, str], Record] = {}
        self.authors: dict[tuple[str, str], RequestId] = {}
        self.requests: dict[RequestId, str] = {}
        self.portal: PortalId = PortalId("")
        self.count: int = 0

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
            lot = self._lot(edit.lot).under(edit.terms, entry.at)
            if lot.version != edit.version:
                raise JournalBroken(self.count + 1, f"it edits other terms of lot {edit.lot}")
            self.lots[edit.lot] = lot
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
        if entry.portal != self.portal and self.count:
            raise JournalBroken(place, f"it is of portal {entry.portal}, not of {self.portal}")
        self.portal = entry.portal
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
class Findings(Value):
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


def verify(journal: Iterable[Kept], seal: str | None = None) -> Findings:
    """Whether every hash, chain, request and quantity of a journal holds.

    Args:
        journal: The entries in the order they were written.
        seal: What `exported` wrote in the last line, if it was kept: it also tells a journal whose
            end was cut off, or whose entries without a common wallet stand in another order.
    """
    fold, faults, ends = Fold(), list[str](), sha256(_SEAL)
    for kept in journal:
        try:
            fold.apply(_checked(kept, fold.count + 1), kept.hash)
            ends.update(kept.hash.encode())
        except UnitLedgerError as error:
            where = "" if isinstance(error, JournalBroken) else f"entry {fold.count + 1}: "
            faults.append(f"{where}{error}")
            break
    else:
        faults.extend(fold.faults())
        if seal is not None and seal != ends.hexdigest():
            faults.append("the entries are not those that were sealed, in their order")
    return Findings(fold.count, len(fold.lots), tuple(faults))


def _checked(kept: Kept, place: int) -> Entry:
    if type(kept) is not Kept or type(kept.text) is not str or type(kept.hash) is not str:
        raise JournalBroken(place, "it is not kept as a text and its hash")
    if not kept.text.isascii() or entry_hash(kept.text) != kept.hash:
        raise JournalBroken(place, "its text does not have its hash")
    entry = entry_of(kept)
    if encode(entry) != kept.text:
        raise JournalBroken(place, "its text is not canonical")
    texts = encode(entry.actor), encode(entry.command), encode(entry.reason)
    if entry.fingerprint != request_fingerprint(*texts):
        raise JournalBroken(place, "its fingerprint is of another request")
    return entry


def ticked(journal: Iterable[Kept], tick: Tick | None) -> Iterable[Kept]:
    """The same entries, with a call for each one that is dealt with.

    Args:
        journal: The entries.
        tick: What is called; ``None`` leaves the entries alone.
    """
    return journal if tick is None else _ticked(journal, tick)


def _ticked(journal: Iterable[Kept], tick: Tick) -> Iterator[Kept]:
    for kept in journal:
        yield kept
        tick()


def exported(journal: Iterable[Kept]) -> Iterator[str]:
    """A journal as lines of JSON: one per entry with its place, then one with the seal over all.

    The chains order the entries of every wallet; the places and the seal order those as well that
    have no wallet in common.
    """
    seal, place = sha256(_SEAL), 0
    for place, kept in enumerate(journal, 1):
        seal.update(kept.hash.encode())
        yield f'{{"entry":{kept.text},"hash":"{kept.hash}","place":{place}}}'
    yield f'{{"entries":{place},"seal":"{seal.hexdigest()}"}}'


def imported(lines: Iterable[str]) -> tuple[tuple[Kept, ...], str]:
    """The entries and the seal of an exported journal, hashes not yet checked.

    Give both to `verify`: without its seal a journal whose last entries are gone looks whole.

    Raises:
        LimitExceeded: A line is longer than any entry.
        MalformedDocument: A line is not what `exported` writes there, or the seal is missing.
    """
    found: list[Kept] = []
    seal: str | None = None
    for number, raw in enumerate(lines, 1):
        if type(raw) is not str:
            raise InvalidType(f"line {number}", shown(raw), "str")
        line = raw.removesuffix("\n")
        if len(line) > MAX_ENTRY + 200:
            raise LimitExceeded(f"characters of line {number}", str(len(line)), MAX_ENTRY)
        if seal is not None:
            raise MalformedDocument(f"line {number}", "something stands behind the seal")
        if _LAST(line):
            seal = _sealed(line, number)
        else:
            found.append(_exported_entry(line, number))
    if seal is None:
        raise MalformedDocument(f"line {len(found) + 1}", "the journal ends without its seal")
    return tuple(found), seal


def _sealed(line: str, number: int) -> str:
    match = _LAST(line)
    if match is None or match[1] != str(number - 1):
        raise MalformedDocument(f"line {number}", "the seal is of another number of entries")
    return match[2]


def _exported_entry(line: str, number: int) -> Kept:
    match = _LINE(line)
    if match is None:
        raise MalformedDocument(f"line {number}", "not an entry with its hash and place")
    if match[3] != str(number):
        raise MalformedDocument(f"line {number}", f"the entry of place {match[3]} stands here")
    return Kept(match[1], match[2])
