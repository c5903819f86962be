"""Attempts: where a typed key code becomes an id, with a limit to guessing.

A door stands between a form field and every command. It asks the host's `AttemptLimiter` before it
looks anything up, and tells it what came of it, so that nobody tries codes until one is ours.
"""

from __future__ import annotations

from typing import final

from unitledger.commands import Actor
from unitledger.errors import InvalidType, TooManyAttempts, UnknownKeyCode, shown
from unitledger.ids import PortalId, check_id
from unitledger.ports import AttemptLimiter, Store
from unitledger.time import Clock, SystemClock
from unitledger.training.codes import KeyCode, KeyCodes
from unitledger.training.keycodes import KeyCodeState, RegisteredKeyCode

__all__ = ["KeyCodeDoor"]


@final
class KeyCodeDoor:
    """Lets typed key codes in as ids, one guess at a time.

    Only an answer ``True`` of the limiter opens it. When the limiter raises, nothing has been
    looked up and no id is given out: a limiter that fails is a door that stays closed.

    Args:
        store: Where the codes are registered.
        codes: What turns a code into its id.
        limiter: The host's.
        portal: The tenant.
        clock: Where the present instant comes from.

    Source: TU-103, TU-113.
    """

    __slots__ = ("_clock", "_codes", "_limiter", "_portal", "_store")

    def __init__(
        self,
        store: Store,
        codes: KeyCodes,
        limiter: AttemptLimiter,
        *,
        portal: str = "main",
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._codes = codes
        self._limiter = limiter
        self._portal = PortalId(check_id(portal, "portal"))
        self._clock: Clock = SystemClock() if clock is None else clock

    def admitted(self, typed: KeyCode | str, *, by: Actor) -> str:
        """The id of a key code that is ours, for a command that pays with it.

        Whether it is meant for the actor, is suspended or has anything left behind it, the command
        says. What was typed is read before the limiter is asked, so that no traceback through the
        limiter shows it.

        Args:
            typed: What a person typed.
            by: Who typed it, as the host has authenticated them.

        Raises:
            TooManyAttempts: The limiter says no; nothing was looked up.
            UnknownKeyCode: Unknown, foreign, malformed or replaced; the limiter was told.
        """
        if type(by) is not Actor:
            raise InvalidType("by", shown(by), "Actor")
        code_id = self._read(typed)
        del typed
        now = self._clock.now()
        if self._limiter.allows(by.id, now) is not True:
            raise TooManyAttempts(by.id)
        if code_id is None or not self._known(code_id):
            self._limiter.failed(by.id, now)
            raise UnknownKeyCode
        self._limiter.succeeded(by.id, now)
        return code_id

    def _read(self, typed: KeyCode | str) -> str | None:
        """The id of what was typed, or ``None`` when no code is like it."""
        try:
            return self._codes.id_of(typed)
        except UnknownKeyCode:
            return None

    def _known(self, code_id: str) -> bool:
        with self._store.read(self._portal) as reading:
            found = reading.record(RegisteredKeyCode.KIND, code_id)
        return isinstance(found, RegisteredKeyCode) and found.state is not KeyCodeState.REPLACED
