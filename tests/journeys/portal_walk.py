"""A portal of the library and its model side by side, and a walk through them at random.

`Walk.play` carries a step out in both and compares what they say and what they hold. Run as a
program, this walks far:

    python -m tests.journeys.portal_walk --steps 50000 --seed 7
"""

from __future__ import annotations

import argparse
import copy
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from time import perf_counter
from typing import Any

from tests.journeys.portal_books import Done, Knobs, No, Step, joined
from tests.journeys.portal_commands import (
    Figures,
    People,
    actor_of,
    command_of,
    figures,
    plain,
    policy_of,
    remarkable,
    told,
)
from tests.journeys.portal_door import DOOR, knocked
from tests.journeys.portal_draw import (
    COURSES,
    GROUPS,
    MANAGERS,
    PEOPLE,
    START,
    Choice,
    Die,
    Draw,
    people,
)
from tests.journeys.portal_model import PortalModel
from tests.journeys.portal_steps import DRAWN, OFTEN, begun, refused
from unitledger.accounts import State
from unitledger.commands import Actor, Receipt
from unitledger.credits import course_position, due, invite_at, receivables
from unitledger.errors import RequestConflict, UnitLedgerError
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.ledger import Call, Ledger
from unitledger.operations import Sweep
from unitledger.ports import Store
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock


class Walk:
    """The library's portal and the model's, in step."""

    def __init__(self, knobs: Knobs, store: Store | None = None) -> None:
        self.model = PortalModel(knobs, START)
        people(self.model)
        self.clock = FixedClock(START)
        self.people = People(self.model)
        self.ledger = Ledger(
            MemoryStore() if store is None else store,
            policy=policy_of(knobs),
            clock=self.clock,
            directory=self.people,
        )
        self.entries = 0
        self.requests = 0
        self.accepted: list[tuple[str, Step, Receipt[Any]]] = []
        self.refusals: list[tuple[str, Step]] = []
        self.photographs: list[tuple[datetime, str, dict[str, Figures]]] = []
        self.twins: list[Walk] = []
        self.seen: Counter[str] = Counter()
        self.conflicts = 0

    def begin(self) -> None:
        """Something everywhere."""
        for step in begun():
            assert self.play(step) == "done", step

    # One step in both.

    def play(self, step: Step, request: str | None = None) -> str:
        """``done``, ``same`` for a no-op acceptance, or the code of the refusal."""
        request = request or self._new_request()
        command, by = command_of(step), actor_of(step)
        preview = self._heard(lambda: self.ledger.preview(command, by=by, request=request))
        can = self.ledger.can(command, by=by)
        heard = self._heard(lambda: self.ledger.execute(command, by=by, request=request))
        word = self._compare(step, request, heard)
        assert can == isinstance(heard, Receipt), "can is not what execute does"
        if isinstance(heard, Receipt):
            assert isinstance(preview, Receipt)
            same = "outcome", "moves", "at", "request", "same_as"
            assert all(getattr(preview, name) == getattr(heard, name) for name in same)
            assert not preview.entry
        else:
            assert isinstance(preview, UnitLedgerError)
            assert (preview.code, str(preview)) == (heard.code, str(heard))
        self._check_journal()
        return word

    def _new_request(self) -> str:
        self.requests += 1
        return f"r{self.requests}"

    def _heard(self, ask: Callable[[], Receipt[Any]]) -> Receipt[Any] | UnitLedgerError:
        try:
            return ask()
        except UnitLedgerError as error:
            return error

    def _compare(self, step: Step, request: str, heard: Receipt[Any] | UnitLedgerError) -> str:
        """The model's word on a step that the ledger has answered."""
        let_go = [name for name, claim in self.model.claims.items() if claim.let_go]
        expected = self._expected(step, request)
        if isinstance(expected, No):
            assert isinstance(heard, UnitLedgerError), f"{step} should be refused: {expected}"
            assert heard.code == expected.code, f"{step}: {heard.code} {heard}, not {expected}"
            for name, value in expected.figures.items():
                assert plain(getattr(heard, name)) == value, f"{name} of {heard}"
            self.refusals.append((request, step))
            return expected.code
        assert isinstance(heard, Receipt), f"{step} refused: {heard!r}"
        self.entries += 1
        self._compare_receipt(step, expected, heard, let_go)
        self.accepted.append((request, step, heard))
        return "done" if expected.same_as is None else "same"

    def _expected(self, step: Step, request: str) -> Done | No:
        try:
            return self.model.carry_out(step, request)
        except No as no:
            return no

    def _compare_receipt(
        self, step: Step, done: Done, receipt: Receipt[Any], let_go: Sequence[str]
    ) -> None:
        assert receipt.at == self.model.now
        assert receipt.same_as == done.same_as, step
        for name, value in done.figures.items():
            assert plain(getattr(receipt.outcome, name)) == value, f"{name} of {receipt.outcome}"
        assert told(receipt, let_go) == joined(done.moves), step
        self.seen.update(remarkable(receipt, let_go))

    def _check_journal(self) -> None:
        """A refusal writes nothing, an acceptance one entry."""
        with self.ledger.store.read(self.ledger.portal) as reading:
            before = max(self.entries - 1, 0)
            assert len(list(reading.entries(after=before))) == self.entries - before

    def batch(self, steps: Sequence[Step]) -> list[str]:
        """Several steps in one call, each accepted or refused alone."""
        requests = [self._new_request() for _ in steps]
        calls = [
            Call(command_of(step), actor_of(step), request)
            for step, request in zip(steps, requests, strict=True)
        ]
        answers = self.ledger.execute_many((*calls, calls[0]))
        words = [
            self._compare(step, request, answer)
            for step, request, answer in zip(steps, requests, answers, strict=False)
        ]
        if isinstance(answers[0], Receipt):
            assert answers[-1] == answers[0], "a retry within a batch"
        else:
            self.refusals.remove((requests[0], steps[0]))
            self._compare(steps[0], requests[0], answers[-1])
        self._check_journal()
        return words

    # Requests that came before.

    def retry(self, place: int) -> None:
        """The first receipt again, whatever has happened since; and no other command under it."""
        request, step, receipt = self.accepted[place]
        command, by = command_of(step), actor_of(step)
        assert self.ledger.execute(command, by=by, request=request) == receipt
        assert self.ledger.preview(command, by=by, request=request) == receipt
        assert self.ledger.can(command, by=by, request=request)
        other = Sweep(WalletId("member/nobody"))
        for what, actor, name in (
            (other, by, "wallet" if step.name == "sweep" else "command"),
            (command, Actor.acting("somebody else", *by.roles), "actor"),
        ):
            heard = self._heard(lambda: self.ledger.execute(what, by=actor, request=request))  # noqa: B023
            assert isinstance(heard, RequestConflict), heard
            assert name in heard.differs
            self.conflicts += 1
            assert not self.ledger.can(what, by=actor, request=request)
        self._check_journal()

    def ask_again(self, place: int) -> str:
        """A refused request once more: nothing remembers it, so it is decided anew."""
        request, step = self.refusals.pop(place)
        return self.play(step, request)

    # Time, people, forks.

    def pass_time(self, to: datetime) -> None:
        """Later; some balances are photographed as they were."""
        for wallet in self.model.wallets()[:: max(1, len(self.model.wallets()) // 3)]:
            self.photographs.append((self.model.now, wallet, self.model.figures(wallet)))
        self.model.pass_time(to)
        self.clock.at = to

    def fork(self) -> None:
        """Another portal with the same past goes to sleep; it must not feel what happens here."""
        twin = copy.copy(self)
        twin.model = copy.deepcopy(self.model)
        twin.clock, twin.people = FixedClock(self.clock.at), People(twin.model)
        twin.accepted, twin.refusals = self.accepted[:], self.refusals[:]
        twin.photographs, twin.twins = self.photographs[:], []
        store = self.ledger.store
        assert isinstance(store, MemoryStore)
        twin.ledger = Ledger(
            store.fork(), policy=self.ledger.policy, clock=twin.clock, directory=twin.people
        )
        self.twins.append(twin)

    def wake(self) -> Walk:
        """The twin that fell asleep last goes on, and this one sleeps."""
        twin = self.twins.pop()
        twin.twins, self.twins = [*self.twins, self], []
        return twin

    # What must hold.

    def check_balances(self, at: datetime | None = None) -> None:
        """Every wallet has what the model has; of every lot all is somewhere."""
        sums: Counter[str] = Counter()
        for wallet in self.model.wallets():
            here = figures(self.ledger.balance(wallet, at=at))
            assert here == self.model.figures(wallet, at), f"{wallet} at {at or self.model.now}"
            for lot, row in here.items():
                sums[lot] += sum(row)
        assert sums == Counter({name: lot.size for name, lot in self.model.lots.items()})

    def check_past(self, place: int) -> None:
        """What a balance was, it still was."""
        at, wallet, photograph = self.photographs[place]
        assert figures(self.ledger.balance(wallet, at=at)) == photograph, f"{wallet} at {at}"

    def check_records(self) -> None:
        """Claims segment by segment; invites, enrolments and orders by status."""
        model = self.model
        with self.ledger.store.read(self.ledger.portal) as reading:
            for wallet in map(WalletId, reading.wallets()):
                assert wallet in model.free or not list(reading.holdings(wallet))
            for name, lot in model.lots.items():
                stored = reading.lot(LotId(name))
                assert stored is not None
                terms = stored.terms.effective, stored.terms.expires, stored.acquired
                assert terms == (lot.effective, lot.expires, lot.acquired), name
                assert (stored.home, stored.cycle) == (lot.home, lot.cycle)
                assert stored.category.value == lot.category
                cost = stored.cost and (stored.cost.currency, stored.cost.per_unit)
                assert cost == lot.cost
            for name, claim in model.claims.items():
                found = reading.claim(ClaimId(name))
                assert found is not None
                assert found.deadline == claim.deadline
                parts = [
                    (str(part.lot), str(part.wallet), part.state.name, "", "", part.parts)
                    for part in found.segments
                    if not (part.state is State.HELD and claim.let_go)
                ]
                expected = [
                    (part.lot, part.wallet, part.state, "", "", part.parts) for part in claim.parts
                ]
                assert joined(parts) == joined(expected), name
            for name in model.invites:
                seen = invite_at(reading, name, at=model.now)
                assert seen.state.value == model.invite_state(name)
                assert seen.enrolment == model.invites[name].enrolment
            for name, one in model.enrolments.items():
                kept: Any = reading.record("enrolment", name)
                assert (kept.state.value, kept.source) == (one.state, one.source)
                assert (kept.claim, kept.reversed_by) == (one.claim, one.reversed_by)
                assert (kept.progress, kept.enrolled) == (one.progress, one.enrolled)
        self._check_training()

    def _check_training(self) -> None:
        """Orders, assignments, key codes and purchases, field by field."""
        model = self.model
        with self.ledger.store.read(self.ledger.portal) as reading:
            for name, order in model.orders.items():
                record: Any = reading.record("order", name)
                assert [line.claim for line in record.lines] == order.claims
                assert [line.starts for line in record.lines] == order.starts
                assert (record.buyer, record.remainder_by) == (order.buyer, order.remainder_by)
            for name, one in model.assignments.items():
                state: Any = reading.record("assignment", name)
                assert (state.state, state.cycles) == (one.state, one.cycles), name
                assert (state.due, state.turn) == (one.due, one.turn), name
                assert (state.expires, state.key_code) == (one.expires, one.key_code), name
                named = state.distributors, state.former
                assert named == (one.distributors, one.former), name
            for name, code in model.codes.items():
                kept: Any = reading.record("key_code", name)
                assert (kept.state, kept.wallet) == (code.state, code.wallet), name
                said = kept.audience, kept.contacts, kept.details, kept.comments
                assert said == (code.audience, code.contacts, code.details, code.comments)
            for name, bought in model.unit_purchases.items():
                made: Any = reading.record("unit_purchase", name)
                assert (made.buyer, made.lot) == (bought.buyer, bought.lot)

    def check_standing(self) -> None:
        """Closed accounts, what courses and buyers owe, and what is due and not done yet."""
        model, now, policy = self.model, self.model.now, self.ledger.policy
        with self.ledger.store.read(self.ledger.portal) as reading:
            for wallet, closed in model.closed.items():
                closure: Any = reading.record("closure", wallet)
                assert (closure.state.value == "closed") == closed, wallet
            for course in model.waiting:
                position = course_position(reading, course, at=now, policy=policy)
                assert position.debt.parts == model.owed(course), course
            owing = {name: one.missing for name, one in model.payments.items() if one.missing}
            assert {one.payment: one.missing.parts for one in receivables(reading)} == owing
            waiting = [(str(one.command.subscription), one.at) for one in due(reading, at=now)]
        assert sorted(waiting) == sorted(model.due_now())

    def check(self) -> None:
        """Everything, and the books as well."""
        self.check_balances()
        self.check_records()
        self.check_standing()
        verdict = self.ledger.audit()
        assert verdict.ok, verdict.faults
        assert verdict.entries == self.entries

    def end(self) -> None:
        """The last look: at this portal, at its chains, and at every twin asleep."""
        self.check()
        verdict = self.ledger.verify()
        assert verdict.ok, verdict.faults
        for twin in self.twins:
            twin.check()


# Walking at random.


class Tally(Counter[tuple[str, str]]):
    """How often which command got which word."""

    def share(self) -> float:
        """The share of steps that did something or had been done before."""
        return sum(n for (_, word), n in self.items() if word in ("done", "same")) / self.total()

    def words(self) -> set[str]:
        return {word for _, word in self}

    def lines(self) -> list[str]:
        """The shares, command by command."""
        names = sorted({name for name, _ in self})
        found = [f"{self.total()} commands, {self.share():.0%} of them accepted"]
        for name in names:
            words = sorted((n, word) for (one, word), n in self.items() if one == name)
            found.append(f"{name:20} " + ", ".join(f"{word} {n}" for n, word in words[::-1]))
        return found


def by_code(tally: Tally, conflicts: int) -> list[str]:
    """How often commands were refused, code by code."""
    found = Counter({"request_conflict": conflicts})
    for (_, word), times in tally.items():
        if word not in ("done", "same"):
            found[word] += times
    return [f"{times:6} {code}" for code, times in found.most_common()]


def stroll(walk: Walk, die: Die, tally: Tally) -> Walk:
    """One thing that happens; gives the portal in which it goes on."""
    draw = Draw(walk.model, die)
    what = die.whole(1, 100)
    if what <= 9:
        walk.pass_time(draw.instant())
        walk.check_balances()
    elif what <= 13 and walk.accepted:
        walk.retry(die.whole(0, len(walk.accepted) - 1))
    elif what <= 15 and walk.refusals:
        place = die.whole(0, len(walk.refusals) - 1)
        tally[walk.refusals[place][1].name, walk.ask_again(place)] += 1
    elif what <= 18:
        steps = foreseen(draw, die)
        tally.update((step.name, word) for step, word in zip(steps, walk.batch(steps), strict=True))
    elif what <= 19 and isinstance(walk.ledger.store, MemoryStore):
        walk.fork()
        walk = walk.wake() if die.chance(50) else walk
        del walk.twins[:-2]
    elif what <= 21:
        move(walk.model, die)
    elif what <= 22 and walk.photographs:
        walk.check_past(die.whole(0, len(walk.photographs) - 1))
        walk.check_balances(draw.later())
    elif what <= 23:
        tally[DOOR, knocked(die)] += 1
    else:
        step = DRAWN[die.of(OFTEN)](draw)
        if step is not None:
            tally[step.name, walk.play(step)] += 1
    return walk


def foreseen(draw: Draw, choice: Choice) -> list[Step]:
    """A few steps, each drawn for the state that the ones before will lead to."""
    model, steps = copy.deepcopy(draw.model), list[Step]()
    for number in range(choice.whole(2, 5)):
        step = DRAWN[choice.of(OFTEN)](Draw(model, choice))
        if step is not None:
            steps.append(step)
            refused(model, step, f"foreseen{number}")
    return steps or [Step("sweep", {"wallet": "pool"}, "cron", frozenset({"system"}))]


def move(model: PortalModel, choice: Choice) -> None:
    """Somebody begins or ends to manage a course, or to be in a group."""
    if choice.chance(50):
        model.registered ^= {(choice.of(MANAGERS), choice.of(COURSES))}
    else:
        model.groups[choice.of(PEOPLE)] ^= {choice.of(GROUPS)}


def walked(seed: int, steps: int, tally: Tally, store: Store | None = None) -> Walk:
    """One portal's story of so many steps, checked on the way and at its end."""
    die = Die(Random(seed))
    walk = Walk(Draw(PortalModel(Knobs(), START), die).knobs(), store)
    walk.begin()
    for number in range(steps):
        walk = stroll(walk, die, tally)
        walk.check_balances()
        if number % 50 == 49:
            walk.check()
    walk.end()
    return walk


def main(arguments: Sequence[str] | None = None) -> None:
    """Walk through one portal after the other and say what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--length", type=int, default=400, help="steps in one portal")
    asked = parser.parse_args(arguments)
    tally, seen, conflicts, begun_at = Tally(), Counter[str](), 0, perf_counter()
    for number in range(-(-asked.steps // asked.length)):
        seed = asked.seed * 1_000_003 + number
        length = min(asked.length, asked.steps - number * asked.length)
        try:
            walk = walked(seed, length, tally)
        except BaseException:
            print(f"portal {number}: walked({seed}, {length}, Tally())")
            raise
        seen, conflicts = seen + walk.seen, conflicts + walk.conflicts
    print(f"{asked.steps} steps")
    print("\n".join([*tally.lines(), "", *by_code(tally, conflicts), ""]))
    print("\n".join([*(f"{n:6} {what}" for what, n in seen.most_common())]))
    print(f"{perf_counter() - begun_at:.1f} s")


if __name__ == "__main__":
    main()
