"""W1: redeeming in memory.

Every contender makes the same redemptions of the same wallets and must take the same lots; only
then is anything timed. Times are processor time with the collector on, taken in turns; ratios are
medians over the rounds of one run. Nothing here fails on a slow machine: the verdicts are printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TypeAlias

import attrs

from benchmarks import ours
from benchmarks.baselines import BASELINES, REFERENCE, naive
from benchmarks.contender import Contender, check_agreement
from benchmarks.report import Figure, figures_table, machine, redemption_table, verdicts
from benchmarks.timing import Times, Turn, in_turns
from benchmarks.work import Work, crossing, one_expiry, spread

__all__ = ["main"]

_SIZES = (1, 10, 100, 1000)
_ONE_EXPIRY = "one expiry: "
_TURN = "redeem, put back, put a new lot in"
_CONTENDERS = (*BASELINES, ours.BUCKET, ours.BUCKET_READ)
_IMPORT = """
from time import perf_counter
begin = perf_counter()
import unitledger
print(perf_counter() - begin)
"""

_Timed: TypeAlias = dict[str, Times]


@attrs.frozen
class Size:
    """How much is measured.

    Attributes:
        redemptions: How many each contender makes in a round.
        slow: How many the naive one makes.
        rounds: How often everything is timed.
    """

    redemptions: int = 5000
    slow: int = 200
    rounds: int = 7


def _turn(contender: Contender, work: Work, size: Size) -> Turn:
    count = size.slow if contender is naive.CONTENDER else size.redemptions
    asked = work.first(count)
    return Turn(lambda: contender.prepare(asked), len(asked.redemptions))


def _redeemed(lots: int, size: Size) -> _Timed:
    """Everybody's redemptions of wallets of so many lots, spread over as many expiries."""
    work = spread(lots, size.redemptions)
    turns = {each.name: _turn(each, work, size) for each in _CONTENDERS}
    if lots == max(_SIZES):
        together = one_expiry(lots, size.redemptions)
        for each in _CONTENDERS:
            turns[_ONE_EXPIRY + each.name] = _turn(each, together, size)
        turns[_TURN] = Turn(lambda: ours.bucket_turns(work), size.redemptions)
    return in_turns(turns, size.rounds)


def _burn_figures(by_size: dict[int, _Timed]) -> Iterator[Figure]:
    for lots, times in by_size.items():
        mine, theirs = times[ours.BUCKET.name], times[REFERENCE.name]
        target = None if lots == 1 else 1.2
        yield Figure.ratio(f"W1 · Bucket.burn, K={lots:,}", mine, "attrs_immutable", theirs, target)
    times, plain = by_size[1000], by_size[1000][REFERENCE.name]
    together = times[_ONE_EXPIRY + ours.BUCKET.name]
    yield Figure.ratio(
        "W1b · Bucket.burn, all on one expiry, K=1,000",
        together,
        "attrs_immutable, spread, K=1,000",
        plain,
        4,
    )
    yield Figure.ratio(
        "W1c · burn, put back, put a new lot in, K=1,000",
        times[_TURN],
        "Bucket.burn, K=1,000",
        times[ours.BUCKET.name],
        3,
    )


def _import_seconds(rounds: int) -> float:
    """How long a fresh interpreter needs to import the library."""
    command = [sys.executable, "-c", _IMPORT]
    times = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(rounds)
    ]
    return median(times)


def _import_figure(rounds: int) -> Figure:
    milliseconds = _import_seconds(rounds) * 1000
    return Figure("import unitledger", f"{milliseconds:.0f} ms", "", milliseconds, 100)


def _circumstances(size: Size, compared: int) -> str:
    return (
        f"{machine()}; {size.redemptions:,} redemptions a round, medians of {size.rounds} rounds "
        f"taken in turns, processor time, collector on. Written by `python -m benchmarks`. Before "
        f"anything was timed, all of the contenders took the same lots in {compared} wallets."
    )


def _report(size: Size) -> str:
    works = [(f"{lots} lots", spread(lots, 300)) for lots in _SIZES]
    works += [("one expiry", one_expiry(1000, 300)), ("crossing", crossing(7, 100))]
    compared = check_agreement(_CONTENDERS, works)
    by_size = {lots: _redeemed(lots, size) for lots in _SIZES}
    together = {
        1000: {
            name.removeprefix(_ONE_EXPIRY): times
            for name, times in by_size[1000].items()
            if name.startswith(_ONE_EXPIRY)
        }
    }
    figures = [*_burn_figures(by_size), _import_figure(size.rounds)]
    names = [each.name for each in _CONTENDERS]
    sections = (
        "# Redeeming in memory",
        _circumstances(size, compared),
        "## Targets",
        figures_table(figures),
        verdicts(figures),
        "## Every lot on an expiry of its own",
        "ns per redemption (multiple of the reference in bold), by the number of lots held.",
        redemption_table(by_size, names, REFERENCE.name),
        "## All lots on one expiry",
        redemption_table(together, names, REFERENCE.name),
    )
    return "\n\n".join(sections) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables and write them; 0 unless two contenders disagree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer redemptions and rounds")
    parser.add_argument(
        "--write",
        type=Path,
        default=Path(__file__).with_name("results.md"),
        metavar="FILE",
        help="where the tables go (default: benchmarks/results.md)",
    )
    chosen = parser.parse_args(arguments)
    size = Size(redemptions=1000, slow=50, rounds=3) if chosen.quick else Size()
    text = _report(size)
    chosen.write.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
