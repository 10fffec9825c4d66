"""The view `member` shows members as rows, and reads only the versions that are given by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from app.application import create_app
from app.database.sql_files import sql_file
from app.nodes.checked_members import SHORT
from app.settings import Settings
from benchmarks.packages import SIZE, add_packages
from tests.conftest import FreshDatabase
from tests.support.builders import Graph, frozen, links
from tests.support.databases import connected, engine_on
from tests.support.http import SECRET_KEY, Client

PACKAGES = 500
MEMBERS = 7
_OF_ONE_VERSION = "SELECT * FROM member WHERE node_identifier = %(node)s AND version_number = 1"
_AS_UNNESTED = """
    SELECT m.* FROM unnest(ARRAY[%(node)s]::bigint[], ARRAY[1]) AS v (node_identifier, version_number)
    JOIN member m USING (node_identifier, version_number)
"""
_OF_CURRENT_VERSION = """
    SELECT m.* FROM node n
    JOIN member m ON m.node_identifier = n.node_identifier AND m.version_number = n.frozen_version_number
    WHERE n.node_reference = 'P.A'
"""


@pytest.fixture(scope="module")
def store(fresh_database: FreshDatabase) -> Iterator[Engine]:
    """A store with thousands of versions, of which `P.A.1` has seven members."""
    members = links(*(f"store.p{number}.1" for number in range(1, MEMBERS + 1)))
    with fresh_database(True, connected=True) as url, engine_on(url) as engine:
        with connected(url) as filling:
            filling.autocommit = True
            add_packages(filling, PACKAGES)
            Client(create_app(Settings(secret_key=SECRET_KEY), engine)).load(Graph().node("P.A", frozen(*members)))
            filling.execute("ANALYZE")
        yield engine


@pytest.fixture
def connection(store: Engine) -> Iterator[Connection]:
    """A connection to the store."""
    with store.connect() as connection:
        yield connection


def scans(plan: dict[str, Any]) -> list[tuple[str, int]]:
    """How each scan of versions reads them, and how many rows it has read, including those that it has dropped."""
    found = [each for below in plan.get("Plans", []) for each in scans(below)]
    if plan.get("Relation Name") == "node_version":
        rows = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
        found.append((plan["Node Type"], round(rows)))
    return found


@pytest.mark.parametrize("plans", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    "query", [_OF_ONE_VERSION, _AS_UNNESTED, _OF_CURRENT_VERSION], ids=["by key", "joined", "of a node"]
)
def test_the_members_of_one_version_are_read_without_reading_other_versions(
    connection: Connection, query: str, plans: str
) -> None:
    node = connection.execute(text("SELECT node_identifier FROM node WHERE node_reference = 'P.A'")).scalar_one()
    connection.execute(text(f"SET LOCAL plan_cache_mode = {plans}"))
    connection.exec_driver_sql(f"PREPARE members (bigint) AS {query % {'node': '$1'}}")
    explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE members ({node})").scalar_one()
    connection.exec_driver_sql("DEALLOCATE members")
    plan = explained[0]["Plan"]
    assert plan["Actual Rows"] == MEMBERS
    assert [(kind.startswith("Index"), rows) for kind, rows in scans(plan)] == [(True, 1)]


def test_the_members_of_some_versions_are_read_without_reading_others(connection: Connection) -> None:
    query = text("SELECT node_identifier FROM node WHERE node_reference LIKE 'store.p_.n2'")
    nodes = list(connection.execute(query).scalars())
    given = {"nodes": nodes, "numbers": [1] * len(nodes), "longest": SHORT + 1}
    statement = sql_file("app.nodes", "checked_members")
    explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given).scalar_one()
    plan = explained[0]["Plan"]
    assert plan["Actual Rows"] == len(nodes) == 9
    assert [("Seq" in kind, rows) for kind, rows in scans(plan)] == [(False, len(nodes))]
    assert connection.execute(text("SELECT count(*) FROM node_version")).scalar_one() > PACKAGES * SIZE
