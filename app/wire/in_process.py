"""Services for the pages of the same process: they are called with the rights of a user who has signed in there.

A request is written as the XML document that it means and checked like every other request, so that a page cannot do
what a service cannot do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

from flask import Response
from lxml import etree

from app.database.connection import short_statements
from app.errors import RelinkError, StateError
from app.identity.rights import Caller
from app.runs.queued import enqueue
from app.runs.record import Run
from app.runs.requests import RequestTooLargeError
from app.services.call import Call, Service
from app.services.registry import SERVICES
from app.web.context import resources
from app.web.refusal import Refused
from app.wire.calls import call_of
from app.wire.decode import decode
from app.wire.envelope import failed, http_response
from app.wire.kept_responses import response_of
from app.wire.request_document import RequestDocument
from app.wire.response_documents import reported_faults
from app.wire.stored_requests import without_credentials
from app.wire.threads import parsers_freed
from app.wire.tree import valid_tree
from app.wire.trying import Shown, request_of, shown, text_of

_UPDATE = "Update"
_LIST = "UpdateList"


class InProcess:
    """The services of this process.

    The elements of a request are given as texts, by their paths, such as `nodeReference` or `TagList/tag[2]`.
    """

    def response(self, service: str, elements: Mapping[str, str], caller: Caller) -> Response:
        """Return the XML response of a service."""
        with parsers_freed():
            called, given, _ = _decoded(service, elements)
            with nullcontext() if called.long else short_statements():
                return http_response(service, called.run(given, call_of(caller)))

    def tried(self, service: str, fields: Sequence[tuple[str, str]], caller: Caller) -> Shown:
        """Send a request whose elements are given as texts, by their paths, such as `TagList/tag[1]`."""
        document = request_of(service, fields, resources().settings.max_request_bytes)
        with parsers_freed():
            return shown(document, *_response_or_failure(service, document, caller))

    def document(self, service: str, fields: Sequence[tuple[str, str]]) -> str:
        """Return the document of a request, which is not sent."""
        with parsers_freed():
            return text_of(request_of(service, fields, resources().settings.max_request_bytes))

    def begin(
        self, service: str, elements: Mapping[str, str], caller: Caller, *, if_match: str | None, later: bool
    ) -> int:
        """Do a request as a run and return its number. With `later` a worker does it.

        Raises StateError (106) if the request could do nothing, and needs no run.
        """
        with parsers_freed():
            called, given, root = _decoded(service, elements)
            call = call_of(caller, if_match=if_match)
            if later:
                run = _enqueued(called, given, call, without_credentials(root))
            else:
                run = called.run(given, call).headers.get("Relink-Run")
        if run is None:
            raise StateError("you may not administer any of these nodes, so nothing can be updated")
        return int(run)

    def kept_response(self, run: Run) -> Response | None:
        """Return the response of a run as it was sent, or None if it has none."""
        return response_of(resources().engine, run)

    def updates(self, run: Run) -> Iterator[dict[str, Any]]:
        """Return the updates in the kept response of a run, in their order: texts by the names of their elements, and
        lists of the same for elements that end in `List`. The response is read as the updates are used."""
        response = self.kept_response(run)
        return iter(()) if response is None else _updates(response)


def _updates(response: Response) -> Iterator[dict[str, Any]]:
    parser: Any = ElementTree.XMLPullParser(["start", "end"])  # the document is our own
    update_list: ElementTree.Element | None = None
    for block in response.response:
        parser.feed(block)
        for event, element in parser.read_events():
            if event == "start" and element.tag == _LIST:
                update_list = element
            elif event == "end" and element.tag == _UPDATE and update_list is not None:
                yield _as_dict(element)
                update_list.clear()


def _response_or_failure(
    service: str, document: RequestDocument, caller: Caller
) -> tuple[Response, Sequence[tuple[str, str]]]:
    """Return the response of a service, also one that says why the request failed, and the faults in the request."""
    try:
        called = SERVICES[service]
        given = decode(called.request, valid_tree(document))
        with nullcontext() if called.long else short_statements():
            return http_response(service, called.run(given, call_of(caller))), ()
    except RelinkError as error:
        return failed(service, error), reported_faults(error)


def _decoded(service: str, elements: Mapping[str, str]) -> tuple[Service[Any], object, etree._Element]:
    given = [(path, text) for path, text in elements.items() if text != ""]
    root = valid_tree(request_of(service, given, resources().settings.max_request_bytes))
    called = SERVICES[service]
    return called, decode(called.request, root), root


def _enqueued(called: Service[Any], given: object, call: Call, document: bytes) -> str | None:
    wanted = called.prepare(given, call).wanted if called.prepare else None
    if wanted is None:
        return None
    wanted = replace(wanted, if_match=call.if_match)
    try:
        return str(enqueue(call.engine, call.caller, wanted, [document], resources().settings.max_queued_bytes))
    except RequestTooLargeError as error:
        raise Refused(413, error.description) from None


def _as_dict(element: ElementTree.Element) -> dict[str, Any]:
    return {
        child.tag: [_as_dict(entry) if len(entry) else {entry.tag: entry.text or ""} for entry in child]
        if child.tag.endswith("List")
        else child.text or ""
        for child in element
    }
