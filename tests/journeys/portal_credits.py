"""The room of credits in plain values: subscriptions, pool, managers, invites, enrolments."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.journeys.portal_books import (
    STAFF,
    Books,
    Claim,
    Done,
    Knobs,
    Lot,
    Moved,
    No,
    Use,
    course_wallet,
    manager_wallet,
)


@dataclass
class Invite:
    invitee: str
    course: str
    manager: str
    state: str = "sent"
    enrolment: str | None = None


@dataclass
class Enrolment:
    learner: str
    course: str
    source: str
    claim: str
    made_by: str
    state: str = "active"
    reversed_by: str | None = None


@dataclass
class Subscription:
    base: int
    months: int
    anchor: datetime
    granted: dict[int, tuple[str, int]] = field(default_factory=dict)
    """For every period granted: the request that did it, and what it brought."""


def months_later(anchor: datetime, months: int) -> datetime:
    """The same day so many months after the anchor, or the last day of a shorter month."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    day = min(anchor.day, monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)


class CreditsRoom(Books):
    """Everything that is done with credits."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.registered: set[tuple[str, str]] = set()
        self.subscriptions: dict[str, Subscription] = {}
        self.invites: dict[str, Invite] = {}
        self.enrolments: dict[str, Enrolment] = {}

    def invite_state(self, invite: str) -> str:
        found = self.invites[invite]
        over = self.claims[invite].over(self.now)
        return "expired" if over and found.state == "sent" else found.state

    def active(self, learner: str, course: str) -> str | None:
        """The active enrolment of a learner in a course."""
        for name, found in self.enrolments.items():
            if (found.learner, found.course, found.state) == (learner, course, "active"):
                return name
        return None

    def due(self, subscription: str, index: int) -> datetime:
        found = self.subscriptions[subscription]
        return months_later(found.anchor, index * found.months)

    def subscribe(self, subscription: str, base: int, period: str, anchor: datetime | None) -> Done:
        """C36, C37, C39."""
        self._may(*STAFF)
        if subscription in self.subscriptions:
            raise No("already_exists")
        months = {"year": 12, "month": 1}[period]
        start = anchor or self.now
        self.subscriptions[subscription] = Subscription(base, months, start)
        return Done({"subscription": subscription, "anchor": start})

    def replenish(self, subscription: str, index: int) -> Done:
        """C36 to C41."""
        self._may(*STAFF)
        if subscription not in self.subscriptions:
            raise No("unknown_object")
        found, lot = self.subscriptions[subscription], f"{subscription}/{index}"
        due = self.due(subscription, index)
        if self.now < due:
            raise No("not_due", due=due)
        if index in found.granted:
            request, amount = found.granted[index]
            return Done({"amount": amount, "lot": lot if amount else None}, (), request)
        amount = self._grant_of(found, index)
        if amount:
            self._new([lot])
        found.granted[index] = self._request, amount
        if not amount:
            return Done({"amount": 0, "lot": None})
        moves = [self._issued(lot, Lot("pool", amount, due, None, due, index + 1))]
        return Done({"amount": amount, "lot": lot}, moves)

    def _grant_of(self, found: Subscription, index: int) -> int:
        if found.months == 12:
            return found.base
        if self.knobs.grant_rounding == "cumulative":
            return found.base * (index + 1) // 12 - found.base * index // 12
        whole, rest = divmod(found.base, 12)
        return whole + (1 if rest and self.knobs.grant_rounding == "ceil" else 0)

    def allocate(self, course: str, amount: int) -> Done:
        """C6, C7."""
        self._may("admin")
        use = Use(course=course)
        moves = self._transferred("pool", course_wallet(course), amount, use)
        return Done({"course": course, "amount": amount}, moves)

    def deallocate(self, course: str, amount: int) -> Done:
        """C12."""
        self._may("admin")
        use = Use(course=course)
        moves = self._transferred(course_wallet(course), "pool", amount, use)
        return Done({"course": course, "amount": amount}, moves)

    def grant(self, manager: str, course: str, amount: int) -> Done:
        """C11, C14 to C16, C55."""
        self._may("admin")
        if (manager, course) not in self.registered:
            raise No("not_registered")
        ends = course_wallet(course), manager_wallet(manager, course)
        return Done({"amount": amount}, self._transferred(*ends, amount, Use(course=course)))

    def send_invite(self, invitee: str, course: str, manager: str) -> Done:
        """C24, C28 to C30."""
        self._may_own("manager", manager)
        mine = manager_wallet(manager, course)
        seat = [
            name
            for name, one in self.invites.items()
            if (one.invitee, one.course, one.state) == (invitee, course, "sent")
        ]
        for name in seat:
            if self.invite_state(name) == "sent":
                return Done(self._sent(name), (), name.removesuffix(".1"))
        plan = self._plan(mine, 1, Use(course=course))
        for name in seat:
            self.invites[name].state = "cancelled"
        made = f"{self._request}.1"
        self.invites[made] = Invite(invitee, course, manager)
        claim = self.claims[made] = Claim(deadline=self._deadline())
        return Done(self._sent(made), self._taken(claim, mine, plan, "HELD"))

    def _deadline(self) -> datetime | None:
        days = self.knobs.invite_days
        return None if days is None else self.now + timedelta(days=days)

    def _sent(self, invite: str) -> dict[str, Any]:
        deadline = self.claims[invite].deadline
        return {"invite": invite, "manager": self.invites[invite].manager, "deadline": deadline}

    def _invite(self, invite: str) -> Invite:
        if invite not in self.invites:
            raise No("unknown_object")
        return self.invites[invite]

    def accept_invite(self, invite: str, learner: str) -> Done:
        """C26, C33, C34."""
        self._may_own("learner", learner)
        found = self._invite(invite)
        if self.invite_state(invite) != "sent":
            raise No("illegal_transition")
        claim, active = self.claims[invite], self.active(learner, found.course)
        found.state = "accepted"
        found.enrolment = active or f"{self._request}.1"
        if active is not None:
            return Done({"enrolment": active, "spent": 0}, self._handed_back(claim))
        source = manager_wallet(found.manager, found.course)
        moves: list[Moved] = []
        if claim.total("HELD"):
            moves = self._shifted(claim, 1, "HELD", "SPENT")
        elif not claim.total("SPENT"):
            use = Use(course=found.course, groups=self.groups_of(learner))
            try:
                moves = self._taken(claim, source, self._plan(source, 1, use), "SPENT")
            except No:
                found.state, found.enrolment = "sent", None
                raise
        made = Enrolment(learner, found.course, source, invite, self._request)
        self.enrolments[found.enrolment] = made
        claim.deadline = None
        return Done({"enrolment": found.enrolment, "spent": len(moves)}, moves)

    def _handed_back(self, claim: Claim) -> list[Moved]:
        """C25: all that a claim has, held or spent, by whatever command."""
        held = self._give_back(claim, claim.total("HELD"), "HELD")
        return [*held, *self._give_back(claim, claim.total("SPENT"), "SPENT")]

    def cancel_invite(self, invite: str) -> Done:
        """C25, C26."""
        found = self._sender(invite, "admin")
        if found.state in ("accepted", "cancelled"):
            raise No("illegal_transition")
        found.state = "cancelled"
        moves = self._handed_back(self.claims[invite])
        return Done({"invite": invite, "manager": found.manager}, moves)

    def _sender(self, invite: str, *roles: str) -> Invite:
        """The invite, for those who may see to it: its sender, and some roles."""
        if self._roles.isdisjoint(roles):
            self._may("manager")
            if self._invite(invite).manager != self._actor:
                raise No("not_permitted")
        return self._invite(invite)

    def reinvite(self, invite: str) -> Done:
        """C26, C27, C35."""
        found = self._sender(invite)
        if found.state in ("accepted", "cancelled"):
            raise No("illegal_transition")
        claim, mine = self.claims[invite], manager_wallet(found.manager, found.course)
        moves: list[Moved] = []
        if self.invite_state(invite) == "expired" and not claim.total("SPENT"):
            plan = self._plan(mine, 1, Use(course=found.course))
            claim.let_go = False
            moves = self._taken(claim, mine, plan, "HELD")
        claim.deadline = self._deadline()
        return Done(self._sent(invite), moves)

    def enrol(self, learner: str, course: str) -> Done:
        """C1, C3, C5, C8 to C10."""
        self._may("admin")
        active = self.active(learner, course)
        if active is not None:
            found = self.enrolments[active]
            return Done({"enrolment": active, "source": found.source}, (), found.made_by)
        use = Use(course=course, groups=self.groups_of(learner))
        source = course_wallet(course)
        if not self.spendable(source, use) and (
            self.knobs.pool_fallback or not self.free.get(source)
        ):
            source = "pool"
        plan = self._plan(source, 1, use)
        made = f"{self._request}.1"
        self.enrolments[made] = Enrolment(learner, course, source, made, self._request)
        claim = self.claims[made] = Claim()
        moves = self._taken(claim, source, plan, "SPENT")
        return Done({"enrolment": made, "source": source}, moves)

    def complete_enrolment(self, enrolment: str) -> Done:
        """C5."""
        self._may(*STAFF)
        if enrolment not in self.enrolments:
            raise No("unknown_object")
        if self.enrolments[enrolment].state != "active":
            raise No("illegal_transition")
        self.enrolments[enrolment].state = "completed"
        return Done({"enrolment": enrolment})

    def reverse_enrolment(self, enrolment: str) -> Done:
        """C57 to C59."""
        self._may("admin")
        if enrolment not in self.enrolments:
            raise No("unknown_object")
        found = self.enrolments[enrolment]
        if found.state == "completed":
            raise No("illegal_transition")
        if found.state == "reversed":
            return Done({"source": found.source}, (), found.reversed_by)
        found.state, found.reversed_by = "reversed", self._request
        moves = self._handed_back(self.claims[found.claim])
        return Done({"source": found.source}, moves)
