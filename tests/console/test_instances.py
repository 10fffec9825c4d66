"""The pages of instances."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.solutions.instances import paging
from tests.support.pages import Page, Pages
from tests.support.releases import CHANNEL, LIMIT, TOKEN, shop
from tests.support.solution_store import Store, config_slot, slots

MakeUser = Callable[..., None]
SCRIPT = "<script>alert('1')</script>"


def at(instance: str, page: str = "") -> str:
    return f"/console/instances/{instance}" + (f"/{page}" if page else "")


def do(pages: Pages, instance: str, page: str) -> Page:
    """Press a button of the page of an instance."""
    return pages.send(pages.get(at(instance)), at(instance, page))


def names(page: Page) -> list[str]:
    return [row[0] for row in page.rows()]


def test_an_instance_shows_its_values_and_its_state_in_words(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL, LIMIT])
    instance = store.instance(solution, name="Mine", config={"channel": '"general"'})
    page = pages.get(at(instance))
    assert page.title == "Mine Disabled"
    assert "It is on the latest release." in page.text
    assert page.rows() == [["Channel channel", '"general"'], ["Limit limit", "10 default"]]
    store.republish(solution, config=[CHANNEL, LIMIT])
    assert "It moves to release 2 by itself." in pages.get(at(instance)).text
    store.republish(solution, config=[CHANNEL, LIMIT, TOKEN])
    assert "Release 3 needs values for hidden slots." in pages.get(at(instance)).text
    store.republish(solution, config=[CHANNEL, config_slot("limit", type="number"), TOKEN, config_slot("team")])
    page = pages.get(at(instance))
    assert "Release 4 asks its user for input in the configuration wizard, and the system" in page.text
    changes = page.rows("main > section table")
    assert ["team config", 'Config slot "team" is new and needs a value', "Breaks"] in changes


def test_an_instance_is_enabled_only_without_pending_slots(pages: Pages, store: Store) -> None:
    instance = store.instance(store.published(config=[CHANNEL]))
    assert "Without a value: Channel, from its user in the wizard." in pages.get(at(instance)).text
    page = do(pages, instance, "enabled")
    assert (page.status, page.texts("[role=alert]")) == (
        409,
        ['Nothing was changed: the instance cannot be enabled, these slots need a value: "channel".'],
    )
    assert not store.get(instance).enabled
    store.update(instance, config={"channel": '"general"'})
    assert "The instance is enabled." in do(pages, instance, "enabled").text
    assert store.get(instance).enabled
    do(pages, instance, "enabled")
    assert not store.get(instance).enabled


def test_an_instance_is_held_and_upgraded_and_shows_its_history(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    instance = store.instance(solution, config={"channel": '"general"'})
    store.republish(solution, config=[CHANNEL])
    page = do(pages, instance, "hold")
    assert store.get(instance).held
    assert "It would move to release 2 by itself, but is on hold." in page.text
    page = do(pages, instance, "upgrade")
    assert store.get(instance).release == 2
    do(pages, instance, "hold")
    assert not store.get(instance).held
    assert [row[1:] for row in pages.get(at(instance)).rows("section:nth-of-type(2) table")] == [
        ["changed", "hold released", "admin"],
        ["moved", "from release 1 to 2 by an upgrade", "admin"],
        ["changed", "put on hold", "admin"],
        ["created", "on release 1; new values for channel", "admin"],
    ]


@pytest.mark.ledger("DEC-327")
def test_the_history_has_every_change_and_no_value(pages: Pages, store: Store, engine: Engine) -> None:
    solution = store.published(config=[CHANNEL, LIMIT])
    instance = store.instance(solution, config={"channel": '"secret"'})
    other = store.instance(solution)
    store.update(instance, enabled=True)
    store.update(instance, config={"channel": '"secret"', "limit": "77"}, instanceName="Mine")
    store.update(instance, config={"channel": '"hidden"'}, enabled=False, instanceName="Ours")
    store.upgrade(instance, config={"limit": "78"})
    page = pages.get(at(instance))
    assert [row[1:3] for row in page.rows("section:nth-of-type(2) table")] == [
        ["changed", "new values for limit"],
        ["changed", "renamed; disabled; new values for channel"],
        ["changed", "new values for limit"],
        ["changed", "enabled"],
        ["created", "on release 1; new values for channel"],
    ]
    with engine.connect() as connection:
        shown = connection.execute(text("SELECT string_agg(details::text, '') FROM audit")).scalar_one()
    assert not {"secret", "hidden", "77", "78"} & set(re.findall(r"\w+", shown))
    assert len(pages.get(at(other)).rows("section:nth-of-type(2) table")) == 1


@pytest.mark.ledger("UVU-25")
def test_a_link_to_the_wizard_works_once(app: Flask, pages: Pages, store: Store) -> None:
    instance = store.instance(store.published(config=[CHANNEL]))
    page = do(pages, instance, "wizard")
    (link,) = page.texts("#wizard")
    path = link.removeprefix("http://localhost")
    assert path.startswith(f"/external/solutions/relink/configure/{instance}?code=")
    assert app.test_client().get(path).status_code == 200
    assert app.test_client().get(path).status_code != 200
    assert pages.get(at(instance)).texts("#wizard") == []


@pytest.mark.ledger("UVU-22")
def test_instances_are_filtered_by_their_state(pages: Pages, store: Store) -> None:
    solution = shop(store)
    store.publish(solution)
    owner = store.user("Eve")
    newest = store.instance(solution, owner, "Newest")
    store.update(newest, held=True)
    first = ["Ann's desk", "Ann's shop", "Bob's desk"]
    found = {
        state: names(pages.get(f"/console/instances?solution={solution}&state={state}"))
        for state in ("", "newest", "behind", "user", "system", "held", "unheard-of")
    }
    every = [*first, "Newest"]
    assert found == {
        "": every,
        "newest": ["Newest"],
        "behind": first,
        "user": ["Newest"],
        "system": every,
        "held": ["Newest"],
        "unheard-of": every,
    }
    assert names(pages.get(f"/console/instances?owner={owner}")) == ["Newest"]
    assert names(pages.get("/console/instances?name=Newest")) == ["Newest"]
    assert "No instance matches." in pages.get("/console/instances?owner=nobody").text


def test_instances_of_a_solution_on_hold_are_not_said_to_move(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL])
    instance = store.instance(solution, config={"channel": '"general"'})
    store.republish(solution, config=[CHANNEL])
    lists = (at(instance), "/console/instances", f"/console/solutions/{solution}")
    for address in lists:
        assert "It moves to release 2 by itself." in pages.get(address).text
    pages.send(pages.get(lists[2]), f"{lists[2]}/hold")
    for address in lists:
        assert "It would move to release 2 by itself, but is on hold." in pages.get(address).text
    assert names(pages.get("/console/instances?state=held")) == ["Mine"]
    assert names(pages.get("/console/instances?state=behind-held")) == ["Mine"]
    assert names(pages.get("/console/instances?state=failing")) == []


@pytest.mark.parametrize("state", ["", "system"])
def test_instances_are_listed_page_by_page(
    pages: Pages, store: Store, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr("app.console.instances.listing._PAGE", 2)
    monkeypatch.setattr(paging, "_SHARE", 2)
    solution = shop(store)
    store.publish(solution)
    page = pages.get(f"/console/instances?state={state}")
    seen = names(page)
    assert len(seen) == 2
    (following,) = page.tree.cssselect("a[rel=next]")
    page = pages.get(following.get("href", ""))
    assert [*seen, *names(page)] == ["Ann's desk", "Ann's shop", "Bob's desk"]
    assert page.tree.cssselect("a[rel=next]") == []


def test_a_page_after_an_instance_that_is_gone_says_so(pages: Pages) -> None:
    for after in ("00000000-0000-0000-0000-000000000000", "x"):
        assert pages.get(f"/console/instances?after={after}").status == 404


@pytest.mark.parametrize("page", ["", "enabled", "hold", "upgrade", "wizard"])
def test_a_user_without_administer_solutions_sees_and_changes_nothing(
    app: Flask, make_user: MakeUser, store: Store, page: str
) -> None:
    make_user("ann")
    solution = store.published(config=[config_slot("channel", mandatory="false")])
    instance = store.instance(solution)
    store.publish(solution)
    anns = Pages.of(app, "ann")
    if page == "":
        assert [anns.get(path).status for path in (at(instance), at("x"), "/console/instances")] == [403] * 3
        return
    given = {**anns.get("/console").form("/console/sign-out"), "enabled": "true", "held": "true"}
    for path in (at(instance, page), at("x", page)):
        response = anns.post(path, given)
        assert (response.status_code, "/external/" in response.text) == (403, False)
    found = store.get(instance)
    assert (found.enabled, found.held, found.release) == (False, False, 1)


@pytest.mark.parametrize("page", ["", "enabled", "hold", "upgrade", "wizard"])
def test_an_instance_that_does_not_exist_is_not_found(pages: Pages, page: str) -> None:
    token = pages.get("/console").form("/console/sign-out")
    for instance in ("x", "00000000-0000-0000-0000-000000000000"):
        got = pages.get(at(instance)).status if page == "" else pages.post(at(instance, page), token).status_code
        assert got == 404


def test_scripts_in_names_and_values_are_shown_as_text(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(config=[config_slot("channel", title=SCRIPT)]), title=SCRIPT)
    store.publish(solution)
    instance = store.instance(solution, store.user(SCRIPT), SCRIPT, {"channel": f'"{SCRIPT}"'})
    for path in (at(instance), "/console/instances", f"/console/instances?name={SCRIPT}&solution={SCRIPT}"):
        page = pages.get(path)
        assert page.status == 200
        assert "<script>alert" not in page.response.text
