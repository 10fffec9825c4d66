"""The values that fit a slot, and those that stay good from release to release."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.solutions.content.changes import ChangeCode, breaking_changes_of_slot
from app.solutions.content.model import (
    MAXIMUM_JSON_BYTES,
    MAXIMUM_JSON_NESTING,
    AuthenticationFacts,
    AuthSlot,
    ConfigSlot,
    ConfigType,
    Content,
    Ddl,
    GivenValue,
    Json,
    NotJsonError,
    SlotKind,
    read_json,
    same_json,
)
from app.solutions.content.values import authentication_fault, config_value_fault, is_good
from tests.support.contents import IDS, fitting, histories, many_examples

GIVEN = ("2024-01-01", "1", "-1", "1.0", "1e3", "1.5", "true", "false", "{}", "[]", "null", '""', '"1"', '{"a": null}')
FIT = {
    ConfigType.STRING: {'""', '"1"'},
    ConfigType.INTEGER: {"1", "-1", "1.0", "1e3"},
    ConfigType.NUMBER: {"1", "-1", "1.0", "1e3", "1.5"},
    ConfigType.BOOLEAN: {"true", "false"},
    ConfigType.OBJECT: {"{}", '{"a": null}'},
    ConfigType.ARRAY: {"[]"},
    ConfigType.DDL: {"1", "-1", "1.0", "1e3", "1.5", "true", "false", '""', '"1"'},
}

SLOT = AuthSlot("chat", service="slack", service_version="2", service_environment="live", scopes=frozenset({"a", "b"}))
FACTS = AuthenticationFacts("id", "slack", "2", "live", frozenset({"a", "b", "c"}))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def config_release(config_type: ConfigType, *, mandatory: bool = True, ddl: Ddl | None = None) -> Content:
    return Content(config_slots=(ConfigSlot("s", type=config_type, mandatory=mandatory, ddl=ddl),))


def auth_release(*, scopes: str = "ab", service_version: str = "2", authentication_id: str | None = None) -> Content:
    slot = replace(SLOT, scopes=frozenset(scopes), service_version=service_version, authentication_id=authentication_id)
    return Content(auth_slots=(slot,))


def config_good(text: str, given_for: int, release: int, *contents: Content) -> bool:
    value = GivenValue(text, None, (given_for,))
    return is_good(value, SlotKind.CONFIG, "s", release, dict(enumerate(contents, start=1)))


def auth_good(facts: AuthenticationFacts, given_for: int, release: int, *contents: Content) -> bool:
    value = GivenValue(None, facts, (given_for,))
    return is_good(value, SlotKind.AUTH, "chat", release, dict(enumerate(contents, start=1)))


@pytest.mark.ledger("DEC-81")
@pytest.mark.parametrize("text", GIVEN)
@pytest.mark.parametrize("config_type", ConfigType)
def test_a_value_is_of_the_type_of_its_slot(config_type: ConfigType, text: str) -> None:
    fault = config_value_fault(ConfigSlot("s", type=config_type), text)
    assert (fault is None) == (text in FIT[config_type])


@pytest.mark.ledger("DEC-80", "DEC-82")
@pytest.mark.parametrize(
    ("config_type", "text", "sentence"),
    [
        (ConfigType.STRING, "support@example.com", "is not JSON"),  # the quotes of JSON forgotten
        (ConfigType.STRING, "", "is not JSON"),
        (ConfigType.STRING, '"\ud800"', "is not JSON"),
        (ConfigType.STRING, '"a\x00"', "is not JSON"),
        (ConfigType.NUMBER, "NaN", "is not JSON"),
        (ConfigType.NUMBER, "-Infinity", "is not JSON"),
        (ConfigType.NUMBER, "1" * 5000, "is not JSON"),
        (ConfigType.NUMBER, "1e999", "has a number that is too large"),
        (ConfigType.ARRAY, "[" * 101 + "]" * 101, "is nested more than 100 deep"),
        (ConfigType.ARRAY, "[" * 100_000, "is nested more than 100 deep"),
        (ConfigType.OBJECT, '{"a":' * 100_000, "is nested more than 100 deep"),
        (ConfigType.STRING, f'"{"x" * MAXIMUM_JSON_BYTES}"', "is larger than 1048576 bytes"),
        (ConfigType.STRING, f'"{"é" * (MAXIMUM_JSON_BYTES // 2)}"', "is larger than 1048576 bytes"),
        (ConfigType.STRING, "1", "must be a string"),
        (ConfigType.INTEGER, "1.5", "must be an integer"),
        (ConfigType.NUMBER, "true", "must be a number"),
        (ConfigType.BOOLEAN, '"true"', "must be true or false"),
        (ConfigType.OBJECT, "[]", "must be an object"),
        (ConfigType.ARRAY, "{}", "must be an array"),
        (ConfigType.DDL, "null", "must be a string, a number or a boolean"),
    ],
)
def test_a_fault_names_the_slot_and_not_the_value(config_type: ConfigType, text: str, sentence: str) -> None:
    fault = config_value_fault(ConfigSlot("s", type=config_type), text)
    assert fault == f'The value of config slot "s" {sentence}'


@pytest.mark.ledger("DEC-82")
@pytest.mark.parametrize(
    "text",
    [
        "[" * MAXIMUM_JSON_NESTING + "1" + "]" * MAXIMUM_JSON_NESTING,
        f'["{"x" * (MAXIMUM_JSON_BYTES - 4)}"]',
    ],
)
def test_the_limits_themselves_are_allowed(text: str) -> None:
    assert config_value_fault(ConfigSlot("s", type=ConfigType.ARRAY), text) is None


def test_of_equal_keys_the_last_counts() -> None:
    assert read_json('{"a": 1, "a": 2}') == {"a": 2}


def test_an_error_about_json_does_not_show_the_text() -> None:
    with pytest.raises(NotJsonError) as error:
        read_json("secret")
    assert "secret" not in str(error.value)
    assert error.value.__suppress_context__


@many_examples
@given(value=json_values, data=st.data())
def test_json_says_the_same_however_it_is_written(value: Json, data: st.DataObject) -> None:
    spelled = json.dumps(value, indent=data.draw(st.sampled_from((None, 2))), ensure_ascii=data.draw(st.booleans()))
    assert same_json(json.dumps(value, sort_keys=True), spelled)


@many_examples
@given(one=st.text(), other=st.text())
def test_any_text_can_be_read_or_refused(one: str, other: str) -> None:
    assert same_json(one, other) == same_json(other, one)
    for config_type in ConfigType:
        config_value_fault(ConfigSlot("s", type=config_type), one)


@pytest.mark.ledger("DEC-84")
def test_an_authentication_may_have_more_scopes_than_its_slot() -> None:
    assert authentication_fault(SLOT, FACTS) is None


@pytest.mark.ledger("DEC-61")
@pytest.mark.parametrize("part", ["service_version", "service_environment"])
@pytest.mark.parametrize("has", ["", "other"])
def test_a_slot_without_a_version_or_an_environment_is_for_any(part: str, has: str) -> None:
    any_one: dict[str, Any] = {part: ""}
    other: dict[str, Any] = {part: has}
    assert authentication_fault(replace(SLOT, **any_one), replace(FACTS, **other)) is None
    assert authentication_fault(SLOT, replace(FACTS, **other)) is not None


@pytest.mark.ledger("DEC-61")
def test_a_fixed_version_and_any_version_differ() -> None:
    """Both are changes of the version, so the authentication is required again, although it would fit."""
    assert authentication_fault(replace(SLOT, service_version=""), FACTS) is None
    for versions in (("2", ""), ("", "2")):
        one, other = (auth_release(service_version=version) for version in versions)
        assert auth_good(FACTS, 1, 1, one, other)
        assert not auth_good(FACTS, 1, 2, one, other)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"service": "other"}, 'must be for the service "slack"'),
        ({"service_version": "other"}, 'must be for version "2" of its service'),
        ({"service_environment": "other"}, 'must be for the service environment "live"'),
        ({"scopes": frozenset({"c"})}, 'lacks the scopes "a", "b"'),
    ],
)
def test_an_authentication_fits_service_version_environment_and_scopes(edit: dict[str, Any], sentence: str) -> None:
    fault = authentication_fault(SLOT, replace(FACTS, **edit))
    assert fault == f'The authentication for auth slot "chat" {sentence}'


def test_a_value_is_invalid_without_a_slot() -> None:
    assert not config_good('"x"', 1, 2, config_release(ConfigType.STRING), Content())


def test_a_value_is_invalid_for_another_type() -> None:
    text, number = config_release(ConfigType.STRING), config_release(ConfigType.INTEGER)
    assert not config_good('"x"', 1, 2, text, number)


@pytest.mark.ledger("DEC-76")
def test_a_new_value_is_needed_after_a_change_of_type_even_if_the_old_one_fits() -> None:
    """The value would fit, but it was given for something else."""
    assert not config_good("1", 1, 2, config_release(ConfigType.INTEGER), config_release(ConfigType.NUMBER))


@pytest.mark.ledger("DEC-76")
def test_a_value_is_valid_again_after_its_type_is_changed_back() -> None:
    text, number = config_release(ConfigType.STRING), config_release(ConfigType.INTEGER)
    good = [config_good('"x"', 1, release, text, number, text) for release in (1, 2, 3)]
    assert good == [True, False, True]


def test_a_value_of_a_list_is_invalid_for_another_list() -> None:
    lists = [config_release(ConfigType.DDL, ddl=Ddl("slack", "1", name)) for name in ("channels", "users", "channels")]
    assert [config_good('"C1"', 1, release, *lists) for release in (1, 2, 3)] == [True, False, True]


def test_a_value_given_before_there_was_a_slot_only_has_to_fit() -> None:
    assert config_good('"x"', 1, 2, Content(), config_release(ConfigType.STRING))
    assert not config_good("1", 1, 2, Content(), config_release(ConfigType.STRING))


def test_a_value_of_an_optional_slot_is_valid_when_it_becomes_mandatory() -> None:
    optional, mandatory = (config_release(ConfigType.STRING, mandatory=needed) for needed in (False, True))
    assert config_good('"x"', 1, 2, optional, mandatory)


def test_an_authentication_is_valid_until_its_slot_asks_for_more() -> None:
    releases = [
        auth_release(scopes="a"),
        auth_release(authentication_id="other"),
        auth_release(service_version="3"),
    ]
    assert [auth_good(FACTS, 2, release, *releases) for release in (1, 2, 3)] == [True, True, False]


@pytest.mark.ledger("UVU-13")
def test_an_authentication_that_has_the_added_scopes_was_not_given_for_them() -> None:
    """ "The authentication linked to the auth slot has been updated and it has additional scopes" asks for upgrade."""
    assert not auth_good(FACTS, 1, 2, auth_release(scopes="a"), auth_release())


def test_a_value_of_one_kind_does_not_fill_a_slot_of_the_other() -> None:
    release = {1: Content((SLOT,), (ConfigSlot("chat"),))}
    assert not is_good(GivenValue('"x"', None, (1,)), SlotKind.AUTH, "chat", 1, release)
    assert not is_good(GivenValue(None, FACTS, (1,)), SlotKind.CONFIG, "chat", 1, release)


@pytest.mark.ledger("DEC-76")
@many_examples
@given(releases=histories(), data=st.data())
def test_a_value_is_valid_for_an_unchanged_slot(releases: dict[int, Content], data: st.DataObject) -> None:
    """A value is valid for its own release, and for any other release whose breaking changes only require a value."""
    kind, external_id = data.draw(st.sampled_from(SlotKind)), data.draw(st.sampled_from(IDS))
    given_for = data.draw(st.sampled_from(sorted(releases)))
    slot = releases[given_for].slot(kind, external_id)
    if slot is None:
        return
    value = data.draw(fitting(slot, given_for))
    assert is_good(value, kind, external_id, given_for, releases)
    for release, content in releases.items():
        there = content.slot(kind, external_id)
        codes = {change.code for change in breaking_changes_of_slot(slot, there)} if there else set()
        unchanged = there is not None and not codes - {ChangeCode.CREATED_MANDATORY_SLOT}
        assert is_good(value, kind, external_id, release, releases) == unchanged
