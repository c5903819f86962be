"""SQL stores with a fault planted in each: the conformance suite names the promise it breaks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import text

from tests.stores.engines import opened
from unitledger.errors import NotLocked
from unitledger.ports import Store
from unitledger.stores.sql import SqlStore
from unitledger.stores.sql.statements import Statement, Statements
from unitledger.stores.sql.units import SqlUnit
from unitledger.testing.conformance import StoreConformance

_Plant = Callable[[SqlStore, pytest.MonkeyPatch], None]


def without(name: str, *words: str) -> _Plant:
    """A statement that has lost some words, each put as what follows it."""

    def plant(store: SqlStore, _: pytest.MonkeyPatch) -> None:
        statement: Statement = getattr(store.statements, name)
        said = statement.text
        for old, new in zip(words[::2], words[1::2], strict=True):
            assert old in said, said
            said = said.replace(old, new)
        vars(store.statements)[name] = attrs.evolve(statement, text=said)

    return plant


def idle(name: str) -> _Plant:
    """A statement that touches no row."""

    def plant(store: SqlStore, _: pytest.MonkeyPatch) -> None:
        statement: Statement = getattr(store.statements, name)
        said = f"{statement.text} AND 1 = 0"
        vars(store.statements)[name] = attrs.evolve(statement, text=said)

    return plant


def no_lock(store: SqlStore, _: pytest.MonkeyPatch) -> None:
    """Heads are read and not locked."""
    store.statements.locked = store.statements.seen


def no_shared_lock(store: SqlStore, _: pytest.MonkeyPatch) -> None:
    """What is shared is read and not locked."""
    store.statements.shared = store.statements.seen


def deferred(_: SqlStore, patch: pytest.MonkeyPatch) -> None:
    """SQLite gives the database to whoever writes first."""
    patch.setattr(SqlStore, "_beginning", ("BEGIN",))


def written_through(_: SqlStore, patch: pytest.MonkeyPatch) -> None:
    """What is posted is kept at once."""
    post = SqlUnit.post

    def kept(self: SqlUnit, posting: Any) -> None:
        post(self, posting)
        self.finish("COMMIT", "BEGIN")

    patch.setattr(SqlUnit, "post", kept)


def never_kept(_: SqlStore, patch: pytest.MonkeyPatch) -> None:
    """The end of a unit of work takes it back."""
    patch.setattr(SqlUnit, "finish", lambda self, *_: self._wire.tell((), "ROLLBACK"))


def never_caught_up(_: SqlStore, patch: pytest.MonkeyPatch) -> None:
    """What was posted is not looked for."""
    patch.setattr(SqlUnit, "catch_up", lambda _: None)


def forgets_buckets(_: SqlStore, patch: pytest.MonkeyPatch) -> None:
    """Buckets are as they were before what was posted."""
    patch.setattr(SqlUnit, "_follow", lambda *_: None)


def two_alike(store: SqlStore, _: pytest.MonkeyPatch) -> None:
    """A request may be written twice."""
    journal = store.statements.tables.journal.name
    with store.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {journal} DROP CONSTRAINT uq_{journal}_request"))


_FIRST = "usable DESC"
_PLANTED: dict[str, tuple[str, _Plant, str, str]] = {
    "no head lock": (
        "postgresql",
        no_lock,
        "a_unit_of_work_waits_for_another",
        "a unit of work waits until another of its wallet has ended",
    ),
    "no shared lock": (
        "postgresql",
        no_shared_lock,
        "a_shared_lock_keeps_away_whoever_wants_it_alone",
        "what a unit of work shares is not changed before it has ended",
    ),
    "reads what is not committed": (
        "postgresql",
        written_through,
        "who_shares_a_lock_sees_nothing_of_the_others",
        "who shares a lock finds nothing that another is about to write",
    ),
    "a transaction that does not write from its beginning": (
        "sqlite",
        deferred,
        "a_unit_of_work_waits_for_another",
        "a unit of work waits until another of its wallet has ended",
    ),
    "write-through": (
        "sqlite",
        written_through,
        "a_failed_unit_of_work_leaves_nothing",
        "a failed unit of work leaves nothing",
    ),
    "write-through, where a call fails": (
        "sqlite",
        written_through,
        "what_fails_after_any_call_has_one_effect_when_sent_again",
        "what fails before its end leaves nothing",
    ),
    "write-through, where a call fails on a server": (
        "postgresql",
        written_through,
        "what_fails_before_any_call_has_one_effect_when_sent_again",
        "what fails before its end leaves nothing",
    ),
    "nothing is kept": (
        "sqlite",
        never_kept,
        "what_was_posted_is_read",
        "what was posted is read under locks",
    ),
    "posts are not read": (
        "sqlite",
        never_caught_up,
        "what_was_posted_is_read",
        "a unit of work reads what it posted",
    ),
    "buckets of before": (
        "sqlite",
        forgets_buckets,
        "a_bucket_is_what_a_wallet_holds",
        "a bucket is the FREE and EXPIRED parts held",
    ),
    "a request twice": (
        "postgresql",
        two_alike,
        "a_request_is_accepted_once",
        "a request is accepted once, and NotLocked says so",
    ),
    "the smallest first": (
        "sqlite",
        without("first", _FIRST, "usable"),
        "a_bucket_may_be_cut_but_not_in_front",
        "the first lots of a bucket are the first to be used",
    ),
    "a forgotten expiry": (
        "sqlite",
        idle("edit_ends"),
        "a_bucket_is_what_a_wallet_holds",
        "a bucket is the FREE and EXPIRED parts held",
    ),
    "old terms": (
        "sqlite",
        idle("edit_lot"),
        "terms_are_edited_in_one_place",
        "an edit reaches every holder",
    ),
    "claims where they were": (
        "sqlite",
        idle("drop_places"),
        "the_latest_of_everything_is_read",
        "a claim is not found where it was",
    ),
    "records by what they were": (
        "sqlite",
        idle("drop_found"),
        "records_are_found_by_what_they_are_indexed_by_now",
        "a record is not found by what it was",
    ),
    "due later": (
        "sqlite",
        without("due", "due <= ", "due < "),
        "claims_are_found_by_wallet_and_deadline",
        "due are holds of the wallet up to the instant, by id",
    ),
    "pages overlap": (
        "sqlite",
        without("find", '"key" > ', '"key" >= '),
        "records_are_found_page_after_page",
        "a page begins behind an id",
    ),
    "used-up lots left out": (
        "sqlite",
        without("holdings", " ORDER BY", " AND live = 1 ORDER BY"),
        "holdings_are_in_order_and_keep_what_is_used_up",
        "holdings are every lot ever held, by lot id",
    ),
}


@pytest.mark.parametrize("fault", _PLANTED)
def test_a_planted_fault_is_named(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, plant, test, promise = _PLANTED[fault]
    with ExitStack() as stores:

        class Suite(StoreConformance):
            def fresh(self) -> Store:
                store = stores.enter_context(opened(kind, tmp_path))
                plant(store, monkeypatch)
                return store

        with pytest.raises(Exception, match=r".") as caught:
            getattr(Suite(), f"test_{test}")()
    if fault in _BY_THE_TABLES:
        assert isinstance(caught.value, NotLocked), "a key was there already"
    else:
        assert str(caught.value).startswith(f"{promise}: ")


_BY_THE_TABLES = {"records by what they were"}
"""Faults that a key of the tables refuses before a promise is broken."""


def test_the_statements_of_a_store_are_its_own(tmp_path: Path) -> None:
    with opened("sqlite", tmp_path) as one, opened("sqlite", tmp_path) as other:
        assert isinstance(one.statements, Statements)
        assert one.statements is not other.statements
