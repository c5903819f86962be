"""The conformance suite on SQLite and PostgreSQL: the tests that every store has to pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.stores.servers import shared
from unitledger.ids import PortalId, RequestId, WalletId
from unitledger.ports import Kept, Reading, Store, UnitOfWork
from unitledger.stores.sql import JoinedSqlStore, SqlStore
from unitledger.testing.conformance import StoreConformance


class HostsStore:
    """A host that gives every unit of work a transaction of its own, and commits it."""

    def __init__(self, store: SqlStore) -> None:
        self.engine = store.engine
        self.prefix = store.statements.tables.prefix

    @contextmanager
    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> Iterator[UnitOfWork]:
        with self.engine.begin() as connection:
            joined = JoinedSqlStore(connection, prefix=self.prefix)
            with joined.begin(portal, wallets, keys, requests, shared) as unit:
                yield unit

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        with self.engine.connect() as connection:
            return JoinedSqlStore(connection, prefix=self.prefix).kept(portal, request)

    @contextmanager
    def read(self, portal: PortalId, requests: Iterable[RequestId] = ()) -> Iterator[Reading]:
        with self.engine.connect() as connection:
            joined = JoinedSqlStore(connection, prefix=self.prefix)
            with joined.read(portal, requests) as reading:
                yield reading


class TestSqlite(StoreConformance):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> Iterator[None]:
        self.folder, self.made = tmp_path, list[SqlStore]()
        yield
        for store in self.made:
            store.engine.dispose()

    def fresh(self) -> Store:
        store = SqlStore.open(f"sqlite:///{self.folder}/{len(self.made)}.db")
        self.made.append(store)
        return store


class TestSqliteJoined(TestSqlite):
    def fresh(self) -> Store:
        store = super().fresh()
        assert isinstance(store, SqlStore)
        return HostsStore(store)


class TestPostgresql(StoreConformance):
    """Every store has tables of its own in one database."""

    names = count()

    @pytest.fixture(autouse=True)
    def _tables(self) -> Iterator[None]:
        self.url, self.made = shared(), list[SqlStore]()
        yield
        for store in self.made:
            store.engine.dispose()

    def fresh(self) -> Store:
        store = SqlStore.open(self.url, prefix=f"t{next(self.names)}_")
        self.made.append(store)
        return store


class TestPostgresqlJoined(TestPostgresql):
    def fresh(self) -> Store:
        store = super().fresh()
        assert isinstance(store, SqlStore)
        return HostsStore(store)
