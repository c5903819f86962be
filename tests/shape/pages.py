"""What a page of the documentation promises, and whether it keeps it.

A ``python`` block runs, all blocks of a page in one namespace; a ``text`` block right after it is
what it prints, and ``>>>`` examples carry their answers. In ``sh`` and ``console`` blocks every
command of ours runs in a folder of the page's own. A comment on the line before a block changes
that for the one block:

    <!-- exit: 1 -->            the command ends with this code instead of 0
    <!-- file: story.toml -->   the block is a file of this name in the page's folder
    <!-- not run: why -->       the block is shown, not run
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import attrs

from tests.shape.house import ROOT

FLAGS = doctest.ELLIPSIS

_OPENING = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<info>[^`]*)$")
_MARK = re.compile(r"^\s*<!-- (?P<word>exit|file|not run): (?P<value>.+) -->\s*$")
_OURS = re.compile(r"^(\S+/)?(python3? -m )?unitledger( |$)")


@attrs.frozen
class Block:
    """One fenced block of a page.

    Attributes:
        line: Where its first line of text stands in the page, from 1.
        kind: The first word after the fence that is no directive.
        after: The kind of block it follows with nothing but blank lines between, or an empty text.
    """

    line: int
    kind: str
    text: str
    mark: str = ""
    value: str = ""
    after: str = ""


class BrokenPage(AssertionError):
    """A block does not do what the page says."""


def pages() -> list[Path]:
    """The readme and every page of the documentation."""
    inside = (ROOT / "docs").rglob("*.md")
    built = ROOT / "docs" / "_build"
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted(p for p in inside if built not in p.parents),
    ]


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page in order."""
    lines, index, last_end, last_kind = text.splitlines(), 0, -1, ""
    while index < len(lines):
        opening = _OPENING.match(lines[index])
        if opening is None:
            index += 1
            continue
        end = _closing(lines, index + 1, opening["ticks"])
        kind = (re.sub(r"\{[^}]*\}", "", opening["info"]).split() or [""])[0]
        between = "".join(lines[last_end + 1 : index]).strip()
        marked = _MARK.match(lines[index - 1]) if index else None
        yield Block(
            line=index + 2,
            kind=kind,
            text=textwrap.dedent("\n".join(lines[index + 1 : end])) + "\n",
            mark=marked["word"] if marked else "",
            value=marked["value"] if marked else "",
            after="" if between or last_end < 0 else last_kind,
        )
        index, last_end, last_kind = end + 1, end, kind


def _closing(lines: list[str], start: int, ticks: str) -> int:
    for index in range(start, len(lines)):
        if lines[index].strip() == ticks:
            return index
    message = f"line {start}: a fence that never closes"
    raise BrokenPage(message)


def check(text: str, name: str, folder: Path) -> int:
    """Run a page's blocks in order; returns how many ran.

    Raises:
        BrokenPage: A block failed, or printed something else than the page shows.
    """
    space: dict[str, object] = {"__name__": "__page__"}
    printed: str | None = None
    ran = 0
    for block in blocks(text):
        where = f"{name}:{block.line}"
        if block.mark == "file":
            (folder / block.value).write_text(block.text, "utf-8")
        elif block.mark == "not run":
            printed = None
        elif block.kind in {"python", "pycon"}:
            with contextlib.chdir(folder):
                printed, ran = _python(block, where, space), ran + 1
        elif block.kind in {"sh", "console"} and _commands(block):
            printed, ran = _shell(block, where, folder), ran + 1
        elif block.kind == "text" and block.after in {"python", "sh"} and printed is not None:
            _same(block.text, printed, where)
    return ran


def _python(block: Block, where: str, space: dict[str, object]) -> str:
    if block.text.lstrip().startswith(">>>"):
        return _doctest(block, where, space)
    out = io.StringIO()
    code = compile("\n" * (block.line - 1) + block.text, where, "exec")
    with contextlib.redirect_stdout(out):
        exec(code, space)
    return out.getvalue()


def _doctest(block: Block, where: str, space: dict[str, object]) -> str:
    told = io.StringIO()
    test = doctest.DocTestParser().get_doctest(block.text, space, where, where, block.line - 1)
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=told.write, clear_globs=False)
    space.update(test.globs)
    if result.failed:
        raise BrokenPage(told.getvalue())
    return ""


def _commands(block: Block) -> list[tuple[str, str]]:
    """The commands of ours in a block, each with the output shown under it."""
    if block.kind == "sh":
        lines = block.text.replace("\\\n", " ").splitlines()
        return [(line, "") for line in lines if _OURS.match(line)]
    found = re.split(r"^\$ ", block.text.replace("\\\n", " "), flags=re.MULTILINE)[1:]
    pairs = [one.partition("\n") for one in found]
    return [(command, shown) for command, _, shown in pairs if _OURS.match(command)]


def _shell(block: Block, where: str, folder: Path) -> str:
    due, printed = (int(block.value) if block.mark == "exit" else 0), ""
    for command, shown in _commands(block):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", re.sub(r"^\S+/(?=unitledger)", "", command)],
            cwd=folder,
            env={**os.environ, "PATH": _path(), "PYTHONWARNINGS": "error", "COLUMNS": "100"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode != due:
            message = f"{where}: `{command}` ended with {done.returncode}, not {due}\n"
            raise BrokenPage(message + done.stdout + done.stderr)
        if shown.strip():
            _same(shown, done.stdout, where)
        printed += done.stdout
    return printed


def _path() -> str:
    """The interpreter's own folder first, so that its ``unitledger`` and ``python`` are meant."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _same(shown: str, printed: str, where: str) -> None:
    want, got = (_tidy(text) for text in (shown, printed))
    if not doctest.OutputChecker().check_output(want, got, FLAGS):
        message = f"{where}: the page shows\n{want}\nand it prints\n{got}"
        raise BrokenPage(message)


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"
