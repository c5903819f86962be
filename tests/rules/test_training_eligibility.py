"""Which training units may pay for, and which units last long enough for a session."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from tests.rules.training_room import START, Room, code_id, day, learner, rule, spent
from unitledger.accounts import keycode, member
from unitledger.amounts import Rate, Units
from unitledger.buckets import AllocationScope, Bucket, Demand, Verdict
from unitledger.errors import (
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotPayableInUnits,
)
from unitledger.lots import Lot, Use
from unitledger.orders import FIFO
from unitledger.policy import (
    MAX_CODES,
    MAX_PREFERENCES,
    CodeStorage,
    Criteria,
    GuardBoundary,
    KeyCodeAudience,
    Policy,
    Preferences,
    SessionOrder,
    SessionScope,
    SharePaid,
    Tender,
    TrainingType,
    UndatedRank,
)
from unitledger.time import day_of, end_of_day
from unitledger.training import (
    Item,
    PlaceOrder,
    Training,
    allocated,
    lasting_until,
    quote,
    session_order,
)

ANN = learner("ann")
MOMENT = timedelta(microseconds=1)
GUARD = Policy(session_guard=True)


def session(name: str, price: str, starts: float | None) -> Item:
    """A session that starts so many days from the beginning; ``None`` is no session."""
    begins = None if starts is None else START + timedelta(days=starts)
    return Item.in_units(name, price, starts=begins)


def cart(text: str) -> tuple[Item, ...]:
    """A cart: ``"drill 5 s20, yoga 3"``: a session that starts on day 20, and no session."""
    items = []
    for line in text.split(", "):
        name, price, *rest = line.split()
        items.append(session(name, price, float(rest[0][1:]) if rest else None))
    return tuple(items)


def order(text: str, key_code: str | None = None, name: str = "o1") -> PlaceOrder:
    """An order of ann's."""
    return PlaceOrder(name, "ann", cart(text), key_code)


def stocked(policy: Policy, lots: str, wallet: str = "own") -> Room:
    """A room with lots of ann's own, or behind the key code."""
    room = Room(policy, "ann: sales")
    room.register()
    room.issue(member("ann") if wallet == "own" else keycode(code_id()), lots)
    return room


# Criteria.


@pytest.mark.parametrize(
    ("criteria", "training", "payable"),
    [
        pytest.param("", "course", True, id="TU-151 all training"),
        pytest.param("", "", True, id="TU-151 training of which nothing is said"),
        pytest.param("types=event", "event", True, id="TU-152 of that type"),
        pytest.param("types=event", "course", False, id="TU-152 of another type"),
        pytest.param("types=event", "", False, id="TU-152 of no type that is said"),
        pytest.param("types=event+session", "session", True, id="TU-154 one type is enough"),
        pytest.param("types=event", "event acme safety", True, id="TU-153 any provider"),
        pytest.param("providers=acme", "course acme", True, id="TU-153 that provider, any type"),
        pytest.param("providers=acme", "course other", False, id="TU-154 another provider"),
        pytest.param("providers=acme", "course", False, id="TU-154 no provider"),
        pytest.param("providers=acme+other", "course other", True, id="TU-154 either provider"),
        pytest.param("subjects=safety", "course acme safety", True, id="TU-153 that subject"),
        pytest.param("subjects=safety", "course acme law+safety", True, id="TU-154 one of its"),
        pytest.param("subjects=safety+tax", "course acme law+tax", True, id="TU-154 one of ours"),
        pytest.param("subjects=safety", "course acme law", False, id="TU-154 another subject"),
        pytest.param("subjects=safety", "course acme", False, id="TU-154 no subject"),
        pytest.param("types=event providers=acme", "event acme", True, id="TU-154 both hold"),
        pytest.param("types=event providers=acme", "event other", False, id="TU-154 one alone"),
        pytest.param("types=event providers=acme", "course acme", False, id="TU-154 the other"),
        pytest.param(
            "types=event providers=acme subjects=tax", "event acme law", False, id="TU-154 a third"
        ),
    ],
)
def test_which_training_can_be_paid_with_units(criteria: str, training: str, payable: bool) -> None:
    kind, provider, subjects, *_ = (*training.split(" "), "", "", "")
    about = Training(
        type=TrainingType(kind) if kind else None,
        provider=provider or None,
        subjects=frozenset(subjects.split("+")) if subjects else frozenset(),
    )
    items = [Item.in_units("yoga", 1, training=about)]
    if training == "":
        items.append(Item.in_units("bare", 1))
    policy = Policy(criteria=of(criteria))
    if payable:
        assert quote(items, policy).total == Units.of(len(items))
    else:
        with pytest.raises(NotPayableInUnits, match="is not paid with units here") as refusal:
            quote(items, policy)
        assert refusal.value.item == "yoga"


def of(text: str) -> Criteria:
    sides = dict(side.split("=") for side in text.split())
    return Criteria(
        types=frozenset(map(TrainingType, sides["types"].split("+")))
        if "types" in sides
        else frozenset(),
        providers=frozenset(sides["providers"].split("+")) if "providers" in sides else frozenset(),
        subjects=frozenset(sides["subjects"].split("+")) if "subjects" in sides else frozenset(),
    )


def test_the_refusal_says_which_side_it_was() -> None:
    criteria = of("types=event providers=acme subjects=tax")
    words = [
        criteria.refusal(kind, provider, frozenset(subjects.split()))
        for kind, provider, subjects in (
            (TrainingType.COURSE, "other", "law"),
            (TrainingType.EVENT, "other", "law"),
            (TrainingType.EVENT, "acme", "law"),
            (TrainingType.EVENT, "acme", "law tax"),
        )
    ]
    assert words == [
        "training of its type is not paid with units here",
        "training of its provider is not paid with units here",
        "training of its subjects is not paid with units here",
        None,
    ]


@rule("TU-150")
def test_an_order_with_one_line_that_is_not_payable_takes_nothing() -> None:
    room = stocked(Policy(criteria=of("types=course")), "A 9")
    course = Item.in_units("a", 1, training=Training(type=TrainingType.COURSE))
    event = Item.in_units("b", 1, training=Training(type=TrainingType.EVENT))
    refusal = room.refused(NotPayableInUnits, PlaceOrder("o1", "ann", (course, event)), ANN)
    assert refusal.item == "b"
    assert room.available(member("ann")) == "9.00"
    room.do(PlaceOrder("o2", "ann", (course,)), ANN)


def test_what_is_free_needs_no_eligibility() -> None:
    policy = Policy(criteria=of("types=event"))
    assert quote([Item.in_units("a", 0)], policy).total == Units.of(0)


OURS = Preferences("emea", criteria=of("types=event"))
THEIRS = Preferences("vienna", criteria=of("types=course"))


@pytest.mark.parametrize(
    ("ous", "payable"),
    [
        pytest.param("", "event course test", id="TU-155 nowhere: the policy's"),
        pytest.param("apac", "event course test", id="TU-155 a unit without any"),
        pytest.param("emea", "event", id="TU-155 its own"),
        pytest.param("paris emea", "event", id="TU-155 the nearest ancestor's"),
        pytest.param("vienna emea", "course", id="TU-155 its own before an ancestor's"),
    ],
)
def test_preferences_come_from_the_nearest_unit(ous: str, payable: str) -> None:
    policy = Policy(preferences=(OURS, THEIRS, Preferences("vienna", Rate.of(2), "USD")))
    found = []
    for kind in ("event", "course", "test"):
        item = Item.in_units("a", 1, training=Training(type=TrainingType(kind)))
        try:
            quote([item], policy, ous.split())
        except NotPayableInUnits:
            continue
        found.append(kind)
    assert found == payable.split()


@rule("TU-155", "TU-293")
def test_an_order_asks_the_directory_for_the_buyers_units() -> None:
    """Nobody is asked when there are no preferences."""
    worth = Policy(unit_value=Rate.of(1), preferences=(Preferences("sales", Rate.of(2)),))
    for policy, units, asked in ((worth, "5.00", 1), (Policy(unit_value=Rate.of(1)), "10.00", 0)):
        room = stocked(policy, "A 99")
        placed = room.do(PlaceOrder("o1", "ann", (Item.in_money("a", 10),)), ANN)
        assert placed.outcome.total.text == units
        entry = list(room.ledger.entries())[-1]
        assert len(entry.answers) == asked


@rule("TU-155", "TU-177")
def test_a_remainder_is_worth_what_a_unit_is_worth_to_the_buyer() -> None:
    policy = Policy(
        tender=Tender.ALLOW_REMAINDER,
        unit_value=Rate.of(1),
        preferences=(Preferences("sales", Rate.of(2)),),
    )
    room = stocked(policy, "A 1")
    placed = room.do(PlaceOrder("o1", "ann", (Item.in_money("a", 10),)), ANN)
    remainder = placed.outcome.remainder
    assert remainder is not None
    assert (remainder.units, remainder.money) == (Units.of(4), Fraction(8))
    assert remainder.unit_value == Rate.of(2)


@rule("TU-293")
def test_an_order_says_the_value_used_where_there_was_one() -> None:
    policy = Policy(
        unit_value=Rate.of(1),
        preferences=(Preferences("sales", Rate.of(2)), Preferences("sales", Rate.of(4), "USD")),
    )
    room = stocked(policy, "A 99")
    euro, dollar = (
        Item.in_money("a", 8, training=Training(currency=name)) for name in (None, "USD")
    )
    own = Item.in_units("b", 1)
    carts = [
        ((euro, own), Rate.of(2)),
        ((dollar,), Rate.of(4)),
        ((euro, dollar), None),
        ((own,), None),
    ]
    for number, (items, value) in enumerate(carts):
        placed = room.do(PlaceOrder(f"o{number}", "ann", items), ANN).outcome
        assert placed.unit_value == value


# The session guard: which lots last.


@pytest.mark.parametrize(
    ("guard", "boundary", "ends", "usable"),
    [
        pytest.param(False, "same_day_ok", "04-09", True, id="TU-157 off: it ends before"),
        pytest.param(True, "same_day_ok", "04-09", False, id="TU-158 it ends the day before"),
        pytest.param(True, "same_day_ok", "04-10", True, id="TU-159 X-03 SAME_DAY_OK"),
        pytest.param(True, "same_day_ok", "04-11", True, id="TU-158 it ends the day after"),
        pytest.param(True, "same_day_ok", "", True, id="TU-158 it never ends"),
        pytest.param(True, "strictly_after", "04-09", False, id="X-03 STRICTLY_AFTER, before"),
        pytest.param(True, "strictly_after", "04-10", False, id="TU-159 X-03 STRICTLY_AFTER"),
        pytest.param(True, "strictly_after", "04-11", True, id="X-03 STRICTLY_AFTER, after"),
        pytest.param(True, "strictly_after", "", True, id="X-03 STRICTLY_AFTER, never"),
    ],
)
@pytest.mark.parametrize("hour", [0, 9, 23])
def test_which_lot_pays_for_a_session(
    guard: bool, boundary: str, ends: str, usable: bool, hour: int
) -> None:
    """The session starts on 10 April; the lot can be used to the end of its last day."""
    policy = Policy(session_guard=guard, guard_boundary=GuardBoundary(boundary))
    starts = datetime(2026, 4, 10, hour, tzinfo=UTC)
    last = date.fromisoformat(f"2026-{ends}") if ends else None
    bucket = Bucket.of([(Lot.plain("a", expires=last), Units.of(5))])
    plan = bucket.burn(Units.of(5), at=START, until=lasting_until(starts, policy))
    assert plan.met is usable


@pytest.mark.parametrize(
    ("zone", "starts", "until"),
    [
        ("UTC", "2026-04-10T00:00Z", "2026-04-10T00:00Z"),
        ("UTC", "2026-04-09T23:59Z", "2026-04-09T00:00Z"),
        ("Europe/Vienna", "2026-04-09T22:00Z", "2026-04-09T22:00Z"),
        ("Europe/Vienna", "2026-04-09T21:59Z", "2026-04-08T22:00Z"),
        ("America/New_York", "2026-04-10T03:59Z", "2026-04-09T04:00Z"),
    ],
)
def test_the_days_of_the_guard_are_those_of_the_zone(zone: str, starts: str, until: str) -> None:
    """TU-158, TU-291: the day on which a session begins is a day of the policy's zone."""
    begins, begun = (datetime.fromisoformat(text) for text in (starts, until))
    policy = Policy(session_guard=True, zone=zone)
    assert lasting_until(begins, policy) == begun
    strict = Policy(session_guard=True, zone=zone, guard_boundary=GuardBoundary.STRICTLY_AFTER)
    assert lasting_until(begins, strict) == end_of_day(day_of(begins, zone), zone)
    assert lasting_until(begins, Policy(zone=zone)) is None
    assert lasting_until(None, policy) is None


def test_the_day_of_an_instant() -> None:
    """TU-291."""
    assert day_of(datetime(2026, 1, 1, 23, 30, tzinfo=UTC)) == date(2026, 1, 1)
    assert day_of(datetime(2026, 1, 1, 23, 30, tzinfo=UTC), "Europe/Vienna") == date(2026, 1, 2)
    with pytest.raises(InvalidInput):
        day_of(datetime(2026, 1, 1), "UTC")  # noqa: DTZ001
    with pytest.raises(InvalidValue):
        day_of(START, "Nowhere/At/All")


@pytest.mark.parametrize("wallet", ["own", "key code"])
def test_the_guard_is_the_same_for_both_methods(wallet: str) -> None:
    """TU-162."""
    room = stocked(GUARD, "A 5 d9, B 5 d40, C 2 d30", wallet)
    key_code = None if wallet == "own" else code_id()
    assert spent(room.do(order("drill 6 s20", key_code), ANN)) == "B 5, C 1"
    refusal = room.refused(InsufficientUnits, order("drill 2 s20", key_code, "o2"), ANN)
    assert refusal.available == Units.of(1)


@rule("TU-160")
def test_a_session_that_no_units_last_for_is_not_payable() -> None:
    room = stocked(GUARD, "A 5 d9")
    refusal = room.refused(NotPayableInUnits, order("yoga 1, drill 1 s20"), ANN)
    assert refusal.item == "drill"
    assert "session_guard" in str(refusal)
    room.do(order("yoga 1, drill 1 s9"), ANN)


@rule("TU-160")
def test_another_method_may_pay_for_it() -> None:
    policy = Policy(session_guard=True, tender=Tender.ALLOW_REMAINDER, unit_value=Rate.of(3))
    room = stocked(policy, "A 5 d9")
    placed = room.do(order("yoga 1, drill 2 s20"), ANN).outcome
    assert placed.remainder is not None
    assert (placed.remainder.units, placed.remainder.money) == (Units.of(2), Fraction(6))
    assert placed.paid == ((member("ann"), Units.of(1)),)


@pytest.mark.parametrize(
    ("lots", "text"),
    [
        pytest.param("A 5 d40", "drill 6 s20", id="there is some, and it lasts"),
        pytest.param("A 5 d40, B 3 d9", "drill 6 s20, yoga 9", id="another line takes it"),
        pytest.param("A 5 d40 @legal, B 3 d9 @legal", "drill 6 s20", id="nothing is for her"),
        pytest.param("A 5 d9", "drill 0 s20, yoga 6", id="the session is free"),
    ],
)
def test_what_is_merely_too_little_is_insufficient(lots: str, text: str) -> None:
    stocked(GUARD, lots).refused(InsufficientUnits, order(text), ANN)
    Room(GUARD).refused(InsufficientUnits, order("drill 6 s20"), ANN)


@rule("TU-161")
def test_no_organizational_unit_has_a_guard_of_its_own() -> None:
    with pytest.raises(TypeError, match="session_guard"):
        Preferences("emea", session_guard=True)  # type: ignore[call-arg]


# The session guard: the order of lots.

LOTS = "A 5 d30, B 20 d60, C 8 d30, D 50"


@pytest.mark.parametrize(
    ("policy", "text", "taken"),
    [
        pytest.param({}, "drill 21 s20", "B 20, C 1", id="TU-197 X-02 LATEST_EXPIRY"),
        pytest.param({}, "drill 29 s20", "B 20, C 8, A 1", id="TU-197 then the largest"),
        pytest.param({}, "drill 34 s20", "B 20, C 8, A 5, D 1", id="X-16 LAST"),
        pytest.param(
            {"undated_rank": UndatedRank.FIRST}, "drill 51 s20", "D 50, B 1", id="X-16 FIRST"
        ),
        pytest.param(
            {"session_order": SessionOrder.FEFO_ELIGIBLE},
            "drill 14 s20",
            "C 8, A 5, B 1",
            id="X-02 FEFO_ELIGIBLE",
        ),
        pytest.param(
            {"session_order": SessionOrder.FEFO_ELIGIBLE},
            "drill 14 s40",
            "B 14",
            id="X-02 FEFO_ELIGIBLE, what lasts",
        ),
        pytest.param(
            {"session_order": SessionOrder.FEFO_ELIGIBLE, "burn_order": FIFO},
            "drill 6 s20",
            "A 5, B 1",
            id="X-02 FEFO_ELIGIBLE follows the burn order",
        ),
        pytest.param({}, "yoga 3", "C 3", id="TU-197 no session, no session order"),
        pytest.param({"session_guard": False}, "drill 3 s20", "C 3", id="TU-157 guard off"),
        pytest.param({}, "yoga 3, drill 1 s20", "B 3, B 1", id="TU-199 TRANSACTION"),
        pytest.param(
            {"session_scope": SessionScope.SESSION_ITEMS},
            "yoga 3, drill 1 s20",
            "C 3, B 1",
            id="TU-199 SESSION_ITEMS",
        ),
        pytest.param(
            {}, "early 20 s20, late 20 s50", "C 8, A 5, D 7, B 20", id="TU-198 the latest first"
        ),
        pytest.param(
            {"session_scope": SessionScope.SESSION_ITEMS},
            "yoga 9, early 1 s20, late 20 s50, chess 6",
            "C 7, A 2, C 1, B 20, A 3, D 3",
            id="TU-198 TU-199 sessions first, then the rest in the cart's order",
        ),
    ],
)
@pytest.mark.parametrize("wallet", ["own", "key code"])
def test_which_lots_pay_while_the_guard_is_on(
    policy: dict[str, Any], text: str, taken: str, wallet: str
) -> None:
    room = stocked(Policy(**{"session_guard": True, **policy}), LOTS, wallet)
    placed = room.do(order(text, None if wallet == "own" else code_id()), ANN)
    assert spent(placed) == taken


@rule("TU-198")
def test_a_cart_that_can_be_paid_is_paid_whatever_its_order() -> None:
    for text in ("early 5 s5, late 5 s20", "late 5 s20, early 5 s5"):
        room = stocked(GUARD, "A 5 d10, B 5 d30")
        room.do(order(text), ANN)
        assert room.available(member("ann")) == "0.00"


@rule("TU-200")
def test_key_code_lots_pay_before_own_lots_under_the_guard() -> None:
    room = stocked(GUARD, "A 5 d60, B 5 d9", "key code")
    room.issue(member("ann"), "C 9 d90")
    placed = room.do(order("late 7 s50, yoga 6", code_id()), ANN)
    assert spent(placed) == "A 5, C 2, B 5, C 1"


@pytest.mark.parametrize("scope", list(AllocationScope), ids=lambda scope: f"X-14 {scope}")
def test_plans_come_back_in_the_carts_order(scope: AllocationScope) -> None:
    lots = [(Lot.plain("a", expires=date(2026, 4, 1)), Units.of(10))]
    lots.append((Lot.plain("b", expires=date(2026, 4, 1)), Units.of(9)))
    until = end_of_day(date(2026, 3, 10))
    demands = [Demand(Units.of(n), until=until if n == 2 else None) for n in (1, 2, 3)]
    policy = Policy(session_guard=True, allocation_scope=scope)
    plans = allocated(Bucket.of(lots), demands, at=START, policy=policy)
    assert [plan.asked for plan in plans] == [Units.of(n) for n in (1, 2, 3)]
    assert [plan.taken[0][0].id for plan in plans] == (
        ["a", "a", "a"] if scope is AllocationScope.ORDER else ["b", "a", "a"]
    )


def test_an_empty_cart_has_no_plans() -> None:
    assert allocated(Bucket.of([]), [], at=START, policy=GUARD) == ()


def test_the_order_in_words() -> None:
    """X-02, X-16."""
    assert session_order(Policy()).words == (
        "last to expire (never-expiring last), then largest available"
    )
    first = session_order(Policy(undated_rank=UndatedRank.FIRST))
    assert first.words == "last to expire (never-expiring first), then largest available"
    fefo = Policy(session_order=SessionOrder.FEFO_ELIGIBLE, burn_order=FIFO)
    assert session_order(fefo) == FIFO


# A burn that asks for lots that last.


def bucket(text: str) -> Bucket:
    """``"a 5 d30, b 2"`` as a bucket."""
    lots = []
    for one in text.split(", "):
        name, amount, *ends = one.split()
        lot = Lot.plain(name, expires=day(int(ends[0][1:])) if ends else None)
        lots.append((lot, Units.of(amount)))
    return Bucket.of(lots)


@pytest.mark.parametrize(
    ("until", "taken"),
    [
        pytest.param(None, "a 1, b 1, c 1", id="no more than now"),
        pytest.param(day(-5), "a 1, b 1, c 1", id="the past asks for nothing"),
        pytest.param(day(10) - MOMENT, "a 1, b 1, c 1", id="to before its end"),
        pytest.param(day(10), "b 1, c 1", id="TU-158 its end is too soon"),
        pytest.param(day(20), "c 1", id="another's end"),
        pytest.param(day(4000), "c 1", id="never ends lasts for ever"),
    ],
)
def test_a_burn_takes_from_lots_that_last(until: datetime | None, taken: str) -> None:
    held = bucket("a 1 d10, b 1 d20, c 1")
    plan = held.burn(Units.of(3), at=START, until=until)
    assert ", ".join(f"{lot.id} {n // 100}" for lot, n in plan.taken) == taken
    assert plan.until == until
    left = {lot.id for _, lot, _ in plan.after.entries()}
    assert left == {"a", "b", "c"} - {lot.id for lot, _ in plan.taken}
    each = held.burn_each([Demand(Units.of(3), until=until)] * 2, at=START)
    again = held.burn_each(
        [Demand(Units.of(3), until=until)] * 2, at=START, scope=AllocationScope.ITEM
    )
    for plans in (each, again):
        assert plans[0].taken == plan.taken
        assert plans[1].taken == ()
        assert plans[1].until == until
        assert plans[1].after == plan.after


def test_a_plan_says_which_lots_end_too_soon() -> None:
    plan = bucket("a 1 d10, b 1 d20, c 1").burn(Units.of(1), at=START, until=day(10))
    reasons = [(reason.lot.id, reason.verdict, reason.because) for reason in plan.explanation]
    assert reasons == [
        ("a", Verdict.ENDS_TOO_SOON, "it is to last beyond 2026-03-12T09:00 UTC"),
        ("b", Verdict.TAKEN, "before c by expiry"),
        ("c", Verdict.NOT_NEEDED, "the amount was met before it"),
    ]
    expired = bucket("a 1 d10, c 1").burn(Units.of(1), at=day(10), until=day(30)).explanation
    assert [reason.verdict for reason in expired] == [Verdict.EXPIRED, Verdict.TAKEN]
    assert expired[1].because == "the last in order"


def test_lasting_under_an_order_that_mixes_ends() -> None:
    held = bucket("a 1 d10, b 1 d20, c 1 d5, d 1").ordered(FIFO)
    plan = held.burn(Units.of(9), at=START, until=day(10))
    assert [lot.id for lot, _ in plan.taken] == ["b", "d"]
    turned = held.burn(Units.of(9), at=START, until=day(10), order=session_order(Policy()))
    assert [lot.id for lot, _ in turned.taken] == ["b", "d"]
    assert turned.until == day(10)


def test_an_instant_to_last_until_is_one() -> None:
    held = bucket("a 1 d10")
    for until in ("2026-03-12", datetime(2026, 3, 12)):  # noqa: DTZ001
        with pytest.raises(InvalidInput):
            held.burn(Units.of(1), at=START, until=until)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput):
            held.burn_each([Demand(Units.of(1), Use(), until)] * 2, at=START)  # type: ignore[arg-type]


# What cannot be a policy.


REFUSED: list[tuple[type[InvalidInput], Any]] = [
    (InvalidType, lambda: Criteria(types={TrainingType.EVENT})),  # type: ignore[arg-type]
    (InvalidType, lambda: Criteria(types=frozenset({"event"}))),  # type: ignore[arg-type]
    (InvalidType, lambda: Criteria(providers=["acme"])),  # type: ignore[arg-type]
    (InvalidType, lambda: Criteria(subjects=["tax"])),  # type: ignore[arg-type]
    (InvalidInput, lambda: Criteria(providers=frozenset({" acme"}))),
    (
        LimitExceeded,
        lambda: Criteria(subjects=frozenset(map(str, range(MAX_PREFERENCES + 1)))),
    ),
    (
        InvalidValue,
        lambda: Policy(preferences=(OURS, Preferences("emea", Rate.of(1), "USD", OURS.criteria))),
    ),
    (InvalidType, lambda: Policy(criteria=None)),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(session_guard=1)),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(guard_boundary="same_day_ok")),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(session_order="latest_expiry")),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(session_scope="transaction")),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(undated_rank="last")),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(share_paid="full_price")),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(key_code_audience="anyone")),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(code_storage="digest")),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(per_user_cap=5)),  # type: ignore[arg-type]
    (InvalidType, lambda: Policy(max_codes_per_order=True)),
    (InvalidValue, lambda: Policy(max_codes_per_order=0)),
    (InvalidValue, lambda: Policy(max_codes_per_order=MAX_CODES + 1)),
]


@pytest.mark.parametrize(
    ("error", "make"),
    REFUSED,
)
def test_what_cannot_be_a_policy(error: type[InvalidInput], make: Any) -> None:
    with pytest.raises(error):
        make()


def test_the_defaults() -> None:
    """X-02, X-03, X-06, X-09, X-16, X-19, X-21, TU-112 to TU-114, TU-157."""
    policy = Policy()
    assert policy.criteria == Criteria()
    assert (policy.session_guard, policy.guard_boundary) == (False, GuardBoundary.SAME_DAY_OK)
    assert policy.session_order is SessionOrder.LATEST_EXPIRY
    assert policy.session_scope is SessionScope.TRANSACTION
    assert policy.undated_rank is UndatedRank.LAST
    assert policy.share_paid is SharePaid.FULL_PRICE
    assert policy.key_code_audience is KeyCodeAudience.ENFORCED
    assert (policy.key_code_purchase, policy.contact_may_edit) == (False, False)
    assert (policy.max_codes_per_order, policy.per_user_cap) == (1, None)
    assert policy.code_storage is CodeStorage.DIGEST
    assert Policy(max_codes_per_order=MAX_CODES).max_codes_per_order == 10


SAID = [
    "types is a set; give exactly a frozenset of TrainingType",
    "types is a frozenset; give exactly a frozenset of TrainingType",
    "providers is a list; give exactly frozenset",
    "subjects is a list; give exactly frozenset",
    "providers is ' acme'; give 1 to 128 printable ASCII characters without a space at either end",
    "subjects: 1001; the limit is 1000",
    "preferences is one twice; give one per unit and currency, with criteria in one of a unit's",
    "criteria is None; give exactly Criteria",
    "session_guard is 1; give exactly bool",
    "guard_boundary is 'same_day_ok'; give exactly GuardBoundary",
    "session_order is 'latest_expiry'; give exactly SessionOrder",
    "session_scope is 'transaction'; give exactly SessionScope",
    "undated_rank is 'last'; give exactly UndatedRank",
    "share_paid is 'full_price'; give exactly SharePaid",
    "key_code_audience is 'anyone'; give exactly KeyCodeAudience",
    "code_storage is 'digest'; give exactly CodeStorage",
    "per_user_cap is 5; give exactly Units",
    "max_codes_per_order is True; give exactly int",
    "max_codes_per_order is 0; give 1 to 10",
    "max_codes_per_order is 11; give 1 to 10",
]


def test_what_each_refusal_says() -> None:
    """Word for word: an error is all that somebody who wrote a slip gets to see."""
    for (error, make), text in zip(REFUSED, SAID, strict=True):
        with pytest.raises(error) as refusal:
            make()
        assert str(refusal.value) == text
