"""Managers: credits of a course given to one of its managers, who invites learners with them.

A manager has one wallet per course, so credits for one course never pay for another. What they
have not used goes back to the course when an administrator recalls it or they leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.accounts import course, manager
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.credits.closures import (
    closing,
    closure_lock,
    emptied,
    landing,
    reopening,
)
from unitledger.credits.debts import released, settled
from unitledger.credits.gifts import check_receiver
from unitledger.credits.standing import STANDING, check_standing
from unitledger.ids import WalletId, check_id
from unitledger.lots import Use
from unitledger.moves import Move
from unitledger.operations import positive, transferred

__all__ = [
    "DeactivateManager",
    "Grant",
    "Granted",
    "ManagerDeactivated",
    "ManagerReactivated",
    "ReactivateManager",
    "Recall",
    "Recalled",
]

_O = TypeVar("_O", bound=Outcome, covariant=True)
_ADMINS: Mapping[Role, Permit] = {Role.ADMIN: anywhere}


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


@kind("recalled")
@final
@attrs.frozen
class Recalled(Outcome):
    """Credits of a manager went back to the course.

    Attributes:
        manager: The manager.
        course: The course.
        amount: How many.
        wallet: Where they are: the course, or the pool when the course is closed.
        settled: How many credits then paid for enrolments made ahead.
    """

    manager: str
    course: str
    amount: Credits
    wallet: WalletId
    settled: Credits


@kind("manager_deactivated")
@final
@attrs.frozen
class ManagerDeactivated(Outcome):
    """A manager has no account for a course any more.

    Attributes:
        manager: The manager.
        course: The course.
        amount: How many credits went back.
        wallet: Where they are: the course, or the pool when the course is closed.
        settled: How many credits then paid for enrolments made ahead.
    """

    manager: str
    course: str
    amount: Credits
    wallet: WalletId
    settled: Credits


@kind("manager_reactivated")
@final
@attrs.frozen
class ManagerReactivated(Outcome):
    """A manager has an account for a course again.

    Attributes:
        manager: The manager.
        course: The course.
    """

    manager: str
    course: str


@kind("grant")
@final
@attrs.frozen
class Grant(Command[Granted]):
    """Credits allocated to a course, given to a manager registered to it.

    Only what is allocated to the course is given: a full pool never helps.

    Attributes:
        manager: The manager.
        course: The course.
        amount: How many; at most what the course itself can spend, less what it owes.

    Source: C11, C14, C15, C16, C22, C55.
    """

    NAME: ClassVar[str] = "grant"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

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

    def keys(self) -> tuple[str, ...]:
        """Whether the manager's wallet is closed."""
        return (closure_lock(manager(self.manager, self.course)),)

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """The Directory must have the manager at the course, and the portal be in good standing."""
        check_standing(view, course(self.course))
        check_receiver(view, self.manager, self.course)

    def decide(self, view: View) -> Decision[Granted]:
        """One move per lot taken."""
        target = manager(self.manager, self.course)
        moves = released(view, self.course, target, self.amount, Use(course=self.course))
        return Decision(Granted(self.manager, self.course, self.amount), moves=moves)


@kind("recall")
@final
@attrs.frozen
class Recall(Command[Recalled]):
    """Credits that a manager has left, back to the course by an administrator.

    Nobody needs to have given them, and a manager who left may be asked as well. What the course
    owes is settled with them.

    Attributes:
        manager: The manager.
        course: The course.
        amount: How many; at most what the manager has left.

    Source: C21, C56.
    """

    NAME: ClassVar[str] = "recall"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    manager: str
    course: str
    amount: Credits

    def __attrs_post_init__(self) -> None:
        check_id(self.manager, "manager")
        check_id(self.course, "course")
        positive(self.amount, Credits)

    def wallets(self) -> tuple[WalletId, ...]:
        """The manager's wallet for the course, and the course."""
        return (manager(self.manager, self.course), course(self.course))

    def keys(self) -> tuple[str, ...]:
        """Whether the course is closed."""
        return (closure_lock(course(self.course)),)

    def decide(self, view: View) -> Decision[Recalled]:
        """One move per lot taken, and the debts they settle."""
        source, target = manager(self.manager, self.course), landing(view, course(self.course))
        moves = transferred(view, source, target, self.amount, Use(course=self.course))
        paid = settled(view, self.course, moves)
        outcome = Recalled(self.manager, self.course, self.amount, target, paid.amount)
        return Decision(outcome, (*moves, *paid.moves), paid.claims, paid.records)


@attrs.frozen
class _Standing(Command[_O]):
    """A manager's account for a course is closed or opened; which, the class says."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    manager: str
    course: str

    def __attrs_post_init__(self) -> None:
        check_id(self.manager, "manager")
        check_id(self.course, "course")

    @property
    def _wallet(self) -> WalletId:
        return manager(self.manager, self.course)

    def wallets(self) -> tuple[WalletId, ...]:
        """The manager's wallet for the course; where its credits go is found on the way."""
        return (self._wallet,)

    def keys(self) -> tuple[str, ...]:
        """Whether it is closed."""
        return (closure_lock(self._wallet),)


@kind("deactivate_manager")
@final
@attrs.frozen
class DeactivateManager(_Standing[ManagerDeactivated]):
    """A manager leaves a course: what they have left goes back to the course, at once or later.

    Invites they have sent stay open, and can be accepted. The credit of one that is cancelled
    afterwards, or of an enrolment that is undone, goes on to the course; to the pool when the
    course is closed as well. The Directory need not know them any more.

    Attributes:
        manager: The manager.
        course: The course.

    Source: C22, C56.
    """

    NAME: ClassVar[str] = "deactivate_manager"

    def ready(self, view: View) -> None:
        """The account must be open."""
        closing(view, self._wallet)

    def decide(self, view: View) -> Decision[ManagerDeactivated]:
        """One move per lot, the debts they settle, and the record."""
        target = landing(view, course(self.course))
        moves = emptied(view, self._wallet, target)
        paid = settled(view, self.course, moves)
        outcome = ManagerDeactivated(self.manager, self.course, _sum(moves), target, paid.amount)
        records = (closing(view, self._wallet), *paid.records)
        return Decision(outcome, (*moves, *paid.moves), paid.claims, records)


def _sum(moves: tuple[Move, ...]) -> Credits:
    return Credits(parts=sum(move.parts for move in moves))


@kind("reactivate_manager")
@final
@attrs.frozen
class ReactivateManager(_Standing[ManagerReactivated]):
    """A manager who left a course is back, with nothing in their account.

    Attributes:
        manager: The manager.
        course: The course.

    Source: C22.
    """

    NAME: ClassVar[str] = "reactivate_manager"

    def ready(self, view: View) -> None:
        """The account must be closed."""
        reopening(view, self._wallet)

    def decide(self, view: View) -> Decision[ManagerReactivated]:
        """The record, and no move."""
        record = reopening(view, self._wallet)
        return Decision(ManagerReactivated(self.manager, self.course), records=(record,))
