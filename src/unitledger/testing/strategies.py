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

from unitledger.amounts import MAX_PARTS, Amount, Credits, Number, Rate, Units
from unitledger.ids import MAX_ID_LENGTH
from unitledger.time import MAX_YEAR, MIN_YEAR, instant

__all__ = ["amounts", "credits", "ids", "instants", "prices", "rates", "units"]

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
