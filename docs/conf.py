"""How Sphinx builds these pages: ``sphinx-build -W -b html docs docs/_build/html``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from sphinx.application import Sphinx

_project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))

project = "unitledger"
author = "unitledger contributors"
project_copyright = "unitledger contributors"
release = version = _project["project"]["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "**.ipynb_checkpoints", "decisions/0000-template.md"]

html_theme = "furo"
html_title = f"unitledger {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# a notebook is run when the pages are built, and an error in it is an error of the build
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_preserve_defaults = True
# what a package offers again is described in both places, and either will do as a target
suppress_warnings = ["ref.python"]
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def _drawings_are_literal(
    _app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """What stands indented between paragraphs of a module's docstring is a drawing or a table."""
    if what != "module":
        return
    drawn: list[str] = []
    inside = False
    for line in lines:
        indented = line.startswith("  ")
        if indented and not inside and drawn and not drawn[-1]:
            drawn += ["::", ""]
        inside = indented or (inside and not line)
        drawn.append(line)
    lines[:] = drawn


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _drawings_are_literal, priority=100)
