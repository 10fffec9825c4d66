"""A store of the oracle as a NodeImport document."""

from html import escape

from tests.updates.oracle_model import Link, Member, Node, Store, Version
from tests.updates.system_store import SYSTEM_NODES

# NodeImport


def element(name: str, content: str | float | None) -> str:
    return "" if content is None else f"<{name}>{escape(str(content), quote=False)}</{name}>"


def full_reference(link: Link | None) -> str | None:
    return None if link is None else f"{link[0]}.{link[1]}"


def member_to_xml(member: Member) -> str:
    return (
        "<Member>"
        + element("nodeVersionReferenceMemberType", full_reference(member.member_type))
        + element("nodeMemberValue", member.value)
        + element("nodeMemberScale", member.scale)
        + element("nodeVersionReferenceTarget", full_reference(member.target))
        + element("nodeMemberComment", member.comment)
        + "</Member>"
    )


def version_to_xml(number: int, frozen: bool, version: Version) -> str:
    return (
        "<Version>"
        + element("nodeVersionNumber", number)
        + element("frozenIndicator", "true" if frozen else "false")
        + element("nodeName", version.name)
        + element("nodeVersionReferenceType", full_reference(version.type))
        + f"<MemberList>{''.join(member_to_xml(member) for member in version.members)}</MemberList>"
        + "</Version>"
    )


def node_to_xml(node: Node) -> str:
    versions = [
        version_to_xml(number, number <= node.frozen, version) for number, version in sorted(node.versions.items())
    ]
    return (
        "<Node>"
        + element("nodeReference", node.reference)
        + f"<VersionList>{''.join(versions)}</VersionList>"
        + "</Node>"
    )


def to_node_import(store: Store) -> str:
    """All versions of all nodes but those of the system package, as one document without credentials."""
    nodes = [node_to_xml(node) for reference, node in store.nodes.items() if reference not in SYSTEM_NODES]
    return f"<NodeImport><NodeList>{''.join(nodes)}</NodeList></NodeImport>"
