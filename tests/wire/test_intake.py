"""The intake: sizes, media types, and which service a request is for."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from tests.support.http import Client, Reply

MIB = 1024 * 1024
FORM = "application/x-www-form-urlencoded"
GET_SYSTEM = "<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>"


def padded(root: str, size: int) -> bytes:
    """A request of a size, with white space in it."""
    return f"<{root}>".encode() + b" " * (size - 2 * len(root) - 5) + f"</{root}>".encode()


def chunked(client: Client, body: bytes, path: str = "/service") -> Reply:
    """POST without a length, as in a chunked transfer."""
    return client.post(b"", path, input_stream=BytesIO(body), environ_overrides={"wsgi.input_terminated": True})


def assert_refused(reply: Reply, status: int, number: int, root: str, *words: str) -> None:
    assert (reply.status, reply.number, reply.tree.tag) == (status, number, root)
    for word in words:
        assert word in (reply.text("errorDescription") or "")


def test_the_root_names_the_service(reader: Client) -> None:
    reply = reader.post(GET_SYSTEM)
    assert (reply.number, reply.text("nodeReference")) == (0, "system")


def test_the_url_may_name_the_service_too(reader: Client) -> None:
    assert reader.post(GET_SYSTEM, "/service/GetNode").text("nodeReference") == "system"


def test_the_root_has_to_be_the_service_that_the_url_names(reader: Client) -> None:
    reply = reader.post(GET_SYSTEM, "/service/FreezeNode")
    assert_refused(reply, 400, 103, "FreezeNode", "'GetNode'", "FreezeNode")


@pytest.mark.parametrize(
    "path", ["/service/Nothing", "/service/getnode", "/service/..", "/service/%00", "/service/%FF"]
)
def test_an_unknown_service_in_the_url_is_not_found(reader: Client, path: str) -> None:
    assert_refused(reader.post(GET_SYSTEM, path), 404, 102, "Error", "no service")


@pytest.mark.parametrize("root", ["Nothing", "getNode", "GetNodes", "Größe", "p:GetNode", "GetNode.xsd", "_"])
def test_an_unknown_service_in_the_root_is_not_found(reader: Client, root: str) -> None:
    assert_refused(reader.post(f'<{root} xmlns:p="urn:p"/>'.encode()), 404, 102, "Error", "no service", root)


def test_a_long_name_of_a_service_is_not_repeated_in_full(reader: Client) -> None:
    reply = reader.post(f"<{'x' * 10_000}/>")
    assert_refused(reply, 404, 102, "Error")
    assert len(reply.response.data) < 500


@pytest.mark.parametrize(
    "content_type", ["application/xml", "text/xml", 'text/xml; charset="UTF-8"', "Application/XML"]
)
def test_xml_is_accepted(reader: Client, content_type: str) -> None:
    assert reader.post(GET_SYSTEM, content_type=content_type).number == 0


@pytest.mark.parametrize("start", [b"", b"  \n", b"\xef\xbb\xbf", b'<?xml version="1.0"?>'])
def test_xml_with_the_form_type_of_curl_is_accepted(reader: Client, start: bytes) -> None:
    assert reader.post(start + GET_SYSTEM.encode(), content_type=FORM).number == 0


def test_utf_16_with_the_form_type_is_accepted(reader: Client) -> None:
    assert reader.post(GET_SYSTEM.encode("utf-16"), content_type=FORM).number == 0


@pytest.mark.parametrize("body", [b"nodeVersionReference=system", b"", b"%3CGetNode/%3E", b"\xef\xbb\xbf"])
def test_anything_else_with_the_form_type_is_refused(reader: Client, body: bytes) -> None:
    assert_refused(reader.post(body, content_type=FORM), 415, 103, "Error", "application/xml")


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "text/json", "multipart/form-data", "xml", ";;"])
def test_other_media_types_are_refused(reader: Client, content_type: str | None) -> None:
    reply = reader.post(GET_SYSTEM, "/service/GetNode", content_type=content_type)
    assert_refused(reply, 415, 103, "GetNode", "media type", "application/xml")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity"])
def test_compressed_bodies_are_refused(reader: Client, encoding: str) -> None:
    reply = reader.post(GET_SYSTEM, headers={"Content-Encoding": encoding})
    assert_refused(reply, 415, 103, "Error", "content encoding")


def test_a_body_with_the_encoding_identity_is_accepted(reader: Client) -> None:
    assert reader.post(GET_SYSTEM, headers={"Content-Encoding": "identity"}).number == 0


@pytest.mark.ledger("PRO-22")
@pytest.mark.parametrize("path", ["/service", "/service/GetNode"])
def test_a_body_of_two_mebibytes_is_too_large(reader: Client, path: str) -> None:
    for reply in (reader.post(padded("GetNode", 2 * MIB), path), chunked(reader, padded("GetNode", 2 * MIB), path)):
        assert_refused(reply, 413, 103, "GetNode", str(MIB))


def test_a_body_of_one_mebibyte_is_not_too_large(reader: Client) -> None:
    for reply in (reader.post(padded("GetNode", MIB)), chunked(reader, padded("GetNode", MIB))):
        assert (reply.status, reply.text("errorFields")) == (200, "nodeVersionReference")
    assert chunked(reader, padded("GetNode", MIB + 1)).status == 413


def test_a_body_larger_in_utf_8_than_it_came_is_too_large(reader: Client) -> None:
    body = f"<GetNode><nodeVersionReference>{'語' * 400_000}</nodeVersionReference></GetNode>"
    assert len(body.encode("utf-16")) < MIB
    assert_refused(reader.post(body.encode("utf-16")), 413, 103, "GetNode")


def test_a_request_with_a_wrong_length_is_refused(reader: Client) -> None:
    for length in ("0", "-1", "abc", "10", "99999"):
        reply = reader.post(GET_SYSTEM, environ_overrides={"CONTENT_LENGTH": length})
        assert (reply.status, reply.number) == (400, 103)


@pytest.mark.parametrize("path", ["/service", "/service/NodeImport"])
def test_an_import_may_be_larger(reader: Client, path: str) -> None:
    for reply in (
        reader.post(padded("NodeImport", 2 * MIB), path),
        chunked(reader, padded("NodeImport", 2 * MIB), path),
    ):
        assert (reply.status, reply.number, reply.text("nodesCreated")) == (200, 0, "0")


def test_the_sizes_are_settings(engine: Engine) -> None:
    app: Flask = create_app(Settings(max_request_bytes=2048, max_import_bytes=4096), engine)
    client = Client(app, None)
    assert client.post(padded("GetNode", 2048)).status == 200
    assert client.post(padded("GetNode", 2049)).status == 413
    assert client.post(padded("NodeImport", 4096)).status == 200
    for reply in (client.post(padded("NodeImport", 4097)), chunked(client, padded("NodeImport", 4097))):
        assert reply.status == 413


@pytest.mark.parametrize("body", [b"", b" ", b"\n\t \r\n", b"\xef\xbb\xbf", "  ".encode("utf-16")])
def test_an_empty_body_is_refused(reader: Client, body: bytes) -> None:
    assert_refused(reader.post(body), 400, 103, "Error")


def test_the_message_about_an_empty_body_says_that_it_is_empty(reader: Client) -> None:
    assert_refused(reader.post(b" \n"), 400, 103, "Error", "no body")


@pytest.mark.parametrize(
    "body",
    [
        "x",
        "<",
        "<>",
        "< GetNode/>",
        "<1/>",
        "<GetNode",
        "</GetNode>",
        '{"GetNode": {}}',
        "<!-- <GetNode/>",
        "<?xml <GetNode/>",
        "<![CDATA[<GetNode/>]]>",
        "&lt;GetNode/>",
        "\0<GetNode/>",
        "x" * 200_000,
        " " * 200_000 + "<GetNode/>",
        f"<!--{'-' * 200_000}",
    ],
)
def test_a_document_without_a_root_is_not_well_formed(reader: Client, body: str) -> None:
    assert_refused(reader.post(body), 400, 103, "Error")


@pytest.mark.parametrize(
    "body",
    [
        "<GetNode>",
        "<GetNode><nodeVersionReference>system",
        "<GetNode></getNode>",
        "<GetNode/><GetNode/>",
        "<GetNode/>x",
        "<GetNode><a></b></GetNode>",
        "<GetNode><a:b/></GetNode>",
        "<GetNode>\x01</GetNode>",
        "<GetNode>\0</GetNode>",
        "<GetNode>\ufffe</GetNode>",
        "<GetNode>&#0;</GetNode>",
        "<GetNode>&#xD800;</GetNode>",
        "<GetNode>&nbsp;</GetNode>",
        "<GetNode>a & b</GetNode>",
        "<GetNode>]]></GetNode>",
        "<GetNode><!-- -- --></GetNode>",
        "<GetNode><?xml version='1.0'?></GetNode>",
        "<GetNode><![CDATA[</GetNode>",
    ],
)
def test_a_document_that_is_not_well_formed_is_refused(reader: Client, body: str) -> None:
    assert_refused(reader.post(body), 400, 103, "GetNode", "not well-formed")


@pytest.mark.parametrize("body", ["<GetNode a='1' a='2'/>", "<GetNode a=1/>", "<GetNode a='<'/>"])
def test_a_root_that_is_not_well_formed_is_refused(reader: Client, body: str) -> None:
    assert_refused(reader.post(body), 400, 103, "Error", "not well-formed")
