"""An update holds no object for each member of the nodes whose type changes, which may have many members."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.settings import Settings
from tests.support.builders import Graph, M, V, draft, frozen, member_type, type_with
from tests.support.http import SECRET_KEY, Client, message
from tests.support.processes import most_resident
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import Service, new_process

NODES, MEMBERS = 100, 1_000
MOST_GROWTH_MIB = 8
"""Less than an object takes for each of the 100,000 members of a package."""

COPY_NODES = """
    WITH added AS (
      INSERT INTO node (node_identifier, node_reference, frozen_version_number, latest_version_number)
      SELECT 1000000 + n.node_identifier * 1000 + number, :package || '.N' || number, n.frozen_version_number, 1
      FROM node n, generate_series(1, :copies) AS number
      WHERE n.node_reference = :package || '.N0'
    )
    INSERT INTO node_version (node_identifier, version_number, type_node_identifier, type_version_number, node_name,
                              member_types, member_type_numbers, sequences, targets, target_numbers, values, scales)
    SELECT 1000000 + n.node_identifier * 1000 + number, 1, v.type_node_identifier, v.type_version_number, v.node_name,
           v.member_types, v.member_type_numbers, v.sequences, v.targets, v.target_numbers,
           v.values, v.scales
    FROM node n JOIN node_version v USING (node_identifier), generate_series(1, :copies) AS number
    WHERE n.node_reference = :package || '.N0'
"""


def package(name: str, rules: V, members: int) -> Graph:
    """A node of a type that has a new version, and so has the member type of all its members."""
    graph = Graph().node(f"T{name}.m", member_type(), rules)
    graph.node(f"T{name}.T", type_with(f"T{name}.m.1"), type_with(f"T{name}.m.2"))
    return graph.node(f"{name}.N0", frozen(*[M(f"T{name}.m.1", value="x")] * members, type=f"T{name}.T.1"))


def draft_type(name: str, members: int) -> Graph:
    """A draft type whose member type has a new version, and a draft of this type."""
    graph = Graph().node(f"{name}.m", member_type(), member_type())
    graph.node(f"{name}.T", type_with(f"{name}.m.1", draft=True))
    return graph.node(f"{name}.N0", draft(*[M(f"{name}.m.1", value="x")] * members, type=f"{name}.T.1"))


PACKAGES: dict[str, tuple[Graph, int]] = {
    "Few": (package("Few", member_type(), 1), NODES),
    "FewDrafts": (draft_type("FewDrafts", 1), 1),
    "ManyPlain": (package("ManyPlain", member_type(), MEMBERS), NODES),
    "ManyPattern": (package("ManyPattern", member_type(VALUE_PATTERN="[a-z0-9]+"), MEMBERS), NODES),
    "ManyDrafts": (draft_type("ManyDrafts", MEMBERS), 1),
}
"""The packages, with the number of rows of their updates."""


def add_copies(engine: Engine, packages: Iterable[str], copies: int) -> None:
    """Copy the first node of each package."""
    with engine.begin() as connection:
        for name in packages:
            connection.execute(text(COPY_NODES), {"package": name, "copies": copies})


@pytest.mark.soak
@pytest.mark.ledger("DEC-412", "PRO-27")
def test_an_update_of_nodes_with_many_members_takes_little_memory(
    patient_service: Service, figures: Callable[[str], None]
) -> None:
    client = Client(create_app(Settings(secret_key=SECRET_KEY), patient_service.engine))
    for graph, _ in PACKAGES.values():
        client.load(graph)
    add_copies(patient_service.engine, PACKAGES, NODES - 1)
    worker = new_process(patient_service)

    def force(name: str) -> int:
        source = "node" if name.endswith("Drafts") else "current"
        given = {"nodeReference": name, "action": "force", "updateContentIndicator": "true", "sourceScope": source}
        body = message("UpdateNodeVersions", given)
        reply = exchange(patient_service.url, request("/service", body.encode(), Authorization=BASIC))
        assert reply.status == 200
        assert reply.body.count(b"<updateType>") == PACKAGES[name][1], reply.body[:2000]
        return most_resident(worker)

    before = max(force(name) for name in ("Few", "FewDrafts"))
    grown = {name: force(name) - before for name in ("ManyPlain", "ManyPattern", "ManyDrafts")}
    figures(f"the process grew by at most {max(grown.values())} MiB: {grown}")
    assert max(grown.values()) <= MOST_GROWTH_MIB, grown
