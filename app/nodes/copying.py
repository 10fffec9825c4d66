"""Copies a version: onto an existing node as its new draft, or to a new reference as a new node."""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.database.sql_files import sql_file
from app.errors import NotAuthorisedError, UserError, invalid, taken
from app.identity import right
from app.identity.rights import Caller, rights_on
from app.nodes.creation import check_package, create_node
from app.nodes.versions import Node, Version, find_node, node_by_reference, parsed_node_reference
from app.references import MAXIMUM_VERSION_NUMBER

_COPY_VERSION = text("""
    INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name,
                              created_by, amended_by, member_types, member_type_numbers, sequences, targets,
                              target_numbers, values, scales)
    SELECT :node, :number, type_node_identifier, type_version_number, coalesce(:name, node_name), :user, :user,
           member_types, member_type_numbers, sequences, targets, target_numbers, values, scales
    FROM node_version WHERE node_identifier = :from_node AND version_number = :from_number
""")
_LINKS = text(sql_file("app.nodes", "links_of_version"))


def copy_node(connection: Connection, caller: Caller, source: Version, to: str | None, name: str | None) -> Node:
    """Copy a version, in the connection's transaction. Member comments are not copied.

    If the reference exists, the copy is the node's new draft: the caller must administer the node, and it must have no
    draft. Otherwise the copy is version 1 of a new node, which the caller owns, in a package that they may use. To copy
    to another node, the caller must have the rights to use the type and to link to the targets. `keep_links` must be
    called before the source is looked up.

    Raises UserError (105) and NotAuthorisedError (101).
    """
    reference = parsed_node_reference(to, "node_reference_to")
    node = node_by_reference(connection, caller, reference)
    if not caller.is_signed_in and (node is None or not node.may(right.READ)):
        raise NotAuthorisedError(f"not authorised to copy to {reference}: sign in")
    if node is None:
        identifier, number = _new_node(connection, caller, source, reference), 1
    else:
        identifier, number = node.identifier, _new_draft(connection, node, reference)
        if node.identifier != source.node.identifier:
            _check_links(connection, caller, source)
    parameters = {
        "node": identifier,
        "number": number,
        "name": name,
        "user": caller.user_identifier,
        "from_node": source.node.identifier,
        "from_number": source.number,
    }
    connection.execute(_COPY_VERSION, parameters)
    return find_node(connection, caller, identifier, None, "node")


def _new_draft(connection: Connection, node: Node, reference: str) -> int:
    """Make room for a draft on a node, and return its number."""
    if not node.may(right.READ):
        raise UserError(taken("node_reference_to", f"{reference} is taken"))
    if not node.may(right.ADMINISTER):
        raise NotAuthorisedError(f"not authorised to administer {reference}")
    if node.latest == MAXIMUM_VERSION_NUMBER:
        raise UserError(invalid("node_reference_to", f"{reference} cannot have more versions", is_sentence=True))
    query = """
        UPDATE node SET latest_version_number = frozen_version_number + 1, edition = edition + 1
        WHERE node_identifier = :node AND latest_version_number = frozen_version_number
        RETURNING latest_version_number
    """
    number = connection.execute(text(query), {"node": node.identifier}).scalar_one_or_none()
    if number is None:
        raise UserError(invalid("node_reference_to", f"{reference} has a draft already", is_sentence=True))
    return int(number)


def _new_node(connection: Connection, caller: Caller, source: Version, reference: str) -> int:
    check_package(connection, caller, reference, "node_reference_to")
    _check_links(connection, caller, source)
    return create_node(connection, caller, reference, "node_reference_to")


def _check_links(connection: Connection, caller: Caller, source: Version) -> None:
    """Raise NotAuthorisedError if the caller may not use the type of the source or link to its targets."""
    links = connection.execute(_LINKS, {"node": source.node.identifier, "number": source.number}).all()
    rights = rights_on(connection, caller, [link.node_reference for link in links])
    for link in links:
        held = rights.on(link.node_identifier, link.node_reference, link.owner_identifier)
        if not held & (right.USE_TYPE if link.is_type else right.LINK):
            shown = link.node_reference if held & right.READ else "a node that you may not read"
            action = "use type" if link.is_type else "link to"
            raise NotAuthorisedError(f"not authorised to {action} {shown}")
