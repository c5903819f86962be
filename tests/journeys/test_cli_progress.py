"""How far long work is: shown where somebody watches, and to nobody else."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import pytest

from tests.journeys.test_cli_fire import LATE, kept, weekly
from unitledger.cli import main

Captured = pytest.CaptureFixture[str]
SEEDS = 30
"""How many entries the demo writes."""


class Terminal(io.StringIO):
    """A standard error that somebody watches."""

    def isatty(self) -> bool:
        return True


class Bars:
    """What stands in for tqdm: which bars were opened, and how far each went."""

    def __init__(self) -> None:
        self.seen = list[tuple[str, int | None, int]]()

    def tqdm(self, *, desc: str, total: int | None, **options: Any) -> Bar:
        assert options["file"] is sys.stderr
        return Bar(self, desc, total)


class Bar:
    def __init__(self, bars: Bars, what: str, total: int | None) -> None:
        self.bars, self.what, self.total, self.done = bars, what, total, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.bars.seen.append((self.what, self.total, self.done))

    def update(self) -> None:
        self.done += 1


@pytest.fixture
def demo(tmp_path: Path, capsys: Captured) -> str:
    url = f"sqlite:///{tmp_path}/demo.db"
    assert main(["demo", "--store", url]) == 0
    capsys.readouterr()
    return url


def test_every_long_word_shows_how_far_it_is(
    demo: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From nothing to all of it; importing counts what is verified and what is written."""
    out, copy = str(tmp_path / "out.jsonl"), f"sqlite:///{tmp_path}/copy.db"
    bars = Bars()
    monkeypatch.setitem(sys.modules, "tqdm", bars)
    monkeypatch.setattr(sys, "stderr", Terminal())
    for words in (
        ("verify", demo),
        ("audit", demo),
        ("export", demo, out),
        ("verify", out),
        ("import", out, copy),
    ):
        assert main(words) == 0
    assert bars.seen == [
        ("verify academy", SEEDS, SEEDS),
        ("audit academy", SEEDS, SEEDS),
        ("export academy", SEEDS, SEEDS),
        (f"verify {out}", SEEDS, SEEDS),
        ("import", 2 * SEEDS, 2 * SEEDS),
    ]
    bars.seen.clear()
    assert main(["sweep", copy]) == 0
    ((what, total, done),) = bars.seen
    assert (what, total) == ("sweep academy", done)
    assert done > 1


def test_firing_shows_how_much_was_due(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, bars = f"sqlite:///{tmp_path}/a.db", Bars()
    kept(url, weekly())
    monkeypatch.setitem(sys.modules, "tqdm", bars)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["fire", url, "--policy", "default", "--at", LATE]) == 0
    assert bars.seen == [("fire main", None, 5)]


def test_the_bar_is_on_standard_error_and_gone_at_the_end(
    demo: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real tqdm: the answer is the same, and the line is clean for what comes after."""
    assert main(["verify", demo]) == 0
    answer = capsys.readouterr().out
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["verify", demo]) == 0
    assert capsys.readouterr().out == answer
    assert "verify academy:   0%|" in screen.getvalue()
    assert screen.getvalue().endswith("\r")


def not_installed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sys, "stderr", Terminal())
    patch.setitem(sys.modules, "tqdm", None)


def not_watched(patch: pytest.MonkeyPatch) -> None:
    def never(**_: Any) -> None:
        raise AssertionError("nobody watches")

    patch.setattr(sys, "stderr", io.StringIO())
    patch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=never))


@pytest.mark.parametrize("so", [not_installed, not_watched])
def test_without_the_extra_or_a_terminal_there_is_silence(
    so: Callable[[pytest.MonkeyPatch], None],
    demo: str,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    so(monkeypatch)
    for words in (("verify", demo), ("audit", demo), ("export", demo, str(tmp_path / "o.jsonl"))):
        assert main(words) == 0
    assert isinstance(sys.stderr, io.StringIO)
    assert sys.stderr.getvalue() == ""
