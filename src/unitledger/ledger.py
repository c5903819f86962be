"""The ledger: the one order in which everything is checked, and the questions it answers.

    request look-up → locks → request look-up again → payload match → instant → overdue holds
      → may → ready → decide → settle → post

The request comes first, so the retry of a spend that emptied the pool gets its first receipt. The
instant is taken after the locks. A preview is the same code without the post. A refused command
changes nothing and is not remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias, TypeVar, final

import attrs

# A journal may hold any command of the package: reading it takes the names of all of them.
import unitledger.credits
import unitledger.opening
import unitledger.training  # noqa: F401
from unitledger.accounts import Cells, State, check_wallet, is_wallet
from unitledger.amounts import Amount
from unitledger.audits import differences, lost_requests
from unitledger.balances import Balance, lot_balance
from unitledger.buckets import Plan
from unitledger.claims import Claim
from unitledger.codec import encode, kind_of
from unitledger.commands import (
    Actor,
    Command,
    Decision,
    Entry,
    Head,
    Outcome,
    Receipt,
    check_reason,
)
from unitledger.credits.book import CreditsBook
from unitledger.errors import (
    AlreadyExists,
    Contention,
    InvalidInput,
    InvalidType,
    InvalidValue,
    InvariantViolation,
    LimitExceeded,
    NotLocked,
    NotPermitted,
    Refused,
    RequestConflict,
    UnitLedgerError,
    shown,
)
from unitledger.ids import LotId, PortalId, RequestId, WalletId, check_id
from unitledger.journal import (
    Findings,
    Fold,
    Tick,
    entry_of,
    entry_writer,
    kept_of,
    request_fingerprint,
    ticked,
    touch_writer,
    verify,
)
from unitledger.kernel import Settlement
from unitledger.lots import ANYTHING, Lot, Use
from unitledger.moves import Move
from unitledger.orders import BurnOrder
from unitledger.policy import Policy
from unitledger.ports import (
    Directory,
    FixedDirectory,
    Kept,
    Passage,
    Posting,
    Reading,
    Remembering,
    Store,
    UnitOfWork,
)
from unitledger.statements import Statement, statement_lines
from unitledger.time import Clock, SystemClock, instant
from unitledger.training.book import UnitsBook
from unitledger.values import Value, recheck
from unitledger.views import LockedView, Locks

__all__ = [
    "MAX_BATCH",
    "MAX_TRIES",
    "PREVIEW",
    "Call",
    "Ledger",
]

MAX_TRIES = 8
"""How often a command is asked again for locks it turned out to need."""
MAX_BATCH = 10_000
"""How many commands one `execute_many` takes."""

PREVIEW = "preview"
"""The request id of a preview that was given none; nothing is ever carried out under it."""

_AT_ONCE = 1000
"""How many requests an audit looks up together."""

_O = TypeVar("_O", bound=Outcome)
_Moment: TypeAlias = tuple[datetime, datetime]
"""The instant of a decision, and what the clock said."""
_Link: TypeAlias = tuple[WalletId, int, str]
"""A `Touch` in the making: a wallet, the entry's place in its chain, the hash before it."""
_SAYS_NO = (InvalidInput, Refused, RequestConflict)
"""What a decision may raise against its own command alone."""


@final
@attrs.frozen
class Call(Value):
    """One command of a batch, as `Ledger.execute` would be called with it.

    Attributes:
        command: The command.
        by: Who gives it.
        request: The request id.
        reason: Why, in the actor's words.
    """

    command: Command[Outcome]
    by: Actor
    request: str
    reason: str = ""


@final
@attrs.define
class _Prepared:
    """A call whose values are known to be sound, with its fingerprint.

    The texts are the canonical ones of request, fingerprint, actor, command and reason.
    """

    command: Command[Any]
    by: Actor
    request: RequestId
    reason: str
    fingerprint: str
    texts: tuple[str, str, str, str, str]


_actor_text = lru_cache(maxsize=1024)(encode)


class _Behind(Exception):
    """A lot that moves was written to later than the instant of the decision."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at


_NOBODY = Actor.acting("nobody")


def _prepared(command: Command[Any], by: Actor, request: str, reason: str) -> _Prepared:
    if not issubclass(type(command), Command):
        raise InvalidType("command", shown(command), "a command")
    if type(by) is not Actor:
        raise InvalidType("by", shown(by), "Actor")
    kind_of(type(command))
    check_id(request, "request")
    check_reason(reason)
    recheck(by)
    recheck(command)
    actor, asked = _actor_text(by), encode(command)
    why = encode(reason) if reason else '""'
    fingerprint = request_fingerprint(actor, asked, why)
    texts = encode(request), f'"{fingerprint}"', actor, asked, why
    return _Prepared(command, by, RequestId(request), reason, fingerprint, texts)


def _executable(command: Command[Any], by: Actor, request: str, reason: str) -> _Prepared:
    if type(request) is str and request == PREVIEW:
        raise InvalidValue("request", shown(request), "another id: under this one nothing is done")
    return _prepared(command, by, request, reason)


def _executable_call(call: Call) -> _Prepared:
    if type(call) is not Call:
        raise InvalidType("call", shown(call), "Call")
    return _executable(call.command, call.by, call.request, call.reason)


@final
class Ledger:
    """One portal of a store under one policy.

    >>> from unitledger.stores.memory import MemoryStore
    >>> ledger = Ledger(MemoryStore(), portal="acme")
    >>> ledger.balance("pool").available
    Credits.of('0')

    Args:
        store: Where it is kept.
        portal: The tenant; nothing of one portal can be seen or changed from another.
        policy: The named values of every rule.
        clock: Where the present instant comes from.
        directory: The host's facts about people; by default nobody manages or belongs anywhere.
    """

    def __init__(
        self,
        store: Store,
        *,
        portal: str = "main",
        policy: Policy | None = None,
        clock: Clock | None = None,
        directory: Directory | None = None,
    ) -> None:
        self.store: Store = store
        self.portal: PortalId = PortalId(check_id(portal, "portal"))
        self._portal_text = encode(self.portal)
        self.policy: Policy = Policy() if policy is None else policy
        self.clock: Clock = SystemClock() if clock is None else clock
        self.directory: Directory = FixedDirectory() if directory is None else directory

    # Commands.

    def execute(
        self, command: Command[_O], *, by: Actor, request: str, reason: str = ""
    ) -> Receipt[_O]:
        """Carry a command out, once per request id.

        Args:
            command: What to do.
            by: Who gives it.
            request: The host's name for this intention; a retry sends the same one and gets the
                first receipt.
            reason: Why, in the actor's words, up to 4096 characters; kept in the entry.

        Raises:
            InvalidInput: A value cannot be used at all.
            Refused: A rule says no; nothing changed.
            RequestConflict: The request id was used with another command, actor or reason.
            Contention: The locks could not be had; send the same request again.

        Source: C61, I7, TU-181.
        """
        prepared = _executable(command, by, request, reason)
        kept = self.store.kept(self.portal, prepared.request)
        if kept is not None:
            return _replayed(prepared, kept)
        return self._locking(prepared, post=True)

    def preview(
        self, command: Command[_O], *, by: Actor, request: str = PREVIEW, reason: str = ""
    ) -> Receipt[_O]:
        """The receipt that `execute` would give on this state, with nothing written.

        It raises exactly what `execute` would raise.

        Source: P6.
        """
        return self._locking(_prepared(command, by, request, reason), post=False)

    def can(
        self, command: Command[Any], *, by: Actor, request: str = PREVIEW, reason: str = ""
    ) -> bool:
        """Whether `execute` would succeed on this state.

        Give the request id you would execute with where it matters: new ids derive from it, and a
        request that was carried out before is answered with its first receipt.

        Raises:
            InvalidInput: The call cannot be used at all, on any state.

        Source: P6.
        """
        prepared = _prepared(command, by, request, reason)
        try:
            self._locking(prepared, post=False)
        except _SAYS_NO:
            return False
        return True

    def lock(self, *wallets: str) -> None:
        """Have wallets locked from here to the end of the caller's own transaction.

        Where several commands share one transaction, lock all their wallets before the first, so
        that two hosts never wait for each other. On a store that commits by itself the locks are
        given back at once.

        Args:
            wallets: The wallets, in any order.
        """
        names = sorted({check_wallet(wallet) for wallet in wallets})
        with self.store.begin(self.portal, names, ()):
            pass

    def execute_many(self, calls: Iterable[Call]) -> tuple[Receipt[Any] | UnitLedgerError, ...]:
        """Carry many commands out in one transaction, in order, each accepted or refused alone.

        The locks that all of them need are found first and taken once; all count for one instant.

        Returns:
            For every call, in order, its receipt, or the error that refused it.

        Raises:
            LimitExceeded: More than 10,000 calls.
            InvalidInput: A call cannot be used at all; nothing was carried out.
            Contention: The locks could not be had.
        """
        if not isinstance(calls, Iterable):
            raise InvalidType("calls", shown(calls), "calls, one after the other")
        batch = [_executable_call(call) for call in islice(calls, MAX_BATCH + 1)]
        if len(batch) > MAX_BATCH:
            raise LimitExceeded("calls of a batch", f"more than {MAX_BATCH}", MAX_BATCH)
        requests = [one.request for one in batch]
        with self.store.read(self.portal, requests) as reading:
            locks, least = self._wanted(reading, batch), None
        for _ in range(MAX_TRIES):
            missing = dict[str, Locks]()
            try:
                wallets, keys, shared = _in_order(locks)
                with self.store.begin(self.portal, wallets, keys, requests, shared) as unit:
                    moment = self._moment(unit, wallets, least)
                    answers = [self._outcome(unit, one, locks, moment, missing) for one in batch]
                    _insist(missing)
                    return tuple(answers)
            except NotLocked:
                locks = _with(locks, missing)
            except _Behind as behind:
                locks, least = _with(locks, missing), behind.at
        raise Contention(MAX_TRIES)

    def _outcome(
        self,
        unit: UnitOfWork,
        one: _Prepared,
        locks: Locks,
        moment: _Moment,
        missing: dict[str, Locks],
    ) -> Receipt[Any] | UnitLedgerError:
        """The receipt or the refusal of one of many; locks that it lacks are noted."""
        try:
            return self._run(unit, one, locks, moment, post=True)
        except _SAYS_NO as refusal:
            return refusal
        except NotLocked as unlocked:
            wanted, before = self._wanted(unit, [one]), missing.get(unlocked.what, Locks())
            missing[unlocked.what] = before | wanted
            return unlocked

    def _locking(self, prepared: _Prepared, *, post: bool) -> Receipt[Any]:
        locks, least = _named_locks(prepared.command), None
        requests = (prepared.request,)
        for _ in range(MAX_TRIES):
            try:
                wallets, keys, shared = _in_order(locks)
                with self.store.begin(self.portal, wallets, keys, requests, shared) as unit:
                    moment = self._moment(unit, wallets, least)
                    return self._run(unit, prepared, locks, moment, post=post)
            except NotLocked as missing:
                with self.store.read(self.portal, requests) as reading:
                    locks = locks.lacking(missing.what, self._wanted(reading, [prepared]))
            except _Behind as behind:
                least = behind.at
        raise Contention(MAX_TRIES)

    def _wanted(self, reading: Reading, batch: Sequence[_Prepared]) -> Locks:
        """The locks that a batch needs, found by deciding it without any."""
        own, shared = set[str](), set[str]()
        for one in batch:
            moment = self._moment(reading, (), None)
            view = self._view(reading, one.by, one.request, None, moment)
            with suppress(UnitLedgerError):
                _settled(view, _decision(one, view))
            for locks in (_named_locks(one.command), view.wanted):
                own |= locks.own
                shared |= locks.shared
        return Locks.of(own, shared)

    def _moment(
        self, reading: Reading, wallets: Iterable[WalletId], least: datetime | None
    ) -> _Moment:
        """The instant, never before the last entry of a locked wallet, and what the clock said."""
        clock = instant(self.clock.now(), "clock")
        at = clock if least is None else max(clock, least)
        for wallet in wallets:
            head = reading.head(wallet)
            if head is not None and head.at > at:
                at = head.at
        return at, clock

    def _view(
        self,
        reading: Reading,
        by: Actor,
        request: RequestId,
        locks: Locks | None,
        moment: _Moment,
    ) -> LockedView:
        return LockedView(
            reading,
            locks,
            at=moment[0],
            clock=moment[1],
            actor=by,
            request=request,
            policy=self.policy,
            directory=self.directory,
        )

    def _run(
        self,
        unit: UnitOfWork,
        one: _Prepared,
        locks: Locks,
        moment: _Moment,
        *,
        post: bool,
    ) -> Receipt[Any]:
        kept = unit.request(one.request)
        if kept is not None:
            return _replayed(one, kept)
        view = self._view(unit, one.by, one.request, locks, moment)
        decision = _decision(one, view)
        lots, settled = _settled(view, decision)
        posting = self._posting(one, view, decision, lots, settled)
        if post:
            unit.post(posting)
        proof = posting.kept.hash if post else ""
        outcome, same_as = decision.outcome, decision.same_as
        return Receipt(one.request, view.at, outcome, settled.moves, proof, same_as)

    def _posting(
        self,
        one: _Prepared,
        view: LockedView,
        decision: Decision[Any],
        lots: tuple[Lot, ...],
        settled: Settlement,
    ) -> Posting:
        """Everything that is to be written, the entry as its canonical text."""
        terms_read = _terms_read(view, settled.moves)
        links = _links(view)
        claims = view.claims_after(decision.claims)
        request, fingerprint, actor, command, reason = one.texts
        text = entry_writer()(
            self._portal_text,
            request,
            fingerprint,
            actor,
            command,
            reason,
            _links_text(links),
            at=view.at,
            clock=view.clock,
            outcome=decision.outcome,
            moves=settled.moves,
            claims=claims,
            records=decision.records,
            lots=lots,
            terms=decision.terms,
            terms_read=terms_read,
            answers=view.answers,
            same_as=decision.same_as,
        )
        kept = kept_of(text)
        return Posting(
            request=one.request,
            at=view.at,
            kept=kept,
            lots=lots,
            terms=decision.terms,
            claims=claims,
            records=decision.records,
            cells=settled.cells,
            heads=_heads_after(links, view, kept, claims),
            plans=view.plans,
        )

    # Questions.

    @property
    def credits(self) -> CreditsBook:
        """What is asked about credits alone: positions, notices, what is due."""
        return CreditsBook(self)

    @property
    def units(self) -> UnitsBook:
        """What is asked about training units alone: quotes, orders, reports."""
        return UnitsBook(self)

    def balance(self, wallet: str, *, at: datetime | None = None) -> Balance:
        """What a wallet has, now or at another instant.

        Args:
            wallet: The wallet.
            at: An instant in the past counts with what was known then; one to come counts with
                the present terms. ``None`` is now.

        Source: P20, TU-072.
        """
        name = check_wallet(wallet)
        with self.store.read(self.portal) as reading:
            head = reading.head(name)
            now = instant(self.clock.now(), "clock")
            held = list(reading.holdings(name))
            latest = max([now, *_written(head, held)])
            when = latest if at is None else instant(at, "at")
            if when >= latest:
                claims = list(reading.due(name, when))
            elif isinstance(reading, Remembering):
                past = reading.past(name, when)
                held, claims = list(past.held), _overdue(past.claims, when)
            else:
                fold = _folded(reading, until=when)
                held = [
                    (fold.lots[lot], cells)
                    for (owner, lot), cells in sorted(fold.cells.items())
                    if owner == name
                ]
                claims = _overdue(fold.claims.values(), when)
            overdue: dict[LotId, int] = {}
            for part in (part for claim in claims for part in claim.segments):
                if part.wallet == name and part.state is State.HELD:
                    overdue[part.lot] = overdue.get(part.lot, 0) + part.parts
            lines = tuple(lot_balance(lot, c, overdue.get(lot.id, 0), when) for lot, c in held)
        return Balance(name, when, lines)

    def explain(
        self,
        wallet: str,
        amount: Amount,
        *,
        use: Use = ANYTHING,
        order: BurnOrder | None = None,
        at: datetime | None = None,
    ) -> Plan:
        """Which of a wallet's lots would pay an amount, and why; nothing is written.

        Args:
            wallet: The wallet.
            amount: How much, in the wallet's unit.
            use: What the units are for.
            order: Another burn order than the policy's.
            at: The instant (UTC); ``None`` is now.
        """
        name = check_wallet(wallet)
        if isinstance(amount, Amount):
            recheck(amount)
        if order is not None and type(order) is not BurnOrder:
            raise InvalidType("order", shown(order), "BurnOrder")
        with self.store.read(self.portal) as reading:
            now, clock = self._moment(reading, (name,), None)
            when = now if at is None else instant(at, "at")
            view = self._view(reading, _NOBODY, RequestId(PREVIEW), None, (when, clock))
            bucket = view.bucket(name, order)
        return bucket.burn(amount, at=view.at, use=use)

    def statement(
        self, wallet: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> Statement:
        """What happened to a wallet, entry by entry.

        Args:
            wallet: The wallet.
            since: The first instant to show (UTC); ``None`` is the beginning.
            until: The first instant not to show; ``None`` is no end.
        """
        name = check_wallet(wallet)
        since = None if since is None else instant(since, "since")
        until = None if until is None else instant(until, "until")
        with self.store.read(self.portal) as reading:
            if isinstance(reading, Remembering):
                passage = reading.passage(name, since, until)
            else:
                passage = Passage({}, reading.entries())
            lines = tuple(statement_lines(passage, name, since=since, until=until))
        return Statement(name, lines)

    def receipt(self, request: str) -> Receipt[Outcome] | None:
        """The receipt of an accepted request, or ``None``."""
        check_id(request, "request")
        with self.store.read(self.portal) as reading:
            kept = reading.request(RequestId(request))
        return None if kept is None else _receipt(entry_of(kept), kept.hash)

    def entries(self) -> Iterator[Entry]:
        """Every entry of the portal's journal, in the order written."""
        with self.store.read(self.portal) as reading:
            journal = tuple(reading.entries())
        return map(entry_of, journal)

    def journal(self) -> tuple[Kept, ...]:
        """The portal's journal as kept: canonical texts with their hashes."""
        with self.store.read(self.portal) as reading:
            return tuple(reading.entries())

    def verify(self, *, tick: Tick | None = None) -> Findings:
        """Whether every hash and chain of the journal holds, and its units add up.

        Args:
            tick: Called once for each entry.

        Source: I6, immunity to edits, deletions and swaps.
        """
        with self.store.read(self.portal) as reading:
            return verify(ticked(reading.entries(), tick))

    def audit(self, *, tick: Tick | None = None) -> Findings:
        """Whether what is stored is what the journal folds to, and adds up.

        Per lot the sum of the cells over all wallets is zero, and per wallet and lot what is held
        and spent is what the claims say.

        Args:
            tick: Called once for each entry.

        Source: I1, I6.
        """
        with self.store.read(self.portal) as reading:
            try:
                fold = _folded(reading, tick=tick)
            except UnitLedgerError as error:
                return Findings(0, 0, (str(error),))
            faults = [*fold.faults(), *differences(fold, reading)]
        faults += self._lost(fold)
        return Findings(fold.count, len(fold.lots), tuple(faults))

    def _lost(self, fold: Fold) -> Iterator[str]:
        """The requests that do not lead to their entries, looked up some at a time."""
        every = iter(fold.requests)
        while some := tuple(islice(every, _AT_ONCE)):
            with self.store.read(self.portal, some) as reading:
                yield from lost_requests(fold, reading, some)


def _in_order(locks: Locks) -> tuple[list[WalletId], list[str], list[str]]:
    """Wallets, record keys and shared ones, each sorted: the one order in which locks are taken."""
    wallets: list[WalletId] = []
    keys: list[str] = []
    for lock in sorted(locks.own):
        if is_wallet(lock):
            wallets.append(WalletId(lock))
        else:
            keys.append(lock)
    return wallets, keys, sorted(locks.shared)


def _with(locks: Locks, missing: Mapping[str, Locks]) -> Locks:
    """The locks with those that turned out to be missing, by what was noticed first."""
    more = locks
    for name, wanted in missing.items():
        more |= locks.lacking(name, wanted)
    return more


def _named_locks(command: Command[Any]) -> Locks:
    """The wallets and record keys that a command names itself."""
    return Locks.of((*command.wallets(), *command.keys()), command.shared_keys())


def _decision(one: _Prepared, view: LockedView) -> Decision[Any]:
    """The order of checks inside the locks: may, ready, decide."""
    command = one.command
    for wallet in command.wallets():
        view.reach(wallet)
    if not command.may(view):
        raise NotPermitted(
            one.by.id, command.NAME, ", ".join(sorted(command.AUTHORITY)) or "nobody"
        )
    command.ready(view)
    return command.decide(view)


def _links(view: LockedView) -> list[_Link]:
    """The next link in the chain of every wallet looked at."""
    links: list[_Link] = []
    for wallet, head in sorted(view.heads.items()):
        sequence, previous = (0, "") if head is None else (head.sequence, head.hash)
        links.append((wallet, sequence + 1, previous))
    return links


def _links_text(links: Iterable[_Link]) -> str:
    """The canonical text of an entry's touches."""
    write, texts = touch_writer(), list[str]()
    for wallet, sequence, previous in links:
        texts.append(write(previous=previous, sequence=sequence, wallet=wallet))
    return f"[{','.join(texts)}]"


def _heads_after(
    links: Iterable[_Link], view: LockedView, kept: Kept, claims: tuple[Claim, ...]
) -> tuple[Head, ...]:
    """The heads of wallets when these links are their last."""
    heads: list[Head] = []
    for wallet, sequence, _ in links:
        due = view.next_due(wallet, claims)
        heads.append(Head(wallet, sequence, view.at, kept.hash, due))
    return tuple(heads)


def _insist(missing: Collection[str]) -> None:
    """Leave a unit of work that lacks locks, so that it is undone and begun again with them."""
    if missing:
        raise NotLocked(min(missing))


def _settled(view: LockedView, decision: Decision[Any]) -> tuple[tuple[Lot, ...], Settlement]:
    """The lots that a decision brings into being, and everything it moves."""
    view.writing(decision.records)
    lots = _new_lots(view, decision) if decision.lots or decision.terms else ()
    settled = view.settled(decision)
    if not view.heads:
        raise InvariantViolation("an entry is linked to a wallet", "its command looked at none")
    return lots, settled


def _terms_read(view: LockedView, moves: Iterable[Move]) -> tuple[tuple[LotId, int], ...]:
    """The version of the terms of every lot that moved.

    Terms that were written later than now mean that the clock runs behind; then it is later.
    """
    read: dict[LotId, int] = {}
    latest = view.at
    for move in moves:
        lot = view.lots[move.lot]
        read[lot.id] = lot.version
        if lot.since is not None and lot.since > latest:
            latest = lot.since
    if latest is not view.at:
        raise _Behind(latest)
    return tuple(read.items())


def _new_lots(view: LockedView, decision: Decision[Any]) -> tuple[Lot, ...]:
    """The lots a decision brings into being, stamped; the view learns of them and of edits."""
    lots = tuple([_stamped(lot, view.at) for lot in decision.lots])
    for lot in lots:
        if view.has_lot(lot.id):
            raise AlreadyExists("lot", lot.id)
    if len({lot.id for lot in lots}) != len(lots):
        raise InvariantViolation("a lot comes into being once", "a decision makes one twice")
    view.knowing(lots)
    for edit in decision.terms:
        lot = view.lot(edit.lot)
        view.reach(lot.home)
        if edit.version != lot.version + 1:
            raise InvariantViolation("an edit follows the version it read", f"not so for {lot.id}")
        view.knowing((lot.under(edit.terms, view.at),))
    return lots


def _stamped(lot: Lot, at: datetime) -> Lot:
    """The lot in its first version, written at that instant."""
    if lot.version == 1 and lot.since is at:
        return lot
    return attrs.evolve(lot, version=1, since=at)


def _replayed(one: _Prepared, kept: Kept) -> Receipt[Any]:
    """The first receipt, when the request is the same as the first time."""
    entry = entry_of(kept)
    if entry.fingerprint == one.fingerprint:
        return _receipt(entry, kept.hash)
    differs = [
        name
        for name, old, new in (
            ("actor", entry.actor, one.by),
            ("reason", entry.reason, one.reason),
        )
        if old != new
    ]
    if type(entry.command) is not type(one.command):
        differs.append("command")
    else:
        names = [field.name for field in attrs.fields(type(one.command))]
        differs.extend(n for n in names if getattr(entry.command, n) != getattr(one.command, n))
    raise RequestConflict(one.request, tuple(differs))


def _receipt(entry: Entry, entry_hash: str) -> Receipt[Any]:
    return Receipt(entry.request, entry.at, entry.outcome, entry.moves, entry_hash, entry.same_as)


def _written(head: Head | None, held: Iterable[tuple[Lot, Cells]]) -> Iterator[datetime]:
    """When a wallet was last written to, and when the terms of its lots were."""
    if head is not None:
        yield head.at
    for lot, _ in held:
        if lot.since is not None:
            yield lot.since


def _overdue(claims: Iterable[Claim], at: datetime) -> list[Claim]:
    """Those whose deadline has come by an instant."""
    return [one for one in claims if one.deadline is not None and one.deadline <= at]


def _folded(reading: Reading, *, until: datetime | None = None, tick: Tick | None = None) -> Fold:
    fold = Fold()
    for kept in ticked(reading.entries(), tick):
        entry = entry_of(kept)
        if until is None or entry.at <= until:
            fold.apply(entry, kept.hash)
    return fold
