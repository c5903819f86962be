"""What a database says when it cannot do something, in words of ours.

Every engine and driver has its own; four things are to be told apart: somebody else was in the way
and it may be tried again, somebody else was faster, a check of the tables refused a row, and the
database is not there or cannot write.
"""

from __future__ import annotations

from enum import Enum
from typing import final

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError

from unitledger.errors import InvariantViolation, StoreUnavailable, UnitLedgerError, shown

__all__ = ["Fault", "driver_errors", "fault", "refusal"]

_AGAIN = ("40001", "40P01", "55P03")
_DUPLICATE = "23505"
_RULES = ("23", "P0001")
_LONGEST = 200


@final
class Fault(Enum):
    """What kind of no it was."""

    AGAIN = "somebody was in the way"
    TAKEN = "somebody was faster"
    RULE = "a check refused a row"
    GONE = "the database failed"


def driver_errors(dialect: Dialect) -> tuple[type[Exception], ...]:
    """What a connection of that dialect may raise, wrapped or not."""
    module = dialect.dbapi
    return (DBAPIError,) if module is None else (DBAPIError, module.Error)


def fault(error: BaseException) -> Fault:
    """What kind of no an error of a driver is."""
    inner = _inner(error)
    name = getattr(inner, "sqlite_errorname", None)
    if name is not None:
        return _of_sqlite(name)
    state = getattr(inner, "sqlstate", None) or getattr(inner, "pgcode", None) or ""
    if state in _AGAIN:
        return Fault.AGAIN
    if state == _DUPLICATE:
        return Fault.TAKEN
    return Fault.RULE if state.startswith(_RULES) else Fault.GONE


def _of_sqlite(name: str) -> Fault:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Fault.AGAIN
    if name in {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"}:
        return Fault.TAKEN
    return Fault.RULE if name.startswith("SQLITE_CONSTRAINT") else Fault.GONE


def refusal(error: BaseException, doing: str) -> UnitLedgerError:
    """The error of ours for one that trying again does not help.

    Args:
        error: What the driver raised.
        doing: What the database was asked for.
    """
    words = _words(error)
    if fault(error) is Fault.RULE:
        return InvariantViolation("the tables' own checks", words)
    return StoreUnavailable(doing, words)


def _inner(error: BaseException) -> BaseException:
    inner = error.orig if isinstance(error, DBAPIError) else None
    return error if inner is None else inner


def _words(error: BaseException) -> str:
    """The first line of what was said; the values of the statement are never in it."""
    said = str(_inner(error)).splitlines() or [type(_inner(error)).__name__]
    return said[0][:_LONGEST].encode("ascii", "replace").decode("ascii") or shown(error)
