"""Giving permissions to groups."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import pytest
from sqlalchemy import Engine, text

from app.errors import NotAuthorisedError, UserError
from app.identity.right import NODE_PERMISSIONS, PACKAGE_PERMISSIONS
from app.identity.rights import Caller
from app.nodes.permissions import create_permission
from app.services.fault_paths import places

ADMIN = Caller(None, (1,), administers_all=True)
PUBLIC = Caller(None, (1,))


@dataclass
class Store:
    """A database with the users `anna` and `bert`; `anna` owns P.a and may read P.b; nobody may see P.hidden."""

    engine: Engine
    anna: Caller
    bert: Caller

    def give(self, caller: Caller, kind: str | None, group: str | None, on: str | None) -> int:
        with self.engine.begin() as connection:
            return create_permission(connection, caller, kind, group, on)

    def faults(self, caller: Caller, kind: str | None, group: str | None, on: str | None) -> dict[str, str]:
        with pytest.raises(UserError) as raised:
            self.give(caller, kind, group, on)
        return dict(places(raised.value))

    def held(self) -> list[tuple[str, str, str | None]]:
        """All permissions but the one of the first migration, in the order in which they were created."""
        query = """
            SELECT permission_type, user_group_reference, node_reference
            FROM permission JOIN user_group USING (user_group_identifier) LEFT JOIN node USING (node_identifier)
            WHERE permission_type <> 'package-link' OR node_identifier IS DISTINCT FROM 1
            ORDER BY permission_identifier
        """
        with self.engine.connect() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(text(query))]


@pytest.fixture
def store(engine: Engine) -> Store:
    statements = """
        INSERT INTO user_group (user_group_identifier, user_group_reference, user_group_name)
        VALUES (11, 'anna', ''), (12, 'bert', '');
        INSERT INTO account (user_identifier, user_logon_reference, user_name, password_hash, own_group_identifier)
        VALUES (21, 'anna', '', '', 11), (22, 'bert', '', '', 12);
        INSERT INTO node (node_reference, owner_identifier)
        VALUES ('P', NULL), ('P.a', 21), ('P.b', 22), ('P.hidden', NULL);
    """
    with engine.begin() as connection:
        for statement in statements.split(";")[:-1]:
            connection.execute(text(statement))
    store = Store(engine, Caller(21, (1, 11)), Caller(22, (1, 12)))
    store.give(store.bert, "node-read", "anna", "P.b")
    return store


BEGUN = ("node-read", "anna", "P.b")


def test_an_administrator_of_a_node_gives_every_permission_on_it(store: Store) -> None:
    kinds = [*NODE_PERMISSIONS, *PACKAGE_PERMISSIONS]
    for kind in kinds:
        assert store.give(store.anna, kind, "bert", "P.a") > 0
    assert store.held() == [BEGUN, *((kind, "bert", "P.a") for kind in kinds)]


def test_an_existing_permission_is_returned(store: Store) -> None:
    first = store.give(store.anna, "node-read", "bert", "P.a")
    other = store.give(store.anna, "node-link", "bert", "P.a")
    assert store.give(store.anna, "node-read", "bert", "P.a") == first
    assert store.give(ADMIN, "node-read", "bert", "P.a") == first
    assert other != first
    boss = store.give(ADMIN, "administer-all", "anna", None)
    assert store.give(ADMIN, "administer-all", "anna", "") == boss
    assert len(store.held()) == 4


def test_concurrent_requests_for_a_permission_get_the_same_one(store: Store) -> None:
    start = Barrier(4)

    def give(_: int) -> int:
        start.wait()
        return store.give(store.anna, "node-read", "bert", "P.a")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(give, range(4)))) == 1
    assert len(store.held()) == 2


def test_an_unknown_permission_type_is_a_fault(store: Store) -> None:
    for kind in (None, "", "node-use", "administer-nothing", "NODE-READ", "node-read ", "a\0b"):
        assert list(store.faults(store.anna, kind, "bert", "P.a")) == ["permissionTypeReference"]


def test_an_unknown_group_is_a_fault(store: Store) -> None:
    for group in (None, "", "carl", "a\0b", "\ud800", "x" * 2000):
        assert list(store.faults(store.anna, "node-read", group, "P.a")) == ["userGroupReference"]
        assert list(store.faults(ADMIN, "administer-all", group, None)) == ["userGroupReference"]


def test_a_missing_or_unknown_object_is_a_fault(store: Store) -> None:
    for on in (None, "", "P.absent", "P..a", "P.a.1", "a\0b", "\ud800", "x" * 2000):
        assert list(store.faults(store.anna, "node-read", "bert", on)) == ["objectReference"]
        assert list(store.faults(ADMIN, "package-read", "bert", on)) == ["objectReference"]


def test_all_that_is_missing_is_reported_at_once(store: Store) -> None:
    assert list(store.faults(store.anna, "node-read", None, None)) == ["userGroupReference", "objectReference"]
    assert list(store.faults(store.anna, None, None, None)) == ["permissionTypeReference", "userGroupReference"]


def test_an_unreadable_node_is_not_found(store: Store) -> None:
    hidden = store.faults(store.anna, "node-read", "bert", "P.hidden")
    absent = store.faults(store.anna, "node-read", "bert", "P.absent")
    assert {field: reason.replace("hidden", "absent") for field, reason in hidden.items()} == absent
    assert store.give(ADMIN, "node-read", "bert", "P.hidden") > 0


def test_only_an_administrator_of_a_node_gives_permissions_on_it(store: Store) -> None:
    for kind in NODE_PERMISSIONS.keys() - {"node-administer"}:
        store.give(store.bert, kind, "anna", "P.b")
    for kind in ("node-read", "package-read"):
        with pytest.raises(NotAuthorisedError):
            store.give(store.anna, kind, "bert", "P.b")
    store.give(store.bert, "node-administer", "anna", "P.b")
    assert store.give(store.anna, "node-read", "bert", "P.b") > 0


def test_an_administrator_of_a_package_gives_permissions_on_its_content(store: Store) -> None:
    store.give(ADMIN, "package-administer", "anna", "P")
    assert store.give(store.anna, "node-read", "bert", "P.hidden") > 0


def test_permissions_on_the_system_package_cannot_be_given(store: Store) -> None:
    for caller in (PUBLIC, store.anna, ADMIN):
        for kind, on in (("node-read", "system.TYPE_TYPE"), ("package-administer", "system")):
            with pytest.raises(NotAuthorisedError):
                store.give(caller, kind, "bert", on)


@pytest.mark.parametrize("permission", ["administer-all", "administer-solutions"])
def test_a_global_permission_is_given_by_administrators_and_without_a_node(store: Store, permission: str) -> None:
    for caller in (PUBLIC, store.anna, Caller(101, (1,), administers_solutions=True)):
        with pytest.raises(NotAuthorisedError):
            store.give(caller, permission, "anna", None)
    assert list(store.faults(ADMIN, permission, "anna", "P.a")) == ["objectReference"]
    assert store.give(ADMIN, permission, "anna", None) > 0
    assert store.held() == [BEGUN, (permission, "anna", None)]


def test_only_admin_grants_to_public_and_nothing_global(store: Store) -> None:
    with pytest.raises(NotAuthorisedError):
        store.give(store.anna, "node-read", "public", "P.a")
    assert store.give(ADMIN, "node-read", "public", "P.a") > 0
    for permission in ("administer-all", "administer-solutions"):
        assert list(store.faults(ADMIN, permission, "public", None)) == ["userGroupReference"]


def test_a_user_without_permissions_to_give_does_not_learn_which_groups_exist(store: Store) -> None:
    for group in ("bert", "carl"):
        with pytest.raises(NotAuthorisedError, match="sign in"):
            store.give(PUBLIC, "node-read", group, "P.a")
        for kind, on in (("node-read", "system"), ("administer-all", None)):
            with pytest.raises(NotAuthorisedError) as raised:
                store.give(PUBLIC, kind, group, on)
            assert group not in str(raised.value)
