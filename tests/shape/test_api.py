"""What a stranger may rely on: sorted, documented, final names, and errors that travel."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pickle
import re
import types
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from types import ModuleType

import attrs
import pytest

from tests.shape.house import PACKAGE, sources
from unitledger.amounts import Amount, Units
from unitledger.errors import UnitLedgerError

TEXTS = sources()
PUBLIC = [name for name in TEXTS if not re.search(r"(^|\.)_(?!_)", name)]

OPEN = {"Amount", "Command", "Outcome", "Record", "Value"}
"""Bases that others are meant to extend."""


def module(name: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{name}".removesuffix(".__init__"))


def subclasses(cls: type[UnitLedgerError]) -> Iterator[type[UnitLedgerError]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from subclasses(sub)


def all_errors() -> list[type[UnitLedgerError]]:
    for name in PUBLIC:
        if name != "__main__":
            module(name)
    found: set[type[UnitLedgerError]] = {UnitLedgerError, *subclasses(UnitLedgerError)}
    return sorted(
        (cls for cls in found if cls.__module__.split(".")[0] == PACKAGE),
        key=lambda cls: (cls.__module__, cls.__qualname__),
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_sorted_and_every_name_in_it_exists(name: str) -> None:
    found = module(name)
    assert hasattr(found, "__all__"), f"{name} has no __all__"
    names = list(found.__all__)
    assert names == sorted(set(names), key=place), "CONSTANTS, then Classes, then functions"
    assert [one for one in names if not hasattr(found, one)] == []


def place(name: str) -> tuple[int, str]:
    """CONSTANTS before Classes before everything else, as the linter sorts them."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1, name) if name[0].isupper() else (2, name)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_documented(name: str) -> None:
    tree = ast.parse(TEXTS[name])
    assert ast.get_docstring(tree), f"{name} has no docstring"
    assert undocumented(tree, module(name).__all__) == []


def undocumented(tree: ast.Module, names: list[str]) -> list[str]:
    """The public names that are defined in a module and have no docstring there."""
    wanted, found, defined = set(names), set(), set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            defined.add(node.name)
            if ast.get_docstring(node):
                found.add(node.name)
    for node, following in pairwise([*tree.body, ast.Pass()]):
        for target in assigned(node):
            defined.add(target)
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                found.add(target)
    dunder = {one for one in wanted if one.startswith("__")}
    return sorted((wanted & defined) - found - dunder)


def assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def test_a_name_without_a_docstring_is_found() -> None:
    tree = ast.parse('A = 1\n"""Told."""\nB = 2\ndef c(): ...\nclass D:\n    """Told."""\n')
    assert undocumented(tree, ["A", "B", "D", "c", "elsewhere"]) == ["B", "c"]


@pytest.mark.parametrize("name", PUBLIC)
def test_concrete_public_classes_are_final(name: str) -> None:
    found = module(name)
    public = [getattr(found, one) for one in found.__all__]
    classes = [one for one in public if isinstance(one, type) and one.__module__ == found.__name__]
    assert [cls.__name__ for cls in classes if is_open(cls) and cls.__name__ not in OPEN] == []


def is_open(cls: type) -> bool:
    """Whether a class could be extended although it is not made for that."""
    if getattr(cls, "__final__", False):
        return False
    made_to_extend = inspect.isabstract(cls) or getattr(cls, "_is_protocol", False)
    family = issubclass(cls, UnitLedgerError) and bool(cls.__subclasses__())
    sealed = issubclass(cls, Enum) and bool(cls.__members__)
    return not (made_to_extend or family or sealed)


def test_a_class_that_forgot_to_be_final_is_found() -> None:
    @typing.final
    class Closed:
        pass

    class Forgotten:
        pass

    assert is_open(Forgotten)
    assert not is_open(Closed)


def samples(annotation: object, name: str) -> list[object]:
    """Values that a field with this annotation may hold."""
    if isinstance(annotation, typing.NewType):
        return samples(annotation.__supertype__, name)
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        return [value for kind in inner for value in samples(kind, name)]
    if origin in {tuple, frozenset}:
        return [origin(samples(inner[0], name))]
    plain: dict[object, object] = {
        str: f"the {name} asked for",
        int: 7,
        bool: True,
        datetime: datetime(2024, 2, 29, 12, 30, tzinfo=UTC),
        Amount: Units.of("1.25"),
        Units: Units.of("1.25"),
        Fraction: Fraction(1, 3),
        type(None): None,
    }
    assert annotation in plain, f"add a sample for {annotation}, the type of {name}"
    return [plain[annotation]]


def examples(cls: type[UnitLedgerError]) -> list[UnitLedgerError]:
    """Errors of one class; as many as it takes to see every sample of every field."""
    named = {"datetime": datetime, "Amount": Amount, "Fraction": Fraction}
    hints = typing.get_type_hints(cls, localns=named)
    choices = [samples(hints[name], name) for name in field_names(cls)]
    rounds = max([len(choice) for choice in choices], default=1)
    return [cls(*(choice[turn % len(choice)] for choice in choices)) for turn in range(rounds)]


def field_names(cls: type) -> list[str]:
    return [field.name for field in attrs.fields(cls)] if attrs.has(cls) else []


def fields_of(error: UnitLedgerError) -> dict[str, object]:
    return {name: getattr(error, name) for name in field_names(type(error))}


@pytest.mark.parametrize("cls", all_errors(), ids=lambda cls: cls.__name__)
@pytest.mark.parametrize(
    "travelled",
    [
        pytest.param(lambda error: pickle.loads(pickle.dumps(error)), id="pickled"),
        pytest.param(copy.copy, id="copied"),
        pytest.param(copy.deepcopy, id="copied deeply"),
    ],
)
def test_an_error_keeps_what_it_says(
    cls: type[UnitLedgerError],
    travelled: Callable[[UnitLedgerError], UnitLedgerError],
) -> None:
    for error in examples(cls):
        again = travelled(error)
        assert type(again) is cls
        assert again is not error
        assert fields_of(again) == fields_of(error)
        assert (str(again), repr(again), again.args) == (str(error), repr(error), error.args)
        if field_names(cls):
            assert str(error), "an error with fields says something"


@pytest.mark.parametrize("cls", all_errors(), ids=lambda cls: cls.__name__)
def test_an_error_has_a_code_of_its_own_name_and_a_hint(cls: type[UnitLedgerError]) -> None:
    named = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
    expected = "unitledger_error" if cls is UnitLedgerError else named
    assert vars(cls).get("code") == expected
    assert type(cls.http_hint) is int
    assert 400 <= cls.http_hint <= 599


def test_no_two_errors_share_a_code() -> None:
    codes = [cls.code for cls in all_errors()]
    assert sorted(set(codes)) == sorted(codes)


def test_every_error_is_public() -> None:
    hidden = [
        cls.__qualname__
        for cls in all_errors()
        if cls.__name__ not in importlib.import_module(cls.__module__).__all__
    ]
    assert hidden == []
