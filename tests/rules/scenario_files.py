"""The scenario files of the package and its examples, and a small one to put steps behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.shape.house import ROOT
from unitledger.scenario import Scenario
from unitledger.scenario.documents import Format, plain_document

FILES = [
    *sorted((ROOT / "src" / "unitledger" / "scenarios").glob("*.toml")),
    *sorted((ROOT / "examples").glob("*.scenario.*")),
]
TOP = """
title = "t"
at = 2026-01-01T00:00:00Z
[actors]
clock = ["system"]
[[lots]]
id = "a"
wallet = "member/sam"
amount = 5
expires = 2026-01-31
[[lots]]
id = "b"
wallet = "member/sam"
amount = "2.50"
"""
STEP = '[[steps]]\ncommand = "spend"\nwallet = "member/sam"\namount = 1\n'


def plain(path: Path) -> dict[str, Any]:
    return plain_document(path.read_text("utf-8"), Format(path.suffix.removeprefix(".")))


def parsed(document: dict[str, Any]) -> Scenario:
    return Scenario.parse(json.dumps(document), "json")
