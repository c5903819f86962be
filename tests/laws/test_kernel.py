"""Laws of the kernel, and every way to break one of its promises."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.laws.world import NEW_YEAR, World, a_lot, issuing, transferring
from unitledger.accounts import EMPTY_CELLS, Account, State, course, keycode, member, pool
from unitledger.amounts import MAX_PARTS, Credits, Units
from unitledger.claims import Claim, Segment
from unitledger.errors import InvariantViolation, LimitExceeded, UnitLedgerError
from unitledger.ids import ClaimId, LotId, WalletId
from unitledger.kernel import Settlement, retrace, settle, true_up
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.time import Validity

CLAIM, OTHER = ClaimId("claim"), ClaimId("other")
MICROSECOND = timedelta(microseconds=1)
WALLETS = [member("u"), member("v"), keycode("k")]
DAYS = st.integers(-2, 6).map(lambda day: NEW_YEAR + timedelta(days=day))

# Random histories, made of whatever is there.

Step: TypeAlias = tuple[str, int, int, int]
TAKING = ("move", "hold", "spend", "void")
OTHERS = ("issue", "capture", "release", "reverse", "edit", "edit", "wait", "wait")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(TAKING) | st.sampled_from(OTHERS),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(1, 9),
    ),
    min_size=5,
    max_size=25,
)


def populated() -> World:
    """Two lots in each wallet; some never end, the others one after the other."""
    world = World()
    for number, wallet in enumerate(WALLETS * 2):
        ends = NEW_YEAR + timedelta(days=number) if number else None
        lot = attrs.evolve(a_lot(f"first{number}", expires=ends), home=wallet)
        world.issue(lot, 12)
    return world


def run(world: World, steps: list[Step], sweeps: list[int] | None = None) -> list[object]:
    """Carry out what can be carried out; returns every decision that was made."""
    decided: list[object] = []
    for number, (what, one, two, parts) in enumerate(steps):
        if sweeps:
            for wallet in WALLETS[: sweeps[number % len(sweeps)]]:
                for move_ in world.sweep(wallet).moves:
                    event(move_.verb)
        decided.append(step(world, number, what, one, two, parts))
        world.check()
    return decided


def step(world: World, number: int, what: str, one: int, two: int, parts: int) -> object:
    here, there = WALLETS[one % 3], WALLETS[two % 3]
    claims = sorted(world.claims)
    if what == "issue":
        ends = NEW_YEAR + timedelta(days=two) if two < 7 else None
        lot = attrs.evolve(a_lot(f"l{number}", expires=ends), home=here)
        return world.issue(lot, parts).moves
    if what == "wait":
        world.now += timedelta(hours=8 * one)
    if what == "edit" and world.lots:
        lot = world.lots[sorted(world.lots)[one % len(world.lots)]]
        ends = world.now + timedelta(days=two) if two else None
        world.lots[lot.id] = lot.under(Validity(lot.terms.effective, ends), world.now)
    if what in ("move", "hold", "spend", "void"):
        plan = world.spendable(here).burn(Units(parts=parts), at=world.now)
        if what == "move" and here != there:
            world.post([transferring(lot, n, here, there) for lot, n in plan.taken])
        elif what == "void":
            ends_ = Account(here, State.FREE), Account(here, State.VOID)
            world.post([Move(lot.id, *ends_, n) for lot, n in plan.taken])
        elif what in ("hold", "spend"):
            state = State.HELD if what == "hold" else State.SPENT
            world.shift(Claim.taking(ClaimId(f"c{number}"), here, plan.taken, state))
        return plan.taken
    if what in ("capture", "release", "reverse") and claims:
        claim = world.claims[claims[one % len(claims)]]
        source = State.SPENT if what == "reverse" else State.HELD
        target = State.SPENT if what == "capture" else State.FREE
        parts = min(parts, claim.total(source))
        if parts:
            shift = claim.shift(parts, source, target, last_first=what == "reverse")
            world.shift(shift)
            return shift.moves
    return None


@given(STEPS)
def test_every_history_keeps_the_promises(steps: list[Step]) -> None:
    """I1, I2, I3: `World.check` stands behind every step."""
    world = populated()
    decided = run(world, steps)
    event(f"steps that did something: {min(sum(bool(each) for each in decided) // 3 * 3, 12)}")


def derived(world: World) -> dict[object, tuple[int, ...]]:
    """Balances in which it does not show whether expiry is written down."""
    return {
        key: (row[State.FREE] + row[State.EXPIRED], row[State.HELD], row[State.SPENT], row[5])
        for key, row in world.cells.items()
        if row != EMPTY_CELLS
    }


@settings(max_examples=400)
@given(STEPS, st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_sweeps_change_no_decision_and_no_balance(steps: list[Step], sweeps: list[int]) -> None:
    """I8: swept at random or never."""
    swept, unswept = populated(), populated()
    assert run(swept, steps, sweeps) == run(unswept, steps)
    assert derived(swept) == derived(unswept)
    for wallet in WALLETS:
        swept.sweep(wallet)
        unswept.sweep(wallet)
    assert swept.cells == unswept.cells


@given(STEPS)
def test_a_true_up_is_idempotent(steps: list[Step]) -> None:
    world = populated()
    run(world, steps)
    for wallet in WALLETS:
        world.sweep(wallet)
        assert world.sweep(wallet).moves == ()
    for (wallet, lot_id), row in world.cells.items():
        lot = world.lots[lot_id]
        assert true_up(wallet, lot, row, world.now) is None
        assert not row[State.FREE if lot.lapsed(world.now) else State.EXPIRED]


@given(STEPS)
def test_a_settlement_changes_nothing_until_it_is_kept(steps: list[Step]) -> None:
    world = populated()
    run(world, steps)
    before = copy.deepcopy((world.cells, world.claims, world.lots))
    world.settled([], [], list(world.cells))
    for wallet in WALLETS:
        plan = world.spendable(wallet).burn(Units(parts=3), at=world.now)
        shift = Claim.taking(CLAIM, wallet, plan.taken, State.SPENT)
        world.settled(shift.moves, [(None, shift.claim)])
    assert (world.cells, world.claims, world.lots) == before


@pytest.mark.parametrize(
    ("shift", "state"),
    [
        pytest.param(-1, State.FREE, id="P11 a microsecond before"),
        pytest.param(0, State.EXPIRED, id="P11 at its end"),
        pytest.param(1, State.EXPIRED, id="P11 a microsecond after"),
    ],
)
def test_true_up_at_the_boundary(shift: int, state: State) -> None:
    """I8, TU-072: of exactly what is there, and nothing twice."""
    world = World()
    world.issue(a_lot("a", expires=NEW_YEAR + timedelta(days=1)), 7)
    world.now = NEW_YEAR + timedelta(days=1) + shift * MICROSECOND
    world.sweep(member("u"))
    row = world.row(member("u"), LotId("a"))
    assert row[state] == 7
    assert sum(row[1:]) == 7


def test_an_edit_brings_expired_units_back() -> None:
    """TU-066."""
    world = World()
    lot = a_lot("a", expires=NEW_YEAR + timedelta(days=1))
    world.issue(lot, 7)
    world.now += timedelta(days=2)
    (expire,) = world.sweep(member("u")).moves
    world.lots[lot.id] = lot.under(Validity(lot.terms.effective), world.now)
    (revive,) = world.sweep(member("u")).moves
    assert (expire.verb, revive.verb) == ("expire", "revive")
    assert world.row(member("u"), lot.id)[State.FREE] == 7


def test_what_is_released_after_its_end_expires_in_the_same_entry() -> None:
    """TU-239, C59: it goes back to FREE and lapses at once, both in the open."""
    world = World()
    lot = a_lot("a", expires=NEW_YEAR + timedelta(days=1))
    world.issue(lot, 7)
    world.shift(Claim.taking(CLAIM, member("u"), [(lot, 5)], State.HELD))
    world.now += timedelta(days=2)
    settlement = world.shift(world.claims[CLAIM].shift(5, State.HELD, State.FREE))
    assert [(move.verb, move.parts) for move in settlement.moves] == [
        ("expire", 2),
        ("release", 5),
        ("expire", 5),
    ]
    world.check()


# Broken promises: each row is one mistake in an otherwise sound posting, all of them refused.

LOT, LATE = a_lot("a"), a_lot("late", expires=NEW_YEAR)
GOLD = a_lot("gold", Credits)
U, V, K = WALLETS


def there() -> World:
    """Ten free parts of ``a``, five held and five spent by a claim, and some credits."""
    world = World()
    world.issue(LOT, 20)
    world.issue(GOLD, 20)
    world.lots[LATE.id] = LATE
    world.cells[U, LATE.id] = (-9, 9, 0, 0, 0, 0)
    world.issued[LATE.id] = 9
    world.shift(Claim.taking(CLAIM, U, [(LOT, 10)], State.HELD))
    world.shift(world.claims[CLAIM].shift(5, State.HELD, State.SPENT))
    world.check()
    return world


def move(
    source: State, target: State, parts: int = 1, claim: ClaimId | None = None, lot: Lot = LOT
) -> Move:
    return Move(lot.id, Account(U, source), Account(U, target), parts, claim)


def forged(move_: Move, **fields: Any) -> Move:
    """The move after someone has reached round its constructor."""
    for name, value in fields.items():
        object.__setattr__(move_, name, value)
    return move_


def forged_account(wallet: Any = U, state: Any = State.FREE) -> Account:
    account = Account(U, State.FREE)
    object.__setattr__(account, "wallet", wallet)
    object.__setattr__(account, "state", state)
    return account


def forged_segment(parts: Any) -> Segment:
    segment = Segment(U, LOT.id, 1, State.HELD)
    object.__setattr__(segment, "parts", parts)
    return segment


FREE, HELD, SPENT, VOID, ISSUED = (
    State.FREE,
    State.HELD,
    State.SPENT,
    State.VOID,
    State.ISSUED,
)
Mistake: TypeAlias = Callable[[Claim], tuple[list[Move], list[tuple[Claim | None, Claim]]]]


def claim_of(*segments: Segment, claim: ClaimId = CLAIM) -> Claim:
    return Claim(claim, segments)


def part(parts: int, state: State, lot: Lot = LOT, wallet: WalletId = U) -> Segment:
    return Segment(wallet, lot.id, parts, state)


HOLD = move(FREE, HELD, 1, OTHER)
ONE = claim_of(part(1, HELD), claim=OTHER)

MISTAKES: list[tuple[str, Mistake]] = [
    ("I2 more than is free", lambda _: ([move(FREE, VOID, 13)], [])),
    ("I2 more than is void", lambda _: ([move(VOID, FREE)], [])),
    ("I2 the same units twice", lambda _: ([move(FREE, VOID, 6), move(FREE, VOID, 6)], [])),
    ("I2 units that come later", lambda _: ([move(VOID, FREE, 3), move(FREE, VOID, 3)], [])),
    ("I8 units that have lapsed", lambda _: ([move(FREE, VOID, 1, lot=LATE)], [])),
    (
        "I8 a hold of units that have lapsed",
        lambda _: (
            [move(FREE, HELD, 1, OTHER, LATE)],
            [(None, claim_of(part(1, HELD, LATE), claim=OTHER))],
        ),
    ),
    (
        "I2 more is un-issued than was issued",
        lambda _: (
            [move(ISSUED, SPENT, 9, OTHER), forged(move(SPENT, ISSUED, 1, OTHER), parts=30)],
            [(None, claim_of(claim=OTHER))],
        ),
    ),
    ("I3 a hold without a claim's change", lambda _: ([HOLD], [])),
    ("I3 a claim's change without a hold", lambda _: ([], [(None, ONE)])),
    ("I3 a release without the claim's", lambda _: ([move(HELD, FREE, 5, CLAIM)], [])),
    ("I3 a claim that forgets", lambda c: ([], [(c, claim_of())])),
    (
        "I3 a claim that captures in silence",
        lambda c: ([], [(c, claim_of(part(10, SPENT)))]),
    ),
    (
        "I3 the change of another claim",
        lambda c: ([move(HELD, FREE, 5, OTHER)], [(c, claim_of(part(5, SPENT)))]),
    ),
    (
        "I3 one part less than moved",
        lambda _: ([move(FREE, HELD, 2, OTHER)], [(None, ONE)]),
    ),
    (
        "I3 one part more than moved",
        lambda _: ([HOLD], [(None, claim_of(part(2, HELD), claim=OTHER))]),
    ),
    (
        "I3 in another state",
        lambda _: ([HOLD], [(None, claim_of(part(1, SPENT), claim=OTHER))]),
    ),
    (
        "I3 of another lot",
        lambda _: ([HOLD], [(None, claim_of(part(1, HELD, LATE), claim=OTHER))]),
    ),
    (
        "I3 in another wallet",
        lambda _: ([HOLD], [(None, claim_of(part(1, HELD, wallet=V), claim=OTHER))]),
    ),
    ("I3 under another name", lambda _: ([HOLD], [(None, claim_of(part(1, HELD)))])),
    (
        "I3 a claim changed twice",
        lambda c: (
            [move(HELD, FREE, 5, CLAIM), move(SPENT, FREE, 5, CLAIM)],
            [(c, claim_of(part(5, SPENT))), (c, claim_of(part(5, HELD)))],
        ),
    ),
    (
        "I3 a claim that becomes another",
        lambda c: ([], [(c, Claim(OTHER, c.segments))]),
    ),
    (
        "I3 a forged segment of less than nothing",
        lambda _: (
            [HOLD],
            [(None, Claim(OTHER, (part(3, HELD), forged_segment(-2))))],
        ),
    ),
    (
        "I3 a forged segment of yes",
        lambda _: ([HOLD], [(None, Claim(OTHER, (forged_segment(True),)))]),
    ),
    ("I1 forged: no parts", lambda _: ([forged(move(FREE, VOID), parts=0)], [])),
    ("I1 forged: less than no parts", lambda _: ([forged(move(FREE, VOID), parts=-5)], [])),
    ("I1 forged: a bool", lambda _: ([forged(move(FREE, VOID), parts=True)], [])),
    ("I1 forged: a float", lambda _: ([forged(move(FREE, VOID), parts=1.0)], [])),
    ("I1 forged: a text", lambda _: ([forged(move(FREE, VOID), parts="1")], [])),
    (
        "I16 forged: parts beyond the limit",
        lambda _: ([forged(move(ISSUED, FREE), parts=MAX_PARTS + 1)], []),
    ),
    (
        "I3 forged: a hold without a claim",
        lambda _: ([forged(move(FREE, HELD, 1, OTHER), claim=None)], []),
    ),
    (
        "I3 forged: a transfer with a claim",
        lambda _: ([forged(transferring(LOT, 1, U, V), claim=CLAIM)], []),
    ),
    (
        "I3 forged: units held in another wallet",
        lambda _: (
            [forged(move(FREE, HELD, 1, OTHER), target=Account(V, HELD))],
            [(None, claim_of(part(1, HELD, wallet=V), claim=OTHER))],
        ),
    ),
    (
        "P9 forged: from HELD to EXPIRED",
        lambda c: (
            [forged(move(HELD, FREE, 5, CLAIM), target=Account(U, State.EXPIRED))],
            [(c, claim_of(part(5, SPENT)))],
        ),
    ),
    (
        "P9 forged: back into ISSUED",
        lambda _: ([forged(move(FREE, VOID), target=Account(U, ISSUED))], []),
    ),
    (
        "P9 forged: a transfer to the same wallet",
        lambda _: ([forged(transferring(LOT, 1, U, V), target=Account(U, FREE))], []),
    ),
    ("P9 forged: no account", lambda _: ([forged(move(FREE, VOID), target=U)], [])),
    ("P9 forged: no source", lambda _: ([forged(move(FREE, VOID), source=None)], [])),
    (
        "P9 forged: a number for a state",
        lambda _: ([forged(move(FREE, VOID), target=forged_account(state=5))], []),
    ),
    (
        "P9 forged: a state that is none",
        lambda _: ([forged(move(FREE, VOID), source=forged_account(state=[]))], []),
    ),
    (
        "I1 forged: units into a wallet of credits",
        lambda _: ([forged(transferring(LOT, 1, U, V), target=Account(pool(), FREE))], []),
    ),
    (
        "I1 forged: both ends are wallets of credits",
        lambda _: (
            [
                forged(
                    transferring(LOT, 1, U, V),
                    source=Account(pool(), FREE),
                    target=Account(course("c"), FREE),
                )
            ],
            [],
        ),
    ),
    (
        "I1 credits said to be units",
        lambda _: ([forged(transferring(LOT, 1, U, V), lot=GOLD.id)], []),
    ),
    (
        "I1 a lot issued away from home",
        lambda _: ([Move(LOT.id, Account(V, ISSUED), Account(V, FREE), 1)], []),
    ),
    (
        "I1 a debt away from home",
        lambda _: (
            [Move(LOT.id, Account(V, ISSUED), Account(V, SPENT), 1, OTHER)],
            [(None, claim_of(part(1, SPENT, wallet=V), claim=OTHER))],
        ),
    ),
]


@pytest.mark.parametrize("mistake", [pytest.param(each, id=name) for name, each in MISTAKES])
@pytest.mark.parametrize("along", [False, True], ids=["alone", "behind sound moves"])
def test_a_broken_promise_is_refused_and_leaves_nothing(mistake: Mistake, along: bool) -> None:
    world = there()
    moves, changes = mistake(world.claims[CLAIM])
    if along:
        moves = [transferring(GOLD, 1, pool(), course("c")), issuing(LOT, 1), *moves]
    before = copy.deepcopy((world.cells, world.claims, world.lots))
    with pytest.raises(InvariantViolation) as refusal:
        world.settled(moves, changes)
    assert str(refusal.value)
    assert (world.cells, world.claims, world.lots) == before


@pytest.mark.parametrize("mistake", [pytest.param(each, id=name) for name, each in MISTAKES])
def test_a_journal_with_a_broken_promise_is_refused_too(mistake: Mistake) -> None:
    """What is read back is looked over as strictly."""
    world = there()
    world.sweep(U)
    moves, changes = mistake(world.claims[CLAIM])
    with pytest.raises(InvariantViolation):
        retrace(moves, changes, lot=world.lot, cells=world.row)


def test_the_sound_version_of_the_mistakes_is_accepted() -> None:
    """A control: the posting that the rows above spoil is fine."""
    world = there()
    world.post([HOLD], [(None, ONE)])
    claim = world.claims[CLAIM]
    world.shift(claim.shift(5, HELD, FREE))
    world.post([transferring(LOT, 1, U, V), transferring(GOLD, 1, pool(), course("c"))])
    world.check()


def test_a_lot_has_at_most_so_many_parts() -> None:
    """I16: however often more of it is issued."""
    world = World()
    world.issue(LOT, MAX_PARTS)
    with pytest.raises(LimitExceeded):
        world.settled([issuing(LOT, 1)])
    assert world.row(U, LOT.id)[State.FREE] == MAX_PARTS


def test_damaged_cells_are_not_passed_on() -> None:
    """I2: with five parts spent that nobody ever issued, ISSUED would rise above zero."""
    world = World()
    world.lots[LOT.id] = LOT
    world.cells[U, LOT.id] = (0, 0, 0, 5, 0, 0)
    claim = claim_of(part(5, SPENT))
    shift = claim.shift(5, SPENT, ISSUED)
    with pytest.raises(InvariantViolation):
        world.settled(shift.moves, [(claim, shift.claim)])


def test_a_wallet_that_cannot_be_is_refused() -> None:
    """A forged wallet never gets units, whichever of our errors says so."""
    world = there()
    for wallet in ("bank", "", "bank/1"):
        with pytest.raises(UnitLedgerError):
            world.settled([forged(transferring(LOT, 1, U, V), target=forged_account(wallet))])


def test_an_unknown_lot_is_the_callers_error() -> None:
    """The look-up says what it says about it; the kernel adds nothing of its own."""
    world = there()
    with pytest.raises(KeyError):
        world.settled([Move(LotId("none"), Account(U, FREE), Account(U, VOID), 1)])


def test_nothing_moves_in_an_empty_settlement() -> None:
    world = World()
    assert settle([], [], at=world.now, lot=world.lot, cells=world.row) == Settlement((), ())


def test_debt_is_issued_spent_and_then_covered() -> None:
    """C56 at the kernel: an advance needs no free unit, and settling it undoes it exactly."""
    world = World()
    debt = a_lot("debt", Credits)
    world.lots[debt.id] = debt
    ahead = Claim(CLAIM).joined(pool(), [(debt, 2)], SPENT, ISSUED)
    world.shift(ahead)
    world.check()
    assert world.row(pool(), debt.id) == (-2, 0, 0, 2, 0, 0)
    world.shift(world.claims[CLAIM].shift(2, SPENT, ISSUED))
    world.check()
    assert world.row(pool(), debt.id) == EMPTY_CELLS
