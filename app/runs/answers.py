"""The answers of runs that came to their end, kept in compressed parts so that they can be read again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

_PART = 1024 * 1024
"""A part that has reached this many bytes is complete."""

_BLOCK = 64 * 1024

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
    """Compress an answer into parts, fast rather than small."""
    compress = zlib.compressobj(level=1)
    part = b""
    for block in blocks:
        part += compress.compress(block)
        if len(part) >= _PART:
            yield part
            part = b""
    yield part + compress.flush()


def decompressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The answer as it was before it was compressed."""
    expand = zlib.decompressobj()
    for part in parts:
        rest = part
        while rest:
            yield expand.decompress(rest, _BLOCK)
            rest = expand.unconsumed_tail
    yield expand.flush()
