"""The mutations: what each does, and that a user cannot reach objects of another user."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.solutions.people.cipher import Cipher
from app.solutions.people.external_users import update_external_user
from app.solutions.people.tokens import redeem_authorization_code
from tests.graphql.client import INSTANCE, GraphQL, mutation, nodes
from tests.support.authentications import read_data
from tests.support.http import SECRET_KEY
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually
from tests.support.solution_store import DATA, Store, auth_slot, config_slot

NOBODY = "00000000-0000-0000-0000-000000000000"
NEW_AUTHENTICATION = {
    "name": "Mine",
    "serviceId": "slack@2.0",
    "serviceEnvironmentId": "production",
    "data": DATA,
    "formData": '{"field": "form-secret"}',
    "scopes": ["chat"],
    "hidden": True,
}
# Every operation, with input that is right apart from its ids, and the token that it needs.
OPERATIONS = [
    ("master", "users", "{ users { pageInfo { hasNextPage } } }", {}),
    ("master", "solutions", "{ viewer { solutions { pageInfo { hasNextPage } } } }", {}),
    ("both", "solutionInstances", "{ viewer { solutionInstances { totalCount } } }", {}),
    ("both", "authentications", "{ viewer { authentications { pageInfo { hasNextPage } } } }", {}),
    ("both", "details", "{ viewer { details { name } } }", {}),
    ("master", "createExternalUser", None, {"name": "n", "externalUserId": "n"}),
    ("master", "updateExternalUser", None, {"userId": NOBODY}),
    ("master", "removeExternalUser", None, {"userId": NOBODY}),
    ("master", "authorize", None, {"userId": NOBODY}),
    ("master", "generateAuthorizationCode", None, {"userId": NOBODY}),
    ("user", "createSolutionInstance", None, {"solutionId": NOBODY, "instanceName": "n"}),
    ("both", "updateSolutionInstance", None, {"solutionInstanceId": NOBODY}),
    ("both", "upgradeSolutionInstance", None, {"solutionInstanceId": NOBODY}),
    ("user", "removeSolutionInstance", None, {"solutionInstanceId": NOBODY}),
    ("user", "createUserAuthentication", None, NEW_AUTHENTICATION),
    ("user", "removeAuthentication", None, {"authenticationId": NOBODY}),
    ("both", "callConnector", None, {"connector": "c", "version": "1", "operation": "o", "input": "{}"}),
]


@pytest.mark.ledger("DEC-118")
@pytest.mark.parametrize("kind", ["master", "user"])
@pytest.mark.parametrize(("needed", "name", "query", "given"), OPERATIONS, ids=[row[1] for row in OPERATIONS])
def test_each_operation_needs_a_token_of_its_kind(
    master: GraphQL, anns: GraphQL, kind: str, needed: str, name: str, query: str | None, given: dict[str, object]
) -> None:
    client = master if kind == "master" else anns
    document = client.document(
        query or mutation(name, "clientMutationId"), **({"input": given} if query is None else {})
    )
    codes = [error["extensions"]["code"] for error in document.get("errors", ())]
    if needed in ("both", kind):
        assert codes in ([], ["not_found"], ["not_available"])
        return
    assert codes == ["access_not_allowed"]
    (error,) = document["errors"]
    assert error["message"] == f"{name} needs a {needed} token"
    assert error["extensions"]["name"] == "PreconditionError"
    assert error["path"][-1] == name


class TestInstances:
    @pytest.mark.ledger("UVU-24")
    def test_the_life_of_an_instance(self, store: Store, ann: str, anns: GraphQL) -> None:
        solution = store.published(config=[config_slot("a"), config_slot("b")], auth=[auth_slot("slack")])
        authentication = store.authentication(ann)
        made = anns.mutate(
            "createSolutionInstance",
            f"clientMutationId {INSTANCE}",
            solutionId=solution,
            instanceName="Mine",
            configValues=[{"externalId": "a", "value": '"1"'}],
            authValues=[{"externalId": "slack", "authId": authentication}],
            clientMutationId="m\ud8001",
        )
        instance = made["solutionInstance"]["id"]
        assert made["clientMutationId"] == "m\ud8001"
        assert made["solutionInstance"] == {
            "id": instance,
            "name": "Mine",
            "enabled": False,
            "owner": ann,
            "configValues": [{"externalId": "a", "value": '"1"'}],
            "authValues": [{"externalId": "slack", "authId": authentication}],
        }
        strict = {"enabled": True, "errorOnEnablingWithMissingValues": True}
        code, message = anns.refused("updateSolutionInstance", solutionInstanceId=instance, **strict)
        assert code == "invalid_input"
        assert message.startswith("enabled: ")
        changed = anns.mutate(
            "updateSolutionInstance",
            INSTANCE,
            solutionInstanceId=instance,
            instanceName="Ours",
            configValues=[{"externalId": "b", "value": '"2"'}],
            authValues=None,
            **strict,
        )["solutionInstance"]
        assert (changed["name"], changed["enabled"], len(changed["configValues"])) == ("Ours", True, 2)
        store.republish(solution, config=[config_slot("a"), config_slot("c", defaultValue='"3"')])
        upgraded = anns.mutate("upgradeSolutionInstance", INSTANCE, solutionInstanceId=instance)["solutionInstance"]
        assert upgraded["configValues"] == [{"externalId": "a", "value": '"1"'}]
        assert anns.mutate("removeSolutionInstance", solutionInstanceId=instance) == {"clientMutationId": None}
        assert anns.viewer("solutionInstances { totalCount }") == {"totalCount": 0}

    def test_a_mutation_returns_instances_as_deep_as_a_query(self, store: Store, anns: GraphQL) -> None:
        solution = store.published()
        deep = "solutionInstance { solution { id title } workflows { edges { node { id } } } created }"
        made = anns.mutate("createSolutionInstance", deep, solutionId=solution, instanceName="Mine")
        assert made["solutionInstance"]["solution"] == {"id": solution, "title": "Support"}

    def test_faults_are_reported_in_the_names_of_the_schema(self, store: Store, anns: GraphQL) -> None:
        solution = store.published(config=[config_slot("a")], auth=[auth_slot("slack")])
        new = {"solutionId": solution, "instanceName": "Mine"}

        def faults(**given: object) -> list[str]:
            code, message = anns.refused("createSolutionInstance", **{**new, **given})
            assert code in ("invalid_input", "not_found")
            return [fault.split(":")[0] for fault in message.split("; ")]

        assert faults(instanceName=" ") == ["instanceName"]
        assert faults(solutionId="x") == ["solutionId"]
        assert faults(solutionId=store.set()) == ["solutionId"]
        assert faults(configValues=[{"externalId": "a", "value": "x"}]) == ["configValues.0.value"]
        assert faults(configValues=[{"externalId": "a", "value": None}]) == ["configValues.0.value"]
        twice = [{"externalId": "a", "value": '"1"'}] * 2
        assert faults(configValues=twice) == ["configValues.1.externalId"]
        assert faults(configValues=[{"externalId": "x", "value": "1"}]) == ["configValues.0.externalId"]
        assert faults(authValues=[{"externalId": "slack", "authId": NOBODY}]) == ["authValues.0.authId"]

    @pytest.mark.ledger("DEC-119")
    @pytest.mark.parametrize("name", ["updateSolutionInstance", "upgradeSolutionInstance", "removeSolutionInstance"])
    def test_an_instance_of_another_user_is_not_found_like_one_that_does_not_exist(
        self, store: Store, anns: GraphQL, name: str
    ) -> None:
        foreign = store.instance(store.published(config=[config_slot("a")]), store.user("Bob"), "Bob's")
        before = store.get(foreign)
        values = {"configValues": [{"externalId": "a", "value": '"1"'}]}
        for given in [{}] if name == "removeSolutionInstance" else [{}, values]:
            reported = {anns.refused(name, solutionInstanceId=wrong, **given) for wrong in (foreign, NOBODY, "x\0")}
            assert reported == {("not_found", "solutionInstanceId: is not found")}
        assert store.get(foreign) == before

    @pytest.mark.ledger("DEC-83")
    def test_an_authentication_of_another_user_cannot_be_used(self, store: Store, anns: GraphQL) -> None:
        solution = store.published(auth=[auth_slot("slack")])
        foreign, builders = store.authentication(store.user("Bob")), store.authentication(None)
        reported = {
            anns.refused(
                "createSolutionInstance",
                solutionId=solution,
                instanceName="x",
                authValues=[{"externalId": "slack", "authId": wrong}],
            )
            for wrong in (foreign, builders, NOBODY)
        }
        assert len(reported) == 1
        assert store.find() == []

    @pytest.mark.ledger("DEC-132")
    def test_mutations_of_one_request_run_one_after_the_other(self, store: Store, anns: GraphQL) -> None:
        solution = store.published()
        names = ["a", "b", "c"]
        done = " ".join(
            f'{name}: createSolutionInstance(input: {{solutionId: "{solution}", instanceName: "{name}"}}) '
            "{ solutionInstance { id name } }"
            for name in names
        )
        data = anns.data(f"mutation {{ {done} }}")
        assert [payload["solutionInstance"]["name"] for payload in data.values()] == names
        assert store.find() == names
        instance = data["a"]["solutionInstance"]["id"]
        removed = f'removeSolutionInstance(input: {{solutionInstanceId: "{instance}"}}) {{ clientMutationId }}'
        code, _ = anns.error(f"mutation {{ x: {removed} y: {removed} }}")
        assert code == "not_found"
        assert store.find() == ["b", "c"]


class TestAuthentications:
    @pytest.mark.ledger("DEC-86", "DEC-139")
    def test_an_authentication_is_created_stored_encrypted_and_removed(
        self, engine: Engine, ann: str, anns: GraphQL
    ) -> None:
        made = anns.mutate("createUserAuthentication", "authenticationId", **NEW_AUTHENTICATION)["authenticationId"]
        with engine.begin() as connection:
            assert read_data(connection, Cipher(SECRET_KEY), made) == DATA
            row = connection.execute(text("SELECT * FROM authentication")).one()
        assert (str(row.owner), row.service, row.service_version) == (ann, "slack", "2.0")
        assert (row.service_environment, row.scopes, row.hidden) == ("production", ["chat"], True)
        assert b"very-secret" not in bytes(row.data)
        assert "form-secret" not in repr(row), "formData is not kept"
        assert anns.mutate("removeAuthentication", authenticationId=made) == {"clientMutationId": None}
        assert nodes(anns.viewer("authentications { edges { node { id } } }")) == []

    @pytest.mark.ledger("DEC-119")
    def test_an_authentication_of_another_user_is_not_found_like_one_that_does_not_exist(
        self, store: Store, anns: GraphQL
    ) -> None:
        foreign, builders = store.authentication(store.user("Bob")), store.authentication(None)
        reported = {anns.refused("removeAuthentication", authenticationId=wrong) for wrong in (foreign, builders, "x")}
        assert reported == {("not_found", "authenticationId: is not found")}

    @pytest.mark.parametrize(
        ("field", "value", "reported"),
        [
            ("serviceId", "", "serviceId"),
            ("serviceId", "@1", "serviceId"),
            ("serviceId", "s@" + "1" * 501, "serviceId"),
            ("serviceEnvironmentId", "\0", "serviceEnvironmentId"),
            ("scopes", ["a", " "], "scopes.1"),
            ("data", '{"token": "very-secret"', "data"),
            ("name", "", "name"),
        ],
    )
    def test_faults(self, anns: GraphQL, field: str, value: object, reported: str) -> None:
        code, message = anns.refused("createUserAuthentication", **{**NEW_AUTHENTICATION, field: value})
        assert code == "invalid_input"
        assert message.split(":")[0] == reported
        assert "secret" not in message

    @pytest.mark.ledger("DEC-80")
    @pytest.mark.parametrize(
        ("query", "given"),
        [
            (mutation("createUserAuthentication", "authenticationId"), {"data": {"token": "very-secret"}}),
            (mutation("createUserAuthentication", "authenticationId"), {"data": DATA, "more": 1}),
            (mutation("createUserAuthentication", "authenticationId"), {"data": [DATA]}),
            (mutation("createUserAuthentication", "authenticationId"), ["very-secret"]),
            (mutation("createUserAuthentication", "authenticationId"), "very-secret"),
            (mutation("createUserAuthentication", "nothing"), {**NEW_AUTHENTICATION}),
            ('mutation { createUserAuthentication(input: {data: {a: "very-secret"}}) { authenticationId } }', None),
            ('mutation { createUserAuthentication(input: {data: ["very-secret"]}) { authenticationId } }', None),
            ('mutation { createUserAuthentication(input: "very-secret") { authenticationId } }', None),
            ('mutation { createUserAuthentication(data: "very-secret") { authenticationId } }', None),
            ('mutation { createUserAuthentication("very-secret") { authenticationId } }', None),
            ('mutation { createUserAuthentication(data: """very-secret""" "very-secret") }', None),
        ],
    )
    def test_no_error_repeats_the_request(
        self, anns: GraphQL, query: str, given: object, capsys: pytest.CaptureFixture[str]
    ) -> None:
        document = anns.document(query, **({} if given is None else {"input": given}))
        assert document["errors"]
        assert {error["extensions"]["code"] for error in document["errors"]} == {"invalid_query"}
        captured = capsys.readouterr()
        assert "very-secret" not in json.dumps(document) + captured.out + captured.err


class TestUsersAndTokens:
    @pytest.mark.ledger("DEC-92")
    def test_the_life_of_a_user(self, app: Flask, store: Store, master: GraphQL) -> None:
        user = master.mutate("createExternalUser", "userId", name="Ann", externalUserId="a-1")["userId"]
        taken = master.refused("createExternalUser", name="Bob", externalUserId="a-1")
        assert taken == ("invalid_input", "externalUserId: a-1 is taken")
        master.mutate("updateExternalUser", userId=user, name="Anne", isTestUser=True, clientMutationId="m")
        shown = "{ users { edges { node { name externalUserId isTestUser } } } }"
        (node,) = nodes(master.data(shown)["users"])
        assert node == {"name": "Anne", "externalUserId": "a-1", "isTestUser": True}
        token = master.mutate("authorize", "accessToken", userId=user)["accessToken"]
        anns = GraphQL(app, token)
        assert anns.viewer("details { name }") == {"name": "Anne"}
        anns.mutate("createSolutionInstance", solutionId=store.published(), instanceName="Mine")
        master.mutate("removeExternalUser", userId=user)
        assert store.find() == []
        assert anns.post({"query": "{ viewer { details { name } } }"}).status_code == 401
        for name in ("updateExternalUser", "removeExternalUser", "authorize", "generateAuthorizationCode"):
            assert master.refused(name, userId=user) == ("not_found", "userId: is not found")

    def test_an_external_id_given_to_two_users_at_once_is_taken_for_the_second(
        self, engine: Engine, store: Store, master: GraphQL, ann: str
    ) -> None:
        bob = store.user("Bob")
        with ThreadPoolExecutor(1) as executor, engine.connect() as connection:
            update_external_user(connection, ann, external_user_id="a-1")
            waiting = executor.submit(master.refused, "updateExternalUser", userId=bob, externalUserId="a-1")
            eventually(lambda: waiting_sessions(engine))
            connection.commit()
            assert waiting.result() == ("invalid_input", "externalUserId: a-1 is taken")
        master.mutate("updateExternalUser", userId=ann, externalUserId="a-1", name="Anne")

    def test_a_user_may_be_changed_by_many_at_once(self, master: GraphQL, ann: str) -> None:
        def rename(number: int) -> None:
            master.mutate("updateExternalUser", userId=ann, externalUserId=f"a-{number}")

        with ThreadPoolExecutor(4) as executor:
            list(executor.map(rename, range(40)))

    def test_a_user_token_lives_two_days(self, engine: Engine, master: GraphQL, ann: str) -> None:
        token = master.mutate("authorize", "accessToken", userId=ann)["accessToken"]
        with engine.begin() as connection:
            row = connection.execute(
                text("SELECT expires_at - created_at AS life, token_hash FROM access_token WHERE kind = 'user'")
            ).one()
        assert row.life == timedelta(days=2)
        assert bytes(row.token_hash) == sha256(token.encode()).digest()

    def test_an_expired_token_is_invalid(self, app: Flask, engine: Engine, ann: str) -> None:
        insert = text("""
            INSERT INTO access_token (token_hash, kind, owner, expires_at)
            VALUES (:hash, 'user', :owner, now() + cast(:left AS interval))
        """)
        for token, left, status in (("old", "-1 s", 401), ("new", "1 min", 200)):
            with engine.begin() as connection:
                connection.execute(insert, {"hash": sha256(token.encode()).digest(), "owner": ann, "left": left})
            assert GraphQL(app, token).post({"query": "{ viewer { details { name } } }"}).status_code == status

    def test_a_code_is_valid_once_for_five_minutes_and_is_not_a_token(
        self, app: Flask, engine: Engine, master: GraphQL, ann: str
    ) -> None:
        def made() -> str:
            code = master.mutate("generateAuthorizationCode", "authorizationCode", userId=ann)["authorizationCode"]
            return str(code)

        code, late = made(), made()
        assert GraphQL(app, code).post({"query": "{ viewer { details { name } } }"}).status_code == 401
        with engine.begin() as connection:
            lives = connection.execute(text("SELECT expires_at - created_at FROM access_token WHERE kind = 'code'"))
            assert set(lives.scalars()) == {timedelta(minutes=5)}
            assert redeem_authorization_code(connection, code) == ann
            assert redeem_authorization_code(connection, code) is None
            connection.execute(text("UPDATE access_token SET expires_at = now() WHERE kind = 'code'"))
            assert redeem_authorization_code(connection, late) is None


@pytest.mark.ledger("DEC-133")
def test_connectors_are_not_run(master: GraphQL) -> None:
    given = {"connector": "slack", "version": "2.0", "operation": "send", "input": "{}"}
    reported = master.refused("callConnector", **given)
    assert reported == ("not_available", "callConnector is not available: Relink runs no connectors")
