"""Firings: an assignment issues its units, once per date however often somebody asks.

A host looks up what is due (`due_firings`), as often as it likes, and gives those commands. Who is
late, or comes twice, changes nothing of what is issued, when it was acquired and when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, final

import attrs

from unitledger.accounts import Account, State, batch
from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View
from unitledger.errors import IllegalTransition, InvalidValue, NotDue, shown
from unitledger.ids import LotId, WalletId
from unitledger.indexes import every
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.ports import Reading
from unitledger.records import Record, record_lock
from unitledger.time import instant
from unitledger.training.assignments import CREATORS, Assignment, AssignmentState, Emails

__all__ = ["AssignmentFired", "FireAssignment", "Firing", "due_firings", "every_assignment"]

_FIRING = (AssignmentState.SCHEDULED, AssignmentState.ACTIVE)


@kind("firing")
@final
@attrs.frozen
class Firing(Record):
    """One firing of an assignment: that it happened, and when.

    Attributes:
        assignment: The assignment.
        cycle: Which firing, from 1.
        at: When (UTC).
        due: When it was due (UTC), which is when its lots were acquired.
        shares: How many times each row's amount was issued, by row.
    """

    KIND: ClassVar[str] = "firing"
    INDEX: ClassVar[tuple[str, ...]] = ("assignment",)

    assignment: str
    cycle: int
    at: datetime
    due: datetime
    shares: tuple[int, ...]

    @property
    def key(self) -> str:
        """The assignment and the number of the firing."""
        return f"{self.assignment}/{self.cycle}"

    def index(self) -> Mapping[str, str]:
        """By assignment."""
        return {"assignment": self.assignment}


@kind("assignment_fired")
@final
@attrs.frozen
class AssignmentFired(Outcome):
    """An assignment has issued its units.

    Attributes:
        assignment: Its id.
        cycle: Which firing, from 1.
        lots: The lots, one per audience row, in their order; none for a row without a member.
        total: How much they are together.
        due: When it was due (UTC).
        emails: Which mails the host sends about it.
        template: The host's template, for custom mails.
    """

    assignment: str
    cycle: int
    lots: tuple[LotId, ...]
    total: Units
    due: datetime
    emails: Emails
    template: str | None


@kind("fire_assignment")
@final
@attrs.frozen
class FireAssignment(Command[AssignmentFired]):
    """Issue the units of an assignment, once per firing however often it is asked.

    Attributes:
        assignment: The assignment.
        cycle: Which firing, from 1; a standard assignment has one.

    Source: TU-021, TU-022, TU-028, TU-041 to TU-043, TU-048, TU-049, TU-051 to TU-053.
    """

    NAME: ClassVar[str] = "fire_assignment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = CREATORS

    assignment: str
    cycle: int = 1

    def __attrs_post_init__(self) -> None:
        batch(self.assignment, self.cycle, 1)

    def wallets(self) -> tuple[WalletId, ...]:
        """The batch of the first row, whose chain the assignment's entries stand in."""
        return (batch(self.assignment, 1, 1),)

    def keys(self) -> tuple[str, ...]:
        """The assignment's record, and the firing's."""
        firing = record_lock(Firing.KIND, f"{self.assignment}/{self.cycle}")
        return (record_lock(Assignment.KIND, self.assignment), firing)

    def decide(self, view: View) -> Decision[AssignmentFired]:
        """One lot per audience row; nothing at all when this firing has happened already."""
        assignment = view.record(Assignment, self.assignment)
        key = f"{assignment.id}/{self.cycle}"
        if view.has_record(Firing, key):
            fired = _fired(assignment, view.record(Firing, key))
            return Decision(fired, same_as=view.made_by(Firing, key))
        after = _after(assignment)
        if self.cycle != after.cycles:
            raise InvalidValue("cycle", shown(self.cycle), f"{after.cycles}, the next firing")
        if view.at < assignment.due:
            raise NotDue(f"assignment {assignment.id}", assignment.due)
        shares = tuple([row.shares(view, assignment.due) for row in assignment.rows])
        firing = Firing(assignment.id, self.cycle, view.at, assignment.due, shares)
        lots, moves = _issued(assignment, firing)
        return Decision(_fired(assignment, firing), moves, records=(after, firing), lots=lots)


def _after(assignment: Assignment) -> Assignment:
    """The assignment when it has fired once more: Active while there is a next date."""
    if assignment.state is AssignmentState.CANCELLED:
        wanted = AssignmentState.ACTIVE.value
        raise IllegalTransition("assignment", assignment.id, assignment.state.value, wanted)
    coming, cycles = assignment.following, assignment.cycles + 1
    if coming is None:
        return assignment.to(AssignmentState.PROCESSED, cycles=cycles)
    return assignment.to(
        AssignmentState.ACTIVE, cycles=cycles, due=coming, turn=assignment.turn + 1
    )


def _fired(assignment: Assignment, firing: Firing) -> AssignmentFired:
    """What a firing has issued; the rows of an assignment that has fired never change."""
    issued = list(
        zip(assignment.lot_ids(firing.cycle), assignment.rows, firing.shares, strict=True)
    )
    return AssignmentFired(
        assignment.id,
        firing.cycle,
        tuple([lot for lot, _, shares in issued if shares]),
        Units(parts=sum(row.amount.parts * shares for _, row, shares in issued)),
        firing.due,
        assignment.emails,
        assignment.template,
    )


def _issued(assignment: Assignment, firing: Firing) -> tuple[tuple[Lot, ...], tuple[Move, ...]]:
    """The lots of a firing, and the moves that fill them."""
    lots: list[Lot] = []
    moves: list[Move] = []
    each = zip(assignment.lots(firing.cycle), assignment.rows, firing.shares, strict=True)
    for lot, row, shares in each:
        if shares:
            ends = Account(lot.home, State.ISSUED), Account(lot.home, State.FREE)
            lots.append(lot)
            moves.append(Move(lot.id, *ends, row.amount.parts * shares))
    return tuple(lots), tuple(moves)


def every_assignment(reading: Reading, *states: AssignmentState) -> Iterator[Assignment]:
    """The assignments in some states, state by state, in order of id; without states, all."""
    for state in states or tuple(AssignmentState):
        yield from every(reading, Assignment, "state", state.value)


def due_firings(reading: Reading, at: datetime) -> tuple[FireAssignment, ...]:
    """The next firing of every assignment that is due at an instant, earliest first.

    An assignment that has missed several dates is due again after each: ask until there are none.

    Args:
        reading: The portal.
        at: The instant (UTC).

    Source: TU-040, TU-041, TU-051.
    """
    now = instant(at, "at")
    due = [one for one in every_assignment(reading, *_FIRING) if one.due <= now]
    due.sort(key=lambda one: (one.due, one.id))
    return tuple([FireAssignment(one.id, one.cycles + 1) for one in due])
