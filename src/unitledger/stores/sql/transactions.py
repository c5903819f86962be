"""A store that has its own connections, and the units of work it gives out.

Locks are taken before anything is read: SQLite gives the whole database to one writer, other
engines lock the rows of the wallets and record keys, in the order of their names. What is posted is
written together with the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import final

from sqlalchemy import URL, Connection, Engine, create_engine, delete, make_url
from sqlalchemy.exc import ArgumentError

from unitledger.errors import (
    Contention,
    InvalidType,
    InvalidValue,
    InvariantViolation,
    NotLocked,
    StoreUnavailable,
    UnitLedgerError,
    shown,
)
from unitledger.ids import PortalId, RequestId, WalletId
from unitledger.ports import Kept, Reading, UnitOfWork
from unitledger.stores.sql.faults import Fault, driver_errors, fault, refusal
from unitledger.stores.sql.history import Chain, checkpoints
from unitledger.stores.sql.reading import SqlReading
from unitledger.stores.sql.retries import Retries
from unitledger.stores.sql.schema import PREFIX, check_version, create_all
from unitledger.stores.sql.statements import Names, Statements, statements_for
from unitledger.stores.sql.units import SqlUnit
from unitledger.stores.sql.wires import Wire, wire

__all__ = ["MOST_HINTS", "SqlStore", "alone"]

MOST_HINTS = 1000
"""For how many requests of a batch what they look up is fetched with the locks."""

_URLS = "a URL like sqlite:///portal.db or postgresql://user@host/name"
_MARK = "unitledger"
_MILLISECOND = timedelta(milliseconds=1)
_OPEN: ContextVar[frozenset[tuple[int, str]]] = ContextVar("open units of work")


@contextmanager
def alone(store: object, portal: PortalId) -> Iterator[None]:
    """A span in which this thread or task opens no other unit of work of the portal.

    Raises:
        InvariantViolation: It is in the middle of one.
    """
    here, others = (id(store), portal), _OPEN.get(frozenset())
    if here in others:
        raise InvariantViolation(
            "units of work of a portal come one after the other", f"a second one of {portal}"
        )
    mark = _OPEN.set(others | {here})
    try:
        yield
    finally:
        _OPEN.reset(mark)


def _place(url: str) -> URL:
    """A URL with the driver that we ask for where none is named.

    Raises:
        InvalidValue: Not a URL of a database.
    """
    try:
        place = make_url(url)
        place.get_dialect()
    except (ArgumentError, ModuleNotFoundError) as error:
        raise InvalidValue("store", shown(url), _URLS) from error
    if place.drivername in {"postgres", "postgresql"}:
        return place.set(drivername="postgresql+psycopg")
    return place


@final
class SqlStore:
    """Portals in the tables of a database, through connections of the store's own.

    Any SQLAlchemy engine for SQLite or PostgreSQL will do; its other users are left alone. Make the
    tables with `create_all`, or let `open` do it.

    Args:
        engine: Where connections come from.
        prefix: What the names of the tables begin with.
        retries: How long to try to have the locks.

    Raises:
        InvalidType: Not an engine.
        InvalidValue: A database in memory, which every connection has another one of.
    """

    def __init__(
        self, engine: Engine, *, prefix: str = PREFIX, retries: Retries | None = None
    ) -> None:
        if not isinstance(engine, Engine):
            raise InvalidType("engine", shown(engine), "an Engine of SQLAlchemy")
        if engine.dialect.name == "sqlite" and engine.url.database in {None, "", ":memory:"}:
            raise InvalidValue("engine", "a database in memory", "a file, or use MemoryStore")
        self.engine: Engine = engine
        self.retries: Retries = Retries() if retries is None else retries
        self.statements: Statements = statements_for(engine.dialect, prefix)
        self._own = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._errors = driver_errors(engine.dialect)
        self._checked = False

    @classmethod
    def open(cls, url: str, *, prefix: str = PREFIX, retries: Retries | None = None) -> SqlStore:
        """The store at a URL, with its tables made if there are none.

        Args:
            url: As SQLAlchemy writes it: ``sqlite:///portal.db``,
                ``postgresql+psycopg://user@host/name``. A PostgreSQL URL without a driver is
                given psycopg.
            prefix: What the names of the tables begin with.
            retries: How long to try to have the locks.
        """
        store = cls(create_engine(_place(url)), prefix=prefix, retries=retries)
        try:
            with store.engine.begin() as connection:
                create_all(connection, prefix=prefix)
        except driver_errors(store.engine.dialect) as error:
            store.close()
            raise refusal(error, "opening") from error
        return store

    @classmethod
    def existing(cls, url: str, *, prefix: str = PREFIX) -> SqlStore:
        """The store at a URL, as it is there; nothing is made.

        Args:
            url: As for `open`.
            prefix: What the names of the tables begin with.

        Raises:
            StoreUnavailable: There is no such file.
        """
        place = _place(url)
        if place.get_backend_name() == "sqlite" and not Path(place.database or "").is_file():
            raise StoreUnavailable("opening", "there is no such file")
        return cls(create_engine(place), prefix=prefix)

    def portals(self) -> tuple[PortalId, ...]:
        """Every portal that was ever written to, in order of their ids."""
        with self._connected() as (_, talk):
            rows = talk.ask(self.statements.portals)
        return tuple([PortalId(portal) for (portal,) in rows])

    def size(self, portal: PortalId) -> int:
        """How many entries a portal has."""
        with self._connected() as (_, talk):
            ((entries,),) = talk.ask(self.statements.size, portal)
        return int(entries)

    def remember(self, portal: PortalId, *, every: int = 256) -> int:
        """How many checkpoints were added for balances of the past; call it now and then.

        They make such balances quicker and never different, and may be thrown away (see `forget`).

        Args:
            portal: The portal.
            every: How many entries of a wallet there are between two.

        Raises:
            InvalidValue: Fewer than 1 between two.
        """
        if type(every) is not int or every < 1:
            raise InvalidValue("every", shown(every), "an int of 1 or more")
        made, sql = 0, self.statements
        with self._connected() as (_, talk):
            for wallet in SqlReading(talk, sql, portal).wallets():
                rows = checkpoints(Chain(talk, sql, portal, wallet), every)
                if rows:
                    talk.tell([(sql.put_checkpoint, rows)])
                made += len(rows)
        return made

    def forget(self) -> None:
        """Throw every checkpoint away."""
        with self.engine.begin() as connection:
            connection.execute(delete(self.statements.tables.checkpoints))

    @contextmanager
    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> Iterator[UnitOfWork]:
        """A unit of work in a transaction of its own; see `unitledger.ports.Store`.

        Raises:
            Contention: The locks could not be had.
            StoreUnavailable: The database failed.
            SchemaMismatch: The tables are missing or of another version.
            NotLocked: Where the unit of work ends: somebody else was faster or in the way.
        """
        names = Names(tuple(wallets), tuple(keys), tuple(shared))
        hints = list(requests)[:MOST_HINTS]
        with alone(self, portal):
            connection, unit = self._locked(portal, names, hints)
            with closing(connection), self._all_or_nothing(connection, unit, names):
                yield unit

    @contextmanager
    def _all_or_nothing(
        self, connection: Connection, unit: SqlUnit, names: Names
    ) -> Iterator[None]:
        try:
            yield
            unit.finish("COMMIT")
        except self._errors as error:
            self._take_back(connection)
            raise self._broken(error, names) from error
        except BaseException:
            self._take_back(connection)
            raise

    def _take_back(self, connection: Connection) -> None:
        """Undo what a connection has done; one that cannot is not used again."""
        try:
            wire(connection).tell((), "ROLLBACK")
        except self._errors:
            connection.invalidate()

    def _broken(self, error: BaseException, names: Names) -> UnitLedgerError:
        """What the ledger is told of an error of the driver; it begins again where that helps."""
        if fault(error) not in {Fault.AGAIN, Fault.TAKEN}:
            return refusal(error, "writing")
        self.retries.pause(1)
        return NotLocked(names.first)

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        """The entry that a request led to; see `unitledger.ports.Store`."""
        with self._connected() as (_, talk):
            return SqlReading(talk, self.statements, portal).request(request)

    @contextmanager
    def read(self, portal: PortalId, requests: Iterable[RequestId] = ()) -> Iterator[Reading]:
        """A snapshot of a portal; see `unitledger.ports.Store`."""
        hints = list(requests)[:MOST_HINTS]
        with self._connected() as (_, talk):
            reading = SqlReading(talk, self.statements, portal)
            reading.expect(hints, talk.ask_all([self._snapshot], reading.expected(hints)))
            yield reading
            talk.tell((), "ROLLBACK")

    @property
    def _snapshot(self) -> str:
        if self.statements.locks_rows:
            return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        return "BEGIN"

    @contextmanager
    def _connected(self) -> Iterator[tuple[Connection, Wire]]:
        """A connection and its wire, for something that may be asked again."""
        try:
            with closing(self.connect()) as connection:
                try:
                    yield connection, wire(connection)
                except BaseException:
                    connection.invalidate()
                    raise
        except self._errors as error:
            raise refusal(error, "reading") from error

    def connect(self) -> Connection:
        """A connection as units of work need it: each statement for itself, settings made."""
        connection = self._own.connect()
        try:
            if _MARK not in connection.info:
                self._prepare(connection)
            if not self._checked:
                check_version(connection, self.statements.tables)
                self._checked = True
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connections that nobody uses; the next question opens new ones."""
        self.engine.dispose()

    def _prepare(self, connection: Connection) -> None:
        """Have SQLite write ahead, and say that something is kept only when it is on the disk."""
        if connection.dialect.name == "sqlite":
            wait = self.retries.wait // _MILLISECOND
            for setting in (f"busy_timeout={wait}", "journal_mode=WAL", "synchronous=FULL"):
                connection.exec_driver_sql(f"PRAGMA {setting}")
        connection.info[_MARK] = True

    # Locks.

    def _locked(
        self, portal: PortalId, names: Names, hints: list[RequestId]
    ) -> tuple[Connection, SqlUnit]:
        """A connection that has the locks, and a unit of work that knows their heads."""
        for tried in range(1, self.retries.tries + 1):
            try:
                return self._locked_once(portal, names, hints)
            except self._errors as error:
                if fault(error) is not Fault.AGAIN:
                    raise refusal(error, "taking the locks") from error
            self.retries.pause(tried)
        raise Contention(self.retries.tries)

    def _locked_once(
        self, portal: PortalId, names: Names, hints: list[RequestId]
    ) -> tuple[Connection, SqlUnit]:
        connection = self.connect()
        try:
            talk = wire(connection)
            unit = SqlUnit(talk, self.statements, portal)
            while not unit.begin(self._beginning, names, hints):
                talk.tell((), "ROLLBACK")
                talk.tell([self.statements.rows_to_lock(portal, names)])
        except BaseException:
            self._take_back(connection)
            connection.close()
            raise
        return connection, unit

    @property
    def _beginning(self) -> tuple[str, ...]:
        if not self.statements.locks_rows:
            return ("BEGIN IMMEDIATE",)
        wait = self.retries.wait // _MILLISECOND
        return ("BEGIN ISOLATION LEVEL READ COMMITTED", f"SET LOCAL lock_timeout = {wait}")
