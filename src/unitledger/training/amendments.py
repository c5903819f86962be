"""Amendments: what becomes of an assignment after it was made.

Its schedule is locked from the first firing on; its lots never are (see
`unitledger.training.adjustments`), and its distributors can be exchanged at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar, final

import attrs

from unitledger.accounts import batch
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, TermsEdit, View
from unitledger.errors import AlreadyExists, IllegalTransition, InvalidType, InvalidValue, shown
from unitledger.ids import LotId, WalletId, check_id
from unitledger.lots import Lot
from unitledger.policy import CatchUp, FormerDistributors, LastCycle, OnCancel
from unitledger.records import record_lock
from unitledger.time import Validity, end_of_day, instant
from unitledger.training.assignments import (
    CREATORS,
    Assignment,
    AssignmentCreated,
    AssignmentState,
    CreateAssignment,
    Method,
    check_distributors,
    lot_of,
)
from unitledger.training.keycodes import check_code_id

__all__ = [
    "ActivateAssignment",
    "AssignmentActivated",
    "AssignmentCancelled",
    "AssignmentCopied",
    "CancelAssignment",
    "CopyAssignment",
    "DistributorsNamed",
    "NameDistributors",
]

_INSTANT = timedelta(microseconds=1)


@attrs.frozen
class _Amendment:
    """What the commands have in common that change one assignment."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = CREATORS

    assignment: str

    def __attrs_post_init__(self) -> None:
        batch(self.assignment, 1, 1)

    def wallets(self) -> tuple[WalletId, ...]:
        """The batch of the first row, whose chain the assignment's entries stand in."""
        return (batch(self.assignment, 1, 1),)

    def keys(self) -> tuple[str, ...]:
        """The assignment's record."""
        return (record_lock(Assignment.KIND, self.assignment),)


@kind("assignment_cancelled")
@final
@attrs.frozen
class AssignmentCancelled(Outcome):
    """An assignment does not fire any more.

    Attributes:
        assignment: Its id.
        ended: The lots that have another end because of it.
    """

    assignment: str
    ended: tuple[LotId, ...]


@kind("cancel_assignment")
@final
@attrs.frozen
class CancelAssignment(_Amendment, Command[AssignmentCancelled]):
    """Stop an assignment: nothing that it has not issued yet is issued.

    What it has issued stays or ends, by the policy's ``on_cancel``. Units that were to end with the
    next firing never end now, unless the policy's ``last_cycle`` lets them.

    Attributes:
        assignment: The assignment.

    Source: TU-049, TU-063, TU-255, X-18.
    """

    NAME: ClassVar[str] = "cancel_assignment"

    def decide(self, view: View) -> Decision[AssignmentCancelled]:
        """The record, Cancelled, and other ends for lots."""
        before = view.record(Assignment, self.assignment)
        scheduled = before.state is AssignmentState.SCHEDULED
        if scheduled and not view.policy.cancel_scheduled:
            wanted = AssignmentState.CANCELLED.value
            raise IllegalTransition("assignment", before.id, before.state.value, wanted)
        record = before.to(AssignmentState.CANCELLED)
        edits = tuple(_ended_lots(view, record))
        outcome = AssignmentCancelled(record.id, tuple([edit.lot for edit in edits]))
        return Decision(outcome, records=(record,), terms=edits)


def _ended_lots(view: View, record: Assignment) -> Iterator[TermsEdit]:
    """The lots that a cancellation gives another end.

    Source: TU-063, X-18.
    """
    if view.policy.on_cancel is OnCancel.EXPIRE_UNSPENT:
        for cycle in range(1, record.cycles + 1):
            for lot in _lots(view, record, cycle):
                if not lot.lapsed(view.at):
                    yield _edit(lot, max(view.at, lot.terms.effective + _INSTANT))
    elif record.until_next and view.policy.last_cycle is LastCycle.KEEP:
        for lot in _lots(view, record, record.cycles):
            if lot.terms.expires == record.due:
                yield _edit(lot, None)


def _lots(view: View, record: Assignment, cycle: int) -> Iterator[Lot]:
    """The lots of one firing; a row without a member has none."""
    for number in range(1, len(record.rows) + 1):
        lot_id = lot_of(record.id, cycle, number)
        if cycle and view.has_lot(lot_id):
            yield view.lot(lot_id)


def _edit(lot: Lot, expires: datetime | None) -> TermsEdit:
    return TermsEdit(lot.id, Validity(lot.terms.effective, expires), lot.version + 1)


@kind("assignment_activated")
@final
@attrs.frozen
class AssignmentActivated(Outcome):
    """A cancelled assignment fires again.

    Attributes:
        assignment: Its id.
        state: Scheduled when it has never fired, else Active; Processed when there is no date left.
        due: When it fires next (UTC); ``None`` is never.
    """

    assignment: str
    state: AssignmentState
    due: datetime | None


@kind("activate_assignment")
@final
@attrs.frozen
class ActivateAssignment(_Amendment, Command[AssignmentActivated]):
    """Let a cancelled assignment fire again; the policy says which missed dates are made up for.

    An assignment that fires only once keeps its only date.

    Attributes:
        assignment: The assignment.

    Source: TU-050, TU-063.
    """

    NAME: ClassVar[str] = "activate_assignment"

    def decide(self, view: View) -> Decision[AssignmentActivated]:
        """The record with its next date, and the ends that follow from that date."""
        before = view.record(Assignment, self.assignment)
        record = _resumed(before, view.policy.catch_up, view.at)
        due = None if record.state is AssignmentState.PROCESSED else record.due
        edits = () if due is None else tuple(_following_ends(view, record))
        outcome = AssignmentActivated(record.id, record.state, due)
        return Decision(outcome, records=(record,), terms=edits)


def _resumed(before: Assignment, catch_up: CatchUp, at: datetime) -> Assignment:
    """A cancelled assignment with the date that it goes on with."""
    state = AssignmentState.ACTIVE if before.cycles else AssignmentState.SCHEDULED
    if before.state is not AssignmentState.CANCELLED:
        raise IllegalTransition("assignment", before.id, before.state.value, state.value)
    if before.schedule.repeat is None or catch_up is CatchUp.ALL:
        return before.to(state)
    turn, due = before.turn, before.due
    for turn, due in before.schedule.dates(before.turn, before.due):
        if due >= at:
            break
        if catch_up is CatchUp.LATEST and not _passed(before, turn, due, at):
            break
    over = due < at and catch_up is CatchUp.SKIP
    if over or (before.expires is not None and due >= before.expires):
        return before.to(AssignmentState.PROCESSED)
    return before.to(state, turn=turn, due=due)


def _passed(before: Assignment, turn: int, due: datetime, at: datetime) -> bool:
    """Whether the date after one has come as well, and still issues something."""
    following = attrs.evolve(before, turn=turn, due=due).following
    return following is not None and following <= at


def _following_ends(view: View, record: Assignment) -> Iterator[TermsEdit]:
    """Ends for units that end with the next firing, now that there is one again."""
    if record.until_next:
        for lot in _lots(view, record, record.cycles):
            if lot.terms.expires is None:
                yield _edit(lot, max(record.due, view.at))


@kind("distributors_named")
@final
@attrs.frozen
class DistributorsNamed(Outcome):
    """An assignment has other distributors.

    Attributes:
        assignment: Its id.
        distributors: Who may hand its units out.
        former: Who may go on although no longer named.
    """

    assignment: str
    distributors: frozenset[str]
    former: frozenset[str]


@kind("name_distributors")
@final
@attrs.frozen
class NameDistributors(_Amendment, Command[DistributorsNamed]):
    """Exchange the distributors of an assignment, whatever state it is in.

    Whoever is no longer named loses access, or keeps it by the policy's ``former_distributors``.

    Attributes:
        assignment: The assignment.
        distributors: Everybody who is to be named, at least one.

    Source: TU-089, X-08.
    """

    NAME: ClassVar[str] = "name_distributors"

    distributors: frozenset[str]

    def __attrs_post_init__(self) -> None:
        _Amendment.__attrs_post_init__(self)
        check_distributors(self.distributors)
        if not self.distributors:
            raise InvalidValue("distributors", "empty", "at least one distributor")

    def decide(self, view: View) -> Decision[DistributorsNamed]:
        """The record with its distributors; nothing moves."""
        before = view.record(Assignment, self.assignment)
        if before.method is not Method.DISTRIBUTOR:
            raise InvalidValue("distributors", "some", "nobody, for a key code")
        former = frozenset[str]()
        if view.policy.former_distributors is FormerDistributors.KEEP:
            former = (before.former | before.distributors) - self.distributors
        record = attrs.evolve(before, distributors=self.distributors, former=former)
        outcome = DistributorsNamed(record.id, record.distributors, former)
        return Decision(outcome, records=(record,))


@kind("assignment_copied")
@final
@attrs.frozen
class AssignmentCopied(Outcome):
    """A new assignment says what another one does.

    Attributes:
        source: The one that was copied.
        copied: The new one, as if it had been created.
    """

    source: str
    copied: AssignmentCreated


@kind("copy_assignment")
@final
@attrs.frozen
class CopyAssignment(_Amendment, Command[AssignmentCopied]):
    """Make a new assignment that says what another one does, Scheduled and never fired.

    Attributes:
        assignment: The id of the new one.
        source: The id of the one to copy.
        key_code: Another key code, where the copied one has one.
        scheduled: When to fire first (UTC); ``None`` is at once.
        last_day: The last day on which the units can be used, instead of the copied one's end.

    Source: TU-032.
    """

    NAME: ClassVar[str] = "copy_assignment"

    source: str
    key_code: str | None = None
    scheduled: datetime | None = None
    last_day: date | None = None

    def __attrs_post_init__(self) -> None:
        _Amendment.__attrs_post_init__(self)
        check_id(self.source, "source")
        if self.key_code is not None:
            check_code_id(self.key_code)
        if self.scheduled is not None:
            object.__setattr__(self, "scheduled", instant(self.scheduled, "scheduled"))
        if self.last_day is not None:
            if type(self.last_day) is not date:
                raise InvalidType("last_day", shown(self.last_day), "date")
            end_of_day(self.last_day)

    def ready(self, view: View) -> None:
        """The new id is free, the code another one, and everything else as for a new one."""
        if view.has_record(Assignment, self.assignment):
            raise AlreadyExists("assignment", self.assignment)
        self._created(view).ready(view)

    def decide(self, view: View) -> Decision[AssignmentCopied]:
        """The record of the new one; the copied one stays as it is."""
        decision = self._created(view).decide(view)
        outcome = AssignmentCopied(self.source, decision.outcome)
        return Decision(outcome, records=decision.records)

    def _created(self, view: View) -> CreateAssignment:
        """The command that would have made the copy."""
        source = view.record(Assignment, self.source)
        if source.key_code is not None and self.key_code in (None, source.key_code):
            raise InvalidValue("key_code", "not shown", "another key code than the copied one's")
        fixed = self.last_day is None and source.lasts is None and not source.until_next
        return CreateAssignment(
            assignment=self.assignment,
            title=source.title,
            method=source.method,
            rows=source.rows,
            distributors=source.distributors,
            key_code=self.key_code,
            scheduled=self.scheduled,
            repeat=source.schedule.repeat,
            expires=source.expires if fixed else None,
            last_day=self.last_day,
            lasts=source.lasts if self.last_day is None else None,
            until_next=source.until_next and self.last_day is None,
            emails=source.emails,
            template=source.template,
        )
