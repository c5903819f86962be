"""What every immutable value of the library has in common.

A value is compared by its fields, prints as the call that makes it, and is copied and unpickled
through its own constructor, so that a tampered pickle meets the same checks as a typing error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import attrs

from unitledger.errors import InvalidType

__all__ = ["Value", "recheck"]

_MISSING = object()
_PLAIN = frozenset({type(None), bool, datetime, frozenset, int, str})


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


def recheck(value: Value) -> None:
    """Run the checks of a value's constructor again, those of the values in it first.

    Frozen means that nobody changes a value by accident; ``object.__setattr__`` still can. Where a
    value enters a ledger it is looked at once more, so that a forged one is refused.

    Raises:
        InvalidInput: What its constructor, or that of a value in it, would raise.
        InvalidType: It was made without its constructor, and a field is missing.
    """
    cls: type = type(value)
    for name in _names(cls):
        part = getattr(value, name, _MISSING)
        if type(part) in _PLAIN:
            continue
        for inner in part if type(part) is tuple else (part,):
            if issubclass(type(inner), Value):
                recheck(inner)
        if part is _MISSING:
            raise InvalidType(name, "missing", f"a {cls.__name__} as its constructor makes it")
    check = getattr(cls, "__attrs_post_init__", None)
    if check is not None:
        check(value)


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(cls) if field.init)
