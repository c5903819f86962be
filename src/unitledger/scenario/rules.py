"""The rules of a portal as a file states them: the policy, and facts about people.

The tables are those of a scenario file, and a scenario file will do: its other tables are left
alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import attrs

from unitledger.errors import UnitLedgerError, UnknownField, shown
from unitledger.policy import Policy
from unitledger.ports import FixedDirectory
from unitledger.scenario.documents import document_text, plain_document
from unitledger.scenario.scenarios import FIELDS
from unitledger.scenario.settings import directory_of
from unitledger.scenario.wording import placed, read, with_place_in_words
from unitledger.values import Value

__all__ = ["Rules"]


@final
@attrs.frozen
class Rules(Value):
    """What a ledger of a portal is made with, besides its store.

    Attributes:
        policy: The named values of every rule.
        directory: The facts about people; ``None`` when the file has none.
    """

    policy: Policy
    directory: FixedDirectory | None

    @classmethod
    def load(cls, path: str | Path) -> Rules:
        """The rules in a file whose name ends in ``.toml`` or ``.json``.

        Args:
            path: The file, with a table ``policy`` and, if need be, one ``directory``.

        Raises:
            OSError: The file cannot be read.
            InvalidInput: It does not state rules; a note on the error says where.
        """
        text, form = document_text(path)
        try:
            return _rules(plain_document(text, form))
        except UnitLedgerError as error:
            raise with_place_in_words(error) from error.__cause__


def _rules(document: dict[str, Any]) -> Rules:
    for unknown in sorted(document.keys() - set(FIELDS)):
        raise UnknownField("document", shown(unknown), FIELDS)
    with placed("policy"):
        policy: Policy = read(Policy, document.get("policy", {}), "policy")
    people = document.get("directory")
    return Rules(policy, None if people is None else directory_of(people, "directory"))
