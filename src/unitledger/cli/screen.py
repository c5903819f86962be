"""The screen: what the command line prints, where, and the numbers it ends with."""

from __future__ import annotations

import codecs
import io
import json
import locale
import os
import sys
from typing import Any

from unitledger.codec import encode
from unitledger.errors import UnitLedgerError

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "OK",
    "USAGE",
    "complain",
    "ended",
    "message",
    "plain",
    "print_json",
    "show_what_can_be_shown",
]

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
"""What the command line ends with."""


def ended(*, ok: bool) -> int:
    """The number to end with."""
    return OK if ok else FAILED


def message(error: UnitLedgerError) -> str:
    """What an error says, with the notes on it."""
    return ", ".join([str(error), *getattr(error, "__notes__", ())])


def complain(code: str, message: str, *, in_json: bool) -> None:
    """Say on standard error what went wrong."""
    told = json.dumps({"code": code, "message": message}) if in_json else f"{code}: {message}"
    print(told, file=sys.stderr)


_ASCII = {"×": "x", "→": "->", "─": "-", "✗": "!", "…": "...", "·": "-"}
_PLAIN_WORDS = "unitledger.plain"


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a screen cannot show."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_ASCII.get(character, "?") for character in lost), error.end


codecs.register_error(_PLAIN_WORDS, _in_ascii)


def show_what_can_be_shown(stream: object) -> None:
    """Have a stream print plain ASCII where its screen shows no more."""
    if isinstance(stream, io.TextIOWrapper):
        plain = sys.flags.utf8_mode and not _asked_for_utf8() and _speaks_ascii()
        stream.reconfigure(encoding="ascii" if plain else None, errors=_PLAIN_WORDS)


def _asked_for_utf8() -> bool:
    """Whether somebody chose UTF-8, and not Python by itself, as it does in the C locale."""
    chosen = {"PYTHONUTF8", "PYTHONIOENCODING"} & os.environ.keys()
    return bool(chosen) or "utf8" in sys._xoptions


def _speaks_ascii() -> bool:
    return codecs.lookup(locale.getencoding()).name == "ascii"


def print_json(value: object) -> None:
    """Print a plain value as JSON, to be read by people too."""
    print(json.dumps(value, indent=2))


def plain(value: object) -> Any:
    """A value of the library as plain JSON."""
    return json.loads(encode(value))
