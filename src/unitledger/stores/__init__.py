"""Stores: where portals live. Each is a room of its own."""

from __future__ import annotations

__all__: list[str] = []
