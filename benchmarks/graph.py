"""A part of the graph of a store: the nodes that depend on one node, and a document with a copy of them."""

from __future__ import annotations

from collections import defaultdict, deque

from benchmarks.server import connect

Graph = list[list[int]]
"""For each package, by its position, the positions of the packages that it depends on. The first depends on none."""

_LINKS = """
    SELECT DISTINCT v.node_identifier, m.target
    FROM node n
    JOIN node_version v ON v.node_identifier = n.node_identifier AND v.version_number = n.frozen_version_number
    CROSS JOIN LATERAL unnest(v.targets) AS m (target)
    WHERE starts_with(n.node_reference, %(package)s || '.') AND m.target IS NOT NULL
    ORDER BY v.node_identifier, m.target
"""


def dependents(database_url: str, package: str, reference: str, count: int) -> Graph:
    """Return a node and the first nodes that depend on it, at whatever distance, with the links between them."""
    with connect(database_url) as connection:
        links = connection.execute(_LINKS, {"package": package}).fetchall()
        row = connection.execute("SELECT node_identifier FROM node WHERE node_reference = %s", (reference,)).fetchone()
    if row is None:
        raise RuntimeError(f"{reference} is not in the store")
    users: dict[int, list[int]] = defaultdict(list)
    for node, target in links:
        users[target].append(node)
    place = {row[0]: 0}
    reached = deque([row[0]])
    while reached:
        for user in users[reached.popleft()]:
            if user not in place and len(place) < count:
                place[user] = len(place)
                reached.append(user)
    graph: Graph = [[] for _ in place]
    for node, target in links:
        if node in place and target in place and place[node] and node != target:
            graph[place[node]].append(place[target])
    return graph


def document(graph: Graph, package: str) -> str:
    """Return a NodeImport document of the packages, all frozen but for a new version of the first one."""
    nodes = "".join(_node(package, place, depends) for place, depends in enumerate(graph))
    return f"<NodeImport><NodeList>{nodes}</NodeList></NodeImport>"


def _node(package: str, place: int, depends: list[int]) -> str:
    members = "".join(
        "<Member><nodeVersionReferenceMemberType>system.NODE_LIST.1</nodeVersionReferenceMemberType>"
        f"<nodeVersionReferenceTarget>{package}.p{target}.1</nodeVersionReferenceTarget></Member>"
        for target in depends
    )
    versions = _version(1, f"<MemberList>{members}</MemberList>", frozen=True)
    if place == 0:
        versions += _version(2, "", frozen=False)
    return f"<Node><nodeReference>{package}.p{place}</nodeReference><VersionList>{versions}</VersionList></Node>"


def _version(number: int, members: str, *, frozen: bool) -> str:
    return (
        f"<Version><nodeVersionNumber>{number}</nodeVersionNumber><frozenIndicator>{str(frozen).lower()}</frozenIndicator>"
        "<nodeVersionReferenceType>system.NODE_LIST_TYPE.1</nodeVersionReferenceType>"
        f"{members}</Version>"
    )
