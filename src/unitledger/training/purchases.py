"""Purchases: training units are bought with money, and never end.

What is bought is the buyer's own, or a distribution that the buyer hands out, or stands behind a
new key code. The price per unit stays with the lot, so that a report knows for ever what was paid.
The library charges nobody: it says what is to be paid, without tax and fees, and the host collects.
A purchase is final: nothing here takes units back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, account, batch, member
from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import (
    AlreadyExists,
    CouponNotAllowed,
    InvalidType,
    InvalidValue,
    MethodNotAllowed,
    UnitsNotSold,
    shown,
)
from unitledger.ids import LotId, WalletId, check_id
from unitledger.lots import Category, Cost, Lot
from unitledger.moves import Move
from unitledger.operations import positive
from unitledger.policy import PaymentMethod, Policy
from unitledger.records import Record, record_lock
from unitledger.time import Validity
from unitledger.training.assignments import Assignment, AssignmentState, Method, lot_of
from unitledger.training.audiences import MAX_ROW_UNITS, AudienceRow
from unitledger.training.firings import Firing
from unitledger.training.keycodes import RegisteredKeyCode, RegisterKeyCode, wallet_of
from unitledger.training.schedules import Schedule
from unitledger.values import Value

__all__ = [
    "BuyUnits",
    "Coupon",
    "PurchaseType",
    "UnitOffer",
    "UnitPurchase",
    "UnitsBought",
    "unit_offer",
]


@final
class PurchaseType(StrEnum):
    """Whom bought units are for.

    Source: TU-215, TU-271.
    """

    PERSONAL = "personal"
    """The buyer spends them."""
    DISTRIBUTABLE = "distributable"
    """The buyer hands them out."""
    KEY_CODE = "key_code"
    """They stand behind a new key code."""

    def __repr__(self) -> str:
        return f"PurchaseType.{self.name}"


@final
@attrs.frozen
class Coupon(Value):
    """A coupon of the host's, as the host has looked it up.

    Attributes:
        id: The host's name for it; never a text that could be used again.
        percent: How much it takes off, 1 to 100.

    Source: TU-214, X-05.
    """

    id: str
    percent: int

    def __attrs_post_init__(self) -> None:
        check_id(self.id, "coupon")
        if type(self.percent) is not int:
            raise InvalidType("percent", shown(self.percent), "int")
        if not 1 <= self.percent <= 100:
            raise InvalidValue("percent", shown(self.percent), "1 to 100")


@final
@attrs.frozen
class UnitOffer(Value):
    """What so many units cost; nothing has been bought.

    Attributes:
        units: How many.
        list_price: Money per unit before anything is taken off.
        discount: Which percentage comes off for the quantity.
        price: Money per unit to be paid, exactly, with its currency.
        money: What they cost together, exactly, without tax and fees.
        charge: The same, rounded by the policy's money rule.

    Source: TU-210, TU-212, TU-213.
    """

    units: Units
    list_price: Fraction
    discount: int
    price: Cost
    money: Fraction
    charge: Fraction


def unit_offer(
    units: Units, policy: Policy, *, price: Cost | None = None, coupon: Coupon | None = None
) -> UnitOffer:
    """What so many units cost under a policy: the price per unit that a buyer is shown first.

    Of the policy's ``bulk_discounts`` the one for the largest quantity that is reached counts.

    Args:
        units: How many.
        policy: Its ``unit_value``, ``currency``, ``bulk_discounts`` and ``money_rule``.
        price: Another price per unit than the policy's, and its currency.
        coupon: What comes off after the discount.

    Raises:
        UnitsNotSold: Neither the policy nor anybody else says what a unit costs, and in which
            currency.
        CouponNotAllowed: There is a coupon, and the policy takes none.

    Source: TU-210 to TU-214, X-05.
    """
    positive(units, Units, "units")
    if coupon is not None and not policy.coupon_on_unit_purchase:
        raise CouponNotAllowed(coupon.id)
    listed = _listed(policy) if price is None else price
    reached = [tier for tier in policy.bulk_discounts if tier.units <= units]
    discount = max(reached, key=lambda tier: tier.units).percent if reached else 0
    off = Fraction(100 - discount, 100)
    if coupon is not None:
        off *= Fraction(100 - coupon.percent, 100)
    paid = Cost(listed.per_unit * off, listed.currency)
    money = paid.per_unit * Fraction(units.parts, 100)
    charge = policy.money_rule.charge(money)
    return UnitOffer(units, listed.per_unit, discount, paid, money, charge)


def _listed(policy: Policy) -> Cost:
    """The price per unit that the policy says."""
    if policy.unit_value is None:
        raise UnitsNotSold("the policy's unit_value")
    if policy.currency is None:
        raise UnitsNotSold("the policy's currency")
    return Cost(policy.unit_value.per_unit, policy.currency)


@kind("unit_purchase")
@final
@attrs.frozen(kw_only=True)
class UnitPurchase(Record):
    """Training units that were bought.

    Attributes:
        id: The purchase's id.
        buyer: Who bought them.
        type: Whom they are for.
        lot: Their lot, which knows what was paid per unit.
        wallet: Where they came into being.
        key_code: The id of the key code they stand behind; ``None`` without one.
        method: What paid.
        coupon: The coupon that was used; ``None`` is none.
        at: When (UTC).
    """

    KIND: ClassVar[str] = "unit_purchase"
    INDEX: ClassVar[tuple[str, ...]] = ("buyer",)

    id: str
    buyer: str
    type: PurchaseType
    lot: LotId
    wallet: WalletId
    key_code: str | None
    method: PaymentMethod
    coupon: str | None
    at: datetime

    @property
    def key(self) -> str:
        """The purchase's id."""
        return self.id

    def index(self) -> Mapping[str, str]:
        """By buyer."""
        return {"buyer": self.buyer}


@kind("units_bought")
@final
@attrs.frozen(kw_only=True)
class UnitsBought(Outcome):
    """Training units were bought; the buyer is to be told, and sent a new key code if there is one.

    Attributes:
        purchase: The purchase's id.
        buyer: Who bought them.
        type: Whom they are for.
        offer: How many, and what is to be paid.
        method: What pays.
        coupon: The coupon that was used; ``None`` is none.
        lot: Their lot.
        wallet: Where they are.
        key_code: The id of the key code they stand behind; ``None`` without one.

    Source: TU-210, TU-215, TU-216, TU-219, TU-263, TU-264.
    """

    purchase: str
    buyer: str
    type: PurchaseType
    offer: UnitOffer
    method: PaymentMethod
    coupon: str | None
    lot: LotId
    wallet: WalletId
    key_code: str | None


def _as_learner(command: BuyUnits, view: View) -> bool:
    """A learner buys units of their own, or behind a key code, at the list price."""
    own = command.buyer == view.actor.id and command.price is None
    return own and command.type is not PurchaseType.DISTRIBUTABLE


def _as_distributor(command: BuyUnits, view: View) -> bool:
    """A distributor buys what they will hand out, at the list price."""
    own = command.buyer == view.actor.id and command.price is None
    return own and command.type is PurchaseType.DISTRIBUTABLE


@kind("buy_units")
@final
@attrs.frozen(kw_only=True)
class BuyUnits(Command[UnitsBought]):
    """Buy training units with money; they never end.

    A purchase id is used once: send it as the request id too, and a retry gets the first receipt.

    Attributes:
        purchase: The purchase's id; a distribution gets the same.
        buyer: Who buys.
        type: Whom they are for: the buyer, the people of the buyer's division, or whoever of it
            has the new key code.
        units: How many.
        method: What pays.
        price: The price per unit that staff has agreed on; ``None`` is the policy's.
        coupon: A coupon, where the policy takes them.
        key_code: The id of the new key code; for that type only.
        last4: The last four characters of the new key code; may be empty.

    Source: TU-069, TU-092, TU-210 to TU-217, TU-219, X-05, X-06.
    """

    NAME: ClassVar[str] = "buy_units"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {
        Role.LEARNER: _as_learner,
        Role.DISTRIBUTOR: _as_distributor,
        Role.CREATOR: anywhere,
        Role.ADMIN: anywhere,
        Role.SYSTEM: anywhere,
    }

    purchase: str
    buyer: str
    type: PurchaseType
    units: Units
    method: PaymentMethod = PaymentMethod.CARD
    price: Cost | None = None
    coupon: Coupon | None = None
    key_code: str | None = None
    last4: str = ""

    def __attrs_post_init__(self) -> None:
        check_id(self.purchase, "purchase")
        lot_of(self.purchase, 1, 1)
        check_id(self.buyer, "buyer")
        for name, cls in (("type", PurchaseType), ("method", PaymentMethod)):
            if type(getattr(self, name)) is not cls:
                raise InvalidType(name, shown(getattr(self, name)), cls.__name__)
        if type(self.units) is not Units:
            raise InvalidType("units", shown(self.units), "Units")
        positive(self.units, field="units")
        if self.units > MAX_ROW_UNITS:
            raise InvalidValue("units", self.units.text, "at most 999999 in a purchase")
        if self.price is not None and type(self.price) is not Cost:
            raise InvalidType("price", shown(self.price), "Cost")
        if self.coupon is not None and type(self.coupon) is not Coupon:
            raise InvalidType("coupon", shown(self.coupon), "Coupon")
        self._check_code()

    def _check_code(self) -> None:
        if self.key_code is not None:
            RegisterKeyCode(self.key_code, self.last4)
        elif type(self.last4) is not str or self.last4:
            raise InvalidValue("last4", "not shown", "nothing, without a key_code")
        if (self.key_code is not None) != (self.type is PurchaseType.KEY_CODE):
            raise InvalidValue("key_code", "not shown", "the new code's id for that type alone")

    @property
    def wallet(self) -> WalletId:
        """Where the units come into being."""
        if self.type is PurchaseType.PERSONAL:
            return member(self.buyer)
        if self.type is PurchaseType.DISTRIBUTABLE:
            return batch(self.purchase, 1, 1)
        return wallet_of(self.key_code or "")

    def wallets(self) -> tuple[WalletId, ...]:
        """Where the units come into being."""
        return (self.wallet,)

    def keys(self) -> tuple[str, ...]:
        """The purchase's record."""
        return (record_lock(UnitPurchase.KIND, self.purchase),)

    def ready(self, view: View) -> None:
        """The ids are new, the method may pay for units, and such a purchase is allowed."""
        if view.has_record(UnitPurchase, self.purchase):
            raise AlreadyExists("purchase", self.purchase)
        if self.method is PaymentMethod.PAYPAL:
            allowed = ", ".join(sorted(set(PaymentMethod) - {PaymentMethod.PAYPAL}))
            raise MethodNotAllowed(self.method.value, "training units", allowed)
        if self.type is PurchaseType.DISTRIBUTABLE and view.has_record(Assignment, self.purchase):
            raise AlreadyExists("assignment", self.purchase)
        if self.key_code is not None:
            if not view.policy.key_code_purchase:
                raise UnitsNotSold("the policy's key_code_purchase, for units behind a key code")
            if view.has_record(RegisteredKeyCode, self.key_code):
                raise AlreadyExists("key code", self.key_code)

    def decide(self, view: View) -> Decision[UnitsBought]:
        """The lot with what was paid for it, and what makes it a distribution or a key code's."""
        offer = unit_offer(self.units, view.policy, price=self.price, coupon=self.coupon)
        lot = self._lot(view, offer.price)
        coupon = None if self.coupon is None else self.coupon.id
        purchase = UnitPurchase(
            id=self.purchase,
            buyer=self.buyer,
            type=self.type,
            lot=lot.id,
            wallet=self.wallet,
            key_code=self.key_code,
            method=self.method,
            coupon=coupon,
            at=view.at,
        )
        outcome = UnitsBought(
            purchase=self.purchase,
            buyer=self.buyer,
            type=self.type,
            offer=offer,
            method=self.method,
            coupon=coupon,
            lot=lot.id,
            wallet=self.wallet,
            key_code=self.key_code,
        )
        ends = account(self.wallet, State.ISSUED), account(self.wallet, State.FREE)
        move = Move(lot.id, *ends, self.units.parts)
        return Decision(
            outcome, moves=(move,), lots=(lot,), records=(purchase, *self._companions(view))
        )

    def _lot(self, view: View, price: Cost) -> Lot:
        return Lot(
            id=lot_of(self.purchase, 1, 1),
            home=self.wallet,
            terms=Validity(view.at, None),
            acquired=view.at,
            category=Category.PURCHASED,
            cost=price,
            since=view.at,
        )

    def _companions(self, view: View) -> tuple[Record, ...]:
        """The records beside the purchase's: a distribution that has fired, or a key code.

        Source: TU-092, TU-216.
        """
        if self.type is PurchaseType.PERSONAL:
            return ()
        division = next(iter(view.lineage(self.buyer)), self.buyer)
        if self.key_code is not None:
            return (
                RegisteredKeyCode(
                    self.key_code,
                    self.last4,
                    frozenset({division}),
                    contacts=frozenset({self.buyer}),
                ),
            )
        assignment = Assignment(
            id=self.purchase,
            title=f"Purchase {self.purchase}"[:100],
            method=Method.DISTRIBUTOR,
            rows=(AudienceRow(self.units, division),),
            distributors=frozenset({self.buyer}),
            key_code=None,
            schedule=Schedule(first=view.at),
            due=view.at,
            expires=None,
            created=view.at,
            state=AssignmentState.PROCESSED,
            cycles=1,
        )
        return (assignment, Firing(self.purchase, 1, view.at, view.at, (1,)))
