"""Sessions have our settings, whatever the server, the role, the environment or the URL set."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from app.database.engine import driver_arguments, make_engine
from app.database.session import SETTINGS, connection_arguments
from app.settings import Settings
from app.solutions.rollout.lazy_updates import move_due_instances
from tests.commands.conftest import Relink
from tests.graphql.client import GraphQL, nodes
from tests.support import libpq
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.moves import on_releases
from tests.support.processes import environment_of
from tests.support.real_service import Service
from tests.support.served import ROOT, WITHIN, eventually
from tests.support.solution_store import Store, config_slot, slots

HOSTILE = {
    "client_encoding": "LATIN1",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "array_nulls": "off",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "transform_null_equals": "on",
    "session_replication_role": "replica",
    "gin_fuzzy_search_limit": "1",
    "check_function_bodies": "off",
    "plpgsql.extra_errors": "all",
    "plpgsql.variable_conflict": "use_column",
    "statement_timeout": "300",
    "lock_timeout": "300",
    "transaction_timeout": "300",
    "idle_in_transaction_session_timeout": "300",
    "idle_session_timeout": "300",
    "exit_on_error": "on",
    "jit": "on",
    "plan_cache_mode": "force_custom_plan",
    "client_min_messages": "debug5",
    "client_connection_check_interval": "0",
    "tcp_keepalives_idle": "7200",
    "tcp_keepalives_interval": "75",
    "tcp_keepalives_count": "9",
    "tcp_user_timeout": "0",
    "search_path": "nowhere",
}
GROUPS = {name: (name,) for name in HOSTILE} | {"all": tuple(HOSTILE)}
# None of these alone would disturb the sessions of the tests themselves.
BEHAVIOUR = (
    "all",
    *(
        pytest.param(name, marks=pytest.mark.soak)
        for name in ("DateStyle", "client_encoding", "default_transaction_isolation", "search_path")
    ),
)


@contextmanager
def administering(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine.execution_options(isolation_level="AUTOCOMMIT")
    finally:
        engine.dispose()


def make_hostile(url: str, names: tuple[str, ...], whose: str = "DATABASE {database}") -> None:
    """Set hostile values for all new sessions on a database. Settings that came with a later version are left out."""
    with administering(url) as engine, engine.connect() as connection:
        known = set(connection.execute(text("SELECT lower(name) FROM pg_settings")).scalars())
        database, role = connection.execute(text("SELECT current_database(), current_user")).one()
        for name in names:
            if name.lower() in known or "." in name:
                target = whose.format(database=database, role=role)
                value = sql.Literal(HOSTILE[name]).as_string(None)
                connection.execute(text(f"ALTER {target} SET {name} TO {value}"))


@pytest.fixture
def hostile(request: pytest.FixtureRequest, database_url: str) -> None:
    """A database with hostile settings, made before any other fixture connects to it."""
    make_hostile(database_url, GROUPS[request.param])


def present(engine: Engine) -> dict[str, str | None]:
    with engine.connect() as connection:
        return {
            name: connection.execute(text("SELECT current_setting(:name, true)"), {"name": name}).scalar_one()
            for name in HOSTILE
        }


def test_there_is_a_hostile_value_for_each_setting() -> None:
    assert set(HOSTILE) == {*SETTINGS, "search_path"}
    assert all(HOSTILE[name] != value for name, value in SETTINGS.items())


@pytest.mark.ledger("PRO-16")
@pytest.mark.parametrize("whose", ["DATABASE {database}", 'ROLE "{role}" IN DATABASE {database}'])
def test_sessions_have_the_settings_of_relink_whatever_the_server_sets(database_url: str, whose: str) -> None:
    make_hostile(database_url, tuple(HOSTILE), whose)
    with administering(database_url) as engine:
        found = present(engine)
        over_tcp = is_over_tcp(engine)
    # The kernel tells the last one, in milliseconds.
    expected = {**SETTINGS, "search_path": "public", **({"tcp_user_timeout": "30000"} if over_tcp else {})}
    for name, value in found.items():
        # A server does not know the settings of later versions, and shows 0 for those of TCP on a Unix socket.
        assert value in (expected[name], None) or (name.startswith("tcp_") and not over_tcp and value == "0"), name


def is_over_tcp(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.execute(text("SELECT inet_server_addr() IS NOT NULL")).scalar_one() is True


@pytest.mark.parametrize("hostile", BEHAVIOUR, indirect=True)
@pytest.mark.usefixtures("hostile")
def test_services_lists_runs_tokens_and_sweeps_work(
    app: Flask, engine: Engine, database_url: str, relink_on: Callable[[str], Relink]
) -> None:
    assert_all_works(app, engine, relink_on(database_url))


def assert_all_works(app: Flask, engine: Engine, relink: Relink) -> None:
    """Services, GraphQL, runs, commands and lazy updates read and write correct values."""
    client = Client(app)
    store = Store(client)
    token = relink("token", "add", "Partner für 5 €", "--master").stdout.strip()
    assert relink("token", "list").stdout.split("\t")[1] == "Partner für 5 €"
    assert relink("check").exit_code == 0

    solution = store.set(*slots(config=[config_slot("a", mandatory=False)]), title="Support für 5 €")
    store.publish(solution)
    store.instance(solution, config={"a": '"€"'})
    store.republish(solution, config=[config_slot("a", mandatory=False, title="A")])
    assert move_due_instances(engine, Settings(lazy_update_delay=0)) == 1
    assert on_releases(engine) == {2: 1}
    graphql = GraphQL(app, token)
    (shown,) = nodes(graphql.viewer("solutionInstances { edges { node { created configValues { value } } } }"))
    assert shown["configValues"] == [{"value": '"€"'}]
    assert shown["created"].endswith("Z")
    assert [node["title"] for node in nodes(graphql.viewer("solutions { edges { node { title } } }"))] == [
        "Support für 5 €"
    ]

    client.load(Graph().node("P.B", frozen(), draft()).node("P.A", frozen(*links("P.B.1"))))
    assert client.update("P", "force").number == 0
    assert client.update("P").updates() == []
    listed = app.test_client().get("/runs", auth=(ADMIN, PASSWORD))
    assert [run["startedAt"][-1] for run in listed.get_json()["runs"]] == ["Z"]
    refused = client.post("<SetNode/>")
    assert refused.number != 100


@pytest.mark.parametrize("hostile", ["all"], indirect=True)
@pytest.mark.usefixtures("hostile")
def test_the_sessions_of_a_run_are_ours_again_after_it(client: Client, engine: Engine) -> None:
    """The session of a run has settings of its own for a while."""
    client.load(Graph().node("P.B", frozen(), draft()).node("P.A", frozen(*links("P.B.1"))))
    before = present(engine)
    assert client.update("P", "force").number == 0
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            shown = {
                name: connection.execute(text("SELECT current_setting(:n, true)"), {"n": name}).scalar_one()
                for name in HOSTILE
            }
            assert shown == before


@pytest.mark.parametrize("hostile", ["all"], indirect=True)
@pytest.mark.usefixtures("hostile")
def test_a_statement_may_take_longer_than_the_server_allows(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SELECT pg_sleep(0.5), 1")).one()[1] == 1


@pytest.mark.parametrize("hostile", ["all"], indirect=True)
@pytest.mark.usefixtures("hostile")
def test_the_worker_and_its_queue_work(store: Store, engine: Engine, database_url: str) -> None:
    solution = store.published(config=[config_slot("a")])
    store.instance(solution, config={"a": '"€"'})
    store.republish(solution, config=[config_slot("a", title="A")])
    with worker(database_url):
        eventually(lambda: on_releases(engine) == {2: 1})


@contextmanager
def worker(url: str, **environment: str) -> Iterator[None]:
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "worker"]
    given = {**os.environ, "RELINK_DATABASE_URL": url, "RELINK_LAZY_UPDATE_DELAY": "0", **environment}
    process = subprocess.Popen(command, env=given, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
        assert process.poll() is None
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(WITHIN)


def test_an_empty_database_with_hostile_settings_is_migrated(
    empty_database_url: str, relink_on: Callable[[str], Relink]
) -> None:
    make_hostile(empty_database_url, tuple(HOSTILE))
    relink = relink_on(empty_database_url)
    assert relink("migrate").exit_code == 0
    assert relink("check").exit_code == 0
    assert schemas_of_tables(empty_database_url) == {"public"}


VARIABLES = [(name, value) for name, values in libpq.ENVIRONMENT.items() for value in values]
# For a server these variables apply, unless the URL says otherwise.
FOR_SERVERS = {
    "PGHOST": "nowhere.invalid",
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGDATABASE": "nowhere",
    "PGSSLMODE": "verify-full",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCHANNELBINDING": "require",
    "PGREQUIREPEER": "nobody",
    "PGSERVICEFILE": "/nowhere",
}


def test_the_embedded_database_is_used_whatever_the_environment_says(
    used_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (libpq.HOSTILE | FOR_SERVERS).items():
        monkeypatch.setenv(name, value)
    relink = Relink({"RELINK_DATA_DIR": str(used_directory)})
    assert relink("token", "add", "Partner", "--master").exit_code == 0
    assert relink("check").exit_code == 0


@pytest.mark.ledger("PRO-16")
@pytest.mark.parametrize(("given", "used"), [("2", 2), ("3600", 4), ("0", 4), ("-1", 4)])
def test_the_shorter_timeout_for_connecting_is_used(database_url: str, given: str, used: int) -> None:
    url = make_url(database_url).update_query_dict({"connect_timeout": given}).render_as_string(hide_password=False)
    with administering(url) as engine:
        assert driver_arguments(engine)["connect_timeout"] == used
        assert present(engine)["DateStyle"] == SETTINGS["DateStyle"]


@pytest.mark.parametrize(
    ("hosts", "given", "used"), [("a,b", "4", 2), ("a,b,c", "4", 2), ("a", "4", 4), ("a,b", "1", 1)]
)
def test_several_hosts_share_the_timeout_for_connecting(hosts: str, given: str, used: int) -> None:
    assert connection_arguments({"host": hosts, "connect_timeout": given})["connect_timeout"] == used


def test_a_timeout_that_is_not_a_number_is_reported(database_url: str, relink_on: Callable[[str], Relink]) -> None:
    url = make_url(database_url).update_query_dict({"connect_timeout": "soon"}).render_as_string(hide_password=False)
    result = relink_on(url)("check")
    assert (result.exit_code, "connect_timeout" in result.output) == (1, True)


@pytest.mark.parametrize(("name", "value"), VARIABLES)
def test_variables_of_the_environment_change_nothing(
    name: str, value: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with administering(database_url) as engine:
        before = present(engine)
    monkeypatch.setenv(name, value)
    with administering(database_url) as engine:
        assert present(engine) == before


def test_commands_and_the_service_work_in_a_hostile_environment(database_service: Service) -> None:
    environment = {**os.environ, **libpq.HOSTILE, "RELINK_DATABASE_URL": database_service.database_url}
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "check"]
    done = subprocess.run(command, env=environment, cwd=ROOT, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert libpq.HOSTILE.items() <= environment_of(database_service.served.process.pid).items()
    assert database_service.post("<SetSolution><title>5 €</title></SetSolution>").number == "0"


def schemas_of_tables(url: str) -> set[str]:
    with administering(url) as engine, engine.connect() as connection:
        query = "SELECT schemaname FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        return set(connection.execute(text(query)).scalars())
