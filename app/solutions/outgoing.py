"""Requests to the services that the settings name: the receiver of messages, and the source of drop-down lists.

A request goes to exactly that URL: no proxy is used and no redirection is followed. It has a deadline for all of its
steps together, and a response has a largest size.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True)
class Response:
    """The response to a request. `body` is None if it is larger than the caller reads."""

    status: int
    body: bytes | None = field(default=None, repr=False)


def post(url: str, body: bytes, headers: Mapping[str, str], *, within: float, most: int = 0) -> Response | str:
    """Send JSON and return the response with at most `most` bytes of its body, or the kind of the failure."""
    parts = urlsplit(url)
    given = {"Content-Type": "application/json", "User-Agent": "relink", **headers}
    sockets: list[socket.socket] = []
    # The timeout of a connection applies to each of its steps; the timer limits a slow receiver as a whole.
    is_over = Event()
    deadline = Timer(within, _cut, (is_over, sockets))
    deadline.daemon = True
    deadline.start()
    with closing(_connection(parts, within)) as connection:
        try:
            connection.connect()
            # The connection forgets its socket when a response without a length begins.
            sockets.append(connection.sock)
            connection.request("POST", f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}", body, given)
            response = connection.getresponse()
            read = response.read(most + 1) if most else b""
            # A body without a length seems to be complete when the timer has ended it.
            if is_over.is_set():
                raise TimeoutError
            return Response(response.status, read if most and len(read) <= most else None)
        except (OSError, HTTPException, ValueError) as error:
            return type(error).__name__
        finally:
            deadline.cancel()


def _connection(url: SplitResult, within: float) -> HTTPConnection:
    made = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return made(url.hostname or "", url.port, timeout=within)


def _cut(is_over: Event, sockets: list[socket.socket]) -> None:
    is_over.set()
    for held in sockets:
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)
