"""The work that every contender is given: lots to hold and redemptions to make."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import attrs

__all__ = [
    "ACQUIRED",
    "NOW",
    "Parcel",
    "Redemption",
    "Work",
    "crossing",
    "one_expiry",
    "seed_example",
    "spread",
    "tangled",
]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant of every timed redemption; nothing in a timed wallet has lapsed by then."""

ACQUIRED = datetime(2025, 1, 1, tzinfo=UTC)
"""When the lots were acquired; nobody redeems before."""

_SMALL = range(50, 351)
_LEAST = 800


@attrs.frozen
class Parcel:
    """A lot as the work describes it; each contender makes its own kind of lot from it.

    Attributes:
        lot: Its id.
        parts: What it holds, in smallest parts.
        expires: The instant it lapses, ``None`` for never.
        acquired: When it was acquired.
        cycle: The number of its firing.
    """

    lot: str
    parts: int
    expires: datetime | None
    acquired: datetime
    cycle: int


@attrs.frozen
class Redemption:
    """One redemption.

    Attributes:
        request: Its request id.
        parts: How much, in smallest parts.
        at: When.
    """

    request: str
    parts: int
    at: datetime


@attrs.frozen
class Work:
    """One wallet and what is redeemed from it, in order.

    Attributes:
        parcels: What the wallet holds, in no particular order.
        redemptions: What is asked of it, in order of time.
    """

    parcels: tuple[Parcel, ...]
    redemptions: tuple[Redemption, ...]

    def first(self, count: int) -> Work:
        """The same wallet with only the first so many redemptions."""
        return Work(self.parcels, self.redemptions[:count])


def _small(random: Random, count: int) -> tuple[Redemption, ...]:
    return tuple(Redemption(f"r{i}", random.choice(_SMALL), NOW) for i in range(count))


def _parcels(random: Random, count: int, mean: int) -> Iterator[Parcel]:
    for i in range(count):
        parts = random.randint(mean // 2, mean * 3 // 2)
        yield Parcel(f"lot{i}", parts, NOW + timedelta(days=i + 1), ACQUIRED, i + 1)


def spread(lots: int, redemptions: int) -> Work:
    """W1: every lot has an expiry of its own, and outlasts at least four redemptions."""
    random = Random(lots)
    asked = _small(random, redemptions)
    mean = max(_LEAST, 3 * sum(each.parts for each in asked) // lots)
    parcels = list(_parcels(random, lots, mean))
    random.shuffle(parcels)
    return Work(tuple(parcels), asked)


def one_expiry(lots: int, redemptions: int) -> Work:
    """W1b: the same, but all the lots lapse together, as they do at a year's end."""
    work, together = spread(lots, redemptions), NOW + timedelta(days=365)
    parcels = tuple(attrs.evolve(parcel, expires=together) for parcel in work.parcels)
    return attrs.evolve(work, parcels=parcels)


def crossing(touched: int, redemptions: int) -> Work:
    """Redemptions that use up exactly so many lots each."""
    size = 100
    parcels = (
        Parcel(f"lot{i}", size, NOW + timedelta(hours=i + 1), ACQUIRED, i + 1)
        for i in range(touched * redemptions)
    )
    asked = (Redemption(f"r{i}", size * touched, NOW) for i in range(redemptions))
    return Work(tuple(parcels), tuple(asked))


def seed_example() -> tuple[Work, tuple[tuple[tuple[str, int], ...], ...]]:
    """Five lots, three redemptions and the slices that must come out (TU-190 to TU-194)."""
    soon, later = NOW + timedelta(days=30), NOW + timedelta(days=60)
    parcels = (
        Parcel("D", 50, None, ACQUIRED, 1),
        Parcel("A", 5, soon, ACQUIRED, 1),
        Parcel("B", 20, later, ACQUIRED, 1),
        Parcel("C", 8, soon, ACQUIRED, 1),
        Parcel("a", 30, None, ACQUIRED, 1),
    )
    asked = (Redemption("r1", 20, NOW), Redemption("r2", 38, NOW), Redemption("r3", 10, NOW))
    slices = (
        (("C", 8), ("A", 5), ("B", 7)),
        (("B", 13), ("D", 25)),
        (("a", 10),),
    )
    return Work(parcels, asked), slices


def tangled(seed: int) -> Work:
    """A small wallet full of ties: few expiries, sizes, dates and cycles, some lots lapsing.

    The redemptions run across the expiries and, in the end, ask for more than there is.
    """
    random = Random(seed)
    ends = [NOW + timedelta(days=day) for day in (-1, 0, 1, 2, 3)] + [None]
    parcels = [
        Parcel(
            lot=random.choice("AaBbz09") + str(i),
            parts=random.choice((100, 100, 200, 300)),
            expires=random.choice(ends),
            acquired=ACQUIRED + timedelta(days=random.randrange(2)),
            cycle=random.randint(1, 2),
        )
        for i in range(random.randint(1, 40))
    ]
    asked = tuple(
        Redemption(f"r{i}", random.choice((1, 50, 100, 250, 700)), NOW + timedelta(hours=2 * i))
        for i in range(40)
    )
    return Work(tuple(parcels), asked)
