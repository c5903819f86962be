"""Which lots are used first, row by row, as the rules tell it.

Lots are written ``name amount end``: ``A 5 d30`` is lot A with 5 units that end with day 30 of the
year 2026, ``D 50 never`` one without an end. Behind the end may stand ``from=d5`` (usable from the
beginning of day 5), ``acquired=d2``, ``cycle=2``, ``priority=1``, ``cost=0.90EUR``,
``category=promotional`` and ``for=c1`` (that course alone). Everything happens on day 1 unless the
row says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from random import Random
from typing import Any

import pytest

from unitledger.accounts import keycode, member
from unitledger.amounts import Credits, Units
from unitledger.buckets import MAX_DEMANDS, AllocationScope, Bucket, Demand, Plan
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, NaiveInstant, WrongUnit
from unitledger.ids import LotId, WalletId
from unitledger.lots import Category, Cost, Lot, Scope, Use
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.time import Validity

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CODE = keycode("k")
FEFO = "expires, -available"


def begin(day: str) -> datetime:
    """The first instant of a day: ``d1`` is New Year's Day."""
    return NEW_YEAR + timedelta(days=int(day.removeprefix("d")) - 1)


def end(day: str) -> datetime | None:
    """The first instant after a day."""
    return None if day == "never" else begin(day) + timedelta(days=1)


def read_lot(row: str, home: WalletId) -> tuple[Lot, Units]:
    name, amount, until, *rest = row.split()
    more: dict[str, Any] = {"acquired": LONG_AGO}
    effective = LONG_AGO
    for key, _, value in (word.partition("=") for word in rest):
        if key == "from":
            effective = begin(value)
        elif key == "acquired":
            more["acquired"] = begin(value)
        elif key in ("cycle", "priority"):
            more[key] = int(value)
        elif key == "cost":
            more["cost"] = Cost(Fraction(value[:-3]), value[-3:])
        elif key == "category":
            more["category"] = Category(value)
        elif key == "for":
            more["scope"] = Scope(courses=frozenset({value}))
        else:
            raise AssertionError(row)
    lot = Lot(id=LotId(name), home=home, terms=Validity(effective, end(until)), **more)
    return lot, Units.of(amount)


def read_lots(text: str, home: WalletId = CODE) -> list[tuple[Lot, Units]]:
    return [read_lot(row, home) for row in text.split(",")] if text else []


def bucket(text: str, order: str = FEFO, home: WalletId = CODE) -> Bucket:
    return Bucket.of(read_lots(text, home), order=BurnOrder.parse(order))


def short(amount: Units) -> str:
    return amount.text.rstrip("0").rstrip(".")


def burned(*plans: Plan) -> str:
    """What plans take, as ``C 8, A 5``."""
    pieces = [piece for plan in plans for piece in plan.slices]
    return ", ".join(f"{piece.lot.id} {short(Units(parts=piece.parts))}" for piece in pieces)


SEED = "A 5 d30, B 20 d60, C 8 d30, D 50 never"


@pytest.mark.parametrize(
    ("held", "due", "expected"),
    [
        pytest.param(SEED, "20", "C 8, A 5, B 7", id="TU-190 twenty of the seed's lots"),
        pytest.param(SEED, "40", "C 8, A 5, B 20, D 7", id="TU-191 forty of them"),
        pytest.param(SEED, "83", "C 8, A 5, B 20, D 50", id="TU-191 all of them"),
        pytest.param("a 5 d32, b 5 d31", "6", "b 5, a 1", id="TU-190 first to expire"),
        pytest.param("a 9 d32, b 1 d31", "2", "b 1, a 1", id="TU-190 however small"),
        pytest.param("a 5 d31, b 9 d31", "6", "b 6", id="TU-192 then the largest"),
        pytest.param("a 0.01 d31, b 0.02 d31", "0.03", "b 0.02, a 0.01", id="TU-192 by hundredths"),
        pytest.param("a 5 never, b 9 never", "10", "b 9, a 1", id="TU-192 undated ones as well"),
        pytest.param(
            "a 5 d31 acquired=d3, b 5 d31 acquired=d2", "6", "b 5, a 1", id="TU-193 then acquired"
        ),
        pytest.param(
            "a 5 d31 acquired=d3 cycle=1, b 5 d31 acquired=d2 cycle=9",
            "6",
            "b 5, a 1",
            id="TU-193 acquired before cycle",
        ),
        pytest.param("a 5 d31 cycle=2, b 5 d31", "6", "b 5, a 1", id="TU-193 then cycle"),
        pytest.param(
            "a 5 d31 cycle=10, b 5 d31 cycle=9", "6", "b 5, a 1", id="TU-193 cycles as numbers"
        ),
        pytest.param("b 5 d31, a 5 d31", "6", "a 5, b 1", id="TU-193 then lot id"),
        pytest.param("a 5 d31, B 5 d31", "6", "B 5, a 1", id="TU-193 lot ids byte by byte"),
        pytest.param("l9 5 d31, l10 5 d31", "6", "l10 5, l9 1", id="TU-193 not as numbers"),
        pytest.param("a 5 d31, a0 5 d31", "6", "a 5, a0 1", id="TU-193 a prefix is smaller"),
        pytest.param("a 9 never, b 1 d999", "2", "b 1, a 1", id="TU-194 never is last"),
        pytest.param("a 5 never", "5", "a 5", id="TU-194 never alone"),
        pytest.param("a 5 d0, b 5 d2", "3", "b 3", id="TU-196 lapsed lots are passed over"),
        pytest.param(
            "a 5 d2 from=d2, b 5 d3", "3", "b 3", id="TU-196 lots of tomorrow are passed over"
        ),
        pytest.param("a 5 d2 for=c1, b 5 d3", "3", "b 3", id="TU-196 lots for something else too"),
        pytest.param(
            "a 1 d0, b 1 d2 from=d2, c 1 d3, d 1 d4 for=c1, e 1 d5, f 1 never",
            "3",
            "c 1, e 1, f 1",
            id="TU-196 all three at once",
        ),
        pytest.param("a 5 d0, b 5 d0", "1", "", id="TU-196 nothing usable"),
        pytest.param("a 5 d31", "0", "", id="TU-139 nothing asked, no lot touched"),
        pytest.param("", "1", "", id="I4 an empty wallet"),
    ],
)
@pytest.mark.parametrize("home", [CODE, member("u")], ids=["key code", "TU-195 own units"])
def test_burn_order(home: WalletId, held: str, due: str, expected: str) -> None:
    plan = bucket(held, home=home).burn(Units.of(due), at=NEW_YEAR)
    assert burned(plan) == expected


@pytest.mark.parametrize(
    ("held", "due", "unmet"),
    [
        pytest.param("a 5 d31, b 5 never", "10", "0", id="I4 exactly all"),
        pytest.param("a 5 d31, b 5 never", "10.01", "0.01", id="I4 one part too much"),
        pytest.param("a 5 d0, b 5 never", "6", "1", id="I4 a lapsed lot does not count"),
        pytest.param("a 5 d9 from=d2, b 5 never", "6", "1", id="I4 nor one of tomorrow"),
        pytest.param("a 5 d9 for=c1, b 5 never", "6", "1", id="I4 nor one for something else"),
        pytest.param("", "0", "0", id="I4 nothing of nothing"),
        pytest.param("", "7", "7", id="I4 something of nothing"),
    ],
)
def test_what_is_missing(held: str, due: str, unmet: str) -> None:
    plan = bucket(held).burn(Units.of(due), at=NEW_YEAR)
    assert plan.unmet == Units.of(unmet)
    assert plan.met == (plan.unmet == Units.of(0))


@pytest.mark.parametrize(
    ("held", "dues", "expected"),
    [
        pytest.param(
            "a 10 d31, b 9 d31", "2 3 9", "a 2 | b 3 | a 8, b 1", id="TU-192 what is left"
        ),
        pytest.param("a 3 d31, b 3 d31", "1 1 1 1", "a 1 | b 1 | a 1 | b 1", id="TU-192 in turns"),
        pytest.param(
            "a 9 d30, b 5 d31", "8 2", "a 8 | a 1, b 1", id="TU-190 a rest stays in front"
        ),
        pytest.param("a 9 d30, b 20 d31", "1 1", "a 1 | a 1", id="TU-192 only among its expiry"),
        pytest.param("a 5 never, b 9 never", "5 5", "b 5 | a 5", id="TU-194 undated in turns"),
        pytest.param(SEED, "20 40 30", "C 8, A 5, B 7 | B 13, D 27 | D 23", id="TU-191 one by one"),
    ],
)
def test_one_after_the_other(held: str, dues: str, expected: str) -> None:
    left, found = bucket(held), []
    for due in dues.split():
        plan = left.burn(Units.of(due), at=NEW_YEAR)
        found.append(burned(plan))
        left = plan.after
    assert " | ".join(found) == expected


@pytest.mark.parametrize(
    ("code", "own", "due", "expected", "unmet"),
    [
        pytest.param("a 5 d60", "z 9 d2", "5", "a 5", "0", id="TU-200 the code alone"),
        pytest.param("a 5 d60", "z 9 d2", "6", "a 5, z 1", "0", id="TU-200 the code first"),
        pytest.param(
            "a 5 d60, b 5 d30",
            "y 9 never, z 1 d2",
            "12",
            "b 5, a 5, z 1, y 1",
            "0",
            id="TU-200 each by its own order",
        ),
        pytest.param("a 5 d0", "z 9 d2", "6", "z 6", "0", id="TU-200 a lapsed code"),
        pytest.param("a 5 d60", "z 3 d2", "9", "a 5, z 3", "1", id="TU-200 both too short"),
    ],
)
def test_key_code_then_own_units(code: str, own: str, due: str, expected: str, unmet: str) -> None:
    first = bucket(code).burn(Units.of(due), at=NEW_YEAR)
    second = bucket(own, home=member("u")).burn(first.unmet, at=NEW_YEAR)
    assert burned(first, second) == expected
    assert second.unmet == Units.of(unmet)


@pytest.mark.parametrize(
    ("order", "held", "expected"),
    [
        pytest.param("FIFO", "a 1 d9 acquired=d3, b 1 d2 acquired=d2", "b a", id="FIFO"),
        pytest.param("FIFO", "a 1 d2 acquired=d3, b 1 never acquired=d2", "b a", id="FIFO undated"),
        pytest.param("LIFO", "a 1 d9 acquired=d2, b 1 d2 acquired=d3", "b a", id="LIFO"),
        pytest.param("LIFO", "b 1 d9, a 1 d2", "a b", id="LIFO ties still go up"),
        pytest.param(
            "HIFO",
            "a 1 d2 cost=0.8EUR, b 1 d9 cost=0.9EUR, c 1 d1",
            "b a c",
            id="HIFO unpriced last",
        ),
        pytest.param(
            "HIFO", "a 1 d9 cost=0.9EUR, b 1 d2 cost=0.90EUR", "b a", id="HIFO then expiry"
        ),
        pytest.param(
            "HIFO", "a 1 d1 cost=9USD, b 1 d1 cost=1EUR", "b a", id="HIFO currency by currency"
        ),
        pytest.param(
            "cost", "a 1 d1 cost=2EUR, b 1 d1, c 1 d1 cost=0.50EUR", "c a b", id="the cheapest"
        ),
        pytest.param("LATEST_EXPIRY", "a 1 d2, b 1 d9, c 1 d5", "b c a", id="TU-197 furthest"),
        pytest.param("LATEST_EXPIRY", "a 1 d9, b 2 d9", "b a", id="TU-197 then the largest"),
        pytest.param("LATEST_EXPIRY", "a 1 d2, n 1 never, b 1 d9", "b a n", id="X-16 undated last"),
        pytest.param(
            "-expires(undated last), -available",
            "n 9 never, a 1 d2",
            "a n",
            id="X-16 LAST, written",
        ),
        pytest.param(
            "-expires(undated first), -available",
            "a 1 d9, n 1 never",
            "n a",
            id="X-16 FIRST: the furthest of all",
        ),
        pytest.param("-expires", "a 1 d9, n 1 never", "n a", id="X-16 an endless date is furthest"),
        pytest.param("expires", "n 1 never, a 1 d9", "a n", id="TU-194 an endless date is last"),
        pytest.param("expires(undated first)", "a 1 d2, n 1 never", "n a", id="X-16 before all"),
        pytest.param("PRIORITY", "a 1 d2 priority=1, b 1 d9 priority=0", "b a", id="PRIORITY"),
        pytest.param("PRIORITY", "a 1 d2, b 1 d9 priority=-1", "b a", id="PRIORITY below zero"),
        pytest.param("PRIORITY", "a 1 d9, b 1 d2", "b a", id="PRIORITY then expiry"),
        pytest.param("-priority", "a 1 d2, b 1 d9 priority=1", "b a", id="the highest number"),
        pytest.param("available", "a 2 d2, b 1 d9", "b a", id="the smallest available"),
        pytest.param("effective", "a 1 d9 from=d1, b 1 d9", "b a", id="the first to be usable"),
        pytest.param("-cycle", "a 1 d2, b 1 d9 cycle=2", "b a", id="the last cycle"),
        pytest.param(
            "category(promotional, granted)",
            "a 1 d1, b 1 d1 category=promotional, c 1 d1 category=purchased",
            "b a c",
            id="by category, the unlisted last",
        ),
        pytest.param(
            "-category(promotional, granted)",
            "a 1 d1, b 1 d1 category=promotional, c 1 d1 category=purchased",
            "a b c",
            id="turned round, the unlisted still last",
        ),
    ],
)
def test_other_orders(order: str, held: str, expected: str) -> None:
    plan = bucket(held, order).burn(Units.of(99), at=NEW_YEAR)
    assert [piece.lot.id for piece in plan.slices] == expected.split()
    other = bucket(held, "-available").burn(Units.of(99), at=NEW_YEAR, order=BurnOrder.parse(order))
    assert other.slices == plan.slices


SIDES = {
    "anything": None,
    "nothing restricted": Scope(),
    "course": Scope(courses=frozenset({"c"})),
    "item": Scope(items=frozenset({"i"})),
    "course and item": Scope(courses=frozenset({"c"}), items=frozenset({"i"})),
    "all": Scope(frozenset({"c"}), frozenset({"i"}), frozenset({"g"})),
}
FULL_USE = Use("c", "i", frozenset({"g"}))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("all", "course and item", id="three sides before two"),
        pytest.param("course and item", "course", id="two before one"),
        pytest.param("item", "nothing restricted", id="one before none"),
        pytest.param("item", "anything", id="one before no scope"),
    ],
)
def test_restricted_lots_first_where_scope_ranks(first: str, second: str) -> None:
    one, other = (
        Lot(
            id=LotId(name),
            home=CODE,
            terms=Validity(LONG_AGO),
            acquired=LONG_AGO,
            scope=SIDES[side],
        )
        for name, side in (("z", first), ("a", second))
    )
    held = Bucket.of([(other, Units.of(1)), (one, Units.of(1))], order=BurnOrder.parse("scope"))
    plan = held.burn(Units.of(2), at=NEW_YEAR, use=FULL_USE)
    assert burned(plan) == "z 1, a 1"
    plan = held.burn(Units.of(2), at=NEW_YEAR, use=FULL_USE, order=BurnOrder.parse("-scope"))
    assert burned(plan) == "a 1, z 1"


@pytest.mark.parametrize(
    ("scope", "use", "admitted"),
    [
        pytest.param(None, Use(), True, id="TU-106 no scope serves anything"),
        pytest.param(Scope(), Use(), True, id="TU-106 an empty scope too"),
        pytest.param(Scope(courses=frozenset({"c"})), Use(), False, id="TU-156 no course named"),
        pytest.param(Scope(courses=frozenset({"c"})), Use("c"), True, id="TU-156 that course"),
        pytest.param(Scope(courses=frozenset({"c"})), Use("C"), False, id="TU-156 another course"),
        pytest.param(Scope(items=frozenset({"i"})), Use("i"), False, id="TU-156 not an item"),
        pytest.param(Scope(items=frozenset({"i"})), Use(item="i"), True, id="TU-156 that item"),
        pytest.param(
            Scope(courses=frozenset({"c"}), items=frozenset({"i"})),
            Use("c", "j"),
            False,
            id="TU-154 every kind must agree",
        ),
        pytest.param(
            Scope(courses=frozenset({"c", "d"})), Use("d"), True, id="TU-154 any inside a kind"
        ),
        pytest.param(
            Scope(audience=frozenset({"g"})),
            Use(groups=frozenset({"u", "g"})),
            True,
            id="TU-106 a member of the audience",
        ),
        pytest.param(
            Scope(audience=frozenset({"g"})),
            Use(groups=frozenset({"u"})),
            False,
            id="TU-103 nobody of the audience",
        ),
    ],
)
def test_scope(scope: Scope | None, use: Use, admitted: bool) -> None:
    lot = Lot(id=LotId("a"), home=CODE, terms=Validity(LONG_AGO), acquired=LONG_AGO, scope=scope)
    held = Bucket.of([(lot, Units.of(1))])
    assert held.burn(Units.of(1), at=NEW_YEAR, use=use).met is admitted
    assert held.available(at=NEW_YEAR, use=use) == Units.of(1 if admitted else 0)


TURN = datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shift", "usable"),
    [
        pytest.param(-1, True, id="P11 a microsecond before its end"),
        pytest.param(0, False, id="P11 at its end"),
        pytest.param(1, False, id="P11 a microsecond after its end"),
    ],
)
@pytest.mark.parametrize("order", [FEFO, "-expires", "FIFO"])
def test_the_end_does_not_belong_to_a_lot(shift: int, usable: bool, order: str) -> None:
    at = TURN + shift * MICROSECOND
    lot = Lot(id=LotId("a"), home=CODE, terms=Validity(LONG_AGO, TURN), acquired=LONG_AGO)
    later = Lot(id=LotId("b"), home=CODE, terms=Validity(LONG_AGO), acquired=begin("d9"))
    held = Bucket.of([(lot, Units.of(1)), (later, Units.of(1))], order=BurnOrder.parse(order))
    plan = held.burn(Units.of(2), at=at)
    assert {piece.lot.id for piece in plan.slices} == ({"a", "b"} if usable else {"b"})
    assert held.available(at=at) == Units.of(2 if usable else 1)
    assert lot.usable(at) is usable
    assert lot.lapsed(at) is not usable


@pytest.mark.parametrize(
    ("shift", "usable"),
    [
        pytest.param(-1, False, id="P11 a microsecond before its beginning"),
        pytest.param(0, True, id="P11 at its beginning"),
        pytest.param(1, True, id="P11 a microsecond after its beginning"),
    ],
)
@pytest.mark.parametrize("order", [FEFO, "-expires", "FIFO"])
def test_the_beginning_belongs_to_a_lot(shift: int, usable: bool, order: str) -> None:
    at = TURN + shift * MICROSECOND
    lot = Lot(id=LotId("a"), home=CODE, terms=Validity(TURN, begin("d300")), acquired=LONG_AGO)
    held = Bucket.of([(lot, Units.of(1))], order=BurnOrder.parse(order))
    assert held.burn(Units.of(1), at=at).met is usable
    assert held.available(at=at) == Units.of(1 if usable else 0)
    assert lot.usable(at) is usable
    assert not lot.lapsed(at)


def test_two_lots_a_microsecond_apart() -> None:
    """P11: the first of them to expire is used first, however little they differ."""
    first = Lot(id=LotId("z"), home=CODE, terms=Validity(LONG_AGO, TURN), acquired=LONG_AGO)
    later = Validity(LONG_AGO, TURN + MICROSECOND)
    second = Lot(id=LotId("a"), home=CODE, terms=later, acquired=LONG_AGO)
    held = Bucket.of([(second, Units.of(9)), (first, Units.of(1))])
    assert burned(held.burn(Units.of(2), at=NEW_YEAR)) == "z 1, a 1"
    assert burned(held.burn(Units.of(2), at=TURN)) == "a 2"


def in_turn(plans: Sequence[Plan]) -> str:
    return " | ".join(burned(plan) for plan in plans)


@pytest.mark.parametrize(
    ("held", "dues", "order_scope", "item_scope"),
    [
        pytest.param(
            "a 10 d30, b 9 d30",
            "2 3 9",
            "a 2 | a 3 | a 5, b 4",
            "a 2 | b 3 | a 8, b 1",
            id="X-14 ranked once, or again",
        ),
        pytest.param(
            "a 3 d30, b 3 d30",
            "1 1 1 1",
            "a 1 | a 1 | a 1 | b 1",
            "a 1 | b 1 | a 1 | b 1",
            id="X-14 fewer lots touched",
        ),
        pytest.param(
            SEED,
            "20 20",
            "C 8, A 5, B 7 | B 13, D 7",
            "C 8, A 5, B 7 | B 13, D 7",
            id="X-14 the same",
        ),
        pytest.param(
            "a 3 d30, b 2 d30", "4 4", "a 3, b 1 | b 1", "a 3, b 1 | b 1", id="X-14 too little"
        ),
        pytest.param(
            "a 5 d30, b 3 d30", "0 3 3", " | a 3 | a 2, b 1", " | a 3 | b 3", id="X-14 a free item"
        ),
    ],
)
def test_allocation_scope(held: str, dues: str, order_scope: str, item_scope: str) -> None:
    demands = [Demand(Units.of(due)) for due in dues.split()]
    start = bucket(held)
    once = start.burn_each(demands, at=NEW_YEAR)
    again = start.burn_each(demands, at=NEW_YEAR, scope=AllocationScope.ITEM)
    assert in_turn(once) == order_scope
    assert in_turn(again) == item_scope


def test_ranked_once_holds_for_one_order_only() -> None:
    """X-14: the next order ranks by what is left."""
    first = bucket("a 10 d30, b 9 d30").burn_each(
        [Demand(Units.of(1)), Demand(Units.of(2))], at=NEW_YEAR
    )
    assert in_turn(first) == "a 1 | a 2"
    assert burned(first[-1].after.burn(Units.of(1), at=NEW_YEAR)) == "b 1"
    assert burned(first[0].after.burn(Units.of(1), at=NEW_YEAR)) == "a 1"
    assert first[-1].after == bucket("a 7 d30, b 9 d30")
    assert first[0].after == bucket("a 9 d30, b 9 d30")


def test_items_with_uses_of_their_own() -> None:
    """X-14, TU-156: a lot for one course waits for the item that it may serve."""
    held = bucket("a 5 d9, x 3 d2 for=c1, y 3 d3 for=c2")
    demands = [
        Demand(Units.of(2), Use("c2")),
        Demand(Units.of(4), Use("c1")),
        Demand(Units.of(4), Use("c2")),
        Demand(Units.of(1), Use("c3")),
    ]
    plans = held.burn_each(demands, at=NEW_YEAR)
    assert in_turn(plans) == "y 2 | x 3, a 1 | y 1, a 3 | a 1"
    assert plans[-1].after == bucket("")
    assert in_turn(held.burn_each(demands, at=NEW_YEAR, scope=AllocationScope.ITEM)) == in_turn(
        plans
    )


@pytest.mark.parametrize("scope", AllocationScope)
def test_an_order_without_items(scope: AllocationScope) -> None:
    assert bucket("a 1 never").burn_each([], at=NEW_YEAR, scope=scope) == ()


def test_the_order_of_arrival_does_not_matter() -> None:
    """P10: every arrangement of six lots that tie burns the same."""
    held = read_lots("a 2 d2, B 2 d2, b 2 d2, c 3 d2, d 1 d3, e 1 never")
    for arranged in permutations(held):
        plan = Bucket.of(arranged).burn(Units.of(10), at=NEW_YEAR)
        assert burned(plan) == "c 3, B 2, a 2, b 2, d 1"


def test_a_wallet_of_a_thousand_lots_on_one_day() -> None:
    """TU-192 and TU-193 hold far down a long row as well."""
    held = read_lots(", ".join(f"l{i:03} {i % 7 + 1} d30" for i in range(1000)))
    expected = sorted(held, key=lambda pair: (-pair[1].parts, pair[0].id))
    Random(5).shuffle(held)
    plan = Bucket.of(held).burn(Units.total(amount for _, amount in held), at=NEW_YEAR)
    assert [(piece.lot, piece.amount) for piece in plan.slices] == expected
    assert plan.after == bucket("")


def test_a_plan_says_why() -> None:
    """Every lot of the bucket in burn order: what became of it, and by what."""
    held = bucket(
        "old 9 d0, big 8 d2, small 5 d2, later 5 d3, soon 9 d3 from=d2, other 9 d4 for=c1,n 9 never"
    )
    plan = held.burn(Units.of(15), at=NEW_YEAR)
    said = [(why.lot.id, str(why.verdict), why.because) for why in plan.explanation]
    assert said == [
        ("old", "expired", "ended 2026-01-01T00:00 UTC"),
        ("big", "taken", "before small by amount available"),
        ("small", "taken", "before later by expiry"),
        ("soon", "not yet active", "usable from 2026-01-02T00:00 UTC"),
        ("later", "taken", "before n by expiry"),
        ("other", "out of scope", "its scope does not admit this use"),
        ("n", "not needed", "the amount was met before it"),
    ]
    assert [(why.available, why.taken) for why in plan.explanation] == [
        (900, 0),
        (800, 800),
        (500, 500),
        (900, 0),
        (500, 200),
        (900, 0),
        (900, 0),
    ]


def test_a_plan_shows_what_claims_hold() -> None:
    (lot, _) = read_lot("h 3 d5", CODE)
    plan = bucket("a 1 d2").burn(Units.of(2), at=NEW_YEAR)
    *_, held = plan.explained([(lot, 300)])
    assert (held.lot, held.verdict, held.available, held.taken) == (lot, "held", 300, 0)
    assert held.because == "an open claim holds it"


def test_a_plan_shows_itself() -> None:
    plan = bucket("a 5 d2, b 1 never").burn(Units.of(7), at=NEW_YEAR)
    assert plan.table().text.splitlines() == [
        "7.00 units: first to expire, then largest available; 1.00 units missing",
        "  lot  in hand  taken  expires (UTC)     why",
        "  a       5.00   5.00  2026-01-03T00:00  taken: before b by expiry",
        "  b       1.00   1.00  never             taken: the last in order",
    ]
    assert ">taken: the last in order</td>" in plan._repr_html_()


def test_an_item_of_an_order_says_what_the_items_before_it_took() -> None:
    """X-14: ranked once, the explanation keeps the places and shows what was left."""
    plans = bucket("a 10 d30, b 9 d30").burn_each(
        [Demand(Units.of(4)), Demand(Units.of(7))], at=NEW_YEAR
    )
    said = [(why.lot.id, why.available, why.taken) for why in plans[1].explanation]
    assert said == [("a", 600, 600), ("b", 900, 100)]


NONE: Any = None
FIVE: Any = 5
TEXT: Any = "FIFO"
INTS: Any = int


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        pytest.param(lambda b: b.burn(Credits.of(1), at=NEW_YEAR), WrongUnit, id="I1 credits"),
        pytest.param(lambda b: b.burn(1, at=NEW_YEAR), WrongUnit, id="P14 an int"),
        pytest.param(lambda b: b.burn(1.5, at=NEW_YEAR), WrongUnit, id="P14 a float"),
        pytest.param(lambda b: b.burn(None, at=NEW_YEAR), WrongUnit, id="P14 None"),
        pytest.param(
            lambda b: b.burn(Units.of(1), at=datetime(2026, 1, 1)),  # noqa: DTZ001
            NaiveInstant,
            id="P14 a naive instant",
        ),
        pytest.param(
            lambda b: b.burn(Units.of(1), at=NEW_YEAR.date()), InvalidType, id="P14 a date"
        ),
        pytest.param(
            lambda b: b.burn(Units.of(1), at=NEW_YEAR, use="c1"),
            InvalidType,
            id="P14 a use of text",
        ),
        pytest.param(
            lambda b: b.burn(Units.of(1), at=NEW_YEAR, order="FIFO"),
            InvalidType,
            id="P14 an order of text",
        ),
        pytest.param(
            lambda b: b.burn_each([Demand(Credits.of(1))], at=NEW_YEAR), WrongUnit, id="I1 an item"
        ),
        pytest.param(
            lambda b: b.burn_each([Demand(Units.of(1), NONE)], at=NEW_YEAR),
            InvalidType,
            id="P14 an item's use",
        ),
        pytest.param(
            lambda b: b.burn_each([Demand(Units.of(0))] * (MAX_DEMANDS + 1), at=NEW_YEAR),
            LimitExceeded,
            id="I16 items",
        ),
        pytest.param(
            lambda b: b.burn_each([], at=NEW_YEAR, scope="order"),
            InvalidType,
            id="P14 a scope of text",
        ),
        pytest.param(lambda b: b.available(at=datetime(2026, 1, 1)), NaiveInstant, id="P14 asking"),  # noqa: DTZ001
        pytest.param(
            lambda _: Bucket.of([]).available(at=datetime(2026, 1, 1)),  # noqa: DTZ001
            NaiveInstant,
            id="P14 asking an empty one",
        ),
        pytest.param(
            lambda b: b.available(at=NEW_YEAR, use="c1"), InvalidType, id="P14 asking for a text"
        ),
        pytest.param(
            lambda _: Bucket.of([(Lot.plain("a", Credits), Credits.of(1))]),
            WrongUnit,
            id="I1 a lot",
        ),
        pytest.param(
            lambda _: Bucket.of([(Lot.plain("a"), Credits.of(1))]), WrongUnit, id="I1 an amount"
        ),
        pytest.param(lambda _: Bucket.of([(Lot.plain("a"), FIVE)]), WrongUnit, id="P14 an int"),
        pytest.param(lambda _: Bucket.of([(TEXT, Units.of(5))]), InvalidType, id="P14 a text held"),
        pytest.param(
            lambda _: Bucket.of([(Lot.plain("a"), Units.of(1)), (Lot.plain("a"), Units.of(2))]),
            InvalidValue,
            id="I2 a lot twice",
        ),
        pytest.param(lambda _: Bucket.of([], unit=INTS), InvalidType, id="P14 a unit of ints"),
        pytest.param(lambda _: Bucket.of([], order=TEXT), InvalidType, id="P14 order of text"),
        pytest.param(lambda b: b.ordered("FIFO"), InvalidType, id="P14 reordering by text"),
    ],
)
def test_a_bucket_refuses(refused: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        refused(bucket("a 1 d2"))


def test_no_burn_touches_more_than_ten_thousand_lots() -> None:
    """I16: one more is refused; ten thousand are fine."""
    held = [(Lot.plain(f"l{i}"), 1) for i in range(10_001)]
    all_of_them = Bucket.sorted(held, unit=Units, order=FEFO_LARGEST)
    assert len(all_of_them.burn(Units(parts=10_000), at=NEW_YEAR).taken) == 10_000
    with pytest.raises(LimitExceeded):
        all_of_them.burn(Units(parts=10_001), at=NEW_YEAR)
