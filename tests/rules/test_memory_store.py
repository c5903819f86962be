"""The memory store: forks copy nothing, threads spend nothing twice, everything can be undone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from threading import Barrier, Thread
from typing import Any

import pytest

from tests import probes
from tests.desk import ADMIN, ANN, BEN, CODE, POOL, Desk, day, u
from tests.probes import Probe, deciding
from tests.scripts import Story, told
from unitledger.commands import Decision, Done, View
from unitledger.errors import InvariantViolation, UnitLedgerError
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId
from unitledger.ledger import Call, Ledger
from unitledger.operations import EditExpiry, Hold, Issue, Reverse, Spend, Transfer
from unitledger.orders import FIFO, LIFO, BurnOrder
from unitledger.stores import memory
from unitledger.stores.memory import MemoryStore

MAIN = PortalId("main")


@pytest.fixture(autouse=True)
def _probes() -> Iterator[None]:
    with probes.named():
        yield


def tables(store: MemoryStore) -> dict[str, Any]:
    """The tables of the portal, by name."""
    portal = store._portals[MAIN]
    return {name: getattr(portal, name) for name in portal.__slots__}


def layers(store: MemoryStore) -> dict[str, list[int]]:
    """How many rows every layer of every table has, the newest first; entries are layers too."""
    found: dict[str, list[int]] = {}
    for name, table in tables(store).items():
        if name == "journal":
            found[name] = [len(part) for part in (*table._before, table.own)]
        elif name != "counts":
            found[name] = [len(layer) for layer in table.layers()]
    return found


def forked(desk: Desk) -> Desk:
    """A desk at a fork of another's store."""
    assert isinstance(desk.store, MemoryStore)
    other = Desk(desk.store.fork())
    other.clock.at = desk.clock.at
    other._requests = desk._requests + 1000
    return other


def pictures(desk: Desk) -> tuple[object, ...]:
    """Everything a desk can see."""
    wallets = (ANN, BEN, CODE, POOL)
    balances = [desk.ledger.balance(wallet) for wallet in wallets]
    plans = [desk.ledger.explain(w, u(5), order=o).taken for w in wallets[:3] for o in (FIFO, LIFO)]
    return balances, plans, desk.journal()


# Forks.


def test_parent_and_child_never_see_what_the_other_writes() -> None:
    for seed in range(10):
        parent = told(30, seed)
        child, before = forked(parent), pictures(parent)
        assert pictures(child) == before
        play(child, seed + 100)
        assert pictures(parent) == before
        grandchild, between = forked(child), pictures(child)
        play(parent, seed + 200)
        assert pictures(child) == between == pictures(grandchild)
        play(grandchild, seed + 300)
        assert pictures(child) == between
        for desk in (parent, child, grandchild):
            desk.check()
            assert_buckets(desk)


def test_a_fork_decides_as_its_origin_would() -> None:
    for seed in range(10):
        parent = told(30, seed)
        child = forked(parent)
        play(parent, seed + 100)
        play(child, seed + 100)
        assert pictures(parent) == pictures(child)


def play(desk: Desk, seed: int, length: int = 25) -> None:
    """More of a story; its requests and lots are its own."""
    story, chance = Story(seed), Random(seed)
    story.lots += [(LotId(f"l{chance.randrange(30)}"), ANN) for _ in range(9)]
    now = (desk.clock.at - day(0)).days
    for number in range(1, length):
        with suppress(UnitLedgerError):
            step = 1000 * (seed + 1) + number
            desk.at(now + number / 2).give(story.next(step, now + number / 2), f"r{step}")


def assert_buckets(desk: Desk) -> None:
    """Every bucket the store keeps is what its wallet holds."""
    with desk.store.read(MAIN) as reading:
        for wallet in (ANN, BEN, CODE):
            held = {lot.id: cells[1] + cells[4] for lot, cells in reading.holdings(wallet)}
            for order in (desk.ledger.policy.burn_order, FIFO, LIFO):
                bucket = reading.bucket(wallet, order, desk.clock.at, None)
                found = [(lot.id, parts) for _, lot, parts in bucket.entries()]
                assert dict(found) == {lot: parts for lot, parts in held.items() if parts}
                ranks = [rank for rank, _, _ in bucket.entries()]
                assert ranks == sorted(ranks)


def many(size: int) -> Desk:
    """A desk with so many wallets, a lot in each."""
    desk = Desk()
    calls = [
        Call(Issue(LotId(f"l{n}"), WalletId(f"member/{n}"), u(1)), ADMIN, f"i{n}")
        for n in range(size)
    ]
    desk.ledger.execute_many(calls)
    return desk


def test_a_fork_copies_nothing_whatever_the_size() -> None:
    """The layers below are the same objects; only empty rows are new."""
    for size in (10, 1000):
        desk = many(size)
        child = forked(desk)
        assert isinstance(desk.store, MemoryStore)
        assert isinstance(child.store, MemoryStore)
        mine, theirs = tables(desk.store), tables(child.store)
        for name in ("heads", "cells", "lots", "requests"):
            assert layers(desk.store)[name] == layers(child.store)[name] == [0, size]
            assert mine[name].layers()[1] is theirs[name].layers()[1]
        for name in ("held", "holders"):
            assert mine[name].layers()[1] is theirs[name].layers()[1]
        assert mine["journal"]._before[0] is theirs["journal"]._before[0]


def test_a_child_that_does_little_copies_little() -> None:
    """Reading and writing one wallet of a thousand puts a handful of rows into the child."""
    desk = many(1000)
    child = forked(desk)
    child.spend(WalletId("member/7"), u(1))
    child.figures(WalletId("member/7"))
    assert isinstance(child.store, MemoryStore)
    assert max(rows[0] for name, rows in layers(child.store).items() if name != "journal") <= 2
    assert layers(child.store)["journal"] == [1000, 1]


def test_many_forks_of_one_store_cost_nothing() -> None:
    desk = many(200)
    assert isinstance(desk.store, MemoryStore)
    children = [forked(desk) for _ in range(300)]
    assert {len(rows) for rows in layers(desk.store).values()} <= {1, 2}
    for number, child in enumerate(children):
        child.spend(WalletId(f"member/{number % 200}"), u(1))
    assert {child.figures(WalletId("member/7"))[0] for child in children} == {0, 100}
    assert desk.figures(WalletId("member/7"))[0] == 100


def test_layers_stay_few_when_forks_follow_each_other() -> None:
    """As many as the logarithm of what was written, not as many as there were forks."""
    desk = Desk()
    desk.issue("a", ANN, u(10_000))
    for number in range(600):
        desk.spend(ANN, u(1))
        desk.issue(f"l{number}", WalletId(f"member/{number}"), u(1))
        if number % 3 == 0:
            desk = forked(desk)
    assert isinstance(desk.store, MemoryStore)
    found = layers(desk.store)
    assert max(len(rows) for rows in found.values()) <= 14, found
    desk.check()
    assert len(desk.journal()) == 1201


def test_a_fork_of_an_empty_store_is_empty() -> None:
    store = MemoryStore().fork().fork()
    desk = Desk(store)
    desk.issue("a", ANN, u(1))
    desk.check()


# What cannot be done in the middle.


def test_a_store_is_not_forked_in_the_middle_of_a_unit_of_work() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(5))
    assert isinstance(desk.store, MemoryStore)
    with desk.store.begin(MAIN, (), ()), pytest.raises(InvariantViolation):
        desk.store.fork()
    with pytest.raises(ValueError, match="stop"), desk.store.begin(MAIN, (), ()):
        raise ValueError("stop")
    desk.store.fork()


def test_a_command_inside_a_command_is_refused_and_nothing_is_written() -> None:
    """A Directory, say, that uses the ledger it is asked by."""
    desk = Desk()
    desk.issue("a", ANN, u(5))
    journal = desk.journal()

    def meddles(_probe: Probe, _view: View) -> Decision[Done]:
        desk.spend(ANN, u(5))
        return Decision(Done())

    with pytest.raises(InvariantViolation):
        desk.give(deciding("meddles", meddles)(ANN))
    assert desk.journal() == journal
    assert desk.figures(ANN) == (500, 0, 0, 0, 0)
    desk.check()
    desk.spend(ANN, u(5))


def test_a_command_inside_a_command_may_read_and_may_use_another_portal() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(5))
    other = Desk(desk.store, portal="other")

    def reads(_probe: Probe, _view: View) -> Decision[Done]:
        assert desk.figures(ANN) == (500, 0, 0, 0, 0)
        other.issue("a", ANN, u(7))
        return Decision(Done())

    desk.give(deciding("reads", reads)(ANN))
    assert other.figures(ANN) == (700, 0, 0, 0, 0)
    desk.check()
    other.check()


# Undo.


def test_a_broken_batch_leaves_every_table_as_it_was() -> None:
    """Whatever it did before it broke, and whatever was read and cached on the way."""

    def breaks(_probe: Probe, view: View) -> Decision[Done]:
        for wallet in (ANN, BEN):
            for order in (FIFO, LIFO, view.policy.burn_order):
                view.bucket(wallet, order)
        raise InvariantViolation("a promise", "broken")

    broken = deciding("breaks", breaks)
    for seed in range(20):
        desk, story = told(25, seed), Story(seed + 50)
        if seed % 2:
            desk = forked(desk)
        twin, before = forked(desk), pictures(desk)
        now = (desk.clock.at - day(0)).days + 1
        calls = [Call(story.next(n, now), ADMIN, f"r{n}") for n in range(900, 912)]
        calls += [
            Call(EditExpiry(LotId(f"l{n}"), ANN, day(now + n)), ADMIN, f"e{n}") for n in range(9)
        ]
        with pytest.raises(InvariantViolation):
            desk.at(now).ledger.execute_many([*calls, Call(broken(ANN, BEN), ADMIN, "x")])
        desk.clock.at = twin.clock.at
        assert pictures(desk) == before
        assert_buckets(desk)
        desk.check()
        play(desk, seed)
        play(twin, seed)
        assert pictures(desk) == pictures(twin)


def test_an_edit_that_is_taken_back_is_no_edit() -> None:
    """Buckets count the edits of terms; a count that is taken back is not taken for another."""
    desk = Desk()
    desk.issue("a", ANN, u(1), expires=day(5))
    desk.issue("b", ANN, u(1), expires=day(9))
    for _ in range(3):
        with suppress(InvariantViolation):
            desk.ledger.execute_many(
                [
                    Call(EditExpiry(LotId("a"), ANN, day(20)), ADMIN, "e1"),
                    Call(Spend(ANN, u("0.1")), ADMIN, "s1"),
                    Call(deciding("breaks", _breaks)(ANN), ADMIN, "x"),
                ]
            )
        assert [m.lot for m in desk.ledger.preview(Spend(ANN, u(1)), by=ADMIN).moves] == ["a"]
        desk.give(EditExpiry(LotId("b"), ANN, day(9)))
        assert [m.lot for m in desk.ledger.preview(Spend(ANN, u(1)), by=ADMIN).moves] == ["a"]
        assert_buckets(desk)
    desk.give(EditExpiry(LotId("a"), ANN, day(20)))
    assert [m.lot for m in desk.ledger.preview(Spend(ANN, u(1)), by=ADMIN).moves] == ["b"]
    desk.check()


def _breaks(_probe: Probe, _view: View) -> Decision[Done]:
    raise InvariantViolation("a promise", "broken")


def test_a_bucket_is_kept_under_a_few_orders_only() -> None:
    desk = told(20, 1)
    for order in ("FIFO", "LIFO", "HIFO", "PRIORITY", "LATEST_EXPIRY", "cost", "cycle", "scope"):
        desk.ledger.explain(ANN, u(1), order=BurnOrder.parse(order))
    assert isinstance(desk.store, MemoryStore)
    assert len(tables(desk.store)["buckets"][ANN]) <= memory._MOST_ORDERS


def test_edits_of_other_lots_keep_a_bucket() -> None:
    """Only a lot that a wallet ever held makes its bucket anew when its terms are edited."""
    desk = Desk()
    desk.issue("a", ANN, u(5))
    desk.issue("b", BEN, u(5))
    with desk.store.read(MAIN) as reading:
        order = desk.ledger.policy.burn_order
        kept = reading.bucket(ANN, order, desk.clock.at, None)
    for number in range(5):
        desk.give(EditExpiry(LotId("b"), BEN, day(9 + number)))
    with desk.store.read(MAIN) as reading:
        assert reading.bucket(ANN, order, desk.clock.at, None) is kept
    desk.give(EditExpiry(LotId("a"), ANN, day(9)))
    with desk.store.read(MAIN) as reading:
        assert reading.bucket(ANN, order, desk.clock.at, None) is not kept
    assert_buckets(desk)


# Threads.


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*works: Callable[[], object]) -> list[object]:
    """What some works come to that begin at one moment, each in its thread."""
    barrier, answers = Barrier(len(works)), list[object]()

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            answers.append(work())
        except UnitLedgerError as error:
            answers.append(error.code)

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def spends(ledger: Ledger, name: str, times: int, wallet: WalletId = ANN) -> Callable[[], int]:
    """A work that spends one unit again and again; how often it could."""

    def work() -> int:
        done = 0
        for number in range(times):
            with suppress(UnitLedgerError):
                ledger.execute(Spend(wallet, u(1)), by=ADMIN, request=f"{name} {number}")
                done += 1
        return done

    return work


@pytest.mark.usefixtures("hurried")
def test_r36_threads_spend_nothing_twice() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(60))
    desk.issue("b", ANN, u(40))
    done = together(*(spends(desk.ledger, f"t{number}", 30) for number in range(8)))
    assert sum(number for number in done if isinstance(number, int)) == 100
    assert desk.figures(ANN) == (0, 0, 10_000, 0, 0)
    assert len(desk.journal()) == 102
    desk.check()


@pytest.mark.usefixtures("hurried")
def test_twins_of_a_request_are_carried_out_once() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(1000))
    for number in range(25):
        give = lambda n=number: desk.ledger.execute(  # noqa: E731
            Spend(ANN, u(1)), by=ADMIN, request=f"x{n}"
        )
        answers = together(*[give] * 6)
        assert all(answer == answers[0] for answer in answers)
    assert desk.figures(ANN)[2] == 2500
    desk.check()


@pytest.mark.usefixtures("hurried")
def test_threads_move_edit_read_and_fork_side_by_side() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(50), expires=day(9))
    desk.issue("b", BEN, u(50), expires=day(8))
    times = range(25)

    def gives(what: str, *commands: Any) -> Callable[[], None]:
        def work() -> None:
            for number, command in enumerate(commands):
                with suppress(UnitLedgerError):
                    desk.ledger.execute(command, by=ADMIN, request=f"{what} {number}")

        return work

    back = [Reverse(ClaimId(f"hold {number}.1"), ANN) for number in times]
    answers = together(
        gives("there", *(Transfer(ANN, BEN, u(1)) for _ in times)),
        gives("here", *(Transfer(BEN, ANN, u(1)) for _ in times)),
        gives("edit", *(EditExpiry(LotId("a"), ANN, day(9 + number % 3)) for number in times)),
        gives("hold", *(Hold(ANN, u(1), day(3)) for _ in times)),
        gives("back", *back),
        lambda: all(desk.ledger.audit().ok for _ in times),
        lambda: all(forked(desk).ledger.audit().ok for _ in range(10)),
    )
    assert sorted(map(str, answers)) == [*["None"] * 5, "True", "True"]
    assert sum(desk.figures(ANN)) + sum(desk.figures(BEN)) == 10_000
    desk.check()
    assert_buckets(desk)


def test_a_request_that_is_not_yet_kept_is_not_found() -> None:
    """Looked up from another thread while its unit of work is still open."""
    store, found = MemoryStore(), list[object]()
    desk = Desk(store)
    desk.issue("a", ANN, u(5))

    def breaks(_probe: Probe, _view: View) -> Decision[Done]:
        if store._open:
            looking.start()
        raise InvariantViolation("a promise", "broken")

    looking = Thread(target=lambda: found.append(store.kept(MAIN, RequestId("s"))))
    calls = [
        Call(Spend(ANN, u(1)), ADMIN, "s"),
        Call(deciding("breaks", breaks)(ANN), ADMIN, "x"),
    ]
    with pytest.raises(InvariantViolation):
        desk.ledger.execute_many(calls)
    looking.join()
    assert found == [None]
    assert desk.give(Spend(ANN, u(1)), "s").outcome.spent == u(1)
