"""Many clients at once on one portal, and what a witness says of it.

``python -m tests.stores.workload URL --clients 16 --operations 100000`` runs the large one; every
client is a process of its own, and its answers go to a file. ``--kill 200`` kills clients under
load and starts them again: each goes on with the request it had no answer to. With ``--new-ids`` it
gives that request another id, as a host without request ids would.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from tests.stores.witness import Told, Witness
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.errors import (
    Contention,
    InvalidInput,
    Refused,
    RequestConflict,
    StoreUnavailable,
)
from unitledger.ids import ClaimId, LotId
from unitledger.operations import EditExpiry, Issue, Reverse, Spend, Sweep, Transfer
from unitledger.ports import Store
from unitledger.stores.sql import SqlStore

ADMIN = Actor.acting("admin", Role.ADMIN)
WALLETS = tuple(member(name) for name in ("ann", "ben", "cal", "dee"))
MOST = 10_000


class Client:
    """One client's commands, the same for the same number, whenever it is started again."""

    def __init__(self, number: int) -> None:
        self.number = number

    def command(self, turn: int) -> Any:
        """The so-manieth thing it wants: grant, redeem, refund, expire, redistribute."""
        chance = Random(f"{self.number} {turn}")
        wallet, other = chance.sample(WALLETS, 2)
        amount = Units(parts=chance.randint(1, 300))
        earlier = self.request(chance.randint(max(0, turn - 12), turn))
        soon = timedelta(milliseconds=chance.randint(50, 4000))
        ends = chance.choice([None, datetime.now(UTC) + soon])
        lot = LotId(self.request(chance.randint(max(0, turn - 40), turn)))
        draw = chance.random()
        if turn == 0 or draw < 0.2:
            grant = Units(parts=chance.randint(100, 3000))
            return Issue(LotId(self.request(turn)), wallet, grant, expires=ends)
        if draw < 0.65:
            return Spend(wallet, amount)
        if draw < 0.75:
            return Reverse(ClaimId(f"{earlier}.1"), wallet)
        if draw < 0.9:
            return Transfer(wallet, other, amount)
        return EditExpiry(lot, wallet, ends) if draw < 0.97 else Sweep(wallet)

    def request(self, turn: int) -> str:
        """The id of a request, the same whenever it is sent."""
        return f"c{self.number}-{turn}"


def serve(
    store: Store,
    number: int,
    turns: range,
    tell: Callable[[Told], None],
    name: Callable[[str], str] = str,
) -> None:
    """Send a client's requests, some of them twice, and tell what came of each."""
    ledger, client = Ledger(store), Client(number)
    for turn in turns:
        command, request = client.command(turn), client.request(turn)
        sent = name(request)
        for _ in range(2 if turn % 13 == 0 else 1):
            tell(answer(ledger, command, sent, request))
        sent = request


def answer(ledger: Ledger, command: Any, request: str, reason: str) -> Told:
    """What came of a request; sent again until there is an answer."""
    began = monotonic()
    for tried in range(MOST):
        try:
            entry = ledger.execute(command, by=ADMIN, request=request, reason=reason).entry
        except (Contention, StoreUnavailable):
            sleep(min(0.2, 0.002 * tried))
        except (Refused, InvalidInput):
            return Told(request, began, monotonic(), "")
        except RequestConflict:  # killed and begun anew, it asks for another expiry than before
            return Told(request, began, monotonic(), _first(ledger, request))
        else:
            return Told(request, began, monotonic(), entry)
    raise TimeoutError(request)


def _first(ledger: Ledger, request: str) -> str:
    """The entry that a request led to when it was sent first."""
    receipt = ledger.receipt(request)
    return "" if receipt is None else receipt.entry


def judged(store: Any, told: list[Told]) -> Witness:
    """What the witness says of a store and of what its clients were told."""
    witness, ledger = Witness(), Ledger(store)
    witness.replay((kept.text, kept.hash) for kept in ledger.journal())
    witness.hear(told)
    with store.read(ledger.portal) as reading:
        rows = [
            (wallet, lot.id, cells)
            for wallet in reading.wallets()
            for lot, cells in reading.holdings(wallet)
        ]
    witness.compare(rows)
    witness.anomalies += [f"fold: {fault}" for fault in ledger.audit().faults]
    return witness


# Clients that are processes, and can be killed.


def _log(folder: Path, number: int) -> Path:
    return folder / f"{number}.log"


def _client(url: str, number: int, turns: int, folder: Path, new_ids: int) -> None:
    """One process: begin where the log ends, and write down every answer before going on."""
    store = SqlStore.existing(url)
    path = _log(folder, number)
    again = path.exists()
    done = path.read_text("utf-8").count("\n") if path.exists() else 0
    with path.open("a", encoding="utf-8", buffering=1) as log:

        def tell(one: Told) -> None:
            began = 0.0 if again and turn == done else one.began  # sent first before it was killed
            log.write(f"{one.request} {began} {one.ended} {one.entry or '-'}\n")

        ledger, client = Ledger(store), Client(number)
        turn = done
        for turn in range(done, turns):
            request = client.request(turn)
            sent = f"{request}-{new_ids}" if new_ids and turn == done else request
            tell(answer(ledger, client.command(turn), sent, request))
    store.close()


def _started(url: str, number: int, turns: int, folder: Path, new_ids: int) -> Any:
    words = [url, "--client", str(number), "--operations", str(turns), "--folder", str(folder)]
    if new_ids:
        words += ["--generation", str(new_ids)]
    return subprocess.Popen([sys.executable, "-m", "tests.stores.workload", *words])


def run_processes(
    url: str, clients: int, operations: int, kills: int = 0, *, new_ids: bool = False
) -> tuple[Witness, int]:
    """A workload of processes, so many of them killed under load; the witness, and how many were.

    Args:
        url: Where the store is.
        clients: How many processes there are at a time.
        operations: How many commands they give in all.
        kills: How many are killed and started again.
        new_ids: Give a request without an answer another id when it is sent again.
    """
    turns, chance = operations // clients, Random(7)
    with TemporaryDirectory() as name:
        folder, killed = Path(name), 0
        running = {n: _started(url, n, turns, folder, 0) for n in range(clients)}
        written = dict.fromkeys(running, 0)
        while running:
            sleep(chance.uniform(0.01, 0.1))
            for number, process in list(running.items()):
                if process.poll() is not None:
                    if process.returncode not in {0, -signal.SIGKILL}:
                        raise ChildProcessError(f"client {number}: {process.returncode}")
                    del running[number]
            begun = [n for n in running if _size(folder, n) > written[n]]
            if begun and killed < kills:
                number = chance.choice(begun)
                os.kill(running[number].pid, signal.SIGKILL)
                running[number].wait()
                killed += 1
                again = killed if new_ids else 0
                written[number] = _size(folder, number)
                running[number] = _started(url, number, turns, folder, again)
        store = SqlStore.existing(url)
        witness = judged(store, list(_logged(folder)))
        store.close()
        return witness, killed


def _size(folder: Path, number: int) -> int:
    """How much a client has written down; one that has written since it began is under load."""
    path = _log(folder, number)
    return path.stat().st_size if path.exists() else 0


def _logged(folder: Path) -> Iterator[Told]:
    for path in folder.glob("*.log"):
        for line in path.read_text("utf-8").splitlines():
            request, began, ended, entry = line.split(" ")
            yield Told(request, float(began), float(ended), "" if entry == "-" else entry)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--operations", type=int, default=1000)
    parser.add_argument("--kill", type=int, default=0)
    parser.add_argument("--new-ids", action="store_true")
    parser.add_argument("--client", type=int)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--generation", type=int, default=0)
    asked = parser.parse_args()
    if asked.client is not None:
        _client(asked.url, asked.client, asked.operations, asked.folder, asked.generation)
        return
    SqlStore.open(asked.url).close()
    began = monotonic()
    witness, killed = run_processes(
        asked.url, asked.clients, asked.operations, asked.kill, new_ids=asked.new_ids
    )
    doubled = sum(count > 1 for count in witness.reasons.values())
    print(
        f"{asked.operations} operations by {asked.clients} clients in {monotonic() - began:.0f} s"
    )
    print(f"{len(witness.entries)} entries, {killed} clients killed, {doubled} effects doubled")
    print(f"{len(witness.anomalies)} anomalies", *witness.anomalies[:20], sep="\n  ")


if __name__ == "__main__":
    main()
