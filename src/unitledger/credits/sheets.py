r"""Sheets: addresses to invite, read from the text of a CSV file.

A pure reading: no file is opened, and no address comes near a ledger. Rows that cannot be invited
are kept apart, each with the line it stands on, for whoever uploaded the file.

>>> sheet = read_sheet("name,email\nLeo,leo@example.org\nLea,\n")
>>> [(row.line, row.address) for row in sheet.rows]
[(2, 'leo@example.org')]
>>> [(row.line, row.problem) for row in sheet.refused]
[(3, 'it has no address')]
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import final

import attrs

from unitledger.credits.invites import MAX_ADDRESS, address_digest
from unitledger.credits.mailings import MAX_MAILING
from unitledger.errors import InvalidType, InvalidValue, LimitExceeded, MalformedDocument, shown
from unitledger.values import Value

__all__ = ["MAX_SHEET", "RefusedRow", "Sheet", "SheetRow", "read_sheet"]

MAX_SHEET = 4 * 1024 * 1024
"""The longest text of a sheet, in characters."""


@final
@attrs.frozen
class SheetRow(Value):
    """A row of a sheet that has an address.

    Attributes:
        line: The line on which the row begins, counted from 1.
        address: The address as it stands there, without space around it.
    """

    line: int
    address: str


@final
@attrs.frozen
class RefusedRow(Value):
    """A row of a sheet that nobody can be invited by.

    Attributes:
        line: The line on which the row begins, counted from 1.
        problem: What is wrong with it.
    """

    line: int
    problem: str


@final
@attrs.frozen
class Sheet(Value):
    """What a CSV text has: rows to invite, and rows that are refused.

    Attributes:
        rows: The rows with an address, in order.
        refused: The rows without one, in order.

    Source: C31.
    """

    rows: tuple[SheetRow, ...]
    refused: tuple[RefusedRow, ...]

    def invitees(self, key: bytes) -> tuple[str, ...]:
        """References to the addresses of its rows, in order, as `address_digest` makes them.

        Args:
            key: The portal's secret, at least 16 bytes.

        Source: C30, C31.
        """
        return tuple([address_digest(row.address, key) for row in self.rows])


def read_sheet(text: str, *, column: str = "email", delimiter: str = ",") -> Sheet:
    """The addresses in a CSV text whose first row names its columns.

    A byte order mark and rows with nothing in them are passed over, other columns are left alone,
    and the case of the column's name makes no difference.

    Args:
        text: The text of the file.
        column: What the column with the addresses is called.
        delimiter: What stands between two cells: one character, such as ``;``.

    Raises:
        InvalidType: An argument is not exactly a ``str``.
        InvalidValue: The delimiter is not one plain character.
        LimitExceeded: More than 4 Mi characters, or more than 10,000 rows.
        MalformedDocument: It is not CSV, or no column, or more than one, has that name.

    Source: C31.
    """
    for name, value in (("text", text), ("column", column), ("delimiter", delimiter)):
        if type(value) is not str:
            raise InvalidType(name, shown(value), "str")
    if len(text) > MAX_SHEET:
        raise LimitExceeded("characters of a sheet", str(len(text)), MAX_SHEET)
    if len(delimiter) != 1 or delimiter in '"\r\n ':
        raise InvalidValue("delimiter", shown(delimiter), "one character between cells")
    table = _table(text.removeprefix("\ufeff"), delimiter)
    place = _place(*next(table, (1, [])), column)
    rows: list[SheetRow] = []
    refused: list[RefusedRow] = []
    for line, cells in table:
        if len(rows) + len(refused) == MAX_MAILING:
            raise LimitExceeded("rows of a sheet", f"more than {MAX_MAILING}", MAX_MAILING)
        address = cells[place].strip() if place < len(cells) else ""
        problem = _problem(address)
        if problem is None:
            rows.append(SheetRow(line, address))
        else:
            refused.append(RefusedRow(line, problem))
    return Sheet(tuple(rows), tuple(refused))


def _table(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that has something in it, with the line on which it begins."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise MalformedDocument(f"line {line}", str(error)) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _place(line: int, heads: list[str], column: str) -> int:
    """Where the column with the addresses is."""
    names = [head.strip().casefold() for head in heads]
    places = [place for place, name in enumerate(names) if name == column.strip().casefold()]
    if len(places) != 1:
        found = f"{len(places) or 'no'} columns called {shown(column)}"
        raise MalformedDocument(f"line {line}", f"{found}; the first row names each once")
    return places[0]


def _problem(address: str) -> str | None:
    """What stands against inviting somebody by a text, if anything does."""
    if not address:
        return "it has no address"
    if len(address) > MAX_ADDRESS:
        return f"its address is longer than {MAX_ADDRESS} characters"
    if not address.isprintable():
        return "its address has characters that cannot be printed"
    return None
