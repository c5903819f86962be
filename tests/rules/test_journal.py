"""What a journal tells: every edit of it, everything that was changed behind it, and the past."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

import attrs
import pytest

from tests import probes
from tests.desk import ADMIN, ANN, BEN, POOL, Desk, day, u
from tests.probes import Card, Probe, deciding
from tests.scripts import HOLDERS, Story, told
from tests.toy_store import ToyStore
from unitledger import journal
from unitledger.accounts import State
from unitledger.buckets import MAX_LOTS
from unitledger.codec import MAX_DOCUMENT, decode_json, encode
from unitledger.commands import Decision, Done, Entry, Touch, View
from unitledger.errors import LimitExceeded, MalformedDocument, UnitLedgerError
from unitledger.ids import LotId, PortalId, RequestId
from unitledger.journal import (
    MAX_ENTRY,
    Fold,
    entry_hash,
    entry_of,
    exported,
    imported,
    verify,
)
from unitledger.ledger import Call
from unitledger.operations import EditExpiry, Hold, Issue, Spend, Transfer
from unitledger.ports import Kept

LENGTH = 200


@pytest.fixture(autouse=True)
def _probes() -> Iterator[None]:
    with probes.named():
        yield


@cache
def story() -> tuple[Kept, ...]:
    """Two hundred entries: lots, holds, spends, reversals, transfers, edits, sweeps."""
    desk = told(LENGTH, seed=11)
    desk.check()
    return desk.journal()


@cache
def lines() -> list[str]:
    return list(exported(story()))


def problem(exported_lines: list[str]) -> str:
    """What reading and verifying an exported journal finds wrong; empty when nothing is."""
    try:
        kept, seal = imported(exported_lines)
    except UnitLedgerError as error:
        return str(error)
    return "".join(verify(kept, seal).faults[:1])


def test_a_journal_that_nobody_touched_is_whole() -> None:
    assert len(lines()) == LENGTH + 1
    assert problem(lines()) == ""
    kept, seal = imported(lines())
    assert kept == story()
    verdict = verify(kept, seal)
    assert (verdict.ok, verdict.entries) == (True, LENGTH)


def test_an_empty_journal_is_whole() -> None:
    assert problem(list(exported(()))) == ""


def test_a_line_is_plain_json() -> None:
    for number, line in enumerate(lines()[:-1], 1):
        document = json.loads(line)
        assert document["place"] == number
        assert entry_hash(json.dumps(document["entry"], separators=(",", ":"))) == document["hash"]
    assert set(json.loads(lines()[-1])) == {"entries", "seal"}


# Edits of a file.


def test_every_edit_of_every_single_byte_is_found_in_its_line() -> None:
    """Each byte of each line gets its lowest bit turned: the line is refused, or its text is."""
    for number, line in enumerate(lines()[:-1], 1):
        for place in range(len(line)):
            edited = f"{line[:place]}{chr(ord(line[place]) ^ 1)}{line[place + 1 :]}"
            with pytest.raises(UnitLedgerError) as caught:
                journal._checked(journal._exported_entry(edited, number), number)
            assert str(caught.value).startswith((f"line {number}: ", f"entry {number}: its text"))


def test_every_edit_of_every_byte_of_the_seal_is_found() -> None:
    whole = lines()
    last = whole[-1]
    for place in range(len(last)):
        edited = f"{last[:place]}{chr(ord(last[place]) ^ 1)}{last[place + 1 :]}"
        try:
            found = imported([*whole[:-1], edited])[1]
        except MalformedDocument as error:
            found = error.where
        assert found not in (imported(whole)[1], "")
    assert "sealed" in problem([*whole[:-1], last.replace(imported(whole)[1], "0" * 64)])


def test_edits_of_bytes_are_named_by_the_whole_way_too() -> None:
    chance, whole = Random(5), lines()
    for _ in range(20):
        number = chance.randrange(LENGTH)
        place = chance.randrange(len(whole[number]))
        other = chance.choice('0a" \n,:}]9é')
        if whole[number][place] == other:
            continue
        edited = f"{whole[number][:place]}{other}{whole[number][place + 1 :]}"
        found = problem([*whole[:number], edited, *whole[number + 1 :]])
        assert found.startswith((f"line {number + 1}: ", f"entry {number + 1}: ")), found


@pytest.mark.parametrize("number", [0, 1, 57, LENGTH - 2, LENGTH - 1])
def test_a_line_is_deleted_inserted_doubled_or_swapped(number: int) -> None:
    whole = lines()
    line, other = whole[number], whole[(number + 7) % LENGTH]
    here, after = f"line {number + 1}: ", f"line {number + 2}: "
    without = [*whole[:number], *whole[number + 1 :]]
    assert problem(without).startswith(here)
    assert problem([*whole[:number], other, *whole[number:]]).startswith(here)
    assert problem([*whole[: number + 1], line, *whole[number + 1 :]]).startswith(after)
    if number + 1 < LENGTH:
        swapped = [*whole[:number], whole[number + 1], line, *whole[number + 2 :]]
        assert problem(swapped).startswith(here)


def test_a_journal_is_cut_off_anywhere() -> None:
    whole = lines()
    for end in range(LENGTH + 1):
        assert problem(whole[:end]) == f"line {end + 1}: the journal ends without its seal"
        if end < LENGTH:
            assert problem([*whole[:end], whole[-1]]).startswith(f"line {end + 1}: ")


def test_something_stands_behind_the_seal() -> None:
    assert problem([*lines(), ""]).startswith(f"line {LENGTH + 2}: ")
    assert problem([*lines(), lines()[-1]]).startswith(f"line {LENGTH + 2}: ")


def test_a_line_longer_than_any_entry_is_not_looked_at() -> None:
    with pytest.raises(LimitExceeded):
        imported(["x" * (MAX_ENTRY + 201)])


# Whoever edits may compute hashes too.


def renumbered(kept: list[Kept]) -> list[str]:
    """Lines whose places are right again, under the old seal."""
    end = f'"seal":"{imported(lines())[1]}"'
    fresh = list(exported(kept))
    return [*fresh[:-1], f'{{"entries":{len(kept)},{end}}}']


def test_a_forger_who_renumbers_is_found_by_chain_or_seal() -> None:
    whole = list(story())
    for number in range(0, LENGTH - 1, 17):
        without = whole[:number] + whole[number + 1 :]
        twice = [*whole[: number + 1], *whole[number:]]
        swapped = [*whole[:number], whole[number + 1], whole[number], *whole[number + 2 :]]
        for forged in (without, twice, swapped):
            assert problem(renumbered(forged)), number


def test_entries_without_a_common_wallet_have_an_order_in_a_file_alone() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(1))
    desk.issue("b", BEN, u(1))
    ann, ben = desk.journal()
    seal = imported(list(exported((ann, ben))))[1]
    assert verify((ben, ann)).ok
    assert verify((ben, ann), seal).faults == (
        "the entries are not those that were sealed, in their order",
    )


def rehashed(kept: Kept, edit: Callable[[dict[str, Any]], object]) -> Kept:
    """An entry edited by somebody who knows how it is hashed."""
    document = json.loads(kept.text)
    edit(document)
    text = json.dumps(document, separators=(",", ":"))
    return Kept(text, entry_hash(text))


@pytest.mark.parametrize("field", [field.name for field in attrs.fields(Entry)])
def test_whoever_edits_and_hashes_breaks_the_next_link(field: str) -> None:
    """Every field of an entry is under the hash that the next entry of its wallets names."""
    first, second = _two()
    garbages: tuple[Any, ...] = (None, "x", 0, [], {})
    for garbage in garbages:
        edited = rehashed(first, lambda document, g=garbage: document.update({field: g}))  # type: ignore[misc]
        if edited != first:
            assert not verify((edited, second)).ok


def test_an_entry_that_is_spelled_otherwise_is_no_canonical_text() -> None:
    first, _ = _two()
    for spelled in (
        first.text.replace('"5.00 units"', '"5 units"'),
        first.text.replace("00Z", "00+00:00"),
        first.text.replace(",", ", "),
        first.text.replace('"cycle":1,', ""),
        first.text + " ",
        first.text.replace("issue", "\\u0069ssue", 1),
    ):
        assert spelled != first.text
        kept = Kept(spelled, entry_hash(spelled))
        assert verify((kept,)).faults == ("entry 1: its text is not canonical",)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(
            lambda e: attrs.evolve(e, request=RequestId("issue a")),
            "request issue a",
            id="a request twice",
        ),
        pytest.param(
            lambda e: attrs.evolve(e, portal=PortalId("other")), "portal other", id="another portal"
        ),
        pytest.param(lambda e: attrs.evolve(e, touches=()), "no link", id="no link at all"),
        pytest.param(
            lambda e: attrs.evolve(e, touches=(Touch(BEN, 1, ""),)),
            "no link",
            id="a link of another wallet",
        ),
        pytest.param(
            lambda e: attrs.evolve(e, touches=(attrs.evolve(e.touches[0], sequence=3),)),
            "not the next entry",
            id="a gap in the chain",
        ),
        pytest.param(
            lambda e: attrs.evolve(e, touches=(attrs.evolve(e.touches[0], previous=""),)),
            "not the next entry",
            id="a chain begun anew",
        ),
        pytest.param(
            lambda e: attrs.evolve(e, at=day(-1)), "before the last", id="an instant back"
        ),
        pytest.param(lambda e: attrs.evolve(e, moves=()), "claims", id="a claim without moves"),
        pytest.param(lambda e: attrs.evolve(e, claims=()), "claims", id="moves without a claim"),
        pytest.param(
            lambda e: attrs.evolve(e, moves=(attrs.evolve(e.moves[0], lot=LotId("x")),)),
            "never issued",
            id="a lot that never was",
        ),
        pytest.param(
            lambda e: attrs.evolve(e, moves=(attrs.evolve(e.moves[0], parts=10**6),)),
            "below zero",
            id="more than there is",
        ),
        pytest.param(
            lambda e: attrs.evolve(e, lots=entry_of(_two()[0]).lots), "twice", id="a lot twice"
        ),
    ],
)
def test_an_entry_that_breaks_a_promise_is_named(
    edit: Callable[[Entry], Entry], words: str
) -> None:
    first, second = _two()
    text = encode(edit(entry_of(second)))
    verdict = verify((first, Kept(text, entry_hash(text))))
    assert verdict.entries == 1
    assert verdict.faults[0].startswith("entry 2: ")
    assert words in verdict.faults[0]


def test_a_fingerprint_is_of_the_request_it_stands_in() -> None:
    first, _ = _two()
    entry = entry_of(first)
    forged = (attrs.evolve(entry, reason="another"), attrs.evolve(entry, fingerprint="0" * 64))
    for text in map(encode, forged):
        assert "fingerprint" in verify((Kept(text, entry_hash(text)),)).faults[0]


def test_an_edit_of_terms_follows_the_version_before_it() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(5), expires=day(3))
    desk.give(EditExpiry(LotId("a"), ANN, day(9)))
    first, second = desk.journal()
    entry = entry_of(second)
    text = encode(attrs.evolve(entry, terms=(attrs.evolve(entry.terms[0], version=7),)))
    assert "other terms" in verify((first, Kept(text, entry_hash(text)))).faults[0]


@pytest.mark.parametrize("text", ["", "{}", "[]", "1", "é", "\ud800", "{" * 10**5, "null"])
def test_a_text_that_is_no_entry_is_a_fault_and_not_an_accident(text: str) -> None:
    assert verify((Kept(text, "0" * 64),)).faults == ("entry 1: its text does not have its hash",)
    if text.isascii():
        assert verify((Kept(text, entry_hash(text)),)).faults[0].startswith("entry 1: ")


def test_units_that_do_not_add_up_are_found_at_the_end() -> None:
    fold = Fold()
    for kept in story():
        fold.apply(entry_of(kept), kept.hash)
    assert fold.faults() == []
    place = next(key for key, cells in fold.cells.items() if cells[State.SPENT])
    row = list(fold.cells[place])
    row[State.SPENT] += 1
    fold.cells[place] = tuple(row)  # type: ignore[assignment]
    faults = " ".join(fold.faults())
    assert f"the cells of lot {place[1]} sum to 1" in faults
    assert f"{place[0]} has {row[State.SPENT]} parts of {place[1]} SPENT" in faults


def _two() -> tuple[Kept, Kept]:
    """A lot, and some of it spent."""
    desk = Desk()
    desk.issue("a", ANN, u(5))
    desk.give(Spend(ANN, u(2)), "two")
    first, second = desk.journal()
    return first, second


# The hash, by hand.


def test_the_hash_is_what_the_page_says() -> None:
    """Anybody can compute it with nothing but SHA-256."""
    first, second = _two()
    signed = f"unitledger/entry/1 {len(first.text)}\n{first.text}".encode("ascii")
    assert first.hash == sha256(signed).hexdigest()
    document = decode_json(second.text)
    assert document["touches"] == [{"previous": first.hash, "sequence": 2, "wallet": ANN}]


def test_the_fingerprint_is_what_the_page_says() -> None:
    entry = entry_of(_two()[1])
    parts = encode(entry.actor), encode(entry.command), encode(entry.reason)
    signed = "\n".join(("unitledger/request/1", *parts)).encode("ascii")
    assert entry.fingerprint == sha256(signed).hexdigest()


def test_the_seal_is_what_the_page_says() -> None:
    hashes = "".join(kept.hash for kept in story())
    seal = sha256(f"unitledger/seal/1\n{hashes}".encode("ascii")).hexdigest()
    assert lines()[-1] == f'{{"entries":{LENGTH},"seal":"{seal}"}}'


# How long an entry may be.


def test_the_longest_burn_is_kept_and_read_again() -> None:
    desk = Desk()
    desk.ledger.execute_many(
        Call(Issue(LotId(f"l{number}"), ANN, u(1)), ADMIN, f"{number}")
        for number in range(MAX_LOTS)
    )
    receipt = desk.spend(ANN, u(MAX_LOTS))
    assert len(receipt.moves) == MAX_LOTS
    assert len(desk.journal()[-1].text) > MAX_DOCUMENT
    assert desk.ledger.receipt(receipt.request) == receipt


def test_an_entry_that_nobody_could_read_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    monkeypatch.setattr(journal, "MAX_ENTRY", 1100)
    desk.issue("a", ANN, u(1))
    assert len(desk.journal()[0].text) > 1000
    with pytest.raises(LimitExceeded) as caught:
        desk.give(Issue(LotId("b"), ANN, u(1)), why="a long reason" * 10)
    assert (caught.value.what, caught.value.limit) == ("characters of an entry", 1100)
    assert len(desk.journal()) == 1
    desk.check()


# What was changed behind the ledger's back.


def _rich() -> Desk:
    """An open hold, a spent claim, a card, two wallets; with requests of known names."""

    def writes(_probe: Probe, _view: View) -> Decision[Done]:
        return Decision(Done(), records=(Card("card", "red"),))

    desk = Desk(ToyStore())
    desk.issue("a", ANN, u(10), expires=day(9))
    desk.give(Hold(ANN, u(4), day(3)), "held")
    desk.give(Spend(ANN, u(2)), "spent")
    desk.give(Transfer(ANN, BEN, u(1)), "given")
    desk.give(EditExpiry(LotId("a"), ANN, day(8)), "edited")
    desk.give(deciding("writes", writes)(ANN), "written")
    return desk


def _forged_claim(document: dict[str, Any]) -> None:
    spent = document["claims"]["spent.1"]
    document["claims"]["forged"] = {**spent, "id": "forged"}


def _forged_lot(document: dict[str, Any]) -> None:
    document["lots"]["z"] = {**document["lots"]["a"], "id": "z"}
    document["cells"][BEN]["z"] = [0, 5, 0, 0, 0, 0]


def _change(*path: str | int, to: Any = None) -> Callable[[dict[str, Any]], None]:
    """Put something in a place of a document, or take out what stands there."""

    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        if to is None:
            del document[path[-1]]
        else:
            document[path[-1]] = to

    return change


HEAD = ("heads", ANN)
CARD = ("records", "probe_card", "card")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            _change("cells", ANN, "a", to=[-1000, 400, 400, 100, 0, 0]),
            "member/ann does not hold of a",
            id="a cell",
        ),
        pytest.param(_change("cells", BEN, "a"), "member/ben does not hold of a", id="a cell gone"),
        pytest.param(_forged_lot, "member/ben does not hold of z", id="a cell out of nowhere"),
        pytest.param(
            _change("claims", "spent.1", "segments", to=[]), "claim spent.1 is not", id="a claim"
        ),
        pytest.param(
            _change("claims", "held.1", "deadline", to="2026-02-01T00:00:00Z"),
            "claim held.1 is not",
            id="a claim's deadline",
        ),
        pytest.param(_change("claims", "held.1"), "claim held.1 is not", id="a claim gone"),
        pytest.param(_forged_claim, "claim forged is not", id="a claim out of nowhere"),
        pytest.param(
            _change("lots", "a", "terms", "expires", to="2026-02-01T00:00:00Z"),
            "lot a does not have the terms",
            id="a lot's terms",
        ),
        pytest.param(
            _change("lots", "a", "version", to=9), "lot a does not have", id="a lot's version"
        ),
        pytest.param(_change("lots", "a"), "lot a does not have", id="a lot gone"),
        pytest.param(_change(*CARD, 0, "state", to="old"), "probe_card card is not", id="a record"),
        pytest.param(_change(*CARD), "probe_card card is not", id="a record gone"),
        pytest.param(
            _change(*CARD, 1, to="held"), "probe_card card is not by", id="a record's author"
        ),
        pytest.param(_change(*HEAD, "hash", to="0" * 64), "head of member/ann", id="a hash"),
        pytest.param(_change(*HEAD, "sequence", to=9), "head of member/ann", id="a sequence"),
        pytest.param(
            _change(*HEAD, "at", to="2025-01-01T00:00:00Z"), "head of member/ann", id="an instant"
        ),
        pytest.param(
            _change(*HEAD, "next_due"), "forgotten that a hold ends", id="a deadline forgotten"
        ),
        pytest.param(
            _change(*HEAD, "next_due", to="2026-02-01T00:00:00Z"),
            "forgotten that a hold ends",
            id="a deadline put off",
        ),
        pytest.param(_change("heads", BEN), "head of member/ben", id="a head gone"),
        pytest.param(
            _change("requests", "spent"), "request spent does not", id="a request forgotten"
        ),
        pytest.param(
            _change("requests", "spent", to=0), "request spent does not", id="a request misled"
        ),
        pytest.param(_change("journal", 5), "is not its last entry", id="the last entry gone"),
        pytest.param(_change("journal", 1), "not the next entry", id="an entry gone"),
        pytest.param(
            _change("journal", 1, 1, to="0" * 64), "not the next entry", id="an entry's hash"
        ),
    ],
)
def test_audit_names_what_was_changed_behind_its_back(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    desk, portal = _rich(), PortalId("main")
    desk.check()
    assert isinstance(desk.store, ToyStore)
    document = json.loads(desk.store.texts[portal])
    change(document)
    desk.store.texts[portal] = json.dumps(document)
    audit = desk.ledger.audit()
    assert not audit.ok
    assert words in "; ".join(audit.faults)


@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_audit_looks_up_every_request_some_at_a_time(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is lost is named, and one that leads elsewhere; whichever lot of them it is in."""
    monkeypatch.setattr("unitledger.ledger._AT_ONCE", at_once)
    desk, portal = _rich(), PortalId("main")
    desk.check()
    assert isinstance(desk.store, ToyStore)
    document = json.loads(desk.store.texts[portal])
    first, *_, before_last, last = document["requests"]
    document["requests"][first] = document["requests"][last]
    del document["requests"][before_last]
    desk.store.texts[portal] = json.dumps(document)
    expected = [f"request {name} does not lead to its entry" for name in (first, before_last)]
    assert list(desk.ledger.audit().faults) == expected


def test_the_fold_of_a_journal_is_what_the_store_has() -> None:
    desk, fold = told(80, seed=3), Fold()
    for kept in desk.journal():
        fold.apply(entry_of(kept), kept.hash)
    with desk.store.read(PortalId("main")) as reading:
        wallets = list(reading.wallets())
        held = {(w, lot.id): cells for w in wallets for lot, cells in reading.holdings(w)}
        assert fold.cells == held
        assert fold.lots == {lot: reading.lot(lot) for lot in fold.lots}
        assert fold.claims == {claim: reading.claim(claim) for claim in fold.claims}
        heads = {wallet: reading.head(wallet) for wallet in wallets}
    assert fold.heads == {
        w: head and attrs.evolve(head, next_due=None) for w, head in heads.items()
    }
    assert len(fold.requests) == fold.count == 80


# The past.


def test_p20_a_balance_at_a_past_instant_is_what_was_seen_then() -> None:
    """Expiries, edits, sweeps and overdue holds; seen at every step and between the steps."""
    for seed in range(4):
        desk, story, seen = Desk(), Story(seed), {}
        for number in range(1, 50):
            command = story.next(number, number)
            with suppress(UnitLedgerError):
                desk.at(number).give(command, f"r{number}")
            for moment in (number, number + 0.5):
                wallet = story.chance.choice(HOLDERS)
                balance = desk.at(moment).ledger.balance(wallet)
                seen[wallet, balance.at] = desk.figures(wallet)
        desk.at(1000)
        for (wallet, at), figures in seen.items():
            assert desk.figures(wallet, at=at) == figures, (seed, wallet, at)


def test_a_past_balance_knows_the_terms_of_then() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(5), expires=day(10))
    desk.at(20).give(EditExpiry(LotId("a"), ANN, day(30)))
    assert desk.figures(ANN) == (500, 0, 0, 0, 0)
    assert desk.figures(ANN, at=day(15)) == (0, 0, 0, 500, 0)
    assert desk.figures(ANN, at=day(9)) == (500, 0, 0, 0, 0)
    assert desk.figures(ANN, at=day(-1)) == (0, 0, 0, 0, 0)
    assert desk.ledger.balance(ANN, at=day(-1)).lots == ()


def test_a_future_balance_counts_with_the_present_terms() -> None:
    desk = Desk()
    desk.issue("a", ANN, u(5), expires=day(10))
    desk.issue("n", ANN, u(3), effective=day(5))
    desk.hold(ANN, u(2), day(7))
    ahead = {number: desk.figures(ANN, at=day(number)) for number in (4, 5, 6, 7, 9, 10, 11)}
    assert ahead[4] == (300, 200, 0, 0, 0)
    assert ahead[5] == (600, 200, 0, 0, 0)
    assert ahead[7] == (800, 0, 0, 0, 0)
    assert ahead[10] == (300, 0, 0, 500, 0)
    for number, figures in ahead.items():
        assert desk.at(number).figures(ANN) == figures


def test_a_statement_is_the_journal_of_one_wallet() -> None:
    desk = told(60, seed=4)
    for wallet in (ANN, BEN, POOL):
        statement = desk.ledger.statement(wallet)
        assert [line.request for line in statement.lines] == [
            entry.request
            for entry in desk.ledger.entries()
            if any(wallet in (m.source.wallet, m.target.wallet) for m in entry.moves)
        ]
        with desk.store.read(PortalId("main")) as reading:
            rows = [cells for _, cells in reading.holdings(wallet)]
        last = statement.lines[-1]
        assert last.usable == sum(row[State.FREE] + row[State.EXPIRED] for row in rows)
        assert last.held == sum(row[State.HELD] for row in rows)
        assert last.spent == sum(row[State.SPENT] for row in rows)


def test_a_statement_has_a_first_and_a_last_instant() -> None:
    desk = Desk()
    for number in range(5):
        desk.at(number).issue(f"l{number}", ANN, u(1))
    part = desk.ledger.statement(ANN, since=day(1), until=day(3))
    assert [line.at for line in part.lines] == [day(1), day(2)]
    assert [line.usable for line in part.lines] == [200, 300]
    assert desk.ledger.statement(BEN).lines == ()
