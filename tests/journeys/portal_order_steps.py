"""Commands about orders, drawn for what a portal has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.journeys.portal_books import Step
from tests.journeys.portal_draw import CODES, ITEMS, PEOPLE, PRICES, Draw
from tests.journeys.portal_training import Asked
from tests.journeys.portal_unit_steps import open_codes

_STAFF = ("admin", "system")


def place_order(draw: Draw) -> Step | None:
    model = draw.model
    codes = [code for code in open_codes(draw) if model.spendable(model.codes[code].wallet)]
    code = draw.often(codes, CODES) if codes and draw.chance(60) else None
    audience = model.codes[code].audience if code in model.codes else frozenset[str]()
    inside = [who for who in PEOPLE if not audience or audience & model.groups_of(who)]
    rich = draw.rich([f"member/{who}" for who in PEOPLE])
    if code is None and draw.idle(rich):
        return None
    both = [who for who in inside if f"member/{who}" in rich]
    buyer = draw.often(both or inside, PEOPLE)
    offered = _codes(draw, codes, code)
    wallets = [model.codes[one].wallet for one in offered.pop("all") if one in model.codes]
    role, who = draw.of((("learner", buyer), ("learner", buyer), ("admin", "ann")))
    known = list(model.orders)
    return draw.step(
        "place_order",
        role,
        who,
        order=draw.of(known) if known and draw.chance(4) else f"o{len(known)}",
        buyer=buyer,
        items=_cart(draw, list(dict.fromkeys((*wallets, f"member/{buyer}")))),
        **offered,
        remainder_by=_method(draw),
        needs_approval=draw.chance(60),
    )


def _codes(draw: Draw, able: Sequence[str], first: str | None) -> dict[str, Any]:
    """The key codes that an order offers, and all of them in a row."""
    knobs = draw.model.knobs
    others = [code for code in able if code != first]
    more: tuple[str, ...] = ()
    if first is not None and others and draw.chance(60 if knobs.max_codes_per_order > 1 else 4):
        more = (draw.of(others),)
    top_up = None
    if others and draw.chance(50 if knobs.code_tops_up and first is None else 3):
        top_up = draw.of(others)
    every = [code for code in (first, *more, top_up) if code is not None]
    return {"key_code": first, "more_codes": more, "top_up_code": top_up, "all": every}


def _method(draw: Draw) -> str | None:
    if draw.model.knobs.tender == "allow_remainder":
        return draw.of((None, "card", "card", "bill"))
    return "card" if draw.chance(3) else None


def _cart(draw: Draw, wallets: Sequence[str]) -> list[Asked]:
    """A cart that some wallets can most often pay, now and then with nearly all they have."""
    knobs, rest = draw.model.knobs, sum(map(draw.model.spendable, wallets))
    money = knobs.unit_value is not None or draw.chance(20)
    cart: list[Asked] = []
    for _ in range(draw.whole(1, 4)):
        price = draw.of(PRICES)
        most = max(1, int(rest / (price * 100))) if price else 4
        number = most if draw.chance(20) else draw.whole(1, min(most, 6))
        rest -= int(price * 100 * number)
        unit = draw.of(("units", "money" if money else "units"))
        cart.append(Asked(draw.of(ITEMS), price, unit, number, _starts(draw)))
        if rest <= 0:
            break
    if draw.chance(1):
        cart[0] = cart[0]._replace(price=PRICES[3], unit="nothing")
    return cart


def _starts(draw: Draw) -> datetime | None:
    """When a session begins, often on a day on which units end."""
    if draw.chance(50):
        return None
    ends = draw.ends()
    days = draw.of((0, 0, 1, 3, 20))
    return (ends or draw.model.now) + timedelta(days=days, hours=draw.of((-3, 0, 5)))


# Lines of orders.


def _line(draw: Draw, *states: str) -> tuple[str, int, int] | None:
    """A line of an order that has something in such a state, most often, and how much."""
    model = draw.model
    lines = [
        (name, line, sum(model.claims[claim].total(state) for state in states) if claim else 0)
        for name, order in model.orders.items()
        for line, claim in enumerate(order.claims, 1)
    ]
    able = [one for one in lines if one[2]]
    if draw.idle(able):
        return None
    return draw.often(able, (*lines, ("nobody's", 1, 0), ("o0", 9, 0)))


def _late(draw: Draw) -> list[tuple[str, int, int]]:
    """Lines that hold something of a lot that has ended meanwhile, and how much is left to them."""
    model = draw.model
    found = []
    for name, order in model.orders.items():
        for line, claim in enumerate(order.claims, 1):
            held = [part for part in model.parts_of(claim) if part.state == "HELD"]
            left = [part for part in held if not model.lots[part.lot].ended(model.now)]
            if len(left) < len(held):
                found.append((name, line, sum(part.parts for part in left)))
    return found


def _decided(draw: Draw, name: str) -> Step | None:
    late = _late(draw)
    found = draw.of(late) if late and draw.chance(50) else _line(draw, "HELD")
    if found is None:
        return None
    order, line, there = found
    amount = None if draw.chance(40) else draw.amount(there, 100)
    return draw.step(name, draw.of(_STAFF), order=order, line=line, amount=amount)


def capture_line(draw: Draw) -> Step | None:
    return _decided(draw, "capture_line")


def release_line(draw: Draw) -> Step | None:
    return _decided(draw, "release_line")


def refund_line(draw: Draw) -> Step | None:
    found = _line(draw, "SPENT")
    if found is None or (draw.model.knobs.refund == "none" and not draw.chance(15)):
        return None
    order, line, there = found
    amount = None if draw.chance(30) else draw.amount(there, 100)
    return draw.step("refund_line", draw.of(_STAFF), order=order, line=line, amount=amount)


def withdraw_line(draw: Draw) -> Step | None:
    found = _line(draw, "SPENT", "HELD")
    if found is None:
        return None
    order, line, _ = found
    ended = [(name, one) for name, o in draw.model.orders.items() for one in o.withdrawn]
    if ended and draw.chance(25):
        order, line = draw.of(ended)
    placed = draw.model.orders.get(order)
    buyer = placed.buyer if placed else "lea"
    role, who = draw.of((("learner", buyer), ("learner", "lea"), ("admin", "ann")))
    often = 2 if draw.chance(5) else 1
    return draw.step("withdraw_line", role, who, order=order, line=line, on_transcript=often)


def cancel_line(draw: Draw) -> Step | None:
    found = _line(draw, "SPENT", "HELD")
    if found is None:
        return None
    order, line, _ = found
    ended = [(name, one) for name, o in draw.model.orders.items() for one in o.cancelled]
    if ended and draw.chance(25):
        order, line = draw.of(ended)
    return draw.step("cancel_line", draw.of(_STAFF), order=order, line=line)


def adjust_price(draw: Draw) -> Step | None:
    found = _line(draw, "SPENT", "HELD")
    if found is None:
        return None
    order, line, there = found
    return draw.step("adjust_price", "admin", order=order, line=line, to=draw.whole(0, there + 1))


def reissue_units(draw: Draw) -> Step | None:
    orders = list(draw.model.orders)
    if draw.idle(orders):
        return None
    day = (draw.later() + timedelta(days=draw.of((-2, 0, 1)))).date()
    return draw.step(
        "reissue_units",
        draw.of(_STAFF),
        order=draw.often(orders, ("nobody's",)),
        amount=draw.whole(1, 500),
        last_day=None if draw.chance(40) else day,
    )


ORDERS: tuple[Callable[[Draw], Step | None], ...] = (
    place_order,
    capture_line,
    release_line,
    refund_line,
    withdraw_line,
    cancel_line,
    adjust_price,
    reissue_units,
)
