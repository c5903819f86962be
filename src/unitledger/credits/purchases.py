"""Purchases: credits bought one by one, each deposit known by its payment reference.

    Purchase            an administrator buys for the pool
    PurchaseForCourse   a manager buys for a course, and has the credits at once
    ChargeBack          the payment was taken back: what is still free goes with it

Credits appear once a payment is complete, so the commands are given then; the same reference twice
is one deposit. What a charge-back cannot take, because it has been handed on or used, is written
down as a `Receivable`: a figure about money, for the host to ask for, and no quantity. No wallet
ever falls below zero for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, TypeAlias, TypeVar, final

import attrs

from unitledger.accounts import State, account, check_wallet, manager, pool
from unitledger.amounts import Credits
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere, own
from unitledger.credits.gifts import check_receiver
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    LimitExceeded,
    PaymentConflict,
    shown,
)
from unitledger.ids import LotId, RecordId, RequestId, WalletId, check_id
from unitledger.lots import Category, Cost, Lot, Scope
from unitledger.moves import Move
from unitledger.operations import positive
from unitledger.ports import Reading
from unitledger.records import Record, record_lock
from unitledger.time import Validity

__all__ = [
    "MAX_PAYMENT",
    "ChargeBack",
    "ChargedBack",
    "Payment",
    "PaymentState",
    "Purchase",
    "PurchaseForCourse",
    "Purchased",
    "Receivable",
    "receivables",
]

MAX_PAYMENT = 120
"""The longest payment reference, in characters: its lot is called by it."""


def _check_payment(payment: str) -> None:
    check_id(payment, "payment")
    if len(payment) > MAX_PAYMENT:
        raise LimitExceeded("characters of a payment reference", str(len(payment)), MAX_PAYMENT)


@final
class PaymentState(StrEnum):
    """Where a payment stands."""

    PAID = "paid"
    CHARGED_BACK = "charged_back"

    def __repr__(self) -> str:
        return f"PaymentState.{self.name}"


@kind("payment")
@final
@attrs.frozen
class Payment(Record):
    """A payment that credits were bought with; how many, their lot says.

    Attributes:
        id: The payment reference.
        lot: The lot of the credits.
        wallet: Where they appeared.
        buyer: Who bought them.
        terms: The terms that the buyer accepted.
        state: Where it stands.
        charged_back_by: The request that took it back, if one did.

    Source: C47, C48, C49.
    """

    KIND: ClassVar[str] = "payment"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        PaymentState.PAID: frozenset({PaymentState.CHARGED_BACK}),
    }
    INDEX: ClassVar[tuple[str, ...]] = ("buyer", "wallet")

    id: RecordId
    lot: LotId
    wallet: WalletId
    buyer: str
    terms: str
    state: PaymentState = PaymentState.PAID
    charged_back_by: RequestId | None = None

    def __attrs_post_init__(self) -> None:
        _check_payment(self.id)
        for name in ("lot", "buyer", "terms"):
            check_id(getattr(self, name), name)
        check_wallet(self.wallet)
        if type(self.state) is not PaymentState:
            raise InvalidType("state", shown(self.state), "PaymentState")

    @property
    def key(self) -> str:
        """The payment reference."""
        return self.id

    def index(self) -> Mapping[str, str]:
        """Its buyer and its wallet."""
        return {"buyer": self.buyer, "wallet": self.wallet}


@kind("receivable")
@final
@attrs.frozen
class Receivable(Record):
    """Credits of a payment taken back that could not be taken back: so much is owed.

    Attributes:
        payment: The payment reference.
        buyer: Who bought them.
        missing: How many credits were not there any more.
        cost: What each had cost, if that was said.

    Source: C49.
    """

    KIND: ClassVar[str] = "receivable"
    INDEX: ClassVar[tuple[str, ...]] = ("buyer", "owed")

    payment: RecordId
    buyer: str
    missing: Credits
    cost: Cost | None = None

    def __attrs_post_init__(self) -> None:
        _check_payment(self.payment)
        check_id(self.buyer, "buyer")
        positive(self.missing, Credits, "missing")
        if self.cost is not None and type(self.cost) is not Cost:
            raise InvalidType("cost", shown(self.cost), "Cost")

    @property
    def key(self) -> str:
        """The payment reference."""
        return self.payment

    def index(self) -> Mapping[str, str]:
        """Its buyer; and one value that all of them share."""
        return {"buyer": self.buyer, "owed": "credits"}


@kind("purchased")
@final
@attrs.frozen
class Purchased(Outcome):
    """Bought credits are there.

    Attributes:
        payment: The payment reference.
        lot: Their lot.
        wallet: Where they are.
        amount: How many.
    """

    payment: RecordId
    lot: LotId
    wallet: WalletId
    amount: Credits


@kind("charged_back")
@final
@attrs.frozen
class ChargedBack(Outcome):
    """A payment was taken back.

    Attributes:
        payment: The payment reference.
        amount: How many credits were taken out.
        missing: How many were not there any more, and are a receivable now.
    """

    payment: RecordId
    amount: Credits
    missing: Credits


_O = TypeVar("_O", bound=Outcome, covariant=True)


@attrs.frozen
class _OnPayment(Command[_O]):
    """Something that is done once for a payment."""

    payment: str

    def __attrs_post_init__(self) -> None:
        _check_payment(self.payment)

    def keys(self) -> tuple[str, ...]:
        """The payment."""
        return (record_lock(Payment.KIND, self.payment),)

    @property
    def _lot(self) -> LotId:
        return LotId(f"{self.payment}/paid")


@kind("purchase")
@final
@attrs.frozen
class Purchase(_OnPayment[Purchased]):
    """Credits for the pool that an administrator has bought, once their payment is complete.

    The same payment again brings nothing and gets the first answer; with another amount, cost,
    terms or place it is refused.

    Attributes:
        payment: The payment reference, up to 120 characters.
        amount: How many; any number will do.
        terms: The terms that the buyer accepted, as the host calls them.
        cost: The price paid per credit, if it is to be known.

    Source: C47, C48.
    """

    NAME: ClassVar[str] = "purchase"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere}

    amount: Credits
    terms: str
    cost: Cost | None = None

    def __attrs_post_init__(self) -> None:
        _check_payment(self.payment)
        _check_bought(self)

    def wallets(self) -> tuple[WalletId, ...]:
        """The pool."""
        return (pool(),)

    def ready(self, view: View) -> None:
        """The payment must be new, or have paid for the same."""
        _check_same(view, self, pool())

    def decide(self, view: View) -> Decision[Purchased]:
        """A lot in the pool, once."""
        return _deposited(view, self, pool(), None)


@kind("purchase_for_course")
@final
@attrs.frozen
class PurchaseForCourse(_OnPayment[Purchased]):
    """Credits for a course that a manager of it has bought, once their payment is complete.

    The manager has them at once. They serve that course alone, wherever they go later. The same
    payment again brings nothing; with another content it is refused.

    Attributes:
        payment: The payment reference, up to 120 characters.
        manager: Who buys.
        course: For which course.
        amount: How many.
        terms: The terms that the buyer accepted, as the host calls them.
        cost: The price paid per credit, if it is to be known.

    Source: C22, C23, C48.
    """

    NAME: ClassVar[str] = "purchase_for_course"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.MANAGER: own("manager")}

    manager: str
    course: str
    amount: Credits
    terms: str
    cost: Cost | None = None

    def __attrs_post_init__(self) -> None:
        _check_payment(self.payment)
        check_id(self.manager, "manager")
        check_id(self.course, "course")
        _check_bought(self)

    def wallets(self) -> tuple[WalletId, ...]:
        """The manager's wallet for the course."""
        return (manager(self.manager, self.course),)

    def ready(self, view: View) -> None:
        """A new payment must be by a manager of the course; another one be for the same."""
        if not view.has_record(Payment, self.payment):
            check_receiver(view, self.manager, self.course)
        _check_same(view, self, *self.wallets())

    def decide(self, view: View) -> Decision[Purchased]:
        """A lot with the manager, once."""
        (wallet,) = self.wallets()
        return _deposited(view, self, wallet, Scope(courses=frozenset((self.course,))))


_Buying: TypeAlias = Purchase | PurchaseForCourse


def _check_bought(command: _Buying) -> None:
    positive(command.amount, Credits)
    check_id(command.terms, "terms")
    if command.cost is not None and type(command.cost) is not Cost:
        raise InvalidType("cost", shown(command.cost), "Cost")


def _check_same(view: View, command: _Buying, wallet: WalletId) -> None:
    """Raise what stands against a payment that was used before, or a name that is taken."""
    if not view.has_record(Payment, command.payment):
        if view.has_lot(command._lot):
            raise AlreadyExists("lot", command._lot)
        return
    payment = view.record(Payment, command.payment)
    lot = view.lot(payment.lot)
    asked = {
        "amount": (command.amount.parts, _bought(view, payment)),
        "cost": (command.cost, lot.cost),
        "terms": (command.terms, payment.terms),
        "wallet": (wallet, payment.wallet),
    }
    differs = tuple(name for name, (now, then) in asked.items() if now != then)
    if differs:
        raise PaymentConflict(command.payment, differs)


def _bought(view: View, payment: Payment) -> int:
    """How many credits a payment brought."""
    return -view.cells(payment.wallet, payment.lot)[State.ISSUED]


def _deposited(
    view: View, command: _Buying, wallet: WalletId, scope: Scope | None
) -> Decision[Purchased]:
    """The lot that a payment brings, or the one that it brought."""
    lot_id, payment = command._lot, RecordId(command.payment)
    outcome = Purchased(payment, lot_id, wallet, command.amount)
    if view.has_record(Payment, payment):
        return Decision(outcome, same_as=view.made_by(Payment, payment))
    lot = Lot(
        id=lot_id,
        home=wallet,
        terms=Validity(view.at),
        acquired=view.at,
        category=Category.PURCHASED,
        scope=scope,
        cost=command.cost,
    )
    ends = account(wallet, State.ISSUED), account(wallet, State.FREE)
    move = Move(lot_id, *ends, command.amount.parts)
    paid = Payment(payment, lot_id, wallet, view.actor.id, command.terms)
    return Decision(outcome, moves=(move,), lots=(lot,), records=(paid,))


@kind("charge_back")
@final
@attrs.frozen
class ChargeBack(_OnPayment[ChargedBack]):
    """A payment taken back, and with it what is still free of its credits where they appeared.

    What has been allocated, given away, is held or spent stays; so much is a `Receivable` from now
    on. Asked for again it takes nothing and gets the first answer.

    Attributes:
        payment: The payment reference.

    Source: C49.
    """

    NAME: ClassVar[str] = "charge_back"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the payment knows where its credits appeared."""
        return ()

    def ready(self, view: View) -> None:
        """There must be such a payment."""
        view.record(Payment, self.payment)

    def decide(self, view: View) -> Decision[ChargedBack]:
        """One move to VOID, and a receivable for what is missing."""
        payment = view.record(Payment, self.payment)
        view.reach(payment.wallet)
        bought = _bought(view, payment)
        if payment.charged_back_by is not None:
            missing = self._missing(view)
            outcome = self._outcome(bought - missing, missing)
            return Decision(outcome, same_as=payment.charged_back_by)
        there = self._there(view, payment)
        ends = account(payment.wallet, State.FREE), account(payment.wallet, State.VOID)
        moves = (Move(payment.lot, *ends, there),) if there else ()
        back = payment.to(PaymentState.CHARGED_BACK, charged_back_by=view.request)
        records: tuple[Record, ...] = (back,)
        if there < bought:
            owed, cost = Credits(parts=bought - there), view.lot(payment.lot).cost
            records += (Receivable(payment.id, payment.buyer, owed, cost),)
        return Decision(self._outcome(there, bought - there), moves=moves, records=records)

    def _missing(self, view: View) -> int:
        """What the charge-back that has been made could not take."""
        if not view.has_record(Receivable, self.payment):
            return 0
        return view.record(Receivable, self.payment).missing.parts

    def _there(self, view: View, payment: Payment) -> int:
        """What is still free of it where it appeared."""
        cells = view.cells(payment.wallet, payment.lot)
        lapsed = view.lot(payment.lot).lapsed(view.at)
        return 0 if lapsed else cells[State.FREE] + cells[State.EXPIRED]

    def _outcome(self, taken: int, missing: int) -> ChargedBack:
        return ChargedBack(RecordId(self.payment), Credits(parts=taken), Credits(parts=missing))


def receivables(reading: Reading, *, after: str = "", limit: int = 1000) -> tuple[Receivable, ...]:
    """What is owed for payments that were taken back, in order of the payment references.

    Args:
        reading: A reading of the portal.
        after: Only those behind this payment reference.
        limit: How many at the most.

    Source: C49.
    """
    found = reading.find(Receivable.KIND, "owed", "credits", after=after, limit=limit)
    return tuple(one for one in found if isinstance(one, Receivable))
