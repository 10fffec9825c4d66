"""The differences between two contents, and the order in which changes are listed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.solutions.content.changes import (
    BREAKING_CODES,
    ChangeCode,
    ChangeKind,
    breaking_changes_of_slot,
    changes,
)
from app.solutions.content.model import (
    AuthSlot,
    ConfigSlot,
    Content,
    SlotKind,
    Workflow,
)
from tests.solutions.content.test_changes import AUTH, CONFIG, DDL, LIST, between
from tests.support.contents import contents, histories, many_examples


@pytest.mark.ledger("DEC-68")
def test_order() -> None:
    a, b, c = (ConfigSlot(name) for name in "abc")
    old = Content((AuthSlot("x"),), (a, b), (Workflow("u"), Workflow("v")))
    new = Content((AuthSlot("y"), AuthSlot("x", "X")), (c, replace(b, title="B")), (Workflow("w"), Workflow("u", "U")))
    assert [(change.kind.value, change.external_id) for change in changes(old, new)] == [
        ("auth", "y"),
        ("auth", "x"),
        ("config", "c"),
        ("config", "b"),
        ("config", "a"),
        ("workflow", "w"),
        ("workflow", "u"),
        ("workflow", "v"),
    ]


@pytest.mark.ledger("DEC-66")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": [true]}', '{"b":[true],"a":1.0}', True),
        ('"\\u0041"', '"A"', True),
        ("[1]", "[true]", False),
        ("[0]", "[false]", False),
        ("[1, 2]", "[2, 1]", False),
        ('"1"', "1", False),
        ("{}", "[]", False),
        ("not JSON", "not  JSON", False),
        ("not JSON", "not JSON", True),
        ("1e999", "1e998", False),
    ],
)
def test_defaults_and_inputs_compare_as_json(one: str, other: str, same: bool) -> None:
    slot = replace(CONFIG, mandatory=False)
    assert (between(replace(slot, default_value=one), replace(slot, default_value=other)) == []) is same
    old, new = (replace(LIST, ddl=replace(DDL, input=text)) for text in (one, other))
    assert (between(old, new) == []) is same


def test_a_difference_far_inside_a_long_text_is_seen() -> None:
    long = "x" * 200
    (change,) = between(replace(AUTH, title=long + "a"), replace(AUTH, title=long + "b"))
    assert change.code is ChangeCode.TITLE_CHANGED
    assert len(change.message) < 250


@pytest.mark.ledger("DEC-64")
@many_examples
@given(content=contents(), data=st.data())
def test_no_change_between_equal_contents(content: Content, data: st.DataObject) -> None:
    assert changes(content, content) == []
    names = ("auth_slots", "config_slots", "workflows")
    shuffled = replace(content, **{name: tuple(data.draw(st.permutations(getattr(content, name)))) for name in names})
    assert changes(content, shuffled) == []


@many_examples
@given(releases=histories(least=2))
def test_only_what_differs_changes(releases: dict[int, Content]) -> None:
    old, new = releases[1], releases[2]
    for change in changes(old, new):
        assert change.breaking == (change.code in BREAKING_CODES)
        if change.kind in (ChangeKind.AUTH, ChangeKind.CONFIG):
            kind = SlotKind(change.kind.value)
            before, after = old.slot(kind, change.external_id), new.slot(kind, change.external_id)
            assert before != after
            there = after or before
            assert there is not None
            assert change.hidden == there.hidden


@many_examples
@given(releases=histories(least=2))
def test_one_slot_alone_breaks_as_in_its_content(releases: dict[int, Content]) -> None:
    old, new = releases[1], releases[2]
    alone = [
        change
        for kind, slots in ((SlotKind.AUTH, new.auth_slots), (SlotKind.CONFIG, new.config_slots))
        for slot in slots
        for change in breaking_changes_of_slot(old.slot(kind, slot.external_id), slot)
    ]
    assert alone == [change for change in changes(old, new) if change.breaking]


def test_slots_of_two_kinds_are_not_compared() -> None:
    with pytest.raises(TypeError):
        breaking_changes_of_slot(AUTH, CONFIG)
