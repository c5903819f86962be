"""Opening balances: what an LMS has at the moment, brought in whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    at,
    learner,
    portal,
)
from unitledger.accounts import batch, member
from unitledger.amounts import Amount, Credits, Units
from unitledger.credits import (
    AcceptInvite,
    CancelInvite,
    CompleteEnrolment,
    Enrol,
    EnrolmentState,
    InviteState,
    ReverseEnrolment,
    SendInvite,
)
from unitledger.errors import AlreadyExists, InvalidValue, UnitLedgerError
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.lots import Category, Cost
from unitledger.opening import Consumed, OpenBalances, OpenInvite, Placed, SpentUnits
from unitledger.operations import Issue, Reverse
from unitledger.policy import Policy

LEAS = member("lea")


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def lot(name: str, wallet: str, amount: Amount, **terms: Any) -> Issue:
    return Issue(LotId(name), WalletId(wallet), amount, **terms)


def credit(count: int, name: str = "2025", wallet: str = POOL) -> Issue:
    return lot(name, wallet, Credits.of(count))


def placed(wallet: str, amount: Amount, name: str = "2025") -> Placed:
    return Placed(LotId(name), WalletId(wallet), amount)


def invited(invitee: str = "leo@", name: str = "2025", until: datetime | None = None) -> OpenInvite:
    return OpenInvite(invitee, "first-aid", "mia", LotId(name), until)


def enrolled(
    who: str,
    wallet: str = POOL,
    name: str = "2025",
    state: EnrolmentState = EnrolmentState.ACTIVE,
) -> Consumed:
    return Consumed(who, "first-aid", WalletId(wallet), LotId(name), state)


def spent(wallet: str, amount: Units, name: str) -> SpentUnits:
    return SpentUnits(WalletId(wallet), LotId(name), amount)


EVERYTHING = OpenBalances(
    lots=(
        credit(20),
        lot("old", POOL, Credits.of(3), effective=at("2024-01-01"), expires=at("2025-01-01")),
        lot(
            "bought",
            LEAS,
            Units.of("30"),
            effective=at("2025-01-01"),
            expires=at("2027-01-01"),
            acquired=at("2025-01-01"),
            category=Category.PURCHASED,
            cost=Cost.of("0.90", "EUR"),
        ),
        lot("given", batch("onboarding", 1, 1), Units.of("100")),
    ),
    placed=(
        placed(AID, Credits.of(8)),
        placed(MIAS, Credits.of(4)),
        placed(LEAS, Units.of("10"), "given"),
    ),
    invites=(invited(), invited("lou@", until=at("2026-03-01"))),
    consumed=(
        enrolled("ada"),
        enrolled("bob", AID),
        enrolled("cyd", MIAS),
        enrolled("ada", "pool", "old", EnrolmentState.COMPLETED),
    ),
    spent=(spent(LEAS, Units.of("12.50"), "bought"), spent(LEAS, Units.of("0.01"), "given")),
)


def test_the_figures_of_an_lms_are_there_afterwards(lms: Portal) -> None:
    """I1, C63."""
    receipt = lms.run(EVERYTHING, request="open")
    outcome = receipt.outcome
    assert (outcome.lots, outcome.invites, outcome.enrolments) == (4, 2, 4)
    assert (outcome.credits, outcome.units) == (Credits.of(23), Units.of("130"))
    assert lms.figures() == {
        "pool": (7, 0, 2),
        "course/first-aid": (7, 0, 1),
        "manager/mia/first-aid": (1, 2, 1),
        "member/lea": (2749, 0, 1251),
        "batch/onboarding/1/1": (9000, 0, 0),
    }
    assert lms.expired(POOL) == 2
    assert len(lms.ledger.journal()) == 1
    states = {one.learner: one.state for one in lms.enrolments("first-aid")}
    assert states["bob"] is EnrolmentState.ACTIVE
    assert [one.state for one in lms.enrolments("first-aid") if one.learner == "ada"] == [
        EnrolmentState.ACTIVE,
        EnrolmentState.COMPLETED,
    ]


def test_a_lot_keeps_what_is_known_of_it(lms: Portal) -> None:
    lms.run(EVERYTHING)
    bought = next(line.lot for line in lms.ledger.balance(LEAS).lots if line.lot.id == "bought")
    assert bought.category is Category.PURCHASED
    assert bought.cost is not None
    assert bought.cost.per_unit == Fraction(9, 10)
    assert (bought.acquired, bought.terms.effective) == (at("2025-01-01"), at("2025-01-01"))


def test_life_goes_on_from_there(lms: Portal) -> None:
    """What was brought in behaves like what was made here: C5, C25, C30, C34, C57."""
    lms.run(EVERYTHING, request="open")
    again = lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
    assert (again.same_as, again.outcome.invite) == ("open", "open.1")
    lms.run(AcceptInvite("open.1", "leo"), learner("leo"))
    lms.run(CancelInvite("open.2"), MIA)
    assert lms.run(Enrol("ada", "first-aid")).same_as == "open"
    assert lms.run(Enrol("ada", "first-aid")).outcome.enrolment == "open.3"
    lms.run(ReverseEnrolment("open.4"))
    lms.run(CompleteEnrolment("open.5"))
    lms.ledger.execute(Reverse(ClaimId("open.7"), LEAS, Units.of("2.50")), by=ANN, request="refund")
    assert lms.figures() == {
        "pool": (7, 0, 2),
        "course/first-aid": (8, 0, 0),
        "manager/mia/first-aid": (2, 0, 2),
        "member/lea": (2999, 0, 1001),
        "batch/onboarding/1/1": (9000, 0, 0),
    }


def test_an_invite_brought_in_expires_at_its_deadline(lms: Portal) -> None:
    """C29."""
    lms.run(EVERYTHING, request="open")
    lms.clock.at = at("2026-03-01")
    assert lms.invite("open.2").state is InviteState.EXPIRED
    assert lms.invite("open.1").state is InviteState.SENT
    assert lms.figures()["manager/mia/first-aid"] == (2, 1, 1)


def test_the_same_request_is_answered_from_the_first(lms: Portal) -> None:
    """I7."""
    first = lms.run(EVERYTHING, request="open")
    assert lms.ledger.execute(EVERYTHING, by=ANN, request="open") == first


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: OpenBalances((credit(5, "fresh"), credit(5))), id="I1 a lot of it"),
        pytest.param(lambda: EVERYTHING, id="I1 all of it again"),
    ],
)
def test_a_lot_that_is_there_refuses_all_of_it(lms: Portal, make: Any) -> None:
    lms.run(EVERYTHING)
    refusal = lms.refused(make())
    assert isinstance(refusal, AlreadyExists)
    assert (refusal.kind, refusal.key) == ("lot", "2025")
    assert len(lms.ledger.journal()) == 1


@pytest.mark.parametrize(
    ("rows", "kind", "key"),
    [
        pytest.param(
            {"lots": (credit(1, "new", MIAS),), "invites": (invited(name="new"),)},
            "open invite",
            "leo@ in first-aid",
            id="C30 an open invite",
        ),
        pytest.param(
            {"lots": (credit(1, "new"),), "consumed": (enrolled("ada", name="new"),)},
            "active enrolment",
            "ada in first-aid",
            id="C5 an active enrolment",
        ),
    ],
)
def test_somebody_who_is_there_refuses_all_of_it(
    lms: Portal, rows: Any, kind: str, key: str
) -> None:
    lms.run(EVERYTHING)
    refusal = lms.refused(OpenBalances(**rows))
    assert isinstance(refusal, AlreadyExists)
    assert (refusal.kind, refusal.key) == (kind, key)


def test_a_second_opening_may_bring_more(lms: Portal) -> None:
    """Past and finished enrolments of the same learner among it."""
    lms.run(EVERYTHING)
    done = enrolled("ada", name="more", state=EnrolmentState.COMPLETED)
    lms.run(OpenBalances((credit(2, "more"),), consumed=(done, done)))
    assert lms.spent(POOL) == 4


def test_a_deadline_must_lie_ahead(lms: Portal) -> None:
    """C29."""
    opening = OpenBalances((credit(1, wallet=MIAS),), (invited(until=START),))
    with pytest.raises(InvalidValue) as refusal:
        lms.run(opening)
    assert refusal.value.field == "deadline"
    assert lms.ledger.journal() == ()
    later = (invited(until=START + timedelta(microseconds=1)),)
    lms.run(OpenBalances((credit(1, wallet=MIAS),), later))


UNITS = lot("tu", LEAS, Units.of("5"))


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        pytest.param({"lots": ()}, "invalid_value", id="I16 nothing"),
        pytest.param({"lots": [credit(1)]}, "invalid_type", id="I16 a list"),
        pytest.param({"lots": ("2025",)}, "invalid_type", id="I16 a text for a lot"),
        pytest.param(
            {"lots": (credit(1),), "consumed": (invited(),)}, "invalid_type", id="I16 mixed up"
        ),
        pytest.param({"lots": (credit(1), credit(2))}, "invalid_value", id="I1 a lot twice"),
        pytest.param(
            {"lots": (credit(1),), "consumed": (enrolled("a"), enrolled("b"))},
            "invalid_value",
            id="I1 I2 more spent than came in",
        ),
        pytest.param(
            {"lots": (credit(1, wallet=MIAS),), "invites": (invited("a"), invited("b"))},
            "invalid_value",
            id="I1 I2 more held than came in",
        ),
        pytest.param(
            {"lots": (credit(9),), "consumed": (enrolled("a", AID),)},
            "invalid_value",
            id="I1 I2 spent where nothing stands",
        ),
        pytest.param(
            {"lots": (credit(9),), "consumed": (enrolled("a", name="2024"),)},
            "invalid_value",
            id="I1 of a lot that is not there",
        ),
        pytest.param(
            {"lots": (credit(9),), "placed": (placed(AID, Credits.of(10)),)},
            "invalid_value",
            id="I1 I2 more placed than came in",
        ),
        pytest.param(
            {
                "lots": (credit(9),),
                "placed": (placed(AID, Credits.of(9)),),
                "consumed": (enrolled("a"),),
            },
            "invalid_value",
            id="I1 I2 spent at home after all was placed",
        ),
        pytest.param(
            {"lots": (credit(9),), "placed": (placed(AID, Credits.of(1), "2024"),)},
            "invalid_value",
            id="I1 placed of a lot that is not there",
        ),
        pytest.param(
            {"lots": (credit(9),), "placed": (placed(POOL, Credits.of(1)),)},
            "invalid_value",
            id="I1 placed at home",
        ),
        pytest.param(
            {"lots": (credit(9),), "placed": (placed(LEAS, Units.of(1)),)},
            "wrong_unit",
            id="C4 credits placed among units",
        ),
        pytest.param(
            {"lots": (UNITS,), "spent": (spent(LEAS, Units.of("5.01"), "tu"),)},
            "invalid_value",
            id="I1 I2 more units spent than came in",
        ),
        pytest.param(
            {
                "lots": (UNITS,),
                "spent": (spent(LEAS, Units.of(3), "tu"), spent(LEAS, Units.of("2.01"), "tu")),
            },
            "invalid_value",
            id="I1 I2 more units spent in two rows than came in",
        ),
        pytest.param(
            {"lots": (credit(9, wallet=MIAS),), "invites": (invited(), invited())},
            "invalid_value",
            id="C30 an address invited twice",
        ),
        pytest.param(
            {"lots": (credit(9),), "consumed": (enrolled("a"), enrolled("a"))},
            "invalid_value",
            id="C5 a learner enrolled twice",
        ),
        pytest.param(
            {
                "lots": (credit(10_000),),
                "consumed": tuple(enrolled(f"l{n}") for n in range(10_000)),
            },
            "limit_exceeded",
            id="I16 more rows than one entry takes",
        ),
    ],
)
def test_what_does_not_add_up_is_refused_at_the_door(rows: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        OpenBalances(**rows)
    assert refusal.value.code == code


def test_a_fault_says_which_lot_is_short_and_where() -> None:
    with pytest.raises(InvalidValue) as refusal:
        OpenBalances((credit(1),), consumed=(enrolled("a"), enrolled("b"), enrolled("c")))
    assert "2 parts of '2025' short in 'pool'" in str(refusal.value)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: enrolled("a", "course/fire"), "invalid_value", id="C16 other course"),
        pytest.param(
            lambda: enrolled("a", "manager/mia/fire"), "invalid_value", id="C16 its manager"
        ),
        pytest.param(lambda: enrolled("a", "member/a"), "invalid_value", id="C4 a member's wallet"),
        pytest.param(
            lambda: enrolled("a", state=EnrolmentState.REVERSED), "invalid_value", id="C57 reversed"
        ),
        pytest.param(
            lambda: Consumed("a", "c", WalletId("pool"), LotId("l"), "active"),  # type: ignore[arg-type]
            "invalid_type",
            id="I16 a text for a state",
        ),
        pytest.param(lambda: enrolled(""), "invalid_id", id="I16 no learner"),
        pytest.param(lambda: invited(""), "invalid_id", id="I16 no invitee"),
        pytest.param(
            lambda: invited(until=datetime(2027, 1, 1)),  # noqa: DTZ001
            "naive_instant",
            id="P11 a naive deadline",
        ),
        pytest.param(lambda: spent(POOL, Units.of(1), "l"), "wrong_unit", id="C4 units of a pool"),
        pytest.param(
            lambda: SpentUnits(LEAS, LotId("l"), Credits.of(1)),  # type: ignore[arg-type]
            "wrong_unit",
            id="C4 credits of a member",
        ),
        pytest.param(lambda: placed(AID, Units.of(1)), "wrong_unit", id="C4 units of a course"),
        pytest.param(lambda: placed(AID, Credits.of(0)), "invalid_value", id="C4 D11 nothing"),
        pytest.param(lambda: placed("course", Credits.of(1)), "invalid_id", id="I16 no wallet"),
    ],
)
def test_rows_that_cannot_be(make: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make()
    assert refusal.value.code == code


def test_thousands_of_figures_are_one_entry_that_can_be_read_again() -> None:
    """I16: an entry longer than a document may be is read back all the same."""
    with portal() as lms:
        people = [f"a learner with a rather long name, number {n:06}" for n in range(2_500)]
        consumed = tuple(enrolled(one) for one in people)
        lms.ledger.execute(
            OpenBalances((credit(3_000),), consumed=consumed), by=ANN, request="open"
        )
        (kept,) = lms.ledger.journal()
        assert len(kept.text) > 1 << 20
        assert lms.run(Enrol(people[-1], "first-aid")).same_as == "open"
        assert lms.figures() == {POOL: (500, 0, 2_500)}


def test_an_opening_too_long_for_one_entry_changes_nothing() -> None:
    """I16: ids that are long, and written longer still, are counted before anything is kept."""
    with portal(Policy()) as lms:
        course = "%" * 100
        where = WalletId("manager/" + "%25" * 100 + "/" + "%25" * 100)
        consumed = tuple(
            Consumed(f"{n:04}" + '"' * 100, course, where, LotId("l")) for n in range(9_000)
        )
        lots = (lot("l", where, Credits.of(9_000)),)
        with pytest.raises(UnitLedgerError) as refusal:
            lms.ledger.execute(OpenBalances(lots, consumed=consumed), by=ANN, request="open")
        assert refusal.value.code == "limit_exceeded"
        assert lms.ledger.journal() == ()
