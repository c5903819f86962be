"""What of a bucket has not lapsed, found without a walk through what has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from unitledger.amounts import Units
from unitledger.buckets import Bucket
from unitledger.lots import Lot
from unitledger.orders import FEFO_LARGEST, LIFO, BurnOrder

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("gone", [0, 1, 31, 32, 33, 64, 99, 100])
@pytest.mark.parametrize("order", [FEFO_LARGEST, LIFO])
def test_lots_that_have_lapsed_in_front_are_left_out(gone: int, order: BurnOrder) -> None:
    days = [START + timedelta(days=number) for number in range(1, 101)]
    lots = [Lot.plain(f"l{number:03}", expires=day) for number, day in enumerate(days)]
    bucket = Bucket.of([(lot, Units.of(1)) for lot in lots], order=order)
    at = START + timedelta(days=gone)
    alive = [lot for lot in bucket.alive(at=at) if not lot.lapsed(at)]
    assert sorted(lot.id for lot in alive) == [lot.id for lot in lots[gone:]]
    if order is FEFO_LARGEST:
        assert list(bucket.alive(at=at)) == lots[gone:]
