"""A store in which something is out of date."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client


@pytest.fixture
def stale(client: Client, make_user: Callable[..., None]) -> Client:
    """Two packages that are out of date, and `owner`, who may do everything in both."""
    for package in "PQ":
        graph = Graph().node(package, frozen()).node(f"{package}.N3", frozen(), draft())
        for number in range(3):
            graph.node(f"{package}.N{number}", frozen(*links(f"{package}.N{number + 1}.1")))
        client.load(graph)
    make_user("owner", "package-administer P", "package-administer Q")
    return client
