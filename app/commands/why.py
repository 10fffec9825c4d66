"""Prints why a node is in a list of updates."""

from __future__ import annotations

from collections.abc import Iterator

import click
from lxml import etree

from app.commands.rows import Row, print_rows
from app.commands.service import Reply
from app.commands.texts import note


def print_why(reply: Reply, node: str) -> None:
    """Print the chain of links to a node, from the response to an impact that was asked why.

    Raises ClickException if the node is not in the list.
    """
    for _, update in etree.iterparse(reply.file, tag="Update", resolve_entities=False):
        if update.findtext("nodeReference") == node:
            _print(update, node)
            return
        update.clear()
        parent = update.getparent()
        if parent is not None:
            del parent[0]
    raise click.ClickException(f"{node} is not in the list of updates: 'relink impact' without --why shows the list")


def _print(update: etree._Element, node: str) -> None:
    links = update.findall("WhyList/Why")
    if not links:
        note(f"{node} gets a new version because every frozen node does.")
        return
    print_rows(["version", "used by", "as"], _rows(links, node))
    omitted = update.findtext("WhyList/linksOmitted")
    if omitted:
        note(f"{omitted} links after the first one are not shown.")


def _rows(links: list[etree._Element], node: str) -> Iterator[Row]:
    users = [link.findtext("nodeReference") for link in links[1:]]
    for link, user in zip(links, [*users, node], strict=True):
        version = f"{link.findtext('nodeReference')}.{link.findtext('nodeVersionNumber')}"
        yield version, user, _role(link)


def _role(link: etree._Element) -> str:
    if link.findtext("linkType") == "type":
        return "type"
    member_type = link.findtext("nodeReferenceMemberType")
    number = link.findtext("nodeVersionNumberMemberType")
    return f"target of {member_type}.{number}" if member_type else "target"
