"""The page of activity, and what users see of their own rights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from tests.support.builders import Graph, draft, frozen, links, package
from tests.support.http import ADMIN, Client
from tests.support.pages import Pages
from tests.support.solution_store import Store

MakeUser = Callable[..., None]
ACTIVITY = "/console/activity"
CHANGED = {"new_password": "another one"}
SCRIPT = "<script>alert('1')</script>"


@pytest.fixture
def nodes(client: Client) -> None:
    client.load(Graph().node("acme", package()).node("acme.parts", package()).node("acme.parts.Bolt", frozen()))


def actions(pages: Pages, query: str = "") -> list[str]:
    return [row[3] for row in pages.get(f"{ACTIVITY}{query}").rows()]


@pytest.mark.ledger("PRO-42")
def test_an_administrator_sees_who_did_what(app: Flask, pages: Pages, make_user: MakeUser) -> None:
    make_user("ann")
    pages.send(pages.get("/console/people/ann"), "/console/people/ann/password", **CHANGED)
    Pages(app).sign_in("ann", "wrong password")
    rows = pages.get(ACTIVITY).rows()
    assert [row[1:5] for row in rows[:2]] == [
        ["somebody without credentials", "127.0.0.1", "sign-in refused", "user ann"],
        [ADMIN, "127.0.0.1", "new password", "user ann"],
    ]
    assert actions(pages, "?user=ann&action=password-changed") == ["new password"]
    assert actions(pages, "?user=ann")[-1] == "added"
    assert "Nothing that matches was recorded." in pages.get(f"{ACTIVITY}?user=nobody").text
    assert f"{ACTIVITY}?user=ann" in pages.get("/console/people/ann").links


@pytest.mark.ledger("DEC-351")
@pytest.mark.usefixtures("nodes")
def test_what_was_frozen_and_published_is_shown_with_its_page(pages: Pages, client: Client, store: Store) -> None:
    client.copy("acme.parts.Bolt.1", "acme.parts.Bolt")
    client.load(Graph().node("acme.Widget", draft(*links("acme.parts.Bolt.2"))))
    client.freeze("acme.Widget")
    solution = store.published()
    for address, label in ((ACTIVITY, "Activity"), ("/console", "Recent activity")):
        page = pages.get(address)
        assert [row[-3:] for row in page.rows(f"[aria-label='{label}'] table")[:3]] == [
            ["published", "solution Support", "release 1"],
            ["frozen", "node acme.parts.Bolt", "version 2; with acme.Widget"],
            ["frozen", "node acme.Widget", "version 1"],
        ]
        assert f"/console/solutions/{solution}" in page.links
    assert actions(pages, "?action=node-frozen") == ["frozen", "frozen"]


@pytest.mark.ledger("DEC-375")
@pytest.mark.ledger("DEC-377")
def test_what_was_done_with_end_users_is_shown_with_their_names(pages: Pages, store: Store) -> None:
    ann, bob = store.user("Ann"), store.user("Bob")
    instance = store.instance(store.published(), bob)
    authentication = store.authentication(ann)
    store.done("SetAuthentication", authenticationId=authentication, data="{}", name="Other")
    store.done("RemoveSolutionInstance", solutionInstanceId=instance)
    store.done("RemoveExternalUser", userId=ann)
    rows = [row[1:] for row in pages.get(ACTIVITY).rows()]
    assert rows[:3] == [
        [ADMIN, "127.0.0.1", "removed", f"end user {ann}", "tokens 0; instances 0; authentications 1"],
        [ADMIN, "127.0.0.1", "removed", f"instance {instance}", f"on release 1; owner {bob}"],
        [
            *(ADMIN, "127.0.0.1", "changed", f"authentication {authentication}"),
            f"owner {ann}; fields name, data; service slack",
        ],
    ]
    assert [ADMIN, "127.0.0.1", "added", "end user Bob", ""] in rows


def test_activity_since_a_day_page_by_page(
    pages: Pages, make_user: MakeUser, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.console.people.activity._PAGE", 2)
    for name in ("ann", "bob", "carl"):
        make_user(name)
    with engine.begin() as connection:
        query = "UPDATE audit SET at = at - interval '9 years' WHERE object_name = 'ann'"
        connection.execute(text(query))
    page = pages.get(f"{ACTIVITY}?action=user-created")
    assert [row[4] for row in page.rows()] == ["user carl", "user bob"]
    (following,) = page.tree.cssselect("a[rel=next]")
    assert [row[4] for row in pages.get(following.get("href", "")).rows()] == ["user admin", "user ann"]
    (day,) = pages.get(f"{ACTIVITY}?since=2020-01-01").tree.cssselect("input[type=date]")
    assert day.get("value") == "2020-01-01"
    assert "user ann" not in pages.get(f"{ACTIVITY}?since=2024-01-01&action=user-created").text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?before=x", 400),
        ("?before=" + "9" * 30, 400),
        ("?before=999999", 404),
        ("?since=soon", 422),
        ("?action=x", 200),
    ],
)
def test_parameters_that_mean_nothing(pages: Pages, query: str, status: int) -> None:
    assert pages.get(f"{ACTIVITY}{query}").status == status


@pytest.mark.usefixtures("nodes")
def test_other_users_see_their_own_activity_and_rights(app: Flask, pages: Pages, make_user: MakeUser) -> None:
    make_user("ann", "package-update acme.parts")
    make_user("bob")
    anns = Pages.of(app, "ann")
    rows = anns.get(ACTIVITY).rows()
    assert {row[1] for row in rows} <= {"ann", "a command", ADMIN}
    assert "signed in" in [row[3] for row in rows]
    assert anns.get(f"{ACTIVITY}?user=bob").status == 403
    page = anns.get("/console/people/ann?node=acme.parts.Bolt")
    assert "You may read, use its draft, update it, through:" in page.text
    assert page.rows() == [["package-update", "ann", "acme.parts", "read, use its draft, update it"]]
    for node in ("acme", "acme.None"):
        reason = f"There is no node {node}, or you may not read it."
        assert anns.get(f"/console/people/ann?node={node}").texts(".reason") == [reason]


def test_scripts_in_filters_are_shown_as_text(pages: Pages) -> None:
    page = pages.get(f"{ACTIVITY}?user={SCRIPT}&action={SCRIPT}&since={SCRIPT}")
    assert "<script>alert" not in page.response.text
