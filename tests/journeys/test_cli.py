"""The command line, word by word: what it prints, where, and the number it ends with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.rules.scenario_files import FILES, STEP, TOP
from unitledger import __version__
from unitledger.cli import main
from unitledger.cli import stories as cli_stories
from unitledger.scenario import shipped

Captured = pytest.CaptureFixture[str]
FOUR_LOTS = ("A 5 2026-01-30", "B 20 2026-03-01", "C 8 2026-01-30", "D 50")


def said(capsys: Captured, *argv: str, code: int = 0) -> str:
    """What a command prints when all is well."""
    assert main(argv) == code
    out, complaint = capsys.readouterr()
    assert complaint == ""
    return out


def told(capsys: Captured, *argv: str, code: int = 0) -> Any:
    """What a command answers in JSON."""
    return json.loads(said(capsys, *argv, "--json", code=code))


def complaint(capsys: Captured, *argv: str, code: int) -> str:
    """What a command complains of, with nothing answered."""
    assert main(argv) == code
    out, words = capsys.readouterr()
    assert out == ""
    return words


# demo


def test_the_demo_tells_both_seeds_and_ends_with_conservation(capsys: Captured) -> None:
    lines = said(capsys, "demo").splitlines()
    text = "\n".join(lines)
    assert len(lines) < 100
    assert max(map(len, lines)) <= 100
    assert "Subscription credits" in lines
    assert "Training units" in lines
    assert "3 × 1.234 → 3 × 1.24 = 3.72" in text, "each price is rounded up on its own"
    assert "spend C 8, A 5, B 7" in text, "TU-190"
    assert [line.split()[0] for line in lines if "taken: before" in line] == ["C", "A", "B"]
    assert "insufficient_units: 100 needed, 71 there, 29 short" in text
    assert "its first receipt again, entry " in text
    assert "0 available, 3.72 spent, 8.28 expired" in text
    assert "member/sam 8.28 available, 0 expired" in text, "revived by the edit"
    assert lines[-2].startswith("Conservation: ")
    assert lines[-2].endswith("every lot adds up, every chain of hashes holds.")
    assert lines[-1] == "Audit: what is stored is what the journal folds to."


def test_the_demo_is_the_same_every_time(capsys: Captured) -> None:
    assert said(capsys, "demo") == said(capsys, "demo")


def test_the_demo_in_json(capsys: Captured) -> None:
    answer = told(capsys, "demo")
    assert [one["title"] for one in answer["scenarios"]] == [
        "Subscription credits",
        "Training units",
    ]
    assert all(one["ok"] and one["failures"] == [] for one in answer["scenarios"])
    steps = answer["scenarios"][1]["steps"]
    (order,) = [step for step in steps if step["slices"] == "C 8, A 5, B 7" and step["replayed"]]
    assert order["outcome"]["total"] == "20.00"
    refused = [step["refused"]["code"] for step in steps if step["refused"]]
    assert refused == ["insufficient_units"] * 3
    assert answer["verify"]["faults"] == answer["audit"]["faults"] == []
    assert answer["verify"]["entries"] == 30


def test_a_demo_that_is_not_as_expected_says_so(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories = shipped()
    broken = FILES[1].read_text("utf-8").replace('slices = "C 8, A 5, B 7"', 'slices = "A 5, C 8"')
    stories["seed_units"] = type(stories["seed_units"]).parse(broken)
    monkeypatch.setattr(cli_stories, "shipped", lambda: stories)
    lines = said(capsys, "demo", code=1).splitlines()
    assert sum(line.startswith("not as expected: step ") for line in lines) == 3


# run


def test_run_takes_the_shipped_scenarios_by_name(capsys: Captured) -> None:
    lines = said(capsys, "run", "seed_credits", "seed_units").splitlines()
    assert lines == [
        "seed_credits: 20 steps, 12 checks, all as expected",
        "seed_units: 17 steps, 13 checks, all as expected",
    ]


def test_run_takes_files(capsys: Captured) -> None:
    lines = said(capsys, "run", *map(str, FILES)).splitlines()
    assert len(lines) == len(FILES)
    assert all(line.endswith(" all as expected") for line in lines)


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        pytest.param(
            "seed_credits",
            'pool", available = 4, spent = 1',
            'pool", available = 5, spent = 1',
            "step 5 (enrol), check 1: available: expected 5 credits, found 4 credits",
            id="a balance of credits",
        ),
        pytest.param(
            "seed_units",
            "needed = 100, available = 71, shortfall = 29",
            "needed = 100, available = 71, shortfall = 28",
            "step 11 (place_order): shortfall: expected 28, found 29.00 units",
            id="a shortfall of units",
        ),
    ],
)
def test_one_altered_expectation_is_one_line_and_ends_with_one(
    capsys: Captured, tmp_path: Path, name: str, old: str, new: str, line: str
) -> None:
    (path,) = [path for path in FILES if path.stem == name]
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    copy = tmp_path / f"{name}.toml"
    copy.write_text(text.replace(old, new), "utf-8")
    found = said(capsys, "run", str(copy), "seed_units", code=1).splitlines()
    assert found[0] == f"{copy}: {line}"
    assert found[1].endswith("1 not as expected")
    assert found[2].startswith("seed_units: ")
    answer = told(capsys, "run", str(copy), code=1)
    assert answer[0]["ok"] is False
    assert answer[0]["failures"][0]["field"] in line


def test_a_file_is_preferred_to_a_shipped_name(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("seed_units").mkdir()
    words = complaint(capsys, "run", "seed_units", code=2)
    assert words == "not_readable: seed_units: no such file; it is a folder\n"


def test_a_scenario_with_a_slip_is_refused_with_its_place(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(TOP + STEP.replace("amount = 1", 'amount = "1.234"'))
    words = complaint(capsys, "run", str(path), code=1)
    problem = "too_precise: units is '1.234'; give at most 2 decimals"
    assert words == f"{problem}, in step 1, in {path}\n"


def test_a_file_that_is_not_there(capsys: Captured) -> None:
    for argv in (("run",), ("explain", "5", "--wallet", "pool", "--file")):
        for name in ("nowhere.toml", "nofile"):
            words = complaint(capsys, *argv, name, code=2)
            problem = "no such file; the package has seed_credits, seed_units"
            assert words == f"not_readable: {name}: {problem}\n"
    assert "/: no such file; it is a folder" in complaint(capsys, "run", "/", code=2)


def test_one_is_not_written_as_many(capsys: Captured, tmp_path: Path) -> None:
    path, out = tmp_path / "a.toml", tmp_path / "out.jsonl"
    path.write_text(TOP.partition("[[lots]]")[0] + "[[steps]]\n[[checks]]\naudit = true\n")
    line = f"{path}: 1 step, 1 check, all as expected\n"
    assert said(capsys, "run", str(path), "--journal", str(out)) == line
    assert "0 entries, 0 lots" in said(capsys, "verify", str(out))
    path.write_text(TOP.rpartition("[[lots]]")[0])
    said(capsys, "run", str(path), "--journal", str(out))
    assert "1 entry, 1 lot;" in said(capsys, "verify", str(out))


@pytest.mark.parametrize(
    ("argv", "status", "code", "words"),
    [
        pytest.param(("quote", "abc"), 1, "invalid_value", "give", id="refused"),
        pytest.param(("verify", "nowhere"), 2, "not_readable", "nowhere: ", id="no file"),
        pytest.param(("explain", "5"), 2, "usage", "give lots like", id="no lots"),
        pytest.param(("quote",), 2, "usage", "unitledger quote: the following", id="no price"),
        pytest.param(("sing",), 2, "usage", "invalid choice: 'sing'", id="no word"),
    ],
)
def test_in_json_what_went_wrong_is_json_too(
    capsys: Captured, argv: tuple[str, ...], status: int, code: str, words: str
) -> None:
    for spelling in ("--json", "--js"):
        answer = json.loads(complaint(capsys, *argv, spelling, code=status))
        assert answer.keys() == {"code", "message"}
        assert answer["code"] == code
        assert words in answer["message"]


# run --journal, verify


@pytest.fixture
def journal(tmp_path: Path, capsys: Captured) -> Path:
    path = tmp_path / "units.jsonl"
    said(capsys, "run", "seed_units", "--journal", str(path))
    return path


def test_a_journal_that_was_written_is_verified(capsys: Captured, journal: Path) -> None:
    line = f"{journal}: 14 entries, 5 lots; every hash, chain and sum holds\n"
    assert said(capsys, "verify", str(journal)) == line
    answer = told(capsys, "verify", str(journal))
    assert (answer["ok"], answer["entries"], answer["faults"]) == (True, 14, [])


def test_the_journal_of_a_scenario_that_fails_is_written_too(
    capsys: Captured, tmp_path: Path
) -> None:
    path, out = tmp_path / "a.toml", tmp_path / "out.jsonl"
    path.write_text(TOP + STEP + "replayed = true")
    said(capsys, "run", str(path), "--journal", str(out), code=1)
    assert "3 entries" in said(capsys, "verify", str(out))


TAMPERED = [
    pytest.param(slice(None), ('"12.00"', '"13.00"'), "does not have its hash", id="an amount"),
    pytest.param([0, 1, 3], ("", ""), "line 3: the entry of place 4", id="an entry left out"),
    pytest.param([0, 2, 1], ("", ""), "line 2: the entry of place 3", id="two swapped"),
    pytest.param(slice(-1), ("", ""), "without its seal", id="no seal"),
    pytest.param([0, 1, 2, -1], ("", ""), "the seal", id="the end cut off"),
    pytest.param(slice(0), ("", ""), "without its seal", id="nothing"),
    pytest.param([0], ("{", "["), "malformed_document: line 1", id="nonsense"),
    pytest.param([0], ("{", "x" * (17 << 20)), "limit_exceeded", id="a very long line"),
]


@pytest.mark.parametrize(("kept", "change", "fault"), TAMPERED)
def test_a_journal_that_was_tampered_with(
    capsys: Captured, journal: Path, kept: Any, change: tuple[str, str], fault: str
) -> None:
    lines = journal.read_text("ascii").splitlines()
    chosen = lines[kept] if isinstance(kept, slice) else [lines[place] for place in kept]
    text = "".join(f"{line}\n" for line in chosen)
    journal.write_text(text.replace(*change) if change[0] else text, "ascii")
    assert main(["verify", str(journal)]) == 1
    out, words = capsys.readouterr()
    assert fault in out + words
    assert bool(out) != bool(words)


def test_bytes_that_are_no_journal(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(256)) * 10)
    assert complaint(capsys, "verify", str(path), code=1).startswith("malformed_document: line 1")


def test_one_journal_is_of_one_scenario(capsys: Captured, tmp_path: Path) -> None:
    argv = ("run", "seed_units", "seed_credits", "--journal", str(tmp_path / "j"))
    assert "--journal takes one scenario" in complaint(capsys, *argv, code=2)


# quote


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        pytest.param(("1.234", "--times", "3"), ["3 × 1.234 → 3 × 1.24 = 3.72 units"], id="TU-123"),
        pytest.param(("1.50", "--rate", "1"), ["1 × 1.5 → 1 × 1.50 = 1.50 units"], id="TU-120"),
        pytest.param(("1.10",), ["1 × 1.1 → 1 × 1.10 = 1.10 units"], id="TU-122 exact stays"),
        pytest.param(
            ("1.234", "1.234", "--rate", "0.99", "--times", "3"),
            [
                "3 × 1.234 → 3 × 1.25 = 3.75 units",
                "3 × 1.234 → 3 × 1.25 = 3.75 units",
                "7.50 units in all",
            ],
            id="TU-124 two prices, converted",
        ),
        pytest.param(("0",), ["1 × 0 → 1 × 0.00 = 0.00 units"], id="TU-139 nothing"),
    ],
)
def test_quote(capsys: Captured, argv: tuple[str, ...], lines: list[str]) -> None:
    assert said(capsys, "quote", *argv).splitlines() == lines


def test_quote_in_json(capsys: Captured) -> None:
    answer = told(capsys, "quote", "1.234", "--times", "3", "--rate", "0.99")
    line = {"item": "item 1", "quantity": 3, "each": "1.25", "units": "3.75"}
    line["unit_value"] = "99/100"
    assert answer == {"lines": [line], "unit_value": "99/100", "total": "3.75"}


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        pytest.param(("abc",), 1, "invalid_value: ", id="no number"),
        pytest.param(("1", "--rate", "0"), 1, "invalid_value: ", id="no rate"),
        pytest.param(("1e9",), 1, "invalid_value: ", id="an exponent"),
        pytest.param(("9" * 65,), 1, "limit_exceeded: ", id="too long"),
        pytest.param(("nan",), 1, "invalid_value: ", id="NaN"),
        pytest.param(("1", "--times", "0"), 1, "invalid_value: ", id="no times"),
        pytest.param(("1", "--times", "x"), 2, "usage: unitledger quote", id="times of a word"),
        pytest.param((), 2, "usage: unitledger quote", id="no price"),
    ],
)
def test_quote_refuses(capsys: Captured, argv: tuple[str, ...], code: int, words: str) -> None:
    assert complaint(capsys, "quote", *argv, code=code).startswith(words)


# explain


AT = ("--at", "2026-01-01T00:00:00Z")


def test_explain_lots_of_the_command_line(capsys: Captured) -> None:
    lines = said(capsys, "explain", "20", *FOUR_LOTS, *AT).splitlines()
    rows = [line.split()[:3] for line in lines[2:]]
    assert rows == [
        ["C", "8.00", "8.00"],
        ["A", "5.00", "5.00"],
        ["B", "20.00", "7.00"],
        ["D", "50.00", "never"],
    ], "TU-190"


def test_explain_in_json(capsys: Captured) -> None:
    answer = told(capsys, "explain", "40", *FOUR_LOTS, *AT)
    assert answer["slices"] == [
        {"lot": "C", "amount": "8.00"},
        {"lot": "A", "amount": "5.00"},
        {"lot": "B", "amount": "20.00"},
        {"lot": "D", "amount": "7.00"},
    ], "TU-191"
    assert (answer["asked"], answer["unmet"]) == ("40.00 units", "0.00 units")
    assert answer["at"] == "2026-01-01T00:00:00.000000Z"
    assert [one["verdict"] for one in answer["why"]] == ["taken"] * 4


@pytest.mark.parametrize(
    ("more", "slices"),
    [
        pytest.param(("--order", "LATEST_EXPIRY"), "B 20.00, C 8.00, A 5.00, D 7.00", id="order"),
        pytest.param(("--order", "available"), "A 5.00, C 8.00, B 20.00, D 7.00", id="smallest"),
        pytest.param(
            ("--at", "2026-01-31T00:00:00+01:00"), "C 8.00, A 5.00, B 20.00, D 7.00", id="a zone"
        ),
        pytest.param(("--at", "2026-01-31T00:00:00Z"), "B 20.00, D 20.00", id="the day after"),
        pytest.param(("--at", "2026-01-31"), "B 20.00, D 20.00", id="from its beginning"),
        pytest.param(("--at", "2026-01-30"), "C 8.00, A 5.00, B 20.00, D 7.00", id="last day"),
        pytest.param(
            ("--at", "2026-01-31", "--zone", "Europe/Vienna"), "B 20.00, D 20.00", id="as the zone"
        ),
        pytest.param(
            ("--at", "2026-01-31T00:00:00Z", "--zone", "America/New_York"),
            "C 8.00, A 5.00, B 20.00, D 7.00",
            id="not yet over there",
        ),
    ],
)
def test_explain_under_other_circumstances(
    capsys: Captured, more: tuple[str, ...], slices: str
) -> None:
    at = () if "--at" in more else AT
    answer = told(capsys, "explain", "40", *FOUR_LOTS, *at, *more)
    assert ", ".join(f"{one['lot']} {one['amount']}" for one in answer["slices"]) == slices


def test_explain_more_than_there_is_ends_with_one(capsys: Captured) -> None:
    out = said(capsys, "explain", "100", *FOUR_LOTS, *AT, code=1)
    assert "17.00 units missing" in out.splitlines()[0]
    assert told(capsys, "explain", "100", *FOUR_LOTS, *AT, code=1)["unmet"] == "17.00 units"


def test_explain_credits_now(capsys: Captured) -> None:
    answer = told(capsys, "explain", "3", "a 5", "--unit", "credits")
    assert (answer["asked"], answer["unmet"]) == ("3 credits", "0 credits")


def test_explain_a_wallet_after_a_scenario(capsys: Captured) -> None:
    argv = ("explain", "6.78", "--file", "seed_units", "--wallet", "member/sam")
    assert told(capsys, *argv)["slices"] == [{"lot": "sales/1/1", "amount": "6.78"}]
    assert told(capsys, *argv, "--at", "2026-07-01T00:00:00Z", code=1)["slices"] == []
    out = said(capsys, *argv, "--order", "FIFO")
    assert "sales/1/1" in out


def test_explain_with_a_use(capsys: Captured) -> None:
    path = str(next(path for path in FILES if path.name.startswith("restricted")))
    argv = ("explain", "5", "--file", path, "--wallet", "keycode/shared")
    assert told(capsys, *argv, code=1)["unmet"] == "1.00 units"
    assert told(capsys, *argv, "--group", "kim", "--group", "sales")["unmet"] == "0.00 units"
    assert told(capsys, *argv, "--item", "session-1", code=1)["unmet"] == "1.00 units"


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        pytest.param(("5",), 2, "usage: unitledger explain", id="no lots"),
        pytest.param(("5", "--wallet", "pool"), 2, "usage: ", id="a wallet of what"),
        pytest.param(("5", "--file", "seed_units"), 2, "usage: ", id="which wallet"),
        pytest.param(
            ("5", "a 5", "--file", "seed_units", "--wallet", "pool"), 2, "usage: ", id="both"
        ),
        pytest.param(("5", "a"), 1, "invalid_value: lot is 'a'", id="no amount"),
        pytest.param(("5", "a 5 soon 6"), 1, "invalid_value: lot is", id="four words"),
        pytest.param(("5", "a 5 2026-02-30"), 1, "invalid_value: expires", id="no such day"),
        pytest.param(("5", "a 5 2026-01-30T10:00"), 1, "naive_instant: expires", id="no zone"),
        pytest.param(
            ("5", "b 1", "a 5", "a 5"), 1, "invalid_value: lots is 'a' twice; give each", id="twice"
        ),
        pytest.param(("5", "a 5", "--at", "2026-02-30"), 1, "invalid_value: at", id="no such at"),
        pytest.param(("5.5", "a 5", "--unit", "credits"), 1, "too_precise: ", id="half a credit"),
        pytest.param(("5", "a 5", "--order", "best"), 1, "invalid_value: ", id="no such order"),
        pytest.param(("5", "a 5", "--at", "now"), 1, "invalid_value: at", id="no instant"),
        pytest.param(
            ("5", "--file", "seed_units", "--wallet", "purse"), 1, "invalid_id: ", id="no wallet"
        ),
    ],
)
def test_explain_refuses(capsys: Captured, argv: tuple[str, ...], code: int, words: str) -> None:
    assert complaint(capsys, "explain", *argv, code=code).startswith(words)


# schedule


def test_schedule_counts_from_the_anchor(capsys: Captured) -> None:
    lines = said(
        capsys, "schedule", "2026-01-31", "month", "--zone", "Europe/Vienna", "--count", "4"
    ).splitlines()
    assert lines == [
        "   0  2026-01-31 00:00:00+01:00  2026-01-30T23:00:00.000000Z",
        "   1  2026-02-28 00:00:00+01:00  2026-02-27T23:00:00.000000Z",
        "   2  2026-03-31 00:00:00+02:00  2026-03-30T22:00:00.000000Z",
        "   3  2026-04-30 00:00:00+02:00  2026-04-29T22:00:00.000000Z",
    ]


def test_schedule_in_json(capsys: Captured) -> None:
    argv = ("schedule", "2024-02-29T08:00:00Z", "year", "--every", "2", "--count", "2")
    assert told(capsys, *argv, "--after", "2024-02-29T08:00:00Z") == [
        {"k": 1, "at": "2026-02-28T08:00:00.000000Z", "local": "2026-02-28 08:00:00+00:00"},
        {"k": 2, "at": "2028-02-29T08:00:00.000000Z", "local": "2028-02-29 08:00:00+00:00"},
    ]


def test_schedule_ends(capsys: Captured) -> None:
    argv = ("schedule", "2026-01-01", "day", "--until", "2026-01-03T00:00:00Z")
    assert [one["k"] for one in told(capsys, *argv)] == [0, 1]
    assert said(capsys, *argv, "--after", "2027-01-01T00:00:00Z") == ""


@pytest.mark.parametrize(
    ("bounds", "days"),
    [
        pytest.param(("--until", "2026-01-02"), [1, 2], id="until the end of a day"),
        pytest.param(("--after", "2026-01-02", "--count", "2"), [2, 3], id="after its beginning"),
        pytest.param(
            ("--until", "2026-01-02", "--zone", "Asia/Tokyo"), [1], id="a day that ends sooner"
        ),
        pytest.param(
            ("--after", "2026-01-03", "--count", "1", "--zone", "Asia/Tokyo"), [2], id="and begins"
        ),
    ],
)
def test_schedule_is_bound_by_days(
    capsys: Captured, bounds: tuple[str, ...], days: list[int]
) -> None:
    rows = told(capsys, "schedule", "2026-01-01T18:00:00Z", "day", *bounds)
    assert [int(row["at"][8:10]) for row in rows] == days


@pytest.mark.parametrize("option", ["--until", "--after"])
def test_schedule_refuses_days_there_are_not(capsys: Captured, option: str) -> None:
    words = complaint(capsys, "schedule", "2026-01-01", "day", option, "2026-02-30", code=1)
    assert words.startswith(f"invalid_value: {option.strip('-')} is '2026-02-30'; give a date")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        pytest.param(("2026-13-01", "day"), 1, "invalid_value: anchor", id="no such month"),
        pytest.param(("2026-01-01T00:00", "day"), 1, "naive_instant: anchor", id="no zone"),
        pytest.param(("2026-01-01", "fortnight"), 2, "usage: ", id="no such period"),
        pytest.param(("2026-01-01", "day", "--zone", "X"), 1, "invalid_value: zone", id="zone"),
        pytest.param(("2026-01-01", "day", "--every", "0"), 1, "invalid_value: every", id="every"),
        pytest.param(("2026-01-01", "day", "--count", "-1"), 1, "invalid_value: count", id="count"),
        pytest.param(("2026-01-01", "day", "--count", "99999"), 1, "invalid_value: ", id="many"),
    ],
)
def test_schedule_refuses(capsys: Captured, argv: tuple[str, ...], code: int, words: str) -> None:
    assert complaint(capsys, "schedule", *argv, code=code).startswith(words)


# the whole of it


def test_it_says_its_version_and_helps(capsys: Captured) -> None:
    assert said(capsys, "--version") == f"unitledger {__version__}\n"
    text = said(capsys, "--help")
    for word in ("demo", "run", "quote", "explain", "verify", "schedule"):
        assert word in text
        assert "--json" in said(capsys, word, "--help")


@pytest.mark.parametrize("argv", [(), ("sing",), ("demo", "--loud"), ("verify",), ("run",)])
def test_a_call_that_makes_no_sense_ends_with_two(capsys: Captured, argv: tuple[str, ...]) -> None:
    assert complaint(capsys, *argv, code=2).startswith("usage: unitledger")


def test_an_interruption_ends_quietly(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_stories, "shipped", interrupted)
    assert complaint(capsys, "demo", code=130) == "interrupted: nothing more was done\n"


def program(*argv: str, **more: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "unitledger", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def test_the_module_is_the_program() -> None:
    with program("quote", "1.234", "--times", "3") as process:
        out, words = process.communicate(timeout=60)
    assert (out.decode(), words, process.returncode) == (
        f"3 × 1.234 → 3 × 1.24 = 3.72 units{os.linesep}",
        b"",
        0,
    )


def test_a_reader_that_has_gone_away_is_no_error() -> None:
    with program("demo") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        words = process.stderr.read()
    assert (words, process.returncode) == (b"", 1)


CHOSEN = {"LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING", "PYTHONUTF8"}
AROUND = {name: value for name, value in os.environ.items() if name not in CHOSEN}


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param({"PYTHONIOENCODING": "ascii"}, id="by Python's own switch"),
        pytest.param(
            {"LC_ALL": "C"},
            id="by the locale",
            marks=pytest.mark.skipif(os.name == "nt", reason="Windows has no such locale"),
        ),
    ],
)
def test_a_screen_without_arrows_shows_what_reads_as_well(chosen: dict[str, str]) -> None:
    with program("demo", env={**AROUND, **chosen}) as process:
        out, words = process.communicate(timeout=60)
    assert (words, process.returncode) == (b"", 0)
    text = out.decode("ascii")
    assert "3 x 1.234 -> 3 x 1.24 = 3.72" in text
    assert "! insufficient_units: " in text
    assert "-" * len("Training units") in text.splitlines()
    assert "?" not in text


def test_utf_8_that_was_chosen_is_kept() -> None:
    with program("demo", env={**AROUND, "LC_ALL": "C", "PYTHONUTF8": "1"}) as process:
        out, _ = process.communicate(timeout=60)
    assert "3 × 1.234 → 3 × 1.24 = 3.72" in out.decode("utf-8")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe that can be waited on")
def test_control_c_while_it_waits(tmp_path: Path) -> None:
    """Also where the tests themselves were started with Ctrl-C switched off."""
    pipe = tmp_path / "journal"
    os.mkfifo(pipe)
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    waiting = program("verify", str(pipe), preexec_fn=heard)
    with waiting as process, pipe.open("wb"):  # open once both have it
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)
    assert (words, process.returncode) == (b"interrupted: nothing more was done\n", 130)
