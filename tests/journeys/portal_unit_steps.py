"""Commands that bring training units into being and hand them out, drawn for what a portal has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from tests.journeys.portal_books import Step
from tests.journeys.portal_calendar import day_of
from tests.journeys.portal_draw import CODES, GROUPS, MICROSECOND, PEOPLE, PRICES, Draw
from tests.journeys.portal_schedules import Assignment, Repeat, Row

DISTRIBUTORS = ("dora", "dan")
EVERYBODY = (*GROUPS, *PEOPLE)
_STAFF = ("admin", "system")

# Key codes.


def _new_codes(draw: Draw) -> list[str]:
    return [code for code in CODES if code not in draw.model.codes]


def open_codes(draw: Draw) -> list[str]:
    """Those that pay for somebody."""
    return [code for code, one in draw.model.codes.items() if one.state == "open"]


def _a_code(draw: Draw, *states: str) -> str:
    fitting = [code for code, one in draw.model.codes.items() if one.state in states]
    return draw.often(fitting, CODES)


def register_key_code(draw: Draw) -> Step | None:
    new = _new_codes(draw)
    if draw.idle(new):
        return None
    return draw.step(
        "register_key_code",
        "creator",
        key_code=draw.often(new, CODES),
        audience=frozenset() if draw.chance(60) else frozenset({draw.of((*GROUPS, "lea"))}),
        contacts=_some(draw, PEOPLE, 30),
        user_cap=draw.of((None, None, None, 200, 1000)),
    )


def _some(draw: Draw, people: Sequence[str], percent: int) -> frozenset[str]:
    return frozenset(who for who in people if draw.chance(percent))


def edit_key_code(draw: Draw) -> Step | None:
    code = _a_code(draw, "open", "suspended")
    found = draw.model.codes.get(code)
    contacts = sorted(found.contacts) if found else []
    others = [who for who in PEOPLE if who not in contacts]
    added, removed = _some(draw, others, 30), _some(draw, contacts, 30)
    if draw.chance(5):
        added |= frozenset(contacts[:1]) - removed
    if draw.chance(5):
        removed |= frozenset(others[:1]) - added
    if draw.chance(2):
        added = frozenset(f"contact {number}" for number in range(100))
    words = None if (added or removed) and draw.chance(60) else "for 2026"
    role = draw.of(("creator", "creator", "learner", "distributor"))
    who = draw.of(contacts or ("lea",)) if role != "creator" else ""
    fields = {"added": added, "removed": removed, "details": words, "comments": None}
    return draw.step("edit_key_code", role, who, key_code=code, **fields)


def suspend_key_code(draw: Draw) -> Step | None:
    if len(open_codes(draw)) < 2 and not draw.chance(20):
        return None
    return draw.step("suspend_key_code", "creator", key_code=_a_code(draw, "open"))


def reopen_key_code(draw: Draw) -> Step | None:
    suspended = [one for one in draw.model.codes.values() if one.state == "suspended"]
    if draw.idle(suspended):
        return None
    return draw.step("reopen_key_code", "creator", key_code=_a_code(draw, "suspended"))


def replace_key_code(draw: Draw) -> Step | None:
    new = _new_codes(draw)
    if draw.idle(new):
        return None
    lost = _a_code(draw, "open", "suspended")
    others = [code for code in CODES if code != lost]
    replacement = draw.often([code for code in new if code != lost], others)
    return draw.step("replace_key_code", "creator", key_code=lost, replacement=replacement)


# Assignments.


def _described(draw: Draw) -> dict[str, Any]:
    model = draw.model
    by_code = bool(model.codes) and draw.chance(40)
    due = draw.later() if draw.chance(30) else None
    repeat = _repeat(draw) if draw.chance(55) else None
    if draw.chance(3):
        due = model.now - MICROSECOND
    return {
        "rows": [_row(draw, by_code) for _ in range(draw.whole(1, 3))],
        "distributors": frozenset() if by_code else frozenset({"dora", draw.of(DISTRIBUTORS)}),
        "key_code": _a_code(draw, "open", "suspended") if by_code else None,
        "scheduled": due,
        "repeat": repeat,
        **_end(draw, repeat is not None),
    }


def _row(draw: Draw, by_code: bool) -> Row:
    amount = draw.whole(1, 2000)
    if by_code and draw.chance(60):
        return Row(amount, None)
    return Row(amount, draw.of(EVERYBODY), draw.chance(15))


def _repeat(draw: Draw) -> Repeat:
    if draw.chance(20):
        return Repeat("year", 1, *draw.of(((2, 29), (2, 28), (3, 1), (12, 31))))
    return Repeat(draw.of(("day", "week", "month", "month", "year")), draw.of((1, 1, 2, 10)))


def _end(draw: Draw, repeats: bool) -> dict[str, Any]:
    """When the units end: one kind of end, or none."""
    model = draw.model
    ends: dict[str, Any] = {"expires": None, "last_day": None, "lasts": None, "until_next": False}
    kind = draw.of(("never", *ends, "until_next" if repeats else "expires"))
    if kind == "expires":
        days = draw.of((1, 5, 9, 40, 400))
        ends[kind] = model.now if draw.chance(5) else model.now + timedelta(days=days)
    elif kind == "last_day":
        ends[kind] = _day(draw)
    elif kind == "lasts":
        ends[kind] = (draw.of(("day", "week", "month")), draw.whole(1, 3))
    elif kind == "until_next":
        ends[kind] = repeats
    return ends


def _day(draw: Draw) -> date:
    """A day that something can be used on: most often later than today."""
    today = day_of(draw.model.now, draw.model.knobs.zone)
    return today + timedelta(days=draw.of((-1, 0, 1, 1, 2, 5, 9, 40, 400)))


def create_assignment(draw: Draw) -> Step | None:
    name = f"a{len(draw.model.assignments) + draw.chance(90)}"
    return draw.step("create_assignment", "creator", assignment=name, **_described(draw))


def _assignments(draw: Draw, *states: str) -> list[str]:
    found = draw.model.assignments
    return [name for name, one in found.items() if one.state in states]


def _an_assignment(draw: Draw, *states: str) -> str:
    return draw.often(_assignments(draw, *states), (*draw.model.assignments, "nobody's"))


def edit_assignment(draw: Draw) -> Step | None:
    if draw.idle(_assignments(draw, "scheduled")):
        return None
    name = _an_assignment(draw, "scheduled")
    return draw.step("edit_assignment", "creator", assignment=name, **_described(draw))


def copy_assignment(draw: Draw) -> Step | None:
    model = draw.model
    source = draw.often(list(model.assignments), ("nobody's",))
    found = model.assignments.get(source)
    other = [code for code in open_codes(draw) if found and code != found.key_code]
    code = draw.often(other, CODES) if found and found.key_code else None
    if draw.chance(4):
        code = draw.of((None, *CODES))
    return draw.step(
        "copy_assignment",
        "creator",
        assignment=f"a{len(model.assignments) + draw.chance(90)}",
        source=source,
        key_code=code,
        scheduled=draw.later() if draw.chance(30) else None,
        last_day=_day(draw) if draw.chance(50) else None,
    )


def fire_assignment(draw: Draw) -> Step | None:
    known = draw.model.assignments
    waiting = _assignments(draw, "scheduled", "active")
    due = [one for one in waiting if known[one].due <= draw.model.now]
    fired = [name for name, one in known.items() if one.firings]
    if draw.idle(due):
        return None
    name = draw.of(fired) if fired and draw.chance(8) else draw.often(due, (*known, "nobody's"))
    done = known[name].cycles if name in known else 0
    cycle = draw.whole(1, done + 2) if draw.chance(12) else done + 1
    return draw.step("fire_assignment", "creator", assignment=name, cycle=cycle)


def cancel_assignment(draw: Draw) -> Step | None:
    if draw.idle(_assignments(draw, "scheduled", "active")):
        return None
    name = _an_assignment(draw, *draw.of((("active",), ("scheduled", "active"))))
    return draw.step("cancel_assignment", "creator", assignment=name)


def activate_assignment(draw: Draw) -> Step | None:
    if draw.idle(_assignments(draw, "cancelled")):
        return None
    name = _an_assignment(draw, "cancelled")
    return draw.step("activate_assignment", "creator", assignment=name)


def name_distributors(draw: Draw) -> Step | None:
    by_hand = [name for name, one in draw.model.assignments.items() if one.key_code is None]
    name = draw.often(by_hand, (*draw.model.assignments, "nobody's"))
    named = frozenset({draw.of(DISTRIBUTORS), draw.of((*DISTRIBUTORS, "lea"))})
    return draw.step("name_distributors", "creator", assignment=name, distributors=named)


# Handing out.


def _batches(draw: Draw) -> list[tuple[str, int, int]]:
    """Assignments that were fired, with a row and a cycle."""
    return [
        (name, row, cycle)
        for name, one in draw.model.assignments.items()
        for cycle in one.firings
        for row in range(1, len(one.rows) + 1)
        if one.key_code is None
    ]


def _distributor(draw: Draw, found: Assignment | None) -> str:
    named = sorted(found.distributors | found.former) if found else []
    return draw.often(named, DISTRIBUTORS)


def distribute(draw: Draw) -> Step | None:
    model = draw.model
    rows = _batches(draw)
    able = [
        (name, row, cycle)
        for name, row, cycle in rows
        if model.spendable(model.assignments[name].home(name, cycle, row))
    ]
    if draw.idle(able):
        return None
    name, row, cycle = draw.often(able, (*rows, ("a1", 1, 1), ("a1", 4, 1)))
    found = model.assignments.get(name)
    audience = found.rows[row - 1].audience if found and row <= len(found.rows) else None
    by = _distributor(draw, found)
    inside = [who for who in PEOPLE if audience in model.groups_of(who)]
    inside = [who for who in inside if who != by or model.knobs.allow_self] or inside
    people = list(dict.fromkeys(draw.often(inside, PEOPLE) for _ in range(draw.whole(1, 3))))
    there = model.spendable(found.home(name, cycle, row)) if found else 0
    amounts = [(who, draw.amount(there // len(people), 200)) for who in people]
    return draw.step(
        "distribute", "distributor", by, assignment=name, row=row, amounts=amounts, cycle=cycle
    )


def take_back(draw: Draw) -> Step | None:
    model = draw.model
    batches = {
        model.assignments[name].home(name, cycle, row): (name, row, cycle)
        for name, row, cycle in _batches(draw)
    }
    handed_out = [
        (who, model.lots[lot].home, parts)
        for who in PEOPLE
        for lot, parts in model.free.get(f"member/{who}", {}).items()
        if parts and model.lots[lot].home in batches
    ]
    if draw.idle(handed_out):
        return None
    who, batch, parts = draw.often(handed_out, (("lea", "batch/a0/1/1", 1), ("leo", "", 9)))
    name, row, cycle = batches.get(batch, ("a0", 9, 1))
    by = _distributor(draw, model.assignments.get(name))
    return draw.step(
        "take_back",
        "distributor",
        by,
        assignment=name,
        row=row,
        user=who,
        amount=draw.amount(parts, 100),
        cycle=cycle,
    )


# Buying and adjusting.


def buy_units(draw: Draw) -> Step | None:
    model = draw.model
    known, new = list(model.unit_purchases), _new_codes(draw)
    kinds = ["personal", "distributable", "distributable"]
    if new and (model.knobs.key_code_purchase or draw.chance(10)):
        kinds.append("key_code")
    kind = draw.of(kinds)
    name = draw.of(known) if known and draw.chance(4) else f"p{len(known)}"
    if draw.chance(3):
        name = draw.of(tuple(model.assignments))
    listed = model.knobs.unit_value is not None and model.knobs.currency is not None
    agreed = draw.chance(30 if listed else 85)
    buyer = draw.of(("dora", "dora", *PEOPLE))
    own = "distributor" if kind == "distributable" else "learner"
    role, who = ("admin", "ann") if agreed or draw.chance(20) else (own, buyer)
    couponed = draw.chance(30 if model.knobs.coupon_on_unit_purchase else 4)
    return draw.step(
        "buy_units",
        role,
        who,
        purchase=name,
        buyer=buyer,
        kind=kind,
        units=draw.of((100, 250, 999, 1000, 5001)),
        method="paypal" if draw.chance(3) else draw.of(("card", "bill", "cost_centre")),
        price=(draw.of(("EUR", "USD")), draw.of(PRICES)) if agreed else None,
        coupon=("spring", draw.of((1, 15, 100))) if couponed else None,
        key_code=draw.often(new, CODES) if kind == "key_code" else None,
    )


def _unit_lot(draw: Draw, handed_out: bool = False) -> str:
    """A lot of training units; one that is partly in other hands, if wanted."""
    model = draw.model
    lots = [name for name, lot in model.lots.items() if lot.home.split("/")[0] in UNIT_WALLETS]
    alive = [name for name in lots if not model.lots[name].ended(model.now)]
    fitting = [
        name
        for name in alive
        if not handed_out or model.free[model.lots[name].home][name] != model.lots[name].size
    ]
    return draw.often(fitting or alive, (*lots, "nobody's"))


UNIT_WALLETS = ("member", "batch", "keycode")


def edit_last_day(draw: Draw) -> Step | None:
    lot = _unit_lot(draw, handed_out=draw.chance(50))
    day = None if draw.chance(20) else _day(draw)
    return draw.step("edit_last_day", "creator", lot=lot, wallet=_home(draw, lot), last_day=day)


def _home(draw: Draw, lot: str) -> str:
    found = draw.model.lots.get(lot)
    return found.home if found and not draw.chance(4) else "member/lea"


def adjust_total(draw: Draw) -> Step | None:
    model = draw.model
    lot = _unit_lot(draw, handed_out=draw.chance(60))
    found = model.lots.get(lot)
    size = found.size if found else 100
    void = sum(lots.get(lot, 0) for lots in model.void.values())
    home = model.free[found.home][lot] if found else 0
    least = size - void - home
    total = draw.of((draw.whole(least, size - void), size + draw.whole(1, 300), size - void))
    if draw.chance(40):
        total = draw.whole(0, size)
    return draw.step(
        "adjust_total", "creator", lot=lot, wallet=_home(draw, lot), total=max(total, 0)
    )


UNITS: tuple[Callable[[Draw], Step | None], ...] = (
    register_key_code,
    edit_key_code,
    suspend_key_code,
    reopen_key_code,
    replace_key_code,
    create_assignment,
    edit_assignment,
    copy_assignment,
    fire_assignment,
    cancel_assignment,
    activate_assignment,
    name_distributors,
    distribute,
    take_back,
    buy_units,
    edit_last_day,
    adjust_total,
)
