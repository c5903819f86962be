"""How credits work in a subscription: one portal's story from its first renewal to its last credit.

The chapters follow the vendor's page; a line of figures is free, held and spent per wallet.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from unitledger.amounts import Credits
from unitledger.commands import Actor, Command, Receipt, Role
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    CompleteEnrolment,
    Deallocate,
    Enrol,
    Grant,
    Reinvite,
    Replenish,
    ReverseEnrolment,
    SendInvite,
    Subscribe,
    address_digest,
)
from unitledger.errors import IllegalTransition, InsufficientUnits, NotDue, NotRegistered
from unitledger.ledger import Ledger
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock, Period

ANN = Actor.acting("ann", Role.ADMIN)
MIA = Actor.acting("mia", Role.MANAGER)
LEO = Actor.acting("leo", Role.LEARNER)
LEA = Actor.acting("lea", Role.LEARNER)
CRON = Actor.acting("scheduler", Role.SYSTEM)
KEY = b"a secret of this portal"
LEOS = address_digest("leo@example.org", KEY)
LEAS = address_digest("lea@example.org", KEY)


class Telling:
    """A ledger told in order: every command gets the next number as its request."""

    def __init__(self) -> None:
        self.clock = FixedClock(datetime(2026, 1, 31, 9, tzinfo=UTC))
        self.ledger = Ledger(
            MemoryStore(),
            portal="acme",
            policy=Policy(invite_days=30),
            clock=self.clock,
            directory=FixedDirectory(managers=frozenset({("mia", "dot")})),
        )
        self.number = 0

    def on(self, month: int, day: int) -> None:
        self.clock.at = datetime(2026, month, day, 9, tzinfo=UTC)

    def does(self, actor: Actor, command: Command[Any]) -> Receipt[Any]:
        self.number += 1
        assert self.ledger.can(command, by=actor)
        receipt = self.ledger.execute(command, by=actor, request=f"{self.number}")
        assert self.ledger.audit().ok
        return receipt

    def cannot(self, actor: Actor, command: Command[Any], why: type[Any]) -> Any:
        before = self.ledger.journal()
        assert not self.ledger.can(command, by=actor)
        with pytest.raises(why) as refusal:
            self.ledger.execute(command, by=actor, request=f"{self.number} refused")
        assert self.ledger.journal() == before
        return refusal.value

    def figures(self) -> str:
        names = {"pool": "pool", "course/dot": "dot", "manager/mia/dot": "mia"}
        found = []
        for wallet, name in names.items():
            balance = self.ledger.balance(wallet)
            three = (balance.available, balance.held, balance.spent)
            found.append(f"{name} " + "/".join(amount.text for amount in three))
        return ", ".join(found)


def test_the_life_of_a_subscription() -> None:
    """C1 to C12, C14 to C16, C24 to C30, C34 to C41, C57, C58, C61."""
    portal = Telling()

    # A designated number of credits every month, on the plan's renewal date.
    portal.does(ANN, Subscribe("growth", Credits.of(126), Period.MONTH))
    portal.does(CRON, Replenish("growth", 0))
    assert portal.figures() == "pool 10/0/0, dot 0/0/0, mia 0/0/0"
    due = portal.cannot(CRON, Replenish("growth", 1), NotDue).due
    assert due == datetime(2026, 2, 28, 9, tzinfo=UTC)

    # The pool can be allocated: all ten to one course, or five, or none.
    portal.does(ANN, Allocate("dot", Credits.of(10)))
    portal.cannot(ANN, Allocate("dot", Credits.of(1)), InsufficientUnits)
    portal.does(ANN, Deallocate("dot", Credits.of(5)))
    assert portal.figures() == "pool 5/0/0, dot 5/0/0, mia 0/0/0"

    # Allocated credits pay for manual enrolments, and are given to managers of the course.
    leos = portal.does(ANN, Enrol("leo", "dot")).outcome.enrolment
    portal.cannot(ANN, Grant("max", "dot", Credits.of(1)), NotRegistered)
    portal.does(ANN, Grant("mia", "dot", Credits.of(4)))
    assert portal.figures() == "pool 5/0/0, dot 0/0/1, mia 4/0/0"
    blocked = portal.cannot(ANN, Grant("mia", "dot", Credits.of(1)), InsufficientUnits)
    assert str(blocked) == (
        "course/dot can spend 0 credits of the 1 credits asked for; 1 credits more needed"
    )

    # Without an allocation left, the system deducts from the pool.
    portal.does(ANN, Enrol("lou", "dot"))
    assert portal.figures() == "pool 4/0/1, dot 0/0/1, mia 4/0/0"

    # A manager invites: the credit is held, renewed at no cost, spent when the learner accepts.
    leas = portal.does(MIA, SendInvite(LEAS, "dot", "mia")).outcome.invite
    again = portal.does(MIA, SendInvite(address_digest(" LEA@Example.org", KEY), "dot", "mia"))
    assert (again.outcome.invite, again.moves) == (leas, ())
    portal.does(MIA, Reinvite(leas))
    assert portal.figures() == "pool 4/0/1, dot 0/0/1, mia 3/1/0"
    portal.does(LEA, AcceptInvite(leas, "lea"))
    assert portal.figures() == "pool 4/0/1, dot 0/0/1, mia 3/0/1"
    late = portal.cannot(MIA, CancelInvite(leas), IllegalTransition)
    assert late.state == "accepted"

    # A learner who is in the course already costs the manager nothing; a wrong address neither.
    invite = portal.does(MIA, SendInvite(LEOS, "dot", "mia")).outcome.invite
    assert portal.does(LEO, AcceptInvite(invite, "leo")).outcome.enrolment == leos
    wrong = portal.does(MIA, SendInvite(address_digest("lo@example.org", KEY), "dot", "mia"))
    portal.does(MIA, CancelInvite(wrong.outcome.invite))
    assert portal.figures() == "pool 4/0/1, dot 0/0/1, mia 3/0/1"

    # An invite nobody answers lets go of its credit after thirty days, and no job has to run.
    open_ = portal.does(MIA, SendInvite("somebody", "dot", "mia")).outcome.invite
    portal.on(3, 1)
    assert portal.figures() == "pool 4/0/1, dot 0/0/1, mia 2/1/1"
    portal.on(3, 2)
    assert portal.figures() == "pool 4/0/1, dot 0/0/1, mia 3/0/1"
    portal.does(MIA, Reinvite(open_))
    assert portal.figures() == "pool 4/0/1, dot 0/0/1, mia 2/1/1"

    # The renewal adds to what is left, whenever the scheduler gets to it, and once.
    portal.does(CRON, Replenish("growth", 1))
    assert portal.does(CRON, Replenish("growth", 1)).moves == ()
    assert portal.figures() == "pool 14/0/1, dot 0/0/1, mia 2/1/1"

    # Enrolled by mistake: the credit goes back to where it came from, once.
    portal.does(ANN, ReverseEnrolment(leos))
    assert portal.does(ANN, ReverseEnrolment(leos)).moves == ()
    assert portal.figures() == "pool 14/0/1, dot 1/0/0, mia 2/1/1"

    # A re-take is another enrolment, the same enrolment twice is not.
    first = portal.does(ANN, Enrol("leo", "dot")).outcome.enrolment
    assert portal.does(ANN, Enrol("leo", "dot")).outcome.enrolment == first
    portal.does(CRON, CompleteEnrolment(first))
    second = portal.does(ANN, Enrol("leo", "dot"))
    assert second.outcome.enrolment != first
    assert portal.figures() == "pool 13/0/2, dot 0/0/1, mia 2/1/1"

    # Out of credits, no new enrolment can be registered; a manager's are not touched for it.
    last = [portal.does(ANN, Enrol(f"learner {n}", "other")) for n in range(13)][-1]
    stop = portal.cannot(ANN, Enrol("one too many", "dot"), InsufficientUnits)
    assert (stop.wallets, stop.shortfall) == (("course/dot", "pool"), Credits.of(1))
    assert portal.figures() == "pool 0/0/15, dot 0/0/1, mia 2/1/1"

    # The retry of the enrolment that took the last credit still gets its receipt.
    retried = portal.ledger.execute(Enrol("learner 12", "other"), by=ANN, request=last.request)
    assert retried == last

    # And the books: all that came in is somewhere, and no address is.
    held = [portal.ledger.balance(one) for one in ("pool", "course/dot", "manager/mia/dot")]
    assert sum((one.available + one.held + one.spent).parts for one in held) == 20
    assert portal.ledger.verify().ok
    assert not any("example.org" in kept.text for kept in portal.ledger.journal())
