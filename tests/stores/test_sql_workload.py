"""Many clients at once, killed and cut off under load, before a witness that believes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.stores.engines import opened
from tests.stores.proxies import Proxy, Scissors
from tests.stores.servers import Server, shared
from tests.stores.witness import Told, Witness
from tests.stores.workload import ADMIN, Client, answer, judged, run_processes, serve
from unitledger import Ledger, Units
from unitledger.accounts import member
from unitledger.errors import InvariantViolation
from unitledger.ids import LotId
from unitledger.operations import EditExpiry, Issue, Spend
from unitledger.stores.memory import MemoryStore
from unitledger.stores.sql import Retries, SqlStore
from unitledger.time import FixedClock, parse_instant

NUMBERS = count()


def threads(store: Any, clients: int, turns: int, *broken: type[Exception]) -> Witness:
    """What the witness says of clients that are threads; they may break as it says."""
    told = list[Told]()

    def client(number: int) -> None:
        for turn in range(turns):
            with suppress(*broken):
                serve(store, number, range(turn, turn + 1), told.append)

    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(client, number) for number in range(clients)]:
            done.result()
    return judged(store, told)


def test_sixteen_clients_on_postgresql_leave_no_anomaly(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as store:
        witness = threads(store, 16, 25)
    assert witness.anomalies == []
    assert len(witness.entries) > 150


def test_eight_processes_on_sqlite_leave_no_anomaly(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/load.db"
    SqlStore.open(url).close()
    witness, _ = run_processes(url, 8, 160)
    assert witness.anomalies == []
    assert len(witness.entries) > 50


def test_without_locks_the_same_clients_leave_anomalies(tmp_path: Path) -> None:
    """The control: were there nothing to see, the witness would not be worth hearing.

    The key of the touches alone would keep it from happening: an entry's number in a chain is taken
    once. It has to go as well.
    """
    retries = Retries(tries=1, first=timedelta())
    with opened("postgresql", tmp_path, retries=retries) as store:
        store.statements.locked = store.statements.seen
        name = f"{store.statements.tables.prefix}touches"
        with store.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {name} DROP CONSTRAINT pk_{name}"))
        witness = threads(store, 8, 25, InvariantViolation)
    assert sum("gap" in one for one in witness.anomalies) > 3
    assert sum("fold" in one for one in witness.anomalies) > 3


def test_clients_that_are_killed_lose_and_double_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/kill.db"
    SqlStore.open(url).close()
    witness, harm = run_processes(url, 3, 300, kills=4)
    assert harm == (4, 0)
    assert witness.anomalies == []
    assert set(witness.reasons.values()) == {1}


def test_a_server_that_is_killed_loses_and_doubles_nothing() -> None:
    server = Server()
    SqlStore.open(server.url).close()
    witness, harm = run_processes(server.url, 3, 240, kills=2, crash=server.crash, crashes=3)
    assert harm == (2, 3)
    assert witness.anomalies == []
    assert set(witness.reasons.values()) == {1}


# Connections that are cut around the commit.


@pytest.fixture
def cut(tmp_path: Path) -> Iterator[tuple[SqlStore, Scissors]]:
    with Proxy(shared(), tmp_path) as proxy:
        store = SqlStore.open(proxy.url, prefix=f"cuts{next(NUMBERS)}_")
        yield store, Scissors(proxy, 0.5)
        proxy.sent = proxy.heard = lambda _: True
        store.close()


def test_cuts_around_the_commit_lose_and_double_nothing(
    cut: tuple[SqlStore, Scissors],
) -> None:
    store, scissors = cut
    ledger, client, told = Ledger(store), Client(1), list[Told]()
    for turn in range(60):
        request = client.request(turn)
        told.append(answer(ledger, client.command(turn), request, request))
    scissors.often = 0
    assert min(scissors.before, scissors.behind) > 3
    witness = judged(store, told)
    assert witness.anomalies == []
    assert set(witness.reasons.values()) == {1}


def test_without_request_ids_the_same_cuts_double(cut: tuple[SqlStore, Scissors]) -> None:
    """The control: a host that names every try anew pays twice for what arrived unanswered."""
    store, scissors = cut
    ledger = Ledger(store)
    names = count()

    class Forgetful:
        def execute(self, command: Any, **more: Any) -> Any:
            return ledger.execute(command, **{**more, "request": f"try {next(names)}"})

    forgetful: Any = Forgetful()
    first = Issue(LotId("a"), member("ann"), Units.of(100))
    answer(ledger, first, "first", "first")
    for turn in range(30):
        answer(forgetful, Spend(member("ann"), Units.of(1)), "none", f"spend {turn}")
    scissors.often = 0
    witness = Witness()
    witness.replay((kept.text, kept.hash) for kept in ledger.journal())
    assert max(witness.reasons.values()) > 1


# The witness itself: planted journals, each with one thing that cannot be.


def _journal() -> list[tuple[str, str]]:
    store, ann = MemoryStore(), member("ann")
    clock = FixedClock(parse_instant("2026-01-01T00:00:00Z"))
    ledger = Ledger(store, clock=clock)
    soon = parse_instant("2026-02-01T00:00:00Z")
    for number, command in enumerate(
        [
            Issue(LotId("b"), ann, Units.of(5)),
            Issue(LotId("a"), ann, Units.of(5), expires=soon),
            Spend(ann, Units.of(6)),
            EditExpiry(LotId("b"), ann, soon),
            Spend(ann, Units.of(1)),
        ]
    ):
        ledger.execute(command, by=ADMIN, request=f"r{number}")
    return [(kept.text, kept.hash) for kept in ledger.journal()]


def _edited(place: int, old: str, new: str) -> list[tuple[str, str]]:
    journal = _journal()
    text, entry_hash = journal[place]
    assert old in text
    journal[place] = text.replace(old, new), entry_hash
    return journal


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        (_journal()[:3] + _journal()[4:], "gap: 5 follows 3"),
        (_journal()[:2] + _journal()[1:], "doubled: its request"),
        (_edited(2, '"parts":500', '"parts":400'), "order: it left some of a"),
        (_edited(2, '"terms_read":[["a",1]', '"terms_read":[["a",2]'), "terms that nobody wrote"),
        (_edited(4, '"parts":100', '"parts":900'), "floor: member/ann FREE of b"),
        (_edited(4, '"at":"2026-01', '"at":"2025-12'), "time: it is before"),
        (_edited(1, '"expires":"2026-02-01', '"expires":"2025-02-01'), "order: it took"),
        (_edited(3, '"previous":"', '"previous":"0'), "gap: another entry"),
        (
            _edited(0, '"expires":null', '"expires":"2026-01-15T00:00:00.000000Z"'),
            "in another order",
        ),
        (_edited(2, '"lot":"a","parts":500,"source"', '"lot":"b","parts":500,"source"'), "not a"),
    ],
    ids=["gap", "doubled", "part", "terms", "floor", "time", "expiry", "chain", "order", "other"],
)
def test_the_witness_sees_what_cannot_be(journal: list[tuple[str, str]], words: str) -> None:
    witness = Witness()
    witness.replay(journal)
    assert any(words in one for one in witness.anomalies), witness.anomalies


def test_the_witness_finds_nothing_where_nothing_is_wrong() -> None:
    witness = Witness()
    witness.replay(_journal())
    hashes = [entry_hash for _, entry_hash in _journal()]
    witness.hear(Told(f"r{n}", n, n + 0.5, entry_hash) for n, entry_hash in enumerate(hashes))
    rows = [
        ("member/ann", "a", (-500, 0, 0, 500, 0, 0)),
        ("member/ann", "b", (-500, 300, 0, 200, 0, 0)),
    ]
    witness.compare(rows)
    assert witness.anomalies == []


def test_the_witness_hears_what_clients_were_told() -> None:
    hashes = [entry_hash for _, entry_hash in _journal()]
    told = [Told(f"r{n}", n, n + 0.5, entry_hash) for n, entry_hash in enumerate(hashes)]
    for wrong, words in (
        ([*told, Told("r9", 0, 1, "00")], "r9: lost"),
        ([*told, Told("r1", 0, 1, "00")], "r1: doubled"),
        (told[1:], "r0: nobody sent it"),
        ([*told[:3], Told("r3", 9, 10, hashes[3]), told[4]], "r4: real time"),
    ):
        witness = Witness()
        witness.replay(_journal())
        witness.hear(wrong)
        assert any(words in one for one in witness.anomalies), witness.anomalies
    witness = Witness()
    witness.replay(_journal())
    witness.compare([("member/ann", "a", (-500, 1, 0, 499, 0, 0))])
    assert any(one.startswith("fold") for one in witness.anomalies)
