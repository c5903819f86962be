"""Training units, from the assignment that brings them to the refund that gives them back.

Everything here is a record, a command or a value beside its rule; the quantities are the kernel's.
"""

from __future__ import annotations

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
from unitledger.training.checkout import Order, OrderLine, OrderPlaced, PlaceOrder, Remainder
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
from unitledger.training.refunds import LineRefunded, RefundLine

__all__ = [
    "ALPHABET",
    "MAX_AUDIENCE",
    "MAX_ITEMS",
    "MAX_QUANTITY",
    "MAX_ROWS",
    "MAX_ROW_UNITS",
    "MAX_TITLE",
    "Assignment",
    "AssignmentCreated",
    "AssignmentFired",
    "AssignmentState",
    "AudienceRow",
    "CreateAssignment",
    "Distribute",
    "Distributed",
    "FireAssignment",
    "Firing",
    "Item",
    "KeyCode",
    "KeyCodeRegistered",
    "KeyCodes",
    "LineRefunded",
    "Method",
    "Order",
    "OrderLine",
    "OrderPlaced",
    "PlaceOrder",
    "PricedIn",
    "Quote",
    "QuotedLine",
    "RefundLine",
    "RegisterKeyCode",
    "RegisteredKeyCode",
    "Remainder",
    "check_cart",
    "check_code_id",
    "lot_of",
    "quote",
    "registered",
    "wallet_of",
]
