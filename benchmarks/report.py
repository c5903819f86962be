"""The table that a benchmark prints and writes."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence

import attrs

from benchmarks.timing import Times

__all__ = ["Figure", "figures_table", "machine", "redemption_table", "table", "verdicts"]


@attrs.frozen
class Figure:
    """One measured figure beside its target.

    Attributes:
        what: What was measured.
        measured: It, with its unit.
        against: What it is compared with, or nothing.
        value: The ratio, or the figure itself when it is compared with nothing.
        target: The most it may be; ``None`` when there is no target.
        least: Whether the target is the least it may be instead: for rates.
    """

    what: str
    measured: str
    against: str
    value: float
    target: float | None = None
    least: bool = False

    @classmethod
    def ratio(
        cls, what: str, mine: Times, against: str, theirs: Times, target: float | None = None
    ) -> Figure:
        """A cost as a multiple of another cost of the same rounds."""
        return cls(what, f"{mine.ns:,.0f} ns", against, mine.ratio(theirs), target)

    @property
    def verdict(self) -> str:
        """``ok``, ``over``, or nothing without a target."""
        if self.target is None:
            return ""
        if self.least:
            return "ok" if self.value >= self.target else "**under**"
        return "ok" if self.value <= self.target else "**over**"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """A table in Markdown; the first columns are texts, the others figures."""
    rules = ("---" if i < text_columns else "---:" for i in range(len(heads)))
    return "\n".join((_row(heads), _row(rules), *map(_row, rows)))


def redemption_table(
    by_size: Mapping[int, Mapping[str, Times]], names: Sequence[str], reference: str
) -> str:
    """Nanoseconds per redemption, and the multiple of the reference, by the number of lots."""

    def cell(times: Mapping[str, Times], name: str) -> str:
        mine = times[name]
        return f"{mine.ns:,.0f} ({mine.ratio(times[reference]):.2f})"

    heads = ("", *(f"K={size:,}" for size in by_size))
    rows = (
        (
            f"**{name}**" if name == reference else name,
            *(cell(times, name) for times in by_size.values()),
        )
        for name in names
    )
    return table(heads, rows)


def figures_table(figures: Iterable[Figure]) -> str:
    """Every figure with its target and what becomes of it."""
    rows = (
        (
            each.what,
            each.measured,
            each.against,
            f"{each.value:,.2f}",
            "" if each.target is None else f"{'≥' if each.least else '≤'} {each.target:g}",
            each.verdict,
        )
        for each in figures
    )
    return table(("what", "measured", "against", "value", "target", ""), rows, 3)


def verdicts(figures: Iterable[Figure]) -> str:
    """How many of the targets were met."""
    aimed = [each for each in figures if each.target is not None]
    met = sum(each.verdict == "ok" for each in aimed)
    return f"{met} of {len(aimed)} targets met."


def machine() -> str:
    """What the figures were taken on, as far as it matters to ratios."""
    name = platform.python_implementation()
    return f"{name} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
