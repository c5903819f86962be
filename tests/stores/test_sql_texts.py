"""Texts that one engine keeps and another does not: every store says the same of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stores.engines import KINDS, opened
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.errors import InvalidInput, InvalidValue, UnitLedgerError
from unitledger.ids import LotId, WalletId
from unitledger.operations import Issue, Spend
from unitledger.ports import Store
from unitledger.stores.memory import MemoryStore
from unitledger.stores.sql import Addresses
from unitledger.time import FixedClock, parse_instant

ADMIN = Actor.acting("admin", Role.ADMIN)
START = parse_instant("2026-01-01T00:00:00Z")
ODD = {
    "a zero byte": "a\0b",
    "half a pair": "a\ud800",
    "too long": "x" * 129,
    "far too long": "x" * 70_000,
    "a line": "a\nb",
    "composed": "\u00e9",
    "decomposed": "e\u0301",
    "a space behind": "a ",
    "nothing": "",
    "an emoji": "😀",
    "as long as can be": "x" * 128,
    "case": "A",
    "wildcards": "a_%",
    "quotes": "a'\"\\",
    "SQL": "'; DROP TABLE unitledger_journal; --",
}


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with opened(request.param, tmp_path) as made:
        yield made


def said(ledger: Ledger, odd: str) -> Iterator[object]:
    """What a ledger makes of an odd text in every place that takes one."""
    ann = member("ann")
    calls: list[Any] = [
        lambda: ledger.execute(Issue(LotId(odd), ann, Units.of(5)), by=ADMIN, request="lot"),
        lambda: ledger.execute(Issue(LotId("l"), ann, Units.of(5)), by=ADMIN, request=odd),
        lambda: ledger.execute(Issue(LotId("w"), member(odd), Units.of(5)), by=ADMIN, request="w"),
        lambda: ledger.execute(Spend(WalletId(odd), Units.of(1)), by=ADMIN, request="raw"),
        lambda: ledger.execute(Spend(ann, Units.of(1)), by=ADMIN, request="why", reason=odd),
        lambda: ledger.execute(
            Spend(ann, Units.of(1)), by=Actor.acting(odd, Role.ADMIN), request="who"
        ),
        lambda: ledger.receipt(odd),
        lambda: ledger.balance(odd),
        lambda: Ledger(ledger.store, portal=odd, clock=ledger.clock).balance(ann),
    ]
    for call in calls:
        try:
            yield call()
        except UnitLedgerError as error:
            yield type(error), error.code, error.details


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_every_store_says_the_same_of_an_odd_text(store: Store, odd: str) -> None:
    """Accepted by all or refused by all with one error, and the journals are the same bytes."""
    ledger, model = (Ledger(one, clock=FixedClock(START)) for one in (store, MemoryStore()))
    for here, there in zip(said(ledger, odd), said(model, odd), strict=True):
        assert here == there
        assert not isinstance(here, tuple) or issubclass(here[0], UnitLedgerError)
    assert ledger.journal() == model.journal()
    assert ledger.audit().ok


@pytest.mark.parametrize("name", ["a zero byte", "half a pair", "too long", "a line"])
def test_an_id_that_not_every_engine_takes_is_refused_at_the_door(store: Store, name: str) -> None:
    odd, ledger = ODD[name], Ledger(store, clock=FixedClock(START))
    with pytest.raises(InvalidInput):
        ledger.execute(Issue(LotId("l"), member("ann"), Units.of(5)), by=ADMIN, request=odd)
    assert ledger.journal() == ()


@pytest.mark.parametrize("odd", ["a\0b@x", "a\ud800", "", "x" * 321, "a\nb", 7, None])
def test_an_address_that_not_every_engine_keeps_is_refused(store: Any, odd: Any) -> None:
    prefix = store.statements.tables.prefix
    with store.engine.begin() as connection:
        addresses = Addresses(connection, "main", prefix=prefix)
        with pytest.raises(InvalidValue, match="can be shown"):
            addresses.keep("ref", odd)
        for good in ("ann@example.org", "zoë@bücher.example", "x" * 320):
            addresses.keep("ref", good)
            assert addresses.find("ref") == good
