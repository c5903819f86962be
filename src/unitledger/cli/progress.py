"""A bar for work that takes a while, shown where somebody watches and to nobody else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from unitledger.journal import Tick

__all__ = ["progress"]


@contextmanager
def progress(what: str, many: int | None) -> Iterator[Tick | None]:
    """What to call for each thing done, with a bar on standard error while it lasts.

    There is no bar where standard error is no terminal, or where tqdm, an extra, is missing.

    Args:
        what: What the bar is called.
        many: How many things there are; ``None`` when nobody knows.
    """
    made = _bars() if sys.stderr.isatty() else None
    if made is None:
        yield None
        return
    with made(desc=what, total=many, file=sys.stderr, leave=False, dynamic_ncols=True) as bar:
        yield bar.update


def _bars() -> Callable[..., Any] | None:
    """What makes bars, if it is installed."""
    try:
        found: Callable[..., Any] = import_module("tqdm").tqdm
    except ModuleNotFoundError:
        return None
    return found
