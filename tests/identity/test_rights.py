"""The rights of callers on nodes."""

import pytest
from sqlalchemy import Connection, Engine, text

from app.identity import right
from app.identity.rights import Caller, rights_on

PUBLIC = Caller(None, (1,))

EVERY_NODE_PERMISSION = {
    "node-read": {"READ"},
    "node-link": {"READ", "LINK", "USE_TYPE"},
    "node-use-type": {"READ", "USE_TYPE"},
    "node-use-draft": {"READ", "USE_DRAFT"},
    "node-update": {"READ", "USE_DRAFT", "UPDATE"},
    "node-execute": {"READ", "EXECUTE"},
    "node-administer": {"READ", "LINK", "USE_TYPE", "USE_DRAFT", "UPDATE", "EXECUTE", "ADMINISTER", "USE"},
}
EVERY_PACKAGE_PERMISSION = {
    **{name.replace("node-", "package-"): given for name, given in EVERY_NODE_PERMISSION.items()},
    "package-use": {"READ", "USE"},
}
WORDS = ("READ", "LINK", "USE_TYPE", "USE_DRAFT", "UPDATE", "EXECUTE", "ADMINISTER", "USE")


def make_node(connection: Connection, reference: str, owner: int | None = None) -> int:
    query = "INSERT INTO node (node_reference, owner_identifier) VALUES (:reference, :owner) RETURNING node_identifier"
    return int(connection.execute(text(query), {"reference": reference, "owner": owner}).scalar_one())


def make_group(connection: Connection, reference: str) -> int:
    query = (
        "INSERT INTO user_group (user_group_reference, user_group_name) VALUES (:reference, '')"
        " RETURNING user_group_identifier"
    )
    return int(connection.execute(text(query), {"reference": reference}).scalar_one())


def permit(connection: Connection, permission_type: str, group: int, node: int | None) -> None:
    query = (
        "INSERT INTO permission (permission_type, user_group_identifier, node_identifier) VALUES (:type, :group, :node)"
    )
    connection.execute(text(query), {"type": permission_type, "group": group, "node": node})


def words(rights: int) -> set[str]:
    return {word for word in WORDS if rights & getattr(right, word)}


def rights_to(connection: Connection, caller: Caller, reference: str) -> set[str]:
    """The rights of a caller on one node, by name."""
    query = "SELECT node_identifier, node_reference, owner_identifier FROM node WHERE node_reference = :reference"
    row = connection.execute(text(query), {"reference": reference}).one()
    return words(rights_on(connection, caller, [reference]).on(row[0], row[1], row[2]))


def test_without_permissions_there_are_no_rights(engine: Engine) -> None:
    with engine.begin() as connection:
        make_node(connection, "P")
        assert rights_to(connection, PUBLIC, "P") == set()


def test_every_permission_type_is_known_here() -> None:
    assert set(right.NODE_PERMISSIONS) == set(EVERY_NODE_PERMISSION)
    assert set(right.PACKAGE_PERMISSIONS) == set(EVERY_PACKAGE_PERMISSION)


def test_a_node_permission_gives_what_it_implies_on_that_node_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        nodes = {reference: make_node(connection, reference) for reference in ("P", "P.a", "P.a.b", "P.ab")}
        for permission_type, given in EVERY_NODE_PERMISSION.items():
            group = make_group(connection, permission_type)
            permit(connection, permission_type, group, nodes["P.a"])
            caller = Caller(None, (1, group))
            assert {name: rights_to(connection, caller, name) for name in nodes} == {
                "P": set(),
                "P.a": given,
                "P.a.b": set(),
                "P.ab": set(),
            }


def test_a_package_permission_gives_it_on_the_package_and_all_content(engine: Engine) -> None:
    with engine.begin() as connection:
        inside, outside = ("P.a", "P.a.b", "P.a.b.c"), ("P", "P.ab", "Pa")
        nodes = {reference: make_node(connection, reference) for reference in inside + outside}
        for permission_type, given in EVERY_PACKAGE_PERMISSION.items():
            group = make_group(connection, permission_type)
            permit(connection, permission_type, group, nodes["P.a"])
            caller = Caller(None, (1, group))
            assert [rights_to(connection, caller, name) for name in inside] == [given] * 3
            assert [rights_to(connection, caller, name) for name in outside] == [set()] * 3


def test_permissions_add_up_over_groups_packages_and_the_node(engine: Engine) -> None:
    with engine.begin() as connection:
        nodes = {reference: make_node(connection, reference) for reference in ("P", "P.a", "P.a.b")}
        own, team, others = (make_group(connection, name) for name in ("anna", "team", "others"))
        permit(connection, "package-execute", 1, nodes["P"])
        permit(connection, "package-use-type", team, nodes["P.a"])
        permit(connection, "package-use", own, nodes["P.a"])
        permit(connection, "node-update", own, nodes["P.a.b"])
        permit(connection, "node-administer", others, nodes["P.a.b"])
        anna = Caller(101, (1, own, team))
        assert rights_to(connection, anna, "P") == {"READ", "EXECUTE"}
        assert rights_to(connection, anna, "P.a") == {"READ", "EXECUTE", "USE_TYPE", "USE"}
        assert rights_to(connection, anna, "P.a.b") == {"READ", "EXECUTE", "USE_TYPE", "USE", "UPDATE", "USE_DRAFT"}


def test_the_owner_administers_a_node_but_not_its_content(engine: Engine) -> None:
    with engine.begin() as connection:
        group = make_group(connection, "anna")
        query = (
            "INSERT INTO account (user_logon_reference, user_name, password_hash, own_group_identifier)"
            " VALUES ('anna', '', '', :group) RETURNING user_identifier"
        )
        user = int(connection.execute(text(query), {"group": group}).scalar_one())
        make_node(connection, "P", owner=user)
        make_node(connection, "P.a")
        anna = Caller(user, (1, group))
        assert rights_to(connection, anna, "P") == set(WORDS)
        assert rights_to(connection, anna, "P.a") == set()
        assert rights_to(connection, Caller(user + 1, (1,)), "P") == set()


def test_the_anonymous_caller_does_not_own_nodes_without_an_owner(engine: Engine) -> None:
    with engine.begin() as connection:
        make_node(connection, "P", owner=None)
        assert rights_to(connection, PUBLIC, "P") == set()


def test_administer_all_is_everything_everywhere_but_on_the_system_package(engine: Engine) -> None:
    admin = Caller(None, (1,), administers_all=True)
    with engine.begin() as connection:
        make_node(connection, "P.a")
        assert rights_to(connection, admin, "P.a") == set(WORDS)
        for reference in ("system", "system.TYPE_TYPE"):
            assert rights_to(connection, admin, reference) == {"READ", "LINK", "USE_TYPE"}


def test_administer_solutions_gives_no_right_on_nodes_and_comes_with_administer_all(engine: Engine) -> None:
    with engine.begin() as connection:
        make_node(connection, "P.a")
        assert rights_to(connection, Caller(101, (1,), administers_solutions=True), "P.a") == set()
    assert Caller(101, (1,), administers_all=True).administers_solutions
    assert not Caller(101, (1,)).administers_solutions


def test_everyone_may_use_the_system_package_and_do_no_more(engine: Engine) -> None:
    with engine.begin() as connection:
        permit(connection, "package-administer", 1, 1)
        permit(connection, "node-administer", 1, 2)
        for reference in ("system", "system.TYPE_TYPE", "system.MEMBER_TYPE_LIST"):
            assert rights_to(connection, PUBLIC, reference) == {"READ", "LINK", "USE_TYPE"}


def test_a_global_permission_gives_no_right_on_a_node(engine: Engine) -> None:
    with engine.begin() as connection:
        make_node(connection, "P")
        permit(connection, "administer-all", 1, None)
        assert rights_to(connection, PUBLIC, "P") == set(), "it is Caller.administers_all that counts"


@pytest.mark.parametrize("count", [10, 5000])
def test_few_and_many_references_get_the_same_response(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        query = "INSERT INTO node (node_reference) SELECT 'P.s.n' || i FROM generate_series(1, :count) i"
        connection.execute(text(query), {"count": count})
        package, inner = make_node(connection, "P"), make_node(connection, "P.s")
        make_node(connection, "Q")
        query = "SELECT node_identifier, node_reference FROM node WHERE node_reference LIKE 'P.s.n%'"
        nodes = {row[1]: row[0] for row in connection.execute(text(query))}
        permit(connection, "package-read", 1, package)
        permit(connection, "package-link", 1, inner)
        permit(connection, "node-update", 1, nodes["P.s.n7"])
        rights = rights_on(connection, PUBLIC, [*nodes, "Q"])
    found = {reference: words(rights.on(node, reference, None)) for reference, node in nodes.items()}
    assert found.pop("P.s.n7") == {"READ", "LINK", "USE_TYPE", "USE_DRAFT", "UPDATE"}
    assert all(given == {"READ", "LINK", "USE_TYPE"} for given in found.values())
    assert len(found) == count - 1
    assert words(rights.on(999_999, "Q", None)) == set()


def test_package_rights_reach_content_below_missing_packages(engine: Engine) -> None:
    with engine.begin() as connection:
        permit(connection, "package-read", 1, make_node(connection, "P"))
        make_node(connection, "P.gap.gap.a")
        assert rights_to(connection, PUBLIC, "P.gap.gap.a") == {"READ"}
