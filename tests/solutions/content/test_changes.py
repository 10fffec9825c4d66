"""Changes between two contents: every code of a change, and whether it is breaking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.solutions.content.changes import (
    BREAKING_CODES,
    Change,
    ChangeCode,
    ChangeKind,
    changes,
)
from app.solutions.content.model import (
    AuthSlot,
    ConfigSlot,
    ConfigType,
    Content,
    Ddl,
    Screen,
    Trigger,
    Workflow,
)

AUTH = AuthSlot("mail", "Mail", "gmail", "2", "live", frozenset({"read", "send"}), "A")
CONFIG = ConfigSlot("subject", "Subject", ConfigType.STRING, '"Hello"')
DDL = Ddl("slack", "1.0", "list_channels", '{"limit": 10}', "mail")
LIST = ConfigSlot("channel", "Channel", ConfigType.DDL, ddl=DDL)
WORKFLOW = Workflow("w1", "Send", Trigger.SCHEDULED, "0 * * * *")


def between(old: AuthSlot | ConfigSlot | Workflow | None, new: AuthSlot | ConfigSlot | Workflow | None) -> list[Change]:
    return changes(content_of(old), content_of(new))


def content_of(part: AuthSlot | ConfigSlot | Workflow | None) -> Content:
    match part:
        case AuthSlot():
            return Content(auth_slots=(part,))
        case ConfigSlot():
            return Content(config_slots=(part,))
        case Workflow():
            return Content(workflows=(part,))
        case None:
            return Content()


def said(found: list[Change]) -> list[tuple[str, bool, str]]:
    return [(change.code.value, change.breaking, change.message) for change in found]


@pytest.mark.ledger("UVU-14", "UVU-15", "DEC-60", "DEC-63")
@pytest.mark.parametrize(
    ("edit", "code", "breaking", "message"),
    [
        (
            {"scopes": frozenset({"read", "send", "delete", "admin"})},
            "AuthScopesAdded",
            True,
            'Auth slot "mail" now also needs the scopes "admin", "delete"',
        ),
        (
            {"service_version": "3"},
            "AuthServiceVersionChanged",
            True,
            'Auth slot "mail" changed its service version from "2" to "3"',
        ),
        (
            {"service": "outlook"},
            "AuthServiceVersionChanged",
            True,
            'Auth slot "mail" changed its service from "gmail" to "outlook"',
        ),
        (
            {"service": "outlook", "service_version": "1"},
            "AuthServiceVersionChanged",
            True,
            'Auth slot "mail" changed its service from "gmail" to "outlook" and changed its service version '
            'from "2" to "1"',
        ),
        (
            {"service_environment": "test"},
            "AuthServiceEnvironmentChanged",
            True,
            'Auth slot "mail" changed its service environment from "live" to "test"',
        ),
        (
            {"scopes": frozenset({"read"})},
            "AuthScopesRemoved",
            False,
            'Auth slot "mail" no longer needs the scopes "send"',
        ),
        (
            {"authentication_id": "B"},
            "AuthenticationIdChanged",
            False,
            'Auth slot "mail" changed its authentication from "A" to "B"',
        ),
        (
            {"authentication_id": None},
            "AuthenticationIdChanged",
            False,
            'Auth slot "mail" changed its authentication from "A" to none',
        ),
        ({"title": "Post"}, "TitleChanged", False, 'Auth slot "mail" changed its title from "Mail" to "Post"'),
        ({"hidden": True}, "HiddenChanged", False, 'Auth slot "mail" was visible and is now hidden'),
    ],
)
def test_auth_slot(edit: dict[str, Any], code: str, breaking: bool, message: str) -> None:
    assert said(between(AUTH, replace(AUTH, **edit))) == [(code, breaking, message)]


@pytest.mark.ledger("UVU-16")
def test_authentication_recreated_for_another_environment() -> None:
    found = between(AUTH, replace(AUTH, authentication_id="B", service_environment="test"))
    assert said(found) == [
        (
            "AuthServiceEnvironmentChanged",
            True,
            'Auth slot "mail" changed its service environment from "live" to "test"',
        ),
        (
            "AuthRecreatedForOtherEnvironment",
            True,
            'Auth slot "mail" changed its authentication from "A" to "B", for the service environment "test"',
        ),
    ]


def test_scopes_added_and_removed_at_once() -> None:
    found = between(AUTH, replace(AUTH, scopes=frozenset({"read", "admin"})))
    assert [(change.code, change.breaking) for change in found] == [
        (ChangeCode.AUTH_SCOPES_ADDED, True),
        (ChangeCode.AUTH_SCOPES_REMOVED, False),
    ]


@pytest.mark.ledger("UVU-17")
@pytest.mark.parametrize(
    ("edit", "code", "breaking", "message"),
    [
        (
            {"type": ConfigType.OBJECT, "default_value": '"Hello"', "mandatory": False},
            "ConfigTypeChanged",
            True,
            'Config slot "subject" changed its type from "string" to "object"',
        ),
        (
            {"default_value": '"Bye"'},
            "DefaultChanged",
            False,
            'Config slot "subject" changed its default from "Hello" to "Bye"',
        ),
        (
            {"title": "Line"},
            "TitleChanged",
            False,
            'Config slot "subject" changed its title from "Subject" to "Line"',
        ),
        ({"hidden": True}, "HiddenChanged", False, 'Config slot "subject" was visible and is now hidden'),
    ],
)
def test_config_slot(edit: dict[str, Any], code: str, breaking: bool, message: str) -> None:
    assert said(between(CONFIG, replace(CONFIG, **edit))) == [(code, breaking, message)]


@pytest.mark.ledger("UVU-18", "UVU-19")
@pytest.mark.parametrize(
    ("edit", "code", "message"),
    [
        (
            {"connector": "teams"},
            "DdlPropertiesChanged",
            'changed the connector of its list from "slack" to "teams"',
        ),
        (
            {"connector_version": "2.0"},
            "DdlPropertiesChanged",
            'changed the connector version of its list from "1.0" to "2.0"',
        ),
        (
            {"operation": "list_users"},
            "DdlPropertiesChanged",
            'changed the operation of its list from "list_channels" to "list_users"',
        ),
        (
            {"input": None},
            "DdlPropertiesChanged",
            'changed the input of its list from {"limit": 10} to none',
        ),
        (
            {"operation": "list_users", "input": "{}"},
            "DdlPropertiesChanged",
            'changed the operation of its list from "list_channels" to "list_users" '
            'and changed the input of its list from {"limit": 10} to {}',
        ),
        (
            {"auth_slot_external_id": "chat"},
            "DdlAuthSlotChanged",
            'changed the auth slot of its list from "mail" to "chat"',
        ),
    ],
)
def test_drop_down_list(edit: dict[str, Any], code: str, message: str) -> None:
    found = between(LIST, replace(LIST, ddl=replace(DDL, **edit)))
    assert said(found) == [(code, True, f'Config slot "channel" {message}')]


@pytest.mark.ledger("UVU-17", "DEC-65")
def test_a_list_that_becomes_a_text_changes_its_type_only() -> None:
    text = replace(LIST, type=ConfigType.STRING, ddl=None)
    assert [change.code for change in between(LIST, text)] == [ChangeCode.CONFIG_TYPE_CHANGED]
    assert [change.code for change in between(text, LIST)] == [ChangeCode.CONFIG_TYPE_CHANGED]


@pytest.mark.ledger("DEC-56")
@pytest.mark.parametrize(
    ("slot", "code", "breaking", "message"),
    [
        (AUTH, "CreatedMandatorySlot", True, 'Auth slot "mail" is new and needs an authentication'),
        (LIST, "CreatedMandatorySlot", True, 'Config slot "channel" is new and needs a value'),
        (replace(AUTH, mandatory=False), "CreatedOptionalSlot", False, 'Auth slot "mail" is new and optional'),
        (replace(LIST, mandatory=False), "CreatedOptionalSlot", False, 'Config slot "channel" is new and optional'),
        (CONFIG, "CreatedOptionalSlot", False, 'Config slot "subject" is new, with the default "Hello"'),
        (
            replace(CONFIG, default_value="7"),  # no default for a text
            "CreatedMandatorySlot",
            True,
            'Config slot "subject" is new and needs a value',
        ),
    ],
)
def test_new_slot(slot: AuthSlot | ConfigSlot, code: str, breaking: bool, message: str) -> None:
    assert said(between(None, slot)) == [(code, breaking, message)]


@pytest.mark.parametrize("slot", [AUTH, LIST, CONFIG, replace(AUTH, hidden=True)])
def test_removed_slot(slot: AuthSlot | ConfigSlot) -> None:
    (change,) = between(slot, None)
    assert (change.code, change.breaking, change.hidden) == (ChangeCode.REMOVED_SLOT, False, slot.hidden)
    assert change.message.endswith(f'slot "{slot.external_id}" is removed')


@pytest.mark.ledger("DEC-57", "DEC-58")
@pytest.mark.parametrize("slot", [AUTH, LIST])
def test_a_slot_that_is_needed_now_counts_as_created(slot: AuthSlot | ConfigSlot) -> None:
    optional = replace(slot, mandatory=False)
    (change,) = between(optional, slot)
    assert (change.code, change.breaking) == (ChangeCode.CREATED_MANDATORY_SLOT, True)
    assert "was optional and now needs" in change.message
    assert between(slot, optional) == []


def test_a_slot_that_becomes_mandatory_with_a_default_asks_nothing() -> None:
    assert between(replace(CONFIG, mandatory=False), CONFIG) == []


@pytest.mark.ledger("DEC-57")
def test_a_mandatory_slot_that_loses_its_default_counts_as_created() -> None:
    found = between(CONFIG, replace(CONFIG, default_value=None))
    assert said(found) == [
        ("DefaultChanged", False, 'Config slot "subject" changed its default from "Hello" to none'),
        ("CreatedMandatorySlot", True, 'Config slot "subject" had a default and now needs a value'),
    ]


@pytest.mark.ledger("UVU-2", "UVU-4")
@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        (None, WORKFLOW, "WorkflowAdded", 'Workflow "Send" is new'),
        (WORKFLOW, None, "WorkflowRemoved", 'Workflow "Send" is removed'),
        (
            WORKFLOW,
            replace(WORKFLOW, name="Post"),
            "WorkflowChanged",
            'Workflow "Post" changed its name from "Send" to "Post"',
        ),
        (
            WORKFLOW,
            replace(WORKFLOW, trigger=Trigger.WEBHOOK, schedule=None),
            "WorkflowChanged",
            'Workflow "Send" changed its trigger from "scheduled" to "webhook" '
            'and changed its schedule from "0 * * * *" to none',
        ),
    ],
)
def test_workflow(old: Workflow | None, new: Workflow | None, code: str, message: str) -> None:
    (change,) = between(old, new)
    assert said([change]) == [(code, False, message)]
    assert (change.kind, change.external_id, change.hidden) == (ChangeKind.WORKFLOW, "w1", False)


@pytest.mark.ledger("UVU-12", "DEC-59")
def test_the_codes_that_break() -> None:
    assert {code.value for code in BREAKING_CODES} == {
        "AuthScopesAdded",
        "AuthServiceVersionChanged",
        "AuthServiceEnvironmentChanged",
        "AuthRecreatedForOtherEnvironment",
        "ConfigTypeChanged",
        "DdlPropertiesChanged",
        "DdlAuthSlotChanged",
        "CreatedMandatorySlot",
    }


@pytest.mark.ledger("DEC-75")
def test_hidden_is_that_of_the_new_slot() -> None:
    found = between(AUTH, replace(AUTH, service_version="3", hidden=True))
    assert [change.hidden for change in found] == [True, True]


@pytest.mark.ledger("DEC-64")
def test_another_external_id_is_another_slot() -> None:
    found = between(AUTH, replace(AUTH, external_id="post"))
    assert [(change.external_id, change.code) for change in found] == [
        ("post", ChangeCode.CREATED_MANDATORY_SLOT),
        ("mail", ChangeCode.REMOVED_SLOT),
    ]


@pytest.mark.ledger("DEC-271")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ((), (Screen("One"), Screen("Two")), 'The screens changed from none to "One", "Two"'),
        ((Screen("One"),), (), 'The screens changed from "One" to none'),
        (
            (Screen("One"), Screen("Two")),
            (Screen("Two"), Screen("One")),
            'The screens changed from "One", "Two" to "Two", "One"',
        ),
        ((Screen("One"),), (Screen("One", "Text"),), "The screens changed their texts or their slots"),
        (
            (Screen("One", "", ("a", "b")),),
            (Screen("One", "", ("b", "a")),),
            "The screens changed their texts or their slots",
        ),
    ],
)
def test_a_change_of_the_screens_breaks_nothing(old: tuple[Screen, ...], new: tuple[Screen, ...], message: str) -> None:
    slots = (ConfigSlot("a"), ConfigSlot("b"))
    found = changes(Content(config_slots=slots, screens=old), Content(config_slots=slots, screens=new))
    assert said(found) == [("ScreensChanged", False, message)]
