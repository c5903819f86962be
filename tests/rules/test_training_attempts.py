"""The door for typed key codes: the limiter is asked first, and told what came of it."""

from __future__ import annotations

import traceback
from datetime import datetime
from typing import Any

import pytest

from tests.rules.training_room import CODES, START, Room, code, code_id, learner
from unitledger.accounts import keycode
from unitledger.errors import InvalidInput, InvalidType, TooManyAttempts, UnknownKeyCode
from unitledger.ports import AttemptLimiter
from unitledger.time import FixedClock
from unitledger.training import (
    Item,
    KeyCode,
    KeyCodeDoor,
    PlaceOrder,
    ReplaceKeyCode,
    SuspendKeyCode,
)

ANN = learner("ann")
TYPED = code(1).reveal()


class Few:
    """Allows so many failures to each actor, and notes what it is asked and told."""

    def __init__(self, most: int = 100) -> None:
        self.most = most
        self.told: list[str] = []

    def allows(self, actor: str, at: datetime) -> bool:
        self.told.append(f"allows {actor} {at:%d %H}")
        return self.told.count(f"failed {actor} {at:%d %H}") < self.most

    def failed(self, actor: str, at: datetime) -> None:
        self.told.append(f"failed {actor} {at:%d %H}")

    def succeeded(self, actor: str, at: datetime) -> None:
        self.told.append(f"succeeded {actor} {at:%d %H}")


class Broken(Few):
    """Fails at one of its questions."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def __getattribute__(self, name: str) -> Any:
        if name == object.__getattribute__(self, "__dict__").get("at"):
            raise ConnectionError("the limiter's store is down")
        return super().__getattribute__(name)


class Unclear(Few):
    """Answers with something that is not yes."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    def allows(self, actor: str, at: datetime) -> bool:
        return self.answer  # type: ignore[return-value]


def door(room: Room, limiter: AttemptLimiter, portal: str = "main") -> KeyCodeDoor:
    return KeyCodeDoor(room.ledger.store, CODES, limiter, portal=portal, clock=room.clock)


def test_a_code_that_is_ours_gets_in_as_its_id() -> None:
    """TU-103: whom it is for, the order says."""
    room, limiter = Room(None, "ann: it"), Few()
    room.register(1, {"sales"})
    assert door(room, limiter).admitted(TYPED.lower(), by=ANN) == code_id(1)
    assert door(room, limiter).admitted(code(1), by=ANN) == code_id(1)
    assert limiter.told == ["allows ann 02 09", "succeeded ann 02 09"] * 2


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(code(2).reveal(), id="unknown"),
        pytest.param(TYPED[:-1] + "Z", id="a slip of the pen"),
        pytest.param("summer", id="never chosen"),
        pytest.param("", id="nothing"),
        pytest.param(None, id="None"),
        pytest.param(code(3).reveal(), id="replaced"),
        pytest.param(code(5).reveal(), id="another portal's"),
    ],
)
def test_every_other_code_gets_one_answer_and_counts_as_a_guess(typed: Any) -> None:
    room, limiter = Room(), Few()
    room.register(1)
    room.do(ReplaceKeyCode.by(room.register(3), code(4), CODES))
    other = Room()
    other.register(5)
    with pytest.raises(UnknownKeyCode) as refusal:
        door(room, limiter).admitted(typed, by=ANN)
    assert str(refusal.value) == str(UnknownKeyCode())
    assert limiter.told == ["allows ann 02 09", "failed ann 02 09"]


def test_a_portal_has_its_own_codes() -> None:
    room = Room()
    room.register(1)
    with pytest.raises(UnknownKeyCode):
        door(room, Few(), portal="other").admitted(TYPED, by=ANN)
    with pytest.raises(InvalidInput, match=r"^portal is ''; give 1 to 128"):
        door(room, Few(), portal="")


def test_what_replaced_a_code_gets_in_and_so_does_a_suspended_one() -> None:
    room = Room()
    room.do(ReplaceKeyCode.by(room.register(3), code(4), CODES))
    room.do(SuspendKeyCode(code_id(4)))
    assert door(room, Few()).admitted(code(4), by=ANN) == code_id(4)


def test_guessing_ends_and_begins_again_when_the_limiter_says_so() -> None:
    room, limiter = Room(), Few(3)
    room.register(1)
    opened = door(room, limiter)
    for _ in range(3):
        with pytest.raises(UnknownKeyCode):
            opened.admitted("summer", by=ANN)
    for typed in (TYPED, "summer"):
        with pytest.raises(TooManyAttempts) as refusal:
            opened.admitted(typed, by=ANN)
        assert refusal.value.actor == "ann"
        assert typed not in str(refusal.value)
    assert limiter.told.count("failed ann 02 09") == 3
    assert opened.admitted(TYPED, by=learner("bob")) == code_id(1)
    room.at(1)
    assert opened.admitted(TYPED, by=ANN) == code_id(1)


class Deaf:
    """A store that must not be asked."""

    def read(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("looked up")


NOT_ASKED: Any = Deaf()


@pytest.mark.parametrize(
    "answer", [False, None, 1, "yes", object()], ids=lambda one: type(one).__name__
)
def test_only_true_is_a_yes(answer: object) -> None:
    closed = KeyCodeDoor(NOT_ASKED, CODES, Unclear(answer), clock=FixedClock(START))
    with pytest.raises(TooManyAttempts):
        closed.admitted(TYPED, by=ANN)


def test_a_limiter_that_fails_is_a_closed_door() -> None:
    closed = KeyCodeDoor(NOT_ASKED, CODES, Broken("allows"), clock=FixedClock(START))
    with pytest.raises(ConnectionError):
        closed.admitted(TYPED, by=ANN)


@pytest.mark.parametrize(("at", "typed"), [("succeeded", TYPED), ("failed", "summer")])
def test_a_limiter_that_cannot_be_told_lets_nobody_in(at: str, typed: str) -> None:
    room = Room()
    room.register(1)
    with pytest.raises(ConnectionError):
        door(room, Broken(at)).admitted(typed, by=ANN)


def from_the_door(opened: KeyCodeDoor, secret: KeyCode) -> str:
    """What a traceback says of the frames behind the caller's own."""
    with pytest.raises((ConnectionError, TooManyAttempts, UnknownKeyCode)) as refusal:
        opened.admitted(secret.reveal(), by=ANN)
    frames = traceback.TracebackException.from_exception(refusal.value, capture_locals=True)
    return "".join(frames.format())


@pytest.mark.parametrize(
    "limiter",
    [Broken("allows"), Broken("failed"), Few(0), Few()],
    ids=["fails", "cannot be told", "says no", "says yes"],
)
def test_no_traceback_shows_what_was_typed(limiter: Few) -> None:
    """TU-113."""
    said = from_the_door(door(Room(), limiter), code(7))
    assert "admitted" in said
    assert code(7).reveal() not in said
    assert code(7).reveal().replace("-", "") not in said


def test_the_door_knows_who_knocks() -> None:
    limiter = Few()
    with pytest.raises(InvalidType, match=r"^by is 'ann'; give exactly Actor$"):
        door(Room(), limiter).admitted(TYPED, by="ann")  # type: ignore[arg-type]
    assert limiter.told == []


def test_a_door_needs_no_clock_of_its_own() -> None:
    room, limiter = Room(), Few()
    room.register(1)
    assert KeyCodeDoor(room.ledger.store, CODES, limiter).admitted(TYPED, by=ANN) == code_id(1)


def test_what_got_in_pays() -> None:
    room = Room()
    room.issue(keycode(room.register(1)), "A 5")
    key_code = door(room, Few()).admitted(TYPED, by=ANN)
    room.do(PlaceOrder("o1", "ann", (Item.in_units("yoga", 1),), key_code), ANN)
