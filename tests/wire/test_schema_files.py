"""`/schemas/`: the schema files as integrators fetch them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree, html

from app.services.registry import SERVICES
from app.web.schema_directory import check_schema_files
from tests.support.http import Client, checked
from tests.wire.test_intake import assert_refused


def listed(reader: Client) -> list[str]:
    """The links of the index."""
    page = html.fromstring(reader.app.test_client().get("/schemas/").text)
    return [str(link.get("href")) for link in page.iter("a")]


def test_the_index_lists_every_file(reader: Client, schemas: Path) -> None:
    files = {path.relative_to(schemas).as_posix() for path in schemas.rglob("*") if path.is_file()}
    assert set(listed(reader)) == files
    assert {"common.xsd", "requests/UpdateNodeVersions.xsd", "responses/Error.xsd"} <= files


def test_every_file_is_served_as_it_is(reader: Client, schemas: Path) -> None:
    for name in listed(reader):
        response = reader.app.test_client().get(f"/schemas/{name}")
        assert response.data == (schemas / name).read_bytes()
        assert response.headers["Relink-Version"]
        if name.endswith(".xsd"):
            assert response.mimetype == "application/xml"


def test_includes_lead_to_files_that_are_served(reader: Client) -> None:
    client = reader.app.test_client()
    for name in listed(reader):
        if not name.endswith(".xsd"):
            continue
        root = etree.fromstring(client.get(f"/schemas/{name}").data)
        for include in root.iterfind("{http://www.w3.org/2001/XMLSchema}include"):
            path = Path("/schemas", name).parent / include.get("schemaLocation", "")
            assert client.get(f"/schemas/{path.resolve().relative_to('/schemas')}").status_code == 200


@pytest.mark.parametrize("name", ["", "common.xsd", "requests/GetNode.xsd"])
def test_an_unchanged_file_is_not_sent_again(reader: Client, name: str) -> None:
    client = reader.app.test_client()
    tag = client.get(f"/schemas/{name}").headers["ETag"]
    again = client.get(f"/schemas/{name}", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(f"/schemas/{name}", headers={"If-None-Match": '"other"'}).status_code == 200


def test_different_files_have_different_etags(reader: Client) -> None:
    client = reader.app.test_client()
    tags = [client.get(f"/schemas/{name}").headers["ETag"] for name in listed(reader)]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    "name",
    [
        "nothing.xsd",
        "requests",
        "requests/",
        "requests/../common.xsd",
        "../pyproject.toml",
        "..%2fpyproject.toml",
        "%2e%2e/pyproject.toml",
        "requests/../../pyproject.toml",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\pyproject.toml",
        "common.xsd%00",
        "COMMON.XSD",
    ],
)
def test_nothing_else_is_served(reader: Client, name: str) -> None:
    response = reader.app.test_client().get(f"/schemas/{name}", follow_redirects=True)
    assert_refused(checked(response), 404, 102, "Error")


def test_the_index_is_found_without_its_last_slash(reader: Client) -> None:
    assert reader.app.test_client().get("/schemas", follow_redirects=True).status_code == 200


def test_a_service_without_a_schema_file_is_named() -> None:
    check_schema_files(SERVICES)
    with pytest.raises(FileNotFoundError, match=r"Greet needs .*/schemas/requests/Greet\.xsd"):
        check_schema_files([*SERVICES, "Greet"])
