"""The book: what is asked of a ledger about training units.

It is a ledger's `units`. Commands are given to the ledger itself; here stands only what is more
than one command, or none: quotes, where an order is, reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol, final

import attrs

from unitledger.accounts import State, check_wallet, member
from unitledger.amounts import Units
from unitledger.commands import Actor, Entry
from unitledger.errors import InvalidType, shown
from unitledger.ids import PortalId, RequestId, WalletId
from unitledger.indexes import every
from unitledger.policy import Policy
from unitledger.ports import Directory, Reading, Store
from unitledger.time import Clock, instant
from unitledger.training.checkout import CheckoutState, Order, OrderLine, PlaceOrder
from unitledger.training.codereports import KeyCodeReport, key_code_rows
from unitledger.training.keycode_lists import ListedKeyCode, listed_key_codes
from unitledger.training.keycodes import KeyCodeState, RegisteredKeyCode, check_code_id
from unitledger.training.purchases import Coupon, UnitOffer, unit_offer
from unitledger.training.quotes import OrderQuote, version_of
from unitledger.training.reports import (
    Exchange,
    LotFigures,
    Money,
    PurchaseReport,
    RedemptionReport,
    ReportPeriod,
    purchase_report,
    redemption_report,
    unused_value,
)
from unitledger.training.tenders import payment
from unitledger.values import Value, recheck
from unitledger.views import LockedView

__all__ = ["LineStanding", "OrderStanding", "UnitsBook", "UnitsLedger"]

_NOBODY = Actor.acting("nobody")
_ALL = ReportPeriod()


class _Figures(Protocol):
    """A balance, lot by lot."""

    @property
    def lots(self) -> Iterable[LotFigures]:
        """What the wallet has of every lot."""
        ...


class UnitsLedger(Protocol):
    """What the book needs of a ledger."""

    @property
    def store(self) -> Store:
        """Where it is kept."""
        ...

    @property
    def portal(self) -> str:
        """The tenant."""
        ...

    @property
    def policy(self) -> Policy:
        """The named values of every rule."""
        ...

    @property
    def clock(self) -> Clock:
        """Where the present instant comes from."""
        ...

    @property
    def directory(self) -> Directory:
        """The host's facts about people."""
        ...

    def balance(self, wallet: str, *, at: datetime | None = None) -> _Figures:
        """What a wallet has."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Every entry of the journal, in the order written."""
        ...


@final
@attrs.frozen
class LineStanding(Value):
    """Where one line of an order is.

    Attributes:
        line: The line.
        held: How much it holds until somebody approves it.
        spent: How much it has spent.
    """

    line: OrderLine
    held: Units
    spent: Units


@final
@attrs.frozen
class OrderStanding(Value):
    """Where an order is.

    Attributes:
        order: The order.
        lines: Its lines, in the cart's order.
    """

    order: Order
    lines: tuple[LineStanding, ...]

    @property
    def state(self) -> CheckoutState:
        """Held while a line is, placed while a line has units spent or never took any."""
        if any(line.held for line in self.lines):
            return CheckoutState.HELD
        claimed = [line for line in self.lines if line.line.claim is not None]
        if claimed and not any(line.spent for line in claimed):
            return CheckoutState.REFUNDED
        return CheckoutState.PLACED


@final
class UnitsBook:
    """The training units of one ledger.

    Args:
        ledger: The ledger.
    """

    def __init__(self, ledger: UnitsLedger) -> None:
        self._ledger = ledger

    # Checkout.

    def quote(self, order: PlaceOrder, *, at: datetime | None = None) -> OrderQuote:
        """What an order would cost, who would pay, and why these lots; nothing is written.

        Args:
            order: The order as it would be placed.
            at: The instant (UTC); ``None`` is now.

        Raises:
            Refused: What placing it would be refused with, but for the actor's right to do so.

        Source: TU-105, TU-171, TU-179.
        """
        if type(order) is not PlaceOrder:
            raise InvalidType("order", shown(order), "PlaceOrder")
        recheck(order)
        with self._ledger.store.read(self._portal) as reading:
            codes = [reading.record(RegisteredKeyCode.KIND, code) for code in order.codes]
            opened = [code.wallet for code in codes if isinstance(code, RegisteredKeyCode)]
            view = self._view(reading, (member(order.buyer), *opened), at)
            order.ready(view)
            found = payment(view, order.basket)
        return OrderQuote(found, version_of(found))

    def price(self, units: Units, *, coupon: Coupon | None = None) -> UnitOffer:
        """What so many units cost when they are bought; nothing is bought.

        Raises:
            UnitsNotSold: The policy has no price for them.
            CouponNotAllowed: There is a coupon, and the policy takes none.

        Source: TU-210, TU-212.
        """
        return unit_offer(units, self._ledger.policy, coupon=coupon)

    def order(self, order: str, *, at: datetime | None = None) -> OrderStanding:
        """Where an order is, line by line.

        Args:
            order: Its id.
            at: The instant (UTC), now or to come; ``None`` is now.

        Raises:
            UnknownObject: There is no such order.
        """
        with self._ledger.store.read(self._portal) as reading:
            view = self._view(reading, (), at)
            placed = view.record(Order, order)
            return OrderStanding(placed, tuple([_standing(view, one) for one in placed.lines]))

    # Reports.

    def purchases(self, period: ReportPeriod = _ALL) -> PurchaseReport:
        """The units that were bought in a period.

        Source: TU-270, TU-271.
        """
        return purchase_report(self._ledger.entries(), period)

    def redemptions(
        self, period: ReportPeriod = _ALL, *, exchange: Exchange | None = None
    ) -> RedemptionReport:
        """The orders placed in a period, line by line, with what became of them since.

        Args:
            period: When they were placed.
            exchange: At which rates raw values are converted; ``None`` is not at all.

        Source: TU-272, TU-275.
        """
        return redemption_report(self._ledger.entries(), period, self._ledger.policy, exchange)

    def key_codes(self, *codes: str, at: datetime | None = None) -> KeyCodeReport:
        """What stands behind some key codes, lot by lot; behind all of them when none is named.

        All of them are those that pay or are suspended; what was lost is listed by the code that
        replaced it.

        Args:
            *codes: Their ids.
            at: The instant (UTC); ``None`` is now.

        Raises:
            UnknownObject: One of them is not ours.
            InvalidValue: A plain code is no id.

        Source: TU-277, X-17.
        """
        for code in codes:
            check_code_id(code)
        with self._ledger.store.read(self._portal) as reading:
            named = codes or _in_use(reading)
            rows = key_code_rows(reading, named, lambda wallet: self._lots(wallet, at))
            return KeyCodeReport(tuple(rows))

    def key_code_list(
        self,
        *,
        contact: str | None = None,
        user: str | None = None,
        finished: bool = False,
        at: datetime | None = None,
    ) -> tuple[ListedKeyCode, ...]:
        """The key codes of the portal with what is behind them, without what is used up or lapsed.

        Args:
            contact: Only the codes of this contact; ``None`` is every code.
            user: Whose standing is meant; ``None`` is anybody's.
            finished: Whether what is completed or expired is listed too.
            at: The instant (UTC) whose figures are meant; ``None`` is now.

        Source: TU-008, TU-107 to TU-110.
        """
        with self._ledger.store.read(self._portal) as reading:
            groups = None if user is None else self._view(reading, (), at).groups(user)
            return listed_key_codes(
                reading,
                lambda wallet: self._lots(wallet, at),
                contact=contact,
                groups=groups,
                finished=finished,
            )

    def unused_value(self, wallet: str, *, at: datetime | None = None) -> tuple[Money, ...]:
        """What a wallet can spend, at the prices paid for it, currency by currency.

        Source: TU-277.
        """
        return unused_value(self._lots(check_wallet(wallet), at))

    @property
    def _portal(self) -> PortalId:
        return PortalId(self._ledger.portal)

    def _lots(self, wallet: WalletId, at: datetime | None) -> Iterable[LotFigures]:
        return self._ledger.balance(wallet, at=at).lots

    def _view(
        self, reading: Reading, wallets: Iterable[WalletId], at: datetime | None
    ) -> LockedView:
        """What a decision would see: at that instant, or now and never before a wallet's last."""
        clock = instant(self._ledger.clock.now(), "clock")
        heads = [head for wallet in wallets if (head := reading.head(wallet)) is not None]
        latest = max([clock, *[head.at for head in heads]])
        return LockedView(
            reading,
            None,
            at=latest if at is None else instant(at, "at"),
            clock=clock,
            actor=_NOBODY,
            request=RequestId("preview"),
            policy=self._ledger.policy,
            directory=self._ledger.directory,
        )


def _in_use(reading: Reading) -> list[str]:
    """The ids of the key codes that were not replaced, in order."""
    states = KeyCodeState.OPEN, KeyCodeState.SUSPENDED
    found = [every(reading, RegisteredKeyCode, "state", state.value) for state in states]
    return sorted(code.id for codes in found for code in codes)


def _standing(view: LockedView, line: OrderLine) -> LineStanding:
    if line.claim is None:
        return LineStanding(line, Units(parts=0), Units(parts=0))
    claim = view.claim(line.claim)
    held, spent = [Units(parts=claim.total(state)) for state in (State.HELD, State.SPENT)]
    return LineStanding(line, held, spent)
