"""The XML parsers: libxml2 through lxml, configured so that a document can do no harm."""

from __future__ import annotations

from typing import Any

from lxml import etree

OPTIONS: dict[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""For every parser. Nothing is fetched or expanded, the text is known to be UTF-8, and libxml2's limits on depth and on
the length of a text hold. Without comments and processing instructions a value is one text."""


def hardened_parser() -> etree.XMLParser:
    """Return a parser for a whole document."""
    return etree.XMLParser(**OPTIONS)


def validating_parser(schema: etree.XMLSchema) -> etree.XMLParser:
    """Return a parser that raises XMLSyntaxError if a document is not valid. The document must be known to be
    well-formed, since the parser misses some errors of well-formedness when it validates."""
    return etree.XMLParser(schema=schema, **OPTIONS)
