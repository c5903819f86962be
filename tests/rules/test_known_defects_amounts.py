"""Known defects of amounts and prices: what went wrong elsewhere, and what holds here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.desk import ANN as ANNS
from tests.desk import Desk, u
from tests.rules.credits_portal import AID, ANN, CRON, FIRE, MIAS, POOL, Portal, at, portal
from tests.rules.test_training_checkout import order, stocked
from tests.rules.training_room import learner as buyer
from unitledger.accounts import member
from unitledger.amounts import Credits, Rate, Units
from unitledger.codec import decode, encode
from unitledger.credits import (
    Allocate,
    ChangePlan,
    Deallocate,
    Enrol,
    Give,
    Grant,
    MoveAllocation,
    Purchase,
    Recall,
    Replenish,
    ReportProgress,
    Subscribe,
    WriteOff,
)
from unitledger.errors import (
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    NegativeAmount,
    NotPayableInUnits,
    TooPrecise,
    UnitLedgerError,
)
from unitledger.ids import LotId, WalletId
from unitledger.journal import entry_of, exported, imported, verify
from unitledger.ledger import Ledger
from unitledger.lots import Cost, Lot
from unitledger.operations import Hold, Issue, Spend, Transfer, VoidUnits
from unitledger.policy import GrantRounding, Policy, Rounding, SharePaid, Tender, Upgrade
from unitledger.ports import Directory
from unitledger.stores.memory import MemoryStore
from unitledger.time import Period
from unitledger.training import Item, PlaceOrder, quote
from unitledger.training.pricing import Training

POOLS = WalletId(POOL)


@pytest.fixture
def lms() -> Iterator[Portal]:
    with portal() as opened:
        yield opened


def of(number: int) -> Credits:
    return Credits.of(number)


@pytest.mark.parametrize("number", [-1.5, 1.5, 1.0, float("nan"), True], ids=repr)
@pytest.mark.parametrize(
    "made",
    [
        pytest.param(Credits.of, id="D10 credits"),
        pytest.param(Units.of, id="D10 units"),
        pytest.param(Rate.of, id="D10 a rate"),
        pytest.param(lambda n: Units(parts=n), id="D10 parts"),
        pytest.param(lambda n: Item.in_units("yoga", n), id="D10 a price"),
        pytest.param(lambda n: Item.in_units("yoga", 1, n), id="D10 a quantity"),
        pytest.param(lambda n: Cost.of(n, "EUR"), id="D10 a cost"),
        pytest.param(lambda n: Allocate("first-aid", n), id="D10 an amount"),
    ],
)
def test_a_float_is_no_number_of_units(made: Callable[[Any], object], number: object) -> None:
    """D10: a float was taken, and stored as another number; here it is refused everywhere."""
    with pytest.raises(InvalidType):
        made(number)


def test_what_is_told_is_what_is_stored(lms: Portal) -> None:
    """D10: memory and database had two amounts; here the stored text says what the receipt does."""
    lms.fill(3)
    receipt = lms.run(Allocate("first-aid", of(2)))
    entry = entry_of(lms.ledger.journal()[-1])
    assert (entry.outcome, entry.moves) == (receipt.outcome, receipt.moves)
    assert lms.ledger.receipt(receipt.request) == receipt


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(lambda n: Issue(LotId("x"), POOLS, n), id="D11 issue"),
        pytest.param(lambda n: Purchase("p", n, "terms"), id="D11 buy"),
        pytest.param(lambda n: Allocate("first-aid", n), id="D11 allocate"),
        pytest.param(lambda n: Deallocate("first-aid", n), id="D11 put back"),
        pytest.param(lambda n: MoveAllocation("first-aid", "fire", n), id="D11 move"),
        pytest.param(lambda n: Grant("mia", "first-aid", n), id="D11 grant"),
        pytest.param(lambda n: Recall("mia", "first-aid", n), id="D11 recall"),
        pytest.param(lambda n: Give("mia", "max", "first-aid", n), id="D11 give"),
        pytest.param(lambda n: WriteOff(n, "grounds"), id="D11 write off"),
        pytest.param(lambda n: Subscribe("growth", n, Period.YEAR), id="D11 subscribe"),
        pytest.param(lambda n: Spend(POOLS, n), id="D11 spend"),
        pytest.param(lambda n: Hold(POOLS, n), id="D11 hold"),
        pytest.param(lambda n: VoidUnits(POOLS, n), id="D11 take out"),
        pytest.param(lambda n: Transfer(POOLS, WalletId(AID), n), id="D11 transfer"),
    ],
)
def test_nothing_is_no_amount(command: Callable[[Credits], object]) -> None:
    """D11: a deposit of zero was taken against the rule; here every amount is above zero."""
    command(of(1))
    with pytest.raises(InvalidValue):
        command(of(0))


def test_a_percentage_is_exact() -> None:
    """D20: seven percent of a hundred were eight in floats; here every share is exact."""
    policy = Policy(share_paid=SharePaid.USER_SHARE)
    for price in (1, 3, 29, 57, 100, 199, 200):
        for percent in range(101):
            cart = [Item.in_units("yoga", price, training=Training(user_share=percent))]
            assert quote(cart, policy).total.parts == price * percent
            exact = Fraction(price * percent, 100)
            assert Rounding.CEILING.whole(exact) == -(-price * percent // 100)


@pytest.mark.parametrize("base", [1, 5, 11, 13, 500])
def test_small_shares_add_up_to_the_whole(base: int) -> None:
    """D21: five percent of ten were cut to nothing for ever; here a named rule keeps the rest."""
    with portal(Policy(grant_rounding=GrantRounding.CUMULATIVE)) as lms:
        lms.run(Subscribe("growth", of(base), Period.MONTH))
        lms.clock.at = at("2027-01-30T09:00")
        lms.ledger.credits.run_due(by=CRON)
        assert lms.free(POOL) == base
    for rounding, brought in (
        (GrantRounding.FLOOR, base // 12),
        (GrantRounding.CEIL, -(-base // 12)),
    ):
        with portal(Policy(grant_rounding=rounding)) as lms:
            lms.run(Subscribe("growth", of(base), Period.MONTH))
            assert lms.run(Replenish("growth", 0), CRON).outcome.amount == of(brought)


@pytest.mark.parametrize("rounding", list(GrantRounding))
def test_days_of_a_month_are_counted_exactly(rounding: GrantRounding) -> None:
    """D32: fifteen of twenty-nine days of 29 were sixteen in floats; here they are fifteen."""
    with portal(Policy(upgrade=Upgrade.PRORATED, grant_rounding=rounding)) as lms:
        lms.clock.at = at("2028-02-01")
        lms.run(Subscribe("growth", of(12), Period.MONTH))
        lms.run(Replenish("growth", 0), CRON)
        lms.clock.at = at("2028-03-01") - timedelta(days=15)
        assert lms.run(ChangePlan("growth", of(12 + 29 * 12))).outcome.amount == of(15)


def test_too_much_is_refused_and_not_cut(lms: Portal) -> None:
    """D35: figures were cut to fit, and the error went unseen; here too much is an error."""
    with pytest.raises(NegativeAmount):
        of(1) - of(2)
    lms.allotted(2)
    for command in (Recall("mia", "first-aid", of(3)), Deallocate("first-aid", of(1))):
        assert type(lms.refused(command)) is InsufficientUnits
    desk = Desk()
    desk.issue("a", ANNS, u(2))
    for taking in (Spend(ANNS, u("2.01")), VoidUnits(ANNS, u("2.01")), Hold(ANNS, u("2.01"))):
        with pytest.raises(InsufficientUnits):
            desk.give(taking)
    assert desk.figures(ANNS) == (200, 0, 0, 0, 0)


def test_an_amount_keeps_its_scale() -> None:
    """R20: dollars became cents twice, entries were huge; here a scale is part of a type."""
    for text in ("12.34", "0.01", "100", "999999"):
        amount = Units.of(text)
        assert decode(Units, json.loads(encode(amount))) == amount
        assert Units.of(amount.decimal) == Units.of(amount.text) == amount
    desk = Desk()
    desk.issue("a", ANNS, u("12.34"))
    desk.spend(ANNS, u("2.30"))
    assert desk.ledger.balance(ANNS).available.text == "10.04"
    lot = [Item.in_money("yoga", "12.34"), Item.in_units("chess", "12.34")]
    lines = quote(lot, Policy(unit_value=Rate.of(1))).lines
    assert [line.units.text for line in lines] == ["12.34", "12.34"]


def test_every_number_can_be_written_as_json() -> None:
    """R27: decimals could not be written as JSON; here whatever is kept is text both ways."""
    rate = Rate.of(Decimal("0.99"))
    policy = Policy(unit_value=rate, tender=Tender.ALLOW_REMAINDER)
    room = stocked(policy, own="B 1.10")
    item = Item.in_money("yoga", Decimal("10.01"))
    room.do(PlaceOrder("o1", "ann", (item,)), buyer("ann"))
    room.issue(member("ann"), "E 0.05")
    lines = list(exported(room.ledger.journal()))
    assert all(json.loads(line) for line in lines)
    journal, seal = imported(lines)
    assert verify(journal, seal).ok
    command = entry_of(journal[2]).command
    assert isinstance(command, PlaceOrder)
    assert command.items == (item,)


def test_a_credit_is_whole_wherever_it_is_shown() -> None:
    """R29: after a partial grant 8.333 licences were shown; here a credit has no decimals."""
    for text in ("8.333", "0.5", "8.0001"):
        with pytest.raises(TooPrecise):
            Credits.of(text)
    assert str(of(8)) == "8 credits"
    for rounding in GrantRounding:
        with portal(Policy(grant_rounding=rounding)) as lms:
            lms.run(Subscribe("growth", of(100), Period.MONTH))
            for index in range(3):
                lms.clock.at = at("2026-03-31T09:00")
                amount = lms.run(Replenish("growth", index), CRON).outcome.amount
                assert amount.parts in (8, 9)
            assert "." not in str(lms.ledger.balance(POOL).available)


def test_how_many_is_part_of_every_sum(lms: Portal) -> None:
    """R31: a split forgot a multiplier, and a parent's count; here both follow from the moves."""
    room = stocked(own="B 9")
    room.do(order("3 x yoga 1.234, chess 1"), buyer("ann"))
    assert room.available(member("ann")) == "4.28"
    lms.fill(9)
    lms.run(Allocate("first-aid", of(4)))
    lms.run(Allocate("fire", of(3)))
    lms.run(Grant("mia", "first-aid", of(3)))
    lms.run(Enrol("leo", "fire"))
    lms.run(MoveAllocation("fire", "first-aid", of(1)))
    assert lms.figures() == {POOL: (2, 0, 0), AID: (2, 0, 0), FIRE: (1, 0, 1), MIAS: (3, 0, 0)}
    course = lms.ledger.credits.course("first-aid")
    assert (course.free, course.with_managers) == (of(2), of(3))


def test_nothing_to_pay_and_no_price_are_two_things() -> None:
    """R45: free and without a price were mixed up, and balances fell below zero; not here."""
    room = stocked(own="B 0.01")
    placed = room.do(PlaceOrder("o1", "ann", (Item.in_units("talk", 0),)), buyer("ann"))
    assert (placed.outcome.total, placed.moves) == (Units.of(0), ())
    unpriced = PlaceOrder("o2", "ann", (Item.not_payable("gala"),))
    room.refused(NotPayableInUnits, unpriced, buyer("ann"))
    assert Cost.of(0, "EUR") != Lot.plain("a").cost
    room.refused(InsufficientUnits, order("yoga 0.02", name="o3"), buyer("ann"))
    room.do(order("yoga 0.001", name="o4"), buyer("ann"))
    assert room.available(member("ann")) == "0.00"


def test_texts_are_read_and_added_as_numbers(lms: Portal) -> None:
    """R46: "4" and "8" made 48, and a grant ran twice; here a text is a number, once."""
    assert Credits.of("4") + Credits.of("8") == of(12)
    with pytest.raises(UnitLedgerError):
        of(4) + "8"  # type: ignore[operator]
    with pytest.raises(UnitLedgerError):
        Credits.total(["4", "8"])  # type: ignore[list-item]
    with pytest.raises(InvalidType):
        Allocate("first-aid", "4")  # type: ignore[arg-type]
    lms.fill(20)
    for amount, request in (("4", "one"), ("8", "two"), ("8", "two")):
        lms.run(Allocate("first-aid", Credits.of(amount)), request=request)
    assert lms.figures() == {AID: (12, 0, 0), POOL: (8, 0, 0)}


class Silent:
    """A Directory that does not know."""

    def manages(self, manager: str, course: str, at: object) -> Any:
        return None

    def groups(self, user: str, at: object) -> Any:
        return None

    direct = lineage = superiors = people = groups


def test_what_is_not_known_is_not_nothing(lms: Portal) -> None:
    """R49: unknown usage was read as zero, and all rolled over; here silence is no number."""
    for made in (Credits.of, Units.of, Rate.of):
        with pytest.raises(InvalidType):
            made(None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        ReportProgress("e", None)  # type: ignore[arg-type]
    lms.fill(1)
    lms.run(Allocate("first-aid", of(1)))
    silent: Directory = Silent()
    store = lms.ledger.store
    assert isinstance(store, MemoryStore)
    mute = Ledger(store, clock=lms.clock, directory=silent)
    with pytest.raises(InvalidType):
        mute.execute(Grant("mia", "first-aid", of(1)), by=ANN, request="g")
    assert lms.figures() == {AID: (1, 0, 0)}


def test_what_rolls_over_is_what_is_left(lms: Portal) -> None:
    """R49: unknown usage was read as zero, and all rolled over; here the lots say what is left."""
    lms.run(Subscribe("growth", of(120), Period.MONTH))
    lms.run(Replenish("growth", 0), CRON)
    for number in range(7):
        lms.run(Enrol(f"leo {number}", "first-aid"))
    lms.clock.at = at("2026-02-28T09:00")
    lms.run(Replenish("growth", 1), CRON)
    assert lms.figures() == {POOL: (13, 0, 7)}
