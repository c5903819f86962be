"""Laws of the credits' room, over random stories of a small portal.

A story is told twice: once as it is, and once with sweeps strewn in. What is refused and what is
answered, every figure now and in the past and to come, must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from unitledger.accounts import State
from unitledger.amounts import Credits
from unitledger.commands import Actor, Command, Role
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    CompleteEnrolment,
    Deallocate,
    Enrol,
    Enrolment,
    EnrolmentState,
    Grant,
    Invite,
    InviteState,
    Reinvite,
    Replenish,
    ReverseEnrolment,
    SendInvite,
    Subscribe,
    invite_at,
)
from unitledger.errors import Refused
from unitledger.ids import LotId, WalletId
from unitledger.ledger import Ledger
from unitledger.operations import EditExpiry, Issue, Sweep
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock, Period

ANN = Actor.acting("ann", Role.ADMIN)
CRON = Actor.acting("cron", Role.SYSTEM)
START = datetime(2026, 1, 31, tzinfo=UTC)
COURSES = ("first-aid", "fire")
MANAGERS = ("mia", "max")
PEOPLE = ("leo", "lea", "lou")
WALLETS = (
    "pool",
    *(f"course/{one}" for one in COURSES),
    *(f"manager/{who}/{one}" for who in MANAGERS for one in COURSES),
)

Step = tuple[str, int, int, int]

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("wait", "send", "send", "accept", "cancel", "reinvite"),
                *("enrol", "complete", "reverse", "allocate", "deallocate", "grant"),
                *("issue", "edit", "replenish"),
            )
        ),
        st.integers(0, 11),
        st.integers(0, 11),
        st.integers(0, 11),
    ),
    min_size=15,
    max_size=40,
)


class Story:
    """A portal that lives through the steps of a story, and remembers what it was told."""

    def __init__(self, policy: Policy) -> None:
        self.clock = FixedClock(START)
        pairs = frozenset((who, one) for who in MANAGERS for one in COURSES)
        directory = FixedDirectory(managers=pairs)
        self.ledger = Ledger(MemoryStore(), policy=policy, clock=self.clock, directory=directory)
        self.told: list[tuple[str, str, str]] = []
        self.invites: list[tuple[str, str]] = []
        self.enrolments: list[str] = []
        self.lots: list[str] = []
        self._give(Subscribe("growth", Credits.of(24), Period.MONTH), ANN)
        self._give(Issue(LotId("first"), WalletId("pool"), Credits.of(12)), ANN)
        for who, one in sorted(pairs):
            self._give(Allocate(one, Credits.of(3)), ANN)
            self._give(Grant(who, one, Credits.of(2)), ANN)

    def live(self, step: Step) -> None:
        kind, *numbers = step
        if kind == "wait":
            self.clock.at += timedelta(days=numbers[0])
        else:
            found = _GIVEN[kind](self, *numbers)
            if found is not None:
                self._give(*found)

    def sweep(self, number: int) -> None:
        """One wallet, or all of them when there is none of that number."""
        for wallet in WALLETS[number : number + 1] or WALLETS:
            request = f"sweep {self._entries()}"
            self.ledger.execute(Sweep(WalletId(wallet)), by=CRON, request=request)

    def _entries(self) -> int:
        return len(self.ledger.journal())

    def _give(self, command: Command[Any], by: Actor) -> None:
        request = f"step {len(self.told)}"
        try:
            outcome: Any = self.ledger.execute(command, by=by, request=request).outcome
        except Refused as refusal:
            self.told.append((command.NAME, refusal.code, str(refusal)))
            return
        self.told.append((command.NAME, "done", str(outcome)))
        if isinstance(command, SendInvite) and outcome.invite == f"{request}.1":
            self.invites.append((outcome.invite, outcome.manager))
        if isinstance(command, Enrol | AcceptInvite) and outcome.enrolment == f"{request}.1":
            self.enrolments.append(outcome.enrolment)
        if isinstance(command, Issue):
            self.lots.append(command.lot)

    def figures(self, at: datetime | None = None) -> list[Any]:
        return [
            (one.available, one.pending, one.held, one.spent, one.expired)
            for one in (self.ledger.balance(wallet, at=at) for wallet in WALLETS)
        ]

    def open_invites(self, at: datetime) -> list[Invite]:
        with self.ledger.store.read(self.ledger.portal) as reading:
            found = [invite_at(reading, key, at=at) for key, _ in self.invites]
        return [one for one in found if one.state is InviteState.SENT]


def _of(things: Any, number: int) -> Any:
    return things[number % len(things)] if things else None


def _send(story: Story, a: int, b: int, c: int) -> Any:
    who = _of(MANAGERS, a)
    command = SendInvite(_of(PEOPLE, b), _of(COURSES, c), who)
    return command, Actor.acting(who, Role.MANAGER)


def _accept(story: Story, a: int, b: int, c: int) -> Any:
    who = _of(PEOPLE, b)
    invite = _of(story.invites, -1 - a)
    return invite and (AcceptInvite(invite[0], who), Actor.acting(who, Role.LEARNER))


def _settle(command: Any) -> Callable[[Story, int, int, int], Any]:
    def found(story: Story, a: int, b: int, c: int) -> Any:
        invite = _of(story.invites, -1 - a)
        return invite and (command(invite[0]), Actor.acting(invite[1], Role.MANAGER))

    return found


def _undo(command: Any) -> Callable[[Story, int, int, int], Any]:
    def found(story: Story, a: int, b: int, c: int) -> Any:
        enrolment = _of(story.enrolments, -1 - a)
        return enrolment and (command(enrolment), ANN)

    return found


def _issue(story: Story, a: int, b: int, c: int) -> Any:
    expires = story.clock.at + timedelta(days=1 + a) if a % 4 else None
    name = LotId(f"lot {len(story.told)}")
    return Issue(name, WalletId(_of(WALLETS, b)), Credits.of(1 + c % 4), expires=expires), ANN


def _edit(story: Story, a: int, b: int, c: int) -> Any:
    expires = story.clock.at + timedelta(days=a - 1) if a % 3 else None
    recent = -1 - b % 3
    return EditExpiry(LotId(_of(story.lots, recent)), _home(story, recent), expires), ANN


def _home(story: Story, number: int) -> WalletId:
    with story.ledger.store.read(story.ledger.portal) as reading:
        lot = reading.lot(LotId(_of(story.lots, number)))
    assert lot is not None
    return lot.home


def _amount(command: Any) -> Callable[[Story, int, int, int], Any]:
    def found(story: Story, a: int, b: int, c: int) -> Any:
        return command(_of(COURSES, a), Credits.of(1 + b % 3)), ANN

    return found


def _enrol(story: Story, a: int, b: int, c: int) -> Any:
    return Enrol(_of(PEOPLE, a), _of(COURSES, b)), ANN


def _grant(story: Story, a: int, b: int, c: int) -> Any:
    return Grant(_of(MANAGERS, a), _of(COURSES, b), Credits.of(1 + c % 2)), ANN


def _replenish(story: Story, a: int, b: int, c: int) -> Any:
    return Replenish("growth", a % 4), CRON


_GIVEN: dict[str, Callable[[Story, int, int, int], Any]] = {
    "send": _send,
    "accept": _accept,
    "cancel": _settle(CancelInvite),
    "reinvite": _settle(Reinvite),
    "enrol": _enrol,
    "complete": _undo(CompleteEnrolment),
    "reverse": _undo(ReverseEnrolment),
    "allocate": _amount(Allocate),
    "deallocate": _amount(Deallocate),
    "grant": _grant,
    "issue": _issue,
    "edit": _edit,
    "replenish": _replenish,
}


def told(steps: list[Step], sweeps: list[int], policy: Policy) -> Story:
    """The story lived through, with a sweep after each step that `sweeps` has a number for."""
    story = Story(policy)
    for place, step in enumerate(steps):
        story.live(step)
        if place < len(sweeps) and sweeps[place]:
            story.sweep(sweeps[place])
    return story


SWEEPS = st.lists(st.integers(0, 9), min_size=30, max_size=50)
DAYS = st.sampled_from((None, 1, 7, 14))
REVIVED: list[Step] = [
    ("issue", 1, 3, 3),  # four credits, of which three lapse, are swept, revived and used
    ("send", 0, 0, 0),
    ("wait", 6, 0, 0),
    ("edit", 0, 0, 0),
    ("send", 0, 1, 0),
    ("send", 0, 2, 0),
]


@example(REVIVED, [0, 0, 3, 0, 0, 0], 14)
@given(STEPS, SWEEPS, DAYS)
@settings(max_examples=40, deadline=None)
def test_sweeps_are_not_felt(steps: list[Step], sweeps: list[int], days: int | None) -> None:
    """I8, C29, C35: the same decisions, the same figures at any instant."""
    policy = Policy(invite_days=days)
    never, swept = told(steps, [], policy), told(steps, sweeps, policy)
    assert never.told == swept.told
    assert never.figures() == swept.figures()
    for days_on in (1, 8, 30):
        later = never.clock.at + timedelta(days=days_on)
        assert never.figures(later) == swept.figures(later)
    halfway = START + (never.clock.at - START) / 2
    assert never.figures(halfway) == swept.figures(halfway)
    for name, code, _ in never.told[10:]:
        event(f"{name}: {code}")


@given(STEPS, DAYS)
@settings(max_examples=40, deadline=None)
def test_what_is_written_beside_the_quantities_agrees_with_them(
    steps: list[Step], days: int | None
) -> None:
    """C1, C5, C24, C30, C35, C63, after every step of a story."""
    story = told(steps, [], Policy(invite_days=days))
    for when in (story.clock.at, story.clock.at + timedelta(days=10)):
        open_ = story.open_invites(when)
        seats = [(one.invitee, one.course) for one in open_]
        assert len(seats) == len(set(seats)), "two open invites for one address and course"
        held = sum(story.ledger.balance(wallet, at=when).held.parts for wallet in WALLETS)
        assert held == len(open_)
    with story.ledger.store.read(story.ledger.portal) as reading:
        made = [reading.record(Enrolment.KIND, key) for key in story.enrolments]
        claims = {
            claim.id: claim for wallet in WALLETS for claim in reading.claims(WalletId(wallet))
        }
    standing = [
        one
        for one in made
        if isinstance(one, Enrolment) and one.state is not EnrolmentState.REVERSED
    ]
    active = [(one.learner, one.course) for one in standing if one.state is EnrolmentState.ACTIVE]
    assert len(active) == len(set(active)), "two active enrolments of one learner in one course"
    assert sum(claim.total(State.SPENT) for claim in claims.values()) == len(standing)
    assert all(claims[one.claim].wallets == (one.source,) for one in standing)
    assert story.ledger.audit().ok
    event(f"open invites: {min(len(story.open_invites(story.clock.at)), 3)}")
