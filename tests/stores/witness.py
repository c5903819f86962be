"""A witness of what many clients did at once: it reads the journal and believes nothing.

It knows the library by its canonical JSON alone. It replays the entries in their order against a
model of its own, which sorts every lot of a wallet anew for each redemption, and holds what the
clients say they were answered against it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

NEVER = "9999"
MOST = 10**9
_LATE = 3
"""Under how many of its latest terms another wallet may have seen a lot."""
_TAKING = {"spend": "SPENT", "hold": "HELD", "transfer": "FREE"}


class Told(NamedTuple):
    """What one client says of one request."""

    request: str
    began: float
    ended: float
    entry: str
    """The hash of the entry it was acknowledged with; empty when it was refused."""


class Lot(NamedTuple):
    """A lot as the witness knows it: every version of its terms."""

    acquired: str
    cycle: int
    home: str
    terms: list[tuple[str, str]]


class Witness:
    """What a journal amounts to, and everything that cannot be."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str], dict[str, int]] = {}
        self.lots: dict[str, Lot] = {}
        self.live: dict[str, set[str]] = {}
        self.heads: dict[str, tuple[int, str, str]] = {}
        self.entries: dict[str, str] = {}
        self.chains: dict[str, list[str]] = {}
        self.reasons: dict[str, int] = {}
        self.anomalies: list[str] = []

    def replay(self, journal: Iterable[tuple[str, str]]) -> None:
        """Take entries and their hashes into account, in the order they were written."""
        for text, entry_hash in journal:
            entry = json.loads(text)
            self._link(entry, entry_hash)
            self._order(entry)
            self._move(entry)
            if entry["request"] in self.entries:
                self._complain(entry, "doubled: its request stands twice")
            self.entries[entry["request"]] = entry_hash
            if entry["reason"]:
                self.reasons[entry["reason"]] = self.reasons.get(entry["reason"], 0) + 1

    def _complain(self, entry: dict[str, Any], words: str) -> None:
        self.anomalies.append(f"{entry['request']}: {words}")

    def _link(self, entry: dict[str, Any], entry_hash: str) -> None:
        for touch in entry["touches"]:
            wallet = touch["wallet"]
            sequence, last, at = self.heads.get(wallet, (0, "", ""))
            if touch["sequence"] != sequence + 1:
                self._complain(entry, f"gap: {touch['sequence']} follows {sequence} in {wallet}")
            if touch["previous"] != last:
                self._complain(entry, f"gap: another entry went before it in {wallet}")
            if entry["at"] < at:
                self._complain(entry, f"time: it is before the last entry of {wallet}")
            self.heads[wallet] = touch["sequence"], entry_hash, entry["at"]
            self.chains.setdefault(wallet, []).append(entry["request"])

    def _order(self, entry: dict[str, Any]) -> None:
        """Whether the lots that were taken are those that had to be.

        The terms of the lots taken are those that the entry says it read. Of any other lot whose
        home is another wallet an edit may have been on its way: it must stand behind those taken
        under some of its latest terms. A lot of the wallet itself has no such excuse.
        """
        target = _TAKING.get(entry["command"]["kind"])
        if target is None:
            return
        wallet = entry["command"].get("wallet") or entry["command"]["source"]
        versions, at = dict(entry["terms_read"]), entry["at"]
        taken: dict[str, int] = {}
        for move in entry["moves"]:
            if move["source"] == f"{wallet} FREE" and move["target"].endswith(f" {target}"):
                taken[move["lot"]] = taken.get(move["lot"], 0) + move["parts"]
        if any(versions.get(lot, MOST) > len(self.lots[lot].terms) for lot in taken):
            self._complain(entry, "order: it read terms that nobody wrote")
            return
        ranks = [self._rank(wallet, lot, at, self._read(lot, versions[lot])) for lot in taken]
        if None in ranks or ranks != sorted(ranks):
            self._complain(entry, f"order: it took {taken} in another order, or lapsed")
            return
        for lot, parts in list(taken.items())[:-1]:
            if parts != self._usable(wallet, lot):
                self._complain(entry, f"order: it left some of {lot} and went on")
        for lot in self.live.get(wallet, set()) - taken.keys() if ranks else ():
            if not self._behind(wallet, lot, at, ranks[-1]):
                self._complain(entry, f"order: it took {taken} and not {lot}")

    def _read(self, lot: str, version: int) -> tuple[str, str]:
        """The terms of a version; those before it are no longer, where nobody can be late."""
        return self.lots[lot].terms[version - 1]

    def _usable(self, wallet: str, lot: str) -> int:
        cells = self.cells[wallet, lot]
        return cells.get("FREE", 0) + cells.get("EXPIRED", 0)

    def _rank(self, wallet: str, lot: str, at: str, terms: tuple[str, str]) -> Any:
        """Where a lot stands: first to expire, then the largest, then the oldest."""
        if not terms[0] <= at < terms[1]:
            return None
        known = self.lots[lot]
        return (terms[1], -self._usable(wallet, lot), known.acquired, known.cycle, lot)

    def _behind(self, wallet: str, lot: str, at: str, last: Any) -> bool:
        known = self.lots[lot]
        recent = known.terms[-1:] if known.home == wallet else known.terms[-_LATE:]
        ranks = [self._rank(wallet, lot, at, terms) for terms in recent]
        return any(rank is None or rank > last for rank in ranks)

    def _move(self, entry: dict[str, Any]) -> None:
        for lot in entry["lots"]:
            ends = lot["terms"]["expires"] or NEVER
            first = (lot["terms"]["effective"], ends)
            self.lots[lot["id"]] = Lot(lot["acquired"], lot["cycle"], lot["home"], [first])
        for edit in entry["terms"]:
            ends = edit["terms"]["expires"] or NEVER
            self.lots[edit["lot"]].terms.append((edit["terms"]["effective"], ends))
        for move in entry["moves"]:
            for end, sign in ((move["source"], -1), (move["target"], 1)):
                wallet, state = end.rsplit(" ", 1)
                row = self.cells.setdefault((wallet, move["lot"]), {})
                row[state] = row.get(state, 0) + sign * move["parts"]
                live = self.live.setdefault(wallet, set())
                (live.add if self._usable(wallet, move["lot"]) else live.discard)(move["lot"])
                if row[state] < 0 and state != "ISSUED":
                    self._complain(entry, f"floor: {end} of {move['lot']} is {row[state]}")

    def hear(self, told: Iterable[Told]) -> None:
        """Hold what clients say against the journal."""
        answers: dict[str, list[Told]] = {}
        for one in told:
            answers.setdefault(one.request, []).append(one)
        for request, ones in answers.items():
            acknowledged = {one.entry for one in ones if one.entry}
            if len(acknowledged) > 1:
                self.anomalies.append(f"{request}: doubled: it was acknowledged with two entries")
            if acknowledged and self.entries.get(request) not in acknowledged:
                self.anomalies.append(f"{request}: lost: it was acknowledged and is not there")
        for request in self.entries.keys() - answers.keys():
            self.anomalies.append(f"{request}: nobody sent it")
        for wallet, chain in self.chains.items():
            self._real_time(wallet, [answers[name] for name in chain if name in answers])

    def _real_time(self, wallet: str, chain: list[list[Told]]) -> None:
        """Whoever was answered before another began stands before it."""
        latest = 0.0
        for ones in chain:
            if min(one.ended for one in ones) < latest:
                words = "real time: it was answered before an earlier entry of its wallet began"
                self.anomalies.append(f"{ones[0].request}: {words} ({wallet})")
            latest = max(latest, min(one.began for one in ones))

    def compare(self, rows: Iterable[tuple[str, str, tuple[int, ...]]]) -> None:
        """Hold the rows of a store against the journal: wallet, lot and six figures each."""
        states = ("ISSUED", "FREE", "HELD", "SPENT", "EXPIRED", "VOID")
        found = {
            (wallet, lot): dict(zip(states, cells, strict=True)) for wallet, lot, cells in rows
        }
        for key in {*found, *self.cells}:
            said = {k: v for k, v in self.cells.get(key, {}).items() if v}
            kept = {k: v for k, v in found.get(key, {}).items() if v}
            if said != kept:
                self.anomalies.append(f"fold: {key} is {kept}, and its entries say {said}")
