"""Portals in a database, as the command line asks about them.

SQLAlchemy is an extra: it is loaded when a store is named, and its absence is said in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias, final

import attrs

from unitledger.commands import Actor, Role
from unitledger.errors import AlreadyExists, JournalBroken, StoreUnavailable, UnknownObject
from unitledger.ids import PortalId, RequestId, WalletId, check_id
from unitledger.journal import Findings, Tick, exported, imported, ticked, verify
from unitledger.ledger import Ledger
from unitledger.operations import Sweep
from unitledger.ports import Store
from unitledger.restore import restore
from unitledger.time import Clock, SystemClock, microseconds
from unitledger.values import Value

__all__ = [
    "Bar",
    "Swept",
    "audit_all",
    "check_new",
    "export_to",
    "import_from",
    "is_url",
    "no_bar",
    "portal_of",
    "portals_of",
    "stored",
    "sweep_all",
    "verify_all",
]

Bar: TypeAlias = Callable[[str, int | None], AbstractContextManager[Tick | None]]
"""What shows how far something is: its name and how much there is give what to call for each."""

_SWEEPER = Actor.acting("sweeper", Role.SYSTEM)
_DIGITS = 32


def no_bar(what: str, many: int | None) -> AbstractContextManager[None]:  # noqa: ARG001
    """A bar that shows nothing."""
    return nullcontext()


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


def audit_all(store: Any, portal: str | None, *, bar: Bar = no_bar) -> dict[str, Findings]:
    """By portal, whether what is stored is what the journal folds to."""
    found: dict[str, Findings] = {}
    for name in portals_of(store, portal):
        with bar(f"audit {name}", store.size(name)) as tick:
            found[name] = Ledger(store, portal=name).audit(tick=tick)
    return found


def verify_all(store: Any, portal: str | None, *, bar: Bar = no_bar) -> dict[str, Findings]:
    """By portal, whether every hash, chain and sum of the journal holds."""
    found: dict[str, Findings] = {}
    for name in portals_of(store, portal):
        with bar(f"verify {name}", store.size(name)) as tick:
            found[name] = Ledger(store, portal=name).verify(tick=tick)
    return found


def export_to(
    store: Any, portal: str | None, path: Path, *, bar: Bar = no_bar
) -> tuple[PortalId, int]:
    """The portal whose journal was written to a file, and how many entries it has.

    Raises:
        UnknownObject: There is no such portal, or more than one and none was asked for.
    """
    name = portal_of(store, portal)
    lines, many = 0, store.size(name)
    with (
        bar(f"export {name}", many) as tick,
        store.read(name) as reading,
        path.open("w", encoding="ascii", newline="\n") as file,
    ):
        for line in exported(ticked(reading.entries(), tick)):
            file.write(f"{line}\n")
            lines += 1
    return name, lines - 1


def import_from(store: Store, lines: Iterable[str], *, bar: Bar = no_bar) -> Findings:
    """What was found on an exported journal; it is its portal's now, if nothing is wrong with it.

    Raises:
        AlreadyExists: The portal has entries.
    """
    kept, seal = imported(lines)
    with bar("import", 2 * len(kept)) as tick:
        try:
            return restore(store, kept, seal, tick=tick)
        except JournalBroken:
            return verify(kept, seal)


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


def sweep_all(
    store: Any, portal: str | None, *, clock: Clock | None = None, bar: Bar = no_bar
) -> dict[str, Swept]:
    """By portal, how many wallets had expiry to be written down; it is written down now."""
    clock = SystemClock() if clock is None else clock
    swept: dict[str, Swept] = {}
    for name in portals_of(store, portal):
        ledger = Ledger(store, portal=name, clock=clock)
        with store.read(name) as reading:
            wallets = list(reading.wallets())
        with bar(f"sweep {name}", len(wallets)) as tick:
            written = sum(_sweep(ledger, wallet, tick) for wallet in wallets)
        swept[name] = Swept(len(wallets), written)
    return swept


def _sweep(ledger: Ledger, wallet: WalletId, tick: Tick | None) -> bool:
    """Whether there was something to write down in a wallet."""
    command = Sweep(wallet)
    if tick is not None:
        tick()
    if not ledger.preview(command, by=_SWEEPER).moves:
        return False
    told = sha256(wallet.encode("ascii")).hexdigest()[:_DIGITS]
    request = RequestId(f"sweep {told} {microseconds(ledger.clock.now())}")
    return bool(ledger.execute(command, by=_SWEEPER, request=request).moves)
