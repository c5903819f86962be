"""Balances: what a wallet has at an instant, lot by lot, with expiry derived and not stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import final

import attrs

from unitledger.accounts import Cells, State, wallet_unit
from unitledger.amounts import Amount
from unitledger.ids import WalletId
from unitledger.lots import Lot
from unitledger.tables import Table
from unitledger.time import minute_text
from unitledger.values import Value

__all__ = ["Balance", "LotBalance", "lot_balance"]


@final
@attrs.frozen
class LotBalance(Value):
    """What a wallet has of one lot at an instant, in parts.

    Attributes:
        lot: The lot, under the terms that count at that instant.
        available: What can be spent.
        pending: What can be spent later, when the lot becomes effective.
        held: What open claims hold.
        spent: What claims have spent.
        expired: What has lapsed.
        void: What was taken out.
    """

    lot: Lot
    available: int
    pending: int
    held: int
    spent: int
    expired: int
    void: int


def _figures(line: LotBalance) -> tuple[int, ...]:
    return line.available, line.pending, line.held, line.spent, line.expired, line.void


@final
@attrs.frozen
class Balance(Value):
    """What a wallet has at an instant.

    Attributes:
        wallet: The wallet.
        at: The instant (UTC).
        lots: What it has of every lot it ever held, in order of lot id.
    """

    wallet: WalletId
    at: datetime
    lots: tuple[LotBalance, ...]

    def _sum(self, parts: Iterable[int]) -> Amount:
        return wallet_unit(self.wallet)(parts=sum(parts))

    @property
    def available(self) -> Amount:
        """What can be spent at that instant."""
        return self._sum(line.available for line in self.lots)

    @property
    def pending(self) -> Amount:
        """What becomes spendable later."""
        return self._sum(line.pending for line in self.lots)

    @property
    def held(self) -> Amount:
        """What open claims hold."""
        return self._sum(line.held for line in self.lots)

    @property
    def spent(self) -> Amount:
        """What claims have spent."""
        return self._sum(line.spent for line in self.lots)

    @property
    def expired(self) -> Amount:
        """What has lapsed by that instant, whether or not it has been written down."""
        return self._sum(line.expired for line in self.lots)

    @property
    def void(self) -> Amount:
        """What was taken out."""
        return self._sum(line.void for line in self.lots)

    def table(self) -> Table:
        """The balance lot by lot; whatever the wallet has of a lot stands in one of the columns."""
        unit = wallet_unit(self.wallet)
        rows = tuple(
            (
                line.lot.id,
                *(unit(parts=parts).text for parts in _figures(line)),
                line.lot.terms.end,
            )
            for line in self.lots
        )
        heads = (">available", ">not yet usable", ">held", ">spent", ">expired", ">taken out")
        title = f"{self.wallet} at {minute_text(self.at)} UTC: {self.available} available"
        return Table(title, ("lot", *heads, "expires (UTC)"), rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def lot_balance(lot: Lot, cells: Cells, overdue: int, at: datetime) -> LotBalance:
    """What a wallet's cells of a lot mean at an instant: what has lapsed is derived from terms.

    Args:
        lot: The lot, under the terms that count.
        cells: What the wallet has of it, as stored.
        overdue: How many of the held parts have a deadline that has come; they are usable again.
        at: The instant (UTC).
    """
    usable = cells[State.FREE] + cells[State.EXPIRED] + overdue
    lapsed, begun = lot.lapsed(at), lot.terms.effective <= at
    return LotBalance(
        lot,
        available=usable if begun and not lapsed else 0,
        pending=0 if begun or lapsed else usable,
        held=cells[State.HELD] - overdue,
        spent=cells[State.SPENT],
        expired=usable if lapsed else 0,
        void=cells[State.VOID],
    )
