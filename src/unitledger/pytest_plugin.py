"""Scenario files as tests: one line in a ``conftest.py`` has them collected.

    pytest_plugins = ["unitledger.pytest_plugin"]

Every ``*.scenario.toml`` and ``*.scenario.json`` below the folders that pytest looks into becomes
one test, which fails with a line per expectation that is not met.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

import pytest

from unitledger.scenario import Failure, Scenario

__all__ = ["ScenarioFile", "ScenarioItem", "pytest_collect_file"]

_ENDINGS = (".scenario.toml", ".scenario.json")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """The collector of a scenario file; ``None`` for any other file."""
    if file_path.name.endswith(_ENDINGS):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


@final
class ScenarioFile(pytest.File):
    """A scenario file, which is one test."""

    def collect(self) -> Iterator[ScenarioItem]:
        """The one test of the file."""
        name = self.path.name.partition(".scenario.")[0]
        yield ScenarioItem.from_parent(self, name=name)


@final
class ScenarioItem(pytest.Item):
    """A scenario that is run, and fails when something is not as it expects."""

    def runtest(self) -> None:
        """Run it on a new memory store."""
        failures = Scenario.load(self.path).run().failures
        if failures:
            raise _NotAsExpected(failures)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """A line per failed expectation; anything else as pytest shows it."""
        if isinstance(excinfo.value, _NotAsExpected):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the test stands, and what it is called."""
        return self.path, None, f"scenario: {self.name}"


class _NotAsExpected(Exception):
    """What a run found otherwise than its scenario expects."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__("\n".join(map(str, failures)))
