"""A small portal for the credit rules: a clock to set, two managers, and a check at the end.

Every command goes through `Portal.run`, which asks beforehand whether it `can` be done and holds
the ledger to its word; every portal is audited when its test is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from unitledger.accounts import State
from unitledger.amounts import Credits
from unitledger.claims import Claim
from unitledger.commands import Actor, Command, Outcome, Receipt, Role
from unitledger.credits import (
    Allocate,
    Enrolment,
    EnrolmentState,
    Grant,
    Invite,
    InviteState,
    invite_at,
)
from unitledger.errors import Refused
from unitledger.ids import LotId, WalletId
from unitledger.ledger import Ledger
from unitledger.lots import Scope
from unitledger.operations import Issue, Sweep
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock

_O = TypeVar("_O", bound=Outcome)

ANN = Actor.acting("ann", Role.ADMIN)
MIA = Actor.acting("mia", Role.MANAGER)
MAX = Actor.acting("max", Role.MANAGER)
CRON = Actor.acting("cron", Role.SYSTEM)

POOL = WalletId("pool")
AID = WalletId("course/first-aid")
FIRE = WalletId("course/fire")
MIAS = WalletId("manager/mia/first-aid")
MAXS = WalletId("manager/max/first-aid")

START = datetime(2026, 1, 31, 9, tzinfo=UTC)


def at(text: str) -> datetime:
    """``2026-02-28`` or ``2026-02-28T09:00`` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def learner(name: str) -> Actor:
    return Actor.acting(name, Role.LEARNER)


class Portal:
    def __init__(self, policy: Policy | None = None) -> None:
        self.clock = FixedClock(START)
        managers = frozenset({("mia", "first-aid"), ("mia", "fire"), ("max", "first-aid")})
        self.ledger = Ledger(
            MemoryStore(),
            policy=policy,
            clock=self.clock,
            directory=FixedDirectory(managers=managers),
        )
        self._requests = 0

    def registered(self, manager: str, course: str) -> None:
        """The Directory learns of a manager of a course."""
        known = self.ledger.directory
        assert isinstance(known, FixedDirectory)
        self.ledger.directory = FixedDirectory(managers=known.managers | {(manager, course)})

    def unregistered(self, manager: str, course: str) -> None:
        """The Directory has a manager of a course no more."""
        known = self.ledger.directory
        assert isinstance(known, FixedDirectory)
        self.ledger.directory = FixedDirectory(managers=known.managers - {(manager, course)})

    def run(self, command: Command[_O], by: Actor = ANN, request: str | None = None) -> Receipt[_O]:
        if request is None:
            self._requests += 1
            request = f"r{self._requests}"
        can = self.ledger.can(command, by=by, request=request)
        before = self.ledger.journal()
        try:
            receipt = self.ledger.execute(command, by=by, request=request)
        except Refused:
            assert not can, f"can said yes to {command}"
            assert self.ledger.journal() == before, "a refused command changed something"
            raise
        assert can, f"can said no to {command}"
        return receipt

    def refused(self, command: Command[_O], by: Actor = ANN) -> Refused:
        """The refusal of a command, which a preview must give as well."""
        with pytest.raises(Refused) as previewed:
            self.ledger.preview(command, by=by)
        with pytest.raises(Refused) as executed:
            self.run(command, by)
        assert str(previewed.value) == str(executed.value)
        return executed.value

    def fill(
        self,
        credits_: int,
        wallet: str = POOL,
        lot: str | None = None,
        *,
        effective: datetime | None = None,
        expires: datetime | None = None,
        scope: Scope | None = None,
    ) -> None:
        """So many credits from nowhere."""
        self._requests += 1
        name = LotId(lot or f"lot{self._requests}")
        issue = Issue(
            *(name, WalletId(wallet), Credits.of(credits_)),
            effective=effective,
            expires=expires,
            scope=scope,
        )
        self.ledger.execute(issue, by=ANN, request=f"fill{self._requests}")

    def allotted(self, credits_: int, course: str = "first-aid", manager: str = "mia") -> None:
        """So many credits with a manager, by way of the pool and the course."""
        self.fill(credits_)
        self.run(Allocate(course, Credits.of(credits_)))
        self.run(Grant(manager, course, Credits.of(credits_)))

    def free(self, wallet: str) -> int:
        return self.ledger.balance(wallet).available.parts

    def held(self, wallet: str) -> int:
        return self.ledger.balance(wallet).held.parts

    def spent(self, wallet: str) -> int:
        return self.ledger.balance(wallet).spent.parts

    def expired(self, wallet: str) -> int:
        return self.ledger.balance(wallet).expired.parts

    def void(self, wallet: str) -> int:
        return self.ledger.balance(wallet).void.parts

    def figures(self) -> dict[str, tuple[int, int, int]]:
        """Free, held and spent of every wallet that has any."""
        with self.ledger.store.read(self.ledger.portal) as reading:
            wallets = list(reading.wallets())
        found = {one: (self.free(one), self.held(one), self.spent(one)) for one in wallets}
        return {str(one): three for one, three in found.items() if any(three)}

    def invite(self, invite: str, when: datetime | None = None) -> Invite:
        with self.ledger.store.read(self.ledger.portal) as reading:
            return invite_at(reading, invite, at=when or self.clock.at)

    def enrolments(self, course: str) -> list[Enrolment]:
        with self.ledger.store.read(self.ledger.portal) as reading:
            found = reading.find(Enrolment.KIND, "course", course)
        return [one for one in found if isinstance(one, Enrolment)]

    def check(self) -> None:
        """Audit, chains, the rules that hold at any time; and a sweep that must not be felt."""
        self._agree()
        before = self.figures()
        with self.ledger.store.read(self.ledger.portal) as reading:
            wallets = list(reading.wallets())
        for number, wallet in enumerate(wallets):
            self.ledger.execute(Sweep(wallet), by=CRON, request=f"sweep {number}")
        assert self.figures() == before, "a sweep changed a balance"
        self._agree()

    def _agree(self) -> None:
        audit, chains = self.ledger.audit(), self.ledger.verify()
        assert audit.ok, audit.faults
        assert chains.ok, chains.faults
        self._every_credit_taken_has_its_owner()

    def _every_credit_taken_has_its_owner(self) -> None:
        """C63, for portals whose credits are taken in no other way.

        Every standing enrolment has one credit, every reversed one none; an open invite has at most
        one, a settled one none of its own.
        """
        entries = tuple(self.ledger.entries())
        records = {(one.KIND, one.key): one for entry in entries for one in entry.records}
        claims = {one.id: self._let_go(one) for entry in entries for one in entry.claims}
        enrolled = [one for one in records.values() if isinstance(one, Enrolment)]
        for one in enrolled:
            standing = one.state is not EnrolmentState.REVERSED
            assert sum(part.parts for part in claims[one.claim].segments) == standing, one
            assert claims[one.claim].wallets == ((one.source,) if standing else ())
        owned = {one.claim for one in enrolled if one.state is not EnrolmentState.REVERSED}
        for invite in (one for one in records.values() if isinstance(one, Invite)):
            here = sum(part.parts for part in claims[invite.claim].segments)
            if invite.claim not in owned:
                assert here <= (invite.state is InviteState.SENT), invite
            owned.add(invite.claim)
        taken: dict[str, list[int]] = {}
        for name in owned:
            for part in claims[name].segments:
                row = taken.setdefault(part.wallet, [0, 0])
                row[part.state is State.SPENT] += part.parts
        figures = {wallet: [held, spent] for wallet, (_, held, spent) in self.figures().items()}
        credit = {w: n for w, n in figures.items() if not w.startswith(("member", "keycode"))}
        assert {wallet: row for wallet, row in credit.items() if any(row)} == taken

    def _let_go(self, claim: Claim) -> Claim:
        """A claim as it is now: past its deadline it holds nothing."""
        held = claim.total(State.HELD)
        if held and claim.deadline is not None and claim.deadline <= self.clock.at:
            return claim.shift(held, State.HELD, State.FREE).claim
        return claim


@contextmanager
def portal(policy: Policy | None = None) -> Iterator[Portal]:
    """A portal that is checked when its test has passed."""
    opened = Portal(policy)
    yield opened
    opened.check()
