"""Stories on the command line: ``demo`` and ``run``."""

from __future__ import annotations

import argparse
import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from unitledger.cli.screen import ended, plain, print_json
from unitledger.cli.words import NAMED_STORE, Usage, Word
from unitledger.errors import UnitLedgerError
from unitledger.journal import exported
from unitledger.scenario import Scenario, ScenarioResult, shipped
from unitledger.scenario.figures import parts_text
from unitledger.scenario.stories import closing, several, story
from unitledger.stored import check_new, stored
from unitledger.stores.memory import MemoryStore
from unitledger.time import instant_text

__all__ = ["STORIES", "scenario_of"]


def _demo(asked: argparse.Namespace) -> int:
    """Both seeds in one store, one portal, one journal."""
    seeds = [scenario for name, scenario in shipped().items() if name in _SEEDS]
    with _store(asked.store) as store:
        _check_new(asked, store, seeds)
        results = [scenario.run(store) for scenario in seeds]
        return _demonstrated(asked, results)


def _demonstrated(asked: argparse.Namespace, results: Sequence[ScenarioResult]) -> int:
    ledger = results[-1].ledger
    verdicts = ledger.verify(), ledger.audit()
    if asked.json:
        told = [_told(result) for result in results]
        print_json({"scenarios": told, "verify": plain(verdicts[0]), "audit": plain(verdicts[1])})
    else:
        for result in results:
            print("\n".join(story(result)), end="\n\n")
        print("\n".join(closing(ledger)))
    well = [result.ok for result in results] + [one.ok for one in verdicts]
    return ended(ok=all(well))


_SEEDS = ("seed_credits", "seed_units")


def _store(url: str | None) -> AbstractContextManager[Any]:
    """The store that was named, with its tables made; a new one in memory when none was."""
    return nullcontext(MemoryStore()) if url is None else stored(url, make=True)


def _check_new(asked: argparse.Namespace, store: Any, scenarios: Iterable[Scenario]) -> None:
    """Refuse a portal of a named store that has something already: its figures would not fit."""
    if asked.store is not None:
        check_new(store, {scenario.portal for scenario in scenarios})


def _run(asked: argparse.Namespace) -> int:
    if asked.journal is not None and len(asked.files) > 1:
        raise Usage(asked.parser, "--journal takes one scenario: each has a journal of its own")
    scenarios = [(file, scenario_of(file)) for file in asked.files]
    if asked.store is not None and len(scenarios) > 1:
        raise Usage(asked.parser, "--store takes one scenario: it is left there as it ends")
    with _store(asked.store) as store:
        _check_new(asked, store, [scenario for _, scenario in scenarios])
        named = store if asked.store is not None else None
        return _reported(asked, [(file, scenario.run(named)) for file, scenario in scenarios])


def _reported(asked: argparse.Namespace, results: Sequence[tuple[str, ScenarioResult]]) -> int:
    if asked.journal is not None:
        lines = exported(results[0][1].ledger.journal())
        text = "".join(f"{line}\n" for line in lines)
        Path(asked.journal).write_text(text, encoding="ascii", newline="\n")
    if asked.json:
        print_json([{"file": file, **_counted(result)} for file, result in results])
    else:
        print("\n".join(line for file, result in results for line in _report(file, result)))
    return ended(ok=all(result.ok for _, result in results))


def scenario_of(file: str) -> Scenario:
    """The scenario of a file, or of that name in the package.

    Raises:
        OSError: There is neither.
        InvalidInput: It is not a scenario; a note on the error names the file.
    """
    if not Path(file).exists():
        if file in shipped():
            return shipped()[file]
        names = ", ".join(shipped())
        raise FileNotFoundError(errno.ENOENT, f"no such file; the package has {names}", file)
    if Path(file).is_dir():
        raise IsADirectoryError(errno.EISDIR, "no such file; it is a folder", file)
    try:
        return Scenario.load(file)
    except UnitLedgerError as error:
        error.add_note(f"in {file}")
        raise


def _report(file: str, result: ScenarioResult) -> Iterator[str]:
    """A line per failed expectation, and one that counts."""
    yield from (f"{file}: {failure}" for failure in result.failures)
    count = _counted(result)
    found = f"{len(result.failures)} not as expected" if result.failures else "all as expected"
    steps, checks = several(count["steps"], "step"), several(count["checks"], "check")
    yield f"{file}: {steps}, {checks}, {found}"


def _counted(result: ScenarioResult) -> dict[str, Any]:
    checks = (*result.checks, *(check for step in result.steps for check in step.checks))
    return {
        "title": result.scenario.title,
        "ok": result.ok,
        "lots": len(result.lots),
        "steps": len(result.steps),
        "checks": len(checks),
        "failures": [plain(failure) for failure in result.failures],
    }


def _told(result: ScenarioResult) -> dict[str, Any]:
    steps = [
        {
            "say": step.step.say,
            "at": instant_text(step.step.at),
            "command": step.step.word,
            "slices": parts_text(step.slices) if step.slices else None,
            "outcome": None if step.receipt is None else plain(step.receipt.outcome),
            "entry": None if step.receipt is None else step.receipt.entry,
            "same_as": None if step.receipt is None else step.receipt.same_as,
            "replayed": step.replayed,
            "answer": None if step.answer is None else plain(step.answer),
            "refused": None if step.error is None else _refused(step.error),
        }
        for step in result.steps
    ]
    return {**_counted(result), "steps": steps}


def _refused(error: UnitLedgerError) -> dict[str, str]:
    return {"code": error.code, "message": str(error)}


STORIES = (
    Word(
        "demo",
        _demo,
        "tell both seed stories, in one portal and one journal",
        (NAMED_STORE,),
    ),
    Word(
        "run",
        _run,
        "run scenario files and name what is not as expected",
        (
            (
                "files",
                {
                    "nargs": "+",
                    "metavar": "FILE",
                    "help": "a .toml or .json scenario, or"
                    " the name of a shipped one: seed_credits, seed_units",
                },
            ),
            ("--journal", {"metavar": "OUT", "help": "write the exported journal there"}),
            NAMED_STORE,
        ),
    ),
)
"""The words of this family."""
