"""What a host needs to test its own use of the library: Hypothesis strategies for its values."""

from __future__ import annotations

from unitledger.testing.strategies import (
    amounts,
    credits,  # noqa: A004  the word of the house
    ids,
    instants,
    prices,
    rates,
    units,
)

__all__ = ["amounts", "credits", "ids", "instants", "prices", "rates", "units"]
