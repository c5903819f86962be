"""Credits and training units of a learning portal, kept so that nothing is lost.

Units move: a quantity is parts of one lot in one account, and everything that happens to it is a
move to another account. The names below are the ones most programs begin with; each stands in a
module of its own, with its neighbours. They are looked up when they are first asked for, so that
importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unitledger.amounts import Amount, Credits, Rate, Units
    from unitledger.balances import Balance
    from unitledger.buckets import AllocationScope, Bucket, Demand, Plan
    from unitledger.commands import Actor, Receipt, Role
    from unitledger.errors import InsufficientUnits, InvalidInput, Refused, UnitLedgerError
    from unitledger.ledger import Call, Ledger
    from unitledger.lots import Category, Cost, Lot, Scope, Use
    from unitledger.orders import FEFO_LARGEST, FIFO, HIFO, LATEST_EXPIRY, LIFO, PRIORITY, BurnOrder
    from unitledger.policy import GrantRounding, Policy, Tender
    from unitledger.ports import FixedDirectory
    from unitledger.statements import Statement
    from unitledger.stores.memory import MemoryStore
    from unitledger.time import FixedClock, Period, Recurrence, SystemClock, Validity, end_of_day

__all__ = [
    "FEFO_LARGEST",
    "FIFO",
    "HIFO",
    "LATEST_EXPIRY",
    "LIFO",
    "PRIORITY",
    "Actor",
    "AllocationScope",
    "Amount",
    "Balance",
    "Bucket",
    "BurnOrder",
    "Call",
    "Category",
    "Cost",
    "Credits",
    "Demand",
    "FixedClock",
    "FixedDirectory",
    "GrantRounding",
    "InsufficientUnits",
    "InvalidInput",
    "Ledger",
    "Lot",
    "MemoryStore",
    "Period",
    "Plan",
    "Policy",
    "Rate",
    "Receipt",
    "Recurrence",
    "Refused",
    "Role",
    "Scope",
    "Statement",
    "SystemClock",
    "Tender",
    "UnitLedgerError",
    "Units",
    "Use",
    "Validity",
    "__version__",
    "end_of_day",
]

__version__ = "0.1.0"

_HOMES = {
    "unitledger.amounts": ("Amount", "Credits", "Rate", "Units"),
    "unitledger.balances": ("Balance",),
    "unitledger.buckets": ("AllocationScope", "Bucket", "Demand", "Plan"),
    "unitledger.commands": ("Actor", "Receipt", "Role"),
    "unitledger.errors": ("InsufficientUnits", "InvalidInput", "Refused", "UnitLedgerError"),
    "unitledger.ledger": ("Call", "Ledger"),
    "unitledger.lots": ("Category", "Cost", "Lot", "Scope", "Use"),
    "unitledger.orders": (
        "FEFO_LARGEST",
        "FIFO",
        "HIFO",
        "LATEST_EXPIRY",
        "LIFO",
        "PRIORITY",
        "BurnOrder",
    ),
    "unitledger.policy": ("GrantRounding", "Policy", "Tender"),
    "unitledger.ports": ("FixedDirectory",),
    "unitledger.statements": ("Statement",),
    "unitledger.stores.memory": ("MemoryStore",),
    "unitledger.time": (
        "FixedClock",
        "Period",
        "Recurrence",
        "SystemClock",
        "Validity",
        "end_of_day",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
