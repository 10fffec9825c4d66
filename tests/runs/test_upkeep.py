"""Old runs are deleted after the retention time, in small transactions; those that live are left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from app.runs.upkeep import close_dead, delete_old
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client
from tests.updates.test_force import interfere

NEVER = False


@pytest.fixture
def forced(client: Client, engine: Engine) -> Client:
    """A store with three runs of five nodes each, which ended 91, 90 and 89 days ago, less a minute."""
    for package in ("P", "Q", "R"):
        graph = Graph().node(f"{package}.N5", frozen(), draft())
        for number in range(5):
            graph.node(f"{package}.N{number}", frozen(*links(f"{package}.N{number + 1}.1")))
        client.load(graph)
        client.update(package, "force")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE run SET finished_at = now() - make_interval(days => 92 - run_identifier::integer, mins => -1)")
        )
    return client


def shown(client: Client, path: str) -> int:
    return client.app.test_client().get(path, auth=(ADMIN, PASSWORD)).status_code


def rows(engine: Engine) -> list[tuple[int, int, int]]:
    """For each recorded run its id, the number of its outcomes, and the number of the stored parts of its response."""
    query = """
        SELECT coalesce(r.run_identifier, 0), count(DISTINCT o.ordinal), count(DISTINCT s.part)
        FROM run r FULL JOIN run_outcome o USING (run_identifier) FULL JOIN run_response s USING (run_identifier)
        GROUP BY r.run_identifier ORDER BY 1
    """
    with engine.connect() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(text(query))]


@pytest.mark.ledger("DEC-29", "PRO-35")
def test_runs_are_deleted_with_their_outcomes_and_responses_after_the_retention_time(
    forced: Client, engine: Engine
) -> None:
    assert delete_old(engine, 36_500, stop=lambda: NEVER) == 0
    assert delete_old(engine, 90, stop=lambda: NEVER) == 1
    assert rows(engine) == [(2, 5, 1), (3, 5, 1)]
    assert [shown(forced, f"/runs/{run}") for run in (1, 2, 3)] == [404, 200, 200]
    assert [shown(forced, f"/runs/{run}/response") for run in (1, 2, 3)] == [404, 200, 200]
    assert delete_old(engine, 90, stop=lambda: NEVER) == 0
    assert delete_old(engine, 1, stop=lambda: NEVER) == 2
    assert rows(engine) == []


def test_a_run_that_is_deleted_in_parts_is_shown_whole_until_it_is_gone(
    forced: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is asked to stop after each of its transactions, which delete two outcomes."""
    monkeypatch.setattr("app.runs.upkeep._BATCH", 2)
    for left in (3, 1):
        asked = iter([False, True])
        assert delete_old(engine, 90, stop=lambda asked=asked: next(asked)) == 0  # type: ignore[misc]
        assert rows(engine)[0] == (1, left, 1)
        run = forced.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
        assert (run["state"], run["steps"], run["done"]) == ("done", 5, 5)
        assert shown(forced, "/runs/1/response") == 200
    assert delete_old(engine, 90, stop=lambda: NEVER) == 1
    assert shown(forced, "/runs/1") == 404


def test_two_workers_delete_different_runs(forced: Client, engine: Engine) -> None:
    with engine.begin() as other:
        other.execute(text("SELECT FROM run WHERE run_identifier = 1 FOR UPDATE"))
        assert delete_old(engine, 1, stop=lambda: NEVER) == 2
    assert [row[0] for row in rows(engine)] == [1]


def test_a_run_that_lives_is_not_touched_however_long_ago_it_began(forced: Client, engine: Engine) -> None:
    with running(engine) as run:
        assert close_dead(engine) == 0
        assert delete_old(engine, 1, stop=lambda: NEVER) == 3
        assert rows(engine) == [(run, 0, 0)]
    assert close_dead(engine) == 1
    assert forced.app.test_client().get(f"/runs/{run}", auth=(ADMIN, PASSWORD)).get_json()["state"] == "interrupted"


@contextmanager
def running(engine: Engine) -> Iterator[int]:
    """A run that began a thousand days ago, and whose process is alive."""
    with engine.connect() as connection:
        run = connection.execute(
            text(
                "INSERT INTO run (service, context_node_identifier, context_reference, include_content, options,"
                " state, started_at) SELECT 'UpdateNodeVersions', node_identifier, 'P', true, '{}', 'running',"
                " now() - interval '1000 days'"
                " FROM node WHERE node_reference = 'P' RETURNING run_identifier"
            )
        ).scalar_one()
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": (0x52454C4B << 32) | run})
        connection.commit()
        yield int(run)
        connection.execute(text("SELECT pg_advisory_unlock_all()"))


@pytest.mark.ledger("PRO-34")
def test_a_run_that_loses_its_connection_leaves_no_staged_rows_when_it_is_found(client: Client, engine: Engine) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    interfere(engine, "PERFORM pg_terminate_backend(pg_backend_pid());")
    assert client.update("P", "force").status == 503
    assert staged(engine) == 1
    assert shown(client, "/runs") == 200
    assert staged(engine) == 0


def staged(engine: Engine) -> int:
    with engine.connect() as connection:
        query = "SELECT (SELECT count(*) FROM run_step) + (SELECT count(*) FROM run_step_other)"
        return int(connection.execute(text(query)).scalar_one())
