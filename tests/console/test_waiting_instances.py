"""Instances that lack values: what the console says of them, and the form for the values of hidden slots."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from tests.support.pages import Page, Pages
from tests.support.releases import CHANNEL, TOKEN
from tests.support.solution_store import Store, auth_slot, config_slot, workflow

KEY = auth_slot("key", title="Key", hidden="true")
TEAM = config_slot("team", title="Team", type="string")


def at(instance: str, page: str = "") -> str:
    return f"/console/instances/{instance}" + (f"/{page}" if page else "")


def listed(pages: Pages, state: str) -> list[str]:
    return [row[0] for row in pages.get(f"/console/instances?state={state}").rows()]


def counted(pages: Pages) -> tuple[str, str]:
    """How many instances wait for their users and for the system, as the home page says."""
    figures = pages.get("/console").tree.cssselect(".figure a[href*='instances?state=']")
    found = {figure.get("href", "").partition("=")[2]: figure.cssselect("b")[0].text_content() for figure in figures}
    return found["user"], found["system"]


def give(pages: Pages, instance: str, **values: str) -> Page:
    """Send the form for the values of hidden slots."""
    return pages.send(pages.get(at(instance)), at(instance, "upgrade"), **{"do": "values", **values})


@pytest.mark.ledger("DEC-403")
def test_an_upgraded_instance_that_lacks_values_waits_until_they_are_given(pages: Pages, store: Store) -> None:
    solution, owner = store.published(config=[CHANNEL]), store.user()
    instance = store.instance(solution, owner, config={"channel": '"general"'})
    store.republish(solution, config=[CHANNEL, TOKEN, TEAM], auth=[KEY])
    assert counted(pages) == ("1", "1")
    store.upgrade(instance)
    for address in (at(instance), "/console/instances", f"/console/solutions/{solution}"):
        page = pages.get(address)
        assert {"Waits for its user", "Waits for the system"} <= set(page.texts(".badge"))
        assert (
            "lacks values from its user in the configuration wizard and from the system for hidden slots" in page.text
        )
        assert "Up to date" not in page.text
    assert "Without a value: key, token, team." in pages.get("/console/instances").text
    assert (counted(pages), listed(pages, "user"), listed(pages, "system")) == (("1", "1"), ["Mine"], ["Mine"])
    store.update(instance, config={"team": '"red"'})
    assert (counted(pages), listed(pages, "user"), listed(pages, "system")) == (("0", "1"), [], ["Mine"])
    assert "lacks values from the system for hidden slots." in pages.get(at(instance)).text
    store.update(instance, config={"token": '"x"'}, auth={"key": store.authentication(owner)})
    assert (counted(pages), listed(pages, "user"), listed(pages, "system")) == (("0", "0"), [], [])
    assert "Up to date It is on the latest release." in pages.get(at(instance)).text


@pytest.mark.ledger("DEC-403")
def test_an_instance_waits_for_its_user_before_the_first_run_of_the_wizard(pages: Pages, store: Store) -> None:
    solution = store.published(config=[CHANNEL, config_slot("note", mandatory="false")])
    instance = store.instance(solution)
    assert "Waits for its user" in pages.get(at(instance)).texts(".badge")
    assert (counted(pages), listed(pages, "user")) == (("1", "0"), ["Mine"])
    store.republish(solution, config=[CHANNEL])
    assert "It is on release 1, but lacks values from its user" in pages.get(at(instance)).text
    assert (counted(pages), listed(pages, "user"), store.get(instance).flags) == (("1", "0"), ["Mine"], "N")


@pytest.mark.ledger("DEC-403", "DEC-326")
def test_the_filters_find_all_that_wait_whichever_release_a_value_was_given_for(pages: Pages, store: Store) -> None:
    """The filters find what the responses say of each instance: its flags and its pending slots."""
    plain = config_slot("channel", type="string")
    solution = store.published(config=[plain, config_slot("size", type="string")], auth=[auth_slot("slack", ["a"])])
    owner = store.user()
    good = store.authentication(owner, ["a"])
    given = {"channel": '"a"', "size": '"b"'}
    kept, early = (store.instance(solution, owner, name, given, {"slack": good}) for name in ("Kept", "Early"))
    store.instance(solution, owner, "Behind", given, {"slack": good})
    poor = store.authentication(owner, ["a"])
    narrowed = store.instance(solution, owner, "Narrowed", given, {"slack": poor})
    store.republish(solution, config=[CHANNEL, config_slot("size", type="integer")], auth=[auth_slot("slack", ["a"])])
    for instance in (kept, early, narrowed):
        store.upgrade(instance, config={"size": "1"} if instance != early else None)
    store.done("SetAuthentication", "<ScopeList><scope>other</scope></ScopeList>", authenticationId=poor)
    instances = {name: store.get(i) for name, i in (("Kept", kept), ("Early", early), ("Narrowed", narrowed))}
    assert {name: found.pending for name, found in instances.items()} == {
        "Kept": [],
        "Early": ["size"],
        "Narrowed": ["slack"],
    }
    assert listed(pages, "user") == ["Early", "Behind", "Narrowed"]
    assert (listed(pages, "system"), counted(pages)) == ([], ("3", "0"))


@pytest.mark.ledger("DEC-403", "DEC-326")
def test_only_instances_that_may_wait_count_for_the_limit_of_the_home_page(
    pages: Pages, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.solutions.instances.counting.MOST_JUDGED", 2)
    solution = store.published(config=[config_slot("channel", type="string")])
    complete = [store.instance(solution, name=name, config={"channel": '"a"'}) for name in "ABC"]
    store.republish(solution, config=[CHANNEL], workflows=[workflow("wf")])
    for instance in complete:
        store.upgrade(instance)
    store.instance(solution, name="D")
    assert counted(pages) == ("1", "0")
    for name in "EF":
        store.instance(solution, name=name)
    assert counted(pages) == ("2+", "0+")


@pytest.mark.ledger("DEC-326")
def test_the_home_page_does_not_wait_for_the_judgement_of_too_many_instances(pages: Pages, engine: Engine) -> None:
    with engine.begin() as locking:
        locking.execute(text("LOCK TABLE instance_value IN ACCESS EXCLUSIVE MODE"))
        page = pages.get("/console")
    assert page.status == 200
    assert "There are too many instances to count those that wait for input here." in page.text


def test_an_instance_whose_authentication_expires_waits_for_its_user(
    pages: Pages, store: Store, engine: Engine
) -> None:
    owner = store.user()
    slack = store.authentication(owner)
    instance = store.instance(store.published(auth=[auth_slot("slack")]), owner, auth={"slack": slack})
    assert listed(pages, "user") == []
    with engine.begin() as connection:
        connection.execute(text("UPDATE authentication SET expires_at = now()"))
    assert (listed(pages, "user"), counted(pages)) == (["Mine"], ("1", "0"))
    assert "Waits for its user" in pages.get(at(instance)).texts(".badge")


@pytest.mark.ledger("DEC-404")
def test_an_upgrade_takes_the_values_of_hidden_slots(pages: Pages, store: Store) -> None:
    solution, owner = store.published(), store.user()
    key = store.authentication(owner, name="The key")
    instance = store.instance(solution, owner)
    store.republish(solution, config=[TOKEN, TEAM], auth=[KEY])
    page = give(pages, instance, **{"value-token": "7", "auth-key": key})
    assert (page.status, page.texts(".reason")) == (422, ['The value of config slot "token" must be a string'])
    assert store.get(instance).release == 1
    page = give(pages, instance, **{"value-token": '"x"', "auth-key": key})
    found = store.get(instance)
    assert (found.release, found.config, found.auth, found.pending) == (2, {"token": '"x"'}, {"key": key}, ["team"])
    assert "The values are stored. The instance is on release 2." in page.text
    assert page.tree.cssselect("#system") == []


@pytest.mark.ledger("DEC-404", "DEC-405")
def test_hidden_slots_are_filled_after_an_upgrade(pages: Pages, store: Store) -> None:
    solution, owner = store.published(), store.user()
    instance = store.instance(solution, owner)
    store.republish(solution, config=[TOKEN], auth=[KEY])
    store.upgrade(instance)
    page = pages.get(at(instance))
    assert "the end user has no authentication that fits" in page.text
    page = give(pages, instance)
    assert (page.status, page.texts("[role=alert]")) == (422, ["Nothing was stored: give a value."])
    assert "Without a value" in give(pages, instance, **{"value-token": '"x"'}).text
    key = store.authentication(owner, name="The key")
    store.authentication(owner, name="Another service", service="gmail")
    store.authentication(store.user("Eve"), name="Of Eve")
    page = pages.get(at(instance))
    assert page.texts("#auth-key option") == ["None yet", "The key"]
    page = give(pages, instance, **{"auth-key": key})
    assert store.get(instance).pending == []
    assert "Up to date" in page.texts(".badge")


@pytest.mark.ledger("DEC-405")
def test_the_builders_authentication_of_a_hidden_slot_may_be_chosen(pages: Pages, store: Store) -> None:
    ours = store.authentication(None, name="Ours")
    solution = store.published(auth=[auth_slot("key", hidden="true", authenticationId=ours)])
    owner = store.user()
    instance = store.instance(solution, owner)
    assert pages.get(at(instance)).texts("#auth-key option") == ["None yet", "Ours, the builder's"]
    others = store.authentication(store.user("Eve"))
    page = give(pages, instance, **{"auth-key": others})
    assert (page.status, len(page.texts(".reason"))) == (422, 1)
    give(pages, instance, **{"auth-key": ours})
    assert store.get(instance).auth == {"key": ours}


@pytest.mark.ledger("DEC-404")
def test_a_value_for_a_slot_that_is_not_on_the_page_is_refused_above_the_form(pages: Pages, store: Store) -> None:
    instance = store.instance(store.published(config=[TOKEN]))
    page = give(pages, instance, **{"value-unknown": "1", "auth-unknown": "x"})
    assert page.status == 422
    assert 'has no config slot "unknown"' in page.texts("[role=alert]")[0]
    assert store.get(instance).config == {}


@pytest.mark.ledger("DEC-405")
def test_the_page_of_a_publication_says_where_hidden_slots_are_filled(pages: Pages, store: Store) -> None:
    solution = store.published()
    store.instance(solution)
    store.set("<AuthSlotList>" + KEY + "</AuthSlotList>", solution=solution)
    page = pages.get(f"/console/solutions/{solution}/publish")
    assert "config slots in its roll-out, and authentications for auth slots on the page of each instance" in page.text
