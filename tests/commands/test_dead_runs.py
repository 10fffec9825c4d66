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
from tests.commands.conftest import Serve, StartWorker
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.kills import kill_web_processes
from tests.support.served import Served, eventually

SOON = 15.0
"""The database notices a dead client within a second; the rest is for a busy machine."""

FORCE = message("UpdateNodeVersions", {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"})


@pytest.fixture
def served(serve: Serve, database_url: str, client: Client) -> Served:
    """A service on a store in which three nodes are out of date, P.N2 first."""
    graph = Graph().node("P.N3", frozen(), draft())
    for number in range(3):
        graph.node(f"P.N{number}", frozen(*links(f"P.N{number + 1}.1")))
    client.load(graph)
    return serve({"RELINK_DATABASE_URL": database_url})


@contextmanager
def held_up(served: Served, engine: Engine) -> Iterator[Future[int]]:
    """A force that has done P.N2 and waits for P.N1."""

    def forced() -> int:
        with ServiceClient(served.url, ADMIN, PASSWORD).post(FORCE.encode()) as reply:
            return reply.error_number

    with ThreadPoolExecutor(1) as threads, engine.connect() as holder:
        holder.execute(text("SELECT FROM node WHERE node_reference = 'P.N1' FOR UPDATE"))
        force = threads.submit(forced)
        eventually(lambda: count(engine, "run_outcome") == 1)
        yield force


def count(engine: Engine, *tables: str) -> int:
    with engine.connect() as connection:
        return sum(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables)


def state(engine: Engine) -> str:
    """Return the record of the run, without closing dead runs."""
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT state FROM run WHERE run_identifier = 1")).scalar_one())


@pytest.mark.ledger("DEC-27")
def test_a_run_whose_process_is_killed_frees_its_package_while_its_node_is_still_held(
    served: Served, client: Client, engine: Engine, figures: Callable[[str], None]
) -> None:
    with held_up(served, engine) as force:
        assert client.update("P.N0", "force", content=False).number == 106
        kill_web_processes(served.process.pid)
        killed = time.monotonic()
        eventually(lambda: client.update("P.N0", "force", content=False).number == 0, SOON)
        figures(f"the package was free {time.monotonic() - killed:.1f} s after the kill")
        assert count(engine, "run_step", "run_step_other") == 0
        shown = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
        assert (shown["state"], shown["done"], shown["steps"]) == ("interrupted", 1, 3)
        with pytest.raises(click.ClickException):
            force.result()
    assert [client.get(f"P.N{number}").text("nodeVersionNumber") for number in (2, 1, 0)] == ["2", "1", "1"]
    assert client.update("P", "force").number == 0
    assert client.update("P").rows() == []


def dead_run(engine: Engine) -> None:
    """A run as a process that was killed leaves it behind."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO run (service, context_node_identifier, context_reference, include_content, options, state)"
                " SELECT 'UpdateNodeVersions', node_identifier, node_reference, true, '{}', 'running' FROM node"
                " WHERE node_reference = 'P'"
            )
        )
        connection.execute(text("INSERT INTO run_step_other VALUES (1, 1, 1, 1, 1, NULL)"))
        connection.execute(
            text("INSERT INTO run_step VALUES (1, 1, 1, 1, 'version', 1, 1, NULL, NULL, NULL, NULL, false)")
        )


def is_closed(engine: Engine) -> bool:
    """Whether the dead run is recorded as interrupted, and nothing is staged; read from the tables themselves."""
    return state(engine) == "interrupted" and count(engine, "run_step", "run_step_other") == 0


@pytest.mark.ledger("DEC-28")
def test_a_service_closes_dead_runs_when_it_starts(
    serve: Serve, database_url: str, client: Client, engine: Engine
) -> None:
    client.load(Graph().node("P.A", frozen()))
    dead_run(engine)
    serve({"RELINK_DATABASE_URL": database_url})
    eventually(lambda: is_closed(engine))


@pytest.mark.ledger("DEC-28")
def test_a_worker_closes_dead_runs_and_deletes_old_ones(
    start_worker: StartWorker, client: Client, engine: Engine
) -> None:
    client.load(Graph().node("P.A", frozen()))
    dead_run(engine)
    start_worker(RELINK_RUN_RETENTION_DAYS="30")
    eventually(lambda: is_closed(engine))
    client.update("P", "force")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE run SET finished_at = now() - make_interval(days => 33 - 2 * run_identifier::integer)")
        )
    eventually(lambda: [run["run"] for run in runs(client)] == [2])


def runs(client: Client) -> list[dict[str, object]]:
    shown = client.app.test_client().get("/runs", auth=(ADMIN, PASSWORD)).get_json()
    return list(shown["runs"])
