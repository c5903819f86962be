"""What takes part in a benchmark: it makes the work's redemptions, and can be checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import attrs

from benchmarks.work import Work, seed_example, tangled

__all__ = [
    "Contender",
    "DisagreementError",
    "Job",
    "Slices",
    "Taken",
    "check_agreement",
    "summed_up",
]

Job: TypeAlias = Callable[[], object]
"""All redemptions of one work, ready to run once; this call is what is timed."""

Taken: TypeAlias = tuple[tuple[str, int], ...]
"""The lots that one redemption took, with the parts taken, in order."""

Slices: TypeAlias = tuple[Taken, ...]
"""The same for each redemption, in order."""


@attrs.define(eq=False)
class DisagreementError(Exception):
    """Two contenders did different things, so their times must not be compared.

    Attributes:
        about: The work, and the number of the redemption.
        found: What was done.
        expected: What should have been.
    """

    about: str
    found: object
    expected: object

    def __str__(self) -> str:
        return f"{self.about}: {self.found}, not {self.expected}"


def summed_up(pairs: Iterable[tuple[str, int]], asked: int, unmet: int) -> Taken:
    """What one redemption took, when that and the unmet rest make what was asked.

    Raises:
        DisagreementError: They do not.
    """
    taken = tuple(pairs)
    if sum(parts for _, parts in taken) + unmet != asked:
        raise DisagreementError("taken and unmet", (taken, unmet), asked)
    return taken


@attrs.frozen
class Contender:
    """One way to redeem.

    Attributes:
        name: The row's name in the table.
        prepare: Builds the wallet (untimed) and returns the job.
        read: The slices in what the job returned.
    """

    name: str
    prepare: Callable[[Work], Job]
    read: Callable[[Any], Slices]

    def slices(self, work: Work) -> Slices:
        """What it takes for the work."""
        return self.read(self.prepare(work)())


def _agree(work: Work, expected: Slices, contender: Contender, about: str) -> None:
    found = contender.slices(work)
    if len(found) != len(expected):
        raise DisagreementError(f"{about}, {contender.name}", len(found), len(expected))
    for number, (mine, right) in enumerate(zip(found, expected, strict=True)):
        if mine != right:
            raise DisagreementError(f"{about}, {number}, {contender.name}", mine, right)


def check_agreement(contenders: Iterable[Contender], works: Iterable[tuple[str, Work]]) -> int:
    """How many works were compared; every contender took the same lots in each of them.

    Raises:
        DisagreementError: One took others.
    """
    first, *others = everyone = tuple(contenders)
    example, expected = seed_example()
    for contender in everyone:
        _agree(example, expected, contender, "the seed's example")
    compared = [*((f"tangle {seed}", tangled(seed)) for seed in range(100)), *works]
    for about, work in compared:
        expected = first.slices(work)
        for contender in others:
            _agree(work, expected, contender, about)
    return len(compared) + 1
