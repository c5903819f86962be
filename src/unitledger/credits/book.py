"""The book: what is asked of a ledger about credits, and what is done on a schedule.

It is a ledger's `credits`. Commands are given to the ledger itself; here stands only what is more
than one command, or none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar, final

from unitledger.commands import Actor, Outcome, Receipt
from unitledger.credits.notices import Notice, notices_at
from unitledger.credits.positions import (
    CoursePosition,
    Expiring,
    LearnerPosition,
    ManagerPosition,
    course_position,
    course_positions,
    expiring,
    learner_position,
    manager_positions,
)
from unitledger.credits.schedule import Due, Runs, due, run_due
from unitledger.errors import InvalidValue, UnitLedgerError
from unitledger.policy import Policy
from unitledger.ports import Reading
from unitledger.time import instant

__all__ = ["Books", "CreditsBook"]

_T = TypeVar("_T")


class Books(Runs, Protocol):
    """What the book needs of a ledger."""

    policy: Policy


@final
class CreditsBook:
    """The credits of one ledger.

    Whatever is asked without an instant is asked for now, by the ledger's clock. Another instant
    is one to come: the answer is what will be, if nothing else happens.

    Args:
        ledger: The ledger.
    """

    def __init__(self, ledger: Books) -> None:
        self._ledger = ledger

    def course(self, course: str, *, at: datetime | None = None) -> CoursePosition:
        """Where a course stands.

        Source: C53, C54.
        """
        return self._read(
            lambda r, when: course_position(r, course, at=when, policy=self._policy), at
        )

    def courses(self, *, at: datetime | None = None) -> tuple[CoursePosition, ...]:
        """Where every course stands that ever had credits, in order.

        Source: C53.
        """
        return self._read(lambda r, when: course_positions(r, at=when, policy=self._policy), at)

    def manager(self, manager: str, *, at: datetime | None = None) -> tuple[ManagerPosition, ...]:
        """Where a manager stands in every course they ever had credits for, in order.

        Source: C16, C53.
        """
        return self._read(
            lambda r, when: manager_positions(r, manager, at=when, policy=self._policy), at
        )

    def learner(self, learner: str, *, at: datetime | None = None) -> LearnerPosition:
        """Where a learner stands.

        Source: C63.
        """
        return self._read(
            lambda r, when: learner_position(r, learner, at=when, policy=self._policy), at
        )

    def available(self, course: str, *, at: datetime | None = None) -> int:
        """What a course can spend, less what it owes; not what the books say of it.

        Source: C54, C56.
        """
        return self.course(course, at=at).available

    def earmark_position(self, course: str, *, at: datetime | None = None) -> int:
        """What the books say of a course; not what it can spend.

        Source: C54.
        """
        return self.course(course, at=at).earmark_position

    def expiring(self, before: datetime, *, at: datetime | None = None) -> tuple[Expiring, ...]:
        """All credits that lapse before an instant unless somebody uses them, the first first.

        Args:
            before: The first instant (UTC) not to look at.
            at: The instant (UTC) that counts as now.

        Source: C53.
        """
        return self._read(
            lambda r, when: expiring(r, at=when, before=before, policy=self._policy), at
        )

    def notices(
        self, *, expiring_before: datetime | None = None, at: datetime | None = None
    ) -> tuple[Notice, ...]:
        """Everything there is to tell somebody, each with an id to tell it once by.

        Args:
            expiring_before: Credits that lapse before this instant (UTC) are told of as well.
            at: The instant (UTC) that counts as now.

        Source: C46, C53.
        """
        return self._read(
            lambda r, when: notices_at(
                r, at=when, policy=self._policy, expiring_before=expiring_before
            ),
            at,
        )

    def due(self, *, at: datetime | None = None) -> tuple[Due, ...]:
        """Everything that is due and not done yet, the first due first.

        Source: C40, C43.
        """
        return self._read(lambda r, when: due(r, at=when), at)

    def run_due(
        self, *, by: Actor, at: datetime | None = None
    ) -> tuple[Receipt[Outcome] | UnitLedgerError, ...]:
        """Carry out everything that is due and not done yet, the first due first.

        Args:
            by: Who gives the commands: an administrator, or the system.
            at: The last instant to look at (UTC); ``None`` is now.

        Source: C40, C43.
        """
        return run_due(self._ledger, by=by, at=at)

    @property
    def _policy(self) -> Policy:
        return self._ledger.policy

    def _read(self, answer: Callable[[Reading, datetime], _T], at: datetime | None) -> _T:
        """An answer at an instant, all of it from one reading."""
        with self._ledger.store.read(self._ledger.portal) as reading:
            now = instant(self._ledger.clock.now(), "clock")
            when = now if at is None else instant(at, "at")
            if when < now:
                raise InvalidValue("at", when.isoformat(), "an instant that is not past")
            return answer(reading, when)
