"""Refunds: units of an order line go back to the exact lots they came from.

The last taken goes back first, so that what stays spent is a prefix of what was taken, and whatever
is asked for, by whom and how often, a line never gives back more than it has spent: its claim alone
knows. Who withdraws gets what the policy's ``refund`` says; an administrator who cancels gives
everything back, and may always give back what the policy lets go at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, account, member
from unitledger.amounts import Units
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import (
    ClaimExceeded,
    IllegalTransition,
    InvalidType,
    InvalidValue,
    NotRefundable,
    shown,
)
from unitledger.ids import LotId, WalletId, derived_id
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.operations import positive
from unitledger.policy import ExpiredSource, PaymentMethod, Policy, RefundMode, Refunds
from unitledger.records import Record, record_lock
from unitledger.time import Validity
from unitledger.training.checkout import Order, OrderLine, check_line, order_line

__all__ = [
    "AdjustPrice",
    "CancelLine",
    "LineCancellation",
    "LineRefunded",
    "LineWithdrawal",
    "LineWithdrawn",
    "NoRefund",
    "RefundLine",
    "WithdrawLine",
    "percent_back",
]

_STAFF: Mapping[Role, Permit] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}
_MAX_TRANSCRIPT = 1_000_000


@final
class NoRefund(StrEnum):
    """Why nothing of a debit comes back.

    Source: TU-230, TU-231, TU-234 to TU-236.
    """

    POLICY = "policy"
    """The policy refunds nothing."""
    SESSION = "session"
    """It is a session, and the policy refunds none; an administrator may issue units anew."""
    TERMS = "terms"
    """No term is met: it is too late."""
    NOTHING_SPENT = "nothing_spent"
    """No units were spent on it: it was free, or a cost centre or money paid for it."""
    TRANSCRIPT = "transcript"
    """It stands on the transcript more than once."""

    def __repr__(self) -> str:
        return f"NoRefund.{self.name}"


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
        reissued: New lots that stand for units whose own lot has ended.

    Source: TU-239, TU-267.
    """

    order: str
    line: int
    refunded: Units
    kept: Units
    reissued: tuple[LotId, ...] = ()


@kind("line_withdrawn")
@final
@attrs.frozen
class LineWithdrawn(Outcome):
    """Somebody left what they had bought, or it was cancelled.

    Attributes:
        order: The order.
        line: Its line, from 1.
        percent: How much of the debit comes back.
        refunded: That much, rounded; zero when this was done before.
        released: What was held for an approval, and was let go.
        kept: How much the line still has spent.
        because: Why nothing comes back, when nothing does.
        card: Whether the host gives back the same share of what a card paid.
        reissued: New lots that stand for units whose own lot has ended.

    Source: TU-230 to TU-236, TU-240, TU-267.
    """

    order: str
    line: int
    percent: int
    refunded: Units
    released: Units
    kept: Units
    because: NoRefund | None
    card: bool
    reissued: tuple[LotId, ...] = ()


@attrs.frozen
class _Ending(Record):
    """How an order line ended: when, and what that gave back."""

    INDEX: ClassVar[tuple[str, ...]] = ("order",)

    order: str
    line: int
    at: datetime
    percent: int
    because: NoRefund | None

    @property
    def key(self) -> str:
        """The order and the number of the line."""
        return _key(self.order, self.line)

    def index(self) -> Mapping[str, str]:
        """By order."""
        return {"order": self.order}


@kind("line_withdrawal")
@final
@attrs.frozen
class LineWithdrawal(_Ending):
    """Somebody withdrew from what an order line had bought.

    Attributes:
        order: The order.
        line: Its line, from 1.
        at: When (UTC).
        percent: How much of the debit came back.
        because: Why nothing did, when nothing did.
    """

    KIND: ClassVar[str] = "line_withdrawal"


@kind("line_cancellation")
@final
@attrs.frozen
class LineCancellation(_Ending):
    """An administrator cancelled what an order line had bought.

    Attributes:
        order: The order.
        line: Its line, from 1.
        at: When (UTC).
        percent: How much of the debit came back.
        because: Why nothing did, when nothing did.
    """

    KIND: ClassVar[str] = "line_cancellation"


def _key(order: str, line: int) -> str:
    return f"{order}/{line}"


def percent_back(refunds: Refunds, starts: datetime | None, at: datetime) -> int | NoRefund:
    """How much of a debit comes back to who withdraws at an instant, or why nothing does.

    Of the terms that are met, the one that asks for the most days counts; what is no session has
    no start to be late for and meets them all.

    Args:
        refunds: What the policy says.
        starts: When the session starts (UTC); ``None`` is no session.
        at: When somebody withdraws (UTC).

    Source: X-04, TU-230 to TU-232.
    """
    if refunds.mode is RefundMode.NONE:
        return NoRefund.POLICY
    if refunds.mode is RefundMode.FULL:
        return 100
    if refunds.mode is RefundMode.NONE_FOR_SESSIONS:
        return 100 if starts is None else NoRefund.SESSION
    met = [
        (term.days_before, term.percent)
        for term in refunds.terms
        if starts is None or at <= starts - timedelta(days=term.days_before)
    ]
    return max(met)[1] if met else NoRefund.TERMS


@attrs.frozen
class _Refunding(Command[LineRefunded]):
    """Some of what an order line has spent goes back."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF

    order: str
    line: int

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the line's claim knows where its units came from."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The order's record."""
        return (record_lock(Order.KIND, self.order),)

    def _outcome(self, shift: Shift, parts: int, lots: tuple[Lot, ...]) -> LineRefunded:
        kept = Units(parts=shift.claim.total(State.SPENT))
        reissued = tuple([lot.id for lot in lots])
        return LineRefunded(self.order, self.line, Units(parts=parts), kept, reissued)


@kind("refund_line")
@final
@attrs.frozen
class RefundLine(_Refunding):
    """Give back units of an order line, into the exact lots they were taken from.

    The last taken goes back first, so that what stays spent is a prefix of what was taken. Into a
    lot that has lapsed they return and lapse, or a new lot stands for them, as the policy says.

    Attributes:
        order: The order.
        line: Its line, from 1.
        amount: How much; ``None`` is all that the line still has spent.

    Source: TU-230, TU-238, TU-239, TU-243, X-04.
    """

    NAME: ClassVar[str] = "refund_line"

    amount: Units | None = None

    def __attrs_post_init__(self) -> None:
        check_line(self.order, self.line)
        if self.amount is not None:
            positive(self.amount, Units)

    def decide(self, view: View) -> Decision[LineRefunded]:
        """The line's claim, with that much of it given back."""
        _, line = order_line(view, self.order, self.line)
        asked = 0 if self.amount is None else self.amount.parts
        if line.claim is None:
            raise ClaimExceeded(f"{self.order} line {self.line}", "SPENT", asked, 0)
        self._allowed(view.policy, line)
        claim = view.claim(line.claim)
        spent = claim.total(State.SPENT)
        if not spent:
            raise ClaimExceeded(claim.id, "SPENT", asked, 0)
        parts = asked or spent
        shift = claim.shift(parts, State.SPENT, State.FREE, last_first=True)
        moves, lots = _replaced(view, shift.moves)
        return Decision.of(self._outcome(shift, parts, lots), shift, moves=moves, lots=lots)

    def _allowed(self, policy: Policy, line: OrderLine) -> None:
        if policy.refund.mode is RefundMode.NONE:
            reason = "the policy refunds nothing; issue units anew instead"
            raise NotRefundable(self.order, self.line, reason)
        if policy.refund.mode is RefundMode.NONE_FOR_SESSIONS and line.starts is not None:
            reason = "sessions paid in units are not refundable; issue units anew instead"
            raise NotRefundable(self.order, self.line, reason)


@kind("adjust_price")
@final
@attrs.frozen
class AdjustPrice(_Refunding):
    """The price of what was bought is lower now: what the line has paid above it goes back.

    What is held goes back before what is spent. Whatever was refunded before counts as paid back
    already.

    Attributes:
        order: The order.
        line: Its line, from 1.
        to: What the whole line costs from now on.

    Source: TU-237, TU-267.
    """

    NAME: ClassVar[str] = "adjust_price"

    to: Units

    def __attrs_post_init__(self) -> None:
        check_line(self.order, self.line)
        if type(self.to) is not Units:
            raise InvalidType("to", shown(self.to), "Units")

    def decide(self, view: View) -> Decision[LineRefunded]:
        """The line's claim, with no more than the new price in it."""
        _, line = order_line(view, self.order, self.line)
        if line.claim is None:
            raise NotRefundable(self.order, self.line, "no units were spent on it")
        claim = view.claim(line.claim)
        held = claim.total(State.HELD)
        paid = held + claim.total(State.SPENT)
        if paid <= self.to.parts:
            reason = f"it has paid {Units(parts=paid)}, which is not above the new price"
            raise NotRefundable(self.order, self.line, reason)
        back = paid - self.to.parts
        shifts = tuple(_shifts(claim, min(held, back), back - min(held, back)))
        moves, lots = _replaced(view, tuple(move for shift in shifts for move in shift.moves))
        return Decision.of(self._outcome(shifts[-1], back, lots), *shifts, moves=moves, lots=lots)


@attrs.frozen
class _EndingCommand(Command[LineWithdrawn]):
    """An order line ends, once."""

    RECORD: ClassVar[type[_Ending]]

    order: str
    line: int

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the line's claim knows where its units came from."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The order's record, and those of how the line ended."""
        key = _key(self.order, self.line)
        kinds = (LineWithdrawal.KIND, LineCancellation.KIND)
        return (record_lock(Order.KIND, self.order), *[record_lock(kind, key) for kind in kinds])

    def _ended(self, view: View, percent: int | NoRefund) -> Decision[LineWithdrawn]:
        """The line ended now, with that much of it given back."""
        order, line = order_line(view, self.order, self.line)
        view.reach(member(order.buyer))
        claim = None if line.claim is None else view.claim(line.claim)
        spent = 0 if claim is None else claim.total(State.SPENT)
        held = 0 if claim is None else claim.total(State.HELD)
        if not spent and not held and not isinstance(percent, NoRefund):
            percent = NoRefund.NOTHING_SPENT
        because = percent if isinstance(percent, NoRefund) else None
        share = percent if isinstance(percent, int) else 0
        back = view.policy.refund_rounding.whole(Fraction(spent * share, 100))
        shifts = () if claim is None else tuple(_shifts(claim, held, back))
        moves, lots = _replaced(view, tuple(move for shift in shifts for move in shift.moves))
        record = self.RECORD(self.order, self.line, view.at, share, because)
        outcome = LineWithdrawn(
            self.order,
            self.line,
            share,
            Units(parts=back),
            Units(parts=held),
            Units(parts=spent - back),
            because,
            bool(share) and order.remainder_by is PaymentMethod.CARD,
            tuple([lot.id for lot in lots]),
        )
        return Decision.of(outcome, *shifts, moves=moves, lots=lots, records=(record,))

    def _again(self, view: View) -> Decision[LineWithdrawn]:
        """What was done before, which gives nothing back a second time."""
        order, line = order_line(view, self.order, self.line)
        view.reach(member(order.buyer))
        claim = None if line.claim is None else view.claim(line.claim)
        first = view.record(self.RECORD, _key(self.order, self.line))
        zero = Units(parts=0)
        outcome = LineWithdrawn(
            self.order,
            self.line,
            first.percent,
            zero,
            zero,
            zero if claim is None else Units(parts=claim.total(State.SPENT)),
            first.because,
            bool(first.percent) and order.remainder_by is PaymentMethod.CARD,
        )
        return Decision(outcome, same_as=view.made_by(self.RECORD, first.key))


def _buyers(command: WithdrawLine, view: View) -> bool:
    """The reach of a learner: their own orders."""
    return view.record(Order, command.order).buyer == view.actor.id


@kind("withdraw_line")
@final
@attrs.frozen
class WithdrawLine(_EndingCommand):
    """Whoever bought it does not come: the policy says how much of the debit comes back.

    What is held for an approval is let go whole. A second withdrawal is the same as the first.

    Attributes:
        order: The order.
        line: Its line, from 1.
        on_transcript: How often the item stands on the buyer's transcript; when it is more than
            once, nothing comes back.

    Source: TU-230 to TU-232, TU-234 to TU-236, TU-240, X-04.
    """

    NAME: ClassVar[str] = "withdraw_line"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.LEARNER: _buyers, **_STAFF}
    RECORD: ClassVar[type[_Ending]] = LineWithdrawal

    on_transcript: int = 1

    def __attrs_post_init__(self) -> None:
        check_line(self.order, self.line)
        if type(self.on_transcript) is not int:
            raise InvalidType("on_transcript", shown(self.on_transcript), "int")
        if not 1 <= self.on_transcript <= _MAX_TRANSCRIPT:
            raise InvalidValue(
                "on_transcript", shown(self.on_transcript), f"1 to {_MAX_TRANSCRIPT}"
            )

    def ready(self, view: View) -> None:
        """What was cancelled cannot be withdrawn from."""
        key = _key(self.order, self.line)
        if view.has_record(LineCancellation, key):
            raise IllegalTransition("order line", key, "cancelled", "withdrawn")

    def decide(self, view: View) -> Decision[LineWithdrawn]:
        """As much of the claim given back as the policy says."""
        if view.has_record(LineWithdrawal, _key(self.order, self.line)):
            return self._again(view)
        _, line = order_line(view, self.order, self.line)
        percent = percent_back(view.policy.refund, line.starts, view.at)
        return self._ended(view, NoRefund.TRANSCRIPT if self.on_transcript > 1 else percent)


@kind("cancel_line")
@final
@attrs.frozen
class CancelLine(_EndingCommand):
    """The administrator cancels what was bought: everything comes back, if anything may.

    Also to who has withdrawn before and got less. Where the policy refunds nothing for it, nothing
    comes back here either.

    Attributes:
        order: The order.
        line: Its line, from 1.

    Source: TU-233, X-04.
    """

    NAME: ClassVar[str] = "cancel_line"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF
    RECORD: ClassVar[type[_Ending]] = LineCancellation

    def __attrs_post_init__(self) -> None:
        check_line(self.order, self.line)

    def decide(self, view: View) -> Decision[LineWithdrawn]:
        """All that the claim still has, given back."""
        if view.has_record(LineCancellation, _key(self.order, self.line)):
            return self._again(view)
        _, line = order_line(view, self.order, self.line)
        refunds = view.policy.refund
        if refunds.mode is RefundMode.TERMS:
            return self._ended(view, 100)
        return self._ended(view, percent_back(refunds, line.starts, view.at))


def _shifts(claim: Claim, held: int, spent: int) -> Iterator[Shift]:
    """So much of what a claim holds let go, then so much of what it has spent given back."""
    if held:
        shift = claim.shift(held, State.HELD, State.FREE, last_first=True)
        claim = shift.claim
        yield shift
    if spent:
        yield claim.shift(spent, State.SPENT, State.FREE, last_first=True)


def _replaced(view: View, moves: tuple[Move, ...]) -> tuple[tuple[Move, ...], tuple[Lot, ...]]:
    """The moves and new lots that stand for what goes back into lots that have ended.

    The old lot's units are taken out, so that no edit of its expiry brings them back beside the
    new ones.

    Source: TU-239.
    """
    policy, more, lots = view.policy, list[Move](), list[Lot]()
    if policy.expired_source is ExpiredSource.RETURN_AND_LAPSE:
        return (), ()
    extended = policy.expired_source is ExpiredSource.EXTEND
    ends = view.at + timedelta(days=policy.extend_days) if extended else None
    for move in moves:
        old, wallet = view.lot(move.lot), move.target.wallet
        if old.lapsed(view.at):
            lot = _anew(view, old, wallet, ends, len(lots) + 1)
            free = account(wallet, State.FREE)
            more.append(Move(old.id, free, account(wallet, State.VOID), move.parts))
            more.append(Move(lot.id, account(wallet, State.ISSUED), free, move.parts))
            lots.append(lot)
    return tuple(more), tuple(lots)


def _anew(view: View, old: Lot, wallet: WalletId, ends: datetime | None, number: int) -> Lot:
    """A lot like one that has ended, which begins now."""
    return Lot(
        id=LotId(derived_id(view.request, number)),
        home=wallet,
        terms=Validity(view.at, ends),
        acquired=view.at,
        cycle=old.cycle,
        category=old.category,
        priority=old.priority,
        scope=old.scope,
        cost=old.cost,
        since=view.at,
    )
