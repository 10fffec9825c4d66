"""White space in tokens is collapsed as in the XML services, so that both name the same objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from graphql import GraphQLInputObjectType, build_schema, get_named_type

from app.graphql.inputs import TOKENS
from tests.graphql.client import INSTANCE, GraphQL, nodes
from tests.support.solution_store import Store, auth_slot, config_slot

TEXTS = {"name", "instanceName", "clientMutationId"}
OTHER_SPACES = ["\u00a0", "\u0085", "\u2003", "\u2028", "\u3000", "\ufeff"]


def names(connection: dict[str, object]) -> list[object]:
    return [node["name"] for node in nodes(connection)]


def test_white_space_in_an_external_user_id_is_collapsed(master: GraphQL, store: Store) -> None:
    user = master.mutate("createExternalUser", "userId", name="Ann", externalUserId=" dup\t\r\n id\n")["userId"]
    code, shown = master.refused("createExternalUser", name="Bo", externalUserId="dup id")
    assert (code, shown) == ("invalid_input", "externalUserId: dup id is taken")
    assert store.faults("CreateExternalUser", name="Bo", externalUserId="dup  id") == ["externalUserId"]
    query = "query($c: UserSearchCriteria) { users(criteria: $c) { edges { node { name externalUserId } } } }"
    for criteria in ({"externalUserId": "\ndup  id"}, {"userId": f" {user}\t"}, {"userId": user.upper()}):
        found = nodes(master.data(query, c=criteria)["users"])
        assert found == [{"name": "Ann", "externalUserId": "dup id"}]
    master.mutate("updateExternalUser", userId=f"\n{user} ", externalUserId="  other\nid ")
    assert nodes(master.data(query, c={"externalUserId": "other id"})["users"])[0]["name"] == "Ann"


@pytest.mark.parametrize("space", OTHER_SPACES)
def test_other_spaces_are_kept(master: GraphQL, space: str) -> None:
    given = f"{space}acme{space}1{space}"
    master.mutate("createExternalUser", name=f"{space}Ann", externalUserId=given)
    (user,) = nodes(master.data("{ users { edges { node { name externalUserId } } } }")["users"])
    assert user == {"name": f"{space}Ann", "externalUserId": given}
    assert master.mutate("createExternalUser", "userId", name="Bo", externalUserId="acme 1")["userId"]


@pytest.mark.parametrize("space", OTHER_SPACES)
def test_an_id_with_other_spaces_or_digits_is_not_found(master: GraphQL, store: Store, space: str) -> None:
    user = store.user()
    for given in (f"{user}{space}", f"{space}{user}", user.replace("-", "_", 1), f"\uff10{user[1:]}"):
        assert master.refused("authorize", userId=given) == ("not_found", "userId: is not found")


def test_slots_and_ids_of_an_instance(
    store: Store, ann: str, as_user: Callable[[str], GraphQL], master: GraphQL
) -> None:
    solution = store.published(config=[config_slot("a b"), config_slot("a\u00a0b")], auth=[auth_slot("s t")])
    authentication = store.authentication(ann)
    anns = as_user(ann)
    made = anns.mutate(
        "createSolutionInstance",
        INSTANCE,
        solutionId=f"\t{solution} ",
        instanceName="  Mine ",
        configValues=[{"externalId": " a \n b", "value": '" 1 "'}, {"externalId": "a\u00a0b", "value": '"2"'}],
        authValues=[{"externalId": "s\t t ", "authId": f" {authentication}\n"}],
        clientMutationId="  as given ",
    )["solutionInstance"]
    assert made["name"] == "  Mine "
    assert {value["externalId"]: value["value"] for value in made["configValues"]} == {
        "a b": '" 1 "',
        "a\u00a0b": '"2"',
    }
    assert made["authValues"] == [{"externalId": "s t", "authId": authentication}]
    twice = [{"externalId": "a b", "value": '"1"'}, {"externalId": "a\nb", "value": '"2"'}]
    code, shown = anns.refused("updateSolutionInstance", solutionInstanceId=made["id"], configValues=twice)
    assert (code, "is given twice" in shown) == ("invalid_input", True)
    query = "query($c: SolutionInstanceSearchCriteria) { viewer { solutionInstances(criteria: $c) {"
    query += " edges { node { name } } } } }"
    for criteria in (
        {"id": f" {made['id']} "},
        {"owner": f"\n{ann}"},
        {"solutionId": f"{solution}\t"},
        {"ids": [f"\n{made['id']}"]},
    ):
        assert names(master.data(query, c=criteria)["viewer"]["solutionInstances"]) == ["  Mine "]
    given = {"solutionInstanceId": f" {made['id']}\n", "clientMutationId": "  as given "}
    assert anns.mutate("removeSolutionInstance", **given)["clientMutationId"] == "  as given "


def test_an_authentication_fits_the_slot_whichever_way_it_came(store: Store, ann: str, anns: GraphQL) -> None:
    solution = store.published(
        auth=[auth_slot("s", ["read all"], service="my  chat", serviceEnvironment="pro duction")]
    )
    authentication = anns.mutate(
        "createUserAuthentication",
        "authenticationId",
        name="Chat",
        serviceId=" my\nchat @ 2.0 ",
        serviceEnvironmentId="\tpro  duction",
        scopes=[" read\t all"],
        data="{}",
    )["authenticationId"]
    instance = store.instance(solution, ann, auth={"s": authentication})
    assert store.get(instance).auth == {"s": authentication}


def test_tags_are_tokens(store: Store, master: GraphQL) -> None:
    solution = store.set("<TagList><tag>two\n words</tag></TagList>")
    store.publish(solution)
    for tag, found in ((" two  words\n", ["Support"]), ("two\u00a0words", [])):
        query = "query($c: SolutionSearchCriteria) { viewer { solutions(criteria: $c) { edges { node { title } } } } }"
        edges = nodes(master.data(query, c={"tags": [tag]})["viewer"]["solutions"])
        assert [node["title"] for node in edges] == found


@pytest.mark.ledger("DEC-38")
@pytest.mark.parametrize("blank", ["", " ", "\n\t\r\n "])
def test_a_blank_name_is_missing(master: GraphQL, anns: GraphQL, store: Store, ann: str, blank: str) -> None:
    assert master.refused("createExternalUser", name=blank, externalUserId="x")[1] == "name: is missing"
    assert master.refused("createExternalUser", name="x", externalUserId=blank)[1] == "externalUserId: is missing"
    assert master.refused("updateExternalUser", userId=ann, name=blank)[1] == "name: is missing"
    instance = store.instance(store.published(), ann, "Mine")
    given = {"solutionInstanceId": instance, "instanceName": blank}
    assert anns.refused("updateSolutionInstance", **given)[1] == "instanceName: is missing"
    assert store.get(instance).name == "Mine"


@pytest.mark.parametrize("text", ["\x0b", "\x1f", "\x00", "\ufffe", "\ud800"])
def test_characters_that_xml_cannot_hold_are_refused_even_alone(anns: GraphQL, text: str) -> None:
    given = {"name": "Chat", "serviceId": "chat@1", "serviceEnvironmentId": text, "data": "{}"}
    code, shown = anns.refused("createUserAuthentication", **given)
    assert (code, shown) == ("invalid_input", "serviceEnvironmentId: must not have control characters")


def test_each_text_of_an_input_is_known_as_a_token_or_as_given(schemas: Path) -> None:
    schema = build_schema((schemas / "solutions.graphql").read_text())
    found = {
        name
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLInputObjectType)
        for name, field in type_.fields.items()
        if get_named_type(field.type).name in {"String", "ID"}
    }
    tokens = {_camel_case(name) for name in TOKENS}
    assert found == tokens | TEXTS
    assert not tokens & TEXTS


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
