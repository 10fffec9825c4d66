"""The nodes of the system package in the stores of the oracle."""

from tests.updates.oracle_model import (
    MANIFEST_ITEMS,
    MAXIMUM_CARDINALITY,
    MEMBER_TYPE_LIST,
    MINIMUM_CARDINALITY,
    TARGET_TYPE_LIST,
    USE_SCALE,
    USE_TARGET,
    USE_VALUE,
    VALUE_PATTERN,
    Member,
    Node,
    Version,
)

TYPE_TYPE = "system.TYPE_TYPE"
MEMBER_TYPE_CLASS = "system.MEMBER_TYPE_CLASS"
MANIFEST_TYPE = "system.MANIFEST_TYPE"
PACKAGE_LISTING = "system.PACKAGE_LISTING"

RULES = (
    MINIMUM_CARDINALITY,
    MAXIMUM_CARDINALITY,
    USE_VALUE,
    USE_SCALE,
    USE_TARGET,
    VALUE_PATTERN,
    TARGET_TYPE_LIST,
)
SYSTEM_LISTS: dict[str, tuple[str, ...]] = {
    TYPE_TYPE: (MEMBER_TYPE_LIST,),
    MEMBER_TYPE_CLASS: RULES,
    MANIFEST_TYPE: (MANIFEST_ITEMS,),
    PACKAGE_LISTING: (),
}
SYSTEM_NODES: tuple[str, ...] = (*SYSTEM_LISTS, MEMBER_TYPE_LIST, MANIFEST_ITEMS, *RULES)


def system_store() -> dict[str, Node]:
    """The system nodes, frozen at version 1."""
    nodes = {}
    for reference in SYSTEM_NODES:
        listing = SYSTEM_LISTS.get(reference, ())
        members = [
            Member((MEMBER_TYPE_LIST, 1), sequence, target=(member_type, 1))
            for sequence, member_type in enumerate(listing, start=1)
        ]
        own_type = TYPE_TYPE if reference in SYSTEM_LISTS else MEMBER_TYPE_CLASS
        nodes[reference] = Node(reference, 1, {1: Version((own_type, 1), members, reference)})
    return nodes


def system_rights() -> dict[str, set[str]]:
    return {reference: {"read", "link", "use-type"} for reference in SYSTEM_NODES}
