"""Failures of the database, each with its HTTP status and its message."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.solutions.people.tokens import create_master_token
from tests.graphql.client import GraphQL
from tests.support.http import Client, message

RAISE = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'geheim' USING ERRCODE = '{state}'; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail();
"""
FAILURES = {
    "53100": (503, "the disk of the database is full: try again in 60 seconds"),
    "53200": (503, "the database server has not enough memory: try again in 30 seconds"),
    "53300": (503, "the database server has no free connection: try again in 5 seconds"),
    "53400": (503, "the database server has reached a limit of its configuration: try again in 30 seconds"),
    "58030": (503, "the database server cannot read or write its files: try again in 60 seconds"),
    "25006": (503, "the database is read-only: try again in 30 seconds"),
    "57P03": (503, "the database server is starting or stopping: try again in 5 seconds"),
    "57P01": (503, "the database is not available: try again in 5 seconds"),
    "08006": (503, "the database is not available: try again in 5 seconds"),
    "28P01": (503, "the database does not accept the service: try again in 30 seconds"),
    "3D000": (503, "the database does not exist: try again in 30 seconds"),
    "42501": (500, "the database denies a privilege to the service: the operator of the service must correct this"),
}
CREATE = message("CreateUser", {"userLogonReferenceCreate": "bob", "passwordCreate": "a good password"})


def failing(engine: Engine, table: str, state: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(RAISE.format(table=table, state=state)))


@pytest.mark.parametrize("state", list(FAILURES))
def test_a_service_says_what_is_wrong(client: Client, engine: Engine, state: str) -> None:
    failing(engine, "account", state)
    reply = client.post(CREATE)
    status, sentence = FAILURES[state]
    assert (reply.status, reply.number, reply.text("errorDescription")) == (status, 100, sentence)
    assert ("Retry-After" in reply.response.headers) == (status == 503)
    assert "geheim" not in reply.response.text


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014"])
def test_a_conflict_with_another_transaction_is_error_106(client: Client, engine: Engine, state: str) -> None:
    failing(engine, "account", state)
    reply = client.post(CREATE)
    assert (reply.status, reply.number) == (200, 106)


def test_an_unexpected_error_of_the_database_is_an_internal_error(client: Client, engine: Engine) -> None:
    failing(engine, "account", "XX000")
    reply = client.post(CREATE)
    assert (reply.status, reply.number) == (500, 100)
    assert "internal error" in (reply.text("errorDescription") or "")


def test_graphql_returns_the_same_message_and_logs_the_remedy(
    app: Flask, engine: Engine, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine.begin() as connection:
        graphql = GraphQL(app, create_master_token(connection, "Partner").token)
    failing(engine, "external_user", "53100")
    body = {"query": 'mutation { createExternalUser(input: {name: "A", externalUserId: "a"}) { userId } }'}
    (error,) = graphql.post(body).get_json()["errors"]
    assert error["message"] == "the disk of the database is full: try again in 60 seconds"
    assert error["extensions"]["code"] == "try_again"
    log = capsys.readouterr().out
    assert "the database cannot be used" in log
    assert "free some space on it" in log
