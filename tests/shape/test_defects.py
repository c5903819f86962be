"""The page of the known defects has all of them, and says what the tests say."""

from __future__ import annotations

import re

from tests.shape.defects import BESIDES, COUNTS, PAGE, TEXTS, kept_out, numbers, page

EVERY = {f"{family}{n}" for family, count in COUNTS.items() for n in range(1, count + 1)}


def test_every_defect_has_its_sentence() -> None:
    assert len(EVERY) == 95
    assert {number for family in COUNTS for number in TEXTS[family]} == EVERY
    for family in COUNTS:
        assert all(number.startswith(family) for number in TEXTS[family])


def test_every_defect_is_kept_out_by_a_test_or_cannot_happen() -> None:
    tests = kept_out()
    assert sorted(EVERY - tests.keys() - BESIDES.keys()) == []
    assert tests.keys() | BESIDES.keys() <= EVERY


def test_the_page_is_up_to_date_and_has_all_of_them() -> None:
    """`python -m tests.shape.defects` writes it anew."""
    text = PAGE.read_text("utf-8")
    assert text == page()
    assert re.findall(r"^\| ([DR][0-9]+) \|", text, flags=re.MULTILINE) == sorted(
        EVERY, key=lambda one: (one[0], int(one[1:]))
    )


def test_a_sentence_is_one_sentence() -> None:
    for number, text in [pair for table in TEXTS.values() for pair in table.items()]:
        assert text.endswith("."), number
        assert text[0].isupper(), number
        assert "|" not in text, number


def test_numbers_are_read_as_words() -> None:
    assert numbers("D1 and R55, not D0, XD3, R100 or d4: D40") == {"D1", "R55", "D40"}
