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
_CONTENDERS = (*BASELINES, ours.BUCKET, ours.BUCKET_READ, ours.LEDGER)
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
        heavy: How many a ledger makes.
        slow: How many the naive one makes.
        others: How many other wallets the crowded ledger has.
        rounds: How often everything is timed.
    """

    redemptions: int
    heavy: int
    slow: int
    others: int
    rounds: int


def _turn(contender: Contender, work: Work, size: Size) -> Turn:
    counts = {naive.CONTENDER.name: size.slow, ours.LEDGER.name: size.heavy}
    asked = work.first(counts.get(contender.name, size.redemptions))
    return Turn(lambda: contender.prepare(asked), len(asked.redemptions))


def _raced(work: Work, size: Size) -> _Timed:
    """Everybody's redemptions of one work."""
    turns = {each.name: _turn(each, work, size) for each in _CONTENDERS}
    return in_turns(turns, size.rounds)


def _spread_figures(by_size: dict[int, _Timed]) -> Iterator[Figure]:
    for contender, least, target in ((ours.BUCKET, 10, 1.2), (ours.LEDGER, 10, None)):
        for lots, times in by_size.items():
            aim = 15 if contender is ours.LEDGER and lots == 10 else target
            yield Figure.ratio(
                f"W1 · {contender.name}, K={lots:,}",
                times[contender.name],
                "attrs_immutable",
                times[REFERENCE.name],
                aim if lots >= least else None,
            )


def _one_expiry_figure(size: Size) -> Figure:
    together, apart = one_expiry(1000, size.redemptions), spread(1000, size.redemptions)
    turns = {
        "together": _turn(ours.BUCKET, together, size),
        "apart": _turn(REFERENCE, apart, size),
    }
    times = in_turns(turns, size.rounds)
    return Figure.ratio(
        "W1b · Bucket.burn, all on one expiry, K=1,000",
        times["together"],
        "attrs_immutable, each on its own, K=1,000",
        times["apart"],
        4,
    )


def _turnover_figures(size: Size) -> Iterator[Figure]:
    """W1c: a hot wallet that is redeemed from, gets it back, and gets a new lot."""
    work = spread(1000, size.redemptions)
    fewer = work.first(size.heavy)
    turns = {
        "burn": _turn(ours.BUCKET, work, size),
        "burn, put, put": Turn(lambda: ours.bucket_turns(work), size.redemptions),
        "execute": _turn(ours.LEDGER, fewer, size),
        "redeem, reverse, issue": Turn(lambda: ours.ledger_turns(fewer), size.heavy),
    }
    times = in_turns(turns, size.rounds)
    for what, plain, against in (
        ("burn, put, put", "burn", ours.BUCKET.name),
        ("redeem, reverse, issue", "execute", ours.LEDGER.name),
    ):
        all_three, one = times[what], times[plain]
        yield Figure.ratio(f"W1c · {what}, K=1,000", all_three, f"{against}, K=1,000", one, 3)


def _further_lot_figure(size: Size) -> Figure:
    """What a redemption costs for every lot that it touches beyond the first."""
    few, many, further = crossing(1, size.heavy), crossing(11, size.heavy), 10
    turns = {
        "one": _turn(ours.LEDGER, few, size),
        "eleven": _turn(ours.LEDGER, many, size),
        "reference": _turn(REFERENCE, spread(10, size.redemptions), size),
    }
    times = in_turns(turns, size.rounds)
    return Figure.ratio(
        "W1 · Ledger.execute, each further lot touched",
        times["eleven"].less(times["one"], further),
        "attrs_immutable, K=10",
        times["reference"],
        2,
    )


def _crowded_figure(size: Size) -> Figure:
    """What other wallets cost a redemption; nothing, if all is well."""
    work = spread(10, size.heavy)
    desk = ours.crowded(size.others)
    turns = {
        "crowded": Turn(lambda: desk.spending(work), size.heavy),
        "alone": _turn(ours.LEDGER, work, size),
    }
    times = in_turns(turns, size.rounds)
    return Figure.ratio(
        f"W1 · Ledger.execute beside {size.others:,} other wallets",
        times["crowded"],
        "Ledger.execute, alone",
        times["alone"],
        1.1,
    )


def _memory_figure(size: Size) -> Figure:
    kept = ours.bytes_kept(size.redemptions)
    return Figure("Memory per entry kept, KB", f"{kept:,.0f} bytes", "", kept / 1000, 2)


def _import_figure(size: Size) -> Figure:
    """How long a fresh interpreter needs to import the library."""
    command = [sys.executable, "-c", _IMPORT]
    seconds = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(size.rounds)
    ]
    milliseconds = median(seconds) * 1000
    return Figure("import unitledger, ms", f"{milliseconds:.0f} ms", "", milliseconds, 100)


def _agreed() -> int:
    works = [(f"{lots} lots", spread(lots, 300)) for lots in _SIZES]
    works += [("one expiry", one_expiry(1000, 300)), ("crossing", crossing(7, 100))]
    return check_agreement(_CONTENDERS, works)


def _circumstances(size: Size, compared: int) -> str:
    return (
        f"{machine()}; {size.redemptions:,} redemptions a round ({size.heavy:,} by a ledger), "
        f"medians of {size.rounds} rounds taken in turns, processor time, collector on. Written "
        f"by `python -m benchmarks`. Before anything was timed, all of the contenders took the "
        f"same lots in {compared} wallets."
    )


def _report(size: Size) -> str:
    compared = _agreed()
    by_size = {lots: _raced(spread(lots, size.redemptions), size) for lots in _SIZES}
    together = {1000: _raced(one_expiry(1000, size.redemptions), size)}
    figures = [
        *_spread_figures(by_size),
        _one_expiry_figure(size),
        *_turnover_figures(size),
        _further_lot_figure(size),
        _crowded_figure(size),
        _memory_figure(size),
        _import_figure(size),
    ]
    names = [each.name for each in _CONTENDERS]
    sections = (
        "# Redeeming in memory",
        _circumstances(size, compared),
        "## Targets",
        figures_table(figures),
        verdicts(figures),
        "## Every lot on an expiry of its own",
        "ns per redemption (multiple of the reference, in bold), by the number of lots held.",
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
        "--others",
        type=int,
        metavar="N",
        help="how many other wallets the crowded ledger has (default: 20,000; quick: 2,000)",
    )
    parser.add_argument(
        "--write",
        type=Path,
        default=Path(__file__).with_name("results.md"),
        metavar="FILE",
        help="where the tables go (default: benchmarks/results.md)",
    )
    chosen = parser.parse_args(arguments)
    size = Size(1000, 200, 50, 2000, 5) if chosen.quick else Size(2000, 400, 50, 20_000, 15)
    if chosen.others is not None:
        size = attrs.evolve(size, others=chosen.others)
    text = _report(size)
    chosen.write.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
