"""Notices: what a host may want to tell somebody about their credits.

They are read, not sent: nothing is written, no message goes out and no money moves. Every notice
has an id that stays the same whenever it is read again, so that a host sends it once:

    low balance       a balance fell below the policy's ``low_balance``
    top-up wanted     the pool's balance fell below the policy's ``top_up_below``
    expiring soon     credits lapse before an instant unless somebody uses them

The first two are crossings. A balance that stays low is one notice; one that is filled up and falls
again is another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import final

import attrs

from unitledger.accounts import pool
from unitledger.amounts import Credits
from unitledger.credits.crossings import Crossing, falls_below
from unitledger.credits.positions import Expiring, expiring
from unitledger.ids import LotId, WalletId
from unitledger.policy import Policy
from unitledger.ports import Reading
from unitledger.time import instant
from unitledger.values import Value

__all__ = ["Notice", "Topic", "notices_at"]


@final
class Topic(StrEnum):
    """What a notice is about.

    Source: C46, C53.
    """

    LOW_BALANCE = "low_balance"
    """A balance fell below the policy's ``low_balance``."""
    TOP_UP_WANTED = "top_up_wanted"
    """The pool's balance fell below the policy's ``top_up_below``."""
    EXPIRING_SOON = "expiring_soon"
    """Credits lapse before an instant."""

    def __repr__(self) -> str:
        return f"Topic.{self.name}"


@final
@attrs.frozen
class Notice(Value):
    """Something a host may want to tell somebody, once.

    Attributes:
        id: The same whenever it is read again; of one id send only one.
        topic: What it is about.
        wallet: Whose balance.
        at: When the balance fell, or when the credits lapse (UTC).
        amount: What was left then, or what lapses.
        lot: Of which lot, when credits lapse.

    Source: C46, C53.
    """

    id: str
    topic: Topic
    wallet: WalletId
    at: datetime
    amount: Credits
    lot: LotId | None = None


def notices_at(
    reading: Reading, *, at: datetime, policy: Policy, expiring_before: datetime | None = None
) -> tuple[Notice, ...]:
    """Everything there is to tell at an instant, in order of when it happens.

    The journal is read for the crossings, so they are found however long nobody asked.

    Args:
        reading: A reading of the portal.
        at: The instant (UTC) that counts as now.
        policy: The ledger's policy: its ``low_balance`` and ``top_up_below``.
        expiring_before: Credits that lapse before this instant (UTC) are told of as well.

    Source: C46, C53.
    """
    now = instant(at, "at")
    found = [*_low(reading, now, policy.low_balance), *_wanted(reading, now, policy.top_up_below)]
    if expiring_before is not None:
        end = instant(expiring_before, "expiring_before")
        lapsing = expiring(reading, at=now, before=end, policy=policy)
        found += [_of_expiring(one) for one in lapsing]
    return tuple(sorted(found, key=lambda one: (one.at, one.topic, one.wallet)))


def _low(reading: Reading, at: datetime, below: Credits | None) -> Iterator[Notice]:
    if below is not None:
        for one in falls_below(reading, below, at=at):
            yield _of_crossing(one, Topic.LOW_BALANCE)


def _wanted(reading: Reading, at: datetime, below: Credits | None) -> Iterator[Notice]:
    if below is not None:
        for one in falls_below(reading, below, at=at):
            if one.wallet == pool():
                yield _of_crossing(one, Topic.TOP_UP_WANTED)


def _of_crossing(one: Crossing, topic: Topic) -> Notice:
    name = f"{topic.value}/{one.wallet}/{one.sequence}/{one.at.isoformat()}"
    return Notice(name, topic, one.wallet, one.at, one.left)


def _of_expiring(one: Expiring) -> Notice:
    topic = Topic.EXPIRING_SOON
    name = f"{topic.value}/{one.wallet}/{one.expires.isoformat()}/{one.lot}"
    return Notice(name, topic, one.wallet, one.expires, one.amount, one.lot)
