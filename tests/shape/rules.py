"""The rules reference: for every rule number, what it says, what serves it and what proves it.

What the rules say stands in ``docs/reference/rules.toml``; its table ``host`` says of a rule that
is the host's to keep by which event, port or question the library serves it.
``python -m tests.shape.rules`` writes ``docs/reference/rules.md`` anew; a test compares.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "rules.md"
TEXTS: Mapping[str, Mapping[str, str]] = tomllib.loads(PAGE.with_suffix(".toml").read_text("utf-8"))
HOST: Mapping[str, str] = TEXTS.get("host", {})

_RULE = re.compile(r"\b(TU-[0-9]{3}|C[1-9][0-9]?|I[1-9][0-9]?|P[1-9][0-9]?|X-[0-9]{2})\b")
_SPAN = re.compile(r"\b(TU-|C|I|P|X-)([0-9]+) to (?:\1)([0-9]+)\b")
_FAMILIES = {
    "C": "Subscription credits",
    "TU": "Training units",
    "X": "Where the sources of the training units disagree: policy values",
    "I": "Invariants",
    "P": "Properties",
}
_HEAD = """# Rules

Rules have numbers, so that a rule, the code that serves it and the tests that prove it can be found
from each other. `C` rules are about subscription credits, `TU` rules about training units, `X` are
questions that the sources leave open and a policy value answers, `I` are invariants and `P`
properties that hold whatever the rules are. The table is made from `rules.toml` beside this page,
from the `Source:` lines of the docstrings and from the numbers in test ids and test docstrings.
Where a rule is the host's to keep, the table says by what the library serves it.
"""


def numbers(text: str) -> set[str]:
    """Every rule number in a text; a span such as ``TU-120 to TU-122`` names all between."""
    found = set(_RULE.findall(text))
    for family, first, last in _SPAN.findall(text):
        width = len(first) if "-" in family else 0
        found |= {f"{family}{n:0{width}d}" for n in range(int(first), int(last) + 1)}
    return found


def _nodes(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Every documented module, class and function of a file, by its dotted name."""

    def walk(node: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
        yield name, node
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.ClassDef, ast.FunctionDef)):
                yield from walk(child, f"{name}.{child.name}".lstrip("."))

    yield from walk(ast.parse(path.read_text("utf-8")), "")


def served() -> defaultdict[str, set[str]]:
    """For every rule the names that a ``Source:`` line says serve it."""
    found = defaultdict[str, set[str]](set)
    for path in sorted((ROOT / "src" / "unitledger").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        for name, node in _nodes(path):
            text = ast.get_docstring(node) or "" if isinstance(node, _DOCUMENTED) else ""
            for line in re.findall(r"^Source: (.*(?:\n(?!\s*\n).*)*)", text, flags=re.MULTILINE):
                for rule in numbers(line):
                    found[rule].add(f"{module.removesuffix('.__init__')}.{name}".rstrip("."))
    return found


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def proved() -> defaultdict[str, set[str]]:
    """For every rule the test functions that name it, in an id, a docstring or a comment."""
    found = defaultdict[str, set[str]](set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "shape" in path.parts:
            continue
        source = path.read_text("utf-8")
        for name, node in _nodes(path):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                lines = [*node.decorator_list, node]
                first = min(line.lineno for line in lines if isinstance(line, ast.expr | ast.stmt))
                text = "\n".join(source.splitlines()[first - 1 : node.end_lineno])
                for rule in numbers(text):
                    found[rule].add(f"{path.relative_to(ROOT).as_posix()}::{name}")
    return found


def _order(rule: str) -> tuple[int, int]:
    family = rule.rstrip("0123456789").rstrip("-")
    return list(_FAMILIES).index(family), int(rule.lstrip("CTUXIP-"))


def unproved(family: str) -> list[str]:
    """The rules of a family that neither a test names nor the host keeps."""
    tests = proved()
    return [rule for rule in TEXTS[family] if rule not in tests and rule not in HOST]


def page() -> str:
    """The rules reference as Markdown."""
    by, tests = served(), proved()
    parts = [_HEAD]
    for family, title in _FAMILIES.items():
        says = TEXTS.get(family, {})
        known = (rule for rule in {*by, *tests} if rule.rstrip("0123456789").rstrip("-") == family)
        heads = ("rule", *(("says",) if says else ()), "served by", "proved by")
        parts.append(f"## {title}\n\n{_row(heads)}\n{'|---' * len(heads)}|")
        for rule in sorted({*says, *known}, key=_order):
            words = (says.get(rule, ""),) if says else ()
            parts.append(_row((rule, *words, _by(rule, by), _listed(map(_short, tests[rule])))))
        parts.append("")
    return "\n".join(parts)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _by(rule: str, by: Mapping[str, set[str]]) -> str:
    names = _listed(name.removeprefix("unitledger.") for name in by[rule])
    return f"{names} · host: {HOST[rule]}" if rule in HOST else names


def _short(test: str) -> str:
    return test.removeprefix("tests/")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
