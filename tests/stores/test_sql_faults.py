"""When somebody is in the way, somebody was faster, or the database is not there."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from sqlalchemy import text

from tests.stores.engines import KINDS, opened
from tests.stores.proxies import Proxy
from tests.stores.servers import shared
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.errors import (
    Contention,
    InvalidType,
    InvalidValue,
    InvariantViolation,
    StoreUnavailable,
    UnitLedgerError,
)
from unitledger.ids import LotId, PortalId
from unitledger.operations import Issue, Spend, Transfer
from unitledger.stores.sql import Retries, SqlStore
from unitledger.stores.sql.faults import Fault, fault, refusal

ADMIN = Actor.acting("admin", Role.ADMIN)
ANN, BEN = member("ann"), member("ben")
MAIN = PortalId("main")
NUMBERS = count()


class Pauses:
    """Pauses that are noted, not made."""

    def __init__(self, *chances: float) -> None:
        self.made: list[timedelta] = []
        self._chances = iter(chances)

    def chance(self) -> float:
        return next(self._chances, 1.0)

    def retries(self, tries: int, wait: int = 20) -> Retries:
        return Retries(
            tries, timedelta(milliseconds=wait), chance=self.chance, sleep=self.made.append
        )


def issue(store: SqlStore, request: str = "issue") -> None:
    command = Issue(LotId(request), ANN, Units.of(5))
    Ledger(store).execute(command, by=ADMIN, request=request)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


# Somebody is in the way.


def test_locks_that_cannot_be_had_are_given_up(kind: str, tmp_path: Path) -> None:
    """After so many tries, with pauses drawn from a span that doubles up to a bound."""
    pauses = Pauses(1.0, 0.5, 1.0, 0.0)
    with opened(kind, tmp_path) as store:
        issue(store)
        other = SqlStore(
            store.engine, prefix=store.statements.tables.prefix, retries=pauses.retries(4)
        )
        store.engine.dispose()
        with store.begin(MAIN, [ANN], ()), pytest.raises(Contention) as caught:
            _in_a_thread(lambda: issue(other, "other"))
        assert caught.value.attempts == 4
        assert pauses.made == [timedelta(milliseconds=n) for n in (10, 10, 40, 0)]
        issue(other, "other")
        assert Ledger(store).balance(ANN).available == Units.of(10)


def _in_a_thread(do: Any) -> None:
    raised = list[UnitLedgerError]()

    def run() -> None:
        try:
            do()
        except UnitLedgerError as error:
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def test_locks_are_had_when_the_other_ends(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as store:
        issue(store)
        inside, done = Event(), Event()

        def follow() -> None:
            inside.wait(10)
            issue(store, "other")
            done.set()

        follower = Thread(target=follow)
        follower.start()
        with store.begin(MAIN, [ANN], ()):
            inside.set()
            assert not done.wait(0.1)
        follower.join(10)
        assert done.is_set()


def test_wallets_of_others_are_not_waited_for(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as store:
        issue(store)
        with store.begin(MAIN, [ANN], ["enrolment#e"]):
            command = Issue(LotId("b"), BEN, Units.of(5))
            _in_a_thread(lambda: Ledger(store).execute(command, by=ADMIN, request="b"))
        assert Ledger(store).balance(BEN).available == Units.of(5)


def test_two_who_cross_each_other_both_arrive(kind: str, tmp_path: Path) -> None:
    """Each gives to the other: locks taken in the order of the commands would wait for ever."""
    with opened(kind, tmp_path) as store:
        ledger, barrier = Ledger(store), Barrier(2)
        for wallet, name in ((ANN, "a"), (BEN, "b")):
            ledger.execute(Issue(LotId(name), wallet, Units.of(50)), by=ADMIN, request=name)

        def give(source: Any, target: Any) -> None:
            for turn in range(15):
                barrier.wait(20)
                request = f"{source} {turn}"
                ledger.execute(Transfer(source, target, Units.of(1)), by=ADMIN, request=request)

        threads = [Thread(target=give, args=pair) for pair in ((ANN, BEN), (BEN, ANN))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ledger.balance(ANN).available == ledger.balance(BEN).available == Units.of(50)
        assert len(ledger.journal()) == 32
        assert ledger.audit().ok


# Somebody was faster.


def test_a_twin_gets_the_first_receipt(kind: str, tmp_path: Path) -> None:
    """Two threads send one request at once, for wallets that have no lock in common."""
    with opened(kind, tmp_path) as store:
        for turn in range(5):
            receipts, barrier = list[Any](), Barrier(2)

            def send(turn: int, receipts: list[Any], barrier: Barrier) -> None:
                command = Issue(LotId(f"l{turn}"), ANN, Units.of(1))
                barrier.wait(10)
                receipts.append(Ledger(store).execute(command, by=ADMIN, request=f"r{turn}"))

            threads = [Thread(target=send, args=(turn, receipts, barrier)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(receipts) == 2
            assert receipts[0] == receipts[1]
        assert len(Ledger(store).journal()) == 5


def test_a_request_posted_meanwhile_by_somebody_with_other_locks(tmp_path: Path) -> None:
    """The database decides: whoever comes second begins again, and finds another command there."""
    with opened("postgresql", tmp_path) as store:
        issue(store)
        ledger, raced = Ledger(store), list[str]()
        original = SqlStore.begin

        def begin(self: SqlStore, *asked: Any) -> Any:
            if not raced:
                raced.append("once")
                command = Issue(LotId("b"), BEN, Units.of(5))
                Ledger(store).execute(command, by=ADMIN, request="race")
            return original(self, *asked)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SqlStore, "begin", begin)
            with pytest.raises(Exception, match="race") as caught:
                ledger.execute(Spend(ANN, Units.of(1)), by=ADMIN, request="race")
        assert caught.value.code == "request_conflict"  # type: ignore[attr-defined]
        assert ledger.balance(ANN).available == Units.of(5)


# A row that the tables refuse, and a database that is not there.


def test_a_check_of_the_tables_is_a_broken_promise(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as store:
        issue(store)
        with store.engine.begin() as connection:
            name = f"{store.statements.tables.prefix}cells"
            trigger = _refusing_trigger(kind, name)
            for statement in trigger:
                connection.execute(text(statement))
        with pytest.raises(InvariantViolation, match="no, thanks"):
            Ledger(store).execute(Spend(ANN, Units.of(1)), by=ADMIN, request="spend")
        assert Ledger(store).balance(ANN).available == Units.of(5)
        assert Ledger(store).receipt("spend") is None


def _refusing_trigger(kind: str, table: str) -> tuple[str, ...]:
    if kind == "sqlite":
        words = "SELECT RAISE(ABORT, 'no, thanks')"
        return (f"CREATE TRIGGER no BEFORE UPDATE ON {table} BEGIN {words}; END",)
    body = "$$ BEGIN RAISE EXCEPTION 'no, thanks'; END $$"
    return (
        f"CREATE FUNCTION {table}_no() RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"CREATE TRIGGER no BEFORE UPDATE ON {table} EXECUTE FUNCTION {table}_no()",
    )


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with opened("sqlite", tmp_path) as store:
        issue(store)
        with store.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreUnavailable, match="full") as caught:
            _fill(store)
        assert caught.value.doing == "writing"
        store.close()
        assert Ledger(store).audit().ok
        issue(store, "again")


def _fill(store: SqlStore) -> None:
    for number in range(200):
        issue(store, f"more {number}")


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="opening"):
        SqlStore.open("postgresql://nobody@localhost:1/nothing")
    with pytest.raises(StoreUnavailable, match="opening"):
        SqlStore.open(f"sqlite:///{tmp_path}/no/such/folder.db")


def test_an_answer_that_is_lost_is_asked_for_again(tmp_path: Path) -> None:
    """The commit arrives and its answer does not: the same request again finds what it did."""
    with Proxy(shared(), tmp_path) as proxy:
        store = SqlStore.open(proxy.url, prefix=f"lost{next(NUMBERS)}_")
        ledger = Ledger(store)
        issue(store)
        asked = list[bool]()

        def sent(said: bytes) -> bool:
            asked.append(b"COMMIT\0" in said)
            return True

        proxy.sent = sent
        proxy.heard = lambda _: not any(asked)
        with pytest.raises(StoreUnavailable, match="writing"):
            ledger.execute(Spend(ANN, Units.of(1)), by=ADMIN, request="spend")
        proxy.sent = proxy.heard = lambda _: True
        first = ledger.execute(Spend(ANN, Units.of(1)), by=ADMIN, request="spend")
        assert ledger.balance(ANN).available == Units.of(4)
        assert ledger.receipt("spend") == first
        assert len(ledger.journal()) == 2
        store.close()


@pytest.mark.parametrize("doing", ["reading", "taking the locks", "writing"])
def test_a_connection_that_is_cut_is_not_used_again(doing: str, tmp_path: Path) -> None:
    word = {"reading": b"request", "taking the locks": b"FOR UPDATE", "writing": b"COMMIT\0"}[doing]
    with Proxy(shared(), tmp_path) as proxy:
        store = SqlStore.open(proxy.url, prefix=f"cut{next(NUMBERS)}_")
        issue(store)
        proxy.sent = lambda said: word not in said
        with pytest.raises(StoreUnavailable, match=doing):
            Ledger(store).execute(Spend(ANN, Units.of(1)), by=ADMIN, request="spend")
        proxy.sent = lambda _: True
        assert Ledger(store).balance(ANN).available == Units.of(5)
        Ledger(store).execute(Spend(ANN, Units.of(1)), by=ADMIN, request="spend")
        assert Ledger(store).balance(ANN).available == Units.of(4)
        store.close()


# Which fault it is.


class Said(Exception):
    """A driver's error with a state."""

    def __init__(self, **fields: str) -> None:
        super().__init__("no\nDETAIL: secret")
        for name, value in fields.items():
            setattr(self, name, value)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"sqlstate": "40001"}, Fault.AGAIN),
        ({"sqlstate": "40P01"}, Fault.AGAIN),
        ({"sqlstate": "55P03"}, Fault.AGAIN),
        ({"pgcode": "40001"}, Fault.AGAIN),
        ({"sqlstate": "23505"}, Fault.TAKEN),
        ({"sqlstate": "23514"}, Fault.RULE),
        ({"sqlstate": "23502"}, Fault.RULE),
        ({"sqlstate": "P0001"}, Fault.RULE),
        ({"sqlstate": "57P01"}, Fault.GONE),
        ({"sqlstate": "53100"}, Fault.GONE),
        ({}, Fault.GONE),
        ({"sqlite_errorname": "SQLITE_BUSY"}, Fault.AGAIN),
        ({"sqlite_errorname": "SQLITE_BUSY_SNAPSHOT"}, Fault.AGAIN),
        ({"sqlite_errorname": "SQLITE_LOCKED"}, Fault.AGAIN),
        ({"sqlite_errorname": "SQLITE_CONSTRAINT_PRIMARYKEY"}, Fault.TAKEN),
        ({"sqlite_errorname": "SQLITE_CONSTRAINT_UNIQUE"}, Fault.TAKEN),
        ({"sqlite_errorname": "SQLITE_CONSTRAINT_CHECK"}, Fault.RULE),
        ({"sqlite_errorname": "SQLITE_CONSTRAINT_TRIGGER"}, Fault.RULE),
        ({"sqlite_errorname": "SQLITE_FULL"}, Fault.GONE),
        ({"sqlite_errorname": "SQLITE_IOERR"}, Fault.GONE),
    ],
)
def test_a_fault_is_told_by_its_code(fields: dict[str, str], expected: Fault) -> None:
    assert fault(Said(**fields)) is expected


def test_a_refusal_says_what_was_said_and_no_more() -> None:
    gone = refusal(Said(), "writing")
    assert isinstance(gone, StoreUnavailable)
    assert (gone.doing, gone.why) == ("writing", "no")
    assert isinstance(refusal(Said(sqlstate="23514"), "writing"), InvariantViolation)
    assert str(refusal(sqlite3.OperationalError(), "reading")).count("OperationalError") == 1


# How long to try.


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"tries": 0}, InvalidValue),
        ({"tries": True}, InvalidType),
        ({"wait": 5}, InvalidType),
        ({"first": timedelta(-1)}, InvalidValue),
        ({"longest": None}, InvalidType),
    ],
)
def test_retries_that_make_no_sense_are_refused(wrong: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        Retries(**wrong)


def test_a_pause_is_drawn_from_a_span_that_doubles_up_to_a_bound() -> None:
    pauses = Pauses()
    retries = pauses.retries(9)
    for tried in (1, 2, 3, 7, 8, 99):
        retries.pause(tried)
    assert pauses.made == [timedelta(milliseconds=n) for n in (10, 20, 40, 640, 1000, 1000)]
    assert 0 <= Retries().chance() < 1
    Retries(longest=timedelta()).pause(1)
