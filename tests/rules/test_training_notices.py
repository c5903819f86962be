"""Notices: who is to be told what, by which template, and who is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_training_assignments import create, for_code, rows
from tests.rules.training_room import CREATOR, SYSTEM, Room, day, distributor, rule
from unitledger.accounts import batch, member
from unitledger.amounts import Units
from unitledger.operations import EditExpiry, Sweep
from unitledger.policy import Policy
from unitledger.time import Period
from unitledger.training import (
    CancelAssignment,
    Distribute,
    Emails,
    FireAssignment,
    Notice,
    NoticeKind,
    Repeat,
    Span,
    TakeBack,
    expiring,
    lot_of,
    notices_of,
)

DAN, POT, LOT = distributor("dan"), batch("spring", 1, 1), lot_of("spring", 1, 1)
BOTH = frozenset({"eve", "dan"})
CREATED, ASSIGNED, EXPIRING = NoticeKind.CREATED, NoticeKind.ASSIGNED, NoticeKind.EXPIRING


def fired(policy: Policy | None = None, **changes: Any) -> Room:
    room = Room(policy, "ann: sales", "bob: sales")
    room.do(create(**{"distributors": BOTH, **changes}), CREATOR)
    room.do(FireAssignment("spring"), SYSTEM, "fire")
    return room


def told(room: Room, request: str) -> tuple[Notice, ...]:
    (entry,) = [one for one in room.ledger.entries() if one.request == request]
    return notices_of(entry)


def form(text: str) -> Distribute:
    pairs = [pair.split() for pair in text.split(", ")]
    return Distribute("spring", 1, tuple((user, Units.of(n)) for user, n in pairs))


def ending(room: Room, since: int, until: int) -> list[str]:
    """What is told about units that end, from one day to another, as ``"lot user"``."""
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = expiring(reading, room.ledger.policy, since=day(since), until=day(until))
    assert {one.kind for one in found} <= {EXPIRING}
    return [f"{one.lot} {one.user}" for one in found]


@pytest.mark.parametrize(
    ("mails", "template"),
    [
        pytest.param(Emails.SYSTEM_DEFAULTS, None, id="TU-260 TU-266 SYSTEM_DEFAULTS"),
        pytest.param(Emails.CUSTOM, "t1", id="TU-260 TU-266 CUSTOM"),
    ],
)
def test_distributors_are_told_of_units_that_have_come(mails: Emails, template: str | None) -> None:
    room = fired(emails=mails, template=template)
    assert told(room, "fire") == tuple(
        Notice(CREATED, user, "spring", None, mails, template) for user in ("dan", "eve")
    )


@pytest.mark.parametrize(
    ("mails", "template"),
    [
        pytest.param(Emails.SYSTEM_DEFAULTS, None, id="TU-261 TU-266 SYSTEM_DEFAULTS"),
        pytest.param(Emails.CUSTOM, "t1", id="TU-261 TU-266 CUSTOM"),
    ],
)
def test_users_are_told_of_units_they_got(mails: Emails, template: str | None) -> None:
    room = fired(emails=mails, template=template)
    room.do(form("bob 2, ann 3"), DAN, "form")
    assert told(room, "form") == tuple(
        Notice(ASSIGNED, user, "spring", LOT, mails, template) for user in ("bob", "ann")
    )


@rule("TU-265")
def test_without_mails_nobody_is_told_and_the_ledger_is_the_same() -> None:
    room, other = (fired(emails=mails) for mails in (Emails.NONE, Emails.SYSTEM_DEFAULTS))
    for one in (room, other):
        one.do(form("ann 3"), DAN, "form")
    assert told(room, "fire") == told(room, "form") == ()
    for wallet in (POT, member("ann")):
        assert room.available(wallet) == other.available(wallet)
    assert ending(fired(emails=Emails.NONE, expires=day(9)), 0, 100) == []


@rule("TU-260")
def test_what_is_the_same_as_before_is_not_told_again() -> None:
    room = fired()
    room.do(FireAssignment("spring"), SYSTEM, "again")
    assert told(room, "again") == ()


@rule("TU-260", "TU-261")
def test_other_entries_tell_nobody_anything() -> None:
    room = fired(Policy(claw_back=True), repeat=Repeat(Period.WEEK))
    room.do(form("ann 3"), DAN)
    room.do(TakeBack("spring", 1, "ann", Units.of(1)), DAN, "back")
    room.do(Sweep(POT), SYSTEM, "sweep")
    room.do(CancelAssignment("spring"), CREATOR, "cancel")
    assert [told(room, name) for name in ("r1", "back", "sweep", "cancel")] == [()] * 4


@rule("TU-260")
def test_a_key_code_has_no_distributors_to_tell() -> None:
    room = Room()
    room.register()
    room.do(for_code(expires=day(9)))
    room.do(FireAssignment("spring"), SYSTEM, "fire")
    assert told(room, "fire") == ()
    assert ending(room, 0, 100) == []


@pytest.mark.parametrize(
    ("days", "since", "until", "found"),
    [
        pytest.param(7, 0, 23, True, id="TU-262 on its day"),
        pytest.param(7, 0, 22, False, id="TU-262 not before"),
        pytest.param(7, 22, 23, True, id="TU-262 from the day before"),
        pytest.param(7, 23, 24, False, id="TU-262 once"),
        pytest.param(7, 23, 23, False, id="TU-262 no time has gone by"),
        pytest.param(30, -1, 0, True, id="TU-262 a lead of 30 days"),
        pytest.param(1, 28, 29, True, id="TU-262 a lead of a day"),
    ],
)
def test_distributors_are_told_before_units_end(
    days: int, since: int, until: int, *, found: bool
) -> None:
    room = fired(Policy(expiry_notice_days=days), expires=day(30))
    assert ending(room, since, until) == ([f"{LOT} dan", f"{LOT} eve"] if found else [])


@rule("TU-262")
def test_a_notice_of_an_end_names_its_template() -> None:
    room = fired(expires=day(30), emails=Emails.CUSTOM, template="t1")
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = expiring(reading, Policy(), since=day(0), until=day(25))
    assert found[0] == Notice(EXPIRING, "dan", "spring", LOT, Emails.CUSTOM, "t1")


@rule("TU-262")
def test_the_lead_is_a_week_by_default() -> None:
    assert Policy().expiry_notice_days == 7


@rule("TU-262")
def test_nobody_is_told_of_what_is_handed_out_or_never_ends() -> None:
    room = fired(expires=day(30))
    room.do(form("ann 29.99"), DAN)
    assert len(ending(room, 0, 30)) == 2
    room.do(form("ann 0.01"), DAN)
    assert ending(room, 0, 30) == []
    assert ending(fired(), 0, 1000) == []


@rule("TU-262")
def test_an_edited_end_is_the_one_that_is_told() -> None:
    room = fired(expires=day(30))
    room.do(EditExpiry(LOT, POT, day(60)), CREATOR)
    assert ending(room, 0, 30) == []
    assert len(ending(room, 52, 53)) == 2


@rule("TU-262")
def test_every_firing_and_row_has_its_own() -> None:
    room = Room()
    every = {"rows": rows("1 ann, 2 bob"), "repeat": Repeat(Period.WEEK)}
    room.do(create(lasts=Span(Period.DAY, 10), **every))
    room.do(create(assignment="autumn", expires=day(20), distributors=frozenset({"zoe"})))
    room.do(FireAssignment("autumn"))
    room.do(FireAssignment("spring"))
    room.at(7)
    room.do(FireAssignment("spring", 2))
    assert ending(room, 0, 4) == ["spring/1/1 dan", "spring/1/2 dan"]
    assert ending(room, 4, 13) == ["spring/2/1 dan", "spring/2/2 dan", "autumn/1/1 zoe"]


@rule("TU-262")
def test_what_is_not_written_down_yet_counts() -> None:
    """An end that somebody put off brings units back that are still written as lapsed."""
    room = fired(expires=day(10))
    room.at(10)
    room.do(Sweep(POT), SYSTEM)
    room.do(EditExpiry(LOT, POT, day(40)), CREATOR)
    assert len(ending(room, 32, 33)) == 2
