"""A NodeImport document, read as a stream: each node validated by itself, and the document never held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import IO, cast

from lxml import etree

from app.nodes.importing import ImportMember, ImportNode, ImportVersion
from app.services.node_import import SERVICE, ImportAction, NodeImportRequest
from app.text import WHITE_SPACE, collapsed, is_blank, present
from app.wire.decode import whole_number
from app.wire.intake import Document
from app.wire.limits import not_well_formed, path_of_fault
from app.wire.parsers import OPTIONS
from app.wire.refusal import NotValidError, Refused
from app.wire.schemas import IMPORTED_NODE, MOST_FAULTS, faults, is_valid

IMPORT = SERVICE.name

_LEADING = ("userLogonReference", "password", "action")
_LONGEST_LEADING = 4096
_END_OF_LIST = b"</NodeList>"
_TAIL = 64 * 1024
_BLOCK = 64 * 1024

# How much of a document may be one node, which is held whole: 64 MiB, and about 120,000 members.
_MOST_BYTES = 64 * 1024 * 1024
_MOST_MARKS = 1_000_000


def leading_elements(document: Document) -> dict[str, str]:
    """The credentials and the action, which mostly stand before the list, and may stand behind it.

    Whoever sends the document is not known yet: no tree is built of it.
    """
    found = _Leading(to_the_end=_something_follows(document.file))
    parser = etree.XMLParser(target=found, **OPTIONS)
    document.file.seek(0)
    try:
        while block := document.file.read(_BLOCK):
            parser.feed(block)
        parser.close()
    except _EnoughError:
        pass
    except etree.XMLSyntaxError as error:
        raise not_well_formed(error, lambda: path_of_fault(document.file)) from None
    return found.texts


def import_request(document: Document, leading: dict[str, str]) -> NodeImportRequest:
    """The request; its nodes raise Refused or NotValidError when they are read and the document is not right."""
    action = collapsed(leading.get("action", ""))
    known = action if action in list(ImportAction) else ""
    return NodeImportRequest(ImportAction(known or ImportAction.FORCE), _nodes(document))


def _nodes(document: Document) -> Iterator[ImportNode]:
    """The nodes; from the first fault on none any more, until all faults are found."""
    found: list[tuple[str, str]] = []
    stream = _NodeStream(document.file)
    for position, element in enumerate(stream, start=1):
        found += _drop_before(element)
        if not is_valid(IMPORTED_NODE, element, large=stream.may_be_large):
            found += [_below(f"NodeList/Node[{position}]", fault) for fault in faults(IMPORTED_NODE, element)]
        if len(found) >= MOST_FAULTS:
            raise NotValidError(found)
        if not found:
            yield _node(element)
        del element[:]
    found += _faults_around(stream)
    if found:
        raise NotValidError(found)


class _EnoughError(Exception):
    """The list of nodes begins, and nothing follows it."""


class _Leading:
    """What a parser tells of a document's parts."""

    def __init__(self, *, to_the_end: bool) -> None:
        self.texts: dict[str, str] = {}
        self._to_the_end = to_the_end
        self._depth = 0
        self._present: str | None = None

    def start(self, tag: str | bytes, _attributes: object) -> None:
        self._depth += 1
        tag = str(tag)
        if self._depth == 2 and tag == "NodeList" and not self._to_the_end:
            raise _EnoughError
        self._present = tag if self._depth == 2 and tag in _LEADING and tag not in self.texts else None
        if self._present:
            self.texts[tag] = ""

    def end(self, _tag: str | bytes) -> None:
        self._depth -= 1
        self._present = None

    def data(self, text: str | bytes) -> None:
        if self._present is None or len(self.texts[self._present]) >= _LONGEST_LEADING:
            return
        text = str(text)
        if self._present != "password" and not self.texts[self._present]:
            text = text.lstrip(WHITE_SPACE)  # which does not count, and must not use up the length
        self.texts[self._present] += text

    def comment(self, _text: str | bytes) -> None:
        """Comments are not told of."""

    def close(self) -> None:
        """Nothing more."""


class _NodeStream:
    """The `Node` elements, as the file is read; each is complete, and those before it may be dropped.

    Raises Refused where the document is not well-formed or a node is too large, NotValidError where a node or the
    list of nodes stands somewhere else.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._parser = etree.XMLPullParser(events=("start", "end"), tag=("NodeList", "Node"), **OPTIONS)
        self._bytes = 0
        self._marks = 0
        self._nodes = 0
        self.node_list: etree._Element | None = None
        self.root: etree._Element
        """The document without its nodes, once all of them have been read."""

    @property
    def may_be_large(self) -> bool:
        """Whether the present node began before the present block."""
        return self._bytes > 0

    def __iter__(self) -> Iterator[etree._Element]:
        self._file.seek(0)
        try:
            while block := self._file.read(_BLOCK):
                self._parser.feed(block)
                yield from self._complete()
                self._count(block)
            self.root = self._parser.close()
        except etree.XMLSyntaxError as error:
            raise not_well_formed(error, lambda: path_of_fault(self._file)) from None

    def _complete(self) -> Iterator[etree._Element]:
        for event, element in cast(Iterable[tuple[str, etree._Element]], self._parser.read_events()):
            if event == "start":
                self._begin(element)
            elif element.tag == "Node":
                self._nodes += 1
                yield element
                self._bytes = self._marks = 0

    def _begin(self, element: etree._Element) -> None:
        parent = element.getparent()
        if element.tag == "NodeList" and self.node_list is None and parent is not None and parent.getparent() is None:
            self.node_list = element
        elif element.tag == "NodeList" or parent is not self.node_list:
            raise NotValidError([(str(element.tag), "is not expected here")])

    def _count(self, block: bytes) -> None:
        self._bytes += len(block)
        self._marks += block.count(b"<") + block.count(b"=")
        if self._bytes > _MOST_BYTES or self._marks > _MOST_MARKS:
            limit = "a node has at most 64 MiB, and about 120,000 members"
            raise Refused(413, f"NodeList/Node[{self._nodes + 1}]: {limit}")


def _something_follows(file: IO[bytes]) -> bool:
    """Whether elements may come behind the list of nodes."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    _, end, after = file.read().rpartition(_END_OF_LIST)
    return not end or after.strip() != f"</{IMPORT}>".encode()


def _drop_before(node: etree._Element) -> list[tuple[str, str]]:
    """Free the node before this one. What else stands there is a fault."""
    found: list[tuple[str, str]] = []
    parent = node.getparent()
    while parent is not None and (previous := node.getprevious()) is not None and len(found) < MOST_FAULTS:
        found += _faults_beside(previous)
        parent.remove(previous)
    return found


def _faults_beside(element: etree._Element) -> list[tuple[str, str]]:
    """An element of the list of nodes that is none, and text behind an element, which a node's own validation does
    not see."""
    found = [] if element.tag == "Node" else [(f"NodeList/{str(element.tag)[:100]}", "is not expected")]
    if not is_blank(element.tail):
        found.append(("NodeList", "text between the nodes is not allowed"))
    return found


def _faults_around(stream: _NodeStream) -> list[tuple[str, str]]:
    """What is wrong with the document around its nodes."""
    found = []
    if stream.node_list is not None:
        beside = chain.from_iterable(_faults_beside(element) for element in stream.node_list)
        found = list(islice(beside, MOST_FAULTS))
        del stream.node_list[:]
    if not is_valid(IMPORT, stream.root, large=True):
        found += faults(IMPORT, stream.root)
    return found


def _below(path: str, fault: tuple[str, str]) -> tuple[str, str]:
    within, reason = fault
    return f"{path}/{within}" if within else path, reason


def _node(element: etree._Element) -> ImportNode:
    versions = tuple(_version(version) for version in element.iterfind("VersionList/Version"))
    return ImportNode(_token(element, "nodeReference") or "", versions)


def _version(element: etree._Element) -> ImportVersion:
    return ImportVersion(
        number=whole_number(element.findtext("nodeVersionNumber") or ""),
        frozen=_token(element, "frozenIndicator") == "true",
        name=present(element.findtext("nodeName")),
        comment=present(element.findtext("nodeVersionComment")),
        type_reference=_token(element, "nodeVersionReferenceType"),
        members=tuple(_member(member) for member in element.iterfind("MemberList/Member")),
    )


def _member(element: etree._Element) -> ImportMember:
    texts: dict[str, str | None] = {child.tag: child.text for child in element}
    scale = collapsed(texts.get("nodeMemberScale") or "")
    return ImportMember(
        member_type_reference=collapsed(texts.get("nodeVersionReferenceMemberType") or ""),
        value=texts.get("nodeMemberValue") or None,
        scale=float(scale) if scale else None,
        target_reference=collapsed(texts.get("nodeVersionReferenceTarget") or "") or None,
        comment=present(texts.get("nodeMemberComment")),
    )


def _token(element: etree._Element, name: str) -> str | None:
    return collapsed(element.findtext(name) or "") or None
