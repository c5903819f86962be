"""Tenders: which wallets pay for a cart, from which lots, and what is left for money.

Nothing happens here. A quote and the placing of an order work it out by the same code, so what was
shown is what is done, unless the lots have moved in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from typing import final

import attrs

from unitledger.accounts import member
from unitledger.amounts import Rate, Units
from unitledger.buckets import Bucket, Demand, Plan
from unitledger.commands import View
from unitledger.errors import (
    InsufficientUnits,
    InvalidValue,
    LimitExceeded,
    MethodNotAllowed,
    NotPayableInUnits,
    RemainderNotPriced,
)
from unitledger.ids import WalletId
from unitledger.lots import ANYTHING, Use
from unitledger.policy import KeyCodeAudience, PaymentMethod, Policy, Tender
from unitledger.training.audiences import memberships
from unitledger.training.eligibility import allocated, lasting_until
from unitledger.training.keycodes import ours
from unitledger.training.pricing import Item, QuotedLine, priced_cart
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
        more_codes: The ids of the key codes that pay behind the first.
    """

    order: str
    buyer: str
    items: tuple[Item, ...]
    key_code: str | None = None
    top_up_code: str | None = None
    remainder_by: PaymentMethod | None = None
    more_codes: tuple[str, ...] = ()


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
    """Refuse a method for the remainder, or key codes, that are not allowed.

    Raises:
        MethodNotAllowed: The policy says no; it lists what may be used.
        LimitExceeded: More key codes than one order may have.

    Source: TU-114, TU-172, TU-184, X-01.
    """
    codes = 1 + len(basket.more_codes)
    if codes > policy.max_codes_per_order:
        raise LimitExceeded("key codes of an order", str(codes), policy.max_codes_per_order)
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

    Source: TU-155 to TU-162, TU-170 to TU-178, TU-197 to TU-200, X-01.
    """
    policy = view.policy
    ous = view.lineage(basket.buyer) if policy.preferences else ()
    lines = priced_cart(basket.items, policy, ous)
    total = lines[0].units if len(lines) == 1 else Units.total([line.units for line in lines])
    legs = _legs(view, basket, lines)
    return Payment(lines, total, legs, _remainder(view, basket, total, legs, ous))


def _legs(view: View, basket: Basket, lines: Sequence[QuotedLine]) -> tuple[Leg, ...]:
    """What every wallet pays of every line, in the order they are drawn on."""
    needs, legs = [line.units for line in lines], list[Leg]()
    for wallet in _drawn_on(view, basket):
        plans = _plans(view, wallet, basket, needs)
        legs.append(Leg(wallet, plans))
        if all(plan.met for plan in plans):
            break
        needs = [Units(parts=plan.unmet.parts) for plan in plans]
    return tuple(legs)


def _drawn_on(view: View, basket: Basket) -> Iterator[WalletId]:
    """The wallets that may pay, in order, each once."""
    codes = () if basket.key_code is None else (basket.key_code, *basket.more_codes)
    yield from dict.fromkeys([ours(view, code).wallet for code in codes])
    if not codes or view.policy.tender is not Tender.STRICT_ONE_METHOD:
        yield member(basket.buyer)
    if basket.top_up_code is not None:
        yield ours(view, basket.top_up_code).wallet


def _plans(
    view: View, wallet: WalletId, basket: Basket, needs: Sequence[Units]
) -> tuple[Plan, ...]:
    """What each line takes from a wallet.

    Who and what the units are for is looked into, and the Directory asked, only when a restricted
    lot stands in the way.
    """
    plans = _burned(view, wallet, basket, needs, [ANYTHING] * len(needs))
    if not any(_restricted(plan) for plan in plans):
        return plans
    groups = memberships(view, basket.buyer, _named(plans[0].bucket))
    if wallet != member(basket.buyer) and _open_to_anyone(view.policy):
        groups |= _audiences(plans[0].bucket)
    uses = [Use(item=item.id, groups=groups) for item in basket.items]
    return _burned(view, wallet, basket, needs, uses)


def _open_to_anyone(policy: Policy) -> bool:
    """Whether whoever has a key code may pay from all its lots.

    Source: X-19.
    """
    return policy.key_code_audience is KeyCodeAudience.ANYONE


def _named(bucket: Bucket) -> frozenset[str]:
    """Every name in the audiences of a bucket's lots."""
    scopes = [lot.scope.audience for _, lot, _ in bucket.entries() if lot.scope is not None]
    return frozenset().union(*scopes)


def _audiences(bucket: Bucket) -> frozenset[str]:
    """For every lot that is for somebody, somebody it is for."""
    scopes = [lot.scope for _, lot, _ in bucket.entries() if lot.scope is not None]
    return frozenset([min(scope.audience) for scope in scopes if scope.audience])


def _burned(
    view: View,
    wallet: WalletId,
    basket: Basket,
    needs: Sequence[Units],
    uses: Sequence[Use],
) -> tuple[Plan, ...]:
    policy = view.policy
    if policy.session_guard:
        lasting = [lasting_until(item.starts, policy) for item in basket.items]
        guarded = list(map(Demand, needs, uses, lasting))
        return allocated(view.bucket(wallet), guarded, at=view.at, policy=policy)
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


_LEAST = Units(parts=1)


def _check_lasting(view: View, basket: Basket, legs: Sequence[Leg]) -> None:
    """Refuse a session that no units last for, though there are some.

    Source: TU-160.
    """
    for place, item in enumerate(basket.items):
        until = lasting_until(item.starts, view.policy)
        if until is None or not legs[0].plans[place].asked:
            continue
        lasting = [_any_left(view, leg, place, until) for leg in legs]
        if not any(lasting) and any(_any_left(view, leg, place, None) for leg in legs):
            reason = "no units last until it begins, and the policy's session_guard is on"
            raise NotPayableInUnits(item.id, f"{reason}; pay it another way")


def _any_left(view: View, leg: Leg, place: int, until: datetime | None) -> bool:
    """Whether a wallet has anything that could pay for a line."""
    use = leg.plans[place].use
    return view.bucket(leg.wallet).burn(_LEAST, at=view.at, use=use, until=until).met


def _remainder(
    view: View, basket: Basket, total: Units, legs: Sequence[Leg], ous: Sequence[str]
) -> Remainder | None:
    """What is still missing, when the policy lets money pay it.

    Source: TU-172 to TU-178.
    """
    policy = view.policy
    covered = sum([leg.units.parts for leg in legs])
    if covered == total.parts:
        return None
    missing, rate = Units(parts=total.parts - covered), policy.worth(None, ous)
    worth = None if rate is None else Fraction(missing.parts, 100) * rate.per_unit
    methods = _money_methods(policy)
    if not methods:
        _check_lasting(view, basket, legs)
        wallets = tuple(_drawn_on(view, basket))
        raise InsufficientUnits(wallets, total, Units(parts=covered), worth)
    if rate is None or worth is None:
        raise RemainderNotPriced(basket.order, missing)
    if basket.remainder_by is not None:
        methods = frozenset({basket.remainder_by})
    return Remainder(missing, worth, policy.money_rule.charge(worth), rate, methods)
