"""What the values of subscriptions and payments refuse, in words: C23, C40 to C51.

Every text says which field it was, what it held and what it may hold.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.rules.credits_portal import CRON, POOL, START, at, portal
from unitledger.amounts import Credits
from unitledger.commands import Command
from unitledger.credits import (
    ChangePlan,
    ChargeBack,
    Forfeit,
    Lapse,
    LapseTerms,
    Payment,
    PaymentState,
    PlanChange,
    Purchase,
    PurchaseForCourse,
    Receivable,
    Replenish,
    Replenishment,
    Resubscribe,
    Subscribe,
    Subscription,
    SubscriptionState,
)
from unitledger.errors import UnitLedgerError
from unitledger.policy import (
    HoldsAtLapse,
    Policy,
    PurchasedAtLapse,
    Refill,
    RefillMode,
    Upgrade,
)
from unitledger.time import Period, Recurrence

FIVE = Credits.of(5)
LAPSED, OVER = at("2026-02-10"), at("2026-02-24")
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001
KEEP, HONOUR = PurchasedAtLapse.KEEP, HoldsAtLapse.HONOUR
AT_ONCE = Upgrade.IMMEDIATE
YEARLY = Recurrence(START, Period.YEAR)
CHANGE, LATER = PlanChange(LAPSED, FIVE, 1, AT_ONCE), PlanChange(OVER, FIVE, 1, AT_ONCE)
TERMS = LapseTerms(LAPSED, OVER, KEEP, HONOUR)
IN_FORCE, SUSPENDED = SubscriptionState.IN_FORCE, SubscriptionState.SUSPENDED


REFUSED: list[tuple[Callable[[], object], str]] = [
    (
        lambda: LapseTerms(OVER, LAPSED, KEEP, HONOUR),  # type: ignore[arg-type,list-item,unused-ignore]
        "forfeits is 2026-02-10T00:00:00+00:00; give no instant before since",
    ),
    (
        lambda: LapseTerms(LAPSED, OVER, "keep", HONOUR),  # type: ignore[arg-type,list-item,unused-ignore]
        "purchased is 'keep'; give exactly PurchasedAtLapse",
    ),
    (
        lambda: LapseTerms(LAPSED, OVER, KEEP, "honour"),  # type: ignore[arg-type,list-item,unused-ignore]
        "holds is 'honour'; give exactly HoldsAtLapse",
    ),
    (
        lambda: LapseTerms(LAPSED, NAIVE, KEEP, HONOUR),  # type: ignore[arg-type,list-item,unused-ignore]
        "forfeits is 2026-01-01T00:00:00, without a zone; give an aware datetime",
    ),
    (
        lambda: LapseTerms(NAIVE, OVER, KEEP, HONOUR),  # type: ignore[arg-type,list-item,unused-ignore]
        "since is 2026-01-01T00:00:00, without a zone; give an aware datetime",
    ),
    (
        lambda: PlanChange(NAIVE, FIVE, 1, AT_ONCE),  # type: ignore[arg-type,list-item,unused-ignore]
        "at is 2026-01-01T00:00:00, without a zone; give an aware datetime",
    ),
    (
        lambda: PlanChange(LAPSED, FIVE, -1, AT_ONCE),  # type: ignore[arg-type,list-item,unused-ignore]
        "period is -1; give 0 to 999999",
    ),
    (
        lambda: PlanChange(LAPSED, FIVE, 1.0, AT_ONCE),  # type: ignore[arg-type,list-item,unused-ignore]
        "period is a float; give exactly int",
    ),
    (
        lambda: PlanChange(LAPSED, FIVE, 10**6, AT_ONCE),  # type: ignore[arg-type,list-item,unused-ignore]
        "period is 1000000; give 0 to 999999",
    ),
    (
        lambda: PlanChange(LAPSED, FIVE, 1, "immediate"),  # type: ignore[arg-type,list-item,unused-ignore]
        "upgrade is 'immediate'; give exactly Upgrade",
    ),
    (
        lambda: PlanChange(LAPSED, Credits.of(0), 1, AT_ONCE),  # type: ignore[arg-type,list-item,unused-ignore]
        "base is zero; give an amount above zero",
    ),
    (
        lambda: Subscription("s" * 101, FIVE, YEARLY),  # type: ignore[arg-type,list-item,unused-ignore]
        "characters of a subscription id: 101; the limit is 100",
    ),
    (
        lambda: Subscription("", FIVE, YEARLY),  # type: ignore[arg-type,list-item,unused-ignore]
        (
            "subscription is ''; give 1 to 128 printable ASCII characters "
            "without a space at either end"
        ),
    ),
    (
        lambda: Subscription("s", Credits.of(0), YEARLY),  # type: ignore[arg-type,list-item,unused-ignore]
        "base is zero; give an amount above zero",
    ),
    (
        lambda: Subscription("s", FIVE, "yearly"),  # type: ignore[arg-type,list-item,unused-ignore]
        "renewal is 'yearly'; give exactly Recurrence",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, [CHANGE]),  # type: ignore[arg-type,list-item,unused-ignore]
        "changes is a list; give exactly a tuple of PlanChange",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, ("more",)),  # type: ignore[arg-type,list-item,unused-ignore]
        "changes is a tuple; give exactly a tuple of PlanChange",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, (CHANGE,) * 1001),  # type: ignore[arg-type,list-item,unused-ignore]
        "changes of a plan: 1001; the limit is 1000",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, (LATER, CHANGE)),  # type: ignore[arg-type,list-item,unused-ignore]
        "changes is in another order; give the earlier ones first",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, (), "in_force"),  # type: ignore[arg-type,list-item,unused-ignore]
        "state is 'in_force'; give exactly SubscriptionState",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, (), SUSPENDED),  # type: ignore[arg-type,list-item,unused-ignore]
        "lapse is None; give the terms of a lapse, once it lapsed",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, (), SUSPENDED, "lapsed"),  # type: ignore[arg-type,list-item,unused-ignore]
        "lapse is 'lapsed'; give exactly LapseTerms",
    ),
    (
        lambda: Subscription("s", FIVE, YEARLY, (), IN_FORCE, TERMS),  # type: ignore[arg-type,list-item,unused-ignore]
        "lapse is a LapseTerms; give the terms of a lapse, once it lapsed",
    ),
    (
        lambda: Replenishment("s", -1),  # type: ignore[arg-type,list-item,unused-ignore]
        "period is -1; give 0 to 999999",
    ),
    (
        lambda: Replenish("s", 10**6),  # type: ignore[arg-type,list-item,unused-ignore]
        "index is 1000000; give 0 to 999999",
    ),
    (
        lambda: Subscribe("s", FIVE, "year"),  # type: ignore[arg-type,list-item,unused-ignore]
        "period is 'year'; give exactly Period",
    ),
    (
        lambda: Subscribe("s", FIVE, Period.DAY),  # type: ignore[arg-type,list-item,unused-ignore]
        "period is 'day'; give Period.YEAR or Period.MONTH",
    ),
    (
        lambda: Subscribe("s", FIVE, Period.YEAR, NAIVE),  # type: ignore[arg-type,list-item,unused-ignore]
        "anchor is 2026-01-01T00:00:00, without a zone; give an aware datetime",
    ),
    (
        lambda: Payment("o" * 121, "l", POOL, "ann", "t"),  # type: ignore[arg-type,list-item,unused-ignore]
        "characters of a payment reference: 121; the limit is 120",
    ),
    (
        lambda: Payment("", "l", POOL, "ann", "t"),  # type: ignore[arg-type,list-item,unused-ignore]
        "payment is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: Payment("o", "", POOL, "ann", "t"),  # type: ignore[arg-type,list-item,unused-ignore]
        "lot is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: Payment("o", "l", "here", "ann", "t"),  # type: ignore[arg-type,list-item,unused-ignore]
        "wallet is 'here'; give pool, course/C, manager/M/C, batch/A/n/row, member/U or keycode/K",
    ),
    (
        lambda: Payment("o", "l", POOL, "", "t"),  # type: ignore[arg-type,list-item,unused-ignore]
        "buyer is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: Payment("o", "l", POOL, "ann", ""),  # type: ignore[arg-type,list-item,unused-ignore]
        "terms is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: Payment("o", "l", POOL, "ann", "t", "paid"),  # type: ignore[arg-type,list-item,unused-ignore]
        "state is 'paid'; give exactly PaymentState",
    ),
    (
        lambda: Receivable("o", "", FIVE),  # type: ignore[arg-type,list-item,unused-ignore]
        "buyer is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: Receivable("o", "ann", Credits.of(0)),  # type: ignore[arg-type,list-item,unused-ignore]
        "missing is zero; give an amount above zero",
    ),
    (
        lambda: Receivable("o", "ann", FIVE, "4.50"),  # type: ignore[arg-type,list-item,unused-ignore]
        "cost is '4.50'; give exactly Cost",
    ),
    (
        lambda: Purchase("o", FIVE, ""),  # type: ignore[arg-type,list-item,unused-ignore]
        "terms is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: Purchase("o", FIVE, "t", "4.50"),  # type: ignore[arg-type,list-item,unused-ignore]
        "cost is '4.50'; give exactly Cost",
    ),
    (
        lambda: PurchaseForCourse("o", "", "c", FIVE, "t"),  # type: ignore[arg-type,list-item,unused-ignore]
        "manager is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: PurchaseForCourse("o", "m", "", FIVE, "t"),  # type: ignore[arg-type,list-item,unused-ignore]
        "course is ''; give 1 to 128 printable ASCII characters without a space at either end",
    ),
    (
        lambda: PurchaseForCourse("o", "m", "c", FIVE, "t", "4.50"),  # type: ignore[arg-type,list-item,unused-ignore]
        "cost is '4.50'; give exactly Cost",
    ),
    (
        lambda: ChargeBack("o" * 121),  # type: ignore[arg-type,list-item,unused-ignore]
        "characters of a payment reference: 121; the limit is 120",
    ),
    (
        lambda: Forfeit("s", "here"),  # type: ignore[arg-type,list-item,unused-ignore]
        "wallet is 'here'; give pool, course/C, manager/M/C, batch/A/n/row, member/U or keycode/K",
    ),
    (
        lambda: Forfeit("s", "member/leo"),  # type: ignore[arg-type,list-item,unused-ignore]
        "units given where credits belong",
    ),
    (
        lambda: Refill("add"),  # type: ignore[arg-type,list-item,unused-ignore]
        "mode is 'add'; give exactly RefillMode",
    ),
    (
        lambda: Refill(RefillMode.RESET_TO),  # type: ignore[arg-type,list-item,unused-ignore]
        "credits is None; give more than zero for reset_to and add_capped, else None",
    ),
    (
        lambda: Refill(RefillMode.ADD, FIVE),  # type: ignore[arg-type,list-item,unused-ignore]
        "credits is a Credits; give more than zero for reset_to and add_capped, else None",
    ),
    (
        lambda: Refill(RefillMode.ADD_CAPPED, 5),  # type: ignore[arg-type,list-item,unused-ignore]
        "credits is 5; give exactly Credits",
    ),
    (
        lambda: Policy(lapse_grace_days=-1),  # type: ignore[arg-type,list-item,unused-ignore]
        "lapse_grace_days is -1; give 0 to 36500",
    ),
]
"""Each as it is made, and what it says."""


@pytest.mark.parametrize(
    ("make", "said"), [pytest.param(*row, id=f"C48 C50 {n}") for n, row in enumerate(REFUSED)]
)
def test_what_is_refused_says_what_it_may_be(make: Callable[[], object], said: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make()
    assert str(refusal.value) == said


def test_states_and_modes_print_as_they_are_written() -> None:
    """C41 to C50."""
    printed = [
        *(SUSPENDED, PaymentState.CHARGED_BACK, RefillMode.ADD_CAPPED),
        *(Upgrade.PRORATED, PurchasedAtLapse.FORFEIT, HoldsAtLapse.RELEASE_THEN_FORFEIT),
    ]
    assert list(map(repr, printed)) == [
        "SubscriptionState.SUSPENDED",
        "PaymentState.CHARGED_BACK",
        "RefillMode.ADD_CAPPED",
        "Upgrade.PRORATED",
        "PurchasedAtLapse.FORFEIT",
        "HoldsAtLapse.RELEASE_THEN_FORFEIT",
    ]


def test_the_chain_of_the_pool_says_when_terms_were_written() -> None:
    """C43, C44, C50, C62: also where nothing moves."""
    commands: list[Command[Any]] = [
        *(Subscribe("s", FIVE, Period.MONTH), Replenish("s", 0), ChangePlan("s", FIVE)),
        *(ChangePlan("s", Credits.of(6)), Lapse("s"), Resubscribe("s")),
    ]
    with portal(Policy(lapse_grace_days=1)) as lms:
        for command in commands:
            lms.run(command, CRON)
        touched = [[touch.wallet for touch in entry.touches] for entry in lms.ledger.entries()]
        assert touched == [[POOL]] * len(commands)
