"""Our own contenders: a bucket alone."""

from __future__ import annotations

from typing import TypeAlias

from benchmarks.contender import Contender, Job, Slices
from benchmarks.work import Parcel, Redemption, Work
from unitledger.accounts import keycode
from unitledger.amounts import Units
from unitledger.buckets import Bucket, Slice
from unitledger.ids import LotId
from unitledger.lots import Lot
from unitledger.time import Validity

__all__ = ["BUCKET", "BUCKET_READ", "bucket_turns", "lot_of"]

Pairs: TypeAlias = tuple[tuple[Lot, int], ...]


def lot_of(parcel: Parcel) -> Lot:
    """The parcel as a lot of a key code."""
    return Lot(
        id=LotId(parcel.lot),
        home=keycode("k"),
        terms=Validity(parcel.acquired, parcel.expires),
        acquired=parcel.acquired,
        cycle=parcel.cycle,
    )


def _bucket(work: Work) -> Bucket:
    return Bucket.of((lot_of(parcel), Units(parts=parcel.parts)) for parcel in work.parcels)


def _burn(work: Work) -> Job:
    first = _bucket(work)
    asked = [(Units(parts=each.parts), each.at) for each in work.redemptions]

    def job() -> list[Pairs]:
        bucket, journal = first, list[Pairs]()
        for amount, at in asked:
            plan = bucket.burn(amount, at=at)
            bucket = plan.after
            journal.append(plan.taken)
        return journal

    return job


def _burn_and_read(work: Work) -> Job:
    first = _bucket(work)
    asked = [(Units(parts=each.parts), each.at) for each in work.redemptions]

    def job() -> list[tuple[Slice, ...]]:
        bucket, journal = first, list[tuple[Slice, ...]]()
        for amount, at in asked:
            plan = bucket.burn(amount, at=at)
            bucket = plan.after
            journal.append(plan.slices)
        return journal

    return job


def _pairs(journal: list[Pairs]) -> Slices:
    return tuple(tuple((lot.id, parts) for lot, parts in taken) for taken in journal)


def _slices(journal: list[tuple[Slice, ...]]) -> Slices:
    return tuple(tuple((piece.lot.id, piece.parts) for piece in slices) for slices in journal)


BUCKET = Contender("Bucket.burn", _burn, _pairs)
"""The pure choice of lots: a plan and the bucket afterwards."""

BUCKET_READ = Contender("Bucket.burn, and its slices read", _burn_and_read, _slices)
"""The same, when the caller asks for slices as values as well."""


def bucket_turns(work: Work) -> Job:
    """Redeem, put all of it back, put a new lot in: once for each redemption of the work."""
    first = _bucket(work)
    held = {parcel.lot: parcel.parts for parcel in work.parcels}
    turns = [
        (Units(parts=each.parts), each, lot_of(_like(parcel, each)))
        for each, parcel in zip(work.redemptions, _again(work), strict=True)
    ]

    def job() -> Bucket:
        bucket = first
        for amount, redemption, lot in turns:
            plan = bucket.burn(amount, at=redemption.at)
            bucket = plan.after
            for piece in plan.slices:
                whole = held[piece.lot.id]
                bucket = bucket.put(piece.lot, whole - piece.parts, whole)
            bucket = bucket.put(lot, 0, amount.parts)
            held[lot.id] = amount.parts
        return bucket

    return job


def _again(work: Work) -> list[Parcel]:
    count = len(work.parcels)
    return [work.parcels[i % count] for i in range(len(work.redemptions))]


def _like(parcel: Parcel, redemption: Redemption) -> Parcel:
    return Parcel(f"new-{redemption.request}", 1, parcel.expires, parcel.acquired, parcel.cycle)
