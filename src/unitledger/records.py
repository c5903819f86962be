"""Records: the small typed facts that stand beside the quantities.

A subscription, an invite, an enrolment, an order: one frozen class each, with its life cycle as a
transition table and at most three index keys. Quantities never stand in a record.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

import attrs

from unitledger.errors import IllegalTransition
from unitledger.values import Value

__all__ = ["MAX_INDEX_KEYS", "Record", "index_lock", "record_lock"]

MAX_INDEX_KEYS = 3
"""How many index keys a kind of record may declare."""


class Record(Value):
    """The base of every record: an id, a state, and where the state may go.

    Attributes:
        KIND: The record's name in stores and documents.
        STEPS: For every state the states it may become; a state without any is final.
        INDEX: The names of its index keys, at most three.
        SEATS: Those of them by which a command looks up whether a place is taken. Whoever comes to
            be found by a value of one, or no longer is, has the value's lock alone.
    """

    __slots__ = ()

    KIND: ClassVar[str]
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {}
    INDEX: ClassVar[tuple[str, ...]] = ()
    SEATS: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def key(self) -> str:
        """The record's id, unique among its kind in a portal."""

    def index(self) -> Mapping[str, str]:
        """What it can be found by at the moment; a name that is left out is not indexed."""
        return {}

    def to(self, state: StrEnum, **changes: Any) -> Self:
        """The same record in another state.

        Raises:
            IllegalTransition: The table has no such step.

        Source: P9.
        """
        present: StrEnum = getattr(self, "state")  # noqa: B009
        if state not in self.STEPS.get(present, frozenset()):
            raise IllegalTransition(self.KIND, self.key, present.value, state.value)
        changed: Self = attrs.evolve(self, state=state, **changes)  # type: ignore[misc]
        return changed


def record_lock(kind: str, key: str) -> str:
    """The name under which one record is locked."""
    return f"{kind}#{key}"


def index_lock(kind: str, name: str, value: str) -> str:
    """The name under which one value of an index key is locked, for rules that say "only one"."""
    return f"{kind}?{name}={value}"
