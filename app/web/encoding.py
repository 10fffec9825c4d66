"""Converts the bytes of a request to text: XML in UTF-8, block by block, and JSON.

XML 1.0 section 4.3.3 and RFC 7303 section 3 say how an encoding is declared. Only UTF-8 and UTF-16 are accepted, and
the text is passed on as UTF-8, so that no parser has to guess.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from app.web.refusal import Refused

_UTF_8 = frozenset({"utf-8", "utf8"})
_UTF_16 = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be"})


def utf8_blocks(blocks: Iterable[bytes], charset: str | None) -> Iterator[bytes]:
    """Return the same document in UTF-8, without a byte order mark. Raises Refused 400 or 415."""
    source = iter(blocks)
    head = b""
    for block in source:
        head += block
        if len(head) >= 4:
            break
    if not head.strip():
        raise Refused(400, "the request has no body")
    decoder = codecs.getincrementaldecoder(_encoding(head, charset))("strict")
    first = True
    for text in _decoded(decoder, head, source):
        yield (text.removeprefix("\ufeff") if first else text).encode()
        first = False


def json_text(body: bytes, charset: str | None) -> str:
    """Return the text of a JSON body without a byte order mark. JSON is sent in UTF-8 (RFC 8259, section 8.1).

    Raises Refused: 415 for another charset, 400 for other bytes.
    """
    named = _named(charset)
    if named and named not in _UTF_8:
        raise Refused(415, f"the charset {named[:40]!r} is not accepted: send JSON in UTF-8")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in body[:4]:
        raise Refused(400, "the body is in UTF-16 or UTF-32: send JSON in UTF-8")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts bytes after the byte order mark.
        mark = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
        raise Refused(400, f"the body is not valid UTF-8 at byte {mark + error.start + 1}") from None


def _named(charset: str | None) -> str:
    """Return the charset parameter of a Content-Type as it is compared; empty if there is none."""
    return (charset or "").strip(" \t").strip("\"'").lower()


def _encoding(head: bytes, charset: str | None) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refused(400, "UTF-32 is not accepted: send UTF-8 or UTF-16")
    named = _named(charset)
    if named and named not in _UTF_8 and named not in _UTF_16:
        raise Refused(415, f"the charset {named[:40]!r} is not accepted: send UTF-8 or UTF-16")
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # A document begins with "<" or white space. In UTF-16, one of the two bytes of these characters is 0.
    if head[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" else "utf-8"


def _decoded(decoder: codecs.IncrementalDecoder, head: bytes, rest: Iterator[bytes]) -> Iterator[str]:
    taken = 0
    for block in chain([head], rest, [b""]):
        held, _ = decoder.getstate()
        try:
            yield decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            place = f"{error.encoding} at byte {taken - len(held) + error.start + 1}"
            raise Refused(400, f"the document is not well-formed: not valid {place}: send UTF-8 or UTF-16") from None
        taken += len(block)
