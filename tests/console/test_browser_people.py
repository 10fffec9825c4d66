"""The pages of people in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.browsers import PHONE, OpenTab, Site, check_accessible, picture
from tests.support.builders import Graph, package
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.pages import Pages


def test_the_pages_of_people_are_accessible_on_a_desk(open_tab: OpenTab) -> None:
    page = open_tab().sign_in(following="/console/people")
    pages = {
        "people": "people",
        "person": f"people/{ADMIN}?node=system",
        "permissions": "permissions?node=system",
        "tokens": "tokens",
        "activity": "activity",
    }
    for name, path in pages.items():
        page.goto(f"/console/{path}")
        picture(page, name)
        check_accessible(page)


def test_an_account_from_its_creation_to_its_end(site: Site, open_tab: OpenTab) -> None:
    Client(site.app).load(Graph().node("acme", package()).node("acme.parts", package()))
    page = open_tab().sign_in(following="/console/people")
    page.get_by_label("User", exact=True).fill("bob")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Add the user").click()
    expect(page.get_by_text("The user is added.")).to_be_visible()

    page.get_by_label("Permission", exact=True).select_option("package-update")
    page.get_by_label("On the node").fill("acme")
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_text("The permission is given.")).to_be_visible()
    page.get_by_label("With the node").fill("acme.parts")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("bob may read, use its draft, update it, through:")).to_be_visible()
    page.get_by_role("button", name="Revoke package-update on acme").click()
    expect(page.get_by_text("The permission is taken back.")).to_be_visible()

    for _ in range(10):
        Pages(site.app).sign_in("bob", "a wrong one")
    page.reload()
    page.get_by_role("button", name="Unlock").click()
    expect(page.get_by_text("The failed sign-ins are forgotten.")).to_be_visible()
    page.get_by_label("New password").fill("another one")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("bob Disabled")
    assert Pages(site.app).sign_in("bob", "another one").title == "Sign in"
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("The user is enabled.")).to_be_visible()
    assert Pages(site.app).sign_in("bob", "another one").title == "Home"

    page.get_by_role("link", name="Activity").click()
    whats = page.get_by_role("row").filter(has_text="bob")
    expect(whats.filter(has_text="disabled")).to_have_count(1)
    expect(whats.filter(has_text="permission taken back")).to_contain_text("on acme")


def test_a_token_is_made_and_revoked(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(size=PHONE).sign_in(following="/console/tokens")
    page.get_by_label("Name").fill("Shop")
    page.keyboard.press("Enter")
    token = page.locator("#token").inner_text()
    check_accessible(page)
    picture(page, "token-made")
    query = {"query": "{ viewer { solutions { edges { node { id } } } } }"}

    def status() -> int:
        return page.request.post("/graphql", data=query, headers={"Authorization": f"Bearer {token}"}).status

    assert status() == 200
    page.get_by_role("button", name="Revoke Shop").click()
    expect(page.get_by_text("The token is revoked")).to_be_visible()
    assert status() == 401


def test_users_see_their_own_account(site: Site, open_tab: OpenTab) -> None:
    client = Client(site.app)
    client.post(message("CreateUser", {"userLogonReferenceCreate": "carl", "passwordCreate": PASSWORD}))
    page = open_tab(dark=True).sign_in("carl", following="/console/people")
    page.get_by_label("With the node").fill("system.NODE_LIST_TYPE")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You may read, link to it, use it as a type, through:")).to_be_visible()
    check_accessible(page)
    picture(page, "own-account")
    page.get_by_role("link", name="what you did lately").click()
    expect(page.get_by_role("row").filter(has_text="signed in")).to_have_count(1)
    check_accessible(page)


def test_a_user_is_added_without_scripts(open_tab: OpenTab) -> None:
    page = open_tab(scripts=False).sign_in(following="/console/people")
    page.get_by_label("User", exact=True).fill("ann")
    page.get_by_label("Password", exact=True).fill("long enough")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The user is added.")).to_be_visible()
