"""An HTTP proxy before a service that fails as real ones do: it loses requests and responses, and gives up waiting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import urlsplit

FORWARD = "the request is forwarded, and its response returned"
DROP = "the connection ends before the request is forwarded"
LOSE = "the request is forwarded, and the connection ends without its response"
CUT = "the connection ends in the middle of the response"
HOLD = "the request is forwarded, and its response is held back until the end"
PAGE = "<html><body><h1>nginx</h1></body></html>"


@dataclass
class HttpProxy:
    """Forwards requests to `target`, except those that `faults` lists: for a method and a beginning of a path, what
    happens to the next requests, one after the other. A number is a status, for a page of the proxy. `0` less than a
    status, a negative one, is a page after the request was forwarded. A service that does not respond within `patience`
    seconds gets its connection closed, and the client a page with 504.
    """

    target: str
    port: int = 0
    patience: float | None = None
    faults: defaultdict[tuple[str, str], list[str | int]] = field(default_factory=lambda: defaultdict(list))
    seen: list[tuple[str, str]] = field(default_factory=list)
    released: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fault(self, method: str, path: str) -> str | int | None:
        """What happens to a request that has come."""
        self.seen.append((method, path))
        for (of, beginning), faults in self.faults.items():
            if of == method and path.startswith(beginning) and faults:
                return faults.pop(0)
        return None

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Listen as long as the context lasts, on the same port every time."""
        proxy = self

        class Handler(_Handler):
            def do(self) -> None:
                self.handle_one(proxy)

            do_GET = do_POST = do_DELETE = do  # noqa: N815 - the names of http.server

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            self.released.set()
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle_one(self, proxy: HttpProxy) -> None:
        fault = proxy.fault(self.command, self.path)
        body = self._body()
        self.close_connection = True
        if fault == DROP:
            return
        if isinstance(fault, int) and fault > 0:
            self._page(fault)
            return
        try:
            status, headers, content = self._forwarded(proxy, body)
        except TimeoutError:
            self._page(504)
            return
        if fault == HOLD:
            proxy.released.wait()
        elif fault == LOSE:
            return
        elif isinstance(fault, int):
            self._page(-fault)
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == CUT else content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        blocks = []
        while size := int(self.rfile.readline(), 16):
            blocks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(blocks)

    def _forwarded(self, proxy: HttpProxy, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(urlsplit(proxy.target).netloc, timeout=proxy.patience)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
        with closing(connection):
            connection.request(self.command, self.path, body or None, headers)
            with connection.getresponse() as response:
                return response.status, response.getheaders(), response.read()

    def _page(self, status: int) -> None:
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "https://relink.example/service")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE.encode())
