"""A body in chunks is decoded in the same way, whatever pieces it arrives in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from gunicorn.http.errors import (  # type: ignore[import-untyped]
    ChunkMissingTerminator,
    InvalidChunkExtension,
    InvalidChunkSize,
    ParseException,
)
from hypothesis import given
from hypothesis import strategies as st

from app.server.chunks import LEAST_AVERAGE, MOST_TINY_CHUNKS, ChunkDecoder, TinyChunksError

NEXT = b"GET / HTTP/1.1\r\n\r\n"
EXTENSIONS = [b"", b";a", b" ; a = b", b';a="\\"; \\\\"', b";a;b=c", b"\t;\ta", b';a="b\\"c";d=e']
TRAILERS = [b"", b"A: a\r\n", b"A: a\r\nB: b\r\n"]
INVALID = {
    b"x\r\n": InvalidChunkSize,
    b"\r\na": InvalidChunkSize,
    b"-3\r\nabc": InvalidChunkSize,
    b"0x3\r\nabc": InvalidChunkSize,
    b"3 \r\nabc": InvalidChunkSize,
    b" 3\r\nabc": InvalidChunkSize,
    b"3\nabc": InvalidChunkSize,
    b"1_0\r\n": InvalidChunkSize,
    b"0" * 20_000: InvalidChunkSize,
    b'3;a="b\r\nabc': InvalidChunkExtension,
    b"3;a\nb\r\nabc": InvalidChunkExtension,
    b"3;a\rb\r\nabc": InvalidChunkExtension,
    b"3;\r\nabc": InvalidChunkExtension,
    b"3;a=\r\nabc": InvalidChunkExtension,
    b"3;a;\r\nabc": InvalidChunkExtension,
    b"3;a b\r\nabc": InvalidChunkExtension,
    b'3;a="b\\"\r\nabc': InvalidChunkExtension,
    b"3;" + b"a" * 20_000 + b"\r\nabc": InvalidChunkExtension,
    b"3\r\nabcd": ChunkMissingTerminator,
    b"3\r\nabc\n0\r\n\r\n": ChunkMissingTerminator,
    b"3\r\nabc\rd": ChunkMissingTerminator,
    b"3\r\nabc\r\n\r\n": InvalidChunkSize,
    b"0\r\nA: a\n\n": ParseException,
    b"0\r\nA: a\r\nB: " + b"b" * 20_000: ParseException,
}

chunks = st.lists(
    st.tuples(
        st.one_of(st.binary(min_size=1, max_size=5), st.binary(min_size=200, max_size=300)),
        st.sampled_from(["%x", "%X", "%05x"]),
        st.sampled_from(EXTENSIONS),
    ),
    max_size=8,
)


def decoder() -> ChunkDecoder:
    return ChunkDecoder(lambda _trailers: None)


def decoded(decoding: ChunkDecoder, pieces: list[bytes]) -> tuple[bytes, bytes]:
    """Return the body, and the bytes that arrived after it."""
    body, after = b"", b""
    for piece in pieces:
        if decoding.ended:
            after += piece
        else:
            body += decoding.feed(piece)
    return body, decoding.rest + after


def split(data: bytes, places: list[int]) -> list[bytes]:
    return [
        data[first:last] for first, last in pairwise([0, *sorted(place % len(data) for place in places), len(data)])
    ]


@given(chunks, st.sampled_from(EXTENSIONS), st.sampled_from(TRAILERS), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_pieces_of_a_body_give_the_same_body(
    parts: list[tuple[bytes, str, bytes]], extension: bytes, trailers: bytes, places: list[int]
) -> None:
    lines = [(size % len(data)).encode() + ext + b"\r\n" + data + b"\r\n" for data, size, ext in parts]
    sent = b"".join(lines) + b"0" + extension + b"\r\n" + trailers + b"\r\n" + NEXT
    body = b"".join(data for data, _, _ in parts)
    for pieces in (split(sent, places), [bytes([byte]) for byte in sent]):
        decoding = decoder()
        assert decoded(decoding, pieces) == (body, NEXT)
        assert decoding.ended


@pytest.mark.parametrize("data", INVALID)
def test_invalid_framing_is_refused_whatever_the_pieces_are(data: bytes) -> None:
    for size in (len(data), 1, 2, 3):
        with pytest.raises(INVALID[data]):
            decoded(decoder(), [data[place : place + size] for place in range(0, len(data), size)])


def test_trailers_are_checked_and_dropped() -> None:
    seen: list[bytes] = []
    decoding = ChunkDecoder(seen.append)
    assert decoded(decoding, [b"1\r\na\r\n0\r\nA: a\r\nB", b": b\r\n\r", b"\n" + NEXT]) == (b"a", NEXT)
    assert seen == [b"A: a\r\nB: b"]


@pytest.mark.ledger("DEC-418")
def test_many_tiny_chunks_are_refused_and_as_many_larger_chunks_are_not() -> None:
    tiny, fair = b"1\r\na\r\n", b"%x\r\n%b\r\n" % (LEAST_AVERAGE, b"a" * LEAST_AVERAGE)
    for pieces in ([tiny * MOST_TINY_CHUNKS], [tiny] * MOST_TINY_CHUNKS):
        decoding = decoder()
        assert decoded(decoding, pieces) == (b"a" * MOST_TINY_CHUNKS, b"")
        with pytest.raises(TinyChunksError):
            decoding.feed(tiny)
    many = MOST_TINY_CHUNKS + 100
    assert decoded(decoder(), [fair * many]) == (b"a" * LEAST_AVERAGE * many, b"")
