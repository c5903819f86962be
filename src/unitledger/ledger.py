"""The ledger: the one order in which everything is checked, and the questions it answers.

    request look-up → locks → request look-up again → payload match → instant → overdue holds
      → may → ready → decide → settle → post

The request comes first, so the retry of a spend that emptied the pool gets its first receipt. The
instant is taken after the locks. A preview is the same code without the post. A refused command
changes nothing and is not remembered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeVar, final

import attrs

from unitledger.accounts import EMPTY_CELLS, Cells, State, check_wallet, is_wallet, wallet_unit
from unitledger.amounts import Amount
from unitledger.buckets import Plan
from unitledger.codec import encode
from unitledger.commands import (
    Actor,
    Command,
    Decision,
    Entry,
    Head,
    Outcome,
    Receipt,
    Touch,
    check_reason,
)
from unitledger.errors import (
    AlreadyExists,
    Contention,
    InvalidType,
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
from unitledger.journal import Fold, Verdict, entry_of, kept_of, verify
from unitledger.lots import ANYTHING, Lot, Use
from unitledger.orders import BurnOrder
from unitledger.policy import Policy
from unitledger.ports import Directory, FixedDirectory, Kept, Posting, Reading, Store, UnitOfWork
from unitledger.tables import Table
from unitledger.time import Clock, SystemClock, instant
from unitledger.values import Value
from unitledger.views import LockedView

__all__ = [
    "MAX_BATCH",
    "MAX_TRIES",
    "Balance",
    "Call",
    "Ledger",
    "LotBalance",
    "Statement",
    "StatementLine",
]

MAX_TRIES = 8
"""How often a command is asked again for locks it turned out to need."""
MAX_BATCH = 10_000
"""How many commands one `execute_many` takes."""

_O = TypeVar("_O", bound=Outcome)


@final
@attrs.frozen
class LotBalance(Value):
    """What a wallet has of one lot at an instant, in parts.

    Attributes:
        lot: The lot, under the terms that count at that instant.
        available: What can be spent.
        pending: What can be spent later, when the lot becomes effective.
        held: What open claims hold.
        spent: What claims have spent.
        expired: What has lapsed.
        void: What was taken out.
    """

    lot: Lot
    available: int
    pending: int
    held: int
    spent: int
    expired: int
    void: int


@final
@attrs.frozen
class Balance(Value):
    """What a wallet has at an instant.

    Attributes:
        wallet: The wallet.
        at: The instant (UTC).
        lots: What it has of every lot it ever held, in order of lot id.
    """

    wallet: WalletId
    at: datetime
    lots: tuple[LotBalance, ...]

    def _sum(self, parts: Iterable[int]) -> Amount:
        return wallet_unit(self.wallet)(parts=sum(parts))

    @property
    def available(self) -> Amount:
        """What can be spent at that instant."""
        return self._sum(line.available for line in self.lots)

    @property
    def pending(self) -> Amount:
        """What becomes spendable later."""
        return self._sum(line.pending for line in self.lots)

    @property
    def held(self) -> Amount:
        """What open claims hold."""
        return self._sum(line.held for line in self.lots)

    @property
    def spent(self) -> Amount:
        """What claims have spent."""
        return self._sum(line.spent for line in self.lots)

    @property
    def expired(self) -> Amount:
        """What has lapsed by that instant, whether or not it has been written down."""
        return self._sum(line.expired for line in self.lots)

    @property
    def void(self) -> Amount:
        """What was taken out."""
        return self._sum(line.void for line in self.lots)

    def table(self) -> Table:
        """The balance lot by lot."""
        unit = wallet_unit(self.wallet)
        rows = tuple(
            (
                line.lot.id,
                *(
                    unit(parts=parts).text
                    for parts in (line.available, line.held, line.spent, line.expired)
                ),
                "never"
                if line.lot.terms.expires is None
                else line.lot.terms.expires.isoformat(timespec="minutes").removesuffix("+00:00"),
            )
            for line in self.lots
        )
        heads = ("lot", ">available", ">held", ">spent", ">expired", "expires (UTC)")
        return Table(f"{self.wallet}: {self.available} available", heads, rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@final
@attrs.frozen
class StatementLine(Value):
    """What one entry did to one wallet.

    Attributes:
        at: The instant it counts for (UTC).
        request: The request id.
        command: The command's name.
        moved: Verb, lot and parts of every move that touched the wallet; parts that left it for
            another wallet are below zero.
        usable: FREE and EXPIRED parts together after it.
        held: HELD parts after it.
        spent: SPENT parts after it.
    """

    at: datetime
    request: RequestId
    command: str
    moved: tuple[tuple[str, LotId, int], ...]
    usable: int
    held: int
    spent: int


@final
@attrs.frozen
class Statement(Value):
    """What happened to a wallet, entry by entry.

    Attributes:
        wallet: The wallet.
        lines: One line per entry that moved something in it, in the order written.
    """

    wallet: WalletId
    lines: tuple[StatementLine, ...]

    def table(self) -> Table:
        """The statement as a table."""
        unit = wallet_unit(self.wallet)
        rows = tuple(
            (
                line.at.isoformat(timespec="minutes").removesuffix("+00:00"),
                line.request,
                line.command,
                ", ".join(
                    f"{verb} {'−' if parts < 0 else ''}{unit(parts=abs(parts)).text} of {lot}"
                    for verb, lot, parts in line.moved
                ),
                *(unit(parts=parts).text for parts in (line.usable, line.held, line.spent)),
            )
            for line in self.lines
        )
        heads = ("at (UTC)", "request", "command", "moves", ">in hand", ">held", ">spent")
        return Table(f"Statement of {self.wallet}", heads, rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


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
@attrs.frozen
class _Prepared:
    """A call whose values are known to be sound, with its fingerprint."""

    command: Command[Any]
    by: Actor
    request: RequestId
    reason: str
    fingerprint: str
    texts: tuple[str, str, str]


_actor_text = lru_cache(maxsize=1024)(encode)


def _prepared(command: object, by: Actor, request: str, reason: str) -> _Prepared:
    if not isinstance(command, Command):
        raise InvalidType("command", shown(command), "a command")
    if type(by) is not Actor:
        raise InvalidType("by", shown(by), "Actor")
    check_id(request, "request")
    check_reason(reason)
    texts = _actor_text(by), encode(command), encode(reason)
    signed = "\n".join(("unitledger/request/1", *texts)).encode("ascii")
    fingerprint = sha256(signed).hexdigest()
    return _Prepared(command, by, RequestId(request), reason, fingerprint, texts)


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
        self.store = store
        self.portal = PortalId(check_id(portal, "portal"))
        self.policy = Policy() if policy is None else policy
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
        prepared = _prepared(command, by, request, reason)
        kept = self.store.kept(self.portal, prepared.request)
        if kept is not None:
            return _replayed(prepared, kept)
        return self._locking(prepared, post=True)

    def preview(
        self, command: Command[_O], *, by: Actor, request: str = "preview", reason: str = ""
    ) -> Receipt[_O]:
        """The receipt that `execute` would give on this state, with nothing written.

        It raises exactly what `execute` would raise.

        Source: P6.
        """
        return self._locking(_prepared(command, by, request, reason), post=False)

    def can(self, command: Command[Any], *, by: Actor, request: str = "preview") -> bool:
        """Whether `execute` would succeed on this state.

        Source: P6.
        """
        try:
            self.preview(command, by=by, request=request)
        except (Refused, RequestConflict):
            return False
        return True

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
        batch = [_prepared(call.command, call.by, call.request, call.reason) for call in calls]
        if len(batch) > MAX_BATCH:
            raise LimitExceeded("calls of a batch", str(len(batch)), MAX_BATCH)
        locks = self._wanted(batch)
        for _ in range(MAX_TRIES):
            try:
                with self._locked(locks) as unit:
                    at = self._instant(unit, locks)
                    return tuple([self._outcome(unit, one, locks, at) for one in batch])
            except NotLocked as missing:
                locks |= {missing.what}
        raise Contention(MAX_TRIES)

    def _wanted(self, batch: Sequence[_Prepared]) -> frozenset[str]:
        """The locks that a batch needs, found by deciding it without any."""
        wanted = {lock for one in batch for lock in _named_locks(one.command)}
        with self.store.read(self.portal) as reading:
            for one in batch:
                view = self._view(reading, one, None, self._instant(reading, ()))
                try:
                    decision = _decision(one, view)
                    _new_lots(view, decision)
                    view.settled(decision)
                except UnitLedgerError:
                    pass
                wanted |= view.wanted | set(view.heads)
        return frozenset(wanted)

    def _outcome(
        self, unit: UnitOfWork, one: _Prepared, locks: frozenset[str], at: datetime
    ) -> Receipt[Any] | UnitLedgerError:
        try:
            return self._run(unit, one, locks, at, post=True)
        except (Refused, RequestConflict) as refusal:
            return refusal

    def _locking(self, prepared: _Prepared, *, post: bool) -> Receipt[Any]:
        locks = frozenset(_named_locks(prepared.command))
        for _ in range(MAX_TRIES):
            try:
                with self._locked(locks) as unit:
                    at = self._instant(unit, locks)
                    return self._run(unit, prepared, locks, at, post=post)
            except NotLocked as missing:
                locks |= {missing.what} | self._wanted([prepared])
        raise Contention(MAX_TRIES)

    def _locked(self, locks: frozenset[str]) -> Any:
        keys = sorted(lock for lock in locks if not is_wallet(lock))
        wallets = sorted(WalletId(lock) for lock in locks if is_wallet(lock))
        return self.store.begin(self.portal, wallets, keys)

    def _instant(self, reading: Reading, locks: Iterable[str]) -> datetime:
        """The clock, but never before the last entry of a locked wallet."""
        at = instant(self.clock.now(), "clock")
        for lock in locks:
            head = reading.head(WalletId(lock))
            if head is not None and head.at > at:
                at = head.at
        return at

    def _view(
        self, reading: Reading, one: _Prepared, locks: frozenset[str] | None, at: datetime
    ) -> LockedView:
        return LockedView(
            reading,
            locks,
            at=at,
            actor=one.by,
            request=one.request,
            policy=self.policy,
            directory=self.directory,
        )

    def _run(
        self, unit: UnitOfWork, one: _Prepared, locks: frozenset[str], at: datetime, *, post: bool
    ) -> Receipt[Any]:
        kept = unit.request(one.request)
        if kept is not None:
            return _replayed(one, kept)
        view = self._view(unit, one, locks, at)
        decision = _decision(one, view)
        posting = self._posting(one, view, decision)
        if not post:
            return _receipt(posting.entry, "")
        unit.post(posting)
        return _receipt(posting.entry, posting.kept.hash)

    def _posting(self, one: _Prepared, view: LockedView, decision: Decision[Any]) -> Posting:
        lots = _new_lots(view, decision)
        settled = view.settled(decision)
        for wallet in one.command.wallets():
            view.reach(wallet)
        claims = view.claims_after(decision.claims)
        moved = dict.fromkeys(move.lot for move in settled.moves)
        heads = sorted(view.heads.items())
        entry = Entry(
            portal=self.portal,
            request=one.request,
            fingerprint=one.fingerprint,
            at=view.at,
            clock=instant(self.clock.now(), "clock"),
            actor=one.by,
            reason=one.reason,
            command=one.command,
            outcome=decision.outcome,
            moves=settled.moves,
            claims=claims,
            records=decision.records,
            lots=lots,
            terms=decision.terms,
            terms_read=tuple([(lot, view.lot(lot).version) for lot in moved]),
            answers=tuple(view.answers),
            touches=tuple(
                [
                    Touch(wallet, 1, "")
                    if head is None
                    else Touch(wallet, head.sequence + 1, head.hash)
                    for wallet, head in heads
                ]
            ),
            same_as=decision.same_as,
        )
        kept = kept_of(entry, *one.texts)
        after = tuple(
            [
                Head(
                    touch.wallet,
                    touch.sequence,
                    view.at,
                    kept.hash,
                    view.next_due(touch.wallet, claims),
                )
                for touch in entry.touches
            ]
        )
        return Posting(entry, kept, settled.cells, after)

    # Questions.

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
            latest = now if head is None else max(now, head.at)
            when = latest if at is None else instant(at, "at")
            if when >= latest or head is None:
                held, claims = reading.holdings(name), reading.due(name, when)
            else:
                fold = _folded(reading, until=when)
                held = [
                    (fold.lots[lot], cells)
                    for (owner, lot), cells in sorted(fold.cells.items())
                    if owner == name
                ]
                claims = [
                    claim
                    for claim in fold.claims.values()
                    if claim.deadline is not None and claim.deadline <= when
                ]
            overdue: dict[LotId, int] = {}
            for part in (part for claim in claims for part in claim.segments):
                if part.wallet == name and part.state is State.HELD:
                    overdue[part.lot] = overdue.get(part.lot, 0) + part.parts
            lines = tuple(_lot_balance(lot, c, overdue.get(lot.id, 0), when) for lot, c in held)
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
        """Which of a wallet's lots would pay an amount now, and why; nothing is written."""
        name = check_wallet(wallet)
        with self.store.read(self.portal) as reading:
            when = self._instant(reading, (name,)) if at is None else instant(at, "at")
            bucket = reading.bucket(name, order or self.policy.burn_order, when, None)
        return bucket.burn(amount, at=when, use=use)

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
        lines: list[StatementLine] = []
        fold = Fold()
        with self.store.read(self.portal) as reading:
            for kept in reading.entries():
                entry = entry_of(kept)
                fold.apply(entry, kept.hash)
                shown_ = (since is None or entry.at >= since) and (
                    until is None or entry.at < until
                )
                moved = _moved(entry, name)
                if shown_ and moved:
                    lines.append(_statement_line(entry, name, moved, fold))
        return Statement(name, tuple(lines))

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

    def verify(self) -> Verdict:
        """Whether every hash and chain of the journal holds, and its units add up.

        Source: I6, immunity to edits, deletions and swaps.
        """
        return verify(self.journal())

    def audit(self) -> Verdict:
        """Whether what is stored is what the journal folds to, and adds up.

        Per lot the sum of the cells over all wallets is zero, and per wallet and lot what is held
        and spent is what the claims say.

        Source: I1, I6.
        """
        with self.store.read(self.portal) as reading:
            try:
                fold = _folded(reading)
            except UnitLedgerError as error:
                return Verdict(0, 0, (str(error),))
            return Verdict(
                fold.count, len(fold.lots), (*fold.faults(), *_differences(fold, reading))
            )


def _named_locks(command: Command[Any]) -> tuple[str, ...]:
    """The wallets and record keys that a command names itself."""
    return (*command.wallets(), *command.keys())


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


def _new_lots(view: LockedView, decision: Decision[Any]) -> tuple[Lot, ...]:
    """The lots a decision brings into being, stamped; the view learns of them and of edits."""
    lots = tuple([attrs.evolve(lot, version=1, since=view.at) for lot in decision.lots])
    for lot in lots:
        if view.has_lot(lot.id):
            raise AlreadyExists("lot", lot.id)
    view.knowing(lots)
    for edit in decision.terms:
        lot = view.lot(edit.lot)
        if edit.version != lot.version + 1:
            raise InvariantViolation("an edit follows the version it read", f"not so for {lot.id}")
        view.knowing((lot.under(edit.terms, view.at),))
    return lots


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


def _lot_balance(lot: Lot, cells: Cells, overdue: int, at: datetime) -> LotBalance:
    """What cells mean at an instant: expiry and overdue holds are derived."""
    usable = cells[State.FREE] + cells[State.EXPIRED] + overdue
    lapsed, begun = lot.lapsed(at), lot.terms.effective <= at
    return LotBalance(
        lot,
        available=usable if begun and not lapsed else 0,
        pending=0 if begun or lapsed else usable,
        held=cells[State.HELD] - overdue,
        spent=cells[State.SPENT],
        expired=usable if lapsed else 0,
        void=cells[State.VOID],
    )


def _folded(reading: Reading, *, until: datetime | None = None) -> Fold:
    fold = Fold()
    for kept in reading.entries():
        entry = entry_of(kept)
        if until is None or entry.at <= until:
            fold.apply(entry, kept.hash)
    return fold


def _moved(entry: Entry, wallet: WalletId) -> tuple[tuple[str, LotId, int], ...]:
    found: list[tuple[str, LotId, int]] = []
    for move in entry.moves:
        source, target = move.source.wallet, move.target.wallet
        if target == wallet:
            found.append((move.verb, move.lot, move.parts))
        elif source == wallet:
            found.append((move.verb, move.lot, -move.parts))
    return tuple(found)


def _statement_line(
    entry: Entry, wallet: WalletId, moved: tuple[tuple[str, LotId, int], ...], fold: Fold
) -> StatementLine:
    rows = [cells for (owner, _), cells in fold.cells.items() if owner == wallet]
    usable = sum(cells[State.FREE] + cells[State.EXPIRED] for cells in rows)
    held = sum(cells[State.HELD] for cells in rows)
    spent = sum(cells[State.SPENT] for cells in rows)
    return StatementLine(entry.at, entry.request, entry.command.NAME, moved, usable, held, spent)


def _differences(fold: Fold, reading: Reading) -> Iterator[str]:
    """Where the store says something else than the journal does."""
    for wallet in sorted({*reading.wallets(), *fold.heads}):
        if _link(reading.head(wallet)) != _link(fold.heads.get(wallet)):
            yield f"the head of {wallet} is not its last entry"
    held = {
        (wallet, lot.id): cells
        for wallet in reading.wallets()
        for lot, cells in reading.holdings(wallet)
    }
    for place in sorted({*held, *fold.cells}):
        if held.get(place, EMPTY_CELLS) != fold.cells.get(place, EMPTY_CELLS):
            yield f"{place[0]} does not hold of {place[1]} what its entries say"
    for lot_id, lot in sorted(fold.lots.items()):
        if reading.lot(lot_id) != lot:
            yield f"lot {lot_id} does not have the terms its entries say"
    for claim_id, claim in sorted(fold.claims.items()):
        if reading.claim(claim_id) != claim:
            yield f"claim {claim_id} is not what its entries say"
    for (kind, key), record in sorted(fold.records.items()):
        if reading.record(kind, key) != record:
            yield f"{kind} {key} is not what its entries say"


def _link(head: Head | None) -> tuple[int, str]:
    return (0, "") if head is None else (head.sequence, head.hash)
