"""One grammar for every id, and a type for each kind of id.

An id is 1 to 128 printable ASCII characters without a space at either end, compared byte by byte:
no case folding, no normalisation, the same verdict on every store. Ids of one portal mean nothing
in another.
"""

from __future__ import annotations

from typing import NewType

from unitledger.errors import InvalidId, InvalidType, InvalidValue, shown

__all__ = [
    "MAX_ID_LENGTH",
    "ClaimId",
    "CourseId",
    "LotId",
    "PortalId",
    "RecordId",
    "RequestId",
    "UserId",
    "WalletId",
    "check_id",
    "derived_id",
]

PortalId = NewType("PortalId", str)
"""A tenant of the host."""
RequestId = NewType("RequestId", str)
"""The host's name for one intention; a retry sends the same one."""
WalletId = NewType("WalletId", str)
"""Whoever holds lots (see `unitledger.accounts`)."""
LotId = NewType("LotId", str)
"""A parcel of units from one source."""
ClaimId = NewType("ClaimId", str)
"""What an invite, an enrolment, a hold or an order line holds or has spent."""
RecordId = NewType("RecordId", str)
"""A record beside the quantities: a subscription, an invite, an order…"""
CourseId = NewType("CourseId", str)
"""A course of the host."""
UserId = NewType("UserId", str)
"""A learner, manager, distributor or administrator of the host."""

MAX_ID_LENGTH = 128
"""The longest id, in characters; every one of them is one byte."""

_MAX_INDEX = 999_999_999


def check_id(value: str, field: str = "id") -> str:
    """The same text, when it is an id.

    >>> check_id("lot 7")
    'lot 7'

    Args:
        value: What may be an id.
        field: What to call it in an error.

    Raises:
        InvalidType: It is not exactly a ``str``.
        InvalidId: It breaks the grammar above.

    Source: bound I16.
    """
    if type(value) is not str:
        raise InvalidType(field, shown(value), "str")
    if len(value) > MAX_ID_LENGTH or not value.isascii() or not value.isprintable():
        raise InvalidId(field, shown(value))
    if value.strip() != value or not value:
        raise InvalidId(field, shown(value))
    return value


def derived_id(request: str, index: int) -> str:
    """The id of the index-th thing that a request makes: ``f"{request}.{index}"``, from 1.

    Deriving ids keeps commands free of random values, so a decision can be made again from history
    and comes out the same.

    >>> derived_id("order-17", 2)
    'order-17.2'

    Raises:
        InvalidType: The request is not a text, or the index not an int.
        InvalidId: The request is no id, or so long that nothing fits behind it.
        InvalidValue: The index is below 1 or above 999,999,999.
    """
    check_id(request, "request")
    if type(index) is not int:
        raise InvalidType("index", shown(index), "int")
    if not 1 <= index <= _MAX_INDEX:
        raise InvalidValue("index", shown(index), f"1 to {_MAX_INDEX}")
    derived = f"{request}.{index}"
    if len(derived) > MAX_ID_LENGTH:
        raise InvalidId("derived id", shown(derived))
    return derived
