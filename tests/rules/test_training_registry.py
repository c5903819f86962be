"""The registry of key codes: contacts, suspension, replacement, caps, several codes, the list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.training_room import (
    CODES,
    CREATOR,
    Room,
    code,
    code_id,
    day,
    learner,
    rule,
    spent,
)
from unitledger.accounts import keycode, member
from unitledger.amounts import Units
from unitledger.commands import Actor, Role
from unitledger.errors import (
    AlreadyExists,
    IllegalTransition,
    InsufficientUnits,
    InvalidInput,
    InvalidType,
    InvalidValue,
    KeyCodeCapReached,
    KeyCodeSuspended,
    LimitExceeded,
    NotPermitted,
    OutsideAudience,
    UnknownKeyCode,
    UnknownObject,
)
from unitledger.operations import EditExpiry, VoidUnits
from unitledger.policy import CodeStorage, KeyCodeAudience, Policy, Tender
from unitledger.training import (
    MAX_AUDIENCE,
    MAX_CONTACTS,
    MAX_REMARK,
    AudienceRow,
    CreateAssignment,
    EditKeyCode,
    FireAssignment,
    Item,
    KeyCode,
    KeyCodeState,
    Method,
    PlaceOrder,
    RefundLine,
    RegisteredKeyCode,
    RegisterKeyCode,
    ReopenKeyCode,
    ReplaceKeyCode,
    SuspendKeyCode,
)

ANN, BOB = learner("ann"), learner("bob")


def buy(units: str, key_code: str | None, name: str = "o1", buyer: str = "ann") -> PlaceOrder:
    """An order of one item at so many units."""
    return PlaceOrder(name, buyer, (Item.in_units("yoga", units),), key_code)


def kept(room: Room, number: int = 1) -> RegisteredKeyCode:
    """What is registered about the code of a number."""
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = reading.record("key_code", code_id(number))
    assert isinstance(found, RegisteredKeyCode)
    return found


def registered_with(room: Room, **fields: Any) -> RegisteredKeyCode:
    """The first code, registered with some fields."""
    room.do(RegisterKeyCode.of(code(1), CODES, **fields), CREATOR)
    return kept(room)


# What is registered.


def test_everything_said_about_a_code_is_kept() -> None:
    record = registered_with(
        Room(),
        audience=frozenset({"sales"}),
        contacts=frozenset({"carl"}),
        details="spring",
        comments="ask Carl",
        user_cap=Units.of(3),
    )
    assert record == RegisteredKeyCode(
        code_id(1),
        code(1).last4,
        frozenset({"sales"}),
        contacts=frozenset({"carl"}),
        details="spring",
        comments="ask Carl",
        user_cap=Units.of(3),
    )
    assert record.index() == {"state": "open"}
    assert (record.wallet, record.weak, record.sealed) == (keycode(code_id(1)), False, None)


def test_a_code_that_a_person_chose_is_marked_as_weak() -> None:
    chosen = KeyCode.chosen("open sesame 99")
    assert chosen.weak
    assert not code(1).weak
    assert RegisterKeyCode.of(chosen, CODES).weak
    assert not RegisterKeyCode.of(code(1), CODES).weak
    room = Room()
    room.do(RegisterKeyCode.of(chosen, CODES))
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = reading.record("key_code", CODES.id_of(chosen))
    assert isinstance(found, RegisteredKeyCode)
    assert found.weak


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        pytest.param("SPRING-26", True, id="TU-101 as the host asks"),
        pytest.param("  SPRING-26 ", True, id="TU-101 without the spaces around it"),
        pytest.param("spring-26", False, id="TU-101 not as the host asks"),
        pytest.param("S" * 65, False, id="TU-101 what no code can be is not asked about"),
    ],
)
def test_the_form_of_chosen_codes_can_be_narrowed(text: str, accepted: bool) -> None:
    asked = []

    def form(typed: str) -> bool:
        asked.append(typed)
        return typed.isupper()

    if accepted:
        assert KeyCode.chosen(text, form).reveal() == "SPRING-26"
        assert CODES.id_of(text) == CODES.id_of("SPRING-26")
    else:
        with pytest.raises(InvalidValue) as refusal:
            KeyCode.chosen(text, form)
        assert text not in str(refusal.value)
    assert asked == ([] if len(text) > 64 else [text.strip()])


def test_only_true_is_a_yes_of_the_form() -> None:
    with pytest.raises(InvalidValue):
        KeyCode.chosen("spring", lambda _: 1)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("field", ["details", "comments", "sealed"])
@pytest.mark.parametrize("secret", [code(1), KeyCode.chosen("open-sesame")], ids=["own", "chosen"])
def test_a_text_beside_a_code_must_not_hold_it(field: str, secret: KeyCode) -> None:
    """TU-113."""
    fields: dict[str, Any] = {field: f"x{secret.reveal()}x"}
    with pytest.raises(InvalidValue) as refusal:
        RegisterKeyCode.of(secret, CODES, **fields)
    assert secret.reveal() not in str(refusal.value)
    if field == "sealed":
        with pytest.raises(InvalidValue):
            ReplaceKeyCode.by(code_id(2), secret, CODES, **fields)


def test_what_holds_a_code() -> None:
    assert code(1).stands_in(code(1).reveal().lower().replace("-", " "))
    assert not code(1).stands_in(code(1).reveal()[:-1])
    assert not code(1).stands_in(7)  # type: ignore[arg-type]
    assert not KeyCode.chosen("Sesame").stands_in("SESAME")


def _called(value: Any) -> str:
    """A parameter in an id: an error by its name, fields by theirs."""
    return value.__name__ if isinstance(value, type) else " ".join(value)


NOT_REGISTERED: list[tuple[type[InvalidInput], Any]] = [
    (InvalidType, {"audience": {"a"}}),
    (InvalidType, {"contacts": ["a"]}),
    (InvalidInput, {"contacts": frozenset({" a"})}),
    (LimitExceeded, {"contacts": frozenset(map(str, range(MAX_CONTACTS + 1)))}),
    (LimitExceeded, {"audience": frozenset(map(str, range(MAX_AUDIENCE + 1)))}),
    (InvalidType, {"details": None}),
    (InvalidType, {"comments": 7}),
    (LimitExceeded, {"details": "x" * (MAX_REMARK + 1)}),
    (LimitExceeded, {"comments": "x" * (MAX_REMARK + 1)}),
    (InvalidType, {"user_cap": 5}),
    (InvalidValue, {"user_cap": Units.of(0)}),
    (InvalidType, {"sealed": b"x"}),
    (InvalidValue, {"sealed": ""}),
    (InvalidValue, {"sealed": "two words"}),
    (LimitExceeded, {"sealed": "x" * (MAX_REMARK + 1)}),
    (InvalidType, {"weak": 1}),
    (InvalidValue, {"last4": "12345"}),
    (InvalidValue, {"last4": 1234}),
    (InvalidValue, {"last4": "é"}),
]


@pytest.mark.parametrize(
    ("error", "fields"),
    NOT_REGISTERED,
    ids=_called,
)
def test_what_cannot_be_registered(error: type[InvalidInput], fields: dict[str, Any]) -> None:
    with pytest.raises(error) as refusal:
        RegisterKeyCode(code_id(1), **fields)
    if type(next(iter(fields.values()))) is str:
        assert "x" * 40 not in str(refusal.value)


def test_the_most_that_can_be_registered() -> None:
    most = RegisterKeyCode(
        code_id(1),
        "1234",
        frozenset(map(str, range(MAX_AUDIENCE))),
        contacts=frozenset(map(str, range(MAX_CONTACTS))),
        details="x" * MAX_REMARK,
        comments="y" * MAX_REMARK,
        sealed="z" * MAX_REMARK,
    )
    room = Room(Policy(code_storage=CodeStorage.HOST_ENCRYPTED))
    assert room.do(most, CREATOR).outcome.key_code == code_id(1)
    assert len(kept(room).contacts) == MAX_CONTACTS


# Storage.


@rule("TU-113 DIGEST")
def test_by_default_not_even_an_encrypted_code_is_kept() -> None:
    room = Room()
    for command in (
        RegisterKeyCode(code_id(2), sealed="ZW5jcnlwdGVk"),
        ReplaceKeyCode(room.register(1), code_id(2), sealed="ZW5jcnlwdGVk"),
    ):
        refusal = room.refused(InvalidValue, command)
        assert str(refusal) == (
            "sealed is not shown; give None, by the policy's code_storage; a lost code is replaced"
        )
    assert kept(room).sealed is None
    assert kept(room).last4 == code(1).last4


@rule("TU-113 HOST_ENCRYPTED")
def test_a_host_may_leave_the_encrypted_code() -> None:
    room = Room(Policy(code_storage=CodeStorage.HOST_ENCRYPTED))
    assert registered_with(room, sealed="ZW5jcnlwdGVk").sealed == "ZW5jcnlwdGVk"
    room.do(ReplaceKeyCode.by(code_id(1), code(2), CODES, sealed="YW5vdGhlcg=="))
    assert kept(room, 2).sealed == "YW5vdGhlcg=="


# Contacts.


@rule("TU-107")
def test_contacts_are_added_and_removed_to_the_last() -> None:
    room = Room()
    registered_with(room, contacts=frozenset({"carl"}))
    first = room.do(EditKeyCode(code_id(), added=frozenset({"dora", "eve"})), CREATOR)
    assert first.outcome.contacts == {"carl", "dora", "eve"}
    assert first.outcome.key_code == code_id()
    assert first.outcome.state is KeyCodeState.OPEN
    room.do(
        EditKeyCode(code_id(), frozenset({"fay"}), frozenset({"carl", "dora"})),
        CREATOR,
    )
    assert kept(room).contacts == {"eve", "fay"}
    last = room.do(EditKeyCode(code_id(), removed=frozenset({"eve", "fay"})), CREATOR)
    assert last.outcome.contacts == kept(room).contacts == frozenset()
    assert last.moves == ()


def test_an_edit_leaves_what_it_does_not_name() -> None:
    room = Room()
    before = registered_with(room, contacts=frozenset({"carl"}), details="a", comments="b")
    room.do(EditKeyCode(code_id(), details=""))
    assert (kept(room).details, kept(room).comments, kept(room).contacts) == (
        "",
        "b",
        before.contacts,
    )
    room.do(EditKeyCode(code_id(), comments="c"))
    assert (kept(room).details, kept(room).comments) == ("", "c")


def test_an_edit_that_does_not_fit_is_refused() -> None:
    room = Room()
    registered_with(room, contacts=frozenset({"carl"}))
    added = room.refused(AlreadyExists, EditKeyCode(code_id(), added=frozenset({"carl", "x"})))
    assert (added.kind, added.key) == ("contact", "carl")
    gone = room.refused(UnknownObject, EditKeyCode(code_id(), removed=frozenset({"dora"})))
    assert (gone.kind, gone.key) == ("contact", "dora")
    room.refused(UnknownKeyCode, EditKeyCode(code_id(9), details="a"))
    room.refused(UnknownKeyCode, EditKeyCode(code_id(9), details="a"), CREATOR)
    many = frozenset(map(str, range(MAX_CONTACTS)))
    over = room.refused(LimitExceeded, EditKeyCode(code_id(), added=many))
    assert (over.what, over.asked, over.limit) == ("contacts", "101", MAX_CONTACTS)
    room.do(EditKeyCode(code_id(), added=many, removed=frozenset({"carl"})))
    assert len(kept(room).contacts) == MAX_CONTACTS


NO_EDITS: list[tuple[type[InvalidInput], Any]] = [
    (InvalidValue, {}),
    (InvalidValue, {"added": frozenset("a"), "removed": frozenset("a")}),
    (InvalidType, {"added": ["a"]}),
    (InvalidType, {"removed": ["a"]}),
    (LimitExceeded, {"removed": frozenset(map(str, range(MAX_CONTACTS + 1)))}),
    (InvalidType, {"details": 7}),
    (LimitExceeded, {"comments": "x" * (MAX_REMARK + 1)}),
]


@pytest.mark.parametrize(
    ("error", "fields"),
    NO_EDITS,
    ids=_called,
)
def test_what_is_no_edit(error: type[InvalidInput], fields: dict[str, Any]) -> None:
    with pytest.raises(error):
        EditKeyCode(code_id(), **fields)


@pytest.mark.parametrize("role", [Role.LEARNER, Role.MANAGER, Role.DISTRIBUTOR])
@pytest.mark.parametrize(
    ("may", "who", "allowed"),
    [
        pytest.param(False, "carl", False, id="X-09 False"),
        pytest.param(True, "carl", True, id="X-09 True"),
        pytest.param(True, "dora", False, id="X-09 True, of another code"),
    ],
)
def test_whether_a_contact_may_edit(may: bool, who: str, allowed: bool, role: Role) -> None:
    room = Room(Policy(contact_may_edit=may))
    registered_with(room, contacts=frozenset({"carl"}))
    room.do(RegisterKeyCode(code_id(2), contacts=frozenset({"dora"})))
    edit, actor = EditKeyCode(code_id(), comments="mine"), Actor.acting(who, role)
    if allowed:
        room.do(edit, actor)
    else:
        room.refused(NotPermitted, edit, actor)
    room.refused(NotPermitted, SuspendKeyCode(code_id()), actor)


# Suspended and replaced codes.


def test_a_suspended_code_pays_for_nobody_until_it_is_opened() -> None:
    room = Room()
    key_code = room.code_with("A 5")
    outcome = room.do(SuspendKeyCode(key_code), CREATOR).outcome
    assert (outcome.key_code, outcome.state) == (key_code, KeyCodeState.SUSPENDED)
    assert kept(room).index() == {"state": "suspended"}
    refusal = room.refused(KeyCodeSuspended, buy("1", key_code), ANN)
    assert key_code not in str(refusal)
    room.refused(IllegalTransition, SuspendKeyCode(key_code))
    room.issue(keycode(key_code), "B 5")
    assert room.do(ReopenKeyCode(key_code), CREATOR).outcome.state is KeyCodeState.OPEN
    room.refused(IllegalTransition, ReopenKeyCode(key_code))
    assert spent(room.do(buy("6", key_code), ANN)) == "A 5, B 1"
    for step in (SuspendKeyCode, ReopenKeyCode):
        room.refused(UnknownKeyCode, step(code_id(9)))


def test_a_suspended_code_says_so_before_it_says_for_whom_it_is() -> None:
    room = Room()
    key_code = room.register(1, {"sales"})
    room.do(SuspendKeyCode(key_code))
    room.refused(KeyCodeSuspended, buy("1", key_code), ANN)


@rule("TU-113")
def test_a_lost_code_is_replaced_and_its_units_stay() -> None:
    room = Room(None, "ann: sales", "bob: legal")
    lost = registered_with(
        room,
        audience=frozenset({"sales"}),
        contacts=frozenset({"carl"}),
        details="a",
        comments="b",
        user_cap=Units.of(9),
    )
    room.issue(lost.wallet, "A 5")
    room.do(buy("2", lost.id), ANN)
    outcome = room.do(ReplaceKeyCode.by(lost.id, KeyCode.chosen("new code"), CODES)).outcome
    new = CODES.id_of("new code")
    assert (outcome.key_code, outcome.wallet) == (new, lost.wallet)
    room.refused(UnknownKeyCode, buy("1", lost.id, "o2"), ANN)
    room.refused(OutsideAudience, buy("1", new, "o2", "bob"), BOB)
    assert spent(room.do(buy("1", new, "o2"), ANN)) == "A 1"
    room.do(RefundLine("o1", 1))
    assert room.available(lost.wallet) == "4.00"
    room.do(buy("4", new, "o3"), ANN)
    with room.ledger.store.read(room.ledger.portal) as reading:
        found = reading.record("key_code", new)
    assert found == RegisteredKeyCode(
        new,
        "",
        frozenset({"sales"}),
        opens=lost.id,
        weak=True,
        contacts=frozenset({"carl"}),
        details="a",
        comments="b",
        user_cap=Units.of(9),
    )


def test_a_replacement_can_be_replaced_and_opens_the_same_wallet() -> None:
    room = Room()
    first = room.code_with("A 5")
    room.do(ReplaceKeyCode.by(first, code(2), CODES))
    room.do(ReplaceKeyCode.by(code_id(2), code(3), CODES))
    assert kept(room, 3).wallet == keycode(first)
    assert kept(room, 3).last4 == code(3).last4
    assert spent(room.do(buy("5", code_id(3)), ANN)) == "A 5"
    for gone in (first, code_id(2)):
        room.refused(UnknownKeyCode, buy("1", gone, "o2"), ANN)
        room.refused(UnknownKeyCode, SuspendKeyCode(gone))
        room.refused(UnknownKeyCode, EditKeyCode(gone, details="a"))
        room.refused(UnknownKeyCode, ReplaceKeyCode(gone, code_id(9)))


def test_a_suspended_code_stays_suspended_when_it_is_replaced() -> None:
    room = Room()
    first = room.code_with("A 5")
    room.do(SuspendKeyCode(first))
    room.do(ReplaceKeyCode(first, code_id(2)))
    room.refused(KeyCodeSuspended, buy("1", code_id(2)), ANN)
    room.do(ReopenKeyCode(code_id(2)))
    room.do(buy("1", code_id(2)), ANN)


def test_a_replacement_is_a_new_code() -> None:
    room = Room()
    first = room.register(1)
    refusal = room.refused(AlreadyExists, ReplaceKeyCode(first, room.register(2)))
    assert (refusal.kind, refusal.key) == ("key code", code_id(2))
    with pytest.raises(InvalidValue, match="another code than the lost one"):
        ReplaceKeyCode(first, first)
    for fields, text in (
        ({"last4": "12345"}, "last4 is not shown; give at most four printable ASCII characters"),
        ({"sealed": ""}, "sealed is not shown; give visible ASCII characters, at least one"),
        ({"weak": 0}, "weak is 0; give exactly bool"),
    ):
        with pytest.raises(InvalidInput) as slip:
            ReplaceKeyCode(first, code_id(3), **fields)
        assert str(slip.value) == text
    with pytest.raises(InvalidValue, match=r"^replacement is not shown; give an id made by"):
        ReplaceKeyCode(first, "summer")
    with pytest.raises(InvalidValue, match=r"^key_code is not shown; give an id made by"):
        ReplaceKeyCode("summer", first)


@rule("TU-052", "TU-113")
def test_an_assignment_goes_on_filling_a_code_that_was_replaced() -> None:
    room = Room()
    first = room.register(1)
    room.do(
        CreateAssignment(
            assignment="a",
            title="A",
            method=Method.KEY_CODE,
            rows=(AudienceRow(Units.of(5)),),
            key_code=first,
            scheduled=day(3),
        )
    )
    room.do(ReplaceKeyCode(first, code_id(2)))
    room.at(3)
    room.do(FireAssignment("a"))
    assert spent(room.do(buy("5", code_id(2)), ANN)) == "a/1/1 5"


def test_an_assignment_for_a_replacement_fills_the_wallet_that_it_opens() -> None:
    room = Room()
    room.do(ReplaceKeyCode(room.register(1), code_id(2)))
    room.do(ReplaceKeyCode(code_id(2), code_id(3)))
    assign = CreateAssignment(
        assignment="a",
        title="A",
        method=Method.KEY_CODE,
        rows=(AudienceRow(Units.of(5)),),
        key_code=code_id(3),
    )
    room.do(assign)
    room.do(FireAssignment("a"))
    assert spent(room.do(buy("5", code_id(3)), ANN)) == "a/1/1 5"


# The audience.


@pytest.mark.parametrize(
    ("audience", "buyer", "lots", "taken"),
    [
        pytest.param("enforced", "ann", "A 5 d9 @sales, B 5", "A 5, B 1", id="X-19 ENFORCED, hers"),
        pytest.param("enforced", "ann", "A 5 d9 @legal, B 9", "B 6", id="X-19 ENFORCED, a lot's"),
        pytest.param("enforced", "bob", "A 9", "", id="X-19 ENFORCED, the code's"),
        pytest.param("anyone", "ann", "A 5 d9 @legal, B 5", "A 5, B 1", id="X-19 ANYONE, a lot's"),
        pytest.param("anyone", "bob", "A 5 d9 @legal, B 5 @x", "A 5, B 1", id="X-19 ANYONE, both"),
        pytest.param(
            "anyone", "bob", "A 9 #chess, B 9 d90", "B 6", id="X-19 ANYONE, items still count"
        ),
    ],
)
def test_whether_a_code_looks_at_its_audience(
    audience: str, buyer: str, lots: str, taken: str
) -> None:
    room = Room(Policy(key_code_audience=KeyCodeAudience(audience)), "ann: sales", "bob: it")
    key_code = room.register(1, {"sales"})
    room.issue(keycode(key_code), lots)
    order = buy("6", key_code, "o1", buyer)
    if taken:
        assert spent(room.do(order, learner(buyer))) == taken
    else:
        room.refused(OutsideAudience, order, learner(buyer))


def test_anyone_is_not_anybodys_own_units() -> None:
    """X-19 ANYONE is about key codes alone."""
    room = Room(Policy(key_code_audience=KeyCodeAudience.ANYONE))
    room.issue(member("ann"), "A 9 @legal")
    room.refused(InsufficientUnits, buy("1", None), ANN)


@rule("X-10")
def test_distributed_units_are_not_behind_a_code() -> None:
    room = Room(Policy(tender=Tender.STRICT_ONE_METHOD))
    key_code = room.code_with("A 1")
    room.issue(member("ann"), "B 9")
    refusal = room.refused(InsufficientUnits, buy("2", key_code), ANN)
    assert refusal.wallets == (keycode(key_code),)
    assert refusal.available == Units.of(1)


# Caps.


@rule("TU-112")
def test_there_is_no_cap_by_default() -> None:
    room = Room()
    key_code = room.code_with("A 999999")
    room.do(buy("999999", key_code), ANN)


@pytest.mark.parametrize(
    ("policy", "own", "asked", "accepted"),
    [
        pytest.param("5", None, "5", True, id="TU-112 up to the cap"),
        pytest.param("5", None, "5.01", False, id="TU-112 above it"),
        pytest.param(None, "5", "5.01", False, id="TU-112 the code's own"),
        pytest.param("9", "5", "5.01", False, id="TU-112 the code's own before the policy's"),
        pytest.param("5", "9", "9", True, id="TU-112 and a larger one"),
    ],
)
def test_a_cap_for_each_user(
    policy: str | None, own: str | None, asked: str, accepted: bool
) -> None:
    room = Room(Policy(per_user_cap=None if policy is None else Units.of(policy)))
    cap = None if own is None else Units.of(own)
    record = registered_with(room, user_cap=cap)
    room.issue(record.wallet, "A 50")
    if accepted:
        room.do(buy(asked, record.id), ANN)
        return
    refusal = room.refused(KeyCodeCapReached, buy(asked, record.id), ANN)
    assert refusal.user == "ann"
    assert refusal.cap == Units.of(own or policy or 0)
    assert (refusal.used, refusal.asked) == (Units.of(0), Units.of(asked))


@rule("TU-112")
def test_what_was_spent_counts_and_what_came_back_does_not() -> None:
    room = Room(Policy(per_user_cap=Units.of(5)))
    key_code = room.code_with("A 50")
    other = room.register(2)
    room.issue(keycode(other), "B 50")
    room.do(buy("3", key_code, "o1"), ANN)
    room.do(buy("5", other, "o2"), ANN)
    room.do(buy("5", key_code, "o3", "bob"), BOB)
    refusal = room.refused(KeyCodeCapReached, buy("2.01", key_code, "o4"), ANN)
    assert (refusal.used, refusal.asked) == (Units.of(3), Units.of("2.01"))
    room.do(RefundLine("o1", 1, Units.of(1)))
    room.do(buy("3", key_code, "o5"), ANN)
    room.refused(KeyCodeCapReached, buy("0.01", key_code, "o6"), ANN)
    room.do(buy("0", key_code, "o7"), ANN)


@rule("TU-112")
def test_a_cap_follows_the_units_to_a_new_code_and_leaves_own_units_alone() -> None:
    room = Room(Policy(per_user_cap=Units.of(5)))
    key_code = room.code_with("A 4")
    room.issue(member("ann"), "B 50")
    room.do(buy("9", key_code), ANN)
    room.issue(keycode(key_code), "C 50")
    room.do(ReplaceKeyCode(key_code, code_id(2)))
    refusal = room.refused(KeyCodeCapReached, buy("2", code_id(2), "o2"), ANN)
    assert (refusal.used, refusal.asked) == (Units.of(4), Units.of(2))
    room.do(buy("40", None, "o3"), ANN)


# Several codes.


def both(units: str, *more: str, name: str = "o1") -> PlaceOrder:
    """An order by the first code and some more."""
    items = (Item.in_units("yoga", units),)
    return PlaceOrder(name, "ann", items, code_id(1), more_codes=more)


def two_codes(policy: Policy) -> Room:
    room = Room(policy)
    for number, lots in ((1, "A 2"), (2, "B 2"), (3, "C 2")):
        room.issue(keycode(room.register(number)), lots)
    room.issue(member("ann"), "D 9")
    return room


@pytest.mark.parametrize("most", [1, 2, 3], ids=lambda most: f"TU-114 {most}")
def test_how_many_codes_one_order_takes(most: int) -> None:
    room = two_codes(Policy(max_codes_per_order=most))
    codes = [code_id(number) for number in (2, 3)]
    taken = ["A 2, D 5", "A 2, B 2, D 3", "A 2, B 2, C 2, D 1"]
    refusal = room.refused(LimitExceeded, both("1", *codes, code_id(4)), ANN)
    assert (refusal.asked, refusal.limit) == ("4", most)
    if most < 3:
        room.refused(LimitExceeded, both("1", *codes[:most]), ANN)
    assert spent(room.do(both("7", *codes[: most - 1]), ANN)) == taken[most - 1]


def test_codes_pay_in_the_order_offered_and_each_is_looked_at() -> None:
    room = two_codes(Policy(max_codes_per_order=3, tender=Tender.STRICT_ONE_METHOD))
    assert spent(room.do(both("3", code_id(3), code_id(2)), ANN)) == "A 2, C 1"
    room.do(SuspendKeyCode(code_id(2)))
    room.refused(KeyCodeSuspended, both("1", code_id(2), name="o2"), ANN)
    room.refused(UnknownKeyCode, both("1", code_id(9), name="o2"), ANN)
    refusal = room.refused(InsufficientUnits, both("9", code_id(3), name="o2"), ANN)
    assert refusal.wallets == (keycode(code_id(1)), keycode(code_id(3)))


@pytest.mark.parametrize(
    ("error", "first", "more"),
    [
        (InvalidValue, None, (code_id(2),)),
        (InvalidValue, code_id(1), (code_id(1),)),
        (InvalidValue, code_id(1), (code_id(2), code_id(2))),
        (InvalidValue, code_id(1), ("summer",)),
        (InvalidType, code_id(1), [code_id(2)]),
    ],
)
def test_what_cannot_be_offered(error: type[InvalidInput], first: str | None, more: Any) -> None:
    with pytest.raises(error) as refusal:
        PlaceOrder("o1", "ann", (Item.in_units("a", 1),), first, more_codes=more)
    assert "summer" not in str(refusal.value)


# Amounts.


@rule("TU-111")
def test_an_amount_cannot_fall_below_what_is_used() -> None:
    room = Room()
    key_code = room.code_with("A 5")
    room.do(buy("4", key_code), ANN)
    room.refused(InsufficientUnits, VoidUnits(keycode(key_code), Units.of(2)))
    room.do(VoidUnits(keycode(key_code), Units.of(1)))


# The list.


def listed(room: Room, **asked: Any) -> list[str]:
    """The list as text: last four characters, standing, lots."""
    return [
        f"{one.code.last4} {one.standing.value} {' '.join(row.lot for row in one.rows)}".strip()
        for one in sorted(room.ledger.units.key_code_list(**asked), key=lambda one: one.code.last4)
    ]


def last4(number: int) -> str:
    return code(number).last4


@rule("TU-108", "TU-110")
def test_the_list_leaves_out_what_is_completed_or_expired() -> None:
    room = Room(None, "ann: sales")
    for number, lots in (
        (1, "A 5, B 2 d9, C 1 d9"),
        (2, "D 1"),
        (3, "E 1 d9"),
        (4, ""),
    ):
        key_code = room.register(number)
        if lots:
            room.issue(keycode(key_code), lots)
    room.do(buy("1", code_id(2), "o2"), ANN)
    room.do(buy("2", code_id(1), "o1"), ANN)
    room.at(9)
    names = {number: last4(number) for number in range(1, 5)}
    assert listed(room) == sorted([f"{names[1]} usable A", f"{names[4]} issued"])
    assert listed(room, finished=True) == sorted(
        [
            f"{names[1]} usable A B C",
            f"{names[2]} exhausted D",
            f"{names[3]} expired E",
            f"{names[4]} issued",
        ]
    )
    assert listed(room, at=day(8), finished=True) == sorted(
        [
            f"{names[1]} usable A B C",
            f"{names[2]} exhausted D",
            f"{names[3]} usable E",
            f"{names[4]} issued",
        ]
    )


@rule("TU-008", "TU-107")
def test_a_contact_sees_their_own_codes() -> None:
    room = Room()
    for number, contacts in ((1, {"carl"}), (2, {"carl", "dora"}), (3, set[str]())):
        room.do(RegisterKeyCode.of(code(number), CODES, contacts=frozenset(contacts)))
    assert listed(room, contact="carl") == sorted([f"{last4(n)} issued" for n in (1, 2)])
    assert listed(room, contact="dora") == [f"{last4(2)} issued"]
    assert listed(room, contact="eve") == []


def test_a_code_comes_back_to_usable() -> None:
    """TU-066, TU-108: by a refund, an edit of the expiry, more units."""
    room = Room()
    key_code = room.code_with("A 2 d9")
    room.do(buy("2", key_code), ANN)
    assert listed(room, finished=True) == [f"{last4(1)} exhausted A"]
    room.do(RefundLine("o1", 1))
    assert listed(room) == [f"{last4(1)} usable A"]
    room.at(9)
    assert listed(room) == []
    room.do(EditExpiry("A", keycode(key_code), day(20)))  # type: ignore[arg-type]
    assert listed(room) == [f"{last4(1)} usable A"]
    room.at(20)
    room.issue(keycode(key_code), "B 1")
    assert listed(room) == [f"{last4(1)} usable B"]


@pytest.mark.parametrize(
    ("user", "standing"),
    [
        pytest.param(None, "usable", id="anybody's"),
        pytest.param("ann", "usable", id="hers"),
        pytest.param("bob", "exhausted", id="not his lots"),
        pytest.param("eve", "exhausted", id="not her code"),
    ],
)
def test_where_a_code_stands_for_somebody(user: str | None, standing: str) -> None:
    room = Room(None, "ann: sales", "bob: legal", "eve: it")
    key_code = room.register(1, {"sales", "legal"})
    room.issue(keycode(key_code), "A 2 @sales")
    assert listed(room, user=user) == [f"{last4(1)} {standing} A"]
    room.issue(keycode(key_code), "B 2")
    assert listed(room, user="bob") == [f"{last4(1)} usable A B"]
    room.do(SuspendKeyCode(key_code))
    assert listed(room, user=user) == [f"{last4(1)} suspended A B"]


def test_a_replaced_code_is_listed_as_the_one_that_replaced_it() -> None:
    room = Room()
    key_code = room.code_with("A 2")
    room.do(ReplaceKeyCode.by(key_code, code(2), CODES))
    assert listed(room, finished=True) == [f"{last4(2)} usable A"]


@rule("TU-109")
def test_a_row_says_what_became_of_a_lot() -> None:
    room = Room()
    key_code = room.register(1)
    room.do(
        CreateAssignment(
            assignment="a",
            title="Spring",
            method=Method.KEY_CODE,
            rows=(AudienceRow(Units.of(8)),),
            key_code=key_code,
            expires=day(30),
        )
    )
    room.do(FireAssignment("a"))
    room.do(buy("3", key_code), ANN)
    (one,) = room.ledger.units.key_code_list()
    (row,) = one.rows
    assert (row.title, row.acquired, row.expires) == ("Spring", day(0), day(30))
    assert (row.issued, row.redeemed, row.available) == (Units.of(8), Units.of(3), Units.of(5))
    assert one.available == Units.of(5)
    assert "a/1/1" in one.table().text
    assert "a/1/1" in one._repr_html_()


SAID = [
    "audience is a set; give exactly frozenset",
    "contacts is a list; give exactly frozenset",
    "contacts is ' a'; give 1 to 128 printable ASCII characters without a space at either end",
    "contacts: 101; the limit is 100",
    "audience: 1001; the limit is 1000",
    "details is not shown; give exactly str",
    "comments is not shown; give exactly str",
    "characters of details: 4097; the limit is 4096",
    "characters of comments: 4097; the limit is 4096",
    "user_cap is 5; give exactly Units",
    "user_cap is zero; give an amount above zero, or None",
    "sealed is not shown; give exactly str",
    "sealed is not shown; give visible ASCII characters, at least one",
    "sealed is not shown; give visible ASCII characters, at least one",
    "characters of sealed: 4097; the limit is 4096",
    "weak is 1; give exactly bool",
    "last4 is not shown; give at most four printable ASCII characters",
    "last4 is not shown; give at most four printable ASCII characters",
    "last4 is not shown; give at most four printable ASCII characters",
]
SAID_OF_EDITS = [
    "edit is without a change; give contacts, details or comments",
    "removed is a user who is added; give other users than are added",
    "added is a list; give exactly frozenset",
    "removed is a list; give exactly frozenset",
    "removed: 101; the limit is 100",
    "details is not shown; give exactly str",
    "characters of comments: 4097; the limit is 4096",
]


def test_what_each_refusal_says() -> None:
    """Word for word: an error is all that somebody who wrote a slip gets to see."""
    for (_, fields), text in zip(NOT_REGISTERED, SAID, strict=True):
        with pytest.raises(InvalidInput) as refusal:
            RegisterKeyCode(code_id(1), **fields)
        assert str(refusal.value) == text
    for (_, fields), text in zip(NO_EDITS, SAID_OF_EDITS, strict=True):
        with pytest.raises(InvalidInput) as refusal:
            EditKeyCode(code_id(), **fields)
        assert str(refusal.value) == text


@rule("TU-107")
def test_what_nobody_said_about_a_code_is_empty() -> None:
    room = Room()
    room.register()
    with room.ledger.store.read(room.ledger.portal) as reading:
        kept = reading.record(RegisteredKeyCode.KIND, code_id())
    assert isinstance(kept, RegisteredKeyCode)
    assert (kept.details, kept.comments, kept.sealed, kept.user_cap) == ("", "", None, None)


@rule("TU-106", "X-19")
def test_lots_for_a_unit_itself_and_lots_for_a_group_pay_together() -> None:
    room = Room(None, "ann: sales")
    room.register()
    room.issue(keycode(code_id()), "A 2 @direct:sales, B 2 @group:sales, C 2 @reports:eve")
    receipt = room.do(buy("4", code_id()), learner("ann"))
    assert spent(receipt) == "A 2, B 2"
