"""`relink user`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from tests.commands.conftest import Relink
from tests.support.builders import Graph, package
from tests.support.http import PASSWORD, Client, message


@pytest.fixture
def on_database(relink_on: Callable[[str], Relink], database_url: str) -> Relink:
    return relink_on(database_url)


def test_a_user_that_was_added_can_sign_in(on_database: Relink, client: Client) -> None:
    result = on_database("user", "add", "ann", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (result.exit_code, result.stdout) == (0, "Added the user ann.\n")
    client.load(Graph().node("P", package()))
    assert client.as_user("ann").update("P").number == 101
    assert client.as_user("ann").update("system").number == 0


def test_an_admin_may_do_everything(on_database: Relink, client: Client) -> None:
    result = on_database("user", "add", "ann", "--admin", "--password-stdin", stdin=PASSWORD)
    assert result.exit_code == 0
    client.load(Graph().node("P", package()))
    assert client.as_user("ann").update("P").number == 0


@pytest.mark.parametrize(
    ("arguments", "password", "shown"),
    [
        (["ann"], "short", "the password must have 8 to 1024 characters"),
        (["a n n"], PASSWORD, "LOGON must begin with a letter or digit"),
        (["ann", "--email", "nowhere"], PASSWORD, "--email must be an email address"),
        (["public"], PASSWORD, "public is taken"),
    ],
)
def test_a_fault_of_a_user_is_reported(on_database: Relink, arguments: list[str], password: str, shown: str) -> None:
    result = on_database("user", "add", *arguments, "--password-stdin", stdin=password)
    assert result.exit_code == 1
    assert shown in result.stderr
    assert password not in result.output


def test_without_a_terminal_the_password_must_be_given(on_database: Relink) -> None:
    result = on_database("user", "add", "ann")
    assert result.exit_code == 2
    assert "--password-stdin" in result.stderr


def test_a_database_that_is_behind_is_not_touched(relink_on: Callable[[str], Relink], empty_database_url: str) -> None:
    result = relink_on(empty_database_url)("user", "add", "ann", "--password-stdin", stdin=PASSWORD)
    assert result.exit_code == 1
    assert "run 'relink migrate'" in result.stderr


NODE = message("GetNode", {"nodeVersionReference": "system"})


def signs_in(client: Client, logon: str, password: str = PASSWORD) -> bool:
    return client.as_user(None).post(NODE, auth=(logon, password)).number == 0


def test_users_are_listed_with_their_state_and_last_sign_in(on_database: Relink, client: Client) -> None:
    on_database(
        "user", "add", "bob", "--name", "Bob \t B.", "--email", "bob@example.org", "--password-stdin", stdin=PASSWORD
    )
    on_database("user", "add", "ann", "--password-stdin", stdin=PASSWORD)
    assert on_database("user", "disable", "ann").stdout == "The user ann is disabled.\n"
    assert signs_in(client, "bob")
    lines = [line.split("\t") for line in on_database("user", "list").stdout.splitlines()]
    assert [line[:4] for line in lines] == [
        ["admin", "admin", "", "enabled"],
        ["ann", "ann", "", "disabled"],
        ["bob", "Bob B.", "bob@example.org", "enabled"],
    ]
    assert [bool(line[4]) for line in lines] == [False, False, True]


def test_a_disabled_user_is_refused_at_once_until_enabled(on_database: Relink, client: Client) -> None:
    on_database("user", "add", "ann", "--password-stdin", stdin=PASSWORD)
    assert signs_in(client, "ann")
    assert on_database("user", "disable", "ann").exit_code == 0
    assert not signs_in(client, "ann")
    assert on_database("user", "enable", "ann").exit_code == 0
    assert signs_in(client, "ann")


def test_an_old_password_is_refused_at_once(on_database: Relink, client: Client) -> None:
    on_database("user", "add", "ann", "--password-stdin", stdin=PASSWORD)
    assert signs_in(client, "ann")
    result = on_database("user", "passwd", "ann", "--password-stdin", stdin="another password\n")
    assert (result.exit_code, result.stdout) == (0, "The user ann has a new password.\n")
    assert not signs_in(client, "ann")
    assert signs_in(client, "ann", "another password")


def test_a_locked_user_is_unlocked(on_database: Relink, client: Client, engine: Engine) -> None:
    on_database("user", "add", "ann", "--password-stdin", stdin=PASSWORD)
    strict = Client(create_app(Settings(sign_in_failures_per_account=2, sign_in_failures_per_address=3), engine), None)
    for _ in range(2):
        assert strict.post(NODE, auth=("ann", "a wrong one")).status == 200
    assert strict.post(NODE, auth=("ann", PASSWORD)).status == 429
    assert on_database("user", "unlock", "ann").stdout == "The user ann is not locked.\n"
    assert strict.post(NODE, auth=("bob", "a wrong one")).status == 200
    assert strict.post(NODE, auth=("ann", PASSWORD)).status == 429
    assert on_database("user", "unlock", "--address", "127.0.0.1").stdout == "The network of 127.0.0.1 is not locked.\n"
    assert strict.post(NODE, auth=("ann", PASSWORD)).number == 0


@pytest.mark.parametrize("command", ["passwd", "disable", "enable", "unlock"])
@pytest.mark.parametrize("logon", ["nobody", "a b", "public"])
def test_an_unknown_user_is_not_found(on_database: Relink, command: str, logon: str) -> None:
    options = ["--password-stdin"] if command == "passwd" else []
    result = on_database("user", command, logon, *options, stdin=PASSWORD)
    assert (result.exit_code, result.stderr) == (1, f'Error: there is no user "{logon}"\n')


def test_unlock_needs_something_to_unlock(on_database: Relink) -> None:
    assert on_database("user", "unlock").exit_code == 2
