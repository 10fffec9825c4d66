"""NodeImport: what it writes, what it refuses, and where it says that the fault is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app.errors import NotAuthorisedError, StateError, UserError
from app.identity.rights import Caller
from app.nodes.import_document import ImportMember, ImportNode, ImportVersion
from app.nodes.importing import ImportTotals, import_nodes
from app.services.fault_paths import places

PACKAGE = "system.PACKAGE_LISTING.1"
TYPE = "system.TYPE_TYPE.1"
MEMBER_TYPE = "system.MEMBER_TYPE_CLASS.1"
LIST = "system.NODE_LIST.1"
NAME = "system.NODE_NAME.1"
PUBLIC_GROUP = 1
NOTHING = ImportTotals(0, 0, 0, 0)
NODE_1 = "NodeList/Node[1]"
NODE_2 = "NodeList/Node[2]"
VERSION_1 = "NodeList/Node[1]/VersionList/Version[1]"


def member(
    member_type: str = LIST,
    target: str | None = None,
    value: str | None = None,
    scale: float | None = None,
    comment: str | None = None,
) -> ImportMember:
    return ImportMember(member_type, value, scale, target, comment)


def version(
    number: int,
    *members: ImportMember,
    frozen: bool = True,
    name: str | None = None,
    comment: str | None = None,
    of: str | None = PACKAGE,
) -> ImportVersion:
    return ImportVersion(number, frozen, name, comment, of, members)


def draft(number: int, *members: ImportMember, name: str | None = None, of: str | None = PACKAGE) -> ImportVersion:
    return version(number, *members, frozen=False, name=name, of=of)


def node(reference: str, *versions: ImportVersion) -> ImportNode:
    return ImportNode(reference, versions)


def linking(reference: str, *targets: str, frozen: bool = True) -> ImportNode:
    """A node whose one version links to these targets."""
    return node(reference, version(1, *(member(target=target) for target in targets), frozen=frozen))


def sign_up(engine: Engine, name: str, *, administers_all: bool = False) -> Caller:
    """A new user with a group of its own."""
    with engine.begin() as connection:
        group = connection.execute(
            text(
                "INSERT INTO user_group (user_group_reference, user_group_name) VALUES (:name, :name)"
                " RETURNING user_group_identifier"
            ),
            {"name": name},
        ).scalar_one()
        user = connection.execute(
            text(
                "INSERT INTO account (user_logon_reference, user_name, password_hash, own_group_identifier)"
                " VALUES (:name, :name, '', :group) RETURNING user_identifier"
            ),
            {"name": name, "group": group},
        ).scalar_one()
    return Caller(user, (PUBLIC_GROUP, group), administers_all)


def allow(engine: Engine, caller: Caller, permission: str, reference: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO permission (permission_type, user_group_identifier, node_identifier)"
                " SELECT :permission, :group, node_identifier FROM node WHERE node_reference = :reference"
            ),
            {"permission": permission, "group": caller.groups[-1], "reference": reference},
        )


@pytest.fixture
def admin(engine: Engine) -> Caller:
    return sign_up(engine, "admin", administers_all=True)


@pytest.fixture
def user(engine: Engine) -> Caller:
    return sign_up(engine, "user")


def bring(engine: Engine, caller: Caller, *nodes: ImportNode) -> ImportTotals:
    with engine.begin() as connection:
        return import_nodes(connection, caller, nodes, force=True)


def faults(engine: Engine, caller: Caller, *nodes: ImportNode) -> list[tuple[str, str]]:
    with engine.connect() as connection, pytest.raises(UserError) as raised:
        import_nodes(connection, caller, nodes, force=True)
    assert raised.value.number == 105
    return places(raised.value)


def rows(engine: Engine, query: str, **parameters: object) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), parameters)]


def nodes_of(engine: Engine) -> dict[str, tuple[int, int, int]]:
    """Frozen number, latest number and edition of all nodes outside `system`."""
    query = (
        "SELECT node_reference, frozen_version_number, latest_version_number, edition FROM node"
        " WHERE node_identifier > 1000 ORDER BY node_reference"
    )
    return {row[0]: row[1:] for row in rows(engine, query)}


def members_of(engine: Engine, reference: str, number: int) -> list[tuple[Any, ...]]:
    """Member type, sequence, value, scale, target and comment of the members of a version."""
    return rows(
        engine,
        "SELECT mt.node_reference || '.' || m.member_type_version_number, m.sequence, m.value, m.scale,"
        " t.node_reference || '.' || m.target_version_number, m.comment"
        " FROM member m JOIN node n USING (node_identifier)"
        " JOIN node mt ON mt.node_identifier = m.member_type_node_identifier"
        " LEFT JOIN node t ON t.node_identifier = m.target_node_identifier"
        " WHERE n.node_reference = :reference AND m.version_number = :number"
        " ORDER BY mt.node_reference, m.sequence",
        reference=reference,
        number=number,
    )


def targets_of(engine: Engine, reference: str, number: int = 1) -> list[str]:
    return [row[4] for row in members_of(engine, reference, number)]


def versions_of(engine: Engine, reference: str) -> list[tuple[Any, ...]]:
    """Number, type, name, comment, creator and last editor of the versions of a node."""
    return rows(
        engine,
        "SELECT v.version_number, t.node_reference || '.' || v.type_version_number, v.node_name,"
        " v.node_version_comment, v.created_by, v.amended_by"
        " FROM node_version v JOIN node n USING (node_identifier)"
        " JOIN node t ON t.node_identifier = v.type_node_identifier"
        " WHERE n.node_reference = :reference ORDER BY v.version_number",
        reference=reference,
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


def test_name_is_the_local_reference_where_none_is_given(engine: Engine, admin: Caller) -> None:
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
    assert totals == ImportTotals(nodes_created=0, versions_created=1, versions_replaced=1, members_written=1)
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


@pytest.mark.parametrize(("document", "expected"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_names_the_fault_and_writes_nothing(
    engine: Engine, admin: Caller, document: Sequence[ImportNode], expected: list[tuple[str, str]]
) -> None:
    bring(engine, admin, node("held", version(1, comment="first"), version(2)))
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


def test_first_hundred_faults_are_told_in_document_order(engine: Engine, admin: Caller) -> None:
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


def test_needs_somebody_signed_in(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(NotAuthorisedError, match="sign in to import"):
        import_nodes(connection, Caller(None, (PUBLIC_GROUP,)), [node("acme", version(1))], force=True)


class TestPermissions:
    @pytest.fixture
    def store(self, engine: Engine, admin: Caller) -> Engine:
        bring(
            engine,
            admin,
            node("acme", version(1)),
            node("acme.Widget", version(1), draft(2)),
            node("acme.secret", version(1, member(NAME, value="hidden"))),
            node("mine", version(1)),
        )
        return engine

    @pytest.fixture
    def maker(self, store: Engine, user: Caller) -> Caller:
        """May create inside `mine`."""
        allow(store, user, "package-use", "mine")
        return user

    def test_creating_needs_use_on_the_innermost_package(self, store: Engine, user: Caller) -> None:
        document = [node("acme.new.part", version(1)), node("acme.new", version(1))]
        assert faults(store, user, *document) == [
            (f"{NODE_1}/nodeReference", "you may not create nodes in acme.new"),
            (f"{NODE_2}/nodeReference", "you may not create nodes in acme"),
        ]
        allow(store, user, "package-use", "acme")
        assert bring(store, user, *document).nodes_created == 2

    def test_creating_does_not_tell_whether_the_package_exists(self, store: Engine, user: Caller) -> None:
        for package in ("acme.secret", "acme.nothing"):
            assert faults(store, user, node(f"{package}.x", version(1))) == [
                (f"{NODE_1}/nodeReference", f"you may not create nodes in {package}")
            ]

    def test_the_owner_of_a_package_may_create_in_it(self, store: Engine, maker: Caller) -> None:
        bring(store, maker, node("mine.own", version(1)))
        with store.begin() as connection:
            connection.execute(text("DELETE FROM permission WHERE permission_type = 'package-use'"))
        bring(store, maker, node("mine.own.part", version(1)))
        assert "mine.own.part" in nodes_of(store)

    def test_top_level_nodes_are_for_administrators(self, store: Engine, user: Caller) -> None:
        assert faults(store, user, node("top", version(1)), node("other.part", version(1))) == [
            (f"{NODE_1}/nodeReference", "you may not create nodes outside packages"),
            (f"{NODE_2}/nodeReference", "you may not create nodes in other"),
        ]

    @pytest.mark.parametrize("document", [node("acme.Widget", draft(2)), node("acme.Widget", version(1), version(2))])
    def test_new_versions_need_administer(self, store: Engine, user: Caller, document: ImportNode) -> None:
        allow(store, user, "node-update", "acme.Widget")
        assert faults(store, user, document) == [
            (f"{NODE_1}/nodeReference", "brings new versions of a node that you may not change")
        ]
        allow(store, user, "node-administer", "acme.Widget")
        assert bring(store, user, document).versions_replaced == 1

    def test_equal_versions_need_read(self, store: Engine, user: Caller) -> None:
        allow(store, user, "node-read", "acme.Widget")
        assert bring(store, user, node("acme.Widget", version(1))) == NOTHING

    @pytest.mark.parametrize(
        "document",
        [
            node("acme.secret", version(1, member(NAME, value="hidden"))),
            node("acme.secret", version(1, member(NAME, value="guess"))),
            node("acme.secret", version(9, member(target="acme.Widget"))),
        ],
    )
    def test_nothing_is_told_of_a_node_that_may_not_be_read(
        self, store: Engine, user: Caller, document: ImportNode
    ) -> None:
        allow(store, user, "node-read", "acme.Widget")
        allow(store, user, "package-use", "mine")
        told = faults(store, user, document)
        assert told[0] == (f"{NODE_1}/nodeReference", "is taken by a node that you may not change")
        assert {reason for _, reason in told[1:]} <= {"you may not link to acme.Widget.$latest"}

    def test_targets_need_link(self, store: Engine, maker: Caller) -> None:
        allow(store, maker, "node-use-type", "acme.Widget")
        document = linking("mine.a", "acme.Widget.1")
        assert faults(store, maker, document) == [
            (f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceTarget", "you may not link to acme.Widget.1")
        ]
        allow(store, maker, "node-link", "acme.Widget")
        assert bring(store, maker, document).members_written == 1

    def test_types_need_use_type(self, store: Engine, maker: Caller) -> None:
        allow(store, maker, "node-read", "acme.Widget")
        document = node("mine.a", version(1, of="acme.Widget.1"))
        assert faults(store, maker, document) == [
            (f"{VERSION_1}/nodeVersionReferenceType", "you may not use acme.Widget.1 as a type")
        ]
        allow(store, maker, "node-use-type", "acme.Widget")
        assert bring(store, maker, document).versions_created == 1

    def test_member_types_need_read(self, store: Engine, maker: Caller) -> None:
        document = node("mine.a", version(1, member("acme.Widget.1")))
        assert faults(store, maker, document) == [
            (
                f"{VERSION_1}/MemberList/Member[1]/nodeVersionReferenceMemberType",
                "acme.Widget.1 is not found",
            )
        ]
        allow(store, maker, "node-read", "acme.Widget")
        assert bring(store, maker, document).members_written == 1

    @pytest.mark.parametrize("wanted", ["", ".1", ".7", ".$draft"])
    def test_a_hidden_node_is_like_no_node(self, store: Engine, maker: Caller, wanted: str) -> None:
        def told(reference: str) -> list[tuple[str, str]]:
            link = f"{reference}{wanted}"
            document = node("mine.a", version(1, member(link, target=link), of=link))
            return [(field, reason.replace(reference, "X")) for field, reason in faults(store, maker, document)]

        assert told("acme.secret") == told("acme.nothing")
        assert len(told("acme.secret")) == 3

    def test_links_of_equal_versions_stay_as_they_are(self, store: Engine, admin: Caller, user: Caller) -> None:
        bring(store, admin, linking("acme.user", "acme.Widget.1"))
        for reference in ("acme.user", "acme.Widget"):
            allow(store, user, "node-read", reference)
        assert bring(store, user, linking("acme.user", "acme.Widget.1")) == NOTHING

    def test_a_package_permission_reaches_its_content(self, store: Engine, user: Caller) -> None:
        allow(store, user, "package-administer", "acme")
        totals = bring(store, user, node("acme.Widget", draft(2)), linking("acme.sub.new", "acme.secret.1"))
        assert totals == ImportTotals(nodes_created=2, versions_created=2, versions_replaced=1, members_written=1)

    def test_system_is_there_for_everyone(self, store: Engine, maker: Caller) -> None:
        bring(store, maker, node("mine.a", version(1, member(target="system.NULL"), of=TYPE)))
        assert targets_of(store, "mine.a") == ["system.NULL.1"]


def test_without_force_nothing_is_left(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1), draft(2, member(NAME, value="kept"))))
    document = [
        node("acme", version(2), draft(3)),
        linking("acme.sub.new", "acme.2", "acme.new.1"),
        linking("acme.new"),
    ]
    before = nodes_of(engine)
    with engine.connect() as connection:
        totals = import_nodes(connection, admin, document, force=False)
        connection.rollback()
    assert totals == ImportTotals(nodes_created=3, versions_created=4, versions_replaced=1, members_written=2)
    assert nodes_of(engine) == before
    with engine.begin() as connection:
        import_nodes(connection, admin, document, force=False)
    assert nodes_of(engine) == before
    assert members_of(engine, "acme", 2) == [(NAME, 1, "kept", None, None, None)]
    assert bring(engine, admin, *document) == totals


def test_an_empty_document_does_nothing(engine: Engine, admin: Caller) -> None:
    assert bring(engine, admin) == NOTHING


def test_imports_may_follow_each_other_in_one_transaction(engine: Engine, admin: Caller) -> None:
    with engine.begin() as connection:
        for number in range(1, 13):
            import_nodes(connection, admin, [node("acme", version(number))], force=True)
    assert nodes_of(engine) == {"acme": (12, 12, 12)}


def test_what_exists_is_locked(engine: Engine, admin: Caller) -> None:
    document = linking("acme", "acme.target.1")
    bring(engine, admin, document, node("acme.target", version(1)), node("acme.other", version(1)))

    def lock(connection: Connection, strength: str, reference: str) -> None:
        with connection.begin():
            query = f"SELECT FROM node WHERE node_reference = :reference {strength} NOWAIT"
            connection.execute(text(query), {"reference": reference})

    with engine.begin() as importing, engine.connect() as other:
        import_nodes(importing, admin, [document], force=True)
        for strength, reference in (("FOR NO KEY UPDATE", "acme"), ("FOR UPDATE", "acme.target")):
            with pytest.raises(OperationalError):
                lock(other, strength, reference)
        lock(other, "FOR NO KEY UPDATE", "acme.target")
        lock(other, "FOR UPDATE", "acme.other")


def test_a_node_that_somebody_else_creates_meanwhile_is_a_conflict(engine: Engine, admin: Caller) -> None:
    with ThreadPoolExecutor(1) as executor, engine.connect() as other, engine.connect() as watcher:
        import_nodes(other, admin, [node("acme", version(1))], force=True)
        waiting = executor.submit(bring, engine, admin, node("acme.Widget", version(1)))
        until_somebody_waits(watcher)
        other.commit()
        with pytest.raises(StateError, match="just created"):
            waiting.result(timeout=30)
    assert nodes_of(engine) == {"acme": (1, 1, 1)}


def test_an_import_sees_what_another_one_has_just_written(engine: Engine, admin: Caller) -> None:
    bring(engine, admin, node("acme", version(1)))
    with ThreadPoolExecutor(1) as executor, engine.connect() as other, engine.connect() as watcher:
        import_nodes(other, admin, [node("acme", version(2, name="First"))], force=True)
        waiting = executor.submit(bring, engine, admin, node("acme", version(2, name="Second")))
        until_somebody_waits(watcher)
        other.commit()
        with pytest.raises(UserError, match="version 2 is frozen with another name"):
            waiting.result(timeout=30)
    assert [row[2] for row in versions_of(engine, "acme")] == ["acme", "First"]


def until_somebody_waits(connection: Connection) -> None:
    connection.execution_options(isolation_level="AUTOCOMMIT")
    query = text(
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database()"
    )
    while not connection.execute(query).scalar():
        pass


NODES_OF_A_BULK = 3000


def bulk(frozen: bool) -> Iterator[ImportNode]:
    """Nodes in a ring that skips: each links to the next one and to one that is far away."""
    for number in range(NODES_OF_A_BULK):
        targets = [f"bulk.p{at % 7}.n{at}.1" for at in ((number + 1) % NODES_OF_A_BULK, number * 17 % NODES_OF_A_BULK)]
        members: Iterable[ImportMember] = (
            member(NAME, value=f"value {number}"),
            *(member("bulk.types.next.1", target) for target in targets),
        )
        yield node(f"bulk.p{number % 7}.n{number}", version(1, *members, frozen=frozen, of="bulk.types.T.1"))
    yield node("bulk.types.T", version(1, member("system.MEMBER_TYPE_LIST.1", "bulk.types.next.1"), of=TYPE))
    yield node("bulk.types.next", version(1, of=MEMBER_TYPE))


@pytest.mark.parametrize("frozen", [True, False])
def test_many_nodes(engine: Engine, admin: Caller, frozen: bool) -> None:
    with engine.begin() as connection:
        totals = import_nodes(connection, admin, bulk(frozen), force=True)
    made = 9  # bulk, bulk.types and seven packages
    assert totals == ImportTotals(
        nodes_created=NODES_OF_A_BULK + 2 + made,
        versions_created=NODES_OF_A_BULK + 2 + made,
        versions_replaced=0,
        members_written=3 * NODES_OF_A_BULK + 1,
    )
    assert rows(
        engine,
        "SELECT count(*), count(*) FILTER (WHERE t.node_reference LIKE '%.n' || (m.value_number + 1) % 3000)"
        " FROM (SELECT m.*, substring(n.node_reference FROM 'n([0-9]+)$')::integer AS value_number"
        "  FROM member m JOIN node n USING (node_identifier) WHERE m.sequence = 1 AND m.target_version_number = 1"
        "  AND n.node_reference ~ '^bulk[.]p') m"
        " JOIN node t ON t.node_identifier = m.target_node_identifier",
    ) == [(NODES_OF_A_BULK, NODES_OF_A_BULK)]
    ((estimate,),) = rows(engine, "SELECT reltuples FROM pg_class WHERE oid = 'node'::regclass")
    assert estimate > NODES_OF_A_BULK
    with engine.begin() as connection:
        again = import_nodes(connection, admin, bulk(frozen), force=True)
    replaced = 0 if frozen else NODES_OF_A_BULK
    assert again == ImportTotals(0, 0, replaced, 3 * replaced)


def test_many_nodes_by_a_user_without_all_rights(engine: Engine, admin: Caller, user: Caller) -> None:
    bring(engine, admin, node("bulk", version(1)))
    allow(engine, user, "package-use", "bulk")
    with engine.begin() as connection:
        import_nodes(connection, user, bulk(True), force=True)
    with engine.begin() as connection:
        assert import_nodes(connection, user, bulk(True), force=True) == NOTHING
    reader = sign_up(engine, "reader")
    with engine.connect() as connection, pytest.raises(UserError) as raised:
        import_nodes(connection, reader, bulk(True), force=True)
    assert len(raised.value.faults) == 100


def test_a_session_that_knew_a_small_store_does_not_read_a_large_one_row_by_row(engine: Engine, admin: Caller) -> None:
    with engine.begin() as connection:
        connection.execute(text("ANALYZE node, node_version, member"))
        for number in range(1, 13):
            import_nodes(connection, admin, [node("acme", version(number, member(target="acme")))], force=True)
        import_nodes(connection, admin, bulk(True), force=True)
        query = text("SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname IN ('node', 'node_version')")
        rows_read = connection.execute(query).scalar_one()
    assert rows_read < 100 * NODES_OF_A_BULK
