"""Whoever fires assignments, however late and however often, fires the same lots."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.rules.test_training_assignments import create, rows
from tests.rules.training_room import CREATOR, START, SYSTEM, Room
from unitledger.accounts import Cells, State
from unitledger.errors import InvalidValue
from unitledger.policy import LeapDay, Policy, RecurrenceAnchor
from unitledger.time import Period
from unitledger.training import Assignment, FireAssignment, Firing, Repeat, Span, due_firings

DAYS = 400

periods = st.sampled_from(list(Period))
relative = st.one_of(
    st.builds(Repeat, st.just(Period.DAY), st.integers(10, 40)),
    st.builds(Repeat, periods.filter(lambda period: period is not Period.DAY), st.integers(1, 5)),
)
yearly = st.tuples(st.integers(1, 12), st.integers(1, 28)).map(lambda on: Repeat.yearly(*on))
repeats = st.one_of(relative, yearly, st.just(Repeat.yearly(2, 29)), st.none())
policies = st.builds(
    Policy,
    recurrence_anchor=st.sampled_from(list(RecurrenceAnchor)),
    leap_day=st.sampled_from(list(LeapDay)),
    zone=st.sampled_from(["UTC", "Europe/Vienna", "Pacific/Apia"]),
)
times = st.lists(st.integers(0, DAYS * 24), max_size=12, unique=True).map(sorted)


@st.composite
def said(draw: Any) -> dict[str, Any]:
    """What an assignment says about its dates and its ends."""
    repeat = draw(repeats)
    ends: list[dict[str, Any]] = [{}, {"lasts": Span(draw(periods), draw(st.integers(1, 9)))}]
    ends.append({"expires": START + timedelta(days=draw(st.integers(200, DAYS + 100)))})
    if repeat is not None:
        ends.append({"until_next": True})
    later = START + timedelta(hours=draw(st.integers(0, 100)))
    return {"repeat": repeat, "scheduled": later, **draw(st.sampled_from(ends))}


def made(policy: Policy, fields: dict[str, Any]) -> Room | None:
    room = Room(policy)
    try:
        room.ledger.execute(
            create(rows=rows("3 ann, 5 bob"), **fields), by=CREATOR, request="create"
        )
    except InvalidValue:
        return None
    return room


def fire_all(room: Room, at: datetime, *, twice: bool) -> None:
    """Fire whatever is due at an instant, as a processor would."""
    room.clock.at = at
    while True:
        with room.ledger.store.read(room.ledger.portal) as reading:
            due = due_firings(reading, at)
        if not due:
            return
        for command in due:
            for attempt in range(1 + twice):
                request = f"{command.assignment}/{command.cycle} at {at} try {attempt}"
                room.ledger.execute(command, by=SYSTEM, request=request)


def _usable(cells: Cells) -> int:
    """What is there of a lot; whether its expiry was written down makes no difference."""
    return cells[State.FREE] + cells[State.EXPIRED]


def issued(room: Room) -> dict[str, Any]:
    """Every lot with its terms, and when each firing was due."""
    with room.ledger.store.read(room.ledger.portal) as reading:
        lots: dict[str, Any] = {
            lot.id: (lot.home, lot.terms, lot.acquired, lot.cycle, _usable(cells))
            for wallet in reading.wallets()
            for lot, cells in reading.holdings(wallet)
        }
        firings = reading.find(Firing.KIND, "assignment", "spring")
        record = reading.record(Assignment.KIND, "spring")
    due: dict[str, Any] = {one.key: one.due for one in firings if isinstance(one, Firing)}
    assert isinstance(record, Assignment)
    return {**lots, **due, "state": record.state, "due": record.due, "turn": record.turn}


@settings(max_examples=60, deadline=None)
@given(policies, said(), times, times, st.booleans())
def test_who_comes_late_or_twice_fires_the_same_lots(
    policy: Policy, fields: dict[str, Any], some: list[int], others: list[int], twice: bool
) -> None:
    """TU-051, TU-052: any two sets of times, if they end together, leave the same."""
    results = []
    for hours, again in ((some, twice), (others, False), ([], False)):
        room = made(policy, fields)
        if room is None:
            event("refused")
            return
        for hour in (*hours, DAYS * 24):
            fire_all(room, START + timedelta(hours=hour), twice=again)
        room.check()
        results.append(issued(room))
    event(f"{min(len(results[0]) // 12, 9)} dozen facts")
    assert results[0] == results[1] == results[2]


@settings(max_examples=40, deadline=None)
@given(policies, said())
def test_lots_never_overlap_in_their_dates_and_follow_each_other(
    policy: Policy, fields: dict[str, Any]
) -> None:
    """TU-043, TU-063: dates grow, and units that end with the next end exactly then."""
    room = made(policy, fields)
    if room is None:
        return
    fire_all(room, START + timedelta(days=DAYS), twice=False)
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = reading.find(Firing.KIND, "assignment", "spring")
        due = sorted(one.due for one in found if isinstance(one, Firing))
        record = reading.record(Assignment.KIND, "spring")
        assert isinstance(record, Assignment)
        assert sorted(set(due)) == due
        assert len(due) == record.cycles
        coming = [*due[1:], record.due]
        for cycle, following in enumerate(coming, 1):
            for lot_id in record.lot_ids(cycle) if cycle <= record.cycles else ():
                lot = reading.lot(lot_id)
                assert lot is not None
                assert lot.terms.effective == lot.acquired == due[cycle - 1]
                if record.until_next:
                    assert lot.terms.expires == following


def test_a_firing_out_of_turn_is_no_way_around() -> None:
    """TU-051: the number says which date is meant, and only the next one can be."""
    room = made(Policy(), {"repeat": Repeat(Period.DAY)})
    assert room is not None
    room.clock.at = START + timedelta(days=5)
    room.refused(InvalidValue, FireAssignment("spring", 2))
