"""Amendments: edited before it fires, copied at any time, distributors exchanged at any time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from tests.rules.test_training_assignments import create, for_code, record, rows
from tests.rules.training_room import CREATOR, START, Room, code_id, day, distributor, rule
from unitledger.accounts import batch
from unitledger.amounts import Units
from unitledger.errors import (
    AlreadyExists,
    IllegalTransition,
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotPermitted,
    UnknownKeyCode,
    UnknownObject,
)
from unitledger.policy import FormerDistributors, Policy
from unitledger.time import Period
from unitledger.training import (
    ActivateAssignment,
    AssignmentState,
    CancelAssignment,
    CopyAssignment,
    CreateAssignment,
    Distribute,
    EditAssignment,
    Emails,
    FireAssignment,
    NameDistributors,
    Repeat,
    Span,
)

WEEKLY = Repeat(Period.WEEK)


def edited(command: CreateAssignment) -> EditAssignment:
    """The edit that says what a creation would."""
    return EditAssignment(**attrs.asdict(command, recurse=False))


# Edits.


@rule("TU-254", "X-08")
def test_a_scheduled_assignment_can_say_everything_anew() -> None:
    room = Room()
    room.register()
    room.do(create(scheduled=day(5)))
    room.at(1)
    changes = {"title": "Summer", "rows": rows("7 anyone"), "repeat": WEEKLY, "until_next": True}
    outcome = room.do(edited(for_code(scheduled=day(9), **changes)), CREATOR).outcome
    assert (outcome.assignment, outcome.due) == ("spring", day(9))
    made = record(room)
    assert (made.title, made.rows, made.key_code) == ("Summer", rows("7 anyone"), code_id())
    assert (made.due, made.schedule.repeat, made.until_next) == (day(9), WEEKLY, True)
    assert (made.created, made.state, made.cycles) == (START, AssignmentState.SCHEDULED, 0)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({"repeat": WEEKLY}, "active", id="TU-255 an active one"),
        pytest.param({}, "processed", id="TU-254 a processed one"),
    ],
)
def test_what_has_fired_is_locked(changes: dict[str, Any], state: str) -> None:
    room = Room()
    room.do(create(**changes))
    room.do(FireAssignment("spring"))
    for title in ("Spring budget", "Another"):
        refusal = room.refused(IllegalTransition, edited(create(title=title)))
        assert (refusal.kind, refusal.key) == ("assignment", "spring")
        assert (refusal.state, refusal.wanted) == (state, "edited")


@rule("TU-255")
def test_a_cancelled_one_is_locked_until_it_is_active_again() -> None:
    room = Room()
    room.do(create())
    room.do(CancelAssignment("spring"))
    assert room.refused(IllegalTransition, edited(create())).state == "cancelled"


@rule("TU-255")
def test_an_edit_is_checked_like_a_creation() -> None:
    room = Room()
    room.do(create(scheduled=day(5)))
    room.at(1)
    room.refused(InvalidValue, edited(create(scheduled=day(0))))
    room.refused(InvalidValue, edited(create(scheduled=day(3), expires=day(3))))
    room.refused(UnknownKeyCode, edited(for_code()))
    room.refused(UnknownObject, edited(create(assignment="autumn")))


# Distributors.


def form(cycle: int = 1) -> Distribute:
    return Distribute("spring", 1, (("ann", Units.of(1)),), cycle)


def weekly(policy: Policy | None = None) -> Room:
    room = Room(policy, "ann: sales")
    room.do(create(repeat=WEEKLY, distributors=frozenset({"dan", "eve"})))
    room.do(FireAssignment("spring"))
    return room


@pytest.mark.parametrize(
    ("former", "kept"),
    [
        pytest.param(FormerDistributors.REVOKE, frozenset(), id="TU-089 REVOKE"),
        pytest.param(FormerDistributors.KEEP, frozenset({"dan"}), id="TU-089 KEEP"),
    ],
)
def test_distributors_can_be_exchanged(former: FormerDistributors, kept: frozenset[str]) -> None:
    room = weekly(Policy(former_distributors=former))
    named = frozenset({"eve", "zoe"})
    outcome = room.do(NameDistributors("spring", named), CREATOR).outcome
    assert (outcome.assignment, outcome.distributors, outcome.former) == ("spring", named, kept)
    for user in ("eve", "zoe"):
        room.do(form(), distributor(user))
    if kept:
        room.do(form(), distributor("dan"))
    else:
        room.refused(NotPermitted, form(), distributor("dan"))


@rule("TU-089")
def test_access_is_revoked_by_default() -> None:
    assert Policy().former_distributors is FormerDistributors.REVOKE


@rule("TU-089")
def test_those_who_were_let_go_on_stay_through_later_changes() -> None:
    room = weekly(Policy(former_distributors=FormerDistributors.KEEP))
    for name in ("zoe", "ida", "dan"):
        room.do(NameDistributors("spring", frozenset({name})))
    made = record(room)
    assert made.distributors == {"dan"}
    assert made.former == {"eve", "zoe", "ida"}


@rule("TU-089")
def test_a_later_revocation_is_for_everybody() -> None:
    room = weekly(Policy(former_distributors=FormerDistributors.KEEP))
    room.do(NameDistributors("spring", frozenset({"zoe"})))
    room.ledger.policy = Policy()
    room.do(NameDistributors("spring", frozenset({"ida"})))
    assert record(room).former == frozenset()


@pytest.mark.parametrize("state", list(AssignmentState), ids=lambda state: f"X-08 {state}")
def test_distributors_can_be_exchanged_in_any_state(state: AssignmentState) -> None:
    room = Room()
    room.do(create(repeat=WEEKLY if state is AssignmentState.ACTIVE else None))
    if state in (AssignmentState.ACTIVE, AssignmentState.PROCESSED):
        room.do(FireAssignment("spring"))
    if state is AssignmentState.CANCELLED:
        room.do(CancelAssignment("spring"))
    room.do(NameDistributors("spring", frozenset({"zoe"})))
    assert record(room).state is state
    assert record(room).distributors == {"zoe"}


@rule("TU-089")
def test_a_key_code_has_no_distributors_to_exchange() -> None:
    room = Room()
    room.register()
    room.do(for_code())
    assert room.refused(InvalidValue, NameDistributors("spring", frozenset({"zoe"}))).field == (
        "distributors"
    )
    room.refused(UnknownObject, NameDistributors("autumn", frozenset({"zoe"})))


@pytest.mark.parametrize(
    ("error", "distributors"),
    [
        (InvalidValue, frozenset()),
        (InvalidType, {"zoe"}),
        (InvalidInput, frozenset({""})),
        (LimitExceeded, frozenset(map(str, range(1001)))),
    ],
)
def test_who_cannot_be_named(error: type[InvalidInput], distributors: Any) -> None:
    with pytest.raises(error):
        NameDistributors("spring", distributors)


@pytest.mark.parametrize(
    "made",
    [
        lambda: NameDistributors("", frozenset({"zoe"})),
        lambda: CancelAssignment(""),
        lambda: ActivateAssignment(""),
        lambda: CopyAssignment("", "spring"),
    ],
)
def test_an_assignment_has_an_id(made: Any) -> None:
    with pytest.raises(InvalidInput):
        made()


# Copies.


@rule("TU-032")
def test_a_copy_says_the_same_and_has_never_fired() -> None:
    room = Room()
    said = {
        "repeat": WEEKLY,
        "lasts": Span(Period.DAY, 3),
        "emails": Emails.CUSTOM,
        "template": "t1",
    }
    room.do(create(rows=rows("30 sales, 5 legal"), **said))
    room.do(FireAssignment("spring"))
    room.at(2)
    outcome = room.do(CopyAssignment("autumn", "spring"), CREATOR).outcome
    assert outcome.source == "spring"
    copied = outcome.copied
    assert (copied.assignment, copied.due, copied.expires) == ("autumn", day(2), None)
    assert copied.total == Units.of(35)
    old, new = record(room), record(room, "autumn")
    for name in ("title", "method", "rows", "distributors", "lasts", "emails", "template"):
        assert getattr(new, name) == getattr(old, name)
    assert (new.schedule.repeat, new.state, new.cycles) == (WEEKLY, AssignmentState.SCHEDULED, 0)
    assert (new.created, old.cycles) == (day(2), 1)
    room.do(FireAssignment("autumn"))
    assert room.available(batch("autumn", 1, 1)) == "30.00"


@pytest.mark.parametrize(
    ("said", "changes", "ends"),
    [
        pytest.param({"expires": day(30)}, {}, day(30), id="TU-032 a fixed end"),
        pytest.param(
            {"expires": day(30)},
            {"last_day": date(2026, 3, 31)},
            datetime(2026, 4, 1, tzinfo=UTC),
            id="TU-032 another end",
        ),
        pytest.param(
            {"until_next": True, "repeat": WEEKLY},
            {"last_day": date(2026, 3, 31)},
            datetime(2026, 4, 1, tzinfo=UTC),
            id="TU-032 an end instead of the next firing",
        ),
        pytest.param(
            {"lasts": Span(Period.DAY)},
            {"last_day": date(2026, 3, 31)},
            datetime(2026, 4, 1, tzinfo=UTC),
            id="TU-032 an end instead of a span",
        ),
        pytest.param({"until_next": True, "repeat": WEEKLY}, {}, None, id="TU-032 the next firing"),
    ],
)
def test_the_end_of_a_copy(
    said: dict[str, Any], changes: dict[str, Any], ends: datetime | None
) -> None:
    room = Room()
    room.do(create(**said))
    room.do(CopyAssignment("autumn", "spring", scheduled=day(4), **changes))
    new = record(room, "autumn")
    assert (new.due, new.expires) == (day(4), ends)
    assert new.until_next == ("until_next" in said and not changes)
    assert new.lasts is None


@rule("TU-032")
def test_an_end_that_has_passed_needs_another() -> None:
    room = Room()
    room.do(create(expires=day(3)))
    room.at(4)
    assert room.refused(InvalidValue, CopyAssignment("autumn", "spring")).field == "expires"
    room.do(CopyAssignment("autumn", "spring", last_day=date(2026, 3, 31)))


@rule("TU-032")
def test_a_copy_needs_a_key_code_of_its_own() -> None:
    room = Room()
    room.register()
    room.do(for_code())
    for code in (None, code_id()):
        refusal = room.refused(InvalidValue, CopyAssignment("autumn", "spring", code))
        assert (refusal.field, refusal.value) == ("key_code", "not shown")
    room.refused(UnknownKeyCode, CopyAssignment("autumn", "spring", code_id(2)))
    room.register(2)
    room.do(CopyAssignment("autumn", "spring", code_id(2)))
    assert record(room, "autumn").key_code == code_id(2)


@rule("TU-032")
def test_a_copy_for_distributors_has_no_key_code() -> None:
    room = Room()
    room.register()
    room.do(create())
    room.refused(InvalidValue, CopyAssignment("autumn", "spring", code_id()))


@rule("TU-032")
def test_a_copy_has_an_id_of_its_own() -> None:
    room = Room()
    room.do(create())
    refusal = room.refused(AlreadyExists, CopyAssignment("spring", "spring"))
    assert (refusal.kind, refusal.key) == ("assignment", "spring")
    room.refused(UnknownObject, CopyAssignment("autumn", "winter"))


@pytest.mark.parametrize(
    "values",
    [
        ("autumn", ""),
        ("autumn", "spring", "SUMMER"),
        ("autumn", "spring", None, "soon"),
        ("autumn", "spring", None, None, START),
        ("autumn", "spring", None, None, date(9001, 1, 1)),
    ],
)
def test_what_cannot_be_copied(values: Any) -> None:
    with pytest.raises(InvalidInput):
        CopyAssignment(*values)
