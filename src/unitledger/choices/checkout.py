"""Choices about orders: what may pay, when it is taken, what comes back, what units cost."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import final

import attrs

from unitledger.amounts import Units
from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.values import Value

__all__ = [
    "BulkDiscount",
    "DebitAt",
    "ExpiredSource",
    "HeldAtExpiry",
    "MoneyRule",
    "MovedQuote",
    "PaymentMethod",
    "RawValue",
    "RefundMode",
    "RefundTerm",
    "Refunds",
    "Rounding",
    "Tender",
]


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
