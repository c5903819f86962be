"""Distribution: a distributor hands a batch out to the people it is meant for, in one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from unitledger.records import record_lock
from unitledger.training.assignments import Assignment, AudienceRow
from unitledger.values import recheck

__all__ = ["Distribute", "Distributed"]


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
    """

    assignment: str
    row: int
    cycle: int
    amount: Units
    left: Units


def _named(command: Distribute, view: View) -> bool:
    """The reach of a distributor: the assignments that name them."""
    return view.actor.id in view.record(Assignment, command.assignment).distributors


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

    Source: TU-080 to TU-091, TU-093.
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
        audience = self._audience_row(view).audience
        for user, _ in self.amounts:
            if user == view.actor.id and not view.policy.allow_self:
                raise NotPermitted(
                    user, self.NAME, "another distributor, by the policy's allow_self"
                )
            if audience not in view.groups(user):
                raise OutsideAudience(user, f"{audience} of {self.assignment}")

    def _audience_row(self, view: View) -> AudienceRow:
        rows = view.record(Assignment, self.assignment).rows
        if self.row > len(rows):
            raise UnknownObject("audience row", f"{self.assignment}/{self.cycle}/{self.row}")
        return rows[self.row - 1]

    def decide(self, view: View) -> Decision[Distributed]:
        """Moves from the batch to every user, in the order of the form."""
        bucket = view.bucket(self.batch, view.policy.move_order)
        plans = bucket.burn_each([Demand(amount) for _, amount in self.amounts], at=view.at)
        available = bucket.available(at=view.at)
        if available < self.amount:
            raise InsufficientUnits((self.batch,), self.amount, available)
        left = Units(parts=available.parts - self.amount.parts)
        outcome = Distributed(self.assignment, self.row, self.cycle, self.amount, left)
        return Decision(outcome, tuple(self._handed_out(plans)))

    def _handed_out(self, plans: tuple[Plan, ...]) -> Iterator[Move]:
        source = Account(self.batch, State.FREE)
        for (user, _), plan in zip(self.amounts, plans, strict=True):
            target = Account(member(user), State.FREE)
            for lot, parts in plan.taken:
                yield Move(lot.id, source, target, parts)
