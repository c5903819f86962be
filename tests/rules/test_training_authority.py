"""Who may give which command of the room: every role, and everybody else."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.rules.test_training_assignments import create
from tests.rules.test_training_purchases import buy
from tests.rules.training_room import Room, code_id
from unitledger import training
from unitledger.accounts import batch, keycode, member
from unitledger.amounts import Rate, Units
from unitledger.commands import Actor, Command, Role
from unitledger.errors import NotPermitted
from unitledger.operations import Issue
from unitledger.policy import DebitAt, Policy
from unitledger.training import (
    ActivateAssignment,
    AdjustPrice,
    AdjustTotal,
    CancelAssignment,
    CancelLine,
    CaptureLine,
    CopyAssignment,
    Distribute,
    EditAssignment,
    EditKeyCode,
    EditLastDay,
    FireAssignment,
    Item,
    NameDistributors,
    PlaceOrder,
    PurchaseType,
    RefundLine,
    RegisterKeyCode,
    ReissueUnits,
    ReleaseLine,
    ReopenKeyCode,
    ReplaceKeyCode,
    SuspendKeyCode,
    TakeBack,
    WithdrawLine,
    lot_of,
)

YOGA = (Item.in_units("yoga", 1),)
COMMANDS: dict[str, Command[Any]] = {
    "create": create(assignment="autumn"),
    "fire": FireAssignment("winter"),
    "register": RegisterKeyCode(code_id(2)),
    "edit code": EditKeyCode(code_id(), comments="for the spring"),
    "suspend code": SuspendKeyCode(code_id()),
    "reopen code": ReopenKeyCode(code_id(3)),
    "replace code": ReplaceKeyCode(code_id(), code_id(4)),
    "distribute": Distribute("spring", 1, (("ann", Units.of(1)),)),
    "own order": PlaceOrder("o2", "ann", YOGA),
    "own order by code": PlaceOrder("o2", "ann", YOGA, code_id()),
    "another's order": PlaceOrder("o2", "bob", YOGA),
    "refund": RefundLine("o1", 1),
    "capture": CaptureLine("o9", 1),
    "release": ReleaseLine("o9", 1),
    "own withdrawal": WithdrawLine("o1", 1),
    "another's withdrawal": WithdrawLine("o3", 1),
    "cancel line": CancelLine("o1", 1),
    "adjust price": AdjustPrice("o1", 1, Units.of("0.50")),
    "own purchase": buy(),
    "another's purchase": buy(buyer="bob"),
    "own distribution": buy(type=PurchaseType.DISTRIBUTABLE),
    "edit": EditAssignment(**attrs.asdict(create(assignment="winter"), recurse=False)),
    "cancel": CancelAssignment("winter"),
    "activate": ActivateAssignment("idle"),
    "copy": CopyAssignment("copied", "winter"),
    "name distributors": NameDistributors("spring", frozenset({"zoe"})),
    "take back": TakeBack("spring", 1, "bob", Units.of(1)),
    "last day": EditLastDay(lot_of("spring", 1, 1), batch("spring", 1, 1), None),
    "total": AdjustTotal(lot_of("spring", 1, 1), batch("spring", 1, 1), Units.of(29)),
    "reissue": ReissueUnits("o1", Units.of(1)),
    "issue": Issue("L", member("ann"), Units.of(1)),  # type: ignore[arg-type]
}
"""What is tried, always by ann, whom the spring assignment names a distributor."""

SCHEDULES = "create fire edit cancel activate copy name-distributors last-day total"
CODES = "register edit-code suspend-code reopen-code replace-code"
ORDERS = "own-order own-order-by-code another's-order refund capture release"
ENDINGS = "own-withdrawal another's-withdrawal cancel-line adjust-price"
SALES = "own-purchase another's-purchase own-distribution"
TABLE = {
    Role.ADMIN: f"{SCHEDULES} issue reissue {CODES} {ORDERS} {ENDINGS} {SALES}",
    Role.SYSTEM: f"{SCHEDULES} issue reissue {CODES} {ORDERS} {ENDINGS} {SALES}",
    Role.CREATOR: f"{SCHEDULES} issue {CODES} {SALES}",
    Role.DISTRIBUTOR: "distribute take-back own-distribution",
    Role.LEARNER: "own-order own-order-by-code own-withdrawal own-purchase",
    Role.MANAGER: "",
}


def prepared() -> Room:
    policy = Policy(
        debit_at=DebitAt.HOLD_THEN_CAPTURE,
        unit_value=Rate.of("1.50"),
        currency="EUR",
        claw_back=True,
    )
    room = Room(policy, "ann: sales", "bob: sales")
    room.register()
    room.register(3)
    room.do(SuspendKeyCode(code_id(3)))
    for wallet, lot in (
        (keycode(code_id()), "K 9"),
        (member("ann"), "A 9"),
        (member("bob"), "B 9"),
    ):
        room.issue(wallet, lot)
    room.do(create(distributors=frozenset({"ann"})))
    room.do(create(assignment="winter"))
    room.do(create(assignment="idle"))
    room.do(CancelAssignment("idle"))
    room.do(FireAssignment("spring"))
    room.do(Distribute("spring", 1, (("bob", Units.of(1)),)), Actor.acting("ann", Role.DISTRIBUTOR))
    room.do(PlaceOrder("o1", "ann", YOGA))
    room.do(PlaceOrder("o3", "bob", YOGA))
    room.do(PlaceOrder("o9", "ann", YOGA, needs_approval=True))
    return room


ROWS = [
    pytest.param(role, name, name.replace(" ", "-") in allowed.split(), id=f"{role} {name}")
    for role, allowed in TABLE.items()
    for name in COMMANDS
]


@pytest.mark.parametrize(("role", "name", "allowed"), ROWS)
def test_the_authority_table(role: Role, name: str, *, allowed: bool) -> None:
    """TU-005, TU-006, TU-007: a role without a row is refused."""
    actor = Actor.acting("ann", role)
    if allowed:
        prepared().do(COMMANDS[name], actor)
    else:
        prepared().refused(NotPermitted, COMMANDS[name], actor)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("create", id="TU-007 an assignment"),
        pytest.param("fire", id="TU-007 a firing"),
        pytest.param("issue", id="TU-007 a lot"),
        pytest.param("register", id="TU-007 a key code"),
    ],
)
def test_a_distributor_creates_nothing(name: str) -> None:
    prepared().refused(NotPermitted, COMMANDS[name], Actor.acting("ann", Role.DISTRIBUTOR))


def test_an_actor_without_a_role_may_do_nothing() -> None:
    room = prepared()
    for command in COMMANDS.values():
        room.refused(NotPermitted, command, Actor.acting("ann"))


def test_roles_add_up() -> None:
    room = prepared()
    actor = Actor.acting("ann", Role.LEARNER, Role.DISTRIBUTOR)
    room.do(COMMANDS["distribute"], actor)
    room.do(COMMANDS["own order"], actor)
    room.refused(NotPermitted, COMMANDS["another's order"], actor)


def test_every_command_of_the_room_stands_in_the_table() -> None:
    found = {getattr(training, name) for name in training.__all__}
    classes = {one for one in found if isinstance(one, type) and issubclass(one, Command)}
    assert classes == {type(command) for command in COMMANDS.values()} - {Issue}
