"""The tables of the reference say what the code says."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tests.samples import named
from tests.shape.contracts import MADE, error_classes, example, made, outcome_of, pages
from unitledger import errors
from unitledger.commands import Command
from unitledger.errors import UnitLedgerError


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_has_the_tables_of_today(page: Path) -> None:
    """`python -m tests.shape.contracts` writes them anew."""
    text = page.read_text("utf-8")
    assert text == made(text)


def test_every_table_stands_on_a_page() -> None:
    text = "".join(page.read_text("utf-8") for page in pages())
    assert [name for name in MADE if f"<!-- made: {name} -->" not in text] == []


def test_every_error_is_drawn_once_and_says_its_code_and_a_way_out() -> None:
    classes = error_classes()
    public = [getattr(errors, name) for name in errors.__all__ if name != "shown"]
    assert sorted(c.__name__ for c in classes) == sorted(c.__name__ for c in public)
    codes = [cls.code for cls in classes]
    assert len(set(codes)) == len(codes)
    for cls in classes:
        if not cls.__subclasses__():
            assert len(example(cls)) > 10, cls
            assert all(100 <= cls.http_hint < 600 for cls in classes)


def test_every_error_is_below_the_branch_it_is_drawn_under() -> None:
    drawn, path = 0, list[tuple[int, type[UnitLedgerError]]]()
    for line in (errors.__doc__ or "").splitlines():
        mark = max(line.find("├── "), line.find("└── "))
        if mark < 0:
            continue
        cls = getattr(errors, line[mark + 4 :].split()[0])
        path = [(indent, parent) for indent, parent in path if indent < mark]
        parent = path[-1][1] if path else UnitLedgerError
        assert cls.__bases__ == (parent,), cls
        path.append((mark, cls))
        drawn += 1
    assert drawn == len(error_classes()) - 1


def test_every_command_has_an_outcome_and_somebody_who_may() -> None:
    for cls in named().values():
        if issubclass(cls, Command):
            assert attrs.has(outcome_of(cls))
            assert cls.AUTHORITY
