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

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias, final

import attrs

from unitledger.amounts import Amount, Credits, Units
from unitledger.errors import (
    InvalidType,
    InvalidValue,
    InvariantViolation,
    LimitExceeded,
    WrongUnit,
    shown,
)
from unitledger.lots import ANYTHING, Lot, Use
from unitledger.orders import FEFO_LARGEST, BurnOrder, Rank
from unitledger.tables import Table
from unitledger.time import instant, microseconds
from unitledger.values import Value

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
_RUN = 32

_Entry: TypeAlias = tuple[Rank, Lot, int, datetime, datetime]
"""Rank, lot, parts, effective and expires; never is later than any instant."""
_Run: TypeAlias = tuple[_Entry, ...]


@final
class Verdict(StrEnum):
    """What became of a lot in a plan."""

    TAKEN = "taken"
    NOT_NEEDED = "not needed"
    NOT_YET_ACTIVE = "not yet active"
    EXPIRED = "expired"
    OUT_OF_SCOPE = "out of scope"
    HELD = "held"


@final
class AllocationScope(StrEnum):
    """Whether lots are ranked once for a whole order, or again after each of its items.

    Source: X-14.
    """

    ORDER = "order"
    ITEM = "item"


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
    """

    amount: Amount
    use: Use = ANYTHING


@final
@attrs.frozen
class Plan(Value):
    """Which lots would be used for an amount, and what would be missing. Nothing has happened yet.

    Attributes:
        bucket: What was spendable before.
        asked: The amount asked for.
        at: The instant the plan is for (UTC).
        use: What the units are for.
        taken: Lots with the parts taken from them, in burn order.
        after: What would be spendable afterwards.
    """

    bucket: Bucket
    asked: Amount
    at: datetime
    use: Use
    taken: tuple[tuple[Lot, int], ...]
    after: Bucket

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What is taken from which lot, in burn order."""
        return tuple(Slice(lot, parts) for lot, parts in self.taken)

    @property
    def unmet(self) -> Amount:
        """What is missing; zero when the plan meets the amount."""
        return type(self.asked)(parts=self.asked.parts - self._met_parts())

    @property
    def met(self) -> bool:
        """Whether nothing is missing."""
        return self._met_parts() == self.asked.parts

    def _met_parts(self) -> int:
        return sum([parts for _, parts in self.taken])

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
        reasons: list[Reason] = []
        entries = list(self.bucket.entries())
        for place, (rank, lot, parts) in enumerate(entries):
            following = entries[place + 1] if place + 1 < len(entries) else None
            reasons.append(self._reason(lot, parts, taken.get(lot.id, 0), rank, following))
        waiting = (Reason(lot, Verdict.HELD, n, 0, "an open claim holds it") for lot, n in held)
        return (*reasons, *waiting)

    def _reason(
        self, lot: Lot, parts: int, taken: int, rank: Rank, following: tuple[Rank, Lot, int] | None
    ) -> Reason:
        if taken:
            words = "the last in order"
            if following is not None:
                words = f"before {following[1].id} by {self.bucket.order.because(rank, following[0])}"
            return Reason(lot, Verdict.TAKEN, parts, taken, words)
        terms = lot.terms
        if self.at < terms.effective:
            since = terms.effective.date().isoformat()
            return Reason(lot, Verdict.NOT_YET_ACTIVE, parts, 0, f"usable from {since}")
        if terms.expires is not None and terms.expires <= self.at:
            ended = terms.expires.isoformat(timespec="minutes")
            return Reason(lot, Verdict.EXPIRED, parts, 0, f"ended {ended}")
        if lot.scope is not None and not lot.scope.admits(self.use):
            return Reason(lot, Verdict.OUT_OF_SCOPE, parts, 0, "its scope does not admit this use")
        return Reason(lot, Verdict.NOT_NEEDED, parts, 0, "the amount was met before it")

    def table(self) -> Table:
        """The explanation as a table."""
        unit = self.bucket.unit
        rows = tuple(
            (
                reason.lot.id,
                unit(parts=reason.available).text,
                unit(parts=reason.taken).text if reason.taken else "",
                "never"
                if reason.lot.terms.expires is None
                else reason.lot.terms.expires.isoformat(timespec="minutes").removesuffix("+00:00"),
                f"{reason.verdict}: {reason.because}",
            )
            for reason in self.explanation
        )
        missing = "" if self.met else f", {self.unmet} missing"
        title = f"{self.asked} by {self.bucket.order}{missing}"
        return Table(title, ("lot", ">available", ">taken", "expires (UTC)", "why"), rows)

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _lifetime(lot: Lot) -> tuple[datetime, datetime]:
    return lot.terms.effective, lot.terms.expires or _NEVER


def _last(run: _Run) -> Rank:
    return run[-1][0]


def _split(entries: Sequence[_Entry]) -> tuple[_Run, ...]:
    return tuple(tuple(entries[i : i + _RUN]) for i in range(0, len(entries), _RUN))


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
    _runs: tuple[_Run, ...]

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
            InvalidValue: A lot stands twice.
        """
        pairs: list[tuple[Lot, int]] = []
        for lot, amount in holdings:
            if type(lot) is not Lot:
                raise InvalidType("lot", shown(lot), "Lot")
            if type(amount) is not unit or lot.unit is not unit:
                raise WrongUnit(unit.UNIT, f"{shown(amount)} of {lot.id}")
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
        """The same from parts that are known to be sound, for stores; zeros are left out."""
        entries = [
            (order.rank(lot, parts), lot, parts, *_lifetime(lot)) for lot, parts in pairs if parts
        ]
        entries.sort(key=lambda entry: entry[0])
        return cls(unit, order, _split(entries))

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

    def available(self, *, at: datetime, use: Use = ANYTHING) -> Amount:
        """What can be spent at an instant for a use."""
        lots = ((lot, parts) for _, lot, parts in self.entries())
        return self.unit(parts=sum(parts for lot, parts in lots if lot.usable(at, use)))

    def ordered(self, order: BurnOrder) -> Bucket:
        """The same holdings under another burn order."""
        if order == self.order:
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
    ) -> Plan:
        """Which lots would be used for an amount at an instant.

        A lot is skipped when it is not yet active, has expired or its scope does not admit the use.

        Args:
            amount: How much, in the bucket's unit.
            at: The instant (UTC); a lot serves from its effective instant to before it expires.
            use: What the units are for.
            order: Another burn order than the bucket's own.

        Raises:
            WrongUnit: The amount is of the other unit.
            LimitExceeded: More than 10,000 lots would be touched.

        Source: TU-190 to TU-196, I4.
        """
        at = instant(at, "at")
        return self._plan(amount, at, use, order or self.order, again=True)

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
            LimitExceeded: More than 1,000 items.

        Source: X-14.
        """
        if len(demands) > MAX_DEMANDS:
            raise LimitExceeded("items of an order", str(len(demands)), MAX_DEMANDS)
        at, bucket, plans = instant(at, "at"), self, list[Plan]()
        again = scope is AllocationScope.ITEM or len(demands) == 1
        for demand in demands:
            plan = bucket._plan(demand.amount, at, demand.use, order or self.order, again=again)
            plans.append(plan)
            bucket = plan.after
        if not again and plans:
            settled = self.ordered(order or self.order)._without(plans)
            plans[-1] = attrs.evolve(plans[-1], after=settled)
        return tuple(plans)

    def put(self, lot: Lot, old: int, new: int) -> Bucket:
        """The bucket after a lot's spendable parts went from ``old`` to ``new``.

        Args:
            lot: The lot, under the terms it was put in with.
            old: Its parts until now; zero if it is not in the bucket.
            new: Its parts from now on; zero takes it out.

        Raises:
            InvariantViolation: The bucket does not hold ``old`` parts of the lot.
        """
        rank = self.order.rank(lot, old)
        runs = self._removed(rank, lot, old) if old else self._runs
        if new:
            entry = (self.order.reranked(rank, new), lot, new, *_lifetime(lot))
            runs = _inserted(runs, entry)
        return Bucket(self.unit, self.order, runs)

    def _plan(self, amount: Amount, at: datetime, use: Use, order: BurnOrder, *, again: bool) -> Plan:
        if type(amount) is not self.unit:
            given = amount.UNIT if isinstance(amount, Amount) else shown(amount)
            raise WrongUnit(self.unit.UNIT, given)
        bucket = self if order is self.order else self.ordered(order)
        taken, runs = bucket._taken(amount.parts, at, use, again)
        return Plan(bucket, amount, at, use, taken, Bucket(bucket.unit, bucket.order, runs))

    def _first_alive(self, now: datetime) -> tuple[int, int]:
        """Where to begin: behind the lapsed lots, when they all stand in front."""
        runs = self._runs
        if not runs or runs[0][0][4] > now or not self.order.by_expiry_first:
            return 0, 0
        first = (microseconds(now) + 1,)
        index = bisect_left(runs, first, key=_last)
        return index, bisect_left(runs[index], (first,)) if index < len(runs) else 0

    def _taken(
        self, need: int, now: datetime, use: Use, again: bool
    ) -> tuple[tuple[tuple[Lot, int], ...], tuple[_Run, ...]]:
        """Walk the lots in order; returns what is taken and the runs afterwards."""
        runs, order = self._runs, self.order
        index, place = begin = self._first_alive(now)
        taken, kept, partial = list[tuple[Lot, int]](), list[_Entry](), None
        while need and index < len(runs):
            run = runs[index]
            while need and place < len(run):
                rank, lot, parts, effective, expires = entry = run[place]
                place += 1
                if not effective <= now < expires or (
                    lot.scope is not None and not lot.scope.admits(use)
                ):
                    kept.append(entry)
                elif parts <= need:
                    taken.append((lot, parts))
                    need -= parts
                else:
                    taken.append((lot, need))
                    ranked = order.reranked(rank, parts - need) if again else rank
                    partial = (ranked, lot, parts - need, effective, expires)
                    need = 0
            if need:
                index, place = index + 1, 0
        if len(taken) > MAX_LOTS:
            raise LimitExceeded("lots touched by one burn", str(len(taken)), MAX_LOTS)
        if not taken:
            return (), runs
        return tuple(taken), _rejoined(runs, begin, kept, partial, (index, place))

    def _without(self, plans: Iterable[Plan]) -> Bucket:
        """This bucket less everything the plans take, ranked anew."""
        used: dict[str, tuple[Lot, int]] = {}
        for lot, parts in (pair for plan in plans for pair in plan.taken):
            used[lot.id] = (lot, used.get(lot.id, (lot, 0))[1] + parts)
        bucket = self
        held = {lot.id: parts for _, lot, parts in self.entries() if lot.id in used}
        for lot_id, (lot, parts) in used.items():
            bucket = bucket.put(lot, held[lot_id], held[lot_id] - parts)
        return bucket

    def _removed(self, rank: Rank, lot: Lot, old: int) -> tuple[_Run, ...]:
        runs = self._runs
        index = bisect_left(runs, rank, key=_last)
        place = bisect_left(runs[index], (rank,)) if index < len(runs) else 0
        found = runs[index][place] if index < len(runs) else None
        if found is None or found[0] != rank or found[2] != old:
            raise InvariantViolation("a bucket holds what its wallet holds", f"not so for {lot.id}")
        run = runs[index][:place] + runs[index][place + 1 :]
        following = runs[index + 1 : index + 2]
        if following and len(run) + len(following[0]) <= _RUN:
            return (*runs[:index], run + following[0], *runs[index + 2 :])
        return (*runs[:index], run, *runs[index + 1 :]) if run else (*runs[:index], *runs[index + 1 :])


def _rejoined(
    runs: tuple[_Run, ...],
    begin: tuple[int, int],
    kept: list[_Entry],
    partial: _Entry | None,
    end: tuple[int, int],
) -> tuple[_Run, ...]:
    """The runs when of everything from ``begin`` to ``end`` only ``kept`` and ``partial`` stay."""
    index, place = end
    if begin == (0, 0) == (index, place - 1) and partial is not None and not kept:
        run = runs[0]
        if len(run) > 1 and partial[0] < run[1][0]:
            return ((partial, *run[1:]), *runs[1:])
    tail = runs[index][place:] if index < len(runs) else ()
    if partial is not None and not kept and (not tail or partial[0] < tail[0][0]):
        tail, partial = (partial, *tail), None
    head = runs[begin[0]][: begin[1]]
    middle = (*head, *kept, *tail) if head or kept else tail
    pieces = _split(middle) if len(middle) > 2 * _RUN else (middle,) if middle else ()
    joined = runs[: begin[0]] + pieces + runs[index + 1 :]
    return joined if partial is None else _inserted(joined, partial)


def _inserted(runs: tuple[_Run, ...], entry: _Entry) -> tuple[_Run, ...]:
    if not runs:
        return ((entry,),)
    index = min(bisect_left(runs, entry[0], key=_last), len(runs) - 1)
    run = runs[index]
    place = bisect_left(run, (entry[0],))
    grown = (*run[:place], entry, *run[place:])
    pieces = (grown,) if len(grown) <= 2 * _RUN else (grown[:_RUN], grown[_RUN:])
    return (*runs[:index], *pieces, *runs[index + 1 :])


def _bucket_of(
    held: tuple[tuple[Lot, Amount], ...], unit: type[Credits | Units], order: BurnOrder
) -> Bucket:
    return Bucket.of(held, unit=unit, order=order)
