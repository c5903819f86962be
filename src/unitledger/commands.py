"""Commands, and what becomes of them.

A command is a frozen value that stands beside its rule: who `may` give it, whether things are
`ready` for it, and what it would `decide`. Deciding reads through a `View` and changes nothing;
it has no clock, no random source and no secret, so the same command on the same history comes out
the same. What it decides is settled, kept as one `Entry` and answered with a `Receipt`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar, final

import attrs

from unitledger.accounts import Cells, wallet_unit
from unitledger.amounts import Amount
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.errors import InvalidType, LimitExceeded, shown
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId, check_id
from unitledger.kernel import CellKey
from unitledger.lots import ANYTHING, Lot, Use
from unitledger.moves import Move
from unitledger.orders import BurnOrder
from unitledger.policy import Policy
from unitledger.records import Record
from unitledger.tables import Table
from unitledger.time import Validity
from unitledger.values import Value

__all__ = [
    "MAX_REASON",
    "Actor",
    "Answer",
    "Command",
    "Decision",
    "Done",
    "Entry",
    "Head",
    "Outcome",
    "Permit",
    "Receipt",
    "Role",
    "TermsEdit",
    "Touch",
    "View",
    "anywhere",
    "check_reason",
    "claim_id",
    "own",
]

MAX_REASON = 4096
"""The longest reason, in characters."""


@final
class Role(StrEnum):
    """What an actor acts as; an actor may have several."""

    ADMIN = "admin"
    MANAGER = "manager"
    LEARNER = "learner"
    CREATOR = "creator"
    DISTRIBUTOR = "distributor"
    SYSTEM = "system"


@final
@attrs.frozen
class Actor(Value):
    """Who gives a command, as the host has authenticated them.

    Attributes:
        id: Their id.
        roles: What they act as.

    Source: C60.
    """

    id: str
    roles: frozenset[Role]

    def __attrs_post_init__(self) -> None:
        check_id(self.id, "actor")
        roles = self.roles
        if type(roles) is not frozenset or len(roles) > len(Role) or set(map(type, roles)) - {Role}:
            raise InvalidType("roles", shown(roles), "a frozenset of Role")

    @classmethod
    def acting(cls, actor: str, *roles: Role) -> Actor:
        """The actor of that id in these roles.

        >>> Actor.acting("ann", Role.ADMIN).id
        'ann'
        """
        if set(map(type, roles)) - {Role}:
            raise InvalidType("roles", "something else", "Role")
        return cls(actor, frozenset(roles))


class View(Protocol):
    """What a decision may look at: one portal at one instant, through locks.

    Every method raises `NotLocked` when it needs a lock that the unit of work does not have; the
    ledger adds it and asks the command again.
    """

    @property
    def at(self) -> datetime:
        """The instant of the decision (UTC)."""
        ...

    @property
    def actor(self) -> Actor:
        """Who gives the command."""
        ...

    @property
    def request(self) -> RequestId:
        """The request id; new ids derive from it."""
        ...

    @property
    def policy(self) -> Policy:
        """The ledger's policy."""
        ...

    def reach(self, wallet: WalletId) -> None:
        """Lock a wallet, let its chain link the entry, and release its overdue holds.

        Every method below that names a wallet does it by itself.
        """
        ...

    def bucket(self, wallet: WalletId, order: BurnOrder | None = None) -> Bucket:
        """All that a wallet can spend, under an order or the policy's burn order."""
        ...

    def plan(
        self,
        wallet: WalletId,
        amount: Amount,
        *,
        use: Use = ANYTHING,
        order: BurnOrder | None = None,
    ) -> Plan:
        """Which of a wallet's lots an amount would take, under an order or the policy's."""
        ...

    def holdings(self, wallet: WalletId) -> Iterable[tuple[Lot, Cells]]:
        """Every lot a wallet ever held, with its cells as last written down."""
        ...

    def cells(self, wallet: WalletId, lot: LotId) -> Cells:
        """What a wallet has of a lot, as last written down."""
        ...

    def lot(self, lot: LotId) -> Lot:
        """A lot under its present terms.

        Raises:
            UnknownObject: This portal has none of that id.
        """
        ...

    def has_lot(self, lot: LotId) -> bool:
        """Whether this portal has a lot of that id."""
        ...

    def claim(self, claim: ClaimId) -> Claim:
        """A claim.

        Raises:
            UnknownObject: This portal has none of that id.
        """
        ...

    def record(self, kind: type[_R], key: str) -> _R:
        """A record.

        Raises:
            UnknownObject: This portal has none of that kind and id.
        """
        ...

    def has_record(self, kind: type[Record], key: str) -> bool:
        """Whether this portal has a record of that kind and id."""
        ...

    def found(self, kind: type[_R], name: str, value: str) -> tuple[_R, ...]:
        """Every record of a kind with that value of an index key, in order of their ids."""
        ...

    def made_by(self, kind: type[Record], key: str) -> RequestId:
        """The request that first wrote a record; for an answer that is the same as the first."""
        ...

    def manages(self, manager: str, course: str) -> bool:
        """Whether the Directory has that manager registered to that course now."""
        ...

    def groups(self, user: str, at: datetime | None = None) -> frozenset[str]:
        """The user's own id and every group the Directory has the user in.

        Args:
            user: The user.
            at: The instant (UTC); ``None`` is now.
        """
        ...

    def direct(self, user: str, at: datetime | None = None) -> frozenset[str]:
        """Every group the Directory has the user in, without those above them."""
        ...

    def lineage(self, user: str) -> tuple[str, ...]:
        """The user's organizational units now, from the nearest one up to the top."""
        ...

    def superiors(self, user: str, at: datetime | None = None) -> frozenset[str]:
        """Everybody the user reports to, directly or through others."""
        ...

    def people(self, group: str, at: datetime | None = None) -> frozenset[str]:
        """Every user whom the Directory has in a group or in one below it."""
        ...

    def holders(self, lot: LotId) -> tuple[WalletId, ...]:
        """Every wallet that ever held units of a lot, in order; each is reached."""
        ...


_R = TypeVar("_R", bound=Record)


class Outcome(Value):
    """The base of what a command's receipt says: one named frozen class per command."""

    __slots__ = ()


_O = TypeVar("_O", bound=Outcome, covariant=True)

Permit: TypeAlias = Callable[[Any, View], bool]
"""Whether a command is within an actor's reach; an authority table has one per role."""


def anywhere(_command: object, _view: View) -> bool:
    """The reach of a role that may give a command for anybody."""
    return True


def own(field: str) -> Permit:
    """The reach of a role that may give a command only where a field names the actor."""

    def reach(command: object, view: View) -> bool:
        return bool(getattr(command, field) == view.actor.id)

    return reach


@final
@attrs.frozen
class TermsEdit(Value):
    """New terms of a lot; the version is the one they get."""

    lot: LotId
    terms: Validity
    version: int


@final
@attrs.frozen
class Decision(Value, Generic[_O]):
    """What a command would do. It changes nothing.

    Attributes:
        outcome: What the receipt says.
        moves: Which units move, in order.
        claims: Every claim that changes or is made, as it is afterwards.
        records: Every record that changes or is made, as it is afterwards.
        lots: Lots that come into being; a move out of ``ISSUED`` gives them their size.
        terms: Edits of lots' terms.
        written_down: Wallets and lots whose expiry is to be written down though nothing moves.
        same_as: For a command that has been carried out before under another request: that one.
    """

    outcome: _O
    moves: tuple[Move, ...] = ()
    claims: tuple[Claim, ...] = ()
    records: tuple[Record, ...] = ()
    lots: tuple[Lot, ...] = ()
    terms: tuple[TermsEdit, ...] = ()
    written_down: tuple[CellKey, ...] = ()
    same_as: RequestId | None = None

    @classmethod
    def of(cls, outcome: _O, *shifts: Shift, **parts: Any) -> Decision[_O]:  # type: ignore[misc]
        """A decision whose moves and claims are those of some shifts, in order."""
        if len(shifts) == 1 and not parts:
            return cls(outcome, shifts[0].moves, (shifts[0].claim,))
        moves = tuple(move for shift in shifts for move in shift.moves)
        last = {shift.claim.id: shift.claim for shift in shifts}
        moves += parts.pop("moves", ())
        claims = (*last.values(), *parts.pop("claims", ()))
        return cls(outcome, moves, claims, **parts)


class Command(Value, Generic[_O]):
    """The base of every command.

    Attributes:
        NAME: Its name in documents and errors.
        AUTHORITY: Its row of the authority table: how far each role reaches. A role that does not
            stand there may not give it.

    Source: C60, I9.
    """

    __slots__ = ()

    NAME: ClassVar[str]
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {}

    @abstractmethod
    def wallets(self) -> Iterable[WalletId]:
        """The wallets that it will surely look at; others are found while deciding.

        It must look at one at least, whose chain then links its entry.
        """

    def keys(self) -> Iterable[str]:
        """The record locks that it will surely need; others are found while deciding."""
        return ()

    def shared_keys(self) -> Iterable[str]:
        """Those of what it will surely look at and surely leave as it is."""
        return ()

    def may(self, view: View) -> bool:
        """Whether the actor may give it here."""
        roles = view.actor.roles
        for role, reach in self.AUTHORITY.items():  # noqa: SIM110 (a hot path)
            if role in roles and reach(self, view):
                return True
        return False

    def ready(self, view: View) -> None:
        """Raise what stands against it in life cycles and limits, before funds are looked at."""

    @abstractmethod
    def decide(self, view: View) -> Decision[_O]:
        """What it would do, or an error that says why not."""


@final
@attrs.frozen
class Answer(Value):
    """What the Directory said when a decision asked it; kept so that history can be decided again.

    Attributes:
        question: The method of the Directory that was asked.
        about: What was asked, in order; last the instant, when another than the entry's was meant.
        answer: What it said: ``yes`` or nothing for ``manages``, else the ids.
    """

    question: str
    about: tuple[str, ...]
    answer: tuple[str, ...]


@final
@attrs.frozen
class Head(Value):
    """The latest state of a wallet's chain.

    Attributes:
        wallet: The wallet.
        sequence: How many entries touched it.
        at: The instant (UTC) of the last one.
        hash: The hash of the last one.
        next_due: No claim it carries has a deadline before this instant; ``None`` is no deadline.
    """

    wallet: WalletId
    sequence: int
    at: datetime
    hash: str
    next_due: datetime | None = None


@final
@attrs.frozen
class Touch(Value):
    """A link of a wallet's chain inside an entry: its place, and the hash of the link before it.

    Attributes:
        wallet: The wallet touched.
        sequence: The entry's place in that wallet's chain, from 1.
        previous: The hash of the wallet's entry before; empty for the first.
    """

    wallet: WalletId
    sequence: int
    previous: str


@final
@attrs.frozen(kw_only=True)
class Entry(Value):
    """What one accepted command did: the only thing that is ever appended to a journal.

    Attributes:
        portal: The tenant.
        request: The request id.
        fingerprint: SHA-256 over the command, the actor and the reason.
        at: The instant it counts for (UTC): never before an earlier entry of a wallet it touches.
        clock: What the clock said (UTC).
        actor: Who gave the command.
        reason: Why, in the actor's words.
        command: The command.
        outcome: What the receipt says.
        moves: The moves, with the expiry they wrote down.
        claims: Claims as they are afterwards.
        records: Records as they are afterwards.
        lots: Lots that came into being.
        terms: Edits of lots' terms.
        terms_read: The version of the terms of every lot that moved.
        answers: What the Directory said.
        touches: Its links in the chains of the wallets it looked at.
        same_as: For a command carried out before under another request: that request.
    """

    portal: PortalId
    request: RequestId
    fingerprint: str
    at: datetime
    clock: datetime
    actor: Actor
    reason: str
    command: Command[Outcome]
    outcome: Outcome
    moves: tuple[Move, ...]
    claims: tuple[Claim, ...]
    records: tuple[Record, ...]
    lots: tuple[Lot, ...]
    terms: tuple[TermsEdit, ...]
    terms_read: tuple[tuple[LotId, int], ...]
    answers: tuple[Answer, ...]
    touches: tuple[Touch, ...]
    same_as: RequestId | None


@final
@attrs.frozen
class Receipt(Value, Generic[_O]):
    """What the caller gets; the same request gets the same receipt for ever.

    Attributes:
        request: The request id.
        at: The instant it counts for (UTC).
        outcome: What the command says happened.
        moves: Every move, with the expiry that was written down on the way.
        entry: The hash of the entry, a proof of what was written; empty for a preview.
        same_as: The request that did the same before, if one did; then nothing moved.
    """

    request: RequestId
    at: datetime
    outcome: _O
    moves: tuple[Move, ...]
    entry: str
    same_as: RequestId | None = None

    def table(self) -> Table:
        """The moves as a table."""
        rows = tuple(
            (move.verb, move.lot, _amount(move), str(move.source), str(move.target))
            for move in self.moves
        )
        at = self.at.isoformat(timespec="seconds").removesuffix("+00:00")
        title = f"{self.request} at {at} UTC{self._aside}"
        return Table(title, ("move", "lot", ">amount", "from", "to"), rows)

    @property
    def _aside(self) -> str:
        if not self.entry:
            return ": a preview, nothing is written"
        return f": the same as {self.same_as}, nothing moves" if self.same_as else ""

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _amount(move: Move) -> str:
    return str(wallet_unit(move.source.wallet)(parts=move.parts))


@kind("done")
@final
@attrs.frozen
class Done(Outcome):
    """The outcome of a command that has nothing more to say than that it was done."""


def check_reason(reason: str) -> str:
    """The same text, when it may stand in an entry.

    Raises:
        InvalidType: Not exactly a ``str``.
        LimitExceeded: Longer than 4096 characters.
    """
    if type(reason) is not str:
        raise InvalidType("reason", shown(reason), "str")
    if len(reason) > MAX_REASON:
        raise LimitExceeded("characters of reason", str(len(reason)), MAX_REASON)
    return reason


def claim_id(view: View, index: int = 1) -> ClaimId:
    """The id of the index-th claim that a request makes, as `derived_id`; the claim looks at it."""
    return ClaimId(f"{view.request}.{index}")
