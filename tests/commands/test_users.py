"""`relink user add`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.commands.conftest import Relink
from tests.support.builders import Graph, package
from tests.support.http import PASSWORD, Client


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
    ("arguments", "password", "told"),
    [
        (["ann"], "short", "the password must have 8 to 1024 characters"),
        (["a n n"], PASSWORD, "LOGON must begin with a letter or digit"),
        (["ann", "--email", "nowhere"], PASSWORD, "--email must be one mail address"),
        (["public"], PASSWORD, "public is taken"),
    ],
)
def test_what_is_wrong_with_a_user_is_told(on_database: Relink, arguments: list[str], password: str, told: str) -> None:
    result = on_database("user", "add", *arguments, "--password-stdin", stdin=password)
    assert result.exit_code == 1
    assert told in result.stderr
    assert password not in result.output


def test_without_a_terminal_the_password_must_be_given(on_database: Relink) -> None:
    result = on_database("user", "add", "ann")
    assert result.exit_code == 2
    assert "--password-stdin" in result.stderr


def test_a_database_that_is_behind_is_not_touched(relink_on: Callable[[str], Relink], empty_database_url: str) -> None:
    result = relink_on(empty_database_url)("user", "add", "ann", "--password-stdin", stdin=PASSWORD)
    assert result.exit_code == 1
    assert "run 'relink migrate'" in result.stderr
