"""Stores in SQL databases: SQLite and PostgreSQL, in tables of their own or beside a host's."""

from __future__ import annotations

from unitledger.stores.sql.addresses import Addresses
from unitledger.stores.sql.joined import JoinedSqlStore
from unitledger.stores.sql.outbox import Event, Outbox
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
from unitledger.stores.sql.upgrades import upgrade

__all__ = [
    "PREFIX",
    "SCHEMA_VERSION",
    "Addresses",
    "Event",
    "JoinedSqlStore",
    "Outbox",
    "Retries",
    "SqlStore",
    "Tables",
    "add_tables",
    "create_all",
    "protections",
    "upgrade",
]
