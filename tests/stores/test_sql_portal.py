"""The portal of the portal machine on databases: every command, beside the same model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.portal_walk import Tally, walked
from tests.stores.engines import KINDS, opened


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_serves_the_same_portal(kind: str, tmp_path: Path) -> None:
    tally = Tally()
    with opened(kind, tmp_path) as store:
        walked(14, 150, tally, store)
    assert tally.total() > 60
    assert tally.share() >= 0.6
