"""Runs whose web process is killed in the middle of a force, with a real `relink serve`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import click
import pytest
from sqlalchemy import Engine, text

from app.commands.service import ServiceClient
from tests.support.builders import Graph, draft, frozen, links
from tests.support.dead_runs import is_closed
from tests.support.http import ADMIN, PASSWORD, message
from tests.support.kills import kill_web_processes
from tests.support.real_service import Service
from tests.support.served import eventually

SOON = 15.0
"""The database notices a dead client within a second. A busy machine may take longer."""

FORCE = message("UpdateNodeVersions", {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"})


@contextmanager
def held_up(service: Service) -> Iterator[Future[int]]:
    """A force that has done P.N2 and waits for P.N1, of three nodes that are out of date."""
    graph = Graph().node("P.N3", frozen(), draft())
    for number in range(3):
        graph.node(f"P.N{number}", frozen(*links(f"P.N{number + 1}.1")))
    service.client.load(graph)

    def forced() -> int:
        with ServiceClient(service.url, ADMIN, PASSWORD).post(FORCE.encode()) as reply:
            return reply.error_number

    with ThreadPoolExecutor(1) as threads, service.engine.connect() as holder:
        holder.execute(text("SELECT FROM node WHERE node_reference = 'P.N1' FOR UPDATE"))
        force = threads.submit(forced)
        eventually(lambda: done(service.engine, "P") == 1)
        yield force


def done(engine: Engine, package: str) -> int:
    """Return how many nodes of a package the runs on it have updated."""
    query = "SELECT count(*) FROM run_outcome JOIN run USING (run_identifier) WHERE context_reference = :package"
    with engine.connect() as connection:
        return int(connection.execute(text(query), {"package": package}).scalar_one())


def first_run(engine: Engine, package: str) -> int:
    query = "SELECT min(run_identifier) FROM run WHERE context_reference = :package"
    with engine.connect() as connection:
        return int(connection.execute(text(query), {"package": package}).scalar_one())


def count(engine: Engine, *tables: str) -> int:
    with engine.connect() as connection:
        return sum(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables)


@pytest.mark.ledger("DEC-27", "PRO-34")
def test_a_run_whose_process_is_killed_frees_its_package_while_its_node_is_still_held(
    database_service: Service, figures: Callable[[str], None]
) -> None:
    client, engine = database_service.client, database_service.engine
    with held_up(database_service) as force:
        assert client.update("P.N0", "force", content=False).number == 106
        kill_web_processes(database_service.served.process.pid)
        killed = time.monotonic()
        eventually(lambda: client.update("P.N0", "force", content=False).number == 0, SOON)
        figures(f"the package was free {time.monotonic() - killed:.1f} s after the kill")
        assert count(engine, "run_step", "run_step_other") == 0
        run = first_run(engine, "P")
        shown = client.app.test_client().get(f"/runs/{run}", auth=(ADMIN, PASSWORD)).get_json()
        assert (shown["state"], shown["done"], shown["steps"]) == ("interrupted", 1, 3)
        with pytest.raises(click.ClickException):
            force.result()
    assert [client.get(f"P.N{number}").text("nodeVersionNumber") for number in (2, 1, 0)] == ["2", "1", "1"]
    assert client.update("P", "force").number == 0
    assert client.update("P").rows() == []


@pytest.mark.ledger("DEC-28")
def test_a_service_closes_dead_runs_when_it_starts(database_service: Service) -> None:
    eventually(lambda: is_closed(database_service.engine))
