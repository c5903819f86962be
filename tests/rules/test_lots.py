"""Lots: what they are made of, and what is refused."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given

from unitledger.accounts import course, keycode, member, pool
from unitledger.amounts import Credits, Units
from unitledger.errors import (
    InvalidId,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NaiveInstant,
    NegativeAmount,
    NotFinite,
    UnitLedgerError,
)
from unitledger.ids import LotId
from unitledger.lots import MAX_SCOPE, Category, Cost, Lot, Scope, Use
from unitledger.testing import strategies as draw
from unitledger.time import Validity

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
LOT = Lot.plain("a")
ANY: Any = None
TEXT: Any = "2026-01-01"


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        pytest.param("id", "", InvalidId, id="I16 an empty id"),
        pytest.param("id", "x" * 129, InvalidId, id="I16 an id too long"),
        pytest.param("id", Text("a"), InvalidType, id="P14 an id of a subclass"),
        pytest.param("home", "bank", InvalidId, id="no such wallet"),
        pytest.param("home", None, InvalidType, id="no wallet"),
        pytest.param("terms", None, InvalidType, id="no terms"),
        pytest.param("terms", (NEW_YEAR, None), InvalidType, id="terms of a tuple"),
        pytest.param("acquired", datetime(2026, 1, 1), NaiveInstant, id="P14 acquired naively"),  # noqa: DTZ001
        pytest.param("acquired", date(2026, 1, 1), InvalidType, id="P14 acquired on a day"),
        pytest.param("since", datetime(2026, 1, 1), NaiveInstant, id="P14 edited naively"),  # noqa: DTZ001
        pytest.param("cycle", 0, InvalidValue, id="TU-028 cycles count from 1"),
        pytest.param("cycle", 10**9, InvalidValue, id="I16 a cycle beyond the limit"),
        pytest.param("cycle", True, InvalidType, id="P14 a cycle of yes"),
        pytest.param("cycle", 1.0, InvalidType, id="P14 a cycle of a float"),
        pytest.param("version", 0, InvalidValue, id="versions count from 1"),
        pytest.param("priority", 10**9, InvalidValue, id="I16 a priority beyond the limit"),
        pytest.param("priority", -(10**9), InvalidValue, id="I16 a priority below the limit"),
        pytest.param("priority", "1", InvalidType, id="P14 a priority of text"),
        pytest.param("category", "granted", InvalidType, id="P14 a category of text"),
        pytest.param("scope", frozenset({"c"}), InvalidType, id="a scope of a set"),
        pytest.param("cost", Decimal(1), InvalidType, id="a cost without a currency"),
    ],
)
def test_a_lot_refuses(field: str, value: Any, error: type[UnitLedgerError]) -> None:
    fields: dict[str, Any] = {
        "id": "a",
        "home": member("u"),
        "terms": Validity(NEW_YEAR),
        "acquired": NEW_YEAR,
    }
    with pytest.raises(error) as refusal:
        Lot(**{**fields, field: value})
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("made", "error"),
    [
        pytest.param(lambda: Cost(ANY, "EUR"), InvalidType, id="P14 no price"),
        pytest.param(lambda: Cost(Decimal(1), "EUR"), InvalidType, id="P14 an unread price"),  # type: ignore[arg-type]
        pytest.param(lambda: Cost(Fraction(-1), "EUR"), NegativeAmount, id="a price below zero"),
        pytest.param(
            lambda: Cost(Fraction(10**16), "EUR"), LimitExceeded, id="I16 a price too high"
        ),
        pytest.param(lambda: Cost.of("-0.01", "EUR"), NegativeAmount, id="read below zero"),
        pytest.param(lambda: Cost.of(Decimal("NaN"), "EUR"), NotFinite, id="P14 NaN"),
        pytest.param(lambda: Cost.of("1", ""), InvalidId, id="no currency"),
        pytest.param(lambda: Cost.of("1", ANY), InvalidType, id="P14 a currency of nothing"),
        pytest.param(lambda: Scope({"c"}), InvalidType, id="a set that can change"),  # type: ignore[arg-type]
        pytest.param(lambda: Scope(frozenset({" "})), InvalidId, id="a course that is no id"),
        pytest.param(lambda: Scope(items=frozenset({1})), InvalidType, id="an item of a number"),  # type: ignore[arg-type]
        pytest.param(
            lambda: Scope(audience=frozenset(map(str, range(MAX_SCOPE + 1)))),
            LimitExceeded,
            id="I16 an audience too large",
        ),
        pytest.param(lambda: Use(""), InvalidId, id="a use for no course"),
        pytest.param(lambda: Use(item=""), InvalidId, id="a use for no item"),
        pytest.param(lambda: Use(groups=["g"]), InvalidType, id="groups in a list"),  # type: ignore[arg-type]
        pytest.param(lambda: Lot.plain("a", ANY), InvalidType, id="a plain lot of nothing"),
        pytest.param(lambda: Lot.plain("a", expires=TEXT), InvalidType, id="an end of text"),
        pytest.param(
            lambda: Lot.plain("a", expires=datetime(2026, 1, 1)),  # noqa: DTZ001
            NaiveInstant,
            id="P14 a naive end",
        ),
        pytest.param(lambda: LOT.under(ANY, NEW_YEAR), InvalidType, id="edited to no terms"),
        pytest.param(
            lambda: LOT.under(LOT.terms, datetime(2026, 1, 1)),  # noqa: DTZ001
            NaiveInstant,
            id="P14 edited naively",
        ),
    ],
)
def test_its_parts_refuse(made: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        made()


@pytest.mark.parametrize(
    ("home", "unit"),
    [(pool(), Credits), (course("c"), Credits), (member("u"), Units), (keycode("k"), Units)],
    ids=str,
)
def test_the_home_says_the_unit(home: Any, unit: type) -> None:
    assert attrs.evolve(LOT, home=home).unit is unit


def test_a_day_as_an_end_is_usable_to_its_end() -> None:
    """TU-070."""
    lot = Lot.plain("a", expires=date(2026, 1, 31))
    last = datetime(2026, 2, 1, tzinfo=UTC) - timedelta(microseconds=1)
    assert lot.usable(last)
    assert not lot.usable(last + timedelta(microseconds=1))
    assert Lot.plain("a", Credits, expires=NEW_YEAR).terms.expires == NEW_YEAR


def test_an_edit_is_a_new_version_of_the_same_lot() -> None:
    """TU-067, TU-250: the id stays, and when it was edited is known."""
    terms = Validity(LOT.terms.effective, NEW_YEAR)
    edited = LOT.under(terms, NEW_YEAR)
    assert (edited.id, edited.terms, edited.version, edited.since) == (LOT.id, terms, 2, NEW_YEAR)
    assert attrs.evolve(edited, terms=LOT.terms, version=1, since=None) == LOT


def test_instants_are_kept_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    lot = attrs.evolve(LOT, acquired=datetime(2026, 1, 1, 2, tzinfo=east))
    assert lot.acquired.tzinfo is UTC
    assert lot.acquired == NEW_YEAR


def test_a_price_is_exact() -> None:
    """TU-219."""
    assert Cost.of("0.10", "EUR").per_unit == Fraction(1, 10)
    assert Cost.of(0, "EUR").per_unit == 0


@given(draw.lots())
def test_lots_are_values(lot: Lot) -> None:
    names: dict[str, Any] = {"Lot": Lot, "Validity": Validity, "Category": Category, "Scope": Scope}
    names |= {"Cost": Cost, "Fraction": Fraction, "datetime": dt}
    for twin in (
        copy.copy(lot),
        copy.deepcopy(lot),
        pickle.loads(pickle.dumps(lot)),
        eval(repr(lot), names),
    ):
        assert twin == lot
        assert hash(twin) == hash(lot)
    assert attrs.evolve(lot, id=LotId("another")) != lot
