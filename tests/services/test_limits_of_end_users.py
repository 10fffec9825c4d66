"""The limits on the number and the size of an end user's instances and authentications, in XML and in GraphQL."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from app.solutions.people.tokens import authorize, create_master_token
from tests.graphql.client import GraphQL
from tests.support.http import SECRET_KEY, Client
from tests.support.solution_store import Store, auth_slot, config_slot

SETTINGS = Settings(
    max_instances_per_user=3, max_authentications_per_user=2, max_instance_bytes=2000, secret_key=SECRET_KEY
)
CONFIG = [config_slot("a"), config_slot("b", mandatory=False)]


@pytest.fixture
def app(client: Client, engine: Engine) -> Flask:
    """A service with low limits."""
    return create_app(SETTINGS, engine)


@pytest.fixture
def limited(app: Flask) -> Store:
    """The solutions of the service."""
    return Store(Client(app))


@pytest.fixture
def anns(limited: Store, app: Flask, engine: Engine) -> tuple[str, GraphQL]:
    """Ann, and a client with a token of hers."""
    ann = limited.user("Ann")
    with engine.begin() as connection:
        return ann, GraphQL(app, authorize(connection, ann))


def text_of(size: int) -> str:
    """JSON of a size in bytes of UTF-8, most of which are not ASCII."""
    return json.dumps("ü" * ((size - 2) // 2), ensure_ascii=False)


@pytest.mark.ledger("DEC-131", "PRO-29")
def test_the_instances_of_an_end_user_are_counted(limited: Store, anns: tuple[str, GraphQL]) -> None:
    ann, client = anns
    solution = limited.published()
    kept = [limited.instance(solution, ann) for _ in range(2)]
    new = {"solutionId": solution, "instanceName": "Mine"}
    client.mutate("createSolutionInstance", **new)
    code, message = client.refused("createSolutionInstance", **new)
    assert (code, "has 3 instances" in message) == ("invalid_input", True)
    xml = {"solutionId": solution, "owner": ann, "instanceName": "x"}
    assert limited.faults("CreateSolutionInstance", **xml) == ["owner"]
    limited.instance(solution, limited.user("Bob"))
    client.mutate("removeSolutionInstance", solutionInstanceId=kept[0])
    client.mutate("createSolutionInstance", **new)


@pytest.mark.ledger("DEC-131")
def test_the_limit_holds_for_instances_that_are_made_at_once(limited: Store, anns: tuple[str, GraphQL]) -> None:
    ann, _ = anns
    solution = limited.published()
    xml = {"solutionId": solution, "owner": ann, "instanceName": "x"}
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(lambda _: limited.reply_to("CreateSolutionInstance", **xml).number, range(8)))
    assert numbers == [0] * 3 + [105] * 5


@pytest.mark.ledger("PRO-29")
def test_the_values_of_an_instance_have_a_size(limited: Store, anns: tuple[str, GraphQL]) -> None:
    ann, client = anns
    solution = limited.published(config=CONFIG)
    instance = limited.instance(solution, ann, config={"a": text_of(2000)})
    for name in ("updateSolutionInstance", "upgradeSolutionInstance"):
        given = {"solutionInstanceId": instance, "configValues": [{"externalId": "b", "value": '"x"'}]}
        code, message = client.refused(name, **given)
        assert code == "invalid_input"
        assert message.startswith("configValues: make the values of the instance 2003 bytes in total")
    value = '<ConfigValueList><ConfigValue><externalId>b</externalId><value>"x"</value></ConfigValue></ConfigValueList>'
    for service in ("UpdateSolutionInstance", "UpgradeSolutionInstance"):
        assert limited.faults(service, value, solutionInstanceId=instance) == ["ConfigValueList"]
    large = [{"externalId": "a", "value": text_of(2002)}]
    new = {"solutionId": solution, "instanceName": "Mine", "configValues": large}
    assert client.refused("createSolutionInstance", **new)[1].startswith("configValues: ")
    limited.update(instance, config={"a": '"x"', "b": '"x"'})


@pytest.mark.ledger("DEC-131")
def test_values_above_a_lowered_limit_can_be_used_and_made_smaller(
    limited: Store, anns: tuple[str, GraphQL], engine: Engine
) -> None:
    ann, token = anns
    solution = limited.published(config=CONFIG)
    before = Store(Client(create_app(Settings(), engine)))
    instance = before.instance(solution, ann, config={"a": text_of(3000)})
    token.mutate("updateSolutionInstance", solutionInstanceId=instance, instanceName="New", enabled=True)
    limited.republish(solution, config=[*CONFIG, config_slot("c", mandatory=False)])
    token.mutate("upgradeSolutionInstance", solutionInstanceId=instance)
    moved = limited.get(instance)
    assert (moved.release, moved.name, moved.config) == (2, "New", {"a": text_of(3000)})
    limited.update(instance, config={"a": '"x"'})


def test_the_authentications_of_an_end_user_are_counted_and_have_a_size(
    limited: Store, anns: tuple[str, GraphQL], app: Flask, engine: Engine
) -> None:
    ann, client = anns
    new = {"name": "n", "serviceId": "slack@2.0", "serviceEnvironmentId": "production", "scopes": ["chat"]}
    assert (
        "data: must have at most 2000 bytes" in client.refused("createUserAuthentication", **new, data=text_of(2002))[1]
    )
    many = {**new, "scopes": ["s" * 500] * 40}
    assert "all scopes together must have at most" in client.refused("createUserAuthentication", **many, data="{}")[1]
    made = client.mutate("createUserAuthentication", "authenticationId", **new, data=text_of(2000))["authenticationId"]
    limited.authentication(ann)
    code, message = client.refused("createUserAuthentication", **new, data="{}")
    assert (code, "has 2 authentications" in message) == ("invalid_input", True)
    assert limited.faults("SetAuthentication", owner=ann, name="n", service="slack", data="{}") == ["owner"]
    limited.done("SetAuthentication", authenticationId=made, name="Renamed")
    builders = [limited.authentication(None) for _ in range(3)]
    assert len(set(builders)) == 3, "those of the builder are not counted"
    assert limited.instance(limited.published(auth=[auth_slot("slack")]), ann, auth={"slack": made})
    with engine.begin() as connection:
        master = GraphQL(app, create_master_token(connection, "Partner").token)
    assert len(master.viewer("authentications { edges { node { id } } }")["edges"]) == 3


@pytest.mark.ledger("PRO-29")
def test_values_for_many_instances_at_once_have_the_size_of_one_instance(
    limited: Store, anns: tuple[str, GraphQL]
) -> None:
    solution = limited.published()
    limited.instance(solution, anns[0])
    limited.republish(solution, config=[config_slot("a", hidden=True)])
    for size, faults in ((2002, ["ConfigValueList"]), (2000, [])):
        value = f"<ConfigValue><externalId>a</externalId><value>{text_of(size)}</value></ConfigValue>"
        given = f"<ConfigValueList>{value}</ConfigValueList>"
        if faults:
            assert limited.faults("UpdateSolutionInstances", given, solutionId=solution) == faults
        else:
            limited.done("UpdateSolutionInstances", given, solutionId=solution, action="force")
