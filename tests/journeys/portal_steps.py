"""What may happen next in a portal: commands drawn from what is held, so that most of them succeed.

Every function draws one kind of command, or says with ``None`` that there is nothing to draw from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from fractions import Fraction
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
    GROUPS,
    ITEMS,
    MANAGERS,
    MICROSECOND,
    PEOPLE,
    PRICES,
    START,
    Draw,
)
from tests.journeys.portal_model import PortalModel

# The room of training units.


def register_key_code(draw: Draw) -> Step | None:
    new = [code for code in CODES if code not in draw.model.codes]
    if draw.idle(new):
        return None
    audience = frozenset() if draw.chance(60) else frozenset({draw.of((*GROUPS, "lea"))})
    code = draw.often(new, CODES)
    return draw.step("register_key_code", "creator", key_code=code, audience=audience)


def create_assignment(draw: Draw) -> Step | None:
    model = draw.model
    by_code = bool(model.codes) and draw.chance(40)
    everybody = (*GROUPS, *PEOPLE)
    rows = [
        (draw.whole(1, 2000), None if by_code and draw.chance(60) else draw.of(everybody))
        for _ in range(draw.whole(1, 3))
    ]
    scheduled = draw.later() if draw.chance(30) else None
    expires = (
        None if draw.chance(40) else (scheduled or model.now) + timedelta(days=draw.whole(1, 9))
    )
    if draw.chance(4):
        expires = model.now
    return draw.step(
        "create_assignment",
        "creator",
        assignment=f"a{len(model.assignments) + draw.chance(90)}",
        rows=rows,
        distributors=frozenset() if by_code else frozenset({"dora", draw.of(("dora", "dan"))}),
        key_code=draw.often(list(model.codes), CODES) if by_code else None,
        scheduled=scheduled,
        expires=expires,
    )


def fire_assignment(draw: Draw) -> Step | None:
    known = draw.model.assignments
    waiting = [one for one in known if known[one].fired_by is None]
    due = [one for one in waiting if known[one].due <= draw.model.now]
    if draw.idle(due):
        return None
    name = draw.often(due, (*known, "nobody's"))
    cycle = 2 if draw.chance(5) else 1
    return draw.step("fire_assignment", "creator", assignment=name, cycle=cycle)


def distribute(draw: Draw) -> Step | None:
    model = draw.model
    rows = [
        (name, row)
        for name, one in model.assignments.items()
        for row in range(1, len(one.rows) + 1)
        if one.key_code is None and one.fired_by is not None
    ]
    able = [(name, row) for name, row in rows if model.spendable(f"batch/{name}/1/{row}")]
    if draw.idle(able):
        return None
    name, row = draw.often(able, (*rows, ("a1", 1), ("a1", 4)))
    found = model.assignments.get(name)
    audience = found.rows[row - 1][1] if found and row <= len(found.rows) else None
    inside = [who for who in PEOPLE if audience in model.groups_of(who)]
    people = list(dict.fromkeys(draw.often(inside, PEOPLE) for _ in range(draw.whole(1, 3))))
    there = model.spendable(f"batch/{name}/1/{row}")
    share = there // len(people)
    amounts = [(who, draw.amount(share, 200)) for who in people]
    by = draw.of(sorted(found.distributors)) if found and found.distributors else "dora"
    return draw.step(
        "distribute", "distributor", by, assignment=name, row=row, amounts=amounts, cycle=1
    )


def place_order(draw: Draw) -> Step | None:
    model = draw.model
    codes = draw.rich([f"keycode/{code}" for code in model.codes])
    code = draw.often(codes, FIXED_WALLETS[-3:])[8:] if codes and draw.chance(60) else None
    audience = model.codes.get(code or "", frozenset())
    inside = [who for who in PEOPLE if not audience or audience & model.groups_of(who)]
    rich = draw.rich([f"member/{who}" for who in PEOPLE])
    if code is None and draw.idle(rich):
        return None
    both = [who for who in inside if f"member/{who}" in rich]
    buyer = draw.often(both or inside, PEOPLE)
    items = _cart(draw, (f"keycode/{code}", f"member/{buyer}"))
    role, who = draw.of((("learner", buyer), ("learner", buyer), ("admin", "ann")))
    known = list(model.orders)
    order = draw.of(known) if known and draw.chance(4) else f"o{len(known)}"
    return draw.step("place_order", role, who, order=order, buyer=buyer, items=items, key_code=code)


def _cart(draw: Draw, wallets: Sequence[str]) -> list[tuple[str, Fraction, str, int]]:
    """A cart that some wallets can most often pay, now and then with nearly all they have."""
    rest, cart = sum(map(draw.model.spendable, wallets)), []
    money = draw.model.knobs.unit_value is not None or draw.chance(40)
    for _ in range(draw.whole(1, 4)):
        price = draw.of(PRICES)
        most = max(1, int(rest / (price * 100))) if price else 4
        number = most if draw.chance(20) else draw.whole(1, min(most, 6))
        rest -= int(price * 100 * number)
        cart.append(
            (draw.of(ITEMS), price, draw.of(("units", "money" if money else "units")), number)
        )
        if rest <= 0:
            break
    return cart


def refund_line(draw: Draw) -> Step | None:
    found = _line(draw)
    if found is None:
        return None
    order, line, there = found
    amount = None if draw.chance(30) else draw.amount(there, 100)
    role = draw.of(("admin", "system"))
    return draw.step("refund_line", role, order=order, line=line, amount=amount)


def _line(draw: Draw) -> tuple[str, int, int] | None:
    """A line of an order that has spent something, most often, and how much."""
    model = draw.model
    lines = [
        (name, line, model.claims[claim].total("SPENT") if claim else 0)
        for name, order in model.orders.items()
        for line, claim in enumerate(order.claims, 1)
    ]
    able = [one for one in lines if one[2]]
    if draw.idle(able):
        return None
    return draw.often(able, (*lines, ("nobody's", 1, 0), ("o0", 9, 0)))


def withdraw_line(draw: Draw) -> Step | None:
    found = _line(draw)
    if found is None:
        return None
    order, line, _ = found
    ended = [(name, one) for name, o in draw.model.orders.items() for one in o.withdrawn]
    if ended and draw.chance(25):
        order, line = draw.of(ended)
    placed = draw.model.orders.get(order)
    buyer = placed.buyer if placed else "lea"
    role, who = draw.of((("learner", buyer), ("learner", "lea"), ("admin", "ann")))
    return draw.step("withdraw_line", role, who, order=order, line=line)


def cancel_line(draw: Draw) -> Step | None:
    found = _line(draw)
    if found is None:
        return None
    order, line, _ = found
    ended = [(name, one) for name, o in draw.model.orders.items() for one in o.cancelled]
    if ended and draw.chance(25):
        order, line = draw.of(ended)
    return draw.step("cancel_line", draw.of(("admin", "system")), order=order, line=line)


def adjust_price(draw: Draw) -> Step | None:
    found = _line(draw)
    if found is None:
        return None
    order, line, there = found
    return draw.step("adjust_price", "admin", order=order, line=line, to=draw.whole(0, there + 1))


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
        register_key_code,
        create_assignment,
        fire_assignment,
        distribute,
        place_order,
        refund_line,
        withdraw_line,
        cancel_line,
        adjust_price,
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
    *("fire_assignment", "fire_assignment", "distribute", "distribute", "place_order"),
    *("place_order", "refund_line", "issue", "hold", "edit_expiry", "edit_expiry"),
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
                "rows": [(800, "sales"), (300, "lea")],
                "distributors": frozenset({"dora"}),
                "key_code": None,
                "scheduled": None,
                "expires": tomorrow,
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
