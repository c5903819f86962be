"""Refunds: units of an order line go back to the exact lots they came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import attrs

from unitledger.accounts import State
from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import ClaimExceeded, InvalidType, InvalidValue, UnknownObject, shown
from unitledger.ids import WalletId, check_id
from unitledger.operations import positive
from unitledger.records import record_lock
from unitledger.training.checkout import Order, OrderLine
from unitledger.training.pricing import MAX_ITEMS

__all__ = ["LineRefunded", "RefundLine"]


@kind("line_refunded")
@final
@attrs.frozen
class LineRefunded(Outcome):
    """Units of an order line went back; into which wallets and lots, the receipt's moves say.

    Attributes:
        order: The order.
        line: Its line, from 1.
        refunded: How much went back.
        kept: How much the line still has spent.
    """

    order: str
    line: int
    refunded: Units
    kept: Units


@kind("refund_line")
@final
@attrs.frozen
class RefundLine(Command[LineRefunded]):
    """Give back units of an order line, into the exact lots they were taken from.

    The last taken goes back first, so that what stays spent is a prefix of what was taken. Into a
    lot that has lapsed they return and lapse.

    Attributes:
        order: The order.
        line: Its line, from 1.
        amount: How much; ``None`` is all that the line still has spent.

    Source: TU-238, TU-239, TU-243.
    """

    NAME: ClassVar[str] = "refund_line"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}

    order: str
    line: int
    amount: Units | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.order, "order")
        if type(self.line) is not int:
            raise InvalidType("line", shown(self.line), "int")
        if not 1 <= self.line <= MAX_ITEMS:
            raise InvalidValue("line", shown(self.line), f"1 to {MAX_ITEMS}")
        if self.amount is not None:
            positive(self.amount, Units)

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the line's claim knows where its units came from."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The order's record."""
        return (record_lock(Order.KIND, self.order),)

    def decide(self, view: View) -> Decision[LineRefunded]:
        """The line's claim, with that much of it given back."""
        claim_id = self._line(view).claim
        asked = 0 if self.amount is None else self.amount.parts
        if claim_id is None:
            raise ClaimExceeded(f"{self.order} line {self.line}", "SPENT", asked, 0)
        claim = view.claim(claim_id)
        spent = claim.total(State.SPENT)
        parts = asked or spent
        if not spent:
            raise ClaimExceeded(claim.id, "SPENT", asked, 0)
        shift = claim.shift(parts, State.SPENT, State.FREE, last_first=True)
        kept = Units(parts=spent - parts)
        return Decision.of(LineRefunded(self.order, self.line, Units(parts=parts), kept), shift)

    def _line(self, view: View) -> OrderLine:
        lines = view.record(Order, self.order).lines
        if self.line > len(lines):
            raise UnknownObject("order line", f"{self.order} line {self.line}")
        return lines[self.line - 1]
