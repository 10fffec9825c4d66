"""The pages of people in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.accessibility import check_accessible
from tests.support.browsers import PHONE, OpenTab, Site, Tab, picture
from tests.support.builders import Graph, package
from tests.support.http import PASSWORD, Client, message
from tests.support.keyboard import choose, press, write
from tests.support.pages import Pages


def test_a_user_is_added_and_given_a_permission_with_the_keyboard(site: Site, desk: Tab) -> None:
    Client(site.app).load(Graph().node("acme", package()).node("acme.parts", package()))
    page = desk.show("/console/people")
    write(page, "User", "bob", exact=True)
    write(page, "Password", PASSWORD, exact=True)
    press(page, "button", "Add the user")
    expect(page.get_by_text("The user is added.")).to_be_visible()

    choose(page, "Permission", "package-update")
    write(page, "On the node", "acme")
    press(page, "button", "Grant")
    expect(page.get_by_text("The permission is granted.")).to_be_visible()
    write(page, "With the node", "acme.parts")
    press(page, "button", "Show")
    expect(page.get_by_text("bob may read, use its draft, update it, through:")).to_be_visible()
    press(page, "button", "Revoke package-update on acme")
    expect(page.get_by_text("The permission is revoked.")).to_be_visible()
    page.goto("/console/activity")
    whats = page.get_by_role("row").filter(has_text="bob")
    expect(whats.filter(has_text="permission revoked")).to_contain_text("on acme")


def test_an_account_is_unlocked_and_disabled_with_the_keyboard(site: Site, desk: Tab) -> None:
    new = {"userLogonReferenceCreate": "dora", "passwordCreate": PASSWORD}
    assert Client(site.app).post(message("CreateUser", new)).number == 0
    for _ in range(10):
        Pages(site.app).sign_in("dora", "a wrong one")
    page = desk.show("/console/people/dora")
    press(page, "button", "Unlock")
    expect(page.get_by_text("The failed sign-ins are forgotten.")).to_be_visible()
    write(page, "New password", "another one")
    press(page, "button", "Change the password")
    expect(page.get_by_text("The password is changed")).to_be_visible()
    press(page, "button", "Disable")
    expect(page.get_by_role("heading", level=1)).to_have_text("dora Disabled")
    assert Pages(site.app).sign_in("dora", "another one").title == "Sign in"
    press(page, "button", "Enable")
    expect(page.get_by_text("The user is enabled.")).to_be_visible()
    assert Pages(site.app).sign_in("dora", "another one").title == "Home"

    press(page, "link", "Activity")
    expect(page.get_by_role("row").filter(has_text="dora").filter(has_text="disabled")).to_have_count(1)


def test_a_token_is_made_and_revoked_with_the_keyboard(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(size=PHONE).sign_in(following="/console/tokens")
    write(page, "Name", "Shop")
    page.keyboard.press("Enter")
    token = page.locator("#token").inner_text()
    check_accessible(page)
    picture(page, "token-made")
    query = {"query": "{ viewer { solutions { edges { node { id } } } } }"}

    def status() -> int:
        return page.request.post("/graphql", data=query, headers={"Authorization": f"Bearer {token}"}).status

    assert status() == 200
    press(page, "button", "Revoke Shop")
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


def test_a_user_is_added_without_scripts(open_tab: OpenTab) -> None:
    page = open_tab(scripts=False).sign_in(following="/console/people")
    page.get_by_label("User", exact=True).fill("ann")
    page.get_by_label("Password", exact=True).fill("long enough")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The user is added.")).to_be_visible()
