"""Users and permissions as administrators see and change them, over HTTP. A revocation takes effect at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import Connection, Engine

from app.application import create_app
from app.errors import NotAuthorisedError
from app.identity.accounts import StatusAction, change_status
from app.identity.passwords import PasswordVerifier
from app.identity.rights import Caller
from app.identity.sign_in import Credentials, SignIn
from app.nodes.permission_records import delete_permission, read_permissions
from app.settings import Settings
from tests.services.test_queued_runs import eventually
from tests.support.builders import Graph, draft, frozen, package
from tests.support.http import ADMIN, PASSWORD, Client, Reply, message
from tests.support.lock_waits import waiting_sessions

MakeUser = Callable[..., None]
Remove = Callable[[Connection, Caller, str], None]
NEW = "quite another one"


@pytest.fixture
def store(client: Client, make_user: MakeUser) -> Client:
    client.load(Graph().node("P", package()).node("P.A", frozen(), draft(name="A, new")).node("Q.A", frozen()))
    make_user("owner", "package-administer P")
    make_user("user", "node-read P.A")
    return client


@pytest.fixture
def other_process(app: Flask, engine: Engine) -> Client:
    """An application with a memory of verified passwords of its own, on the same database."""
    return Client(create_app(Settings(), engine))


def ask(client: Client, service: str, **elements: str) -> Reply:
    return client.post(message(service, elements))


def status(client: Client, logon: str, action: str) -> Reply:
    return ask(client, "UpdateUserStatus", userLogonReferenceUpdate=logon, action=action)


def signs_in(client: Client, logon: str, password: str = PASSWORD) -> bool:
    request = message("GetNode", {"nodeVersionReference": "system"})
    return client.as_user(None).post(request, auth=(logon, password)).number == 0


def rows(reply: Reply, path: str, *fields: str) -> list[tuple[str | None, ...]]:
    return [tuple(found.findtext(field) for field in fields) for found in reply.tree.iterfind(path)]


def permissions(reply: Reply) -> list[tuple[str | None, ...]]:
    fields = ("permissionTypeReference", "userGroupReference", "objectReference")
    return rows(reply, "PermissionList/Permission", *fields)


# Users


@pytest.mark.ledger("PRO-36")
def test_a_disabled_user_is_refused_at_once_in_every_process(store: Client, other_process: Client) -> None:
    processes = (store, other_process)
    assert [signs_in(process, "user") for process in processes] == [True] * 2
    for action, accepted in (("disable", False), ("enable", True)):
        assert status(store, "user", action).number == 0
        assert [signs_in(process, "user") for process in processes] == [accepted] * 2


@pytest.mark.ledger("PRO-36")
def test_an_old_password_is_refused_at_once_in_every_process(store: Client, other_process: Client) -> None:
    processes = (store, other_process)
    assert [signs_in(process, "user") for process in processes] == [True] * 2
    assert ask(store, "UpdatePassword", userLogonReferenceUpdate="user", newPassword=NEW).number == 0
    assert [signs_in(process, "user") for process in processes] == [False] * 2
    assert [signs_in(process, "user", NEW) for process in processes] == [True] * 2


@pytest.mark.ledger("DEC-44")
def test_an_administrator_unlocks(store: Client, engine: Engine) -> None:
    strict = Client(create_app(Settings(sign_in_failures_per_account=2), engine))
    assert [signs_in(strict, "user", "a wrong one") for _ in range(2)] == [False] * 2
    assert not signs_in(strict, "user")
    locked = rows(ask(strict, "ListUsers"), "UserList/User[lockedUntilTimestamp]", "userLogonReference")
    assert locked == [("user",)]
    assert status(store, "user", "unlock").number == 0
    assert ask(strict, "ListUsers").tree.findall(".//lockedUntilTimestamp") == []
    assert signs_in(strict, "user")


@pytest.mark.parametrize("user", ["owner", "user", None])
def test_a_user_without_administer_all_learns_and_changes_nothing(store: Client, user: str | None) -> None:
    somebody = store.as_user(user)
    requests = [
        ("ListUsers", {}),
        ("GetPermissionList", {}),
        *(("UpdateUserStatus", {"userLogonReferenceUpdate": logon, "action": "disable"}) for logon in (ADMIN, "none")),
        ("UpdateUserStatus", {"userIdentifierUpdate": "101", "action": "unlock"}),
        *(("UpdatePassword", {"userLogonReferenceUpdate": logon, "newPassword": NEW}) for logon in (ADMIN, "none")),
    ]
    for service, elements in requests:
        reply = somebody.post(message(service, elements))
        assert (reply.number, len(reply.tree)) == (101, 2), service
    shown = {status(somebody, logon, "disable").response.text for logon in (ADMIN, "none")}
    assert len(shown) == 1
    assert signs_in(store, ADMIN)


@pytest.mark.parametrize(
    ("service", "elements", "field"),
    [
        ("UpdateUserStatus", {"userLogonReferenceUpdate": "user"}, "action"),
        ("UpdateUserStatus", {"action": "disable"}, "userLogonReferenceUpdate"),
        ("UpdateUserStatus", {"action": "disable", "userLogonReferenceUpdate": "none"}, "userLogonReferenceUpdate"),
        ("UpdateUserStatus", {"action": "disable", "userLogonReferenceUpdate": "a b"}, "userLogonReferenceUpdate"),
        ("UpdateUserStatus", {"action": "disable", "userLogonReferenceUpdate": ADMIN}, "userLogonReferenceUpdate"),
        ("UpdateUserStatus", {"action": "enable", "userIdentifierUpdate": "9007199254740991"}, "userIdentifierUpdate"),
        ("UpdatePassword", {"userLogonReferenceUpdate": "none", "newPassword": NEW}, "userLogonReferenceUpdate"),
        ("UpdatePassword", {"userLogonReferenceUpdate": "user"}, "newPassword"),
        ("DeletePermission", {}, "permissionIdentifier"),
        ("GetPermissionList", {"objectReference": "none"}, "objectReference"),
        ("GetPermissionList", {"objectReference": "a..b"}, "objectReference"),
        ("GetPermissionList", {"permissionOnNodeIdentifier": "999999"}, "permissionOnNodeIdentifier"),
        ("GetPermissionList", {"userGroupReference": "a b"}, "userGroupReference"),
    ],
)
def test_faults_are_reported(store: Client, service: str, elements: dict[str, str], field: str) -> None:
    reply = store.post(message(service, elements))
    assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, field)


@pytest.mark.ledger("DEC-45")
def test_pages_of_users_follow_each_other(store: Client, make_user: MakeUser) -> None:
    for logon in ("Zoe", "ann", "bob"):
        make_user(logon)
    status(store, "bob", "disable")
    seen: list[tuple[str | None, ...]] = []
    after: str | None = ""
    while after is not None:
        reply = ask(store, "ListUsers", userLogonReferenceAfter=after, pageSize="2")
        seen += rows(reply, "UserList/User", "userLogonReference", "userEnabledIndicator")
        after = reply.text("userLogonReferenceAfter")
    logons = ["Zoe", ADMIN, "ann", "bob", "owner", "user"]
    assert seen == [(logon, "false" if logon == "bob" else "true") for logon in logons]


# Permissions


def test_the_permissions_on_a_node_are_visible_to_its_administrators(store: Client) -> None:
    owner = store.as_user("owner")
    reply = ask(owner, "GetPermissionList", objectReference="P.A", returnTypes="true")
    head = [reply.text(field) for field in ("singleObject", "objectType", "objectReference", "objectName")]
    assert head == ["true", "node", "P.A", "A, new"]
    assert permissions(reply) == [("node-read", "user", "P.A")]
    types = [found.text for found in reply.tree.iter("permissionTypeReference")][1:]
    assert ("node-read" in types, "package-use" in types, "administer-all" in types) == (True, True, False)
    assert permissions(ask(owner, "GetPermissionList", objectReference="P")) == [("package-administer", "owner", "P")]
    refused = [ask(store.as_user("user"), "GetPermissionList", objectReference=each) for each in ("P.A", "Q.A", "Q.B")]
    assert [reply.number for reply in refused] == [101, 101, 105]
    assert [len(reply.tree) for reply in refused[:2]] == [2, 2]


@pytest.mark.ledger("DEC-45")
def test_all_permissions_or_those_of_a_group_page_by_page(store: Client) -> None:
    wanted = [("package-administer", "owner", "P"), ("node-read", "user", "P.A")]
    assert permissions(ask(store, "GetPermissionList", userGroupReference="user")) == wanted[1:]
    seen: list[tuple[str | None, ...]] = []
    after: str | None = ""
    while after is not None:
        reply = ask(store, "GetPermissionList", permissionIdentifierAfter=after, pageSize="1")
        assert len(permissions(reply)) == 1
        seen += permissions(reply)
        after = reply.text("permissionIdentifierAfter")
    assert ("administer-all", ADMIN, None) in seen
    assert [row for row in seen if row[1] in ("owner", "user")] == wanted


def identifier(client: Client, **elements: str) -> str:
    found = ask(client, "GetPermissionList", **elements).text("PermissionList/Permission/permissionIdentifier")
    assert found is not None
    return found


@pytest.mark.ledger("PRO-38")
def test_a_removed_permission_no_longer_counts(store: Client, other_process: Client) -> None:
    node = message("GetNode", {"nodeVersionReference": "P.A"})
    for process in (store, other_process):
        assert process.as_user("user").post(node).number == 0
    permission = identifier(store, objectReference="P.A")
    assert ask(store.as_user("owner"), "DeletePermission", permissionIdentifier=permission).number == 0
    for process in (store, other_process):
        assert process.as_user("user").post(node).number == 101
    assert ask(store, "DeletePermission", permissionIdentifier=permission).number == 0, "once more"


def test_only_a_user_who_may_give_a_permission_may_take_it_back(store: Client) -> None:
    permission = identifier(store, objectReference="P")
    nobodys = [
        ask(store.as_user(None), "DeletePermission", permissionIdentifier=each) for each in (permission, "999999")
    ]
    assert [reply.number for reply in nobodys] == [101] * 2
    assert nobodys[0].response.text == nobodys[1].response.text
    on_a_node_that_is_read = identifier(store, objectReference="P.A")
    assert ask(store.as_user("user"), "DeletePermission", permissionIdentifier=on_a_node_that_is_read).number == 101
    public = ask(
        store,
        "CreatePermission",
        permissionTypeReference="node-read",
        userGroupReference="public",
        objectReference="P.A",
    )
    given = public.text("permissionIdentifier") or ""
    assert ask(store.as_user("owner"), "DeletePermission", permissionIdentifier=given).number == 101
    on_system = identifier(store, userGroupReference="public")
    assert ask(store, "DeletePermission", permissionIdentifier=on_system).number == 101
    assert permissions(ask(store, "GetPermissionList", objectReference="P")) == [("package-administer", "owner", "P")]


@pytest.mark.parametrize(("user", "elements"), [("owner", {"objectReference": "P"}), (ADMIN, {})])
def test_a_user_cannot_remove_their_own_last_permission(store: Client, user: str, elements: dict[str, str]) -> None:
    mine = {"userGroupReference": user, **elements}
    before = ask(store, "GetPermissionList", **mine)
    permission = identifier(store, **mine)
    assert ask(store.as_user(user), "DeletePermission", permissionIdentifier=permission).number == 0
    after = ask(store, "GetPermissionList", **mine)
    assert permissions(after) == permissions(before)
    assert identifier(store, **mine) != permission
    assert etree.tostring(after.tree) != etree.tostring(before.tree)


def test_a_permission_on_an_unreadable_node_is_treated_as_missing(store: Client) -> None:
    before = permissions(ask(store, "GetPermissionList"))
    hidden = identifier(store, objectReference="P")
    on_everything = identifier(store, userGroupReference=ADMIN)
    replies = [
        ask(store.as_user("user"), "DeletePermission", permissionIdentifier=each)
        for each in (hidden, on_everything, "999999")
    ]
    assert len({reply.response.text for reply in replies}) == 1
    assert permissions(ask(store, "GetPermissionList")) == before


def disabling(connection: Connection, caller: Caller, victim: str) -> None:
    change_status(connection, caller, None, victim, StatusAction.DISABLE)


def taking_back(connection: Connection, caller: Caller, victim: str) -> None:
    found = read_permissions(connection, None, victim)
    delete_permission(connection, caller, found[0].identifier)


@pytest.mark.parametrize("second", [disabling, taking_back])
@pytest.mark.parametrize("first", [disabling, taking_back])
def test_two_administrators_who_remove_each_other_at_once_leave_one(
    client: Client, engine: Engine, make_user: MakeUser, first: Remove, second: Remove
) -> None:
    make_user("other", "administer-all")
    mine, others = (caller_of(engine, logon) for logon in (ADMIN, "other"))

    def remove_me() -> None:
        with suppress(NotAuthorisedError), engine.begin() as connection:
            second(connection, others, ADMIN)

    with ThreadPoolExecutor(1) as thread, engine.connect() as connection:
        first(connection, mine, "other")
        removed = thread.submit(remove_me)
        try:
            eventually(lambda: removed.done() or waiting_sessions(engine, event="advisory") > 0)
        finally:
            connection.commit()
        removed.result()
    assert ask(client, "ListUsers").number == 0
    assert ask(client.as_user("other"), "ListUsers").number == 101


def caller_of(engine: Engine, logon: str) -> Caller:
    sign_in = SignIn(engine, Settings(), PasswordVerifier(1))
    return sign_in.caller(Credentials(logon, PASSWORD), "127.0.0.1")
