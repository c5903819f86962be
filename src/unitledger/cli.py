"""The command line: the main job without a line of Python.

    demo       both seed stories in one portal and one journal
    run        scenario files, a line per expectation that is not met
    quote      prices in training units
    explain    which lots pay an amount, and why
    verify     an exported journal or a store: hashes, chains, conservation
    audit      a store: whether what is kept is what its journals fold to
    sweep      a store: expiry written down, wallet by wallet
    export     a portal's journal as lines of JSON
    import     an exported journal into a store
    schedule   the next occurrences of a renewal or an assignment

Answers go to standard output, what went wrong to standard error as ``code: message``; with
``--json`` both are JSON. It ends with 0 when all is well, 1 when something was refused or is not
as expected, 2 when it was called in a way that makes no sense, 130 when it was interrupted.
"""

from __future__ import annotations

import argparse
import codecs
import errno
import io
import json
import locale
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, final

from unitledger import __version__
from unitledger.accounts import check_wallet, wallet_unit
from unitledger.amounts import UNIT_NAMES, Amount, Rate
from unitledger.buckets import Bucket, Plan
from unitledger.codec import encode
from unitledger.errors import InvalidValue, UnitLedgerError, shown
from unitledger.journal import MAX_ENTRY, Findings, exported, imported, verify
from unitledger.lots import Lot, Use
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.policy import Policy
from unitledger.scenario import Scenario, ScenarioResult, shipped
from unitledger.scenario.figures import parts_text
from unitledger.scenario.stories import closing, quote_lines, several, story
from unitledger.stored import (
    audit_all,
    check_new,
    export_to,
    import_from,
    is_url,
    stored,
    sweep_all,
    verify_all,
)
from unitledger.stores.memory import MemoryStore
from unitledger.time import (
    Period,
    Recurrence,
    SystemClock,
    check_zone,
    end_of_day,
    instant_text,
    parse_instant,
)
from unitledger.training.pricing import Item, quote

__all__ = ["main"]

_OK, _FAILED, _USAGE, _INTERRUPTED = 0, 1, 2, 130
_BEFORE = timedelta(microseconds=1)
_MAX_LINE = MAX_ENTRY + 300


def main(argv: Sequence[str] | None = None) -> int:
    """What the command line answers, printed; the number it ends with.

    Args:
        argv: The words behind the program's name; ``None`` takes those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        _show_what_can_be_shown(stream)
    words = sys.argv[1:] if argv is None else argv
    in_json = any(word.startswith("--js") and "--json".startswith(word) for word in words)
    try:
        return _answered(words, in_json=in_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        _complain("interrupted", "nothing more was done", in_json=in_json)
        return _INTERRUPTED


def _answered(words: Sequence[str], *, in_json: bool) -> int:
    try:
        asked = _parser().parse_args(words)
        code: int = asked.answer(asked)
        sys.stdout.flush()
    except SystemExit:  # --help and --version
        return _OK
    except _Usage as error:
        if not in_json:
            print(error.usage, end="", file=sys.stderr)
        _complain("usage", str(error), in_json=in_json)
        return _USAGE
    except UnitLedgerError as error:
        _complain(error.code, _message(error), in_json=in_json)
        return _FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        _complain("not_readable", f"{error.filename}: {error.strerror}", in_json=in_json)
        return _USAGE
    return code


def _message(error: UnitLedgerError) -> str:
    return ", ".join([str(error), *getattr(error, "__notes__", ())])


def _complain(code: str, message: str, *, in_json: bool) -> None:
    told = json.dumps({"code": code, "message": message}) if in_json else f"{code}: {message}"
    print(told, file=sys.stderr)


_ASCII = {"×": "x", "→": "->", "─": "-", "✗": "!", "…": "...", "·": "-"}
_PLAIN_WORDS = "unitledger.plain"


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a screen cannot show."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_ASCII.get(character, "?") for character in lost), error.end


codecs.register_error(_PLAIN_WORDS, _in_ascii)


def _show_what_can_be_shown(stream: object) -> None:
    """Have a stream print plain ASCII where its screen shows no more."""
    if isinstance(stream, io.TextIOWrapper):
        plain = sys.flags.utf8_mode and not _asked_for_utf8() and _speaks_ascii()
        stream.reconfigure(encoding="ascii" if plain else None, errors=_PLAIN_WORDS)


def _asked_for_utf8() -> bool:
    """Whether somebody chose UTF-8, and not Python by itself, as it does in the C locale."""
    chosen = {"PYTHONUTF8", "PYTHONIOENCODING"} & os.environ.keys()
    return bool(chosen) or "utf8" in sys._xoptions


def _speaks_ascii() -> bool:
    return codecs.lookup(locale.getencoding()).name == "ascii"


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2))


def _plain(value: object) -> Any:
    """A value of the library as plain JSON."""
    return json.loads(encode(value))


# demo and run.


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
        _print_json(
            {"scenarios": told, "verify": _plain(verdicts[0]), "audit": _plain(verdicts[1])}
        )
    else:
        for result in results:
            print("\n".join(story(result)), end="\n\n")
        print("\n".join(closing(ledger)))
    well = [result.ok for result in results] + [one.ok for one in verdicts]
    return _code(ok=all(well))


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
        raise _Usage(asked.parser, "--journal takes one scenario: each has a journal of its own")
    scenarios = [(file, _scenario(file)) for file in asked.files]
    if asked.store is not None and len(scenarios) > 1:
        raise _Usage(asked.parser, "--store takes one scenario: it is left there as it ends")
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
        _print_json([{"file": file, **_counted(result)} for file, result in results])
    else:
        print("\n".join(line for file, result in results for line in _report(file, result)))
    return _code(ok=all(result.ok for _, result in results))


def _scenario(file: str) -> Scenario:
    """The scenario of a file, or of that name in the package."""
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


def _code(*, ok: bool) -> int:
    return _OK if ok else _FAILED


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
        "failures": [_plain(failure) for failure in result.failures],
    }


def _told(result: ScenarioResult) -> dict[str, Any]:
    steps = [
        {
            "say": step.step.say,
            "at": instant_text(step.step.at),
            "command": step.step.word,
            "slices": parts_text(step.slices) if step.slices else None,
            "outcome": None if step.receipt is None else _plain(step.receipt.outcome),
            "entry": None if step.receipt is None else step.receipt.entry,
            "same_as": None if step.receipt is None else step.receipt.same_as,
            "replayed": step.replayed,
            "answer": None if step.answer is None else _plain(step.answer),
            "refused": None if step.error is None else _refused(step.error),
        }
        for step in result.steps
    ]
    return {**_counted(result), "steps": steps}


def _refused(error: UnitLedgerError) -> dict[str, str]:
    return {"code": error.code, "message": str(error)}


# quote and explain.


def _quote(asked: argparse.Namespace) -> int:
    rate = None if asked.rate is None else Rate.of(asked.rate)
    made = Item.in_units if rate is None else Item.in_money
    items = [made(f"item {n}", price, asked.times) for n, price in enumerate(asked.prices, 1)]
    quoted = quote(items, Policy(unit_value=rate))
    if asked.json:
        _print_json(_plain(quoted) | {"total": quoted.total.text})
    else:
        print("\n".join(quote_lines(items, quoted)))
    return _OK


def _explain(asked: argparse.Namespace) -> int:
    if (asked.file is None) == (not asked.lots) or (asked.file is None) != (asked.wallet is None):
        raise _Usage(asked.parser, 'give lots like "A 5 2026-01-30", or --file with --wallet')
    order = None if asked.order is None else BurnOrder.parse(asked.order)
    use = Use(asked.course, asked.item, frozenset(asked.group))
    at = _bound(asked.at, "at", asked.zone, _beginning_of_day)
    plan = (_of_lots if asked.file is None else _of_file)(asked, use, order, at)
    if asked.json:
        _print_json(_explained(plan))
    else:
        print(plan.table().text)
    return _code(ok=plan.met)


def _of_file(
    asked: argparse.Namespace, use: Use, order: BurnOrder | None, at: datetime | None
) -> Plan:
    """The plan of a wallet as a scenario leaves it."""
    ledger = _scenario(asked.file).run().ledger
    amount = wallet_unit(check_wallet(asked.wallet)).of(asked.amount)
    return ledger.explain(asked.wallet, amount, use=use, order=order, at=at)


def _of_lots(
    asked: argparse.Namespace, use: Use, order: BurnOrder | None, at: datetime | None
) -> Plan:
    """The plan of lots that were written on the command line."""
    unit = UNIT_NAMES[asked.unit]
    held = [_lot(text, unit, asked.zone) for text in asked.lots]
    names = [lot.id for lot, _ in held]
    for twice in (name for place, name in enumerate(names) if name in names[:place]):
        raise InvalidValue("lots", f"{shown(twice)} twice", "each lot once")
    now = SystemClock().now() if at is None else at
    bucket = Bucket.of(held, unit=unit, order=order or FEFO_LARGEST)
    return bucket.burn(unit.of(asked.amount), at=now, use=use)


def _lot(text: str, unit: Any, zone: str) -> tuple[Lot, Amount]:
    words = text.split()
    if len(words) not in (2, 3):
        raise InvalidValue("lot", shown(text), 'an id, an amount and an expiry: "A 5 2026-01-30"')
    ends = _instant_or_day(words[2], "expires", zone, end_of_day) if len(words) == 3 else None
    return Lot.plain(words[0], unit, expires=ends), unit.of(words[1])


def _explained(plan: Plan) -> dict[str, Any]:
    unit = plan.bucket.unit
    why = [
        {
            "lot": reason.lot.id,
            "available": unit(parts=reason.available).text,
            "taken": unit(parts=reason.taken).text,
            "verdict": reason.verdict.value,
            "because": reason.because,
        }
        for reason in plan.explanation
    ]
    return {
        "asked": str(plan.asked),
        "at": instant_text(plan.at),
        "order": str(plan.bucket.order),
        "slices": [{"lot": part.lot.id, "amount": part.amount.text} for part in plan.slices],
        "unmet": str(plan.unmet),
        "why": why,
    }


# verify and schedule.


def _verify(asked: argparse.Namespace) -> int:
    if is_url(asked.file):
        with stored(asked.file) as store:
            return _found(asked, verify_all(store, asked.portal), "every hash, chain and sum holds")
    if asked.portal is not None:
        raise _Usage(asked.parser, "--portal is for a store; a file has one journal")
    kept, seal = imported(_lines(asked.file))
    verdict = verify(kept, seal)
    if asked.json:
        _print_json({"file": asked.file, "ok": verdict.ok, **_plain(verdict)})
    elif verdict.ok:
        size = f"{several(verdict.entries, 'entry')}, {several(verdict.lots, 'lot')}"
        print(f"{asked.file}: {size}; every hash, chain and sum holds")
    else:
        print("\n".join(f"{asked.file}: {fault}" for fault in verdict.faults))
    return _code(ok=verdict.ok)


def _found(asked: argparse.Namespace, verdicts: Mapping[str, Findings], well: str) -> int:
    """A line per portal, or per fault of one."""
    if asked.json:
        _print_json({name: {"ok": one.ok, **_plain(one)} for name, one in verdicts.items()})
        return _code(ok=all(one.ok for one in verdicts.values()))
    for name, one in verdicts.items():
        size = f"{several(one.entries, 'entry')}, {several(one.lots, 'lot')}"
        lines = [f"{name}: {fault}" for fault in one.faults] or [f"{name}: {size}; {well}"]
        print("\n".join(lines))
    return _code(ok=all(one.ok for one in verdicts.values()))


def _audit(asked: argparse.Namespace) -> int:
    with stored(asked.store) as store:
        verdicts = audit_all(store, asked.portal)
    return _found(asked, verdicts, "what is stored is what the journal folds to")


def _sweep(asked: argparse.Namespace) -> int:
    with stored(asked.store) as store:
        swept = sweep_all(store, asked.portal)
    if asked.json:
        _print_json({name: _plain(one) for name, one in swept.items()})
    for name, one in swept.items() if not asked.json else ():
        print(f"{name}: {several(one.wallets, 'wallet')}, {one.written} with something to write")
    return _OK


def _export(asked: argparse.Namespace) -> int:
    with stored(asked.store) as store:
        portal, entries = export_to(store, asked.portal, Path(asked.file))
    if asked.json:
        _print_json({"portal": portal, "entries": entries, "file": asked.file})
    else:
        print(f"{portal}: {several(entries, 'entry')} written to {asked.file}")
    return _OK


def _import(asked: argparse.Namespace) -> int:
    with stored(asked.store, make=True) as store:
        verdict = import_from(store, _lines(asked.file))
    return _found(asked, {asked.file: verdict}, "all of it is in the store")


def _lines(file: str) -> Iterator[str]:
    """The lines of a journal, none of them longer than an entry can be."""
    with Path(file).open(encoding="utf-8", errors="replace", newline="\n") as journal:
        while line := journal.readline(_MAX_LINE):
            yield line


def _schedule(asked: argparse.Namespace) -> int:
    anchor = _instant_or_day(asked.anchor, "anchor", asked.zone, _beginning_of_day)
    schedule = Recurrence(
        anchor,
        Period(asked.period),
        every=asked.every,
        zone=asked.zone,
        until=_bound(asked.until, "until", asked.zone, end_of_day),
    )
    after = _bound(asked.after, "after", asked.zone, _beginning_of_day)
    found = schedule.after(anchor - _BEFORE if after is None else after, count=asked.count)
    zone = check_zone(asked.zone)
    local = [due.astimezone(zone).isoformat(" ", "seconds") for _, due in found]
    if asked.json:
        rows = zip(found, local, strict=True)
        _print_json([{"k": k, "at": instant_text(at), "local": text} for (k, at), text in rows])
    else:
        for (k, at), text in zip(found, local, strict=True):
            print(f"{k:>4}  {text}  {instant_text(at)}")
    return _OK


def _instant_or_day(
    text: str, field: str, zone: str, of_day: Callable[[date, str], datetime]
) -> datetime:
    """An instant as written, or what a date means there."""
    if len(text) != 10:
        return parse_instant(text, field)
    try:
        return of_day(date.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        raise InvalidValue(field, shown(text), "a date like 2026-01-31 or an instant") from None


def _bound(
    text: str | None, field: str, zone: str, of_day: Callable[[date, str], datetime]
) -> datetime | None:
    """The instant of an option that may be left out."""
    return None if text is None else _instant_or_day(text, field, zone, of_day)


def _beginning_of_day(day: date, zone: str) -> datetime:
    return end_of_day(day - timedelta(days=1), zone)


# The words and what may follow them.


class _Usage(Exception):
    """A call that makes no sense, and how to call instead."""

    def __init__(self, parser: argparse.ArgumentParser, problem: str) -> None:
        super().__init__(f"{parser.prog}: {problem}")
        self.usage = parser.format_usage()


@final
class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are told with all others."""

    def error(self, message: str) -> NoReturn:
        raise _Usage(self, message)


def _parser() -> _Parser:
    parser = _Parser(prog="unitledger", description="Credits and training units, lot by lot.")
    parser.add_argument("--version", action="version", version=f"unitledger {__version__}")
    words = parser.add_subparsers(metavar="WORD", required=True)
    for name, answer, text, arguments in _WORDS:
        word = words.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        word.set_defaults(answer=answer, parser=word)
        word.add_argument("--json", action="store_true", help="answer in JSON")
        for flags, options in arguments:
            word.add_argument(*flags.split(), **options)
    return parser


_NAMED_STORE = ("--store", {"metavar": "URL", "help": "keep it there: sqlite:///demo.db, ..."})
_URL = ("store", {"metavar": "URL", "help": "a store: sqlite:///portal.db, postgresql://..."})
_PORTAL = ("--portal", {"help": "one portal of a store; else all of them"})
_ZONE = ("--zone", {"default": "UTC", "help": "the zone in which dates are meant"})
_WORDS: tuple[
    tuple[str, Callable[[argparse.Namespace], int], str, tuple[tuple[str, dict[str, Any]], ...]],
    ...,
] = (
    ("demo", _demo, "tell both seed stories, in one portal and one journal", (_NAMED_STORE,)),
    (
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
            _NAMED_STORE,
        ),
    ),
    (
        "quote",
        _quote,
        "say what prices come to in training units, each rounded up on its own",
        (
            ("prices", {"nargs": "+", "metavar": "PRICE"}),
            ("--rate", {"help": "money per unit; without it, prices are in units"}),
            ("--times", {"type": int, "default": 1, "help": "how often each is bought"}),
        ),
    ),
    (
        "explain",
        _explain,
        "say which lots pay an amount, and why",
        (
            ("amount", {"metavar": "AMOUNT"}),
            ("lots", {"nargs": "*", "metavar": "LOT", "help": 'like "A 5 2026-01-30" or "D 50"'}),
            ("--file", {"help": "take the lots of a wallet after this scenario"}),
            ("--wallet", {"help": "which wallet"}),
            ("--order", {"help": 'a burn order: "expires, -available", FIFO, ...'}),
            (
                "--at",
                {"help": "an instant, or a date's beginning; else now, or the scenario's last"},
            ),
            ("--unit", {"choices": sorted(UNIT_NAMES), "default": "units"}),
            ("--course", {"help": "what the units are for"}),
            ("--item", {"help": "what the units are for"}),
            ("--group", {"action": "append", "default": [], "help": "who they are for"}),
            _ZONE,
        ),
    ),
    (
        "verify",
        _verify,
        "say whether an exported journal is the one that was written, and adds up",
        (
            (
                "file",
                {"metavar": "FILE", "help": "as run --journal or export writes it; or a store"},
            ),
            _PORTAL,
        ),
    ),
    ("audit", _audit, "say whether a store has what its journals fold to", (_URL, _PORTAL)),
    ("sweep", _sweep, "write down in a store what has expired by now", (_URL, _PORTAL)),
    (
        "export",
        _export,
        "write the journal of a portal as lines of JSON, with a seal behind them",
        (_URL, ("file", {"metavar": "OUT", "help": "the file to write"}), _PORTAL),
    ),
    (
        "import",
        _import,
        "put an exported journal into a store whose portal of that name is empty",
        (("file", {"metavar": "FILE", "help": "as export writes it"}), _URL),
    ),
    (
        "schedule",
        _schedule,
        "list the next occurrences of a schedule, each counted from its anchor",
        (
            ("anchor", {"metavar": "ANCHOR", "help": "an instant, or a date for its first minute"}),
            ("period", {"choices": [period.value for period in Period]}),
            ("--every", {"type": int, "default": 1, "help": "how many periods lie between two"}),
            ("--count", {"type": int, "default": 5, "help": "how many to list"}),
            ("--after", {"help": "only those after this instant or the beginning of this date"}),
            ("--until", {"help": "only those before this instant or the end of this date"}),
            _ZONE,
        ),
    ),
)
