"""Assignments: what brings training units into being.

An assignment says how many units go to whom and when. It is Scheduled until it fires (see
`unitledger.training.firings`); then a standard one is Processed, and a recurring one Active until
it is cancelled. Until a distributor has handed them out, nobody can spend what its batches hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.accounts import batch
from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import (
    AlreadyExists,
    IllegalTransition,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    shown,
)
from unitledger.ids import LotId, WalletId, check_id
from unitledger.lots import Lot
from unitledger.records import Record, record_lock
from unitledger.time import Validity, end_of_day, instant
from unitledger.training.audiences import MAX_ROWS, AudienceRow
from unitledger.training.keycodes import check_code_id, registered, wallet_of
from unitledger.training.schedules import Repeat, Schedule, Span, usable_until

__all__ = [
    "CREATORS",
    "MAX_TITLE",
    "Assignment",
    "AssignmentCreated",
    "AssignmentEdited",
    "AssignmentState",
    "CreateAssignment",
    "EditAssignment",
    "Emails",
    "Method",
    "check_distributors",
    "check_title",
    "lot_of",
]

CREATORS: Mapping[Role, Permit] = {
    Role.CREATOR: anywhere,
    Role.ADMIN: anywhere,
    Role.SYSTEM: anywhere,
}
"""Who may make, change and fire assignments, and adjust what they issued.

Source: TU-005, TU-007.
"""
MAX_TITLE = 100
"""The longest title, in characters."""

_MAX_CYCLE = 999_999_999
_O = TypeVar("_O", bound=Outcome)


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
    """Where an assignment is in its life.

    Source: X-07.
    """

    SCHEDULED = "scheduled"
    """Made; it has not fired yet."""
    ACTIVE = "active"
    """It has fired, and will again."""
    PROCESSED = "processed"
    """Everything it will ever issue has been issued."""
    CANCELLED = "cancelled"
    """It does not fire, unless it is made active again."""

    def __repr__(self) -> str:
        return f"AssignmentState.{self.name}"


@final
class Emails(StrEnum):
    """Which mails the host sends about an assignment; the library only says so.

    Source: TU-265, TU-266.
    """

    SYSTEM_DEFAULTS = "system_defaults"
    """The host's own."""
    CUSTOM = "custom"
    """Those of a template that the assignment names."""
    NONE = "none"
    """No mails."""

    def __repr__(self) -> str:
        return f"Emails.{self.name}"


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
        key_code: The id of the key code its units go behind; of the first one, where that was
            replaced.
        schedule: When it fires.
        due: When it fires next, or fired last (UTC).
        turn: The number of that date in the schedule, from 0.
        expires: When its units end (UTC); ``None`` is never, or otherwise.
        lasts: How long the units of each firing last; ``None`` is not said.
        until_next: Whether the units of a firing end when the next one is due.
        emails: Which mails the host sends.
        template: The host's template, for custom mails.
        created: When it was made (UTC).
        former: Distributors who are no longer named but may go on.
        state: Where it is in its life.
        cycles: How often it has fired.

    Source: X-07, X-08.
    """

    KIND: ClassVar[str] = "assignment"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        AssignmentState.SCHEDULED: frozenset(AssignmentState),
        AssignmentState.ACTIVE: frozenset(AssignmentState) - {AssignmentState.SCHEDULED},
        AssignmentState.PROCESSED: frozenset(),
        AssignmentState.CANCELLED: frozenset(AssignmentState) - {AssignmentState.CANCELLED},
    }
    INDEX: ClassVar[tuple[str, ...]] = ("state",)

    id: str
    title: str
    method: Method
    rows: tuple[AudienceRow, ...]
    distributors: frozenset[str]
    key_code: str | None
    schedule: Schedule
    due: datetime
    turn: int = 0
    expires: datetime | None
    lasts: Span | None = None
    until_next: bool = False
    emails: Emails = Emails.SYSTEM_DEFAULTS
    template: str | None = None
    created: datetime
    former: frozenset[str] = frozenset()
    state: AssignmentState = AssignmentState.SCHEDULED
    cycles: int = 0

    @property
    def key(self) -> str:
        """The assignment's id."""
        return self.id

    def index(self) -> Mapping[str, str]:
        """By state, so that a host finds the ones that wait to fire."""
        return {"state": self.state.value}

    @property
    def total(self) -> Units:
        """How much its rows give, an amount per member counted once."""
        return Units.total(row.amount for row in self.rows)

    @property
    def following(self) -> datetime | None:
        """The date after the one it is due on; ``None`` when it issues nothing more then.

        Source: TU-044, TU-046, TU-047.
        """
        coming = self.schedule.following(self.turn, self.due)
        over = coming is not None and self.expires is not None and coming >= self.expires
        return None if over else coming

    def wallet(self, cycle: int, row: int) -> WalletId:
        """Where the units of a firing's audience row are issued."""
        return batch(self.id, cycle, row) if self.key_code is None else wallet_of(self.key_code)

    def lot_ids(self, cycle: int) -> Iterator[LotId]:
        """The ids of the lots of one firing, one per audience row."""
        return (lot_of(self.id, cycle, row) for row in range(1, len(self.rows) + 1))

    def lots(self, cycle: int) -> Iterator[Lot]:
        """The lots of the firing that is due, one per audience row.

        They are acquired when they are due, however late somebody comes round to fire; so the
        order of redemption does not depend on who was late.

        Source: TU-028, TU-052, TU-060 to TU-063, TU-106, X-13.
        """
        terms = Validity(self.due, self._ends())
        for number, row in enumerate(self.rows, 1):
            yield Lot(
                id=lot_of(self.id, cycle, number),
                home=self.wallet(cycle, number),
                terms=terms,
                acquired=self.due,
                cycle=cycle,
                scope=None if self.key_code is None else row.scope(),
            )

    def _ends(self) -> datetime | None:
        if self.lasts is not None:
            return self.lasts.after(self.due, self.schedule.zone)
        return self.following if self.until_next else self.expires


@kind("assignment_created")
@final
@attrs.frozen
class AssignmentCreated(Outcome):
    """An assignment is scheduled.

    Attributes:
        assignment: Its id.
        due: When it fires (UTC).
        expires: When its units will end (UTC); ``None`` is never, or otherwise.
        total: How much it will issue in one firing, an amount per member counted once.
    """

    assignment: str
    due: datetime
    expires: datetime | None
    total: Units


@attrs.frozen(kw_only=True)
class _Described(Command[_O]):
    """What the commands have in common that say everything about an assignment."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = CREATORS

    assignment: str
    title: str
    method: Method
    rows: tuple[AudienceRow, ...]
    distributors: frozenset[str] = frozenset()
    key_code: str | None = None
    scheduled: datetime | None = None
    repeat: Repeat | None = None
    expires: datetime | None = None
    last_day: date | None = None
    lasts: Span | None = None
    until_next: bool = False
    emails: Emails = Emails.SYSTEM_DEFAULTS
    template: str | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.assignment, "assignment")
        check_title(self.title)
        _check_rows(self.rows)
        lot_of(self.assignment, _MAX_CYCLE, MAX_ROWS)
        if type(self.method) is not Method:
            raise InvalidType("method", shown(self.method), "Method")
        check_distributors(self.distributors)
        self._check_method()
        self._check_times()
        self._check_end()
        self._check_emails()

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
        for name, cls in (("repeat", Repeat), ("lasts", Span)):
            value = getattr(self, name)
            if value is not None and type(value) is not cls:
                raise InvalidType(name, shown(value), cls.__name__)

    def _check_end(self) -> None:
        """One kind of end, and none with the next firing where there is none."""
        if type(self.until_next) is not bool:
            raise InvalidType("until_next", shown(self.until_next), "bool")
        said = [
            name for name in ("expires", "last_day", "lasts") if getattr(self, name) is not None
        ]
        said += ["until_next"] if self.until_next else []
        if len(said) > 1:
            raise InvalidValue(said[1], "said", f"nothing beside {said[0]}")
        if self.until_next and self.repeat is None:
            raise InvalidValue("until_next", "True", "False, when nothing repeats")

    def _check_emails(self) -> None:
        if type(self.emails) is not Emails:
            raise InvalidType("emails", shown(self.emails), "Emails")
        if self.template is not None:
            check_id(self.template, "template")
        if (self.emails is Emails.CUSTOM) != (self.template is not None):
            expected = "a template for custom mails, and only for them"
            raise InvalidValue("template", shown(self.template), expected)

    def wallets(self) -> tuple[WalletId, ...]:
        """The batch of the first row, whose chain the assignment's entries stand in."""
        return (batch(self.assignment, 1, 1),)

    def keys(self) -> tuple[str, ...]:
        """The assignment's record."""
        return (record_lock(Assignment.KIND, self.assignment),)

    def ready(self, view: View) -> None:
        """The key code is ours, and the times follow each other."""
        if self.key_code is not None:
            registered(view, self.key_code)
        if self.scheduled is not None and self.scheduled < view.at:
            raise InvalidValue("scheduled", self.scheduled.isoformat(), "an instant to come")
        record = self.record(view)
        if record.expires is not None and record.expires <= record.due:
            raise InvalidValue("expires", record.expires.isoformat(), "an instant after the firing")

    def record(self, view: View, created: datetime | None = None) -> Assignment:
        """The record of what the command says, Scheduled.

        Args:
            view: At which instant and under which policy.
            created: When it was made; ``None`` is now.
        """
        schedule = Schedule.starting(self.scheduled or view.at, self.repeat, view.policy)
        day, code = self.last_day, self.key_code
        return Assignment(
            id=self.assignment,
            title=self.title,
            method=self.method,
            rows=self.rows,
            distributors=self.distributors,
            key_code=None if code is None else registered(view, code).origin,
            schedule=schedule,
            due=schedule.first,
            expires=self.expires if day is None else usable_until(day, view.policy),
            lasts=self.lasts,
            until_next=self.until_next,
            emails=self.emails,
            template=self.template,
            created=created or view.at,
        )


@kind("create_assignment")
@final
@attrs.frozen(kw_only=True)
class CreateAssignment(_Described[AssignmentCreated]):
    """Make an assignment, standard or recurring.

    Attributes:
        assignment: Its id.
        title: 1 to 100 printable characters; need not be unique.
        method: Distributor or key code.
        rows: Who gets how much, at least one row.
        distributors: Who may hand the units out; for the distributor method, at least one.
        key_code: The id of a registered key code; for the key code method.
        scheduled: When to fire first (UTC), not in the past; ``None`` is at once.
        repeat: When to fire again; ``None`` is a standard assignment, which fires once.
        expires: When the units end (UTC); ``None`` is never, or one of the next three.
        last_day: The last day on which the units can be used, in the policy's zone.
        lasts: How long after each firing its units end.
        until_next: Whether the units of a firing end when the next one is due.
        emails: Which mails the host sends.
        template: The host's template, for custom mails.

    Source: TU-020 to TU-028, TU-040, TU-044 to TU-047, TU-060 to TU-063, TU-070, TU-071, TU-265,
        TU-266.
    """

    NAME: ClassVar[str] = "create_assignment"

    def ready(self, view: View) -> None:
        """The id is free, the key code is ours, and the times follow each other."""
        if view.has_record(Assignment, self.assignment):
            raise AlreadyExists("assignment", self.assignment)
        _Described.ready(self, view)

    def decide(self, view: View) -> Decision[AssignmentCreated]:
        """The record, Scheduled; nothing is issued yet."""
        record = self.record(view)
        outcome = AssignmentCreated(record.id, record.due, record.expires, record.total)
        return Decision(outcome, records=(record,))


@kind("assignment_edited")
@final
@attrs.frozen
class AssignmentEdited(Outcome):
    """An assignment that has not fired yet says something else.

    Attributes:
        assignment: Its id.
        due: When it fires now (UTC).
    """

    assignment: str
    due: datetime


@kind("edit_assignment")
@final
@attrs.frozen(kw_only=True)
class EditAssignment(_Described[AssignmentEdited]):
    """Say everything about an assignment anew, before it has fired.

    Its fields are those of `CreateAssignment`.

    Source: TU-254, TU-255, X-08.
    """

    NAME: ClassVar[str] = "edit_assignment"

    def decide(self, view: View) -> Decision[AssignmentEdited]:
        """The record anew; one that has fired is refused."""
        before = view.record(Assignment, self.assignment)
        if before.state is not AssignmentState.SCHEDULED:
            raise IllegalTransition("assignment", before.id, before.state.value, "edited")
        record = self.record(view, before.created)
        return Decision(AssignmentEdited(record.id, record.due), records=(record,))


def check_title(title: str) -> None:
    """Refuse what is no title: 1 to 100 printable characters, not all of them blank.

    Source: TU-020.
    """
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


def check_distributors(distributors: frozenset[str]) -> None:
    """Refuse what is not a frozenset of at most 1000 users.

    Source: TU-023.
    """
    if type(distributors) is not frozenset:
        raise InvalidType("distributors", shown(distributors), "frozenset")
    if len(distributors) > MAX_ROWS:
        raise LimitExceeded("distributors", str(len(distributors)), MAX_ROWS)
    for user in distributors:
        check_id(user, "distributor")
