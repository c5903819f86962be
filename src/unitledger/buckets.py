"""Buckets: what a wallet can spend, and the choice of lots as a pure function.

A bucket keeps its lots sorted under one burn order, in short runs, so that burning, putting back
and issuing copy a run and never the whole wallet: the cost grows with the lots touched, not with
the lots held. Nothing here knows a clock, a store or a rule of either seed.

>>> from datetime import date, datetime, UTC
>>> soon, late = Lot.plain("soon", expires=date(2026, 1, 31)), Lot.plain("late")
>>> bucket = Bucket.of([(late, Units.of(5)), (soon, Units.of(5))])
>>> plan = bucket.burn(Units.of(6), at=datetime(2026, 1, 1, tzinfo=UTC))
>>> [(slice_.lot.id, str(slice_.amount)) for slice_ in plan.slices]
[('soon', '5.00 units'), ('late', '1.00 units')]
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any, TypeAlias, final

import attrs

from unitledger.accounts import wallet_unit
from unitledger.amounts import Amount, Credits, Units
from unitledger.errors import (
    InvalidType,
    InvalidValue,
    InvariantViolation,
    LimitExceeded,
    NegativeAmount,
    WrongUnit,
    shown,
)
from unitledger.ids import LotId
from unitledger.lots import ANYTHING, Lot, Use
from unitledger.orders import FEFO_LARGEST, BurnOrder, Rank
from unitledger.tables import Table
from unitledger.time import instant, minute_text
from unitledger.values import Value, recheck

__all__ = [
    "MAX_DEMANDS",
    "MAX_LOTS",
    "AllocationScope",
    "Bucket",
    "Demand",
    "Plan",
    "Reason",
    "Slice",
    "Verdict",
]

MAX_LOTS = 10_000
"""How many lots one burn may touch."""
MAX_DEMANDS = 1000
"""How many items one order may have."""

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_RUN = 64
_FRONT = 8
_rank = itemgetter(0)

_Taken: TypeAlias = tuple[tuple[Lot, int], ...]
_Entry: TypeAlias = tuple[Rank, Lot, int, datetime, datetime]
"""Rank, lot, parts, effective and expires; never is later than any instant."""
_Run: TypeAlias = tuple[_Entry, ...]
_Runs: TypeAlias = tuple[_Run, ...]
_Place: TypeAlias = tuple[int, int]
"""The number of a run and a place in it; behind its last entry is a place too."""


@final
class Verdict(StrEnum):
    """What became of a lot in a plan."""

    TAKEN = "taken"
    NOT_NEEDED = "not needed"
    NOT_YET_ACTIVE = "not yet active"
    EXPIRED = "expired"
    ENDS_TOO_SOON = "ends too soon"
    OUT_OF_SCOPE = "out of scope"
    HELD = "held"

    def __repr__(self) -> str:
        return f"Verdict.{self.name}"


@final
class AllocationScope(StrEnum):
    """Whether lots are ranked once for a whole order, or again after each of its items.

    Source: X-14.
    """

    ORDER = "order"
    ITEM = "item"

    def __repr__(self) -> str:
        return f"AllocationScope.{self.name}"


@final
@attrs.frozen
class Slice(Value):
    """What a plan takes from one lot.

    Attributes:
        lot: The lot.
        parts: How many smallest parts, more than zero.
    """

    lot: Lot
    parts: int

    @property
    def amount(self) -> Credits | Units:
        """The same as an amount of the lot's unit."""
        return self.lot.unit(parts=self.parts)


@final
@attrs.frozen
class Reason(Value):
    """Why a lot was taken or skipped, in burn order.

    Attributes:
        lot: The lot.
        verdict: What became of it.
        available: The parts it had.
        taken: The parts taken from it.
        because: In words.
    """

    lot: Lot
    verdict: Verdict
    available: int
    taken: int
    because: str


@final
@attrs.frozen
class Demand(Value):
    """What one item of an order needs.

    Attributes:
        amount: How much.
        use: For what.
        until: Only from lots that end after this instant (UTC); ``None`` asks for no more than
            that they serve at the instant of the burn.
    """

    amount: Amount
    use: Use = ANYTHING
    until: datetime | None = None


@final
@attrs.frozen(slots=False)  # made for every redemption: a third quicker without slots
class Plan(Value):
    """Which lots would be used for an amount, and what would be missing. Nothing has happened yet.

    Attributes:
        bucket: What was spendable when the lots were ranked: before this amount, or before the
            first item of an order whose lots are ranked once.
        asked: The amount asked for.
        at: The instant the plan is for (UTC).
        use: What the units are for.
        taken: Lots with the parts taken from them, in burn order.
        after: What would be spendable afterwards.
        earlier: Lots with the parts that earlier items of the order took since the ranking.
        until: Only lots that end after this instant could be taken (UTC); ``None`` is any.
    """

    bucket: Bucket
    asked: Amount
    at: datetime
    use: Use
    taken: _Taken
    after: Bucket
    earlier: _Taken = ()
    until: datetime | None = None

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What is taken from which lot, in burn order."""
        return tuple([Slice(lot, parts) for lot, parts in self.taken])

    @property
    def unmet(self) -> Amount:
        """What is missing; zero when the plan meets the amount."""
        return type(self.asked)(parts=self.asked.parts - self._met_parts())

    @property
    def met(self) -> bool:
        """Whether nothing is missing."""
        return self._met_parts() == self.asked.parts

    def _met_parts(self) -> int:
        met = 0
        for _, parts in self.taken:
            met += parts
        return met

    @property
    def explanation(self) -> tuple[Reason, ...]:
        """Every lot of the bucket in burn order: taken or skipped, and why."""
        return self.explained()

    def explained(self, held: Iterable[tuple[Lot, int]] = ()) -> tuple[Reason, ...]:
        """The explanation, with units that open claims hold shown as well.

        Args:
            held: Lots with the parts held, as the wallet's claims have them.
        """
        taken = {lot.id: parts for lot, parts in self.taken}
        gone = {lot.id: parts for lot, parts in self.earlier}
        reasons: list[Reason] = []
        behind: tuple[Rank, Lot] | None = None
        for rank, lot, ranked in reversed(tuple(self.bucket.entries())):
            parts = ranked - gone.get(lot.id, 0)
            if parts:
                verdict, because = self._verdict(lot, taken.get(lot.id, 0), rank, behind)
                reasons.append(Reason(lot, verdict, parts, taken.get(lot.id, 0), because))
                behind = (rank, lot) if self._serves(lot) else behind
        waiting = (Reason(lot, Verdict.HELD, n, 0, "an open claim holds it") for lot, n in held)
        return (*reversed(reasons), *waiting)

    def _serves(self, lot: Lot) -> bool:
        late = self.until is None or not lot.lapsed(self.until)
        return late and lot.usable(self.at, self.use)

    def _verdict(
        self, lot: Lot, taken: int, rank: Rank, behind: tuple[Rank, Lot] | None
    ) -> tuple[Verdict, str]:
        if taken:
            if behind is None:
                return Verdict.TAKEN, "the last in order"
            key = self.bucket.order.because(rank, behind[0])
            return Verdict.TAKEN, f"before {behind[1].id} by {key}"
        if self.at < lot.terms.effective:
            return Verdict.NOT_YET_ACTIVE, f"usable from {minute_text(lot.terms.effective)} UTC"
        if lot.terms.expires is not None and lot.terms.expires <= self.at:
            return Verdict.EXPIRED, f"ended {minute_text(lot.terms.expires)} UTC"
        if self.until is not None and lot.lapsed(self.until):
            return Verdict.ENDS_TOO_SOON, f"it is to last beyond {minute_text(self.until)} UTC"
        if lot.scope is not None and not lot.scope.admits(self.use):
            return Verdict.OUT_OF_SCOPE, "its scope does not admit this use"
        return Verdict.NOT_NEEDED, "the amount was met before it"

    def table(self) -> Table:
        """The explanation as a table."""
        unit = self.bucket.unit
        rows = tuple(
            (
                reason.lot.id,
                unit(parts=reason.available).text,
                unit(parts=reason.taken).text if reason.taken else "",
                reason.lot.terms.end,
                f"{reason.verdict}: {reason.because}",
            )
            for reason in self.explanation
        )
        missing = "" if self.met else f"; {self.unmet} missing"
        title = f"{self.asked}: {self.bucket.order.words}{missing}"
        return Table(title, ("lot", ">in hand", ">taken", "expires (UTC)", "why"), rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _lifetime(lot: Lot) -> tuple[datetime, datetime]:
    return lot.terms.effective, lot.terms.expires or _NEVER


@final
@attrs.frozen(eq=False, repr=False)
class Bucket(Value):
    """What one wallet can spend, sorted under one burn order; never changed, only followed.

    Make one with `of`. Two buckets are equal when they hold the same parts of the same lots under
    the same order.

    Attributes:
        unit: Credits or training units.
        order: The burn order its lots are sorted under.
    """

    unit: type[Credits | Units]
    order: BurnOrder
    _runs: _Runs

    @classmethod
    def of(
        cls,
        holdings: Iterable[tuple[Lot, Amount]],
        *,
        unit: type[Credits | Units] = Units,
        order: BurnOrder = FEFO_LARGEST,
    ) -> Bucket:
        """The bucket that holds these amounts of these lots.

        Args:
            holdings: Lots with what is spendable of each; a lot may stand once.
            unit: Credits or training units; all the lots must be of it.
            order: The burn order to sort them under.

        Raises:
            WrongUnit: A lot or an amount is of the other unit.
            InvalidType: Not lots, not a unit, or not a burn order.
            InvalidValue: A lot stands twice.
        """
        if unit is not Credits and unit is not Units:
            raise InvalidType("unit", shown(unit), "Credits or Units")
        if not isinstance(holdings, Iterable):
            raise InvalidType("holdings", shown(holdings), "pairs of a Lot and an amount")
        pairs: list[tuple[Lot, int]] = []
        for pair in holdings:
            if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not Lot:
                raise InvalidType("holdings", shown(pair), "pairs of a Lot and an amount")
            lot, amount = pair
            recheck(lot)
            if type(amount) is not unit or lot.unit is not unit:
                raise WrongUnit(unit.UNIT, f"{shown(amount)} of {lot.id}")
            recheck(amount)
            pairs.append((lot, amount.parts))
        if len({lot.id for lot, _ in pairs}) != len(pairs):
            raise InvalidValue("holdings", "a lot twice", "each lot once")
        return cls.sorted(pairs, unit=unit, order=order)

    @classmethod
    def sorted(
        cls,
        pairs: Iterable[tuple[Lot, int]],
        *,
        unit: type[Credits | Units],
        order: BurnOrder,
    ) -> Bucket:
        """The same from parts that are known to be sound, for stores; zeros are left out.

        Raises:
            InvalidType: Not a burn order.
        """
        if type(order) is not BurnOrder:
            raise InvalidType("order", shown(order), "BurnOrder")
        entries = [_entry(order.rank(lot, parts), lot, parts) for lot, parts in pairs if parts]
        entries.sort(key=_rank)
        return cls(unit, order, _split(tuple(entries)))

    def __reduce__(self) -> tuple[Any, ...]:
        held = tuple((lot, self.unit(parts=parts)) for _, lot, parts in self.entries())
        return _bucket_of, (held, self.unit, self.order)

    def __eq__(self, other: object) -> bool:
        if type(other) is not Bucket:
            return NotImplemented
        return (
            self.unit is other.unit
            and self.order == other.order
            and tuple(self.entries()) == tuple(other.entries())
        )

    def __hash__(self) -> int:
        return hash((self.unit, self.order, tuple(self.entries())))

    def __repr__(self) -> str:
        held = ", ".join(f"({lot!r}, {self.unit(parts=n)!r})" for _, lot, n in self.entries())
        return f"Bucket.of([{held}], unit={self.unit.__name__}, order={self.order!r})"

    def __len__(self) -> int:
        """How many lots it holds."""
        return sum(map(len, self._runs))

    def entries(self) -> Iterator[tuple[Rank, Lot, int]]:
        """Rank, lot and parts of everything in it, in burn order."""
        for run in self._runs:
            for rank, lot, parts, _, _ in run:
                yield rank, lot, parts

    def alive(self, *, at: datetime) -> Iterator[Lot]:
        """Its lots in burn order, without those that have lapsed and all stand in front."""
        first, place = _first_alive(self._runs, at, self.order)
        for run in self._runs[first:]:
            for entry in run[place:]:
                yield entry[1]
            place = 0

    def available(self, *, at: datetime, use: Use = ANYTHING) -> Amount:
        """What can be spent at an instant for a use."""
        at = instant(at, "at")
        if type(use) is not Use:
            raise InvalidType("use", shown(use), "Use")
        lots = ((lot, parts) for _, lot, parts in self.entries())
        return self.unit(parts=sum(parts for lot, parts in lots if lot.usable(at, use)))

    def ordered(self, order: BurnOrder) -> Bucket:
        """The same holdings under another burn order."""
        if type(order) is BurnOrder and order == self.order:
            return self
        pairs = ((lot, parts) for _, lot, parts in self.entries())
        return Bucket.sorted(pairs, unit=self.unit, order=order)

    def burn(
        self,
        amount: Amount,
        *,
        at: datetime,
        use: Use = ANYTHING,
        order: BurnOrder | None = None,
        until: datetime | None = None,
    ) -> Plan:
        """Which lots would be used for an amount at an instant.

        A lot is skipped when it is not yet active, has expired, its scope does not admit the use or
        it ends too soon.

        Args:
            amount: How much, in the bucket's unit.
            at: The instant (UTC); a lot serves from its effective instant to before it expires.
            use: What the units are for.
            order: Another burn order than the bucket's own.
            until: Only from lots that end after this instant (UTC).

        Raises:
            WrongUnit: The amount is of the other unit.
            InvalidInput: The instant, the use or the order is not one.
            LimitExceeded: More than 10,000 lots would be touched.

        Source: TU-190 to TU-196, I4.
        """
        if order is not None and order is not self.order:
            return self.ordered(order).burn(amount, at=at, use=use, until=until)
        at = instant(at, "at")
        self._check(amount, use)
        order, runs, need = self.order, self._runs, amount.parts
        burnt = _from_front(runs, need, at, order) if until is None else None
        if burnt is None:
            beyond = _beyond(at, until)
            begin = _first_alive(runs, beyond, order)
            burnt = _burnt(runs, begin, need, at, use, beyond=beyond, rerank=order.reranked)
        taken, _, runs = burnt
        after = Bucket(self.unit, order, runs) if taken else self
        return Plan(self, amount, at, use, taken, after, (), until)

    def burn_each(
        self,
        demands: Sequence[Demand],
        *,
        at: datetime,
        scope: AllocationScope = AllocationScope.ORDER,
        order: BurnOrder | None = None,
    ) -> tuple[Plan, ...]:
        """A plan per item of an order; each leaves the next what it did not use.

        Under ``ORDER`` the lots are ranked once, before the first item; under ``ITEM`` they are
        ranked again after every item, so that a lot that was the largest may no longer be.

        Args:
            demands: What each item needs, in the order's own sequence.
            at: The instant (UTC).
            scope: Whether to rank once or after every item.
            order: Another burn order than the bucket's own.

        Raises:
            WrongUnit: An amount is of the other unit.
            InvalidInput: The instant, a use, the scope or the order is not one.
            LimitExceeded: More than 1,000 items, or 10,000 lots for one of them.

        Source: X-14.
        """
        if order is not None:
            return self.ordered(order).burn_each(demands, at=at, scope=scope)
        if type(demands) not in {tuple, list} or set(map(type, demands[:MAX_DEMANDS])) - {Demand}:
            raise InvalidType("demands", shown(demands), "a tuple or a list of Demand")
        if len(demands) > MAX_DEMANDS:
            raise LimitExceeded("items of an order", str(len(demands)), MAX_DEMANDS)
        if type(scope) is not AllocationScope:
            raise InvalidType("scope", shown(scope), "AllocationScope")
        if scope is AllocationScope.ORDER and len(demands) > 1:
            return self._ranked_once(demands, instant(at, "at"))
        plans: list[Plan] = []
        for demand in demands:
            bucket = plans[-1].after if plans else self
            plan = bucket.burn(demand.amount, at=at, use=demand.use, until=demand.until)
            plans.append(plan)
        return tuple(plans)

    def _ranked_once(self, demands: Sequence[Demand], at: datetime) -> tuple[Plan, ...]:
        """A plan per item under the ranks of the beginning; what is left is ranked anew."""
        runs, after = self._runs, self
        plans: list[Plan] = []
        gone: dict[LotId, tuple[Lot, int]] = {}
        for demand in demands:
            amount, use, until = demand.amount, demand.use, demand.until
            self._check(amount, use)
            beyond = _beyond(at, until)
            begin = _first_alive(runs, beyond, self.order)
            taken, left, runs = _burnt(
                runs, begin, amount.parts, at, use, beyond=beyond, rerank=_unmoved
            )
            after = after._less(taken, left)
            plans.append(Plan(self, amount, at, use, taken, after, tuple(gone.values()), until))
            for lot, parts in taken:
                gone[lot.id] = (lot, gone.get(lot.id, (lot, 0))[1] + parts)
        return tuple(plans)

    def put(self, lot: Lot, old: int, new: int) -> Bucket:
        """The bucket after a lot's spendable parts went from ``old`` to ``new``.

        Args:
            lot: The lot, under the terms it was put in with.
            old: Its parts until now; zero if it is not in the bucket.
            new: Its parts from now on; zero takes it out.

        Raises:
            InvariantViolation: The bucket does not hold ``old`` parts of the lot.
            InvalidType: Not a lot, or parts that are no ``int``.
            NegativeAmount: Parts below zero.
            WrongUnit: The lot is of the other unit.
        """
        if type(old) is not int or type(new) is not int:
            raise InvalidType("parts", shown(old if type(old) is not int else new), "int")
        if old < 0 or new < 0:
            raise NegativeAmount("parts", shown(min(old, new)))
        if type(lot) is not Lot:
            raise InvalidType("lot", shown(lot), "Lot")
        order, runs = self.order, self._runs
        place = _found(runs, order, lot, old) if old else None
        if place is not None:
            index, at = place
            rank = order.reranked(runs[index][at][0], new)
            entry = _entry(rank, lot, new) if new else None
            return Bucket(self.unit, order, _rejoined(runs, place, [], entry, (index, at + 1)))
        if wallet_unit(lot.home) is not self.unit:
            raise WrongUnit(self.unit.UNIT, lot.unit.UNIT)
        if old:
            raise InvariantViolation("a bucket holds what its wallet holds", f"not so for {lot.id}")
        if new:
            runs = _with(runs, _entry(order.rank(lot, new), lot, new))
        return Bucket(self.unit, order, runs)

    def _less(self, taken: _Taken, left: int) -> Bucket:
        """The bucket less what a plan takes; ``left`` parts stay of the last lot."""
        bucket = self
        for lot, parts in taken[:-1]:
            bucket = bucket.put(lot, parts, 0)
        for lot, parts in taken[-1:]:
            bucket = bucket.put(lot, parts + left, left)
        return bucket

    def _check(self, amount: Amount, use: Use) -> None:
        if type(amount) is not self.unit:
            given = amount.UNIT if isinstance(amount, Amount) else shown(amount)
            raise WrongUnit(self.unit.UNIT, given)
        parts = getattr(amount, "parts", None)
        if type(parts) is not int or parts < 0:
            recheck(amount)
        if type(use) is not Use:
            raise InvalidType("use", shown(use), "Use")


# Runs: a long sorted row of entries as a tuple of short tuples, so that a change copies one of
# them and the tuple over them.


def _end(entry: _Entry) -> datetime:
    return entry[4]


def _last_end(run: _Run) -> datetime:
    return run[-1][4]


def _beyond(at: datetime, until: datetime | None) -> datetime:
    """The instant that a lot must outlast to serve."""
    return at if until is None else max(at, instant(until, "until"))


def _unmoved(rank: Rank, _: int) -> Rank:
    return rank


def _entry(rank: Rank, lot: Lot, parts: int) -> _Entry:
    return rank, lot, parts, lot.terms.effective, lot.terms.expires or _NEVER


def _split(entries: _Run) -> _Runs:
    return tuple([entries[i : i + _RUN] for i in range(0, len(entries), _RUN)])


def _cut(run: _Run, behind: _Runs) -> _Runs:
    """A first run that is short again; what is cut off joins the next run if that is short too."""
    short, rest = run[:_FRONT], run[_FRONT:]
    if behind and len(rest) + len(behind[0]) <= _RUN:
        return short, rest + behind[0], *behind[1:]
    return short, rest, *behind


def _place(runs: _Runs, rank: Rank) -> _Place:
    """Where the entry of a rank stands, or would stand.

    An entry begins with its rank, so a rank alone is smaller than its entry and no other.
    """
    before = (rank,)
    index = bisect_left(runs, (before,))
    if index and (index == len(runs) or runs[index][0][0] != rank):
        index -= 1
    return index, bisect_left(runs[index], before)


def _before(runs: _Runs, place: _Place) -> _Entry | None:
    index, at = place
    if at:
        return runs[index][at - 1]
    return runs[index - 1][-1] if index else None


def _behind(runs: _Runs, place: _Place) -> _Entry | None:
    index, at = place
    if at < len(runs[index]):
        return runs[index][at]
    return runs[index + 1][0] if index + 1 < len(runs) else None


def _replaced(runs: _Runs, begin: _Place, end: _Place, entries: _Run) -> _Runs:
    """The runs with everything from one place up to another exchanged for some entries."""
    (first, start), (last, stop) = begin, end
    run = runs[first][:start] + entries + runs[last][stop:]
    last += 1
    if first and len(run) < _RUN // 2 and last < len(runs):
        run, last = run + runs[last], last + 1
    pieces = (run,) if 0 < len(run) <= 2 * _RUN else _split(run)
    return runs[:first] + pieces + runs[last:]


def _exchanged(runs: _Runs, place: _Place, entry: _Entry) -> _Runs:
    """The runs with another entry in one place; by way of lists, which is the quickest."""
    changed, run = list(runs), list(runs[place[0]])
    run[place[1]] = entry
    changed[place[0]] = tuple(run)
    return tuple(changed)


def _with(runs: _Runs, entry: _Entry) -> _Runs:
    if not runs:
        return ((entry,),)
    index, at = place = _place(runs, entry[0])
    if len(runs[index]) >= 2 * _RUN:
        return _replaced(runs, place, place, (entry,))
    changed, run = list(runs), list(runs[index])
    run.insert(at, entry)
    changed[index] = tuple(run)
    return tuple(changed)


def _found(runs: _Runs, order: BurnOrder, lot: Lot, parts: int) -> _Place | None:
    """Where the entry of a lot stands, if it does: in front more often than anywhere else."""
    if not runs:
        return None
    _, first, held, *_ = runs[0][0]
    if first is lot and held == parts:
        return 0, 0
    rank = order.rank(lot, parts)
    index, at = place = _place(runs, rank)
    found = runs[index][at : at + 1]
    return place if found and found[0][0] == rank and found[0][2] == parts else None


def _first_alive(runs: _Runs, now: datetime, order: BurnOrder) -> _Place:
    """Where to begin: behind the lapsed lots, when they all stand in front."""
    if not runs or runs[0][0][4] > now or not order.by_expiry_first:
        return 0, 0
    index = bisect_right(runs, now, key=_last_end)
    if index == len(runs):
        return index - 1, len(runs[-1])
    return index, bisect_right(runs[index], now, key=_end)


def _from_front(
    runs: _Runs, need: int, now: datetime, order: BurnOrder
) -> tuple[_Taken, int, _Runs] | None:
    """What `_burnt` returns, in the usual case: the first run serves any use and is enough.

    The first run is kept short, because every burn copies it.
    """
    if not runs or not need:
        return None
    run, place = runs[0], 0
    taken: list[tuple[Lot, int]] = []
    for rank, lot, parts, effective, expires in run:
        place += 1
        if lot.scope is not None or not effective <= now < expires:
            return None
        if parts < need:
            taken.append((lot, parts))
            need -= parts
            continue
        taken.append((lot, need))
        left, rest = parts - need, run[place:]
        if not left:
            return tuple(taken), 0, (rest, *runs[1:]) if rest else runs[1:]
        entry = (order.reranked(rank, left), lot, left, effective, expires)
        if entry[0] < rest[0][0] if rest else len(runs) == 1 or entry[0] < runs[1][0][0]:
            if len(rest) > 2 * _FRONT:
                return tuple(taken), left, _cut((entry, *rest), runs[1:])
            return tuple(taken), left, ((entry, *rest), *runs[1:])
        return tuple(taken), left, _with((rest, *runs[1:]) if rest else runs[1:], entry)
    return None


def _burnt(
    runs: _Runs,
    begin: _Place,
    need: int,
    now: datetime,
    use: Use,
    *,
    beyond: datetime,
    rerank: Callable[[Rank, int], Rank],
) -> tuple[_Taken, int, _Runs]:
    """Take in order until the need is met or the runs end.

    A lot serves when it is active now and ends after ``beyond``, which is now or later.

    Returns what is taken, how much is left of the last lot taken, and the runs afterwards, where
    ``rerank`` says what rank the rest of that lot has.
    """
    taken: list[tuple[Lot, int]] = []
    kept: list[_Entry] = []
    left = None
    index, place = begin
    while need and index < len(runs):
        run = runs[index]
        for entry in run[place:] if place else run:
            place += 1
            rank, lot, parts, effective, expires = entry
            if (
                effective > now
                or expires <= beyond
                or (lot.scope is not None and not lot.scope.admits(use))
            ):
                kept.append(entry)
                continue
            if not taken:
                begin = index, place - 1
                kept.clear()
            if parts > need:
                taken.append((lot, need))
                left = (rerank(rank, parts - need), lot, parts - need, effective, expires)
                need = 0
                break
            taken.append((lot, parts))
            need -= parts
            if not need:
                break
        else:
            index, place = index + 1, 0
    if not taken:
        return (), 0, runs
    if len(taken) > MAX_LOTS:
        raise LimitExceeded("lots touched by one burn", str(len(taken)), MAX_LOTS)
    end = (index, place) if index < len(runs) else (index - 1, len(runs[-1]))
    return tuple(taken), left[2] if left else 0, _rejoined(runs, begin, kept, left, end)


def _rejoined(
    runs: _Runs, begin: _Place, kept: list[_Entry], left: _Entry | None, end: _Place
) -> _Runs:
    """The runs when of everything from ``begin`` to ``end`` only ``kept`` and ``left`` stay.

    ``left`` is the last entry before ``end``, perhaps under another rank than it had.
    """
    if left is None:
        return _replaced(runs, begin, end, tuple(kept))
    index, place = end
    rank, upper = left[0], _behind(runs, end)
    if upper is None or rank < upper[0]:
        lower = None
        if rank < runs[index][place - 1][0]:
            lower = kept[-1] if kept else _before(runs, begin)
        if lower is None or lower[0] < rank:
            if begin == (index, place - 1):
                return _exchanged(runs, begin, left)
            return _replaced(runs, begin, end, (*kept, left))
    return _with(_replaced(runs, begin, end, tuple(kept)), left)


def _bucket_of(
    held: tuple[tuple[Lot, Amount], ...], unit: type[Credits | Units], order: BurnOrder
) -> Bucket:
    return Bucket.of(held, unit=unit, order=order)
