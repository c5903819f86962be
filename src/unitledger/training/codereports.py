"""The report of key codes: for every lot behind a code what was issued and what became of it.

The columns have names that say what they count. Issued is all that a lot ever gave to the code;
redeemed, held, available, not yet usable, expired and taken out are its parts, and add up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import final

import attrs

from unitledger.amounts import Units
from unitledger.errors import UnknownObject
from unitledger.ids import LotId, WalletId
from unitledger.ports import Reading
from unitledger.tables import Table
from unitledger.training.assignments import Assignment
from unitledger.training.keycodes import RegisteredKeyCode
from unitledger.training.purchases import UnitPurchase
from unitledger.training.reports import LotFigures, Money, unused_value
from unitledger.values import Value

__all__ = ["KeyCodeReport", "KeyCodeRow", "key_code_rows"]


@final
@attrs.frozen(kw_only=True)
class KeyCodeRow(Value):
    """One lot behind a key code.

    Attributes:
        key_code: The code's id.
        last4: The last four characters of the code.
        contacts: Who may be shown what is behind it, in order.
        details: What the units are for, in words.
        lot: The lot.
        assignment: The assignment that issued it; ``None`` when none did.
        title: That assignment's title; empty without one.
        created: When the assignment was made (UTC); ``None`` without one.
        cycle: Which firing of it, from 1.
        acquired: When the lot was acquired (UTC).
        expires: When it ends (UTC); ``None`` is never.
        issued: How much it gave to the code.
        redeemed: How much of that orders have spent.
        held: How much orders hold until somebody approves them.
        available: How much can be spent.
        pending: How much can be spent later.
        expired: How much has lapsed.
        void: How much was taken out.
        price: Money per unit that was paid; ``None`` when it was not bought.
        currency: Its currency; ``None`` when it was not bought.
        unused: What can be spent is worth at that price; ``None`` when it was not bought.
        purchase: The purchase that brought it; ``None`` when none did.
        purchased: When (UTC).
        purchaser: Who bought it.

    Source: TU-277, X-17.
    """

    key_code: str
    last4: str
    contacts: tuple[str, ...]
    details: str
    lot: LotId
    assignment: str | None
    title: str
    created: datetime | None
    cycle: int
    acquired: datetime
    expires: datetime | None
    issued: Units
    redeemed: Units
    held: Units
    available: Units
    pending: Units
    expired: Units
    void: Units
    price: Fraction | None
    currency: str | None
    unused: Fraction | None
    purchase: str | None
    purchased: datetime | None
    purchaser: str | None


@final
@attrs.frozen
class KeyCodeReport(Value):
    """What stands behind key codes.

    Attributes:
        rows: A row per lot, in order of code and acquisition.

    Source: TU-277.
    """

    rows: tuple[KeyCodeRow, ...]

    @property
    def available(self) -> Units:
        """What can be spent behind all of them."""
        return Units.total(row.available for row in self.rows)

    @property
    def unused(self) -> tuple[Money, ...]:
        """What that is worth at the prices paid, currency by currency."""
        sums = dict[str, Fraction]()
        for row in self.rows:
            if row.unused and row.currency is not None:
                sums[row.currency] = sums.get(row.currency, Fraction()) + row.unused
        return tuple([Money(currency, sums[currency]) for currency in sorted(sums)])

    def table(self) -> Table:
        """The report row by row."""
        heads = ("code", "lot", ">issued", ">redeemed", ">expired", ">available", "expires (UTC)")
        rows = tuple(
            (
                *(f"…{row.last4}", row.lot, row.issued.text, row.redeemed.text),
                *(row.expired.text, row.available.text),
                "never" if row.expires is None else row.expires.date().isoformat(),
            )
            for row in self.rows
        )
        return Table("Key codes", heads, rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def key_code_rows(
    reading: Reading, codes: Iterable[str], lots: Callable[[WalletId], Iterable[LotFigures]]
) -> Iterator[KeyCodeRow]:
    """The rows of some key codes.

    Args:
        reading: Where their records are.
        codes: Their ids; what a code opens that replaced another is what was behind that.
        lots: What a wallet has of every lot, at the instant of the report.

    Raises:
        UnknownObject: One of them is not ours.

    Source: TU-277, X-17.
    """
    for name in codes:
        code = reading.record(RegisteredKeyCode.KIND, name)
        if not isinstance(code, RegisteredKeyCode):
            raise UnknownObject("key code", name)
        for line in sorted(lots(code.wallet), key=lambda one: (one.lot.acquired, one.lot.id)):
            yield _row(reading, code, line)


def _row(reading: Reading, code: RegisteredKeyCode, line: LotFigures) -> KeyCodeRow:
    lot, cost = line.lot, line.lot.cost
    origin = lot.id.rsplit("/", 2)[0]
    assignment = reading.record(Assignment.KIND, origin)
    made = assignment if isinstance(assignment, Assignment) else None
    bought = reading.record(UnitPurchase.KIND, origin)
    purchase = bought if isinstance(bought, UnitPurchase) and bought.lot == lot.id else None
    figures = (line.spent, line.held, line.available, line.pending, line.expired, line.void)
    redeemed, held, available, pending, expired, void = [Units(parts=n) for n in figures]
    worth = unused_value([line])
    return KeyCodeRow(
        key_code=code.id,
        last4=code.last4,
        contacts=tuple(sorted(code.contacts)),
        details=code.details,
        lot=lot.id,
        assignment=None if made is None else made.id,
        title="" if made is None else made.title,
        created=None if made is None else made.created,
        cycle=lot.cycle,
        acquired=lot.acquired,
        expires=lot.terms.expires,
        issued=Units(parts=sum(figures)),
        redeemed=redeemed,
        held=held,
        available=available,
        pending=pending,
        expired=expired,
        void=void,
        price=None if cost is None else cost.per_unit,
        currency=None if cost is None else cost.currency,
        unused=None if cost is None else (worth[0].sum if worth else Fraction()),
        purchase=None if purchase is None else purchase.id,
        purchased=None if purchase is None else purchase.at,
        purchaser=None if purchase is None else purchase.buyer,
    )
