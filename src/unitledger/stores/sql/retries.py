"""How long to try: so many times, with pauses of any length up to a bound that doubles.

A pause drawn from the whole span, and not from around its middle, is what keeps writers that ran
into each other from doing it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from secrets import SystemRandom
from threading import Event
from typing import final

import attrs

from unitledger.errors import InvalidType, InvalidValue, shown

__all__ = ["Retries"]


def _sleep(span: timedelta) -> None:
    Event().wait(span.total_seconds())


@final
@attrs.frozen
class Retries:
    """How often and how long a store tries to have its locks.

    Attributes:
        tries: How often, before it gives up with `unitledger.errors.Contention`.
        wait: How long one try waits for somebody else to end.
        first: The longest pause after the first try; it doubles with every other.
        longest: No pause is longer.
        chance: Where a number from 0 to 1 comes from, for every pause.
        sleep: How a pause is made.
    """

    tries: int = 8
    wait: timedelta = timedelta(seconds=5)
    first: timedelta = timedelta(milliseconds=10)
    longest: timedelta = timedelta(seconds=1)
    chance: Callable[[], float] = SystemRandom().random
    sleep: Callable[[timedelta], None] = _sleep

    def __attrs_post_init__(self) -> None:
        if type(self.tries) is not int:
            raise InvalidType("tries", shown(self.tries), "int")
        if self.tries < 1:
            raise InvalidValue("tries", shown(self.tries), "1 or more")
        for name in ("wait", "first", "longest"):
            span = getattr(self, name)
            if type(span) is not timedelta:
                raise InvalidType(name, shown(span), "timedelta")
            if span < timedelta():
                raise InvalidValue(name, str(span), "a span that is not below zero")

    def pause(self, tried: int) -> None:
        """Wait before trying again, after so many tries."""
        bound = min(self.longest, self.first * 2 ** min(tried - 1, 30))
        self.sleep(bound * self.chance())
