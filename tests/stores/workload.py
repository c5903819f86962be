"""Many clients at once on one portal, killed under load, and what a witness says of it.

Every client is a process of its own, and its answers go to a file:

    python -m tests.stores.workload postgresql --clients 16 --operations 100000
    python -m tests.stores.workload sqlite:////tmp/load.db --clients 8 --operations 100000

``postgresql`` alone is a server made for it, which can be killed as well:

    python -m tests.stores.workload postgresql --operations 20000 --kills 200 --crashes 200
    python -m tests.stores.workload postgresql --operations 20000 --cuts 1000

A client that was killed begins again with the request that it had no answer to. With ``--new-ids``
a request that is sent again has another id, as with a host that knows no request ids.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any, NamedTuple
from uuid import uuid4

from tests.stores.proxies import Proxy, Scissors
from tests.stores.servers import Server
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


def answer(
    ledger: Ledger,
    command: Any,
    request: str,
    reason: str,
    again: Callable[[str], str] = str,
) -> Told:
    """What came of a request; sent again, under what `again` makes of it, until it is answered."""
    began = monotonic()
    for tried in range(MOST):
        try:
            entry = ledger.execute(command, by=ADMIN, request=request, reason=reason).entry
        except (Contention, StoreUnavailable):
            sleep(min(0.2, 0.002 * tried))
            request = again(request)
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


class Harm(NamedTuple):
    """What was done to a workload.

    Attributes:
        kills: How many clients were killed.
        crashes: How often the server was.
    """

    kills: int
    crashes: int


def run_client(url: str, number: int, turns: int, folder: Path, *, new_ids: bool) -> None:
    """One client: begin where its log ends, and write down every answer before going on."""
    store = SqlStore.existing(url)
    path = folder / f"{number}.log"
    again = path.exists()
    done = path.read_text("utf-8").count("\n") if again else 0
    ledger, client = Ledger(store), Client(number)
    with path.open("a", encoding="utf-8", buffering=1) as log:
        for turn in range(done, turns):
            request = client.request(turn)
            sent = _renamed(request) if new_ids and again and turn == done else request
            renamed = _renamed if new_ids else str
            one = answer(ledger, client.command(turn), sent, request, renamed)
            began = 0.0 if again and turn == done else one.began  # sent first before it was killed
            log.write(f"{one.request} {began} {one.ended} {one.entry or '-'}\n")
    store.close()


def _renamed(request: str) -> str:
    """Another id for the same intention."""
    return f"{request.split('~', maxsplit=1)[0]}~{uuid4()}"


class Clients:
    """The processes of a workload, and the logs that they write."""

    def __init__(self, url: str, count: int, turns: int, folder: Path, *, new_ids: bool) -> None:
        words = ["--operations", str(turns), "--folder", str(folder)]
        self.words = [sys.executable, "-m", "tests.stores.workload", url, *words]
        self.words += ["--new-ids"] if new_ids else []
        self.folder = folder
        self.running: dict[int, Any] = {}
        self.written = dict.fromkeys(range(count), 0)
        for number in range(count):
            self.start(number)

    def start(self, number: int) -> None:
        """Begin a client, or begin it again."""
        self.written[number] = self.size(number)
        self.running[number] = subprocess.Popen([*self.words, "--client", str(number)])

    def size(self, number: int) -> int:
        """How much a client has written down."""
        path = self.folder / f"{number}.log"
        return path.stat().st_size if path.exists() else 0

    def busy(self) -> list[int]:
        """Who has written something down since it began: it is under load."""
        for number, process in list(self.running.items()):
            if process.poll() is not None:
                if process.returncode:
                    raise ChildProcessError(f"client {number}: {process.returncode}")
                del self.running[number]
        return [number for number in self.running if self.size(number) > self.written[number]]

    def kill(self, number: int) -> None:
        """End a client in the middle of what it does, and begin it again."""
        os.kill(self.running[number].pid, signal.SIGKILL)
        self.running[number].wait()
        self.start(number)

    def told(self) -> Iterator[Told]:
        """What all of them have written down."""
        for path in self.folder.glob("*.log"):
            for line in path.read_text("utf-8").splitlines():
                request, began, ended, entry = line.split(" ")
                yield Told(request, float(began), float(ended), "" if entry == "-" else entry)


def run_processes(
    url: str,
    clients: int,
    operations: int,
    *,
    kills: int = 0,
    crash: Callable[[], None] | None = None,
    crashes: int = 0,
    new_ids: bool = False,
) -> tuple[Witness, Harm]:
    """What a witness says of a workload of processes, and what was done to it meanwhile.

    Args:
        url: Where the store is.
        clients: How many processes there are at a time.
        operations: How many commands they give in all.
        kills: How many of them are killed and begun again.
        crash: What kills the server and starts it again.
        crashes: How often that is done.
        new_ids: Give a request another id when it is sent again.
    """
    chance, killed, crashed, seen = Random(7), 0, 0, 0
    with TemporaryDirectory() as name:
        load = Clients(url, clients, operations // clients, Path(name), new_ids=new_ids)
        while load.running:
            sleep(chance.uniform(0.01, 0.1))
            busy = load.busy()
            if busy and killed < kills:
                load.kill(chance.choice(busy))
                killed += 1
            written = sum(map(load.size, range(clients)))
            if crash is not None and crashed < crashes and written > seen:
                crash()
                crashed, seen = crashed + 1, sum(map(load.size, range(clients)))
        store = SqlStore.existing(url)
        witness = judged(store, list(load.told()))
        store.close()
        return witness, Harm(killed, crashed)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of a store with nothing in it, or postgresql")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--operations", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=0, help="of clients")
    parser.add_argument("--crashes", type=int, default=0, help="of the server made for it")
    parser.add_argument("--cuts", type=int, default=0, help="of connections, around a commit")
    parser.add_argument("--new-ids", action="store_true", help="when a request is sent again")
    parser.add_argument("--client", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.client is None:
        _report(asked)
    else:
        run_client(asked.url, asked.client, asked.operations, asked.folder, new_ids=asked.new_ids)


def _report(asked: argparse.Namespace) -> None:
    """Carry a workload out, and print what came of it."""
    with ExitStack() as servers:
        url, crash, scissors = asked.url, None, None
        if url == "postgresql":
            server = Server()
            url, crash = server.url, server.crash
        SqlStore.open(url).close()
        if asked.cuts:
            folder = Path(servers.enter_context(TemporaryDirectory(prefix="ul")))
            proxy = servers.enter_context(Proxy(url, folder))
            url, scissors = proxy.url, Scissors(proxy, 0.2, asked.cuts)
        began = monotonic()
        witness, harm = run_processes(
            url,
            asked.clients,
            asked.operations,
            kills=asked.kills,
            crash=crash,
            crashes=asked.crashes,
            new_ids=asked.new_ids,
        )
    doubled = sum(count > 1 for count in witness.reasons.values())
    spent = monotonic() - began
    print(f"{asked.operations} operations by {asked.clients} clients in {spent:.0f} s")
    print(f"{harm.kills} clients killed, {harm.crashes} crashes of the server")
    if scissors is not None:
        print(f"{scissors.before} commits cut off, {scissors.behind} answers to commits")
    print(f"{len(witness.entries)} entries, {doubled} effects doubled")
    print(f"{len(witness.anomalies)} anomalies", *witness.anomalies[:20], sep="\n  ")


if __name__ == "__main__":
    main()
