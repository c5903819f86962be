"""Inside the caller's transaction: kept with it, gone with it, and never committed by us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from tests.stores.examples import example
from tests.stores.servers import database
from unitledger import Actor, Ledger, Role, Units
from unitledger.accounts import member, pool
from unitledger.amounts import Credits
from unitledger.errors import (
    Contention,
    InsufficientUnits,
    InvalidType,
    InvalidValue,
    InvariantViolation,
    SchemaMismatch,
)
from unitledger.ids import LotId
from unitledger.operations import Issue, Spend
from unitledger.stores.sql import JoinedSqlStore, SqlStore, create_all

ADMIN = Actor.acting("admin", Role.ADMIN)
ANN, BEN = member("ann"), member("ben")
NUMBERS = count()


HOST = example("enrolment_host")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A host's own engine, as a host would make it."""
    if request.param == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path}/host.db")
    else:
        made = create_engine(database(f"joined{next(NUMBERS)}"))
    HOST.install(made)
    yield made
    made.dispose()


def units(bind: Connection | Session) -> Ledger:
    return Ledger(JoinedSqlStore(bind), portal="academy")


def own(engine: Engine) -> Ledger:
    return Ledger(SqlStore(engine), portal="academy")


def issue(ledger: Ledger, amount: int, request: str = "issue") -> None:
    ledger.execute(Issue(LotId(request), ANN, Units.of(amount)), by=ADMIN, request=request)


def credits_for(engine: Engine, amount: int) -> None:
    command = Issue(LotId("march"), pool(), Credits.of(amount))
    own(engine).execute(command, by=ADMIN, request="march")


def seats(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(HOST.Seat)) or 0


# Kept with it, gone with it.


def test_what_the_caller_commits_is_kept(engine: Engine) -> None:
    with engine.begin() as connection:
        issue(units(connection), 5)
        assert units(connection).balance(ANN).available == Units.of(5)
    assert own(engine).balance(ANN).available == Units.of(5)
    assert own(engine).audit().faults == ()


def test_what_the_caller_takes_back_is_gone(engine: Engine) -> None:
    with engine.connect() as connection:
        issue(units(connection), 5)
        connection.rollback()
        assert units(connection).receipt("issue") is None
    assert own(engine).journal() == ()


def test_nothing_is_committed_by_us(engine: Engine) -> None:
    said = list[str]()
    event.listen(engine, "commit", lambda _: said.append("commit"))
    with engine.connect() as connection:
        issue(units(connection), 5)
        units(connection).execute(Spend(ANN, Units.of(2)), by=ADMIN, request="spend")
        assert said == []
        connection.commit()
    assert said == ["commit"]
    assert own(engine).balance(ANN).available == Units.of(3)


def test_a_refusal_takes_back_nothing_of_the_callers(engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.add(HOST.Seat(learner="zoe", course="forklift", enrolment="none"))
        session.flush()
        with pytest.raises(InsufficientUnits):
            units(session).execute(Spend(ANN, Units.of(2)), by=ADMIN, request="spend")
        issue(units(session), 5)
    assert seats(engine) == 1
    assert own(engine).balance(ANN).available == Units.of(5)


def test_the_request_of_an_earlier_transaction_gets_its_receipt(engine: Engine) -> None:
    issue(own(engine), 5)
    with engine.begin() as connection:
        first = units(connection).execute(
            Issue(LotId("issue"), ANN, Units.of(5)), by=ADMIN, request="issue"
        )
    assert own(engine).receipt("issue") == first
    assert len(own(engine).journal()) == 1


# The example host.


def test_an_enrolment_and_its_credit_are_kept_together(engine: Engine) -> None:
    credits_for(engine, 2)
    with Session(engine) as session, session.begin():
        HOST.enrol(session, "leo", "forklift", request="click 1")
    assert seats(engine) == 1
    assert own(engine).balance(pool()).available == Credits.of(1)


def test_an_enrolment_and_its_credit_vanish_together(engine: Engine) -> None:
    credits_for(engine, 2)
    with pytest.raises(HOST.MailServerDown), Session(engine) as session, session.begin():
        HOST.enrol(session, "leo", "forklift", request="click 1", mail=False)
    assert seats(engine) == 0
    assert own(engine).balance(pool()).available == Credits.of(2)
    assert own(engine).receipt("click 1") is None


def test_a_click_sent_again_enrols_once(engine: Engine) -> None:
    credits_for(engine, 2)
    for _ in range(2):
        with Session(engine) as session, session.begin():
            HOST.enrol(session, "leo", "forklift", request="click 1")
    assert seats(engine) == 1
    assert own(engine).balance(pool()).available == Credits.of(1)


def test_the_host_without_a_credit_enrols_nobody(engine: Engine) -> None:
    with pytest.raises(InsufficientUnits), Session(engine) as session, session.begin():
        HOST.enrol(session, "leo", "forklift", request="click 1")
    assert seats(engine) == 0


# Locks.


def test_wallets_are_locked_up_front_until_the_caller_ends(tmp_path: Path) -> None:
    engine = create_engine(database("locks"))
    HOST.install(engine)
    with engine.connect() as connection:
        units(connection).lock(BEN, ANN)
        with engine.begin() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = 100")
            with pytest.raises(Contention, match="1 tries"):
                issue(units(other), 5)
        connection.rollback()
    with engine.begin() as other:
        issue(units(other), 5)
    engine.dispose()


def test_two_writers_of_a_sqlite_file_do_not_mix(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/host.db", connect_args={"timeout": 0.1})
    HOST.install(engine)
    with engine.connect() as one, engine.connect() as other:
        issue(units(one), 5)
        with pytest.raises(Contention):
            issue(units(other), 5, "other")
        one.commit()
        other.rollback()
        issue(units(other), 5, "other")
        other.commit()
    assert own(engine).balance(ANN).available == Units.of(10)
    engine.dispose()


# What cannot be joined.


def test_a_connection_that_commits_by_itself_is_refused(engine: Engine) -> None:
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection, pytest.raises(InvalidValue, match="inside a transaction"):
        issue(units(connection), 5)
    assert own(engine).journal() == ()


def test_something_else_than_a_connection_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidType, match="Connection or Session"):
        JoinedSqlStore(engine)  # type: ignore[arg-type]


def test_tables_that_are_missing_are_named(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")
    with engine.begin() as connection, pytest.raises(SchemaMismatch, match="not there"):
        issue(units(connection), 5)
    engine.dispose()


def test_a_unit_of_work_inside_another_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        store = units(connection).store
        with store.begin(units(connection).portal, [ANN], ()), pytest.raises(InvariantViolation):
            units(connection).lock(BEN)


# Hosts that do not wait.


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_async_host_runs_it_through_its_session(kind: str, tmp_path: Path) -> None:
    async def scene() -> tuple[bool, bool]:
        if kind == "sqlite":
            engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/host.db")
        else:
            engine = create_async_engine(database("async"))
        async with engine.begin() as connection:
            await connection.run_sync(HOST.Base.metadata.create_all)
        async with AsyncSession(engine) as session, session.begin():
            await session.run_sync(lambda one: issue(units(one), 5))
        async with AsyncSession(engine) as session:
            await session.run_sync(lambda one: issue(units(one), 7, "gone"))
            await session.rollback()
            kept = await session.run_sync(lambda one: units(one).balance(ANN).available)
            sound = await session.run_sync(lambda one: units(one).audit().ok)
        await engine.dispose()
        return kept == Units.of(5), sound

    assert asyncio.run(scene()) == (True, True)


def test_the_session_may_come_from_anywhere(engine: Engine) -> None:
    with sessionmaker(engine)() as session:
        issue(units(session), 5)
        session.commit()
    with engine.begin() as connection:
        create_all(connection)
    assert own(engine).balance(ANN).available == Units.of(5)
