"""A journal goes from any store to any other, and both go on the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.stores.engines import opened
from tests.toy_store import ToyStore
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.errors import AlreadyExists, JournalBroken
from unitledger.ids import LotId
from unitledger.journal import exported, imported
from unitledger.operations import EditExpiry, Hold, Issue, Release, Spend, Transfer
from unitledger.ports import Kept, Store
from unitledger.restore import restore
from unitledger.scenario import shipped
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock, parse_instant

KINDS = ("memory", "toy", "sqlite", "postgresql")
START = parse_instant("2026-01-01T00:00:00Z")
DAY = timedelta(days=1)
ADMIN = Actor.acting("admin", Role.ADMIN)
ANN, BEN = member("ann"), member("ben")


@contextmanager
def fresh(kind: str, folder: Path) -> Iterator[Store]:
    if kind in {"sqlite", "postgresql"}:
        with opened(kind, folder) as store:
            yield store
    else:
        yield MemoryStore() if kind == "memory" else ToyStore()


def ledger(store: Store, days: int = 0) -> Ledger:
    return Ledger(store, portal="academy", clock=FixedClock(START + days * DAY))


def told(store: Store) -> tuple[Kept, ...]:
    """A story with everything in it that a head has to remember."""
    for name in ("seed_credits", "seed_units"):
        shipped()[name].run(store)
    commands: list[Any] = [
        Issue(LotId("a"), ANN, Units.of(20), expires=START + 900 * DAY),
        Hold(ANN, Units.of(3), START + 700 * DAY),
        Hold(ANN, Units.of(2), START + 600 * DAY),
        Transfer(ANN, BEN, Units.of(4)),
        EditExpiry(LotId("a"), ANN, START + 800 * DAY),
        Spend(BEN, Units.of(1)),
        Release("x3.1", ANN),  # type: ignore[arg-type]
    ]
    for number, command in enumerate(commands, 1):
        ledger(store, 500).execute(command, by=ADMIN, request=f"x{number}")
    return ledger(store).journal()


JOURNAL = told(MemoryStore())


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_portal_is_the_one_that_was_written(kind: str, tmp_path: Path) -> None:
    with fresh(kind, tmp_path) as store:
        found = restore(store, JOURNAL)
        assert (found.entries, found.ok) == (len(JOURNAL), True)
        there = ledger(store, 500)
        assert there.journal() == JOURNAL
        assert there.audit().faults == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_portal_goes_on_like_the_first(kind: str, tmp_path: Path) -> None:
    """Holds fall due there as they would have here, and old requests get their first receipts."""
    with fresh(kind, tmp_path) as store, fresh("memory", tmp_path) as model:
        restore(store, JOURNAL)
        told(model)
        with store.read(ledger(store).portal) as reading:
            head = reading.head(ANN)
            assert head is not None
            assert head.next_due == START + 700 * DAY
        for days, amount in ((600, 5), (699, 4), (700, 2), (701, 3)):
            command, request = Spend(ANN, Units.of(amount)), f"on {days}"
            answers = [
                ledger(one, days).execute(command, by=ADMIN, request=request)
                for one in (store, model)
            ]
            assert answers[0] == answers[1]
        assert ledger(store).journal() == ledger(model).journal()
        again = ledger(store).execute(Spend(BEN, Units.of(1)), by=ADMIN, request="x6")
        assert again == ledger(model).receipt("x6")


def test_a_journal_of_more_than_one_batch(tmp_path: Path) -> None:
    source = MemoryStore()
    for number in range(1201):
        command = Issue(LotId(f"l{number}"), ANN, Units.of(1))
        ledger(source).execute(command, by=ADMIN, request=f"r{number}")
    with fresh("sqlite", tmp_path) as store:
        assert restore(store, ledger(source).journal()).entries == 1201
        assert ledger(store).journal() == ledger(source).journal()
        assert ledger(store).balance(ANN).available == Units.of(1201)


def test_nothing_is_restored_into_a_portal_that_has_something() -> None:
    store = MemoryStore()
    ledger(store).execute(Issue(LotId("a"), ANN, Units.of(1)), by=ADMIN, request="a")
    with pytest.raises(AlreadyExists, match="academy"):
        restore(store, JOURNAL)
    assert len(ledger(store).journal()) == 1


def test_a_broken_journal_is_not_restored() -> None:
    store = MemoryStore()
    for broken in (JOURNAL[1:], (*JOURNAL, JOURNAL[-1]), (Kept(JOURNAL[0].text, "0" * 64),)):
        with pytest.raises(JournalBroken):
            restore(store, broken)
    _, seal = imported(exported(JOURNAL))
    with pytest.raises(JournalBroken, match="sealed"):
        restore(store, JOURNAL[:-1], seal)
    assert ledger(store).journal() == ()


def test_a_journal_without_entries_restores_nothing() -> None:
    store = MemoryStore()
    assert restore(store, (), imported(exported(()))[1]).entries == 0
    assert ledger(store).journal() == ()
