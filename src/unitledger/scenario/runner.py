"""Running a scenario on a ledger: step by step, with every expectation told from what was found.

A step that is refused against its expectation is a failure like any other; the run goes on, so
that one run names everything that is not as expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, final

import attrs

from unitledger.accounts import State, wallet_unit
from unitledger.amounts import Amount
from unitledger.balances import Balance
from unitledger.buckets import Plan
from unitledger.commands import Command, Receipt
from unitledger.errors import UnitLedgerError
from unitledger.ids import LotId
from unitledger.journal import Findings
from unitledger.ledger import Ledger
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory, Store
from unitledger.scenario.checks import Check
from unitledger.scenario.figures import (
    Failure,
    Part,
    compared,
    number,
    part_of,
    parts_text,
    taken,
    text_of,
)
from unitledger.scenario.questions import Explained, Question, QuoteCart
from unitledger.scenario.steps import Expectation, Step
from unitledger.time import FixedClock
from unitledger.training.pricing import Quote, quote

__all__ = ["FIGURES", "CheckResult", "Stage", "StepResult"]

FIGURES = ("available", "pending", "held", "spent", "expired", "void")
"""The figures of a balance, as checks name them."""


@final
@attrs.frozen(eq=False)
class CheckResult:
    """What a check found.

    Attributes:
        check: The check.
        balance: The balance of its wallet, if it names one.
        verdicts: What was found on the journal and the store, for every verdict asked.
        failures: What is not as expected.
    """

    check: Check
    balance: Balance | None
    verdicts: tuple[Findings, ...]
    failures: tuple[Failure, ...]


@final
@attrs.frozen(eq=False)
class StepResult:
    """What came of a step.

    Attributes:
        step: The step.
        receipt: The receipt of its command, if it was accepted.
        error: What refused it, if something did.
        plan: The plan behind an ``explain``.
        answer: The answer to a question.
        replayed: Whether the receipt is one that the same request got before.
        checks: What its checks found.
        failures: What is not as expected, its checks included.
    """

    step: Step
    receipt: Receipt[Any] | None = None
    error: UnitLedgerError | None = None
    plan: Plan | None = None
    answer: Explained | Quote | None = None
    replayed: bool = False
    checks: tuple[CheckResult, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def slices(self) -> tuple[Part, ...]:
        """What was taken from which lot, or would be, in order."""
        if self.plan is not None:
            unit = self.plan.bucket.unit
            return tuple(part_of(lot.id, parts, unit) for lot, parts in self.plan.taken)
        return taken(self.receipt.moves) if self.receipt is not None else ()


@final
class _People:
    """A directory whose facts a step may replace."""

    def __init__(self, facts: FixedDirectory) -> None:
        self.facts = facts

    def manages(self, manager: str, course: str, at: datetime) -> bool:
        return self.facts.manages(manager, course, at)

    def groups(self, user: str, at: datetime) -> frozenset[str]:
        return self.facts.groups(user, at)

    def direct(self, user: str, at: datetime) -> frozenset[str]:
        return self.facts.direct(user, at)

    def lineage(self, user: str, at: datetime) -> tuple[str, ...]:
        return self.facts.lineage(user, at)

    def superiors(self, user: str, at: datetime) -> frozenset[str]:
        return self.facts.superiors(user, at)

    def people(self, group: str, at: datetime) -> frozenset[str]:
        return self.facts.people(group, at)


@final
class Stage:
    """A ledger with a clock and a directory that follow the steps.

    Args:
        store: Where the portal is kept.
        portal: The tenant.
        policy: The named values of every rule.
        directory: The facts about people at the beginning.
        at: The first instant.
    """

    def __init__(
        self,
        store: Store,
        *,
        portal: str,
        policy: Policy,
        directory: FixedDirectory,
        at: datetime,
    ) -> None:
        self._clock = FixedClock(at)
        self._people = _People(directory)
        self.ledger: Ledger = Ledger(
            store, portal=portal, policy=policy, clock=self._clock, directory=self._people
        )

    def act(self, step: Step) -> StepResult:
        """What comes of a step, its checks included."""
        self._clock.at = step.at
        if step.directory is not None:
            self._people.facts = step.directory
        result = self._result(step)
        checks = tuple(self.check(check) for check in step.checks)
        failures = (
            *_unexpected(result),
            *(failure for check in checks for failure in check.failures),
        )
        return attrs.evolve(result, checks=checks, failures=failures)

    def _result(self, step: Step) -> StepResult:
        action = step.action
        try:
            if isinstance(action, Command):
                return self._executed(step, action)
            if isinstance(action, UnitLedgerError):
                return StepResult(step, error=action)
            return self._answered(step, action)
        except UnitLedgerError as error:
            return StepResult(step, error=error)

    def _executed(self, step: Step, command: Command[Any]) -> StepResult:
        before = self.ledger.receipt(step.request)
        receipt = self.ledger.execute(
            command, by=step.actor, request=step.request, reason=step.reason
        )
        return StepResult(step, receipt=receipt, replayed=receipt == before)

    def _answered(self, step: Step, question: Question | None) -> StepResult:
        if question is None:
            return StepResult(step)
        if isinstance(question, QuoteCart):
            return StepResult(step, answer=quote(question.items, self.ledger.policy))
        plan = self.ledger.explain(
            question.wallet, question.amount, use=question.use, order=question.order
        )
        return StepResult(step, plan=plan, answer=Explained.of(plan))

    def check(self, check: Check) -> CheckResult:
        """What a check finds."""
        balance = None
        if check.wallet is not None:
            balance = self.ledger.balance(check.wallet, at=check.at)
        verdicts, failures = list[Findings](), list[Failure]()
        if balance is not None:
            failures += _balance_failures(check, balance)
            failures += self._remaining_failures(check, balance)
        if check.issued is not None:
            found = self._issued(check, check.issued)
            failures += _different(check.where, "issued", check.issued, found)
        for field, asked, ask in (
            ("conservation", check.conservation, self.ledger.verify),
            ("audit", check.audit, self.ledger.audit),
        ):
            if asked is not None:
                verdict = ask()
                verdicts.append(verdict)
                failures += _verdict_failures(check.where, field, verdict, expected=asked)
        return CheckResult(check, balance, tuple(verdicts), tuple(failures))

    def _remaining_failures(self, check: Check, balance: Balance) -> Iterator[Failure]:
        unit = wallet_unit(balance.wallet)
        there = {line.lot.id: line.available for line in balance.lots}
        for part in check.remaining or ():
            found = part_of(part.lot, there.get(part.lot, 0), unit)
            exists = part.lot in there or self._exists(part.lot)
            if found != part or not exists:
                words = number(found.amount) if exists else "no such lot"
                field = f"remaining of {part.lot}"
                yield Failure(check.where, field, number(part.amount), words)

    def _exists(self, lot: LotId) -> bool:
        """Whether any wallet ever had units of a lot."""
        return any(move.lot == lot for entry in self.ledger.entries() for move in entry.moves)

    def _issued(self, check: Check, expected: Amount) -> Amount:
        """How much came into being: of a lot, in a wallet, or of a unit altogether."""
        parts = 0
        for entry in self.ledger.entries():
            for move in entry.moves:
                wallet = move.source.wallet
                asked = (check.lot in (None, move.lot)) and (check.wallet in (None, wallet))
                if asked and wallet_unit(wallet) is type(expected):
                    parts += move.parts * _ISSUING.get((move.source.state, move.target.state), 0)
        return type(expected)(parts=parts)


_ISSUING = {
    (State.ISSUED, State.FREE): 1,
    (State.ISSUED, State.SPENT): 1,
    (State.SPENT, State.ISSUED): -1,
}


def _unexpected(result: StepResult) -> Iterator[Failure]:
    """What a step expects and did not find."""
    where, expected = result.step.where, result.step.expected
    error = result.error
    if error is not None:
        if error.code != expected.refused:
            wanted = "to be accepted" if expected.refused is None else expected.refused
            yield Failure(where, "refused", wanted, f"{error.code} ({error})")
            return
        yield from compared(expected.figures, error, where)
        return
    if expected.refused is not None:
        yield Failure(where, "refused", expected.refused, "it was accepted")
        return
    found = result.answer if result.receipt is None else result.receipt.outcome
    yield from compared(expected.figures, found, where)
    if expected.slices is not None and expected.slices != result.slices:
        yield Failure(where, "slices", parts_text(expected.slices), parts_text(result.slices))
    yield from _retold(where, expected, result)


def _retold(where: str, expected: Expectation, result: StepResult) -> Iterator[Failure]:
    same_as = None if result.receipt is None else result.receipt.same_as
    if expected.same_as_request is not None:
        yield from _different(where, "same_as_request", expected.same_as_request, same_as)
    if expected.replayed is not None:
        yield from _different(where, "replayed", expected.replayed, result.replayed)


def _different(where: str, field: str, expected: object, found: object) -> Iterator[Failure]:
    if expected != found:
        yield Failure(where, field, text_of(expected), text_of(found))


def _balance_failures(check: Check, balance: Balance) -> Iterator[Failure]:
    lots = [line for line in balance.lots if check.lot in (None, line.lot.id)]
    unit = wallet_unit(balance.wallet)
    for name in FIGURES:
        expected = getattr(check, name)
        if expected is not None:
            found = unit(parts=sum(getattr(line, name) for line in lots))
            yield from _different(check.where, name, expected, found)


def _verdict_failures(
    where: str, field: str, verdict: Findings, *, expected: bool
) -> Iterator[Failure]:
    if verdict.ok is not expected:
        yield Failure(where, field, text_of(expected), "; ".join(verdict.faults) or "true")
