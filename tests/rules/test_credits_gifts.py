"""Credits between managers of one course: C14, C16 to C20."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rules.credits_portal import ANN, MAX, MAXS, MIA, MIAS, Portal, at, portal
from unitledger.amounts import Credits, Units
from unitledger.commands import Actor, Role
from unitledger.credits import (
    CancelInvite,
    DeactivateManager,
    Gift,
    Give,
    Recall,
    SendInvite,
    Take,
)
from unitledger.errors import (
    GiftExceeded,
    InsufficientUnits,
    NotRegistered,
    UnitLedgerError,
    WalletClosed,
)
from unitledger.lots import Scope

EVE = Actor.acting("eve", Role.MANAGER)
EVES = "manager/eve/first-aid"


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        opened.registered("eve", "first-aid")
        yield opened


def c(number: int) -> Credits:
    return Credits.of(number)


def give(number: int, giver: str = "mia", receiver: str = "max", course: str = "first-aid") -> Give:
    return Give(giver, receiver, course, c(number))


def take(number: int, giver: str = "mia", receiver: str = "max", course: str = "first-aid") -> Take:
    return Take(giver, receiver, course, c(number))


def net(lms: Portal, giver: str, receiver: str) -> int:
    """What the record of the pair says, looked for by what it is about."""
    found = [
        record.net.parts
        for entry in lms.ledger.entries()
        for record in entry.records
        if isinstance(record, Gift)
        and (record.giver, record.receiver, record.course) == (giver, receiver, "first-aid")
    ]
    return found[-1] if found else 0


@pytest.mark.parametrize(
    ("given", "left"),
    [pytest.param(1, 4, id="C17 some"), pytest.param(5, 0, id="C17 all that is left")],
)
def test_a_manager_gives_to_another(lms: Portal, given: int, left: int) -> None:
    lms.allotted(5)
    receipt = lms.run(give(given), MIA)
    outcome = receipt.outcome
    assert (outcome.giver, outcome.receiver, outcome.course) == ("mia", "max", "first-aid")
    assert (outcome.amount, outcome.net) == (c(given), c(given))
    assert [(m.verb, m.source.wallet, m.target.wallet) for m in receipt.moves] == [
        ("transfer", MIAS, MAXS)
    ]
    assert (lms.free(MIAS), lms.free(MAXS)) == (left, given)


def test_an_administrator_gives_in_a_managers_place(lms: Portal) -> None:
    """C17: the switch into the manager's role; taking back is the giver's own."""
    lms.allotted(2)
    lms.run(give(2), ANN)
    assert lms.free(MAXS) == 2
    assert lms.refused(take(1), ANN).code == "not_permitted"


def test_more_than_is_left_is_not_given(lms: Portal) -> None:
    """C17, C19: what an open invite holds is used."""
    lms.allotted(3)
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    refusal = lms.refused(give(3), MIA)
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.needed, refusal.available) == ((MIAS,), c(3), c(2))
    lms.run(give(2), MIA)


@pytest.mark.parametrize(
    ("receiver", "course"),
    [
        pytest.param("max", "fire", id="C14 C16 a manager of another course"),
        pytest.param("leo", "first-aid", id="C14 no manager at all"),
    ],
)
def test_only_a_manager_of_the_course_receives(lms: Portal, receiver: str, course: str) -> None:
    lms.allotted(3, course)
    refusal = lms.refused(give(1, receiver=receiver, course=course), MIA)
    assert isinstance(refusal, NotRegistered)
    assert (refusal.manager, refusal.course) == (receiver, course)


def test_a_giver_the_directory_forgot_may_still_give_but_takes_nothing(lms: Portal) -> None:
    """C14: it is who receives that must be registered."""
    lms.allotted(3)
    lms.run(give(2), MIA)
    lms.unregistered("mia", "first-aid")
    lms.run(give(1), MIA)
    refusal = lms.refused(take(1), MIA)
    assert isinstance(refusal, NotRegistered)
    assert refusal.manager == "mia"


@pytest.mark.parametrize(
    ("given", "used", "asked", "verdict"),
    [
        pytest.param(3, 0, 1, "taken", id="C18 some of it"),
        pytest.param(3, 0, 3, "taken", id="C18 all of it"),
        pytest.param(3, 0, 4, "gift_exceeded", id="C18 more than was given"),
        pytest.param(3, 1, 2, "taken", id="C18 all that is unused"),
        pytest.param(3, 1, 3, "insufficient_units", id="C18 C19 what an invite holds is used"),
        pytest.param(0, 0, 1, "gift_exceeded", id="C18 nothing was given"),
    ],
)
def test_the_giver_takes_back_what_is_unused(
    lms: Portal, given: int, used: int, asked: int, verdict: str
) -> None:
    lms.allotted(5)
    if given:
        lms.run(give(given), MIA)
    for number in range(used):
        lms.run(SendInvite(f"{number}@", "first-aid", "max"), MAX)
    before = lms.figures()
    if verdict == "taken":
        outcome = lms.run(take(asked), MIA).outcome
        assert (outcome.giver, outcome.receiver, outcome.course) == ("mia", "max", "first-aid")
        assert (outcome.amount, outcome.net) == (c(asked), c(given - asked))
        assert lms.free(MIAS) == 5 - given + asked
        assert lms.free(MAXS) == given - used - asked
        assert net(lms, "mia", "max") == given - asked
    else:
        assert lms.refused(take(asked), MIA).code == verdict
        assert lms.figures() == before
        assert net(lms, "mia", "max") == given


def test_beyond_the_gift_the_refusal_says_what_was_given(lms: Portal) -> None:
    """C18: whatever else the other manager has."""
    lms.allotted(4)
    lms.allotted(9, manager="max")
    lms.run(give(2), MIA)
    refusal = lms.refused(take(3), MIA)
    assert isinstance(refusal, GiftExceeded)
    assert (refusal.giver, refusal.receiver, refusal.course) == ("mia", "max", "first-aid")
    assert (refusal.net, refusal.asked) == (c(2), c(3))
    assert "may take back 2 credits from max for first-aid, not the 3 credits" in str(refusal)


def test_beyond_what_is_left_the_refusal_says_what_is_left(lms: Portal) -> None:
    """C18, C19: cancel the invite first."""
    lms.allotted(2)
    lms.run(give(2), MIA)
    invite = lms.run(SendInvite("leo@", "first-aid", "max"), MAX).outcome.invite
    refusal = lms.refused(take(2), MIA)
    assert isinstance(refusal, InsufficientUnits)
    assert (refusal.wallets, refusal.needed, refusal.available) == ((MAXS,), c(2), c(1))
    lms.run(CancelInvite(invite), MAX)
    lms.run(take(2), MIA)
    assert lms.figures() == {MIAS: (2, 0, 0)}


def test_a_third_party_takes_nothing(lms: Portal) -> None:
    """C18, C20: neither who passed nothing on, nor who gave to the one who did."""
    lms.allotted(3)
    lms.run(give(3), MIA)
    lms.run(give(3, "max", "eve"), MAX)
    assert lms.refused(take(1, "mia", "eve"), MIA).code == "gift_exceeded"
    assert lms.refused(take(1, "mia", "max"), MIA).code == "insufficient_units"
    assert lms.refused(take(1, "eve", "max"), EVE).code == "gift_exceeded"
    assert lms.refused(take(1, "max", "eve"), EVE).code == "not_permitted"
    lms.run(take(3, "max", "eve"), MAX)
    lms.run(take(3), MIA)
    assert lms.figures() == {MIAS: (3, 0, 0)}


def test_the_figure_is_of_the_ordered_pair(lms: Portal) -> None:
    """C20: giving back is a gift of its own, and taking lowers the one figure alone."""
    lms.allotted(5)
    lms.run(give(4), MIA)
    lms.run(give(3, "max", "mia"), MAX)
    assert (net(lms, "mia", "max"), net(lms, "max", "mia")) == (4, 3)
    assert lms.run(take(1), MIA).outcome.net == c(3)
    assert lms.run(take(3, "max", "mia"), MAX).outcome.net == c(0)
    assert (net(lms, "mia", "max"), net(lms, "max", "mia")) == (3, 0)
    assert lms.refused(take(1, "max", "mia"), MAX).code == "gift_exceeded"


def test_gifts_add_up(lms: Portal) -> None:
    """C20."""
    lms.allotted(5)
    assert lms.run(give(2), MIA).outcome.net == c(2)
    assert lms.run(give(3), MIA).outcome.net == c(5)
    assert lms.run(take(4), MIA).outcome.net == c(1)
    assert lms.run(give(2), MIA).outcome.net == c(3)


def test_the_figure_is_of_the_course(lms: Portal) -> None:
    """C16, C20."""
    lms.registered("max", "fire")
    lms.allotted(3, "first-aid")
    lms.allotted(3, "fire")
    lms.run(give(2), MIA)
    lms.run(give(1, course="fire"), MIA)
    assert lms.refused(take(2, course="fire"), MIA).code == "gift_exceeded"
    lms.run(take(1, course="fire"), MIA)
    lms.run(take(2), MIA)


def test_a_recall_leaves_the_figure_alone(lms: Portal) -> None:
    """C18, C20, C21: then what is left is the bound."""
    lms.allotted(3)
    lms.run(give(3), MIA)
    lms.run(Recall("max", "first-aid", c(2)))
    assert net(lms, "mia", "max") == 3
    assert lms.refused(take(2), MIA).code == "insufficient_units"
    lms.run(take(1), MIA)


def test_the_first_to_expire_goes_and_a_lot_for_another_course_stays(lms: Portal) -> None:
    """C17, C18."""
    lms.fill(1, MIAS, "late", expires=at("2026-12-01"))
    lms.fill(1, MIAS, "soon", expires=at("2026-06-01"))
    lms.fill(1, MIAS, "else", scope=Scope(courses=frozenset({"fire"})))
    assert [move.lot for move in lms.run(give(1), MIA).moves] == ["soon"]
    assert [move.lot for move in lms.run(give(1), MIA).moves] == ["late"]
    assert lms.refused(give(1), MIA).code == "insufficient_units"
    lms.fill(1, MAXS, "sooner", expires=at("2026-05-01"))
    lms.fill(1, MAXS, "not", scope=Scope(courses=frozenset({"fire"})))
    assert [m.lot for m in lms.run(take(2), MIA).moves] == ["sooner", "soon"]


def test_nothing_is_given_to_or_taken_by_who_left(lms: Portal) -> None:
    """C22."""
    lms.allotted(4)
    lms.run(give(2), MIA)
    lms.run(give(1, "max", "mia"), MAX)
    lms.run(DeactivateManager("max", "first-aid"))
    refusal = lms.refused(give(1), MIA)
    assert isinstance(refusal, WalletClosed)
    assert refusal.wallet == MAXS
    refusal = lms.refused(take(1, "max", "mia"), MAX)
    assert isinstance(refusal, WalletClosed)
    assert refusal.wallet == MAXS


def test_ids_are_not_mixed_up(lms: Portal) -> None:
    """C20: no two pairs share a record, however their ids are cut."""
    keys = {
        Gift(giver, receiver, course, c(1)).key
        for giver, receiver, course in [
            ("a", "b", "1 c d"),
            ("a", "b 1", "c d"),
            ("a 1 b", "1", "c d"),
            ("b", "a", "1 c d"),
            ("a", "b", "1 c"),
        ]
    }
    assert len(keys) == 5


@pytest.mark.parametrize("command", [Give, Take])
@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        pytest.param(("", "b", "c", c(1)), "invalid_id", "giver", id="I16 no giver"),
        pytest.param(("a", " b", "c", c(1)), "invalid_id", "receiver", id="I16 a space before"),
        pytest.param(("a", "b", "é", c(1)), "invalid_id", "course", id="I16 é"),
        pytest.param(("a", "a", "c", c(1)), "invalid_value", "receiver", id="C17 to oneself"),
        pytest.param(("a", "b", "c", c(0)), "invalid_value", "amount", id="C4 D11 zero"),
        pytest.param(("a", "b", "c", 1), "invalid_type", "amount", id="C4 a number"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(
    command: Any, arguments: Any, code: str, field: str
) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        command(*arguments)
    assert (refusal.value.code, refusal.value.details["field"]) == (code, field)


def test_training_units_are_not_given() -> None:
    """C4."""
    with pytest.raises(UnitLedgerError) as refusal:
        Give("a", "b", "c", Units.of(1))  # type: ignore[arg-type]
    assert refusal.value.code == "wrong_unit"


def test_a_figure_is_of_credits() -> None:
    """C20."""
    with pytest.raises(UnitLedgerError) as refusal:
        Gift("a", "b", "c", 1)  # type: ignore[arg-type]
    assert (refusal.value.code, refusal.value.details["field"]) == ("invalid_type", "net")
