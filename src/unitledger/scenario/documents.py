"""Scenario texts, TOML or JSON, as plain tables: texts, whole numbers, truths, lists, nothing else.

A TOML date or date-time becomes its ISO text, so that from here on both formats are one. Whatever
could be read in two ways is refused: a number with a point, a date-time without a zone, a field
that stands twice.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from enum import StrEnum
from typing import Any, final

from unitledger.codec import MAX_DEPTH, MAX_DOCUMENT, decode_json
from unitledger.errors import InvalidType, LimitExceeded, MalformedDocument, NaiveInstant, shown

__all__ = ["Format", "plain_document"]

_MAX_NUMBER = 10**18
_MAX_PARTS = 8
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


def plain_document(text: str, form: Format) -> dict[str, Any]:
    """The top table of a document as plain values.

    Raises:
        InvalidType: Not exactly a ``str``.
        LimitExceeded: Longer than 1 MiB, nested more than 32 deep, a number of 19 digits, a dotted
            key of more than 8 names.
        MalformedDocument: Not the format it should be, a field twice, a number with a point.
        NaiveInstant: A date-time without a zone.
    """
    if form is Format.JSON:
        document = decode_json(text)
        if type(document) is not dict:
            raise MalformedDocument("document", "not a table of fields")
        return document
    plain: dict[str, Any] = _plain(_toml(text), "document", 0)
    return plain


def _toml(text: str) -> dict[str, Any]:
    if type(text) is not str:
        raise InvalidType("document", shown(text), "str")
    if len(text) > MAX_DOCUMENT:
        raise LimitExceeded("characters of a document", str(len(text)), MAX_DOCUMENT)
    if _TOO_MANY_PARTS(text) is not None:
        raise LimitExceeded("names in one dotted key", f"more than {_MAX_PARTS}", _MAX_PARTS)
    try:
        return tomllib.loads(text, parse_float=_no_point)
    except tomllib.TOMLDecodeError as error:
        raise MalformedDocument("document", str(error)) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # a date that no calendar has, a number of thousands of digits
        raise MalformedDocument("document", str(error)) from None


def _no_point(text: str) -> Any:
    raise MalformedDocument("document", f"write {text[:40]} as a text; numbers here are whole")


def _too_deep() -> LimitExceeded:
    return LimitExceeded("depth of a document", "a deeper one", MAX_DEPTH)


def _plain(value: Any, where: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if type(value) is dict:
        return {key: _plain(part, f"{where}.{key}", depth + 1) for key, part in value.items()}
    if type(value) is list:
        return [_plain(part, f"{where}[{i}]", depth + 1) for i, part in enumerate(value)]
    return _leaf(value, where)


def _leaf(value: Any, where: str) -> Any:
    if type(value) is datetime:
        if value.tzinfo is None:
            raise NaiveInstant(where, value.isoformat())
        return value.isoformat()
    if type(value) is date:
        return value.isoformat()
    if type(value) is int and abs(value) >= _MAX_NUMBER:
        raise LimitExceeded(where, shown(value), _MAX_NUMBER)
    if type(value) not in (str, int, bool):
        raise MalformedDocument(where, "a time of day without a date")
    return value
