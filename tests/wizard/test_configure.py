"""The configuration wizard: its screens, what they fill in, and what is stored at the end."""

from __future__ import annotations

import pytest

from tests.support.solution_store import Store, auth_slot, config_slot, element, screen, slots
from tests.support.wizard import Wizard

ALL = (
    config_slot("name", title="Name"),
    config_slot("limit", title="Limit", type="integer"),
    config_slot("rate", title="Rate", type="number", mandatory=False),
    config_slot("active", title="Active", type="boolean"),
    config_slot("extra", title="Extra", type="object", mandatory=False),
    config_slot("secret", title="Secret", hidden=True),
    config_slot("language", title="Language", defaultValue='"en"'),
)


@pytest.fixture
def solution(store: Store) -> str:
    """A solution with two screens, and settings that are on no screen."""
    given = slots(auth=[auth_slot("slack", ["chat"], title="Slack")], config=ALL)
    screens = element(
        "ScreenList",
        screen("Connect", "slack", text="Connect your account."),
        screen("Basics", "name", "limit", "secret"),
    )
    solution = store.set(*given, screens, title="Support bot")
    store.publish(solution)
    return solution


@pytest.mark.ledger("UVU-25", "DEC-278")
def test_one_screen_a_step_then_a_summary_then_everything_at_once(wizard: Wizard, store: Store, solution: str) -> None:
    owner = store.user()
    slack = store.authentication(owner, ["chat", "read"], name="Team Slack")
    instance = store.instance(solution, owner)
    page = wizard.open(instance)
    assert (page.status, page.title, page.labels) == (200, "Connect", ["Slack"])
    assert "Connect your account." in page.text
    assert "Step 1 of 4" in page.text
    page = page.send(values={"auth:slack": slack})
    assert (page.title, page.labels) == ("Basics", ["Name", "Limit"])
    page = page.send(values={"config:name": 'Ann & "Bo"', "config:limit": "12"})
    assert (page.title, page.labels) == (
        "More settings",
        ["Rate optional", "Active", "Extra optional", "Language optional"],
    )
    assert page.fields["config:language"] == "en"
    page = page.send(values={"config:active": "true", "config:extra": '{"a": [1]}'})
    assert page.title == "Summary"
    assert page.summary() == {
        "Slack": "Team Slack",
        "Name": 'Ann & "Bo"',
        "Limit": "12",
        "Rate": "not set",
        "Active": "Yes",
        "Extra": '{ "a": [ 1 ] }',
        "Language": "en default",
    }
    assert store.get(instance).config == {}, "nothing is stored before the end"
    page = page.send("finish")
    assert (page.status, page.title) == (200, "Your settings are saved")
    assert page.message == {"type": "tray.configPopup.finish"}
    found = store.get(instance)
    assert found.config == {"name": '"Ann & \\"Bo\\""', "limit": "12", "active": "true", "extra": '{"a": [1]}'}
    assert (found.auth, found.pending, found.enabled) == ({"slack": slack}, ["secret"], False)


def test_a_fault_is_beside_its_field_and_what_was_typed_stays(wizard: Wizard, store: Store, solution: str) -> None:
    page = wizard.open(store.instance(solution))
    page = page.send()
    assert page.title == "Connect"
    assert page.reasons == ["Some settings are not complete. See the marked fields.", "Give the account a name."]
    new = {"auth:slack": "new", "name-auth:slack": "Mine", "environment-auth:slack": "x", "data-auth:slack": "xoxb"}
    page = page.send(values=new)
    assert page.reasons[1] == 'Type the credentials as JSON, such as {"token": "..."}.'
    assert page.fields["name-auth:slack"] == "Mine"
    page = page.send("reload", {"name-auth:slack": "Still mine", "data-auth:slack": ""})
    assert (page.reasons, page.fields["name-auth:slack"]) == ([], "Still mine")
    page = page.send(values={"data-auth:slack": '{"token": "xoxb-17"}'})
    page = page.send(values={"config:name": " ", "config:limit": "1.5"})
    assert page.title == "Basics"
    assert page.reasons[1:] == ["Fill in this field.", "Type a whole number, such as 12."]
    assert page.fields["config:limit"] == "1.5"
    page = page.send(values={"config:name": "x", "config:limit": "2"})
    page = page.send(values={"config:rate": "much", "config:extra": "[1]"})
    assert page.reasons[1:] == ["Type a number, such as 12 or 0.5.", 'Type a JSON object, such as {"name": "value"}.']
    assert "xoxb-17" not in "".join(wizard.seen), "credentials are never shown"


def test_a_new_account_is_created_at_the_end(wizard: Wizard, store: Store, solution: str) -> None:
    owner = store.user()
    instance = store.instance(solution, owner)
    new = {"auth:slack": "new", "name-auth:slack": "Mine", "data-auth:slack": '{"token": "xoxb-17"}'}
    page = wizard.open(instance).send(values=new)
    page = page.send("back")
    assert "Leave this empty to keep them." in page.text
    page = page.send()
    page = page.send(values={"config:name": "x", "config:limit": "2"}).send()
    assert page.summary()["Slack"] == "Mine new account"
    assert page.send("finish").title == "Your settings are saved"
    assert list(store.get(instance).auth) == ["slack"]


def test_going_back_keeps_the_entries_and_the_summary_leads_to_each_screen(
    wizard: Wizard, store: Store, solution: str
) -> None:
    page = wizard.open(store.instance(solution))
    new = {"auth:slack": "new", "name-auth:slack": "Mine", "data-auth:slack": "{}"}
    page = page.send(values=new)
    page = page.send("back", {"config:name": "Kept", "config:limit": "wrong"})
    assert page.title == "Connect"
    page = page.send()
    assert page.fields["config:name"] == "Kept"
    page = page.send(values={"config:limit": "1"}).send()
    page = page.send("go-1")
    assert (page.title, page.fields["config:name"], page.fields["config:limit"]) == ("Basics", "Kept", "1")


def test_cancelling_changes_nothing(wizard: Wizard, store: Store, solution: str) -> None:
    instance = store.instance(solution)
    before = store.get(instance)
    page = wizard.open(instance)
    first = page
    page = page.send(values={"auth:slack": "new", "name-auth:slack": "Mine", "data-auth:slack": "{}"})
    page = page.send("cancel")
    assert page.message == {"type": "tray.configPopup.cancel"}
    assert store.get(instance) == before
    again = first.send()
    assert (again.status, again.title) == (403, "This page has expired")


@pytest.mark.ledger("UVU-25", "DEC-277")
def test_finish_moves_an_instance_to_the_latest_release_and_marks_what_is_new(wizard: Wizard, store: Store) -> None:
    first = screen("First", "a", "b", "same")
    solution = store.set(
        *slots(config=[config_slot("a"), config_slot("b"), config_slot("same")]), element("ScreenList", first)
    )
    store.publish(solution)
    instance = store.instance(solution, config={"a": '"1"', "b": '"2"', "same": '"3"'})
    changed = [config_slot("a"), config_slot("b", type="integer"), config_slot("same"), config_slot("c", title="C")]
    store.set(*slots(config=changed), element("ScreenList", first, screen("Second", "c")), solution=solution)
    store.set(
        element("ScreenList", screen("Zero", "a"), screen("First", "same", "b"), screen("Second", "c")),
        solution=solution,
    )
    store.publish(solution)
    assert store.get(instance).flags == "NU"
    page = wizard.open(instance)
    assert (page.title, page.labels) == ("First", ["b Changed: please check", "same"])
    assert (page.fields["config:b"], page.fields["config:same"]) == ("", "3")
    page = page.send(values={"config:b": "7"})
    assert (page.title, page.labels) == ("Second", ["C New"])
    page = page.send(values={"config:c": "new"})
    assert (page.title, page.labels, page.fields["config:a"]) == ("Zero", ["a"], "1")
    page = page.send()
    assert store.get(instance).release == 1
    assert page.send("finish").title == "Your settings are saved"
    found = store.get(instance)
    assert (found.release, found.flags, found.pending) == (2, "", [])
    assert found.config == {"a": '"1"', "b": "7", "same": '"3"', "c": '"new"'}


@pytest.mark.ledger("UVU-24", "UVU-25")
def test_slots_left_pending_by_an_upgrade_without_values_are_marked(wizard: Wizard, store: Store) -> None:
    solution = store.published(config=[config_slot("a"), config_slot("b")])
    instance = store.instance(solution, config={"a": '"1"', "b": '"2"'})
    store.republish(solution, config=[config_slot("a"), config_slot("b", type="integer"), config_slot("c")])
    assert store.upgrade(instance).pending == ["b", "c"]
    page = wizard.open(instance)
    assert page.labels == ["b Changed: please check", "c Needs a value", "a"]
    page.send(values={"config:b": "1", "config:c": "x"}).send("finish")
    assert store.get(instance).pending == []


def test_a_release_that_is_published_meanwhile_starts_the_wizard_again(wizard: Wizard, store: Store) -> None:
    solution = store.published(config=[config_slot("a"), config_slot("removed")])
    instance = store.instance(solution)
    page = wizard.open(instance).send(values={"config:a": "kept", "config:removed": "dropped"})
    assert page.title == "Summary"
    store.republish(solution, config=[config_slot("a"), config_slot("b")])
    page = page.send("finish")
    assert "A new version was published meanwhile." in page.text
    assert page.fields["config:a"] == "kept"
    assert store.get(instance).config == {}
    page.send(values={"config:b": "2"}).send("finish")
    assert (store.get(instance).release, store.get(instance).config) == (2, {"a": '"kept"', "b": '"2"'})


def test_a_form_fills_in_only_the_screen_that_was_shown(wizard: Wizard, store: Store) -> None:
    """The order of the screens changes when the instance does. A form does not contain a switch that is off."""
    config = [config_slot("a", title="A"), config_slot("on", title="On", type="boolean", mandatory=False)]
    screens = element("ScreenList", screen("One", "on"), screen("Two", "a"))
    solution = store.set(*slots(config=config), screens)
    store.publish(solution)
    instance = store.instance(solution, config={"on": "true"})
    page = wizard.open(instance)
    assert page.labels == ["A Needs a value"]
    store.update(instance, config={"a": '"given meanwhile"'})
    page = page.send(values={"config:a": "mine"})
    assert "have changed meanwhile" in page.text
    assert (page.title, page.fields["config:on"]) == ("One", "true")
    page = page.send().send().send("finish")
    assert page.title == "Your settings are saved"
    assert store.get(instance).config == {"a": '"given meanwhile"', "on": "true"}


def test_a_value_that_no_page_can_show_stays_unless_it_is_changed(wizard: Wizard, store: Store) -> None:
    slots_of_both = [config_slot("a"), config_slot("b", type="object")]
    held = {"a": '"\\ud800 and \\u0000"', "b": '{"\\udfff": 1}'}
    instance = store.instance(store.published(config=slots_of_both), config=held)
    page = wizard.open(instance, "&customValidation=true")
    assert page.fields["config:a"] == "\ufffd and \ufffd"
    page.send().send("finish")
    assert store.get(instance).config == held


def test_an_authentication_that_expires_meanwhile_is_not_stored(wizard: Wizard, store: Store, solution: str) -> None:
    owner = store.user()
    slack = store.authentication(owner, ["chat"])
    instance = store.instance(solution, owner)
    page = wizard.open(instance).send(values={"auth:slack": slack})
    page = page.send(values={"config:name": "x", "config:limit": "2"}).send()
    store.done("SetAuthentication", authenticationId=slack, expires="2020-01-01T00:00:00Z")
    page = page.send("finish")
    assert page.reasons == ['The authentication for auth slot "slack" has expired.']
    assert store.get(instance).config == {}
    page = page.send("go-0")
    assert page.fields.get("auth:slack") == "new", "an expired account cannot be chosen"


@pytest.mark.ledger("DEC-278")
def test_a_value_can_be_changed_but_not_removed_and_a_default_stays_one(wizard: Wizard, store: Store) -> None:
    given = [config_slot("a", mandatory=False), config_slot("b", defaultValue='"x"')]
    solution = store.published(config=given)
    instance = store.instance(solution, config={"a": '"1"'})
    page = wizard.open(instance).send(values={"config:a": ""})
    assert page.reasons[1:] == ["This value cannot be removed here. Give another one."]
    page.send(values={"config:a": "2"}).send("finish")
    assert store.get(instance).config == {"a": '"2"'}


@pytest.mark.ledger("DEC-380")
def test_if_a_form_is_too_long_the_longest_field_has_the_reason_and_the_form_stays(
    wizard: Wizard, store: Store
) -> None:
    config = [config_slot(name, title=name) for name in ("a", "b")]
    instance = store.instance(store.published(config=config, auth=[auth_slot("slack", mandatory=False)]))
    none = {"auth:slack": ""}
    page = wizard.open(instance).send(values={"config:a": "first", "config:b": "second", **none}).send("back")
    long = "x" * 300_000
    page = page.send(values={"config:a": long, "config:b": "short", **none})
    assert (page.status, page.title, page.message) == (200, "Settings", None)
    reason = "Shorten this. All that is filled in may have at most 262144 characters together."
    assert page.texts(".field.faulty .reason") == [reason]
    assert page.texts(".field.faulty label") == ["a"]
    assert (page.fields["config:a"], page.fields["config:b"]) == (long, "short")
    account = {"auth:slack": "new", "name-auth:slack": "Mine", "data-auth:slack": f'{{"token": "{long}"}}'}
    page = page.send(values={"config:a": "again", **account})
    assert page.texts(".field .reason") == [reason]
    assert (page.fields["auth:slack"], page.fields["name-auth:slack"]) == ("new", "Mine")
    assert long not in page.response.text, "credentials are not shown"
    page = page.send(values={"data-auth:slack": '{"token": "t"}'})
    assert page.title == "Summary"
    assert page.send("finish").title == "Your settings are saved"
    assert store.get(instance).config == {"a": '"again"', "b": '"short"'}


def test_only_the_summary_can_finish(wizard: Wizard, store: Store) -> None:
    """A request that says so from a step stays there, with what was filled in, and the session goes on."""
    instance = store.instance(store.published(config=[config_slot("a", title="A")]))
    step = wizard.open(instance).send("finish", {"config:a": "x"})
    assert (step.title, step.fields["config:a"], store.get(instance).config) == ("Settings", "x", {})
    assert step.send().send("finish").title == "Your settings are saved"
    assert store.get(instance).config == {"a": '"x"'}
