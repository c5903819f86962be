"""What is due in a portal, fired from the command line: once, under rules that have a name."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.stores.servers import database
from unitledger import Actor, Credits, Ledger, Policy, Role, Units
from unitledger.accounts import batch, member, pool
from unitledger.cli import main
from unitledger.commands import Command
from unitledger.credits import Lapse, Replenish, Subscribe
from unitledger.errors import InvalidType, PolicyChanged
from unitledger.ids import LotId
from unitledger.journal import entry_of
from unitledger.operations import Issue
from unitledger.policy import Refill, RefillMode
from unitledger.ports import FixedDirectory
from unitledger.scheduler import fire, policy_mark
from unitledger.stores.memory import MemoryStore
from unitledger.stores.sql import SqlStore
from unitledger.time import FixedClock, Period, parse_instant
from unitledger.training import AudienceRow, CreateAssignment, FireAssignment, Method, Repeat

Captured = pytest.CaptureFixture[str]
ADMIN, SYSTEM = Actor.acting("admin", Role.ADMIN), Actor.acting("scheduler", Role.SYSTEM)
START = parse_instant("2026-01-05T09:00:00Z")
WEEK = timedelta(days=7)
LATE = "2026-02-08T09:00:00Z"
"""Behind five firings of a week, and the second period of a month."""
RESETS = Policy(refill=Refill(RefillMode.RESET_TO, Credits.of(3)))
RESETTING = """
[policy.refill]
mode = "reset_to"
credits = 3
"""
CROWD = """
[directory.members]
sales = ["ann", "ben"]
"""
NUMBERS = count()
WHO = FixedDirectory(members=frozenset({("ann", "sales"), ("ben", "sales")}))
"""What a host would name on the command line."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/portal.db"
    return database(f"fire{next(NUMBERS)}")


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/portal.db"


def weekly(*, per_member: bool = False, name: str = "spring") -> CreateAssignment:
    """Ten units for sales every week."""
    row = AudienceRow(Units.of(10), "sales", per_member=per_member)
    return CreateAssignment(
        assignment=name,
        title="Spring budget",
        method=Method.DISTRIBUTOR,
        rows=(row,),
        distributors=frozenset({"dan"}),
        repeat=Repeat(Period.WEEK),
    )


def told(ledger: Ledger, *commands: Command[Any]) -> None:
    for number, command in enumerate(commands):
        ledger.execute(command, by=ADMIN, request=f"told {number}")


def kept(url: str, *commands: Command[Any], portal: str = "main") -> None:
    """A portal in which some commands were given at the start."""
    store = SqlStore.open(url)
    told(Ledger(store, portal=portal, clock=FixedClock(START)), *commands)
    store.close()


def run(capsys: Captured, url: str, *more: str, code: int = 0) -> str:
    """What `fire` says, on whichever stream."""
    assert main(["fire", url, *more]) == code
    out, words = capsys.readouterr()
    return out + words


def reasons(url: str) -> Iterator[str]:
    store = SqlStore.existing(url)
    yield from (entry.reason for entry in Ledger(store).entries() if entry.reason)
    store.close()


def balance(url: str, wallet: str, at: datetime) -> str:
    store = SqlStore.existing(url)
    found = Ledger(store, clock=FixedClock(at)).balance(wallet).available.text
    assert Ledger(store).audit().ok
    store.close()
    return found


def test_everything_due_is_fired_and_a_second_run_fires_nothing(url: str, capsys: Captured) -> None:
    """Five weeks of an assignment, and two months of a subscription."""
    kept(url, weekly(), Subscribe("growth", Credits.of(24), Period.MONTH))
    asked = ("--policy", "default", "--at", LATE)
    mark = policy_mark(Policy())
    assert run(capsys, url, *asked) == f"main: 7 of 7 due fired, under policy {mark}\n"
    assert run(capsys, url, *asked) == f"main: nothing due, under policy {mark}\n"
    late = parse_instant(LATE)
    assert balance(url, batch("spring", 5, 1), late) == "10.00"
    assert balance(url, pool(), late) == "4"
    assert set(reasons(url)) == {f"due, under policy {mark}"}
    again = json.loads(run(capsys, url, *asked, "--json"))
    assert again == {"portal": "main", "policy": mark, "due": []}


def test_what_is_fired_is_what_a_host_would_have_fired(capsys: Captured, file: str) -> None:
    """The same lots, acquired when they were due, however late."""
    kept(file, weekly())
    run(capsys, file, "--policy", "default", "--at", LATE)
    punctual = Ledger(MemoryStore(), clock=FixedClock(START))
    told(punctual, weekly())
    for cycle in range(1, 6):
        punctual.clock = FixedClock(START + (cycle - 1) * WEEK)
        command = FireAssignment("spring", cycle)
        punctual.execute(command, by=SYSTEM, request=f"{cycle}")
    store = SqlStore.existing(file)
    late = Ledger(store, clock=FixedClock(parse_instant(LATE)))
    for cycle in range(1, 6):
        wallet = batch("spring", cycle, 1)
        (mine,), (theirs,) = late.balance(wallet).lots, punctual.balance(wallet).lots
        assert (mine.lot.acquired, mine.available) == (theirs.lot.acquired, theirs.available)
        assert mine.lot.terms == theirs.lot.terms
    store.close()


def test_the_clock_is_the_machines_own(capsys: Captured, file: str) -> None:
    store = SqlStore.open(file)
    told(Ledger(store), weekly())
    store.close()
    assert "1 of 1 due fired" in run(capsys, file, "--policy", "default")
    assert "nothing due" in run(capsys, file, "--policy", "default")


def test_a_period_comes_as_the_policy_of_the_file_says(
    capsys: Captured, file: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RESETTING, "utf-8")
    kept(file, Subscribe("growth", Credits.of(24), Period.MONTH))
    words = run(capsys, file, "--policy", str(rules), "--at", LATE)
    assert words.endswith(f"fired, under policy {policy_mark(RESETS)}\n")
    assert balance(file, pool(), parse_instant(LATE)) == "3"


def test_a_scenario_file_will_do_for_the_rules(capsys: Captured, file: str) -> None:
    """Its policy is taken, and nothing else of it."""
    path = Path(__file__).parents[2] / "src" / "unitledger" / "scenarios" / "seed_units.toml"
    kept(file, weekly())
    assert "1 of 1 due fired" in run(
        capsys, file, "--policy", str(path), "--at", "2026-01-05T10:00:00Z"
    )


def test_another_policy_than_the_turn_before_is_refused_until_somebody_says_so(
    capsys: Captured, file: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RESETTING, "utf-8")
    kept(file, Subscribe("growth", Credits.of(24), Period.MONTH))
    run(capsys, file, "--policy", "default", "--at", "2026-01-06T09:00:00Z")
    other = ("--policy", str(rules), "--at", LATE)
    words = run(capsys, file, *other, code=1)
    plain, mine = policy_mark(Policy()), policy_mark(RESETS)
    line = f"growth/0 was fired under policy {plain}, and this is {mine}; "
    assert f"main: replenish growth/1: policy_changed: {line}" in words
    assert words.endswith(f"main: 0 of 1 due fired, under policy {mine}\n")
    assert balance(file, pool(), parse_instant(LATE)) == "2", "nothing of the second month"
    wrong = run(capsys, file, *other, "--replacing", "0" * 16, code=1)
    assert "policy_changed" in wrong
    assert "1 of 1 due fired" in run(capsys, file, *other, "--replacing", plain)
    march = ("--policy", str(rules), "--at", "2026-03-06T09:00:00Z")
    assert "1 of 1 due fired" in run(capsys, file, *march), "the new policy is the portal's now"
    back = run(capsys, file, "--policy", "default", "--at", "2026-04-06T09:00:00Z", code=1)
    assert f"fired under policy {mine}, and this is {plain}" in back


def test_what_the_host_fired_itself_stands_under_no_policy(capsys: Captured, file: str) -> None:
    kept(file, Subscribe("growth", Credits.of(24), Period.MONTH), Replenish("growth", 0))
    words = run(capsys, file, "--policy", "prepaid_pool", "--at", LATE)
    assert "1 of 1 due fired" in words


def test_members_are_counted_by_a_directory_and_never_guessed(
    capsys: Captured, file: str, tmp_path: Path
) -> None:
    """Without one the assignment is refused, and the rest is fired; nobody loses for good."""
    kept(file, weekly(per_member=True), weekly(name="all"))
    asked = ("--at", "2026-01-05T10:00:00Z")
    words = run(capsys, file, "--policy", "default", *asked, code=1)
    assert "fire spring/1: no_directory: nobody was named to say the people of sales" in words
    assert "1 of 2 due fired" in words
    rules = tmp_path / "rules.toml"
    rules.write_text(CROWD, "utf-8")
    assert "1 of 1 due fired" in run(capsys, file, "--policy", str(rules), *asked)
    assert balance(file, batch("spring", 1, 1), START + WEEK) == "20.00"


def test_a_policy_and_a_directory_of_the_hosts_own_modules(capsys: Captured, file: str) -> None:
    kept(file, weekly(per_member=True))
    here = __name__
    sys.modules.setdefault(here, sys.modules[__name__])
    asked = ("--policy", f"{here}:RESETS", "--directory", f"{here}:WHO")
    words = run(capsys, file, *asked, "--at", "2026-01-05T10:00:00Z")
    assert words == f"main: 1 of 1 due fired, under policy {policy_mark(RESETS)}\n"
    assert balance(file, batch("spring", 1, 1), START + WEEK) == "20.00"


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ((), 2, "usage: "),
        (("--policy", "defualt"), 1, "invalid_value: policy is 'defualt'"),
        (("--policy", "no_such_module:POLICY"), 1, "invalid_value: policy is 'no_such_module"),
        (("--policy", "json:POLICY"), 1, "invalid_value: policy is 'json:POLICY'"),
        (("--policy", "json:dumps"), 1, "invalid_type: policy is a function"),
        (("--policy", "none.toml"), 2, "not_readable: none.toml"),
        (("--policy", "default", "--directory", "json"), 1, "invalid_value: directory is 'json'"),
        (("--policy", "default", "--directory", "json:dumps"), 1, "invalid_value: directory is"),
        (("--policy", "default", "--at", "2026-01-05"), 1, "invalid_value: at"),
        (("--policy", "default", "--portal", "west"), 1, "unknown_object: no portal west"),
    ],
)
def test_what_makes_no_sense_is_said(
    asked: tuple[str, ...], code: int, words: str, capsys: Captured, file: str
) -> None:
    kept(file, weekly())
    assert words in run(capsys, file, *asked, code=code)


def test_rules_in_a_file_are_read_strictly(capsys: Captured, file: str, tmp_path: Path) -> None:
    kept(file, weekly())
    rules = tmp_path / "rules.toml"
    for text, words in (
        ("[polcy]\n", "unknown_field: document has no field 'polcy'"),
        ("[policy]\ninvite_day = 3\n", "unknown_field: policy has no field 'invite_day'"),
        ("[policy]\ninvite_days = 0\n", "invalid_value: invite_days is 0"),
        ("[directory]\nfriends = {}\n", "unknown_field: directory has no field 'friends'"),
    ):
        rules.write_text(text, "utf-8")
        assert words in run(capsys, file, "--policy", str(rules), code=1)


def test_one_of_many_portals_has_to_be_named(capsys: Captured, file: str) -> None:
    kept(file, weekly())
    kept(file, weekly(), portal="south")
    asked = ("--policy", "default", "--at", "2026-01-05T10:00:00Z")
    assert "name one with --portal" in run(capsys, file, *asked, code=1)
    assert run(capsys, file, *asked, "--portal", "south").startswith("south: 1 of 1 due fired")
    assert run(capsys, file, *asked, "--portal", "main").startswith("main: 1 of 1 due fired")


def test_credits_of_a_lapsed_subscription_are_forfeited(capsys: Captured, file: str) -> None:
    kept(file, Subscribe("growth", Credits.of(24), Period.MONTH), Replenish("growth", 0))
    store = SqlStore.existing(file)
    Ledger(store, clock=FixedClock(START + WEEK)).execute(
        Lapse("growth"), by=ADMIN, request="lapse"
    )
    store.close()
    assert "1 of 1 due fired" in run(capsys, file, "--policy", "default", "--at", LATE)
    assert balance(file, pool(), parse_instant(LATE)) == "0"
    assert "nothing due" in run(capsys, file, "--policy", "default", "--at", LATE)


def test_a_sweep_counts_for_the_instant_that_was_asked(capsys: Captured, file: str) -> None:
    kept(file, Issue(LotId("a"), member("ann"), Units.of(5), expires=START + WEEK))
    early, late = "2026-01-06T09:00:00Z", LATE
    for at, found in ((early, 0), (late, 1), (late, 0)):
        assert main(["sweep", file, "--at", at]) == 0
        assert capsys.readouterr().out == f"main: 1 wallet, {found} with something to write\n"


# The function behind it.


def test_two_schedulers_at_once_fire_once_and_differ_loudly() -> None:
    """Of two that found the same due, the second gets the first receipt, or is refused."""
    ledger = Ledger(MemoryStore(), clock=FixedClock(START))
    told(ledger, weekly())
    first = fire(ledger, by=SYSTEM)
    again = ledger.execute(
        FireAssignment("spring", 1), by=SYSTEM, request=first[0].request, reason=_reason(ledger)
    )
    assert again == first[0].receipt
    assert [entry.request for entry in ledger.entries()] == ["told 0", "fire spring/1"]


def _reason(ledger: Ledger) -> str:
    return entry_of(ledger.journal()[-1]).reason


def test_what_is_not_due_yet_is_found_and_refused() -> None:
    ledger = Ledger(MemoryStore(), clock=FixedClock(START))
    told(ledger, weekly())
    (now, later) = fire(ledger, by=SYSTEM, at=START + WEEK)
    assert now.receipt is not None
    assert later.refusal is not None
    assert later.refusal.code == "not_due"


def test_a_mark_is_made_of_what_a_policy_says_otherwise() -> None:
    assert policy_mark(Policy()) == policy_mark(Policy(zone="UTC"))
    marks = {policy_mark(one) for one in (Policy(), RESETS, Policy.prepaid_pool())}
    assert len(marks) == 3
    assert all(len(mark) == 16 for mark in marks)
    with pytest.raises(InvalidType):
        policy_mark("default")  # type: ignore[arg-type]


def test_a_change_of_policy_says_the_way_out() -> None:
    error = PolicyChanged("growth/0", "a" * 16, "b" * 16)
    assert str(error).endswith(f"or say that this one replaces {'a' * 16}")
