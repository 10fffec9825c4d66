"""Requests with some changed bytes, over real sockets: always a response or a closed connection, never a 500."""

from __future__ import annotations

import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.support.chance import seeded
from tests.support.processes import children
from tests.support.raw import BASIC, connect, read_reply, request
from tests.support.real_service import Service
from tests.support.served import eventually
from tests.wire.test_any_bytes import PIECES, VALID

MUTATIONS = int(os.environ.get("RELINK_TEST_MUTATIONS", "2000"))
CLIENTS = 8
WEB_PROCESSES = 2
MOST_MEMORY = 700 * 1024 * 1024
QUERY = b'{"query": "{ viewer { solutionInstances { edges { node { id } } } } }", "variables": {}}'
HEAD_PIECES = [
    b"\r\n", b"\n", b"\r", b":", b" ", b"\t", b"\r\n ", b"HTTP/1.1", b"GET", b"%00", b"%ff", b"?", b"ffffffff\r\n",
    b"0\r\n\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
    b"Connection: keep-alive\r\n", b"Authorization: Basic \xff\r\n", b"Authorization: Bearer a\r\n",
    b"Content-Encoding: gzip\r\n", b"X-Forwarded-For: a\r\n",
]  # fmt: skip


def originals() -> list[bytes]:
    """Valid requests, with and without credentials, most of which change nothing."""
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(VALID[0]), VALID[0].encode())
    whole = [request("/service", body.encode(), Authorization=BASIC) for body in VALID]
    whole += [
        request("/service/GetNode", chunked, Transfer_Encoding="chunked"),
        request("/graphql", QUERY, Content_Type="application/json", Authorization="Bearer a"),
        request("/runs?state=done&context=P", method="GET", Authorization=BASIC),
        request("/runs/1/response", method="GET", Authorization=BASIC),
        request("/schemas/requests/GetNode.xsd", method="GET"),
        request("/healthz", method="GET", Cookie="session=a; b=c"),
    ]
    return whole


def mutated(chance: random.Random, data: bytes) -> bytes:
    """A request with up to four changes: bytes inserted, removed, changed, doubled or moved."""
    for _ in range(chance.randint(1, 4)):
        first, last = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        last = min(last, first + chance.choice([1, 4, 40, 400]))
        part = data[first:last]
        put = chance.choice([chance.choice(PIECES), chance.choice(HEAD_PIECES), b"", part + part, chance.randbytes(3)])
        data = data[:first] + put + data[chance.choice([first, last]) :]
    return data


def status_of(service: Service, data: bytes) -> int:
    """The status of the response; 0 where the connection was closed without one."""
    with connect(service.url) as connection:
        with suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        method = "HEAD" if data.startswith(b"HEAD") else "POST"
        try:
            return read_reply(connection, method).status
        except (HTTPException, ConnectionResetError):
            return 0


def workers(service: Service) -> Iterator[int]:
    """The ids of the service's web processes."""
    for child in children(service.served.process.pid):
        if b"gunicorn" in Path(f"/proc/{child}/cmdline").read_bytes():
            yield from children(child)


def both_workers(service: Service) -> set[int]:
    """The web processes, if both have started."""
    found = set(workers(service))
    return found if len(found) == WEB_PROCESSES else set()


def memory(process: int) -> int:
    """The resident memory of a process, in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.ledger("PRO-5")
def test_mutated_requests(service: Service, figures: Callable[[str], None]) -> None:
    chance = seeded()
    valid = originals()
    before = eventually(lambda: both_workers(service))
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        batch = [mutated(chance, chance.choice(valid)) for _ in range(MUTATIONS)]
        statuses = Counter(pool.map(lambda data: status_of(service, data), batch))
    seconds = time.monotonic() - began
    largest = max(memory(process) for process in workers(service))
    figures(
        f"{MUTATIONS} requests in {seconds:.0f} s ({MUTATIONS / seconds:.0f}/s),"
        f" statuses {dict(sorted(statuses.items()))}, the largest web process has {largest / 2**20:.0f} MiB"
    )
    assert statuses[500] == 0
    assert '"event": "defect' not in service.log()
    assert "because of a defect" not in service.log()
    assert statuses[0] < MUTATIONS / 20
    assert set(workers(service)) == before
    assert largest < MOST_MEMORY
