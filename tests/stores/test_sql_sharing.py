"""What commands of one portal only look at: they share it, and whoever changes it waits."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from tests.stores.engines import KINDS, opened
from unitledger import Actor, Credits, Ledger, Policy, Role
from unitledger.accounts import course, pool
from unitledger.credits import Allocate, Enrol, Lapse, Subscribe
from unitledger.errors import LearnerCapReached, Refused, SubscriptionLapsed
from unitledger.ids import LotId
from unitledger.operations import Issue
from unitledger.stores.sql import SqlStore
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
