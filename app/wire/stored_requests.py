"""Requests as they are stored for a worker: without credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import IO
from xml.parsers import expat

from lxml import etree

from app.wire.limits import not_well_formed, path_of_fault
from app.wire.parsers import hardened_parser
from app.wire.refused_requests import NotValidError
from app.wire.scan import CREDENTIALS, HEAD_LIMIT, EnoughError

_BLOCK = 1024 * 1024
_LONGEST_TAG = 100
_ANYWHERE = re.compile(rf"<[^<>\s!?/]*({'|'.join(CREDENTIALS)})[\s/>]".encode())


def without_credentials(root: etree._Element) -> bytes:
    """Return a small request as a document."""
    copied = deepcopy(root)
    for name in CREDENTIALS:
        for element in copied.findall(name):
            copied.remove(element)
    return etree.tostring(copied, encoding="utf-8")


def small_import_without_credentials(file: IO[bytes]) -> list[bytes]:
    """Return an import that is no larger than other requests. Its credentials may be anywhere."""
    file.seek(0)
    try:
        return [without_credentials(etree.parse(file, hardened_parser()).getroot())]
    except etree.XMLSyntaxError as error:
        raise not_well_formed(error, lambda: path_of_fault(file)) from None


def import_without_credentials(file: IO[bytes]) -> Iterator[bytes]:
    """Yield an import, which begins with its credentials, in blocks. Raises NotValidError if they come later."""
    file.seek(0)
    head = file.read(HEAD_LIMIT)
    begin = 0
    rest = bytearray()
    for start, end in _places(head):
        rest += head[begin:start]
        begin = end
    rest += head[begin:]
    tail = b""
    while block := bytes(rest):
        found = _ANYWHERE.search(tail + block)
        if found is not None:
            name = found[1].decode()
            raise NotValidError([(name, "must come before the list of nodes, in the first 64 KiB of the document")])
        yield block
        tail = block[-_LONGEST_TAG:]
        rest = bytearray(file.read(_BLOCK))


def _places(head: bytes) -> list[tuple[int, int]]:
    """Return where the credentials at the beginning of a document begin and end."""
    found: list[tuple[int, int]] = []
    parser = expat.ParserCreate("utf-8")
    depth = 0
    begun = 0

    def start(name: str, _attributes: object) -> None:
        nonlocal depth, begun
        depth += 1
        if depth == 2:
            if name == "NodeList":
                raise EnoughError
            begun = parser.CurrentByteIndex

    def end(name: str) -> None:
        nonlocal depth
        if depth == 2 and name in CREDENTIALS:
            found.append((begun, head.index(b">", parser.CurrentByteIndex) + 1))
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    # A document that is not well-formed is refused by the worker, which reads it as a whole.
    with suppress(EnoughError, expat.ExpatError, ValueError):
        parser.Parse(head, False)
    return found
