"""The policy: every knob of the rules as one frozen object of named values with defaults.

The word means nothing else here. A ledger has one policy; to try other rules, make another value
and replay.

>>> Policy().burn_order == FEFO_LARGEST
True
>>> Policy(pool_fallback=False).pool_fallback
False
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import final

import attrs

from unitledger.amounts import Credits, Rate, Units
from unitledger.buckets import AllocationScope
from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.ids import check_id
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.time import check_zone
from unitledger.values import Value

__all__ = [
    "BulkDiscount",
    "DebitAt",
    "ExpiredSource",
    "GrantRounding",
    "HeldAtExpiry",
    "HoldsAtLapse",
    "MoneyRule",
    "MovedQuote",
    "PaymentMethod",
    "Policy",
    "PurchasedAtLapse",
    "RawValue",
    "Refill",
    "RefillMode",
    "RefundMode",
    "RefundTerm",
    "Refunds",
    "Rounding",
    "Tender",
    "Upgrade",
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


_NONE = Credits.of(0)
_REMAINDER = frozenset({PaymentMethod.CARD, PaymentMethod.BILL})


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
        raw_value: What the redemption report takes redeemed units to be worth (X-22).
        allow_self: Whether a distributor may distribute to themselves (TU-093).
        zone: The IANA zone in which dates are meant (TU-070, TU-291).
    """

    pool_fallback: bool = True
    grant_rounding: GrantRounding = GrantRounding.FLOOR
    invite_days: int | None = None
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
    raw_value: RawValue = RawValue.PRICE_PAID
    allow_self: bool = True
    zone: str = "UTC"

    def __attrs_post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if type(value) is not kind and not (value is None and name in _OPTIONAL):
                raise InvalidType(name, shown(value), kind.__name__)
        if self.invite_days is not None and not 1 <= self.invite_days <= 36_500:
            raise InvalidValue("invite_days", shown(self.invite_days), "1 to 36500, or None")
        if not 0 <= self.lapse_grace_days <= 36_500:
            raise InvalidValue("lapse_grace_days", shown(self.lapse_grace_days), "0 to 36500")
        self._check_training()
        check_zone(self.zone)

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

    @classmethod
    def strict_overview(cls) -> Policy:
        """The seed's overview to the letter: one method pays the whole order.

        Source: X-01.
        """
        return cls(tender=Tender.STRICT_ONE_METHOD)

    @classmethod
    def vendor_checkout(cls) -> Policy:
        """The seed's key-code workflow: what is missing may be paid by card or bill.

        Source: X-01, TU-175.
        """
        return cls(tender=Tender.ALLOW_REMAINDER)


_KINDS: dict[str, type] = {
    "pool_fallback": bool,
    "grant_rounding": GrantRounding,
    "invite_days": int,
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
    "raw_value": RawValue,
    "allow_self": bool,
    "zone": str,
}
_OPTIONAL = (
    "approval_days",
    "currency",
    "invite_days",
    "low_balance",
    "top_up_below",
    "unit_value",
)
