"""Credits of a course in the hands of its managers: C11, C14, C15, C16, C21, C22, C55."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.credits_portal import AID, FIRE, MAXS, MIA, MIAS, POOL, Portal, at, portal
from unitledger.amounts import Credits, Units
from unitledger.credits import (
    Allocate,
    CloseCourse,
    DeactivateManager,
    Enrol,
    Grant,
    ReactivateManager,
    Recall,
    SendInvite,
)
from unitledger.errors import (
    IllegalTransition,
    InsufficientUnits,
    NotRegistered,
    UnitLedgerError,
    UnknownObject,
    WalletClosed,
)
from unitledger.lots import Scope

ONE = Credits.of(1)


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


@pytest.mark.parametrize(
    ("manager", "course", "registered"),
    [
        pytest.param("mia", "first-aid", True, id="C14 a manager of the course"),
        pytest.param("max", "first-aid", True, id="C14 another of its managers"),
        pytest.param("max", "fire", False, id="C14 a manager of another course"),
        pytest.param("leo", "first-aid", False, id="C14 no manager at all"),
        pytest.param("MIA", "first-aid", False, id="C14 not quite her id"),
    ],
)
def test_only_a_manager_of_the_course_is_given_its_credits(
    lms: Portal, manager: str, course: str, registered: bool
) -> None:
    lms.fill(10)
    lms.run(Allocate(course, Credits.of(5)))
    grant = Grant(manager, course, Credits.of(2))
    if registered:
        outcome = lms.run(grant).outcome
        assert (outcome.manager, outcome.course, outcome.amount) == (manager, course, Credits.of(2))
        assert lms.free(f"manager/{manager}/{course}") == 2
        assert lms.free(f"course/{course}") == 3
    else:
        refusal = lms.refused(grant)
        assert isinstance(refusal, NotRegistered)
        assert (refusal.manager, refusal.course) == (manager, course)
        assert "register them there first" in str(refusal)


def test_whether_she_is_registered_is_asked_first(lms: Portal) -> None:
    """C14: life cycles and limits come before funds."""
    assert lms.refused(Grant("leo", "first-aid", ONE)).code == "not_registered"


@pytest.mark.parametrize(
    ("allocated", "asked"),
    [
        pytest.param(0, 1, id="C15 C55 nothing allocated, though the pool is full"),
        pytest.param(3, 4, id="C15 one more than is allocated"),
    ],
)
def test_only_what_is_allocated_to_the_course_is_given(
    lms: Portal, allocated: int, asked: int
) -> None:
    lms.fill(100)
    if allocated:
        lms.run(Allocate("first-aid", Credits.of(allocated)))
    refusal = lms.refused(Grant("mia", "first-aid", Credits.of(asked)))
    assert isinstance(refusal, InsufficientUnits)
    assert refusal.wallets == (AID,)
    assert refusal.available == Credits.of(allocated)
    assert lms.free(POOL) == 100 - allocated


def test_what_enrolments_took_is_not_given(lms: Portal) -> None:
    """C11, C15: the course's credits serve enrolments and managers alike."""
    lms.fill(10)
    lms.run(Allocate("first-aid", Credits.of(2)))
    lms.run(Enrol("leo", "first-aid"))
    assert lms.refused(Grant("mia", "first-aid", Credits.of(2))).code == "insufficient_units"
    lms.run(Grant("mia", "first-aid", ONE))
    assert lms.figures() == {POOL: (8, 0, 0), AID: (0, 0, 1), MIAS: (1, 0, 0)}


def test_allocating_more_lifts_the_block(lms: Portal) -> None:
    """C15."""
    lms.fill(1)
    assert lms.refused(Grant("mia", "first-aid", ONE)).code == "insufficient_units"
    lms.run(Allocate("first-aid", ONE))
    lms.run(Grant("mia", "first-aid", ONE))


def test_a_manager_has_one_balance_per_course(lms: Portal) -> None:
    """C16: what she has for one course pays for no other."""
    lms.allotted(3, "first-aid", "mia")
    lms.allotted(2, "first-aid", "max")
    assert (lms.free(MIAS), lms.free(MAXS), lms.free("manager/mia/fire")) == (3, 2, 0)
    refusal = lms.refused(SendInvite("lea@", "fire", "mia"), MIA)
    assert isinstance(refusal, InsufficientUnits)
    assert refusal.wallets == ("manager/mia/fire",)
    lms.fill(1)
    lms.run(Allocate("fire", ONE))
    assert lms.refused(SendInvite("lea@", "fire", "mia"), MIA).code == "insufficient_units"
    assert (lms.free(MIAS), lms.free(FIRE)) == (3, 1)


def test_ids_with_a_slash_are_other_wallets(lms: Portal) -> None:
    """C16: no manager's id and course can be written so that they name another's wallet."""
    assert Grant("mia", "fire/first-aid", ONE).wallets()[1] == "manager/mia/fire%2Ffirst-aid"
    assert Grant("mia/fire", "first-aid", ONE).wallets()[1] == "manager/mia%2Ffire/first-aid"


def test_the_first_to_expire_is_given_first(lms: Portal) -> None:
    """C16."""
    lms.fill(1, AID, "late", expires=at("2026-12-01"))
    lms.fill(1, AID, "soon", expires=at("2026-06-01"))
    (move,) = lms.run(Grant("mia", "first-aid", ONE)).moves
    assert move.lot == "soon"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("", "c", ONE), "invalid_id", id="I16 no manager"),
        pytest.param(("m", " c", ONE), "invalid_id", id="I16 a space before"),
        pytest.param(("m", "c", Credits.of(0)), "invalid_value", id="C4 D11 zero"),
        pytest.param(("m", "c", Units.of(1)), "wrong_unit", id="C4 training units"),
        pytest.param(("m", "c", 1.0), "invalid_type", id="C4 a float"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(arguments: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        Grant(*arguments)
    assert refusal.value.code == code


# Recall.


@pytest.mark.parametrize("back", [pytest.param(1, id="C21 some"), pytest.param(3, id="C21 all")])
def test_an_administrator_recalls_what_a_manager_has_left(lms: Portal, back: int) -> None:
    lms.allotted(3)
    receipt = lms.run(Recall("mia", "first-aid", Credits.of(back)))
    outcome = receipt.outcome
    assert (outcome.manager, outcome.course, outcome.amount) == (
        *("mia", "first-aid"),
        Credits.of(back),
    )
    assert (outcome.wallet, outcome.settled) == (AID, Credits.of(0))
    assert [(m.verb, m.source.wallet, m.target.wallet) for m in receipt.moves] == [
        ("transfer", MIAS, AID)
    ]
    assert (lms.free(MIAS), lms.free(AID)) == (3 - back, back)


def test_a_recall_takes_nothing_that_an_invite_holds(lms: Portal) -> None:
    """C19, C21."""
    lms.allotted(2)
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    refusal = lms.refused(Recall("mia", "first-aid", Credits.of(2)))
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.available) == ((MIAS,), ONE)


def test_a_manager_the_directory_forgot_is_recalled_from(lms: Portal) -> None:
    """C21: managers leave."""
    lms.allotted(2)
    lms.unregistered("mia", "first-aid")
    lms.run(Recall("mia", "first-aid", Credits.of(2)))
    assert lms.figures() == {AID: (2, 0, 0)}


def test_a_recall_is_of_one_course(lms: Portal) -> None:
    """C16, C21."""
    lms.allotted(2, "fire")
    assert lms.refused(Recall("mia", "first-aid", ONE)).code == "insufficient_units"


def test_the_first_to_expire_is_recalled_first(lms: Portal) -> None:
    """C21."""
    lms.fill(1, MIAS, "late", expires=at("2026-12-01"))
    lms.fill(1, MIAS, "soon", expires=at("2026-06-01"))
    lms.fill(1, MIAS, "else", scope=Scope(courses=frozenset({"fire"})))
    moves = lms.run(Recall("mia", "first-aid", Credits.of(2))).moves
    assert [move.lot for move in moves] == ["soon", "late"]


def test_a_recall_for_a_closed_course_goes_on_to_the_pool(lms: Portal) -> None:
    """C22."""
    lms.allotted(2)
    lms.run(CloseCourse("first-aid"))
    outcome = lms.run(Recall("mia", "first-aid", Credits.of(2))).outcome
    assert (outcome.wallet, outcome.amount) == (POOL, Credits.of(2))
    assert lms.figures() == {POOL: (2, 0, 0)}


# Managers who leave.


def test_who_leaves_gives_back_all_that_is_free(lms: Portal) -> None:
    """C22: also a lot that begins later, and one for another course; what lapsed stays."""
    lms.allotted(2)
    lms.fill(1, MIAS, "else", scope=Scope(courses=frozenset({"fire"})))
    lms.fill(4, MIAS, "gone", expires=at("2026-02-01T09:00"))
    lms.fill(8, MIAS, "later", effective=at("2026-03-01"))
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    lms.clock.at = at("2026-02-01T09:00")
    receipt = lms.run(DeactivateManager("mia", "first-aid"))
    outcome = receipt.outcome
    assert (outcome.manager, outcome.course, outcome.wallet) == ("mia", "first-aid", AID)
    assert (outcome.amount, outcome.settled) == (Credits.of(11), Credits.of(0))
    assert lms.figures() == {AID: (3, 0, 0), MIAS: (0, 1, 0)}
    assert lms.expired(MIAS) == 3
    lms.clock.at = at("2026-03-01")
    assert lms.free(AID) == 11


def test_who_leaves_keeps_what_is_held_and_lapsed(lms: Portal) -> None:
    """C22."""
    lms.fill(4, MIAS, "gone", expires=at("2026-02-01T09:00"))
    lms.allotted(2)
    lms.clock.at = at("2026-02-01T09:00")
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert lms.run(DeactivateManager("mia", "first-aid")).outcome.amount == ONE
    assert lms.figures() == {AID: (1, 0, 0), MIAS: (0, 1, 0)}
    assert lms.expired(MIAS) == 4


def test_who_has_nothing_leaves_all_the_same(lms: Portal) -> None:
    """C22."""
    receipt = lms.run(DeactivateManager("mia", "first-aid"))
    assert (receipt.outcome.amount, receipt.moves) == (Credits.of(0), ())
    assert lms.refused(Grant("mia", "first-aid", ONE)).code == "wallet_closed"


def test_who_left_gets_nothing_until_they_are_back(lms: Portal) -> None:
    """C22."""
    lms.fill(5)
    lms.run(Allocate("first-aid", Credits.of(5)))
    lms.run(DeactivateManager("mia", "first-aid"))
    refusal = lms.refused(Grant("mia", "first-aid", ONE))
    assert isinstance(refusal, WalletClosed)
    assert refusal.wallet == MIAS
    lms.run(Grant("max", "first-aid", ONE))
    outcome = lms.run(ReactivateManager("mia", "first-aid")).outcome
    assert (outcome.manager, outcome.course) == ("mia", "first-aid")
    lms.run(Grant("mia", "first-aid", ONE))
    assert lms.figures() == {AID: (3, 0, 0), MIAS: (1, 0, 0), MAXS: (1, 0, 0)}


def test_leaving_is_of_one_course(lms: Portal) -> None:
    """C16, C22."""
    lms.allotted(1, "fire")
    lms.run(DeactivateManager("mia", "first-aid"))
    lms.run(SendInvite("leo@", "fire", "mia"), MIA)


def test_nobody_leaves_or_comes_back_twice(lms: Portal) -> None:
    """C22."""
    unknown = lms.refused(ReactivateManager("mia", "first-aid"))
    assert isinstance(unknown, UnknownObject)
    assert (unknown.kind, unknown.key) == ("closure", MIAS)
    lms.run(DeactivateManager("mia", "first-aid"))
    refusal = lms.refused(DeactivateManager("mia", "first-aid"))
    assert isinstance(refusal, IllegalTransition)
    assert (refusal.kind, refusal.key, refusal.state, refusal.wanted) == (
        *("closure", MIAS),
        *("closed", "closed"),
    )
    lms.run(ReactivateManager("mia", "first-aid"))
    refusal = lms.refused(ReactivateManager("mia", "first-aid"))
    assert isinstance(refusal, IllegalTransition)
    assert (refusal.state, refusal.wanted) == ("reopened", "reopened")
    lms.run(DeactivateManager("mia", "first-aid"))


def test_who_leaves_a_closed_course_gives_back_to_the_pool(lms: Portal) -> None:
    """C22."""
    lms.allotted(2)
    lms.run(CloseCourse("first-aid"))
    outcome = lms.run(DeactivateManager("mia", "first-aid")).outcome
    assert (outcome.wallet, outcome.amount) == (POOL, Credits.of(2))
    assert lms.figures() == {POOL: (2, 0, 0)}


@pytest.mark.parametrize("command", [DeactivateManager, ReactivateManager])
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(("", "c"), "manager", id="I16 no manager"),
        pytest.param(("m", "c "), "course", id="I16 a space behind"),
    ],
)
def test_a_managers_account_has_two_ids(command: Any, arguments: Any, field: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        command(*arguments)
    assert (refusal.value.code, refusal.value.details["field"]) == ("invalid_id", field)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("", "c", ONE), "invalid_id", id="I16 no manager"),
        pytest.param(("m", "", ONE), "invalid_id", id="I16 no course"),
        pytest.param(("m", "c", Credits.of(0)), "invalid_value", id="C4 D11 zero"),
        pytest.param(("m", "c", Units.of(1)), "wrong_unit", id="C4 training units"),
    ],
)
def test_a_recall_is_of_whole_credits_above_zero(arguments: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        Recall(*arguments)
    assert refusal.value.code == code
