"""One sound value of any class of the library, made from nothing but its fields' types.

Every class with a name in documents gets its turn, those of tomorrow too: the candidates below are
tried field by field until the constructor is content.
"""

from __future__ import annotations

import importlib
import pkgutil
import types
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from fractions import Fraction
from functools import cache
from itertools import chain, combinations, islice, product
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

import unitledger
from unitledger.accounts import Account, State
from unitledger.amounts import Amount, Credits, Rate, Units
from unitledger.codec import kinds
from unitledger.errors import UnitLedgerError
from unitledger.ids import WalletId
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.values import Value

NOON = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
WALLETS = ("member/u", "pool", "course/c", "manager/m/c", "batch/a/1/1", "keycode/k", "member/v")
_FIRST = ("spend", "claimed", "enrolment")
"""Which command, outcome and record stands where any may."""
APART = frozenset({"__main__", "analysis", "cli", "display", "pytest_plugin", "testing"})
"""Modules that bring no classes with names in documents, or need an extra."""

_PLAIN: dict[Any, tuple[Any, ...]] = {
    WalletId: WALLETS,
    int: (1, 2, 30),
    bool: (True, False),
    datetime: (NOON, NOON + timedelta(days=30), NOON - timedelta(days=30)),
    date: (date(2026, 3, 1), date(2026, 12, 31)),
    Fraction: (Fraction(9, 10), Fraction(3)),
    Units: (Units.of("1.50"), Units.of(20)),
    Credits: (Credits.of(3), Credits.of(20)),
    Amount: (Units.of("1.50"), Credits.of(3)),
    Rate: (Rate.of("0.99"),),
    Account: (
        Account(WalletId("member/u"), State.FREE),
        Account(WalletId("member/u"), State.HELD),
        Account(WalletId("member/v"), State.FREE),
    ),
    State: (State.HELD, State.FREE),
    BurnOrder: (BurnOrder.parse("priority, -expires(undated last)"), FEFO_LARGEST),
}

_DIGESTS = {"key_code": ("5f" * 16,), "replacement": ("6e" * 16,)}
"""Texts that can be the ids of key codes, for the fields that hold one."""


def named() -> dict[str, type]:
    """Every class of the library with a name in documents, by that name."""
    for module in pkgutil.walk_packages(unitledger.__path__, "unitledger."):
        if module.name.split(".")[1] not in APART:
            _imported(module.name)
    every = kinds(Value)
    return {name: cls for name, cls in every.items() if cls.__module__.startswith("unitledger.")}


def _imported(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if str(missing.name).startswith("unitledger"):
            raise  # anything else is an extra that is not installed


def sample(cls: Any, *, full: bool = True) -> Any:
    """A value of a class; with everything that may be left out, or without it."""
    return cls(**_fields(cls, full))


@cache
def _fields(cls: Any, full: bool) -> Mapping[str, Any]:
    """What a class can be made from; looked for once."""
    hints = get_type_hints(cls)
    fields = [field for field in attrs.fields(cls) if field.init]
    choices = [tuple(_choices(field.name, hints[field.name], full)) for field in fields]
    for values in chain(islice(product(*choices), 200_000), _changing(choices)):
        made = {field.alias: value for field, value in zip(fields, values, strict=True)}
        try:
            cls(**made)
        except UnitLedgerError:
            continue
        return made
    raise LookupError(f"no candidates make a {cls.__name__}; teach tests/samples.py some more")


def _changing(choices: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The likeliest values with one of them exchanged, then with two, three and four."""
    likeliest = [choice[0] for choice in choices]
    for changed in range(1, 5):
        for places in combinations(range(len(choices)), changed):
            for values in product(*(choices[place][1:] for place in places)):
                exchanged = dict(zip(places, values, strict=True))
                yield tuple([exchanged.get(i, value) for i, value in enumerate(likeliest)])


def _choices(name: str, hint: Any, full: bool) -> Iterator[Any]:
    """What to try for a field; the likeliest first."""
    if isinstance(hint, TypeVar):
        hint = hint.__bound__
    if hint in _PLAIN:
        yield from _PLAIN[hint]
    elif isinstance(hint, NewType):
        yield from _choices(name, hint.__supertype__, full)
    elif hint is str:
        yield from _DIGESTS.get(name, ())
        yield from (f"{name}-1", "5f" * 16, "AB12", "EUR", "UTC", "yes")
    elif get_origin(hint) in (Union, types.UnionType):
        yield from _of_union(name, get_args(hint), full)
    elif get_origin(hint) in (tuple, frozenset):
        yield from _many(name, hint, full)
    else:
        yield from _of_class(get_origin(hint) or hint, full)


def _of_union(name: str, args: tuple[Any, ...], full: bool) -> Iterator[Any]:
    rest = [arg for arg in args if arg is not type(None)]
    if not full and len(rest) < len(args):
        yield None
    for arg in rest:
        yield from _choices(name, arg, full)
    if full and len(rest) < len(args):
        yield None


def _many(name: str, hint: Any, full: bool) -> Iterator[Any]:
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple and args[-1] is not Ellipsis:
        yield from product(*(tuple(_choices(name, arg, full)) for arg in args))
        return
    if not full:
        yield origin()
    found = tuple(islice(_choices(name, args[0], full), 2))
    yield origin(found)
    for one in found:
        yield origin((one,))
    yield origin()


def _of_class(cls: type, full: bool) -> Iterator[Any]:
    if issubclass(cls, Enum):
        yield from cls
    elif attrs.has(cls):
        yield sample(cls, full=full)
    else:
        below = kinds(cls)
        names = [name for name in _FIRST if name in below] or sorted(below)
        yield from (sample(below[name], full=full) for name in names)
