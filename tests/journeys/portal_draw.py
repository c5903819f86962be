"""What drawing a step needs: where chance comes from, who there is, and what is held.

Chance is an argument: a die with a seed, or Hypothesis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any, Protocol, TypeVar

from tests.journeys.portal_books import (
    ANYTHING,
    ORDERS,
    Knobs,
    Scope,
    Step,
    Use,
    course_wallet,
    manager_wallet,
)
from tests.journeys.portal_model import PortalModel

T = TypeVar("T")

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
COURSES = ("first-aid", "fire/2", "fork lift")
MANAGERS = ("mia", "max")
PEOPLE = ("lea", "leo", "lin", "dora")
GROUPS = ("sales", "emea")
CODES = tuple(f"{number:032x}" for number in (1, 2, 3, 4, 5))
ITEMS = ("yoga", "audit", "scrum")
PRICES = tuple(map(Fraction, ("1.234", "0.01", "2", "0", "7/3", "1.5", "4.999", "0.333")))
MOMENTS: tuple[str | int, ...] = ("invite_accepted", "invite_sent", "enrolled", "started", 10, 100)
GIVEN: tuple[str | int, ...] = ("forfeit", "reissue", 1, 30)
UNTIL = (("never", 0), ("started", 0), ("progress", 50), ("days", 2))
REFILLS = (("expire_period", 0), ("reset_to", 12), ("add_capped", 30), ("add_capped", 100))
MICROSECOND = timedelta(microseconds=1)

FIXED_WALLETS = (
    "pool",
    *map(course_wallet, COURSES),
    *(manager_wallet(who, course) for who in MANAGERS for course in COURSES),
    *(f"member/{who}" for who in PEOPLE),
    *(f"keycode/{code}" for code in CODES[:3]),
)


class Choice(Protocol):
    """Where chance comes from."""

    def of(self, options: Sequence[T]) -> T: ...

    def whole(self, low: int, high: int) -> int: ...

    def chance(self, percent: int) -> bool: ...


class Die:
    """Chance from a seed."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def of(self, options: Sequence[T]) -> T:
        return options[int(self._random.random() * len(options))]

    def whole(self, low: int, high: int) -> int:
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, percent: int) -> bool:
        return self._random.random() * 100 < percent


class Draw:
    """Draws commands for the present state of a portal."""

    def __init__(self, model: PortalModel, choice: Choice) -> None:
        self.model = model
        self.of = choice.of
        self.whole = choice.whole
        self.chance = choice.chance

    # Who, how much, when.

    def step(self, name: str, role: str, actor: str = "", **args: Any) -> Step:
        """The command, most often given by somebody who may."""
        if self.chance(3):
            role = self.of(("learner", "manager", "distributor", "creator", "admin"))
        who = actor or {"system": "cron", "admin": "ann", "creator": "cleo"}.get(role, "lea")
        return Step(name, args, who, frozenset({role}))

    def amount(self, most: int, unit: int = 1) -> int:
        """Most often some of what is there, sometimes exactly all of it or a little more."""
        if not most or self.chance(6):
            return most + self.whole(1, 2 * unit)
        if self.chance(15):
            return most
        return self.whole(1, min(most, 5 * unit))

    def often(self, some: Sequence[T], all_: Sequence[T]) -> T:
        """One of the fitting ones, if there are any; now and then any one."""
        return self.of(some if some and not self.chance(8) else all_)

    def idle(self, able: object) -> bool:
        """Whether to give up, because there is nothing to draw from."""
        return not able and not self.chance(12)

    def rich(self, wallets: Sequence[str], use: Use = ANYTHING) -> list[str]:
        return [wallet for wallet in wallets if self.model.spendable(wallet, use)]

    def wallet(self) -> str:
        everywhere = (*FIXED_WALLETS, *(w for w in self.model.wallets() if w.startswith("batch/")))
        return self.often(self.rich(everywhere), everywhere)

    def later(self) -> datetime:
        """An instant to come, often one at which something else ends."""
        return self.model.now + timedelta(hours=self.of((1, 6, 24, 30, 48, 96, 24 * 20)))

    def ends(self) -> datetime | None:
        known = sorted({lot.expires for lot in self.model.lots.values() if lot.expires})
        coming = [at for at in known if at > self.model.now]
        if coming and self.chance(40):
            return self.of(coming)
        return None if self.chance(30) else self.later()

    def scope(self) -> Scope | None:
        if self.chance(75):
            return None
        return Scope(
            frozenset({self.of(COURSES)}) if self.chance(40) else frozenset(),
            frozenset({self.of(ITEMS)}) if self.chance(30) else frozenset(),
            frozenset({self.of((*GROUPS, *PEOPLE))}) if self.chance(40) else frozenset(),
        )

    def use(self) -> Use:
        if self.chance(60):
            return ANYTHING
        who = self.of(PEOPLE)
        return Use(self.of((None, *COURSES)), self.of((None, *ITEMS)), self.model.groups_of(who))

    def order(self) -> str | None:
        return None if self.chance(60) else self.of(tuple(ORDERS))

    # What is not a command.

    def knobs(self) -> Knobs:
        """A policy."""
        orders = ("FEFO_LARGEST", "FEFO_LARGEST", *ORDERS)
        return Knobs(
            pool_fallback=self.chance(60),
            grant_rounding=self.of(("floor", "cumulative", "ceil")),
            invite_days=self.of((None, 1, 2, 14)),
            burn_order=self.of(orders),
            move_order=self.of(orders),
            allocation_scope=self.of(("order", "item")),
            tender=self.of(("units_only", "strict_one_method", "allow_remainder")),
            unit_value=self.of((None, None, *map(Fraction, ("1", "99/100", "3", "1/3")))),
            allow_self=self.chance(50),
            consumed_at=self.of(("invite_accepted", *MOMENTS)),
            learner_cap=self.of((None, None, None, None, 2, 4)),
            reversible_until=self.of((("started", 0), *UNTIL)),
            expired_credit=self.of(GIVEN),
            refill=self.of((("add", 0), *REFILLS)),
            upgrade=self.of(("immediate", "prorated", "next_period")),
            grace=self.of((0, 0, 1, 30)),
            purchased_at_lapse=self.of(("keep", "forfeit", "forfeit")),
            holds_at_lapse=self.of(("honour", "release_then_forfeit")),
            overdraft=self.of((0, 1, 3)),
            zone=self.of(("UTC", "UTC", "Asia/Tokyo")),
            freeze_after_draw=self.chance(10),
            **self._assignment_knobs(),
            **self._key_code_knobs(),
            **self._order_knobs(),
        )

    def _assignment_knobs(self) -> dict[str, Any]:
        return {
            "recurrence_anchor": self.of(("chained", "anchored")),
            "leap_day": self.of(("feb_28", "mar_1", "skip")),
            "catch_up": self.of(("skip", "latest", "all")),
            "on_cancel": self.of(("keep_lots", "expire_unspent")),
            "last_cycle": self.of(("keep", "expire")),
            "cancel_scheduled": self.chance(75),
            "expiry_boundary": self.of(("inclusive", "exclusive")),
            "former_distributors": self.of(("revoke", "keep")),
            "claw_back": self.chance(60),
            "below_assigned": self.of(("reject", "claw_back")),
        }

    def _key_code_knobs(self) -> dict[str, Any]:
        tiers = ((200, 5), (1000, 10), (5000, 25))
        return {
            "key_code_audience": self.of(("enforced", "anyone")),
            "contact_may_edit": self.chance(50),
            "max_codes_per_order": self.of((1, 2, 3)),
            "code_tops_up": self.chance(50),
            "per_user_cap": self.of((None, None, 300, 2000)),
            "currency": self.of(("EUR", "EUR", None)),
            "key_code_purchase": self.chance(60),
            "bulk_discounts": self.of(((), tiers, tiers[1:])),
            "coupon_on_unit_purchase": self.chance(50),
        }

    def _order_knobs(self) -> dict[str, Any]:
        methods = ({"card"}, {"card", "bill"}, {"card", "bill", "paypal"})
        terms = (((0, 100),), ((7, 100), (1, 50)), ((3, 33),), ((0, 0), (2, 67)))
        modes = ("none", "none_for_sessions", "none_for_sessions", "full")
        return {
            "remainder_methods": frozenset(self.of(methods)),
            "debit_at": self.of(("placement", "hold_then_capture", "hold_then_capture")),
            "approval_days": self.of((None, None, 1, 14)),
            "held_at_expiry": self.of(("pinned", "strict")),
            "session_guard": self.chance(50),
            "guard_boundary": self.of(("same_day_ok", "strictly_after")),
            "session_order": self.of(("latest_expiry", "fefo_eligible")),
            "session_scope": self.of(("transaction", "session_items")),
            "undated_rank": self.of(("last", "first")),
            "refund": self.of((*modes, *terms)),
            "refund_rounding": self.of(("floor", "ceiling", "half_up", "half_even")),
            "expired_source": self.of(("return_and_lapse", "reissue", "extend")),
            "extend_days": self.of((1, 30)),
        }

    def instant(self) -> datetime:
        """When it is next: a while later, or around the next instant at which something changes."""
        model, now = self.model, self.model.now
        turns = {claim.deadline for claim in model.claims.values() if claim.total("HELD")}
        turns |= {lot.expires for lot in model.lots.values()}
        turns |= {lot.effective for lot in model.lots.values()}
        waiting = ("scheduled", "active")
        turns |= {one.due for one in model.assignments.values() if one.state in waiting}
        turns |= set(self._periods())
        horizon = now + timedelta(days=2000 if self.chance(5) else 40)
        coming = sorted(at for at in turns if at is not None and now < at < horizon)
        if coming and self.chance(60):
            turn = self.of(coming[:2]) + self.of((-1, 0, 0, 0, 1)) * MICROSECOND
            return turn if turn > now else now + MICROSECOND
        return now + timedelta(hours=self.of((1, 5, 24, 24 * 9, 24 * 31)))

    def _periods(self) -> Iterator[datetime]:
        """When periods begin, and graces end."""
        for found in self.model.subscriptions.values():
            yield found.due(found.coming(self.model.now))
            if found.lapse is not None:
                yield found.lapse.forfeits


def people(model: PortalModel) -> None:
    """Who manages what, and who is in which group, to begin with."""
    model.registered |= {("mia", COURSES[0]), ("mia", COURSES[1]), ("max", COURSES[0])}
    model.registered |= {("max", COURSES[2])}
    for who in ("lea", "leo", "dora"):
        model.groups[who].add("sales")
    model.groups["leo"].add("emea")
