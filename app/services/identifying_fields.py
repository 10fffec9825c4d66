"""The six elements that identify a version of a node in an answer."""

from __future__ import annotations

from app.nodes.linked import Linked
from app.nodes.versions import Node
from app.references import version_identifier
from app.services.answer import Fields


def six(node: Node, number: int | None, name: str | None) -> Fields:
    """The six; of a node without a version that the caller may use, only what names the node."""
    return Fields(
        ("nodeVersionIdentifier", None if number is None else version_identifier(node.identifier, number)),
        ("nodeVersionReference", None if number is None else f"{node.reference}.{number}"),
        ("nodeName", name),
        ("nodeIdentifier", node.identifier),
        ("nodeReference", node.reference),
        ("nodeVersionNumber", number),
    )


def named(reference_field: str, name_field: str, linked: Linked | None) -> tuple[tuple[str, str | None], ...]:
    """The reference and the name of a version that is linked to, in elements with these names; neither without one."""
    reference, name = (linked.reference, linked.name) if linked is not None else (None, None)
    return (reference_field, reference), (name_field, name)
