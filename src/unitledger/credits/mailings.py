"""Mailings: many addresses invited to a course by one command.

    InviteAll    everybody or nobody: one credit short, and no invite is sent
    InviteEach   as far as the credits go, in order, with one answer per row

Either does to each address what `SendInvite` would do, one after the other, so a mailing and the
same invites sent one by one lead to the same invites and leave the same credits of the same lots.
An address that stands there twice is invited once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.accounts import manager
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, own
from unitledger.credits.closures import check_open, closure_lock
from unitledger.credits.enrolments import seat
from unitledger.credits.invites import Invite, InviteSent, Sending, SendInvite, sending
from unitledger.credits.standing import STANDING, check_standing
from unitledger.errors import InsufficientUnits, InvalidType, InvalidValue, LimitExceeded, shown
from unitledger.ids import RecordId, WalletId, check_id
from unitledger.records import index_lock
from unitledger.values import Value

__all__ = [
    "MAX_MAILING",
    "EachInvited",
    "InviteAll",
    "InviteEach",
    "InvitesSent",
    "Row",
    "RowVerdict",
]

MAX_MAILING = 10_000
"""The most addresses that one command invites."""

_O = TypeVar("_O", bound=Outcome, covariant=True)
_M = TypeVar("_M", bound=Outcome)


@final
class RowVerdict(StrEnum):
    """What became of a row of a mailing.

    Source: C30, C31.
    """

    SENT = "sent"
    OPEN = "open"
    DUPLICATE = "duplicate"
    REFUSED = "refused"

    def __repr__(self) -> str:
        return f"RowVerdict.{self.name}"


@final
@attrs.frozen
class Row(Value):
    """What became of one row of a mailing.

    Attributes:
        invitee: The reference to the address.
        verdict: ``SENT`` is a new invite; ``OPEN`` the one there was; ``DUPLICATE`` the one of an
            earlier row; ``REFUSED`` none.
        invite: The invite's id; ``None`` when it was refused.
        refused: The code of the error that `SendInvite` would be refused with, if it was.

    Source: C31.
    """

    invitee: str
    verdict: RowVerdict
    invite: RecordId | None = None
    refused: str | None = None


@kind("invites_sent")
@final
@attrs.frozen
class InvitesSent(Outcome):
    """Every address of a mailing has an open invite.

    Attributes:
        invites: The invites, new or there already, in the order of the addresses; an address that
            stood there twice has one.
        new: How many are new.
    """

    invites: tuple[InviteSent, ...]
    new: int


@kind("each_invited")
@final
@attrs.frozen
class EachInvited(Outcome):
    """The addresses of a mailing were invited as far as the credits went.

    Attributes:
        rows: What became of each row, in the order of the mailing.
    """

    rows: tuple[Row, ...]


@attrs.frozen
class _Mailing(Command[_O]):
    """Many addresses, one course, one manager; what it does, the class says."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.MANAGER: own("manager")}

    invitees: tuple[str, ...]
    course: str
    manager: str

    def __attrs_post_init__(self) -> None:
        if type(self.invitees) is not tuple:
            raise InvalidType("invitees", shown(self.invitees), "tuple")
        if not self.invitees:
            raise InvalidValue("invitees", "empty", "at least one")
        if len(self.invitees) > MAX_MAILING:
            raise LimitExceeded("addresses of a mailing", str(len(self.invitees)), MAX_MAILING)
        for invitee in self.invitees:
            check_id(invitee, "invitees")
        check_id(self.course, "course")
        check_id(self.manager, "manager")

    def wallets(self) -> tuple[WalletId, ...]:
        """The manager's wallet for the course."""
        return (manager(self.manager, self.course),)

    def keys(self) -> tuple[str, ...]:
        """Every address in the course, and whether the manager has left."""
        seats = [seat(invitee, self.course) for invitee in dict.fromkeys(self.invitees)]
        places = [index_lock(Invite.KIND, "open", one) for one in seats]
        return (*places, closure_lock(manager(self.manager, self.course)))

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """The manager must not have left the course, and the portal be in good standing."""
        check_standing(view, manager(self.manager, self.course))
        check_open(view, manager(self.manager, self.course))

    def _each(self, view: View) -> Iterator[tuple[str, Sending | InsufficientUnits]]:
        """For every address, once each, what comes of it after those before it."""
        left = view.bucket(manager(self.manager, self.course))
        seen: set[str] = set()
        for number, invitee in enumerate(self.invitees, 1):
            if invitee in seen:
                continue
            seen.add(invitee)
            command = SendInvite(invitee, self.course, self.manager)
            try:
                found = sending(view, command, number, left)
            except InsufficientUnits as refusal:
                yield invitee, refusal
            else:
                left = left if found.left is None else found.left
                yield invitee, found


def _decision(outcome: _M, found: Sequence[Sending]) -> Decision[_M]:
    """What some invites come to together."""
    shifts = [shift for one in found for shift in one.shifts]
    records = [record for one in found for record in one.records]
    moves = [move for one in found for move in one.moves]
    return Decision.of(outcome, *shifts, moves=tuple(moves), records=tuple(records))


@kind("invite_all")
@final
@attrs.frozen
class InviteAll(_Mailing[InvitesSent]):
    """Many addresses invited to a course by a manager: all of them, or none.

    What is there twice is invited once and costs once; an address with an open invite keeps it and
    costs nothing. The invite of the n-th row, counted from 1, is called by the request and n.

    Attributes:
        invitees: The host's references to the addresses, 1 to 10,000, such as `address_digest`
            makes.
        course: The course.
        manager: Who sends them.

    Source: C24, C30, C31, C32.
    """

    NAME: ClassVar[str] = "invite_all"

    def decide(self, view: View) -> Decision[InvitesSent]:
        """Every invite; refused with what all of them need and how many could be paid."""
        each = [found for _, found in self._each(view)]
        found = [one for one in each if isinstance(one, Sending)]
        new, short = sum(one.new for one in found), len(each) - len(found)
        if short:
            needed, paid = Credits.of(new + short), Credits.of(new)
            raise InsufficientUnits(self.wallets(), needed, paid)
        return _decision(InvitesSent(tuple([one.sent for one in found]), new), found)


@kind("invite_each")
@final
@attrs.frozen
class InviteEach(_Mailing[EachInvited]):
    """Many addresses invited to a course by a manager, as far as the credits go, in order.

    Every row has an answer of its own, those that stand there twice too. Rows for which no credit
    is left are refused, each with the code that `SendInvite` would be refused with; the others are
    sent. The invite of the n-th row, counted from 1, is called by the request and n.

    Attributes:
        invitees: The host's references to the addresses, 1 to 10,000, such as `address_digest`
            makes.
        course: The course.
        manager: Who sends them.

    Source: C24, C30, C31.
    """

    NAME: ClassVar[str] = "invite_each"

    def decide(self, view: View) -> Decision[EachInvited]:
        """The invites that there are credits for, and a row for every address."""
        each = dict(self._each(view))
        first = {invitee: _row(invitee, found) for invitee, found in each.items()}
        rows: list[Row] = []
        seen: set[str] = set()
        for invitee in self.invitees:
            row = first[invitee]
            if invitee in seen and row.invite is not None:
                row = Row(invitee, RowVerdict.DUPLICATE, row.invite)
            seen.add(invitee)
            rows.append(row)
        sent = [one for one in each.values() if isinstance(one, Sending)]
        return _decision(EachInvited(tuple(rows)), sent)


def _row(invitee: str, found: Sending | InsufficientUnits) -> Row:
    if isinstance(found, InsufficientUnits):
        return Row(invitee, RowVerdict.REFUSED, refused=found.code)
    verdict = RowVerdict.SENT if found.new else RowVerdict.OPEN
    return Row(invitee, verdict, found.sent.invite)
