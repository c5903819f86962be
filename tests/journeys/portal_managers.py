"""Managers in plain values: what they are granted, give each other, and leave behind."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from tests.journeys.portal_books import Done, Knobs, No, Use, course_wallet, manager_wallet
from tests.journeys.portal_pool import PoolRoom


class ManagersRoom(PoolRoom):
    """What managers have for a course, and how it comes and goes."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.gifts: dict[tuple[str, str, str], int] = defaultdict(int)
        """C20: net given by giver, receiver and course."""

    def grant(self, manager: str, course: str, amount: int) -> Done:
        """C11, C14 to C16, C22, C43, C55."""
        self._may("admin")
        self._check_standing(course_wallet(course))
        self._check_receiver(manager, course)
        mine = manager_wallet(manager, course)
        return Done({"amount": amount}, self._released(course, mine, amount, Use(course=course)))

    def recall(self, manager: str, course: str, amount: int) -> Done:
        """C21, C22, C56."""
        self._may("admin")
        source, target = manager_wallet(manager, course), self.landing(course_wallet(course))
        moves = self._transferred(source, target, amount, Use(course=course))
        settled, further = self._settled(course)
        figures = {"amount": amount, "wallet": target, "settled": settled}
        return Done(figures, [*moves, *further])

    def deactivate_manager(self, manager: str, course: str) -> Done:
        """C22, C56."""
        self._may("admin")
        wallet, target = manager_wallet(manager, course), self.landing(course_wallet(course))
        self._check_closes(wallet)
        self.closed[wallet] = True
        moves = self._emptied(wallet, target)
        settled, further = self._settled(course)
        amount = sum(move[-1] for move in moves)
        figures = {"amount": amount, "wallet": target, "settled": settled}
        return Done(figures, [*moves, *further])

    def reactivate_manager(self, manager: str, course: str) -> Done:
        """C22."""
        self._may("admin")
        self._reopened(manager_wallet(manager, course))
        return Done({"manager": manager, "course": course})

    def give(self, giver: str, receiver: str, course: str, amount: int) -> Done:
        """C14, C16, C17, C20, C43, C60."""
        self._may_own("manager", giver, "admin")
        ends = manager_wallet(giver, course), manager_wallet(receiver, course)
        self._check_standing(ends[0])
        self._check_receiver(receiver, course)
        moves = self._transferred(*ends, amount, Use(course=course))
        self.gifts[giver, receiver, course] += amount
        return Done({"amount": amount, "net": self.gifts[giver, receiver, course]}, moves)

    def take(self, giver: str, receiver: str, course: str, amount: int) -> Done:
        """C14, C18 to C20, C60."""
        self._may_own("manager", giver)
        self._check_receiver(giver, course)
        net = self.gifts[giver, receiver, course]
        if amount > net:
            raise No("gift_exceeded", net=net, asked=amount)
        ends = manager_wallet(receiver, course), manager_wallet(giver, course)
        moves = self._transferred(*ends, amount, Use(course=course))
        self.gifts[giver, receiver, course] = net - amount
        return Done({"amount": amount, "net": net - amount}, moves)
