"""Scenario texts, TOML or JSON, as plain tables: texts, whole numbers, truths, lists, nothing else.

A TOML date or date-time becomes its ISO text, so that from here on both formats are one. Whatever
could be read in two ways is refused: a number with a point, a date-time without a zone, a field
that stands twice.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, final

import attrs

from unitledger.codec import MAX_DEPTH, MAX_DOCUMENT, decode_json
from unitledger.errors import (
    InvalidType,
    InvalidValue,
    LimitExceeded,
    MalformedDocument,
    NaiveInstant,
    shown,
)
from unitledger.values import Value

__all__ = ["Format", "as_format", "document_text", "plain_document"]

_MAX_NUMBER = 10**18
_MAX_DIGITS = 40
_MAX_PARTS = 8
_MAX_FIELDS = 1000
_MAX_LIST = 10_000
_TOKENS = re.compile(
    r'''
      """(?:[^"\\]|\\.|"{1,2}(?!"))*+"{0,5}
    | \'\'\'(?:[^\']|\'{1,2}(?!\'))*+\'{0,5}
    | "(?:[^"\\\n]|\\[^\n])*+"?
    | \'[^\'\n]*+\'?
    | \#[^\n]*+
    | (?P<number>(?<!\w)(?<!\w-)(?:0[xob])?[0-9a-fA-F_]{41,}+(?![\w-]|[ \t]*+[=.]))
    | (?P<header>^[ \t]*+\[\[?)(?=[ \t]*+(?P<name>[^\s\]]*+))
    | (?P<mark>[\[\]{}=,])
    ''',
    re.VERBOSE | re.DOTALL | re.MULTILINE,
).finditer
_JSON_POINT = re.compile(
    r'(?:[^"0-9-]++|-(?![0-9])|"(?:[^"\\]|\\.)*+"?|-?[0-9]++(?![.eE]))*+'
    r"(-?[0-9]++[.eE][0-9eE.+-]*)",
    re.DOTALL,
).match
_TOO_MANY_PARTS = re.compile(
    r"(?<![A-Za-z0-9_\"'-])"
    r"(?:(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"
    rf"{{{_MAX_PARTS}}}"
).search


@final
class Format(StrEnum):
    """How a scenario is written down."""

    TOML = "toml"
    JSON = "json"


def as_format(name: str) -> Format:
    """The format of that name.

    Raises:
        InvalidValue: There is none.
    """
    if type(name) is not str or name not in list(Format):
        raise InvalidValue("format", shown(name), "toml or json")
    return Format(name)


def document_text(path: str | Path) -> tuple[str, Format]:
    """The text in a file whose name ends in ``.toml`` or ``.json``, and which of both it is.

    Raises:
        OSError: The file cannot be read.
        InvalidType: Not a ``str`` or ``Path``.
        InvalidValue: Another name.
        LimitExceeded: The file is larger than any document.
        MalformedDocument: Not UTF-8 text.
    """
    if not isinstance(path, (str, Path)):
        raise InvalidType("path", shown(path), "str or Path")
    if "\0" in str(path):
        raise InvalidValue("path", shown(str(path)), "a path without NUL")
    place = Path(path)
    form = as_format(place.suffix.lower().removeprefix("."))
    with place.open("rb") as file:
        data = file.read(4 * MAX_DOCUMENT + 1)
    if len(data) > 4 * MAX_DOCUMENT:
        raise LimitExceeded("characters of a document", "a longer file", MAX_DOCUMENT)
    try:
        return data.decode("utf-8-sig"), form
    except UnicodeDecodeError:
        raise MalformedDocument("document", "not UTF-8 text") from None


def plain_document(text: str, form: Format) -> dict[str, Any]:
    """The top table of a document as plain values.

    What is far too large is refused before anything is built of it.

    Raises:
        InvalidType: Not exactly a ``str``.
        LimitExceeded: Longer than 1 MiB, nested more than 32 deep, a number of 19 digits, a dotted
            key of more than 8 names, a table of more than 1,000 fields, a list of more than 10,000.
        MalformedDocument: Not the format it should be, a field twice, a number with a point.
        NaiveInstant: A date-time without a zone.
    """
    if type(text) is not str:
        raise InvalidType("document", shown(text), "str")
    if len(text) > MAX_DOCUMENT:
        raise LimitExceeded("characters of a document", str(len(text)), MAX_DOCUMENT)
    document = _json(text) if form is Format.JSON else _toml(text)
    if type(document) is not dict:
        raise MalformedDocument("document", "not a table of fields")
    _check_fields(document, "document")
    return {
        key: _plain(part, key if type(part) in (dict, list) else f"document.{key}", 1)
        for key, part in document.items()
    }


def _json(text: str) -> Any:
    pointed = _JSON_POINT(text)
    if pointed is not None:
        raise MalformedDocument(_line(text, pointed.start(1)), _as_text(pointed[1]))
    return decode_json(text)


def _toml(text: str) -> Any:
    _check_size(text)
    if _TOO_MANY_PARTS(text) is not None:
        raise LimitExceeded("names in one dotted key", f"more than {_MAX_PARTS}", _MAX_PARTS)
    try:
        return tomllib.loads(text, parse_float=_Pointed)
    except tomllib.TOMLDecodeError as error:
        raise MalformedDocument("document", str(error)) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # a date that no calendar has, a number of thousands of digits
        raise MalformedDocument("document", str(error)) from None


def _check_size(text: str) -> None:
    """Refuse TOML with more digits, fields, entries or depth than any scenario has."""
    opened, headers = [("{", 0)], Counter[str]()
    for found in _TOKENS(text):
        mark = found["mark"]
        if found["number"]:
            what = f"digits of a number in {_line(text, found.start())}"
            raise LimitExceeded(what, str(len(found["number"])), _MAX_DIGITS)
        if found["header"] and len(opened) == 1:
            opened = [("{", 0)]
            headers[found["name"]] += 1
            _check_headers(headers, found["name"])
        if found["header"] or mark in ("[", "{"):
            opened += [(one, 0) for one in (mark or found["header"].strip())]
            if len(opened) > MAX_DEPTH + 2:
                raise _too_deep()
        elif mark in ("]", "}"):
            opened.pop()
            if not opened:
                return  # closes what nobody opened, which the parser says at once
        elif mark:
            _count(opened, mark, text, found.start())


def _check_headers(headers: Counter[str], name: str) -> None:
    """Refuse more tables of a name than a list has, and more names than a table has."""
    if headers[name] > _MAX_LIST and "." not in name:
        raise LimitExceeded(f"tables named {shown(name)}", f"more than {_MAX_LIST}", _MAX_LIST)
    if len(headers) > _MAX_FIELDS:
        raise LimitExceeded("names of tables", f"more than {_MAX_FIELDS}", _MAX_FIELDS)


def _count(opened: list[tuple[str, int]], mark: str, text: str, place: int) -> None:
    """One more field of the innermost table, or one more entry of the innermost list."""
    bracket, number = opened[-1]
    if (bracket, mark) not in (("{", "="), ("[", ",")):
        return
    opened[-1] = bracket, number + 1
    limit, what = (_MAX_FIELDS, "fields of a table") if mark == "=" else (_MAX_LIST, "entries")
    if number >= limit:
        raise LimitExceeded(f"{what} in {_line(text, place)}", f"more than {limit}", limit)


def _line(text: str, place: int) -> str:
    return f"line {text.count(chr(10), 0, place) + 1}"


@final
@attrs.frozen
class _Pointed(Value):
    """A number with a point, which is refused once its place is known."""

    text: str


def _as_text(number: str) -> str:
    return f'write {number[:40]} as a text, "{number[:40]}"; numbers here are whole'


def _too_deep() -> LimitExceeded:
    return LimitExceeded("depth of a document", "a deeper one", MAX_DEPTH)


def _plain(value: Any, where: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if type(value) is dict:
        _check_fields(value, where)
        return {key: _plain(part, f"{where}.{key}", depth + 1) for key, part in value.items()}
    if type(value) is list:
        if len(value) > _MAX_LIST:
            raise LimitExceeded(f"entries of {where}", str(len(value)), _MAX_LIST)
        return [_plain(part, f"{where}[{i}]", depth + 1) for i, part in enumerate(value)]
    return _leaf(value, where)


def _check_fields(table: dict[str, Any], where: str) -> None:
    if len(table) > _MAX_FIELDS:
        raise LimitExceeded(f"fields of {where}", str(len(table)), _MAX_FIELDS)


def _leaf(value: Any, where: str) -> Any:
    if type(value) is _Pointed:
        raise MalformedDocument(where, _as_text(value.text))
    if type(value) is datetime:
        if value.tzinfo is None:
            raise NaiveInstant(where, value.isoformat())
        return value.isoformat()
    if type(value) is date:
        return value.isoformat()
    if type(value) is int and abs(value) >= _MAX_NUMBER:
        raise LimitExceeded(where, shown(value), _MAX_NUMBER)
    if type(value) not in (str, int, bool, NoneType):
        raise MalformedDocument(where, "a time of day without a date")
    return value
