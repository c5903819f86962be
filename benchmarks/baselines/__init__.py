"""Other ways to redeem, written for comparison; all of them take the same lots.

First to expire, then the largest available, then the earliest acquired, the lowest cycle, and the
lot id byte by byte. What cannot be met is left unmet; nothing is refused for it.
"""

from __future__ import annotations

from benchmarks.baselines import attrs_heap, attrs_immutable, guarded_heap, heap, naive
from benchmarks.contender import Contender

__all__ = ["BASELINES", "REFERENCE"]

REFERENCE = attrs_immutable.CONTENDER
"""The one that every ratio is taken against."""

BASELINES: tuple[Contender, ...] = (
    heap.CONTENDER,
    guarded_heap.CONTENDER,
    attrs_heap.CONTENDER,
    REFERENCE,
    naive.CONTENDER,
)
"""All of them, the barest first."""
