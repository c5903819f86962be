"""A whole portal in plain values: both rooms over the same books, and what opens them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.journeys.portal_books import Claim, Done, Moved, No, Step, manager_wallet, of_credits
from tests.journeys.portal_credits import CreditsRoom, Invite
from tests.journeys.portal_seats import Enrolment
from tests.journeys.portal_training import TrainingRoom


class PortalModel(CreditsRoom, TrainingRoom):
    """Everything a portal knows, at one instant."""

    def carry_out(self, step: Step, request: str) -> Done:
        """One command under a request id that is new."""
        self._actor, self._roles, self._request = step.actor, step.roles, request
        done: Done = getattr(self, step.name)(**step.args)
        return done

    def open_balances(
        self,
        lots: list[dict[str, Any]],
        placed: list[tuple[str, str, int]],
        invites: list[tuple[str, str, str, str, datetime | None]],
        consumed: list[tuple[str, str, str, str, str]],
        spent: list[tuple[str, str, int]],
    ) -> Done:
        """I1, C63: lots; what stands elsewhere; what is held; what is spent."""
        self._may("admin")
        self._new([lot["lot"] for lot in lots])
        for invitee, course, _, _, deadline in invites:
            if any(
                (one.invitee, one.course, one.state) == (invitee, course, "sent")
                for one in self.invites.values()
            ):
                raise No("already_exists")
            if deadline is not None and deadline <= self.now:
                raise No("invalid_value")
        for learner, course, _, _, state in consumed:
            if state == "active" and self.active(learner, course) is not None:
                raise No("already_exists")
        for lot in lots:
            self._check_terms(lot.get("effective"), lot.get("expires"))
        moves = [self._opened(**lot) for lot in lots]
        for name, wallet, parts in placed:
            moves.append(self._moved(name, self.lots[name].home, wallet, parts))
        for number, (invitee, course, manager, name, deadline) in enumerate(invites, 1):
            made = f"{self._request}.{number}"
            self.invites[made] = Invite(invitee, course, manager)
            claim = self.claims[made] = Claim(deadline=deadline)
            moves += self._taken(claim, manager_wallet(manager, course), [(name, 1)], "HELD")
        moves += self._consumed(consumed, spent, len(invites))
        sizes = [(of_credits(lot["wallet"]), lot["amount"]) for lot in lots]
        return Done(
            {
                "lots": len(lots),
                "invites": len(invites),
                "enrolments": len(consumed),
                "credits": sum(size for credit, size in sizes if credit),
                "units": sum(size for credit, size in sizes if not credit),
            },
            moves,
        )

    def _opened(self, lot: str, **rest: Any) -> Moved:
        return self._issued(lot, self._lot(**rest))

    def _consumed(
        self,
        consumed: list[tuple[str, str, str, str, str]],
        spent: list[tuple[str, str, int]],
        behind: int,
    ) -> list[Moved]:
        moves: list[Moved] = []
        for number, (learner, course, wallet, lot, state) in enumerate(consumed, behind + 1):
            name = f"{self._request}.{number}"
            made = Enrolment(learner, course, wallet, name, self._request, self.now, state)
            self.enrolments[name] = made
            claim = self.claims[name] = Claim()
            moves += self._taken(claim, wallet, [(lot, 1)], "SPENT")
        for number, (wallet, lot, parts) in enumerate(spent, behind + len(consumed) + 1):
            claim = self.claims[f"{self._request}.{number}"] = Claim()
            moves += self._taken(claim, wallet, [(lot, parts)], "SPENT")
        return moves
