"""Quotes of whole orders: who would pay what, why these lots, and a version to place it with.

A quote has changed nothing and reserves nothing. Its version has two halves, one over the prices
and what is left for money, one over the lots: what a buyer agreed to pay is never exceeded, and
whether other lots may pay the same is the policy's to say.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import final

import attrs

from unitledger.amounts import Units
from unitledger.buckets import Reason
from unitledger.codec import encode
from unitledger.errors import InvalidType, InvalidValue, QuoteMoved, shown
from unitledger.ids import LotId, WalletId
from unitledger.policy import MovedQuote, Policy
from unitledger.tables import Table
from unitledger.training.pricing import QuotedLine
from unitledger.training.tenders import Payment, Remainder
from unitledger.values import Value

__all__ = ["OrderQuote", "check_quote", "check_version", "version_of"]

_VERSION = re.compile(r"[0-9a-f]{12}\.[0-9a-f]{12}").fullmatch


@final
@attrs.frozen
class OrderQuote(Value):
    """What an order would cost and who would pay; nothing has been bought.

    Attributes:
        payment: The lines, the total, and what every wallet and money would pay.
        version: What to place the order with, so that it costs what was shown.
    """

    payment: Payment
    version: str

    @property
    def total(self) -> Units:
        """What the order costs."""
        return self.payment.total

    @property
    def missing(self) -> Units:
        """What units do not cover."""
        remainder = self.payment.remainder
        return Units(parts=0) if remainder is None else remainder.units

    def explained(self, line: int) -> tuple[tuple[WalletId, tuple[Reason, ...]], ...]:
        """For every wallet drawn on, every lot in burn order: taken for a line or not, and why.

        Args:
            line: The line of the order, from 1.
        """
        if type(line) is not int:
            raise InvalidType("line", shown(line), "int")
        if not 1 <= line <= len(self.payment.lines):
            raise InvalidValue("line", shown(line), f"1 to {len(self.payment.lines)}")
        return tuple([(leg.wallet, leg.plans[line - 1].explanation) for leg in self.payment.legs])

    def table(self) -> Table:
        """Who would pay what, lot by lot."""
        rows = tuple(
            (line.item, leg.wallet, lot.id, Units(parts=parts).text)
            for place, line in enumerate(self.payment.lines)
            for leg in self.payment.legs
            for lot, parts in leg.plans[place].taken
        )
        title = f"{self.total} in all, {self.missing} of it in money"
        return Table(title, ("item", "wallet", "lot", ">units"), rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@final
@attrs.frozen
class _Agreed(Value):
    """What a buyer agrees to: the prices, and what is left for money."""

    lines: tuple[QuotedLine, ...]
    remainder: Remainder | None


@final
@attrs.frozen
class _Chosen(Value):
    """The lots that pay: by line, wallet and lot, with their parts and the version of terms."""

    slices: tuple[tuple[int, WalletId, LotId, int, int], ...]


def version_of(payment: Payment) -> str:
    """The version of a quote: the same exactly when prices, remainder and lots are.

    Source: TU-179.
    """
    slices = tuple(
        [
            (place, leg.wallet, lot.id, parts, lot.version)
            for leg in payment.legs
            for place, plan in enumerate(leg.plans)
            for lot, parts in plan.taken
        ]
    )
    agreed = _Agreed(payment.lines, payment.remainder)
    return f"{_digest(agreed)}.{_digest(_Chosen(slices))}"


def _digest(value: Value) -> str:
    return sha256(encode(value).encode("ascii")).hexdigest()[:12]


def check_version(version: str) -> None:
    """Refuse what cannot be the version of a quote.

    Raises:
        InvalidType: Not a ``str``.
        InvalidValue: Not a version as `OrderQuote` has it.
    """
    if type(version) is not str:
        raise InvalidType("quoted", shown(version), "str")
    if _VERSION(version) is None:
        raise InvalidValue("quoted", shown(version), "the version of a quote")


def check_quote(policy: Policy, order: str, quoted: str | None, payment: Payment) -> None:
    """Refuse to place an order otherwise than it was quoted.

    Raises:
        QuoteMoved: It would cost something else; or, under ``REFUSE``, other lots would pay.

    Source: TU-179.
    """
    if quoted is None:
        return
    now = version_of(payment)
    whole = policy.moved_quote is MovedQuote.REFUSE
    if now != quoted and (whole or now[:12] != quoted[:12]):
        raise QuoteMoved(order, quoted, now)
