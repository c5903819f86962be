"""The table of moves, closed: every pair of states is listed here or refused; wallets likewise."""

from __future__ import annotations

import copy
import pickle
from itertools import product
from typing import Any

import pytest

from unitledger.accounts import (
    Account,
    State,
    account,
    batch,
    check_wallet,
    course,
    keycode,
    manager,
    member,
    pool,
    wallet_parts,
    wallet_unit,
)
from unitledger.amounts import MAX_PARTS, Credits, Units
from unitledger.errors import (
    InvalidId,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    UnitLedgerError,
    WrongUnit,
)
from unitledger.ids import ClaimId, LotId
from unitledger.moves import Move, verb

LOT = LotId("lot")
CLAIM = ClaimId("claim")
HERE, THERE = member("here"), keycode("there")

# One row per verb: from, to, whether a claim does it, whether it changes the wallet.
TABLE = """
issue     ISSUED   FREE     -      same
transfer  FREE     FREE     -      other
hold      FREE     HELD     claim  same
spend     FREE     SPENT    claim  same
capture   HELD     SPENT    claim  same
release   HELD     FREE     claim  same
reverse   SPENT    FREE     claim  same
expire    FREE     EXPIRED  -      same
revive    EXPIRED  FREE     -      same
void      FREE     VOID     -      same
restore   VOID     FREE     -      same
advance   ISSUED   SPENT    claim  same
settle    SPENT    ISSUED   claim  same
"""
ROWS = {
    (source, target): (word, claimed == "claim", wallet == "other")
    for word, source, target, claimed, wallet in map(str.split, TABLE.strip().splitlines())
}
PAIRS = [
    pytest.param(source, target, id=f"P9 {source.name} to {target.name}")
    for source, target in product(State, State)
]


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("other_wallet", [False, True], ids=["same wallet", "other wallet"])
@pytest.mark.parametrize("claimed", [False, True], ids=["no claim", "claim"])
def test_every_pair_of_states(
    source: State, target: State, other_wallet: bool, claimed: bool
) -> None:
    word, wants_claim, crosses = ROWS.get((source.name, target.name), (None, None, None))
    assert verb(source, target) == word
    ends = Account(HERE, source), Account(THERE if other_wallet else HERE, target)
    if (claimed, other_wallet) == (wants_claim, crosses):
        move = Move(LOT, *ends, 1, CLAIM if claimed else None)
        assert move.verb == word
    else:
        with pytest.raises(InvalidValue):
            Move(LOT, *ends, 1, CLAIM if claimed else None)


def test_the_table_has_thirteen_rows() -> None:
    """P9: a new verb is a new row here, on purpose."""
    assert len(ROWS) == 13
    assert sum(verb(*pair) is not None for pair in product(State, State)) == 13


FREE, HELD = Account(HERE, State.FREE), Account(HERE, State.HELD)
ANY: Any = None


class WholeNumber(int):
    pass


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        pytest.param(0, InvalidValue, id="I2 zero"),
        pytest.param(-1, InvalidValue, id="I2 below zero"),
        pytest.param(MAX_PARTS + 1, LimitExceeded, id="I16 too many"),
        pytest.param(10**5000, LimitExceeded, id="I16 very much too many"),
        pytest.param(True, InvalidType, id="P14 a bool"),
        pytest.param(1.0, InvalidType, id="P14 a float"),
        pytest.param("1", InvalidType, id="P14 a text"),
        pytest.param(WholeNumber(1), InvalidType, id="P14 a subclass"),
        pytest.param(None, InvalidType, id="P14 nothing"),
    ],
)
def test_parts_of_a_move(parts: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error) as refusal:
        Move(LOT, FREE, HELD, parts, CLAIM)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("parts", [1, MAX_PARTS])
def test_the_ends_of_the_span_of_parts(parts: int) -> None:
    assert Move(LOT, FREE, HELD, parts, CLAIM).parts == parts


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(pool(), member("u"), id="I1 the pool to a member"),
        pytest.param(keycode("k"), course("c"), id="I1 a key code to a course"),
        pytest.param(batch("a", 1, 1), manager("m", "c"), id="I1 a batch to a manager"),
    ],
)
def test_credits_never_become_units(source: Any, target: Any) -> None:
    with pytest.raises(WrongUnit):
        Move(LOT, Account(source, State.FREE), Account(target, State.FREE), 1)


@pytest.mark.parametrize(
    ("made", "error"),
    [
        pytest.param(lambda: Move(LOT, ANY, HELD, 1, CLAIM), InvalidType, id="no source"),
        pytest.param(lambda: Move(LOT, FREE, ANY, 1, CLAIM), InvalidType, id="no target"),
        pytest.param(lambda: Account(ANY, State.FREE), InvalidType, id="no wallet"),
        pytest.param(lambda: Account(HERE, ANY), InvalidType, id="no state"),
        pytest.param(lambda: Account(HERE, 1), InvalidType, id="a number for a state"),  # type: ignore[arg-type]
        pytest.param(lambda: account(HERE, 1), InvalidType, id="also for a cached account"),
    ],
)
def test_ends_of_a_move(made: Any, error: type[UnitLedgerError]) -> None:
    account(HERE, State.FREE)
    with pytest.raises(error):
        made()


@pytest.mark.parametrize(
    ("wallet", "parts", "unit"),
    [
        pytest.param(pool(), ("pool",), Credits, id="C6 the pool"),
        pytest.param(course("c 1"), ("course", "c 1"), Credits, id="C7 a course"),
        pytest.param(manager("m/1", "50%"), ("manager", "m/1", "50%"), Credits, id="C16 a manager"),
        pytest.param(batch("a", 1, 2), ("batch", "a", "1", "2"), Units, id="X-13 a batch"),
        pytest.param(member("u"), ("member", "u"), Units, id="TU-086 a member"),
        pytest.param(member("%2F"), ("member", "%2F"), Units, id="a member called %2F"),
        pytest.param(member("/" * 128), ("member", "/" * 128), Units, id="a long id of slashes"),
        pytest.param(
            batch("%" * 128, 999_999_999, 999_999_999),
            ("batch", "%" * 128, "999999999", "999999999"),
            Units,
            id="the longest of all",
        ),
        pytest.param(keycode("0" * 64), ("keycode", "0" * 64), Units, id="TU-102 a key code"),
    ],
)
def test_wallets(wallet: Any, parts: tuple[str, ...], unit: type) -> None:
    assert check_wallet(wallet) == wallet
    assert wallet_parts(wallet) == parts
    assert wallet_unit(wallet) is unit
    assert Account(wallet, State.FREE).wallet == wallet


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("bank", id="no such kind"),
        pytest.param("Pool", id="a capital"),
        pytest.param("pool/", id="a slash too many"),
        pytest.param("pool/a", id="an id too many"),
        pytest.param("member", id="an id too few"),
        pytest.param("member/", id="an empty id"),
        pytest.param("member/a/b", id="two ids for one"),
        pytest.param("manager/a", id="one id for two"),
        pytest.param("manager//a", id="an empty first id"),
        pytest.param("member/ a", id="a space in front"),
        pytest.param("member/a ", id="a space behind"),
        pytest.param("member/a\n", id="a line end behind"),
        pytest.param("member/a%2f", id="a small letter in an escape"),
        pytest.param("member/a%41", id="an escape that need not be"),
        pytest.param("member/a%", id="half an escape"),
        pytest.param("member/é", id="an accent"),
        pytest.param("member/" + "x" * 129, id="an id too long"),
        pytest.param("member/" + "%2F" * 129, id="an escaped id too long"),
        pytest.param("manager/a/" + "x" * 129, id="a second id too long"),
        pytest.param("x" * 10**6, id="a million characters"),
        pytest.param("batch/a/0/1", id="cycle nought"),
        pytest.param("batch/a/01/1", id="a nought in front"),
        pytest.param("batch/a/1/1000000000", id="a row beyond the limit"),
        pytest.param("batch/a/1/x", id="a row of letters"),
        pytest.param("batch/a/1/²", id="a raised two"),
    ],
)
def test_what_is_no_wallet(text: str) -> None:
    for refused in (check_wallet, lambda wallet: Account(wallet, State.FREE)):
        with pytest.raises(InvalidId):
            refused(text)


@pytest.mark.parametrize(
    ("made", "error"),
    [
        pytest.param(lambda: course(""), InvalidId, id="a course without an id"),
        pytest.param(lambda: member(" a"), InvalidId, id="a member with a space in front"),
        pytest.param(lambda: batch("a", 0, 1), InvalidValue, id="cycle nought"),
        pytest.param(lambda: batch("a", 1, 10**9), InvalidValue, id="a row beyond the limit"),
        pytest.param(lambda: batch("a", True, 1), InvalidType, id="a cycle of yes"),
        pytest.param(lambda: batch("a", ANY, 1), InvalidType, id="no cycle"),
        pytest.param(lambda: check_wallet(ANY), InvalidType, id="no wallet"),
        pytest.param(lambda: wallet_unit("bank/a"), InvalidId, id="no such kind"),
    ],
)
def test_what_makes_no_wallet(made: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        made()


def test_moves_and_accounts_are_values() -> None:
    move = Move(LOT, FREE, HELD, 5, CLAIM)
    for twin in (copy.copy(move), copy.deepcopy(move), pickle.loads(pickle.dumps(move))):
        assert twin == move
        assert hash(twin) == hash(move)
    assert eval(repr(move), {"Move": Move, "Account": Account, "State": State}) == move
    assert str(move.source) == "member/here FREE"
    assert account(HERE, State.FREE) == FREE
