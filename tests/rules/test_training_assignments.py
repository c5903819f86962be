"""Assignments: what one may say, when it fires, and that it fires once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from tests.rules.training_room import CREATOR, START, SYSTEM, Room, code_id, day, rule
from unitledger.accounts import batch, keycode, member
from unitledger.amounts import Credits, Units
from unitledger.errors import (
    AlreadyExists,
    IllegalTransition,
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotDue,
    RequestConflict,
    TooPrecise,
    UnknownObject,
    WrongUnit,
)
from unitledger.policy import Policy
from unitledger.training import (
    Assignment,
    AssignmentState,
    AudienceRow,
    CreateAssignment,
    FireAssignment,
    Method,
    lot_of,
)


def rows(text: str) -> tuple[AudienceRow, ...]:
    """Audience rows, as ``"30 sales, 5 anyone"``."""
    words = [row.split() for row in text.split(", ")]
    return tuple(
        AudienceRow(Units.of(amount), None if who == "anyone" else who) for amount, who in words
    )


def create(**changes: Any) -> CreateAssignment:
    """An assignment of 30 units to the sales group, handed out by dan."""
    fields: dict[str, Any] = {
        "assignment": "spring",
        "title": "Spring budget",
        "method": Method.DISTRIBUTOR,
        "rows": rows("30 sales"),
        "distributors": frozenset({"dan"}),
    }
    return CreateAssignment(**{**fields, **changes})


def for_code(**changes: Any) -> CreateAssignment:
    """The same behind a key code."""
    by_code = {"method": Method.KEY_CODE, "distributors": frozenset(), "key_code": code_id(1)}
    return create(**{**by_code, **changes})


def record(room: Room, assignment: str = "spring") -> Assignment:
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = reading.record(Assignment.KIND, assignment)
    assert isinstance(found, Assignment)
    return found


# What an assignment may say.


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"title": "x" * 100}, id="TU-020 a title of 100 characters"),
        pytest.param({"title": "é"}, id="TU-020 of one, whatever it is"),
        pytest.param({"rows": rows("999999 sales")}, id="TU-026 999,999 units"),
        pytest.param({"rows": rows("0.01 sales")}, id="TU-025 a hundredth of one"),
        pytest.param({"rows": rows("1 ann") * 1000}, id="TU-028 a thousand rows"),
        pytest.param({"assignment": "x" * 113}, id="the longest id that leaves room for its lots"),
    ],
)
def test_what_an_assignment_may_say(changes: dict[str, Any]) -> None:
    assert create(**changes).title


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        pytest.param(LimitExceeded, {"title": "x" * 101}, id="TU-020 a title of 101 characters"),
        pytest.param(InvalidValue, {"title": ""}, id="TU-020 no title"),
        pytest.param(InvalidValue, {"title": "  "}, id="TU-020 a blank title"),
        pytest.param(InvalidValue, {"title": "two\nlines"}, id="TU-020 a title of two lines"),
        pytest.param(InvalidValue, {"title": "\ud800"}, id="TU-020 half a character"),
        pytest.param(InvalidType, {"title": 7}, id="TU-020 a number for a title"),
        pytest.param(InvalidValue, {"distributors": frozenset()}, id="TU-023 no distributor"),
        pytest.param(InvalidValue, {"key_code": code_id(1)}, id="TU-023 a key code beside them"),
        pytest.param(InvalidValue, {"rows": rows("5 anyone")}, id="TU-023 for nobody"),
        pytest.param(InvalidType, {"distributors": {"dan"}}, id="TU-023 not a frozenset"),
        pytest.param(
            InvalidInput, {"distributors": frozenset({" dan"})}, id="TU-023 not a user's id"
        ),
        pytest.param(
            LimitExceeded,
            {"distributors": frozenset(map(str, range(1001)))},
            id="TU-023 1001 distributors",
        ),
        pytest.param(InvalidType, {"method": "distributor"}, id="TU-023 a method by its name"),
        pytest.param(InvalidValue, {"rows": ()}, id="TU-028 no row"),
        pytest.param(InvalidType, {"rows": list(rows("5 ann"))}, id="TU-028 a list"),
        pytest.param(InvalidType, {"rows": ("5 ann",)}, id="TU-028 a text for a row"),
        pytest.param(LimitExceeded, {"rows": rows("1 ann") * 1001}, id="TU-028 1001 rows"),
        pytest.param(InvalidInput, {"assignment": "x" * 114}, id="an id too long for its lots"),
        pytest.param(InvalidInput, {"assignment": ""}, id="no id"),
        pytest.param(InvalidInput, {"expires": datetime(2027, 1, 1)}, id="TU-291 a naive expiry"),  # noqa: DTZ001
        pytest.param(InvalidInput, {"scheduled": date(2027, 1, 1)}, id="TU-291 a day to fire on"),
        pytest.param(
            InvalidType,
            {"last_day": day(9)},
            id="TU-291 an instant for a day",
        ),
        pytest.param(
            InvalidValue,
            {"last_day": date(2027, 1, 1), "expires": day(5)},
            id="TU-061 two kinds of expiry",
        ),
    ],
)
def test_what_an_assignment_may_not_say(error: type[InvalidInput], changes: dict[str, Any]) -> None:
    with pytest.raises(error):
        create(**changes)


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        pytest.param(InvalidValue, {"key_code": None}, id="TU-024 no key code"),
        pytest.param(InvalidValue, {"key_code": "SUMMER"}, id="TU-024 a plain code"),
        pytest.param(
            InvalidValue, {"distributors": frozenset({"dan"})}, id="TU-024 a distributor beside it"
        ),
    ],
)
def test_what_an_assignment_to_a_key_code_may_not_say(
    error: type[InvalidInput], changes: dict[str, Any]
) -> None:
    with pytest.raises(error):
        for_code(**changes)


@pytest.mark.parametrize(
    ("error", "amount"),
    [
        pytest.param(InvalidValue, lambda: Units.of(0), id="TU-025 zero"),
        pytest.param(InvalidInput, lambda: Units.of(-1), id="TU-025 negative"),
        pytest.param(TooPrecise, lambda: Units.of("0.001"), id="TU-025 three decimals"),
        pytest.param(LimitExceeded, lambda: Units.of("999999.01"), id="TU-026 999,999.01"),
        pytest.param(LimitExceeded, lambda: Units.of(1_000_000), id="TU-026 1,000,000"),
        pytest.param(WrongUnit, lambda: Credits.of(5), id="credits"),
        pytest.param(InvalidType, lambda: 5, id="a plain number"),
    ],
)
def test_what_an_audience_row_may_not_give(error: type[Exception], amount: Any) -> None:
    with pytest.raises(error):
        AudienceRow(amount(), "sales")


@rule("TU-020")
def test_a_title_need_not_be_unique() -> None:
    room = Room()
    room.do(create())
    room.do(create(assignment="autumn"))


def test_an_id_is_used_once() -> None:
    room = Room()
    room.do(create())
    room.refused(AlreadyExists, create(title="Another"))


# Its times.


@rule("TU-040")
def test_an_assignment_is_scheduled_first_and_fires_at_once_when_asked() -> None:
    room = Room()
    receipt = room.do(create(), CREATOR)
    assert receipt.outcome.due == START
    assert receipt.outcome.total == Units.of(30)
    assert record(room).state is AssignmentState.SCHEDULED
    assert room.available(batch("spring", 1, 1)) == "0.00"
    room.do(FireAssignment("spring"), SYSTEM)
    assert room.available(batch("spring", 1, 1)) == "30.00"


@rule("TU-041")
def test_an_assignment_does_not_fire_before_its_instant() -> None:
    room = Room()
    room.do(create(scheduled=day(10)))
    room.at(9)
    refusal = room.refused(NotDue, FireAssignment("spring"))
    assert refusal.due == day(10)
    assert room.ledger.balance(batch("spring", 1, 1)).lots == ()
    room.at(10)
    room.do(FireAssignment("spring"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"scheduled": day(-1)}, id="TU-041 fired in the past"),
        pytest.param({"expires": START}, id="TU-061 ended at once"),
        pytest.param({"scheduled": day(5), "expires": day(5)}, id="TU-061 ended as it fires"),
        pytest.param({"last_day": date(2026, 3, 1)}, id="TU-070 ended yesterday"),
    ],
)
def test_times_must_lie_ahead(changes: dict[str, Any]) -> None:
    Room().refused(InvalidValue, create(**changes))


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        pytest.param({}, None, id="TU-060 never"),
        pytest.param({"expires": day(30)}, day(30), id="TU-061 an instant"),
        pytest.param(
            {"last_day": date(2026, 3, 2)},
            datetime.fromisoformat("2026-03-03T00:00:00+01:00"),
            id="TU-070 the end of a day in the zone",
        ),
    ],
)
def test_its_units_end(changes: dict[str, Any], ends: datetime | None) -> None:
    room = Room(Policy(zone="Europe/Vienna"))
    assert room.do(create(**changes)).outcome.expires == ends
    room.do(FireAssignment("spring"))
    (line,) = room.ledger.balance(batch("spring", 1, 1)).lots
    assert line.lot.terms.expires == ends


@rule("TU-070")
def test_units_can_be_used_to_the_end_of_their_last_day() -> None:
    room = Room(Policy(zone="Europe/Vienna"))
    room.do(create(last_day=date(2026, 3, 31)))
    room.do(FireAssignment("spring"))
    pot, over = batch("spring", 1, 1), datetime.fromisoformat("2026-04-01T00:00:00+02:00")
    assert room.ledger.balance(pot, at=over).available == Units.of(0)
    last = over.replace(microsecond=0) - (day(1) - day(0)) / 86_400
    assert room.ledger.balance(pot, at=last).available == Units.of(30)


# Firing.


@rule("TU-021", "TU-028", "TU-042")
def test_firing_issues_one_lot_per_audience_row() -> None:
    room = Room()
    room.do(create(rows=rows("30 sales, 12.50 legal")))
    room.at(2)
    fired = room.do(FireAssignment("spring"), SYSTEM).outcome
    assert fired.lots == ("spring/1/1", "spring/1/2")
    assert fired.total == Units.of("42.5")
    for row, amount in ((1, "30.00"), (2, "12.50")):
        wallet = batch("spring", 1, row)
        (line,) = room.ledger.balance(wallet).lots
        assert room.available(wallet) == amount
        assert (line.lot.id, line.lot.home) == (lot_of("spring", 1, row), wallet)
        assert (line.lot.acquired, line.lot.terms.effective, line.lot.cycle) == (START, START, 1)
    processed = record(room)
    assert (processed.state, processed.cycles) == (AssignmentState.PROCESSED, 1)


@rule("TU-024", "TU-106")
def test_a_key_codes_units_come_behind_it_and_ask_for_no_distributor() -> None:
    room = Room(None, "ann: sales")
    room.register()
    room.do(for_code(rows=rows("30 sales, 5 anyone")))
    room.do(FireAssignment("spring"))
    (for_sales, for_all) = room.ledger.balance(keycode(code_id(1))).lots
    assert for_sales.lot.scope is not None
    assert for_sales.lot.scope.audience == {"sales"}
    assert for_all.lot.scope is None


@rule("TU-051")
def test_a_firing_happens_once_however_often_it_is_asked_for() -> None:
    room = Room()
    room.do(create())
    first = room.do(FireAssignment("spring"), SYSTEM, "fire-1")
    room.at(1)
    again = room.do(FireAssignment("spring"), CREATOR, "fire-2")
    assert (again.outcome, again.moves, again.same_as) == (first.outcome, (), "fire-1")
    late = room.do(FireAssignment("spring"), SYSTEM, "fire-3")
    assert late.same_as == "fire-1"
    retried = room.ledger.execute(FireAssignment("spring"), by=SYSTEM, request="fire-1")
    assert retried == first
    assert room.available(batch("spring", 1, 1)) == "30.00"


def test_a_request_means_one_firing() -> None:
    room = Room()
    room.do(create())
    room.do(FireAssignment("spring"), SYSTEM, "fire")
    with pytest.raises(RequestConflict):
        room.ledger.execute(FireAssignment("autumn"), by=SYSTEM, request="fire")


@pytest.mark.parametrize(
    ("error", "fired", "command"),
    [
        pytest.param(
            IllegalTransition, True, FireAssignment("spring", 2), id="TU-042 a second firing"
        ),
        pytest.param(InvalidValue, False, FireAssignment("spring", 2), id="TU-042 not in turn"),
        pytest.param(UnknownObject, False, FireAssignment("winter"), id="TU-051 an unknown one"),
    ],
)
def test_a_standard_assignment_fires_once(
    error: type[InvalidInput], fired: bool, command: FireAssignment
) -> None:
    room = Room()
    room.do(create())
    if fired:
        room.do(FireAssignment("spring"))
    room.refused(error, command)


@pytest.mark.parametrize("cycle", [0, -1, 10**9, True, 1.0])
def test_a_firing_has_a_number(cycle: Any) -> None:
    with pytest.raises(InvalidInput):
        FireAssignment("spring", cycle)


@rule("TU-051", "TU-061")
def test_a_processor_that_comes_after_the_expiry_issues_what_has_lapsed() -> None:
    room = Room()
    room.do(create(expires=day(5)))
    room.at(6)
    room.do(FireAssignment("spring"))
    balance = room.ledger.balance(batch("spring", 1, 1))
    assert (balance.available, balance.expired) == (Units.of(0), Units.of(30))


@rule("TU-051", "TU-193")
def test_a_late_processor_does_not_change_which_lot_is_older() -> None:
    room = Room()
    for name, due in (("older", 1), ("newer", 2)):
        room.do(create(assignment=name, scheduled=day(due)))
    room.at(3)
    for name in ("newer", "older"):
        room.do(FireAssignment(name))
    acquired = [
        room.ledger.balance(batch(n, 1, 1)).lots[0].lot.acquired for n in ("older", "newer")
    ]
    assert acquired == [day(1), day(2)]


def test_many_rows_need_no_more_tries_than_few() -> None:
    room = Room()
    room.do(create(rows=rows("1 ann") * 200))
    assert room.do(FireAssignment("spring")).outcome.total == Units.of(200)


@rule("TU-027")
def test_there_is_no_cap_over_several_assignments() -> None:
    room = Room()
    for name in ("one", "two", "three"):
        room.do(create(assignment=name, rows=rows("999999 sales, 999999 legal")))
        room.do(FireAssignment(name))


@rule("TU-031")
def test_nobody_can_spend_what_has_not_been_distributed() -> None:
    room = Room()
    room.do(create(rows=rows("30 ann")))
    room.do(FireAssignment("spring"))
    assert room.available(member("ann")) == "0.00"


@rule("TU-053", "TU-048")
def test_what_is_left_of_one_assignment_stays_beside_the_next() -> None:
    room = Room()
    for name in ("march", "april"):
        room.do(create(assignment=name))
        room.do(FireAssignment(name))
    assert room.available(batch("march", 1, 1)) == "30.00"
    assert room.available(batch("april", 1, 1)) == "30.00"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("a", 1, 1), ("a/1", 1, 1), id="an id with a slash"),
        pytest.param(("a", 11, 1), ("a", 1, 11), id="numbers beside each other"),
    ],
)
def test_two_rows_never_share_a_lot(one: tuple[str, int, int], other: tuple[str, int, int]) -> None:
    assert lot_of(*one) != lot_of(*other)


@rule("TU-023", "TU-040")
def test_the_most_distributors_and_the_earliest_instant() -> None:
    many = frozenset(f"user {number}" for number in range(1000))
    room = Room()
    receipt = room.do(create(distributors=many, scheduled=START), CREATOR)
    assert receipt.outcome.due == START
    assert record(room).distributors == many
