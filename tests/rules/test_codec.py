"""The canonical text of every value, to the byte, and everything that is refused.

``canonical.json`` is the contract: once released, no text in it changes. A new class gets its lines
with ``python -m tests.rules.test_codec``; a line that this changes is a change of the contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, NewType

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import NOON, named, sample
from unitledger.accounts import Account, State
from unitledger.amounts import MAX_PARTS, Amount, Credits, Rate, Units
from unitledger.buckets import Bucket
from unitledger.claims import Claim
from unitledger.codec import (
    MAX_BITS,
    MAX_DEPTH,
    MAX_DOCUMENT,
    decode,
    decode_json,
    encode,
    encoder,
    kind,
    kind_of,
)
from unitledger.commands import Actor, Command, Entry, Head, Outcome, Receipt, Role
from unitledger.errors import (
    InvalidInput,
    InvalidType,
    LimitExceeded,
    MalformedDocument,
    UnitLedgerError,
    UnknownField,
)
from unitledger.ids import LotId, WalletId
from unitledger.lots import Cost, Lot, Scope, Use
from unitledger.moves import Move
from unitledger.operations import Spend
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.policy import Policy
from unitledger.ports import Kept
from unitledger.records import MAX_INDEX_KEYS, Record
from unitledger.testing import amounts, instants
from unitledger.time import Recurrence, Validity
from unitledger.values import Value

GOLDEN = Path(__file__).with_name("canonical.json")

PLAIN: dict[str, object] = {
    "text": "a 1",
    "text with a quote, a backslash and a line end": 'say "a\\b"\n',
    "text beyond ASCII": "é 中 😀",
    "zero": 0,
    "a whole number": -12,
    "the largest whole number": 2**MAX_BITS - 1,
    "true": True,
    "false": False,
    "nothing": None,
    "an instant": NOON,
    "an instant without fractions": datetime(2026, 1, 1, tzinfo=UTC),
    "an instant given elsewhere": datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    "the first instant": datetime(2, 1, 1, tzinfo=UTC),
    "a date": date(2026, 2, 28),
    "a fraction": Fraction(-9, 10),
    "a whole fraction": Fraction(3),
    "units": Units.of("1.5"),
    "no units": Units.of(0),
    "the most units": Units(parts=MAX_PARTS),
    "credits": Credits.of(12),
    "a rate": Rate.of("0.99"),
    "an account": Account(WalletId("member/a b"), State.FREE),
    "a state": State.EXPIRED,
    "a burn order": FEFO_LARGEST,
    "a burn order with everything": BurnOrder.parse(
        "-category(granted, promotional), expires(undated first), -cost, scope"
    ),
}
VALUES: tuple[type, ...] = (
    *(Actor, Claim, Cost, Entry, Head, Kept, Lot, Move, Policy, Receipt, Recurrence),
    *(Scope, Use, Validity),
)


def vectors() -> dict[str, str]:
    """Every text that the contract fixes, by name."""
    found = {f"plain/{name}": encode(value) for name, value in PLAIN.items()}
    classes = {f"named/{name}": cls for name, cls in named().items()}
    classes |= {f"value/{cls.__name__}": cls for cls in VALUES}
    for name, cls in classes.items():
        found[f"{name}/full"] = encode(sample(cls))
        found[f"{name}/sparse"] = encode(sample(cls, full=False))
    return found


def written() -> str:
    """``canonical.json`` as it is now."""
    lines = {
        name: {"sha256": sha256(text.encode("ascii")).hexdigest(), "text": text}
        for name, text in sorted(vectors().items())
    }
    return json.dumps(lines, indent=1) + "\n"


def test_every_text_is_the_golden_one() -> None:
    golden = json.loads(GOLDEN.read_text("ascii"))
    texts = vectors()
    assert {name: line["text"] for name, line in golden.items()} == texts, (
        "the canonical text of something changed, is new or is gone: "
        "python -m tests.rules.test_codec writes the file anew"
    )


def test_every_golden_text_has_its_hash() -> None:
    for name, line in json.loads(GOLDEN.read_text("ascii")).items():
        assert sha256(line["text"].encode("ascii")).hexdigest() == line["sha256"], name


@pytest.mark.parametrize("full", [True, False], ids=["full", "sparse"])
@pytest.mark.parametrize("cls", [*named().values(), *VALUES], ids=lambda cls: cls.__name__)
def test_every_class_comes_back(cls: type, full: bool) -> None:
    value = sample(cls, full=full)
    text = encode(value)
    back: object = decode(cls, decode_json(text))
    assert back == value
    assert type(back) is cls
    assert encode(back) == text
    assert text.isascii()
    assert json.dumps(json.loads(text), separators=(",", ":")) == text


@pytest.mark.parametrize("name", sorted(named()))
def test_a_name_is_the_same_word_everywhere(name: str) -> None:
    cls = named()[name]
    assert kind_of(cls) == name
    assert issubclass(cls, (Command, Outcome, Record))
    if issubclass(cls, Command):
        assert name == cls.NAME
    if issubclass(cls, Record):
        assert name == cls.KIND
        assert len(cls.INDEX) <= MAX_INDEX_KEYS
        for full in (True, False):
            assert set(sample(cls, full=full).index()) <= set(cls.INDEX)


def test_a_named_value_stands_where_its_base_may() -> None:
    spend = sample(Spend)
    text = encode(spend)
    assert text.startswith('{"kind":"spend","amount":')
    assert decode(Command, decode_json(text)) == spend  # type: ignore[type-abstract]
    with pytest.raises(MalformedDocument, match="no Record"):
        decode(Record, decode_json(text))  # type: ignore[type-abstract]


# What has the same text, and what has not.


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


_Name = NewType("_Name", str)


@attrs.frozen
class Inner(Value):
    text: str
    number: int


@attrs.frozen
class Everything(Value):
    """One field of every type that documents are made of."""

    text: str
    name: _Name
    number: int
    truth: bool
    when: datetime
    day: date
    ratio: Fraction
    units: Units
    credits: Credits
    amount: Amount
    either: Credits | Units
    rate: Rate
    account: Account
    state: State
    order: BurnOrder
    colour: Colour
    inner: Inner
    maybe: Inner | None
    perhaps: str | None
    many: tuple[Inner, ...]
    pair: tuple[str, int]
    rows: tuple[tuple[LotId, int], ...]
    names: frozenset[str]
    _private: int


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_NUMBERS = st.integers(-(2**MAX_BITS) + 1, 2**MAX_BITS - 1)
_INNERS = st.builds(Inner, _TEXTS, _NUMBERS)
_EVERYTHING = st.builds(
    Everything,
    text=_TEXTS,
    name=_TEXTS.map(_Name),
    number=_NUMBERS,
    truth=st.booleans(),
    when=instants(),
    day=st.dates(),
    ratio=st.fractions(max_denominator=10**9),
    units=amounts(Units),
    credits=amounts(Credits),
    amount=amounts(Units) | amounts(Credits),
    either=amounts(Units) | amounts(Credits),
    rate=st.fractions("1/1000", 1000, max_denominator=1000).map(Rate),
    account=st.builds(
        Account, st.sampled_from(["pool", "member/a b", "member/a%2Fb"]), st.sampled_from(State)
    ),
    state=st.sampled_from(State),
    order=st.sampled_from(["FIFO", "LIFO", "HIFO", "cost, -available"]).map(BurnOrder.parse),
    colour=st.sampled_from(Colour),
    inner=_INNERS,
    maybe=_INNERS | st.none(),
    perhaps=_TEXTS | st.none(),
    many=st.lists(_INNERS, max_size=3).map(tuple),
    pair=st.tuples(_TEXTS, _NUMBERS),
    rows=st.lists(st.tuples(_TEXTS, _NUMBERS), max_size=3).map(tuple),
    names=st.frozensets(_TEXTS, max_size=3),
    private=_NUMBERS,
)


@given(_EVERYTHING)
def test_whatever_is_written_is_read_as_the_same_value(value: Everything) -> None:
    """So no two values of a type have one text: reading could only give back one of them."""
    text = encode(value)
    assert decode(Everything, decode_json(text)) == value
    assert json.dumps(json.loads(text), separators=(",", ":")) == text


@given(_TEXTS, _TEXTS, _TEXTS)
def test_a_set_has_one_text(first: str, second: str, third: str) -> None:
    one = Use(groups=frozenset())
    names = [name for name in (first, second, third) if name]
    forwards, backwards = frozenset(names), frozenset(reversed(names))
    object.__setattr__(one, "groups", forwards)
    text = encode(one)
    object.__setattr__(one, "groups", backwards)
    assert encode(one) == text


def test_units_and_credits_of_the_same_number_are_told_apart() -> None:
    write = encoder(_Paid)
    assert write(_Paid(Units.of(5))) == '{"amount":"5.00 units"}'
    assert write(_Paid(Credits.of(5))) == '{"amount":"5 credits"}'


@attrs.frozen
class _Paid(Value):
    amount: Amount


def test_given_texts_stand_where_the_fields_would() -> None:
    spend = sample(Spend)
    assert encoder(Spend, "amount")(spend, encode(spend.amount)[:-1] + ' units"') == encode(spend)


# What is not written.


class TextOfOurOwn(str):
    __slots__ = ()


class NumberOfOurOwn(int):
    pass


@attrs.frozen
class Other(Value):
    text: str
    number: int


GARBAGE: dict[str, object] = {
    "a float": 1.5,
    "a whole float": 1.0,
    "NaN": float("nan"),
    "a huge whole number": 10**5000,
    "a whole number of 54 bits": 2**MAX_BITS,
    "a subclass of int": NumberOfOurOwn(3),
    "a subclass of str": TextOfOurOwn("a"),
    "half a pair": "\ud83d",
    "both halves, apart": "\ud83d" + "\ude00",
    "bytes": b"a",
    "a Decimal": Decimal(1),
    "a list": [],
    "a list of fitting things": [Inner("a", 1)],
    "a dict": {},
    "a naive instant": datetime(2026, 1, 1),  # noqa: DTZ001
    "an object": object(),
    "a class": Inner,
    "another class with the same fields": Other("a", 1),
    "an unhashable set": {1},
    "a longer tuple": (1, 2, 3, 4, 5, 6),
}


@pytest.mark.parametrize("garbage", [pytest.param(v, id=k) for k, v in GARBAGE.items()])
@pytest.mark.parametrize("field", [field.name for field in attrs.fields(Everything)])
def test_nothing_is_written_that_could_not_be_read(field: str, garbage: object) -> None:
    value: Everything = sample(Everything)
    object.__setattr__(value, field, garbage)
    try:
        text = encode(value)
    except InvalidInput:
        return
    back = decode(Everything, decode_json(text))
    assert getattr(back, field) == garbage
    assert type(getattr(back, field)) is type(garbage)


@pytest.mark.parametrize("truth", [True, False])
def test_a_truth_is_no_number(truth: bool) -> None:
    for field in attrs.fields(Everything):
        value: Everything = sample(Everything)
        object.__setattr__(value, field.name, truth)
        if field.name != "truth":
            with pytest.raises(InvalidInput):
                encode(value)


@pytest.mark.parametrize("cls", [*named().values(), *VALUES], ids=lambda cls: cls.__name__)
def test_a_forged_field_of_any_class_is_refused(cls: type) -> None:
    for field in attrs.fields(cls):
        for garbage in (object(), 1.5, [1], "\ud800"):
            value = attrs.evolve(sample(cls))
            object.__setattr__(value, field.name, garbage)
            with pytest.raises(UnitLedgerError):
                encode(value)


def test_a_value_without_its_fields_is_refused() -> None:
    with pytest.raises(InvalidType):
        encode(Inner.__new__(Inner))


def test_a_forged_amount_is_refused() -> None:
    for parts in (-1, MAX_PARTS + 1, 1.5, "1", None):
        for amount in (Units.of(1), Credits.of(1)):
            object.__setattr__(amount, "parts", parts)
            with pytest.raises(InvalidInput):
                encode(amount)
            with pytest.raises(InvalidInput):
                encode(_Paid(amount))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="an object"),
        pytest.param(Inner, id="a class"),
        pytest.param([1], id="a list"),
        pytest.param({"a": 1}, id="a dict"),
        pytest.param((1,), id="a bare tuple"),
        pytest.param(1.5, id="a float"),
        pytest.param(b"a", id="bytes"),
        pytest.param(Decimal(1), id="a Decimal"),
        pytest.param(TextOfOurOwn("a"), id="a subclass of str"),
        pytest.param("\ud800", id="half a pair"),
        pytest.param(Bucket.of([]), id="a bucket, which is no document"),
    ],
)
def test_what_is_no_document_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        encode(value)


def test_a_subclass_of_a_named_class_has_no_text_where_its_base_has() -> None:
    class Sly(Spend):  # type: ignore[misc]
        pass

    sly = Sly(*attrs.astuple(sample(Spend), recurse=False))
    entry = sample(Entry)
    object.__setattr__(entry, "command", sly)
    with pytest.raises(InvalidType, match="a name in documents"):
        encode(entry)


def test_a_named_value_of_the_wrong_base_is_not_written() -> None:
    entry = sample(Entry)
    object.__setattr__(entry, "outcome", entry.command)
    with pytest.raises(InvalidType, match="a Outcome with"):
        encode(entry)


# Which classes may be written.


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: kind("spend")(Inner), id="a name that is taken"),
        pytest.param(lambda: kind("Spend")(Inner), id="a capital letter"),
        pytest.param(lambda: kind('a"b')(Inner), id="a quote"),
        pytest.param(lambda: kind("a b")(Inner), id="a space"),
        pytest.param(lambda: kind("")(Inner), id="no name"),
        pytest.param(lambda: kind("%s")(Inner), id="a percent sign"),
        pytest.param(lambda: kind("no_attrs_yet")(object), id="not an attrs class"),
        pytest.param(lambda: kind("has_a_kind")(_HasKind), id="a field called kind"),
        pytest.param(lambda: kind_of(Inner), id="a class without a name"),
    ],
)
def test_a_name_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidType):
        make()


@attrs.frozen
class _HasKind(Value):
    kind: str


@attrs.frozen
class _Floats(Value):
    field: float


@attrs.frozen
class _Either(Value):
    field: str | int


@attrs.frozen
class _Lists(Value):
    field: list[str]


@attrs.frozen
class _Objects(Value):
    field: object


@attrs.frozen
class _NoValue:
    field: str


@pytest.mark.parametrize("cls", [_Floats, _Either, _Lists, _Objects])
def test_a_type_outside_the_closed_set_is_refused_both_ways(cls: Any) -> None:
    with pytest.raises(InvalidType):
        encode(cls("a"))
    with pytest.raises(InvalidType):
        decode(cls, {"field": "a"})


def test_a_class_that_is_no_value_is_refused() -> None:
    with pytest.raises(InvalidType):
        encode(_NoValue("a"))


# What is not read: documents.


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="spaces"),
        pytest.param("{", id="cut off"),
        pytest.param("{} {}", id="two of them"),
        pytest.param("{}x", id="something behind"),
        pytest.param("{'a':1}", id="single quotes"),
        pytest.param("{a:1}", id="no quotes"),
        pytest.param("[1,]", id="a comma too many"),
        pytest.param("// no\n1", id="a comment"),
        pytest.param("\ufeff{}", id="a byte order mark"),
        pytest.param('"a\nb"', id="a line end in a text"),
        pytest.param('"\\x"', id="an escape that is none"),
        pytest.param("1.0", id="a point"),
        pytest.param("-0.0", id="a negative zero with a point"),
        pytest.param("1e3", id="an exponent"),
        pytest.param("1E400", id="an exponent beyond floats"),
        pytest.param("-0", id="a negative zero"),
        pytest.param("00", id="zeros before"),
        pytest.param("+1", id="a plus"),
        pytest.param("0x10", id="hexadecimal"),
        pytest.param("1_000", id="an underscore"),
        pytest.param("\u0661", id="an Arabic-Indic digit"),
        pytest.param("NaN", id="NaN"),
        pytest.param("Infinity", id="infinity"),
        pytest.param("-Infinity", id="minus infinity"),
        pytest.param("9" * 18, id="eighteen digits"),
        pytest.param("9" * 10**6, id="a million digits"),
        pytest.param("nul", id="no word"),
        pytest.param("True", id="a word of Python's"),
        pytest.param('{"a":1,"a":1}', id="a field twice"),
        pytest.param('{"a":1,"\\u0061":2}', id="a field twice, once escaped"),
        pytest.param('[{"a":{"b":1,"b":2}}]', id="a field twice, deep inside"),
        pytest.param("[" * 10**5, id="opened a hundred thousand times"),
        pytest.param("[" * 10**5 + "]" * 10**5, id="nested a hundred thousand deep"),
        pytest.param('{"a":' * 10**5 + "1" + "}" * 10**5, id="tables a hundred thousand deep"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), id="nested one too deep"),
        pytest.param(" " * MAX_DOCUMENT + "1", id="one character too long"),
    ],
)
def test_a_text_is_no_document(text: str) -> None:
    with pytest.raises((MalformedDocument, LimitExceeded)):
        decode_json(text)


@pytest.mark.parametrize("given", [b"{}", bytearray(b"{}"), None, 1, TextOfOurOwn("{}"), []])
def test_a_document_is_exactly_a_text(given: Any) -> None:
    with pytest.raises(InvalidType):
        decode_json(given)


def test_a_text_that_is_too_long_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten megabytes cost no more than looking at their length."""

    def read(*_: object, **__: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("json.loads", read)
    with pytest.raises(LimitExceeded) as caught:
        decode_json("[" + "1," * (5 * 10**6) + "1]")
    assert caught.value.limit == MAX_DOCUMENT


def test_the_deepest_document_is_read() -> None:
    assert decode_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_the_longest_document_is_read() -> None:
    assert decode_json('"' + "a" * (MAX_DOCUMENT - 2) + '"')
    assert decode_json('"aaa"', 5) == "aaa"
    with pytest.raises(LimitExceeded):
        decode_json('"aaa"', 4)


# What is not read: values.

INNER: dict[str, Any] = {"text": "a", "number": 1}


@pytest.mark.parametrize(
    ("cls", "value", "where"),
    [
        pytest.param(Inner, [], "here", id="a list for a table"),
        pytest.param(Inner, None, "here", id="nothing for a table"),
        pytest.param(Inner, "a", "here", id="a text for a table"),
        pytest.param(Inner, {"text": "a"}, "here", id="a missing field"),
        pytest.param(Inner, {**INNER, "text": 1}, "here.text", id="a number for a text"),
        pytest.param(Inner, {**INNER, "text": None}, "here.text", id="nothing for a text"),
        pytest.param(Inner, {**INNER, "number": "1"}, "here.number", id="a text for a number"),
        pytest.param(Inner, {**INNER, "number": True}, "here.number", id="a truth for a number"),
        pytest.param(Inner, {**INNER, "number": 1.0}, "here.number", id="a float"),
        pytest.param(Inner, {**INNER, "number": 2**53}, "here.number", id="a number of 54 bits"),
        pytest.param(Inner, {**INNER, "number": 10**5000}, "here.number", id="a huge number"),
        pytest.param(Spend, {"kind": "hold"}, "here.kind", id="another class"),
        pytest.param(Command, {"kind": "nonsense"}, "here.kind", id="no class"),
        pytest.param(Command, {"kind": ["spend"]}, "here.kind", id="a class that is no text"),
        pytest.param(Command, {}, "here.kind", id="no class at all"),
        pytest.param(Command, {"kind": "issued"}, "here.kind", id="an outcome for a command"),
        pytest.param(Command, [], "here", id="a list for a command"),
        pytest.param(Fraction, "2/4", "here", id="a fraction not in lowest terms"),
        pytest.param(Fraction, "3/1", "here", id="a whole number as a fraction"),
        pytest.param(Fraction, "1/0", "here", id="over zero"),
        pytest.param(Fraction, "0/3", "here", id="zero with a divisor"),
        pytest.param(Fraction, "-0", "here", id="a fraction of minus zero"),
        pytest.param(Fraction, "1/-2", "here", id="a minus below"),
        pytest.param(Fraction, "", "here", id="an empty fraction"),
        pytest.param(Fraction, "-", "here", id="a minus alone"),
        pytest.param(Fraction, "/", "here", id="a stroke alone"),
        pytest.param(Fraction, "/2", "here", id="nothing above"),
        pytest.param(Fraction, "1/", "here", id="nothing below"),
        pytest.param(Fraction, "1/2/3", "here", id="two strokes"),
        pytest.param(Fraction, "01/2", "here", id="zeros before a fraction"),
        pytest.param(Fraction, "1/2\n", "here", id="a line end behind"),
        pytest.param(Fraction, " 1/2", "here", id="a space before"),
        pytest.param(Fraction, "1_0/3", "here", id="an underscore in a fraction"),
        pytest.param(Fraction, "0.5", "here", id="a point in a fraction"),
        pytest.param(Fraction, "1e5", "here", id="an exponent in a fraction"),
        pytest.param(Fraction, "\u0661/2", "here", id="a digit that looks like one"),
        pytest.param(Fraction, "9" * 78, "here", id="a term of 260 bits"),
        pytest.param(Fraction, "9" * 10**6, "here", id="a fraction of a million digits"),
        pytest.param(Fraction, 1, "here", id="a number for a fraction"),
        pytest.param(date, "2026-2-1", "here", id="a short date"),
        pytest.param(date, "20260201", "here", id="a date without hyphens"),
        pytest.param(date, "2026-W05-1", "here", id="a week"),
        pytest.param(date, "2026-02-30", "here", id="a day that is none"),
        pytest.param(date, "", "here", id="an empty date"),
        pytest.param(date, "2026-02-01T00:00", "here", id="an instant for a date"),
        pytest.param(date, "２026-02-01", "here", id="a full-width digit"),
        pytest.param(date, 20260201, "here", id="a number for a date"),
        pytest.param(State, "free", "here", id="a state in small letters"),
        pytest.param(State, 1, "here", id="a number for a state"),
        pytest.param(Account, "pool", "here", id="an account without a state"),
        pytest.param(Account, "pool  FREE X", "here", id="an account with a state that is none"),
        pytest.param(Amount, "5", "here", id="an amount of nothing"),
        pytest.param(Amount, "5 apples", "here", id="an amount of something else"),
        pytest.param(Amount, 5, "here", id="a number for an amount"),
        pytest.param(Units, 5, "here", id="a number for units"),
        pytest.param(Units, None, "here", id="nothing for units"),
        pytest.param(bool, 1, "here", id="one for true"),
        pytest.param(bool, "true", "here", id="a text for true"),
        pytest.param(str, 1, "here", id="a number for a bare text"),
        pytest.param(Role, "Admin", "here", id="a role with a capital"),
        pytest.param(Role, 1, "here", id="a number for a role"),
        pytest.param(Use, {"groups": ["a", "a"]}, "here.groups", id="a group twice"),
        pytest.param(Use, {"groups": {"a": 1}}, "here.groups", id="a table for a set"),
        pytest.param(Use, {"groups": ["a", 1]}, "here.groups[1]", id="a number in a set"),
    ],
)
def test_a_value_is_not_read(cls: Any, value: object, where: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        decode(cls, value, "here")
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("cls", "value"),
    [
        pytest.param(str, "\ud800", id="half a pair"),
        pytest.param(str, "\ude00\ud83d", id="two halves the wrong way round"),
        pytest.param(Units, "1.555", id="too precise"),
        pytest.param(Units, "1e3", id="an exponent"),
        pytest.param(Units, "-1", id="below zero"),
        pytest.param(Units, "NaN", id="NaN"),
        pytest.param(Units, "1 ", id="a space behind"),
        pytest.param(Credits, "1.5", id="half a credit"),
        pytest.param(Amount, "5 units ", id="a space behind the unit"),
        pytest.param(Amount, "5  units", id="two spaces"),
        pytest.param(Amount, "1.5 credits", id="half a credit with its unit"),
        pytest.param(Rate, "0", id="a rate of zero"),
        pytest.param(Rate, "1/0", id="a rate over zero"),
        pytest.param(datetime, "2026-01-01T00:00:00", id="a naive instant"),
        pytest.param(datetime, "2026-01-01", id="a date for an instant"),
        pytest.param(datetime, "0001-01-01T00:00:00Z", id="too early"),
        pytest.param(datetime, "2026-01-01T00:00:00.0000001Z", id="too fine"),
        pytest.param(BurnOrder, "expires, expires", id="a key twice"),
        pytest.param(BurnOrder, "x" * 10**6, id="a very long order"),
        pytest.param(Account, "nobody FREE", id="no such wallet"),
        pytest.param(Account, "member/\u0430 FREE", id="a Cyrillic letter"),
        pytest.param(Use, {"course": ""}, id="an empty id"),
    ],
)
def test_the_class_itself_refuses(cls: Any, value: object) -> None:
    with pytest.raises(InvalidInput):
        decode(cls, value)


@pytest.mark.parametrize("field", ["tex", "Text", "text ", "", "kind", "\ud800", 1, None, (1,)])
def test_an_unknown_field_is_named(field: Any) -> None:
    with pytest.raises(UnknownField) as caught:
        decode(Inner, {**INNER, field: 1}, "here")
    assert caught.value.where == "here"
    assert caught.value.known == ("number", "text")
    str(caught.value).encode("ascii")


def test_many_unknown_fields_of_mixed_types_are_still_an_error_of_ours() -> None:
    with pytest.raises(UnknownField):
        decode(Inner, INNER | dict.fromkeys((1, None, "z")))


def test_every_missing_field_is_missed() -> None:
    for cls in named().values():
        value = decode_json(encode(sample(cls)))
        for field in attrs.fields(cls):
            if field.init and field.default is attrs.NOTHING:
                rest = {name: part for name, part in value.items() if name != field.alias}
                with pytest.raises(MalformedDocument, match=f"{field.alias} is missing"):
                    decode(cls, rest)


@pytest.mark.parametrize(
    ("cls", "spelled", "value"),
    [
        pytest.param(Units, "1.5", Units.of("1.50"), id="units"),
        pytest.param(Amount, "5 units", Units.of(5), id="an amount"),
        pytest.param(Rate, "0.99", Rate.of("99/100"), id="a rate"),
        pytest.param(datetime, "2026-03-01 13:30:15.123456+01:00", NOON, id="an instant"),
        pytest.param(BurnOrder, "FEFO_LARGEST", FEFO_LARGEST, id="an order"),
        pytest.param(Use, {"groups": ["b", "a"]}, Use(groups=frozenset("ab")), id="a set"),
    ],
)
def test_another_exact_spelling_is_read(cls: Any, spelled: object, value: object) -> None:
    assert decode(cls, spelled) == value
    assert decode_json(encode(value)) != spelled


NODES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 2**53, 10**400, "", "a", "\ud800", "0", "1/0", "NaN", "9" * 200),
    *("2026-02-30", "2026-01-01T00:00:00Z", "pool", "member/", "pool FREE", "1 units", "-1 units"),
    *([], {}, [[]], [None], {"kind": "spend"}, {"": 1}, {1: 1}, object(), b"x", (), frozenset()),
)


def spoiled(node: Any, chance: Random) -> Any:
    """The same document with something in it that is not what it was."""
    if type(node) is dict and node and chance.random() < 0.8:
        name = chance.choice(sorted(node))
        return {**node, name: spoiled(node[name], chance)}
    if type(node) is list and node and chance.random() < 0.8:
        place = chance.randrange(len(node))
        return [*node[:place], spoiled(node[place], chance), *node[place + 1 :]]
    return chance.choice(NODES)


@pytest.mark.parametrize("cls", [*named().values(), *VALUES], ids=lambda cls: cls.__name__)
def test_a_spoiled_document_is_refused_or_is_a_sound_value(cls: type) -> None:
    """Only our errors escape; and what is read after all is read again from what it writes."""
    chance, document = Random(cls.__name__), decode_json(encode(sample(cls)))
    for _ in range(100):
        with suppress(UnitLedgerError):
            value: object = decode(cls, spoiled(document, chance))
            assert decode(cls, decode_json(encode(value))) == value


def test_a_spoiled_text_is_refused_or_read() -> None:
    text, chance = encode(sample(Entry)), Random(8)
    for _ in range(2000):
        place, more = chance.randrange(len(text)), chance.choice('"\\{}[],:0-+.eEnaN\x00\udc80 \n')
        with suppress(UnitLedgerError):
            decode_json(text[:place] + more + text[place + chance.randrange(3) :])


if __name__ == "__main__":
    GOLDEN.write_text(written(), "ascii")
