"""Imports over a socket: when they are refused, where they are stored, and what a full directory means for others."""

from __future__ import annotations

import resource
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.builders import Graph, M, frozen
from tests.support.http import ADMIN, PASSWORD
from tests.support.processes import children, environment_of
from tests.support.real_service import Service
from tests.support.served import Served, eventually

MIB = 1024 * 1024
BASIC = "Authorization: Basic " + b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()
SMALL = b"<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>"
START = b"<NodeImport><NodeList>"


@contextmanager
def sending(served: Served, length: int, *headers: str) -> Iterator[socket.socket]:
    """A connection on which a request of a length has begun."""
    address = urlsplit(served.url)
    head = ["POST /service HTTP/1.1", "Host: x", "Content-Type: application/xml", f"Content-Length: {length}", *headers]
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        yield connection


def response_on(connection: socket.socket) -> str:
    """Return the response, up to the end of its document."""
    received = b""
    while b"</GetNode>" not in received and b"</NodeImport>" not in received:
        block = connection.recv(65536)
        assert block, received
        received += block
    return received.decode()


def post(served: Served, body: bytes) -> str:
    with sending(served, len(body), BASIC) as connection:
        connection.sendall(body)
        return response_on(connection)


def open_uploads(served: Served, directory: Path) -> list[str]:
    """The files that the web processes have open in a directory."""
    found = []
    for master in children(served.process.pid):
        for worker in [master, *children(master)]:
            for descriptor in Path(f"/proc/{worker}/fd").iterdir():
                try:
                    name = str(descriptor.readlink())
                except FileNotFoundError:
                    continue
                found += [name] if name.startswith(str(directory)) else []
    return found


@pytest.fixture
def uploads(database_service: Service) -> Path:
    """The directory in which the service stores what it receives."""
    return Path(environment_of(database_service.served.process.pid)["RELINK_UPLOAD_DIR"])


@pytest.mark.ledger("PRO-20")
def test_an_anonymous_request_is_refused_at_once_and_not_stored(database_service: Service, uploads: Path) -> None:
    with sending(database_service.served, 4 * 1024 * MIB) as connection:
        # The service takes the first MiB in before it looks at a request.
        connection.sendall(START.ljust(MIB + 256 * 1024))
        # The rest of the body never comes.
        assert "<errorNumber>101</errorNumber>" in response_on(connection)
        assert not open_uploads(database_service.served, uploads)


def test_an_upload_has_no_name_that_could_be_left_behind(database_service: Service, uploads: Path) -> None:
    with sending(database_service.served, 100 * MIB, BASIC) as connection:
        connection.sendall(START.ljust(4 * MIB))
        assert eventually(lambda: open_uploads(database_service.served, uploads))
        assert not list(uploads.iterdir())
    assert eventually(lambda: not open_uploads(database_service.served, uploads))


@contextmanager
def small_files(served: Served, most: int) -> Iterator[None]:
    """Prevent the processes of a service from writing files of more bytes, as on a full disk."""
    processes = [process for master in children(served.process.pid) for process in [master, *children(master)]]
    before = {process: resource.prlimit(process, resource.RLIMIT_FSIZE) for process in processes}
    for process, (_, hard) in before.items():
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, hard))
    yield
    for process, limits in before.items():
        resource.prlimit(process, resource.RLIMIT_FSIZE, limits)


@pytest.mark.ledger("DEC-51", "PRO-18")
def test_a_full_folder_for_uploads_affects_no_other_request(database_service: Service) -> None:
    served = database_service.served
    small = Graph().node("I.A", frozen()).xml().encode()
    large = Graph().node("I.B", frozen(*(M(value="x" * MIB) for _ in range(4)))).xml().encode()
    for _ in range(2):
        assert "<errorNumber>0</errorNumber>" in post(served, SMALL)
    with small_files(served, 2 * MIB):
        for _ in range(2):
            refused = post(served, large)
            assert refused.startswith("HTTP/1.1 507 ")
            assert "<errorNumber>100</errorNumber>" in refused
            assert "<errorNumber>0</errorNumber>" in post(served, SMALL)
            assert "<errorNumber>0</errorNumber>" in post(served, small)
