"""Building a response takes little memory, so that a process does not grow with a GraphQL query that repeats values."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from app.application import create_app
from app.settings import Settings
from app.solutions.people.tokens import authorize
from tests.graphql.test_response_size import VALUES, fill
from tests.support.http import SECRET_KEY, Client
from tests.support.processes import most_resident
from tests.support.raw import exchange, request
from tests.support.real_service import Service, new_process
from tests.support.solution_store import Store, config_slot

INSTANCES, CHARACTERS = 100, 900_000
MIB = 1024 * 1024
MOST_GROWTH_MIB = 160
"""Some copies of a document, and what its parts take."""
GREEDY = {
    "aliases of lists": "{ viewer { "
    + " ".join(f"{alias}: solutionInstances(first: 250) {{ {VALUES} }}" for alias in "abcd")
    + " } }",
    "aliases of values": "{ viewer { solutionInstances(first: 15) { edges { node { configValues { "
    + " ".join(f"v{number}: value" for number in range(29))
    + " } } } } } }",
    "flags alone": (
        "{ viewer { solutionInstances(first: 1000) { edges { node { solutionVersionFlags { hasNewerVersion } } } } } }"
    ),
}
ONE = "{ viewer { solutionInstances(first: 1) { edges { node { name } } } } }"


@pytest.mark.soak
@pytest.mark.ledger("DEC-130", "PRO-25")
def test_a_process_does_not_grow_with_what_is_asked_for(
    patient_service: Service, figures: Callable[[str], None]
) -> None:
    """Without a limit, four aliases over 250 instances of 0.9 MB took 3.3 GB."""
    engine = patient_service.engine
    store = Store(Client(create_app(Settings(secret_key=SECRET_KEY), engine)))
    ann = store.user("Ann")
    with engine.begin() as connection:
        token = authorize(connection, ann)
    solution = store.published(config=[config_slot("a")])
    fill(engine, solution, ann, INSTANCES, CHARACTERS)
    store.republish(solution, config=[config_slot("a", type="object")])

    def size(query: str) -> int:
        body = json.dumps({"query": query}).encode()
        asked = request("/graphql", body, Authorization=f"Bearer {token}", Content_Type="application/json")
        reply = exchange(patient_service.url, asked)
        assert reply.status == 200, reply.body
        return len(reply.body)

    for kind, query in GREEDY.items():
        process = new_process(patient_service)
        size(ONE)
        before = most_resident(process)
        took = size(query)
        growth = most_resident(process) - before
        figures(f"{kind}: the process grew by {growth} MiB for a response of {took / MIB:.1f} MiB")
        assert (growth < MOST_GROWTH_MIB, took <= 16 * MIB) == (True, True), (kind, growth, took)
