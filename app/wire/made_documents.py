"""Requests that are not sent as XML: they are written as the XML document that they mean, which the intake of all
requests then checks.

Every bound of an XML request applies to the document too, so that no other form of a request can be larger.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final, TypeAlias, Union

from app.text import is_writable
from app.web.refusal import Refused
from app.wire.refused_requests import NotValidError
from app.wire.request_document import RequestDocument
from app.wire.scan import CREDENTIALS, Scan
from app.wire.xml_writer import escape

MOST_DEPTH: Final = 32
_LONGEST_NAME = 100
_LONGEST_SHOWN = 60
_LEADING = (*CREDENTIALS, "action")


class Members(list[tuple[str, "MemberContent"]]):
    """The elements in an element: names and contents, in order. A name may come several times."""


MemberContent: TypeAlias = Union[str, bool, Members, "list[MemberContent]", None]
"""What an element has: a text, elements, or nothing. A list is as many elements of the same name."""


def made_document(service: str, members: Members, most: int) -> RequestDocument:
    """Return the request document for a service.

    Raises Refused if it would have more than `most` bytes or be nested too deep, and NotValidError if something in it
    cannot be written as XML.
    """
    # A stream such as that of NodeImport begins with the credentials.
    ordered = sorted(members, key=lambda member: member[0] not in _LEADING)
    writer = _Writer(most)
    writer.element(service, Members(ordered), ())
    body = "".join(writer.texts).encode()
    scan = Scan(lambda _root: None)
    scan.feed(body)
    scan.close()
    found = scan.found
    return RequestDocument(service, BytesIO(body), len(body), found.texts, found.ordinary, found.nodes)


class _Writer:
    def __init__(self, most: int) -> None:
        self.texts: list[str] = []
        self._most = most
        self._left = most

    def element(self, name: str, content: MemberContent, path: tuple[str, ...]) -> None:
        if len(path) > MOST_DEPTH:
            raise Refused(400, f"the request is nested more than {MOST_DEPTH} deep")
        self._write(f"<{name}>")
        if isinstance(content, Members):
            for child, of_child in content:
                self._member(child, of_child, path)
        elif isinstance(content, str):
            if not is_writable(content):
                raise NotValidError([("/".join(path), "the value has a character that XML cannot hold")])
            self._write(escape(content))
        elif isinstance(content, bool):
            self._write("true" if content else "false")
        self._write(f"</{name}>")

    def _member(self, name: str, content: MemberContent, path: tuple[str, ...]) -> None:
        if not _is_name(name):
            raise NotValidError([("/".join(path), f"{name[:_LONGEST_SHOWN]!a} is not the name of an element")])
        if content is None:
            return
        if isinstance(content, str | bool | Members):
            self.element(name, content, (*path, name))
            return
        for position, item in enumerate(content, start=1):
            where = (*path, name if position == 1 else f"{name}[{position}]")
            if isinstance(item, list) and not isinstance(item, Members):
                raise NotValidError([("/".join(where), "an array in an array has no meaning here")])
            self.element(name, item, where)

    def _write(self, text: str) -> None:
        self.texts.append(text)
        self._left -= len(text)
        if self._left < 0:
            raise Refused(413, f"the request has more than {self._most} bytes as XML, the most that is accepted")


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier() and len(name) <= _LONGEST_NAME
