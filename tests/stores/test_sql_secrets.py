"""Key codes and databases: of thousands that were registered and tried, not one is found anywhere.

The files of SQLite and the log of a server of ours are searched byte by byte, every column of every
table as text, and whatever was said on the way: statements and their values, with SQLAlchemy at its
most talkative, exports, events, the command line, tracebacks with their locals, texts and pickles.
``UNITLEDGER_MANY`` says how many codes there are; the release is made with a million.
"""

from __future__ import annotations

import logging
import pickle
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from sqlalchemy import Engine, MetaData, create_engine, event, make_url, select, text

from tests.laws.budget import MANY
from tests.rules.training_room import CODES, CREATOR, START
from tests.stores.engines import KINDS
from tests.stores.servers import database
from unitledger import Actor, Call, Ledger, Role, Units
from unitledger.accounts import keycode
from unitledger.cli import main
from unitledger.errors import TooManyAttempts, UnitLedgerError, UnknownKeyCode
from unitledger.ids import LotId, PortalId
from unitledger.operations import Issue, Spend
from unitledger.stores.sql import JoinedSqlStore, Outbox, SqlStore
from unitledger.time import FixedClock
from unitledger.training import ALPHABET, KeyCode, KeyCodeDoor, RegisterKeyCode, ReplaceKeyCode

CODES_EACH = max(100, MANY // 15)
"""How many good codes are registered and tried, and how many wrong and malformed ones."""
TALKED = 60
"""How many of each go through SQLAlchemy with everything logged."""
CHOSEN = 20
ADMIN = Actor.acting("admin", Role.ADMIN)
MAIN = PortalId("main")
NUMBERS = count()
Captured = pytest.CaptureFixture[str]


# Codes, and how they are looked for.


@attrs.frozen
class Codes:
    """Plain codes: ours, other people's, ours with a slip of the pen, and some that were chosen."""

    good: tuple[KeyCode, ...]
    wrong: tuple[str, ...]
    malformed: tuple[str, ...]

    @classmethod
    def drawn(cls, many: int) -> Codes:
        chance = Random(11)
        chosen = [f"Sommer {chance.randrange(10**12):012} #{n}" for n in range(CHOSEN)]
        good = [KeyCode.generated(chance.randbytes) for _ in range(many)]
        wrong = [KeyCode.generated(chance.randbytes).reveal() for _ in range(many)]
        slips = [_slipped(code.reveal()) for code in good]
        return cls((*good, *map(KeyCode.chosen, chosen)), tuple(wrong), tuple(slips))

    @property
    def plain(self) -> list[str]:
        return [*(code.reveal() for code in self.good), *self.wrong, *self.malformed]

    def found_in(self, said: str) -> list[str]:
        """The codes that stand in a text, however they are written there."""
        symbols = said.upper().translate(_SPACES)
        wanted = {code.upper().translate(_SPACES): code for code in self.plain}
        drawn = {short for short in wanted if len(short) == 17 and set(short) <= set(ALPHABET)}
        found = {run for run in _windows(symbols, 17) if run in drawn}
        found |= {short for short in wanted.keys() - drawn if short in symbols}
        return sorted(wanted[short] for short in found)


_SPACES = str.maketrans("", "", " -")
_RUN = re.compile(r"[0-9A-Z]{17,}").finditer


def _windows(said: str, size: int) -> Iterator[str]:
    for run in _RUN(said):
        whole = run[0]
        for begin in range(len(whole) - size + 1):
            yield whole[begin : begin + size]


def _slipped(code: str) -> str:
    """The same with another last symbol."""
    return code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]


# A portal that is listened to.


class Limiter:
    """Lets everybody try but one."""

    def allows(self, actor: str, at: Any) -> bool:
        return actor != "ann"

    def failed(self, actor: str, at: Any) -> None: ...

    def succeeded(self, actor: str, at: Any) -> None: ...


class Ears(logging.Handler):
    """Everything that is logged, and everything that a database is told."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard = list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self.heard += [record.getMessage(), repr(record.args)]

    def follow(self, engine: Engine) -> None:
        @event.listens_for(engine, "connect")
        def connected(driver: Any, _: Any) -> None:
            if hasattr(driver, "set_trace_callback"):
                driver.set_trace_callback(self.heard.append)

        @event.listens_for(engine, "before_cursor_execute")
        def told(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
            self.heard += [statement, repr(values)]


@contextmanager
def listened() -> Iterator[Ears]:
    """Whatever is logged by anybody while this lasts."""
    ears, root = Ears(), logging.getLogger()
    names = ("sqlalchemy.engine", "sqlalchemy.pool", "sqlalchemy.orm", "psycopg", "unitledger")
    loggers = [logging.getLogger(name) for name in names]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
    root.addHandler(ears)
    try:
        yield ears
    finally:
        root.removeHandler(ears)
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)


def refused(do: Callable[[], object], kind: type[UnitLedgerError]) -> Iterator[str]:
    """What a refusal says: its text, its pickle, and every local of every frame of ours."""
    with pytest.raises(kind) as caught:
        do()
    error = caught.value
    frame = error.__traceback__
    while frame is not None and "/unitledger/" not in frame.tb_frame.f_code.co_filename:
        frame = frame.tb_next
    assert frame is not None
    told = traceback.TracebackException(kind, error, frame, capture_locals=True)
    yield from told.format()
    yield from (str(error), repr(error), repr(error.details), pickle.dumps(error).decode("latin-1"))


def said_of(*things: object) -> Iterator[str]:
    """What values say of themselves, and their pickles where they have any."""
    for thing in things:
        yield from (repr(thing), str(thing))
        with suppress(TypeError):
            yield pickle.dumps(thing).decode("latin-1")


def registered(ledger: Ledger, codes: Iterable[KeyCode], name: str) -> Iterator[str]:
    """Codes registered a thousand at a time, with units behind each, and what was said."""
    calls = list[Call]()
    for number, code in enumerate(codes):
        wallet, request = keycode(CODES.id_of(code)), f"{name} {number}"
        calls.append(Call(RegisterKeyCode.of(code, CODES, details=request), CREATOR, request))
        calls.append(Call(Issue(LotId(request), wallet, Units.of(5)), ADMIN, f"{request} issue"))
        calls.append(Call(Spend(wallet, Units.of(1)), ADMIN, f"{request} spend"))
    for begin in range(0, len(calls), 3000):
        batch = calls[begin : begin + 3000]
        answers = ledger.execute_many(batch)
        assert not [one for one in answers if isinstance(one, UnitLedgerError)]
        yield from said_of(*batch[:300], *answers[:300])


def tried(store: Any, ledger: Ledger, codes: Codes, name: str) -> Iterator[str]:
    """Every code tried at the door: good, wrong and malformed; some once more, and too often."""
    door = KeyCodeDoor(store, CODES, Limiter(), clock=FixedClock(START))
    leo, ann = Actor.acting("leo", Role.LEARNER), Actor.acting("ann", Role.LEARNER)
    for number, code in enumerate(codes.good):
        door.admitted(code.reveal() if code.weak else code.reveal().lower(), by=leo)
        if number < TALKED:
            again = RegisterKeyCode.of(code, CODES)
            yield from _refused_again(ledger, again, f"{name} again {number}")
            yield from refused(partial(door.admitted, code, by=ann), TooManyAttempts)
    for number, typed in enumerate((*codes.malformed, *codes.wrong)):
        told = refused(partial(door.admitted, typed, by=leo), UnknownKeyCode)
        yield from told if number % 8 == 0 else [next(told)]
    for typed in codes.malformed[:TALKED]:
        yield from refused(partial(KeyCode, typed), UnknownKeyCode)
        yield from refused(partial(CODES.id_of, typed), UnknownKeyCode)
    yield from said_of(door, CODES, Limiter(), *codes.good[:TALKED])


def _refused_again(ledger: Ledger, again: RegisterKeyCode, request: str) -> Iterator[str]:
    def do() -> object:
        return ledger.execute(again, by=CREATOR, request=request)

    yield from refused(do, UnitLedgerError)


def replaced(ledger: Ledger, codes: Codes) -> Iterator[str]:
    """Some codes are lost and replaced by others, which were nobody's."""
    for number, (lost, new) in enumerate(zip(codes.good, codes.wrong[:10], strict=False)):
        command = ReplaceKeyCode.by(CODES.id_of(lost), KeyCode(new), CODES)
        yield from said_of(ledger.execute(command, by=CREATOR, request=f"replaced {number}"))


# Everything that is left behind.


def columns(engine: Engine) -> Iterator[str]:
    """Every value of every table there is."""
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        for table in found.sorted_tables:
            for row in connection.execute(select(table)):
                yield from map(str, row)


def files(url: str) -> Iterator[str]:
    """The bytes of a SQLite database with all that lies beside it, or of the server's log."""
    place = make_url(url)
    if place.get_backend_name() == "sqlite":
        base = Path(place.database or "")
        paths = sorted(base.parent.glob(f"{base.name}*"))
        assert len(paths) > 1, "there is a write-ahead log"
    else:
        engine = create_engine(place)
        with engine.connect() as connection:
            folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
        engine.dispose()
        paths = [folder / "log"] if (folder / "log").is_file() else []
    yield from (path.read_bytes().decode("latin-1") for path in paths)


def printed(url: str, folder: Path, capsys: Captured) -> Iterator[str]:
    """What the command line says of a portal, and the journal that it writes."""
    out = folder / "out.jsonl"
    for words in (("audit", url), ("verify", url, "--json"), ("export", url, str(out))):
        assert main(words) == 0
        yield from capsys.readouterr()
    yield out.read_text("ascii")


def events(store: SqlStore) -> Iterator[str]:
    """What the outbox gives out."""
    for one in Outbox(store).events(MAIN):
        yield from said_of(one)


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/portal.db"
    named = database(f"secrets{next(NUMBERS)}")
    engine = create_engine(named, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {engine.url.database} SET log_statement = 'all'"))
    engine.dispose()
    return named


def aloud(engine: Engine, calls: Iterable[Call]) -> None:
    """Commands in a transaction of a host's, where SQLAlchemy says whatever it says."""
    with engine.begin() as connection:
        ledger = Ledger(JoinedSqlStore(connection), clock=FixedClock(START))
        for call in calls:
            ledger.execute(call.command, by=call.by, request=call.request, reason=call.reason)


def left_behind(
    store: SqlStore, url: str, folder: Path, capsys: Captured, ears: Ears
) -> dict[str, str]:
    """Everything there is to be searched, by where it was found."""
    found = {
        "rows": columns(store.engine),
        "files": files(url),
        "the command line": printed(url, folder, capsys),
        "events": events(store),
        "logs": list(ears.heard),
    }
    return {what: "\n".join(told) for what, told in found.items()}


def test_no_plain_code_is_in_a_database_or_in_what_is_said_of_it(
    url: str, tmp_path: Path, capsys: Captured
) -> None:
    """TU-113: registered, tried, replaced. A last one, given away, is found wherever it went."""
    codes, said = Codes.drawn(CODES_EACH), list[str]()
    quiet, talked = codes.good[TALKED:], codes.good[:TALKED]
    with listened() as ears:
        store = SqlStore.open(url)
        ears.follow(store.engine)
        ledger = Ledger(store, clock=FixedClock(START))
        said += registered(ledger, quiet, "code")
        Outbox(store).open()
        loud = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        calls = [Call(RegisterKeyCode.of(one, CODES), CREATOR, CODES.id_of(one)) for one in talked]
        ears.follow(loud)
        aloud(loud, calls)
        said += said_of(*calls)
        said += tried(store, ledger, codes, "door")
        said += replaced(ledger, codes)
        left = left_behind(store, url, tmp_path, capsys, ears)
        left["values and tracebacks"] = "\n".join(said)
        assert [(what, codes.found_in(told)) for what, told in left.items()] == [
            (what, []) for what in left
        ]
        given = codes.wrong[-1]
        away = Call(Issue(LotId("away"), keycode("0" * 32), Units.of(1)), ADMIN, "away", given)
        aloud(loud, [away])
        after = left_behind(store, url, tmp_path, capsys, ears)
        after["values and tracebacks"] = "\n".join(said_of(away))
        loud.dispose()
        store.close()
    searched = {what for what, told in left.items() if told}
    assert searched >= left.keys() - {"files"}
    assert any(line.startswith("[raw sql] ") for line in ears.heard), "SQLAlchemy was listened to"
    assert {what for what, told in after.items() if codes.found_in(told) == [given]} == searched


@pytest.mark.parametrize("write", [str, str.lower, lambda code: code.replace("-", "")])
def test_a_code_is_found_however_it_is_written(write: Callable[[str], str]) -> None:
    codes = Codes.drawn(5)
    for code in codes.plain:
        assert codes.found_in(f"x{write(code)}y") == [code]
    assert codes.found_in("".join(code[:-1] for code in codes.plain)) == []
