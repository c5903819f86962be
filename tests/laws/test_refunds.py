"""Laws of refunds, through a ledger: what comes back is what was taken, last first, never more."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, event, given
from hypothesis import strategies as st

from unitledger.accounts import State, member
from unitledger.amounts import Units
from unitledger.commands import Actor, Role
from unitledger.errors import ClaimExceeded, Refused
from unitledger.ids import LotId
from unitledger.ledger import Ledger
from unitledger.operations import Issue
from unitledger.policy import DebitAt, Policy, RefundMode, Refunds, Rounding
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock, parse_instant
from unitledger.training import (
    AdjustPrice,
    CancelLine,
    CaptureLine,
    Item,
    PlaceOrder,
    RefundLine,
    ReleaseLine,
    WithdrawLine,
)

ADMIN = Actor.acting("ada", Role.ADMIN)
ANN = member("ann")
NOW = parse_instant("2026-01-01T00:00:00Z")
SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=6)
PARTS = st.integers(1, 900)
ENDINGS = st.sampled_from(["refund", "withdraw", "cancel", "adjust", "capture", "release"])


def portal(sizes: list[int], policy: Policy) -> Ledger:
    """A ledger in which ann has lots of those sizes."""
    ledger = Ledger(MemoryStore(), policy=policy, clock=FixedClock(NOW))
    for number, parts in enumerate(sizes):
        lot = LotId(f"lot{number}")
        ledger.execute(Issue(lot, ANN, Units(parts=parts)), by=ADMIN, request=f"issue{number}")
    return ledger


def ordered(ledger: Ledger, parts: int, *, approval: bool = False) -> list[tuple[str, int]]:
    """What an order for so many parts takes, in taking order."""
    item = Item.in_units("yoga", Fraction(parts, 100))
    command = PlaceOrder("o1", "ann", (item,), needs_approval=approval)
    receipt = ledger.execute(command, by=ADMIN, request="o1")
    return [(move.lot, move.parts) for move in receipt.moves]


def figures(ledger: Ledger) -> list[tuple[int, int, int]]:
    return [(one.available, one.held, one.spent) for one in ledger.balance(ANN).lots]


def one_by_one(taken: list[tuple[str, int]]) -> list[str]:
    return [lot for lot, parts in taken for _ in range(parts)]


def spent(ledger: Ledger) -> list[str]:
    """Every single part that the order has spent, in taking order."""
    with ledger.store.read(ledger.portal) as reading:
        claims = list(reading.claims(ANN))
    segments = [part for claim in claims for part in claim.segments]
    return [part.lot for part in segments if part.state is State.SPENT for _ in range(part.parts)]


FULL = Policy(refund=Refunds(RefundMode.FULL))


@given(SIZES, PARTS)
def test_a_full_refund_before_expiry_is_the_identity(sizes: list[int], parts: int) -> None:
    """TU-238."""
    assume(parts <= sum(sizes))
    ledger = portal(sizes, FULL)
    before = figures(ledger)
    taken = ordered(ledger, parts)
    event(f"{len(taken)} lots")
    ledger.execute(RefundLine("o1", 1), by=ADMIN, request="back")
    assert figures(ledger) == before
    assert ledger.audit().faults == ()


@given(SIZES, PARTS, st.lists(st.integers(1, 300), max_size=5))
def test_what_stays_spent_is_a_prefix_and_refunds_never_exceed_it(
    sizes: list[int], parts: int, refunds: list[int]
) -> None:
    """TU-238, TU-243."""
    assume(parts <= sum(sizes))
    ledger = portal(sizes, FULL)
    taken = one_by_one(ordered(ledger, parts))
    left = parts
    for number, amount in enumerate(refunds):
        command = RefundLine("o1", 1, Units(parts=amount))
        try:
            outcome = ledger.execute(command, by=ADMIN, request=f"back{number}").outcome
        except ClaimExceeded:
            event("more than is left")
            assert amount > left
        else:
            left -= amount
            assert (outcome.refunded.parts, outcome.kept.parts) == (amount, left)
        assert spent(ledger) == taken[:left]


@given(SIZES, PARTS, st.integers(0, 100), st.sampled_from(list(Rounding)))
def test_a_percentage_is_within_a_part_of_exact_and_loses_nothing(
    sizes: list[int], parts: int, percent: int, rounding: Rounding
) -> None:
    """TU-231, TU-240."""
    assume(parts <= sum(sizes))
    policy = Policy(refund=Refunds.by_terms((0, percent)), refund_rounding=rounding)
    ledger = portal(sizes, policy)
    taken = one_by_one(ordered(ledger, parts))
    outcome = ledger.execute(WithdrawLine("o1", 1), by=ADMIN, request="left").outcome
    exact = Fraction(parts * percent, 100)
    assert abs(outcome.refunded.parts - exact) < 1
    assert outcome.refunded.parts + outcome.kept.parts == parts
    assert spent(ledger) == taken[: outcome.kept.parts]


@given(SIZES, PARTS, st.lists(st.tuples(ENDINGS, st.integers(0, 500)), max_size=8))
def test_whatever_is_done_to_a_line_nothing_is_lost_or_made(
    sizes: list[int], parts: int, steps: list[tuple[str, int]]
) -> None:
    """TU-243, X-20."""
    assume(parts <= sum(sizes))
    policy = Policy(
        refund=Refunds.by_terms((0, 30)), debit_at=DebitAt.HOLD_THEN_CAPTURE, approval_days=9
    )
    ledger = portal(sizes, policy)
    ordered(ledger, parts, approval=True)
    for number, (name, amount) in enumerate(steps):
        units = Units(parts=amount)
        some = units if amount else None
        command = {
            "refund": RefundLine("o1", 1, some),
            "withdraw": WithdrawLine("o1", 1),
            "cancel": CancelLine("o1", 1),
            "adjust": AdjustPrice("o1", 1, units),
            "capture": CaptureLine("o1", 1, some),
            "release": ReleaseLine("o1", 1, some),
        }[name]
        before = sum(held + gone for _, held, gone in figures(ledger))
        try:
            ledger.execute(command, by=ADMIN, request=f"step{number}")
        except Refused:
            event(f"{name} refused")
            assert sum(held + gone for _, held, gone in figures(ledger)) == before
        else:
            event(f"{name} done")
            assert sum(held + gone for _, held, gone in figures(ledger)) <= before
        assert sum(map(sum, figures(ledger))) == sum(sizes)
    assert ledger.audit().faults == ()
