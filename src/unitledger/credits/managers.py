"""Managers: credits of a course given to one of its managers, who invites learners with them.

A manager has one wallet per course, so credits for one course never pay for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import attrs

from unitledger.accounts import course, manager
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import NotRegistered
from unitledger.ids import WalletId, check_id
from unitledger.lots import Use
from unitledger.operations import positive, transferred

__all__ = ["Grant", "Granted"]


@kind("granted")
@final
@attrs.frozen
class Granted(Outcome):
    """Credits of a course were given to one of its managers.

    Attributes:
        manager: The manager.
        course: The course.
        amount: How many.
    """

    manager: str
    course: str
    amount: Credits


@kind("grant")
@final
@attrs.frozen
class Grant(Command[Granted]):
    """Credits allocated to a course, given to a manager registered to it.

    Only what is allocated to the course is given: a full pool never helps.

    Attributes:
        manager: The manager.
        course: The course.
        amount: How many.

    Source: C11, C14, C15, C16, C55.
    """

    NAME: ClassVar[str] = "grant"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere}

    manager: str
    course: str
    amount: Credits

    def __attrs_post_init__(self) -> None:
        check_id(self.manager, "manager")
        check_id(self.course, "course")
        positive(self.amount, Credits)

    def wallets(self) -> tuple[WalletId, ...]:
        """The course, and the manager's wallet for it."""
        return (course(self.course), manager(self.manager, self.course))

    def ready(self, view: View) -> None:
        """The Directory must have the manager registered to the course."""
        if not view.manages(self.manager, self.course):
            raise NotRegistered(self.manager, self.course)

    def decide(self, view: View) -> Decision[Granted]:
        """One move per lot taken."""
        source, target = self.wallets()
        moves = transferred(view, source, target, self.amount, Use(course=self.course))
        return Decision(Granted(self.manager, self.course, self.amount), moves=moves)
