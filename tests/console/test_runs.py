"""The pages of runs: the list, a run while it works, and a run that has ended."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from tests.console.test_updates import PLAN, chain, figures
from tests.support.builders import many_out_of_date
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.pages import Page, Pages
from tests.support.releases import CHANNEL, TOKEN, shop
from tests.support.run_records import insert_run
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot, slots
from tests.support.workers import working

MakeUser = Callable[..., None]
NEW = "/console/updates/new"
WORKER = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + interval '1 hour')"
"""A worker that is alive as long as the test lasts."""


def locked(engine: Engine, reference: str) -> ExitStack:
    """Hold the lock of a node, so that a run stops before it, until the stack is closed."""
    with ExitStack() as until_closed:
        connection = until_closed.enter_context(engine.connect())
        query = "SELECT FROM node WHERE node_reference = :reference FOR UPDATE"
        connection.execute(text(query), {"reference": reference})
        return until_closed.pop_all()


def queued(pages: Pages, engine: Engine, plan: str = PLAN) -> Page:
    """The page of a run that waits for a worker."""
    with engine.begin() as connection:
        connection.exec_driver_sql(WORKER)
    return pages.send(pages.get(plan), NEW)


def test_failed_runs_are_found_however_many_others_are_newer(client: Client, app: Flask, engine: Engine) -> None:
    client.load(chain())
    partial = insert_run(engine, "done")
    with engine.begin() as connection:
        connection.execute(text("UPDATE run SET error_number = 108"))
    failed = [partial, insert_run(engine, "cancelled"), insert_run(engine, "interrupted")]
    others = [insert_run(engine, "done") for _ in range(55)]
    pages = Pages.of(app)
    page = pages.get("/console/runs?state=failed")
    assert [row[0] for row in page.rows()] == [str(run) for run in reversed(failed)]
    assert [row[2] for row in page.rows()] == ["interrupted", "cancelled", "done in part"]
    with engine.begin() as connection:
        connection.execute(text("UPDATE run SET finished_at = now() WHERE state IN ('cancelled', 'interrupted')"))
    home = pages.get("/console")
    assert "2 failed runs this week" in home.texts(".figure")
    assert "/console/runs?state=failed" in home.links
    first = pages.get("/console/runs?state=done")
    assert len(first.rows()) == 50
    (following,) = [link for link in first.links if "after=" in link]
    assert [row[0] for row in pages.get(following).rows()] == [*(str(run) for run in others[4::-1]), str(partial)]


def test_the_list_of_the_service_has_the_failed_runs_too(client: Client, engine: Engine) -> None:
    client.load(chain())
    done, cancelled = insert_run(engine, "done"), insert_run(engine, "cancelled")

    def listed(query: str) -> list[int]:
        response = client.app.test_client().get(f"/runs{query}", auth=(ADMIN, PASSWORD))
        return [run["run"] for run in response.get_json()["runs"]]

    assert listed("") == [cancelled, done]
    assert listed("?failed=true") == [cancelled]
    assert listed("?failed=false&context=P") == [done]


@pytest.mark.ledger("DEC-329")
def test_a_run_says_which_plan_it_does(client: Client, app: Flask) -> None:
    client.load(chain())
    pages = Pages.of(app)
    plan = pages.get(PLAN)
    page = pages.send(plan, NEW)
    assert page.texts("dd code") == [plan.form(NEW)["plan"]]
    assert "What is updated the node and all its content" in " ".join(page.texts("dt, dd"))


@pytest.mark.ledger("DEC-328")
def test_a_run_at_work_shows_what_is_done_and_what_is_not(client: Client, app: Flask, engine: Engine) -> None:
    client.load(chain())
    pages = Pages.of(app)
    page = queued(pages, engine)
    assert "The run is drawn when its plan is made." in page.text
    lock = locked(engine, "P.A")
    with working(engine), lock:
        eventually(lambda: pages.client.get(f"{page.address}/state").get_json()["done"] == 1)
        shown = pages.get(page.address)
        assert shown.title == "Update of P running"
        assert figures(shown)["new versions"] == 1
        drawn = {box.get("class"): box.text_content() for box in shown.tree.cssselect("svg .box")}
        assert sorted(drawn) == ["box source", "box version", "box version waits"]
        assert "P.A" in drawn["box version waits"]
        assert [row[1:] for row in shown.rows("table.outcomes")] == [["P.B", "2", "new version"]]
        state = pages.client.get(f"{page.address}/state").get_json()
        assert (state["counts"], state["cancelRequested"]) == ({"version": 1}, False)
        assert [(each["node"], each["number"]) for each in state["outcomes"]] == [("P.B", 1)]
        assert pages.client.get(f"{page.address}/state?after=1").get_json()["outcomes"] == []
        lock.close()
        eventually(lambda: pages.get(page.address).title == "Update of P done")
    assert figures(pages.get(page.address))["new versions"] == 2
    events = pages.client.get(f"{page.address}/events?after=1").text
    assert '"counts": {"version": 2}' in events
    assert '"node": "P.A"' in events
    assert '"node": "P.B"' not in events


def change_run(engine: Engine, changes: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE run SET {changes}"))


def test_a_run_says_when_it_began_and_how_long_it_works(client: Client, app: Flask, engine: Engine) -> None:
    client.load(chain())
    pages = Pages.of(app)
    page = queued(pages, engine)
    assert (page.texts("[data-run=worked]"), "Began" in page.texts("dt")) == ([], False)
    with working(engine), locked(engine, "P.A"):
        eventually(lambda: pages.client.get(f"{page.address}/state").get_json()["done"] == 1)
        change_run(engine, "started_at = now() - interval '2 hours 5 minutes 20 seconds'")
        began = pages.client.get(f"{page.address}/state").get_json()
        assert began["worked"] == "2\u202fh 5\u202fmin"
        shown = pages.get(page.address)
        assert shown.texts("[data-run=worked]") == ["2 h 5 min"]
        moments = [time.get("datetime") for time in shown.tree.cssselect("dd time")]
        assert moments[1] == began["startedAt"].partition(".")[0] + "Z"
    eventually(lambda: pages.get(page.address).title == "Update of P done")
    ended = "started_at = '2026-11-26 10:00:00+00', finished_at = '2026-11-26 10:02:05+00'"
    change_run(engine, ended)
    shown = pages.get(page.address)
    facts = dict(zip(shown.texts("dl.facts dt"), shown.texts("dl.facts dd"), strict=True))
    assert facts["Began"] == "26 Nov 2026, 10:00 UTC"
    assert facts["Ended"] == "26 Nov 2026, 10:02 UTC, after 2 min 5 s"
    assert "2 min 5 s" in pages.get("/console/runs").rows()[0]


def test_a_run_that_waits_for_a_worker_says_when_one_was_last_alive(client: Client, app: Flask, engine: Engine) -> None:
    client.load(chain())
    pages = Pages.of(app)
    page = queued(pages, engine)
    assert page.texts("p.notice") == ["Waits for its turn."]
    assert "Last sign of life of a worker: " in pages.get("/console").text
    with engine.begin() as connection:
        connection.execute(text("UPDATE procrastinate_workers SET last_heartbeat = '2026-01-02 03:04:05+00'"))
    last = "No worker is alive; the last sign of life was 2 Jan 2026, 03:04 UTC"
    assert pages.get(page.address).texts("p.notice") == [f"{last}: start one with relink worker."]
    assert f"{last}. Queued runs, roll-outs and messages wait until one is started: relink worker." in (
        pages.get("/console").text
    )
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_workers"))
    assert pages.get(page.address).texts("p.notice") == ["No worker is alive: start one with relink worker."]


@pytest.mark.ledger("DEC-328")
def test_a_large_run_says_that_its_drawing_comes_at_its_end(client: Client, app: Flask, engine: Engine) -> None:
    client.load(many_out_of_date(205))
    pages = Pages.of(app)
    page = queued(pages, engine)
    with working(engine), locked(engine, "P.N0"):
        eventually(lambda: pages.client.get(f"{page.address}/state").get_json()["done"] == 204)
        shown = pages.get(page.address)
        assert (
            "This run makes 205 updates. More than 200 are drawn as counts by package, which are made when the run has"
            " ended."
        ) in shown.text
        assert shown.tree.cssselect("svg.drawing") == []
        assert figures(shown)["new versions"] == 204
        assert len(shown.rows("table.outcomes")) == 100
    eventually(lambda: pages.get(page.address).title == "Update of P done")
    shown = pages.get(page.address)
    assert "counted by package" in shown.text
    labels = [each.get("aria-label", "").split() for each in shown.tree.cssselect("svg .box.version")]
    assert sum(int(number) for number, *_ in labels) == 205
    assert "are made when the run has ended" not in shown.text


def test_the_progress_tells_outcomes_only_to_those_who_may_know_them(
    client: Client, app: Flask, make_user: MakeUser
) -> None:
    client.load(chain())
    make_user("ann", "package-administer P")
    pages = Pages.of(app)
    run = pages.send(pages.get(PLAN), NEW)
    theirs = Pages.of(app, "ann").client
    state = theirs.get(f"{run.address}/state").get_json()
    assert state["state"] == "done"
    assert "outcomes" not in state
    assert "outcomes" not in theirs.get(f"{run.address}/events").text
    for wrong in ("state?after=x", "events?after=-1"):
        assert theirs.get(f"{run.address}/{wrong}").status_code == 400


def test_a_large_run_sends_its_latest_outcomes_and_its_whole_table(client: Client, app: Flask) -> None:
    client.load(many_out_of_date(520))
    pages = Pages.of(app)
    plan = pages.client.get("/console/updates/plan.csv?node=P").text
    run = pages.send(pages.get(PLAN), NEW)
    state = pages.client.get(f"{run.address}/state?after=0").get_json()
    assert [each["number"] for each in state["outcomes"]] == list(range(421, 521))
    assert state["counts"] == {"version": 520}
    state = pages.client.get(f"{run.address}/state?after=490").get_json()
    assert [each["number"] for each in state["outcomes"]] == list(range(491, 521))
    for written in (plan, pages.client.get(f"{run.address}/updates.csv").text):
        lines = list(csv.reader(io.StringIO(written)))
        assert lines[0][:3] == ["node", "version", "new version"]
        assert [line[:3] for line in lines[1:]] == sorted([f"P.N{number}", "1", "2"] for number in range(520))


def rolled_out(pages: Pages, solution: str, **values: str) -> Page:
    """The page of a roll-out to the latest release of a solution."""
    at = f"/console/solutions/{solution}/rollout"
    page = pages.send(pages.get(at), at, do="impact", **values)
    form = next(form for form in page.tree.forms if form.get("id") == "force")
    response = pages.post(at, {**{name: value or "" for name, value in form.form_values()}, "do": "force"})
    return pages.get(response.headers["Location"])


def test_the_run_of_a_roll_out_shows_its_instances(pages: Pages, store: Store) -> None:
    solution = shop(store)
    store.publish(solution)
    page = rolled_out(pages, solution, **{"value-token": '"secret"'})
    assert page.title == "Roll-out of Support to release 2 done"
    assert page.texts(".figure") == ["0 updated", "3 upgraded", "0 did not move", "0 failed to move"]
    rows = {row[0]: row[1:4] for row in page.rows("#rows table")}
    assert rows == {
        "Ann's desk": ["Ann", "1 → 2", "upgraded"],
        "Ann's shop": ["Ann", "1 → 2", "upgraded"],
        "Bob's desk": ["Bob", "1 → 2", "upgraded"],
    }
    reported = pages.client.get(f"{page.address}/state").get_json()
    assert (sorted(each["name"] for each in reported["outcomes"]), reported["counts"]) == (sorted(rows), {"upgrade": 3})
    (instance,) = [link for link in page.links if "/instances/" in link][:1]
    assert pages.get(instance).title.startswith(("Ann's", "Bob's"))
    assert [row[0] for row in pages.get(f"{page.address}?text=bob").rows("#rows table")] == ["Bob's desk"]
    assert "No instance matches." in pages.get(f"{page.address}?kind=error").text
    lines = list(csv.reader(io.StringIO(pages.client.get(f"{page.address}/updates.csv").text)))
    assert [row[1] for row in lines] == ["name", *(row[0] for row in page.rows("#rows table"))]
    assert pages.client.get(f"{page.address}/drawing.svg").status_code == 404
    assert "secret" not in page.response.text
    for address, table in (("/console/runs", "main table"), ("/console", "section[aria-labelledby=runs] table")):
        assert [row[1] for row in pages.get(address).rows(table)] == ["Roll-out of Support to release 2"]


def test_the_run_of_a_roll_out_says_what_its_users_have_to_fill(pages: Pages, store: Store) -> None:
    solution = shop(store)
    store.set(*slots(config=[CHANNEL, TOKEN, config_slot("team")]), solution=solution)
    store.publish(solution)
    page = rolled_out(pages, solution, **{"value-token": '"x"'})
    assert page.texts(".figure b") == ["0", "3", "0", "0"]
    assert {row[4] for row in page.rows("#rows table")} == {"Without a value: team."}


def test_the_run_of_a_roll_out_says_what_did_not_move_and_leads_to_the_rest(pages: Pages, store: Store) -> None:
    solution = shop(store)
    found = store.done("GetSolutionInstances", solutionId=solution)
    held = found.text("SolutionInstanceList/SolutionInstance/solutionInstanceId") or ""
    store.update(held, held=True)
    store.republish(solution, config=[CHANNEL])
    page = rolled_out(pages, solution)
    assert page.title == "Roll-out of Support to release 2 done in part"
    assert page.texts(".figure b") == ["2", "0", "1", "0"]
    assert [row[4] for row in page.rows("#rows table") if row[3] == "did not move"] == ["The instance is on hold"]
    assert f"/console/solutions/{solution}/rollout?target=2" in page.links
