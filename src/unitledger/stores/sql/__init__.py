"""Stores in SQL databases: SQLite and PostgreSQL, in tables of their own or beside a host's."""

from __future__ import annotations

from unitledger.stores.sql.joined import JoinedSqlStore
from unitledger.stores.sql.retries import Retries
from unitledger.stores.sql.schema import (
    PREFIX,
    SCHEMA_VERSION,
    Tables,
    add_tables,
    create_all,
    protections,
)
from unitledger.stores.sql.transactions import SqlStore

__all__ = [
    "PREFIX",
    "SCHEMA_VERSION",
    "JoinedSqlStore",
    "Retries",
    "SqlStore",
    "Tables",
    "add_tables",
    "create_all",
    "protections",
]
