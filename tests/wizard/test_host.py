"""The flow of a host application that uses GraphQL: it creates an instance, opens the wizard, and enables it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.solutions.people.tokens import create_master_token
from tests.graphql.client import GraphQL, nodes
from tests.support.solution_store import DATA, Store, auth_slot, config_slot
from tests.support.wizard import Wizard

INSTANCES = """solutionInstances(criteria: {owner: "%s"}) { edges { node {
    id enabled configValues { externalId value } authValues { externalId authId }
    solutionVersionFlags { hasNewerVersion requiresUserInputToUpdateVersion requiresSystemInputToUpdateVersion }
} } }"""
FLAGS = ("hasNewerVersion", "requiresUserInputToUpdateVersion", "requiresSystemInputToUpdateVersion")


@pytest.fixture
def master(app: Flask, engine: Engine) -> GraphQL:
    """A client with a master token."""
    with engine.begin() as connection:
        return GraphQL(app, create_master_token(connection, "Partner").token)


def code_for(master: GraphQL, user: str) -> str:
    payload = master.mutate("generateAuthorizationCode", "authorizationCode", userId=user)
    return str(payload["authorizationCode"])


def flags(instance: dict[str, Any]) -> list[bool]:
    return [instance["solutionVersionFlags"][name] for name in FLAGS]


@pytest.mark.ledger("UVU-25", "UVU-26")
def test_a_host_creates_configures_and_enables_an_instance_and_upgrades_it(
    app: Flask, master: GraphQL, wizard: Wizard, store: Store
) -> None:
    slack, channel = auth_slot("slack", title="Slack"), config_slot("channel", title="Channel")
    solution = store.published(auth=[slack], config=[channel])
    user = master.mutate("createExternalUser", "userId", name="Ann", externalUserId="ann-1")["userId"]
    anns = GraphQL(app, master.mutate("authorize", "accessToken", userId=user)["accessToken"])

    def instance() -> dict[str, Any]:
        (found,) = nodes(anns.viewer(INSTANCES % user))
        return found

    made = anns.mutate(
        "createSolutionInstance", "solutionInstance { id enabled }", solutionId=solution, instanceName="Ann's"
    )["solutionInstance"]
    assert made["enabled"] is False
    path = f"/external/solutions/acme/configure/{made['id']}?code="
    enable = {"solutionInstanceId": made["id"], "enabled": True, "errorOnEnablingWithMissingValues": True}
    assert "slack" in anns.refused("updateSolutionInstance", **enable)[1]

    page = wizard.get(path + code_for(master, user))
    assert page.labels == ["Slack", "Channel"]
    account = {"auth:slack": "new", "name-auth:slack": "Team Slack", "data-auth:slack": DATA}
    page = page.send(values={**account, "config:channel": "#help"})
    assert page.title == "Summary"
    assert page.send("finish").message == {"type": "tray.configPopup.finish"}
    anns.mutate("updateSolutionInstance", **enable)
    found = instance()
    assert (found["enabled"], flags(found)) == (True, [False] * 3)
    assert found["configValues"] == [{"externalId": "channel", "value": '"#help"'}]

    store.republish(solution, auth=[slack], config=[channel, config_slot("limit", title="Limit", type="integer")])
    assert flags(instance()) == [True, True, False]
    used = code_for(master, user)
    page = wizard.get(path + used)
    assert page.labels[0] == "Limit New"
    assert page.send("cancel").message == {"type": "tray.configPopup.cancel"}
    assert flags(instance()) == [True, True, False]
    again = wizard.get(path + used)
    assert (again.message or {}).get("type") == "tray.configPopup.error"
    page = wizard.get(path + code_for(master, user))
    assert page.fields["config:channel"] == "#help"
    page = page.send(values={"config:limit": "5"})
    assert page.send("finish").message == {"type": "tray.configPopup.finish"}
    found = instance()
    assert (found["enabled"], flags(found)) == (True, [False] * 3)
    assert {"externalId": "limit", "value": "5"} in found["configValues"]


def test_a_code_opens_only_the_instances_of_its_own_end_user(
    app: Flask, master: GraphQL, wizard: Wizard, store: Store
) -> None:
    solution = store.published(config=[config_slot("channel")])
    instance = store.instance(solution, store.user("Bob"))
    ann = master.mutate("createExternalUser", "userId", name="Ann", externalUserId="ann-1")["userId"]
    page = wizard.get(f"/external/solutions/acme/configure/{instance}?code={code_for(master, ann)}")
    assert (page.message or {}).get("type") == "tray.configPopup.error"
    assert page.tree.forms == []
    assert master.refused("generateAuthorizationCode", userId=instance)[0] == "not_found"
