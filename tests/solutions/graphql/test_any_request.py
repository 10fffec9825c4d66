"""Whatever the schema allows, with either token: an answer, never a fault of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import StringValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema

from tests.solution_store import Store, auth_slot, config_slot
from tests.solutions.graphql.client import GraphQL

SDL = (Path(__file__).parent.parent.parent.parent / "schemas" / "solutions.graphql").read_text(encoding="utf-8")
JSON = st.sampled_from(["null", "{}", '"x"', "1", "not JSON", "", "\0"]).map(lambda text: StringValueNode(value=text))
REQUESTS = from_schema(SDL, custom_scalars={"Json": JSON, "DateTime": JSON})
CODES = {"access_not_allowed", "not_found", "invalid_input", "invalid_query", "not_available"}


def with_real_ids(request: str, ids: dict[str, str]) -> str:
    """A request with what there is in the place of any ids."""
    names = "|".join(ids)
    text = r'"(?:[^"\\\n]|\\.)*"'
    return re.sub(rf"\b({names}): {text}", lambda found: f'{found[1]}: "{ids[found[1]]}"', request)


@pytest.mark.parametrize("kind", ["master", "user"])
@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.differing_executors],
)
@given(request_text=REQUESTS, real=st.booleans())
def test_any_request_is_answered(
    kind: str, store: Store, master: GraphQL, anns: GraphQL, ann: str, request_text: str, real: bool
) -> None:
    solution = store.published(config=[config_slot("a")], auth=[auth_slot("slack")])
    authentication = store.authentication(ann)
    ids = {
        "solutionId": solution,
        "solutionInstanceId": store.instance(solution, ann),
        "authenticationId": authentication,
        "authId": authentication,
        "userId": store.user("Bob"),
    }
    client = master if kind == "master" else anns
    answer = client.answer(with_real_ids(request_text, ids) if real else request_text)
    assert {error["extensions"]["code"] for error in answer.get("errors", ())} <= CODES, answer
