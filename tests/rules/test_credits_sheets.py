"""Addresses from a CSV text: C30, C31."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credits_portal import MIA, MIAS, portal
from unitledger.credits import (
    InviteAll,
    InviteEach,
    RefusedRow,
    SheetRow,
    address_digest,
    read_sheet,
)
from unitledger.errors import LimitExceeded, MalformedDocument, UnitLedgerError, shown

KEY = b"sixteen bytes ok"
NONE = "it has no address"
LONG = "its address is longer than 320 characters"
ODD = "its address has characters that cannot be printed"


@pytest.mark.parametrize(
    ("text", "rows", "refused"),
    [
        pytest.param("email\na@\nb@\n", [(2, "a@"), (3, "b@")], [], id="C31 one column"),
        pytest.param("email\na@\nb@", [(2, "a@"), (3, "b@")], [], id="C31 no end of the last line"),
        pytest.param("email\r\na@\r\nb@\r\n", [(2, "a@"), (3, "b@")], [], id="C31 Windows"),
        pytest.param("email\ra@\rb@\r", [(2, "a@"), (3, "b@")], [], id="C31 an old Mac"),
        pytest.param("\ufeffemail\na@\n", [(2, "a@")], [], id="C31 a byte order mark"),
        pytest.param("name,Email ,age\nLeo, a@ ,7\n", [(2, "a@")], [], id="C31 among others"),
        pytest.param("EMAIL\na@\n", [(2, "a@")], [], id="C31 large letters"),
        pytest.param("email\n\na@\n \n\nb@\n", [(3, "a@"), (6, "b@")], [], id="C31 empty lines"),
        pytest.param("\n\nemail\na@\n", [(4, "a@")], [], id="C31 empty lines first"),
        pytest.param(
            'email\n"a@"\n"b ""b"" @"\n', [(2, "a@"), (3, 'b "b" @')], [], id="C31 quoted"
        ),
        pytest.param(
            'name,email\n"two\nlines",a@\nLea,b@\n', [(2, "a@"), (4, "b@")], [], id="C31 two lines"
        ),
        pytest.param(
            'name,email\n"x\u2028y",a@\nz,b@', [(2, "a@"), (3, "b@")], [], id="C31 U+2028"
        ),
        pytest.param(
            "name,email\nLeo,\n,\nLea,b@\n", [(4, "b@")], [(2, NONE)], id="C31 an empty cell"
        ),
        pytest.param("name,email\nLeo\nLea,b@\n", [(3, "b@")], [(2, NONE)], id="C31 a short row"),
        pytest.param("email,x\n  ,1\n", [], [(2, NONE)], id="C31 only space"),
        pytest.param(f"email\n{'a' * 320}\n", [(2, "a" * 320)], [], id="I16 as long as can be"),
        pytest.param(f"email\n{'a' * 321}\nb\n", [(3, "b")], [(2, LONG)], id="I16 too long"),
        pytest.param("email\na\x00b\nc\n", [(3, "c")], [(2, ODD)], id="I16 no character"),
        pytest.param('email\n"a\nb"\nc\n', [(4, "c")], [(2, ODD)], id="I16 two lines in a cell"),
        pytest.param("email\n\ud800@\n", [], [(2, ODD)], id="I16 half a character"),
        pytest.param("email\n", [], [], id="C31 nobody"),
        pytest.param(
            "email\nA@\na@\n", [(2, "A@"), (3, "a@")], [], id="C30 twice, which is for later"
        ),
        pytest.param("email\n=1+1\n", [(2, "=1+1")], [], id="C31 a formula is a text"),
    ],
)
def test_what_a_sheet_says(text: str, rows: Any, refused: Any) -> None:
    sheet = read_sheet(text)
    assert sheet.rows == tuple(SheetRow(*row) for row in rows)
    assert sheet.refused == tuple(RefusedRow(*row) for row in refused)


def test_a_sheet_with_another_column_and_another_delimiter() -> None:
    """C31: as some spreadsheets write it."""
    sheet = read_sheet("Name;E-Mail\nLeo, of Linz;leo@\n", column=" e-mail ", delimiter=";")
    assert sheet.rows == (SheetRow(2, "leo@"),)


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        pytest.param("", "line 1", "no columns called 'email'", id="C31 nothing"),
        pytest.param("name\nLeo\n", "line 1", "no columns called 'email'", id="C31 no such column"),
        pytest.param("\n\na@\n", "line 3", "no columns called 'email'", id="C31 no heads"),
        pytest.param("email,EMAIL\n", "line 1", "2 columns called 'email'", id="C31 two of them"),
        pytest.param('email\na\n"b\n', "line 3", "unexpected end of data", id="C31 an open quote"),
        pytest.param('email\n"a"b\n', "line 2", "expected after", id="C31 a stray quote"),
        pytest.param("email\n" + "a" * 200_000, "line 2", "field larger", id="I16 a vast cell"),
    ],
)
def test_what_is_no_sheet(text: str, where: str, problem: str) -> None:
    with pytest.raises(MalformedDocument) as refusal:
        read_sheet(text)
    assert refusal.value.where == where
    assert problem in refusal.value.problem


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param({"text": b"email\n"}, "invalid_type", id="I16 bytes"),
        pytest.param({"text": "email\n", "column": None}, "invalid_type", id="I16 no column"),
        pytest.param({"text": "email\n", "delimiter": 1}, "invalid_type", id="I16 a number"),
        pytest.param({"text": "email\n", "delimiter": ""}, "invalid_value", id="I16 no delimiter"),
        pytest.param({"text": "email\n", "delimiter": ";;"}, "invalid_value", id="I16 two"),
        pytest.param({"text": "email\n", "delimiter": '"'}, "invalid_value", id="I16 a quote"),
        pytest.param(
            {"text": "email\n", "delimiter": "\n"}, "invalid_value", id="I16 a line's end"
        ),
        pytest.param({"text": "email\n", "delimiter": " "}, "invalid_value", id="I16 a space"),
    ],
)
def test_what_cannot_be_read(arguments: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        read_sheet(**arguments)
    assert refusal.value.code == code
    name, value = list(arguments.items())[-1]
    what = {"invalid_type": "str", "invalid_value": "one character between cells"}
    assert refusal.value.details == {
        "field": name,
        "value": shown(value),
        "expected": what[code],
    }


def test_a_sheet_has_as_many_rows_as_a_mailing() -> None:
    """I16: those without an address count as well."""
    assert len(read_sheet("email\n" + "a@\n" * 10_000).rows) == 10_000
    with pytest.raises(LimitExceeded) as refusal:
        read_sheet("email,x\n" + "a@,\n" * 9_999 + ",1\n" * 2)
    assert refusal.value.details == {
        "what": "rows of a sheet",
        "asked": "more than 10000",
        "limit": 10_000,
    }


def test_a_sheet_has_a_longest_text() -> None:
    """I16."""
    longest = 4 * 1024 * 1024
    assert read_sheet("email" + "\n" * (longest - 5)).rows == ()
    with pytest.raises(LimitExceeded) as refusal:
        read_sheet("email" + "\n" * (longest - 4))
    assert refusal.value.details == {
        "what": "characters of a sheet",
        "asked": str(longest + 1),
        "limit": longest,
    }


def test_references_stand_for_addresses_from_here_on() -> None:
    """C30, C31: two ways of writing an address are one invite."""
    sheet = read_sheet("email\nLeo@Example.org\n leo@example.org\nlea@example.org\n")
    invitees = sheet.invitees(KEY)
    assert invitees == tuple(
        address_digest(one, KEY)
        for one in ("leo@example.org", "leo@example.org", "lea@example.org")
    )
    with portal() as lms:
        lms.allotted(2)
        assert lms.run(InviteAll(invitees, "first-aid", "mia"), MIA).outcome.new == 2
        rows = lms.run(InviteEach(invitees, "first-aid", "mia"), MIA).outcome.rows
        assert [row.verdict.value for row in rows] == ["open", "duplicate", "open"]
        assert lms.figures() == {MIAS: (0, 2, 0)}
