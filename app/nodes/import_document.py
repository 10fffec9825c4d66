"""The document of an import: reads its nodes, checks them, and turns them into rows for the database.

The faults that do not depend on the content of the store are found here, node by node, since a document may hold a
million nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from app.database.copy import as_field
from app.errors import IS_MISSING, MOST_FAULTS, Fault, FaultCode, FaultPath
from app.nodes.patterns import PatternCheck, PatternError
from app.references import (
    MAXIMUM_VERSION_NUMBER,
    InvalidReferenceError,
    check_node_reference,
    package_of,
    parse_version_reference,
)

_CHUNK_ROWS = 20_000
_CHUNK_CHARACTERS = 4 * 1024 * 1024
"""A chunk is full when it has this many rows, or when its lines have this many characters."""
_SYSTEM = "system"
_VALUE_PATTERN = "system.VALUE_PATTERN"
_NULL: Final = r"\N"
_NO_LINK: Final = f"{_NULL}\t{_NULL}"
_FIELDS = (
    "",
    "node_reference",
    "versions",
    "node_version_number",
    "frozen_indicator",
    "node_name",
    "node_version_comment",
    "node_version_reference_type",
    "members",
    "node_version_reference_member_type",
    "node_member_value",
    "node_version_reference_target",
)


DocumentPlace = tuple[int, int, int]
"""Positions of a node, version and member, counted from 1; 0 for none."""


class ImportMember(NamedTuple):
    """A member of a version in the document."""

    member_type_reference: str
    value: str | None
    scale: float | None
    target_reference: str | None
    comment: str | None


class ImportVersion(NamedTuple):
    """A version of a node in the document."""

    number: int
    frozen: bool
    name: str | None
    comment: str | None
    type_reference: str | None
    members: Sequence[ImportMember]


class ImportNode(NamedTuple):
    """A node with its versions in the document."""

    reference: str
    versions: Sequence[ImportVersion]


class DocumentFault(NamedTuple):
    """A fault at one place of the document. An empty field means the member, version or node itself.

    `twin` is the position of the node that `{other}` in the text refers to.
    """

    node: int
    version: int
    member: int
    field: str
    text: str
    code: FaultCode = FaultCode.INVALID
    twin: int = 0

    def as_fault(self) -> Fault:
        """Return the fault with its place as a path, in which positions count from 0."""
        path: FaultPath = ("nodes", self.node - 1)
        if self.version:
            path += ("versions", self.version - 1)
        if self.member:
            path += ("members", self.member - 1)
        if self.field:
            path += (self.field,)
        return Fault(path, self.code, self.text, ("nodes", self.twin - 1) if self.twin else ())


def first_faults(faults: Iterable[DocumentFault]) -> list[DocumentFault]:
    """Return the faults that are reported, in document order."""
    return sorted(faults, key=lambda fault: (*fault[:3], _FIELDS.index(fault.field)))[:MOST_FAULTS]


@dataclass
class Chunk:
    """Lines for COPY to the staging tables `import_node`, `import_version` and `import_member`.

    A line is put together at once, which takes less time than the conversion of its values one by one.
    """

    nodes: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    characters: int = 0
    """The length of the lines of versions and members, which may hold long texts."""

    @property
    def full(self) -> bool:
        """Whether the chunk is large enough to be written."""
        rows = len(self.nodes) + len(self.versions) + len(self.members)
        return rows >= _CHUNK_ROWS or self.characters >= _CHUNK_CHARACTERS


class ImportDocument:
    """Reads the nodes of a document once. `faults` holds the first faults after all chunks have been read."""

    def __init__(self, nodes: Iterable[ImportNode]) -> None:
        self._nodes = nodes
        self._patterns = PatternCheck()
        self.faults: list[DocumentFault] = []

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows of all nodes. A faulty node has no row, and a faulty value is null."""
        chunk = Chunk()
        for position, node in enumerate(self._nodes, start=1):
            self._read_node(chunk, position, node)
            if chunk.full:
                yield chunk
                chunk = Chunk()
        yield chunk

    def _read_node(self, chunk: Chunk, position: int, node: ImportNode) -> None:
        place = (position, 0, 0)
        if not node.reference:
            self._add_fault(place, "node_reference", IS_MISSING, FaultCode.MISSING)
        elif reason := _fault_of_node_reference(node.reference):
            self._add_fault(place, "node_reference", reason)
        else:
            chunk.nodes.append(f"{position}\t{node.reference}\t{package_of(node.reference) or _NULL}\n")
        if not node.versions:
            self._add_fault(place, "versions", "has no version")
        previous: ImportVersion | None = None
        for version_position, version in enumerate(node.versions, start=1):
            place = (position, version_position, 0)
            number = self._read_number(version.number, previous, place)
            if not version.frozen and version_position < len(node.versions):
                self._add_fault(place, "frozen_indicator", "only the last version may be a draft")
            name = version.name or node.reference.rpartition(".")[2]
            link = self._read_link(version.type_reference, place, "node_version_reference_type")
            line = (
                f"{position}\t{version_position}\t{_NULL if number is None else number}\t{version.frozen}\t"
                f"{as_field(name)}\t{as_field(version.comment or None)}\t{link}\t{len(version.members)}\n"
            )
            chunk.versions.append(line)
            chunk.characters += len(line)
            self._read_members(chunk, position, version_position, version.members)
            previous = version

    def _read_number(self, number: int, previous: ImportVersion | None, place: DocumentPlace) -> int | None:
        if not 1 <= number <= MAXIMUM_VERSION_NUMBER:
            reason = f"is {number}; version numbers range from 1 to {MAXIMUM_VERSION_NUMBER}"
        elif previous and number != previous.number + 1:
            reason = f"is {number} after {previous.number}; version numbers ascend without gaps"
        else:
            return number
        self._add_fault(place, "node_version_number", reason)
        return None

    def _read_members(self, chunk: Chunk, node: int, version: int, members: Sequence[ImportMember]) -> None:
        sequences: dict[str, int] = {}
        for position, (type_reference, value, scale, target_reference, comment) in enumerate(members, start=1):
            place = (node, version, position)
            member_type = self._read_link(type_reference, place, "node_version_reference_member_type")
            target = _NO_LINK
            if target_reference:
                target = self._read_link(target_reference, place, "node_version_reference_target")
            type_node = member_type.partition("\t")[0]
            sequence = sequences[type_node] = sequences.get(type_node, 0) + 1
            if value and type_node == _VALUE_PATTERN:
                self._check_pattern(value, place)
            line = (
                f"{node}\t{version}\t{position}\t{member_type}\t{sequence}\t{as_field(value or None)}\t"
                f"{_NULL if scale is None else repr(scale)}\t{target}\t{as_field(comment or None)}\n"
            )
            chunk.members.append(line)
            chunk.characters += len(line)

    def _check_pattern(self, pattern: str, place: DocumentPlace) -> None:
        if len(self.faults) >= MOST_FAULTS:
            return
        try:
            self._patterns.check(pattern)
        except PatternError as error:
            self._add_fault(place, "node_member_value", f"is a pattern that {error}")

    def _read_link(self, reference: str | None, place: DocumentPlace, field_name: str) -> str:
        """Return the node reference and the requested version, as fields of a line: nulls if it is faulty."""
        if not reference:
            self._add_fault(place, field_name, IS_MISSING, FaultCode.MISSING)
            return _NO_LINK
        try:
            return _parsed(reference)
        except InvalidReferenceError as error:
            self._add_fault(place, field_name, str(error))
            return _NO_LINK

    def _add_fault(
        self, place: DocumentPlace, field_name: str, reason: str, code: FaultCode = FaultCode.INVALID
    ) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(DocumentFault(*place, field_name, reason, code))


def _fault_of_node_reference(reference: str) -> str | None:
    if reference.partition(".")[0] == _SYSTEM:
        return f"the {_SYSTEM} package cannot be imported"
    try:
        check_node_reference(reference)
    except InvalidReferenceError as error:
        return str(error)
    return None


@lru_cache(maxsize=100_000)
def _parsed(reference: str) -> str:
    wanted = parse_version_reference(reference)
    return f"{wanted.node_reference}\t{wanted.version}"
