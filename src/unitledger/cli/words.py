"""Words: what each family of commands tells the parser, and what several of them take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, NoReturn, TypeAlias, final

from unitledger.errors import InvalidValue, shown
from unitledger.time import end_of_day, parse_instant

__all__ = [
    "NAMED_STORE",
    "PORTAL",
    "URL",
    "ZONE",
    "Argument",
    "Parser",
    "Usage",
    "Word",
    "beginning_of_day",
    "bound",
    "instant_or_day",
]

Argument: TypeAlias = "tuple[str, dict[str, Any]]"
"""What an argument is called, flags between blanks, and what the parser is told of it."""

NAMED_STORE: Argument = (
    "--store",
    {"metavar": "URL", "help": "keep it there: sqlite:///demo.db, ..."},
)
"""A store that may be named."""
URL: Argument = (
    "store",
    {"metavar": "URL", "help": "a store: sqlite:///portal.db, postgresql://..."},
)
"""A store that has to be named."""
PORTAL: Argument = ("--portal", {"help": "one portal of a store; else all of them"})
"""One portal of a store."""
ZONE: Argument = ("--zone", {"default": "UTC", "help": "the zone in which dates are meant"})
"""The zone of dates."""


@final
class Word(NamedTuple):
    """One word of the command line.

    Attributes:
        name: The word.
        answer: What prints its answer, and gives the number to end with.
        help: What it does, in one line.
        arguments: What may follow it.
    """

    name: str
    answer: Callable[[argparse.Namespace], int]
    help: str
    arguments: tuple[Argument, ...]


@final
class Usage(Exception):
    """A call that makes no sense, and how to call instead."""

    def __init__(self, parser: argparse.ArgumentParser, problem: str) -> None:
        super().__init__(f"{parser.prog}: {problem}")
        self.usage: str = parser.format_usage()


@final
class Parser(argparse.ArgumentParser):
    """A parser whose complaints are told with all others."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with a call instead of printing it here."""
        raise Usage(self, message)


def instant_or_day(
    text: str, field: str, zone: str, of_day: Callable[[date, str], datetime]
) -> datetime:
    """An instant as written, or what a date means there.

    Args:
        text: An instant, or a date of ten characters.
        field: What to call it in an error.
        zone: The IANA zone in which a date is meant.
        of_day: What a date means: the end of that day, or its beginning.

    Raises:
        InvalidInput: Neither.
    """
    if len(text) != 10:
        return parse_instant(text, field)
    try:
        return of_day(date.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        raise InvalidValue(field, shown(text), "a date like 2026-01-31 or an instant") from None


def bound(
    text: str | None, field: str, zone: str, of_day: Callable[[date, str], datetime]
) -> datetime | None:
    """The same for an option that may be left out; see `instant_or_day`."""
    return None if text is None else instant_or_day(text, field, zone, of_day)


def beginning_of_day(day: date, zone: str) -> datetime:
    """The instant at which a day begins in a zone."""
    return end_of_day(day - timedelta(days=1), zone)
