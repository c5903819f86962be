"""What a scenario says once for all of its steps: who acts as what, and who belongs where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, final

import attrs

from unitledger.commands import Actor, Role
from unitledger.errors import MalformedDocument, UnknownField, shown
from unitledger.ids import check_id
from unitledger.ports import FixedDirectory
from unitledger.scenario.wording import fields_table, placed, read

__all__ = ["Setting", "directory_of"]

_FACTS = ("managers", "members", "parents", "reports")


@final
@attrs.frozen(eq=False)
class Setting:
    """What a step may leave out: what the scenario, or the step before, has said.

    Attributes:
        name: What request ids begin with when a step has none.
        zone: The zone in which dates are meant.
        actor: Who acts when a step does not say.
        actors: What each actor acts as.
        at: The instant of the step before.
    """

    name: str
    zone: str
    actor: str
    actors: Mapping[str, frozenset[Role]]
    at: datetime | None

    def acting(self, actor: str | None, roles: frozenset[Role] | None, where: str) -> Actor:
        """The actor of a step.

        Raises:
            MalformedDocument: Nobody said what that actor acts as.
        """
        name = self.actor if actor is None else actor
        known = self.actors.get(name) if roles is None else roles
        if known is None:
            raise MalformedDocument(where, f"say under [actors] what {shown(name)} acts as")
        return Actor(name, known)


def directory_of(value: Any, where: str) -> FixedDirectory:
    """Facts about people: managers of courses, members of groups, groups in groups, reports.

    Raises:
        UnknownField: Another kind of fact.
        MalformedDocument: Not tables of lists of ids.
    """
    table = fields_table(value, where)
    for unknown in sorted(table.keys() - set(_FACTS)):
        raise UnknownField(where, shown(unknown), _FACTS)
    with placed(where):
        return FixedDirectory(
            **{name: _pairs(table.get(name, {}), f"{where}.{name}") for name in _FACTS}
        )


def _pairs(value: Any, where: str) -> frozenset[tuple[str, str]]:
    lists: Mapping[str, Any] = fields_table(value, where)
    found = {
        name: read(tuple[str, ...], people, f"{where}.{name}") for name, people in lists.items()
    }
    return frozenset(
        (check_id(person, where), check_id(name, where))
        for name, people in found.items()
        for person in people
    )
