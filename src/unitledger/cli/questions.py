"""Questions on the command line that need no store: ``quote``, ``explain``, ``schedule``."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import Any

from unitledger.accounts import check_wallet, wallet_unit
from unitledger.amounts import UNIT_NAMES, Amount, Rate
from unitledger.buckets import Bucket, Plan
from unitledger.cli.screen import OK, ended, plain, print_json
from unitledger.cli.stories import scenario_of
from unitledger.cli.words import ZONE, Usage, Word, beginning_of_day, bound, instant_or_day
from unitledger.errors import InvalidValue, shown
from unitledger.lots import Lot, Use
from unitledger.orders import FEFO_LARGEST, BurnOrder
from unitledger.policy import Policy
from unitledger.scenario.stories import quote_lines
from unitledger.time import Period, Recurrence, SystemClock, check_zone, end_of_day, instant_text
from unitledger.training.pricing import Item, quote

__all__ = ["QUESTIONS"]

_BEFORE = timedelta(microseconds=1)


def _quote(asked: argparse.Namespace) -> int:
    rate = None if asked.rate is None else Rate.of(asked.rate)
    made = Item.in_units if rate is None else Item.in_money
    items = [made(f"item {n}", price, asked.times) for n, price in enumerate(asked.prices, 1)]
    quoted = quote(items, Policy(unit_value=rate))
    if asked.json:
        print_json(plain(quoted) | {"total": quoted.total.text})
    else:
        print("\n".join(quote_lines(items, quoted)))
    return OK


def _explain(asked: argparse.Namespace) -> int:
    if (asked.file is None) == (not asked.lots) or (asked.file is None) != (asked.wallet is None):
        raise Usage(asked.parser, 'give lots like "A 5 2026-01-30", or --file with --wallet')
    order = None if asked.order is None else BurnOrder.parse(asked.order)
    use = Use(asked.course, asked.item, frozenset(asked.group))
    at = bound(asked.at, "at", asked.zone, beginning_of_day)
    plan = (_of_lots if asked.file is None else _of_file)(asked, use, order, at)
    if asked.json:
        print_json(_explained(plan))
    else:
        print(plan.table().text)
    return ended(ok=plan.met)


def _of_file(
    asked: argparse.Namespace, use: Use, order: BurnOrder | None, at: datetime | None
) -> Plan:
    """The plan of a wallet as a scenario leaves it."""
    ledger = scenario_of(asked.file).run().ledger
    amount = wallet_unit(check_wallet(asked.wallet)).of(asked.amount)
    return ledger.explain(asked.wallet, amount, use=use, order=order, at=at)


def _of_lots(
    asked: argparse.Namespace, use: Use, order: BurnOrder | None, at: datetime | None
) -> Plan:
    """The plan of lots that were written on the command line."""
    unit = UNIT_NAMES[asked.unit]
    held = [_lot(text, unit, asked.zone) for text in asked.lots]
    names = [lot.id for lot, _ in held]
    for twice in (name for place, name in enumerate(names) if name in names[:place]):
        raise InvalidValue("lots", f"{shown(twice)} twice", "each lot once")
    now = SystemClock().now() if at is None else at
    bucket = Bucket.of(held, unit=unit, order=order or FEFO_LARGEST)
    return bucket.burn(unit.of(asked.amount), at=now, use=use)


def _lot(text: str, unit: Any, zone: str) -> tuple[Lot, Amount]:
    words = text.split()
    if len(words) not in (2, 3):
        raise InvalidValue("lot", shown(text), 'an id, an amount and an expiry: "A 5 2026-01-30"')
    ends = instant_or_day(words[2], "expires", zone, end_of_day) if len(words) == 3 else None
    return Lot.plain(words[0], unit, expires=ends), unit.of(words[1])


def _explained(plan: Plan) -> dict[str, Any]:
    unit = plan.bucket.unit
    why = [
        {
            "lot": reason.lot.id,
            "available": unit(parts=reason.available).text,
            "taken": unit(parts=reason.taken).text,
            "verdict": reason.verdict.value,
            "because": reason.because,
        }
        for reason in plan.explanation
    ]
    return {
        "asked": str(plan.asked),
        "at": instant_text(plan.at),
        "order": str(plan.bucket.order),
        "slices": [{"lot": part.lot.id, "amount": part.amount.text} for part in plan.slices],
        "unmet": str(plan.unmet),
        "why": why,
    }


def _schedule(asked: argparse.Namespace) -> int:
    anchor = instant_or_day(asked.anchor, "anchor", asked.zone, beginning_of_day)
    schedule = Recurrence(
        anchor,
        Period(asked.period),
        every=asked.every,
        zone=asked.zone,
        until=bound(asked.until, "until", asked.zone, end_of_day),
    )
    after = bound(asked.after, "after", asked.zone, beginning_of_day)
    found = schedule.after(anchor - _BEFORE if after is None else after, count=asked.count)
    zone = check_zone(asked.zone)
    local = [due.astimezone(zone).isoformat(" ", "seconds") for _, due in found]
    if asked.json:
        rows = zip(found, local, strict=True)
        print_json([{"k": k, "at": instant_text(at), "local": text} for (k, at), text in rows])
    else:
        for (k, at), text in zip(found, local, strict=True):
            print(f"{k:>4}  {text}  {instant_text(at)}")
    return OK


QUESTIONS = (
    Word(
        "quote",
        _quote,
        "say what prices come to in training units, each rounded up on its own",
        (
            ("prices", {"nargs": "+", "metavar": "PRICE"}),
            ("--rate", {"help": "money per unit; without it, prices are in units"}),
            ("--times", {"type": int, "default": 1, "help": "how often each is bought"}),
        ),
    ),
    Word(
        "explain",
        _explain,
        "say which lots pay an amount, and why",
        (
            ("amount", {"metavar": "AMOUNT"}),
            ("lots", {"nargs": "*", "metavar": "LOT", "help": 'like "A 5 2026-01-30" or "D 50"'}),
            ("--file", {"help": "take the lots of a wallet after this scenario"}),
            ("--wallet", {"help": "which wallet"}),
            ("--order", {"help": 'a burn order: "expires, -available", FIFO, ...'}),
            (
                "--at",
                {"help": "an instant, or a date's beginning; else now, or the scenario's last"},
            ),
            ("--unit", {"choices": sorted(UNIT_NAMES), "default": "units"}),
            ("--course", {"help": "what the units are for"}),
            ("--item", {"help": "what the units are for"}),
            ("--group", {"action": "append", "default": [], "help": "who they are for"}),
            ZONE,
        ),
    ),
    Word(
        "schedule",
        _schedule,
        "list the next occurrences of a schedule, each counted from its anchor",
        (
            ("anchor", {"metavar": "ANCHOR", "help": "an instant, or a date for its first minute"}),
            ("period", {"choices": [period.value for period in Period]}),
            ("--every", {"type": int, "default": 1, "help": "how many periods lie between two"}),
            ("--count", {"type": int, "default": 5, "help": "how many to list"}),
            ("--after", {"help": "only those after this instant or the beginning of this date"}),
            ("--until", {"help": "only those before this instant or the end of this date"}),
            ZONE,
        ),
    ),
)
"""The words of this family."""
