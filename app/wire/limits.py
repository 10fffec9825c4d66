"""Messages about the limits of the XML parser.

libxml2 has fixed limits that keep a document from using up memory. Its messages advise programmers to switch them off,
so the messages here name the limit and where the document exceeds it instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Final

from lxml import etree

from app.web.refusal import Refused
from app.wire.parsers import OPTIONS

MOST_VALUE: Final = 10_000_000
MOST_NAME: Final = 50_000
MOST_DEPTH: Final = 256

_VALUE = f"a value has at most {MOST_VALUE:,} bytes in UTF-8"
_TAG = f"a tag, comment or processing instruction has at most about {MOST_VALUE:,} bytes"
_NAME = f"a name has at most {MOST_NAME:,} bytes in UTF-8"
_DEPTH = f"elements are nested at most {MOST_DEPTH} deep"
_SHOWN_STEPS = 8
_SHOWN_NAME = 100


def not_well_formed(error: etree.XMLSyntaxError, path: Callable[[], Sequence[str]]) -> Refused:
    """Return the refusal of a document that cannot be parsed.

    `path` returns the steps, below the root, to the element in which the parser stopped.
    """
    limit = _limit(error)
    if limit is None:
        return Refused(400, f"the document is not well-formed: {error.msg}")
    where = _shown(path())
    return Refused(400 if limit == _DEPTH else 413, f"{where}{': ' if where else ''}{limit} (line {error.lineno})")


def path_of_fault(file: IO[bytes]) -> list[str]:
    """Return the steps, below the root, to the element in which a document cannot be parsed further."""
    elements = _OpenElements()
    file.seek(0)
    with suppress(etree.XMLSyntaxError):
        etree.parse(file, etree.XMLParser(target=elements, **OPTIONS))
    return elements.path[1:]


class _OpenElements:
    """A parser target that knows which elements are open.

    It ignores all that follows a value that is too long, which the parser itself accepts when it builds no tree. It
    does not raise an exception to stop the parser, since lxml then leaks the dictionary of all names that the thread
    reads.
    """

    def __init__(self) -> None:
        self.path: list[str] = []
        self._counts: list[dict[str, int]] = [{}]
        self._bytes = 0
        self._ended = False

    def start(self, tag: str | bytes, _attributes: object) -> None:
        if self._ended:
            return
        name, counts = str(tag), self._counts[-1]
        number = counts[name] = counts.get(name, 0) + 1
        self.path.append(name if number == 1 else f"{name}[{number}]")
        self._counts.append({})
        self._bytes = 0

    def end(self, _tag: str | bytes) -> None:
        if self._ended:
            return
        self.path.pop()
        self._counts.pop()
        self._bytes = 0

    def data(self, text: str | bytes) -> None:
        self._bytes += len(str(text).encode())
        self._ended = self._ended or self._bytes > MOST_VALUE

    def comment(self, _text: str | bytes) -> None:
        """Ignore a comment."""

    def close(self) -> None:
        """Do nothing. A target of the parser needs this method."""


def _shown(path: Sequence[str]) -> str:
    """Return a path for a message. A long path is shortened, and so are long names in it."""
    steps = [step[:_SHOWN_NAME] for step in path[:_SHOWN_STEPS]]
    return "/".join(steps if len(path) <= _SHOWN_STEPS else [*steps, "..."])


def _limit(error: etree.XMLSyntaxError) -> str | None:
    """Return the limit that a document exceeds, or None if it is not well-formed for another reason."""
    message = error.msg or ""
    code: int = error.code  # type: ignore[attr-defined]
    if code == etree.ErrorTypes.ERR_NAME_TOO_LONG:
        return _NAME
    if "depth" in message:
        return _DEPTH
    if "Text node too long" in message or "CData section too big" in message:
        return _VALUE
    if code == etree.ErrorTypes.ERR_RESOURCE_LIMIT or "too big" in message:
        return _TAG
    return None
