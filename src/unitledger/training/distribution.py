"""Distribution: a distributor hands a batch out to the people it is meant for, in one step.

Where the policy's ``claw_back`` allows it, what they have not spent can be taken back into the
batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, final

import attrs

from unitledger.accounts import Account, State, batch, member
from unitledger.amounts import Units
from unitledger.buckets import MAX_DEMANDS, Demand, Plan
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View
from unitledger.errors import (
    InsufficientUnits,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotPermitted,
    OutsideAudience,
    UnknownObject,
    shown,
)
from unitledger.ids import WalletId, check_id
from unitledger.moves import Move
from unitledger.operations import positive
from unitledger.policy import MembershipAt
from unitledger.records import record_lock
from unitledger.training.assignments import Assignment, Emails
from unitledger.training.audiences import AudienceRow
from unitledger.training.firings import Firing
from unitledger.values import recheck

__all__ = ["Distribute", "Distributed", "TakeBack", "TakenBack"]


@kind("distributed")
@final
@attrs.frozen
class Distributed(Outcome):
    """Units of a batch are in the hands of those who can spend them.

    Attributes:
        assignment: The assignment.
        row: The audience row.
        cycle: The firing.
        amount: How much was handed out.
        left: What the batch can still hand out.
        emails: Which mails the host sends about it.
        template: The host's template, for custom mails.
    """

    assignment: str
    row: int
    cycle: int
    amount: Units
    left: Units
    emails: Emails
    template: str | None


def _named(command: Distribute | TakeBack, view: View) -> bool:
    """The reach of a distributor: the assignments that name them, or did and let them go on."""
    assignment = view.record(Assignment, command.assignment)
    return view.actor.id in assignment.distributors | assignment.former


def _audience_row(view: View, assignment: str, cycle: int, row: int) -> AudienceRow:
    rows = view.record(Assignment, assignment).rows
    if row > len(rows):
        raise UnknownObject("audience row", f"{assignment}/{cycle}/{row}")
    return rows[row - 1]


@kind("distribute")
@final
@attrs.frozen
class Distribute(Command[Distributed]):
    """Hand out units of one batch, to everybody on the form or to nobody.

    Attributes:
        assignment: The assignment.
        row: The audience row, from 1.
        amounts: Who gets how much, every user once.
        cycle: The firing, from 1.

    Source: TU-006, TU-034, TU-080 to TU-093.
    """

    NAME: ClassVar[str] = "distribute"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.DISTRIBUTOR: _named}

    assignment: str
    row: int
    amounts: tuple[tuple[str, Units], ...]
    cycle: int = 1

    def __attrs_post_init__(self) -> None:
        batch(self.assignment, self.cycle, self.row)
        if type(self.amounts) is not tuple:
            raise InvalidType("amounts", shown(self.amounts), "a tuple of pairs")
        if not self.amounts:
            raise InvalidValue("amounts", "empty", "at least one user with an amount")
        if len(self.amounts) > MAX_DEMANDS:
            raise LimitExceeded("users of a distribution", str(len(self.amounts)), MAX_DEMANDS)
        for pair in self.amounts:
            if type(pair) is not tuple or len(pair) != 2:
                raise InvalidType("amounts", shown(pair), "a tuple of pairs")
            check_id(pair[0], "user")
            positive(pair[1], Units)
            recheck(pair[1])
        if len({user for user, _ in self.amounts}) != len(self.amounts):
            raise InvalidValue("amounts", "a user twice", "every user once")

    @property
    def amount(self) -> Units:
        """How much is to be handed out in all.

        Source: TU-081.
        """
        return Units.total(amount for _, amount in self.amounts)

    @property
    def batch(self) -> WalletId:
        """The batch it is taken from."""
        return batch(self.assignment, self.cycle, self.row)

    def wallets(self) -> tuple[WalletId, ...]:
        """The batch, and every user's own."""
        return (self.batch, *(member(user) for user, _ in self.amounts))

    def keys(self) -> tuple[str, ...]:
        """The assignment's record."""
        return (record_lock(Assignment.KIND, self.assignment),)

    def ready(self, view: View) -> None:
        """Everybody on the form is in the row's audience, and the policy lets distributors be."""
        row = _audience_row(view, self.assignment, self.cycle, self.row)
        at = self._membership_at(view)
        for user, _ in self.amounts:
            if user == view.actor.id and not view.policy.allow_self:
                raise NotPermitted(
                    user, self.NAME, "another distributor, by the policy's allow_self"
                )
            if not row.admits(view, user, at):
                raise OutsideAudience(user, f"{row.audience} of {self.assignment}")

    def _membership_at(self, view: View) -> datetime | None:
        """As of when the audience counts; ``None`` is now.

        Source: TU-034.
        """
        key = f"{self.assignment}/{self.cycle}"
        if view.policy.membership_at is MembershipAt.USE or not view.has_record(Firing, key):
            return None
        return view.record(Firing, key).due

    def decide(self, view: View) -> Decision[Distributed]:
        """Moves from the batch to every user, in the order of the form."""
        bucket = view.bucket(self.batch, view.policy.move_order)
        plans = bucket.burn_each([Demand(amount) for _, amount in self.amounts], at=view.at)
        available = bucket.available(at=view.at)
        if available < self.amount:
            raise InsufficientUnits((self.batch,), self.amount, available)
        left = Units(parts=available.parts - self.amount.parts)
        record = view.record(Assignment, self.assignment)
        mails = record.emails, record.template
        outcome = Distributed(self.assignment, self.row, self.cycle, self.amount, left, *mails)
        return Decision(outcome, tuple(self._handed_out(plans)))

    def _handed_out(self, plans: tuple[Plan, ...]) -> Iterator[Move]:
        source = Account(self.batch, State.FREE)
        for (user, _), plan in zip(self.amounts, plans, strict=True):
            target = Account(member(user), State.FREE)
            for lot, parts in plan.taken:
                yield Move(lot.id, source, target, parts)


@kind("taken_back")
@final
@attrs.frozen
class TakenBack(Outcome):
    """Units that a user had not spent are in their batch again.

    Attributes:
        assignment: The assignment.
        row: The audience row.
        cycle: The firing.
        user: Who had them.
        amount: How much.
    """

    assignment: str
    row: int
    cycle: int
    user: str
    amount: Units


@kind("take_back")
@final
@attrs.frozen
class TakeBack(Command[TakenBack]):
    """Take units of a batch back that a user has not spent; off by default.

    Attributes:
        assignment: The assignment.
        row: The audience row, from 1.
        user: Who has them.
        amount: How much; only what came from this batch.
        cycle: The firing, from 1.

    Source: TU-006, TU-253.
    """

    NAME: ClassVar[str] = "take_back"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.DISTRIBUTOR: _named}

    assignment: str
    row: int
    user: str
    amount: Units
    cycle: int = 1

    def __attrs_post_init__(self) -> None:
        batch(self.assignment, self.cycle, self.row)
        check_id(self.user, "user")
        positive(self.amount, Units)

    @property
    def batch(self) -> WalletId:
        """The batch it goes back to."""
        return batch(self.assignment, self.cycle, self.row)

    def wallets(self) -> tuple[WalletId, ...]:
        """The batch, and the user's own."""
        return (self.batch, member(self.user))

    def keys(self) -> tuple[str, ...]:
        """The assignment's record."""
        return (record_lock(Assignment.KIND, self.assignment),)

    def ready(self, view: View) -> None:
        """The row is there, and the policy lets units be taken back."""
        _audience_row(view, self.assignment, self.cycle, self.row)
        if not view.policy.claw_back:
            raise NotPermitted(view.actor.id, self.NAME, "nobody, by the policy's claw_back")

    def decide(self, view: View) -> Decision[TakenBack]:
        """Moves from the user to the batch, of the batch's own lots, in order of their ids."""
        ends = Account(member(self.user), State.FREE), Account(self.batch, State.FREE)
        moves: list[Move] = []
        left = self.amount.parts
        for lot, cells in view.holdings(member(self.user)):
            there = cells[State.FREE] + cells[State.EXPIRED]
            if lot.home == self.batch and not lot.lapsed(view.at) and there and left:
                parts = min(left, there)
                moves.append(Move(lot.id, *ends, parts))
                left -= parts
        if left:
            available = Units(parts=self.amount.parts - left)
            raise InsufficientUnits((member(self.user),), self.amount, available)
        outcome = TakenBack(self.assignment, self.row, self.cycle, self.user, self.amount)
        return Decision(outcome, tuple(moves))
