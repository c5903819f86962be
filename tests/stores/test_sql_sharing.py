"""What commands of one portal only look at: they share it, and whoever changes it waits."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any, cast

import pytest
from sqlalchemy import select

from tests.stores.engines import KINDS, opened
from unitledger import Actor, Call, Credits, Ledger, Policy, Role
from unitledger.accounts import course, pool
from unitledger.commands import Entry
from unitledger.credits import (
    STANDING,
    Allocate,
    Enrol,
    Lapse,
    Resubscribe,
    ReverseEnrolment,
    Subscribe,
)
from unitledger.errors import InvalidValue, LearnerCapReached, Refused, SubscriptionLapsed
from unitledger.ids import LotId, PortalId
from unitledger.operations import Issue
from unitledger.ports import Store
from unitledger.stores.sql import JoinedSqlStore, SqlStore
from unitledger.stores.sql.statements import Names, Statements
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


def test_who_leaves_a_seat_waits_for_whoever_asks_for_it(tmp_path: Path) -> None:
    """That a seat is taken is not answered, in the journal, behind the entry that left it."""
    with opened("postgresql", tmp_path) as store:
        ledger, reversed_ = portal(store), Event()
        enrolled = ledger.execute(Enrol("ann", "c"), by=ADMIN, request="enrol")  # from the pool
        seat = Enrol("ann", "c").keys()

        def reverse() -> None:
            command = ReverseEnrolment(enrolled.outcome.enrolment)
            ledger.execute(command, by=ADMIN, request="reverse")
            reversed_.set()

        with store.begin(ledger.portal, [course("c")], seat):
            thread = Thread(target=reverse)
            thread.start()
            assert not reversed_.wait(0.3)
        thread.join(10)
        assert reversed_.is_set()


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


# Everything at once, and the journal read by somebody who believes nothing.


class Registrar:
    """What a journal says of seats, a cap and a lapse, and everything in it that cannot be."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.active: dict[tuple[str, str], str] = {}
        self.lapsed = False
        self.anomalies: list[str] = []
        self.seen = Counter[str]()

    def read(self, entry: Entry) -> None:
        """Take one entry into account."""
        command: Any = entry.command
        self.seen[command.NAME] += 1
        if command.NAME == "enrol":
            self._enrol(entry, command)
        elif command.NAME == "reverse_enrolment":
            known = [seat for seat, made in self.active.items() if made == command.enrolment]
            self._insist(len(known) == 1, entry, "it reverses what is not there")
            for seat in known:
                del self.active[seat]
        elif command.NAME in {"lapse", "resubscribe"}:
            self.lapsed = command.NAME == "lapse"

    def _enrol(self, entry: Entry, command: Any) -> None:
        seat, outcome = (command.learner, command.course), cast("Any", entry.outcome)
        there = self.active.get(seat)
        self._insist(not self.lapsed, entry, "it is behind a lapse")
        if entry.same_as is not None:
            self._insist(there == outcome.enrolment, entry, "it answers with another enrolment")
            return
        self._insist(there is None, entry, "the seat is taken")
        taken = sum(learner == command.learner for learner, _ in self.active)
        self._insist(taken < self.cap, entry, "the learner has as many as they may have")
        self.active[seat] = outcome.enrolment

    def _insist(self, right: bool, entry: Entry, words: str) -> None:
        if not right:
            self.anomalies.append(f"{entry.request}: {words}")


def crowd(store: SqlStore) -> Registrar:
    """Clients that enrol, reverse, lapse and begin again in few seats, and what came of it."""
    ledger = portal(store, learner_cap=2, lapse_grace_days=30)

    def client(number: int) -> None:
        chance, mine = Random(number), list[str]()
        for turn in range(30):
            command: Any = Enrol(f"learner {chance.randrange(3)}", chance.choice("abc"))
            draw = chance.random()
            if draw < 0.3 and mine:
                command = ReverseEnrolment(mine.pop())
            elif draw > 0.9:
                command = chance.choice((Lapse, Resubscribe))("plan")
            with suppress(Refused):
                receipt = ledger.execute(command, by=ADMIN, request=f"{number} {turn}")
                if isinstance(command, Enrol) and receipt.same_as is None:
                    mine.append(receipt.outcome.enrolment)

    at_once(*[partial(client, number) for number in range(6)])
    registrar = Registrar(2)
    for entry in ledger.entries():
        registrar.read(entry)
    registrar.anomalies += [f"fold: {fault}" for fault in ledger.audit().faults]
    return registrar


@pytest.mark.parametrize("kind", KINDS)
def test_seats_caps_and_lapses_hold_in_a_crowd(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path) as store:
        registrar = crowd(store)
    assert registrar.anomalies == []
    assert min(registrar.seen[name] for name in ("enrol", "reverse_enrolment", "lapse")) > 1


def test_without_locks_of_records_a_crowd_leaves_anomalies(tmp_path: Path) -> None:
    """The control: wallets are locked as ever, and what is looked at is not."""
    with opened("postgresql", tmp_path) as store:
        found = list[str]()
        for turn in range(5):
            prefix = f"{store.statements.tables.prefix}{turn}_"
            url = store.engine.url.render_as_string(hide_password=False)
            with closing(SqlStore.open(url, prefix=prefix)) as unlocked:
                vars(unlocked.statements)["locks"] = partial(_wallets_alone, unlocked.statements)
                vars(unlocked.statements)["claims_of"] = lambda *_: []
                found += crowd(unlocked).anomalies
            if found:
                break
    assert any("behind a lapse" in one or "as many as" in one for one in found)


def _wallets_alone(statements: Statements, portal: str, names: Names) -> Any:
    return Statements.locks(statements, portal, Names(names.wallets, (), ()))


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
