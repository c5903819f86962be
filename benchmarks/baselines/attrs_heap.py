"""Frozen attrs results over a mutable heap, with request look-up and guards."""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heapreplace
from typing import TypeAlias

import attrs

from benchmarks.baselines.guarded_heap import RefusedError, check
from benchmarks.contender import Contender, Job, Slices, summed_up
from benchmarks.work import NOW, Parcel, Work

__all__ = ["CONTENDER"]

_NEVER = datetime.max.replace(tzinfo=NOW.tzinfo)


@attrs.frozen
class Slice:
    """What was taken from one lot."""

    lot: str
    parts: int


@attrs.frozen
class Receipt:
    """What one redemption did."""

    request: str
    asked: int
    at: datetime
    slices: tuple[Slice, ...]
    unmet: int


_Held: TypeAlias = tuple[datetime, int, datetime, int, str]


def _held(parcel: Parcel) -> _Held:
    return parcel.expires or _NEVER, -parcel.parts, parcel.acquired, parcel.cycle, parcel.lot


class Wallet:
    """A heap in burn order and every receipt by its request."""

    __slots__ = ("heap", "receipts")

    def __init__(self, heap: list[_Held]) -> None:
        heapify(heap)
        self.heap = heap
        self.receipts: dict[str, Receipt] = {}

    def redeem(self, request: str, parts: int, at: datetime) -> Receipt:
        """The receipt of the redemption; the first one when the request is known.

        Raises:
            RefusedError: The request is known with another amount, or one of the two is malformed.
        """
        known = self.receipts.get(request)
        if known is not None:
            if known.asked != parts:
                raise RefusedError("parts", "what the request was first made with")
            return known
        check(request, parts)
        slices, unmet = self._taken(parts, at)
        receipt = self.receipts[request] = Receipt(request, parts, at, tuple(slices), unmet)
        return receipt

    def _taken(self, need: int, at: datetime) -> tuple[list[Slice], int]:
        heap, slices = self.heap, list[Slice]()
        while need and heap:
            expires, minus, acquired, cycle, lot = heap[0]
            if expires <= at:
                heappop(heap)
            elif -minus > need:
                slices.append(Slice(lot, need))
                heapreplace(heap, (expires, minus + need, acquired, cycle, lot))
                need = 0
            else:
                slices.append(Slice(lot, -minus))
                need += minus
                heappop(heap)
        return slices, need


def _prepare(work: Work) -> Job:
    wallet = Wallet([_held(parcel) for parcel in work.parcels])
    asked = [(each.request, each.parts, each.at) for each in work.redemptions]

    def job() -> dict[str, Receipt]:
        for request, parts, at in asked:
            wallet.redeem(request, parts, at)
        return wallet.receipts

    return job


def _read(receipts: dict[str, Receipt]) -> Slices:
    return tuple(
        summed_up(
            ((piece.lot, piece.parts) for piece in receipt.slices), receipt.asked, receipt.unmet
        )
        for receipt in receipts.values()
    )


CONTENDER = Contender("attrs results over a heap", _prepare, _read)
