"""Reports: what was bought, what was redeemed and what stands behind key codes, row by row.

Everything is read from the journal and the wallets; nothing is kept for a report. Instants are UTC,
from the first one that counts to before the first one that does not. Sums of money are exact: each
currency stands for itself unless a report is given rates. Of a lot it is said what was issued, what
is redeemed, held, expired and available; a single "assigned total" is not, because nobody can tell
what it means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Protocol, final

import attrs

from unitledger.accounts import State, wallet_parts
from unitledger.amounts import Units, exact
from unitledger.commands import Entry
from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.ids import ClaimId, LotId, WalletId, check_id
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.policy import PaymentMethod, Policy, RawValue
from unitledger.tables import Table
from unitledger.time import instant, minute_text
from unitledger.training.checkout import Order, PlaceOrder
from unitledger.training.purchases import BuyUnits, PurchaseType, UnitsBought
from unitledger.values import Value

__all__ = [
    "CurrencyGroup",
    "Exchange",
    "LotFigures",
    "Money",
    "PurchaseReport",
    "PurchaseRow",
    "RedemptionReport",
    "RedemptionRow",
    "ReportPeriod",
    "purchase_report",
    "redemption_report",
    "unused_value",
]


@final
@attrs.frozen
class Money(Value):
    """An exact sum in one currency.

    Attributes:
        currency: Its code, as the host writes it.
        sum: The sum.
    """

    currency: str
    sum: Fraction


@final
@attrs.frozen
class ReportPeriod(Value):
    """Which entries a report looks at.

    Attributes:
        since: The first instant that counts (UTC); ``None`` is the beginning.
        until: The first one that does not (UTC), not before ``since``; ``None`` is no end.

    Source: TU-273.
    """

    since: datetime | None = None
    until: datetime | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("since", "until"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, instant(value, name))
        if self.since is not None and self.until is not None and self.until < self.since:
            raise InvalidValue("until", self.until.isoformat(), "an instant not before since")

    def holds(self, at: datetime) -> bool:
        """Whether an instant counts."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@final
@attrs.frozen
class Exchange(Value):
    """At which rates the money of a report is converted.

    Attributes:
        currency: Into which currency.
        rates: For each other currency what one of it is worth in that one.

    Source: TU-275.
    """

    currency: str
    rates: tuple[tuple[str, Fraction], ...] = ()

    def __attrs_post_init__(self) -> None:
        check_id(self.currency, "currency")
        if type(self.rates) is not tuple or not all(map(_is_rate, self.rates)):
            raise InvalidType("rates", shown(self.rates), "pairs of a currency and a Fraction")
        for currency, rate in self.rates:
            check_id(currency, "currency")
            if exact(rate, "rate") <= 0:
                raise InvalidValue("rate", str(rate), "above zero")
        names = [self.currency, *[currency for currency, _ in self.rates]]
        if len(set(names)) != len(names):
            raise InvalidValue("rates", "a currency twice", "each other currency once")

    def converted(self, sums: Iterable[Money]) -> Fraction | None:
        """Some sums in this currency; ``None`` when a rate is missing."""
        rates = {self.currency: Fraction(1), **dict(self.rates)}
        total = Fraction()
        for money in sums:
            if money.currency not in rates:
                return None
            total += money.sum * rates[money.currency]
        return total


def _is_rate(pair: object) -> bool:
    return type(pair) is tuple and len(pair) == 2 and type(pair[1]) is Fraction


@final
@attrs.frozen(kw_only=True)
class PurchaseRow(Value):
    """Training units that were bought.

    Attributes:
        transaction: The purchase's id.
        at: When (UTC).
        buyer: Who bought them.
        type: Personal, distributable, key code.
        units: How many.
        price: Money per unit that was paid.
        money: What they cost together, exactly.
        charge: The same, as it was to be charged.
        currency: The currency of these.
        payment: What paid; a payment type of the host's own is a cost centre here.
        lot: Their lot.
        key_code: The id of the key code they stand behind; ``None`` without one.

    Source: TU-271, TU-276.
    """

    transaction: str
    at: datetime
    buyer: str
    type: PurchaseType
    units: Units
    price: Fraction
    money: Fraction
    charge: Fraction
    currency: str
    payment: PaymentMethod
    lot: LotId
    key_code: str | None


@final
@attrs.frozen(kw_only=True)
class RedemptionRow(Value):
    """One line of an order: training that was paid with units.

    Attributes:
        transaction: The order's id.
        line: Its line, from 1.
        at: When the order was placed (UTC).
        buyer: Whose order it is.
        provider: Who provides the training; ``None`` is not known.
        item: What was bought.
        by_key_code: How many units a key code has paid and not got back.
        by_account: How many units the buyer's own account has.
        key_code: The id of the key code; ``None`` when none has paid.
        refunded: How many units went back.
        raw: What the units that did not are worth, currency by currency.
        converted: The same at the report's rates; ``None`` without them, or when one is missing.
        remainder_by: What paid the part that units did not, with a payment type of the host's own
            as a cost centre.

    Source: TU-272, TU-275, TU-276, X-22.
    """

    transaction: str
    line: int
    at: datetime
    buyer: str
    provider: str | None
    item: str
    by_key_code: Units
    by_account: Units
    key_code: str | None
    refunded: Units
    raw: tuple[Money, ...]
    converted: Fraction | None
    remainder_by: PaymentMethod | None

    @property
    def units(self) -> Units:
        """How many units it has redeemed."""
        return self.by_key_code + self.by_account

    @property
    def unit_type(self) -> str:
        """Which training units paid: ``key code``, ``account``, both, or ``none``."""
        kinds = {"key code": self.by_key_code, "account": self.by_account}
        return " and ".join([kind for kind, units in kinds.items() if units]) or "none"


@final
@attrs.frozen
class CurrencyGroup(Value):
    """The rows of a report in one currency.

    Attributes:
        currency: The currency.
        transactions: The transactions that have money in it, in the order of time.
        total: Their money in it, together.

    Source: TU-274.
    """

    currency: str
    transactions: tuple[str, ...]
    total: Fraction


def _grouped(sums: Iterable[tuple[str, Money]]) -> tuple[CurrencyGroup, ...]:
    """Groups by currency, in order, of transactions with their money."""
    totals = defaultdict[str, Fraction](Fraction)
    found = defaultdict[str, dict[str, None]](dict)
    for transaction, money in sums:
        totals[money.currency] += money.sum
        found[money.currency][transaction] = None
    return tuple([CurrencyGroup(name, tuple(found[name]), totals[name]) for name in sorted(totals)])


@final
@attrs.frozen
class PurchaseReport(Value):
    """What was bought, in the order of time. Units that were redeemed stand elsewhere.

    Attributes:
        rows: A row per purchase.

    Source: TU-270, TU-271, TU-274.
    """

    rows: tuple[PurchaseRow, ...]

    def by_currency(self) -> tuple[CurrencyGroup, ...]:
        """The purchases by currency, with totals."""
        return _grouped([(row.transaction, Money(row.currency, row.money)) for row in self.rows])

    def table(self) -> Table:
        """The report row by row."""
        heads = (
            "transaction",
            "at (UTC)",
            "buyer",
            "type",
            ">units",
            ">price",
            ">money",
            "paid by",
        )
        rows = tuple(
            (
                *(row.transaction, minute_text(row.at), row.buyer, row.type.value, row.units.text),
                *(str(row.price), f"{row.charge} {row.currency}", row.payment.value),
            )
            for row in self.rows
        )
        return Table("Units bought", heads, rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@final
@attrs.frozen
class RedemptionReport(Value):
    """What was paid with training units, in the order of time.

    Attributes:
        rows: A row per line of an order.

    Source: TU-272, TU-274.
    """

    rows: tuple[RedemptionRow, ...]

    def by_currency(self) -> tuple[CurrencyGroup, ...]:
        """The redemptions by the currency of their raw value, with totals."""
        return _grouped([(row.transaction, money) for row in self.rows for money in row.raw])

    def table(self) -> Table:
        """The report row by row."""
        heads = ("transaction", "at (UTC)", "buyer", "item", "paid from", ">units", ">refunded")
        rows = tuple(
            (
                *(row.transaction, minute_text(row.at), row.buyer, row.item),
                *(row.unit_type, row.units.text, row.refunded.text),
            )
            for row in self.rows
        )
        return Table("Units redeemed", heads, rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _payment(method: PaymentMethod) -> PaymentMethod:
    """What a report calls a payment method.

    Source: TU-276.
    """
    return PaymentMethod.COST_CENTRE if method is PaymentMethod.CUSTOM else method


def purchase_report(entries: Iterable[Entry], period: ReportPeriod) -> PurchaseReport:
    """The units that were bought in a period.

    Source: TU-270, TU-271.
    """
    rows = [
        PurchaseRow(
            transaction=bought.purchase,
            at=entry.at,
            buyer=bought.buyer,
            type=bought.type,
            units=bought.offer.units,
            price=bought.offer.price.per_unit,
            money=bought.offer.money,
            charge=bought.offer.charge,
            currency=bought.offer.price.currency,
            payment=_payment(bought.method),
            lot=bought.lot,
            key_code=bought.key_code,
        )
        for entry in entries
        if isinstance(entry.command, BuyUnits)
        and isinstance(bought := entry.outcome, UnitsBought)
        and period.holds(entry.at)
    ]
    return PurchaseReport(tuple(sorted(rows, key=lambda row: row.at)))


@final
class _Line:
    """One line of an order in the making: what every lot has paid of it, and what went back."""

    def __init__(self, entry: Entry, order: Order, number: int, provider: str | None) -> None:
        self.at = entry.at
        self.order = order
        self.number = number
        self.provider = provider
        self.spent = defaultdict[tuple[WalletId, LotId], int](int)
        self.refunded = 0

    def follow(self, move: Move) -> None:
        """Take a move of the line's claim into account."""
        key = (move.source.wallet, move.lot)
        if move.target.state is State.SPENT:
            self.spent[key] += move.parts
        elif move.source.state is State.SPENT:
            self.spent[key] -= move.parts
            self.refunded += move.parts

    def row(
        self, lots: Mapping[LotId, Lot], policy: Policy, rates: Exchange | None
    ) -> RedemptionRow:
        """The row that it is in the end."""
        codes = {
            wallet_parts(wallet)[1]
            for (wallet, _), parts in self.spent.items()
            if parts and wallet_parts(wallet)[0] == "keycode"
        }
        raw, order = _raw(self.spent, lots, policy), self.order
        return RedemptionRow(
            transaction=order.id,
            line=self.number,
            at=self.at,
            buyer=order.buyer,
            provider=self.provider,
            item=order.lines[self.number - 1].item,
            by_key_code=self._paid_by("keycode"),
            by_account=self._paid_by("member"),
            key_code=min(codes, default=None),
            refunded=Units(parts=self.refunded),
            raw=raw,
            converted=None if rates is None else rates.converted(raw),
            remainder_by=None if order.remainder_by is None else _payment(order.remainder_by),
        )

    def _paid_by(self, kind: str) -> Units:
        spent = self.spent.items()
        return Units(parts=sum(n for (wallet, _), n in spent if wallet_parts(wallet)[0] == kind))


def _raw(
    spent: Mapping[tuple[WalletId, LotId], int], lots: Mapping[LotId, Lot], policy: Policy
) -> tuple[Money, ...]:
    """What redeemed units are worth: what was paid for them, or what the policy says now.

    Source: X-22.
    """
    sums = defaultdict[str, Fraction](Fraction)
    for (_, lot), parts in spent.items():
        cost, units = lots[lot].cost, Fraction(parts, 100)
        if policy.raw_value is RawValue.PRICE_PAID:
            if cost is not None and parts:
                sums[cost.currency] += units * cost.per_unit
        elif policy.unit_value is not None and policy.currency is not None and parts:
            sums[policy.currency] += units * policy.unit_value.per_unit
    return tuple([Money(currency, sums[currency]) for currency in sorted(sums)])


def redemption_report(
    entries: Iterable[Entry], period: ReportPeriod, policy: Policy, rates: Exchange | None = None
) -> RedemptionReport:
    """The orders that were placed in a period, line by line, with what became of them since.

    Args:
        entries: The whole journal: what was refunded later counts, and what lots have cost.
        period: When the orders were placed.
        policy: Its ``raw_value`` says what redeemed units are worth.
        rates: At which rates that is converted; ``None`` is not at all.

    Source: TU-270, TU-272, TU-275, X-22.
    """
    lots, lines, claims = dict[LotId, Lot](), list[_Line](), dict[ClaimId, _Line]()
    for entry in entries:
        lots.update((lot.id, lot) for lot in entry.lots)
        if period.holds(entry.at):
            for claim, line in _lines(entry):
                lines.append(line)
                if claim is not None:
                    claims[claim] = line
        for move in entry.moves:
            if move.claim is not None and move.claim in claims:
                claims[move.claim].follow(move)
    rows = sorted([line.row(lots, policy, rates) for line in lines], key=lambda row: row.at)
    return RedemptionReport(tuple(rows))


def _lines(entry: Entry) -> Iterator[tuple[ClaimId | None, _Line]]:
    """The lines of an order that an entry has placed, with their claims."""
    if isinstance(entry.command, PlaceOrder):
        for order in entry.records:
            if isinstance(order, Order):
                pairs = zip(order.lines, entry.command.items, strict=True)
                for number, (line, item) in enumerate(pairs, 1):
                    provider = None if item.training is None else item.training.provider
                    yield line.claim, _Line(entry, order, number, provider)


class LotFigures(Protocol):
    """What a wallet has of one lot, in parts; a line of a balance."""

    @property
    def lot(self) -> Lot:
        """The lot."""
        ...

    @property
    def available(self) -> int:
        """What can be spent."""
        ...

    @property
    def pending(self) -> int:
        """What can be spent later."""
        ...

    @property
    def held(self) -> int:
        """What open claims hold."""
        ...

    @property
    def spent(self) -> int:
        """What claims have spent."""
        ...

    @property
    def expired(self) -> int:
        """What has lapsed."""
        ...

    @property
    def void(self) -> int:
        """What was taken out."""
        ...


def unused_value(lots: Iterable[LotFigures]) -> tuple[Money, ...]:
    """What can be spent of some lots, at the price paid for it, currency by currency.

    What was not bought is worth nothing here.

    >>> unused_value([])
    ()

    Source: TU-277.
    """
    sums = defaultdict[str, Fraction](Fraction)
    for line in lots:
        if line.lot.cost is not None and line.available:
            sums[line.lot.cost.currency] += Fraction(line.available, 100) * line.lot.cost.per_unit
    return tuple([Money(currency, sums[currency]) for currency in sorted(sums)])
