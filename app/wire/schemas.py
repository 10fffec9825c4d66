"""Validation by the published schemas: libxml2 decides whether a document is valid, xmlschema explains why not."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import cast

from lxml import etree

from app.errors import MOST_FAULTS
from app.web.schema_directory import SCHEMA_DIRECTORY
from app.web.secret_names import names_a_secret
from app.wire.parsers import validating_parser

IMPORTED_NODE = "NodeImport/Node"
"""The grammar of the parts of a NodeImport that are validated alone; all others are named like their services."""

_IMPORTED_NODE_SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:include schemaLocation="NodeImport.xsd"/>
  <xs:element name="NodeList" type="ImportNodeList"/>
  <xs:element name="Node" type="ImportNode"/>
  <xs:element name="VersionList" type="ImportVersionList"/>
  <xs:element name="Version" type="ImportVersion"/>
  <xs:element name="MemberList" type="ImportMemberList"/>
  <xs:element name="Member" type="ImportMember"/>
</xs:schema>
"""
_REQUESTS = SCHEMA_DIRECTORY / "requests"
_XS_ELEMENT = "{http://www.w3.org/2001/XMLSchema}element"

# No element of the schemas has attributes except the few of XML itself.
MOST_ATTRIBUTES = 100
_ATTRIBUTES = etree.XPath("count(descendant-or-self::*/@*)")

# Explaining takes time that grows with the square of what is wrong, so only this much of a document is explained.
_EXPLAINED_CHILDREN = 1000
_EXPLAINED_ATTRIBUTES = 100
_LIGHT = 1000
_LONGEST_TEXT = 600

_MOST_LOG_TEXT = 64 * 1024

_idle: defaultdict[str, list[etree.XMLSchema]] = defaultdict(list)
_compiling = threading.Lock()
"""libxml2 prepares its built-in types when it compiles the first schema, and crashes if two threads do so at once."""


@cache
def element_names() -> frozenset[str]:
    """Return the names of all elements in the schemas of requests."""
    files = [*_REQUESTS.glob("*.xsd"), SCHEMA_DIRECTORY / "common.xsd"]
    elements = (element for file in files for element in etree.parse(file).iter(_XS_ELEMENT))
    return frozenset(name for element in elements if (name := element.get("name")) is not None)


@contextmanager
def compiled(grammar: str) -> Iterator[etree.XMLSchema]:
    """Lend the compiled schema of a grammar: to one thread at a time, since its error log is not thread-safe."""
    try:
        schema = _idle[grammar].pop()
    except IndexError:
        with _compiling:
            schema = _compile(grammar)
    yield schema
    # A schema keeps its error log until it is used again.
    log = cast(Sequence[etree._LogEntry], schema.error_log)
    if len(log) <= MOST_FAULTS and sum(len(entry.message) for entry in log) <= _MOST_LOG_TEXT:
        _idle[grammar].append(schema)


def count(path: etree.XPath, element: etree._Element) -> int:
    """Return the number of nodes below an element. The path begins with `count(`, and is much faster than a loop."""
    return int(cast(float, path(element)))


def is_valid(grammar: str, root: etree._Element, *, large: bool, few_attributes: bool = False) -> bool:
    """Return whether a tree is valid. `few_attributes` says that it is known to have no more than 100 attributes.

    There are two ways to validate, and each takes quadratic time for some documents. To validate a tree, lxml notes the
    path of every fault, and counts the elements before each fault. With `large`, which says that there are many
    elements, the tree is therefore written, and validated while it is read again. Then libxml2 measures a value again
    with each character reference in it, so values must not be longer than a small request. An element with many
    attributes is invalid, and refused without validation, because libxml2 would note a fault for each attribute.
    """
    if not few_attributes and _has_many_attributes(root):
        return False
    with compiled(grammar) as schema:
        if not large:
            return schema.validate(root)
        try:
            etree.fromstring(etree.tostring(root, encoding="utf-8", with_tail=False), validating_parser(schema))
        except etree.XMLSyntaxError:
            return False
        return True


def _has_many_attributes(root: etree._Element) -> bool:
    return count(_ATTRIBUTES, root) > MOST_ATTRIBUTES and any(
        len(element.attrib) > MOST_ATTRIBUTES for element in root.iter(etree.Element)
    )


def faults(grammar: str, root: etree._Element) -> list[tuple[str, str]]:
    """Return what is wrong with an invalid tree, as (flat XML path, reason) pairs. Cuts the tree down to a size that
    can be explained quickly."""
    explained = list(_by_xmlschema(grammar, root)) if _cut(root) <= _LIGHT else []
    # xmlschema failed, or did not find the fault, such as a no-break space around a number.
    return explained or list(_by_libxml2(grammar, root)) or [("", "the document is not valid")]


def _by_xmlschema(grammar: str, root: etree._Element) -> Iterator[tuple[str, str]]:
    # Imported here, because it imports xmlschema, which is slow. Processes that see no invalid documents, such as
    # workers, do without. The web process imports it before its first request.
    from app.wire.explanations import explained  # noqa: PLC0415

    source = _IMPORTED_NODE_SCHEMA if grammar == IMPORTED_NODE else str(_REQUESTS / f"{grammar}.xsd")
    for path, reason in explained(source, str(_REQUESTS), root):
        yield _fault(path, reason)


def _by_libxml2(grammar: str, root: etree._Element) -> Iterator[tuple[str, str]]:
    with compiled(grammar) as schema:
        schema.validate(root)
        entries = list(islice(cast(Iterable[etree._LogEntry], schema.error_log), MOST_FAULTS))
    for entry in entries:
        yield _fault(entry.path or "", entry.message.partition(": ")[2] or entry.message)


def _cut(root: etree._Element) -> int:
    """Remove all but the first children and attributes of every element, and return how many are left.

    Those left are enough to explain the faults, since no element has so many different children or attributes.
    """
    weight = 0
    for element in root.iter():
        del element[_EXPLAINED_CHILDREN:]
        for name in list(element.attrib)[_EXPLAINED_ATTRIBUTES:]:
            del element.attrib[name]
        weight += 1 + len(element.attrib)
    return weight


def _fault(path: str, reason: str) -> tuple[str, str]:
    """Return the flat XML path, `a/b[2]` for `/Root/a/b[2]`, and the reason in one line, without secrets."""
    if names_a_secret(path):
        reason = "the value is not valid (it is not repeated here, since it may be a secret)"
    return _short(path.lstrip("/").partition("/")[2]), _short(reason)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else line[:_LONGEST_TEXT] + "..."


def _compile(grammar: str) -> etree.XMLSchema:
    if grammar == IMPORTED_NODE:
        return etree.XMLSchema(etree.fromstring(_IMPORTED_NODE_SCHEMA, base_url=str(_REQUESTS / "Node.xsd")))
    return etree.XMLSchema(file=str(_REQUESTS / f"{grammar}.xsd"))
