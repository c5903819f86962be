"""A forged move is found behind sound ones that share its accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk import ANN, BEN, START
from unitledger.accounts import EMPTY_CELLS, Account, Cells, State, account
from unitledger.claims import Claim, Segment
from unitledger.errors import InvariantViolation
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.kernel import retrace, settle
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.time import Validity

FREE, SPENT = account(ANN, State.FREE), account(ANN, State.SPENT)
ROW: Cells = (-100, 100, 0, 0, 0, 0)
CLAIM = ClaimId("c")


def lot(lot_id: LotId) -> Lot:
    return Lot(id=lot_id, home=ANN, terms=Validity(START), acquired=START)


def cells(wallet: WalletId, _lot: LotId) -> Cells:
    return ROW if wallet == ANN else EMPTY_CELLS


def spend(**forged: Any) -> Move:
    """A sound move from FREE to SPENT, then with some fields exchanged behind its back."""
    move = Move(LotId("l"), FREE, SPENT, 5, CLAIM)
    for name, value in forged.items():
        object.__setattr__(move, name, value)
    return move


def forged_account(**forged: Any) -> Account:
    end = Account(ANN, State.SPENT)
    for name, value in forged.items():
        object.__setattr__(end, name, value)
    return end


FORGED = [
    pytest.param(spend(claim=None), id="I3 no claim"),
    pytest.param(spend(parts=0), id="I1 no parts"),
    pytest.param(spend(parts=-5), id="I1 parts below zero"),
    pytest.param(spend(parts=True), id="I1 parts that are a bool"),
    pytest.param(spend(parts=10**15 + 1), id="I1 more parts than there may be"),
    pytest.param(spend(target=FREE), id="I1 from an account to itself"),
    pytest.param(spend(target=forged_account(state=3)), id="I1 a number for a state"),
    pytest.param(spend(target=forged_account(wallet=BEN)), id="I1 spent in another wallet"),
    pytest.param(spend(target="member/ann SPENT"), id="I1 a text for an account"),
    pytest.param(spend(target=account(ANN, State.ISSUED)), id="I1 to where nothing goes"),
]


@pytest.mark.parametrize("before", [0, 1, 3])
@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_move_is_found_behind_sound_ones(forged: Move, before: int) -> None:
    moves = (*[spend() for _ in range(before)], forged)
    parts = 5 * (before + 1)
    claim = Claim(CLAIM, (Segment(ANN, LotId("l"), parts, State.SPENT),))
    for change in ([(None, claim)], []):
        with pytest.raises(InvariantViolation):
            settle(moves, change, at=START, lot=lot, cells=cells)
        with pytest.raises(InvariantViolation):
            retrace(moves, change, lot=lot, cells=cells)


def test_a_claim_that_stays_away_is_missed_where_nothing_else_would_tell() -> None:
    """Were it not looked for, five parts would be spent for nobody."""
    claim = Claim(CLAIM, (Segment(ANN, LotId("l"), 5, State.SPENT),))
    with pytest.raises(InvariantViolation, match="well-formed"):
        settle((spend(), spend(claim=None)), [(None, claim)], at=START, lot=lot, cells=cells)


def test_the_sound_moves_alone_are_settled() -> None:
    claim = Claim(CLAIM, (Segment(ANN, LotId("l"), 15, State.SPENT),))
    moves = tuple([spend() for _ in range(3)])
    settled = settle(moves, [(None, claim)], at=START, lot=lot, cells=cells)
    assert settled.moves == moves
    assert settled.cells == (((ANN, "l"), (-100, 85, 0, 15, 0, 0)),)
    assert retrace(moves, [(None, claim)], lot=lot, cells=cells) == settled


def test_every_move_goes_to_its_own_account() -> None:
    held, void = account(ANN, State.HELD), account(ANN, State.VOID)
    moves = (
        spend(),
        Move(LotId("l"), FREE, held, 3, CLAIM),
        spend(),
        Move(LotId("l"), held, SPENT, 1, CLAIM),
        Move(LotId("l"), FREE, void, 7),
        Move(LotId("l"), FREE, account(BEN, State.FREE), 9),
    )
    segments = (Segment(ANN, LotId("l"), n, s) for n, s in ((11, State.SPENT), (2, State.HELD)))
    change = [(None, Claim(CLAIM, tuple(segments)))]
    settled = settle(moves, change, at=START, lot=lot, cells=cells)
    assert dict(settled.cells) == {
        (ANN, "l"): (-100, 71, 2, 11, 0, 7),
        (BEN, "l"): (0, 9, 0, 0, 0, 0),
    }
