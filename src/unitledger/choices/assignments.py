"""Choices about assignments: schedules, ends, cancellations, and who is meant when."""

from __future__ import annotations

from enum import StrEnum
from typing import final

__all__ = [
    "BelowAssigned",
    "CatchUp",
    "ExpiryBoundary",
    "FormerDistributors",
    "LastCycle",
    "LeapDay",
    "MembershipAt",
    "OnCancel",
    "RecurrenceAnchor",
]


@final
class RecurrenceAnchor(StrEnum):
    """What the next firing of a relative schedule is counted from; a yearly date has its own.

    Source: TU-047.
    """

    CHAINED = "chained"
    """The firing before: 31 January, 28 February, 28 March."""
    ANCHORED = "anchored"
    """The first firing: 31 January, 28 February, 31 March."""

    def __repr__(self) -> str:
        return f"RecurrenceAnchor.{self.name}"


@final
class LeapDay(StrEnum):
    """When a yearly 29 February comes in a year that has none.

    Source: TU-045.
    """

    FEB_28 = "feb_28"
    """On 28 February."""
    MAR_1 = "mar_1"
    """On 1 March."""
    SKIP = "skip"
    """Not in that year."""

    def __repr__(self) -> str:
        return f"LeapDay.{self.name}"


@final
class CatchUp(StrEnum):
    """Which firings an assignment that is active again makes up for.

    Source: TU-050.
    """

    SKIP = "skip"
    """None: it goes on with the next date to come."""
    LATEST = "latest"
    """The last one missed."""
    ALL = "all"
    """Every one missed."""

    def __repr__(self) -> str:
        return f"CatchUp.{self.name}"


@final
class OnCancel(StrEnum):
    """What becomes of the units that a cancelled assignment has issued.

    Source: X-18.
    """

    KEEP_LOTS = "keep_lots"
    """They stay as they are."""
    EXPIRE_UNSPENT = "expire_unspent"
    """What is not spent ends with the cancellation."""

    def __repr__(self) -> str:
        return f"OnCancel.{self.name}"


@final
class LastCycle(StrEnum):
    """When the last units of a cancelled assignment end that were to end with the next firing.

    Source: TU-063.
    """

    KEEP = "keep"
    """Never, unless it is active again."""
    EXPIRE = "expire"
    """When the next firing would have been."""

    def __repr__(self) -> str:
        return f"LastCycle.{self.name}"


@final
class ExpiryBoundary(StrEnum):
    """Whether units can be used on the day that their expiry names.

    Source: TU-070.
    """

    INCLUSIVE = "inclusive"
    """To the end of that day."""
    EXCLUSIVE = "exclusive"
    """To the end of the day before."""

    def __repr__(self) -> str:
        return f"ExpiryBoundary.{self.name}"


@final
class MembershipAt(StrEnum):
    """When somebody must be in the audience of the units handed out to them.

    Source: TU-034.
    """

    USE = "use"
    """When they are handed out."""
    ISSUE = "issue"
    """When they were issued."""

    def __repr__(self) -> str:
        return f"MembershipAt.{self.name}"


@final
class FormerDistributors(StrEnum):
    """What becomes of distributors whom an assignment no longer names.

    Source: TU-089.
    """

    REVOKE = "revoke"
    """They distribute nothing any more."""
    KEEP = "keep"
    """They may go on handing its units out."""

    def __repr__(self) -> str:
        return f"FormerDistributors.{self.name}"


@final
class BelowAssigned(StrEnum):
    """What a lower total does that is less than was handed out of a distribution.

    Source: TU-253.
    """

    REJECT = "reject"
    """It is refused."""
    CLAW_BACK = "claw_back"
    """What is missing is taken from those who have not spent it."""

    def __repr__(self) -> str:
        return f"BelowAssigned.{self.name}"
