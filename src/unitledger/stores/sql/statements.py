"""Every statement of the SQL stores, compiled once for an engine.

They are written in SQLAlchemy's terms and compiled to text with the names of their values; what is
left to do per call is to put the values in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from itertools import groupby
from typing import Any, NamedTuple, TypeAlias, final

import attrs
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Delete,
    Dialect,
    Insert,
    MetaData,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from unitledger.records import record_lock
from unitledger.stores.sql.schema import Tables, add_tables

__all__ = ["Names", "Row", "Statement", "Statements", "statements_for", "together"]

Row: TypeAlias = "Sequence[Any] | Mapping[str, Any]"
"""The values of one call, as a driver takes them."""
_Sql: TypeAlias = "Select[Any] | CompoundSelect[Any] | Insert | Update | Delete"
_STATES = ("issued", "free", "held", "spent", "expired", "void")
_SORTED = ("usable", "live")
_SEQUENCES = ("postgresql", "cockroachdb")


@final
@attrs.frozen
class Statement:
    """One statement as text, and where its values go.

    Attributes:
        text: The statement, with the driver's marks where values go.
        names: The names of its values, in the order in which they are given.
        places: For drivers that count their marks, the place of the value for each mark.
        apart: Whether it reads or unmakes what another statement of a unit of work may write.
        in_order: Whether the order in which its rows are written means something.
    """

    text: str
    names: tuple[str, ...]
    places: tuple[int, ...] | None
    apart: bool = False
    in_order: bool = False

    def row(self, values: Sequence[Any]) -> Row:
        """The values as the driver takes them."""
        if self.places is None:
            return dict(zip(self.names, values, strict=True))
        return tuple([values[place] for place in self.places])


@lru_cache(maxsize=512)
def together(parts: tuple[Statement, ...]) -> Statement:
    """Statements with named values as one that carries all of them out at once.

    None of them sees what another one writes, and which comes first is not said: those that stand
    `apart`, and several rows that go `in_order`, are not for this.
    """
    texts = [part.text.replace("%(v_", f"%(v{n}_") for n, part in enumerate(parts)]
    named = ", ".join(f"w{n} AS ({text})" for n, text in enumerate(texts))
    names = [name.replace("v_", f"v{n}_", 1) for n, part in enumerate(parts) for name in part.names]
    return Statement(f"WITH {named} SELECT 1", tuple(names), None)


@final
class Names(NamedTuple):
    """What a unit of work locks: wallets and record keys to itself, and keys that it shares."""

    wallets: tuple[str, ...]
    keys: tuple[str, ...]
    shared: tuple[str, ...]

    @property
    def first(self) -> str:
        """One of them that it has to itself, for an error to name."""
        return next(iter((*self.wallets, *self.keys)), record_lock("request", "any"))


_NONE: Any = literal_column("0")
_ONE: Any = literal_column("1")
_EMPTY: Any = literal_column("''")


def _value(name: str) -> Any:
    return bindparam(f"v_{name}")


def _typed(column: ColumnElement[Any], name: str) -> Any:
    """A value whose type nothing around it tells."""
    return bindparam(f"v_{name}", type_=column.type)


def _values(*names: str) -> dict[str, Any]:
    return {name: _value(name) for name in names}


def _is(table: Table, *names: str) -> list[ColumnElement[bool]]:
    return [table.c[name] == _value(name) for name in names]


@final
class Statements:
    """The statements for one engine and one set of tables.

    Args:
        dialect: How the engine and its driver speak.
        tables: The tables.
    """

    def __init__(self, dialect: Dialect, tables: Tables) -> None:
        self.dialect: Dialect = dialect
        self.tables: Tables = tables
        self.locked: Callable[[int], Statement] = cache(self._locked)
        self.shared: Callable[[int], Statement] = cache(self._shared)
        self.seen: Callable[[int], Statement] = cache(self._seen)
        self.named: Callable[[int], Statement] = cache(self._named)
        self.claimed: Callable[[int], Statement] = cache(self._claimed)
        self.given_back: Callable[[int], Statement] = cache(self._given_back)
        self.known: Callable[[int], Statement] = cache(self._known)
        self.taken: Callable[[int], Statement] = cache(self._taken)
        self.made_by: Callable[[int], Statement] = cache(self._made_by)

    @property
    def locks_rows(self) -> bool:
        """Whether the engine locks rows; if not, one writer at a time has the whole database."""
        return self.dialect.name in _SEQUENCES

    def made(
        self, sql: _Sql, *names: str, apart: bool = False, in_order: bool = False
    ) -> Statement:
        """The compiled text of a statement whose values are given in the order of their names."""
        compiled: Any = sql.compile(
            dialect=self.dialect, compile_kwargs={"render_postcompile": True}
        )
        order = tuple(f"v_{name}" for name in names)
        places = None
        if compiled.positional:
            places = tuple(order.index(mark) for mark in compiled.positiontup)
        return Statement(compiled.string, order, places, apart, in_order)

    # Locks, heads, requests.

    def _some(self, table: Table, name: str, count: int) -> tuple[list[Any], list[str]]:
        names = [f"name{n}" for n in range(count)]
        rule = [table.c.portal == _value("portal"), table.c[name].in_(map(_value, names))]
        return rule, ["portal", *names]

    def _heads(self, count: int) -> tuple[Any, list[str]]:
        heads = self.tables.heads
        rule, names = self._some(heads, "name", count)
        columns = (heads.c.name, heads.c.sequence, heads.c.at, heads.c.hash, heads.c.due)
        return select(*columns).where(*rule).order_by(heads.c.name), names

    def _seen(self, count: int) -> Statement:
        """The rows of so many locks."""
        sql, names = self._heads(count)
        return self.made(sql, *names)

    def _locked(self, count: int) -> Statement:
        """The rows of so many locks, locked in order where the engine locks rows."""
        sql, names = self._heads(count)
        return self.made(sql.with_for_update() if self.locks_rows else sql, *names)

    def _shared(self, count: int) -> Statement:
        """The same, locked against those alone who want one of them to themselves."""
        sql, names = self._heads(count)
        return self.made(sql.with_for_update(read=True) if self.locks_rows else sql, *names)

    def locks(self, portal: str, names: Names) -> list[tuple[Statement, Sequence[Any]]]:
        """What locks some names, one after the other in the one order that all units of work have.

        Where rows are not locked, nobody else is there anyway.
        """
        alone = frozenset((*names.wallets, *names.keys))
        every = sorted(alone.union(names.shared) if self.locks_rows else alone)
        calls = list[tuple[Statement, Sequence[Any]]]()
        for mine, run in groupby(every, alone.__contains__):
            some = list(run)
            statement = self.locked if mine else self.shared
            calls.append((statement(len(some)), (portal, *some)))
        return calls

    def claims_of(self, portal: str, names: Names) -> list[tuple[Statement, Sequence[Any]]]:
        """What gives keys that have no row one that nobody else sees, and tells which those were.

        To write such a row is to lock its key: who else writes it waits for the end of this one.
        """
        if not names.keys or not self.locks_rows:
            return []
        return [(self.claimed(len(names.keys)), (portal, *sorted(names.keys)))]

    def _rows(self, count: int) -> tuple[Any, list[str]]:
        names = [f"name{n}" for n in range(count)]
        empty = {"sequence": _NONE, "at": _NONE, "hash": _EMPTY, "due": null()}
        rows = [{"portal": _value("portal"), "name": _value(name), **empty} for name in names]
        sql = self._insert(self.tables.heads).values(rows).on_conflict_do_nothing()
        return sql, ["portal", *names]

    def _named(self, count: int) -> Statement:
        """Rows for so many locks, where there are none yet."""
        sql, names = self._rows(count)
        return self.made(sql, *names, apart=True)

    def _claimed(self, count: int) -> Statement:
        """The same, telling which there were none of."""
        sql, names = self._rows(count)
        return self.made(sql.returning(self.tables.heads.c.name), *names)

    def _given_back(self, count: int) -> Statement:
        """So many rows that were there to be locked, gone."""
        rule, names = self._some(self.tables.heads, "name", count)
        return self.made(delete(self.tables.heads).where(*rule), *names)

    def rows_to_lock(self, portal: str, names: Names) -> tuple[Statement, list[Row]]:
        """What gives wallets and shared keys a row that stays, in the one order of names."""
        staying = sorted({*names.wallets, *names.shared})
        missing = self.named(len(staying))
        return missing, [missing.row((portal, *staying))]

    def rows_to_drop(self, portal: str, names: Sequence[str]) -> tuple[Statement, list[Row]]:
        """What takes rows away that were there for this unit of work alone."""
        gone = self.given_back(len(names))
        return gone, [gone.row((portal, *names))]

    def _known(self, count: int) -> Statement:
        """The entries of so many requests."""
        journal = self.tables.journal
        rule, names = self._some(journal, "request", count)
        return self.made(
            select(journal.c.request, journal.c.text, journal.c.hash).where(*rule), *names
        )

    def _made_by(self, count: int) -> Statement:
        """The entries of so many requests, and as many claims, whose hash is empty."""
        journal, claims = self.tables.journal, self.tables.claims
        rule, names = self._some(journal, "request", count)
        first = [_value(f"claim{n}") for n in range(count)]
        entries = select(journal.c.request, journal.c.text, journal.c.hash).where(*rule)
        mine = (claims.c.portal == _value("portal"), claims.c.claim.in_(first))
        made = select(claims.c.claim, claims.c.text, _EMPTY).where(*mine)
        return self.made(entries.union_all(made), *names, *(f"claim{n}" for n in range(count)))

    def _taken(self, count: int) -> Statement:
        """So many claims."""
        claims = self.tables.claims
        rule, names = self._some(claims, "claim", count)
        return self.made(select(claims.c.claim, claims.c.text).where(*rule), *names)

    # What is read.

    @property
    def _held_columns(self) -> tuple[Any, ...]:
        cells, lots = self.tables.cells, self.tables.lots
        return (*(cells.c[state] for state in _STATES), lots.c.text)

    @property
    def _held(self) -> Any:
        cells, lots = self.tables.cells, self.tables.lots
        same = (lots.c.portal == cells.c.portal) & (lots.c.lot == cells.c.lot)
        return select(*self._held_columns).select_from(cells.join(lots, same))

    @cached_property
    def cell(self) -> Statement:
        """What a wallet has of a lot, with the lot."""
        sql = self._held.where(*_is(self.tables.cells, "portal", "wallet", "lot"))
        return self.made(sql, "portal", "wallet", "lot")

    @cached_property
    def holdings(self) -> Statement:
        """Everything a wallet ever held, by lot id."""
        cells = self.tables.cells
        sql = self._held.where(*_is(cells, "portal", "wallet")).order_by(cells.c.lot)
        return self.made(sql, "portal", "wallet")

    @cached_property
    def usable(self) -> Statement:
        """What a wallet can spend of lots that have not ended by an instant."""
        return self.made(self._usable(), "portal", "wallet", "at")

    @cached_property
    def first(self) -> Statement:
        """The first so many of them: the first to expire, then the largest."""
        c = self.tables.cells.c
        order = (c.ends, c.usable.desc(), c.acquired, c.cycle, c.lot)
        sql = self._usable().order_by(*order).limit(_value("limit")).offset(_NONE)
        return self.made(sql, "portal", "wallet", "at", "limit")

    def _usable(self) -> Any:
        cells = self.tables.cells
        rule = _is(cells, "portal", "wallet")
        return self._held.where(*rule, cells.c.live == _ONE, cells.c.ends > _value("at"))

    @cached_property
    def lot(self) -> Statement:
        """A lot."""
        lots = self.tables.lots
        return self.made(select(lots.c.text).where(*_is(lots, "portal", "lot")), "portal", "lot")

    @cached_property
    def claims(self) -> Statement:
        """The claims that have something in a wallet, by id."""
        places = self.tables.places
        return self.made(self._carried().order_by(places.c.claim), "portal", "wallet")

    @cached_property
    def due(self) -> Statement:
        """The claims whose hold in a wallet ends by an instant, by id."""
        places = self.tables.places
        sql = self._carried().where(places.c.due <= _value("at")).order_by(places.c.claim)
        return self.made(sql, "portal", "wallet", "at")

    def _carried(self) -> Any:
        claims, places = self.tables.claims, self.tables.places
        same = (claims.c.portal == places.c.portal) & (claims.c.claim == places.c.claim)
        rule = _is(places, "portal", "wallet")
        return select(claims.c.text).select_from(places.join(claims, same)).where(*rule)

    @cached_property
    def record(self) -> Statement:
        """A record and the request that first wrote it."""
        records = self.tables.records
        rule = _is(records, "portal", "kind", "key")
        sql = select(records.c.text, records.c.author).where(*rule)
        return self.made(sql, "portal", "kind", "key")

    @cached_property
    def find(self) -> Statement:
        """A page of records with one value of an index key, by id."""
        records, found = self.tables.records, self.tables.found
        same = [records.c[name] == found.c[name] for name in ("portal", "kind", "key")]
        rule = [*_is(found, "portal", "kind", "name", "value"), found.c.key > _value("after")]
        sql = select(records.c.text).select_from(found.join(records, same[0] & same[1] & same[2]))
        paged = sql.where(*rule).order_by(found.c.key).limit(_value("limit")).offset(_NONE)
        return self.made(paged, "portal", "kind", "name", "value", "after", "limit")

    @cached_property
    def wallets(self) -> Statement:
        """Every wallet that was ever touched, in order."""
        heads = self.tables.heads
        rule = [*_is(heads, "portal"), heads.c.sequence > _NONE]
        return self.made(select(heads.c.name).where(*rule).order_by(heads.c.name), "portal")

    @cached_property
    def portals(self) -> Statement:
        """Every portal that was ever written to, in order."""
        heads = self.tables.heads
        rule = heads.c.sequence > _NONE
        return self.made(select(heads.c.portal).where(rule).distinct().order_by(heads.c.portal))

    @cached_property
    def holders(self) -> Statement:
        """Every wallet that ever held a lot, in order."""
        cells = self.tables.cells
        sql = select(cells.c.wallet).where(*_is(cells, "portal", "lot")).order_by(cells.c.wallet)
        return self.made(sql, "portal", "lot")

    @cached_property
    def skipped(self) -> Statement:
        """The place of the so-manieth entry of a portal, counted from 0."""
        journal = self.tables.journal
        places = select(journal.c.place).where(*_is(journal, "portal"))
        sql = places.order_by(journal.c.place).limit(_ONE).offset(_value("after"))
        return self.made(sql, "portal", "after")

    @cached_property
    def size(self) -> Statement:
        """How many entries a portal has."""
        journal = self.tables.journal
        return self.made(select(func.count()).where(*_is(journal, "portal")), "portal")

    @cached_property
    def entries(self) -> Statement:
        """So many entries from a place on."""
        journal = self.tables.journal
        rule = [*_is(journal, "portal"), journal.c.place >= _value("place")]
        sql = select(journal.c.text, journal.c.hash, journal.c.place).where(*rule)
        paged = sql.order_by(journal.c.place).limit(_value("limit")).offset(_NONE)
        return self.made(paged, "portal", "place", "limit")

    # What was.

    @cached_property
    def checkpoint(self) -> Statement:
        """The last checkpoint before a number and not later than an instant, with its entry's hash.

        The instants of a wallet's entries never go back, so the last by instant is the last.
        """
        table, touches, journal = self.tables.checkpoints, self.tables.touches, self.tables.journal
        rule = [*_is(table, "portal", "wallet"), table.c.at <= _value("at")]
        rule.append(table.c.sequence < _value("sequence"))
        behind = [touches.c[name] == table.c[name] for name in ("portal", "wallet", "sequence")]
        same = [touches.c[name] == journal.c[name] for name in ("portal", "request")]
        joined = table.join(touches, and_(*behind)).join(journal, and_(*same))
        sql = select(table.c.sequence, table.c.text, journal.c.hash).select_from(joined)
        last = sql.where(*rule).order_by(table.c.at.desc(), table.c.sequence.desc()).limit(_ONE)
        return self.made(last.offset(_NONE), "portal", "wallet", "at", "sequence")

    @cached_property
    def chain(self) -> Statement:
        """A page of a wallet's entries behind a number."""
        touches, journal = self.tables.touches, self.tables.journal
        same = [touches.c[name] == journal.c[name] for name in ("portal", "request")]
        rule = [*_is(touches, "portal", "wallet"), touches.c.sequence > _value("sequence")]
        sql = select(touches.c.sequence, touches.c.at, journal.c.text, journal.c.hash)
        joined = sql.select_from(touches.join(journal, same[0] & same[1]))
        paged = joined.where(*rule).order_by(touches.c.sequence).limit(_value("limit"))
        return self.made(paged.offset(_NONE), "portal", "wallet", "sequence", "limit")

    @cached_property
    def versions(self) -> Statement:
        """Every version of the lots that a wallet ever held, up to an instant, in order."""
        cells, terms = self.tables.cells, self.tables.terms
        same = [terms.c[name] == cells.c[name] for name in ("portal", "lot")]
        rule = [*_is(cells, "portal", "wallet"), terms.c.since <= _value("at")]
        sql = select(terms.c.text).select_from(cells.join(terms, same[0] & same[1])).where(*rule)
        ordered = sql.order_by(terms.c.lot, terms.c.version)
        return self.made(ordered, "portal", "wallet", "at")

    # What is written.

    @cached_property
    def add_touch(self) -> Statement:
        """An entry that touched a wallet."""
        names = ("portal", "wallet", "sequence", "at", "request")
        return self.made(insert(self.tables.touches).values(_values(*names)), *names)

    @cached_property
    def add_terms(self) -> Statement:
        """A version of a lot."""
        names = ("portal", "lot", "version", "since", "text")
        return self.made(insert(self.tables.terms).values(_values(*names)), *names)

    @cached_property
    def put_checkpoint(self) -> Statement:
        """What a wallet had at one of its entries."""
        return self._upsert(self.tables.checkpoints)

    def _insert(self, table: Table) -> Any:
        """An insertion that may say what to do where a row is there already."""
        return (sqlite if self.dialect.name == "sqlite" else postgresql).insert(table)

    def _upsert(self, table: Table, *keeping: str) -> Statement:
        """A row put in, or in the place of the one with its key."""
        names = [column.name for column in table.columns]
        keys = [column.name for column in table.primary_key]
        sql = self._insert(table).values(_values(*names))
        fresh = {n: sql.excluded[n] for n in names if n not in keys and n not in keeping}
        return self.made(sql.on_conflict_do_update(index_elements=keys, set_=fresh), *names)

    @cached_property
    def add_entry(self) -> Statement:
        """An entry behind the last one of its portal."""
        journal = self.tables.journal
        if self.locks_rows:
            place: Any = self.tables.numbers.next_value()
        else:
            following = func.coalesce(func.max(journal.c.place), _NONE) + _ONE
            place = select(following).where(*_is(journal, "portal")).scalar_subquery()
        names = ("portal", "request", "hash", "text")
        sql = insert(journal).values(place=place, **_values(*names))
        return self.made(sql, *names, in_order=True)

    @cached_property
    def add_lot(self) -> Statement:
        """A lot that was not there."""
        lots = self.tables.lots
        names = ("portal", "lot", "ends", "text")
        return self.made(insert(lots).values(_values(*names)), *names)

    @cached_property
    def edit_lot(self) -> Statement:
        """A lot under other terms."""
        lots = self.tables.lots
        sql = update(lots).values(ends=_value("ends"), text=_value("text"))
        return self.made(sql.where(*_is(lots, "portal", "lot")), "portal", "lot", "ends", "text")

    @cached_property
    def edit_ends(self) -> Statement:
        """The end of a lot, brought to everybody who has it."""
        cells = self.tables.cells
        rule = _is(cells, "portal", "lot")
        sql = update(cells).values(ends=_value("ends")).where(*rule)
        return self.made(sql, "portal", "lot", "ends", apart=True)

    @cached_property
    def edit_cell(self) -> Statement:
        """What a wallet has of a lot that it had before."""
        cells = self.tables.cells
        names = ("portal", "wallet", "lot", *_STATES, *_SORTED)
        values = _values(*_STATES, *_SORTED)
        sql = update(cells).values(values).where(*_is(cells, "portal", "wallet", "lot"))
        return self.made(sql, *names)

    @cached_property
    def put_cell(self) -> Statement:
        """What a wallet has of a lot; its end is the lot's own, whoever is about to edit that."""
        cells, lots = self.tables.cells, self.tables.lots
        given = ("portal", "wallet", "lot", *_STATES, *_SORTED)
        columns = (*given, "ends", "acquired", "cycle")
        own = [lots.c.ends if n == "ends" else _typed(cells.c[n], n) for n in columns]
        source: Any = select(*own).where(*_is(lots, "portal", "lot"))
        if self.locks_rows:
            source = source.with_for_update(read=True)
        sql = self._insert(cells).from_select(columns, source)
        fresh = {name: sql.excluded[name] for name in (*_STATES, *_SORTED)}
        keys = ("portal", "wallet", "lot")
        done = sql.on_conflict_do_update(index_elements=keys, set_=fresh)
        return self.made(done, *given, "acquired", "cycle", apart=True)

    @cached_property
    def touch(self) -> Statement:
        """Nothing written, and the right to write taken."""
        heads = self.tables.heads
        rule = [*_is(heads, "portal"), heads.c.name == _EMPTY]
        return self.made(update(heads).values(sequence=_NONE).where(*rule), "portal")

    @cached_property
    def put_head(self) -> Statement:
        """A wallet's head."""
        return self._upsert(self.tables.heads)

    @cached_property
    def put_claim(self) -> Statement:
        """A claim."""
        return self._upsert(self.tables.claims)

    @cached_property
    def put_record(self) -> Statement:
        """A record; who wrote it first stays."""
        return self._upsert(self.tables.records, "author")

    @cached_property
    def drop_places(self) -> Statement:
        """A claim found nowhere."""
        places = self.tables.places
        sql = delete(places).where(*_is(places, "portal", "claim"))
        return self.made(sql, "portal", "claim", apart=True)

    @cached_property
    def add_place(self) -> Statement:
        """A claim found in a wallet."""
        names = ("portal", "wallet", "claim", "due")
        values = _values(*names)
        return self.made(insert(self.tables.places).values(values), *names)

    @cached_property
    def drop_found(self) -> Statement:
        """A record found by nothing."""
        found = self.tables.found
        sql = delete(found).where(*_is(found, "portal", "kind", "key"))
        return self.made(sql, "portal", "kind", "key", apart=True)

    @cached_property
    def add_found(self) -> Statement:
        """A record found by a value."""
        names = ("portal", "kind", "name", "value", "key")
        values = _values(*names)
        return self.made(insert(self.tables.found).values(values), *names)


@lru_cache(maxsize=32)
def statements_for(dialect: Dialect, prefix: str) -> Statements:
    """The statements for an engine's dialect and tables with a prefix, compiled once."""
    return Statements(dialect, add_tables(MetaData(), prefix=prefix))
