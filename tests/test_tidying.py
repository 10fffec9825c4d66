"""A web process cleans up by itself, since there may be no worker."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from app.settings import Settings
from app.tidying import Tidying
from tests.support.builders import Graph, frozen
from tests.support.http import Client
from tests.support.solution_store import Store

WITHIN = 30


def value(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.ledger("DEC-148")
def test_dead_runs_are_closed_and_old_runs_and_rows_of_the_audit_deleted(client: Client, engine: Engine) -> None:
    client.load(Graph().node("P", frozen()))
    with engine.begin() as connection:
        for state, finished in (("running", "NULL"), ("done", "now() - interval '91 days'")):
            connection.execute(
                text(
                    "INSERT INTO run (service, context_node_identifier, context_reference, include_content, options,"
                    " state, finished_at) SELECT 'UpdateNodeVersions', node_identifier, node_reference, true, '{}',"
                    f" '{state}', {finished}"
                    " FROM node WHERE node_reference = 'P'"
                )
            )
        connection.execute(
            text(
                "INSERT INTO audit (action, actor_kind, at) SELECT action, 'worker', now() - age * interval '1 day'"
                " FROM (VALUES ('instance-moved', 91), ('instance-moved', 89), ('sign-in', 91), ('sign-in', 366))"
                " AS old (action, age)"
            )
        )
    tidying = Tidying(engine, Settings(), every=0.01)
    tidying.start()
    try:
        eventually(lambda: value(engine, "SELECT string_agg(state, ' ') FROM run") == "interrupted")
        worker = "SELECT string_agg(action, ' ' ORDER BY at) FROM audit WHERE actor_kind = 'worker'"
        eventually(lambda: value(engine, worker) == "sign-in instance-moved")
    finally:
        tidying.end()


@pytest.mark.ledger("DEC-347")
def test_sessions_of_the_wizard_that_have_expired_are_forgotten(store: Store, engine: Engine) -> None:
    owner = store.user("Ann")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO wizard_session (token_hash, owner, filled_in, expires_at)"
                " SELECT sha256(age::text::bytea), CAST(:owner AS uuid), '', now() - age * interval '1 hour'"
                " FROM (VALUES (1), (-1)) AS session (age)"
            ),
            {"owner": owner},
        )
    tidying = Tidying(engine, Settings(), every=0.01)
    tidying.start()
    try:
        eventually(lambda: value(engine, "SELECT count(*) FROM wizard_session") == 1)
    finally:
        tidying.end()
    assert value(engine, "SELECT expires_at > now() FROM wizard_session") is True
