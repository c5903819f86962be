"""Enrolments: one learner in one course, for one credit.

The course's own credits pay first, then the pool's, and never a manager's. An enrolment knows the
wallet that paid it; the claim of the same id knows the lot, so a reversal goes back exactly there.

    ACTIVE ──► COMPLETED   the next enrolment in the course is a re-take and costs a credit again
       └─────► REVERSED    the credit is back where it came from
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, check_wallet, course, pool
from unitledger.amounts import Credits
from unitledger.claims import Claim
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere, claim_id
from unitledger.credits.closures import landing, onward
from unitledger.credits.debts import Ahead, ahead, covered, debt_lot, undone
from unitledger.credits.standing import STANDING, check_standing
from unitledger.errors import InsufficientUnits
from unitledger.ids import ClaimId, RecordId, RequestId, WalletId, check_id
from unitledger.lots import Use
from unitledger.ports import Reading
from unitledger.records import Record, index_lock, record_lock

__all__ = [
    "ENROLMENT_COST",
    "CompleteEnrolment",
    "Enrol",
    "Enrolled",
    "Enrolment",
    "EnrolmentCompleted",
    "EnrolmentReversed",
    "EnrolmentState",
    "ReverseEnrolment",
    "active_enrolment",
    "present_enrolment",
    "seat",
]

ENROLMENT_COST = Credits.of(1)
"""What every enrolment costs, in any course.

Source: C1.
"""

_NOTHING = Credits.of(0)
_ADMINS: Mapping[Role, Permit] = {Role.ADMIN: anywhere}
_TRACKERS: Mapping[Role, Permit] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}


def seat(person: str, course_id: str) -> str:
    """One person in one course as a single text, for an index; no two pairs share one."""
    return f"{len(person)} {person} {course_id}"


@final
class EnrolmentState(StrEnum):
    """Where an enrolment stands."""

    ACTIVE = "active"
    COMPLETED = "completed"
    REVERSED = "reversed"

    def __repr__(self) -> str:
        return f"EnrolmentState.{self.name}"


@kind("enrolment")
@final
@attrs.frozen
class Enrolment(Record):
    """One learner in one course.

    Attributes:
        id: Its id.
        learner: The learner.
        course: The course.
        source: The wallet whose credit paid it.
        claim: The claim that spent the credit.
        state: Where it stands.
        reversed_by: The request that reversed it, if one did.
        returned_to: The wallet that got its credit back: the one that paid, or where its credits
            go since it was closed.

    Source: C1, C5, C57, C63.
    """

    KIND: ClassVar[str] = "enrolment"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        EnrolmentState.ACTIVE: frozenset({EnrolmentState.COMPLETED, EnrolmentState.REVERSED}),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("active", "course", "learner")

    id: RecordId
    learner: str
    course: str
    source: WalletId
    claim: ClaimId
    state: EnrolmentState = EnrolmentState.ACTIVE
    reversed_by: RequestId | None = None
    returned_to: WalletId | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("id", "learner", "course", "claim"):
            check_id(getattr(self, name), name)
        check_wallet(self.source, "source")
        if self.returned_to is not None:
            check_wallet(self.returned_to, "returned_to")

    @property
    def key(self) -> str:
        """The enrolment's id."""
        return self.id

    def index(self) -> Mapping[str, str]:
        """Its course and its learner; while it is active also the two as one."""
        found = {"course": self.course, "learner": self.learner}
        if self.state is EnrolmentState.ACTIVE:
            found["active"] = seat(self.learner, self.course)
        return found


@kind("enrolled")
@final
@attrs.frozen
class Enrolled(Outcome):
    """A learner is enrolled in a course.

    Attributes:
        enrolment: The enrolment's id.
        learner: The learner.
        course: The course.
        source: The wallet whose credit paid it.
    """

    enrolment: RecordId
    learner: str
    course: str
    source: WalletId


@kind("enrolment_completed")
@final
@attrs.frozen
class EnrolmentCompleted(Outcome):
    """An enrolment was completed; nothing moved.

    Attributes:
        enrolment: The enrolment's id.
    """

    enrolment: RecordId


@kind("enrolment_reversed")
@final
@attrs.frozen
class EnrolmentReversed(Outcome):
    """An enrolment was undone.

    Attributes:
        enrolment: The enrolment's id.
        source: The wallet that has its credit back.
    """

    enrolment: RecordId
    source: WalletId


def present_enrolment(view: View, learner: str, course_id: str) -> Enrolment | None:
    """The active enrolment of a learner in a course, for a decision to be made about them.

    Source: C5.
    """
    return next(iter(view.found(Enrolment, "active", seat(learner, course_id))), None)


@kind("enrol")
@final
@attrs.frozen
class Enrol(Command[Enrolled]):
    """A learner put into a course by an administrator, for one credit.

    The course's own credits pay first. When they are used up, the pool pays, unless the policy has
    ``pool_fallback`` off and the course was ever allocated credits. When neither can, the course
    may owe the credit, up to the policy's ``overdraft``. A learner with an active enrolment in the
    course has that one and pays nothing.

    Attributes:
        learner: The learner.
        course: The course.

    Source: C1, C3, C5, C8, C9, C10, C56.
    """

    NAME: ClassVar[str] = "enrol"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    learner: str
    course: str

    def __attrs_post_init__(self) -> None:
        check_id(self.learner, "learner")
        check_id(self.course, "course")

    def wallets(self) -> tuple[WalletId, ...]:
        """The course; the pool only when the course has nothing left."""
        return (course(self.course),)

    def keys(self) -> tuple[str, ...]:
        """The learner's seat in the course, and whether a subscription has lapsed."""
        place = index_lock(Enrolment.KIND, "active", seat(self.learner, self.course))
        return (place, STANDING)

    def ready(self, view: View) -> None:
        """The portal must be in good standing."""
        check_standing(view, course(self.course), pool())

    def decide(self, view: View) -> Decision[Enrolled]:
        """A new enrolment and the credit it spends, or the enrolment there is."""
        present = present_enrolment(view, self.learner, self.course)
        if present is not None:
            return Decision(_enrolled(present), same_as=view.made_by(Enrolment, present.key))
        claim = claim_id(view)
        paid = self._paid(view, claim)
        (wallet,) = paid.shift.claim.wallets
        enrolment = Enrolment(RecordId(claim), self.learner, self.course, wallet, claim)
        records = (enrolment, *paid.records)
        return Decision.of(_enrolled(enrolment), paid.shift, records=records, lots=paid.lots)

    def _paid(self, view: View, claim: ClaimId) -> Ahead:
        """The credit that is spent: the course's, the pool's, or one that the course owes."""
        use, asked = Use(course=self.course, groups=view.groups(self.learner)), list[WalletId]()
        for wallet in self._payers(view):
            asked.append(wallet)
            plan = view.plan(wallet, ENROLMENT_COST, use=use)
            if plan.met and (wallet == pool() or covered(view, self.course, use)):
                return Ahead(Claim.taking(claim, wallet, plan.taken, State.SPENT))
        early = ahead(view, self.course, claim, use)
        if early is None:
            raise InsufficientUnits(tuple(asked), ENROLMENT_COST, _NOTHING)
        return early

    def _payers(self, view: View) -> Iterator[WalletId]:
        """The wallets that may pay, in the order they are asked."""
        earmark, debt = course(self.course), debt_lot(self.course)
        yield earmark
        if view.policy.pool_fallback or all(lot.id == debt for lot, _ in view.holdings(earmark)):
            yield pool()


def _enrolled(enrolment: Enrolment) -> Enrolled:
    return Enrolled(enrolment.id, enrolment.learner, enrolment.course, enrolment.source)


@kind("complete_enrolment")
@final
@attrs.frozen
class CompleteEnrolment(Command[EnrolmentCompleted]):
    """A learner has finished a course; enrolling them again is a re-take.

    Attributes:
        enrolment: The enrolment's id.

    Source: C5.
    """

    NAME: ClassVar[str] = "complete_enrolment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _TRACKERS

    enrolment: str

    def __attrs_post_init__(self) -> None:
        check_id(self.enrolment, "enrolment")

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the enrolment knows who paid it."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The enrolment."""
        return (record_lock(Enrolment.KIND, self.enrolment),)

    def ready(self, view: View) -> None:
        """It must be active."""
        view.record(Enrolment, self.enrolment).to(EnrolmentState.COMPLETED)

    def decide(self, view: View) -> Decision[EnrolmentCompleted]:
        """The record, and no move."""
        enrolment = view.record(Enrolment, self.enrolment)
        view.reach(enrolment.source)
        done = enrolment.to(EnrolmentState.COMPLETED)
        return Decision(EnrolmentCompleted(enrolment.id), records=(done,))


@kind("reverse_enrolment")
@final
@attrs.frozen
class ReverseEnrolment(Command[EnrolmentReversed]):
    """An enrolment undone: its credit goes back to the wallet and the lot it came from.

    Whether the learner has started, the host knows; one that is completed cannot be undone.
    Asked for again under another request, it moves nothing and gets the first answer. If the lot
    has expired meanwhile, the credit comes back and expires, both in the same entry.

    Attributes:
        enrolment: The enrolment's id.

    Source: C57, C58, C59.
    """

    NAME: ClassVar[str] = "reverse_enrolment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    enrolment: str

    def __attrs_post_init__(self) -> None:
        check_id(self.enrolment, "enrolment")

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the enrolment knows who paid it."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The enrolment."""
        return (record_lock(Enrolment.KIND, self.enrolment),)

    def ready(self, view: View) -> None:
        """It must be active, or reversed already."""
        enrolment = view.record(Enrolment, self.enrolment)
        if enrolment.reversed_by is None:
            enrolment.to(EnrolmentState.REVERSED)

    def decide(self, view: View) -> Decision[EnrolmentReversed]:
        """The credit's way back, once."""
        enrolment = view.record(Enrolment, self.enrolment)
        view.reach(enrolment.source)
        if enrolment.reversed_by is not None:
            first = EnrolmentReversed(enrolment.id, enrolment.returned_to or enrolment.source)
            return Decision(first, same_as=enrolment.reversed_by)
        goal = landing(view, enrolment.source)
        outcome = EnrolmentReversed(enrolment.id, goal)
        back = enrolment.to(EnrolmentState.REVERSED, reversed_by=view.request, returned_to=goal)
        spent = view.claim(enrolment.claim)
        early = undone(view, enrolment.course, spent)
        if early is not None:
            return Decision.of(outcome, early[0], records=(back, early[1]))
        shift = spent.shift(spent.total(State.SPENT), State.SPENT, State.FREE, last_first=True)
        return Decision.of(outcome, shift, moves=onward(view, shift.moves), records=(back,))


def active_enrolment(reading: Reading, learner: str, course_id: str) -> Enrolment | None:
    """The active enrolment of a learner in a course, if there is one.

    Args:
        reading: A reading of the portal.
        learner: The learner.
        course_id: The course.

    Source: C5.
    """
    where = seat(check_id(learner, "learner"), check_id(course_id, "course"))
    for found in reading.find(Enrolment.KIND, "active", where, limit=1):
        if isinstance(found, Enrolment):
            return found
    return None
