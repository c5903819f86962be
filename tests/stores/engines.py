"""The two engines that the SQL stores are tested on, as fixtures that take a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.stores.servers import shared
from unitledger.stores.sql import Retries, SqlStore

KINDS = ("sqlite", "postgresql")
_NUMBERS = count()


@contextmanager
def opened(kind: str, folder: Path, *, retries: Retries | None = None) -> Iterator[SqlStore]:
    """A new store on an engine of that kind, with tables of its own; its connections are closed."""
    number = next(_NUMBERS)
    url = f"sqlite:///{folder}/{number}.db" if kind == "sqlite" else shared()
    store = SqlStore.open(url, prefix=f"e{number}_", retries=retries)
    try:
        yield store
    finally:
        store.engine.dispose()
