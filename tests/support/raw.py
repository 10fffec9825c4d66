"""HTTP written byte by byte to a real socket, as no client library would write it."""

from __future__ import annotations

import io
import socket
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import cast
from urllib.parse import urlsplit

from tests.support.http import ADMIN, PASSWORD

WITHIN = 300
BASIC = "Basic " + b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()


@dataclass(frozen=True)
class RawReply:
    """A response as it came over the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def number(self) -> str:
        return self.headers.get("relink-error-number", "")


def connect(url: str, receive_buffer: int | None = None) -> socket.socket:
    """A connection to a service; with a small buffer the system takes little that the client does not read."""
    parts = urlsplit(url)
    connection = socket.socket()
    connection.settimeout(WITHIN)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect((parts.hostname or "", parts.port or 0))
    return connection


def request(path: str, body: bytes = b"", *, method: str = "POST", length: int | None = None, **headers: str) -> bytes:
    """A request as bytes; `length` may differ from that of the body, and `None` as a header leaves it out."""
    given = {"Host": "localhost", "Content-Type": "application/xml", "Connection": "close"}
    given |= {name.replace("_", "-").replace("--", "_"): value for name, value in headers.items()}
    if "Transfer-Encoding" not in given:
        given["Content-Length"] = str(len(body) if length is None else length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def open_events(connection: socket.socket, run: int) -> HTTPResponse:
    """Ask for the events of a run, and return the response, whose body has not been read."""
    connection.sendall(request(f"/runs/{run}/events", method="GET", Authorization=BASIC))
    response = HTTPResponse(connection)
    response.begin()
    return response


def read_reply(connection: socket.socket, method: str = "POST") -> RawReply:
    """Read one response to its end."""
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return RawReply(response.status, headers, response.read())
    finally:
        response.close()


class _Kept(io.BufferedReader):
    """What was read from a socket, of which each response takes its part: closing one does not close the rest."""

    def close(self) -> None:
        pass

    def makefile(self, *_arguments: object) -> io.BufferedReader:
        return self


def read_replies(connection: socket.socket, count: int) -> list[RawReply]:
    """Read the responses to several requests on one connection."""
    kept = _Kept(socket.SocketIO(connection, "r"))
    return [read_reply(cast(socket.socket, kept)) for _ in range(count)]


def exchange(url: str, data: bytes, *, end: bool = False) -> RawReply:
    """Send bytes on a new connection, all of them before anything is read, and read the response."""
    with connect(url) as connection:
        connection.sendall(data)
        if end:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        return read_reply(connection)
