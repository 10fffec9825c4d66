"""CreateUser, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.http import PASSWORD, Client, Reply, message

MakeUser = Callable[..., None]


def ask(client: Client, **elements: str) -> Reply:
    return client.post(message("CreateUser", elements))


def new(client: Client, logon: str = "new", password: str = PASSWORD, **elements: str) -> Reply:
    return ask(client, userLogonReferenceCreate=logon, passwordCreate=password, **elements)


def signs_in(client: Client, logon: str, password: str) -> bool:
    request = message("GetNode", {"nodeVersionReference": "system"})
    return client.as_user(None).post(request, auth=(logon, password)).number == 0


def test_a_new_user_signs_in(client: Client) -> None:
    reply = new(client, userName="New & User", userEmailAddress="new@example.org")
    assert (reply.number, reply.text("userLogonReference")) == (0, "new")
    assert int(reply.text("userIdentifier") or "") > 0
    assert signs_in(client, "new", PASSWORD)
    assert not signs_in(client, "new", PASSWORD + " ")


def test_white_space_counts_in_the_password_and_not_in_the_logon_reference(client: Client) -> None:
    password = "  white  space \n"  # noqa: S105
    assert new(client, " new\n", password).text("userLogonReference") == "new"
    assert signs_in(client, "new", password)
    assert not signs_in(client, "new", password.strip())


def test_a_new_user_may_do_nothing_special(client: Client) -> None:
    new(client)
    assert ask(client.as_user("new"), userLogonReferenceCreate="x", passwordCreate=PASSWORD).number == 101


def test_only_a_holder_of_administer_all_creates_users(client: Client, make_user: MakeUser) -> None:
    make_user("somebody")
    for user in ("somebody", None):
        for reply in (new(client.as_user(user)), ask(client.as_user(user)), new(client.as_user(user), "admin")):
            assert (reply.number, len(reply.tree)) == (101, 2)
    assert not signs_in(client, "new", PASSWORD)


@pytest.mark.parametrize("taken", ["admin", "public"])
def test_a_taken_reference_is_a_user_error(client: Client, taken: str) -> None:
    reply = new(client, taken)
    assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, "userLogonReferenceCreate")
    assert signs_in(client, "admin", PASSWORD)


def test_all_faults_are_reported_and_no_password(client: Client) -> None:
    reply = new(client, "a b", "s3cret", userEmailAddress="nowhere")
    fields = (reply.text("errorFields") or "").split("\n")
    assert (reply.number, fields) == (105, ["userLogonReferenceCreate", "passwordCreate", "userEmailAddress"])
    assert "s3cret" not in reply.response.text
    assert ask(client).text("errorFields") == "userLogonReferenceCreate\npasswordCreate"
