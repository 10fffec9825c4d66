"""A webhook's receiver that checks signatures as a partner would."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any

from tests.support.local_server import local_server

SECRET = "a shared secret"  # noqa: S105 - of a receiver that exists in tests alone


@dataclass
class Receiver:
    """The requests received. The status of each response is the next of `statuses`, or 200 when those are used up.

    There are no responses while `responding` is not set.
    """

    url: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    responding: Event = field(default_factory=Event)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that listens as long as the context lasts."""
    received = Receiver()
    received.responding.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.paths.append(self.path)
            if not is_signed(self.headers["Relink-Signature"], body):
                status = 401
            else:
                assert self.headers["Content-Type"] == "application/json"
                received.messages.append(json.loads(body))
                received.responding.wait()
                status = received.statuses.pop(0) if received.statuses else 200
            with suppress(ConnectionError):
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{received.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with local_server(Handler) as port:
        received.url = f"http://127.0.0.1:{port}/relink?for=us"
        try:
            yield received
        finally:
            received.responding.set()


def is_signed(header: str, body: bytes) -> bool:
    """Check the signature, as the documentation tells receivers to do."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(SECRET.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < 60
