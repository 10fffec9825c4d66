"""The options of an update, with the documented defaults."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SourceScope(StrEnum):
    """The scope of the sources of new versions, as the seed names it."""

    NODE = "node"
    CURRENT = "current"
    LATEST = "latest"
    MANIFEST = "manifest"


@dataclass(frozen=True)
class Options:
    """The options of an update of a context node."""

    update_content: bool = False
    always_create_new_version: bool = False
    source_scope: SourceScope = SourceScope.NODE
    source_reference: str | None = None
