"""The steps and lots of a scenario, read from plain tables.

Everything is read before anything is run: a slip of the pen is refused with the place where it
stands, not met half-way through the story.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any, TypeAlias, final, get_args

import attrs

from unitledger.amounts import Amount
from unitledger.codec import kinds
from unitledger.commands import Actor, Command, Outcome, Role, check_reason
from unitledger.errors import (
    InvalidValue,
    MalformedDocument,
    UnitLedgerError,
    UnknownField,
    shown,
)
from unitledger.ids import LotId, WalletId, check_id
from unitledger.lots import Category, Cost, Scope
from unitledger.operations import Issue
from unitledger.ports import FixedDirectory
from unitledger.scenario.checks import Check, read_checks
from unitledger.scenario.figures import Figure, Part, check_names, figures, parts, text_of
from unitledger.scenario.questions import QUESTIONS, Question
from unitledger.scenario.settings import Setting, directory_of
from unitledger.scenario.wording import fields_of, fields_table, placed, read, with_place_in_words
from unitledger.values import Value

__all__ = [
    "LOT_FIELDS",
    "STEP_FIELDS",
    "Action",
    "Expectation",
    "Step",
    "error_codes",
    "read_lot",
    "read_step",
]

Action: TypeAlias = Command[Outcome] | Question | UnitLedgerError | None
"""What a step does: a command, a question, arguments that are refused as expected, or nothing."""


@final
@attrs.frozen
class Expectation(Value):
    """What should come of a step; only what is named is compared.

    Attributes:
        refused: The code of the error that should refuse it.
        figures: Figures of the outcome, or of the error when it should be refused.
        slices: What should be taken from which lot, in order.
        same_as_request: The earlier request that did the same.
        replayed: Whether it should get the receipt that its request got before.
    """

    refused: str | None = None
    figures: tuple[Figure, ...] = ()
    slices: tuple[Part, ...] | None = None
    same_as_request: str | None = None
    replayed: bool | None = None


@final
@attrs.frozen(kw_only=True)
class Step(Value):
    """One step of a scenario.

    Attributes:
        where: The step as a reader counts it.
        word: The name of its command or question; empty without one.
        at: Its instant (UTC).
        actor: Who acts.
        request: The request id.
        action: What it does.
        reason: Why, in the actor's words.
        say: What a storyteller says before it.
        expected: What should come of it.
        checks: What should be true afterwards.
        directory: The facts about people from now on, when they change.
    """

    where: str
    word: str
    at: datetime
    actor: Actor
    request: str
    action: Action
    reason: str = ""
    say: str = ""
    expected: Expectation = Expectation()
    checks: tuple[Check, ...] = ()
    directory: FixedDirectory | None = None


def error_codes() -> dict[str, type[UnitLedgerError]]:
    """Every error of the library that can be expected, by its code."""
    found: dict[str, type[UnitLedgerError]] = {}
    waiting: list[type[UnitLedgerError]] = [UnitLedgerError]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        found.setdefault(cls.code, cls)
    return dict(sorted(found.items()))


# Lots.


@final
@attrs.frozen
class _LotWords(Value):
    id: LotId
    wallet: WalletId
    amount: Amount
    at: datetime | None = None
    effective: datetime | None = None
    expires: datetime | None = None
    acquired: datetime | None = None
    cycle: int = 1
    category: Category = Category.GRANTED
    priority: int = 0
    courses: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()
    cost: Fraction | None = None
    currency: str | None = None


def read_lot(table: Any, number: int, setting: Setting) -> Step:
    """The step that puts a lot into the world.

    Raises:
        InvalidInput: It is not a lot; the error or a note on it says where.
    """
    where = f"lots[{number - 1}]"
    with placed(where):
        words: _LotWords = read(_LotWords, table, where, setting.zone)
        return Step(
            where=f"lot {number} ({words.id})",
            word=Issue.NAME,
            at=_begun(setting.at if words.at is None else words.at, where),
            actor=Actor.acting("scenario", Role.SYSTEM),
            request=f"{setting.name}-lot-{number}",
            action=_issue(words, where),
        )


def _begun(at: datetime | None, where: str) -> datetime:
    if at is None:
        raise MalformedDocument(where, "no instant yet: give an at, here or to the scenario")
    return at


def _in_turn(words: _StepWords, before: datetime | None, where: str) -> datetime:
    """The instant of a step, which is not before the one above unless the step says so."""
    at = _begun(before if words.at is None else words.at, where)
    back = before is not None and at < before
    if back and not words.clock_back:
        problem = f"{text_of(at)} is before {text_of(before)}, the instant above"
        raise MalformedDocument(f"{where}.at", f"{problem}; if it is meant, say clock_back = true")
    if words.clock_back and not back:
        problem = f"{text_of(at)} is not before the instant above; leave it out"
        raise MalformedDocument(f"{where}.clock_back", problem)
    return at


def _issue(words: _LotWords, where: str) -> Issue:
    if (words.cost is None) != (words.currency is None):
        raise MalformedDocument(where, "cost and currency go together")
    cost = None
    if words.cost is not None and words.currency is not None:
        cost = Cost(words.cost, words.currency)
    restricted = words.courses or words.items or words.audience
    scope = Scope(words.courses, words.items, words.audience) if restricted else None
    return Issue(
        lot=words.id,
        wallet=words.wallet,
        amount=words.amount,
        effective=words.effective,
        expires=words.expires,
        acquired=words.acquired,
        cycle=words.cycle,
        category=words.category,
        priority=words.priority,
        scope=scope,
        cost=cost,
    )


# Steps.


@final
@attrs.frozen
class _StepWords(Value):
    at: datetime | None = None
    actor: str | None = None
    roles: frozenset[Role] | None = None
    request: str | None = None
    reason: str = ""
    say: str = ""
    command: str | None = None
    clock_back: bool = False
    refused: str | None = None
    same_as_request: str | None = None
    replayed: bool | None = None


LOT_FIELDS = tuple(fields_of(_LotWords))
"""Every field of a lot."""
STEP_FIELDS = (*fields_of(_StepWords), "with", "expect", "slices", "checks", "directory")
"""Every field of a step that is not an argument of its command."""


def read_step(table: Any, number: int, setting: Setting) -> Step:
    """A step; whatever is not one of its own words is an argument of its command.

    Raises:
        InvalidInput: It is not a step; the error or a note on it says where.
        Refused: Its command cannot be made of its arguments, and nothing expects that.
    """
    where = f"steps[{number - 1}]"
    with placed(where):
        plain = fields_table(table, where)
        own = {name: part for name, part in plain.items() if name in fields_of(_StepWords)}
        words: _StepWords = read(_StepWords, own, where, setting.zone)
        action, answered = _action(plain, words, where, setting)
        name = f"step {number}" + (f" ({words.command})" if words.command else "")
        request = f"{setting.name}-{number}" if words.request is None else words.request
        return Step(
            where=name,
            word=words.command or "",
            at=_in_turn(words, setting.at, where),
            actor=setting.acting(words.actor, words.roles, where),
            request=check_id(request, "request"),
            action=action,
            reason=check_reason(words.reason),
            say=words.say,
            expected=_expectation(plain, words, answered, where),
            checks=read_checks(plain.get("checks", []), where, name, setting.zone),
            directory=directory_of(plain["directory"], f"{where}.directory")
            if "directory" in plain
            else None,
        )


def _action(
    table: dict[str, Any], words: _StepWords, where: str, setting: Setting
) -> tuple[Action, type | None]:
    """What a step does, and the class of what will come of it."""
    arguments = _arguments(table, where)
    if words.command is None:
        for name in sorted(arguments):
            raise UnknownField(where, shown(name), tuple(sorted(STEP_FIELDS)))
        return None, None
    cls, answered = _named(words.command, where)
    for name in sorted(arguments.keys() - fields_of(cls).keys()):
        raise UnknownField(where, shown(name), tuple(sorted({*STEP_FIELDS, *fields_of(cls)})))
    try:
        return read(cls, arguments, where, setting.zone), answered
    except UnitLedgerError as error:
        if error.code != words.refused:
            raise
        return with_place_in_words(error), None


def _named(word: str, where: str) -> tuple[type, type | None]:
    """The class of a command or question, and of what will come of it."""
    if word in QUESTIONS:
        return QUESTIONS[word]
    known = kinds(Command)
    if word not in known:
        names = ", ".join(sorted({*known, *QUESTIONS}))
        raise InvalidValue(f"{where}.command", shown(word), f"one of {names}")
    return known[word], _outcome_of(known[word])


def _arguments(table: dict[str, Any], where: str) -> dict[str, Any]:
    plain = {name: part for name, part in table.items() if name not in STEP_FIELDS}
    more = table.get("with", {})
    if type(more) is not dict:
        raise MalformedDocument(f"{where}.with", f"{shown(more)} is not a table of fields")
    for name in sorted(more.keys() & plain.keys()):
        raise MalformedDocument(f"{where}.with", f"{name} stands twice")
    return {**plain, **more}


def _outcome_of(cls: type) -> type | None:
    """The class of a command's outcome, where its base says it."""
    for base in cls.__mro__:
        for original in vars(base).get("__orig_bases__", ()):
            for argument in get_args(original):
                if isinstance(argument, type) and attrs.has(argument):
                    return argument
    return None


def _expectation(
    table: dict[str, Any], words: _StepWords, found: type | None, where: str
) -> Expectation:
    wanted = figures(fields_table(table.get("expect", {}), f"{where}.expect"))
    if words.refused is not None:
        codes = error_codes()
        if words.refused not in codes:
            known = ", ".join(codes)
            raise InvalidValue(f"{where}.refused", shown(words.refused), f"one of {known}")
        found = codes[words.refused]
    if found is not None:
        check_names(wanted, found, f"{where}.expect")
    slices = parts(table["slices"], f"{where}.slices") if "slices" in table else None
    expected = Expectation(words.refused, wanted, slices, words.same_as_request, words.replayed)
    if words.command is None and expected != Expectation():
        raise MalformedDocument(where, "without a command nothing can be expected; use checks")
    return expected
