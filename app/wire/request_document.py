"""A document that was received, before it is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from app.web.refusal import Refused


@dataclass(frozen=True)
class RequestDocument:
    """A request's body in UTF-8, and the name of its root element.

    `credentials` are those in a small message. `ordinary` says whether all its names are known to be names of the
    schemas, `nodes` counts its elements and attributes, and `fault` is set if the document ends too early.
    """

    root: str
    file: IO[bytes]
    size: int
    credentials: Mapping[str, str] = field(default_factory=dict)
    ordinary: bool = False
    nodes: int = 0
    fault: Refused | None = None

    @property
    def large(self) -> bool:
        """Whether the document needs the handling of large documents."""
        return self.size > 64 * 1024
