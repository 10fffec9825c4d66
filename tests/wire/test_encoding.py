"""Encodings, document type declarations, and other things that may precede the root."""

from __future__ import annotations

import codecs
import time
from pathlib import Path

import pytest

from tests.support.http import Client
from tests.wire.test_intake import GET_SYSTEM, assert_refused

DECLARED = '<?xml version="1.0" encoding="{}"?>' + GET_SYSTEM
NAMED = "<GetNode><nodeVersionReference>Größe.語</nodeVersionReference></GetNode>"


@pytest.mark.parametrize(
    "body",
    [
        GET_SYSTEM.encode(),
        codecs.BOM_UTF8 + GET_SYSTEM.encode(),
        GET_SYSTEM.encode("utf-16"),
        codecs.BOM_UTF16_BE + GET_SYSTEM.encode("utf-16-be"),
        GET_SYSTEM.encode("utf-16-le"),
        GET_SYSTEM.encode("utf-16-be"),
        f"\n {GET_SYSTEM}".encode("utf-16-le"),
        f"\n {GET_SYSTEM}".encode("utf-16-be"),
        DECLARED.format("UTF-8").encode(),
        DECLARED.format("utf-8").encode(),
        codecs.BOM_UTF8 + DECLARED.format("UTF-8").encode(),
        DECLARED.format("UTF-16").encode("utf-16"),
        DECLARED.format("UTF-16LE").encode("utf-16-le"),
    ],
)
def test_utf_8_and_utf_16_are_accepted_with_and_without_a_byte_order_mark(reader: Client, body: bytes) -> None:
    assert reader.post(body).text("nodeReference") == "system"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_texts_are_read_in_every_encoding(reader: Client, encoding: str) -> None:
    assert "'Größe.語' is not a node reference" in (reader.post(NAMED.encode(encoding)).text("errorMessage") or "")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "UTF8", '"utf-8"', "'utf-8'", "", "utf-16", "utf-16le"])
def test_the_charset_may_be_named(reader: Client, charset: str) -> None:
    body = GET_SYSTEM.encode("utf-16-le" if "16" in charset else "utf-8")
    assert reader.post(body, content_type=f"application/xml; charset={charset}").number == 0


@pytest.mark.ledger("PRO-6")
@pytest.mark.parametrize(
    "charset", ["utf-7", "iso-8859-1", "us-ascii", "utf-32", "windows-1252", "nonsense", "x" * 5000]
)
def test_other_charsets_are_refused(reader: Client, charset: str) -> None:
    reply = reader.post(GET_SYSTEM, content_type=f"application/xml; charset={charset}")
    assert_refused(reply, 415, 103, "Error", "charset", "UTF-8")


@pytest.mark.parametrize("encoding", ["UTF-7", "ISO-8859-1", "US-ASCII", "UTF-32", "windows-1252", "", "nonsense"])
def test_other_declared_encodings_are_refused(reader: Client, encoding: str) -> None:
    for body in (DECLARED, DECLARED.replace('"', "'"), DECLARED.replace("encoding=", "encoding  =\n ")):
        assert_refused(reader.post(body.format(encoding)), 400, 103, "Error", "encoding", "UTF-8")


@pytest.mark.ledger("PRO-6")
def test_utf_7_is_refused(reader: Client) -> None:
    hidden = "+ADw-!DOCTYPE GetNode+AD4-"
    for content_type in ("application/xml; charset=utf-7", "text/xml; charset=UTF-7"):
        assert_refused(reader.post(hidden + GET_SYSTEM, content_type=content_type), 415, 103, "Error")
    assert_refused(reader.post(hidden + GET_SYSTEM), 400, 103, "Error")


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_refused(reader: Client, encoding: str) -> None:
    assert reader.post(GET_SYSTEM.encode(encoding)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        GET_SYSTEM.encode().replace(b"system", b"\xff"),
        GET_SYSTEM.encode().replace(b"system", b"\xc3"),
        GET_SYSTEM.encode().replace(b"system", b"\xc0\xaf"),
        GET_SYSTEM.encode().replace(b"system", b"\xed\xa0\x80"),
        "Größe".encode("iso-8859-1").join([b"<GetNode>", b"</GetNode>"]),
        GET_SYSTEM.encode() + b"\xe2\x82",
        GET_SYSTEM.encode("utf-16")[:-1],
        codecs.BOM_UTF16_LE + GET_SYSTEM.replace("system", "\ud800").encode("utf-16-le", "surrogatepass"),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        GET_SYSTEM.encode("utf-16-le") + GET_SYSTEM.encode(),
        GET_SYSTEM.encode() + GET_SYSTEM.encode("utf-16-le"),
    ],
)
def test_broken_bytes_are_refused(reader: Client, body: bytes) -> None:
    reply = reader.post(body)
    assert (reply.status, reply.number) == (400, 103)
    assert "not well-formed" in (reply.text("errorDescription") or "")


@pytest.mark.parametrize(
    ("encoding", "broken", "place"),
    [
        ("utf-8", b"\xff", "utf-8 at byte 140012"),
        ("utf-8", b"\xc3", "utf-8 at byte 140012"),
        ("utf-16-le", b"\x00\xd8x\x00", "utf-16-le at byte 140023"),
    ],
)
def test_the_place_of_broken_bytes_is_reported(reader: Client, encoding: str, broken: bytes, place: str) -> None:
    body = f"<GetNode>xx{'é' * 70_000}"
    before = body.encode(encoding)
    assert len(before) + 1 == int(place.rpartition(" ")[2])
    reply = reader.post(before + broken + b"</GetNode>")
    assert_refused(reply, 400, 103, str(reply.tree.tag), f"not valid {place}", "send UTF-8")


SECRET = "relink-secret-of-the-server"  # noqa: S105


@pytest.mark.ledger("PRO-6")
@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE GetNode>",
        "<!DOCTYPE GetNode []>",
        '<!DOCTYPE GetNode SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE GetNode PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE GetNode [<!ENTITY e "system">]>',
        '<!DOCTYPE GetNode [<!ENTITY e SYSTEM "{secret}">]>',
        '<!DOCTYPE GetNode [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE GetNode [<!ENTITY % p SYSTEM "{secret}"> %p; <!ENTITY e "x">]>',
        '<!DOCTYPE GetNode [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY e "&b;&b;&b;&b;&b;">]>',
        '<?xml version="1.0"?>\n<!-- {padding} -->\n<?pi {padding}?>\n<!DOCTYPE GetNode [<!ENTITY e "system">]>',
    ],
)
def test_a_document_type_declaration_is_refused(reader: Client, tmp_path: Path, declaration: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    prolog = declaration.replace("{secret}", secret.as_uri()).replace("{padding}", "-  " * 2000)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        reply = reader.post((prolog + GET_SYSTEM.replace("system", "&e;")).encode(encoding))
        assert_refused(reply, 400, 103, "Error", "document type declaration")
        assert SECRET not in reply.response.text


@pytest.mark.parametrize("length", [65_500, 70_000, 900_000])
def test_a_document_type_declaration_behind_a_long_comment_is_refused(reader: Client, length: int) -> None:
    for comment in (f"<!--{'x' * length}-->", f"<?x {'x' * length}?>", " " * length, "<!---->" * (length // 7)):
        reply = reader.post(f'{comment}<!DOCTYPE GetNode [<!ENTITY e "system">]>{GET_SYSTEM.replace("system", "&e;")}')
        assert_refused(reply, 400, 103, "Error")


def test_a_document_type_declaration_elsewhere_is_not_well_formed(reader: Client) -> None:
    for body in (
        "<GetNode><!DOCTYPE GetNode></GetNode>",
        "<GetNode/><!DOCTYPE GetNode>",
        "<!doctype GetNode><GetNode/>",
    ):
        assert (reader.post(body).status, reader.post(body).number) == (400, 103)


@pytest.mark.ledger("PRO-6")
def test_an_entity_bomb_takes_no_time(reader: Client) -> None:
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 12))
    began = time.process_time()
    reply = reader.post(f'<!DOCTYPE GetNode [<!ENTITY e0 "x">{levels}]>{GET_SYSTEM.replace("system", "&e11;")}')
    assert reply.status == 400
    assert time.process_time() - began < 2


def test_comments_and_processing_instructions_may_stand_anywhere(reader: Client) -> None:
    body = (
        '<?xml version="1.0"?><!-- <FreezeNode/> --><?xml-stylesheet href="http://127.0.0.1:9/"?>'
        "<GetNode><!-- a --><?b?><nodeVersionReference>sys<!-- c -->t<?d?>em</nodeVersionReference></GetNode><!-- e -->"
    )
    assert reader.post(body).text("nodeReference") == "system"
