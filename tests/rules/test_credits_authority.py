"""Who may give which credit command: C60. Every actor has a verdict on every command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.rules.credits_portal import ANN, MIA, POOL, Portal, at, learner, portal
from unitledger.amounts import Credits
from unitledger.codec import kinds
from unitledger.commands import Actor, Command, Outcome, Role
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    ChangePlan,
    ChargeBack,
    CloseCourse,
    CompleteEnrolment,
    DeactivateManager,
    Deallocate,
    Enrol,
    Forfeit,
    Give,
    Grant,
    InviteAll,
    InviteEach,
    Lapse,
    MoveAllocation,
    Purchase,
    PurchaseForCourse,
    ReactivateManager,
    Recall,
    Reinvite,
    ReopenCourse,
    Replenish,
    ReportProgress,
    Resubscribe,
    ReverseEnrolment,
    SendInvite,
    StartEnrolment,
    Subscribe,
    Take,
    WriteBack,
    WriteOff,
)
from unitledger.errors import NotPermitted
from unitledger.ids import LotId
from unitledger.opening import OpenBalances
from unitledger.operations import Issue
from unitledger.policy import Policy
from unitledger.time import Period

ONE = Credits.of(1)
ACTORS: Mapping[str, Actor] = {
    "admin": ANN,
    "manager": MIA,
    "other manager": Actor.acting("max", Role.MANAGER),
    "learner": learner("leo"),
    "other learner": learner("lea"),
    "creator": Actor.acting("cleo", Role.CREATOR),
    "distributor": Actor.acting("dan", Role.DISTRIBUTOR),
    "code holder": Actor.acting("kim"),
    "system": Actor.acting("cron", Role.SYSTEM),
}
"""The seven kinds of actor, with a second manager and learner for what is not their own."""


@pytest.fixture(scope="module")
def lms() -> Iterator[Portal]:
    """A portal in which every command below would succeed, if its actor may give it."""
    with portal() as opened:
        opened.fill(5)
        opened.run(Subscribe("growth", Credits.of(500), Period.YEAR))
        opened.run(Allocate("first-aid", Credits.of(3)))
        opened.run(Grant("mia", "first-aid", Credits.of(2)))
        opened.fill(1, "manager/mia/first-aid")
        opened.run(Give("mia", "max", "first-aid", ONE), MIA)
        opened.run(CloseCourse("closed"))
        opened.run(DeactivateManager("eve", "first-aid"))
        opened.fill(1, lot="off", expires=at("2026-02-01"))
        opened.run(WriteOff(ONE, "miscount"))
        opened.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
        opened.run(Enrol("lou", "fire"), request="enrol")
        opened.run(Purchase("order", ONE, "terms"))
        lapsing(opened)
        yield opened


def lapsing(lms: Portal) -> None:
    """Beside the subscription in force one that can be restored, and one that is forfeited."""
    for name, days in (("suspended", 9), ("forfeited", 0)):
        lms.ledger.policy = Policy(lapse_grace_days=days)
        lms.run(Subscribe(name, ONE, Period.YEAR))
        lms.run(Lapse(name))
    lms.ledger.policy = Policy()


COMMANDS: Mapping[str, tuple[Callable[[], Command[Outcome]], str]] = {
    "subscribe": (lambda: Subscribe("more", ONE, Period.YEAR), "admin, system"),
    "replenish": (lambda: Replenish("growth", 0), "admin, system"),
    "change_plan": (lambda: ChangePlan("growth", Credits.of(600)), "admin, system"),
    "lapse": (lambda: Lapse("growth"), "admin, system"),
    "resubscribe": (lambda: Resubscribe("suspended"), "admin, system"),
    "forfeit": (lambda: Forfeit("forfeited", POOL), "admin, system"),
    "purchase": (lambda: Purchase("more", ONE, "terms"), "admin"),
    "purchase_for_course": (
        lambda: PurchaseForCourse("mine", "mia", "first-aid", ONE, "terms"),
        "manager",
    ),
    "charge_back": (lambda: ChargeBack("order"), "admin, system"),
    "allocate": (lambda: Allocate("fire", ONE), "admin"),
    "deallocate": (lambda: Deallocate("first-aid", ONE), "admin"),
    "grant": (lambda: Grant("mia", "first-aid", ONE), "admin"),
    "move_allocation": (lambda: MoveAllocation("first-aid", "fire", ONE), "admin"),
    "close_course": (lambda: CloseCourse("first-aid"), "admin"),
    "reopen_course": (lambda: ReopenCourse("closed"), "admin"),
    "recall": (lambda: Recall("mia", "first-aid", ONE), "admin"),
    "deactivate_manager": (lambda: DeactivateManager("mia", "first-aid"), "admin"),
    "reactivate_manager": (lambda: ReactivateManager("eve", "first-aid"), "admin"),
    "give": (lambda: Give("mia", "max", "first-aid", ONE), "admin, manager"),
    "take": (lambda: Take("mia", "max", "first-aid", ONE), "manager"),
    "write_off": (lambda: WriteOff(ONE, "miscount"), "admin"),
    "write_back": (lambda: WriteBack(LotId("off"), ONE, "found again"), "admin"),
    "send_invite": (lambda: SendInvite("new@", "first-aid", "mia"), "manager"),
    "cancel_invite": (lambda: CancelInvite("invite.1"), "admin, manager"),
    "reinvite": (lambda: Reinvite("invite.1"), "manager"),
    "accept_invite": (lambda: AcceptInvite("invite.1", "leo"), "learner"),
    "enrol": (lambda: Enrol("leo", "first-aid"), "admin"),
    "invite_all": (lambda: InviteAll(("a@", "leo@"), "first-aid", "mia"), "manager"),
    "invite_each": (lambda: InviteEach(("a@", "a@"), "first-aid", "mia"), "manager"),
    "start_enrolment": (lambda: StartEnrolment("enrol.1"), "admin, system"),
    "report_progress": (lambda: ReportProgress("enrol.1", 10), "admin, system"),
    "complete_enrolment": (lambda: CompleteEnrolment("enrol.1"), "admin, system"),
    "reverse_enrolment": (lambda: ReverseEnrolment("enrol.1"), "admin"),
    "open_balances": (lambda: OpenBalances((Issue("new", "pool", ONE),)), "admin"),  # type: ignore[arg-type]
}
"""Every command of the room, with the actors of the table above that may give it."""


@pytest.mark.parametrize("who", ACTORS)
@pytest.mark.parametrize(
    "name", [pytest.param(name, id=f"C60 {name.replace('_', ' ')}") for name in COMMANDS]
)
def test_who_may(lms: Portal, name: str, who: str) -> None:
    make, allowed = COMMANDS[name]
    if who in allowed.split(", "):
        assert lms.ledger.can(make(), by=ACTORS[who])
    else:
        refusal = lms.refused(make(), ACTORS[who])
        assert isinstance(refusal, NotPermitted)
        assert (refusal.actor, refusal.command) == (ACTORS[who].id, name)


def test_every_command_of_the_room_has_its_row() -> None:
    """No default allow: a command that is added needs a verdict for everybody."""
    rooms = ("unitledger.credits.", "unitledger.opening")
    there = {name for name, cls in kinds(Command).items() if cls.__module__.startswith(rooms)}
    assert there == set(COMMANDS)


def test_an_actor_who_may_not_is_told_so_before_anything_else(lms: Portal) -> None:
    """C60: not whether there is such an invite, nor whether there are funds."""
    assert lms.refused(CancelInvite("nothing.1"), ACTORS["learner"]).code == "not_permitted"
    assert lms.refused(Allocate("fire", Credits.of(999)), MIA).code == "not_permitted"


def test_two_roles_reach_as_far_as_the_further(lms: Portal) -> None:
    """C60."""
    both = Actor.acting("max", Role.MANAGER, Role.ADMIN)
    assert lms.ledger.can(CancelInvite("invite.1"), by=both)
    assert not lms.ledger.can(Reinvite("invite.1"), by=both)


def test_a_manager_issues_nothing() -> None:
    """I9: no command of a manager or a learner brings units into the portal."""
    bringing: tuple[type[Command[Any]], ...] = (Subscribe, Replenish, OpenBalances, Issue)
    for command in bringing:
        assert not {Role.MANAGER, Role.LEARNER, Role.DISTRIBUTOR} & set(command.AUTHORITY)
