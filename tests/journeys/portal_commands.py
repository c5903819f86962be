"""Between the plain values of the model and the library's: commands one way, answers the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.journeys.portal_books import Knobs, Moved, Scope, Step, Use, joined, of_credits
from tests.journeys.portal_model import PortalModel
from tests.journeys.portal_schedules import Repeat, Row
from tests.journeys.portal_training import Asked
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
    BelowAssigned,
    BulkDiscount,
    CatchUp,
    DebitAt,
    ExpiredCredit,
    ExpiredSource,
    ExpiryBoundary,
    FormerDistributors,
    GrantRounding,
    GuardBoundary,
    HeldAtExpiry,
    HoldsAtLapse,
    KeyCodeAudience,
    LastCycle,
    LeapDay,
    Moment,
    OnCancel,
    PaymentMethod,
    Policy,
    PurchasedAtLapse,
    RecurrenceAnchor,
    Refill,
    RefillMode,
    RefundMode,
    Refunds,
    Reissue,
    Reversible,
    Rounding,
    SessionOrder,
    SessionScope,
    Tender,
    Trigger,
    UndatedRank,
    Until,
    Upgrade,
)
from unitledger.time import Period

Figures = tuple[int, int, int, int, int, int]
"""Available, pending, held, spent, expired, void."""

# From plain values to the library's.


def units_of(wallet: str, parts: int) -> Amount:
    return Credits(parts=parts) if of_credits(wallet) else Units(parts=parts)


def _credits(parts: int) -> Credits:
    return Credits(parts=parts)


def _scope(scope: Scope | None) -> LotScope | None:
    return None if scope is None else LotScope(*scope)


def _use(use: Use) -> LotUse:
    return LotUse(use.course, use.item, use.groups) if any(use) else ANYTHING


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


def _span(span: tuple[str, int] | None) -> training.Span | None:
    return None if span is None else training.Span(Period(span[0]), span[1])


def _assignment(command: type[Any]) -> Callable[..., Command[Any]]:
    def made(rows: Sequence[Row], repeat: Repeat | None, **args: Any) -> Command[Any]:
        by_code = args["key_code"] is not None
        described: Command[Any] = command(
            **{**args, "lasts": _span(args["lasts"])},
            title="a title",
            method=training.Method.KEY_CODE if by_code else training.Method.DISTRIBUTOR,
            rows=tuple(
                training.AudienceRow(
                    Units(parts=row.amount), row.audience, None, False, row.per_member
                )
                for row in rows
            ),
            repeat=None if repeat is None else training.Repeat(Period(repeat.period), *repeat[1:]),
        )
        return described

    return made


def _distribute(amounts: Sequence[tuple[str, int]], **args: Any) -> Command[Any]:
    pairs = tuple((who, Units(parts=parts)) for who, parts in amounts)
    return training.Distribute(**args, amounts=pairs)


def _take_back(amount: int, **args: Any) -> Command[Any]:
    return training.TakeBack(**args, amount=Units(parts=amount))


def _register_key_code(user_cap: int | None = None, **args: Any) -> Command[Any]:
    cap = None if user_cap is None else Units(parts=user_cap)
    return training.RegisterKeyCode(**args, user_cap=cap)


def _buy_units(
    kind: str,
    units: int,
    method: str,
    price: tuple[str, Any] | None,
    coupon: tuple[str, int] | None,
    **args: Any,
) -> Command[Any]:
    return training.BuyUnits(
        **args,
        type=training.PurchaseType(kind),
        units=Units(parts=units),
        method=PaymentMethod(method),
        price=_cost(price),
        coupon=None if coupon is None else training.Coupon(*coupon),
    )


def _item(asked: Asked) -> training.Item:
    if asked.unit == "nothing":
        return training.Item.not_payable(asked.item, asked.quantity, starts=asked.starts)
    made = {"units": training.Item.in_units, "money": training.Item.in_money}[asked.unit]
    return made(asked.item, asked.price, asked.quantity, starts=asked.starts)


def _place_order(
    items: Sequence[Asked], remainder_by: str | None = None, **args: Any
) -> Command[Any]:
    method = None if remainder_by is None else PaymentMethod(remainder_by)
    return training.PlaceOrder(**args, items=tuple(map(_item, items)), remainder_by=method)


def _of_line(command: type[Any]) -> Callable[..., Command[Any]]:
    def made(amount: int | None, **args: Any) -> Command[Any]:
        units = None if amount is None else Units(parts=amount)
        given: Command[Any] = command(**args, amount=units)
        return given

    return made


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
    "register_key_code": _register_key_code,
    "edit_key_code": training.EditKeyCode,
    "suspend_key_code": training.SuspendKeyCode,
    "reopen_key_code": training.ReopenKeyCode,
    "replace_key_code": training.ReplaceKeyCode,
    "create_assignment": _assignment(training.CreateAssignment),
    "edit_assignment": _assignment(training.EditAssignment),
    "copy_assignment": training.CopyAssignment,
    "fire_assignment": training.FireAssignment,
    "cancel_assignment": training.CancelAssignment,
    "activate_assignment": training.ActivateAssignment,
    "name_distributors": training.NameDistributors,
    "distribute": _distribute,
    "take_back": _take_back,
    "buy_units": _buy_units,
    "edit_last_day": training.EditLastDay,
    "adjust_total": lambda lot, wallet, total: training.AdjustTotal(
        lot, wallet, Units(parts=total)
    ),
    "place_order": _place_order,
    "capture_line": _of_line(training.CaptureLine),
    "release_line": _of_line(training.ReleaseLine),
    "refund_line": _of_line(training.RefundLine),
    "reissue_units": lambda amount, **args: training.ReissueUnits(
        **args, amount=Units(parts=amount)
    ),
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
        zone=knobs.zone,
        **_policy_of_assignments(knobs),
        **_policy_of_key_codes(knobs),
        **_policy_of_orders(knobs),
    )


def _policy_of_assignments(knobs: Knobs) -> dict[str, Any]:
    return {
        "freeze_after_draw": knobs.freeze_after_draw,
        "recurrence_anchor": RecurrenceAnchor(knobs.recurrence_anchor),
        "leap_day": LeapDay(knobs.leap_day),
        "catch_up": CatchUp(knobs.catch_up),
        "on_cancel": OnCancel(knobs.on_cancel),
        "last_cycle": LastCycle(knobs.last_cycle),
        "cancel_scheduled": knobs.cancel_scheduled,
        "expiry_boundary": ExpiryBoundary(knobs.expiry_boundary),
        "former_distributors": FormerDistributors(knobs.former_distributors),
        "claw_back": knobs.claw_back,
        "below_assigned": BelowAssigned(knobs.below_assigned),
    }


def _policy_of_key_codes(knobs: Knobs) -> dict[str, Any]:
    cap = knobs.per_user_cap
    return {
        "key_code_audience": KeyCodeAudience(knobs.key_code_audience),
        "contact_may_edit": knobs.contact_may_edit,
        "max_codes_per_order": knobs.max_codes_per_order,
        "code_tops_up": knobs.code_tops_up,
        "per_user_cap": None if cap is None else Units(parts=cap),
        "currency": knobs.currency,
        "key_code_purchase": knobs.key_code_purchase,
        "bulk_discounts": tuple(
            BulkDiscount(Units(parts=parts), percent) for parts, percent in knobs.bulk_discounts
        ),
        "coupon_on_unit_purchase": knobs.coupon_on_unit_purchase,
    }


def _policy_of_orders(knobs: Knobs) -> dict[str, Any]:
    terms = knobs.refund if isinstance(knobs.refund, tuple) else ()
    mode = RefundMode.TERMS if isinstance(knobs.refund, tuple) else RefundMode(knobs.refund)
    return {
        "remainder_methods": frozenset(map(PaymentMethod, knobs.remainder_methods)),
        "debit_at": DebitAt(knobs.debit_at),
        "approval_days": knobs.approval_days,
        "held_at_expiry": HeldAtExpiry(knobs.held_at_expiry),
        "session_guard": knobs.session_guard,
        "guard_boundary": GuardBoundary(knobs.guard_boundary),
        "session_order": SessionOrder(knobs.session_order),
        "session_scope": SessionScope(knobs.session_scope),
        "undated_rank": UndatedRank(knobs.undated_rank),
        "refund": Refunds.by_terms(*terms) if terms else Refunds(mode),
        "refund_rounding": Rounding(knobs.refund_rounding),
        "expired_source": ExpiredSource(knobs.expired_source),
        "extend_days": knobs.extend_days,
    }


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
        return value.units.parts, value.money, value.charge, value.methods
    if isinstance(value, training.AssignmentCreated):
        return value.assignment, value.due, value.expires, value.total.parts
    if isinstance(value, training.UnitOffer):
        paid = value.price.currency, value.price.per_unit
        figures = value.units.parts, value.list_price, value.discount
        return (*figures, paid, value.money, value.charge)
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value


def figures(balance: Balance) -> dict[str, Figures]:
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
    yield from _remarkable_orders(receipt.outcome)
    yield from _remarkable_units(receipt)


def _remarkable_orders(outcome: Any) -> Iterator[str]:
    if isinstance(outcome, training.OrderPlaced):
        yield f"an order paid from {len(outcome.paid)} wallets"
        if outcome.remainder is not None:
            yield "an order partly left to money"
        if outcome.held:
            yield "an order held for an approval"
    if isinstance(outcome, training.LineDecided) and outcome.captured and outcome.held:
        yield "a line captured in part"
    if isinstance(outcome, training.LineDecided) and outcome.captured and outcome.released:
        yield "what ended before it could be captured"
    if isinstance(outcome, training.LineWithdrawn) and outcome.percent not in (0, 100):
        yield "a part of a debit given back"
    if isinstance(outcome, training.LineRefunded | training.LineWithdrawn) and outcome.reissued:
        yield "units issued anew for some that had ended"


def _remarkable_units(receipt: Receipt[Any]) -> Iterator[str]:
    outcome = receipt.outcome
    if isinstance(outcome, training.AssignmentFired) and outcome.cycle > 1 and outcome.lots:
        yield "an assignment fired again"
    if isinstance(outcome, training.AssignmentCancelled) and outcome.ended:
        yield "a cancellation that ended lots otherwise"
    if isinstance(outcome, training.TotalAdjusted) and len(receipt.moves) > 1:
        yield "a total taken out of several hands"


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
