"""A small host: its own table of enrolments, and the ledger's beside it in one database.

An enrolment and the credit that pays for it are written in one transaction of the host's. They are
kept together or vanish together, whatever goes wrong in between.
"""

from __future__ import annotations

from sqlalchemy import Engine, String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from unitledger import Actor, Ledger, Role
from unitledger.credits import Enrol
from unitledger.stores.sql import JoinedSqlStore, add_tables

PORTAL = "academy"


class Base(DeclarativeBase):
    """The host's tables; the ledger's stand in the same metadata."""


add_tables(Base.metadata)


class Seat(Base):
    """A learner's place in a course, as the host's pages show it."""

    __tablename__ = "seats"

    learner: Mapped[str] = mapped_column(String(128), primary_key=True)
    course: Mapped[str] = mapped_column(String(128), primary_key=True)
    enrolment: Mapped[str] = mapped_column(String(128))


class MailServerDown(Exception):
    """What goes wrong after everything was written."""


def install(engine: Engine) -> None:
    """Make the host's tables and the ledger's."""
    Base.metadata.create_all(engine)


def enrol(session: Session, learner: str, course: str, *, request: str, mail: bool = True) -> Seat:
    """Give a learner a place and take the credit for it; the caller commits both or neither."""
    ledger = Ledger(JoinedSqlStore(session), portal=PORTAL)
    who = Actor.acting("academy-web", Role.ADMIN)
    receipt = ledger.execute(Enrol(learner, course), by=who, request=request)
    seat = session.get(Seat, (learner, course))
    if seat is None:
        seat = Seat(learner=learner, course=course, enrolment=receipt.outcome.enrolment)
        session.add(seat)
        session.flush()
    if not mail:
        raise MailServerDown
    return seat
