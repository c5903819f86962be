"""Every example in the readme, the documentation and the docstrings runs and says what it shows."""

from __future__ import annotations

import doctest
import importlib
import io
import re
import tomllib
from pathlib import Path

import pytest

from tests.shape.house import PACKAGE, ROOT, sources
from tests.shape.pages import FLAGS, BrokenPage, blocks, check, pages

README = ROOT / "README.md"
MODULES = [name for name in sources() if name != "__main__"]


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", pages(), ids=page_name)
def test_a_page_keeps_its_promises(path: Path, tmp_path: Path) -> None:
    check(path.read_text("utf-8"), page_name(path), tmp_path)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(f"{PACKAGE}.{name}".removesuffix(".__init__"))
    told = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        runner.run(test, out=told.write)
    assert runner.failures == 0, told.getvalue()


def test_the_reference_has_every_module() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    listed = re.findall(r"^\.\. automodule:: (\S+)$", page, flags=re.MULTILINE)
    on_disk = {f"{PACKAGE}.{name}".removesuffix(".__init__") for name in MODULES} - {PACKAGE}
    assert sorted(listed) == sorted(on_disk)


def install_commands() -> list[str]:
    text = README.read_text("utf-8")
    lines = [line for one in blocks(text) if one.kind == "sh" for line in one.text.splitlines()]
    return [line for line in lines if line.startswith("python3 -m venv")]


def test_the_readme_has_two_commands_for_a_fresh_machine_and_ci_runs_both() -> None:
    demo, test = install_commands()
    assert demo.endswith("unitledger demo")
    assert test.endswith("-m pytest")
    steps = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert steps.count(demo) == 1
    assert steps.count(test) == 1


def test_ci_runs_every_word_of_the_task_runner() -> None:
    tasks = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["poe"]["tasks"]
    assert set(tasks) == {"lint", "types", "test", "docs", "bench"}
    steps = (ROOT / ".ci" / "run").read_text("utf-8")
    words = set(re.findall(r"^\.venv/bin/poe (\w+)", steps, flags=re.MULTILINE))
    assert words == set(tasks) - {"test"}, "the readme's own command runs the tests"


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 200


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        pytest.param(
            "```python\nprint(1)\n```\n\n```text\n2\n```\n",
            "p.md:6: the page shows\n2\n\nand it prints\n1\n",
            id="another output",
        ),
        pytest.param(
            "```python\na = 1\n```\nwords\n```python\n>>> a + 1\n3\n```\n",
            "Expected:\n    3\nGot:\n    2\n",
            id="another answer",
        ),
        pytest.param(
            "```sh\nunitledger no-such-word\n```\n",
            "p.md:2: `unitledger no-such-word` ended with",
            id="a command that fails",
        ),
        pytest.param("```python\nprint(1)\n", "a fence that never closes", id="an open fence"),
    ],
)
def test_a_broken_page_is_found(page: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenPage) as found:
        check(page, "p.md", tmp_path)
    assert complaint in str(found.value)


def test_an_error_in_a_block_points_at_the_page(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as found:
        check("words\n\n```python\na = 1\n1 / 0\n```\n", "p.md", tmp_path)
    last = found.traceback[-1]
    assert (str(last.frame.code.raw.co_filename), last.lineno + 1) == ("p.md:4", 5)


def test_what_is_shown_only_is_not_run(tmp_path: Path) -> None:
    page = "<!-- not run: it needs a server -->\n```python\n1 / 0\n```\n```text\nanything\n```\n"
    assert check(page, "p.md", tmp_path) == 0


def test_a_file_of_the_page_is_there_for_its_commands(tmp_path: Path) -> None:
    check('<!-- file: a.toml -->\n```toml\nportal = "P"\n```\n', "p.md", tmp_path)
    assert (tmp_path / "a.toml").read_text("utf-8") == 'portal = "P"\n'
