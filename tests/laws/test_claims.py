"""Laws of claims: what goes back is what was taken, and never more."""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from unitledger.accounts import State, keycode, member
from unitledger.claims import Claim, Segment, Shift
from unitledger.errors import ClaimExceeded
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.lots import Lot
from unitledger.moves import Move

CLAIM = ClaimId("claim")
LOTS = [Lot.plain(name) for name in "abc"]
WALLETS = [member("u"), keycode("k")]
BACK = [(State.HELD, State.FREE), (State.SPENT, State.FREE), (State.SPENT, State.ISSUED)]
WAYS = [*BACK, (State.HELD, State.SPENT)]

TAKINGS = st.lists(
    st.tuples(st.sampled_from(WALLETS), st.sampled_from(LOTS), st.integers(1, 9)),
    min_size=1,
    max_size=6,
)


def taken(takings: list[tuple[WalletId, Lot, int]], state: State) -> tuple[Claim, list[Move]]:
    claim = Claim(CLAIM)
    moves: list[Move] = []
    for wallet, lot, parts in takings:
        shift = claim.joined(wallet, [(lot, parts)], state)
        claim = shift.claim
        moves += shift.moves
    return claim, moves


def one_by_one(segments: tuple[Segment, ...]) -> list[tuple[WalletId, str, State]]:
    """Every single part in taking order; how parts are bundled into segments does not show."""
    return [(part.wallet, part.lot, part.state) for part in segments for _ in range(part.parts)]


def moved(moves: list[Move] | tuple[Move, ...]) -> dict[tuple[WalletId, LotId], int]:
    sums: dict[tuple[WalletId, LotId], int] = {}
    for move in moves:
        key = move.source.wallet, move.lot
        sums[key] = sums.get(key, 0) + move.parts
    return sums


@given(TAKINGS, st.sampled_from(BACK), st.booleans())
def test_giving_everything_back_is_the_identity(
    takings: list[tuple[WalletId, Lot, int]], way: tuple[State, State], last_first: bool
) -> None:
    claim, moves = taken(takings, way[0])
    shift = claim.shift(claim.total(way[0]), *way, last_first=last_first)
    assert shift.claim == Claim(CLAIM)
    assert moved(shift.moves) == moved(moves)


@given(TAKINGS, st.data())
def test_a_partial_reverse_leaves_a_prefix(
    takings: list[tuple[WalletId, Lot, int]], data: st.DataObject
) -> None:
    """TU-238: what stays is what was taken first."""
    claim, _ = taken(takings, State.SPENT)
    whole = one_by_one(claim.segments)
    parts = data.draw(st.integers(1, len(whole)))
    shift = claim.shift(parts, State.SPENT, State.FREE, last_first=True)
    assert one_by_one(shift.claim.segments) == whole[: len(whole) - parts]
    gone = [(move.source.wallet, move.lot) for move in shift.moves for _ in range(move.parts)]
    assert gone == [(wallet, lot) for wallet, lot, _ in reversed(whole[len(whole) - parts :])]


@given(TAKINGS, st.data())
def test_a_partial_release_leaves_a_suffix(
    takings: list[tuple[WalletId, Lot, int]], data: st.DataObject
) -> None:
    claim, _ = taken(takings, State.HELD)
    whole = one_by_one(claim.segments)
    parts = data.draw(st.integers(1, len(whole)))
    shift = claim.shift(parts, State.HELD, State.FREE)
    assert one_by_one(shift.claim.segments) == whole[parts:]


@given(TAKINGS, st.data())
def test_a_capture_keeps_every_part_in_its_place(
    takings: list[tuple[WalletId, Lot, int]], data: st.DataObject
) -> None:
    claim, _ = taken(takings, State.HELD)
    whole = one_by_one(claim.segments)
    parts, last_first = data.draw(st.tuples(st.integers(1, len(whole)), st.booleans()))
    after = claim.shift(parts, State.HELD, State.SPENT, last_first=last_first).claim
    spent = slice(len(whole) - parts, None) if last_first else slice(parts)
    expected = [*whole]
    expected[spent] = [(wallet, lot, State.SPENT) for wallet, lot, _ in whole[spent]]
    assert one_by_one(after.segments) == expected


@given(TAKINGS, st.lists(st.tuples(st.integers(1, 30), st.sampled_from(WAYS), st.booleans())))
def test_never_more_than_there_is(
    takings: list[tuple[WalletId, Lot, int]],
    asked: list[tuple[int, tuple[State, State], bool]],
) -> None:
    """I3: however it is asked, what came back and what is left make up what was taken."""
    claim, moves = taken(takings, State.HELD)
    left = {State.HELD: claim.total(State.HELD), State.SPENT: 0}
    back: list[Move] = []
    for parts, (source, target), last_first in asked:
        if parts > left[source]:
            event("refused")
            with pytest.raises(ClaimExceeded):
                claim.shift(parts, source, target, last_first=last_first)
            continue
        event("shifted")
        shift: Shift = claim.shift(parts, source, target, last_first=last_first)
        assert sum(move.parts for move in shift.moves) == parts
        claim = shift.claim
        left[source] -= parts
        if target in left:
            left[target] += parts
        else:
            back += shift.moves
        assert {state: claim.total(state) for state in left} == left
    there = {(part.wallet, part.lot): 0 for part in claim.segments}
    for part in claim.segments:
        there[part.wallet, part.lot] += part.parts
    returned = moved(back)
    for key, parts in moved(moves).items():
        assert there.pop(key, 0) + returned.pop(key, 0) == parts
    assert not there
    assert not returned


@given(TAKINGS, st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_reversing_step_by_step_is_reversing_at_once(
    takings: list[tuple[WalletId, Lot, int]], steps: list[int]
) -> None:
    claim, _ = taken(takings, State.SPENT)
    total = min(sum(steps), claim.total(State.SPENT))
    at_once = claim.shift(total, State.SPENT, State.FREE, last_first=True)
    moves: list[Move] = []
    stepwise = claim
    for step in steps:
        parts = min(step, stepwise.total(State.SPENT))
        if parts:
            shift = stepwise.shift(parts, State.SPENT, State.FREE, last_first=True)
            stepwise = shift.claim
            moves += shift.moves
    assert one_by_one(stepwise.segments) == one_by_one(at_once.claim.segments)
    assert moved(moves) == moved(at_once.moves)
