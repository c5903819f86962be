"""W2: redeeming on a database, beside what a raw driver does there.

The raw baselines keep a balance and a log and promise nothing else: no lots, requests or hashes.
Everything is wall-clock time of one run, taken in turns on the same disk and server; only ratios
mean something. ``python -m benchmarks.w2 --quick`` is a glance. PostgreSQL comes from pip, or from
the server that ``UNITLEDGER_TEST_POSTGRES`` names.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TypeAlias

import attrs
import psycopg
from sqlalchemy import make_url

from benchmarks.report import Figure, figures_table, machine, verdicts
from tests.stores.servers import database
from unitledger import Actor, Call, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.ids import LotId, WalletId
from unitledger.operations import Issue, Spend
from unitledger.stores.sql import SqlStore

_ADMIN = Actor.acting("admin", Role.ADMIN)
_ONE = Units.of(1)
_LARGE = Units.of(1_000_000)
_NUMBERS = count()

_Redeem: TypeAlias = Callable[[int], object]
"""One redemption, or one batch, of the so-manieth client."""


@attrs.frozen
class Size:
    """How much is measured: redemptions a round, batches a round, rounds, and spread wallets."""

    redemptions: int
    batches: int
    rounds: int
    wallets: int


_FULL, _QUICK = Size(1000, 20, 5, 1000), Size(150, 4, 3, 100)


# Ours.


def _wallets(many: int) -> list[WalletId]:
    return [member(f"m{number}") for number in range(many)]


def _filled(store: SqlStore, wallets: Sequence[WalletId], lots: int) -> Ledger:
    ledger = Ledger(store)
    calls = [
        Call(Issue(LotId(f"{w}-{n}"), wallet, _LARGE), _ADMIN, f"issue {w} {n}")
        for w, wallet in enumerate(wallets)
        for n in range(lots)
    ]
    for begin in range(0, len(calls), 5000):
        ledger.execute_many(calls[begin : begin + 5000])
    return ledger


def _one_by_one(ledger: Ledger, wallets: Sequence[WalletId]) -> _Redeem:
    def redeem(client: int) -> object:
        number = next(_NUMBERS)
        wallet = wallets[(number * 7 + client) % len(wallets)]
        return ledger.execute(Spend(wallet, _ONE), by=_ADMIN, request=f"r{number}")

    return redeem


def _hundred(ledger: Ledger, wallets: Sequence[WalletId]) -> _Redeem:
    def redeem(_: int) -> object:
        numbers = [next(_NUMBERS) for _ in range(100)]
        commands = [Spend(wallets[n % len(wallets)], _ONE) for n in numbers]
        return ledger.execute_many(
            Call(command, _ADMIN, f"r{n}") for command, n in zip(commands, numbers, strict=True)
        )

    return redeem


# A raw driver: one row with a balance, one row of a log.

_LOWER = "UPDATE raw SET held = held - 1 WHERE wallet = {0} AND held >= 1"
_LOG = "INSERT INTO log VALUES ({0}, {0}, 1)"


def _raw_sqlite(path: Path) -> tuple[_Redeem, _Redeem]:
    base = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=WAL", "synchronous=FULL"):
        base.execute(f"PRAGMA {setting}")
    base.execute("CREATE TABLE raw (wallet TEXT PRIMARY KEY, held BIGINT)")
    base.execute("CREATE TABLE log (request TEXT PRIMARY KEY, wallet TEXT, parts BIGINT)")
    base.execute("INSERT INTO raw VALUES ('a', 1000000000)")
    lower, log = _LOWER.format("?"), _LOG.format("?")

    def one() -> None:
        base.execute(lower, ("a",))
        base.execute(log, (f"r{next(_NUMBERS)}", "a"))

    def several(times: int) -> _Redeem:
        def redeem(_: int) -> None:
            base.execute("BEGIN IMMEDIATE")
            for _ in range(times):
                one()
            base.execute("COMMIT")

        return redeem

    return several(1), several(100)


def _raw_postgresql(url: str, wallets: Sequence[str], clients: int) -> tuple[_Redeem, _Redeem]:
    place = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    bases = [psycopg.connect(place) for _ in range(clients)]
    with bases[0] as base:
        base.execute("CREATE TABLE raw (wallet TEXT PRIMARY KEY, held BIGINT)")
        base.execute("CREATE TABLE log (request TEXT PRIMARY KEY, wallet TEXT, parts BIGINT)")
        base.cursor().executemany(
            "INSERT INTO raw VALUES (%s, 1000000000)", [(name,) for name in wallets]
        )
    bases[0] = psycopg.connect(place)
    lower, log = _LOWER.format("%s"), _LOG.format("%s")

    def locked(client: int) -> None:
        number, base = next(_NUMBERS), bases[client]
        wallet = wallets[(number * 7 + client) % len(wallets)]
        base.execute("SELECT held FROM raw WHERE wallet = %s FOR UPDATE", (wallet,)).fetchone()
        base.execute(lower, (wallet,))
        base.execute(log, (f"r{number}", wallet))
        base.commit()

    def hundred(client: int) -> None:
        base = bases[client]
        with base.pipeline():
            for _ in range(100):
                number = next(_NUMBERS)
                wallet = wallets[number % len(wallets)]
                base.execute(lower, (wallet,))
                base.execute(log, (f"r{number}", wallet))
        base.commit()

    return locked, hundred


# Rates.


def _rate(redeem: _Redeem, clients: int, times: int, each: int) -> float:
    """Redemptions a second, of so many clients at once."""

    def client(number: int) -> None:
        for _ in range(times // clients):
            redeem(number)

    begin = perf_counter()
    if clients == 1:
        client(0)
    else:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(client, range(clients)))
    return times // clients * clients * each / (perf_counter() - begin)


@attrs.frozen
class Row:
    """Something measured: how, by how many at once, how often a round, and how many redemptions."""

    name: str
    redeem: _Redeem
    clients: int
    times: int
    each: int = 1


def _rates(rows: Sequence[Row], rounds: int) -> dict[str, float]:
    found: dict[str, list[float]] = {row.name: [] for row in rows}
    for row in rows:
        _rate(row.redeem, row.clients, max(row.clients, row.times // 20), row.each)
    for _ in range(rounds):
        for row in rows:
            found[row.name].append(_rate(row.redeem, row.clients, row.times, row.each))
    return {name: median(rates) for name, rates in found.items()}


@contextmanager
def _store(url: str) -> Iterator[SqlStore]:
    store = SqlStore.open(url)
    yield store
    store.close()


def _sqlite(size: Size, folder: Path) -> list[Figure]:
    one, hundred = _raw_sqlite(folder / "raw.db")
    hot = _wallets(1)
    with (
        _store(f"sqlite:///{folder}/ten.db") as ten,
        _store(f"sqlite:///{folder}/thousand.db") as thousand,
    ):
        few, many = _filled(ten, hot, 10), _filled(thousand, hot, 1000)
        rates = _rates(
            [
                Row("raw", one, 1, size.redemptions),
                Row("K=10", _one_by_one(few, hot), 1, size.redemptions),
                Row("K=1000", _one_by_one(many, hot), 1, size.redemptions),
                Row("raw batch", hundred, 1, size.batches, 100),
                Row("batch", _hundred(few, hot), 1, size.batches, 100),
            ],
            size.rounds,
        )
    return [
        _against("SQLite, one redemption", rates, "K=10", "raw", 0.4),
        _against("SQLite, of 1,000 lots", rates, "K=1000", "K=10", 0.8),
        _against("SQLite, 100 at once", rates, "batch", "raw batch", 0.2),
        _against("SQLite, 100 at once", rates, "batch", "K=10", 15),
    ]


def _postgresql(size: Size) -> list[Figure]:
    spread, hot = _wallets(size.wallets), _wallets(1)
    one_raw, hundred = _raw_postgresql(database("w2hot"), hot, 8)
    spread_raw, _ = _raw_postgresql(database("w2spread"), spread, 8)
    with _store(database("w2ours")) as store:
        ledger = _filled(store, spread, 10)
        rates = _rates(
            [
                Row("raw 1", one_raw, 1, size.redemptions),
                Row("1", _one_by_one(ledger, hot), 1, size.redemptions),
                Row("raw 8", one_raw, 8, size.redemptions),
                Row("8", _one_by_one(ledger, hot), 8, size.redemptions),
                Row("raw 8 spread", spread_raw, 8, size.redemptions),
                Row("8 spread", _one_by_one(ledger, spread), 8, size.redemptions),
                Row("raw batch", hundred, 1, size.batches, 100),
                Row("batch", _hundred(ledger, hot), 1, size.batches, 100),
            ],
            size.rounds,
        )
    return [
        _against("PostgreSQL, 1 client", rates, "1", "raw 1", 0.5),
        _against("PostgreSQL, 8 clients, one wallet", rates, "8", "raw 8", 0.5),
        _against("PostgreSQL, 8 clients, spread", rates, "8 spread", "raw 8 spread", 0.5),
        _against("PostgreSQL, 100 at once", rates, "batch", "raw batch", 0.2),
        _against("PostgreSQL, 100 at once", rates, "batch", "1", 15),
    ]


def _against(what: str, rates: dict[str, float], mine: str, theirs: str, target: float) -> Figure:
    """A rate as a part of another of the same rounds; the target is the least it should be."""
    words = f"{theirs} at {rates[theirs]:,.0f}/s"
    return Figure(
        what, f"{rates[mine]:,.0f}/s", words, rates[mine] / rates[theirs], target, least=True
    )


def main() -> int:
    """Print the page, and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a glance")
    parser.add_argument("--write", type=Path, help="where the page goes")
    chosen = parser.parse_args()
    size = _QUICK if chosen.quick else _FULL
    with TemporaryDirectory() as folder:
        figures = [*_sqlite(size, Path(folder)), *_postgresql(size)]
    page = _page(size, figures)
    print(page)
    if chosen.write is not None:
        chosen.write.write_text(page, encoding="utf-8")
    return 0


def _page(size: Size, figures: Sequence[Figure]) -> str:
    how = (
        f"{machine()}; medians of {size.rounds} rounds taken in turns, {size.redemptions} "
        f"redemptions or {size.batches} batches a round, wall-clock time; ten lots in a wallet, "
        f"spread over {size.wallets} wallets. Written by `python -m benchmarks.w2`."
    )
    raw = (
        "The raw baselines keep a balance and a log of requests, in one transaction, on the same "
        "disk and server, and promise nothing else: a conditional `UPDATE` and an `INSERT` on "
        "SQLite, a `SELECT … FOR UPDATE` before them on PostgreSQL, and a hundred of them in one "
        "pipeline as a batch."
    )
    parts = ("# Redeeming on a database", how, raw, figures_table(figures), verdicts(figures))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
