"""A run told as a story: the scenario's own words, and under them what the ledger answered.

Only steps that say something are told. The words come from the file, every figure from the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from itertools import groupby, zip_longest
from textwrap import wrap
from typing import Any

from unitledger.amounts import Amount
from unitledger.commands import Receipt
from unitledger.errors import InsufficientUnits, UnitLedgerError
from unitledger.ledger import Ledger
from unitledger.moves import Move
from unitledger.operations import ExpiryEdited
from unitledger.scenario.figures import number, parts_text, taken
from unitledger.scenario.questions import QuoteCart
from unitledger.scenario.runner import FIGURES, StepResult
from unitledger.scenario.scenarios import ScenarioResult
from unitledger.training.pricing import Item, Quote

__all__ = ["closing", "quote_lines", "several", "story"]

_WIDTH = 98
_MARGIN = 12


def story(result: ScenarioResult) -> Iterator[str]:
    """The lines of a run: title, words, answers; what was not as expected stands last."""
    scenario, day = result.scenario, ""
    yield scenario.title
    yield "─" * len(scenario.title)
    yield from wrap(scenario.say, _WIDTH)
    for step in result.steps:
        if step.step.say:
            date = step.step.at.date().isoformat()
            if date != day:
                yield ""
            yield from _told(step, "" if date == day else date, scenario.key_codes)
            day = date
    yield from (f"not as expected: {failure}" for failure in result.failures)


def closing(ledger: Ledger) -> Iterator[str]:
    """The lines that say whether a journal is whole and its units add up."""
    verified, audited = ledger.verify(), ledger.audit()
    for fault in (*verified.faults, *audited.faults):
        yield f"not conserved: {fault}"
    if verified.ok and audited.ok:
        size = f"{several(verified.entries, 'entry')}, {several(verified.lots, 'lot')}"
        yield f"Conservation: {size}; every lot adds up, every chain of hashes holds."
        yield "Audit: what is stored is what the journal folds to."


def several(number_: int, noun: str) -> str:
    """A noun with its number: ``1 step``, ``2 steps``, ``3 entries``."""
    many = f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number_} {noun if number_ == 1 else many}"


def quote_lines(items: Iterable[Item], quoted: Quote) -> Iterator[str]:
    """What a cart comes to, a line per item, and the sum of several."""
    for item, line in zip(items, quoted.lines, strict=True):
        times = f"{line.quantity} × "
        yield (f"{times}{_price(item.price)} → {times}{line.each.text} = {line.units.text} units")
    if len(quoted.lines) > 1:
        yield f"{quoted.total} in all"


def _price(price: Fraction) -> str:
    """A price in decimals where it has an end, else as a fraction."""
    digits = next((n for n in range(40) if 10**n % price.denominator == 0), None)
    if digits is None:
        return str(price)
    whole, rest = divmod(int(price * 10**digits), 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)


def _told(result: StepResult, date: str, codes: Iterable[tuple[str, str]]) -> Iterator[str]:
    words = wrap(result.step.say, _WIDTH - _MARGIN)
    for lead, line in zip_longest([date], words, fillvalue=""):
        yield f"{lead:<{_MARGIN}}{line}"
    answer, balances = "; ".join(_said(result)), "; ".join(_balances(result))
    for name, code in codes:
        answer, balances = answer.replace(code, name), balances.replace(code, name)
    if result.plan is not None:
        yield from (f"{'':{_MARGIN}}{row}" for row in result.plan.table().text.splitlines()[1:])
    mark = "✗" if result.error is not None else "→"
    if answer and balances and len(answer) + len(balances) <= _WIDTH - _MARGIN - 7:
        answer, balances = f"{answer}   = {balances}", ""
    yield from (*_marked(mark, answer), *_marked("=", balances))


def _marked(mark: str, text: str) -> Iterator[str]:
    """Lines of a text behind a mark, the text in one column."""
    for number_, line in enumerate(wrap(text, _WIDTH - _MARGIN - 2, break_on_hyphens=False)):
        yield f"{'':{_MARGIN}}{' ' if number_ else mark} {line}"


def _said(result: StepResult) -> Iterator[str]:
    if result.error is not None:
        yield _refusal(result.error)
    elif result.receipt is not None:
        yield from _receipt(result.receipt, replayed=result.replayed)
    elif isinstance(result.answer, Quote) and isinstance(result.step.action, QuoteCart):
        yield from quote_lines(result.step.action.items, result.answer)


def _refusal(error: UnitLedgerError) -> str:
    if isinstance(error, InsufficientUnits):
        needed, there = _number(error.needed), _number(error.available)
        return f"{error.code}: {needed} needed, {there} there, {_number(error.shortfall)} short"
    return f"{error.code}: {error}"


def _receipt(receipt: Receipt[Any], *, replayed: bool) -> Iterator[str]:
    outcome = receipt.outcome
    if replayed:
        yield f"its first receipt again, entry {receipt.entry[:12]}…; nothing moves"
    elif receipt.same_as is not None:
        yield f"as request {receipt.same_as} did before; nothing moves"
    elif isinstance(outcome, ExpiryEdited):
        yield f"{outcome.lot} ended {_minute(outcome.was)}, now ends {_minute(outcome.now)}"
    elif receipt.moves:
        yield from (_moved(list(moves)) for _, moves in groupby(receipt.moves, _way))


def _way(move: Move) -> tuple[str, str, str]:
    return move.verb, move.source.wallet, move.target.wallet


def _moved(moves: list[Move]) -> str:
    """Moves of one kind between the same ends, in a few words."""
    first = moves[0]
    source, target = first.source.wallet, first.target.wallet
    what = f"{first.verb} {parts_text(taken(moves))}"
    return f"{what} in {source}" if source == target else f"{what}, {source} → {target}"


def _minute(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _balances(result: StepResult) -> Iterator[str]:
    """The figures of the balances that a step's checks name."""
    for check in (found.check for found in result.checks):
        named = [(name, getattr(check, name)) for name in FIGURES]
        figures = [f"{_number(amount)} {name}" for name, amount in named if amount is not None]
        if check.remaining is not None:
            figures.append(f"{parts_text(check.remaining)} left")
        lot = "" if check.lot is None else f" of {check.lot}"
        if figures:
            yield f"{check.wallet}{lot} {', '.join(figures)}"


def _number(amount: Amount) -> str:
    return number(Fraction(amount.decimal))
