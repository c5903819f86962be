"""Portals in a store on the command line: looked through, brought up to date, moved."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

from unitledger.cli.progress import progress
from unitledger.cli.screen import OK, ended, plain, print_json
from unitledger.cli.words import PORTAL, URL, Usage, Word
from unitledger.journal import MAX_ENTRY, Findings, imported, ticked, verify
from unitledger.scenario.stories import several
from unitledger.stored import (
    audit_all,
    export_to,
    import_from,
    is_url,
    stored,
    verify_all,
)

__all__ = ["PORTALS"]

_MAX_LINE = MAX_ENTRY + 300


def _verify(asked: argparse.Namespace) -> int:
    if is_url(asked.file):
        with stored(asked.file) as store:
            return _found(
                asked,
                verify_all(store, asked.portal, bar=progress),
                "every hash, chain and sum holds",
            )
    if asked.portal is not None:
        raise Usage(asked.parser, "--portal is for a store; a file has one journal")
    kept, seal = imported(_lines(asked.file))
    with progress(f"verify {asked.file}", len(kept)) as tick:
        verdict = verify(ticked(kept, tick), seal)
    if asked.json:
        print_json({"file": asked.file, "ok": verdict.ok, **plain(verdict)})
    elif verdict.ok:
        size = f"{several(verdict.entries, 'entry')}, {several(verdict.lots, 'lot')}"
        print(f"{asked.file}: {size}; every hash, chain and sum holds")
    else:
        print("\n".join(f"{asked.file}: {fault}" for fault in verdict.faults))
    return ended(ok=verdict.ok)


def _found(asked: argparse.Namespace, verdicts: Mapping[str, Findings], well: str) -> int:
    """A line per portal, or per fault of one."""
    if asked.json:
        print_json({name: {"ok": one.ok, **plain(one)} for name, one in verdicts.items()})
        return ended(ok=all(one.ok for one in verdicts.values()))
    for name, one in verdicts.items():
        size = f"{several(one.entries, 'entry')}, {several(one.lots, 'lot')}"
        lines = [f"{name}: {fault}" for fault in one.faults] or [f"{name}: {size}; {well}"]
        print("\n".join(lines))
    return ended(ok=all(one.ok for one in verdicts.values()))


def _audit(asked: argparse.Namespace) -> int:
    with stored(asked.store) as store:
        verdicts = audit_all(store, asked.portal, bar=progress)
    return _found(asked, verdicts, "what is stored is what the journal folds to")


def _export(asked: argparse.Namespace) -> int:
    with stored(asked.store) as store:
        portal, entries = export_to(store, asked.portal, Path(asked.file), bar=progress)
    if asked.json:
        print_json({"portal": portal, "entries": entries, "file": asked.file})
    else:
        print(f"{portal}: {several(entries, 'entry')} written to {asked.file}")
    return OK


def _import(asked: argparse.Namespace) -> int:
    with stored(asked.store, make=True) as store:
        verdict = import_from(store, _lines(asked.file), bar=progress)
    return _found(asked, {asked.file: verdict}, "all of it is in the store")


def _lines(file: str) -> Iterator[str]:
    """The lines of a journal, none of them longer than an entry can be."""
    with Path(file).open(encoding="utf-8", errors="replace", newline="\n") as journal:
        while line := journal.readline(_MAX_LINE):
            yield line


PORTALS = (
    Word(
        "verify",
        _verify,
        "say whether an exported journal is the one that was written, and adds up",
        (
            (
                "file",
                {"metavar": "FILE", "help": "as run --journal or export writes it; or a store"},
            ),
            PORTAL,
        ),
    ),
    Word("audit", _audit, "say whether a store has what its journals fold to", (URL, PORTAL)),
    Word(
        "export",
        _export,
        "write the journal of a portal as lines of JSON, with a seal behind them",
        (URL, ("file", {"metavar": "OUT", "help": "the file to write"}), PORTAL),
    ),
    Word(
        "import",
        _import,
        "put an exported journal into a store whose portal of that name is empty",
        (("file", {"metavar": "FILE", "help": "as export writes it"}), URL),
    ),
)
"""The words of this family."""
