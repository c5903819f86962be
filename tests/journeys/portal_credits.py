"""The room of credits in plain values: invites and mailings, over seats, managers and the pool."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.journeys.portal_books import (
    STAFF,
    Claim,
    Done,
    Knobs,
    Moved,
    No,
    Use,
    course_wallet,
    manager_wallet,
)
from tests.journeys.portal_seats import Enrolment, SeatsRoom

TAKEN_AS = {"invite_sent": "SPENT", "invite_accepted": "HELD", "enrolled": None}
"""C24: how an open invite has its credit; where it is spent later still, held."""


@dataclass
class Invite:
    invitee: str
    course: str
    manager: str
    state: str = "sent"
    enrolment: str | None = None


class CreditsRoom(SeatsRoom):
    """Everything that is done with credits."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.invites: dict[str, Invite] = {}

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """All of what is done in it, or nothing."""
        before = copy.deepcopy((self.free, self.claims, self.invites))
        try:
            yield
        except No:
            self.free, self.claims, self.invites = before
            raise

    def invite_state(self, invite: str) -> str:
        found = self.invites[invite]
        over = self.claims[invite].over(self.now)
        return "expired" if over and found.state == "sent" else found.state

    def _taken_as(self) -> str | None:
        return TAKEN_AS.get(str(self.knobs.consumed_at), "HELD")

    def _check_sender(self, manager: str, course: str) -> str:
        """C22, C43."""
        self._may_own("manager", manager)
        mine = manager_wallet(manager, course)
        self._check_standing(mine)
        self._check_open(mine)
        return mine

    def send_invite(self, invitee: str, course: str, manager: str) -> Done:
        """C22, C24, C28 to C30, C43."""
        self._check_sender(manager, course)
        name, moves, onward, new = self._sending(invitee, course, manager, 1)
        same = None if new else name.rpartition(".")[0]
        return Done(self._sent(name), [*moves, *onward], same)

    def _sending(
        self, invitee: str, course: str, manager: str, number: int
    ) -> tuple[str, list[Moved], list[Moved], bool]:
        """The invite, what happens to claims, what goes on from there, and whether it is new."""
        seat = [
            name
            for name, one in sorted(self.invites.items())
            if (one.invitee, one.course, one.state) == (invitee, course, "sent")
        ]
        for name in seat:
            if self.invite_state(name) == "sent":
                return name, [], [], False
        mine, state = manager_wallet(manager, course), self._taken_as()
        made, claim = f"{self._request}.{number}", Claim(deadline=self._deadline())
        with self._whole() if seat else nullcontext():
            moves: list[Moved] = []
            for name in seat:
                self.invites[name].state = "cancelled"
                moves += self._handed_back(self.claims[name])
            onward = self._onward(moves)
            if state is not None:
                plan = self._plan(mine, 1, Use(course=course))
                moves += self._taken(claim, mine, plan, state)
        self.invites[made], self.claims[made] = Invite(invitee, course, manager), claim
        return made, moves, onward, True

    def invite_all(self, invitees: Sequence[str], course: str, manager: str) -> Done:
        """C24, C30 to C32."""
        self._check_sender(manager, course)
        names, new, short = list[str](), 0, 0
        moves, onward = list[Moved](), list[Moved]()
        with self._whole():
            for number, invitee in self._once(invitees):
                try:
                    name, one, two, fresh = self._sending(invitee, course, manager, number)
                except No:
                    short += 1
                    continue
                names.append(name)
                new += fresh
                moves, onward = [*moves, *one], [*onward, *two]
            if short:
                raise No("insufficient_units", needed=new + short, available=new)
        told = tuple((name, self.claims[name].deadline) for name in names)
        return Done({"invites": told, "new": new}, [*moves, *onward])

    def invite_each(self, invitees: Sequence[str], course: str, manager: str) -> Done:
        """C24, C30, C31."""
        self._check_sender(manager, course)
        moves, onward = list[Moved](), list[Moved]()
        first: dict[str, tuple[str, str | None]] = {}
        rows: list[tuple[str, str, str | None]] = []
        numbers = dict(self._once(invitees))
        for number, invitee in enumerate(invitees, 1):
            if number not in numbers:
                verdict, name = first[invitee]
                rows.append((invitee, "duplicate" if name else verdict, name))
                continue
            try:
                name, one, two, fresh = self._sending(invitee, course, manager, number)
            except No:
                first[invitee] = "refused", None
            else:
                first[invitee] = "sent" if fresh else "open", name
                moves, onward = [*moves, *one], [*onward, *two]
            rows.append((invitee, *first[invitee]))
        return Done({"rows": tuple(rows)}, [*moves, *onward])

    def _once(self, invitees: Sequence[str]) -> list[tuple[int, str]]:
        """C31: every address once, with the number of its first row."""
        return [(invitees.index(one) + 1, one) for one in dict.fromkeys(invitees)]

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
        """C22, C24, C26, C33, C34, C43, C45."""
        self._may_own("learner", learner)
        found = self._invite(invite)
        if self.invite_state(invite) != "sent":
            raise No("illegal_transition")
        claim, active = self.claims[invite], self.active(learner, found.course)
        mine = self.landing(manager_wallet(found.manager, found.course))
        if claim.parts:
            self._check_promise(claim)
        else:
            self._check_standing(mine)
        self._check_cap(learner, found.course)
        if active is not None:
            found.state, found.enrolment = "accepted", active
            moves = self._handed_back(claim)
            return Done({"enrolment": active, "spent": 0}, [*moves, *self._onward(moves)])
        moves = self._seat_taken(found, claim, mine, learner)
        made = f"{self._request}.1"
        source = claim.parts[0].wallet
        found.state, found.enrolment = "accepted", made
        self.enrolments[made] = Enrolment(
            learner, found.course, source, invite, self._request, self.now
        )
        claim.deadline = None
        spent = sum(move[-1] for move in moves if move[4] == "SPENT")
        return Done({"enrolment": made, "spent": spent}, moves)

    def _check_promise(self, claim: Claim) -> None:
        """C45: an invite is honoured, or its credit is frozen, and gone with the grace."""
        lapsed = self._lapsed().items()
        released = {name: one for name, one in lapsed if one.holds == "release_then_forfeit"}
        self._insist_on_one(released)
        for name in released:
            for part in claim.parts:
                if part.state == "HELD" and self.forfeited(name, part.lot):
                    raise No("forfeit_due", subscription=name, wallet=part.wallet)

    def _seat_taken(self, found: Invite, claim: Claim, mine: str, learner: str) -> list[Moved]:
        """C24, C56: the invite's credit, or one that is taken now."""
        if claim.parts:
            return self._captured(claim) if self._paid_as() == "SPENT" else []
        use = Use(course=found.course, groups=self.groups_of(learner))
        plan = self._plan(mine, 1, use)
        if mine == course_wallet(found.course) and not self.spare(found.course, use):
            raise No("insufficient_units", needed=1, available=0)
        return self._taken(claim, mine, plan, self._paid_as())

    def cancel_invite(self, invite: str) -> Done:
        """C22, C25, C26."""
        found = self._sender(invite, "admin")
        if found.state in ("accepted", "cancelled"):
            raise No("illegal_transition")
        found.state = "cancelled"
        moves = self._handed_back(self.claims[invite])
        figures = {"invite": invite, "manager": found.manager}
        return Done(figures, [*moves, *self._onward(moves)])

    def _sender(self, invite: str, *roles: str) -> Invite:
        """The invite, for those who may see to it: its sender, and some roles."""
        if self._roles.isdisjoint(roles):
            self._may("manager")
            if self._invite(invite).manager != self._actor:
                raise No("not_permitted")
        return self._invite(invite)

    def reinvite(self, invite: str) -> Done:
        """C26, C27, C35, C43."""
        found = self._sender(invite)
        if found.state in ("accepted", "cancelled"):
            raise No("illegal_transition")
        claim, mine = self.claims[invite], manager_wallet(found.manager, found.course)
        self._check_standing(mine)
        moves: list[Moved] = []
        state = self._taken_as()
        if self.invite_state(invite) == "expired" and not claim.parts and state is not None:
            plan = self._plan(mine, 1, Use(course=found.course))
            claim.let_go = False
            moves = self._taken(claim, mine, plan, state)
        claim.deadline = self._deadline()
        return Done(self._sent(invite), moves)

    def forfeit(self, subscription: str, wallet: str) -> Done:
        """C43, C45."""
        self._may(*STAFF)
        found = self._subscription(subscription)
        if found.lapse is None:
            raise No("illegal_transition")
        if not found.ended(self.now):
            raise No("not_due", due=found.lapse.forfeits)
        released, cancelled = list[Moved](), tuple(self.cancellable(subscription, wallet))
        taken = self.left_of(subscription, wallet)
        for name in cancelled:
            self.invites[name].state = "cancelled"
            claim = self.claims[name]
            moves = self._shifted(claim, claim.total("HELD"), "HELD", "FREE")
            for lot, *_, parts in moves:
                if self.forfeited(subscription, lot) and not self.lots[lot].ended(self.now):
                    taken[lot] = taken.get(lot, 0) + parts
            released += moves
        figures = {"wallet": wallet, "amount": sum(taken.values()), "cancelled": cancelled}
        return Done(figures, [*released, *self._voided(wallet, taken.items())])

    def cancellable(self, subscription: str, wallet: str) -> list[str]:
        """C45: the open invites that hold something forfeited, where the policy lets go of it."""
        lapse = self.subscriptions[subscription].lapse
        if lapse is None or lapse.holds == "honour":
            return []
        return [
            name
            for name, one in sorted(self.invites.items())
            if manager_wallet(one.manager, one.course) == wallet
            and self.invite_state(name) == "sent"
            and any(
                part.state == "HELD" and self.forfeited(subscription, part.lot)
                for part in self.claims[name].parts
            )
        ]

    def due_now(self) -> list[tuple[str, datetime]]:
        """C40, C43: every period not granted yet and every wallet to be emptied, since when."""
        found: list[tuple[str, datetime]] = []
        for name, one in self.subscriptions.items():
            lapse = one.lapse
            for index in range(one.coming(self.now)):
                due = one.due(index)
                if index not in one.granted and (lapse is None or due < lapse.since):
                    found.append((name, due))
            if lapse is not None and one.ended(self.now):
                found += [
                    (name, lapse.forfeits)
                    for wallet in self.wallets()
                    if self.left_of(name, wallet) or self.cancellable(name, wallet)
                ]
        return found
