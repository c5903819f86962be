"""The ceiling with the least of promises: request look-up, guards, one record per redemption."""

from __future__ import annotations

from heapq import heapify, heappop

import attrs

from benchmarks.baselines.heap import Held, held, redeem
from benchmarks.contender import Contender, Job, Slices, summed_up
from benchmarks.work import Work

__all__ = ["CONTENDER", "RefusedError", "check", "drop_lapsed"]

_MOST = 10**15


@attrs.define(eq=False)
class RefusedError(Exception):
    """The redemption breaks a promise of the wallet.

    Attributes:
        field: What is wrong.
        expected: What it may be.
    """

    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: give {self.expected}"


class Record:
    """What one redemption did."""

    __slots__ = ("asked", "at", "request", "slices", "unmet")

    def __init__(
        self, request: str, asked: int, at: float, slices: list[tuple[str, int]], unmet: int
    ) -> None:
        self.request = request
        self.asked = asked
        self.at = at
        self.slices = slices
        self.unmet = unmet


def check(request: str, parts: int) -> None:
    """Refuse what is no request and what is no amount.

    Raises:
        RefusedError: One of them is not.
    """
    if type(request) is not str or not 0 < len(request) <= 64:
        raise RefusedError("request", "a short text")
    if type(parts) is not int or not 0 < parts <= _MOST:
        raise RefusedError("parts", "an int above zero")


def drop_lapsed(heap: list[Held], now: float) -> int:
    """Take the lapsed lots out of the heap; returns how many parts they had."""
    lapsed = 0
    while heap and heap[0][0] <= now:
        lapsed -= heappop(heap)[1]
    return lapsed


class Wallet:
    """A heap with the sum of what it holds, and every record by its request."""

    __slots__ = ("free", "heap", "last", "records")

    def __init__(self, heap: list[Held]) -> None:
        heapify(heap)
        self.heap = heap
        self.free = -sum(minus for _, minus, _, _, _ in heap)
        self.last = 0.0
        self.records: dict[str, Record] = {}

    def redeem(self, request: str, parts: int, at: float) -> Record:
        """The record of the redemption; the first one when the request is known.

        Raises:
            RefusedError: The request is known with another amount, or one of the three is wrong.
        """
        known = self.records.get(request)
        if known is not None:
            if known.asked != parts:
                raise RefusedError("parts", "what the request was first made with")
            return known
        check(request, parts)
        if at < self.last:
            raise RefusedError("at", "an instant not before the last")
        self.free -= drop_lapsed(self.heap, at)
        unmet = max(parts - self.free, 0)
        slices = redeem(self.heap, parts, at)
        self.free -= parts - unmet
        self.last = at
        record = self.records[request] = Record(request, parts, at, slices, unmet)
        return record


def _prepare(work: Work) -> Job:
    wallet = Wallet([held(parcel) for parcel in work.parcels])
    asked = [(each.request, each.parts, each.at.timestamp()) for each in work.redemptions]

    def job() -> dict[str, Record]:
        for request, parts, at in asked:
            wallet.redeem(request, parts, at)
        return wallet.records

    return job


def _read(records: dict[str, Record]) -> Slices:
    return tuple(summed_up(each.slices, each.asked, each.unmet) for each in records.values())


CONTENDER = Contender("heap, request look-up, guards, one record", _prepare, _read)
