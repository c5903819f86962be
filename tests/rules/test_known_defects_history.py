"""Known defects of histories: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs
import pytest

from tests.desk import ANN, POOL, Desk, day, u
from tests.rules.credits_portal import Portal, portal
from tests.toy_store import ToyStore
from unitledger.amounts import Credits
from unitledger.credits import (
    ChangePlan,
    Enrol,
    Lapse,
    Replenish,
    Resubscribe,
    Subscribe,
    Subscription,
    WriteOff,
)
from unitledger.errors import InsufficientUnits
from unitledger.journal import entry_hash, entry_of, verify
from unitledger.policy import Policy, Upgrade
from unitledger.ports import Kept
from unitledger.time import Period


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def test_what_was_written_stays_as_it_was_written() -> None:
    """D4: a committed entry was edited from ten to one; here it is frozen, and an edit is found."""
    desk = Desk()
    desk.issue("a", ANN, u(20))
    receipt = desk.spend(ANN, u(10))
    desk.spend(ANN, u(3))
    journal = desk.journal()
    for value in (receipt, receipt.moves[0], receipt.outcome, entry_of(journal[1]), journal[1]):
        for field in attrs.fields(type(value)):
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(value, field.name, None)
    first, text, last = journal[0], journal[1].text, journal[2]
    edited = re.sub(r'(?<="parts":)1000\b', "100", text)
    assert edited != text
    for forged in (Kept(edited, journal[1].hash), Kept(edited, entry_hash(edited))):
        assert verify([first, forged, last]).faults
    desk.check()


def test_what_is_decided_is_what_is_stored() -> None:
    """R18: a renewal kept a field in memory only; here a store of plain text has all of them."""
    desk = Desk(ToyStore(), policy=Policy(upgrade=Upgrade.IMMEDIATE, lapse_grace_days=9))
    stored = []
    for number, step in enumerate(
        (
            Subscribe("growth", Credits.of(120), Period.MONTH),
            Replenish("growth", 0),
            ChangePlan("growth", Credits.of(240)),
            Lapse("growth"),
            Resubscribe("growth"),
        )
    ):
        desk.at(number).give(step)
        with desk.ledger.store.read(desk.ledger.portal) as reading:
            found = reading.record(Subscription.KIND, "growth")
            assert isinstance(found, Subscription)
            assert (found.base, found.renewal.anchor) == (Credits.of(120), day(0))
            stored.append((len(found.changes), found.state.value, found.lapse is None))
    in_force = (1, "in_force", True)
    assert stored[:3] == [(0, "in_force", True)] * 2 + [in_force]
    assert stored[3:] == [(1, "suspended", False), in_force]
    assert desk.at(31).give(Replenish("growth", 1)).outcome.amount == Credits.of(20)
    assert desk.figures(POOL) == (40, 0, 0, 0, 0)
    desk.check()


def test_a_correction_counts_at_once(lms: Portal) -> None:
    """R41: a correction stood in the journal and not in the balance; here both are one."""
    lms.fill(3)
    lms.run(WriteOff(Credits.of(2), "counted-twice"))
    assert (lms.free(POOL), lms.void(POOL)) == (1, 2)
    lms.run(Enrol("leo", "first-aid"))
    assert type(lms.refused(Enrol("lea", "first-aid"))) is InsufficientUnits
    assert lms.ledger.audit().ok
