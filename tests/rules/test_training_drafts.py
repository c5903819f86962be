"""Drafts of assignments, and the ways to pay that a checkout offers."""

from __future__ import annotations

from datetime import date
from typing import Any

import attrs
import pytest

from tests.rules.test_training_assignments import create, record, rows
from tests.rules.training_room import (
    CREATOR,
    START,
    Room,
    code_id,
    day,
    distributor,
    learner,
    rule,
)
from unitledger.accounts import batch, member
from unitledger.amounts import Units
from unitledger.commands import Actor, Role
from unitledger.errors import InvalidInput, InvalidType, InvalidValue, LimitExceeded, NotPermitted
from unitledger.operations import Transfer, VoidUnits
from unitledger.policy import PaymentPreference, Policy, UnitMethod
from unitledger.time import Period
from unitledger.training import (
    CreateAssignment,
    Distribute,
    Draft,
    Emails,
    FireAssignment,
    Item,
    Method,
    PlaceOrder,
    Repeat,
    Span,
    offered,
    quote,
)

ACCOUNT, KEY_CODE = UnitMethod.ACCOUNT, UnitMethod.KEY_CODE
BOTH = frozenset({ACCOUNT, KEY_CODE})


# The four steps.


@rule("TU-020", "TU-023", "TU-040")
def test_four_steps_make_the_command() -> None:
    draft = (
        Draft()
        .general("Spring budget")
        .by_distributors("dan")
        .available(*rows("30 sales"))
        .mailed(Emails.SYSTEM_DEFAULTS)
    )
    assert draft.confirmed("spring") == create()
    Room().do(draft.confirmed("spring"), CREATOR)


@rule("TU-024", "TU-062", "TU-266")
def test_every_step_says_what_the_command_will() -> None:
    draft = (
        Draft()
        .general("Codes", scheduled=day(3), repeat=Repeat(Period.MONTH))
        .ending(lasts=Span(Period.WEEK))
        .by_key_code(code_id())
        .available(*rows("30 anyone, 5 sales"))
        .mailed(Emails.CUSTOM, "t1")
    )
    assert draft.confirmed("codes") == CreateAssignment(
        assignment="codes",
        title="Codes",
        method=Method.KEY_CODE,
        rows=rows("30 anyone, 5 sales"),
        key_code=code_id(),
        scheduled=day(3),
        repeat=Repeat(Period.MONTH),
        lasts=Span(Period.WEEK),
        emails=Emails.CUSTOM,
        template="t1",
    )


@pytest.mark.parametrize(
    ("ends", "fields"),
    [
        ({"expires": day(9)}, {"expires": day(9)}),
        ({"last_day": date(2027, 1, 1)}, {"last_day": date(2027, 1, 1)}),
        ({"until_next": True}, {"until_next": True}),
        ({}, {}),
    ],
)
def test_a_later_answer_takes_the_place_of_an_earlier_one(
    ends: dict[str, Any], fields: dict[str, Any]
) -> None:
    first = Draft().ending(lasts=Span(Period.DAY)).by_key_code(code_id()).by_distributors("dan")
    draft = first.general("T", repeat=Repeat(Period.DAY)).available(*rows("1 ann")).ending(**ends)
    made = draft.confirmed("a")
    assert (made.lasts, made.key_code) == (None, None)
    assert {name: getattr(made, name) for name in fields} == fields
    assert draft.by_key_code(code_id()).distributors == frozenset()


@rule("TU-020", "TU-028")
def test_what_is_missing_is_said_in_order() -> None:
    draft = Draft()
    for name, said in (
        ("title", draft.general("T")),
        ("method", draft.by_distributors("dan")),
        ("rows", draft.available(*rows("1 ann"))),
    ):
        assert name in draft.missing
        assert name not in said.missing
    assert draft.missing == ("title", "method", "rows")
    with pytest.raises(InvalidValue) as refused:
        draft.general("T").confirmed("a")
    assert (refused.value.field, refused.value.value) == ("method", "not said")


@rule("TU-020", "TU-028")
@pytest.mark.parametrize("title", ["", "x" * 101, 7])
def test_a_title_is_looked_at_in_its_own_step(title: Any) -> None:
    with pytest.raises(InvalidInput):
        Draft().general(title)
    assert Draft().general("x" * 100).title == "x" * 100


def test_a_step_is_not_the_last_word() -> None:
    """The command looks at everything together."""
    draft = Draft().general("T").by_distributors().available(*rows("1 ann"))
    with pytest.raises(InvalidValue):
        draft.confirmed("a")
    with pytest.raises(LimitExceeded):
        Draft().general("T").by_distributors("dan").available(*rows("1 ann") * 1001).confirmed("a")
    with pytest.raises(InvalidInput):
        Draft().general("T", scheduled=START.replace(tzinfo=None))


def test_a_draft_has_the_fields_of_the_command() -> None:
    draft = [field.name for field in attrs.fields(Draft)]
    command = [field.name for field in attrs.fields(CreateAssignment)]
    assert sorted([*draft, "assignment"]) == sorted(command)


@rule("TU-012", "TU-265")
def test_mails_are_part_of_the_assignment_and_need_no_permission_of_their_own() -> None:
    room = Room()
    room.do(create(emails=Emails.NONE), CREATOR)
    assert record(room).emails is Emails.NONE


@rule("TU-010")
def test_to_look_at_assignments_is_not_enough_to_make_one() -> None:
    for role in (Role.DISTRIBUTOR, Role.LEARNER, Role.MANAGER):
        Room().refused(NotPermitted, create(), Actor.acting("ann", role))


# Ways to pay.


def preferring(*said: tuple[str | None, frozenset[UnitMethod]], **switches: bool) -> Policy:
    each = tuple(PaymentPreference(methods, ou) for ou, methods in said)
    return Policy(**{"training_units": True, **switches}, payment_preferences=each)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "lineage", "shown"),
    [
        pytest.param(Policy(), ("sales",), set(), id="TU-001 nothing configured"),
        pytest.param(
            preferring((None, BOTH), training_units=False, key_code_units=True), ("sales",), set(),
            id="TU-001 preferences without the switch",
        ),
        pytest.param(preferring(), ("sales",), set(), id="TU-002 no preference"),
        pytest.param(
            preferring((None, BOTH)), ("sales",), {ACCOUNT}, id="TU-003 key codes switched off"
        ),
        pytest.param(
            preferring((None, BOTH), key_code_units=True), (), BOTH, id="TU-003 both switches"
        ),
        pytest.param(
            preferring((None, frozenset({ACCOUNT})), key_code_units=True), (), {ACCOUNT},
            id="TU-003 a switch without a preference",
        ),
        pytest.param(
            preferring((None, frozenset({KEY_CODE})), key_code_units=True), (), {KEY_CODE},
            id="TU-182 two methods apart",
        ),
        pytest.param(
            preferring((None, BOTH), ("sales", frozenset()), key_code_units=True),
            ("sales", "emea"), set(), id="TU-002 not for that unit",
        ),
        pytest.param(
            preferring((None, BOTH), ("sales", frozenset()), key_code_units=True),
            ("legal", "emea"), BOTH, id="TU-002 for the others",
        ),
        pytest.param(
            preferring(("emea", BOTH), ("sales", frozenset({ACCOUNT})), key_code_units=True),
            ("sales", "emea"), {ACCOUNT}, id="TU-002 the nearest",
        ),
        pytest.param(
            preferring(("emea", BOTH), ("sales", frozenset({ACCOUNT})), key_code_units=True),
            ("legal", "emea"), BOTH, id="TU-002 the next above",
        ),
        pytest.param(
            preferring(("emea", BOTH), key_code_units=True), ("apac",), set(),
            id="TU-002 nothing said for anybody",
        ),
    ],
)  # fmt: skip
def test_the_ways_to_pay_that_are_offered(
    policy: Policy, lineage: tuple[str, ...], shown: set[UnitMethod]
) -> None:
    assert offered(policy, lineage) == shown


def test_a_lineage_is_a_tuple() -> None:
    with pytest.raises(InvalidType):
        offered(Policy(), ["sales"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "made"),
    [
        (InvalidType, lambda: PaymentPreference({ACCOUNT})),  # type: ignore[arg-type]
        (InvalidType, lambda: PaymentPreference(frozenset({"account"}))),  # type: ignore[arg-type]
        (InvalidInput, lambda: PaymentPreference(frozenset(), "")),
        (InvalidType, lambda: Policy(payment_preferences=(BOTH,))),  # type: ignore[arg-type]
        (InvalidType, lambda: Policy(payment_preferences=[])),  # type: ignore[arg-type]
        (InvalidValue, lambda: preferring(("a", BOTH), ("a", BOTH))),
        (InvalidType, lambda: Policy(training_units=1)),  # type: ignore[arg-type]
        (InvalidType, lambda: Policy(catch_up="skip")),  # type: ignore[arg-type]
        (InvalidValue, lambda: Policy(expiry_notice_days=0)),
        (InvalidValue, lambda: Policy(expiry_notice_days=36_501)),
    ],
)
def test_what_no_policy_says(error: type[InvalidInput], made: Any) -> None:
    with pytest.raises(error):
        made()
    assert Policy(expiry_notice_days=36_500) != Policy(expiry_notice_days=1)


@rule("TU-004")
def test_training_without_a_price_passes_through() -> None:
    free = Item.in_money("free", 0)
    assert quote((free,), Policy()).total == Units.of(0)
    room = Room()
    receipt = room.do(PlaceOrder("o1", "ann", (free,)), learner("ann"))
    assert receipt.moves == ()


@rule("TU-009")
def test_units_stay_those_of_the_portal_wherever_they_are() -> None:
    room = Room(None, "ann: sales", "bob: sales")
    room.do(create())
    room.do(FireAssignment("spring"))
    room.do(Distribute("spring", 1, (("ann", Units.of(5)),)), distributor("dan"))
    (line,) = room.ledger.balance(member("ann")).lots
    assert line.lot.home == batch("spring", 1, 1)
    ann = Actor.acting("ann", Role.LEARNER, Role.DISTRIBUTOR, Role.MANAGER)
    room.refused(NotPermitted, Transfer(member("ann"), member("bob"), Units.of(1)), ann)
    room.refused(NotPermitted, VoidUnits(member("ann"), Units.of(1)), ann)


@rule("X-12")
def test_a_row_is_capped_and_a_creator_is_not() -> None:
    room = Room()
    with pytest.raises(LimitExceeded):
        rows("999999.01 sales")
    outcome = room.do(create(rows=rows("999999 sales") * 3)).outcome
    assert outcome.total == Units.of(3 * 999_999)


@rule("X-13")
def test_a_group_of_units_is_one_firing_of_one_row() -> None:
    room = Room()
    room.do(create(rows=rows("1 ann, 2 ann"), repeat=Repeat(Period.DAY)))
    first = room.do(FireAssignment("spring")).outcome
    room.at(1)
    second = room.do(FireAssignment("spring", 2)).outcome
    assert (*first.lots, *second.lots) == (
        "spring/1/1",
        "spring/1/2",
        "spring/2/1",
        "spring/2/2",
    )
