"""How often a store waits for a server: each round trip costs more than all the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.stores.proxies import Proxy
from tests.stores.servers import database
from unitledger import Actor, Call, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.ids import LotId
from unitledger.operations import Issue, Spend
from unitledger.stores.sql import SqlStore

ADMIN = Actor.acting("admin", Role.ADMIN)
ANN = member("ann")
ONE = Units.of(1)


@pytest.fixture(scope="module")
def line() -> Iterator[tuple[Proxy, Ledger]]:
    """A ledger behind a proxy, with lots to spend, and statements prepared by use."""
    with TemporaryDirectory(prefix="ul") as folder, Proxy(database("trips"), Path(folder)) as proxy:
        store = SqlStore.open(proxy.url)
        ledger = Ledger(store)
        for lot in "abcde":
            ledger.execute(Issue(LotId(lot), ANN, Units.of(100)), by=ADMIN, request=f"issue {lot}")
        for number in range(8):
            ledger.execute(Spend(ANN, ONE), by=ADMIN, request=f"warm {number}")
        yield proxy, ledger
        store.engine.dispose()


def spend(request: str) -> Call:
    return Call(Spend(ANN, ONE), ADMIN, request)


def test_a_redemption_is_at_most_five_round_trips(line: tuple[Proxy, Ledger]) -> None:
    """The look-up; the locks, with the first lots; everything written, with the commit."""
    proxy, ledger = line
    before = proxy.trips
    ledger.execute(Spend(ANN, ONE), by=ADMIN, request="one")
    assert proxy.trips - before == 3


def test_a_retry_is_one_round_trip(line: tuple[Proxy, Ledger]) -> None:
    proxy, ledger = line
    first = ledger.execute(Spend(ANN, ONE), by=ADMIN, request="again")
    before = proxy.trips
    assert ledger.execute(Spend(ANN, ONE), by=ADMIN, request="again") == first
    assert proxy.trips - before == 1


def test_a_batch_is_hardly_more(line: tuple[Proxy, Ledger]) -> None:
    """A hundred redemptions are planned in a few round trips and carried out in a few more."""
    proxy, ledger = line
    before = proxy.trips
    ledger.execute_many(spend(f"batch {n}") for n in range(100))
    assert proxy.trips - before <= 12
    assert ledger.audit().ok


def test_a_larger_wallet_is_not_further_away(line: tuple[Proxy, Ledger]) -> None:
    proxy, ledger = line
    wallet = member("zoe")
    for lot in range(150):
        command = Issue(LotId(f"z{lot}"), wallet, Units.of(1))
        ledger.execute(command, by=ADMIN, request=f"issue z{lot}")
    before = proxy.trips
    ledger.execute(Spend(wallet, ONE), by=ADMIN, request="small")
    assert proxy.trips - before <= 5
    before = proxy.trips
    ledger.execute(Spend(wallet, Units.of(100)), by=ADMIN, request="large")
    assert proxy.trips - before <= 6
    assert ledger.audit().ok
