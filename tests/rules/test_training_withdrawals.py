"""Withdrawals, cancellations and lower prices: how much of a debit comes back, and to whom."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.rules.test_training_checkout import ANN, CODE, cart, stocked
from tests.rules.training_room import (
    ADMIN,
    CREATOR,
    SYSTEM,
    Room,
    code_id,
    day,
    learner,
    returned,
    rule,
)
from unitledger.accounts import member
from unitledger.amounts import Credits, Rate, Units
from unitledger.commands import Actor, Role
from unitledger.errors import (
    AlreadyExists,
    IllegalTransition,
    InvalidInput,
    InvalidType,
    InvalidValue,
    NotPermitted,
    NotRefundable,
    UnknownObject,
)
from unitledger.lots import Category, Cost
from unitledger.operations import EditExpiry, Issue
from unitledger.policy import (
    DebitAt,
    ExpiredSource,
    PaymentMethod,
    Policy,
    RefundMode,
    Refunds,
    RefundTerm,
    Rounding,
    Tender,
)
from unitledger.training import (
    AdjustPrice,
    CancelLine,
    CaptureLine,
    Item,
    NoRefund,
    PlaceOrder,
    RefundLine,
    WithdrawLine,
)

OWN = member("ann")
FULL = Refunds(RefundMode.FULL)


def session(price: str = "4", starts: int = 20, **fields: Any) -> PlaceOrder:
    """An order of ann's for a session that starts on a day."""
    items = (Item.in_units("yoga", price, starts=day(starts)),)
    return PlaceOrder("o1", "ann", items, **fields)


def bought(refund: Refunds | None = None, price: str = "4", **policy: Any) -> Room:
    """A room in which ann has bought a session that starts on day 20."""
    if refund is not None:
        policy["refund"] = refund
    room = stocked(Policy(**policy), own="A 9")
    room.do(session(price), ANN)
    return room


def left(room: Room) -> tuple[str, str]:
    """What ann can spend and has spent."""
    balance = room.ledger.balance(OWN)
    return balance.available.text, balance.spent.text


TWO_LOTS = "A 5 d30, B 5 d60"
"""Of these, A is taken before B."""


# What a withdrawal gives back.


@pytest.mark.parametrize(
    ("refunds", "starts", "percent", "because"),
    [
        pytest.param(Refunds(), 20, 0, NoRefund.SESSION, id="X-04 TU-230 none_for_sessions"),
        pytest.param(Refunds(), None, 100, None, id="X-04 none_for_sessions: a course"),
        pytest.param(Refunds(RefundMode.NONE), 20, 0, NoRefund.POLICY, id="X-04 none: a session"),
        pytest.param(Refunds(RefundMode.NONE), None, 0, NoRefund.POLICY, id="X-04 none"),
        pytest.param(FULL, 20, 100, None, id="X-04 full: a session"),
        pytest.param(FULL, None, 100, None, id="X-04 full"),
        pytest.param(Refunds.by_terms((0, 100)), 20, 100, None, id="X-04 TU-232 terms"),
        pytest.param(Refunds.by_terms((5, 50)), None, 50, None, id="X-04 terms: a course"),
    ],
)
def test_the_policy_says_what_comes_back(
    refunds: Refunds, starts: int | None, percent: int, because: NoRefund | None
) -> None:
    room = stocked(Policy(refund=refunds), own="A 9")
    item = Item.in_units("yoga", "4", starts=None if starts is None else day(starts))
    room.do(PlaceOrder("o1", "ann", (item,)), ANN)
    outcome = room.do(WithdrawLine("o1", 1), ANN).outcome
    back = Units.of(4 * percent // 100)
    assert (outcome.order, outcome.line) == ("o1", 1)
    assert (outcome.percent, outcome.because) == (percent, because)
    assert (outcome.refunded, outcome.kept) == (back, Units.of(4) - back)
    assert outcome.released == Units.of(0)
    assert outcome.reissued == ()
    assert not outcome.card


TIERED = Refunds.by_terms((7, 50), (0, 10), (14, 100))


@pytest.mark.parametrize(
    ("refunds", "seconds", "percent"),
    [
        pytest.param(TIERED, -14 * 86400, 100, id="TU-231 fourteen days before"),
        pytest.param(TIERED, -14 * 86400 + 1, 50, id="TU-231 a second less"),
        pytest.param(TIERED, -7 * 86400, 50, id="TU-231 seven days before"),
        pytest.param(TIERED, -7 * 86400 + 1, 10, id="TU-231 a second less than seven"),
        pytest.param(TIERED, 0, 10, id="TU-232 as it starts"),
        pytest.param(TIERED, 1, None, id="TU-232 a second later"),
        pytest.param(Refunds.by_terms((0, 100)), 0, 100, id="TU-232 any time up to the start"),
        pytest.param(Refunds.by_terms((0, 100)), 1, None, id="TU-232 not after it"),
        pytest.param(Refunds.by_terms((1, 90)), -86399, None, id="TU-231 less than a day"),
        pytest.param(Refunds.by_terms((0, 0)), -9, 0, id="TU-231 a term that gives nothing"),
    ],
)
def test_terms_count_back_from_the_start(
    refunds: Refunds, seconds: int, percent: int | None
) -> None:
    room = bought(refunds)
    room.clock.at = day(20).fromtimestamp(day(20).timestamp() + seconds, day(20).tzinfo)
    outcome = room.do(WithdrawLine("o1", 1), ANN).outcome
    assert outcome.because is (NoRefund.TERMS if percent is None else None)
    assert outcome.refunded == Units.of(Fraction(4 * (percent or 0), 100))


@pytest.mark.parametrize(
    ("rounding", "refunded"),
    [
        pytest.param(Rounding.FLOOR, "0.62", id="TU-240 floor"),
        pytest.param(Rounding.CEILING, "0.63", id="TU-240 ceiling"),
        pytest.param(Rounding.HALF_UP, "0.63", id="TU-240 half up"),
        pytest.param(Rounding.HALF_EVEN, "0.62", id="TU-240 half even"),
    ],
)
def test_a_percentage_is_rounded_once_and_nothing_is_lost(
    rounding: Rounding, refunded: str
) -> None:
    room = bought(Refunds.by_terms((0, 50)), "1.25", refund_rounding=rounding)
    outcome = room.do(WithdrawLine("o1", 1), ANN).outcome
    assert outcome.refunded == Units.of(refunded)
    assert outcome.refunded + outcome.kept == Units.of("1.25")


@rule("TU-238", "TU-231")
def test_a_part_comes_back_into_the_lot_that_was_taken_last() -> None:
    room = stocked(Policy(refund=Refunds.by_terms((0, 50))), own=TWO_LOTS)
    room.do(session("8"), ANN)
    assert returned(room.do(WithdrawLine("o1", 1), ANN)) == "B 3, A 1"


@rule("TU-240")
def test_the_default_rounds_down() -> None:
    assert Policy().refund_rounding is Rounding.FLOOR


@pytest.mark.parametrize(
    ("number", "whole"),
    [
        pytest.param(Fraction(0), (0, 0, 0, 0), id="TU-240 nothing"),
        pytest.param(Fraction(3), (3, 3, 3, 3), id="TU-240 whole"),
        pytest.param(Fraction(49, 100), (0, 1, 0, 0), id="TU-240 below a half"),
        pytest.param(Fraction(51, 100), (0, 1, 1, 1), id="TU-240 above a half"),
        pytest.param(Fraction(1, 2), (0, 1, 1, 0), id="TU-240 a half above an even number"),
        pytest.param(Fraction(3, 2), (1, 2, 2, 2), id="TU-240 a half above an odd number"),
    ],
)
def test_the_rules_of_rounding(number: Fraction, whole: tuple[int, ...]) -> None:
    assert tuple(one.whole(number) for one in Rounding) == whole


@rule("TU-234", "TU-235", "TU-139")
def test_what_no_unit_was_spent_on_gives_none_back() -> None:
    policy = Policy(tender=Tender.ALLOW_REMAINDER, unit_value=Rate.of(2), refund=FULL)
    room = stocked(policy, own="A 3")
    room.do(PlaceOrder("free", "ann", cart("yoga 0")), ANN)
    room.do(PlaceOrder("part", "ann", cart("yoga 5"), remainder_by=PaymentMethod.CARD), ANN)
    room.do(PlaceOrder("money", "ann", cart("yoga 5")), ANN)
    for order in ("free", "money"):
        outcome = room.do(WithdrawLine(order, 1), ANN).outcome
        assert (outcome.because, outcome.percent) == (NoRefund.NOTHING_SPENT, 0)
        assert (outcome.refunded, outcome.kept, outcome.card) == (Units.of(0), Units.of(0), False)
    assert room.do(WithdrawLine("part", 1), ANN).outcome.refunded == Units.of(3)


@pytest.mark.parametrize(
    ("method", "card"),
    [
        pytest.param(PaymentMethod.CARD, True, id="TU-234 a card"),
        pytest.param(PaymentMethod.BILL, False, id="TU-234 a bill"),
        pytest.param(None, False, id="TU-234 not said"),
    ],
)
def test_of_the_money_only_what_a_card_paid_comes_back(
    method: PaymentMethod | None, *, card: bool
) -> None:
    policy = Policy(
        tender=Tender.ALLOW_REMAINDER, unit_value=Rate.of(2), refund=Refunds.by_terms((0, 50))
    )
    room = stocked(policy, own="A 3")
    room.do(PlaceOrder("o1", "ann", cart("yoga 5"), remainder_by=method), ANN)
    first = room.do(WithdrawLine("o1", 1), ANN).outcome
    assert (first.card, first.percent) == (card, 50)
    again = room.do(WithdrawLine("o1", 1), ADMIN).outcome
    assert (again.card, again.percent) == (card, 50)


@rule("TU-234")
def test_a_card_gives_nothing_back_when_units_do_not() -> None:
    policy = Policy(tender=Tender.ALLOW_REMAINDER, unit_value=Rate.of(2))
    room = stocked(policy, own="A 3")
    room.do(session("5", remainder_by=PaymentMethod.CARD), ANN)
    assert not room.do(WithdrawLine("o1", 1), ANN).outcome.card
    assert not room.do(WithdrawLine("o1", 1), ANN).outcome.card


@rule("TU-236")
def test_what_stands_on_the_transcript_twice_gives_nothing_back() -> None:
    room = bought(FULL)
    outcome = room.do(WithdrawLine("o1", 1, on_transcript=2), ANN).outcome
    assert (outcome.because, outcome.refunded) == (NoRefund.TRANSCRIPT, Units.of(0))
    assert left(room) == ("5.00", "4.00")


@rule("TU-230", "TU-243")
def test_who_withdraws_twice_withdraws_once() -> None:
    room = bought(Refunds.by_terms((0, 50)))
    first = room.do(WithdrawLine("o1", 1), ANN, "first")
    assert (first.outcome.refunded, first.same_as) == (Units.of(2), None)
    again = room.do(WithdrawLine("o1", 1), ADMIN, "again")
    assert (again.same_as, again.moves) == ("first", ())
    outcome = again.outcome
    assert (outcome.refunded, outcome.released, outcome.kept) == (
        Units.of(0),
        Units.of(0),
        Units.of(2),
    )
    assert (outcome.percent, outcome.because) == (50, None)
    assert left(room) == ("7.00", "2.00")


def test_a_second_withdrawal_from_what_was_free_is_the_first() -> None:
    """TU-139."""
    room = stocked(Policy(refund=FULL))
    room.do(PlaceOrder("o1", "ann", cart("yoga 0")), ANN)
    room.do(WithdrawLine("o1", 1), ANN, "first")
    again = room.do(WithdrawLine("o1", 1), ANN, "again")
    assert (again.same_as, again.outcome.kept, again.outcome.because) == (
        "first",
        Units.of(0),
        NoRefund.NOTHING_SPENT,
    )


@rule("X-20")
def test_who_withdraws_before_the_approval_gets_back_what_was_held() -> None:
    policy = Policy(debit_at=DebitAt.HOLD_THEN_CAPTURE)
    room = stocked(policy, own="A 9")
    room.do(session(needs_approval=True), ANN)
    outcome = room.do(WithdrawLine("o1", 1), ANN).outcome
    assert (outcome.released, outcome.refunded, outcome.kept) == (
        Units.of(4),
        Units.of(0),
        Units.of(0),
    )
    assert outcome.because is NoRefund.SESSION
    assert left(room) == ("9.00", "0.00")


# Cancelled by the administrator.


@rule("TU-233")
def test_what_is_cancelled_comes_back_whole_under_terms() -> None:
    room = bought(Refunds.by_terms((30, 100)))
    outcome = room.do(CancelLine("o1", 1)).outcome
    assert (outcome.percent, outcome.refunded, outcome.kept) == (100, Units.of(4), Units.of(0))
    assert left(room) == ("9.00", "0.00")


@rule("TU-233")
def test_also_to_who_has_withdrawn() -> None:
    room = bought(Refunds.by_terms((0, 25)))
    assert room.do(WithdrawLine("o1", 1), ANN).outcome.refunded == Units.of(1)
    room.at(30)
    outcome = room.do(CancelLine("o1", 1)).outcome
    assert (outcome.refunded, outcome.kept) == (Units.of(3), Units.of(0))
    assert left(room) == ("9.00", "0.00")


@pytest.mark.parametrize(
    ("refunds", "refunded", "because"),
    [
        pytest.param(FULL, "4", None, id="X-04 full"),
        pytest.param(Refunds(), "0", NoRefund.SESSION, id="X-04 TU-230 none_for_sessions"),
        pytest.param(Refunds(RefundMode.NONE), "0", NoRefund.POLICY, id="X-04 none"),
    ],
)
def test_a_cancellation_gives_back_what_may_come_back_at_all(
    refunds: Refunds, refunded: str, because: NoRefund | None
) -> None:
    room = bought(refunds)
    outcome = room.do(CancelLine("o1", 1)).outcome
    assert (outcome.refunded, outcome.because) == (Units.of(refunded), because)


@rule("TU-233")
def test_what_is_cancelled_twice_is_cancelled_once_and_nobody_withdraws_from_it() -> None:
    room = bought(FULL)
    room.do(CancelLine("o1", 1), ADMIN, "first")
    again = room.do(CancelLine("o1", 1), SYSTEM, "again")
    assert (again.same_as, again.moves, again.outcome.refunded) == ("first", (), Units.of(0))
    refusal = room.refused(IllegalTransition, WithdrawLine("o1", 1), ANN)
    assert (refusal.kind, refusal.key) == ("order line", "o1/1")
    assert (refusal.state, refusal.wanted) == ("cancelled", "withdrawn")


# Who may.


def test_who_may_withdraw_and_cancel() -> None:
    """TU-230, TU-233: a learner from their own, staff from any; staff alone cancels."""
    room = bought(FULL)
    bob = learner("bob")
    room.refused(NotPermitted, WithdrawLine("o1", 1), bob)
    room.refused(NotPermitted, CancelLine("o1", 1), ANN)
    room.refused(NotPermitted, AdjustPrice("o1", 1, Units.of(1)), ANN)
    room.refused(NotPermitted, WithdrawLine("o1", 1), Actor.acting("ann", Role.DISTRIBUTOR))
    room.do(WithdrawLine("o1", 1), SYSTEM)


@pytest.mark.parametrize(
    "command", [WithdrawLine("o1", 2), CancelLine("o1", 2), AdjustPrice("o1", 2, Units.of(1))]
)
def test_a_line_that_was_not_bought_does_not_end(command: Any) -> None:
    """TU-230, TU-233, TU-237."""
    assert bought().refused(UnknownObject, command).key == "o1 line 2"


# The manual refund.


@pytest.mark.parametrize(
    ("refunds", "why"),
    [
        pytest.param(
            Refunds(),
            "sessions paid in units are not refundable",
            id="X-04 TU-230 none_for_sessions",
        ),
        pytest.param(Refunds(RefundMode.NONE), "the policy refunds nothing", id="X-04 none"),
        pytest.param(Refunds.by_terms((0, 1)), None, id="X-04 terms"),
        pytest.param(FULL, None, id="X-04 full"),
    ],
)
def test_what_an_administrator_may_give_back_by_hand(refunds: Refunds, why: str | None) -> None:
    room = bought(refunds)
    command = RefundLine("o1", 1, Units.of(3))
    if why is None:
        assert returned(room.do(command)) == "A 3"
    else:
        refusal = room.refused(NotRefundable, command)
        assert (refusal.order, refusal.line) == ("o1", 1)
        assert refusal.reason == f"{why}; issue units anew instead"


@rule("X-04 none")
def test_a_course_is_not_refunded_by_hand_where_nothing_is() -> None:
    room = stocked(Policy(refund=Refunds(RefundMode.NONE)), own="A 9")
    room.do(PlaceOrder("o1", "ann", cart("yoga 4")), ANN)
    room.refused(NotRefundable, RefundLine("o1", 1))


@rule("TU-230")
def test_instead_of_a_refund_units_are_issued_anew() -> None:
    room = bought()
    room.refused(NotRefundable, RefundLine("o1", 1))
    room.do(Issue("again-o1", OWN, Units.of(4)), CREATOR)  # type: ignore[arg-type]
    assert left(room) == ("9.00", "4.00")


# Lots that have ended.


def ended(source: ExpiredSource, lots: str = "L 5 d10, M 5 d60", **policy: Any) -> Room:
    """A room in which ann has paid 7 units by code and the lot that paid 5 of them has ended."""
    room = stocked(Policy(refund=FULL, expired_source=source, **policy), code=lots)
    room.do(PlaceOrder("o1", "ann", cart("yoga 7"), code_id()), ANN)
    room.at(10)
    return room


@pytest.mark.parametrize(
    ("source", "available", "figures"),
    [
        pytest.param(
            ExpiredSource.RETURN_AND_LAPSE, "5.00", ("5.00", "0.00"), id="TU-239 return_and_lapse"
        ),
        pytest.param(ExpiredSource.REISSUE, "10.00", ("0.00", "5.00"), id="TU-239 reissue"),
        pytest.param(ExpiredSource.EXTEND, "10.00", ("0.00", "5.00"), id="TU-239 extend"),
    ],
)
@pytest.mark.parametrize(
    "command", [RefundLine("o1", 1), WithdrawLine("o1", 1), CancelLine("o1", 1)]
)
def test_where_a_refund_goes_when_its_lot_has_ended(
    command: Any, source: ExpiredSource, available: str, figures: tuple[str, str]
) -> None:
    room = ended(source)
    receipt = room.do(command, ADMIN, "back")
    outcome = receipt.outcome
    assert outcome.refunded == Units.of(7)
    assert outcome.reissued == (() if source is ExpiredSource.RETURN_AND_LAPSE else ("back.1",))
    balance = room.ledger.balance(CODE)
    assert balance.available.text == available
    assert (balance.expired.text, balance.void.text) == figures


@pytest.mark.parametrize(
    ("source", "ends"),
    [
        pytest.param(ExpiredSource.REISSUE, None, id="TU-239 reissue"),
        pytest.param(ExpiredSource.EXTEND, 17, id="TU-239 extend"),
    ],
)
def test_the_new_lot_is_like_the_old_one_and_begins_now(
    source: ExpiredSource, ends: int | None
) -> None:
    room = ended(source, "L 5 d10 @sales #yoga, M 5 d60", extend_days=7)
    room.do(RefundLine("o1", 1, Units.of(6)), ADMIN, "back")
    lots = {str(line.lot.id): line.lot for line in room.ledger.balance(CODE).lots}
    old, new = lots["L"], lots["back.1"]
    assert (new.home, new.scope, new.cost, new.category) == (
        CODE,
        old.scope,
        old.cost,
        old.category,
    )
    assert (new.cycle, new.priority, new.acquired) == (old.cycle, old.priority, day(10))
    assert new.terms.effective == day(10)
    assert new.terms.expires == (None if ends is None else day(ends))
    line = next(one for one in room.ledger.balance(CODE).lots if one.lot.id == "back.1")
    assert line.available == 400


@rule("TU-239")
def test_a_new_lot_has_the_rank_and_the_price_of_the_old_one() -> None:
    room = stocked(Policy(refund=FULL, expired_source=ExpiredSource.REISSUE))
    said = {"cycle": 3, "category": Category.PURCHASED, "priority": 7, "cost": Cost.of(2, "EUR")}
    room.do(Issue("L", OWN, Units.of(5), expires=day(10), **said), CREATOR)  # type: ignore[arg-type]
    room.do(PlaceOrder("o1", "ann", cart("yoga 5")), ANN)
    room.at(10)
    room.do(RefundLine("o1", 1), ADMIN, "back")
    (new,) = [line.lot for line in room.ledger.balance(OWN).lots if line.lot.id == "back.1"]
    assert {name: getattr(new, name) for name in said} == said


@rule("TU-239")
def test_an_edit_of_the_old_expiry_brings_nothing_back_twice() -> None:
    room = ended(ExpiredSource.REISSUE)
    room.do(RefundLine("o1", 1))
    room.do(EditExpiry("L", CODE, None))  # type: ignore[arg-type]
    assert room.available(CODE) == "10.00"


@rule("TU-239")
def test_every_lot_that_has_ended_gets_one_of_its_own() -> None:
    room = ended(ExpiredSource.REISSUE, "L 3 d10, K 2 d9, M 5 d60")
    outcome = room.do(RefundLine("o1", 1), ADMIN, "back").outcome
    assert outcome.reissued == ("back.1", "back.2")
    found = {line.lot.id: line.available for line in room.ledger.balance(CODE).lots}
    assert found == {"K": 0, "L": 0, "M": 500, "back.1": 300, "back.2": 200}


@rule("TU-239")
def test_the_last_day_of_a_lot_is_not_over_before_it_is() -> None:
    room = stocked(Policy(refund=FULL, expired_source=ExpiredSource.REISSUE), code="L 5 d10")
    room.do(PlaceOrder("o1", "ann", cart("yoga 5"), code_id()), ANN)
    room.at(9)
    assert room.do(RefundLine("o1", 1)).outcome.reissued == ()


@rule("TU-239")
def test_an_id_that_is_taken_is_said_to_be() -> None:
    room = ended(ExpiredSource.REISSUE)
    room.issue(CODE, "back.1 1")
    with pytest.raises(AlreadyExists):
        room.ledger.execute(RefundLine("o1", 1), by=ADMIN, request="back")


# A lower price.


@pytest.mark.parametrize(
    ("to", "back"),
    [
        pytest.param("3", "A 1", id="TU-237 a part"),
        pytest.param("3.99", "A 0.01", id="TU-237 a hundredth"),
        pytest.param("0", "A 4", id="TU-237 for nothing"),
    ],
)
def test_what_was_paid_above_a_lower_price_comes_back(to: str, back: str) -> None:
    room = bought()
    receipt = room.do(AdjustPrice("o1", 1, Units.of(to)))
    assert returned(receipt) == back
    assert receipt.outcome.kept == Units.of(to)
    assert receipt.outcome.refunded == Units.of(4) - Units.of(to)
    assert (receipt.outcome.order, receipt.outcome.line) == ("o1", 1)


@pytest.mark.parametrize("to", ["4", "4.01", "999"])
def test_a_price_that_is_no_lower_gives_nothing_back(to: str) -> None:
    """TU-237."""
    refusal = bought().refused(NotRefundable, AdjustPrice("o1", 1, Units.of(to)))
    assert (refusal.order, refusal.line) == ("o1", 1)
    assert "4.00 units" in refusal.reason


@rule("TU-237", "TU-243")
def test_what_came_back_before_counts() -> None:
    room = bought(FULL)
    room.do(RefundLine("o1", 1, Units.of(1)))
    room.refused(NotRefundable, AdjustPrice("o1", 1, Units.of(3)))
    assert room.do(AdjustPrice("o1", 1, Units.of(2))).outcome.refunded == Units.of(1)
    assert left(room) == ("7.00", "2.00")


@rule("TU-237", "X-20")
def test_what_is_held_comes_back_before_what_is_spent() -> None:
    room = stocked(Policy(debit_at=DebitAt.HOLD_THEN_CAPTURE), own="A 9")
    room.do(session(needs_approval=True), ANN)
    room.do(CaptureLine("o1", 1, Units.of(3)))
    outcome = room.do(AdjustPrice("o1", 1, Units.of(2))).outcome
    assert (outcome.refunded, outcome.kept) == (Units.of(2), Units.of(2))
    assert room.ledger.balance(OWN).held == Units.of(0)
    assert left(room) == ("7.00", "2.00")


@rule("TU-237", "TU-238")
def test_of_what_was_paid_above_the_price_the_last_taken_comes_back_first() -> None:
    room = stocked(own=TWO_LOTS)
    room.do(session("8"), ANN)
    assert returned(room.do(AdjustPrice("o1", 1, Units.of(4)))) == "B 3, A 1"


@rule("TU-237", "TU-238", "X-20")
def test_of_what_is_held_the_last_taken_comes_back_first_too() -> None:
    room = stocked(Policy(debit_at=DebitAt.HOLD_THEN_CAPTURE), own=TWO_LOTS)
    room.do(session("8", needs_approval=True), ANN)
    room.do(AdjustPrice("o1", 1, Units.of(4)))
    assert {line.lot.id: line.held for line in room.ledger.balance(OWN).lots} == {"A": 400, "B": 0}


@rule("TU-237", "TU-239")
def test_a_difference_from_a_lot_that_has_ended_is_reissued_too() -> None:
    room = ended(ExpiredSource.REISSUE, "L 9 d10")
    outcome = room.do(AdjustPrice("o1", 1, Units.of(4)), ADMIN, "back").outcome
    assert outcome.reissued == ("back.1",)
    assert room.available(CODE) == "3.00"


@rule("TU-237", "TU-139")
def test_what_was_free_has_no_lower_price() -> None:
    room = stocked(own="A 9")
    room.do(PlaceOrder("o1", "ann", cart("yoga 0")), ANN)
    refusal = room.refused(NotRefundable, AdjustPrice("o1", 1, Units.of(0)))
    assert (refusal.order, refusal.line) == ("o1", 1)
    assert refusal.reason == "no units were spent on it"


# What these may say.


@pytest.mark.parametrize(
    ("error", "made"),
    [
        pytest.param(InvalidValue, lambda: WithdrawLine("o1", 0), id="line zero"),
        pytest.param(InvalidValue, lambda: CancelLine("o1", 1001), id="a line no order has"),
        pytest.param(
            InvalidValue, lambda: AdjustPrice("o1", 0, Units.of(1)), id="line zero, price"
        ),
        pytest.param(InvalidInput, lambda: WithdrawLine("", 1), id="no order"),
        pytest.param(InvalidValue, lambda: WithdrawLine("o1", 1, 0), id="on no transcript"),
        pytest.param(InvalidType, lambda: WithdrawLine("o1", 1, True), id="a bool"),
        pytest.param(InvalidValue, lambda: WithdrawLine("o1", 1, 1_000_001), id="too often"),
        pytest.param(InvalidType, lambda: AdjustPrice("o1", 1, Credits.of(1)), id="credits"),  # type: ignore[arg-type]
        pytest.param(InvalidType, lambda: Refunds("full"), id="a mode by name"),  # type: ignore[arg-type]
        pytest.param(InvalidType, lambda: Refunds(RefundMode.TERMS, ((0, 1),)), id="a pair"),  # type: ignore[arg-type]
        pytest.param(InvalidType, lambda: Refunds(RefundMode.TERMS, [RefundTerm(0, 1)]), id="list"),  # type: ignore[arg-type]
        pytest.param(InvalidValue, lambda: Refunds(RefundMode.TERMS), id="X-04 no term"),
        pytest.param(
            InvalidValue, lambda: Refunds(RefundMode.FULL, (RefundTerm(0, 1),)), id="full"
        ),
        pytest.param(InvalidValue, lambda: Refunds.by_terms((3, 1), (3, 2)), id="X-04 two alike"),
        pytest.param(InvalidValue, lambda: RefundTerm(-1, 5), id="TU-231 days below zero"),
        pytest.param(InvalidValue, lambda: RefundTerm(36_501, 5), id="TU-231 too many days"),
        pytest.param(InvalidValue, lambda: RefundTerm(1, 101), id="TU-231 more than everything"),
        pytest.param(InvalidType, lambda: RefundTerm(1, True), id="TU-231 a bool"),
    ],
)
def test_what_is_no_withdrawal(error: type[Exception], made: Any) -> None:
    with pytest.raises(error):
        made()


def test_what_is_still_one() -> None:
    assert WithdrawLine("o1", 1000, 1_000_000).on_transcript == 1_000_000
    assert RefundTerm(36_500, 100).percent == 100
    assert RefundTerm(0, 0).days_before == 0


@pytest.mark.parametrize("kind", ["line_withdrawal", "line_cancellation"])
def test_how_lines_ended_is_found_by_order(kind: str) -> None:
    """TU-267."""
    room = bought(FULL)
    room.do(WithdrawLine("o1", 1))
    room.do(CancelLine("o1", 1))
    with room.ledger.store.read(room.ledger.portal) as reading:
        (found,) = reading.find(kind, "order", "o1")
    assert found.key == "o1/1"
