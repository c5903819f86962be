"""Commands and a record that exist only to see what a ledger does with them.

They have names in documents only inside `named`, so that no other test meets them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, ClassVar, final

import attrs

from unitledger import codec
from unitledger.commands import Command, Decision, Done, Permit, Role, View, anywhere
from unitledger.ids import WalletId
from unitledger.records import Record

EVERYBODY: Mapping[Role, Permit] = dict.fromkeys(Role, anywhere)


class ProbeState(StrEnum):
    NEW = "new"
    OLD = "old"


@final
@attrs.frozen
class Card(Record):
    """A record with an index."""

    KIND: ClassVar[str] = "probe_card"
    STEPS: ClassVar[Mapping[StrEnum, frozenset[StrEnum]]] = {
        ProbeState.NEW: frozenset({ProbeState.OLD})
    }
    INDEX: ClassVar[tuple[str, ...]] = ("colour", "place")
    SEATS: ClassVar[tuple[str, ...]] = ("place",)

    id: str
    colour: str | None = None
    state: ProbeState = ProbeState.NEW
    place: str | None = None

    @property
    def key(self) -> str:
        return self.id

    def index(self) -> Mapping[str, str]:
        found = {"colour": self.colour, "place": self.place}
        return {name: value for name, value in found.items() if value is not None}


Deciding = Callable[["Probe", View], Decision[Done]]

DECIDING: dict[str, Deciding] = {}
"""What probes do, by the name they carry; a test puts its own in."""


def nothing(_probe: Probe, _view: View) -> Decision[Done]:
    """Decide that there is nothing to do."""
    return Decision(Done())


@final
@attrs.frozen
class Probe(Command[Done]):
    """Does what its name stands for in `DECIDING`."""

    NAME: ClassVar[str] = "probe"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = EVERYBODY

    deciding: str
    looks_at: tuple[WalletId, ...] = ()
    about: tuple[str, ...] = ()

    def wallets(self) -> Iterable[WalletId]:
        return self.looks_at

    def decide(self, view: View) -> Decision[Done]:
        return DECIDING[self.deciding](self, view)


@final
@attrs.frozen
class Careful(Command[Done]):
    """Asks the Directory about some of its roles before it lets anybody."""

    NAME: ClassVar[str] = "probe_careful"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {
        Role.MANAGER: lambda _, view: view.manages(view.actor.id, "c"),
        Role.LEARNER: lambda _, view: "g" in view.groups(view.actor.id),
        Role.ADMIN: anywhere,
    }

    wallet: WalletId

    def wallets(self) -> Iterable[WalletId]:
        return (self.wallet,)

    def decide(self, view: View) -> Decision[Done]:
        return Decision(Done())


def deciding(name: str, what: Deciding) -> Callable[..., Probe]:
    """A probe that does this, for use until the next one of that name."""
    DECIDING[name] = what

    def made(*wallets: WalletId, about: Any = ()) -> Probe:
        return Probe(name, wallets, tuple(about))

    return made


@contextmanager
def named() -> Iterator[None]:
    """The probes have names in documents until this ends."""
    classes: dict[str, type] = {Card.KIND: Card, Probe.NAME: Probe, Careful.NAME: Careful}
    for name, cls in classes.items():
        codec.kind(name)(cls)
    try:
        yield
    finally:
        for name, cls in classes.items():
            del codec._CLASSES[name], codec._NAMES[cls]
