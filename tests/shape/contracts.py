"""The tables of the reference that are made from the code they describe.

``python -m tests.shape.contracts`` writes them anew, between the marks in the pages; a test
compares. What stands outside the marks is written by hand.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs

from tests.rules.roles import roles_table, scopes_table
from tests.samples import named
from unitledger import errors, moves
from unitledger.amounts import Credits, Units
from unitledger.commands import Command, Entry, Outcome, Receipt
from unitledger.errors import UnitLedgerError
from unitledger.ports import Directory
from unitledger.records import Record
from unitledger.time import parse_instant

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "unitledger"
GOLDEN = ROOT / "tests" / "rules" / "canonical.json"

_MARKED = re.compile(r"(<!-- made: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SAID: dict[str, Any] = {
    "actor": "ann",
    "about": "assignment a1",
    "allowed": "admin, system",
    "asked": 5,
    "at": parse_instant("2026-03-01T09:00:00Z"),
    "audience": "sales",
    "attempts": 8,
    "available": Units.of(2),
    "claim": "r7.1",
    "command": "spend",
    "course": "forklift",
    "decimals": 2,
    "differs": ("amount", "actor"),
    "doing": "commit",
    "due": parse_instant("2026-03-01T09:00:00Z"),
    "cap": 3,
    "enrolled": parse_instant("2026-03-01T09:00:00Z"),
    "enrolment": "r7.1",
    "enrolments": 3,
    "entry": 17,
    "expected": "an amount above zero",
    "field": "amount",
    "found": "member/ann FREE of march",
    "given": "credits",
    "invariant": "no cell falls below zero",
    "item": "forklift-basics",
    "key": "r7.1",
    "kind": "claim",
    "known": ("amount", "wallet"),
    "learner": "leo",
    "limit": 1000,
    "lot": "march",
    "manager": "mia",
    "needed": Units.of(5),
    "progress": 30,
    "problem": "the new expiry must be later than now",
    "reason": "it has no price",
    "request": "r7",
    "required": 2,
    "state": "HELD",
    "table": "unitledger_schema",
    "there": 3,
    "until": "started",
    "user": "leo",
    "value": "zero",
    "version": 1,
    "wallets": ("member/ann",),
    "wanted": "completed",
    "what": "items of an order",
    "where": "step 3",
    "why": "the connection was lost",
}
"""What fields of errors hold in the examples."""
_SAID_BY: dict[type, dict[str, Any]] = {
    errors.AlreadyExists: {"kind": "lot", "key": "march"},
    errors.DebtOutstanding: {"debt": Credits.of(2)},
    errors.GiftExceeded: {
        "giver": "mia",
        "receiver": "max",
        "net": Credits.of(2),
        "asked": Credits.of(3),
    },
    errors.IllegalTransition: {"kind": "enrolment", "state": "reversed"},
    errors.InvalidId: {"field": "lot", "value": "' march'"},
    errors.InvalidType: {"value": "a float", "expected": "Credits or Units"},
    errors.JournalBroken: {"problem": "its text does not have its hash"},
    errors.LimitExceeded: {"asked": "1001"},
    errors.MalformedDocument: {"problem": "'many' is not a whole number"},
    errors.NaiveInstant: {"field": "deadline", "value": "2026-03-01T09:00:00"},
    errors.NegativeAmount: {"value": "-1"},
    errors.NotDue: {"what": "period 3 of subscription s1"},
    errors.NotLocked: {"what": "pool"},
    errors.OutsideAudience: {"audience": "of the key code"},
    errors.TooPrecise: {"value": "1.555"},
    errors.UnknownField: {"field": "'amuont'"},
    errors.WalletClosed: {"wallet": "manager/mia/forklift"},
    errors.WrongUnit: {"expected": "units"},
}
"""What they hold in the example of one class."""
_LIKELY: dict[str, Any] = {
    "Amount": Units.of(3),
    "datetime": _SAID["at"],
    "int": 3,
    "str": "r7",
    "tuple[str, ...]": ("r7",),
}
"""What any other field holds, by the type it is annotated with."""


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table of a page."""
    lines = [list(heads)]
    lines += [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: object) -> str:
    return f"`{text}`"


def first_line(thing: Any) -> str:
    """The first sentence of a docstring, its markup made that of a page."""
    said = inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    return re.sub(r"``?", "`", said)


# Errors.


def error_classes() -> list[type[UnitLedgerError]]:
    """Every error, in the order of the tree at the top of the module."""
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    return [UnitLedgerError, *(getattr(errors, name) for name in drawn)]


def example(cls: type[UnitLedgerError]) -> str:
    """What an error of a class says."""
    fields, said = getattr(cls, "__attrs_attrs__", ()), _SAID | _SAID_BY.get(cls, {})
    return str(cls(*(said.get(field.name, _LIKELY.get(str(field.type))) for field in fields)))


def errors_table() -> str:
    rows = [
        (
            code(cls.code),
            code(cls.__name__),
            cls.http_hint,
            first_line(cls),
            ", ".join(code(f.name) for f in getattr(cls, "__attrs_attrs__", ())),
            example(cls) if not cls.__subclasses__() else "",
        )
        for cls in error_classes()
    ]
    return table(("code", "class", "HTTP", "meaning", "fields", "what it says, for example"), rows)


# Commands, outcomes, records.


def outcome_of(command: type[Command[Any]]) -> type[Outcome]:
    """The outcome that a command is generic over."""
    for cls in command.__mro__:
        for base in getattr(cls, "__orig_bases__", ()):
            said: tuple[Any, ...] = get_args(base)
            if said and isinstance(said[0], type) and issubclass(said[0], Outcome):
                return said[0]
    raise LookupError(command.__name__)


def _below(base: type) -> list[tuple[str, Any]]:
    return [(name, cls) for name, cls in named().items() if issubclass(cls, base)]


def _kind(cls: type) -> str:
    return next(name for name, one in named().items() if one is cls)


def _fields(cls: Any) -> str:
    return ", ".join(code(field.alias) for field in attrs.fields(cls) if field.init)


def commands_table() -> str:
    rows = [
        (
            code(name),
            f"{code(cls.__module__.removeprefix('unitledger.'))}",
            ", ".join(role.value for role in cls.AUTHORITY),
            _fields(cls),
            code(_kind(outcome_of(cls))),
        )
        for name, cls in _below(Command)
    ]
    return table(("command", "module", "who", "fields", "outcome"), rows)


def outcomes_table() -> str:
    rows = [(code(name), first_line(cls), _fields(cls)) for name, cls in _below(Outcome)]
    return table(("outcome", "meaning", "fields"), rows)


def records_table() -> str:
    rows = [
        (
            code(name),
            first_line(cls),
            "; ".join(_steps(cls)) or "it never changes",
            ", ".join(map(code, cls.INDEX)),
        )
        for name, cls in _below(Record)
    ]
    return table(("record", "meaning", "life cycle", "found by"), rows)


def _steps(cls: type[Record]) -> Iterator[str]:
    for state, steps in cls.STEPS.items():
        if steps:
            yield f"{state.value} → {', '.join(sorted(step.value for step in steps))}"


def entry_table() -> str:
    """What an entry has, from the attributes in its docstring."""
    return table(("field", "meaning"), ((code(n), said) for n, said in _attributes(Entry)))


def receipt_table() -> str:
    return table(("field", "meaning"), ((code(n), said) for n, said in _attributes(Receipt)))


def _attributes(cls: type) -> Iterator[tuple[str, str]]:
    lines = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2]
    said = re.findall(r"^    (\w+): ((?:.|\n {8})+)", lines, re.MULTILINE)
    for name, words in said:
        yield name, re.sub(r"``?", "`", re.sub(r"\s+", " ", words))


def moves_table() -> str:
    """The moves as the module that knows them draws them."""
    drawn = re.findall(r"^ {4}(\w+) +→ (\w+) +(\w+) +(.+)$", moves.__doc__ or "", re.MULTILINE)
    rows = [(code(word), code(a), code(b), said) for a, b, word, said in drawn]
    return table(("move", "from", "to", "meaning"), rows)


# Questions.


_ANSWERS: dict[Any, str] = {
    bool: "yes or no",
    frozenset[str]: "a set of ids",
    tuple[str, ...]: "ids in order",
}


def questions_table() -> str:
    rows = []
    for name in ("manages", "groups", "direct", "lineage", "superiors", "people"):
        method: Callable[..., object] = getattr(Directory, name)
        answer = get_type_hints(method)["return"]
        words = _ANSWERS[answer]
        asked_by = ", ".join(map(code, askers(name)))
        arguments = [n for n in inspect.signature(method).parameters if n != "self"]
        rows.append((code(f"{name}({', '.join(arguments)})"), first_line(method), words, asked_by))
    return table(("question", "what it asks", "answer", "asked by"), rows)


def askers(question: str) -> list[str]:
    """The functions and classes whose source asks the view that question."""
    found: set[str] = set()
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if module.split(".")[0] in ("credits", "training", "operations", "opening"):
            for node in ast.parse(path.read_text("utf-8")).body:
                if f"view.{question}(" in ast.unparse(node):
                    found.add(f"{module}.{getattr(node, 'name', '')}".rstrip("."))
    return sorted(found)


# Canonical texts.


def vectors_table() -> str:
    golden = json.loads(GOLDEN.read_text("ascii"))
    rows = [
        (name.removeprefix("plain/"), code(line["text"]), code(line["sha256"][:16]))
        for name, line in golden.items()
        if name.startswith("plain/")
    ]
    return table(("value", "canonical text", "SHA-256 begins"), rows)


def value_vectors() -> str:
    golden = json.loads(GOLDEN.read_text("ascii"))
    names = ("named/spend/full", "named/issue/sparse", "value/Claim/full", "value/Lot/full")
    return "".join(
        f"`{name}`, SHA-256 `{golden[name]['sha256']}`:\n\n```json\n{golden[name]['text']}\n```\n\n"
        for name in names
    )


MADE: dict[str, Callable[[], str]] = {
    "commands": commands_table,
    "entry": entry_table,
    "errors": errors_table,
    "golden texts": vectors_table,
    "golden values": value_vectors,
    "moves": moves_table,
    "outcomes": outcomes_table,
    "questions": questions_table,
    "receipt": receipt_table,
    "records": records_table,
    "roles": roles_table,
    "scopes": scopes_table,
}


def pages() -> list[Path]:
    """The pages that have marks."""
    every = sorted(REFERENCE.glob("*.md"))
    return [page for page in every if _MARKED.search(page.read_text("utf-8"))]


def made(text: str) -> str:
    """The text of a page with its tables made anew."""
    return _MARKED.sub(lambda m: f"{m[1]}\n{MADE[m['name']]().rstrip()}\n\n{m[3]}", text)


if __name__ == "__main__":
    for page in pages():
        page.write_text(made(page.read_text("utf-8")), "utf-8")
