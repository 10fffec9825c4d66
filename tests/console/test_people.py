"""The pages of people: users, their permissions, and tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from app.solutions.people.tokens import create_master_token
from tests.support.builders import Graph, frozen, package
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.pages import Page, Pages

MakeUser = Callable[..., None]
SCRIPT = "<script>alert('1')</script>"
PEOPLE = "/console/people"
PERMISSIONS = "/console/permissions"
CHANGED = {"new_password": "another one"}
NEW = {"user_logon_reference_create": "ann@example.com", "password_create": "long enough"}


def at(user: str, page: str = "") -> str:
    return f"{PEOPLE}/{user}" + (f"/{page}" if page else "")


def do(pages: Pages, user: str, action: str) -> Page:
    """Send the form of a status of a user."""
    return pages.send(pages.get(at(user)), at(user, "status"), action=action)


@pytest.fixture
def nodes(client: Client) -> None:
    client.load(Graph().node("acme", package()).node("acme.parts", package()).node("acme.parts.Bolt", frozen()))


def test_a_user_is_added_and_signs_in(app: Flask, pages: Pages) -> None:
    page = pages.send(pages.get(PEOPLE), PEOPLE, **NEW, user_name="Ann", user_email_address="ann@example.com")
    assert (page.title, page.status) == ("ann@example.com Enabled", 200)
    assert "The user is added." in page.text
    assert Pages(app).sign_in("ann@example.com", "long enough").title == "Home"
    rows = pages.get(PEOPLE).rows()
    assert [row[0] for row in rows] == [ADMIN, "ann@example.com"]
    assert rows[1][1:3] == ["Ann", "ann@example.com"]
    assert rows[1][3] != "never"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"user_logon_reference_create": ADMIN}, "admin is taken: a user or a user group has this reference"),
        ({"user_logon_reference_create": ""}, "is missing"),
        ({"password_create": "short"}, "must have 8 to 1024 characters"),
        ({"user_email_address": "nowhere"}, "must be an email address, such as name@example.com"),
    ],
)
def test_faults_are_shown_beside_their_fields_and_no_password_is_repeated(
    pages: Pages, given: dict[str, str], reason: str
) -> None:
    page = pages.send(pages.get(PEOPLE), PEOPLE, **{**NEW, "user_name": "Ann", **given})
    assert (page.status, page.texts(".reason")) == (422, [reason])
    assert page.form(PEOPLE)["user_name"] == "Ann"
    assert "long enough" not in page.response.text


def test_a_user_is_disabled_and_enabled(app: Flask, pages: Pages, make_user: MakeUser) -> None:
    make_user("ann")
    anns = Pages.of(app, "ann")
    assert do(pages, "ann", "disable").title == "ann Disabled"
    assert anns.get("/console").title == "Sign in"
    assert do(pages, "ann", "enable").title == "ann Enabled"
    assert Pages(app).sign_in("ann").title == "Home"


def test_users_cannot_disable_their_own_account(pages: Pages) -> None:
    assert "Disable" not in pages.get(at(ADMIN)).texts("button")
    token = pages.get(at(ADMIN)).form("/console/sign-out")
    page = Page(pages.post(at(ADMIN, "status"), {**token, "action": "disable"}), at(ADMIN))
    assert page.status == 422
    assert "is your own account" in page.text
    assert Page(pages.post(at(ADMIN, "status"), {**token, "action": "delete"}), at(ADMIN)).status == 422


def test_a_locked_account_says_until_when_and_is_unlocked(app: Flask, pages: Pages, make_user: MakeUser) -> None:
    make_user("ann")
    for _ in range(10):
        Pages(app).sign_in("ann", "wrong password")
    page = pages.get(at("ann"))
    assert page.title == "ann Locked"
    assert "Locked until" in page.text
    assert "Locked until" in pages.get(PEOPLE).rows()[1][-1]
    assert do(pages, "ann", "unlock").title == "ann Enabled"
    assert Pages(app).sign_in("ann").title == "Home"


def test_a_new_password_ends_the_sessions_of_its_user(app: Flask, pages: Pages, make_user: MakeUser) -> None:
    make_user("ann")
    anns = Pages.of(app, "ann")
    page = pages.send(pages.get(at("ann")), at("ann", "password"), **CHANGED)
    assert "The password is changed" in page.text
    assert anns.get("/console").title == "Sign in"
    assert Pages(app).sign_in("ann", "another one").title == "Home"


def test_users_change_their_own_password_with_the_old_one(app: Flask, make_user: MakeUser) -> None:
    make_user("ann")
    anns = Pages.of(app, "ann")
    page = anns.get(PEOPLE)
    assert page.title == "Your account"
    page = anns.send(page, at("ann", "password"), **{**CHANGED, "old_password": "wrong"})
    assert (page.status, page.texts(".reason")) == (422, ["is not the current password"])
    page = anns.send(page, at("ann", "password"), **{**CHANGED, "old_password": PASSWORD})
    assert page.title == "Your password is changed"
    assert anns.get("/console").title == "Sign in"


@pytest.mark.ledger("DEC-415")
def test_a_session_cannot_be_used_to_guess_its_password(engine: Engine, make_user: MakeUser) -> None:
    make_user("ann")
    anns = Pages.of(create_app(Settings(sign_in_failures_per_account=2), engine), "ann")
    token = anns.get("/console").form("/console/sign-out")
    for expected in (422, 422, 429):
        response = anns.post(at("ann", "password"), {**token, **CHANGED, "old_password": "wrong"})
        assert response.status_code == expected
    assert "Retry-After" in response.headers
    right = {**token, **CHANGED, "old_password": PASSWORD}
    assert anns.post(at("ann", "password"), right).status_code == 429


@pytest.mark.usefixtures("nodes")
def test_a_permission_is_given_to_a_user_and_taken_back(pages: Pages, make_user: MakeUser, client: Client) -> None:
    make_user("ann")
    page = pages.send(pages.get(at("ann")), PERMISSIONS, type="package-update", node="acme.parts")
    assert page.rows()[0][:2] == ["package-update", "acme.parts"]
    update = message("GetPermissionList", {"objectReference": "acme.parts"})
    assert client.post(update).text("PermissionList/Permission/userGroupReference") == "ann"
    page = pages.send(page, f"{PERMISSIONS}/revoke")
    assert "The permission is revoked." in page.text
    assert client.post(update).text("PermissionList/Permission/userGroupReference") is None


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"type": "node-read", "node": "acme.Nothing"}, "acme.Nothing is not found"),
        ({"type": "node-read", "node": ""}, "is missing: node-read is given on a node"),
        ({"type": "administer-all", "node": "acme"}, "must be empty: administer-all is not given on an object"),
    ],
)
def test_a_permission_that_cannot_be_given_says_why(
    pages: Pages, make_user: MakeUser, given: dict[str, str], reason: str
) -> None:
    make_user("ann")
    page = pages.send(pages.get(at("ann")), PERMISSIONS, **given)
    assert (page.status, page.texts(".reason")) == (422, [reason])


@pytest.mark.usefixtures("nodes")
def test_an_administrator_of_a_node_adds_and_removes_its_permissions(app: Flask, make_user: MakeUser) -> None:
    make_user("ann", "package-administer acme.parts")
    make_user("bob")
    anns = Pages.of(app, "ann")
    page = anns.get(f"{PERMISSIONS}?node=acme.parts.Bolt")
    page = anns.send(page, PERMISSIONS, type="node-read", group="bob")
    assert page.rows()[0][:3] == ["bob", "node-read", "acme.parts.Bolt"]
    assert Pages.of(app, "bob").get("/console/nodes/acme/parts/Bolt").status == 200
    anns.send(page, f"{PERMISSIONS}/revoke")
    assert Pages.of(app, "bob").get("/console/nodes/acme/parts/Bolt").status == 404
    page = anns.send(page, PERMISSIONS, type="node-read", group="nobody")
    assert page.texts(".reason") == ['there is no user or group "nobody"']


@pytest.mark.usefixtures("nodes")
def test_the_page_of_permissions_does_not_reveal_whether_a_hidden_node_exists(app: Flask, make_user: MakeUser) -> None:
    make_user("ann", "node-read acme.parts.Bolt")
    anns = Pages.of(app, "ann")
    for node in ("acme.parts", "acme.Nothing", "acme.parts.Bolt", "not a reference"):
        page = anns.get(f"{PERMISSIONS}?node={node}")
        assert (page.status, page.rows()) == (404, [])
        token = anns.get("/console").form("/console/sign-out")
        given = {**token, "type": "node-read", "group": "ann", "node": node}
        assert anns.post(PERMISSIONS, given).status_code in {403, 404}
    assert "Name a node that you administer" in anns.get(PERMISSIONS).text


@pytest.mark.usefixtures("nodes")
def test_a_user_page_says_what_the_user_may_do_and_through_what(pages: Pages, make_user: MakeUser) -> None:
    make_user("ann", "package-update acme", "node-link acme.parts.Bolt", "node-administer acme.parts")
    page = pages.get(f"{at('ann')}?node=acme.parts.Bolt")
    assert "ann may read, link to it, use it as a type, use its draft, update it, through:" in page.text
    assert page.rows() == [
        ["package-update", "ann", "acme", "read, use its draft, update it"],
        ["node-link", "ann", "acme.parts.Bolt", "read, link to it, use it as a type"],
    ]
    make_user("bob")
    assert "Nothing: bob cannot even read acme.parts.Bolt." in pages.get(f"{at('bob')}?node=acme.parts.Bolt").text
    do(pages, "ann", "disable")
    assert "Nothing: the account is disabled." in pages.get(f"{at('ann')}?node=acme.parts.Bolt").text
    admin = pages.get(f"{at(ADMIN)}?node=acme")
    assert ["administer-all", ADMIN, "everything"] in [row[:3] for row in admin.rows()]
    assert pages.get(f"{at('ann')}?node=acme.Nothing").texts(".reason") != []


@pytest.mark.ledger("DEC-292")
def test_tokens_are_listed_and_revoked(app: Flask, pages: Pages, engine: Engine) -> None:
    with engine.begin() as connection:
        token = create_master_token(connection, SCRIPT).token

    def status() -> int:
        query = {"query": "{ viewer { solutions { edges { node { id } } } } }"}
        bearer = {"Authorization": f"Bearer {token}"}
        return app.test_client().post("/graphql", json=query, headers=bearer).status_code

    assert status() == 200
    page = pages.get("/console/tokens")
    assert page.rows()[0][0] == SCRIPT
    assert page.rows()[0][2] != "never"
    page = pages.send(page, "/console/tokens/revoke")
    assert "The token is revoked" in page.text
    assert status() == 401


@pytest.mark.ledger("DEC-292")
def test_a_new_token_is_shown_once(app: Flask, pages: Pages) -> None:
    page = pages.send(pages.get("/console/tokens"), "/console/tokens", name="Shop")
    (token,) = page.texts("#token")
    query = {"query": "{ viewer { solutions { edges { node { id } } } } }"}
    bearer = {"Authorization": f"Bearer {token}"}
    assert app.test_client().post("/graphql", json=query, headers=bearer).status_code == 200
    again = pages.get("/console/tokens")
    assert ([row[0] for row in again.rows()], token in again.response.text) == (["Shop"], False)
    page = pages.send(again, "/console/tokens", name="17")
    assert (page.status, page.texts(".reason")) == (
        422,
        ["must not be a number: a number names a token by its id"],
    )


def test_tokens_are_listed_page_by_page(pages: Pages, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.console.people.tokens._PAGE", 2)
    with engine.begin() as connection:
        for name in ("A", "B", "C"):
            create_master_token(connection, name)
    page = pages.get("/console/tokens")
    assert [row[0] for row in page.rows()] == ["A", "B"]
    (following,) = page.tree.cssselect("a[rel=next]")
    assert [row[0] for row in pages.get(following.get("href", "")).rows()] == ["C"]
    assert pages.get("/console/tokens?after=x").status == 400


@pytest.mark.parametrize("given", ["", "x", "9" * 30, "999999"])
@pytest.mark.parametrize("page", [f"{PERMISSIONS}/revoke", "/console/tokens/revoke"])
def test_an_unknown_number_changes_nothing(pages: Pages, page: str, given: str) -> None:
    token = pages.get("/console").form("/console/sign-out")
    sent = {**token, "permission": given, "token": given, "node": "", "person": ADMIN}
    assert pages.post(page, sent).status_code in {303, 400, 404}
    assert pages.get(at(ADMIN)).rows()[0][0] == "administer-all"


@pytest.mark.parametrize("path", [at(ADMIN), at("nobody"), "/console/tokens"])
def test_a_user_who_is_not_an_administrator_sees_no_other_user(app: Flask, make_user: MakeUser, path: str) -> None:
    make_user("ann")
    assert Pages.of(app, "ann").get(path).status == 403


@pytest.mark.parametrize(
    ("path", "given"),
    [
        (PEOPLE, NEW),
        (at(ADMIN, "status"), {"action": "disable"}),
        (at(ADMIN, "password"), {"old_password": PASSWORD, "new_password": "another one"}),
        (PERMISSIONS, {"type": "administer-all", "group": "ann"}),
        (PERMISSIONS, {"type": "administer-all", "group": "ann", "person": ADMIN}),
        ("/console/tokens", {"name": "Mine"}),
        ("/console/tokens/revoke", {"token": "1"}),
    ],
)
def test_a_user_who_is_not_an_administrator_cannot_change_other_users(
    app: Flask, make_user: MakeUser, path: str, given: dict[str, str]
) -> None:
    make_user("ann")
    anns = Pages.of(app, "ann")
    token = anns.get("/console").form("/console/sign-out")
    assert anns.post(path, {**token, **given}).status_code == 403
    assert Pages(app).sign_in().title == "Home"


def test_scripts_in_names_are_shown_as_text(pages: Pages) -> None:
    pages.send(pages.get(PEOPLE), PEOPLE, **NEW, user_name=SCRIPT)
    for path in (
        PEOPLE,
        at("ann@example.com"),
        f"{at('ann@example.com')}?node={SCRIPT}",
        f"{PERMISSIONS}?node={SCRIPT}",
    ):
        page = pages.get(path)
        assert "<script>alert" not in page.response.text
    assert pages.get(at(SCRIPT)).status == 404
    assert pages.get(f"{PEOPLE}/%00").status == 404


def test_users_are_listed_page_by_page(pages: Pages, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.console.people.listing._PAGE", 2)
    for name in ("ann", "bob"):
        make_user(name)
    page = pages.get(PEOPLE)
    assert [row[0] for row in page.rows()] == [ADMIN, "ann"]
    (following,) = page.tree.cssselect("a[rel=next]")
    assert [row[0] for row in pages.get(following.get("href", "")).rows()] == ["bob"]
