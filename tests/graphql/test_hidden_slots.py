"""Hidden slots are for the system: with a user token there are no such slots."""

from __future__ import annotations

from typing import Any

import pytest

from tests.graphql.client import INSTANCE, GraphQL, mutation, nodes
from tests.support.solution_store import Store, auth_slot, config_slot

VALUES = "configValues { externalId value } authValues { externalId authId }"
SLOTS = "solution { configSlots { externalId title defaultValue } authSlots { externalId title } }"
CONFIG = [
    config_slot("seen"),
    config_slot("plan", hidden=True, title="The hidden plan", defaultValue='"secret default"'),
    config_slot("key", hidden=True, mandatory=False),
]
AUTH = [auth_slot("slack"), auth_slot("billing", hidden=True, title="The hidden bill")]
SECRETS = ("plan", "key", "billing", "secret", "hidden")


@pytest.fixture
def solution(store: Store) -> str:
    """A solution with slots of both kinds, hidden or not."""
    return store.published(config=CONFIG, auth=AUTH)


@pytest.fixture
def instance(store: Store, solution: str, ann: str) -> str:
    """An instance of Ann's with a value in every slot."""
    authentication = store.authentication(ann)
    return store.instance(
        solution,
        ann,
        config={"seen": '"1"', "plan": '"secret plan"', "key": '"secret key"'},
        auth={"slack": authentication, "billing": authentication},
    )


@pytest.mark.ledger("DEC-117")
def test_a_user_token_does_not_see_hidden_slots(instance: str, anns: GraphQL) -> None:
    response = anns.post(
        {"query": f"{{ viewer {{ solutionInstances {{ edges {{ node {{ {VALUES} {SLOTS} }} }} }} }} }}"}
    )
    (node,) = nodes(response.get_json()["data"]["viewer"]["solutionInstances"])
    assert [value["externalId"] for value in node["configValues"]] == ["seen"]
    assert [value["externalId"] for value in node["authValues"]] == ["slack"]
    assert [slot["externalId"] for slot in node["solution"]["configSlots"]] == ["seen"]
    assert [slot["externalId"] for slot in node["solution"]["authSlots"]] == ["slack"]
    assert not any(secret in response.text for secret in SECRETS)


@pytest.mark.parametrize("name", ["updateSolutionInstance", "upgradeSolutionInstance"])
def test_the_payload_of_a_mutation_does_not_show_hidden_slots(instance: str, anns: GraphQL, name: str) -> None:
    query = mutation(name, f"solutionInstance {{ id {VALUES} {SLOTS} }}")
    response = anns.post({"query": query, "variables": {"input": {"solutionInstanceId": instance}}})
    assert "errors" not in response.get_json()
    assert not any(secret in response.text for secret in SECRETS)


@pytest.mark.ledger("DEC-117")
def test_with_a_master_token_hidden_slots_are_like_others(
    store: Store, solution: str, instance: str, master: GraphQL
) -> None:
    (node,) = nodes(master.viewer(f"solutionInstances {{ edges {{ node {{ {VALUES} {SLOTS} }} }} }}"))
    assert {value["externalId"] for value in node["configValues"]} == {"seen", "plan", "key"}
    assert {value["externalId"] for value in node["authValues"]} == {"slack", "billing"}
    assert len(node["solution"]["configSlots"]) == 3
    changed = master.mutate(
        "updateSolutionInstance",
        INSTANCE,
        solutionInstanceId=instance,
        instanceName="Ours",
        configValues=[{"externalId": "plan", "value": '"gold"'}],
    )["solutionInstance"]
    assert {"externalId": "plan", "value": '"gold"'} in changed["configValues"]
    store.republish(solution, config=[*CONFIG, config_slot("new", hidden=True)], auth=AUTH)
    assert store.get(instance).flags == "NS"
    given = [{"externalId": "new", "value": '"x"'}]
    master.mutate("upgradeSolutionInstance", solutionInstanceId=instance, configValues=given)
    assert (store.get(instance).release, store.get(instance).config["new"]) == (2, '"x"')


def refusals(client: GraphQL, name: str, given: dict[str, Any], slots: tuple[str, str], kind: str) -> list[str]:
    """The messages with which a value for each of two slots is refused, without the names of the slots."""
    reported = []
    for slot in slots:
        if kind == "config":
            values = {"configValues": [{"externalId": slot, "value": "not JSON"}]}
        else:
            values = {"authValues": [{"externalId": slot, "authId": "x"}]}
        code, message = client.refused(name, **given, **values)
        assert code == "invalid_input"
        reported.append(message.replace(f'"{slot}"', "SLOT"))
    return reported


@pytest.mark.ledger("DEC-117")
@pytest.mark.parametrize("name", ["createSolutionInstance", "updateSolutionInstance", "upgradeSolutionInstance"])
def test_a_hidden_slot_is_refused_as_one_that_does_not_exist(
    store: Store, solution: str, instance: str, anns: GraphQL, name: str
) -> None:
    before = store.get(instance)
    if name == "createSolutionInstance":
        given = {"solutionId": solution, "instanceName": "Mine"}
    else:
        given = {"solutionInstanceId": instance}
    for slots, kind in ((("plan", "none"), "config"), (("key", "none"), "config"), (("billing", "none"), "auth")):
        hidden, unknown = refusals(anns, name, given, slots, kind)
        assert hidden == unknown
    assert store.get(instance) == before


def test_a_hidden_slot_of_a_newer_release_is_not_announced(
    store: Store, solution: str, instance: str, anns: GraphQL
) -> None:
    newer = [*CONFIG, config_slot("new", hidden=True), config_slot("shown")]
    store.republish(solution, config=newer, auth=AUTH)
    given = {"solutionInstanceId": instance}
    hidden, unknown = refusals(anns, "updateSolutionInstance", given, ("new", "none"), "config")
    assert hidden == unknown
    shown, _ = refusals(anns, "updateSolutionInstance", given, ("shown", "none"), "config")
    assert "use upgradeSolutionInstance" in shown


def test_a_slot_that_a_newer_release_hides_is_usable_until_the_instance_moves(
    store: Store, anns: GraphQL, ann: str
) -> None:
    solution = store.published(config=[config_slot("a", type="integer")])
    instance = store.instance(solution, ann, config={"a": "1"})
    store.republish(solution, config=[config_slot("a", type="string", hidden=True)])
    values = {"configValues": [{"externalId": "a", "value": "2"}]}
    made = anns.mutate("updateSolutionInstance", INSTANCE, solutionInstanceId=instance, **values)
    assert made["solutionInstance"]["configValues"] == [{"externalId": "a", "value": "2"}]
    wrong = {"configValues": [{"externalId": "a", "value": '"text"'}]}
    _, message = anns.refused("updateSolutionInstance", solutionInstanceId=instance, **wrong)
    assert "upgrade" not in message, "what the hidden slot of the newer release takes is nobody's business"
    moved = anns.mutate("upgradeSolutionInstance", INSTANCE, solutionInstanceId=instance)["solutionInstance"]
    assert moved["configValues"] == []


def test_a_missing_value_of_a_hidden_slot_is_not_named(store: Store, anns: GraphQL, master: GraphQL, ann: str) -> None:
    solution = store.published(config=[config_slot("seen"), config_slot("plan", hidden=True)])
    instance = store.instance(solution, ann)
    strict = {"solutionInstanceId": instance, "enabled": True, "errorOnEnablingWithMissingValues": True}
    _, message = anns.refused("updateSolutionInstance", **strict)
    assert '"seen"' in message
    assert "plan" not in message
    given = [{"externalId": "seen", "value": '"x"'}]
    _, message = anns.refused("updateSolutionInstance", **strict, configValues=given)
    assert "only the system can give" in message
    assert "plan" not in message
    assert '"plan"' in master.refused("updateSolutionInstance", **strict)[1]


def test_an_unknown_instance_is_not_found_with_a_master_token(master: GraphQL) -> None:
    for name in ("updateSolutionInstance", "upgradeSolutionInstance"):
        reported = master.refused(name, solutionInstanceId="00000000-0000-0000-0000-000000000000")
        assert reported == ("not_found", "solutionInstanceId: is not found")
