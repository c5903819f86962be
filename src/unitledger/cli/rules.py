"""The rules under which the command line fires: a policy that has a name, and who knows people.

Nothing is taken for granted. What a period brings follows from the policy, and how often a unit
is issued per member from the directory; a guess would be written down for good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final, final

from unitledger.errors import InvalidType, InvalidValue, NoDirectory, shown
from unitledger.policy import Policy
from unitledger.ports import Directory
from unitledger.scenario import Rules

__all__ = ["directory_named", "rules_named"]

_PRESETS: Final[Mapping[str, Callable[[], Policy]]] = {
    "default": Policy,
    "club_tenant": Policy.club_tenant,
    "prepaid_pool": Policy.prepaid_pool,
    "strict_overview": Policy.strict_overview,
    "vendor_checkout": Policy.vendor_checkout,
}
_FILES: Final = (".json", ".toml")
_ASKED: Final = ("manages", "groups", "direct", "lineage", "superiors", "people")


@final
class _Nobody:
    """A directory that nobody has named: whatever it is asked is refused."""

    def manages(self, manager: str, course: str, at: datetime) -> bool:
        raise NoDirectory("manages", f"{manager} and {course}")

    def groups(self, user: str, at: datetime) -> frozenset[str]:
        raise NoDirectory("groups", user)

    def direct(self, user: str, at: datetime) -> frozenset[str]:
        raise NoDirectory("direct", user)

    def lineage(self, user: str, at: datetime) -> tuple[str, ...]:
        raise NoDirectory("lineage", user)

    def superiors(self, user: str, at: datetime) -> frozenset[str]:
        raise NoDirectory("superiors", user)

    def people(self, group: str, at: datetime) -> frozenset[str]:
        raise NoDirectory("people", group)


def rules_named(name: str) -> tuple[Policy, Directory]:
    """The policy of that name, and the directory beside it: one that refuses if there is none.

    Args:
        name: A preset, a file with the tables ``policy`` and ``directory``, or ``module:attribute``
            for a policy in a module of the host's.

    Raises:
        OSError: The file cannot be read.
        InvalidInput: There is no such preset, module or attribute, or it is no policy.
    """
    if Path(name).suffix.lower() in _FILES:
        rules = Rules.load(name)
        return rules.policy, _Nobody() if rules.directory is None else rules.directory
    if name in _PRESETS:
        return _PRESETS[name](), _Nobody()
    found = _attribute("policy", name, f"a .toml or .json file, {', '.join(_PRESETS)}")
    if type(found) is not Policy:
        raise InvalidType("policy", shown(found), "a Policy")
    return found, _Nobody()


def directory_named(name: str) -> Directory:
    """The directory in a module of the host's.

    Args:
        name: ``module:attribute``.

    Raises:
        InvalidInput: There is none, or it cannot answer every question.
    """
    found: Directory = _attribute("directory", name, "the name of a directory in your code")
    missing = [question for question in _ASKED if not callable(getattr(found, question, None))]
    if missing:
        raise InvalidValue("directory", f"without {missing[0]}", "a Directory")
    return found


def _attribute(field: str, name: str, otherwise: str) -> Any:
    """What a module has under a name, written as ``module:attribute``."""
    module, _, attribute = name.partition(":")
    expected = f"{otherwise}, or module:attribute"
    if not module.replace(".", "_").isidentifier() or not attribute.isidentifier():
        raise InvalidValue(field, shown(name), expected)
    try:
        return getattr(import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        raise InvalidValue(field, f"{shown(name)} ({error})", expected) from error
