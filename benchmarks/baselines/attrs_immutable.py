"""The reference: frozen attrs values throughout, lots in expiry groups, a cursor over the groups.

A redemption returns a new wallet and a receipt; the old wallet stays as it was. Groups stand in one
tuple that is never copied: the wallet remembers the place of the first group in use (the cursor)
and what is left of it (the front), so the cost does not depend on how many lots there are. Inside a
group the largest stands first, and what remains of a lot is ranked anew by bisection.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

import attrs

from benchmarks.contender import Contender, Job, Slices, summed_up
from benchmarks.work import NOW, Parcel, Work

__all__ = ["CONTENDER"]

_NEVER = datetime.max.replace(tzinfo=NOW.tzinfo)


@attrs.frozen
class Lot:
    """A parcel of units; ``tie`` tells lots of one expiry and one size apart."""

    id: str
    expires: datetime
    tie: tuple[datetime, int, str]


@attrs.frozen
class Holding:
    """What is left of a lot."""

    lot: Lot
    parts: int


@attrs.frozen
class Group:
    """Holdings that lapse together, the largest first."""

    expires: datetime
    holdings: tuple[Holding, ...]


@attrs.frozen
class Slice:
    """What was taken from one lot."""

    lot: Lot
    parts: int


@attrs.frozen
class Receipt:
    """What one redemption did."""

    asked: int
    at: datetime
    slices: tuple[Slice, ...]
    unmet: int


def _rank(holding: Holding) -> tuple[int, tuple[datetime, int, str]]:
    return -holding.parts, holding.lot.tie


def _reranked(front: tuple[Holding, ...], place: int, left: Holding) -> tuple[Holding, ...]:
    """The group from ``place`` on, when only ``left`` remains of the holding that stands there."""
    if place + 1 == len(front):
        return (left,)
    rest = list(front[place + 1 :])
    rest.insert(bisect_left(rest, _rank(left), key=_rank), left)
    return tuple(rest)


@attrs.frozen
class Wallet:
    """Expiry groups, the place of the first in use, and what is left of that one."""

    groups: tuple[Group, ...]
    cursor: int
    front: tuple[Holding, ...]

    @classmethod
    def of(cls, holdings: Iterable[Holding]) -> Wallet:
        """The wallet that holds these."""
        ranked = sorted(holdings, key=lambda each: (each.lot.expires, _rank(each)))
        by_expiry = groupby(ranked, key=lambda each: each.lot.expires)
        groups = tuple(Group(expires, tuple(group)) for expires, group in by_expiry)
        return cls(groups, 0, groups[0].holdings)

    def redeem(self, asked: int, at: datetime) -> tuple[Wallet, Receipt]:
        """The wallet afterwards, and the receipt."""
        groups, cursor, front = self.groups, self.cursor, self.front
        slices: list[Slice] = []
        need, place = asked, 0
        while need:
            if place == len(front) or groups[cursor].expires <= at:
                cursor += 1
                if cursor >= len(groups):
                    front, place, cursor = (), 0, len(groups) - 1
                    break
                front, place = groups[cursor].holdings, 0
                continue
            holding = front[place]
            lot, parts = holding.lot, holding.parts
            if parts > need:
                slices.append(Slice(lot, need))
                front, place = _reranked(front, place, Holding(lot, parts - need)), 0
                need = 0
            else:
                slices.append(Slice(lot, parts))
                need -= parts
                place += 1
        wallet = Wallet(groups, cursor, front[place:])
        return wallet, Receipt(asked, at, tuple(slices), need)


def _holding(parcel: Parcel) -> Holding:
    tie = parcel.acquired, parcel.cycle, parcel.lot
    lot = Lot(parcel.lot, parcel.expires or _NEVER, tie)
    return Holding(lot, parcel.parts)


Journal: TypeAlias = list[Receipt]


def _prepare(work: Work) -> Job:
    first = Wallet.of(map(_holding, work.parcels))
    asked = [(each.parts, each.at) for each in work.redemptions]

    def job() -> Journal:
        wallet, journal = first, list[Receipt]()
        for parts, at in asked:
            wallet, receipt = wallet.redeem(parts, at)
            journal.append(receipt)
        return journal

    return job


def _read(journal: Journal) -> Slices:
    return tuple(
        summed_up(
            ((piece.lot.id, piece.parts) for piece in receipt.slices), receipt.asked, receipt.unmet
        )
        for receipt in journal
    )


CONTENDER = Contender("attrs_immutable: frozen, cursor over expiry groups", _prepare, _read)
