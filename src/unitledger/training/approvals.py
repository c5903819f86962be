"""Approvals: what an order holds is captured when the training is approved, or let go.

Only an order placed under ``HOLD_THEN_CAPTURE`` for training that needs approval holds anything.
Each line is decided alone, in parts if need be; what nobody decides goes back by itself when the
policy's ``approval_days`` are over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, account
from unitledger.amounts import Units
from unitledger.claims import Claim, Segment, Shift
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere
from unitledger.errors import ClaimExceeded
from unitledger.ids import WalletId
from unitledger.moves import Move
from unitledger.operations import positive
from unitledger.policy import HeldAtExpiry
from unitledger.records import record_lock
from unitledger.training.checkout import Order, check_line, order_line

__all__ = ["CaptureLine", "LineDecided", "ReleaseLine"]


@kind("line_decided")
@final
@attrs.frozen
class LineDecided(Outcome):
    """Units that an order line held were captured or let go.

    Attributes:
        order: The order.
        line: Its line, from 1.
        captured: How much was captured.
        released: How much went back, with what ended before it could be captured.
        held: How much the line still holds.
    """

    order: str
    line: int
    captured: Units
    released: Units
    held: Units


@attrs.frozen
class _LineCommand(Command[LineDecided]):
    """Part or all of what an order line holds is decided on."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}

    order: str
    line: int
    amount: Units | None = None

    def __attrs_post_init__(self) -> None:
        check_line(self.order, self.line)
        if self.amount is not None:
            positive(self.amount, Units)

    def wallets(self) -> tuple[WalletId, ...]:
        """None by name: the line's claim knows where its units are."""
        return ()

    def keys(self) -> tuple[str, ...]:
        """The order's record."""
        return (record_lock(Order.KIND, self.order),)

    def _claim(self, view: View) -> Claim:
        """The line's claim."""
        _, line = order_line(view, self.order, self.line)
        if line.claim is None:
            raise self._exceeded(0)
        return view.claim(line.claim)

    def _parts(self, there: int) -> int:
        """How many parts are meant: the amount, or all there are."""
        parts = there if self.amount is None else self.amount.parts
        if not there or parts > there:
            raise self._exceeded(there)
        return parts

    def _exceeded(self, there: int) -> ClaimExceeded:
        asked = 0 if self.amount is None else self.amount.parts
        return ClaimExceeded(f"{self.order} line {self.line}", State.HELD.name, asked, there)

    def _decided(self, captured: int, released: int, *shifts: Shift) -> Decision[LineDecided]:
        held = Units(parts=shifts[-1].claim.total(State.HELD))
        outcome = LineDecided(
            self.order, self.line, Units(parts=captured), Units(parts=released), held
        )
        return Decision.of(outcome, *shifts)


@kind("capture_line")
@final
@attrs.frozen
class CaptureLine(_LineCommand):
    """Training is approved: units that its order line holds are spent, in taking order.

    Under ``STRICT``, what is held of a lot that has ended cannot be captured and goes back, where
    it lapses.

    Attributes:
        order: The order.
        line: Its line, from 1.
        amount: How much; ``None`` is all that can be captured.

    Source: X-20.
    """

    NAME: ClassVar[str] = "capture_line"

    def decide(self, view: View) -> Decision[LineDecided]:
        """The line's claim, with that much of it spent."""
        claim = self._claim(view)
        ended = _ended(view, claim) if view.policy.held_at_expiry is HeldAtExpiry.STRICT else None
        claim = claim if ended is None else ended.claim
        parts = self._parts(claim.total(State.HELD))
        shift = claim.shift(parts, State.HELD, State.SPENT)
        if ended is None:
            return self._decided(parts, 0, shift)
        released = sum(move.parts for move in ended.moves)
        return self._decided(parts, released, ended, shift)


@kind("release_line")
@final
@attrs.frozen
class ReleaseLine(_LineCommand):
    """Training is denied: units that its order line holds go back, the last taken first.

    Attributes:
        order: The order.
        line: Its line, from 1.
        amount: How much; ``None`` is all it holds.

    Source: X-20.
    """

    NAME: ClassVar[str] = "release_line"

    def decide(self, view: View) -> Decision[LineDecided]:
        """The line's claim, with that much of it free again."""
        claim = self._claim(view)
        parts = self._parts(claim.total(State.HELD))
        shift = claim.shift(parts, State.HELD, State.FREE, last_first=True)
        return self._decided(0, parts, shift)


def _ended(view: View, claim: Claim) -> Shift | None:
    """The claim without what it holds of lots that have ended; ``None`` when it holds none."""
    kept: list[Segment] = []
    moves: list[Move] = []
    for part in claim.segments:
        if part.state is State.HELD and view.lot(part.lot).lapsed(view.at):
            ends = account(part.wallet, State.HELD), account(part.wallet, State.FREE)
            moves.append(Move(part.lot, *ends, part.parts, claim.id))
        else:
            kept.append(part)
    return Shift(Claim(claim.id, tuple(kept), claim.deadline), tuple(moves)) if moves else None
