"""What may happen next in a portal: commands drawn from what is held, so that most of them succeed.

Every function draws one kind of command, or says with ``None`` that there is nothing to draw from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from tests.journeys.portal_books import (
    Claim,
    No,
    Step,
    course_wallet,
    manager_wallet,
    of_credits,
)
from tests.journeys.portal_credit_steps import CREDITS
from tests.journeys.portal_draw import (
    CODES,
    COURSES,
    FIXED_WALLETS,
    MANAGERS,
    MICROSECOND,
    PEOPLE,
    PRICES,
    START,
    Draw,
)
from tests.journeys.portal_model import PortalModel
from tests.journeys.portal_order_steps import ORDERS as PURCHASES
from tests.journeys.portal_schedules import Row
from tests.journeys.portal_unit_steps import UNITS

# Operations.


CATEGORIES = ("granted", "purchased", "purchased", "promotional")


def issue(draw: Draw) -> Step | None:
    known = list(draw.model.lots)
    wallet = draw.of(FIXED_WALLETS)
    unit = 1 if of_credits(wallet) else 100
    return draw.step("issue", "creator", wallet=wallet, **_lot(draw, known, unit))


def _lot(draw: Draw, known: Sequence[str], unit: int) -> dict[str, Any]:
    now = draw.model.now
    effective = now + timedelta(hours=draw.whole(-30, 30)) if draw.chance(20) else None
    acquired = START + timedelta(days=draw.whole(-3, 0)) if draw.chance(50) else None
    ends = draw.ends()
    if ends is not None and ends <= (effective or now) and not draw.chance(10):
        ends = None
    return {
        "lot": draw.of(known) if known and draw.chance(3) else f"l{len(known)}",
        "amount": draw.of((2, 5, 5, 9)) * unit + (draw.whole(0, 99) if unit > 1 else 0),
        "effective": effective,
        "expires": ends,
        "acquired": acquired,
        "cycle": draw.whole(1, 2),
        "category": draw.of(CATEGORIES) if unit == 1 else "granted",
        "priority": draw.whole(0, 2),
        "scope": draw.scope(),
        "cost": (draw.of(("EUR", "USD")), draw.of(PRICES)) if draw.chance(30) else None,
    }


def transfer(draw: Draw) -> Step | None:
    source = draw.wallet()
    there = draw.model.spendable(source)
    if draw.idle(there):
        return None
    same = [w for w in FIXED_WALLETS if of_credits(w) == of_credits(source) and w != source]
    unit = 1 if of_credits(source) else 100
    target, amount = draw.of(same), draw.amount(there, unit)
    return draw.step("transfer", "admin", source=source, target=target, amount=amount)


def _taking(draw: Draw) -> dict[str, Any] | None:
    wallet, use = draw.wallet(), draw.use()
    there = draw.model.spendable(wallet, use)
    if draw.idle(there):
        return None
    amount = draw.amount(there, 1 if of_credits(wallet) else 100)
    return {"wallet": wallet, "amount": amount, "use": use, "order": draw.order()}


def hold(draw: Draw) -> Step | None:
    taking = _taking(draw)
    if taking is None:
        return None
    deadline = None if draw.chance(40) else draw.later()
    if draw.chance(2):
        deadline = draw.model.now
    return draw.step("hold", "admin", **taking, deadline=deadline)


def spend(draw: Draw) -> Step | None:
    taking = _taking(draw)
    return None if taking is None else draw.step("spend", "admin", **taking)


def _shift(draw: Draw, name: str, state: str) -> Step | None:
    """On the claims of holds and spendings; a room's own claims are its commands' business."""
    model = draw.model
    rooms = {*model.invites, *(one.claim for one in model.enrolments.values())}
    rooms |= {claim for order in model.orders.values() for claim in order.claims if claim}
    known = [one for one in model.claims if one not in rooms]
    able = [one for one in known if model.claims[one].total(state)]
    if draw.idle(able):
        return None
    claim = draw.often(able, (*known, "nobody's"))
    found = model.claims.get(claim, Claim())
    there = found.total(state)
    unit = 1 if found.parts and of_credits(found.parts[0].wallet) else 100
    wallets = [part.wallet for part in found.parts]
    wallet = draw.often(wallets, ("pool", "member/lea"))
    amount = None if draw.chance(35) else draw.amount(there, unit)
    role = draw.of(("admin", "system"))
    return draw.step(name, role, claim=claim, wallet=wallet, amount=amount)


def capture(draw: Draw) -> Step | None:
    return _shift(draw, "capture", "HELD")


def release(draw: Draw) -> Step | None:
    return _shift(draw, "release", "HELD")


def reverse(draw: Draw) -> Step | None:
    return _shift(draw, "reverse", "SPENT")


def void_units(draw: Draw) -> Step | None:
    wallet = draw.wallet()
    there = draw.model.spendable(wallet)
    if draw.idle(there):
        return None
    amount = draw.amount(there, 1 if of_credits(wallet) else 100)
    return draw.step("void_units", "admin", wallet=wallet, amount=amount)


def restore(draw: Draw) -> Step | None:
    rows = [
        (wallet, lot, parts)
        for wallet, lots in draw.model.void.items()
        for lot, parts in lots.items()
        if parts
    ]
    if draw.idle(rows):
        return None
    wallet, lot, there = draw.often(rows, (("pool", "l0", 0), ("member/lea", "nobody's", 0)))
    amount = draw.amount(there, 1 if of_credits(wallet) else 100)
    return draw.step("restore", "admin", wallet=wallet, lot=lot, amount=amount)


def edit_expiry(draw: Draw) -> Step | None:
    model = draw.model
    if not model.lots:
        return None
    dated = [name for name, lot in model.lots.items() if lot.expires]
    ended = [name for name in dated if model.lots[name].ended(model.now)]
    held = [name for name in ended if any(lots.get(name) for lots in model.free.values())]
    lot = draw.often(held if draw.chance(60) else dated, list(model.lots))
    begins = max(model.now, model.lots[lot].effective)
    expires = None if draw.chance(25) else begins + (draw.later() - model.now)
    if draw.chance(8):
        expires = model.now - draw.of((0, 1)) * MICROSECOND
    home = "pool" if draw.chance(4) else model.lots[lot].home
    return draw.step("edit_expiry", "creator", lot=lot, wallet=home, expires=expires)


def sweep(draw: Draw) -> Step | None:
    model = draw.model
    ended = [
        wallet
        for wallet, lots in model.free.items()
        if any(parts and model.lots[lot].ended(model.now) for lot, parts in lots.items())
    ]
    return draw.step("sweep", "system", wallet=draw.often(ended, FIXED_WALLETS))


def open_balances(draw: Draw) -> Step | None:
    """A course, a manager and a member with lots of their own, partly used up."""
    number, course, who = len(draw.model.lots), draw.of(COURSES), draw.of(MANAGERS)
    one, two = f"l{number}", f"l{number + 1}"
    mine, earmark = manager_wallet(who, course), course_wallet(course)
    lots = [
        {
            **_lot(draw, (), 1),
            "lot": one,
            "wallet": draw.of(("pool", "pool", earmark)),
            "amount": 9,
        },
        {**_lot(draw, (), 100), "lot": two, "wallet": "member/lea", "amount": 900},
    ]
    deadline = None if draw.chance(50) else draw.later()
    enrolled = [(draw.of(PEOPLE), course, mine, one, draw.of(("active", "completed")))]
    return draw.step(
        "open_balances",
        "admin",
        lots=lots,
        placed=[(one, mine, 4), (two, "member/leo", draw.whole(1, 300))],
        invites=[(f"opened-{number}", course, who, one, deadline)],
        consumed=enrolled if draw.chance(70) else [],
        spent=[(two_wallet, two, 1) for two_wallet in ("member/lea", "member/leo")],
    )


DRAWN: dict[str, Callable[[Draw], Step | None]] = {
    function.__name__: function
    for function in (
        *CREDITS,
        *UNITS,
        *PURCHASES,
        issue,
        transfer,
        hold,
        spend,
        capture,
        release,
        reverse,
        void_units,
        restore,
        edit_expiry,
        sweep,
        open_balances,
    )
}

OFTEN = (
    *DRAWN,
    *("allocate", "grant", "send_invite", "send_invite", "accept_invite", "enrol", "enrol"),
    *("give", "take", "replenish", "resubscribe", "forfeit", "forfeit", "report_progress"),
    *("change_plan", "change_plan", "grant", "accept_invite", "accept_invite"),
    *("fire_assignment", "fire_assignment", "fire_assignment", "distribute", "distribute"),
    *("place_order", "place_order", "place_order", "refund_line", "capture_line", "buy_units"),
    *("cancel_assignment", "activate_assignment", "create_assignment", "capture_line"),
    *("issue", "hold", "edit_expiry", "edit_expiry"),
)
"""Every command, and those that make a story go on, more often."""


def begun() -> list[Step]:
    """The first commands of every story: something stands everywhere."""
    ann, cleo = ("ann", frozenset({"admin"})), ("cleo", frozenset({"creator"}))
    aid = COURSES[0]
    tomorrow = START + timedelta(days=1)
    return [
        Step(
            "subscribe",
            {"subscription": "s0", "base": 120, "period": "month", "anchor": None},
            *ann,
        ),
        Step("replenish", {"subscription": "s0", "index": 0}, *ann),
        Step("issue", {"lot": "l0", "wallet": "pool", "amount": 6, "expires": tomorrow}, *cleo),
        Step("allocate", {"course": aid, "amount": 5}, *ann),
        Step("grant", {"manager": "mia", "course": aid, "amount": 3}, *ann),
        Step("register_key_code", {"key_code": CODES[0], "audience": frozenset()}, *cleo),
        Step("issue", {"lot": "l1", "wallet": f"keycode/{CODES[0]}", "amount": 900}, *cleo),
        Step(
            "issue",
            {"lot": "l2", "wallet": f"keycode/{CODES[0]}", "amount": 400, "expires": tomorrow},
            *cleo,
        ),
        Step("issue", {"lot": "l3", "wallet": "member/lea", "amount": 700}, *cleo),
        Step(
            "create_assignment",
            {
                "assignment": "a0",
                "rows": [Row(800, "sales"), Row(300, "lea")],
                "distributors": frozenset({"dora"}),
                "key_code": None,
                "scheduled": None,
                "repeat": None,
                "expires": tomorrow,
                "last_day": None,
                "lasts": None,
                "until_next": False,
            },
            *cleo,
        ),
        Step("fire_assignment", {"assignment": "a0", "cycle": 1}, *cleo),
    ]


def refused(model: PortalModel, step: Step, request: str) -> str | None:
    """Carry a step out in the model alone; gives the code if it says no."""
    try:
        model.carry_out(step, request)
    except No as no:
        return no.code
    return None
