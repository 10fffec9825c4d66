"""Writes response documents as JSON.

An element is a member of the object of its parent, and the root is the whole response. An element that its schema
allows to be repeated is an array, whether there are none, one or many. Numbers and booleans are those of the schema;
every other text is a string. An element that is absent from the document is absent from the object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat

from app.response_json.shapes import Kind, Shape, response_shape

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?")
_BLOCK = 64 * 1024


def json_blocks(document: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a response document as JSON, in blocks, whatever its size."""
    # The writer does not refer to the parser, so that they form no reference cycle.
    writer = _Writer()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    for block in document:
        parser.Parse(block, False)
        if writer.size >= _BLOCK:
            yield writer.taken()
    parser.Parse(b"", True)
    yield writer.taken()


class _Open:
    """An element that is being read: its shape, what has been written in its object, and its text."""

    __slots__ = ("array", "empty", "left", "shape", "texts")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.empty = True
        self.array: str | None = None
        """The repeated child element whose array is open."""
        self.left = [name for name, child in shape.children.items() if child.repeated]
        """The repeated child elements that have not come."""
        self.texts: list[str] = []


class _Writer:
    """Writes JSON while a parser reads a response document."""

    def __init__(self) -> None:
        self.size = 0
        self._written: list[str] = []
        self._open: list[_Open] = []

    def taken(self) -> bytes:
        """Return what has been written since the last call."""
        block = "".join(self._written).encode()
        self._written, self.size = [], 0
        return block

    def _write(self, text: str) -> None:
        self._written.append(text)
        self.size += len(text)

    def start(self, name: str, _attributes: object) -> None:
        if not self._open:
            self._open.append(_Open(response_shape(name)))
            self._write("{")
            return
        parent = self._open[-1]
        shape = parent.shape.children[name]
        if parent.array == name:
            self._write(",")
        else:
            self._begin_member(parent, name)
            if shape.repeated:
                parent.array = name
                parent.left.remove(name)
                self._write("[")
        if shape.kind is Kind.OBJECT:
            self._write("{")
        self._open.append(_Open(shape))

    def _begin_member(self, parent: _Open, name: str) -> None:
        if parent.array is not None:
            self._write("]")
            parent.array = None
        self._write(f'"{name}":' if parent.empty else f',"{name}":')
        parent.empty = False

    def text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def end(self, _name: str) -> None:
        ended = self._open.pop()
        if ended.shape.kind is not Kind.OBJECT:
            self._write(_value(ended.shape.kind, "".join(ended.texts)))
            return
        for name in ended.left:
            self._begin_member(ended, name)
            self._write("[]")
        self._write("]}" if ended.array is not None else "}")
        if not self._open:
            self._write("\n")


def _value(kind: Kind, text: str) -> str:
    if kind is Kind.BOOLEAN and text in ("true", "false"):
        return text
    if kind is Kind.NUMBER and _JSON_NUMBER.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)
