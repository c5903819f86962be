"""The commands that know neither seed.

Issue, transfer, hold, capture, release, spend, reverse, void, restore, edit an expiry, sweep. Hosts
use them for corrections and for rules of their own; scenario files use them to put any lots
anywhere and burn them under any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, final

import attrs

from unitledger.accounts import State, account, check_wallet, wallet_unit
from unitledger.amounts import MAX_PARTS, Amount, Credits, Units
from unitledger.buckets import Plan
from unitledger.claims import Claim
from unitledger.codec import kind
from unitledger.commands import (
    Command,
    Decision,
    Outcome,
    Permit,
    Role,
    TermsEdit,
    View,
    anywhere,
    claim_id,
)
from unitledger.errors import (
    ClaimExceeded,
    InsufficientUnits,
    InvalidTerms,
    InvalidType,
    InvalidValue,
    WrongUnit,
    shown,
)
from unitledger.ids import ClaimId, LotId, WalletId, check_id
from unitledger.kernel import true_up
from unitledger.lots import ANYTHING, Category, Cost, Lot, Scope, Use, check_attributes
from unitledger.moves import Move
from unitledger.orders import BurnOrder
from unitledger.time import Validity, instant
from unitledger.values import recheck

__all__ = [
    "Capture",
    "Claimed",
    "EditExpiry",
    "ExpiryEdited",
    "Hold",
    "Issue",
    "Issued",
    "Moved",
    "Release",
    "Restore",
    "Reverse",
    "Spend",
    "Sweep",
    "Swept",
    "Transfer",
    "VoidUnits",
    "check_unfrozen",
    "met_plan",
    "positive",
    "transferred",
]

_STAFF: Mapping[Role, Permit] = {Role.ADMIN: anywhere, Role.SYSTEM: anywhere}
_ZERO: Mapping[type[Amount], Amount] = {unit: unit(parts=0) for unit in (Credits, Units)}
_ISSUERS: Mapping[Role, Permit] = {**_STAFF, Role.CREATOR: anywhere}


def positive(amount: Amount, unit: type[Amount] | None = None, field: str = "amount") -> None:
    """Refuse an amount of zero, or of another unit than the one given.

    Args:
        amount: What may be an amount.
        unit: Credits or training units; ``None`` is either.
        field: What to call it in an error.

    Raises:
        InvalidType: Not an amount.
        InvalidValue: Zero.
        WrongUnit: Of the other unit.
    """
    if type(amount) is not Units and type(amount) is not Credits:
        raise InvalidType(field, shown(amount), "Credits or Units")
    parts = getattr(amount, "parts", None)
    if type(parts) is not int or not 0 < parts <= MAX_PARTS:
        recheck(amount)
        raise InvalidValue(field, "zero", "an amount above zero")
    if unit is not None and type(amount) is not unit:
        raise WrongUnit(unit.UNIT, amount.UNIT)


def _check_choice(use: Use, order: BurnOrder | None) -> None:
    """Refuse what says nothing about which lots may pay."""
    if type(use) is not Use:
        raise InvalidType("use", shown(use), "Use")
    if order is not None and type(order) is not BurnOrder:
        raise InvalidType("order", shown(order), "BurnOrder")


def met_plan(view: View, plan: Plan, *wallets: WalletId) -> Plan:
    """The same plan, when nothing is missing.

    Raises:
        InsufficientUnits: Something is; it says how much there was.
    """
    if not plan.met:
        available = plan.bucket.available(at=view.at, use=plan.use)
        raise InsufficientUnits(tuple(wallets), plan.asked, available)
    return plan


def transferred(
    view: View, source: WalletId, target: WalletId, amount: Amount, use: Use = ANYTHING
) -> tuple[Move, ...]:
    """The moves that bring an amount from one wallet to another.

    The lots are chosen by the policy's ``move_order``.

    Raises:
        InsufficientUnits: The source can spend less.
    """
    plan = view.plan(source, amount, use=use, order=view.policy.move_order)
    met_plan(view, plan, source)
    ends = account(source, State.FREE), account(target, State.FREE)
    return tuple([Move(lot.id, *ends, parts) for lot, parts in plan.taken])


def check_unfrozen(view: View, lot: Lot) -> None:
    """Refuse to change a lot of training units that has been drawn on, where that freezes it.

    Raises:
        InvalidTerms: Some of it was spent or held, or has left its home, and the policy's
            ``freeze_after_draw`` is on.
    """
    if view.policy.freeze_after_draw and lot.unit is Units:
        cells = view.cells(lot.home, lot.id)
        at_home = cells[State.FREE] + cells[State.EXPIRED] + cells[State.VOID]
        if at_home != -cells[State.ISSUED]:
            raise InvalidTerms(lot.id, "it was drawn on, and the policy's freeze_after_draw is on")


@kind("issued")
@final
@attrs.frozen
class Issued(Outcome):
    """A lot came into being.

    Attributes:
        lot: Its id.
        wallet: Where it came into being.
        amount: How much.
    """

    lot: LotId
    wallet: WalletId
    amount: Amount


@kind("moved")
@final
@attrs.frozen
class Moved(Outcome):
    """Units moved from one place to another; which lots, the receipt's moves say.

    Attributes:
        amount: How much.
    """

    amount: Amount


@kind("claimed")
@final
@attrs.frozen
class Claimed(Outcome):
    """A claim changed.

    Attributes:
        claim: Its id.
        amount: How much of it was taken, captured, released or given back.
        held: How much it holds now.
        spent: How much it has spent now.
    """

    claim: ClaimId
    amount: Amount
    held: Amount
    spent: Amount


@kind("expiry_edited")
@final
@attrs.frozen
class ExpiryEdited(Outcome):
    """A lot has another expiry, wherever its units are.

    Attributes:
        lot: The lot.
        was: When it ended before the edit (UTC); ``None`` is never.
        now: When it ends now (UTC).
    """

    lot: LotId
    was: datetime | None
    now: datetime | None


@kind("swept")
@final
@attrs.frozen
class Swept(Outcome):
    """A wallet's expiry was written down.

    Attributes:
        wallet: The wallet.
        expired: What lapsed.
        revived: What came back.
    """

    wallet: WalletId
    expired: Amount
    revived: Amount


@kind("issue")
@final
@attrs.frozen
class Issue(Command[Issued]):
    """A new lot in its home wallet, with every attribute that a burn order or a scope can ask for.

    Attributes:
        lot: The lot's id.
        wallet: Its home wallet.
        amount: How much, in the wallet's unit.
        effective: From when it can be spent (UTC); ``None`` is at once.
        expires: When it lapses (UTC); ``None`` is never.
        acquired: When it was acquired (UTC); ``None`` is at once.
        cycle: The number of the firing it came from.
        category: Granted, purchased or promotional.
        priority: Its rank; lower is used first by orders that ask for it.
        scope: What it may be used for; ``None`` is anything.
        cost: The price paid per unit, if it was bought.
    """

    NAME: ClassVar[str] = "issue"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ISSUERS

    lot: LotId
    wallet: WalletId
    amount: Amount
    effective: datetime | None = None
    expires: datetime | None = None
    acquired: datetime | None = None
    cycle: int = 1
    category: Category = Category.GRANTED
    priority: int = 0
    scope: Scope | None = None
    cost: Cost | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.lot, "lot")
        check_wallet(self.wallet)
        positive(self.amount, wallet_unit(self.wallet))
        for name in ("effective", "expires", "acquired"):
            value = getattr(self, name)
            if value is not None and (utc := instant(value, name)) is not value:
                object.__setattr__(self, name, utc)
        check_attributes(self)

    def wallets(self) -> tuple[WalletId, ...]:
        """Its home wallet."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[Issued]:
        """The lot, and the one move that fills it."""
        lot = Lot(
            id=self.lot,
            home=self.wallet,
            terms=Validity(self.effective or view.at, self.expires),
            acquired=self.acquired or view.at,
            cycle=self.cycle,
            category=self.category,
            priority=self.priority,
            scope=self.scope,
            cost=self.cost,
            since=view.at,
        )
        left, reached = account(self.wallet, State.ISSUED), account(self.wallet, State.FREE)
        move = Move(self.lot, left, reached, self.amount.parts)
        return Decision(Issued(self.lot, self.wallet, self.amount), moves=(move,), lots=(lot,))


@kind("transfer")
@final
@attrs.frozen
class Transfer(Command[Moved]):
    """Units from one wallet to another of the same unit, lots chosen by the policy's move order.

    Attributes:
        source: The wallet they leave.
        target: The wallet they reach.
        amount: How much.
    """

    NAME: ClassVar[str] = "transfer"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF

    source: WalletId
    target: WalletId
    amount: Amount

    def __attrs_post_init__(self) -> None:
        check_wallet(self.source, "source")
        check_wallet(self.target, "target")
        if self.source == self.target:
            raise InvalidValue("target", shown(self.target), "another wallet than the source")
        positive(self.amount, wallet_unit(self.source))
        positive(self.amount, wallet_unit(self.target))

    def wallets(self) -> tuple[WalletId, ...]:
        """Both ends."""
        return (self.source, self.target)

    def decide(self, view: View) -> Decision[Moved]:
        """One move per lot taken."""
        moves = transferred(view, self.source, self.target, self.amount)
        return Decision(Moved(self.amount), moves=moves)


def _taking(
    view: View, wallet: WalletId, plan: Plan, state: State, deadline: datetime | None = None
) -> Decision[Claimed]:
    met_plan(view, plan, wallet)
    shift = Claim.taking(claim_id(view), wallet, plan.taken, state, deadline=deadline)
    claim, zero = shift.claim, _ZERO[type(plan.asked)]
    held, spent = (plan.asked, zero) if state is State.HELD else (zero, plan.asked)
    return Decision(Claimed(claim.id, plan.asked, held, spent), shift.moves, (claim,))


@kind("hold")
@final
@attrs.frozen
class Hold(Command[Claimed]):
    """Units set aside for a purpose, to be captured or released.

    Attributes:
        wallet: Whose.
        amount: How much.
        deadline: When what is still held goes back by itself (UTC); ``None`` is never.
        use: What for.
        order: Another burn order than the policy's.
    """

    NAME: ClassVar[str] = "hold"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF

    wallet: WalletId
    amount: Amount
    deadline: datetime | None = None
    use: Use = ANYTHING
    order: BurnOrder | None = None

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)
        positive(self.amount, wallet_unit(self.wallet))
        _check_choice(self.use, self.order)
        if self.deadline is not None:
            object.__setattr__(self, "deadline", instant(self.deadline, "deadline"))

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet."""
        return (self.wallet,)

    def ready(self, view: View) -> None:
        """A deadline must lie ahead."""
        if self.deadline is not None and self.deadline <= view.at:
            raise InvalidValue("deadline", self.deadline.isoformat(), "an instant to come")

    def decide(self, view: View) -> Decision[Claimed]:
        """A new claim over the lots taken, held."""
        plan = view.plan(self.wallet, self.amount, use=self.use, order=self.order)
        return _taking(view, self.wallet, plan, State.HELD, self.deadline)


@kind("spend")
@final
@attrs.frozen
class Spend(Command[Claimed]):
    """Units spent at once.

    Attributes:
        wallet: Whose.
        amount: How much.
        use: What for.
        order: Another burn order than the policy's.
    """

    NAME: ClassVar[str] = "spend"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF

    wallet: WalletId
    amount: Amount
    use: Use = ANYTHING
    order: BurnOrder | None = None

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)
        positive(self.amount, wallet_unit(self.wallet))
        _check_choice(self.use, self.order)

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[Claimed]:
        """A new claim over the lots taken, spent."""
        plan = view.plan(self.wallet, self.amount, use=self.use, order=self.order)
        return _taking(view, self.wallet, plan, State.SPENT)


@attrs.frozen
class _ClaimShift(Command[Claimed]):
    """Part or all of a claim goes from one state to another; which, the class says."""

    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF
    SOURCE: ClassVar[State]
    TARGET: ClassVar[State]

    claim: ClaimId
    wallet: WalletId
    amount: Amount | None = None

    def __attrs_post_init__(self) -> None:
        check_id(self.claim, "claim")
        check_wallet(self.wallet)
        if self.amount is not None:
            positive(self.amount, wallet_unit(self.wallet))

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet named."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[Claimed]:
        """The claim with that much of it shifted."""
        before, unit = view.claim(self.claim), wallet_unit(self.wallet)
        if self.wallet not in before.wallets:
            raise ClaimExceeded(
                self.claim, self.SOURCE.name, 0 if self.amount is None else self.amount.parts, 0
            )
        there = before.total(self.SOURCE)
        parts = there if self.amount is None else self.amount.parts
        if not parts:
            raise ClaimExceeded(self.claim, self.SOURCE.name, parts, there)
        last_first = self.SOURCE is State.SPENT
        shift = before.shift(parts, self.SOURCE, self.TARGET, last_first=last_first)
        claim, moved = shift.claim, unit(parts=parts)
        held, spent = (unit(parts=claim.total(state)) for state in (State.HELD, State.SPENT))
        return Decision(Claimed(self.claim, moved, held, spent), shift.moves, (claim,))


@kind("capture")
@final
@attrs.frozen
class Capture(_ClaimShift):
    """Held units of a claim are spent, in taking order.

    Attributes:
        claim: The claim.
        wallet: A wallet the claim has something in.
        amount: How much; ``None`` is all it holds.
    """

    NAME: ClassVar[str] = "capture"
    SOURCE: ClassVar[State] = State.HELD
    TARGET: ClassVar[State] = State.SPENT


@kind("release")
@final
@attrs.frozen
class Release(_ClaimShift):
    """Held units of a claim go back to the lots they were taken from.

    Attributes:
        claim: The claim.
        wallet: A wallet the claim has something in.
        amount: How much; ``None`` is all it holds.
    """

    NAME: ClassVar[str] = "release"
    SOURCE: ClassVar[State] = State.HELD
    TARGET: ClassVar[State] = State.FREE


@kind("reverse")
@final
@attrs.frozen
class Reverse(_ClaimShift):
    """Spent units of a claim go back to the exact lots they came from, the last taken first.

    Attributes:
        claim: The claim.
        wallet: A wallet the claim has something in.
        amount: How much; ``None`` is all it has spent.

    Source: TU-238, TU-243.
    """

    NAME: ClassVar[str] = "reverse"
    SOURCE: ClassVar[State] = State.SPENT
    TARGET: ClassVar[State] = State.FREE


@kind("void")
@final
@attrs.frozen
class VoidUnits(Command[Moved]):
    """Spendable units taken out for a reason that is not their terms: a forfeit, a correction.

    Attributes:
        wallet: Whose.
        amount: How much; the lots are chosen by the policy's move order.

    Source: C43, C52.
    """

    NAME: ClassVar[str] = "void"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF

    wallet: WalletId
    amount: Amount

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)
        positive(self.amount, wallet_unit(self.wallet))

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[Moved]:
        """One move to VOID per lot taken."""
        plan = view.plan(self.wallet, self.amount, order=view.policy.move_order)
        met_plan(view, plan, self.wallet)
        ends = account(self.wallet, State.FREE), account(self.wallet, State.VOID)
        moves = tuple([Move(lot.id, *ends, parts) for lot, parts in plan.taken])
        return Decision(Moved(self.amount), moves=moves)


@kind("restore")
@final
@attrs.frozen
class Restore(Command[Moved]):
    """Units of a lot that were taken out are put back.

    Attributes:
        wallet: Whose.
        lot: Which lot.
        amount: How much.

    Source: C52.
    """

    NAME: ClassVar[str] = "restore"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _STAFF

    wallet: WalletId
    lot: LotId
    amount: Amount

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)
        check_id(self.lot, "lot")
        positive(self.amount, wallet_unit(self.wallet))

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[Moved]:
        """One move out of VOID."""
        view.lot(self.lot)
        void = view.cells(self.wallet, self.lot)[State.VOID]
        if void < self.amount.parts:
            available = type(self.amount)(parts=void)
            raise InsufficientUnits((self.wallet,), self.amount, available)
        ends = account(self.wallet, State.VOID), account(self.wallet, State.FREE)
        move = Move(self.lot, *ends, self.amount.parts)
        return Decision(Moved(self.amount), moves=(move,))


@kind("edit_expiry")
@final
@attrs.frozen
class EditExpiry(Command[ExpiryEdited]):
    """Another expiry for a lot: every holder follows at once, and what had lapsed may come back.

    Attributes:
        lot: The lot.
        wallet: Its home wallet.
        expires: When it ends from now on (UTC), later than now; ``None`` is never.

    Source: TU-064 to TU-068.
    """

    NAME: ClassVar[str] = "edit_expiry"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = _ISSUERS

    lot: LotId
    wallet: WalletId
    expires: datetime | None

    def __attrs_post_init__(self) -> None:
        check_id(self.lot, "lot")
        check_wallet(self.wallet)
        if self.expires is not None:
            object.__setattr__(self, "expires", instant(self.expires, "expires"))

    def wallets(self) -> tuple[WalletId, ...]:
        """The lot's home wallet, which orders the edits of its lots."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[ExpiryEdited]:
        """The edit; nothing moves until somebody touches the lot or sweeps."""
        lot = view.lot(self.lot)
        if lot.home != self.wallet:
            raise InvalidTerms(self.lot, f"its home wallet is {lot.home}")
        check_unfrozen(view, lot)
        if self.expires is not None and self.expires <= max(view.at, lot.terms.effective):
            raise InvalidTerms(self.lot, "the new expiry must be later than now")
        terms = Validity(lot.terms.effective, self.expires)
        edit = TermsEdit(self.lot, terms, lot.version + 1)
        outcome = ExpiryEdited(self.lot, lot.terms.expires, self.expires)
        return Decision(outcome, terms=(edit,))


@kind("sweep")
@final
@attrs.frozen
class Sweep(Command[Swept]):
    """Write a wallet's expiry down: every lot that has lapsed or come back.

    No decision and no balance is different for it, at any instant; it only makes rows agree with
    what follows from the lots' terms anyway. Like every entry it counts for the instant it was
    made at, and a clock set back afterwards does not take the wallet back before it.

    Attributes:
        wallet: The wallet.

    Source: TU-072, I8.
    """

    NAME: ClassVar[str] = "sweep"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.SYSTEM: anywhere, Role.ADMIN: anywhere}

    wallet: WalletId

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)

    def wallets(self) -> tuple[WalletId, ...]:
        """The wallet."""
        return (self.wallet,)

    def decide(self, view: View) -> Decision[Swept]:
        """Every lot of the wallet is named to be written down; the kernel knows how."""
        due = [
            move
            for lot, cells in view.holdings(self.wallet)
            if (move := true_up(self.wallet, lot, cells, view.at)) is not None
        ]
        unit = wallet_unit(self.wallet)
        expired = sum(move.parts for move in due if move.target.state is State.EXPIRED)
        revived = sum(move.parts for move in due if move.target.state is State.FREE)
        outcome = Swept(self.wallet, unit(parts=expired), unit(parts=revived))
        keys = tuple([(self.wallet, move.lot) for move in due])
        return Decision(outcome, written_down=keys)
