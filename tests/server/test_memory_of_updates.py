"""A process does not read the values of all nodes whose type changes at once, so that an update cannot make it grow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.application import create_app
from app.settings import Settings
from tests.server.test_memory_of_type_changes import add_copies
from tests.support.builders import Graph, M, V, frozen, member_type, type_with
from tests.support.http import SECRET_KEY, Client, message
from tests.support.processes import most_resident
from tests.support.raw import BASIC, exchange, request
from tests.support.real_service import Service, new_process

NODES, VALUES, CHARACTERS = 5, 100, 64_000
MOST_GROWTH_MIB = 24
"""Less than the 30 MiB of values of each package."""
RULES = {"Plain": member_type(), "Pattern": member_type(VALUE_PATTERN="[a-z0-9]+")}
"""The rules of the new version of the member type of each package."""


def package(name: str, rules: V, values: int) -> Graph:
    """A node with long values; its type and its member type have new versions."""
    graph = Graph().node(f"T{name}.m", member_type(), rules)
    graph.node(f"T{name}.T", type_with(f"T{name}.m.1"), type_with(f"T{name}.m.2"))
    texts = [f"v{value}".ljust(CHARACTERS, "x") for value in range(values)]
    return graph.node(f"{name}.N0", frozen(*(M(f"T{name}.m.1", value=text) for text in texts), type=f"T{name}.T.1"))


@pytest.mark.soak
@pytest.mark.ledger("DEC-409", "PRO-27")
def test_an_update_of_nodes_with_long_values_takes_little_memory(
    patient_service: Service, figures: Callable[[str], None]
) -> None:
    client = Client(create_app(Settings(secret_key=SECRET_KEY), patient_service.engine))
    for name, rules in RULES.items():
        client.load(package(name, rules, VALUES))
    client.load(package("Small", member_type(), 1))
    add_copies(patient_service.engine, RULES, NODES - 1)
    worker = new_process(patient_service)

    def update(name: str, action: str, nodes: int = NODES) -> int:
        given = {
            "nodeReference": name,
            "action": action,
            "updateContentIndicator": "true",
            "sourceScope": "current",
        }
        body = message("UpdateNodeVersions", given)
        reply = exchange(patient_service.url, request("/service", body.encode(), Authorization=BASIC))
        assert reply.status == 200
        assert reply.body.count(b"<updateType>version</updateType>") == nodes, reply.body
        return most_resident(worker)

    before = max(update("Small", action, 1) for action in ("impact", "force"))
    grown = {(action, name): update(name, action) - before for action in ("impact", "force") for name in RULES}
    figures(f"the process grew by at most {max(grown.values())} MiB: {grown}")
    assert max(grown.values()) <= MOST_GROWTH_MIB, grown
