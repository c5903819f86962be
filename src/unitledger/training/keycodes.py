"""Key codes: shared strings that pay, kept as nothing but a keyed digest.

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
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, NoReturn, final

import attrs

from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    OutsideAudience,
    UnknownKeyCode,
    UnknownObject,
    shown,
)
from unitledger.ids import WalletId, check_id
from unitledger.records import Record, record_lock

__all__ = [
    "ALPHABET",
    "MAX_AUDIENCE",
    "KeyCode",
    "KeyCodeRegistered",
    "KeyCodes",
    "RegisterKeyCode",
    "RegisteredKeyCode",
    "check_code_id",
    "registered",
    "wallet_of",
]

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The 32 symbols of a generated code: no I, L, O or U."""
MAX_AUDIENCE = 1000
"""How many users and groups one key code may be meant for."""

_PLACES = {symbol: place for place, symbol in enumerate(ALPHABET)}
_LOOKALIKES = str.maketrans("OIL", "011", " -")
_GENERATED = re.compile(r"[0-9A-HJKMNP-TV-Z]{17}").fullmatch
_CHOSEN = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?").fullmatch
_CODE_ID = re.compile(r"[0-9a-f]{32}").fullmatch
_LAST = re.compile(r"[ -~]{0,4}").fullmatch
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
    def chosen(cls, text: str) -> KeyCode:
        """A code that a person chose: easy to remember, and as easy to guess.

        Args:
            text: 1 to 64 printable ASCII characters, case counting, spaces at the ends dropped.

        Raises:
            InvalidValue: It is something else, or has the form of a generated code. The error does
                not say the code.

        Source: TU-101.
        """
        sound = type(text) is str and text.isascii() and len(text) <= _MAX_TYPED
        if sound and _generated(text) is None and _canonical(text) is not None:
            return cls(text)
        del text
        raise InvalidValue(
            "key code", "not shown", "1 to 64 printable characters unlike a generated code"
        )

    @property
    def last4(self) -> str:
        """The last four characters, to tell codes apart by; empty for one of fewer than twelve."""
        return self._text[-4:] if len(self._text) >= 12 else ""

    def reveal(self) -> str:
        """The code itself, a generated one in groups of four: to be shown once and kept nowhere."""
        if _generated(self._text) is None:
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


def check_code_id(code_id: str, field: str = "key_code") -> str:
    """The same text, when it can be the id of a key code; a plain code never can.

    Raises:
        InvalidValue: It cannot; the error does not say the text, which may be a plain code.
    """
    if type(code_id) is not str or _CODE_ID(code_id) is None:
        del code_id
        raise InvalidValue(field, "not shown", "an id made by KeyCodes, not the code itself")
    return code_id


def wallet_of(code_id: str) -> WalletId:
    """The wallet of the units behind a key code: what `accounts.keycode` gives for a sound id."""
    return WalletId(f"keycode/{code_id}")


@kind("key_code")
@final
@attrs.frozen
class RegisteredKeyCode(Record):
    """A key code that is ours.

    Attributes:
        id: Its id; the wallet of the units behind it is ``keycode/<id>``.
        last4: The last four characters of the code; empty for a short one.
        audience: The users and groups it is meant for; empty is anyone who has the code.
    """

    KIND: ClassVar[str] = "key_code"

    id: str
    last4: str
    audience: frozenset[str]

    @property
    def key(self) -> str:
        """The code's id."""
        return self.id


@kind("key_code_registered")
@final
@attrs.frozen
class KeyCodeRegistered(Outcome):
    """A key code can be given units from now on.

    Attributes:
        key_code: Its id.
        wallet: The wallet of the units behind it.
    """

    key_code: str
    wallet: WalletId


@kind("register_key_code")
@final
@attrs.frozen
class RegisterKeyCode(Command[KeyCodeRegistered]):
    """Make a key code ours.

    Attributes:
        key_code: The code's id.
        last4: The last four characters of the code, to tell codes apart by; may be empty.
        audience: The users and groups it is meant for; empty is anyone who has the code.

    Source: TU-024, TU-100, TU-103, X-19.
    """

    NAME: ClassVar[str] = "register_key_code"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {
        Role.CREATOR: anywhere,
        Role.ADMIN: anywhere,
        Role.SYSTEM: anywhere,
    }

    key_code: str
    last4: str = ""
    audience: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        check_code_id(self.key_code)
        if type(self.last4) is not str or _LAST(self.last4) is None:
            raise InvalidValue("last4", "not shown", "at most four printable ASCII characters")
        if type(self.audience) is not frozenset:
            raise InvalidType("audience", shown(self.audience), "frozenset")
        if len(self.audience) > MAX_AUDIENCE:
            raise LimitExceeded("audience", str(len(self.audience)), MAX_AUDIENCE)
        for name in self.audience:
            check_id(name, "audience")

    @classmethod
    def of(
        cls, code: KeyCode, codes: KeyCodes, audience: frozenset[str] = frozenset()
    ) -> RegisterKeyCode:
        """The command for a code at hand, made of its id and its last four characters."""
        return cls(codes.id_of(code), code.last4, audience)

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet of the units that will be behind it."""
        return (wallet_of(self.key_code),)

    def keys(self) -> tuple[str, ...]:
        """The code's record."""
        return (record_lock(RegisteredKeyCode.KIND, self.key_code),)

    def ready(self, view: View) -> None:
        """A code is registered once."""
        if view.has_record(RegisteredKeyCode, self.key_code):
            raise AlreadyExists("key code", self.key_code)

    def decide(self, view: View) -> Decision[KeyCodeRegistered]:
        """The record; nothing moves."""
        record = RegisteredKeyCode(self.key_code, self.last4, self.audience)
        outcome = KeyCodeRegistered(self.key_code, wallet_of(self.key_code))
        return Decision(outcome, records=(record,))


def registered(view: View, code_id: str, holder: str | None = None) -> RegisteredKeyCode:
    """The record of a key code that is ours.

    Args:
        view: Where to look.
        code_id: The code's id.
        holder: Who wants to pay with it; ``None`` leaves its audience aside.

    Raises:
        UnknownKeyCode: This portal has no such code.
        OutsideAudience: The code is not meant for the holder.

    Source: TU-103.
    """
    try:
        code = view.record(RegisteredKeyCode, code_id)
    except UnknownObject:
        raise UnknownKeyCode from None
    if code.audience and holder is not None and code.audience.isdisjoint(view.groups(holder)):
        raise OutsideAudience(holder, "of this key code")
    return code
