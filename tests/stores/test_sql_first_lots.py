"""What comes with the locks is what would have been asked for: the same lots pay on every store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.stores.engines import KINDS, opened
from unitledger import (
    FIFO,
    Actor,
    Call,
    FixedClock,
    Ledger,
    MemoryStore,
    Policy,
    Role,
    Units,
)
from unitledger.accounts import member
from unitledger.commands import Receipt
from unitledger.errors import UnitLedgerError
from unitledger.ids import LotId
from unitledger.operations import EditExpiry, Issue, Spend
from unitledger.ports import Store
from unitledger.stores.sql import SqlStore
from unitledger.stores.sql.reading import FIRST

ADMIN = Actor.acting("admin", Role.ADMIN)
ANN = member("ann")
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module", params=KINDS)
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    with TemporaryDirectory(prefix="ul") as folder, opened(request.param, Path(folder)) as store:
        yield store


_AMOUNTS = (1, 7, 190, 3, 150)


def spend(number: int, units: int) -> Call:
    return Call(Spend(ANN, Units.of(units)), ADMIN, f"spend {number}")


def issue(lot: str, units: int) -> Call:
    return Call(Issue(LotId(lot), ANN, Units.of(units)), ADMIN, f"issue {lot}")


def answer(said: Receipt[Any] | UnitLedgerError) -> str:
    return f"{said.entry} {said.moves!r}" if isinstance(said, Receipt) else str(said)


def told(store: Store, portal: str, policy: Policy, lapsed: int, living: int) -> list[str]:
    """What is answered where some lots lapse after a day and others do not."""
    clock = FixedClock(START)
    ledger = Ledger(store, portal=portal, clock=clock, policy=policy)
    for lot in range(lapsed + living):
        ends = DAY if lot < lapsed else timedelta(days=30 + lot % 7)
        amount = Units.of(lot % 5 + 1)
        command = Issue(LotId(f"{lot:03}"), ANN, amount, expires=START + ends)
        ledger.execute(command, by=ADMIN, request=f"issue {lot}")
    clock.at = START + DAY
    said = [answer(ledger.execute_many([spend(n, units)])[0]) for n, units in enumerate(_AMOUNTS)]
    longer = EditExpiry(LotId("000"), ANN, START + 40 * DAY)
    for calls in (
        [spend(10, 20), spend(11, 20), Call(longer, ADMIN, "edit"), spend(12, 2), issue("b", 9)],
        [issue("c", 9), spend(13, 6), spend(14, 12), issue("d", 9), spend(15, 1)],
    ):
        said += [answer(one) for one in ledger.execute_many(calls)]
    assert ledger.audit().ok
    return said


@pytest.mark.parametrize("policy", [Policy(), Policy(burn_order=FIFO)], ids=["by expiry", "by age"])
@pytest.mark.parametrize(
    ("lapsed", "living"),
    [
        *((0, 1), (0, FIRST - 1), (0, FIRST), (0, FIRST + 1), (0, 2 * FIRST + 2)),
        *((1, FIRST - 2), (1, FIRST - 1), (1, FIRST), (FIRST - 1, 1), (FIRST, 0), (FIRST, 5)),
        (FIRST + 1, FIRST + 1),
    ],
)
def test_the_same_lots_pay(store: SqlStore, policy: Policy, lapsed: int, living: int) -> None:
    portal = f"{lapsed} {living} {policy.burn_order == FIFO}"
    assert told(store, portal, policy, lapsed, living) == told(
        MemoryStore(), portal, policy, lapsed, living
    )
