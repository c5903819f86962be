"""Payloads: an assignment as a web interface is sent one, and what is wrong with a bad one."""

from __future__ import annotations

import traceback
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.rules.test_training_assignments import create
from tests.rules.training_room import CODES, CREATOR, Room, code, day, rule
from unitledger.accounts import keycode
from unitledger.amounts import Units
from unitledger.errors import AlreadyExists, InvalidInput, InvalidValue, NotDue, PayloadRefused
from unitledger.time import Period
from unitledger.training import (
    Assignment,
    AssignmentPayload,
    AssignmentState,
    AudienceRow,
    FireAssignment,
    Method,
    PayloadPart,
    part_of,
)
from unitledger.training.assignments import Emails
from unitledger.training.audiences import AudienceKind
from unitledger.training.schedules import Repeat

PLAIN = "SUMMER party"
GONE = object()
FULL: dict[str, Any] = {
    "title": "Spring budget",
    "expires": "2026-12-31",
    "key_code": {
        "code": PLAIN,
        "contacts": ["ann", "bob"],
        "details": "for the sales people",
        "comments": "ask cleo",
    },
    "rows": [
        {"kind": "ou", "id": "sales", "subordinates": True, "amount": "12.50"},
        {"kind": "user", "id": "eve", "amount": 3},
    ],
}


def payload(*path: str | int, value: Any = GONE, without: bool = False) -> dict[str, Any]:
    """The full payload with something else at a path, or without what is there."""
    table = {**FULL, "key_code": dict(FULL["key_code"]), "rows": [dict(r) for r in FULL["rows"]]}
    place: Any = table
    for step in path[:-1]:
        place = place[step]
    if without:
        del place[path[-1]]
    elif path:
        place[path[-1]] = value
    return table


def read(table: object) -> AssignmentPayload:
    return AssignmentPayload.read(table, "spring", CODES)


@rule("TU-280", "TU-281", "TU-071")
def test_a_payload_is_a_standard_assignment_to_a_key_code_at_once() -> None:
    found = read(FULL)
    made, code_ = found.create, found.register
    assert (made.assignment, made.title) == ("spring", "Spring budget")
    assert (made.method, made.repeat, made.scheduled) == (Method.KEY_CODE, None, None)
    assert (made.emails, made.template, made.distributors) == (
        Emails.SYSTEM_DEFAULTS,
        None,
        frozenset(),
    )
    assert (made.last_day, made.expires) == (date(2026, 12, 31), None)
    assert made.rows == (
        AudienceRow(Units.of("12.50"), "sales", AudienceKind.OU, True),
        AudienceRow(Units.of(3), "eve", AudienceKind.USER),
    )
    assert made.key_code == code_.key_code == CODES.id_of(PLAIN)
    assert (code_.contacts, code_.details, code_.comments) == (
        frozenset({"ann", "bob"}),
        "for the sales people",
        "ask cleo",
    )
    assert code_.weak
    assert PLAIN not in repr(found)


@rule("TU-280")
def test_what_a_payload_asks_for_is_done() -> None:
    room = Room()
    found = read(FULL)
    room.do(found.register, CREATOR)
    room.do(found.create, CREATOR)
    room.do(FireAssignment("spring"))
    with room.ledger.store.read("main") as reading:  # type: ignore[arg-type]
        made = reading.record(Assignment.KIND, "spring")
    assert isinstance(made, Assignment)
    assert made.state is AssignmentState.PROCESSED
    lots = room.ledger.balance(keycode(found.register.key_code)).lots
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    assert [(line.available, line.lot.terms.expires) for line in lots] == [
        (1250, ends),
        (300, ends),
    ]


@rule("TU-281")
def test_what_may_be_left_out() -> None:
    least = {
        "title": "x",
        "key_code": {"code": code().reveal()},
        "rows": [{"kind": "group", "id": "g", "amount": "0.01"}],
    }
    found = read(least)
    assert (found.create.last_day, found.register.contacts) == (None, frozenset())
    assert (found.register.details, found.register.comments) == ("", "")
    assert not found.register.weak
    assert read(payload("expires", value=None)).create.last_day is None


@rule("X-11", "TU-280")
def test_a_date_to_fire_at_is_taken_though_at_once_is_the_rule() -> None:
    found = read(payload("scheduled", value="2026-03-12T09:00:00Z"))
    assert found.create.scheduled == day(10)
    room = Room()
    room.do(found.register, CREATOR)
    room.do(found.create, CREATOR)
    room.refused(NotDue, FireAssignment("spring"))
    room.at(10)
    room.do(FireAssignment("spring"))


BAD: list[Any] = [
    pytest.param(("title",), "x" * 101, "title", id="TU-282 a long title"),
    pytest.param(("title",), "", "title", id="TU-282 no title"),
    pytest.param(("title",), 5, "title", id="TU-282 a number for a title"),
    pytest.param(("scheduled",), "tomorrow", "scheduling_date", id="TU-282 a date in words"),
    pytest.param(("scheduled",), "2026-04-01T08:00:00", "scheduling_date", id="TU-282 naive"),
    pytest.param(("scheduled",), 5, "scheduling_date", id="TU-282 a number for an instant"),
    pytest.param(("expires",), "2026-02-30", "expiration_date", id="TU-282 no such day"),
    pytest.param(("expires",), 20261231, "expiration_date", id="TU-282 a number for a day"),
    pytest.param(("rows", 0, "amount"), "0", "amount", id="TU-282 nothing"),
    pytest.param(("rows", 0, "amount"), "-1", "amount", id="TU-282 below zero"),
    pytest.param(("rows", 1, "amount"), "1.234", "amount", id="TU-282 three decimals"),
    pytest.param(("rows", 0, "amount"), 1.5, "amount", id="TU-282 a float"),
    pytest.param(("rows", 0, "amount"), "999999.01", "amount", id="TU-282 too much"),
    pytest.param(("key_code", "code"), "", "key_code", id="TU-282 an empty code"),
    pytest.param(("key_code", "code"), "a\nb", "key_code", id="TU-282 two lines"),
    pytest.param(("key_code", "code"), 5, "key_code", id="TU-282 a number for a code"),
    pytest.param(("key_code",), "SUMMER", "key_code", id="TU-282 a code without a table"),
    pytest.param(("key_code", "pin"), "SUMMER", "key_code", id="TU-282 an unknown field of it"),
    pytest.param(("key_code", "contacts"), "ann", "contact", id="TU-282 a contact for a list"),
    pytest.param(("key_code", "contacts"), ["ann", ""], "contact", id="TU-282 no contact"),
    pytest.param(("key_code", "contacts"), [7], "contact", id="TU-282 a number for a contact"),
    pytest.param(("key_code", "details"), "x" * 4097, "details", id="TU-282 long details"),
    pytest.param(("key_code", "details"), 5, "details", id="TU-282 a number for details"),
    pytest.param(("key_code", "comments"), "x" * 4097, "comments", id="TU-282 long comments"),
    pytest.param(("key_code", "comments"), PLAIN, "comments", id="TU-282 the code in a comment"),
    pytest.param(("rows",), [], "audience", id="TU-282 no row"),
    pytest.param(("rows",), {"a": 1}, "audience", id="TU-282 rows that are no list"),
    pytest.param(("rows", 0), "sales", "audience", id="TU-282 a row that is no table"),
    pytest.param(("rows", 0, "id"), "", "audience", id="TU-282 no unit"),
    pytest.param(("rows", 0, "kind"), "team", "audience", id="TU-282 an unknown kind"),
    pytest.param(("rows", 0, "kind"), 5, "audience", id="TU-282 a number for a kind"),
    pytest.param(("rows", 0, "subordinates"), "yes", "audience", id="TU-282 a text for a switch"),
    pytest.param(("rows", 0, "per"), 5, "audience", id="TU-282 an unknown field of a row"),
    pytest.param(("note",), 5, "payload", id="TU-282 an unknown field"),
]


@pytest.mark.parametrize(("path", "value", "part"), BAD)
def test_a_bad_part_is_named(path: tuple[str | int, ...], value: Any, part: str) -> None:
    with pytest.raises(PayloadRefused) as refused:
        read(payload(*path, value=value))
    assert refused.value.part == part
    assert part_of(refused.value) is PayloadPart(part)
    assert str(refused.value).startswith(f"{part} is {refused.value.value}: ")


@pytest.mark.parametrize(
    ("path", "part"),
    [
        pytest.param(("title",), "payload", id="TU-282 the title"),
        pytest.param(("rows",), "payload", id="TU-282 the rows"),
        pytest.param(("key_code",), "payload", id="TU-282 the code's table"),
        pytest.param(("key_code", "code"), "key_code", id="TU-282 the code"),
        pytest.param(("rows", 0, "amount"), "audience", id="TU-282 an amount"),
        pytest.param(("rows", 1, "id"), "audience", id="TU-282 a unit"),
        pytest.param(("rows", 1, "kind"), "audience", id="TU-282 a kind"),
    ],
)
def test_what_is_missing_is_named(path: tuple[str | int, ...], part: str) -> None:
    with pytest.raises(PayloadRefused) as refused:
        read(payload(*path, without=True))
    assert refused.value.part == part
    if part != "key_code":
        assert f"{path[-1]} is missing" in refused.value.reason


@pytest.mark.parametrize(
    ("path", "value", "given"),
    [
        pytest.param(("title",), "x\n", r"'x\n'", id="TU-283 a title"),
        pytest.param(("rows", 0, "amount"), "1.234", "'1.234'", id="TU-283 an amount"),
        pytest.param(("expires",), "soon", "'soon'", id="TU-283 a day"),
        pytest.param(("scheduled",), "soon", "'soon'", id="TU-283 an instant"),
        pytest.param(("key_code", "contacts"), [" ann"], "' ann'", id="TU-283 a contact"),
        pytest.param(("rows", 1, "id"), "", "''", id="TU-283 a unit"),
    ],
)
def test_an_error_carries_what_was_given(
    path: tuple[str | int, ...], value: Any, given: str
) -> None:
    with pytest.raises(PayloadRefused) as refused:
        read(payload(*path, value=value))
    assert refused.value.value == given
    assert given in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("key_code", "code"), "SECRET\ncode"),
        (("key_code", "comments"), f"it is {PLAIN}"),
        (("key_code", "details"), f"it is {PLAIN}"),
        (("key_code", "pin"), 5),
        (("title",), ""),
    ],
)
def test_a_plain_code_stands_in_no_error(path: tuple[str | int, ...], value: Any) -> None:
    """TU-283, TU-101."""
    with pytest.raises(PayloadRefused) as refused:
        read(payload(*path, value=value))
    told = "".join(traceback.format_exception(refused.value)) + repr(refused.value)
    assert "SECRET" not in told
    assert PLAIN not in told


AN_ID = "give 1 to 128 printable ASCII characters without a space at either end"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        pytest.param(
            ("title",),
            "",
            "title is '': title is ''; give 1 to 100 printable characters",
            id="TU-283 title",
        ),
        pytest.param(
            ("scheduled",),
            "soon",
            "scheduling_date is 'soon': scheduled is 'soon'; give an instant like "
            "2026-01-31T09:00:00Z",
            id="TU-283 scheduled",
        ),
        pytest.param(
            ("expires",),
            "soon",
            "expiration_date is 'soon': expires is 'soon'; give a day like 2026-12-31",
            id="TU-283 expires",
        ),
        pytest.param(
            ("key_code",), "SUMMER", "key_code is not shown: no key code", id="TU-283 key code"
        ),
        pytest.param(
            ("key_code", "contacts"),
            "ann",
            "contact is 'ann': contacts: not a list of ids",
            id="TU-283 contacts",
        ),
        pytest.param(
            ("key_code", "contacts"),
            ["ann", ""],
            f"contact is '': contact is ''; {AN_ID}",
            id="TU-283 contact",
        ),
        pytest.param(
            ("key_code", "details"),
            "x" * 4097,
            "details is not shown: characters of details: 4097; the limit is 4096",
            id="TU-283 details",
        ),
        pytest.param(
            ("key_code", "comments"),
            PLAIN,
            "comments is not shown: comments is not shown; give a text without the code itself",
            id="TU-283 comments",
        ),
        pytest.param(
            ("rows",),
            [],
            "audience is a list: rows: not a list of at least one row",
            id="TU-283 rows",
        ),
        pytest.param(
            ("rows", 0),
            "sales",
            "audience is 'sales': audience: not a table of fields",
            id="TU-283 row",
        ),
        pytest.param(
            ("rows", 0, "kind"),
            "team",
            "audience is 'sales': kind is 'team'; give one of user, ou, group",
            id="TU-283 kind",
        ),
        pytest.param(
            ("rows", 0, "id"), "", f"audience is '': audience is ''; {AN_ID}", id="TU-283 unit"
        ),
        pytest.param(
            ("rows", 0, "amount"),
            "0",
            "amount is '0': amount is zero; give an amount above zero",
            id="TU-283 amount",
        ),
        pytest.param(
            ("rows", 0, "per"),
            5,
            "audience is a dict: audience has no field 'per'; it has kind, id, amount, "
            "subordinates",
            id="TU-283 a field of a row",
        ),
        pytest.param(
            ("note",),
            5,
            "payload is a dict: payload has no field 'note'; it has title, key_code, rows, "
            "expires, scheduled",
            id="TU-283 a field",
        ),
    ],
)
def test_what_a_refused_payload_says(path: tuple[str | int, ...], value: Any, said: str) -> None:
    with pytest.raises(PayloadRefused) as refused:
        read(payload(*path, value=value))
    assert str(refused.value) == said


@rule("TU-283")
def test_what_is_missing_is_said() -> None:
    with pytest.raises(PayloadRefused, match=r"^payload is a dict: payload: title is missing$"):
        read(payload("title", without=True))


@pytest.mark.parametrize("table", [None, [], "title", 5])
def test_what_is_no_table_is_no_payload(table: Any) -> None:
    """TU-282."""
    with pytest.raises(PayloadRefused) as refused:
        read(table)
    assert refused.value.part == "payload"


def test_an_assignment_needs_an_id_all_the_same() -> None:
    """TU-281."""
    with pytest.raises(InvalidInput, match=f"assignment is ''; {AN_ID}"):
        AssignmentPayload.read(FULL, "", CODES)


@rule("TU-282", "TU-100")
def test_what_a_command_is_refused_with_has_a_part_too() -> None:
    room = Room()
    room.do(read(FULL).register)
    assert part_of(room.refused(AlreadyExists, read(FULL).register)) is PayloadPart.KEY_CODE
    late = read(payload("expires", value="2026-03-01")).create
    assert part_of(room.refused(InvalidValue, late)) is PayloadPart.EXPIRATION_DATE
    past = read(payload("scheduled", value="2026-03-01T00:00:00Z")).create
    assert part_of(room.refused(InvalidValue, past)) is PayloadPart.SCHEDULING_DATE
    assert part_of(AlreadyExists("assignment", "spring")) is None
    assert part_of(InvalidValue("rows", "empty", "one")) is None


@rule("TU-284")
def test_what_the_interface_lacks_the_library_has() -> None:
    assert create().method is Method.DISTRIBUTOR
    repeat = Repeat(Period.MONTH)
    assert create(repeat=repeat).repeat == repeat
