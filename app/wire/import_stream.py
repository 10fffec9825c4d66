"""A NodeImport document, read as a stream: each node is validated by itself, and the document is never held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import IO, cast

from lxml import etree

from app.errors import MOST_FAULTS
from app.nodes.import_document import ImportNode
from app.services.node_import import SERVICE, ImportAction, NodeImportRequest
from app.text import WHITE_SPACE, collapsed, is_blank
from app.web.refusal import Refused
from app.wire.import_nodes import NodeReader, taken_together
from app.wire.limits import not_well_formed, path_of_fault
from app.wire.parsers import OPTIONS
from app.wire.refused_requests import NotValidError
from app.wire.request_document import RequestDocument
from app.wire.scan import CREDENTIALS
from app.wire.schemas import faults, is_valid

IMPORT = SERVICE.name

_LONGEST_ACTION = 100
_END_OF_LIST = b"</NodeList>"
_TAIL = 64 * 1024
_BLOCK = 64 * 1024

# The largest part of a document that may be one node: 64 MiB, and about 120,000 members.
_MOST_BYTES = 64 * 1024 * 1024
_MOST_MARKS = 1_000_000
# The largest number of attributes in one tag, since the parser holds a tag in memory until it ends.
_MOST_MARKS_AT_ONCE = 200_000
# What is left of a valid document after a block is read: the last parts of its last node.
_MOST_LEFT = 1000


def import_request(document: RequestDocument, credentials: Mapping[str, str]) -> NodeImportRequest:
    """Return the request that `document` makes, signed with `credentials` at its beginning.

    Its nodes raise Refused or NotValidError while they are read, if the document is not right.
    """
    action = collapsed(_action(document.file))
    known = action if action in list(ImportAction) else ""
    return NodeImportRequest(ImportAction(known or ImportAction.FORCE), _nodes(document.file, credentials))


def _nodes(file: IO[bytes], credentials: Mapping[str, str]) -> Iterator[ImportNode]:
    """Yield the nodes up to the first fault, and raise NotValidError after all faults are found."""
    found: list[tuple[str, str]] = []
    stream = _NodeStream(file)
    reader = NodeReader(1)
    for complete, incomplete in stream:
        # The parser may still write text behind the last one.
        together = complete[:-1]
        is_valid = taken_together(together, stream.elements, stream.attributes)
        for element in complete:
            found += _drop_before(element)
            node, faults_within = reader.finish(element, is_valid=is_valid and element is not complete[-1])
            found += faults_within
            if not found and node is not None:
                yield node
            del element[:]
            reader = NodeReader(reader.position + 1, keep=not found)
            if len(found) >= MOST_FAULTS:
                raise NotValidError(found)
        if together and not is_valid:
            found += _faults_beside(together[-1])
        if incomplete is not None:
            taken, faults_within = reader.take(incomplete)
            found += faults_within
            if taken:
                stream.count_again()
        if len(found) >= MOST_FAULTS:
            raise NotValidError(found)
    found += _faults_around(stream, credentials)
    if found:
        raise NotValidError(found)


def _action(file: IO[bytes]) -> str:
    """Return the action, which may stand before or behind the list of nodes."""
    found = _Action(to_the_end=_something_follows(file))
    parser = etree.XMLParser(target=found, **OPTIONS)
    file.seek(0)
    try:
        while not found.ended and (block := file.read(_BLOCK)):
            parser.feed(block)
        # A parser that is not closed leaks the dictionary of all names that its thread reads.
        parser.close()
    except etree.XMLSyntaxError as error:
        if not found.ended:
            raise not_well_formed(error, lambda: path_of_fault(file)) from None
    return found.text or ""


class _Action:
    """A parser target that finds the first `action` in a document.

    It does not raise an exception to stop the parser, since lxml then leaks the dictionary of all names that the thread
    reads.
    """

    ended: bool
    """Whether the rest of the document has no action."""

    def __init__(self, *, to_the_end: bool) -> None:
        self.text: str | None = None
        self.ended = False
        self._to_the_end = to_the_end
        self._depth = 0
        self._open = False

    def start(self, tag: str | bytes, _attributes: object) -> None:
        self._depth += 1
        if self._depth == 2 and tag == "NodeList" and not self._to_the_end:
            self.ended = True
        self._open = self._depth == 2 and tag == "action" and self.text is None and not self.ended
        if self._open:
            self.text = ""

    def end(self, _tag: str | bytes) -> None:
        self._depth -= 1
        self._open = False

    def data(self, text: str | bytes) -> None:
        if self._open and self.text is not None and len(self.text) < _LONGEST_ACTION:
            self.text = (self.text + str(text)).lstrip(WHITE_SPACE)

    def comment(self, _text: str | bytes) -> None:
        """Ignore a comment."""

    def close(self) -> None:
        """Do nothing. A target of the parser needs this method."""


class _NodeStream:
    """Yields the `Node` elements as the file is read: after each block those that it completes, and the one that it
    leaves incomplete, whose complete parts can be taken out.

    Raises Refused if the document is not well-formed or a node is too large, and NotValidError if a node or the list of
    nodes is in a wrong place, or if more elements are left after a block than a valid document can have.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        tags = ("{*}" + IMPORT, "NodeList", "Node")
        self._parser = etree.XMLPullParser(events=("start", "end"), tag=tags, **OPTIONS)
        self._bytes = self._marks = self._marks_at_once = self._nodes = 0
        # At least as many as the last nodes have, counted in the blocks that they are in: `<` without `/`, and `=`.
        self.elements = self.attributes = 0
        self._open: etree._Element | None = None
        self.node_list: etree._Element | None = None
        self.root: etree._Element | None = None

    def count_again(self) -> None:
        """Note that the parser has advanced, so it is not in the middle of a long tag."""
        self._marks_at_once = 0

    def __iter__(self) -> Iterator[tuple[list[etree._Element], etree._Element | None]]:
        self._file.seek(0)
        try:
            while block := self._file.read(_BLOCK):
                self._parser.feed(block)
                tags, attributes = block.count(b"<"), block.count(b"=")
                elements = tags - block.count(b"</")
                self.elements += elements
                self.attributes += attributes
                complete = self._complete()
                yield complete, self._open
                self._check_left()
                if complete:
                    self.elements, self.attributes = elements, attributes
                self._check_size(len(block), tags + attributes)
            self.root = self._parser.close()
        except etree.XMLSyntaxError as error:
            raise not_well_formed(error, lambda: path_of_fault(self._file)) from None

    def _complete(self) -> list[etree._Element]:
        complete = []
        for event, element in cast(Iterable[tuple[str, etree._Element]], self._parser.read_events()):
            if event == "start":
                self._begin(element)
            elif element.tag == "Node":
                self._open = None
                complete.append(element)
        if complete:
            self._nodes += len(complete)
            self._bytes = self._marks = self._marks_at_once = 0
        return complete

    def _begin(self, element: etree._Element) -> None:
        parent = element.getparent()
        if parent is None:
            self.root = element
        elif element.tag == "NodeList" and self.node_list is None and parent is self.root:
            self.node_list = element
        elif element.tag == "Node" and parent is self.node_list:
            self._open = element
        else:
            raise NotValidError([(str(element.tag), "is not expected here")])

    def _check_left(self) -> None:
        """Check how much of the document is left after its complete nodes and parts were taken out."""
        if self.root is None:
            return
        left = sum(1 for _ in islice(self.root.iter(), _MOST_LEFT + 1))
        if left > _MOST_LEFT:
            raise NotValidError(faults(IMPORT, self.root))

    def _check_size(self, size: int, marks: int) -> None:
        """Check the size of the incomplete node, with that of the last block and the tags and attributes in it."""
        self._bytes += size
        self._marks += marks
        self._marks_at_once += marks
        if self._bytes > _MOST_BYTES or self._marks > _MOST_MARKS or self._marks_at_once > _MOST_MARKS_AT_ONCE:
            limit = "a node has at most 64 MiB, and about 120,000 members"
            raise Refused(413, f"NodeList/Node[{self._nodes + 1}]: {limit}")


def _something_follows(file: IO[bytes]) -> bool:
    """Whether elements may come behind the list of nodes."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    _, end, after = file.read().rpartition(_END_OF_LIST)
    return not end or after.strip() != f"</{IMPORT}>".encode()


def _drop_before(node: etree._Element) -> list[tuple[str, str]]:
    """Free the node before this one, and return the faults of other content there."""
    found: list[tuple[str, str]] = []
    parent = node.getparent()
    while parent is not None and (previous := node.getprevious()) is not None and len(found) < MOST_FAULTS:
        found += _faults_beside(previous)
        parent.remove(previous)
    return found


def _faults_beside(element: etree._Element) -> list[tuple[str, str]]:
    """Return the faults in a list of nodes that the validation of a single node does not see: another element, and
    text behind an element."""
    found = [] if element.tag == "Node" else [(f"NodeList/{str(element.tag)[:100]}", "is not expected")]
    if not is_blank(element.tail):
        found.append(("NodeList", "text between the nodes is not allowed"))
    return found


def _faults_around(stream: _NodeStream, credentials: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the faults of the document around its nodes."""
    found = []
    if stream.node_list is not None:
        beside = chain.from_iterable(_faults_beside(element) for element in stream.node_list)
        found = list(islice(beside, MOST_FAULTS))
        del stream.node_list[:]
    root = cast(etree._Element, stream.root)
    if not is_valid(IMPORT, root, large=False):
        return found + faults(IMPORT, root)
    late = [name for name in CREDENTIALS if root.find(name) is not None and name not in credentials]
    return found + [(name, "must come before the list of nodes, in the first 64 KiB of the document") for name in late]
