"""The conformance suite on SQLite and PostgreSQL: the tests that every store has to pass."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.stores.servers import shared
from unitledger.ports import Store
from unitledger.stores.sql import SqlStore
from unitledger.testing.conformance import StoreConformance


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
