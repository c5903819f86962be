"""Recurring assignments: every date fires once, its units end as they were told to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.rules.test_training_assignments import create, for_code, record
from tests.rules.training_room import CREATOR, START, SYSTEM, Room, code_id, day, distributor, rule
from unitledger.accounts import batch, keycode, member
from unitledger.amounts import Units
from unitledger.errors import (
    IllegalTransition,
    InsufficientUnits,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NotDue,
)
from unitledger.operations import EditExpiry, Issue
from unitledger.policy import CatchUp, ExpiryBoundary, LastCycle, OnCancel, Policy
from unitledger.time import Period
from unitledger.training import (
    ActivateAssignment,
    AssignmentState,
    CancelAssignment,
    Distribute,
    Emails,
    FireAssignment,
    Repeat,
    Span,
    due_firings,
    every_assignment,
    lot_of,
)

WEEKLY = Repeat(Period.WEEK)
SCHEDULED, ACTIVE = AssignmentState.SCHEDULED, AssignmentState.ACTIVE
PROCESSED, CANCELLED = AssignmentState.PROCESSED, AssignmentState.CANCELLED


def weekly(policy: Policy | None = None, *, until: int = 0, **changes: Any) -> Room:
    """A room with 30 units for sales every week, fired on day 0, 7, … up to a day."""
    room = Room(policy, "ann: sales")
    room.do(create(**{"repeat": WEEKLY, **changes}), CREATOR)
    fire(room, until)
    return room


def fire(room: Room, until: int) -> list[str]:
    """Move to a day and fire all that is due; gives which firings."""
    room.at(until)
    fired = []
    while due := due_now(room):
        for command in due:
            room.do(command, SYSTEM)
            fired.append(f"{command.assignment}/{command.cycle}")
    return fired


def due_now(room: Room) -> tuple[FireAssignment, ...]:
    with room.ledger.store.read(room.ledger.portal) as reading:
        return due_firings(reading, room.ledger.clock.now())


def pot(cycle: int, row: int = 1) -> str:
    return batch("spring", cycle, row)


def ends(room: Room, cycle: int) -> datetime | None:
    (line,) = room.ledger.balance(pot(cycle)).lots
    return line.lot.terms.expires


# Dates.


@rule("TU-022", "TU-043", "X-07")
def test_a_recurring_assignment_goes_on() -> None:
    room = weekly()
    first = record(room)
    assert (first.state, first.cycles, first.due, first.turn) == (ACTIVE, 1, day(7), 1)
    room.at(7)
    fired = room.do(FireAssignment("spring", 2), SYSTEM).outcome
    assert (fired.cycle, fired.lots, fired.total, fired.due) == (
        2,
        ("spring/2/1",),
        Units.of(30),
        day(7),
    )
    second = record(room)
    assert (second.state, second.cycles, second.due, second.turn) == (ACTIVE, 2, day(14), 2)


@rule("TU-046")
def test_it_fires_on_its_dates_and_not_before() -> None:
    room = weekly()
    room.at(6)
    assert room.refused(NotDue, FireAssignment("spring", 2)).due == day(7)
    room.refused(InvalidValue, FireAssignment("spring", 3))
    room.at(7)
    room.do(FireAssignment("spring", 2))


@rule("TU-048", "TU-053")
def test_what_is_used_up_comes_back_with_the_next_date_alone() -> None:
    room = weekly()
    dan = distributor("dan")
    room.do(Distribute("spring", 1, (("ann", Units.of(30)),)), dan)
    room.at(6)
    more = Distribute("spring", 1, (("ann", Units.of(1)),), 2)
    room.refused(InsufficientUnits, more, dan)
    assert fire(room, 7) == ["spring/2"]
    room.do(more, dan)
    assert (room.available(pot(1)), room.available(pot(2))) == ("0.00", "29.00")


@rule("TU-053")
def test_what_is_left_of_one_date_stays_beside_the_next() -> None:
    room = weekly(until=14)
    assert [room.available(pot(cycle)) for cycle in (1, 2, 3)] == ["30.00"] * 3


@rule("TU-044")
def test_a_yearly_date_waits_for_its_day() -> None:
    room = Room()
    outcome = room.do(create(repeat=Repeat.yearly(4, 1)), CREATOR).outcome
    assert outcome.due == datetime(2026, 4, 1, tzinfo=UTC)
    assert fire(room, 29) == []
    assert fire(room, 30) == ["spring/1"]
    assert record(room).due == datetime(2027, 4, 1, tzinfo=UTC)


@rule("TU-041", "TU-046")
def test_a_scheduled_date_is_the_first() -> None:
    room = Room()
    room.do(create(repeat=WEEKLY, scheduled=day(3)), CREATOR)
    assert fire(room, 2) == []
    assert fire(room, 12) == ["spring/1", "spring/2"]


@rule("TU-051")
def test_a_late_processor_issues_every_date_as_if_it_had_been_there() -> None:
    late, early = weekly(), weekly()
    for number in (7, 14):
        fire(early, number)
    assert fire(late, 20) == ["spring/2", "spring/3"]
    for cycle in (1, 2, 3):
        (one,), (other,) = (room.ledger.balance(pot(cycle)).lots for room in (late, early))
        assert one.lot.terms == other.lot.terms
        assert one.lot.acquired == other.lot.acquired == day(7 * (cycle - 1))


@rule("TU-051")
def test_a_firing_asked_for_again_says_what_it_said_though_others_followed() -> None:
    room = weekly(until=14)
    again = room.do(FireAssignment("spring", 2), CREATOR, "again")
    first = room.ledger.receipt("r3")
    assert first is not None
    assert (again.outcome, again.moves, again.same_as) == (first.outcome, (), "r3")
    assert record(room).cycles == 3


@rule("TU-051", "TU-040")
def test_what_is_due_comes_in_the_order_of_its_dates() -> None:
    room = Room()
    for name, when in (("b", 2), ("c", 1), ("a", 2), ("d", 9)):
        room.do(create(assignment=name, scheduled=day(when)))
    room.at(2)
    assert [one.assignment for one in due_now(room)] == ["c", "a", "b"]
    room.do(CancelAssignment("a"))
    assert [one.assignment for one in due_now(room)] == ["c", "b"]


@rule("TU-033")
def test_every_assignment_can_be_listed_by_state() -> None:
    room = Room()
    for name in ("a", "b", "c"):
        room.do(create(assignment=name))
    room.do(FireAssignment("b"))
    room.do(CancelAssignment("c"))
    with room.ledger.store.read("main") as reading:  # type: ignore[arg-type]
        listed = [one.id for one in every_assignment(reading)]
        waiting = [one.id for one in every_assignment(reading, SCHEDULED, CANCELLED)]
    assert listed == ["a", "b", "c"]
    assert waiting == ["a", "c"]


@rule("TU-052")
def test_a_recurring_key_code_is_one_code_with_a_lot_for_every_date() -> None:
    room = Room()
    room.register()
    room.do(for_code(repeat=WEEKLY, lasts=Span(Period.DAY, 10)))
    fire(room, 7)
    first, second = (line.lot for line in room.ledger.balance(keycode(code_id())).lots)
    assert (first.id, second.id) == ("spring/1/1", "spring/2/1")
    assert (first.cycle, second.cycle) == (1, 2)
    assert (first.acquired, second.acquired) == (day(0), day(7))
    assert (first.terms.expires, second.terms.expires) == (day(10), day(17))


# Ends.


@rule("TU-062")
def test_each_lot_has_an_end_of_its_own() -> None:
    room = weekly(lasts=Span(Period.DAY, 10), until=14)
    assert [ends(room, cycle) for cycle in (1, 2, 3)] == [day(10), day(17), day(24)]
    assert [room.available(pot(cycle)) for cycle in (1, 2, 3)] == ["0.00", "30.00", "30.00"]


@rule("TU-063")
def test_units_end_when_the_next_are_due() -> None:
    room = weekly(until_next=True)
    assert ends(room, 1) == day(7)
    room.at(7)
    assert room.available(pot(1)) == "0.00"
    fire(room, 8)
    assert (room.available(pot(2)), ends(room, 2)) == ("30.00", day(14))


@rule("TU-061")
def test_a_fixed_end_is_one_for_all_dates_and_the_last_of_them() -> None:
    room = weekly(expires=day(14), until=7)
    assert [ends(room, cycle) for cycle in (1, 2)] == [day(14), day(14)]
    last = record(room)
    assert (last.state, last.cycles, last.due) == (PROCESSED, 2, day(7))
    room.refused(IllegalTransition, FireAssignment("spring", 3))


@rule("TU-061")
def test_a_date_just_before_a_fixed_end_still_counts() -> None:
    room = weekly(expires=day(15), until=7)
    assert (record(room).state, record(room).due) == (ACTIVE, day(14))
    fire(room, 14)
    assert record(room).state is PROCESSED


@rule("TU-070")
@pytest.mark.parametrize(
    ("boundary", "over"), [(ExpiryBoundary.INCLUSIVE, 31), (ExpiryBoundary.EXCLUSIVE, 30)]
)
def test_a_last_day_under_a_boundary(boundary: ExpiryBoundary, over: int) -> None:
    room = Room(Policy(expiry_boundary=boundary))
    outcome = room.do(create(last_day=date(2026, 3, 31))).outcome
    assert outcome.expires == datetime(2026, 3, over, tzinfo=UTC) + (day(1) - day(0))


@rule("TU-071")
def test_a_bare_last_day_is_a_fixed_end() -> None:
    room = Room()
    room.do(create(last_day=date(2026, 3, 31)))
    made = record(room)
    assert (made.expires, made.lasts, made.until_next) == (
        datetime(2026, 4, 1, tzinfo=UTC),
        None,
        False,
    )


@pytest.mark.parametrize(
    ("error", "field", "changes"),
    [
        pytest.param(
            InvalidValue, "last_day", {"expires": day(9), "last_day": date(2027, 1, 1)},
            id="TU-061 an instant and a day",
        ),
        pytest.param(
            InvalidValue, "lasts", {"expires": day(9), "lasts": Span(Period.DAY)},
            id="TU-062 an instant and a span",
        ),
        pytest.param(
            InvalidValue, "lasts", {"last_day": date(2027, 1, 1), "lasts": Span(Period.DAY)},
            id="TU-062 a day and a span",
        ),
        pytest.param(
            InvalidValue, "until_next",
            {"lasts": Span(Period.DAY), "until_next": True, "repeat": WEEKLY},
            id="TU-063 a span and the next firing",
        ),
        pytest.param(
            InvalidValue, "until_next", {"until_next": True},
            id="TU-063 with the next firing of one that fires once",
        ),
        pytest.param(InvalidType, "until_next", {"until_next": 1}, id="TU-063 a number"),
        pytest.param(InvalidType, "lasts", {"lasts": 30}, id="TU-062 a number of days"),
        pytest.param(InvalidType, "repeat", {"repeat": "weekly"}, id="TU-046 a word"),
        pytest.param(InvalidType, "emails", {"emails": "none"}, id="TU-265 mails by their name"),
        pytest.param(
            InvalidValue, "template", {"emails": Emails.CUSTOM}, id="TU-266 custom without template"
        ),
        pytest.param(
            InvalidValue, "template", {"template": "t1"}, id="TU-266 a template for the defaults"
        ),
    ],
)  # fmt: skip
def test_what_a_recurring_assignment_may_not_say(
    error: type[Any], field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(error) as refused:
        create(**changes)
    assert refused.value.field == field


# Cancelled, and active again.


@rule("TU-049", "X-07")
def test_a_cancelled_assignment_fires_no_more() -> None:
    room = weekly()
    outcome = room.do(CancelAssignment("spring"), CREATOR).outcome
    assert (outcome.assignment, outcome.ended) == ("spring", ())
    assert record(room).state is CANCELLED
    assert fire(room, 30) == []
    refusal = room.refused(IllegalTransition, FireAssignment("spring", 2))
    assert (refusal.kind, refusal.key, refusal.state, refusal.wanted) == (
        "assignment",
        "spring",
        "cancelled",
        "active",
    )
    room.refused(IllegalTransition, CancelAssignment("spring"))
    assert room.do(FireAssignment("spring", 1)).same_as == "r2"


@pytest.mark.parametrize("cancel_scheduled", [True, False], ids=lambda value: f"X-07 {value}")
def test_before_it_has_fired_it_can_be_cancelled_by_policy(*, cancel_scheduled: bool) -> None:
    room = Room(Policy(cancel_scheduled=cancel_scheduled))
    room.do(create(scheduled=day(3)))
    if not cancel_scheduled:
        refusal = room.refused(IllegalTransition, CancelAssignment("spring"))
        assert (refusal.state, refusal.wanted) == ("scheduled", "cancelled")
        return
    room.do(CancelAssignment("spring"))
    assert fire(room, 9) == []
    outcome = room.do(ActivateAssignment("spring")).outcome
    assert (outcome.state, outcome.due) == (SCHEDULED, day(3))
    assert fire(room, 9) == ["spring/1"]


@rule("X-07")
def test_a_policy_about_scheduled_ones_says_nothing_about_active_ones() -> None:
    weekly(Policy(cancel_scheduled=False)).do(CancelAssignment("spring"))


@rule("X-07")
def test_what_is_processed_stays_so() -> None:
    room = Room()
    room.do(create())
    room.do(FireAssignment("spring"))
    room.refused(IllegalTransition, CancelAssignment("spring"))
    refusal = room.refused(IllegalTransition, ActivateAssignment("spring"))
    assert (refusal.state, refusal.wanted) == ("processed", "active")


@rule("X-07")
@pytest.mark.parametrize(("repeat", "state"), [(WEEKLY, "active"), (None, "scheduled")])
def test_what_is_not_cancelled_is_not_made_active(repeat: Repeat | None, state: str) -> None:
    room = Room()
    room.do(create(repeat=repeat))
    if repeat:
        room.do(FireAssignment("spring"))
    refusal = room.refused(IllegalTransition, ActivateAssignment("spring"))
    assert (refusal.state, refusal.wanted) == (state, state)


@pytest.mark.parametrize(
    ("policy", "back", "due", "fired"),
    [
        pytest.param("skip", 24, 28, [], id="TU-050 SKIP"),
        pytest.param("latest", 24, 21, ["spring/2"], id="TU-050 LATEST"),
        pytest.param("all", 24, 7, ["spring/2", "spring/3", "spring/4"], id="TU-050 ALL"),
        pytest.param("skip", 21, 21, ["spring/2"], id="TU-050 SKIP on a date is that date"),
        pytest.param("latest", 21, 21, ["spring/2"], id="TU-050 LATEST on a date is that date"),
        pytest.param("latest", 20, 14, ["spring/2"], id="TU-050 LATEST before a date"),
        pytest.param("skip", 4, 7, [], id="TU-050 SKIP with none missed"),
        pytest.param("latest", 4, 7, [], id="TU-050 LATEST with none missed"),
        pytest.param("all", 4, 7, [], id="TU-050 ALL with none missed"),
    ],
)
def test_missed_dates_are_made_up_for_by_policy(
    policy: str, back: int, due: int, fired: list[str]
) -> None:
    room = weekly(Policy(catch_up=CatchUp(policy)))
    room.at(2)
    room.do(CancelAssignment("spring"))
    room.at(back)
    outcome = room.do(ActivateAssignment("spring"), CREATOR).outcome
    assert (outcome.assignment, outcome.state, outcome.due) == ("spring", ACTIVE, day(due))
    assert record(room).turn == due // 7
    assert fire(room, back) == fired
    assert [room.available(pot(n + 2)) for n in range(len(fired))] == ["30.00"] * len(fired)


@rule("TU-050")
def test_missing_dates_is_skipped_by_default() -> None:
    assert Policy().catch_up is CatchUp.SKIP


@pytest.mark.parametrize("catch_up", list(CatchUp), ids=lambda value: f"TU-050 {value.name}")
def test_dates_that_all_lie_behind_a_fixed_end(catch_up: CatchUp) -> None:
    room = weekly(Policy(catch_up=catch_up), expires=day(10))
    room.do(CancelAssignment("spring"))
    room.at(20)
    outcome = room.do(ActivateAssignment("spring")).outcome
    if catch_up is CatchUp.SKIP:
        assert (outcome.state, outcome.due) == (PROCESSED, None)
        assert fire(room, 20) == []
    else:
        assert (outcome.state, outcome.due) == (ACTIVE, day(7))
        assert fire(room, 20) == ["spring/2"]
        assert room.available(pot(2)) == "0.00"


@pytest.mark.parametrize(
    ("on_cancel", "available", "ended"),
    [
        pytest.param(OnCancel.KEEP_LOTS, ["30.00", "30.00"], (), id="X-18 KEEP_LOTS"),
        pytest.param(
            OnCancel.EXPIRE_UNSPENT, ["0.00", "0.00"], ("spring/1/1", "spring/2/1"),
            id="X-18 EXPIRE_UNSPENT",
        ),
    ],
)  # fmt: skip
def test_a_cancellation_and_what_was_issued(
    on_cancel: OnCancel, available: list[str], ended: tuple[str, ...]
) -> None:
    room = weekly(Policy(on_cancel=on_cancel), until=7)
    room.do(Distribute("spring", 1, (("ann", Units.of(12)),)), distributor("dan"))
    room.at(9)
    outcome = room.do(CancelAssignment("spring")).outcome
    assert outcome.ended == ended
    kept = on_cancel is OnCancel.KEEP_LOTS
    assert room.available(member("ann")) == ("12.00" if kept else "0.00")
    assert room.available(pot(1)) == ("18.00" if kept else "0.00")
    assert room.available(pot(2)) == available[1]
    assert ends(room, 2) == (None if kept else day(9))


@rule("X-18")
def test_the_units_of_a_cancelled_assignment_stay_by_default() -> None:
    assert Policy().on_cancel is OnCancel.KEEP_LOTS


@rule("X-18")
def test_what_has_ended_already_keeps_its_end() -> None:
    room = weekly(Policy(on_cancel=OnCancel.EXPIRE_UNSPENT), lasts=Span(Period.DAY, 8), until=7)
    room.at(8)
    outcome = room.do(CancelAssignment("spring")).outcome
    assert outcome.ended == ("spring/2/1",)
    assert (ends(room, 1), ends(room, 2)) == (day(8), day(8))


@rule("X-18")
def test_what_was_issued_that_very_instant_ends_with_the_next() -> None:
    """A span of no time is none; so the end is one microsecond later."""
    room = weekly(Policy(on_cancel=OnCancel.EXPIRE_UNSPENT))
    room.do(CancelAssignment("spring"))
    over = ends(room, 1)
    assert over is not None
    assert (over - START).total_seconds() == pytest.approx(1e-6)


@rule("X-18")
def test_only_its_own_lots_end() -> None:
    room = weekly(Policy(on_cancel=OnCancel.EXPIRE_UNSPENT))
    for cycle, row in ((2, 1), (1, 2)):
        room.do(Issue(lot_of("spring", cycle, row), member("ann"), Units.of(5)))
    room.at(1)
    assert room.do(CancelAssignment("spring")).outcome.ended == ("spring/1/1",)


@pytest.mark.parametrize(
    ("last_cycle", "over", "ended"),
    [
        pytest.param(LastCycle.KEEP, None, ("spring/2/1",), id="TU-063 KEEP"),
        pytest.param(LastCycle.EXPIRE, day(14), (), id="TU-063 EXPIRE"),
    ],
)
@pytest.mark.parametrize("when", [9, 20], ids=["in time", "after the date"])
def test_the_last_units_of_a_cancelled_assignment(
    last_cycle: LastCycle, over: datetime | None, ended: tuple[str, ...], when: int
) -> None:
    room = weekly(Policy(last_cycle=last_cycle), until_next=True, until=7)
    room.at(when)
    assert room.do(CancelAssignment("spring")).outcome.ended == ended
    assert (ends(room, 1), ends(room, 2)) == (day(7), over)
    room.at(100)
    assert room.available(pot(2)) == ("30.00" if over is None else "0.00")


@rule("TU-063")
def test_the_last_units_are_kept_by_default() -> None:
    assert Policy().last_cycle is LastCycle.KEEP


@rule("TU-063")
def test_an_end_that_somebody_chose_is_left_alone() -> None:
    room = weekly(until_next=True)
    edit = EditExpiry(lot_of("spring", 1, 1), batch("spring", 1, 1), day(50))
    room.do(edit, CREATOR)
    assert room.do(CancelAssignment("spring")).outcome.ended == ()
    room.do(ActivateAssignment("spring"))
    assert ends(room, 1) == day(50)


@rule("TU-063")
def test_units_that_do_not_end_with_the_next_are_left_alone() -> None:
    room = weekly(lasts=Span(Period.WEEK))
    assert room.do(CancelAssignment("spring")).outcome.ended == ()
    assert ends(room, 1) == day(7)
    room = weekly()
    room.do(CancelAssignment("spring"))
    room.do(ActivateAssignment("spring"))
    assert ends(room, 1) is None


@pytest.mark.parametrize(
    ("catch_up", "over"),
    [
        pytest.param(CatchUp.SKIP, day(28), id="TU-063 SKIP the next date to come"),
        pytest.param(CatchUp.LATEST, day(24), id="TU-063 LATEST at once"),
        pytest.param(CatchUp.ALL, day(24), id="TU-063 ALL at once"),
    ],
)
def test_units_that_were_kept_end_with_the_next_date_again(
    catch_up: CatchUp, over: datetime
) -> None:
    room = weekly(Policy(catch_up=catch_up), until_next=True)
    room.at(3)
    room.do(CancelAssignment("spring"))
    assert ends(room, 1) is None
    room.at(24)
    assert room.available(pot(1)) == "30.00"
    room.do(ActivateAssignment("spring"))
    assert ends(room, 1) == over


@rule("TU-050")
def test_one_that_fires_once_keeps_its_date() -> None:
    room = Room()
    room.do(create(scheduled=day(3)))
    room.do(CancelAssignment("spring"))
    room.at(9)
    outcome = room.do(ActivateAssignment("spring")).outcome
    assert (outcome.state, outcome.due) == (SCHEDULED, day(3))


@rule("X-07")
def test_a_cancelled_one_that_never_fired_skips_too() -> None:
    room = Room()
    room.do(create(repeat=WEEKLY, scheduled=day(3)))
    room.do(CancelAssignment("spring"))
    room.at(12)
    outcome = room.do(ActivateAssignment("spring")).outcome
    assert (outcome.state, outcome.due) == (SCHEDULED, day(17))


@rule("TU-292")
def test_instants_come_from_the_clock_of_the_ledger_alone() -> None:
    room = weekly()
    room.at(7)
    assert room.do(FireAssignment("spring", 2)).at == day(7)


def test_a_span_beyond_the_calendar_is_refused_when_it_fires() -> None:
    room = Room()
    room.clock.at = datetime(8500, 1, 1, tzinfo=UTC)
    room.do(create(lasts=Span(Period.YEAR, 1000)))
    room.refused(LimitExceeded, FireAssignment("spring"))


@pytest.mark.parametrize(("until", "state"), [(21, "processed"), (22, "active")])
def test_a_date_at_a_fixed_end_issues_nothing(until: int, state: str) -> None:
    """TU-050, TU-062."""
    room = weekly(until=1, expires=day(until))
    room.at(8)
    room.do(CancelAssignment("spring"))
    room.at(15)
    assert room.do(ActivateAssignment("spring")).outcome.state == state
