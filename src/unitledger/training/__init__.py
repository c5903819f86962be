"""Training units, from the assignment that brings them to the refund that gives them back.

Everything here is a record, a command or a value beside its rule; the quantities are the kernel's.
"""

from __future__ import annotations

from unitledger.training.approvals import CaptureLine, LineDecided, ReleaseLine
from unitledger.training.assignments import (
    MAX_ROW_UNITS,
    MAX_ROWS,
    MAX_TITLE,
    Assignment,
    AssignmentCreated,
    AssignmentFired,
    AssignmentState,
    AudienceRow,
    CreateAssignment,
    FireAssignment,
    Firing,
    Method,
    lot_of,
)
from unitledger.training.checkout import (
    CheckoutState,
    Order,
    OrderLine,
    OrderPlaced,
    PlaceOrder,
    Remainder,
)
from unitledger.training.distribution import Distribute, Distributed
from unitledger.training.keycodes import (
    ALPHABET,
    MAX_AUDIENCE,
    KeyCode,
    KeyCodeRegistered,
    KeyCodes,
    RegisteredKeyCode,
    RegisterKeyCode,
    check_code_id,
    registered,
    wallet_of,
)
from unitledger.training.pricing import (
    MAX_ITEMS,
    MAX_QUANTITY,
    Item,
    PricedIn,
    Quote,
    QuotedLine,
    check_cart,
    quote,
)
from unitledger.training.quotes import OrderQuote
from unitledger.training.refunds import (
    AdjustPrice,
    CancelLine,
    LineCancellation,
    LineRefunded,
    LineWithdrawal,
    LineWithdrawn,
    NoRefund,
    RefundLine,
    WithdrawLine,
)
from unitledger.training.tenders import Payment

__all__ = [
    "ALPHABET",
    "MAX_AUDIENCE",
    "MAX_ITEMS",
    "MAX_QUANTITY",
    "MAX_ROWS",
    "MAX_ROW_UNITS",
    "MAX_TITLE",
    "AdjustPrice",
    "Assignment",
    "AssignmentCreated",
    "AssignmentFired",
    "AssignmentState",
    "AudienceRow",
    "CancelLine",
    "CaptureLine",
    "CheckoutState",
    "CreateAssignment",
    "Distribute",
    "Distributed",
    "FireAssignment",
    "Firing",
    "Item",
    "KeyCode",
    "KeyCodeRegistered",
    "KeyCodes",
    "LineCancellation",
    "LineDecided",
    "LineRefunded",
    "LineWithdrawal",
    "LineWithdrawn",
    "Method",
    "NoRefund",
    "Order",
    "OrderLine",
    "OrderPlaced",
    "OrderQuote",
    "Payment",
    "PlaceOrder",
    "PricedIn",
    "Quote",
    "QuotedLine",
    "RefundLine",
    "RegisterKeyCode",
    "RegisteredKeyCode",
    "ReleaseLine",
    "Remainder",
    "WithdrawLine",
    "check_cart",
    "check_code_id",
    "lot_of",
    "quote",
    "registered",
    "wallet_of",
]
