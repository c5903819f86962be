"""Everything due and not done yet: C40, and C43 for what is forfeited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    CRON,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    at,
    learner,
    portal,
)
from unitledger.amounts import Credits, Units
from unitledger.commands import Receipt
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    CancelInvite,
    ChangePlan,
    Due,
    Forfeit,
    Forfeited,
    Grant,
    InviteState,
    Lapse,
    Purchase,
    Replenish,
    Replenished,
    Resubscribe,
    SendInvite,
    Subscribe,
    due,
    run_due,
)
from unitledger.errors import NotDue, NotPermitted, RequestConflict
from unitledger.ids import LotId, RecordId, WalletId
from unitledger.lots import Category
from unitledger.operations import Issue, Spend
from unitledger.orders import BurnOrder
from unitledger.policy import HoldsAtLapse, Policy, PurchasedAtLapse, Refill, RefillMode
from unitledger.time import Period

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
FEBRUARY = at("2026-02-28T09:00")


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def waiting(lms: Portal, when: datetime | None = None) -> tuple[Due, ...]:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        return due(reading, at=when or lms.clock.at)


def told(lms: Portal, when: datetime | None = None) -> list[str]:
    """What is due, in short."""
    return [
        f"{one.command.subscription}/{one.command.index}"
        if isinstance(one.command, Replenish)
        else f"{one.command.subscription} {one.command.wallet}"
        for one in waiting(lms, when)
    ]


def ran(lms: Portal) -> list[str]:
    return [one.request for one in run_due(lms.ledger, by=CRON) if isinstance(one, Receipt)]


def test_every_period_of_every_subscription_is_found(lms: Portal) -> None:
    """C40: the first due first, however long nobody looked (D23)."""
    lms.run(Subscribe("b", Credits.of(120), Period.MONTH))
    lms.run(Subscribe("a", Credits.of(12), Period.YEAR, START + DAY))
    lms.run(Subscribe("later", Credits.of(12), Period.YEAR, at("2030-01-01")))
    assert told(lms) == ["b/0"]
    lms.clock.at = at("2027-03-01")
    months = [f"b/{k}" for k in range(1, 13)]
    assert told(lms) == ["b/0", "a/0", *months, "a/1", "b/13"]
    (first, second, *_) = waiting(lms)
    assert first == Due(START, Replenish("b", 0), "replenish b/0")  # type: ignore[arg-type]
    assert (second.at, second.request) == (START + DAY, "replenish a/0")


def test_a_period_is_due_from_its_instant_on(lms: Portal) -> None:
    """C40."""
    lms.run(Subscribe("growth", Credits.of(500), Period.MONTH))
    assert told(lms, FEBRUARY - MICROSECOND) == ["growth/0"]
    assert told(lms, FEBRUARY) == ["growth/0", "growth/1"]


def test_what_is_due_is_done_once(lms: Portal) -> None:
    """C40: the same again, by the same scheduler or another one, does nothing."""
    lms.run(Subscribe("growth", Credits.of(500), Period.MONTH))
    lms.clock.at = FEBRUARY
    assert ran(lms) == ["replenish growth/0", "replenish growth/1"]
    assert lms.free(POOL) == 82
    before = lms.ledger.journal()
    assert run_due(lms.ledger, by=CRON) == ()
    assert run_due(lms.ledger, by=ANN) == ()
    assert lms.ledger.journal() == before


def test_a_period_granted_by_hand_is_not_due(lms: Portal) -> None:
    """C40."""
    lms.run(Subscribe("growth", Credits.of(500), Period.MONTH))
    lms.clock.at = FEBRUARY
    lms.run(Replenish("growth", 1))
    assert ran(lms) == ["replenish growth/0"]


def test_a_refusal_does_not_stop_the_rest(lms: Portal) -> None:
    """C40: a request id that means something else already, or a future period."""
    lms.run(Subscribe("growth", Credits.of(500), Period.MONTH))
    lms.fill(1)
    lms.run(Allocate("fire", Credits.of(1)), request="replenish growth/0")
    lms.clock.at = FEBRUARY
    conflict, receipt, early = run_due(lms.ledger, by=CRON, at=at("2026-03-31T09:00"))
    assert isinstance(conflict, RequestConflict)
    assert conflict.request == "replenish growth/0"
    assert isinstance(receipt, Receipt)
    assert isinstance(early, NotDue)
    assert told(lms) == ["growth/0"]


def test_somebody_who_may_not_gets_every_refusal(lms: Portal) -> None:
    """C60."""
    lms.run(Subscribe("growth", Credits.of(500), Period.MONTH))
    (refusal,) = run_due(lms.ledger, by=MIA)
    assert isinstance(refusal, NotPermitted)


def suspended(lms: Portal, *, purchased: bool = False) -> None:
    """Two in the pool, one in the course, one free and one held with mia, one bought."""
    lms.run(Subscribe("basic", Credits.of(5), Period.YEAR))
    lms.run(Replenish("basic", 0), CRON)
    lms.run(Allocate("first-aid", Credits.of(3)))
    lms.run(Grant("mia", "first-aid", Credits.of(2)))
    lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
    if purchased:
        lms.run(Purchase("order", Credits.of(1), "t"))
    lms.run(Lapse("basic"))


def test_forfeits_are_due_when_the_grace_is_over() -> None:
    """C43: one for every wallet that has something left, and nothing else."""
    with portal(Policy(lapse_grace_days=1)) as lms:
        suspended(lms, purchased=True)
        lms.ledger.execute(
            Issue(LotId("u"), WalletId("member/leo"), Units.of(1)), by=ANN, request="units"
        )
        assert told(lms, START + DAY - MICROSECOND) == []
        expected = ["basic course/first-aid", "basic manager/mia/first-aid", "basic pool"]
        assert sorted(told(lms, START + DAY)) == expected
        lms.clock.at = START + DAY
        assert {one.at for one in waiting(lms)} == {START + DAY}
        assert len(ran(lms)) == 3
        assert (lms.free(POOL), lms.free(AID), lms.free(MIAS), lms.held(MIAS)) == (1, 0, 0, 1)
        assert told(lms) == []
        lms.run(CancelInvite("invite.1"), MIA)
        assert told(lms) == ["basic manager/mia/first-aid"]
        assert len(ran(lms)) == 1
        assert (lms.free(POOL), lms.free(MIAS), lms.held(MIAS)) == (1, 0, 0)
        assert lms.free("member/leo") == 100


def test_forfeits_come_behind_the_periods_that_they_take(lms: Portal) -> None:
    """C40, C43: one run is enough, whatever was missed before."""
    lms.run(Subscribe("basic", Credits.of(24), Period.MONTH))
    lms.run(ChangePlan("basic", Credits.of(48)))
    lms.clock.at = FEBRUARY
    lms.run(Lapse("basic"))
    lms.clock.at = at("2026-12-01")
    answers = run_due(lms.ledger, by=CRON)
    outcomes = [one.outcome for one in answers if isinstance(one, Receipt)]
    assert outcomes == [
        Replenished(RecordId("basic"), 0, Credits.of(2), LotId("basic/0")),
        Forfeited(RecordId("basic"), POOL, Credits.of(4), ()),
    ]
    assert lms.free(POOL) == 0
    assert lms.ledger.balance(POOL).void.parts == 4
    assert told(lms) == []


def test_a_restored_subscription_has_its_missed_periods_due() -> None:
    """C44."""
    with portal(Policy(lapse_grace_days=60)) as lms:
        lms.run(Subscribe("basic", Credits.of(24), Period.MONTH))
        lms.run(Lapse("basic"))
        lms.clock.at = FEBRUARY
        assert told(lms) == []
        lms.run(Resubscribe("basic"))
        assert told(lms) == ["basic/0", "basic/1"]


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        pytest.param("-expires, available", "basic/0", id="C43 a period's lot"),
        pytest.param("expires, available", "basic/0.2", id="C43 its second piece"),
        pytest.param("-expires, -available", "basic/0+1", id="C43 what an upgrade brought"),
        pytest.param("expires, -available", "basic/0+1.2", id="C43 the second piece of that"),
    ],
)
def test_every_piece_of_every_lot_is_looked_for(order: str, kept: str) -> None:
    """C41, C43: a wallet may hold only the second piece of what an upgrade brought."""
    lms = Portal(Policy(refill=Refill(RefillMode.ADD_CAPPED, Credits.of(110))))
    lms.run(Subscribe("basic", Credits.of(960), Period.MONTH))
    lms.run(Replenish("basic", 0), CRON)
    lms.run(ChangePlan("basic", Credits.of(1200)))
    sizes = {str(line.lot.id): line.available for line in lms.ledger.balance(POOL).lots}
    assert sizes == {"basic/0": 50, "basic/0.2": 30, "basic/0+1": 10, "basic/0+1.2": 10}
    lms.run(Allocate("first-aid", Credits.of(100)))
    lms.run(Spend(AID, Credits.of(100 - sizes[kept]), order=BurnOrder.parse(order)))
    left = [line.lot.id for line in lms.ledger.balance(AID).lots if line.available]
    assert left == [kept]
    lms.run(Lapse("basic"))
    assert told(lms) == ["basic course/first-aid"]
    ran(lms)
    assert (lms.free(AID), told(lms)) == (0, [])
    assert lms.ledger.audit().ok


def test_holds_are_due_only_where_they_are_to_be_released() -> None:
    """C45: and no sooner than everything else."""
    for holds, expected in (
        (HoldsAtLapse.HONOUR, []),
        (HoldsAtLapse.RELEASE_THEN_FORFEIT, ["basic manager/mia/first-aid"]),
    ):
        with portal(Policy(holds_at_lapse=holds)) as lms:
            lms.run(Subscribe("basic", Credits.of(1), Period.YEAR))
            lms.run(Replenish("basic", 0), CRON)
            lms.run(Allocate("first-aid", Credits.of(1)))
            lms.run(Grant("mia", "first-aid", Credits.of(1)))
            lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
            lms.run(Lapse("basic"))
            assert told(lms) == expected
            ran(lms)
            assert told(lms) == []
            state = InviteState.CANCELLED if expected else InviteState.SENT
            assert lms.invite("invite.1").state is state


def test_a_hold_of_somebody_who_accepted_is_nobodys_to_release() -> None:
    """C45."""
    policy = Policy(holds_at_lapse=HoldsAtLapse.RELEASE_THEN_FORFEIT)
    with portal(policy) as lms:
        lms.run(Subscribe("basic", Credits.of(1), Period.YEAR))
        lms.run(Replenish("basic", 0), CRON)
        lms.run(Allocate("first-aid", Credits.of(1)))
        lms.run(Grant("mia", "first-aid", Credits.of(1)))
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
        lms.run(AcceptInvite("invite.1", "leo"), learner("leo"))
        lms.run(Lapse("basic"))
        assert told(lms) == []


def test_a_hold_that_is_over_is_free_whoever_looks() -> None:
    """C29, C43: before anybody has written its release down."""
    with portal(Policy(invite_days=10)) as lms:
        suspended(lms)
        ran(lms)
        lms.clock.at = START + 10 * DAY
        assert told(lms) == ["basic manager/mia/first-aid"]
        assert told(lms, START + 10 * DAY - MICROSECOND) == []
        (receipt,) = run_due(lms.ledger, by=CRON)
        assert isinstance(receipt, Receipt)
        assert [move.verb for move in receipt.moves] == ["release", "void"]


def test_what_is_free_and_what_is_free_again_are_both_looked_for() -> None:
    """C29, C43: one free and one whose hold is over, with the same manager."""
    with portal(Policy(invite_days=10)) as lms:
        suspended(lms)
        lms.clock.at = START + 10 * DAY
        assert "basic manager/mia/first-aid" in told(lms)


def test_bought_credits_are_looked_for_everywhere_where_they_are_forfeited() -> None:
    """C43."""
    with portal(Policy(purchased_at_lapse=PurchasedAtLapse.FORFEIT)) as lms:
        lms.run(Issue(LotId("opening"), AID, Credits.of(2), category=Category.PURCHASED))
        lms.run(Issue(LotId("units"), WalletId("member/leo"), Units.of(2)))
        lms.clock.at = START + DAY
        lms.run(Subscribe("basic", Credits.of(1), Period.YEAR))
        lms.run(Lapse("basic"))
        assert told(lms) == ["basic course/first-aid"]


def test_what_a_forfeit_is_asked_for_under_is_new_each_time(lms: Portal) -> None:
    """C40, C61: and the same for the same state of the same wallet."""
    suspended(lms)
    first = waiting(lms)
    assert first == waiting(lms)
    assert len({one.request for one in first}) == 3
    ran(lms)
    lms.run(CancelInvite("invite.1"), MIA)
    (again,) = waiting(lms)
    assert again.request not in {one.request for one in first}
    assert isinstance(again.command, Forfeit)


@pytest.mark.parametrize("count", [1, 3], ids=lambda n: f"C40 {n} schedulers")
def test_schedulers_that_overlap_do_everything_once(count: int) -> None:
    with portal() as lms:
        lms.run(Subscribe("growth", Credits.of(500), Period.MONTH))
        lms.clock.at = FEBRUARY
        seen: list[Any] = [waiting(lms) for _ in range(count)]
        for found in seen:
            for one in found:
                lms.ledger.execute(one.command, by=CRON, request=one.request)
        assert lms.free(POOL) == 82
