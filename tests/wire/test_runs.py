"""`/runs`: the result of each force, for the users who may read it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from tests.support.builders import out_of_date
from tests.support.http import PASSWORD, Client, Reply, assert_json_failure, checked, message
from tests.support.run_records import insert_run
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot
from tests.updates.test_force import interfere
from tests.wire.test_intake import assert_refused


def get(client: Client, path: str) -> TestResponse:
    auth = None if client.user is None else (client.user, PASSWORD)
    return client.app.test_client().get(path, auth=auth)


def run_of(reply: Reply) -> int:
    return int(reply.response.headers["Relink-Run"])


def assert_not_found(response: TestResponse) -> None:
    """404 in the format of the endpoint."""
    if response.request.path.endswith("/response"):
        assert_refused(checked(response), 404, 102, "Error")
    else:
        assert_json_failure(response, 404, 102)


def json_of(client: Client, path: str) -> Any:  # noqa: ANN401
    response = get(client, path)
    assert (response.status_code, response.mimetype) == (200, "application/json"), response.text
    return json.loads(response.text)


def listed(client: Client, query: str = "") -> list[int]:
    return [run["run"] for run in json_of(client, f"/runs{query}")["runs"]]


@pytest.mark.ledger("DEC-402")
def test_a_run_shows_its_request_and_its_outcome(stale: Client) -> None:
    run = run_of(stale.update("P", "force", sourceScope="latest", sourceReference="P"))
    shown = json_of(stale, f"/runs/{run}")
    times = [shown.pop(name) for name in ("queuedAt", "startedAt", "finishedAt")]
    assert times == sorted(times)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    assert shown.pop("perSecond") > 0
    assert shown == {
        "run": run,
        "service": "UpdateNodeVersions",
        "action": "force",
        "state": "done",
        "nodeReference": "P",
        "user": "admin",
        "options": {
            "updateContentIndicator": True,
            "alwaysCreateNewVersionIndicator": False,
            "sourceScope": "latest",
            "sourceReference": "P",
        },
        "steps": 1,
        "done": 1,
        "left": 0,
        "errorNumber": 0,
        "reason": None,
        "attempts": 1,
        "plan": None,
    }


def test_an_impact_is_not_a_run(stale: Client) -> None:
    assert "Relink-Run" not in stale.update("P").response.headers
    assert listed(stale) == []


def test_a_run_is_visible_to_its_starter_and_to_administrators_of_its_context(
    stale: Client, make_user: Callable[..., None]
) -> None:
    make_user("neighbour", "node-administer P")
    owner = stale.as_user("owner")
    run = run_of(owner.update("P", "force"))
    for user in ("owner", "neighbour", "admin"):
        assert json_of(stale.as_user(user), f"/runs/{run}")["run"] == run


def test_a_run_does_not_exist_for_other_users(stale: Client, make_user: Callable[..., None]) -> None:
    make_user("reader", "package-read P", "package-update P", "package-administer P.A")
    run = run_of(stale.update("P", "force"))
    reader = stale.as_user("reader")
    for path in ("", "/response", "/outcomes"):
        hidden, unknown = (get(reader, f"/runs/{number}{path}") for number in (run, run + 1))
        assert_not_found(hidden)
        assert hidden.text.replace(f"run {run}", "run N") == unknown.text.replace(f"run {run + 1}", "run N")
    assert reader.app.test_client().delete(f"/runs/{run}", auth=("reader", PASSWORD)).status_code == 404


def test_an_unknown_run_is_not_found(stale: Client) -> None:
    for number in (0, 1, 2**31 - 1, 2**31, 2**63, 10**30):
        for path in ("", "/response", "/outcomes"):
            assert_not_found(get(stale, f"/runs/{number}{path}"))


@pytest.mark.ledger("DEC-122")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_an_anonymous_caller_sees_no_run_and_is_asked_to_sign_in(stale: Client, method: str) -> None:
    run = run_of(stale.update("P", "force"))
    for path in (f"/runs/{run}", f"/runs/{run + 1}", *(["/runs"] if method != "DELETE" else [])):
        for auth, reported in (
            (None, "HTTP Basic"),
            (("owner", "wrong horse"), "not right"),
            (("nobody", "x"), "not right"),
        ):
            response = stale.app.test_client().open(path, method=method, auth=auth)
            if method == "HEAD":
                assert (response.status_code, response.data) == (401, b"")
                assert response.headers["WWW-Authenticate"] == 'Basic realm="Relink"'
            else:
                assert_json_failure(response, 401, 101, reported)


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Bearer x", "x"])
def test_credentials_that_cannot_be_read_are_wrong(reader: Client, header: str) -> None:
    response = reader.app.test_client().get("/runs", headers={"Authorization": header})
    assert_json_failure(response, 401, 101)


@pytest.mark.ledger("DEC-122")
def test_the_response_of_a_run_is_xml_and_so_are_its_failures(stale: Client) -> None:
    run = run_of(stale.update("P", "force"))
    for number in (run, run + 1):
        for auth, reported in ((None, "HTTP Basic"), (("owner", "wrong horse"), "not right")):
            response = stale.app.test_client().get(f"/runs/{number}/response", auth=auth)
            assert_refused(checked(response), 401, 101, "Error", reported)
            assert response.headers["WWW-Authenticate"] == 'Basic realm="Relink"'


def test_the_stored_response_of_a_run_is_the_one_that_was_sent(stale: Client) -> None:
    reply = stale.update("P", "force")
    assert reply.updates()
    again = get(stale, f"/runs/{run_of(reply)}/response")
    assert again.data == reply.response.data
    assert checked(again).number == reply.number


def test_the_error_number_of_a_stored_response_with_warnings_is_kept(
    stale: Client, make_user: Callable[..., None]
) -> None:
    make_user("partly", "package-use-draft P", "node-administer P.B")
    reply = stale.as_user("partly").update("P", "force")
    assert reply.number == 108
    again = checked(get(stale, f"/runs/{run_of(reply)}/response"))
    assert (again.number, again.response.data) == (108, reply.response.data)
    assert json_of(stale, f"/runs/{run_of(reply)}")["errorNumber"] == 108


def test_a_run_without_a_response_returns_none(stale: Client, engine: Engine) -> None:
    run = insert_run(engine)
    reply = checked(get(stale, f"/runs/{run}/response"))
    assert_refused(reply, 404, 102, "Error", "interrupted", "no response")


class TestOutcomes:
    @pytest.fixture
    def chain(self, client: Client, make_user: Callable[..., None]) -> Client:
        """Five nodes that a force updates one after the other; `owner` may do everything, `bob` administers P only."""
        client.load(out_of_date(5))
        make_user("owner", "package-administer P")
        make_user("bob", "node-administer P")
        return client

    def test_each_node_is_reported_in_the_order_of_the_commits_in_pages(self, chain: Client) -> None:
        run = run_of(chain.as_user("owner").update("P", "force"))
        for user in ("owner", "admin"):
            first = json_of(chain.as_user(user), f"/runs/{run}/outcomes?limit=3")
            assert first["next"] == f"/runs/{run}/outcomes?limit=3&after=3"
            last = json_of(chain.as_user(user), first["next"])
            assert last["next"] is None
            assert [*first["outcomes"], *last["outcomes"]] == [
                {"number": number, "nodeReference": f"P.N{5 - number}", "nodeVersionNumber": 2, "updateType": "version"}
                for number in range(1, 6)
            ]

    def test_outcomes_are_refused_to_a_user_who_sees_only_the_run_and_not_found_by_others(
        self, chain: Client, make_user: Callable[..., None]
    ) -> None:
        make_user("stranger")
        run = run_of(chain.as_user("owner").update("P", "force"))
        path = f"/runs/{run}/outcomes"
        assert_json_failure(get(chain.as_user("bob"), path), 403, 101, "only by the user who started it")
        assert_json_failure(get(chain.as_user("stranger"), path), 404, 102)
        assert_json_failure(get(chain.as_user(None), path), 401, 101)

    def test_a_node_that_became_unreadable_has_no_reference(self, chain: Client, engine: Engine) -> None:
        owner = chain.as_user("owner")
        run = run_of(owner.update("P", "force"))
        take_back(engine)
        with engine.begin() as connection:
            add = "INSERT INTO permission (permission_type, node_identifier, user_group_identifier)"
            group = "(SELECT own_group_identifier FROM account WHERE user_logon_reference = 'owner')"
            names = "('P', 'P.N3')"
            connection.execute(
                text(f"{add} SELECT 'node-read', node_identifier, {group} FROM node WHERE node_reference IN {names}")
            )
        shown = [outcome["nodeReference"] for outcome in json_of(owner, f"/runs/{run}/outcomes")["outcomes"]]
        assert shown == [None, "P.N3", None, None, None]

    @pytest.mark.ledger("DEC-161")
    def test_a_starter_who_lost_read_on_the_context_reads_neither_outcomes_nor_response(
        self, chain: Client, engine: Engine
    ) -> None:
        owner = chain.as_user("owner")
        run = run_of(owner.update("P", "force"))
        take_back(engine)
        assert json_of(owner, f"/runs/{run}")["nodeReference"] is None
        assert_json_failure(get(owner, f"/runs/{run}/outcomes"), 403, 101, "no longer read its context")
        refused = checked(get(owner, f"/runs/{run}/response"))
        assert (refused.status, refused.number) == (403, 101)
        assert get(chain, f"/runs/{run}/response").status_code == 200

    def test_instances_are_reported_with_their_release(self, store: Store, client: Client) -> None:
        solution = store.published(config=[config_slot("a")])
        instance = store.instance(solution, config={"a": '"x"'})
        store.republish(solution, config=[config_slot("a", title="b")])
        run = run_of(store.done("UpdateSolutionInstances", solutionId=solution, action="force"))
        assert json_of(client, f"/runs/{run}/outcomes")["outcomes"] == [
            {"number": 1, "solutionInstanceId": instance, "releaseNumber": 2, "updateType": "update"}
        ]


def take_back(engine: Engine) -> None:
    """Take all permissions on nodes back."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM permission WHERE node_identifier IS NOT NULL"))


class TestReasons:
    """The reason why a run stopped."""

    def test_the_user_who_cancelled_it_is_named(self, stale: Client, engine: Engine) -> None:
        interfere(engine, "PERFORM pg_advisory_xact_lock_shared(1);")
        with engine.connect() as holder, ThreadPoolExecutor(1) as other:
            holder.execute(text("SELECT pg_advisory_lock(1)"))
            forced = other.submit(stale.update, "P", "force")
            eventually(lambda: listed(stale, "?state=running"))
            [run] = listed(stale, "?state=running")
            before = json_of(stale, f"/runs/{run}")
            assert (before["reason"], before["finishedAt"]) == (None, None)
            cancelled = stale.app.test_client().delete(f"/runs/{run}", auth=("owner", PASSWORD))
            assert cancelled.status_code == 202
            assert json_of(stale, f"/runs/{run}")["reason"] == "cancelled by owner"
            holder.execute(text("SELECT pg_advisory_unlock(1)"))
            forced.result()
        # The only node was being written when the run was cancelled.
        assert json_of(stale, f"/runs/{run}")["state"] in ("done", "cancelled")

    def test_the_death_of_its_process(self, stale: Client, engine: Engine) -> None:
        run = insert_run(engine)
        shown = json_of(stale, f"/runs/{run}")
        assert (shown["state"], shown["left"]) == ("interrupted", None)
        assert "was lost" in shown["reason"]

    @pytest.mark.ledger("DEC-162")
    def test_an_error_is_reported_to_its_starter_and_its_number_to_others(
        self, stale: Client, make_user: Callable[..., None]
    ) -> None:
        make_user("neighbour", "node-administer P")
        owner = stale.as_user("owner")
        body = message("UpdateNodeVersions", {"nodeReference": "P", "action": "force"})
        assert owner.post(body, headers={"If-Match": '"another"'}).status == 412
        [run] = listed(owner)
        assert "the plan has changed" in json_of(owner, f"/runs/{run}")["reason"]
        assert json_of(stale, f"/runs/{run}")["state"] == "cancelled"
        assert "the plan has changed" in json_of(stale, f"/runs/{run}")["reason"]
        assert json_of(stale.as_user("neighbour"), f"/runs/{run}")["reason"] == "the run ended with error 106"


def test_a_single_run_has_no_parameters(stale: Client) -> None:
    run = run_of(stale.update("P", "force"))
    reported = "state: is not a parameter: there are no parameters here"
    assert assert_json_failure(get(stale, f"/runs/{run}?state=done"), 400, 105)["errorMessage"] == reported
    reply = checked(get(stale, f"/runs/{run}/response?state=done"))
    assert (reply.status, reply.number, reply.text("errorMessage")) == (400, 105, reported)
    cancelled = stale.app.test_client().delete(f"/runs/{run}?force=1", auth=("admin", PASSWORD))
    assert assert_json_failure(cancelled, 400, 105)["errorFields"] == "force"


def test_a_run_that_has_ended_is_not_cancelled(app: Flask, stale: Client) -> None:
    run = run_of(stale.update("P", "force"))
    response = app.test_client().delete(f"/runs/{run}", auth=("admin", PASSWORD))
    assert (response.status_code, json.loads(response.text)["state"]) == (202, "done")
    assert json_of(stale, f"/runs/{run}")["state"] == "done"
