"""A proxy in front of PostgreSQL that counts round trips, and scissors that cut its connections."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from random import Random
from selectors import EVENT_READ, DefaultSelector
from threading import Lock, Thread, local
from types import TracebackType
from typing import Self

from sqlalchemy import make_url

_CHUNK = 1 << 16


class Proxy:
    """A server's double: what a client sends to it goes to the server, and back.

    Attributes:
        url: The URL that leads through the proxy.
        trips: How often a client has sent something after it had heard something.
        sent: Called with everything a client sends, before it is passed on; what it answers with
            ``False`` is passed on no more, and the connection is cut.
        heard: The same for what the server answers.
    """

    def __init__(self, url: str, folder: Path) -> None:
        place = make_url(url)
        self._to = place
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / ".s.PGSQL.5432"))
        self._socket.listen()
        self.url = place.set(host=None, port=None, query={"host": str(folder)}).render_as_string(
            hide_password=False
        )
        self.trips = 0
        self.sent: Callable[[bytes], bool] = lambda _: True
        self.heard: Callable[[bytes], bool] = lambda _: True

    def __enter__(self) -> Self:
        Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            Thread(target=self._pass_on, args=(client, self._server()), daemon=True).start()

    def _server(self) -> socket.socket:
        folder = self._to.query.get("host")
        if folder is None:
            return socket.create_connection((self._to.host or "localhost", self._to.port or 5432))
        made = socket.socket(socket.AF_UNIX)
        made.connect(f"{folder}/.s.PGSQL.{self._to.port or 5432}")
        return made

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        listening, last = True, server
        with client, server, DefaultSelector() as both:
            both.register(client, EVENT_READ, server)
            both.register(server, EVENT_READ, client)
            while listening:
                for key, _ in both.select():
                    source = client if key.data is server else server
                    try:
                        said = source.recv(_CHUNK)
                        self.trips += source is client and last is server
                        last = source
                        told = self.sent if source is client else self.heard
                        listening = bool(said) and told(said)
                        if listening:
                            key.data.sendall(said)
                    except OSError:
                        listening = False
                    if not listening:
                        break


class Scissors:
    """Cuts a connection before or behind a commit, now and then.

    Attributes:
        often: Which share of the commits is cut.
        most: After so many cuts there are no more.
        before: How many commits did not arrive.
        behind: How many commits arrived, and their answers did not.
    """

    def __init__(self, proxy: Proxy, often: float, most: int = 1_000_000) -> None:
        self.often, self.most = often, most
        self.before = self.behind = 0
        self._chance, self._lock, self._line = Random(3), Lock(), local()
        proxy.sent, proxy.heard = self._sent, self._heard

    def _sent(self, said: bytes) -> bool:
        with self._lock:
            over = self.before + self.behind >= self.most
            if over or b"COMMIT\0" not in said or self._chance.random() > self.often:
                return True
            if self._chance.random() < 0.5:
                self.before += 1
                return False
            self.behind += 1
            self._line.deaf = True
            return True

    def _heard(self, _: bytes) -> bool:
        return not getattr(self._line, "deaf", False)
