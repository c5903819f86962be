"""Opening balances: an LMS's present figures in one command, because nobody starts empty.

    lots        what came into the portal: how much, for how long, at what price
    placed      what of a lot stands in another wallet than its home
    invites     credits that open invites hold in their managers' wallets
    consumed    credits that enrolments have spent
    spent       training units that were spent, without the orders they were spent on

What none of these takes up is free. All of it becomes one entry, or nothing does, and every lot has
to add up before a ledger is asked. Figures too large for one entry are brought in by several
commands, each with lots of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar, final

import attrs

from unitledger.accounts import (
    Account,
    State,
    check_wallet,
    course,
    manager,
    pool,
    wallet_parts,
    wallet_unit,
)
from unitledger.amounts import Amount, Credits, Units
from unitledger.claims import Claim, Shift
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Outcome, Permit, Role, View, anywhere, claim_id
from unitledger.credits.enrolments import (
    ENROLMENT_COST,
    Enrolment,
    EnrolmentState,
    present_enrolment,
    seat,
)
from unitledger.credits.invites import Invite
from unitledger.errors import (
    AlreadyExists,
    InvalidType,
    InvalidValue,
    LimitExceeded,
    WrongUnit,
    shown,
)
from unitledger.ids import ClaimId, LotId, RecordId, WalletId, check_id
from unitledger.lots import Lot
from unitledger.moves import Move
from unitledger.operations import Issue, positive
from unitledger.records import Record, index_lock
from unitledger.time import instant
from unitledger.values import Value

__all__ = [
    "MAX_OPENING",
    "BalancesOpened",
    "Consumed",
    "OpenBalances",
    "OpenInvite",
    "Placed",
    "SpentUnits",
]

MAX_OPENING = 10_000
"""How many rows of every kind together one opening may have."""


@final
@attrs.frozen
class _Taking:
    """What one claim takes from a wallet, and how."""

    wallet: WalletId
    lot: LotId
    parts: int
    state: State
    deadline: datetime | None = None

    def shift(self, claim: ClaimId, lot: Lot) -> Shift:
        """The claim made, with its move."""
        taken = [(lot, self.parts)]
        return Claim.taking(claim, self.wallet, taken, self.state, deadline=self.deadline)


@final
@attrs.frozen
class Placed(Value):
    """Some of a lot that stands in another wallet than the lot's home.

    Attributes:
        lot: The lot.
        wallet: Where it stands.
        amount: How much, with what is held and spent there.
    """

    lot: LotId
    wallet: WalletId
    amount: Amount

    def __attrs_post_init__(self) -> None:
        check_id(self.lot, "lot")
        check_wallet(self.wallet)
        positive(self.amount, wallet_unit(self.wallet))


@final
@attrs.frozen
class OpenInvite(Value):
    """An invite that nobody has accepted yet, with the credit it holds.

    Attributes:
        invitee: The host's reference to the address, as in `unitledger.credits.SendInvite`.
        course: The course.
        manager: Who sent it; the credit is held in their wallet for the course.
        lot: The lot the credit is of.
        deadline: When the credit is free again unless somebody accepts (UTC); ``None`` is never.

    Source: C24.
    """

    invitee: str
    course: str
    manager: str
    lot: LotId
    deadline: datetime | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("invitee", "course", "manager", "lot"):
            check_id(getattr(self, name), name)
        if self.deadline is not None:
            object.__setattr__(self, "deadline", instant(self.deadline, "deadline"))

    @property
    def wallet(self) -> WalletId:
        """Where the credit is held."""
        return manager(self.manager, self.course)

    @property
    def seat(self) -> str:
        """The address in the course."""
        return seat(self.invitee, self.course)


@final
@attrs.frozen
class Consumed(Value):
    """An enrolment that has spent its credit.

    Attributes:
        learner: The learner.
        course: The course.
        wallet: Whose credit paid: the pool, the course, or a manager of the course.
        lot: The lot the credit was of.
        state: ``ACTIVE`` or ``COMPLETED``.

    Source: C1.
    """

    learner: str
    course: str
    wallet: WalletId
    lot: LotId
    state: EnrolmentState = EnrolmentState.ACTIVE

    def __attrs_post_init__(self) -> None:
        for name in ("learner", "course", "lot"):
            check_id(getattr(self, name), name)
        kind_, *ids = wallet_parts(check_wallet(self.wallet))
        paying = self.wallet in (pool(), course(self.course))
        if not paying and (kind_ != "manager" or ids[1] != self.course):
            raise InvalidValue(
                "wallet", shown(self.wallet), "the pool, the course, or a manager of the course"
            )
        if type(self.state) is not EnrolmentState:
            raise InvalidType("state", shown(self.state), "EnrolmentState")
        if self.state is EnrolmentState.REVERSED:
            raise InvalidValue("state", "reversed", "ACTIVE or COMPLETED: nothing is spent else")

    @property
    def seat(self) -> str | None:
        """The learner in the course while the enrolment is active; there may be one of these."""
        active = self.state is EnrolmentState.ACTIVE
        return seat(self.learner, self.course) if active else None


@final
@attrs.frozen
class SpentUnits(Value):
    """Training units of a lot that were spent in a wallet.

    Attributes:
        wallet: Whose they were.
        lot: The lot they were of.
        amount: How many.
    """

    wallet: WalletId
    lot: LotId
    amount: Units

    def __attrs_post_init__(self) -> None:
        check_wallet(self.wallet)
        check_id(self.lot, "lot")
        positive(self.amount, Units)
        positive(self.amount, wallet_unit(self.wallet))


@kind("balances_opened")
@final
@attrs.frozen
class BalancesOpened(Outcome):
    """An LMS's figures were brought in.

    The n-th of the invites, enrolments and spendings, counted in this order and through, has the
    id ``request.n``.

    Attributes:
        lots: How many lots came into being.
        invites: How many invites are open.
        enrolments: How many enrolments have spent a credit.
        credits: How many credits were issued.
        units: How many training units were issued.
    """

    lots: int
    invites: int
    enrolments: int
    credits: Credits
    units: Units


@kind("open_balances")
@final
@attrs.frozen
class OpenBalances(Command[BalancesOpened]):
    """The present figures of an LMS, brought into a portal in one entry.

    Attributes:
        lots: Every lot with all that came in of it, whatever became of that since.
        invites: The open invites.
        consumed: The enrolments.
        spent: The training units spent so far.
        placed: What stands in other wallets than its lot's home.

    Source: I1, C63.
    """

    NAME: ClassVar[str] = "open_balances"
    AUTHORITY: ClassVar[Mapping[Role, Permit]] = {Role.ADMIN: anywhere}

    lots: tuple[Issue, ...]
    invites: tuple[OpenInvite, ...] = ()
    consumed: tuple[Consumed, ...] = ()
    spent: tuple[SpentUnits, ...] = ()
    placed: tuple[Placed, ...] = ()

    def __attrs_post_init__(self) -> None:
        rows = (
            _rows(self.lots, Issue, "lots"),
            _rows(self.invites, OpenInvite, "invites"),
            _rows(self.consumed, Consumed, "consumed"),
            _rows(self.spent, SpentUnits, "spent"),
            _rows(self.placed, Placed, "placed"),
        )
        if sum(rows) > MAX_OPENING:
            raise LimitExceeded("rows of an opening", str(sum(rows)), MAX_OPENING)
        if not self.lots:
            raise InvalidValue("lots", "empty", "at least one lot")
        _once((lot.lot for lot in self.lots), "lots")
        _once((invite.seat for invite in self.invites), "invites")
        _once((row.seat for row in self.consumed if row.seat is not None), "consumed")
        self._check_sums()

    def _check_sums(self) -> None:
        """Every lot has in every wallet at least what is held and spent there.

        Source: I1.
        """
        homes = {lot.lot: lot.wallet for lot in self.lots}
        free = Counter({(lot.wallet, lot.lot): lot.amount.parts for lot in self.lots})
        for row in self.placed:
            home = homes.get(row.lot)
            if home is None or home == row.wallet:
                raise InvalidValue("placed", shown(row.lot), "a lot whose home is another wallet")
            if wallet_unit(home) is not wallet_unit(row.wallet):
                raise WrongUnit(wallet_unit(home).UNIT, wallet_unit(row.wallet).UNIT)
            free[home, row.lot] -= row.amount.parts
            free[row.wallet, row.lot] += row.amount.parts
        for taking in self._takings():
            free[taking.wallet, taking.lot] -= taking.parts
        for (wallet, lot), parts in free.items():
            if parts < 0:
                short = f"{-parts} parts of {shown(lot)} short in {shown(wallet)}"
                raise InvalidValue("lots", short, "as much as is placed, held and spent")

    def _takings(self) -> Iterator[_Taking]:
        """What every claim takes, in the order of their ids."""
        one = ENROLMENT_COST.parts
        for invite in self.invites:
            yield _Taking(invite.wallet, invite.lot, one, State.HELD, invite.deadline)
        for row in self.consumed:
            yield _Taking(row.wallet, row.lot, one, State.SPENT)
        for past in self.spent:
            yield _Taking(past.wallet, past.lot, past.amount.parts, State.SPENT)

    def wallets(self) -> tuple[WalletId, ...]:
        """Every wallet that something stands in."""
        homes = {lot.wallet for lot in self.lots}
        others = {row.wallet for row in self.placed}
        taken = {taking.wallet for taking in self._takings()}
        return tuple(sorted(homes | others | taken))

    def keys(self) -> tuple[str, ...]:
        """The seat of everybody who is invited or enrolled."""
        invited = (index_lock(Invite.KIND, "open", row.seat) for row in self.invites)
        seats = (row.seat for row in self.consumed if row.seat is not None)
        enrolled = (index_lock(Enrolment.KIND, "active", taken) for taken in seats)
        return (*invited, *enrolled)

    def ready(self, view: View) -> None:
        """No lot is there, nobody is invited or enrolled already, no deadline is past."""
        for lot in self.lots:
            if view.has_lot(lot.lot):
                raise AlreadyExists("lot", lot.lot)
        for invite in self.invites:
            if view.found(Invite, "open", invite.seat):
                raise AlreadyExists("open invite", f"{invite.invitee} in {invite.course}")
            if invite.deadline is not None and invite.deadline <= view.at:
                raise InvalidValue("deadline", invite.deadline.isoformat(), "an instant to come")
        for row in self.consumed:
            if row.seat is not None and present_enrolment(view, row.learner, row.course):
                raise AlreadyExists("active enrolment", f"{row.learner} in {row.course}")

    def decide(self, view: View) -> Decision[BalancesOpened]:
        """Lots issued and placed, then what is held and spent of them, with its records."""
        issued = [row.decide(view) for row in self.lots]
        lots = {lot.id: lot for decision in issued for lot in decision.lots}
        shifts = [
            taking.shift(claim_id(view, number), lots[taking.lot])
            for number, taking in enumerate(self._takings(), 1)
        ]
        claims = tuple([shift.claim for shift in shifts])
        moves = [move for decision in issued for move in decision.moves]
        moves += [_placing(lots[row.lot], row) for row in self.placed]
        moves += [move for shift in shifts for move in shift.moves]
        return Decision(
            self._outcome(),
            moves=tuple(moves),
            claims=claims,
            records=tuple(self._records(claims, view.at)),
            lots=tuple(lots.values()),
        )

    def _records(self, claims: tuple[Claim, ...], at: datetime) -> Iterator[Record]:
        held = claims[: len(self.invites)]
        for row, claim in zip(self.invites, held, strict=True):
            yield Invite(RecordId(claim.id), row.invitee, row.course, row.manager, claim.id)
        spent = claims[len(held) : len(held) + len(self.consumed)]
        for past, claim in zip(self.consumed, spent, strict=True):
            made, paid = RecordId(claim.id), past.wallet
            yield Enrolment(made, past.learner, past.course, paid, claim.id, at, past.state)

    def _outcome(self) -> BalancesOpened:
        came = [lot.amount for lot in self.lots]
        return BalancesOpened(
            len(self.lots),
            len(self.invites),
            len(self.consumed),
            Credits.total(amount for amount in came if type(amount) is Credits),
            Units.total(amount for amount in came if type(amount) is Units),
        )


def _rows(rows: tuple[object, ...], of: type, field: str) -> int:
    """How many rows there are, all of the class that belongs there."""
    if type(rows) is not tuple:
        raise InvalidType(field, shown(rows), "tuple")
    for row in rows:
        if type(row) is not of:
            raise InvalidType(field, shown(row), of.__name__)
    return len(rows)


def _once(names: Iterable[str], field: str) -> None:
    name, times = next(iter(Counter(names).most_common(1)), ("", 0))
    if times > 1:
        raise InvalidValue(field, f"{shown(name)} {times} times", "each once")


def _placing(lot: Lot, row: Placed) -> Move:
    ends = Account(lot.home, State.FREE), Account(row.wallet, State.FREE)
    return Move(lot.id, *ends, row.amount.parts)
