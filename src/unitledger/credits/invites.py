"""Invites: a manager's credit held for an address until somebody accepts, or it is cancelled.

    SENT ──► ACCEPTED     the credit is spent, and the learner enrolled
      │ └──► CANCELLED    the credit is free again, with the same manager for the same course
      ▼
    EXPIRED ──► SENT      sent again: the credit is held again, if the manager still has one
      └───────► CANCELLED

So it is under the default of the policy's ``consumed_at``. An open invite can also have spent its
credit, or take none: what it has, its claim alone knows, and every command goes by that.

Nobody writes ``EXPIRED`` down: an open invite is expired from its claim's deadline on, the instant
at which the claim lets go of the credit by itself. So what an invite is and what its claim holds
cannot disagree, and no job has to run.

Addresses never come here. The host gives a reference, such as `address_digest` makes, and keeps
the address where it can be erased.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.accounts import State, course, manager
from unitledger.amounts import Credits
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.commands import (
    Command,
    Decision,
    Outcome,
    Permit,
    Role,
    View,
    anywhere,
    claim_id,
    own,
)
from unitledger.credits.closures import check_open, closure_lock, landing, onward
from unitledger.credits.debts import covered
from unitledger.credits.enrolments import (
    ENROLMENT_COST,
    Enrolment,
    captured,
    check_cap,
    handed_back,
    paid_as,
    present_enrolment,
    seat,
)
from unitledger.credits.standing import STANDING, check_promise, check_standing
from unitledger.errors import (
    InsufficientUnits,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    UnknownObject,
    shown,
)
from unitledger.ids import ClaimId, RecordId, WalletId, check_id, derived_id
from unitledger.lots import Use
from unitledger.moves import Move
from unitledger.operations import met_plan
from unitledger.policy import Moment
from unitledger.ports import Reading
from unitledger.records import Record, index_lock, record_lock
from unitledger.time import after_days, instant
from unitledger.values import Value

__all__ = [
    "MAX_ADDRESS",
    "MIN_ADDRESS_KEY",
    "AcceptInvite",
    "CancelInvite",
    "Invite",
    "InviteAccepted",
    "InviteCancelled",
    "InviteSent",
    "InviteState",
    "Reinvite",
    "SendInvite",
    "Sending",
    "address_digest",
    "invite_at",
    "sending",
]

_O = TypeVar("_O", bound=Outcome, covariant=True)

MAX_ADDRESS = 320
"""The longest address, in characters."""
MIN_ADDRESS_KEY = 16
"""The shortest key that addresses are digested with, in bytes."""


@final
class InviteState(StrEnum):
    """Where an invite stands.

    Source: C35.
    """

    SENT = "sent"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    def __repr__(self) -> str:
        return f"InviteState.{self.name}"


@kind("invite")
@final
@attrs.frozen
class Invite(Record):
    """A manager's invitation of one address to one course.

    Attributes:
        id: Its id.
        invitee: The host's reference to the address, the same for the same address.
        course: The course.
        manager: Whose credit it is for.
        claim: The claim that has the credit, if any, and knows until when the invite is open.
        state: Where it stands; ask `seen` or `invite_at`, because an open one may have expired.
        enrolment: The enrolment that its acceptance led to.

    Source: C24 to C30, C35.
    """

    KIND: ClassVar[str] = "invite"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        InviteState.SENT: frozenset(
            {InviteState.ACCEPTED, InviteState.CANCELLED, InviteState.EXPIRED}
        ),
        InviteState.EXPIRED: frozenset({InviteState.SENT, InviteState.CANCELLED}),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("open", "course", "manager")
    SEATS: ClassVar[tuple[str, ...]] = ("open",)

    id: RecordId
    invitee: str
    course: str
    manager: str
    claim: ClaimId
    state: InviteState = InviteState.SENT
    enrolment: RecordId | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("id", "invitee", "course", "manager", "claim"):
            check_id(getattr(self, name), name)

    @property
    def key(self) -> str:
        """The invite's id."""
        return self.id

    @property
    def wallet(self) -> WalletId:
        """Where its credit is, and goes back to."""
        return manager(self.manager, self.course)

    def index(self) -> Mapping[str, str]:
        """Its course and its manager; until it is settled also its address in the course."""
        found = {"course": self.course, "manager": self.manager}
        if self.state is InviteState.SENT:
            found["open"] = seat(self.invitee, self.course)
        return found

    def seen(self, claim: Claim, at: datetime) -> Invite:
        """The same invite as it is at an instant: an open one past its deadline has expired.

        Args:
            claim: Its claim.
            at: The instant (UTC).

        Source: C29, C35.
        """
        over = claim.deadline is not None and claim.deadline <= at
        return self.to(InviteState.EXPIRED) if over and self.state is InviteState.SENT else self


@kind("invite_sent")
@final
@attrs.frozen
class InviteSent(Outcome):
    """An invite is open, and a credit held for it, or whatever the policy has it take.

    Attributes:
        invite: The invite's id.
        invitee: The reference to the address.
        course: The course.
        manager: Whose credit it is for.
        deadline: When it expires unless somebody accepts (UTC), and a credit that is held is free
            again; ``None`` is never.
    """

    invite: RecordId
    invitee: str
    course: str
    manager: str
    deadline: datetime | None


@kind("invite_accepted")
@final
@attrs.frozen
class InviteAccepted(Outcome):
    """An invite was accepted, and the learner is enrolled.

    Attributes:
        invite: The invite's id.
        enrolment: The enrolment; the one there was, if the learner was in the course already.
        learner: The learner.
        spent: One credit; none when the learner was in the course already and the credit went
            back to the manager, or when the policy has it spent at another moment.
    """

    invite: RecordId
    enrolment: RecordId
    learner: str
    spent: Credits


@kind("invite_cancelled")
@final
@attrs.frozen
class InviteCancelled(Outcome):
    """An invite was cancelled, and no credit is held for it any more.

    Attributes:
        invite: The invite's id.
        manager: Who has the credit.
        course: For which course.
    """

    invite: RecordId
    manager: str
    course: str


def address_digest(address: str, key: bytes) -> str:
    """A reference to an address that does not give the address away: 64 hexadecimal digits.

    Space around the address and the case of its letters make no difference. Keep the key out of
    the ledger's database; with the key gone, no reference leads back to an address.

    Args:
        address: An e-mail address, or whatever invites are sent to.
        key: A secret of the portal, at least 16 bytes, the same for all of its invites.

    Raises:
        InvalidType: Not exactly a ``str`` and ``bytes``.
        InvalidValue: Nothing but space, no text that can be encoded, or a key that is too short.
        LimitExceeded: An address longer than 320 characters.

    Source: C30.
    """
    if type(address) is not str:
        raise InvalidType("address", shown(address), "str")
    if type(key) is not bytes:
        raise InvalidType("key", "of another type", "bytes")
    if len(key) < MIN_ADDRESS_KEY:
        raise InvalidValue("key", f"of {len(key)} bytes", f"at least {MIN_ADDRESS_KEY} bytes")
    if len(address) > MAX_ADDRESS:
        raise LimitExceeded("characters of an address", str(len(address)), MAX_ADDRESS)
    plain = address.strip().casefold()
    if not plain:
        raise InvalidValue("address", "empty", "an address")
    try:
        text = f"unitledger/address/1\n{plain}".encode()
    except UnicodeEncodeError:
        raise InvalidValue("address", "not a text of characters", "an address") from None
    return hmac.new(key, text, hashlib.sha256).hexdigest()


_TAKEN_AS: Mapping[Moment, State | None] = {
    Moment.INVITE_SENT: State.SPENT,
    Moment.INVITE_ACCEPTED: State.HELD,
    Moment.ENROLLED: None,
    Moment.STARTED: State.HELD,
    Moment.PROGRESS: State.HELD,
}
"""What an open invite does with its credit; ``None`` takes none."""


def _taken_as(view: View) -> State | None:
    return _TAKEN_AS[view.policy.consumed_at.moment]


def _planned(view: View, wallet: WalletId, use: Use, bucket: Bucket | None = None) -> Plan:
    """The plan for one credit of a wallet, out of a bucket of it if there is one already."""
    if bucket is None:
        plan = view.plan(wallet, ENROLMENT_COST, use=use)
    else:
        plan = bucket.burn(ENROLMENT_COST, at=view.at, use=use)
    return met_plan(view, plan, wallet)


def _refilled(
    view: View, wallet: WalletId, bucket: Bucket | None, shifts: Iterable[Shift]
) -> Bucket:
    """What a wallet can spend once some claims have given credits back to it."""
    bucket = view.bucket(wallet) if bucket is None else bucket
    for move in (move for shift in shifts for move in shift.moves):
        if move.target.wallet == wallet:
            lot = view.lot(move.lot)
            old = next((parts for _, one, parts in bucket.entries() if one.id == lot.id), 0)
            bucket = bucket.put(lot, old, old + move.parts)
    return bucket


def _onward(view: View, shifts: Iterable[Shift]) -> tuple[Move, ...]:
    """Where the credits go on to, when the manager has left."""
    return onward(view, [move for shift in shifts for move in shift.moves])


def _present(view: View, key: str) -> tuple[Invite, Claim]:
    """An invite as it is now, and its claim."""
    invite = view.record(Invite, key)
    view.reach(invite.wallet)
    claim = view.claim(invite.claim)
    return invite.seen(claim, view.at), claim


def _sent(invite: Invite, claim: Claim) -> InviteSent:
    return InviteSent(invite.id, invite.invitee, invite.course, invite.manager, claim.deadline)


@final
@attrs.frozen
class Sending(Value):
    """What inviting one address comes to.

    Attributes:
        sent: The invite, new or there already.
        shifts: What happens to claims.
        moves: Where credits go on to that come back to a manager who has left.
        records: The new invite, behind those it cancels.
        left: What the wallet can spend afterwards; ``None`` is as much as before.
        new: Whether the invite is new.
    """

    sent: InviteSent
    shifts: tuple[Shift, ...] = ()
    moves: tuple[Move, ...] = ()
    records: tuple[Invite, ...] = ()
    left: Bucket | None = None
    new: bool = False


def sending(
    view: View, command: SendInvite, number: int = 1, bucket: Bucket | None = None
) -> Sending:
    """What inviting one address comes to: a new invite, or the open one there is.

    Args:
        view: What a decision sees.
        command: Who is invited, to what, and by whom.
        number: Which of the request's invites it is, for its id.
        bucket: What the manager's wallet can spend, when others have been invited from it in the
            same decision; ``None`` asks the view.

    Raises:
        InsufficientUnits: The manager has no credit for it.

    Source: C24, C28 to C30, C32.
    """
    lapsed: list[Invite] = []
    shifts: list[Shift] = []
    for found in view.found(Invite, "open", seat(command.invitee, command.course)):
        present, claim = _present(view, found.key)
        if present.state is InviteState.SENT:
            return Sending(_sent(present, claim))
        lapsed.append(present.to(InviteState.CANCELLED))
        shifts += handed_back(claim)
    wallet, state = manager(command.manager, command.course), _taken_as(view)
    moves = _onward(view, shifts)
    if shifts:
        bucket = _refilled(view, wallet, bucket, shifts)
    claim = Claim(claim_id(view, number), (), after_days(view.at, view.policy.invite_days))
    shift = Shift(claim, ())
    if state is not None:
        plan = _planned(view, wallet, Use(course=command.course), bucket)
        shift, bucket = claim.joined(wallet, plan.taken, state), plan.after
    made = RecordId(claim.id)
    invite = Invite(made, command.invitee, command.course, command.manager, claim.id)
    sent = _sent(invite, claim)
    records = (*lapsed, invite)
    return Sending(sent, (*shifts, shift), moves, records, left=bucket, new=True)


@kind("send_invite")
@final
@attrs.frozen
class SendInvite(Command[InviteSent]):
    """An address invited to a course by a manager, who has one credit less from now on.

    The credit is held, unless the policy's ``consumed_at`` has it spent at once, or not taken
    before somebody is enrolled; then one can invite more people than one has credits.

    There is one open invite per address and course: while there is one, whoever sent it, another
    moves nothing and gets that one. One that has expired is cancelled, and a new one sent.

    Attributes:
        invitee: The host's reference to the address, such as `address_digest` makes.
        course: The course.
        manager: Who sends it.

    Source: C24, C28, C29, C30, C32.
    """

    NAME: ClassVar[str] = "send_invite"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.MANAGER: own("manager")}

    invitee: str
    course: str
    manager: str

    def __attrs_post_init__(self) -> None:
        for name in ("invitee", "course", "manager"):
            check_id(getattr(self, name), name)

    def wallets(self) -> tuple[WalletId, ...]:
        """The manager's wallet for the course."""
        return (manager(self.manager, self.course),)

    def keys(self) -> tuple[str, ...]:
        """The address in the course, and whether the manager has left."""
        place = index_lock(Invite.KIND, "open", seat(self.invitee, self.course))
        return (place, closure_lock(manager(self.manager, self.course)))

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """The manager must not have left the course, and the portal be in good standing."""
        check_standing(view, manager(self.manager, self.course))
        check_open(view, manager(self.manager, self.course))

    def decide(self, view: View) -> Decision[InviteSent]:
        """A new invite and the credit it takes, or the open invite there is."""
        found = sending(view, self)
        if not found.new:
            return Decision(found.sent, same_as=view.made_by(Invite, found.sent.invite))
        return Decision.of(found.sent, *found.shifts, moves=found.moves, records=found.records)


@attrs.frozen
class _OnInvite(Command[_O]):
    """Something done to an invite there is; what, the class says."""

    invite: str

    def __attrs_post_init__(self) -> None:
        check_id(self.invite, "invite")

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the invite knows whose credit it holds."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The invite; the learner's seat in its course is found on the way."""
        return (record_lock(Invite.KIND, self.invite),)


def _sender(command: CancelInvite | Reinvite, view: View) -> bool:
    """The reach of a manager: the invites they sent."""
    return view.record(Invite, command.invite).manager == view.actor.id


@kind("accept_invite")
@final
@attrs.frozen
class AcceptInvite(_OnInvite[InviteAccepted]):
    """A learner takes an invite up: its credit is spent, and they are enrolled.

    That the learner came by the invite's link, the host has checked. A learner who is in the
    course already stays in it as they are, and the credit goes back to the manager. An invite that
    has no credit yet takes one of the manager's now, or where they went when the manager left, and
    is refused when there is none; then it stays open. Where the policy spends a credit only later,
    the enrolment goes on holding it.

    Attributes:
        invite: The invite's id.
        learner: Who accepts.

    Source: C2, C25, C26, C33, C34.
    """

    NAME: ClassVar[str] = "accept_invite"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.LEARNER: own("learner")}

    learner: str

    def __attrs_post_init__(self) -> None:
        check_id(self.invite, "invite")
        check_id(self.learner, "learner")

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """It must be open, honoured if a subscription has lapsed, and the learner below the cap."""
        invite, claim = _present(view, self.invite)
        invite.to(InviteState.ACCEPTED)
        if claim.segments:
            check_promise(view, claim)
        else:
            check_standing(view, landing(view, invite.wallet))
        check_cap(view, self.learner, invite.course)

    def decide(self, view: View) -> Decision[InviteAccepted]:
        """The credit and an enrolment, or the credit handed back and the enrolment there is."""
        invite, claim = _present(view, self.invite)
        active = present_enrolment(view, self.learner, invite.course)
        if active is not None:
            taken = invite.to(InviteState.ACCEPTED, enrolment=active.id)
            outcome = InviteAccepted(invite.id, active.id, self.learner, Credits.of(0))
            shifts = handed_back(claim)
            return Decision.of(outcome, *shifts, moves=_onward(view, shifts), records=(taken,))
        made = RecordId(derived_id(view.request, 1))
        paid = self._paid(view, invite, claim)
        (wallet,) = paid.claim.wallets
        enrolment = Enrolment(made, self.learner, invite.course, wallet, claim.id, view.at)
        taken = invite.to(InviteState.ACCEPTED, enrolment=made)
        spent = sum(move.parts for move in paid.moves if move.target.state is State.SPENT)
        outcome = InviteAccepted(invite.id, made, self.learner, Credits(parts=spent))
        return Decision.of(outcome, paid, records=(taken, enrolment))

    def _paid(self, view: View, invite: Invite, claim: Claim) -> Shift:
        """The credit of an invite made that of an enrolment, which has no deadline."""
        state, claim = paid_as(view), attrs.evolve(claim, deadline=None)
        if not claim.segments:
            use = Use(course=invite.course, groups=view.groups(self.learner))
            wallet = landing(view, invite.wallet)
            plan = _planned(view, wallet, use)
            if wallet == course(invite.course) and not covered(view, invite.course, use):
                raise InsufficientUnits((wallet,), ENROLMENT_COST, Credits.of(0))
            return claim.joined(wallet, plan.taken, state)
        shifts = captured(claim) if state is State.SPENT else ()
        return shifts[0] if shifts else Shift(claim, ())


@kind("cancel_invite")
@final
@attrs.frozen
class CancelInvite(_OnInvite[InviteCancelled]):
    """An invite nobody has accepted is taken back, and its credit goes to the manager again.

    A credit whose lot has expired meanwhile comes back and expires; nothing is given for it, or
    whoever sends invites would have credits that never lapse.

    Attributes:
        invite: The invite's id.

    Source: C25, C26, C28.
    """

    NAME: ClassVar[str] = "cancel_invite"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere, Role.MANAGER: _sender}

    def ready(self, view: View) -> None:
        """It must be open or expired."""
        _present(view, self.invite)[0].to(InviteState.CANCELLED)

    def decide(self, view: View) -> Decision[InviteCancelled]:
        """The credit handed back, unless the deadline has released it or there was none."""
        invite, claim = _present(view, self.invite)
        back = invite.to(InviteState.CANCELLED)
        outcome = InviteCancelled(invite.id, invite.manager, invite.course)
        shifts = handed_back(claim)
        return Decision.of(outcome, *shifts, moves=_onward(view, shifts), records=(back,))


@kind("reinvite")
@final
@attrs.frozen
class Reinvite(_OnInvite[InviteSent]):
    """The same invite sent once more, as often as one likes, with its deadline counted from now.

    It moves nothing while the invite is open. One that has expired has let go of a credit it held:
    it takes one again, from the same manager, and is refused when there is none.

    Attributes:
        invite: The invite's id, which it keeps.

    Source: C26, C27, C35.
    """

    NAME: ClassVar[str] = "reinvite"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.MANAGER: _sender}

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """It must be open or expired, and the portal in good standing."""
        invite = _present(view, self.invite)[0]
        _reopened(invite)
        check_standing(view, invite.wallet)

    def decide(self, view: View) -> Decision[InviteSent]:
        """Another deadline for the claim, which takes a credit again if it had let go."""
        invite, claim = _present(view, self.invite)
        again = _reopened(invite)
        renewed = attrs.evolve(claim, deadline=after_days(view.at, view.policy.invite_days))
        sent, state = _sent(again, renewed), _taken_as(view)
        records = () if again is invite else (again,)
        if invite.state is InviteState.SENT or renewed.segments or state is None:
            return Decision(sent, claims=(renewed,), records=records)
        plan = _planned(view, invite.wallet, Use(course=invite.course))
        return Decision.of(sent, renewed.joined(invite.wallet, plan.taken, state), records=records)


def _reopened(invite: Invite) -> Invite:
    """The invite, open: as it is, or again after it expired."""
    return invite if invite.state is InviteState.SENT else invite.to(InviteState.SENT)


def invite_at(reading: Reading, invite: str, *, at: datetime) -> Invite:
    """An invite as it is at an instant, now or later, if nothing else happens to it.

    Args:
        reading: A reading of the portal.
        invite: The invite's id.
        at: The instant (UTC).

    Raises:
        UnknownObject: This portal has none of that id.

    Source: C35.
    """
    name, now = check_id(invite, "invite"), instant(at, "at")
    found = reading.record(Invite.KIND, name)
    claim = reading.claim(found.claim) if isinstance(found, Invite) else None
    if not isinstance(found, Invite) or claim is None:
        raise UnknownObject(Invite.KIND, name)
    return found.seen(claim, now)
