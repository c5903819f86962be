"""Wires: how a store speaks to a connection, in as few round trips as the driver allows.

psycopg can send many statements and wait once; every other driver is given them one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias, final

from sqlalchemy import Connection

from unitledger.stores.sql.statements import Row, Statement, together

__all__ = ["Batch", "Call", "DriverWire", "HostWire", "PipelineWire", "Rows", "Wire", "wire"]

Rows: TypeAlias = "Sequence[Sequence[Any]]"
"""What a statement found."""
Call: TypeAlias = "tuple[Statement, Sequence[Any]]"
"""A statement with the values it is asked with."""
Batch: TypeAlias = "tuple[Statement, list[Row]]"
"""A statement with the rows it is told."""


class Wire(Protocol):
    """What a store says to a database and hears from it."""

    def ask(self, statement: Statement, *values: object) -> Rows:
        """The rows that a statement finds."""
        ...

    def ask_all(self, before: Sequence[str], calls: Sequence[Call]) -> list[Rows]:
        """The rows that statements find one after the other, behind some that find nothing."""
        ...

    def tell(self, batches: Iterable[Batch], *after: str) -> None:
        """Statements with rows to write, and some that need none behind them."""
        ...


_MOST = 24
"""How many rows are written by one statement that carries many out."""


@final
class HostWire:
    """The caller's connection, spoken to through SQLAlchemy, so that its listeners hear it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, statement: Statement, *values: object) -> Rows:
        """The rows that a statement finds."""
        found: Any = self._connection.exec_driver_sql(statement.text, _taken(statement, values))
        return [tuple(row) for row in found]

    def ask_all(self, before: Sequence[str], calls: Sequence[Call]) -> list[Rows]:
        """One after the other."""
        for text in before:
            self._connection.exec_driver_sql(text)
        return [self.ask(statement, *values) for statement, values in calls]

    def tell(self, batches: Iterable[Batch], *after: str) -> None:
        """One statement after the other."""
        for statement, rows in batches:
            given: Any = rows
            self._connection.exec_driver_sql(statement.text, given)
        for text in after:
            self._connection.exec_driver_sql(text)


@final
class DriverWire:
    """A connection of the store's own, spoken to through its driver."""

    def __init__(self, connection: Connection) -> None:
        driver: Any = connection.connection
        self._cursor: Any = driver.cursor()

    def ask(self, statement: Statement, *values: object) -> Rows:
        """The rows that a statement finds."""
        cursor = self._cursor
        cursor.execute(statement.text, _taken(statement, values))
        found: Rows = cursor.fetchall()
        return found

    def ask_all(self, before: Sequence[str], calls: Sequence[Call]) -> list[Rows]:
        """One after the other."""
        for text in before:
            self._cursor.execute(text)
        return [self.ask(statement, *values) for statement, values in calls]

    def tell(self, batches: Iterable[Batch], *after: str) -> None:
        """One statement after the other."""
        cursor = self._cursor
        for statement, rows in batches:
            if len(rows) == 1:
                cursor.execute(statement.text, rows[0])
            else:
                cursor.executemany(statement.text, rows)
        for text in after:
            cursor.execute(text)


@final
class PipelineWire:
    """A connection of psycopg's, which sends many statements and waits once."""

    def __init__(self, connection: Connection) -> None:
        wrapped: Any = connection.connection
        self._driver: Any = wrapped.driver_connection
        self._cursor: Any = self._driver.cursor()

    def ask(self, statement: Statement, *values: object) -> Rows:
        """The rows that a statement finds."""
        self._cursor.execute(statement.text, statement.row(values))
        found: Rows = self._cursor.fetchall()
        return found

    def ask_all(self, before: Sequence[str], calls: Sequence[Call]) -> list[Rows]:
        """All in one round trip."""
        driver = self._driver
        with driver.pipeline():
            for text in before:
                self._cursor.execute(text, prepare=False)
            cursors = [driver.cursor() for _ in calls]
            for cursor, (statement, values) in zip(cursors, calls, strict=True):
                cursor.execute(statement.text, statement.row(values))
        return [cursor.fetchall() for cursor in cursors]

    def tell(self, batches: Iterable[Batch], *after: str) -> None:
        """All in one round trip."""
        driver = self._driver
        with driver.pipeline():
            for statement, rows in _fewer(list(batches)):
                if len(rows) == 1:
                    self._cursor.execute(statement.text, rows[0])
                else:
                    self._cursor.executemany(statement.text, rows)
            for text in after:
                self._cursor.execute(text, prepare=False)


def _fewer(batches: list[Batch]) -> list[Batch]:
    """The same rows in one statement, where they are few and none has to wait for another."""
    pairs = [(statement, row) for statement, rows in batches for row in rows]
    if not 1 < len(pairs) <= _MOST or any(_waits(*batch) for batch in batches):
        return batches
    whole = together(tuple([statement for statement, _ in pairs]))
    given: list[Any] = [row for _, row in pairs]
    return [(whole, [whole.row([value for row in given for value in row.values()])])]


def _waits(statement: Statement, rows: list[Row]) -> bool:
    return statement.apart or (statement.in_order and len(rows) > 1)


def _taken(statement: Statement, values: Sequence[object]) -> Any:
    return statement.row(values)


def wire(connection: Connection) -> Wire:
    """The wire for a connection that the store itself has opened."""
    if connection.dialect.driver == "psycopg":
        return PipelineWire(connection)
    return DriverWire(connection)
