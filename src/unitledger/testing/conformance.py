"""What every store must keep, as tests that a host runs on a store of its own.

One line in a test module makes them run under pytest or `unittest.TestCase` alike:

    class TestMyStore(StoreConformance, store=MyStore): ...

``store`` is whatever makes an empty store when it is called. A failure begins with the promise that
the store does not keep. Postings are made by hand where one promise stands alone, and by a ledger
where all of them have to hold together; what a ledger does is compared with the memory store, byte
for byte.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Event, Thread
from typing import Any, TypeVar

from unitledger.accounts import EMPTY_CELLS, Cells, State, member, pool, wallet_unit
from unitledger.amounts import MAX_PARTS, Amount, Credits, Units
from unitledger.claims import Claim, Segment
from unitledger.commands import Actor, Command, Head, Role, TermsEdit
from unitledger.credits import Allocate, Enrol, Enrolment, EnrolmentState, ReverseEnrolment
from unitledger.errors import InsufficientUnits, NotLocked, UnitLedgerError
from unitledger.ids import ClaimId, LotId, PortalId, RecordId, RequestId, WalletId
from unitledger.journal import Fold, entry_of
from unitledger.kernel import CellKey
from unitledger.ledger import Call, Ledger
from unitledger.lots import Category, Cost, Lot, Scope
from unitledger.operations import (
    Capture,
    EditExpiry,
    Hold,
    Issue,
    Release,
    Reverse,
    Spend,
    Sweep,
    Transfer,
)
from unitledger.orders import FEFO_LARGEST, FIFO, HIFO, LATEST_EXPIRY, LIFO, PRIORITY, BurnOrder
from unitledger.ports import Kept, Posting, Reading, Store, UnitOfWork
from unitledger.records import Record
from unitledger.stores.memory import MemoryStore
from unitledger.testing.interruptions import InterruptionConformance
from unitledger.testing.promises import keeps as _keeps
from unitledger.time import FixedClock, Validity

__all__ = ["StoreConformance"]

_T = TypeVar("_T")

_START = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_HERE, _THERE = PortalId("here"), PortalId("There 'OR' 1=1 --")
_ANN, _BEN = member("ann"), member("ben")
_ADMIN = Actor.acting("admin", Role.ADMIN)
_ORDERS = (FEFO_LARGEST, FIFO, LIFO, HIFO, LATEST_EXPIRY, PRIORITY)
_HARD = ("a", "A", "a b", "a'b", 'a"b', "a%", "a_", "a;--", "a\\", "~", "!", "x" * 128)
"""Ids that collations, wildcards, quotes and lengths get wrong."""


class StoreConformance(InterruptionConformance):
    """The promises of `unitledger.ports.Store`, one test each.

    Make a subclass with ``store=`` something that makes an empty store. Where that takes more, such
    as a database to be emptied, write `fresh` instead.
    """

    def __init_subclass__(cls, *, store: Callable[[], Store] | None = None) -> None:
        """Remember what makes a store."""
        super().__init_subclass__()
        if store is not None:
            cls.fresh = lambda _: store()  # type: ignore[assignment, method-assign]

    @abstractmethod
    def fresh(self) -> Store:
        """A store with nothing in it."""

    # What is read.

    def test_an_empty_store_has_nothing(self) -> None:
        """Reading what was never written finds nothing, and makes nothing."""
        store = self.fresh()
        for _ in range(2):
            with store.read(_HERE) as reading:
                _keeps("an empty portal has nothing", _everything(reading), _NOTHING)
        _keeps("an empty portal has nothing", store.kept(_HERE, RequestId("r")), None)

    def test_what_was_posted_is_read(self) -> None:
        """In the same unit of work, in the next one, and without locks."""
        store, posting = self.fresh(), _full("r1")
        with _begun(store) as unit:
            unit.post(posting)
            seen = _everything(unit)
        _keeps("a unit of work reads what it posted", seen, _read_of(posting))
        with _begun(store) as unit:
            _keeps("what was posted is read under locks", _everything(unit), seen)
        with store.read(_HERE) as reading:
            _keeps("what was posted is read without locks", _everything(reading), seen)
        kept = store.kept(_HERE, posting.request)
        _keeps("an accepted request is found", kept, posting.kept)
        _keeps("another request is not found", store.kept(_HERE, RequestId("R1")), None)

    def test_the_latest_of_everything_is_read(self) -> None:
        """Heads, cells, claims and records are as the last posting left them."""
        store = self.fresh()
        _post(store, _full("r1"))
        claim = Claim(ClaimId("c"), (_held(_BEN, "a", 2),), _START + 9 * _DAY)
        row: Cells = (0, 0, 2, 0, 3, 4)
        head = Head(_ANN, 2, _START + _DAY, "f" * 64, _START + 2 * _DAY)
        changed: Record = _enrolment("e", EnrolmentState.REVERSED, by="r2")
        cells = (((_ANN, LotId("a")), row),)
        _post(
            store, _posting("r2", claims=(claim,), records=(changed,), cells=cells, heads=(head,))
        )
        with store.read(_HERE) as reading:
            _keeps("the last head is read", reading.head(_ANN), head)
            _keeps("the last cells are read", reading.cells(_ANN, LotId("a")), row)
            _keeps("the last claim is read", reading.claim(ClaimId("c")), claim)
            _keeps("a claim is found where it is now", list(reading.claims(_BEN)), [claim])
            _keeps("a claim is not found where it was", list(reading.claims(_ANN)), [])
            _keeps("the last record is read", reading.record("enrolment", "e"), changed)
            author = reading.author("enrolment", "e")
            _keeps("a record's author is who wrote it first", author, "r1")

    def test_values_come_back_exactly(self) -> None:
        """The largest amounts, microseconds, and texts beyond ASCII in a journal."""
        store = self.fresh()
        late = datetime(9000, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
        lot = _lot("a", expires=late, cost=Cost.of("0.3333333333333333333", "EUR"))
        row: Cells = (-MAX_PARTS, MAX_PARTS, 0, 0, 0, 0)
        head = Head(_ANN, 1, late, "0" * 64, late)
        claim = Claim(ClaimId("c"), (_held(_ANN, "a", MAX_PARTS),), late)
        cells = (((_ANN, lot.id), row),)
        _post(store, _posting("r", lots=(lot,), claims=(claim,), cells=cells, heads=(head,)))
        with store.read(_HERE) as reading:
            _keeps("a lot comes back exactly", reading.lot(lot.id), lot)
            _keeps("cells come back exactly", reading.cells(_ANN, lot.id), row)
            _keeps("a head comes back exactly", reading.head(_ANN), head)
            _keeps("a claim comes back exactly", reading.claim(claim.id), claim)

    def test_ids_are_compared_byte_by_byte(self) -> None:
        """Case, quotes, wildcards and trailing characters tell ids apart."""
        store = self.fresh()
        for name in _HARD:
            lot, wallet = _lot(name), member(name.replace("%", "p"))
            head = Head(wallet, 1, _START, "0" * 64)
            rows = (((wallet, lot.id), (0, 1, 0, 0, 0, 0)),)
            record = _enrolment(name)
            _post(
                store,
                _posting(name, lots=(lot,), records=(record,), cells=rows, heads=(head,)),
            )
        with store.read(_HERE) as reading:
            for name in _HARD:
                kept = reading.request(RequestId(name))
                _keeps("a request is found by every byte", kept, _kept(name))
                same_lot, same = reading.lot(LotId(name)), reading.record("enrolment", name)
                _keeps("a lot is found by every byte", same_lot, _lot(name))
                _keeps("a record is found by every byte", same, _enrolment(name))
                found = reading.find("enrolment", "learner", name)
                _keeps("an index is looked up by every byte", found, (_enrolment(name),))
            _keeps("ids are in the order of their bytes", _keys(reading), sorted(_HARD))

    # What is forgotten.

    def test_a_failed_unit_of_work_leaves_nothing(self) -> None:
        """Whatever was posted and read on the way, an exception takes all of it back."""
        store = self.fresh()
        _post(store, _full("r1"))
        for depth in (1, 2, 3):
            before = _seen(store)
            with suppress(_Failure), _begun(store) as unit:
                for number in range(depth):
                    unit.post(_second(f"r{number + 2}", number))
                    _everything(unit)
                raise _Failure
            _keeps("a failed unit of work leaves nothing", _seen(store), before)
            kept = store.kept(_HERE, RequestId("r2"))
            _keeps("a request that was taken back is not found", kept, None)
        _post(store, _second("r2", 0))
        _keeps("after a failure one can go on", len(_seen(store)["entries"]), 2)

    def test_a_request_is_accepted_once(self) -> None:
        """Who posts a request that is there already was slower: nothing is written."""
        store = self.fresh()
        _post(store, _full("r1"))
        before, promise = _seen(store), "a request is accepted once, and NotLocked says so"
        _refused(promise, lambda: _post(store, _second("r1", 0)))
        _keeps(promise, _seen(store), before)

    def test_a_lot_comes_into_being_once(self) -> None:
        """Who posts a lot that is there already was slower: nothing is written."""
        store = self.fresh()
        _post(store, _full("r1"))
        before, promise = _seen(store), "a lot comes into being once, and NotLocked says so"
        _refused(promise, lambda: _post(store, _posting("r2", lots=(_lot("a"),))))
        _keeps(promise, _seen(store), before)

    # Lots and buckets.

    def test_terms_are_edited_in_one_place(self) -> None:
        """An edit changes the lot for whoever holds it, and nothing else."""
        store = self.fresh()
        _post(store, _full("r1"))
        terms, at = Validity(_START, _START + 77 * _DAY), _START + 3 * _DAY
        edit = TermsEdit(LotId("a"), terms, 2)
        with _begun(store) as unit:
            _all_buckets(unit)
            unit.post(_posting("r2", at=at, terms=(edit,)))
            lot = unit.lot(LotId("a"))
            _keeps("an edit is read at once", lot, _LOTS[0].under(terms, at))
            _check_buckets(unit)
        with store.read(_HERE) as reading:
            held = {lot.id: lot.terms for lot, _ in reading.holdings(_BEN)}
            _keeps("an edit reaches every holder", held[LotId("a")], terms)
            _check_buckets(reading)

    def test_holdings_are_in_order_and_keep_what_is_used_up(self) -> None:
        """Every lot a wallet ever held, by lot id, whether or not anything is left."""
        store, names = self.fresh(), ["b", "B", "a2", "a10", "z"]
        lots = tuple(_lot(name) for name in names)
        rows = tuple(((_ANN, lot.id), (0, n, 0, 0, 0, 0)) for n, lot in enumerate(lots))
        _post(store, _posting("r", lots=lots, cells=rows, heads=(Head(_ANN, 1, _START, "0" * 64),)))
        with store.read(_HERE) as reading:
            found = [(lot.id, cells) for lot, cells in reading.holdings(_ANN)]
        expected = sorted((lot_id, row) for (_, lot_id), row in rows)
        _keeps("holdings are every lot ever held, by lot id", found, expected)

    def test_a_bucket_is_what_a_wallet_holds(self) -> None:
        """FREE and EXPIRED parts together, under every order, after every kind of posting.

        Each order is asked for by itself, so that a store that keeps a bucket has to keep it well.
        """
        for orders in (*((order,) for order in _ORDERS), _ORDERS):
            store = self.fresh()
            _post(store, _full("r1"))
            for number in range(6):
                with _begun(store) as unit:
                    _all_buckets(unit, orders)
                    unit.post(_second(f"s{number}", number))
                    _check_buckets(unit, orders)
                with suppress(_Failure), _begun(store) as unit:
                    unit.post(_second(f"t{number}", number + 3))
                    _all_buckets(unit, orders)
                    raise _Failure
                with store.read(_HERE) as reading:
                    _check_buckets(reading, orders)

    def test_a_bucket_may_be_cut_but_not_in_front(self) -> None:
        """The first lots in burn order are there, exactly as many as asked for, or all of them."""
        store = self.fresh()
        lots = tuple(
            _lot(f"l{n}", expires=_START + n % 5 * _DAY + _DAY, priority=-n) for n in range(40)
        )
        rows = tuple(((_ANN, lot.id), (0, 1 + n, 0, 0, n, 0)) for n, lot in enumerate(lots))
        _post(store, _posting("r", lots=lots, cells=rows, heads=(Head(_ANN, 1, _START, "0" * 64),)))
        with store.read(_HERE) as reading:
            for order in _ORDERS:
                for at in (_START, _START + 2 * _DAY, _START + 9 * _DAY):
                    for most in (1, 7, 64):
                        cut = _living(reading, _ANN, order, at, most)[:most]
                        whole = _held_now(reading, _ANN, order, at)[:most]
                        _keeps("the first lots of a bucket are the first to be used", cut, whole)
                        all_of_it = _living(reading, _ANN, order, at)
                        cut_at = len(reading.bucket(_ANN, order, at, most))
                        found = (
                            all_of_it if cut_at == most else _living(reading, _ANN, order, at, most)
                        )
                        _keeps("a bucket is cut at exactly the number asked for", found, all_of_it)

    # Claims.

    def test_claims_are_found_by_wallet_and_deadline(self) -> None:
        """By wallet in order of id; by deadline only where something is still held."""
        store = self.fresh()
        ends = {"b": 3, "a": 2, "C": 2, "d": None, "e": 9}
        claims = [
            Claim(ClaimId(n), (_held(_ANN, "a", 1),), None if d is None else _START + d * _DAY)
            for n, d in ends.items()
        ]
        both = Claim(ClaimId("f"), (_spent(_ANN, "a", 1), _held(_BEN, "a", 1)), _START + 2 * _DAY)
        gone = Claim(ClaimId("g"), (), _START + 2 * _DAY)
        spent = Claim(ClaimId("h"), (_spent(_ANN, "a", 1),), _START + 2 * _DAY)
        every = (*claims, both, gone, spent)
        _post(store, _posting("r", lots=(_lot("a"),), claims=every))
        with store.read(_HERE) as reading:
            names = [claim.id for claim in reading.claims(_ANN)]
            promise = "a wallet's claims are those that have something in it, by id"
            _keeps(promise, names, ["C", "a", "b", "d", "e", "f", "h"])
            for days, due in ((1, []), (2, ["C", "a"]), (3, ["C", "a", "b"])):
                found = [claim.id for claim in reading.due(_ANN, _START + days * _DAY)]
                _keeps("due are holds of the wallet up to the instant, by id", found, due)
            found = [claim.id for claim in reading.due(_BEN, _START + 2 * _DAY)]
            _keeps("due are holds of the wallet up to the instant, by id", found, ["f"])
        released = tuple(Claim(claim.id, (), claim.deadline) for claim in claims)
        _post(store, _posting("r2", claims=released))
        with store.read(_HERE) as reading:
            left = [claim.id for claim in reading.due(_ANN, _START + 99 * _DAY)]
            _keeps("what holds nothing any more is not due", left, [])

    # Records.

    def test_records_are_found_by_what_they_are_indexed_by_now(self) -> None:
        """A record that changed is found by its new values and not by its old ones."""
        store = self.fresh()
        _post(store, _posting("r1", records=(_enrolment("e"), _enrolment("f"))))
        over = _enrolment("e", EnrolmentState.REVERSED, by="r2")
        _post(store, _posting("r2", records=(over,)))
        with store.read(_HERE) as reading:
            active = over.index().get("active") or _enrolment("e").index()["active"]
            gone = reading.find("enrolment", "active", active)
            _keeps("a record is not found by what it was", gone, ())
            course = reading.find("enrolment", "course", "c")
            _keeps("a record is found by what it is", course, (over, _enrolment("f")))
            other = reading.find("subscription", "course", "c")
            _keeps("records of another kind are not found", other, ())

    def test_records_are_found_page_after_page(self) -> None:
        """In order of id, strictly after an id, so many at the most."""
        store = self.fresh()
        names = sorted(f"{n % 7}-{n}" for n in range(25))
        _post(store, _posting("r", records=tuple(map(_enrolment, reversed(names)))))
        with store.read(_HERE) as reading:
            found, after = list[str](), ""
            while page := reading.find("enrolment", "course", "c", after=after, limit=4):
                found += [record.key for record in page]
                after = page[-1].key
                _keeps("a page is no longer than its limit", len(page), min(4, len(page)))
                _keeps("a page begins behind an id", found, names[: len(found)])
            _keeps("pages bring every record once, by id", found, names)
            _keeps("a page may begin anywhere", _after(reading, "3-"), _behind(names, "3-"))

    # Wallets and entries.

    def test_wallets_are_listed_in_order(self) -> None:
        """Every wallet ever touched, and every wallet that ever held a lot."""
        store = self.fresh()
        _post(store, _full("r1"))
        heads = (Head(pool(), 1, _START, "0" * 64), Head(member("Z"), 1, _START, "0" * 64))
        _post(store, _posting("r2", heads=heads))
        with store.read(_HERE) as reading:
            every = list(reading.wallets())
            _keeps("wallets are those touched, in order", every, ["member/Z", _ANN, _BEN, "pool"])
            _keeps("a lot's wallets", list(reading.wallets(LotId("a"))), [_ANN, _BEN])
            _keeps("a lot's wallets", list(reading.wallets(LotId("none"))), [])

    def test_entries_stand_in_the_order_they_were_written(self) -> None:
        """From behind any place, so many at the most."""
        store, names = self.fresh(), [f"r{n}" for n in range(10, 0, -1)]
        for name in names:
            _post(store, _posting(name))
        with store.read(_HERE) as reading:
            for after in (0, 1, 9, 10, 11):
                for limit in (None, 0, 1, 3, 99):
                    end = None if limit is None else after + limit
                    found = list(reading.entries(after=after, limit=limit))
                    expected = [_kept(name) for name in names[after:end]]
                    _keeps("entries stand in the order they were written", found, expected)

    # Portals and forks.

    def test_a_portal_sees_nothing_of_another(self) -> None:
        """The same ids mean other things there."""
        store = self.fresh()
        _post(store, _full("r1"))
        with store.read(_THERE) as reading:
            _keeps("a portal sees nothing of another", _everything(reading), _NOTHING)
        _keeps("a portal sees nothing of another", store.kept(_THERE, RequestId("r1")), None)
        before = _seen(store)
        with store.begin(_THERE, (_ANN,), ()) as unit:
            unit.post(_posting("r1", lots=(_lot("a", priority=7),)))
        _keeps("a portal changes nothing of another", _seen(store), before)

    def test_a_fork_and_its_origin_go_their_own_ways(self) -> None:
        """Where a store can be forked, both begin with the same and share nothing written later."""
        store = self.fresh()
        fork: Callable[[], Store] | None = getattr(store, "fork", None)
        if fork is None:
            return
        _post(store, _full("r1"))
        before = _seen(store)
        other = fork()
        _keeps("a fork begins with everything", _seen(other), before)
        _post(store, _second("r2", 0))
        _keeps("a fork sees nothing of its origin's later writes", _seen(other), before)
        after = _seen(store)
        _post(other, _second("r2", 1))
        _keeps("an origin sees nothing of its fork's writes", _seen(store), after)

    # Everything together.

    def test_a_ledger_writes_the_same_bytes_as_on_the_memory_store(self) -> None:
        """A story of every kind of command; every read is what its journal folds to."""
        for seed in range(3):
            story = tuple(_story(seed))
            ledger, model = _ledger(self.fresh()), _ledger(MemoryStore())
            for number, (at, command) in enumerate(story):
                said = [_said(one, at, command, f"r{number}") for one in (ledger, model)]
                _keeps("a decision is the same on every store", said[0], said[1])
            _keeps("a journal is the same bytes on every store", ledger.journal(), model.journal())
            _keeps("the store is what its journal folds to", ledger.audit().faults, ())
            with ledger.store.read(ledger.portal) as reading:
                _check_reading(reading)

    def test_a_batch_is_one_unit_of_work(self) -> None:
        """What a batch did before it broke is taken back with the rest."""
        ledger = _ledger(self.fresh())
        calls = [Call(Issue(LotId("a"), _ANN, Units.of(9)), _ADMIN, "1")]
        calls += [Call(Spend(_ANN, Units.of(2)), _ADMIN, f"{n}") for n in range(2, 9)]
        answers = ledger.execute_many(calls)
        refused = [isinstance(answer, InsufficientUnits) for answer in answers]
        _keeps("a batch sees its own writes", refused, [False] * 5 + [True] * 3)
        _keeps("a batch leaves a sound store", ledger.audit().faults, ())

    def test_a_unit_of_work_waits_for_another(self) -> None:
        """Who wants a wallet that another unit of work has, reads only after that has ended."""
        store, inside, entered = self.fresh(), Event(), Event()
        seen = list[Kept | None]()

        def follow() -> None:
            inside.wait(10)
            with store.begin(_HERE, (_ANN,), ()) as unit:
                entered.set()
                seen.append(unit.request(RequestId("r1")))

        follower = Thread(target=follow)
        follower.start()
        with store.begin(_HERE, (_ANN,), ()) as unit:
            inside.set()
            together = entered.wait(0.2)
            unit.post(_full("r1"))
        follower.join(10)
        promise = "a unit of work waits until another of its wallet has ended"
        _keeps(promise, (together, seen), (False, [_kept("r1")]))

    def test_a_shared_lock_keeps_away_whoever_wants_it_alone(self) -> None:
        """What was looked at under a lock that is shared is so until the unit of work has ended."""
        promise = "what a unit of work shares is not changed before it has ended"
        for mine, theirs in (((), _KEYS), (_KEYS, ()), (_KEYS, _KEYS)):
            store, seen = self.fresh(), list[tuple[Record, ...]]()
            for wallet, keys in ((_ANN, mine), (_BEN, theirs)):
                with _sharing(store, wallet, keys):
                    """Whatever a store makes when a name is first locked is there from now on."""
            follower = _Follower(store, theirs, _finding(seen))
            with _sharing(store, _ANN, mine) as unit:
                together = follower.enters()
                unit.post(_posting("r1", records=(_enrolment("e"),)))
            follower.ends()
            _keeps(promise, (together, seen), (False, [(_enrolment("e"),)]))

    def test_who_shares_a_lock_sees_nothing_of_the_others(self) -> None:
        """Together or one after the other: what one of them posts, no other finds before it ends.

        A store may let them wait for each other; then the second finds what the first has written.
        """
        promise = "who shares a lock finds nothing that another is about to write"
        store, seen = self.fresh(), list[tuple[Record, ...]]()
        looked, posted = Event(), Event()

        def looks(unit: UnitOfWork) -> None:
            posted.wait(0.2)
            seen.append(_active(unit))
            looked.set()

        follower = _Follower(store, (), looks)
        with _sharing(store, _ANN, ()) as unit:
            together = follower.enters()
            before = _active(unit)
            unit.post(_posting("r1", records=(_enrolment("e"),)))
            posted.set()
            together = together and looked.wait(10)
        follower.ends()
        expected = () if together else (_enrolment("e"),)
        _keeps(promise, (before, seen), ((), [expected]))

    def test_nothing_is_spent_twice_by_threads(self) -> None:
        """However many threads send requests, each of them twice."""
        ledger = _ledger(self.fresh())
        ledger.execute(Issue(LotId("a"), _ANN, Units.of(20)), by=_ADMIN, request="issue")
        answers = list[str]()

        def spend(number: int) -> None:
            for turn in range(5):
                request = f"{number % 4} {turn}"
                answers.append(_spent_under(ledger, request))

        threads = [Thread(target=spend, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        balance = ledger.balance(_ANN)
        promise = "nothing is spent twice"
        _keeps(promise, sorted(set(answers)), ["done"])
        _keeps(promise, (balance.available.text, balance.spent.text), ("0.00", "20.00"))
        _keeps(promise, (ledger.verify().faults, ledger.audit().faults), ((), ()))


# How a promise is put to the test.


class _Failure(Exception):
    """What goes wrong in the middle of a unit of work."""


def _refused(promise: str, do: Callable[[], object]) -> None:
    try:
        do()
    except NotLocked:
        return
    raise AssertionError(f"{promise}: it was accepted")


def _kept(request: str) -> Kept:
    text = '{"request":"%s"}' % request.replace("\\", "\\\\").replace('"', '\\"')  # noqa: UP031
    return Kept(text, sha256(text.encode("ascii")).hexdigest())


def _posting(
    request: str,
    *,
    at: datetime = _START,
    lots: tuple[Lot, ...] = (),
    terms: tuple[TermsEdit, ...] = (),
    claims: tuple[Claim, ...] = (),
    records: tuple[Record, ...] = (),
    cells: tuple[tuple[CellKey, Cells], ...] = (),
    heads: tuple[Head, ...] = (),
) -> Posting:
    kept = _kept(request)
    return Posting(
        RequestId(request), at, kept, lots, terms, claims, records, cells, heads, plans={}
    )


def _begun(store: Store) -> Any:
    return store.begin(_HERE, (_ANN, _BEN), ("enrolment#e",))


_KEYS = ("enrolment?active=seat",)
"""What the units of work of `_sharing` share, or have alone."""


def _sharing(store: Store, wallet: WalletId, keys: tuple[str, ...]) -> Any:
    """A unit of work that shares what it does not have alone."""
    return store.begin(_HERE, (wallet,), keys, (), () if keys else _KEYS)


class _Follower:
    """A second unit of work, for another wallet, in a thread of its own."""

    def __init__(
        self, store: Store, keys: tuple[str, ...], does: Callable[[UnitOfWork], None]
    ) -> None:
        self._inside, self._entered = Event(), Event()
        self._thread = Thread(target=self._follow, args=(store, keys, does))
        self._thread.start()

    def _follow(
        self, store: Store, keys: tuple[str, ...], does: Callable[[UnitOfWork], None]
    ) -> None:
        self._inside.wait(10)
        with _sharing(store, _BEN, keys) as unit:
            self._entered.set()
            does(unit)

    def enters(self) -> bool:
        """Whether it has its locks while the first unit of work is open."""
        self._inside.set()
        return self._entered.wait(0.2)

    def ends(self) -> None:
        """Wait for it."""
        self._thread.join(10)


def _finding(seen: list[tuple[Record, ...]]) -> Callable[[UnitOfWork], None]:
    """What notes which records there are."""
    return lambda unit: seen.append(_active(unit))


def _active(reading: Reading) -> tuple[Record, ...]:
    """The records that were posted while a lock was shared."""
    return reading.find("enrolment", "learner", "e")


def _post(store: Store, posting: Posting) -> None:
    with _begun(store) as unit:
        unit.post(posting)


def _lot(name: str, *, expires: datetime | None = None, **more: Any) -> Lot:
    terms = Validity(_START, expires)
    return Lot(id=LotId(name), home=_ANN, terms=terms, acquired=_START, since=_START, **more)


def _held(wallet: WalletId, lot: str, parts: int) -> Segment:
    return Segment(wallet, LotId(lot), parts, State.HELD)


def _spent(wallet: WalletId, lot: str, parts: int) -> Segment:
    return Segment(wallet, LotId(lot), parts, State.SPENT)


def _enrolment(
    name: str, state: EnrolmentState = EnrolmentState.ACTIVE, by: str | None = None
) -> Enrolment:
    made, claim = RecordId(name), ClaimId(name)
    back = None if by is None else RequestId(by)
    return Enrolment(made, name, "c", pool(), claim, _START, state, reversed_by=back)


_LOTS = (
    _lot("a", expires=_START + 5 * _DAY, scope=Scope(courses=frozenset({"x", "y"}))),
    _lot("b", expires=_START + 5 * _DAY, category=Category.PURCHASED, cost=Cost.of("0.9", "EUR")),
    _lot("c", priority=-3, cycle=2),
)


def _full(request: str) -> Posting:
    """Something of everything."""
    rows: tuple[tuple[CellKey, Cells], ...] = (
        ((_ANN, LotId("a")), (-9, 5, 2, 0, 0, 0)),
        ((_ANN, LotId("b")), (-9, 0, 0, 2, 7, 0)),
        ((_ANN, LotId("c")), (-9, 9, 0, 0, 0, 0)),
        ((_BEN, LotId("a")), (0, 2, 0, 0, 0, 0)),
    )
    heads = (
        Head(_ANN, 1, _START, "a" * 64, _START + 3 * _DAY),
        Head(_BEN, 1, _START, "b" * 64),
    )
    claims = (
        Claim(ClaimId("c"), (_held(_ANN, "a", 2), _spent(_ANN, "b", 2)), _START + 3 * _DAY),
        Claim(ClaimId("d"), (), None),
    )
    records = (_enrolment("e"),)
    return _posting(request, lots=_LOTS, claims=claims, records=records, cells=rows, heads=heads)


def _second(request: str, number: int) -> Posting:
    """More of everything, another way for every number."""
    lot = _lot(f"n{request}", expires=_START + (number + 1) * _DAY)
    rows: tuple[tuple[CellKey, Cells], ...] = (
        ((_ANN, LotId("a")), (-9, number, 2, 0, 1, 0)),
        ((_ANN, lot.id), (-5, 5 - number % 5, 0, 0, number % 5, 0)),
        ((_BEN, LotId("c")), (0, 3, 0, 0, number, 0)),
    )
    with_terms = number % 2 == 1
    version = 2 + number // 2
    terms = (TermsEdit(LotId("b"), Validity(_START, _START + (9 + number) * _DAY), version),)
    held = (_held(_BEN, "c", 1),) if number % 3 else ()
    return _posting(
        request,
        lots=(lot,),
        terms=terms if with_terms else (),
        claims=(Claim(ClaimId("c"), held, _START + number * _DAY),),
        records=(_enrolment("e", list(EnrolmentState)[number % 3]), _enrolment(f"f{number}")),
        cells=rows,
        heads=(Head(_ANN, 2 + number, _START + number * _DAY, "c" * 64),),
    )


_ASKED_WALLETS = (_ANN, _BEN, pool())
_ASKED_LOTS = tuple(map(LotId, ("a", "b", "c", "nr1", "nr2", "nr3", "nr4")))


def _everything(reading: Reading) -> dict[str, Any]:
    """All that a reading says about what the postings above are about."""
    names, far = [f"r{n}" for n in range(1, 5)], _START + 99 * _DAY
    records = ["e", *(f"f{n}" for n in range(6))]
    return {
        "requests": [reading.request(RequestId(name)) for name in names],
        "heads": [reading.head(wallet) for wallet in _ASKED_WALLETS],
        "cells": [reading.cells(w, lot) for w in _ASKED_WALLETS for lot in _ASKED_LOTS],
        "holdings": [list(reading.holdings(wallet)) for wallet in _ASKED_WALLETS],
        "buckets": _all_buckets(reading),
        "lots": [reading.lot(lot) for lot in _ASKED_LOTS],
        "claims": [reading.claim(ClaimId(name)) for name in "cd"],
        "carried": [list(reading.claims(wallet)) for wallet in _ASKED_WALLETS],
        "due": [list(reading.due(wallet, far)) for wallet in _ASKED_WALLETS],
        "records": [reading.record("enrolment", name) for name in records],
        "authors": [reading.author("enrolment", name) for name in records],
        "found": [reading.find("enrolment", "learner", name) for name in records],
        "wallets": [list(reading.wallets()), *(list(reading.wallets(lot)) for lot in _ASKED_LOTS)],
        "entries": list(reading.entries()),
    }


def _read_of(posting: Posting) -> dict[str, Any]:
    """The same, worked out from the one posting of `_full`."""
    cells = dict(posting.cells)
    held = [
        [(lot, cells[wallet, lot.id]) for lot in posting.lots if (wallet, lot.id) in cells]
        for wallet in _ASKED_WALLETS
    ]
    claim, empty = posting.claims
    record = posting.records[0]
    kept: list[object] = [posting.kept, None, None, None]
    return {
        "requests": kept,
        "heads": [*posting.heads, None],
        "cells": [
            cells.get((wallet, lot), EMPTY_CELLS)
            for wallet in _ASKED_WALLETS
            for lot in _ASKED_LOTS
        ],
        "holdings": held,
        "buckets": [_usable(rows, order, _START) for rows in held for order in _ORDERS],
        "lots": [*posting.lots, None, None, None, None],
        "claims": [claim, empty],
        "carried": [[claim], [], []],
        "due": [[claim], [], []],
        "records": [record, *[None] * 6],
        "authors": [posting.request, *[None] * 6],
        "found": [(record,), *[()] * 6],
        "wallets": [[_ANN, _BEN], [_ANN, _BEN], [_ANN], [_ANN], [], [], [], []],
        "entries": [posting.kept],
    }


def _seen(store: Store) -> dict[str, Any]:
    with store.read(_HERE) as reading:
        return _everything(reading)


def _usable(
    held: Iterable[tuple[Lot, Cells]], order: BurnOrder, at: datetime
) -> list[tuple[LotId, int]]:
    """What can be spent of the lots still alive, in burn order."""
    rows = [
        (order.rank(lot, parts), lot.id, parts)
        for lot, cells in held
        if (parts := cells[State.FREE] + cells[State.EXPIRED]) and not lot.lapsed(at)
    ]
    return [(lot, parts) for _, lot, parts in sorted(rows)]


def _held_now(
    reading: Reading, wallet: WalletId, order: BurnOrder, at: datetime
) -> list[tuple[LotId, int]]:
    return _usable(reading.holdings(wallet), order, at)


def _living(
    reading: Reading, wallet: WalletId, order: BurnOrder, at: datetime, most: int | None = None
) -> list[tuple[LotId, int]]:
    """The lots of a bucket that are still alive."""
    bucket = reading.bucket(wallet, order, at, most)
    _keeps("a bucket is of its wallet's unit", bucket.unit, wallet_unit(wallet))
    _keeps("a bucket is under the order asked for", bucket.order, order)
    return [(lot.id, parts) for _, lot, parts in bucket.entries() if not lot.lapsed(at)]


def _all_buckets(
    reading: Reading, orders: Sequence[BurnOrder] = _ORDERS
) -> list[list[tuple[LotId, int]]]:
    return [_living(reading, w, order, _START) for w in _ASKED_WALLETS for order in orders]


def _check_buckets(
    reading: Reading,
    orders: Sequence[BurnOrder] = _ORDERS,
    wallets: Sequence[WalletId] = _ASKED_WALLETS,
) -> None:
    for wallet in wallets:
        for order in orders:
            for days in (60, 6, 3, 0):
                at = _START + days * _DAY
                found = _living(reading, wallet, order, at)
                expected = _held_now(reading, wallet, order, at)
                _keeps("a bucket is the FREE and EXPIRED parts held", found, expected)


def _keys(reading: Reading) -> list[str]:
    return [record.key for record in reading.find("enrolment", "course", "c")]


def _after(reading: Reading, name: str) -> list[str]:
    found = reading.find("enrolment", "course", "c", after=name, limit=3)
    return [record.key for record in found]


def _behind(names: list[str], name: str) -> list[str]:
    return [one for one in names if one > name][:3]


_NOTHING: dict[str, Any] = {
    "requests": [None] * 4,
    "heads": [None] * 3,
    "cells": [EMPTY_CELLS] * 21,
    "holdings": [[]] * 3,
    "buckets": [[]] * 18,
    "lots": [None] * 7,
    "claims": [None] * 2,
    "carried": [[]] * 3,
    "due": [[]] * 3,
    "records": [None] * 7,
    "authors": [None] * 7,
    "found": [()] * 7,
    "wallets": [[]] * 8,
    "entries": [],
}


# Stories told to a ledger.


def _ledger(store: Store) -> Ledger:
    return Ledger(store, portal=_HERE, clock=FixedClock(_START))


def _said(ledger: Ledger, at: datetime, command: Command[Any], request: str) -> object:
    clock = ledger.clock
    if isinstance(clock, FixedClock):
        clock.at = at
    try:
        return ledger.execute(command, by=_ADMIN, request=request, reason="é 中 😀")
    except UnitLedgerError as error:
        return type(error), error.details


class _Chance:
    """Numbers that look drawn and are the same for the same seed, on every machine."""

    def __init__(self, seed: int) -> None:
        self.state = sha256(b"%d" % seed).digest()

    def below(self, most: int) -> int:
        self.state = sha256(self.state).digest()
        return int.from_bytes(self.state[:8]) % most

    def one_of(self, some: Sequence[_T]) -> _T:
        return some[self.below(len(some))]


def _story(seed: int) -> Iterator[tuple[datetime, Command[Any]]]:
    """Commands over a month: most are accepted, some are not, some come twice."""
    chance, claims = _Chance(seed), [ClaimId("none")]
    yield _START, Issue(LotId("pool"), pool(), Credits.of(50))
    for number in range(1, 60):
        at = _START + number * _DAY / 2
        wallet, lot = chance.one_of((_ANN, _BEN)), LotId(f"l{chance.below(number)}")
        amount: Amount = Units(parts=1 + chance.below(900))
        claim, ends = chance.one_of(claims[-6:]), at + (1 + chance.below(8)) * _DAY
        claims.append(ClaimId(f"r{number}.1"))
        commands: tuple[Command[Any], ...] = (
            Issue(LotId(f"l{number}"), wallet, amount, None, chance.one_of((None, ends))),
            Issue(LotId(f"l{number}"), wallet, amount, priority=number, expires=ends),
            Hold(wallet, amount, chance.one_of((None, ends))),
            Spend(wallet, amount, order=chance.one_of((None, *_ORDERS))),
            chance.one_of((Capture, Release, Reverse))(claim, wallet),
            Transfer(wallet, _BEN if wallet == _ANN else _ANN, amount),
            EditExpiry(lot, wallet, chance.one_of((None, ends))),
            Sweep(wallet),
            Allocate(f"c{number % 2}", Credits.of(1)),
            Enrol(f"u{number % 3}", f"c{number % 2}"),
            ReverseEnrolment(f"r{max(1, number - 3)}.1"),
        )
        yield at, chance.one_of(commands)


def _check_reading(reading: Reading) -> None:
    """Every read is what the journal folds to."""
    fold, entries = Fold(), list(reading.entries())
    for kept in entries:
        fold.apply(entry_of(kept), kept.hash)
    wallets = sorted(fold.heads)
    _keeps("wallets are those touched, in order", list(reading.wallets()), wallets)
    for wallet in wallets:
        rows = [
            (lot, cells) for (owner, lot), cells in sorted(fold.cells.items()) if owner == wallet
        ]
        held = [(fold.lots[lot], cells) for lot, cells in rows]
        _keeps("holdings are what the journal folds to", list(reading.holdings(wallet)), held)
        carried = [c for _, c in sorted(fold.claims.items()) if wallet in c.wallets]
        _keeps("claims are what the journal folds to", list(reading.claims(wallet)), carried)
        for days in (5, 15, 30):
            due = [claim for claim in carried if _is_due(claim, wallet, _START + days * _DAY)]
            found = list(reading.due(wallet, _START + days * _DAY))
            _keeps("due are holds of the wallet up to the instant, by id", found, due)
    _check_buckets(reading, wallets=wallets)
    for lot in fold.lots:
        holders = sorted({wallet for wallet, held_lot in fold.cells if held_lot == lot})
        _keeps("a lot's wallets", list(reading.wallets(lot)), holders)
    _check_index(fold, reading)


def _check_index(fold: Fold, reading: Reading) -> None:
    by: dict[tuple[str, str, str], list[Record]] = {}
    for _, record in sorted(fold.records.items()):
        for name, value in record.index().items():
            by.setdefault((record.KIND, name, value), []).append(record)
    for (kind, name, value), records in by.items():
        found = reading.find(kind, name, value)
        _keeps("an index finds what the journal folds to", found, tuple(records))


def _is_due(claim: Claim, wallet: WalletId, at: datetime) -> bool:
    holds = any(part.wallet == wallet and part.state is State.HELD for part in claim.segments)
    return holds and claim.deadline is not None and claim.deadline <= at


def _spent_under(ledger: Ledger, request: str) -> str:
    """One unit spent; every request is sent by two threads."""
    try:
        ledger.execute(Spend(_ANN, Units.of(1)), by=_ADMIN, request=request)
    except UnitLedgerError as error:
        return error.code
    return "done"
