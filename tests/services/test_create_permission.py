"""CreatePermission, over HTTP: a permission takes effect from the next request on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import Graph, draft, frozen
from tests.support.http import Client, Reply, message

MakeUser = Callable[..., None]


@pytest.fixture
def store(client: Client, make_user: MakeUser) -> Client:
    client.load(Graph().node("P.A", frozen(), draft()).node("P.inner.B", frozen()).node("Q.A", frozen()))
    make_user("owner", "package-administer P")
    make_user("user")
    return client


def give(client: Client, kind: str, group: str = "user", on: str = "") -> Reply:
    given = {"permissionTypeReference": kind, "userGroupReference": group, "objectReference": on}
    return client.post(message("CreatePermission", given))


def latest(client: Client, reference: str) -> str | None:
    """The number of the version of a node that a user sees, or None if the user sees none."""
    return client.post(message("GetNode", {"nodeVersionReference": reference})).text("nodeVersionNumber")


def test_a_permission_holds_from_the_next_request_on(store: Client) -> None:
    user = store.as_user("user")
    assert latest(user, "P.A") is None
    assert give(store, "node-read", on="P.A").number == 0
    assert (latest(user, "P.A"), latest(user, "P.inner.B"), latest(user, "P")) == ("1", None, None)
    assert give(store, "node-use-draft", on="P.A").number == 0
    assert latest(user, "P.A") == "2"


def test_a_package_permission_reaches_all_content(store: Client) -> None:
    assert give(store, "package-read", on="P").number == 0
    assert [latest(store.as_user("user"), reference) for reference in ("P.A", "P.inner.B", "Q.A")] == ["1", "1", None]


def test_permissions_of_public_are_held_by_everyone(store: Client) -> None:
    assert give(store, "package-read", "public", "P").number == 0
    for user in ("user", None):
        assert latest(store.as_user(user), "P.A") == "1"


def test_administer_all_is_given_without_an_object(store: Client) -> None:
    assert give(store.as_user("user"), "node-read", "user", "P.A").number == 105
    assert give(store, "administer-all").number == 0
    assert latest(store.as_user("user"), "Q.A") == "1"
    assert give(store, "administer-all", on="P").text("errorFields") == "objectReference"


def test_an_existing_permission_is_returned_with_the_same_identifier(store: Client) -> None:
    first, second = (give(store, "node-read", on="P.A").text("permissionIdentifier") for _ in range(2))
    assert first == second
    assert give(store, "node-read", on="Q.A").text("permissionIdentifier") != first


def test_an_administrator_of_a_node_gives_permissions_on_that_node_only(store: Client) -> None:
    owner = store.as_user("owner")
    assert give(owner, "node-administer", on="P.A").number == 0
    assert give(store.as_user("user"), "node-read", "owner", "P.A").number == 0
    assert give(owner, "package-read", "public", "P").number == 101
    assert give(owner, "administer-all").number == 101
    assert give(owner, "node-read", on="system").number == 101
    assert give(store, "node-read", on="system").number == 101
    give(store, "node-read", "owner", "Q.A")
    assert give(owner, "node-read", on="Q.A").number == 101
    assert give(store.as_user(None), "node-read", on="P.A").number == 101


def test_an_unreadable_node_is_not_found(store: Client) -> None:
    hidden, unknown = (give(store.as_user("owner"), "node-read", on=reference) for reference in ("Q.A", "Q.B"))
    assert hidden.text("errorFields") == unknown.text("errorFields") == "objectReference"
    assert hidden.response.text.replace("Q.A", "Q.B") == unknown.response.text


FAULTS = [
    ("", "", "", "permissionTypeReference\nuserGroupReference"),
    ("node-write", "user", "P.A", "permissionTypeReference"),
    ("NODE-READ", "user", "P.A", "permissionTypeReference"),
    ("node-read", "nobody", "P.A", "userGroupReference"),
    ("node-read", "", "P.A", "userGroupReference"),
    ("node-read", "user", "", "objectReference"),
    ("node-read", "user", "P.X", "objectReference"),
    ("node-read", "user", "P.A.1", "objectReference"),
    ("node-read", "user", "P..A", "objectReference"),
    ("administer-all", "public", "", "userGroupReference"),
]


def test_an_impossible_permission_is_a_user_error(store: Client) -> None:
    for kind, group, on, fields in FAULTS:
        reply = give(store, kind, group, on)
        assert (reply.status, reply.number, reply.text("errorFields")) == (200, 105, fields), (kind, group, on)


def test_white_space_around_references_means_nothing(store: Client) -> None:
    assert give(store, " node-read\n", " user ", "\tP.A ").number == 0
    assert latest(store.as_user("user"), "P.A") == "1"
