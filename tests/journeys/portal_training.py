"""The room of training units in plain values: orders, approvals, and what goes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from tests.journeys.portal_books import (
    STAFF,
    Claim,
    Done,
    Knobs,
    Lot,
    Moved,
    No,
    Part,
    Taken,
    Use,
    joined,
)
from tests.journeys.portal_calendar import begin_of, day_of
from tests.journeys.portal_units import UnitsRoom, charged, whole

_DAY = timedelta(days=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class Asked(NamedTuple):
    """A line of a cart."""

    item: str
    price: Fraction
    unit: str
    quantity: int
    starts: datetime | None = None


class Ending(NamedTuple):
    """How a line ended: what did it, how much of the debit came back, and why not."""

    request: str
    percent: int
    because: str | None


@dataclass
class Order:
    buyer: str
    claims: list[str | None]
    starts: list[datetime | None]
    remainder_by: str | None = None
    withdrawn: dict[int, Ending] = field(default_factory=dict)
    cancelled: dict[int, Ending] = field(default_factory=dict)


class TrainingRoom(UnitsRoom):
    """Everything that is done with training units, but for what operations do."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.orders: dict[str, Order] = {}

    # Placing.

    def place_order(
        self,
        order: str,
        buyer: str,
        items: list[Asked],
        key_code: str | None,
        more_codes: tuple[str, ...] = (),
        top_up_code: str | None = None,
        remainder_by: str | None = None,
        needs_approval: bool = False,
    ) -> Done:
        """TU-102, TU-103, TU-112, TU-114, TU-120 to TU-200, X-01, X-02, X-14, X-19, X-20."""
        self._may_own("learner", buyer, *STAFF)
        if order in self.orders:
            raise No("already_exists")
        self._check_methods(key_code, more_codes, top_up_code, remainder_by)
        codes = [code for code in (key_code, *more_codes, top_up_code) if code is not None]
        for code in codes:
            self.pays_for(code, buyer)
        prices = [self._price(one.price, one.unit) for one in items]
        needs = [one.quantity * each for one, each in zip(items, prices, strict=True)]
        wallets = self._drawn_on(buyer, key_code, more_codes, top_up_code)
        legs = self._legs(buyer, items, needs, wallets)
        paid = [(wallet, sum(n for plan in plans for _, n in plan)) for wallet, plans in legs]
        missing = self._missing(buyer, items, needs, wallets, sum(n for _, n in paid))
        for code in codes:
            self._check_code_cap(code, buyer, dict(paid))
        held = needs_approval and self.knobs.debit_at == "hold_then_capture"
        claims, moves = self._claims(len(items), legs, "HELD" if held else "SPENT")
        by = None if missing is None else remainder_by
        self.orders[order] = Order(buyer, claims, [one.starts for one in items], by)
        lines = zip(items, prices, needs, strict=True)
        figures = {
            "total": sum(needs),
            "paid": tuple((wallet, n) for wallet, n in paid if n),
            "lines": tuple((one.item, one.quantity, each, need) for one, each, need in lines),
            "remainder": missing and (*missing, self._methods(remainder_by)),
            "held": held,
            "deadline": self._approval_deadline() if held else None,
        }
        return Done(figures, moves)

    def _approval_deadline(self) -> datetime | None:
        days = self.knobs.approval_days
        return None if days is None else self.now + days * _DAY

    def _money_methods(self) -> frozenset[str]:
        allowed = self.knobs.tender == "allow_remainder"
        return self.knobs.remainder_methods if allowed else frozenset()

    def _methods(self, chosen: str | None) -> frozenset[str]:
        return self._money_methods() if chosen is None else frozenset({chosen})

    def _check_methods(
        self,
        key_code: str | None,
        more_codes: tuple[str, ...],
        top_up_code: str | None,
        remainder_by: str | None,
    ) -> None:
        """TU-114, TU-172, TU-184, X-01."""
        if 1 + len(more_codes) > self.knobs.max_codes_per_order:
            raise No("limit_exceeded")
        if remainder_by is not None and remainder_by not in self._money_methods():
            raise No("method_not_allowed")
        if top_up_code is not None:
            if key_code is not None:
                raise No("invalid_value")
            if not self.knobs.code_tops_up or self.knobs.tender == "strict_one_method":
                raise No("method_not_allowed")

    def _price(self, price: Fraction, unit: str) -> int:
        """TU-120 to TU-128, TU-294: each single item rounded up to the second decimal."""
        hundredths = price * 100
        if unit == "nothing":
            raise No("not_payable_in_units")
        if unit == "money" and price:
            if self.knobs.unit_value is None:
                raise No("not_payable_in_units")
            hundredths /= self.knobs.unit_value
        return whole(hundredths, "ceiling")

    def _drawn_on(
        self,
        buyer: str,
        key_code: str | None,
        more_codes: tuple[str, ...],
        top_up_code: str | None,
    ) -> list[str]:
        """TU-114, TU-184, TU-200: the key codes first."""
        codes = () if key_code is None else (key_code, *more_codes)
        wallets = list(dict.fromkeys(self.code(code).wallet for code in codes))
        if not codes or self.knobs.tender != "strict_one_method":
            wallets.append(f"member/{buyer}")
        if top_up_code is not None:
            wallets.append(self.code(top_up_code).wallet)
        return wallets

    def _uses(self, buyer: str, items: list[Asked], wallet: str) -> list[Use]:
        """TU-106, TU-157 to TU-162, X-03, X-19: for whom and for what a wallet is to pay."""
        groups = self.groups_of(buyer)
        if wallet != f"member/{buyer}" and self.knobs.key_code_audience == "anyone":
            scopes = [self.lots[lot].scope for lot in self.free[wallet]]
            groups = groups.union(*(scope.audience for scope in scopes if scope))
        lasting = map(self._until, (one.starts for one in items))
        return [
            Use(item=one.item, groups=groups, until=until)
            for one, until in zip(items, lasting, strict=True)
        ]

    def _until(self, starts: datetime | None) -> datetime | None:
        if starts is None or not self.knobs.session_guard:
            return None
        day = day_of(starts, self.knobs.zone)
        strictly = self.knobs.guard_boundary == "strictly_after"
        return begin_of(day + _DAY if strictly else day, self.knobs.zone)

    def _legs(
        self, buyer: str, items: list[Asked], needs: list[int], wallets: list[str]
    ) -> list[tuple[str, list[Taken]]]:
        legs = []
        for wallet in wallets:
            asked = list(zip(needs, self._uses(buyer, items, wallet), strict=True))
            plans = self._shared_out(wallet, asked)
            needs = [n - sum(p for _, p in plan) for n, plan in zip(needs, plans, strict=True)]
            legs.append((wallet, plans))
        return legs

    def _shared_out(self, wallet: str, asked: list[tuple[int, Use]]) -> list[Taken]:
        """TU-190 to TU-199, X-02, X-14, X-16: the latest session chooses first."""
        again, usual = self.knobs.allocation_scope == "item", self.knobs.burn_order
        places = sorted(range(len(asked)), key=lambda one: _latest(asked[one][1]), reverse=True)
        sessions = [place for place in places if asked[place][1].until is not None]
        if not sessions:
            return self._burned(wallet, asked, usual, again=again)
        first = places if self.knobs.session_scope == "transaction" else sessions
        plans = self._burned(
            wallet, [asked[place] for place in first], self._session_order(), again=again
        )
        taken = [one for plan in plans for one in plan]
        rest = places[len(first) :]
        for lot, parts in taken:
            self.free[wallet][lot] -= parts
        plans += self._burned(wallet, [asked[place] for place in rest], usual, again=again)
        for lot, parts in taken:
            self.free[wallet][lot] += parts
        found = dict(zip((*first, *rest), plans, strict=True))
        return [found[place] for place in range(len(asked))]

    def _session_order(self) -> str:
        if self.knobs.session_order == "fefo_eligible":
            return self.knobs.burn_order
        return {"last": "LATEST_EXPIRY", "first": "ENDLESS_FIRST"}[self.knobs.undated_rank]

    def _missing(
        self, buyer: str, items: list[Asked], needs: list[int], wallets: list[str], covered: int
    ) -> tuple[int, Fraction, Fraction] | None:
        """X-01, TU-160, TU-172 to TU-178: what units do not cover, and what that is worth."""
        total = sum(needs)
        if covered == total:
            return None
        if not self._money_methods():
            self._check_lasting(buyer, items, needs, wallets)
            raise No("insufficient_units", needed=total, available=covered)
        if self.knobs.unit_value is None:
            raise No("remainder_not_priced", missing=total - covered)
        worth = Fraction(total - covered, 100) * self.knobs.unit_value
        return total - covered, worth, charged(worth)

    def _check_lasting(
        self, buyer: str, items: list[Asked], needs: list[int], wallets: list[str]
    ) -> None:
        """TU-160: a session that no units last for, though there are some."""
        uses = [(wallet, self._uses(buyer, items, wallet)) for wallet in wallets]
        for place, need in enumerate(needs):
            if not need or uses[0][1][place].until is None:
                continue
            here = [(wallet, one[place]) for wallet, one in uses]
            any_lasting = any(self.spendable(*one) for one in here)
            ignoring = [(wallet, use._replace(until=None)) for wallet, use in here]
            if not any_lasting and any(self.spendable(*one) for one in ignoring):
                raise No("not_payable_in_units")

    def _check_code_cap(self, code: str, buyer: str, paid: dict[str, int]) -> None:
        """TU-112."""
        found = self.code(code)
        cap = self.knobs.per_user_cap if found.cap is None else found.cap
        asked = paid.get(found.wallet, 0)
        used = sum(self._used(buyer, found.wallet))
        if cap is not None and asked and used + asked > cap:
            raise No("key_code_cap_reached", cap=cap, used=used)

    def _used(self, buyer: str, wallet: str) -> Iterator[int]:
        for order in self.orders.values():
            for claim in order.claims if order.buyer == buyer else ():
                parts = self.parts_of(claim)
                yield from (part.parts for part in parts if part.wallet == wallet)

    def parts_of(self, claim: str | None) -> list[Part]:
        """What a line has; one that took no units has no claim."""
        return [] if claim is None else self.claims[claim].parts

    def _claims(
        self, lines: int, legs: Sequence[tuple[str, list[Taken]]], state: str
    ) -> tuple[list[str | None], list[Moved]]:
        moves: list[Moved] = []
        claims: list[str | None] = []
        for place in range(lines):
            name = f"{self._request}.{place + 1}"
            claim = Claim(deadline=self._approval_deadline() if state == "HELD" else None)
            for wallet, plans in legs:
                moves += self._taken(claim, wallet, plans[place], state)
            if claim.parts:
                self.claims[name] = claim
            claims.append(name if claim.parts else None)
        return claims, moves

    # Approving.

    def capture_line(self, order: str, line: int, amount: int | None) -> Done:
        """X-20."""
        claim = self._held_claim(order, line)
        ended = [part for part in claim.parts if self._cannot_be_captured(part)]
        gone = sum(part.parts for part in ended)
        parts = self._decided_on(claim.total("HELD") - gone, amount)
        moves = self._let_go(claim, ended)
        moves += self._shifted(claim, parts, "HELD", "SPENT")
        return Done({"captured": parts, "released": gone, "held": claim.total("HELD")}, moves)

    def _cannot_be_captured(self, part: Part) -> bool:
        strict = self.knobs.held_at_expiry == "strict"
        return strict and part.state == "HELD" and self.lots[part.lot].ended(self.now)

    def _let_go(self, claim: Claim, ended: list[Part]) -> list[Moved]:
        for part in ended:
            claim.parts.remove(part)
            self.free[part.wallet][part.lot] += part.parts
        return [(one.lot, one.wallet, "HELD", one.wallet, "FREE", one.parts) for one in ended]

    def release_line(self, order: str, line: int, amount: int | None) -> Done:
        """X-20."""
        claim = self._held_claim(order, line)
        parts = self._decided_on(claim.total("HELD"), amount)
        moves = self._shifted(claim, parts, "HELD", "FREE", last_first=True)
        return Done({"captured": 0, "released": parts, "held": claim.total("HELD")}, moves)

    def _held_claim(self, order: str, line: int) -> Claim:
        self._may(*STAFF)
        claim = self._line(order, line)
        if claim is None:
            raise No("claim_exceeded", there=0)
        return claim

    def _decided_on(self, there: int, amount: int | None) -> int:
        if not there or (amount or 0) > there:
            raise No("claim_exceeded", there=there)
        return amount or there

    # Giving back.

    def _line(self, order: str, line: int) -> Claim | None:
        if order not in self.orders or line > len(self.orders[order].claims):
            raise No("unknown_object")
        name = self.orders[order].claims[line - 1]
        return None if name is None else self.claims[name]

    def refund_line(self, order: str, line: int, amount: int | None) -> Done:
        """TU-230, TU-238, TU-239, TU-243, X-04."""
        self._may(*STAFF)
        claim = self._line(order, line)
        if claim is None:
            raise No("claim_exceeded", there=0)
        session = self.orders[order].starts[line - 1] is not None
        mode = self.knobs.refund
        if mode == "none" or (mode == "none_for_sessions" and session):
            raise No("not_refundable")
        there = claim.total("SPENT")
        parts = amount or there
        if not there or parts > there:
            raise No("claim_exceeded", there=there)
        moves = self._give_back(claim, parts, "SPENT")
        return self._refunded(claim, parts, moves)

    def adjust_price(self, order: str, line: int, to: int) -> Done:
        """TU-237."""
        self._may(*STAFF)
        claim = self._line(order, line)
        there = claim.total("HELD") + claim.total("SPENT") if claim else 0
        if claim is None or there <= to:
            raise No("not_refundable")
        held = min(claim.total("HELD"), there - to)
        return self._refunded(claim, there - to, self._back(claim, held, there - to - held))

    def _refunded(self, claim: Claim, parts: int, moves: list[Moved]) -> Done:
        more, lots = self._replaced(moves)
        figures = {"refunded": parts, "kept": claim.total("SPENT"), "reissued": lots}
        return Done(figures, [*moves, *more])

    def _back(self, claim: Claim, held: int, spent: int) -> list[Moved]:
        moves = self._shifted(claim, held, "HELD", "FREE", last_first=True)
        return moves + self._shifted(claim, spent, "SPENT", "FREE", last_first=True)

    def _replaced(self, moves: list[Moved]) -> tuple[list[Moved], tuple[str, ...]]:
        """TU-239: new lots for what goes back into lots that have ended."""
        source, more, lots = self.knobs.expired_source, list[Moved](), list[str]()
        ends = self.now + self.knobs.extend_days * _DAY if source == "extend" else None
        for lot, _, _, wallet, _, parts in joined(moves):
            old = self.lots[lot]
            if source != "return_and_lapse" and old.ended(self.now):
                self.free[wallet][lot] -= parts
                self.void[wallet][lot] += parts
                name = f"{self._request}.{len(lots) + 1}"
                made = Lot(wallet, parts, self.now, ends, self.now, old.cycle, old.priority)
                made.scope, made.cost, made.category = old.scope, old.cost, old.category
                more.append((lot, wallet, "FREE", wallet, "VOID", parts))
                more.append(self._issued(name, made))
                lots.append(name)
        return more, tuple(lots)

    def withdraw_line(self, order: str, line: int, on_transcript: int = 1) -> Done:
        """TU-230 to TU-232, TU-234 to TU-236, TU-240, X-04."""
        self._may("learner", *STAFF)
        if order not in self.orders:
            raise No("unknown_object")
        found = self.orders[order]
        self._may_own("learner", found.buyer, *STAFF)
        if line in found.cancelled:
            raise No("illegal_transition")
        back: int | str = "transcript"
        if on_transcript == 1 and line <= len(found.claims):
            back = self._percent_back(found.starts[line - 1])
        return self._ended(order, line, found.withdrawn, back)

    def cancel_line(self, order: str, line: int) -> Done:
        """TU-233, X-04."""
        self._may(*STAFF)
        if order not in self.orders or line > len(self.orders[order].claims):
            raise No("unknown_object")
        found, by_terms = self.orders[order], isinstance(self.knobs.refund, tuple)
        back = 100 if by_terms else self._percent_back(found.starts[line - 1])
        return self._ended(order, line, found.cancelled, back)

    def _percent_back(self, starts: datetime | None) -> int | str:
        """How much of a debit comes back, or why nothing does."""
        mode = self.knobs.refund
        if isinstance(mode, str):
            nothing = {"none": "policy", "none_for_sessions": "session" if starts else None}
            return nothing.get(mode) or 100
        in_time = [term for term in mode if starts is None or self.now <= starts - term[0] * _DAY]
        return max(in_time)[1] if in_time else "terms"

    def _ended(self, order: str, line: int, ended: dict[int, Ending], back: int | str) -> Done:
        claim, found = self._line(order, line) or Claim(), self.orders[order]
        if line in ended:
            first = ended[line]
            figures = self._figures(found, first, 0, 0, claim.total("SPENT"))
            return Done({**figures, "reissued": ()}, (), first.request)
        spent, held = claim.total("SPENT"), claim.total("HELD")
        if not spent and not held and isinstance(back, int):
            back = "nothing_spent"
        percent, because = (back, None) if isinstance(back, int) else (0, back)
        parts = whole(Fraction(spent * percent, 100), self.knobs.refund_rounding)
        ended[line] = Ending(self._request, percent, because)
        moves = self._back(claim, held, parts)
        more, lots = self._replaced(moves)
        figures = self._figures(found, ended[line], parts, held, spent - parts)
        return Done({**figures, "reissued": lots}, [*moves, *more])

    def _figures(
        self, found: Order, ending: Ending, refunded: int, released: int, kept: int
    ) -> dict[str, Any]:
        return {
            "percent": ending.percent,
            "because": ending.because,
            "refunded": refunded,
            "released": released,
            "kept": kept,
            "card": bool(ending.percent) and found.remainder_by == "card",
        }

    def reissue_units(self, order: str, amount: int, last_day: date | None) -> Done:
        """TU-256, X-04."""
        self._may(*STAFF)
        if order not in self.orders:
            raise No("unknown_object")
        name, buyer = f"{self._request}.1", self.orders[order].buyer
        expires = None if last_day is None else self.over_after(last_day)
        if expires is not None and expires <= self.now:
            raise No("invalid_terms")
        move = self._issued(name, self._lot(f"member/{buyer}", amount, expires=expires))
        return Done({"buyer": buyer, "lot": name, "amount": amount}, [move])


def _latest(use: Use) -> tuple[bool, datetime]:
    return use.until is not None, use.until or _EARLIEST
