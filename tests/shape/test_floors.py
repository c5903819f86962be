"""A module imports only from above; rooms do not know each other; one module knows the calendar."""

from __future__ import annotations

import ast

import pytest

from tests.shape.house import FLOORS, faults, imports, sources

MODULES = sources()


def test_the_house_keeps_its_floors() -> None:
    assert faults(MODULES) == []


def test_every_floor_is_named_once() -> None:
    assert len(set(FLOORS)) == len(FLOORS)


def test_exactly_one_module_knows_dateutil() -> None:
    knowing = [
        name
        for name, text in MODULES.items()
        if any(one.module.split(".")[0] == "dateutil" for one in imports(text))
    ]
    assert knowing == ["time"]


def test_no_module_uses_assert_for_a_check() -> None:
    """Under -O an assert is gone, and its check with it."""
    asserting = [
        f"{name}:{node.lineno}"
        for name, text in MODULES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assert)
    ]
    assert asserting == []


@pytest.mark.parametrize(
    ("modules", "fault"),
    [
        pytest.param(
            {"helpers": ""},
            "helpers: not on any floor",
            id="an unlisted module",
        ),
        pytest.param(
            {"amounts": "from unitledger.ledger import Ledger", "ledger": ""},
            "amounts:1: imports ledger, which is not above it; ",
            id="from below",
        ),
        pytest.param(
            {"amounts": "def f():\n    from unitledger import ledger", "ledger": ""},
            "amounts:2: imports ledger, which is not above it; ",
            id="from below, late and by the package",
        ),
        pytest.param(
            {"amounts": "import unitledger"},
            "amounts:1: imports __init__, which is not above it; ",
            id="the whole package",
        ),
        pytest.param(
            {"lots": "if TYPE_CHECKING:\n    from unitledger.ledger import Ledger", "ledger": ""},
            "lots:2: imports ledger, which is not above it; ",
            id="from below, for types, elsewhere than in errors",
        ),
        pytest.param(
            {"lots": "from unitledger.amounts import _ratio", "amounts": ""},
            "lots:1: takes the private _ratio of unitledger.amounts; ",
            id="a private name",
        ),
        pytest.param(
            {"lots": "from .amounts import Units"},
            "lots:1: a relative import",
            id="relative",
        ),
        pytest.param(
            {
                "credits.__init__": "",
                "credits.pool": "",
                "training.checkout": "from unitledger.credits.pool import Pool",
            },
            "training.checkout:1: imports credits.pool, another room; ",
            id="the neighbour's room",
        ),
        pytest.param(
            {
                "stores.__init__": "",
                "stores.memory": "",
                "stores.sql.writer": "from unitledger.stores import memory",
            },
            "stores.sql.writer:1: imports stores.memory, another room; ",
            id="another store",
        ),
        pytest.param(
            {
                "credits.pool": "from unitledger.credits.invites import Invite",
                "credits.invites": "from unitledger.credits.managers import Manager",
                "credits.managers": "import unitledger.credits.pool",
            },
            "credits.pool → credits.invites → credits.managers → credits.pool: a cycle",
            id="a cycle inside a room",
        ),
        pytest.param(
            {"lots": "from dateutil import rrule"},
            "lots:1: imports dateutil, which only time may",
            id="the calendar",
        ),
        pytest.param(
            {"journal": "import zoneinfo"},
            "journal:1: imports zoneinfo, which only time may",
            id="zones",
        ),
        pytest.param(
            {"journal": "from time import time"},
            "journal:1: imports time, which only time may",
            id="the clock's module",
        ),
        pytest.param(
            {"ledger": "import datetime\nat = datetime.datetime.now(datetime.UTC)"},
            "ledger:2: reads a clock",
            id="the clock",
        ),
        pytest.param(
            {"testing.strategies": "import random"},
            "testing.strategies:1: imports random, which nobody may",
            id="chance",
        ),
        pytest.param(
            {"ledger": "import sqlalchemy"},
            "ledger:1: imports sqlalchemy, which is not its to import",
            id="an extra in the core",
        ),
    ],
)
def test_a_planted_fault_is_named(modules: dict[str, str], fault: str) -> None:
    assert faults(modules) == [fault]


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param(
            {"errors": "if TYPE_CHECKING:\n    from unitledger.amounts import Amount"},
            id="errors, for types",
        ),
        pytest.param(
            {
                "credits.__init__": "from unitledger.credits.pool import Pool",
                "credits.pool": "from unitledger.amounts import Credits",
                "credits.invites": "from unitledger.credits.pool import Pool",
                "amounts": "",
            },
            id="inside a room, one way",
        ),
        pytest.param(
            {"stores.sql.tables": "import sqlalchemy", "testing.laws": "import hypothesis"},
            id="an extra in its room",
        ),
        pytest.param(
            {"ledger": "def f(clock): return clock.now()"},
            id="the clock that was given",
        ),
        pytest.param(
            {"cli": "from unitledger import __version__", "__init__": ""},
            id="the command line reads the version",
        ),
    ],
)
def test_what_is_allowed_is_not_named(modules: dict[str, str]) -> None:
    assert faults(modules) == []
