"""What a scheduler calls on the command line: ``sweep`` and ``fire``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from unitledger.cli.progress import progress
from unitledger.cli.rules import directory_named, rules_named
from unitledger.cli.screen import OK, ended, message, plain, print_json
from unitledger.cli.words import PORTAL, URL, Word
from unitledger.commands import Actor, Role
from unitledger.ledger import Ledger
from unitledger.scenario.stories import several
from unitledger.scheduler import Fired, fire, policy_mark
from unitledger.stored import portal_of, stored, sweep_all
from unitledger.time import Clock, FixedClock, SystemClock, parse_instant

__all__ = ["UPKEEP"]

_SCHEDULER = Actor.acting("scheduler", Role.SYSTEM)


def _clock(asked: argparse.Namespace) -> Clock:
    return SystemClock() if asked.at is None else FixedClock(parse_instant(asked.at, "at"))


def _sweep(asked: argparse.Namespace) -> int:
    clock = _clock(asked)
    with stored(asked.store) as store:
        swept = sweep_all(store, asked.portal, clock=clock, bar=progress)
    if asked.json:
        print_json({name: plain(one) for name, one in swept.items()})
    for name, one in swept.items() if not asked.json else ():
        print(f"{name}: {several(one.wallets, 'wallet')}, {one.written} with something to write")
    return OK


def _fire(asked: argparse.Namespace) -> int:
    clock, (policy, directory) = _clock(asked), rules_named(asked.policy)
    if asked.directory is not None:
        directory = directory_named(asked.directory)
    with stored(asked.store) as store:
        portal = portal_of(store, asked.portal)
        ledger = Ledger(store, portal=portal, policy=policy, clock=clock, directory=directory)
        with progress(f"fire {portal}", None) as tick:
            found = fire(ledger, by=_SCHEDULER, replacing=asked.replacing, tick=tick)
    mark = policy_mark(policy)
    if asked.json:
        told = [_told(one) for one in found]
        print_json({"portal": portal, "policy": mark, "due": told})
    else:
        print("\n".join(_lines(portal, mark, found)))
    return ended(ok=all(one.refusal is None for one in found))


def _told(one: Fired) -> dict[str, Any]:
    refused, receipt = one.refusal, one.receipt
    why = None if refused is None else {"code": refused.code, "message": message(refused)}
    outcome = None if receipt is None else plain(receipt.outcome)
    return {"request": one.request, "outcome": outcome, "refused": why}


def _lines(portal: str, mark: str, found: Sequence[Fired]) -> list[str]:
    """A line per refusal, and one that counts."""
    refused = [one.refusal for one in found if one.refusal is not None]
    lines = [
        f"{portal}: {one.request}: {one.refusal.code}: {message(one.refusal)}"
        for one in found
        if one.refusal is not None
    ]
    fired = f"{len(found) - len(refused)} of {len(found)} due fired"
    return [*lines, f"{portal}: {fired if found else 'nothing due'}, under policy {mark}"]


_AT = ("--at", {"help": "the instant that counts as now; else the clock of this machine"})

UPKEEP = (
    Word("sweep", _sweep, "write down in a store what has expired by now", (URL, PORTAL, _AT)),
    Word(
        "fire",
        _fire,
        "carry out what is due in a portal: assignments, periods and forfeits of subscriptions",
        (
            URL,
            ("--portal", {"help": "which portal, where a store has more than one"}),
            (
                "--policy",
                {
                    "required": True,
                    "help": "its rules: a file with a table [policy], module:attribute, default,"
                    " or another preset",
                },
            ),
            ("--directory", {"help": "who knows people: module:attribute"}),
            (
                "--replacing",
                {"default": "", "metavar": "MARK", "help": "the policy that this one replaces"},
            ),
            _AT,
        ),
    ),
)
"""The words of this family."""
