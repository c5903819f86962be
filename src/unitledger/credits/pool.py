"""The pool and the courses: credits set aside for a course, put back, or moved to another.

An allocation is a budget decision and no expense, so what a course has left can go back to the
pool; what managers have, what invites hold and what enrolments have spent is out of reach. What a
course owes for enrolments made ahead is settled first, out of whatever comes to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import attrs

from unitledger.accounts import course, pool
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.credits.closures import (
    check_open,
    closing,
    closure_lock,
    emptied,
    reopening,
)
from unitledger.credits.debts import owed, released, settled
from unitledger.credits.standing import STANDING, check_standing
from unitledger.errors import DebtOutstanding, InvalidValue, shown
from unitledger.ids import WalletId, check_id
from unitledger.lots import Use
from unitledger.operations import positive, transferred

__all__ = [
    "Allocate",
    "Allocated",
    "AllocationMoved",
    "CloseCourse",
    "CourseClosed",
    "CourseReopened",
    "Deallocate",
    "Deallocated",
    "MoveAllocation",
    "ReopenCourse",
]

_NONE = Credits.of(0)
_ADMINS: Mapping[Role, Permit] = {Role.ADMIN: anywhere}


@kind("allocated")
@final
@attrs.frozen
class Allocated(Outcome):
    """Credits of the pool were set aside for a course.

    Attributes:
        course: The course.
        amount: How many.
        settled: How many of them, or of what the course had, paid for enrolments made ahead.
    """

    course: str
    amount: Credits
    settled: Credits = _NONE


@kind("deallocated")
@final
@attrs.frozen
class Deallocated(Outcome):
    """Credits of a course went back to the pool.

    Attributes:
        course: The course.
        amount: How many.
    """

    course: str
    amount: Credits


@kind("allocation_moved")
@final
@attrs.frozen
class AllocationMoved(Outcome):
    """Credits of a course were set aside for another one.

    Attributes:
        source: The course they were set aside for.
        target: The course they are set aside for now.
        amount: How many.
        settled: How many of them, or of what the other had, paid for enrolments made ahead.
    """

    source: str
    target: str
    amount: Credits
    settled: Credits


@kind("course_closed")
@final
@attrs.frozen
class CourseClosed(Outcome):
    """A course's account is closed.

    Attributes:
        course: The course.
        returned: How many credits went back to the pool.
    """

    course: str
    returned: Credits


@kind("course_reopened")
@final
@attrs.frozen
class CourseReopened(Outcome):
    """A course's account is open again.

    Attributes:
        course: The course.
    """

    course: str


@kind("allocate")
@final
@attrs.frozen
class Allocate(Command[Allocated]):
    """Credits of the pool set aside for one course, all of the amount or nothing.

    What the course owes for enrolments made ahead is settled before anything else.

    Attributes:
        course: The course; any will do.
        amount: How many.

    Source: C6, C7, C56.
    """

    NAME: ClassVar[str] = "allocate"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    course: str
    amount: Credits

    def __attrs_post_init__(self) -> None:
        check_id(self.course, "course")
        positive(self.amount, Credits)

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool and the course."""
        return (pool(), course(self.course))

    def keys(self) -> tuple[str, ...]:
        """Whether the course is closed."""
        return (closure_lock(course(self.course)),)

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """The course must be open, and the portal in good standing."""
        check_standing(view, pool())
        check_open(view, course(self.course))

    def decide(self, view: View) -> Decision[Allocated]:
        """One move per lot taken, and the debts they settle."""
        use = Use(course=self.course)
        moves = transferred(view, pool(), course(self.course), self.amount, use)
        paid = settled(view, self.course, moves)
        outcome = Allocated(self.course, self.amount, paid.amount)
        return Decision(outcome, (*moves, *paid.moves), paid.claims, paid.records)


@kind("deallocate")
@final
@attrs.frozen
class Deallocate(Command[Deallocated]):
    """Credits that a course has left, put back into the pool.

    Attributes:
        course: The course.
        amount: How many; at most what the course itself can spend, less what it owes.

    Source: C12.
    """

    NAME: ClassVar[str] = "deallocate"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    course: str
    amount: Credits

    def __attrs_post_init__(self) -> None:
        check_id(self.course, "course")
        positive(self.amount, Credits)

    def wallets(self) -> tuple[WalletId, ...]:
        """The course and the pool."""
        return (course(self.course), pool())

    def decide(self, view: View) -> Decision[Deallocated]:
        """One move per lot taken."""
        moves = released(view, self.course, pool(), self.amount, Use(course=self.course))
        return Decision(Deallocated(self.course, self.amount), moves=moves)


@kind("move_allocation")
@final
@attrs.frozen
class MoveAllocation(Command[AllocationMoved]):
    """Credits set aside for one course, set aside for another: back and forth as one command.

    A lot that is restricted to some courses goes only where it may be used.

    Attributes:
        source: The course that has them.
        target: The course that gets them; what it owes is settled first.
        amount: How many; at most what the first can spend, less what it owes.

    Source: C12, C13, C56.
    """

    NAME: ClassVar[str] = "move_allocation"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    source: str
    target: str
    amount: Credits

    def __attrs_post_init__(self) -> None:
        check_id(self.source, "source")
        check_id(self.target, "target")
        positive(self.amount, Credits)
        if self.source == self.target:
            raise InvalidValue("target", shown(self.target), "another course than the source")

    def wallets(self) -> tuple[WalletId, ...]:
        """Both courses."""
        return (course(self.source), course(self.target))

    def keys(self) -> tuple[str, ...]:
        """Whether the target is closed."""
        return (closure_lock(course(self.target)),)

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """The target must be open."""
        check_standing(view, course(self.source))
        check_open(view, course(self.target))

    def decide(self, view: View) -> Decision[AllocationMoved]:
        """One move per lot taken, and the debts they settle."""
        target, use = course(self.target), Use(course=self.target)
        moves = released(view, self.source, target, self.amount, use)
        paid = settled(view, self.target, moves)
        outcome = AllocationMoved(self.source, self.target, self.amount, paid.amount)
        return Decision(outcome, (*moves, *paid.moves), paid.claims, paid.records)


@kind("close_course")
@final
@attrs.frozen
class CloseCourse(Command[CourseClosed]):
    """A course's account closed: all it has goes back to the pool, and what comes later as well.

    Managers of the course keep what they have. Whether learners may still be put into it is for
    the host's catalogue to say; the pool pays for them where ``pool_fallback`` lets it.

    Attributes:
        course: The course.

    Source: C22, C56.
    """

    NAME: ClassVar[str] = "close_course"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    course: str

    def __attrs_post_init__(self) -> None:
        check_id(self.course, "course")

    def wallets(self) -> tuple[WalletId, ...]:
        """The course and the pool."""
        return (course(self.course), pool())

    def keys(self) -> tuple[str, ...]:
        """Whether it is closed."""
        return (closure_lock(course(self.course)),)

    def ready(self, view: View) -> None:
        """It must be open, and owe nothing."""
        closing(view, course(self.course))
        debt = owed(view, self.course)
        if debt:
            raise DebtOutstanding(self.course, debt)

    def decide(self, view: View) -> Decision[CourseClosed]:
        """One move per lot, and the record."""
        wallet = course(self.course)
        moves = emptied(view, wallet, pool())
        returned = Credits(parts=sum(move.parts for move in moves))
        outcome = CourseClosed(self.course, returned)
        return Decision(outcome, moves=moves, records=(closing(view, wallet),))


@kind("reopen_course")
@final
@attrs.frozen
class ReopenCourse(Command[CourseReopened]):
    """A closed account of a course opened again, with nothing in it.

    Attributes:
        course: The course.

    Source: C22.
    """

    NAME: ClassVar[str] = "reopen_course"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    course: str

    def __attrs_post_init__(self) -> None:
        check_id(self.course, "course")

    def wallets(self) -> tuple[WalletId, ...]:
        """The course."""
        return (course(self.course),)

    def keys(self) -> tuple[str, ...]:
        """Whether it is closed."""
        return (closure_lock(course(self.course)),)

    def ready(self, view: View) -> None:
        """It must be closed."""
        reopening(view, course(self.course))

    def decide(self, view: View) -> Decision[CourseReopened]:
        """The record, and no move."""
        record = reopening(view, course(self.course))
        return Decision(CourseReopened(self.course), records=(record,))
