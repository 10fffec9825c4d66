"""No response exceeds the limit, whatever a query multiplies."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.application import create_app
from app.runs.turns import Shares
from app.settings import Settings
from tests.graphql.client import GraphQL, mutation, nodes
from tests.support.http import SECRET_KEY
from tests.support.solution_store import Store, config_slot

MIB = 1024 * 1024
MOST = 64 * 1024
VALUES = "edges { node { configValues { externalId value } } }"


@pytest.fixture
def small(engine: Engine, anns: GraphQL) -> GraphQL:
    """Ann's client of a service with a low limit."""
    return GraphQL(create_app(Settings(max_response_bytes=MOST, secret_key=SECRET_KEY), engine), anns.token)


def fill(engine: Engine, solution: str, owner: str, instances: int, size: int) -> None:
    """Instances, each with a value of this size. Stores from before there was a limit may have such values."""
    query = text("""
        WITH made AS (
          INSERT INTO solution_instance (solution_identifier, release_number, owner, name)
          SELECT :solution, 1, :owner, 'Large' FROM generate_series(1, :instances) RETURNING instance_identifier
        )
        INSERT INTO instance_value (instance_identifier, slot_kind, external_identifier, value, given_for)
        SELECT instance_identifier, 'config', 'a', '"' || repeat('x', :size - 2) || '"', '{1}' FROM made
    """)
    parameters = {"solution": solution, "owner": owner, "instances": instances, "size": size}
    with engine.begin() as connection:
        connection.execute(query, parameters)


def refused(client: GraphQL, query: str) -> str:
    """Return the message with which a query is refused for the size of its response."""
    code, message = client.error(query)
    assert code == "invalid_input"
    assert "bytes or" in message
    assert "ask for fewer entries" in message
    return message


@pytest.mark.ledger("DEC-130", "PRO-25")
def test_a_response_is_at_most_as_large_as_the_limit(
    store: Store, engine: Engine, ann: str, anns: GraphQL, small: GraphQL
) -> None:
    solution = store.published(config=[config_slot("a")])
    fill(engine, solution, ann, 10, 8000)
    query = "{{ viewer {{ solutionInstances(first: {}) {{ {} }} }} }}"
    taken = [first for first in range(1, 11) if "errors" not in small.document(query.format(first, VALUES))]
    assert taken == list(range(1, 9)), "8 values of 8,000 bytes are the most in 64 KiB with what is around them"
    assert len(small.post({"query": query.format(8, VALUES)}).data) <= MOST
    refused(small, query.format(9, VALUES))
    assert len(nodes(anns.viewer(f"solutionInstances {{ {VALUES} }}"))) == 10


@pytest.mark.ledger("PRO-25")
def test_aliases_count_as_often_as_they_repeat_a_value(store: Store, ann: str, small: GraphQL) -> None:
    store.instance(store.published(config=[config_slot("a")]), ann, config={"a": json.dumps("x" * 8000)})
    repeated = " ".join(f"v{number}: value" for number in range(9))
    refused(small, f"{{ viewer {{ solutionInstances {{ edges {{ node {{ configValues {{ {repeated} }} }} }} }} }} }}")
    lists = " ".join(f"l{number}: solutionInstances {{ {VALUES} }}" for number in range(9))
    refused(small, f"{{ viewer {{ {lists} }} }}")


def test_escaped_characters_count_with_their_size_in_json(store: Store, ann: str, small: GraphQL) -> None:
    """A quotation mark takes two bytes, and a letter that is not ASCII takes six."""
    store.instance(
        store.published(config=[config_slot("a")]), ann, config={"a": json.dumps("ü" * 5000, ensure_ascii=False)}
    )
    shown = "viewer { solutionInstances { edges { node { configValues { value } } } } }"
    assert len(small.post({"query": f"{{ {shown} }}"}).data) > 30_000
    refused(small, f"{{ a: {shown} b: {shown} c: {shown} }}")


@pytest.mark.ledger("DEC-130")
def test_lists_inside_of_lists_count_too(
    store: Store, engine: Engine, ann: str, anns: GraphQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.graphql.budget.MOST_VALUES", 2000)
    solution = store.published(config=[config_slot(f"s{number}", mandatory=False) for number in range(100)])
    for _ in range(20):
        store.instance(solution, ann)
    slots = "edges { node { solution { configSlots { externalId } } } }"
    assert len(nodes(anns.viewer(f"solutionInstances(first: 5) {{ {slots} }}"))) == 5
    refused(anns, f"{{ viewer {{ solutionInstances {{ {slots} }} }} }}")


def test_without_their_values_large_instances_are_listed(
    store: Store, engine: Engine, ann: str, small: GraphQL
) -> None:
    solution = store.published(config=[config_slot("a")])
    fill(engine, solution, ann, 100, 8000)
    shown = "edges { node { id name solutionVersionFlags { hasNewerVersion } } }"
    assert len(nodes(small.viewer(f"solutionInstances {{ totalCount {shown} }}"))) == 100


def test_a_mutation_whose_response_is_too_large_reports_that_it_is_done(store: Store, ann: str, small: GraphQL) -> None:
    instance = store.instance(store.published(config=[config_slot("a")]), ann, config={"a": json.dumps("x" * 8000)})
    repeated = " ".join(f"v{number}: value" for number in range(9))
    query = mutation("updateSolutionInstance", f"solutionInstance {{ configValues {{ {repeated} }} }}")
    code, message = small.error(query, input={"solutionInstanceId": instance, "instanceName": "New"})
    assert code == "invalid_input"
    assert "The mutations before it have been carried out" in message
    assert store.get(instance).name == "New"


@pytest.mark.ledger("PRO-25")
def test_only_small_responses_are_built_while_others_build_large_ones(
    app: Flask, store: Store, engine: Engine, ann: str, anns: GraphQL
) -> None:
    fill(engine, store.published(config=[config_slot("a")]), ann, 2, MIB - 1)
    turns = app.extensions["relink"].workload.large_responses
    large = {"query": f"{{ viewer {{ solutionInstances {{ {VALUES} }} }} }}"}
    with ExitStack() as others:
        for _ in range(Shares.of(Settings()).large_responses):
            assert others.enter_context(turns.turn()).has_come
        response = anns.post(large)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
        assert "large responses" in response.get_json()["errors"][0]["message"]
        assert len(nodes(anns.viewer("solutionInstances { edges { node { name } } }"))) == 2
    for _ in range(1 + Shares.of(Settings()).large_responses):
        assert anns.post(large).status_code == 200


@pytest.mark.ledger("DEC-130")
def test_a_page_of_xml_has_the_same_limit(store: Store, engine: Engine, ann: str) -> None:
    solution = store.published(config=[config_slot("a")])
    fill(engine, solution, ann, 20, MIB - 1)
    assert store.faults("GetSolutionInstances", owner=ann) == ["pageSize"]
    reply = store.done("GetSolutionInstances", owner=ann, pageSize=10)
    assert len(reply.tree.findall("SolutionInstanceList/SolutionInstance")) == 10
