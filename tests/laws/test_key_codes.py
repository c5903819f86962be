"""Generated key codes: never the same twice, and never kept.

``UNITLEDGER_MANY`` says how many are drawn; the release is made with a million.
"""

from __future__ import annotations

import pickle
import traceback
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.budget import MANY
from tests.rules.training_room import CODES, CREATOR, START
from unitledger.errors import UnitLedgerError
from unitledger.ledger import Ledger
from unitledger.stores.memory import MemoryStore
from unitledger.time import FixedClock
from unitledger.training import ALPHABET, KeyCode, RegisterKeyCode


def test_generated_codes_do_not_repeat() -> None:
    """TU-100: from the operating system's randomness."""
    assert len({KeyCode.generated().reveal() for _ in range(MANY)}) == MANY


def test_generated_codes_use_every_symbol_everywhere_about_as_often() -> None:
    codes = [KeyCode.generated().reveal().replace("-", "") for _ in range(32 * 300)]
    for place in range(17):
        drawn = [code[place] for code in codes]
        counts = {symbol: drawn.count(symbol) for symbol in ALPHABET}
        assert min(counts.values()) > 200, (place, counts)
        assert max(counts.values()) < 400, (place, counts)


def test_ids_of_codes_do_not_repeat() -> None:
    chance = Random(7)
    drawn = {CODES.id_of(KeyCode.generated(chance.randbytes)) for _ in range(MANY // 10)}
    assert len(drawn) == MANY // 10


def refusal(ledger: Ledger, command: RegisterKeyCode, request: str) -> list[str]:
    """What the traceback of a refusal says, with every local of every frame."""
    with pytest.raises(UnitLedgerError) as refused:
        ledger.execute(command, by=CREATOR, request=request)
    lines = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    return list(lines.format())


def test_no_plain_code_is_kept_anywhere() -> None:
    """TU-113: not in the journal, the receipts, their texts or their pickles."""
    ledger = Ledger(MemoryStore(), clock=FixedClock(START))
    plain, texts = [], []
    for number in range(min(MANY // 100, 500)):
        code = KeyCode.generated()
        command = RegisterKeyCode.of(code, CODES, details=f"batch {number}")
        receipt = ledger.execute(command, by=CREATOR, request=f"r{number}")
        plain.append(code.reveal().replace("-", ""))
        texts += [repr(code), str(command), repr(receipt), pickle.dumps(receipt).decode("latin-1")]
        texts += refusal(ledger, command, f"again {number}")
    texts += [kept.text for kept in ledger.journal()]
    said = "\n".join(texts).replace("-", "").upper()
    assert [code for code in plain if code in said] == []
    assert plain[0] in said + plain[0]


@given(st.binary(min_size=10, max_size=10), st.text(alphabet="- ", max_size=4), st.booleans())
def test_a_text_that_holds_a_code_is_found_out(drawn: bytes, between: str, small: bool) -> None:
    """TU-113: however the code is written in it."""
    code = KeyCode.generated(lambda _: drawn)
    written = between.join(code.reveal().replace("-", ""))
    written = written.lower() if small else written
    assert code.stands_in(f"the code is {written}, keep it")
    assert not code.stands_in(f"the code ends in {code.last4}")
