"""Revoked rights are refused in every process from the next request on, also if the process has remembered them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable

import pytest

from app.solutions.people.tokens import create_master_token, remove_tokens
from tests.support.builders import Graph, frozen
from tests.support.http import message
from tests.support.raw import RawReply, exchange, request
from tests.support.real_service import Service

OLD, NEW = "the first password", "the second password"
NODE = message("GetNode", {"nodeVersionReference": "system"})
INSTANCES = b'{"query": "{ viewer { solutionInstances { totalCount } } }"}'
# Each request has a connection of its own. The chance that one of two processes gets none of them is 2 to the minus 29.
OFTEN = 30


def made_user(service: Service, name: str) -> str:
    assert service.post(message("CreateUser", {"userLogonReferenceCreate": name, "passwordCreate": OLD})).number == "0"
    return name


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def numbers(ask: Callable[[], RawReply]) -> set[str]:
    """The error numbers of many responses."""
    return {ask().number for _ in range(OFTEN)}


@pytest.mark.ledger("PRO-36")
def test_an_old_password_and_a_disabled_account_are_refused_in_every_process(service: Service) -> None:
    user = made_user(service, "ann")

    def ask(password: str) -> RawReply:
        return exchange(service.url, request("/service", NODE.encode(), Authorization=basic(user, password)))

    assert numbers(lambda: ask(OLD)) == {"0"}
    changed = message("UpdatePassword", {"userLogonReferenceUpdate": user, "newPassword": NEW})
    assert service.post(changed).number == "0"
    assert ask(OLD).number == "101"
    assert numbers(lambda: ask(NEW)) == {"0"}
    disabled = message("UpdateUserStatus", {"userLogonReferenceUpdate": user, "action": "disable"})
    assert service.post(disabled).number == "0"
    assert numbers(lambda: ask(NEW)) == {"101"}


@pytest.mark.ledger("PRO-37")
def test_a_removed_token_is_refused_in_every_process(service: Service) -> None:
    with service.engine.begin() as connection:
        token = create_master_token(connection, "builder").token

    def ask() -> RawReply:
        asked = request("/graphql", INSTANCES, Authorization=f"Bearer {token}", Content_Type="application/json")
        return exchange(service.url, asked)

    assert {ask().status for _ in range(OFTEN)} == {200}
    with service.engine.begin() as connection:
        remove_tokens(connection, "builder")
    assert {ask().status for _ in range(OFTEN)} == {401}


@pytest.mark.ledger("PRO-38")
def test_a_removed_permission_no_longer_counts_in_any_process(service: Service) -> None:
    user = made_user(service, "bob")
    assert service.post(Graph().node("taken.A", frozen()).xml()).number == "0"
    granted = service.post(
        message(
            "CreatePermission",
            {"permissionTypeReference": "node-read", "userGroupReference": user, "objectReference": "taken.A"},
        )
    )
    permission = re.search(rb"<permissionIdentifier>(\d+)<", granted.body)
    assert permission is not None
    node = message("GetNode", {"nodeVersionReference": "taken.A"}).encode()
    read = request("/service", node, Authorization=basic(user, OLD))
    assert numbers(lambda: exchange(service.url, read)) == {"0"}
    removed = message("DeletePermission", {"permissionIdentifier": permission[1].decode()})
    assert service.post(removed).number == "0"
    assert numbers(lambda: exchange(service.url, read)) == {"101"}
