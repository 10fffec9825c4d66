"""Random worlds for the access oracle, and how they get into a database."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from app.identity.passwords import hash_password
from app.identity.users import add_user
from tests.access.oracle import GIVES, MEMBER_TYPE, TYPE, Grant, Node, World
from tests.support import builders
from tests.support.builders import Graph, V, links
from tests.support.http import ADMIN, PASSWORD, Client

USERS = ("ann", "bob", "carl")
SOLVER = "solver"
EVERYBODY = (*USERS, SOLVER, ADMIN, None)
TEAM = "team"
KINDS = (*(f"node-{right}" for right in GIVES if right != "use"), *(f"package-{right}" for right in GIVES))
GROUPS = (*USERS, TEAM, "public")
# No reference is a word of another one's name; P.s is content of P, and P.sx is not content of P.s.
# Y is a type, and Y.m its member type.
REFERENCES = ("P", "P.a", "P.s", "P.s.c", "P.sx", "X", "X.y", TYPE, MEMBER_TYPE)
MISSING = ("P.none", "P.s.none", "X.none")


def version_name(reference: str, number: int) -> str:
    """A name that occurs in no other text, and that identifies its version."""
    return f"Name_{reference.replace('.', '_')}_{number}_"


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world in which drafts may link to drafts, and frozen versions link only to frozen versions."""
    nodes: dict[str, Node] = {}
    for reference in REFERENCES:
        frozen, is_draft = draw(st.sampled_from([(1, False), (1, True), (0, True), (2, False)]))
        nodes[reference] = Node(
            draw(st.sampled_from([ADMIN, ADMIN, *USERS])), frozen, is_draft, typed=draw(st.booleans())
        )
    nodes[TYPE] = Node(nodes[TYPE].owner, 1, draft=False, targets=(MEMBER_TYPE,))
    nodes[MEMBER_TYPE] = Node(nodes[MEMBER_TYPE].owner, 1, draft=False)
    for reference, node in nodes.items():
        if reference in (TYPE, MEMBER_TYPE):
            continue
        linkable = [other for other in REFERENCES if other != reference and (nodes[other].frozen or not node.frozen)]
        targets = draw(st.lists(st.sampled_from(linkable), unique=True, max_size=2)) if linkable else []
        nodes[reference] = replace(node, targets=tuple(targets))
    grants = draw(
        st.frozensets(
            st.builds(
                Grant,
                st.sampled_from(KINDS),
                st.sampled_from(GROUPS),
                st.sampled_from(REFERENCES),
            ),
            max_size=8,
        )
    )
    team = draw(st.frozensets(st.sampled_from(USERS)))
    return World(
        nodes,
        grants,
        {user: frozenset({TEAM}) if user in team else frozenset() for user in USERS},
        frozenset({ADMIN}),
        frozenset({SOLVER}),
    )


def load(engine: Engine, client: Client, world: World) -> dict[Grant, int]:
    """Put a world into a database; returns the identifiers of its permissions."""
    with engine.begin() as connection:
        add_user(connection, ADMIN, PASSWORD, admin=True)
        _add_users(connection, hash_password(PASSWORD))
    graph = Graph()
    for reference, node in world.nodes.items():
        graph.node(reference, *_versions(reference, node))
    client.load(graph)
    with engine.begin() as connection:
        _add_members(connection, world)
        return {grant: _grant(connection, grant) for grant in sorted(world.grants, key=repr)}


def _versions(reference: str, node: Node) -> list[V]:
    if reference == TYPE:
        of_type, member_type = builders.TYPE, builders.MEMBER_TYPE_LIST
    elif reference == MEMBER_TYPE:
        of_type, member_type = builders.MEMBER_TYPE, builders.LIST
    else:
        of_type, member_type = (f"{TYPE}.1", f"{MEMBER_TYPE}.1") if node.typed else (builders.LIST_TYPE, builders.LIST)
    members = links(*(f"{target}.1" for target in node.targets), member_type=member_type)
    return [
        V(members, of_type, draft=number > node.frozen, name=version_name(reference, number))
        for number in range(1, node.latest + 1)
    ]


def _add_users(connection: Connection, password_hash: str) -> None:
    """Create users with the same password. Its hash is made only once, because hashing takes long."""
    query = text("""
        WITH own AS (
          INSERT INTO user_group (user_group_reference, user_group_name) VALUES (:logon, :logon)
          RETURNING user_group_identifier
        )
        INSERT INTO account (user_logon_reference, user_name, password_hash, own_group_identifier)
        SELECT :logon, :logon, :hash, user_group_identifier FROM own
    """)
    for logon in (*USERS, SOLVER):
        connection.execute(query, {"logon": logon, "hash": password_hash})
    connection.execute(text("INSERT INTO user_group (user_group_reference, user_group_name) VALUES ('team', 'Team')"))
    connection.execute(
        text(
            "INSERT INTO permission (permission_type, user_group_identifier)"
            " SELECT 'administer-solutions', own_group_identifier FROM account WHERE user_logon_reference = :logon"
        ),
        {"logon": SOLVER},
    )


def _add_members(connection: Connection, world: World) -> None:
    """Memberships and owners, for which there are no services."""
    member = text("""
        INSERT INTO user_group_member (user_identifier, user_group_identifier)
        SELECT user_identifier, user_group_identifier FROM account, user_group
        WHERE user_logon_reference = :user AND user_group_reference = :group
    """)
    owner = text("""
        UPDATE node SET owner_identifier = (SELECT user_identifier FROM account WHERE user_logon_reference = :owner)
        WHERE node_reference = :node
    """)
    for user, groups in world.groups.items():
        for group in groups:
            connection.execute(member, {"user": user, "group": group})
    for reference, node in world.nodes.items():
        connection.execute(owner, {"owner": node.owner, "node": reference})


def _grant(connection: Connection, grant: Grant) -> int:
    query = text("""
        INSERT INTO permission (permission_type, user_group_identifier, node_identifier)
        SELECT :kind, user_group_identifier, node_identifier FROM user_group, node
        WHERE user_group_reference = :group AND node_reference = :on
        RETURNING permission_identifier
    """)
    values = {"kind": grant.kind, "group": grant.group, "on": grant.on}
    return int(connection.execute(query, values).scalar_one())
