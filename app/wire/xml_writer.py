"""Writes a response as escaped text, in a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from app.services.response import Fields, Group, Part, Value, Written
from app.text import writable

_BLOCK = 64 * 1024


def write_document(root: str, parts: Iterable[Part | Written]) -> Iterator[bytes]:
    """Yield the document as UTF-8, in blocks of about 64 KiB, whatever its size."""
    yield from _blocks(
        chain((f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>',), _streamed(parts), (f"</{root}>\n",))
    )


def write_parts(parts: Iterable[Part]) -> Iterator[bytes]:
    """Yield some parts of a document, in the same way."""
    return _blocks(_streamed(parts))


def _blocks(texts: Iterable[str | bytes]) -> Iterator[bytes]:
    """Yield texts as UTF-8, gathered into blocks. Bytes are yielded unchanged."""
    pending: list[str] = []
    size = 0
    for text in texts:
        if isinstance(text, bytes):
            if pending:
                yield "".join(pending).encode()
                pending, size = [], 0
            yield text
            continue
        pending.append(text)
        size += len(text)
        if size >= _BLOCK:
            yield "".join(pending).encode()
            pending, size = [], 0
    if pending:
        yield "".join(pending).encode()


def escape(text: str) -> str:
    """Return a text as the content of an element. Characters that XML cannot hold become U+FFFD."""
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if not text.isprintable():
        text = writable(text).replace("\r", "&#13;")
    return text


def _streamed(parts: Iterable[Part | Written]) -> Iterator[str | bytes]:
    for part in parts:
        if isinstance(part, Written):
            yield from part.pieces
        elif isinstance(part, Group) and not isinstance(part.parts, tuple):
            yield f"<{part.name}>"
            yield from _streamed(part.parts)
            yield f"</{part.name}>"
        else:
            yield _rendered(part)


def _rendered(part: Fields | Group) -> str:
    text = part.rendered
    if text is None:
        if isinstance(part, Fields):
            text = "".join([f"<{name}>{_text(value)}</{name}>" for name, value in part.items if value is not None])
        else:
            text = f"<{part.name}>{''.join([_rendered(inner) for inner in part.parts])}</{part.name}>"
        part.rendered = text
    return text


def _text(value: Value) -> str:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
