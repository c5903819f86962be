"""What a refusal about key codes, purchases, prices, orders and reports says."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from tests.rules.test_training_assignments import create, for_code
from tests.rules.test_training_checkout import ANN, by_code, order, stocked
from tests.rules.test_training_purchases import buy, code_purchase, shop
from tests.rules.training_room import ADMIN, CODES, START, Room, code, code_id, day, distributor
from unitledger.accounts import batch, keycode, member
from unitledger.amounts import Rate, Units
from unitledger.codec import kind_of
from unitledger.commands import Command
from unitledger.errors import UnitLedgerError
from unitledger.ids import WalletId
from unitledger.policy import PaymentMethod, Policy, RefundMode, Refunds, Tender, TrainingType
from unitledger.training import (
    AdjustPrice,
    AdjustTotal,
    AudienceKind,
    AudienceRow,
    BuyUnits,
    CancelLine,
    CaptureLine,
    CopyAssignment,
    Coupon,
    CurriculumPrice,
    Distribute,
    Draft,
    EditKeyCode,
    EditLastDay,
    Exchange,
    FireAssignment,
    Item,
    KeyCode,
    KeyCodes,
    NameDistributors,
    PlaceOrder,
    PricedIn,
    PriceTag,
    PurchaseType,
    RefundLine,
    RegisterKeyCode,
    ReissueUnits,
    ReleaseLine,
    ReopenKeyCode,
    ReplaceKeyCode,
    ReportPeriod,
    SuspendKeyCode,
    TakeBack,
    Training,
    UnitPrice,
    WithdrawLine,
)

ANY: Any = object()
LOT: Any = "spring/1/1"
POT = batch("spring", 1, 1)
DAN = distributor("dan")
TEN = Units.of(10)
ONE = (Item.in_units("a", 1),)
SESSION = PlaceOrder("o1", "ann", (Item.in_units("yoga", 4, starts=day(9)),))
LONG = f"'{'a' * 60}'…; "
MIXED = (
    "prices is of an incremental curriculum; give prices in units of the curriculum or of its "
    "parts, not both"
)
AN_ID = "give 1 to 128 printable ASCII characters without a space at either end"
OWN_PRICE: dict[str, Any] = {
    "id": "a",
    "priced_in": PricedIn.UNITS,
    "prices": (UnitPrice(Fraction(1)),),
}
INCREMENTAL: dict[str, Any] = {
    "curriculum": CurriculumPrice.INCREMENTAL,
    "parts": (PriceTag(**OWN_PRICE),),
}


def buying(**fields: Any) -> BuyUnits:
    """A purchase of ann's for herself, but for some fields."""
    said: dict[str, Any] = {"buyer": "ann", "type": PurchaseType.PERSONAL, "units": TEN, **fields}
    return BuyUnits(purchase="p1", **said)


def quoted(text: str) -> Any:
    """What an order of ann's would cost."""
    return stocked(own="A 9").ledger.units.quote(order(text))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        # Key codes.
        (
            lambda: KeyCode.generated(lambda _: b"short"),
            "randomness is not shown; give ten bytes",
        ),
        (
            lambda: KeyCode.chosen(""),
            "key code is not shown; give 1 to 64 printable characters unlike a generated code",
        ),
        (
            lambda: KeyCode.chosen("x" * 65),
            "key code is not shown; give 1 to 64 printable characters unlike a generated code",
        ),
        (lambda: KeyCodes(ANY), "pepper is not shown; give exactly bytes"),
        (lambda: KeyCodes(b"x" * 15), "pepper is not shown; give 16 to 1024 secret bytes"),
        (lambda: KeyCodes(b"x" * 1025), "pepper is not shown; give 16 to 1024 secret bytes"),
        (
            lambda: RegisterKeyCode.of(code(), CODES, details=code().reveal()),
            "remark is not shown; give a text without the code itself",
        ),
        (
            lambda: RegisterKeyCode.of(code(), CODES, sealed=code().reveal()),
            "remark is not shown; give a text without the code itself",
        ),
        (
            lambda: ReplaceKeyCode(code_id(), code_id()),
            "replacement is not shown; give another code than the lost one",
        ),
        (
            lambda: ReplaceKeyCode.by(code_id(), code(2), CODES, sealed=code(2).reveal()),
            "sealed is not shown; give a text without the code itself",
        ),
        # Assignments, distribution and adjustments.
        (lambda: create(assignment="a" * 115), "assignment is " + LONG + AN_ID),
        (
            lambda: AudienceRow(TEN, "a" * 121, AudienceKind.OU),
            "audience is " + LONG + "give an id for a kind, up to 120 characters",
        ),
        (
            lambda: Draft().general("x", scheduled=ANY),
            "scheduled is an object; give exactly an aware datetime",
        ),
        (lambda: Distribute("a", 1, ANY), "amounts is an object; give exactly a tuple of pairs"),
        (lambda: Distribute("a", 1, ()), "amounts is empty; give at least one user with an amount"),
        (
            lambda: Distribute("a", 1, (("u", TEN),) * 1001),
            "users of a distribution: 1001; the limit is 1000",
        ),
        (lambda: Distribute("a", 1, (ANY,)), "amounts is an object; give exactly a tuple of pairs"),
        (
            lambda: Distribute("a", 1, (("u", TEN), ("u", TEN))),
            "amounts is a user twice; give every user once",
        ),
        (lambda: AdjustTotal(LOT, WalletId("pool"), TEN), "credits given where units belong"),
        # Purchases.
        (lambda: Coupon("", 10), "coupon is ''; " + AN_ID),
        (lambda: Coupon("spring", ANY), "percent is an object; give exactly int"),
        (lambda: Coupon("spring", 0), "percent is 0; give 1 to 100"),
        (lambda: buying(type=ANY), "type is an object; give exactly PurchaseType"),
        (lambda: buying(method=ANY), "method is an object; give exactly PaymentMethod"),
        (lambda: buying(units=ANY), "units is an object; give exactly Units"),
        (lambda: buying(units=Units.of(0)), "units is zero; give an amount above zero"),
        (
            lambda: buying(units=Units.of(1_000_000)),
            "units is 1000000.00; give at most 999999 in a purchase",
        ),
        (lambda: buying(price=ANY), "price is an object; give exactly Cost"),
        (lambda: buying(coupon=ANY), "coupon is an object; give exactly Coupon"),
        (lambda: buying(last4="AB12"), "last4 is not shown; give nothing, without a key_code"),
        (
            lambda: buying(key_code=code_id()),
            "key_code is not shown; give the new code's id for that type alone",
        ),
        # Prices.
        (
            lambda: Item.in_money("a", "x"),
            "price is 'x'; give ASCII digits with at most one point, like 12.50",
        ),
        (
            lambda: Item.in_units("a", ANY),
            "price is an object; give exactly int, str, Decimal or Fraction",
        ),
        (
            lambda: PriceTag(**OWN_PRICE, training=Training(type=TrainingType.PROGRAM)),
            "prices is of a program or video; give none, it is not sold for units",
        ),
        (
            lambda: PriceTag(**OWN_PRICE, **INCREMENTAL),
            MIXED,
        ),
        (
            lambda: PriceTag.in_units("a", 1).item(at=ANY),
            "at is an object; give exactly an aware datetime",
        ),
        (
            lambda: PriceTag.in_units("a", 1).copied("b", at=ANY),
            "at is an object; give exactly an aware datetime",
        ),
        # Orders.
        (lambda: PlaceOrder("o", "u", ANY), "items is an object; give exactly tuple"),
        (
            lambda: PlaceOrder("o", "u", ONE, remainder_by=ANY),
            "remainder_by is an object; give exactly PaymentMethod",
        ),
        (
            lambda: PlaceOrder("o", "u", ONE, needs_approval=ANY),
            "needs_approval is an object; give exactly bool",
        ),
        (
            lambda: PlaceOrder("o", "u", ONE, code_id(), more_codes=ANY),
            "more_codes is an object; give exactly a tuple of ids",
        ),
        (
            lambda: PlaceOrder("o", "u", ONE, code_id(), more_codes=("plain",)),
            "more_codes is not shown; give an id made by KeyCodes, not the code itself",
        ),
        (
            lambda: PlaceOrder("o", "u", ONE, code_id(), more_codes=(code_id(),)),
            "more_codes is not shown; give other codes than the first, each once",
        ),
        (lambda: quoted("a 1").explained(ANY), "line is an object; give exactly int"),
        (lambda: quoted("a 1").explained(2), "line is 2; give 1 to 1"),
        (lambda: Room().ledger.units.quote(ANY), "order is an object; give exactly PlaceOrder"),
        (lambda: PlaceOrder("o", "u", ONE, quoted=ANY), "quoted is an object; give exactly str"),
        (
            lambda: PlaceOrder("o", "u", ONE, quoted="abc"),
            "quoted is 'abc'; give the version of a quote",
        ),
        (lambda: CaptureLine("o", ANY), "line is an object; give exactly int"),
        (lambda: CaptureLine("o", 0), "line is 0; give 1 to 1000"),
        (lambda: AdjustPrice("o", 1, ANY), "to is an object; give exactly Units"),
        (lambda: WithdrawLine("o", 1, ANY), "on_transcript is an object; give exactly int"),
        (lambda: WithdrawLine("o", 1, 0), "on_transcript is 0; give 1 to 1000000"),
        # Reports.
        (lambda: ReportPeriod(ANY), "since is an object; give exactly an aware datetime"),
        (lambda: ReportPeriod(None, ANY), "until is an object; give exactly an aware datetime"),
        (
            lambda: ReportPeriod(day(2), day(1)),
            "until is 2026-03-03T09:00:00+00:00; give an instant not before since",
        ),
        (lambda: Exchange("", ()), "currency is ''; " + AN_ID),
        (
            lambda: Exchange("EUR", ANY),
            "rates is an object; give exactly pairs of a currency and a Fraction",
        ),
        (lambda: Exchange("EUR", (("", Fraction(1)),)), "currency is ''; " + AN_ID),
        (
            lambda: Exchange("EUR", (("USD", Fraction(10**16)),)),
            "rate: 10000000000000000; the limit is 1000000000000000",
        ),
        (lambda: Exchange("EUR", (("USD", Fraction(0)),)), "rate is 0; give above zero"),
        (
            lambda: Exchange("EUR", (("USD", Fraction(1)), ("USD", Fraction(2)))),
            "rates is a currency twice; give each other currency once",
        ),
    ],
)
def test_what_a_refusal_at_the_door_says(made: Any, said: str) -> None:
    with pytest.raises(UnitLedgerError) as refused:
        made()
    assert str(refused.value) == said


# Commands.


def after(policy: Policy | None, *commands: Command[Any], own: str = "A 9") -> Room:
    """A room with a key code and ann's own units, and what was done in it."""
    room = stocked(policy, "C 5", own)
    for command in commands:
        room.do(command)
    return room


def placed(*commands: Command[Any], text: str = "free 0, yoga 4", **policy: Any) -> Room:
    """A room in which ann has placed an order, and what was done after it."""
    return after(Policy(**policy), order(text), *commands)


def bought(*commands: Command[Any], **policy: Any) -> Room:
    """A shop in which something was bought, or made, before."""
    room = shop(**policy)
    for command in commands:
        room.do(command)
    return room


def issued(by_code: bool = False, **policy: Any) -> Room:
    """A room with 30 units of an assignment, for ann and dan, or behind a key code."""
    room = Room(Policy(**policy), "ann: sales", "dan: sales")
    room.register()
    room.do(for_code() if by_code else create(last_day=date(2026, 3, 4)))
    room.do(FireAssignment("spring"))
    return room


def spent_of() -> Room:
    """The same, with ten of them handed out to ann, who has spent four."""
    room = issued()
    room.do(Distribute("spring", 1, (("ann", TEN),)), DAN)
    room.do(order("yoga 4"), ANN)
    return room


def lapsed() -> Room:
    """The same, after their last day."""
    room = issued()
    room.at(9)
    return room


@pytest.mark.parametrize(
    ("made", "command", "by", "said"),
    [
        # Orders.
        (placed, order("yoga 1"), ANN, "order o1 exists already; choose another id"),
        (placed, RefundLine("o1", 3), ADMIN, "no order line o1 line 3 in this portal"),
        (
            placed,
            RefundLine("o1", 1, TEN),
            ADMIN,
            "claim o1 line 1 has nothing SPENT; look where it stands first",
        ),
        (
            placed,
            RefundLine("o1", 2, TEN),
            ADMIN,
            "claim r4.2 has 400 parts SPENT, not the 1000 asked for",
        ),
        (
            lambda: placed(RefundLine("o1", 1), text="yoga 4"),
            RefundLine("o1", 1, TEN),
            ADMIN,
            "claim r4.1 has nothing SPENT; look where it stands first",
        ),
        (
            lambda: placed(refund=Refunds(RefundMode.NONE)),
            RefundLine("o1", 2),
            ADMIN,
            (
                "line 2 of order o1 is not refunded: the policy refunds nothing; issue units "
                "anew instead"
            ),
        ),
        (
            lambda: after(None, SESSION),
            RefundLine("o1", 1),
            ADMIN,
            (
                "line 1 of order o1 is not refunded: sessions paid in units are not "
                "refundable; issue units anew instead"
            ),
        ),
        (
            placed,
            AdjustPrice("o1", 1, TEN),
            ADMIN,
            "line 1 of order o1 is not refunded: no units were spent on it",
        ),
        (
            placed,
            AdjustPrice("o1", 2, TEN),
            ADMIN,
            (
                "line 2 of order o1 is not refunded: it has paid 4.00 units, which is not "
                "above the new price"
            ),
        ),
        (
            lambda: placed(CancelLine("o1", 1), text="yoga 4"),
            WithdrawLine("o1", 1),
            ADMIN,
            "order line o1/1 is cancelled; it cannot become withdrawn",
        ),
        (
            placed,
            CaptureLine("o1", 1),
            ADMIN,
            "claim o1 line 1 has nothing HELD; look where it stands first",
        ),
        (
            placed,
            CaptureLine("o1", 2, TEN),
            ADMIN,
            "claim o1 line 2 has nothing HELD; look where it stands first",
        ),
        (
            lambda: after(None),
            PlaceOrder("o1", "ann", ONE, code_id(), more_codes=(code_id(2),)),
            ADMIN,
            "key codes of an order: 2; the limit is 1",
        ),
        (
            lambda: after(None),
            PlaceOrder("o1", "ann", ONE, remainder_by=PaymentMethod.CARD),
            ADMIN,
            "card may not pay for the remainder; allowed: units alone, by the policy's tender",
        ),
        (
            lambda: after(Policy(tender=Tender.ALLOW_REMAINDER)),
            PlaceOrder("o1", "ann", ONE, remainder_by=PaymentMethod.PAYPAL),
            ADMIN,
            "paypal may not pay for the remainder; allowed: bill, card",
        ),
        (
            lambda: after(Policy(code_tops_up=True)),
            PlaceOrder("o1", "ann", ONE, code_id(), code_id(2)),
            ADMIN,
            "top_up_code is not shown; give None beside a key_code",
        ),
        (
            lambda: after(None),
            PlaceOrder("o1", "ann", ONE, None, code_id()),
            ADMIN,
            (
                "key code may not pay for what the buyer's own units do not; allowed: the "
                "buyer's own units alone, by the policy's code_tops_up"
            ),
        ),
        (
            lambda: after(Policy(tender=Tender.ALLOW_REMAINDER)),
            order("yoga 10"),
            ADMIN,
            (
                "1.00 units of order o1 are not covered, and the policy has no unit_value to "
                "ask for them in money"
            ),
        ),
        (
            lambda: after(Policy(session_guard=True), own="A 9 d5"),
            SESSION,
            ADMIN,
            (
                "yoga cannot be paid in units: no units last until it begins, and the "
                "policy's session_guard is on; pay it another way"
            ),
        ),
        (
            lambda: after(None),
            PlaceOrder("o1", "ann", (Item.not_payable("a"),)),
            ADMIN,
            "a cannot be paid in units: it is not sold for units; pay it another way",
        ),
        (
            lambda: after(None),
            PlaceOrder("o1", "ann", (Item.in_money("a", 1),)),
            ADMIN,
            (
                "a cannot be paid in units: its price is in money and the policy has no "
                "unit_value; set one or the other"
            ),
        ),
        (
            lambda: after(None),
            PlaceOrder(
                "o1", "ann", (Item.in_units("a", 1, training=Training(type=TrainingType.VIDEO)),)
            ),
            ADMIN,
            (
                "a cannot be paid in units: a program or a video is never sold for units; "
                "pay it another way"
            ),
        ),
        (
            lambda: after(Policy(per_user_cap=Units.of(2))),
            by_code("yoga 3"),
            ADMIN,
            (
                "ann has spent 0.00 units by this key code and asks for 3.00 units more; one "
                "user may spend 2.00 units by it"
            ),
        ),
        # Key codes.
        (
            Room,
            PlaceOrder("o1", "ann", ONE, code_id()),
            ADMIN,
            "this key code is not known; check it for typing errors",
        ),
        (
            lambda: bought(RegisterKeyCode(code_id(5), audience=frozenset({"legal"}))),
            PlaceOrder("o1", "ann", ONE, code_id(5)),
            ADMIN,
            "ann is not in the audience of this key code",
        ),
        (
            lambda: after(None, SuspendKeyCode(code_id())),
            by_code("yoga 1"),
            ADMIN,
            "this key code is suspended; ask whoever gave it to you, or pay another way",
        ),
        (
            lambda: after(None),
            RegisterKeyCode(code_id()),
            ADMIN,
            f"key code {code_id()} exists already; choose another id",
        ),
        (
            lambda: after(None),
            RegisterKeyCode(code_id(2), sealed="x"),
            ADMIN,
            "sealed is not shown; give None, by the policy's code_storage; a lost code is replaced",
        ),
        (
            lambda: after(None),
            ReopenKeyCode(code_id()),
            ADMIN,
            f"key_code {code_id()} is open; it cannot become open",
        ),
        (
            lambda: after(None),
            EditKeyCode(code_id(), removed=frozenset({"bob"})),
            ADMIN,
            "no contact bob in this portal",
        ),
        # Purchases.
        (
            shop,
            buy(method=PaymentMethod.PAYPAL),
            ADMIN,
            "paypal may not pay for training units; allowed: bill, card, cost_centre, custom",
        ),
        (
            shop,
            buy(coupon=Coupon("spring", 5)),
            ADMIN,
            (
                "coupon spring cannot be used to buy units; leave it out, or set the "
                "policy's coupon_on_unit_purchase"
            ),
        ),
        (Room, buy(), ADMIN, "no units can be bought: set the policy's unit_value"),
        (
            lambda: Room(Policy(unit_value=Rate.of(1))),
            buy(),
            ADMIN,
            "no units can be bought: set the policy's currency",
        ),
        (
            shop,
            code_purchase(),
            ADMIN,
            (
                "no units can be bought: set the policy's key_code_purchase, for units "
                "behind a key code"
            ),
        ),
        (lambda: bought(buy()), buy(), ADMIN, "purchase p1 exists already; choose another id"),
        (
            lambda: bought(create(assignment="p1")),
            buy(type=PurchaseType.DISTRIBUTABLE),
            ADMIN,
            "assignment p1 exists already; choose another id",
        ),
        (
            lambda: bought(RegisterKeyCode(code_id(5)), key_code_purchase=True),
            code_purchase(),
            ADMIN,
            f"key code {code_id(5)} exists already; choose another id",
        ),
        # Assignments.
        (
            lambda: issued(allow_self=False),
            Distribute("spring", 1, (("dan", TEN),)),
            DAN,
            "dan may not distribute; allowed: another distributor, by the policy's allow_self",
        ),
        (
            issued,
            TakeBack("spring", 1, "ann", TEN),
            DAN,
            "dan may not take_back; allowed: nobody, by the policy's claw_back",
        ),
        (
            lambda: issued(by_code=True),
            NameDistributors("spring", frozenset({"ann"})),
            ADMIN,
            "distributors is some; give nobody, for a key code",
        ),
        (
            lambda: issued(by_code=True),
            CopyAssignment("again", "spring", code_id()),
            ADMIN,
            "key_code is not shown; give another key code than the copied one's",
        ),
        (
            issued,
            AdjustTotal(LOT, POT, Units.of(30)),
            ADMIN,
            "total is 30.00; give another total than the present one",
        ),
        (
            spent_of,
            AdjustTotal(LOT, POT, Units.of(3)),
            ADMIN,
            "4.00 units of spring/1/1 are used; its total cannot be 3.00 units",
        ),
        (
            lapsed,
            AdjustTotal(LOT, POT, TEN),
            ADMIN,
            (
                "the terms of spring/1/1 cannot be changed so: it has lapsed; give it a "
                "later end first"
            ),
        ),
        (
            issued,
            EditLastDay(LOT, POT, START.date()),
            ADMIN,
            "the terms of spring/1/1 cannot be changed so: the last day must be later than today",
        ),
        (
            placed,
            ReissueUnits("o1", TEN, date(2026, 3, 1)),
            ADMIN,
            "the terms of r5.1 cannot be changed so: the last day must be later than today",
        ),
    ],
)
def test_what_a_refusal_of_a_command_says(made: Any, command: Any, by: Any, said: str) -> None:
    assert str(made().refused(UnitLedgerError, command, by)) == said


# What they look at.

CODE = keycode(code_id())
OWN = member("ann")
CODE_KEY = f"key_code#{code_id()}"


@pytest.mark.parametrize(
    ("command", "name", "wallets", "keys"),
    [
        (RegisterKeyCode(code_id()), "register_key_code", [CODE], [CODE_KEY]),
        (EditKeyCode(code_id(), details="x"), "edit_key_code", [CODE], [CODE_KEY]),
        (SuspendKeyCode(code_id()), "suspend_key_code", [CODE], [CODE_KEY]),
        (ReopenKeyCode(code_id()), "reopen_key_code", [CODE], [CODE_KEY]),
        (
            ReplaceKeyCode(code_id(), code_id(2)),
            "replace_key_code",
            [CODE],
            [CODE_KEY, f"key_code#{code_id(2)}"],
        ),
        (buying(), "buy_units", [OWN], ["unit_purchase#p1"]),
        (
            buying(type=PurchaseType.DISTRIBUTABLE),
            "buy_units",
            [batch("p1", 1, 1)],
            ["unit_purchase#p1"],
        ),
        (
            buying(type=PurchaseType.KEY_CODE, key_code=code_id()),
            "buy_units",
            [CODE],
            ["unit_purchase#p1"],
        ),
        (PlaceOrder("o1", "ann", ONE), "place_order", [OWN], ["order#o1"]),
        (PlaceOrder("o1", "ann", ONE, code_id()), "place_order", [CODE], ["order#o1", CODE_KEY]),
        (
            PlaceOrder("o1", "ann", ONE, None, code_id()),
            "place_order",
            [OWN],
            ["order#o1", CODE_KEY],
        ),
        (CaptureLine("o1", 1), "capture_line", [], ["order#o1"]),
        (ReleaseLine("o1", 1), "release_line", [], ["order#o1"]),
        (RefundLine("o1", 1), "refund_line", [], ["order#o1"]),
        (AdjustPrice("o1", 1, TEN), "adjust_price", [], ["order#o1"]),
        (
            WithdrawLine("o1", 1),
            "withdraw_line",
            [],
            ["order#o1", "line_withdrawal#o1/1", "line_cancellation#o1/1"],
        ),
        (
            CancelLine("o1", 1),
            "cancel_line",
            [],
            ["order#o1", "line_withdrawal#o1/1", "line_cancellation#o1/1"],
        ),
    ],
)
def test_what_a_command_is_called_and_looks_at(
    command: Any, name: str, wallets: list[str], keys: list[str]
) -> None:
    assert (command.NAME, kind_of(type(command))) == (name, name)
    assert (list(command.wallets()), list(command.keys())) == (wallets, keys)
