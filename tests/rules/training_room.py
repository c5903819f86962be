"""A ledger with training units in it, for tests that read like the rules they check."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

import pytest

from unitledger.accounts import State, keycode
from unitledger.amounts import Units
from unitledger.commands import Actor, Command, Outcome, Receipt, Role
from unitledger.errors import UnitLedgerError
from unitledger.ids import LotId
from unitledger.ledger import Ledger
from unitledger.lots import Scope
from unitledger.operations import Issue
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock
from unitledger.training import KeyCode, KeyCodes, RegisterKeyCode

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""When every test begins, unless it says otherwise."""

ADMIN = Actor.acting("ada", Role.ADMIN)
CREATOR = Actor.acting("cleo", Role.CREATOR)
SYSTEM = Actor.acting("cron", Role.SYSTEM)

PEPPER = b"a pepper that only tests know"
CODES = KeyCodes(PEPPER)

_O = TypeVar("_O", bound=Outcome)
_E = TypeVar("_E", bound=UnitLedgerError)


def rule(*ids: str) -> pytest.MarkDecorator:
    """Puts the ids of the rules that a test checks into the test's own id."""
    return pytest.mark.parametrize((), [pytest.param(id=" ".join(ids))])


def distributor(user: str) -> Actor:
    """The user, acting as a distributor."""
    return Actor.acting(user, Role.DISTRIBUTOR)


def learner(user: str) -> Actor:
    """The user, acting as a learner."""
    return Actor.acting(user, Role.LEARNER)


def day(number: int) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=number)


def code_id(number: int = 1) -> str:
    """The id of a key code made from a number instead of chance."""
    return CODES.id_of(code(number))


def code(number: int = 1) -> KeyCode:
    """A key code made from a number instead of chance."""
    mixed = number * 0x9E3779B97F4A7C15F39D % 2**80
    return KeyCode.generated(lambda size: mixed.to_bytes(size, "big"))


class Room:
    """One portal; whatever is done in it is previewed first and audited afterwards.

    Args:
        policy: The ledger's policy.
        members: Who is in which groups, as ``"ann: sales emea"``.
    """

    def __init__(self, policy: Policy | None = None, *members: str) -> None:
        facts = (line.split(":") for line in members)
        pairs = {(user, group) for user, groups in facts for group in groups.split()}
        self.clock = FixedClock(START)
        self.ledger = Ledger(
            MemoryStore(),
            policy=policy,
            clock=self.clock,
            directory=FixedDirectory(members=frozenset(pairs)),
        )
        self._numbers = count(1)

    def do(
        self, command: Command[_O], by: Actor = ADMIN, request: str | None = None
    ) -> Receipt[_O]:
        """Carry a command out; a preview must have said the same, and the books must balance."""
        request = request or f"r{next(self._numbers)}"
        before = self.ledger.preview(command, by=by, request=request)
        assert self.ledger.can(command, by=by)
        receipt = self.ledger.execute(command, by=by, request=request)
        assert (before.outcome, before.moves) == (receipt.outcome, receipt.moves)
        self.check()
        return receipt

    def refused(self, error: type[_E], command: Command[Any], by: Actor = ADMIN) -> _E:
        """The error that a command is refused with; nothing may have changed."""
        before = self.ledger.journal()
        assert not self.ledger.can(command, by=by)
        request = f"r{next(self._numbers)}"
        with pytest.raises(error) as foreseen:
            self.ledger.preview(command, by=by, request=request)
        with pytest.raises(error) as refusal:
            self.ledger.execute(command, by=by, request=request)
        assert str(foreseen.value) == str(refusal.value)
        assert self.ledger.journal() == before
        self.check()
        return refusal.value

    def check(self) -> None:
        """The books balance, and the journal is the one that was written."""
        assert self.ledger.audit().faults == ()
        assert self.ledger.verify().faults == ()

    def at(self, number: int) -> None:
        """Move the clock to so many days after the start."""
        self.clock.at = day(number)

    def available(self, wallet: str) -> str:
        """What a wallet can spend now, as text."""
        return self.ledger.balance(wallet).available.text

    def register(self, number: int = 1, audience: Iterable[str] = ()) -> str:
        """Register the key code of a number; gives its id."""
        self.do(RegisterKeyCode.of(code(number), CODES, frozenset(audience)), CREATOR)
        return code_id(number)

    def issue(self, wallet: str, lots: str) -> None:
        """Put lots into a wallet, as ``"A 5 d30, B 20"``: id, units, day on which it ends.

        ``@sales`` behind it restricts a lot to an audience, ``#yoga`` to an item.
        """
        for text in lots.split(","):
            lot, amount, *rest = text.split()
            ends = [day(int(word[1:])) for word in rest if word[0] == "d"]
            audience = frozenset(word[1:] for word in rest if word[0] == "@")
            items = frozenset(word[1:] for word in rest if word[0] == "#")
            self.do(
                Issue(
                    LotId(lot),
                    wallet,  # type: ignore[arg-type]
                    Units.of(amount),
                    expires=ends[0] if ends else None,
                    scope=Scope(items=items, audience=audience) if items or audience else None,
                ),
                CREATOR,
            )

    def code_with(self, lots: str) -> str:
        """A registered key code with lots behind it; gives its id."""
        key_code = self.register()
        self.issue(keycode(key_code), lots)
        return key_code


def spent(receipt: Receipt[Any]) -> str:
    """What an order took, in taking order, as ``"C 8, A 5"``."""
    return _told(receipt, State.FREE, State.SPENT)


def returned(receipt: Receipt[Any]) -> str:
    """What a refund gave back, in its order, as ``"A 5, C 8"``."""
    return _told(receipt, State.SPENT, State.FREE)


def _told(receipt: Receipt[Any], source: State, target: State) -> str:
    moves = [
        move for move in receipt.moves if (move.source.state, move.target.state) == (source, target)
    ]
    return ", ".join(f"{move.lot} {move.parts / 100:g}" for move in moves)
