"""ListTokens, CreateToken and RemoveToken: who may use them, what they return, and how a removed token is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from tests.support.http import Client, Reply, message
from tests.support.solution_store import Store

MakeUser = Callable[..., None]
QUERY = {"query": "{ viewer { solutions { edges { node { id } } } } }"}


def ask(client: Client, service: str, **elements: str) -> Reply:
    return client.post(message(service, elements))


def listed(reply: Reply, *fields: str) -> list[tuple[str | None, ...]]:
    return [tuple(token.findtext(field) for field in fields) for token in reply.tree.iter("Token")]


def status(app: Flask, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().post("/graphql", json=QUERY, headers=headers).status_code


@pytest.mark.ledger("DEC-340")
def test_a_token_is_created_used_listed_and_removed(client: Client, app: Flask, engine: Engine) -> None:
    made = ask(client, "CreateToken", tokenName="Shop")
    token, identifier = made.text("masterToken") or "", made.text("tokenIdentifier") or ""
    assert listed(ask(client, "ListTokens"), "tokenIdentifier", "tokenKind", "tokenName", "lastUsedAt") == [
        (identifier, "master", "Shop", None)
    ]
    assert status(app, token) == 200
    found = ask(client, "ListTokens")
    assert listed(found, "lastUsedAt") != [(None,)]
    assert token not in found.response.text
    with engine.connect() as connection:
        (stored,) = connection.execute(text("SELECT t::text FROM access_token t")).scalars()
    assert token not in stored
    assert ask(client, "RemoveToken", tokenIdentifier=identifier).number == 0
    assert status(app, token) == 401
    assert listed(ask(client, "ListTokens"), "tokenIdentifier") == []
    again = ask(client, "RemoveToken", tokenIdentifier=identifier)
    assert (again.number, again.text("errorFields")) == (105, "tokenIdentifier")


def test_the_audit_names_who_created_and_removed_a_token_and_never_holds_it(client: Client) -> None:
    made = ask(client, "CreateToken", tokenName="Shop")
    identifier = made.text("tokenIdentifier") or ""
    ask(client, "RemoveToken", tokenIdentifier=identifier)
    for action in ("token-created", "token-removed"):
        found = ask(client, "GetAuditList", auditAction=action)
        fields = ("actorReference", "objectKind", "objectReference")
        assert [found.text(f"AuditList/Audit/{field}") for field in fields] == ["admin", "token", identifier]
        assert (made.text("masterToken") or "") not in found.response.text


def test_tokens_of_end_users_are_listed_on_request_and_can_be_removed(client: Client, store: Store) -> None:
    owner = store.user()
    store.done("GenerateAuthorizationCode", userId=owner)
    ask(client, "CreateToken", tokenName="Shop")
    assert listed(ask(client, "ListTokens"), "tokenKind") == [("master",)]
    ((kind, user, identifier, expires), _) = listed(
        ask(client, "ListTokens", allKindsIndicator="true"), "tokenKind", "userId", "tokenIdentifier", "expires"
    )
    assert (kind, user, expires is not None) == ("code", owner, True)
    assert ask(client, "RemoveToken", tokenIdentifier=identifier or "").number == 0


def test_pages_of_tokens_follow_each_other(client: Client) -> None:
    names = ["Shop", "Customer relations", "Shop"]
    for name in names:
        ask(client, "CreateToken", tokenName=name)
    seen: list[str | None] = []
    after: str | None = ""
    while after is not None:
        reply = ask(client, "ListTokens", tokenIdentifierAfter=after, pageSize="2")
        seen += [name for (name,) in listed(reply, "tokenName")]
        after = reply.text("tokenIdentifierAfter")
    assert seen == names


@pytest.mark.parametrize(
    ("service", "given", "field"),
    [
        ("CreateToken", {}, "tokenName"),
        ("CreateToken", {"tokenName": "  "}, "tokenName"),
        ("CreateToken", {"tokenName": "17"}, "tokenName"),
        ("RemoveToken", {}, "tokenIdentifier"),
        ("RemoveToken", {"tokenIdentifier": "0"}, "tokenIdentifier"),
        ("RemoveToken", {"tokenIdentifier": "9007199254740991"}, "tokenIdentifier"),
    ],
)
def test_wrong_fields_are_reported(client: Client, service: str, given: dict[str, str], field: str) -> None:
    reply = ask(client, service, **given)
    assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, field)


@pytest.mark.ledger("DEC-340")
def test_only_administrators_use_them(client: Client, make_user: MakeUser) -> None:
    make_user("solver", "administer-solutions")
    identifier = ask(client, "CreateToken", tokenName="Shop").text("tokenIdentifier") or ""
    for user in ("solver", None):
        for service, given in (
            ("ListTokens", {}),
            ("CreateToken", {"tokenName": "Mine"}),
            ("RemoveToken", {"tokenIdentifier": identifier}),
            ("RemoveToken", {"tokenIdentifier": "999999"}),
        ):
            reply = ask(client.as_user(user), service, **given)
            assert (reply.number, len(reply.tree)) == (101, 2), service
    assert listed(ask(client, "ListTokens"), "tokenName") == [("Shop",)]


def test_a_token_is_not_created_by_get(app: Flask) -> None:
    response = app.test_client().get("/service/CreateToken?tokenName=Shop")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
