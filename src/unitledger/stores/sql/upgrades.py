"""Tables of an earlier version brought to the present one, with everything in them.

Each version has one step to the next. What a new table needs follows from the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, delete, insert, select, update

from unitledger.codec import encode
from unitledger.commands import Entry
from unitledger.errors import SchemaMismatch
from unitledger.ids import LotId
from unitledger.journal import entry_of
from unitledger.lots import Lot
from unitledger.ports import Kept
from unitledger.stores.sql.schema import PREFIX, SCHEMA_VERSION, Tables, add_tables, version_of
from unitledger.time import microseconds

__all__ = ["upgrade"]

_AT_ONCE = 500


def upgrade(connection: Connection, *, prefix: str = PREFIX) -> int:
    """The version that the tables had; they have the present one now, and the caller commits.

    Nobody else may write meanwhile. Tables of the present version are left as they are.

    Args:
        connection: A connection that may make tables, in a transaction.
        prefix: What the names of the tables begin with.

    Raises:
        SchemaMismatch: There are no tables, or a later release made them.
    """
    tables = add_tables(MetaData(), prefix=prefix)
    found = version_of(connection, tables)
    if not 1 <= found <= SCHEMA_VERSION:
        raise SchemaMismatch(tables.schema.name, found, SCHEMA_VERSION)
    for version in range(found, SCHEMA_VERSION):
        _STEPS[version](connection, tables)
    named = tables.schema.c.name == "unitledger"
    connection.execute(update(tables.schema).where(named).values(version=SCHEMA_VERSION))
    return found


def _to_2(connection: Connection, tables: Tables) -> None:
    """History, checkpoints, outbox and addresses get tables; history follows from the journal."""
    for table in (
        tables.touches,
        tables.terms,
        tables.checkpoints,
        tables.outbox,
        tables.addresses,
    ):
        table.create(connection)
    touches, terms = list[dict[str, Any]](), list[dict[str, Any]]()
    lots: dict[tuple[str, LotId], Lot] = {}
    for entry in _entries(connection, tables):
        touches += _touches(entry)
        terms += _terms(entry, lots)
        if len(touches) >= _AT_ONCE:
            connection.execute(insert(tables.touches), touches)
            touches = []
    if touches:
        connection.execute(insert(tables.touches), touches)
    if terms:
        connection.execute(insert(tables.terms), terms)


def _to_3(connection: Connection, tables: Tables) -> None:
    """Checkpoints are found by their instant; those there are say too little, and are made anew."""
    connection.execute(delete(tables.checkpoints))
    for index in tables.checkpoints.indexes:
        index.create(connection, checkfirst=True)


_STEPS: dict[int, Callable[[Connection, Tables], None]] = {1: _to_2, 2: _to_3}


def _entries(connection: Connection, tables: Tables) -> Iterator[Entry]:
    journal = tables.journal
    last = ("", 0)
    while True:
        portal, place = last
        behind = (journal.c.portal > portal) | (
            (journal.c.portal == portal) & (journal.c.place > place)
        )
        columns = (journal.c.portal, journal.c.place, journal.c.text, journal.c.hash)
        sql = select(*columns).where(behind).order_by(journal.c.portal, journal.c.place)
        rows = connection.execute(sql.limit(_AT_ONCE)).all()
        if not rows:
            return
        for row in rows:
            yield entry_of(Kept(row.text, row.hash))
        last = (rows[-1].portal, rows[-1].place)


def _touches(entry: Entry) -> Iterator[dict[str, Any]]:
    at = microseconds(entry.at)
    for touch in entry.touches:
        yield {
            "portal": entry.portal,
            "wallet": touch.wallet,
            "sequence": touch.sequence,
            "at": at,
            "request": entry.request,
        }


def _terms(entry: Entry, lots: dict[tuple[str, LotId], Lot]) -> Iterator[dict[str, Any]]:
    for lot in entry.lots:
        lots[entry.portal, lot.id] = lot
        yield _version(entry, lot)
    for edit in entry.terms:
        edited = lots[entry.portal, edit.lot].under(edit.terms, entry.at)
        lots[entry.portal, edit.lot] = edited
        yield _version(entry, edited)


def _version(entry: Entry, lot: Lot) -> dict[str, Any]:
    return {
        "portal": entry.portal,
        "lot": lot.id,
        "version": lot.version,
        "since": microseconds(entry.at),
        "text": encode(lot),
    }
