"""The answers of runs that came to their end, kept in compressed parts so that they can be read again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

_PART = 1024 * 1024
"""A part that has reached this many bytes is complete."""

_INSERT = text("INSERT INTO run_answer (run_identifier, part, content) VALUES (:run, :part, :content)")
_SELECT = text("SELECT content FROM run_answer WHERE run_identifier = :run AND part = :part")


def keep(connection: Connection, run: int, parts: Iterable[bytes]) -> None:
    """Store the compressed answer of a run."""
    for number, part in enumerate(parts):
        connection.execute(_INSERT, {"run": run, "part": number, "content": part})


def kept_answer(connection: Connection, run: int) -> Iterator[bytes]:
    """The compressed parts of the answer of a run, in order; none if the run did not come to its end."""
    number = 0
    while (part := connection.execute(_SELECT, {"run": run, "part": number}).scalar_one_or_none()) is not None:
        yield bytes(part)
        number += 1


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
        yield expand.decompress(part)
    yield expand.flush()
