"""What is an id and what is not, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from unitledger.errors import InvalidId, InvalidType, InvalidValue, UnitLedgerError
from unitledger.ids import MAX_ID_LENGTH, check_id, derived_id


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("a", id="I16 one character"),
        pytest.param("x" * 128, id="I16 a hundred and twenty-eight"),
        pytest.param("a b", id="I16 a space within"),
        pytest.param("!", id="I16 the first printable"),
        pytest.param("~", id="I16 the last printable"),
        pytest.param("'; DROP TABLE lots; --", id="I16 SQL is a text like any other"),
        pytest.param("100%_", id="I16 wildcards too"),
        pytest.param("../../etc", id="I16 a path too"),
    ],
)
def test_these_are_ids(given: str) -> None:
    assert check_id(given) is given


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="I16 empty"),
        pytest.param("x" * 129, id="I16 one too long"),
        pytest.param("x" * 10**6, id="I16 a million characters"),
        pytest.param(" a", id="I16 a space before"),
        pytest.param("a ", id="I16 a space behind"),
        pytest.param(" ", id="I16 a space alone"),
        pytest.param("a\n", id="I16 a line end behind"),
        pytest.param("a\r\nb", id="I16 a line end within"),
        pytest.param("a\tb", id="I16 a tab"),
        pytest.param("a\0", id="I16 NUL"),
        pytest.param("a\x7f", id="I16 delete"),
        pytest.param("\ud800", id="I16 a lone surrogate"),
        pytest.param("café", id="I16 an accent"),
        pytest.param("\u0410", id="I16 a Cyrillic A"),
        pytest.param("a\u200bb", id="I16 a zero-width space"),
        pytest.param("\ufeffa", id="I16 a byte order mark"),
        pytest.param("\uff11", id="I16 a full-width digit"),
        pytest.param("a\xa0b", id="I16 a no-break space"),
    ],
)
def test_these_are_not(given: str) -> None:
    with pytest.raises(InvalidId):
        check_id(given)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(None, id="R12 nothing"),
        pytest.param(1, id="I16 an int"),
        pytest.param(b"a", id="I16 bytes"),
        pytest.param(["a"], id="I16 a list"),
        pytest.param(type("Text", (str,), {})("a"), id="I16 a subclass of str"),
    ],
)
def test_only_a_str_can_be_an_id(given: Any) -> None:
    with pytest.raises(InvalidType):
        check_id(given)


def test_the_error_names_the_field() -> None:
    with pytest.raises(InvalidId, match="lot is 'a '; give 1 to 128 printable ASCII"):
        check_id("a ", "lot")


def test_ids_are_compared_byte_by_byte() -> None:
    assert len({check_id(text) for text in ("a", "A", "a b", "a  b")}) == 4


def test_derived_ids_are_the_request_and_a_number() -> None:
    assert [derived_id("r-1", index) for index in (1, 2, 10)] == ["r-1.1", "r-1.2", "r-1.10"]


@pytest.mark.parametrize(
    ("request_id", "index", "error"),
    [
        pytest.param("r", 0, InvalidValue, id="I16 counted from one"),
        pytest.param("r", -1, InvalidValue, id="I16 below zero"),
        pytest.param("r", 10**9, InvalidValue, id="I16 above the limit"),
        pytest.param("r", 1 << 10**6, InvalidValue, id="I16 a million bits"),
        pytest.param("r", True, InvalidType, id="P14 bool"),
        pytest.param("r", 1.0, InvalidType, id="P14 float"),
        pytest.param("r", "1", InvalidType, id="P14 text"),
        pytest.param("", 1, InvalidId, id="I16 no request"),
        pytest.param(" r", 1, InvalidId, id="I16 a request that is no id"),
        pytest.param(None, 1, InvalidType, id="I16 nothing"),
        pytest.param("x" * (MAX_ID_LENGTH - 1), 1, InvalidId, id="I16 no room behind it"),
    ],
)
def test_a_derived_id_is_refused(request_id: Any, index: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        derived_id(request_id, index)


def test_the_longest_request_that_leaves_room() -> None:
    assert len(derived_id("x" * (MAX_ID_LENGTH - 2), 9)) == MAX_ID_LENGTH
