"""Two portals on two PostgreSQL servers, and one that moves from the one to the other."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine

from tests.stores.examples import example
from tests.stores.servers import database, second
from unitledger import Actor, Role, Units
from unitledger.accounts import member
from unitledger.errors import StoreUnavailable
from unitledger.ids import LotId
from unitledger.operations import Issue, Spend

ADMIN = Actor.acting("admin", Role.ADMIN)
ANN = member("ann")
Portals: Any = example("many_databases").Portals


def test_two_portals_live_on_two_servers_and_one_moves() -> None:
    north, south = database("north"), second("south")
    portals = Portals({"north": north, "south": south})
    for name, amount in (("north", 5), ("south", 7)):
        command = Issue(LotId("a"), ANN, Units.of(amount))
        portals.ledger(name).execute(command, by=ADMIN, request="issue")
    for name, left in (("north", 3), ("south", 5)):
        portals.ledger(name).execute(Spend(ANN, Units.of(2)), by=ADMIN, request="spend")
        assert portals.ledger(name).balance(ANN).available == Units.of(left)
    assert _versions(north, south)
    before = portals.ledger("south").journal()
    assert portals.move("south", north).ok
    assert portals.ledger("south").journal() == before
    again = portals.ledger("south").execute(Spend(ANN, Units.of(2)), by=ADMIN, request="spend")
    assert again.entry == before[-1].hash
    assert portals.ledger("south").balance(ANN).available == Units.of(5)
    assert portals.ledger("north").balance(ANN).available == Units.of(3)
    portals.close()


def _versions(*urls: str) -> bool:
    """Whether these are servers of their own: each has an identity."""
    found = set()
    for url in urls:
        engine = create_engine(url)
        with engine.connect() as connection:
            sql = "SELECT system_identifier FROM pg_control_system()"
            found.add(connection.exec_driver_sql(sql).scalar())
        engine.dispose()
    return len(found) == len(urls)


def test_a_server_that_is_gone_is_nothing_to_the_other() -> None:
    portals = Portals({"north": database("alone")})
    portals.ledger("north").execute(Issue(LotId("a"), ANN, Units.of(5)), by=ADMIN, request="issue")
    with pytest.raises(StoreUnavailable):
        portals.move("north", "postgresql://nobody@localhost:1/nothing")
    assert portals.ledger("north").balance(ANN).available == Units.of(5)
    portals.close()
