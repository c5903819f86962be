"""Key codes: which ones are ours, who may use them, and what becomes of one that is lost.

The registry knows a code by the id that `KeyCodes` makes of it, and never the code itself. A code
can be suspended and opened again; one that was lost is replaced, and the units stay where they are:
the new code opens the wallet of the old one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Final, final

import attrs

from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    InvalidValue,
    KeyCodeSuspended,
    LimitExceeded,
    OutsideAudience,
    UnknownKeyCode,
    UnknownObject,
    shown,
)
from unitledger.ids import WalletId, check_id
from unitledger.policy import CodeStorage, KeyCodeAudience
from unitledger.records import Record, record_lock
from unitledger.training.codes import KeyCode, KeyCodes

__all__ = [
    "MAX_AUDIENCE",
    "MAX_CONTACTS",
    "MAX_REMARK",
    "KeyCodeChanged",
    "KeyCodeRegistered",
    "KeyCodeState",
    "RegisterKeyCode",
    "RegisteredKeyCode",
    "ReopenKeyCode",
    "ReplaceKeyCode",
    "SuspendKeyCode",
    "check_code_id",
    "check_remark",
    "check_users",
    "ours",
    "registered",
    "wallet_of",
]

MAX_AUDIENCE = 1000
"""How many users and groups one key code may be meant for."""
MAX_CONTACTS = 100
"""How many users may be shown what is behind one key code."""
MAX_REMARK = 4096
"""The longest details, comments or encrypted text of a key code, in characters."""

_CODE_ID = re.compile(r"[0-9a-f]{32}").fullmatch
_LAST = re.compile(r"[ -~]{0,4}").fullmatch
_SEALED = re.compile(r"[!-~]+").fullmatch
_CREATORS: Final[Mapping[Role, Permit]] = {
    Role.CREATOR: anywhere,
    Role.ADMIN: anywhere,
    Role.SYSTEM: anywhere,
}


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


def check_users(users: frozenset[str], field: str, most: int) -> None:
    """Refuse what is no set of users and groups.

    Raises:
        InvalidType: Not a ``frozenset``.
        LimitExceeded: Too many.
        InvalidId: One of them is not an id.
    """
    if type(users) is not frozenset:
        raise InvalidType(field, shown(users), "frozenset")
    if len(users) > most:
        raise LimitExceeded(field, str(len(users)), most)
    for name in users:
        check_id(name, field)


def check_remark(text: str, field: str) -> None:
    """Refuse what is no remark; the error does not say the text, which may hold a plain code.

    Raises:
        InvalidType: Not a ``str``.
        LimitExceeded: More than 4096 characters.
    """
    if type(text) is not str:
        raise InvalidType(field, "not shown", "str")
    if len(text) > MAX_REMARK:
        raise LimitExceeded(f"characters of {field}", str(len(text)), MAX_REMARK)


@final
class KeyCodeState(StrEnum):
    """Whether a key code is honoured; whether anything is behind it is another question."""

    OPEN = "open"
    """It pays for whom it is meant."""
    SUSPENDED = "suspended"
    """It pays for nobody until it is opened again."""
    REPLACED = "replaced"
    """It was lost, and is unknown from then on; another code opens its wallet."""

    def __repr__(self) -> str:
        return f"KeyCodeState.{self.name}"


@kind("key_code")
@final
@attrs.frozen
class RegisteredKeyCode(Record):
    """A key code that is ours.

    Attributes:
        id: Its id.
        last4: The last four characters of the code; empty for a short one.
        audience: The users and groups it is meant for; empty is anyone who has the code.
        state: Whether it is honoured.
        opens: The id of the code whose wallet it opens, when it replaced one; ``None`` is its own.
        weak: Whether a person chose it, so that it can be guessed.
        contacts: The users who may be shown what is behind it.
        details: What the units are for, in words.
        comments: What else there is to say.
        user_cap: How much one user may have spent by it; ``None`` leaves that to the policy.
        sealed: The code as the host has encrypted it; ``None`` is not kept.

    Source: TU-107, TU-112, TU-113.
    """

    KIND: ClassVar[str] = "key_code"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        KeyCodeState.OPEN: frozenset({KeyCodeState.SUSPENDED, KeyCodeState.REPLACED}),
        KeyCodeState.SUSPENDED: frozenset({KeyCodeState.OPEN, KeyCodeState.REPLACED}),
        KeyCodeState.REPLACED: frozenset(),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("state",)

    id: str
    last4: str
    audience: frozenset[str]
    state: KeyCodeState = KeyCodeState.OPEN
    opens: str | None = None
    weak: bool = False
    contacts: frozenset[str] = frozenset()
    details: str = ""
    comments: str = ""
    user_cap: Units | None = None
    sealed: str | None = None

    @property
    def key(self) -> str:
        """The code's id."""
        return self.id

    @property
    def wallet(self) -> WalletId:
        """The wallet of the units behind it."""
        return wallet_of(self.origin)

    @property
    def origin(self) -> str:
        """The id of the code that its wallet is named for: the first one it stands for, or its own.

        Source: TU-113.
        """
        return self.opens or self.id

    def index(self) -> Mapping[str, str]:
        """By state, so that a host finds all that are honoured."""
        return {"state": self.state.value}


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


@kind("key_code_changed")
@final
@attrs.frozen
class KeyCodeChanged(Outcome):
    """A key code is honoured otherwise than before, or something else is said about it.

    Attributes:
        key_code: Its id.
        state: Whether it is honoured.
        contacts: The users who may be shown what is behind it.
    """

    key_code: str
    state: KeyCodeState
    contacts: frozenset[str]


@kind("register_key_code")
@final
@attrs.frozen
class RegisterKeyCode(Command[KeyCodeRegistered]):
    """Make a key code ours.

    Attributes:
        key_code: The code's id.
        last4: The last four characters of the code, to tell codes apart by; may be empty.
        audience: The users and groups it is meant for; empty is anyone who has the code.
        weak: Whether a person chose it, so that it can be guessed.
        contacts: The users who may be shown what is behind it, at most 100.
        details: What the units are for, in at most 4096 characters.
        comments: What else there is to say, in at most 4096 characters.
        user_cap: How much one user may have spent by it; ``None`` leaves that to the policy.
        sealed: The code as the host has encrypted it, where the policy's ``code_storage`` lets it
            be kept: at most 4096 visible ASCII characters.

    Source: TU-024, TU-100, TU-103, TU-107, TU-112, TU-113, X-19.
    """

    NAME: ClassVar[str] = "register_key_code"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _CREATORS

    key_code: str
    last4: str = ""
    audience: frozenset[str] = frozenset()
    weak: bool = False
    contacts: frozenset[str] = frozenset()
    details: str = ""
    comments: str = ""
    user_cap: Units | None = None
    sealed: str | None = None

    def __attrs_post_init__(self) -> None:
        check_code_id(self.key_code)
        _check_last4(self.last4)
        check_users(self.audience, "audience", MAX_AUDIENCE)
        if type(self.weak) is not bool:
            raise InvalidType("weak", shown(self.weak), "bool")
        check_users(self.contacts, "contacts", MAX_CONTACTS)
        check_remark(self.details, "details")
        check_remark(self.comments, "comments")
        _check_cap(self.user_cap)
        _check_sealed(self.sealed)

    @classmethod
    def of(
        cls,
        code: KeyCode,
        codes: KeyCodes,
        audience: frozenset[str] = frozenset(),
        *,
        contacts: frozenset[str] = frozenset(),
        details: str = "",
        comments: str = "",
        user_cap: Units | None = None,
        sealed: str | None = None,
    ) -> RegisterKeyCode:
        """The command for a code at hand: its id, its last four characters, whether it is weak.

        Raises:
            InvalidValue: A text beside it holds the code itself.
        """
        if any(code.stands_in(text) for text in (details, comments, sealed or "")):
            raise InvalidValue("remark", "not shown", "a text without the code itself")
        return cls(
            codes.id_of(code),
            code.last4,
            audience,
            code.weak,
            contacts,
            details,
            comments,
            user_cap,
            sealed,
        )

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet of the units that will be behind it."""
        return (wallet_of(self.key_code),)

    def keys(self) -> tuple[str, ...]:
        """The code's record."""
        return (record_lock(RegisteredKeyCode.KIND, self.key_code),)

    def ready(self, view: View) -> None:
        """A code is registered once, and an encrypted text is kept only where the policy says."""
        if view.has_record(RegisteredKeyCode, self.key_code):
            raise AlreadyExists("key code", self.key_code)
        _check_storage(view, self.sealed)

    def decide(self, view: View) -> Decision[KeyCodeRegistered]:
        """The record; nothing moves."""
        record = RegisteredKeyCode(
            self.key_code,
            self.last4,
            self.audience,
            weak=self.weak,
            contacts=self.contacts,
            details=self.details,
            comments=self.comments,
            user_cap=self.user_cap,
            sealed=self.sealed,
        )
        return Decision(KeyCodeRegistered(self.key_code, record.wallet), records=(record,))


def _check_cap(cap: Units | None) -> None:
    if cap is not None and type(cap) is not Units:
        raise InvalidType("user_cap", shown(cap), "Units")
    if cap is not None and not cap:
        raise InvalidValue("user_cap", "zero", "an amount above zero, or None")


def _check_last4(last4: str) -> None:
    if type(last4) is not str or _LAST(last4) is None:
        raise InvalidValue("last4", "not shown", "at most four printable ASCII characters")


def _check_sealed(sealed: str | None) -> None:
    """Refuse an encrypted text that is none; the error does not say it."""
    if sealed is None:
        return
    check_remark(sealed, "sealed")
    if _SEALED(sealed) is None:
        raise InvalidValue("sealed", "not shown", "visible ASCII characters, at least one")


def _check_storage(view: View, sealed: str | None) -> None:
    """Source: TU-113."""
    if sealed is not None and view.policy.code_storage is CodeStorage.DIGEST:
        expected = "None, by the policy's code_storage; a lost code is replaced"
        raise InvalidValue("sealed", "not shown", expected)


@attrs.frozen
class _KeyCodeStep(Command[KeyCodeChanged]):
    """A step in the life of a key code."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _CREATORS
    TO: ClassVar[KeyCodeState]

    key_code: str

    def __attrs_post_init__(self) -> None:
        check_code_id(self.key_code)

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet named for it, whose chain its entries stand in."""
        return (wallet_of(self.key_code),)

    def keys(self) -> tuple[str, ...]:
        """The code's record."""
        return (record_lock(RegisteredKeyCode.KIND, self.key_code),)

    def decide(self, view: View) -> Decision[KeyCodeChanged]:
        """The record in its other state; nothing moves."""
        code = ours(view, self.key_code).to(self.TO)
        return Decision(KeyCodeChanged(code.id, code.state, code.contacts), records=(code,))


@kind("suspend_key_code")
@final
@attrs.frozen
class SuspendKeyCode(_KeyCodeStep):
    """Let a key code pay for nobody until it is opened again; its units stay.

    Attributes:
        key_code: The code's id.
    """

    NAME: ClassVar[str] = "suspend_key_code"
    TO: ClassVar[KeyCodeState] = KeyCodeState.SUSPENDED


@kind("reopen_key_code")
@final
@attrs.frozen
class ReopenKeyCode(_KeyCodeStep):
    """Let a suspended key code pay again.

    Attributes:
        key_code: The code's id.
    """

    NAME: ClassVar[str] = "reopen_key_code"
    TO: ClassVar[KeyCodeState] = KeyCodeState.OPEN


@kind("replace_key_code")
@final
@attrs.frozen
class ReplaceKeyCode(Command[KeyCodeRegistered]):
    """Give the units behind a lost key code to a new one; the lost one is unknown from then on.

    Nothing moves: the new code opens the same wallet, so what was spent goes back to where the new
    code finds it, and a recurring assignment goes on filling it. Audience, contacts, details,
    comments and cap are those of the lost one.

    Attributes:
        key_code: The lost code's id.
        replacement: The new code's id.
        last4: The last four characters of the new code.
        weak: Whether a person chose the new code.
        sealed: The new code as the host has encrypted it, where the policy lets it be kept.

    Source: TU-113.
    """

    NAME: ClassVar[str] = "replace_key_code"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _CREATORS

    key_code: str
    replacement: str
    last4: str = ""
    weak: bool = False
    sealed: str | None = None

    def __attrs_post_init__(self) -> None:
        check_code_id(self.key_code)
        check_code_id(self.replacement, "replacement")
        if self.replacement == self.key_code:
            raise InvalidValue("replacement", "not shown", "another code than the lost one")
        _check_last4(self.last4)
        if type(self.weak) is not bool:
            raise InvalidType("weak", shown(self.weak), "bool")
        _check_sealed(self.sealed)

    @classmethod
    def by(
        cls, lost: str, code: KeyCode, codes: KeyCodes, *, sealed: str | None = None
    ) -> ReplaceKeyCode:
        """The command for a new code at hand.

        Args:
            lost: The lost code's id.
            code: The new code.
            codes: What makes its id.
            sealed: The new code as the host has encrypted it.

        Raises:
            InvalidValue: The encrypted text holds the code itself.
        """
        if sealed is not None and code.stands_in(sealed):
            raise InvalidValue("sealed", "not shown", "a text without the code itself")
        return cls(lost, codes.id_of(code), code.last4, code.weak, sealed)

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet named for the lost code."""
        return (wallet_of(self.key_code),)

    def keys(self) -> tuple[str, ...]:
        """Both codes' records."""
        codes = (self.key_code, self.replacement)
        return tuple([record_lock(RegisteredKeyCode.KIND, code) for code in codes])

    def ready(self, view: View) -> None:
        """The new code is new, and an encrypted text is kept only where the policy says."""
        if view.has_record(RegisteredKeyCode, self.replacement):
            raise AlreadyExists("key code", self.replacement)
        _check_storage(view, self.sealed)

    def decide(self, view: View) -> Decision[KeyCodeRegistered]:
        """Both records; nothing moves."""
        lost = ours(view, self.key_code)
        gone = lost.to(KeyCodeState.REPLACED)
        new = attrs.evolve(
            lost,
            id=self.replacement,
            last4=self.last4,
            opens=lost.origin,
            weak=self.weak,
            sealed=self.sealed,
        )
        return Decision(KeyCodeRegistered(new.id, new.wallet), records=(gone, new))


def ours(view: View, code_id: str) -> RegisteredKeyCode:
    """The record of a key code of this portal that was not replaced.

    Raises:
        UnknownKeyCode: There is none.
    """
    try:
        code = view.record(RegisteredKeyCode, code_id)
    except UnknownObject:
        raise UnknownKeyCode from None
    if code.state is KeyCodeState.REPLACED:
        raise UnknownKeyCode
    return code


def registered(view: View, code_id: str, holder: str | None = None) -> RegisteredKeyCode:
    """The record of a key code that is ours.

    Args:
        view: Where to look.
        code_id: The code's id.
        holder: Who wants to pay with it; ``None`` leaves its audience and state aside.

    Raises:
        UnknownKeyCode: This portal has no such code, or has replaced it.
        KeyCodeSuspended: It pays for nobody at the moment.
        OutsideAudience: The code is not meant for the holder.

    Source: TU-103, X-19.
    """
    code = ours(view, code_id)
    if holder is None:
        return code
    if code.state is KeyCodeState.SUSPENDED:
        raise KeyCodeSuspended
    enforced = code.audience and view.policy.key_code_audience is KeyCodeAudience.ENFORCED
    if enforced and code.audience.isdisjoint(view.groups(holder)):
        raise OutsideAudience(holder, "of this key code")
    return code
