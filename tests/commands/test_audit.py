"""`relink audit` shows who did what, and no secrets."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import pytest

from tests.commands.conftest import Relink
from tests.support.builders import Graph, frozen
from tests.support.http import ADMIN, PASSWORD, Client, message


@pytest.fixture
def on_database(relink_on: Callable[[str], Relink], database_url: str) -> Relink:
    return relink_on(database_url)


def listed(relink: Relink, *options: str) -> list[list[str]]:
    result = relink("audit", "list", *options)
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


@pytest.mark.ledger("PRO-39")
def test_commands_and_requests_are_listed_with_their_user_and_origin(on_database: Relink, client: Client) -> None:
    client.load(Graph().node("P.A", frozen()))
    on_database("user", "add", "ann", "--password-stdin", stdin=PASSWORD)
    given = {"permissionTypeReference": "node-read", "userGroupReference": "ann", "objectReference": "P.A"}
    permission = client.post(message("CreatePermission", given)).text("permissionIdentifier")
    on_database("permission", "remove", permission or "")
    refused = client.as_user("ann").post(message("GetNode", {"nodeVersionReference": "P.A"}))
    assert refused.number == 101
    me = f"command {getpass.getuser()}"
    rows = [row[1:] for row in listed(on_database, "--user", "ann")]
    details = f'"permission": {permission}, "type": "node-read", "on": "P.A"'
    assert [row[:4] for row in rows] == [
        ["access-refused", "user ann", "127.0.0.1", "service GetNode"],
        ["sign-in", "user ann", "127.0.0.1", ""],
        ["permission-deleted", me, "", "group ann"],
        ["permission-created", f"user {ADMIN}", "127.0.0.1", "group ann"],
        ["user-created", me, "", "user ann"],
    ]
    assert sorted(rows[2][4].strip("{}").split(", ")) == sorted(details.split(", "))
    assert rows[0][4] == '{"errorNumber": 101}'


@pytest.mark.ledger("DEC-42", "PRO-39")
def test_failed_sign_ins_and_the_lock_of_an_account_are_listed(on_database: Relink, client: Client) -> None:
    nobody = client.as_user(None)
    node = message("GetNode", {"nodeVersionReference": "system"})
    for _ in range(11):
        nobody.post(node, auth=(ADMIN, "a wrong s3cret"))
    nobody.post(node, auth=("typed s3cret", "admin"))
    on_database("user", "unlock", ADMIN)
    rows = [row[1:] for row in listed(on_database)]
    assert [row[0] for row in rows] == ["user-unlocked", *["sign-in-refused"] * 12, "user-created"]
    assert rows[1][:4] == ["sign-in-refused", "public", "127.0.0.1", "user"]
    assert rows[2][3] == "network 127.0.0.1"
    assert rows[3][1:] == ["public", "127.0.0.1", f"user {ADMIN}", '{"locked": "account"}']
    assert rows[4][1:] == ["public", "127.0.0.1", f"user {ADMIN}", ""]
    assert "s3cret" not in str(rows)


@pytest.mark.ledger("DEC-42")
def test_a_client_that_signs_in_with_every_request_has_one_row(on_database: Relink, client: Client) -> None:
    for _ in range(5):
        client.get("system")
    assert [row[1] for row in listed(on_database)] == ["sign-in", "user-created"]


def test_new_tokens_and_new_passwords_are_listed(on_database: Relink, client: Client) -> None:
    token = on_database("token", "add", "Partner", "--master").stdout.strip()
    on_database("token", "remove", "Partner")
    on_database("user", "passwd", ADMIN, "--password-stdin", stdin="another s3cret")
    rows = listed(on_database, "--limit", "3")
    assert [row[1] for row in rows] == ["password-changed", "token-removed", "token-created"]
    assert {row[5] for row in rows[1:]} == {'{"kind": "master", "name": "Partner"}'}
    assert token not in str(rows)
    assert "s3cret" not in str(rows)


def test_the_list_is_limited_by_time_number_and_user(on_database: Relink, client: Client) -> None:
    client.get("system")
    assert len(listed(on_database, "--limit", "1")) == 1
    assert len(listed(on_database, "--since", "2020-01-01")) == 2
    assert listed(on_database, "--since", "2999-01-01T00:00") == []
    assert listed(on_database, "--user", "nobody") == []
    assert on_database("audit", "list", "--since", "yesterday").exit_code == 2
