"""What the past costs to ask, and what checkpoints may never change about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, inspect, select, text, update

from tests.stores.engines import KINDS, opened
from tests.stores.test_sql_history import told
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.balances import Balance
from unitledger.ids import LotId, PortalId, WalletId
from unitledger.operations import Hold, Issue, Spend
from unitledger.ports import Kept
from unitledger.restore import restore
from unitledger.statements import Statement
from unitledger.stores.memory import MemoryStore
from unitledger.stores.sql import SqlStore, upgrade
from unitledger.stores.sql.wires import DriverWire, PipelineWire
from unitledger.time import FixedClock, parse_instant

START = parse_instant("2026-01-01T00:00:00Z")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ADMIN = Actor.acting("admin", Role.ADMIN)
ANN = member("ann")
MAIN = PortalId("main")
EVERY = 16
"""How many entries of a wallet lie between two checkpoints here."""

Asked = tuple[list[Balance], list[Statement]]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    with opened(request.param, tmp_path) as made:
        yield made


def asked(store: Any) -> Asked:
    """Balances and statements of every wallet, from and to instants all over the past."""
    ledger = Ledger(store, clock=FixedClock(START + 400 * DAY))
    with store.read(MAIN) as reading:
        wallets = list(reading.wallets())
    days = [START + day * DAY for day in range(-1, 51, 13)]
    bounds = [(None, None), *((since, None) for since in days), *((None, until) for until in days)]
    bounds += [(since, since + 15 * DAY) for since in days] + [(START + DAY, START + DAY)]
    return (
        [ledger.balance(wallet, at=at) for wallet in wallets for at in days],
        [ledger.statement(w, since=a, until=b) for w in wallets for a, b in bounds],
    )


@cache
def model() -> tuple[tuple[Kept, ...], Asked]:
    """A journal of every kind of entry, and all that the memory store says of its past."""
    store = MemoryStore()
    told([store])
    return Ledger(store).journal(), asked(store)


# What never changes.


def changed(store: SqlStore, change: Callable[[str], str]) -> int:
    """Write every checkpoint otherwise; returns how many there are."""
    table = store.statements.tables.checkpoints
    with store.engine.begin() as connection:
        rows = connection.execute(select(table)).all()
        for row in rows:
            here = [
                table.c[name] == getattr(row, name) for name in ("portal", "wallet", "sequence")
            ]
            said = update(table).where(*here).values(text=change(row.text))
            connection.execute(said)
    return len(rows)


def richer(said: str) -> str:
    """A checkpoint that has more than was there, digest as it was."""
    document = json.loads(said[64:])
    document["cells"] = {lot: [9, 9, 9, 9, 9, 9] for lot in document["cells"]}
    return said[:64] + json.dumps(document)


def of_another_version(said: str) -> str:
    """A checkpoint of another format, sound by its own rules."""
    body = said[64:].replace('"cells"', '"rows"')
    return sha256(f"unitledger/checkpoint/0\n{body}".encode()).hexdigest() + body


_DAMAGE: dict[str, Callable[[str], str]] = {
    "richer": richer,
    "of another version": of_another_version,
    "of the first release": lambda said: said[64:],
    "cut off": lambda said: said[:-9],
    "empty": lambda _: "",
    "no JSON": lambda said: said[:64] + "nothing",
}


@pytest.mark.parametrize("damage", _DAMAGE)
def test_a_damaged_checkpoint_is_as_good_as_none(damage: str, store: SqlStore) -> None:
    entries, expected = model()
    restore(store, entries)
    assert store.remember(MAIN, every=3) > 3
    assert changed(store, _DAMAGE[damage]) > 3
    assert asked(store) == expected
    assert store.remember(MAIN, every=3) > 3, "they are made anew"
    assert asked(store) == expected


def test_balances_and_statements_are_the_same_with_any_checkpoints(store: SqlStore) -> None:
    """None, few, many, those of an earlier time, and none again."""
    both = [store, MemoryStore()]
    told(both, turns=30)
    assert store.remember(MAIN, every=3) > 3
    told(both, seed=8, turns=60)
    expected = asked(both[1])
    assert any(one.lines for one in expected[1])
    assert asked(store) == expected, "checkpoints of an earlier time"
    store.remember(MAIN, every=1)
    assert asked(store) == expected
    table = store.statements.tables.checkpoints
    with store.engine.begin() as connection:
        connection.execute(delete(table).where(table.c.sequence % 2 == 0))
    assert asked(store) == expected, "some were dropped"
    store.forget()
    assert asked(store) == expected


def test_a_checkpoint_of_another_wallet_or_entry_does_not_fit(store: SqlStore) -> None:
    """Moved to another wallet, or behind another entry, it says nothing."""
    entries, expected = model()
    restore(store, entries)
    assert store.remember(MAIN, every=1) > 9
    table = store.statements.tables.checkpoints
    said = select(table.c.text).where(table.c.sequence == 2).limit(1)
    with store.engine.begin() as connection:
        moved = connection.execute(said).scalar_one()
        connection.execute(update(table).values(text=moved))
    assert asked(store) == expected


# What it costs.


class Costs:
    """How many rows came, and how many steps the engine took where it says so."""

    def __init__(self) -> None:
        self.rows = 0
        self.steps = 0


@contextmanager
def counted(store: SqlStore) -> Iterator[Costs]:
    """Count what is read on a store's connections while this lasts."""
    costs = Costs()

    def step() -> None:
        costs.steps += 1

    def watch(driver: Any, *_: Any) -> None:
        if hasattr(driver, "set_progress_handler"):
            driver.set_progress_handler(step, 1)

    with pytest.MonkeyPatch.context() as patch:
        for wire in (DriverWire, PipelineWire):
            patch.setattr(wire, "ask", _counting(wire.ask, costs))
        store.engine.dispose()
        event.listen(store.engine, "checkout", watch)
        yield costs
        event.remove(store.engine, "checkout", watch)
    store.engine.dispose()


def _counting(ask: Callable[..., Any], costs: Costs) -> Callable[..., Any]:
    def counting(*given: Any) -> Any:
        rows = ask(*given)
        costs.rows += len(rows)
        return rows

    return counting


@cache
def journal(hours: int) -> tuple[Kept, ...]:
    """Hour after hour, one entry of Ann's and one of somebody else's."""
    clock = FixedClock(START)
    ledger = Ledger(MemoryStore(), clock=clock)
    for wallet in _people():
        issue = Issue(LotId(wallet[7:]), wallet, Units.of(9999))
        ledger.execute(issue, by=ADMIN, request=f"i {wallet}")
    for hour in range(hours):
        clock.at = START + hour * HOUR
        other = _people()[hour % 5 + 1]
        ledger.execute(Spend(ANN, Units.of(1)), by=ADMIN, request=f"a{hour}")
        hold = Hold(other, Units.of(1), clock.at + 2 * DAY)
        ledger.execute(hold, by=ADMIN, request=f"o{hour}")
    return ledger.journal()


@contextmanager
def filled(kind: str, folder: Path, hours: int) -> Iterator[SqlStore]:
    """A store with the journal of so many hours."""
    with opened(kind, folder) as store:
        restore(store, journal(hours))
        yield store


def _people() -> list[WalletId]:
    return [ANN, *(member(f"m{number}") for number in range(5))]


def question_costs(store: SqlStore, at: datetime) -> tuple[Costs, Costs]:
    """What one balance and the statement of one day cost."""
    ledger = Ledger(store, clock=FixedClock(START + 400 * DAY))
    hours = (at - START) // HOUR
    with counted(store) as of_balance:
        assert ledger.balance(ANN, at=at).spent == Units.of(hours + 1)
    with counted(store) as of_statement:
        lines = ledger.statement(ANN, since=at, until=at + DAY).lines
    assert [line.spent for line in lines] == [100 * (hours + n) for n in range(1, 25)]
    return of_balance, of_statement


SHORT, LONG = 96, 960
"""How many hours two journals are long."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_past_costs_the_same_in_a_journal_ten_times_as_long(kind: str, tmp_path: Path) -> None:
    """Rows on every engine; steps of SQLite too, which see what is looked at and not fetched."""
    early = START + 30 * HOUR
    with filled(kind, tmp_path, SHORT) as store:
        store.remember(MAIN, every=EVERY)
        shorts = question_costs(store, early)
    with filled(kind, tmp_path, LONG) as store:
        store.remember(MAIN, every=EVERY)
        for at in (early, START + LONG // 2 * HOUR, START + (LONG - 30) * HOUR):
            for short, long in zip(shorts, question_costs(store, at), strict=True):
                assert 0 < long.rows <= short.rows + EVERY, at
                assert long.rows < 2 * EVERY + 24 + 64 + 20
                assert long.steps <= 1.5 * short.steps, at
        ledger = Ledger(store, clock=FixedClock(START + 400 * DAY))
        with counted(store) as costs:
            lines = ledger.statement(ANN, since=START + (LONG - 24) * HOUR).lines
        assert len(lines) == 24
        assert costs.rows <= shorts[1].rows + EVERY


@pytest.mark.parametrize("kind", KINDS)
def test_without_checkpoints_the_past_costs_what_the_wallet_ever_did(
    kind: str, tmp_path: Path
) -> None:
    """The control of the test above: the same answers, for more."""
    with filled(kind, tmp_path, SHORT) as store:
        shorts = question_costs(store, START + 30 * HOUR)
    with filled(kind, tmp_path, LONG) as store:
        longs = question_costs(store, START + (LONG - 30) * HOUR)
    for short, long in zip(shorts, longs, strict=True):
        assert long.rows > 5 * short.rows


@pytest.mark.parametrize("kind", KINDS)
def test_an_early_instant_does_not_read_what_came_later(kind: str, tmp_path: Path) -> None:
    """Without a checkpoint either: a page at the most lies behind the instant."""
    with filled(kind, tmp_path, LONG) as store:
        ledger = Ledger(store, clock=FixedClock(START + 400 * DAY))
        with counted(store) as costs:
            assert len(ledger.statement(ANN, until=START + 10 * HOUR).lines) == 11
    assert costs.rows <= 64 + 5


# Tables of the version before.


def test_checkpoints_of_the_version_before_are_dropped(store: SqlStore) -> None:
    entries, expected = model()
    restore(store, entries)
    tables = store.statements.tables
    store.remember(MAIN, every=2)
    (index,) = tables.checkpoints.indexes
    with store.engine.begin() as connection:
        index.drop(connection)
        connection.execute(text(f"UPDATE {tables.schema.name} SET version = 2"))
    with store.engine.begin() as connection:
        assert upgrade(connection, prefix=tables.prefix) == 2
        assert not connection.execute(select(tables.checkpoints)).all()
    names = {one["name"] for one in inspect(store.engine).get_indexes(tables.checkpoints.name)}
    assert index.name in names
    again = SqlStore(store.engine, prefix=tables.prefix)
    assert asked(again) == expected
