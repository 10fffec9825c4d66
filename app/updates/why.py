"""Why a node is in a plan: the shortest chain of links from what changed first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from app.references import VersionKey
from app.updates.plan import Plan

MOST_LINKS = 100
"""At most this many links of a chain are listed, so that a list of long chains does not grow with their product."""


class Link(NamedTuple):
    """The use of a later version: as a type, or as the target of a member of this member type."""

    version: VersionKey
    member_type: VersionKey | None


class Why(NamedTuple):
    """The last link of a chain, which is that of the node itself, the first one, and the number of links."""

    last: Link
    first: Link
    length: int


class Chain(NamedTuple):
    """The links from what changed first to a node, and how many after the first one are omitted."""

    links: list[Link]
    omitted: int


def reasons(plan: Plan) -> dict[int, Why]:
    """Return for each node in a plan, updated or refused, the end of its shortest chain.

    A chain begins with a version that exists already. A node that gets a new version only because every frozen node
    does has none: it is what changes first.
    """
    found: dict[int, Why] = {}
    linkers: dict[int, list[tuple[int, Link]]] = {}
    renewed = _renewed(plan)
    for node, link in _links(plan):
        if renewed.get(link.version[0]) == link.version[1]:
            linkers.setdefault(link.version[0], []).append((node, link))
        elif node not in found:
            found[node] = Why(link, link, 1)
    reached = deque(found)
    _follow(reached, linkers, found)
    for node, link in _links_to_later(plan, renewed):
        if node not in found:
            found[node] = Why(link, link, 1)
            reached.append(node)
    _follow(reached, linkers, found)
    rest = [node for node in sorted(renewed) if node not in found]
    reached.extend(rest)
    _follow(reached, linkers, found, frozenset(rest))
    return found


def chain(found: Mapping[int, Why], node: int) -> Chain:
    """Return the chain of a node, empty if it has none."""
    why = found.get(node)
    if why is None:
        return Chain([], 0)
    links: list[Link] = []
    length, current = why.length, why
    while len(links) < min(length, MOST_LINKS) - 1:
        links.append(current.last)
        current = found[current.last.version[0]]
    links.append(why.first)
    return Chain(links[::-1], length - len(links))


def _follow(
    reached: deque[int],
    linkers: Mapping[int, list[tuple[int, Link]]],
    found: dict[int, Why],
    without: frozenset[int] = frozenset(),
) -> None:
    """Follow the links to nodes that get new versions, the nearest first. Nodes in `without` are to have no chain."""
    while reached:
        node = reached.popleft()
        before = found.get(node)
        for linker, link in linkers.get(node, ()):
            if linker not in found and linker not in without:
                found[linker] = Why(link, link, 1) if before is None else Why(link, before.first, before.length + 1)
                reached.append(linker)


def _renewed(plan: Plan) -> dict[int, int]:
    """Return the new version of each node that gets one to which links move."""
    graph, sources = plan.graph, plan.sources
    return {
        update.node: update.number + 1
        for update in plan.updates
        if update.node not in graph.drafts and sources.get(update.node) == update.number + 1
    }


def _links_to_later(plan: Plan, renewed: Mapping[int, int]) -> Iterator[tuple[int, Link]]:
    """Yield the links to nodes that get new versions, and that have a later version than the link already.

    These begin the chains of nodes that link to themselves, or to each other.
    """
    graph = plan.graph
    for node in sorted(renewed):
        of, number = graph.types[node]
        if renewed.get(of, 0) - 1 > number:
            yield node, Link((of, renewed[of] - 1), None)
    for link in graph.links:
        if link[0] in renewed and renewed.get(link[4], 0) - 1 > link[5]:
            yield link[0], Link((link[4], renewed[link[4]] - 1), (link[1], link[2]))


def _links(plan: Plan) -> Iterator[tuple[int, Link]]:
    """Yield the links that make the nodes of a plan need an update, in the order of nodes, types first."""
    for update in sorted(plan.updates, key=lambda update: update.node):
        if update.type is not None:
            yield update.node, Link(update.type, None)
        for member in update.members:
            if member.target is not None:
                yield update.node, Link(member.target, member.member_type)
    if not plan.refusals:
        return
    graph, source = plan.graph, plan.sources.get
    for node in sorted(plan.refusals):
        of, number = graph.types[node]
        later = source(of, 0)
        if later > number:
            yield node, Link((of, later), None)
    for link in graph.links:
        later = source(link[4], 0) if link[0] in plan.refusals else 0
        if later > link[5]:
            yield link[0], Link((link[4], later), (link[1], link[2]))
