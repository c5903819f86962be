"""Notices: whom a host tells about assignments, in mails that it writes itself.

A notice follows from an entry of the journal (`notices`), or from the time that has come
(`expiring`). It says who, what about, and by which template; nothing here sends or writes anything,
and an assignment without mails has no notices.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import final

import attrs

from unitledger.accounts import State
from unitledger.commands import Entry
from unitledger.ids import LotId
from unitledger.policy import Policy
from unitledger.ports import Reading
from unitledger.time import instant
from unitledger.training.assignments import Assignment, Emails
from unitledger.training.distribution import Distribute, Distributed
from unitledger.training.firings import AssignmentFired, every_assignment
from unitledger.values import Value

__all__ = ["Notice", "NoticeKind", "expiring", "notices_of"]


@final
class NoticeKind(StrEnum):
    """What a notice is about.

    Source: TU-260 to TU-262.
    """

    CREATED = "created"
    """Units have come that the distributor can hand out."""
    ASSIGNED = "assigned"
    """A distributor has given the user units."""
    EXPIRING = "expiring"
    """Units that the distributor can still hand out end soon."""

    def __repr__(self) -> str:
        return f"NoticeKind.{self.name}"


@final
@attrs.frozen
class Notice(Value):
    """Something a user should be told.

    Attributes:
        kind: What about.
        user: Who.
        assignment: The assignment.
        lot: The lot; ``None`` where it is about all of a firing.
        emails: Which mails the assignment asks for.
        template: The host's template, for custom mails.

    Source: TU-260 to TU-262, TU-266.
    """

    kind: NoticeKind
    user: str
    assignment: str
    lot: LotId | None
    emails: Emails
    template: str | None


def notices_of(entry: Entry) -> tuple[Notice, ...]:
    """Who is to be told because of an entry; nobody, for most.

    A firing is told to the distributors that the assignment names, a distribution to those who got
    units. What is the same as an earlier request is not told again.

    Source: TU-260, TU-261, TU-265, TU-266.
    """
    outcome = entry.outcome
    if entry.same_as is not None or not isinstance(outcome, (AssignmentFired, Distributed)):
        return ()
    if outcome.emails is Emails.NONE:
        return ()
    about, lot = NoticeKind.CREATED, None
    if isinstance(outcome, AssignmentFired):
        told = _distributors(entry)
    else:
        command = entry.command
        told = [user for user, _ in command.amounts] if isinstance(command, Distribute) else []
        about, lot = NoticeKind.ASSIGNED, next((move.lot for move in entry.moves), None)
    mails = outcome.emails, outcome.template
    return tuple([Notice(about, user, outcome.assignment, lot, *mails) for user in told])


def _distributors(entry: Entry) -> list[str]:
    """Whom the assignment of a firing names, in order of id."""
    return sorted(
        user
        for record in entry.records
        if isinstance(record, Assignment)
        for user in record.distributors
    )


def expiring(
    reading: Reading, policy: Policy, *, since: datetime, until: datetime
) -> tuple[Notice, ...]:
    """Who is to be told that units of a batch end soon, because the time for it has come.

    The time is the policy's ``expiry_notice_days`` before the end. Whoever asks from the instant
    they last asked until now tells everything once.

    Args:
        reading: The portal.
        policy: Says how long before the end.
        since: Notices at this instant (UTC) are left out.
        until: Notices at this instant are given.

    Source: TU-262, TU-265.
    """
    lead = timedelta(days=policy.expiry_notice_days)
    begin, end = instant(since, "since"), instant(until, "until")
    found: list[Notice] = []
    for assignment in every_assignment(reading):
        if assignment.emails is not Emails.NONE:
            for lot_id in _ending(reading, assignment, begin + lead, end + lead):
                found += [
                    Notice(
                        NoticeKind.EXPIRING,
                        user,
                        assignment.id,
                        lot_id,
                        assignment.emails,
                        assignment.template,
                    )
                    for user in sorted(assignment.distributors)
                ]
    return tuple(found)


def _ending(
    reading: Reading, assignment: Assignment, begin: datetime, end: datetime
) -> Iterator[LotId]:
    """The lots of an assignment that end in a span and have something left to hand out."""
    for cycle in range(1, assignment.cycles + 1):
        for number, lot_id in enumerate(assignment.lot_ids(cycle), 1):
            lot = reading.lot(lot_id)
            ends = None if lot is None else lot.terms.expires
            if ends is not None and begin < ends <= end:
                cells = reading.cells(assignment.wallet(cycle, number), lot_id)
                if cells[State.FREE] + cells[State.EXPIRED]:
                    yield lot_id
