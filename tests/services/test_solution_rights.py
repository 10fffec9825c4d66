"""Who may use the services about solutions, and what their responses never contain."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from app.application import create_app
from app.services.registry import SERVICES
from app.settings import Settings
from tests.services.test_queued_runs import json_of
from tests.support.http import SECRET_KEY, Client, message
from tests.support.solution_store import Store, auth_slot, element, leaf
from tests.support.workers import ASYNC

ABOUT_SOLUTIONS = sorted(
    name
    for name in SERVICES
    if any(word in name for word in ("Solution", "Authentication", "ExternalUser", "AuthorizationCode"))
)
NOBODY = "00000000-0000-4000-8000-000000000000"
SECRET = "xoxb-very-secret"  # noqa: S105


def test_the_services_about_solutions_are_found() -> None:
    assert {
        "CreateExternalUser",
        "CreateSolutionInstance",
        "GenerateAuthorizationCode",
        "GetSolution",
        "GetSolutionInstances",
        "PreviewSolutionRelease",
        "PublishSolutionRelease",
        "RemoveAuthentication",
        "RemoveExternalUser",
        "RemoveSolutionInstance",
        "SetAuthentication",
        "SetSolution",
        "UpdateSolutionInstance",
        "UpgradeSolutionInstance",
    } <= set(ABOUT_SOLUTIONS)


@pytest.mark.ledger("DEC-116")
@pytest.mark.parametrize("name", ABOUT_SOLUTIONS)
def test_each_service_needs_administer_solutions(app: Flask, make_user: Callable[..., None], name: str) -> None:
    make_user("ann")
    make_user("bob", "administer-solutions")
    for user in ("ann", None):
        reply = Client(app, user).post(message(name, {}))
        assert (reply.status, reply.number) == (200, 101)
    for user in ("bob", "admin"):
        assert Client(app, user).post(message(name, {})).number in (0, 105)


@pytest.mark.ledger("DEC-116")
@pytest.mark.parametrize("headers", [{}, ASYNC], ids=["at once", "queued"])
@pytest.mark.parametrize("action", ["impact", "force"])
def test_a_roll_out_is_refused_before_it_becomes_a_run(
    store: Store, make_user: Callable[..., None], action: str, headers: dict[str, str]
) -> None:
    make_user("ann")
    body = element("UpdateSolutionInstances", solutionId=store.published(), action=action)
    reply = store.client.as_user("ann").post(body, headers=headers)
    assert (reply.status, reply.number) == (200, 101)
    assert json_of(store.client, "/runs")["runs"] == []


@pytest.mark.ledger("DEC-116")
def test_administer_solutions_gives_no_right_on_nodes(app: Flask, make_user: Callable[..., None]) -> None:
    make_user("bob", "administer-solutions")
    bob = Client(app, "bob")
    assert (
        bob.post(message("CreateUser", {"userLogonReferenceCreate": "x", "passwordCreate": "long enough"})).number
        == 101
    )
    given = {"permissionTypeReference": "administer-solutions", "userGroupReference": "bob"}
    assert bob.post(message("CreatePermission", given)).number == 101
    assert Client(app).post(message("CreatePermission", given)).number == 0


class TestSecrecy:
    @pytest.mark.ledger("DEC-86")
    def test_no_service_returns_the_data_of_an_authentication(self, store: Store, engine: Engine) -> None:
        replies = []
        with capture_logs() as logs:
            ann = store.user()
            slack = store.authentication(ann)
            instance = store.instance(_with_slack(store), ann, auth={"slack": slack})
            for name in SERVICES:
                fields = {"solutionInstanceId": instance, "authenticationId": slack, "owner": ann}
                known = {key: value for key, value in fields.items() if name in _TAKES[key]}
                replies.append(store.reply_to(name, **known).response.text)
            changed = f'{{"token": "{SECRET}-2"}}'
            replies.append(store.done("SetAuthentication", authenticationId=slack, data=changed).response.text)
        shown = "\n".join(replies) + repr(logs)
        assert SECRET not in shown
        assert SECRET_KEY not in shown
        assert slack in shown
        assert [column for column in _columns(engine) if SECRET in column or SECRET_KEY in column] == []

    def test_data_that_is_refused_is_neither_returned_nor_logged(self, store: Store) -> None:
        with capture_logs() as logs:
            wrong = [
                store.reply_to("SetAuthentication", name="x", service="y", data=SECRET),
                store.reply_to("SetAuthentication", name="x", service="y", data=f'{{"a": "{SECRET}'),
                store.reply_to("SetAuthentication", leaf("data", SECRET), leaf("data", SECRET)),
                store.reply_to("SetAuthentication", element("data", leaf("token", SECRET))),
            ]
        assert [reply.number for reply in wrong] == [105] * 4
        assert SECRET not in repr(logs) + "".join(reply.response.text for reply in wrong)

    @pytest.mark.ledger("DEC-86")
    def test_without_a_key_only_storing_data_is_refused(self, engine: Engine, app: Flask) -> None:
        store = Store(Client(create_app(Settings(), engine)))
        reply = store.reply_to("SetAuthentication", name="x", service="slack", data='"x"')
        assert (reply.status, reply.number) == (200, 106)
        assert "RELINK_SECRET_KEY" in (reply.text("errorDescription") or "")
        with_key = Store(Client(app))
        slack = with_key.authentication(None)
        store.done("SetAuthentication", authenticationId=slack, name="New name")
        store.done("RemoveAuthentication", authenticationId=slack)
        store.instance(store.published())


class TestAuthenticationFaults:
    def test_a_new_authentication_needs_a_name_a_service_and_data(self, store: Store) -> None:
        assert store.faults("SetAuthentication") == ["name", "service", "data"]
        assert store.faults("SetAuthentication", name="x", service="y", data="{") == ["data"]
        assert store.faults("SetAuthentication", name="x", service="y", data="1", owner=NOBODY) == ["owner"]

    def test_an_owner_never_changes(self, store: Store) -> None:
        ann, bob = store.user("Ann"), store.user("Bob")
        anns, own = store.authentication(ann), store.authentication(None)
        assert store.faults("SetAuthentication", authenticationId=anns, owner=bob) == ["owner"]
        assert store.faults("SetAuthentication", authenticationId=own, owner=bob) == ["owner"]
        store.done("SetAuthentication", authenticationId=anns, owner=ann.upper())

    def test_an_unknown_authentication_is_a_fault(self, store: Store) -> None:
        for given in (NOBODY, "x"):
            assert store.faults("SetAuthentication", authenticationId=given) == ["authenticationId"]
            assert store.faults("RemoveAuthentication", authenticationId=given) == ["authenticationId"]
        assert store.faults("RemoveAuthentication") == ["authenticationId"]

    @pytest.mark.ledger("DEC-85")
    def test_an_authentication_of_the_builder_is_not_removed_while_it_is_used(self, store: Store) -> None:
        own = store.authentication(None)
        slot = auth_slot("slack", authenticationId=own)
        solution = store.published(auth=[slot])
        instance = store.instance(solution, auth={"slack": own})
        assert store.faults("RemoveAuthentication", authenticationId=own) == ["authenticationId"]
        store.set("<AuthSlotList><AuthSlot/></AuthSlotList>", solution=solution)
        assert store.faults("RemoveAuthentication", authenticationId=own) == ["authenticationId"]
        store.done("RemoveSolutionInstance", solutionInstanceId=instance)
        store.done("RemoveAuthentication", authenticationId=own)


class TestExternalUsers:
    def test_faults(self, store: Store) -> None:
        store.done("CreateExternalUser", name="Ann", externalUserId="crm-1")
        assert store.faults("CreateExternalUser") == ["name", "externalUserId"]
        assert store.faults("CreateExternalUser", name="Bob", externalUserId="crm-1") == ["externalUserId"]
        store.done("CreateExternalUser", name="Ann", externalUserId="CRM-1")
        for given in (NOBODY, "x", None):
            assert store.faults("RemoveExternalUser", userId=given) == ["userId"]


_TAKES = {
    "solutionInstanceId": {"GetSolutionInstances", "UpdateSolutionInstance", "UpgradeSolutionInstance"},
    "authenticationId": {"SetAuthentication"},
    "owner": {"GetSolutionInstances", "SetAuthentication"},
}


def _with_slack(store: Store) -> str:
    return store.published(auth=[auth_slot("slack")])


def _columns(engine: Engine) -> list[str]:
    """All values in the database as texts, table by table."""
    tables = text("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'")
    with engine.connect() as connection:
        names = list(connection.execute(tables).scalars())
        held = [row for name in names for row in connection.execute(text(f"SELECT * FROM {name}"))]
    values = [value for row in held for value in row]
    return [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in values]
