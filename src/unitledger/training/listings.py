"""Listings: assignments as an administrator looks for them."""

from __future__ import annotations

from datetime import datetime

from unitledger.errors import InvalidType, shown
from unitledger.ports import Reading
from unitledger.time import instant
from unitledger.training.assignments import Assignment
from unitledger.training.firings import every_assignment

__all__ = ["listed_assignments"]


def listed_assignments(
    reading: Reading,
    *,
    title: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Assignment, ...]:
    """The assignments whose title has a text in it and that were made in a span, latest first.

    Args:
        reading: The portal.
        title: A part of the title, in any letters; empty is any title.
        since: The first instant (UTC) at which they may have been made; ``None`` is any.
        until: The first instant at which they may not; ``None`` is no end.

    Raises:
        InvalidType: The title is not a text.

    Source: TU-033.
    """
    if type(title) is not str:
        raise InvalidType("title", shown(title), "str")
    begin = None if since is None else instant(since, "since")
    end = None if until is None else instant(until, "until")
    wanted = title.casefold()
    found = [
        one
        for one in every_assignment(reading)
        if wanted in one.title.casefold()
        and (begin is None or begin <= one.created)
        and (end is None or one.created < end)
    ]
    found.sort(key=lambda one: one.id)
    found.sort(key=lambda one: one.created, reverse=True)
    return tuple(found)
