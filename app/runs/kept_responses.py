"""The responses of finished runs, stored in compressed parts so that they can be read again.

A response is one compressed stream, or several streams one after the other. The rows of an update are compressed before
the head of the document, which precedes them, is known.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

_PART = 1024 * 1024
"""A part is complete when it has reached this many bytes."""

_BLOCK = 64 * 1024


class Compressed(bytes):
    """A piece of a document that is already compressed, as a stream of its own."""


_INSERT = text("INSERT INTO run_response (run_identifier, part, content) VALUES (:run, :part, :content)")
_SELECT = text("SELECT content FROM run_response WHERE run_identifier = :run AND part = :part")


def keep(connection: Connection, run: int, parts: Iterable[bytes]) -> None:
    """Store the compressed response of a run."""
    for number, part in enumerate(parts):
        connection.execute(_INSERT, {"run": run, "part": number, "content": part})


def kept_part(connection: Connection, run: int, number: int) -> bytes | None:
    """Return a compressed part of the response of a run, counted from 0.

    Returns None after the last part, and for every part if the run did not finish.
    """
    part = connection.execute(_SELECT, {"run": run, "part": number}).scalar_one_or_none()
    return None if part is None else bytes(part)


def compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress a response into parts, at a low level that is fast. Compressed pieces are kept unchanged."""
    stream: zlib._Compress | None = _new_stream()
    part = b""
    for block in filter(None, blocks):
        if isinstance(block, Compressed):
            if stream is not None:
                part += stream.flush()
                stream = None
            part += block
        else:
            stream = stream or _new_stream()
            part += stream.compress(block)
        if len(part) >= _PART:
            yield part
            part = b""
    yield part if stream is None else part + stream.flush()


def compressed_in_advance(blocks: Iterable[bytes]) -> Iterator[Compressed]:
    """Compress a piece of a document whose beginning is not known yet."""
    return map(Compressed, compressed(blocks))


def _new_stream() -> zlib._Compress:
    return zlib.compressobj(level=1)


def decompressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress the parts of a response."""
    expand = zlib.decompressobj()
    for part in parts:
        rest = part
        while rest:
            yield expand.decompress(rest, _BLOCK)
            rest = expand.unused_data if expand.eof else expand.unconsumed_tail
            if expand.eof:
                expand = zlib.decompressobj()
    yield expand.flush()
