"""The commands of `relink node` that edit drafts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping

import click
from lxml import etree

from app.commands.node_editor import changes, editable_text
from app.commands.reading import ask, document_options, fields, print_document
from app.commands.rows import print_rows
from app.commands.service import ServiceClient, element, with_service
from app.commands.texts import COLLAPSED, note

EXIT_IMPACTS = 1

IMPACTS = ["impact", "member type", "name", "rule"]
IMPACT = fields("impactType", "nodeVersionReferenceMemberType", "nodeNameMemberType", "errorMessage")


@click.command("type", short_help="Show what another type does to a draft, or change its type.")
@click.argument("version", type=COLLAPSED)
@click.argument("new_type", type=COLLAPSED)
@click.option("--yes", is_flag=True, help="Change the type; without this, only list the impacts.")
@document_options
@with_service
def change_type(service: ServiceClient, version: str, new_type: str, yes: bool, document: str | None) -> None:
    """List what the type NEW_TYPE does to the data of the draft VERSION, and change its type with --yes.

    One line for each impact: version (data moves to another version of its member type), remove (data is lost) or rules
    (data breaks a rule and can be corrected afterwards); the member type, its name, and the rule that is broken. With
    --yes it prints the new type.

    \b
    Example:
      relink node type acme.catalog.Widget acme.types.Product.2 --yes
    """
    given = {"nodeVersionReference": version, "nodeVersionReferenceNewType": new_type}
    found = ask(service, "ChangeNodeType", **given, action="force" if yes else "impact")
    if document:
        print_document(found, document)
    elif yes:
        click.echo(found.findtext("nodeVersionReferenceNewType"))
    else:
        print_rows(IMPACTS, map(IMPACT, found.iterfind("ImpactList/Impact")))


@click.command(short_help="Change the name, the comment and the members of a draft.")
@click.argument("version", type=COLLAPSED)
@click.option("--name", help="The new name.")
@click.option("--comment", help="The new comment; an empty one removes it.")
@click.option("--set", "values", multiple=True, metavar="MEMBER_TYPE=VALUE", help="Set the value of the only member.")
@click.option("--add", "added", multiple=True, metavar="MEMBER_TYPE=VALUE", help="Add a member with a value.")
@click.option("--link", "links", multiple=True, metavar="MEMBER_TYPE=VERSION", help="Add a member with a target.")
@click.option("--remove", "removed", multiple=True, metavar="MEMBER_TYPE", type=COLLAPSED, help="Remove all members.")
@click.option("--force", is_flag=True, help="Edit the draft even if that has impacts on other data of it.")
@document_options
@with_service
def edit(
    service: ServiceClient,
    version: str,
    name: str | None,
    comment: str | None,
    values: tuple[str, ...],
    added: tuple[str, ...],
    links: tuple[str, ...],
    removed: tuple[str, ...],
    force: bool,
    document: str | None,
) -> None:
    """Edit the draft VERSION, and print its reference.

    Without options for what to change, an editor ($VISUAL or $EDITOR) opens the draft as XML, and what you change there
    is sent. The options for members may be given several times. --set adds a member if there is none. If the draft has
    data that its type has no place for, nothing is changed: the impacts are listed as by 'relink node type', and the
    exit code is 1. An edit by somebody else in the meantime is not overwritten.

    \b
    Example:
      relink node edit acme.catalog.Widget --name 'Widget, red' --set acme.types.colour=red
    """
    in_editor = name is None and comment is None and not (values or added or links or removed)
    if in_editor and not (sys.stdin.isatty() or os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise click.UsageError(
            "say what to change (--name, --comment, --set, --add, --link or --remove), or set EDITOR to open an editor"
        )
    form = ask(service, "SetNode", action="edit", nodeVersionReference=version)
    edits: dict[str, list[etree._Element]] = {}
    for reference in removed:
        edits.setdefault(reference, []).extend(_removals(form, reference))
    for reference, value in map(_pair, values):
        edits.setdefault(reference, []).append(_value(form, reference, value))
    for reference, value in map(_pair, added):
        edits.setdefault(reference, []).append(element("Member", nodeMemberValue=value))
    for reference, target in map(_pair, links):
        edits.setdefault(reference, []).append(element("Member", nodeVersionReferenceTarget=target))
    given = {"nodeVersionReference": version, "nodeName": name, "nodeEdition": form.findtext("nodeEdition")}
    action = "force" if force else "update"
    if in_editor:
        edited = _edited(form, lambda content: ask(service, "SetNode", *content, action=action, **given))
        if edited is None:
            click.echo("Nothing is changed.", err=True)
            return
        found = edited
    else:
        found = ask(service, "SetNode", *_content(comment, edits), action=action, **given)
    refused = found.findtext("errorNumber") == "109"
    if document:
        print_document(found, document)
    elif refused:
        print_rows(IMPACTS, map(IMPACT, found.iterfind("ImpactList/Impact")))
    else:
        click.echo(found.findtext("nodeVersionReference"))
    if refused:
        note(f"{found.findtext('errorDescription')} Nothing is changed; --force does it.")
        raise SystemExit(EXIT_IMPACTS)


def _edited(form: etree._Element, send: Callable[[list[etree._Element]], etree._Element]) -> etree._Element | None:
    """Open the draft in an editor until its changes are accepted or given up, and return the response.

    Returns None if nothing was changed. On a terminal, a text that is refused can be edited again.
    """
    text = editable_text(form)
    while True:
        saved = click.edit(text, extension=".xml")
        try:
            content = [] if saved is None else changes(form, saved)
            return send(content) if content else None
        except click.ClickException as error:
            if not sys.stdin.isatty():
                raise
            click.echo(f"Error: {error.message}", err=True)
            if not click.confirm("Edit the text again?", default=True, err=True):
                raise SystemExit(1) from error
            text = saved or text


def _pair(text: str) -> tuple[str, str]:
    """Return a member type and what follows the equals sign."""
    reference, sign, value = text.partition("=")
    if not sign or not value:
        raise click.UsageError(f"{text!r} is not a member type, an equals sign and a value")
    return reference.strip(), value


def _members(form: etree._Element, reference: str) -> list[etree._Element]:
    """Return the members of a member type, whatever the version."""
    return [
        member
        for each in form.iterfind("MemberTypeList/MemberType")
        if (each.findtext("nodeVersionReferenceMemberType") or "").rpartition(".")[0] == reference
        for member in each.iterfind("MemberList/Member")
    ]


def _removals(form: etree._Element, reference: str) -> Iterator[etree._Element]:
    for member in _members(form, reference):
        yield element("Member", nodeMemberSequence=member.findtext("nodeMemberSequence"), deleteMemberIndicator=True)


def _value(form: etree._Element, reference: str, value: str) -> etree._Element:
    held = _members(form, reference)
    if len(held) > 1:
        raise click.ClickException(f"{reference} has {len(held)} members: use --remove and --add")
    sequence = held[0].findtext("nodeMemberSequence") if held else None
    return element("Member", nodeMemberSequence=sequence, nodeMemberValue=value, retainMemberIndicator=True)


def _content(comment: str | None, edits: Mapping[str, list[etree._Element]]) -> Iterator[etree._Element]:
    if comment is not None:
        yield element("NodeVersionCommentSection", nodeVersionComment=comment)
    if edits:
        member_types = (
            element("MemberType", element("MemberList", *those), nodeVersionReferenceMemberType=reference)
            for reference, those in edits.items()
        )
        yield element("MemberTypeList", *member_types)
