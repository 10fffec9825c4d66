"""The input that a newer release requires of an instance, and the notice about it at publication."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.solutions.content.changes import Change, ChangeCode, changes
from app.solutions.content.flags import (
    Contents,
    PendingSlot,
    Values,
    breaking_changes,
    flags,
    judge_publish,
    open_changes,
    pending,
    values_after_move,
)
from app.solutions.content.model import (
    AuthenticationFacts,
    AuthSlot,
    ConfigSlot,
    ConfigType,
    Content,
    Ddl,
    Flags,
    GivenValue,
    Slot,
    SlotKind,
)
from tests.support.contents import fitting, held_values, histories, many_examples

AUTH = AuthSlot("mail", service="gmail", service_version="2", service_environment="live", authentication_id="A")
TEXT = ConfigSlot("subject")
LIST = ConfigSlot("channel", type=ConfigType.DDL, ddl=Ddl("slack", "1", "channels", auth_slot_external_id="mail"))

FACTS = AuthenticationFacts("own", "gmail", "2", "live")
HELD: Values = {
    (SlotKind.AUTH, "mail"): GivenValue(None, FACTS, (1,)),
    (SlotKind.CONFIG, "subject"): GivenValue('"Hello"', None, (1,)),
    (SlotKind.CONFIG, "channel"): GivenValue('"C1"', None, (1,)),
}
NOTHING_NEW = Flags()
AUTOMATIC = Flags(has_newer_version=True)
USER = Flags(has_newer_version=True, requires_user_input_to_update_version=True)
SYSTEM = Flags(has_newer_version=True, requires_system_input_to_update_version=True)


def content_of(*slots: Slot) -> Content:
    return Content(
        tuple(slot for slot in slots if isinstance(slot, AuthSlot)),
        tuple(slot for slot in slots if isinstance(slot, ConfigSlot)),
    )


def texts(
    *,
    type: ConfigType = ConfigType.STRING,
    default_value: str | None = None,
    hidden: bool = False,
    mandatory: bool = True,
) -> Content:
    slot = replace(TEXT, type=type, default_value=default_value, hidden=hidden, mandatory=mandatory)
    return content_of(slot)


def breaks(contents: Contents) -> list[Change]:
    """The breaking changes from the first release to the latest."""
    return breaking_changes(contents[1], contents[max(contents)])


def given_text(text: str, given_for: int) -> Values:
    return {(SlotKind.CONFIG, "subject"): GivenValue(text, None, (given_for,))}


@pytest.mark.ledger("UVU-12", "UVU-13", "UVU-14", "UVU-16", "UVU-17", "UVU-18", "UVU-19", "UVU-20")
@pytest.mark.parametrize(
    ("sentence", "slot", "edit"),
    [
        (
            "The authentication linked to the auth slot has been updated and it has additional scopes",
            AUTH,
            {"scopes": frozenset({"send"})},
        ),
        (
            "The authentication linked to the auth slot is linked to a new service version",
            AUTH,
            {"service_version": "3"},
        ),
        (
            "The authentication linked to the auth slot is linked to a new service environment",
            AUTH,
            {"service_environment": "test"},
        ),
        (
            "The authentication linked to the auth slot has been re-created for a different service environment",
            AUTH,
            {"authentication_id": "B", "service_environment": "test"},
        ),
        ("The config slot type property has changed", TEXT, {"type": ConfigType.OBJECT}),
        ("DDL properties have changed", LIST, {"ddl": Ddl("slack", "1", "users", auth_slot_external_id="mail")}),
        (
            "The config slot is a DDL and the linked auth slot ID has changed",
            LIST,
            {"ddl": Ddl("slack", "1", "channels", auth_slot_external_id="other")},
        ),
    ],
)
def test_each_documented_breaking_change_needs_input(sentence: str, slot: Slot, edit: dict[str, Any]) -> None:
    old, new = content_of(slot), content_of(replace(slot, **edit))
    hidden = content_of(replace(slot, hidden=True, **edit))
    assert flags(1, 2, {1: old, 2: new}, HELD) == USER, sentence
    assert flags(1, 2, {1: old, 2: hidden}, HELD) == SYSTEM, sentence
    assert judge_publish(old, new).breaking_changes, sentence
    assert flags(2, 2, {1: old, 2: new}, HELD) == NOTHING_NEW
    assert [found.external_id for found in pending(2, {1: old, 2: new}, HELD)] == [slot.external_id]


@pytest.mark.ledger("UVU-9", "DEC-59")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (content_of(replace(AUTH, scopes=frozenset({"send"}))), content_of(AUTH)),
        (content_of(AUTH), content_of(replace(AUTH, authentication_id="B"))),
        (content_of(AUTH), content_of(replace(AUTH, title="Mail", hidden=True))),
        (content_of(AUTH), content_of(AUTH, replace(TEXT, mandatory=False))),
        (content_of(AUTH), content_of(AUTH, replace(TEXT, default_value='"Hello"'))),
        (content_of(AUTH, TEXT), content_of(AUTH)),
        (content_of(AUTH), content_of(AUTH)),
    ],
)
def test_a_change_that_needs_no_input_is_rolled_out_automatically(old: Content, new: Content) -> None:
    """ "It will be rolled out automatically to End Users if no extra configuration is required from them"."""
    assert flags(1, 2, {1: old, 2: new}, {}) == AUTOMATIC
    assert not judge_publish(old, new).breaking_changes


@pytest.mark.ledger("UVU-20", "DEC-56")
def test_a_new_mandatory_slot_asks_until_it_has_a_value() -> None:
    """The `external_support-email` of the document: new, hidden, filled by upgradeSolutionInstance."""
    new = ConfigSlot("external_support-email", hidden=True)
    contents = {1: content_of(AUTH), 2: content_of(AUTH, new)}
    email: Values = {(SlotKind.CONFIG, new.external_id): GivenValue('"support@example.com"', None, (2,))}
    assert flags(1, 2, contents, HELD) == SYSTEM
    assert pending(2, contents, HELD) == [PendingSlot(SlotKind.CONFIG, "external_support-email", True)]
    assert flags(1, 2, contents, {**HELD, **email}) == AUTOMATIC
    assert pending(2, contents, {**HELD, **email}) == []


@pytest.mark.ledger("UVU-33")
def test_visible_and_hidden_slots_ask_for_both() -> None:
    contents = {1: Content(), 2: content_of(AUTH, replace(TEXT, hidden=True))}
    assert flags(1, 2, contents, {}) == Flags(True, True, True)


@pytest.mark.ledger("DEC-75")
def test_whether_a_slot_is_hidden_is_as_the_latest_release_has_it() -> None:
    old, new = texts(hidden=True), texts(hidden=False, type=ConfigType.INTEGER)
    assert flags(1, 2, {1: old, 2: new}, {}) == USER
    assert flags(1, 2, {1: new, 2: old}, {}) == SYSTEM


@pytest.mark.ledger("DEC-74")
def test_releases_between_do_not_count() -> None:
    contents = {1: texts(), 2: texts(type=ConfigType.INTEGER), 3: texts()}
    assert flags(1, 2, contents, HELD) == USER
    assert flags(1, 3, contents, HELD) == AUTOMATIC


def test_a_value_given_for_the_latest_release_settles_its_change() -> None:
    contents = {1: texts(), 2: texts(type=ConfigType.INTEGER)}
    assert [change.code for change in open_changes(breaks(contents), 2, contents, HELD)] == [
        ChangeCode.CONFIG_TYPE_CHANGED
    ]
    assert open_changes(breaks(contents), 2, contents, given_text("7", given_for=2)) == []
    assert open_changes(breaks(contents), 2, contents, given_text('"x"', given_for=2)) != []


def test_a_value_from_before_a_change_is_valid_after_the_change_back() -> None:
    """The instance moved to the integer without a new value, so it still holds the text that the last release takes."""
    contents = {1: texts(), 2: texts(type=ConfigType.INTEGER), 3: texts()}
    assert flags(2, 3, contents, HELD) == AUTOMATIC
    assert flags(2, 3, contents, given_text("7", given_for=2)) == USER


@pytest.mark.ledger("DEC-79")
def test_a_slot_that_was_removed_and_created_again_is_pending_without_a_value() -> None:
    contents = {1: texts(), 2: Content(), 3: texts()}
    held = given_text('"x"', given_for=1)
    assert flags(1, 3, contents, held) == AUTOMATIC  # never moved: nothing has happened
    kept = values_after_move(held, contents[2])
    assert kept == {}
    assert flags(2, 3, contents, kept) == USER
    assert pending(3, contents, kept) == [PendingSlot(SlotKind.CONFIG, "subject", False)]


@pytest.mark.ledger("DEC-57")
def test_a_slot_that_becomes_mandatory_asks_only_instances_without_a_value() -> None:
    contents = {1: texts(mandatory=False), 2: texts()}
    assert flags(1, 2, contents, {}) == USER
    assert flags(1, 2, contents, HELD) == AUTOMATIC


@pytest.mark.ledger("DEC-57")
def test_a_lost_default_asks_only_instances_without_a_value() -> None:
    contents = {1: texts(default_value='"Hi"'), 2: texts()}
    assert flags(1, 2, contents, {}) == USER
    assert flags(1, 2, contents, HELD) == AUTOMATIC


def test_pending_slots_in_order() -> None:
    contents = {
        1: content_of(
            LIST,
            replace(TEXT, external_id="with default", default_value='""'),
            replace(TEXT, external_id="with a wrong default", default_value="1"),
            replace(TEXT, external_id="optional", mandatory=False),
            replace(TEXT, external_id="hidden", hidden=True),
            AUTH,
        )
    }
    assert pending(1, contents, {}) == [
        (SlotKind.AUTH, "mail", False),
        (SlotKind.CONFIG, "channel", False),
        (SlotKind.CONFIG, "with a wrong default", False),
        (SlotKind.CONFIG, "hidden", True),
    ]
    assert [found.external_id for found in pending(1, contents, HELD)] == ["with a wrong default", "hidden"]


@pytest.mark.ledger("DEC-67")
def test_the_first_release_breaks_nothing() -> None:
    judgement = judge_publish(None, content_of(AUTH, replace(TEXT, hidden=True)))
    assert [change.code for change in judgement.changes] == [ChangeCode.CREATED_MANDATORY_SLOT] * 2
    assert not any(change.breaking for change in judgement.changes)
    assert not judgement.breaking_changes
    assert not judgement.requires_new_user_input
    assert not judgement.requires_new_system_input


def test_a_release_after_an_empty_one_breaks() -> None:
    judgement = judge_publish(Content(), content_of(AUTH))
    assert judgement.breaking_changes


@pytest.mark.ledger("UVU-8", "UVU-12", "UVU-31")
@many_examples
@given(releases=histories(least=2))
def test_flags_see_what_changes_break(releases: dict[int, Content]) -> None:
    latest = max(releases)
    breaking = [change for change in changes(releases[1], releases[latest]) if change.breaking]
    found = flags(1, latest, releases, {})
    assert found.has_newer_version
    assert found.requires_user_input_to_update_version == any(not change.hidden for change in breaking)
    assert found.requires_system_input_to_update_version == any(change.hidden for change in breaking)
    judgement = judge_publish(releases[1], releases[latest])
    assert judgement.requires_new_user_input == found.requires_user_input_to_update_version
    assert judgement.requires_new_system_input == found.requires_system_input_to_update_version
    assert judgement.breaking_changes == bool(breaking)


@pytest.mark.ledger("UVU-31")
@many_examples
@given(releases=histories(), data=st.data())
def test_input_is_only_asked_for_where_there_is_a_newer_version(
    releases: dict[int, Content], data: st.DataObject
) -> None:
    release = data.draw(st.sampled_from(sorted(releases)))
    found = flags(release, max(releases), releases, data.draw(held_values(releases, release)))
    assert found.has_newer_version == (release < max(releases))
    if not found.has_newer_version:
        assert found == NOTHING_NEW


@pytest.mark.ledger("UVU-9")
@many_examples
@given(releases=histories(least=2), data=st.data())
def test_a_lazy_update_leaves_no_slot_pending_that_was_not(releases: dict[int, Content], data: st.DataObject) -> None:
    values = data.draw(held_values(releases, 1))
    latest = max(releases)
    if flags(1, latest, releases, values) == AUTOMATIC:
        before = {found[:2] for found in pending(1, releases, values)}
        after = {found[:2] for found in pending(latest, releases, values_after_move(values, releases[latest]))}
        assert after <= before


@pytest.mark.ledger("UVU-27")
@many_examples
@given(releases=histories(least=2), data=st.data())
def test_no_input_is_needed_once_all_needed_values_are_given(releases: dict[int, Content], data: st.DataObject) -> None:
    values = dict(data.draw(held_values(releases, 1)))
    latest = max(releases)
    asked = {
        (SlotKind(change.kind.value), change.external_id)
        for change in open_changes(breaks(releases), latest, releases, values)
    }
    asked |= {(found.kind, found.external_id) for found in pending(latest, releases, values)}
    for key in sorted(asked):
        slot = releases[latest].slot(*key)
        assert slot is not None
        values[key] = data.draw(fitting(slot, latest))
    assert flags(1, latest, releases, values) == AUTOMATIC
    assert pending(latest, releases, values_after_move(values, releases[latest])) == []
