"""Credits bought one by one, and payments taken back: C23, C46 to C49."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.rules.credits_portal import (
    AID,
    ANN,
    CRON,
    FIRE,
    MAX,
    MIA,
    MIAS,
    POOL,
    START,
    Portal,
    at,
    learner,
    portal,
)
from unitledger.amounts import Credits, Units
from unitledger.commands import Actor, Command, Role
from unitledger.credits import (
    AcceptInvite,
    Allocate,
    ChangePlan,
    ChargeBack,
    DeactivateManager,
    Deallocate,
    Enrol,
    Payment,
    PaymentState,
    Purchase,
    PurchaseForCourse,
    Recall,
    Receivable,
    Replenish,
    ReverseEnrolment,
    SendInvite,
    Subscribe,
    receivables,
)
from unitledger.errors import (
    AlreadyExists,
    NotPermitted,
    NotRegistered,
    PaymentConflict,
    UnitLedgerError,
    UnknownObject,
    WrongUnit,
)
from unitledger.ids import LotId, RecordId, WalletId
from unitledger.lots import Category, Cost, Scope
from unitledger.operations import EditExpiry, Issue, Sweep
from unitledger.ports import FixedDirectory
from unitledger.time import Period, Validity

PRICE = Cost.of("4.50", "EUR")
PRICIER = Cost.of("4.51", "EUR")


def bought(
    amount: int = 10,
    *,
    payment: str = "order 17",
    terms: str = "2026-01",
    cost: Cost | None = PRICE,
) -> Purchase:
    return Purchase(payment, Credits.of(amount), terms, cost)


def for_course(
    amount: int = 3,
    *,
    payment: str = "order 18",
    manager: str = "mia",
    course: str = "first-aid",
    terms: str = "2026-01",
    cost: Cost | None = PRICE,
) -> PurchaseForCourse:
    return PurchaseForCourse(payment, manager, course, Credits.of(amount), terms, cost)


def payment(lms: Portal, reference: str = "order 17") -> Payment:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        found = reading.record(Payment.KIND, reference)
    assert isinstance(found, Payment)
    return found


def owed(lms: Portal) -> tuple[Receivable, ...]:
    with lms.ledger.store.read(lms.ledger.portal) as reading:
        return receivables(reading)


@pytest.mark.parametrize("number", [1, 7, 10**15], ids=lambda n: f"C47 {n} credits")
def test_an_administrator_buys_as_many_as_they_like(number: int) -> None:
    with portal() as lms:
        outcome = lms.run(bought(number)).outcome
        assert (outcome.payment, outcome.lot, outcome.wallet) == (
            *("order 17", "order 17/paid", POOL),
        )
        assert outcome.amount.parts == lms.free(POOL) == number


def test_a_bought_lot_knows_what_it_is() -> None:
    """C47, C48: its category, its price, and no end; its payment, who bought it on which terms."""
    with portal() as lms:
        receipt = lms.run(bought())
        assert [(move.verb, move.parts) for move in receipt.moves] == [("issue", 10)]
        (line,) = lms.ledger.balance(POOL).lots
        assert (line.lot.category, line.lot.cost) == (Category.PURCHASED, PRICE)
        assert (line.lot.terms, line.lot.acquired) == (Validity(START), START)
        assert (line.lot.scope, line.lot.home) == (None, POOL)
        expected = Payment(
            *(RecordId("order 17"), LotId("order 17/paid"), POOL, "ann", "2026-01"),
        )
        assert payment(lms) == expected
        assert payment(lms).state is PaymentState.PAID


def test_bought_credits_serve_every_course() -> None:
    """C6, C47."""
    with portal() as lms:
        lms.run(bought())
        lms.run(Allocate("fire", Credits.of(4)))
        lms.run(Enrol("leo", "first-aid"))
        assert (lms.free(POOL), lms.free(FIRE), lms.spent(POOL)) == (5, 4, 1)


MANAGER_AND_SYSTEM = [MIA, CRON, learner("leo"), Actor.acting("cleo", Role.CREATOR)]


@pytest.mark.parametrize("by", MANAGER_AND_SYSTEM, ids=lambda one: f"C47 C60 {one.id}")
def test_nobody_else_buys_for_the_pool(by: Actor) -> None:
    with portal() as lms:
        assert isinstance(lms.refused(bought(), by), NotPermitted)


def test_the_same_payment_is_one_deposit() -> None:
    """C48: whoever sends it again, and after everything was spent and charged back."""
    with portal() as lms:
        first = lms.run(bought(1), request="first")
        for before in (None, Enrol("leo", "fire"), ChargeBack("order 17")):
            if before is not None:
                lms.run(before)
            again = lms.run(bought(1), Actor.acting("eva", Role.ADMIN))
            assert (again.same_as, again.moves, again.outcome) == ("first", (), first.outcome)
        assert lms.free(POOL) == 0
        assert payment(lms).buyer == "ann"


@pytest.mark.parametrize(
    ("other", "by", "differs"),
    [
        pytest.param(bought(11), ANN, ("amount",), id="C48 more"),
        pytest.param(bought(9), ANN, ("amount",), id="C48 fewer"),
        pytest.param(bought(cost=PRICIER), ANN, ("cost",), id="C48 another price"),
        pytest.param(bought(cost=None), ANN, ("cost",), id="C48 no price"),
        pytest.param(bought(terms="2026-02"), ANN, ("terms",), id="C48 other terms"),
        pytest.param(
            for_course(10, payment="order 17"), MIA, ("wallet",), id="C48 for another wallet"
        ),
        pytest.param(
            for_course(3, payment="order 17", terms="t", cost=None),
            MIA,
            ("amount", "cost", "terms", "wallet"),
            id="C48 another purchase altogether",
        ),
    ],
)
def test_a_payment_pays_for_one_purchase(
    other: Command[Any], by: Actor, differs: tuple[str, ...]
) -> None:
    with portal() as lms:
        lms.run(bought())
        refusal = lms.refused(other, by)
        assert isinstance(refusal, PaymentConflict)
        assert (refusal.payment, refusal.differs) == ("order 17", differs)
        lms.run(ChargeBack("order 17"))
        assert isinstance(lms.refused(other, by), PaymentConflict)


def test_a_lot_of_that_name_is_not_overwritten() -> None:
    """C48."""
    with portal() as lms:
        lms.fill(2, lot="order 17/paid")
        refusal = lms.refused(bought())
        assert isinstance(refusal, AlreadyExists)
        assert (refusal.kind, refusal.key) == ("lot", "order 17/paid")


def test_a_manager_buys_for_a_course_and_has_the_credits() -> None:
    """C23: not the course, not the pool; and they spend them on invites at once."""
    with portal() as lms:
        receipt = lms.run(for_course(), MIA)
        outcome = receipt.outcome
        assert (outcome.payment, outcome.lot, outcome.wallet, outcome.amount.parts) == (
            *("order 18", "order 18/paid", MIAS, 3),
        )
        assert lms.figures() == {MIAS: (3, 0, 0)}
        (line,) = lms.ledger.balance(MIAS).lots
        assert (line.lot.home, line.lot.scope) == (MIAS, Scope(courses=frozenset({"first-aid"})))
        assert (line.lot.category, line.lot.cost) == (Category.PURCHASED, PRICE)
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA, request="invite")
        lms.run(AcceptInvite("invite.1", "leo"), learner("leo"))
        assert lms.figures() == {MIAS: (2, 0, 1)}


def test_what_a_manager_bought_for_a_course_serves_that_course_alone() -> None:
    """C16, C23: also when it has come back to the pool."""
    with portal() as lms:
        lms.run(for_course(), MIA)
        lms.run(Recall("mia", "first-aid", Credits.of(3)))
        lms.run(Deallocate("first-aid", Credits.of(3)))
        assert lms.refused(Enrol("leo", "fire")).code == "insufficient_units"
        assert lms.refused(Allocate("fire", Credits.of(1))).code == "insufficient_units"
        lms.run(Enrol("leo", "first-aid"))
        assert lms.free(POOL) == 2


def test_a_manager_buys_only_for_a_course_of_theirs() -> None:
    """C14, C23."""
    with portal() as lms:
        refusal = lms.refused(for_course(course="fire", manager="max"), MAX)
        assert isinstance(refusal, NotRegistered)
        assert (refusal.manager, refusal.course) == ("max", "fire")
        for by in (ANN, MAX, CRON, learner("mia")):
            assert isinstance(lms.refused(for_course(), by), NotPermitted)


def test_a_managers_payment_is_one_deposit_as_well() -> None:
    """C23, C48."""
    with portal() as lms:
        first = lms.run(for_course(), MIA, request="first")
        again = lms.run(for_course(), MIA)
        assert (again.same_as, again.moves, again.outcome) == ("first", (), first.outcome)
        refusal = lms.refused(for_course(course="fire"), MIA)
        assert isinstance(refusal, PaymentConflict)
        assert refusal.differs == ("wallet",)


@pytest.mark.parametrize(
    ("used", "taken", "missing"),
    [
        pytest.param([], 10, 0, id="C49 all of it is free"),
        pytest.param([Allocate("first-aid", Credits.of(4))], 6, 4, id="C49 some is allocated"),
        pytest.param([Enrol("leo", "fire")], 9, 1, id="C49 one is spent"),
        pytest.param([Allocate("first-aid", Credits.of(10))], 0, 10, id="C49 nothing is free"),
        pytest.param(
            [Allocate("fire", Credits.of(4)), Deallocate("fire", Credits.of(1))],
            *(7, 3),
            id="C49 some is back",
        ),
    ],
)
def test_a_charge_back_takes_what_is_free_and_writes_down_the_rest(
    used: list[Command[Any]], taken: int, missing: int
) -> None:
    with portal() as lms:
        lms.run(bought())
        for command in used:
            lms.run(command)
        outcome = lms.run(ChargeBack("order 17"), CRON, request="back").outcome
        assert (outcome.payment, outcome.amount.parts) == ("order 17", taken)
        assert outcome.missing.parts == missing
        assert lms.free(POOL) == 0
        found = payment(lms)
        assert (found.state, found.charged_back_by) == (PaymentState.CHARGED_BACK, "back")


@pytest.mark.parametrize(
    ("used", "taken", "missing"),
    [
        pytest.param(0, 10, 0, id="C49 nothing used"),
        pytest.param(4, 6, 4, id="C49 four used"),
        pytest.param(10, 0, 10, id="C49 all used"),
    ],
)
def test_a_charge_back_never_takes_what_another_lot_holds(
    used: int, taken: int, missing: int
) -> None:
    """C49: the pool is never below zero, and others' credits are not touched."""
    with portal() as lms:
        lms.run(bought())
        if used:
            lms.run(Allocate("first-aid", Credits.of(used)))
        lms.fill(20, lot="other")
        receipt = lms.run(ChargeBack("order 17"), request="back")
        assert (receipt.outcome.amount.parts, receipt.outcome.missing.parts) == (taken, missing)
        moves = [(move.verb, move.lot, move.parts) for move in receipt.moves]
        assert moves == ([("void", "order 17/paid", taken)] if taken else [])
        assert (lms.free(POOL), lms.free(AID)) == (20, used)
        assert lms.ledger.balance(POOL).void.parts == taken
        debts = [(one.payment, one.missing.parts, one.cost, one.buyer) for one in owed(lms)]
        assert debts == ([("order 17", missing, PRICE, "ann")] if missing else [])
        again = lms.run(ChargeBack("order 17"), CRON)
        assert (again.same_as, again.moves, again.outcome) == ("back", (), receipt.outcome)
        assert len(owed(lms)) == bool(missing)


def test_what_comes_back_after_a_charge_back_stays() -> None:
    """C49: it is owed for already."""
    with portal() as lms:
        lms.run(bought(1))
        lms.run(Enrol("leo", "fire"), request="enrol")
        lms.run(ChargeBack("order 17"))
        lms.run(ReverseEnrolment("enrol.1"))
        assert lms.free(POOL) == 1
        assert lms.run(ChargeBack("order 17")).outcome.missing.parts == 1
        assert [one.missing.parts for one in owed(lms)] == [1]


def test_a_managers_purchase_is_charged_back_where_it_appeared() -> None:
    """C23, C49."""
    with portal() as lms:
        lms.run(for_course(), MIA)
        lms.run(SendInvite("leo@", "first-aid", "mia"), MIA)
        outcome = lms.run(ChargeBack("order 18")).outcome
        assert (outcome.amount.parts, outcome.missing.parts) == (2, 1)
        assert (lms.free(MIAS), lms.held(MIAS)) == (0, 1)
        (debt,) = owed(lms)
        assert (debt.buyer, debt.missing.parts) == ("mia", 1)


def test_what_has_lapsed_is_not_free() -> None:
    """C49: an expiry that was set later counts, also before it is written down."""
    for ends, taken in ((at("2026-03-01"), 0), (at("2026-03-02"), 10)):
        with portal() as lms:
            lms.run(bought())
            lms.run(EditExpiry(LotId("order 17/paid"), POOL, ends))
            lms.clock.at = at("2026-03-01")
            assert lms.run(ChargeBack("order 17")).outcome.amount.parts == taken


def test_credits_that_were_expired_and_came_back_are_free() -> None:
    """C49."""
    with portal() as lms:
        lms.run(bought())
        lms.run(EditExpiry(LotId("order 17/paid"), POOL, at("2026-03-01")))
        lms.clock.at = at("2026-03-02")
        lms.fill(1)
        assert lms.refused(Allocate("fire", Credits.of(2))).code == "insufficient_units"
        lms.run(EditExpiry(LotId("order 17/paid"), POOL, None))
        assert lms.run(ChargeBack("order 17")).outcome.amount.parts == 10


def test_there_must_be_such_a_payment() -> None:
    """C49."""
    with portal() as lms:
        refusal = lms.refused(ChargeBack("order 99"))
        assert isinstance(refusal, UnknownObject)
        assert (refusal.kind, refusal.key) == ("payment", "order 99")
        assert isinstance(lms.refused(ChargeBack("order 99"), MIA), NotPermitted)


def test_what_is_owed_is_found_page_by_page() -> None:
    """C49."""
    with portal() as lms:
        for name in ("b", "a", "c"):
            lms.run(bought(1, payment=name, cost=None))
        lms.run(Allocate("fire", Credits.of(3)))
        for name in ("b", "a", "c"):
            lms.run(ChargeBack(name))
        assert [one.payment for one in owed(lms)] == ["a", "b", "c"]
        assert {one.cost for one in owed(lms)} == {None}
        with lms.ledger.store.read(lms.ledger.portal) as reading:
            assert [one.payment for one in receivables(reading, limit=2)] == ["a", "b"]
            assert [one.payment for one in receivables(reading, after="b")] == ["c"]
            found = reading.find(Payment.KIND, "buyer", "ann")
            assert [one.key for one in found] == ["a", "b", "c"]
            assert len(reading.find(Payment.KIND, "wallet", POOL)) == 3
            assert len(reading.find(Receivable.KIND, "buyer", "ann")) == 3


def test_the_pool_is_filled_by_renewals_purchases_and_upgrades_alone() -> None:
    """C46: running out brings nothing by itself."""
    with portal() as lms:
        lms.run(Subscribe("small", Credits.of(1), Period.YEAR))
        lms.run(Replenish("small", 0), CRON)
        lms.run(Enrol("leo", "fire"))
        assert lms.refused(Enrol("lea", "fire")).code == "insufficient_units"
        assert lms.free(POOL) == 0
        lms.run(ChangePlan("small", Credits.of(2)))
        assert lms.free(POOL) == 1
        lms.run(bought(1))
        assert lms.free(POOL) == 2


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda: bought(0), "invalid_value", id="C4 none"),
        pytest.param(
            lambda: Purchase("o", Units.of(5), "t"),  # type: ignore[arg-type]
            "wrong_unit",
            id="C4 units",
        ),
        pytest.param(lambda: bought(terms=""), "invalid_id", id="C47 no terms accepted"),
        pytest.param(lambda: bought(payment=""), "invalid_id", id="C48 no reference"),
        pytest.param(lambda: bought(payment="o" * 121), "limit_exceeded", id="C48 a long one"),
        pytest.param(
            lambda: bought(cost="4.50"),  # type: ignore[arg-type]
            "invalid_type",
            id="C48 a text for a price",
        ),
        pytest.param(lambda: for_course(0), "invalid_value", id="C23 none"),
        pytest.param(lambda: for_course(terms=""), "invalid_id", id="C23 no terms"),
        pytest.param(lambda: for_course(manager=""), "invalid_id", id="C23 nobody"),
        pytest.param(lambda: for_course(course=""), "invalid_id", id="C23 nothing"),
        pytest.param(lambda: for_course(payment="o" * 121), "limit_exceeded", id="C23 a long one"),
        pytest.param(lambda: ChargeBack("o" * 121), "limit_exceeded", id="C49 a long one"),
        pytest.param(lambda: ChargeBack(""), "invalid_id", id="C49 no reference"),
        pytest.param(
            lambda: Receivable(RecordId("o"), "ann", Credits.of(0)), "invalid_value", id="C49 none"
        ),
        pytest.param(
            lambda: Receivable(RecordId("o"), "", Credits.of(1)), "invalid_id", id="C49 by nobody"
        ),
        pytest.param(
            lambda: Receivable(RecordId("o"), "ann", Credits.of(1), "4"),  # type: ignore[arg-type]
            "invalid_type",
            id="C49 a text for a price",
        ),
        pytest.param(
            lambda: Receivable(RecordId("o" * 121), "ann", Credits.of(1)),
            "limit_exceeded",
            id="C49 a long one, owed",
        ),
        pytest.param(
            lambda: Payment(RecordId("o"), LotId("l"), POOL, "ann", "t", "paid"),  # type: ignore[arg-type]
            "invalid_type",
            id="C48 a text for a state",
        ),
        *(
            pytest.param(
                lambda fields=fields: Payment(*fields),
                code,
                id=f"C48 {fields}",
            )
            for fields, code in (
                (("o" * 121, "l", POOL, "ann", "t"), "limit_exceeded"),
                (("o", "", POOL, "ann", "t"), "invalid_id"),
                (("o", "l", "here", "ann", "t"), "invalid_id"),
                (("o", "l", POOL, "", "t"), "invalid_id"),
                (("o", "l", POOL, "ann", ""), "invalid_id"),
            )
        ),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_door(make: Callable[[], object], code: str) -> None:
    with pytest.raises(UnitLedgerError) as refusal:
        make()
    assert refusal.value.code == code


def test_the_longest_reference_fits() -> None:
    """C48."""
    with portal() as lms:
        longest = "o" * 120
        assert lms.run(bought(payment=longest)).outcome.lot == f"{longest}/paid"
        lms.run(Issue(LotId("x"), POOL, Credits.of(1)))
        lms.run(ChargeBack(longest))


def test_nobody_buys_into_a_closed_account() -> None:
    """C22, C23."""
    with portal() as lms:
        lms.run(DeactivateManager("mia", "first-aid"))
        assert lms.refused(for_course(), MIA).code == "wallet_closed"


def test_a_payment_of_a_manager_who_left_meanwhile_gets_its_first_answer() -> None:
    """C23, C48, C61: by another request, when they are registered no more."""
    with portal() as lms:
        first = lms.run(for_course(), MIA)
        lms.run(DeactivateManager("mia", "first-aid"))
        lms.ledger.directory = FixedDirectory()
        again = lms.run(for_course(), MIA)
        assert (again.outcome, again.same_as, again.moves) == (first.outcome, first.request, ())
        assert isinstance(lms.refused(for_course(payment="order 19"), MIA), NotRegistered)


def test_what_had_lapsed_and_has_not_any_more_is_taken_back() -> None:
    """C49: its terms were changed after a sweep had written it down as expired."""
    with portal() as lms:
        lms.run(Purchase("order", Credits.of(3), "t"))
        (line,) = lms.ledger.balance(POOL).lots
        lms.run(EditExpiry(line.lot.id, WalletId(POOL), START + timedelta(days=1)))
        lms.clock.at = START + timedelta(days=2)
        lms.run(Sweep(WalletId(POOL)))
        lms.run(EditExpiry(line.lot.id, WalletId(POOL), None))
        outcome = lms.run(ChargeBack("order")).outcome
        assert (outcome.amount, outcome.missing) == (Credits.of(3), Credits.of(0))


def test_what_is_owed_is_credits() -> None:
    """C49: nobody owes training units for a payment."""
    with pytest.raises(WrongUnit) as refusal:
        Receivable(RecordId("order"), "ann", Units.of(1))  # type: ignore[arg-type]
    assert str(refusal.value) == "units given where credits belong"
