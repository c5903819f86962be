"""Payloads: an assignment as a host's web interface is sent one, read into commands.

A payload makes a standard assignment behind a key code, with system mails and a fixed last day; at
once, unless it says when. Distribution and recurrence are commands of their own. What cannot be
read is refused with the part of the payload that it stands in and the value that was given, but for
the key code, whose text appears in no error.

    {
        "title": "Spring budget",
        "expires": "2026-12-31",
        "scheduled": "2026-04-01T08:00:00Z",
        "key_code": {"code": "…", "contacts": ["ann"], "details": "", "comments": ""},
        "rows": [{"kind": "ou", "id": "sales", "subordinates": true, "amount": "12.50"}]
    }
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar, final

import attrs

from unitledger.amounts import Units
from unitledger.errors import (
    AlreadyExists,
    InvalidValue,
    MalformedDocument,
    PayloadRefused,
    UnitLedgerError,
    UnknownField,
    shown,
)
from unitledger.ids import check_id
from unitledger.time import parse_instant
from unitledger.training.assignments import CreateAssignment, Method
from unitledger.training.audiences import AudienceKind, AudienceRow
from unitledger.training.codes import KeyCode, KeyCodes
from unitledger.training.keycodes import RegisterKeyCode, check_remark
from unitledger.values import Value

__all__ = ["AssignmentPayload", "PayloadPart", "part_of"]

_T = TypeVar("_T")
_FIELDS = ("title", "key_code", "rows")
_OPTIONAL = ("expires", "scheduled")
_CODE_FIELDS = ("code",)
_CODE_OPTIONAL = ("contacts", "details", "comments")
_ROW_FIELDS = ("kind", "id", "amount")


@final
class PayloadPart(StrEnum):
    """The part of a payload that something is wrong with.

    Source: TU-282.
    """

    PAYLOAD = "payload"
    TITLE = "title"
    SCHEDULING_DATE = "scheduling_date"
    EXPIRATION_DATE = "expiration_date"
    AMOUNT = "amount"
    KEY_CODE = "key_code"
    CONTACT = "contact"
    AUDIENCE = "audience"
    DETAILS = "details"
    COMMENTS = "comments"

    def __repr__(self) -> str:
        return f"PayloadPart.{self.name}"


@final
@attrs.frozen
class AssignmentPayload(Value):
    """The two commands that a payload asks for, to be given in this order.

    Attributes:
        register: Makes the key code ours; refused when it is already.
        create: Makes the assignment, which is then due.

    Source: TU-280, TU-281, X-11.
    """

    register: RegisterKeyCode
    create: CreateAssignment

    @classmethod
    def read(cls, payload: object, assignment: str, codes: KeyCodes) -> AssignmentPayload:
        """The commands of a payload.

        Args:
            payload: Plain tables, lists and texts, as a JSON reader gives them.
            assignment: The id of the new assignment.
            codes: Makes the id of the key code.

        Raises:
            PayloadRefused: A part of it cannot be read; which one, it says.
            InvalidId: The assignment's id is none.

        Source: TU-280 to TU-283, X-11.
        """
        check_id(assignment, "assignment")
        table = _table(payload, PayloadPart.PAYLOAD, _FIELDS, _OPTIONAL)
        last_day = _optional(table, "expires", PayloadPart.EXPIRATION_DATE, _day)
        scheduled = _optional(table, "scheduled", PayloadPart.SCHEDULING_DATE, parse_instant)
        register = _registration(table["key_code"], codes)
        rows = _rows(table["rows"])
        with _about(PayloadPart.TITLE, table["title"]):
            create = CreateAssignment(
                assignment=assignment,
                title=table["title"],
                method=Method.KEY_CODE,
                rows=rows,
                key_code=register.key_code,
                scheduled=scheduled,
                last_day=last_day,
            )
        return cls(register, create)


_BY_FIELD: Mapping[str, PayloadPart] = {
    "scheduled": PayloadPart.SCHEDULING_DATE,
    "expires": PayloadPart.EXPIRATION_DATE,
    "last_day": PayloadPart.EXPIRATION_DATE,
}


def part_of(error: UnitLedgerError) -> PayloadPart | None:
    """The part of a payload that an error is about, whether it was read or carried out.

    >>> part_of(AlreadyExists("key code", "5f")) is PayloadPart.KEY_CODE
    True

    Args:
        error: What reading the payload, or one of its commands, was refused with.

    Source: TU-282.
    """
    if isinstance(error, PayloadRefused):
        return PayloadPart(error.part)
    if isinstance(error, AlreadyExists) and error.kind == "key code":
        return PayloadPart.KEY_CODE
    return _BY_FIELD.get(error.field) if isinstance(error, InvalidValue) else None


_SECRET = (PayloadPart.KEY_CODE, PayloadPart.DETAILS, PayloadPart.COMMENTS)
"""What may hold a plain code."""


@contextmanager
def _about(part: PayloadPart, value: object) -> Iterator[None]:
    """Say of a refusal which part of the payload it is about, and what was given.

    Source: TU-283.
    """
    try:
        yield
    except PayloadRefused:
        raise
    except UnitLedgerError as error:
        given = "not shown" if part in _SECRET else shown(value)
        reason = "no key code" if part is PayloadPart.KEY_CODE else str(error)
        del value
        raise PayloadRefused(part.value, given, reason) from None


def _table(
    value: object, part: PayloadPart, required: Iterable[str], optional: Iterable[str]
) -> dict[str, Any]:
    """A table of fields, all of them known and none missing."""
    with _about(part, value):
        if type(value) is not dict:
            raise MalformedDocument(part.value, "not a table of fields")
        for name in sorted(map(shown, value.keys() - {*required, *optional})):
            raise UnknownField(part.value, name, (*required, *optional))
        for name in required:
            if name not in value:
                raise MalformedDocument(part.value, f"{name} is missing")
    return dict(value)


def _optional(
    table: Mapping[str, Any], name: str, part: PayloadPart, read: Callable[[str, str], _T]
) -> _T | None:
    value = table.get(name)
    if value is None:
        return None
    with _about(part, value):
        return read(value, name)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidValue(field, shown(text), "a day like 2026-12-31") from None


def _registration(value: object, codes: KeyCodes) -> RegisterKeyCode:
    """The command that makes the key code of a payload ours."""
    table = _table(value, PayloadPart.KEY_CODE, _CODE_FIELDS, _CODE_OPTIONAL)
    with _about(PayloadPart.KEY_CODE, None):
        code = KeyCode(table["code"])
    remarks = {}
    for part in (PayloadPart.DETAILS, PayloadPart.COMMENTS):
        text = remarks[part.value] = table.get(part.value, "")
        with _about(part, text):
            check_remark(text, part.value)
            if code.stands_in(text):
                raise InvalidValue(part.value, "not shown", "a text without the code itself")
    contacts = _contacts(table.get("contacts", []))
    return RegisterKeyCode.of(code, codes, contacts=contacts, **remarks)


def _contacts(value: object) -> frozenset[str]:
    with _about(PayloadPart.CONTACT, value):
        if type(value) is not list:
            raise MalformedDocument("contacts", "not a list of ids")
    names: list[Any] = list(value) if isinstance(value, list) else []
    for name in names:
        with _about(PayloadPart.CONTACT, name):
            check_id(name, "contact")
    return frozenset(names)


def _rows(value: object) -> tuple[AudienceRow, ...]:
    with _about(PayloadPart.AUDIENCE, value):
        if type(value) is not list or not value:
            raise MalformedDocument("rows", "not a list of at least one row")
    return tuple([_row(one) for one in (value if isinstance(value, list) else [])])


def _row(value: object) -> AudienceRow:
    table = _table(value, PayloadPart.AUDIENCE, _ROW_FIELDS, ("subordinates",))
    with _about(PayloadPart.AMOUNT, table["amount"]):
        amount = Units.of(table["amount"])
        AudienceRow(amount, "anybody")
    with _about(PayloadPart.AUDIENCE, table["id"]):
        kinds = {kind.value: kind for kind in AudienceKind}
        if type(table["kind"]) is not str or table["kind"] not in kinds:
            raise InvalidValue("kind", shown(table["kind"]), f"one of {', '.join(kinds)}")
        check_id(table["id"], "audience")
        below = table.get("subordinates", False)
        return AudienceRow(amount, table["id"], kinds[table["kind"]], below)
