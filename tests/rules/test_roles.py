"""The table of roles holds: C60, I9. Every command, every role, every scope has a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.rules.credits_portal import ANN, MAX, MIA, Portal, learner, portal
from tests.rules.roles import REACHES, SCOPES, TABLE, verdicts
from tests.rules.test_credits_authority import COMMANDS
from tests.samples import named
from unitledger.amounts import Credits
from unitledger.codec import kinds
from unitledger.commands import Actor, Command, Outcome, Role, anywhere
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    Give,
    Grant,
    InviteAll,
    InviteEach,
    PurchaseForCourse,
    Reinvite,
    SendInvite,
    Take,
)
from unitledger.errors import NotPermitted, Refused
from unitledger.ledger import Ledger

ONE = Credits.of(1)


def _every() -> dict[str, type[Command[Any]]]:
    named()
    known: dict[str, type[Command[Any]]] = dict(kinds(Command))
    return {n: cls for n, cls in known.items() if cls.__module__.startswith("unitledger.")}


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    """C60, I9: no default allow."""
    assert sorted(TABLE) == sorted(_every())


def test_every_cell_has_a_verdict() -> None:
    """C60: command by role by scope."""
    assert len(list(verdicts())) == len(TABLE) * len(Role) * len(SCOPES)
    assert {reach for row in TABLE.values() for reach in row.values()} == set(REACHES)
    assert not any(allowed for _, _, scope, allowed in verdicts() if scope == "another portal")


@pytest.mark.parametrize("name", [pytest.param(n, id=f"C60 {n}") for n in TABLE])
def test_the_commands_authority_is_its_row(name: str) -> None:
    authority = _every()[name].AUTHORITY
    found = {
        role: "no" if role not in authority else "portal" if authority[role] is anywhere else "own"
        for role in Role
    }
    assert found == TABLE[name]


# What belongs to somebody: tried by its owner, by a colleague and by a stranger.


EVE = Actor.acting("eve", Role.MANAGER)
"""A manager of another course."""


@pytest.fixture(scope="module")
def lms() -> Iterator[Portal]:
    """Mia has credits for first aid, has given Max one, and has an open invite out."""
    with portal() as opened:
        opened.registered("eve", "fire")
        opened.fill(9)
        opened.run(Allocate("first-aid", Credits.of(6)))
        opened.run(Grant("mia", "first-aid", Credits.of(6)))
        opened.run(Give("mia", "max", "first-aid", ONE), MIA)
        opened.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
        yield opened


OWNED: Mapping[str, Callable[[], Command[Outcome]]] = {
    "cancel_invite": lambda: CancelInvite("invite.1"),
    "give": lambda: Give("mia", "max", "first-aid", ONE),
    "invite_all": lambda: InviteAll(("a@",), "first-aid", "mia"),
    "invite_each": lambda: InviteEach(("a@",), "first-aid", "mia"),
    "purchase_for_course": lambda: PurchaseForCourse("p", "mia", "first-aid", ONE, "terms"),
    "reinvite": lambda: Reinvite("invite.1"),
    "send_invite": lambda: SendInvite("a@", "first-aid", "mia"),
    "take": lambda: Take("mia", "max", "first-aid", ONE),
}
"""Commands of credits about what is Mia's."""


@pytest.mark.parametrize(
    ("name", "scope", "by", "allowed"),
    [
        pytest.param(name, scope, by, allowed, id=f"C60 {name} {scope}")
        for name in OWNED
        for scope, by, allowed in (
            (SCOPES[0], MIA, True),
            (SCOPES[1], MAX, False),
            (SCOPES[2], EVE, False),
        )
    ],
)
def test_how_far_a_manager_reaches(
    lms: Portal, name: str, scope: str, by: Actor, *, allowed: bool
) -> None:
    table = {(n, role, where): verdict for n, role, where, verdict in verdicts()}
    assert table[name, Role.MANAGER, scope] is allowed
    if allowed:
        assert lms.ledger.can(OWNED[name](), by=by)
        return
    refusal = lms.refused(OWNED[name](), by)
    assert isinstance(refusal, NotPermitted)
    assert (refusal.actor, refusal.command) == (by.id, name)


def test_how_far_a_learner_reaches(lms: Portal) -> None:
    """C60."""
    accept = AcceptInvite("invite.1", "leo")
    assert lms.ledger.can(accept, by=learner("leo"))
    assert isinstance(lms.refused(accept, learner("lea")), NotPermitted)


def test_every_command_of_a_manager_about_credits_is_tried() -> None:
    own = {n for n, row in TABLE.items() if row[Role.MANAGER] == "own"}
    of_credits = {n for n in own if _every()[n].__module__.startswith("unitledger.credits")}
    assert set(OWNED) == of_credits


def test_nobody_reaches_another_portal(lms: Portal) -> None:
    """C60, I9: whatever is tried next door, nothing of this portal is seen or changed."""
    next_door = Ledger(
        lms.ledger.store, portal="next", clock=lms.ledger.clock, directory=lms.ledger.directory
    )
    before, figures = lms.ledger.journal(), lms.figures()
    actors = (ANN, MIA, MAX, learner("leo"), Actor.acting("cron", Role.SYSTEM))
    tried = [*OWNED.values(), *(make for make, _ in COMMANDS.values())]
    refused = 0
    for number, make in enumerate(tried):
        for by in actors:
            try:
                next_door.execute(make(), by=by, request=f"{number} {by.id}")
            except Refused:
                refused += 1
    assert refused > len(tried)
    assert lms.ledger.journal() == before
    assert lms.figures() == figures
