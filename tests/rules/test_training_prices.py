"""Price tags, units and currencies: what one buyer pays for one item at one instant."""

# mypy: disable-error-code="arg-type"

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import attrs
import pytest

from tests.rules.training_room import START, day, rule
from unitledger.amounts import Rate, Units
from unitledger.errors import (
    InvalidId,
    InvalidInput,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    NegativeAmount,
    NotPayableInUnits,
)
from unitledger.policy import Policy, Preferences, SharePaid, TrainingType
from unitledger.training import (
    MAX_ITEMS,
    MAX_PRICES,
    MAX_SUBJECTS,
    CurriculumPrice,
    Item,
    Part,
    PricedIn,
    PriceTag,
    QuotedLine,
    Training,
    UnitPrice,
    priced_cart,
    quote,
)

ONE_FOR_ONE = Policy(unit_value=Rate.of(1))
TAG = PriceTag.in_units("yoga", "5")
MOMENT = timedelta(microseconds=1)


def costs(item: Item, policy: Policy = ONE_FOR_ONE, ous: tuple[str, ...] = ()) -> str:
    """What a cart of one item costs."""
    return quote([item], policy, ous).total.text


# Own prices: organizational units and dates.


@pytest.mark.parametrize(
    ("ous", "price"),
    [
        pytest.param("", "9", id="TU-127 nobody's unit: the default"),
        pytest.param("legal", "9", id="TU-127 a unit without a price"),
        pytest.param("emea", "7", id="TU-127 the override wins"),
        pytest.param("vienna emea world", "7", id="TU-127 an ancestor's price"),
        pytest.param("paris emea", "6", id="TU-127 the nearest ancestor wins"),
        pytest.param("emea paris", "7", id="TU-127 nearest is first, not cheapest"),
    ],
)
def test_the_nearest_units_price_counts(ous: str, price: str) -> None:
    tag = PriceTag.in_units("yoga", 9).also(7, ou="emea").also(6, ou="paris")
    assert tag.item(at=START, ous=ous.split()).price == Fraction(price)


@pytest.mark.parametrize(
    ("at", "ous", "price"),
    [
        pytest.param(START, "", "9", id="TU-131 before its date"),
        pytest.param(day(10) - MOMENT, "", "9", id="TU-131 just before"),
        pytest.param(day(10), "", "10", id="TU-131 on its instant"),
        pytest.param(day(20), "", "11", id="TU-131 the latest that has begun"),
        pytest.param(
            day(9), "emea", "9", id="TU-131 a unit's future price does not hide the default"
        ),
        pytest.param(day(15), "emea", "4", id="TU-131 a unit's price from its date on"),
    ],
)
def test_a_price_counts_from_its_date_on(at: Any, ous: str, price: str) -> None:
    tag = PriceTag.in_units("yoga", 9).also(11, since=day(20)).also(10, since=day(10))
    tag = tag.also(4, ou="emea", since=day(15))
    assert tag.item(at=at, ous=ous.split()).price == Fraction(price)


@rule("TU-126")
def test_a_tags_own_price_stays_whatever_money_does() -> None:
    tag = attrs.evolve(TAG, money=Fraction(100))
    dearer = attrs.evolve(tag, money=Fraction(900))
    assert costs(tag.item(at=START)) == costs(dearer.item(at=START)) == "5.00"


@rule("TU-130")
def test_a_copy_has_the_prices_that_count_and_those_to_come() -> None:
    tag = PriceTag.in_units("event", 1).also(2, since=day(-5)).also(3, since=day(5))
    tag = tag.also(8, ou="emea", since=day(-9)).also(9, ou="emea", since=day(0))
    copy = tag.copied("session", at=START)
    assert copy.id == "session"
    assert copy.prices == (
        UnitPrice(Fraction(2), None, day(-5)),
        UnitPrice(Fraction(3), None, day(5)),
        UnitPrice(Fraction(9), "emea", day(0)),
    )
    for at in (START, day(5), day(400)):
        for ous in ((), ("emea",)):
            assert copy.item(at=at, ous=ous).price == tag.item(at=at, ous=ous).price


@rule("TU-137")
def test_without_a_unit_value_every_item_needs_its_own_price() -> None:
    tag = PriceTag.in_units("yoga").also(3, ou="emea")
    assert costs(tag.item(at=START, ous=("emea",)), Policy()) == "3.00"
    with pytest.raises(NotPayableInUnits, match="no price in units yet") as refusal:
        tag.item(at=START, ous=("apac",))
    assert refusal.value.item == "yoga"
    with pytest.raises(NotPayableInUnits, match="unit_value"):
        costs(PriceTag.in_money("chess", 3).item(at=START), Policy())


def test_a_tag_makes_a_line_with_all_it_says() -> None:
    about = Training(type=TrainingType.SESSION, provider="acme", subjects=frozenset({"safety"}))
    tag = PriceTag.in_money("drill", "12.50", starts=day(9), training=about)
    assert tag.item(3, at=START) == Item.in_money("drill", "12.5", 3, starts=day(9), training=about)
    units = PriceTag.in_units("drill", "2.5", starts=day(9), training=about)
    assert units.item(2, at=START) == Item.in_units(
        "drill", "2.5", 2, starts=day(9), training=about
    )
    nothing = PriceTag.not_payable("drill", starts=day(9), training=about)
    assert nothing.item(at=START) == Item.not_payable("drill", starts=day(9), training=about)


def test_a_tag_in_money_without_a_price_is_not_payable() -> None:
    bare = PriceTag(id="drill", priced_in=PricedIn.MONEY)
    assert bare.item(at=START).priced_in is PricedIn.NOTHING


# Not payable.


@pytest.mark.parametrize("others", [0, 1, 5], ids=lambda count: f"TU-128 beside {count} others")
def test_one_item_that_is_not_sold_for_units_stops_the_cart(others: int) -> None:
    """TU-150: no unit method for the whole order."""
    cart = [Item.in_units(f"yoga{number}", 1) for number in range(others)]
    with pytest.raises(NotPayableInUnits, match="not sold for units") as refusal:
        quote([*cart, Item.not_payable("gala"), *cart], ONE_FOR_ONE)
    assert refusal.value.item == "gala"


@pytest.mark.parametrize(
    "kind", [TrainingType.PROGRAM, TrainingType.VIDEO], ids=lambda kind: f"TU-129 {kind}"
)
def test_programs_and_videos_have_no_price_in_units(kind: TrainingType) -> None:
    about = Training(type=kind)
    for item in (
        Item.in_units("film", 1, training=about),
        Item.in_money("film", 1, training=about),
        PriceTag.in_money("film", 1, training=about).item(at=START),
    ):
        with pytest.raises(NotPayableInUnits):
            quote([item], ONE_FOR_ONE)
    with pytest.raises(InvalidValue, match="not sold for units"):
        PriceTag.in_units("film", 1, training=about)
    assert costs(Item.in_money("film", 0, training=about)) == "0.00"
    assert costs(PriceTag.in_money("film", 0, training=about).item(at=START)) == "0.00"


def test_every_other_type_has() -> None:
    for kind in set(TrainingType) - {TrainingType.PROGRAM, TrainingType.VIDEO}:
        assert costs(Item.in_units("x", 1, training=Training(type=kind))) == "1.00"


# Curricula.

PARTS = (
    PriceTag.in_units("a", "1.234"),
    PriceTag.in_units("b", "1.234"),
    PriceTag.in_money("c", "1.231"),
)


@rule("TU-132")
def test_a_single_price_ignores_the_parts() -> None:
    tag = PriceTag.in_units("path", "10").of(CurriculumPrice.SINGLE, PARTS)
    assert costs(tag.item(at=START)) == "10.00"
    money = PriceTag.in_money("path", "8").of(CurriculumPrice.SINGLE, PARTS)
    assert costs(money.item(at=START)) == "8.00"


@rule("TU-133")
def test_an_incremental_price_is_the_sum_of_parts_each_rounded_first() -> None:
    tag = PriceTag.in_money("path", "99").of(CurriculumPrice.INCREMENTAL, PARTS)
    item = tag.item(2, at=START)
    assert item.price == 0
    line = quote([item], ONE_FOR_ONE).lines[0]
    assert (line.each.text, line.units.text) == ("3.72", "7.44")
    assert line.unit_value == Rate.of(1)
    with pytest.raises(NotPayableInUnits):
        quote([item], Policy())


def test_an_incremental_price_follows_units_and_dates_of_the_parts() -> None:
    dated = PriceTag.in_units("a", 5).also(7, since=day(3)).also(2, ou="emea")
    tag = PriceTag.not_payable("path").of(CurriculumPrice.INCREMENTAL, (dated, dated))
    prices = [costs(tag.item(at=at, ous=ous)) for at in (START, day(3)) for ous in ((), ("emea",))]
    assert prices == ["10.00", "4.00", "14.00", "4.00"]


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(PriceTag.not_payable("gala"), id="not sold for units"),
        pytest.param(
            PriceTag.in_money("film", 1, training=Training(type=TrainingType.VIDEO)), id="a video"
        ),
    ],
)
def test_a_part_that_is_not_payable_stops_the_curriculum(part: PriceTag) -> None:
    tag = PriceTag.not_payable("path").of(CurriculumPrice.INCREMENTAL, (*PARTS, part))
    with pytest.raises(NotPayableInUnits) as refusal:
        costs(tag.item(at=START))
    assert refusal.value.item == "path"


@rule("TU-134")
def test_a_part_that_was_bought_already_makes_nothing_cheaper() -> None:
    bought = PARTS[0].item(at=START)
    tag = PriceTag.not_payable("path").of(CurriculumPrice.INCREMENTAL, PARTS)
    alone = quote([tag.item(at=START)], ONE_FOR_ONE).total
    both = quote([bought, tag.item(at=START)], ONE_FOR_ONE).total
    assert both - quote([bought], ONE_FOR_ONE).total == alone


@rule("TU-135")
def test_who_asked_before_an_edit_pays_what_was_said_then() -> None:
    tag = PriceTag.in_units("path", 10).of(CurriculumPrice.SINGLE, PARTS)
    requested = tag.item(at=START)
    edited = attrs.evolve(tag, prices=(UnitPrice(Fraction(99)),))
    assert costs(requested) == "10.00"
    assert costs(edited.item(at=START)) == "99.00"


@rule("TU-136")
def test_a_unit_price_of_an_incremental_curriculum_is_its_incremental_price() -> None:
    bare = (PriceTag.in_money("a", 50), PriceTag.not_payable("b"))
    tag = PriceTag.in_money("path", 99).also("7.5").of(CurriculumPrice.INCREMENTAL, bare)
    assert costs(tag.item(at=START)) == "7.50"
    with pytest.raises(InvalidValue, match="not both"):
        PriceTag.in_units("path", 1).of(CurriculumPrice.INCREMENTAL, PARTS)


# A cost centre's share.


@pytest.mark.parametrize(
    ("share_paid", "price", "share", "each"),
    [
        pytest.param(SharePaid.FULL_PRICE, "10", 30, "10.00", id="TU-138 X-21 full price"),
        pytest.param(SharePaid.USER_SHARE, "10", 30, "3.00", id="TU-138 X-21 the user's share"),
        pytest.param(SharePaid.USER_SHARE, "1.23", 50, "0.62", id="TU-138 rounded after the share"),
        pytest.param(SharePaid.USER_SHARE, "0.333", 50, "0.17", id="TU-138 and rounded once"),
        pytest.param(SharePaid.USER_SHARE, "10", 100, "10.00", id="TU-138 all of it"),
        pytest.param(SharePaid.USER_SHARE, "10", 0, "0.00", id="TU-138 none of it"),
    ],
)
def test_a_cost_centres_share(share_paid: SharePaid, price: str, share: int, each: str) -> None:
    policy = Policy(unit_value=Rate.of(1), share_paid=share_paid)
    about = Training(user_share=share)
    for item in (
        Item.in_units("yoga", price, 3, training=about),
        Item.in_money("yoga", price, 3, training=about),
        Item.in_units(
            "path",
            0,
            3,
            training=attrs.evolve(about, parts=(Part(Fraction(price), PricedIn.MONEY),)),
        ),
    ):
        line = quote([item], policy).lines[0]
        assert (line.each.text, line.units) == (each, Units.of(each) * 3)


def test_each_part_of_a_curriculum_is_shared_and_rounded_alone() -> None:
    parts = (Part(Fraction(1, 100), PricedIn.UNITS),) * 2
    item = Item.in_units("path", 0, training=Training(user_share=50, parts=parts))
    assert costs(item, Policy(share_paid=SharePaid.USER_SHARE)) == "0.02"
    assert costs(item, Policy()) == "0.02"


# What a unit is worth: organizational units and currencies.

WORTH = Policy(
    unit_value=Rate.of(2),
    currency="EUR",
    preferences=(
        Preferences("emea", Rate.of(4)),
        Preferences("vienna", Rate.of(5), "EUR"),
        Preferences(None, Rate.of(8), "USD"),
        Preferences("emea", Rate.of(10), "USD"),
    ),
)


@pytest.mark.parametrize(
    ("currency", "ous", "each", "used"),
    [
        pytest.param(None, "", "20.00", "2", id="TU-155 TU-293 the policy's"),
        pytest.param("EUR", "", "20.00", "2", id="TU-293 its currency by name"),
        pytest.param(None, "emea", "10.00", "4", id="TU-155 the unit's own"),
        pytest.param("EUR", "emea", "10.00", "4", id="TU-155 the unit's own, by name"),
        pytest.param(None, "vienna emea", "8.00", "5", id="TU-155 the nearest"),
        pytest.param(None, "paris emea", "10.00", "4", id="TU-155 an ancestor's"),
        pytest.param(None, "apac", "20.00", "2", id="TU-155 none says: the policy's"),
        pytest.param("USD", "", "5.00", "8", id="TU-293 another currency"),
        pytest.param("USD", "vienna emea", "4.00", "10", id="TU-293 an ancestor's, in another"),
    ],
)
def test_what_a_unit_is_worth(currency: str | None, ous: str, each: str, used: str) -> None:
    item = Item.in_money("yoga", 40, training=Training(currency=currency))
    line = quote([item], WORTH, ous.split()).lines[0]
    assert (line.each.text, line.unit_value) == (each, Rate.of(used))


@rule("TU-293")
def test_the_value_used_stands_in_the_line_that_used_one() -> None:
    cart = [Item.in_units("own", 1), Item.in_money("money", 1), Item.in_money("free", 0)]
    lines = quote(cart, ONE_FOR_ONE).lines
    assert [line.unit_value for line in lines] == [None, Rate.of(1), Rate.of(1)]


def test_a_currency_that_nobody_prices_is_not_payable() -> None:
    item = Item.in_money("yoga", 40, training=Training(currency="GBP"))
    with pytest.raises(NotPayableInUnits):
        quote([item], WORTH, ("emea",))
    assert WORTH.worth("GBP", ("emea",)) is None
    assert Policy(unit_value=Rate.of(2)).worth("EUR") is None


@pytest.mark.parametrize(
    ("ous", "rate"),
    [((), "2"), (("emea",), "4"), (("vienna", "emea"), "5"), (("apac",), "2")],
)
def test_a_quote_says_what_a_unit_is_worth_to_the_buyer(ous: tuple[str, ...], rate: str) -> None:
    assert quote([Item.in_money("yoga", 40)], WORTH, ous).unit_value == Rate.of(rate)
    assert quote([Item.in_money("yoga", 40)], WORTH, ous).lines[0].unit_value == Rate.of(rate)


def test_a_cart_is_priced_line_by_line() -> None:
    cart = [Item.in_units("a", "1.234", 3), Item.in_money("b", 3)]
    assert priced_cart(cart, Policy(unit_value=Rate.of(2))) == (
        QuotedLine("a", 3, Units.of("1.24"), Units.of("3.72")),
        QuotedLine("b", 1, Units.of("1.50"), Units.of("1.50"), Rate.of(2)),
    )


# What cannot be.


REFUSED: list[tuple[type[InvalidInput], Any]] = [
    (InvalidId, lambda: Preferences("", Rate.of(1))),
    (InvalidId, lambda: Preferences(None, Rate.of(1), " EUR")),
    (InvalidType, lambda: Preferences("emea", "2")),
    (InvalidType, lambda: Preferences("emea", None, None, "all")),
    (InvalidValue, lambda: Preferences("emea")),
    (InvalidValue, lambda: Preferences("emea", None, "EUR")),
    (InvalidValue, lambda: Policy(preferences=(Preferences("a", Rate.of(1)),) * 2)),
    (
        InvalidValue,
        lambda: Policy(
            currency="EUR",
            preferences=(Preferences("a", Rate.of(1)), Preferences("a", Rate.of(1), "EUR")),
        ),
    ),
    (InvalidType, lambda: Policy(preferences=["emea"])),
    (InvalidType, lambda: Policy(preferences=("emea",))),
    (
        LimitExceeded,
        lambda: Policy(preferences=tuple(Preferences(f"o{n}", Rate.of(1)) for n in range(1001))),
    ),
    (InvalidType, lambda: Training(type="course")),
    (InvalidId, lambda: Training(provider="")),
    (InvalidId, lambda: Training(currency="")),
    (InvalidType, lambda: Training(subjects={"a"})),
    (InvalidId, lambda: Training(subjects=frozenset({" a"}))),
    (
        LimitExceeded,
        lambda: Training(subjects=frozenset(map(str, range(MAX_SUBJECTS + 1)))),
    ),
    (InvalidType, lambda: Training(user_share=True)),
    (InvalidType, lambda: Training(user_share=50.0)),
    (InvalidValue, lambda: Training(user_share=-1)),
    (InvalidValue, lambda: Training(user_share=101)),
    (InvalidType, lambda: Training(parts=[])),
    (InvalidType, lambda: Training(parts=(1,))),
    (
        LimitExceeded,
        lambda: Training(parts=(Part(Fraction(1), PricedIn.UNITS),) * (MAX_ITEMS + 1)),
    ),
    (InvalidType, lambda: Part(1, PricedIn.UNITS)),
    (NegativeAmount, lambda: Part(Fraction(-1), PricedIn.UNITS)),
    (InvalidType, lambda: Part(Fraction(1), "units")),
    (InvalidType, lambda: Item("a", Fraction(1), PricedIn.UNITS, 1, None, "course")),
    (InvalidType, lambda: Item("a", Fraction(1), PricedIn.UNITS, 1, "now")),
    (InvalidValue, lambda: Item("a", Fraction(1), PricedIn.NOTHING)),
    (
        InvalidValue,
        lambda: Item.in_units(
            "a", 1, training=Training(parts=(Part(Fraction(1), PricedIn.UNITS),))
        ),
    ),
    (InvalidId, lambda: PriceTag.in_units("", 1)),
    (NegativeAmount, lambda: PriceTag.in_units("a", -1)),
    (NegativeAmount, lambda: PriceTag.in_money("a", -1)),
    (InvalidType, lambda: PriceTag.in_money("a", 1.5)),
    (InvalidType, lambda: TAG.also(1.5)),
    (InvalidType, lambda: PriceTag.in_units("a", 1.5)),
    (NegativeAmount, lambda: TAG.also(-1)),
    (InvalidId, lambda: TAG.also(1, ou="")),
    (InvalidInput, lambda: TAG.also(1, since="now")),
    (InvalidValue, lambda: TAG.also(1)),
    (InvalidValue, lambda: TAG.also(1, ou="a").also(2, ou="a")),
    (InvalidType, lambda: attrs.evolve(TAG, priced_in="units")),
    (InvalidType, lambda: attrs.evolve(TAG, priced_in=None)),
    (InvalidType, lambda: attrs.evolve(TAG, money=1)),
    (NegativeAmount, lambda: attrs.evolve(TAG, money=Fraction(-1))),
    (InvalidType, lambda: attrs.evolve(TAG, training="course")),
    (InvalidType, lambda: attrs.evolve(TAG, prices=[])),
    (InvalidType, lambda: attrs.evolve(TAG, prices=(1,))),
    (InvalidType, lambda: attrs.evolve(TAG, parts=[])),
    (InvalidType, lambda: attrs.evolve(TAG, parts=(1,))),
    (InvalidInput, lambda: attrs.evolve(TAG, starts="now")),
    (InvalidType, lambda: TAG.of("single", ())),
    (InvalidValue, lambda: attrs.evolve(TAG, parts=PARTS)),
    (
        InvalidValue,
        lambda: TAG.of(CurriculumPrice.SINGLE, (TAG.of(CurriculumPrice.SINGLE, ()),)),
    ),
    (
        InvalidValue,
        lambda: PriceTag.not_payable("a").of(CurriculumPrice.INCREMENTAL, ()),
    ),
    (
        LimitExceeded,
        lambda: attrs.evolve(
            TAG, prices=tuple(UnitPrice(Fraction(1), f"o{n}") for n in range(MAX_PRICES + 1))
        ),
    ),
    (
        LimitExceeded,
        lambda: TAG.of(CurriculumPrice.SINGLE, (PARTS[0],) * (MAX_PRICES + 1)),
    ),
]


@pytest.mark.parametrize(
    ("error", "make"),
    REFUSED,
)
def test_what_cannot_be(error: type[InvalidInput], make: Any) -> None:
    with pytest.raises(error):
        make()


def test_the_largest_that_can_be() -> None:
    most = tuple(UnitPrice(Fraction(1), f"o{n}") for n in range(MAX_PRICES))
    assert len(attrs.evolve(TAG, prices=most).prices) == MAX_PRICES
    assert len(TAG.of(CurriculumPrice.SINGLE, (PARTS[0],) * MAX_PRICES).parts) == MAX_PRICES
    assert len(Training(subjects=frozenset(map(str, range(MAX_SUBJECTS)))).subjects) == MAX_SUBJECTS
    assert Training(user_share=0).user_share == 0
    preferences = tuple(Preferences(f"o{n}", Rate.of(1)) for n in range(1000))
    assert len(Policy(preferences=preferences).preferences) == 1000


def test_instants_of_tags_are_kept_in_utc() -> None:
    vienna = day(3).astimezone(__import__("zoneinfo").ZoneInfo("Europe/Vienna"))
    assert repr(TAG.also(1, since=vienna)) == repr(TAG.also(1, since=day(3)))
    assert repr(attrs.evolve(TAG, starts=vienna)) == repr(attrs.evolve(TAG, starts=day(3)))


SAID = [
    "ou is ''; give 1 to 128 printable ASCII characters without a space at either end",
    "currency is ' EUR'; give 1 to 128 printable ASCII characters without a space at either end",
    "unit_value is '2'; give exactly Rate",
    "criteria is 'all'; give exactly Criteria",
    "preferences is without a say; give a unit_value or criteria",
    "preferences is without a say; give a unit_value or criteria",
    "preferences is one twice; give one per unit and currency, with criteria in one of a unit's",
    "preferences is one twice; give one per unit and currency, with criteria in one of a unit's",
    "preferences is a list; give exactly tuple",
    "preferences is a tuple; give exactly a tuple of Preferences",
    "preferences: 1001; the limit is 1000",
    "type is 'course'; give exactly TrainingType",
    "provider is ''; give 1 to 128 printable ASCII characters without a space at either end",
    "currency is ''; give 1 to 128 printable ASCII characters without a space at either end",
    "subjects is a set; give exactly frozenset",
    "subject is ' a'; give 1 to 128 printable ASCII characters without a space at either end",
    "subjects: 101; the limit is 100",
    "user_share is True; give exactly int",
    "user_share is a float; give exactly int",
    "user_share is -1; give 0 to 100, a percentage",
    "user_share is 101; give 0 to 100, a percentage",
    "parts is a list; give exactly a tuple of Part",
    "parts is a tuple; give exactly a tuple of Part",
    "parts of a curriculum: 1001; the limit is 1000",
    "price is 1; give exactly Fraction",
    "price is -1; amounts are never below zero",
    "priced_in is 'units'; give exactly PricedIn",
    "training is 'course'; give exactly Training",
    "starts is 'now'; give exactly an aware datetime",
    "price is 1; give zero, where parts have the price or nothing has one",
    "price is 1; give zero, where parts have the price or nothing has one",
    "item is ''; give 1 to 128 printable ASCII characters without a space at either end",
    "price is -1; amounts are never below zero",
    "price is -1; amounts are never below zero",
    "price is a float; give exactly int, str, Decimal or Fraction",
    "price is a float; give exactly int, str, Decimal or Fraction",
    "price is a float; give exactly int, str, Decimal or Fraction",
    "price is -1; amounts are never below zero",
    "ou is ''; give 1 to 128 printable ASCII characters without a space at either end",
    "since is 'now'; give exactly an aware datetime",
    "prices is one twice; give one per unit and instant",
    "prices is one twice; give one per unit and instant",
    "priced_in is 'units'; give exactly PricedIn",
    "priced_in is None; give exactly PricedIn",
    "money is 1; give exactly Fraction",
    "price is -1; amounts are never below zero",
    "training is 'course'; give exactly Training",
    "prices is a list; give exactly a tuple of UnitPrice",
    "prices is a tuple; give exactly a tuple of UnitPrice",
    "parts is a list; give exactly a tuple of PriceTag",
    "parts is a tuple; give exactly a tuple of PriceTag",
    "starts is 'now'; give exactly an aware datetime",
    "curriculum is 'single'; give exactly CurriculumPrice",
    "parts is of what is no curriculum; give a curriculum price",
    "parts is a curriculum; give courses and sessions, not curricula",
    "parts is none; give at least one, or prices of the curriculum",
    "prices of a tag: 1001; the limit is 1000",
    "parts of a tag: 1001; the limit is 1000",
]


def test_what_each_refusal_says() -> None:
    """Word for word: an error is all that somebody who wrote a slip gets to see."""
    for (error, make), text in zip(REFUSED, SAID, strict=True):
        with pytest.raises(error) as refusal:
            make()
        assert str(refusal.value) == text
