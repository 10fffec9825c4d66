"""NodeImport: what it writes."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.identity.rights import Caller
from app.nodes.importing import ImportTotals
from tests.support.imports import (
    LIST,
    MEMBER_TYPE,
    NAME,
    NOTHING,
    PACKAGE,
    VERSION_1,
    allow,
    bring,
    draft,
    faults,
    linking,
    member,
    members_of,
    node,
    nodes_of,
    rows,
    sign_up,
    targets_of,
    version,
    versions_of,
)


def test_writes_nodes_with_their_versions_and_members(engine: Engine, admin: Caller) -> None:
    totals = bring(
        engine,
        admin,
        node(
            "acme",
            version(1, name="Acme", comment="first"),
            draft(2, member(NAME, value="Acme & Sons", scale=2.5, comment="new"), member(LIST, target="acme.1")),
        ),
    )
    assert totals == ImportTotals(nodes_created=1, versions_created=2, versions_replaced=0, members_written=2)
    assert nodes_of(engine) == {"acme": (1, 2, 1)}
    assert rows(engine, "SELECT owner_identifier FROM node WHERE node_reference = 'acme'") == [(admin.user_identifier,)]
    assert versions_of(engine, "acme") == [
        (1, PACKAGE, "Acme", "first", admin.user_identifier, admin.user_identifier),
        (2, PACKAGE, "acme", None, admin.user_identifier, admin.user_identifier),
    ]
    assert members_of(engine, "acme", 1) == []
    assert members_of(engine, "acme", 2) == [
        (LIST, 1, None, None, "acme.1", None),
        (NAME, 1, "Acme & Sons", 2.5, None, "new"),
    ]


def test_the_name_defaults_to_the_local_reference(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1)), node("acme.Widget", version(1, name=""), version(2)))
    assert [row[2] for row in versions_of(engine, "acme.Widget")] == ["Widget", "Widget"]


def test_empty_texts_are_absent(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1, member(NAME, value="", comment="", target=""), comment="")))
    assert versions_of(engine, "acme")[0][3] is None
    assert members_of(engine, "acme", 1) == [(NAME, 1, None, None, None, None)]


def test_sequence_counts_within_the_node_of_the_member_type(engine: Engine, admin: Caller) -> None:
    bring(
        engine,
        admin,
        node("acme", version(1)),
        node("acme.part", version(1, of=MEMBER_TYPE), version(2, of=MEMBER_TYPE)),
        node(
            "acme.Widget",
            version(
                1,
                member("acme.part.2", value="a"),
                member(NAME, value="b"),
                member("acme.part.1", value="c"),
                member("acme.part", value="d"),
            ),
        ),
    )
    assert [row[:3] for row in members_of(engine, "acme.Widget", 1)] == [
        ("acme.part.2", 1, "a"),
        ("acme.part.1", 2, "c"),
        ("acme.part.2", 3, "d"),
        (NAME, 1, "b"),
    ]


def test_nodes_come_in_any_order_and_in_cycles(engine: Engine, admin: Caller) -> None:
    bring(
        engine,
        admin,
        linking("acme.a", "acme.b.1", "acme.a.1"),
        node("acme.b", version(1, member("acme.part.1", "acme.a.1"), of="acme.Product.1")),
        node("acme.Product", version(1, member("system.MEMBER_TYPE_LIST.1", "acme.part.1"), of="acme.Meta.1")),
        node("acme.Meta", version(1, of="acme.Meta.1")),
        node("acme.part", version(1, of=MEMBER_TYPE)),
        node("acme", version(1)),
    )
    assert targets_of(engine, "acme.a") == ["acme.b.1", "acme.a.1"]
    assert targets_of(engine, "acme.b") == ["acme.a.1"]
    assert versions_of(engine, "acme.b")[0][1] == "acme.Product.1"
    assert versions_of(engine, "acme.Meta")[0][1] == "acme.Meta.1"
    assert {state[:2] for state in nodes_of(engine).values()} == {(1, 1)}


def test_makes_packages_in_between(engine: Engine, admin: Caller) -> None:
    totals = bring(engine, admin, node("a.b.c.d", version(1)), node("a.b", version(1)), node("a.x.y", draft(1)))
    assert totals == ImportTotals(nodes_created=6, versions_created=6, versions_replaced=0, members_written=0)
    assert nodes_of(engine) == {
        "a": (0, 1, 1),
        "a.b": (1, 1, 1),
        "a.b.c": (0, 1, 1),
        "a.b.c.d": (1, 1, 1),
        "a.x": (0, 1, 1),
        "a.x.y": (0, 1, 1),
    }
    assert versions_of(engine, "a.b.c") == [(1, PACKAGE, "c", None, admin.user_identifier, admin.user_identifier)]
    assert rows(engine, "SELECT DISTINCT owner_identifier FROM node WHERE node_identifier > 1000") == [
        (admin.user_identifier,)
    ]


def test_made_packages_may_be_linked_to(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, linking("a.b.c", "a.b.1", "a", frozen=False))
    assert targets_of(engine, "a.b.c") == ["a.b.1", "a.1"]


def test_equal_versions_change_nothing(engine: Engine, admin: Caller) -> None:
    document = [
        node("acme", version(1, name="Acme", comment="first")),
        node("acme.a", version(1, member(NAME, value="x", scale=1.5, comment="y"), member(target="acme.1"))),
        node("acme.b", version(1), version(2, member(target="acme.a.$current"), of="acme.b.1")),
    ]
    assert bring(engine, admin, *document).versions_created == 4
    before = nodes_of(engine)
    assert bring(engine, admin, *document) == NOTHING
    assert nodes_of(engine) == before


def test_adds_versions_to_a_node(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1)))
    other = sign_up(engine, "other", administers_all=True)
    totals = bring(engine, other, node("acme", version(1), version(2), draft(3)))
    assert totals == ImportTotals(0, 2, 0, 0)
    assert nodes_of(engine) == {"acme": (2, 3, 2)}
    assert [row[4] for row in versions_of(engine, "acme")] == [
        admin.user_identifier,
        other.user_identifier,
        other.user_identifier,
    ]
    assert rows(engine, "SELECT owner_identifier FROM node WHERE node_reference = 'acme'") == [(admin.user_identifier,)]


def test_replaces_a_draft_in_its_place(engine: Engine, admin: Caller) -> None:
    bring(
        engine,
        admin,
        node("acme", version(1), draft(2, member(NAME, value="old"), member(target="acme.1"), name="Old")),
        linking("acme.user", "acme.2", frozen=False),
    )
    other = sign_up(engine, "other", administers_all=True)
    totals = bring(engine, other, node("acme", draft(2, member(NAME, value="new"), name="New", of="acme.1")))
    assert totals == ImportTotals(nodes_created=0, versions_created=0, versions_replaced=1, members_written=1)
    assert versions_of(engine, "acme")[1] == (2, "acme.1", "New", None, admin.user_identifier, other.user_identifier)
    assert members_of(engine, "acme", 2) == [(NAME, 1, "new", None, None, None)]
    assert targets_of(engine, "acme.user") == ["acme.2"]
    assert nodes_of(engine) == {"acme": (1, 2, 2), "acme.user": (0, 1, 1)}


def test_replaces_a_draft_and_freezes_it(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", draft(1, member(NAME, value="old"))))
    totals = bring(engine, admin, node("acme", version(1, member(NAME, value="new")), draft(2)))
    assert totals == ImportTotals(
        nodes_created=0, versions_created=1, versions_replaced=1, members_written=1, drafts_frozen=1
    )
    assert nodes_of(engine) == {"acme": (1, 2, 2)}
    assert members_of(engine, "acme", 1) == [(NAME, 1, "new", None, None, None)]


def test_keeps_a_draft_that_the_document_does_not_bring(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1), draft(2, member(NAME, value="kept"))))
    assert bring(engine, admin, node("acme", version(1))) == NOTHING
    assert nodes_of(engine) == {"acme": (1, 2, 1)}
    assert members_of(engine, "acme", 2) == [(NAME, 1, "kept", None, None, None)]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [("", 3), (".0", 3), (".$latest", 3), (".$draft", 3), (".$current", 2), (".$best", 2), (".1", 1), (".3", 3)],
)
def test_version_words_mean_the_state_after_the_import(engine: Engine, admin: Caller, wanted: str, number: int) -> None:
    bring(engine, admin, node("acme", version(1)))
    bring(
        engine,
        admin,
        linking("acme.user", f"acme{wanted}", frozen=False),
        node("acme", version(2), draft(3)),
    )
    assert targets_of(engine, "acme.user") == [f"acme.{number}"]


@pytest.mark.parametrize(("wanted", "number"), [("", 1), (".$best", 1), (".$current", 1)])
def test_a_draft_that_the_caller_may_not_use_is_not_there(
    engine: Engine, admin: Caller, user: Caller, wanted: str, number: int
) -> None:
    bring(engine, admin, node("acme", version(1), draft(2)), node("mine", version(1)))
    allow(engine, user, "node-link", "acme")
    allow(engine, user, "package-use", "mine")
    bring(engine, user, linking("mine.a", f"acme{wanted}"))
    assert targets_of(engine, "mine.a") == [f"acme.{number}"]
    for hidden in ("acme.2", "acme.$draft"):
        assert faults(engine, user, linking("mine.b", hidden)) == [
            (
                f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceTarget",
                f"{hidden} is not found: acme has no such version that you may use",
            )
        ]
