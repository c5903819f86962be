"""Choices about key codes: whom they serve, and how they are kept."""

from __future__ import annotations

from enum import StrEnum
from typing import final

__all__ = [
    "CodeStorage",
    "KeyCodeAudience",
]


@final
class KeyCodeAudience(StrEnum):
    """Who may pay with a key code.

    Source: X-19.
    """

    ENFORCED = "enforced"
    """Those whom the code and its lots are for."""
    ANYONE = "anyone"
    """Whoever has the code."""

    def __repr__(self) -> str:
        return f"KeyCodeAudience.{self.name}"


@final
class CodeStorage(StrEnum):
    """Whether a key code can ever be read again.

    Source: TU-113.
    """

    DIGEST = "digest"
    """Never: a lost code is replaced by another one."""
    HOST_ENCRYPTED = "host_encrypted"
    """By the host, which encrypts it and leaves the encrypted text with the code."""

    def __repr__(self) -> str:
        return f"CodeStorage.{self.name}"
