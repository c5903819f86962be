"""What a store must keep when something breaks off, or somebody comes in between.

A store is wrapped so that the k-th call of it fails, once before it is made and once after it was
made and its answer is lost; for every k, until a command gets through. What had not ended then has
left nothing, what had ended is there, and the same request again has one effect and one receipt.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, final

from unitledger.accounts import member, pool
from unitledger.amounts import Credits, Units
from unitledger.commands import Actor, Receipt, Role
from unitledger.credits import Allocate, Enrol
from unitledger.errors import InsufficientUnits
from unitledger.ids import LotId, PortalId, RequestId, WalletId
from unitledger.ledger import Call, Ledger
from unitledger.operations import EditExpiry, Hold, Issue, Spend, Transfer
from unitledger.ports import Kept, Reading, Store, UnitOfWork
from unitledger.testing.promises import keeps
from unitledger.time import FixedClock

__all__ = ["Interrupted", "InterruptedStore", "Interruption", "InterruptionConformance"]

_START = datetime(2026, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_HERE = PortalId("here")
_ANN, _BEN = member("ann"), member("ben")
_ADMIN = Actor.acting("admin", Role.ADMIN)
_MOST = 400
"""After so many calls a command that never gets through is taken for one that never ends."""


@final
class Interrupted(Exception):
    """What an interrupted call of a store raises."""


@final
class Interruption:
    """One call that fails.

    Args:
        at: Which call, from 1.
        after: Whether it fails when it was made, and its answer is lost, rather than before.
    """

    def __init__(self, at: int, *, after: bool) -> None:
        self._at = at
        self._after = after
        self._calls = 0
        self.struck: str = ""
        """The call that failed; empty as long as none did."""

    def next(self, name: str) -> int:
        """The number of one more call."""
        self._calls += 1
        if self._calls == self._at:
            self.struck = name
        return self._calls

    def before(self, number: int) -> None:
        """Fail, if that call is to fail before it is made."""
        if number == self._at and not self._after:
            raise Interrupted(self.struck)

    def after(self, number: int) -> None:
        """Fail, if that call is to fail after it was made."""
        if number == self._at and self._after:
            raise Interrupted(self.struck)


_END = "the end of a unit of work"


@final
class InterruptedStore:
    """A store one of whose calls fails.

    Args:
        store: The store.
        interruption: Which call.
    """

    def __init__(self, store: Store, interruption: Interruption) -> None:
        self._store = store
        self._interruption = interruption

    @contextmanager
    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> Iterator[UnitOfWork]:
        """A unit of work; its beginning, its end and every call in it may fail."""
        made = self._store.begin(portal, wallets, keys, requests, shared)
        with self._inside(made, "begin", _END) as unit:
            yield unit

    @contextmanager
    def read(self, portal: PortalId, requests: Iterable[RequestId] = ()) -> Iterator[Reading]:
        """A reading; its beginning, its end and every call in it may fail."""
        made = self._store.read(portal, requests)
        with self._inside(made, "read", "the end of a reading") as reading:
            yield reading

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        """The entry of a request; asking for it may fail."""
        return _Calls(self._store, self._interruption).kept(portal, request)  # type: ignore[no-any-return]

    @contextmanager
    def _inside(self, made: AbstractContextManager[Any], name: str, end: str) -> Iterator[Any]:
        fault = self._interruption
        entering = fault.next(name)
        fault.before(entering)
        with made as inner:
            fault.after(entering)
            yield _Calls(inner, fault)
            leaving = fault.next(end)
            fault.before(leaving)
        fault.after(leaving)


@final
class _Calls:
    """Something whose calls may fail."""

    def __init__(self, inner: object, interruption: Interruption) -> None:
        self._inner = inner
        self._interruption = interruption

    def __getattr__(self, name: str) -> Any:
        made, fault = getattr(self._inner, name), self._interruption

        def call(*given: Any, **named: Any) -> Any:
            number = fault.next(name)
            fault.before(number)
            answer = made(*given, **named)
            fault.after(number)
            return answer

        return call


@final
class _Meddled:
    """A store in which something happens once, right before the next unit of work begins."""

    def __init__(self, store: Store, meddle: Callable[[], object]) -> None:
        self._store = store
        self._meddle: Callable[[], object] | None = meddle

    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> AbstractContextManager[UnitOfWork]:
        meddle, self._meddle = self._meddle, None
        if meddle is not None:
            meddle()
        return self._store.begin(portal, wallets, keys, requests, shared)

    def read(
        self, portal: PortalId, requests: Iterable[RequestId] = ()
    ) -> AbstractContextManager[Reading]:
        return self._store.read(portal, requests)

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        return self._store.kept(portal, request)


class InterruptionConformance(ABC):
    """The promises of a store about what breaks off and who comes in between, one test each."""

    @abstractmethod
    def fresh(self) -> Store:
        """A store with nothing in it."""

    def test_what_fails_before_any_call_has_one_effect_when_sent_again(self) -> None:
        """The k-th call is never made, for every k; then the same request is sent again."""
        for kind in range(_KINDS):
            _survives(self.fresh(), kind, after=False)

    def test_what_fails_after_any_call_has_one_effect_when_sent_again(self) -> None:
        """The k-th call is made and its answer is lost, for every k; then it is sent again."""
        for kind in range(_KINDS):
            _survives(self.fresh(), kind, after=True)

    def test_twins_have_one_effect_and_one_receipt(self) -> None:
        """A request whose twin is carried out between its look-up and its locks."""
        store = self.fresh()
        twin = _stocked(store)
        for number, calls in enumerate(_BATCHES):
            batch = [Call(one, _ADMIN, f"twin {number} {n}") for n, one in enumerate(calls)]
            first = list[Any]()

            def meddle(batch: Sequence[Call] = batch, first: list[Any] = first) -> None:
                first.extend(_sent(twin, batch))

            before = len(twin.journal())
            answers = _sent(_ledger(_Meddled(store, meddle)), batch)
            promise = "of twin requests the second gets the first one's receipt"
            keeps(promise, answers, first)
            keeps("twin requests have one effect", len(twin.journal()), before + len(batch))
        _sound(twin)

    def test_a_view_that_is_stale_decides_nothing(self) -> None:
        """What was planned on is spent by somebody else before the locks are taken."""
        store = self.fresh()
        other = _stocked(store)

        def meddle() -> None:
            left = other.balance(_ANN).available
            other.execute(Spend(_ANN, left - Units.of(3)), by=_ADMIN, request="meddling")

        calls = [Call(Spend(_ANN, Units.of(2)), _ADMIN, f"stale {n}") for n in range(2)]
        answers = _ledger(_Meddled(store, meddle)).execute_many(calls)
        refused = [isinstance(answer, InsufficientUnits) for answer in answers]
        keeps("a decision is made on what is there under its locks", refused, [False, True])
        keeps("nothing is spent twice", other.balance(_ANN).available, Units.of(1))
        _sound(other)

    def test_clocks_that_differ_never_take_a_wallet_back(self) -> None:
        """Hosts an hour apart write to the same wallets in turns; each wallet's instants rise."""
        store = self.fresh()
        _stocked(store)
        hosts = [_ledger(store, _START + offset * _HOUR) for offset in (3, 0, 5, 1)]
        written = list[datetime]()
        for turn in range(12):
            host = hosts[turn % len(hosts)]
            command = EditExpiry(LotId("late"), _ANN, _START + (90 + turn) * _HOUR)
            one = Spend(_ANN, Units.of(1)) if turn % 3 else command
            written.append(host.execute(one, by=_ADMIN, request=f"skew {turn}").at)
        promise = "the instants of a wallet's entries never go back"
        keeps(promise, written, sorted(written))
        aside = hosts[1].execute(Spend(_BEN, Units.of(1)), by=_ADMIN, request="aside")
        keeps("a wallet does not wait for the clock of another", aside.at, _START)
        _sound(hosts[1])


# A portal, and what is done in it.


def _ledger(store: Store, at: datetime = _START) -> Ledger:
    return Ledger(store, portal=_HERE, clock=FixedClock(at))


def _stocked(store: Store) -> Ledger:
    """A ledger on a store in which both members and the pool have something."""
    ledger = _ledger(store)
    lots = (
        Issue(LotId("soon"), _ANN, Units.of(500), expires=_START + 40 * _HOUR),
        Issue(LotId("late"), _ANN, Units.of(500), expires=_START + 99 * _HOUR),
        Issue(LotId("bens"), _BEN, Units.of(500)),
        Issue(LotId("pool"), pool(), Credits.of(500)),
    )
    for issue in lots:
        ledger.execute(issue, by=_ADMIN, request=f"issue {issue.lot}")
    ledger.execute(Allocate("c", Credits.of(100)), by=_ADMIN, request="allocate")
    return ledger


def _commands(turn: int, at: datetime) -> tuple[tuple[Any, ...], ...]:
    """One call alone and three together: lots, terms, claims with overdue ones, records."""
    ends = at + _HOUR / 2
    return (
        (Hold(_ANN, Units.of(2), ends),),
        (
            Issue(LotId(f"l{turn}"), _BEN, Units.of(1)),
            Transfer(_ANN, _BEN, Units.of(3)),
            EditExpiry(LotId("soon"), _ANN, _START + (40 + turn) * _HOUR),
        ),
        (Enrol(f"u{turn}", "c"), Spend(_ANN, Units.of(1)), Hold(_BEN, Units.of(1), ends)),
    )


_KINDS = len(_commands(0, _START))
_BATCHES = (
    (Spend(_ANN, Units.of(1)),),
    (Hold(_ANN, Units.of(1)), Issue(LotId("twin"), _BEN, Units.of(1)), Enrol("leo", "c")),
)


def _sent(ledger: Ledger, batch: Sequence[Call]) -> list[Any]:
    """The receipts of one call given alone, or of several given together."""
    if len(batch) > 1:
        return list(ledger.execute_many(batch))
    (one,) = batch
    return [ledger.execute(one.command, by=one.by, request=one.request)]


def _sound(ledger: Ledger) -> None:
    keeps("every hash, chain and sum holds", ledger.verify().faults, ())
    keeps("the store is what its journal folds to", ledger.audit().faults, ())


def _survives(store: Store, kind: int, *, after: bool) -> None:
    """Interrupt every call of a batch once, and send it again; another batch for every call."""
    plain = _stocked(store)
    for turn in range(1, _MOST):
        now = _START + turn * _HOUR / 60
        commands = enumerate(_commands(turn, now)[kind])
        batch = [Call(one, _ADMIN, f"turn {turn}.{n}") for n, one in commands]
        if not _interrupted(store, batch, now, Interruption(turn, after=after), after=after):
            _sound(plain)
            return
    raise AssertionError(f"a command ends: it made {_MOST} calls")


def _interrupted(
    store: Store, batch: Sequence[Call], at: datetime, interruption: Interruption, *, after: bool
) -> bool:
    """Whether a batch was interrupted; whatever it left is looked at, and it is sent again."""
    plain = _ledger(store, at)
    before, first = plain.journal(), list[Any]()
    try:
        first = _sent(_ledger(InterruptedStore(store, interruption), at), batch)
    except Interrupted:
        where = f"{'after' if after else 'before'} {interruption.struck}"
        left = where, len(plain.journal()) - len(before)
        if left[0] == f"after {_END}":
            keeps("what fails after its end is there", left, (where, len(batch)))
        else:
            keeps("what fails before its end leaves nothing", left, (where, 0))
        keeps("the store is what its journal folds to", plain.audit().faults, ())
    again, once_more = _sent(plain, batch), _sent(plain, batch)
    promise = "the same request again has one effect and its first receipt"
    keeps(promise, once_more, again)
    keeps(promise, [isinstance(one, Receipt) for one in again], [True] * len(batch))
    keeps(promise, len(plain.journal()), len(before) + len(batch))
    if first:
        keeps(promise, again, first)
    return not first
