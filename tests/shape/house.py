"""The floors and rooms of the package, read from its source without importing it.

A module may import only from floors above its own. `faults` says, in words, where a set of sources
breaks that; the real tree and small planted ones go through the same function.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "unitledger"
PACKAGE = "unitledger"

FLOORS = (
    "errors",
    "values",
    "tables",
    "amounts",
    "ids",
    "time",
    "accounts",
    "lots",
    "orders",
    "buckets",
    "moves",
    "claims",
    "kernel",
    "choices",
    "policy",
    "records",
    "codec",
    "commands",
    "ports",
    "indexes",
    "views",
    "journal",
    "restore",
    "operations",
    "credits",
    "training",
    "opening",
    "balances",
    "statements",
    "audits",
    "ledger",
    "stores",
    "analysis",
    "display",
    "__init__",
    "testing",
    "scenario",
    "pytest_plugin",
    "scheduler",
    "stored",
    "cli",
    "__main__",
)
"""Top to bottom; a name is a module or a whole package of modules."""

ROOMS = ("credits", "training", "stores.*", "analysis")
"""Packages that do not know each other; each module or package in ``stores`` is one."""

BORROWED: Mapping[str, tuple[str, ...]] = {
    "attrs": ("*",),
    "dateutil": ("time",),
    "hypothesis": ("testing",),
    "pytest": ("testing", "pytest_plugin"),
    "sqlalchemy": ("stores.sql",),
    "django": ("stores.django",),
    "altair": ("analysis", "display"),
    "tqdm": ("cli",),
}
"""Who may import what is not ours and not the standard library's."""

ONLY_TIME = frozenset({"dateutil", "time", "zoneinfo"})
"""Imported by `unitledger.time` and by nobody else."""

NOBODY = frozenset({"random"})
"""Chance is an argument, never an import."""

_CLOCKS = frozenset({"now", "utcnow", "today"})


@attrs.frozen
class Import:
    """One imported module, and the line that names it."""

    module: str
    line: int
    for_types_only: bool = False
    names: tuple[str, ...] = ()


def sources(root: Path = SOURCE) -> dict[str, str]:
    """The text of every module on disk, by dotted name within the package."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path.read_text("utf-8")
        for path in sorted(root.rglob("*.py"))
    }


def imports(source: str) -> Iterator[Import]:
    """Every import of a module, wherever in it that stands."""
    tree = ast.parse(source)
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, id(node) in guarded)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = tuple(alias.name for alias in node.names)
            yield Import(module, node.lineno, id(node) in guarded, names)


def faults(modules: Mapping[str, str]) -> list[str]:
    """What is wrong with the imports of these sources, one line each; empty when all is well."""
    found = [f"{module}: not on any floor" for module in modules if floor(module) is None]
    known = [module for module in modules if floor(module) is not None]
    for module in known:
        for one in imports(modules[module]):
            reason = "".join(_why_not(module, one, modules))
            if reason:
                found.append(f"{module}:{one.line}: {reason}")
        found += [f"{module}:{line}: reads a clock" for line in _clock_lines(module, modules)]
    return found + [f"{' → '.join(ring)}: a cycle" for ring in _rings(known, modules)]


def floor(module: str) -> int | None:
    """The place of a module in the order; ``None`` if nobody gave it one."""
    name = module.split(".", maxsplit=1)[0]
    return FLOORS.index(name) if name in FLOORS else None


def room(module: str) -> str | None:
    """The room a module belongs to, if it belongs to one."""
    first, _, rest = module.partition(".")
    if first in ROOMS:
        return first
    inner = rest.split(".", maxsplit=1)[0]
    return f"{first}.{inner}" if f"{first}.*" in ROOMS and inner not in {"", "__init__"} else None


def _why_not(module: str, one: Import, modules: Mapping[str, str]) -> Iterator[str]:
    if one.module.startswith("."):
        yield "a relative import"
    elif one.module.split(".")[0] == PACKAGE:
        yield from _why_not_ours(module, one, modules)
    else:
        yield from _why_not_theirs(module, one)


def _why_not_ours(module: str, one: Import, modules: Mapping[str, str]) -> Iterator[str]:
    if one.for_types_only and module == "errors":
        return
    mine, here = floor(module), module.split(".", maxsplit=1)[0]
    private = [n for n in one.names if n.startswith("_") and not n.endswith("__")]
    if private:
        yield f"takes the private {private[0]} of {one.module}; "
    for target in _targets(one, modules):
        theirs = floor(target)
        if mine is None or theirs is None:
            yield f"imports {target}, which is on no floor; "
        elif theirs > mine or (theirs == mine and here == target):
            yield f"imports {target}, which is not above it; "
        elif None not in {room(module), room(target)} and room(module) != room(target):
            yield f"imports {target}, another room; "


def _why_not_theirs(module: str, one: Import) -> Iterator[str]:
    top = one.module.split(".", maxsplit=1)[0]
    if top in NOBODY:
        yield f"imports {top}, which nobody may"
    elif top in ONLY_TIME:
        if module != "time":
            yield f"imports {top}, which only time may"
    elif top not in sys.stdlib_module_names:
        allowed = BORROWED.get(top, ())
        if not any(may == "*" or f"{module}.".startswith(f"{may}.") for may in allowed):
            yield f"imports {top}, which is not its to import"


def _targets(one: Import, modules: Mapping[str, str]) -> Iterator[str]:
    base = one.module.removeprefix(PACKAGE).lstrip(".")
    if base and (base in modules or not _is_package(base, modules)):
        yield base
        return
    for name in one.names or ("__init__",):
        inner = f"{base}.{name}".lstrip(".")
        yield inner if inner in modules or _is_package(inner, modules) else (base or "__init__")


def _is_package(name: str, modules: Mapping[str, str]) -> bool:
    return any(module.startswith(f"{name}.") for module in modules)


def _clock_lines(module: str, modules: Mapping[str, str]) -> Iterator[int]:
    if module == "time":
        return
    for node in ast.walk(ast.parse(modules[module])):
        if isinstance(node, ast.Attribute) and node.attr in _CLOCKS:
            owner = ast.unparse(node.value).split(".")[-1]
            if owner in {"date", "datetime"}:
                yield node.lineno


def _rings(known: list[str], modules: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """The import cycles inside each package; between packages the order already forbids them."""
    edges = {module: sorted(_neighbours(module, modules)) for module in known}
    done: set[str] = set()
    for start in known:
        yield from _walk(start, (), edges, done)


def _neighbours(module: str, modules: Mapping[str, str]) -> set[str]:
    package = module.split(".", maxsplit=1)[0]
    return {
        target if target in modules else f"{target}.__init__"
        for one in imports(modules[module])
        if one.module.split(".")[0] == PACKAGE
        for target in _targets(one, modules)
        if target.split(".")[0] == package and "." in module
    }


def _walk(
    module: str, path: tuple[str, ...], edges: Mapping[str, list[str]], done: set[str]
) -> Iterator[tuple[str, ...]]:
    if module in path:
        yield (*path[path.index(module) :], module)
    elif module not in done:
        for target in edges.get(module, []):
            yield from _walk(target, (*path, module), edges, done)
        done.add(module)
