"""The tree of a small document: parsed by libxml2 and found valid by its schema."""

from __future__ import annotations

from functools import partial
from threading import BoundedSemaphore

from lxml import etree

from app.wire.limits import not_well_formed, path_of_fault
from app.wire.parsers import hardened_parser
from app.wire.refused_requests import NotValidError
from app.wire.request_document import RequestDocument
from app.wire.schemas import faults, is_valid
from app.wire.threads import in_own_thread

# Memory that a tree took goes back to the allocator of its thread, not to the operating system: the fewer threads
# build large trees at the same time, the less a process holds after a flood of them.
_LARGE_AT_ONCE = BoundedSemaphore(2)

_MANY_NODES = 2000


def valid_tree(document: RequestDocument) -> etree._Element:
    """Return the root of a document. Raises Refused if it is not well-formed, NotValidError if it is not valid."""
    if document.ordinary and not document.large:
        return _valid_tree(document)
    with _LARGE_AT_ONCE:
        return in_own_thread(partial(_valid_tree, document))


def _valid_tree(document: RequestDocument) -> etree._Element:
    try:
        root = etree.parse(document.file, hardened_parser()).getroot()
    except etree.XMLSyntaxError as error:
        raise not_well_formed(error, lambda: path_of_fault(document.file)) from None
    if not is_valid(document.root, root, large=document.nodes > _MANY_NODES):
        raise NotValidError(faults(document.root, root))
    if document.fault is not None:
        raise document.fault  # The two parsers disagree about the end of the document.
    return root
