"""Several callers at the same instant, and stores that say what goes on inside them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Barrier, get_ident
from typing import Any, TypeVar, cast

from unitledger.errors import Refused
from unitledger.ids import PortalId, RequestId, WalletId
from unitledger.ports import Kept, Posting, Reading, Store, UnitOfWork

_T = TypeVar("_T")


def at_once(*calls: Callable[[], _T]) -> list[_T | Refused]:
    """What each call gave or was refused with, when all of them begin together."""
    start = Barrier(len(calls))

    def called(call: Callable[[], _T]) -> _T | Refused:
        start.wait(timeout=30)
        try:
            return call()
        except Refused as refusal:
            return refusal

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(len(calls)) as threads:
            return [one.result() for one in [threads.submit(called, call) for call in calls]]
    finally:
        sys.setswitchinterval(interval)


def accepted(answers: Iterable[object]) -> int:
    """How many calls were not refused."""
    return sum(not isinstance(answer, Refused) for answer in answers)


class Between:
    """A store in which something happens inside a unit of work: when it begins, and before it ends.

    What happens before it ends comes after the ledger has posted its entry.
    """

    def __init__(self, store: Store, then: Callable[[], None]) -> None:
        self.store = store
        self.then = then

    def begun(self) -> None:
        """The locks are held, and nothing is read yet."""

    @contextmanager
    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> Iterator[UnitOfWork]:
        with self.store.begin(portal, wallets, keys, requests, shared) as unit:
            self.begun()
            yield unit
            self.then()

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        return self.store.kept(portal, request)

    def read(
        self, portal: PortalId, requests: Iterable[RequestId] = ()
    ) -> AbstractContextManager[Reading]:
        return self.store.read(portal, requests)


class Counting(Between):
    """A store that knows how many units of work were ever open at the same time."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, lambda: self.inside.discard(get_ident()))
        self.inside: set[int] = set()
        self.most = 0

    def begun(self) -> None:
        self.inside.add(get_ident())
        time.sleep(0)
        self.most = max(self.most, len(self.inside))


class Slow(Between):
    """A store that lets others go first between what was read and what is written."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, lambda: None)

    @contextmanager
    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> Iterator[UnitOfWork]:
        with self.store.begin(portal, wallets, keys, requests, shared) as unit:
            yield cast("UnitOfWork", _Hesitating(unit))


class _Hesitating:
    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unit, name)

    def post(self, posting: Posting) -> None:
        time.sleep(0.001)
        self.unit.post(posting)
