"""Laws of budgets: the pool, courses, managers, gifts and debts, against a model of plain numbers.

The model knows no lots, no claims and no records. It has a number for every wallet, one for every
ordered pair of managers, and a queue of learners for whom a course owes a credit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from unitledger.accounts import State
from unitledger.amounts import Credits
from unitledger.commands import Actor, Command, Entry, Role
from unitledger.credits import (
    Allocate,
    CloseCourse,
    DeactivateManager,
    Deallocate,
    Enrol,
    Give,
    Grant,
    MoveAllocation,
    ReactivateManager,
    Recall,
    ReopenCourse,
    ReverseEnrolment,
    Take,
)
from unitledger.errors import Refused
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.ledger import Ledger
from unitledger.operations import Issue
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock

ANN = Actor.acting("ann", Role.ADMIN)
COURSES = ("fire", "rescue")
MANAGERS = ("mia", "max", "eve")
PEOPLE = ("leo", "lea", "lou", "liv", "len")
LIMIT = 2
POOR, LEFT, CLOSED, BEYOND = (
    "insufficient_units",
    "illegal_transition",
    "wallet_closed",
    "gift_exceeded",
)


class Model:
    """Plain numbers; every method returns the code of a refusal, or nothing."""

    def __init__(self) -> None:
        self.has: dict[str, int] = defaultdict(int)
        self.net: dict[tuple[str, str, str], int] = defaultdict(int)
        self.queues: dict[str, list[str]] = {course: [] for course in COURSES}
        self.closed: dict[str, bool] = {}
        self.seats: dict[tuple[str, str], str] = {}

    def spare(self, course: str) -> int:
        return self.has[f"course/{course}"] - len(self.queues[course])

    def landing(self, wallet: str) -> str:
        if not self.closed.get(wallet):
            return wallet
        kind, *ids = wallet.split("/")
        return self.landing(f"course/{ids[-1]}") if kind == "manager" else "pool"

    def move(self, source: str, target: str, amount: int) -> None:
        self.has[source] -= amount
        self.has[target] += amount
        kind, *ids = target.split("/")
        if kind == "course":
            queue = self.queues[ids[0]]
            settled = min(len(queue), self.has[target])
            for learner in queue[:settled]:
                self.seats[learner, ids[0]] = target
            del queue[:settled]
            self.has[target] -= settled

    def fill(self, amount: int) -> str | None:
        self.has["pool"] += amount
        return None

    def allocate(self, course: str, amount: int) -> str | None:
        if self.closed.get(f"course/{course}"):
            return CLOSED
        if self.has["pool"] < amount:
            return POOR
        self.move("pool", f"course/{course}", amount)
        return None

    def deallocate(self, course: str, amount: int) -> str | None:
        if self.spare(course) < amount:
            return POOR
        self.move(f"course/{course}", "pool", amount)
        return None

    def move_allocation(self, source: str, target: str, amount: int) -> str | None:
        if self.closed.get(f"course/{target}"):
            return CLOSED
        if self.spare(source) < amount:
            return POOR
        self.move(f"course/{source}", f"course/{target}", amount)
        return None

    def grant(self, manager: str, course: str, amount: int) -> str | None:
        wallet = f"manager/{manager}/{course}"
        if self.closed.get(wallet):
            return CLOSED
        if self.spare(course) < amount:
            return POOR
        self.move(f"course/{course}", wallet, amount)
        return None

    def recall(self, manager: str, course: str, amount: int) -> str | None:
        wallet = f"manager/{manager}/{course}"
        if self.has[wallet] < amount:
            return POOR
        self.move(wallet, self.landing(f"course/{course}"), amount)
        return None

    def give(self, giver: str, receiver: str, course: str, amount: int) -> str | None:
        source, target = f"manager/{giver}/{course}", f"manager/{receiver}/{course}"
        if self.closed.get(target):
            return CLOSED
        if self.has[source] < amount:
            return POOR
        self.move(source, target, amount)
        self.net[giver, receiver, course] += amount
        return None

    def take(self, giver: str, receiver: str, course: str, amount: int) -> str | None:
        source, target = f"manager/{receiver}/{course}", f"manager/{giver}/{course}"
        if self.closed.get(target):
            return CLOSED
        if self.net[giver, receiver, course] < amount:
            return BEYOND
        if self.has[source] < amount:
            return POOR
        self.move(source, target, amount)
        self.net[giver, receiver, course] -= amount
        return None

    def enrol(self, learner: str, course: str) -> str | None:
        if (learner, course) in self.seats:
            return None
        wallet = f"course/{course}"
        if self.spare(course) > 0:
            source = wallet
        elif self.has["pool"] > 0:
            source = "pool"
        elif self.spare(course) > -LIMIT and not self.closed.get(wallet):
            self.queues[course].append(learner)
            self.seats[learner, course] = "ahead"
            return None
        else:
            return POOR
        self.has[source] -= 1
        self.seats[learner, course] = source
        return None

    def reverse(self, learner: str, course: str) -> None:
        source = self.seats.pop((learner, course))
        if source == "ahead":
            self.queues[course].remove(learner)
        else:
            self.has[self.landing(source)] += 1

    def close(self, wallet: str) -> str | None:
        if self.closed.get(wallet):
            return LEFT
        kind, *ids = wallet.split("/")
        if kind == "course" and self.queues[ids[0]]:
            return "debt_outstanding"
        self.closed[wallet] = True
        amount = self.has[wallet]
        if amount:
            self.move(wallet, self.landing(wallet), amount)
        elif kind == "manager":
            self.move(wallet, self.landing(wallet), 0)
        return None

    def reopen(self, wallet: str) -> str | None:
        if not self.closed.get(wallet):
            return LEFT if wallet in self.closed else "unknown_object"
        self.closed[wallet] = False
        return None


Step = tuple[str, int, int, int, int]
WORDS = (
    *("fill", "allocate", "allocate", "deallocate", "move", "grant", "grant", "recall"),
    *("give", "give", "give", "take", "take", "take", "enrol", "enrol", "enrol", "enrol"),
    *("reverse", "reverse", "leave", "return", "close", "reopen"),
)
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(WORDS),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(1, 4),
    ),
    min_size=20,
    max_size=60,
)


class Story:
    """A ledger and the model of it, which live through the same steps."""

    def __init__(self) -> None:
        pairs = frozenset((who, one) for who in MANAGERS for one in COURSES)
        self.ledger = Ledger(
            MemoryStore(),
            policy=Policy(overdraft=Credits.of(LIMIT)),
            clock=FixedClock(datetime(2026, 1, 1, tzinfo=UTC)),
            directory=FixedDirectory(managers=pairs),
        )
        self.model = Model()
        self.enrolments: dict[tuple[str, str], str] = {}
        self.count = 0

    def live(self, step: Step) -> None:
        """One step, which the ledger must take or refuse as the model does."""
        word, a, b, c, amount = step
        found = _GIVEN[word](self, a, b, c, amount)
        if found is None:
            return
        command, by, expected = found
        self.count += 1
        request = f"s{self.count}"
        can = self.ledger.can(command, by=by, request=request)
        found_out: str | None = None
        try:
            outcome: Any = self.ledger.execute(command, by=by, request=request).outcome
            if isinstance(command, Enrol):
                self.enrolments[command.learner, command.course] = outcome.enrolment
        except Refused as refusal:
            found_out = refusal.code
        assert (found_out, can) == (expected, expected is None), command
        event(f"{word}: {expected or 'done'}")

    def agree(self) -> None:
        """Every figure of the ledger is the model's."""
        wallets = {f"course/{one}" for one in COURSES} | {"pool", *self.model.has}
        for wallet in sorted(wallets):
            assert self.ledger.balance(wallet).available.parts == self.model.has[wallet], wallet
        for course in COURSES:
            stands = self.ledger.credits.course(course)
            assert stands.available == self.model.spare(course) >= -LIMIT
            assert stands.debt.parts == len(self.model.queues[course])
            assert stands.used.parts == sum(one == course for _, one in self.model.seats)
        with self.ledger.store.read(self.ledger.portal) as reading:
            for seat, source in self.model.seats.items():
                claim = reading.claim(ClaimId(self.enrolments[seat]))
                assert claim is not None
                (part,) = claim.segments
                assert part.lot.startswith("debt/") is (source == "ahead"), seat


def _of(things: Any, number: int) -> Any:
    return things[number % len(things)]


def _two(things: Any, a: int, b: int) -> tuple[Any, Any]:
    one = a % len(things)
    return things[one], things[(one + 1 + b % (len(things) - 1)) % len(things)]


def _fill(story: Story, a: int, b: int, c: int, n: int) -> Any:
    lot = LotId(f"lot {story.count}")
    return Issue(lot, WalletId("pool"), Credits.of(n)), ANN, story.model.fill(n)


def _on_course(command: Any, rule: str) -> Callable[..., Any]:
    def made(story: Story, a: int, b: int, c: int, n: int) -> Any:
        course = _of(COURSES, a)
        return command(course, Credits.of(n)), ANN, getattr(story.model, rule)(course, n)

    return made


def _moved(story: Story, a: int, b: int, c: int, n: int) -> Any:
    source, target = _two(COURSES, a, b)
    command = MoveAllocation(source, target, Credits.of(n))
    return command, ANN, story.model.move_allocation(source, target, n)


def _on_manager(command: Any, rule: str) -> Callable[..., Any]:
    def made(story: Story, a: int, b: int, c: int, n: int) -> Any:
        who, course = _of(MANAGERS, a), _of(COURSES, b)
        return command(who, course, Credits.of(n)), ANN, getattr(story.model, rule)(who, course, n)

    return made


def _between(command: Any, rule: str) -> Callable[..., Any]:
    def made(story: Story, a: int, b: int, c: int, n: int) -> Any:
        giver, receiver = _two(MANAGERS, a, b)
        course = _of(COURSES, c)
        open_ = sorted(pair for pair, net in story.model.net.items() if net)
        if command is Take and open_ and b:
            giver, receiver, course = _of(open_, a)
        given: Command[Any] = command(giver, receiver, course, Credits.of(n))
        by = Actor.acting(giver, Role.MANAGER)
        return given, by, getattr(story.model, rule)(giver, receiver, course, n)

    return made


def _enrolled(story: Story, a: int, b: int, c: int, n: int) -> Any:
    learner, course = _of(PEOPLE, a), _of(COURSES, b)
    return Enrol(learner, course), ANN, story.model.enrol(learner, course)


def _reversed(story: Story, a: int, b: int, c: int, n: int) -> Any:
    if not story.model.seats:
        return None
    seat = _of(sorted(story.model.seats), a + 6 * b)
    story.model.reverse(*seat)
    return ReverseEnrolment(story.enrolments[seat]), ANN, None


def _standing(command: Any, rule: str) -> Callable[..., Any]:
    def made(story: Story, a: int, b: int, c: int, n: int) -> Any:
        if rule == "close" and c > 1:  # nobody could do anything if all left at once
            return None
        who, course = _of(MANAGERS, a), _of(COURSES, b)
        expected = getattr(story.model, rule)(f"manager/{who}/{course}")
        return command(who, course), ANN, expected

    return made


def _course_standing(command: Any, rule: str) -> Callable[..., Any]:
    def made(story: Story, a: int, b: int, c: int, n: int) -> Any:
        if rule == "close" and c:
            return None
        course = _of(COURSES, a)
        return command(course), ANN, getattr(story.model, rule)(f"course/{course}")

    return made


_GIVEN: dict[str, Callable[..., Any]] = {
    "fill": _fill,
    "allocate": _on_course(Allocate, "allocate"),
    "deallocate": _on_course(Deallocate, "deallocate"),
    "move": _moved,
    "grant": _on_manager(Grant, "grant"),
    "recall": _on_manager(Recall, "recall"),
    "give": _between(Give, "give"),
    "take": _between(Take, "take"),
    "enrol": _enrolled,
    "reverse": _reversed,
    "leave": _standing(DeactivateManager, "close"),
    "return": _standing(ReactivateManager, "reopen"),
    "close": _course_standing(CloseCourse, "close"),
    "reopen": _course_standing(ReopenCourse, "reopen"),
}

FUNDED: list[Step] = [
    *[("fill", 0, 0, 0, 4)] * 3,
    ("allocate", 0, 0, 0, 4),
    ("allocate", 1, 0, 0, 4),
    ("grant", 0, 0, 0, 3),
    ("grant", 1, 1, 0, 3),
    ("give", 0, 0, 0, 2),
]
"""What every story begins with, so that there is something to give, take and owe."""
OWED: list[Step] = [
    ("enrol", 0, 0, 0, 1),
    ("enrol", 1, 0, 0, 1),
    ("allocate", 0, 0, 0, 1),
    ("fill", 0, 0, 0, 3),
    ("allocate", 0, 0, 0, 1),
    ("allocate", 0, 0, 0, 2),
]


def told(steps: list[Step], *, funded: bool = True) -> Story:
    story = Story()
    for step in [*(FUNDED if funded else []), *steps]:
        story.live(step)
    return story


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_budgets_agree_with_plain_numbers(steps: list[Step]) -> None:
    """C7, C12, C13, C15, C17, C18, C20 to C22, C54 to C56: every verdict, and every figure."""
    story = Story()
    for step in [*FUNDED, *steps]:
        story.live(step)
        story.agree()
    assert story.ledger.audit().ok


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_nobody_takes_more_than_they_gave(steps: list[Step]) -> None:
    """C18, C20: at no moment of a story, for no ordered pair and no course."""
    net: dict[tuple[str, str, str], int] = defaultdict(int)
    for entry in told(steps).ledger.entries():
        command = entry.command
        if isinstance(command, Give | Take):
            pair = (command.giver, command.receiver, command.course)
            sign = 1 if isinstance(command, Give) else -1
            net[pair] += sign * command.amount.parts
            assert net[pair] >= 0
            (gift,) = [record for record in entry.records if record.KIND == "gift"]
            assert getattr(gift, "net").parts == net[pair]  # noqa: B009
            moved = sum(move.parts for move in entry.moves)
            assert moved == command.amount.parts


@example(steps=OWED, funded=False)
@given(steps=STEPS, funded=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_debt_is_settled_or_undone_and_never_forgiven(steps: list[Step], *, funded: bool) -> None:
    """C56, D31: every credit that a course owed is paid, undone or still owed."""
    owed: dict[str, int] = defaultdict(int)
    for entry in told(steps, funded=funded).ledger.entries():
        before = dict(owed)
        for move in entry.moves:
            if move.lot.startswith("debt/"):
                owed[move.lot] += move.parts if move.source.state is State.ISSUED else -move.parts
        for lot, now in owed.items():
            assert now >= 0
            if now < before.get(lot, 0):
                paid = before[lot] - now
                undone = isinstance(entry.command, ReverseEnrolment)
                assert undone or paid == _spent_instead(entry, lot)
        event("owed" if any(owed.values()) else "not owed")


def _spent_instead(entry: Entry, lot: str) -> int:
    """Credits of other lots that the course has spent in the same entry."""
    return sum(
        move.parts
        for move in entry.moves
        if move.verb == "spend" and move.lot != lot and move.source.wallet == f"course/{lot[5:]}"
    )
