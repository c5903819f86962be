"""A whole portal beside a model of its own: all commands of both rooms, and all operations.

Hypothesis chooses what happens; arguments are drawn from what is held. After every step the library
and the model (`portal_model.py`, written from the rules) hold the same in every wallet, nothing was
lost, and what a preview said is what happened. `portal_walk.py` walks the same ways from a seed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, event, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.journeys.portal_books import Knobs
from tests.journeys.portal_draw import START, Draw
from tests.journeys.portal_model import PortalModel
from tests.journeys.portal_steps import DRAWN, OFTEN
from tests.journeys.portal_walk import Tally, Walk, foreseen, main, move, walked
from tests.toy_store import ToyStore
from unitledger.commands import Command

T = TypeVar("T")
MACHINE = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Drawn:
    """Chance from Hypothesis; the simplest is the first, the least, and no surprise."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def of(self, options: Sequence[T]) -> T:
        return options[self.whole(0, len(options) - 1)]

    def whole(self, low: int, high: int) -> int:
        return low if low == high else self._data.draw(st.integers(low, high))

    def chance(self, percent: int) -> bool:
        return self.whole(0, 99) >= 100 - percent


class PortalMachine(RuleBasedStateMachine):
    """Every command of both rooms, operations, time, people, retries, batches and forks."""

    walk: Walk
    tally: ClassVar[Tally] = Tally()

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        self.walk = Walk(Draw(PortalModel(Knobs(), START), Drawn(data)).knobs())
        self.walk.begin()
        self.steps = 0

    def draw_and_play(self, name: str, data: st.DataObject) -> None:
        step = DRAWN[name](self._draw(data))
        if step is None:
            event("nothing to draw from")
        else:
            note(f"{self.walk.requests + 1}: {step}")
            self._hear(name, self.walk.play(step))

    def _draw(self, data: st.DataObject) -> Draw:
        return Draw(self.walk.model, Drawn(data))

    def _hear(self, name: str, word: str) -> None:
        self.tally[name, word] += 1
        event(f"{name}: {word}")

    @rule(data=st.data())
    def a_busy_hour(self, data: st.DataObject) -> None:
        """Several commands, those that make a story go on more often than others."""
        choice = Drawn(data)
        for _ in range(choice.whole(2, 6)):
            self.draw_and_play(choice.of(OFTEN), data)

    @rule(data=st.data())
    def time_passes(self, data: st.DataObject) -> None:
        to = self._draw(data).instant()
        note(f"it is {to}")
        self.walk.pass_time(to)

    @rule(data=st.data())
    def people_move(self, data: st.DataObject) -> None:
        move(self.walk.model, Drawn(data))

    @rule(data=st.data())
    def many_at_once(self, data: st.DataObject) -> None:
        steps = foreseen(self._draw(data), Drawn(data))
        note(f"together: {steps}")
        for step, word in zip(steps, self.walk.batch(steps), strict=True):
            self._hear(step.name, word)

    @rule(data=st.data())
    def an_earlier_request_comes_again(self, data: st.DataObject) -> None:
        self.walk.retry(Drawn(data).whole(0, len(self.walk.accepted) - 1))

    @precondition(lambda self: self.walk.refusals)
    @rule(data=st.data())
    def a_refused_request_comes_again(self, data: st.DataObject) -> None:
        place = Drawn(data).whole(0, len(self.walk.refusals) - 1)
        name = self.walk.refusals[place][1].name
        self._hear(name, self.walk.ask_again(place))

    @precondition(lambda self: len(self.walk.twins) < 2)
    @rule(wake=st.booleans())
    def the_portal_forks(self, wake: bool) -> None:
        self.walk.fork()
        self.walk = self.walk.wake() if wake else self.walk

    @precondition(lambda self: self.walk.photographs)
    @rule(data=st.data())
    def the_past_and_the_future_are_asked_for(self, data: st.DataObject) -> None:
        self.walk.check_past(Drawn(data).whole(0, len(self.walk.photographs) - 1))
        self.walk.check_balances(self._draw(data).later())

    @invariant()
    def the_model_and_the_ledger_agree(self) -> None:
        self.walk.check_balances()
        self.walk.retry(len(self.walk.accepted) - 1)

    @invariant()
    def the_books_balance(self) -> None:
        self.steps += 1
        if self.steps % 10 == 0:
            self.walk.check()

    def teardown(self) -> None:
        if hasattr(self, "walk"):
            self.walk.end()
            for what in self.walk.seen:
                event(what)


def _giving(name: str) -> Callable[[Any, st.DataObject], None]:
    def drawn(self: PortalMachine, data: st.DataObject) -> None:
        self.draw_and_play(name, data)

    drawn.__name__ = name
    return rule(data=st.data())(drawn)


for _name in DRAWN:
    assert not hasattr(PortalMachine, _name), _name
    setattr(PortalMachine, _name, _giving(_name))

TestPortalMachine = PortalMachine.TestCase
TestPortalMachine.settings = MACHINE


class CountedMachine(PortalMachine):
    """The same machine with a tally of its own."""

    tally: ClassVar[Tally] = Tally()


def test_the_machine_draws_what_mostly_succeeds() -> None:
    """A machine that draws blindly is refused nearly always, and shows nothing."""
    run_state_machine_as_test(
        CountedMachine, settings=settings(MACHINE, max_examples=15, derandomize=True)
    )
    print(*CountedMachine.tally.lines(), sep="\n")
    assert CountedMachine.tally.total() > 200
    assert CountedMachine.tally.share() >= 0.6


MAIN_REFUSALS = {
    "already_exists",
    "below_handed_out",
    "below_used",
    "claim_exceeded",
    "coupon_not_allowed",
    "debt_outstanding",
    "forfeit_due",
    "gift_exceeded",
    "illegal_transition",
    "insufficient_units",
    "invalid_terms",
    "invalid_value",
    "key_code_cap_reached",
    "key_code_suspended",
    "learner_cap_reached",
    "limit_exceeded",
    "method_not_allowed",
    "not_due",
    "not_payable_in_units",
    "not_permitted",
    "not_refundable",
    "not_registered",
    "not_reversible",
    "outside_audience",
    "payment_conflict",
    "remainder_not_priced",
    "subscription_lapsed",
    "unknown_key_code",
    "unknown_object",
    "units_not_sold",
    "wallet_closed",
}
DONE_ONCE = {
    *("enrol", "fire_assignment", "replenish", "reverse_enrolment", "send_invite"),
    *("withdraw_line", "cancel_line", "purchase", "purchase_for_course", "charge_back"),
    *("start_enrolment", "report_progress"),
}
"""What may be asked for again under another request, and is answered with the first answer."""
REMARKABLE = {
    "a cancellation that ended lots otherwise",
    "a credit given for an expired one",
    "a debt that ended",
    "a hold that ended by itself",
    "a line captured in part",
    "a part of a debit given back",
    "a total taken out of several hands",
    "an assignment fired again",
    "an enrolment made ahead",
    "an invite cancelled by a forfeit",
    "an order paid from 1 wallets",
    "an order paid from 2 wallets",
    "an order held for an approval",
    "an order partly left to money",
    "credits forfeited",
    "given back into a lot that has expired",
    "several lots taken",
    "taken from a lot that had expired before an edit",
    "the same as before",
    "units issued anew for some that had ended",
    "what ended before it could be captured",
}


def test_a_seeded_walk_meets_every_command_and_every_refusal() -> None:
    tally, seen = Tally(), Counter[str]()
    for seed in range(600, 660):
        seen += walked(seed, 250, tally).seen
    print(*tally.lines(), *seen.most_common(), sep="\n")
    assert tally.share() >= 0.6
    assert {name for name, word in tally if word == "done"} == set(DRAWN)
    assert {name for name, word in tally if word == "same"} == DONE_ONCE
    assert tally.words() - {"done", "same"} >= MAIN_REFUSALS
    assert set(seen) >= REMARKABLE


def _commands(above: type[Command[Any]] = Command) -> Iterator[str]:
    """The names of all commands of the package, as the model's methods have them."""
    for command in above.__subclasses__():
        if command.__module__.startswith("unitledger.") and "NAME" in vars(command):
            yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", command.__name__).lower()
        yield from _commands(command)


def test_every_command_of_the_package_is_drawn() -> None:
    assert sorted(_commands()) == sorted(DRAWN)


def test_a_store_of_texts_serves_the_same_portal() -> None:
    """The port alone is enough for everything: the toy store knows no lots, only JSON."""
    tally = Tally()
    for seed in (101, 102):
        walked(seed, 60, tally, ToyStore())
    assert tally.share() >= 0.6


def test_the_walk_can_be_taken_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--steps", "30", "--seed", "7", "--length", "20"])
    assert "accepted" in capsys.readouterr().out
