"""The addresses behind references, where they can be erased.

The journal knows an address by a reference alone, as `unitledger.credits.address_digest` makes it.
Erasing the address here changes no entry and breaks no chain.
"""

from __future__ import annotations

from typing import final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from unitledger.errors import InvalidType, InvalidValue, shown
from unitledger.ids import PortalId, check_id
from unitledger.stores.sql.schema import PREFIX
from unitledger.stores.sql.statements import statements_for

__all__ = ["Addresses"]

_LONGEST = 320
_WANTED = f"a text of 1 to {_LONGEST} characters that can be shown"
_shows = str.isprintable


@final
class Addresses:
    """A portal's addresses, in the caller's transaction.

    Args:
        connection: The caller's connection; the caller commits.
        portal: The portal.
        prefix: What the names of the tables begin with.
    """

    def __init__(self, connection: Connection, portal: str, *, prefix: str = PREFIX) -> None:
        if not isinstance(connection, Connection):
            raise InvalidType("connection", shown(connection), "a Connection of SQLAlchemy")
        self._connection = connection
        self._portal = PortalId(check_id(portal, "portal"))
        self._table = statements_for(connection.dialect, prefix).tables.addresses

    def keep(self, reference: str, address: str) -> None:
        """Keep the address behind a reference, in place of an earlier one.

        Raises:
            InvalidValue: Not a text, too long, or with characters that not every engine keeps, such
                as a zero byte or half of a pair.
        """
        if type(address) is not str or not 0 < len(address) <= _LONGEST or not _shows(address):
            raise InvalidValue("address", "something else", _WANTED)
        rule = self._of(check_id(reference, "reference"))
        done = self._connection.execute(update(self._table).where(rule).values(address=address))
        if not done.rowcount:
            row = {"portal": self._portal, "reference": reference, "address": address}
            self._connection.execute(insert(self._table).values(row))

    def find(self, reference: str) -> str | None:
        """The address behind a reference; ``None`` when it was erased or never kept."""
        sql = select(self._table.c.address).where(self._of(check_id(reference, "reference")))
        found: str | None = self._connection.scalar(sql)
        return found

    def erase(self, reference: str) -> bool:
        """Whether there was an address behind a reference; there is none any more."""
        sql = delete(self._table).where(self._of(check_id(reference, "reference")))
        return bool(self._connection.execute(sql).rowcount)

    def _of(self, reference: str) -> ColumnElement[bool]:
        return (self._table.c.portal == self._portal) & (self._table.c.reference == reference)
