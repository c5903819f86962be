"""A store may go on with a plan's bucket only when exactly what was planned has happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import probes
from tests.desk import ANN, BEN, Desk, day, u
from tests.probes import Deciding, Probe, deciding
from unitledger.accounts import State, account
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim
from unitledger.codec import encode
from unitledger.commands import Decision, Done, View, claim_id
from unitledger.ids import WalletId
from unitledger.journal import entry_of, entry_writer, touch_writer
from unitledger.moves import Move
from unitledger.orders import FIFO, LIFO
from unitledger.ports import Posting
from unitledger.stores import memory


@pytest.fixture(autouse=True)
def _probes() -> Iterator[None]:
    with probes.named():
        yield


@pytest.fixture
def desk() -> Desk:
    """Ann has three lots, the first to expire first; Ben has one."""
    desk = Desk()
    for number, (wallet, amount) in enumerate([(ANN, 5), (ANN, 5), (ANN, 9), (BEN, 5)]):
        desk.issue(f"l{number}", wallet, u(amount), expires=day(100 + number))
    for wallet in (ANN, BEN):
        for order in (None, FIFO, LIFO):
            desk.ledger.explain(wallet, u(1), order=order)
    return desk


def spent(view: View, plan: Plan, wallet: WalletId = ANN) -> Decision[Done]:
    """What a plan takes from a wallet, spent."""
    shift = Claim.taking(claim_id(view), wallet, plan.taken, State.SPENT)
    return Decision(Done(), shift.moves, (shift.claim,))


def as_planned(_probe: Probe, view: View) -> Decision[Done]:
    return spent(view, view.plan(ANN, u(7)))


def the_first_of_two(_probe: Probe, view: View) -> Decision[Done]:
    first = view.plan(ANN, u(7))
    view.plan(ANN, u(12))
    return spent(view, first)


def less_than_planned(_probe: Probe, view: View) -> Decision[Done]:
    view.plan(ANN, u(7))
    return spent(view, view.bucket(ANN).burn(u(6), at=view.at))


def another_lot_than_planned(_probe: Probe, view: View) -> Decision[Done]:
    planned = view.plan(ANN, u(5))
    others = [lot for _, lot, _ in view.bucket(ANN).entries() if lot is not planned.taken[0][0]]
    taken = ((others[0], u(5).parts),)
    shift = Claim.taking(claim_id(view), ANN, taken, State.SPENT)
    return Decision(Done(), shift.moves, (shift.claim,))


def more_than_planned(_probe: Probe, view: View) -> Decision[Done]:
    plan = view.plan(ANN, u(5))
    last = list(view.bucket(ANN).entries())[-1][1]
    shift = Claim.taking(claim_id(view), ANN, (*plan.taken, (last, 1)), State.SPENT)
    return Decision(Done(), shift.moves, (shift.claim,))


def nothing_of_it(_probe: Probe, view: View) -> Decision[Done]:
    view.plan(ANN, u(7))
    return Decision(Done())


def under_another_order(_probe: Probe, view: View) -> Decision[Done]:
    return spent(view, view.plan(ANN, u(7), order=LIFO))


def to_another_wallet(_probe: Probe, view: View) -> Decision[Done]:
    plan = view.plan(ANN, u(7))
    ends = account(ANN, State.FREE), account(BEN, State.FREE)
    return Decision(Done(), tuple([Move(lot.id, *ends, parts) for lot, parts in plan.taken]))


EVERY: tuple[Deciding, ...] = (
    as_planned,
    the_first_of_two,
    less_than_planned,
    another_lot_than_planned,
    more_than_planned,
    nothing_of_it,
    under_another_order,
    to_another_wallet,
)


@pytest.mark.parametrize("what", EVERY, ids=lambda what: f"TU-190 {what.__name__}")
def test_a_bucket_is_what_its_wallet_holds_whatever_was_planned(desk: Desk, what: Deciding) -> None:
    desk.give(deciding("planner", what)(ANN, BEN))
    with desk.store.read(desk.ledger.portal) as reading:
        for wallet in (ANN, BEN):
            held = [(lot, cells[State.FREE]) for lot, cells in reading.holdings(wallet)]
            for order in (desk.ledger.policy.burn_order, FIFO, LIFO):
                made_anew = Bucket.sorted(held, unit=type(u(1)), order=order)
                assert reading.bucket(wallet, order, desk.clock.at, None) == made_anew
    desk.check()


def test_a_plan_that_was_carried_out_is_gone_on_with(desk: Desk) -> None:
    plans: list[Plan] = []

    def noted(_probe: Probe, view: View) -> Decision[Done]:
        plans.append(view.plan(ANN, u(7)))
        return spent(view, plans[-1])

    desk.give(deciding("noted", noted)(ANN))
    with desk.store.read(desk.ledger.portal) as reading:
        order = desk.ledger.policy.burn_order
        assert reading.bucket(ANN, order, desk.clock.at, None) is plans[-1].after


def test_a_store_that_keeps_no_plans_comes_to_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, post = Desk(desk.store.fork()), memory._Unit.post  # type: ignore[attr-defined]

    def without_plans(unit: memory._Unit, posting: Posting) -> None:
        post(unit, posting._replace(plans={}))

    desk.give(deciding("planner", as_planned)(ANN), "r")
    monkeypatch.setattr(memory._Unit, "post", without_plans)
    other.give(deciding("planner", as_planned)(ANN), "r")
    assert desk.journal() == other.journal()
    with (
        desk.store.read(desk.ledger.portal) as mine,
        other.store.read(desk.ledger.portal) as theirs,
    ):
        order = desk.ledger.policy.burn_order
        assert mine.bucket(ANN, order, day(0), None) == theirs.bucket(ANN, order, day(0), None)


def test_an_entry_written_from_its_fields_is_the_entry_encoded(desk: Desk) -> None:
    desk.hold(ANN, u(7), day(3))
    desk.at(4).spend(ANN, u(1))
    for kept in desk.journal():
        entry = entry_of(kept)
        links = [
            touch_writer()(previous=one.previous, sequence=one.sequence, wallet=one.wallet)
            for one in entry.touches
        ]
        assert links == list(map(encode, entry.touches))
        given = (entry.portal, entry.request, entry.fingerprint, entry.actor, entry.command)
        texts = [*map(encode, given), encode(entry.reason), f"[{','.join(links)}]"]
        others = ("at", "clock", "outcome", "moves", "claims", "records", "lots", "terms")
        rest = {
            name: getattr(entry, name) for name in (*others, "terms_read", "answers", "same_as")
        }
        assert entry_writer()(*texts, **rest) == kept.text == encode(entry)
