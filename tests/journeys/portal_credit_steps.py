"""Commands of the room of credits, drawn for what a portal has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from tests.journeys.portal_books import Step, Use, course_wallet, manager_wallet
from tests.journeys.portal_draw import COURSES, MANAGERS, PEOPLE, PRICES, START, Draw

PAIRS = tuple((who, course) for who in MANAGERS for course in COURSES)


def subscribe(draw: Draw) -> Step | None:
    in_force = [one for one in draw.model.subscriptions.values() if one.lapse is None]
    if len(in_force) > 1 and not draw.chance(30):
        return None
    known = list(draw.model.subscriptions)
    name = draw.of(known) if known and draw.chance(8) else f"s{len(known)}"
    anchor = draw.of((None, START, START - timedelta(days=300), draw.later()))
    return draw.step(
        "subscribe",
        draw.of(("admin", "system")),
        subscription=name,
        base=draw.of((5, 40, 100, 500)),
        period=draw.of(("month", "month", "year")),
        anchor=anchor,
    )


def replenish(draw: Draw) -> Step | None:
    model = draw.model
    if draw.idle(model.subscriptions):
        return None
    name = draw.often(list(model.subscriptions), ("s0", "nobody's"))
    found = model.subscriptions.get(name)
    granted = sorted(found.granted) if found else []
    waiting = [
        index
        for index in range(len(granted) + 2)
        if index not in granted and found and found.due(index) <= model.now
    ]
    if draw.chance(1):
        waiting = [999_999]
    return draw.step(
        "replenish",
        draw.of(("admin", "system")),
        subscription=name,
        index=draw.often(waiting or granted, range(4)),
    )


def allocate(draw: Draw) -> Step | None:
    course = draw.of(COURSES)
    there = draw.model.spendable("pool", Use(course=course))
    if draw.idle(there):
        return None
    return draw.step("allocate", "admin", course=course, amount=draw.amount(there))


def deallocate(draw: Draw) -> Step | None:
    there = {one: draw.model.spendable(course_wallet(one), Use(course=one)) for one in COURSES}
    course = draw.often([one for one in COURSES if there[one]], COURSES)
    if draw.idle(there[course]):
        return None
    return draw.step("deallocate", "admin", course=course, amount=draw.amount(there[course]))


def grant(draw: Draw) -> Step | None:
    there = {one: draw.model.spendable(course_wallet(one), Use(course=one)) for one in COURSES}
    course = draw.often([one for one in COURSES if there[one]], COURSES)
    if draw.idle(there[course]):
        return None
    here = [who for who in MANAGERS if (who, course) in draw.model.registered]
    return draw.step(
        "grant",
        "admin",
        manager=draw.often(here, MANAGERS),
        course=course,
        amount=draw.amount(there[course]),
    )


def send_invite(draw: Draw) -> Step | None:
    pairs = [(who, course) for who in MANAGERS for course in COURSES]
    able = [
        (who, course)
        for who, course in pairs
        if draw.model.spendable(manager_wallet(who, course), Use(course=course))
    ]
    if draw.idle(able):
        return None
    who, course = draw.often(able, pairs)
    invitee = draw.of((*PEOPLE, f"address-{len(draw.model.invites)}"))
    return draw.step("send_invite", "manager", who, invitee=invitee, course=course, manager=who)


def _invite(draw: Draw, *states: str) -> str | None:
    invites = list(draw.model.invites)
    fitting = [one for one in invites if draw.model.invite_state(one) in states]
    if draw.idle(fitting):
        return None
    return draw.often(fitting, (*invites, "nobody's"))


def _gone(draw: Draw) -> list[str]:
    """Open invites whose credit is forfeited, and not taken out yet."""
    model = draw.model
    wallets = [manager_wallet(*pair) for pair in PAIRS]
    ended = [name for name, one in model.subscriptions.items() if one.ended(model.now)]
    return [one for name in ended for wallet in wallets for one in model.cancellable(name, wallet)]


def accept_invite(draw: Draw) -> Step | None:
    invite, who = _invite(draw, "sent"), draw.of(PEOPLE)
    gone = _gone(draw) if draw.chance(30) else []
    invite = draw.of(gone) if gone else invite
    if invite is None:
        return None
    return draw.step("accept_invite", "learner", who, invite=invite, learner=who)


def cancel_invite(draw: Draw) -> Step | None:
    invite = _invite(draw, "sent", "expired")
    if invite is None:
        return None
    if draw.chance(30):
        return draw.step("cancel_invite", "admin", invite=invite)
    return draw.step("cancel_invite", "manager", _sender(draw, invite), invite=invite)


def reinvite(draw: Draw) -> Step | None:
    invite = _invite(draw, "sent", "expired")
    if invite is None:
        return None
    return draw.step("reinvite", "manager", _sender(draw, invite), invite=invite)


def _sender(draw: Draw, invite: str) -> str:
    found = draw.model.invites.get(invite)
    return found.manager if found and not draw.chance(5) else draw.of(MANAGERS)


def enrol(draw: Draw) -> Step | None:
    pairs = [(who, course) for who in PEOPLE for course in COURSES]
    new = [pair for pair in pairs if draw.model.active(*pair) is None]
    owes = draw.model.knobs.overdraft
    able = [pair for pair in new if owes or draw.rich(("pool", course_wallet(pair[1])))]
    if draw.idle(able):
        return None
    learner, course = draw.often(able, pairs)
    return draw.step("enrol", "admin", learner=learner, course=course)


def _enrolment(draw: Draw, state: str) -> str | None:
    known = draw.model.enrolments
    fitting = [name for name, one in known.items() if one.state == state]
    return None if draw.idle(fitting) else draw.often(fitting, (*known, "nobody's"))


def complete_enrolment(draw: Draw) -> Step | None:
    enrolment = _enrolment(draw, "active")
    if enrolment is None:
        return None
    role = draw.of(("admin", "system"))
    return draw.step("complete_enrolment", role, enrolment=enrolment)


def reverse_enrolment(draw: Draw) -> Step | None:
    enrolment = _enrolment(draw, "reversed" if draw.chance(15) else "active")
    if enrolment is None:
        return None
    return draw.step("reverse_enrolment", "admin", enrolment=enrolment)


def change_plan(draw: Draw) -> Step | None:
    known = draw.model.subscriptions
    in_force = [name for name, one in known.items() if one.lapse is None]
    if draw.idle(in_force):
        return None
    return draw.step(
        "change_plan",
        draw.of(("admin", "system")),
        subscription=draw.often(in_force, (*known, "nobody's")),
        base=draw.of((5, 40, 100, 101, 250, 500)),
    )


def lapse(draw: Draw) -> Step | None:
    known = draw.model.subscriptions
    in_force = [name for name, one in known.items() if one.lapse is None]
    if draw.idle(in_force) or draw.chance(40):
        return None
    role = draw.of(("admin", "system"))
    return draw.step("lapse", role, subscription=draw.often(in_force, (*known, "nobody's")))


def resubscribe(draw: Draw) -> Step | None:
    """The way out of a lapse: back within the grace, or anew."""
    model, known = draw.model, draw.model.subscriptions
    lapsed = [name for name, one in known.items() if one.lapse is not None]
    waiting = [name for name in lapsed if not known[name].ended(model.now)]
    if draw.idle(lapsed):
        return None
    if not waiting and draw.chance(70):
        return subscribe(draw)
    role = draw.of(("admin", "system"))
    return draw.step("resubscribe", role, subscription=draw.often(waiting, (*known, "nobody's")))


def forfeit(draw: Draw) -> Step | None:
    model = draw.model
    rows = [
        (name, wallet)
        for name, one in model.subscriptions.items()
        for wallet in model.wallets()
        if one.ended(model.now) and (model.left_of(name, wallet) or model.cancellable(name, wallet))
    ]
    lapsed = [name for name, one in model.subscriptions.items() if one.lapse is not None]
    if draw.idle(rows or (lapsed and draw.chance(30))):
        return None
    other = (draw.often(lapsed, (*model.subscriptions, "nobody's")), "pool")
    holding = [row for row in rows if model.cancellable(*row)]
    name, wallet = draw.often(holding or rows, (other,))
    return draw.step("forfeit", draw.of(("admin", "system")), subscription=name, wallet=wallet)


def purchase(draw: Draw) -> Step | None:
    known = [name for name, one in draw.model.payments.items() if one.wallet == "pool"]
    payment, asked = _payment(draw, known)
    return draw.step("purchase", "admin", payment=payment, **asked)


def _payment(draw: Draw, known: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """A new payment; or one that there is, for the same or for something else."""
    payments = draw.model.payments
    asked: dict[str, Any] = {
        "amount": draw.of((1, 5, 5, 5)),
        "terms": draw.of(("2026", "2026", "2026", "2027")),
        "cost": ("EUR", draw.of(PRICES)) if draw.chance(15) else None,
    }
    if not known or not draw.chance(20):
        return f"p{len(payments)}", asked
    again = draw.of(known)
    if draw.chance(60):
        asked = {name: payments[again].asked[name] for name in asked}
    return again, asked


def purchase_for_course(draw: Draw) -> Step | None:
    payments, able = draw.model.payments, _open(draw)
    who, course = draw.often(able, PAIRS)
    mine = manager_wallet(who, course)
    known = [name for name, one in payments.items() if one.wallet == mine or draw.chance(5)]
    payment, asked = _payment(draw, known)
    return draw.step(
        "purchase_for_course", "manager", who, payment=payment, manager=who, course=course, **asked
    )


def charge_back(draw: Draw) -> Step | None:
    known = draw.model.payments
    paid = [name for name, one in known.items() if one.back_by is None or draw.chance(5)]
    if draw.idle(paid):
        return None
    role = draw.of(("admin", "system"))
    return draw.step("charge_back", role, payment=draw.often(paid, (*known, "nobody's")))


def move_allocation(draw: Draw) -> Step | None:
    there = {one: draw.model.spendable(course_wallet(one)) for one in COURSES}
    source = draw.often([one for one in COURSES if there[one]], COURSES)
    target = draw.of([one for one in COURSES if one != source])
    if draw.idle(there[source]):
        return None
    amount = draw.amount(there[source])
    return draw.step("move_allocation", "admin", source=source, target=target, amount=amount)


def close_course(draw: Draw) -> Step | None:
    owing = [one for one in COURSES if draw.model.owed(one)]
    if draw.chance(30 if owing else 70):
        return None
    course = draw.of(owing) if owing and draw.chance(60) else draw.of(COURSES)
    return draw.step("close_course", "admin", course=course)


def reopen_course(draw: Draw) -> Step | None:
    closed = [one for one in COURSES if draw.model.closed.get(course_wallet(one))]
    if draw.idle(closed):
        return None
    return draw.step("reopen_course", "admin", course=draw.often(closed, COURSES))


def recall(draw: Draw) -> Step | None:
    able = [pair for pair in PAIRS if draw.rich((manager_wallet(*pair),))]
    if draw.idle(able):
        return None
    who, course = draw.often(able, PAIRS)
    amount = draw.amount(draw.model.spendable(manager_wallet(who, course), Use(course=course)))
    return draw.step("recall", "admin", manager=who, course=course, amount=amount)


def _other(who: str) -> str:
    return next(one for one in MANAGERS if one != who)


def _open(draw: Draw) -> list[tuple[str, str]]:
    """Who can be brought credits for which course."""
    closed = draw.model.closed
    return [pair for pair in sorted(draw.model.registered) if not closed.get(manager_wallet(*pair))]


def give(draw: Draw) -> Step | None:
    able = [pair for pair in PAIRS if draw.rich((manager_wallet(*pair),))]
    if draw.idle(able):
        return None
    both = [(who, course) for who, course in able if (_other(who), course) in _open(draw)]
    who, course = draw.often(both or able, PAIRS)
    other = _other(who)
    amount = draw.amount(draw.model.spendable(manager_wallet(who, course), Use(course=course)))
    role, actor = draw.of((("manager", who), ("manager", who), ("admin", "ann")))
    return draw.step("give", role, actor, giver=who, receiver=other, course=course, amount=amount)


def take(draw: Draw) -> Step | None:
    nets = draw.model.gifts
    able = [
        (giver, receiver, course)
        for (giver, receiver, course), net in nets.items()
        if net and (giver, course) in _open(draw) and draw.rich((manager_wallet(receiver, course),))
    ]
    if draw.idle(able):
        return None
    giver, receiver, course = three = draw.often(able, (*nets, ("max", "mia", COURSES[0])))
    there = draw.model.spendable(manager_wallet(receiver, course), Use(course=course))
    amount = draw.amount(min(nets.get(three, 0), there) or nets.get(three, 0))
    return draw.step(
        "take", "manager", giver, giver=giver, receiver=receiver, course=course, amount=amount
    )


def deactivate_manager(draw: Draw) -> Step | None:
    if draw.chance(70):
        return None
    who, course = draw.often(sorted(draw.model.registered), PAIRS)
    return draw.step("deactivate_manager", "admin", manager=who, course=course)


def reactivate_manager(draw: Draw) -> Step | None:
    closed = [pair for pair in PAIRS if draw.model.closed.get(manager_wallet(*pair))]
    if draw.idle(closed):
        return None
    who, course = draw.often(closed, PAIRS)
    return draw.step("reactivate_manager", "admin", manager=who, course=course)


def write_off(draw: Draw) -> Step | None:
    there = draw.model.spendable("pool")
    if draw.idle(there):
        return None
    return draw.step("write_off", "admin", amount=draw.amount(there), grounds="stock-take")


def write_back(draw: Draw) -> Step | None:
    rows = [(lot, parts) for lot, parts in draw.model.void["pool"].items() if parts]
    if draw.idle(rows):
        return None
    lot, there = draw.often(rows, (("l0", 0), ("nobody's", 0)))
    amount = draw.amount(there)
    return draw.step("write_back", "admin", lot=lot, amount=amount, grounds="stock-take")


def invite_all(draw: Draw) -> Step | None:
    return _mailing(draw, "invite_all")


def invite_each(draw: Draw) -> Step | None:
    return _mailing(draw, "invite_each")


def _mailing(draw: Draw, name: str) -> Step | None:
    able = [pair for pair in PAIRS if draw.rich((manager_wallet(*pair),))]
    if draw.idle(able):
        return None
    who, course = draw.often(able, PAIRS)
    number = len(draw.model.invites)
    everybody = (*PEOPLE, *(f"address-{number + place}" for place in range(4)))
    there = draw.model.spendable(manager_wallet(who, course), Use(course=course))
    rows = draw.whole(1, min(there, 4) + 1)
    invitees = tuple(draw.of(everybody) for _ in range(rows))
    return draw.step(name, "manager", who, invitees=invitees, course=course, manager=who)


def start_enrolment(draw: Draw) -> Step | None:
    enrolment = _enrolment(draw, "active")
    if enrolment is None:
        return None
    return draw.step("start_enrolment", draw.of(("admin", "system")), enrolment=enrolment)


def report_progress(draw: Draw) -> Step | None:
    enrolment = _enrolment(draw, "active")
    if enrolment is None:
        return None
    percent = draw.of((0, 9, 10, 49, 50, 100))
    role = draw.of(("admin", "system"))
    return draw.step("report_progress", role, enrolment=enrolment, percent=percent)


CREDITS: tuple[Callable[[Draw], Step | None], ...] = (
    subscribe,
    replenish,
    change_plan,
    lapse,
    resubscribe,
    forfeit,
    purchase,
    purchase_for_course,
    charge_back,
    allocate,
    deallocate,
    move_allocation,
    close_course,
    reopen_course,
    write_off,
    write_back,
    grant,
    recall,
    give,
    take,
    deactivate_manager,
    reactivate_manager,
    send_invite,
    invite_all,
    invite_each,
    accept_invite,
    cancel_invite,
    reinvite,
    enrol,
    start_enrolment,
    report_progress,
    complete_enrolment,
    reverse_enrolment,
)
"""Every command of the room."""
