"""Every notebook of the documentation shows what its cells print and return today.

The cells run here, one after the other in one namespace, without a kernel. A notebook that is out
of date, or that was saved by an editor with its own notes in it, is brought up to date by

    python -m tests.shape.test_notebooks
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.shape.house import ROOT

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""All that a notebook says about the machine it ran on."""

Outputs: TypeAlias = dict[str, str]
"""What a cell shows, by ``stdout`` or the kind of its value; nothing that is empty."""


def notebooks() -> list[Path]:
    built = ROOT / "docs" / "_build"
    found = sorted((ROOT / "docs").rglob("*.ipynb"))
    return [path for path in found if built not in path.parents]


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def recorded(cell: dict[str, Any]) -> Outputs:
    """The outputs that stand in the notebook."""
    found: Outputs = {}
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            name = output["name"]
            found[name] = found.get(name, "") + "".join(output["text"])
        else:
            assert output["output_type"] == "execute_result"
            found |= {kind: "".join(text) for kind, text in output["data"].items()}
    return found


def run(source: str, where: str, space: dict[str, Any]) -> Outputs:
    """What a cell shows when it runs: what it prints, and the value of its last line."""
    tree = ast.parse(source, where)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    out, value = io.StringIO(), None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, where, "exec"), space)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), where, "eval"), space)
    found = {"stdout": out.getvalue()} if out.getvalue() else {}
    if value is not None:
        found["text/plain"] = repr(value)
        if hasattr(value, "_repr_html_"):
            found["text/html"] = value._repr_html_()
    return found


def as_recorded(shows: Outputs, number: int) -> list[dict[str, Any]]:
    """The same outputs as a notebook has them."""
    stream = {"name": "stdout", "output_type": "stream"}
    result = {"execution_count": number, "metadata": {}, "output_type": "execute_result"}
    texts = {kind: text.splitlines(keepends=True) for kind, text in shows.items()}
    printed = texts.pop("stdout", None)
    return [
        *([{**stream, "text": printed}] if printed else []),
        *([{**result, "data": texts}] if texts else []),
    ]


def run_again(path: Path) -> str:
    """The text of a notebook with the outputs that its cells have today, and no other notes."""
    notebook, space = json.loads(path.read_text("utf-8")), dict[str, Any](__name__="__notebook__")
    notebook["metadata"] = METADATA
    number = 0
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            number += 1
            shows = run("".join(cell["source"]), f"{page_name(path)} [{number}]", space)
            cell |= {"execution_count": number, "outputs": as_recorded(shows, number)}
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@pytest.mark.parametrize("path", notebooks(), ids=page_name)
def test_a_notebook_shows_what_its_cells_do(path: Path) -> None:
    space: dict[str, Any] = {"__name__": "__notebook__"}
    for number, cell in enumerate(code_cells(path), 1):
        where = f"{page_name(path)} [{number}]"
        assert cell["execution_count"] == number, f"{where} was not run in order"
        assert recorded(cell) == run("".join(cell["source"]), where, space), f"{where} is stale"


@pytest.mark.parametrize("path", notebooks(), ids=page_name)
def test_a_notebook_has_nothing_in_it_but_its_cells_and_what_they_show(path: Path) -> None:
    assert path.read_text("utf-8") == run_again(path)


def test_there_is_a_notebook_and_it_shows_tables() -> None:
    (path,) = notebooks()
    shown = [recorded(cell) for cell in code_cells(path)]
    assert sum("text/html" in one for one in shown) >= 8
    assert sum("stdout" in one for one in shown) >= 5


@pytest.mark.parametrize(
    ("source", "shows"),
    [
        pytest.param("print(6 * 7)", {"stdout": "42\n"}, id="what is printed"),
        pytest.param("a = 6\na * 7", {"text/plain": "42"}, id="the last value"),
        pytest.param("6 * 7;a = 1", {}, id="nothing"),
        pytest.param("print(1)\n'b'", {"stdout": "1\n", "text/plain": "'b'"}, id="both"),
    ],
)
def test_a_cell_shows_what_a_kernel_would_show(source: str, shows: Outputs) -> None:
    assert run(source, "cell", {}) == shows


def test_what_stands_in_a_notebook_is_read_from_every_output() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}
    result = {"output_type": "execute_result", "data": {"text/plain": ["1,\n", " 2"]}}
    assert recorded({"outputs": [stream, stream, result]}) == {
        "stdout": "a\nb\na\nb\n",
        "text/plain": "1,\n 2",
    }


if __name__ == "__main__":
    for each in notebooks():
        each.write_text(run_again(each), "utf-8")
