"""`relink rollout`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from copy import deepcopy

import click
from lxml import etree

from app.commands.asynchronous import carried_out
from app.commands.confirmation import confirm, require_terminal, yes_option
from app.commands.reading import document_options, print_document
from app.commands.rows import Row, print_rows, say
from app.commands.sending import SmallRequest, impact_request
from app.commands.service import Reply, ServiceClient, element, text_element, with_service
from app.commands.texts import COLLAPSED, is_terminal
from app.commands.updates import if_match_header, leave_if_partial
from app.text import counted

_MOVES = ("update", "upgrade")
_HEADINGS = ("instance", "name", "release", "update", "what is missing or wrong")


@click.command()
@click.argument("solution_id", metavar="ID", type=COLLAPSED)
@click.option(
    "--to", "release", type=click.IntRange(1), help="The release, which may be an older one; else the latest."
)
@click.option("--owner", metavar="USER-ID", type=COLLAPSED, help="Only instances of this end user.")
@click.option(
    "--tag", "tags", multiple=True, type=COLLAPSED, help="Only if the solution has this tag; may be repeated."
)
@click.option("--percent", type=click.IntRange(0, 100), help="Only this share of the instances.")
@click.option(
    "--value",
    "values",
    multiple=True,
    metavar="SLOT=JSON",
    help="A value for a slot that end users do not see, such as mail='\"a@example.com\"'; may be repeated.",
)
@click.option("--impact", is_flag=True, help="List what would be done, and do nothing.")
@yes_option
@click.option("--if-match", metavar="PLAN", help="Do exactly this plan of an impact, or nothing.")
@document_options
@with_service
def rollout(
    service: ServiceClient,
    solution_id: str,
    release: int | None,
    owner: str | None,
    tags: tuple[str, ...],
    percent: int | None,
    values: tuple[str, ...],
    impact: bool,
    yes: bool,
    if_match: str | None,
    document: str | None,
) -> None:
    """Move the instances of the solution ID to a release, with one commit for each instance.

    One line for each instance: id, name, the old and the new release, update, upgrade, warning or error, and what is
    missing or wrong. On a terminal the command first shows the plan and asks; without a terminal give --yes, or
    --if-match with the plan that --impact prints. A worker does it as a run, which the command watches as
    `relink force` does.

    The exit code is 0, 8 if some instances were bypassed, 1 for an error, 2 if there is no terminal to ask on, or 130
    if the answer was no or the run was cancelled with Ctrl-C.

    \b
    Examples:
      relink rollout 0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f --percent 10 --impact
      relink rollout 0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f --percent 10 --yes
    """
    content = []
    if tags:
        content.append(element("TagList", *(text_element("tag", tag) for tag in tags)))
    if values:
        content.append(element("ConfigValueList", *map(_value, values)))
    request = element(
        "UpdateSolutionInstances",
        *content,
        solutionId=solution_id,
        owner=owner,
        percent=percent,
        targetReleaseNumber=release,
    )
    planned: list[Row] = []
    if not impact and not yes and if_match is None:
        require_terminal(f"relink rollout {solution_id} --impact")
        with _planned(service, request) as reply:
            planned = list(_rows(_document(reply)))
            if not any(map(_moves, planned)):
                _show(reply, document=document)
                leave_if_partial(reply)
                return
        print_rows(_HEADINGS, planned, err=True)
        confirm(f"Move {counted(sum(map(_moves, planned)), 'instance')}?")
        if_match = reply.headers["ETag"]
    if impact:
        with _planned(service, request) as reply:
            _show(reply, document=document)
        plan = reply.headers["ETag"].strip('"')
        say(f"This is plan {plan}; 'relink rollout --if-match' with it does exactly this plan or nothing.")
    else:
        body = _with_action(request, "force")
        with carried_out(service, SmallRequest(service, body, if_match_header(if_match))) as ended:
            reply = ended.reply
            _show(reply, planned, document=document)
        if ended.run_number and not document:
            say(f"This was run {ended.run_number}.")
        ended.check()
    leave_if_partial(reply)


@contextmanager
def _planned(service: ServiceClient, request: etree._Element) -> Iterator[Reply]:
    body = _with_action(request, "impact")
    with carried_out(service, impact_request(service, body, "planning the roll-out")) as ended:
        yield ended.reply


def _with_action(request: etree._Element, action: str) -> bytes:
    chosen = deepcopy(request)
    etree.SubElement(chosen, "action").text = action
    return etree.tostring(chosen)


def _document(reply: Reply) -> etree._Element:
    found = etree.parse(reply.required().file).getroot()
    reply.file.seek(0)
    return found


def _show(reply: Reply, planned: Collection[Row] = (), *, document: str | None) -> None:
    """Print the rows of a response. A terminal that shows what was planned gets only the rows that differ."""
    found = _document(reply)
    if document:
        print_document(found, document)
        return
    rows = list(_rows(found))
    known = set(map(tuple, planned if is_terminal(sys.stdout) else ()))
    if shown := [row for row in rows if tuple(row) not in known]:
        print_rows(_HEADINGS, shown)
    if not rows:
        say("There is no instance to move.")
    elif planned:
        say(f"{counted(sum(map(_moves, rows)), 'instance')} moved.")
    if description := found.findtext("errorDescription"):
        say(description)


def _moves(row: Row) -> bool:
    return row[_HEADINGS.index("update")] in _MOVES


def _rows(found: etree._Element) -> Iterator[Row]:
    for update in found.iterfind("UpdateList/Update"):
        pending = ", ".join(slot.text or "" for slot in update.iterfind("PendingSlotList/externalId"))
        releases = f"{update.findtext('releaseNumberFrom')} -> {update.findtext('releaseNumberTo')}"
        names = ("solutionInstanceId", "name")
        yield [
            *map(update.findtext, names),
            releases,
            update.findtext("updateType"),
            update.findtext("errorMessage") or pending,
        ]


def _value(given: str) -> etree._Element:
    slot, equals, value = given.partition("=")
    if not equals:
        raise click.UsageError(f"--value {given!r} has no '=': give SLOT=JSON")
    return element("ConfigValue", externalId=slot.strip(), value=value)
