"""A store inside a transaction of the caller's.

What a host writes there and what the ledger writes are kept together or not at all. It commits
nothing and rolls back no more than its own savepoint. It does not try again either when somebody is
in the way: what the caller did before would have to be done again too, and only the caller can.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, final, runtime_checkable

from sqlalchemy import Connection

from unitledger.errors import (
    Contention,
    InvalidType,
    InvalidValue,
    NotLocked,
    UnitLedgerError,
    shown,
)
from unitledger.ids import PortalId, RequestId, WalletId
from unitledger.ports import Kept, Reading, UnitOfWork
from unitledger.stores.sql.faults import Fault, driver_errors, fault, refusal
from unitledger.stores.sql.reading import SqlReading
from unitledger.stores.sql.schema import PREFIX, SCHEMA_VERSION, check_version
from unitledger.stores.sql.statements import Names, Statements, statements_for
from unitledger.stores.sql.transactions import MOST_HINTS, alone
from unitledger.stores.sql.units import SqlUnit
from unitledger.stores.sql.wires import HostWire

__all__ = ["HasConnection", "JoinedSqlStore"]

_NO_TRANSACTION = "25P01"
_SNAPSHOT = "repeatable read"
_LEVELS = "one in read committed, or in serializable"


@runtime_checkable
class HasConnection(Protocol):
    """What a session of SQLAlchemy is to us: something with a connection in a transaction."""

    def connection(self) -> Connection:
        """The connection of its present transaction."""
        ...


@final
class JoinedSqlStore:
    """Portals in the tables of a database, inside the caller's transaction.

    Make one per transaction. On SQLite the first unit of work makes the transaction a writing one;
    begin it with ``BEGIN IMMEDIATE`` where something is read before that.

    Args:
        host: The caller's ``Connection`` or ``Session``; an ``AsyncSession`` lends its own to
            ``run_sync``.
        prefix: What the names of the tables begin with.

    Raises:
        InvalidType: Neither a connection nor a session.
    """

    def __init__(self, host: Connection | HasConnection, *, prefix: str = PREFIX) -> None:
        if not isinstance(host, (Connection, HasConnection)):
            raise InvalidType("host", shown(host), "a Connection or Session of SQLAlchemy")
        self._host = host
        self._prefix = prefix

    @contextmanager
    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> Iterator[UnitOfWork]:
        """A unit of work in a savepoint; its locks last as long as the caller's transaction.

        Raises:
            Contention: Somebody was in the way; roll back and do all of it again.
            StoreUnavailable: The database failed.
            SchemaMismatch: The tables are missing or of another version.
            InvalidValue: The connection commits every statement by itself, or looks at a snapshot
                that was taken before the locks.
            NotLocked: Where the unit of work ends: somebody else was faster.
        """
        names = Names(tuple(wallets), tuple(keys), tuple(shared))
        hints = list(requests)[:MOST_HINTS]
        with alone(self._host, portal), self._reached() as (connection, statements):
            try:
                self._write_from_now(connection, statements, portal)
                with connection.begin_nested():
                    unit = SqlUnit(HostWire(connection), statements, portal)
                    while not unit.begin((), names, hints):
                        missing = statements.rows_to_lock(portal, names)
                        HostWire(connection).tell([missing])
                    yield unit
                    unit.finish()
            except driver_errors(connection.dialect) as error:
                raise _broken(error, names) from error

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        """The entry that a request led to, this transaction's own included."""
        with self.read(portal) as reading:
            return reading.request(request)

    @contextmanager
    def read(self, portal: PortalId, requests: Iterable[RequestId] = ()) -> Iterator[Reading]:
        """A portal as the caller's transaction sees it; as consistent as its isolation is."""
        with self._reached() as (connection, statements):
            yield SqlReading(HostWire(connection), statements, portal)

    @contextmanager
    def _reached(self) -> Iterator[tuple[Connection, Statements]]:
        host = self._host
        connection = host if isinstance(host, Connection) else host.connection()
        statements = statements_for(connection.dialect, self._prefix)
        try:
            mark = f"{statements.tables.schema.name} {SCHEMA_VERSION}"
            if mark not in connection.info:
                check_version(connection, statements.tables)
                connection.info[mark] = True
            yield connection, statements
        except driver_errors(connection.dialect) as error:
            raise refusal(error, "reading") from error

    def _write_from_now(
        self, connection: Connection, statements: Statements, portal: PortalId
    ) -> None:
        """Have SQLite give the database to this transaction, before anything is read or saved.

        Elsewhere its isolation must be one in which it sees what was there when it got its locks.
        """
        if statements.locks_rows:
            level = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
            if level == _SNAPSHOT:
                raise InvalidValue("host", f"a transaction in {level}", _LEVELS)
            return
        HostWire(connection).tell([(statements.touch, [statements.touch.row((portal,))])])
        driver: Any = connection.connection
        if not driver.driver_connection.in_transaction:
            raise _in_no_transaction()


def _in_no_transaction() -> InvalidValue:
    return InvalidValue(
        "host", "a connection that commits every statement", "one inside a transaction"
    )


def _broken(error: Exception, names: Names) -> UnitLedgerError:
    """What the caller is told of an error of the driver; the ledger begins again after a race."""
    kind = fault(error)
    if kind is Fault.AGAIN:
        return Contention(1)
    if kind is Fault.TAKEN:
        return NotLocked(names.first)
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _NO_TRANSACTION:
        return _in_no_transaction()
    return refusal(error, "writing")
