"""Gifts: credits one manager gives to another of the same course, and may take back unused.

For every ordered pair of managers and every course there is one figure: what the giver may still
take back. Giving raises it, taking lowers it, and it is never below zero. It says nothing about
where the credits are, so giving from Ann to Ben to Cem lets Ann take nothing from Cem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.accounts import manager
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere, own
from unitledger.credits.closures import check_open, closure_lock
from unitledger.credits.standing import STANDING, check_standing
from unitledger.errors import GiftExceeded, InvalidType, InvalidValue, NotRegistered, shown
from unitledger.ids import WalletId, check_id
from unitledger.lots import Use
from unitledger.operations import positive, transferred
from unitledger.records import Record, record_lock

__all__ = ["Gift", "Give", "Given", "Take", "Taken", "check_receiver", "net_given"]

_O = TypeVar("_O", bound=Outcome, covariant=True)


def _pair(giver: str, receiver: str, course: str) -> str:
    """Two managers and a course as a single text; no other three share it."""
    return f"{len(giver)} {giver} {len(receiver)} {receiver} {course}"


def _check_pair(giver: str, receiver: str, course: str) -> None:
    for name, value in (("giver", giver), ("receiver", receiver), ("course", course)):
        check_id(value, name)
    if giver == receiver:
        raise InvalidValue("receiver", shown(receiver), "another manager than the giver")


@kind("gift")
@final
@attrs.frozen
class Gift(Record):
    """What one manager may take back from another for a course.

    Attributes:
        giver: Who gave.
        receiver: Who got it.
        course: For which course.
        net: What was given and not taken back: a permission, whoever has the credits now.

    Source: C18, C20.
    """

    KIND: ClassVar[str] = "gift"

    giver: str
    receiver: str
    course: str
    net: Credits

    def __attrs_post_init__(self) -> None:
        _check_pair(self.giver, self.receiver, self.course)
        if type(self.net) is not Credits:
            raise InvalidType("net", shown(self.net), "Credits")

    @property
    def key(self) -> str:
        """The giver, the receiver and the course."""
        return _pair(self.giver, self.receiver, self.course)


@kind("given")
@final
@attrs.frozen
class Given(Outcome):
    """A manager gave credits to another one.

    Attributes:
        giver: Who gave.
        receiver: Who has them now.
        course: For which course.
        amount: How many.
        net: How many the giver may take back from now on, as far as they are unused.
    """

    giver: str
    receiver: str
    course: str
    amount: Credits
    net: Credits


@kind("taken")
@final
@attrs.frozen
class Taken(Outcome):
    """A manager took credits back that they had given.

    Attributes:
        giver: Who gave, and has them again.
        receiver: Who had them.
        course: For which course.
        amount: How many.
        net: How many the giver may still take back, as far as they are unused.
    """

    giver: str
    receiver: str
    course: str
    amount: Credits
    net: Credits


def check_receiver(view: View, manager_id: str, course_id: str) -> None:
    """Refuse to bring credits to somebody who is no manager of the course, or left it.

    Raises:
        NotRegistered: The Directory does not have them registered to the course.
        WalletClosed: Their account for the course is closed.

    Source: C14, C22.
    """
    if not view.manages(manager_id, course_id):
        raise NotRegistered(manager_id, course_id)
    check_open(view, manager(manager_id, course_id))


def net_given(view: View, giver: str, receiver: str, course_id: str) -> Credits:
    """What one manager has given another for a course and not taken back.

    Source: C18, C20.
    """
    key = _pair(giver, receiver, course_id)
    return view.record(Gift, key).net if view.has_record(Gift, key) else Credits.of(0)


@attrs.frozen
class _BetweenManagers(Command[_O]):
    """Credits of a course that go from one manager to another; which way, the class says."""

    giver: str
    receiver: str
    course: str
    amount: Credits

    def __attrs_post_init__(self) -> None:
        _check_pair(self.giver, self.receiver, self.course)
        positive(self.amount, Credits)

    def wallets(self) -> tuple[WalletId, ...]:
        """The giver's wallet for the course, and the receiver's."""
        return (manager(self.giver, self.course), manager(self.receiver, self.course))

    def _keys(self, reached: WalletId) -> tuple[str, ...]:
        """The pair, and whether the wallet reached is closed."""
        pair = _pair(self.giver, self.receiver, self.course)
        return (record_lock(Gift.KIND, pair), closure_lock(reached))

    def _net(self, view: View) -> Credits:
        return net_given(view, self.giver, self.receiver, self.course)

    def _gift(self, net: Credits) -> Gift:
        return Gift(self.giver, self.receiver, self.course, net)


@kind("give")
@final
@attrs.frozen
class Give(_BetweenManagers[Given]):
    """Credits of a manager for a course, given to another manager of it.

    Attributes:
        giver: Whose they are.
        receiver: Who gets them; registered to the course.
        course: The course.
        amount: How many; at most what the giver has left.

    Source: C14, C16, C17, C20.
    """

    NAME: ClassVar[str] = "give"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {
        Role.MANAGER: own("giver"),
        Role.ADMIN: anywhere,
    }

    def keys(self) -> tuple[str, ...]:
        """The pair, and whether the receiver's wallet is closed."""
        return self._keys(manager(self.receiver, self.course))

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """The receiver must be a manager of the course, and the portal in good standing."""
        check_standing(view, manager(self.giver, self.course))
        check_receiver(view, self.receiver, self.course)

    def decide(self, view: View) -> Decision[Given]:
        """One move per lot taken, and what may be taken back."""
        source, target = self.wallets()
        moves = transferred(view, source, target, self.amount, Use(course=self.course))
        net = self._net(view) + self.amount
        outcome = Given(self.giver, self.receiver, self.course, self.amount, net)
        return Decision(outcome, moves=moves, records=(self._gift(net),))


@kind("take")
@final
@attrs.frozen
class Take(_BetweenManagers[Taken]):
    """Credits that a manager gave another, taken back by who gave them.

    Credits that open invites hold are used: cancel the invites first.

    Attributes:
        giver: Who gave, and gets them back; registered to the course.
        receiver: Who has them.
        course: The course.
        amount: How many; at most what was given and not taken back, and what the other has left.

    Source: C14, C18, C19, C20.
    """

    NAME: ClassVar[str] = "take"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.MANAGER: own("giver")}

    def keys(self) -> tuple[str, ...]:
        """The pair, and whether the giver's wallet is closed."""
        return self._keys(manager(self.giver, self.course))

    def ready(self, view: View) -> None:
        """The giver must be a manager of the course, and have given that much."""
        check_receiver(view, self.giver, self.course)
        net = self._net(view)
        if self.amount > net:
            raise GiftExceeded(self.giver, self.receiver, self.course, net, self.amount)

    def decide(self, view: View) -> Decision[Taken]:
        """One move per lot taken, and what may still be taken back."""
        target, source = self.wallets()
        moves = transferred(view, source, target, self.amount, Use(course=self.course))
        net = self._net(view) - self.amount
        outcome = Taken(self.giver, self.receiver, self.course, self.amount, net)
        return Decision(outcome, moves=moves, records=(self._gift(net),))
