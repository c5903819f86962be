"""The tables of the SQL stores: numbers and text alone, the portal in every key.

The journal may be added to and nothing else; triggers refuse the rest on the engines that have
them. Constraints are named by one convention, so that a migration tool can find them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias, final

import attrs
from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql

from unitledger.errors import InvalidType, InvalidValue, SchemaMismatch, shown
from unitledger.values import Value

__all__ = ["PREFIX", "SCHEMA_VERSION", "Tables", "add_tables", "create_all", "protections"]

SCHEMA_VERSION: Final = 3
"""The version of the tables that this release reads and writes."""
PREFIX: Final = "unitledger_"
"""What the names of tables begin with unless a host says otherwise."""

_LONGEST_PREFIX = 24
_STATES = ("issued", "free", "held", "spent", "expired", "void")
_TRIGGERED = ("sqlite", "postgresql")

_Columns: TypeAlias = "Column[Any]"


def _name(length: int) -> String:
    """Text that is compared and sorted byte by byte."""
    plain = String(length)
    return plain.with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def _id(name: str) -> _Columns:
    return Column(name, _name(128), nullable=False)


def _long(name: str) -> _Columns:
    return Column(name, _name(1100), nullable=False)


def _text(name: str) -> _Columns:
    return Column(name, Text, nullable=False)


def _number(name: str, *, nullable: bool = False) -> _Columns:
    return Column(name, BigInteger, nullable=nullable, autoincrement=False)


@final
@attrs.frozen
class Tables(Value):
    """The tables of one store.

    Attributes:
        prefix: What their names begin with.
        schema: One row with the version of all the others.
        heads: Every wallet's head. Record keys that were ever shared have a row too, numbered 0.
        lots: Lots under their present terms.
        cells: What each wallet has of each lot, with what burn orders by expiry sort by.
        claims: Claims as they are now.
        places: Which wallets a claim has something in; ``due`` is when what it holds there ends.
        records: Records as they are now, and the request that first wrote each.
        found: What records can be found by at the moment.
        journal: The entries, appended and never changed.
        touches: Which entries touched a wallet, by their numbers in its chain.
        terms: Every version of every lot, for balances of the past.
        checkpoints: What a wallet had at some of its entries; may be thrown away at any time.
        outbox: The places of entries that nobody has fetched yet, once there is a trigger for it.
        addresses: The addresses behind references, erasable; nothing else knows them.
        numbers: Where the places of entries come from, on engines that have sequences.
    """

    prefix: str
    schema: Table
    heads: Table
    lots: Table
    cells: Table
    claims: Table
    places: Table
    records: Table
    found: Table
    journal: Table
    touches: Table
    terms: Table
    checkpoints: Table
    outbox: Table
    addresses: Table
    numbers: Sequence


def add_tables(metadata: MetaData, *, prefix: str = PREFIX) -> Tables:
    """The tables of a store, added to a host's metadata for its own migrations.

    ``metadata.create_all`` makes the triggers as well; a migration tool that writes its own
    statements has to be given those of `protections`, and the row of the version table.

    Args:
        metadata: Where the host describes its tables.
        prefix: What their names begin with: lower-case letters, digits and underscores.

    Raises:
        InvalidValue: Another prefix.
    """
    _check_prefix(prefix)

    def table(name: str, key: str, *parts: Any) -> Table:
        keys = PrimaryKeyConstraint(*key.split(), name=f"pk_{prefix}{name}")
        return Table(f"{prefix}{name}", metadata, *parts, keys)

    def check(name: str, rule: str) -> CheckConstraint:
        return CheckConstraint(rule, name=f"ck_{prefix}{name}")

    def index(name: str, *columns: Any) -> Index:
        return Index(f"ix_{prefix}{name}", *columns)

    cells = _cells_table(table, check)
    index("cells_burn", *_burn_columns(cells))
    index("cells_lot", cells.c.portal, cells.c.lot, cells.c.wallet)
    places = table(
        "places", "portal wallet claim", _id("portal"), _long("wallet"), _id("claim"), _due()
    )
    index("places_due", places.c.portal, places.c.wallet, places.c.due, places.c.claim)
    index("places_claim", places.c.portal, places.c.claim)
    found = table(
        "found",
        "portal kind name value key",
        *(_id("portal"), _id("kind"), _id("name"), _long("value"), _id("key")),
    )
    checkpoints = table(
        "checkpoints",
        "portal wallet sequence",
        *(_id("portal"), _long("wallet"), _number("sequence"), _number("at"), _text("text")),
    )
    c = checkpoints.c
    index("checkpoints_at", c.portal, c.wallet, c.at, c.sequence)
    index("found_record", found.c.portal, found.c.kind, found.c.key)
    made = Tables(
        prefix=prefix,
        schema=table("schema", "name", _id("name"), _number("version")),
        heads=_heads_table(table, check),
        lots=table("lots", "portal lot", _id("portal"), _id("lot"), _number("ends"), _text("text")),
        cells=cells,
        claims=table("claims", "portal claim", _id("portal"), _id("claim"), _text("text")),
        places=places,
        records=table(
            "records",
            "portal kind key",
            *(_id("portal"), _id("kind"), _id("key"), _id("author"), _text("text")),
        ),
        found=found,
        journal=_journal_table(table, check, prefix),
        touches=table(
            "touches",
            "portal wallet sequence",
            *(_id("portal"), _long("wallet"), _number("sequence"), _number("at"), _id("request")),
        ),
        terms=table(
            "terms",
            "portal lot version",
            *(_id("portal"), _id("lot"), _number("version"), _number("since"), _text("text")),
        ),
        checkpoints=checkpoints,
        outbox=table("outbox", "portal place", _id("portal"), _number("place")),
        addresses=table(
            "addresses", "portal reference", _id("portal"), _id("reference"), _text("address")
        ),
        numbers=Sequence(f"{prefix}places_seq", metadata=metadata),
    )
    _on_create(made)
    return made


def _check_prefix(prefix: str) -> None:
    if type(prefix) is not str:
        raise InvalidType("prefix", shown(prefix), "str")
    letters = set(prefix) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    if not letters or len(prefix) > _LONGEST_PREFIX or prefix[:1].isdigit():
        raise InvalidValue(
            "prefix", shown(prefix), f"up to {_LONGEST_PREFIX} of a-z, 0-9 and _, a digit not first"
        )


def _due() -> _Columns:
    return _number("due", nullable=True)


def _cells_table(table: Any, check: Any) -> Table:
    signs = [f"{state} >= 0" for state in _STATES[1:]]
    made: Table = table(
        "cells",
        "portal wallet lot",
        *(_id("portal"), _long("wallet"), _id("lot")),
        *(_number(state) for state in _STATES),
        *(_number(name) for name in ("usable", "live", "ends", "acquired", "cycle")),
        check("cells_floor", f"issued <= 0 AND {' AND '.join(signs)}"),
        check("cells_usable", "usable = free + expired"),
        check("cells_live", "(live = 0 AND usable = 0) OR (live = 1 AND usable > 0)"),
    )
    return made


def _burn_columns(cells: Table) -> tuple[Any, ...]:
    c = cells.c
    return (c.portal, c.wallet, c.live, c.ends, c.usable.desc(), c.acquired, c.cycle, c.lot)


def _heads_table(table: Any, check: Any) -> Table:
    made: Table = table(
        "heads",
        "portal name",
        *(_id("portal"), _long("name"), _number("sequence"), _number("at"), _id("hash"), _due()),
        check("heads_sequence", "sequence >= 0"),
    )
    return made


def _journal_table(table: Any, check: Any, prefix: str) -> Table:
    made: Table = table(
        "journal",
        "portal place",
        *(_id("portal"), _number("place"), _id("request"), _id("hash"), _text("text")),
        UniqueConstraint("portal", "request", name=f"uq_{prefix}journal_request"),
        check("journal_place", "place > 0"),
    )
    return made


# Triggers and the version.


def protections(dialect: str, *, prefix: str = PREFIX) -> tuple[str, ...]:
    """The statements that make triggers which refuse to change or delete an entry.

    Args:
        dialect: The engine's name as SQLAlchemy has it; one without triggers of ours gets none.
        prefix: What the tables' names begin with.
    """
    _check_prefix(prefix)
    journal = f"{prefix}journal"
    words = "entries of the journal are never changed"
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {journal}_no_{change.lower()} BEFORE {change} ON {journal} "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            for change in ("UPDATE", "DELETE")
        )
    if dialect == "postgresql":
        body = f"$$ BEGIN RAISE EXCEPTION '{words}'; END $$"
        when = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {journal} FOR EACH STATEMENT"
        return (
            f"CREATE FUNCTION {journal}_kept() RETURNS trigger LANGUAGE plpgsql AS {body}",
            f"CREATE TRIGGER {journal}_no_change {when} EXECUTE FUNCTION {journal}_kept()",
        )
    return ()


def _on_create(tables: Tables) -> None:
    """Have triggers and the version made with the tables, and what they need taken along."""
    for dialect in _TRIGGERED:
        for statement in protections(dialect, prefix=tables.prefix):
            event.listen(tables.journal, "after_create", _ddl(statement, dialect))
    gone = f"DROP FUNCTION IF EXISTS {tables.prefix}journal_kept()"
    event.listen(tables.journal, "after_drop", _ddl(gone, "postgresql"))

    @event.listens_for(tables.schema, "after_create")
    def number(_: object, connection: Connection, **__: object) -> None:
        row = {"name": "unitledger", "version": SCHEMA_VERSION}
        connection.execute(tables.schema.insert().values(row))


def _ddl(statement: str, dialect: str) -> Any:
    """A statement for one engine alone."""
    made: Any = DDL
    return made(statement.replace("%", "%%")).execute_if(dialect=dialect)


def create_all(connection: Connection, *, prefix: str = PREFIX) -> Tables:
    """The tables of a store, made where they are missing; the caller commits.

    Args:
        connection: A connection that may make tables.
        prefix: What their names begin with.

    Raises:
        SchemaMismatch: There are tables of another version.
    """
    metadata = MetaData()
    tables = add_tables(metadata, prefix=prefix)
    if inspect(connection).has_table(tables.schema.name):
        check_version(connection, tables)
    metadata.create_all(connection)
    return tables


def check_version(connection: Connection, tables: Tables) -> None:
    """Refuse tables that are missing or of another version.

    Raises:
        SchemaMismatch: They are.
    """
    found = version_of(connection, tables)
    if found != SCHEMA_VERSION:
        raise SchemaMismatch(tables.schema.name, found, SCHEMA_VERSION)


def version_of(connection: Connection, tables: Tables) -> int:
    """The version of the tables there are; 0 where there are none."""
    if not inspect(connection).has_table(tables.schema.name):
        return 0
    return next(_versions(connection, tables), 0)


def _versions(connection: Connection, tables: Tables) -> Iterator[int]:
    schema = tables.schema
    rows = connection.execute(select(schema.c.version).where(schema.c.name == "unitledger"))
    yield from (row[0] for row in rows)
