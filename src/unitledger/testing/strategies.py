"""Hypothesis strategies for the library's values.

They lean on purpose towards the places where rules break: ties, the two ends of every span, one
part or one microsecond to either side, a price just above the second decimal. Everything they
draw is valid; what must be refused is for each test to write down.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from unitledger.accounts import course, keycode, manager, member, pool
from unitledger.amounts import MAX_PARTS, Amount, Credits, Number, Rate, Units
from unitledger.buckets import Bucket
from unitledger.ids import MAX_ID_LENGTH, LotId, WalletId
from unitledger.lots import Category, Cost, Lot, Scope
from unitledger.orders import (
    FEFO_LARGEST,
    FIFO,
    HIFO,
    LATEST_EXPIRY,
    LIFO,
    PRIORITY,
    BurnOrder,
    OrderKey,
    RankBy,
)
from unitledger.time import MAX_YEAR, MIN_YEAR, Validity, instant

__all__ = [
    "amounts",
    "buckets",
    "credits",
    "ids",
    "instants",
    "lots",
    "orders",
    "prices",
    "rates",
    "scopes",
    "units",
]

A = TypeVar("A", bound=Amount)

_EARLIEST = datetime(MIN_YEAR, 1, 1, tzinfo=UTC)
_LATEST = datetime(MAX_YEAR, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_TURNS = (
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 31, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2028, 2, 29, tzinfo=UTC),
)
"""Leap days, a year's and a month's end, and both changes of the clock in Europe."""


def amounts(kind: type[A], *, least: A | None = None, most: A | None = None) -> SearchStrategy[A]:
    """Amounts of one kind, often small enough to tie and often at an end of the span.

    Args:
        kind: `Credits` or `Units`.
        least: The smallest amount to draw; zero unless told.
        most: The largest amount to draw; 10¹⁵ parts unless told.
    """
    low = 0 if least is None else least.parts
    high = MAX_PARTS if most is None else most.parts
    parts = st.one_of(
        st.integers(low, min(high, low + 9)),
        st.integers(low, high),
        st.sampled_from((low, high)),
    )
    return parts.map(lambda drawn: kind(parts=drawn))


def units(*, least: Units | None = None, most: Units | None = None) -> SearchStrategy[Units]:
    """Training units, as `amounts`."""
    return amounts(Units, least=least, most=most)


def credits(  # noqa: A001  the word of the house
    *, least: Credits | None = None, most: Credits | None = None
) -> SearchStrategy[Credits]:
    """Credits, as `amounts`."""
    return amounts(Credits, least=least, most=most)


def prices() -> SearchStrategy[Number]:
    """Prices from zero to 10⁹ as int, text, Decimal and Fraction.

    Many are whole hundredths or miss one by very little, where rounding up shows.
    """
    hundredths = st.integers(0, 10**11)
    nudge = st.integers(1, 38).map(lambda places: Fraction(1, 10**places))
    return st.one_of(
        st.integers(0, 10**9),
        hundredths.map(lambda parts: f"{parts // 100}.{parts % 100:02}"),
        st.builds(_decimal, st.integers(0, 10**12), st.integers(0, 30)),
        st.builds(lambda parts, more: Fraction(parts, 100) + more, hundredths, nudge),
        st.fractions(0, 10**9, max_denominator=10**9),
    )


def rates() -> SearchStrategy[Rate]:
    """Money per unit, from a millionth to a million, with the awkward divisors among them."""
    return st.one_of(
        st.sampled_from(("1", "0.99", "3", "7", "0.01", "1/3")).map(Rate.of),
        st.fractions(Fraction(1, 10**6), 10**6, max_denominator=10**6).map(Rate),
    )


def instants(*, least: datetime = _EARLIEST, most: datetime = _LATEST) -> SearchStrategy[datetime]:
    """Instants in UTC, often at or a microsecond beside the turn of a month, a year or a clock.

    Args:
        least: The earliest to draw, in UTC.
        most: The latest to draw, in UTC.
    """
    beside = (-1, 0, 1)
    turns = [turn + timedelta(microseconds=shift) for turn in _TURNS for shift in beside]
    near = [turn for turn in turns if least <= turn <= most]
    free = st.datetimes(
        least.replace(tzinfo=None), most.replace(tzinfo=None), timezones=st.just(UTC)
    )
    return st.one_of(st.sampled_from((*near, least, most)), free).map(instant)


def ids() -> SearchStrategy[str]:
    """Ids, the shortest, the longest and the look-alikes (``a``, ``A``, ``a b``) among them."""
    edges = ("a", "A", "a b", "a  b", "a/b", "a.1", "0", "!", "~", "x" * MAX_ID_LENGTH)
    return st.one_of(
        st.sampled_from(edges), st.from_regex(r"[!-~](?:[ -~]{0,126}[!-~])?", fullmatch=True)
    )


def _decimal(digits: int, places: int) -> Decimal:
    return Decimal(f"{digits}E-{places}")


_ACQUIRED = (datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 2, tzinfo=UTC))
_EFFECTIVE = (datetime(2025, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
_EXPIRES = tuple(datetime(2026, 1, day, tzinfo=UTC) for day in (2, 3, 31))
_COSTS = (None, Cost.of("0.90", "EUR"), Cost.of("0.90", "USD"), Cost.of(1, "EUR"))
_HOMES = (pool(), course("c1"), manager("m", "c1"), member("u1"), keycode("k1"))
_PRESETS = (FEFO_LARGEST, FIFO, HIFO, LATEST_EXPIRY, LIFO, PRIORITY)


def scopes() -> SearchStrategy[Scope]:
    """Scopes that overlap; any side may be open.

    The courses are ``c1`` to ``c3``, the items ``i1`` and ``i2``, the groups ``g1`` and ``g2``.
    """
    return st.builds(
        Scope,
        courses=st.frozensets(st.sampled_from(("c1", "c2", "c3")), max_size=2),
        items=st.frozensets(st.sampled_from(("i1", "i2")), max_size=1),
        audience=st.frozensets(st.sampled_from(("g1", "g2")), max_size=1),
    )


def lots(*, home: WalletId | None = None) -> SearchStrategy[Lot]:
    """Lots that tie: few instants, cycles, ranks and prices, ids that differ in case or length.

    They begin in 2025 or on 1 January 2026 and end on the 2nd, 3rd or 31st of that month or never.

    Args:
        home: The wallet they were issued in; any of both units unless told.
    """
    short = st.text("aAbB01", min_size=1, max_size=3)
    names = st.one_of(short, short, short, ids())
    terms = st.builds(
        Validity, st.sampled_from(_EFFECTIVE), st.one_of(st.none(), st.sampled_from(_EXPIRES))
    )
    return st.builds(
        Lot,
        id=names.map(LotId),
        home=st.sampled_from(_HOMES) if home is None else st.just(home),
        terms=terms,
        acquired=st.sampled_from(_ACQUIRED),
        cycle=st.integers(1, 2),
        category=st.sampled_from(Category),
        priority=st.integers(-1, 1),
        scope=st.one_of(st.none(), st.none(), st.none(), scopes()),
        cost=st.sampled_from(_COSTS),
    )


def orders() -> SearchStrategy[BurnOrder]:
    """Burn orders: every preset, and lists of one to four different keys either way round."""
    listed = st.lists(st.sampled_from(RankBy), min_size=1, max_size=4, unique=True)
    free = listed.flatmap(lambda bys: st.tuples(*map(_keys, bys))).map(BurnOrder)
    return st.one_of(st.sampled_from(_PRESETS), free)


def _keys(by: RankBy) -> SearchStrategy[OrderKey]:
    ranks: SearchStrategy[tuple[Category, ...]] = st.just(())
    undated: SearchStrategy[str | None] = st.none()
    if by is RankBy.CATEGORY:
        ranks = st.lists(st.sampled_from(Category), min_size=1, unique=True).map(tuple)
    if by is RankBy.EXPIRES:
        undated = st.sampled_from((None, "first", "last"))
    return st.builds(OrderKey, st.just(by), st.booleans(), ranks, undated)


def buckets(
    *,
    order: BurnOrder | None = None,
    unit: type[Credits | Units] = Units,
    least: int = 0,
    most: int = 12,
) -> SearchStrategy[Bucket]:
    """Buckets of lots that tie, most of a few parts each.

    Args:
        order: The burn order; any unless told.
        unit: Credits or training units.
        least: How many lots at the least.
        most: How many lots at the most.
    """
    home = pool() if unit is Credits else member("u1")
    parts = st.one_of(st.integers(1, 9), st.integers(1, 99), st.integers(1, MAX_PARTS // 1000))
    held = st.tuples(lots(home=home), parts.map(lambda drawn: unit(parts=drawn)))
    return st.builds(
        lambda holdings, burned: Bucket.of(holdings, unit=unit, order=burned),
        st.lists(held, min_size=least, max_size=most, unique_by=lambda pair: pair[0].id),
        orders() if order is None else st.just(order),
    )
