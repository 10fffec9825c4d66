"""The answers of runs that came to their end, kept in compressed parts so that they can be read again.

An answer is one compressed stream, or several of them one after the other: the rows of an update are compressed before
the head of the document is known, which stands in front of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

_PART = 1024 * 1024
"""A part that has reached this many bytes is complete."""

_BLOCK = 64 * 1024


class Compressed(bytes):
    """A piece of a part of a document that has been compressed already, as a stream of its own."""


_INSERT = text("INSERT INTO run_answer (run_identifier, part, content) VALUES (:run, :part, :content)")
_SELECT = text("SELECT content FROM run_answer WHERE run_identifier = :run AND part = :part")


def keep(connection: Connection, run: int, parts: Iterable[bytes]) -> None:
    """Store the compressed answer of a run."""
    for number, part in enumerate(parts):
        connection.execute(_INSERT, {"run": run, "part": number, "content": part})


def kept_part(connection: Connection, run: int, number: int) -> bytes | None:
    """Returns a compressed part of the answer of a run, counted from 0.

    Returns None after the last part, and for the first where the run did not come to its end.
    """
    part = connection.execute(_SELECT, {"run": run, "part": number}).scalar_one_or_none()
    return None if part is None else bytes(part)


def compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress an answer into parts, fast rather than small. What is compressed already stays as it is."""
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
    """Compress a part of a document whose beginning is not known yet."""
    return map(Compressed, compressed(blocks))


def _new_stream() -> zlib._Compress:
    return zlib.compressobj(level=1)


def decompressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The answer as it was before it was compressed."""
    expand = zlib.decompressobj()
    for part in parts:
        rest = part
        while rest:
            yield expand.decompress(rest, _BLOCK)
            rest = expand.unused_data if expand.eof else expand.unconsumed_tail
            if expand.eof:
                expand = zlib.decompressobj()
    yield expand.flush()
