"""The view a decision looks through: one portal at one instant, through locks.

What a command has looked at and what it was told is noted, so that the entry can say so. Holds
whose deadline has passed are released before the command sees the wallet, by the same moves that
the entry will carry; expiry needs nothing of the kind, because a bucket derives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, final

from unitledger.accounts import Cells, State
from unitledger.amounts import Amount
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim
from unitledger.commands import Actor, Answer, Decision, Head
from unitledger.errors import InvalidType, NotLocked, UnknownObject, shown
from unitledger.ids import ClaimId, LotId, RequestId, WalletId
from unitledger.indexes import every
from unitledger.kernel import CellKey, Settlement, settle
from unitledger.lots import ANYTHING, Lot, Use
from unitledger.moves import Move
from unitledger.orders import BurnOrder
from unitledger.policy import Policy
from unitledger.ports import Directory, Reading
from unitledger.records import Record, index_lock, record_lock
from unitledger.time import instant_text

__all__ = ["LockedView", "Locks"]

_R = TypeVar("_R", bound=Record)
_PAGE = 64
_NONE: frozenset[str] = frozenset()


@final
class Locks(NamedTuple):
    """The locks of a unit of work: a name stands on one side alone, and is locked once.

    Attributes:
        own: The wallets and record keys that it has to itself.
        shared: The record keys that others may look at as well, and nobody changes meanwhile.
    """

    own: frozenset[str] = _NONE
    shared: frozenset[str] = _NONE

    @classmethod
    def of(cls, own: Iterable[str], shared: Iterable[str]) -> Locks:
        """The locks of some names; what stands on both sides is not shared."""
        alone = frozenset(own)
        return cls(alone, frozenset(shared) - alone)

    def __or__(self, others: Locks) -> Locks:
        """All of both; what either has to itself is not shared."""
        return Locks.of(self.own | others.own, self.shared | others.shared)

    def lacking(self, name: str, wanted: Locks) -> Locks:
        """All of these and of what is wanted, after one turned out to be missing.

        What was shared and did not suffice is had alone.
        """
        more = self | wanted
        if name in more.shared and name not in self.shared:
            return more
        return more | Locks(frozenset({name}))


@final
class LockedView:
    """A `View` over one unit of work; see there for what its methods promise.

    Args:
        reading: The unit of work, or a reading without locks for finding out which are needed.
        locks: What is locked; ``None`` notes what has to be instead of insisting.
        clock: What the clock said when the instant was taken.
    """

    # What most decisions never change stands here once, and is exchanged, not changed.
    answers: tuple[Answer, ...] = ()
    released: tuple[Move, ...] = ()
    _cells: Mapping[CellKey, Cells] = MappingProxyType({})
    _claims: Mapping[ClaimId, Claim] = MappingProxyType({})

    def __init__(
        self,
        reading: Reading,
        locks: Locks | None,
        *,
        at: datetime,
        actor: Actor,
        request: RequestId,
        policy: Policy,
        directory: Directory,
        clock: datetime,
    ) -> None:
        self._reading = reading
        self._locks = locks
        self.at: datetime = at
        self.clock: datetime = clock
        self.actor: Actor = actor
        self.request: RequestId = request
        self.policy: Policy = policy
        self._directory = directory
        self._wanted: set[str] = set()
        self._shared: set[str] = set()
        self.heads: dict[WalletId, Head | None] = {}
        self.plans: dict[WalletId, Plan] = {}
        self.lots: dict[LotId, Lot] = {}

    # Locks.

    @property
    def wanted(self) -> Locks:
        """What has to be locked for what was looked at."""
        return Locks.of({*self._wanted, *self.heads}, self._shared)

    def _need(self, lock: str) -> None:
        if self._locks is None:
            self._wanted.add(lock)
        elif lock not in self._locks.own:
            raise NotLocked(lock)

    def _share(self, lock: str) -> None:
        self._shared.add(lock)
        locks = self._locks
        if locks is not None and lock not in locks.shared and lock not in locks.own:
            raise NotLocked(lock)

    def reach(self, wallet: WalletId) -> None:
        """Note that the wallet is looked at, and release its overdue holds, once."""
        if wallet in self.heads:
            return
        self._need(wallet)
        head = self.heads[wallet] = self._reading.head(wallet)
        if head is not None and head.next_due is not None and head.next_due <= self.at:
            for claim in self._reading.due(wallet, self.at):
                self._release(claim.id)

    def _release(self, claim_id: ClaimId) -> None:
        claim = self.claim(claim_id)
        held = claim.total(State.HELD)
        if held:
            shift = claim.shift(held, State.HELD, State.FREE)
            settled = settle(
                shift.moves, [(claim, shift.claim)], at=self.at, lot=self.lot, cells=self.cells
            )
            self._cells = {**self._cells, **dict(settled.cells)}
            self._claims = {**self._claims, claim_id: shift.claim}
            self.released += settled.moves

    # Quantities.

    def bucket(self, wallet: WalletId, order: BurnOrder | None = None) -> Bucket:
        """What a wallet can spend, under an order or the policy's burn order."""
        return self._bucket(wallet, order, None)

    def _bucket(self, wallet: WalletId, order: BurnOrder | None, at_least: int | None) -> Bucket:
        if wallet not in self.heads:
            self.reach(wallet)
        order = order or self.policy.burn_order
        if not self._cells:
            return self._reading.bucket(wallet, order, self.at, at_least)
        bucket = self._reading.bucket(wallet, order, self.at, None)
        for (owner, lot_id), cells in self._cells.items():
            if owner == wallet and not self.lot(lot_id).lapsed(self.at):
                old = self._reading.cells(wallet, lot_id)
                before = old[State.FREE] + old[State.EXPIRED]
                after = cells[State.FREE] + cells[State.EXPIRED]
                if before != after:
                    bucket = bucket.put(self.lot(lot_id), before, after)
        return bucket

    def plan(
        self,
        wallet: WalletId,
        amount: Amount,
        *,
        use: Use = ANYTHING,
        order: BurnOrder | None = None,
    ) -> Plan:
        """Which of a wallet's lots an amount would take; the store is asked for what it needs."""
        at_least = _PAGE
        while True:
            bucket = self._bucket(wallet, order, at_least)
            plan = bucket.burn(amount, at=self.at, use=use)
            if len(bucket) != at_least or plan.met:
                self.plans[wallet] = plan
                return plan
            at_least *= 8

    def cells(self, wallet: WalletId, lot: LotId) -> Cells:
        """What a wallet has of a lot, as last written down."""
        if wallet not in self.heads:
            self.reach(wallet)
        changed = self._cells.get((wallet, lot)) if self._cells else None
        return self._reading.cells(wallet, lot) if changed is None else changed

    def holdings(self, wallet: WalletId) -> Iterable[tuple[Lot, Cells]]:
        """Every lot a wallet ever held, with its cells as last written down."""
        self.reach(wallet)
        return [(lot, self.cells(wallet, lot.id)) for lot, _ in self._reading.holdings(wallet)]

    def lot(self, lot: LotId) -> Lot:
        """A lot under its present terms; one that is just coming into being as well."""
        found = self.lots.get(lot)
        if found is None:
            found = self._reading.lot(lot)
            if found is None:
                raise UnknownObject("lot", lot)
            self.lots[lot] = found
        return found

    def holders(self, lot: LotId) -> tuple[WalletId, ...]:
        """Every wallet that ever held units of a lot, in order."""
        wallets = tuple(self._reading.wallets(lot))
        for wallet in wallets:
            self.reach(wallet)
        return wallets

    def has_lot(self, lot: LotId) -> bool:
        """Whether this portal has a lot of that id."""
        return self._reading.lot(lot) is not None

    def claim(self, claim: ClaimId) -> Claim:
        """A claim, with its overdue holds released."""
        found = self._claims.get(claim) or self._reading.claim(claim)
        if found is None:
            raise UnknownObject("claim", claim)
        for wallet in found.wallets:
            self.reach(wallet)
        return self._claims.get(claim) or found

    def claim_before(self, claim: ClaimId) -> Claim | None:
        """The claim as stored, or ``None`` when it is new."""
        released = self._claims.get(claim) if self._claims else None
        return self._reading.claim(claim) if released is None else released

    # Records and people.

    def record(self, kind: type[_R], key: str) -> _R:
        """A record of a kind."""
        self._share(record_lock(kind.KIND, key))
        found = self._reading.record(kind.KIND, key)
        if not isinstance(found, kind):
            raise UnknownObject(kind.KIND, key)
        return found

    def has_record(self, kind: type[Record], key: str) -> bool:
        """Whether this portal has a record of that kind and id."""
        self._share(record_lock(kind.KIND, key))
        return self._reading.record(kind.KIND, key) is not None

    def found(self, kind: type[_R], name: str, value: str) -> tuple[_R, ...]:
        """Every record of a kind with that value of an index key, in order of their ids."""
        self._share(index_lock(kind.KIND, name, value))
        return tuple(every(self._reading, kind, name, value))

    def made_by(self, kind: type[Record], key: str) -> RequestId:
        """The request that first wrote a record."""
        author = self._reading.author(kind.KIND, key)
        if author is None:
            raise UnknownObject(kind.KIND, key)
        return author

    def manages(self, manager: str, course: str) -> bool:
        """Whether the Directory has that manager registered to that course now."""
        said = self._said("manages", (manager, course))
        if said is None:
            yes = self._directory.manages(manager, course, self.at)
            if type(yes) is not bool:
                raise InvalidType("manages", shown(yes), "bool, from the Directory")
            said = self._noted("manages", (manager, course), ("yes",) if yes else ())
        return bool(said)

    def groups(self, user: str, at: datetime | None = None) -> frozenset[str]:
        """The user's own id and every group the Directory has the user in."""
        return frozenset((*self._told("groups", user, at), user))

    def direct(self, user: str, at: datetime | None = None) -> frozenset[str]:
        """Every group the Directory has the user in, without those above them."""
        return frozenset(self._told("direct", user, at))

    def lineage(self, user: str) -> tuple[str, ...]:
        """The user's organizational units now, from the nearest one up to the top."""
        return self._told("lineage", user, None)

    def superiors(self, user: str, at: datetime | None = None) -> frozenset[str]:
        """Everybody the user reports to, directly or through others."""
        return frozenset(self._told("superiors", user, at))

    def people(self, group: str, at: datetime | None = None) -> frozenset[str]:
        """Every user whom the Directory has in a group or in one below it."""
        return frozenset(self._told("people", group, at))

    def _told(self, question: str, name: str, at: datetime | None) -> tuple[str, ...]:
        """The ids that the Directory answers a question with; sets of them in order of id."""
        past = at is not None and at != self.at
        about = (name, instant_text(at)) if at is not None and past else (name,)
        said = self._said(question, about)
        if said is None:
            ids = getattr(self._directory, question)(name, at if past else self.at)
            ordered = question == "lineage"
            if not isinstance(ids, tuple if ordered else (frozenset, set)) or (
                set(map(type, ids)) - {str}
            ):
                expected = "tuple" if ordered else "frozenset"
                raise InvalidType(question, shown(ids), f"a {expected} of str, of the Directory")
            said = self._noted(question, about, tuple(ids) if ordered else tuple(sorted(ids)))
        return said

    def _said(self, question: str, about: tuple[str, ...]) -> tuple[str, ...] | None:
        """What the Directory said before: within one decision it does not change its mind."""
        for told in self.answers:
            if told.question == question and told.about == about:
                return told.answer
        return None

    def _noted(
        self, question: str, about: tuple[str, ...], said: tuple[str, ...]
    ) -> tuple[str, ...]:
        self.answers += (Answer(question, about, said),)
        return said

    # What a decision brings with it.

    def writing(self, records: Iterable[Record]) -> None:
        """Insist on the locks of records that are going to be written.

        So, too, on those of index values: of seats that are taken or left, and of any value that
        was looked up, where one of the records is found by it, or was. Whoever else looks it up
        must not do so at the same time.
        """
        for record in records:
            kind = record.KIND
            self._need(record_lock(kind, record.key))
            looked_up = [lock for lock in self._shared if lock.startswith(f"{kind}?")]
            if looked_up or record.SEATS:
                before = self._reading.record(kind, record.key)
                old, new = {} if before is None else before.index(), record.index()
                for name, value in old.items() ^ new.items():
                    if name in record.SEATS:
                        self._need(index_lock(kind, name, value))
                places = {index_lock(kind, *place) for place in old.items() | new.items()}
                for lock in places.intersection(looked_up):
                    self._need(lock)

    def knowing(self, lots: Iterable[Lot]) -> None:
        """Let lots that are coming into being, or get other terms, be looked up."""
        for lot in lots:
            self.lots[lot.id] = lot

    def settled(self, decision: Decision[Any]) -> Settlement:
        """The moves of a decision settled on what the view shows, overdue releases first."""
        changes: list[tuple[Claim | None, Claim]] = []
        for claim in decision.claims:
            changes.append((self.claim_before(claim.id), claim))  # noqa: PERF401 (a hot path)
        settled = settle(
            decision.moves,
            changes,
            at=self.at,
            lot=self.lot,
            cells=self.cells,
            written_down=decision.written_down,
        )
        if not self.released:
            return settled
        cells = {**self._cells, **dict(settled.cells)}
        return Settlement((*self.released, *settled.moves), tuple(cells.items()))

    def claims_after(self, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        """The claims a decision leaves, with those whose overdue holds were released."""
        if not self._claims:
            return claims
        return tuple({**self._claims, **{claim.id: claim for claim in claims}}.values())

    def next_due(self, wallet: WalletId, claims: Iterable[Claim]) -> datetime | None:
        """When the next hold in a wallet is overdue, with these claims as they will be."""
        head = self.heads[wallet]
        due = head.next_due if head is not None else None
        if due is not None and due <= self.at:
            later = (claim.deadline for claim in self._reading.due(wallet, _END))
            due = min((when for when in later if when is not None and when > self.at), default=None)
        for claim in claims:
            when = claim.deadline
            if when is not None and claim.total(State.HELD) and wallet in claim.wallets:
                due = when if due is None or when < due else due
        return due


_END = datetime.max.replace(tzinfo=UTC)
