"""A disk for temporary files that is full: uploads and slow readers are refused, and other clients are not affected."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.support.builders import Graph, M, frozen
from tests.support.processes import children
from tests.support.raw import BASIC, connect, exchange, request
from tests.support.real_service import Service, serving
from tests.support.served import eventually
from tests.support.small_disk import SmallDisk

MIB = 1024 * 1024
SMALL = "<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>"
LARGE = "<GetNode><nodeVersionReference>I.Large</nodeVersionReference></GetNode>"


@pytest.fixture
def service(fresh_database: FreshDatabase, small_disk: SmallDisk, tmp_path: Path) -> Iterator[Service]:
    """A service with its temporary files on the small disk."""
    log = tmp_path / "serve.log"
    with fresh_database(True) as url, serving(url, log, TMPDIR=str(small_disk.path)) as running:
        yield running


@pytest.mark.ledger("PRO-18")
def test_a_full_disk_for_temporary_files(
    service: Service, small_disk: SmallDisk, figures: Callable[[str], None]
) -> None:
    large = Graph().node("I.Large", frozen(*(M(value="x" * MIB) for _ in range(16)))).xml()
    assert service.post(large).status == 200
    workers = web_processes(service)
    small_disk.fill(leave=MIB)
    full = small_disk.free_bytes
    for number in range(1, 4):
        refused = service.post(large.replace("I.Large", "I.Other"))
        assert (refused.status, refused.number) == (507, "100")
        with reading_nothing(service, LARGE):
            wait_for_cut_off(service, number)
            assert service.post(SMALL).number == "0"
            assert exchange(service.url, request("/healthz", method="GET")).status == 200
            assert exchange(service.url, request("/metrics", method="GET")).status == 200
    figures(f"{number} imports refused with {full // 1024} KiB left, while others were served by the same processes")
    assert web_processes(service) == workers
    assert eventually(lambda: small_disk.free_bytes >= full)
    small_disk.make_room()
    assert service.post(large.replace("I.Large", "I.Other")).number == "0"
    assert service.post(LARGE).number == "0"


def wait_for_cut_off(service: Service, responses: int) -> None:
    eventually(lambda: service.log().count("a response was cut off") >= responses)


def web_processes(service: Service) -> list[int]:
    [gunicorn] = children(service.served.process.pid)
    return sorted(children(gunicorn))


def reading_nothing(service: Service, body: str) -> socket.socket:
    """A connection whose client has sent a request and does not read the response."""
    connection = connect(service.url, receive_buffer=4096)
    connection.sendall(request("/service", body.encode(), Authorization=BASIC))
    return connection
