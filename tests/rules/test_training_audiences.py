"""Audiences: users, units and groups, those below them, and how often an amount is issued."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_training_assignments import create, for_code
from tests.rules.training_room import Room, code_id, day, distributor, learner, rule
from unitledger.accounts import batch, keycode
from unitledger.amounts import Units
from unitledger.errors import (
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    OutsideAudience,
)
from unitledger.lots import Scope, Use
from unitledger.policy import MembershipAt, Policy
from unitledger.ports import FixedDirectory
from unitledger.training import (
    AudienceKind,
    AudienceRow,
    Distribute,
    FireAssignment,
    Item,
    PlaceOrder,
    memberships,
)
from unitledger.views import LockedView

USER, OU, GROUP = AudienceKind.USER, AudienceKind.OU, AudienceKind.GROUP
FACTS = FixedDirectory(
    members=frozenset(
        {
            ("ann", "sales"),
            ("bob", "emea"),
            ("leo", "legal"),
            ("mia", "sales"),
            ("sales", "legal"),
            ("hq", "hq"),
        }
    ),
    parents=frozenset({("sales", "emea")}),
    reports=frozenset({("ann", "mia"), ("leo", "ann")}),
)
DAN = distributor("dan")


def row(audience: str | None, kind: AudienceKind | None = None, **flags: bool) -> AudienceRow:
    """Ten units for an audience."""
    return AudienceRow(Units.of(10), audience, kind, **flags)


def fired(one: AudienceRow, policy: Policy | None = None) -> Room:
    room = Room(policy)
    room.ledger.directory = FACTS
    room.do(create(rows=(one,)))
    room.do(FireAssignment("spring"))
    return room


def give(user: str) -> Distribute:
    return Distribute("spring", 1, ((user, Units.of(1)),))


@pytest.mark.parametrize(
    ("one", "inside", "outside"),
    [
        pytest.param(row("emea", OU), "bob", "ann mia leo", id="TU-030 a unit alone"),
        pytest.param(
            row("emea", OU, subordinates=True), "bob ann mia", "leo emea", id="TU-029 below"
        ),
        pytest.param(row("sales", OU), "ann mia", "bob leo sales", id="TU-030 the lower unit"),
        pytest.param(
            row("sales", OU, subordinates=True), "ann mia", "bob sales", id="TU-029 nothing below"
        ),
        pytest.param(row("sales", GROUP), "ann mia", "bob leo sales", id="TU-087 a group"),
        pytest.param(row("emea", GROUP), "bob ann mia", "leo emea", id="TU-087 a group above"),
        pytest.param(row("legal", GROUP), "leo sales", "ann legal", id="TU-087 a name twice"),
        pytest.param(row("hq", GROUP), "hq", "ann", id="TU-087 a user in a group of that name"),
        pytest.param(row("mia", USER), "mia", "ann leo", id="TU-030 a user alone"),
        pytest.param(
            row("mia", USER, subordinates=True), "mia ann leo", "bob", id="TU-029 those who report"
        ),
        pytest.param(row("ann", USER, subordinates=True), "ann leo", "mia", id="TU-029 only below"),
        pytest.param(row("sales", USER), "sales", "ann", id="TU-087 a user named like a unit"),
        pytest.param(row("sales"), "ann mia sales", "bob", id="TU-087 without a kind"),
        pytest.param(row("emea"), "bob ann emea", "leo", id="TU-087 without a kind, above"),
    ],
)  # fmt: skip
def test_who_belongs_to_an_audience(one: AudienceRow, inside: str, outside: str) -> None:
    room = fired(one)
    for user in inside.split():
        room.do(give(user), DAN)
    for user in outside.split():
        refusal = room.refused(OutsideAudience, give(user), DAN)
        assert (refusal.user, refusal.audience) == (user, f"{one.audience} of spring")


@pytest.mark.parametrize(
    ("one", "inside", "outside"),
    [
        pytest.param(row("emea", OU), "bob", "ann leo", id="TU-106 a unit alone"),
        pytest.param(row("emea", OU, subordinates=True), "bob ann", "leo emea", id="TU-106 below"),
        pytest.param(row("sales", GROUP), "ann mia", "bob sales", id="TU-106 a group"),
        pytest.param(row("mia", USER), "mia", "ann", id="TU-106 a user"),
        pytest.param(row("mia", USER, subordinates=True), "mia leo", "bob", id="TU-106 reports"),
        pytest.param(row("sales"), "ann sales", "bob", id="TU-106 without a kind"),
        pytest.param(row(None), "ann bob nobody", "", id="X-19 anyone"),
    ],
)
def test_whom_a_lot_behind_a_key_code_knows(one: AudienceRow, inside: str, outside: str) -> None:
    room = Room()
    room.ledger.directory = FACTS
    room.register()
    room.do(for_code(rows=(one,)))
    room.do(FireAssignment("spring"))
    (line,) = room.ledger.balance(keycode(code_id())).lots
    scope = line.lot.scope
    assert scope == one.scope()
    assert (scope is None) == (one.audience is None)

    def admitted(user: str) -> bool:
        if scope is None:
            return True
        return scope.admits(Use(groups=memberships(looking(room), user, scope.audience)))

    assert [user for user in inside.split() if not admitted(user)] == []
    assert [user for user in outside.split() if admitted(user)] == []


@pytest.mark.parametrize(
    ("audiences", "known", "asked"),
    [
        ("", "ann sales emea", ["groups"]),
        ("user:ann group:emea group:ann other", "ann sales emea user:ann group:emea", ["groups"]),
        ("direct:sales direct:emea", "ann sales emea direct:sales", ["groups", "direct"]),
        ("reports:mia reports:ann", "ann sales emea reports:mia", ["groups", "superiors"]),
    ],
)
def test_nothing_is_asked_that_no_lot_needs(audiences: str, known: str, asked: list[str]) -> None:
    """TU-106: who is asked about whom depends on the lots that are there."""
    room = Room()
    room.ledger.directory = FACTS
    view = looking(room)
    assert memberships(view, "ann", frozenset(audiences.split())) == set(known.split())
    assert [answer.question for answer in view.answers] == asked


@pytest.mark.parametrize(
    ("one", "buyer", "pays"),
    [
        pytest.param(row("emea", OU), "bob", True, id="TU-030 TU-106 in the unit"),
        pytest.param(row("emea", OU), "ann", False, id="TU-030 TU-106 only below it"),
        pytest.param(row("emea", OU, subordinates=True), "ann", True, id="TU-029 TU-106 below it"),
        pytest.param(row("mia", USER, subordinates=True), "leo", True, id="TU-106 reports"),
        pytest.param(row("mia", USER, subordinates=True), "bob", False, id="TU-106 does not"),
    ],
)
def test_who_pays_from_behind_a_key_code(one: AudienceRow, buyer: str, *, pays: bool) -> None:
    room = Room()
    room.ledger.directory = FACTS
    room.register()
    room.do(for_code(rows=(one,)))
    room.do(FireAssignment("spring"))
    order = PlaceOrder("o1", buyer, (Item.in_units("yoga", 10),), code_id())
    if pays:
        room.do(order, learner(buyer))
    else:
        room.refused(InsufficientUnits, order, learner(buyer))


def looking(room: Room) -> LockedView:
    with room.ledger.store.read(room.ledger.portal) as reading:
        ledger = room.ledger
        return ledger._view(reading, DAN, "x", None, (room.clock.at, room.clock.at))  # type: ignore[arg-type]


def test_the_audience_of_a_batch_restricts_no_lot() -> None:
    room = fired(row("sales", OU))
    (line,) = room.ledger.balance(batch("spring", 1, 1)).lots
    assert line.lot.scope is None
    assert row("sales").scope() == Scope(audience=frozenset({"sales"}))


@rule("TU-093")
def test_everybody_is_meant_when_nobody_is_named() -> None:
    room = Room()
    assert row(None).admits(looking(room), "anybody", None)


# When somebody must be there.


class Moving:
    """Ann joins sales on day 2, and bob leaves it then."""

    def manages(self, manager: str, course: str, at: Any) -> bool:
        raise AssertionError

    def groups(self, user: str, at: Any) -> frozenset[str]:
        here = (user == "ann") == (at >= day(2))
        return frozenset({"sales"}) if here else frozenset()

    direct = groups

    def lineage(self, user: str, at: Any) -> tuple[str, ...]:
        raise AssertionError

    def superiors(self, user: str, at: Any) -> frozenset[str]:
        return frozenset({"mia"}) if "sales" in self.groups(user, at) else frozenset()

    def people(self, group: str, at: Any) -> frozenset[str]:
        return frozenset(user for user in ("ann", "bob") if group in self.groups(user, at))


@pytest.mark.parametrize("membership_at", list(MembershipAt), ids=lambda value: f"TU-034 {value}")
@pytest.mark.parametrize(
    "one",
    [
        row("sales"),
        row("sales", OU),
        row("sales", GROUP),
        row("sales", OU, subordinates=True),
        row("mia", USER, subordinates=True),
    ],
    ids=["plain", "unit", "group", "below", "reports"],
)
def test_when_somebody_must_be_in_the_audience(
    membership_at: MembershipAt, one: AudienceRow
) -> None:
    room = Room(Policy(membership_at=membership_at))
    room.ledger.directory = Moving()
    room.do(create(rows=(one,), scheduled=day(1)))
    room.at(3)
    room.do(FireAssignment("spring"))
    now, then = ("ann", "bob") if membership_at is MembershipAt.USE else ("bob", "ann")
    room.do(give(now), DAN)
    room.refused(OutsideAudience, give(then), DAN)


@rule("TU-034")
def test_who_is_there_now_counts_by_default() -> None:
    assert Policy().membership_at is MembershipAt.USE


@pytest.mark.parametrize("membership_at", list(MembershipAt), ids=lambda value: f"TU-034 {value}")
def test_before_it_fired_only_the_present_is_asked(membership_at: MembershipAt) -> None:
    room = Room(Policy(membership_at=membership_at))
    room.ledger.directory = Moving()
    room.do(create(rows=(row("sales"),), scheduled=day(9)))
    room.refused(OutsideAudience, give("ann"), DAN)


# For all together, or for each.


@pytest.mark.parametrize(
    ("one", "total"),
    [
        pytest.param(row("emea", OU, subordinates=True), "10.00", id="X-15 shared"),
        pytest.param(
            row("emea", OU, subordinates=True, per_member=True), "30.00", id="X-15 each, below"
        ),
        pytest.param(row("emea", OU, per_member=True), "10.00", id="X-15 per member, unit alone"),
        pytest.param(row("emea", GROUP, per_member=True), "30.00", id="X-15 per member of a group"),
        pytest.param(row("sales", per_member=True), "20.00", id="X-15 per member, without a kind"),
    ],
)  # fmt: skip
def test_an_amount_is_shared_unless_it_is_per_member(one: AudienceRow, total: str) -> None:
    room = fired(one)
    assert room.available(batch("spring", 1, 1)) == total
    fired_again = room.do(FireAssignment("spring")).outcome
    assert fired_again.total.text == total


@rule("X-15")
def test_a_row_without_a_member_gets_no_lot() -> None:
    room = Room()
    room.ledger.directory = FACTS
    room.do(create(rows=(row("nowhere", OU, per_member=True), row("sales", OU, per_member=True))))
    outcome = room.do(FireAssignment("spring")).outcome
    assert (outcome.lots, outcome.total) == (("spring/1/2",), Units.of(20))
    assert room.ledger.balance(batch("spring", 1, 1)).lots == ()
    assert room.do(FireAssignment("spring")).outcome == outcome


@rule("X-15")
def test_members_are_counted_as_of_the_date_that_is_due() -> None:
    room = Room()
    room.ledger.directory = Moving()
    room.do(create(rows=(row("sales", OU, per_member=True),), scheduled=day(1)))
    room.at(3)
    room.do(FireAssignment("spring"))
    (entry,) = [one for one in room.ledger.entries() if one.command.NAME == "fire_assignment"]
    asked = [(answer.question, answer.about[0], answer.answer) for answer in entry.answers]
    assert asked == [("people", "sales", ("bob",)), ("direct", "bob", ("sales",))]


# What a row may say.


@pytest.mark.parametrize(
    ("error", "field", "made"),
    [
        pytest.param(InvalidType, "kind", lambda: row("x", "user"), id="a kind by its name"),  # type: ignore[arg-type]
        pytest.param(InvalidType, "subordinates", lambda: row("x", OU, subordinates=1), id="a 1"),  # type: ignore[arg-type]
        pytest.param(InvalidType, "per_member", lambda: row("x", OU, per_member="y"), id="a word"),  # type: ignore[arg-type]
        pytest.param(InvalidValue, "audience", lambda: row(None, OU), id="TU-028 a kind of nobody"),
        pytest.param(
            InvalidValue, "audience", lambda: row("x" * 121, GROUP), id="an id too long to mark"
        ),
        pytest.param(
            InvalidValue, "subordinates", lambda: row("x", GROUP, subordinates=True),
            id="TU-029 below a group",
        ),
        pytest.param(
            InvalidValue, "subordinates", lambda: row("x", None, subordinates=True),
            id="TU-029 below who knows what",
        ),
        pytest.param(
            InvalidValue, "per_member", lambda: row("x", USER, per_member=True), id="X-15 a user"
        ),
        pytest.param(
            InvalidValue, "per_member", lambda: row(None, per_member=True), id="X-15 anyone"
        ),
    ],
)  # fmt: skip
def test_what_a_row_may_not_say(error: type[InvalidInput], field: str, made: Any) -> None:
    with pytest.raises(error) as refused:
        made()
    assert getattr(refused.value, "field", None) == field


@pytest.mark.parametrize(
    "one", [row("x" * 120, OU), row("x" * 120, USER, subordinates=True), row("x" * 128)]
)
def test_the_longest_id_of_an_audience(one: AudienceRow) -> None:
    scope = one.scope()
    assert scope is not None
    assert all(str(one.audience) in name for name in scope.audience)
