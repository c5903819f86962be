"""Scenario files: a story in TOML or JSON, run on a ledger, with what should come of it.

Lots, people, policy, steps and checks, readable by whoever bills the units. Any command of the
library can be stated; whatever comes out otherwise than stated is named in one line.
"""

from __future__ import annotations

from unitledger.scenario.checks import Check
from unitledger.scenario.figures import Failure
from unitledger.scenario.rules import Rules
from unitledger.scenario.runner import CheckResult, StepResult
from unitledger.scenario.scenarios import (
    MAX_STEPS,
    Scenario,
    ScenarioResult,
    schema_text,
    shipped,
)
from unitledger.scenario.steps import Expectation, Step

__all__ = [
    "MAX_STEPS",
    "Check",
    "CheckResult",
    "Expectation",
    "Failure",
    "Rules",
    "Scenario",
    "ScenarioResult",
    "Step",
    "StepResult",
    "schema_text",
    "shipped",
]
