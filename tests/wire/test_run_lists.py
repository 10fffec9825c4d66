"""GET /runs: the list of runs, and its parameters."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from tests.support.http import Client, assert_json_failure
from tests.support.run_records import RUN_LOCKS, insert_run
from tests.support.solution_store import Store, config_slot
from tests.support.statements import Statements
from tests.wire.test_runs import get, json_of, listed, run_of

MOST_STATEMENTS = 12


def test_runs_are_listed_newest_first_as_each_is_shown_by_itself(stale: Client) -> None:
    runs = [run_of(stale.update(reference, "force")) for reference in ("P", "Q", "P")]
    assert json_of(stale, "/runs") == {"runs": [json_of(stale, f"/runs/{run}") for run in reversed(runs)], "next": None}


@pytest.mark.ledger("DEC-160")
def test_runs_are_listed_for_their_starters_and_for_administrators_of_their_contexts(
    stale: Client, make_user: Callable[..., None]
) -> None:
    make_user("other", "package-administer P.A", "node-read P")
    make_user("third", "node-administer Q")
    by_owner = run_of(stale.as_user("owner").update("P", "force"))
    by_other = run_of(stale.as_user("other").update("P.A", "force"))
    by_admin = run_of(stale.update("Q", "force"))
    assert listed(stale.as_user("owner")) == [by_admin, by_other, by_owner]
    assert listed(stale.as_user("other")) == [by_other]
    assert listed(stale.as_user("third")) == [by_admin]
    assert listed(stale) == [by_admin, by_other, by_owner]
    for user in ("owner", "other", "third"):
        visible = listed(stale.as_user(user))
        for run in (by_owner, by_other, by_admin):
            assert get(stale.as_user(user), f"/runs/{run}").status_code == (200 if run in visible else 404)


def test_runs_of_solutions_are_listed_for_users_with_administer_solutions(
    store: Store, client: Client, make_user: Callable[..., None]
) -> None:
    solution = store.published(config=[config_slot("a")])
    make_user("solver", "administer-solutions")
    make_user("other")
    run = run_of(store.done("UpdateSolutionInstances", solutionId=solution, action="force"))
    assert listed(client.as_user("solver"), f"?context={solution}") == [run]
    assert listed(client.as_user("solver"), "?context=P") == []
    assert listed(client.as_user("other")) == []


def test_runs_are_chosen_by_their_starter(stale: Client) -> None:
    by_owner = run_of(stale.as_user("owner").update("P", "force"))
    by_admin = run_of(stale.update("P", "force"))
    assert listed(stale, "?user=owner") == [by_owner]
    assert listed(stale.as_user("owner"), "?user=admin&context=P") == [by_admin]
    assert listed(stale, "?user=nobody") == []


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
        assert listed(stale, "?context=P") == [done_p]
        assert listed(stale, "?context=Q.A") == [alive]
        assert listed(stale, "?context=Q.A&state=done") == []
        assert listed(stale, "?context=P.Unheard") == []


def test_runs_come_in_pages_that_name_the_next_one(stale: Client, engine: Engine) -> None:
    runs = [insert_run(engine, "done") for _ in range(103)]
    first = json_of(stale, "/runs?state=done&context=P")
    assert [run["run"] for run in first["runs"]] == list(reversed(runs))[:100]
    assert first["next"] == f"/runs?state=done&context=P&after={runs[3]}"
    insert_run(engine, "done")
    last = json_of(stale, first["next"])
    assert ([run["run"] for run in last["runs"]], last["next"]) == (list(reversed(runs[:3])), None)
    pages, address = [], "/runs?limit=40"
    while address:
        page = json_of(stale, address)
        pages.append(len(page["runs"]))
        address = page["next"]
    assert pages == [40, 40, 24]


def test_the_list_of_runs_is_read_in_a_fixed_number_of_statements(
    stale: Client, engine: Engine, statements: Statements
) -> None:
    for number in (1, 50):
        for _ in range(number):
            insert_run(engine, "done")
        with statements.sent() as sent:
            assert len(listed(stale.as_user("owner"))) >= number
        assert len(sent) <= MOST_STATEMENTS


@pytest.mark.parametrize(
    "query",
    [
        "state=finished",
        "state=Done",
        "state=%00",
        "failed=yes",
        "context=%00",
        "context=P..A",
        "user=%00",
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=%D9%A1",
        "after=-1",
        "after=1e3",
        "after=9999999999999999999",
    ],
)
def test_a_bad_parameter_is_a_user_error(reader: Client, query: str) -> None:
    failure = assert_json_failure(get(reader, f"/runs?{query}"), 400, 105)
    assert failure["errorFields"] == query.partition("=")[0]
    assert failure["errorMessage"].startswith(failure["errorFields"])


@pytest.mark.parametrize(
    ("query", "name", "reported"),
    [
        (
            "state=done&noderef=P",
            "noderef",
            "noderef: is not a parameter: the parameters here are "
            "state, context, user, idempotencyKey, failed, after and limit",
        ),
        ("State=done", "State", "State: is not a parameter"),
        ("state=done&state=running", "state", "state: is given more than once"),
        ("%00=1", r"'\x00'", "is not a parameter"),
    ],
)
def test_a_parameter_that_the_list_of_runs_does_not_have_is_refused(
    reader: Client, query: str, name: str, reported: str
) -> None:
    failure = assert_json_failure(get(reader, f"/runs?{query}"), 400, 105)
    assert failure["errorFields"] == name
    assert reported in failure["errorMessage"]
