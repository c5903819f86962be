"""Plain key codes: strings that pay, kept as nothing but a keyed digest.

A plain code exists in three places: on the screen that shows it once, in the hands of the people
who got it, and for a moment inside `KeyCode`. `KeyCodes` turns it into an id with a secret of the
host; commands, entries, records and errors carry that id and never the code.

A generated code has sixteen symbols of an alphabet without look-alikes and one check symbol, so
that a slip of the pen is no other code. What a person typed is read generously: spaces and hyphens
are dropped, case does not count, O is 0, I and L are 1. Codes that people choose are weak, can be
guessed, and have a constructor that says so.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from typing import Final, NoReturn, final

from unitledger.errors import InvalidType, InvalidValue, UnknownKeyCode

__all__ = ["ALPHABET", "KeyCode", "KeyCodes"]

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The 32 symbols of a generated code: no I, L, O or U."""

_PLACES = {symbol: place for place, symbol in enumerate(ALPHABET)}
_LOOKALIKES = str.maketrans("OIL", "011", " -")
_GENERATED = re.compile(r"[0-9A-HJKMNP-TV-Z]{17}").fullmatch
_CHOSEN = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?").fullmatch
_MAX_TYPED = 128
_FORMAT = b"unitledger/keycode/1\n"


def _doubled(value: int) -> int:
    """Twice a value in the field of 32 elements (x⁵ + x² + 1)."""
    return (value << 1) ^ (0x25 if value & 16 else 0)


def _check_value(symbols: str) -> int:
    """What a check symbol must be worth, so that all the symbols together are worth nothing.

    Every place weighs differently, so one wrong symbol or two exchanged ones always show.
    """
    value = 0
    for symbol in symbols:
        value = _doubled(value ^ _PLACES[symbol])
    return value


def _generated(typed: str) -> str | None:
    """The seventeen symbols that somebody may have meant, when they look like a generated code."""
    symbols = typed.upper().translate(_LOOKALIKES)
    return symbols if _GENERATED(symbols) else None


def _canonical(typed: object) -> str | None:
    """The one form of what somebody typed, or ``None`` when no code is like it."""
    if type(typed) is not str or len(typed) > _MAX_TYPED or not typed.isascii():
        return None
    symbols = _generated(typed)
    if symbols is not None:
        return symbols if _check_value(symbols[:16]) == _PLACES[symbols[16]] else None
    chosen = typed.strip(" ")
    return chosen if _CHOSEN(chosen) else None


@final
class KeyCode:
    """A plain key code, for the moment between a form field and its id.

    It prints as nothing, does not pickle and does not compare; ask `KeyCodes` for its id.

    Args:
        typed: What a person typed. A text in the form of a generated code is read as one; any
            other is taken for a code that somebody chose, case and inner spaces counting.

    Raises:
        UnknownKeyCode: No code is like it: a generated code with a slip of the pen, nothing at
            all, more than 64 characters, characters that are not printable ASCII.

    Source: TU-101, TU-113.
    """

    __slots__ = ("_text",)

    _text: str

    def __init__(self, typed: str) -> None:
        text = _canonical(typed)
        del typed  # a traceback may show the locals of its frames
        if text is None:
            raise UnknownKeyCode
        self._text = text

    @classmethod
    def generated(cls, randomness: Callable[[int], bytes] = secrets.token_bytes) -> KeyCode:
        """A new code of eighty random bits.

        Args:
            randomness: So many random bytes; anything but the operating system's is for tests.
        """
        drawn = randomness(10)
        if type(drawn) is not bytes or len(drawn) != 10:
            raise InvalidValue("randomness", "not shown", "ten bytes")
        bits = int.from_bytes(drawn, "big")
        symbols = "".join(ALPHABET[bits >> shift & 31] for shift in range(75, -5, -5))
        return cls(symbols + ALPHABET[_check_value(symbols)])

    @classmethod
    def chosen(cls, text: str, form: Callable[[str], bool] | None = None) -> KeyCode:
        """A code that a person chose: easy to remember, and as easy to guess.

        Args:
            text: 1 to 64 printable ASCII characters, case counting, spaces at the ends dropped.
            form: What else the host asks of it: whether the text, without the spaces at its ends,
                will do. ``None`` asks nothing.

        Raises:
            InvalidValue: It is something else, or has the form of a generated code, or the host
                asks for more. The error does not say the code.

        Source: TU-101.
        """
        sound = type(text) is str and text.isascii() and len(text) <= _MAX_TYPED
        if sound and _generated(text) is None and _canonical(text) is not None:
            code = cls(text)
            if form is None or form(code._text) is True:
                return code
            del code
        del text
        raise InvalidValue(
            "key code", "not shown", "1 to 64 printable characters unlike a generated code"
        )

    @property
    def last4(self) -> str:
        """The last four characters, to tell codes apart by; empty for one of fewer than twelve."""
        return self._text[-4:] if len(self._text) >= 12 else ""

    @property
    def weak(self) -> bool:
        """Whether a person chose it, so that it can be guessed."""
        return _generated(self._text) is None

    def stands_in(self, text: str) -> bool:
        """Whether a text holds the code, so that it must not be kept.

        A generated code is found however it is written; a short one that a person chose is looked
        for letter by letter.
        """
        if type(text) is not str:
            return False
        symbols = text.upper().translate(_LOOKALIKES)
        return self._text in text or (not self.weak and self._text in symbols)

    def reveal(self) -> str:
        """The code itself, a generated one in groups of four: to be shown once and kept nowhere."""
        if self.weak:
            return self._text
        return "-".join(self._text[start : start + 4] for start in range(0, 17, 4))

    def __repr__(self) -> str:
        return "<KeyCode, not shown>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key code is not kept; keep its id")


@final
class KeyCodes:
    """Turns plain codes into the ids that everything else knows them by.

    The id is HMAC-SHA-256 of the code under the host's pepper, cut to 128 bits: nobody who reads
    the ledger's data can find a code by trying, without the pepper. Every process that takes codes
    needs the same one; with another pepper, all codes are other codes.

    Args:
        pepper: 16 to 1024 secret bytes, kept outside the database.

    Source: TU-113.
    """

    __slots__ = ("_pepper",)

    def __init__(self, pepper: bytes) -> None:
        if type(pepper) is not bytes:
            del pepper
            raise InvalidType("pepper", "not shown", "bytes")
        if not 16 <= len(pepper) <= 1024:
            del pepper
            raise InvalidValue("pepper", "not shown", "16 to 1024 secret bytes")
        self._pepper = pepper

    def id_of(self, code: KeyCode | str) -> str:
        """The id of a code, or of what somebody typed for one.

        Whether there is such a code is not looked up: the command that uses the id says
        `UnknownKeyCode`, the same as is said here of a text that can be no code.

        Raises:
            UnknownKeyCode: No code is like it.
        """
        text = code._text if type(code) is KeyCode else _canonical(code)
        del code
        if text is None:
            raise UnknownKeyCode
        return hmac.digest(self._pepper, _FORMAT + text.encode("ascii"), "sha256").hex()[:32]

    def __repr__(self) -> str:
        return "<KeyCodes, pepper not shown>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the pepper is not kept; give it to KeyCodes where it is used")
