"""The words of the command line that are about a store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.stores.servers import database
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member
from unitledger.cli import main
from unitledger.ids import LotId
from unitledger.operations import Issue
from unitledger.scenario import shipped
from unitledger.stores.sql import SqlStore
from unitledger.time import FixedClock, parse_instant

Captured = pytest.CaptureFixture[str]
NUMBERS = count()
SEEDS = 30
"""How many entries the demo writes."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/demo.db"
    return database(f"cli{next(NUMBERS)}")


def said(capsys: Captured, *argv: str, code: int = 0) -> str:
    assert main(argv) == code
    out, complaint = capsys.readouterr()
    assert complaint == ""
    return out


def told(capsys: Captured, *argv: str, code: int = 0) -> Any:
    return json.loads(said(capsys, *argv, "--json", code=code))


def complaint(capsys: Captured, *argv: str, code: int = 1) -> str:
    assert main(argv) == code
    out, words = capsys.readouterr()
    assert out == ""
    return words


def test_a_demo_is_kept_and_found_again(url: str, capsys: Captured) -> None:
    assert said(capsys, "demo", "--store", url) == said(capsys, "demo")
    lots = told(capsys, "demo")["verify"]["lots"]
    journal = f"academy: {SEEDS} entries, {lots} lots; "
    assert said(capsys, "verify", url) == f"{journal}every hash, chain and sum holds\n"
    assert said(capsys, "audit", url) == f"{journal}what is stored is what the journal folds to\n"
    answer = told(capsys, "audit", url, "--portal", "academy")
    assert answer == {"academy": {"ok": True, "entries": SEEDS, "lots": lots, "faults": []}}
    again = complaint(capsys, "demo", "--store", url)
    assert again.startswith("already_exists: ")
    assert "academy" in again


def test_a_scenario_is_run_in_a_store(url: str, capsys: Captured) -> None:
    assert said(capsys, "run", "seed_units", "--store", url).endswith("all as expected\n")
    assert told(capsys, "verify", url)["academy"]["ok"]
    words = complaint(capsys, "run", "seed_units", "seed_credits", "--store", url, code=2)
    assert "--store takes one scenario" in words


def test_a_journal_goes_from_one_store_to_another(
    url: str, tmp_path: Path, capsys: Captured
) -> None:
    """The same bytes there, and the new store goes on with them."""
    said(capsys, "demo", "--store", url)
    first, second = str(tmp_path / "first.jsonl"), str(tmp_path / "second.jsonl")
    assert said(capsys, "export", url, first) == f"academy: {SEEDS} entries written to {first}\n"
    assert said(capsys, "verify", first).startswith(f"{first}: {SEEDS} entries, ")
    other = f"sqlite:///{tmp_path}/other.db"
    words = said(capsys, "import", first, other)
    assert words.startswith(f"{first}: {SEEDS} entries, ")
    assert words.endswith("lots; all of it is in the store\n")
    assert told(capsys, "audit", other)["academy"]["ok"]
    assert told(capsys, "export", other, second) == {
        "portal": "academy",
        "entries": SEEDS,
        "file": second,
    }
    assert Path(first).read_bytes() == Path(second).read_bytes()
    assert complaint(capsys, "import", first, other).startswith("already_exists")


def test_a_journal_that_was_edited_is_not_imported(tmp_path: Path, capsys: Captured) -> None:
    url, file = f"sqlite:///{tmp_path}/a.db", tmp_path / "a.jsonl"
    said(capsys, "run", "seed_units", "--journal", str(file))
    file.write_text(file.read_text("ascii").replace('"parts":', '"parts" :', 1), "ascii")
    assert main(["import", str(file), url]) == 1
    lines = file.read_text("ascii").splitlines()
    file.write_text("\n".join(lines[:-2] + lines[-1:]) + "\n", "ascii")
    capsys.readouterr()
    assert complaint(capsys, "import", str(file), url).startswith("malformed_document")
    assert said(capsys, "audit", url) == ""


def test_a_changed_entry_and_a_changed_cell_are_found(url: str, capsys: Captured) -> None:
    said(capsys, "run", "seed_units", "--store", url)
    engine = create_engine(url)
    cells = "UPDATE unitledger_cells SET free = free + 1, usable = usable + 1 WHERE live = 1"
    with engine.begin() as connection:
        connection.execute(text(cells))
    assert "does not hold of" in said(capsys, "audit", url, code=1)
    assert told(capsys, "audit", url, code=1)["academy"]["ok"] is False
    assert said(capsys, "verify", url).endswith("every hash, chain and sum holds\n")
    trigger = "no_change ON unitledger_journal" if "postgres" in url else "no_update"
    changed = "UPDATE unitledger_journal SET text = replace(text, 'academy', 'Academy')"
    with engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER unitledger_journal_{trigger}"))
        connection.execute(text(changed))
    assert "its text does not have its hash" in said(capsys, "verify", url, code=1)
    engine.dispose()


def test_a_sweep_writes_down_what_has_expired(url: str, capsys: Captured) -> None:
    store = SqlStore.open(url)
    clock = FixedClock(parse_instant("2020-01-01T00:00:00Z"))
    for name, ends in (("old", "2020-02-01T00:00:00Z"), ("new", None)):
        expires = None if ends is None else parse_instant(ends)
        command = Issue(LotId(name), member(name), Units.of(5), expires=expires)
        admin = Actor.acting("admin", Role.ADMIN)
        Ledger(store, clock=clock).execute(command, by=admin, request=name)
    assert said(capsys, "sweep", url) == "main: 2 wallets, 1 with something to write\n"
    assert told(capsys, "sweep", url) == {"main": {"wallets": 2, "written": 0}}
    balance = Ledger(store).balance(member("old"))
    assert balance.expired == Units.of(5)
    assert Ledger(store).audit().ok
    with store.read(Ledger(store).portal) as reading:
        assert reading.cells(member("old"), LotId("old")) == (-500, 0, 0, 0, 500, 0)
    store.close()


def test_one_of_many_portals_is_named(tmp_path: Path, capsys: Captured) -> None:
    url, out = f"sqlite:///{tmp_path}/many.db", str(tmp_path / "out.jsonl")
    store = SqlStore.open(url)
    for portal in ("north", "south"):
        command = Issue(LotId("a"), member("ann"), Units.of(5))
        admin = Actor.acting("admin", Role.ADMIN)
        Ledger(store, portal=portal).execute(command, by=admin, request="a")
    store.close()
    assert [line.split(":")[0] for line in said(capsys, "verify", url).splitlines()] == [
        "north",
        "south",
    ]
    assert said(capsys, "audit", url, "--portal", "south").startswith("south: 1 entry")
    assert complaint(capsys, "audit", url, "--portal", "west").startswith("unknown_object")
    assert "--portal" in complaint(capsys, "export", url, out)
    assert said(capsys, "export", url, out, "--portal", "north").startswith("north: 1 entry")


@pytest.mark.parametrize("word", ["verify", "audit", "sweep"])
def test_a_store_that_is_not_there_is_named(word: str, tmp_path: Path, capsys: Captured) -> None:
    missing = f"sqlite:///{tmp_path}/none.db"
    assert complaint(capsys, word, missing).startswith("store_unavailable: ")
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "empty.db").touch()
    assert complaint(capsys, word, f"sqlite:///{tmp_path}/empty.db").startswith("schema_mismatch")
    assert complaint(capsys, word, "nonsense://x").startswith("invalid_value: store is ")


def test_a_portal_belongs_to_a_store(tmp_path: Path, capsys: Captured) -> None:
    file = str(tmp_path / "units.jsonl")
    said(capsys, "run", "seed_units", "--journal", file)
    assert "--portal is for a store" in complaint(capsys, "verify", file, "--portal", "x", code=2)


def test_the_seeds_are_as_many_entries_as_this_page_says(tmp_path: Path, capsys: Captured) -> None:
    assert {"seed_credits", "seed_units"} <= set(shipped())
    assert told(capsys, "demo")["verify"]["entries"] == SEEDS
