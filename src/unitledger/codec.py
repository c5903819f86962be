"""The canonical text of a value, and the way back.

Fingerprints, hashes, journals and files are all made of this one encoding: JSON without spaces,
fields in alphabetical order, amounts, fractions and instants as text, whole numbers as numbers,
sets sorted, nothing else. Two values of a type have the same text exactly when they are equal, and
what is written can be read again: a value that could not is refused before it is written.

Reading is strict: a duplicate, missing or unknown field, a number with a point, a half of a
surrogate pair or a document nested too deeply is refused. Amounts, instants, rates and orders are
read in every spelling that says them exactly (``1.5`` for ``1.50``); whoever needs to know that a
text is the canonical one writes its value again and compares, as the journal does.

Each class gets one encoder, written once as source and compiled, because encoding is a third of
the cost of a redemption.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any, NewType, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from unitledger.accounts import Account, State, account, check_wallet
from unitledger.amounts import MAX_PARTS, UNIT_NAMES, Amount, Credits, Rate, Units
from unitledger.errors import (
    InvalidType,
    InvalidValue,
    LimitExceeded,
    MalformedDocument,
    UnknownField,
    shown,
)
from unitledger.orders import BurnOrder
from unitledger.time import instant_text, parse_instant
from unitledger.values import Value

__all__ = [
    "MAX_BITS",
    "MAX_DEPTH",
    "MAX_DOCUMENT",
    "decode",
    "decode_json",
    "encode",
    "encoder",
    "kind",
    "kind_of",
    "kinds",
    "writer",
]

MAX_DOCUMENT = 1 << 20
"""The longest JSON document that is read, in characters."""
MAX_DEPTH = 32
"""How deeply a document may be nested."""
MAX_BITS = 53
"""A whole number of more bits is neither written nor read; every JSON reader knows the others."""

_TOO_LARGE = 1 << MAX_BITS
_MAX_TERM_BITS = 256
_KIND = re.compile(r"[a-z][a-z0-9_]*").fullmatch
_RATIO = re.compile(r"-?(?:0|[1-9][0-9]{0,77})(?:/[1-9][0-9]{0,77})?").fullmatch
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch

_T = TypeVar("_T")

_NAMES: dict[type, str] = {}
_CLASSES: dict[str, type] = {}
_ENCODERS: dict[type, Callable[[Any], str]] = {}
_DECODERS: dict[Any, Callable[[Any, str], Any]] = {}


def kind(name: str) -> Callable[[type[_T]], type[_T]]:
    """Give a class a name in documents, so that it can stand where several classes may.

    The text of such a value begins with ``"kind":name``.

    Raises:
        InvalidType: The name is taken or not lower case letters, digits and ``_``, or the class is
            not an attrs class yet, or it has a field that is called ``kind``.
    """

    def named(cls: type[_T]) -> type[_T]:
        if _KIND(name) is None:
            raise InvalidType("kind", shown(name), "lower case letters, digits and _")
        if not _may_be_named(cls):
            raise InvalidType("kind", cls.__name__[:60], "an attrs class without a field kind")
        if name in _CLASSES:
            raise InvalidType("kind", name, "a name that no other class has")
        _NAMES[cls] = name
        _CLASSES[name] = cls
        return cls

    return named


def _may_be_named(cls: type) -> bool:
    return attrs.has(cls) and all(field.alias != "kind" for field in attrs.fields(cls))


def kind_of(cls: type) -> str:
    """The name of a class in documents.

    Raises:
        InvalidType: The class has none.
    """
    name = _NAMES.get(cls) if isinstance(cls, type) else None
    if name is None:
        raise InvalidType("kind", shown(cls), "a class with a name in documents")
    return name


def kinds(base: type) -> dict[str, type]:
    """Every named class below a base, by name."""
    return {name: cls for name, cls in sorted(_CLASSES.items()) if issubclass(cls, base)}


def encode(value: object) -> str:
    """The canonical text of a value of one of the library's classes.

    >>> encode(Units.of("1.5"))
    '"1.50"'

    Raises:
        InvalidType: It is of a class that has no canonical text, or something in it is not of the
            type that its field says.
        InvalidInput: Something in it could not be read again.
    """
    cls = type(value)
    made = _ENCODERS.get(cls) or _encoder(cls)
    try:
        return made(value)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InvalidType("value", shown(value), "a value as its constructor makes it") from error


# Plain types: how each is written and read.


def _wrong(value: object, expected: str) -> NoReturn:
    raise InvalidType("value", shown(value), expected)


def _string(value: str) -> str:
    if type(value) is not str:
        _wrong(value, "str")
    if not value.isascii():
        _check_pairs(value)
    return encode_basestring_ascii(value)


def _check_pairs(value: str) -> None:
    """Two halves of a pair would be written like the one character they are not."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidValue("text", shown(value), "whole characters, no half of a pair") from None


def _check_halves(value: object) -> None:
    """Look for half pairs in every text of a value: its own text alone does not tell."""
    if type(value) is str and not value.isascii():
        _check_pairs(value)
    elif isinstance(value, (tuple, frozenset)):
        for part in value:
            _check_halves(part)
    elif isinstance(value, Value):
        for field in attrs.fields(type(value)):
            _check_halves(getattr(value, field.name))


def _number(value: int) -> str:
    if type(value) is not int:
        _wrong(value, "int")
    if not -_TOO_LARGE < value < _TOO_LARGE:
        raise LimitExceeded("bits of a whole number", str(value.bit_length()), MAX_BITS)
    return str(value)


def _truth_text(value: bool) -> str:  # noqa: FBT001
    return ("false", "true")[value] if type(value) is bool else _wrong(value, "bool")


@lru_cache(maxsize=1024)
def _instant(value: datetime) -> str:
    return f'"{instant_text(value)}"'


def _date_text(value: date) -> str:
    return f'"{value.isoformat()}"' if type(value) is date else _wrong(value, "date")


def _ratio_text(value: Fraction) -> str:
    if type(value) is not Fraction:
        _wrong(value, "Fraction")
    if _term_bits(value) > _MAX_TERM_BITS:
        raise LimitExceeded("bits of a Fraction", str(_term_bits(value)), _MAX_TERM_BITS)
    return f'"{value}"'


def _term_bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


@lru_cache(maxsize=4096, typed=True)
def _decimals(parts: int, decimals: int) -> str:
    """The digits of an amount; the same few come again and again."""
    if type(parts) is not int or not 0 <= parts <= MAX_PARTS:
        raise InvalidValue("parts", shown(parts), f"0 to {MAX_PARTS}")
    return f"{parts // 100}.{parts % 100:02d}" if decimals else f"{parts}"


def _units_text(value: Units) -> str:
    return f'"{_decimals(value.parts, 2)}"' if type(value) is Units else _wrong(value, "Units")


def _credits_text(value: Credits) -> str:
    return f'"{_decimals(value.parts, 0)}"' if type(value) is Credits else _wrong(value, "Credits")


def _amount_text(value: Amount) -> str:
    if type(value) is Units:
        return f'"{_decimals(value.parts, 2)} units"'
    if type(value) is Credits:
        return f'"{_decimals(value.parts, 0)} credits"'
    _wrong(value, "Credits or Units")


def _rate_text(value: Rate) -> str:
    return _ratio_text(value.per_unit) if type(value) is Rate else _wrong(value, "Rate")


def _account_text(value: Account) -> str:
    if type(value) is not Account:
        _wrong(value, "Account")
    return _end_text(value.wallet, value.state)


@lru_cache(maxsize=8192, typed=True)
def _end_text(wallet: str, state: State) -> str:
    """The accounts in use are written again and again."""
    return encode_basestring_ascii(f"{wallet} {state.name}")


def _state_text(value: State) -> str:
    return _STATE_TEXTS[value] if type(value) is State else _wrong(value, "State")


def _order_text(value: BurnOrder) -> str:
    return _string(str(value)) if type(value) is BurnOrder else _wrong(value, "BurnOrder")


def _enum_writer(cls: type[Enum]) -> Callable[[Any], str]:
    texts = {member: encode_basestring_ascii(member.value) for member in cls}

    def write(value: Any) -> str:
        return texts[value] if type(value) is cls else _wrong(value, cls.__name__)

    return write


def _kind_writer(base: type) -> Callable[[Any], str]:
    """Writes any of the named classes below a base."""
    made: dict[type, Callable[[Any], str]] = {}

    def write(value: Any) -> str:
        cls = type(value)
        if cls not in made:
            if cls not in _NAMES or not issubclass(cls, base):
                _wrong(value, f"a {base.__name__} with a name in documents")
            made[cls] = _encoder(cls)
        return made[cls](value)

    return write


def _text(value: Any, where: str) -> str:
    if type(value) is not str:
        raise MalformedDocument(where, f"{shown(value)} is not a text")
    if not value.isascii():
        _check_pairs(value)
    return value


def _whole(value: Any, where: str) -> int:
    if type(value) is not int or value.bit_length() > MAX_BITS:
        raise MalformedDocument(where, f"{shown(value)} is not a whole number below 2**{MAX_BITS}")
    return value


def _fraction(value: Any, where: str) -> Fraction:
    ratio = Fraction(value) if type(value) is str and _RATIO(value) else None
    if ratio is None or str(ratio) != value or _term_bits(ratio) > _MAX_TERM_BITS:
        raise MalformedDocument(where, f"{shown(value)} is not a fraction in lowest terms")
    return ratio


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
    return account(check_wallet(wallet, where), State[state])


def _state(value: Any, where: str) -> State:
    if _text(value, where) not in State.__members__:
        raise MalformedDocument(where, f"{shown(value)} is not a state")
    return State[value]


def _date(value: Any, where: str) -> date:
    text = _text(value, where)
    try:
        if _DATE(text) is not None:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise MalformedDocument(where, f"{shown(value)} is not a date")


_STATE_TEXTS = tuple(f'"{state.name}"' for state in State)

_PLAIN_ENCODERS: dict[Any, Callable[[Any], str]] = {
    str: _string,
    int: _number,
    bool: _truth_text,
    type(None): lambda _: "null",
    datetime: _instant,
    date: _date_text,
    Fraction: _ratio_text,
    Units: _units_text,
    Credits: _credits_text,
    Amount: _amount_text,
    Rate: _rate_text,
    Account: _account_text,
    State: _state_text,
    BurnOrder: _order_text,
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
    """The type behind a NewType; of a type variable its bound, of a generic class the class."""
    while isinstance(hint, (NewType, TypeVar)):
        hint = hint.__supertype__ if isinstance(hint, NewType) else hint.__bound__
    origin = get_origin(hint)
    return origin if isinstance(origin, type) and issubclass(origin, Value) else hint


def _optional(hint: Any) -> Any | None:
    """What stands beside ``None`` in an optional type, else ``None``."""
    if get_origin(hint) not in (Union, types.UnionType):
        return None
    rest = [part for part in get_args(hint) if part is not type(None)]
    if set(rest) == {Credits, Units}:
        return Amount
    return rest[0] if len(rest) == 1 else None


def _base(hint: Any) -> type:
    """The same, when a field of this type may hold any of several named classes."""
    if hint in _NAMES or (isinstance(hint, type) and issubclass(hint, Value)):
        base: type = hint
        return base
    raise InvalidType("type", shown(str(hint)), "one of the types that documents are made of")


class _Writer:
    """Writes the source of an encoder, and keeps what the source refers to.

    A value is written as the body of an f-string, with what it needs first in lines before: checks,
    loops, branches. Plain attrs values are written in place, so an entry is one function with few
    calls.
    """

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {
            "_account": Account,
            "_check_halves": _check_halves,
            "_end_text": _end_text,
            "_escaped": encode_basestring_ascii,
            "_half": "\\ud",
            "_none": (),
            "_number": _number,
            "_state": State,
            "_states": _STATE_TEXTS,
            "_wrong": _wrong,
        }
        self._lines: list[str] = []
        self._depth = 1
        self._locals = 0

    def function(self, parameters: str, bodies: Iterable[str]) -> Callable[..., str]:
        """The compiled function of these parameters that returns these bodies, joined."""
        pieces = [f"f'{body}'" for body in bodies]
        lines = [
            f"def made({parameters}):",
            *self._lines,
            f"    _text = {' + '.join(pieces)}",
            "    if _half in _text:",
            "        _check_halves((*locals().values(),))",
            "    return _text",
        ]
        exec("\n".join(lines), self.scope)  # noqa: S102
        made: Callable[..., str] = self.scope["made"]
        return made

    def refer(self, value: Any) -> str:
        """The name under which the source finds a value."""
        name = f"_r{len(self.scope)}"
        self.scope[name] = value
        return name

    def add(self, line: str) -> None:
        """Put a line into the source."""
        self._lines.append("    " * self._depth + line)

    @contextmanager
    def under(self, line: str) -> Iterator[None]:
        """Put a line into the source, and under it what is added meanwhile."""
        self.add(line)
        self._depth += 1
        yield
        self._depth -= 1

    def local(self, value: str) -> str:
        """A name for what the source ``value`` gives."""
        if value.isidentifier():
            return value
        self._locals += 1
        self.add(f"_x{self._locals} = {value}")
        return f"_x{self._locals}"

    def body(self, hint: Any, value: str) -> str:
        """What writes the value of that type that the source ``value`` gives."""
        hint = _bare(hint)
        if hint in (str, int, Account, State):
            return self._in_place(hint, value)
        if hint in _PLAIN_ENCODERS:
            return f"{{{self.refer(_PLAIN_ENCODERS[hint])}({value})}}"
        inner = _optional(hint)
        if inner is not None:
            may_be_none = type(None) in get_args(hint)
            return self._choice(inner, value) if may_be_none else self.body(inner, value)
        if get_origin(hint) in (tuple, frozenset):
            return self._many(hint, value)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return f"{{{self.refer(_enum_writer(hint))}({value})}}"
        if isinstance(hint, type) and attrs.has(hint) and hint not in _NAMES:
            one = self.local(value)
            self._check(f"type({one}) is {self.refer(hint)}", one, hint.__name__)
            return "".join(self.fields(hint, one))
        return f"{{{self.refer(_kind_writer(_base(hint)))}({value})}}"

    def _check(self, right: str, value: str, expected: str) -> None:
        with self.under(f"if not ({right}):"):
            self.add(f"_wrong({value}, {expected!r})")

    def _in_place(self, hint: Any, value: str) -> str:
        """What is written most often; the functions called at the end say what is wrong."""
        one = self.local(value)
        if hint is Account:
            self._check(f"type({one}) is _account", one, "Account")
            return f"{{_end_text({one}.wallet, {one}.state)}}"
        if hint is State:
            self._check(f"type({one}) is _state", one, "State")
            return f"{{_states[{one}]}}"
        if hint is str:
            self._check(f"type({one}) is str", one, "str")
            return f"{{_escaped({one})}}"
        with self.under(f"if type({one}) is not int or {one} >> {MAX_BITS}:"):
            self.add(f"_number({one})")
        return f"{{{one}}}"

    def _choice(self, inner: Any, value: str) -> str:
        """A value or none."""
        one, text = self.local(value), self.local("'null'")
        with self.under(f"if {one} is not None:"):
            self.add(f"{text} = f'{self.body(inner, one)}'")
        return f"{{{text}}}"

    def _many(self, hint: Any, value: str) -> str:
        args, origin = get_args(hint), get_origin(hint)
        one = self.local(value)
        if origin is tuple and args[-1] is not Ellipsis:
            right = f"type({one}) is tuple and len({one}) == {len(args)}"
            self._check(right, one, f"tuple of {len(args)}")
            return f"[{','.join([self.body(arg, f'{one}[{i}]') for i, arg in enumerate(args)])}]"
        text = self.local("''")
        with self.under(f"if {one} is not _none:"):
            self._check(f"type({one}) is {origin.__name__}", one, origin.__name__)
            texts = self.local("[]")
            with self.under(f"for {text} in {one}:"):
                self.add(f"{texts}.append(f'{self.body(args[0], text)}')")
            ordered = f"sorted({texts})" if origin is frozenset else texts
            self.add(f"{text} = ','.join({ordered})")
        return f"[{{{text}}}]"

    def fields(self, cls: type, value: str, given: tuple[str, ...] = ()) -> list[str]:
        """The bodies that write a value of an attrs class; ``given`` fields are texts already."""
        names = {field.alias: f"{value}.{field.name}" for field in attrs.fields(cls)}
        return self.table(cls, {**names, **{name: name for name in given}}, given)

    def table(self, cls: type, names: Mapping[str, str], given: tuple[str, ...]) -> list[str]:
        """The same for a class of whose fields we have the source; ``given`` ones give texts."""
        lead = [f'"kind":"{_NAMES[cls]}"'] if cls in _NAMES else []
        hints = sorted(_hints(cls).items())
        written = [
            f'"{name}":{{{names[name]}}}'
            if name in given
            else f'"{name}":{self.body(hint, names[name])}'
            for name, hint in hints
        ]
        items = [f"{text}," for text in (*lead, *written)]
        pieces = ["".join(items[i : i + _PIECE]) for i in range(0, max(len(items), 1), _PIECE)]
        pieces[0] = "{{" + pieces[0]
        pieces[-1] = pieces[-1].removesuffix(",") + "}}"
        return pieces


_PIECE = 8
"""How many fields one f-string writes; the compiler does better on shorter ones."""


def encoder(cls: type, *given: str) -> Callable[..., str]:
    """The compiled encoder of a class.

    Args:
        cls: The class.
        given: Fields whose canonical text the caller has already; the encoder takes the value,
            then these texts in this order.
    """
    _check_value(cls)
    source = _Writer()
    return source.function(", ".join(("_value", *given)), source.fields(cls, "_value", given))


def writer(cls: type, *given: str) -> Callable[..., str]:
    """A function that gives the canonical text of a value without the value being made.

    It takes the texts that are given in their order, and then every other field by name. It is
    compiled when it is asked for: ask once.

    Args:
        cls: The value's class.
        given: Fields that it takes as canonical texts, not as values.
    """
    _check_value(cls)
    source, names = _Writer(), sorted(_hints(cls))
    bodies = source.table(cls, {name: name for name in names}, given)
    others = [name for name in names if name not in given]
    return source.function(", ".join((*given, "*", *others)), bodies)


def _encoder(cls: type) -> Callable[[Any], str]:
    """The encoder of a class, compiled on first use."""
    if cls not in _ENCODERS:
        _ENCODERS[cls] = _PLAIN_ENCODERS.get(cls) or encoder(cls)
    return _ENCODERS[cls]


def _check_value(cls: type) -> None:
    if not attrs.has(cls) or not issubclass(cls, Value):
        raise InvalidType("value", f"a {cls.__name__[:60]}", "one of the library's values")


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
    if len(text) > 17 or text == "-0":
        raise MalformedDocument("document", f"{text[:40]} is not a whole number of up to 16 digits")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedDocument("document", "a field stands twice")
    return found


def _depth(value: Any) -> int:
    """How many lists and tables stand inside each other."""
    level, depth = [value], 0
    while level := [part for part in level if type(part) is dict or type(part) is list]:
        depth += 1
        level = [part for many in level for part in (many.values() if type(many) is dict else many)]
    return depth


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
    depth = _depth(value)
    if depth > MAX_DEPTH:
        raise LimitExceeded("depth of a document", str(depth), MAX_DEPTH)
    return value


def decode(cls: type[_T], value: object, where: str = "document") -> _T:
    """The value of a class from plain lists, dicts, texts and whole numbers.

    Args:
        cls: The class; where it is a base, the document's ``kind`` says which class below it.
        value: As `decode_json` gives it.
        where: What to call the place in an error.

    Raises:
        InvalidType: Not a class.
        UnknownField: A field that the class does not have.
        MalformedDocument: A field is missing or is not of its type.
        InvalidInput: The class itself refuses a field's value.
    """
    if not isinstance(get_origin(cls) or cls, type):
        raise InvalidType("cls", shown(cls), "one of the library's classes")
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
    return _kind_decoder(_base(hint))


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
        if not value:
            return origin()
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
    readers: dict[str, Callable[[Any, str], Any]] = {}

    def read(value: Any, where: str) -> Any:
        if type(value) is not dict:
            raise MalformedDocument(where, f"{shown(value)} is not a table of fields")
        if not readers:
            readers.update((key, _decoder(hint)) for key, hint in hints.items())
        fields = dict(value)
        if name is not None and fields.pop("kind", name) != name:
            raise MalformedDocument(f"{where}.kind", f"not {name}")
        if fields.keys() != readers.keys():
            for unknown in sorted(map(shown, fields.keys() - hints.keys())):
                raise UnknownField(where, unknown, tuple(sorted(hints)))
            for missing in sorted(required - fields.keys()):
                raise MalformedDocument(where, f"{missing} is missing")
        return cls(**{key: readers[key](part, f"{where}.{key}") for key, part in fields.items()})

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
