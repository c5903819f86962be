"""What a notebook and a terminal show of plans, receipts, balances, statements and quotes.

The expected tables are written out by hand. What HTML shows is read back by a parser that knows
nothing of how it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from textwrap import dedent
from typing import Any, Protocol

import attrs
import pytest

from unitledger.accounts import course, keycode, member, pool
from unitledger.amounts import Credits, Rate, Units
from unitledger.buckets import Bucket, Plan
from unitledger.commands import Actor, Role
from unitledger.ids import ClaimId, LotId, RequestId
from unitledger.ledger import Ledger
from unitledger.lots import Category, Lot
from unitledger.operations import Capture, Hold, Issue, Spend, Sweep, Transfer, VoidUnits
from unitledger.orders import BurnOrder, RankBy
from unitledger.policy import Policy
from unitledger.stores.memory import MemoryStore
from unitledger.tables import Table
from unitledger.time import FixedClock
from unitledger.training.pricing import Item, quote

NEW_YEAR = datetime(2026, 1, 1, 9, tzinfo=UTC)
ANN = Actor.acting("ann", Role.ADMIN)
HOSTILE = (
    "<script>alert(1)</script>",
    "</td><td>9.99",
    "</caption></table>",
    "a&amp;b&lt;",
    """'"onload="x""",
    "two  spaces",
    "%2F..%2F",
)
"""Ids of the grammar that would do something, if they were not shown as they are."""


class Displayed(Protocol):
    def _repr_html_(self) -> str: ...


def day(n: int) -> datetime:
    return NEW_YEAR + timedelta(days=n)


@attrs.define
class Read(HTMLParser):
    """What a browser would make of a table."""

    tags: list[str] = attrs.field(factory=list)
    styles: list[list[str]] = attrs.field(factory=list)
    texts: dict[str, list[str]] = attrs.field(factory=dict)
    _open: list[str] = attrs.field(factory=list)

    def __attrs_pre_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append(tag)
        self.texts.setdefault(tag, [])
        if tag in ("caption", "td", "th"):
            self.texts[tag].append("")
        if tag == "tr":
            self.styles.append([])
        if tag in ("td", "th"):
            self.styles[-1].append(dict(attributes).get("style") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts[self._open[-1]][-1] += data

    @property
    def rows(self) -> list[tuple[str, ...]]:
        width, cells = len(self.texts["th"]), self.texts.get("td", [])
        return [tuple(cells[at : at + width]) for at in range(0, len(cells), width)]


def read(displayed: Any) -> Read:
    found = Read()
    found.feed(displayed._repr_html_())
    found.close()
    assert not found._open
    return found


def ledger() -> tuple[Ledger, FixedClock]:
    clock = FixedClock(NEW_YEAR)
    return Ledger(MemoryStore(), clock=clock), clock


def plan(at: datetime, asked: int, order: str = "FEFO_LARGEST") -> Plan:
    held = [("A", 5, 30), ("B", 20, 60), ("C", 8, 30), ("D", 50, None)]
    bucket = Bucket.of(
        [
            (Lot.plain(lot, expires=None if end is None else day(end)), Units.of(parts))
            for lot, parts, end in held
        ],
        order=BurnOrder.parse(order),
    )
    return bucket.burn(Units.of(asked), at=at)


@pytest.mark.parametrize(
    ("shown", "lines"),
    [
        pytest.param(
            plan(NEW_YEAR, 20),
            """
20.00 units: first to expire, then largest available
  lot  in hand  taken  expires (UTC)     why
  C       8.00   8.00  2026-01-31T09:00  taken: before A by amount available
  A       5.00   5.00  2026-01-31T09:00  taken: before B by expiry
  B      20.00   7.00  2026-03-02T09:00  taken: before D by expiry
  D      50.00         never             not needed: the amount was met before it
""",
            id="TU-190",
        ),
        pytest.param(
            plan(NEW_YEAR, 40),
            """
40.00 units: first to expire, then largest available
  lot  in hand  taken  expires (UTC)     why
  C       8.00   8.00  2026-01-31T09:00  taken: before A by amount available
  A       5.00   5.00  2026-01-31T09:00  taken: before B by expiry
  B      20.00  20.00  2026-03-02T09:00  taken: before D by expiry
  D      50.00   7.00  never             taken: the last in order
""",
            id="TU-191",
        ),
        pytest.param(
            plan(day(30), 71, "-cost, expires"),
            """
71.00 units: highest price paid, then first to expire; 1.00 units missing
  lot  in hand  taken  expires (UTC)     why
  A       5.00         2026-01-31T09:00  expired: ended 2026-01-31T09:00 UTC
  C       8.00         2026-01-31T09:00  expired: ended 2026-01-31T09:00 UTC
  B      20.00  20.00  2026-03-02T09:00  taken: before D by expiry
  D      50.00  50.00  never             taken: the last in order
""",
            id="TU-171 TU-196 lapsed lots, and too little",
        ),
        pytest.param(
            plan(NEW_YEAR, 0),
            """
0.00 units: first to expire, then largest available
  lot  in hand  taken  expires (UTC)     why
  C       8.00         2026-01-31T09:00  not needed: the amount was met before it
  A       5.00         2026-01-31T09:00  not needed: the amount was met before it
  B      20.00         2026-03-02T09:00  not needed: the amount was met before it
  D      50.00         never             not needed: the amount was met before it
""",
            id="nothing asked for",
        ),
        pytest.param(
            Bucket.of([], unit=Credits).burn(Credits.of(1), at=NEW_YEAR),
            """
1 credits: first to expire, then largest available; 1 credits missing
  lot  in hand  taken  expires (UTC)  why
""",
            id="C3 an empty wallet of credits",
        ),
    ],
)
def test_a_plan_as_a_table(shown: Plan, lines: str) -> None:
    assert shown.table().text == lines.strip("\n")


ORDERS = {
    "FEFO_LARGEST": "first to expire, then largest available",
    "FIFO": "first acquired",
    "LIFO": "last acquired",
    "HIFO": "highest price paid, then first to expire",
    "LATEST_EXPIRY": "last to expire (never-expiring last), then largest available",
    "PRIORITY": "lowest priority number, then first to expire",
    "expires(undated first), available": (
        "first to expire (never-expiring first), then smallest available"
    ),
    "category(promotional, granted), cost": (
        "by category (promotional, granted), then lowest price paid"
    ),
    "-category(promotional, granted), -priority": (
        "by category (granted, promotional), then highest priority number"
    ),
    "effective, cycle, scope": ("first to be usable, then lowest cycle, then most restricted"),
    "-effective, -cycle, -scope": ("last to be usable, then highest cycle, then least restricted"),
}


@pytest.mark.parametrize(("text", "words"), ORDERS.items(), ids=ORDERS)
def test_an_order_in_words(text: str, words: str) -> None:
    assert BurnOrder.parse(text).words == words


def test_every_key_has_words_either_way_round() -> None:
    said = set[str]()
    for by in set(RankBy) - {RankBy.CATEGORY}:
        said |= {BurnOrder.parse(by.value).words, BurnOrder.parse(f"-{by}").words}
    assert len(said) == 2 * (len(RankBy) - 1)


def test_the_words_of_categories_are_the_order_they_are_used_in() -> None:
    """A minus turns the list round, and what is not listed stays last."""
    lots = [
        (attrs.evolve(Lot.plain(category.value), category=category), Units.of(1))
        for category in Category
    ]
    for text, expected in (
        ("category(promotional, granted)", "promotional granted purchased"),
        ("-category(promotional, granted)", "granted promotional purchased"),
    ):
        bucket = Bucket.of(lots, order=BurnOrder.parse(text))
        assert " ".join(lot.id for _, lot, _ in bucket.entries()) == expected


def test_a_receipt_as_a_table() -> None:
    books, clock = ledger()
    books.execute(
        Issue(LotId("march"), member("bob"), Units.of(10), expires=day(30)),
        by=ANN,
        request="r1",
    )
    books.execute(Hold(member("bob"), Units.of("0.05"), deadline=day(2)), by=ANN, request="r2")
    clock.at = day(31)
    receipt = books.execute(Sweep(member("bob")), by=ANN, request="r3")
    assert receipt.table().text.splitlines() == [
        "r3 at 2026-02-01T09:00:00 UTC",
        "  move     lot        amount  from             to",
        "  expire   march  9.95 units  member/bob FREE  member/bob EXPIRED",
        "  release  march  0.05 units  member/bob HELD  member/bob FREE",
        "  expire   march  0.05 units  member/bob FREE  member/bob EXPIRED",
    ]


def test_a_receipt_says_credits_where_credits_move() -> None:
    books, _ = ledger()
    issue = Issue(LotId("year"), pool(), Credits.of(500))
    assert books.preview(issue, by=ANN).table().text.splitlines() == [
        "preview at 2026-01-01T09:00:00 UTC: a preview, nothing is written",
        "  move   lot        amount  from         to",
        "  issue  year  500 credits  pool ISSUED  pool FREE",
    ]
    books.execute(issue, by=ANN, request="r1")
    moved = books.execute(Transfer(pool(), course("first aid"), Credits.of(7)), by=ANN, request="r")
    assert moved.table().text.splitlines()[1:] == [
        "  move      lot      amount  from       to",
        "  transfer  year  7 credits  pool FREE  course/first aid FREE",
    ]


def test_a_receipt_of_what_was_done_before_says_so() -> None:
    books, _ = ledger()
    receipt = books.execute(Issue(LotId("l"), pool(), Credits.of(1)), by=ANN, request="r1")
    second, first = RequestId("r2"), RequestId("r1")
    again = attrs.evolve(receipt, request=second, moves=(), same_as=first)
    assert again.table().text.splitlines() == [
        "r2 at 2026-01-01T09:00:00 UTC: the same as r1, nothing moves",
        "  move  lot  amount  from  to",
    ]


def story() -> tuple[Ledger, FixedClock]:
    """A wallet with a part of a lot in every figure of a balance."""
    books, clock = ledger()
    bob = member("bob")
    commands = (
        Issue(LotId("jan"), bob, Units.of(10), expires=day(30)),
        Issue(LotId("feb"), bob, Units.of(4), effective=day(31)),
        Hold(bob, Units.of(4)),
        Capture(ClaimId("r3.1"), bob, Units.of(1)),
        Spend(bob, Units.of("0.50")),
        VoidUnits(bob, Units.of("0.25")),
        Transfer(bob, member("eve"), Units.of(2)),
    )
    for number, command in enumerate(commands, 1):
        books.execute(command, by=ANN, request=f"r{number}")
    return books, clock


def test_a_balance_as_a_table() -> None:
    books, clock = story()
    assert books.balance(member("bob")).table().text.splitlines() == [
        "member/bob at 2026-01-01T09:00 UTC: 3.25 units available",
        "  lot  available  not yet usable  held  spent  expired  taken out  expires (UTC)",
        "  feb       0.00            4.00  0.00   0.00     0.00       0.00  never",
        "  jan       3.25            0.00  3.00   1.50     0.00       0.25  2026-01-31T09:00",
    ]
    clock.at = day(31)
    assert books.balance(member("bob")).table().text.splitlines() == [
        "member/bob at 2026-02-01T09:00 UTC: 4.00 units available",
        "  lot  available  not yet usable  held  spent  expired  taken out  expires (UTC)",
        "  feb       4.00            0.00  0.00   0.00     0.00       0.00  never",
        "  jan       0.00            0.00  3.00   1.50     3.25       0.25  2026-01-31T09:00",
    ]


def test_the_figures_of_a_balance_are_all_that_came_less_all_that_left() -> None:
    """I1: 10 came, 2 left for another wallet, and every other part stands in some column."""
    books, _ = story()
    _, jan = books.balance(member("bob")).table().rows
    assert sum(Units.of(figure).parts for figure in jan[1:-1]) == Units.of(10 - 2).parts


def test_a_statement_as_a_table() -> None:
    books, clock = story()
    clock.at = day(31)
    books.execute(Sweep(member("bob")), by=ANN, request="night")
    table = books.statement(member("bob")).table().text
    assert table == dedent(
        """\
        Statement of member/bob, in units
          at (UTC)          request  command   moves                  free or expired  held  spent
          2026-01-01T09:00  r1       issue     issue 10.00 of jan               10.00  0.00   0.00
          2026-01-01T09:00  r2       issue     issue 4.00 of feb                14.00  0.00   0.00
          2026-01-01T09:00  r3       hold      hold 4.00 of jan                 10.00  4.00   0.00
          2026-01-01T09:00  r4       capture   capture 1.00 of jan              10.00  3.00   1.00
          2026-01-01T09:00  r5       spend     spend 0.50 of jan                 9.50  3.00   1.50
          2026-01-01T09:00  r6       void      void 0.25 of jan                  9.25  3.00   1.50
          2026-01-01T09:00  r7       transfer  transfer −2.00 of jan             7.25  3.00   1.50
          2026-02-01T09:00  night    sweep     expire 3.25 of jan                7.25  3.00   1.50
        """
    ).removesuffix("\n")
    assert books.statement(member("eve")).table().text.splitlines() == [
        "Statement of member/eve, in units",
        "  at (UTC)          request  command   moves                 free or expired  held  spent",
        "  2026-01-01T09:00  r7       transfer  transfer 2.00 of jan             2.00  0.00   0.00",
    ]


def test_a_quote_as_a_table() -> None:
    cart = [Item.in_units("fire-safety", "1.234", 3), Item.in_money("first-aid", "10")]
    assert quote(cart, Policy(unit_value=Rate.of("0.99"))).table().text.splitlines() == [
        "13.83 units in all",
        "  item         quantity   each  units",
        "  fire-safety         3   1.24   3.72",
        "  first-aid           1  10.11  10.11",
    ]


def displayed(name: str) -> list[tuple[Displayed, Table]]:
    """Everything that shows itself, with a name that a stranger chose wherever one can stand."""
    books, _ = ledger()
    wallet, other = keycode(name), member(name)
    issue = Issue(LotId(name), wallet, Units.of(10))
    receipt = books.execute(issue, by=ANN, request=name)
    moved = books.execute(Transfer(wallet, other, Units.of(3)), by=ANN, request=f"{name} again")
    shown: list[Any] = [
        books.explain(wallet, Units.of(8)),
        receipt,
        moved,
        books.balance(wallet),
        books.statement(wallet),
        quote([Item.in_units(name, 1)], Policy()),
    ]
    table = Table(name, (name, f">{name}"), ((name, name),))
    return [(table, table), *((one, one.table()) for one in shown)]


@pytest.mark.parametrize("name", HOSTILE)
def test_html_shows_hostile_names_as_they_are(name: str) -> None:
    """No name opens a tag, closes one or reads otherwise; what is shown is the table's own text."""
    for one, table in displayed(name):
        found = read(one)
        assert set(found.tags) <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert found.texts["caption"] == [table.title]
        assert found.texts["th"] == [head.removeprefix(">") for head in table.columns]
        assert found.rows == list(table.rows)


def test_html_keeps_two_spaces_apart_from_one() -> None:
    """Ids are compared byte by byte, so a browser must not join what is inside them."""
    for one, _ in displayed("two  spaces"):
        assert one._repr_html_().startswith('<table style="white-space:pre-wrap">')


def test_figures_stand_on_the_right_and_words_on_the_left() -> None:
    for one, table in displayed("lot"):
        figures = ["right" if head.startswith(">") else "left" for head in table.columns]
        found = read(one)
        assert len(found.styles) == 1 + len(table.rows)
        for row in found.styles:
            assert row == [f"text-align:{side};padding:0.1em 0.6em" for side in figures]
        assert "right" in figures
        assert "left" in figures


@pytest.mark.parametrize("name", ["l", *HOSTILE])
def test_columns_of_text_are_aligned_and_no_line_ends_in_a_space(name: str) -> None:
    for _, table in displayed(name):
        lines = table.text.splitlines()
        assert [line.rstrip() for line in lines] == lines
        assert len(lines) == (2 if table.title else 1) + len(table.rows)
        ends = [column_ends(table, row) for row in (table.columns, *table.rows)]
        for head, *places in zip(table.columns, *ends, strict=True):
            starts_or_ends = {place[1 if head.startswith(">") else 0] for place in places}
            assert len(starts_or_ends) == 1


def column_ends(table: Table, row: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where each cell of a row begins and ends in its line, found from left to right."""
    cells = [cell.removeprefix(">") if row is table.columns else cell for cell in row]
    number = 0 if row is table.columns else 1 + table.rows.index(row)
    line, at, found = table.text.splitlines()[number + bool(table.title)], 0, []
    for cell in cells:
        begin = line.index(cell, at)
        found.append((begin, begin + len(cell)))
        at = begin + len(cell)
    return found


def test_a_table_without_a_title_has_none() -> None:
    table = Table("", ("a", ">b"), (("x", "10"), ("long", "1")))
    assert table.text == "  a      b\n  x     10\n  long   1"
    assert "caption" not in read(table).tags


def test_a_table_is_not_made_of_rows_of_different_lengths() -> None:
    crooked = Table("t", ("a", "b"), (("x",),))
    with pytest.raises(ValueError, match="zip"):
        _ = crooked.text
    with pytest.raises(ValueError, match="zip"):
        crooked._repr_html_()
