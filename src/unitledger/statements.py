"""Statements: what happened to a wallet, entry by entry, as an account holder reads it."""

from __future__ import annotations

from datetime import datetime
from typing import final

import attrs

from unitledger.accounts import wallet_unit
from unitledger.ids import LotId, RequestId, WalletId
from unitledger.tables import Table
from unitledger.time import minute_text
from unitledger.values import Value

__all__ = ["Statement", "StatementLine"]


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
