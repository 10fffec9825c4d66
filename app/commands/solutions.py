"""`relink solution`."""

from __future__ import annotations

from collections.abc import Iterator

import click
from lxml import etree

from app.commands.groups import CommandGroup
from app.commands.reading import ask, ask_pages, document_options, fields, print_document, show_list
from app.commands.rows import Row, print_rows
from app.commands.service import ServiceClient, element, text_element, with_service
from app.commands.texts import COLLAPSED, note

_CHANGE = fields("slotKind", "externalId", "code", "breakingChange", "message")
_CHANGE_HEADINGS = ["kind", "slot", "change", "breaks", "message"]


@click.group(cls=CommandGroup)
def solution() -> None:
    """List solutions and their releases, compare releases, and publish a draft.

    An ID is that of a solution, as `relink solution list` shows it.
    """


@solution.command("list")
@click.option("--tag", "tags", multiple=True, type=COLLAPSED, help="Only solutions with this tag; may be repeated.")
@document_options
@with_service
def show_all(service: ServiceClient, tags: tuple[str, ...], document: str | None) -> None:
    """List the solutions, the oldest first.

    One line for each: id, title, latest release, held or not, tags.

    \b
    Example:
      relink solution list --tag support
    """
    content = [element("TagList", *(text_element("tag", tag) for tag in tags))] if tags else []
    pages = ask_pages(service, "ListSolutions", ["solutionIdAfter"], *content)
    headings = ["id", "title", "release", "held", "tags"]
    show_list(pages, "SolutionList/Solution", headings, _solution, document=document)


@solution.command(short_help="Show the slots and workflows of a draft or release.")
@click.argument("solution_id", metavar="ID", type=COLLAPSED)
@click.option("--release", type=click.IntRange(1), help="Show this release instead of the draft.")
@document_options
@with_service
def show(service: ServiceClient, solution_id: str, release: int | None, document: str | None) -> None:
    """Show the slots and workflows of the draft of a solution, or of a release.

    One line for each: kind, external id, title, type or service, hidden, mandatory.

    \b
    Example:
      relink solution show 0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f --release 2
    """
    found = ask(service, "GetSolution", solutionId=solution_id, releaseNumber=release)
    if document:
        print_document(found, document)
    else:
        print_rows(["kind", "id", "title", "of", "hidden", "mandatory"], _content(found))


@solution.command()
@click.argument("solution_id", metavar="ID", type=COLLAPSED)
@document_options
@with_service
def releases(service: ServiceClient, solution_id: str, document: str | None) -> None:
    """List the releases of a solution, the newest first.

    One line for each: number, when it was published, by whom, whether it breaks instances, how many changes, notes.

    \b
    Example:
      relink solution releases 0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f
    """
    pages = ask_pages(service, "ListSolutionReleases", ["releaseNumberBefore"], solutionId=solution_id)
    headings = ["release", "published", "by", "breaks", "changes", "notes"]
    show_list(pages, "ReleaseList/Release", headings, _release, document=document)


@solution.command(short_help="Show what changes between two releases.")
@click.argument("solution_id", metavar="ID", type=COLLAPSED)
@click.option("--from", "start", type=click.IntRange(1), help="The release to compare from; else the latest.")
@click.option("--to", "end", type=click.IntRange(1), help="The release to compare with; else the draft.")
@document_options
@with_service
def compare(service: ServiceClient, solution_id: str, start: int | None, end: int | None, document: str | None) -> None:
    """Show what changes from one release of a solution to another, or to the draft.

    One line for each change: kind, external id, code, whether it breaks instances, and a sentence.

    \b
    Example:
      relink solution compare 0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f --from 1 --to 2
    """
    numbers = {"releaseNumberFrom": start, "releaseNumberTo": end}
    _show_changes(ask(service, "CompareSolutionReleases", solutionId=solution_id, **numbers), document=document)


@solution.command(short_help="Show what publishing the draft would change.")
@click.argument("solution_id", metavar="ID", type=COLLAPSED)
@document_options
@with_service
def preview(service: ServiceClient, solution_id: str, document: str | None) -> None:
    """Show what publishing the draft of a solution would change, and for how many instances.

    One line for each change, as in `relink solution compare`; the notice is written to standard error, with the edition
    of the draft for `relink solution publish --if-match`.

    \b
    Example:
      relink solution preview 0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f
    """
    found = ask(service, "PreviewSolutionRelease", solutionId=solution_id)
    _show_impact(found, document=document)
    if not document:
        edition = found.findtext("solutionEdition")
        note(f"This is edition {edition}; 'relink solution publish --if-match' with it publishes exactly this draft.")


@solution.command(short_help="Make the draft the next release.")
@click.argument("solution_id", metavar="ID", type=COLLAPSED)
@click.option("--notes", help="Notes about the release.")
@click.option("--if-match", "edition", metavar="EDITION", type=COLLAPSED, help="Publish exactly what a preview showed.")
@document_options
@with_service
def publish(
    service: ServiceClient, solution_id: str, notes: str | None, edition: str | None, document: str | None
) -> None:
    """Make the draft of a solution its next release, and show what that changes.

    One line for each change, as in `relink solution compare`; the notice is written to standard error. With --if-match,
    nothing is published if somebody has changed or published the draft since `relink solution preview` printed EDITION.

    \b
    Example:
      relink solution publish 0b9f4c1e-8d3a-4f6b-9c2d-5e7a1b3c4d5f --notes 'Mails too.'
    """
    given = {"solutionId": solution_id, "solutionEdition": edition, "releaseNotes": notes}
    found = ask(service, "PublishSolutionRelease", **given)
    _show_impact(found, document=document)
    if not document:
        note(f"Published release {found.findtext('releaseNumber')}.")


def _show_impact(found: etree._Element, *, document: str | None) -> None:
    _show_changes(found, document=document)
    if not document:
        note(found.findtext("noticeMessage") or "")


def _show_changes(found: etree._Element, *, document: str | None) -> None:
    if document:
        print_document(found, document)
    else:
        print_rows(_CHANGE_HEADINGS, map(_CHANGE, found.iterfind("SlotChangeList/SlotChange")))


def _solution(entry: etree._Element) -> Row:
    tags = ", ".join(tag.text or "" for tag in entry.iterfind("TagList/tag"))
    names = ("solutionId", "title", "latestReleaseNumber", "held")
    return [*(entry.findtext(name) for name in names), tags]


def _content(found: etree._Element) -> Iterator[Row]:
    for path, kind, of in (
        ("AuthSlotList/AuthSlot", "auth", "service"),
        ("ConfigSlotList/ConfigSlot", "config", "type"),
    ):
        for slot in found.iterfind(path):
            yield kind, *(slot.findtext(name) for name in ("externalId", "title", of, "hidden", "mandatory"))
    for workflow in found.iterfind("WorkflowList/Workflow"):
        names = ("sourceWorkflowId", "sourceWorkflowName", "trigger")
        yield "workflow", *(workflow.findtext(name) for name in names), "", ""
    for screen in found.iterfind("ScreenList/Screen"):
        slots = ", ".join(slot.text or "" for slot in screen.iterfind("SlotList/externalId"))
        yield "screen", "", screen.findtext("title"), slots, "", ""


def _release(entry: etree._Element) -> Row:
    head = [entry.findtext(name) for name in ("releaseNumber", "publishedAt", "publishedBy", "breakingChanges")]
    changes = len(entry.findall("SlotChangeList/SlotChange"))
    return [*head, changes, entry.findtext("releaseNotes")]
