"""What values of the credit rules refuse when they are made, in words: C17 to C57.

Every text says which field it was, what it held and what it may hold. Those of subscriptions and
payments stand in `test_credits_terms`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.rules.credits_portal import AID, START
from unitledger.amounts import Credits
from unitledger.credits import (
    Closure,
    Enrolment,
    Gift,
    Give,
    Invite,
    InviteAll,
    InviteEach,
    MoveAllocation,
    ReportProgress,
    Take,
    read_sheet,
)
from unitledger.credits.debts import Advance, Debt
from unitledger.errors import UnitLedgerError
from unitledger.ids import ClaimId

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
ONE = Credits.of(1)
AN_ID = "give 1 to 128 printable ASCII characters without a space at either end"
A_WALLET = "give pool, course/C, manager/M/C, batch/A/n/row, member/U or keycode/K"


def enrolment(**changed: Any) -> Enrolment:
    sound: dict[str, Any] = {"id": "e", "learner": "leo", "course": "c", "source": AID}
    return Enrolment(**{**sound, "claim": "x", "enrolled": START, **changed})


def invite(**changed: Any) -> Invite:
    sound: dict[str, Any] = {"id": "i", "invitee": "a", "course": "c", "manager": "m"}
    return Invite(**{**sound, "claim": "x", **changed})


def advance(**changed: Any) -> Advance:
    return Advance(**{"claim": "x", "course": "c", "number": 1, **changed})


def gift(**changed: Any) -> Gift:
    return Gift(**{"giver": "a", "receiver": "b", "course": "c", "net": ONE, **changed})


REFUSED: list[tuple[Callable[..., object], dict[str, Any], str]] = [
    (Debt, {"course": ""}, f"course is ''; {AN_ID}"),
    (Debt, {"course": 5}, "course is 5; give exactly str"),
    (advance, {"claim": ""}, f"claim is ''; {AN_ID}"),
    (advance, {"course": ""}, f"course is ''; {AN_ID}"),
    (advance, {"number": 1.0}, "number is a float; give exactly int"),
    (advance, {"number": True}, "number is True; give exactly int"),
    (advance, {"number": 0}, "number is 0; give 1 to 999999999"),
    (advance, {"number": 10**9}, "number is 1000000000; give 1 to 999999999"),
    (gift, {"giver": ""}, f"giver is ''; {AN_ID}"),
    (gift, {"receiver": ""}, f"receiver is ''; {AN_ID}"),
    (gift, {"course": ""}, f"course is ''; {AN_ID}"),
    (gift, {"receiver": "a"}, "receiver is 'a'; give another manager than the giver"),
    (gift, {"net": 1}, "net is 1; give exactly Credits"),
    (
        Give,
        {"giver": "a", "receiver": "a", "course": "c", "amount": ONE},
        "receiver is 'a'; give another manager than the giver",
    ),
    (
        Take,
        {"giver": "a", "receiver": "a", "course": "c", "amount": ONE},
        "receiver is 'a'; give another manager than the giver",
    ),
    (
        MoveAllocation,
        {"source": "c", "target": "c", "amount": ONE},
        "target is 'c'; give another course than the source",
    ),
    (Closure, {"wallet": "here"}, f"wallet is 'here'; {A_WALLET}"),
    (enrolment, {"id": ""}, f"id is ''; {AN_ID}"),
    (enrolment, {"learner": ""}, f"learner is ''; {AN_ID}"),
    (enrolment, {"course": ""}, f"course is ''; {AN_ID}"),
    (enrolment, {"claim": ""}, f"claim is ''; {AN_ID}"),
    (enrolment, {"source": "here"}, f"source is 'here'; {A_WALLET}"),
    (enrolment, {"returned_to": "here"}, f"returned_to is 'here'; {A_WALLET}"),
    (
        enrolment,
        {"enrolled": NAIVE},
        "enrolled is 2026-01-01T00:00:00, without a zone; give an aware datetime",
    ),
    (enrolment, {"progress": 1.0}, "progress is a float; give exactly int"),
    (enrolment, {"progress": True}, "progress is True; give exactly int"),
    (enrolment, {"progress": -1}, "progress is -1; give 0 to 100"),
    (enrolment, {"progress": 101}, "progress is 101; give 0 to 100"),
    (ReportProgress, {"enrolment": "e", "percent": 1.0}, "percent is a float; give exactly int"),
    (ReportProgress, {"enrolment": "e", "percent": -1}, "percent is -1; give 0 to 100"),
    (ReportProgress, {"enrolment": "e", "percent": 101}, "percent is 101; give 0 to 100"),
    (invite, {"id": ""}, f"id is ''; {AN_ID}"),
    (invite, {"invitee": ""}, f"invitee is ''; {AN_ID}"),
    (invite, {"course": ""}, f"course is ''; {AN_ID}"),
    (invite, {"manager": ""}, f"manager is ''; {AN_ID}"),
    (invite, {"claim": ""}, f"claim is ''; {AN_ID}"),
    *(
        (mailing, {"course": "c", "manager": "m", **changed}, said)
        for mailing in (InviteAll, InviteEach)
        for changed, said in (
            ({"invitees": ["a"]}, "invitees is a list; give exactly tuple"),
            ({"invitees": ()}, "invitees is empty; give at least one"),
            (
                {"invitees": ("a",) * 10_001},
                "addresses of a mailing: 10001; the limit is 10000",
            ),
            ({"invitees": ("a", "")}, f"invitees is ''; {AN_ID}"),
            ({"invitees": ("a",), "course": ""}, f"course is ''; {AN_ID}"),
            ({"invitees": ("a",), "manager": ""}, f"manager is ''; {AN_ID}"),
        )
    ),
    (read_sheet, {"text": b"email"}, "text is a bytes; give exactly str"),
    (read_sheet, {"text": "email", "column": 5}, "column is 5; give exactly str"),
    (read_sheet, {"text": "email", "delimiter": None}, "delimiter is None; give exactly str"),
    (
        read_sheet,
        {"text": "e" * (4 * 1024 * 1024 + 1)},
        "characters of a sheet: 4194305; the limit is 4194304",
    ),
    (
        read_sheet,
        {"text": "email", "delimiter": ""},
        "delimiter is ''; give one character between cells",
    ),
    (
        read_sheet,
        {"text": "email", "delimiter": ", "},
        "delimiter is ', '; give one character between cells",
    ),
    *(
        (
            read_sheet,
            {"text": "email", "delimiter": one},
            f"delimiter is {one!r}; give one character between cells",
        )
        for one in ' "\r\n'
    ),
    (
        read_sheet,
        {"text": "email" + "\na" * 10_001},
        "rows of a sheet: more than 10000; the limit is 10000",
    ),
    (
        read_sheet,
        {"text": ""},
        "line 1: no columns called 'email'; the first row names each once",
    ),
    (
        read_sheet,
        {"text": "\nEmail, e-mail ,EMAIL\na"},
        "line 2: 2 columns called 'email'; the first row names each once",
    ),
    (read_sheet, {"text": 'email\na\n"b'}, "line 3: unexpected end of data"),
]
"""What is made, of what, and what it says."""


@pytest.mark.parametrize(
    ("make", "fields", "said"),
    [pytest.param(*row, id=f"C18 C31 C57 I16 {n} {row[2][:24]}") for n, row in enumerate(REFUSED)],
)
def test_what_is_refused_says_what_it_may_be(
    make: Callable[..., object], fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make(**fields)
    assert str(refusal.value) == said


def test_the_ends_of_what_is_allowed_are_allowed() -> None:
    """C56, C57."""
    assert [advance(number=number).number for number in (1, 999_999_999)] == [1, 999_999_999]
    assert [enrolment(progress=percent).progress for percent in (0, 100)] == [0, 100]
    assert Advance(ClaimId("x"), "c", 1).index() == {"open": "c"}
