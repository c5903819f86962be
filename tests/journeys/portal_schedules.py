"""Assignments in plain values: when they fire, what they issue, and how it is handed out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from tests.journeys.portal_books import (
    ANYTHING,
    CREATORS,
    Done,
    Knobs,
    Lot,
    Moved,
    No,
    Scope,
    quoted,
)
from tests.journeys.portal_calendar import begin_of, later, yearly
from tests.journeys.portal_codes import KeyCodesRoom

_DAY = timedelta(days=1)


class Repeat(NamedTuple):
    period: str
    every: int = 1
    month: int | None = None
    day: int | None = None


class Row(NamedTuple):
    amount: int
    audience: str | None
    per_member: bool = False


class Firing(NamedTuple):
    request: str
    due: datetime
    shares: tuple[int, ...]


def lot_names(name: str, cycle: int, shares: tuple[int, ...]) -> list[str]:
    """X-13."""
    return [f"{name}/{cycle}/{row}" for row, times in enumerate(shares, 1) if times]


@dataclass
class Assignment:
    rows: list[Row]
    distributors: frozenset[str]
    key_code: str | None
    """The code that its wallet is named for."""
    first: datetime
    repeat: Repeat | None
    due: datetime
    expires: datetime | None
    lasts: tuple[str, int] | None = None
    until_next: bool = False
    turn: int = 0
    former: frozenset[str] = frozenset()
    state: str = "scheduled"
    firings: dict[int, Firing] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(row.amount for row in self.rows)

    @property
    def cycles(self) -> int:
        return len(self.firings)

    def home(self, name: str, cycle: int, row: int) -> str:
        if self.key_code is None:
            return f"batch/{quoted(name)}/{cycle}/{row}"
        return f"keycode/{self.key_code}"

    def lots(self, name: str, cycle: int) -> list[str]:
        """The lots that a firing has issued; a row without a member has none."""
        return lot_names(name, cycle, self.firings[cycle].shares)


class SchedulesRoom(KeyCodesRoom):
    """Assignments and what is done with them."""

    def __init__(self, knobs: Knobs, now: datetime) -> None:
        super().__init__(knobs, now)
        self.assignments: dict[str, Assignment] = {}

    def assignment(self, name: str) -> Assignment:
        if name not in self.assignments:
            raise No("unknown_object")
        return self.assignments[name]

    # Dates.

    def over_after(self, day: date) -> datetime:
        """TU-070: when units end whose expiry names a day."""
        excluded = self.knobs.expiry_boundary == "exclusive"
        return begin_of(day if excluded else day + _DAY, self.knobs.zone)

    def coming(self, one: Assignment, turn: int, due: datetime) -> datetime | None:
        """TU-044 to TU-047: the date after one of them."""
        repeat, knobs = one.repeat, self.knobs
        if repeat is None:
            return None
        if repeat.month is not None:
            return self._yearly(repeat, due + _DAY)
        if knobs.recurrence_anchor == "chained":
            return later(due, repeat.period, repeat.every, knobs.zone)
        return later(one.first, repeat.period, repeat.every * (turn + 1), knobs.zone)

    def _yearly(self, repeat: Repeat, at: datetime) -> datetime:
        assert repeat.month is not None
        assert repeat.day is not None
        knobs = self.knobs
        return yearly(repeat.month, repeat.day, knobs.leap_day, at.year - 1, at, knobs.zone)

    def following(self, one: Assignment, turn: int, due: datetime) -> datetime | None:
        """The date after one of them, unless everything has ended by then."""
        coming = self.coming(one, turn, due)
        if coming is not None and one.expires is not None and coming >= one.expires:
            return None
        return coming

    # Making.

    def create_assignment(self, assignment: str, **said: Any) -> Done:
        """TU-020 to TU-028, TU-040, TU-044 to TU-047, TU-060 to TU-063."""
        self._may(*CREATORS)
        return self._created(assignment, **said)

    def _created(self, name: str, **said: Any) -> Done:
        if name in self.assignments:
            raise No("already_exists")
        made = self.assignments[name] = self._described(**said)
        return Done(
            {"assignment": name, "due": made.due, "expires": made.expires, "total": made.total}
        )

    def _described(
        self,
        rows: list[Row],
        distributors: frozenset[str],
        key_code: str | None,
        scheduled: datetime | None = None,
        repeat: Repeat | None = None,
        expires: datetime | None = None,
        last_day: date | None = None,
        lasts: tuple[str, int] | None = None,
        until_next: bool = False,
    ) -> Assignment:
        origin = None if key_code is None else self.code(key_code).origin
        due = scheduled or self.now
        if due < self.now:
            raise No("invalid_value")
        if repeat is not None and repeat.month is not None:
            due = self._yearly(repeat, due)
        ends = expires if last_day is None else self.over_after(last_day)
        if ends is not None and ends <= due:
            raise No("invalid_value")
        return Assignment(
            rows, distributors, origin, due, repeat, due, ends, lasts, until_next=until_next
        )

    def edit_assignment(self, assignment: str, **said: Any) -> Done:
        """TU-254, TU-255, X-08."""
        self._may(*CREATORS)
        made = self._described(**said)
        if self.assignment(assignment).state != "scheduled":
            raise No("illegal_transition")
        self.assignments[assignment] = made
        return Done({"assignment": assignment, "due": made.due})

    def copy_assignment(
        self,
        assignment: str,
        source: str,
        key_code: str | None,
        scheduled: datetime | None,
        last_day: date | None,
    ) -> Done:
        """TU-032."""
        self._may(*CREATORS)
        if assignment in self.assignments:
            raise No("already_exists")
        found = self.assignment(source)
        if (found.key_code is None) != (key_code is None) or (
            key_code is not None and key_code == found.key_code
        ):
            raise No("invalid_value")
        same_end = last_day is None
        fixed = same_end and found.lasts is None and not found.until_next
        copied = self._created(
            assignment,
            rows=found.rows,
            distributors=found.distributors,
            key_code=key_code,
            scheduled=scheduled,
            repeat=found.repeat,
            expires=found.expires if fixed else None,
            last_day=last_day,
            lasts=found.lasts if same_end else None,
            until_next=found.until_next and same_end,
        )
        return Done({"source": source, "copied": tuple(copied.figures.values())})

    # Firing.

    def fire_assignment(self, assignment: str, cycle: int) -> Done:
        """TU-021, TU-028, TU-041, TU-042, TU-048, TU-051 to TU-053."""
        self._may(*CREATORS)
        found = self.assignment(assignment)
        if cycle in found.firings:
            return Done(self._fired(assignment, cycle), (), found.firings[cycle].request)
        if found.state not in ("scheduled", "active"):
            raise No("illegal_transition")
        if cycle != found.cycles + 1:
            raise No("invalid_value")
        if self.now < found.due:
            raise No("not_due", due=found.due)
        firing = Firing(self._request, found.due, tuple(map(self._times, found.rows)))
        self._new(lot_names(assignment, cycle, firing.shares))
        moves = self._filled(assignment, cycle, found, firing)
        found.firings[cycle] = firing
        self._turned(found)
        return Done(self._fired(assignment, cycle), moves)

    def _filled(self, name: str, cycle: int, found: Assignment, firing: Firing) -> list[Moved]:
        moves: list[Moved] = []
        for number, (row, times) in enumerate(zip(found.rows, firing.shares, strict=True), 1):
            limited = found.key_code is not None and row.audience is not None
            lot = Lot(
                found.home(name, cycle, number),
                row.amount * times,
                found.due,
                self._ends(found),
                found.due,
                cycle,
                scope=Scope(audience=frozenset({str(row.audience)})) if limited else None,
            )
            if times:
                moves.append(self._issued(f"{name}/{cycle}/{number}", lot))
        return moves

    def _times(self, row: Row) -> int:
        return self._members(row) if row.per_member else 1

    def _members(self, row: Row) -> int:
        """X-15."""
        return sum(row.audience in groups for groups in self.groups.values())

    def _ends(self, found: Assignment) -> datetime | None:
        """TU-060 to TU-063."""
        if found.lasts is not None:
            return later(found.due, *found.lasts, self.knobs.zone)
        if found.until_next:
            return self.following(found, found.turn, found.due)
        return found.expires

    def _turned(self, found: Assignment) -> None:
        coming = self.following(found, found.turn, found.due)
        if coming is None:
            found.state = "processed"
        else:
            found.state, found.due, found.turn = "active", coming, found.turn + 1

    def _fired(self, name: str, cycle: int) -> dict[str, Any]:
        found = self.assignments[name]
        firing = found.firings[cycle]
        return {
            "cycle": cycle,
            "lots": tuple(found.lots(name, cycle)),
            "total": sum(
                row.amount * times for row, times in zip(found.rows, firing.shares, strict=True)
            ),
            "due": firing.due,
        }

    # Amending.

    def cancel_assignment(self, assignment: str) -> Done:
        """TU-049, TU-063, TU-255, X-18."""
        self._may(*CREATORS)
        found = self.assignment(assignment)
        stops = ("scheduled", "active") if self.knobs.cancel_scheduled else ("active",)
        if found.state not in stops:
            raise No("illegal_transition")
        found.state = "cancelled"
        ends = dict(self._ends_of_cancelled(assignment, found))
        for lot, expires in ends.items():
            self.lots[lot].expires = expires
        return Done({"assignment": assignment, "ended": tuple(ends)})

    def _ends_of_cancelled(
        self, name: str, found: Assignment
    ) -> Iterator[tuple[str, datetime | None]]:
        if self.knobs.on_cancel == "expire_unspent":
            for cycle in found.firings:
                for lot in found.lots(name, cycle):
                    if not self.lots[lot].ended(self.now):
                        begun = self.lots[lot].effective
                        yield lot, max(self.now, begun + timedelta(microseconds=1))
        elif found.until_next and found.firings and self.knobs.last_cycle == "keep":
            for lot in found.lots(name, found.cycles):
                if self.lots[lot].expires == found.due:
                    yield lot, None

    def activate_assignment(self, assignment: str) -> Done:
        """TU-050, TU-063."""
        self._may(*CREATORS)
        found = self.assignment(assignment)
        if found.state != "cancelled":
            raise No("illegal_transition")
        self._resumed(found)
        goes_on = found.state != "processed"
        if goes_on and found.until_next and found.firings:
            for lot in found.lots(assignment, found.cycles):
                if self.lots[lot].expires is None:
                    self.lots[lot].expires = max(found.due, self.now)
        figures = {"assignment": assignment, "state": found.state}
        return Done({**figures, "due": found.due if goes_on else None})

    def _resumed(self, found: Assignment) -> None:
        found.state = "active" if found.firings else "scheduled"
        if found.repeat is None or self.knobs.catch_up == "all":
            return
        turn, due = found.turn, found.due
        while due < self.now:
            coming = self.following(found, turn, due)
            missed_too = coming is not None and coming <= self.now
            if self.knobs.catch_up == "latest" and not missed_too:
                break
            turn, due = turn + 1, self._next(found, turn, due)
        if found.expires is not None and due >= found.expires:
            found.state = "processed"
        else:
            found.turn, found.due = turn, due

    def _next(self, found: Assignment, turn: int, due: datetime) -> datetime:
        coming = self.coming(found, turn, due)
        assert coming is not None
        return coming

    def name_distributors(self, assignment: str, distributors: frozenset[str]) -> Done:
        """TU-089, X-08."""
        self._may(*CREATORS)
        found = self.assignment(assignment)
        if found.key_code is not None:
            raise No("invalid_value")
        keeps = self.knobs.former_distributors == "keep"
        before = found.former | found.distributors
        found.former = before - distributors if keeps else frozenset()
        found.distributors = distributors
        return Done({"distributors": distributors, "former": found.former})

    # Handing out.

    def distribute(
        self, assignment: str, row: int, amounts: list[tuple[str, int]], cycle: int
    ) -> Done:
        """TU-080 to TU-091, TU-093."""
        found = self._handed_out_by(assignment, row)
        for user, _ in amounts:
            if user == self._actor and not self.knobs.allow_self:
                raise No("not_permitted")
            if found.rows[row - 1].audience not in self.groups_of(user):
                raise No("outside_audience")
        batch = found.home(assignment, cycle, row)
        needed, available = sum(n for _, n in amounts), self.spendable(batch, ANYTHING)
        if available < needed:
            raise No("insufficient_units", needed=needed, available=available)
        plans = self._burned(batch, [(n, ANYTHING) for _, n in amounts], self.knobs.move_order)
        moves = [
            self._moved(lot, batch, f"member/{user}", parts)
            for (user, _), plan in zip(amounts, plans, strict=True)
            for lot, parts in plan
        ]
        return Done({"amount": needed, "left": available - needed}, moves)

    def take_back(self, assignment: str, row: int, user: str, amount: int, cycle: int) -> Done:
        """TU-006, TU-253."""
        found = self._handed_out_by(assignment, row)
        if not self.knobs.claw_back:
            raise No("not_permitted")
        batch, mine = found.home(assignment, cycle, row), f"member/{user}"
        plan: list[tuple[str, int]] = []
        left = amount
        for lot, parts in sorted(self.free.get(mine, {}).items()):
            if self.lots[lot].home == batch and not self.lots[lot].ended(self.now):
                plan.append((lot, min(parts, left)))
                left -= min(parts, left)
        if left:
            raise No("insufficient_units", needed=amount, available=amount - left)
        moves: list[Moved] = [self._moved(lot, mine, batch, parts) for lot, parts in plan if parts]
        return Done({"user": user, "amount": amount}, moves)

    def _handed_out_by(self, assignment: str, row: int) -> Assignment:
        self._may("distributor")
        found = self.assignment(assignment)
        if self._actor not in found.distributors | found.former:
            raise No("not_permitted")
        if row > len(found.rows):
            raise No("unknown_object")
        return found

    def bought(self, name: str, buyer: str, units: int) -> None:
        """TU-092: a distribution that was bought, and has been issued."""
        division = min(self.groups[buyer], default=buyer)
        rows, mine = [Row(units, division)], frozenset({buyer})
        self.assignments[name] = Assignment(
            rows,
            mine,
            None,
            self.now,
            None,
            self.now,
            None,
            state="processed",
            firings={1: Firing(self._request, self.now, (1,))},
        )
