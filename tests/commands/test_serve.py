"""`relink serve`, as the process that it is."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from app.commands.service import ServiceClient
from app.database.engine import make_engine
from app.database.migrate import migrate
from tests.commands.conftest import Relink, Serve
from tests.support.builders import Graph, draft, frozen, links
from tests.support.databases import execute
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.kills import kill_web_processes
from tests.support.processes import arguments, children, runs
from tests.support.raw import connect, open_events
from tests.support.real_service import Service
from tests.support.served import eventually


def read(url: str) -> str:
    with urlopen(url) as response:  # noqa: S310 - it is the URL of our own service
        return str(response.read().decode())


def error_number_of(service: ServiceClient, body: str) -> int:
    """Return the error number of the response to a request."""
    with service.post(body.encode()) as reply:
        return reply.error_number


def test_each_step_of_the_start_is_reported_before_it_is_done(
    relink_on: Callable[[str], Relink], tmp_path: Path
) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/none?password=secret"
    result = relink_on(url)("serve", "--bind", "127.0.0.1:0")
    assert result.exit_code == 1
    assert result.stdout.startswith("Opening the database postgresql://me:***@127.0.0.1:1/none")
    assert "secret" not in result.output

    file = tmp_path / "file"
    file.touch()
    relink = Relink({"RELINK_DATABASE_URL": None, "RELINK_DATA_DIR": str(file)})
    assert relink("serve", "--bind", "127.0.0.1:0").stdout == f"Creating the embedded database in {file} ...\n"


def test_a_service_that_listens_on_all_addresses_says_so(database_service: Service) -> None:
    assert "it listens on all addresses of this machine" in database_service.log()


def test_there_is_no_worker_beside_a_service_on_a_database_server(database_service: Service) -> None:
    [only] = children(database_service.served.process.pid)
    assert "gunicorn" in arguments(only)


def test_metrics_are_those_of_all_workers(database_service: Service) -> None:
    before = health_checks(database_service)
    for _ in range(20):
        read(f"{database_service.url}/healthz")
    assert health_checks(database_service) == before + 20


def health_checks(service: Service) -> float:
    """The number of requests to `/healthz` according to the metrics."""
    name = 'relink_requests_total{error_number="",service="health.healthz",status="200"} '
    lines = [line for line in read(f"{service.url}/metrics").splitlines() if line.startswith(name)]
    return float(lines[0].removeprefix(name)) if lines else 0


def test_a_database_that_is_behind_is_refused(relink_on: Callable[[str], Relink], empty_database_url: str) -> None:
    result = relink_on(empty_database_url)("serve", "--bind", "127.0.0.1:0")
    assert result.exit_code == 1
    assert "run 'relink migrate'" in result.stderr


@pytest.mark.parametrize(
    ("bind", "proxies", "notes"), [("0.0.0.0:0", "0", 1), ("0.0.0.0:0", "1", 0), ("[::1]:0", "0", 1)]
)
def test_the_start_reports_the_settings_that_a_proxy_needs(
    relink_on: Callable[[str], Relink], empty_database_url: str, bind: str, proxies: str, notes: int
) -> None:
    """A proxy may be on the same machine: the note is there for a loopback address too."""
    relink = relink_on(empty_database_url).with_environment(RELINK_TRUSTED_PROXIES=proxies)
    result = relink("serve", "--bind", bind)
    assert result.stderr.count("RELINK_TRUSTED_PROXIES is 0. Behind a proxy, all clients would count as one") == notes


def test_more_runs_at_work_than_the_threads_can_do_are_refused(
    relink_on: Callable[[str], Relink], database_url: str
) -> None:
    relink = relink_on(database_url).with_environment(RELINK_RUNS_AT_WORK="5")
    result = relink("serve", "--bind", "127.0.0.1:0", "--threads", "16")
    assert result.exit_code == 1
    assert "RELINK_RUNS_AT_WORK must be at most a quarter of the threads of a process, 4, not 5" in result.stderr


def test_a_port_that_is_taken_is_reported(database_url: str, relink_on: Callable[[str], Relink]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = relink_on(database_url)("serve", "--bind", address)
    assert result.exit_code == 2
    words = " ".join(result.stderr.split())
    assert f"{address}: Address already in use" in words
    assert words.endswith("Stop the program that listens there, or choose another port")


@pytest.mark.parametrize("address", ["127.0.0.1:many", "nowhere.invalid:8080", "192.0.2.1:8080"])
def test_an_impossible_address_is_reported(database_url: str, relink_on: Callable[[str], Relink], address: str) -> None:
    result = relink_on(database_url)("serve", "--bind", address)
    assert result.exit_code == 2
    assert f"Invalid value for '--bind': {address}" in result.stderr


@pytest.mark.parametrize("address", ["8090", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:", ":-1", "[::1]", "", ":8790"])
def test_an_address_without_host_or_port_is_refused(
    database_url: str, relink_on: Callable[[str], Relink], address: str
) -> None:
    result = relink_on(database_url)("serve", f"--bind={address}")
    assert result.exit_code == 2
    assert f"{address} is not a host and a port from 0 to 65535: write HOST:PORT" in " ".join(result.stderr.split())


def test_streams_end_and_a_run_ends_after_its_present_node_when_the_service_is_stopped(
    serve: Serve, database_url: str, client: Client, engine: Engine
) -> None:
    """The run is held at P.N1, the second of its three nodes, until it was asked to end and its stream has ended."""
    graph = Graph().node("P.N3", frozen(), draft())
    for number in range(3):
        graph.node(f"P.N{number}", frozen(*links(f"P.N{number + 1}.1")))
    client.load(graph)
    served = serve({"RELINK_DATABASE_URL": database_url}, "--workers=1")
    force = message("UpdateNodeVersions", {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"})
    service = ServiceClient(served.url, ADMIN, PASSWORD)
    numbers: list[int] = []
    with engine.connect() as connection, engine.connect() as watching:
        reading = watching.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SELECT FROM node WHERE node_reference = 'P.N1' FOR UPDATE"))
        thread = Thread(target=lambda: numbers.append(error_number_of(service, force)))
        thread.start()
        eventually(lambda: reading.execute(text("SELECT count(*) = 1 FROM run_outcome")).scalar_one())
        with connect(served.url) as streaming:
            events = open_events(streaming, 1)
            assert b"event: progress" in events.read1() + events.read1()
            served.process.terminate()
            # After a stream that was cut off, this would raise IncompleteRead.
            assert b"event: end" not in events.read()
        eventually(lambda: reading.execute(text("SELECT bool_and(cancel_requested) FROM run")).scalar_one())
        connection.rollback()
        thread.join()
    assert served.process.wait() == 0
    assert numbers == [108]
    assert client.get("P.N1").text("nodeVersionNumber") == "2"
    assert client.get("P.N0").text("nodeVersionNumber") == "1"


@pytest.mark.soak
def test_web_processes_that_wait_for_the_database_end_with_the_service(
    serve: Serve, server_url: str, empty_database_url: str
) -> None:
    engine = make_engine(empty_database_url)
    migrate(engine)
    engine.dispose()
    served = serve({"RELINK_DATABASE_URL": empty_database_url}, "--workers=1")
    [gunicorn] = children(served.process.pid)
    execute(server_url, f"DROP DATABASE {make_url(empty_database_url).database} WITH (FORCE)")
    kill_web_processes(served.process.pid)
    eventually(lambda: served.log.read_text().count("waiting for it") == 1)
    waiting = children(gunicorn)
    served.process.terminate()
    eventually(lambda: not any(map(runs, waiting)), 15)
