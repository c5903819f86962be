"""Listings: assignments by a part of their title, and by when they were made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.test_training_assignments import create
from tests.rules.training_room import CREATOR, Room, day, rule
from unitledger.errors import InvalidInput
from unitledger.training import CancelAssignment, FireAssignment, listed_assignments


def listed(**wanted: Any) -> list[str]:
    """The ids found among spring (day 0), summer and Sprint (day 1), and winter (day 2)."""
    room = Room()
    made = (("spring", "Spring budget", 0), ("sprint", "SPRINT", 1), ("alps", "Summer", 1))
    for name, title, when in (*made, ("winter", "Winter budget", 2)):
        room.at(when)
        room.do(create(assignment=name, title=title), CREATOR)
    room.do(FireAssignment("spring"))
    room.do(CancelAssignment("winter"))
    with room.ledger.store.read(room.ledger.portal) as reading:
        return [one.id for one in listed_assignments(reading, **wanted)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({}, "winter alps sprint spring", id="TU-033 all, the latest first"),
        pytest.param({"title": "spr"}, "sprint spring", id="TU-033 the beginning, any letters"),
        pytest.param({"title": "BUDGET"}, "winter spring", id="TU-033 the end"),
        pytest.param({"title": "autumn"}, "", id="TU-033 none"),
        pytest.param({"since": day(1)}, "winter alps sprint", id="TU-033 from an instant on"),
        pytest.param({"until": day(1)}, "spring", id="TU-033 before an instant"),
        pytest.param({"since": day(1), "until": day(2)}, "alps sprint", id="TU-033 a window"),
        pytest.param({"title": "s", "until": day(2)}, "alps sprint spring", id="TU-033 both"),
    ],
)
def test_assignments_are_found(wanted: dict[str, Any], found: str) -> None:
    assert listed(**wanted) == found.split()


@rule("TU-033")
@pytest.mark.parametrize("wanted", [{"title": 7}, {"since": "soon"}, {"until": day(1).date()}])
def test_what_cannot_be_looked_for(wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        listed(**wanted)
