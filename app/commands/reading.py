"""Requests documents and paged lists from the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import click
from lxml import etree

from app.commands.rows import Row, as_document, print_json, print_rows
from app.commands.service import ServiceClient, element, message

AT_ONCE = 1000
"""How many entries a page has."""

Command = Callable[..., None]


def json_option(command: Command) -> Command:
    """Give a command the option `--json`, as its argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def document_options(command: Command) -> Command:
    """Give a command the options `--json` and `--xml`, as its argument `document`: the format, or None for a table."""
    command = click.option("--xml", "document", flag_value="xml", help="Print XML instead of a table.")(command)
    return click.option("--json", "document", flag_value="json", help="Print JSON instead of a table.")(command)


def print_document(response: etree._Element, document: str) -> None:
    """Print a response in a format for programs."""
    if document == "xml":
        click.echo(etree.tostring(response, encoding="unicode"))
    else:
        print_json(as_document(response))


def ask(service: ServiceClient, name: str, *content: etree._Element, **fields: object) -> etree._Element:
    """Send a request and return the response. Raises ClickException with the message of an error.

    Responses with 108 and 109 are returned too, since their lists say what prevents the change or what else it affects.
    """
    body = message(name, fields) if not content else etree.tostring(element(name, *content, **fields))
    with service.post(body) as reply:
        if reply.error_number in {0, 108, 109}:
            return etree.parse(reply.file).getroot()
        raise reply.error()


def ask_pages(
    service: ServiceClient, name: str, keys: Sequence[str], *content: etree._Element, **fields: object
) -> Iterator[etree._Element]:
    """Send a request for a list again and again, with the keys of the next page, and yield each response."""
    place: dict[str, object] = {}
    while True:
        reply = ask(service, name, *content, **{**fields, **place, "pageSize": AT_ONCE})
        yield reply
        place = {key: reply.findtext(key) for key in keys}
        if None in place.values():
            return


def show_list(
    pages: Iterator[etree._Element],
    path: str,
    headings: Sequence[str],
    row: Callable[[etree._Element], Row],
    *,
    document: str | None,
) -> None:
    """Print the entries at a path, a list and its entries, of all pages. JSON has the entries alone."""
    if document == "xml":
        print_document(_joined(pages, path.partition("/")[0]), document)
    elif document == "json":
        list_name, _, name = path.partition("/")
        print_json([entry for page in pages for entry in as_document(page)[list_name][name]])
    else:
        print_rows(headings, (row(entry) for page in pages for entry in page.iterfind(path)))


def _joined(pages: Iterator[etree._Element], list_name: str) -> etree._Element:
    """Return the first page with the entries of all pages, and without the start of another page."""
    first = next(pages)
    entries = first.find(list_name)
    if entries is not None:
        entries.extend(entry for page in pages for entry in page.iterfind(f"{list_name}/*"))
    for start in [each for each in first if str(each.tag).endswith(("After", "Before"))]:
        first.remove(start)
    return first


def fields(*names: str) -> Callable[[etree._Element], Row]:
    """Return a function that makes a row of the elements with these names."""
    return lambda entry: [entry.findtext(name) for name in names]
