"""The JSON Schema says what the loader says."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest

from tests.rules.scenario_files import FILES, parsed, plain
from unitledger.commands import Role
from unitledger.errors import UnitLedgerError
from unitledger.lots import Category
from unitledger.policy import Policy
from unitledger.scenario import schema_text
from unitledger.scenario.checks import CHECK_FIELDS
from unitledger.scenario.scenarios import FIELDS
from unitledger.scenario.steps import LOT_FIELDS, STEP_FIELDS

SCHEMA = json.loads(schema_text())


def complaints(document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [error.message for error in validator.iter_errors(document)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_schema_takes_what_is_shipped(path: Path) -> None:
    assert complaints(plain(path)) == []


@pytest.mark.parametrize(
    ("place", "names"),
    [
        pytest.param(SCHEMA["properties"], FIELDS, id="scenario"),
        pytest.param(SCHEMA["$defs"]["lot"]["properties"], LOT_FIELDS, id="lot"),
        pytest.param(SCHEMA["$defs"]["step"]["properties"], STEP_FIELDS, id="step"),
        pytest.param(SCHEMA["$defs"]["check"]["properties"], CHECK_FIELDS, id="check"),
        pytest.param(
            SCHEMA["$defs"]["policy"]["properties"],
            [field.name for field in attrs.fields(Policy)],
            id="policy",
        ),
        pytest.param(
            dict.fromkeys(SCHEMA["$defs"]["roles"]["items"]["enum"]), list(Role), id="roles"
        ),
        pytest.param(
            dict.fromkeys(SCHEMA["$defs"]["lot"]["properties"]["category"]["enum"]),
            list(Category),
            id="categories",
        ),
    ],
)
def test_the_schema_names_what_the_loader_knows(place: dict[str, Any], names: list[str]) -> None:
    assert sorted(place) == sorted(names)


GOOD: dict[str, Any] = {
    "title": "t",
    "at": "2026-01-01T00:00:00Z",
    "policy": {},
    "directory": {"managers": {}, "members": {"g": ["sam"]}},
    "actors": {"clock": ["system"]},
    "lots": [{"id": "a", "wallet": "pool", "amount": 1}],
    "steps": [{"command": "explain", "wallet": "pool", "amount": 1, "slices": "a 1"}],
    "checks": [{"wallet": "pool", "available": 1}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("foo",), 1, id="a field of the top"),
        pytest.param(("title",), 1, id="a title"),
        pytest.param(("at",), "2026-01-01T00:00:00", id="an instant without a zone"),
        pytest.param(("policy", "foo"), 1, id="a policy"),
        pytest.param(("policy", "invite_days"), 0, id="no days"),
        pytest.param(("policy", "tender"), "cash", id="a tender"),
        pytest.param(("policy", "pool_fallback"), "yes", id="a switch"),
        pytest.param(("directory", "foo"), {}, id="a kind of fact"),
        pytest.param(("directory", "members", "g"), "sam", id="a fact"),
        pytest.param(("actors", "clock"), ["boss"], id="a role"),
        pytest.param(("lots",), {}, id="lots"),
        pytest.param(("lots", 0, "foo"), 1, id="a lot's field"),
        pytest.param(("lots", 0, "amount"), True, id="an amount"),
        pytest.param(("lots", 0, "amount"), -1, id="an amount below zero"),
        pytest.param(("lots", 0, "wallet"), "poll", id="a wallet"),
        pytest.param(("lots", 0, "expires"), "soon", id="an expiry"),
        pytest.param(("lots", 0, "cost"), "1", id="a cost without a currency"),
        pytest.param(("lots", 0, "category"), "gift", id="a category"),
        pytest.param(("lots", 0, "courses"), ["c", "c"], id="a course twice"),
        pytest.param(("steps", 0, "at"), "now", id="a step's instant"),
        pytest.param(("steps", 0, "roles"), "admin", id="roles"),
        pytest.param(("steps", 0, "replayed"), "yes", id="replayed"),
        pytest.param(("steps", 0, "checks"), {}, id="a step's checks"),
        pytest.param(("steps", 0, "slices"), [{"lot": "a"}], id="a slice without an amount"),
        pytest.param(("steps", 0, "with"), [], id="with"),
        pytest.param(("checks", 0, "foo"), 1, id="a check's field"),
        pytest.param(("checks", 0, "audit"), "yes", id="audit"),
        pytest.param(("checks", 0), {}, id="an empty check"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(path: tuple[Any, ...], value: Any) -> None:
    document: Any = copy.deepcopy(GOOD)
    assert complaints(document) == []
    assert parsed(document).run().ok
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert complaints(document) != []
    with pytest.raises(UnitLedgerError):
        parsed(document)


@pytest.mark.parametrize("name", ["title"])
def test_the_schema_wants_what_the_loader_wants(name: str) -> None:
    document = {key: value for key, value in GOOD.items() if key != name}
    assert complaints(document) != []
    with pytest.raises(UnitLedgerError):
        parsed(document)
