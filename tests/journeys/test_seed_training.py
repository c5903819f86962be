"""The second seed as one story: a company budgets its training in units, from March to June.

Every sentence of the overview that speaks of a quantity happens here, in one portal and one
journal; the chapters follow each other and each begins where the one before ended.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from unitledger.accounts import batch, keycode, member
from unitledger.amounts import Rate, Units
from unitledger.commands import Actor, Role
from unitledger.errors import (
    InsufficientUnits,
    NotDue,
    NotPermitted,
    OutsideAudience,
    RequestConflict,
    UnknownKeyCode,
)
from unitledger.ids import LotId
from unitledger.ledger import Ledger
from unitledger.operations import EditExpiry, Issue, Sweep
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock
from unitledger.training import (
    AudienceRow,
    CreateAssignment,
    Distribute,
    FireAssignment,
    Item,
    KeyCode,
    KeyCodes,
    Method,
    PlaceOrder,
    RefundLine,
    RegisterKeyCode,
    lot_of,
    quote,
)

CREATOR = Actor.acting("cleo", Role.CREATOR)
ADMIN = Actor.acting("ada", Role.ADMIN)
CRON = Actor.acting("cron", Role.SYSTEM)
DIRECTOR = Actor.acting("dan", Role.DISTRIBUTOR)


def learner(user: str) -> Actor:
    return Actor.acting(user, Role.LEARNER)


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def monthly_budget(month: str) -> CreateAssignment:
    return CreateAssignment(
        assignment=month,
        title=f"Sales training, {month}",
        method=Method.DISTRIBUTOR,
        rows=(AudienceRow(Units.of(30), "sales"),),
        distributors=frozenset({"dan"}),
        last_day=date(2026, 12, 31),
    )


def test_the_training_of_a_year() -> None:
    clock = FixedClock(at(3, 2))
    ledger = Ledger(
        MemoryStore(),
        portal="acme",
        policy=Policy(unit_value=Rate.of(1)),
        clock=clock,
        directory=FixedDirectory(
            members=frozenset({("ann", "sales"), ("bob", "sales"), ("lea", "legal")})
        ),
    )

    def available(wallet: str) -> str:
        return ledger.balance(wallet).available.text

    # The creator assigns 30 units a month to the sales division.
    ledger.execute(monthly_budget("march"), by=CREATOR, request="march")
    ledger.execute(FireAssignment("march"), by=CRON, request="fire-march")
    march = batch("march", 1, 1)
    assert available(march) == "30.00"

    # Nobody can spend them yet, not even those they are meant for.
    seminar = PlaceOrder("o-1", "ann", (Item.in_money("seminar", "12.50"),))
    with pytest.raises(InsufficientUnits) as missing:
        ledger.execute(seminar, by=learner("ann"), request="o-1")
    assert missing.value.shortfall == Units.of("12.50")

    # The sales director hands them out, to sales people alone, and never more than there are.
    with pytest.raises(OutsideAudience):
        ledger.execute(
            Distribute("march", 1, (("ann", Units.of(5)), ("lea", Units.of(5)))),
            by=DIRECTOR,
            request="form-1",
        )
    with pytest.raises(InsufficientUnits):
        ledger.execute(
            Distribute("march", 1, (("ann", Units.of(20)), ("bob", Units.of("10.01")))),
            by=DIRECTOR,
            request="form-2",
        )
    with pytest.raises(NotPermitted):
        ledger.execute(monthly_budget("more"), by=DIRECTOR, request="more")
    ledger.execute(
        Distribute("march", 1, (("ann", Units.of(20)), ("bob", Units.of(10)))),
        by=DIRECTOR,
        request="form-3",
    )
    assert (available(march), available(member("ann")), available(member("bob"))) == (
        "0.00",
        "20.00",
        "10.00",
    )

    # Now the refused order goes through, under its own request.
    ledger.execute(seminar, by=learner("ann"), request="o-1")
    assert available(member("ann")) == "7.50"

    # Three times 1.234 is three times 1.24: every price is rounded up before prices are added.
    basket = (Item.in_units("course", "1.234", 3),)
    assert quote(basket, ledger.policy).total == Units.of("3.72")
    receipt = ledger.execute(PlaceOrder("o-2", "ann", basket), by=learner("ann"), request="o-2")
    assert receipt.outcome.total == Units.of("3.72")
    assert available(member("ann")) == "3.78"

    # What is used up is used up until the next month's units are assigned.
    with pytest.raises(InsufficientUnits):
        ledger.execute(
            PlaceOrder("o-3", "ann", (Item.in_units("seminar", 5),)),
            by=learner("ann"),
            request="o-3",
        )
    ledger.execute(
        CreateAssignment(
            assignment="april",
            title="Sales training, april",
            method=Method.DISTRIBUTOR,
            rows=(AudienceRow(Units.of(30), "sales"),),
            distributors=frozenset({"dan"}),
            scheduled=at(4, 1, 0),
        ),
        by=CREATOR,
        request="april",
    )
    with pytest.raises(NotDue):
        ledger.execute(FireAssignment("april"), by=CRON, request="fire-april")
    clock.at = at(4, 1)
    first = ledger.execute(FireAssignment("april"), by=CRON, request="fire-april")
    again = ledger.execute(FireAssignment("april"), by=CRON, request="fire-april-again")
    assert (again.same_as, again.outcome, again.moves) == ("fire-april", first.outcome, ())

    # A key code needs no distributor: whoever has it spends from the same bucket.
    codes = KeyCodes(b"the host's own secret bytes")
    code = KeyCode.generated()
    key_code = codes.id_of(code)
    ledger.execute(RegisterKeyCode.of(code, codes), by=CREATOR, request="code")
    pot = keycode(key_code)
    lots = (("a", 5, at(5, 1)), ("b", 20, at(6, 1)), ("c", 8, at(5, 1)), ("d", 50, None))
    for lot, amount, ends in lots:
        ledger.execute(
            Issue(LotId(lot), pot, Units.of(amount), expires=ends), by=CREATOR, request=f"lot-{lot}"
        )

    # The first to expire pays first, of those the largest: C 8, A 5, then 7 of B.
    typed = code.reveal().lower().replace("-", " ")
    workshop = PlaceOrder("o-4", "bob", (Item.in_units("workshop", 20),), codes.id_of(typed))
    placed = ledger.execute(workshop, by=learner("bob"), request="o-4")
    assert [(move.lot, move.parts) for move in placed.moves] == [("c", 800), ("a", 500), ("b", 700)]
    assert available(member("bob")) == "10.00"

    # A retry is the same order; a mistyped code is no code at all.
    assert ledger.execute(workshop, by=learner("bob"), request="o-4") == placed
    with pytest.raises(RequestConflict):
        ledger.execute(
            PlaceOrder("o-4", "bob", (Item.in_units("workshop", 2),), key_code),
            by=learner("bob"),
            request="o-4",
        )
    with pytest.raises(UnknownKeyCode):
        codes.id_of(typed[:-1] + ("2" if typed[-1] != "2" else "3"))

    # When the code is short, the buyer's own units pay the rest; when they are short too, nobody
    # pays anything.
    cart = (Item.in_units("bootcamp", 70), Item.in_units("manual", 1))
    with pytest.raises(InsufficientUnits) as short:
        ledger.execute(PlaceOrder("o-5", "ann", cart, key_code), by=learner("ann"), request="o-5")
    assert (short.value.available, short.value.shortfall) == (Units.of("66.78"), Units.of("4.22"))
    assert (available(pot), available(member("ann"))) == ("63.00", "3.78")
    ledger.execute(Distribute("april", 1, (("ann", Units.of(30)),)), by=DIRECTOR, request="form-4")
    paid = ledger.execute(
        PlaceOrder("o-5", "ann", cart, key_code), by=learner("ann"), request="o-5"
    )
    assert paid.outcome.paid == ((pot, Units.of(63)), (member("ann"), Units.of(8)))

    # The bootcamp is called off. Units go back the way they came, the last taken first; the lot
    # of the code that has lapsed meanwhile takes its units back and they lapse.
    clock.at = at(6, 2)
    back = ledger.execute(
        RefundLine("o-5", 1, Units.of(60)), by=ADMIN, request="back-1", reason="called off"
    )
    assert (back.outcome.refunded, back.outcome.kept) == (Units.of(60), Units.of(10))
    rest = ledger.execute(RefundLine("o-5", 1), by=ADMIN, request="back-2", reason="called off")
    assert rest.outcome.kept == Units.of(0)
    assert (available(pot), ledger.balance(pot).expired) == ("50.00", Units.of(13))

    # An edit of its expiry brings them back, swept or not, for everybody who holds any.
    ledger.execute(Sweep(pot), by=CRON, request="sweep")
    ledger.execute(EditExpiry(LotId("b"), pot, at(9, 1)), by=CREATOR, request="longer")
    assert available(pot) == "63.00"

    # The march units, in the batch and in people's hands, end with the year, unless it is edited.
    clock.at = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert available(member("bob")) == "10.00"
    clock.at = datetime(2027, 1, 1, tzinfo=UTC)
    assert available(member("bob")) == "0.00"
    ledger.execute(EditExpiry(lot_of("march", 1, 1), march, None), by=CREATOR, request="never")
    assert available(member("bob")) == "10.00"

    # Nothing was lost, nobody wrote the code down, and the journal is whole.
    assert ledger.audit().faults == ()
    assert ledger.verify().faults == ()
    journal = "".join(kept.text for kept in ledger.journal())
    assert code.reveal() not in journal
    assert code.reveal().replace("-", "") not in journal
    assert key_code in journal
