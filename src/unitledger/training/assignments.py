"""Assignments: the schedule that brings training units into being.

An assignment says how many units go to whom and when. It is Scheduled until it fires; firing issues
one lot per audience row, into a batch that distributors hand out, or behind a key code. Until a
distributor has done so, nobody can spend what a batch holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final, final

import attrs

from unitledger.accounts import Account, State, batch
from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotDue,
    shown,
)
from unitledger.ids import LotId, WalletId, check_id
from unitledger.lots import Lot, Scope
from unitledger.moves import Move
from unitledger.operations import positive
from unitledger.records import Record, record_lock
from unitledger.time import Validity, end_of_day, instant
from unitledger.training.keycodes import check_code_id, registered, wallet_of
from unitledger.values import Value

__all__ = [
    "MAX_ROWS",
    "MAX_ROW_UNITS",
    "MAX_TITLE",
    "Assignment",
    "AssignmentCreated",
    "AssignmentFired",
    "AssignmentState",
    "AudienceRow",
    "CreateAssignment",
    "FireAssignment",
    "Firing",
    "Method",
    "lot_of",
]

MAX_TITLE = 100
"""The longest title, in characters."""
MAX_ROWS = 1000
"""How many audience rows, and how many distributors, an assignment may have."""
MAX_ROW_UNITS: Final = Units.of(999_999)
"""The most units that one audience row may give."""

_MAX_CYCLE = 999_999_999
_CREATORS: Mapping[Role, Permit] = {
    Role.CREATOR: anywhere,
    Role.ADMIN: anywhere,
    Role.SYSTEM: anywhere,
}


@final
class Method(StrEnum):
    """How the units of an assignment reach the people who spend them."""

    DISTRIBUTOR = "distributor"
    """Into a batch per audience row, which distributors hand out."""
    KEY_CODE = "key_code"
    """Behind a key code: whoever has the code spends, first come, first served."""

    def __repr__(self) -> str:
        return f"Method.{self.name}"


@final
class AssignmentState(StrEnum):
    """Where an assignment is in its life."""

    SCHEDULED = "scheduled"
    """Made; it has not fired yet."""
    PROCESSED = "processed"
    """Everything it will ever issue has been issued."""

    def __repr__(self) -> str:
        return f"AssignmentState.{self.name}"


@final
@attrs.frozen
class AudienceRow(Value):
    """Units for one user or one group of users, who share them.

    Attributes:
        amount: How much, from 0.01 to 999,999 units.
        audience: The user or group; ``None`` is anyone, which a key code alone allows.

    Source: TU-025, TU-026, X-15, X-19.
    """

    amount: Units
    audience: str | None = None

    def __attrs_post_init__(self) -> None:
        positive(self.amount, Units)
        if self.amount > MAX_ROW_UNITS:
            raise LimitExceeded("units of an audience row", self.amount.text, 999_999)
        if self.audience is not None:
            check_id(self.audience, "audience")


def lot_of(assignment: str, cycle: int, row: int) -> LotId:
    """The id of the lot that one firing of an assignment issues for one audience row.

    >>> lot_of("sales", 1, 2)
    'sales/1/2'

    Raises:
        InvalidId: The assignment's id is too long for one.

    Source: TU-028, X-13.
    """
    return LotId(check_id(f"{assignment}/{cycle}/{row}", "assignment"))


@kind("assignment")
@final
@attrs.frozen(kw_only=True)
class Assignment(Record):
    """A schedule that creates lots.

    Attributes:
        id: Its id.
        title: Its title.
        method: Distributor or key code.
        rows: Who gets how much.
        distributors: Who may hand its units out.
        key_code: The id of the key code its units go behind.
        due: When it fires (UTC).
        expires: When its units end (UTC); ``None`` is never.
        state: Where it is in its life.
        cycles: How often it has fired.
    """

    KIND: ClassVar[str] = "assignment"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        AssignmentState.SCHEDULED: frozenset({AssignmentState.PROCESSED}),
        AssignmentState.PROCESSED: frozenset(),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("state",)

    id: str
    title: str
    method: Method
    rows: tuple[AudienceRow, ...]
    distributors: frozenset[str]
    key_code: str | None
    due: datetime
    expires: datetime | None
    state: AssignmentState = AssignmentState.SCHEDULED
    cycles: int = 0

    @property
    def key(self) -> str:
        """The assignment's id."""
        return self.id

    def index(self) -> Mapping[str, str]:
        """By state, so that a host finds the ones that wait to fire."""
        return {"state": self.state.value}

    def wallet(self, cycle: int, row: int) -> WalletId:
        """Where the units of a firing's audience row are issued."""
        return batch(self.id, cycle, row) if self.key_code is None else wallet_of(self.key_code)

    def lots(self, cycle: int) -> Iterator[Lot]:
        """The lots of one firing, one per audience row.

        They are acquired when they are due, however late somebody comes round to fire; so the
        order of redemption does not depend on who was late.

        Source: TU-028, TU-060, TU-061, TU-106.
        """
        for number, row in enumerate(self.rows, 1):
            restricted = self.key_code is not None and row.audience is not None
            yield Lot(
                id=lot_of(self.id, cycle, number),
                home=self.wallet(cycle, number),
                terms=Validity(self.due, self.expires),
                acquired=self.due,
                cycle=cycle,
                scope=Scope(audience=frozenset({str(row.audience)})) if restricted else None,
            )


@kind("firing")
@final
@attrs.frozen
class Firing(Record):
    """One firing of an assignment: that it happened, and when.

    Attributes:
        assignment: The assignment.
        cycle: Which firing, from 1.
        at: When (UTC).
    """

    KIND: ClassVar[str] = "firing"
    INDEX: ClassVar[tuple[str, ...]] = ("assignment",)

    assignment: str
    cycle: int
    at: datetime

    @property
    def key(self) -> str:
        """The assignment and the number of the firing."""
        return f"{self.assignment}/{self.cycle}"

    def index(self) -> Mapping[str, str]:
        """By assignment."""
        return {"assignment": self.assignment}


@kind("assignment_created")
@final
@attrs.frozen
class AssignmentCreated(Outcome):
    """An assignment is scheduled.

    Attributes:
        assignment: Its id.
        due: When it fires (UTC).
        expires: When its units will end (UTC); ``None`` is never.
        total: How much it will issue in one firing.
    """

    assignment: str
    due: datetime
    expires: datetime | None
    total: Units


@kind("assignment_fired")
@final
@attrs.frozen
class AssignmentFired(Outcome):
    """An assignment has issued its units.

    Attributes:
        assignment: Its id.
        cycle: Which firing, from 1.
        lots: The lots, one per audience row, in their order.
        total: How much they are together.
    """

    assignment: str
    cycle: int
    lots: tuple[LotId, ...]
    total: Units


@kind("create_assignment")
@final
@attrs.frozen(kw_only=True)
class CreateAssignment(Command[AssignmentCreated]):
    """A standard assignment: it fires once and issues everything then.

    Attributes:
        assignment: Its id.
        title: 1 to 100 printable characters; need not be unique.
        method: Distributor or key code.
        rows: Who gets how much, at least one row.
        distributors: Who may hand the units out; for the distributor method, at least one.
        key_code: The id of a registered key code; for the key code method.
        scheduled: When to fire (UTC), not in the past; ``None`` is at once.
        expires: When the units end (UTC); ``None`` is never, or by ``last_day``.
        last_day: The last day on which the units can be used, in the policy's zone.

    Source: TU-020 to TU-028, TU-040, TU-060, TU-061, TU-070.
    """

    NAME: ClassVar[str] = "create_assignment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _CREATORS

    assignment: str
    title: str
    method: Method
    rows: tuple[AudienceRow, ...]
    distributors: frozenset[str] = frozenset()
    key_code: str | None = None
    scheduled: datetime | None = None
    expires: datetime | None = None
    last_day: date | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.assignment, "assignment")
        _check_title(self.title)
        _check_rows(self.rows)
        lot_of(self.assignment, _MAX_CYCLE, MAX_ROWS)
        if type(self.method) is not Method:
            raise InvalidType("method", shown(self.method), "Method")
        _check_distributors(self.distributors)
        self._check_method()
        self._check_times()

    def _check_method(self) -> None:
        by_code = self.method is Method.KEY_CODE
        if by_code == bool(self.distributors):
            expected = "nobody, for a key code" if by_code else "at least one distributor"
            raise InvalidValue("distributors", f"{len(self.distributors)} users", expected)
        if by_code:
            check_code_id(self.key_code or "")
        elif self.key_code is not None:
            raise InvalidValue("key_code", "not shown", "None, for distributors")
        elif any(row.audience is None for row in self.rows):
            raise InvalidValue("audience", "None", "a user or a group, for distributors")

    def _check_times(self) -> None:
        for name in ("scheduled", "expires"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, instant(value, name))
        if self.last_day is not None:
            if type(self.last_day) is not date:
                raise InvalidType("last_day", shown(self.last_day), "date")
            end_of_day(self.last_day)
            if self.expires is not None:
                raise InvalidValue("last_day", self.last_day.isoformat(), "None beside expires")

    def wallets(self) -> tuple[WalletId, ...]:
        """The batch of the first row, whose chain the assignment's entries stand in."""
        return (batch(self.assignment, 1, 1),)

    def keys(self) -> tuple[str, ...]:
        """The assignment's record."""
        return (record_lock(Assignment.KIND, self.assignment),)

    def ready(self, view: View) -> None:
        """The id is free, the key code is ours, and the times follow each other."""
        if view.has_record(Assignment, self.assignment):
            raise AlreadyExists("assignment", self.assignment)
        if self.key_code is not None:
            registered(view, self.key_code)
        if self.scheduled is not None and self.scheduled < view.at:
            raise InvalidValue("scheduled", self.scheduled.isoformat(), "an instant to come")
        expires = self._expires(view)
        if expires is not None and expires <= (self.scheduled or view.at):
            raise InvalidValue("expires", expires.isoformat(), "an instant after the firing")

    def _expires(self, view: View) -> datetime | None:
        return (
            self.expires if self.last_day is None else end_of_day(self.last_day, view.policy.zone)
        )

    def decide(self, view: View) -> Decision[AssignmentCreated]:
        """The record, Scheduled; nothing is issued yet."""
        record = Assignment(
            id=self.assignment,
            title=self.title,
            method=self.method,
            rows=self.rows,
            distributors=self.distributors,
            key_code=self.key_code,
            due=self.scheduled or view.at,
            expires=self._expires(view),
        )
        total = Units.total(row.amount for row in self.rows)
        outcome = AssignmentCreated(record.id, record.due, record.expires, total)
        return Decision(outcome, records=(record,))


def _check_title(title: str) -> None:
    if type(title) is not str:
        raise InvalidType("title", shown(title), "str")
    if len(title) > MAX_TITLE:
        raise LimitExceeded("characters of title", str(len(title)), MAX_TITLE)
    if not title.strip() or not title.isprintable():
        raise InvalidValue("title", shown(title), "1 to 100 printable characters")


def _check_rows(rows: tuple[AudienceRow, ...]) -> None:
    if type(rows) is not tuple or set(map(type, rows)) - {AudienceRow}:
        raise InvalidType("rows", shown(rows), "a tuple of AudienceRow")
    if not rows:
        raise InvalidValue("rows", "empty", "at least one audience row")
    if len(rows) > MAX_ROWS:
        raise LimitExceeded("audience rows", str(len(rows)), MAX_ROWS)


def _check_distributors(distributors: frozenset[str]) -> None:
    if type(distributors) is not frozenset:
        raise InvalidType("distributors", shown(distributors), "frozenset")
    if len(distributors) > MAX_ROWS:
        raise LimitExceeded("distributors", str(len(distributors)), MAX_ROWS)
    for user in distributors:
        check_id(user, "distributor")


@kind("fire_assignment")
@final
@attrs.frozen
class FireAssignment(Command[AssignmentFired]):
    """Issue the units of an assignment, once per firing however often it is asked.

    Attributes:
        assignment: The assignment.
        cycle: Which firing, from 1; a standard assignment has one.

    Source: TU-021, TU-028, TU-041, TU-042, TU-051.
    """

    NAME: ClassVar[str] = "fire_assignment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _CREATORS

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
        firing = Firing(assignment.id, self.cycle, view.at)
        lots = tuple(assignment.lots(self.cycle))
        total = Units.total(row.amount for row in assignment.rows)
        fired = AssignmentFired(assignment.id, self.cycle, tuple([lot.id for lot in lots]), total)
        if view.has_record(Firing, firing.key):
            return Decision(fired, same_as=view.made_by(Firing, firing.key))
        processed = assignment.to(AssignmentState.PROCESSED, cycles=assignment.cycles + 1)
        if self.cycle != processed.cycles:
            raise InvalidValue("cycle", shown(self.cycle), f"{processed.cycles}, the next firing")
        if view.at < assignment.due:
            raise NotDue(f"assignment {assignment.id}", assignment.due)
        return Decision(fired, _issued(assignment, lots), records=(processed, firing), lots=lots)


def _issued(assignment: Assignment, lots: tuple[Lot, ...]) -> tuple[Move, ...]:
    """The moves that fill a firing's lots."""
    return tuple(
        Move(
            lot.id,
            Account(lot.home, State.ISSUED),
            Account(lot.home, State.FREE),
            row.amount.parts,
        )
        for lot, row in zip(lots, assignment.rows, strict=True)
    )
