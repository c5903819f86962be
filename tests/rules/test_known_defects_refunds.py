"""Known defects of refunds and returns: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest

from tests.desk import ANN as ANNS
from tests.desk import Desk, u
from tests.rules.credits_portal import (
    AID,
    CRON,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    learner,
    portal,
)
from tests.rules.test_training_checkout import order, stocked
from tests.rules.test_training_refunds import bought, refund
from tests.rules.training_room import day
from tests.rules.training_room import learner as buyer
from unitledger.accounts import State, member
from unitledger.amounts import Credits, Units
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    ChargeBack,
    CloseCourse,
    DeactivateManager,
    Enrol,
    Grant,
    Purchase,
    ReactivateManager,
    ReopenCourse,
    ReportProgress,
    ReverseEnrolment,
    SendInvite,
)
from unitledger.errors import AlreadyExists, ClaimExceeded, InsufficientUnits, NotReversible
from unitledger.operations import Reverse
from unitledger.policy import Policy, Refunds, Reversible, Rounding
from unitledger.training import Item, PlaceOrder, WithdrawLine

LEO = learner("leo")
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def of(number: int) -> Credits:
    return Credits.of(number)


def test_taking_a_deposit_back_takes_what_is_there(lms: Portal) -> None:
    """D3: reversing a spent deposit went far below zero; here what is gone is owed in money."""
    lms.run(Purchase("p1", of(5), "terms"))
    lms.run(Enrol("leo", "first-aid"))
    lms.run(Allocate("fire", of(2)))
    outcome = lms.run(ChargeBack("p1")).outcome
    assert (outcome.amount, outcome.missing) == (of(2), of(3))
    assert lms.run(ChargeBack("p1")).same_as is not None
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        cells = [row for wallet in reading.wallets() for _, row in reading.holdings(wallet)]
    assert all(parts >= 0 for row in cells for parts in row[State.FREE :])
    assert (lms.free(POOL), lms.void(POOL)) == (0, 2)


def test_an_operation_gives_back_what_it_took_and_no_more() -> None:
    """D34: one of two spends was refunded twice and made credits; here each gives back its own."""
    desk = Desk()
    desk.issue("a", ANNS, u(10))
    first, second = (desk.spend(ANNS, u(5)).outcome.claim for _ in range(2))
    desk.give(Reverse(first, ANNS))
    with pytest.raises(ClaimExceeded) as refusal:
        desk.give(Reverse(first, ANNS, u(5)))
    assert (refusal.value.claim, refusal.value.there) == (first, 0)
    assert desk.figures(ANNS) == (500, 0, 500, 0, 0)
    desk.give(Reverse(second, ANNS, u(3)))
    with pytest.raises(ClaimExceeded) as refusal:
        desk.give(Reverse(second, ANNS, u("2.01")))
    assert (refusal.value.asked, refusal.value.there) == (201, 200)
    assert desk.figures(ANNS) == (800, 0, 200, 0, 0)
    desk.check()


def test_what_was_given_back_can_be_bought_again(lms: Portal) -> None:
    """R5: a reversed purchase stood in the way of the next; here it stands in nobody's way."""
    lms.allotted(1)
    lms.fill(1)
    bought = set()
    for _ in range(3):
        enrolment = lms.run(Enrol("leo", "fire")).outcome.enrolment
        invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
        assert lms.figures() == {POOL: (0, 0, 1), MIAS: (0, 1, 0)}
        lms.run(ReverseEnrolment(enrolment))
        lms.run(CancelInvite(invite), MIA)
        bought |= {enrolment, invite}
    assert len(bought) == 6
    room = stocked(own="B 9")
    for number in range(3):
        room.do(order("yoga 9", name=f"o{number}"), buyer("ann"))
        room.do(refund(name=f"o{number}"))
    assert room.available(member("ann")) == "9.00"


def test_going_back_and_forth_makes_nothing(lms: Portal) -> None:
    """R15: each revoke and un-revoke made a licence more; here any rounds leave three."""
    lms.allotted(2)
    lms.fill(1)
    for _ in range(5):
        lms.run(DeactivateManager("mia", "first-aid"))
        lms.run(ReactivateManager("mia", "first-aid"))
        lms.run(CloseCourse("first-aid"))
        lms.run(ReopenCourse("first-aid"))
        lms.run(Allocate("first-aid", of(2)))
        lms.run(Grant("mia", "first-aid", of(2)))
        invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
        lms.run(CancelInvite(invite), MIA)
        enrolment = lms.run(Enrol("leo", "fire")).outcome.enrolment
        lms.run(ReverseEnrolment(enrolment))
        assert lms.figures() == {MIAS: (2, 0, 0), POOL: (1, 0, 0)}


def test_the_time_to_undo_counts_from_the_enrolment() -> None:
    """R23: a refund window began at another event; here each has the one that it is named for."""
    with portal(Policy(reversible_until=Reversible.days(14))) as lms:
        lms.allotted(2)
        invites = [lms.run(SendInvite(one, "first-aid", "mia"), MIA).outcome.invite for one in "ab"]
        lms.clock.at = START + timedelta(days=10)
        for invite, who in zip(invites, ("leo", "lea"), strict=True):
            lms.run(AcceptInvite(invite, who), learner(who))
        leo, lea = (one.id for one in lms.enrolments("first-aid"))
        lms.clock.at = START + timedelta(days=20)
        lms.run(ReportProgress(lea, 50), CRON)
        lms.clock.at = START + timedelta(days=24) - MICROSECOND
        lms.run(ReverseEnrolment(leo))
        lms.clock.at = START + timedelta(days=24)
        assert type(lms.refused(ReverseEnrolment(lea))) is NotReversible
    for late, percent in ((timedelta(), 80), (MICROSECOND, 0)):
        room = stocked(Policy(refund=Refunds.by_terms((5, 80))), own="B 9")
        room.at(3)
        item = Item.in_units("yoga", 5, starts=day(20))
        room.do(PlaceOrder("o1", "ann", (item,)), buyer("ann"))
        room.clock.at = day(15) + late
        assert room.do(WithdrawLine("o1", 1), buyer("ann")).outcome.percent == percent


def test_parts_given_back_end_with_the_last() -> None:
    """R39: a refund could be repeated without end; here the claim knows what is left to give."""
    room = bought()
    for _ in range(4):
        room.do(refund("3"))
    for again in ("0.01", "3", ""):
        assert room.refused(ClaimExceeded, refund(again)).there == 0
    assert room.ledger.balance(member("ann")).available == Units.of(9)


def test_nothing_is_lost_with_what_is_cancelled_or_closed(lms: Portal) -> None:
    """R40: a cancelled or deleted booking kept its credit; here it goes back, however far."""
    lms.allotted(3)
    invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
    accepted = lms.run(SendInvite("b", "first-aid", "mia"), MIA).outcome.invite
    enrolment = lms.run(AcceptInvite(accepted, "leo"), LEO).outcome.enrolment
    lms.run(DeactivateManager("mia", "first-aid"))
    assert lms.figures() == {MIAS: (0, 1, 1), AID: (1, 0, 0)}
    lms.run(CancelInvite(invite))
    assert lms.figures() == {MIAS: (0, 0, 1), AID: (2, 0, 0)}
    lms.run(CloseCourse("first-aid"))
    lms.run(ReverseEnrolment(enrolment))
    assert lms.figures() == {POOL: (3, 0, 0)}


def test_an_order_is_paid_once_and_paid_out_credits_are_gone(lms: Portal) -> None:
    """R42: some checkouts took twice, and cashed-out credits were used; here neither happens."""
    room = stocked(own="B 9")
    room.do(order("yoga 4"), buyer("ann"))
    room.refused(AlreadyExists, order("yoga 4"), buyer("ann"))
    assert room.available(member("ann")) == "5.00"
    lms.run(Purchase("p1", of(2), "terms"))
    lms.run(ChargeBack("p1"))
    assert type(lms.refused(Enrol("leo", "first-aid"))) is InsufficientUnits
    assert type(lms.refused(Allocate("first-aid", of(1)))) is InsufficientUnits
    assert lms.void(POOL) == 2


def test_a_share_is_rounded_by_one_named_rule() -> None:
    """R44: how refunds round was changed to and fro; here it is one value, and nothing is lost."""
    assert Policy().refund_rounding is Rounding.FLOOR
    for spent in (1, 3, 99, 100, 101, 1234):
        for percent in range(101):
            exact = Fraction(spent * percent, 100)
            low, high = (rule.whole(exact) for rule in (Rounding.FLOOR, Rounding.CEILING))
            assert low == spent * percent // 100
            assert high == -(-spent * percent // 100)
            for rule in (Rounding.HALF_UP, Rounding.HALF_EVEN):
                assert rule.whole(exact) in (low, high)
                assert abs(rule.whole(exact) - exact) <= Fraction(1, 2)
    half = Fraction(5, 2)
    assert [rule.whole(half) for rule in Rounding] == [2, 3, 3, 2]
    shares = {}
    for rule in Rounding:
        room = stocked(Policy(refund=Refunds.by_terms((0, 50)), refund_rounding=rule), own="B 9")
        room.do(order("yoga 0.25"), buyer("ann"))
        outcome = room.do(WithdrawLine("o1", 1), buyer("ann")).outcome
        assert outcome.refunded + outcome.kept == Units.of("0.25")
        shares[rule.value] = outcome.refunded.text
    halves = {"floor": "0.12", "ceiling": "0.13", "half_up": "0.13", "half_even": "0.12"}
    assert shares == halves


def test_who_leaves_leaves_no_credit_behind(lms: Portal) -> None:
    """R32: a deleted user's unused licences belonged to nobody; here the course has them."""
    lms.allotted(3)
    invite = lms.run(SendInvite("a", "first-aid", "mia"), MIA).outcome.invite
    outcome = lms.run(DeactivateManager("mia", "first-aid")).outcome
    assert (outcome.amount, outcome.wallet) == (of(2), AID)
    assert lms.figures() == {AID: (2, 0, 0), MIAS: (0, 1, 0)}
    lms.unregistered("mia", "first-aid")
    lms.run(CancelInvite(invite))
    assert lms.figures() == {AID: (3, 0, 0)}
