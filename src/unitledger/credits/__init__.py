"""Subscription credits: one room of the house, from a renewal to an enrolment.

    plans           how many credits a year a subscription brings
    refills         as which lots a period's credits come, and when those end
    subscriptions   credits come into the pool, period by period
    upgrades        another plan for a subscription
    lapses          suspended, restored, or forfeited
    standing        what may still be spent once a subscription has lapsed
    purchases       credits bought one by one, and charge-backs
    schedule        everything that is due, and how it is done
    pool            from the pool to a course, and back
    debts           what a course owes for enrolments made ahead
    managers        from a course to one of its managers, and back
    gifts           from one manager to another, and back
    closures        where credits go when a manager leaves or a course is given up
    corrections     written off in the pool, and written back
    positions       where a course, a manager, a learner stands
    notices         what a host may want to tell somebody
    book            a ledger's `credits`: what is more than one command, or none
    invites         held for somebody a manager invites, spent when they accept
    mailings        many invites at once, all or none, or as far as the credits go
    sheets          addresses read from a CSV text
    enrolments      spent on a learner in a course, and given back

Each module has the records of its noun, the commands that change them, and a read or two.
"""

from __future__ import annotations

from unitledger.credits.book import CreditsBook
from unitledger.credits.closures import Closure, ClosureState
from unitledger.credits.corrections import WriteBack, WriteOff, WrittenBack, WrittenOff
from unitledger.credits.crossings import Crossing, falls_below
from unitledger.credits.debts import Advance, AdvanceState, Debt
from unitledger.credits.enrolments import (
    ENROLMENT_COST,
    CompleteEnrolment,
    Enrol,
    Enrolled,
    Enrolment,
    EnrolmentCompleted,
    EnrolmentProgressed,
    EnrolmentReversed,
    EnrolmentState,
    ReportProgress,
    ReverseEnrolment,
    StartEnrolment,
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
from unitledger.credits.lapses import (
    Forfeit,
    Forfeited,
    Lapse,
    Lapsed,
    Resubscribe,
    Resubscribed,
)
from unitledger.credits.mailings import (
    EachInvited,
    InviteAll,
    InviteEach,
    InvitesSent,
    Row,
    RowVerdict,
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
from unitledger.credits.notices import Notice, Topic, notices_at
from unitledger.credits.plans import (
    LapseTerms,
    PlanChange,
    Subscription,
    SubscriptionState,
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
from unitledger.credits.purchases import (
    ChargeBack,
    ChargedBack,
    Payment,
    PaymentState,
    Purchase,
    Purchased,
    PurchaseForCourse,
    Receivable,
    receivables,
)
from unitledger.credits.schedule import (
    Due,
    due,
    run_due,
)
from unitledger.credits.sheets import RefusedRow, Sheet, SheetRow, read_sheet
from unitledger.credits.standing import (
    STANDING,
    check_promise,
    check_standing,
)
from unitledger.credits.subscriptions import (
    Replenish,
    Replenished,
    Replenishment,
    Subscribe,
    Subscribed,
    unissued,
)
from unitledger.credits.upgrades import (
    ChangePlan,
    PlanChanged,
)

__all__ = [
    "ENROLMENT_COST",
    "STANDING",
    "AcceptInvite",
    "Advance",
    "AdvanceState",
    "Allocate",
    "Allocated",
    "AllocationMoved",
    "CancelInvite",
    "ChangePlan",
    "ChargeBack",
    "ChargedBack",
    "CloseCourse",
    "Closure",
    "ClosureState",
    "CompleteEnrolment",
    "CourseClosed",
    "CoursePosition",
    "CourseReopened",
    "CreditsBook",
    "Crossing",
    "DeactivateManager",
    "Deallocate",
    "Deallocated",
    "Debt",
    "Due",
    "EachInvited",
    "Enrol",
    "Enrolled",
    "Enrolment",
    "EnrolmentCompleted",
    "EnrolmentProgressed",
    "EnrolmentReversed",
    "EnrolmentState",
    "Expiring",
    "Forfeit",
    "Forfeited",
    "Gift",
    "Give",
    "Given",
    "Grant",
    "Granted",
    "Invite",
    "InviteAccepted",
    "InviteAll",
    "InviteCancelled",
    "InviteEach",
    "InviteSent",
    "InviteState",
    "InvitesSent",
    "Lapse",
    "LapseTerms",
    "Lapsed",
    "LearnerPosition",
    "ManagerDeactivated",
    "ManagerPosition",
    "ManagerReactivated",
    "MoveAllocation",
    "Notice",
    "Payment",
    "PaymentState",
    "PlanChange",
    "PlanChanged",
    "Purchase",
    "PurchaseForCourse",
    "Purchased",
    "ReactivateManager",
    "Recall",
    "Recalled",
    "Receivable",
    "RefusedRow",
    "Reinvite",
    "ReopenCourse",
    "Replenish",
    "Replenished",
    "Replenishment",
    "ReportProgress",
    "Resubscribe",
    "Resubscribed",
    "ReverseEnrolment",
    "Row",
    "RowVerdict",
    "SendInvite",
    "Sheet",
    "SheetRow",
    "StartEnrolment",
    "Subscribe",
    "Subscribed",
    "Subscription",
    "SubscriptionState",
    "Take",
    "Taken",
    "Topic",
    "WriteBack",
    "WriteOff",
    "WrittenBack",
    "WrittenOff",
    "active_enrolment",
    "address_digest",
    "check_promise",
    "check_standing",
    "course_position",
    "course_positions",
    "due",
    "expiring",
    "falls_below",
    "invite_at",
    "learner_position",
    "manager_positions",
    "notices_at",
    "read_sheet",
    "receivables",
    "run_due",
    "unissued",
]
