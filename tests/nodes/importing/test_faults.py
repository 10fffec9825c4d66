"""NodeImport: the documents that it refuses, and the places of the faults that it reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine

from app.errors import NotAuthorisedError
from app.identity.rights import Caller
from app.nodes.import_document import ImportMember, ImportNode
from app.nodes.importing import import_nodes
from tests.conftest import FreshDatabase
from tests.support.databases import engine_on
from tests.support.imports import (
    NAME,
    NODE_1,
    NODE_2,
    NOTHING,
    PUBLIC_GROUP,
    VERSION_1,
    bring,
    draft,
    faults,
    member,
    node,
    nodes_of,
    sign_up,
    version,
)

NOT_A_REFERENCE = (
    "'a-b' is not a node reference: each part between dots begins with a letter or underscore and goes on with"
    " letters, digits and underscores"
)
FAULTS: list[tuple[str, Sequence[ImportNode], list[tuple[str, str]]]] = [
    ("bad reference", [node("a-b", version(1))], [(f"{NODE_1}/nodeReference", NOT_A_REFERENCE)]),
    ("no reference", [node("", version(1))], [(f"{NODE_1}/nodeReference", "is missing")]),
    ("no version", [node("a")], [(f"{NODE_1}/VersionList", "has no version")]),
    (
        "node twice",
        [node("a", version(1)), node("a", version(2))],
        [(f"{NODE_2}/nodeReference", "is given twice: NodeList/Node[1] is the same node")],
    ),
    (
        "system",
        [node("system", version(1)), node("system.x.y", version(1))],
        [(f"NodeList/Node[{n}]/nodeReference", "the system package cannot be imported") for n in (1, 2)],
    ),
    (
        "gap",
        [node("a", version(1), version(3))],
        [
            (
                f"{NODE_1}/VersionList/Version[2]/nodeVersionNumber",
                "is 3 after 1; version numbers ascend without gaps",
            )
        ],
    ),
    (
        "version twice",
        [node("a", version(1), version(1))],
        [
            (
                f"{NODE_1}/VersionList/Version[2]/nodeVersionNumber",
                "is 1 after 1; version numbers ascend without gaps",
            )
        ],
    ),
    (
        "number too low",
        [node("a", version(0))],
        [(f"{VERSION_1}/nodeVersionNumber", "is 0; version numbers range from 1 to 999999")],
    ),
    (
        "number too high",
        [node("a", version(10**12))],
        [(f"{VERSION_1}/nodeVersionNumber", "is 1000000000000; version numbers range from 1 to 999999")],
    ),
    (
        "first version of a new node",
        [node("a", version(2))],
        [(f"{VERSION_1}/nodeVersionNumber", "is 2; the first version of a new node is 1")],
    ),
    (
        "gap to the store",
        [node("held", version(4))],
        [(f"{VERSION_1}/nodeVersionNumber", "is 4, but the node is frozen up to version 2: the next one is 3")],
    ),
    (
        "draft below",
        [node("a", draft(1), version(2))],
        [(f"{VERSION_1}/frozenIndicator", "only the last version may be a draft")],
    ),
    (
        "draft of a frozen version",
        [node("held", draft(2))],
        [(f"{VERSION_1}/frozenIndicator", "version 2 is frozen")],
    ),
    ("no type", [node("a", version(1, of=None))], [(f"{VERSION_1}/nodeVersionReferenceType", "is missing")]),
    ("bad type", [node("a", version(1, of="a-b"))], [(f"{VERSION_1}/nodeVersionReferenceType", NOT_A_REFERENCE)]),
    (
        "type not found",
        [node("a", version(1, of="b.$current"))],
        [(f"{VERSION_1}/nodeVersionReferenceType", "b.$current is not found")],
    ),
    (
        "version of type not found",
        [node("a", version(1, of="held.9"))],
        [
            (
                f"{VERSION_1}/nodeVersionReferenceType",
                "held.9 is not found: held has no such version that you may use",
            )
        ],
    ),
    (
        "type is a draft",
        [node("a", version(1, of="b")), node("b", draft(1))],
        [
            (
                f"{VERSION_1}/nodeVersionReferenceType",
                "b.$latest is a draft, on which a frozen version cannot depend",
            )
        ],
    ),
    (
        "no member type",
        [node("a", version(1, member("")))],
        [(f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceMemberType", "is missing")],
    ),
    (
        "member type not found",
        [node("a", version(1, member(), member("b.1")))],
        [(f"{VERSION_1}/MemberList/Member[2]/nodeVersionReferenceMemberType", "b.1 is not found")],
    ),
    (
        "member type is a draft",
        [node("a", version(1, member("b.1"))), node("b", draft(1))],
        [
            (
                f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceMemberType",
                "b.1 is a draft, on which a frozen version cannot depend",
            )
        ],
    ),
    (
        "bad target",
        [node("a", version(1, member(target="b.$newest")))],
        [
            (
                f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceTarget",
                "'$newest' is not a version keyword: use one of $latest, $current, $draft, $best",
            )
        ],
    ),
    (
        "target not found",
        [node("a", version(1)), node("c", version(1), version(2, member(), member(target="b.1")))],
        [(f"{NODE_2}/VersionList/Version[2]/MemberList/Member[2]/nodeVersionReferenceTarget", "b.1 is not found")],
    ),
    (
        "target is a draft",
        [node("a", version(1, member(target="a.2")), draft(2, member(target="a.2")))],
        [
            (
                f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceTarget",
                "a.2 is a draft, on which a frozen version cannot depend",
            )
        ],
    ),
    (
        "another name",
        [node("held", version(1, name="Other", comment="first"))],
        [(f"{VERSION_1}/nodeName", "version 1 is frozen with another name")],
    ),
    (
        "another comment",
        [node("held", version(1, comment="second"))],
        [(f"{VERSION_1}/nodeVersionComment", "version 1 is frozen with another comment")],
    ),
    (
        "another type",
        [node("held", version(1, comment="first", of="held.1"))],
        [(f"{VERSION_1}/nodeVersionReferenceType", "version 1 is frozen with another type")],
    ),
]


@pytest.fixture(scope="module")
def holding(fresh_database: FreshDatabase) -> Iterator[tuple[Engine, Caller]]:
    """A store with one node, for imports that write nothing, and the client who made it."""
    with fresh_database(False, connected=True) as url, engine_on(url) as engine:
        admin = sign_up(engine, "admin", administers_all=True)
        bring(engine, admin, node("held", version(1, comment="first"), version(2)))
        yield engine, admin


@pytest.mark.parametrize(("document", "expected"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_names_the_fault_and_writes_nothing(
    holding: tuple[Engine, Caller], document: Sequence[ImportNode], expected: list[tuple[str, str]]
) -> None:
    engine, admin = holding
    assert faults(engine, admin, *document, node("innocent", version(1))) == expected
    assert nodes_of(engine) == {"held": (2, 2, 1)}


HELD = (member(NAME, value="a", scale=1, comment="x"), member(target="held.1"), member(target="held.2"))


@pytest.mark.parametrize(
    ("members", "places"),
    [
        ((member(NAME, value="b", scale=1, comment="x"), *HELD[1:]), ["Member[1]"]),
        ((member(NAME, value="a", scale=2, comment="x"), *HELD[1:]), ["Member[1]"]),
        ((member(NAME, value="a", scale=1), *HELD[1:]), ["Member[1]"]),
        ((HELD[0], HELD[2], HELD[1]), ["Member[2]", "Member[3]"]),
        ((*HELD, member(NAME, value="c")), ["Member[4]"]),
        (HELD[:2], [""]),
        ((), [""]),
    ],
)
def test_members_of_a_frozen_version_have_to_be_equal(
    engine: Engine, admin: Caller, members: Sequence[ImportMember], places: list[str]
) -> None:
    bring(engine, admin, node("held", version(1), version(2), version(3, *HELD)))
    expected = [
        (f"{VERSION_1}/MemberList/{place}", "version 3 is frozen without this member")
        if place
        else (f"{VERSION_1}/MemberList", "version 3 is frozen with members that are not in this list")
        for place in places
    ]
    assert faults(engine, admin, node("held", version(3, *members))) == expected


def test_members_of_other_member_types_may_come_in_between(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("held", version(1), version(2), version(3, *HELD)))
    assert bring(engine, admin, node("held", version(3, HELD[1], HELD[0], HELD[2]))) == NOTHING


def test_first_hundred_faults_are_reported_in_document_order(engine: Engine, admin: Caller) -> None:
    missing = [member(target="nowhere.1"), member(target="no-reference")]
    document = [node(f"acme.n{number}", version(1, *missing), draft(2, of=None)) for number in range(60)]
    places = [
        f"NodeList/Node[{number}]/VersionList/{place}"
        for number in range(1, 61)
        for place in (
            "Version[1]/MemberList/Member[1]/nodeVersionReferenceTarget",
            "Version[1]/MemberList/Member[2]/nodeVersionReferenceTarget",
            "Version[2]/nodeVersionReferenceType",
        )
    ]
    assert [field for field, _ in faults(engine, admin, *document)] == places[:100]


def test_a_signed_in_user_is_needed(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(NotAuthorisedError, match="sign in to import"):
        import_nodes(connection, Caller(None, (PUBLIC_GROUP,)), [node("acme", version(1))], force=True)
