"""What a refusal about an assignment says: the field, what it was, and what it may be."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import attrs
import pytest

from tests.rules.test_training_assignments import create, for_code, rows
from tests.rules.training_room import CREATOR, START, Room, code_id, day, distributor
from unitledger import policy
from unitledger.accounts import batch, keycode, member
from unitledger.amounts import Units
from unitledger.codec import kind_of
from unitledger.errors import UnitLedgerError
from unitledger.policy import PaymentMethod, Policy
from unitledger.time import Period
from unitledger.training import (
    ActivateAssignment,
    AdjustTotal,
    AssignmentState,
    AudienceKind,
    AudienceRow,
    BuyUnits,
    CancelAssignment,
    CopyAssignment,
    Distribute,
    Draft,
    EditAssignment,
    EditKeyCode,
    EditLastDay,
    Emails,
    FireAssignment,
    Firing,
    LineCancellation,
    LineWithdrawal,
    Method,
    NameDistributors,
    NoticeKind,
    PurchaseType,
    Reissue,
    ReissueUnits,
    Repeat,
    Schedule,
    Span,
    TakeBack,
    UnitPurchase,
    listed_assignments,
    offered,
)

POT = batch("spring", 1, 1)
LOT: Any = "spring/1/1"
TEN = Units.of(10)
HANDED_OUT = (
    "30.00 units of spring/1/1 are handed out; take units back first, or let the policy's "
    "below_assigned do it, before its total is 5.00 units"
)
AN_ID = "give 1 to 128 printable ASCII characters without a space at either end"

ANY: Any = object()


def schedule(**changes: Any) -> Schedule:
    return Schedule(**{"first": START, **changes})


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: create(title=7), "title is 7; give exactly str"),
        (lambda: create(title="x" * 101), "characters of title: 101; the limit is 100"),
        (lambda: create(title=" "), "title is ' '; give 1 to 100 printable characters"),
        (lambda: create(rows=()), "rows is empty; give at least one audience row"),
        (lambda: create(rows=[]), "rows is a list; give exactly a tuple of AudienceRow"),
        (lambda: create(rows=rows("1 a") * 1001), "audience rows: 1001; the limit is 1000"),
        (lambda: create(method="x"), "method is 'x'; give exactly Method"),
        (
            lambda: create(distributors=frozenset()),
            "distributors is 0 users; give at least one distributor",
        ),
        (lambda: create(distributors=ANY), "distributors is an object; give exactly frozenset"),
        (
            lambda: create(distributors=frozenset(map(str, range(1001)))),
            "distributors: 1001; the limit is 1000",
        ),
        (
            lambda: create(distributors=frozenset({""})),
            "distributor is ''; " + AN_ID,
        ),
        (
            lambda: for_code(distributors=frozenset({"dan"})),
            "distributors is 1 users; give nobody, for a key code",
        ),
        (
            lambda: create(key_code=code_id()),
            "key_code is not shown; give None, for distributors",
        ),
        (
            lambda: create(rows=rows("1 anyone")),
            "audience is None; give a user or a group, for distributors",
        ),
        (lambda: create(last_day=START), "last_day is a datetime; give exactly date"),
        (lambda: create(repeat=7), "repeat is 7; give exactly Repeat"),
        (lambda: create(lasts=7), "lasts is 7; give exactly Span"),
        (lambda: create(until_next=7), "until_next is 7; give exactly bool"),
        (
            lambda: create(expires=day(1), last_day=date(2027, 1, 1)),
            "last_day is said; give nothing beside expires",
        ),
        (
            lambda: create(lasts=Span(Period.DAY), until_next=True, repeat=Repeat(Period.DAY)),
            "until_next is said; give nothing beside lasts",
        ),
        (
            lambda: create(until_next=True),
            "until_next is True; give False, when nothing repeats",
        ),
        (lambda: create(emails="none"), "emails is 'none'; give exactly Emails"),
        (
            lambda: create(emails=Emails.CUSTOM),
            "template is None; give a template for custom mails, and only for them",
        ),
        (
            lambda: create(emails=Emails.CUSTOM, template=""),
            "template is ''; " + AN_ID,
        ),
        (lambda: create(assignment=7), "assignment is 7; give exactly str"),
        (lambda: create(scheduled=7), "scheduled is 7; give exactly an aware datetime"),
        (lambda: create(expires=7), "expires is 7; give exactly an aware datetime"),
        # Rows.
        (
            lambda: AudienceRow(Units.of(1_000_000), "a"),
            "units of an audience row: 1000000.00; the limit is 999999",
        ),
        (lambda: AudienceRow(TEN, ""), "audience is ''; " + AN_ID),
        (lambda: AudienceRow(TEN, "a", ANY), "kind is an object; give exactly AudienceKind"),
        (lambda: AudienceRow(TEN, "a", None, ANY), "subordinates is an object; give exactly bool"),
        (
            lambda: AudienceRow(TEN, "a", None, False, ANY),
            "per_member is an object; give exactly bool",
        ),
        (
            lambda: AudienceRow(TEN, None, AudienceKind.OU),
            "audience is None; give an id for a kind, up to 120 characters",
        ),
        (
            lambda: AudienceRow(TEN, "a", AudienceKind.GROUP, subordinates=True),
            "subordinates is True; give False, but for a user or a unit",
        ),
        (
            lambda: AudienceRow(TEN, None, per_member=True),
            "per_member is True; give False, but for a unit or a group",
        ),
        # Schedules.
        (lambda: Repeat(ANY), "period is an object; give exactly Period"),
        (lambda: Repeat(Period.DAY, 0), "every is 0; give 1 to 1000"),
        (lambda: Repeat(Period.DAY, ANY), "every is an object; give exactly int"),
        (lambda: Repeat(Period.YEAR, 1, 3), "month is 3; give a month and a day, or neither"),
        (
            lambda: Repeat(Period.YEAR, 2, 3, 1),
            "every is 2; give one year, for a date in each year",
        ),
        (lambda: Repeat.yearly(13, 1), "month is 13; give 1 to 12"),
        (lambda: Repeat.yearly(1, 32), "day is 32; give 1 to 31"),
        (lambda: Repeat.yearly(2, 30), "day is 30; give a day of month 2"),
        (lambda: schedule(anchor=7), "anchor is 7; give exactly RecurrenceAnchor"),
        (lambda: schedule(leap_day=7), "leap_day is 7; give exactly LeapDay"),
        (lambda: schedule(repeat=7), "repeat is 7; give exactly Repeat"),
        (
            lambda: Schedule.starting(
                datetime.fromisoformat("8999-12-01T00:00Z"), Repeat.yearly(1, 1), Policy()
            ),
            "repeat is a date after 9000; give one that the calendar has",
        ),
        # Amendments, adjustments, listings, drafts, offers.
        (
            lambda: NameDistributors("a", frozenset()),
            "distributors is empty; give at least one distributor",
        ),
        (lambda: CopyAssignment("a", ""), "source is ''; " + AN_ID),
        (
            lambda: CopyAssignment("a", "b", None, None, ANY),
            "last_day is an object; give exactly date",
        ),
        (
            lambda: CopyAssignment("a", "b", None, ANY),
            "scheduled is an object; give exactly an aware datetime",
        ),
        (lambda: EditLastDay(LOT, POT, ANY), "last_day is an object; give exactly date"),
        (lambda: AdjustTotal(LOT, POT, ANY), "total is an object; give exactly Units"),
        (lambda: AdjustTotal(ANY, POT, TEN), "lot is an object; give exactly str"),
        (lambda: ReissueUnits(ANY, TEN), "order is an object; give exactly str"),
        (lambda: TakeBack("a", 1, ANY, TEN), "user is an object; give exactly str"),
        (lambda: Distribute("a", 1, ((ANY, TEN),)), "user is an object; give exactly str"),
        (lambda: listed_assignments(ANY, title=ANY), "title is an object; give exactly str"),
        (
            lambda: Draft().confirmed("a"),
            "title is not said; give everything that is missing",
        ),
        (lambda: offered(Policy(), ANY), "lineage is an object; give exactly a tuple of ids"),
    ],
)
def test_what_a_refusal_at_the_door_says(made: Any, said: str) -> None:
    with pytest.raises(UnitLedgerError) as refused:
        made()
    assert str(refused.value) == said


def room(**changes: Any) -> Room:
    """A fired assignment of 30 units, all ann's, of which none are spent."""
    made = Room(Policy(claw_back=True), "ann: sales")
    made.do(create(**changes), CREATOR)
    made.do(FireAssignment("spring"))
    made.do(Distribute("spring", 1, (("ann", Units.of(30)),)), distributor("dan"))
    return made


WEEKLY = Repeat(Period.WEEK)


@pytest.mark.parametrize(
    ("changes", "command", "by", "said"),
    [
        ({}, create(), None, "assignment spring exists already; choose another id"),
        (
            {},
            create(assignment="a", scheduled=day(-1)),
            None,
            "scheduled is 2026-03-01T09:00:00+00:00; give an instant to come",
        ),
        (
            {},
            create(assignment="a", expires=START),
            None,
            "expires is 2026-03-02T09:00:00+00:00; give an instant after the firing",
        ),
        (
            {"repeat": WEEKLY},
            FireAssignment("spring", 3),
            None,
            "cycle is 3; give 2, the next firing",
        ),
        (
            {"repeat": WEEKLY},
            FireAssignment("spring", 2),
            None,
            "assignment spring is due at 2026-03-09T09:00:00+00:00; ask again then",
        ),
        (
            {},
            CancelAssignment("spring"),
            None,
            "assignment spring is processed; it cannot become cancelled",
        ),
        (
            {},
            ActivateAssignment("spring"),
            None,
            "assignment spring is processed; it cannot become active",
        ),
        (
            {},
            CopyAssignment("spring", "spring"),
            None,
            "assignment spring exists already; choose another id",
        ),
        ({}, CancelAssignment("a"), None, "no assignment a in this portal"),
        (
            {},
            AdjustTotal(LOT, POT, Units.of(30)),
            None,
            "total is 30.00; give another total than the present one",
        ),
        (
            {},
            AdjustTotal(LOT, POT, Units.of(5)),
            None,
            HANDED_OUT,
        ),
        (
            {},
            EditLastDay(LOT, member("ann"), None),
            None,
            "the terms of spring/1/1 cannot be changed so: its home wallet is batch/spring/1/1",
        ),
        (
            {},
            TakeBack("spring", 2, "ann", TEN),
            distributor("dan"),
            "no audience row spring/1/2 in this portal",
        ),
        (
            {},
            TakeBack("spring", 1, "ann", Units.of(31)),
            distributor("dan"),
            "member/ann can spend 30.00 units of the 31.00 units asked for; 1.00 units more needed",
        ),
        (
            {},
            Distribute("spring", 1, (("bob", TEN),)),
            distributor("dan"),
            "bob is not in the audience sales of spring",
        ),
    ],
)
def test_what_a_refusal_of_a_command_says(
    changes: dict[str, Any], command: Any, by: Any, said: str
) -> None:
    refusal = room(**changes).refused(UnitLedgerError, command, by or CREATOR)
    assert str(refusal) == said


# What stands in documents.


@pytest.mark.parametrize(
    ("words", "written"),
    [
        (AssignmentState, "scheduled active processed cancelled"),
        (AudienceKind, "user ou group"),
        (Emails, "system_defaults custom none"),
        (Method, "distributor key_code"),
        (NoticeKind, "created assigned expiring"),
        (policy.BelowAssigned, "reject claw_back"),
        (policy.CatchUp, "skip latest all"),
        (policy.ExpiryBoundary, "inclusive exclusive"),
        (policy.FormerDistributors, "revoke keep"),
        (policy.LastCycle, "keep expire"),
        (policy.LeapDay, "feb_28 mar_1 skip"),
        (policy.MembershipAt, "use issue"),
        (policy.OnCancel, "keep_lots expire_unspent"),
        (policy.RecurrenceAnchor, "chained anchored"),
        (policy.UnitMethod, "account key_code"),
    ],
)
def test_words_in_documents(words: Any, written: str) -> None:
    assert [word.value for word in words] == written.split()
    for word in words:
        assert repr(word) == f"{words.__name__}.{word.name}"
        assert word.name.lower() == word.value


@pytest.mark.parametrize(
    ("command", "name", "wallets", "keys"),
    [
        (create(), "create_assignment", [POT], ["assignment#spring"]),
        (
            EditAssignment(**attrs.asdict(create(), recurse=False)),
            "edit_assignment",
            [POT],
            ["assignment#spring"],
        ),
        (
            FireAssignment("spring", 2),
            "fire_assignment",
            [POT],
            ["assignment#spring", "firing#spring/2"],
        ),
        (CancelAssignment("spring"), "cancel_assignment", [POT], ["assignment#spring"]),
        (ActivateAssignment("spring"), "activate_assignment", [POT], ["assignment#spring"]),
        (CopyAssignment("spring", "a"), "copy_assignment", [POT], ["assignment#spring"]),
        (
            NameDistributors("spring", frozenset({"a"})),
            "name_distributors",
            [POT],
            ["assignment#spring"],
        ),
        (
            Distribute("spring", 1, (("ann", TEN), ("bob", TEN))),
            "distribute",
            [POT, member("ann"), member("bob")],
            ["assignment#spring"],
        ),
        (
            TakeBack("spring", 1, "ann", TEN),
            "take_back",
            [POT, member("ann")],
            ["assignment#spring"],
        ),
        (AdjustTotal(LOT, POT, TEN), "adjust_total", [POT], []),
        (EditLastDay(LOT, POT, None), "edit_last_day", [POT], []),
        (ReissueUnits("o1", TEN), "reissue_units", [], ["order#o1"]),
        (
            BuyUnits(purchase="p1", buyer="ann", type=PurchaseType.PERSONAL, units=TEN),
            "buy_units",
            [member("ann")],
            ["unit_purchase#p1"],
        ),
        (
            EditKeyCode(code_id(), details="for the south"),
            "edit_key_code",
            [keycode(code_id())],
            [f"key_code#{code_id()}"],
        ),
    ],
)
def test_what_a_command_is_called_and_looks_at(
    command: Any, name: str, wallets: list[str], keys: list[str]
) -> None:
    assert (command.NAME, kind_of(type(command))) == (name, name)
    assert (list(command.wallets()), list(command.keys())) == (wallets, keys)


@pytest.mark.parametrize(
    ("record", "name", "key", "index"),
    [
        (Reissue(LOT, "o1"), "reissue", LOT, {"order": "o1"}),
        (Firing("a", 2, START, START, (1,)), "firing", "a/2", {"assignment": "a"}),
        (
            LineWithdrawal("o1", 2, START, 50, None),
            "line_withdrawal",
            "o1/2",
            {"order": "o1"},
        ),
        (
            LineCancellation("o1", 2, START, 100, None),
            "line_cancellation",
            "o1/2",
            {"order": "o1"},
        ),
        (
            UnitPurchase(
                id="p1",
                buyer="ann",
                type=PurchaseType.PERSONAL,
                lot=LOT,
                wallet=member("ann"),
                key_code=None,
                method=PaymentMethod.CARD,
                coupon=None,
                at=START,
            ),
            "unit_purchase",
            "p1",
            {"buyer": "ann"},
        ),
    ],
)
def test_what_a_record_is_called_and_found_by(
    record: Any, name: str, key: str, index: dict[str, str]
) -> None:
    assert (record.KIND, kind_of(type(record)), record.key) == (name, name, key)
    assert record.index() == index
    assert tuple(index) == record.INDEX
