"""Checkout: an order is priced, paid from lots and written down in one step.

The key code's lots pay first, then the buyer's own units; each line is a claim of its own, so each
can be given back on its own. Which lots pay is never the buyer's choice. An order that cannot be
paid takes nothing anywhere.

What is worked out here is worked out under the lock: a quote shown before is a courtesy, and an
order whose units went meanwhile is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar, TypeAlias, final

import attrs

from unitledger.accounts import State, member
from unitledger.amounts import Rate, Units
from unitledger.buckets import Demand, Plan
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
    InsufficientUnits,
    InvalidType,
    RemainderNotPriced,
    shown,
)
from unitledger.ids import ClaimId, WalletId, check_id
from unitledger.lots import ANYTHING, Lot, Use
from unitledger.moves import Move
from unitledger.policy import Policy, Tender
from unitledger.records import Record, record_lock
from unitledger.training.keycodes import (
    RegisteredKeyCode,
    check_code_id,
    registered,
    wallet_of,
)
from unitledger.training.pricing import Item, PricedIn, QuotedLine, check_cart
from unitledger.values import Value

__all__ = ["Order", "OrderLine", "OrderPlaced", "PlaceOrder", "Remainder"]

_Leg: TypeAlias = tuple[WalletId, tuple[Plan, ...]]
"""A wallet, and what each line takes from it."""


@final
@attrs.frozen
class OrderLine(Value):
    """One line of an order that was placed; its prices stand in the receipt.

    Attributes:
        item: What was bought.
        quantity: How many.
        claim: The claim that its units were spent by; ``None`` when it took none.

    Source: TU-180.
    """

    item: str
    quantity: int
    claim: ClaimId | None


@final
@attrs.frozen
class Remainder(Value):
    """What units do not cover of an order; the host asks a card or a bill for it.

    Attributes:
        units: How many units are missing.
        money: What they are worth, exactly; the host rounds it by its currency's rule.
        unit_value: What a unit was taken to be worth.

    Source: TU-172, TU-175, TU-177.
    """

    units: Units
    money: Fraction
    unit_value: Rate


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
    """

    KIND: ClassVar[str] = "order"

    id: str
    buyer: str
    key_code: str | None
    lines: tuple[OrderLine, ...]

    @property
    def key(self) -> str:
        """The order's id."""
        return self.id


@kind("order_placed")
@final
@attrs.frozen
class OrderPlaced(Outcome):
    """An order is placed and paid.

    Attributes:
        order: Its id.
        lines: Its lines with their prices, in the cart's order.
        total: What they cost together.
        paid: How much came from which wallet, in the order they were drawn on.
        remainder: What is left to be paid in money; ``None`` when units paid everything.
        unit_value: What a unit was worth when prices in money were converted; ``None`` when none
            was.

    Source: TU-180, TU-293.
    """

    order: str
    lines: tuple[QuotedLine, ...]
    total: Units
    paid: tuple[tuple[WalletId, Units], ...]
    remainder: Remainder | None
    unit_value: Rate | None


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

    Source: TU-102, TU-170 to TU-181, TU-190 to TU-200, X-01, X-14.
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

    def __attrs_post_init__(self) -> None:
        check_id(self.order, "order")
        check_id(self.buyer, "buyer")
        if type(self.items) is not tuple:
            raise InvalidType("items", shown(self.items), "tuple")
        check_cart(self.items)
        if self.key_code is not None:
            check_code_id(self.key_code)

    def wallets(self) -> tuple[WalletId, ...]:
        """The first wallet to be drawn on."""
        return (member(self.buyer) if self.key_code is None else wallet_of(self.key_code),)

    def keys(self) -> tuple[str, ...]:
        """The order's record, and the key code's."""
        order = record_lock(Order.KIND, self.order)
        if self.key_code is None:
            return (order,)
        return (order, record_lock(RegisteredKeyCode.KIND, self.key_code))

    def ready(self, view: View) -> None:
        """The order id is new, and the key code is ours and meant for the buyer."""
        if view.has_record(Order, self.order):
            raise AlreadyExists("order", self.order)
        if self.key_code is not None:
            registered(view, self.key_code, self.buyer)

    def decide(self, view: View) -> Decision[OrderPlaced]:
        """A claim per line over the lots that pay for it."""
        policy = view.policy
        lines = tuple([item.priced(policy.unit_value) for item in self.items])
        total = lines[0].units if len(lines) == 1 else Units.total([line.units for line in lines])
        legs = self._legs(view, lines)
        paid = tuple([(wallet, sum_) for wallet, plans in legs if (sum_ := _taken(plans))])
        remainder = self._remainder(policy, total, paid)
        rate = policy.unit_value if _converted(self.items) else None
        claims, moves = _claimed(view, len(lines), legs)
        record = Order(self.order, self.buyer, self.key_code, tuple(map(_line, lines, claims)))
        return Decision(
            OrderPlaced(self.order, lines, total, paid, remainder, rate),
            tuple(moves),
            tuple([claim for claim in claims if claim is not None]),
            (record,),
        )

    def _legs(self, view: View, lines: Sequence[QuotedLine]) -> list[_Leg]:
        """What every wallet pays of every line, the key code's first.

        Source: TU-174, TU-200, X-01.
        """
        needs, legs = [line.units for line in lines], list[_Leg]()
        for wallet in self._drawn_on(view.policy.tender):
            plans = self._plans(view, wallet, needs)
            legs.append((wallet, plans))
            if all(plan.met for plan in plans):
                break
            needs = [Units(parts=plan.unmet.parts) for plan in plans]
        return legs

    def _drawn_on(self, tender: Tender) -> Iterator[WalletId]:
        """The wallets that may pay, in order."""
        if self.key_code is not None:
            yield wallet_of(self.key_code)
        if self.key_code is None or tender is not Tender.STRICT_ONE_METHOD:
            yield member(self.buyer)

    def _plans(self, view: View, wallet: WalletId, needs: Sequence[Units]) -> tuple[Plan, ...]:
        """What each line takes from a wallet.

        Who and what the units are for is looked into, and the Directory asked, only when a
        restricted lot stands in the way.
        """
        plans = _burned(view, wallet, needs, [ANYTHING] * len(needs))
        if not any(_restricted(plan) for plan in plans):
            return plans
        groups = view.groups(self.buyer)
        uses = [Use(item=item.id, groups=groups) for item in self.items]
        return _burned(view, wallet, needs, uses)

    def _remainder(
        self, policy: Policy, total: Units, paid: Sequence[tuple[WalletId, Units]]
    ) -> Remainder | None:
        """What is still missing, when the policy lets money pay it.

        Source: TU-172 to TU-178.
        """
        covered = sum([units.parts for _, units in paid])
        if covered == total.parts:
            return None
        missing = Units(parts=total.parts - covered)
        if policy.tender is not Tender.ALLOW_REMAINDER:
            wallets = tuple(self._drawn_on(policy.tender))
            raise InsufficientUnits(wallets, total, Units(parts=covered))
        if policy.unit_value is None:
            raise RemainderNotPriced(self.order, missing)
        money = Fraction(missing.parts, 100) * policy.unit_value.per_unit
        return Remainder(missing, money, policy.unit_value)


def _burned(
    view: View, wallet: WalletId, needs: Sequence[Units], uses: Sequence[Use]
) -> tuple[Plan, ...]:
    if len(needs) == 1:
        return (view.plan(wallet, needs[0], use=uses[0]),)
    scope, demands = view.policy.allocation_scope, list(map(Demand, needs, uses))
    return view.bucket(wallet).burn_each(demands, at=view.at, scope=scope)


def _restricted(plan: Plan) -> bool:
    """Whether a lot that is not for everything stands in front of the last one taken."""
    met, taken = plan.met, plan.taken
    if met and not taken:
        return False
    last = taken[-1][0] if met else None
    for lot in plan.bucket.alive(at=plan.at):
        if lot.scope is not None or lot is last:
            return lot.scope is not None
    return False


def _taken(plans: Sequence[Plan]) -> Units:
    return Units(parts=sum([parts for plan in plans for _, parts in plan.taken]))


def _converted(items: Sequence[Item]) -> bool:
    """Whether a price in money had to be made one in units."""
    return any(item.priced_in is PricedIn.MONEY for item in items)


def _claimed(view: View, lines: int, legs: Sequence[_Leg]) -> tuple[list[Claim | None], list[Move]]:
    """For every line the claim that pays for it, if one does, and the moves of all of them."""
    claims: list[Claim | None] = []
    moves: list[Move] = []
    for place in range(lines):
        claim: Claim | None = None
        for wallet, plans in legs:
            taken = plans[place].taken
            if taken:
                shift = _more(view, place, claim, wallet, taken)
                claim = shift.claim
                moves += shift.moves
        claims.append(claim)
    return claims, moves


def _more(
    view: View, place: int, claim: Claim | None, wallet: WalletId, taken: Sequence[tuple[Lot, int]]
) -> Shift:
    """A line's claim with what one more wallet pays; the first one makes the claim."""
    if claim is None:
        return Claim.taking(claim_id(view, place + 1), wallet, taken, State.SPENT)
    return claim.joined(wallet, taken, State.SPENT)


def _line(line: QuotedLine, claim: Claim | None) -> OrderLine:
    return OrderLine(line.item, line.quantity, None if claim is None else claim.id)
