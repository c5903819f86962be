"""The ceiling: a mutable heap of tuples and a journal list, nothing promised.

No request, no check, no history of the wallet: the least that redemption in burn order can cost.
"""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heapreplace
from typing import TypeAlias

from benchmarks.contender import Contender, Job, Slices
from benchmarks.work import Parcel, Work

__all__ = ["CONTENDER", "Held", "held", "redeem", "seconds"]

Held: TypeAlias = tuple[float, int, float, int, str]
"""Expires, parts below zero (so that the largest comes first), acquired, cycle, lot id."""

Journal: TypeAlias = list[list[tuple[str, int]]]


def seconds(instant: datetime | None) -> float:
    """The instant as seconds, never as infinity."""
    return float("inf") if instant is None else instant.timestamp()


def held(parcel: Parcel) -> Held:
    """The parcel as a tuple that sorts in burn order."""
    acquired = parcel.acquired.timestamp()
    return seconds(parcel.expires), -parcel.parts, acquired, parcel.cycle, parcel.lot


def redeem(heap: list[Held], need: int, now: float) -> list[tuple[str, int]]:
    """Take up to ``need`` parts out of the heap; returns what was taken, in order."""
    slices = []
    while need and heap:
        expires, minus, acquired, cycle, lot = heap[0]
        if expires <= now:
            heappop(heap)
        elif -minus > need:
            slices.append((lot, need))
            heapreplace(heap, (expires, minus + need, acquired, cycle, lot))
            break
        else:
            slices.append((lot, -minus))
            need += minus
            heappop(heap)
    return slices


def _prepare(work: Work) -> Job:
    wallet = [held(parcel) for parcel in work.parcels]
    heapify(wallet)
    asked = [(each.parts, each.at.timestamp()) for each in work.redemptions]

    def job() -> Journal:
        journal: Journal = []
        for parts, now in asked:
            journal.append(redeem(wallet, parts, now))
        return journal

    return job


def _read(journal: Journal) -> Slices:
    return tuple(map(tuple, journal))


CONTENDER = Contender("mutable heap of tuples, journal list", _prepare, _read)
