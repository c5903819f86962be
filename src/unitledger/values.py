"""What every immutable value of the library has in common.

A value is compared by its fields, prints as the call that makes it, and is copied and unpickled
through its own constructor, so that a tampered pickle meets the same checks as a typing error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any, ClassVar, NewType, TypeAlias, get_args, get_type_hints

import attrs

from unitledger.errors import InvalidType

__all__ = ["Value", "recheck"]

_PLAIN = (bool, date, Fraction, int, str, type(None))


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
    try:
        _CHECKS[type(value)](value)
    except AttributeError as missing:
        made = f"a {type(value).__name__} as its constructor makes it"
        raise InvalidType(str(missing.name), "missing", made) from missing


_Check: TypeAlias = Callable[[Any], object]


class _Checks(dict[type, _Check]):
    """For every class the function that looks at its values, made when the class is first met."""

    def __missing__(self, cls: type) -> _Check:
        if not issubclass(cls, Value):
            return _own
        check = self[cls] = _check_of(cls)
        return check


def _own(_: object) -> None:
    """What is no value of ours is looked at by the value that it stands in."""


def _each(parts: tuple[Any, ...]) -> None:
    for part in parts:
        _CHECKS[type(part)](part)


_CHECKS = _Checks({tuple: _each})


def _check_of(cls: type) -> _Check:
    hints = get_type_hints(cls)
    names = [field.name for field in attrs.fields(cls) if field.init]
    inner = [name for name in names if not _is_plain(hints[name])]
    own: _Check = getattr(cls, "__attrs_post_init__", _own)

    def check(value: Any) -> None:
        for name in inner:
            part = getattr(value, name)
            if part is not None:
                _CHECKS[type(part)](part)
        own(value)

    return check if inner else own


def _is_plain(hint: Any) -> bool:
    """Whether a field of this type holds no value of ours, nor values in it."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    parts = [part for part in get_args(hint) if part is not Ellipsis]
    if parts:
        return all(map(_is_plain, parts))
    return isinstance(hint, type) and issubclass(hint, (*_PLAIN, Enum))
