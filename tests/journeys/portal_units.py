"""Training units in plain values that are bought, or changed after they were issued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.journeys.portal_books import CREATORS, Done, Knobs, Lot, Moved, No
from tests.journeys.portal_calendar import day_of
from tests.journeys.portal_codes import Code
from tests.journeys.portal_schedules import SchedulesRoom

Price = tuple[str, Fraction]
"""A currency, and how much of it for one unit."""


def whole(number: Fraction, rounding: str) -> int:
    """A whole number for one of zero or more."""
    below, rest = divmod(number, 1)
    half = Fraction(1, 2)
    more = {
        "floor": False,
        "ceiling": rest > 0,
        "half_up": rest >= half,
        "half_even": rest > half or (rest == half and below % 2 == 1),
    }[rounding]
    return int(below) + more


def charged(money: Fraction) -> Fraction:
    """TU-177: what a host asks for, in hundredths."""
    return Fraction(whole(money * 100, "half_up"), 100)


@dataclass
class UnitPurchase:
    buyer: str
    lot: str


class UnitsRoom(SchedulesRoom):
    """Buying and adjusting."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.unit_purchases: dict[str, UnitPurchase] = {}

    # Buying.

    def buy_units(
        self,
        purchase: str,
        buyer: str,
        kind: str,
        units: int,
        method: str,
        price: Price | None,
        coupon: tuple[str, int] | None,
        key_code: str | None,
    ) -> Done:
        """TU-069, TU-092, TU-210 to TU-219, X-05, X-06."""
        self._may_buy(buyer, kind, price)
        self._check_purchase(purchase, kind, method, key_code)
        listed, discount, paid = self._offer(units, price, coupon)
        lot = f"{purchase}/1/1"
        self._new([lot])
        wallet = {
            "personal": f"member/{buyer}",
            "distributable": f"batch/{purchase}/1/1",
            "key_code": f"keycode/{key_code}",
        }[kind]
        made = self._lot(wallet, units, cost=paid, category="purchased")
        if kind == "distributable":
            self.bought(purchase, buyer, units)
        if key_code is not None:
            division = frozenset({min(self.groups[buyer], default=buyer)})
            self.codes[key_code] = Code(division, key_code, frozenset({buyer}))
        self.unit_purchases[purchase] = UnitPurchase(buyer, lot)
        money = paid[1] * units / 100
        figures: dict[str, Any] = {
            "offer": (units, listed[1], discount, paid, money, charged(money)),
            "coupon": coupon and coupon[0],
            "lot": lot,
            "wallet": wallet,
            "key_code": key_code,
        }
        return Done(figures, [self._issued(lot, made)])

    def _may_buy(self, buyer: str, kind: str, price: Price | None) -> None:
        role = "distributor" if kind == "distributable" else "learner"
        if not (role in self._roles and self._actor == buyer and price is None):
            self._may(*CREATORS)

    def _check_purchase(self, purchase: str, kind: str, method: str, key_code: str | None) -> None:
        if purchase in self.unit_purchases:
            raise No("already_exists")
        if method == "paypal":
            raise No("method_not_allowed")
        if kind == "distributable" and purchase in self.assignments:
            raise No("already_exists")
        if key_code is not None:
            if not self.knobs.key_code_purchase:
                raise No("units_not_sold")
            self._new_code(key_code)

    def _offer(
        self, units: int, price: Price | None, coupon: tuple[str, int] | None
    ) -> tuple[Price, int, Price]:
        """TU-210 to TU-214, X-05: the list price, the discount, and the price to be paid."""
        knobs = self.knobs
        if coupon is not None and not knobs.coupon_on_unit_purchase:
            raise No("coupon_not_allowed")
        if price is None:
            if knobs.unit_value is None or knobs.currency is None:
                raise No("units_not_sold")
            price = knobs.currency, knobs.unit_value
        reached = [tier for tier in knobs.bulk_discounts if tier[0] <= units]
        discount = max(reached, default=(0, 0))[1]
        off = Fraction(100 - discount, 100) * Fraction(100 - (coupon[1] if coupon else 0), 100)
        return price, discount, (price[0], price[1] * off)

    # Adjusting.

    def _at_home(self, lot: str, wallet: str) -> Lot:
        if lot not in self.lots:
            raise No("unknown_object")
        if self.lots[lot].home != wallet or self._frozen(lot):
            raise No("invalid_terms")
        return self.lots[lot]

    def edit_last_day(self, lot: str, wallet: str, last_day: date | None) -> Done:
        """TU-064 to TU-068, TU-070, TU-250."""
        self._may(*CREATORS)
        found, expires = self._at_home(lot, wallet), None
        if last_day is not None:
            expires = self.over_after(last_day)
            today = day_of(self.now, self.knobs.zone)
            if last_day <= today or expires <= found.effective:
                raise No("invalid_terms")
        was, found.expires = found.expires, expires
        return Done({"lot": lot, "was": was, "now": expires})

    def adjust_total(self, lot: str, wallet: str, total: int) -> Done:
        """TU-111, TU-250 to TU-253."""
        self._may(*CREATORS)
        found = self._at_home(lot, wallet)
        was = found.size - sum(lots.get(lot, 0) for lots in self.void.values())
        figures = {"was": was, "now": total}
        if total == was:
            raise No("invalid_value")
        if total > was:
            found.size += total - was
            self.free[wallet][lot] += total - was
            return Done(figures, [(lot, wallet, "ISSUED", wallet, "FREE", total - was)])
        used = sum(
            part.parts for one in self.claims.values() for part in one.parts if part.lot == lot
        )
        if total < used:
            raise No("below_used", used=used)
        if found.ended(self.now):
            raise No("invalid_terms")
        handed_out = was - self.free[wallet][lot]
        if total < handed_out and self.knobs.below_assigned == "reject":
            raise No("below_handed_out")
        return Done(figures, self._withdrawn(lot, wallet, was - total))

    def _withdrawn(self, lot: str, home: str, parts: int) -> list[Moved]:
        """TU-253: from its home first, then wallet by wallet."""
        moves: list[Moved] = []
        for wallet in sorted(self.free, key=lambda one: (one != home, one)):
            taken = min(parts, self.free[wallet].get(lot, 0))
            if taken:
                self.free[wallet][lot] -= taken
                self.void[wallet][lot] += taken
                moves.append((lot, wallet, "FREE", wallet, "VOID", taken))
                parts -= taken
        return moves
