"""The content of a form for an edit: the member types of a type, the rules of each, and the present members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from app.identity import right
from app.identity.rights import Caller, rights_on
from app.nodes.compatibility import Rules
from app.nodes.drafts import StoredMember
from app.nodes.linked import Linked
from app.nodes.type_lists import read_names, read_type_list
from app.references import VersionKey

_NODES = text("SELECT node_identifier, node_reference, owner_identifier FROM node WHERE node_identifier = ANY (:nodes)")


@dataclass(frozen=True)
class FormMember:
    """A member, with its target as far as the reader may know it."""

    member: StoredMember
    target: Linked | None


@dataclass(frozen=True)
class FormMemberType:
    """A member type version that the type lists, or that has data. `rules` is None if the type does not list it.

    `target_types` are the references of the types that a target may have, as far as the reader may read them.
    """

    version: VersionKey
    shown: Linked
    rules: Rules | None
    target_types: list[str]
    members: list[FormMember] = field(default_factory=list)


@dataclass(frozen=True)
class NodeForm:
    """The type, which is None if the reader may not read it, and its member types in their order."""

    type: Linked | None
    member_types: list[FormMemberType]


def read_form(connection: Connection, caller: Caller, of_type: VersionKey, members: Sequence[StoredMember]) -> NodeForm:
    """Read the form of a type, with the members of a version. What the caller may not read is left out."""
    types = read_type_list(connection, of_type)
    unlisted = [member.member_type for member in members if types.version_of(member.member_type) is None]
    targets = [member.target for member in members if member.target is not None]
    names = read_names(connection, caller, {of_type, *types.listed, *unlisted, *targets})
    target_types = _target_types(connection, caller, types.rules.values())
    shown: dict[VersionKey, FormMemberType] = {}
    for version in dict.fromkeys([*types.listed, *unlisted]):
        named = names.of(version)
        if named is not None:
            rules = types.rules.get(version)
            allowed = sorted(target_types[node] for node in rules.target_types if node in target_types) if rules else []
            shown[version] = FormMemberType(version, named, rules, allowed)
    for member in members:
        place = shown.get(types.version_of(member.member_type) or member.member_type)
        if place is not None:
            target = None if member.target is None else names.of(member.target)
            place.members.append(FormMember(member, target))
    return NodeForm(names.of(of_type), list(shown.values()))


def _target_types(connection: Connection, caller: Caller, rules: Iterable[Rules]) -> dict[int, str]:
    rows = connection.execute(_NODES, {"nodes": list({node for each in rules for node in each.target_types})}).all()
    rights = rights_on(connection, caller, [row.node_reference for row in rows])
    return {row[0]: row[1] for row in rows if rights.on(*row) & right.READ}
