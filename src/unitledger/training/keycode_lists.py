"""The list of key codes, as creators and contacts look at it: what can be used, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import final

import attrs

from unitledger.amounts import Units
from unitledger.ids import WalletId
from unitledger.indexes import every
from unitledger.lots import Lot
from unitledger.ports import Reading
from unitledger.tables import Table
from unitledger.training.codereports import KeyCodeReport, KeyCodeRow, key_code_rows
from unitledger.training.keycodes import KeyCodeState, RegisteredKeyCode
from unitledger.training.reports import LotFigures
from unitledger.values import Value

__all__ = [
    "KeyCodeStanding",
    "ListedKeyCode",
    "LotStanding",
    "listed_key_codes",
    "lot_standing",
]


@final
class LotStanding(StrEnum):
    """Where a lot stands at an instant; nothing of it is stored.

    Source: TU-072, TU-108.
    """

    PENDING = "pending"
    """Its units can be used later."""
    OPEN = "open"
    """Some of its units can be used, or come back when nobody approves what holds them."""
    COMPLETED = "completed"
    """Nothing of it is left."""
    EXPIRED = "expired"
    """What was left of it has lapsed."""

    def __repr__(self) -> str:
        return f"LotStanding.{self.name}"


@final
class KeyCodeStanding(StrEnum):
    """Where a key code stands for somebody at an instant; nothing of it is stored but two."""

    ISSUED = "issued"
    """There is nothing behind it yet."""
    USABLE = "usable"
    """Something behind it can be used, and is meant for them."""
    EXHAUSTED = "exhausted"
    """Nothing behind it can be used by them, and nothing has lapsed."""
    EXPIRED = "expired"
    """Nothing behind it can be used by them, and something has lapsed."""
    SUSPENDED = "suspended"
    """It pays for nobody until it is opened again."""

    def __repr__(self) -> str:
        return f"KeyCodeStanding.{self.name}"


@final
@attrs.frozen
class ListedKeyCode(Value):
    """A key code with the lots behind it.

    Attributes:
        code: What is registered about it.
        standing: Where it stands for whom the list was made.
        rows: What became of the lots behind it, in order of acquired instant and id.

    Source: TU-108 to TU-110.
    """

    code: RegisteredKeyCode
    standing: KeyCodeStanding
    rows: tuple[KeyCodeRow, ...]

    @property
    def available(self) -> Units:
        """How much can be used behind it, by anybody."""
        return Units.total(row.available for row in self.rows)

    def table(self) -> Table:
        """What became of each lot."""
        return KeyCodeReport(self.rows).table()

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def lot_standing(row: KeyCodeRow) -> LotStanding:
    """Where a lot behind a key code stands.

    Source: TU-108.
    """
    if row.available or row.held:
        return LotStanding.OPEN
    if row.pending:
        return LotStanding.PENDING
    return LotStanding.EXPIRED if row.expired else LotStanding.COMPLETED


def listed_key_codes(
    reading: Reading,
    lots: Callable[[WalletId], Iterable[LotFigures]],
    *,
    contact: str | None = None,
    groups: frozenset[str] | None = None,
    finished: bool = False,
) -> tuple[ListedKeyCode, ...]:
    """The key codes of a portal, in order of id.

    Lots that are completed or expired, and codes behind which there are no others, are left out
    unless they are asked for. A code that was replaced is no longer there; its lots stand with the
    one that replaced it.

    Args:
        reading: Where their records are.
        lots: What a wallet has of every lot, at the instant of the list.
        contact: Only the codes of this contact; ``None`` is every code.
        groups: Whose standing is meant: their own id and the groups they are in; ``None`` is
            anybody's.
        finished: Whether what is completed or expired is listed too.

    Source: TU-008, TU-107 to TU-110.
    """
    listed = []
    for code in _codes(reading):
        if contact is None or contact in code.contacts:
            rows = tuple(key_code_rows(reading, (code.id,), lots))
            shown = tuple([row for row in rows if finished or not _finished(row)])
            if shown or not rows:
                standing = _standing(code, tuple(lots(code.wallet)), groups)
                listed.append(ListedKeyCode(code, standing, shown))
    return tuple(sorted(listed, key=lambda one: one.code.id))


def _codes(reading: Reading) -> Iterator[RegisteredKeyCode]:
    """Every key code that was not replaced."""
    for state in (KeyCodeState.OPEN, KeyCodeState.SUSPENDED):
        yield from every(reading, RegisteredKeyCode, "state", state.value)


def _finished(row: KeyCodeRow) -> bool:
    return lot_standing(row) in (LotStanding.COMPLETED, LotStanding.EXPIRED)


def _standing(
    code: RegisteredKeyCode, lines: tuple[LotFigures, ...], groups: frozenset[str] | None
) -> KeyCodeStanding:
    if code.state is KeyCodeState.SUSPENDED:
        return KeyCodeStanding.SUSPENDED
    if not lines:
        return KeyCodeStanding.ISSUED
    theirs = groups is None or not code.audience or not code.audience.isdisjoint(groups)
    if theirs and any(line.available and _meant(line.lot, groups) for line in lines):
        return KeyCodeStanding.USABLE
    expired = any(line.expired for line in lines)
    return KeyCodeStanding.EXPIRED if expired else KeyCodeStanding.EXHAUSTED


def _meant(lot: Lot, groups: frozenset[str] | None) -> bool:
    """Whether a lot is for somebody in these groups."""
    if groups is None or lot.scope is None or not lot.scope.audience:
        return True
    return not lot.scope.audience.isdisjoint(groups)
