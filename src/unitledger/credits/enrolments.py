"""Enrolments: one learner in one course, for one credit.

The course's own credits pay first, then the pool's, and never a manager's. An enrolment knows the
wallet that paid it; its claim knows the lot, so a reversal goes back exactly there.

When the credit is spent, the policy's ``consumed_at`` says. Until then the claim holds it; whether
it holds or has spent it, the claim alone knows, so a policy that changes meanwhile does no harm.

    ACTIVE ──► COMPLETED   the next enrolment in the course is a re-take and costs a credit again
       └─────► REVERSED    the credit is back where it came from
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.accounts import State, account, check_wallet, course, pool
from unitledger.amounts import Credits
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere, claim_id
from unitledger.credits.closures import landing, onward
from unitledger.credits.debts import Ahead, ahead, covered, debt_lot, undone
from unitledger.credits.standing import STANDING, check_standing
from unitledger.errors import (
    AlreadyExists,
    IllegalTransition,
    InsufficientUnits,
    InvalidType,
    InvalidValue,
    LearnerCapReached,
    NotReversible,
    shown,
)
from unitledger.ids import (
    ClaimId,
    LotId,
    RecordId,
    RequestId,
    WalletId,
    check_id,
    derived_id,
)
from unitledger.lots import Lot, Use
from unitledger.moves import Move
from unitledger.ports import Reading
from unitledger.records import Record, index_lock, record_lock
from unitledger.time import Validity, instant

__all__ = [
    "ENROLMENT_COST",
    "CompleteEnrolment",
    "Enrol",
    "Enrolled",
    "Enrolment",
    "EnrolmentCompleted",
    "EnrolmentProgressed",
    "EnrolmentReversed",
    "EnrolmentState",
    "ReportProgress",
    "ReverseEnrolment",
    "StartEnrolment",
    "active_enrolment",
    "captured",
    "check_cap",
    "handed_back",
    "paid_as",
    "present_enrolment",
    "seat",
]

_O = TypeVar("_O", bound=Outcome, covariant=True)

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


def _check_percent(percent: int, field: str) -> None:
    if type(percent) is not int:
        raise InvalidType(field, shown(percent), "int")
    if not 0 <= percent <= 100:
        raise InvalidValue(field, shown(percent), "0 to 100")


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
        claim: The claim that holds or has spent the credit.
        enrolled: Since when (UTC).
        state: Where it stands.
        progress: How far the learner has come, in percent; ``None`` is not started.
        progressed_by: The request that said so, if one did.
        reversed_by: The request that reversed it, if one did.
        returned_to: The wallet that got its credit back: the one that paid, or where its credits
            go since it was closed.
        replacement: The lot that was given for its credit when it was reversed, if one was.

    Source: C1, C5, C57, C59, C63.
    """

    KIND: ClassVar[str] = "enrolment"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        EnrolmentState.ACTIVE: frozenset({EnrolmentState.COMPLETED, EnrolmentState.REVERSED}),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("active", "course", "learner")
    SEATS: ClassVar[tuple[str, ...]] = ("active",)

    id: RecordId
    learner: str
    course: str
    source: WalletId
    claim: ClaimId
    enrolled: datetime
    state: EnrolmentState = EnrolmentState.ACTIVE
    progress: int | None = None
    progressed_by: RequestId | None = None
    reversed_by: RequestId | None = None
    returned_to: WalletId | None = None
    replacement: LotId | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("id", "learner", "course", "claim"):
            check_id(getattr(self, name), name)
        check_wallet(self.source, "source")
        if self.returned_to is not None:
            check_wallet(self.returned_to, "returned_to")
        object.__setattr__(self, "enrolled", instant(self.enrolled, "enrolled"))
        if self.progress is not None:
            _check_percent(self.progress, "progress")

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


@kind("enrolment_progressed")
@final
@attrs.frozen
class EnrolmentProgressed(Outcome):
    """A learner is so far in a course.

    Attributes:
        enrolment: The enrolment's id.
        progress: The furthest they have come, in percent; 0 is that they have started.
    """

    enrolment: RecordId
    progress: int


@kind("enrolment_reversed")
@final
@attrs.frozen
class EnrolmentReversed(Outcome):
    """An enrolment was undone.

    Attributes:
        enrolment: The enrolment's id.
        source: The wallet that has its credit back.
        replacement: The lot given for the credit there, when its own lot has expired and the policy
            gives one.
    """

    enrolment: RecordId
    source: WalletId
    replacement: LotId | None = None


def present_enrolment(view: View, learner: str, course_id: str) -> Enrolment | None:
    """The active enrolment of a learner in a course, for a decision to be made about them.

    Source: C5.
    """
    return next(iter(view.found(Enrolment, "active", seat(learner, course_id))), None)


def check_cap(view: View, learner: str, course_id: str) -> None:
    """Refuse a new enrolment of a learner who has as many as the policy's ``learner_cap``.

    What they have is counted each time, so a reversal gives the place back. A learner with an
    active enrolment in the course gets no new one, and is not refused.

    Raises:
        LearnerCapReached: They have as many; it says how many.

    Source: C2, C5, C57.
    """
    cap = view.policy.learner_cap
    if cap is None or present_enrolment(view, learner, course_id) is not None:
        return
    there = view.found(Enrolment, "learner", learner)
    standing = sum(one.state is not EnrolmentState.REVERSED for one in there)
    if standing >= cap:
        raise LearnerCapReached(learner, standing, cap)


def paid_as(view: View) -> State:
    """How a new enrolment has its credit: ``SPENT``, or ``HELD`` where the policy spends it later.

    Source: C24, C33.
    """
    return State.HELD if view.policy.consumed_at.after_enrolment else State.SPENT


def captured(claim: Claim) -> tuple[Shift, ...]:
    """All that a claim holds, spent; nothing when it holds nothing."""
    held = claim.total(State.HELD)
    return (claim.shift(held, State.HELD, State.SPENT),) if held else ()


def handed_back(claim: Claim) -> tuple[Shift, ...]:
    """All that a claim holds or has spent, free again where it was taken; nothing of nothing.

    Source: C25, C57.
    """
    shifts: list[Shift] = []
    for state in (State.HELD, State.SPENT):
        there = claim.total(state)
        if there:
            shifts.append(claim.shift(there, state, State.FREE, last_first=True))
            claim = shifts[-1].claim
    return tuple(shifts)


@kind("enrol")
@final
@attrs.frozen
class Enrol(Command[Enrolled]):
    """A learner put into a course by an administrator, for one credit.

    The course's own credits pay first. When they are used up, the pool pays, unless the policy has
    ``pool_fallback`` off and the course was ever allocated credits. When neither can, the course
    may owe the credit, up to the policy's ``overdraft``. A learner with an active enrolment in the
    course has that one and pays nothing. The credit is spent at once, or held until the learner
    starts or is so far, as the policy's ``consumed_at`` has it; one that is owed is spent at once.

    Attributes:
        learner: The learner.
        course: The course.

    Source: C1, C2, C3, C5, C8, C9, C10, C56.
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
        """The learner's seat in the course."""
        return (index_lock(Enrolment.KIND, "active", seat(self.learner, self.course)),)

    def shared_keys(self) -> tuple[str, ...]:
        """Whether a subscription has lapsed."""
        return (STANDING,)

    def ready(self, view: View) -> None:
        """The portal must be in good standing, and the learner have fewer than one may have."""
        check_standing(view, course(self.course), pool())
        check_cap(view, self.learner, self.course)

    def decide(self, view: View) -> Decision[Enrolled]:
        """A new enrolment and the credit it takes, or the enrolment there is."""
        present = present_enrolment(view, self.learner, self.course)
        if present is not None:
            return Decision(_enrolled(present), same_as=view.made_by(Enrolment, present.key))
        claim = claim_id(view)
        paid = self._paid(view, claim)
        (wallet,) = paid.shift.claim.wallets
        made = RecordId(claim)
        enrolment = Enrolment(made, self.learner, self.course, wallet, claim, view.at)
        records = (enrolment, *paid.records)
        return Decision.of(_enrolled(enrolment), paid.shift, records=records, lots=paid.lots)

    def _paid(self, view: View, claim: ClaimId) -> Ahead:
        """The credit that is taken: the course's, the pool's, or one that the course owes."""
        use, asked = Use(course=self.course, groups=view.groups(self.learner)), list[WalletId]()
        for wallet in self._payers(view):
            asked.append(wallet)
            plan = view.plan(wallet, ENROLMENT_COST, use=use)
            if plan.met and (wallet == pool() or covered(view, self.course, use)):
                return Ahead(Claim.taking(claim, wallet, plan.taken, paid_as(view)))
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


@attrs.frozen
class _OnEnrolment(Command[_O]):
    """Something that happens to an enrolment there is; what, the class says."""

    enrolment: str

    def __attrs_post_init__(self) -> None:
        check_id(self.enrolment, "enrolment")

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the enrolment knows who paid it."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The enrolment."""
        return (record_lock(Enrolment.KIND, self.enrolment),)


def _seen(view: View, key: str) -> Enrolment:
    """An enrolment, its wallet locked."""
    enrolment = view.record(Enrolment, key)
    view.reach(enrolment.source)
    return enrolment


def _check_active(view: View, key: str) -> None:
    enrolment = _seen(view, key)
    if enrolment.state is not EnrolmentState.ACTIVE:
        raise IllegalTransition(Enrolment.KIND, key, enrolment.state.value, "started")


def _progressed(view: View, key: str, percent: int) -> Decision[EnrolmentProgressed]:
    """The furthest a learner has come, and the credit spent that the policy spends by then."""
    enrolment = _seen(view, key)
    if enrolment.progress is not None and enrolment.progress >= percent:
        there = EnrolmentProgressed(enrolment.id, enrolment.progress)
        return Decision(there, same_as=enrolment.progressed_by)
    further = attrs.evolve(enrolment, progress=percent, progressed_by=view.request)
    claim, due = view.claim(enrolment.claim), view.policy.consumed_at.met(percent)
    outcome = EnrolmentProgressed(enrolment.id, percent)
    return Decision.of(outcome, *(captured(claim) if due else ()), records=(further,))


@kind("start_enrolment")
@final
@attrs.frozen
class StartEnrolment(_OnEnrolment[EnrolmentProgressed]):
    """A learner has begun a course; said again, it moves nothing and gets the first answer.

    A credit still held is spent now, unless the policy's ``consumed_at`` waits for more progress.

    Attributes:
        enrolment: The enrolment's id.

    Source: C57.
    """

    NAME: ClassVar[str] = "start_enrolment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _TRACKERS

    def ready(self, view: View) -> None:
        """It must be active."""
        _check_active(view, self.enrolment)

    def decide(self, view: View) -> Decision[EnrolmentProgressed]:
        """The record, and the credit spent if it is time."""
        return _progressed(view, self.enrolment, 0)


@kind("report_progress")
@final
@attrs.frozen
class ReportProgress(_OnEnrolment[EnrolmentProgressed]):
    """A learner has come so far; who has come so far has started.

    The furthest counts: a report that says no more than one before it moves nothing and gets that
    one's answer, so reports may come late, twice and in any order.

    Attributes:
        enrolment: The enrolment's id.
        percent: How far, 0 to 100; 0 says only that they have started.

    Source: C57.
    """

    NAME: ClassVar[str] = "report_progress"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _TRACKERS

    percent: int

    def __attrs_post_init__(self) -> None:
        check_id(self.enrolment, "enrolment")
        _check_percent(self.percent, "percent")

    def ready(self, view: View) -> None:
        """It must be active."""
        _check_active(view, self.enrolment)

    def decide(self, view: View) -> Decision[EnrolmentProgressed]:
        """The record, and the credit spent if it is time."""
        return _progressed(view, self.enrolment, self.percent)


@kind("complete_enrolment")
@final
@attrs.frozen
class CompleteEnrolment(_OnEnrolment[EnrolmentCompleted]):
    """A learner has finished a course; enrolling them again is a re-take.

    A credit that is still held is spent, whatever the policy waits for.

    Attributes:
        enrolment: The enrolment's id.

    Source: C5.
    """

    NAME: ClassVar[str] = "complete_enrolment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _TRACKERS

    def ready(self, view: View) -> None:
        """It must be active."""
        view.record(Enrolment, self.enrolment).to(EnrolmentState.COMPLETED)

    def decide(self, view: View) -> Decision[EnrolmentCompleted]:
        """The record, and the credit spent if it was held until now."""
        enrolment = _seen(view, self.enrolment)
        done = enrolment.to(EnrolmentState.COMPLETED)
        shifts = captured(view.claim(enrolment.claim))
        return Decision.of(EnrolmentCompleted(enrolment.id), *shifts, records=(done,))


@kind("reverse_enrolment")
@final
@attrs.frozen
class ReverseEnrolment(_OnEnrolment[EnrolmentReversed]):
    """An enrolment undone: its credit goes back to the wallet and the lot it came from.

    Until when that can be done, the policy's ``reversible_until`` says; one that is completed
    cannot be undone. Asked for again under another request, it moves nothing and gets the first
    answer, then too. If the lot has expired meanwhile, the credit comes back and expires, both in
    the same entry, and the policy's ``expired_credit`` says what is given for it.

    Attributes:
        enrolment: The enrolment's id.

    Source: C57, C58, C59.
    """

    NAME: ClassVar[str] = "reverse_enrolment"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ADMINS

    def ready(self, view: View) -> None:
        """It must be reversed already, or active and within the time that the policy gives."""
        enrolment = _seen(view, self.enrolment)
        if enrolment.reversed_by is None:
            enrolment.to(EnrolmentState.REVERSED)
            until, progress = view.policy.reversible_until, enrolment.progress
            if not until.admits(progress, view.at - enrolment.enrolled):
                raise NotReversible(enrolment.id, str(until), progress, enrolment.enrolled)

    def decide(self, view: View) -> Decision[EnrolmentReversed]:
        """The credit's way back, once."""
        enrolment = _seen(view, self.enrolment)
        if enrolment.reversed_by is not None:
            return Decision(_reversed(enrolment), same_as=enrolment.reversed_by)
        claim, goal = view.claim(enrolment.claim), landing(view, enrolment.source)
        early = undone(view, enrolment.course, claim)
        shifts = handed_back(claim) if early is None else (early[0],)
        moves = [move for shift in shifts for move in shift.moves]
        given = list(_given_for(view, goal, moves))
        back = enrolment.to(
            EnrolmentState.REVERSED,
            reversed_by=view.request,
            returned_to=goal,
            replacement=given[0].id if given else None,
        )
        return Decision.of(
            _reversed(back),
            *shifts,
            moves=(*onward(view, moves), *map(_issue, given)),
            lots=tuple(given),
            records=(back,) if early is None else (back, early[1]),
        )


def _reversed(enrolment: Enrolment) -> EnrolmentReversed:
    wallet = enrolment.returned_to or enrolment.source
    return EnrolmentReversed(enrolment.id, wallet, enrolment.replacement)


def _given_for(view: View, wallet: WalletId, moves: Iterable[Move]) -> Iterator[Lot]:
    """A lot in a wallet for every expired lot that gets a credit back, if the policy gives one.

    Source: C59.
    """
    for number, move in enumerate(moves, 1):
        lot = view.lot(move.lot)
        begun, ended = lot.terms.effective, lot.terms.expires
        if move.target.state is not State.FREE or ended is None or ended > view.at:
            continue
        life = view.policy.expired_credit.life(ended - begun)
        if life is not None:
            given = LotId(derived_id(view.request, number))
            if view.has_lot(given):
                raise AlreadyExists("lot", given)
            terms = Validity(view.at, instant(view.at + life, "expires"))
            anew = attrs.evolve(lot, acquired=view.at, since=view.at, version=1)
            yield attrs.evolve(anew, id=given, home=wallet, terms=terms)


def _issue(lot: Lot) -> Move:
    """The credit of a lot that is given for an expired one."""
    ends = account(lot.home, State.ISSUED), account(lot.home, State.FREE)
    return Move(lot.id, *ends, ENROLMENT_COST.parts)


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
