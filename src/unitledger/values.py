"""What every immutable value of the library has in common.

A value is compared by its fields, prints as the call that makes it, and is copied and unpickled
through its own constructor, so that a tampered pickle meets the same checks as a typing error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs

__all__ = ["Value"]


def _rebuilt(kind: Callable[..., object], fields: dict[str, object]) -> object:
    return kind(**fields)


class Value:
    """The base of every frozen value: pickling and copying run the constructor's checks."""

    __slots__ = ()

    __attrs_attrs__: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        """Close the back door of slotted attrs classes: their ``__setstate__`` checks nothing."""
        super().__init_subclass__()
        if "__setstate__" in cls.__dict__:
            type.__delattr__(cls, "__setstate__")

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {
            field.alias: getattr(self, field.name)
            for field in attrs.fields(type(self))
            if field.init
        }
        return _rebuilt, (type(self), fields)
