"""A small world of wallets, lots and claims, kept in dicts and posted to through the kernel.

It checks the promises of the kernel with sums of its own, and keeps its own account of what was
issued and of what each claim took and gave back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from unitledger.accounts import EMPTY_CELLS, Account, Cells, State, member, pool, wallet_unit
from unitledger.amounts import Credits, Units
from unitledger.buckets import Bucket
from unitledger.claims import Claim, Shift
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.kernel import CellKey, Settlement, retrace, settle
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.time import Validity

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
Change = tuple[Claim | None, Claim]


class World:
    """What a store keeps, without a store."""

    def __init__(self) -> None:
        self.now = NEW_YEAR
        self.lots: dict[LotId, Lot] = {}
        self.cells: dict[CellKey, Cells] = {}
        self.claims: dict[ClaimId, Claim] = {}
        self.issued: dict[LotId, int] = defaultdict(int)

    def lot(self, lot: LotId) -> Lot:
        return self.lots[lot]

    def row(self, wallet: WalletId, lot: LotId) -> Cells:
        return self.cells.get((wallet, lot), EMPTY_CELLS)

    def settled(
        self,
        moves: Sequence[Move],
        changes: Iterable[Change] = (),
        written_down: Iterable[CellKey] = (),
    ) -> Settlement:
        return settle(
            moves,
            list(changes),
            at=self.now,
            lot=self.lot,
            cells=self.row,
            written_down=written_down,
        )

    def post(
        self,
        moves: Sequence[Move],
        changes: Iterable[Change] = (),
        written_down: Iterable[CellKey] = (),
    ) -> Settlement:
        """Settle and keep; what was kept retraces to the same cells."""
        changes = list(changes)
        settlement = self.settled(moves, changes, written_down)
        again = retrace(settlement.moves, changes, lot=self.lot, cells=self.row)
        retraced = dict(again.cells)
        assert all(retraced.get(key, self.row(*key)) == row for key, row in settlement.cells)
        self.cells.update(settlement.cells)
        self.claims.update((after.id, after) for _, after in changes)
        for move in moves:
            if move.source.state is State.ISSUED:
                self.issued[move.lot] += move.parts
            if move.target.state is State.ISSUED:
                self.issued[move.lot] -= move.parts
        return settlement

    def shift(self, shift: Shift) -> Settlement:
        return self.post(shift.moves, [(self.claims.get(shift.claim.id), shift.claim)])

    def issue(self, lot: Lot, parts: int) -> Settlement:
        self.lots[lot.id] = lot
        return self.post([issuing(lot, parts)])

    def sweep(self, wallet: WalletId) -> Settlement:
        return self.post([], written_down=[key for key in self.cells if key[0] == wallet])

    def spendable(self, wallet: WalletId) -> Bucket:
        """What can be spent: FREE and EXPIRED together, for the terms say which it is."""
        held = [
            (self.lots[lot_id], cells[State.FREE] + cells[State.EXPIRED])
            for (owner, lot_id), cells in self.cells.items()
            if owner == wallet
        ]
        pairs = [(lot, lot.unit(parts=parts)) for lot, parts in held if parts]
        return Bucket.of(pairs, unit=wallet_unit(wallet))

    def check(self) -> None:
        """Conservation, floors, home, unit, and claims equal to cells."""
        per_lot: dict[LotId, int] = defaultdict(int)
        for (wallet, lot_id), cells in self.cells.items():
            lot = self.lots[lot_id]
            per_lot[lot_id] += sum(cells)
            assert min(cells[1:]) >= 0, (wallet, lot_id, cells)
            assert cells[State.ISSUED] == (-self.issued[lot_id] if wallet == lot.home else 0)
            assert wallet_unit(wallet) is lot.unit
        assert not any(per_lot.values()), per_lot
        claimed: dict[tuple[WalletId, LotId, State], int] = defaultdict(int)
        for claim in self.claims.values():
            for part in claim.segments:
                claimed[part.wallet, part.lot, part.state] += part.parts
        for (wallet, lot_id), cells in self.cells.items():
            for state in (State.HELD, State.SPENT):
                assert cells[state] == claimed.pop((wallet, lot_id, state), 0), (wallet, lot_id)
        assert not claimed


def issuing(lot: Lot, parts: int) -> Move:
    ends = Account(lot.home, State.ISSUED), Account(lot.home, State.FREE)
    return Move(lot.id, *ends, parts)


def transferring(lot: Lot, parts: int, source: WalletId, target: WalletId) -> Move:
    return Move(lot.id, Account(source, State.FREE), Account(target, State.FREE), parts)


def a_lot(
    name: str, unit: type[Credits | Units] = Units, *, expires: datetime | None = None
) -> Lot:
    return Lot(
        id=LotId(name),
        home=pool() if unit is Credits else member("u"),
        terms=Validity(datetime(2025, 1, 1, tzinfo=UTC), expires),
        acquired=datetime(2025, 1, 1, tzinfo=UTC),
    )
