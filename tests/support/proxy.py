"""A TCP proxy before a database server that can stop forwarding, as a server that hangs or a broken network does."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from sqlalchemy.engine import URL, make_url

_BLOCK = 64 * 1024
_SESSION_NUMBER = re.compile(rb"(K\0\0\0\x0c|\0\0\0\x10\x04\xd2\x16\x2e)(....)", re.DOTALL)
"""Matches the session number in BackendKeyData (from the server) and in CancelRequest (from the client)."""


def as_a_pooler(block: bytes) -> bytes:
    """Change the numbers of sessions. PgBouncer gives each session a number that is not that of a server process."""
    return _SESSION_NUMBER.sub(lambda found: found[1] + bytes(255 - each for each in found[2]), block)


@dataclass
class Proxy:
    """Forwards what comes to `url` to a database server. `change` changes the bytes in both directions.

    Nothing is forwarded while `forwarding` is cleared.
    """

    target: URL
    listener: socket.socket
    change: Callable[[bytes], bytes] = bytes
    forwarding: Event = field(default_factory=Event)
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        port = self.listener.getsockname()[1]
        query = {name: value for name, value in self.target.query.items() if name not in ("host", "port")}
        mine = self.target.set(host="127.0.0.1", port=port, query=query)
        return mine.render_as_string(hide_password=False)

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = self._server()
                self.sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _server(self) -> socket.socket:
        directory = self.target.query.get("host")
        if isinstance(directory, str) and directory.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{directory}/.s.PGSQL.{self.target.port or self.target.query.get('port', 5432)}")
            return server
        return socket.create_connection((self.target.host or "127.0.0.1", self.target.port or 5432))

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                self.forwarding.wait()
                sink.sendall(self.change(block))
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(database_url: str, change: Callable[[bytes], bytes] = bytes) -> Iterator[Proxy]:
    """A proxy that forwards, before the server of a database."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        made = Proxy(make_url(database_url), listener, change)
        made.forwarding.set()
        thread = Thread(target=made.serve)
        thread.start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            made.forwarding.set()
            for each in made.sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
