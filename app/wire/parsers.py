"""The parsers: libxml2 by way of lxml, set up so that a document can do no harm."""

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
    """A parser for a whole document."""
    return etree.XMLParser(**OPTIONS)


def validating_parser(schema: etree.XMLSchema) -> etree.XMLParser:
    """A parser that raises XMLSyntaxError for what is not valid. Only for what is known to be well-formed: the
    schema takes its place in line for messages, and some faults in the form then get lost."""
    return etree.XMLParser(schema=schema, **OPTIONS)
