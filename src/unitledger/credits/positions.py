"""Positions: where a course, a manager and a learner stand, read and never written.

Two figures of a course are easily mixed up, and are not the same:

    available           what it can spend: its credits, less what it owes
    earmark position    what was set aside for it and is still there by the books: allocated, less
                        put back and granted, plus recalled, less every enrolment an administrator
                        made in the course, those included that the pool has paid; a report only

Everything is read of one portal at one instant, and derived: expiry and overdue holds count whether
or not they have been written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import final

import attrs

from unitledger.accounts import State, course, manager, wallet_parts, wallet_unit
from unitledger.amounts import Credits
from unitledger.commands import Actor
from unitledger.credits.closures import is_closed
from unitledger.credits.debts import debt_lot, owed
from unitledger.credits.enrolments import Enrolment, EnrolmentState
from unitledger.credits.invites import Invite
from unitledger.ids import ClaimId, LotId, RequestId, WalletId, check_id
from unitledger.indexes import every
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory, Reading
from unitledger.time import instant
from unitledger.values import Value
from unitledger.views import LockedView

__all__ = [
    "CoursePosition",
    "Expiring",
    "LearnerPosition",
    "ManagerPosition",
    "course_position",
    "course_positions",
    "expiring",
    "learner_position",
    "manager_positions",
]

_NOBODY = Actor.acting("nobody")


@final
@attrs.frozen
class CoursePosition(Value):
    """Where a course stands.

    Attributes:
        course: The course.
        at: The instant (UTC).
        free: What it can spend of its own, before what it owes.
        debt: What it owes for enrolments made ahead.
        with_managers: What its managers can spend.
        held: What open invites, and enrolments that are not paid yet, hold for it.
        used: What its enrolments have spent, whoever paid; those made ahead included.
        earmark_position: The books' figure; it may be below zero.
        closed: Whether its account is closed.

    Source: C53, C54, C56.
    """

    course: str
    at: datetime
    free: Credits
    debt: Credits
    with_managers: Credits
    held: Credits
    used: Credits
    earmark_position: int
    closed: bool

    @property
    def available(self) -> int:
        """What the course can spend, less what it owes: below zero when it owes more.

        Source: C54, C56.
        """
        return self.free.parts - self.debt.parts


@final
@attrs.frozen
class ManagerPosition(Value):
    """Where a manager stands in a course.

    Attributes:
        manager: The manager.
        course: The course.
        at: The instant (UTC).
        available: What they can spend.
        held: What their open invites hold.
        used: What learners they invited have spent.
        closed: Whether their account is closed.

    Source: C16, C53.
    """

    manager: str
    course: str
    at: datetime
    available: Credits
    held: Credits
    used: Credits
    closed: bool


@final
@attrs.frozen
class LearnerPosition(Value):
    """Where a learner stands.

    Attributes:
        learner: The learner.
        at: The instant (UTC).
        active: The courses they are in, in order.
        completed: The courses they have completed, once for each time, in order.
        held: What is held for enrolments of theirs that are not paid yet.
        used: What their enrolments have spent; undone ones have given it back.

    Source: C63.
    """

    learner: str
    at: datetime
    active: tuple[str, ...]
    completed: tuple[str, ...]
    held: Credits
    used: Credits


@final
@attrs.frozen
class Expiring(Value):
    """Credits that lapse unless somebody uses them.

    Attributes:
        wallet: Whose they are.
        lot: Of which lot.
        expires: When they lapse (UTC).
        amount: How many.

    Source: C53, C41.
    """

    wallet: WalletId
    lot: LotId
    expires: datetime
    amount: Credits


def _looking(reading: Reading, at: datetime, policy: Policy) -> LockedView:
    """A view without locks, for reading alone."""
    when = instant(at, "at")
    return LockedView(
        reading,
        None,
        at=when,
        actor=_NOBODY,
        request=RequestId("position"),
        policy=policy,
        directory=FixedDirectory(),
        clock=when,
    )


def _free(view: LockedView, wallet: WalletId) -> Credits:
    return Credits(parts=view.bucket(wallet).available(at=view.at).parts)


def _cells(view: LockedView, wallet: WalletId, state: State) -> Credits:
    return Credits(parts=sum(cells[state] for _, cells in view.holdings(wallet)))


def _claimed(view: LockedView, claims: Iterable[ClaimId], state: State) -> Credits:
    return Credits(parts=sum(view.claim(claim).total(state) for claim in claims))


def _managers(reading: Reading, course_id: str) -> list[WalletId]:
    """The wallets that managers have for a course."""
    found = [(wallet, wallet_parts(wallet)) for wallet in reading.wallets()]
    return [wallet for wallet, (kind, *ids) in found if kind == "manager" and ids[1] == course_id]


def course_position(
    reading: Reading, course_id: str, *, at: datetime, policy: Policy
) -> CoursePosition:
    """Where a course stands at an instant, now or later, if nothing else happens.

    Args:
        reading: A reading of the portal.
        course_id: The course.
        at: The instant (UTC).
        policy: The ledger's policy.

    Source: C53, C54, C56.
    """
    view = _looking(reading, at, policy)
    wallet = course(check_id(course_id, "course"))
    enrolments = list(every(reading, Enrolment, "course", course_id))
    invites = every(reading, Invite, "course", course_id)
    claims = sorted({one.claim for one in enrolments} | {one.claim for one in invites})
    managers = _managers(reading, course_id)
    return CoursePosition(
        course_id,
        view.at,
        free=_free(view, wallet),
        debt=owed(view, course_id),
        with_managers=Credits.total(_free(view, one) for one in managers),
        held=_claimed(view, claims, State.HELD),
        used=_claimed(view, claims, State.SPENT),
        earmark_position=_set_aside(view, course_id) - _by_administrators(enrolments),
        closed=is_closed(view, wallet),
    )


def _set_aside(view: LockedView, course_id: str) -> int:
    """What came to a course and did not leave it for another wallet, whatever became of it."""
    debt = debt_lot(course_id)
    rows = [cells for lot, cells in view.holdings(course(course_id)) if lot.id != debt]
    return sum(sum(cells) - cells[State.ISSUED] for cells in rows)


def _by_administrators(enrolments: Iterable[Enrolment]) -> int:
    """How many enrolments stand that no manager has paid."""
    return sum(
        one.state is not EnrolmentState.REVERSED and wallet_parts(one.source)[0] != "manager"
        for one in enrolments
    )


def course_positions(
    reading: Reading, *, at: datetime, policy: Policy
) -> tuple[CoursePosition, ...]:
    """Where every course stands that ever had credits, in order.

    Args:
        reading: A reading of the portal.
        at: The instant (UTC).
        policy: The ledger's policy.

    Source: C53.
    """
    now = instant(at, "at")
    found = [wallet_parts(wallet) for wallet in reading.wallets()]
    courses = {ids[-1] for kind, *ids in found if kind in ("course", "manager")}
    return tuple(course_position(reading, one, at=now, policy=policy) for one in sorted(courses))


def manager_positions(
    reading: Reading, manager_id: str, *, at: datetime, policy: Policy
) -> tuple[ManagerPosition, ...]:
    """Where a manager stands in every course they ever had credits for, in order.

    Args:
        reading: A reading of the portal.
        manager_id: The manager.
        at: The instant (UTC).
        policy: The ledger's policy.

    Source: C16, C53.
    """
    view = _looking(reading, at, policy)
    check_id(manager_id, "manager")
    found = [wallet_parts(wallet) for wallet in reading.wallets()]
    courses = sorted(ids[1] for kind, *ids in found if kind == "manager" and ids[0] == manager_id)
    return tuple(_manager_position(view, manager_id, one) for one in courses)


def _manager_position(view: LockedView, manager_id: str, course_id: str) -> ManagerPosition:
    wallet = manager(manager_id, course_id)
    return ManagerPosition(
        manager_id,
        course_id,
        view.at,
        available=_free(view, wallet),
        held=_cells(view, wallet, State.HELD),
        used=_cells(view, wallet, State.SPENT),
        closed=is_closed(view, wallet),
    )


def learner_position(
    reading: Reading, learner: str, *, at: datetime, policy: Policy
) -> LearnerPosition:
    """Where a learner stands at an instant, now or later, if nothing else happens.

    Args:
        reading: A reading of the portal.
        learner: The learner.
        at: The instant (UTC).
        policy: The ledger's policy.

    Source: C63.
    """
    view = _looking(reading, at, policy)
    enrolments = list(every(reading, Enrolment, "learner", check_id(learner, "learner")))
    claims = sorted({one.claim for one in enrolments})
    return LearnerPosition(
        learner,
        view.at,
        active=_courses(enrolments, EnrolmentState.ACTIVE),
        completed=_courses(enrolments, EnrolmentState.COMPLETED),
        held=_claimed(view, claims, State.HELD),
        used=_claimed(view, claims, State.SPENT),
    )


def _courses(enrolments: Iterable[Enrolment], state: EnrolmentState) -> tuple[str, ...]:
    return tuple(sorted(one.course for one in enrolments if one.state is state))


def expiring(
    reading: Reading, *, at: datetime, before: datetime, policy: Policy
) -> tuple[Expiring, ...]:
    """All credits that are not used at an instant and lapse before another, the first first.

    Args:
        reading: A reading of the portal.
        at: The instant (UTC) that counts as now.
        before: The first instant (UTC) not to look at.
        policy: The ledger's policy.

    Source: C53.
    """
    view, end = _looking(reading, at, policy), instant(before, "before")
    wallets = [wallet for wallet in reading.wallets() if wallet_unit(wallet) is Credits]
    found = [one for wallet in wallets for one in _lapsing(view, wallet, end)]
    return tuple(sorted(found, key=lambda one: (one.expires, one.wallet, one.lot)))


def _lapsing(view: LockedView, wallet: WalletId, end: datetime) -> Iterator[Expiring]:
    for lot, cells in view.holdings(wallet):
        expires, parts = lot.terms.expires, cells[State.FREE] + cells[State.EXPIRED]
        if parts and expires is not None and view.at < expires < end:
            yield Expiring(wallet, lot.id, expires, Credits(parts=parts))
