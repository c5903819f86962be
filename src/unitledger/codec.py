"""The canonical text of a value, and the way back.

Fingerprints, hashes, journals and files are all made of this one encoding: JSON without spaces,
fields in alphabetical order, amounts, fractions and instants as text, whole numbers as numbers,
sets sorted, nothing else. Two values have the same text exactly when they are equal. Reading is
strict: a duplicate or unknown field, a number with a point, a text that is not the canonical one
for its type, or a document nested too deeply is refused.

Each class gets one encoder, written once as source and compiled, because encoding is a third of
the cost of a redemption.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from unitledger.accounts import Account, State, check_wallet
from unitledger.amounts import UNIT_NAMES, Amount, Credits, Rate, Units
from unitledger.errors import (
    InvalidType,
    LimitExceeded,
    MalformedDocument,
    UnknownField,
    shown,
)
from unitledger.orders import BurnOrder
from unitledger.time import instant_text, parse_instant

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENT",
    "decode",
    "decode_json",
    "encode",
    "encoder",
    "kind",
    "kind_of",
    "kinds",
]

MAX_DOCUMENT = 1 << 20
"""The longest JSON document that is read, in characters."""
MAX_DEPTH = 32
"""How deeply a document may be nested."""

_T = TypeVar("_T")

_NAMES: dict[type, str] = {}
_CLASSES: dict[str, type] = {}
_ENCODERS: dict[type, Callable[[Any], str]] = {}
_DECODERS: dict[Any, Callable[[Any, str], Any]] = {}


def kind(name: str) -> Callable[[type[_T]], type[_T]]:
    """Give a class a name in documents, so that it can stand where several classes may.

    The text of such a value begins with ``"kind":name``.
    """

    def named(cls: type[_T]) -> type[_T]:
        if name in _CLASSES:
            raise InvalidType("kind", name, "a name that no other class has")
        _NAMES[cls] = name
        _CLASSES[name] = cls
        return cls

    return named


def kind_of(cls: type) -> str:
    """The name of a class in documents.

    Raises:
        InvalidType: The class has none.
    """
    try:
        return _NAMES[cls]
    except KeyError:
        raise InvalidType("kind", cls.__name__[:60], "a class with a name in documents") from None


def kinds(base: type) -> dict[str, type]:
    """Every named class below a base, by name."""
    return {name: cls for name, cls in sorted(_CLASSES.items()) if issubclass(cls, base)}


def encode(value: object) -> str:
    """The canonical text of a value of one of the library's classes.

    >>> encode(Units.of("1.5"))
    '"1.50"'

    Raises:
        InvalidType: The value is of a class that has no canonical text.
    """
    cls = type(value)
    made = _ENCODERS.get(cls) or _encoder(cls)
    return made(value)


# Plain types: how each is written and read.


def _units_text(value: Units) -> str:
    return '"%d.%02d"' % divmod(value.parts, 100)  # noqa: UP031


def _amount_text(value: Amount) -> str:
    if type(value) is Units:
        return '"%d.%02d units"' % divmod(value.parts, 100)  # noqa: UP031
    return f'"{value.text} {value.UNIT}"'


@lru_cache(maxsize=1024)
def _instant(value: datetime) -> str:
    return f'"{instant_text(value)}"'


def _fraction(text: Any, where: str) -> Fraction:
    rate = Fraction(text) if type(text) is str and _RATIO(text) else None
    if rate is None or str(rate) != text:
        raise MalformedDocument(where, f"{shown(text)} is not a fraction in lowest terms")
    return rate


def _RATIO(text: str) -> bool:  # noqa: N802
    whole, _, under = text.partition("/")
    digits = whole.removeprefix("-") + (under or "1")
    return len(text) <= 160 and digits.isascii() and digits.isdigit() and under != "0"


def _text(value: Any, where: str) -> str:
    if type(value) is not str:
        raise MalformedDocument(where, f"{shown(value)} is not a text")
    return value


def _whole(value: Any, where: str) -> int:
    if type(value) is not int:
        raise MalformedDocument(where, f"{shown(value)} is not a whole number")
    return value


def _truth(value: Any, where: str) -> bool:
    if type(value) is not bool:
        raise MalformedDocument(where, f"{shown(value)} is not true or false")
    return value


def _amount_of(unit: type[Amount]) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        return unit.of(_text(value, where))

    return read


def _any_amount(value: Any, where: str) -> Amount:
    number, _, unit = _text(value, where).partition(" ")
    if unit not in UNIT_NAMES:
        raise MalformedDocument(where, f"{shown(value)} does not end in credits or units")
    return UNIT_NAMES[unit].of(number)


def _account(value: Any, where: str) -> Account:
    wallet, _, state = _text(value, where).rpartition(" ")
    if state not in State.__members__:
        raise MalformedDocument(where, f"{shown(value)} does not end in a state")
    return Account(check_wallet(wallet, where), State[state])


def _state(value: Any, where: str) -> State:
    if _text(value, where) not in State.__members__:
        raise MalformedDocument(where, f"{shown(value)} is not a state")
    return State[value]


def _date(value: Any, where: str) -> date:
    text = _text(value, where)
    try:
        return date.fromisoformat(text) if len(text) == 10 else date.min
    except ValueError:
        raise MalformedDocument(where, f"{shown(value)} is not a date") from None


_STATE_TEXTS = tuple(f'"{state.name}"' for state in State)
_STATE_TAILS = tuple(f" {state.name}" for state in State)

_PLAIN_ENCODERS: dict[Any, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    int: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    datetime: _instant,
    date: lambda value: f'"{value.isoformat()}"',
    Fraction: lambda value: f'"{value}"',
    Units: _units_text,
    Credits: lambda value: f'"{value.parts}"',
    Amount: _amount_text,
    Rate: lambda value: f'"{value.text}"',
    Account: lambda value: encode_basestring_ascii(value.wallet + _STATE_TAILS[value.state]),
    State: lambda value: _STATE_TEXTS[value],
    BurnOrder: lambda value: encode_basestring_ascii(str(value)),
}
_PLAIN_DECODERS: dict[Any, Callable[[Any, str], Any]] = {
    str: _text,
    int: _whole,
    bool: _truth,
    datetime: lambda value, where: parse_instant(_text(value, where), where),
    date: _date,
    Fraction: _fraction,
    Units: _amount_of(Units),
    Credits: _amount_of(Credits),
    Amount: _any_amount,
    Rate: lambda value, where: Rate.of(_text(value, where)),
    Account: _account,
    State: _state,
    BurnOrder: lambda value, where: BurnOrder.parse(_text(value, where)),
}


def _bare(hint: Any) -> Any:
    """The type behind a NewType."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    return hint


def _optional(hint: Any) -> Any | None:
    """What stands beside ``None`` in an optional type, else ``None``."""
    if get_origin(hint) not in (Union, types.UnionType):
        return None
    rest = [part for part in get_args(hint) if part is not type(None)]
    if set(rest) == {Credits, Units}:
        return Amount
    return rest[0] if len(rest) == 1 else None


def _named_base(hint: Any) -> bool:
    """Whether a field of this type may hold any of several named classes."""
    return isinstance(hint, type) and not attrs.has(hint) and hint not in _PLAIN_ENCODERS


class _Writer:
    """Writes one expression of encoder source per type, and keeps what the source refers to.

    Plain attrs values are written in place, so that an entry is one expression with few calls.
    """

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {"_any": encode}
        self._loops = 0

    def refer(self, value: Any) -> str:
        """The name under which the source finds a value."""
        name = f"_r{len(self.scope)}"
        self.scope[name] = value
        return name

    def expression(self, hint: Any, value: str) -> str:
        """Source that gives the text of what the source ``value`` gives."""
        hint = _bare(hint)
        if hint in _PLAIN_ENCODERS:
            return f"{self.refer(_PLAIN_ENCODERS[hint])}({value})"
        inner = _optional(hint)
        if inner is not None:
            some = self.expression(inner, value)
            absent = type(None) in get_args(hint)
            return f'("null" if {value} is None else {some})' if absent else some
        if get_origin(hint) in (tuple, frozenset):
            return self._many(hint, value)
        if isinstance(hint, type) and issubclass(hint, Enum):
            texts = {member: encode_basestring_ascii(member.value) for member in hint}
            return f"{self.refer(texts)}[{value}]"
        if isinstance(hint, type) and attrs.has(hint) and hint not in _NAMES:
            return self.fields(hint, value)
        return f"_any({value})"

    def _many(self, hint: Any, value: str) -> str:
        args = get_args(hint)
        if get_origin(hint) is tuple and args[-1] is not Ellipsis:
            parts = [self.expression(arg, f"{value}[{i}]") for i, arg in enumerate(args)]
            return f"'[{','.join(['%s'] * len(parts))}]' % ({', '.join(parts)},)"
        self._loops += 1
        each = f"_x{self._loops}"
        texts = f"[{self.expression(args[0], each)} for {each} in {value}]"
        if get_origin(hint) is frozenset:
            texts = f"sorted({texts})"
        return f"('[%s]' % ','.join({texts}) if {value} else '[]')"

    def fields(self, cls: type, value: str, given: tuple[str, ...] = ()) -> str:
        """Source for a value of an attrs class; ``given`` fields are texts already."""
        hints = _hints(cls)
        lead = [f'"kind":"{_NAMES[cls]}"'] if cls in _NAMES else []
        texts = [
            name if name in given else self.expression(hints[name], f"{value}.{name}")
            for name in sorted(hints)
        ]
        pattern = ",".join([*lead, *(f'"{name}":%s' for name in sorted(hints))])
        return f"'{{{pattern}}}' % ({', '.join(texts)},)" if texts else repr("{" + pattern + "}")


def encoder(cls: type, *given: str) -> Callable[..., str]:
    """The compiled encoder of a class.

    Args:
        cls: The class.
        given: Fields whose canonical text the caller has already; the encoder takes the value,
            then these texts in this order.
    """
    if not attrs.has(cls):
        raise InvalidType("value", f"a {cls.__name__[:60]}", "one of the library's values")
    writer = _Writer()
    body = writer.fields(cls, "v", given)
    exec(f"def made({', '.join(('v', *given))}):\n    return {body}\n", writer.scope)  # noqa: S102
    made: Callable[..., str] = writer.scope["made"]
    return made


def _encoder(cls: type) -> Callable[[Any], str]:
    """The encoder of a class, compiled on first use."""
    if cls not in _ENCODERS:
        _ENCODERS[cls] = _PLAIN_ENCODERS.get(cls) or encoder(cls)
    return _ENCODERS[cls]


def _hints(cls: type) -> dict[str, Any]:
    """The fields that a class is made from, with their types."""
    hints = get_type_hints(cls)
    return {field.alias: hints[field.name] for field in attrs.fields(cls) if field.init}


# Reading.


def _no_constant(text: str) -> Any:
    raise MalformedDocument("document", f"{text} is not a number here")


def _no_point(text: str) -> Any:
    raise MalformedDocument("document", f"write {text[:40]} as a text; numbers here are whole")


def _small(text: str) -> int:
    if len(text) > 18:
        raise MalformedDocument("document", "a number of more than 18 digits")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedDocument("document", "a field stands twice")
    return found


def _depth(value: Any) -> int:
    level, deepest = [value], 0
    while level:
        deepest += 1
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return deepest


def decode_json(text: str, most: int = MAX_DOCUMENT) -> Any:
    """The plain lists, dicts, texts and whole numbers of a JSON document.

    Args:
        text: The document.
        most: The longest that is read, in characters; 1 MiB unless told.

    Raises:
        InvalidType: Not a ``str``.
        LimitExceeded: Longer than that, or nested more than 32 deep.
        MalformedDocument: Not JSON; a field twice; a number with a point; NaN or an infinity.
    """
    if type(text) is not str:
        raise InvalidType("document", shown(text), "str")
    if len(text) > most:
        raise LimitExceeded("characters of a document", str(len(text)), most)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_float=_no_point,
            parse_constant=_no_constant,
            parse_int=_small,
        )
    except json.JSONDecodeError as error:
        raise MalformedDocument(f"line {error.lineno} column {error.colno}", error.msg) from None
    except RecursionError:
        raise LimitExceeded("depth of a document", "very deep", MAX_DEPTH) from None
    if _depth(value) > MAX_DEPTH + 1:
        raise LimitExceeded("depth of a document", str(_depth(value)), MAX_DEPTH)
    return value


def decode(cls: type[_T], value: object, where: str = "document") -> _T:
    """The value of a class from plain lists, dicts, texts and whole numbers.

    Args:
        cls: The class; where it is a base, the document's ``kind`` says which class below it.
        value: As `decode_json` gives it.
        where: What to call the place in an error.

    Raises:
        UnknownField: A field that the class does not have.
        MalformedDocument: A field is missing or is not of its type.
        InvalidInput: The class itself refuses a field's value.
    """
    result: _T = _decoder(cls)(value, where)
    return result


def _decoder(hint: Any) -> Callable[[Any, str], Any]:
    hint = _bare(hint)
    if hint not in _DECODERS:
        _DECODERS[hint] = _made_decoder(hint)
    return _DECODERS[hint]


def _made_decoder(hint: Any) -> Callable[[Any, str], Any]:
    if hint in _PLAIN_DECODERS:
        return _PLAIN_DECODERS[hint]
    inner = _optional(hint)
    if inner is not None:
        some = _decoder(inner)
        if type(None) not in get_args(hint):
            return some
        return lambda value, where: None if value is None else some(value, where)
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple and args[-1] is not Ellipsis:
        return _fixed_decoder([_decoder(arg) for arg in args])
    if origin in (tuple, frozenset):
        return _many_decoder(origin, args[0])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum_decoder(hint)
    if isinstance(hint, type) and attrs.has(hint):
        return _class_decoder(hint)
    return _kind_decoder(get_origin(hint) or hint)


def _fixed_decoder(each: list[Callable[[Any, str], Any]]) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        if type(value) is not list or len(value) != len(each):
            raise MalformedDocument(where, f"not a list of {len(each)}")
        return tuple(
            one(part, f"{where}[{i}]")
            for i, (one, part) in enumerate(zip(each, value, strict=True))
        )

    return read


def _many_decoder(origin: Any, hint: Any) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        if type(value) is not list:
            raise MalformedDocument(where, f"{shown(value)} is not a list")
        one = _decoder(hint)
        parts = [one(part, f"{where}[{i}]") for i, part in enumerate(value)]
        if origin is frozenset and len(set(parts)) != len(parts):
            raise MalformedDocument(where, "something stands twice")
        return origin(parts)

    return read


def _enum_decoder(cls: type[Enum]) -> Callable[[Any, str], Any]:
    by_value = {member.value: member for member in cls}

    def read(value: Any, where: str) -> Any:
        if type(value) is not str or value not in by_value:
            raise MalformedDocument(where, f"{shown(value)} is none of {', '.join(by_value)}")
        return by_value[value]

    return read


def _class_decoder(cls: type) -> Callable[[Any, str], Any]:
    hints = _hints(cls)
    required = {
        field.alias for field in attrs.fields(cls) if field.init and field.default is attrs.NOTHING
    }
    name = _NAMES.get(cls)

    def read(value: Any, where: str) -> Any:
        if type(value) is not dict:
            raise MalformedDocument(where, f"{shown(value)} is not a table of fields")
        fields = dict(value)
        if name is not None and fields.pop("kind", name) != name:
            raise MalformedDocument(f"{where}.kind", f"not {name}")
        for unknown in sorted(fields.keys() - hints.keys()):
            raise UnknownField(where, shown(unknown), tuple(sorted(hints)))
        for missing in sorted(required - fields.keys()):
            raise MalformedDocument(where, f"{missing} is missing")
        read_ = {key: _decoder(hints[key])(part, f"{where}.{key}") for key, part in fields.items()}
        return cls(**read_)

    return read


def _kind_decoder(base: type) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        if type(value) is not dict:
            raise MalformedDocument(where, f"{shown(value)} is not a table of fields")
        name = value.get("kind")
        cls = _CLASSES.get(name) if type(name) is str else None
        if cls is None or not issubclass(cls, base):
            raise MalformedDocument(f"{where}.kind", f"{shown(name)} is no {base.__name__}")
        return _decoder(cls)(value, where)

    return read
