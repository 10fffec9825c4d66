"""Scans a document while its body arrives: its root element, the elements at its beginning, and its size.

expat reads the document for two reasons: no tree is built for a document whose sender is not known yet, and libxml2
keeps every name that it reads for as long as the thread lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

from app.text import WHITE_SPACE
from app.web.refusal import Refused
from app.wire.schemas import element_names

CREDENTIALS: Final = ("userLogonReference", "password")
"""The elements of a message that hold credentials."""

HEAD_LIMIT: Final = 64 * 1024
"""The root element and, in an import, the credentials must come within this many bytes."""

LARGE: Final = frozenset({"NodeImport"})
"""The services whose requests may be large. They are read as a stream, and begin with their credentials."""

_LEADING: Final = frozenset({*CREDENTIALS, "action"})
_LONGEST_TEXT = 4096
_MOST_NODES = 20_000
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "utf16", "utf-16le", "utf-16be"})


class EnoughError(Exception):
    """Raised by a handler when all that is needed of the document has been read."""


class Scan:
    """Reads a document in UTF-8 block by block. Every method raises Refused if the document is not accepted."""

    found: DocumentHead
    """What has come so far."""

    def __init__(self, on_root: Callable[[str], None]) -> None:
        """Call `on_root` with the name of the root element, before anything in it is read."""
        # No handler may refer to the parser. The names that a parser keeps would stay in a reference cycle, and cycles
        # are collected by the number of objects in them, which strings do not count for.
        self.found = DocumentHead(on_root)
        parser = expat.ParserCreate("utf-8", None, {})
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.XmlDeclHandler = _check_declaration
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.ProcessingInstructionHandler = self.found.instruction
        parser.StartElementHandler = self.found.start
        parser.EndElementHandler = self.found.end
        parser.CharacterDataHandler = self.found.text
        self._parser = parser
        self._size = 0

    def feed(self, block: bytes) -> None:
        """Read the next block."""
        self._parse(block, last=False)
        self._size += len(block)
        if self.found.root is None and self._size >= HEAD_LIMIT:
            raise Refused(400, "the document is not well-formed: no root element in its first 64 KiB")

    def close(self) -> None:
        """Read the end of the document."""
        self._parse(b"", last=True)

    def _parse(self, block: bytes, *, last: bool) -> None:
        if self.found.leading_ended and self.found.root in LARGE:
            return
        try:
            self._parser.Parse(block, last)
        except EnoughError:
            pass
        except expat.ExpatError as error:
            raise _fault(error) from None


class DocumentHead:
    """What a scan has found in the document so far."""

    root: str | None
    """The name of the root element, as soon as it is known."""
    texts: dict[str, str]
    """The credentials by the names of their elements. In a large request they come before any other element."""
    leading_ended: bool
    """Whether another element has come. A large request is not scanned further from there on."""
    nodes: int
    """How many elements and attributes have come."""
    ordinary: bool
    """Whether the document has only element names of the schemas, and no attributes or processing instructions."""

    def __init__(self, on_root: Callable[[str], None]) -> None:
        self._on_root: Callable[[str], None] | None = on_root
        self.root = None
        self.texts = {}
        self.leading_ended = False
        self.ordinary = True
        self.nodes = 0
        self._depth = 0
        self._open: str | None = None
        self._names = element_names()

    def start(self, name: str, attributes: list[str]) -> None:
        """Take the start of an element."""
        self._depth += 1
        self.nodes += 1 + len(attributes) // 2
        if self.nodes > _MOST_NODES:
            raise Refused(413, f"the document is too large: at most {_MOST_NODES} elements and attributes are accepted")
        if attributes or name not in self._names:
            self.ordinary = False
        if self._depth == 1:
            self._take_root(name)
        elif self._depth == 2:
            self.leading_ended = self.leading_ended or name not in _LEADING
            if self.leading_ended and self.root in LARGE:
                raise EnoughError
            if name in CREDENTIALS and name not in self.texts:
                self.texts[name] = ""
                self._open = name

    def text(self, text: str) -> None:
        """Take text in an element."""
        name = self._open
        if name is not None and self._depth == 2 and len(self.texts[name]) < _LONGEST_TEXT:
            # White space before a name does not count, and must not use up the length.
            ignored = WHITE_SPACE if name != "password" and not self.texts[name] else ""
            self.texts[name] += text.lstrip(ignored) if ignored else text

    def end(self, _name: str) -> None:
        """Take the end of an element."""
        self._depth -= 1
        if self._depth <= 1:
            self._open = None
        if self._depth == 0:
            self.leading_ended = True

    def instruction(self, _target: str, _data: str) -> None:
        """Take a processing instruction."""
        self.ordinary = False

    def _take_root(self, name: str) -> None:
        self.root = name
        on_root, self._on_root = self._on_root, None
        if on_root is not None:
            on_root(name)


def _check_declaration(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise Refused(400, f"the encoding {encoding[:40]!r} is not accepted: send UTF-8 or UTF-16")


def _refuse_doctype(*_: object) -> None:
    raise Refused(400, "a document type declaration is not accepted")


def _fault(error: expat.ExpatError) -> Refused:
    reason = expat.ErrorString(error.code)
    if error.code == expat.errors.codes[expat.errors.XML_ERROR_XML_DECL]:
        reason += " (the encoding must be UTF-8 or UTF-16)"
    return Refused(400, f"the document is not well-formed: {reason}, line {error.lineno}, column {error.offset + 1}")
