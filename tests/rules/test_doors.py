"""What a newcomer or a hostile host may hand to the questions a ledger answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from unitledger import (
    Actor,
    Credits,
    FixedClock,
    Ledger,
    Lot,
    MemoryStore,
    Policy,
    Role,
    UnitLedgerError,
    Units,
)
from unitledger.accounts import State, member
from unitledger.buckets import Bucket, Plan
from unitledger.claims import Claim
from unitledger.codec import decode, kind_of
from unitledger.errors import InsufficientUnits
from unitledger.ids import LotId
from unitledger.journal import entry_hash, imported, verify
from unitledger.lots import Scope
from unitledger.operations import Hold, Issue, Spend
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.ports import Kept
from unitledger.training.pricing import quote

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEM = Actor.acting("system", Role.SYSTEM)


def _ledger() -> Ledger:
    ledger = Ledger(MemoryStore(), clock=FixedClock(NOW))
    ledger.execute(Issue("a", "member/x", Units.of(5)), by=SYSTEM, request="a")  # type: ignore[arg-type]
    return ledger


def _forged() -> Units:
    amount = Units.of(5)
    object.__setattr__(amount, "parts", -5)
    return amount


DOORS: list[tuple[str, str, Callable[[Ledger], Any]]] = [
    (
        "naive since",
        "naive_instant",
        lambda ledger: ledger.statement("member/x", since=datetime(2026, 1, 1)),  # noqa: DTZ001
    ),
    ("text until", "invalid_type", lambda ledger: ledger.statement("member/x", until="2026")),  # type: ignore[arg-type]
    ("forged amount", "negative_amount", lambda ledger: ledger.explain("member/x", _forged())),
    (
        "an amount without parts",
        "invalid_type",
        lambda ledger: ledger.explain("member/x", Units.__new__(Units)),
    ),
    (
        "an order that is none",
        "invalid_type",
        lambda ledger: ledger.explain("member/x", Units.of(1), order=False),  # type: ignore[arg-type]
    ),
    ("no calls", "invalid_type", lambda ledger: ledger.execute_many(5)),  # type: ignore[arg-type]
    ("no such kind of wallet", "invalid_id", lambda ledger: ledger.balance("foo")),
    ("a spend without parts", "invalid_type", lambda _: Spend("member/x", Units.__new__(Units))),  # type: ignore[arg-type]
    ("roles that are none", "invalid_type", lambda _: Actor.acting("a", [])),  # type: ignore[arg-type]
    ("a line that is no text", "invalid_type", lambda _: imported([5])),  # type: ignore[list-item]
    ("a text of half a pair", "invalid_type", lambda _: entry_hash("\ud800")),
    (
        "a number of many digits",
        "claim_exceeded",
        lambda _: Claim("c").shift(10**5000, State.HELD, State.FREE),  # type: ignore[arg-type]
    ),
]


LOT = Lot.plain("a")
BUCKET = Bucket.of([(LOT, Units.of(5))])
OTHERS = Lot.plain("c", Credits)


class Alike:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def _any(value: object) -> Any:
    """A value as a caller without a type checker hands it over."""
    return value


def _issue(**attributes: Any) -> Issue:
    return Issue(LotId("l"), member("x"), Units.of(1), **attributes)


BUCKETS: list[tuple[str, str, Callable[[], Any]]] = [
    ("nothing", "invalid_type", lambda: Bucket.of(_any(None))),
    ("no pairs", "invalid_type", lambda: Bucket.of(_any([1]))),
    ("a lot unmade", "invalid_type", lambda: Bucket.of([(Lot.__new__(Lot), Units.of(1))])),
    ("demands once", "invalid_type", lambda: BUCKET.burn_each(_any(iter(())), at=NOW)),
    ("no demands", "invalid_type", lambda: BUCKET.burn_each(_any([1]), at=NOW)),
    ("no lot", "invalid_type", lambda: BUCKET.put(_any("x"), 0, 1)),
    ("a text", "invalid_type", lambda: BUCKET.put(LOT, _any("a"), 1)),
    ("NaN", "invalid_type", lambda: BUCKET.put(LOT, _any(Decimal("NaN")), 1)),
    ("a float", "invalid_type", lambda: BUCKET.put(LOT, 500, _any(1.5))),
    ("another unit", "wrong_unit", lambda: BUCKET.put(OTHERS, 0, 3)),
    ("forged", "negative_amount", lambda: BUCKET.burn(_forged(), at=NOW)),
    ("unmade", "invalid_type", lambda: BUCKET.burn(Units.__new__(Units), at=NOW)),
    ("alike", "invalid_type", lambda: BUCKET.burn(Units.of(1), at=NOW, order=_any(Alike()))),
    ("a cart once", "invalid_type", lambda: quote(_any(iter(())), Policy())),
    ("no sum", "invalid_type", lambda: Units.total(_any(5))),
    ("a cycle and a half", "invalid_type", lambda: _issue(cycle=1.5)),
    ("a cycle of none", "invalid_value", lambda: _issue(cycle=0)),
    ("a category by name", "invalid_type", lambda: _issue(category="granted")),
    ("a priority beyond", "invalid_value", lambda: _issue(priority=10**9)),
    ("a scope by name", "invalid_type", lambda: _issue(scope="dot")),
    ("a cost in cents", "invalid_type", lambda: _issue(cost=5)),
    ("a use by name", "invalid_type", lambda: Spend(member("x"), Units.of(1), use=_any("x"))),
    ("an order by name", "invalid_type", lambda: Hold(member("x"), Units.of(1), order=_any("x"))),
    ("a use that is none", "invalid_type", lambda: Scope().admits(_any(5))),
    ("a kind of nothing", "invalid_type", lambda: kind_of(_any(5))),
    ("a list of nothing", "invalid_type", lambda: decode(_any([]), {})),
    ("a million keys", "invalid_value", lambda: BurnOrder(FEFO_LARGEST.keys * 10**6)),
]


@pytest.mark.parametrize(
    ("code", "ask"), [pytest.param(code, ask, id=f"P14 {name}") for name, code, ask in BUCKETS]
)
def test_a_value_refuses_by_name(code: str, ask: Callable[[], Any]) -> None:
    with pytest.raises(UnitLedgerError) as refused:
        ask()
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("code", "ask"), [pytest.param(code, ask, id=f"P14 {name}") for name, code, ask in DOORS]
)
def test_a_question_is_refused_by_name(code: str, ask: Callable[[Ledger], Any]) -> None:
    with pytest.raises(UnitLedgerError) as refused:
        ask(_ledger())
    assert refused.value.code == code
    assert len(str(refused.value)) < 400


def test_what_is_no_journal_is_a_fault() -> None:
    number: Any = 5
    fault = "entry 1: it is not kept as a text and its hash"
    assert verify((Kept(number, "0" * 64),)).faults == (fault,)


def test_the_kinds_of_wallet_are_told() -> None:
    with pytest.raises(UnitLedgerError, match="member/U or keycode/K"):
        _ledger().balance("foo")


def test_a_full_wallet_is_burned_once_before_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that gives everything is not asked again for more."""
    ledger, burned, burn = Ledger(MemoryStore(), clock=FixedClock(NOW)), list[int](), Bucket.burn
    for place in range(70):
        issue = Issue(LotId(f"a{place}"), member("x"), Units.of(1))
        ledger.execute(issue, by=SYSTEM, request=f"issue {place}")

    def counted(bucket: Bucket, *args: Any, **more: Any) -> Plan:
        burned.append(len(bucket))
        return burn(bucket, *args, **more)

    monkeypatch.setattr(Bucket, "burn", counted)
    with pytest.raises(InsufficientUnits):
        ledger.execute(Spend(member("x"), Units.of(71)), by=SYSTEM, request="spend")
    assert burned == [70]
