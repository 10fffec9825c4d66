"""Random contents, histories of releases and values held by an instance, for hypothesis.

The pools are small, so that slots meet again from one release to the next. What is drawn first is the simple case.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from app.solutions.content.flags import Contents, Values
from app.solutions.content.model import (
    AuthenticationFacts,
    AuthSlot,
    ConfigSlot,
    ConfigType,
    Content,
    Ddl,
    GivenValue,
    Screen,
    Slot,
    SlotKind,
    Trigger,
    Workflow,
)
from tests.support.examples import at_least

many_examples = settings(max_examples=at_least(25), deadline=None)

IDS = ("a", "b")
CHOICES: tuple[tuple[str, ...], ...] = ((), ("a",), ("b",), ("a", "b"), ("b", "a"))
JSON_TEXTS: dict[ConfigType, tuple[str, ...]] = {
    ConfigType.STRING: ('"x"', '"y"', ' "x" '),
    ConfigType.INTEGER: ("1", "1.0", "2"),
    ConfigType.NUMBER: ("1", "1.5", "1e1"),
    ConfigType.BOOLEAN: ("true", "false"),
    ConfigType.OBJECT: ("{}", '{"k": 1, "l": [true]}', '{"l":[true],"k":1.0}'),
    ConfigType.ARRAY: ("[]", "[1]", "[true]"),
    ConfigType.DDL: ('"x"', "1", "true"),
}
SCOPES = (frozenset[str](), frozenset({"read"}), frozenset({"read", "write"}), frozenset({"delete"}))
EDITS: tuple[dict[str, Any], ...] = ({"hidden": True}, {"mandatory": False}, {"title": "Other"})
AUTH_EDITS: tuple[dict[str, Any], ...] = (
    *EDITS,
    *({"scopes": scopes} for scopes in SCOPES),
    {"service": "other"},
    {"service_version": "2"},
    {"service_environment": "test"},
    {"authentication_id": "B"},
    {"service_environment": "test", "authentication_id": "B"},
)
LISTS = (
    Ddl("slack", "1", "channels"),
    Ddl("slack", "1", "channels", '{"k": 1}'),
    Ddl("slack", "1", "channels", '{ "k": 1.0 }'),
    Ddl("slack", "1", "users"),
    Ddl("slack", "2", "channels"),
    Ddl("teams", "1", "channels"),
)
WORKFLOWS = (
    Workflow("a"),
    Workflow("a", "Other", Trigger.WEBHOOK),
    Workflow("a", "", Trigger.SCHEDULED, "0 * * * *"),
    Workflow("a", "", Trigger.SCHEDULED, "5 4 * * 1"),
)


def json_texts(config_type: ConfigType) -> st.SearchStrategy[str]:
    """JSON texts of a type."""
    return st.sampled_from(JSON_TEXTS[config_type])


@st.composite
def auth_slots(draw: st.DrawFn, external_id: str) -> AuthSlot:
    """A slot that is like the other ones with this id but for up to three properties."""
    slot = AuthSlot(external_id, "", "slack", "1", "live", authentication_id="A")
    for edit in draw(st.lists(st.sampled_from(AUTH_EDITS), max_size=3)):
        slot = replace(slot, **edit)
    return slot


@st.composite
def config_slots(draw: st.DrawFn, external_id: str, auth_slot_ids: tuple[str, ...]) -> ConfigSlot:
    """A slot without faults, among auth slots of these ids."""
    config_type = draw(st.sampled_from((ConfigType.STRING, ConfigType.DDL, *ConfigType)))
    slot = ConfigSlot(external_id, type=config_type)
    for edit in draw(st.lists(st.sampled_from(EDITS), max_size=2)):
        slot = replace(slot, **edit)
    if config_type is ConfigType.DDL:
        auth_slot = draw(st.sampled_from((None, *auth_slot_ids)))
        slot = replace(slot, ddl=replace(draw(st.sampled_from(LISTS)), auth_slot_external_id=auth_slot))
    return replace(slot, default_value=draw(st.sampled_from((None, None, *JSON_TEXTS[config_type]))))


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """A content without faults."""
    auth_slot_ids, config_slot_ids, workflow_ids = (draw(st.sampled_from(CHOICES)) for _ in range(3))
    shown = sorted({*auth_slot_ids, *config_slot_ids})
    return Content(
        tuple(draw(auth_slots(one)) for one in auth_slot_ids),
        tuple(draw(config_slots(one, auth_slot_ids)) for one in config_slot_ids),
        tuple(replace(draw(st.sampled_from(WORKFLOWS)), source_workflow_id=one) for one in workflow_ids),
        draw(
            st.sampled_from(
                ((), (Screen("A"),), (Screen("A", "Text", tuple(shown[:1])), Screen("B", "", tuple(shown[1:]))))
            )
        ),
    )


@st.composite
def histories(draw: st.DrawFn, least: int = 1) -> dict[int, Content]:
    """The releases of a solution by number, from 1."""
    return {number: draw(contents()) for number in range(1, draw(st.integers(least, 4)) + 1)}


def fitting(slot: Slot, given_for: int) -> st.SearchStrategy[GivenValue]:
    """Values that fit a slot."""
    if isinstance(slot, ConfigSlot):
        return st.builds(GivenValue, json_texts(slot.type), st.none(), st.just((given_for,)))
    service = (slot.service, slot.service_version, slot.service_environment)
    facts = st.builds(
        lambda more: AuthenticationFacts("authentication", *service, slot.scopes | more), st.sampled_from(SCOPES)
    )
    return st.builds(GivenValue, st.none(), facts, st.just((given_for,)))


@st.composite
def held_values(draw: st.DrawFn, releases: Contents, release: int) -> Values:
    """Values that an instance on a release may hold: of some of its slots, each given for any release that has it."""
    content = releases[release]
    slots: list[tuple[SlotKind, str]] = [(SlotKind.AUTH, slot.external_id) for slot in content.auth_slots]
    slots += [(SlotKind.CONFIG, slot.external_id) for slot in content.config_slots]
    values = {}
    for key in slots:
        given_for = draw(st.sampled_from((None, *releases)))
        slot = releases[given_for].slot(*key) if given_for else None
        if given_for and slot:
            values[key] = draw(fitting(slot, given_for))
    return values
