"""The policy: every knob of the rules as one frozen object of named values with defaults.

The word means nothing else here. A ledger has one policy; to try other rules, make another value
and replay. What its values can be stands in `unitledger.choices`; the names are here as well.

>>> Policy().burn_order == FEFO_LARGEST
True
>>> Policy(pool_fallback=False).pool_fallback
False
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Any, TypeVar, final, get_args, get_origin, get_type_hints

import attrs

from unitledger.amounts import Credits, Rate, Units
from unitledger.buckets import AllocationScope
from unitledger.choices.assignments import (
    BelowAssigned,
    CatchUp,
    ExpiryBoundary,
    FormerDistributors,
    LastCycle,
    LeapDay,
    MembershipAt,
    OnCancel,
    RecurrenceAnchor,
)
from unitledger.choices.checkout import (
    BulkDiscount,
    DebitAt,
    ExpiredSource,
    HeldAtExpiry,
    MoneyRule,
    MovedQuote,
    PaymentMethod,
    RawValue,
    RefundMode,
    Refunds,
    RefundTerm,
    Rounding,
    Tender,
)
from unitledger.choices.credits import (
    ExpiredCredit,
    GrantRounding,
    HoldsAtLapse,
    Moment,
    PurchasedAtLapse,
    Refill,
    RefillMode,
    Reissue,
    Reversible,
    Trigger,
    Until,
    Upgrade,
)
from unitledger.choices.eligibility import (
    MAX_PREFERENCES,
    Criteria,
    GuardBoundary,
    PaymentPreference,
    Preferences,
    SessionOrder,
    SessionScope,
    SharePaid,
    TrainingType,
    UndatedRank,
    UnitMethod,
)
from unitledger.choices.keycodes import (
    CodeStorage,
    KeyCodeAudience,
)
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

_Said = TypeVar("_Said")


_NONE = Credits.of(0)
_REMAINDER = frozenset({PaymentMethod.CARD, PaymentMethod.BILL})
_REFILL, _MONEY_RULE, _REFUNDS, _CRITERIA = Refill(), MoneyRule(), Refunds(), Criteria()


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
        training_units: Whether a checkout offers to pay with training units at all (TU-001).
        key_code_units: Whether it offers to pay with key codes (TU-003).
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
    refill: Refill = _REFILL
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
    money_rule: MoneyRule = _MONEY_RULE
    currency: str | None = None
    code_tops_up: bool = False
    moved_quote: MovedQuote = MovedQuote.REPLAN
    debit_at: DebitAt = DebitAt.PLACEMENT
    approval_days: int | None = None
    held_at_expiry: HeldAtExpiry = HeldAtExpiry.PINNED
    refund: Refunds = _REFUNDS
    refund_rounding: Rounding = Rounding.FLOOR
    expired_source: ExpiredSource = ExpiredSource.RETURN_AND_LAPSE
    extend_days: int = 30
    bulk_discounts: tuple[BulkDiscount, ...] = ()
    coupon_on_unit_purchase: bool = False
    freeze_after_draw: bool = False
    raw_value: RawValue = RawValue.PRICE_PAID
    preferences: tuple[Preferences, ...] = ()
    criteria: Criteria = _CRITERIA
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
        for name, kinds in _kinds().items():
            value = getattr(self, name)
            if type(value) not in kinds:
                raise InvalidType(name, shown(value), kinds[0].__name__)
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


@cache
def _kinds() -> Mapping[str, tuple[type, ...]]:
    """For every field the classes that its value may be of, read from its annotation."""
    hints = get_type_hints(Policy)
    return {field.name: tuple(_classes(hints[field.name])) for field in attrs.fields(Policy)}


def _classes(hint: Any) -> Iterator[type]:
    if get_origin(hint) is UnionType:
        for part in get_args(hint):
            yield from _classes(part)
    else:
        yield get_origin(hint) or hint


def _nearest(said: Mapping[str | None, _Said | None], ous: Sequence[str]) -> _Said | None:
    """What is said for the first of some units that anything is said for; then for everybody."""
    return next((one for ou in (*ous, None) if (one := said.get(ou)) is not None), None)
