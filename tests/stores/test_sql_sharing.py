"""What commands of one portal only look at: they share it, and whoever changes it waits."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from pathlib import Path
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest
from sqlalchemy import select

from tests.stores.engines import KINDS, opened
from unitledger import Actor, Call, Credits, Ledger, Policy, Role
from unitledger.accounts import course, pool
from unitledger.credits import STANDING, Allocate, Enrol, Lapse, Subscribe
from unitledger.errors import InvalidValue, LearnerCapReached, Refused, SubscriptionLapsed
from unitledger.ids import LotId, PortalId
from unitledger.operations import Issue
from unitledger.ports import Store
from unitledger.stores.sql import JoinedSqlStore, SqlStore
from unitledger.testing.conformance import StoreConformance
from unitledger.time import Period

ADMIN = Actor.acting("admin", Role.ADMIN)
TURNS = 12


def portal(store: SqlStore, **policy: Any) -> Ledger:
    """A portal with a subscription in force, and credits in its pool and in two courses."""
    ledger = Ledger(store, policy=Policy(**policy))
    commands: tuple[Any, ...] = (
        Subscribe("plan", Credits.of(120), Period.YEAR),
        Issue(LotId("bought"), pool(), Credits.of(500)),
        Allocate("a", Credits.of(100)),
        Allocate("b", Credits.of(100)),
    )
    for number, command in enumerate(commands):
        ledger.execute(command, by=ADMIN, request=f"begin {number}")
    return ledger


def at_once(*does: Any) -> list[Any]:
    """What some calls come to that begin together, each in a thread."""
    barrier, said = Barrier(len(does)), dict[int, Any]()

    def run(number: int, do: Any) -> None:
        barrier.wait(20)
        try:
            said[number] = do()
        except Refused as refusal:
            said[number] = refusal

    threads = [Thread(target=run, args=pair) for pair in enumerate(does)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [said[number] for number in range(len(does))]


def test_a_course_does_not_wait_for_another(tmp_path: Path) -> None:
    """Both ask whether a subscription has lapsed; a lapse waits until they have ended."""
    with opened("postgresql", tmp_path) as store:
        ledger, enrolled = portal(store), list[Any]()
        command = Enrol("ann", "b")

        def enrol() -> None:
            enrolled.append(ledger.execute(command, by=ADMIN, request="enrol"))

        lapsed = Event()

        def lapse() -> None:
            ledger.execute(Lapse("plan"), by=ADMIN, request="lapse")
            lapsed.set()

        other = Enrol("ben", "a")
        with store.begin(ledger.portal, [course("a")], other.keys(), (), other.shared_keys()):
            thread = Thread(target=enrol)
            thread.start()
            thread.join(10)
            assert len(enrolled) == 1
            waiting = Thread(target=lapse)
            waiting.start()
            assert not lapsed.wait(0.3)
        waiting.join(10)
        with pytest.raises(SubscriptionLapsed):
            ledger.execute(other, by=ADMIN, request="other")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cap_holds_for_enrolments_at_once(kind: str, tmp_path: Path) -> None:
    """Both count the learner's enrolments and find none: one has to see what the other made."""
    with opened(kind, tmp_path) as store:
        ledger = portal(store, learner_cap=1)
        for turn in range(TURNS):

            def enrol(name: str, turn: int = turn) -> Any:
                command = Enrol(f"learner {turn}", name)
                return ledger.execute(command, by=ADMIN, request=f"{name} {turn}")

            answers = at_once(lambda: enrol("a"), lambda: enrol("b"))
            refused = [one for one in answers if isinstance(one, LearnerCapReached)]
            assert len(refused) == 1
        assert ledger.audit().ok


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_spent_behind_a_lapse(kind: str, tmp_path: Path) -> None:
    """Enrolments and a lapse at once: in the journal every enrolment stands before it."""
    with opened(kind, tmp_path) as store:
        ledger = portal(store)

        def enrol(name: str) -> None:
            for turn in range(TURNS):
                command = Enrol(f"{name} {turn}", name)
                ledger.execute(command, by=ADMIN, request=f"{name} {turn}")

        def lapse() -> None:
            ledger.execute(Lapse("plan"), by=ADMIN, request="lapse")

        at_once(lambda: enrol("a"), lambda: enrol("b"), lapse)
        entries = list(ledger.entries())
        place = [entry.request for entry in entries].index("lapse")  # type: ignore[arg-type]
        assert all(entry.command.NAME != "enrol" for entry in entries[place + 1 :])
        assert ledger.audit().ok


# Rows that are there to be locked.


def locked_rows(store: SqlStore) -> list[str]:
    """The names that have a row and no entry."""
    heads = store.statements.tables.heads
    with store.engine.connect() as connection:
        rows = connection.execute(select(heads.c.name).where(heads.c.sequence == 0))
        return sorted(name for (name,) in rows)


def test_only_what_is_shared_leaves_a_row_behind(tmp_path: Path) -> None:
    """The seat of every enrolment is locked once in its life, and would stay for ever."""
    with opened("postgresql", tmp_path) as store:
        ledger = portal(store)
        before = locked_rows(store)
        calls = [Call(Enrol(f"many {n}", "a"), ADMIN, f"many {n}") for n in range(30)]
        ledger.execute(Enrol("one", "a"), by=ADMIN, request="one")
        ledger.execute_many(calls)
        ledger.preview(Enrol("two", "a"), by=ADMIN)
        assert locked_rows(store) == sorted({*before, STANDING})
        with store.engine.begin() as connection:
            joined = Ledger(JoinedSqlStore(connection, prefix=store.statements.tables.prefix))
            joined.execute(Enrol("three", "a"), by=ADMIN, request="three")
        assert locked_rows(store) == sorted({*before, STANDING})
        assert ledger.audit().ok


def test_a_row_that_goes_is_a_lock_as_long_as_it_is_there(tmp_path: Path) -> None:
    """Many threads want one key and no wallet in common: never two of them have it."""
    with opened("postgresql", tmp_path) as store:
        inside, most = list[int](), list[int]()

        def enter(number: int) -> None:
            for turn in range(TURNS):
                keys = ["seat?of=all", f"seat?of={turn}"]
                with store.begin(PortalId("main"), [course(str(number))], keys):
                    inside.append(number)
                    most.append(len(inside))
                    sleep(0.001)
                    inside.pop()

        at_once(*[partial(enter, number) for number in range(6)])
        assert set(most) == {1}
        assert len(most) == 6 * TURNS
        assert locked_rows(store) == [course(str(number)) for number in range(6)]


def test_a_unit_of_work_takes_no_snapshot_before_its_locks(tmp_path: Path) -> None:
    """What is read under a lock is what there is, whatever the server does unless it is told."""
    with opened("postgresql", tmp_path) as store, ExitStack() as stores:
        snapshots = {"options": "-c default_transaction_isolation=repeatable\\ read"}
        place = store.engine.url.update_query_dict(snapshots)
        numbers = count()

        class Suite(StoreConformance):
            def fresh(self) -> Store:
                url = place.render_as_string(hide_password=False)
                prefix = f"{store.statements.tables.prefix}{next(numbers)}_"
                return stores.enter_context(closing(SqlStore.open(url, prefix=prefix)))

        Suite().test_a_shared_lock_keeps_away_whoever_wants_it_alone()


def test_a_host_that_takes_snapshots_is_refused(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as store:
        engine = store.engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            joined = JoinedSqlStore(connection, prefix=store.statements.tables.prefix)
            with pytest.raises(InvalidValue, match="repeatable read"):
                Ledger(joined).execute(Enrol("ann", "a"), by=ADMIN, request="ann")
