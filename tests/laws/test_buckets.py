"""Laws of buckets and burns, against an oracle that sorts everything anew each time."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from importlib import import_module
from itertools import accumulate, product
from random import Random
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from unitledger.amounts import MAX_PARTS, Credits, Units
from unitledger.buckets import AllocationScope, Bucket, Demand, Plan, Verdict
from unitledger.errors import InvariantViolation, NegativeAmount
from unitledger.ids import LotId
from unitledger.lots import ANYTHING, Category, Cost, Lot, Scope, Use
from unitledger.orders import FEFO_LARGEST, FIFO, LATEST_EXPIRY, BurnOrder, OrderKey, RankBy
from unitledger.testing import strategies as draw
from unitledger.time import Validity
from unitledger.values import Value

Held: TypeAlias = dict[Lot, int]
Taken: TypeAlias = list[tuple[Lot, int]]

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = datetime(2026, 1, 2, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

INSTANTS = st.one_of(
    st.just(NEW_YEAR),
    st.sampled_from(
        [day + shift * MICROSECOND for day in (NEW_YEAR, SECOND) for shift in (-1, 0, 1)]
    ),
    draw.instants(least=datetime(2025, 6, 1, tzinfo=UTC), most=datetime(2026, 3, 1, tzinfo=UTC)),
)
USES = st.just(ANYTHING) | st.builds(
    Use,
    course=st.sampled_from((None, "c1", "c2")),
    item=st.sampled_from((None, "i1")),
    groups=st.sampled_from((frozenset(), frozenset({"g1"}), frozenset({"g1", "g2"}))),
)
SHARES = st.one_of(
    st.fractions(Fraction(1, 9), 1, max_denominator=9),
    st.fractions(Fraction(1, 9), 1, max_denominator=9),
    st.sampled_from((Fraction(0), Fraction(1), Fraction(5, 4))),
)
"""How much to ask for, as a share of what there is."""

# The oracle: lists and a sort, written from the rules and from nothing in the package.


def since_2000(at: datetime) -> int:
    return (at - datetime(2000, 1, 1, tzinfo=UTC)) // MICROSECOND


def undated_place(key: OrderKey) -> int:
    """-1 before all dated lots, 1 behind them."""
    if key.undated is not None:
        return -1 if key.undated == "first" else 1
    return -1 if key.descending else 1


def number(key: OrderKey, lot: Lot, parts: int) -> int | Fraction:
    match key.by:
        case RankBy.EXPIRES:
            assert lot.terms.expires is not None
            return since_2000(lot.terms.expires)
        case RankBy.EFFECTIVE:
            return since_2000(lot.terms.effective)
        case RankBy.ACQUIRED:
            return since_2000(lot.acquired)
        case RankBy.CYCLE:
            return lot.cycle
        case RankBy.PRIORITY:
            return lot.priority
        case RankBy.COST:
            assert lot.cost is not None
            return lot.cost.per_unit
        case RankBy.CATEGORY:
            return key.ranks.index(lot.category)
        case RankBy.SCOPE:
            scope = lot.scope or Scope()
            return [scope.courses, scope.items, scope.audience].count(frozenset())
        case RankBy.AVAILABLE:
            return parts


def place(key: OrderKey, lot: Lot, parts: int) -> tuple[int, str, int | Fraction]:
    """First whether the key can rank the lot at all, then the currency, then its number."""
    if key.by is RankBy.EXPIRES and lot.terms.expires is None:
        return undated_place(key), "", 0
    if key.by is RankBy.COST and lot.cost is None:
        return 1, "", 0
    if key.by is RankBy.CATEGORY and lot.category not in key.ranks:
        return 1, "", 0
    currency = lot.cost.currency if key.by is RankBy.COST and lot.cost else ""
    value = number(key, lot, parts)
    return 0, currency, -value if key.descending else value


def in_order(held: Held, order: BurnOrder) -> list[Lot]:
    def whole_rank(lot: Lot) -> tuple[Any, ...]:
        keys = [place(key, lot, held[lot]) for key in order.keys]
        return (*keys, since_2000(lot.acquired), lot.cycle, lot.id.encode())

    return sorted(held, key=whole_rank)


def serves(lot: Lot, at: datetime, use: Use) -> bool:
    if at < lot.terms.effective or (lot.terms.expires is not None and lot.terms.expires <= at):
        return False
    scope = lot.scope or Scope()
    return (
        (not scope.courses or use.course in scope.courses)
        and (not scope.items or use.item in scope.items)
        and (not scope.audience or bool(scope.audience & use.groups))
    )


def take(held: Held, queue: Iterable[Lot], need: int, at: datetime, use: Use) -> Taken:
    """Take from the lots of a queue, in place; what is empty disappears."""
    taken: Taken = []
    for lot in queue:
        parts = min(need, held.get(lot, 0)) if serves(lot, at, use) else 0
        if parts:
            taken.append((lot, parts))
            need -= parts
            held[lot] -= parts
            if not held[lot]:
                del held[lot]
    return taken


def naive(held: Held, order: BurnOrder, need: int, at: datetime, use: Use = ANYTHING) -> Taken:
    return take(held, in_order(held, order), need, at, use)


# What a bucket shows of itself.


def content(bucket: Bucket) -> Held:
    return {lot: parts for _, lot, parts in bucket.entries()}


def row(bucket: Bucket) -> Taken:
    return [(lot, parts) for _, lot, parts in bucket.entries()]


def rebuilt(held: Held, bucket: Bucket) -> Bucket:
    pairs = [(lot, bucket.unit(parts=parts)) for lot, parts in held.items()]
    return Bucket.of(pairs, unit=bucket.unit, order=bucket.order)


def share(held: Held, part: Fraction) -> int:
    return min(int(sum(held.values()) * part), MAX_PARTS)


def is_sound(bucket: Bucket) -> None:
    """A bucket made step by step is in every way the one made at once."""
    anew = rebuilt(content(bucket), bucket)
    assert row(bucket) == row(anew)
    assert bucket == anew
    assert hash(bucket) == hash(anew)
    assert len(bucket) == len(content(bucket))


@given(draw.buckets(least=2), SHARES, INSTANTS, USES)
def test_a_burn_is_what_sorting_every_time_gives(
    bucket: Bucket, part: Fraction, at: datetime, use: Use
) -> None:
    held = content(bucket)
    need = share(held, part)
    plan = bucket.burn(Units(parts=need), at=at, use=use)
    taken = naive(held, bucket.order, need, at, use)
    event(f"lots touched: {min(len(taken), 3)}")
    event("met" if plan.met else "missing")
    assert list(plan.taken) == taken
    assert plan.unmet.parts == need - sum(parts for _, parts in taken)
    assert content(plan.after) == held
    is_sound(plan.after)


@given(draw.buckets(least=2), draw.orders(), SHARES, INSTANTS)
def test_another_order_burns_as_if_it_had_been_the_first(
    bucket: Bucket, order: BurnOrder, part: Fraction, at: datetime
) -> None:
    held = content(bucket)
    need = share(held, part)
    plan = bucket.burn(Units(parts=need), at=at, order=order)
    assert list(plan.taken) == naive(held, order, need, at)
    assert plan.after.order == order
    assert content(plan.after) == held
    is_sound(plan.after)


@given(
    draw.buckets(least=2),
    st.lists(st.tuples(st.fractions(0, 1, max_denominator=9), INSTANTS, USES), max_size=8),
)
def test_burns_one_after_the_other(
    bucket: Bucket, burns: list[tuple[Fraction, datetime, Use]]
) -> None:
    held = content(bucket)
    for part, at, use in burns:
        need = share(held, part)
        plan = bucket.burn(Units(parts=need), at=at, use=use)
        assert list(plan.taken) == naive(held, bucket.order, need, at, use)
        bucket = plan.after
    assert content(bucket) == held
    is_sound(bucket)


@given(draw.buckets(least=2), SHARES, INSTANTS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    bucket: Bucket, part: Fraction, at: datetime, random: Random
) -> None:
    """P10."""
    pairs = [(lot, Units(parts=parts)) for lot, parts in row(bucket)]
    random.shuffle(pairs)
    other = Bucket.of(pairs, order=bucket.order)
    assert other == bucket
    need = Units(parts=share(content(bucket), part))
    assert other.burn(need, at=at) == bucket.burn(need, at=at)


@given(draw.buckets(least=2), SHARES, INSTANTS, USES)
def test_all_but_one_lot_is_taken_whole(
    bucket: Bucket, part: Fraction, at: datetime, use: Use
) -> None:
    """I4: the last of the lots taken may be taken in part, every other one is used up."""
    held = content(bucket)
    plan = bucket.burn(Units(parts=share(held, part)), at=at, use=use)
    for lot, parts in plan.taken[:-1]:
        assert parts == held[lot]
    assert all(0 < parts <= held[lot] for lot, parts in plan.taken)
    assert plan.met or not plan.after.available(at=at, use=use)
    there = bucket.available(at=at, use=use).parts
    assert there == sum(parts for lot, parts in held.items() if serves(lot, at, use))
    assert plan.met == (plan.asked.parts <= there)


def ends_differ(bucket: Bucket) -> bool:
    ends = [lot.terms.expires for lot, _ in row(bucket)]
    return len(set(ends)) == len(ends)


def dated(bucket: Bucket) -> Bucket:
    """The same parts, every lot with an expiry of its own."""
    pairs = []
    for day, (lot, parts) in enumerate(row(bucket), start=3):
        terms = Validity(lot.terms.effective, NEW_YEAR + timedelta(days=day))
        pairs.append((lot.under(terms, NEW_YEAR), Units(parts=parts)))
    return Bucket.of(pairs, order=bucket.order)


def by_expiry(taken: Iterable[tuple[Lot, int]]) -> dict[datetime | None, int]:
    sums: dict[datetime | None, int] = {}
    for lot, parts in taken:
        sums[lot.terms.expires] = sums.get(lot.terms.expires, 0) + parts
    return sums


@given(draw.buckets(order=FEFO_LARGEST, least=2), SHARES, SHARES, INSTANTS, st.booleans())
def test_splitting_a_burn(
    bucket: Bucket, one: Fraction, two: Fraction, at: datetime, distinct: bool
) -> None:
    """I4: lot for lot when no two share an expiry, else expiry for expiry."""
    bucket = dated(bucket) if distinct else bucket
    first, second = share(content(bucket), one), share(content(bucket), two)
    assume(first + second <= MAX_PARTS)
    whole = bucket.burn(Units(parts=first + second), at=at)
    start = bucket.burn(Units(parts=first), at=at)
    rest = start.after.burn(Units(parts=second), at=at)
    apart = (*start.taken, *rest.taken)
    assert by_expiry(apart) == by_expiry(whole.taken)
    if ends_differ(bucket):
        event("every lot its own expiry")
        both: Held = {}
        for lot, parts in apart:
            both[lot] = both.get(lot, 0) + parts
        assert both == dict(whole.taken)
        assert rest.after == whole.after


def test_splitting_a_burn_within_one_expiry_may_use_other_lots() -> None:
    """The exception to the law above is real: what is left of the largest is ranked again."""
    lots = [Lot.plain(name, expires=SECOND) for name in "ab"]
    bucket = Bucket.of(zip(lots, (Units.of(10), Units.of(9)), strict=True))
    whole = bucket.burn(Units.of(4), at=NEW_YEAR)
    start = bucket.burn(Units.of(2), at=NEW_YEAR)
    rest = start.after.burn(Units.of(2), at=NEW_YEAR)
    assert [lot.id for lot, _ in whole.taken] == ["a"]
    assert [lot.id for lot, _ in (*start.taken, *rest.taken)] == ["a", "b"]


DEMANDS = st.lists(st.tuples(st.fractions(0, Fraction(3, 5), max_denominator=9), USES), max_size=6)


@given(draw.buckets(least=2), DEMANDS, INSTANTS)
def test_ranked_after_every_item(
    bucket: Bucket, parts: list[tuple[Fraction, Use]], at: datetime
) -> None:
    """X-14, ITEM: an order is its items, one after the other."""
    held = content(bucket)
    demands = [Demand(Units(parts=share(held, part)), use) for part, use in parts]
    plans = bucket.burn_each(demands, at=at, scope=AllocationScope.ITEM)
    for plan, demand in zip(plans, demands, strict=True):
        assert plan == bucket.burn(demand.amount, at=at, use=demand.use)
        assert list(plan.taken) == naive(held, bucket.order, demand.amount.parts, at, demand.use)
        bucket = plan.after


@given(draw.buckets(least=2), DEMANDS, INSTANTS)
def test_ranked_once_for_the_whole_order(
    bucket: Bucket, parts: list[tuple[Fraction, Use]], at: datetime
) -> None:
    """X-14, ORDER: the queue of the beginning serves every item; what is left is a fresh bucket."""
    held = content(bucket)
    demands = [Demand(Units(parts=share(held, part)), use) for part, use in parts]
    queue = in_order(held, bucket.order)
    plans = bucket.burn_each(demands, at=at)
    for plan, demand in zip(plans, demands, strict=True):
        before = dict(held)
        taken = take(held, queue, demand.amount.parts, at, demand.use)
        assert list(plan.taken) == taken
        assert content(plan.after) == held
        is_sound(plan.after)
        said = {why.lot: why.available for why in plan.explanation}
        assert said == before
    touched = {lot for plan in plans for lot, _ in plan.taken}
    event(f"lots touched by an order: {min(len(touched), 3)}")


@given(draw.buckets(least=2), DEMANDS, INSTANTS)
def test_ranking_once_takes_as_much(
    bucket: Bucket, parts: list[tuple[Fraction, Use]], at: datetime
) -> None:
    """For items that name nothing, both scopes meet the same items in full."""
    demands = [Demand(Units(parts=share(content(bucket), part))) for part, _ in parts]
    once = bucket.burn_each(demands, at=at)
    again = bucket.burn_each(demands, at=at, scope=AllocationScope.ITEM)
    assert [plan.unmet for plan in once] == [plan.unmet for plan in again]


# Putting back.


@st.composite
def changes(draw_: st.DrawFn) -> tuple[Bucket, list[tuple[Lot, int]]]:
    """A bucket and lots with the parts they are to get, some of them new to it."""
    bucket = draw_(draw.buckets())
    home = Lot.plain("x").home
    others = draw_(st.lists(draw.lots(home=home), max_size=4, unique_by=lambda lot: lot.id))
    lots = [lot for lot, _ in row(bucket)]
    known = {lot.id for lot in lots}
    lots += [lot for lot in others if lot.id not in known]
    assume(lots)
    parts = st.one_of(st.just(0), st.integers(1, 9), st.integers(1, 10**6))
    return bucket, draw_(st.lists(st.tuples(st.sampled_from(lots), parts), max_size=12))


@given(changes())
def test_putting_is_rebuilding(drawn: tuple[Bucket, list[tuple[Lot, int]]]) -> None:
    bucket, puts = drawn
    held = content(bucket)
    for lot, parts in puts:
        bucket = bucket.put(lot, held.get(lot, 0), parts)
        held[lot] = parts
        if not parts:
            del held[lot]
        assert content(bucket) == held
        is_sound(bucket)


@given(draw.buckets(least=2), SHARES, INSTANTS)
def test_putting_back_what_was_taken_is_the_identity(
    bucket: Bucket, part: Fraction, at: datetime
) -> None:
    held = content(bucket)
    plan = bucket.burn(Units(parts=share(held, part)), at=at)
    back = plan.after
    for lot, parts in reversed(plan.taken):
        back = back.put(lot, held[lot] - parts, held[lot])
    assert back == bucket
    is_sound(back)


@pytest.mark.parametrize("wrong", [4, 6])
def test_putting_over_other_parts_than_there_are_is_refused(wrong: int) -> None:
    lot, other = Lot.plain("a"), Lot.plain("b")
    for order in (FEFO_LARGEST, FIFO):
        bucket = Bucket.of([(lot, Units(parts=5))], order=order)
        with pytest.raises(InvariantViolation):
            bucket.put(lot, wrong, 1)
        with pytest.raises(InvariantViolation):
            bucket.put(other, 5, 1)
        with pytest.raises(InvariantViolation):
            Bucket.of([], order=order).put(lot, 5, 1)
        for old, new in ((5, -1), (-5, 1)):
            with pytest.raises(NegativeAmount):
                bucket.put(lot, old, new)


# Long rows: more lots than one run holds, which random small buckets never have.


def long_bucket(order: BurnOrder, ends: int) -> Bucket:
    random = Random(ends)
    pairs = []
    for number_ in range(250):
        end = SECOND + timedelta(days=random.randrange(ends)) if ends else None
        begin = NEW_YEAR if random.random() < 0.1 else NEW_YEAR - timedelta(days=9)
        lot = Lot(
            id=LotId(f"l{number_}"),
            home=Lot.plain("x").home,
            terms=Validity(begin, end),
            acquired=NEW_YEAR - timedelta(days=random.randrange(20)),
            priority=random.randrange(3),
        )
        pairs.append((lot, Units(parts=random.randint(1, 20))))
    return Bucket.of(pairs, order=order)


@pytest.mark.parametrize("ends", [0, 1, 3, 400])
@pytest.mark.parametrize(
    "order", [FEFO_LARGEST, FIFO, LATEST_EXPIRY, BurnOrder.parse("available, expires")], ids=str
)
def test_a_long_row_burnt_put_and_burnt_again(order: BurnOrder, ends: int) -> None:
    bucket = long_bucket(order, ends)
    held, random = content(bucket), Random(7)
    lots = list(held)
    for turn in range(90):
        at = NEW_YEAR + timedelta(hours=random.choice((-1, 0, 1)) + 24 * (turn // 20))
        need = random.choice((0, 1, 2, 5, 40, 400))
        plan = bucket.burn(Units(parts=need), at=at)
        assert list(plan.taken) == naive(held, order, need, at)
        bucket = plan.after
        for lot in random.sample(lots, 3):
            parts = random.choice((0, 1, 7, 30))
            bucket = bucket.put(lot, held.pop(lot, 0), parts)
            if parts:
                held[lot] = parts
        assert row(bucket) == [(lot, held[lot]) for lot in in_order(held, order)]
    is_sound(bucket)


def test_a_long_row_emptied_and_filled() -> None:
    bucket = long_bucket(FEFO_LARGEST, 3)
    pairs = row(bucket)
    Random(1).shuffle(pairs)
    empty = bucket
    for lot, parts in pairs:
        empty = empty.put(lot, parts, 0)
    assert row(empty) == []
    assert len(empty) == 0
    for lot, parts in pairs:
        empty = empty.put(lot, 0, parts)
    assert empty == bucket


@pytest.mark.parametrize("step", [-1, 0, 1], ids=["ever sooner", "together", "ever later"])
def test_a_long_life_leaves_no_crumbs(step: int) -> None:
    """However lots come and are burnt, the row stays in few pieces, so a burn stays cheap."""
    bucket, random = long_bucket(FEFO_LARGEST, 3), Random(step)
    for turn in range(1500):
        end = SECOND + timedelta(seconds=step * turn)
        bucket = bucket.put(Lot.plain(f"n{turn}", expires=end), 0, random.randint(2, 40))
        bucket = bucket.burn(Units(parts=random.randint(1, 9)), at=NEW_YEAR).after
    assert len(bucket) > 500
    assert len(bucket._runs) <= len(bucket) // 16 + 4
    assert max(map(len, bucket._runs)) <= 128
    is_sound(bucket)


# Least waste.


Ways: TypeAlias = tuple[tuple[int, ...], ...]
"""For each spend, how much of each lot it uses."""


def serves_all(lots: list[tuple[int, int]], spends: list[tuple[int, int]], ways: Ways) -> bool:
    """Whether the ways meet every spend out of lots that are alive and hold enough."""
    for (need, day), way in zip(spends, ways, strict=True):
        alive = all(ends > day for used, (_, ends) in zip(way, lots, strict=True) if used)
        if sum(way) != need or not alive:
            return False
    return all(sum(way[n] for way in ways) <= parts for n, (parts, _) in enumerate(lots))


def live(lots: list[tuple[int, int]], ways: Ways, day: int) -> int:
    """What is left and alive on a day."""
    left = [parts - sum(way[n] for way in ways) for n, (parts, _) in enumerate(lots)]
    return sum(parts for parts, (_, ends) in zip(left, lots, strict=True) if ends > day)


FEW_LOTS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=3)
FEW_SPENDS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1)), min_size=1, max_size=2)


@given(FEW_LOTS, FEW_SPENDS)
def test_first_to_expire_wastes_least(
    lots: list[tuple[int, int]], steps: list[tuple[int, int]]
) -> None:
    """I4: no other way to serve the same spends leaves more alive at any later instant."""
    days = accumulate(step for _, step in steps)
    spends = [(need, day) for (need, _), day in zip(steps, days, strict=True)]
    bucket = Bucket.of(
        (Lot.plain(f"l{n}", expires=NEW_YEAR + timedelta(days=ends)), Units(parts=parts))
        for n, (parts, ends) in enumerate(lots)
    )
    for need, day in spends:
        plan = bucket.burn(Units(parts=need), at=NEW_YEAR + timedelta(days=day))
        assume(plan.met)
        bucket = plan.after
    every_way = product(product(range(4), repeat=len(lots)), repeat=len(spends))
    others = [ways for ways in every_way if serves_all(lots, spends, ways)]
    event(f"other ways: {min(len(others), 3)}")
    for day in range(spends[-1][1], 6):
        ours = bucket.available(at=NEW_YEAR + timedelta(days=day)).parts
        assert ours == max(live(lots, ways, day) for ways in others)


# Values.


@given(draw.buckets(least=2), SHARES, INSTANTS)
def test_buckets_and_plans_are_values(bucket: Bucket, part: Fraction, at: datetime) -> None:
    plan = bucket.burn(Units(parts=share(content(bucket), part)), at=at)
    for value in (bucket, plan, *plan.slices, *plan.explanation):
        assert copy.copy(value) == value
        assert copy.deepcopy(value) == value
        twin = pickle.loads(pickle.dumps(value))
        assert twin == value
        assert hash(twin) == hash(value)
        assert type(twin) is type(value)


def pasted(value: Value) -> Any:
    """What the repr makes when it is typed in again."""
    names: dict[str, Any] = {"Fraction": Fraction}
    for module in ("amounts", "buckets", "lots", "orders", "time"):
        names.update(vars(import_module(f"unitledger.{module}")))
    return eval(repr(value), names | {"datetime": import_module("datetime")})


@given(draw.buckets(least=1, most=3), SHARES, INSTANTS, USES)
def test_reprs_can_be_pasted_back(bucket: Bucket, part: Fraction, at: datetime, use: Use) -> None:
    plan = bucket.burn(Units(parts=share(content(bucket), part)), at=at, use=use)
    for value in (bucket, plan, *plan.slices, *plan.explanation):
        assert pasted(value) == value


@given(draw.buckets(unit=Credits, most=4))
def test_a_bucket_of_credits_is_no_bucket_of_units(bucket: Bucket) -> None:
    assert all(lot.unit is Credits for lot, _ in row(bucket))
    assert bucket != Bucket.of([], order=bucket.order)
    assert bucket.burn(Credits.of(1), at=NEW_YEAR).asked == Credits.of(1)


@given(draw.buckets(least=2), SHARES, INSTANTS, USES)
def test_every_lot_is_explained(bucket: Bucket, part: Fraction, at: datetime, use: Use) -> None:
    held = content(bucket)
    plan = bucket.burn(Units(parts=share(held, part)), at=at, use=use)
    assert [(why.lot, why.available) for why in plan.explanation] == row(bucket)
    assert {why.lot: why.taken for why in plan.explanation if why.taken} == dict(plan.taken)
    for why in plan.explanation:
        event(f"verdict: {why.verdict}")
        usable = serves(why.lot, at, use)
        assert usable == (why.verdict in (Verdict.TAKEN, Verdict.NOT_NEEDED))
        assert (why.verdict is Verdict.TAKEN) == bool(why.taken)
        assert why.because
    assert len(plan.table().rows) == len(bucket)


def test_the_oracle_can_tell_orders_apart() -> None:
    """A control of the oracle itself, by hand."""
    cheap, dear = (Cost.of(price, "EUR") for price in (1, 2))
    a, b = (
        Lot(
            id=LotId(name),
            home=Lot.plain("x").home,
            terms=Validity(NEW_YEAR, end),
            acquired=acquired,
            category=category,
            cost=cost,
        )
        for name, end, acquired, category, cost in (
            ("a", None, NEW_YEAR, Category.GRANTED, cheap),
            ("b", SECOND, SECOND, Category.PURCHASED, dear),
        )
    )
    held = {a: 2, b: 1}
    found = {
        text: "".join(lot.id for lot in in_order(held, BurnOrder.parse(text)))
        for text in ("expires", "-expires", "acquired", "-acquired", "cost", "-cost", "available")
    }
    assert found == {
        "expires": "ba",
        "-expires": "ab",
        "acquired": "ab",
        "-acquired": "ba",
        "cost": "ab",
        "-cost": "ba",
        "available": "ba",
    }


def test_a_plan_changes_nothing() -> None:
    bucket = Bucket.of([(Lot.plain("a"), Units.of(3))])
    before = row(bucket)
    plan: Plan = bucket.burn(Units.of(2), at=NEW_YEAR)
    assert row(bucket) == before
    assert plan.bucket is bucket
