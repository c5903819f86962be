"""The known defects: for every number, what went wrong elsewhere and the tests that keep it out.

What went wrong stands in ``docs/reference/known-defects.toml``; its table ``besides`` says of a
defect what of it cannot be tested here, and why. ``python -m tests.shape.defects`` writes
``docs/reference/known-defects.md`` anew; a test compares.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "known-defects.md"
TEXTS: Mapping[str, Mapping[str, str]] = tomllib.loads(PAGE.with_suffix(".toml").read_text("utf-8"))
BESIDES: Mapping[str, str] = TEXTS.get("besides", {})
COUNTS: Mapping[str, int] = {"D": 40, "R": 55}
"""How many defects of each family are known."""

_NUMBER = re.compile(r"\b([DR][1-9][0-9]?)\b")
_TITLES = {
    "D": "Read in the source of comparable systems, most of them reproduced",
    "R": "Reported by those who use such systems",
}
_HEAD = """# Known defects

What went wrong in comparable systems, in our words, and the tests that fail if it happens here.
`D` is what was found by reading and running them, `R` what their users reported. The tables are
made from `known-defects.toml` beside this page and from the numbers in
`tests/rules/test_known_defects_*`; every one of those tests says in its first line what went wrong
and what holds here. Where part of a defect cannot happen in this library, or is the host's to keep
out, the table says so.
"""


def numbers(text: str) -> set[str]:
    """Every number of a defect in a text."""
    return set(_NUMBER.findall(text))


def kept_out() -> defaultdict[str, set[str]]:
    """For every defect the tests that name it, in an id or in the first line of the docstring."""
    found = defaultdict[str, set[str]](set)
    for path in sorted((ROOT / "tests" / "rules").glob("test_known_defects_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                ids = " ".join(ast.unparse(one) for one in node.decorator_list)
                said = (ast.get_docstring(node) or "").partition("\n")[0]
                for number in numbers(f"{said} {ids}"):
                    found[number].add(f"{path.relative_to(ROOT / 'tests').as_posix()}::{node.name}")
    return found


def page() -> str:
    """The table of the known defects as Markdown."""
    tests, parts = kept_out(), [_HEAD]
    for family, title in _TITLES.items():
        heads = ("", "what went wrong elsewhere", "kept out by")
        parts.append(f"## {title}\n\n{_row(heads)}\n{'|---' * len(heads)}|")
        says = TEXTS[family]
        ordered = sorted(says, key=lambda one: int(one[1:]))
        parts += [_row((one, says[one], _by(one, tests))) for one in ordered]
        parts.append("")
    return "\n".join(parts)


def _by(number: str, tests: Mapping[str, set[str]]) -> str:
    named = ", ".join(f"`{test}`" for test in sorted(tests.get(number, ())))
    return " · ".join(text for text in (named, BESIDES.get(number, "")) if text)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
