"""The outbox: every new entry once more, for hosts that act on what happened.

It is opened once. From then on a trigger notes each entry in the transaction that writes it, so
that nothing is told that was taken back, and nothing that was kept is forgotten, whichever process
wrote it. Each event is told at least once; whoever must not act twice remembers its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import attrs
from sqlalchemy import Connection, delete, func, select, text

from unitledger.commands import Entry
from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.ids import PortalId
from unitledger.journal import entry_of
from unitledger.ports import Kept
from unitledger.stores.sql.transactions import SqlStore
from unitledger.values import Value

__all__ = ["Event", "Outbox"]


@final
@attrs.frozen
class Event(Value):
    """An entry that was written.

    Attributes:
        id: The hash of the entry; the same event has the same id however often it is told.
        kept: The entry as it is kept.
    """

    id: str
    kept: Kept

    @property
    def entry(self) -> Entry:
        """The entry, read from its text."""
        return entry_of(self.kept)


@final
class Outbox:
    """The events of a store's portals.

    Args:
        store: The store.
    """

    def __init__(self, store: SqlStore) -> None:
        if type(store) is not SqlStore:
            raise InvalidType("store", shown(store), "SqlStore")
        self._store = store
        self._tables = store.statements.tables

    def open(self) -> None:
        """Have every entry from now on noted; once open, opening it again changes nothing."""
        with self._store.engine.begin() as connection:
            for statement in self._opening(connection):
                connection.execute(text(statement))

    def close(self) -> None:
        """Have nothing noted any more; what is waiting stays."""
        with self._store.engine.begin() as connection:
            table = f" ON {self._tables.journal.name}"
            where = "" if connection.dialect.name == "sqlite" else table
            connection.execute(text(f"DROP TRIGGER IF EXISTS {self._trigger}{where}"))

    @property
    def _trigger(self) -> str:
        return f"{self._tables.journal.name}_noted"

    def _opening(self, connection: Connection) -> tuple[str, ...]:
        journal, outbox = self._tables.journal.name, self._tables.outbox.name
        note = f"INSERT INTO {outbox} (portal, place) VALUES (NEW.portal, NEW.place)"  # noqa: S608
        when = f"AFTER INSERT ON {journal}"
        if connection.dialect.name == "sqlite":
            made = f"CREATE TRIGGER IF NOT EXISTS {self._trigger} {when} BEGIN {note}; END"
            return (made,)
        body = f"$$ BEGIN {note}; RETURN NULL; END $$"
        function = f"CREATE OR REPLACE FUNCTION {self._trigger}() RETURNS trigger"
        calls = f"FOR EACH ROW EXECUTE FUNCTION {self._trigger}()"
        return (
            f"{function} LANGUAGE plpgsql AS {body}",
            f"CREATE OR REPLACE TRIGGER {self._trigger} {when} {calls}",
        )

    def waiting(self, portal: PortalId) -> int:
        """How many events nobody has fetched."""
        outbox = self._tables.outbox
        sql = select(func.count()).select_from(outbox).where(outbox.c.portal == portal)
        with self._store.engine.connect() as connection:
            return connection.scalar(sql) or 0

    def events(self, portal: PortalId, *, limit: int = 1000) -> Iterator[Event]:
        """The events that are waiting, in the order of their entries' places.

        An event is done with when the next one is asked for, or the end is reached. Where acting on
        it raises, it is waiting still.

        Args:
            portal: The portal.
            limit: How many at the most.

        Raises:
            InvalidValue: A limit below 1.
        """
        if type(limit) is not int or limit < 1:
            raise InvalidValue("limit", shown(limit), "an int of 1 or more")
        outbox, journal = self._tables.outbox, self._tables.journal
        same = (journal.c.portal == outbox.c.portal) & (journal.c.place == outbox.c.place)
        found = select(outbox.c.place, journal.c.text, journal.c.hash).select_from(
            outbox.join(journal, same)
        )
        due = found.where(outbox.c.portal == portal).order_by(outbox.c.place).limit(limit)
        with self._store.engine.connect() as connection:
            rows = connection.execute(due).all()
        for place, told, entry_hash in rows:
            yield Event(entry_hash, Kept(told, entry_hash))
            rule = (outbox.c.portal == portal) & (outbox.c.place == place)
            with self._store.engine.begin() as connection:
                connection.execute(delete(outbox).where(rule))
