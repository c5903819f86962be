"""What a wallet had at an instant of the past, without reading the journal from its beginning.

Every entry that touched a wallet can be found by its number in the wallet's chain. Checkpoints say
what the wallet had at some of them, so that only the entries behind the last one are folded. They
follow from the journal: without them the answer takes longer and is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, final

import attrs

from unitledger.accounts import EMPTY_CELLS, Cells, State
from unitledger.claims import Claim
from unitledger.codec import decode, decode_json, encode
from unitledger.commands import Entry
from unitledger.ids import ClaimId, LotId, PortalId, WalletId
from unitledger.journal import entry_of
from unitledger.lots import Lot
from unitledger.ports import Kept, Past
from unitledger.stores.sql.statements import Row, Statements
from unitledger.stores.sql.wires import Wire
from unitledger.time import microseconds

__all__ = ["checkpoints", "past_of"]

_PAGE = 1000
_EVER = 2**63 - 1


@final
@attrs.define
class _State:
    """What a wallet has behind one of its entries, and the claims that still hold something."""

    wallet: WalletId
    sequence: int = 0
    cells: dict[LotId, Cells] = attrs.Factory(dict)
    claims: dict[ClaimId, Claim] = attrs.Factory(dict)

    @classmethod
    def read(cls, wallet: WalletId, sequence: int, text: str) -> _State:
        document: Any = json.loads(text)
        cells = {LotId(lot): tuple(row) for lot, row in document["cells"].items()}
        claims = [decode(Claim, one) for one in document["claims"]]
        return cls(wallet, sequence, cells, {claim.id: claim for claim in claims})

    @property
    def text(self) -> str:
        claims = ",".join(encode(claim) for claim in self.claims.values())
        return f'{{"cells":{json.dumps(self.cells)},"claims":[{claims}]}}'

    def apply(self, entry: Entry, sequence: int) -> None:
        """Take one more entry into account."""
        for move in entry.moves:
            for end, sign in ((move.source, -move.parts), (move.target, move.parts)):
                if end.wallet == self.wallet:
                    row = list(self.cells.get(move.lot, EMPTY_CELLS))
                    row[end.state] += sign
                    self.cells[move.lot] = (row[0], row[1], row[2], row[3], row[4], row[5])
        for claim in entry.claims:
            self.claims.pop(claim.id, None)
            if claim.deadline is not None and claim.total(State.HELD):
                self.claims[claim.id] = claim
        self.sequence = sequence


def _begun(wire: Wire, sql: Statements, portal: PortalId, wallet: WalletId, at: int) -> _State:
    """The last checkpoint that is not too late, or the beginning."""
    rows = wire.ask(sql.checkpoint, portal, wallet, at)
    return _State.read(wallet, *rows[0]) if rows else _State(wallet)


def _following(
    wire: Wire, sql: Statements, portal: PortalId, state: _State, at: int
) -> Iterator[tuple[_State, int]]:
    """The state behind each of the following entries up to an instant, and when that was."""
    while True:
        asked = (portal, state.wallet, state.sequence, at, _PAGE)
        rows = wire.ask(sql.chain, *asked)
        for sequence, written, text, hash_ in rows:
            state.apply(entry_of(Kept(text, hash_)), sequence)
            yield state, written
        if len(rows) < _PAGE:
            return


def past_of(wire: Wire, sql: Statements, portal: PortalId, wallet: WalletId, at: datetime) -> Past:
    """What a wallet had at an instant, under the terms that were known then.

    Args:
        wire: The connection.
        sql: The statements.
        portal: The portal.
        wallet: The wallet.
        at: The instant (UTC); entries of that very instant count.
    """
    micros = microseconds(at)
    state = _begun(wire, sql, portal, wallet, micros)
    for _ in _following(wire, sql, portal, state, micros):
        pass
    lots: dict[LotId, Lot] = {}
    for (text,) in wire.ask(sql.versions, portal, wallet, micros):
        lot = decode(Lot, decode_json(text))
        lots[lot.id] = lot
    held = tuple([(lots[lot], cells) for lot, cells in sorted(state.cells.items())])
    return Past(held, tuple([claim for _, claim in sorted(state.claims.items())]))


def checkpoints(
    wire: Wire, sql: Statements, portal: PortalId, wallet: WalletId, every: int
) -> list[Row]:
    """The checkpoints that a wallet lacks, one behind every so-manieth of its entries.

    Args:
        wire: The connection.
        sql: The statements.
        portal: The portal.
        wallet: The wallet.
        every: How many entries there are between two.
    """
    state = _begun(wire, sql, portal, wallet, _EVER)
    made, last = list[Row](), state.sequence
    for now, at in _following(wire, sql, portal, state, _EVER):
        if now.sequence - last >= every:
            made.append(sql.put_checkpoint.row((portal, wallet, now.sequence, at, now.text)))
            last = now.sequence
    return made
