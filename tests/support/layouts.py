"""The same request laid out in other ways, as a generator of XML or a pretty printer might write it."""

from __future__ import annotations

from lxml import etree

BLANK = "\r\n\t    "
AS_GIVEN = frozenset({"nodeMemberValue", "CustomField/value"})
"""The elements in which white space alone is a value."""


def compact(request: str) -> str:
    """Return the request without white space between its elements."""
    return etree.tostring(_tree(request), encoding="unicode")


def spread(request: str) -> str:
    """Return the request with each element on its own lines, also the end of an empty element."""
    tree = _tree(request)
    etree.indent(tree, "\t")
    for element in tree.iter(etree.Element):
        parent = element.getparent()
        path = f"{'' if parent is None else parent.tag}/{element.tag}"
        if not len(element) and not element.text and not AS_GIVEN & {element.tag, path}:
            element.text = BLANK
    return etree.tostring(tree, encoding="unicode").replace("&#13;", "\r")


def _tree(request: str) -> etree._Element:
    return etree.fromstring(request.encode(), etree.XMLParser(remove_blank_text=True))
