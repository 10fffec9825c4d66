"""The published schema files, and what libxml2 and xmlschema say of a document."""

from functools import cache
from typing import NamedTuple

import xmlschema
from lxml import etree

from tests.support.schema_files import SCHEMAS, schema_of_all

XS = "{http://www.w3.org/2001/XMLSchema}"
REQUESTS = sorted(path.stem for path in SCHEMAS.glob("requests/*.xsd"))
RESPONSES = sorted(path.stem for path in SCHEMAS.glob("responses/*.xsd"))
ROOTS = [f"requests/{name}" for name in REQUESTS] + [f"responses/{name}" for name in RESPONSES]
LONGEST_REFERENCE = "r" * 2000
ERROR = (
    "<errorNumber>105</errorNumber><errorDescription>technical</errorDescription>"
    "<errorMessage>for the person</errorMessage><errorFields>nodeReference</errorFields>"
)


class Table(NamedTuple):
    """Contents of a root element: some that the schema accepts and some that it refuses.

    The contents of a response come after an errorNumber of 0.
    """

    good: list[str]
    bad: list[str]


def parser() -> etree.XMLParser:
    """Comments are dropped while parsing, so that they do not cut a text in two."""
    return etree.XMLParser(no_network=True, resolve_entities=False, remove_comments=True, remove_pis=True)


def parse(document: str) -> etree._Element:
    return etree.fromstring(document.encode(), parser())


@cache
def source(schema: str) -> etree._Element:
    return etree.parse(str(SCHEMAS / f"{schema}.xsd"), parser()).getroot()


@cache
def libxml2(schema: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SCHEMAS / f"{schema}.xsd"), parser()))


@cache
def python(schema: str) -> xmlschema.XMLSchema10:
    return xmlschema.XMLSchema10(str(SCHEMAS / f"{schema}.xsd"), allow="local", defuse="always")


def valid(schema: str, document: str | etree._Element) -> bool:
    """The verdict of both libraries, which must be the same."""
    root = parse(document) if isinstance(document, str) else document
    by_libxml2 = libxml2(schema).validate(root)
    kind, _, name = schema.partition("/")
    by_python = root.tag == name and schema_of_all(kind).is_valid(root)
    text = etree.tostring(root, encoding="unicode")
    assert by_libxml2 == by_python, f"libxml2 {by_libxml2}, xmlschema {by_python}: {text[:300]}"
    return by_libxml2


def wrap(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def each(**contents: str) -> str:
    """Elements one after the other, by name."""
    return "".join(wrap(name, content) for name, content in contents.items())
