"""The scheduler: everything that is due in a portal, carried out once, whoever comes round.

Firings of assignments, periods of subscriptions, and forfeits of those that have lapsed. Every
entry has a request id that derives from what it does, so a second run finds nothing to do, and two
at once do it once.

How much a period brings and when it ends follows from the policy. So every entry names in its
reason the policy that it was made under, and what was fired under one policy is not fired under
another until somebody says that the rules have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, final

import attrs

from unitledger.codec import encode
from unitledger.commands import Actor, Command, Outcome, Receipt
from unitledger.credits.lapses import Forfeit
from unitledger.credits.schedule import due as due_credits
from unitledger.credits.subscriptions import Replenish, Replenishment
from unitledger.errors import (
    Contention,
    InvalidType,
    PolicyChanged,
    Refused,
    RequestConflict,
    UnitLedgerError,
    shown,
)
from unitledger.ids import RequestId
from unitledger.journal import Tick, entry_of
from unitledger.ledger import Ledger
from unitledger.policy import Policy
from unitledger.ports import Reading
from unitledger.time import instant
from unitledger.training.firings import Firing, due_firings
from unitledger.values import Value

__all__ = ["Fired", "fire", "policy_mark"]

_UNDER: Final = "due, under policy "
_DIGITS: Final = 16


def policy_mark(policy: Policy) -> str:
    """The mark of a policy: the same for the same rules, in every process and every release.

    It is made of what differs from the defaults, so a policy keeps its mark when a later release
    brings new rules that it does not speak of.

    >>> policy_mark(Policy()) == policy_mark(Policy(zone="UTC"))
    True
    >>> policy_mark(Policy()) == policy_mark(Policy(zone="Europe/Vienna"))
    False

    Args:
        policy: The policy.
    """
    if type(policy) is not Policy:
        raise InvalidType("policy", shown(policy), "Policy")
    plain, said = Policy(), list[str]()
    for field in attrs.fields(Policy):
        value = getattr(policy, field.name)
        if value != getattr(plain, field.name):
            said.append(f"{field.name} {encode(value)}")
    return sha256("\n".join(said).encode("ascii")).hexdigest()[:_DIGITS]


@final
@attrs.frozen
class Fired(Value):
    """What came of one thing that was due.

    Attributes:
        request: The request id it was asked under.
        receipt: Its receipt; ``None`` when it was refused.
        refusal: What refused it.
    """

    request: RequestId
    receipt: Receipt[Outcome] | None
    refusal: UnitLedgerError | None


@attrs.frozen
class _Task:
    """A command that is due, and the record of the turn before it, if there was one."""

    request: RequestId
    command: Command[Any]
    before: tuple[str, str] | None


def fire(
    ledger: Ledger,
    *,
    by: Actor,
    at: datetime | None = None,
    replacing: str = "",
    tick: Tick | None = None,
) -> tuple[Fired, ...]:
    """Carry out everything that is due in a portal and not done yet.

    What is refused does not stop the rest. Somebody who is late, or comes twice, changes nothing of
    what is issued, when it was acquired and when it ends.

    Args:
        ledger: The portal, under its policy and with its directory.
        by: Who gives the commands: an administrator, or the system.
        at: The last instant to look at (UTC); ``None`` is now.
        replacing: The mark of the policy that this one replaces, when the rules have changed.
        tick: Called once for each thing that was due.

    Returns:
        For everything that was due its receipt or its refusal. What was fired the turn before under
        a policy that is neither the ledger's nor the one replaced is refused as `PolicyChanged`.

    Source: TU-040, TU-041, TU-051, C40, C43.
    """
    when = ledger.clock.now() if at is None else instant(at, "at")
    mark, done = policy_mark(ledger.policy), dict[RequestId, Fired]()
    while waiting := [one for one in _waiting(ledger, when) if one.request not in done]:
        for one in waiting:
            done[one.request] = _fired(ledger, one, by, mark, replacing)
            if tick is not None:
                tick()
    return tuple(done.values())


def _waiting(ledger: Ledger, at: datetime) -> list[_Task]:
    with ledger.store.read(ledger.portal) as reading:
        return [*_firings(reading, at), *_credits(reading, at)]


def _firings(reading: Reading, at: datetime) -> Iterator[_Task]:
    for command in due_firings(reading, at):
        name, cycle = command.assignment, command.cycle
        before = (Firing.KIND, f"{name}/{cycle - 1}") if cycle > 1 else None
        yield _Task(RequestId(f"fire {name}/{cycle}"), command, before)


def _credits(reading: Reading, at: datetime) -> Iterator[_Task]:
    for one in due_credits(reading, at=at):
        yield _Task(one.request, one.command, _period_before(one.command))


def _period_before(command: Replenish | Forfeit) -> tuple[str, str] | None:
    if isinstance(command, Forfeit) or not command.index:
        return None
    return Replenishment.KIND, f"{command.subscription}/{command.index - 1}"


def _fired(ledger: Ledger, task: _Task, by: Actor, mark: str, replacing: str) -> Fired:
    try:
        _check_mark(ledger, task, (mark, replacing))
        reason = f"{_UNDER}{mark}"
        receipt = ledger.execute(task.command, by=by, request=task.request, reason=reason)
    except (Refused, RequestConflict, Contention) as refusal:
        return Fired(task.request, None, refusal)
    return Fired(task.request, receipt, None)


def _check_mark(ledger: Ledger, task: _Task, allowed: Iterable[str]) -> None:
    """Refuse a turn when the one before it was fired under another policy."""
    if task.before is None:
        return
    with ledger.store.read(ledger.portal) as reading:
        author = reading.author(*task.before)
        kept = None if author is None else reading.request(author)
    reason = "" if kept is None else entry_of(kept).reason
    earlier = reason.removeprefix(_UNDER)
    if earlier != reason and earlier not in allowed:
        raise PolicyChanged(task.before[1], earlier, next(iter(allowed)))
