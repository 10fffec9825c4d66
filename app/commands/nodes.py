"""`relink node`."""

from __future__ import annotations

from collections.abc import Iterator

import click
from lxml import etree

from app.commands.groups import CommandGroup
from app.commands.node_edits import change_type, edit
from app.commands.reading import ask, ask_pages, document_options, fields, print_document, show_list
from app.commands.rows import Row, print_rows
from app.commands.service import ServiceClient, with_service
from app.commands.texts import COLLAPSED, note

EXIT_IMPOSSIBLE = 1


@click.group(cls=CommandGroup)
def node() -> None:
    """Look at nodes, find and compare them, see where they are used; freeze, copy and edit them.

    A VERSION is the reference of a node with a number, such as acme.catalog.Widget.2, or with $latest, $current, $draft
    or $best. A reference alone means the latest version.
    """


@node.command()
@click.argument("version", type=COLLAPSED)
@document_options
@with_service
def get(service: ServiceClient, version: str, document: str | None) -> None:
    """Show the members of VERSION.

    One line for each: member type, sequence, value, scale, target, comment. The first lines are the name, the type and
    the comment of the version.

    \b
    Example:
      relink node get acme.catalog.Widget.2
    """
    found = ask(service, "GetNode", nodeVersionReference=version)
    if document:
        print_document(found, document)
        return
    print_rows(["", ""], _about(found))
    members = fields(
        "nodeVersionReferenceMemberType",
        "nodeMemberSequence",
        "nodeMemberValue",
        "nodeMemberScale",
        "nodeVersionReferenceTarget",
        "nodeMemberComment",
    )
    headings = ["member type", "sequence", "value", "scale", "target", "comment"]
    print_rows(headings, map(members, found.iterfind("MemberList/Member")))


@node.command(short_help="List the content of a package, or the whole store.")
@click.argument("reference", type=COLLAPSED, required=False)
@click.option(
    "--depth", type=click.IntRange(0, 1000), default=0, show_default=True, help="How many levels; 0 for all of them."
)
@document_options
@with_service
def tree(service: ServiceClient, reference: str | None, depth: int, document: str | None) -> None:
    """List the content of the package REFERENCE, or the whole store.

    One line for each node: reference, latest version, draft or frozen, name, type.

    \b
    Example:
      relink node tree acme --depth 1
    """
    pages = ask_pages(service, "ListNodes", ["nodeReferenceAfter"], nodeReference=reference, depth=depth)
    show_list(pages, "NodeList/Node", ["node", "version", "state", "name", "type"], _tree_row, document=document)


@node.command()
@click.argument("reference", type=COLLAPSED)
@document_options
@with_service
def versions(service: ServiceClient, reference: str, document: str | None) -> None:
    """List the versions of the node REFERENCE, the newest first.

    One line for each: number, draft or frozen, name, who created it, when, who changed it last, when, comment.

    \b
    Example:
      relink node versions acme.catalog.Widget
    """
    pages = ask_pages(service, "ListNodeVersions", ["nodeVersionNumberBefore"], nodeReference=reference)
    headings = ["version", "state", "name", "created by", "created", "changed by", "changed", "comment"]
    show_list(pages, "VersionList/Version", headings, _version, document=document)


@node.command("where-used")
@click.argument("version", type=COLLAPSED)
@click.option(
    "--depth",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many steps away a use may be: 2 also finds what uses the uses.",
)
@document_options
@with_service
def where_used(service: ServiceClient, version: str, depth: int, document: str | None) -> None:
    """List the versions that link to VERSION, the nearest first.

    One line for each: version, distance, how it links (type, member type, target), name.

    \b
    Example:
      relink node where-used acme.catalog.Bolt.1 --depth 2
    """
    keys = ["distanceAfter", "nodeVersionIdentifierAfter"]
    pages = ask_pages(service, "WhereUsed", keys, nodeVersionReference=version, depth=depth)
    show_list(pages, "UseList/Use", ["version", "distance", "links as", "name"], _use, document=document)


@node.command()
@click.argument("old", type=COLLAPSED)
@click.argument("new", type=COLLAPSED)
@document_options
@with_service
def compare(service: ServiceClient, old: str, new: str, document: str | None) -> None:
    """Show what differs between the versions OLD and NEW.

    One line for each difference: add, change or remove; what; the old value; the new value.

    \b
    Example:
      relink node compare 'acme.catalog.Widget.$current' acme.catalog.Widget
    """
    found = ask(service, "CompareNodeVersions", nodeVersionReferenceFrom=old, nodeVersionReferenceTo=new)
    if document:
        print_document(found, document)
    else:
        print_rows(["difference", "what", "old", "new"], _differences(found))


@node.command(short_help="Find nodes by words in names, references and values.")
@click.argument("words", nargs=-1, required=True)
@click.option("--name", "only_name", is_flag=True, help="Look only in names, not in references and values.")
@click.option("--package", type=COLLAPSED, help="Search only this node and its content.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="The largest number of nodes."
)
@document_options
@with_service
def search(
    service: ServiceClient,
    words: tuple[str, ...],
    only_name: bool,
    package: str | None,
    limit: int,
    document: str | None,
) -> None:
    """Find the nodes that have all of the WORDS in their names, references or values.

    One line for each: version, name, the beginning of a value that has one of the words. If there are more nodes than
    the limit, standard error says so.

    \b
    Example:
      relink node search stainless steel --package acme
    """
    given = {"query": " ".join(words), "searchField": "name" if only_name else "all", "package": package}
    found = ask(service, "Search", **given, pageSize=limit)
    if document:
        print_document(found, document)
        return
    row = fields("nodeVersionReference", "nodeName", "nodeSummary")
    print_rows(["version", "name", "value"], map(row, found.iterfind("NodeList/Node")))
    more = int(found.findtext("numberOfResults") or 0) - limit
    if more > 0:
        click.echo(f"... and {more:,} more (--limit shows more)", err=True)


@node.command(short_help="Show what freezing a draft freezes, or freeze it.")
@click.argument("reference", type=COLLAPSED)
@click.option("--content", is_flag=True, help="Also freeze all content of the package.")
@click.option("--yes", is_flag=True, help="Freeze; without this, only list what would be frozen.")
@document_options
@with_service
def freeze(service: ServiceClient, reference: str, content: bool, yes: bool, document: str | None) -> None:
    """List what freezing the draft of REFERENCE freezes, and do it with --yes.

    One line for each node: reference, version, name, and what stands in the way. A draft is frozen with all drafts that
    it depends on. The exit code is 1 if nothing can be frozen.

    \b
    Example:
      relink node freeze acme.catalog.Widget --yes
    """
    action = "force" if yes else "impact"
    found = ask(service, "FreezeNode", nodeReference=reference, action=action, freezeContentIndicator=content)
    if document:
        print_document(found, document)
    else:
        row = fields("nodeReference", "nodeVersionNumber", "nodeName", "errorMessage")
        print_rows(["node", "version", "name", "in the way"], map(row, found.iterfind("NodeList/Node")))
    if found.findtext("errorNumber") == "109":
        note(found.findtext("errorDescription") or "")
        raise SystemExit(EXIT_IMPOSSIBLE)


@node.command(short_help="Copy a version to another node or to a new draft.")
@click.argument("version", type=COLLAPSED)
@click.argument("reference", type=COLLAPSED)
@click.option("--name", help="The name of the copy; else that of VERSION.")
@document_options
@with_service
def copy(service: ServiceClient, version: str, reference: str, name: str | None, document: str | None) -> None:
    """Copy VERSION to REFERENCE, and print the reference of the copy.

    If there is a node REFERENCE, the copy is its new draft, else a new node.

    \b
    Example:
      relink node copy acme.catalog.Widget.1 acme.catalog.Widget
    """
    found = ask(service, "CopyNode", nodeVersionReferenceFrom=version, nodeReferenceTo=reference, nodeNameTo=name)
    if document:
        print_document(found, document)
    else:
        click.echo(found.findtext("nodeVersionReference"))


node.add_command(edit)
node.add_command(change_type)


def _about(found: etree._Element) -> Iterator[Row]:
    yield "version", found.findtext("nodeVersionReference")
    yield "state", _state(found.findtext("nodeVersionNumber"), found.findtext("nodeFrozenVersionNumber"))
    yield "name", found.findtext("nodeName")
    yield "type", found.findtext("nodeVersionReferenceType")
    comment = found.findtext("nodeVersionComment")
    if comment:
        yield "comment", comment


def _state(number: str | None, frozen: str | None) -> str:
    if number is None:
        return ""
    return "draft" if int(number) > int(frozen or 0) else "frozen"


def _tree_row(entry: etree._Element) -> Row:
    number = entry.findtext("nodeVersionNumber")
    state = _state(number, entry.findtext("nodeFrozenVersionNumber"))
    names = (entry.findtext("nodeName"), entry.findtext("nodeVersionReferenceType"))
    return [entry.findtext("nodeReference"), number, state, *names]


def _version(entry: etree._Element) -> Row:
    whole = entry.getroottree()
    number = entry.findtext("nodeVersionNumber")
    created = (entry.findtext("userLogonReferenceCreatedBy"), entry.findtext("nodeVersionTimestampCreated"))
    amended = (entry.findtext("userLogonReferenceAmendedBy"), entry.findtext("nodeVersionTimestampAmended"))
    state = _state(number, whole.findtext("nodeFrozenVersionNumber"))
    return [number, state, entry.findtext("nodeName"), *created, *amended, entry.findtext("nodeVersionComment")]


def _use(entry: etree._Element) -> Row:
    kinds = {"typeIndicator": "type", "memberTypeIndicator": "member type", "targetIndicator": "target"}
    links = ", ".join(kind for name, kind in kinds.items() if entry.findtext(name) == "true")
    return [entry.findtext("nodeVersionReference"), entry.findtext("distance"), links, entry.findtext("nodeName")]


def _differences(found: etree._Element) -> Iterator[Row]:
    for what, name in (("name", "nodeName"), ("comment", "nodeVersionComment"), ("type", "nodeVersionReferenceType")):
        if found.findtext(f"{what}UpdateType") == "change":
            yield "change", what, found.findtext(f"{name}From"), found.findtext(f"{name}To")
    for each in found.iterfind("MemberDifferenceList/MemberDifference"):
        kind, member_type = each.findtext("memberDifferenceType"), each.findtext("nodeReferenceMemberType")
        yield kind, member_type, _member(each, "From"), _member(each, "To")


def _member(each: etree._Element, side: str) -> str:
    """Return a member in short: `2: value * scale -> target (comment)`."""
    sequence = each.findtext(f"nodeMemberSequence{side}")
    if sequence is None:
        return ""
    parts = [f"{sequence}:"]
    for sign, name in (("", "nodeMemberValue"), ("*", "nodeMemberScale"), ("->", "nodeVersionReferenceTarget")):
        held = each.findtext(f"{name}{side}")
        if held is not None:
            parts.append(f"{sign} {held}".strip())
    comment = each.findtext(f"nodeMemberComment{side}")
    return " ".join([*parts, f"({comment})"] if comment else parts)
