"""Times of several jobs, taken in turns so that a noisy machine is noisy to all of them alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import process_time_ns

import attrs

from benchmarks.contender import Job

__all__ = ["Times", "Turn", "in_turns"]


@attrs.frozen
class Turn:
    """Something to be timed once a round.

    Attributes:
        prepare: Builds what the job needs, untimed, anew for every round.
        count: How many operations the job makes.
    """

    prepare: Callable[[], Job]
    count: int


@attrs.frozen
class Times:
    """What one operation cost, once for each round, in nanoseconds of processor time."""

    rounds: tuple[float, ...]

    @property
    def ns(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    def ratio(self, other: Times) -> float:
        """The median of the ratios to another's times in the same rounds."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return median(mine / theirs for mine, theirs in pairs)

    def less(self, other: Times, by: int = 1) -> Times:
        """What is left of each round without the other's, divided by a number."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return Times(tuple((mine - theirs) / by for mine, theirs in pairs))


def _once(turn: Turn) -> float:
    job = turn.prepare()
    gc.collect()
    begin = process_time_ns()
    kept = job()
    spent = process_time_ns() - begin
    del kept
    return spent / turn.count


def in_turns(turns: Mapping[str, Turn], rounds: int) -> dict[str, Times]:
    """The times of every turn; each round times all of them, beginning with another one."""
    names = list(turns)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            taken[name].append(_once(turns[name]))
    return {name: Times(tuple(each)) for name, each in taken.items()}
