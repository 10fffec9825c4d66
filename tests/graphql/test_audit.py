"""Who created, changed and removed end users, authentications and instances: the rows of the audit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from tests.graphql.client import GraphQL
from tests.support.audit import events
from tests.support.http import ADMIN
from tests.support.solution_store import DATA, Store, auth_slot, slots

MakeUser = Callable[..., None]
NOBODY = "00000000-0000-0000-0000-000000000000"
ACTIONS = [
    *(f"end-user-{what}" for what in ("created", "changed", "removed")),
    *(f"authentication-{what}" for what in ("created", "changed", "removed")),
    "instance-removed",
]


def told(store: Store) -> dict[str, int]:
    """How many rows there are with each action."""
    return {action: len(events(store.client, action)) for action in ACTIONS}


@pytest.mark.ledger("DEC-375")
def test_the_removal_of_an_end_user_says_by_whom_and_what_went_with_it(
    store: Store, make_user: MakeUser, ann: str, anns: GraphQL, as_user: Callable[[str], GraphQL]
) -> None:
    solution = store.published()
    for owner in (ann, ann, store.user("Bob")):
        store.instance(solution, owner)
    for whose in (ann, None):
        store.authentication(whose)
    as_user(ann)
    assert anns.viewer("details { name }") == {"name": "Ann"}
    make_user("carla", "administer-solutions")
    carla = store.client.as_user("carla")
    with capture_logs() as lines:
        Store(carla).done("RemoveExternalUser", userId=ann)
    gone = {"instances": "2", "authentications": "1", "tokens": "2"}
    assert events(store.client, "end-user-removed") == events(carla, "end-user-removed") == [("carla", ann, gone)]
    (line,) = (line for line in lines if line.get("action") == "end-user-removed")
    assert (line["actor_kind"], line["object"], line["instances"]) == ("user", ann, 2)
    assert events(store.client, "instance-removed") == events(store.client, "authentication-removed") == []


@pytest.mark.ledger("DEC-375")
def test_a_master_token_creates_changes_and_removes_an_end_user(store: Store, master: GraphQL, engine: Engine) -> None:
    given = {"name": "Dora Private", "externalUserId": "dora@private.example"}
    dora = master.mutate("createExternalUser", "userId", **given)["userId"]
    master.mutate("updateExternalUser", userId=dora, name="Dora Hidden", isTestUser=True)
    master.mutate("updateExternalUser", userId=dora)
    master.mutate("removeExternalUser", userId=dora)
    ((who, *_),) = events(store.client, "end-user-created")
    assert "Partner" in (who or "")
    nothing = {"instances": "0", "authentications": "0", "tokens": "0"}
    assert [events(store.client, f"end-user-{what}") for what in ("created", "changed", "removed")] == [
        [(who, dora, {})],
        [(who, dora, {"fields": '["name", "isTestUser"]'})],
        [(who, dora, nothing)],
    ]
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT string_agg(CAST(audit AS text), ' ') FROM audit")).scalar_one()
    assert not [word for word in ("Dora", "private.example") if word in kept]


@pytest.mark.ledger("DEC-376")
def test_the_audit_records_the_changes_of_an_authentication_without_its_data(
    store: Store, ann: str, engine: Engine
) -> None:
    of_ann, builders = store.authentication(ann), store.authentication(None)
    for fields in ({"data": DATA, "expires": "never"}, {}):
        store.done("SetAuthentication", authenticationId=of_ann, **fields)
    for each in (of_ann, builders):
        store.done("RemoveAuthentication", authenticationId=each)
    both = [(ADMIN, of_ann, {"service": "slack", "owner": ann}), (ADMIN, builders, {"service": "slack"})]
    assert events(store.client, "authentication-created") == events(store.client, "authentication-removed") == both
    changed = {"service": "slack", "owner": ann, "fields": '["data", "expires"]'}
    assert events(store.client, "authentication-changed") == [(ADMIN, of_ann, changed)]
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT string_agg(CAST(audit AS text), ' ') FROM audit")).scalar_one()
    assert "secret" not in kept


@pytest.mark.ledger("DEC-377")
def test_the_audit_names_an_end_user_who_removes_an_instance_or_an_authentication(
    store: Store, ann: str, anns: GraphQL
) -> None:
    solution = store.published()
    instance = store.instance(solution, ann)
    given = {"name": "Mine", "serviceId": "slack@2.0", "serviceEnvironmentId": "production", "data": DATA}
    made = anns.mutate("createUserAuthentication", "authenticationId", **given)["authenticationId"]
    with capture_logs() as lines:
        anns.mutate("removeSolutionInstance", solutionInstanceId=instance)
    anns.mutate("removeAuthentication", authenticationId=made)
    ((who, *_),) = events(store.client, "authentication-created")
    assert ann in (who or "")
    of_instance = {"solution": solution, "release": "1", "owner": ann}
    assert events(store.client, "instance-removed") == [(who, instance, of_instance)]
    assert events(store.client, "authentication-removed") == [(who, made, {"service": "slack", "owner": ann})]
    (line,) = (line for line in lines if line.get("action") == "instance-removed")
    assert (line["actor"], line["object"], line["solution"], line["owner"]) == (who, instance, solution, ann)


@pytest.mark.ledger("DEC-377")
def test_an_instance_that_a_user_removes_has_a_row(store: Store, ann: str) -> None:
    solution = store.published()
    instance = store.instance(solution, ann)
    store.done("RemoveSolutionInstance", solutionInstanceId=instance)
    details = {"solution": solution, "release": "1", "owner": ann}
    assert events(store.client, "instance-removed") == [(ADMIN, instance, details)]


def test_refused_requests_have_no_rows(
    store: Store, make_user: MakeUser, ann: str, master: GraphQL, as_user: Callable[[str], GraphQL]
) -> None:
    used, of_ann = store.authentication(None), store.authentication(ann)
    store.set(*slots(auth=[auth_slot("own", hidden=True, authenticationId=used)]))
    solution = store.published()
    instance = store.instance(solution, ann)
    before = told(store)
    bobs = as_user(store.done("CreateExternalUser", name="Bob", externalUserId="bob").text("userId") or "")
    expected = {**before, "end-user-created": before["end-user-created"] + 1}

    make_user("eve")
    eve = Store(store.client.as_user("eve"))
    for service, fields in {
        "RemoveSolutionInstance": {"solutionInstanceId": instance},
        "RemoveExternalUser": {"userId": ann},
        "RemoveAuthentication": {"authenticationId": of_ann},
        "CreateExternalUser": {"name": "n", "externalUserId": "n"},
        "SetAuthentication": {"authenticationId": of_ann, "name": "n"},
    }.items():
        assert eve.reply_to(service, **fields).number == 101
    for refused in (NOBODY, "nonsense"):
        assert store.faults("RemoveSolutionInstance", solutionInstanceId=refused) == ["solutionInstanceId"]
        assert store.faults("RemoveExternalUser", userId=refused) == ["userId"]
        assert store.faults("RemoveAuthentication", authenticationId=refused) == ["authenticationId"]
        assert store.faults("SetAuthentication", authenticationId=refused, name="n") == ["authenticationId"]
        master.refused("updateExternalUser", userId=refused, name="n")
        master.refused("updateExternalUser", userId=refused)
        master.refused("removeExternalUser", userId=refused)
    assert store.faults("RemoveAuthentication", authenticationId=used) == ["authenticationId"]
    assert store.faults("CreateExternalUser", name="Second", externalUserId="bob") == ["externalUserId"]
    bobs.refused("removeSolutionInstance", solutionInstanceId=instance)
    bobs.refused("removeAuthentication", authenticationId=of_ann)
    assert told(store) == expected
