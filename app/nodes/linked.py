"""A version that something links to, as far as its reader may know it."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity import right
from app.identity.rights import Rights


@dataclass(frozen=True)
class Linked:
    """A version that is linked to: its version reference and name. The name is None if it is that of a draft that the
    reader may not use."""

    reference: str
    name: str | None

    @property
    def node_reference(self) -> str:
        """The reference of its node."""
        return self.reference.rpartition(".")[0]


def linked(
    rights: Rights, identifier: int | None, reference: str, owner: int | None, number: int, name: str, frozen: int
) -> Linked | None:
    """Return a version that is linked to, or None if there is none or its node may not be read."""
    if identifier is None:
        return None
    held = rights.on(identifier, reference, owner)
    if not held & right.READ:
        return None
    return Linked(f"{reference}.{number}", name if number <= frozen or held & right.USE_DRAFT else None)
