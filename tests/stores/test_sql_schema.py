"""The tables: what they refuse by themselves, how they are named, and which version they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, MetaData, String, Text, create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable

from tests.stores.engines import KINDS, opened
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.errors import InvalidType, InvalidValue, SchemaMismatch
from unitledger.ids import LotId
from unitledger.operations import Issue
from unitledger.stores.sql import (
    SCHEMA_VERSION,
    Retries,
    SqlStore,
    add_tables,
    create_all,
    protections,
)
from unitledger.stores.sql.statements import Statements

ADMIN = Actor.acting("admin", Role.ADMIN)
ANN = member("ann")


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    with opened(request.param, tmp_path) as made:
        Ledger(made).execute(Issue(LotId("a"), ANN, Units.of(5)), by=ADMIN, request="issue")
        yield made


def change(store: SqlStore, statement: str) -> None:
    with store.engine.begin() as connection:
        prefix = store.statements.tables.prefix
        connection.execute(text(statement.replace("T:", prefix)))


# What the tables refuse by themselves.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE T:journal SET text = 'other'",
        "UPDATE T:journal SET place = place + 1",
        "DELETE FROM T:journal",
        "DELETE FROM T:journal WHERE request = 'issue'",
    ],
)
def test_an_entry_is_never_changed(store: SqlStore, statement: str) -> None:
    with pytest.raises(DBAPIError, match="entries of the journal are never changed"):
        change(store, statement)
    assert Ledger(store).verify().entries == 1


def test_a_journal_is_not_emptied(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as store, pytest.raises(DBAPIError, match="never changed"):
        change(store, "TRUNCATE T:journal")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE T:cells SET free = -1, usable = -1", id="free below zero"),
        pytest.param("UPDATE T:cells SET held = -1", id="held below zero"),
        pytest.param("UPDATE T:cells SET spent = -1", id="spent below zero"),
        pytest.param("UPDATE T:cells SET void = -1", id="void below zero"),
        pytest.param("UPDATE T:cells SET expired = -1, usable = 499", id="expired below zero"),
        pytest.param("UPDATE T:cells SET issued = 1", id="issued above zero"),
        pytest.param("UPDATE T:cells SET free = free + 1", id="usable is another sum"),
        pytest.param("UPDATE T:cells SET live = 0", id="usable and not live"),
        pytest.param("UPDATE T:cells SET free = 0, usable = 0", id="live and not usable"),
        pytest.param("UPDATE T:heads SET sequence = -1", id="a head before the first"),
        pytest.param("INSERT INTO T:journal VALUES ('main', 0, 'r', 'h', 't')", id="place 0"),
        pytest.param("INSERT INTO T:journal VALUES ('main', 9, 'issue', 'h', 't')", id="again"),
        pytest.param("INSERT INTO T:lots VALUES ('main', 'a', 0, 't')", id="a lot twice"),
        pytest.param("UPDATE T:lots SET text = NULL", id="a lot without terms"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(store: SqlStore, statement: str) -> None:
    with pytest.raises(DBAPIError):
        change(store, statement)
    assert Ledger(store).audit().ok


def test_a_damaged_cell_is_found_by_an_audit(store: SqlStore) -> None:
    change(store, "UPDATE T:cells SET free = free + 1, usable = usable + 1")
    assert Ledger(store).audit().faults == (f"{ANN} does not hold of a what its entries say",)


def test_the_portal_is_in_every_key_and_columns_are_numbers_or_texts() -> None:
    tables = add_tables(MetaData())
    for table in tables.schema.metadata.tables.values():
        kinds = {type(column.type) for column in table.columns}
        assert kinds <= {BigInteger, String, Text}
        if table is tables.schema:
            continue
        assert next(iter(table.primary_key.columns)).name == "portal"
        for index in table.indexes:
            assert next(iter(index.columns)).name == "portal"


def test_constraints_have_names_by_one_convention() -> None:
    metadata = MetaData()
    add_tables(metadata, prefix="ul_")
    for table in metadata.tables.values():
        names = [*(one.name for one in table.constraints), *(one.name for one in table.indexes)]
        assert all(re.fullmatch(r"(pk|uq|ck|ix)_ul_[a-z_]+", str(name)) for name in names)
        assert len(set(names)) == len(names)
        assert all(len(str(name)) <= 63 for name in names)


# Prefixes.


@pytest.mark.parametrize("kind", KINDS)
def test_two_prefixes_are_two_stores(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as store:
        other = SqlStore(store.engine, prefix="other_")
        with store.engine.begin() as connection:
            create_all(connection, prefix="other_")
        Ledger(store).execute(Issue(LotId("a"), ANN, Units.of(5)), by=ADMIN, request="issue")
        assert Ledger(other).journal() == ()
        assert len(Ledger(store).journal()) == 1
        with store.engine.begin() as connection:
            add_tables(metadata := MetaData(), prefix="other_")
            metadata.drop_all(connection)
        assert not any(
            name.startswith("other_") for name in inspect(store.engine).get_table_names()
        )


@pytest.mark.parametrize("prefix", ["A_", "a-", "1a_", "a b", "x" * 25, 'a"', "é"])
def test_a_prefix_that_would_need_quotes_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidValue, match="of a-z, 0-9 and _"):
        add_tables(MetaData(), prefix=prefix)
    with pytest.raises(InvalidValue):
        protections("sqlite", prefix=prefix)


def test_a_prefix_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidType):
        add_tables(MetaData(), prefix=1)  # type: ignore[arg-type]


def test_a_prefix_may_be_as_long_as_this_or_nothing() -> None:
    assert add_tables(MetaData(), prefix="x" * 24).journal.name == "x" * 24 + "journal"
    assert add_tables(MetaData(), prefix="").journal.name == "journal"


# Versions.


def test_missing_tables_are_named(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(SchemaMismatch) as caught:
        Ledger(SqlStore(engine)).journal()
    assert caught.value.details == {
        "table": "unitledger_schema",
        "version": 0,
        "required": SCHEMA_VERSION,
    }
    assert str(caught.value).endswith("make them with create_all")
    engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("change_of", "way"),
    [(1, "install the release that made them"), (-SCHEMA_VERSION, "make them with create_all")],
)
def test_tables_of_another_version_are_named(
    kind: str, change_of: int, way: str, tmp_path: Path
) -> None:
    with opened(kind, tmp_path) as store:
        change(store, f"UPDATE T:schema SET version = version + {change_of}")
        prefix = store.statements.tables.prefix
        again = SqlStore(store.engine, prefix=prefix)
        with pytest.raises(SchemaMismatch, match=way):
            Ledger(again).journal()
        with store.engine.begin() as connection, pytest.raises(SchemaMismatch, match=way):
            create_all(connection, prefix=prefix)


@pytest.mark.parametrize("kind", KINDS)
def test_making_the_tables_again_changes_nothing(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as store:
        Ledger(store).execute(Issue(LotId("a"), ANN, Units.of(5)), by=ADMIN, request="issue")
        with store.engine.begin() as connection:
            create_all(connection, prefix=store.statements.tables.prefix)
        assert len(Ledger(store).journal()) == 1


def test_a_sqlite_file_writes_ahead_and_waits_for_the_disk(tmp_path: Path) -> None:
    retries = Retries(wait=timedelta(seconds=3))
    with opened("sqlite", tmp_path, retries=retries) as store, store.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    assert found == ["wal", 2, 3000]


def test_a_database_in_memory_is_refused() -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(InvalidValue, match="use MemoryStore"):
            SqlStore.open(url)


def test_something_else_than_an_engine_is_refused() -> None:
    with pytest.raises(InvalidType, match="an Engine"):
        SqlStore("sqlite:///x.db")  # type: ignore[arg-type]


# Engines that share a portal's rows out over machines.


def test_the_tables_and_statements_compile_for_cockroachdb() -> None:
    dialect, metadata = make_url("cockroachdb+psycopg://").get_dialect()(), MetaData()
    tables = add_tables(metadata)
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    assert all("COLLATE" not in one for one in made)
    for table in metadata.sorted_tables:
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect)).startswith("CREATE INDEX")
    statements = Statements(dialect, tables)
    assert "FOR UPDATE" in statements.locked(2).text
    assert "FOR SHARE" in statements.put_cell.text
    assert "nextval" in statements.add_entry.text
    assert protections("cockroachdb") == ()
