"""Choices about credits: refills, when a credit is spent, what can be undone, what a lapse does."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, final

import attrs

from unitledger.amounts import Credits
from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.values import Value

__all__ = [
    "ExpiredCredit",
    "GrantRounding",
    "HoldsAtLapse",
    "Moment",
    "PurchasedAtLapse",
    "Refill",
    "RefillMode",
    "Reissue",
    "Reversible",
    "Trigger",
    "Until",
    "Upgrade",
]


@final
class GrantRounding(StrEnum):
    """How a yearly number of credits becomes twelve monthly ones.

    Source: C38.
    """

    FLOOR = "floor"
    """Every month the yearly number over twelve, rounded down: 500 gives 41, 492 a year."""
    CUMULATIVE = "cumulative"
    """The running sum rounded down: 41, 42, 42 again and again, 500 a year."""
    CEIL = "ceil"
    """Every month rounded up: 500 gives 42, 504 a year."""


def _check_number(field: str, number: object, most: int | None) -> None:
    """Refuse a number where none belongs, none where one does, and one out of its range."""
    if most is None:
        if number is not None:
            raise InvalidValue(field, shown(number), "None: this choice has no number")
        return
    if type(number) is not int:
        raise InvalidType(field, shown(number), "int")
    if not 1 <= number <= most:
        raise InvalidValue(field, shown(number), f"1 to {most}")


@final
class Moment(StrEnum):
    """The moments in the life of an enrolment at which its credit can be spent, in order.

    Source: C24, C33.
    """

    INVITE_SENT = "invite_sent"
    """An invite is sent."""
    INVITE_ACCEPTED = "invite_accepted"
    """It is accepted, or an administrator enrols somebody."""
    ENROLLED = "enrolled"
    """An enrolment comes to be; before, nothing is taken."""
    STARTED = "started"
    """The learner starts."""
    PROGRESS = "progress"
    """The learner has come so far."""

    def __repr__(self) -> str:
        return f"Moment.{self.name}"


@final
@attrs.frozen
class Trigger(Value):
    """When an enrolment's credit is spent, and what holds it until then.

    =================== ============================== =======================================
    `Moment`            an open invite                 an enrolment
    =================== ============================== =======================================
    ``INVITE_SENT``     has spent it                   has spent it
    ``INVITE_ACCEPTED`` holds it                       has spent it
    ``ENROLLED``        takes nothing                  has spent it, taken when it came to be
    ``STARTED``         holds it                       holds it until the learner starts
    ``PROGRESS``        holds it                       holds it until the learner is so far
    =================== ============================== =======================================

    >>> Trigger.progress(10)
    Trigger(moment=Moment.PROGRESS, percent=10)

    Attributes:
        moment: The moment.
        percent: With ``PROGRESS`` how far, 1 to 100; else ``None``.

    Source: C24, C33.
    """

    moment: Moment
    percent: int | None = None

    INVITE_SENT: ClassVar[Trigger]
    INVITE_ACCEPTED: ClassVar[Trigger]
    ENROLLED: ClassVar[Trigger]
    STARTED: ClassVar[Trigger]

    def __attrs_post_init__(self) -> None:
        if type(self.moment) is not Moment:
            raise InvalidType("moment", shown(self.moment), "Moment")
        _check_number("percent", self.percent, 100 if self.moment is Moment.PROGRESS else None)

    @classmethod
    def progress(cls, percent: int) -> Trigger:
        """Spent when the learner has come so far, in percent."""
        return cls(Moment.PROGRESS, percent)

    @property
    def after_enrolment(self) -> bool:
        """Whether a new enrolment only holds its credit."""
        return self.moment in (Moment.STARTED, Moment.PROGRESS)

    def met(self, progress: int) -> bool:
        """Whether the credit of a learner who has come so far, in percent, is spent."""
        return self.percent is None or progress >= self.percent


Trigger.INVITE_SENT = Trigger(Moment.INVITE_SENT)
Trigger.INVITE_ACCEPTED = Trigger(Moment.INVITE_ACCEPTED)
Trigger.ENROLLED = Trigger(Moment.ENROLLED)
Trigger.STARTED = Trigger(Moment.STARTED)


@final
class Until(StrEnum):
    """What ends the time in which an enrolment can be undone.

    Source: C57.
    """

    NEVER = "never"
    """An enrolment is final at once."""
    STARTED = "started"
    """The learner starts."""
    PROGRESS = "progress"
    """The learner has come so far."""
    DAYS = "days"
    """So many days have passed since the enrolment, started or not."""

    def __repr__(self) -> str:
        return f"Until.{self.name}"


_MOST: dict[Until, int] = {Until.PROGRESS: 100, Until.DAYS: 36_500}


@final
@attrs.frozen
class Reversible(Value):
    """Until when an enrolment can be undone.

    >>> str(Reversible.days(14))
    'days 14'

    Attributes:
        until: ``NEVER`` is not at all, ``STARTED`` before the learner starts, ``PROGRESS`` before
            they are so far, ``DAYS`` so many days from the enrolment on, started or not.
        number: With ``PROGRESS`` the percent, 1 to 100; with ``DAYS`` how many, 1 to 36,500; else
            ``None``.

    Source: C57.
    """

    until: Until
    number: int | None = None

    NEVER: ClassVar[Reversible]
    STARTED: ClassVar[Reversible]

    def __attrs_post_init__(self) -> None:
        if type(self.until) is not Until:
            raise InvalidType("until", shown(self.until), "Until")
        _check_number("number", self.number, _MOST.get(self.until))

    def __str__(self) -> str:
        return self.until.value if self.number is None else f"{self.until.value} {self.number}"

    @classmethod
    def progress(cls, percent: int) -> Reversible:
        """Before the learner has come so far, in percent."""
        return cls(Until.PROGRESS, percent)

    @classmethod
    def days(cls, days: int) -> Reversible:
        """So many days of 24 hours from the enrolment on."""
        return cls(Until.DAYS, days)

    def admits(self, progress: int | None, age: timedelta) -> bool:
        """Whether an enrolment can be undone.

        Args:
            progress: How far the learner is, in percent; ``None`` is not started.
            age: How long they have been enrolled.
        """
        if self.until is Until.NEVER:
            return False
        if self.until is Until.DAYS:
            return age < timedelta(days=self.number or 0)
        return progress is None or (self.number is not None and progress < self.number)


Reversible.NEVER = Reversible(Until.NEVER)
Reversible.STARTED = Reversible(Until.STARTED)


@final
class Reissue(StrEnum):
    """What becomes of a credit that comes back to a lot which has expired meanwhile.

    Source: C59.
    """

    FORFEIT = "forfeit"
    """Nothing is given for it."""
    RESTORE = "restore"
    """A credit for so many days."""
    REISSUE = "reissue"
    """A credit that lives as long as the expired lot did, counted anew."""

    def __repr__(self) -> str:
        return f"Reissue.{self.name}"


@final
@attrs.frozen
class ExpiredCredit(Value):
    """What is given for a credit that comes back to a lot which has expired meanwhile.

    The credit itself always goes back to its lot and expires with it, to be seen in the same
    entry. What is given for it is a new lot in the same wallet.

    >>> ExpiredCredit.restore(30)
    ExpiredCredit(rule=Reissue.RESTORE, days=30)

    Attributes:
        rule: ``FORFEIT`` gives nothing; ``RESTORE`` a credit for so many days; ``REISSUE`` one that
            lives as long as the expired lot did, counted anew.
        days: With ``RESTORE`` how many, 1 to 36,500; else ``None``.

    Source: C59.
    """

    rule: Reissue
    days: int | None = None

    FORFEIT: ClassVar[ExpiredCredit]
    REISSUE: ClassVar[ExpiredCredit]

    def __attrs_post_init__(self) -> None:
        if type(self.rule) is not Reissue:
            raise InvalidType("rule", shown(self.rule), "Reissue")
        _check_number("days", self.days, 36_500 if self.rule is Reissue.RESTORE else None)

    @classmethod
    def restore(cls, days: int) -> ExpiredCredit:
        """A credit that can be spent for so many days of 24 hours."""
        return cls(Reissue.RESTORE, days)

    def life(self, whole: timedelta) -> timedelta | None:
        """How long what is given can be spent; ``None`` where nothing is given.

        Args:
            whole: How long the expired lot could be spent altogether.
        """
        if self.rule is Reissue.FORFEIT:
            return None
        return whole if self.days is None else timedelta(days=self.days)


ExpiredCredit.FORFEIT = ExpiredCredit(Reissue.FORFEIT)
ExpiredCredit.REISSUE = ExpiredCredit(Reissue.REISSUE)


@final
class RefillMode(StrEnum):
    """What a renewal does with what is left of the credits that came with a subscription.

    Source: C41.
    """

    ADD = "add"
    """The new credits are added, and what is left stays for ever."""
    RESET_TO = "reset_to"
    """Every period brings one number of credits, which ends when the next period is due."""
    ADD_CAPPED = "add_capped"
    """The new credits are added up to a limit; the oldest beyond it end on that renewal."""
    EXPIRE_PERIOD = "expire_period"
    """Every period's credits end when the next period is due; bought ones stay."""

    def __repr__(self) -> str:
        return f"RefillMode.{self.name}"


@final
@attrs.frozen
class Refill(Value):
    """How a renewal refills the pool.

    Attributes:
        mode: What becomes of the credits that are left.
        credits: The number of ``RESET_TO``, the limit of ``ADD_CAPPED``; else ``None``.

    Source: C41.
    """

    mode: RefillMode = RefillMode.ADD
    credits: Credits | None = None

    def __attrs_post_init__(self) -> None:
        if type(self.mode) is not RefillMode:
            raise InvalidType("mode", shown(self.mode), "RefillMode")
        if self.credits is not None and type(self.credits) is not Credits:
            raise InvalidType("credits", shown(self.credits), "Credits")
        numbered = self.mode in (RefillMode.RESET_TO, RefillMode.ADD_CAPPED)
        zero = self.credits is not None and not self.credits
        if zero or numbered != (self.credits is not None):
            expected = "more than zero for reset_to and add_capped, else None"
            raise InvalidValue("credits", shown(self.credits), expected)


@final
class Upgrade(StrEnum):
    """What a larger plan brings for the period that has begun; a smaller one takes nothing back.

    Source: C50, C51.
    """

    IMMEDIATE = "immediate"
    """The whole difference of the period at once."""
    PRORATED = "prorated"
    """The exact share of the difference that the rest of the period is."""
    NEXT_PERIOD = "next_period"
    """Nothing before the next renewal."""

    def __repr__(self) -> str:
        return f"Upgrade.{self.name}"


@final
class PurchasedAtLapse(StrEnum):
    """What becomes of bought credits when the last subscription in force lapses for good.

    Source: C43.
    """

    KEEP = "keep"
    """They stay, and can be used again under another subscription."""
    FORFEIT = "forfeit"
    """They are forfeited with the granted ones."""

    def __repr__(self) -> str:
        return f"PurchasedAtLapse.{self.name}"


@final
class HoldsAtLapse(StrEnum):
    """What becomes of the credits that open invites hold when a subscription lapses.

    Source: C45.
    """

    HONOUR = "honour"
    """The invites can still be accepted: they were promised."""
    RELEASE_THEN_FORFEIT = "release_then_forfeit"
    """They cannot be accepted meanwhile, and are cancelled when the credits are forfeited."""

    def __repr__(self) -> str:
        return f"HoldsAtLapse.{self.name}"
