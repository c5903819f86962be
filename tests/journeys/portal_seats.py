"""Enrolments in plain values: who pays a seat in a course, when, and until when it comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.journeys.portal_books import (
    STAFF,
    Claim,
    Done,
    Knobs,
    Lot,
    Moved,
    No,
    Use,
    course_wallet,
)
from tests.journeys.portal_managers import ManagersRoom


@dataclass
class Enrolment:
    learner: str
    course: str
    source: str
    claim: str
    made_by: str
    enrolled: datetime
    state: str = "active"
    reversed_by: str | None = None
    progress: int | None = None
    progressed_by: str | None = None
    returned_to: str | None = None
    replacement: str | None = None


class SeatsRoom(ManagersRoom):
    """What is done with enrolments."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.enrolments: dict[str, Enrolment] = {}

    def active(self, learner: str, course: str) -> str | None:
        """The active enrolment of a learner in a course."""
        for name, found in self.enrolments.items():
            if (found.learner, found.course, found.state) == (learner, course, "active"):
                return name
        return None

    def _check_cap(self, learner: str, course: str) -> None:
        """C2, C5, C57: counted each time; who has a seat in the course needs no other."""
        cap = self.knobs.learner_cap
        mine = [one for one in self.enrolments.values() if one.learner == learner]
        standing = sum(one.state != "reversed" for one in mine)
        if cap is not None and standing >= cap and self.active(learner, course) is None:
            raise No("learner_cap_reached", learner=learner, enrolments=standing, cap=cap)

    def _paid_as(self) -> str:
        """C24: how a new enrolment has its credit."""
        late = self.knobs.consumed_at == "started" or type(self.knobs.consumed_at) is int
        return "HELD" if late else "SPENT"

    def enrol(self, learner: str, course: str) -> Done:
        """C1, C3, C5, C8 to C10, C43, C56."""
        self._may("admin")
        self._check_standing(course_wallet(course), "pool")
        self._check_cap(learner, course)
        active = self.active(learner, course)
        if active is not None:
            found = self.enrolments[active]
            return Done({"enrolment": active, "source": found.source}, (), found.made_by)
        made, claim = f"{self._request}.1", Claim()
        moves = self._seat_paid(course, made, claim, Use(None, None, self.groups_of(learner)))
        source = claim.parts[0].wallet
        self.claims[made] = claim
        self.enrolments[made] = Enrolment(learner, course, source, made, self._request, self.now)
        return Done({"enrolment": made, "source": source}, moves)

    def _seat_paid(self, course: str, name: str, claim: Claim, use: Use) -> list[Moved]:
        """C9, C10, C56: the course, then the pool, then a debt of the course."""
        source, use = course_wallet(course), use._replace(course=course)
        payers = [source] if self.spare(course, use) else []
        if self.knobs.pool_fallback or not self.free.get(source):
            payers += ["pool"] if self.spendable("pool", use) else []
        if payers:
            return self._taken(claim, payers[0], self._plan(payers[0], 1, use), self._paid_as())
        moves = self._advanced(course, name, claim, use)
        if moves is None:
            raise No("insufficient_units", needed=1, available=0)
        return moves

    def _enrolment(self, name: str) -> Enrolment:
        if name not in self.enrolments:
            raise No("unknown_object")
        return self.enrolments[name]

    def start_enrolment(self, enrolment: str) -> Done:
        """C57."""
        return self.report_progress(enrolment, 0)

    def report_progress(self, enrolment: str, percent: int) -> Done:
        """C57: the furthest counts."""
        self._may(*STAFF)
        found = self._enrolment(enrolment)
        if found.state != "active":
            raise No("illegal_transition")
        if found.progress is not None and found.progress >= percent:
            return Done({"progress": found.progress}, (), found.progressed_by)
        found.progress, found.progressed_by = percent, self._request
        waits = self.knobs.consumed_at
        due = type(waits) is not int or percent >= waits
        moves = self._captured(self.claims[found.claim]) if due else []
        return Done({"progress": percent}, moves)

    def _captured(self, claim: Claim) -> list[Moved]:
        return self._shifted(claim, claim.total("HELD"), "HELD", "SPENT")

    def complete_enrolment(self, enrolment: str) -> Done:
        """C5."""
        self._may(*STAFF)
        found = self._enrolment(enrolment)
        if found.state != "active":
            raise No("illegal_transition")
        found.state = "completed"
        return Done({"enrolment": enrolment}, self._captured(self.claims[found.claim]))

    def _handed_back(self, claim: Claim) -> list[Moved]:
        """C25: all that a claim has, held or spent, by whatever command."""
        held = self._shifted(claim, claim.total("HELD"), "HELD", "FREE", last_first=True)
        return [*held, *self._give_back(claim, claim.total("SPENT"), "SPENT")]

    def reverse_enrolment(self, enrolment: str) -> Done:
        """C22, C56 to C59."""
        self._may("admin")
        found = self._enrolment(enrolment)
        if found.state == "completed":
            raise No("illegal_transition")
        if found.state == "reversed":
            return Done(self._reversed(found), (), found.reversed_by)
        if not self._reversible(found):
            raise No("not_reversible", enrolment=enrolment, progress=found.progress)
        found.state, found.reversed_by = "reversed", self._request
        goal, claim = self.landing(found.source), self.claims[found.claim]
        found.returned_to = goal
        if found.claim in self.waiting[found.course]:
            return Done(self._reversed(found), self._debt_ended(found.course, found.claim))
        moves = self._handed_back(claim)
        onward = self._onward(moves)
        given = self._given_for(found, goal, moves)
        return Done(self._reversed(found), [*moves, *onward, *given])

    def _reversed(self, found: Enrolment) -> dict[str, Any]:
        return {"source": found.returned_to, "replacement": found.replacement}

    def _reversible(self, found: Enrolment) -> bool:
        """C57."""
        until, number = self.knobs.reversible_until
        if until == "days":
            return self.now - found.enrolled < timedelta(days=number)
        begun = found.progress is not None
        return {
            "never": False,
            "started": not begun,
            "progress": not begun or (found.progress or 0) < number,
        }[until]

    def _given_for(self, found: Enrolment, goal: str, back: list[Moved]) -> list[Moved]:
        """C59: what is given for a credit whose lot has expired."""
        moves: list[Moved] = []
        for number, (name, *_) in enumerate(back, 1):
            lot, rule = self.lots[name], self.knobs.expired_credit
            if rule == "forfeit" or lot.expires is None or not lot.ended(self.now):
                continue
            life = timedelta(days=rule) if isinstance(rule, int) else lot.expires - lot.effective
            given = f"{self._request}.{number}"
            moves.append(self._issued(given, self._anew(lot, goal, self.now + life)))
            found.replacement = found.replacement or given
        return moves

    def _anew(self, lot: Lot, wallet: str, expires: datetime) -> Lot:
        made = self._lot(wallet, 1, None, expires, cycle=lot.cycle, priority=lot.priority)
        made.scope, made.cost, made.category = lot.scope, lot.cost, lot.category
        return made
