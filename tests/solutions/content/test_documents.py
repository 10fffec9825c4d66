"""Contents as documents, and the faults of contents."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.solutions.content.documents import MalformedDocumentError, content_faults, from_document, to_document
from app.solutions.content.model import AuthSlot, ConfigSlot, ConfigType, Content, Ddl, Screen, Trigger, Workflow
from tests.support.contents import contents, many_examples

CHAT = AuthSlot("chat", service="slack")
DDL = Ddl("slack", "1", "channels")
NO_SERVICE = "is missing: a slot without an authentication must name its service"


def hourly_only(schedule: str) -> bool:
    return schedule == "0 * * * *"


def with_more(document: object) -> object:
    """The document with one more key in every object."""
    if isinstance(document, dict):
        return {"unknown": [{}], **{key: with_more(value) for key, value in document.items()}}
    return [with_more(item) for item in document] if isinstance(document, list) else document


@many_examples
@given(content=contents())
def test_round_trip(content: Content) -> None:
    stored = json.loads(json.dumps(to_document(content)))
    assert from_document(stored) == content
    assert from_document(with_more(stored)) == content
    assert to_document(from_document(stored)) == stored


@many_examples
@given(text=st.text(), flag=st.booleans())
def test_round_trip_of_any_text(text: str, flag: bool) -> None:
    content = Content(
        (AuthSlot(text, text, text, text, text, frozenset({text}), text, flag, flag),),
        (ConfigSlot(text, text, ConfigType.DDL, text, flag, flag, Ddl(text, text, text, text, text)),),
        (Workflow(text, text, Trigger.SCHEDULED, text),),
        (Screen(text, text, (text, text)),),
    )
    assert from_document(json.loads(json.dumps(to_document(content)))) == content


def test_absent_keys_are_as_in_the_model() -> None:
    document = {
        "authSlots": [{"externalId": "a"}],
        "configSlots": [{"externalId": "b"}],
        "workflows": [{"sourceWorkflowId": "c"}],
        "screens": [{"title": "d"}],
    }
    expected = Content((AuthSlot("a"),), (ConfigSlot("b"),), (Workflow("c"),), (Screen("d"),))
    assert from_document(document) == expected
    assert from_document({}) == Content()


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {"authSlots": None},
        {"authSlots": {}},
        {"authSlots": ["a"]},
        {"authSlots": [{}]},
        {"authSlots": [{"externalId": 1}]},
        {"authSlots": [{"externalId": "a", "hidden": "true"}]},
        {"authSlots": [{"externalId": "a", "mandatory": None}]},
        {"authSlots": [{"externalId": "a", "scopes": [1]}]},
        {"authSlots": [{"externalId": "a", "authenticationId": 1}]},
        {"configSlots": [{"externalId": "a", "type": "text"}]},
        {"configSlots": [{"externalId": "a", "ddl": {}}]},
        {"configSlots": [{"externalId": "a", "ddl": "slack"}]},
        {"workflows": [{"sourceWorkflowId": "w", "trigger": "never"}]},
        {"screens": [{"text": "No title"}]},
        {"screens": [{"title": "a", "slots": [1]}]},
    ],
)
def test_a_malformed_document_is_refused(document: object) -> None:
    with pytest.raises(MalformedDocumentError):
        from_document(document)


@many_examples
@given(content=contents())
def test_drawn_contents_have_no_faults(content: Content) -> None:
    assert content_faults(content, lambda _: True) == []


@pytest.mark.ledger("DEC-61", "DEC-62")
@pytest.mark.parametrize(
    ("content", "path", "reason"),
    [
        (Content((replace(CHAT, external_id=""),)), "auth_slots.0.external_id", "is empty"),
        (Content((CHAT, CHAT)), "auth_slots.1.external_id", "is given twice"),
        (Content((CHAT, AuthSlot("mail"))), "auth_slots.1.service", NO_SERVICE),
        (
            Content((AuthSlot("mail", service=" ", service_version="2"),)),
            "auth_slots.0.service",
            NO_SERVICE,
        ),
        (Content((), (ConfigSlot("a"), ConfigSlot(" "))), "config_slots.1.external_id", "is empty"),
        (
            Content((), (ConfigSlot("a"), ConfigSlot("b"), ConfigSlot("a"))),
            "config_slots.2.external_id",
            "is given twice",
        ),
        (
            Content((), (ConfigSlot("a", default_value="Hello"),)),
            "config_slots.0.default_value",
            "is not JSON",
        ),
        (
            Content((), (ConfigSlot("a", type=ConfigType.INTEGER, default_value="true"),)),
            "config_slots.0.default_value",
            "must be an integer",
        ),
        (
            Content((), (ConfigSlot("a", type=ConfigType.DDL),)),
            "config_slots.0.ddl",
            "is missing: a slot of type ddl must say where its list comes from",
        ),
        (
            Content((), (ConfigSlot("a", ddl=DDL),)),
            "config_slots.0.ddl",
            "is only for a slot of type ddl, and the type is string",
        ),
        (
            Content((CHAT,), (ConfigSlot("a", type=ConfigType.DDL, ddl=replace(DDL, auth_slot_external_id="mail")),)),
            "config_slots.0.ddl.auth_slot_external_id",
            "is not an auth slot of this solution",
        ),
        (
            Content((), (ConfigSlot("a", type=ConfigType.DDL, ddl=replace(DDL, connector=" ")),)),
            "config_slots.0.ddl.connector",
            "is missing",
        ),
        (
            Content((), (ConfigSlot("a", type=ConfigType.DDL, ddl=replace(DDL, operation="")),)),
            "config_slots.0.ddl.operation",
            "is missing",
        ),
        (
            Content((), (ConfigSlot("a", type=ConfigType.DDL, ddl=replace(DDL, input="{limit: 1}")),)),
            "config_slots.0.ddl.input",
            "is not JSON",
        ),
        (Content((), (), (Workflow(""),)), "workflows.0.source_workflow_id", "is empty"),
        (
            Content((), (), (Workflow("w"), Workflow("w"))),
            "workflows.1.source_workflow_id",
            "is given twice",
        ),
        (
            Content((), (), (Workflow("w", trigger=Trigger.SCHEDULED),)),
            "workflows.0.schedule",
            "is missing: a scheduled workflow must have one",
        ),
        (
            Content((), (), (Workflow("w", trigger=Trigger.SCHEDULED, schedule="often"),)),
            "workflows.0.schedule",
            "must be a cron expression of five fields that has a next time, with at most 200 characters",
        ),
        (
            Content((), (), (Workflow("w", trigger=Trigger.WEBHOOK, schedule="0 * * * *"),)),
            "workflows.0.schedule",
            "is only for a scheduled workflow, and the trigger is webhook",
        ),
        (Content(screens=(Screen("One"), Screen(" "))), "screens.1.title", "is missing"),
        (Content((CHAT,), screens=(Screen("One", "", ("chat", "")),)), "screens.0.slots.1", "is empty"),
        (
            Content((CHAT,), screens=(Screen("One", "", ("chat", "mail")),)),
            "screens.0.slots.1",
            "is not a slot of this solution",
        ),
        (
            Content((CHAT,), screens=(Screen("One", "", ("chat",)), Screen("Two", "", ("chat",)))),
            "screens.1.slots.0",
            "is given twice",
        ),
    ],
)
def test_faults(content: Content, path: str, reason: str) -> None:
    assert [(fault.field, fault.text) for fault in content_faults(content, hourly_only)] == [(path, reason)]


def test_all_faults_in_order() -> None:
    content = Content(
        (AuthSlot(""),),
        (
            ConfigSlot("a", default_value="1"),
            ConfigSlot("a", type=ConfigType.DDL),
            ConfigSlot("b", ddl=Ddl("", "", "", "", "mail")),
        ),
        (Workflow("w", trigger=Trigger.SCHEDULED),),
    )
    assert [fault.field for fault in content_faults(content, hourly_only)] == [
        "auth_slots.0.external_id",
        "auth_slots.0.service",
        "config_slots.0.default_value",
        "config_slots.1.external_id",
        "config_slots.1.ddl",
        "config_slots.2.ddl",
        "config_slots.2.ddl.connector",
        "config_slots.2.ddl.operation",
        "config_slots.2.ddl.input",
        "config_slots.2.ddl.auth_slot_external_id",
        "workflows.0.schedule",
    ]


@pytest.mark.ledger("DEC-62")
def test_valid_contents_have_no_faults() -> None:
    """An external id is unique within its kind only; a slot with an authentication is for the service of that; of a
    drop-down list the connector and the operation are all that is needed."""
    content = Content(
        (CHAT, AuthSlot("a", authentication_id="own")),
        (
            ConfigSlot("a", default_value='"Hello"'),
            ConfigSlot("b", type=ConfigType.DDL, ddl=Ddl("c", "1", "o", '{"limit": 1}', "a")),
            ConfigSlot("c", type=ConfigType.DDL, ddl=Ddl("c", "", "o")),
        ),
        (Workflow("a", trigger=Trigger.SCHEDULED, schedule="0 * * * *"), Workflow("b", trigger=Trigger.WEBHOOK)),
        (Screen("Same"), Screen("Same", "", ("c", "a"))),
    )
    assert content_faults(content, hourly_only) == []
