"""The ports: what the ledger needs from a host, as Protocols.

A `Store` keeps heads, cells, lots, claims, records and the journal, and gives out units of work; a
host can write one in an afternoon, and the memory store is the smallest complete example. A
`Directory` answers questions about people. An `AttemptLimiter` slows down guessing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, final, runtime_checkable

import attrs

from unitledger.accounts import Cells
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim
from unitledger.commands import Head, TermsEdit
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId
from unitledger.kernel import CellKey
from unitledger.lots import Lot
from unitledger.orders import BurnOrder
from unitledger.records import Record
from unitledger.values import Value

__all__ = [
    "AttemptLimiter",
    "Directory",
    "FixedDirectory",
    "Kept",
    "Passage",
    "Past",
    "Posting",
    "Reading",
    "Remembering",
    "Store",
    "UnitOfWork",
]


@final
@attrs.frozen
class Kept(Value):
    """An entry as a store keeps it: its canonical text, and the hash over that text.

    Attributes:
        text: The canonical JSON of the entry.
        hash: SHA-256, in hexadecimal.
    """

    text: str
    hash: str


@final
class Posting(NamedTuple):
    """Everything that one accepted command writes; a store writes all of it or nothing.

    Attributes:
        request: The request that led to it.
        at: The instant it counts for (UTC); edits of terms are made at it.
        kept: The entry, to be appended to the journal and found by its request.
        lots: Lots that come into being.
        terms: Edits of lots' terms.
        claims: Every claim made or changed, as it is from now on.
        records: Every record made or changed, as it is from now on.
        cells: The new cells of every wallet and lot that moved.
        heads: The new heads of every wallet touched.
        plans: The last plan by which units were chosen in a wallet. A store that keeps a bucket
            may go on with the plan's ``after``, if the plan was made from that bucket and took
            exactly what the cells say; any store may ignore it.
    """

    request: RequestId
    at: datetime
    kept: Kept
    lots: tuple[Lot, ...]
    terms: tuple[TermsEdit, ...]
    claims: tuple[Claim, ...]
    records: tuple[Record, ...]
    cells: tuple[tuple[CellKey, Cells], ...]
    heads: tuple[Head, ...]
    plans: Mapping[WalletId, Plan]


class Reading(Protocol):
    """What can be read of one portal."""

    def request(self, request: RequestId) -> Kept | None:
        """The entry that a request led to, if it was accepted before."""
        ...

    def head(self, wallet: WalletId) -> Head | None:
        """A wallet's head; ``None`` when nothing ever touched it."""
        ...

    def cells(self, wallet: WalletId, lot: LotId) -> Cells:
        """What a wallet has of a lot; zeros when it never had any."""
        ...

    def holdings(self, wallet: WalletId) -> Iterable[tuple[Lot, Cells]]:
        """Every lot a wallet ever held, with its cells, in order of lot id."""
        ...

    def bucket(
        self, wallet: WalletId, order: BurnOrder, at: datetime, at_least: int | None
    ) -> Bucket:
        """What a wallet can spend at an instant, sorted under an order.

        What can be spent of a lot is its FREE and EXPIRED parts together: which of the two they
        are follows from its terms. Lots that have lapsed by ``at`` may be left out.

        Args:
            wallet: The wallet.
            order: The burn order.
            at: The instant (UTC).
            at_least: The store may leave out all but exactly the first so many lots in burn
                order; ``None`` asks for all.
        """
        ...

    def lot(self, lot: LotId) -> Lot | None:
        """A lot under its present terms."""
        ...

    def claim(self, claim: ClaimId) -> Claim | None:
        """A claim."""
        ...

    def claims(self, wallet: WalletId) -> Iterable[Claim]:
        """Every claim that holds or has spent something in a wallet, in order of id."""
        ...

    def due(self, wallet: WalletId, at: datetime) -> Iterable[Claim]:
        """Every claim with a deadline by an instant that holds something in a wallet, by id.

        A deadline at the instant itself is due; what was released, captured or spent is not.
        """
        ...

    def record(self, kind: str, key: str) -> Record | None:
        """A record."""
        ...

    def author(self, kind: str, key: str) -> RequestId | None:
        """The request that first wrote a record."""
        ...

    def find(
        self, kind: str, name: str, value: str, *, after: str = "", limit: int = 1000
    ) -> tuple[Record, ...]:
        """Records of a kind with that value of an index key, in order of id, after an id."""
        ...

    def wallets(self, lot: LotId | None = None) -> Iterable[WalletId]:
        """Every wallet, or every wallet that ever held a lot, in order."""
        ...

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Kept]:
        """The journal in the order it was written, from behind the ``after``-th entry."""
        ...


@final
@attrs.frozen
class Past(Value):
    """What a wallet had at an instant of the past.

    Attributes:
        held: Every lot it had ever held by then, under the terms known then, in order of lot id.
        claims: The claims with a deadline that held something in it, in order of id.
    """

    held: tuple[tuple[Lot, Cells], ...]
    claims: tuple[Claim, ...]


@final
class Passage(NamedTuple):
    """What happened to a wallet between two instants, and what it had before.

    Attributes:
        before: What it had of every lot it had ever held by then.
        entries: The entries that touched it, in the order written.
    """

    before: Mapping[LotId, Cells]
    entries: Iterable[Kept]


@runtime_checkable
class Remembering(Protocol):
    """A reading that knows the past of a wallet without its portal's whole journal being read."""

    def past(self, wallet: WalletId, at: datetime) -> Past:
        """What a wallet had at an instant; entries of that very instant count."""
        ...

    def passage(self, wallet: WalletId, since: datetime | None, until: datetime | None) -> Passage:
        """What happened to a wallet from one instant on, and before another one.

        Args:
            wallet: The wallet.
            since: The first instant that counts (UTC); ``None`` is the beginning.
            until: The first instant that does not count; ``None`` is no end.
        """
        ...


class UnitOfWork(Reading, Protocol):
    """Reading under locks, and one writing step."""

    def post(self, posting: Posting) -> None:
        """Write everything an accepted command writes, or nothing.

        Raises:
            NotLocked: The request or a lot is there already: another writer, who held other locks,
                was faster. The ledger begins again and finds what that writer wrote.
        """
        ...


class Store(Protocol):
    """Where portals live."""

    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> AbstractContextManager[UnitOfWork]:
        """A unit of work that holds the locks of some wallets and record keys.

        The locks are taken before anything is read, in one order for every unit of work (the ledger
        sorts each kind), and kept until the context ends. What was posted is kept when the context
        ends without an exception, and forgotten otherwise.

        Args:
            portal: The portal.
            wallets: The wallets to lock.
            keys: The record keys to lock; none of them is among the shared ones.
            shared: The record keys of what is looked at and not changed. Any number of units of
                work may share one, and none has it to itself meanwhile. A store may lock them like
                the others.
            requests: The requests about to be carried out. A store that is far away may fetch what
                they are sure to ask for together with the locks; any other leaves them.
        """
        ...

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        """The entry that a request led to, if it was accepted before; looked up without locks."""
        ...

    def read(
        self, portal: PortalId, requests: Iterable[RequestId] = ()
    ) -> AbstractContextManager[Reading]:
        """A consistent view of a portal, without locks, for reports and for finding locks.

        Args:
            portal: The portal.
            requests: The requests about to be looked at, as for `begin`.
        """
        ...


class Directory(Protocol):
    """The host's facts about people, as of an instant. Answers are kept in the entries."""

    def manages(self, manager: str, course: str, at: datetime) -> bool:
        """Whether a manager is registered to a course."""
        ...

    def groups(self, user: str, at: datetime) -> frozenset[str]:
        """The organizational units and groups that a user is in, with their ancestors."""
        ...

    def direct(self, user: str, at: datetime) -> frozenset[str]:
        """The organizational units and groups that a user is in, without their ancestors."""
        ...

    def lineage(self, user: str, at: datetime) -> tuple[str, ...]:
        """A user's organizational units from the nearest one up to the top."""
        ...

    def superiors(self, user: str, at: datetime) -> frozenset[str]:
        """The users that a user reports to, directly or through others."""
        ...

    def people(self, group: str, at: datetime) -> frozenset[str]:
        """The users who are in an organizational unit or group, or in one below it."""
        ...


class AttemptLimiter(Protocol):
    """Decides whether one more guess at a key code is allowed."""

    def allows(self, actor: str, at: datetime) -> bool:
        """Whether the actor may try a code now; a limiter that cannot say answers no."""
        ...

    def failed(self, actor: str, at: datetime) -> None:
        """A code that the actor tried was not ours."""
        ...

    def succeeded(self, actor: str, at: datetime) -> None:
        """A code that the actor tried was ours."""
        ...


@final
@attrs.frozen
class FixedDirectory:
    """A directory whose facts are given once and hold at every instant; empty by default.

    Attributes:
        managers: Pairs of a manager and a course that the manager is registered to.
        members: Pairs of a user and a group that the user is in.
        parents: Pairs of a group and the group that it is directly below.
        reports: Pairs of a user and the user that they directly report to.
    """

    managers: frozenset[tuple[str, str]] = frozenset()
    members: frozenset[tuple[str, str]] = frozenset()
    parents: frozenset[tuple[str, str]] = frozenset()
    reports: frozenset[tuple[str, str]] = frozenset()

    def manages(self, manager: str, course: str, at: datetime) -> bool:
        """Whether the pair was given."""
        return (manager, course) in self.managers

    def groups(self, user: str, at: datetime) -> frozenset[str]:
        """The groups given for the user, and every group above them."""
        return frozenset(self.lineage(user, at))

    def direct(self, user: str, at: datetime) -> frozenset[str]:
        """The groups given for the user."""
        return _seconds(self.members, frozenset({user}))

    def lineage(self, user: str, at: datetime) -> tuple[str, ...]:
        """The groups given for the user, then those above them, step by step, each step by id."""
        return tuple(_climbed(self.parents, self.direct(user, at)))

    def superiors(self, user: str, at: datetime) -> frozenset[str]:
        """The users above the user, step by step."""
        return frozenset(_climbed(self.reports, _seconds(self.reports, frozenset({user}))))

    def people(self, group: str, at: datetime) -> frozenset[str]:
        """The users given for the group, and for every group below it."""
        downwards = frozenset((parent, child) for child, parent in self.parents)
        below = frozenset(_climbed(downwards, frozenset({group})))
        return frozenset(user for user, name in self.members if name in below)


def _seconds(pairs: frozenset[tuple[str, str]], firsts: frozenset[str]) -> frozenset[str]:
    return frozenset(second for first, second in pairs if first in firsts)


def _climbed(pairs: frozenset[tuple[str, str]], names: frozenset[str]) -> Iterator[str]:
    """Some names, then what the pairs lead to from them, each name once, ring or no ring."""
    seen = names
    while names:
        yield from sorted(names)
        names = _seconds(pairs, names) - seen
        seen |= names
