"""The Directory's questions about people: what is asked, what is kept, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import attrs
import pytest

from tests import probes
from tests.desk import ANN, Desk, day
from tests.probes import deciding
from unitledger.commands import Decision, Done, View
from unitledger.errors import InvalidInput
from unitledger.journal import entry_of
from unitledger.ports import FixedDirectory

FACTS = FixedDirectory(
    members=frozenset({("ann", "sales"), ("ann", "first-aid"), ("bob", "emea"), ("leo", "legal")}),
    parents=frozenset({("sales", "emea"), ("emea", "world"), ("world", "emea"), ("legal", "hq")}),
    reports=frozenset({("ann", "mia"), ("mia", "rob"), ("rob", "mia"), ("leo", "rob")}),
)
NOW = day(0)
ABOVE = ("first-aid", "sales", "emea", "world")


@pytest.fixture(autouse=True)
def _probes() -> Iterator[None]:
    with probes.named():
        yield


@pytest.mark.parametrize(
    ("question", "name", "answer"),
    [
        pytest.param("direct", "ann", {"sales", "first-aid"}, id="TU-030 only the units named"),
        pytest.param("direct", "zoe", set(), id="TU-030 a stranger is nowhere"),
        pytest.param("groups", "ann", {"sales", "first-aid", "emea", "world"}, id="TU-029 above"),
        pytest.param("groups", "bob", {"emea", "world"}, id="TU-029 a ring ends"),
        pytest.param("lineage", "ann", ("first-aid", "sales", "emea", "world"), id="TU-127 order"),
        pytest.param("lineage", "leo", ("legal", "hq"), id="TU-127 nearest first"),
        pytest.param("superiors", "ann", {"mia", "rob"}, id="TU-029 everybody above"),
        pytest.param("superiors", "leo", {"rob", "mia"}, id="TU-029 through others"),
        pytest.param("superiors", "zoe", set(), id="TU-029 nobody"),
        pytest.param("people", "sales", {"ann"}, id="X-15 of one group"),
        pytest.param("people", "world", {"ann", "bob"}, id="X-15 of a group and those below"),
        pytest.param("people", "nowhere", set(), id="X-15 of no group"),
    ],
)
def test_what_fixed_facts_answer(question: str, name: str, answer: object) -> None:
    assert getattr(FACTS, question)(name, NOW) == answer


@pytest.mark.parametrize(
    ("question", "told", "kept"),
    [
        ("direct", frozenset({"sales", "first-aid"}), ("first-aid", "sales")),
        ("groups", frozenset({"ann", *ABOVE}), ("emea", "first-aid", "sales", "world")),
        ("lineage", ABOVE, ABOVE),
        ("superiors", frozenset({"mia", "rob"}), ("mia", "rob")),
        ("people", frozenset(), ()),
    ],
)
def test_an_answer_stands_in_the_entry_once(question: str, told: object, kept: object) -> None:
    def asks(_probe: Any, view: View) -> Decision[Done]:
        ask = getattr(view, question)
        assert ask("ann") == ask("ann") == told
        return Decision(Done())

    desk = Desk(directory=FACTS)
    desk.give(deciding("asks", asks)(ANN))
    answers = entry_of(desk.journal()[0]).answers
    assert [attrs.astuple(answer) for answer in answers] == [(question, ("ann",), kept)]


@attrs.define
class Moving:
    """Ann is in one group a day; who asks is noted."""

    asked: list[tuple[str, datetime]] = attrs.field(factory=list)

    def manages(self, manager: str, course: str, at: datetime) -> bool:
        raise AssertionError

    def groups(self, user: str, at: datetime) -> frozenset[str]:
        self.asked.append((user, at))
        return frozenset({f"g{(at - NOW).days}"})

    direct = superiors = people = groups

    def lineage(self, user: str, at: datetime) -> tuple[str, ...]:
        raise AssertionError


@pytest.mark.parametrize("question", ["groups", "direct", "superiors", "people"])
def test_the_past_is_another_question(question: str) -> None:
    """TU-034: the entry says for which instant the question was."""

    def asks(_probe: Any, view: View) -> Decision[Done]:
        ask = getattr(view, question)
        assert "g3" in ask("ann")
        assert "g1" in ask("ann", day(1))
        assert "g1" not in ask("ann", day(3))
        assert ask("ann", day(3)) == ask("ann")
        assert ask("ann", day(1)) == ask("ann", day(1))
        return Decision(Done())

    people = Moving()
    desk = Desk(directory=people).at(3)
    desk.give(deciding("asks", asks)(ANN))
    assert people.asked == [("ann", day(3)), ("ann", day(1))]
    answers = entry_of(desk.journal()[0]).answers
    assert [attrs.astuple(answer) for answer in answers] == [
        (question, ("ann",), ("g3",)),
        (question, ("ann", "2026-01-02T00:00:00.000000Z"), ("g1",)),
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("direct", ["g"]),
        ("direct", ("g",)),
        ("direct", {1}),
        ("superiors", None),
        ("people", "ann"),
        ("lineage", ["g"]),
        ("lineage", frozenset({"g"})),
        ("lineage", (1,)),
        ("lineage", None),
    ],
)
def test_an_answer_of_another_type_writes_nothing(question: str, answer: Any) -> None:
    def asks(_probe: Any, view: View) -> Decision[Done]:
        getattr(view, question)("ann")
        return Decision(Done())

    class Odd:
        """Answers every question with the same thing."""

        def __getattr__(self, name: str) -> Any:
            return lambda *_: answer

    odd: Any = Odd()
    desk = Desk(directory=odd)
    with pytest.raises(InvalidInput) as refused:
        desk.give(deciding("asks", asks)(ANN))
    expected = "tuple" if question == "lineage" else "frozenset"
    assert f"{question} is " in str(refused.value)
    assert f"a {expected} of str, of the Directory" in str(refused.value)
    assert desk.journal() == ()
