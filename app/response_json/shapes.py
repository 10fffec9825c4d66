"""The shapes of responses as JSON, from their schemas: which elements repeat, and which texts are numbers or booleans.

Reads the constructs of XML Schema that the published schemas of responses use: named types, sequences, groups,
extensions, and simple types that restrict others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path

from lxml import etree

from app.web.schema_directory import SCHEMA_DIRECTORY

_XS = "{http://www.w3.org/2001/XMLSchema}"
_NUMBERS = frozenset({"decimal", "double", "int", "integer", "nonNegativeInteger"})


class Kind(Enum):
    """What an element is in JSON."""

    OBJECT = "object"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"


@dataclass(frozen=True)
class Shape:
    """What an element is in JSON: its kind, whether it may be repeated, and the elements in it."""

    kind: Kind
    repeated: bool = False
    children: Mapping[str, Shape] = field(default_factory=dict)


@cache
def response_shape(root: str) -> Shape:
    """Return the shape of the response with this root element."""
    return _Schema(SCHEMA_DIRECTORY / "responses" / f"{root}.xsd").shape(root)


class _Schema:
    """A schema file with the files that it includes."""

    def __init__(self, file: Path) -> None:
        self._named: dict[tuple[str, str], etree._Element] = {}
        self._read(file)

    def _read(self, file: Path) -> None:
        root = etree.parse(file).getroot()
        for child in root.iterchildren(tag=etree.Element):
            if child.tag == f"{_XS}include":
                self._read(file.parent / child.get("schemaLocation", ""))
            elif (name := child.get("name")) is not None:
                self._named[etree.QName(child).localname, name] = child

    def shape(self, root: str) -> Shape:
        return self._of_element(self._named["element", root])

    def _of_element(self, element: etree._Element) -> Shape:
        repeated = element.get("maxOccurs", "1") != "1"
        name = element.get("type", "xs:string")
        complex_type = self._named.get(("complexType", name))
        if complex_type is None:
            return Shape(self._kind(name), repeated)
        return Shape(Kind.OBJECT, repeated, dict(self._children(complex_type)))

    def _children(self, parent: etree._Element) -> Iterator[tuple[str, Shape]]:
        """Yield the elements in a type, a group, or a part of one of them."""
        for child in parent.iterchildren(tag=etree.Element):
            match etree.QName(child).localname:
                case "element":
                    yield child.get("name", ""), self._of_element(child)
                case "group":
                    yield from self._children(self._named["group", child.get("ref", "")])
                case "extension":
                    yield from self._children(self._named["complexType", child.get("base", "")])
                    yield from self._children(child)
                case "annotation":
                    pass
                case _:
                    yield from self._children(child)

    def _kind(self, name: str) -> Kind:
        """Return the kind of a simple type: that of the built-in type from which it is derived."""
        if name.startswith("xs:"):
            built_in = name.removeprefix("xs:")
            return Kind.NUMBER if built_in in _NUMBERS else Kind.BOOLEAN if built_in == "boolean" else Kind.TEXT
        restriction = self._named["simpleType", name].find(f"{_XS}restriction")
        return Kind.TEXT if restriction is None else self._kind(restriction.get("base", "xs:string"))
