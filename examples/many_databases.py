"""Portals spread over databases: a table of the host's says where each one lives.

A portal lives in one database, so nothing here is distributed: two portals on two servers share
nothing, and neither notices when the other's server is gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from unitledger import Ledger
from unitledger.journal import Findings
from unitledger.restore import restore
from unitledger.stores.sql import SqlStore


class Portals:
    """Where every portal lives, and one store per database."""

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = dict(homes)
        self._stores = {url: SqlStore.open(url) for url in set(homes.values())}

    def ledger(self, portal: str) -> Ledger:
        """The ledger of a portal, wherever that is."""
        return Ledger(self._stores[self._homes[portal]], portal=portal)

    def move(self, portal: str, url: str) -> Findings:
        """Let a portal live elsewhere; nobody may write to it meanwhile."""
        journal = self.ledger(portal).journal()
        if url not in self._stores:
            self._stores[url] = SqlStore.open(url)
        found = restore(self._stores[url], journal)
        self._homes[portal] = url
        return found

    def close(self) -> None:
        """Close every connection."""
        for store in self._stores.values():
            store.close()
