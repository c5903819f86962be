"""Subscription credits: one room of the house, from a renewal to an enrolment.

    subscriptions   credits come into the pool
    pool            from the pool to a course, and back
    managers        from a course to one of its managers
    invites         held for somebody a manager invites, spent when they accept
    enrolments      spent on a learner in a course, and given back

Each module has the records of its noun, the commands that change them, and a read or two.
"""

from __future__ import annotations

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
from unitledger.credits.managers import Grant, Granted
from unitledger.credits.pool import Allocate, Allocated, Deallocate, Deallocated
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
    "Allocate",
    "Allocated",
    "CancelInvite",
    "CompleteEnrolment",
    "Deallocate",
    "Deallocated",
    "Enrol",
    "Enrolled",
    "Enrolment",
    "EnrolmentCompleted",
    "EnrolmentReversed",
    "EnrolmentState",
    "Grant",
    "Granted",
    "Invite",
    "InviteAccepted",
    "InviteCancelled",
    "InviteSent",
    "InviteState",
    "Reinvite",
    "Replenish",
    "Replenished",
    "Replenishment",
    "ReverseEnrolment",
    "SendInvite",
    "Subscribe",
    "Subscribed",
    "Subscription",
    "active_enrolment",
    "address_digest",
    "invite_at",
    "unissued",
]
