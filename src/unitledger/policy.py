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

from unitledger.amounts import Rate
from unitledger.buckets import AllocationScope
from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.time import check_zone
from unitledger.values import Value

__all__ = ["GrantRounding", "Policy", "Tender"]


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
@attrs.frozen(kw_only=True)
class Policy(Value):
    """Named values with defaults; what each one changes stands beside it.

    Attributes:
        pool_fallback: Whether an enrolment whose course has no credit left is paid from the pool
            (C10).
        grant_rounding: How a yearly number of credits is spread over months (C38).
        invite_days: After how many days an open invite releases its credit; ``None`` keeps it
            held for ever (C29).
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
    "burn_order": BurnOrder,
    "move_order": BurnOrder,
    "allocation_scope": AllocationScope,
    "tender": Tender,
    "unit_value": Rate,
    "allow_self": bool,
    "zone": str,
}
_OPTIONAL = ("invite_days", "unit_value")
