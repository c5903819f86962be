"""Wallets, states and accounts: where units can be.

A wallet is whoever holds lots. Its id says what it is: ``pool``, ``course/C``, ``manager/M/C``,
``batch/A/n/row`` (issued, not yet distributed), ``member/U``, ``keycode/K``. An account is a wallet
and a state; a cell is what one account holds of one lot.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias, final

import attrs

from unitledger.amounts import Credits, Units
from unitledger.errors import InvalidId, InvalidType, InvalidValue, shown
from unitledger.ids import WalletId, check_id
from unitledger.values import Value

__all__ = [
    "EMPTY_CELLS",
    "MAX_WALLET_LENGTH",
    "Account",
    "Cells",
    "State",
    "batch",
    "check_wallet",
    "course",
    "keycode",
    "manager",
    "member",
    "pool",
    "wallet_parts",
    "wallet_unit",
]

MAX_WALLET_LENGTH = 3 * 3 * 128 + 64
"""Longer than any wallet id that the constructors below can make."""

_SHAPES: dict[str, tuple[int, type[Credits] | type[Units]]] = {
    "pool": (0, Credits),
    "course": (1, Credits),
    "manager": (2, Credits),
    "batch": (3, Units),
    "member": (1, Units),
    "keycode": (1, Units),
}


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
        if type(value) is not int or not 1 <= value <= 10**9:
            raise InvalidValue(name, shown(value), "an int from 1 on")
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


def wallet_unit(wallet: str) -> type[Credits] | type[Units]:
    """The unit a wallet holds: credits or training units, by its kind alone."""
    return _SHAPES[wallet.partition("/")[0]][1]


def check_wallet(wallet: str, field: str = "wallet") -> WalletId:
    """The same text, when it is a wallet id in its one canonical form.

    Raises:
        InvalidType: Not exactly a ``str``.
        InvalidId: No wallet has such an id.
    """
    if type(wallet) is not str:
        raise InvalidType(field, shown(wallet), "str")
    if len(wallet) > MAX_WALLET_LENGTH:
        raise InvalidId(field, shown(wallet))
    kind, *parts = wallet_parts(wallet)
    shape = _SHAPES.get(kind)
    if shape is None or len(parts) != shape[0]:
        raise InvalidId(field, shown(wallet))
    for part in parts:
        check_id(part, field)
    if kind == "batch" and not all(part.isdigit() and part[0] != "0" for part in parts[1:]):
        raise InvalidId(field, shown(wallet))
    if "/".join((kind, *map(_quoted, parts))) != wallet:
        raise InvalidId(field, shown(wallet))
    return WalletId(wallet)


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
        if type(self.wallet) is not str or not self.wallet:
            raise InvalidType("wallet", shown(self.wallet), "a wallet id")
        if type(self.state) is not State:
            raise InvalidType("state", shown(self.state), "State")

    def __str__(self) -> str:
        return f"{self.wallet} {self.state.name}"
