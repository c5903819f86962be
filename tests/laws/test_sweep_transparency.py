"""Nobody can tell whether a wallet was ever swept, by any decision or balance at any instant.

A thousand random stories of the general commands are told twice with the same requests at the same
instants: once never swept, once swept at random, some wallets several times. Answers, refusals with
their figures, the moves that count, and balances now, ahead and behind are the same. Two planted
faults show that the stories would tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.desk import Desk, day, u
from tests.scripts import HOLDERS, Story
from unitledger import kernel, operations
from unitledger.accounts import State, wallet_unit
from unitledger.buckets import Bucket
from unitledger.commands import Command, Receipt
from unitledger.errors import UnitLedgerError
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.operations import EditExpiry, Sweep, Swept
from unitledger.orders import BurnOrder
from unitledger.stores import memory

RUNS = 1000
LENGTH = 20


class Refusal(NamedTuple):
    """What can be compared of an error."""

    code: str
    figures: dict[str, object]


def said(desk: Desk, command: Command[Any], request: str) -> object:
    """What a command comes to, without the moves that only write down what time has done."""
    try:
        receipt = desk.give(command, request)
    except UnitLedgerError as error:
        return Refusal(error.code, error.details)
    own = getattr(command, "claim", None)
    return receipt.at, receipt.outcome, counting(receipt, own), receipt.same_as


def counting(receipt: Receipt[Any], own: ClaimId | None) -> list[Move]:
    """The moves of the command itself: not expiry, and not holds whose time is over."""
    written_down = ("expire", "revive")
    moves = [move for move in receipt.moves if move.verb not in written_down]
    return [move for move in moves if move.verb != "release" or move.claim == own]


def seen(desk: Desk, chance: Random, now: float) -> list[tuple[int, ...]]:
    """What a wallet has now, and at an instant ahead and one behind."""
    wallet, instants = chance.choice(HOLDERS), (now + chance.randrange(15), chance.random() * now)
    return [desk.figures(wallet), desk.figures(wallet, day(instants[0]))] + (
        [desk.figures(wallet, day(instants[1]))] if chance.random() < 0.1 else []
    )


class Twins:
    """One story told to two desks, of which one is swept now and then."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(f"{seed} twins")
        self.story = Story(seed, sweeps=False)
        self.never, self.swept = Desk(), Desk()
        self.counted = Counter[str]()

    def differences(self) -> Iterator[str]:
        """Where the two tellings part, as soon as they do."""
        for number in range(1, LENGTH + 1):
            now = number / 2
            self._sweep(now - self.chance.choice((0, 0.2, 0.4)))
            self._at(now)
            command = self.story.next(number, now)
            answers = [said(desk, command, f"r{number}") for desk in (self.never, self.swept)]
            if answers[0] != answers[1]:
                yield f"{command} on day {now}: {answers}"
            seed = self.chance.random()
            views = [seen(desk, Random(seed), now) for desk in (self.never, self.swept)]
            if views[0] != views[1]:
                yield f"balances on day {now}: {views}"
            self.counted[type(command).__name__] += 1
            self.counted["refused"] += isinstance(answers[0], Refusal)

    def _at(self, now: float) -> None:
        self.never.at(now)
        self.swept.at(now)

    def _sweep(self, now: float) -> None:
        """Some wallets, some of them twice."""
        self._at(now)
        for number in range(self.chance.choice((0, 0, 1, 2, 4))):
            wallet = self.chance.choice(HOLDERS)
            outcome = self.swept.give(Sweep(wallet), f"sweep {now} {number}").outcome
            assert isinstance(outcome, Swept)
            self.counted["expired"] += bool(outcome.expired)
            self.counted["revived"] += bool(outcome.revived)


def first_differences(runs: int) -> Iterator[str]:
    for seed in range(runs):
        try:
            yield from list(Twins(seed).differences())[:1]
        except UnitLedgerError as error:
            yield str(error)


def test_no_decision_and_no_balance_tells_whether_anybody_swept() -> None:
    counted = Counter[str]()
    for seed in range(RUNS):
        twins = Twins(seed)
        assert list(twins.differences()) == []
        counted += twins.counted
        if seed % 100 == 0:
            twins.swept.check()
            twins.never.check()
            assert sweep_of_everything(twins.never) == sweep_of_everything(twins.swept)
    told = counted.total() - counted["refused"] - counted["expired"] - counted["revived"]
    assert counted["refused"] < told * 2 / 3
    assert min(counted["expired"], counted["revived"], counted["EditExpiry"]) > RUNS / 20, counted


def sweep_of_everything(desk: Desk) -> list[tuple[WalletId, LotId, tuple[int, ...]]]:
    """The cells of every holder once all expiry is written down."""
    for wallet in HOLDERS:
        desk.give(Sweep(wallet), f"last {wallet}")
    with desk.store.read(desk.ledger.portal) as reading:
        return [(w, lot.id, cells) for w in HOLDERS for lot, cells in reading.holdings(w)]


# The stories would tell.


def test_without_the_revival_move_the_stories_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    truly = kernel.true_up

    def never_revives(wallet: WalletId, lot: Lot, cells: Any, at: Any) -> Move | None:
        move = truly(wallet, lot, cells, at)
        return None if move is not None and move.verb == "revive" else move

    monkeypatch.setattr(kernel, "true_up", never_revives)
    monkeypatch.setattr(operations, "true_up", never_revives)
    assert next(first_differences(RUNS), "") != ""


def test_with_buckets_of_free_units_alone_the_stories_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def free_alone(unit: Any, wallet: WalletId, order: BurnOrder, *_: object) -> Bucket:
        free = [(lot, cells[State.FREE]) for lot, cells in unit.holdings(wallet)]
        return Bucket.sorted(free, unit=wallet_unit(wallet), order=order)

    monkeypatch.setattr(memory._Unit, "bucket", free_alone)
    assert next(first_differences(RUNS), "") != ""


def test_an_edit_that_revives_is_felt_at_once_swept_or_not() -> None:
    """The story by hand: expired, perhaps swept, extended, spent."""
    for sweeps in (False, True):
        desk, wallet = Desk(), HOLDERS[0]
        desk.issue("a", wallet, u(5), expires=day(2))
        desk.at(3)
        if sweeps:
            desk.give(Sweep(wallet))
        assert desk.figures(wallet) == (0, 0, 0, 500, 0)
        desk.give(EditExpiry(LotId("a"), wallet, day(9)))
        assert desk.figures(wallet) == (500, 0, 0, 0, 0)
        desk.check()
