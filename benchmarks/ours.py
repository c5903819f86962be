"""Our own contenders: a bucket alone, and a ledger on the memory store with all it promises."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle, islice
from typing import TypeAlias

import attrs

from benchmarks.contender import Contender, Job, Slices
from benchmarks.work import ACQUIRED, NOW, Parcel, Redemption, Work, spread
from unitledger.accounts import State, keycode
from unitledger.amounts import Units
from unitledger.buckets import Bucket, Slice
from unitledger.commands import Actor, Receipt, Role
from unitledger.errors import InsufficientUnits
from unitledger.ids import LotId, WalletId
from unitledger.ledger import Ledger
from unitledger.lots import Lot
from unitledger.operations import Claimed, Issue, Reverse, Spend
from unitledger.stores.memory import MemoryStore
from unitledger.time import Validity

__all__ = [
    "BUCKET",
    "BUCKET_READ",
    "LEDGER",
    "Desk",
    "bucket_turns",
    "bytes_kept",
    "crowded",
    "ledger_turns",
]

Pairs: TypeAlias = tuple[tuple[Lot, int], ...]
Receipts: TypeAlias = list[Receipt[Claimed] | None]

_BY = Actor.acting("till", Role.SYSTEM)


def _lot(parcel: Parcel) -> Lot:
    return Lot(
        id=LotId(parcel.lot),
        home=keycode("k"),
        terms=Validity(parcel.acquired, parcel.expires),
        acquired=parcel.acquired,
        cycle=parcel.cycle,
    )


def _bucket(work: Work) -> Bucket:
    return Bucket.of((_lot(parcel), Units(parts=parcel.parts)) for parcel in work.parcels)


def _asked(work: Work) -> list[tuple[Units, datetime]]:
    return [(Units(parts=each.parts), each.at) for each in work.redemptions]


def _burn(work: Work) -> Job:
    first, asked = _bucket(work), _asked(work)

    def job() -> list[Pairs]:
        bucket, journal = first, list[Pairs]()
        for amount, at in asked:
            plan = bucket.burn(amount, at=at)
            bucket = plan.after
            journal.append(plan.taken)
        return journal

    return job


def _burn_and_read(work: Work) -> Job:
    first, asked = _bucket(work), _asked(work)

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


def _new_parcels(work: Work) -> Iterator[tuple[Redemption, Parcel]]:
    """For every redemption a new lot, as large, that lapses with one of the wallet's lots."""
    for redemption, parcel in zip(work.redemptions, cycle(work.parcels), strict=False):
        lot = f"new{redemption.request}"
        yield redemption, attrs.evolve(parcel, lot=lot, parts=redemption.parts)


def bucket_turns(work: Work) -> Job:
    """Redeem, put all of it back, put a new lot in: once for each redemption of the work."""
    first = _bucket(work)
    held = {parcel.lot: parcel.parts for parcel in work.parcels}
    turns = [
        (Units(parts=redemption.parts), redemption.at, _lot(parcel))
        for redemption, parcel in _new_parcels(work)
    ]

    def job() -> Bucket:
        bucket = first
        for amount, at, lot in turns:
            plan = bucket.burn(amount, at=at)
            bucket = plan.after
            for taken, parts in plan.taken:
                whole = held[taken.id]
                bucket = bucket.put(taken, whole - parts, whole)
            bucket = bucket.put(lot, 0, amount.parts)
            held[lot.id] = amount.parts
        return bucket

    return job


class _Hand:
    """A clock whose one hand is moved without a check, so that moving it costs next to nothing."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = ACQUIRED

    def now(self) -> datetime:
        return self.at


class Desk:
    """A ledger on a memory store, with a clock that stands where the work says.

    Several works can be laid on one desk, each on a key code and lots of its own.
    """

    def __init__(self) -> None:
        self.clock = _Hand()
        self.ledger = Ledger(MemoryStore(), clock=self.clock)
        self.works = 0

    def issue(self, wallet: WalletId, parcel: Parcel, request: str) -> None:
        """Put a parcel into a wallet."""
        command = Issue(
            LotId(parcel.lot),
            wallet,
            Units(parts=parcel.parts),
            effective=parcel.acquired,
            expires=parcel.expires,
            acquired=parcel.acquired,
            cycle=parcel.cycle,
        )
        self.ledger.execute(command, by=_BY, request=request)

    def lay(self, work: Work) -> tuple[WalletId, str]:
        """Issue the parcels of a work to a new key code; returns it, and a prefix for requests."""
        self.works += 1
        name, self.clock.at = f"{self.works}-", ACQUIRED
        wallet = keycode(name)
        for parcel in work.parcels:
            lot = name + parcel.lot
            self.issue(wallet, attrs.evolve(parcel, lot=lot), f"issue-{lot}")
        self.clock.at = NOW
        return wallet, name

    def spending(self, work: Work) -> Job:
        """The job of redeeming a work laid on this desk."""
        wallet, name = self.lay(work)
        asked = [
            (Units(parts=each.parts), name + each.request, each.at) for each in work.redemptions
        ]
        ledger, clock = self.ledger, self.clock

        def job() -> Receipts:
            journal: Receipts = []
            for amount, request, clock.at in asked:
                try:
                    receipt = ledger.execute(Spend(wallet, amount), by=_BY, request=request)
                except InsufficientUnits as short:
                    journal.append(self.rest(wallet, short, request))
                else:
                    journal.append(receipt)
            return journal

        return job

    def rest(
        self, wallet: WalletId, short: InsufficientUnits, request: str
    ) -> Receipt[Claimed] | None:
        """Spend what there is, under the same request: a refusal is not remembered."""
        if not short.available:
            return None
        return self.ledger.execute(Spend(wallet, short.available), by=_BY, request=request)


def _spent(receipt: Receipt[Claimed] | None) -> Iterator[tuple[str, int]]:
    for move in receipt.moves if receipt is not None else ():
        if move.target.state is State.SPENT:
            yield move.lot.partition("-")[2], move.parts


LEDGER = Contender(
    "Ledger.execute, memory store",
    lambda work: Desk().spending(work),
    lambda receipts: tuple(tuple(_spent(receipt)) for receipt in receipts),
)
"""From a command made to a receipt got: request, locks, authority, claim, journal and hash."""


def ledger_turns(work: Work) -> Job:
    """Redeem, reverse it, issue a new lot: once for each redemption of the work."""
    desk = Desk()
    wallet, _ = desk.lay(work)
    turns = [(each, Units(parts=each.parts), parcel) for each, parcel in _new_parcels(work)]

    def job() -> Ledger:
        for redemption, amount, parcel in turns:
            request = redemption.request
            receipt = desk.ledger.execute(Spend(wallet, amount), by=_BY, request=request)
            back = Reverse(receipt.outcome.claim, wallet)
            desk.ledger.execute(back, by=_BY, request=f"back-{request}")
            desk.issue(wallet, parcel, f"new-{request}")
        return desk.ledger

    return job


def crowded(others: int) -> Desk:
    """A desk whose ledger has so many other wallets with a lot each."""
    desk = Desk()
    for number, parcel in enumerate(islice(cycle(spread(100, 1).parcels), others)):
        lot = attrs.evolve(parcel, lot=f"other{number}")
        desk.issue(keycode(f"other{number}"), lot, f"issue-other{number}")
    return desk


def bytes_kept(redemptions: int) -> float:
    """How many bytes a redemption leaves in the memory store, once its receipt is dropped."""
    desk = Desk()
    job = desk.spending(spread(10, redemptions))
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    journal = job()
    del journal
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / redemptions
