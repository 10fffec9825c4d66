"""Tests depend neither on the environment of a developer nor on what other tests have left."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from app.application import create_app
from app.settings import Settings
from tests.conftest import FreshDatabase
from tests.support.builders import Graph, draft, frozen, links
from tests.support.databases import engine_on
from tests.support.http import SECRET_KEY, Client
from tests.support.kept_imports import keeping
from tests.support.solution_store import Store

GRAPH = Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft())


def test_a_test_sees_no_settings() -> None:
    assert Settings.from_environment() == Settings(data_directory=Settings.from_environment({}).data_directory)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of pytest on a machine with settings of the developer and without a Chromium."""
    root = Path(__file__).parent.parent
    given = {name: value for name, value in os.environ.items() if name != "RELINK_TEST_CHROMIUM"}
    settings = {"RELINK_DATABASE_URL": "postgresql://nowhere.invalid/relink", "RELINK_POOL_SIZE": "7"}
    environment = {**given, **settings, "PATH": str(tmp_path_factory.mktemp("path"))}
    tests = ("tests/wizard/test_browser.py", f"{__file__}::{test_a_test_sees_no_settings.__name__}")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_settings_of_the_developer_do_not_reach_a_test(report: str) -> None:
    assert "1 passed, " in report.splitlines()[-1]


def test_without_a_chromium_the_tests_in_a_browser_are_left_out_and_the_report_says_so(report: str) -> None:
    assert "test_browser.py::" not in report
    assert "browser tests left out" in report
    assert (
        "No Chromium was found, so the tests of pages in a browser were left out. Install Debian's package"
        " chromium-headless-shell, or set RELINK_TEST_CHROMIUM to the path of a Chromium.\n"
    ) in report
    assert "deselected" in report.splitlines()[-1]


def test_a_test_gets_a_database_without_anything_of_earlier_tests(fresh_database: FreshDatabase) -> None:
    found = []
    for _ in range(6):
        with fresh_database(True, connected=True) as url, engine_on(url) as engine:
            with engine.connect() as connection:
                found.append(contents_of(connection))
            client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
            client.load(GRAPH)
            assert client.update("P", "force").response.headers["Relink-Run"] == "1"
            store = Store(client)
            store.instance(store.published())
            with engine.begin() as connection:
                connection.execute(text("UPDATE account SET user_name = 'other'"))
                connection.execute(text("DELETE FROM alembic_version"))
                if len(found) == 4:
                    connection.execute(text("ALTER TABLE audit ALTER COLUMN details SET STATISTICS 7"))
    assert all(each == found[0] for each in found)
    assert len(found[0]) > 30


def test_an_import_that_is_kept_leaves_the_store_as_the_import_does(fresh_database: FreshDatabase) -> None:
    """The only difference is that nobody has signed in to it. The next request does so."""
    more = Graph().node("P.C", frozen(*links("P.A.1"), *links("P.B.1")))
    found = []
    for is_kept in (False, True, True):
        with (
            fresh_database(True, connected=True) as url,
            engine_on(url) as engine,
            keeping() if is_kept else nullcontext(),
        ):
            client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
            replies = [client.load(GRAPH), client.load(more), client.get("P.C")]
            with engine.connect() as connection:
                contents = contents_of(connection)
            del contents["audit"], contents["sign_in_network"]
            found.append(([reply.text("membersWritten") for reply in replies], without_times(contents)))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == ["1", "2", None]


def without_times(contents: dict[str, list[str]]) -> dict[str, list[str]]:
    return {table: [re.sub(r"datetime\([^)]*\)+", "", row) for row in rows] for table, rows in contents.items()}


def contents_of(connection: Connection) -> dict[str, list[str]]:
    """The rows of each table, the value of each sequence, and the statistics targets of columns."""
    tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relpersistence = 'p' AND oid >= 16384"
    queries = {name: f"TABLE {name}" for name in connection.execute(text(tables)).scalars()}
    queries["sequences"] = "SELECT seqrelid, pg_sequence_last_value(seqrelid) FROM pg_sequence"
    queries["columns"] = "SELECT attrelid, attname, attstattarget FROM pg_attribute WHERE attrelid >= 16384"
    return {name: sorted(map(repr, connection.execute(text(query)))) for name, query in queries.items()}
