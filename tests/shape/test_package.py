"""What installing and importing the package brings along, and what it does not."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from importlib.resources import files

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.shape.house import PACKAGE, ROOT, sources

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

EXTRAS = ("altair", "dateutil.rrule", "django", "hypothesis", "pytest", "sqlalchemy", "tqdm")
"""None of these comes with ``import unitledger``, nor with a module that no extra is named for."""

OF_EXTRAS = ("analysis", "display", "pytest_plugin", "stores.django", "stores.sql", "testing")
"""Rooms that an extra is for; they may load it."""

LONGEST_IMPORT = 0.1
"""Seconds, on a machine that imports `BENEATH` in `QUICK`; more on a slower one, in proportion."""

BENEATH = "attrs, dateutil.relativedelta, fractions, zoneinfo"
"""What we cannot do without, and do not write."""

QUICK = 0.035


def fresh(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a line of code in an interpreter that has loaded nothing of ours."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, "-I", *options, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=True,
    )


def brought(*modules: str) -> set[str]:
    """The extras that come along when these modules are imported."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    return set(fresh(code).stdout.split()) & set(EXTRAS)


def test_importing_the_package_brings_no_extra() -> None:
    assert brought(PACKAGE) == set()


def test_importing_every_module_of_the_core_brings_no_extra() -> None:
    core = [
        f"{PACKAGE}.{name}".removesuffix(".__init__")
        for name in sources()
        if name != "__main__" and not f"{name}.".startswith(tuple(f"{one}." for one in OF_EXTRAS))
    ]
    assert brought(*core) == set()


def test_an_extra_that_came_along_would_be_seen() -> None:
    assert brought(PACKAGE, "dateutil.rrule") == {"dateutil.rrule"}


def seconds_to_import(modules: str) -> float:
    """The time the imports took, the interpreter's own start left out."""
    clock = "from time import perf_counter as clock; began = clock()"
    return float(fresh(f"{clock}; import {modules}; print(clock() - began)").stdout)


def test_the_package_is_imported_in_under_a_tenth_of_a_second() -> None:
    """The best of ten tries, since a busy machine only ever makes it slower."""
    ours = theirs = limit = float("inf")
    for _ in range(10):
        ours = min(ours, seconds_to_import(PACKAGE))
        theirs = min(theirs, seconds_to_import(BENEATH))
        limit = LONGEST_IMPORT * max(1, theirs / QUICK)
        if ours < LONGEST_IMPORT:
            return
    assert ours < limit, f"{theirs * 1e3:.0f} ms of it are not ours"


def closure(names: set[str]) -> set[str]:
    """The packages that come with these, on this machine and without any extra."""
    due, found = [*names], set[str]()
    while due:
        name = canonicalize_name(due.pop())
        if name not in found:
            found.add(name)
            wanted = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
            due += [one.name for one in wanted if not one.marker or one.marker.evaluate()]
    return found


def test_installing_brings_attrs_and_dateutil_and_nothing_else() -> None:
    wanted = [Requirement(text) for text in PROJECT["dependencies"]]
    assert {one.name for one in wanted} == {"attrs", "python-dateutil", "tzdata"}
    assert [one.name for one in wanted if one.marker] == ["tzdata"]
    always = {one.name for one in wanted if not one.marker}
    assert closure(always) - closure({"python-dateutil"}) == {"attrs"}


def test_no_dependency_has_an_upper_cap() -> None:
    listed = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        listed += extra
    capped = [text for text in listed if re.search(r"<|==|~=", text.partition(";")[0])]
    assert capped == []


def test_the_extra_called_all_is_all_of_them() -> None:
    extras = PROJECT["optional-dependencies"]
    everything = Requirement(extras["all"][0])
    assert everything.name == PACKAGE
    assert everything.extras == set(extras) - {"all"}


def test_the_package_says_that_it_is_typed() -> None:
    assert files(PACKAGE).joinpath("py.typed").is_file()


def test_the_version_is_one_number() -> None:
    package = __import__(PACKAGE)
    assert package.__version__ == PROJECT["version"]
