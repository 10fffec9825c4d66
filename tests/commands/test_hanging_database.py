"""A database that hangs, behind a service that is really served: 503 in time, and the service lives."""

from __future__ import annotations

import select
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.database.connection import PATIENCE
from app.database.engine import driver_connection, make_engine
from app.settings import FEWEST_THREADS, Settings
from tests.commands.conftest import Relink
from tests.conftest import FreshDatabase
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, message
from tests.support.proxy import Proxy, proxy
from tests.support.raw import exchange, request
from tests.support.real_service import serving
from tests.support.served import WITHIN, eventually

DEADLINE = 10.0
AT_ONCE = 16
PACKAGES = ("P", "waited", "givenup")
GET = message("GetNode", {"nodeVersionReference": "P.A"})


def force_of(package: str) -> str:
    return message(
        "UpdateNodeVersions", {"nodeReference": package, "action": "force", "updateContentIndicator": "true"}
    )


_PAIR = b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()
TOKEN = "t" * 43
COOKIE = f"relink-session={TOKEN}"
AS_ADMIN = f"Basic {_PAIR}"
IMPORT = Graph().node("Q", frozen()).xml()
SIGN_IN = f"<NodeImport><userLogonReference>{ADMIN}</userLogonReference><password>{PASSWORD}</password>"
QUERY = b'{"query": "{ viewer { solutions { edges { node { id } } } } }"}'
WRONG = GET.replace("<GetNode>", "<GetNode><userLogonReference>bob</userLogonReference><password>wrong</password>")

KINDS = {
    "import": request("/service", IMPORT.encode(), Authorization=AS_ADMIN),
    "import that signs in by its elements": request("/service", IMPORT.replace("<NodeImport>", SIGN_IN).encode()),
    "GraphQL": request("/graphql", QUERY, Content_Type="application/json", Authorization=f"Bearer {TOKEN}"),
    "runs": request("/runs", method="GET", Authorization=AS_ADMIN),
    "response of a run": request("/runs/1/response", method="GET", Authorization=AS_ADMIN),
    "impact": request("/service", force_of("P").replace("force", "impact").encode(), Authorization=AS_ADMIN),
    "queued force": request("/service", force_of("P").encode(), Prefer="respond-async", Authorization=AS_ADMIN),
    "edit": request("/service", GET.replace("GetNode", "SetNode").encode(), Authorization=AS_ADMIN),
    "JSON": request("/servicejson/GetNode?nodeVersionReference=P.A", method="GET", Authorization=AS_ADMIN),
    "wrong password": request("/service", WRONG.encode()),
    "anonymous": request("/service", GET.encode()),
    "sign-in page": request("/console/sign-in", method="GET", Cookie=COOKIE),
    "page": request("/console/nodes", method="GET", Cookie=COOKIE),
    "wizard": request(f"/external/solutions/acme/configure/{UUID(int=1)}?code={TOKEN}", method="GET"),
    "readiness": request("/readyz", method="GET"),
}


@dataclass(frozen=True)
class Timed:
    """A response, and in how many seconds it came."""

    status: int
    retry_after: str | None
    number: str | None
    body: str
    seconds: float


def ask(url: str, body: str | None = None, path: str = "/service") -> Timed:
    began = time.monotonic()
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        if body is None:
            connection.request("GET", path)
        else:
            headers = {"Content-Type": "application/xml", "Authorization": f"Basic {_PAIR}"}
            connection.request("POST", path, body.encode(), headers)
        response = connection.getresponse()
        return _timed(response, began)
    finally:
        connection.close()


def _timed(response: HTTPResponse, began: float) -> Timed:
    body = response.read().decode()
    headers = response.headers
    seconds = time.monotonic() - began
    return Timed(response.status, headers["Retry-After"], headers["Relink-Error-Number"], body, seconds)


@pytest.fixture
def between(database_url: str) -> Iterator[Proxy]:
    with proxy(database_url) as made:
        yield made


@dataclass(frozen=True)
class Hanging:
    """A service that reaches its database through a proxy, and what reaches the database without it."""

    between: Proxy
    url: str
    engine: Engine
    client: Client


@pytest.fixture(scope="module")
def shared(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hanging]:
    """A service with as few threads as there may be."""
    log = tmp_path_factory.mktemp("served") / "serve.log"
    with (
        fresh_database(True) as url,
        proxy(url) as made,
        serving(made.url, log, f"--threads={FEWEST_THREADS}") as service,
    ):
        engine = make_engine(url)
        client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
        for package in PACKAGES:
            graph = Graph().node(f"{package}.B", frozen(), draft())
            client.load(graph.node(f"{package}.A", frozen(*links(f"{package}.B.1"))))
        yield Hanging(made, service.url, engine, client)
        engine.dispose()


@pytest.fixture
def hanging(shared: Hanging) -> Iterator[Hanging]:
    """The service, once all of its processes have a connection to the database."""
    eventually(lambda: {ask(shared.url, GET).status for _ in range(AT_ONCE)} == {200})
    yield shared
    shared.between.forwarding.set()


@contextmanager
def asking(url: str, body: str, count: int) -> Iterator[list[Future[Timed]]]:
    with ThreadPoolExecutor(count) as executor:
        yield [executor.submit(ask, url, body) for _ in range(count)]


def check_that_it_lives_without(url: str) -> float:
    """Requests get 503 in time, the first and all later ones, and /healthz responds meanwhile.

    Returns the longest time that one of them took.
    """
    with asking(url, GET, AT_ONCE) as asked:
        health = ask(url, path="/healthz")
        assert (health.status, health.seconds < DEADLINE) == (200, True)
        first = [future.result() for future in asked]
        for response in first:
            assert (response.status, response.number) == (503, "100"), response.body
            assert int(response.retry_after or "0") > 0
            assert response.seconds < DEADLINE
    # By now it is known in each process, or is found out by one request in each.
    with asking(url, GET, 2 * AT_ONCE) as asked:
        responses = [future.result() for future in asked]
    assert {response.status for response in responses} == {503}
    assert max(response.seconds for response in responses) < DEADLINE
    ready = ask(url, path="/readyz")
    assert (ready.status, ready.seconds < DEADLINE) == (503, True)
    assert "the database does not respond" in ready.body
    return max(response.seconds for response in (health, ready, *first, *responses))


@pytest.mark.ledger("PRO-15")
def test_a_server_that_no_longer_responds(hanging: Hanging, figures: Callable[[str], None]) -> None:
    hanging.between.forwarding.clear()
    figures(f"the slowest of {3 * AT_ONCE + 2} responses took {check_that_it_lives_without(hanging.url):.1f} s")
    hanging.between.forwarding.set()
    eventually(lambda: ask(hanging.url, GET).status == 200)


@pytest.mark.ledger("PRO-15")
def test_every_kind_of_request_is_refused_in_time(hanging: Hanging) -> None:
    """This also holds when there are many more clients than threads."""
    names = sorted(KINDS) * 4
    with ThreadPoolExecutor(len(names)) as clients:

        def timed(name: str) -> tuple[str, int, bool, bool]:
            began = time.monotonic()
            reply = exchange(hanging.url, KINDS[name])
            return name, reply.status, "retry-after" in reply.headers, time.monotonic() - began < DEADLINE

        hanging.between.forwarding.clear()
        asked = [clients.submit(timed, name) for name in names]
        health = ask(hanging.url, path="/healthz")
        assert (health.status, health.seconds < DEADLINE) == (200, True)
        assert [future.result() for future in asked] == [(name, 503, True, True) for name in names]


@contextmanager
def held_force(hanging: Hanging, package: str) -> Iterator[Future[Timed]]:
    """A force that waits, in its one statement, for a node that is locked as long as the context lasts."""
    with ThreadPoolExecutor(1) as executor, hanging.engine.connect() as holder:
        locked = "SELECT FROM node WHERE node_reference = :reference FOR UPDATE"
        holder.execute(text(locked), {"reference": f"{package}.A"})
        force = executor.submit(ask, hanging.url, force_of(package))
        eventually(lambda: waiting(hanging.engine, 0))
        yield force
        holder.rollback()


def waiting(engine: Engine, seconds: float) -> bool:
    """Whether the statement of a force has been waiting for a lock for this long."""
    query = text(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query LIKE 'CALL%' AND clock_timestamp() - query_start > make_interval(secs => :seconds)"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return bool(connection.execute(query, {"seconds": seconds}).scalar_one())


@pytest.mark.ledger("PRO-17")
def test_a_long_statement_of_a_server_that_lives_is_waited_for(hanging: Hanging) -> None:
    with held_force(hanging, "waited") as force:
        eventually(lambda: waiting(hanging.engine, 3 * PATIENCE))
        assert not force.done()
    assert (force.result().status, force.result().number) == (200, "0")


@pytest.mark.ledger("PRO-15")
def test_a_run_is_given_up_when_the_server_hangs_and_can_be_repeated(hanging: Hanging) -> None:
    with held_force(hanging, "givenup") as force:
        hanging.between.forwarding.clear()
        began = time.monotonic()
        assert force.result().status == 503
        assert time.monotonic() - began < DEADLINE
        hanging.between.forwarding.set()
    eventually(lambda: ask(hanging.url, force_of("givenup")).number == "0")
    assert hanging.client.update("givenup").updates() == []


@pytest.mark.ledger("PRO-15")
@pytest.mark.parametrize("command", [("check",), ("token", "list"), ("migrate",)])
def test_a_command_ends_in_time(between: Proxy, command: tuple[str, ...]) -> None:
    between.forwarding.clear()
    began = time.monotonic()
    result = Relink({"RELINK_DATABASE_URL": between.url})(*command)
    assert result.exit_code == 1
    assert "the database does not respond" in result.output
    assert time.monotonic() - began < DEADLINE


@pytest.mark.ledger("PRO-15")
def test_an_engine_recovers(between: Proxy) -> None:
    """The connections that were lost are replaced, without a failed statement."""
    engine = make_engine(between.url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            pooled = driver_connection(connection).fileno()
        for each in between.sockets:
            each.shutdown(socket.SHUT_RDWR)
        assert select.select([pooled], [], [], WITHIN)[0]
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        engine.dispose()
