"""The elements that identify a version of a node in a response."""

from __future__ import annotations

from app.nodes.linked import Linked
from app.nodes.versions import Node
from app.references import version_identifier
from app.services.response import Fields


def version_fields(node: Node, number: int | None, name: str | None) -> Fields:
    """Return the elements for a version, or only those for the node if it has no version that the caller may use."""
    return Fields(
        ("nodeVersionIdentifier", None if number is None else version_identifier(node.identifier, number)),
        ("nodeVersionReference", None if number is None else f"{node.reference}.{number}"),
        ("nodeName", name),
        ("nodeIdentifier", node.identifier),
        ("nodeReference", node.reference),
        ("nodeVersionNumber", number),
    )


def reference_and_name(
    reference_field: str, name_field: str, linked: Linked | None
) -> tuple[tuple[str, str | None], ...]:
    """Return the reference and the name of a linked version, in elements with these names."""
    reference, name = (linked.reference, linked.name) if linked is not None else (None, None)
    return (reference_field, reference), (name_field, name)
