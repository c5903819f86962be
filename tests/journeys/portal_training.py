"""The room of training units in plain values: assignments, distribution, key codes, orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from tests.journeys.portal_books import (
    ANYTHING,
    CREATORS,
    STAFF,
    Books,
    Claim,
    Done,
    Knobs,
    Lot,
    Moved,
    No,
    Scope,
    Taken,
    Use,
    quoted,
)


@dataclass
class Assignment:
    rows: list[tuple[int, str | None]]
    distributors: frozenset[str]
    key_code: str | None
    due: datetime
    expires: datetime | None
    fired_by: str | None = None

    def home(self, name: str, row: int) -> str:
        return f"batch/{name}/1/{row}" if self.key_code is None else f"keycode/{self.key_code}"


@dataclass
class Order:
    buyer: str
    claims: list[str | None]
    withdrawn: dict[int, str] = field(default_factory=dict)
    cancelled: dict[int, str] = field(default_factory=dict)


class TrainingRoom(Books):
    """Everything that is done with training units, but for what operations do."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.codes: dict[str, frozenset[str]] = {}
        self.assignments: dict[str, Assignment] = {}
        self.orders: dict[str, Order] = {}

    def register_key_code(self, key_code: str, audience: frozenset[str]) -> Done:
        """TU-024, TU-100, TU-103."""
        self._may(*CREATORS)
        if key_code in self.codes:
            raise No("already_exists")
        self.codes[key_code] = audience
        return Done({"key_code": key_code, "wallet": f"keycode/{key_code}"})

    def create_assignment(
        self,
        assignment: str,
        rows: list[tuple[int, str | None]],
        distributors: frozenset[str],
        key_code: str | None,
        scheduled: datetime | None,
        expires: datetime | None,
    ) -> Done:
        """TU-020 to TU-028, TU-040, TU-060, TU-061."""
        self._may(*CREATORS)
        if assignment in self.assignments:
            raise No("already_exists")
        if key_code is not None and key_code not in self.codes:
            raise No("unknown_key_code")
        due = scheduled or self.now
        if due < self.now or (expires is not None and expires <= due):
            raise No("invalid_value")
        made = Assignment(rows, distributors, key_code, due, expires)
        self.assignments[assignment] = made
        return Done({"due": due, "expires": expires, "total": sum(n for n, _ in rows)})

    def fire_assignment(self, assignment: str, cycle: int) -> Done:
        """TU-021, TU-028, TU-041, TU-042, TU-051."""
        self._may(*CREATORS)
        found = self._assignment(assignment)
        names = [f"{assignment}/{cycle}/{number}" for number in range(1, len(found.rows) + 1)]
        figures = {"total": sum(amount for amount, _ in found.rows), "lots": tuple(names)}
        if found.fired_by is not None:
            if cycle != 1:
                raise No("illegal_transition")
            return Done(figures, (), found.fired_by)
        if cycle != 1:
            raise No("invalid_value")
        if self.now < found.due:
            raise No("not_due", due=found.due)
        self._new(names)
        found.fired_by = self._request
        lots = self._lots_of(assignment, found)
        return Done(figures, [self._issued(*pair) for pair in zip(names, lots, strict=True)])

    def _assignment(self, assignment: str) -> Assignment:
        if assignment not in self.assignments:
            raise No("unknown_object")
        return self.assignments[assignment]

    def _lots_of(self, name: str, found: Assignment) -> list[Lot]:
        lots = []
        for number, (amount, audience) in enumerate(found.rows, 1):
            limited = found.key_code is not None and audience is not None
            scope = Scope(audience=frozenset({str(audience)})) if limited else None
            home = found.home(name, number)
            lots.append(Lot(home, amount, found.due, found.expires, found.due, scope=scope))
        return lots

    def distribute(
        self, assignment: str, row: int, amounts: list[tuple[str, int]], cycle: int
    ) -> Done:
        """TU-080 to TU-091, TU-093."""
        self._may("distributor")
        found = self._assignment(assignment)
        if self._actor not in found.distributors:
            raise No("not_permitted")
        if row > len(found.rows):
            raise No("unknown_object")
        for user, _ in amounts:
            if user == self._actor and not self.knobs.allow_self:
                raise No("not_permitted")
            if found.rows[row - 1][1] not in self.groups_of(user):
                raise No("outside_audience")
        batch = f"batch/{quoted(assignment)}/{cycle}/{row}"
        needed, available = sum(n for _, n in amounts), self.spendable(batch, ANYTHING)
        if available < needed:
            raise No("insufficient_units", needed=needed, available=available)
        plans = self._burned(batch, [(n, ANYTHING) for _, n in amounts], self.knobs.move_order)
        moves = [
            self._moved(lot, batch, f"member/{user}", parts)
            for (user, _), plan in zip(amounts, plans, strict=True)
            for lot, parts in plan
        ]
        return Done({"amount": needed, "left": available - needed}, moves)

    def place_order(
        self,
        order: str,
        buyer: str,
        items: list[tuple[str, Fraction, str, int]],
        key_code: str | None,
    ) -> Done:
        """TU-102, TU-103, TU-120 to TU-126, TU-139, TU-170 to TU-200, X-01, X-14."""
        self._may_own("learner", buyer, *STAFF)
        if order in self.orders:
            raise No("already_exists")
        groups = self.groups_of(buyer)
        if key_code is not None:
            if key_code not in self.codes:
                raise No("unknown_key_code")
            if self.codes[key_code] and self.codes[key_code].isdisjoint(groups):
                raise No("outside_audience")
        lines = [(item, number, self._price(price, unit)) for item, price, unit, number in items]
        total = sum(number * each for _, number, each in lines)
        uses = [Use(item=item, groups=groups) for item, _, _ in lines]
        legs = self._legs(
            self._drawn_on(buyer, key_code), [number * each for _, number, each in lines], uses
        )
        paid = [(wallet, sum(n for plan in plans for _, n in plan)) for wallet, plans in legs]
        missing = self._missing(total, sum(n for _, n in paid))
        moves: list[Moved] = []
        claims: list[str | None] = []
        for place in range(len(lines)):
            name, claim = f"{self._request}.{place + 1}", Claim()
            for wallet, plans in legs:
                moves += self._taken(claim, wallet, plans[place], "SPENT")
            if claim.parts:
                self.claims[name] = claim
            claims.append(name if claim.parts else None)
        self.orders[order] = Order(buyer, claims)
        figures = {
            "total": total,
            "paid": tuple((wallet, n) for wallet, n in paid if n),
            "lines": tuple((item, number, each, number * each) for item, number, each in lines),
            "remainder": missing,
        }
        return Done(figures, moves)

    def _price(self, price: Fraction, unit: str) -> int:
        """TU-120 to TU-125, TU-294: each single item rounded up to the second decimal."""
        hundredths = price * 100
        if unit == "money" and price:
            if self.knobs.unit_value is None:
                raise No("not_payable_in_units")
            hundredths /= self.knobs.unit_value
        whole = hundredths.numerator // hundredths.denominator
        return whole + (1 if hundredths > whole else 0)

    def _drawn_on(self, buyer: str, key_code: str | None) -> list[str]:
        """TU-200: the key code first."""
        if key_code is None:
            return [f"member/{buyer}"]
        if self.knobs.tender == "strict_one_method":
            return [f"keycode/{key_code}"]
        return [f"keycode/{key_code}", f"member/{buyer}"]

    def _legs(
        self, wallets: list[str], needs: list[int], uses: list[Use]
    ) -> list[tuple[str, list[Taken]]]:
        legs = []
        for wallet in wallets:
            again = self.knobs.allocation_scope == "item"
            asked = list(zip(needs, uses, strict=True))
            plans = self._burned(wallet, asked, self.knobs.burn_order, again=again)
            needs = [n - sum(p for _, p in plan) for n, plan in zip(needs, plans, strict=True)]
            legs.append((wallet, plans))
        return legs

    def _missing(self, total: int, covered: int) -> tuple[int, Fraction] | None:
        """X-01, TU-172 to TU-177: what units do not cover, and what that is worth."""
        if covered == total:
            return None
        if self.knobs.tender != "allow_remainder":
            raise No("insufficient_units", needed=total, available=covered)
        if self.knobs.unit_value is None:
            raise No("remainder_not_priced", missing=total - covered)
        return total - covered, Fraction(total - covered, 100) * self.knobs.unit_value

    def refund_line(self, order: str, line: int, amount: int | None) -> Done:
        """TU-238, TU-239, TU-243."""
        self._may(*STAFF)
        if order not in self.orders or line > len(self.orders[order].claims):
            raise No("unknown_object")
        name = self.orders[order].claims[line - 1]
        claim = self.claims[name] if name is not None else Claim()
        there = claim.total("SPENT")
        parts = amount or there
        if not there or parts > there:
            raise No("claim_exceeded", there=there)
        moves = self._give_back(claim, parts, "SPENT")
        return Done({"refunded": parts, "kept": there - parts}, moves)

    def withdraw_line(self, order: str, line: int) -> Done:
        """TU-230, TU-235, TU-243: what is no session comes back whole, once."""
        self._may("learner", *STAFF)
        if order not in self.orders:
            raise No("unknown_object")
        found = self.orders[order]
        self._may_own("learner", found.buyer, *STAFF)
        if line in found.cancelled:
            raise No("illegal_transition")
        return self._ended(found, line, found.withdrawn)

    def cancel_line(self, order: str, line: int) -> Done:
        """TU-233, TU-243."""
        self._may(*STAFF)
        if order not in self.orders:
            raise No("unknown_object")
        found = self.orders[order]
        return self._ended(found, line, found.cancelled)

    def _ended(self, found: Order, line: int, ended: dict[int, str]) -> Done:
        if line > len(found.claims):
            raise No("unknown_object")
        name = found.claims[line - 1]
        claim = self.claims[name] if name is not None else Claim()
        there = claim.total("SPENT")
        if line in ended:
            return Done({"refunded": 0, "kept": there, "released": 0}, (), ended[line])
        ended[line] = self._request
        moves = self._give_back(claim, there, "SPENT") if there else []
        return Done({"refunded": there, "kept": 0, "released": 0}, moves)

    def adjust_price(self, order: str, line: int, to: int) -> Done:
        """TU-237."""
        self._may(*STAFF)
        if order not in self.orders or line > len(self.orders[order].claims):
            raise No("unknown_object")
        name = self.orders[order].claims[line - 1]
        there = self.claims[name].total("SPENT") if name is not None else 0
        if there <= to or name is None:
            raise No("not_refundable")
        moves = self._give_back(self.claims[name], there - to, "SPENT")
        return Done({"refunded": there - to, "kept": to}, moves)
