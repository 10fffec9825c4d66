"""The page of a node: its version, where it is in the tree, what it uses and what uses it, and its history."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from app.console.nodes.addresses import crumbs_to, node_url, reference_in
from app.console.nodes.finding import hidden_if_unreadable, number_argument, read_node, read_wanted
from app.console.pages import Crumb, page
from app.console.turns import before_large
from app.console.visitor import caller
from app.database.connection import short_statements
from app.database.engine import driver_connection, snapshot
from app.identity import right
from app.nodes.comparing import compare_members
from app.nodes.history import VersionRecord, read_history
from app.nodes.listing import ListedNode, list_nodes
from app.nodes.permission_records import Permission, count_permissions, read_permissions
from app.nodes.version_content import VisibleContent, VisibleMember, read_version
from app.nodes.versions import Node, Version
from app.nodes.where_used import START, Use, where_used
from app.references import MAXIMUM_VERSION_NUMBER, VersionKeyword, split_version_identifier, version_identifier
from app.system_nodes import LAST_SYSTEM_IDENTIFIER
from app.web.context import resources
from app.web.refusal import Refused

blueprint = Blueprint("node", __name__)

_CHILDREN = 100
_VERSIONS = 20
_USES = 20
_MOST_USES = 100
_MEMBERS = 500
_PERMISSIONS = 100


@dataclass(frozen=True)
class Actions:
    """What the visitor may do with a node."""

    may_edit: bool
    may_freeze: bool
    may_draft: bool

    @classmethod
    def on(cls, node: Node) -> Actions:
        """Return what the rights of the visitor and the state of the node allow."""
        administers = node.may(right.ADMINISTER) and node.identifier > LAST_SYSTEM_IDENTIFIER
        has_draft = node.draft is not None
        return cls(administers and has_draft, administers and has_draft, administers and not has_draft)


@dataclass(frozen=True)
class NodeLists:
    """The lists on the page. A list other than the permissions has one entry more than is shown if it goes on."""

    children: list[ListedNode]
    versions: list[VersionRecord]
    uses: list[Use]
    permissions: list[Permission] | None
    number_of_permissions: int


@blueprint.get("/nodes/<path:path>")
@short_statements()
def node(path: str) -> Response:
    """Show a version of a node: the one that `version` names, or the latest."""
    reference, number = reference_in(path), number_argument("version")
    with snapshot(resources().engine) as connection:
        found = read_node(connection, reference)
        version = content = None
        if number is not None or found.number(VersionKeyword.LATEST) is not None:
            version, content = _read(connection, reference, number)
        parts = _parts(connection, found, version)
        record = None if version is None else _record(connection, found, version.number, parts.versions)
    return page(
        "nodes/node.html",
        reference.rpartition(".")[2],
        section="Nodes",
        crumbs=crumbs_to(reference),
        node=found,
        version=version,
        content=content,
        record=record,
        members=[] if content is None else _by_type(content.members[:_MEMBERS]),
        more_members=0 if content is None else max(0, len(content.members) - _MEMBERS),
        parts=parts,
        actions=Actions.on(found),
        counts={"children": _CHILDREN, "versions": _VERSIONS, "uses": _USES},
        done=request.args.get("done", ""),
    )


@blueprint.get("/versions/<path:path>")
@short_statements()
def versions(path: str) -> Response:
    """Show the versions of a node, newest first."""
    reference, before = reference_in(path), number_argument("before")
    with snapshot(resources().engine) as connection:
        found = read_node(connection, reference)
        listed = read_history(
            connection, caller(), found, before=before or MAXIMUM_VERSION_NUMBER + 1, limit=_MOST_USES + 1
        )
    shown = listed[:_MOST_USES]
    more = len(listed) > len(shown)
    return page(
        "nodes/versions.html",
        "Versions",
        section="Nodes",
        crumbs=crumbs_to(reference, itself=True),
        node=found,
        versions=shown,
        following=node_url(reference, page="versions", before=shown[-1].number) if more else "",
        first=node_url(reference, page="versions") if before else "",
    )


@blueprint.get("/uses/<path:path>")
@short_statements()
def uses(path: str) -> Response:
    """Show the versions that link to a version."""
    reference, number = reference_in(path), number_argument("version")
    after = request.args.get("after", "")
    if after and not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise Refused(400, "The parameter after must be a number.")
    start = (1, split_version_identifier(int(after))) if after else START
    with snapshot(resources().engine) as connection:
        version = read_wanted(connection, reference, number)
        listed = where_used(connection, caller(), version, depth=1, after=start, limit=_MOST_USES + 1)
    shown = listed[:_MOST_USES]
    following = ""
    if len(listed) > len(shown):
        last = version_identifier(*shown[-1].version)
        following = node_url(reference, version.number, page="uses", after=last)
    return page(
        "nodes/uses.html",
        f"Uses of {version.node.reference}.{version.number}",
        section="Nodes",
        crumbs=crumbs_to(reference, itself=True),
        version=version,
        uses=shown,
        following=following,
        first=node_url(reference, version.number, page="uses") if after else "",
    )


@blueprint.get("/compare/<path:path>")
@short_statements()
def compare(path: str) -> Response:
    """Show what differs between two versions of a node."""
    reference = reference_in(path)
    old_number, new_number = number_argument("from"), number_argument("to")
    if old_number is None or new_number is None:
        raise Refused(400, "Choose two versions to compare.")
    with snapshot(resources().engine) as connection:
        read_node(connection, reference)
        old, old_content = _read(connection, reference, old_number)
        new, new_content = _read(connection, reference, new_number)
    differences = compare_members(old_content.members, new_content.members)
    return page(
        "nodes/compare.html",
        f"Versions {old.number} and {new.number}",
        section="Nodes",
        crumbs=(*crumbs_to(reference, itself=True), Crumb("Versions", node_url(reference, page="versions"))),
        old=old,
        new=new,
        old_content=old_content,
        new_content=new_content,
        differences=differences[:_MEMBERS],
        number_of_differences=len(differences),
        other_way=f"?{urlencode({'from': new.number, 'to': old.number})}",
    )


def _read(connection: Connection, reference: str, number: int | None) -> tuple[Version, VisibleContent]:
    shown = reference if number is None else f"{reference}.{number}"
    with hidden_if_unreadable(f"version {shown}"):
        return read_version(driver_connection(connection), caller(), None, shown, before_large=before_large)


def _parts(connection: Connection, found: Node, version: Version | None) -> NodeLists:
    who = caller()
    administers = found.may(right.ADMINISTER) or who.administers_all
    permissions = read_permissions(connection, found, limit=_PERMISSIONS) if administers else None
    number = len(permissions or ())
    if number == _PERMISSIONS:
        number = count_permissions(connection, found)
    return NodeLists(
        list_nodes(connection, who, found, depth=1, after="", limit=_CHILDREN + 1),
        read_history(connection, who, found, before=MAXIMUM_VERSION_NUMBER + 1, limit=_VERSIONS + 1),
        [] if version is None else where_used(connection, who, version, depth=1, after=START, limit=_USES + 1),
        permissions,
        number,
    )


def _record(connection: Connection, found: Node, number: int, listed: list[VersionRecord]) -> VersionRecord | None:
    """Return the record of a version, from those that are listed if it is one of them."""
    known = [each for each in listed if each.number == number]
    return next(iter(known or read_history(connection, caller(), found, before=number + 1, limit=1)), None)


def _by_type(members: list[VisibleMember]) -> list[tuple[VisibleMember, list[VisibleMember]]]:
    """Return the members of each member type together, with the first of them."""
    groups = (list(group) for _, group in groupby(members, lambda member: member.member_type))
    return [(group[0], group) for group in groups]
