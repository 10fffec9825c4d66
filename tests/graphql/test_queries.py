"""The queries: what each returns, and paging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from app.application import create_app
from app.settings import Settings
from tests.graphql.client import GraphQL, nodes
from tests.support.solution_store import Store, auth_slot, config_slot, element, leaves, workflow

NOBODY = "00000000-0000-0000-0000-000000000000"
PAGED = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage }"
LISTS = ["users", "viewer { solutions", "viewer { solutionInstances", "viewer { authentications"]


def ids(client: GraphQL, arguments: str = "") -> list[str]:
    """The names of the instances that a client sees, with some arguments."""
    found = client.viewer(f"solutionInstances{arguments} {{ totalCount edges {{ node {{ name }} }} }}")
    names = [node["name"] for node in nodes(found)]
    assert found["totalCount"] == len(names)
    return names


@pytest.mark.ledger("UVU-38", "DEC-135", "DEC-136")
def test_solutions_are_the_published_ones_with_the_slots_of_their_latest_release(store: Store, master: GraphQL) -> None:
    store.set(title="A draft")
    solution = store.set(
        leaves("TagList", "tag", ["chat", "boards"]),
        element("CustomFieldList", element("CustomField", key="color", value="red")),
        element(
            "ConfigSlotList", config_slot("a", title="A", defaultValue='"x"'), config_slot("b", title="B", hidden=True)
        ),
        element("AuthSlotList", auth_slot("slack", title="Slack", hidden=True)),
        title="Boards",
        description="Keeps boards",
    )
    store.publish(solution)
    store.set(element("ConfigSlotList", config_slot("of the draft")), solution=solution)
    query = """solutions(criteria: $criteria) { edges { cursor node {
      id title description tags customFields { key value } configSlots { externalId title defaultValue }
      authSlots { externalId title } } } }"""
    document = master.data(f"query($criteria: SolutionSearchCriteria) {{ viewer {{ {query} }} }}")
    (node,) = nodes(document["viewer"]["solutions"])
    assert node == {
        "id": solution,
        "title": "Boards",
        "description": "Keeps boards",
        "tags": ["chat", "boards"],
        "customFields": [{"key": "color", "value": "red"}],
        "configSlots": [
            {"externalId": "a", "title": "A", "defaultValue": '"x"'},
            {"externalId": "b", "title": "B", "defaultValue": "null"},
        ],
        "authSlots": [{"externalId": "slack", "title": "Slack"}],
    }
    for tags, found in ((["chat"], 1), (["chat", "boards"], 1), (["chat", "x"], 0), (["\0"], 0), ([], 1), (None, 1)):
        document = master.data(
            f"query($criteria: SolutionSearchCriteria) {{ viewer {{ {query} }} }}", criteria={"tags": tags}
        )
        assert len(nodes(document["viewer"]["solutions"])) == found


@pytest.mark.ledger("UVU-37", "UVU-39", "DEC-138")
def test_an_instance_with_all_that_it_has(store: Store, anns: GraphQL, ann: str) -> None:
    solution = store.published(
        config=[config_slot("a")],
        auth=[auth_slot("slack")],
        workflows=[workflow("w1", sourceWorkflowName="Hook", trigger="webhook"), workflow("w2")],
    )
    authentication = store.authentication(ann)
    instance = store.instance(solution, ann, config={"a": '"x"'}, auth={"slack": authentication})
    (node,) = nodes(
        anns.viewer("""solutionInstances { edges { node {
          id owner configValues { externalId value } authValues { externalId authId } solution { id title }
          workflows { edges { node { id sourceWorkflowId sourceWorkflowName triggerUrl } } } } } }""")
    )
    hook, manual = nodes(node.pop("workflows"))
    assert node == {
        "id": instance,
        "owner": ann,
        "configValues": [{"externalId": "a", "value": '"x"'}],
        "authValues": [{"externalId": "slack", "authId": authentication}],
        "solution": {"id": solution, "title": "Support"},
    }
    assert (hook["sourceWorkflowId"], hook["sourceWorkflowName"]) == ("w1", "Hook")
    assert hook["triggerUrl"].startswith("/trigger/")
    assert hook["id"] != manual["id"]
    assert (manual["sourceWorkflowId"], manual["triggerUrl"]) == ("w2", None)


@pytest.mark.ledger("DEC-138")
def test_a_trigger_url_is_below_the_one_in_the_settings(store: Store, engine: Engine, anns: GraphQL, ann: str) -> None:
    store.instance(store.published(workflows=[workflow("w", trigger="webhook")]), ann)
    query = "solutionInstances { edges { node { workflows { edges { node { triggerUrl } } } } } }"
    settings = Settings(trigger_url="https://hooks.example.com/relink/")
    elsewhere = GraphQL(create_app(settings, engine), anns.token)
    (path,), (url,) = (nodes(nodes(client.viewer(query))[0]["workflows"]) for client in (anns, elsewhere))
    assert url["triggerUrl"] == path["triggerUrl"].replace("/trigger/", "https://hooks.example.com/relink/")


@pytest.mark.ledger("UVU-22", "UVU-30", "UVU-35", "UVU-39")
def test_instances_by_all_criteria(store: Store, master: GraphQL, ann: str) -> None:
    one, two, bob = store.published(), store.published(), store.user("Bob")
    first = store.instance(one, ann, "1a")
    for solution, owner, name in ((one, bob, "1b"), (two, ann, "2a")):
        store.instance(solution, owner, name)
    for criteria, found in {
        "": ["1a", "1b", "2a"],
        "owner: null": ["1a", "1b", "2a"],
        f'owner: "{ann}"': ["1a", "2a"],
        f'solutionId: "{one}"': ["1a", "1b"],
        f'owner: "{ann}", solutionId: "{two}"': ["2a"],
        f'id: "{first}"': ["1a"],
        f'id: "{first}", owner: "{bob}"': [],
        'name: "1b"': ["1b"],
        'name: "\\u0000"': [],
        'name: ""': [],
        'id: ""': [],
        'owner: "nobody"': [],
    }.items():
        assert ids(master, f"(criteria: {{ {criteria} }})") == found, criteria


@pytest.mark.ledger("DEC-125")
def test_instances_by_several_ids(store: Store, master: GraphQL, anns: GraphQL, ann: str) -> None:
    solution = store.published()
    one, two = store.instance(solution, ann, "1"), store.instance(solution, ann, "2")
    bobs = store.instance(solution, store.user("Bob"), "3")
    for criteria, found in {
        f'ids: "{one}"': ["1"],
        f'ids: ["{two}", "{one}"]': ["1", "2"],
        f'ids: ["{one}", "{one}", "x", "{NOBODY}"]': ["1"],
        f'ids: "{one.upper()}"': ["1"],
        "ids: []": [],
        "ids: null": ["1", "2", "3"],
        f'ids: ["{one}", "{two}"], id: "{two}"': ["2"],
        f'ids: ["{one}"], id: "{two}"': [],
        f'ids: ["{bobs}", "{one}"], owner: "{ann}"': ["1"],
    }.items():
        assert ids(master, f"(criteria: {{ {criteria} }})") == found, criteria
    assert ids(anns, f'(criteria: {{ ids: ["{bobs}", "{one}"] }})') == ["1"]
    assert ids(anns, f'(criteria: {{ ids: "{bobs}" }})') == []
    selection = "viewer { solutionInstances(criteria: $c) { edges { node { name } } } }"
    for given in (one, [one]):
        document = master.data(f"query($c: SolutionInstanceSearchCriteria) {{ {selection} }}", c={"ids": given})
        assert nodes(document["viewer"]["solutionInstances"]) == [{"name": "1"}]
    document = master.data(f"query($i: [String!]) {{ {selection.replace('$c', '{ids: $i}')} }}", i=one)
    assert nodes(document["viewer"]["solutionInstances"]) == [{"name": "1"}]


@pytest.mark.ledger("DEC-149")
def test_one_id_in_a_variable_has_the_type_of_a_list(master: GraphQL) -> None:
    query = "query($i: String!) { viewer { solutionInstances(criteria: {ids: $i}) { edges { cursor } } } }"
    (error,) = master.post({"query": query, "variables": {"i": NOBODY}}).get_json()["errors"]
    assert error["message"] == "Variable '$i' of type 'String!' used in position expecting type '[String!]'."


@pytest.mark.ledger("UVU-30", "UVU-36", "DEC-119")
def test_a_user_token_sees_only_its_own_instances_whatever_the_criteria(
    store: Store, ann: str, anns: GraphQL, as_user: Callable[[str], GraphQL]
) -> None:
    solution, bob = store.published(), store.user("Bob")
    mine, bobs = store.instance(solution, ann, "mine"), store.instance(solution, bob, "bob's")
    for criteria in ("", f'owner: "{bob}"', f'owner: "{NOBODY}"', f'solutionId: "{solution}"', f'id: "{mine}"'):
        assert ids(anns, f"(criteria: {{ {criteria} }})") == ["mine"]
    assert ids(anns, f'(criteria: {{ id: "{bobs}", owner: "{bob}" }})') == []
    assert ids(as_user(bob)) == ["bob's"]


@pytest.mark.ledger("DEC-137")
def test_users(store: Store, master: GraphQL) -> None:
    made = master.mutate("createExternalUser", "userId", name="Ann", externalUserId="a-1", isTestUser=True)["userId"]
    master.mutate("createExternalUser", name="Bob", externalUserId="b-1")
    shown = "{ edges { cursor node { id name externalUserId isTestUser } } }"
    anns = [{"id": made, "name": "Ann", "externalUserId": "a-1", "isTestUser": True}]
    assert nodes(master.data(f"{{ users(first: 1) {shown} }}")["users"]) == anns
    criteria = {f'userId: "{made}"': 1, 'externalUserId: "a-1"': 1, 'name: "Ann"': 1, "isTestUser: true": 1}
    criteria |= {"isTestUser: false": 1, "name: null": 2, 'name: "Bob", isTestUser: true': 0, 'userId: "x"': 0}
    criteria |= {'name: "\\u0000"': 0, 'externalUserId: ""': 0}
    for given, found in criteria.items():
        document = master.data(f"{{ users(criteria: {{ {given} }}) {shown} }}")
        assert len(nodes(document["users"])) == found, given


@pytest.mark.ledger("DEC-120", "DEC-139")
def test_authentications_are_those_of_the_user_and_with_a_master_token_those_of_the_builder(
    store: Store, master: GraphQL, anns: GraphQL, ann: str
) -> None:
    own, builders = store.authentication(ann), store.authentication(None, name="Builder's")
    store.authentication(store.user("Bob"))
    shown = """authentications { edges { node { id name customFields service { id name version title icon }
      serviceEnvironment { id name title } } } pageInfo { endCursor hasNextPage } }"""
    (node,) = nodes(anns.viewer(shown))
    assert node == {
        "id": own,
        "name": "Slack",
        "customFields": None,
        "service": {"id": "slack@2.0", "name": "slack", "version": "2.0", "title": "slack", "icon": ""},
        "serviceEnvironment": {"id": "production", "name": "production", "title": "production"},
    }
    assert [node["id"] for node in nodes(master.viewer(shown))] == [builders]


def test_details(store: Store, master: GraphQL, anns: GraphQL) -> None:
    details = "details { username name email }"
    assert master.viewer(details) == {"username": "master", "name": "Partner", "email": ""}
    found = anns.viewer(details)
    assert (found["name"], found["email"]) == ("Ann", "")
    assert found["username"].startswith("Ann-")


@pytest.mark.ledger("UVU-39")
def test_a_list_is_paged_forward_and_backward(store: Store, master: GraphQL, ann: str) -> None:
    solution = store.published()
    for number in range(5):
        store.instance(solution, ann, str(number))

    def page(arguments: str) -> tuple[list[str], dict[str, Any]]:
        found = master.viewer(
            f"solutionInstances({arguments}) {{ totalCount edges {{ cursor node {{ name }} }} {PAGED} }}"
        )
        assert found["totalCount"] == 5
        if found["edges"]:
            assert found["edges"][0]["cursor"] == found["pageInfo"]["startCursor"]
            assert found["edges"][-1]["cursor"] == found["pageInfo"]["endCursor"]
        return [node["name"] for node in nodes(found)], found["pageInfo"]

    seen, info = page("first: 2")
    assert (seen, info["hasNextPage"], info["hasPreviousPage"]) == (["0", "1"], True, False)
    seen, info = page(f'first: 2, after: "{info["endCursor"]}"')
    assert (seen, info["hasNextPage"], info["hasPreviousPage"]) == (["2", "3"], True, True)
    seen, info = page(f'first: 2, after: "{info["endCursor"]}"')
    assert (seen, info["hasNextPage"], info["hasPreviousPage"]) == (["4"], False, True)
    seen, info = page(f'last: 3, before: "{info["startCursor"]}"')
    assert (seen, info["hasNextPage"], info["hasPreviousPage"]) == (["1", "2", "3"], True, True)
    seen, info = page(f'last: 3, before: "{info["startCursor"]}"')
    assert (seen, info["hasNextPage"], info["hasPreviousPage"]) == (["0"], True, False)
    seen, info = page("first: 0")
    assert (seen, info["startCursor"], info["endCursor"]) == ([], None, None)


@pytest.mark.ledger("DEC-126")
@pytest.mark.parametrize("listed", LISTS)
@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        ('after: "x"', "after: is not a cursor"),
        ('before: "bm9uZQ=="', "before: is not a cursor"),
        ("first: -1", "first: must be from 0 to 1000"),
        ("last: 1001", "last: must be from 0 to 1000"),
        ("first: 1, last: 1", "last: cannot be given together with first"),
    ],
)
def test_impossible_paging_arguments_are_refused(master: GraphQL, listed: str, arguments: str, reported: str) -> None:
    closing = "}" * listed.count("{")
    code, message = master.error(f"{{ {listed}({arguments}) {{ pageInfo {{ hasNextPage }} }} }} {closing}")
    assert code == "invalid_input"
    assert message.startswith(reported)


@pytest.mark.ledger("DEC-126")
def test_all_lists_of_a_request_together_have_a_limit(
    store: Store, master: GraphQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.graphql.session.MOST_ENTRIES", 3)
    solution = store.published()
    for _ in range(2):
        store.instance(solution)
    one = "solutionInstances { edges { cursor } }"
    assert len(master.viewer(one)["edges"]) == 2
    assert master.error(f"{{ viewer {{ a: {one} b: {one} }} }}")[1].startswith("first: and last together")
