"""Each field of the form that edits the draft of a solution, compared with what GetSolution returns afterwards."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.support.pages import Page, Pages
from tests.support.solution_store import Store, auth_slot, config_slot, ddl, element, leaves, screen, slots, workflow

LISTS = ("TagList", "CustomFieldList", "AuthSlotList", "ConfigSlotList", "WorkflowList", "ScreenList")


def address(solution: str) -> str:
    return f"/console/solutions/{solution}/draft"


def press(pages: Pages, solution: str, button: str, page: Page | None = None, /, **values: str | None) -> Page:
    """Press a button of the form with other values in some fields. A field with None is left out."""
    fields: dict[str, str | None] = {**(page or pages.get(address(solution))).form(address(solution)), **values}
    sent = {name: value for name, value in fields.items() if value is not None}
    response = pages.post(address(solution), {**sent, "do": button})
    return pages.get(response.headers["Location"]) if response.status_code == 303 else Page(response, address(solution))


def saved(pages: Pages, solution: str, page: Page | None = None, /, **values: str | None) -> None:
    page = press(pages, solution, "save", page, **values)
    assert "The draft is saved" in page.text, page.text


def stored(store: Store, solution: str, name: str) -> list[dict[str, object]]:
    """The entries of a list in GetSolution: the texts of each, and those of the lists and records in it."""
    found = store.done("GetSolution", solutionId=solution).tree.find(name)
    return [] if found is None else [_fields(entry) for entry in found]


def _fields(entry: etree._Element) -> dict[str, object]:
    return {
        str(child.tag): [each.text for each in child]
        if str(child.tag).endswith("List")
        else _fields(child)
        if len(child)
        else child.text or ""
        for child in entry
    }


def test_a_draft_that_is_saved_as_it_is_shown_keeps_everything(pages: Pages, store: Store) -> None:
    """Each list has two entries. Texts have quotation marks, line ends and spaces where these are allowed."""
    mine = store.authentication(None)
    solution = store.set(
        leaves("TagList", "tag", ["crm", 'with "quotes" & <marks>']),
        element("CustomFieldList", *(element("CustomField", key=key, value=" a\nb ") for key in ("team", "cost"))),
        *slots(
            auth=[
                auth_slot("slack", ["users:read", "channels:read"], title=" Your  <Slack> ", authenticationId=mine),
                auth_slot("mail", title='"Mail"', hidden=True, mandatory=False, serviceEnvironment="test"),
            ],
            config=[
                config_slot(
                    "list", ddl(input='{"a": "\\n <b>"}', authSlotExternalId="slack"), type="ddl", title="List"
                ),
                config_slot("limit", type="object", defaultValue='{\n "a": 1}', hidden=True, mandatory=False),
            ],
            workflows=[
                workflow("nightly", sourceWorkflowName="Every night", trigger="scheduled", schedule="0 3 * * *"),
                workflow("hook", trigger="webhook"),
            ],
        ),
        element(
            "ScreenList",
            screen("First", "limit", "list", text="\n Read\n\nthis.\n"),
            screen("Second", "slack"),
        ),
        title=" Support & <more> ",
        description="\nOne\n  two",
    )
    before = store.done("GetSolution", solutionId=solution).response.text
    saved(pages, solution)
    assert store.done("GetSolution", solutionId=solution).response.text == before
    assert [len(stored(store, solution, name)) for name in LISTS] == [2] * 6


def test_an_auth_slot_is_added_with_all_its_fields_and_changed(pages: Pages, store: Store) -> None:
    mine = store.authentication(None, ["read"])
    solution = store.set()
    page = press(pages, solution, "add-auth")
    assert page.form(address(solution))["auth-0-mandatory"] == "true"
    fields = {
        "external_id": "slack",
        "title": "Your Slack",
        "service": "slack",
        "service_version": "2.0",
        "service_environment": "production",
        "scopes": "write\r\n\r\n read ",
        "authentication_id": mine,
        "hidden": "true",
    }
    saved(pages, solution, page, **{f"auth-0-{name}": value for name, value in fields.items()})
    slot = {
        "externalId": "slack",
        "title": "Your Slack",
        "service": "slack",
        "serviceVersion": "2.0",
        "serviceEnvironment": "production",
        "ScopeList": ["read", "write"],
        "authenticationId": mine,
        "hidden": "true",
        "mandatory": "true",
    }
    assert stored(store, solution, "AuthSlotList") == [slot]
    changed = {"auth-0-mandatory": None, "auth-0-hidden": None, "auth-0-authentication_id": "", "auth-0-scopes": "read"}
    saved(pages, solution, **changed)
    del slot["authenticationId"]
    assert stored(store, solution, "AuthSlotList") == [
        {**slot, "ScopeList": ["read"], "hidden": "false", "mandatory": "false"}
    ]


def test_the_authentication_of_an_auth_slot_is_chosen_by_its_name(pages: Pages, store: Store) -> None:
    mine = store.authentication(None, name="Ours")
    store.authentication(store.user(), name="Of Ann")
    page = press(pages, store.set(), "add-auth")
    options = page.tree.cssselect("#auth-0-authentication_id option")
    assert [(each.get("value"), each.text_content().strip()) for each in options] == [
        ("", "None"),
        (mine, "Ours (slack)"),
    ]


def test_where_a_drop_down_list_comes_from_is_given_and_changed(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(auth=[auth_slot("slack")]))
    page = press(pages, solution, "add-config")
    fields = {
        "external_id": "channel",
        "type": "ddl",
        "ddl-connector": "slack",
        "ddl-connector_version": "2.0",
        "ddl-operation": "list_channels",
        "ddl-input": '{"archived": false,\r\n "limit": 3}',
        "ddl-auth_slot_external_id": "slack",
    }
    saved(pages, solution, page, **{f"config-0-{name}": value for name, value in fields.items()})
    (slot,) = stored(store, solution, "ConfigSlotList")
    assert (slot["externalId"], slot["type"]) == ("channel", "ddl")
    assert slot["Ddl"] == {
        "connector": "slack",
        "connectorVersion": "2.0",
        "operation": "list_channels",
        "input": '{"archived": false,\n "limit": 3}',
        "authSlotExternalId": "slack",
    }
    saved(pages, solution, **{"config-0-ddl-operation": "list_users", "config-0-ddl-input": ""})
    (slot,) = stored(store, solution, "ConfigSlotList")
    assert slot["Ddl"] == {
        "connector": "slack",
        "connectorVersion": "2.0",
        "operation": "list_users",
        "authSlotExternalId": "slack",
    }
    emptied = {name: "" for name in pages.get(address(solution)).form(address(solution)) if "-ddl-" in name}
    saved(pages, solution, **emptied, **{"config-0-type": "string"})
    (slot,) = stored(store, solution, "ConfigSlotList")
    assert (slot["type"], "Ddl" in slot) == ("string", False)


def test_workflows_are_added_changed_moved_and_removed(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(workflows=[workflow("hook", sourceWorkflowName="On a call", trigger="webhook")]))
    page = press(pages, solution, "add-workflow")
    assert page.form(address(solution))["workflow-1-trigger"] == "manual"
    fields = {
        "source_workflow_id": "nightly",
        "source_workflow_name": "Every night",
        "trigger": "scheduled",
        "schedule": "0 3 * * mon",
    }
    page = press(
        pages, solution, "up-workflow-1", page, **{f"workflow-1-{name}": value for name, value in fields.items()}
    )
    saved(pages, solution, page)
    nightly = {
        "sourceWorkflowId": "nightly",
        "sourceWorkflowName": "Every night",
        "trigger": "scheduled",
        "schedule": "0 3 * * mon",
    }
    hook = {"sourceWorkflowId": "hook", "sourceWorkflowName": "On a call", "trigger": "webhook"}
    assert stored(store, solution, "WorkflowList") == [nightly, hook]
    saved(
        pages,
        solution,
        **{"workflow-0-trigger": "manual", "workflow-0-schedule": "", "workflow-1-source_workflow_name": ""},
    )
    assert stored(store, solution, "WorkflowList") == [
        {"sourceWorkflowId": "nightly", "sourceWorkflowName": "Every night", "trigger": "manual"},
        {"sourceWorkflowId": "hook", "sourceWorkflowName": "", "trigger": "webhook"},
    ]
    saved(pages, solution, press(pages, solution, "remove-workflow-0"))
    assert [each["sourceWorkflowId"] for each in stored(store, solution, "WorkflowList")] == ["hook"]


@pytest.mark.parametrize("word", ["auth", "config"])
def test_a_slot_is_hidden_and_shown_again(pages: Pages, store: Store, word: str) -> None:
    given = [auth_slot("a"), auth_slot("b")] if word == "auth" else [config_slot("a"), config_slot("b")]
    solution = store.set(*(slots(auth=given) if word == "auth" else slots(config=given)))
    name = "AuthSlotList" if word == "auth" else "ConfigSlotList"
    for shown, expected in (("true", ["false", "true"]), (None, ["false", "false"])):
        saved(pages, solution, **{f"{word}-1-hidden": shown})
        assert [slot["hidden"] for slot in stored(store, solution, name)] == expected
        heading = pages.get(address(solution)).texts("details.entry > summary")[1]
        assert heading == ("b · hidden" if shown else "b")


def test_a_hidden_slot_keeps_its_flag_when_it_is_moved(pages: Pages, store: Store) -> None:
    solution = store.set(*slots(config=[config_slot("a", hidden=True), config_slot("b", mandatory=False)]))
    saved(pages, solution, press(pages, solution, "down-config-0"))
    found = stored(store, solution, "ConfigSlotList")
    assert [(slot["externalId"], slot["hidden"], slot["mandatory"]) for slot in found] == [
        ("b", "false", "false"),
        ("a", "true", "true"),
    ]


def test_the_form_names_the_slots_that_only_a_last_screen_shows(pages: Pages, store: Store) -> None:
    solution = store.set(
        *slots(
            auth=[auth_slot("account"), auth_slot("key", hidden=True)],
            config=[config_slot("a"), config_slot("b"), config_slot("c", hidden=True)],
        ),
        element("ScreenList", screen("First", "a")),
    )
    text = "These slots are on no screen, so a last screen shows them: account, b."
    assert text in pages.get(address(solution)).text
    hidden = press(pages, solution, "add-config", **{"config-1-hidden": "true"})
    assert "so a last screen shows them: account." in hidden.text


def test_screens_and_the_slots_on_them_are_moved(pages: Pages, store: Store) -> None:
    solution = store.set(
        *slots(config=[config_slot(name) for name in ("a", "b", "c")]),
        element("ScreenList", screen("First", "a", "b", text="Start here."), screen("Second"), screen("Third", "c")),
    )
    page = press(pages, solution, "up-screen-2")
    page = press(pages, solution, "down-screen-0", page)
    saved(pages, solution, page)
    assert stored(store, solution, "ScreenList") == [
        {"title": "Third", "SlotList": ["c"]},
        {"title": "First", "text": "Start here.", "SlotList": ["a", "b"]},
        {"title": "Second", "SlotList": []},
    ]
    page = press(pages, solution, "remove-screen-2")
    saved(pages, solution, page, **{"screen-0-slots": "b\r\nc", "screen-1-slots": "a"})
    assert [each["SlotList"] for each in stored(store, solution, "ScreenList")] == [["b", "c"], ["a"]]


def test_faults_of_accounts_lists_and_workflows_are_shown_beside_their_fields(pages: Pages, store: Store) -> None:
    solution = store.set(
        *slots(
            auth=[auth_slot("a"), auth_slot("b")],
            config=[config_slot("c", ddl(), type="ddl")],
            workflows=[workflow("w"), workflow("v")],
        )
    )
    wrong = {
        "auth-1-service": "",
        "auth-0-authentication_id": "00000000-0000-0000-0000-000000000000",
        "config-0-ddl-input": "{",
        "config-0-ddl-auth_slot_external_id": "nothing",
        "config-0-ddl-operation": "",
        "workflow-0-schedule": "every day",
        "workflow-1-source_workflow_id": "w",
    }
    page = press(pages, solution, "save", None, **wrong, **{"workflow-0-trigger": "scheduled"})
    assert page.status == 422
    reasons = {each.get("id", "").removesuffix("-reason"): each.text for each in page.tree.cssselect(".reason")}
    assert reasons.keys() == wrong.keys()
