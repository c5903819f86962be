"""A scenario: the rules, the people, what happens step by step, and what should come of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, final

import attrs

import unitledger.credits
import unitledger.opening  # noqa: F401  commands can be stated once they are known
from unitledger.commands import Role
from unitledger.errors import (
    InvalidValue,
    LimitExceeded,
    MalformedDocument,
    UnitLedgerError,
    UnknownField,
    shown,
)
from unitledger.ids import check_id
from unitledger.ledger import Ledger
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory, Store
from unitledger.scenario.checks import Check, read_check
from unitledger.scenario.documents import as_format, document_text, plain_document
from unitledger.scenario.figures import Failure
from unitledger.scenario.runner import CheckResult, Stage, StepResult
from unitledger.scenario.settings import Setting, directory_of
from unitledger.scenario.steps import Step, read_lot, read_step
from unitledger.scenario.wording import (
    fields_of,
    fields_table,
    placed,
    read,
    with_place_in_words,
)
from unitledger.stores.memory import MemoryStore
from unitledger.training.codes import KeyCodes
from unitledger.values import Value

__all__ = ["FIELDS", "MAX_STEPS", "Scenario", "ScenarioResult", "schema_text", "shipped"]

MAX_STEPS = 10_000
"""How many lots, how many steps and how many checks a scenario may have."""

_CODES = KeyCodes(b"the pepper of scenario files, which is no secret")
_NAMED = re.compile(r"\{([^{}]+)\}").sub
FIELDS = (
    "$schema",
    "title",
    "name",
    "say",
    "portal",
    "at",
    "actor",
    "actors",
    "policy",
    "directory",
    "key_codes",
    "lots",
    "steps",
    "checks",
)
"""Every field of a scenario; ``$schema`` is for editors and says nothing here."""
_TOLD = ("lots", "steps", "checks")


@final
@attrs.frozen(eq=False)
class ScenarioResult:
    """What a run found.

    Attributes:
        scenario: What was run.
        lots: What came of issuing each lot.
        steps: What came of each step.
        checks: What the checks at the end found.
        ledger: The ledger as the run left it.
    """

    scenario: Scenario
    lots: tuple[StepResult, ...]
    steps: tuple[StepResult, ...]
    checks: tuple[CheckResult, ...]
    ledger: Ledger

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Every expectation that was not met, in order; as text, a line each."""
        acts = (failure for act in (*self.lots, *self.steps) for failure in act.failures)
        ends = (failure for check in self.checks for failure in check.failures)
        return (*acts, *ends)

    @property
    def ok(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


@final
@attrs.frozen(kw_only=True)
class Scenario(Value):
    """Rules, people, lots and steps, with what should come of them.

    >>> story = Scenario.parse('''
    ... title = "One lot"
    ... at = 2026-01-05T09:00:00Z
    ... [[lots]]
    ... id = "a"
    ... wallet = "member/lea"
    ... amount = 5
    ... [[steps]]
    ... command = "spend"
    ... wallet = "member/lea"
    ... amount = 7
    ... refused = "insufficient_units"
    ... expect = { shortfall = 3 }
    ... ''')
    >>> [str(failure) for failure in story.run().failures]
    ['step 1 (spend): shortfall: expected 3, found 2.00 units']

    Attributes:
        title: What it shows.
        name: What the request ids of steps without one begin with.
        say: What a storyteller says first.
        portal: The tenant.
        policy: The named values of every rule.
        directory: The facts about people at the beginning.
        key_codes: The names of its key codes, with their ids.
        at: The first instant (UTC).
        lots: The steps that put the lots into the world.
        steps: What happens, in order.
        checks: What should be true at the end.
    """

    title: str
    name: str
    say: str
    portal: str
    policy: Policy
    directory: FixedDirectory
    key_codes: tuple[tuple[str, str], ...]
    at: datetime
    lots: tuple[Step, ...]
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]

    @classmethod
    def parse(cls, text: str, form: str = "toml") -> Scenario:
        """The scenario that a text states.

        Args:
            text: The document, at most 1 MiB.
            form: ``toml`` or ``json``.

        Raises:
            UnknownField: A field that does not exist, with the place and the fields there are.
            MalformedDocument: Something is missing or is not of its kind.
            InvalidInput: A value cannot be used; a note on the error says where it stands.
        """
        try:
            return _scenario(plain_document(text, as_format(form)))
        except UnitLedgerError as error:
            raise with_place_in_words(error) from error.__cause__

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """The scenario in a file whose name ends in ``.toml`` or ``.json``.

        Raises:
            OSError: The file cannot be read.
            InvalidType: Not a ``str`` or ``Path``.
            InvalidInput: As `parse`.
        """
        text, form = document_text(path)
        return cls.parse(text, form.value)

    def run(self, store: Store | None = None) -> ScenarioResult:
        """What comes of it, every expectation compared; the clock stands where the steps set it.

        Args:
            store: Where the portal is kept; ``None`` is a new memory store. In a store that has
                seen other scenarios their lots and requests are there: give each a ``name``.
        """
        stage = Stage(
            MemoryStore() if store is None else store,
            portal=self.portal,
            policy=self.policy,
            directory=self.directory,
            at=self.at,
        )
        lots = tuple([stage.act(lot) for lot in self.lots])
        steps = tuple([stage.act(step) for step in self.steps])
        checks = tuple([stage.check(check) for check in self.checks])
        return ScenarioResult(self, lots, steps, checks, stage.ledger)


def shipped() -> dict[str, Scenario]:
    """The scenarios that come with the package, by name."""
    return dict(_shipped())


def _shipped() -> Iterator[tuple[str, Scenario]]:
    folder = resources.files("unitledger") / "scenarios"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            yield file.name.removesuffix(".toml"), Scenario.parse(file.read_text("utf-8"))


def schema_text() -> str:
    """The JSON Schema of a scenario, TOML or JSON alike."""
    return (resources.files("unitledger.scenario") / "scenario.schema.json").read_text("utf-8")


# Reading the top of a document.


@final
@attrs.frozen
class _Heading(Value):
    title: str
    name: str = "step"
    say: str = ""
    portal: str = "main"
    at: datetime | None = None
    actor: str = "admin"


def _scenario(document: dict[str, Any]) -> Scenario:
    for unknown in sorted(document.keys() - set(FIELDS)):
        raise UnknownField("document", shown(unknown), FIELDS)
    codes = _key_codes(document)
    told = {name: _put(document[name], dict(codes), name) for name in _TOLD if name in document}
    document = {**document, **told}
    with placed("document"):
        top = {name: document[name] for name in fields_of(_Heading) if name in document}
        heading: _Heading = read(_Heading, top, "document")
    with placed("policy"):
        policy: Policy = read(Policy, document.get("policy", {}), "policy")
    begins = _beginning(heading, document)
    setting = Setting(
        name=heading.name,
        zone=policy.zone,
        actor=heading.actor,
        actors=_actors(document),
        at=begins,
    )
    lots = enumerate(_list(document, "lots"), 1)
    return Scenario(
        title=heading.title,
        name=heading.name,
        say=heading.say,
        portal=heading.portal,
        policy=policy,
        directory=directory_of(document.get("directory", {}), "directory"),
        key_codes=codes,
        at=begins,
        lots=tuple([read_lot(table, number, setting) for number, table in lots]),
        steps=tuple(_steps(_list(document, "steps"), setting)),
        checks=tuple(
            read_check(table, f"checks[{i}]", f"check {i + 1}", policy.zone)
            for i, table in enumerate(_list(document, "checks"))
        ),
    )


def _key_codes(document: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The names of the key codes, with the ids of the codes under a pepper that is no secret."""
    table = fields_table(document.get("key_codes", {}), "key_codes")
    with placed("key_codes"):
        return tuple(
            (check_id(name, "key code"), _CODES.id_of(read(str, code, f"key_codes.{name}")))
            for name, code in table.items()
        )


def _put(value: Any, codes: Mapping[str, str], where: str) -> Any:
    """A value with every ``{name}`` of a key code put as that code's id."""
    if type(value) is dict:
        return {
            name: part if name == "say" else _put(part, codes, f"{where}.{name}")
            for name, part in value.items()
        }
    if type(value) is list:
        return [_put(part, codes, f"{where}[{i}]") for i, part in enumerate(value)]
    if type(value) is str and "{" in value:
        return _NAMED(lambda found: _code(found, codes, where), value)
    return value


def _code(found: re.Match[str], codes: Mapping[str, str], where: str) -> str:
    if found[1] not in codes:
        known = ", ".join(codes) or "there is none yet"
        raise InvalidValue(where, shown(found[0]), f"a name under [key_codes]: {known}")
    return codes[found[1]]


def _list(document: dict[str, Any], name: str) -> list[Any]:
    value = document.get(name, [])
    if type(value) is not list:
        raise MalformedDocument(name, f"{shown(value)} is not a list of tables")
    if len(value) > MAX_STEPS:
        raise LimitExceeded(f"{name} of a scenario", str(len(value)), MAX_STEPS)
    return value


def _beginning(heading: _Heading, document: dict[str, Any]) -> datetime:
    """The scenario's own instant, else that of its first step or lot."""
    if heading.at is not None:
        return heading.at
    for name in ("steps", "lots"):
        for first in _list(document, name)[:1]:
            if type(first) is dict and "at" in first:
                with placed(f"{name}[0]"):
                    at: datetime = read(datetime, first["at"], f"{name}[0].at")
                    return at
    raise MalformedDocument("document", "no instant: give the scenario or its first step an at")


def _actors(document: dict[str, Any]) -> Mapping[str, frozenset[Role]]:
    """Who acts as what; the admin needs no mention."""
    table = fields_table(document.get("actors", {}), "actors")
    with placed("actors"):
        found = {
            check_id(name, "actor"): read(frozenset[Role], roles, f"actors.{name}")
            for name, roles in table.items()
        }
    return {"admin": frozenset({Role.ADMIN}), **found}


def _steps(tables: list[Any], setting: Setting) -> Iterator[Step]:
    for number, table in enumerate(tables, 1):
        step = read_step(table, number, setting)
        setting = attrs.evolve(setting, at=step.at)
        yield step
