"""Reports: what was bought, what was redeemed, what key codes have left, and what it is worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest

from tests.rules.test_training_assignments import for_code
from tests.rules.test_training_checkout import ANN, CODE, by_code, cart, order, stocked
from tests.rules.test_training_purchases import buy, code_purchase, selling, shop
from tests.rules.training_room import CODES, CREATOR, START, Room, code, code_id, day, rule
from unitledger.accounts import keycode, member
from unitledger.amounts import Rate, Units
from unitledger.errors import InvalidInput, InvalidType, InvalidValue, UnknownObject
from unitledger.lots import Cost
from unitledger.operations import Issue
from unitledger.policy import DebitAt, PaymentMethod, Policy, RawValue, Tender
from unitledger.training import (
    CaptureLine,
    Exchange,
    FireAssignment,
    Item,
    KeyCodeRow,
    Money,
    PlaceOrder,
    PurchaseType,
    RedemptionRow,
    RefundLine,
    ReplaceKeyCode,
    ReportPeriod,
    SuspendKeyCode,
    Training,
)

OWN = member("ann")


def priced(room: Room, lot: str, units: str, cost: Cost | None, wallet: str = OWN) -> None:
    """A lot of so many units, for which so much was paid."""
    room.do(Issue(lot, wallet, Units.of(units), cost=cost), CREATOR)  # type: ignore[arg-type]


# Purchases.


@rule("TU-270", "TU-271", "TU-276")
def test_the_purchase_report_has_purchases_of_units_alone() -> None:
    room = shop(key_code_purchase=True)
    room.do(buy("10", "p1"), ANN)
    room.at(1)
    room.do(buy("4", "p2", method=PaymentMethod.CUSTOM, price=Cost.of(2, "USD")))
    room.do(buy("3", "p3", type=PurchaseType.DISTRIBUTABLE))
    room.do(code_purchase(purchase="p4"))
    room.do(order("yoga 4"), ANN)
    report = room.ledger.units.purchases()
    first = report.rows[0]
    assert (first.transaction, first.at, first.buyer, first.type) == (
        "p1",
        START,
        "ann",
        PurchaseType.PERSONAL,
    )
    assert (first.units, first.price, first.money, first.charge, first.currency) == (
        Units.of(10),
        Fraction("1.5"),
        Fraction(15),
        Fraction(15),
        "EUR",
    )
    assert (first.payment, first.lot, first.key_code) == (PaymentMethod.CARD, "p1/1/1", None)
    assert [(row.transaction, row.type, row.payment) for row in report.rows[1:]] == [
        ("p2", PurchaseType.PERSONAL, PaymentMethod.COST_CENTRE),
        ("p3", PurchaseType.DISTRIBUTABLE, PaymentMethod.CARD),
        ("p4", PurchaseType.KEY_CODE, PaymentMethod.CARD),
    ]
    assert report.rows[3].key_code == code_id(5)
    assert [row.transaction for row in room.ledger.units.redemptions().rows] == ["o1"]
    assert report.table().rows[0] == (
        *("p1", "2026-03-02T09:00", "ann", "personal", "10.00", "3/2"),
        *("15 EUR", "card"),
    )
    assert "p1" in report._repr_html_()


@rule("TU-274")
def test_purchases_by_currency_carry_totals() -> None:
    room = shop()
    room.do(buy("10", "p1"), ANN)
    room.do(buy("1", "p2", price=Cost.of(2, "CHF")))
    room.do(buy("2", "p3"), ANN)
    groups = room.ledger.units.purchases().by_currency()
    assert [(one.currency, one.transactions, one.total) for one in groups] == [
        ("CHF", ("p2",), Fraction(2)),
        ("EUR", ("p1", "p3"), Fraction(18)),
    ]


@pytest.mark.parametrize(
    ("period", "found"),
    [
        pytest.param(ReportPeriod(), ["p0", "p1", "p2"], id="TU-273 always"),
        pytest.param(ReportPeriod(since=day(1)), ["p1", "p2"], id="TU-273 from an instant on"),
        pytest.param(ReportPeriod(until=day(1)), ["p0"], id="TU-273 to before an instant"),
        pytest.param(ReportPeriod(day(1), day(2)), ["p1"], id="TU-273 half-open"),
        pytest.param(ReportPeriod(day(3)), [], id="TU-273 nothing"),
    ],
)
def test_a_report_of_a_period_is_in_the_order_of_time(
    period: ReportPeriod, found: list[str]
) -> None:
    room = shop()
    for number in range(3):
        room.at(number)
        room.do(buy("10", f"p{number}"), ANN)
        room.do(order("yoga 1", name=f"p{number}"), ANN)
    assert [row.transaction for row in room.ledger.units.purchases(period).rows] == found
    assert [row.transaction for row in room.ledger.units.redemptions(period).rows] == found


@rule("TU-273")
def test_a_naive_instant_is_no_period() -> None:
    with pytest.raises(InvalidInput):
        ReportPeriod(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidInput):
        ReportPeriod(until=datetime(2026, 1, 1))  # noqa: DTZ001


# Redemptions.


@rule("TU-272", "TU-200")
def test_a_redemption_has_a_row_for_each_title() -> None:
    room = stocked(code="C 5", own="A 9")
    items = (
        Item.in_units("yoga", 6, training=Training(provider="acme")),
        Item.in_units("chess", 1),
        Item.in_units("free", 0),
    )
    room.do(PlaceOrder("o1", "ann", items, code_id()), ANN)
    room.do(by_code("bridge 2", "o2"), ANN)
    report = room.ledger.units.redemptions()
    first, second, free, third = report.rows
    assert (first.transaction, first.line, first.at, first.buyer) == ("o1", 1, START, "ann")
    assert (first.provider, first.item) == ("acme", "yoga")
    assert (first.by_key_code, first.by_account) == (Units.of(5), Units.of(1))
    assert (first.units, first.key_code) == (Units.of(6), code_id())
    assert (first.refunded, first.raw, first.converted) == (Units.of(0), (), None)
    assert first.remainder_by is None
    assert (second.line, second.provider, second.key_code) == (2, None, None)
    assert (third.transaction, third.unit_type) == ("o2", "account")
    assert [row.unit_type for row in (first, second, free)] == [
        "key code and account",
        "account",
        "none",
    ]
    assert report.table().rows[0][3:] == ("yoga", "key code and account", "6.00", "0.00")
    assert "yoga" in report._repr_html_()


@rule("TU-272")
def test_what_a_key_code_paid_alone_says_so() -> None:
    room = stocked(code="C 5")
    room.do(by_code("yoga 5"), ANN)
    (row,) = room.ledger.units.redemptions().rows
    assert row.unit_type == "key code"


@rule("TU-272", "TU-243")
def test_what_went_back_is_not_redeemed() -> None:
    room = stocked(code="C 5", own="A 9")
    priced(room, "Z", "9", Cost.of(2, "EUR"))
    room.do(by_code("yoga 7"), ANN)
    room.do(RefundLine("o1", 1, Units.of(3)))
    (row,) = room.ledger.units.redemptions().rows
    assert (row.units, row.refunded, row.unit_type) == (Units.of(4), Units.of(3), "key code")
    assert row.raw == ()
    room.do(RefundLine("o1", 1))
    (row,) = room.ledger.units.redemptions().rows
    assert (row.units, row.refunded, row.unit_type) == (Units.of(0), Units.of(7), "none")
    assert row.key_code is None


@rule("TU-272", "X-20")
def test_what_is_held_is_redeemed_when_it_is_captured() -> None:
    room = stocked(Policy(debit_at=DebitAt.HOLD_THEN_CAPTURE), own="A 9")
    room.do(PlaceOrder("o1", "ann", cart("yoga 4"), needs_approval=True), ANN)
    assert room.ledger.units.redemptions().rows[0].units == Units.of(0)
    room.do(CaptureLine("o1", 1, Units.of(3)))
    (row,) = room.ledger.units.redemptions().rows
    assert (row.units, row.refunded) == (Units.of(3), Units.of(0))


@rule("TU-276")
def test_a_payment_type_of_the_hosts_own_is_a_cost_centre() -> None:
    methods = frozenset({PaymentMethod.CUSTOM, PaymentMethod.BILL})
    policy = selling(tender=Tender.ALLOW_REMAINDER, remainder_methods=methods)
    room = stocked(policy, own="A 1")
    for name, method in (("o1", PaymentMethod.CUSTOM), ("o2", PaymentMethod.BILL)):
        room.do(PlaceOrder(name, "ann", cart("yoga 2"), remainder_by=method), ANN)
    assert [row.remainder_by for row in room.ledger.units.redemptions().rows] == [
        PaymentMethod.COST_CENTRE,
        PaymentMethod.BILL,
    ]


def mixed(**policy: Any) -> Room:
    """A room in which ann has redeemed 2 units at 1.50 euros, 1 at 3 dollars, 1 for nothing."""
    room = Room(selling(**policy))
    priced(room, "A", "2", Cost.of("1.50", "EUR"))
    priced(room, "B", "1", Cost.of(3, "USD"))
    priced(room, "C", "1", None)
    room.do(order("yoga 4"), ANN)
    return room


@rule("X-22 price_paid", "TU-272")
def test_raw_is_what_was_paid_weighted_over_the_lots() -> None:
    (row,) = mixed().ledger.units.redemptions().rows
    assert row.raw == (Money("EUR", Fraction(3)), Money("USD", Fraction(3)))


@rule("X-22 unit_value", "TU-272")
def test_or_what_the_policy_says_a_unit_is_worth() -> None:
    (row,) = mixed(raw_value=RawValue.UNIT_VALUE).ledger.units.redemptions().rows
    assert row.raw == (Money("EUR", Fraction(6)),)


@pytest.mark.parametrize("lacking", [{"unit_value": None}, {"currency": None}])
def test_what_nobody_values_is_worth_nothing(lacking: dict[str, Any]) -> None:
    """X-22."""
    room = Room(Policy(**{**_VALUED, **lacking}))
    priced(room, "A", "2", Cost.of("1.50", "EUR"))
    room.do(order("yoga 2"), ANN)
    assert room.ledger.units.redemptions().rows[0].raw == ()


_VALUED: dict[str, Any] = {
    "unit_value": Rate.of(1),
    "currency": "EUR",
    "raw_value": RawValue.UNIT_VALUE,
}


@pytest.mark.parametrize(
    ("exchange", "converted"),
    [
        pytest.param(None, None, id="TU-275 not at all"),
        pytest.param(Exchange("EUR"), None, id="TU-275 a rate is missing"),
        pytest.param(Exchange("EUR", (("USD", Fraction(9, 10)),)), "5.7", id="TU-275 into euros"),
        pytest.param(Exchange("USD", (("EUR", Fraction(2)),)), "9", id="TU-275 into dollars"),
        pytest.param(
            Exchange("CHF", (("EUR", Fraction(1)), ("USD", Fraction(1, 3)))),
            "4",
            id="TU-275 into a third",
        ),
    ],
)
def test_rates_are_chosen_for_each_report(exchange: Exchange | None, converted: str | None) -> None:
    (row,) = mixed().ledger.units.redemptions(exchange=exchange).rows
    assert row.converted == (None if converted is None else Fraction(converted))


@rule("TU-274")
def test_redemptions_by_currency_carry_totals() -> None:
    room = mixed()
    priced(room, "D", "5", Cost.of(4, "USD"))
    room.do(order("yoga 2, chess 1", name="o2"), ANN)
    groups = room.ledger.units.redemptions().by_currency()
    assert [(one.currency, one.transactions, one.total) for one in groups] == [
        ("EUR", ("o1",), Fraction(3)),
        ("USD", ("o1", "o2"), Fraction(15)),
    ]


@pytest.mark.parametrize(
    ("error", "made"),
    [
        pytest.param(InvalidInput, lambda: Exchange(""), id="no currency"),
        pytest.param(InvalidType, lambda: Exchange("EUR", [("USD", Fraction(1))]), id="a list"),  # type: ignore[arg-type]
        pytest.param(InvalidType, lambda: Exchange("EUR", (("USD", 1.5),)), id="a float"),  # type: ignore[arg-type]
        pytest.param(InvalidType, lambda: Exchange("EUR", (("USD",),)), id="no pair"),  # type: ignore[arg-type]
        pytest.param(InvalidType, lambda: Exchange("EUR", ("US",)), id="a text"),  # type: ignore[arg-type]
        pytest.param(InvalidValue, lambda: Exchange("EUR", (("USD", Fraction(0)),)), id="zero"),
        pytest.param(InvalidInput, lambda: Exchange("EUR", (("", Fraction(1)),)), id="no name"),
        pytest.param(InvalidValue, lambda: Exchange("EUR", (("EUR", Fraction(1)),)), id="itself"),
        pytest.param(
            InvalidValue,
            lambda: Exchange("EUR", (("USD", Fraction(1)), ("USD", Fraction(2)))),
            id="a currency twice",
        ),
    ],
)
def test_what_is_no_exchange(error: type[Exception], made: Any) -> None:
    """TU-275."""
    with pytest.raises(error):
        made()


# Key codes.


def codes() -> Room:
    """A room with an assignment behind a code, of which units were spent, held and have lapsed."""
    room = Room(selling(debit_at=DebitAt.HOLD_THEN_CAPTURE, key_code_purchase=True), "ann: sales")
    room.register()
    room.do(for_code(title="Spring", expires=day(10)))
    room.at(1)
    room.do(FireAssignment("spring"))
    room.do(by_code("yoga 5"), ANN)
    room.do(PlaceOrder("o2", "ann", cart("chess 2"), code_id(), needs_approval=True), ANN)
    return room


@rule("X-17", "TU-277")
def test_a_key_codes_lot_says_issued_redeemed_expired_and_available() -> None:
    room = codes()
    (row,) = room.ledger.units.key_codes(code_id()).rows
    assert (row.key_code, row.lot, row.assignment, row.title) == (
        code_id(),
        "spring/1/1",
        "spring",
        "Spring",
    )
    assert (row.created, row.acquired, row.expires, row.cycle) == (START, START, day(10), 1)
    figures = (row.issued, row.redeemed, row.held, row.available, row.pending, row.expired)
    assert [one.text for one in figures] == ["30.00", "5.00", "2.00", "23.00", "0.00", "0.00"]
    assert (row.price, row.currency, row.unused, row.purchase) == (None, None, None, None)
    assert (row.purchased, row.purchaser, row.void) == (None, None, Units.of(0))
    (later,) = room.ledger.units.key_codes(at=day(10)).rows
    assert (later.available, later.expired, later.held) == (
        Units.of(0),
        Units.of(23),
        Units.of(2),
    )
    assert later.issued == Units.of(30)


@rule("X-17")
def test_no_column_is_called_assigned() -> None:
    for row in (KeyCodeRow, RedemptionRow):
        assert not [name for name in row.__attrs_attrs__ if "assigned" in name.name]
    assert "assigned" not in codes().ledger.units.key_codes().table().text


@rule("TU-277", "TU-219", "TU-216")
def test_a_bought_codes_lot_says_what_was_paid_and_is_worth() -> None:
    room = shop(key_code_purchase=True)
    room.at(2)
    room.do(code_purchase(), ANN)
    room.do(PlaceOrder("o1", "ann", cart("yoga 4"), code_id(5)), ANN)
    report = room.ledger.units.key_codes()
    (row,) = report.rows
    assert (row.last4, row.contacts, row.details) == ("AB12", ("ann",), "")
    assert (row.purchase, row.purchased, row.purchaser) == ("p1", day(2), "ann")
    assert (row.price, row.currency, row.unused) == (Fraction(3, 2), "EUR", Fraction(9))
    assert (row.assignment, row.title, row.created) == (None, "", None)
    assert (report.available, report.unused) == (Units.of(6), (Money("EUR", Fraction(9)),))
    assert report.table().rows == (("…AB12", "p1/1/1", "10.00", "4.00", "0.00", "6.00", "never"),)
    assert "AB12" in report._repr_html_()
    room.do(PlaceOrder("o2", "ann", cart("yoga 6"), code_id(5)), ANN)
    report = room.ledger.units.key_codes()
    assert (report.rows[0].unused, report.unused) == (Fraction(), ())


def test_lots_of_a_code_stand_in_order_of_acquisition() -> None:
    """TU-277."""
    room = Room()
    room.register()
    room.issue(CODE, "Z 1")
    room.at(1)
    room.issue(CODE, "B 1 d5, A 2")
    report = room.ledger.units.key_codes(code_id())
    assert [row.lot for row in report.rows] == ["Z", "A", "B"]
    assert report.table().rows[2][-1] == "2026-03-07"


@rule("TU-277", "TU-113")
def test_all_codes_are_those_that_were_not_replaced() -> None:
    room = Room()
    lost, other = room.register(), room.register(3)
    room.issue(CODE, "A 1")
    room.issue(keycode(other), "B 2")
    room.issue(keycode(code_id(7)), "C 4")
    room.do(ReplaceKeyCode.by(lost, code(2), CODES))
    room.do(SuspendKeyCode(other))
    report = room.ledger.units.key_codes()
    assert {row.lot: row.key_code for row in report.rows} == {"A": code_id(2), "B": other}
    assert [row.key_code for row in report.rows] == sorted([code_id(2), other])


def test_a_code_that_is_not_ours_has_no_report() -> None:
    """TU-277."""
    book = Room().ledger.units
    with pytest.raises(UnknownObject):
        book.key_codes(code_id(7))
    with pytest.raises(InvalidValue):
        book.key_codes("SUMMER")
    assert book.key_codes().rows == ()


@rule("TU-277")
def test_what_can_be_spent_is_worth_what_was_paid_for_it() -> None:
    room = mixed()
    priced(room, "D", "5", Cost.of(4, "USD"))
    priced(room, "E", "0.50", Cost.of(1, "EUR"))
    book = room.ledger.units
    assert book.unused_value(OWN) == (Money("EUR", Fraction(1, 2)), Money("USD", Fraction(20)))
    assert book.unused_value(member("bob")) == ()


# The tables.


@rule("TU-270", "TU-272", "TU-277")
def test_what_the_tables_and_their_columns_are_called() -> None:
    book = Room().ledger.units
    tables = [one.table() for one in (book.purchases(), book.redemptions(), book.key_codes())]
    assert [(table.title, " | ".join(table.columns)) for table in tables] == [
        (
            "Units bought",
            "transaction | at (UTC) | buyer | type | >units | >price | >money | paid by",
        ),
        (
            "Units redeemed",
            "transaction | at (UTC) | buyer | item | paid from | >units | >refunded",
        ),
        (
            "Key codes",
            "code | lot | >issued | >redeemed | >expired | >available | expires (UTC)",
        ),
    ]


@rule("TU-272")
def test_a_line_captured_in_parts_has_redeemed_all_of_them() -> None:
    room = Room(Policy(debit_at=DebitAt.HOLD_THEN_CAPTURE))
    priced(room, "A", "5", Cost.of("1.50", "EUR"))
    room.do(PlaceOrder("o1", "ann", cart("yoga 5"), needs_approval=True), ANN)
    room.do(CaptureLine("o1", 1, Units.of(2)))
    room.do(CaptureLine("o1", 1, Units.of(3)))
    (row,) = room.ledger.units.redemptions().rows
    assert (row.units, row.raw) == (Units.of(5), (Money("EUR", Fraction("7.5")),))


@rule("X-22 price_paid", "TU-277")
def test_sums_of_one_currency_are_added_up() -> None:
    room = Room(selling())
    priced(room, "A", "2", Cost.of("1.50", "EUR"))
    priced(room, "B", "3", Cost.of(1, "EUR"))
    assert room.ledger.units.unused_value(OWN) == (Money("EUR", Fraction(6)),)
    room.do(order("yoga 5"), ANN)
    (row,) = room.ledger.units.redemptions().rows
    assert row.raw == (Money("EUR", Fraction(6)),)


@rule("TU-273")
def test_a_period_is_kept_in_utc_and_may_be_empty() -> None:
    zone = timezone(timedelta(hours=1))
    period = ReportPeriod(day(1).astimezone(zone), day(1).astimezone(zone))
    assert (period.since, period.until) == (day(1), day(1))
    assert (period.since or START).tzinfo is UTC
    assert not period.holds(day(1))


@rule("TU-275")
def test_a_rate_may_be_below_one() -> None:
    exchange = Exchange("EUR", (("USD", Fraction(1, 2)),))
    assert exchange.converted([Money("USD", Fraction(3))]) == Fraction(3, 2)
