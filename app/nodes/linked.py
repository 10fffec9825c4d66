"""The target of a link, as far as the reader may see it."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity import right
from app.identity.rights import Rights
from app.nodes.lookup import Named
from app.references import VersionKey


@dataclass(frozen=True)
class Linked:
    """The target of a link: its version reference and name. The name of a draft that the reader may not use is None."""

    reference: str
    name: str | None

    @property
    def node_reference(self) -> str:
        """The reference of its node."""
        return self.reference.rpartition(".")[0]


def linked(
    rights: Rights, identifier: int | None, reference: str, owner: int | None, number: int, name: str, frozen: int
) -> Linked | None:
    """Return the target of a link, or None if there is no target or the reader may not read its node."""
    if identifier is None:
        return None
    held = rights.on(identifier, reference, owner)
    if not held & right.READ:
        return None
    return Linked(f"{reference}.{number}", name if number <= frozen or held & right.USE_DRAFT else None)


def linked_as_named(rights: Rights, version: VersionKey, named: Named) -> Linked | None:
    """As `linked`, for a version that has been read by `read_named`."""
    held = rights.on(version[0], named.reference, named.owner)
    if not held & right.READ:
        return None
    return Linked(f"{named.reference}.{version[1]}", None if named.draft and not held & right.USE_DRAFT else named.name)
