"""Checks: what should be true of balances, issues and the journal at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any, final

import attrs

from unitledger.accounts import check_wallet
from unitledger.amounts import Amount
from unitledger.errors import MalformedDocument, UnknownField, shown
from unitledger.ids import LotId, WalletId, check_id
from unitledger.scenario.figures import Part, parts
from unitledger.scenario.wording import fields_of, fields_table, placed, read
from unitledger.values import Value

__all__ = ["CHECK_FIELDS", "Check", "read_check", "read_checks"]


@final
@attrs.frozen
class Check(Value):
    """What should be true at an instant; only what is named is compared.

    Attributes:
        where: The check as a reader counts it.
        at: The instant (UTC); ``None`` is the instant of the step it stands in, or the last.
        wallet: Whose balance.
        lot: Of which lot alone; without it, of all.
        available: What can be spent.
        pending: What can be spent later.
        held: What open claims hold.
        spent: What claims have spent.
        expired: What has lapsed.
        void: What was taken out.
        remaining: What can be spent of each lot named.
        issued: What came into being: of the lot, in the wallet, or of that unit altogether.
        conservation: Whether every hash, chain and sum of the journal holds.
        audit: Whether what is stored is what the journal folds to.
    """

    where: str
    at: datetime | None = None
    wallet: WalletId | None = None
    lot: LotId | None = None
    available: Amount | None = None
    pending: Amount | None = None
    held: Amount | None = None
    spent: Amount | None = None
    expired: Amount | None = None
    void: Amount | None = None
    remaining: tuple[Part, ...] | None = None
    issued: Amount | None = None
    conservation: bool | None = None
    audit: bool | None = None

    def __attrs_post_init__(self) -> None:
        if self.wallet is not None:
            check_wallet(self.wallet)
        if self.lot is not None:
            check_id(self.lot, "lot")


CHECK_FIELDS = tuple(name for name in fields_of(Check) if name != "where")
"""Every field of a check."""


def read_checks(value: Any, where: str, name: str, zone: str) -> tuple[Check, ...]:
    """The checks that stand inside a step.

    Raises:
        InvalidInput: One of them is none; the error or a note on it says where.
    """
    if type(value) is not list:
        raise MalformedDocument(f"{where}.checks", f"{shown(value)} is not a list")
    return tuple(
        read_check(table, f"{where}.checks[{i}]", f"{name}, check {i + 1}", zone)
        for i, table in enumerate(value)
    )


def read_check(table: Any, where: str, name: str, zone: str) -> Check:
    """A check; it must say what it compares.

    Raises:
        InvalidInput: It is not a check; the error or a note on it says where.
    """
    with placed(where):
        words = dict(fields_table(table, where))
        for unknown in sorted(words.keys() - set(CHECK_FIELDS)):
            raise UnknownField(where, shown(unknown), CHECK_FIELDS)
        if "remaining" in words:
            remaining = parts(words["remaining"], f"{where}.remaining")
            words["remaining"] = [{"lot": p.lot, "amount": str(p.amount)} for p in remaining]
        check: Check = read(Check, {**words, "where": name}, where, zone)
        _check_sense(check, where)
        return check


def _check_sense(check: Check, where: str) -> None:
    """A check without a wallet has no balance, and one without a figure checks nothing."""
    balance = [check.available, check.pending, check.held, check.spent, check.expired, check.void]
    compares = any(figure is not None for figure in (*balance, check.remaining))
    if compares and check.wallet is None:
        raise MalformedDocument(where, "name the wallet whose balance it is")
    if check.lot is not None and check.remaining is not None:
        raise MalformedDocument(where, "remaining names its lots itself; leave lot out")
    if not compares and (check.issued, check.conservation, check.audit) == (None, None, None):
        known = ", ".join(CHECK_FIELDS)
        raise MalformedDocument(where, f"it compares nothing; name one of {known}")
