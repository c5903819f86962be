"""Checkout: an order is priced, paid from lots and written down in one step.

The key code's lots pay first, then the buyer's own units; each line is a claim of its own, so each
can be captured and given back on its own. Which lots pay is never the buyer's choice. An order that
cannot be paid takes nothing anywhere.

What is worked out here is worked out under the lock: a quote shown before is a courtesy, and an
order whose units went meanwhile is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, member
from unitledger.amounts import Rate, Units
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.commands import (
    Command,
    Decision,
    Outcome,
    Permit,
    Role,
    View,
    anywhere,
    claim_id,
    own,
)
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    InvalidValue,
    KeyCodeCapReached,
    UnknownObject,
    shown,
)
from unitledger.ids import ClaimId, WalletId, check_id
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.policy import DebitAt, PaymentMethod
from unitledger.records import Record, record_lock
from unitledger.time import after_days
from unitledger.training.keycodes import (
    RegisteredKeyCode,
    check_code_id,
    ours,
    registered,
    wallet_of,
)
from unitledger.training.pricing import MAX_ITEMS, Item, QuotedLine, check_cart
from unitledger.training.quotes import check_quote, check_version
from unitledger.training.tenders import Basket, Leg, Remainder, check_methods, payment
from unitledger.values import Value

__all__ = [
    "CheckoutState",
    "Order",
    "OrderLine",
    "OrderPlaced",
    "PlaceOrder",
    "check_line",
    "order_line",
]


@final
class CheckoutState(StrEnum):
    """Where a purchase of training is; nothing is charged before it is placed."""

    PRICED = "priced"
    """The cart has its prices, and a key code was looked at."""
    REVIEWED = "reviewed"
    """The buyer has seen who would pay what."""
    HELD = "held"
    """Placed; its units wait for an approval."""
    PLACED = "placed"
    """Placed and paid."""
    REFUNDED = "refunded"
    """All that it had held or spent went back."""

    def __repr__(self) -> str:
        return f"CheckoutState.{self.name}"


@final
@attrs.frozen
class OrderLine(Value):
    """One line of an order that was placed; its prices stand in the receipt.

    Attributes:
        item: What was bought.
        quantity: How many.
        claim: The claim that its units are held or were spent by; ``None`` when it took none.
        starts: When it starts, if it is a session (UTC).

    Source: TU-180.
    """

    item: str
    quantity: int
    claim: ClaimId | None
    starts: datetime | None = None


@kind("order")
@final
@attrs.frozen
class Order(Record):
    """An order that was placed.

    Attributes:
        id: Its id.
        buyer: Whose order it is.
        key_code: The id of the key code offered; ``None`` is none.
        lines: Its lines, in the cart's order.
        remainder_by: What pays the part that units do not; ``None`` when they pay everything, or
            the host has not said.
        held: Whether its units were held for an approval when it was placed.
    """

    KIND: ClassVar[str] = "order"
    INDEX: ClassVar[tuple[str, ...]] = ("buyer",)

    id: str
    buyer: str
    key_code: str | None
    lines: tuple[OrderLine, ...]
    remainder_by: PaymentMethod | None = None
    held: bool = False

    @property
    def key(self) -> str:
        """The order's id."""
        return self.id

    def index(self) -> Mapping[str, str]:
        """By buyer."""
        return {"buyer": self.buyer}


@kind("order_placed")
@final
@attrs.frozen
class OrderPlaced(Outcome):
    """An order is placed and paid, or its units are held until it is approved.

    Attributes:
        order: Its id.
        lines: Its lines with their prices, in the cart's order.
        total: What they cost together.
        paid: How much came from which wallet, in the order they were drawn on.
        remainder: What is left to be paid in money; ``None`` when units paid everything.
        unit_value: What a unit was worth when prices in money were converted; ``None`` when none
            was, or when it was not the same for every line.
        held: Whether the units are held for an approval instead of spent.
        deadline: When held units go back by themselves (UTC); ``None`` is never.

    Source: TU-180, TU-267, TU-293, X-20.
    """

    order: str
    lines: tuple[QuotedLine, ...]
    total: Units
    paid: tuple[tuple[WalletId, Units], ...]
    remainder: Remainder | None
    unit_value: Rate | None
    held: bool = False
    deadline: datetime | None = None


@kind("place_order")
@final
@attrs.frozen
class PlaceOrder(Command[OrderPlaced]):
    """Buy the items of a cart with training units.

    An order id is used once: send the order id as the request id too, and a retry gets the first
    receipt; another request with the same order id is refused, whatever is in it.

    Attributes:
        order: The order's id.
        buyer: Whose order it is.
        items: The cart.
        key_code: The id of the key code to pay with first; ``None`` is none.
        top_up_code: The id of a key code to pay with behind the buyer's own units, where the
            policy lets it.
        remainder_by: The buyer's choice of what pays the part that units do not; ``None`` leaves
            it to the host.
        needs_approval: Whether somebody has to approve the training first; when that debits, the
            policy says.
        quoted: The version of the quote that the buyer agreed to; ``None`` takes what comes.
        more_codes: The ids of the key codes that pay behind the first, in order, where the policy
            takes more than one.

    Source: TU-102, TU-112, TU-114, TU-170 to TU-184, TU-190 to TU-200, X-01, X-14, X-20.
    """

    NAME: ClassVar[str] = "place_order"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {
        Role.LEARNER: own("buyer"),
        Role.ADMIN: anywhere,
        Role.SYSTEM: anywhere,
    }

    order: str
    buyer: str
    items: tuple[Item, ...]
    key_code: str | None = None
    top_up_code: str | None = None
    remainder_by: PaymentMethod | None = None
    needs_approval: bool = False
    quoted: str | None = None
    more_codes: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        check_id(self.order, "order")
        check_id(self.buyer, "buyer")
        if type(self.items) is not tuple:
            raise InvalidType("items", shown(self.items), "tuple")
        check_cart(self.items)
        for name in ("key_code", "top_up_code"):
            if (code := getattr(self, name)) is not None:
                check_code_id(code, name)
        _check_more_codes(self.key_code, self.more_codes)
        if self.remainder_by is not None and type(self.remainder_by) is not PaymentMethod:
            raise InvalidType("remainder_by", shown(self.remainder_by), "PaymentMethod")
        if type(self.needs_approval) is not bool:
            raise InvalidType("needs_approval", shown(self.needs_approval), "bool")
        if self.quoted is not None:
            check_version(self.quoted)

    @property
    def codes(self) -> tuple[str, ...]:
        """The ids of the key codes offered."""
        if self.key_code is None and self.top_up_code is None:
            return ()
        codes = (self.key_code, *self.more_codes, self.top_up_code)
        return tuple([code for code in codes if code is not None])

    @property
    def basket(self) -> Basket:
        """What is to be bought, and what is offered for it."""
        return Basket(
            self.order,
            self.buyer,
            self.items,
            self.key_code,
            self.top_up_code,
            self.remainder_by,
            self.more_codes,
        )

    def wallets(self) -> tuple[WalletId, ...]:
        """The first wallet to be drawn on."""
        return (member(self.buyer) if self.key_code is None else wallet_of(self.key_code),)

    def keys(self) -> tuple[str, ...]:
        """The order's record, and the key codes'."""
        order = record_lock(Order.KIND, self.order)
        return (order, *[record_lock(RegisteredKeyCode.KIND, code) for code in self.codes])

    def ready(self, view: View) -> None:
        """The order id is new, the methods are allowed, and the key code is for the buyer."""
        if view.has_record(Order, self.order):
            raise AlreadyExists("order", self.order)
        check_methods(self.basket, view.policy)
        for code in self.codes:
            registered(view, code, self.buyer)

    def decide(self, view: View) -> Decision[OrderPlaced]:
        """A claim per line over the lots that pay for it."""
        payable = payment(view, self.basket)
        check_quote(view.policy, self.order, self.quoted, payable)
        for code in self.codes:
            _check_cap(view, code, self.buyer, payable.legs)
        held = self.needs_approval and view.policy.debit_at is DebitAt.HOLD_THEN_CAPTURE
        deadline = after_days(view.at, view.policy.approval_days) if held else None
        state = State.HELD if held else State.SPENT
        claims, moves = _claimed(view, len(self.items), payable.legs, state, deadline)
        by = None if payable.remainder is None else self.remainder_by
        lines = tuple(map(_line, self.items, claims))
        return Decision(
            OrderPlaced(
                self.order,
                payable.lines,
                payable.total,
                payable.paid,
                payable.remainder,
                _value_used(payable.lines),
                held,
                deadline,
            ),
            tuple(moves),
            tuple([claim for claim in claims if claim is not None]),
            (Order(self.order, self.buyer, self.key_code, lines, by, held),),
        )


def _check_more_codes(first: str | None, more: tuple[str, ...]) -> None:
    if type(more) is not tuple:
        raise InvalidType("more_codes", shown(more), "a tuple of ids")
    for code in more:
        check_code_id(code, "more_codes")
    if more and (first is None or len({first, *more}) <= len(more)):
        raise InvalidValue("more_codes", "not shown", "other codes than the first, each once")


def _check_cap(view: View, code: str, buyer: str, legs: Sequence[Leg]) -> None:
    """Refuse to spend more by a key code than one user may.

    What went back, or is held for nothing any more, does not count.

    Raises:
        KeyCodeCapReached: It would be more.

    Source: TU-112.
    """
    record = ours(view, code)
    cap = view.policy.per_user_cap if record.user_cap is None else record.user_cap
    asked = Units.total(leg.units for leg in legs if leg.wallet == record.wallet)
    if cap is None or not asked:
        return
    used = Units(parts=sum(_parts_by(view, buyer, record.wallet)))
    if used + asked > cap:
        raise KeyCodeCapReached(buyer, cap, used, asked)


def _parts_by(view: View, buyer: str, wallet: WalletId) -> Iterator[int]:
    """What a buyer's orders have spent or hold in a wallet."""
    for order in view.found(Order, "buyer", buyer):
        for line in order.lines:
            segments = () if line.claim is None else view.claim(line.claim).segments
            yield from (part.parts for part in segments if part.wallet == wallet)


def check_line(order: str, line: int) -> None:
    """Refuse what cannot name a line of an order.

    Raises:
        InvalidType: The line is not an ``int``.
        InvalidValue: No order has such a line.
    """
    check_id(order, "order")
    if type(line) is not int:
        raise InvalidType("line", shown(line), "int")
    if not 1 <= line <= MAX_ITEMS:
        raise InvalidValue("line", shown(line), f"1 to {MAX_ITEMS}")


def order_line(view: View, order: str, line: int) -> tuple[Order, OrderLine]:
    """An order that was placed, and one of its lines.

    Raises:
        UnknownObject: There is no such order, or it has fewer lines.
    """
    placed = view.record(Order, order)
    if line > len(placed.lines):
        raise UnknownObject("order line", f"{order} line {line}")
    return placed, placed.lines[line - 1]


def _value_used(lines: Sequence[QuotedLine]) -> Rate | None:
    """What a unit was worth for the lines that were converted, when it was the same for all."""
    rates = {line.unit_value for line in lines if line.unit_value is not None}
    return rates.pop() if len(rates) == 1 else None


def _claimed(
    view: View, lines: int, legs: Sequence[Leg], state: State, deadline: datetime | None
) -> tuple[list[Claim | None], list[Move]]:
    """For every line the claim that pays for it, if one does, and the moves of all of them."""
    claims: list[Claim | None] = []
    moves: list[Move] = []
    for place in range(lines):
        claim: Claim | None = None
        for wallet, taken in _takings(legs, place):
            if claim is None:
                name = claim_id(view, place + 1)
                shift: Shift = Claim.taking(name, wallet, taken, state, deadline=deadline)
            else:
                shift = claim.joined(wallet, taken, state)
            claim = shift.claim
            moves += shift.moves
        claims.append(claim)
    return claims, moves


def _takings(
    legs: Sequence[Leg], place: int
) -> Iterator[tuple[WalletId, Sequence[tuple[Lot, int]]]]:
    """What a line takes from which wallet, in the order they are drawn on."""
    for leg in legs:
        taken = leg.plans[place].taken
        if taken:
            yield leg.wallet, taken


def _line(item: Item, claim: Claim | None) -> OrderLine:
    return OrderLine(item.id, item.quantity, None if claim is None else claim.id, item.starts)
