"""Every question about a room looks at what it is asked, by name.

A question is a public function whose first parameter is a reading of the portal, and whose others
are ids, instants, policies and amounts. It is asked with sound arguments but for one, and must
refuse that one by an error of the library that names it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, get_args, get_type_hints

import pytest

import unitledger.credits
import unitledger.training
from tests.samples import NOON
from unitledger.amounts import Credits
from unitledger.errors import UnitLedgerError
from unitledger.ids import PortalId
from unitledger.policy import Policy
from unitledger.stores.memory import MemoryStore

SOUND: Mapping[type, Any] = {str: "id-1", datetime: NOON, Policy: Policy(), Credits: Credits.of(1)}
FREE = ("after", "title")
"""Texts that need not be ids."""
UNSOUND: Mapping[type, tuple[Any, ...]] = {
    str: (5, "", " id"),
    datetime: (NOON.replace(tzinfo=None), "2026-03-01"),
}


def _bare(hint: Any) -> Any:
    return next((part for part in get_args(hint) if part is not type(None)), hint)


def _asked(question: Callable[..., Any]) -> dict[str, Any]:
    """What a question takes beside the reading: names and types."""
    hints = {name: _bare(hint) for name, hint in get_type_hints(question).items()}
    return {name: hints[name] for name in list(inspect.signature(question).parameters)[1:]}


def _plain(question: Callable[..., Any]) -> bool:
    """Whether a question can be asked with what is at hand here."""
    parameters = list(inspect.signature(question).parameters.values())[1:]
    needed = [one.name for one in parameters if one.default is one.empty]
    return all(_asked(question)[name] in tuple(SOUND) for name in needed)


def _questions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for room in (unitledger.credits, unitledger.training):
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            module = importlib.import_module(found.name)
            for name in module.__all__:
                value = getattr(module, name)
                asks = (
                    inspect.isfunction(value) and "reading" in inspect.signature(value).parameters
                )
                if asks and _plain(value):
                    yield f"{found.name.removeprefix('unitledger.')}.{name}", value


def _slips() -> Iterator[Any]:
    for name, question in _questions():
        for parameter, kind in _asked(question).items():
            looked_at = kind in (str, datetime) and parameter not in FREE
            for value in UNSOUND[kind] if looked_at else ():
                where = f"P14 {name} {parameter} {value!r}"
                yield pytest.param(question, parameter, value, id=where)


@pytest.mark.parametrize(("question", "parameter", "value"), list(_slips()))
def test_a_question_refuses_by_name(
    question: Callable[..., Any], parameter: str, value: Any
) -> None:
    given = {name: SOUND[kind] for name, kind in _asked(question).items() if kind in tuple(SOUND)}
    with MemoryStore().read(PortalId("acme")) as reading, pytest.raises(UnitLedgerError) as refused:
        list(question(reading, **{**given, parameter: value}))
    assert getattr(refused.value, "field", None) == parameter.removesuffix("_id")
