"""Portals in a database, as the command line asks about them.

SQLAlchemy is an extra: it is loaded when a store is named, and its absence is said in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, final

import attrs

from unitledger.commands import Actor, Role
from unitledger.errors import AlreadyExists, StoreUnavailable, UnknownObject
from unitledger.ids import PortalId, RequestId, WalletId, check_id
from unitledger.journal import Findings, exported, imported, verify
from unitledger.ledger import Ledger
from unitledger.operations import Sweep
from unitledger.ports import Store
from unitledger.restore import restore
from unitledger.time import Clock, SystemClock, microseconds
from unitledger.values import Value

__all__ = [
    "Swept",
    "audit_all",
    "check_new",
    "export_to",
    "import_from",
    "is_url",
    "portal_of",
    "portals_of",
    "stored",
    "sweep_all",
    "verify_all",
]

_SWEEPER = Actor.acting("sweeper", Role.SYSTEM)
_DIGITS = 32


def is_url(text: str) -> bool:
    """Whether a text names a store rather than a file."""
    return "://" in text


@contextmanager
def stored(url: str, *, make: bool = False) -> Iterator[Any]:
    """The store at a URL, closed afterwards.

    Args:
        url: The URL.
        make: Make the tables where there are none; without it they have to be there.

    Raises:
        StoreUnavailable: SQLAlchemy is not installed, or the database cannot be reached.
        InvalidValue: Not a URL of a database.
    """
    try:
        sql: Any = import_module("unitledger.stores.sql")
    except ModuleNotFoundError as error:
        way = 'SQLAlchemy is missing: install "unitledger[sql]"'
        raise StoreUnavailable("opening", way) from error
    opened: Callable[[str], Any] = sql.SqlStore.open if make else sql.SqlStore.existing
    store = opened(url)
    try:
        yield store
    finally:
        store.close()


def portals_of(store: Any, portal: str | None) -> Sequence[PortalId]:
    """The one portal that was asked for, or every portal of a store.

    Raises:
        UnknownObject: There is none of that name.
    """
    every: Sequence[PortalId] = store.portals()
    if portal is None:
        return every
    if check_id(portal, "portal") not in every:
        raise UnknownObject("portal", portal)
    return (PortalId(portal),)


def portal_of(store: Any, portal: str | None) -> PortalId:
    """The one portal that was asked for, or the only one of a store.

    Raises:
        UnknownObject: There is no such portal, or more than one and none was asked for.
    """
    every = portals_of(store, portal)
    if len(every) != 1:
        raise UnknownObject("portal", f"one of {len(every)}: name one with --portal")
    return every[0]


def check_new(store: Any, portals: Iterable[str]) -> None:
    """Refuse a portal that has something already, before a story is told in it.

    Raises:
        AlreadyExists: It has.
    """
    there = set(store.portals())
    for portal in portals:
        if portal in there:
            raise AlreadyExists("portal", portal)


def audit_all(store: Any, portal: str | None) -> dict[str, Findings]:
    """By portal, whether what is stored is what the journal folds to."""
    return {name: Ledger(store, portal=name).audit() for name in portals_of(store, portal)}


def verify_all(store: Any, portal: str | None) -> dict[str, Findings]:
    """By portal, whether every hash, chain and sum of the journal holds."""
    return {name: Ledger(store, portal=name).verify() for name in portals_of(store, portal)}


def export_to(store: Any, portal: str | None, path: Path) -> tuple[PortalId, int]:
    """The portal whose journal was written to a file, and how many entries it has.

    Raises:
        UnknownObject: There is no such portal, or more than one and none was asked for.
    """
    name = portal_of(store, portal)
    journal = Ledger(store, portal=name).journal()
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(f"{line}\n" for line in exported(journal))
    return name, len(journal)


def import_from(store: Store, lines: Iterable[str]) -> Findings:
    """What was found on an exported journal that now is its portal's.

    Raises:
        JournalBroken: It is not the one that was written.
        AlreadyExists: The portal has entries.
    """
    kept, seal = imported(lines)
    verdict = verify(kept, seal)
    return restore(store, kept, seal) if verdict.ok else verdict


@final
@attrs.frozen
class Swept(Value):
    """What became of the wallets of a portal.

    Attributes:
        wallets: How many it has.
        written: For how many there was something to write down.
    """

    wallets: int
    written: int


def sweep_all(store: Any, portal: str | None, *, clock: Clock | None = None) -> dict[str, Swept]:
    """By portal, how many wallets had expiry to be written down; it is written down now."""
    clock = SystemClock() if clock is None else clock
    swept: dict[str, Swept] = {}
    for name in portals_of(store, portal):
        ledger = Ledger(store, portal=name, clock=clock)
        with store.read(name) as reading:
            wallets = list(reading.wallets())
        swept[name] = Swept(len(wallets), sum(_sweep(ledger, wallet) for wallet in wallets))
    return swept


def _sweep(ledger: Ledger, wallet: WalletId) -> bool:
    """Whether there was something to write down in a wallet."""
    command = Sweep(wallet)
    if not ledger.preview(command, by=_SWEEPER).moves:
        return False
    told = sha256(wallet.encode("ascii")).hexdigest()[:_DIGITS]
    request = RequestId(f"sweep {told} {microseconds(ledger.clock.now())}")
    return bool(ledger.execute(command, by=_SWEEPER, request=request).moves)
