"""Requests to the services that the settings name."""

from __future__ import annotations

from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Event

from app.solutions.outgoing import Response, post
from tests.support.local_server import local_server


class Responding(BaseHTTPRequestHandler):
    """Sends the response that the path names."""

    ended = Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        if self.path.startswith("/echo"):
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        # A body without a length, one byte after the other, until the other side has had enough.
        self.end_headers()
        with suppress(OSError):
            while not self.ended.wait(0.05):
                self.wfile.write(b" ")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_body_has_a_largest_size() -> None:
    with local_server(Responding) as port:
        url = f"http://127.0.0.1:{port}/echo?x=1"
        assert post(url, b"12345", {}, within=30, most=5) == Response(200, b"12345")
        assert post(url, b"123456", {}, within=30, most=5) == Response(200, None)
        assert post(url, b"123456", {}, within=30) == Response(200, None)


def test_a_body_that_does_not_end_has_a_deadline() -> None:
    with local_server(Responding) as port:
        try:
            assert post(f"http://127.0.0.1:{port}/drip", b"{}", {}, within=0.5, most=1000) == "TimeoutError"
        finally:
            Responding.ended.set()


def test_a_host_that_is_not_there_is_a_failure() -> None:
    assert post("http://127.0.0.1:1/", b"{}", {}, within=30) == "ConnectionRefusedError"
