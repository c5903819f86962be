"""Every link of a page to another file of the project leads to one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.shape.house import ROOT
from tests.shape.pages import pages

_FENCED = re.compile(r"^ *(`{3,}).*?^ *\1 *$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)\s]*)?\)")
_ELSEWHERE = re.compile(r"[a-z]+:")


def linking() -> list[Path]:
    """The pages, and what else has links that a reader may follow."""
    built = ROOT / "docs" / "_build"
    notebooks = [path for path in (ROOT / "docs").rglob("*.ipynb") if built not in path.parents]
    return [*pages(), ROOT / "CHANGELOG.md", *sorted(notebooks)]


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dead_links(text: str, folder: Path) -> list[str]:
    targets = [match["target"] for match in _LINK.finditer(_FENCED.sub("", text))]
    near = [target for target in targets if not _ELSEWHERE.match(target)]
    return [target for target in near if not (folder / target).exists()]


@pytest.mark.parametrize("path", linking(), ids=page_name)
def test_links_lead_somewhere(path: Path) -> None:
    assert dead_links(path.read_text("utf-8"), path.parent) == []


def test_a_dead_link_is_found() -> None:
    text = (
        "[a](README.md) [b](docs/nowhere.md) [c](https://example.org/x) [d](README.md#top)\n"
        "```python\nf[0](gone)\n```\n[e](gone.md#top)\n"
    )
    assert dead_links(text, ROOT) == ["docs/nowhere.md", "gone.md"]


def test_the_readme_leads_to_tests_and_to_every_part_of_the_documentation() -> None:
    targets = {match["target"] for match in _LINK.finditer((ROOT / "README.md").read_text("utf-8"))}
    assert sum(target.startswith("tests/") for target in targets) >= 5
    for part in ("tutorial", "how-to", "reference", "explanation", "decisions"):
        assert any(target.startswith(f"docs/{part}/") for target in targets)
