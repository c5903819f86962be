"""Presets: four bundles of policy values under which one portal is like another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_training_checkout import ANN, CODE, cart, stocked
from tests.rules.training_room import code_id, day, rule, spent
from unitledger.accounts import keycode, member
from unitledger.amounts import Rate, Units
from unitledger.buckets import AllocationScope
from unitledger.errors import InsufficientUnits, InvalidTerms, InvalidType, InvalidValue
from unitledger.operations import EditExpiry, VoidUnits
from unitledger.orders import FEFO_LARGEST, FIFO
from unitledger.policy import (
    BulkDiscount,
    DebitAt,
    ExpiredSource,
    HeldAtExpiry,
    MoneyRule,
    MovedQuote,
    PaymentMethod,
    Policy,
    RawValue,
    RefundMode,
    Refunds,
    Rounding,
    SessionOrder,
    Tender,
)
from unitledger.training import NoRefund, PlaceOrder, WithdrawLine

OWN = member("ann")


@rule("X-01", "X-04", "X-05", "X-20", "X-22", "TU-177", "TU-179", "TU-184", "TU-239", "TU-240")
def test_the_defaults_are_those_of_the_rules() -> None:
    policy = Policy()
    assert (policy.tender, policy.remainder_methods) == (
        Tender.UNITS_ONLY,
        frozenset({PaymentMethod.CARD, PaymentMethod.BILL}),
    )
    assert (policy.refund, policy.refund_rounding) == (
        Refunds(RefundMode.NONE_FOR_SESSIONS),
        Rounding.FLOOR,
    )
    assert policy.expired_source is ExpiredSource.RETURN_AND_LAPSE
    assert (policy.debit_at, policy.held_at_expiry) == (DebitAt.PLACEMENT, HeldAtExpiry.PINNED)
    assert (policy.approval_days, policy.extend_days) == (None, 30)
    assert (policy.moved_quote, policy.raw_value) == (MovedQuote.REPLAN, RawValue.PRICE_PAID)
    assert policy.money_rule == MoneyRule(2, Rounding.HALF_UP)
    assert not policy.coupon_on_unit_purchase
    assert not policy.code_tops_up
    assert not policy.freeze_after_draw
    assert (policy.currency, policy.bulk_discounts) == (None, ())


@rule("X-01", "X-04")
def test_the_strict_overview() -> None:
    """One method pays the whole order, and nothing comes back."""
    policy = Policy.strict_overview()
    assert not policy.session_guard
    room = stocked(policy, code="C 5", own="A 9")
    room.refused(InsufficientUnits, PlaceOrder("o1", "ann", cart("yoga 6"), code_id()), ANN)
    room.do(PlaceOrder("o1", "ann", cart("yoga 6")), ANN)
    assert room.do(WithdrawLine("o1", 1), ANN).outcome.because is NoRefund.POLICY


@rule("X-01", "X-02", "TU-175")
def test_the_vendors_checkout() -> None:
    """What units do not cover is paid by card or bill; the guard is the host's to switch on."""
    policy = Policy.vendor_checkout()
    assert (policy.tender, policy.session_guard) == (Tender.ALLOW_REMAINDER, False)
    assert policy.session_order is SessionOrder.LATEST_EXPIRY
    assert policy.remainder_methods == {PaymentMethod.CARD, PaymentMethod.BILL}
    guarded = Policy.vendor_checkout(session_guard=True)
    assert (guarded.session_guard, guarded.tender) == (True, Tender.ALLOW_REMAINDER)


@rule("X-04", "X-06", "X-14", "TU-232")
def test_the_club() -> None:
    """Key codes are sold, lots are ranked after each item, and all comes back up to the start."""
    policy = Policy.club_tenant()
    assert policy.key_code_purchase
    assert policy.allocation_scope is AllocationScope.ITEM
    assert policy.refund == Refunds.by_terms((0, 100))


@rule("TU-114")
def test_the_prepaid_pool() -> None:
    """The first acquired pays first, from several pools, and what was drawn on is fixed."""
    room = stocked(Policy.prepaid_pool(), code="C 5 d60")
    room.at(1)
    room.issue(CODE, "D 5 d10")
    room.register(2)
    room.issue(keycode(code_id(2)), "E 5")
    command = PlaceOrder("o1", "ann", cart("yoga 11"), code_id(), more_codes=(code_id(2),))
    assert spent(room.do(command, ANN)) == "C 5, D 5, E 1"
    assert (Policy.prepaid_pool().burn_order, Policy().burn_order) == (FIFO, FEFO_LARGEST)


def edit(lot: str, wallet: str = CODE) -> EditExpiry:
    return EditExpiry(lot, wallet, day(90))  # type: ignore[arg-type]


def test_a_pool_is_fixed_once_it_was_drawn_on() -> None:
    """TU-114: the preset's `freeze_after_draw`."""
    room = stocked(Policy.prepaid_pool(), code="C 5 d60")
    room.do(edit("C"))
    room.do(VoidUnits(CODE, Units.of(1)))
    room.do(edit("C"))
    room.do(PlaceOrder("o1", "ann", cart("yoga 1"), code_id()), ANN)
    refusal = room.refused(InvalidTerms, edit("C"))
    assert "freeze_after_draw" in str(refusal)


def test_elsewhere_a_lot_is_never_fixed() -> None:
    """X-08: lots stay editable."""
    room = stocked(code="C 5 d60")
    room.do(PlaceOrder("o1", "ann", cart("yoga 1"), code_id()), ANN)
    room.do(edit("C"))


def test_what_has_lapsed_unused_is_not_fixed() -> None:
    """TU-066: under the preset too."""
    room = stocked(Policy.prepaid_pool(), code="C 5 d6, D 9")
    room.at(7)
    room.do(PlaceOrder("o1", "ann", cart("yoga 1"), code_id()), ANN)
    room.do(edit("C"))
    assert room.available(CODE) == "13.00"


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        pytest.param(InvalidType, {"remainder_methods": frozenset({"card"})}, id="X-01 by name"),
        pytest.param(InvalidType, {"remainder_methods": (PaymentMethod.CARD,)}, id="X-01 a tuple"),
        pytest.param(InvalidType, {"bulk_discounts": (5,)}, id="TU-212 a number"),
        pytest.param(InvalidType, {"bulk_discounts": [BulkDiscount(Units.of(1), 5)]}, id="a list"),
        pytest.param(InvalidValue, {"approval_days": 0}, id="X-20 no days"),
        pytest.param(InvalidValue, {"approval_days": 36_501}, id="X-20 too many days"),
        pytest.param(InvalidValue, {"extend_days": 0}, id="TU-239 no days"),
        pytest.param(InvalidValue, {"extend_days": 36_501}, id="TU-239 too many days"),
        pytest.param(InvalidType, {"extend_days": None}, id="TU-239 not said"),
        pytest.param(InvalidType, {"refund": RefundMode.FULL}, id="X-04 a mode alone"),
        pytest.param(InvalidType, {"currency": 5}, id="a number for a currency"),
    ],
)
def test_what_is_no_policy(error: type[Exception], fields: dict[str, Any]) -> None:
    with pytest.raises(error):
        Policy(**fields)


def test_the_edges_of_a_policy() -> None:
    """X-20, TU-239."""
    for days in (1, 36_500):
        policy = Policy(approval_days=days, extend_days=days, unit_value=Rate.of(1))
        assert (policy.approval_days, policy.extend_days) == (days, days)
    for value in (*PaymentMethod, *Rounding, *DebitAt, *MovedQuote, *RefundMode, *ExpiredSource):
        assert repr(value) == f"{type(value).__name__}.{value.name}"
    for one in (*HeldAtExpiry, *RawValue, *NoRefund):
        assert repr(one) == f"{type(one).__name__}.{one.name}"
