"""GetAuditList: its filters and pages, who may read which rows, and what they leave out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, frozen, package
from tests.support.edits import set_node
from tests.support.http import ADMIN, PASSWORD, Client, Reply, message
from tests.support.solution_store import Store, element

MakeUser = Callable[..., None]


def ask(client: Client, **elements: str) -> Reply:
    return client.post(message("GetAuditList", elements))


def rows(reply: Reply, *fields: str) -> list[tuple[str | None, ...]]:
    assert reply.number == 0, reply.response.text
    return [tuple(row.findtext(field) for field in fields) for row in reply.tree.iter("Audit")]


def details(reply: Reply) -> list[dict[str, str]]:
    return [
        {each.findtext("key") or "": each.findtext("value") or "" for each in row.iter("Detail")}
        for row in reply.tree.iter("Audit")
    ]


def create_user(client: Client, logon: str) -> None:
    client.post(message("CreateUser", {"userLogonReferenceCreate": logon, "passwordCreate": PASSWORD}))


@pytest.mark.ledger("DEC-342", "PRO-39")
def test_an_administrator_reads_who_did_what_from_where(client: Client) -> None:
    create_user(client, "ann")
    client.as_user(None).post(message("ListUsers", {}), auth=("ann", "a wrong one"))
    fields = ("auditAction", "actorKind", "actorReference", "networkAddress", "objectKind", "objectReference")
    assert rows(ask(client), *fields)[:2] == [
        ("sign-in-refused", "public", None, "127.0.0.1", "user", "ann"),
        ("user-created", "user", ADMIN, "127.0.0.1", "user", "ann"),
    ]
    assert rows(ask(client, userLogonReferenceDetails="ann"), "auditAction") == [
        ("sign-in-refused",),
        ("user-created",),
    ]
    assert rows(ask(client, auditAction="user-created"), "objectReference") == [("ann",), (ADMIN,)]
    assert rows(ask(client, userLogonReferenceDetails="bob"), "auditAction") == []


def test_rows_since_a_time(client: Client, engine: Engine) -> None:
    for logon in ("ann", "bob"):
        create_user(client, logon)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit SET at = '2020-01-02T03:04:05Z' WHERE object_name <> 'bob'"))
    wanted = {"auditAction": "user-created"}
    for since, expected in (("2020-01-02T05:04:05+02:00", ["bob", "ann", ADMIN]), ("2020-01-02T03:04:06Z", ["bob"])):
        found = rows(ask(client, auditSince=since, **wanted), "objectReference")
        assert [name for (name,) in found] == expected


def test_pages_follow_each_other(client: Client, engine: Engine) -> None:
    """The order also holds for rows of the same moment, and for rows whose identifiers and times differ in order."""
    for number in range(5):
        create_user(client, f"user{number}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit SET at = '2030-01-01T00:00:00Z' WHERE object_name IN ('user0', 'user1')"))
    seen: list[str | None] = []
    before: str | None = ""
    while before is not None:
        reply = ask(client, auditAction="user-created", auditIdentifierBefore=before, pageSize="2")
        seen += [name for (name,) in rows(reply, "objectReference")]
        before = reply.text("auditIdentifierBefore")
    assert seen == ["user1", "user0", "user4", "user3", "user2", ADMIN]


@pytest.mark.parametrize(
    ("given", "field", "shown"),
    [
        ({"auditAction": "dance"}, "auditAction", "use one of sign-in, "),
        ({"auditSince": "2026-02-30T00:00:00Z"}, "auditSince", "such as 2026-09-26T10:03:28Z"),
        ({"auditIdentifierBefore": "999999"}, "auditIdentifierBefore", "begin with the newest rows"),
    ],
)
def test_wrong_fields_are_reported(client: Client, given: dict[str, str], field: str, shown: str) -> None:
    reply = ask(client, **given)
    assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, field)
    assert shown in (reply.text("errorMessage") or "")


@pytest.mark.ledger("DEC-342")
def test_other_users_read_their_own_rows_only(client: Client, make_user: MakeUser) -> None:
    make_user("ann")
    make_user("bob")
    ann = client.as_user("ann")
    ask(ann)
    client.post(message("UpdateUserStatus", {"userLogonReferenceUpdate": "ann", "action": "unlock"}))
    fields = ("auditAction", "actorReference", "networkAddress")
    expected = [("user-unlocked", ADMIN, None), ("sign-in", "ann", "127.0.0.1")]
    assert rows(ask(ann), *fields)[:2] == expected
    assert rows(ask(ann, userLogonReferenceDetails="ann"), *fields)[:2] == expected
    refused = {ask(ann, userLogonReferenceDetails=user).response.text for user in ("bob", "none")}
    assert len(refused) == 1
    assert ask(ann, userLogonReferenceDetails="bob").number == 101
    assert ask(client.as_user(None)).number == 101


@pytest.mark.ledger("DEC-342")
def test_a_node_that_may_not_be_read_any_more_is_not_named(client: Client, make_user: MakeUser, engine: Engine) -> None:
    client.load(Graph().node("acme", package()).node("acme.secret", package()).node("acme.open", frozen()))
    make_user("ann", "package-administer acme.secret", "node-read acme.open")
    ann = client.as_user("ann")
    where = element("NodeReferenceSection", nodeReference="acme.secret.Plan")
    set_node(ann, "create", where, nodeVersionReferenceType="system.NODE_LIST_TYPE.1")
    given = {"permissionTypeReference": "node-read", "userGroupReference": "ann", "objectReference": "acme.secret.Plan"}
    assert ann.post(message("CreatePermission", given)).number == 0
    reply = ask(ann)
    assert rows(reply, "auditAction", "objectReference")[:2] == [
        ("permission-created", "ann"),
        ("node-created", "acme.secret.Plan"),
    ]
    assert details(reply)[0]["on"] == "acme.secret.Plan"
    _take_all_back(client)
    with engine.begin() as connection:
        connection.execute(text("UPDATE node SET owner_identifier = NULL"))
    reply = ask(ann)
    assert "secret" not in reply.response.text
    assert ("node-created", None) in rows(reply, "auditAction", "objectReference")
    assert "secret" in ask(client).response.text


def test_what_was_done_with_solutions_needs_the_right_to_administer_them(
    client: Client, store: Store, make_user: MakeUser
) -> None:
    make_user("ann", "administer-solutions")
    solution = store.published()
    instance = store.instance(solution)
    store.publish(solution)
    ann = client.as_user("ann")
    assert ann.post(message("UpgradeSolutionInstance", {"solutionInstanceId": instance})).number == 0
    moved = {"auditAction": "instance-moved"}
    assert (rows(ask(ann, **moved), "objectReference"), details(ask(ann, **moved))[0]["solution"]) == (
        [(instance,)],
        solution,
    )
    _take_all_back(client)
    assert (rows(ask(ann, **moved), "objectReference"), details(ask(ann, **moved))) == ([(None,)], [{}])


def _take_all_back(client: Client) -> None:
    """Delete the permissions of ann."""
    found = client.post(message("GetPermissionList", {"userGroupReference": "ann"}))
    for each in found.tree.iter("permissionIdentifier"):
        assert client.post(message("DeletePermission", {"permissionIdentifier": each.text or ""})).number == 0
