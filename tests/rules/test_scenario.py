"""Scenario files: what may be written, what is refused, and that every expectation can fail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.rules.scenario_files import FILES, TOP, parsed, plain
from tests.shape.house import sources
from unitledger.amounts import Credits, Rate, Units
from unitledger.codec import encode
from unitledger.commands import Actor, Command, Role
from unitledger.credits import Allocate
from unitledger.errors import UnitLedgerError
from unitledger.ids import LotId, WalletId
from unitledger.lots import Category, Cost, Scope, Use
from unitledger.operations import EditExpiry, Hold, Issue, Spend, Transfer
from unitledger.orders import FIFO, BurnOrder
from unitledger.policy import Policy, Tender
from unitledger.scenario import Scenario, shipped
from unitledger.scenario.figures import compared, figures
from unitledger.stores.memory import MemoryStore
from unitledger.training import AudienceRow, CreateAssignment, Item, Method, PlaceOrder, PricedIn

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def lines(text: str) -> list[str]:
    """The failed expectations of what stands behind the two lots of `TOP`."""
    return [str(failure) for failure in Scenario.parse(TOP + text).run().failures]


def step(text: str) -> Any:
    """What the one step behind `TOP` does."""
    return Scenario.parse(TOP + "[[steps]]\n" + text).steps[0].action


# The files that come with the package, and those to start from.


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_shipped_scenario_is_as_it_says(path: Path) -> None:
    scenario = Scenario.load(path)
    result = scenario.run()
    assert [str(failure) for failure in result.failures] == []
    assert result.ledger.verify().ok
    assert result.ledger.audit().ok
    assert any(check.conservation for check in scenario.checks)


def test_the_two_seeds_are_shipped() -> None:
    assert {"seed_credits", "seed_units"} <= shipped().keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_toml_and_json_say_the_same(path: Path) -> None:
    assert repr(parsed(plain(path))) == repr(Scenario.load(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_run_is_the_same_every_time(path: Path) -> None:
    first, second = (Scenario.load(path).run().ledger.journal() for _ in range(2))
    assert first == second


def test_both_seeds_live_in_one_portal_and_one_journal() -> None:
    store = MemoryStore()
    results = [shipped()[name].run(store) for name in ("seed_units", "seed_credits")]
    assert [result.failures for result in results] == [(), ()]
    assert len({result.ledger.portal for result in results}) == 1
    entries = [len(shipped()[name].run().ledger.journal()) for name in shipped()]
    assert results[-1].ledger.verify().entries == sum(entries)
    assert results[0].ledger.audit().ok


def altered(value: Any) -> Any:
    """Another value that may stand in the same place."""
    if type(value) is bool:
        return not value
    if type(value) is int:
        return value + 1
    if value is None or value in ("never", "none"):
        return "2026-12-31T00:00:00Z"
    if value[4:5] == "-" and value[10:11] == "T":
        return f"2031{value[4:]}"
    number, _, unit = value.partition(" ")
    if number.replace(".", "").isdigit():
        return f"{number.split('.')[0]}7 {unit}".rstrip()
    return f"{value}x"


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in nested tables and lists that holds a plain value."""
    for key, part in value.items() if type(value) is dict else enumerate(value):
        if type(part) in (dict, list):
            yield from leaves(part)
        else:
            yield value, key


def places(document: dict[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Where and what every expectation of a scenario is: reader's place, field, table, key."""
    for number, one in enumerate(document.get("steps", []), 1):
        where = f"step {number}"
        for table, key in leaves(one.get("expect", {})):
            yield where, "", table, key
        for key in ("slices", "same_as_request", "replayed"):
            if type(one.get(key)) in (str, bool):
                yield where, key, one, key
        for index, check in enumerate(one.get("checks", []), 1):
            yield from checked(f"{where}, check {index}", check)
    for index, check in enumerate(document.get("checks", []), 1):
        yield from checked(f"check {index}", check)


def checked(where: str, check: dict[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    for key, value in check.items():
        if key not in ("wallet", "lot", "at") and type(value) in (int, str, bool):
            yield where, key, check, key


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_expectation_that_is_altered_is_named(path: Path) -> None:
    """A runner that does not look at something would let its alteration pass."""
    unnoticed = []
    for index in range(len(list(places(plain(path))))):
        document = plain(path)
        where, field, table, key = list(places(document))[index]
        table[key] = "x 1" if key in ("slices", "remaining") else altered(table[key])
        found = [str(failure) for failure in parsed(document).run().failures]
        numbered = where.partition(",")[0].split(" (")[0]
        named = [line for line in found if line.startswith(numbered) and field in line]
        if len(found) != 1 or not named:
            unnoticed.append((where, key, table[key], found))
    assert unnoticed == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_step_that_should_have_been_refused_is_named(path: Path) -> None:
    for index, one in enumerate(plain(path)["steps"]):
        if "command" not in one or one["command"] in ("explain", "quote"):
            continue
        document = plain(path)
        there = document["steps"][index]
        there.pop("expect", None)
        there["refused"] = other = "not_due" if one.get("refused") != "not_due" else "not_locked"
        found = [str(failure) for failure in run_or_refused(document)]
        assert any(
            line.startswith(f"step {index + 1} (") and f"refused: expected {other}" in line
            for line in found
        ), found


def run_or_refused(document: dict[str, Any]) -> list[object]:
    try:
        return list(parsed(document).run().failures)
    except UnitLedgerError as error:  # arguments that are no command are refused when read
        number = error.__notes__[0].removeprefix("in step ")
        return [f"step {number} (read): refused: expected not_due, found {error.code}"]


# Any command can be stated.


def journals() -> Iterator[tuple[str, Command[Any]]]:
    for path in FILES:
        for entry in Scenario.load(path).run().ledger.entries():
            yield f"{path.name} {entry.request}", entry.command


def test_every_command_of_a_journal_can_be_stated_as_it_stands_there() -> None:
    seen = set()
    for request, command in journals():
        fields = json.loads(encode(command))
        word = fields.pop("kind")
        head = {"title": "t", "at": "2026-01-01T00:00:00Z"}
        document = {**head, "steps": [{"command": word, "with": fields}]}
        assert parsed(document).steps[0].action == command, request
        seen.add(word)
    assert len(seen) >= 18, sorted(seen)


def test_a_scenario_knows_every_command_of_the_package() -> None:
    everything = [f"unitledger.{name}".removesuffix(".__init__") for name in sources()]
    core = [name for name in everything if "django" not in name and "__main__" not in name]
    ask = "from unitledger.codec import kinds; from unitledger.commands import Command"
    say = "print(*kinds(Command))"
    known, there = (
        subprocess.run(
            [sys.executable, "-c", f"import {', '.join(modules)}; {ask}; {say}"],
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout.split()
        for modules in (["unitledger.scenario"], core)
    )
    assert known == there


TOMORROW = """
from typing import Any, ClassVar
import attrs
from unitledger.amounts import Units
from unitledger.codec import kind
from unitledger.commands import Command, Decision, Done, Role, anywhere
from unitledger.scenario import Scenario

@kind("wave")
@attrs.frozen
class Wave(Command[Done]):
    NAME: ClassVar[str] = "wave"
    AUTHORITY: ClassVar[Any] = {Role.ADMIN: anywhere}
    times: int
    height: Units

    def wallets(self):
        return ("pool",)

    def decide(self, view):
        return Decision(Done())

step = {"command": "wave", "times": 3, "height": "1.5"}
story = {"title": "t", "at": "2026-01-01T00:00:00Z", "steps": [step]}
import json
result = Scenario.parse(json.dumps(story), "json").run()
print(result.ok, result.steps[0].receipt.outcome, result.ledger.verify().entries)
"""


def test_a_command_that_did_not_exist_yesterday_can_be_stated() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOMORROW], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.stdout, done.stderr) == ("True Done() 1\n", "")


ARGUMENTS = [
    pytest.param(
        'command = "spend"\nwallet = "member/sam"\namount = 5',
        Spend(WalletId("member/sam"), Units.of(5)),
        id="a whole number, by the wallet's unit",
    ),
    pytest.param(
        'command = "spend"\nwallet = "pool"\namount = "5"',
        Spend(WalletId("pool"), Credits.of(5)),
        id="a text, by the wallet's unit",
    ),
    pytest.param(
        'command = "spend"\nwallet = "member/sam"\namount = "1.24 units"',
        Spend(WalletId("member/sam"), Units.of("1.24")),
        id="a text with its unit",
    ),
    pytest.param(
        'command = "transfer"\nsource = "pool"\ntarget = "course/c"\namount = 2',
        Transfer(WalletId("pool"), WalletId("course/c"), Credits.of(2)),
        id="by the wallet it comes from",
    ),
    pytest.param(
        'command = "allocate"\ncourse = "c"\namount = 2',
        Allocate("c", Credits.of(2)),
        id="where the field says the unit",
    ),
    pytest.param(
        'command = "allocate"\ncourse = "c"\namount = "2 credits"',
        Allocate("c", Credits.of(2)),
        id="where both say the unit",
    ),
    pytest.param(
        'command = "allocate"\n[steps.with]\ncourse = "c"\namount = 2',
        Allocate("c", Credits.of(2)),
        id="arguments of their own table",
    ),
    pytest.param(
        'command = "hold"\nwallet = "member/sam"\namount = 1\ndeadline = 2026-02-28\n'
        'order = "FIFO"\nuse = { course = "c", groups = ["g", "h"] }',
        Hold(
            WalletId("member/sam"),
            Units.of(1),
            datetime(2026, 3, 1, tzinfo=UTC),
            Use("c", None, frozenset({"g", "h"})),
            FIFO,
        ),
        id="an end by its day, an order, a use",
    ),
    pytest.param(
        'command = "issue"\nlot = "x"\nwallet = "keycode/k"\namount = 1\n'
        "effective = 2026-02-01\nexpires = 2026-02-28T12:00:00+02:00\n"
        'scope = { courses = ["c"] }\ncost = { per_unit = "0.90", currency = "EUR" }\n'
        'category = "promotional"',
        Issue(
            LotId("x"),
            WalletId("keycode/k"),
            Units.of(1),
            effective=datetime(2026, 2, 1, tzinfo=UTC),
            expires=datetime(2026, 2, 28, 10, tzinfo=UTC),
            scope=Scope(frozenset({"c"})),
            cost=Cost(Fraction(9, 10), "EUR"),
            category=Category.PROMOTIONAL,
        ),
        id="a beginning by its day, a cost in decimals",
    ),
    pytest.param(
        'command = "edit_expiry"\nlot = "a"\nwallet = "member/sam"\nexpires = "never"',
        EditExpiry(LotId("a"), WalletId("member/sam"), None),
        id="never",
    ),
    pytest.param(
        'command = "place_order"\norder = "o"\nbuyer = "sam"\n'
        'items = [{ id = "i", price = "1.234", priced_in = "units", quantity = 3 },'
        ' { id = "j", price = 2, priced_in = "money" }]',
        PlaceOrder(
            "o",
            "sam",
            (
                Item("i", Fraction(1234, 1000), PricedIn.UNITS, 3),
                Item("j", Fraction(2), PricedIn.MONEY),
            ),
        ),
        id="prices inside a list",
    ),
    pytest.param(
        'command = "create_assignment"\nassignment = "s"\ntitle = "S"\n'
        'method = "distributor"\nrows = [{ audience = "g", amount = "30" }]\n'
        'distributors = ["d"]\nlast_day = 2026-03-31',
        CreateAssignment(
            assignment="s",
            title="S",
            method=Method.DISTRIBUTOR,
            rows=(AudienceRow(Units.of(30), "g"),),
            distributors=frozenset({"d"}),
            last_day=datetime(2026, 3, 31).date(),  # noqa: DTZ001  a day of the calendar
        ),
        id="rows of units, a plain day",
    ),
]


@pytest.mark.parametrize(("text", "command"), ARGUMENTS)
def test_what_may_be_written_for_an_argument(text: str, command: Command[Any]) -> None:
    assert step(text) == command


def test_a_date_is_a_day_of_the_policys_zone() -> None:
    text = TOP.replace("[actors]", '[policy]\nzone = "Europe/Vienna"\n[actors]')
    (lot, _) = Scenario.parse(text).lots
    assert isinstance(lot.action, Issue)
    assert lot.action.expires == datetime(2026, 1, 31, 23, tzinfo=UTC)


def test_the_policy_is_named_value_by_value() -> None:
    text = TOP.replace(
        "[actors]",
        '[policy]\nburn_order = "priority, -available"\ntender = "allow_remainder"\n'
        'unit_value = "0.99"\ninvite_days = 14\npool_fallback = false\n[actors]',
    )
    assert Scenario.parse(text).policy == Policy(
        burn_order=BurnOrder.parse("priority, -available"),
        tender=Tender.ALLOW_REMAINDER,
        unit_value=Rate.of("0.99"),
        invite_days=14,
        pool_fallback=False,
    )


def test_a_key_code_stands_by_its_name_and_is_nowhere_in_the_ledger() -> None:
    text = TOP + (
        '[key_codes]\nSPRING = "hush hush"\n[[steps]]\nactor = "clock"\n'
        'command = "register_key_code"\nkey_code = "{SPRING}"\n'
        '[[steps]]\nsay = "The code {SPRING}."\ncommand = "issue"\nlot = "k"\n'
        'wallet = "keycode/{SPRING}"\namount = 1\nreason = "for {SPRING}"\n'
    )
    scenario = Scenario.parse(text)
    (_, code) = scenario.key_codes[0]
    result = scenario.run()
    assert result.ok
    assert result.ledger.balance(f"keycode/{code}").available == Units.of(1)
    assert scenario.steps[1].say == "The code {SPRING}."
    assert scenario.steps[1].reason == f"for {code}"
    assert not any("hush" in kept.text for kept in result.ledger.journal())
    assert "hush" not in repr(scenario)


def test_what_a_step_leaves_out() -> None:
    scenario = Scenario.parse(
        TOP + '[[steps]]\nsay = "x"\n[[steps]]\nat = 2026-01-02T00:00:00Z\nactor = "clock"\n'
        '[[steps]]\nrequest = "r"\nroles = ["creator"]\n'
    )
    first, second, third = scenario.steps
    assert [one.at.day for one in scenario.steps] == [1, 2, 2]
    assert [one.request for one in scenario.steps] == ["step-1", "step-2", "r"]
    assert first.actor == Actor.acting("admin", Role.ADMIN)
    assert second.actor == Actor.acting("clock", Role.SYSTEM)
    assert third.actor == Actor.acting("admin", Role.CREATOR)
    assert [lot.request for lot in scenario.lots] == ["step-lot-1", "step-lot-2"]


def test_the_first_instant_may_be_the_first_steps_or_the_first_lots() -> None:
    head = 'title = "t"\n'
    steps = '[[steps]]\nat = 2026-01-02T00:00:00Z\nsay = "x"\n'
    lots = '[[lots]]\nid = "a"\nwallet = "pool"\namount = 1\n'
    assert Scenario.parse(head + lots + steps).at.day == 2
    assert Scenario.parse(f"{head}{lots}at = 2026-01-03T00:00:00Z\n").at.day == 3


# What comes of a run.


ACCEPTED = "refused: expected to be accepted"
SHORT = "member/sam can spend 7.50 units of the 9.00 units asked for; 1.50 units more needed"


SPEND = '[[steps]]\nrequest = "r"\ncommand = "spend"\nwallet = "member/sam"\namount = 6\n'


EXPECTATIONS = [
    pytest.param(SPEND + 'slices = "a 5, b 1"\nexpect = { spent = 6 }', [], id="as it says"),
    pytest.param(
        SPEND + 'slices = [{ lot = "a", amount = 5 }, { lot = "b", amount = "1.00" }]',
        [],
        id="slices as a list",
    ),
    pytest.param(
        SPEND + 'slices = "b 1, a 5"',
        ["step 1 (spend): slices: expected b 1, a 5, found a 5, b 1"],
        id="slices in another order",
    ),
    pytest.param(
        SPEND + 'slices = "a 5, b 1.01"',
        ["step 1 (spend): slices: expected a 5, b 1.01, found a 5, b 1"],
        id="another amount",
    ),
    pytest.param(
        SPEND + 'slices = ""',
        ["step 1 (spend): slices: expected nothing, found a 5, b 1"],
        id="nothing taken",
    ),
    pytest.param(
        SPEND + 'expect = { spent = "7", held = 1 }',
        [
            "step 1 (spend): spent: expected 7, found 6.00 units",
            "step 1 (spend): held: expected 1, found 0.00 units",
        ],
        id="two figures of an outcome",
    ),
    pytest.param(
        SPEND + 'refused = "not_permitted"',
        ["step 1 (spend): refused: expected not_permitted, found it was accepted"],
        id="accepted",
    ),
    pytest.param(
        SPEND.replace("6", "9"),
        [f"step 1 (spend): {ACCEPTED}, found insufficient_units ({SHORT})"],
        id="refused",
    ),
    pytest.param(
        SPEND.replace("6", "9") + 'refused = "insufficient_units"\n'
        'expect = { needed = 9, available = "7.50", shortfall = "1.5" }',
        [],
        id="refused as it says",
    ),
    pytest.param(
        SPEND.replace("6", "9") + 'refused = "insufficient_units"\nexpect = { shortfall = 2 }',
        ["step 1 (spend): shortfall: expected 2, found 1.50 units"],
        id="another shortfall",
    ),
    pytest.param(
        SPEND.replace("6", "9") + 'refused = "insufficient_units"\n'
        'expect = { wallets = ["member/sam"] }',
        [],
        id="a list in an error",
    ),
    pytest.param(
        SPEND.replace("6", "0") + 'refused = "invalid_value"\nexpect = { field = "amount" }',
        [],
        id="arguments that are refused as expected",
    ),
    pytest.param(
        SPEND.replace("6", '"5 credits"') + 'refused = "wrong_unit"',
        [],
        id="arguments of the wrong unit",
    ),
    pytest.param(SPEND + SPEND + "replayed = true", [], id="a retry"),
    pytest.param(
        SPEND + "replayed = true",
        ["step 1 (spend): replayed: expected true, found false"],
        id="no retry",
    ),
    pytest.param(
        SPEND + SPEND + "replayed = false",
        ["step 2 (spend): replayed: expected false, found true"],
        id="a retry after all",
    ),
    pytest.param(
        SPEND + SPEND.replace("6", "5") + 'refused = "request_conflict"\n'
        'expect = { differs = ["amount"] }',
        [],
        id="the same request with another amount",
    ),
    pytest.param(
        SPEND + 'same_as_request = "q"',
        ["step 1 (spend): same_as_request: expected q, found none"],
        id="not the same as another",
    ),
    pytest.param(
        '[[steps]]\ncommand = "explain"\nwallet = "member/sam"\namount = 9\n'
        'slices = "a 5, b 2.50"\nexpect = { unmet = "1.50", met = false, available = "7.5" }',
        [],
        id="a plan that is not met",
    ),
    pytest.param(
        '[[steps]]\ncommand = "explain"\nwallet = "member/sam"\namount = 2\norder = "LIFO"\n'
        'slices = "b 2"\nexpect = { met = false }',
        [
            "step 1 (explain): met: expected false, found true",
            "step 1 (explain): slices: expected b 2, found a 2",
        ],
        id="a plan under another order",
    ),
    pytest.param(
        '[[steps]]\ncommand = "quote"\nitems = [{ id = "i", price = "1.234",'
        ' priced_in = "units", quantity = 3 }]\n'
        'expect = { total = "3.71", lines = [{ each = "1.24" }, { each = "1" }] }',
        [
            "step 1 (quote): total: expected 3.71, found 3.72 units",
            "step 1 (quote): lines.length: expected 2, found 1",
            "step 1 (quote): line 2, each: expected 1, found no such figure",
        ],
        id="a quote",
    ),
    pytest.param(
        '[[checks]]\nwallet = "member/sam"\navailable = 7\nspent = 1',
        [
            "check 1: available: expected 7.00 units, found 7.50 units",
            "check 1: spent: expected 1.00 units, found 0.00 units",
        ],
        id="a balance",
    ),
    pytest.param(
        '[[checks]]\nwallet = "member/sam"\nlot = "b"\navailable = "2.50"\nissued = "2.50"\n'
        '[[checks]]\nwallet = "member/sam"\nlot = "c"\navailable = 1',
        ["check 2: available: expected 1.00 units, found 0.00 units"],
        id="a balance of one lot",
    ),
    pytest.param(
        '[[checks]]\nwallet = "member/sam"\nremaining = "b 2, a 5, paid-5 35, y 0, p 0"\n'
        '[[lots]]\nid = "p"\nwallet = "pool"\namount = 1\n',
        [
            "check 1: remaining of b: expected 2, found 2.50",
            "check 1: remaining of paid-5: expected 35, found no such lot",
            "check 1: remaining of y: expected 0, found no such lot",
        ],
        id="what is left of each lot",
    ),
    pytest.param(
        '[[checks]]\nissued = "8 units"\n[[checks]]\nissued = "0 credits"\n'
        '[[checks]]\nwallet = "member/sam"\nissued = "7.50"\n'
        '[[checks]]\nlot = "a"\nissued = "6 units"',
        [
            "check 1: issued: expected 8.00 units, found 7.50 units",
            "check 4: issued: expected 6.00 units, found 5.00 units",
        ],
        id="what came into being",
    ),
    pytest.param(
        '[[checks]]\nwallet = "member/sam"\nat = 2026-02-01T00:00:00Z\nexpired = 5\n'
        'available = "2.50"\n[[checks]]\nwallet = "member/sam"\nat = 2025-12-31T00:00:00Z\n'
        "available = 1",
        ["check 2: available: expected 1.00 units, found 0.00 units"],
        id="at other instants",
    ),
    pytest.param(
        "[[checks]]\nconservation = false\naudit = false",
        [
            "check 1: conservation: expected false, found true",
            "check 1: audit: expected false, found true",
        ],
        id="conservation and audit",
    ),
    pytest.param(
        '[[lots]]\nid = "a"\nwallet = "pool"\namount = 1\n',
        [f"lot 3 (a): {ACCEPTED}, found already_exists (lot a exists already; choose another id)"],
        id="a lot twice",
    ),
]


@pytest.mark.parametrize(("text", "found"), EXPECTATIONS)
def test_a_failed_expectation_is_one_line(text: str, found: list[str]) -> None:
    assert lines(text) == found


def test_what_a_command_gives_back_counts_as_its_slices() -> None:
    assert (
        lines(
            SPEND + 'slices = "a 5, b 1"\n'
            '[[steps]]\ncommand = "reverse"\nclaim = "r.1"\nwallet = "member/sam"\namount = 2\n'
            'slices = "b 1, a 1"\n'
            '[[steps]]\nat = 2026-02-01T00:00:00Z\ncommand = "sweep"\nwallet = "member/sam"\n'
            'slices = "a 1"\n'
        )
        == []
    )


def test_expiry_that_is_written_down_on_the_way_is_no_slice() -> None:
    assert (
        lines(
            SPEND.replace("6", "1") + 'at = 2026-01-02T00:00:00Z\nslices = "a 1"\n'
            '[[steps]]\nat = 2026-02-01T00:00:00Z\ncommand = "reverse"\nclaim = "r.1"\n'
            'wallet = "member/sam"\nslices = "a 1"\n'
            'checks = [{ wallet = "member/sam", expired = 5, available = "2.50" }]\n'
        )
        == []
    )


def test_an_overdue_hold_that_comes_back_first_is_no_slice() -> None:
    hold = '[[steps]]\ncommand = "hold"\nwallet = "member/sam"\namount = 7\ndeadline = 2026-01-02\n'
    later = SPEND + 'at = 2026-01-10T00:00:00Z\nslices = "a 5, b 1"\n'
    assert lines(hold + later) == []


def test_a_step_may_change_who_belongs_where() -> None:
    grant = (
        '[[steps]]\nactor = "admin"\ncommand = "grant"\nmanager = "mia"\ncourse = "c"\namount = 1\n'
    )
    before = '[[lots]]\nid = "p"\nwallet = "course/c"\namount = 3\n' + grant
    assert (
        lines(
            before + 'refused = "not_registered"\n[[steps]]\n'
            'directory = { managers = { c = ["mia"] } }\n'
            + grant
            + '[[steps]]\nsay = "She leaves."\ndirectory = {}\n'
            + grant
            + 'refused = "not_registered"\n'
        )
        == []
    )


BACK = "at = 2025-12-01T00:00:00Z\nclock_back = true\n"


def test_a_clock_that_is_meant_to_go_back_is_the_ledgers_business() -> None:
    earlier = SPEND.replace('"r"', '"s"').replace("6", "1") + BACK
    result = Scenario.parse(TOP + SPEND + earlier).run()
    assert result.ok
    assert result.steps[1].receipt is not None
    assert result.steps[1].receipt.at == NEW_YEAR


def test_a_wallet_nobody_touched_is_as_old_as_the_step_says() -> None:
    earlier = f'[[steps]]\n{BACK}command = "issue"\nlot = "p"\nwallet = "pool"\namount = 1\n'
    result = Scenario.parse(TOP + SPEND + earlier).run()
    assert result.steps[1].receipt is not None
    assert result.steps[1].receipt.at == datetime(2025, 12, 1, tzinfo=UTC)


def test_a_set_is_compared_in_alphabetical_order() -> None:
    names = [f"c{n}" for n in range(9)]
    scope = Scope(courses=frozenset(names))
    assert compared(figures({"courses": names}), scope, "here") == ()
    (failure,) = compared(figures({"courses": [*names[:8], "c9"]}), scope, "here")
    assert str(failure) == "here: course 9: expected c9, found c8"


def test_a_run_goes_on_after_a_failure() -> None:
    found = lines(SPEND + "replayed = true\n" + SPEND + 'slices = "x 1"\n')
    assert [line.partition(":")[0] for line in found] == ["step 1 (spend)", "step 2 (spend)"]


# Collected by pytest.


def test_one_line_has_pytest_collect_scenario_files(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["unitledger.pytest_plugin"]\n')
    (tmp_path / "good.scenario.toml").write_text(TOP + SPEND)
    (tmp_path / "bad.scenario.toml").write_text(TOP + SPEND + "expect = { spent = 7 }")
    (tmp_path / "typo.scenario.json").write_text('{"titel": "t"}')
    (tmp_path / "other.toml").write_text("not a scenario")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "-v", "."],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "good.scenario.toml::good PASSED" in done.stdout
    assert "bad.scenario.toml::bad FAILED" in done.stdout
    assert "\nstep 1 (spend): spent: expected 7, found 6.00 units\n" in done.stdout
    assert "document has no field 'titel'" in done.stdout
    assert "2 failed, 1 passed" in done.stdout
