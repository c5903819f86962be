"""The past of a wallet, the outbox, addresses, and tables of an earlier version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, inspect, text

from tests.scripts import Story
from tests.stores.engines import KINDS, opened
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.commands import Entry
from unitledger.credits import SendInvite, address_digest
from unitledger.errors import InvalidType, InvalidValue, SchemaMismatch, UnitLedgerError
from unitledger.ids import LotId, PortalId
from unitledger.journal import entry_of
from unitledger.operations import Issue, Spend
from unitledger.ports import Kept, Remembering
from unitledger.stores.memory import MemoryStore
from unitledger.stores.sql import (
    SCHEMA_VERSION,
    Addresses,
    JoinedSqlStore,
    Outbox,
    SqlStore,
    create_all,
    upgrade,
)
from unitledger.time import FixedClock, parse_instant

START = parse_instant("2026-01-01T00:00:00Z")
DAY = timedelta(days=1)
ADMIN = Actor.acting("admin", Role.ADMIN)
ANN = member("ann")
MAIN = PortalId("main")
NEW_IN_2 = ("touches", "terms", "checkpoints", "outbox", "addresses")


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    with opened(request.param, tmp_path) as made:
        yield made


def ledger_at(store: Any, at: datetime) -> Ledger:
    return Ledger(store, clock=FixedClock(at))


def told(stores: list[Any], seed: int = 5, turns: int = 90) -> None:
    """The same random story, told to each store: holds, expiry edits, transfers, sweeps."""
    story = Story(seed)
    for number in range(turns):
        now = number / 2
        command = story.next(number, now)
        for store in stores:
            try:
                ledger_at(store, START + now * DAY).execute(command, by=ADMIN, request=f"r{number}")
            except UnitLedgerError:
                continue


def pasts(store: Any) -> list[Any]:
    """Every wallet at every fifth day, in one ledger whose clock stands behind all of it."""
    ledger = ledger_at(store, START + 400 * DAY)
    with store.read(MAIN) as reading:
        wallets = list(reading.wallets())
    days = [START + day * DAY for day in range(-1, 50, 5)]
    return [ledger.balance(wallet, at=at) for wallet in wallets for at in days]


# Balances of the past.


@pytest.mark.parametrize("seed", [5, 6])
def test_the_past_is_the_same_as_by_folding_the_journal(store: SqlStore, seed: int) -> None:
    """With checkpoints behind every entry, behind every seventh, and with none at all."""
    model = MemoryStore()
    told([store, model], seed)
    expected = pasts(model)
    assert any(balance.available.parts for balance in expected)
    assert pasts(store) == expected
    assert store.remember(MAIN, every=7) > 3
    assert pasts(store) == expected
    assert store.remember(MAIN, every=1) > 3
    assert pasts(store) == expected
    assert store.remember(MAIN, every=1) == 0
    store.forget()
    assert pasts(store) == expected


def test_a_past_balance_reads_no_more_than_lies_behind_a_checkpoint(tmp_path: Path) -> None:
    with opened("sqlite", tmp_path) as store:
        ledger = ledger_at(store, START)
        ledger.execute(Issue(LotId("a"), ANN, Units.of(500)), by=ADMIN, request="issue")
        for number in range(100):
            ledger_at(store, START + number * DAY).execute(
                Spend(ANN, Units.of(1)), by=ADMIN, request=f"r{number}"
            )
        assert store.remember(MAIN, every=10) == 10
        behind = _entries_read(store, START + 94 * DAY)
        store.forget()
        assert behind == (6, 96)


class Counted:
    """Reads entries and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, kept: Kept) -> Entry:
        self.count += 1
        return entry_of(kept)


def _entries_read(store: SqlStore, at: datetime) -> tuple[int, int]:
    """How many entries a balance reads with checkpoints, and without them."""
    later, found = START + 400 * DAY, list[int]()
    for _ in range(2):
        counted = Counted()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("unitledger.stores.sql.history.entry_of", counted)
            assert ledger_at(store, later).balance(ANN, at=at).spent == Units.of(95)
        found.append(counted.count)
        store.forget()
    return found[0], found[1]


def test_a_reading_of_ours_remembers(store: SqlStore) -> None:
    with store.read(MAIN) as reading, MemoryStore().read(MAIN) as other:
        assert isinstance(reading, Remembering)
        assert not isinstance(other, Remembering)


@pytest.mark.parametrize("every", [0, -1, True, 2.0])
def test_checkpoints_are_at_least_one_entry_apart(every: Any, tmp_path: Path) -> None:
    with opened("sqlite", tmp_path) as store, pytest.raises(InvalidValue, match="1 or more"):
        store.remember(MAIN, every=every)


# The outbox.


def issue(store: SqlStore, name: str) -> str:
    command = Issue(LotId(name), ANN, Units.of(5))
    return Ledger(store).execute(command, by=ADMIN, request=name).entry


def test_events_are_the_entries_written_since_it_was_opened(store: SqlStore) -> None:
    issue(store, "before")
    outbox = Outbox(store)
    outbox.open()
    outbox.open()
    written = [issue(store, "a"), issue(store, "b")]
    assert outbox.waiting(MAIN) == 2
    assert outbox.waiting(PortalId("other")) == 0
    events = list(outbox.events(MAIN))
    assert [event.id for event in events] == written
    assert [event.entry.request for event in events] == ["a", "b"]
    assert outbox.waiting(MAIN) == 0
    assert list(outbox.events(MAIN)) == []
    outbox.close()
    outbox.close()
    issue(store, "behind")
    assert outbox.waiting(MAIN) == 0


def test_an_event_that_was_not_dealt_with_is_told_again(store: SqlStore) -> None:
    outbox = Outbox(store)
    outbox.open()
    for name in "abc":
        issue(store, name)
    seen = list[str]()
    for told_now in outbox.events(MAIN):
        seen.append(told_now.entry.request)
        if len(seen) == 2:
            break
    assert outbox.waiting(MAIN) == 2
    assert [one.entry.request for one in outbox.events(MAIN, limit=1)] == ["b"]
    assert [one.entry.request for one in outbox.events(MAIN)] == ["c"]


def test_what_was_taken_back_is_not_told(store: SqlStore) -> None:
    outbox = Outbox(store)
    outbox.open()
    with pytest.raises(UnitLedgerError):
        Ledger(store).execute(Spend(ANN, Units.of(5)), by=ADMIN, request="no")
    with store.engine.connect() as connection:
        joined = JoinedSqlStore(connection, prefix=store.statements.tables.prefix)
        command = Issue(LotId("a"), ANN, Units.of(5))
        Ledger(joined).execute(command, by=ADMIN, request="a")
        connection.rollback()
    assert outbox.waiting(MAIN) == 0


def test_an_outbox_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidType):
        Outbox(MemoryStore())  # type: ignore[arg-type]
    with opened("sqlite", tmp_path) as store, pytest.raises(InvalidValue):
        list(Outbox(store).events(MAIN, limit=0))


# Addresses.


def test_an_address_is_erased_and_every_chain_holds(store: SqlStore) -> None:
    reference = address_digest("leo@example.org", b"a key of the host's own")
    prefix = store.statements.tables.prefix
    with store.engine.begin() as connection:
        book = Addresses(connection, MAIN, prefix=prefix)
        assert book.find(reference) is None
        book.keep(reference, "leo@example.com")
        book.keep(reference, "leo@example.org")
        Addresses(connection, "other", prefix=prefix).keep(reference, "other@example.org")
    command = SendInvite(reference, "forklift", "mia")
    with pytest.raises(UnitLedgerError):
        Ledger(store).execute(command, by=ADMIN, request="invite")
    issue(store, "a")
    before = Ledger(store).journal()
    with store.engine.begin() as connection:
        book = Addresses(connection, MAIN, prefix=prefix)
        assert book.find(reference) == "leo@example.org"
        assert book.erase(reference)
        assert not book.erase(reference)
        assert book.find(reference) is None
        assert Addresses(connection, "other", prefix=prefix).find(reference) is not None
    assert Ledger(store).journal() == before
    assert Ledger(store).verify().ok


@pytest.mark.parametrize("address", ["", "x" * 321, None])
def test_an_address_that_cannot_be_one_is_refused(address: Any, tmp_path: Path) -> None:
    with opened("sqlite", tmp_path) as store, store.engine.begin() as connection:
        book = Addresses(connection, MAIN, prefix=store.statements.tables.prefix)
        with pytest.raises(InvalidValue) as caught:
            book.keep("r", address)
        assert "x" * 9 not in str(caught.value)
        book.keep("r", "x" * 320)
    with pytest.raises(InvalidType):
        Addresses(store.engine, MAIN)  # type: ignore[arg-type]


# Tables of an earlier version.


def aged(store: SqlStore) -> str:
    """Make the tables what the first version had, with everything in them; returns the prefix."""
    prefix = store.statements.tables.prefix
    with store.engine.begin() as connection:
        for name in NEW_IN_2:
            connection.execute(text(f"DROP TABLE {prefix}{name}"))
        connection.execute(text(f"UPDATE {prefix}schema SET version = 1"))
    return prefix


def test_tables_of_the_first_version_are_upgraded_with_their_data(store: SqlStore) -> None:
    model = MemoryStore()
    told([store, model])
    expected, journal = pasts(model), Ledger(store).journal()
    prefix = aged(store)
    again = SqlStore(store.engine, prefix=prefix)
    with pytest.raises(SchemaMismatch, match="upgrade them") as caught:
        Ledger(again).journal()
    assert (caught.value.version, caught.value.required) == (1, SCHEMA_VERSION)
    with store.engine.begin() as connection:
        with pytest.raises(SchemaMismatch):
            create_all(connection, prefix=prefix)
        assert upgrade(connection, prefix=prefix) == 1
    with store.engine.begin() as connection:
        assert upgrade(connection, prefix=prefix) == SCHEMA_VERSION
    assert Ledger(again).journal() == journal
    assert Ledger(again).audit().ok
    assert pasts(again) == expected
    told([again, model], seed=8)
    assert pasts(again) == pasts(model)


def test_an_upgrade_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as store:
        issue(store, "a")
        prefix = aged(store)

        def stop(_: Any, __: Any, statement: str, *___: Any) -> None:
            if f"INSERT INTO {prefix}terms" in statement:
                raise KeyboardInterrupt

        event.listen(store.engine, "before_cursor_execute", stop)
        with pytest.raises(KeyboardInterrupt), store.engine.begin() as connection:
            upgrade(connection, prefix=prefix)
        event.remove(store.engine, "before_cursor_execute", stop)
        assert f"{prefix}touches" not in inspect(store.engine).get_table_names()
        with store.engine.begin() as connection:
            assert upgrade(connection, prefix=prefix) == 1


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, -1])
def test_tables_that_no_step_leads_from_are_refused(version: int, tmp_path: Path) -> None:
    with opened("sqlite", tmp_path) as store, store.engine.begin() as connection:
        prefix = store.statements.tables.prefix
        connection.execute(text(f"UPDATE {prefix}schema SET version = {version}"))
        with pytest.raises(SchemaMismatch):
            upgrade(connection, prefix=prefix)
        with pytest.raises(SchemaMismatch):
            upgrade(connection, prefix="none_")
