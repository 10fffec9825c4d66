"""All requests that Schemathesis derives from the schema, valid or not, get a response and never an internal error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from graphql import StringValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.graphql.client import GraphQL
from tests.support.examples import EXAMPLES
from tests.support.solution_store import Store, auth_slot, config_slot

JSON = ["null", "{}", '"x"', "1", "not JSON", "", "\0"]
SCHEMA = schemathesis.graphql.from_path(Path(__file__).parents[2] / "schemas" / "solutions.graphql")
schemathesis.graphql.scalar("Json", st.sampled_from(JSON).map(lambda text: StringValueNode(value=text)))
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]
CODES = {"access_not_allowed", "not_found", "invalid_input", "invalid_query", "not_available"}


def with_real_ids(request: str, ids: dict[str, str]) -> str:
    """The request with ids of existing objects instead of random ones."""
    names = "|".join(ids)
    text = r'"(?:[^"\\\n]|\\.)*"'
    return re.sub(rf"\b({names}): {text}", lambda found: f'{found[1]}: "{ids[found[1]]}"', request)


@pytest.fixture
def ids(store: Store, ann: str) -> dict[str, str]:
    """The existing objects, by the names of the fields that take their ids."""
    solution = store.published(config=[config_slot("a")], auth=[auth_slot("slack")])
    authentication = store.authentication(ann)
    return {
        "solutionId": solution,
        "solutionInstanceId": store.instance(solution, ann),
        "authenticationId": authentication,
        "authId": authentication,
        "userId": store.user("Bob"),
    }


def test_each_operation_of_the_schema_is_tried() -> None:
    assert len(OPERATIONS) == SCHEMA.statistic.operations.total


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
@given(data=st.data())
@settings(
    deadline=None,
    max_examples=max(3, EXAMPLES // 8),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_any_request_gets_a_response(
    data: st.DataObject,
    operation: APIOperation[Any, Any, Any, Any],
    ids: dict[str, str],
    master: GraphQL,
    anns: GraphQL,
) -> None:
    sent = data.draw(st.one_of([operation.as_strategy(mode) for mode in GenerationMode])).body
    assert isinstance(sent, str)
    for client in (master, anns):
        for request in (sent, with_real_ids(sent, ids)):
            document = client.document(request)
            assert {error["extensions"]["code"] for error in document.get("errors", ())} <= CODES, document
