"""Key codes: their form, what may be typed for them, and that a plain code is never kept."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.rules.training_room import CODES, PEPPER, Room, code, code_id, learner, rule
from unitledger.accounts import keycode
from unitledger.amounts import Units
from unitledger.commands import Receipt
from unitledger.errors import (
    AlreadyExists,
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    OutsideAudience,
    UnitLedgerError,
    UnknownKeyCode,
)
from unitledger.training import (
    ALPHABET,
    AudienceRow,
    CreateAssignment,
    FireAssignment,
    Item,
    KeyCode,
    KeyCodes,
    Method,
    PlaceOrder,
    RefundLine,
    RegisterKeyCode,
    wallet_of,
)

ONE = (Item.in_units("yoga", 1),)
PLAIN = code(1).reveal().replace("-", "")


# The form of a code.


def test_a_generated_code_is_sixteen_symbols_and_a_check_symbol() -> None:
    shown = KeyCode.generated().reveal()
    groups = shown.split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4, 1]
    assert set(shown) <= set(ALPHABET + "-")


def test_the_alphabet_has_32_symbols_and_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 32
    assert not set("ILOU") & set(ALPHABET)


def made_of(bits: int) -> KeyCode:
    return KeyCode.generated(lambda size: bits.to_bytes(size, "big"))


def test_all_of_eighty_bits_are_used() -> None:
    assert made_of(0).reveal().startswith("0000-0000-0000-0000-")
    assert made_of(2**80 - 1).reveal().startswith("ZZZZ-ZZZZ-ZZZZ-ZZZZ-")
    ids = {CODES.id_of(made_of(1 << bit)) for bit in range(80)}
    assert len(ids) == 80


def test_a_source_that_gives_too_little_chance_is_refused() -> None:
    with pytest.raises(InvalidValue):
        KeyCode.generated(lambda size: bytes(size - 1))


def test_generated_codes_differ() -> None:
    assert len({KeyCode.generated().reveal() for _ in range(5000)}) == 5000


def samples() -> list[str]:
    return [code(number).reveal().replace("-", "") for number in (0, 1, 2, 3, 2**79)]


@pytest.mark.parametrize("plain", samples())
def test_every_wrong_symbol_shows(plain: str) -> None:
    for place, right in enumerate(plain):
        for wrong in ALPHABET.replace(right, ""):
            with pytest.raises(UnknownKeyCode):
                KeyCode(plain[:place] + wrong + plain[place + 1 :])


@pytest.mark.parametrize("plain", samples())
def test_every_two_exchanged_symbols_show(plain: str) -> None:
    places = [(a, b) for a in range(17) for b in range(a) if plain[a] != plain[b]]
    for a, b in places:
        symbols = list(plain)
        symbols[a], symbols[b] = symbols[b], symbols[a]
        with pytest.raises(UnknownKeyCode):
            KeyCode("".join(symbols))


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(code(8).reveal(), id="as shown"),
        pytest.param(code(8).reveal().lower(), id="in small letters"),
        pytest.param(code(8).reveal().replace("-", " "), id="with spaces"),
        pytest.param(code(8).reveal().replace("-", ""), id="in one piece"),
        pytest.param("  --" + code(8).reveal() + " - ", id="spaces and hyphens around it"),
        pytest.param(code(8).reveal().replace("0", "O"), id="O for 0"),
        pytest.param(code(8).reveal().replace("0", "o"), id="o for 0"),
        pytest.param(code(9).reveal().replace("1", "I"), id="I for 1"),
        pytest.param(code(9).reveal().replace("1", "l"), id="l for 1"),
    ],
)
def test_a_code_is_read_generously(typed: str) -> None:
    assert CODES.id_of(typed) in {code_id(8), code_id(9)}


def test_the_sample_codes_have_what_the_table_exchanges() -> None:
    assert "0" in code(8).reveal()
    assert "1" in code(9).reveal()
    assert code(11).reveal()[0] == "S"


MALFORMED = [
    pytest.param(PLAIN[:-1] + ("0" if PLAIN[-1] != "0" else "1"), id="wrong check symbol"),
    pytest.param("", id="nothing"),
    pytest.param("   ", id="spaces"),
    pytest.param("x" * 65, id="65 characters"),
    pytest.param("x" * 1_000_000, id="a million characters"),
    pytest.param("café", id="not ASCII"),
    pytest.param(PLAIN[:-1] + "Ⅰ", id="a look-alike that upper-cases into ASCII"),
    pytest.param("ſ" + code(11).reveal()[1:], id="a long s"),
    pytest.param("summer\n", id="a line end"),
    pytest.param("\x00", id="a control character"),
    pytest.param(None, id="None"),
    pytest.param(12345, id="an int"),
    pytest.param(type("Text", (str,), {})("summer"), id="a subclass of str"),
]


@pytest.mark.parametrize("typed", MALFORMED)
def test_what_no_code_is_like_is_an_unknown_code(typed: str) -> None:
    with pytest.raises(UnknownKeyCode):
        KeyCode(typed)
    with pytest.raises(UnknownKeyCode):
        CODES.id_of(typed)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("s", id="TU-101 one character"),
        pytest.param("SUMMER 2026!", id="TU-101 inner spaces and signs"),
        pytest.param("x" * 64, id="TU-101 64 characters"),
    ],
)
def test_a_chosen_code_is_what_was_chosen(text: str) -> None:
    chosen = KeyCode.chosen(f" {text} ")
    assert chosen.reveal() == text
    assert CODES.id_of(chosen) == CODES.id_of(text) == CODES.id_of(f"  {text}  ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("summer", "SUMMER", id="TU-101 case counts"),
        pytest.param("summer 26", "summer26", id="TU-101 inner spaces count"),
        pytest.param("SUMMER0", "SUMMERO", id="TU-101 look-alikes count"),
    ],
)
def test_chosen_codes_are_compared_character_by_character(one: str, other: str) -> None:
    assert CODES.id_of(one) != CODES.id_of(other)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(code(1).reveal(), id="a generated code"),
        pytest.param("ABCD-EFGH-JKMN-PQRS-T", id="the form of one"),
        pytest.param("", id="TU-101 nothing"),
        pytest.param("x" * 65, id="TU-101 65 characters"),
        pytest.param("tab\there", id="TU-101 not printable"),
        pytest.param("café", id="not ASCII"),
        pytest.param(7, id="not a text"),
    ],
)
def test_what_cannot_be_chosen(text: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        KeyCode.chosen(text)
    assert str(text) not in str(refusal.value) or not text


def test_last4_tells_long_codes_apart_and_short_ones_nothing() -> None:
    assert code(1).last4 == PLAIN[-4:]
    assert KeyCode.chosen("twelve chars").last4 == "hars"
    assert KeyCode.chosen("eleven char").last4 == ""


# Ids.


def test_an_id_says_nothing_without_the_pepper() -> None:
    assert code_id(1) == KeyCodes(PEPPER).id_of(PLAIN)
    assert code_id(1) != KeyCodes(b"another pepper of 16 bytes").id_of(PLAIN)
    assert code_id(1) != code_id(2)


def test_the_id_of_a_code_never_changes() -> None:
    """Golden: stored ids must mean the same code in every version."""
    assert PLAIN == "KRVQKEBZ99Y1BWWXE"
    assert code_id(1) == "85e4e87fd51d441286a19119fdaf8fe5"
    assert wallet_of(code_id(1)) == keycode(code_id(1))


@pytest.mark.parametrize(
    ("error", "pepper"),
    [
        pytest.param(InvalidType, "sixteen letters!", id="text"),
        pytest.param(InvalidType, bytearray(16), id="a bytearray"),
        pytest.param(InvalidValue, b"fifteen bytes..", id="15 bytes"),
        pytest.param(InvalidValue, bytes(1025), id="1025 bytes"),
    ],
)
def test_what_cannot_be_a_pepper(error: type[InvalidInput], pepper: bytes) -> None:
    with pytest.raises(error) as refusal:
        KeyCodes(pepper)
    assert "sixteen" not in str(refusal.value)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(RegisterKeyCode, id="register"),
        pytest.param(lambda text: PlaceOrder("o1", "ann", ONE, text), id="place an order"),
        pytest.param(
            lambda text: CreateAssignment(
                assignment="a",
                title="A",
                method=Method.KEY_CODE,
                rows=(AudienceRow(Units.of(1)),),
                key_code=text,
            ),
            id="create an assignment",
        ),
    ],
)
@pytest.mark.parametrize(
    "text", [code(1).reveal(), PLAIN, "summer", code_id(1).upper(), code_id(1) + "\n", ""]
)
def test_no_command_takes_a_plain_code_for_an_id(make: Callable[[str], object], text: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        make(text)
    assert not text or text not in str(refusal.value)


# The registry.


@rule("TU-100")
def test_a_code_is_registered_once() -> None:
    room = Room()
    room.register(1)
    room.register(2)
    room.refused(AlreadyExists, RegisterKeyCode(code_id(1)))


def test_unknown_foreign_and_malformed_codes_get_one_answer() -> None:
    room, other = Room(), Room()
    foreign = other.register(7)
    order = PlaceOrder("o1", "ann", ONE, foreign)
    unknown = room.refused(UnknownKeyCode, order, learner("ann"))
    with pytest.raises(UnknownKeyCode) as malformed:
        CODES.id_of("x" * 65)
    answers = {repr(error) + str(error) for error in (unknown, malformed.value)}
    assert len(answers) == 1
    assert unknown.details == {}


def test_an_assignment_needs_a_registered_code() -> None:
    create = CreateAssignment(
        assignment="a",
        title="A",
        method=Method.KEY_CODE,
        rows=(AudienceRow(Units.of(5)),),
        key_code=code_id(1),
    )
    Room().refused(UnknownKeyCode, create)


@rule("TU-103")
def test_a_user_outside_the_codes_audience_is_told_so() -> None:
    room = Room(None, "ann: sales", "bob: legal")
    key_code = room.register(1, {"sales", "eve"})
    room.issue(keycode(key_code), "A 5")
    refusal = room.refused(OutsideAudience, PlaceOrder("o1", "bob", ONE, key_code), learner("bob"))
    assert refusal.user == "bob"
    assert "sales" not in str(refusal)
    room.do(PlaceOrder("o2", "ann", ONE, key_code), learner("ann"))
    room.do(PlaceOrder("o3", "eve", ONE, key_code), learner("eve"))


@rule("X-19")
def test_a_code_without_an_audience_serves_anyone() -> None:
    room = Room()
    key_code = room.code_with("A 5")
    room.do(PlaceOrder("o1", "whoever", ONE, key_code), learner("whoever"))


@rule("TU-104", "TU-105")
def test_a_code_with_nothing_left_says_needed_and_available() -> None:
    room = Room()
    key_code = room.code_with("A 1.50")
    room.do(PlaceOrder("o1", "ann", (Item.in_units("yoga", "1.5"),), key_code))
    refusal = room.refused(InsufficientUnits, PlaceOrder("o2", "ann", ONE, key_code))
    assert (refusal.needed, refusal.available) == (Units.of(1), Units.of(0))
    assert refusal.wallets == (keycode(key_code), "member/ann")


# Nothing keeps a plain code.


def occurrences(texts: list[str], plain: str) -> list[str]:
    compact = plain.replace("-", "")
    return [text for text in texts if plain in text or compact in text.replace("-", "")]


def told(error: BaseException) -> str:
    lines = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(lines.format()) + repr(error) + str(error) + repr(error.args)


@pytest.mark.parametrize("weak", [False, True], ids=["generated", "chosen"])
def test_a_plain_code_appears_nowhere(weak: bool) -> None:
    secret = KeyCode.chosen("open sesame 99") if weak else KeyCode.generated()
    room = Room()
    registered = RegisterKeyCode.of(secret, CODES)
    receipts: list[Receipt[Any]] = [room.do(registered)]
    room.issue(keycode(registered.key_code), "A 5")
    placed = PlaceOrder("o1", "ann", ONE, CODES.id_of(secret.reveal()))
    receipts += [room.do(placed), room.do(RefundLine("o1", 1))]
    error = room.refused(InsufficientUnits, PlaceOrder("o2", "ann", ONE * 9, registered.key_code))
    texts = [kept.text for kept in room.ledger.journal()]
    texts += [repr(value) for value in (*receipts, registered, placed, secret, CODES, room.ledger)]
    texts += [
        str(secret),
        f"{secret}",
        told(error),
        str(room.ledger.statement(keycode(registered.key_code))),
    ]
    texts += [pickle.dumps(value).decode("latin-1") for value in (*receipts, placed, error)]
    assert occurrences(texts, secret.reveal()) == []
    assert occurrences([f"it is {secret.reveal()}"], secret.reveal()), "the search finds a code"


@pytest.mark.parametrize("travels", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("secret", [code(1), CODES], ids=["code", "pepper"])
def test_secrets_do_not_travel(travels: Callable[[object], object], secret: object) -> None:
    with pytest.raises(TypeError, match="not kept") as refusal:
        travels(secret)
    assert occurrences([told(refusal.value)], code(1).reveal()) == []


def typed_wrong() -> str:
    plain = code(5).reveal()
    return ("Z" if plain[0] != "Z" else "Y") + plain[1:]


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda: KeyCode(typed_wrong()), id="read"),
        pytest.param(lambda: CODES.id_of(typed_wrong()), id="looked up"),
        pytest.param(lambda: KeyCode.chosen(code(5).reveal()), id="chosen"),
        pytest.param(lambda: KeyCodes(code(5).reveal()), id="as a pepper"),  # type: ignore[arg-type]
        pytest.param(lambda: KeyCodes(code(5).reveal()[:9].encode()), id="as a short pepper"),
    ],
)
def test_no_traceback_shows_what_was_typed(attempt: Callable[[], object]) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        attempt()
    assert occurrences([told(refusal.value)], code(5).reveal()[1:9]) == []


@rule("TU-102")
def test_many_users_of_one_code_are_served_first_come_first() -> None:
    room = Room()
    key_code = room.code_with("A 2")
    for number, user in enumerate(("ann", "bob")):
        room.do(PlaceOrder(f"o{number}", user, ONE, key_code), learner(user))
    room.refused(InsufficientUnits, PlaceOrder("o9", "cat", ONE, key_code), learner("cat"))


def test_a_code_can_get_more_than_one_assignment() -> None:
    """TU-052's groundwork: the same code, a lot per firing, each with its own terms."""
    room = Room()
    key_code = room.register()
    for name, number in (("early", 30), ("late", 60)):
        create = CreateAssignment(
            assignment=name,
            title=name,
            method=Method.KEY_CODE,
            rows=(AudienceRow(Units.of(5)),),
            key_code=key_code,
            expires=room.clock.at.replace(month=4 if number == 30 else 5),
        )
        room.do(create)
        room.do(FireAssignment(name))
    lots = room.ledger.balance(keycode(key_code)).lots
    ends = [line.lot.terms.expires for line in lots]
    assert [line.lot.id for line in lots] == ["early/1/1", "late/1/1"]
    assert all(a is not None and b is not None and a < b for a, b in pairwise(ends))


@rule("TU-100", "TU-101")
def test_the_edges_of_a_chosen_code() -> None:
    for text in ("XMAS X", "X"):
        assert CODES.id_of(KeyCode.chosen(text)) == CODES.id_of(KeyCode(f" {text} "))
    assert CODES.id_of(KeyCode.chosen("x" * 64)) == CODES.id_of(KeyCode("x" * 64))
    assert repr(code()) == "<KeyCode, not shown>"
    assert repr(CODES) == "<KeyCodes, pepper not shown>"
    for secret in (b"x" * 16, b"x" * 1024):
        assert len(KeyCodes(secret).id_of(code())) == 32
