"""Clients that keep their connections after they have got their responses make room for others."""

from __future__ import annotations

import resource
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.raw import connect, exchange, request
from tests.support.real_service import Service

MANY = 60


@pytest.mark.soak
@pytest.mark.ledger("PRO-13")
def test_clients_that_linger_make_room_for_others(patient_service: Service, patient_process: int) -> None:
    """The process has no file descriptors for further clients, and none of these clients is late yet."""
    lingering = request("/nowhere", method="GET", Connection="close")
    used = len(list(Path(f"/proc/{patient_process}/fd").iterdir()))
    before = resource.prlimit(patient_process, resource.RLIMIT_NOFILE)
    resource.prlimit(patient_process, resource.RLIMIT_NOFILE, (used + MANY, before[1]))
    with ExitStack() as stack:
        for _ in range(2 * MANY):
            stack.enter_context(connect(patient_service.url)).sendall(lingering)
        assert exchange(patient_service.url, request("/healthz", method="GET")).status == 200
    resource.prlimit(patient_process, resource.RLIMIT_NOFILE, before)
