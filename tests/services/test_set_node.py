"""SetNode: forms, new nodes, and edits of drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from lxml import etree
from sqlalchemy import Engine, text

from tests.support.builders import Graph, M, V, draft, frozen, links, member_type, package, type_with
from tests.support.edits import change_type, faults, given, impacts, members, set_node
from tests.support.http import Client, Reply, message
from tests.support.solution_store import element

MakeUser = Callable[..., None]
ByType = dict[str, list[str]]

GRAPH = (
    Graph()
    .node("P", package())
    .node("X.m", member_type(), member_type())
    .node("X.one", member_type(MAXIMUM_CARDINALITY="1", VALUE_PATTERN="[a-z]+", USE_SCALE="false", USE_TARGET="false"))
    .node("X.must", member_type(MINIMUM_CARDINALITY="1", USE_VALUE="false"))
    .node(
        "X.bolt",
        member_type(*links("X.Other.1", member_type="system.TARGET_TYPE_LIST.1"), USE_VALUE="false"),
    )
    .node("X.gone", member_type())
    .node("X.T", type_with("X.m.2", "X.one.1", "X.bolt.1"), type_with("X.must.1", "X.one.1"))
    .node("X.Other", type_with())
    .node("P.B", V((), "X.Other.1", name="Bolt"), V((), "X.Other.1", draft=True, name="Bolt 2"))
    .node("P.A", frozen(name="Axle"))
    .node(
        "P.N",
        V(
            (
                M("X.m.2", value="red", scale=1.5, target="P.A.1", comment="first"),
                M("X.m.2", value="blue"),
                M("X.m.2", value="green"),
                M("X.bolt.1", target="P.B.1"),
            ),
            "X.T.1",
            draft=True,
            name="N",
            comment="kept",
        ),
    )
    .node("P.F", V((), "X.T.1"))
    # Data of a member type that the type does not list, and of an earlier version than the one that it lists.
    .node("P.Old", draft(M("X.gone.1", value="lost"), M("X.m.1", value="moved"), type="X.T.1"))
)
RED, BLUE, GREEN, BOLT = "X.m.2 = red * 1.5 -> P.A.1 (first)", "X.m.2 = blue", "X.m.2 = green", "X.bolt.1 -> P.B.1"
BEFORE = [RED, BLUE, GREEN, BOLT]


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def update(client: Client, by_type: ByType, action: str = "update", node: str = "P.N") -> Reply:
    return set_node(client, action, members(by_type), nodeVersionReference=node)


def done(reply: Reply) -> Reply:
    assert reply.number == 0, reply.response.text
    return reply


def colours(client: Client, *edits: str) -> list[str]:
    """The members of P.N below X.m after an edit of them."""
    done(update(client, {"X.m": list(edits)}))
    return [member for member in client.get("P.N").members() if member.startswith("X.m")]


def form(reply: Reply) -> list[str]:
    """The member types of a form with their members in short: `X.m.2 1=red 2=blue`."""
    return [" ".join(_form_member_type(each)) for each in done(reply).tree.iterfind("MemberTypeList/MemberType")]


def _form_member_type(each: etree._Element) -> Iterator[str]:
    yield each.findtext("nodeVersionReferenceMemberType") or ""
    for member in each.iterfind("MemberList/Member"):
        content = member.findtext("nodeMemberValue") or member.findtext("nodeVersionReferenceTarget")
        yield f"{member.findtext('nodeMemberSequence')}={content}"


# Forms


def test_the_form_of_a_draft_has_the_member_types_of_its_type_and_its_members(store: Client) -> None:
    reply = set_node(store, "edit", nodeVersionReference="P.N")
    assert form(reply) == ["X.m.2 1=red 2=blue 3=green", "X.one.1", "X.bolt.1 1=P.B.1"]
    assert (reply.text("nodeVersionReference"), reply.text("nodeVersionComment")) == ("P.N.1", "kept")
    assert reply.text("nodeVersionReferenceType") == "X.T.1"
    one = reply.tree.find("MemberTypeList/MemberType[2]")
    assert one is not None
    given = {child.tag: child.text for child in one if child.text}
    assert given["useScaleIndicator"] == given["useTargetIndicator"] == "false"
    assert (given["minimumCardinality"], given["maximumCardinality"], given["valuePattern"]) == ("0", "1", "[a-z]+")
    assert reply.text("MemberTypeList/MemberType[3]/TargetTypeList/nodeReference") == "X.Other"


def test_the_form_of_a_new_node_has_no_members(store: Client) -> None:
    reply = set_node(store, "new", nodeVersionReferenceType="X.T.1")
    assert form(reply) == ["X.m.2", "X.one.1", "X.bolt.1"]
    assert (reply.text("nodeVersionReference"), reply.text("nodeVersionReferenceType")) == (None, "X.T.1")


def test_a_form_shows_data_that_the_type_has_no_place_for(store: Client) -> None:
    reply = set_node(store, "edit", nodeVersionReference="P.Old")
    assert form(reply) == ["X.m.2 1=moved", "X.one.1", "X.bolt.1", "X.gone.1 1=lost"]
    assert reply.text("MemberTypeList/MemberType[4]/listedIndicator") == "false"


# Edits of members


@pytest.mark.ledger("DEC-155")
def test_absent_fields_keep_their_value(store: Client) -> None:
    assert colours(store, given(value="black")) == [RED, BLUE, GREEN, "X.m.2 = black"]
    shown = store.get("P.N")
    assert (shown.text("nodeName"), shown.text("nodeVersionComment"), BOLT in shown.members()) == ("N", "kept", True)


@pytest.mark.ledger("DEC-155")
def test_a_member_has_what_is_given_and_nothing_else(store: Client) -> None:
    assert colours(store, given(at=1, value="pink")) == ["X.m.2 = pink", BLUE, GREEN]


@pytest.mark.ledger("DEC-155")
def test_a_retained_member_keeps_absent_fields(store: Client) -> None:
    kept = "X.m.2 = pink * 1.5 -> P.A.1 (first)"
    assert colours(store, given(at=1, value="pink", retain=True), given(at=2, retain=True)) == [kept, BLUE, GREEN]


def test_members_are_deleted_and_renumbered(store: Client) -> None:
    assert colours(store, given(at=2, delete=True)) == [RED, GREEN]
    assert colours(store, given(at=2, value="last")) == [RED, "X.m.2 = last"]


def test_members_move_to_new_places(store: Client) -> None:
    assert colours(store, given(at=3, to=1)) == [GREEN, RED, BLUE]
    assert colours(store, given(value="new", to=2), given(at=1, to=99)) == [RED, "X.m.2 = new", BLUE, GREEN]


def test_a_new_target_takes_precedence(store: Client) -> None:
    reply = update(store, {"X.bolt": [given(at=1, target="P.B.1", new_target="P.B.2")]})
    assert done(reply).number == 0
    assert "X.bolt.1 -> P.B.2" in store.get("P.N").members()


def test_an_empty_line_of_a_form_is_ignored(store: Client) -> None:
    assert colours(store, given(), given(value=""), given(delete=True)) == [RED, BLUE, GREEN]


def test_a_value_keeps_its_white_space(store: Client) -> None:
    done(update(store, {"X.m": [given(at=2, value=" two  words\n")]}))
    values = [member.findtext("nodeMemberValue") for member in store.get("P.N").tree.iter("Member")]
    assert " two  words\n" in values


def test_name_and_comment(store: Client) -> None:
    section = element("NodeVersionCommentSection", nodeVersionComment="said")
    done(set_node(store, "update", section, nodeVersionReference="P.N", nodeName="Renamed"))
    shown = store.get("P.N")
    assert (shown.text("nodeName"), shown.text("nodeVersionComment"), shown.members()) == ("Renamed", "said", BEFORE)
    emptied = element("NodeVersionCommentSection", nodeVersionComment="")
    done(set_node(store, "update", emptied, nodeVersionReference="P.N"))
    shown = store.get("P.N")
    assert (shown.text("nodeName"), shown.text("nodeVersionComment")) == ("Renamed", None)


@pytest.mark.ledger("DEC-158")
def test_the_name_may_be_given_as_a_member(store: Client) -> None:
    store.load(Graph().node("P.L", draft()))
    done(update(store, {"system.NODE_NAME": [given(value="By member")]}, node="P.L"))
    assert store.get("P.L").text("nodeName") == "By member"


# Faults


@pytest.mark.ledger("DEC-156")
def test_every_fault_is_named_at_once(store: Client) -> None:
    edits = {
        "X.one": [given(value="A1", scale="2", target="P.A.1"), given(value="b")],
        "X.bolt": [given(at=1, value="v", target="P.A.1"), given(target="P.none")],
        "X.m": [given(at=9, value="x"), given(at=1), given(at=2, value="y"), given(at=2, delete=True)],
        "X.none": [given(value="x")],
        "X.gone": [given(value="x")],
    }
    reply = update(store, edits)
    assert [line.partition(": ")[0] for line in faults(reply)] == [
        "MemberTypeList/MemberType[2]/MemberList/Member[2]/nodeVersionReferenceTarget",
        "MemberTypeList/MemberType[3]/MemberList/Member[1]/nodeMemberSequence",
        "MemberTypeList/MemberType[3]/MemberList/Member[2]",
        "MemberTypeList/MemberType[3]/MemberList/Member[4]/nodeMemberSequence",
        "MemberTypeList/MemberType[4]/nodeVersionReferenceMemberType",
        "MemberTypeList/MemberType[5]/MemberList/Member[1]",
        "MemberTypeList/MemberType[1]",
        "MemberTypeList/MemberType[1]/MemberList/Member[1]/nodeMemberValue",
        "MemberTypeList/MemberType[1]/MemberList/Member[1]/nodeMemberScale",
        "MemberTypeList/MemberType[1]/MemberList/Member[1]/nodeVersionReferenceTarget",
        "MemberTypeList/MemberType[2]/MemberList/Member[1]/nodeMemberValue",
        "MemberTypeList/MemberType[2]/MemberList/Member[1]/nodeVersionReferenceTarget",
    ]
    assert store.get("P.N").members() == BEFORE


@pytest.mark.parametrize(
    ("by_type", "message"),
    [
        ({"X.one": [given(value="a"), given(value="b")]}, "X.one.1 allows at most 1 and there are 2"),
        ({"X.one": [given(value="A")]}, "X.one.1 does not allow the value 'A'"),
        ({"X.bolt": [given(target="P.A.1")]}, "X.bolt.1 does not allow a target of this type"),
        ({"X.m": [given(value="x")], "X.m.1": [given(value="y")]}, "X.m is given twice"),
    ],
)
def test_the_rules_of_member_types(store: Client, by_type: dict[str, list[str]], message: str) -> None:
    for action in ("impact", "update", "force"):
        (line,) = faults(update(store, by_type, action))
        assert message in line
    assert store.get("P.N").members() == BEFORE


@pytest.mark.ledger("DEC-156")
def test_a_missing_mandatory_member_is_named(store: Client) -> None:
    store.load(Graph().node("P.M", draft(type="X.T.2")))
    assert faults(set_node(store, "update", nodeVersionReference="P.M", nodeName="M")) == [
        "MemberTypeList: X.must.1 needs at least 1 and there are 0"
    ]
    done(update(store, {"X.must": [given(scale="1")]}, node="P.M"))


def test_a_pattern_has_to_be_a_pattern(store: Client) -> None:
    store.load(Graph().node("P.mt", member_type(draft=True)))
    (line,) = faults(update(store, {"system.VALUE_PATTERN": [given(value="(")]}, node="P.mt"))
    assert line.startswith("MemberTypeList/MemberType[1]/MemberList/Member[1]/nodeMemberValue: is a pattern that")


@pytest.mark.parametrize("node", ["P.F", "P.B.1"])
def test_a_frozen_version_is_not_edited(store: Client, node: str) -> None:
    for action in ("edit", "impact", "update", "force"):
        (line,) = faults(set_node(store, action, nodeVersionReference=node))
        assert "is frozen" in line


def test_the_type_is_changed_by_another_service(store: Client) -> None:
    same = {"nodeVersionReference": "P.N", "nodeVersionReferenceType": "X.T.1"}
    done(set_node(store, "update", **same))
    (line,) = faults(set_node(store, "update", **{**same, "nodeVersionReferenceType": "X.T.2"}))
    assert line.startswith("nodeVersionReferenceType: ")
    assert line.endswith("change its type first")


# Impacts


@pytest.mark.ledger("DEC-157")
@pytest.mark.parametrize(("action", "number"), [("impact", 108), ("update", 109)])
def test_an_impact_is_listed_and_prevents_an_update(store: Client, action: str, number: int) -> None:
    reply = set_node(store, action, nodeVersionReference="P.Old", nodeName="Newer")
    assert (reply.number, impacts(reply)) == (number, ["remove X.gone.1", "version X.m.1"])
    shown = store.get("P.Old")
    assert (shown.text("nodeName"), shown.members()) == ("Old", ["X.m.1 = moved", "X.gone.1 = lost"])


@pytest.mark.ledger("DEC-157")
def test_force_passes_impacts(store: Client) -> None:
    done(set_node(store, "force", nodeVersionReference="P.Old", nodeName="Newer"))
    shown = store.get("P.Old")
    assert (shown.text("nodeName"), shown.members()) == ("Newer", ["X.m.2 = moved"])


@pytest.mark.ledger("DEC-157")
def test_members_that_the_editor_removes_are_not_an_impact(store: Client) -> None:
    reply = update(store, {"X.gone": [given(at=1, delete=True)], "X.m": [given(at=1, delete=True)]}, "impact", "P.Old")
    assert (reply.number, impacts(reply)) == (0, [])


@pytest.mark.ledger("UNV-69", "UNV-70", "UNV-71")
def test_all_three_ways_out_of_cannot_update_to_type(client: Client) -> None:
    data = (M("X.k.1", value="lost"), M("X.m.1", value="kept"))
    client.load(
        Graph()
        .node("P", package())
        .node("X.k", member_type())
        .node("X.m", member_type())
        .node("X.T", type_with("X.k.1", "X.m.1"), type_with("X.m.1"))
        .node("P.Frozen", draft(*data, type="X.T.1"))
        .node("P.Edited", draft(*data, type="X.T.1"))
        .node("P.Changed", draft(*data, type="X.T.1"))
    )
    warning = "warning: Can not update to type X.T.2"
    assert all(warning in row for row in client.update("P", sourceScope="current").rows())
    client.freeze("P.Frozen")
    done(update(client, {"X.k": [given(at=1, delete=True)]}, node="P.Edited"))
    done(change_type(client, "P.Changed", action="force"))
    assert client.update("P", "force", sourceScope="current").rows() == [
        "P.Edited.1 change type X.T.2",
        "P.Frozen.2 version type X.T.2: remove X.k.1",
    ]
    nodes = ("P.Frozen", "P.Edited", "P.Changed")
    assert [client.get(node).members() for node in nodes] == [["X.m.1 = kept"]] * 3
    assert client.update("P", sourceScope="current").rows() == []


# New nodes


def create(client: Client, *content: str, **section: str) -> Reply:
    where = element("NodeReferenceSection", **section)
    return set_node(client, "create", where, *content, nodeVersionReferenceType="X.T.1")


def test_editor_index_and_audit_are_up_to_date(store: Client, engine: Engine, make_user: MakeUser) -> None:
    make_user("ann", "package-administer P", "package-link X")
    ann = store.as_user("ann")
    done(update(ann, {"X.m": [given(at=1, value="mauve")]}))
    done(create(ann, nodeReference="P.New"))
    versions = store.post(message("ListNodeVersions", {"nodeReference": "P.N"}))
    assert versions.text("VersionList/Version/userLogonReferenceAmendedBy") == "ann"
    for word, number in (("mauve", "1"), ("red", "0")):
        assert store.post(message("Search", {"query": word})).text("numberOfResults") == number
    with engine.connect() as connection:
        query = "SELECT action, object_name FROM audit WHERE action LIKE 'node-%' ORDER BY audit_identifier"
        assert [tuple(row) for row in connection.execute(text(query))] == [
            ("node-edited", "P.N"),
            ("node-created", "P.New"),
        ]
