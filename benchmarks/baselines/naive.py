"""What one writes first: frozen attrs, Decimal amounts, and a sort for every redemption."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

import attrs

from benchmarks.contender import Contender, Job, Slices, summed_up
from benchmarks.work import Parcel, Work

__all__ = ["CONTENDER"]


@attrs.frozen
class Lot:
    """A parcel of units and what is left of it."""

    id: str
    available: Decimal
    expires: datetime | None
    acquired: datetime
    cycle: int


@attrs.frozen
class Slice:
    """What was taken from one lot."""

    lot: str
    amount: Decimal


@attrs.frozen
class Receipt:
    """What one redemption did."""

    asked: Decimal
    at: datetime
    slices: tuple[Slice, ...]
    unmet: Decimal


@attrs.frozen
class Wallet:
    """All lots, in no particular order."""

    lots: tuple[Lot, ...]

    def redeem(self, asked: Decimal, at: datetime) -> tuple[Wallet, Receipt]:
        """The wallet afterwards, and the receipt."""
        usable = [lot for lot in self.lots if lot.expires is None or at < lot.expires]
        usable.sort(
            key=lambda lot: (
                lot.expires is None,
                lot.expires or at,
                -lot.available,
                lot.acquired,
                lot.cycle,
                lot.id,
            )
        )
        need, slices, left = asked, list[Slice](), list[Lot]()
        for lot in usable:
            taken = min(need, lot.available)
            if taken:
                slices.append(Slice(lot.id, taken))
                need -= taken
            if taken == lot.available:
                continue
            left.append(attrs.evolve(lot, available=lot.available - taken) if taken else lot)
        return Wallet(tuple(left)), Receipt(asked, at, tuple(slices), need)


def _units(parts: int) -> Decimal:
    return Decimal(parts).scaleb(-2)


def _parts(units: Decimal) -> int:
    return int(units.scaleb(2))


def _lot(parcel: Parcel) -> Lot:
    available = _units(parcel.parts)
    return Lot(parcel.lot, available, parcel.expires, parcel.acquired, parcel.cycle)


Journal: TypeAlias = list[Receipt]


def _prepare(work: Work) -> Job:
    first = Wallet(tuple(map(_lot, work.parcels)))
    asked = [(_units(each.parts), each.at) for each in work.redemptions]

    def job() -> Journal:
        wallet, journal = first, list[Receipt]()
        for amount, at in asked:
            wallet, receipt = wallet.redeem(amount, at)
            journal.append(receipt)
        return journal

    return job


def _read(journal: Journal) -> Slices:
    return tuple(
        summed_up(
            ((piece.lot, _parts(piece.amount)) for piece in receipt.slices),
            _parts(receipt.asked),
            _parts(receipt.unmet),
        )
        for receipt in journal
    )


CONTENDER = Contender("naive: attrs, Decimal, sort every time", _prepare, _read)
