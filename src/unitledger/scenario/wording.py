"""What an analyst writes, as the codec reads it.

The codec is strict, because hashes are made of what it writes. Here the types of a class's fields
decide what may be written instead:

- an amount may be a whole number or a text without its unit: the wallet beside it says the unit;
- a price, a rate or a share may be a whole number or a decimal text;
- a date may stand for an instant where the field's name says which end of the day is meant;
- ``never`` and ``none`` stand for nothing, which TOML cannot write.

It knows no command: one that is added tomorrow can be written today.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from enum import Enum
from fractions import Fraction
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints, overload

import attrs

from unitledger.accounts import is_wallet, wallet_unit
from unitledger.amounts import UNIT_NAMES, Amount, Credits, Rate, Units, exact
from unitledger.codec import decode, kinds
from unitledger.errors import InvalidValue, MalformedDocument, UnitLedgerError, shown
from unitledger.ids import WalletId
from unitledger.time import end_of_day

__all__ = [
    "BEGINS",
    "ENDS",
    "NOTHING",
    "WALLETS",
    "fields_of",
    "fields_table",
    "place_in_words",
    "placed",
    "read",
    "with_place_in_words",
]

ENDS = frozenset({"deadline", "ends", "expires", "until"})
"""Fields in which a date means the end of that day in the policy's zone."""
BEGINS = frozenset({"acquired", "anchor", "begins", "effective", "since", "starts"})
"""Fields in which a date means the beginning of that day in the policy's zone."""
NOTHING = ("never", "none")
"""What stands for nothing where a field may be left open."""
WALLETS = "pool, course/C, manager/M/C, batch/A/n/row, member/U or keycode/K"
"""Every kind of wallet, as a reader writes one."""

_T = TypeVar("_T")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_NUMBERED = re.compile(r"\.?([^.\[\]]+)((?:\[[0-9]+\])+)(\.(?![^.\[\]]+\[))?").sub
_SEVERAL = frozenset({"checks", "courses", "groups", "items", "lines", "lots", "rows", "steps"})
_PLACES = ("where", "field", "what")


@attrs.frozen
class _Place:
    """Where a value stands, and what its surroundings say about it."""

    where: str
    name: str
    zone: str
    unit: type[Amount] | None = None
    hint: Any = None


@overload
def read(cls: type[_T], value: object, where: str, zone: str = ...) -> _T: ...
@overload
def read(cls: Any, value: object, where: str, zone: str = ...) -> Any: ...
def read(cls: Any, value: object, where: str, zone: str = "UTC") -> Any:
    """The value of a class, or of any type the codec knows, from friendly plain values.

    Args:
        cls: The class or type.
        value: Plain lists, tables, texts, whole numbers and truths.
        where: What to call the place in an error.
        zone: The IANA zone in which dates are meant.

    Raises:
        UnknownField: A field that the class does not have.
        MalformedDocument: A field is missing or is not of its type.
        InvalidInput: The class itself refuses a field's value.
    """
    return decode(cls, _worded(cls, value, _Place(where, "", zone)), where)


def place_in_words(path: str) -> str:
    """A path as a reader counts, from 1.

    >>> place_in_words("steps[1].checks[0].available")
    'step 2, check 1, available'
    """
    return _NUMBERED(_counted, path).removeprefix(", ")


def _counted(found: re.Match[str]) -> str:
    name = found[1][:-1] if found[1] in _SEVERAL else found[1]
    numbers = ", ".join(str(int(number) + 1) for number in found[2][1:-1].split("]["))
    return f", {name} {numbers}{', ' if found[3] else ''}"


def with_place_in_words(error: UnitLedgerError) -> UnitLedgerError:
    """The same error, its place written as a reader counts."""
    said = {name: getattr(error, name, None) for name in _PLACES}
    told = {name: place_in_words(text) for name, text in said.items() if type(text) is str}
    if all(said[name] == text for name, text in told.items()):
        return error
    fields: Any = error
    worded: UnitLedgerError = attrs.evolve(fields, **told).with_traceback(error.__traceback__)
    for note in getattr(error, "__notes__", ()):
        worded.add_note(note)
    return worded


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Whatever is refused inside gets a note that says where in the document it stands.

    What says it already gets none.
    """
    try:
        yield
    except UnitLedgerError as error:
        said = [str(getattr(error, name, "")) for name in _PLACES]
        if not any(where in text for text in said) and not getattr(error, "__notes__", ()):
            error.add_note(f"in {place_in_words(where)}")
        raise


@cache
def fields_of(cls: type) -> Mapping[str, Any]:
    """The fields that a class is made from, with their types."""
    hints = get_type_hints(cls)
    fields = {field.alias: hints[field.name] for field in attrs.fields(cls) if field.init}
    return MappingProxyType(fields)


def fields_table(value: Any, where: str) -> dict[str, Any]:
    """The same value, when it is a table of fields.

    Raises:
        MalformedDocument: It is not.
    """
    if type(value) is not dict:
        raise MalformedDocument(where, f"{shown(value)} is not a table of fields")
    return value


def _worded(hint: Any, value: Any, place: _Place) -> Any:
    hint, optional = _narrowed(hint)
    if optional and type(value) is str and value in NOTHING and not _is_text(hint):
        return None
    if hint in _READERS:
        return _READERS[hint](value, attrs.evolve(place, hint=hint))
    if type(value) is list:
        return _each(hint, value, place)
    if type(value) is dict and isinstance(hint, type):
        return _fields(hint, value, place)
    return value


def _narrowed(hint: Any) -> tuple[Any, bool]:
    """The type behind an optional, a union of units or a NewType, and whether it is optional."""
    optional = False
    if get_origin(hint) in (Union, UnionType):
        rest = [part for part in get_args(hint) if part is not NoneType]
        optional = len(rest) < len(get_args(hint))
        hint = Amount if set(rest) == {Credits, Units} else rest[0]
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    return hint, optional


def _is_text(hint: Any) -> bool:
    return hint is str or (isinstance(hint, type) and issubclass(hint, Enum))


def _each(hint: Any, value: list[Any], place: _Place) -> list[Any]:
    args = get_args(hint)
    if get_origin(hint) not in (tuple, frozenset) or not args:
        return value
    fixed = get_origin(hint) is tuple and args[-1] is not Ellipsis
    hints = args if fixed else (args[0],) * len(value)
    if len(hints) != len(value):
        return value
    return [
        _worded(one, part, attrs.evolve(place, where=f"{place.where}[{i}]"))
        for i, (one, part) in enumerate(zip(hints, value, strict=True))
    ]


def _fields(cls: type, table: dict[str, Any], place: _Place) -> dict[str, Any]:
    if not attrs.has(cls):
        named = table.get("kind")
        cls = kinds(cls).get(named, cls) if type(named) is str else cls
        if not attrs.has(cls):
            return table
    hints = fields_of(cls)
    unit = next(_units(hints, table, place.where), place.unit)
    return {
        name: _worded(
            hints[name],
            part,
            attrs.evolve(place, where=f"{place.where}.{name}", name=name, unit=unit),
        )
        if name in hints
        else part
        for name, part in table.items()
    }


def _units(hints: Mapping[str, Any], table: dict[str, Any], where: str) -> Any:
    """The units of the wallets that a table names."""
    for name, hint in hints.items():
        wallet = table.get(name)
        meant = hint is WalletId or WalletId in get_args(hint)
        if meant and type(wallet) is str:
            if not is_wallet(wallet):
                raise InvalidValue(f"{where}.{name}", shown(wallet), WALLETS)
            yield wallet_unit(wallet)


# What may be written for each type.


def _amount(value: Any, place: _Place) -> Any:
    if type(value) is int:
        value = str(value)
    if type(value) is not str or value.endswith(tuple(UNIT_NAMES)):
        return value
    if place.unit is None:
        words = f"{shown(value)} of what? write it with its unit, like 5 units or 5 credits"
        raise MalformedDocument(place.where, words)
    return f"{value} {place.unit.UNIT}"


def _bare_amount(value: Any, place: _Place) -> Any:
    """An amount whose field says its unit already."""
    if type(value) is not str:
        return _digits(value, place)
    amount, _, unit = value.rpartition(" ")
    return amount if unit in UNIT_NAMES and unit == place.hint.UNIT else value


def _digits(value: Any, _: _Place) -> Any:
    return str(value) if type(value) is int else value


def _ratio(value: Any, place: _Place) -> Any:
    text = _digits(value, place)
    return str(exact(text, place.where)) if type(text) is str and "/" not in text else text


def _instant(value: Any, place: _Place) -> Any:
    if type(value) is not str or _DAY(value) is None or place.name not in ENDS | BEGINS:
        return value
    try:
        day = date.fromisoformat(value)
        first = day - timedelta(days=1)
    except (ValueError, OverflowError):
        raise InvalidValue(place.where, shown(value), "a date of the calendar") from None
    return end_of_day(day if place.name in ENDS else first, place.zone).isoformat()


_READERS: dict[Any, Callable[[Any, _Place], Any]] = {
    Amount: _amount,
    Credits: _bare_amount,
    Units: _bare_amount,
    Fraction: _ratio,
    Rate: _digits,
    datetime: _instant,
}
