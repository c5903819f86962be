"""Choices about what training units may pay: ways, criteria, prices by unit, the session guard."""

from __future__ import annotations

from enum import StrEnum
from typing import final

import attrs

from unitledger.amounts import Rate
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, shown
from unitledger.ids import check_id
from unitledger.values import Value

__all__ = [
    "MAX_PREFERENCES",
    "Criteria",
    "GuardBoundary",
    "PaymentPreference",
    "Preferences",
    "SessionOrder",
    "SessionScope",
    "SharePaid",
    "TrainingType",
    "UndatedRank",
    "UnitMethod",
]


MAX_PREFERENCES = 1000
"""How many preferences a policy, and how many names a set of criteria may have."""


@final
class UnitMethod(StrEnum):
    """A way to pay with training units, as a checkout offers it.

    Source: TU-002, TU-003, TU-182.
    """

    ACCOUNT = "account"
    """The buyer's own units, bought or distributed."""
    KEY_CODE = "key_code"
    """The units behind a key code."""

    def __repr__(self) -> str:
        return f"UnitMethod.{self.name}"


@final
@attrs.frozen
class PaymentPreference(Value):
    """Which ways to pay with units are offered in an organizational unit and below it.

    Attributes:
        methods: The ways; empty offers none.
        ou: The organizational unit; ``None`` is everybody for whom nothing nearer is said.

    Source: TU-002, TU-003.
    """

    methods: frozenset[UnitMethod]
    ou: str | None = None

    def __attrs_post_init__(self) -> None:
        if type(self.methods) is not frozenset or set(map(type, self.methods)) - {UnitMethod}:
            raise InvalidType("methods", shown(self.methods), "a frozenset of UnitMethod")
        if self.ou is not None:
            check_id(self.ou, "ou")


@final
class TrainingType(StrEnum):
    """What kind of training an item is.

    Source: TU-129, TU-152.
    """

    COURSE = "course"
    SESSION = "session"
    EVENT = "event"
    CURRICULUM = "curriculum"
    TEST = "test"
    MATERIAL = "material"
    PROGRAM = "program"
    """Has no price in units, and cannot be paid with them."""
    VIDEO = "video"
    """Has no price in units, and cannot be paid with them."""

    def __repr__(self) -> str:
        return f"TrainingType.{self.name}"


@final
@attrs.frozen
class Criteria(Value):
    """Which training may be paid with units; an empty set leaves that side open.

    Attributes:
        types: Only training of these types.
        providers: Only training of these providers.
        subjects: Only training with at least one of these subjects.

    Source: TU-151 to TU-154.
    """

    types: frozenset[TrainingType] = frozenset()
    providers: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        if type(self.types) is not frozenset or set(map(type, self.types)) - {TrainingType}:
            raise InvalidType("types", shown(self.types), "a frozenset of TrainingType")
        for name in ("providers", "subjects"):
            value = getattr(self, name)
            if type(value) is not frozenset:
                raise InvalidType(name, shown(value), "frozenset")
            if len(value) > MAX_PREFERENCES:
                raise LimitExceeded(name, str(len(value)), MAX_PREFERENCES)
            for one in value:
                check_id(one, name)

    def refusal(
        self, kind: TrainingType | None, provider: str | None, subjects: frozenset[str]
    ) -> str | None:
        """Why such training may not be paid with units; ``None`` when it may.

        Every side that is restricted must agree, and one member of it is enough.

        Args:
            kind: Its type, as far as anybody said.
            provider: Its provider.
            subjects: Its subjects.
        """
        if self.types and kind not in self.types:
            return "training of its type is not paid with units here"
        if self.providers and provider not in self.providers:
            return "training of its provider is not paid with units here"
        if self.subjects and self.subjects.isdisjoint(subjects):
            return "training of its subjects is not paid with units here"
        return None


@final
@attrs.frozen
class Preferences(Value):
    """What is otherwise in one organizational unit, or for prices in one currency.

    Whoever is in the unit or below it is meant, unless a nearer unit says something else. The
    session guard is not among them: it is set for all at once.

    Attributes:
        ou: The organizational unit; ``None`` is everybody.
        unit_value: What a unit is worth there; ``None`` leaves that to the next one above.
        currency: The currency of ``unit_value``; ``None`` is the one that prices have when they
            do not say.
        criteria: Which training may be paid with units there; ``None`` leaves that to the next
            one above.

    Source: TU-155, TU-161, TU-293.
    """

    ou: str | None = None
    unit_value: Rate | None = None
    currency: str | None = None
    criteria: Criteria | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("ou", "currency"):
            value = getattr(self, name)
            if value is not None:
                check_id(value, name)
        for name, kind in (("unit_value", Rate), ("criteria", Criteria)):
            value = getattr(self, name)
            if value is not None and type(value) is not kind:
                raise InvalidType(name, shown(value), kind.__name__)
        if self.unit_value is None and self.criteria is None:
            raise InvalidValue("preferences", "without a say", "a unit_value or criteria")


@final
class GuardBoundary(StrEnum):
    """Whether units may pay for a session that begins on the last day they can be used.

    Source: TU-159, X-03.
    """

    SAME_DAY_OK = "same_day_ok"
    """They may."""
    STRICTLY_AFTER = "strictly_after"
    """They may not; they must be usable on the day after it begins."""

    def __repr__(self) -> str:
        return f"GuardBoundary.{self.name}"


@final
class SessionOrder(StrEnum):
    """Which of the lots that last long enough pay for a session, when the guard is on.

    Source: TU-197, X-02.
    """

    LATEST_EXPIRY = "latest_expiry"
    """The furthest expiry first."""
    FEFO_ELIGIBLE = "fefo_eligible"
    """In the policy's burn order, by which the least is wasted."""

    def __repr__(self) -> str:
        return f"SessionOrder.{self.name}"


@final
class SessionScope(StrEnum):
    """What the session order orders, when a cart has sessions and other items.

    Source: TU-199.
    """

    TRANSACTION = "transaction"
    """The lots of the whole cart."""
    SESSION_ITEMS = "session_items"
    """The lots of its sessions; the other items follow in the policy's burn order."""

    def __repr__(self) -> str:
        return f"SessionScope.{self.name}"


@final
class UndatedRank(StrEnum):
    """Where lots that never expire stand when the furthest expiry comes first.

    Source: X-16.
    """

    LAST = "last"
    """Behind all that expire."""
    FIRST = "first"
    """Before all that expire: never is the furthest."""

    def __repr__(self) -> str:
        return f"UndatedRank.{self.name}"


@final
class SharePaid(StrEnum):
    """What units pay when a cost centre bears a share of an item.

    Source: TU-138, X-21.
    """

    FULL_PRICE = "full_price"
    """The full price, whoever bears it."""
    USER_SHARE = "user_share"
    """The user's share of the price, rounded up after the share was taken."""

    def __repr__(self) -> str:
        return f"SharePaid.{self.name}"
