"""Requests and responses as JSON have the content of their XML.

`SERVICE/CASE/request.json` and `response.json` are golden pairs as those in XML are, after the same set-up. The XML
documents of all cases are compared with their JSON too, as another library converts them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from flask import Flask
from lxml import etree

from app.response_json.shapes import Kind, Shape, response_shape
from app.response_json.writer import json_blocks
from app.services.registry import SERVICES
from app.wire.json_requests import json_members
from app.wire.made_documents import made_document
from tests.conformance.test_conformance import HERE, Ids, _name, _set_up
from tests.support.http import Client
from tests.support.schema_files import declaration, schema_of_all

CASES = sorted(path.parent for path in HERE.glob("*/*/request.json"))
PAIRS = (("request.json", "response.json"), ("force-request.json", "force-response.json"))
OF_SERVICES = sorted({file.parent.parent for file in HERE.glob("*/*/*request.xml")})
"""The directories of services, each of which has one directory for each case."""


def parsed(file: Path) -> etree._Element:
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    return etree.parse(file, parser).getroot()


@pytest.mark.ledger("DEC-176")
@pytest.mark.parametrize("case", CASES, ids=_name)
def test_json_pairs(case: Path, app: Flask) -> None:
    client, ids = Client(app, user=None), Ids()
    for request in _set_up(case):
        reply = client.post(ids.put_in(request.read_text()).encode())
        assert reply.number == 0, f"{request.name}: {reply.response.text}"
        ids.taken_out(reply.response.text)
    for request_file, response_file in PAIRS:
        if not (case / request_file).exists():
            continue
        body = ids.put_in((case / request_file).read_text())
        response = app.test_client().post(
            f"/servicejson/{case.parent.name}", data=body, content_type="application/json"
        )
        assert response.content_type == "application/json"
        found = json.dumps(json.loads(ids.taken_out(response.text)), indent=2, ensure_ascii=False) + "\n"
        assert found == (case / response_file).read_text()


def test_there_are_json_pairs() -> None:
    assert len(CASES) >= 6


@pytest.mark.ledger("DEC-176")
def test_the_shape_of_a_response_is_that_of_its_schema() -> None:
    for root in [*SERVICES, "Error"]:
        assert_same_shape(response_shape(root), declaration("responses", root), root)


def assert_same_shape(shape: Shape, element: xmlschema.XsdElement, path: str) -> None:
    assert shape.repeated == (element.max_occurs is None or element.max_occurs > 1), path
    if isinstance(element.type, xmlschema.validators.XsdComplexType):
        assert shape.kind is Kind.OBJECT, path
        children = list(element.type.content.iter_elements())  # type: ignore[union-attr]
        assert list(shape.children) == [child.name for child in children], path
        for child in children:
            assert_same_shape(shape.children[child.name], child, f"{path}/{child.name}")
    else:
        kinds = {"decimal": Kind.NUMBER, "double": Kind.NUMBER, "boolean": Kind.BOOLEAN}
        primitive = element.type.primitive_type  # type: ignore[attr-defined]
        assert shape.kind is kinds.get(primitive.local_name, Kind.TEXT), path


@pytest.mark.ledger("DEC-176")
@pytest.mark.parametrize("cases", OF_SERVICES, ids=_name)
def test_a_response_as_json_is_what_another_library_makes_of_its_xml(cases: Path) -> None:
    for file in sorted(cases.glob("*/*response.xml")):
        tree = parsed(file)
        document = (
            etree.tostring(tree, encoding="unicode")
            .replace("{time}", "2026-01-01T00:00:00.000Z")
            .replace("{code}", "A" * 43)
            .encode()
        )
        made = json.loads(b"".join(json_blocks([document[:100], document[100:]])))
        expected = schema_of_all("responses").to_dict(
            etree.fromstring(document), decimal_type=float, validation="skip", fill_missing=False
        )
        assert _without_empty(made) == _without_empty(expected), file


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The other library leaves out empty arrays, and has None for elements without content."""
    if isinstance(value, dict):
        inner = {name: _without_empty(each) for name, each in value.items()}
        return {name: each for name, each in inner.items() if each not in ([], {}, None, "")}
    return [_without_empty(each) for each in value] if isinstance(value, list) else value


@pytest.mark.ledger("DEC-177")
@pytest.mark.parametrize("cases", OF_SERVICES, ids=_name)
def test_a_request_in_json_means_what_its_xml_means(cases: Path) -> None:
    for file in sorted(cases.glob("*/*request.xml")):
        tree = parsed(file)
        body = json.dumps(_as_json(tree)).encode()
        document = made_document(str(tree.tag), json_members(body, None), 1_000_000)
        made = etree.parse(document.file).getroot()
        # The credentials come first in the document that is made.
        for root in (tree, made):
            root[:] = sorted(root, key=lambda child: str(child.tag))
        assert etree.tostring(made, method="c14n") == etree.tostring(tree, method="c14n"), file


def _as_json(element: etree._Element) -> Any:  # noqa: ANN401 - JSON
    if not len(element):
        return element.text or ""
    members: dict[str, Any] = {}
    for child in element:
        members.setdefault(str(child.tag), []).append(_as_json(child))
    return {name: each if len(each) > 1 else each[0] for name, each in members.items()}
