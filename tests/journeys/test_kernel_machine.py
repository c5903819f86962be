"""A machine over kernel, claims, lots and buckets that draws its arguments from what is held.

Two worlds live the same life; one of them is swept at random, the other never. Buckets are followed
step by step through `Bucket.put`, as a store would, and compared with buckets made anew.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.laws.world import World, issuing, transferring
from unitledger.accounts import Account, State, course, keycode, manager, member, pool, wallet_unit
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim, Shift
from unitledger.errors import ClaimExceeded, InvariantViolation
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.kernel import Settlement
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.orders import FEFO_LARGEST, FIFO
from unitledger.testing import strategies as draw
from unitledger.time import Validity

UNITS = [member("ann"), member("bob"), keycode("k")]
CREDITS = [pool(), course("c"), manager("m", "c")]
WALLETS = UNITS + CREDITS
ORDERS = [FEFO_LARGEST, FIFO]
MICROSECOND = timedelta(microseconds=1)


def settled_state(world: World) -> dict[Any, Any]:
    """What can be asked of a world and may not depend on sweeps."""
    return {
        key: (row[State.FREE] + row[State.EXPIRED], row[State.HELD], row[State.SPENT], row[5])
        for key, row in world.cells.items()
    }


class KernelMachine(RuleBasedStateMachine):
    """Issue, transfer, hold, spend, capture, release, reverse, void, restore, edit, sweep."""

    def __init__(self) -> None:
        super().__init__()
        self.swept, self.unswept = World(), World()
        self.worlds = (self.swept, self.unswept)
        self.buckets = {
            (wallet, order): Bucket.of([], unit=wallet_unit(wallet), order=order)
            for wallet in WALLETS
            for order in ORDERS
        }
        self.took: dict[ClaimId, int] = defaultdict(int)
        self.gave_back: dict[ClaimId, int] = defaultdict(int)
        self.count = 0

    # What there is to draw from.

    @property
    def now(self) -> datetime:
        return self.swept.now

    def new_id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def cells(self, *states: State) -> list[tuple[WalletId, LotId]]:
        rows = self.unswept.cells.items()
        return [key for key, row in rows if any(row[state] for state in states)]

    def usable(self) -> list[WalletId]:
        return [wallet for wallet in WALLETS if self.bucket(wallet).available(at=self.now)]

    def claimed(self, *states: State) -> list[ClaimId]:
        claims = self.unswept.claims
        return [name for name in claims if any(claims[name].total(state) for state in states)]

    def bucket(self, wallet: WalletId) -> Bucket:
        return self.buckets[wallet, FEFO_LARGEST]

    # What happens to both worlds and to the buckets.

    def post(self, moves: list[Move], changes: list[tuple[Claim | None, Claim]]) -> Settlement:
        before = dict(self.unswept.cells)
        self.swept.post(moves, changes)
        settlement = self.unswept.post(moves, changes)
        for (wallet, lot_id), row in settlement.cells:
            old = before.get((wallet, lot_id), (0,) * 6)
            self.follow(
                wallet,
                self.unswept.lots[lot_id],
                old[State.FREE] + old[State.EXPIRED],
                row[State.FREE] + row[State.EXPIRED],
            )
        return settlement

    def follow(self, wallet: WalletId, lot: Lot, old: int, new: int) -> None:
        if old != new:
            for order in ORDERS:
                bucket = self.buckets[wallet, order]
                self.buckets[wallet, order] = bucket.put(lot, old, new)

    def shift(self, shift: Shift) -> None:
        self.post(list(shift.moves), [(self.unswept.claims.get(shift.claim.id), shift.claim)])

    def planned(self, data: st.DataObject, wallet: WalletId) -> Plan:
        there = self.bucket(wallet).available(at=self.now)
        parts = data.draw(st.integers(1, there.parts), label="parts")
        order = data.draw(st.sampled_from(ORDERS), label="order")
        unit = wallet_unit(wallet)
        plan = self.bucket(wallet).burn(unit(parts=parts), at=self.now, order=order)
        assert plan.met
        event(f"lots in a plan: {min(len(plan.taken), 3)}")
        return plan

    @initialize(data=st.data())
    def begin_with_something(self, data: st.DataObject) -> None:
        for home in (*WALLETS, *UNITS):
            self.issue_to(home, data.draw(st.integers(5, 30), label="parts"), data)

    @rule(data=st.data(), home=st.sampled_from(WALLETS), parts=st.integers(1, 30))
    def issue(self, data: st.DataObject, home: WalletId, parts: int) -> None:
        self.issue_to(home, parts, data)

    def issue_to(self, home: WalletId, parts: int, data: st.DataObject) -> None:
        lot = data.draw(draw.lots(home=home), label="lot")
        terms = data.draw(self.terms(), label="terms")
        lot = attrs.evolve(lot, id=LotId(self.new_id("lot")), terms=terms, scope=None)
        for world in self.worlds:
            world.lots[lot.id] = lot
        self.post([issuing(lot, parts)], [])

    def terms(self) -> st.SearchStrategy[Validity]:
        days = st.sampled_from((None, None, 1, 2, 5, 30))
        begin = st.sampled_from((-1, -1, -1, 0, 1)).map(lambda day: self.now + timedelta(days=day))
        return st.builds(
            lambda effective, length: Validity(
                effective, None if length is None else effective + timedelta(days=length)
            ),
            begin,
            days,
        )

    @precondition(lambda self: self.usable())
    @rule(data=st.data())
    def transfer(self, data: st.DataObject) -> None:
        source = data.draw(st.sampled_from(self.usable()), label="from")
        same = UNITS if source in UNITS else CREDITS
        target = data.draw(st.sampled_from([each for each in same if each != source]), label="to")
        plan = self.planned(data, source)
        self.post([transferring(lot, parts, source, target) for lot, parts in plan.taken], [])

    @precondition(lambda self: self.usable())
    @rule(data=st.data(), state=st.sampled_from((State.HELD, State.SPENT)))
    def take(self, data: st.DataObject, state: State) -> None:
        """Hold or spend, for a new claim or behind what a claim has."""
        wallet = data.draw(st.sampled_from(self.usable()), label="wallet")
        known = data.draw(st.sampled_from([None, *self.unswept.claims]), label="claim")
        claim = (
            Claim(ClaimId(self.new_id("claim"))) if known is None else self.unswept.claims[known]
        )
        event(f"take: {state.name} for {'a new' if known is None else 'an old'} claim")
        plan = self.planned(data, wallet)
        self.shift(claim.joined(wallet, plan.taken, state))
        self.took[claim.id] += sum(parts for _, parts in plan.taken)

    @precondition(lambda self: self.claimed(State.HELD))
    @rule(data=st.data(), to=st.sampled_from((State.SPENT, State.FREE)), last=st.booleans())
    def capture_or_release(self, data: st.DataObject, to: State, last: bool) -> None:
        self.change(data, State.HELD, to, last)

    @precondition(lambda self: self.claimed(State.SPENT))
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        self.change(data, State.SPENT, State.FREE, True)

    def change(self, data: st.DataObject, source: State, target: State, last: bool) -> None:
        name = data.draw(st.sampled_from(self.claimed(source)), label="claim")
        claim = self.unswept.claims[name]
        parts = data.draw(st.integers(1, claim.total(source)), label="parts")
        event(f"{source.name} to {target.name}")
        self.shift(claim.shift(parts, source, target, last_first=last))
        if target is State.FREE:
            self.gave_back[name] += parts

    @precondition(lambda self: self.unswept.claims)
    @rule(data=st.data(), source=st.sampled_from((State.HELD, State.SPENT)))
    def ask_back_too_much(self, data: st.DataObject, source: State) -> None:
        claim = self.unswept.claims[data.draw(st.sampled_from([*self.unswept.claims]))]
        with pytest.raises(ClaimExceeded):
            claim.shift(claim.total(source) + 1, source, State.FREE)

    @precondition(lambda self: self.usable())
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        wallet = data.draw(st.sampled_from(self.usable()), label="wallet")
        plan = self.planned(data, wallet)
        ends = Account(wallet, State.FREE), Account(wallet, State.VOID)
        self.post([Move(lot.id, *ends, parts) for lot, parts in plan.taken], [])

    @precondition(lambda self: self.cells(State.VOID))
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        wallet, lot = data.draw(st.sampled_from(self.cells(State.VOID)), label="cell")
        there = self.unswept.row(wallet, lot)[State.VOID]
        ends = Account(wallet, State.VOID), Account(wallet, State.FREE)
        self.post([Move(lot, *ends, data.draw(st.integers(1, there)))], [])

    @precondition(lambda self: self.unswept.lots)
    @rule(data=st.data())
    def edit_terms(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([*self.unswept.lots]), label="lot")
        old = self.unswept.lots[name]
        ends = data.draw(self.terms(), label="terms").expires
        if ends is not None and ends <= old.terms.effective:
            return
        new = old.under(Validity(old.terms.effective, ends), self.now)
        event(f"edit: {'back to life' if old.lapsed(self.now) > new.lapsed(self.now) else 'other'}")
        for world in self.worlds:
            world.lots[name] = new
        for wallet in WALLETS:
            row = self.unswept.row(wallet, name)
            parts = row[State.FREE] + row[State.EXPIRED]
            self.follow(wallet, old, parts, 0)
            self.follow(wallet, new, 0, parts)

    @rule(hours=st.sampled_from((0, 1, 8, 24)))
    def wait(self, hours: int) -> None:
        for world in self.worlds:
            world.now += timedelta(hours=hours)

    @precondition(lambda self: any(lot.terms.expires for lot in self.unswept.lots.values()))
    @rule(data=st.data(), shift=st.sampled_from((-1, 0, 1)))
    def wait_for_an_end(self, data: st.DataObject, shift: int) -> None:
        """To a lot's last instant, the first one after it, or the next."""
        ends = [lot.terms.expires for lot in self.unswept.lots.values() if lot.terms.expires]
        at = data.draw(st.sampled_from(sorted(set(ends)))) + shift * MICROSECOND
        for world in self.worlds:
            world.now = max(world.now, at)

    @rule(data=st.data())
    def sweep(self, data: st.DataObject) -> None:
        for wallet in data.draw(st.lists(st.sampled_from(WALLETS), unique=True), label="wallets"):
            for move in self.swept.sweep(wallet).moves:
                event(f"sweep: {move.verb}")
            assert self.swept.sweep(wallet).moves == ()

    @precondition(lambda self: self.cells(State.HELD, State.SPENT))
    @rule(data=st.data())
    def move_claimed_units_in_silence(self, data: st.DataObject) -> None:
        """A move that its claim does not know of is refused, whatever it is."""
        wallet, lot = data.draw(st.sampled_from(self.cells(State.HELD, State.SPENT)), label="cell")
        row = self.unswept.row(wallet, lot)
        state = State.HELD if row[State.HELD] else State.SPENT
        claim = next(
            claim.id
            for claim in self.unswept.claims.values()
            if any(
                (part.wallet, part.lot, part.state) == (wallet, lot, state)
                for part in claim.segments
            )
        )
        ends = Account(wallet, state), Account(wallet, State.FREE)
        with pytest.raises(InvariantViolation):
            self.unswept.settled([Move(lot, *ends, 1, claim)])

    @precondition(lambda self: self.cells(State.FREE, State.EXPIRED))
    @rule(data=st.data(), more=st.integers(1, 9))
    def take_more_than_there_is(self, data: st.DataObject, more: int) -> None:
        wallet, lot = data.draw(
            st.sampled_from(self.cells(State.FREE, State.EXPIRED)), label="cell"
        )
        row = self.unswept.row(wallet, lot)
        alive = not self.unswept.lots[lot].lapsed(self.now)
        parts = (row[State.FREE] + row[State.EXPIRED] if alive else 0) + more
        event(f"take more than there is of a {'live' if alive else 'lapsed'} lot")
        ends = Account(wallet, State.FREE), Account(wallet, State.VOID)
        for world in self.worlds:
            with pytest.raises(InvariantViolation):
                world.settled([Move(lot, *ends, parts)])

    # What is true after every step.

    @invariant()
    def promises_are_kept(self) -> None:
        for world in self.worlds:
            world.check()

    @invariant()
    def sweeps_do_not_show(self) -> None:
        assert self.swept.claims == self.unswept.claims
        assert settled_state(self.swept) == settled_state(self.unswept)

    @invariant()
    def claims_never_give_back_more_than_they_took(self) -> None:
        for name, claim in self.unswept.claims.items():
            there = claim.total(State.HELD) + claim.total(State.SPENT)
            assert there == self.took[name] - self.gave_back[name]

    @invariant()
    def followed_buckets_are_those_made_anew(self) -> None:
        for (wallet, order), bucket in self.buckets.items():
            anew = self.unswept.spendable(wallet).ordered(order)
            assert bucket == anew
            row = {lot.id: lot for _, lot, _ in bucket.entries()}
            assert all(self.unswept.lots[name] == lot for name, lot in row.items())


TestKernelMachine = KernelMachine.TestCase
TestKernelMachine.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
