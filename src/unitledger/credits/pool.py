"""The pool and the courses: credits set aside for a course, and put back.

An allocation is a budget decision and no expense, so what a course has left can go back to the
pool; what managers have, what invites hold and what enrolments have spent is out of reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import attrs

from unitledger.accounts import course, pool
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.ids import WalletId, check_id
from unitledger.lots import Use
from unitledger.operations import positive, transferred

__all__ = ["Allocate", "Allocated", "Deallocate", "Deallocated"]

_ADMINS: Mapping[Role, Permit] = {Role.ADMIN: anywhere}


@kind("allocated")
@final
@attrs.frozen
class Allocated(Outcome):
    """Credits of the pool were set aside for a course.

    Attributes:
        course: The course.
        amount: How many.
    """

    course: str
    amount: Credits


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


@kind("allocate")
@final
@attrs.frozen
class Allocate(Command[Allocated]):
    """Credits of the pool set aside for one course, all of the amount or nothing.

    Attributes:
        course: The course; any will do.
        amount: How many.

    Source: C6, C7.
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

    def decide(self, view: View) -> Decision[Allocated]:
        """One move per lot taken."""
        use = Use(course=self.course)
        moves = transferred(view, pool(), course(self.course), self.amount, use)
        return Decision(Allocated(self.course, self.amount), moves=moves)


@kind("deallocate")
@final
@attrs.frozen
class Deallocate(Command[Deallocated]):
    """Credits that a course has left, put back into the pool.

    Attributes:
        course: The course.
        amount: How many; at most what the course itself can spend.

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
        use = Use(course=self.course)
        moves = transferred(view, course(self.course), pool(), self.amount, use)
        return Decision(Deallocated(self.course, self.amount), moves=moves)
