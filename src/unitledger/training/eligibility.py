"""Eligibility: which units last long enough for a session, and who of a cart chooses first.

With the session guard on, units that end before a session begins cannot pay for it. The lines of a
cart then choose their lots by the latest session first, because whatever lasts until a late session
lasts until an early one as well, and not the other way round; so a cart that can be paid is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from unitledger.buckets import Bucket, Demand, Plan
from unitledger.orders import BurnOrder, OrderKey, RankBy
from unitledger.policy import GuardBoundary, Policy, SessionOrder, SessionScope, UndatedRank
from unitledger.time import day_of, end_of_day

__all__ = ["allocated", "lasting_until", "session_order"]

_LARGEST = OrderKey(RankBy.AVAILABLE, descending=True)
_FURTHEST: Final = {
    rank: BurnOrder((OrderKey(RankBy.EXPIRES, descending=True, undated=rank.value), _LARGEST))
    for rank in UndatedRank
}
_DAY = timedelta(days=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


def lasting_until(starts: datetime | None, policy: Policy) -> datetime | None:
    """The instant that units must outlast to pay for a session; ``None`` when any will do.

    The days of the session and of the units' end are meant, in the policy's zone: a session is
    paid by units that can be used on the day it begins, or under ``STRICTLY_AFTER`` on the next.

    Args:
        starts: When the session begins; ``None`` is no session.
        policy: Its ``session_guard``, ``guard_boundary`` and ``zone``.

    Source: TU-157 to TU-159, TU-162, X-03.
    """
    if starts is None or not policy.session_guard:
        return None
    begins = day_of(starts, policy.zone)
    strictly = policy.guard_boundary is GuardBoundary.STRICTLY_AFTER
    return end_of_day(begins if strictly else _eve(begins), policy.zone)


def _eve(day: date) -> date:
    return day - _DAY


def session_order(policy: Policy) -> BurnOrder:
    """The order in which lots pay for sessions while the guard is on.

    Source: TU-197, X-02, X-16.
    """
    if policy.session_order is SessionOrder.FEFO_ELIGIBLE:
        return policy.burn_order
    return _FURTHEST[policy.undated_rank]


def allocated(
    bucket: Bucket, demands: Sequence[Demand], *, at: datetime, policy: Policy
) -> tuple[Plan, ...]:
    """A plan per line of a cart, in the cart's own sequence.

    Lines that ask for units that last choose first, the latest first. When there is one, its order
    is that of the whole cart or of such lines alone, as the policy's ``session_scope`` says.

    Args:
        bucket: What a wallet can spend, under the policy's burn order.
        demands: What each line needs; ``until`` as `lasting_until` says.
        at: The instant (UTC).
        policy: Orders and scopes.

    Source: TU-190 to TU-199, X-02, X-14, X-16.
    """
    sequence = sorted(range(len(demands)), key=lambda place: _latest(demands[place]), reverse=True)
    sessions = [place for place in sequence if demands[place].until is not None]
    if not sessions:
        return bucket.burn_each(demands, at=at, scope=policy.allocation_scope)
    whole = policy.session_scope is SessionScope.TRANSACTION
    first = sequence if whole else sessions
    chosen = [demands[place] for place in first]
    order, scope = session_order(policy), policy.allocation_scope
    plans = bucket.burn_each(chosen, at=at, scope=scope, order=order)
    rest = sequence[len(first) :]
    others = [demands[place] for place in rest]
    plans += plans[-1].after.burn_each(others, at=at, scope=scope, order=policy.burn_order)
    found = dict(zip((*first, *rest), plans, strict=True))
    return tuple([found[place] for place in range(len(demands))])


def _latest(demand: Demand) -> datetime:
    return _EARLIEST if demand.until is None else demand.until
