"""The quantities of a portal in plain dicts and whole numbers, written from the rules.

Nothing of the library is imported here or in the rooms that stand on this, so that the two cannot
be wrong together: amounts are counts of smallest parts, wallets are the texts a host sees, time is
the datetime it is told. Expiry and the ends of holds are facts about an instant; nobody sweeps.

Every command is a method. It raises `No` with the code of the refusal, or changes the books and
says what the receipt must say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

Taken = list[tuple[str, int]]
"""Lots with the parts taken from them, in the order they were taken."""
Moved = tuple[str, str, str, str, str, int]
"""Lot, the wallet and state the parts left, the wallet and state they reached, and how many."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STAFF = ("admin", "system")
CREATORS = ("creator", "admin", "system")


class No(Exception):
    """The portal refuses, with this code and some figures that the refusal must name."""

    def __init__(self, code: str, **figures: Any) -> None:
        super().__init__(code, figures)
        self.code = code
        self.figures = figures


class Done(NamedTuple):
    """What the receipt of an accepted command must say."""

    figures: dict[str, Any]
    moves: Sequence[Moved] = ()
    same_as: str | None = None


class Step(NamedTuple):
    """A command in plain values, and who gives it."""

    name: str
    args: dict[str, Any]
    actor: str
    roles: frozenset[str]


class Use(NamedTuple):
    """What units are for."""

    course: str | None = None
    item: str | None = None
    groups: frozenset[str] = frozenset()
    until: datetime | None = None
    """What the units must outlast."""


ANYTHING = Use()


class Scope(NamedTuple):
    """What a lot is for; an empty side is open."""

    courses: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()

    def admits(self, use: Use) -> bool:
        sides = (
            (self.courses, {use.course}),
            (self.items, {use.item}),
            (self.audience, use.groups),
        )
        return all(not side or side & asked for side, asked in sides)


@dataclass(frozen=True)
class Knobs:
    """The policy in plain values."""

    pool_fallback: bool = True
    grant_rounding: str = "floor"
    invite_days: int | None = None
    burn_order: str = "FEFO_LARGEST"
    move_order: str = "FEFO_LARGEST"
    allocation_scope: str = "order"
    tender: str = "units_only"
    unit_value: Fraction | None = None
    allow_self: bool = True
    consumed_at: str | int = "invite_accepted"
    """A moment, or a percentage of progress."""
    learner_cap: int | None = None
    reversible_until: tuple[str, int] = ("started", 0)
    expired_credit: str | int = "forfeit"
    """What is given, or for how many days."""
    refill: tuple[str, int] = ("add", 0)
    upgrade: str = "immediate"
    grace: int = 0
    purchased_at_lapse: str = "keep"
    holds_at_lapse: str = "honour"
    overdraft: int = 0
    zone: str = "UTC"
    freeze_after_draw: bool = False
    # Assignments.
    recurrence_anchor: str = "chained"
    leap_day: str = "feb_28"
    catch_up: str = "skip"
    on_cancel: str = "keep_lots"
    last_cycle: str = "keep"
    cancel_scheduled: bool = True
    expiry_boundary: str = "inclusive"
    former_distributors: str = "revoke"
    claw_back: bool = False
    below_assigned: str = "reject"
    # Key codes.
    key_code_audience: str = "enforced"
    contact_may_edit: bool = False
    max_codes_per_order: int = 1
    code_tops_up: bool = False
    per_user_cap: int | None = None
    # Buying.
    currency: str | None = None
    key_code_purchase: bool = False
    bulk_discounts: tuple[tuple[int, int], ...] = ()
    """From how many parts on how many percent come off."""
    coupon_on_unit_purchase: bool = False
    # Orders.
    remainder_methods: frozenset[str] = frozenset({"card", "bill"})
    debit_at: str = "placement"
    approval_days: int | None = None
    held_at_expiry: str = "pinned"
    session_guard: bool = False
    guard_boundary: str = "same_day_ok"
    session_order: str = "latest_expiry"
    session_scope: str = "transaction"
    undated_rank: str = "last"
    refund: str | tuple[tuple[int, int], ...] = "none_for_sessions"
    """A mode, or terms: how many days before the start how many percent come back."""
    refund_rounding: str = "floor"
    expired_source: str = "return_and_lapse"
    extend_days: int = 30


@dataclass
class Lot:
    home: str
    size: int
    effective: datetime
    expires: datetime | None
    acquired: datetime
    cycle: int = 1
    priority: int = 0
    scope: Scope | None = None
    cost: tuple[str, Fraction] | None = None
    category: str = "granted"
    brought_by: str | None = None
    """The subscription that brought it."""

    def begun(self, at: datetime) -> bool:
        return self.effective <= at

    def ended(self, at: datetime) -> bool:
        return self.expires is not None and at >= self.expires

    def outlasts(self, until: datetime) -> bool:
        return self.expires is None or self.expires > until

    def usable(self, at: datetime, use: Use) -> bool:
        admitted = self.scope is None or self.scope.admits(use)
        return admitted and self.begun(at) and self.outlasts(max(at, use.until or at))


@dataclass
class Part:
    wallet: str
    lot: str
    parts: int
    state: str


@dataclass
class Claim:
    """What one purpose holds and has spent, in the order it was taken."""

    parts: list[Part] = field(default_factory=list)
    deadline: datetime | None = None
    let_go: bool = False

    def total(self, state: str) -> int:
        return sum(part.parts for part in self.parts if part.state == state)

    def over(self, at: datetime) -> bool:
        return self.deadline is not None and self.deadline <= at


def quoted(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


def course_wallet(course: str) -> str:
    return f"course/{quoted(course)}"


def manager_wallet(manager: str, course: str) -> str:
    return f"manager/{quoted(manager)}/{quoted(course)}"


def of_credits(wallet: str) -> bool:
    return wallet.partition("/")[0] in ("pool", "course", "manager")


def micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def joined(moves: Sequence[Moved]) -> list[Moved]:
    """Moves with neighbours between the same ends made one."""
    found: list[Moved] = []
    for move in moves:
        if found and found[-1][:5] == move[:5]:
            found[-1] = (*move[:5], found[-1][5] + move[5])
        else:
            found.append(move)
    return found


_Rank = Callable[[Lot, int], tuple[Any, ...]]


def _expires(lot: Lot) -> float | int:
    return float("inf") if lot.expires is None else micros(lot.expires)


ORDERS: dict[str, _Rank] = {
    "FEFO_LARGEST": lambda lot, parts: (_expires(lot), -parts),
    "FIFO": lambda lot, _: (lot.acquired,),
    "LIFO": lambda lot, _: (-micros(lot.acquired),),
    "HIFO": lambda lot, _: (
        lot.cost is None,
        lot.cost[0] if lot.cost else "",
        -lot.cost[1] if lot.cost else 0,
        _expires(lot),
    ),
    "LATEST_EXPIRY": lambda lot, parts: (lot.expires is None, -_expires(lot), -parts),
    "PRIORITY": lambda lot, _: (lot.priority, _expires(lot)),
}
"""What comes first; then, in each of them, acquired instant, cycle and lot id."""
RANKS: dict[str, _Rank] = {
    **ORDERS,
    "ENDLESS_FIRST": lambda lot, parts: (lot.expires is not None, -_expires(lot), -parts),
}
"""The same, and one that is only ever chosen for sessions."""


class Books:
    """Lots, what stands where of them, and what claims hold and have spent; and all operations."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        self.knobs = knobs
        self.now = now
        self.groups: dict[str, set[str]] = defaultdict(set)
        self.lots: dict[str, Lot] = {}
        self.free: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.void: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.claims: dict[str, Claim] = {}
        self._actor, self._roles, self._request = "", frozenset[str](), ""

    # Questions.

    def figures(
        self, wallet: str, at: datetime | None = None
    ) -> dict[str, tuple[int, int, int, int, int, int]]:
        """By lot: available, pending, held, spent, expired, void; lots with nothing left out."""
        when = self.now if at is None else at
        rows: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
        for lot, parts in self.free[wallet].items():
            rows[lot][self._column(lot, when)] += parts
        for claim in self.claims.values():
            for part in claim.parts:
                if part.wallet == wallet:
                    free = part.state == "HELD" and claim.over(when)
                    column = {"HELD": 2, "SPENT": 3}[part.state]
                    column = self._column(part.lot, when) if free else column
                    rows[part.lot][column] += part.parts
        for lot, parts in self.void[wallet].items():
            rows[lot][5] += parts
        return {
            lot: (row[0], row[1], row[2], row[3], row[4], row[5])
            for lot, row in rows.items()
            if any(row)
        }

    def _column(self, lot: str, at: datetime) -> int:
        if self.lots[lot].ended(at):
            return 4
        return 0 if self.lots[lot].begun(at) else 1

    def spendable(self, wallet: str, use: Use = ANYTHING) -> int:
        """What can be spent now for that use."""
        held = self.free.get(wallet, {}).items()
        return sum(parts for lot, parts in held if self.lots[lot].usable(self.now, use))

    def wallets(self) -> list[str]:
        """Every wallet that something ever stood in."""
        return list(self.free)

    def groups_of(self, user: str) -> frozenset[str]:
        return frozenset(self.groups[user]) | {user}

    # Time, which no command changes.

    def pass_time(self, to: datetime) -> None:
        """Later; what held something until then lets it go."""
        self.now = to
        for claim in self.claims.values():
            if claim.over(to) and claim.total("HELD"):
                claim.let_go = True
                self._give_back(claim, claim.total("HELD"), "HELD")

    # What commands are made of.

    def _may(self, *roles: str) -> None:
        if self._roles.isdisjoint(roles):
            raise No("not_permitted")

    def _may_own(self, role: str, owner: str, *roles: str) -> None:
        if not (role in self._roles and self._actor == owner):
            self._may(*roles)

    def _ranked(self, left: Mapping[str, int], order: str) -> list[str]:
        """Lots in burn order, with so many parts left of each."""

        def place(name: str) -> tuple[Any, ...]:
            lot = self.lots[name]
            return (*RANKS[order](lot, left[name]), lot.acquired, lot.cycle, name)

        return sorted(left, key=place)

    def _burned(
        self, wallet: str, needs: Sequence[tuple[int, Use]], order: str, *, again: bool = False
    ) -> list[Taken]:
        """What each need takes, as far as it goes, ranked once or ``again`` after each need."""
        left = {lot: parts for lot, parts in self.free[wallet].items() if parts}
        ranked = self._ranked(left, order)
        plans: list[Taken] = []
        for need, use in needs:
            ranked = self._ranked(left, order) if again else ranked
            missing, taken = need, []
            for lot in ranked:
                parts = min(left[lot], missing)
                if parts and self.lots[lot].usable(self.now, use):
                    taken.append((lot, parts))
                    left[lot] -= parts
                    missing -= parts
            plans.append(taken)
        return plans

    def _plan(self, wallet: str, need: int, use: Use, order: str | None = None) -> Taken:
        """What exactly so much takes."""
        available = self.spendable(wallet, use)
        if available < need:
            raise No("insufficient_units", needed=need, available=available)
        return self._burned(wallet, [(need, use)], order or self.knobs.burn_order)[0]

    def _transferred(self, source: str, target: str, amount: int, use: Use) -> list[Moved]:
        plan = self._plan(source, amount, use, self.knobs.move_order)
        return [self._moved(lot, source, target, parts) for lot, parts in plan]

    def _moved(self, lot: str, source: str, target: str, parts: int) -> Moved:
        self.free[source][lot] -= parts
        self.free[target][lot] += parts
        return (lot, source, "FREE", target, "FREE", parts)

    def _taken(self, claim: Claim, wallet: str, plan: Taken, state: str) -> list[Moved]:
        for lot, parts in plan:
            self.free[wallet][lot] -= parts
            claim.parts.append(Part(wallet, lot, parts, state))
        return [(lot, wallet, "FREE", wallet, state, parts) for lot, parts in plan]

    def _shifted(
        self, claim: Claim, amount: int, source: str, target: str, last_first: bool = False
    ) -> list[Moved]:
        """So much of a claim from one state to another, from the first taken or the last."""
        moves: list[Moved] = []
        parts: list[Part] = []
        for part in reversed(claim.parts) if last_first else claim.parts:
            now = min(amount, part.parts) if part.state == source else 0
            amount -= now
            if now:
                moves.append((part.lot, part.wallet, source, part.wallet, target, now))
                if target == "FREE":
                    self.free[part.wallet][part.lot] += now
                else:
                    parts.append(Part(part.wallet, part.lot, now, target))
            if part.parts > now:
                parts.append(Part(part.wallet, part.lot, part.parts - now, part.state))
        claim.parts = parts[::-1] if last_first else parts
        return moves

    def _give_back(self, claim: Claim, amount: int, source: str) -> list[Moved]:
        return self._shifted(claim, amount, source, "FREE", last_first=source == "SPENT")

    def _issued(self, name: str, lot: Lot) -> Moved:
        self.lots[name] = lot
        self.free[lot.home][name] += lot.size
        return (name, lot.home, "ISSUED", lot.home, "FREE", lot.size)

    def _new(self, lots: Iterable[str]) -> None:
        if any(lot in self.lots for lot in lots):
            raise No("already_exists")

    def _check_terms(self, effective: datetime | None, expires: datetime | None) -> None:
        if expires is not None and expires <= (effective or self.now):
            raise No("invalid_value")

    def _lot(
        self,
        wallet: str,
        amount: int,
        effective: datetime | None = None,
        expires: datetime | None = None,
        acquired: datetime | None = None,
        **rest: Any,
    ) -> Lot:
        return Lot(wallet, amount, effective or self.now, expires, acquired or self.now, **rest)

    def _frozen(self, name: str) -> bool:
        """TU-253: drawn on, where that fixes a lot of training units."""
        lot = self.lots[name]
        if of_credits(lot.home) or not self.knobs.freeze_after_draw:
            return False
        return self.free[lot.home][name] + self.void[lot.home][name] != lot.size

    # Operations.

    def issue(
        self,
        lot: str,
        effective: datetime | None = None,
        expires: datetime | None = None,
        **rest: Any,
    ) -> Done:
        self._may(*CREATORS)
        self._check_terms(effective, expires)
        self._new([lot])
        made = self._lot(effective=effective, expires=expires, **rest)
        return Done({"lot": lot, "amount": made.size}, [self._issued(lot, made)])

    def transfer(self, source: str, target: str, amount: int) -> Done:
        self._may(*STAFF)
        return Done({"amount": amount}, self._transferred(source, target, amount, ANYTHING))

    def hold(
        self, wallet: str, amount: int, deadline: datetime | None, use: Use, order: str | None
    ) -> Done:
        self._may(*STAFF)
        if deadline is not None and deadline <= self.now:
            raise No("invalid_value")
        return self._claimed(wallet, amount, "HELD", Claim(deadline=deadline), use, order)

    def spend(self, wallet: str, amount: int, use: Use, order: str | None) -> Done:
        self._may(*STAFF)
        return self._claimed(wallet, amount, "SPENT", Claim(), use, order)

    def _claimed(
        self, wallet: str, amount: int, state: str, claim: Claim, use: Use, order: str | None
    ) -> Done:
        plan = self._plan(wallet, amount, use, order)
        made = f"{self._request}.1"
        self.claims[made] = claim
        moves = self._taken(claim, wallet, plan, state)
        return Done(self._standing(made, amount), moves)

    def _standing(self, name: str, amount: int) -> dict[str, Any]:
        held, spent = (self.claims[name].total(state) for state in ("HELD", "SPENT"))
        return {"claim": name, "amount": amount, "held": held, "spent": spent}

    def capture(self, claim: str, wallet: str, amount: int | None) -> Done:
        return self._claim_shift(claim, wallet, amount, "HELD", "SPENT")

    def release(self, claim: str, wallet: str, amount: int | None) -> Done:
        return self._claim_shift(claim, wallet, amount, "HELD", "FREE")

    def reverse(self, claim: str, wallet: str, amount: int | None) -> Done:
        """TU-238, TU-243."""
        return self._claim_shift(claim, wallet, amount, "SPENT", "FREE")

    def _claim_shift(
        self, name: str, wallet: str, amount: int | None, source: str, target: str
    ) -> Done:
        self._may(*STAFF)
        if name not in self.claims:
            raise No("unknown_object")
        claim = self.claims[name]
        there = claim.total(source)
        if wallet not in {part.wallet for part in claim.parts}:
            raise No("claim_exceeded", there=0)
        parts = there if amount is None else amount
        if not there or parts > there:
            raise No("claim_exceeded", there=there)
        moves = self._shifted(claim, parts, source, target, last_first=source == "SPENT")
        return Done(self._standing(name, parts), moves)

    def void_units(self, wallet: str, amount: int) -> Done:
        """C43, C52."""
        self._may(*STAFF)
        plan = self._plan(wallet, amount, Use(), self.knobs.move_order)
        for lot, parts in plan:
            self.free[wallet][lot] -= parts
            self.void[wallet][lot] += parts
        moves = [(lot, wallet, "FREE", wallet, "VOID", parts) for lot, parts in plan]
        return Done({"amount": amount}, moves)

    def restore(self, wallet: str, lot: str, amount: int) -> Done:
        """C52."""
        self._may(*STAFF)
        if lot not in self.lots:
            raise No("unknown_object")
        there = self.void[wallet][lot]
        if there < amount:
            raise No("insufficient_units", needed=amount, available=there)
        self.void[wallet][lot] -= amount
        self.free[wallet][lot] += amount
        return Done({"amount": amount}, [(lot, wallet, "VOID", wallet, "FREE", amount)])

    def edit_expiry(self, lot: str, wallet: str, expires: datetime | None) -> Done:
        """TU-064 to TU-068."""
        self._may(*CREATORS)
        if lot not in self.lots:
            raise No("unknown_object")
        found = self.lots[lot]
        if found.home != wallet or self._frozen(lot):
            raise No("invalid_terms")
        if expires is not None and expires <= max(self.now, found.effective):
            raise No("invalid_terms")
        was, found.expires = found.expires, expires
        return Done({"was": was, "now": expires})

    def sweep(self, wallet: str) -> Done:
        """TU-072, I8: nothing is different for it."""
        self._may(*STAFF)
        return Done({"wallet": wallet})
