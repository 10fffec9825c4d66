"""Changing the type of a draft by hand: its data moves to the member types of the new type, or is removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from app.database.engine import driver_connection
from app.editions import KnownEdition
from app.errors import UserError, invalid
from app.identity.audit import Action, Event, record
from app.identity.rights import Caller
from app.nodes.checked_members import read_rule_members
from app.nodes.compatibility import Fit, Rules, fit
from app.nodes.drafts import Draft, StoredMember, find_draft, take_draft, write_draft
from app.nodes.impacts import Impact, impacts_of
from app.nodes.lookup import read_types
from app.nodes.members import listed_types
from app.nodes.patterns import PatternCheck
from app.nodes.resolving import FoundVersion, NamedVersion, resolve_type
from app.nodes.type_lists import await_long_list


@dataclass(frozen=True)
class TypeChange:
    """A change of the type of a draft, as it would be or was made, and its impacts. `edition` is that of the node."""

    new_type: FoundVersion
    impacts: list[Impact]
    edition: int


def change_type(
    connection: Connection,
    caller: Caller,
    identifier: int | None,
    reference: str | None,
    wanted: NamedVersion,
    known: KnownEdition,
    patterns: PatternCheck,
    before_large: Callable[[], None],
    *,
    force: bool,
) -> TypeChange:
    """Work out what another type does to a draft, and with `force` give the draft this type.

    A member stays under its member type version if the new type lists exactly that, else it moves to the highest listed
    version of the same member type, else it is removed. Rules that the new type brings do not prevent the change: data
    that the old type had no place for can be given only afterwards.

    `before_large` is that of `app.nodes.drafts.take_draft`. Raises as that function; UserError (105) if the new type is
    not found, and NotAuthorisedError (101) if the caller may not use it as a type.
    """
    find_draft(connection, caller, identifier, reference, known)
    new_type = resolve_type(connection, caller, wanted, _field(wanted))
    await_long_list(connection, new_type.key, before_large)
    also = new_type.node.identifier if new_type.number == new_type.node.draft else None
    draft = take_draft(connection, caller, identifier, reference, known, before_large, also=also, lock=force)
    if force:
        new_type = resolve_type(connection, caller, wanted, _field(wanted))
    if new_type.key == draft.key:
        raise UserError(invalid(_field(wanted), "is the draft itself, which cannot become its own type"))
    members = [member.at(place) for place, member in enumerate(draft.members)]
    fitted = _fit(connection, draft, new_type, patterns)
    impacts = impacts_of(members, fitted, rules=True)
    if not force:
        return TypeChange(new_type, impacts, draft.version.node.edition)
    kept: list[StoredMember] = [
        draft.members[member.place]._replace(member_type=member.member_type) for member in fitted.kept
    ]
    name = draft.version.name
    edition = write_draft(connection, caller, draft, kept, of_type=new_type.key, name=name, comment=draft.comment)
    node = draft.version.node.reference
    details = {"version": draft.version.number, "type": f"{new_type.node.reference}.{new_type.number}"}
    record(connection, Event(Action.NODE_TYPE_CHANGED, "node", node, details))
    return TypeChange(new_type, impacts, edition)


def _field(wanted: NamedVersion) -> str:
    return "node_version_identifier_new_type" if wanted.identifier else "node_version_reference_new_type"


def _fit(connection: Connection, draft: Draft, new_type: FoundVersion, patterns: PatternCheck) -> Fit:
    driver = driver_connection(connection)
    types = read_rule_members(driver, [draft.type, new_type.key])
    old_list, new_list = listed_types(types[draft.type]), listed_types(types[new_type.key])
    rules = {version: Rules.of(content) for version, content in read_rule_members(driver, new_list).items()}
    targets = list({member.target for member in draft.members if member.target is not None})
    type_nodes = {version: of[0] for version, of in read_types(driver, targets).items()}
    members = [member.at(place) for place, member in enumerate(draft.members)]
    return fit(members, old_list, new_list, rules.__getitem__, type_nodes.get, patterns)
