"""Adjustments: lots are never locked.

Their end and their total can be changed after they were issued, and what somebody lost is issued
anew. The reason given with the request is the comment; it stands in the entry beside who gave it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import ClassVar, final

import attrs

from unitledger.accounts import Account, Cells, State, check_wallet, member, wallet_unit
from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, TermsEdit, View, anywhere
from unitledger.errors import (
    BelowHandedOut,
    BelowUsed,
    InvalidTerms,
    InvalidType,
    InvalidValue,
    WrongUnit,
    shown,
)
from unitledger.ids import LotId, WalletId, check_id, derived_id
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.operations import ExpiryEdited, check_unfrozen, positive
from unitledger.policy import BelowAssigned
from unitledger.records import Record, record_lock
from unitledger.time import Validity, check_zone, end_of_day
from unitledger.training.assignments import CREATORS
from unitledger.training.checkout import Order
from unitledger.training.schedules import usable_until
from unitledger.values import recheck

__all__ = [
    "AdjustTotal",
    "EditLastDay",
    "Reissue",
    "ReissueUnits",
    "Reissued",
    "TotalAdjusted",
]


def _check_lot(lot: LotId, wallet: WalletId) -> None:
    """A lot, and a home that holds training units."""
    check_id(lot, "lot")
    check_wallet(wallet)
    if wallet_unit(wallet) is not Units:
        raise WrongUnit(Units.UNIT, wallet_unit(wallet).UNIT)


def _lot_at_home(view: View, lot: LotId, wallet: WalletId) -> Lot:
    found = view.lot(lot)
    if found.home != wallet:
        raise InvalidTerms(lot, f"its home wallet is {found.home}")
    check_unfrozen(view, found)
    return found


def _check_day(day: date | None) -> None:
    if day is not None:
        if type(day) is not date:
            raise InvalidType("last_day", shown(day), "date")
        end_of_day(day)


@kind("edit_last_day")
@final
@attrs.frozen
class EditLastDay(Command[ExpiryEdited]):
    """Another last day for a lot: every holder follows at once, and what had lapsed may come back.

    Attributes:
        lot: The lot.
        wallet: Its home wallet.
        last_day: The last day on which it can be used, in the policy's zone, later than today;
            ``None`` is never.

    Source: TU-064 to TU-068, TU-070, TU-250, X-08.
    """

    NAME: ClassVar[str] = "edit_last_day"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = CREATORS

    lot: LotId
    wallet: WalletId
    last_day: date | None

    def __attrs_post_init__(self) -> None:
        _check_lot(self.lot, self.wallet)
        _check_day(self.last_day)

    def wallets(self) -> tuple[WalletId, ...]:
        """The lot's home wallet, which orders the edits of its lots."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[ExpiryEdited]:
        """The edit; nothing moves until somebody touches the lot or sweeps."""
        lot = _lot_at_home(view, self.lot, self.wallet)
        expires = None
        if self.last_day is not None:
            today = view.at.astimezone(check_zone(view.policy.zone)).date()
            expires = usable_until(self.last_day, view.policy)
            if self.last_day <= today or expires <= lot.terms.effective:
                raise InvalidTerms(self.lot, "the last day must be later than today")
        edit = TermsEdit(self.lot, Validity(lot.terms.effective, expires), lot.version + 1)
        return Decision(ExpiryEdited(self.lot, lot.terms.expires, expires), terms=(edit,))


@kind("total_adjusted")
@final
@attrs.frozen
class TotalAdjusted(Outcome):
    """A lot has another total.

    Attributes:
        lot: The lot.
        was: How much had been issued of it and not taken out.
        now: How much it is now.
    """

    lot: LotId
    was: Units
    now: Units

    @property
    def delta(self) -> Fraction:
        """How many units it is more, below zero when less.

        Source: TU-251.
        """
        return Fraction(self.now.parts - self.was.parts, 100)


@kind("adjust_total")
@final
@attrs.frozen
class AdjustTotal(Command[TotalAdjusted]):
    """Change how much a lot is in all: in the batch, behind the key code, with whoever got some.

    Never less than was used. Less than was handed out is refused, or taken from those who have not
    spent it, as the policy's ``below_assigned`` says; then in order of their wallets.

    Attributes:
        lot: The lot.
        wallet: Its home wallet.
        total: How much it is to be, zero or more.

    Source: TU-111, TU-250 to TU-253, X-08.
    """

    NAME: ClassVar[str] = "adjust_total"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = CREATORS

    lot: LotId
    wallet: WalletId
    total: Units

    def __attrs_post_init__(self) -> None:
        _check_lot(self.lot, self.wallet)
        if type(self.total) is not Units:
            raise InvalidType("total", shown(self.total), "Units")
        recheck(self.total)

    def wallets(self) -> tuple[WalletId, ...]:
        """The lot's home wallet."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[TotalAdjusted]:
        """One move that issues more, or moves to VOID, at home first."""
        lot = _lot_at_home(view, self.lot, self.wallet)
        held = {wallet: view.cells(wallet, lot.id) for wallet in view.holders(lot.id)}
        was = -held[lot.home][State.ISSUED] - _sum(held, State.VOID)
        delta = self.total.parts - was
        if not delta:
            raise InvalidValue("total", self.total.text, "another total than the present one")
        if delta > 0:
            ends = Account(lot.home, State.ISSUED), Account(lot.home, State.FREE)
            moves: tuple[Move, ...] = (Move(lot.id, *ends, delta),)
        else:
            self._check_lowered(view, lot, held, was)
            moves = tuple(_voided(lot, held, -delta))
        return Decision(TotalAdjusted(lot.id, Units(parts=was), self.total), moves)

    def _check_lowered(
        self, view: View, lot: Lot, held: Mapping[WalletId, Cells], was: int
    ) -> None:
        """Refuse to take out what was used or handed out, or what has lapsed."""
        used = _sum(held, State.HELD) + _sum(held, State.SPENT)
        if self.total.parts < used:
            raise BelowUsed(lot.id, self.total, Units(parts=used))
        if lot.lapsed(view.at):
            raise InvalidTerms(lot.id, "it has lapsed; give it a later end first")
        assigned = was - _usable(held[lot.home])
        if self.total.parts < assigned and view.policy.below_assigned is BelowAssigned.REJECT:
            raise BelowHandedOut(lot.id, self.total, Units(parts=assigned))


def _sum(held: Mapping[WalletId, Cells], state: State) -> int:
    return sum(cells[state] for cells in held.values())


def _usable(cells: Cells) -> int:
    return cells[State.FREE] + cells[State.EXPIRED]


def _voided(lot: Lot, held: Mapping[WalletId, Cells], parts: int) -> Iterator[Move]:
    """Moves to VOID, from the lot's home first and then wallet by wallet."""
    for wallet in sorted(held, key=lambda one: (one != lot.home, one)):
        taken = min(parts, _usable(held[wallet]))
        if taken:
            yield Move(lot.id, Account(wallet, State.FREE), Account(wallet, State.VOID), taken)
            parts -= taken


@kind("reissue")
@final
@attrs.frozen
class Reissue(Record):
    """Units given for something lost: which lot for which order.

    Attributes:
        lot: The lot.
        order: The order whose loss it makes up for.
    """

    KIND: ClassVar[str] = "reissue"
    INDEX: ClassVar[tuple[str, ...]] = ("order",)

    lot: LotId
    order: str

    @property
    def key(self) -> str:
        """The lot."""
        return self.lot

    def index(self) -> Mapping[str, str]:
        """By order."""
        return {"order": self.order}


@kind("reissued")
@final
@attrs.frozen
class Reissued(Outcome):
    """The buyer of an order has new units for what was lost.

    Attributes:
        order: The order.
        buyer: Its buyer, who has them.
        lot: The lot they are.
        amount: How much.
    """

    order: str
    buyer: str
    lot: LotId
    amount: Units


@kind("reissue_units")
@final
@attrs.frozen
class ReissueUnits(Command[Reissued]):
    """Give the buyer of an order new units, for a session that was lost and is not refunded.

    Attributes:
        order: The order.
        amount: How much.
        last_day: The last day on which they can be used, in the policy's zone, later than today;
            ``None`` is never.

    Source: TU-256, X-04.
    """

    NAME: ClassVar[str] = "reissue_units"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}

    order: str
    amount: Units
    last_day: date | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.order, "order")
        positive(self.amount, Units)
        _check_day(self.last_day)

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the order says whose."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The order's record."""
        return (record_lock(Order.KIND, self.order),)

    def decide(self, view: View) -> Decision[Reissued]:
        """A new lot in the buyer's wallet, and the record that it is for this order."""
        buyer = view.record(Order, self.order).buyer
        lot = self._lot(view, member(buyer))
        ends = Account(lot.home, State.ISSUED), Account(lot.home, State.FREE)
        return Decision(
            Reissued(self.order, buyer, lot.id, self.amount),
            (Move(lot.id, *ends, self.amount.parts),),
            records=(Reissue(lot.id, self.order),),
            lots=(lot,),
        )

    def _lot(self, view: View, home: WalletId) -> Lot:
        view.reach(home)
        expires = None if self.last_day is None else usable_until(self.last_day, view.policy)
        lot = LotId(derived_id(view.request, 1))
        if expires is not None and expires <= view.at:
            raise InvalidTerms(lot, "the last day must be later than today")
        return Lot(id=lot, home=home, terms=Validity(view.at, expires), acquired=view.at)
