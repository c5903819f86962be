"""Indexes: every record of a kind that has some value of an index key, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from unitledger.ports import Reading
from unitledger.records import Record

__all__ = ["PAGE", "every"]

PAGE = 1000
"""How many records are asked for at a time."""

_R = TypeVar("_R", bound=Record)


def every(reading: Reading, kind: type[_R], name: str, value: str) -> Iterator[_R]:
    """Every record of a kind with that value of an index key, in order of id.

    The next page is read when the one before it has been walked through; an index of any length
    takes the memory of one page.

    Args:
        reading: A reading of the portal.
        kind: The kind of record.
        name: The index key's name.
        value: Its value.
    """
    after = ""
    while page := reading.find(kind.KIND, name, value, after=after, limit=PAGE):
        yield from (record for record in page if isinstance(record, kind))
        if len(page) < PAGE:
            return
        after = page[-1].key
