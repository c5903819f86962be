"""Offers: which ways to pay with training units a checkout shows to somebody.

A new portal shows none. Key codes need both the portal's own switch and a preference that names
them.

>>> offered(Policy(), ("sales", "emea"))
frozenset()
"""

from __future__ import annotations

from unitledger.errors import InvalidType, shown
from unitledger.policy import Policy, UnitMethod

__all__ = ["offered"]


def offered(policy: Policy, lineage: tuple[str, ...]) -> frozenset[UnitMethod]:
    """The ways to pay with units that are offered to a user; what a checkout shows.

    An order is not refused for a way that was not offered: what somebody has stays theirs.

    Args:
        policy: Its switches and its ``payment_preferences``.
        lineage: The user's organizational units from the nearest one up, as the Directory has
            them; the nearest one with a preference counts.

    Raises:
        InvalidType: The lineage is not a tuple.

    Source: TU-001 to TU-003, TU-182.
    """
    if type(lineage) is not tuple:
        raise InvalidType("lineage", shown(lineage), "a tuple of ids")
    if not policy.training_units:
        return frozenset()
    said = {one.ou: one.methods for one in policy.payment_preferences}
    nearest = next((ou for ou in lineage if ou in said), None)
    methods = said.get(nearest, frozenset())
    return methods if policy.key_code_units else methods - {UnitMethod.KEY_CODE}
