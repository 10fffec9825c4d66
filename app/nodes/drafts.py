"""The draft of a node during an edit: locked, read, compared with the edition that the editor has seen, and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from app.database.connection import short_statements
from app.database.engine import driver_connection
from app.database.sql_files import sql_file
from app.editions import KnownEdition
from app.errors import BusyError, NotAuthorisedError, UserError, invalid
from app.identity import right
from app.identity.rights import Caller
from app.nodes.deletion import keep_links
from app.nodes.members import CheckedMember
from app.nodes.version_content import LARGE_SECONDS
from app.nodes.versions import Version, find_version
from app.references import VersionKey

_IS_LARGE = text("""
    SELECT is_large_version(v.member_types, v.values, v.comments) OR is_large_version(t.member_types, NULL, NULL)
    FROM node_version v
    JOIN node_version t
      ON t.node_identifier = v.type_node_identifier AND t.version_number = v.type_version_number
    WHERE v.node_identifier = :node AND v.version_number = :number
""")
_VERSION = text("""
    SELECT type_node_identifier, type_version_number, node_version_comment
    FROM node_version WHERE node_identifier = :node AND version_number = :number
""")
_MEMBERS = text("""
    SELECT member_type_node_identifier, member_type_version_number, sequence, value, scale, target_node_identifier,
           target_version_number, comment
    FROM member WHERE node_identifier = :node AND version_number = :number ORDER BY position
""")
# The type can change while an edit depends on it only if it is a draft.
_DEPENDS_ON = text("""
    SELECT t.node_identifier
    FROM node n
    JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = n.latest_version_number
    JOIN node t ON t.node_identifier = v.type_node_identifier AND v.type_version_number > t.frozen_version_number
    WHERE n.node_identifier = :node
""")
_LOCK = text("""
    SELECT FROM node WHERE node_identifier = ANY (:nodes) ORDER BY node_identifier FOR NO KEY UPDATE
""")
_EDITED = text("UPDATE node SET edition = edition + 1 WHERE node_identifier = :node RETURNING edition")
_COLUMNS = """
    type_node_identifier = :type, type_version_number = :type_number, node_name = :name,
    node_version_comment = CAST(:comment AS text), amended_by = :user, amended_at = now(),
    member_types = CAST(:member_types AS bigint[]), member_type_numbers = CAST(:member_type_numbers AS integer[]),
    sequences = CAST(:sequences AS integer[]), targets = CAST(:targets AS bigint[]),
    target_numbers = CAST(:target_numbers AS integer[]), values = CAST(:values AS text[]),
    scales = CAST(:scales AS double precision[]), comments = CAST(:comments AS text[]), indexed_as = NULL
"""
_WRITE = text(f"UPDATE node_version SET {_COLUMNS} WHERE node_identifier = :node AND version_number = :number")  # noqa: S608

_INSERT = text(sql_file("app.nodes", "insert_first_version"))


class StoredMember(NamedTuple):
    """A member with all that is stored of it."""

    member_type: VersionKey
    sequence: int
    value: str | None = None
    scale: float | None = None
    target: VersionKey | None = None
    comment: str | None = None

    def at(self, place: int) -> CheckedMember:
        """Return the member in the form that the rules check."""
        return CheckedMember(self.member_type, place, self.value, self.scale, self.target)


@dataclass(frozen=True)
class Draft:
    """A draft as it is stored, members in their order. `is_large` says whether they or those of its type are large."""

    version: Version
    type: VersionKey
    comment: str | None
    members: Sequence[StoredMember]
    is_large: bool

    @property
    def key(self) -> VersionKey:
        """The node identifier and the version number."""
        return self.version.node.identifier, self.version.number


def find_draft(
    connection: Connection, caller: Caller, identifier: int | None, reference: str | None, known: KnownEdition
) -> Version:
    """Return a draft that the caller may edit, named by identifier, which takes precedence, or reference.

    Raises UserError (105) if there is no such version or it is frozen, NotAuthorisedError (101) if the caller does not
    administer the node, and StateError (106) if somebody else has changed it since the caller read it.
    """
    version = _editable(connection, caller, identifier, reference)
    _check_edition(version.node.edition, known)
    return version


def take_draft(
    connection: Connection,
    caller: Caller,
    identifier: int | None,
    reference: str | None,
    known: KnownEdition,
    before_large: Callable[[], None],
    *,
    also: int | None = None,
    lock: bool,
) -> Draft:
    """Return a draft that the caller may edit, with its members. Raises as `find_draft`.

    If the members, or those of the type, are large (see `large_versions.sql`), `before_large` is called first. `lock`
    prevents changes of the draft, of its type if that is a draft, and of the node `also`, and the deletion of nodes,
    until this transaction ends. Nothing is locked before `before_large` has returned, since it may wait.

    Raises BusyError if the draft becomes so large just before it is locked.
    """
    version = find_draft(connection, caller, identifier, reference, known)
    is_large = _is_large(connection, version)
    if is_large:
        before_large()
    if lock:
        keep_links(connection)
        _lock(connection, version.node.identifier, also)
        version = find_draft(connection, caller, identifier, reference, known)
        if not is_large and _is_large(connection, version):
            raise BusyError(f"{version.node.reference} has just become large: try again in a few seconds")
    key = {"node": version.node.identifier, "number": version.number}
    row = connection.execute(_VERSION, key).one()
    with _time_for(is_large):
        members = [
            StoredMember((m[0], m[1]), m[2], m[3], m[4], None if m[5] is None else (m[5], m[6]), m[7])
            for m in connection.execute(_MEMBERS, key)
        ]
    return Draft(version, (row[0], row[1]), row.node_version_comment, members, is_large)


def write_draft(
    connection: Connection,
    caller: Caller,
    draft: Draft,
    members: Iterable[StoredMember],
    *,
    of_type: VersionKey,
    name: str,
    comment: str | None,
) -> int:
    """Write a draft that has been taken with a lock, and return the new edition of its node."""
    columns = {"type": of_type[0], "type_number": of_type[1], "name": name, "comment": comment}
    node, number = draft.key
    values = {**columns, **_arrays(members), "user": caller.user_identifier, "node": node, "number": number}
    if draft.is_large:
        driver_connection(connection).is_large = True
    with _time_for(draft.is_large):
        connection.execute(_WRITE, values)
    return int(connection.execute(_EDITED, {"node": node}).scalar_one())


def insert_first_version(
    connection: Connection,
    caller: Caller,
    node: int,
    members: Iterable[StoredMember],
    *,
    of_type: VersionKey,
    name: str,
    comment: str | None,
) -> None:
    """Write the first version of a new node, a draft."""
    columns = {"type": of_type[0], "type_number": of_type[1], "name": name, "comment": comment}
    connection.execute(_INSERT, {**columns, **_arrays(members), "user": caller.user_identifier, "node": node})


def _arrays(members: Iterable[StoredMember]) -> dict[str, object]:
    """Return the columns of the members, in the order of member types and sequences."""
    ordered = sorted(members, key=lambda member: (member.member_type[0], member.sequence))
    optional: dict[str, list[object]] = {
        "values": [member.value for member in ordered],
        "scales": [member.scale for member in ordered],
        "comments": [member.comment for member in ordered],
    }
    return {
        "member_types": [member.member_type[0] for member in ordered],
        "member_type_numbers": [member.member_type[1] for member in ordered],
        "sequences": [member.sequence for member in ordered],
        "targets": [member.target and member.target[0] for member in ordered],
        "target_numbers": [member.target and member.target[1] for member in ordered],
        **{name: None if all(each is None for each in column) else column for name, column in optional.items()},
    }


def _is_large(connection: Connection, version: Version) -> bool:
    key = {"node": version.node.identifier, "number": version.number}
    return bool(connection.execute(_IS_LARGE, key).scalar_one())


def _time_for(is_large: bool) -> AbstractContextManager[None]:
    """Give the statements about the members of a large draft more time than other short statements."""
    return short_statements(LARGE_SECONDS) if is_large else nullcontext()


def _check_edition(edition: int, known: KnownEdition) -> None:
    advice = "somebody else has changed the node since you read it: read it again, and repeat your change"
    known.check(
        edition,
        f"the node has edition {edition} now, which is not the one that you know: {advice}",
        f"the node has edition {edition} and not {known.edition}: {advice}",
    )


def _editable(connection: Connection, caller: Caller, identifier: int | None, reference: str | None) -> Version:
    if not caller.is_signed_in:
        raise NotAuthorisedError("sign in to edit nodes")
    version = find_version(connection, caller, identifier, reference)
    node = version.node
    if not node.may(right.ADMINISTER):
        raise NotAuthorisedError(f"not authorised to administer {node.reference}")
    if version.number != node.draft:
        field = "node_version_identifier" if identifier else "node_version_reference"
        advice = (
            f"copy it onto {node.reference} to get a draft that can be edited"
            if node.draft is None
            else f"edit the draft, {node.reference}.{node.draft}"
        )
        raise UserError(invalid(field, f"{node.reference}.{version.number} is frozen: {advice}"))
    return version


def _lock(connection: Connection, node: int, also: int | None) -> None:
    """Lock a node and the draft that is its type.

    Nodes are locked in the order of their identifiers, as everywhere, to avoid deadlocks.
    """
    locked: set[int] = set()
    while True:
        wanted = {node, *connection.execute(_DEPENDS_ON, {"node": node}).scalars()}
        if also is not None:
            wanted.add(also)
        if wanted <= locked:
            return
        connection.execute(_LOCK, {"nodes": list(wanted)})
        locked = wanted
