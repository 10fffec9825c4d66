"""`relink impact` and `relink force`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.commands.asynchronous import carried_out
from app.commands.confirmation import confirm, require_terminal, yes_option
from app.commands.nothing_to_update import say_nothing_to_update
from app.commands.reading import Command, json_option
from app.commands.rows import print_as_json, say
from app.commands.sending import SmallRequest, impact_request
from app.commands.service import PARTIAL, Reply, ServiceClient, message, with_service
from app.commands.texts import COLLAPSED, is_terminal
from app.commands.update_list import Updates, print_updates, read_updates
from app.commands.why import print_why
from app.text import counted

EXIT_PARTIAL = 8


def _update_options(command: Command) -> Command:
    options = (
        click.argument("reference", type=COLLAPSED),
        click.option(
            "--content/--no-content", default=True, show_default=True, help="Update all content of the node too."
        ),
        click.option("--always", is_flag=True, help="Also make new versions of nodes that are frozen and up to date."),
        click.option(
            "--scope",
            type=click.Choice(["node", "current", "latest", "manifest"]),
            default="node",
            show_default=True,
            help="To which versions links move: the latest within the node and its content, the highest frozen or "
            "the latest of --source, or those that the manifest --source lists.",
        ),
        click.option("--source", metavar="REFERENCE", type=COLLAPSED, help="A package (else anywhere) or a manifest."),
        click.option("--xml", is_flag=True, help="Print the XML of the response."),
        json_option,
        click.option("--all", "everything", is_flag=True, help="Show all updates on a terminal, however many."),
    )
    for option in reversed(options):
        command = option(command)
    return with_service(command)


@click.command()
@_update_options
@click.option(
    "--why", "why_node", metavar="NODE", type=COLLAPSED, help="Say why this node is in the list, and no more."
)
def impact(
    service: ServiceClient,
    reference: str,
    xml: bool,
    as_json: bool,
    everything: bool,
    why_node: str | None,
    **options: object,
) -> None:
    """List what is out of date in the node REFERENCE and its content, without updating it.

    If this takes more than five seconds, a worker makes the list as a run, and the command watches the run, as
    `relink force` does. If no worker is alive, the service itself makes the list. Ctrl-C cancels the impact.

    Nodes elsewhere that link to REFERENCE are not updated: give the package that they are in.

    With --why it prints the shortest chain of links from what changed first to NODE, one line for each link: a version,
    the node that uses it, and as what.

    The exit code is 0, 8 if some updates would be bypassed, 1 for an error, or 130 if Ctrl-C was pressed.

    \b
    Examples:
      relink impact acme.catalog
      relink impact acme --why acme.catalog.Widget
    """
    if why_node is not None and (xml or as_json):
        raise click.UsageError("--why prints one chain of links: give it without --xml and --json")
    with _impact(service, reference, **options, why=True if why_node is not None else None) as reply:
        if why_node is not None:
            print_why(reply.required(), why_node)
            leave_if_partial(reply)
            return
        shown = _shown(reply, xml=xml, as_json=as_json, everything=everything, forced=False)
    if shown and shown.rows:
        plan = _bare(reply.headers["ETag"])
        say(f"This is plan {plan}; 'relink force --if-match' with it does exactly this plan or nothing.")
    elif shown and shown.is_empty:
        say_nothing_to_update(service, reference, shown.latest, **options)
    leave_if_partial(reply)


@click.command()
@_update_options
@yes_option
@click.option("--if-match", metavar="PLAN", help="Make exactly the updates of this plan of an impact, or none.")
def force(
    service: ServiceClient,
    reference: str,
    xml: bool,
    as_json: bool,
    everything: bool,
    yes: bool,
    if_match: str | None,
    **options: object,
) -> None:
    """Update what is out of date in the node REFERENCE and its content, with one commit for each node.

    On a terminal the command first shows the plan and asks, and then makes exactly these updates, or none if the plan
    has changed meanwhile. Without a terminal give --yes, or --if-match with the plan that `relink impact` prints.

    A worker of the service does it as a run, and the command watches the run, however often the connection breaks.
    Ctrl-C cancels the run and waits until it ends, which is after its present node; a second Ctrl-C leaves it.

    The exit code is 0, 8 if some updates were bypassed, 1 for an error, 2 if there is no terminal to ask on, or 130 if
    the answer was no or the run was cancelled with Ctrl-C. The same command makes the updates that are left.

    \b
    Examples:
      relink force acme.catalog
      relink force acme.catalog --yes
    """
    planned = None
    if not yes and if_match is None:
        require_terminal("relink impact")
        with _impact(service, reference, **options) as reply:
            planned = _planned(reply, everything=everything)
            if planned is None or not planned.to_do:  # An error, or a response that is the one of a force too.
                shown = _shown(reply, xml=xml, as_json=as_json, everything=everything, forced=False)
                if shown and shown.is_empty:
                    say_nothing_to_update(service, reference, shown.latest, **options)
                leave_if_partial(reply)
                return
        confirm(f"Update {counted(planned.to_do, 'node')}?")
        if_match = reply.headers["ETag"]
    body = update_message(reference, "force", **options)
    with carried_out(service, SmallRequest(service, body, if_match_header(if_match))) as ended:
        shown = _shown(ended.reply, xml=xml, as_json=as_json, everything=everything, forced=True, planned=planned)
    if shown and ended.run_number:
        say(f"This was run {ended.run_number}.")
    if shown and shown.is_empty:
        say_nothing_to_update(service, reference, shown.latest, **options)
    ended.check()
    leave_if_partial(ended.reply)


def update_message(
    reference: str,
    action: str,
    *,
    content: object = True,
    always: object = False,
    scope: object = "node",
    source: object = None,
    why: object = None,
) -> bytes:
    """Return an UpdateNodeVersions request."""
    elements = {
        "nodeReference": reference,
        "action": action,
        "updateContentIndicator": content,
        "alwaysCreateNewVersionIndicator": always,
        "sourceScope": scope,
        "sourceReference": source,
        "why": why,
    }
    return message("UpdateNodeVersions", elements)


@contextmanager
def _impact(service: ServiceClient, reference: str, **options: object) -> Iterator[Reply]:
    body = update_message(reference, "impact", **options)
    with carried_out(service, impact_request(service, body, f"planning the updates in {reference}")) as ended:
        yield ended.reply


def _planned(reply: Reply, *, everything: bool) -> Updates | None:
    """Print the updates of an impact on the terminal. Returns None if the impact failed."""
    if not reply.done:
        return None
    updates = read_updates(reply, forced=False)
    reply.file.seek(0)
    if updates.to_do:
        print_updates(updates, everything=everything, err=True)
        say(updates.summary(), err=True)
    return updates


def _shown(
    reply: Reply, *, xml: bool, as_json: bool, everything: bool, forced: bool, planned: Updates | None = None
) -> Updates | None:
    """Print the updates of a response. Returns None if they were printed as XML or JSON.

    A terminal that shows what was planned gets only the updates that were not done as planned.
    """
    if xml:
        output = sys.stdout.buffer
        shutil.copyfileobj(reply.file, output)
        output.flush()
        reply.file.seek(0)
    reply.required()
    if as_json and not xml:
        print_as_json(reply.file)
    if xml or as_json:
        return None
    updates = read_updates(reply, forced=forced)
    print_updates(updates.apart_from(planned) if is_terminal(sys.stdout) else updates, everything=everything)
    if not updates.is_empty:
        say(updates.summary())
    return updates


def leave_if_partial(reply: Reply) -> None:
    """End the command with exit code 8 if something was bypassed."""
    if reply.error_number == PARTIAL:
        raise SystemExit(EXIT_PARTIAL)


def if_match_header(plan: str | None) -> dict[str, str]:
    """Return the header that asks for exactly one plan, or for any plan."""
    if plan is None:
        return {}
    return {"If-Match": plan if plan == "*" else f'"{_bare(plan)}"'}


def _bare(tag: str) -> str:
    return tag.strip('"')
