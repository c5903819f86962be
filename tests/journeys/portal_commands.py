"""Between the plain values of the model and the library's: commands one way, answers the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.journeys.portal_books import Knobs, Moved, Scope, Step, Use, of_credits
from tests.journeys.portal_model import PortalModel
from unitledger import credits as room
from unitledger import opening, operations, training
from unitledger.accounts import State
from unitledger.amounts import Amount, Credits, Rate, Units
from unitledger.balances import Balance
from unitledger.buckets import AllocationScope
from unitledger.commands import Actor, Command, Receipt, Role
from unitledger.ids import LotId, WalletId
from unitledger.lots import ANYTHING, Category, Cost
from unitledger.lots import Scope as LotScope
from unitledger.lots import Use as LotUse
from unitledger.orders import BurnOrder
from unitledger.policy import (
    ExpiredCredit,
    GrantRounding,
    HoldsAtLapse,
    Moment,
    Policy,
    PurchasedAtLapse,
    Refill,
    RefillMode,
    Reissue,
    Reversible,
    Tender,
    Trigger,
    Until,
    Upgrade,
)
from unitledger.time import Period

Row = tuple[int, int, int, int, int, int]
"""Available, pending, held, spent, expired, void."""

# From plain values to the library's.


def units_of(wallet: str, parts: int) -> Amount:
    return Credits(parts=parts) if of_credits(wallet) else Units(parts=parts)


def _credits(parts: int) -> Credits:
    return Credits(parts=parts)


def _scope(scope: Scope | None) -> LotScope | None:
    return None if scope is None else LotScope(*scope)


def _use(use: Use) -> LotUse:
    return LotUse(*use) if any(use) else ANYTHING


def _order(order: str | None) -> BurnOrder | None:
    return None if order is None else BurnOrder.parse(order)


def _claimed(wallet: str, amount: int | None, **rest: Any) -> dict[str, Any]:
    return {
        **rest,
        "wallet": wallet,
        "amount": None if amount is None else units_of(wallet, amount),
    }


def _cost(cost: tuple[str, Any] | None) -> Cost | None:
    return None if cost is None else Cost(cost[1], cost[0])


def _issue(
    lot: str,
    wallet: str,
    amount: int,
    scope: Scope | None = None,
    cost: tuple[str, Any] | None = None,
    category: str = "granted",
    **rest: Any,
) -> operations.Issue:
    return operations.Issue(
        LotId(lot),
        WalletId(wallet),
        units_of(wallet, amount),
        category=Category(category),
        scope=_scope(scope),
        cost=_cost(cost),
        **rest,
    )


def _opening(
    lots: Sequence[dict[str, Any]],
    placed: Sequence[tuple[str, str, int]],
    invites: Sequence[tuple[Any, ...]],
    consumed: Sequence[tuple[Any, ...]],
    spent: Sequence[tuple[Any, ...]],
) -> opening.OpenBalances:
    return opening.OpenBalances(
        lots=tuple(_issue(**lot) for lot in lots),
        invites=tuple(opening.OpenInvite(*row) for row in invites),
        consumed=tuple(
            opening.Consumed(learner, course, wallet, lot, room.EnrolmentState(state))
            for learner, course, wallet, lot, state in consumed
        ),
        spent=tuple(
            opening.SpentUnits(wallet, lot, Units(parts=parts)) for wallet, lot, parts in spent
        ),
        placed=tuple(
            opening.Placed(LotId(lot), WalletId(wallet), units_of(wallet, parts))
            for lot, wallet, parts in placed
        ),
    )


def _taking(command: type[Any]) -> Callable[..., Command[Any]]:
    def made(wallet: str, amount: int, use: Use, order: str | None, **rest: Any) -> Command[Any]:
        given: Command[Any] = command(
            **_claimed(wallet, amount, **rest), use=_use(use), order=_order(order)
        )
        return given

    return made


def _shifting(command: type[Any]) -> Callable[..., Command[Any]]:
    def made(**args: Any) -> Command[Any]:
        given: Command[Any] = command(**_claimed(**args))
        return given

    return made


def _with_credits(command: type[Any], field: str = "amount") -> Callable[..., Command[Any]]:
    def made(**args: Any) -> Command[Any]:
        given: Command[Any] = command(**{**args, field: _credits(args[field])})
        return given

    return made


def _buying(command: type[Any]) -> Callable[..., Command[Any]]:
    def made(amount: int, cost: tuple[str, Any] | None, **args: Any) -> Command[Any]:
        given: Command[Any] = command(**args, amount=_credits(amount), cost=_cost(cost))
        return given

    return made


def _assignment(**args: Any) -> Command[Any]:
    rows = tuple(training.AudienceRow(Units(parts=parts), who) for parts, who in args.pop("rows"))
    by_code = args["key_code"] is not None
    method = training.Method.KEY_CODE if by_code else training.Method.DISTRIBUTOR
    return training.CreateAssignment(**args, title="a title", method=method, rows=rows)


def _distribute(amounts: Sequence[tuple[str, int]], **args: Any) -> Command[Any]:
    pairs = tuple((who, Units(parts=parts)) for who, parts in amounts)
    return training.Distribute(**args, amounts=pairs)


def _place_order(items: Sequence[tuple[Any, ...]], **args: Any) -> Command[Any]:
    made = {"units": training.Item.in_units, "money": training.Item.in_money}
    cart = tuple(made[unit](item, price, number) for item, price, unit, number in items)
    return training.PlaceOrder(**args, items=cart)


def _refund_line(amount: int | None, **args: Any) -> Command[Any]:
    units = None if amount is None else Units(parts=amount)
    return training.RefundLine(**args, amount=units)


COMMANDS: Mapping[str, Callable[..., Command[Any]]] = {
    "subscribe": lambda period, base, **args: room.Subscribe(
        **args, base=_credits(base), period=Period(period)
    ),
    "replenish": room.Replenish,
    "change_plan": _with_credits(room.ChangePlan, "base"),
    "lapse": room.Lapse,
    "resubscribe": room.Resubscribe,
    "forfeit": room.Forfeit,
    "allocate": _with_credits(room.Allocate),
    "deallocate": _with_credits(room.Deallocate),
    "move_allocation": _with_credits(room.MoveAllocation),
    "close_course": room.CloseCourse,
    "reopen_course": room.ReopenCourse,
    "write_off": _with_credits(room.WriteOff),
    "write_back": _with_credits(room.WriteBack),
    "purchase": _buying(room.Purchase),
    "purchase_for_course": _buying(room.PurchaseForCourse),
    "charge_back": room.ChargeBack,
    "grant": _with_credits(room.Grant),
    "recall": _with_credits(room.Recall),
    "give": _with_credits(room.Give),
    "take": _with_credits(room.Take),
    "deactivate_manager": room.DeactivateManager,
    "reactivate_manager": room.ReactivateManager,
    "send_invite": room.SendInvite,
    "invite_all": room.InviteAll,
    "invite_each": room.InviteEach,
    "accept_invite": room.AcceptInvite,
    "cancel_invite": room.CancelInvite,
    "reinvite": room.Reinvite,
    "enrol": room.Enrol,
    "start_enrolment": room.StartEnrolment,
    "report_progress": room.ReportProgress,
    "complete_enrolment": room.CompleteEnrolment,
    "reverse_enrolment": room.ReverseEnrolment,
    "register_key_code": training.RegisterKeyCode,
    "create_assignment": _assignment,
    "fire_assignment": training.FireAssignment,
    "distribute": _distribute,
    "place_order": _place_order,
    "refund_line": _refund_line,
    "withdraw_line": training.WithdrawLine,
    "cancel_line": training.CancelLine,
    "adjust_price": lambda order, line, to: training.AdjustPrice(order, line, Units(parts=to)),
    "issue": _issue,
    "transfer": lambda source, target, amount: operations.Transfer(
        source, target, units_of(source, amount)
    ),
    "hold": _taking(operations.Hold),
    "spend": _taking(operations.Spend),
    "capture": _shifting(operations.Capture),
    "release": _shifting(operations.Release),
    "reverse": _shifting(operations.Reverse),
    "void_units": _shifting(operations.VoidUnits),
    "restore": _shifting(operations.Restore),
    "edit_expiry": operations.EditExpiry,
    "sweep": operations.Sweep,
    "open_balances": _opening,
}


def command_of(step: Step) -> Command[Any]:
    """The library's command for a step."""
    return COMMANDS[step.name](**step.args)


def actor_of(step: Step) -> Actor:
    """Who gives it."""
    return Actor(step.actor, frozenset(map(Role, step.roles)))


def policy_of(knobs: Knobs) -> Policy:
    """The library's policy for some knobs."""
    (until, number), (mode, limit) = knobs.reversible_until, knobs.refill
    return Policy(
        pool_fallback=knobs.pool_fallback,
        grant_rounding=GrantRounding(knobs.grant_rounding),
        invite_days=knobs.invite_days,
        burn_order=BurnOrder.parse(knobs.burn_order),
        move_order=BurnOrder.parse(knobs.move_order),
        allocation_scope=AllocationScope(knobs.allocation_scope),
        tender=Tender(knobs.tender),
        unit_value=None if knobs.unit_value is None else Rate(knobs.unit_value),
        allow_self=knobs.allow_self,
        consumed_at=_trigger(knobs.consumed_at),
        learner_cap=knobs.learner_cap,
        reversible_until=Reversible(Until(until), number or None),
        expired_credit=_expired_credit(knobs.expired_credit),
        refill=Refill(RefillMode(mode), _credits(limit) if limit else None),
        upgrade=Upgrade(knobs.upgrade),
        lapse_grace_days=knobs.grace,
        purchased_at_lapse=PurchasedAtLapse(knobs.purchased_at_lapse),
        holds_at_lapse=HoldsAtLapse(knobs.holds_at_lapse),
        overdraft=_credits(knobs.overdraft),
    )


def _trigger(consumed_at: str | int) -> Trigger:
    if isinstance(consumed_at, int):
        return Trigger.progress(consumed_at)
    return Trigger(Moment(consumed_at))


def _expired_credit(given: str | int) -> ExpiredCredit:
    return ExpiredCredit.restore(given) if isinstance(given, int) else ExpiredCredit(Reissue(given))


class People:
    """The Directory: what the model knows about people."""

    def __init__(self, model: PortalModel) -> None:
        self.model = model

    def manages(self, manager: str, course: str, at: datetime) -> bool:
        return (manager, course) in self.model.registered

    def groups(self, user: str, at: datetime) -> frozenset[str]:
        return frozenset(self.model.groups[user])

    def direct(self, user: str, at: datetime) -> frozenset[str]:
        return self.groups(user, at)

    def lineage(self, user: str, at: datetime) -> tuple[str, ...]:
        return tuple(sorted(self.groups(user, at)))

    def superiors(self, user: str, at: datetime) -> frozenset[str]:
        return frozenset()

    def people(self, group: str, at: datetime) -> frozenset[str]:
        return frozenset(user for user, groups in self.model.groups.items() if group in groups)


# And back, to be compared.


def plain(value: Any) -> Any:
    """An outcome's field in plain values."""
    if isinstance(value, Amount):
        return value.parts
    if isinstance(value, room.InviteSent):
        return value.invite, value.deadline
    if isinstance(value, room.Row):
        return value.invitee, value.verdict.value, value.invite
    if isinstance(value, training.QuotedLine):
        return value.item, value.quantity, value.each.parts, value.units.parts
    if isinstance(value, training.Remainder):
        return value.units.parts, value.money
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value


def figures(balance: Balance) -> dict[str, Row]:
    """A balance by lot, as the model says it: lots with nothing left out."""
    rows = {
        str(line.lot.id): (
            line.available,
            line.pending,
            line.held,
            line.spent,
            line.expired,
            line.void,
        )
        for line in balance.lots
    }
    return {lot: row for lot, row in rows.items() if any(row)}


def joined(moves: Sequence[Moved]) -> list[Moved]:
    """Moves with neighbours between the same ends made one."""
    found: list[Moved] = []
    for move in moves:
        if found and found[-1][:5] == move[:5]:
            found[-1] = (*move[:5], found[-1][5] + move[5])
        else:
            found.append(move)
    return found


def told(receipt: Receipt[Any], let_go: Sequence[str]) -> list[Moved]:
    """A receipt's moves but for what was only written down: expiry, and holds that had ended."""
    moves = []
    for move in receipt.moves:
        ends = move.source.state, move.target.state
        overdue = ends == (State.HELD, State.FREE) and move.claim in let_go
        if State.EXPIRED not in ends and not overdue:
            names = [end.name for end in ends]
            source, target = str(move.source.wallet), str(move.target.wallet)
            moves.append((str(move.lot), source, names[0], target, names[1], move.parts))
    return joined(moves)


def remarkable(receipt: Receipt[Any], let_go: Sequence[str]) -> Iterator[str]:
    """What is worth seeing now and then, if the walk is to mean something."""
    ends = [(move.lot, move.source.state, move.target.state) for move in receipt.moves]
    taken = {lot for lot, source, target in ends if target in (State.HELD, State.SPENT)}
    back = {lot for lot, source, target in ends if source in (State.HELD, State.SPENT)}
    if len(taken - back) > 1:
        yield "several lots taken"
    if any(source is State.EXPIRED and lot in taken for lot, source, _ in ends):
        yield "taken from a lot that had expired before an edit"
    if any(target is State.EXPIRED and lot in back for lot, _, target in ends):
        yield "given back into a lot that has expired"
    if any(move.claim in let_go for move in receipt.moves):
        yield "a hold that ended by itself"
    if receipt.same_as is not None:
        yield "the same as before"
    yield from _remarkable_credits(receipt, {end[1:] for end in ends})
    if isinstance(receipt.outcome, training.OrderPlaced):
        yield f"an order paid from {len(receipt.outcome.paid)} wallets"
        if receipt.outcome.remainder is not None:
            yield "an order partly left to money"


def _remarkable_credits(receipt: Receipt[Any], ends: set[tuple[State, State]]) -> Iterator[str]:
    outcome = receipt.outcome
    if (State.ISSUED, State.SPENT) in ends:
        yield "an enrolment made ahead"
    if (State.SPENT, State.ISSUED) in ends:
        yield "a debt that ended"
    if isinstance(outcome, room.EnrolmentReversed) and outcome.replacement:
        yield "a credit given for an expired one"
    if isinstance(outcome, room.Forfeited) and outcome.amount:
        yield "credits forfeited"
    if isinstance(outcome, room.Forfeited) and outcome.cancelled:
        yield "an invite cancelled by a forfeit"
