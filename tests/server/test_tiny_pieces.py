"""Clients that send very many small pieces do not delay other clients."""

from __future__ import annotations

import time

import pytest

from tests.support.load import chunking_clients, holding_clients, is_over, served_in_time
from tests.support.real_service import Service

CHUNKING_CLIENTS = 8
HOLDING_CLIENTS = 400
SECONDS = 2


@pytest.mark.soak
@pytest.mark.ledger("DEC-418", "PRO-11")
@pytest.mark.usefixtures("patient_process")
def test_bodies_in_the_smallest_chunks_delay_no_other_client(patient_service: Service) -> None:
    others_are_served = served_in_time(patient_service)
    with chunking_clients(patient_service.url, CHUNKING_CLIENTS):
        others_are_served()


@pytest.mark.ledger("DEC-419", "PRO-11")
@pytest.mark.usefixtures("patient_process")
def test_many_large_requests_that_come_byte_by_byte_delay_no_other_client(patient_service: Service) -> None:
    others_are_served = served_in_time(patient_service)
    with holding_clients(patient_service.url, HOLDING_CLIENTS, every=0.2) as clients:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            others_are_served()
        assert not any(is_over(client) for client in clients)
