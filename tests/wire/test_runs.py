"""`/runs`: what became of each force, for those who may know."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import PASSWORD, Client, Reply, assert_json_failure, checked
from tests.support.run_records import RUN_LOCKS, insert_run
from tests.wire.test_intake import assert_refused


@pytest.fixture
def stale(client: Client, make_user: Callable[..., None]) -> Client:
    """Two packages that are out of date, and `owner`, who may do everything in both."""
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(), draft())
        .node("Q.A", frozen(*links("Q.B.1")))
        .node("Q.B", frozen(), draft())
    )
    make_user("owner", "package-administer P", "package-administer Q")
    return client


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


def told(client: Client, path: str) -> Any:  # noqa: ANN401
    response = get(client, path)
    assert (response.status_code, response.mimetype) == (200, "application/json"), response.text
    return json.loads(response.text)


def listed(client: Client, query: str = "") -> list[int]:
    return [run["run"] for run in told(client, f"/runs{query}")["runs"]]


def test_a_run_tells_what_was_asked_and_what_became_of_it(stale: Client) -> None:
    run = run_of(stale.update("P", "force", sourceScope="latest", sourceReference="P"))
    shown = told(stale, f"/runs/{run}")
    started, finished = shown.pop("startedAt"), shown.pop("finishedAt")
    assert started <= finished
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in (started, finished))
    assert shown == {
        "run": run,
        "state": "done",
        "nodeReference": "P",
        "options": {
            "updateContentIndicator": True,
            "alwaysCreateNewVersionIndicator": False,
            "sourceScope": "latest",
            "sourceReference": "P",
        },
        "steps": 1,
        "done": 1,
        "errorNumber": 0,
    }


def test_an_impact_is_no_run(stale: Client) -> None:
    assert "Relink-Run" not in stale.update("P").response.headers
    assert listed(stale) == []


def test_who_started_a_run_who_administers_its_context_and_admin_see_it(
    stale: Client, make_user: Callable[..., None]
) -> None:
    make_user("neighbour", "node-administer P")
    owner = stale.as_user("owner")
    run = run_of(owner.update("P", "force"))
    for user in ("owner", "neighbour", "admin"):
        assert told(stale.as_user(user), f"/runs/{run}")["run"] == run


def test_for_all_others_there_is_no_such_run(stale: Client, make_user: Callable[..., None]) -> None:
    make_user("reader", "package-read P", "package-update P", "package-administer P.A")
    run = run_of(stale.update("P", "force"))
    reader = stale.as_user("reader")
    for path in ("", "/response"):
        hidden, unknown = (get(reader, f"/runs/{number}{path}") for number in (run, run + 1))
        assert_not_found(hidden)
        assert hidden.text.replace(f"run {run}", "run N") == unknown.text.replace(f"run {run + 1}", "run N")
    assert reader.app.test_client().delete(f"/runs/{run}", auth=("reader", PASSWORD)).status_code == 404


def test_an_unknown_run_is_not_found(stale: Client) -> None:
    for number in (0, 1, 2**31 - 1, 2**31, 2**63, 10**30):
        for path in ("", "/response"):
            assert_not_found(get(stale, f"/runs/{number}{path}"))


@pytest.mark.ledger("DEC-122")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_who_is_not_signed_in_sees_no_run_and_is_asked_to_sign_in(stale: Client, method: str) -> None:
    run = run_of(stale.update("P", "force"))
    for path in (f"/runs/{run}", f"/runs/{run + 1}", *(["/runs"] if method != "DELETE" else [])):
        for auth, told in (
            (None, "HTTP Basic"),
            (("owner", "wrong horse"), "not right"),
            (("nobody", "x"), "not right"),
        ):
            response = stale.app.test_client().open(path, method=method, auth=auth)
            if method == "HEAD":
                assert (response.status_code, response.data) == (401, b"")
                assert response.headers["WWW-Authenticate"] == 'Basic realm="Relink"'
            else:
                assert_json_failure(response, 401, 101, told)


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Bearer x", "x"])
def test_credentials_that_cannot_be_read_are_wrong(reader: Client, header: str) -> None:
    response = reader.app.test_client().get("/runs", headers={"Authorization": header})
    assert_json_failure(response, 401, 101)


@pytest.mark.ledger("DEC-122")
def test_the_answer_of_a_run_is_xml_and_so_are_its_failures(stale: Client) -> None:
    run = run_of(stale.update("P", "force"))
    for number in (run, run + 1):
        for auth, told in ((None, "HTTP Basic"), (("owner", "wrong horse"), "not right")):
            response = stale.app.test_client().get(f"/runs/{number}/response", auth=auth)
            assert_refused(checked(response), 401, 101, "Error", told)
            assert response.headers["WWW-Authenticate"] == 'Basic realm="Relink"'


def test_the_answer_of_a_run_is_read_again_as_it_was_sent(stale: Client) -> None:
    reply = stale.update("P", "force")
    assert reply.updates()
    again = get(stale, f"/runs/{run_of(reply)}/response")
    assert again.data == reply.response.data
    assert checked(again).number == reply.number


def test_the_number_of_an_answer_with_warnings_is_read_again(stale: Client, make_user: Callable[..., None]) -> None:
    make_user("partly", "package-use-draft P", "node-administer P.B")
    reply = stale.as_user("partly").update("P", "force")
    assert reply.number == 108
    again = checked(get(stale, f"/runs/{run_of(reply)}/response"))
    assert (again.number, again.response.data) == (108, reply.response.data)
    assert told(stale, f"/runs/{run_of(reply)}")["errorNumber"] == 108


def test_a_run_without_an_answer_has_none_to_read(stale: Client, engine: Engine) -> None:
    run = insert_run(engine)
    reply = checked(get(stale, f"/runs/{run}/response"))
    assert_refused(reply, 404, 102, "Error", "interrupted", "no response")


def test_runs_are_listed_newest_first_as_each_is_shown_by_itself(stale: Client) -> None:
    runs = [run_of(stale.update(reference, "force")) for reference in ("P", "Q", "P")]
    assert told(stale, "/runs") == {"runs": [told(stale, f"/runs/{run}") for run in reversed(runs)]}


def test_runs_are_listed_for_who_started_them_and_all_for_admin(stale: Client, make_user: Callable[..., None]) -> None:
    make_user("other", "package-administer P")
    by_owner = run_of(stale.as_user("owner").update("P", "force"))
    by_other = run_of(stale.as_user("other").update("P", "force"))
    assert listed(stale.as_user("owner")) == [by_owner]
    assert listed(stale.as_user("other")) == [by_other]
    assert listed(stale) == [by_other, by_owner]


def test_runs_are_chosen_by_state_and_context(stale: Client, engine: Engine) -> None:
    done_p, done_q = (run_of(stale.update(reference, "force")) for reference in ("P", "Q"))
    cancelled = insert_run(engine, "cancelled", "P.A")
    dead = insert_run(engine, "running", "P.B")
    alive = insert_run(engine, "running", "Q.A")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": (RUN_LOCKS << 32) | alive})
        assert listed(stale) == [alive, dead, cancelled, done_q, done_p]
        for state, runs in (
            ("done", [done_q, done_p]),
            ("cancelled", [cancelled]),
            ("interrupted", [dead]),
            ("running", [alive]),
            ("", [alive, dead, cancelled, done_q, done_p]),
        ):
            assert listed(stale, f"?state={state}") == runs
        assert listed(stale, "?nodeReference=P") == [done_p]
        assert listed(stale, "?nodeReference=Q.A") == [alive]
        assert listed(stale, "?nodeReference=Q.A&state=done") == []
        assert listed(stale, "?nodeReference=P.Unheard") == []


def test_no_more_than_a_hundred_runs_are_listed(stale: Client, engine: Engine) -> None:
    runs = [insert_run(engine, "done") for _ in range(103)]
    assert listed(stale) == list(reversed(runs))[:100]
    assert listed(stale, "?state=done&nodeReference=P") == list(reversed(runs))[:100]


@pytest.mark.parametrize(
    "query", ["state=finished", "state=Done", "state=%00", "nodeReference=%00", "nodeReference=P..A"]
)
def test_a_bad_parameter_is_a_user_error(reader: Client, query: str) -> None:
    failure = assert_json_failure(get(reader, f"/runs?{query}"), 400, 105)
    assert failure["errorFields"] == query.partition("=")[0]
    assert failure["errorMessage"].startswith(failure["errorFields"])


@pytest.mark.parametrize(
    ("query", "name", "told"),
    [
        (
            "state=done&noderef=P",
            "noderef",
            "noderef: is not a parameter: the parameters here are state and nodeReference",
        ),
        ("State=done", "State", "State: is not a parameter"),
        ("state=done&state=running", "state", "state: is given more than once"),
        ("%00=1", r"'\x00'", "is not a parameter"),
    ],
)
def test_a_parameter_that_the_list_of_runs_does_not_have_is_refused(
    reader: Client, query: str, name: str, told: str
) -> None:
    failure = assert_json_failure(get(reader, f"/runs?{query}"), 400, 105)
    assert failure["errorFields"] == name
    assert told in failure["errorMessage"]


def test_a_single_run_has_no_parameters(stale: Client) -> None:
    run = run_of(stale.update("P", "force"))
    told = "state: is not a parameter: there are no parameters here"
    assert assert_json_failure(get(stale, f"/runs/{run}?state=done"), 400, 105)["errorMessage"] == told
    reply = checked(get(stale, f"/runs/{run}/response?state=done"))
    assert (reply.status, reply.number, reply.text("errorMessage")) == (400, 105, told)
    cancelled = stale.app.test_client().delete(f"/runs/{run}?force=1", auth=("admin", PASSWORD))
    assert assert_json_failure(cancelled, 400, 105)["errorFields"] == "force"


def test_a_run_that_has_ended_is_not_cancelled(app: Flask, stale: Client) -> None:
    run = run_of(stale.update("P", "force"))
    response = app.test_client().delete(f"/runs/{run}", auth=("admin", PASSWORD))
    assert (response.status_code, json.loads(response.text)["state"]) == (202, "done")
    assert told(stale, f"/runs/{run}")["state"] == "done"
