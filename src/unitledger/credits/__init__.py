"""Subscription credits: one room of the house, from a renewal to an enrolment.

    subscriptions   credits come into the pool
    pool            from the pool to a course, and back
    debts           what a course owes for enrolments made ahead
    managers        from a course to one of its managers, and back
    gifts           from one manager to another, and back
    closures        where credits go when a manager leaves or a course is given up
    corrections     written off in the pool, and written back
    invites         held for somebody a manager invites, spent when they accept
    enrolments      spent on a learner in a course, and given back

Each module has the records of its noun, the commands that change them, and a read or two.
"""

from __future__ import annotations

from unitledger.credits.closures import Closure, ClosureState
from unitledger.credits.corrections import WriteBack, WriteOff, WrittenBack, WrittenOff
from unitledger.credits.debts import Advance, AdvanceState, Debt
from unitledger.credits.enrolments import (
    ENROLMENT_COST,
    CompleteEnrolment,
    Enrol,
    Enrolled,
    Enrolment,
    EnrolmentCompleted,
    EnrolmentReversed,
    EnrolmentState,
    ReverseEnrolment,
    active_enrolment,
)
from unitledger.credits.gifts import Gift, Give, Given, Take, Taken
from unitledger.credits.invites import (
    AcceptInvite,
    CancelInvite,
    Invite,
    InviteAccepted,
    InviteCancelled,
    InviteSent,
    InviteState,
    Reinvite,
    SendInvite,
    address_digest,
    invite_at,
)
from unitledger.credits.managers import (
    DeactivateManager,
    Grant,
    Granted,
    ManagerDeactivated,
    ManagerReactivated,
    ReactivateManager,
    Recall,
    Recalled,
)
from unitledger.credits.pool import (
    Allocate,
    Allocated,
    AllocationMoved,
    CloseCourse,
    CourseClosed,
    CourseReopened,
    Deallocate,
    Deallocated,
    MoveAllocation,
    ReopenCourse,
)
from unitledger.credits.subscriptions import (
    Replenish,
    Replenished,
    Replenishment,
    Subscribe,
    Subscribed,
    Subscription,
    unissued,
)

__all__ = [
    "ENROLMENT_COST",
    "AcceptInvite",
    "Advance",
    "AdvanceState",
    "Allocate",
    "Allocated",
    "AllocationMoved",
    "CancelInvite",
    "CloseCourse",
    "Closure",
    "ClosureState",
    "CompleteEnrolment",
    "CourseClosed",
    "CourseReopened",
    "DeactivateManager",
    "Deallocate",
    "Deallocated",
    "Debt",
    "Enrol",
    "Enrolled",
    "Enrolment",
    "EnrolmentCompleted",
    "EnrolmentReversed",
    "EnrolmentState",
    "Gift",
    "Give",
    "Given",
    "Grant",
    "Granted",
    "Invite",
    "InviteAccepted",
    "InviteCancelled",
    "InviteSent",
    "InviteState",
    "ManagerDeactivated",
    "ManagerReactivated",
    "MoveAllocation",
    "ReactivateManager",
    "Recall",
    "Recalled",
    "Reinvite",
    "ReopenCourse",
    "Replenish",
    "Replenished",
    "Replenishment",
    "ReverseEnrolment",
    "SendInvite",
    "Subscribe",
    "Subscribed",
    "Subscription",
    "Take",
    "Taken",
    "WriteBack",
    "WriteOff",
    "WrittenBack",
    "WrittenOff",
    "active_enrolment",
    "address_digest",
    "invite_at",
    "unissued",
]
