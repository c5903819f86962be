"""What a scenario expects, figure by figure, and how each is told from what was found.

An expectation names only what it cares about. It is taken apart into single figures when it is
read, so that a failed one can be named in one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from fractions import Fraction
from typing import Any, TypeAlias, final

import attrs

from unitledger.accounts import State, wallet_unit
from unitledger.amounts import Amount, Credits, Rate, Units
from unitledger.errors import InvalidInput, MalformedDocument, UnknownField, shown
from unitledger.ids import LotId
from unitledger.moves import Move
from unitledger.orders import BurnOrder
from unitledger.scenario.wording import NOTHING, place_in_words, read
from unitledger.time import instant_text, parse_instant
from unitledger.values import Value

__all__ = [
    "Failure",
    "Figure",
    "Part",
    "Scalar",
    "check_names",
    "compared",
    "figures",
    "number",
    "part_of",
    "parts",
    "parts_text",
    "taken",
    "text_of",
]

Scalar: TypeAlias = str | int | bool | None
"""What a single figure is written as."""

_SHOWN = 80
_TAKING = frozenset({"hold", "spend", "transfer", "void", "advance"})
_WRITING_DOWN = frozenset({"expire", "revive"})


@final
@attrs.frozen
class Failure(Value):
    """One expectation that was not met; as text, the line that names it.

    Attributes:
        where: The step, lot or check, as a reader counts them.
        field: What was compared.
        expected: What the scenario says.
        found: What was found.
    """

    where: str
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}: {self.field}: expected {self.expected}, found {self.found}"


@final
@attrs.frozen
class Figure(Value):
    """One figure that an expectation names.

    Attributes:
        path: Names and list places that lead to it; ``length`` is how long a list is.
        expected: What it should be.
    """

    path: tuple[str | int, ...]
    expected: Scalar

    @property
    def field(self) -> str:
        """The path as a reader counts, from 1: ``line 1, amount``."""
        text = "".join(f"[{step}]" if type(step) is int else f".{step}" for step in self.path)
        return place_in_words(text.removeprefix("."))


@final
@attrs.frozen
class Part(Value):
    """So much of one lot.

    Attributes:
        lot: The lot.
        amount: How much, in its unit.
    """

    lot: LotId
    amount: Fraction


# Reading expectations.


def figures(value: Any, path: tuple[str | int, ...] = ()) -> tuple[Figure, ...]:
    """Every single figure of an expectation; a list counts its length as one."""
    if type(value) is dict:
        return tuple(one for name, part in value.items() for one in figures(part, (*path, name)))
    if type(value) is list:
        inside = [one for i, part in enumerate(value) for one in figures(part, (*path, i))]
        return (Figure((*path, "length"), len(value)), *inside)
    return (Figure(path, value),)


def check_names(wanted: Iterable[Figure], kind: type, where: str) -> None:
    """Refuse figures that an outcome or error of that class does not have.

    Raises:
        UnknownField: One of them.
    """
    known = _names(kind)
    for figure in wanted:
        if figure.path[0] not in known:
            raise UnknownField(where, shown(figure.path[0]), known)


def parts(value: Any, where: str) -> tuple[Part, ...]:
    """Lots with amounts, from ``"b 5, a 1"`` or from a list of tables with ``lot`` and ``amount``.

    Raises:
        MalformedDocument: Neither of the two.
        InvalidInput: An id or an amount that is none.
    """
    if type(value) is str:
        texts = [text.strip() for text in value.split(",")] if value.strip() else []
        value = [_part_of_text(text, where) for text in texts]
    found: tuple[Part, ...] = read(tuple[Part, ...], value, where)
    return found


def _part_of_text(text: str, where: str) -> dict[str, str]:
    if ";" in text:
        problem = f"{shown(text)} has a ; where a comma stands between lots, like b 5, a 1"
        raise MalformedDocument(where, f"{problem}; a lot with a ; in its id needs a table")
    lot, space, amount = text.rpartition(" ")
    if not space:
        raise MalformedDocument(where, f"{shown(text)} is not a lot and an amount, like b 5")
    return {"lot": lot.rstrip(), "amount": amount}


# Telling what was found.


def part_of(lot: LotId, smallest: int, unit: type[Amount]) -> Part:
    """So many smallest parts of a lot."""
    return Part(lot, Fraction(smallest, 10**unit.DECIMALS))


def taken(moves: Iterable[Move]) -> tuple[Part, ...]:
    """What moves took from which lot, in order; neighbours of one lot in one wallet are one.

    Expiry that was written down on the way is left out, and so are overdue holds that came back
    before something was taken.
    """
    ordered = tuple(moves)
    groups = (
        [move for move in ordered if move.verb in _TAKING],
        [move for move in ordered if move.verb not in _TAKING | _WRITING_DOWN],
        ordered,
    )
    found: list[tuple[str, Part]] = []
    for move in next(filter(None, groups), ()):
        wallet = move.source.wallet
        part = part_of(move.lot, move.parts, wallet_unit(wallet))
        if found and (found[-1][0], found[-1][1].lot) == (wallet, move.lot):
            part = Part(move.lot, part.amount + found.pop()[1].amount)
        found.append((wallet, part))
    return tuple(part for _, part in found)


def parts_text(portions: Iterable[Part]) -> str:
    """Lots with amounts as they are written: ``b 5, a 1``."""
    return ", ".join(f"{part.lot} {number(part.amount)}" for part in portions) or "nothing"


def number(amount: Fraction) -> str:
    """An amount without its unit, as short as it can be: ``8``, ``1.24``."""
    text = Units.of(amount).text if 100 % amount.denominator == 0 else str(amount)
    return text.removesuffix(".00")


def compared(wanted: Iterable[Figure], found: object, where: str) -> tuple[Failure, ...]:
    """The figures that are not as expected, in order."""
    failures = []
    for figure in wanted:
        there, value = _at(found, figure.path)
        if not there or not _says(figure.expected, value):
            words = text_of(value) if there else "no such figure"
            failures.append(Failure(where, figure.field, text_of(figure.expected), words))
    return tuple(failures)


def text_of(value: object) -> str:
    """A figure in words, as short as it can be."""
    if value is None:
        return "none"
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant_text(value).replace(".000000", "")
    if isinstance(value, (tuple, frozenset)):
        return f"{len(value)} entries"
    if isinstance(value, Enum):
        return str(value.value) if isinstance(value, str) else value.name
    if type(value) is str:
        return ascii(value[:_SHOWN])[1:-1] + ("…" if len(value) > _SHOWN else "")
    return str(value)


def _names(kind: type) -> tuple[str, ...]:
    fields = [field.name for field in getattr(kind, "__attrs_attrs__", ())]
    derived = [
        name
        for cls in kind.__mro__
        for name, member in vars(cls).items()
        if isinstance(member, property) and not name.startswith("_")
    ]
    return tuple(dict.fromkeys((*fields, *derived)))


def _at(value: object, path: tuple[str | int, ...]) -> tuple[bool, object]:
    """Whether there is a figure at the end of a path, and which."""
    for step in path:
        listed = tuple(sorted(value)) if isinstance(value, frozenset) else value
        if isinstance(listed, tuple):
            if step == "length":
                value = len(listed)
            elif type(step) is int and step < len(listed):
                value = listed[step]
            else:
                return False, None
        elif type(step) is str and step in _names(type(value)):
            value = getattr(value, step)
        else:
            return False, None
    return True, value


def _says(expected: Scalar, found: object) -> bool:
    """Whether a written figure means the one found."""
    if found is None:
        return expected is None or expected in NOTHING
    reader = next((read for kind, read in _MEANINGS if isinstance(found, kind)), None)
    if reader is not None and type(expected) in (str, int):
        try:
            return bool(reader(expected) == found)
        except InvalidInput:
            return False
    if type(expected) is str and not isinstance(found, (bool, int)):
        return expected == str(found)
    return type(expected) is type(found) and expected == found


def _amount(unit: type[Amount]) -> Callable[[Any], Amount]:
    def meant(expected: Any) -> Amount:
        return unit.of(str(expected).removesuffix(f" {unit.UNIT}"))

    return meant


def _state(expected: Any) -> State | None:
    return State.__members__.get(str(expected))


def _fraction(expected: Any) -> Fraction:
    return Rate.of(expected).per_unit if expected not in ("0", 0) else Fraction()


_MEANINGS: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (Credits, _amount(Credits)),
    (Units, _amount(Units)),
    (datetime, parse_instant),
    (Rate, Rate.of),
    (Fraction, _fraction),
    (BurnOrder, BurnOrder.parse),
    (State, _state),
    (str, str),
)
