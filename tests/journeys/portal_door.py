"""Commands that nobody can give: they are refused where they are written down.

No portal ever hears of them, so they need no model; every one has the code it must be refused with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.journeys.portal_draw import Choice
from unitledger import credits as room
from unitledger import training
from unitledger.amounts import Credits, Units
from unitledger.errors import UnitLedgerError
from unitledger.ids import LotId, WalletId
from unitledger.time import Period

ONE = Credits.of(1)
NOTHING = Credits.of(0)
UNITS: Any = Units(parts=100)
CODE, LOT = "0" * 32, LotId("l0")
NOON = datetime(2026, 2, 1, 12)  # noqa: DTZ001 - on purpose

DOOR = "at the door"
"""What stands in a tally instead of a command's name."""

REFUSED: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("invalid_value", lambda: room.Allocate("first-aid", NOTHING)),
    ("invalid_value", lambda: room.MoveAllocation("first-aid", "first-aid", ONE)),
    ("invalid_value", lambda: room.Give("mia", "mia", "first-aid", ONE)),
    ("invalid_value", lambda: room.InviteAll((), "first-aid", "mia")),
    ("invalid_value", lambda: room.Subscribe("s0", ONE, Period.DAY)),
    ("invalid_value", lambda: room.Replenish("s0", -1)),
    ("invalid_value", lambda: room.ReportProgress("r1.1", 101)),
    ("invalid_type", lambda: room.Replenish("s0", True)),
    ("invalid_type", lambda: room.ReportProgress("r1.1", 9.5)),  # type: ignore[arg-type]
    ("invalid_type", lambda: room.Recall("mia", "first-aid", 1)),  # type: ignore[arg-type]
    ("invalid_type", lambda: room.InviteEach(["lea@"], "first-aid", "mia")),  # type: ignore[arg-type]
    ("invalid_type", lambda: room.WriteOff(Credits.of(0.5), "typo")),  # type: ignore[arg-type]
    ("invalid_id", lambda: room.Enrol("", "first-aid")),
    ("invalid_id", lambda: room.WriteBack("l0", ONE, "a reason\n")),  # type: ignore[arg-type]
    ("limit_exceeded", lambda: room.Lapse("s" * 101)),
    ("limit_exceeded", lambda: room.Purchase("p" * 121, ONE, "2026")),
    ("limit_exceeded", lambda: room.InviteAll(("lea@",) * 10_001, "first-aid", "mia")),
    ("wrong_unit", lambda: room.Grant("mia", "first-aid", UNITS)),
    ("wrong_unit", lambda: room.Forfeit("s0", WalletId("member/lea"))),
    ("naive_instant", lambda: room.Subscribe("s0", ONE, Period.YEAR, NOON)),
    ("negative_amount", lambda: room.Deallocate("first-aid", Credits.of(-1))),
    ("invalid_value", lambda: training.RegisterKeyCode("PLAIN-CODE")),
    ("invalid_value", lambda: training.EditKeyCode(CODE)),
    ("invalid_value", lambda: training.ReplaceKeyCode(CODE, CODE)),
    ("invalid_value", lambda: training.Distribute("a0", 1, ())),
    ("invalid_value", lambda: training.TakeBack("a0", 1, "lea", Units.of(0))),
    ("invalid_value", lambda: training.PlaceOrder("o0", "lea", ())),
    ("invalid_value", lambda: training.CaptureLine("o0", 0)),
    ("invalid_value", lambda: training.WithdrawLine("o0", 1, 0)),
    ("invalid_value", lambda: training.Repeat.yearly(2, 30)),
    ("invalid_value", lambda: training.NameDistributors("a0", frozenset())),
    ("invalid_type", lambda: training.AdjustPrice("o0", 1, 2)),  # type: ignore[arg-type]
    ("invalid_type", lambda: training.EditLastDay(LOT, WalletId("member/lea"), NOON)),
    ("wrong_unit", lambda: training.AdjustTotal(LOT, WalletId("pool"), Units.of(1))),
    ("limit_exceeded", lambda: training.AudienceRow(Units.of(1_000_000), "lea")),
)


def knocked(choice: Choice) -> str:
    """One of them is tried; gives the code it is refused with."""
    code, written = choice.of(REFUSED)
    with pytest.raises(UnitLedgerError) as heard:
        written()
    assert heard.value.code == code, heard.value
    return code
