"""UpdateNodeVersions of a small scope that has many sources."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.builders import Graph, frozen, links, moves
from tests.support.http import Client

MANY = 1001


def test_a_node_may_have_very_many_sources(client: Client, make_user: Callable[..., None]) -> None:
    """There are more of them than are read together with a small scope."""
    olds, news = ([f"X.N{node}.{number}" for node in range(MANY)] for number in (1, 2))
    graph = Graph().node("P.A", frozen(*links(*olds)))
    graph.node("M", frozen(*links(*news, member_type="system.MANIFEST_ITEMS.1")))
    for node in range(MANY):
        graph.node(f"X.N{node}", frozen(), frozen())
    client.load(graph)
    make_user("ann", "package-administer P", "package-link X", "node-read M")
    expected = [f"P.A.1 version: {moves(*news)}"]
    for by, scope, source in (
        (client, "latest", ""),
        (client.as_user("ann"), "current", "X"),
        (client.as_user("ann"), "manifest", "M.1"),
    ):
        assert by.update("P", sourceScope=scope, sourceReference=source).rows() == expected
