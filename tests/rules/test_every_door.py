"""Every field of every command is looked at when the command is made.

A sound command of every class is taken and one field of it made unsound; the refusal must be one of
the library's own errors and name that field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from typing import Any, NewType, get_args, get_origin, get_type_hints

import attrs
import pytest

from tests.samples import named, sample
from unitledger.accounts import check_wallet
from unitledger.amounts import Amount, Credits, Units
from unitledger.commands import Command
from unitledger.errors import UnitLedgerError, WrongUnit
from unitledger.records import Record

NAIVE = datetime(2026, 3, 1, 12)  # noqa: DTZ001 (what is refused)


KINDS = {cls.KIND: cls for cls in named().values() if issubclass(cls, Record)}


class Text(str):
    """A text of another class than ``str``."""

    __slots__ = ()


UNSOUND: dict[type, tuple[object, ...]] = {
    str: (5, b"bytes", Text("text")),
    int: (1.0, True, "1"),
    bool: (0, "yes"),
    Amount: (1, 1.5, "1"),
    Credits: (1, 1.5, "1", Units.of(1)),
    Units: (1, 1.5, "1", Credits.of(1)),
    datetime: (NAIVE, "2026-03-01T12:00:00Z", date(2026, 3, 1)),
    date: (NAIVE, "2026-03-01"),
    Fraction: (0.5, 1),
}


def _unsound(hint: Any) -> Iterator[object]:
    """What a field of that type must refuse, whatever else it checks."""
    yield object()
    if get_origin(hint) in (tuple, frozenset):
        yield from ([], 5, "ab")
        return
    kind = next((part for part in get_args(hint) if part is not type(None)), hint)
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    yield from UNSOUND.get(kind, ())
    if isinstance(kind, type) and issubclass(kind, Enum):
        yield next(iter(kind)).value


def _doors() -> Iterator[Any]:
    for name, cls in named().items():
        if issubclass(cls, Command):
            hints = get_type_hints(cls)
            for field in attrs.fields(cls):
                where = f"P14 {name}.{field.alias}"
                yield pytest.param(cls, field.alias, hints[field.name], id=where)


@pytest.mark.parametrize(("cls", "field", "hint"), list(_doors()))
def test_a_field_is_looked_at(cls: type, field: str, hint: Any) -> None:
    sound = sample(cls)
    for value in _unsound(hint):
        with pytest.raises(UnitLedgerError) as refused:
            attrs.evolve(sound, **{field: value})
        if not isinstance(refused.value, WrongUnit):
            assert getattr(refused.value, "field", None) == field, value


@pytest.mark.parametrize("cls", [cls for cls in named().values() if issubclass(cls, Command)])
def test_the_locks_of_a_command_are_called_by_what_it_says(cls: type) -> None:
    """A record by its kind and key, a value of an index by the index."""
    command = sample(cls)
    for key in command.keys():  # noqa: SIM118 (locks, not a mapping)
        kind, mark, rest = re.split("([#?])", key, maxsplit=1)
        assert kind in KINDS
        assert rest
        assert mark == "#" or rest.partition("=")[0] in KINDS[kind].INDEX
        assert "None" not in rest
    assert all(map(check_wallet, command.wallets()))
