"""`relink token`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.commands.conftest import Relink
from tests.graphql.client import GraphQL


@pytest.fixture
def on_database(relink_on: Callable[[str], Relink], database_url: str) -> Relink:
    return relink_on(database_url)


def test_a_master_token_is_printed_once_and_is_valid(on_database: Relink, app: Flask) -> None:
    result = on_database("token", "add", "Partner", "--master")
    assert result.exit_code == 0
    token = result.stdout.strip()
    assert len(token) >= 40
    assert GraphQL(app, token).viewer("details { name }") == {"name": "Partner"}


def test_a_master_token_is_listed_and_removed(on_database: Relink, app: Flask) -> None:
    partner, other = (on_database("token", "add", name, "--master").stdout.strip() for name in ("Partner", "Other"))
    listed = on_database("token", "list").stdout
    assert [line.split("\t")[1] for line in listed.splitlines()] == ["Partner", "Other"]
    assert partner not in listed
    assert [line.split("\t")[3] for line in listed.splitlines()] == ["", ""]
    assert GraphQL(app, other).viewer("details { name }") == {"name": "Other"}
    assert [line.split("\t")[3] != "" for line in on_database("token", "list").stdout.splitlines()] == [False, True]
    assert on_database("token", "remove", "Partner").stdout == "Removed 1 token.\n"
    assert GraphQL(app, partner).post({"query": "{ viewer { details { name } } }"}).status_code == 401
    assert GraphQL(app, other).viewer("details { name }") == {"name": "Other"}
    again = on_database("token", "remove", "Partner")
    assert again.exit_code == 1
    assert 'there is no token named "Partner"' in again.stderr
    [line] = on_database("token", "list").stdout.splitlines()
    assert on_database("token", "remove", line.split("\t")[0]).exit_code == 0
    assert GraphQL(app, other).post({"query": "{ viewer { details { name } } }"}).status_code == 401


def test_the_token_of_an_end_user_is_listed_and_removed_by_its_id(on_database: Relink, app: Flask) -> None:
    master = GraphQL(app, on_database("token", "add", "Partner", "--master").stdout.strip())
    owner = master.mutate("createExternalUser", "userId", name="Ann", externalUserId="ann")["userId"]
    token = master.mutate("authorize", "accessToken", userId=owner)["accessToken"]
    lines = [line.split("\t") for line in on_database("token", "list", "--all").stdout.splitlines()]
    assert [(kind, whose) for _, kind, whose, *_ in lines] == [("master", "Partner"), ("user", owner)]
    query = {"query": "{ viewer { details { id } } }"}
    assert GraphQL(app, token).post(query).status_code == 200
    assert on_database("token", "remove", lines[1][0]).exit_code == 0
    assert GraphQL(app, token).post(query).status_code == 401


def test_a_number_is_not_a_name_of_a_token(on_database: Relink) -> None:
    result = on_database("token", "add", "12", "--master")
    assert (result.exit_code, "NAME must not be a number" in result.stderr) == (1, True)
    assert on_database("token", "remove", "9" * 30).exit_code == 1


def test_user_tokens_are_not_made_here(on_database: Relink) -> None:
    result = on_database("token", "add", "Partner")
    assert result.exit_code == 2
    assert "--master" in result.stderr


@pytest.mark.parametrize("name", ["Foo", " ", "x" * 201, 'a "b"', "\uff11"])
def test_a_token_that_is_not_there_is_named(on_database: Relink, name: str) -> None:
    result = on_database("token", "remove", name)
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert result.stderr.startswith('Error: there is no token named "')


@pytest.mark.parametrize(
    ("name", "shown"), [(" \n", "NAME is missing"), ("x" * 201, "NAME must have at most 200 characters")]
)
def test_a_token_has_a_name(on_database: Relink, name: str, shown: str) -> None:
    result = on_database("token", "add", name, "--master")
    assert result.exit_code == 1
    assert shown in result.stderr
