"""Runs that a page begins: a worker does them, and the page of the run shows their progress."""

from __future__ import annotations

from typing import TypeAlias

from app.identity.rights import Caller
from app.runs.queued import enqueue
from app.runs.requests import RequestTooLargeError
from app.runs.wanted import WantedRun
from app.wire.asynchronous import as_refusal
from app.wire.context import resources
from app.wire.made_documents import Members, made_document

Elements: TypeAlias = Members
"""The elements of a request, or of one of its elements: names and contents, in order."""


def begin_run(caller: Caller, wanted: WantedRun, elements: Elements) -> int:
    """Record a run with the request that these elements make, for a worker, and return its number.

    Raises Refused (413) if the request is too large to wait, and BusyError if too much is waiting.
    """
    shared = resources()
    document = made_document(wanted.service, elements, shared.settings.max_request_bytes)
    try:
        return enqueue(shared.engine, caller, wanted, [document.file.read()], shared.settings.max_queued_bytes)
    except RequestTooLargeError as error:
        raise as_refusal(error) from None
