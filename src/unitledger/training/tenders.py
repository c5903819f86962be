"""Tenders: which wallets pay for a cart, from which lots, and what is left for money.

Nothing happens here. A quote and the placing of an order work it out by the same code, so what was
shown is what is done, unless the lots have moved in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import final

import attrs

from unitledger.accounts import member
from unitledger.amounts import Rate, Units
from unitledger.buckets import Demand, Plan
from unitledger.commands import View
from unitledger.errors import InsufficientUnits, InvalidValue, MethodNotAllowed, RemainderNotPriced
from unitledger.ids import WalletId
from unitledger.lots import ANYTHING, Use
from unitledger.policy import PaymentMethod, Policy, Tender
from unitledger.training.keycodes import wallet_of
from unitledger.training.pricing import Item, QuotedLine
from unitledger.values import Value

__all__ = ["Basket", "Leg", "Payment", "Remainder", "check_methods", "payment"]


@final
@attrs.frozen
class Remainder(Value):
    """What units do not cover of an order; the host asks a card or a bill for it.

    Attributes:
        units: How many units are missing.
        money: What they are worth, exactly.
        charge: The same, rounded by the policy's money rule: what the host asks for.
        unit_value: What a unit was taken to be worth.
        methods: What may pay for it: the method the buyer chose, or all that the policy allows.

    Source: TU-172, TU-175, TU-177.
    """

    units: Units
    money: Fraction
    charge: Fraction
    unit_value: Rate
    methods: frozenset[PaymentMethod]


@final
@attrs.frozen
class Basket(Value):
    """What is to be bought, by whom, and what is offered for it.

    Attributes:
        order: The order's id.
        buyer: Whose order it is.
        items: The cart.
        key_code: The id of the key code that pays first; ``None`` is none.
        top_up_code: The id of the key code that pays behind the buyer's own units.
        remainder_by: The method the buyer chose for what units do not cover; ``None`` leaves it
            to the host.
    """

    order: str
    buyer: str
    items: tuple[Item, ...]
    key_code: str | None = None
    top_up_code: str | None = None
    remainder_by: PaymentMethod | None = None


@final
@attrs.frozen
class Leg(Value):
    """What one wallet pays.

    Attributes:
        wallet: The wallet.
        plans: For every line of the cart, which lots pay how much.
    """

    wallet: WalletId
    plans: tuple[Plan, ...]

    @property
    def units(self) -> Units:
        """How much it pays in all."""
        return Units(parts=sum([parts for plan in self.plans for _, parts in plan.taken]))


@final
@attrs.frozen
class Payment(Value):
    """How a cart would be paid.

    Attributes:
        lines: Its lines with their prices, in the cart's order.
        total: What they cost together.
        legs: What every wallet pays, in the order they are drawn on.
        remainder: What is left to be paid in money; ``None`` when units pay everything.
    """

    lines: tuple[QuotedLine, ...]
    total: Units
    legs: tuple[Leg, ...]
    remainder: Remainder | None

    @property
    def paid(self) -> tuple[tuple[WalletId, Units], ...]:
        """How much comes from which wallet, those that pay nothing left out."""
        return tuple([(leg.wallet, units) for leg in self.legs if (units := leg.units)])


def check_methods(basket: Basket, policy: Policy) -> None:
    """Refuse a method for the remainder, or a key code to top up with, that is not allowed.

    Raises:
        MethodNotAllowed: The policy says no; it lists what may be used.

    Source: TU-172, TU-184, X-01.
    """
    if basket.remainder_by is not None:
        allowed = _money_methods(policy)
        if basket.remainder_by not in allowed:
            words = ", ".join(sorted(allowed)) or "units alone, by the policy's tender"
            raise MethodNotAllowed(basket.remainder_by.value, "the remainder", words)
    if basket.top_up_code is not None:
        if basket.key_code is not None:
            raise InvalidValue("top_up_code", "not shown", "None beside a key_code")
        if not policy.code_tops_up or policy.tender is Tender.STRICT_ONE_METHOD:
            words = "the buyer's own units alone, by the policy's code_tops_up"
            raise MethodNotAllowed("key code", "what the buyer's own units do not", words)


def payment(view: View, basket: Basket) -> Payment:
    """How a cart is paid at this instant, from the lots that are there.

    Raises:
        NotPayableInUnits: A line has no price in units.
        InsufficientUnits: Units do not cover it, and money may not pay the rest.
        RemainderNotPriced: Money may, and nobody says what a unit is worth.

    Source: TU-170 to TU-178, TU-200, X-01.
    """
    policy = view.policy
    lines = tuple([item.priced(policy.unit_value) for item in basket.items])
    total = lines[0].units if len(lines) == 1 else Units.total([line.units for line in lines])
    legs = _legs(view, basket, lines)
    return Payment(lines, total, legs, _remainder(policy, basket, total, legs))


def _legs(view: View, basket: Basket, lines: Sequence[QuotedLine]) -> tuple[Leg, ...]:
    """What every wallet pays of every line, in the order they are drawn on."""
    needs, legs = [line.units for line in lines], list[Leg]()
    for wallet in _drawn_on(basket, view.policy.tender):
        plans = _plans(view, wallet, basket, needs)
        legs.append(Leg(wallet, plans))
        if all(plan.met for plan in plans):
            break
        needs = [Units(parts=plan.unmet.parts) for plan in plans]
    return tuple(legs)


def _drawn_on(basket: Basket, tender: Tender) -> Iterator[WalletId]:
    """The wallets that may pay, in order."""
    if basket.key_code is not None:
        yield wallet_of(basket.key_code)
    if basket.key_code is None or tender is not Tender.STRICT_ONE_METHOD:
        yield member(basket.buyer)
    if basket.top_up_code is not None:
        yield wallet_of(basket.top_up_code)


def _plans(
    view: View, wallet: WalletId, basket: Basket, needs: Sequence[Units]
) -> tuple[Plan, ...]:
    """What each line takes from a wallet.

    Who and what the units are for is looked into, and the Directory asked, only when a restricted
    lot stands in the way.
    """
    plans = _burned(view, wallet, needs, [ANYTHING] * len(needs))
    if not any(_restricted(plan) for plan in plans):
        return plans
    groups = view.groups(basket.buyer)
    uses = [Use(item=item.id, groups=groups) for item in basket.items]
    return _burned(view, wallet, needs, uses)


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


def _money_methods(policy: Policy) -> frozenset[PaymentMethod]:
    """What may pay what units do not; empty when nothing may."""
    allowed = policy.tender is Tender.ALLOW_REMAINDER
    return policy.remainder_methods if allowed else frozenset()


def _remainder(
    policy: Policy, basket: Basket, total: Units, legs: Sequence[Leg]
) -> Remainder | None:
    """What is still missing, when the policy lets money pay it.

    Source: TU-172 to TU-178.
    """
    covered = sum([leg.units.parts for leg in legs])
    if covered == total.parts:
        return None
    missing, rate = Units(parts=total.parts - covered), policy.unit_value
    worth = None if rate is None else Fraction(missing.parts, 100) * rate.per_unit
    methods = _money_methods(policy)
    if not methods:
        wallets = tuple(_drawn_on(basket, policy.tender))
        raise InsufficientUnits(wallets, total, Units(parts=covered), worth)
    if rate is None or worth is None:
        raise RemainderNotPriced(basket.order, missing)
    if basket.remainder_by is not None:
        methods = frozenset({basket.remainder_by})
    return Remainder(missing, worth, policy.money_rule.charge(worth), rate, methods)
