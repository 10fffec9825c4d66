"""The nodes and drafts that a caller may see, as conditions of SQL statements.

Lists are filtered in the database, so that a page is full even if the caller may not read many of the nodes, and so
that counts do not reveal those nodes. The rules are those of `app.identity.rights`: every permission gives read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from app.identity.right import NODE_PERMISSIONS, PACKAGE_PERMISSIONS, USE_DRAFT
from app.identity.rights import Caller

_GRANTS = text("""
    SELECT DISTINCT p.permission_type, n.node_identifier, n.node_reference
    FROM permission p JOIN node n USING (node_identifier)
    WHERE p.user_group_identifier = ANY (:groups)
""")


@dataclass
class _Grants:
    """The nodes on which a right is given, and the packages on which it is given with all their content."""

    nodes: list[int] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Visibility:
    """SQL conditions for the nodes and versions that the caller may see, and the values of their parameters."""

    everything: bool
    parameters: Mapping[str, object]

    def readable(self, node: str) -> str:
        """Return the condition that the caller may read a row of the table `node`, given its alias."""
        return "true" if self.everything else _allowed(node, "read")

    def visible_version(self, node: str, number: str) -> str:
        """Return the condition that a version of a readable node is frozen, or a draft that the caller may use."""
        if self.everything:
            return "true"
        return f"({number} <= {node}.frozen_version_number OR {_allowed(node, 'draft')})"


def read_visibility(connection: Connection, caller: Caller) -> Visibility:
    """Read the permissions of a caller, and return the conditions for what the caller may see."""
    if caller.administers_all:
        return Visibility(everything=True, parameters={})
    read, draft = _Grants(), _Grants()
    for kind, node, reference in connection.execute(_GRANTS, {"groups": list(caller.groups)}):
        gives = NODE_PERMISSIONS.get(kind, 0) | PACKAGE_PERMISSIONS.get(kind, 0)
        for grants in (read, draft) if gives & USE_DRAFT else (read,):
            if kind in PACKAGE_PERMISSIONS:
                grants.packages.append(reference)
            else:
                grants.nodes.append(node)
    parameters = {
        "visibility_user": caller.user_identifier,
        "visibility_read_nodes": read.nodes,
        "visibility_read_packages": read.packages,
        "visibility_draft_nodes": draft.nodes,
        "visibility_draft_packages": draft.packages,
    }
    return Visibility(everything=False, parameters=parameters)


def _allowed(node: str, right: str) -> str:
    return f"""(
        {node}.owner_identifier = CAST(:visibility_user AS bigint)
        OR {node}.node_identifier = ANY (CAST(:visibility_{right}_nodes AS bigint[]))
        OR EXISTS (
          SELECT FROM unnest(CAST(:visibility_{right}_packages AS text[])) AS given (package)
          WHERE {node}.node_reference = given.package OR starts_with({node}.node_reference, given.package || '.')
        )
    )"""
