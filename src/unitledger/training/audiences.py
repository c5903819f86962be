"""Audiences: who the units of an assignment are meant for, and whether somebody is among them.

Who is in which unit, and who reports to whom, the host's Directory knows; it is asked when units
are handed out or spent, and its answers stand in the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, final

import attrs

from unitledger.amounts import Units
from unitledger.commands import View
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, shown
from unitledger.ids import check_id
from unitledger.lots import Scope
from unitledger.operations import positive
from unitledger.values import Value

__all__ = ["MAX_ROWS", "MAX_ROW_UNITS", "AudienceKind", "AudienceRow", "memberships"]

MAX_ROWS = 1000
"""How many audience rows, and how many distributors, an assignment may have."""
MAX_ROW_UNITS: Final = Units.of(999_999)
"""The most units that one audience row may give."""

_USER, _DIRECT, _GROUP, _REPORTS = "user:", "direct:", "group:", "reports:"
_MAX_AUDIENCE = 128 - len(_REPORTS)


@final
class AudienceKind(StrEnum):
    """What the audience of a row is."""

    USER = "user"
    """One user."""
    OU = "ou"
    """An organizational unit."""
    GROUP = "group"
    """A group."""

    def __repr__(self) -> str:
        return f"AudienceKind.{self.name}"


_MARKS: Mapping[tuple[AudienceKind | None, bool], tuple[str, ...]] = {
    (None, False): ("",),
    (AudienceKind.USER, False): (_USER,),
    (AudienceKind.USER, True): (_USER, _REPORTS),
    (AudienceKind.OU, False): (_DIRECT,),
    (AudienceKind.OU, True): (_GROUP,),
    (AudienceKind.GROUP, False): (_GROUP,),
}
"""Under which marks a lot's scope names the audience of a row; see `memberships`."""


@final
@attrs.frozen
class AudienceRow(Value):
    """Units for one user or for the people of one unit or group, who share them.

    Without a kind the audience is the user of that id, or whoever the Directory has in a group of
    that name, ancestors included. With one it is exactly that; the members of units below an
    organizational unit, and the users who report to a user, belong to it only when the row says so.

    Attributes:
        amount: How much, from 0.01 to 999,999 units.
        audience: The user, unit or group; ``None`` is anyone, which a key code alone allows.
        kind: Which of the three; ``None`` is not said.
        subordinates: Whether units below the unit, or those who report to the user, belong to it.
        per_member: Whether the amount is for each member: as often as there are members when it
            fires, in one lot.

    Source: TU-025, TU-026, TU-028 to TU-030, X-12, X-13, X-15, X-19.
    """

    amount: Units
    audience: str | None = None
    kind: AudienceKind | None = None
    subordinates: bool = False
    per_member: bool = False

    def __attrs_post_init__(self) -> None:
        positive(self.amount, Units)
        if self.amount > MAX_ROW_UNITS:
            raise LimitExceeded("units of an audience row", self.amount.text, 999_999)
        for name in ("subordinates", "per_member"):
            if type(getattr(self, name)) is not bool:
                raise InvalidType(name, shown(getattr(self, name)), "bool")
        if self.kind is not None and type(self.kind) is not AudienceKind:
            raise InvalidType("kind", shown(self.kind), "AudienceKind")
        if self.audience is not None:
            check_id(self.audience, "audience")
        self._check_sense()

    def _check_sense(self) -> None:
        if self.kind is not None and (self.audience is None or len(self.audience) > _MAX_AUDIENCE):
            expected = f"an id for a kind, up to {_MAX_AUDIENCE} characters"
            raise InvalidValue("audience", shown(self.audience), expected)
        if self.subordinates and self.kind not in (AudienceKind.USER, AudienceKind.OU):
            raise InvalidValue("subordinates", "True", "False, but for a user or a unit")
        if self.per_member and (self.audience is None or self.kind is AudienceKind.USER):
            raise InvalidValue("per_member", "True", "False, but for a unit or a group")

    def admits(self, view: View, user: str, at: datetime | None) -> bool:
        """Whether a user belongs to the row's audience.

        Args:
            view: Whose Directory is asked.
            user: The user.
            at: As of when (UTC); ``None`` is now.

        Source: TU-029, TU-030, TU-034, TU-087.
        """
        audience = self.audience
        if audience is None:
            return True
        match self.kind, self.subordinates:
            case None, _:
                return audience in view.groups(user, at)
            case AudienceKind.USER, False:
                return user == audience
            case AudienceKind.USER, True:
                return user == audience or audience in view.superiors(user, at)
            case AudienceKind.OU, False:
                return audience in view.direct(user, at)
        inside = audience in view.groups(user, at)
        return inside and (user != audience or user in view.people(audience, at))

    def scope(self) -> Scope | None:
        """What restricts a lot behind a key code to the audience; see `memberships`.

        Source: TU-106, X-19.
        """
        if self.audience is None:
            return None
        marks = _MARKS[self.kind, self.subordinates]
        return Scope(audience=frozenset(mark + self.audience for mark in marks))

    def shares(self, view: View, at: datetime) -> int:
        """How many times the amount is issued: once, or once for each member at an instant.

        Source: X-15.
        """
        audience = self.audience
        if not self.per_member or audience is None:
            return 1
        people = view.people(audience, at)
        if self.kind is AudienceKind.OU and not self.subordinates:
            return sum(audience in view.direct(user, at) for user in sorted(people))
        return len(people)


def memberships(view: View, user: str, audiences: frozenset[str]) -> frozenset[str]:
    """Everything by which lots may know a user now.

    The user's own id and their groups with all above them; and of the marked names of audiences
    those that mean the user. The Directory is asked nothing that none of them needs.

    Args:
        view: Whose Directory is asked.
        user: The user.
        audiences: Every name in the scopes of the lots.

    Source: TU-106, X-19.
    """
    groups = view.groups(user)
    marked = {_USER + user} | {_GROUP + name for name in groups - {user}}
    if any(name.startswith(_DIRECT) for name in audiences):
        marked |= {_DIRECT + name for name in view.direct(user)}
    if any(name.startswith(_REPORTS) for name in audiences):
        marked |= {_REPORTS + name for name in view.superiors(user)}
    return groups | (marked & audiences)
