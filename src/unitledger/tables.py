"""A titled table, as aligned text for a terminal or as HTML for a notebook.

Plans, receipts and statements show themselves through this one value.
"""

from __future__ import annotations

from html import escape
from typing import final

import attrs

from unitledger.values import Value

__all__ = ["Table"]


@final
@attrs.frozen
class Table(Value):
    """Rows of text under a title and column heads.

    Attributes:
        title: What the table shows.
        columns: The column heads; one that starts with ``>`` is aligned right.
        rows: One tuple of texts per row, as many as there are columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """The table for a terminal, without trailing spaces."""
        heads = tuple(head.removeprefix(">") for head in self.columns)
        widths = [max(map(len, column)) for column in zip(heads, *self.rows, strict=True)]
        lines = [self.title] if self.title else []
        for row in (heads, *self.rows):
            cells = (
                cell.rjust(width) if head.startswith(">") else cell.ljust(width)
                for cell, width, head in zip(row, widths, self.columns, strict=True)
            )
            lines.append(("  " + "  ".join(cells)).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table for a notebook; every text is escaped, and shown with all of its spaces."""
        sides = ["right" if head.startswith(">") else "left" for head in self.columns]
        heads = _row("th", sides, tuple(head.removeprefix(">") for head in self.columns))
        body = "".join(_row("td", sides, row) for row in self.rows)
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        return (
            f'<table style="white-space:pre-wrap">{caption}'
            f"<thead>{heads}</thead><tbody>{body}</tbody></table>"
        )


def _row(tag: str, sides: list[str], cells: tuple[str, ...]) -> str:
    """A row of HTML, every cell on its column's side."""
    pairs = zip(sides, cells, strict=True)
    inside = (
        f'<{tag} style="text-align:{side};padding:0.1em 0.6em">{escape(cell)}</{tag}>'
        for side, cell in pairs
    )
    return f"<tr>{''.join(inside)}</tr>"
