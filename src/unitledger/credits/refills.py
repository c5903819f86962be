"""Refills: as which lots a period's credits come, and when those end.

What becomes of unused credits at a renewal is written into the terms of the lots they came as, so
it happens by itself, to whoever holds them, and is the same however late a period is granted:

    ADD             one lot, for ever
    EXPIRE_PERIOD   one lot, to the next renewal
    RESET_TO        one lot of a fixed number, to the next renewal
    ADD_CAPPED      the lot is cut where later periods push its oldest credits over the limit

Under a burn order that uses first what ends first, ``ADD_CAPPED`` leaves exactly what adding up to
the limit would: of all that was ever granted the newest are left, and no more than the limit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime

from unitledger.accounts import State, account, pool
from unitledger.credits.plans import MAX_PERIOD, Subscription, brought
from unitledger.ids import LotId
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.policy import Policy, RefillMode
from unitledger.time import Validity

__all__ = ["parcels", "period_parts", "refilled"]

_TO_THE_NEXT = (RefillMode.EXPIRE_PERIOD, RefillMode.RESET_TO)


def period_parts(subscription: Subscription, index: int, policy: Policy) -> int:
    """How many credits a period brings under a policy's refill and rounding.

    Args:
        subscription: The subscription.
        index: The period, counted from 0.
        policy: The policy.

    Source: C38, C41.
    """
    refill = policy.refill
    granted = subscription.grant(index, policy.grant_rounding)
    if refill.credits is None:
        return granted.parts
    if refill.mode is RefillMode.RESET_TO:
        return refill.credits.parts
    return min(granted, refill.credits).parts


def parcels(
    subscription: Subscription, index: int, parts: int, policy: Policy
) -> Iterator[tuple[int, datetime | None]]:
    """How so many credits of a period are cut, and when each piece ends, the first to end first.

    Args:
        subscription: The subscription, with the plan that the credits come under.
        index: The period, counted from 0.
        parts: How many there are, no more than the limit of ``ADD_CAPPED``.
        policy: The policy.

    Source: C41, C42.
    """
    refill = policy.refill
    if refill.mode in _TO_THE_NEXT:
        yield parts, subscription.due(index + 1)
    elif refill.credits is None:
        yield parts, None
    else:
        yield from _pushed_out(subscription, index, parts, policy, refill.credits.parts)


def _pushed_out(
    subscription: Subscription, index: int, parts: int, policy: Policy, limit: int
) -> Iterator[tuple[int, datetime | None]]:
    """The pieces that each later period pushes over the limit, if the plan stays as it is."""
    base, period = subscription.plan(index), subscription.renewal.period

    def since(later: int) -> int:
        return brought(base, period, policy.grant_rounding, index + 1, later + 1)

    periods = range(MAX_PERIOD + 2)
    later = bisect_right(periods, limit - parts, lo=index + 1, key=since)
    while parts:
        ends, room = subscription.due(later), limit - since(later)
        stays = room if ends is not None and room > 0 else 0
        if stays < parts:
            yield parts - stays, ends
        parts, later = stays, later + 1


def refilled(
    subscription: Subscription,
    index: int,
    parts: int,
    policy: Policy,
    *,
    name: str,
    begins: datetime,
) -> tuple[tuple[Lot, ...], tuple[Move, ...]]:
    """The lots as which credits of a period come into the pool, and the moves that fill them.

    Args:
        subscription: The subscription, with the plan that the credits come under.
        index: The period, counted from 0.
        parts: How many; none make no lot.
        policy: The policy.
        name: What the first lot is called; further ones have a number behind it, from 2.
        begins: When they can be used, and count as acquired (UTC).

    Source: C40, C41.
    """
    lots: list[Lot] = []
    moves: list[Move] = []
    ends = account(pool(), State.ISSUED), account(pool(), State.FREE)
    pieces = parcels(subscription, index, parts, policy) if parts else ()
    for number, (size, expires) in enumerate(pieces, 1):
        lot_id = LotId(name if number == 1 else f"{name}.{number}")
        terms = Validity(begins, expires)
        lots.append(Lot(id=lot_id, home=pool(), terms=terms, acquired=begins, cycle=index + 1))
        moves.append(Move(lot_id, *ends, size))
    return tuple(lots), tuple(moves)
