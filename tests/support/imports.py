"""Documents to import, given as objects, and what the store holds after their import."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.errors import UserError
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
