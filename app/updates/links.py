"""The links of the nodes in a graph, and those of them that move."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence

from app.references import VersionKey

MemberLink = tuple[int, int, int, int, int, int]
"""A member with a target: (node, member type node, member type number, place, target node, target number). The place is
the position among the members of the version, from 1. Members are ordered by member type and sequence."""

COLUMNS = 6
"""The number of columns of a link."""


class Links:
    """The links of the members of versions, at most one version of each node.

    They are stored as one array of numbers: an object for each of millions of links takes several times the memory.
    """

    def __init__(self, columns: Sequence[Sequence[int]]) -> None:
        """Take the columns of links. The links of one node must be in the order of its members."""
        starts = _starts(columns[0])
        if starts is None:
            order = sorted(range(len(columns[0])), key=columns[0].__getitem__)
            columns = [list(map(column.__getitem__, order)) for column in columns]
            starts = _starts(columns[0]) or {}
        self._numbers = _row_by_row(columns)
        self._positions = {node: position for position, node in enumerate(starts)}
        self._starts = array("q", [*starts.values(), len(columns[0])])

    def __iter__(self) -> Iterator[MemberLink]:
        """Yield all links, those of one node together."""
        return _rows(self._numbers)

    @property
    def targets(self) -> Sequence[int]:
        """The target nodes of all links."""
        return self._numbers[4::COLUMNS]

    def of(self, node: int) -> Iterator[MemberLink]:
        """Yield the links of a node."""
        position = self._positions.get(node)
        if position is None:
            return iter(())
        first, last = self._starts[position : position + 2]
        return _rows(self._numbers[first * COLUMNS : last * COLUMNS])


def _starts(nodes: Sequence[int]) -> dict[int, int] | None:
    """Return the position at which the links of each node begin, or None if they are not together."""
    starts: dict[int, int] = {}
    before = None
    for position, node in enumerate(nodes):
        if node != before:
            if node in starts:
                return None
            starts[node] = position
            before = node
    return starts


def _row_by_row(columns: Sequence[Sequence[int]]) -> array[int]:
    """Return the numbers of columns row by row, in four bytes each if they all fit, in eight otherwise."""
    fits = all(isinstance(column, array) and column.typecode == "I" for column in columns)
    numbers = array("I" if fits else "q")
    numbers.frombytes(bytes(numbers.itemsize * len(columns) * len(columns[0])))
    for place, column in enumerate(columns):
        numbers[place :: len(columns)] = array(numbers.typecode, column)
    return numbers


def _rows(numbers: array[int]) -> Iterator[MemberLink]:
    each = iter(numbers)
    return zip(each, each, each, each, each, each, strict=False)


class MovedLinks:
    """The links of updated nodes that move: those whose target has a later source.

    They are found again for each node: lists for many nodes would take much memory.
    """

    def __init__(self, links: Links, updated: Collection[int], sources: Mapping[int, int]) -> None:
        self._links = links
        self._updated = updated
        self._source = sources.get
        self._removed: dict[int, Collection[VersionKey]] = {}

    def member_types(self) -> set[VersionKey]:
        """Return the member types of the members whose links move."""
        updated, source = self._updated, self._source
        return {
            (member_type, number)
            for node, member_type, number, _, target, target_number in self._links
            if source(target, 0) > target_number and node in updated
        }

    def of(self, node: int) -> list[MemberLink]:
        """Return the links of a node that move, none if the node is not updated."""
        if node not in self._updated:
            return []
        source = self._source
        moved = [link for link in self._links.of(node) if source(link[4], 0) > link[5]]
        if node in self._removed:
            removed = self._removed[node]
            moved = [link for link in moved if (link[1], link[2]) not in removed]
        return moved

    def remove(self, node: int, member_types: Collection[VersionKey]) -> None:
        """Leave out the links of the members of a node with these member types, which are removed with them."""
        self._removed[node] = member_types
