"""Burn orders as text: what can be said, and what is refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given

from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, UnitLedgerError
from unitledger.lots import Category
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
from unitledger.testing import strategies as draw


@pytest.mark.parametrize(
    ("name", "preset", "text"),
    [
        pytest.param("FEFO_LARGEST", FEFO_LARGEST, "expires, -available", id="TU-190 to TU-194"),
        pytest.param("FIFO", FIFO, "acquired", id="FIFO"),
        pytest.param("LIFO", LIFO, "-acquired", id="LIFO"),
        pytest.param("HIFO", HIFO, "-cost, expires", id="HIFO"),
        pytest.param(
            "LATEST_EXPIRY",
            LATEST_EXPIRY,
            "-expires(undated last), -available",
            id="TU-197 LATEST_EXPIRY",
        ),
        pytest.param("PRIORITY", PRIORITY, "priority, expires", id="PRIORITY"),
    ],
)
def test_a_preset_has_a_name_and_says_its_keys(name: str, preset: BurnOrder, text: str) -> None:
    assert BurnOrder.parse(name) is preset
    assert BurnOrder.parse(text) == preset
    assert str(preset) == text


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param("expires", (OrderKey(RankBy.EXPIRES),), id="one key"),
        pytest.param("-expires", (OrderKey(RankBy.EXPIRES, descending=True),), id="turned round"),
        pytest.param(
            "expires(undated first)", (OrderKey(RankBy.EXPIRES, undated="first"),), id="X-16 FIRST"
        ),
        pytest.param(
            "-expires(undated last),cycle",
            (OrderKey(RankBy.EXPIRES, descending=True, undated="last"), OrderKey(RankBy.CYCLE)),
            id="X-16 LAST, no space behind the comma",
        ),
        pytest.param(
            " priority ,  category(promotional, granted), scope",
            (
                OrderKey(RankBy.PRIORITY),
                OrderKey(RankBy.CATEGORY, ranks=(Category.PROMOTIONAL, Category.GRANTED)),
                OrderKey(RankBy.SCOPE),
            ),
            id="a comma inside and spaces around",
        ),
        pytest.param("expires\n", (OrderKey(RankBy.EXPIRES),), id="a line end is a space"),
        pytest.param(
            "category(granted),effective",
            (OrderKey(RankBy.CATEGORY, ranks=(Category.GRANTED,)), OrderKey(RankBy.EFFECTIVE)),
            id="one category",
        ),
    ],
)
def test_an_order_is_read(text: str, keys: tuple[OrderKey, ...]) -> None:
    assert BurnOrder.parse(text).keys == keys


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(",", id="two nothings"),
        pytest.param("expires,", id="a comma too many"),
        pytest.param("fifo", id="a preset in small letters"),
        pytest.param("FIFO, expires", id="a preset among keys"),
        pytest.param("expiry", id="no such key"),
        pytest.param("Expires", id="a key in capitals"),
        pytest.param("--expires", id="two minuses"),
        pytest.param("- expires", id="a space behind the minus"),
        pytest.param("expires, expires", id="a key twice"),
        pytest.param("expires, -expires", id="a key twice, once turned round"),
        pytest.param("expires()", id="empty parentheses"),
        pytest.param("expires(undated)", id="undated where?"),
        pytest.param("expires(first)", id="what first?"),
        pytest.param("acquired(undated last)", id="undated of something else"),
        pytest.param("category", id="no categories"),
        pytest.param("category()", id="empty categories"),
        pytest.param("category(gifts)", id="no such category"),
        pytest.param("category(granted, granted)", id="a category twice"),
        pytest.param("category(granted", id="an open parenthesis"),
        pytest.param("ехpires", id="Cyrillic letters"),
        pytest.param("expires; drop", id="something behind"),
    ],
)
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        BurnOrder.parse(text)


class Text(str):
    __slots__ = ()


ANY: Any = None
LAST: Any = Text("last")
GRANTED = Category.GRANTED


@pytest.mark.parametrize(
    ("made", "error"),
    [
        pytest.param(lambda: BurnOrder.parse(ANY), InvalidType, id="P14 no text"),
        pytest.param(lambda: BurnOrder.parse(LAST), InvalidType, id="P14 a subclass"),
        pytest.param(lambda: OrderKey.parse(ANY), InvalidType, id="P14 no text for a key"),
        pytest.param(lambda: BurnOrder.parse("expires" * 99), LimitExceeded, id="I16 long text"),
        pytest.param(lambda: OrderKey.parse("expires" * 99), LimitExceeded, id="I16 long key"),
        pytest.param(lambda: BurnOrder(()), InvalidType, id="no key at all"),
        pytest.param(lambda: BurnOrder(ANY), InvalidType, id="no tuple"),
        pytest.param(lambda: BurnOrder((LAST,)), InvalidType, id="texts for keys"),
        pytest.param(
            lambda: BurnOrder((OrderKey(RankBy.CYCLE), OrderKey(RankBy.CYCLE, descending=True))),
            InvalidValue,
            id="a key twice",
        ),
        pytest.param(lambda: OrderKey(ANY), InvalidType, id="None for a key"),
        pytest.param(lambda: OrderKey(RankBy.CYCLE, ANY), InvalidType, id="None for a direction"),
        pytest.param(lambda: OrderKey(RankBy.CYCLE, ranks=(GRANTED,)), InvalidValue, id="ranks"),
        pytest.param(lambda: OrderKey(RankBy.CATEGORY), InvalidValue, id="no ranks"),
        pytest.param(
            lambda: OrderKey(RankBy.CATEGORY, ranks=LAST), InvalidType, id="ranks of text"
        ),
        pytest.param(
            lambda: OrderKey(RankBy.CATEGORY, ranks=(GRANTED, GRANTED)),
            InvalidValue,
            id="ranks twice",
        ),
        pytest.param(
            lambda: OrderKey(RankBy.CYCLE, undated="last"), InvalidValue, id="undated of a cycle"
        ),
        pytest.param(
            lambda: OrderKey(RankBy.EXPIRES, undated="LAST"), InvalidValue, id="undated in capitals"
        ),
        pytest.param(
            lambda: OrderKey(RankBy.EXPIRES, undated=LAST), InvalidType, id="undated subclass"
        ),
    ],
)
def test_an_order_refuses(made: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error) as refusal:
        made()
    assert str(refusal.value)


@given(draw.orders())
def test_an_order_reads_as_it_is_written(order: BurnOrder) -> None:
    assert BurnOrder.parse(str(order)) == order
    assert eval(repr(order), {"BurnOrder": BurnOrder}) == order
    for key in order.keys:
        assert OrderKey.parse(str(key)) == key
    for twin in (copy.copy(order), copy.deepcopy(order), pickle.loads(pickle.dumps(order))):
        assert twin == order
        assert hash(twin) == hash(order)
        assert str(twin) == str(order)


@given(draw.orders())
def test_an_order_knows_whether_it_moves_lots(order: BurnOrder) -> None:
    assert order.by_available == ("available" in str(order))
    assert order.by_expiry_first == str(order).startswith(
        ("expires,", "expires(undated last)")
    ) or (str(order) == "expires")
