"""Validates the nodes of a NodeImport, and converts them to typed values.

A node may have a hundred thousand members. Its complete parts are taken out of the tree while the rest still arrives,
so that the tree of a node is hardly larger than a block of the document.
"""

from __future__ import annotations

import re

from lxml import etree

from app.errors import MOST_FAULTS
from app.nodes.import_document import ImportMember, ImportNode, ImportVersion
from app.text import collapsed, is_blank, present
from app.wire.decode import whole_number
from app.wire.schemas import IMPORTED_NODE, MOST_ATTRIBUTES, count, faults, is_valid

Faults = list[tuple[str, str]]

# While it validates a tree, lxml notes the path of every fault, and counts the elements before each to do so: a tree
# must not have many. A valid block of 64 KiB has no more elements than this.
_MOST_ELEMENTS = 4000
_ELEMENTS = etree.XPath("count(descendant-or-self::node()[not(self::text())])")
_PARTS_AT_ONCE = 300

_VERSION = re.compile(r"VersionList/Version(?:\[(\d+)\])?(.*)", re.DOTALL)
_MEMBER = re.compile(r"MemberList/Member(?:\[(\d+)\])?(.*)", re.DOTALL)


class NodeReader:
    """Reads one node, at `position` in the list of nodes. Faults have paths from the root of the document."""

    def __init__(self, position: int, *, keep: bool = True) -> None:
        """Read the node, and keep it if `keep`. After a first fault in the document only further faults are needed."""
        self.position = position
        self._path = f"NodeList/Node[{position}]"
        self._keep = keep
        self._versions: list[ImportVersion] = []
        self._members: list[ImportMember] = []
        self._versions_taken = 0
        self._members_taken = 0

    def take(self, node: etree._Element) -> tuple[bool, Faults]:
        """Take the complete parts out of a node that is not complete yet.

        Returns whether there were any, and their faults.
        """
        versions = node.find("VersionList")
        if versions is None or not len(versions):
            return False, []
        taken_before = self._versions_taken, self._members_taken
        found = self._take_versions(versions)
        members = versions[-1].find("MemberList")
        if members is not None:
            found += self._take_members(members)
        self._keep = self._keep and not found
        return (self._versions_taken, self._members_taken) != taken_before, found

    def finish(self, node: etree._Element, *, is_valid: bool = False) -> tuple[ImportNode | None, Faults]:
        """Return the complete node, or None and the faults of the parts that were still in it.

        `is_valid` says that the node is known to be valid.
        """
        if not is_valid and not _is_valid(node):
            found = faults(IMPORTED_NODE, node)
            return None, [_below(self._path, self._node_path(path), reason) for path, reason in found]
        if not self._keep:
            return None, []
        reference = ""
        # Children are visited one after the other: paths take lxml longer than the visits.
        for child in node:
            if child.tag == "VersionList":
                for version in child.iterchildren("Version"):
                    self._add_version(version)
            elif child.tag == "nodeReference":
                reference = collapsed(child.text or "")
        return ImportNode(reference, tuple(self._versions)), []

    def _take_versions(self, versions: etree._Element) -> Faults:
        complete = list(versions)[:-1]
        if not complete:
            return []
        valid = _are_valid("VersionList", complete)
        found: Faults = []
        for position, version in enumerate(complete, self._versions_taken + 1):
            path = f"{self._path}/VersionList/Version[{position}]"
            if not valid and len(found) < MOST_FAULTS:
                found += [
                    _below(path, self._version_path(within), reason)
                    for within, reason in _faults_of(version, "Version")
                ]
            if valid and self._keep:
                self._add_version(version)
            self._members_taken = 0
        self._versions_taken += len(complete)
        return found if valid or found else [(f"{self._path}/VersionList", "text is not allowed here")]

    def _take_members(self, members: etree._Element) -> Faults:
        complete = list(members)[:-1]
        if not complete:
            return []
        valid = _are_valid("MemberList", complete)
        found: Faults = []
        list_path = f"{self._path}/VersionList/Version[{self._versions_taken + 1}]/MemberList"
        for position, member in enumerate(complete, self._members_taken + 1):
            if not valid and len(found) < MOST_FAULTS:
                path = f"{list_path}/Member[{position}]"
                found += [_below(path, within, reason) for within, reason in _faults_of(member, "Member")]
            if valid and self._keep:
                self._members.append(_member(member))
        self._members_taken += len(complete)
        return found if valid or found else [(list_path, "text is not allowed here")]

    def _add_version(self, version: etree._Element) -> None:
        """Add a version, with the members that were taken out of it before it was complete."""
        members, texts = self._members, dict[str, str]()
        for child in version:
            if child.tag == "MemberList":
                members += map(_member, child.iterchildren("Member"))
            elif child.text:
                texts[str(child.tag)] = child.text
        self._versions.append(_version(texts, tuple(members)))
        members.clear()

    def _node_path(self, path: str) -> str:
        """Return a path within the node, counting the parts that were taken out of it."""
        found = _VERSION.fullmatch(path)
        if found is None or not (self._versions_taken or self._members_taken):
            return path
        position, rest = int(found[1] or 1), found[2].removeprefix("/")
        rest = self._version_path(rest) if position == 1 else rest
        path = f"VersionList/Version[{position + self._versions_taken}]"
        return f"{path}/{rest}" if rest else path

    def _version_path(self, path: str) -> str:
        """Return a path within the first version that is left, counting the members that were taken out of it."""
        found = _MEMBER.fullmatch(path)
        if found is None or not self._members_taken:
            return path
        return f"MemberList/Member[{int(found[1] or 1) + self._members_taken}]{found[2]}"


def taken_together(nodes: list[etree._Element], elements: int, attributes: int) -> bool:
    """Move nodes into a list of their own, and return whether they are known to be valid.

    `elements` and `attributes` are upper bounds of how many they have. Validating them at once takes half of the time.
    If they are not known to be valid, each must be validated by itself.
    """
    alone = etree.Element("NodeList")
    alone.extend(nodes)
    if not nodes or elements > _MOST_ELEMENTS or attributes > MOST_ATTRIBUTES:
        return False
    return is_valid(IMPORTED_NODE, alone, large=False, few_attributes=True)


def _are_valid(name: str, parts: list[etree._Element]) -> bool:
    """Move parts into lists of their own, and return whether they are valid there."""
    for first in range(0, len(parts), _PARTS_AT_ONCE):
        alone = etree.Element(name)
        alone.extend(parts[first : first + _PARTS_AT_ONCE])
        if not _is_valid(alone):
            return False
    return True


def _is_valid(part: etree._Element) -> bool:
    """Return whether a part of a node is valid. It has no more elements than fit into a block."""
    return count(_ELEMENTS, part) <= _MOST_ELEMENTS and is_valid(IMPORTED_NODE, part, large=False)


def _faults_of(part: etree._Element, name: str) -> Faults:
    if part.tag != name:
        return [("", f"the element {str(part.tag)[:100]!r} is not allowed here. Allowed here: {name}")]
    return [] if _is_valid(part) else faults(IMPORTED_NODE, part)


def _below(path: str, within: str, reason: str) -> tuple[str, str]:
    return f"{path}/{within}" if within else path, reason


def _version(texts: dict[str, str], members: tuple[ImportMember, ...]) -> ImportVersion:
    return ImportVersion(
        number=whole_number(texts.get("nodeVersionNumber", "")),
        frozen=collapsed(texts.get("frozenIndicator", "")) == "true",
        name=present(texts.get("nodeName")),
        comment=present(texts.get("nodeVersionComment")),
        type_reference=collapsed(texts.get("nodeVersionReferenceType", "")) or None,
        members=members,
    )


def _member(element: etree._Element) -> ImportMember:
    texts = {str(child.tag): text for child in element if (text := child.text)}
    scale = texts.get("nodeMemberScale")
    return ImportMember(
        collapsed(texts.get("nodeVersionReferenceMemberType", "")),
        texts.get("nodeMemberValue"),
        float(collapsed(scale)) if scale and not is_blank(scale) else None,
        collapsed(texts.get("nodeVersionReferenceTarget", "")) or None,
        present(texts.get("nodeMemberComment")),
    )
