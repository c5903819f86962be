"""Debts: enrolments made ahead of the credits that will pay for them.

An overdraft is no balance below zero. The course has a *debt lot*, of which nothing is ever free:

    enrolling ahead    ISSUED → SPENT   of the debt lot, for the enrolment's claim
    settling           SPENT → ISSUED   of the debt lot, and FREE → SPENT of a lot that has come in

So what a course owes is what the debt lot has spent. It is settled as soon as credits come to the
course, the oldest enrolment first, before anything else is done with them. Nothing else makes it
less, except that an enrolment is undone: a refill fills the pool and forgives nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, course
from unitledger.amounts import Credits
from unitledger.buckets import Bucket
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.commands import View
from unitledger.credits.closures import is_closed
from unitledger.errors import InsufficientUnits, InvalidType, InvalidValue, LimitExceeded, shown
from unitledger.ids import MAX_ID_LENGTH, ClaimId, LotId, WalletId, check_id
from unitledger.lots import Lot, Use
from unitledger.moves import Move
from unitledger.operations import transferred
from unitledger.records import Record
from unitledger.time import Validity
from unitledger.values import Value

__all__ = [
    "MAX_DEBTOR_ID",
    "Advance",
    "AdvanceState",
    "Ahead",
    "Debt",
    "Settled",
    "ahead",
    "covered",
    "debt_lot",
    "owed",
    "released",
    "settled",
    "spare",
    "undone",
]

_PREFIX = "debt/"
MAX_DEBTOR_ID = MAX_ID_LENGTH - len(_PREFIX)
"""The longest id of a course that can owe anything, in characters: its debt lot is called by it."""

_NONE = Credits.of(0)
_ONE = Credits.of(1)
_MAX_NUMBER = 999_999_999
_INSTANT = timedelta(microseconds=1)


@final
class AdvanceState(StrEnum):
    """Where an enrolment made ahead stands."""

    OPEN = "open"
    SETTLED = "settled"
    UNDONE = "undone"

    def __repr__(self) -> str:
        return f"AdvanceState.{self.name}"


@kind("debt")
@final
@attrs.frozen
class Debt(Record):
    """A course has a debt lot; what it owes, the lot says.

    Attributes:
        course: The course.

    Source: C56.
    """

    KIND: ClassVar[str] = "debt"

    course: str

    def __attrs_post_init__(self) -> None:
        check_id(self.course, "course")

    @property
    def key(self) -> str:
        """The course."""
        return self.course


@kind("advance")
@final
@attrs.frozen
class Advance(Record):
    """An enrolment was made ahead; one credit of the debt lot is spent on its claim.

    Attributes:
        claim: The enrolment's claim.
        course: The course that owes the credit.
        number: Its place in the queue of the course: a lower one is settled earlier.
        state: Whether the credit is still owed.

    Source: C56.
    """

    KIND: ClassVar[str] = "advance"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        AdvanceState.OPEN: frozenset({AdvanceState.SETTLED, AdvanceState.UNDONE}),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("open",)

    claim: ClaimId
    course: str
    number: int
    state: AdvanceState = AdvanceState.OPEN

    def __attrs_post_init__(self) -> None:
        check_id(self.claim, "claim")
        check_id(self.course, "course")
        if type(self.number) is not int:
            raise InvalidType("number", shown(self.number), "int")
        if not 1 <= self.number <= _MAX_NUMBER:
            raise InvalidValue("number", shown(self.number), f"1 to {_MAX_NUMBER}")

    @property
    def key(self) -> str:
        """The claim's id."""
        return self.claim

    def index(self) -> Mapping[str, str]:
        """Its course, as long as the credit is owed."""
        return {"open": self.course} if self.state is AdvanceState.OPEN else {}


@final
@attrs.frozen
class Ahead(Value):
    """What an enrolment made ahead is written down as.

    Attributes:
        shift: The enrolment's claim, with a credit of the debt lot spent.
        records: Its place in the queue, and for the first of a course that there is a debt lot.
        lots: The debt lot, when it comes into being.

    Source: C56.
    """

    shift: Shift
    records: tuple[Record, ...] = ()
    lots: tuple[Lot, ...] = ()


@final
@attrs.frozen
class Settled(Value):
    """Debts that credits coming to a course have settled.

    Attributes:
        amount: How many.
        moves: For each the debt taken back and the credit spent in its place.
        claims: The enrolments' claims afterwards.
        records: Their places in the queue, done with.
    """

    amount: Credits = _NONE
    moves: tuple[Move, ...] = ()
    claims: tuple[Claim, ...] = ()
    records: tuple[Record, ...] = ()


def debt_lot(course_id: str) -> LotId:
    """The id of a course's debt lot."""
    return LotId(f"{_PREFIX}{course_id}")


def owed(view: View, course_id: str) -> Credits:
    """How many credits a course owes for enrolments made ahead.

    Source: C56.
    """
    parts = view.cells(course(course_id), debt_lot(course_id))[State.SPENT]
    return Credits(parts=parts if parts and view.has_record(Debt, course_id) else 0)


def spare(view: View, course_id: str, use: Use) -> Credits:
    """What a course can spend less what it owes; none when it owes as much or more.

    Source: C54, C56.
    """
    free, debt = _free(view, course_id, use), owed(view, course_id)
    return free - debt if debt < free else _NONE


def covered(view: View, course_id: str, use: Use) -> bool:
    """Whether a course that has credits has one that it does not owe.

    Source: C56.
    """
    return not owed(view, course_id) or bool(spare(view, course_id, use))


def _free(view: View, course_id: str, use: Use) -> Credits:
    return Credits(parts=view.bucket(course(course_id)).available(at=view.at, use=use).parts)


def released(
    view: View, course_id: str, target: WalletId, amount: Credits, use: Use
) -> tuple[Move, ...]:
    """The moves that bring credits of a course elsewhere; what it owes stays with it.

    Raises:
        InsufficientUnits: The course has fewer to spare.

    Source: C12, C15, C55, C56.
    """
    source = course(course_id)
    if owed(view, course_id) and (left := spare(view, course_id, use)) < amount:
        raise InsufficientUnits((source,), amount, left)
    return transferred(view, source, target, amount, use)


def _waiting(view: View, course_id: str) -> list[Advance]:
    """The enrolments that a course owes a credit for, the oldest first.

    A host may have taken a claim back by the commands that know no enrolments; then it waits for
    nothing any more.
    """
    lot, found = debt_lot(course_id), view.found(Advance, "open", course_id)
    waiting = [one for one in found if _on_credit(view.claim(one.claim), lot)]
    return sorted(waiting, key=lambda advance: advance.number)


def _on_credit(claim: Claim, lot: LotId) -> bool:
    return any(part.lot == lot for part in claim.segments)


def ahead(view: View, course_id: str, claim: ClaimId, use: Use) -> Ahead | None:
    """An enrolment made ahead of the credit that pays for it; ``None`` beyond the limit.

    Raises:
        LimitExceeded: The course's id is longer than 123 characters.

    Source: C56.
    """
    limit = view.policy.overdraft
    if not limit or is_closed(view, course(course_id)):
        return None
    wallet, debt = course(course_id), owed(view, course_id)
    if debt + _ONE > limit + _free(view, course_id, use):
        return None
    _check_debtor(course_id)
    known = view.has_record(Debt, course_id)
    lot = view.lot(debt_lot(course_id)) if known else _debt_lot(view, course_id)
    shift = Claim(claim).joined(wallet, ((lot, _ONE.parts),), State.SPENT, State.ISSUED)
    last = max((one.number for one in _waiting(view, course_id)), default=0)
    place = Advance(claim, course_id, last + 1)
    return Ahead(shift, (place,), ()) if known else Ahead(shift, (Debt(course_id), place), (lot,))


def _check_debtor(course_id: str) -> None:
    if len(course_id) > MAX_DEBTOR_ID:
        asked = str(len(course_id))
        raise LimitExceeded("characters of a course id with debts", asked, MAX_DEBTOR_ID)


def _debt_lot(view: View, course_id: str) -> Lot:
    """A lot that ended before it began: of what is spent of it nothing can ever be free."""
    return Lot(
        id=debt_lot(course_id),
        home=course(course_id),
        terms=Validity(view.at - _INSTANT, view.at),
        acquired=view.at,
    )


def settled(view: View, course_id: str, arriving: Iterable[Move] = ()) -> Settled:
    """The debts of a course that what it has settles, the oldest first.

    Args:
        view: The view.
        course_id: The course.
        arriving: Moves that bring credits to the course before.

    Source: C56.
    """
    if not owed(view, course_id):
        return Settled()
    wallet, use = course(course_id), Use(course=course_id)
    bucket = _with(view, view.bucket(wallet), wallet, arriving)
    waiting = _waiting(view, course_id)
    units = min(len(waiting), bucket.available(at=view.at, use=use).parts)
    if not units:
        return Settled()
    plan = bucket.burn(Credits(parts=units), at=view.at, use=use)
    lots = [lot for lot, parts in plan.taken for _ in range(parts)]
    return _paid(view, wallet, list(zip(waiting, lots, strict=False)))


def _with(view: View, bucket: Bucket, wallet: WalletId, arriving: Iterable[Move]) -> Bucket:
    """A wallet's bucket with what some moves bring to it."""
    for move in arriving:
        if move.target.wallet == wallet:
            cells = view.cells(wallet, move.lot)
            there = cells[State.FREE] + cells[State.EXPIRED]
            bucket = bucket.put(view.lot(move.lot), there, there + move.parts)
    return bucket


def _paid(view: View, wallet: WalletId, pairs: list[tuple[Advance, Lot]]) -> Settled:
    moves: list[Move] = []
    claims: list[Claim] = []
    for advance, lot in pairs:
        back = view.claim(advance.claim).shift(_ONE.parts, State.SPENT, State.ISSUED)
        paid = back.claim.joined(wallet, ((lot, _ONE.parts),), State.SPENT)
        moves += (*back.moves, *paid.moves)
        claims.append(paid.claim)
    records = tuple(advance.to(AdvanceState.SETTLED) for advance, _ in pairs)
    return Settled(Credits(parts=len(pairs)), tuple(moves), tuple(claims), records)


def undone(view: View, course_id: str, claim: Claim) -> tuple[Shift, Advance] | None:
    """An enrolment made ahead is undone before it was settled: the course owes one less.

    Args:
        view: The view.
        course_id: The course.
        claim: The enrolment's claim.

    Returns:
        The claim without its credit of the debt lot, and its place in the queue; ``None`` when
        the claim has spent none.

    Source: C56, C57.
    """
    lot = debt_lot(course_id)
    if not _on_credit(claim, lot) or not view.has_record(Debt, course_id):
        return None
    shift = claim.shift(_ONE.parts, State.SPENT, State.ISSUED)
    return shift, view.record(Advance, claim.id).to(AdvanceState.UNDONE)
