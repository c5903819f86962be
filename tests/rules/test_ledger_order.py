"""The one order of checks: what comes first, what nothing changes, what is written down."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests import probes
from tests.desk import ADMIN, ANN, BEN, CODE, COURSE, DAY, LEARNER, POOL, START, Desk, c, day, u
from tests.probes import Card, Careful, Probe, ProbeState, deciding
from tests.samples import named, sample
from unitledger.accounts import Account, State
from unitledger.amounts import Units
from unitledger.claims import Claim
from unitledger.commands import Actor, Command, Decision, Done, Receipt, Role, TermsEdit, View
from unitledger.errors import (
    AlreadyExists,
    ClaimExceeded,
    Contention,
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    InvariantViolation,
    LimitExceeded,
    NaiveInstant,
    NotPermitted,
    Refused,
    RequestConflict,
    UnitLedgerError,
    UnknownObject,
)
from unitledger.ids import ClaimId, LotId, PortalId, RequestId, WalletId
from unitledger.journal import entry_of
from unitledger.ledger import MAX_BATCH, MAX_TRIES, PREVIEW, Call, Ledger
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.operations import (
    Capture,
    EditExpiry,
    Hold,
    Issue,
    Release,
    Restore,
    Reverse,
    Spend,
    Sweep,
    Transfer,
    VoidUnits,
)
from unitledger.ports import FixedDirectory, Kept, Reading, UnitOfWork
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock, Validity

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _probes() -> Iterator[None]:
    with probes.named():
        yield


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.issue("a", ANN, u(10), expires=day(30))
    desk.issue("p", POOL, c(10))
    return desk


class Watched:
    """A store that notes which locks are asked for, and what happens while they are waited for."""

    def __init__(self, store: MemoryStore, waiting: Callable[[], None] = lambda: None) -> None:
        self.store = store
        self.waiting = waiting
        self.begun: list[tuple[list[WalletId], list[str], list[str]]] = []

    def begin(
        self,
        portal: PortalId,
        wallets: Iterable[WalletId],
        keys: Iterable[str],
        requests: Iterable[RequestId] = (),
        shared: Iterable[str] = (),
    ) -> AbstractContextManager[UnitOfWork]:
        self.begun.append((list(wallets), list(keys), list(shared)))
        self.waiting()
        return self.store.begin(portal, *self.begun[-1][:2])

    def kept(self, portal: PortalId, request: RequestId) -> Kept | None:
        return self.store.kept(portal, request)

    def read(
        self, portal: PortalId, requests: Iterable[RequestId] = ()
    ) -> AbstractContextManager[Reading]:
        return self.store.read(portal)


def refusal(do: Callable[[], object]) -> tuple[type, str, object]:
    """Which error something raises: its class, code and figures."""
    with pytest.raises(UnitLedgerError) as caught:
        do()
    return type(caught.value), caught.value.code, caught.value.details


def said(answer: Receipt[Any] | UnitLedgerError) -> Any:
    """What can be compared of a refusal, or of a receipt without its proof."""
    if isinstance(answer, UnitLedgerError):
        return type(answer), answer.code, answer.details
    return attrs.evolve(answer, entry="")


def outcome(do: Callable[..., Receipt[Any]], *given: Any, **named: Any) -> Any:
    """What something comes to, either way."""
    try:
        return said(do(*given, **named))
    except UnitLedgerError as error:
        return said(error)


# The request comes first.


def test_i7_the_retry_of_a_spend_that_emptied_the_wallet_gets_its_first_receipt(desk: Desk) -> None:
    first = desk.give(Spend(ANN, u(10)), "buy")
    journal = desk.journal()
    assert desk.give(Spend(ANN, u(10)), "buy") == first
    desk.give(Reverse(first.outcome.claim, ANN), "back")
    desk.give(Transfer(ANN, BEN, u(10)), "away")
    desk.at(400)
    assert desk.give(Spend(ANN, u(10)), "buy") == first
    assert desk.journal()[: len(journal)] == journal
    assert len(desk.journal()) == len(journal) + 2
    assert desk.ledger.receipt("buy") == first


def test_p3_every_receipt_is_the_same_at_any_later_time() -> None:
    desk = Desk()
    commands: list[tuple[str, Command[Any]]] = [
        ("1", Issue(LotId("a"), ANN, u(9), expires=day(5))),
        ("2", Hold(ANN, u(4), day(2))),
        ("3", Capture(ClaimId("2.1"), ANN, u(1))),
        ("4", Spend(ANN, u(2))),
        ("5", Transfer(ANN, BEN, u(1))),
        ("6", Release(ClaimId("2.1"), ANN)),
        ("7", Reverse(ClaimId("4.1"), ANN, u(1))),
        ("8", VoidUnits(BEN, u("0.5"))),
        ("9", Restore(BEN, LotId("a"), u("0.5"))),
        ("10", EditExpiry(LotId("a"), ANN, day(9))),
        ("11", Sweep(ANN)),
    ]
    firsts = [desk.give(command, request) for request, command in commands]
    for number in (0, 3, 6, 100):
        desk.at(number)
        assert [desk.give(command, request) for request, command in commands] == firsts
    assert len(desk.journal()) == len(commands)


@pytest.mark.parametrize(
    ("command", "by", "why", "differs"),
    [
        pytest.param(Spend(ANN, u(2)), ADMIN, "", ("amount",), id="D2 another amount"),
        pytest.param(Spend(BEN, u(1)), ADMIN, "", ("wallet",), id="P4 another wallet"),
        pytest.param(Hold(ANN, u(1)), ADMIN, "", ("command",), id="P4 another command"),
        pytest.param(Spend(ANN, u(1)), ADMIN, "x", ("reason",), id="P4 another reason"),
        pytest.param(Spend(ANN, u(1)), LEARNER, "", ("actor",), id="P4 another actor"),
        pytest.param(
            Spend(ANN, u(1)),
            Actor.acting("admin", Role.ADMIN, Role.SYSTEM),
            "",
            ("actor",),
            id="P4 the same person in another role",
        ),
        pytest.param(
            Spend(BEN, u(2)), LEARNER, "x", ("actor", "reason", "wallet", "amount"), id="P4 all"
        ),
        pytest.param(Sweep(WalletId("member/x")), LEARNER, "", ("actor", "command"), id="P4 both"),
    ],
)
def test_the_same_request_with_something_else_is_a_conflict(
    desk: Desk, command: Command[Any], by: Actor, why: str, differs: tuple[str, ...]
) -> None:
    desk.give(Spend(ANN, u(1)), "buy")
    journal = desk.journal()
    with pytest.raises(RequestConflict) as caught:
        desk.give(command, "buy", by=by, why=why)
    assert (caught.value.request, caught.value.differs) == ("buy", differs)
    assert desk.journal() == journal


def test_a_conflict_comes_before_authority_and_funds(desk: Desk) -> None:
    desk.give(Spend(ANN, u(1)), "buy")
    with pytest.raises(RequestConflict):
        desk.give(Spend(ANN, u(1000)), "buy", by=LEARNER)


def test_d13_the_order_of_arguments_is_no_difference(desk: Desk) -> None:
    first = desk.give(Spend(wallet=ANN, amount=u(1)), "buy")
    assert desk.give(Spend(amount=u("1.00"), wallet=ANN), "buy") == first


def test_d12_two_equal_spends_are_two(desk: Desk) -> None:
    assert desk.spend(ANN, u(1)).outcome.claim != desk.spend(ANN, u(1)).outcome.claim
    assert desk.figures(ANN) == (800, 0, 200, 0, 0)


@pytest.mark.parametrize(
    ("refused", "then"),
    [
        pytest.param(
            Spend(ANN, u(11)), lambda desk: desk.issue("b", ANN, u(1)), id="funds come later"
        ),
        pytest.param(
            Capture(ClaimId("h.1"), ANN),
            lambda desk: desk.give(Hold(ANN, u(1)), "h"),
            id="the claim comes later",
        ),
        pytest.param(
            Issue(LotId("a"), BEN, u(1)),
            lambda desk: setattr(desk, "ledger", Desk(portal="other").ledger),
            id="another portal has no such lot",
        ),
    ],
)
def test_a_refusal_is_not_remembered(
    desk: Desk, refused: Command[Any], then: Callable[[Desk], object]
) -> None:
    journal = desk.journal()
    for _ in range(3):
        with pytest.raises(Refused):
            desk.give(refused, "x")
    assert desk.journal() == journal
    assert desk.ledger.receipt("x") is None
    then(desk)
    assert desk.give(refused, "x").request == "x"


def test_a_refused_actor_takes_no_request_from_anybody(desk: Desk) -> None:
    with pytest.raises(NotPermitted):
        desk.give(Spend(ANN, u(1)), "x", by=LEARNER)
    assert desk.give(Spend(ANN, u(1)), "x").request == "x"


def test_d9_a_retry_asks_nobody_anything() -> None:
    class Talking:
        asked = 0

        def manages(self, manager: str, course: str, at: datetime) -> bool:
            self.asked += 1
            return True

        def groups(self, user: str, at: datetime) -> frozenset[str]:
            raise AssertionError

        direct = superiors = people = groups

        def lineage(self, user: str, at: datetime) -> tuple[str, ...]:
            raise AssertionError

    directory = Talking()
    desk = Desk(directory=directory)
    manager = Actor.acting("m", Role.MANAGER)
    first = desk.give(Careful(ANN), "x", by=manager)
    assert directory.asked == 1
    assert desk.give(Careful(ANN), "x", by=manager) == first
    assert directory.asked == 1


def test_a_request_is_looked_up_again_after_the_locks(desk: Desk) -> None:
    """Its twin was faster while this one waited for the lock."""
    twin = Ledger(desk.store, clock=desk.clock)
    receipts: list[object] = []

    def twin_is_faster() -> None:
        if not receipts:
            receipts.append(twin.execute(Spend(ANN, u(10)), by=ADMIN, request="buy"))

    assert isinstance(desk.store, MemoryStore)
    slow = Ledger(Watched(desk.store, twin_is_faster), clock=desk.clock)
    assert slow.execute(Spend(ANN, u(10)), by=ADMIN, request="buy") == receipts[0]
    assert desk.figures(ANN) == (0, 0, 1000, 0, 0)


def test_an_entry_says_what_was_asked_and_by_whom(desk: Desk) -> None:
    receipt = desk.give(Spend(ANN, u(1)), "buy", by=ADMIN, why="because 中")
    entry = entry_of(desk.journal()[-1])
    assert (entry.portal, entry.request) == ("main", "buy")
    assert (entry.command, entry.actor, entry.reason) == (Spend(ANN, u(1)), ADMIN, "because 中")
    assert (entry.outcome, entry.moves, entry.at) == (receipt.outcome, receipt.moves, receipt.at)
    assert receipt.entry == desk.journal()[-1].hash


# Then values, authority, life cycle, funds.


def test_what_is_wrong_is_said_in_the_order_of_checks(desk: Desk) -> None:
    late = Hold(ANN, u(1000), day(-1))
    assert refusal(lambda: desk.give(late, " x", by=LEARNER))[1] == "invalid_id"
    assert refusal(lambda: desk.give(late, "x", by=LEARNER))[1] == "not_permitted"
    assert refusal(lambda: desk.give(late, "x"))[1] == "invalid_value"
    assert refusal(lambda: desk.give(Hold(ANN, u(1000), day(1)), "x"))[1] == "insufficient_units"
    assert len(desk.journal()) == 2


@pytest.mark.parametrize(
    ("command", "by", "request_id", "reason", "error"),
    [
        pytest.param(object(), ADMIN, "x", "", InvalidType, id="no command"),
        pytest.param(Spend, ADMIN, "x", "", InvalidType, id="a class of commands"),
        pytest.param(None, ADMIN, "x", "", InvalidType, id="nothing"),
        pytest.param(Spend(ANN, u(1)), "admin", "x", "", InvalidType, id="a name for an actor"),
        pytest.param(Spend(ANN, u(1)), None, "x", "", InvalidType, id="no actor"),
        pytest.param(Spend(ANN, u(1)), ADMIN, "", "", InvalidInput, id="an empty request"),
        pytest.param(Spend(ANN, u(1)), ADMIN, 7, "", InvalidType, id="a number for a request"),
        pytest.param(Spend(ANN, u(1)), ADMIN, "x" * 129, "", InvalidInput, id="a long request"),
        pytest.param(Spend(ANN, u(1)), ADMIN, "x" * 127, "", InvalidInput, id="no room for ids"),
        pytest.param(Spend(ANN, u(1)), ADMIN, PREVIEW, "", InvalidValue, id="that of previews"),
        pytest.param(Spend(ANN, u(1)), ADMIN, "x", None, InvalidType, id="no reason"),
        pytest.param(Spend(ANN, u(1)), ADMIN, "x", "a" * 4097, LimitExceeded, id="a long reason"),
        pytest.param(Spend(ANN, u(1)), ADMIN, "x", "\ud800", InvalidValue, id="half a pair"),
    ],
)
def test_what_is_no_call_is_refused(
    desk: Desk, command: Any, by: Any, request_id: Any, reason: Any, error: type
) -> None:
    with pytest.raises(error):
        desk.ledger.execute(command, by=by, request=request_id, reason=reason)
    assert len(desk.journal()) == 2
    assert desk.figures(ANN) == (1000, 0, 0, 0, 0)


# Hostile commands.


class Boom(Exception):
    """What hostile code raises; it must never be seen outside."""


def boom(*_: object) -> Any:
    raise Boom


class SlyText(str):
    __slots__ = ()
    __eq__ = __str__ = __hash__ = encode = partition = isascii = boom  # type: ignore[assignment]


class SlyNumber(int):
    __lt__ = __le__ = __gt__ = __eq__ = __hash__ = __str__ = __repr__ = boom


class SlyUnits(Units):  # type: ignore[misc]
    pass


GARBAGE: tuple[object, ...] = (
    *(None, True, 1.5, 10**5000, -1, "", "\ud800", "x" * 10**6, b"x", [], {}, object(), (1,)),
    *(SlyText("a"), SlyNumber(1), SlyUnits(parts=100), frozenset({1.5}), Units, boom, START),
    datetime(2026, 1, 1),  # noqa: DTZ001
)


COMMAND_CLASSES: list[Any] = [cls for cls in named().values() if issubclass(cls, Command)]


@pytest.mark.parametrize("cls", COMMAND_CLASSES, ids=lambda cls: cls.__name__)
def test_a_forged_command_of_any_class_writes_nothing_unsound(cls: Any) -> None:
    """Every field of every command, overwritten: an error of ours, or an entry that is sound."""
    desk = Desk()
    desk.issue("a", ANN, u(1000))
    desk.issue("p", POOL, c(1000))
    actors = Actor.acting("admin", *Role)
    for field in attrs.fields(cls):
        for number, garbage in enumerate(GARBAGE):
            command = attrs.evolve(sample(cls))
            object.__setattr__(command, field.name, garbage)
            try:
                desk.give(command, f"{field.name} {number}", by=actors)
            except UnitLedgerError:
                continue
            desk.check()
            kept = desk.journal()[-1]
            assert entry_of(kept).command == command, (field.name, garbage)
    desk.check()


def test_forged_amounts_uses_and_actors_write_nothing(desk: Desk) -> None:
    def forged(value: Any, **fields: object) -> Any:
        copy = attrs.evolve(value)
        for name, content in fields.items():
            object.__setattr__(copy, name, content)
        return copy

    for name in (0, None, "", "x" * 129, b"x", "\ud800"):
        with pytest.raises(UnitLedgerError):
            desk.give(Spend(ANN, u(1)), "x", by=forged(ADMIN, id=name))
    for parts in (-100, 0, 10**15 + 1, 10**30, 1.0, True, "1", None):
        spend = Spend(ANN, u(1))
        object.__setattr__(spend.amount, "parts", parts)
        with pytest.raises(UnitLedgerError):
            desk.give(spend, "x")
    for use in ("abc", None, 1, object(), forged(Hold(ANN, u(1)).use, course="")):
        with pytest.raises(UnitLedgerError):
            desk.give(forged(Spend(ANN, u(1)), use=use), "x")
    for roles in ((Role.ADMIN,), {"admin"}, frozenset({"admin"}), "admin", None, {1}):
        with pytest.raises(UnitLedgerError):
            desk.give(Spend(ANN, u(1)), "x", by=forged(ADMIN, roles=roles))
    assert len(desk.journal()) == 2
    desk.check()


def test_a_subclass_of_a_command_is_not_that_command(desk: Desk) -> None:
    class Sly(Spend):  # type: ignore[misc]
        def decide(self, view: View) -> Any:
            raise Boom

    class Claiming:
        __class__ = Spend  # type: ignore[assignment]

    with pytest.raises(UnitLedgerError):
        desk.give(Spend(ANN, u(1)), by=Actor.__new__(Actor))
    for command in (Sly(ANN, u(1)), Claiming(), Spend.__new__(Spend)):
        with pytest.raises(UnitLedgerError):
            desk.ledger.execute(command, by=ADMIN, request="x")  # type: ignore[arg-type]
        with pytest.raises(UnitLedgerError):
            desk.ledger.preview(command, by=ADMIN)  # type: ignore[arg-type]
        with pytest.raises(UnitLedgerError):
            desk.ledger.execute_many([Call(command, ADMIN, "x")])  # type: ignore[arg-type]
    assert len(desk.journal()) == 2


def test_a_command_is_looked_at_as_it_is_now_and_never_again(desk: Desk) -> None:
    spend = Spend(ANN, u(1))
    receipt = desk.give(spend, "x")
    object.__setattr__(spend, "amount", u(5))
    assert desk.ledger.receipt("x") == receipt
    assert refusal(lambda: desk.give(spend, "x"))[2] == {"request": "x", "differs": ("amount",)}
    desk.check()


# The instant.


def test_an_instant_is_never_before_an_earlier_one_of_the_wallet(desk: Desk) -> None:
    late = desk.at(10).spend(ANN, u(1))
    early = desk.at(5).spend(ANN, u(1))
    assert (late.at, early.at) == (day(10), day(10))
    entry = entry_of(desk.journal()[-1])
    assert (entry.at, entry.clock) == (day(10), day(5))
    assert desk.spend(POOL, c(1)).at == day(5)
    assert desk.give(Hold(ANN, u(1), day(11))).at == day(10)
    assert desk.at(12).spend(ANN, u(1)).at == day(12)
    desk.check()


def test_a_transfer_counts_for_the_later_of_its_ends(desk: Desk) -> None:
    desk.issue("b", BEN, u(1))
    desk.at(9).spend(BEN, u(1))
    assert desk.at(3).give(Transfer(ANN, BEN, u(1))).at == day(9)
    assert desk.spend(ANN, u(1)).at == day(9)
    desk.check()


def test_an_instant_is_never_before_the_terms_it_used(desk: Desk) -> None:
    """Ben's clock runs behind; he spends of a lot whose expiry was edited at its home since."""
    desk.give(Transfer(ANN, BEN, u(5)))
    desk.at(40).give(EditExpiry(LotId("a"), ANN, day(60)))
    behind = desk.at(35)
    receipt = behind.spend(BEN, u(2))
    assert receipt.at == day(40)
    assert entry_of(desk.journal()[-1]).clock == day(35)
    assert desk.figures(BEN) == (300, 0, 200, 0, 0)
    assert desk.figures(BEN, at=day(36)) == (0, 0, 0, 500, 0)
    answers = desk.ledger.execute_many(
        [Call(Spend(POOL, c(1)), ADMIN, "1"), Call(Spend(BEN, u(1)), ADMIN, "2")]
    )
    assert [answer.at for answer in answers if not isinstance(answer, UnitLedgerError)] == [
        day(40),
        day(40),
    ]
    desk.check()


def test_a_batch_counts_for_one_instant_even_if_a_lot_is_ahead(desk: Desk) -> None:
    desk.give(Transfer(ANN, BEN, u(5)))
    desk.at(20).give(EditExpiry(LotId("a"), ANN, day(60)))
    desk.at(10)
    calls = [Call(Spend(POOL, c(1)), ADMIN, "1"), Call(Spend(BEN, u(1)), ADMIN, "2")]
    answers = desk.ledger.execute_many(calls)
    assert {getattr(answer, "at", None) for answer in answers} == {day(20)}
    desk.check()


def test_the_instant_is_taken_after_the_lock() -> None:
    """Whoever waits for the lock past the expiry is refused."""
    desk = Desk()
    desk.issue("a", ANN, u(1), expires=day(1))
    assert isinstance(desk.store, MemoryStore)
    slow = Ledger(Watched(desk.store, lambda: setattr(desk.clock, "at", day(2))), clock=desk.clock)
    with pytest.raises(InsufficientUnits):
        slow.execute(Spend(ANN, u(1)), by=ADMIN, request="x")


def test_a_clock_without_a_zone_is_refused() -> None:
    class Naive:
        def now(self) -> datetime:
            return datetime(2026, 1, 1)  # noqa: DTZ001

    ledger = Ledger(MemoryStore(), clock=Naive())
    with pytest.raises(NaiveInstant):
        ledger.execute(Issue(LotId("a"), ANN, u(1)), by=ADMIN, request="x")
    assert ledger.journal() == ()


def test_the_clock_is_read_once_for_a_command() -> None:
    class Ticking:
        def __init__(self) -> None:
            self.ticks = count()

        def now(self) -> datetime:
            return START + timedelta(seconds=next(self.ticks))

    ledger = Ledger(MemoryStore(), clock=Ticking())
    for number in range(3):
        ledger.execute(Issue(LotId(f"{number}"), ANN, u(1)), by=ADMIN, request=f"{number}")
    entries = list(ledger.entries())
    assert [entry.at for entry in entries] == [entry.clock for entry in entries]
    assert [entry.at - START for entry in entries] == [timedelta(seconds=n) for n in range(3)]


# A preview is the same without the post.


def rich_desk() -> Desk:
    """Lots in every stage, open and spent claims, an overdue hold."""
    desk = Desk()
    desk.issue("a", ANN, u(10), expires=day(3))
    desk.issue("b", ANN, u(10), expires=day(30))
    desk.issue("n", ANN, u(10), effective=day(20))
    desk.issue("p", POOL, c(10))
    desk.give(Hold(ANN, u(4), day(2)), "overdue")
    desk.give(Hold(ANN, u(3), day(20)), "open")
    desk.give(Spend(ANN, u(2)), "spent")
    desk.give(VoidUnits(ANN, u(1)), "voided")
    return desk.at(5)


COMMANDS: tuple[Command[Any], ...] = (
    Issue(LotId("x"), BEN, u(1)),
    Issue(LotId("a"), BEN, u(1)),
    Issue(LotId("x"), BEN, u(1), effective=day(9), expires=day(9)),
    Transfer(ANN, BEN, u(1)),
    Transfer(ANN, BEN, u(100)),
    Transfer(POOL, COURSE, c(10)),
    Transfer(POOL, COURSE, c(11)),
    Hold(ANN, u(9), day(6)),
    Hold(ANN, u(9), day(5)),
    Hold(ANN, u("10.01")),
    Spend(ANN, u(5)),
    Spend(ANN, u(10)),
    Spend(ANN, u("10.01")),
    Spend(CODE, u(1)),
    Capture(ClaimId("overdue.1"), ANN),
    Capture(ClaimId("open.1"), ANN),
    Capture(ClaimId("open.1"), ANN, u(3)),
    Capture(ClaimId("open.1"), ANN, u("3.01")),
    Capture(ClaimId("open.1"), BEN),
    Capture(ClaimId("none.1"), ANN),
    Release(ClaimId("open.1"), ANN, u(1)),
    Release(ClaimId("spent.1"), ANN),
    Reverse(ClaimId("spent.1"), ANN),
    Reverse(ClaimId("spent.1"), ANN, u(3)),
    Reverse(ClaimId("open.1"), ANN),
    VoidUnits(ANN, u(1)),
    VoidUnits(ANN, u(100)),
    Restore(ANN, LotId("a"), u(1)),
    Restore(ANN, LotId("a"), u(2)),
    Restore(ANN, LotId("none"), u(1)),
    EditExpiry(LotId("a"), ANN, day(6)),
    EditExpiry(LotId("a"), ANN, day(5)),
    EditExpiry(LotId("a"), BEN, day(6)),
    EditExpiry(LotId("none"), ANN, None),
    Sweep(ANN),
    Sweep(BEN),
)


@pytest.mark.parametrize("by", [ADMIN, LEARNER], ids=["admin", "learner"])
@pytest.mark.parametrize("command", COMMANDS, ids=repr)
def test_p6_can_is_would(command: Command[Any], by: Actor) -> None:
    desk = rich_desk()
    journal = desk.journal()
    previewed = outcome(desk.ledger.preview, command, by=by, request="x")
    can = desk.ledger.can(command, by=by)
    assert desk.journal() == journal
    desk.check()
    assert outcome(desk.give, command, "x", by=by) == previewed
    assert can is isinstance(previewed, Receipt)
    desk.check()


def test_a_preview_leaves_no_trace() -> None:
    desk, twin = rich_desk(), rich_desk()
    for command in COMMANDS:
        desk.ledger.can(command, by=ADMIN)
    for number, command in enumerate(COMMANDS):
        for one in (desk, twin):
            try:
                one.give(command, f"x{number}")
            except UnitLedgerError:
                continue
    assert desk.journal() == twin.journal()


def test_a_preview_of_a_request_that_was_carried_out_is_its_receipt(desk: Desk) -> None:
    receipt = desk.give(Spend(ANN, u(10)), "x")
    assert desk.ledger.preview(Spend(ANN, u(10)), by=ADMIN, request="x") == receipt
    assert desk.ledger.can(Spend(ANN, u(10)), by=ADMIN, request="x")
    assert not desk.ledger.can(Spend(ANN, u(9)), by=ADMIN, request="x")
    assert not desk.ledger.can(Spend(ANN, u(10)), by=ADMIN, request="x", reason="another")


def test_can_raises_only_what_no_state_would_change(desk: Desk) -> None:
    with pytest.raises(InvalidType):
        desk.ledger.can(object(), by=ADMIN)  # type: ignore[arg-type]
    assert not desk.ledger.can(Hold(ANN, u(1), day(-1)), by=ADMIN)


# Many at once.


def test_each_of_many_is_accepted_or_refused_alone(desk: Desk) -> None:
    journal = desk.journal()
    calls = [
        Call(Spend(ANN, u(6)), ADMIN, "1"),
        Call(Spend(ANN, u(6)), ADMIN, "2"),
        Call(Spend(ANN, u(1)), LEARNER, "3"),
        Call(Hold(ANN, u(1), day(0)), ADMIN, "4"),
        Call(Spend(ANN, u(4)), ADMIN, "5", "the rest"),
        Call(Capture(ClaimId("x.1"), ANN), ADMIN, "6"),
    ]
    answers = desk.ledger.execute_many(calls)
    assert [getattr(answer, "code", "accepted") for answer in answers] == [
        *("accepted", "insufficient_units", "not_permitted", "invalid_value", "accepted"),
        "unknown_object",
    ]
    assert [entry.request for entry in desk.ledger.entries()][len(journal) :] == ["1", "5"]
    assert desk.figures(ANN) == (0, 0, 1000, 0, 0)
    desk.check()


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    chance = random.Random(7)
    for _ in range(30):
        chosen = [chance.choice(COMMANDS) for _ in range(12)]
        calls = [Call(command, ADMIN, f"x{n}") for n, command in enumerate(chosen)]
        together, apart = rich_desk(), rich_desk()
        answers = together.ledger.execute_many(calls)
        alone = [outcome(apart.give, call.command, call.request) for call in calls]
        assert [said(answer) for answer in answers] == alone
        assert together.journal() == apart.journal()
        together.check()


def test_the_same_request_twice_in_a_batch_is_done_once(desk: Desk) -> None:
    calls = [
        Call(Spend(ANN, u(6)), ADMIN, "1"),
        Call(Spend(ANN, u(6)), ADMIN, "1"),
        Call(Spend(ANN, u(5)), ADMIN, "1"),
    ]
    first, again, other = desk.ledger.execute_many(calls)
    assert first == again
    assert isinstance(other, RequestConflict)
    assert other.differs == ("amount",)
    assert desk.ledger.execute_many(calls)[:2] == (first, first)
    assert desk.figures(ANN) == (400, 0, 600, 0, 0)


@pytest.mark.parametrize(
    "error", [InvariantViolation("a promise", "broken"), Boom()], ids=["ours", "a stranger's"]
)
def test_a_broken_promise_in_the_middle_leaves_nothing(desk: Desk, error: Exception) -> None:
    def breaks(_probe: Probe, _view: View) -> Decision[Done]:
        raise error

    broken = deciding("breaks", breaks)
    journal, figures = desk.journal(), desk.figures(ANN)
    calls = [
        Call(Spend(ANN, u(6)), ADMIN, "1"),
        Call(EditExpiry(LotId("a"), ANN, day(90)), ADMIN, "2"),
        Call(broken(ANN), ADMIN, "3"),
        Call(Spend(ANN, u(1)), ADMIN, "4"),
    ]
    with pytest.raises(type(error)):
        desk.ledger.execute_many(calls)
    assert desk.journal() == journal
    assert desk.figures(ANN) == figures
    assert desk.figures(ANN, at=day(31)) == (0, 0, 0, 1000, 0)
    desk.check()
    assert desk.give(Spend(ANN, u(6)), "1").outcome.spent == u(6)


def test_wallets_that_only_earlier_calls_make_known_are_found(desk: Desk) -> None:
    """Each call reaches the wallet of a claim that the call before has made."""

    def takes_over(probe: Probe, view: View) -> Decision[Done]:
        before = view.claim(ClaimId(probe.about[0])) if probe.about else None
        number = 0 if before is None else int(before.wallets[0].partition("/")[2]) + 1
        wallet = WalletId(f"member/{number}")
        plan = view.plan(wallet, u(1))
        shift = Claim.taking(ClaimId(f"{view.request}.1"), wallet, plan.taken, State.SPENT)
        return Decision.of(Done(), shift)

    probe = deciding("takes over", takes_over)
    for number in range(3 * MAX_TRIES):
        desk.issue(f"m{number}", WalletId(f"member/{number}"), u(1))
    calls = [Call(probe(POOL), ADMIN, "x0")]
    calls += [Call(probe(POOL, about=[f"x{n - 1}.1"]), ADMIN, f"x{n}") for n in range(1, MAX_TRIES)]
    answers = desk.ledger.execute_many(calls)
    assert not any(isinstance(answer, UnitLedgerError) for answer in answers)
    desk.check()


def test_many_wallets_that_an_earlier_call_makes_known_are_found_at_once(desk: Desk) -> None:
    def looks_around(_probe: Probe, view: View) -> Decision[Done]:
        view.claim(ClaimId("1.1"))
        for number in range(30):
            view.reach(WalletId(f"member/{number:02}"))
        return Decision(Done())

    looks = deciding("looks around", looks_around)
    calls = [Call(Spend(ANN, u(1)), ADMIN, "1"), Call(looks(ANN), ADMIN, "2")]
    answers = desk.ledger.execute_many(calls)
    assert [type(answer) for answer in answers] == [Receipt, Receipt]
    assert len(entry_of(desk.journal()[-1]).touches) == 31
    desk.check()


def test_a_batch_may_be_empty_but_not_endless(desk: Desk) -> None:
    assert desk.ledger.execute_many([]) == ()
    with pytest.raises(LimitExceeded):
        desk.ledger.execute_many(Call(Spend(ANN, u(1)), ADMIN, f"x{n}") for n in count())
    with pytest.raises(InvalidType):
        desk.ledger.execute_many([Spend(ANN, u(1))])  # type: ignore[list-item]
    with pytest.raises(InvalidValue):
        desk.ledger.execute_many([Call(Spend(ANN, u(1)), ADMIN, PREVIEW)])
    assert MAX_BATCH == 10_000
    assert len(desk.journal()) == 2


# Locks.


def test_what_is_missing_is_found_in_one_more_look() -> None:
    def looks_around(_probe: Probe, view: View) -> Decision[Done]:
        for number in range(30):
            view.reach(WalletId(f"member/{number:02}"))
        view.has_record(Card, "b")
        view.has_record(Card, "a")
        view.found(Card, "colour", "red")
        return Decision(Done())

    store = Watched(MemoryStore())
    desk = Desk(store)
    desk.give(deciding("looks around", looks_around)(POOL, COURSE))
    assert store.begun[0] == ([COURSE, POOL], [], [])
    members = [WalletId(f"member/{number:02}") for number in range(30)]
    cards = ["probe_card#a", "probe_card#b", "probe_card?colour=red"]
    assert store.begun[1:] == [([COURSE, *members, POOL], [], cards)]
    touched = [touch.wallet for touch in entry_of(desk.journal()[0]).touches]
    assert touched == [COURSE, *members, POOL]


def test_who_never_has_enough_locks_gives_up() -> None:
    ever = count()

    def wanders(_probe: Probe, view: View) -> Decision[Done]:
        view.reach(WalletId(f"member/{next(ever)}"))
        return Decision(Done())

    store = Watched(MemoryStore())
    desk = Desk(store)
    wandering = deciding("wanders", wanders)(POOL)
    with pytest.raises(Contention) as caught:
        desk.give(wandering)
    assert caught.value.attempts == MAX_TRIES == len(store.begun)
    with pytest.raises(Contention):
        desk.ledger.execute_many([Call(wandering, ADMIN, "x")])
    assert desk.journal() == ()


def test_a_record_is_written_only_under_its_lock() -> None:
    def writes(probe: Probe, _view: View) -> Decision[Done]:
        return Decision(Done(), records=(Card(probe.about[0], "red"),))

    store = Watched(MemoryStore())
    desk = Desk(store)
    desk.give(deciding("writes", writes)(POOL, about=["a"]))
    assert store.begun[-1] == ([POOL], ["probe_card#a"], [])
    desk.check()


def test_what_is_looked_at_is_shared_and_what_is_changed_is_not() -> None:
    """A record is locked once, in the one way that all of a decision or a batch needs."""

    def repaints(probe: Probe, view: View) -> Decision[Done]:
        old, new = probe.about
        if old:
            view.found(Card, "colour", old)
        view.has_record(Card, "b")
        return Decision(Done(), records=(Card("a", new),) if new else ())

    store = Watched(MemoryStore())
    desk = Desk(store)
    repainted = deciding("repaints", repaints)
    red, blue, b = "probe_card?colour=red", "probe_card?colour=blue", "probe_card#b"
    for old, new, own, shared in (
        ("red", "", [], [b, red]),
        ("", "red", ["probe_card#a"], [b]),
        ("blue", "red", ["probe_card#a"], [b, blue]),
        ("red", "blue", ["probe_card#a", red], [b]),
        ("red", "red", ["probe_card#a", red], [b]),
    ):
        desk.give(repainted(POOL, about=[old, new]))
        assert store.begun[-1] == ([POOL], own, shared)
    both = [Call(repainted(POOL, about=["red", n]), ADMIN, f"r{n}") for n in ("", "red")]
    desk.ledger.execute_many(both)
    assert store.begun[-1] == ([POOL], ["probe_card#a", red], [b])
    desk.check()


def test_who_takes_or_leaves_a_seat_has_it_alone() -> None:
    def moves(probe: Probe, _view: View) -> Decision[Done]:
        colour, place = probe.about
        card = Card("a", colour or None, place=place or None)
        return Decision(Done(), records=(card,))

    store = Watched(MemoryStore())
    desk = Desk(store)
    moved, card = deciding("moves", moves), "probe_card#a"
    for colour, place, seats in (
        ("red", "1", ["1"]),
        ("blue", "1", []),
        ("blue", "2", ["1", "2"]),
        ("red", "", ["2"]),
        ("", "", []),
    ):
        desk.give(moved(POOL, about=[colour, place]))
        seat_locks = [f"probe_card?place={seat}" for seat in seats]
        assert store.begun[-1] == ([POOL], [card, *seat_locks], [])
    desk.check()


def test_a_shared_lock_that_does_not_suffice_is_had_alone() -> None:
    """Somebody was faster, and what was looked at has to be changed now."""
    found = list[str]()

    def follows(_probe: Probe, view: View) -> Decision[Done]:
        there = view.found(Card, "colour", "red")
        if not found:
            found.append("once")
            return Decision(Done())
        return Decision(Done(), records=() if there else (Card("a", "red"),))

    store = Watched(MemoryStore())
    desk = Desk(store)
    follow = deciding("follows", follows)(POOL)
    desk.give(follow)
    red, a = "probe_card?colour=red", "probe_card#a"
    assert store.begun == [([POOL], [], []), ([POOL], [], [red]), ([POOL], [red, a][::-1], [])]
    found.clear()
    store.begun.clear()
    desk.ledger.execute_many([Call(follow, ADMIN, "again")])
    assert store.begun == [([POOL], [], [red])]
    desk.check()


def test_records_are_found_page_after_page() -> None:
    """More than a page of a thousand stand under one value."""

    def writes(_probe: Probe, _view: View) -> Decision[Done]:
        return Decision(Done(), records=tuple(Card(f"{n:05}", "red") for n in range(2500)))

    def counts(_probe: Probe, view: View) -> Decision[Done]:
        found = view.found(Card, "colour", "red")
        old = tuple(card.to(ProbeState.OLD) for card in found)
        return Decision(Done(), records=old)

    desk = Desk()
    desk.give(deciding("writes", writes)(POOL))
    desk.give(deciding("counts", counts)(POOL))
    assert len(entry_of(desk.journal()[-1]).records) == 2500
    desk.check()


# Decisions that break a promise.


def _plain(lot: str, **terms: Any) -> Lot:
    return Lot(id=LotId(lot), home=ANN, terms=Validity(START), acquired=START, **terms)


def _issuing(lot: str, parts: int) -> Move:
    return Move(LotId(lot), Account(ANN, State.ISSUED), Account(ANN, State.FREE), parts)


@pytest.mark.parametrize(
    "decision",
    [
        pytest.param(
            Decision(Done(), lots=(_plain("x"), _plain("x")), moves=(_issuing("x", 1),)),
            id="a lot twice",
        ),
        pytest.param(
            Decision(
                Done(),
                moves=(
                    Move(
                        *(LotId("a"), Account(ANN, State.FREE), Account(ANN, State.HELD)),
                        *(1, ClaimId("x")),
                    ),
                ),
            ),
            id="held without a claim",
        ),
        pytest.param(
            Decision(
                Done(),
                moves=(Move(LotId("a"), Account(ANN, State.FREE), Account(BEN, State.FREE), 1001),),
            ),
            id="more than there is",
        ),
        pytest.param(
            Decision(Done(), terms=(TermsEdit(LotId("a"), Validity(START), 1),)),
            id="an edit of an old version",
        ),
        pytest.param(
            Decision(Done(), terms=(TermsEdit(LotId("a"), Validity(START), 3),)),
            id="an edit of a version to come",
        ),
        pytest.param(
            Decision(
                Done(),
                claims=(Claim.taking(ClaimId("y"), ANN, [(_plain("a"), 1)], State.SPENT).claim,),
            ),
            id="a claim without its move",
        ),
    ],
)
def test_a_decision_that_breaks_a_promise_writes_nothing(
    desk: Desk, decision: Decision[Done]
) -> None:
    journal = desk.journal()
    with pytest.raises(InvariantViolation):
        desk.give(deciding("breaks", lambda *_: decision)(ANN, BEN))
    assert desk.journal() == journal
    desk.check()


def test_a_decision_that_is_no_decision_writes_nothing(desk: Desk) -> None:
    sloppy: tuple[Any, ...] = (
        Decision("done"),
        Decision(Done(), terms=[TermsEdit(LotId("a"), Validity(START), 2)]),  # type: ignore[arg-type]
        Decision(Done(), records=(Done(),)),  # type: ignore[arg-type]
        Decision(Done(), same_as=7),  # type: ignore[arg-type]
    )
    for decision in sloppy:
        with pytest.raises((UnitLedgerError, AttributeError)):
            desk.give(deciding("sloppy", lambda *_, d=decision: d)(ANN))
    assert len(desk.journal()) == 2
    desk.check()


def test_a_lot_that_is_there_is_not_made_again(desk: Desk) -> None:
    decision = Decision(Done(), lots=(_plain("a"),), moves=(_issuing("a", 1),))
    with pytest.raises(AlreadyExists):
        desk.give(deciding("again", lambda *_: decision)(ANN))
    desk.check()


def test_an_entry_without_a_wallet_is_not_written(desk: Desk) -> None:
    with pytest.raises(InvariantViolation):
        desk.give(deciding("nowhere", probes.nothing)())
    assert len(desk.journal()) == 2
    desk.check()


def test_an_entry_without_moves_is(desk: Desk) -> None:
    desk.give(deciding("nothing", probes.nothing)(ANN))
    desk.check()


# Other portals.


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(lambda n: Capture(ClaimId(f"{n}.1"), ANN), id="capture"),
        pytest.param(lambda n: Release(ClaimId(f"{n}.1"), ANN), id="release"),
        pytest.param(lambda n: Reverse(ClaimId(f"{n}.1"), ANN), id="reverse"),
        pytest.param(lambda n: EditExpiry(LotId(n), ANN, None), id="edit expiry"),
        pytest.param(lambda n: Restore(ANN, LotId(n), u(1)), id="restore"),
        pytest.param(lambda _: Spend(ANN, u(1)), id="spend"),
    ],
)
def test_what_another_portal_has_looks_like_nothing(command: Callable[[str], Command[Any]]) -> None:
    theirs = Desk()
    theirs.issue("known", ANN, u(10))
    theirs.give(Hold(ANN, u(1)), "known")
    ours = Desk(theirs.store, portal="ours")
    foreign = refusal(lambda: ours.give(command("known"), "x"))
    unknown = refusal(lambda: ours.give(command("never"), "x"))
    assert foreign[:2] == unknown[:2]
    assert str(foreign[2]).replace("known", "never") == str(unknown[2])
    assert issubclass(foreign[0], (UnknownObject, InsufficientUnits))
    assert ours.figures(ANN) == (0, 0, 0, 0, 0)
    assert ours.journal() == ()
    assert ours.ledger.receipt("known") is None


def test_a_request_of_one_portal_is_free_in_another() -> None:
    theirs = Desk()
    theirs.issue("a", ANN, u(10))
    ours = Desk(theirs.store, portal="ours")
    ours.issue("a", ANN, u(7))
    assert (theirs.figures(ANN)[0], ours.figures(ANN)[0]) == (1000, 700)
    ours.check()
    theirs.check()


# Holds whose time is over.


@pytest.mark.parametrize("swept", [False, True], ids=["never swept", "swept"])
def test_an_overdue_hold_is_over_before_anybody_sweeps(swept: bool) -> None:
    desk = Desk()
    desk.issue("a", ANN, u(10), expires=day(30))
    claim = desk.hold(ANN, u(6), day(2))
    assert desk.at(2 - 1e-9).figures(ANN) == (400, 600, 0, 0, 0)
    assert desk.at(2).figures(ANN) == (1000, 0, 0, 0, 0)
    if swept:
        desk.give(Sweep(ANN))
    assert desk.figures(ANN) == (1000, 0, 0, 0, 0)
    assert desk.ledger.explain(ANN, u(10)).met
    assert desk.figures(ANN, at=day(1)) == (400, 600, 0, 0, 0)
    with pytest.raises(ClaimExceeded) as caught:
        desk.give(Capture(claim, ANN))
    assert caught.value.there == 0
    assert desk.spend(ANN, u(10)).outcome.spent == u(10)
    assert desk.figures(ANN, at=day(40)) == (0, 0, 1000, 0, 0)
    desk.check()


def test_an_overdue_hold_of_a_lapsed_lot_is_expired() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(10), expires=day(3))
    desk.hold(ANN, u(6), day(5))
    assert desk.at(4).figures(ANN) == (0, 600, 0, 400, 0)
    assert desk.at(5).figures(ANN) == (0, 0, 0, 1000, 0)
    desk.give(Sweep(ANN))
    assert desk.figures(ANN) == (0, 0, 0, 1000, 0)
    desk.give(EditExpiry(LotId("a"), ANN, day(9)))
    assert desk.figures(ANN) == (1000, 0, 0, 0, 0)
    assert desk.spend(ANN, u(10)).outcome.spent == u(10)
    desk.check()


def test_an_overdue_hold_of_two_wallets_is_over_in_both() -> None:
    def holds(_probe: Probe, view: View) -> Decision[Done]:
        first = view.plan(ANN, u(2))
        shift = Claim.taking(ClaimId("both"), ANN, first.taken, State.HELD, deadline=view.at + DAY)
        second = shift.claim.joined(BEN, view.plan(BEN, u(2)).taken, State.HELD)
        return Decision.of(Done(), shift, second)

    for wallet, other in ((ANN, BEN), (BEN, ANN)):
        desk = Desk()
        desk.issue("a", ANN, u(5))
        desk.issue("b", BEN, u(5))
        desk.give(deciding("holds", holds)(ANN, BEN))
        assert desk.figures(other) == (300, 200, 0, 0, 0)
        desk.at(1)
        assert desk.figures(other) == (500, 0, 0, 0, 0)
        desk.spend(wallet, u(5))
        assert desk.figures(other) == (500, 0, 0, 0, 0)
        touched = [touch.wallet for touch in entry_of(desk.journal()[-1]).touches]
        assert touched == [ANN, BEN]
        desk.check()


def test_the_next_deadline_is_known_after_each_release() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(10))
    for number in (5, 3, 4):
        desk.hold(ANN, u(2), day(number))
    for number, available in ((2, 400), (3, 600), (4, 800), (5, 1000)):
        assert desk.at(number).figures(ANN)[0] == available
        desk.give(Sweep(ANN))
        assert desk.figures(ANN)[0] == available
        desk.check()


def test_an_explanation_is_what_would_be_burned() -> None:
    desk = rich_desk()
    for amount in (u(1), u(5), u(10)):
        plan = desk.ledger.explain(ANN, amount)
        receipt = desk.ledger.preview(Spend(ANN, amount), by=ADMIN)
        spent = [(m.lot, m.parts) for m in receipt.moves if m.target.state is State.SPENT]
        assert [(lot.id, parts) for lot, parts in plan.taken] == spent


# What the Directory says.


class Directory:
    """Says what it is told to say, and counts how often it is asked."""

    def __init__(self, manages: Any = True, groups: Any = frozenset({"g"})) -> None:
        self.says: Any = (manages, groups)
        self.asked: list[tuple[str, ...]] = []

    def manages(self, manager: str, course: str, at: datetime) -> Any:
        self.asked.append(("manages", manager, course))
        return self.says[0]

    def groups(self, user: str, at: datetime) -> Any:
        self.asked.append(("groups", user))
        return self.says[1]

    direct = lineage = superiors = people = groups


def test_an_answer_is_asked_for_once_and_kept() -> None:
    def asks(_probe: Probe, view: View) -> Decision[Done]:
        assert [view.manages("m", "c"), view.manages("m", "c")] == [True, True]
        assert view.groups("ann") == view.groups("ann") == {"ann", "g"}
        return Decision(Done())

    directory = Directory()
    desk = Desk(directory=directory)
    desk.give(deciding("asks", asks)(ANN))
    assert directory.asked == [("manages", "m", "c"), ("groups", "ann")]
    answers = entry_of(desk.journal()[0]).answers
    assert [attrs.astuple(answer) for answer in answers] == [
        ("manages", ("m", "c"), ("yes",)),
        ("groups", ("ann",), ("g",)),
    ]


def test_roles_are_tried_in_the_order_of_the_table() -> None:
    """Whatever the order of a set of roles is, the same questions are asked."""
    directory = Directory(manages=False)
    desk = Desk(directory=directory)
    desk.give(Careful(ANN), by=Actor.acting("x", *Role))
    assert directory.asked == [("manages", "x", "c"), ("groups", "x")]


@pytest.mark.parametrize("groups", [["g"], {1}, {"\ud800"}, {None}, "abc", None])
def test_an_answer_that_is_none_writes_nothing(groups: Any) -> None:
    def asks(_probe: Probe, view: View) -> Decision[Done]:
        view.groups("ann")
        return Decision(Done())

    desk = Desk(directory=Directory(groups=groups))
    with pytest.raises(InvalidInput):
        desk.give(deciding("asks", asks)(ANN))
    with pytest.raises(InvalidInput):
        desk.give(deciding("asks", asks)(ANN), by=LEARNER)
    assert desk.journal() == ()


@pytest.mark.parametrize("manages", [1, "no", None, object()])
def test_a_yes_that_is_no_bool_writes_nothing(manages: Any) -> None:
    desk = Desk(directory=Directory(manages))
    with pytest.raises(InvalidType):
        desk.give(Careful(ANN), by=Actor.acting("m", Role.MANAGER))
    assert desk.journal() == ()


def test_a_directory_that_fails_writes_nothing(desk: Desk) -> None:
    class Down(FixedDirectory):  # type: ignore[misc]
        def manages(self, manager: str, course: str, at: datetime) -> bool:
            raise Boom

    ledger = Ledger(desk.store, clock=FixedClock(START), directory=Down())
    with pytest.raises(Boom):
        ledger.execute(Careful(ANN), by=Actor.acting("m", Role.MANAGER), request="x")
    assert len(desk.journal()) == 2
    desk.check()


# The same bytes in every setting.

SETTINGS = {
    "plain": ([], {}, ""),
    "another hash seed": ([], {"PYTHONHASHSEED": "1"}, ""),
    "yet another hash seed": ([], {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Apia"}, ""),
    "without asserts": (["-O"], {}, ""),
    "without asserts and docstrings": (["-OO"], {"PYTHONHASHSEED": "2"}, ""),
    "a decimal context of one digit": ([], {}, "context"),
    "attrs without validators": ([], {}, "attrs"),
}


def test_i15_receipts_and_journal_are_the_same_bytes_in_every_setting() -> None:
    told = {
        name: subprocess.run(
            [sys.executable, *flags, "-W", "error", "-m", "tests.settings_story", host],
            env={**os.environ, "PYTHONPATH": str(ROOT), **more},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        for name, (flags, more, host) in SETTINGS.items()
    }
    for name, done in told.items():
        assert (name, done.returncode, done.stderr) == (name, 0, "")
    assert len({done.stdout for done in told.values()}) == 1, told
    assert int(told["plain"].stdout.split()[0]) > 100
