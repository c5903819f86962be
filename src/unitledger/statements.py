"""Statements: what happened to a wallet, entry by entry, as an account holder reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import final

import attrs

from unitledger.accounts import EMPTY_CELLS, Cells, State, wallet_unit
from unitledger.commands import Entry
from unitledger.ids import LotId, RequestId, WalletId
from unitledger.journal import entry_of
from unitledger.ports import Passage
from unitledger.tables import Table
from unitledger.time import minute_text
from unitledger.values import Value

__all__ = ["Statement", "StatementLine", "statement_lines"]


@final
@attrs.frozen
class StatementLine(Value):
    """What one entry did to one wallet.

    Attributes:
        at: The instant it counts for (UTC).
        request: The request id.
        command: The command's name.
        moved: Verb, lot and parts of every move that touched the wallet; parts that left it for
            another wallet are below zero.
        usable: FREE and EXPIRED parts together after it.
        held: HELD parts after it.
        spent: SPENT parts after it.
    """

    at: datetime
    request: RequestId
    command: str
    moved: tuple[tuple[str, LotId, int], ...]
    usable: int
    held: int
    spent: int


@final
@attrs.frozen
class Statement(Value):
    """What happened to a wallet, entry by entry.

    Attributes:
        wallet: The wallet.
        lines: One line per entry that moved something in it, in the order written.
    """

    wallet: WalletId
    lines: tuple[StatementLine, ...]

    def table(self) -> Table:
        """The statement as a table; units that left for another wallet stand with a minus."""
        unit = wallet_unit(self.wallet)
        rows = tuple(
            (
                minute_text(line.at),
                line.request,
                line.command,
                ", ".join(
                    f"{verb} {'−' if parts < 0 else ''}{unit(parts=abs(parts)).text} of {lot}"
                    for verb, lot, parts in line.moved
                ),
                *(unit(parts=parts).text for parts in (line.usable, line.held, line.spent)),
            )
            for line in self.lines
        )
        heads = ("at (UTC)", "request", "command", "moves", ">free or expired", ">held", ">spent")
        return Table(f"Statement of {self.wallet}, in {unit.UNIT}", heads, rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def statement_lines(
    passage: Passage, wallet: WalletId, *, since: datetime | None, until: datetime | None
) -> Iterator[StatementLine]:
    """The line of every entry of a passage that moved something in a wallet, in its order.

    Args:
        passage: Entries, of whatever wallets, and what the wallet had before the first of them.
        wallet: The wallet.
        since: The first instant to show (UTC); ``None`` is the beginning.
        until: The first instant not to show; ``None`` is no end.
    """
    standing = _Standing.of(passage.before.values())
    for entry in map(entry_of, passage.entries):
        standing.apply(entry, wallet)
        begun = since is None or entry.at >= since
        if begun and (until is None or entry.at < until):
            moved = _moved(entry, wallet)
            if moved:
                yield standing.line(entry, moved)


def _moved(entry: Entry, wallet: WalletId) -> tuple[tuple[str, LotId, int], ...]:
    found: list[tuple[str, LotId, int]] = []
    for move in entry.moves:
        source, target = move.source.wallet, move.target.wallet
        if target == wallet:
            found.append((move.verb, move.lot, move.parts))
        elif source == wallet:
            found.append((move.verb, move.lot, -move.parts))
    return tuple(found)


@final
@attrs.define
class _Standing:
    """What a wallet has of all lots together, by state, entry after entry."""

    parts: list[int]

    @classmethod
    def of(cls, rows: Iterable[Cells]) -> _Standing:
        return cls([sum(column) for column in zip(EMPTY_CELLS, *rows, strict=True)])

    def apply(self, entry: Entry, wallet: WalletId) -> None:
        for move in entry.moves:
            for end, parts in ((move.source, -move.parts), (move.target, move.parts)):
                if end.wallet == wallet:
                    self.parts[end.state] += parts

    def line(self, entry: Entry, moved: tuple[tuple[str, LotId, int], ...]) -> StatementLine:
        usable = self.parts[State.FREE] + self.parts[State.EXPIRED]
        held, spent = self.parts[State.HELD], self.parts[State.SPENT]
        name = entry.command.NAME
        return StatementLine(entry.at, entry.request, name, moved, usable, held, spent)
