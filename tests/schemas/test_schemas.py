"""The published schema files: they compile, and libxml2 and xmlschema read them alike."""

import io
import socket
from collections.abc import Iterator
from copy import deepcopy
from itertools import product

import pytest
from lxml import etree

from tests.schemas.identity_requests import IDENTITY_REQUESTS
from tests.schemas.identity_responses import FULL_IDENTITY_RESPONSES, IDENTITY_RESPONSES
from tests.schemas.list_requests import LIST_REQUESTS
from tests.schemas.list_responses import FULL_LIST_RESPONSES, LIST_RESPONSES
from tests.schemas.node_requests import FULL_IMPORT, NODE_REQUESTS, version
from tests.schemas.node_responses import DOCUMENTED_OUTPUT, FULL_NODE_RESPONSES, NODE_RESPONSES
from tests.schemas.reading import (
    ERROR,
    REQUESTS,
    RESPONSES,
    ROOTS,
    XS,
    libxml2,
    parse,
    python,
    source,
    valid,
    wrap,
)
from tests.schemas.solution_requests import SOLUTION_REQUESTS
from tests.schemas.solution_responses import FULL_SOLUTION_RESPONSES, SOLUTION_RESPONSES
from tests.support.schema_files import SCHEMAS, declaration, schema_of_all

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
REQUEST_TABLES = {**NODE_REQUESTS, **IDENTITY_REQUESTS, **SOLUTION_REQUESTS, **LIST_REQUESTS}
RESPONSE_TABLES = {**NODE_RESPONSES, **IDENTITY_RESPONSES, **SOLUTION_RESPONSES, **LIST_RESPONSES}
FULL_RESPONSES = {**FULL_NODE_RESPONSES, **FULL_IDENTITY_RESPONSES, **FULL_SOLUTION_RESPONSES, **FULL_LIST_RESPONSES}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a schema must not need the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def request_elements(service: str) -> list[etree._Element]:
    """The declarations below the root of a request."""
    return source(f"requests/{service}").findall(f"{XS}complexType[@name='{service}Request']/{XS}all/{XS}element")


def enumerated_types(service: str) -> set[str]:
    return {
        simple.get("name", "")
        for schema in ("common", f"requests/{service}")
        for simple in source(schema).findall(f"{XS}simpleType")
        if simple.find(f"{XS}restriction/{XS}enumeration") is not None
    }


# The files


def test_every_service_has_a_request_and_a_response() -> None:
    assert [*REQUESTS, "Error"] == sorted(RESPONSES, key=lambda name: (name == "Error", name))
    assert {"UpdateNodeVersions", "NodeImport", "GetNode", "FreezeNode", "CopyNode"} <= set(REQUESTS)
    assert {"CreateUser", "CreatePermission"} <= set(REQUESTS)


@pytest.mark.ledger("PRO-7")
@pytest.mark.parametrize("schema", ROOTS)
def test_both_libraries_compile_it_and_only_its_own_root_is_global(schema: str) -> None:
    """xmlschema compiles all files of a kind as one schema here, and each of them by itself in `make soak`."""
    kind, _, name = schema.partition("/")
    assert libxml2(schema) is not None
    assert schema_of_all(kind, strict=True).elements[name].name == name
    assert [element.get("name") for element in source(schema).findall(f"{XS}element")] == [name]


def test_the_shared_file_compiles_and_has_no_root() -> None:
    assert libxml2("common") is not None
    assert list(python("common").elements) == []


def test_all_files_have_one_form() -> None:
    for schema in ("common", *ROOTS):
        root = source(schema)
        text = (SCHEMAS / f"{schema}.xsd").read_text(encoding="utf-8")
        assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n'), schema
        assert (root.get("version"), root.get("targetNamespace")) == ("1", None), schema
        includes = [element.get("schemaLocation") for element in root.findall(f"{XS}include")]
        assert includes == ([] if schema == "common" else ["../common.xsd"]), schema
        assert not root.findall(f"{XS}import"), schema


def test_types_have_names_and_named_things_are_explained() -> None:
    for schema in ("common", *ROOTS):
        root = source(schema)
        for kind in ("simpleType", "complexType", "group"):
            named = root.findall(f"{XS}{kind}[@name]") + root.findall(f".//{XS}{kind}[@ref]")
            assert len(list(root.iter(f"{XS}{kind}"))) == len(named), f"{schema}: {kind}"
        for thing in root.iterchildren(f"{XS}element", f"{XS}simpleType", f"{XS}complexType", f"{XS}group"):
            text = thing.findtext(f"{XS}annotation/{XS}documentation", "")
            assert text.strip(), f"{schema}: {thing.get('name')} has no documentation"


@pytest.mark.parametrize("folder", ["requests", "responses"])
def test_a_type_name_means_one_thing_in_a_folder(folder: str) -> None:
    names = [
        thing.get("name")
        for schema in ["common", *(root for root in ROOTS if root.startswith(folder))]
        for thing in source(schema).iterchildren(f"{XS}simpleType", f"{XS}complexType")
    ]
    assert len(names) == len(set(names))


def test_every_response_extends_the_envelope() -> None:
    for name in RESPONSES:
        extension = source(f"responses/{name}").find(
            f"{XS}complexType[@name='{name}Response']/{XS}complexContent/{XS}extension"
        )
        assert extension is not None, name
        assert extension.get("base") == "Response", name
        elements = extension.findall(f"{XS}sequence/{XS}element")
        assert all(element.get("minOccurs") == "0" for element in elements), name


# Requests in general


@pytest.mark.parametrize("service", REQUESTS)
def test_a_request_begins_with_the_credentials_and_needs_nothing(service: str) -> None:
    elements = request_elements(service)
    assert [element.get("name") for element in elements][:2] == ["userLogonReference", "password"]
    assert all(element.get("minOccurs") == "0" for element in elements)
    assert valid(f"requests/{service}", f"<{service}/>")
    assert valid(f"requests/{service}", wrap(service, "\n  <!-- nothing --> \n"))
    content = wrap("password", " \U0001f600" * 512) + wrap("userLogonReference", f"  {'u' * 200}\n")
    assert valid(f"requests/{service}", wrap(service, content)), "the longest credentials"


@pytest.mark.parametrize("service", REQUESTS)
def test_all_elements_may_be_empty_in_any_order(service: str) -> None:
    names = [element.get("name") for element in request_elements(service)]
    for empty, turn in product(("<{0}/>", "<{0}></{0}>", "<{0}>\n  </{0}>"), range(len(names))):
        order = names[turn:] + names[:turn]
        for some in (order, order[::-1], order[: len(order) // 2]):
            content = "".join(empty.format(name) for name in some)
            assert valid(f"requests/{service}", wrap(service, content)), content


@pytest.mark.parametrize("service", REQUESTS)
def test_no_request_may_have_unknown_content(service: str) -> None:
    for content in (
        "<unknown/>",
        "<userLogonReference/><unknown/>",
        "<userLogonReference/><userLogonReference/>",
        "text",
        "<password><b/></password>",
        '<password plain="true"/>',
        f"<password {XSI} xsi:nil='true'/>",
        "<password xmlns='urn:other'/>",
        wrap("userLogonReference", "u" * 201),
        wrap("password", "p" * 1025),
        wrap(service, ""),
    ):
        assert not valid(f"requests/{service}", wrap(service, content)), content
    for document in (
        f'<{service} unknown="1"/>',
        f'<{service} xmlns="urn:other"/>',
        "<Unknown/>",
        "<userLogonReference/>",
    ):
        assert not valid(f"requests/{service}", document), document


def test_an_enumeration_takes_its_own_words_only() -> None:
    enumerations = [
        (service, element.get("name", ""))
        for service in REQUESTS
        for element in request_elements(service)
        if element.get("type") in enumerated_types(service)
    ]
    assert len(enumerations) > 20
    for service, name in enumerations:
        for word in ("nonsense", "FORCE", "True", "1", "impact force", "for ce"):
            content = wrap(service, wrap(name, word))
            assert not valid(f"requests/{service}", content), content


# Requests, service by service


def test_every_request_has_a_table() -> None:
    assert sorted(REQUEST_TABLES) == REQUESTS
    assert all(len(table.good) >= 6 <= len(table.bad) for table in REQUEST_TABLES.values())


@pytest.mark.parametrize("service", REQUESTS)
def test_valid_and_invalid_requests(service: str) -> None:
    for content in REQUEST_TABLES[service].good:
        assert valid(f"requests/{service}", wrap(service, content)), content[:300]
    for content in REQUEST_TABLES[service].bad:
        assert not valid(f"requests/{service}", wrap(service, content)), content[:300]


@pytest.mark.parametrize(
    ("document", "nodes"),
    [
        (FULL_IMPORT, 2),
        (version(""), 1),
        ("<NodeList/>", 0),
        (FULL_IMPORT.replace("</NodeList>", "<Node/></NodeList>"), None),
    ],
)
def test_node_import_is_checked_while_it_streams(document: str, nodes: int | None) -> None:
    def read() -> int:
        stream = io.BytesIO(wrap("NodeImport", document).encode())
        return sum(1 for _ in etree.iterparse(stream, tag="Node", schema=libxml2("requests/NodeImport")))

    if nodes is None:
        with pytest.raises(etree.XMLSyntaxError, match="Missing child element"):
            read()
    else:
        assert read() == nodes


# Responses


def swaps(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Variants of the document, in each of which two different neighbours are exchanged."""
    for number, parent in enumerate(root.iter()):
        for place in range(len(parent) - 1):
            if parent[place].tag != parent[place + 1].tag:
                changed = deepcopy(root)
                below = list(changed.iter())[number]
                below.insert(place, below[place + 1])
                yield f"{parent[place + 1].tag} before {parent[place].tag}", changed


def test_every_response_has_its_examples() -> None:
    assert sorted(FULL_RESPONSES) == RESPONSES
    assert sorted(RESPONSE_TABLES) == RESPONSES


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_may_consist_of_the_envelope_alone(name: str) -> None:
    schema = f"responses/{name}"
    assert valid(schema, wrap(name, ERROR))
    assert valid(schema, wrap(name, "<errorNumber>100</errorNumber><errorDescription>d</errorDescription>"))
    for number in (0, *range(100, 110)):
        assert valid(schema, wrap(name, f"<errorNumber>{number}</errorNumber>"))
    for refused in ("", "1", "99", "110", "-1", "0.0", "none"):
        assert not valid(schema, wrap(name, f"<errorNumber>{refused}</errorNumber>"))
    for content in ("", "<errorDescription>d</errorDescription>", "<errorNumber>0</errorNumber>text"):
        assert not valid(schema, wrap(name, content))
    assert not valid(schema, wrap("Other", ERROR))


@pytest.mark.parametrize("name", RESPONSES)
def test_a_full_response_has_one_order(name: str) -> None:
    root = parse(wrap(name, FULL_RESPONSES[name]))
    assert valid(f"responses/{name}", root)
    tried = 0
    for what, changed in swaps(root):
        assert not valid(f"responses/{name}", changed), what
        tried += 1
    assert tried >= 3


def test_a_full_response_leaves_no_element_out() -> None:
    for name in RESPONSES:
        declared = {element.local_name for element in declaration("responses", name).iter()}
        assert declared == {element.tag for element in parse(wrap(name, FULL_RESPONSES[name])).iter()}, name


@pytest.mark.parametrize("name", RESPONSES)
def test_valid_and_invalid_responses(name: str) -> None:
    for content in RESPONSE_TABLES[name].good:
        assert valid(f"responses/{name}", wrap(name, f"<errorNumber>0</errorNumber>{content}")), content[:300]
    for content in [*RESPONSE_TABLES[name].bad, "<unknown/>", "<errorNumber>0</errorNumber>"]:
        assert not valid(f"responses/{name}", wrap(name, f"<errorNumber>0</errorNumber>{content}")), content[:300]


def test_update_node_versions_keeps_the_documented_order() -> None:
    root = parse(wrap("UpdateNodeVersions", FULL_RESPONSES["UpdateNodeVersions"]))
    for name in ("errorDescription", "errorMessage", "errorFields"):
        envelope = root.find(name)
        assert envelope is not None
        root.remove(envelope)
    for why in root.findall("UpdateList/Update/WhyList"):
        parent = why.getparent()
        assert parent is not None
        parent.remove(why)
    assert valid("responses/UpdateNodeVersions", root)
    assert [element.tag for element in root.iterdescendants()] == DOCUMENTED_OUTPUT
