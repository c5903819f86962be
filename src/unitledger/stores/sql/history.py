"""What a wallet had at an instant of the past, without reading the journal from its beginning.

Every entry that touched a wallet can be found by its number in the wallet's chain. Checkpoints say
what the wallet had at some of them, so that only the entries behind the last one are folded. They
follow from the journal: without them the answer takes longer and is the same. Each is bound to its
entry by a digest over both, and one that does not fit is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, final

import attrs

from unitledger.accounts import EMPTY_CELLS, Cells, State
from unitledger.claims import Claim
from unitledger.codec import decode, decode_json, encode
from unitledger.commands import Entry
from unitledger.ids import ClaimId, LotId, PortalId, WalletId
from unitledger.journal import entry_of
from unitledger.lots import Lot
from unitledger.ports import Kept, Passage, Past
from unitledger.stores.sql.statements import Row, Statements
from unitledger.stores.sql.wires import Wire
from unitledger.time import microseconds

__all__ = ["Chain", "checkpoints", "passage_of", "past_of"]

_FORMAT = "unitledger/checkpoint/1"
_FIRST_PAGE, _LAST_PAGE = 64, 1024
_EVER = 2**63 - 1
_FITS = 64
"""How long a digest is, and where what it is of begins."""


@final
@attrs.define
class _State:
    """What a wallet has behind one of its entries, and the claims that still hold something."""

    wallet: WalletId
    sequence: int = 0
    cells: dict[LotId, Cells] = attrs.Factory(dict)
    claims: dict[ClaimId, Claim] = attrs.Factory(dict)

    @classmethod
    def read(cls, wallet: WalletId, sequence: int, text: str, entry_hash: str) -> _State | None:
        """What a checkpoint behind an entry says; ``None`` when it is not of that entry."""
        said, body = text[:_FITS], text[_FITS:]
        if said != _digest(wallet, sequence, entry_hash, body):
            return None
        document: Any = json.loads(body)
        cells = {LotId(lot): tuple(row) for lot, row in document["cells"].items()}
        claims = [decode(Claim, one) for one in document["claims"]]
        return cls(wallet, sequence, cells, {claim.id: claim for claim in claims})

    def text(self, entry_hash: str) -> str:
        """The same as a checkpoint behind an entry."""
        claims = ",".join(encode(claim) for claim in self.claims.values())
        body = f'{{"cells":{json.dumps(self.cells)},"claims":[{claims}]}}'
        return _digest(self.wallet, self.sequence, entry_hash, body) + body

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


def _digest(wallet: WalletId, sequence: int, entry_hash: str, body: str) -> str:
    signed = f"{_FORMAT}\n{wallet}\n{sequence}\n{entry_hash}\n{body}"
    return sha256(signed.encode("utf-8")).hexdigest()


@final
class Chain(NamedTuple):
    """The entries of one wallet, and where to ask for them.

    Attributes:
        wire: The connection.
        sql: The statements.
        portal: The portal.
        wallet: The wallet.
    """

    wire: Wire
    sql: Statements
    portal: PortalId
    wallet: WalletId

    def begun(self, at: int) -> _State:
        """The state at the last sound checkpoint that is not too late, or at the beginning."""
        before = _EVER
        while rows := self.wire.ask(self.sql.checkpoint, self.portal, self.wallet, at, before):
            before, text, entry_hash = rows[0]
            state = _State.read(self.wallet, before, text, entry_hash)
            if state is not None:
                return state
        return _State(self.wallet)

    def behind(self, sequence: int, at: int) -> Iterator[tuple[int, int, Kept]]:
        """The entries behind a number up to an instant: number, instant, and as kept.

        The pages begin small and grow, so little is read that nobody wanted.
        """
        size = _FIRST_PAGE
        while True:
            asked = (self.portal, self.wallet, sequence, size)
            rows = self.wire.ask(self.sql.chain, *asked)
            for number, written, text, entry_hash in rows:
                if written > at:
                    return
                yield number, written, Kept(text, entry_hash)
            if len(rows) < size:
                return
            sequence, size = rows[-1][0], min(2 * size, _LAST_PAGE)

    def at(self, at: int) -> _State:
        """The state at an instant."""
        state = self.begun(at)
        for number, _, kept in self.behind(state.sequence, at):
            state.apply(entry_of(kept), number)
        return state


def past_of(chain: Chain, at: datetime) -> Past:
    """What a wallet had at an instant, under the terms that were known then.

    Args:
        chain: The wallet.
        at: The instant (UTC); entries of that very instant count.
    """
    micros = microseconds(at)
    state = chain.at(micros)
    lots: dict[LotId, Lot] = {}
    for (text,) in chain.wire.ask(chain.sql.versions, chain.portal, chain.wallet, micros):
        lot = decode(Lot, decode_json(text))
        lots[lot.id] = lot
    held = tuple([(lots[lot], cells) for lot, cells in sorted(state.cells.items())])
    return Past(held, tuple([claim for _, claim in sorted(state.claims.items())]))


def passage_of(chain: Chain, since: datetime | None, until: datetime | None) -> Passage:
    """What happened to a wallet from one instant on, and before another one.

    Args:
        chain: The wallet.
        since: The first instant that counts (UTC); ``None`` is the beginning.
        until: The first instant that does not count; ``None`` is no end.
    """
    state = _State(chain.wallet) if since is None else chain.at(microseconds(since) - 1)
    last = _EVER if until is None else microseconds(until) - 1
    return Passage(state.cells, (kept for _, _, kept in chain.behind(state.sequence, last)))


def checkpoints(chain: Chain, every: int) -> list[Row]:
    """The checkpoints that a wallet lacks, one behind every so-manieth of its entries.

    Args:
        chain: The wallet.
        every: How many entries there are between two.
    """
    _, sql, portal, wallet = chain
    state = chain.begun(_EVER)
    made, last = list[Row](), state.sequence
    for number, at, kept in chain.behind(last, _EVER):
        state.apply(entry_of(kept), number)
        if number - last >= every:
            text = state.text(kept.hash)
            made.append(sql.put_checkpoint.row((portal, wallet, number, at, text)))
            last = number
    return made
