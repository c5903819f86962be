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
from typing import final

import attrs

from unitledger.amounts import Credits, Rate
from unitledger.buckets import AllocationScope
from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.time import check_zone
from unitledger.values import Value

__all__ = [
    "GrantRounding",
    "HoldsAtLapse",
    "Policy",
    "PurchasedAtLapse",
    "Refill",
    "RefillMode",
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


_NONE = Credits.of(0)


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
        check_zone(self.zone)

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
    "allow_self": bool,
    "zone": str,
}
_OPTIONAL = ("invite_days", "low_balance", "top_up_below", "unit_value")
