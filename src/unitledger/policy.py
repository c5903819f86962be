"""The policy: every knob of the rules as one frozen object of named values with defaults.

The word means nothing else here. A ledger has one policy; to try other rules, make another value
and replay.

>>> Policy().burn_order == FEFO_LARGEST
True
>>> Policy(pool_fallback=False).pool_fallback
False
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, TypeVar, final

import attrs

from unitledger.amounts import Credits, Rate, Units
from unitledger.buckets import AllocationScope
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, shown
from unitledger.ids import check_id
from unitledger.orders import FEFO_LARGEST, FIFO, BurnOrder
from unitledger.time import check_zone
from unitledger.values import Value

__all__ = [
    "MAX_CODES",
    "MAX_PREFERENCES",
    "BelowAssigned",
    "BulkDiscount",
    "CatchUp",
    "CodeStorage",
    "Criteria",
    "DebitAt",
    "ExpiredCredit",
    "ExpiredSource",
    "ExpiryBoundary",
    "FormerDistributors",
    "GrantRounding",
    "GuardBoundary",
    "HeldAtExpiry",
    "HoldsAtLapse",
    "KeyCodeAudience",
    "LastCycle",
    "LeapDay",
    "MembershipAt",
    "Moment",
    "MoneyRule",
    "MovedQuote",
    "OnCancel",
    "PaymentMethod",
    "PaymentPreference",
    "Policy",
    "Preferences",
    "PurchasedAtLapse",
    "RawValue",
    "RecurrenceAnchor",
    "Refill",
    "RefillMode",
    "RefundMode",
    "RefundTerm",
    "Refunds",
    "Reissue",
    "Reversible",
    "Rounding",
    "SessionOrder",
    "SessionScope",
    "SharePaid",
    "Tender",
    "TrainingType",
    "Trigger",
    "UndatedRank",
    "UnitMethod",
    "Until",
    "Upgrade",
]

MAX_CODES = 10
"""How many key codes a policy may let pay for one order."""
MAX_PREFERENCES = 1000
"""How many preferences a policy, and how many names a set of criteria may have."""

_Said = TypeVar("_Said")


@final
class Tender(StrEnum):
    """What may pay for an order.

    Source: X-01, TU-172 to TU-176.
    """

    UNITS_ONLY = "units_only"
    """Key code first, then the buyer's own units; no money."""
    STRICT_ONE_METHOD = "strict_one_method"
    """The key code or the buyer's own units, whichever was offered, and nothing beside it."""
    ALLOW_REMAINDER = "allow_remainder"
    """As units only, and what is still missing is asked of a card or a bill."""


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


@final
class PaymentMethod(StrEnum):
    """What pays for what training units do not, and for training units that are bought.

    Source: TU-172, TU-211, TU-276.
    """

    CARD = "card"
    """A card, charged by the host."""
    BILL = "bill"
    """A bill that is requested."""
    PAYPAL = "paypal"
    """An outside account; never for buying training units."""
    COST_CENTRE = "cost_centre"
    """A cost centre of the buyer's company."""
    CUSTOM = "custom"
    """A payment type of the host's own; reports show it as a cost centre."""

    def __repr__(self) -> str:
        return f"PaymentMethod.{self.name}"


@final
class Rounding(StrEnum):
    """How an exact number becomes a whole number of smallest parts, once.

    Source: TU-240, TU-177.
    """

    FLOOR = "floor"
    """Down."""
    CEILING = "ceiling"
    """Up."""
    HALF_UP = "half_up"
    """To the nearest; a half goes up."""
    HALF_EVEN = "half_even"
    """To the nearest; a half goes to the even one."""

    def whole(self, number: Fraction) -> int:
        """The whole number that an exact one of zero or more is rounded to.

        >>> [rule.whole(Fraction(5, 2)) for rule in Rounding]
        [2, 3, 3, 2]
        """
        floor, rest = divmod(number.numerator, number.denominator)
        if self is Rounding.FLOOR or not rest:
            return floor
        if self is Rounding.CEILING:
            return floor + 1
        twice = 2 * rest - number.denominator
        up = twice > 0 or (twice == 0 and (self is Rounding.HALF_UP or floor % 2 == 1))
        return floor + up

    def __repr__(self) -> str:
        return f"Rounding.{self.name}"


@final
@attrs.frozen
class MoneyRule(Value):
    """How an exact sum of money becomes one that can be charged.

    Attributes:
        decimals: How many decimals the currency has, 0 to 6.
        rounding: What becomes of further ones.

    Source: TU-177.
    """

    decimals: int = 2
    rounding: Rounding = Rounding.HALF_UP

    def __attrs_post_init__(self) -> None:
        if type(self.decimals) is not int:
            raise InvalidType("decimals", shown(self.decimals), "int")
        if not 0 <= self.decimals <= 6:
            raise InvalidValue("decimals", shown(self.decimals), "0 to 6")
        if type(self.rounding) is not Rounding:
            raise InvalidType("rounding", shown(self.rounding), "Rounding")

    def charge(self, money: Fraction) -> Fraction:
        """The sum to charge for an exact sum of zero or more.

        >>> MoneyRule().charge(Fraction(2, 3))
        Fraction(67, 100)
        """
        places = 10**self.decimals
        return Fraction(self.rounding.whole(money * places), places)


@final
class DebitAt(StrEnum):
    """When an order for training that needs approval takes its units.

    Source: X-20.
    """

    PLACEMENT = "placement"
    """When it is placed; a denial gives them back."""
    HOLD_THEN_CAPTURE = "hold_then_capture"
    """They are held when it is placed, captured by the approval and released by a denial."""

    def __repr__(self) -> str:
        return f"DebitAt.{self.name}"


@final
class HeldAtExpiry(StrEnum):
    """What becomes of units that an order holds when their lot ends before the approval.

    Source: X-20.
    """

    PINNED = "pinned"
    """They outlive their lot: what was promised can be captured."""
    STRICT = "strict"
    """They end with it: they can no longer be captured, only released."""

    def __repr__(self) -> str:
        return f"HeldAtExpiry.{self.name}"


@final
class MovedQuote(StrEnum):
    """What becomes of an order whose lots moved after its quote, when it costs the same.

    Source: TU-179.
    """

    REPLAN = "replan"
    """It is paid from the lots that are there now."""
    REFUSE = "refuse"
    """It is refused whole, and may be quoted again."""

    def __repr__(self) -> str:
        return f"MovedQuote.{self.name}"


@final
class RefundMode(StrEnum):
    """What a withdrawal gives back.

    Source: X-04, TU-230 to TU-232.
    """

    NONE = "none"
    """Nothing, whatever was bought."""
    NONE_FOR_SESSIONS = "none_for_sessions"
    """Nothing for a session, which has a start; everything for anything else."""
    TERMS = "terms"
    """The percentage of the term that is met."""
    FULL = "full"
    """Everything."""

    def __repr__(self) -> str:
        return f"RefundMode.{self.name}"


@final
@attrs.frozen
class RefundTerm(Value):
    """So much comes back to whoever withdraws so early.

    Attributes:
        days_before: How many days of 24 hours before the start, at least; 0 is up to the start.
        percent: How much of the debit comes back, 0 to 100.

    Source: TU-231, TU-232.
    """

    days_before: int
    percent: int

    def __attrs_post_init__(self) -> None:
        for name, most in (("days_before", 36_500), ("percent", 100)):
            value = getattr(self, name)
            if type(value) is not int:
                raise InvalidType(name, shown(value), "int")
            if not 0 <= value <= most:
                raise InvalidValue(name, shown(value), f"0 to {most}")


@final
@attrs.frozen
class Refunds(Value):
    """What a withdrawal gives back.

    Attributes:
        mode: Nothing, nothing for sessions, by terms, or everything.
        terms: For ``TERMS`` at least one, no two for the same number of days.

    Source: X-04.
    """

    mode: RefundMode = RefundMode.NONE_FOR_SESSIONS
    terms: tuple[RefundTerm, ...] = ()

    def __attrs_post_init__(self) -> None:
        if type(self.mode) is not RefundMode:
            raise InvalidType("mode", shown(self.mode), "RefundMode")
        if type(self.terms) is not tuple or set(map(type, self.terms)) - {RefundTerm}:
            raise InvalidType("terms", shown(self.terms), "a tuple of RefundTerm")
        if (self.mode is RefundMode.TERMS) != bool(self.terms):
            raise InvalidValue("terms", f"{len(self.terms)} terms", "some for TERMS, else none")
        if len({term.days_before for term in self.terms}) != len(self.terms):
            raise InvalidValue("terms", "two for the same days", "one for a number of days")

    @classmethod
    def by_terms(cls, *terms: tuple[int, int]) -> Refunds:
        """Refunds by terms, each as days before the start and percent.

        >>> Refunds.by_terms((0, 100)).terms
        (RefundTerm(days_before=0, percent=100),)
        """
        return cls(RefundMode.TERMS, tuple([RefundTerm(*term) for term in terms]))


@final
class ExpiredSource(StrEnum):
    """Where a refund goes when the lot that paid has ended.

    Source: TU-239.
    """

    RETURN_AND_LAPSE = "return_and_lapse"
    """Into that lot, where it lapses at once; an edit of the expiry brings it back."""
    REISSUE = "reissue"
    """Into a new lot that never ends."""
    EXTEND = "extend"
    """Into a new lot that ends the policy's ``extend_days`` after the refund."""

    def __repr__(self) -> str:
        return f"ExpiredSource.{self.name}"


@final
@attrs.frozen
class BulkDiscount(Value):
    """So much off the money price of training units when so many are bought at once.

    Attributes:
        units: From how many units on.
        percent: How much off, 1 to 100.

    Source: TU-212.
    """

    units: Units
    percent: int

    def __attrs_post_init__(self) -> None:
        if type(self.units) is not Units:
            raise InvalidType("units", shown(self.units), "Units")
        if type(self.percent) is not int:
            raise InvalidType("percent", shown(self.percent), "int")
        if not self.units or not 1 <= self.percent <= 100:
            raise InvalidValue("discount", "nothing", "units above zero and 1 to 100 percent")


@final
class RawValue(StrEnum):
    """What the redemption report takes redeemed units to be worth.

    Source: X-22.
    """

    PRICE_PAID = "price_paid"
    """What was paid for them, weighted over the lots that were used."""
    UNIT_VALUE = "unit_value"
    """What the policy says a unit is worth now."""

    def __repr__(self) -> str:
        return f"RawValue.{self.name}"


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


@final
class UnitMethod(StrEnum):
    """A way to pay with training units, as a checkout offers it.

    Source: TU-002, TU-003, TU-182.
    """

    ACCOUNT = "account"
    """The buyer's own units, bought or distributed."""
    KEY_CODE = "key_code"
    """The units behind a key code."""

    def __repr__(self) -> str:
        return f"UnitMethod.{self.name}"


@final
@attrs.frozen
class PaymentPreference(Value):
    """Which ways to pay with units are offered in an organizational unit and below it.

    Attributes:
        methods: The ways; empty offers none.
        ou: The organizational unit; ``None`` is everybody for whom nothing nearer is said.

    Source: TU-002, TU-003.
    """

    methods: frozenset[UnitMethod]
    ou: str | None = None

    def __attrs_post_init__(self) -> None:
        if type(self.methods) is not frozenset or set(map(type, self.methods)) - {UnitMethod}:
            raise InvalidType("methods", shown(self.methods), "a frozenset of UnitMethod")
        if self.ou is not None:
            check_id(self.ou, "ou")


_NONE = Credits.of(0)
_REMAINDER = frozenset({PaymentMethod.CARD, PaymentMethod.BILL})


@final
class TrainingType(StrEnum):
    """What kind of training an item is.

    Source: TU-129, TU-152.
    """

    COURSE = "course"
    SESSION = "session"
    EVENT = "event"
    CURRICULUM = "curriculum"
    TEST = "test"
    MATERIAL = "material"
    PROGRAM = "program"
    """Has no price in units, and cannot be paid with them."""
    VIDEO = "video"
    """Has no price in units, and cannot be paid with them."""

    def __repr__(self) -> str:
        return f"TrainingType.{self.name}"


@final
@attrs.frozen
class Criteria(Value):
    """Which training may be paid with units; an empty set leaves that side open.

    Attributes:
        types: Only training of these types.
        providers: Only training of these providers.
        subjects: Only training with at least one of these subjects.

    Source: TU-151 to TU-154.
    """

    types: frozenset[TrainingType] = frozenset()
    providers: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        if type(self.types) is not frozenset or set(map(type, self.types)) - {TrainingType}:
            raise InvalidType("types", shown(self.types), "a frozenset of TrainingType")
        for name in ("providers", "subjects"):
            value = getattr(self, name)
            if type(value) is not frozenset:
                raise InvalidType(name, shown(value), "frozenset")
            if len(value) > MAX_PREFERENCES:
                raise LimitExceeded(name, str(len(value)), MAX_PREFERENCES)
            for one in value:
                check_id(one, name)

    def refusal(
        self, kind: TrainingType | None, provider: str | None, subjects: frozenset[str]
    ) -> str | None:
        """Why such training may not be paid with units; ``None`` when it may.

        Every side that is restricted must agree, and one member of it is enough.

        Args:
            kind: Its type, as far as anybody said.
            provider: Its provider.
            subjects: Its subjects.
        """
        if self.types and kind not in self.types:
            return "training of its type is not paid with units here"
        if self.providers and provider not in self.providers:
            return "training of its provider is not paid with units here"
        if self.subjects and self.subjects.isdisjoint(subjects):
            return "training of its subjects is not paid with units here"
        return None


@final
@attrs.frozen
class Preferences(Value):
    """What is otherwise in one organizational unit, or for prices in one currency.

    Whoever is in the unit or below it is meant, unless a nearer unit says something else. The
    session guard is not among them: it is set for all at once.

    Attributes:
        ou: The organizational unit; ``None`` is everybody.
        unit_value: What a unit is worth there; ``None`` leaves that to the next one above.
        currency: The currency of ``unit_value``; ``None`` is the one that prices have when they
            do not say.
        criteria: Which training may be paid with units there; ``None`` leaves that to the next
            one above.

    Source: TU-155, TU-161, TU-293.
    """

    ou: str | None = None
    unit_value: Rate | None = None
    currency: str | None = None
    criteria: Criteria | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("ou", "currency"):
            value = getattr(self, name)
            if value is not None:
                check_id(value, name)
        for name, kind in (("unit_value", Rate), ("criteria", Criteria)):
            value = getattr(self, name)
            if value is not None and type(value) is not kind:
                raise InvalidType(name, shown(value), kind.__name__)
        if self.unit_value is None and self.criteria is None:
            raise InvalidValue("preferences", "without a say", "a unit_value or criteria")


@final
class GuardBoundary(StrEnum):
    """Whether units may pay for a session that begins on the last day they can be used.

    Source: TU-159, X-03.
    """

    SAME_DAY_OK = "same_day_ok"
    """They may."""
    STRICTLY_AFTER = "strictly_after"
    """They may not; they must be usable on the day after it begins."""

    def __repr__(self) -> str:
        return f"GuardBoundary.{self.name}"


@final
class SessionOrder(StrEnum):
    """Which of the lots that last long enough pay for a session, when the guard is on.

    Source: TU-197, X-02.
    """

    LATEST_EXPIRY = "latest_expiry"
    """The furthest expiry first."""
    FEFO_ELIGIBLE = "fefo_eligible"
    """In the policy's burn order, by which the least is wasted."""

    def __repr__(self) -> str:
        return f"SessionOrder.{self.name}"


@final
class SessionScope(StrEnum):
    """What the session order orders, when a cart has sessions and other items.

    Source: TU-199.
    """

    TRANSACTION = "transaction"
    """The lots of the whole cart."""
    SESSION_ITEMS = "session_items"
    """The lots of its sessions; the other items follow in the policy's burn order."""

    def __repr__(self) -> str:
        return f"SessionScope.{self.name}"


@final
class UndatedRank(StrEnum):
    """Where lots that never expire stand when the furthest expiry comes first.

    Source: X-16.
    """

    LAST = "last"
    """Behind all that expire."""
    FIRST = "first"
    """Before all that expire: never is the furthest."""

    def __repr__(self) -> str:
        return f"UndatedRank.{self.name}"


@final
class SharePaid(StrEnum):
    """What units pay when a cost centre bears a share of an item.

    Source: TU-138, X-21.
    """

    FULL_PRICE = "full_price"
    """The full price, whoever bears it."""
    USER_SHARE = "user_share"
    """The user's share of the price, rounded up after the share was taken."""

    def __repr__(self) -> str:
        return f"SharePaid.{self.name}"


@final
class KeyCodeAudience(StrEnum):
    """Who may pay with a key code.

    Source: X-19.
    """

    ENFORCED = "enforced"
    """Those whom the code and its lots are for."""
    ANYONE = "anyone"
    """Whoever has the code."""

    def __repr__(self) -> str:
        return f"KeyCodeAudience.{self.name}"


@final
class CodeStorage(StrEnum):
    """Whether a key code can ever be read again.

    Source: TU-113.
    """

    DIGEST = "digest"
    """Never: a lost code is replaced by another one."""
    HOST_ENCRYPTED = "host_encrypted"
    """By the host, which encrypts it and leaves the encrypted text with the code."""

    def __repr__(self) -> str:
        return f"CodeStorage.{self.name}"


@final
@attrs.frozen(kw_only=True)
class Policy(Value):
    """Named values with defaults; what each one changes stands beside it.

    Attributes:
        pool_fallback: Whether an enrolment whose course has no credit left is paid from the pool
            (C10).
        grant_rounding: How a yearly number of credits is spread over months (C38).
        invite_days: After how many days an open invite releases its credit; ``None`` keeps it
            held for ever (C29).
        consumed_at: When an enrolment's credit is spent, and what holds it until then (C24, C33).
        learner_cap: How many enrolments, active or completed, one learner may have; zero is none,
            ``None`` is no limit, and one that is reversed does not count (C2, C57).
        reversible_until: Until when an enrolment can be undone (C57).
        expired_credit: What is given for a credit whose lot has expired when it comes back (C59).
        refill: What a renewal does with what is left of the credits granted before (C41).
        upgrade: What a larger plan brings for the period that has begun (C50).
        lapse_grace_days: How many days after a lapse a subscription can be restored; then its
            granted credits are forfeited (C43, C44).
        purchased_at_lapse: Whether bought credits are forfeited with them (C43).
        holds_at_lapse: Whether open invites can be accepted after a lapse (C45).
        overdraft: How many credits a course may owe for enrolments made ahead (C56).
        low_balance: Below which balance of the pool, a course or a manager there is a notice;
            ``None`` is no notice (C53).
        top_up_below: Below which balance of the pool a top-up is asked for; ``None`` is never
            (C46).
        burn_order: Which lots pay (TU-190 to TU-195).
        move_order: Which lots are allocated, granted, given, taken back or distributed.
        allocation_scope: Whether lots are ranked once per order or after each item (X-14).
        tender: What may pay for an order (X-01).
        unit_value: What one unit is worth in money, for converting prices and for a remainder in
            money; ``None`` is not set (TU-125, TU-177).
        remainder_methods: What may pay what units do not, where the tender allows it (X-01).
        money_rule: How an exact sum of money becomes one that can be charged (TU-177).
        currency: The currency of ``unit_value``; ``None`` is not set, and no units are sold.
        code_tops_up: Whether a key code may pay what the buyer's own units do not (TU-184).
        moved_quote: Whether an order is refused whose lots moved after its quote (TU-179).
        debit_at: When an order that needs approval takes its units (X-20).
        approval_days: After how many days units held for an approval go back; ``None`` is never.
        held_at_expiry: Whether units held for an approval outlive their lot (X-20).
        refund: What a withdrawal gives back (X-04, TU-230 to TU-232).
        refund_rounding: How a percentage of a debit is rounded (TU-240).
        expired_source: Where a refund goes when the lot that paid has ended (TU-239).
        extend_days: How long units refunded under ``EXTEND`` can be used (TU-239).
        bulk_discounts: What comes off the price of units when many are bought (TU-212).
        coupon_on_unit_purchase: Whether a coupon may be used to buy units (X-05, TU-214).
        freeze_after_draw: Whether end and total of a lot of training units are fixed as soon as
            some of it has left its home or was spent (the preset ``prepaid_pool``).
        raw_value: What the redemption report takes redeemed units to be worth (X-22).
        preferences: What is otherwise in some organizational units and currencies (TU-155).
        criteria: Which training may be paid with units (TU-151 to TU-154).
        share_paid: What units pay when a cost centre bears a share of an item (TU-138, X-21).
        session_guard: Whether units that end before a session begins cannot pay for it (TU-157).
        guard_boundary: Whether the day on which the session begins may be their last (X-03).
        session_order: Which lots pay for a session while the guard is on (X-02).
        session_scope: Whether that order holds for the rest of the cart too (TU-199).
        undated_rank: Where lots that never expire stand in it (X-16).
        key_code_audience: Whether key codes have an audience at all (X-19).
        key_code_purchase: Whether units can be bought behind a key code (X-06).
        contact_may_edit: Whether a contact of a key code may change its contacts, details and
            comments (X-09).
        max_codes_per_order: How many key codes may pay for one order (TU-114).
        per_user_cap: How much one user may have spent by one key code; ``None`` is no cap
            (TU-112).
        code_storage: Whether a host may leave the encrypted text of a code with it (TU-113).
        training_units: Whether the portal has training units at all (TU-001).
        key_code_units: Whether it has key codes (TU-003).
        payment_preferences: Which ways to pay with units are offered in which organizational
            unit; the nearest one counts (TU-002, TU-003).
        recurrence_anchor: What a relative schedule counts from (TU-047).
        leap_day: When a yearly 29 February comes in a common year (TU-045).
        catch_up: Which missed firings are made up for after a cancellation (TU-050).
        on_cancel: What becomes of the units of a cancelled assignment (X-18).
        last_cycle: When its last units end that were to end with the next firing (TU-063).
        cancel_scheduled: Whether an assignment can be cancelled before it has fired.
        expiry_boundary: Whether units can be used on the day their expiry names (TU-070).
        membership_at: When a user must be in the audience (TU-034).
        former_distributors: What distributors may do who are no longer named (TU-089).
        claw_back: Whether a distributor may take unspent units back.
        below_assigned: What a total does that is less than was handed out (TU-253).
        expiry_notice_days: How many days before units end there is a notice (TU-262).
        allow_self: Whether a distributor may distribute to themselves (TU-093).
        zone: The IANA zone in which dates are meant (TU-070, TU-291).
    """

    pool_fallback: bool = True
    grant_rounding: GrantRounding = GrantRounding.FLOOR
    invite_days: int | None = None
    consumed_at: Trigger = Trigger.INVITE_ACCEPTED
    learner_cap: int | None = None
    reversible_until: Reversible = Reversible.STARTED
    expired_credit: ExpiredCredit = ExpiredCredit.FORFEIT
    refill: Refill = Refill()
    upgrade: Upgrade = Upgrade.IMMEDIATE
    lapse_grace_days: int = 0
    purchased_at_lapse: PurchasedAtLapse = PurchasedAtLapse.KEEP
    holds_at_lapse: HoldsAtLapse = HoldsAtLapse.HONOUR
    overdraft: Credits = _NONE
    low_balance: Credits | None = None
    top_up_below: Credits | None = None
    burn_order: BurnOrder = FEFO_LARGEST
    move_order: BurnOrder = FEFO_LARGEST
    allocation_scope: AllocationScope = AllocationScope.ORDER
    tender: Tender = Tender.UNITS_ONLY
    unit_value: Rate | None = None
    remainder_methods: frozenset[PaymentMethod] = _REMAINDER
    money_rule: MoneyRule = MoneyRule()
    currency: str | None = None
    code_tops_up: bool = False
    moved_quote: MovedQuote = MovedQuote.REPLAN
    debit_at: DebitAt = DebitAt.PLACEMENT
    approval_days: int | None = None
    held_at_expiry: HeldAtExpiry = HeldAtExpiry.PINNED
    refund: Refunds = Refunds()
    refund_rounding: Rounding = Rounding.FLOOR
    expired_source: ExpiredSource = ExpiredSource.RETURN_AND_LAPSE
    extend_days: int = 30
    bulk_discounts: tuple[BulkDiscount, ...] = ()
    coupon_on_unit_purchase: bool = False
    freeze_after_draw: bool = False
    raw_value: RawValue = RawValue.PRICE_PAID
    preferences: tuple[Preferences, ...] = ()
    criteria: Criteria = Criteria()
    share_paid: SharePaid = SharePaid.FULL_PRICE
    session_guard: bool = False
    guard_boundary: GuardBoundary = GuardBoundary.SAME_DAY_OK
    session_order: SessionOrder = SessionOrder.LATEST_EXPIRY
    session_scope: SessionScope = SessionScope.TRANSACTION
    undated_rank: UndatedRank = UndatedRank.LAST
    key_code_audience: KeyCodeAudience = KeyCodeAudience.ENFORCED
    key_code_purchase: bool = False
    contact_may_edit: bool = False
    max_codes_per_order: int = 1
    per_user_cap: Units | None = None
    code_storage: CodeStorage = CodeStorage.DIGEST
    training_units: bool = False
    key_code_units: bool = False
    payment_preferences: tuple[PaymentPreference, ...] = ()
    recurrence_anchor: RecurrenceAnchor = RecurrenceAnchor.CHAINED
    leap_day: LeapDay = LeapDay.FEB_28
    catch_up: CatchUp = CatchUp.SKIP
    on_cancel: OnCancel = OnCancel.KEEP_LOTS
    last_cycle: LastCycle = LastCycle.KEEP
    cancel_scheduled: bool = True
    expiry_boundary: ExpiryBoundary = ExpiryBoundary.INCLUSIVE
    membership_at: MembershipAt = MembershipAt.USE
    former_distributors: FormerDistributors = FormerDistributors.REVOKE
    claw_back: bool = False
    below_assigned: BelowAssigned = BelowAssigned.REJECT
    expiry_notice_days: int = 7
    allow_self: bool = True
    zone: str = "UTC"

    def __attrs_post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if type(value) is not kind and not (value is None and name in _OPTIONAL):
                raise InvalidType(name, shown(value), kind.__name__)
        if self.invite_days is not None and not 1 <= self.invite_days <= 36_500:
            raise InvalidValue("invite_days", shown(self.invite_days), "1 to 36500, or None")
        if self.learner_cap is not None and not 0 <= self.learner_cap <= 1_000_000:
            raise InvalidValue("learner_cap", shown(self.learner_cap), "0 to 1000000, or None")
        if not 0 <= self.lapse_grace_days <= 36_500:
            raise InvalidValue("lapse_grace_days", shown(self.lapse_grace_days), "0 to 36500")
        self._check_training()
        self._check_assignments()
        check_zone(self.zone)

    def _check_assignments(self) -> None:
        """Refuse preferences that contradict each other, and notices that come never."""
        if set(map(type, self.payment_preferences)) - {PaymentPreference}:
            raise InvalidType("payment_preferences", "something else", "PaymentPreference values")
        if len({one.ou for one in self.payment_preferences}) != len(self.payment_preferences):
            expected = "one preference per organizational unit"
            raise InvalidValue("payment_preferences", "a unit twice", expected)
        if not 1 <= self.expiry_notice_days <= 36_500:
            raise InvalidValue("expiry_notice_days", shown(self.expiry_notice_days), "1 to 36500")

    def _check_training(self) -> None:
        """Refuse payments, days and discounts that mean nothing."""
        if set(map(type, self.remainder_methods)) - {PaymentMethod}:
            raise InvalidType("remainder_methods", "something else", "a frozenset of PaymentMethod")
        if self.currency is not None:
            check_id(self.currency, "currency")
        if self.approval_days is not None and not 1 <= self.approval_days <= 36_500:
            raise InvalidValue("approval_days", shown(self.approval_days), "1 to 36500, or None")
        if not 1 <= self.extend_days <= 36_500:
            raise InvalidValue("extend_days", shown(self.extend_days), "1 to 36500")
        if set(map(type, self.bulk_discounts)) - {BulkDiscount}:
            raise InvalidType("bulk_discounts", "something else", "a tuple of BulkDiscount")
        if not 1 <= self.max_codes_per_order <= MAX_CODES:
            expected = f"1 to {MAX_CODES}"
            raise InvalidValue("max_codes_per_order", shown(self.max_codes_per_order), expected)
        self._check_preferences()

    def _check_preferences(self) -> None:
        if set(map(type, self.preferences)) - {Preferences}:
            raise InvalidType("preferences", shown(self.preferences), "a tuple of Preferences")
        if len(self.preferences) > MAX_PREFERENCES:
            raise LimitExceeded("preferences", str(len(self.preferences)), MAX_PREFERENCES)
        about = {(one.ou, one.currency or self.currency) for one in self.preferences}
        selective = [one.ou for one in self.preferences if one.criteria is not None]
        if len(about) != len(self.preferences) or len(set(selective)) != len(selective):
            expected = "one per unit and currency, with criteria in one of a unit's"
            raise InvalidValue("preferences", "one twice", expected)

    def worth(self, currency: str | None, ous: Sequence[str] = ()) -> Rate | None:
        """What a unit is worth in a currency; ``None`` when nobody says.

        Args:
            currency: The currency of a price; ``None`` when it does not say.
            ous: The organizational units of whoever pays, the nearest first.

        Source: TU-137, TU-155, TU-293.
        """
        currency = currency or self.currency
        rates = {
            one.ou: one.unit_value
            for one in self.preferences
            if (one.currency or self.currency) == currency
        }
        rate = _nearest(rates, ous)
        return self.unit_value if rate is None and currency == self.currency else rate

    def criteria_of(self, ous: Sequence[str] = ()) -> Criteria:
        """Which training may be paid with units in some organizational units, the nearest first.

        Source: TU-155.
        """
        said = {one.ou: one.criteria for one in self.preferences if one.criteria is not None}
        return _nearest(said, ous) or self.criteria

    @classmethod
    def strict_overview(cls) -> Policy:
        """The seed's overview to the letter: one method pays the whole order, nothing comes back.

        Source: X-01, X-04.
        """
        return cls(tender=Tender.STRICT_ONE_METHOD, refund=Refunds(RefundMode.NONE))

    @classmethod
    def vendor_checkout(cls, *, session_guard: bool = False) -> Policy:
        """The seed's key-code workflow: what is missing may be paid by card or bill.

        Args:
            session_guard: Whether units that end before a session begins cannot pay for it; when
                it is on, those that end last pay first.

        Source: X-01, X-02, TU-175.
        """
        return cls(
            tender=Tender.ALLOW_REMAINDER,
            session_guard=session_guard,
            session_order=SessionOrder.LATEST_EXPIRY,
        )

    @classmethod
    def club_tenant(cls) -> Policy:
        """A club that sells key codes: the buyer's division uses them, and gives back in time.

        Source: X-04, X-06, X-14, TU-216, TU-232.
        """
        return cls(
            key_code_purchase=True,
            allocation_scope=AllocationScope.ITEM,
            refund=Refunds.by_terms((0, 100)),
        )

    @classmethod
    def prepaid_pool(cls) -> Policy:
        """Pools paid in advance: the first acquired pays first, and what was drawn on is fixed.

        A learner may draw on several of them for one order.

        Source: TU-114.
        """
        return cls(burn_order=FIFO, max_codes_per_order=MAX_CODES, freeze_after_draw=True)


_KINDS: dict[str, type] = {
    "pool_fallback": bool,
    "grant_rounding": GrantRounding,
    "invite_days": int,
    "consumed_at": Trigger,
    "learner_cap": int,
    "reversible_until": Reversible,
    "expired_credit": ExpiredCredit,
    "refill": Refill,
    "upgrade": Upgrade,
    "lapse_grace_days": int,
    "purchased_at_lapse": PurchasedAtLapse,
    "holds_at_lapse": HoldsAtLapse,
    "overdraft": Credits,
    "low_balance": Credits,
    "top_up_below": Credits,
    "burn_order": BurnOrder,
    "move_order": BurnOrder,
    "allocation_scope": AllocationScope,
    "tender": Tender,
    "unit_value": Rate,
    "remainder_methods": frozenset,
    "money_rule": MoneyRule,
    "currency": str,
    "code_tops_up": bool,
    "moved_quote": MovedQuote,
    "debit_at": DebitAt,
    "approval_days": int,
    "held_at_expiry": HeldAtExpiry,
    "refund": Refunds,
    "refund_rounding": Rounding,
    "expired_source": ExpiredSource,
    "extend_days": int,
    "bulk_discounts": tuple,
    "coupon_on_unit_purchase": bool,
    "freeze_after_draw": bool,
    "raw_value": RawValue,
    "preferences": tuple,
    "criteria": Criteria,
    "share_paid": SharePaid,
    "session_guard": bool,
    "guard_boundary": GuardBoundary,
    "session_order": SessionOrder,
    "session_scope": SessionScope,
    "undated_rank": UndatedRank,
    "key_code_audience": KeyCodeAudience,
    "key_code_purchase": bool,
    "contact_may_edit": bool,
    "max_codes_per_order": int,
    "per_user_cap": Units,
    "code_storage": CodeStorage,
    "training_units": bool,
    "key_code_units": bool,
    "payment_preferences": tuple,
    "recurrence_anchor": RecurrenceAnchor,
    "leap_day": LeapDay,
    "catch_up": CatchUp,
    "on_cancel": OnCancel,
    "last_cycle": LastCycle,
    "cancel_scheduled": bool,
    "expiry_boundary": ExpiryBoundary,
    "membership_at": MembershipAt,
    "former_distributors": FormerDistributors,
    "claw_back": bool,
    "below_assigned": BelowAssigned,
    "expiry_notice_days": int,
    "allow_self": bool,
    "zone": str,
}
_OPTIONAL = (
    "approval_days",
    "currency",
    "invite_days",
    "learner_cap",
    "low_balance",
    "per_user_cap",
    "top_up_below",
    "unit_value",
)


def _nearest(said: Mapping[str | None, _Said | None], ous: Sequence[str]) -> _Said | None:
    """What is said for the first of some units that anything is said for; then for everybody."""
    return next((one for ou in (*ous, None) if (one := said.get(ou)) is not None), None)
