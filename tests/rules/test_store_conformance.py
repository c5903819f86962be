"""The conformance suite on our stores, and on stores with a fault planted in each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import attrs
import pytest

from tests.toy_store import _NEW, ToyStore, ToyUnit
from unitledger.accounts import State, wallet_unit
from unitledger.buckets import Bucket
from unitledger.claims import Claim
from unitledger.ids import LotId, PortalId, RequestId, WalletId
from unitledger.lots import Lot
from unitledger.orders import BurnOrder
from unitledger.ports import Kept, Posting, Store, UnitOfWork
from unitledger.records import Record
from unitledger.stores.memory import MemoryStore
from unitledger.testing.conformance import StoreConformance


class TestMemoryStore(StoreConformance, store=MemoryStore): ...


class TestForkOfAMemoryStore(StoreConformance, store=lambda: MemoryStore().fork().fork()): ...


class TestToyStore(StoreConformance, store=ToyStore): ...


# Stores with a fault.


class Faulty(ToyStore):
    """A toy store whose units of work are of another class."""

    unit: Callable[[str], ToyUnit] = ToyUnit

    @contextmanager
    def begin(self, portal: PortalId, *_: object) -> Iterator[ToyUnit]:
        with self._lock:
            unit = type(self).unit(self.texts.get(portal, _NEW))
            yield unit
            self.texts[portal] = json.dumps(unit.document)

    @contextmanager
    def read(self, portal: PortalId, *_: object) -> Iterator[ToyUnit]:
        with self._lock:
            yield type(self).unit(self.texts.get(portal, _NEW))


def faulty(**methods: Any) -> type[Faulty]:
    """A store whose units of work have these methods instead."""
    return type("Planted", (Faulty,), {"unit": type("PlantedUnit", (ToyUnit,), methods)})


class KeepsFailures(Faulty):
    """What was posted stays, however the unit of work ends."""

    @contextmanager
    def begin(self, portal: PortalId, *_: object) -> Iterator[ToyUnit]:
        unit = ToyUnit(self.texts.get(portal, _NEW))
        try:
            yield unit
        finally:
            self.texts[portal] = json.dumps(unit.document)


class LocksNothing(Faulty):
    """Nobody waits for anybody."""

    def __init__(self) -> None:
        super().__init__()
        self._lock: Any = nullcontext()


class OnePortal(Faulty):
    """There is one portal for all."""

    @contextmanager
    def begin(self, portal: PortalId, *_: object) -> Iterator[ToyUnit]:
        with super().begin(PortalId("one"), (), ()) as unit:
            yield unit

    @contextmanager
    def read(self, portal: PortalId, *_: object) -> Iterator[ToyUnit]:
        with super().read(PortalId("one")) as unit:
            yield unit


class ForksShare(MemoryStore):  # type: ignore[misc]
    """A fork is the same store once more."""

    def fork(self) -> MemoryStore:
        return self


class KeepsBuckets(MemoryStore):  # type: ignore[misc]
    """Buckets that a failed unit of work has changed are not put back."""

    def begin(self, portal: PortalId, *locks: Any) -> AbstractContextManager[UnitOfWork]:
        return self._kept_buckets(portal, super().begin(portal, *locks))

    @contextmanager
    def _kept_buckets(
        self, portal: PortalId, begun: AbstractContextManager[UnitOfWork]
    ) -> Iterator[UnitOfWork]:
        buckets: dict[Any, Any] = {}
        try:
            with begun as unit:
                try:
                    yield unit
                finally:
                    buckets.update(self._portals[portal].buckets)
        finally:
            self._portals[portal].buckets.update(buckets)


class WritesBehind(Faulty):
    """What a unit of work has done is kept when the next one begins."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = dict[PortalId, str]()

    @contextmanager
    def begin(self, portal: PortalId, *_: object) -> Iterator[ToyUnit]:
        with self._lock:
            self.texts.update(self.waiting)
            unit = ToyUnit(self.texts.get(portal, _NEW))
            yield unit
            self.waiting[portal] = json.dumps(unit.document)


class LooksBehind(Faulty):
    """A unit of work begins with what the reading saw that planned it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = dict[tuple[str, ...], str]()

    @contextmanager
    def begin(self, portal: PortalId, *named: Any) -> Iterator[ToyUnit]:
        with self._lock:
            now = self.texts.get(portal, _NEW)
            unit = ToyUnit(self.seen.pop(tuple(named[2]), now))
            yield unit
            self.texts[portal] = json.dumps(unit.document)

    @contextmanager
    def read(self, portal: PortalId, *requests: Any) -> Iterator[ToyUnit]:
        with self._lock:
            now = self.texts.get(portal, _NEW)
            self.seen[tuple(*requests)] = now
            yield ToyUnit(now)


class HalfThrough(KeepsFailures):
    """What a failed unit of work has posted stays, but for what wallets have of it."""

    @contextmanager
    def begin(self, portal: PortalId, *_: object) -> Iterator[ToyUnit]:
        cells = json.loads(self.texts.get(portal, _NEW))["cells"]
        try:
            with super().begin(portal) as unit:
                yield unit
        except BaseException:
            document = json.loads(self.texts[portal]) | {"cells": cells}
            self.texts[portal] = json.dumps(document)
            raise


def _free_alone(
    self: ToyUnit, wallet: WalletId, order: BurnOrder, at: datetime, at_least: int | None
) -> Bucket:
    living = [(lot, cells[State.FREE]) for lot, cells in self.holdings(wallet)]
    return Bucket.sorted(living, unit=wallet_unit(wallet), order=order)


def _cut_behind(
    self: ToyUnit, wallet: WalletId, order: BurnOrder, at: datetime, at_least: int | None
) -> Bucket:
    whole = ToyUnit.bucket(self, wallet, order, at, None)
    kept = list(whole.entries())[-(at_least or 99) :]
    pairs = [entry[1:3] for entry in kept]
    return Bucket.sorted(pairs, unit=whole.unit, order=order)


def _cut_late(
    self: ToyUnit, wallet: WalletId, order: BurnOrder, at: datetime, at_least: int | None
) -> Bucket:
    return ToyUnit.bucket(self, wallet, order, at, None if at_least is None else at_least + 2)


def _without_after(
    self: ToyUnit, kind: str, name: str, value: str, *, after: str = "", limit: int = 1000
) -> tuple[Record, ...]:
    return ToyUnit.find(self, kind, name, value, limit=limit)


def _from_after(
    self: ToyUnit, kind: str, name: str, value: str, *, after: str = "", limit: int = 1000
) -> tuple[Record, ...]:
    found = ToyUnit.find(self, kind, name, value)
    return tuple(islice((record for record in found if record.key >= after), limit))


def _any_record(
    self: ToyUnit, kind: str, name: str, value: str, *, after: str = "", limit: int = 1000
) -> tuple[Record, ...]:
    found = (self.record(kind, key) for key in sorted(self.document["records"].get(kind, ())))
    return tuple(record for record in found if record is not None and record.key > after)[:limit]


def _any_case(self: ToyUnit, request: RequestId) -> Kept | None:
    names = {name.lower(): name for name in self.document["requests"]}
    return ToyUnit.request(self, RequestId(names.get(request.lower(), request)))


def _due_later(self: ToyUnit, wallet: WalletId, at: datetime) -> list[Claim]:
    return [claim for claim in self.claims(wallet) if claim.deadline and claim.deadline < at]


def _due_anywhere(self: ToyUnit, wallet: WalletId, at: datetime) -> list[Claim]:
    return [claim for claim in self.claims(wallet) if claim.deadline and claim.deadline <= at]


def _posting(edit: Callable[[Posting], Posting]) -> Callable[[ToyUnit, Posting], None]:
    return lambda self, posting: ToyUnit.post(self, edit(posting))


def _posts_again(self: ToyUnit, posting: Posting) -> None:
    self.document["requests"].pop(posting.request, None)
    for lot in posting.lots:
        self.document["lots"].pop(lot.id, None)
    ToyUnit.post(self, posting)


def _last_author(self: ToyUnit, posting: Posting) -> None:
    ToyUnit.post(self, posting)
    for record in posting.records:
        self.document["records"][record.KIND][record.key][1] = posting.request


def _first_cells(self: ToyUnit, wallet: WalletId) -> list[tuple[Lot, Any]]:
    return [held for held in ToyUnit.holdings(self, wallet) if any(held[1][1:])]


def _unsorted(self: ToyUnit, lot: LotId | None = None) -> list[WalletId]:
    return ToyUnit.wallets(self, lot)[::-1]


def _one_further(self: ToyUnit, *, after: int = 0, limit: int | None = None) -> Iterator[Kept]:
    return ToyUnit.entries(self, after=max(0, after - 1), limit=limit)


def _no(what: str) -> type[Faulty]:
    nothing: dict[str, Any] = {what: ()}
    return faulty(post=_posting(lambda posting: posting._replace(**nothing)))


def _under_another_hash(self: ToyUnit, request: RequestId) -> Kept | None:
    found = ToyUnit.request(self, request)
    return None if found is None else attrs.evolve(found, hash="0" * 64)


def _at_the_beginning(posting: Posting) -> Posting:
    heads = [attrs.evolve(head, at=datetime(2026, 1, 1, tzinfo=UTC)) for head in posting.heads]
    return posting._replace(heads=tuple(heads))


_rounded = _posting(lambda posting: posting._replace(at=posting.at.replace(microsecond=1)))

_NOTHING_LEFT = "what fails before its end leaves nothing"

PLANTED: dict[str, tuple[Callable[[], Store], str, str]] = {
    "write-through before a call": (
        KeepsFailures,
        "what_fails_before_any_call_has_one_effect_when_sent_again",
        _NOTHING_LEFT,
    ),
    "write-through after a call": (
        KeepsFailures,
        "what_fails_after_any_call_has_one_effect_when_sent_again",
        _NOTHING_LEFT,
    ),
    "half of it written through": (
        HalfThrough,
        "what_fails_after_any_call_has_one_effect_when_sent_again",
        _NOTHING_LEFT,
    ),
    "write-behind": (
        WritesBehind,
        "what_fails_after_any_call_has_one_effect_when_sent_again",
        "the same request again has one effect and its first receipt",
    ),
    "a request under another hash": (
        faulty(request=_under_another_hash),
        "twins_have_one_effect_and_one_receipt",
        "of twin requests the second gets the first one's receipt",
    ),
    "units of work that look behind": (
        LooksBehind,
        "a_view_that_is_stale_decides_nothing",
        "a decision is made on what is there under its locks",
    ),
    "heads without their instants": (
        faulty(post=_posting(_at_the_beginning)),
        "clocks_that_differ_never_take_a_wallet_back",
        "the instants of a wallet's entries never go back",
    ),
    "posts stay after a failure": (
        KeepsFailures,
        "a_failed_unit_of_work_leaves_nothing",
        "a failed unit of work leaves nothing",
    ),
    "buckets stay after a failure": (
        KeepsBuckets,
        "a_bucket_is_what_a_wallet_holds",
        "a bucket is the FREE and EXPIRED parts held",
    ),
    "nothing is locked": (
        LocksNothing,
        "a_unit_of_work_waits_for_another",
        "a unit of work waits until another of its wallet has ended",
    ),
    "one portal for all": (
        OnePortal,
        "a_portal_sees_nothing_of_another",
        "a portal sees nothing of another",
    ),
    "a fork is the same store": (
        ForksShare,
        "a_fork_and_its_origin_go_their_own_ways",
        "a fork sees nothing of its origin's later writes",
    ),
    "FREE alone": (
        faulty(bucket=_free_alone),
        "a_bucket_is_what_a_wallet_holds",
        "a bucket is the FREE and EXPIRED parts held",
    ),
    "a bucket cut in front": (
        faulty(bucket=_cut_behind),
        "a_bucket_may_be_cut_but_not_in_front",
        "the first lots of a bucket are the first to be used",
    ),
    "a bucket cut further behind": (
        faulty(bucket=_cut_late),
        "a_bucket_may_be_cut_but_not_in_front",
        "a bucket is cut at exactly the number asked for",
    ),
    "pages begin anew": (
        faulty(find=_without_after),
        "records_are_found_page_after_page",
        "a page begins behind an id",
    ),
    "pages overlap": (
        faulty(find=_from_after),
        "records_are_found_page_after_page",
        "a page begins behind an id",
    ),
    "an index of everything": (
        faulty(find=_any_record),
        "records_are_found_by_what_they_are_indexed_by_now",
        "a record is not found by what it was",
    ),
    "ids of any case": (
        faulty(request=_any_case),
        "ids_are_compared_byte_by_byte",
        "a request is found by every byte",
    ),
    "due a moment late": (
        faulty(due=_due_later),
        "claims_are_found_by_wallet_and_deadline",
        "due are holds of the wallet up to the instant, by id",
    ),
    "due without a hold": (
        faulty(due=_due_anywhere),
        "claims_are_found_by_wallet_and_deadline",
        "due are holds of the wallet up to the instant, by id",
    ),
    "a request twice": (
        faulty(post=_posts_again),
        "a_request_is_accepted_once",
        "a request is accepted once, and NotLocked says so",
    ),
    "a lot twice": (
        faulty(post=_posts_again),
        "a_lot_comes_into_being_once",
        "a lot comes into being once, and NotLocked says so",
    ),
    "the last author": (
        faulty(post=_last_author),
        "the_latest_of_everything_is_read",
        "a record's author is who wrote it first",
    ),
    "no edits of terms": (
        _no("terms"),
        "terms_are_edited_in_one_place",
        "an edit is read at once",
    ),
    "edits at another instant": (
        faulty(post=_rounded),
        "terms_are_edited_in_one_place",
        "an edit is read at once",
    ),
    "no claims": (
        _no("claims"),
        "what_was_posted_is_read",
        "a unit of work reads what it posted",
    ),
    "no heads": (_no("heads"), "the_latest_of_everything_is_read", "the last head is read"),
    "no used-up holdings": (
        faulty(holdings=_first_cells),
        "holdings_are_in_order_and_keep_what_is_used_up",
        "holdings are every lot ever held, by lot id",
    ),
    "wallets in another order": (
        faulty(wallets=_unsorted),
        "wallets_are_listed_in_order",
        "wallets are those touched, in order",
    ),
    "entries from one before": (
        faulty(entries=_one_further),
        "entries_stand_in_the_order_they_were_written",
        "entries stand in the order they were written",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_named(fault: str) -> None:
    store, test, promise = PLANTED[fault]

    class Suite(StoreConformance, store=store): ...

    with pytest.raises(AssertionError) as caught:
        getattr(Suite(), f"test_{test}")()  # type: ignore[abstract]
    assert str(caught.value).startswith(f"{promise}: ")


class TestAStoreWithoutAFault(StoreConformance, store=Faulty): ...


def test_a_suite_without_a_store_cannot_be_made() -> None:
    class Suite(StoreConformance): ...

    with pytest.raises(TypeError, match="fresh"):
        Suite()  # type: ignore[abstract]


def test_a_suite_may_make_its_stores_itself() -> None:
    class Suite(StoreConformance):
        def fresh(self) -> Store:
            return MemoryStore()

    Suite().test_what_was_posted_is_read()
