"""W3: the past of a long journal, and how long it takes to look all of it through.

A balance or a statement of the past should cost what the wallet did lately, and not what the portal
ever wrote. A journal of every size is written into a SQLite file of its own, and asked.
``python -m benchmarks.past --sizes 10000 30000`` is a glance. Files that are there already
(``--folder``) are gone on with, so that an hour's journal is written once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import attrs

from benchmarks.report import machine, table
from unitledger import Actor, Call, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.ids import LotId, PortalId, WalletId
from unitledger.journal import Findings
from unitledger.operations import Issue, Spend
from unitledger.stores.sql import SqlStore
from unitledger.time import FixedClock

_MAIN: Final = PortalId("main")
_ADMIN: Final = Actor.acting("admin", Role.ADMIN)
_START: Final = datetime(2020, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(hours=6)
_BATCH: Final = 500
_MEMBERS: Final = 1000
_LOTS: Final = 5
_BUSY: Final = member("busy")
_ONE: Final = Units(parts=1)
_ASKED: Final = 40
_SLOWLY: Final = 4
_EVERY: Final = 32


@attrs.frozen
class Measured:
    """What was found at one size.

    Attributes:
        entries: How long the journal was.
        asked: By question, milliseconds.
        whole: By walk over all of it, seconds.
    """

    entries: int
    asked: dict[str, float]
    whole: dict[str, float]


# A long journal.


def _wallets() -> list[WalletId]:
    return [_BUSY, *(member(f"m{number}") for number in range(_MEMBERS))]


def _issues() -> list[Call]:
    calls = list[Call]()
    for wallet in _wallets():
        for number in range(_LOTS):
            issue = Issue(LotId(f"{wallet[7:]}-{number}"), wallet, Units.of(1_000_000))
            calls.append(Call(issue, _ADMIN, f"i {wallet} {number}"))
    return calls


def _spends(begin: int, many: int) -> list[Call]:
    """One in ten from the busy wallet, the others from one member after the other."""
    calls = list[Call]()
    for number in range(begin, begin + many):
        wallet = member(f"m{number * 7 % _MEMBERS}") if number % 10 else _BUSY
        calls.append(Call(Spend(wallet, _ONE), _ADMIN, f"r{number}"))
    return calls


def _written(store: SqlStore) -> int:
    tables = store.statements.tables
    with store.engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {tables.journal.name}")
        return int(found.scalar_one())


def grown(store: SqlStore, entries: int) -> float:
    """Seconds it took to write a journal on to so many entries."""
    began, there = process_time(), _written(store)
    clock = FixedClock(_START)
    ledger = Ledger(store, clock=clock)
    if not there:
        issues = _issues()
        ledger.execute_many(issues)
        there = len(issues)
    while there < entries:
        clock.at = _at(there)
        calls = _spends(there, min(_BATCH, entries - there))
        ledger.execute_many(calls)
        there += len(calls)
    return process_time() - began


def _at(entries: int) -> datetime:
    """When the batch behind so many entries is written."""
    return _START + entries // _BATCH * _STEP


# What is asked.


def _median_ms(ask: Callable[[int], object], times: int) -> float:
    taken = list[float]()
    for number in range(times):
        began = process_time()
        ask(number)
        taken.append(1000 * (process_time() - began))
    return median(taken)


def _asked(ledger: Ledger, entries: int, times: int) -> dict[str, float]:
    """Questions of quiet wallets and of the busy one, at instants all over the past."""

    def at(number: int) -> datetime:
        return _at(entries * (2 * number + 1) // (2 * times))

    def balance(wallet: Callable[[int], WalletId]) -> Callable[[int], object]:
        return lambda n: ledger.balance(wallet(n), at=at(n))

    def statement(wallet: Callable[[int], WalletId]) -> Callable[[int], object]:
        return lambda n: ledger.statement(wallet(n), since=at(n), until=at(n) + 4 * _STEP)

    def quiet(number: int) -> WalletId:
        return member(f"m{number * 11 % _MEMBERS + 1}")

    def busy(_: int) -> WalletId:
        return _BUSY

    return {
        "balance, a member": _median_ms(balance(quiet), times),
        "balance, the busy wallet": _median_ms(balance(busy), times),
        "statement of a day, a member": _median_ms(statement(quiet), times),
        "statement of a day, the busy wallet": _median_ms(statement(busy), times),
    }


def _timed(do: Callable[[], object]) -> float:
    began = process_time()
    do()
    return process_time() - began


def measured(store: SqlStore, entries: int) -> Measured:
    """What a journal of that length costs to ask, and to look through."""
    written = grown(store, entries)
    ledger = Ledger(store, clock=FixedClock(_at(entries) + _STEP))
    store.forget()
    without = _asked(ledger, entries, _SLOWLY)
    remembering = _timed(lambda: store.remember(_MAIN, every=_EVERY))
    asked = _asked(ledger, entries, _ASKED)
    asked |= {f"{name}, no checkpoint": ms for name, ms in without.items()}
    whole = {"checkpoints added": remembering}
    whole["verify"] = _timed(lambda: _sound(ledger.verify()))
    whole["audit"] = _timed(lambda: _sound(ledger.audit()))
    return Measured(entries, asked, ({"written": written} if written > 1 else {}) | whole)


def _sound(found: Findings) -> None:
    if not found.ok:
        raise SystemExit(f"the journal is not sound: {found.faults[0]}")


# The page.


def _rows(by_size: Sequence[dict[str, float]], form: str) -> Iterator[list[str]]:
    for what in by_size[0]:
        values = [found.get(what, 0) for found in by_size]
        ratio = f"{values[-1] / values[0]:.2f}" if values[0] else ""
        yield [what, *(format(value, form) for value in values), ratio]


def report(found: Sequence[Measured]) -> str:
    """The page: questions in milliseconds, walks in seconds, the last size beside the first."""
    sizes = [f"{one.entries:,} entries" for one in found]
    asked = list(_rows([one.asked for one in found], ",.2f"))
    whole = list(_rows([one.whole for one in found], ",.1f"))
    words = (
        f"{machine()}; one SQLite file for each size, {_MEMBERS:,} members and one wallet that"
        " every tenth entry spends from. Written by `python -m benchmarks.past`; medians of"
        f" {_ASKED} instants all over the past, {_SLOWLY} where there is no checkpoint; otherwise"
        f" there is one every {_EVERY} entries of a wallet. Processor time; what counts is the last"
        " column."
    )
    sections = (
        "# The past of a long journal",
        words,
        "## Questions, in milliseconds",
        table(("", *sizes, "last over first"), asked),
        "## All of it, in seconds",
        table(("", *sizes, "last over first"), whole),
    )
    return "\n\n".join(sections) + "\n"


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named is not None:
        yield named
        return
    with TemporaryDirectory() as made:
        yield Path(made)


def main() -> int:
    """Measure every size, print the page and write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.past", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the files are, and stay")
    parser.add_argument("--write", type=Path, help="where the page goes")
    chosen = parser.parse_args()
    found = list[Measured]()
    with _folder(chosen.folder) as folder:
        for size in chosen.sizes:
            store = SqlStore.open(f"sqlite:///{folder}/past-{size}.db")
            found.append(measured(store, size))
            store.close()
            print(found[-1], file=sys.stderr)
    page = report(found)
    if chosen.write is not None:
        chosen.write.write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
