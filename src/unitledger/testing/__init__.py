"""What a host needs to test its own use of the library: Hypothesis strategies for its values."""

from __future__ import annotations

from unitledger.testing.strategies import (
    amounts,
    buckets,
    credits,  # noqa: A004  the word of the house
    ids,
    instants,
    lots,
    orders,
    prices,
    rates,
    scopes,
    units,
)

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
