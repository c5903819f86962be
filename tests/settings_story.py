"""A story told in one interpreter; what it prints must not depend on how that was started.

Run with an argument, it first sets up a host that means no good: ``context`` a decimal context of
one digit that traps everything, ``attrs`` attrs without its validators.
"""

from __future__ import annotations

import decimal
import random
import sys
from hashlib import sha256
from typing import Any

import attrs

from tests import probes
from tests.desk import ANN, BEN, COURSE, POOL, Desk, c, day, u
from unitledger.codec import encode
from unitledger.commands import Actor, Command, Role
from unitledger.errors import UnitLedgerError
from unitledger.ids import ClaimId, LotId
from unitledger.ledger import Call
from unitledger.lots import Category, Cost, Scope, Use
from unitledger.operations import EditExpiry, Hold, Issue, Release, Reverse, Spend, Sweep, Transfer
from unitledger.orders import BurnOrder
from unitledger.ports import FixedDirectory

EVERYTHING = Actor.acting("everybody", *Role)


def hostile(host: str) -> None:
    """What the host does before it uses the library."""
    if host == "context":
        decimal.DefaultContext.prec = 1
        decimal.DefaultContext.Emax = 1
        signals = list(decimal.Context().flags)
        decimal.setcontext(decimal.Context(prec=1, Emax=1, Emin=-1, traps=signals))
    if host == "attrs":
        attrs.validators.set_disabled(True)


def told() -> list[str]:
    """Every receipt, refusal and entry of the story."""
    names = frozenset(f"g{n}" for n in range(9))
    directory = FixedDirectory(frozenset({("m", "c")}), frozenset(("ann", name) for name in names))
    desk, chance, lines = Desk(directory=directory), random.Random(3), list[str]()
    scope = Scope(courses=names, audience=names)
    desk.issue("p", POOL, c(99), expires=day(90))
    for number in range(12):
        terms = {
            "expires": chance.choice([None, day(9), day(20), day(40)]),
            "category": chance.choice(list(Category)),
            "scope": chance.choice([None, scope]),
            "cost": Cost.of(chance.choice(["0.9", "1.10"]), "EUR"),
        }
        desk.issue(f"l{number}", ANN, u(chance.randrange(1, 9)), **terms)
    use = Use(course="g1", groups=names)
    order = BurnOrder.parse("-cost, category(granted)")
    for number in range(60):
        desk.at(number / 2)
        claims = [claim.id for entry in desk.ledger.entries() for claim in entry.claims]
        claim, amount = chance.choice(claims or [ClaimId("x")]), u(chance.randrange(1, 9))
        command: Command[Any] = chance.choice(
            (
                Spend(ANN, amount, use, order),
                Hold(ANN, u(1), day(number / 2 + 3), use),
                Transfer(ANN, BEN, u(1)),
                Transfer(POOL, COURSE, c(1)),
                EditExpiry(LotId(f"l{chance.randrange(12)}"), ANN, day(number + 5)),
                Sweep(ANN),
                Issue(LotId("l1"), ANN, u(1)),
                probes.Careful(ANN),
                Release(claim, ANN),
                Reverse(claim, ANN),
            )
        )
        for answer in desk.ledger.execute_many([Call(command, EVERYTHING, f"x{number}")]):
            lines.append(str(answer) if isinstance(answer, UnitLedgerError) else encode(answer))
    plan = desk.ledger.explain(ANN, u(5), use=use)
    lines += [str(desk.figures(ANN)), str([(lot.id, parts) for lot, parts in plan.taken])]
    desk.check()
    return [*lines, *(kept.text + kept.hash for kept in desk.journal())]


if __name__ == "__main__":
    hostile(sys.argv[1])
    with probes.named():
        lines = told()
    print(len(lines), sha256("\n".join(lines).encode()).hexdigest())
