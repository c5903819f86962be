"""The rules reference says what the code and the tests say."""

from __future__ import annotations

import pytest

from tests.shape.rules import HOST, PAGE, TEXTS, numbers, page, proved, served, unproved


def test_a_span_names_every_rule_in_it() -> None:
    assert numbers("TU-120 to TU-122, C4, X-01.") == {"TU-120", "TU-121", "TU-122", "C4", "X-01"}


def test_rules_are_served_and_proved() -> None:
    assert {"C1", "TU-190", "I1"} <= served().keys() & proved().keys()


def test_the_rules_reference_is_up_to_date() -> None:
    """`python -m tests.shape.rules` writes it anew."""
    assert PAGE.read_text("utf-8") == page()


def test_what_the_host_keeps_is_a_rule() -> None:
    assert HOST.keys() <= {rule for family in ("C", "TU", "X") for rule in TEXTS[family]}


@pytest.mark.parametrize("family", ["C", "TU", "X"])
def test_a_rule_without_a_test_fails_the_build(family: str) -> None:
    assert unproved(family) == []


def test_the_rules_are_all_there() -> None:
    """63 of credits, 203 of training units, 22 questions that the sources leave open."""
    assert list(TEXTS["C"]) == [f"C{number}" for number in range(1, 64)]
    assert len(TEXTS["TU"]) == 203
    assert list(TEXTS["X"]) == [f"X-{number:02d}" for number in range(1, 23)]
