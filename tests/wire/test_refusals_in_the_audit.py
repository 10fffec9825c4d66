"""Refusals and sign-ins at every endpoint are rows of the audit, and nobody can fill the audit with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.application import create_app
from app.identity.audit import AuditRow, read_audit
from app.settings import Settings
from app.solutions.people.tokens import authorize, create_master_token, read_tokens
from tests.graphql.client import GraphQL, mutation
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.solution_store import Store

QUERY = {"query": "{ viewer { details { name } } }"}


def rows(engine: Engine, action: str) -> list[AuditRow]:
    with engine.connect() as connection:
        return [row for row in reversed(read_audit(connection)) if row.action == action]


def shown(row: AuditRow) -> tuple[Any, ...]:
    return row.actor_kind, row.actor, row.object_kind, row.object_name, dict(row.details)


@pytest.fixture
def token(app: Flask, engine: Engine) -> str:
    with engine.begin() as connection:
        return create_master_token(connection, "Partner").token


@pytest.mark.ledger("DEC-42", "PRO-39")
def test_a_token_that_is_not_valid_is_one_row_an_hour_for_a_network(app: Flask, engine: Engine) -> None:
    for _ in range(3):
        assert GraphQL(app, "guessed").post(QUERY).status_code == 401
    assert GraphQL(app, None).post(QUERY).status_code == 401
    assert GraphQL(app, "guessed").post(QUERY, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 401
    reason = {"reason": "not a valid token"}
    assert [shown(row) for row in rows(engine, "sign-in-refused")] == [
        ("public", None, "network", "127.0.0.1", reason),
        ("public", None, "network", "192.0.2.1", reason),
    ]


@pytest.mark.ledger("PRO-39")
def test_a_refused_query_of_a_token_is_a_row_of_the_audit(app: Flask, engine: Engine, client: Client) -> None:
    owner = Store(client).user("Ann")
    with engine.begin() as connection:
        anns = GraphQL(app, authorize(connection, owner))
    for _ in range(2):
        query = mutation("createExternalUser", "userId")
        assert anns.error(query, input={"name": "Bob", "externalUserId": "bob"})[0] == "access_not_allowed"
    [row] = rows(engine, "access-refused")
    assert shown(row) == ("token", f"user token of {owner}", "service", "graphql.graphql", {"errorNumber": 101})


@pytest.mark.ledger("PRO-39")
def test_the_use_of_a_token_is_a_sign_in_and_is_noted(app: Flask, engine: Engine, token: str) -> None:
    with engine.connect() as connection:
        assert [each.last_used for each in read_tokens(connection)] == [None]
    for _ in range(3):
        assert GraphQL(app, token).post(QUERY).status_code == 200
    with engine.connect() as connection:
        [known] = read_tokens(connection)
        used = known.last_used
    assert used is not None
    identifier = str(known.identifier)
    assert [shown(row) for row in rows(engine, "sign-in")] == [
        ("token", "master token Partner", "token", identifier, {})
    ]
    for ago, sign_ins in (("10 seconds", 1), ("2 minutes", 1), ("7 hours", 2)):
        with engine.begin() as connection:
            query = "UPDATE access_token SET last_used_at = now() - CAST(:ago AS interval) RETURNING last_used_at"
            before = connection.execute(text(query), {"ago": ago}).scalar_one()
        assert GraphQL(app, token).post(QUERY).status_code == 200
        with engine.connect() as connection:
            [known] = read_tokens(connection)
        assert (known.last_used == before) is (ago == "10 seconds")
        assert len(rows(engine, "sign-in")) == sign_ins


@pytest.mark.ledger("PRO-39")
def test_a_refused_response_of_a_run_is_a_row_of_the_audit(
    client: Client, engine: Engine, make_user: Callable[..., None]
) -> None:
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    run = client.update("P", "force").response.headers["Relink-Run"]
    make_user("bob", "package-administer P")
    for _ in range(2):
        response = client.app.test_client().get(f"/runs/{run}/response", auth=("bob", PASSWORD))
        assert response.status_code == 403
    [row] = rows(engine, "access-refused")
    assert shown(row) == ("user", "bob", "service", "runs.kept_response", {"errorNumber": 101})


@pytest.mark.ledger("PRO-39")
def test_a_sign_in_that_is_locked_is_one_row_an_hour(app: Flask, engine: Engine) -> None:
    client = Client(create_app(Settings(sign_in_failures_per_account=2), engine))
    get = message("GetNode", {"nodeVersionReference": "system"})
    statuses = [client.post(get, auth=(ADMIN, "wrong horse")).status for _ in range(5)]
    assert statuses == [200, 200, 429, 429, 429]
    reasons = [row.details.get("reason") for row in rows(engine, "sign-in-refused")]
    assert reasons == [None, None, "too many failures"]
