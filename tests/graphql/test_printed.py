"""The requests printed in "Updating vs Upgrading instances" run and return the printed shape. Only ids differ."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.graphql.client import GraphQL
from tests.schemas.test_graphql import PRINTED_MUTATION, PRINTED_QUERY, PRINTED_RESPONSE
from tests.support.solution_store import Store, config_slot

NAME = "Slack channel > Trello > Dropbox Project"
EMAIL = config_slot("external_support-email", title="Support", hidden=True)


NO_FLAGS = {
    "hasNewerVersion": False,
    "requiresUserInputToUpdateVersion": False,
    "requiresSystemInputToUpdateVersion": False,
}


def flags(client: GraphQL) -> dict[str, bool]:
    """The flags of the one instance that the printed query finds."""
    (edge,) = client.data(PRINTED_QUERY)["viewer"]["solutionInstances"]["edges"]
    found: dict[str, bool] = edge["node"]["solutionVersionFlags"]
    return found


def shape(value: object) -> object:
    """Return the keys of a response in their order, and the types of their values."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value)


@pytest.mark.ledger("UVU-30", "UVU-31", "UVU-36", "UVU-37", "UVU-40")
def test_the_query(store: Store, master: GraphQL, anns: GraphQL, ann: str) -> None:
    solution = store.published()
    instance = store.instance(solution, ann, NAME)
    store.instance(solution)
    store.republish(solution, config=[config_slot("optional", mandatory=False)])
    data = master.data(PRINTED_QUERY.replace("ccfbbxxx-xxx-xxx-xxx-xxx0aee5c", ann))
    assert shape(data) == shape(PRINTED_RESPONSE)
    expected: Any = PRINTED_RESPONSE["viewer"]["solutionInstances"]["edges"][0]["node"]
    (edge,) = data["viewer"]["solutionInstances"]["edges"]
    created = edge["node"]["created"]
    assert edge["node"] == {**expected, "id": instance, "created": created, "solution": {"id": solution}}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created)
    # With a user token, the owner in the criteria has no effect.
    assert anns.data(PRINTED_QUERY) == data


@pytest.mark.ledger("UVU-29", "UVU-34")
def test_the_mutation(store: Store, master: GraphQL, anns: GraphQL, ann: str) -> None:
    """The slot is hidden, and so the value is given with a master token."""
    solution = store.published()
    instance = store.instance(solution, ann)
    store.republish(solution, config=[EMAIL])
    assert store.get(instance).flags == "NS"
    assert flags(anns) == {**NO_FLAGS, "hasNewerVersion": True, "requiresSystemInputToUpdateVersion": True}
    data = master.data(PRINTED_MUTATION.replace("5f85b697-xxx-xxx-xxx-5d7dabe22634", instance))
    assert data == {"upgradeSolutionInstance": {"solutionInstance": {"id": instance}}}
    moved = store.get(instance)
    assert (moved.release, moved.flags, moved.pending) == (2, "", [])
    assert moved.config == {"external_support-email": '"support@example.com"'}
    assert flags(anns) == NO_FLAGS


@pytest.mark.ledger("UVU-24", "UVU-33")
def test_the_mutation_with_the_id_only(store: Store, anns: GraphQL, ann: str) -> None:
    """The end user fills the slots that are pending then."""
    solution = store.published()
    instance = store.instance(solution, ann)
    store.republish(solution, config=[config_slot("channel")])
    assert flags(anns) == {**NO_FLAGS, "hasNewerVersion": True, "requiresUserInputToUpdateVersion": True}
    anns.mutate("upgradeSolutionInstance", solutionInstanceId=instance)
    moved = store.get(instance)
    assert (moved.release, moved.pending, flags(anns)) == (2, ["channel"], NO_FLAGS)
    anns.mutate(
        "updateSolutionInstance", solutionInstanceId=instance, configValues=[{"externalId": "channel", "value": '"#a"'}]
    )
    assert store.get(instance).pending == []


@pytest.mark.ledger("UVU-28")
def test_update_cannot_be_used_for_this_purpose(store: Store, master: GraphQL, ann: str) -> None:
    solution = store.published()
    instance = store.instance(solution, ann)
    store.republish(solution, config=[EMAIL])
    values = [{"externalId": "external_support-email", "value": '"support@example.com"'}]
    code, message = master.refused("updateSolutionInstance", solutionInstanceId=instance, configValues=values)
    assert code == "invalid_input"
    assert message.startswith("configValues.0.externalId: ")
    assert "use upgradeSolutionInstance" in message
    assert store.get(instance).release == 1
