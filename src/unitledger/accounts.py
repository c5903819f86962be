"""Wallets, states and accounts: where units can be.

A wallet is whoever holds lots. Its id says what it is: ``pool``, ``course/C``, ``manager/M/C``,
``batch/A/n/row`` (issued, not yet distributed), ``member/U``, ``keycode/K``. An account is a wallet
and a state; a cell is what one account holds of one lot.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import TypeAlias, final

import attrs

from unitledger.amounts import Credits, Units
from unitledger.errors import InvalidId, InvalidType, InvalidValue, shown
from unitledger.ids import MAX_ID_LENGTH, WalletId, check_id
from unitledger.values import Value

__all__ = [
    "EMPTY_CELLS",
    "MAX_WALLET_LENGTH",
    "Account",
    "Cells",
    "State",
    "account",
    "batch",
    "check_wallet",
    "course",
    "is_wallet",
    "keycode",
    "manager",
    "member",
    "pool",
    "wallet_parts",
    "wallet_unit",
]

MAX_WALLET_LENGTH = 1024
"""Longer than any wallet id that the constructors below can make."""

_MAX_NUMBER = 999_999_999
_ID = r"/(?! )(?:[ -$&-.0-~]++|%25|%2F)++(?<! )"
_NUMBER = r"/[1-9][0-9]{0,8}"

_KINDS: dict[str, tuple[str, type[Credits | Units]]] = {
    "pool": ("", Credits),
    "course": (_ID, Credits),
    "manager": (_ID + _ID, Credits),
    "batch": (_ID + _NUMBER + _NUMBER, Units),
    "member": (_ID, Units),
    "keycode": (_ID, Units),
}
_SHAPES = "pool, course/C, manager/M/C, batch/A/n/row, member/U or keycode/K"
_WALLET = re.compile("|".join(kind + shape for kind, (shape, _) in _KINDS.items())).fullmatch


@final
class State(IntEnum):
    """What the units of an account are at the moment; the number is the cell's place in `Cells`.

    ``ISSUED`` is the contra account of a lot in its home wallet and never above zero; everything
    else is never below zero.
    """

    ISSUED = 0
    FREE = 1
    HELD = 2
    SPENT = 3
    EXPIRED = 4
    VOID = 5

    def __repr__(self) -> str:
        return f"State.{self.name}"


Cells: TypeAlias = tuple[int, int, int, int, int, int]
"""The parts of one lot in one wallet, by state."""

EMPTY_CELLS: Cells = (0, 0, 0, 0, 0, 0)
"""A wallet that never held the lot."""


def _quoted(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


def pool() -> WalletId:
    """The universal pool of credits.

    Source: C6.
    """
    return WalletId("pool")


def course(course_id: str) -> WalletId:
    """The credits allocated to a course.

    Source: C7, C9.
    """
    return WalletId(f"course/{_quoted(check_id(course_id, 'course'))}")


def manager(manager_id: str, course_id: str) -> WalletId:
    """A manager's credits for one course.

    Source: C16.
    """
    user = _quoted(check_id(manager_id, "manager"))
    return WalletId(f"manager/{user}/{_quoted(check_id(course_id, 'course'))}")


def batch(assignment_id: str, cycle: int, row: int) -> WalletId:
    """Units issued by one cycle of an assignment to one audience row, not yet distributed.

    Source: TU-028, X-13.
    """
    for name, value in (("cycle", cycle), ("row", row)):
        if type(value) is not int:
            raise InvalidType(name, shown(value), "int")
        if not 1 <= value <= _MAX_NUMBER:
            raise InvalidValue(name, shown(value), f"1 to {_MAX_NUMBER}")
    return WalletId(f"batch/{_quoted(check_id(assignment_id, 'assignment'))}/{cycle}/{row}")


def member(user_id: str) -> WalletId:
    """A user's own training units.

    Source: TU-086.
    """
    return WalletId(f"member/{_quoted(check_id(user_id, 'user'))}")


def keycode(code_id: str) -> WalletId:
    """The training units behind a key code, named by its digest.

    Source: TU-102.
    """
    return WalletId(f"keycode/{_quoted(check_id(code_id, 'key code'))}")


def wallet_parts(wallet: str) -> tuple[str, ...]:
    """The kind of a wallet and the ids it is made of.

    >>> wallet_parts(manager("m/1", "first aid"))
    ('manager', 'm/1', 'first aid')
    """
    kind, *parts = wallet.split("/")
    return (kind, *(part.replace("%2F", "/").replace("%25", "%") for part in parts))


@lru_cache(maxsize=8192)
def wallet_unit(wallet: str) -> type[Credits | Units]:
    """The unit a wallet holds: credits or training units, by its kind alone.

    Raises:
        InvalidId: There is no such kind of wallet.
    """
    if type(wallet) is not str:
        raise InvalidType("wallet", shown(wallet), "str")
    return _unit(wallet)


@lru_cache(maxsize=8192)
def _unit(wallet: str) -> type[Credits | Units]:
    kind = _KINDS.get(wallet.partition("/")[0])
    if kind is None:
        raise InvalidId("wallet", shown(wallet), _SHAPES)
    return kind[1]


def is_wallet(text: str) -> bool:
    """Whether a text that is known to be sound names a wallet, and not something else."""
    return text.partition("/")[0] in _KINDS


def check_wallet(wallet: str, field: str = "wallet") -> WalletId:
    """The same text, when it is a wallet id in its one canonical form.

    Raises:
        InvalidType: Not exactly a ``str``.
        InvalidId: No wallet has such an id.
    """
    if type(wallet) is not str:
        raise InvalidType(field, shown(wallet), "str")
    if len(wallet) > MAX_WALLET_LENGTH or not _sound(wallet):
        raise InvalidId(field, shown(wallet), _SHAPES)
    return WalletId(wallet)


@lru_cache(maxsize=8192)
def _sound(wallet: str) -> bool:
    """Whether a text is a wallet id; the wallets in use are asked about again and again."""
    if _WALLET(wallet) is None:
        return False
    return len(wallet) <= MAX_ID_LENGTH or max(map(len, wallet_parts(wallet))) <= MAX_ID_LENGTH


@final
@attrs.frozen
class Account(Value):
    """A wallet and a state: the two ends of every move.

    Attributes:
        wallet: Whose account it is.
        state: What the units in it are.
    """

    wallet: WalletId
    state: State

    def __attrs_post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise what the constructor would: for an account that may be forged.

        Raises:
            InvalidType: The wallet is not a ``str`` or the state not a `State`.
            InvalidId: There is no such wallet.
        """
        check_wallet(self.wallet)
        if type(self.state) is not State:
            raise InvalidType("state", shown(self.state), "State")

    def __str__(self) -> str:
        return f"{self.wallet} {self.state.name}"


@lru_cache(maxsize=8192, typed=True)
def account(wallet: WalletId, state: State) -> Account:
    """The account of a wallet in a state; the same object as long as it is in use.

    Raises:
        InvalidType, InvalidId: As `Account`.
    """
    return Account(wallet, state)
