"""A promise put to the test: what was found beside what was promised, in one sentence."""

from __future__ import annotations

__all__ = ["keeps"]


def keeps(promise: str, found: object, expected: object) -> None:
    """Say which promise is broken, when what was found is not what was promised.

    Args:
        promise: The promise, as a host would read it.
        found: What was found.
        expected: What was promised.

    Raises:
        AssertionError: They differ.
    """
    if found != expected:
        raise AssertionError(f"{promise}: found {found!r}, not {expected!r}")
