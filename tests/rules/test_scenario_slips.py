"""Scenario files with a slip of the pen, or meant to do harm: refused at once, with the place."""

from __future__ import annotations

import pickle
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.rules.scenario_files import STEP, TOP, parsed
from unitledger import accounts
from unitledger.errors import UnitLedgerError
from unitledger.scenario import MAX_STEPS, Scenario
from unitledger.scenario.wording import WALLETS

INVALID, LIMIT = "invalid_value", "limit_exceeded"
MALFORMED, UNKNOWN = "malformed_document", "unknown_field"


SLIPS = [
    pytest.param("title = 1", MALFORMED, "document.title", id="title of a number"),
    pytest.param('titel = "t"', UNKNOWN, "'titel'; it has $schema, title", id="top"),
    pytest.param("", MALFORMED, "title is missing", id="empty"),
    pytest.param('title = "t"', MALFORMED, "no instant", id="no instant"),
    pytest.param("title = \nat = 1", MALFORMED, "line 1", id="no TOML"),
    pytest.param(TOP + "title = 1", UNKNOWN, "lot 2", id="in a lot"),
    pytest.param(TOP + 'cost = "1"', MALFORMED, "go together", id="cost alone"),
    pytest.param(TOP + "amount = 1", MALFORMED, "overwrite", id="a field twice"),
    pytest.param(TOP.replace("= 5", "= 30.5"), MALFORMED, "lot 1, amount: write", id="a point"),
    pytest.param(TOP.replace("= 5", "= nan"), MALFORMED, "write nan", id="NaN"),
    pytest.param(TOP.replace("= 5", "= -inf"), MALFORMED, "write -inf", id="infinity"),
    pytest.param(TOP.replace("= 5", "= 1e400"), MALFORMED, "1e400", id="an exponent"),
    pytest.param(TOP.replace("= 5", "= true"), MALFORMED, "lot 1, amount", id="a truth"),
    pytest.param(TOP.replace("= 5", '= "٥"'), INVALID, "ASCII digits", id="look-alikes"),
    pytest.param(TOP.replace("= 5", "= -5"), "negative_amount", "in lot 1", id="below zero"),
    pytest.param(TOP.replace("= 5", '= "5.001"'), "too_precise", "in lot 1", id="too precise"),
    pytest.param(TOP.replace("= 5", "= " + "9" * 30), LIMIT, "lot 1, amount", id="too large"),
    pytest.param(TOP.replace("= 5", "= " + "9" * 5000), LIMIT, "in line 9", id="5000 digits"),
    pytest.param(TOP.replace("Z", ""), "naive_instant", "document.at", id="no zone"),
    pytest.param(
        TOP.replace("2026-01-01T00:00:00Z", '"2026-01-01T00:00:00"'),
        "naive_instant",
        "document.at",
        id="no zone in a text",
    ),
    pytest.param(TOP.replace("2026-01-01T", ""), MALFORMED, "", id="a time of day"),
    pytest.param(
        TOP.replace("2026-01-01T00:00:00Z", "2026-01-01"),
        INVALID,
        "at",
        id="a day where an instant is due",
    ),
    pytest.param(TOP + "expires = 9999-12-31", LIMIT, "year", id="the last year"),
    pytest.param(TOP + "expires = 0001-01-01", INVALID, "expires", id="the first"),
    pytest.param(TOP.replace("member/sam", "memer/sam"), INVALID, "lot 1, wallet is", id="w"),
    pytest.param(TOP.replace("member/sam", "member/"), "invalid_id", "in lot 1", id="no user"),
    pytest.param(TOP + 'category = "gift"', MALFORMED, "granted", id="category"),
    pytest.param(TOP + 'courses = ["c", "c"]', MALFORMED, "twice", id="a set twice"),
    pytest.param(TOP + "[policy]\nzone = 1", MALFORMED, "policy.zone", id="policy"),
    pytest.param(TOP + "[policy]\nfoo = 1", UNKNOWN, "pool_fallback", id="no policy"),
    pytest.param(TOP + '[policy]\nzone = "Mars/X"', INVALID, "in policy", id="no such zone"),
    pytest.param(TOP + "[directory]\nfoo = 1", UNKNOWN, "managers, members", id="facts"),
    pytest.param(
        TOP + '[directory.members]\ng = "sam"',
        MALFORMED,
        "directory.members.g",
        id="a fact that is no list",
    ),
    pytest.param(
        TOP + '[directory.members]\ng = [" sam"]',
        "invalid_id",
        "directory.members is",
        id="a fact's id",
    ),
    pytest.param(TOP + '[key_codes]\nK = ""', "unknown_key_code", "in key_codes", id="no code"),
    pytest.param(TOP + "[key_codes]\nK = 1", MALFORMED, "key_codes", id="code number"),
    pytest.param(TOP + "steps = 1", UNKNOWN, "lot 2", id="steps inside a lot"),
    pytest.param("steps = 1\n" + TOP, MALFORMED, "steps: 1 is not", id="steps"),
    pytest.param("steps = [1]\n" + TOP, MALFORMED, "step 1", id="a step"),
    pytest.param("checks = [1]\n" + TOP, MALFORMED, "check 1", id="a check"),
    pytest.param("lots = [[]]\n" + TOP, MALFORMED, "", id="a lot"),
    pytest.param(TOP + STEP + "amuont = 1", UNKNOWN, "step 1", id="an argument"),
    pytest.param(TOP + STEP + "amuont = 1", UNKNOWN, "wallet, with", id="its words"),
    pytest.param(TOP + "[[steps]]\nwallet = 'pool'", UNKNOWN, "'wallet'", id="no command"),
    pytest.param(TOP + STEP.replace("spend", "spnd"), INVALID, "one of accept_invite", id="word"),
    pytest.param(TOP + STEP + "with = 1", MALFORMED, "step 1, with", id="with"),
    pytest.param(TOP + STEP + "with = { amount = 1 }", MALFORMED, "stands twice", id="both"),
    pytest.param(TOP + STEP + "expect = 1", MALFORMED, "step 1, expect", id="expect"),
    pytest.param(TOP + STEP + "expect = { spend = 1 }", UNKNOWN, "'spend'; it has", id="figure"),
    pytest.param(
        TOP + STEP + 'refused = "insufficient_units"\nexpect = { spent = 1 }',
        UNKNOWN,
        "shortfall",
        id="a figure no error has",
    ),
    pytest.param(TOP + STEP + 'refused = "no"', INVALID, "one of already_exists", id="a code"),
    pytest.param(TOP + '[[steps]]\nrefused = "refused"', MALFORMED, "use checks", id="of what"),
    pytest.param(TOP + STEP + 'slices = "a"', MALFORMED, "like b 5", id="slices"),
    pytest.param(TOP + STEP + 'slices = "a x"', INVALID, "step 1", id="slice amount"),
    pytest.param(TOP + STEP + "slices = 1", MALFORMED, "step 1, slices", id="number"),
    pytest.param(TOP + STEP + 'actor = "who"', MALFORMED, "[actors]", id="nobody"),
    pytest.param(TOP + STEP + 'roles = ["boss"]', MALFORMED, "admin", id="a role"),
    pytest.param(TOP + STEP + 'request = " r"', "invalid_id", "in step 1", id="a request"),
    pytest.param(TOP + STEP + f'reason = "{"x" * 4097}"', LIMIT, "in step 1", id="a reason"),
    pytest.param(
        TOP + "[[checks]]\navailable = '1 units'",
        MALFORMED,
        "the wallet",
        id="whose",
    ),
    pytest.param(
        TOP + "[[checks]]\nwallet = 'pool'",
        MALFORMED,
        "compares nothing",
        id="empty c",
    ),
    pytest.param(TOP + "[[checks]]\nwalet = 'pool'", UNKNOWN, "check 1", id="a check's field"),
    pytest.param(TOP + "[[checks]]\nissued = 5", MALFORMED, "of what?", id="which unit"),
    pytest.param(
        TOP + "[[checks]]\nwallet = 'poll'\navailable = '1 credits'",
        INVALID,
        "check 1, wallet is 'poll'; give pool, course/C",
        id="a check's wallet",
    ),
    pytest.param(
        TOP + "[[checks]]\nwallet = 'pool'\nlot = 'a'\nremaining = 'a 1'",
        MALFORMED,
        "leave lot out",
        id="lot and remaining",
    ),
    pytest.param(
        TOP + STEP + "checks = [{ foo = 1 }]",
        UNKNOWN,
        "step 1, check 1",
        id="inside",
    ),
    pytest.param(TOP + STEP + "checks = 1", MALFORMED, "step 1, checks", id="checks"),
    pytest.param(TOP + "a." * 9 + "a = 1", LIMIT, "dotted key", id="a long key"),
    pytest.param(
        TOP.replace("= 5", "= 5_000_000_000_000_000_000"), LIMIT, "lot 1, amount", id="large"
    ),
    pytest.param(
        TOP + STEP.replace("member/sam", "acme"),
        INVALID,
        "step 1, wallet is 'acme'; give pool, course/C, manager/M/C",
        id="a step's wallet",
    ),
    pytest.param(
        TOP + STEP + 'reason = "for {NOPE}"',
        INVALID,
        "step 1, reason is '{NOPE}'; give a name under [key_codes]: there is none yet",
        id="a key code where there is none",
    ),
    pytest.param(
        TOP + '[key_codes]\nSPRING = "x"\nMAY = "y"\n[[checks]]\nlot = "{NOPE}"',
        INVALID,
        "check 1, lot is '{NOPE}'; give a name under [key_codes]: SPRING, MAY",
        id="another key code",
    ),
    pytest.param(
        TOP + STEP + STEP + "at = 2025-12-31T00:00:00Z",
        MALFORMED,
        "step 2, at: 2025-12-31T00:00:00Z is before 2026-01-01T00:00:00Z, the instant above;"
        " if it is meant, say clock_back = true",
        id="before the step above",
    ),
    pytest.param(
        TOP + STEP + "at = 2025-12-31T00:00:00Z",
        MALFORMED,
        "step 1, at: 2025-12-31",
        id="before the first instant",
    ),
    pytest.param(
        TOP + STEP + "clock_back = true",
        MALFORMED,
        "step 1, clock_back: 2026-01-01T00:00:00Z is not before",
        id="back and not back",
    ),
    pytest.param(TOP + STEP + "clock_back = 1", MALFORMED, "step 1, clock_back", id="back by 1"),
    pytest.param(
        TOP + STEP + 'slices = "a 5; b 1"',
        MALFORMED,
        "step 1, slices: 'a 5; b 1' has a ; where a comma stands between lots",
        id="a semicolon",
    ),
    pytest.param(TOP + "[x]\ny = " + "[" * 40 + "]" * 40, LIMIT, "depth", id="depth"),
]


@pytest.mark.parametrize(("text", "code", "words"), SLIPS)
def test_a_slip_is_refused_with_its_place(text: str, code: str, words: str) -> None:
    with pytest.raises(UnitLedgerError) as refused:
        Scenario.parse(text)
    told = " ".join([str(refused.value), *getattr(refused.value, "__notes__", [])])
    assert (refused.value.code, words in told) == (code, True), told
    assert "[0]" not in told
    assert "[1]" not in told
    for place in ("lot 1", "lot 2", "step 1", "step 2", "check 1"):
        assert told.count(place) < 2, "a place stands once"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param('{\n"title": "a 1.5",\n"x": 30.5}', "line 3: write 30.5 as", id="a point"),
        pytest.param('{"x": "\\" 1",\n"y": -1e5}', "line 2: write -1e5 as", id="an exponent"),
        pytest.param("-1.5", "line 1: write -1.5 as", id="nothing else"),
    ],
)
def test_a_number_with_a_point_in_json_is_found_by_its_line(text: str, place: str) -> None:
    with pytest.raises(UnitLedgerError, match=f"^{place}") as refused:
        Scenario.parse(text, "json")
    assert refused.value.code == MALFORMED


def test_a_place_in_words_survives_a_pickle() -> None:
    with pytest.raises(UnitLedgerError) as refused:
        Scenario.parse(TOP + STEP + "amuont = 1")
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param('[key_codes]\n"a = 1, b = {c = 1" = "x"', id="marks in a quoted name"),
        pytest.param("say = '''\n[steps\n= = {{{\n" + "9" * 50 + "''''", id="marks in a text"),
        pytest.param('say = """\n[[[\n[ \\""" = " ' + "9" * 50 + '"""', id="digits in a text"),
        pytest.param("# [{[{= " + "9" * 50, id="a comment"),
        pytest.param("[key_codes]\n" + "9" * 50 + ' = "x"', id="a name of digits"),
    ],
)
def test_the_limits_count_no_texts_and_no_names(more: str) -> None:
    head, tail = ("", more) if more.startswith("[") else (more, "")
    assert Scenario.parse(f"{head}{TOP}{tail}\n").title == "t"


def test_the_limits_leave_room_for_many_small_tables() -> None:
    checks = ",".join(["{ wallet = 'pool', available = 0, spent = 0 }"] * 600)
    assert len(Scenario.parse(f"checks = [{checks}]\n{TOP}").checks) == 600


def test_the_kinds_of_wallets_are_all_named() -> None:
    assert re.findall(r"\b[a-z]{4,}\b", WALLETS) == list(accounts._KINDS)


@pytest.mark.parametrize(
    ("path", "code"), [(5, "invalid_type"), (b"a.toml", "invalid_type"), ("a\0.toml", INVALID)]
)
def test_only_a_path_is_a_path(path: Any, code: str) -> None:
    with pytest.raises(UnitLedgerError) as refused:
        Scenario.load(path)
    assert refused.value.code == code


LINE = "\n"
KEYS = LINE.join(f"k{n} = 1" for n in range(90_000))
JSON_KEYS = ",".join(f'"k{n}":1' for n in range(60_000))
TABLES = LINE.join(f"[t{n}]\na = 1\nb = 1" for n in range(45_000))
DOTTED = "\n".join(f"a{n}." + ".".join("b" * 30) + " = 1" for n in range(14_000))


@pytest.mark.parametrize(
    ("text", "form", "code"),
    [
        pytest.param("#" * 10_000_000, "toml", LIMIT, id="10 MB of TOML"),
        pytest.param("[" * 10_000_000, "json", LIMIT, id="10 MB of JSON"),
        pytest.param("a = " + "[" * 500_000, "toml", LIMIT, id="deep TOML"),
        pytest.param("a = " + "{a=" * 100_000, "toml", LIMIT, id="deep tables"),
        pytest.param("[" * 500_000, "json", LIMIT, id="deep JSON"),
        pytest.param("a." * 500_000 + "a = 1", "toml", LIMIT, id="one dotted key"),
        pytest.param("'a' . " * 150_000, "toml", LIMIT, id="quoted dotted keys"),
        pytest.param(DOTTED, "toml", LIMIT, id="many dotted keys"),
        pytest.param("a = " + "9" * 1_000_000, "toml", LIMIT, id="a long number"),
        pytest.param("a = [" + "9" * 1_000_000 + "]", "toml", LIMIT, id="a long number in a list"),
        pytest.param("a = -0b" + "1" * 1_000_000, "toml", LIMIT, id="a long binary number"),
        pytest.param("a = 1." + "9" * 1_000_000, "toml", LIMIT, id="a long fraction"),
        pytest.param("a = 1e+" + "9" * 1_000_000, "toml", LIMIT, id="a long exponent"),
        pytest.param("[[lots]]\n" * 110_000, "toml", LIMIT, id="110,000 lots"),
        pytest.param(TABLES, "toml", LIMIT, id="45,000 tables"),
        pytest.param(f'{{"steps":[{"[]," * 300_000}[]]}}', "json", LIMIT, id="300,000 JSON steps"),
        pytest.param('{"a": ' + "9" * 1_000_000 + "}", "json", MALFORMED, id="a long JSON number"),
        pytest.param(KEYS, "toml", LIMIT, id="90,000 fields"),
        pytest.param(f"[[steps]]\n{KEYS}", "toml", LIMIT, id="90,000 fields of a step"),
        pytest.param(f"a = {{{KEYS.replace(LINE, ',')}}}", "toml", LIMIT, id="fields in a line"),
        pytest.param(f'{{"a":{{{JSON_KEYS}}}}}', "json", LIMIT, id="60,000 JSON fields"),
        pytest.param("steps = [" + "1," * 500_000 + "]", "toml", LIMIT, id="a long list"),
        pytest.param("]" * 1_000_000, "toml", MALFORMED, id="closing brackets"),
        pytest.param("a = " + '""x"""\\"' * 120_000, "toml", MALFORMED, id="quotes that open"),
        pytest.param("''x'''" * 170_000, "toml", MALFORMED, id="more quotes that open"),
        pytest.param('{"a": "' + '\\"' * 500_000, "json", MALFORMED, id="JSON quotes"),
        pytest.param("a = 0x" + "f" * 1_000_000, "toml", LIMIT, id="a long hex number"),
        pytest.param('"' * 1_000_000, "toml", MALFORMED, id="quotes"),
        pytest.param("a " * 500_000, "toml", MALFORMED, id="words"),
        pytest.param('{"title": 1, "title": 2}', "json", MALFORMED, id="JSON twice"),
        pytest.param('{"title": NaN}', "json", MALFORMED, id="JSON NaN"),
        pytest.param('{"title": 1.0}', "json", MALFORMED, id="JSON point"),
        pytest.param('{"title": "\\ud800", "at": ""}', "json", INVALID, id="half a pair"),
        pytest.param("[]", "json", MALFORMED, id="JSON list"),
        pytest.param("{}", "yaml", INVALID, id="another format"),
    ],
)
def test_a_hostile_text_is_refused_at_once(text: str, form: str, code: str) -> None:
    began = time.perf_counter()
    with pytest.raises(UnitLedgerError) as refused:
        Scenario.parse(text, form)
    assert refused.value.code == code
    assert len(str(refused.value)) < 500
    assert time.perf_counter() - began < 2


def test_only_a_text_is_a_text() -> None:
    for form in ("toml", "json"):
        with pytest.raises(UnitLedgerError) as refused:
            Scenario.parse(b"", form)  # type: ignore[arg-type]
        assert refused.value.code == "invalid_type"


@pytest.mark.parametrize("name", ["lots", "steps", "checks"])
def test_ten_thousand_of_each_are_enough(name: str) -> None:
    document = {"title": "t", "at": "2026-01-01T00:00:00Z", name: [{}] * (MAX_STEPS + 1)}
    with pytest.raises(UnitLedgerError) as refused:
        parsed(document)
    assert refused.value.code == LIMIT


def test_a_long_scenario_is_read_and_run_in_time() -> None:
    began = time.perf_counter()
    result = Scenario.parse(TOP.replace("5\n", "5000\n") + STEP * 1000).run()
    assert result.ok
    assert time.perf_counter() - began < 10


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.TOML"
    path.write_bytes(b"\xef\xbb\xbf" + TOP.encode())
    assert Scenario.load(path).title == "t"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        pytest.param("a.yaml", b"", INVALID, id="another ending"),
        pytest.param("a.toml", b"title = '\xff'", MALFORMED, id="not UTF-8"),
        pytest.param("a.toml", b"#" * 10_000_000, LIMIT, id="10 MB"),
        pytest.param("a.json", b"[" * 3_000_000, LIMIT, id="3 MB"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnitLedgerError) as refused:
        Scenario.load(tmp_path / name)
    assert refused.value.code == code
