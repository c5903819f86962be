"""What a claim does with what it holds: rows of before, a shift, after and the moves it makes.

A segment is written ``u.a 5 H``: of lot a in member u's wallet five parts, held; ``S`` is spent.
"""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from unitledger.accounts import Account, State, keycode, member
from unitledger.claims import Claim, Segment, Shift
from unitledger.errors import (
    ClaimExceeded,
    InvalidId,
    InvalidType,
    InvalidValue,
    NaiveInstant,
    UnitLedgerError,
)
from unitledger.ids import ClaimId, LotId
from unitledger.lots import Lot
from unitledger.moves import Move

CLAIM = ClaimId("claim")
STATES = {"H": State.HELD, "S": State.SPENT}
LETTERS = {state: letter for letter, state in STATES.items()} | {State.FREE: "F", State.ISSUED: "I"}


def read(text: str) -> Claim:
    segments = []
    for row in text.split(", ") if text else []:
        place, parts, letter = row.split()
        user, lot = place.split(".")
        segments.append(Segment(member(user), LotId(lot), int(parts), STATES[letter]))
    return Claim(CLAIM, tuple(segments))


def written(claim: Claim) -> str:
    return ", ".join(
        f"{part.wallet.removeprefix('member/')}.{part.lot} {part.parts} {LETTERS[part.state]}"
        for part in claim.segments
    )


def moved(shift: Shift) -> str:
    assert all(move.claim == CLAIM for move in shift.moves)
    return ", ".join(
        f"{move.source.wallet.removeprefix('member/')}.{move.lot} {move.parts} "
        f"{LETTERS[move.source.state]}{LETTERS[move.target.state]}"
        for move in shift.moves
    )


@pytest.mark.parametrize(
    ("before", "parts", "way", "after", "moves"),
    [
        # accept and capture: what was taken first is spent first
        pytest.param("u.a 1 H", 1, "HS", "u.a 1 S", "u.a 1 HS", id="C33 accept an invite"),
        pytest.param(
            "u.a 3 H, u.b 5 H",
            8,
            "HS",
            "u.a 3 S, u.b 5 S",
            "u.a 3 HS, u.b 5 HS",
            id="X-20 capture the whole",
        ),
        pytest.param(
            "u.a 3 H, u.b 5 H",
            5,
            "HS",
            "u.a 3 S, u.b 2 S, u.b 3 H",
            "u.a 3 HS, u.b 2 HS",
            id="X-20 capture a part",
        ),
        pytest.param(
            "u.a 3 S, u.b 2 S, u.b 3 H",
            1,
            "HS",
            "u.a 3 S, u.b 3 S, u.b 2 H",
            "u.b 1 HS",
            id="X-20 capture a part more",
        ),
        # cancel and release
        pytest.param("u.a 1 H", 1, "HF", "", "u.a 1 HF", id="C25 cancel an invite"),
        pytest.param(
            "u.a 3 H, u.b 5 H", 4, "HF", "u.b 4 H", "u.a 3 HF, u.b 1 HF", id="X-20 release a part"
        ),
        pytest.param(
            "u.a 3 H, u.b 5 H",
            4,
            "HF last",
            "u.a 3 H, u.b 1 H",
            "u.b 4 HF",
            id="X-20 release the last taken",
        ),
        pytest.param(
            "u.a 3 S, u.b 2 S, u.b 3 H",
            3,
            "HF",
            "u.a 3 S, u.b 2 S",
            "u.b 3 HF",
            id="X-20 release what was not captured",
        ),
        # reverse and refund: last first
        pytest.param(
            "u.a 8 S, u.b 5 S, u.c 7 S",
            20,
            "SF last",
            "",
            "u.c 7 SF, u.b 5 SF, u.a 8 SF",
            id="TU-238 a full reversal, last first",
        ),
        pytest.param(
            "u.a 8 S, u.b 5 S, u.c 7 S",
            10,
            "SF last",
            "u.a 8 S, u.b 2 S",
            "u.c 7 SF, u.b 3 SF",
            id="TU-238 half of it, last first",
        ),
        pytest.param(
            "u.a 8 S, u.b 5 S",
            5,
            "SF last",
            "u.a 8 S",
            "u.b 5 SF",
            id="TU-238 exactly the last lot",
        ),
        pytest.param(
            "u.a 8 S, u.b 5 S",
            9,
            "SF",
            "u.b 4 S",
            "u.a 8 SF, u.b 1 SF",
            id="first first if told so",
        ),
        pytest.param(
            "k.a 5 S, u.a 5 S, k.b 2 S",
            4,
            "SF last",
            "k.a 5 S, u.a 3 S",
            "k.b 2 SF, u.a 2 SF",
            id="C57 to the very wallets and lots",
        ),
        pytest.param(
            "u.a 3 S, u.b 2 H, u.c 4 S",
            5,
            "SF last",
            "u.a 2 S, u.b 2 H",
            "u.c 4 SF, u.a 1 SF",
            id="I3 what is held is not refunded",
        ),
        # a debt
        pytest.param("u.a 3 S", 2, "SI", "u.a 1 S", "u.a 2 SI", id="C56 a debt is covered"),
        # like neighbours become one
        pytest.param(
            "u.a 3 H, u.a 2 S",
            3,
            "HS",
            "u.a 5 S",
            "u.a 3 HS",
            id="neighbours of one lot become one",
        ),
        pytest.param(
            "u.a 1 S, u.b 1 H, u.a 1 S",
            1,
            "HF",
            "u.a 2 S",
            "u.b 1 HF",
            id="also when what was between is gone",
        ),
        pytest.param(
            "u.a 1 S, k.a 1 H", 1, "HS", "u.a 1 S, k.a 1 S", "k.a 1 HS", id="not across wallets"
        ),
    ],
)
def test_shift(before: str, parts: int, way: str, after: str, moves: str) -> None:
    source, target = ({"F": State.FREE, "I": State.ISSUED, **STATES}[letter] for letter in way[:2])
    claim = read(before)
    shift = claim.shift(parts, source, target, last_first=way.endswith("last"))
    assert written(shift.claim) == after
    assert moved(shift) == moves
    assert written(claim) == before


@pytest.mark.parametrize(
    ("before", "parts", "source", "target"),
    [
        pytest.param("u.a 5 S", 6, State.SPENT, State.FREE, id="TU-243 more than was spent"),
        pytest.param("u.a 5 H", 6, State.HELD, State.SPENT, id="X-20 more than is held"),
        pytest.param("u.a 5 H", 1, State.SPENT, State.FREE, id="I3 held is not spent"),
        pytest.param("u.a 5 S", 1, State.HELD, State.FREE, id="C26 cancel after accept"),
        pytest.param("", 1, State.SPENT, State.FREE, id="C58 all of it is back already"),
        pytest.param("u.a 5 S, k.b 9 H", 6, State.SPENT, State.FREE, id="I3 other units beside"),
    ],
)
def test_no_more_than_there_is(before: str, parts: int, source: State, target: State) -> None:
    claim = read(before)
    with pytest.raises(ClaimExceeded) as refusal:
        claim.shift(parts, source, target)
    assert refusal.value.asked == parts
    assert refusal.value.there == claim.total(source)
    assert str(refusal.value).startswith("claim claim has ")
    assert written(claim) == before


@pytest.mark.parametrize("target", [State.FREE, State.SPENT], ids=lambda state: str(state.name))
def test_exactly_what_there_is(target: State) -> None:
    """P7: the limit itself is allowed."""
    assert read("u.a 5 H").shift(5, State.HELD, target).claim.total(State.HELD) == 0


ANY: Any = None


class WholeNumber(int):
    pass


LEGAL = {
    (State.HELD, State.SPENT),
    (State.HELD, State.FREE),
    (State.SPENT, State.FREE),
    (State.SPENT, State.ISSUED),
}


@pytest.mark.parametrize("source", State, ids=lambda state: str(state.name))
@pytest.mark.parametrize("target", State, ids=lambda state: str(state.name))
def test_the_ways_of_a_claim_are_closed(source: State, target: State) -> None:
    """P9."""
    claim = read("u.a 5 H, u.a 5 S")
    if (source, target) in LEGAL:
        assert claim.shift(1, source, target).moves
    else:
        with pytest.raises(InvalidValue):
            claim.shift(1, source, target)


@pytest.mark.parametrize(
    ("made", "error"),
    [
        pytest.param(lambda c: c.shift(0, State.HELD, State.FREE), InvalidValue, id="zero"),
        pytest.param(lambda c: c.shift(-1, State.HELD, State.FREE), InvalidValue, id="less"),
        pytest.param(lambda c: c.shift(True, State.HELD, State.FREE), InvalidType, id="a bool"),
        pytest.param(lambda c: c.shift(1.0, State.HELD, State.FREE), InvalidType, id="a float"),
        pytest.param(lambda c: c.shift(1, 2, State.FREE), InvalidType, id="a number for a state"),
        pytest.param(lambda c: c.shift(1, State.HELD, None), InvalidType, id="no state"),
        pytest.param(
            lambda _: Segment(member("u"), LotId("a"), 0, State.HELD),
            InvalidValue,
            id="an empty one",
        ),
        pytest.param(
            lambda _: Segment(member("u"), LotId("a"), WholeNumber(1), State.HELD),
            InvalidType,
            id="a subclass of int",
        ),
        pytest.param(
            lambda _: Segment(member("u"), LotId("a"), 1, State.FREE), InvalidValue, id="a free one"
        ),
        pytest.param(
            lambda _: Segment(member("u"), LotId("a"), 1, 2),  # type: ignore[arg-type]
            InvalidValue,
            id="a number for its state",
        ),
        pytest.param(lambda _: Claim(ANY), InvalidType, id="a claim without an id"),
        pytest.param(lambda _: Claim(ClaimId(" ")), InvalidId, id="a claim with a blank id"),
        pytest.param(lambda c: Claim(CLAIM, list(c.segments)), InvalidType, id="a list"),  # type: ignore[arg-type]
        pytest.param(lambda _: Claim(CLAIM, ANY), InvalidType, id="no segments"),
        pytest.param(lambda _: Claim(CLAIM, (ANY,)), InvalidType, id="segments of nothing"),
        pytest.param(
            lambda _: Claim(CLAIM, (), datetime(2026, 1, 1)),  # noqa: DTZ001
            NaiveInstant,
            id="a naive deadline",
        ),
        pytest.param(
            lambda c: c.joined(member("u"), [(Lot.plain("a"), 0)], State.HELD),
            InvalidValue,
            id="joining nothing of a lot",
        ),
        pytest.param(
            lambda c: c.joined(member("u"), [(Lot.plain("a"), 1)], State.FREE),
            InvalidValue,
            id="joining as free",
        ),
        pytest.param(
            lambda c: c.joined(member("u"), [(Lot.plain("a"), 1)], State.HELD, State.VOID),
            InvalidValue,
            id="joining from VOID",
        ),
    ],
)
def test_a_claim_refuses(made: Any, error: type[UnitLedgerError]) -> None:
    with pytest.raises(error):
        made(read("u.a 5 H"))


def test_taking_makes_a_claim_in_taking_order() -> None:
    a, b = Lot.plain("a"), Lot.plain("b")
    shift = Claim.taking(CLAIM, member("u"), [(b, 8), (a, 5)], State.HELD)
    assert written(shift.claim) == "u.b 8 H, u.a 5 H"
    assert moved(shift) == "u.b 8 FH, u.a 5 FH"
    more = shift.claim.joined(member("k"), [(a, 1)], State.SPENT)
    assert written(more.claim) == "u.b 8 H, u.a 5 H, k.a 1 S"
    assert moved(more) == "k.a 1 FS"
    assert more.claim.wallets == (member("u"), member("k"))
    ahead = more.claim.joined(member("k"), [(b, 2)], State.SPENT, State.ISSUED)
    assert moved(ahead) == "k.b 2 IS"
    assert [ahead.claim.total(state) for state in State] == [0, 0, 13, 3, 0, 0]


def test_a_claim_over_nothing() -> None:
    shift = Claim.taking(CLAIM, keycode("k"), [], State.SPENT)
    assert shift.moves == ()
    assert shift.claim == Claim(CLAIM)
    assert shift.claim.wallets == ()


def test_a_deadline_stays_and_is_kept_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    at = datetime(2026, 1, 1, 2, tzinfo=east)
    claim = Claim.taking(CLAIM, member("u"), [(Lot.plain("a"), 5)], State.HELD, deadline=at).claim
    assert claim.deadline == datetime(2026, 1, 1, tzinfo=UTC)
    assert claim.deadline is not None
    assert claim.deadline.tzinfo is UTC
    assert claim.shift(2, State.HELD, State.SPENT).claim.deadline == claim.deadline


def test_claims_are_values() -> None:
    shift = read("u.a 3 H, u.b 5 H").shift(4, State.HELD, State.SPENT)
    names = {"Account": Account, "Claim": Claim, "Move": Move, "Segment": Segment}
    names |= {"Shift": Shift, "State": State}
    for twin in (
        copy.copy(shift),
        copy.deepcopy(shift),
        pickle.loads(pickle.dumps(shift)),
        eval(repr(shift), names),
    ):
        assert twin == shift
        assert hash(twin) == hash(shift)
