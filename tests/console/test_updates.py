"""Planning an update, doing exactly the plan, and the runs that do it."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from tests.support.builders import Graph, M, draft, frozen, links, many_out_of_date, member_type, package, type_with
from tests.support.http import Client
from tests.support.pages import Page, Pages
from tests.support.workers import work

MakeUser = Callable[..., None]
NEW = "/console/updates/new"
PLAN = f"{NEW}?node=P"


def figures(page: Page) -> dict[str, int]:
    """The counters of a page."""
    shown = [text.rsplit(" ", 2) if text.count(" ") > 1 else text.split(" ", 1) for text in page.texts(".figure")]
    return {" ".join(words[1:]): int(words[0]) for words in shown}


def boxes(page: Page) -> dict[str, str]:
    """The boxes of the drawing, and the kind of each."""
    return {
        box.get("aria-label", "").partition(":")[0]: box.get("class", "").split()[1]
        for box in page.tree.cssselect("svg .box")
    }


def lit(page: Page) -> set[str]:
    return {box.get("aria-label", "").partition(":")[0] for box in page.tree.cssselect("svg .box.lit")}


def chain() -> Graph:
    """A -> B -> C, and C has a draft."""
    return (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(*links("P.C.1")))
        .node("P.C", frozen(), draft())
    )


@pytest.fixture
def pages(client: Client, app: Flask) -> Pages:
    client.load(chain())
    return Pages.of(app)


@pytest.mark.ledger("UNV-8", "UNV-43")
def test_a_plan_is_listed_counted_and_drawn(pages: Pages) -> None:
    page = pages.get(PLAN)
    assert page.title == "Update of P"
    assert page.texts("[aria-current=step]") == ["planned"]
    assert re.search(r"Planned for admin, \d+ \w+ \d{4}, \d\d:\d\d UTC", page.text)
    assert figures(page) == {"new versions": 2, "changed drafts": 0, "warnings": 0, "errors": 0}
    assert [row[:3] for row in page.rows("#rows table")] == [
        ["P.A", "1 → 2", "new version"],
        ["P.B", "1 → 2", "new version"],
    ]
    assert "P.B.2" in page.rows("#rows table")[0][3]
    assert boxes(page) == {"P.A": "version", "P.B": "version", "P.C": "source"}
    assert lit(page) == set()


def test_the_drawing_highlights_the_chain_that_says_why(pages: Pages) -> None:
    page = pages.get(f"{PLAN}&why=P.A")
    assert lit(page) == {"P.A", "P.B", "P.C"}
    assert len(page.tree.cssselect("svg .edge.lit")) == 2
    assert [text.split()[0] for text in page.texts(".chain li")] == ["P.C.2", "P.B.2", "P.A"]
    assert page.texts(".chain li .muted") == [
        "is newer. It is the target of a member (NODE_LIST) of",
        "follows. It is the target of a member (NODE_LIST) of",
    ]
    assert lit(pages.get(f"{PLAN}&why=P.B")) == {"P.B", "P.C"}
    assert pages.get(f"{PLAN}&why=P.Nothing").texts(".chain li") == []


@pytest.mark.ledger("UNV-9", "DEC-253")
def test_exactly_the_plan_is_done_and_the_run_shows_it(pages: Pages, client: Client) -> None:
    plan = pages.get(PLAN)
    page = pages.send(plan, NEW)
    assert re.fullmatch(r"/console/runs/\d+", page.address)
    assert page.title == "Update of P done"
    assert page.texts("[aria-current=step]") == ["done"]
    assert figures(page)["new versions"] == 2
    assert [row[:3] for row in page.rows("#rows table")] == [row[:3] for row in plan.rows("#rows table")]
    assert boxes(page) == boxes(plan)
    assert lit(pages.get(f"{page.address}?why=P.A")) == {"P.A", "P.B", "P.C"}
    assert client.update("P").rows() == []
    assert "Everything is up to date" in pages.get(PLAN).text


def test_a_plan_that_no_longer_holds_is_not_done(pages: Pages, client: Client) -> None:
    plan = pages.get(PLAN)
    client.load(Graph().node("P.D", frozen(*links("P.C.1"))))
    refused = pages.send(plan, NEW)
    assert refused.status == 412
    assert len(client.update("P").rows()) == 3


@pytest.mark.ledger("DEC-253")
def test_a_worker_does_the_plan_where_there_is_one(pages: Pages, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
    page = pages.send(pages.get(PLAN), NEW)
    assert page.title == "Update of P queued"
    assert "Waits for its turn" in page.text
    refreshed = page.tree.cssselect("noscript meta")
    assert [each.get("http-equiv") for each in refreshed] == ["refresh"]
    state = pages.client.get(f"{page.address}/state").get_json()
    assert (state["state"], state["nodeReference"]) == ("queued", "P")
    assert work(engine) == 1
    assert pages.get(page.address).title == "Update of P done"
    events = pages.client.get(f"{page.address}/events")
    assert events.mimetype == "text/event-stream"
    assert "event: end" in events.text


def test_a_run_is_cancelled_and_the_rest_is_done(pages: Pages, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO procrastinate_workers DEFAULT VALUES")
    page = pages.send(pages.get(f"{PLAN}&always=true"), NEW)
    cancelled = pages.send(page, f"{page.address}/cancel")
    assert cancelled.title == "Update of P cancelled"
    assert "Cancelled by admin." in cancelled.text
    (rest,) = [link for link in cancelled.links if link.startswith(NEW) and "node=P" in link]
    assert pages.get(rest).form(NEW)["always"] == "true"


def test_warnings_say_what_is_wrong_and_what_to_do(client: Client, app: Flask) -> None:
    graph = (
        Graph()
        .node("P", package())
        .node("P.m", member_type())
        .node("X", package())
        .node("X.T", type_with("P.m.1"), type_with())
        .node("P.N", draft(M("P.m.1", value="data"), type="X.T.1"))
    )
    client.load(graph)
    pages = Pages.of(app)
    page = pages.get(f"{PLAN}&scope=current")
    assert figures(page)["warnings"] == 1
    (row,) = page.rows("#rows table")
    assert row[2] == "warning"
    assert row[4].startswith("Can not update to type X.T.2")
    assert "/console/type/P/N" in page.links
    assert boxes(page) == {"P.N": "warning", "X.T": "source"}
    run = pages.send(page, NEW)
    assert run.rows("#rows table") == [row]
    assert "/console/type/P/N" in run.links


def test_another_warning_does_not_offer_another_type_whatever_the_data_says(client: Client, app: Flask) -> None:
    text = "Can not update to type"
    graph = (
        Graph()
        .node("P", package())
        .node("X", package())
        .node("X.m", member_type(), member_type(VALUE_PATTERN="[a-z]+"))
        .node("X.T", type_with("X.m.1"), type_with("X.m.2"))
        .node("P.N", draft(M("X.m.1", value=text), type="X.T.1"))
    )
    client.load(graph)
    pages = Pages.of(app)
    plan = pages.get(f"{PLAN}&scope=current")
    for page in (plan, pages.send(plan, NEW)):
        (row,) = page.rows("#rows table")
        assert text in row[4]
        assert "/console/type/P/N" not in page.links


def test_rows_are_filtered_and_paged(client: Client, app: Flask) -> None:
    client.load(many_out_of_date(150))
    pages = Pages.of(app)
    page = pages.get(PLAN)
    assert len(page.rows("#rows table")) == 100
    following = next(link for link in page.links if "after=" in link)
    rest = pages.get(following)
    assert len(rest.rows("#rows table")) == 50
    assert not {row[0] for row in page.rows("#rows table")} & {row[0] for row in rest.rows("#rows table")}
    found = pages.get(f"{PLAN}&text=n14&kind=version")
    assert "11 of 150 updates" in found.text
    assert pages.get(f"{PLAN}&kind=warning").texts("#rows .empty p:first-child") == ["No update matches."]


@pytest.mark.ledger("DEC-254")
def test_many_updates_are_counted_in_the_drawing(client: Client, app: Flask) -> None:
    graph = Graph().node("P", package()).node("P.core", package()).node("P.core.C", frozen(), draft())
    for number in range(205):
        graph.node(f"P.q{number % 2}.N{number}", frozen(*links("P.core.C.1")))
    client.load(graph)
    pages = Pages.of(app)
    page = pages.get(PLAN)
    assert boxes(page) == {"P.core.C": "source", "103 nodes P.q0": "version", "102 nodes P.q1": "version"}
    assert "counted by package" in page.text
    inside = [box.get("href") for box in page.tree.cssselect("svg a.version")]
    assert "103 of 205 updates" in pages.get(inside[0].partition("#")[0]).text
    done = pages.send(page, NEW)
    assert boxes(done) == boxes(page)


def exported(page: Page, pages: Pages, part: str) -> dict[str, TestResponse]:
    """The files that a page links to below an address, by the ends of their names."""
    links = {link.partition("?")[0].rpartition(".")[2]: link for link in page.links if part in link}
    return {kind: pages.client.get(link) for kind, link in links.items()}


def test_a_plan_and_a_run_are_exported(pages: Pages) -> None:
    plan = pages.get(f"{PLAN}&why=P.A")
    of_plan = exported(plan, pages, "/plan.")
    run = pages.send(plan, NEW)
    for files in (of_plan, exported(run, pages, f"{run.address}/")):
        assert set(files) == {"csv", "xml", "svg"}
        rows = list(csv.reader(io.StringIO(files["csv"].text)))
        assert [row[:3] for row in rows] == [["node", "version", "new version"], ["P.A", "1", "2"], ["P.B", "1", "2"]]
        assert files["svg"].mimetype == "image/svg+xml"
        assert ElementTree.fromstring(files["svg"].text).tag.endswith("svg")  # noqa: S314
        updates = etree.fromstring(files["xml"].get_data())
        assert updates.tag == "UpdateNodeVersions"
        assert len(updates.findall("UpdateList/Update")) == 2


def test_the_lines_for_a_shell_are_whole(pages: Pages, client: Client) -> None:
    page = pages.get(f"{PLAN}&content=false&scope=latest&source=P&always=true")
    command = shlex.split(page.texts("#command")[0])
    assert command[:3] == ["relink", "force", "P"]
    assert {"--no-content", "--always", "--scope", "latest", "--source", "--if-match"} <= set(command)
    curl = shlex.split(page.texts("#curl")[0])
    assert {"nodeReference=P", "updateContentIndicator=false", "action=force", "sourceScope=latest"} <= set(curl)
    plan = command[command.index("--if-match") + 1]
    assert f'If-Match: "{plan}"' in curl
    assert pages.get(PLAN).form(NEW)["plan"] in pages.get(PLAN).texts("#command")[0]


def test_faults_of_the_options_are_beside_their_fields(pages: Pages) -> None:
    page = pages.get(f"{PLAN}&scope=manifest&source=P.Nothing")
    assert page.status == 422
    assert page.texts(".reason") == ["P.Nothing is not found"]
    assert pages.get(f"{PLAN}&scope=other").status == 422
    assert pages.get(NEW).title == "Plan an update"
    assert pages.get(f"{NEW}?node=P.Nothing").status == 404


def test_a_plan_without_the_right_to_administer_cannot_be_done(pages: Pages, app: Flask, make_user: MakeUser) -> None:
    make_user("ann", "package-use-draft P")
    theirs = Pages.of(app, "ann")
    page = theirs.get(PLAN)
    assert figures(page) == {"new versions": 0, "changed drafts": 0, "warnings": 1, "errors": 0}
    assert "you cannot do this plan" in page.text
    assert page.texts("form[action='/console/updates/new'][method=post]") == []
    form = theirs.get("/console").form("/console/sign-out")
    plan = shlex.split(page.texts("#command")[0])
    right = plan[plan.index("--if-match") + 1]
    assert theirs.post(NEW, {**form, "node": "P", "plan": right}).status_code == 409
    assert theirs.post(NEW, {**form, "node": "P", "plan": "another"}).status_code == 412
    assert theirs.post(NEW, {**form, "node": "P"}).status_code == 400


def test_runs_are_listed_and_filtered(pages: Pages, client: Client, make_user: MakeUser) -> None:
    assert "There are no runs yet" in pages.get("/console/runs").text
    make_user("ann", "administer-all")
    make_user("bob", "administer-all")
    assert client.update("P", "force").number == 0
    assert client.as_user("ann").update("P.A", "force").number == 0
    page = pages.get("/console/runs")
    assert [(row[1], row[2], row[4]) for row in page.rows()] == [
        ("Update of P.A", "done", "ann"),
        ("Update of P", "done", "admin"),
    ]
    assert [row[1] for row in pages.get("/console/runs?node=P.A").rows()] == ["Update of P.A"]
    assert [row[1] for row in pages.get("/console/runs?node=P").rows()] == ["Update of P"]
    assert "No run that you may see" in pages.get("/console/runs?state=failed").text
    assert [row[1] for row in pages.get("/console/runs?user=ann").rows()] == ["Update of P.A"]
    assert [row[1] for row in pages.get("/console/runs?user=admin").rows()] == ["Update of P"]
    assert pages.get("/console/runs?user=ann&node=P").rows() == []
    for user in ("bob", "nobody"):
        assert "No run that you may see" in pages.get(f"/console/runs?user={user}").text
    assert pages.get("/console/runs?state=other").status == 400
    assert pages.get("/console/runs?after=x").status == 400
    assert pages.get("/console/runs/999").status == 404


def test_a_run_is_shown_to_others_without_its_updates(pages: Pages, app: Flask, make_user: MakeUser) -> None:
    make_user("ann", "package-administer P")
    make_user("bob", "package-read P")
    run = pages.send(pages.get(PLAN), NEW)
    theirs = Pages.of(app, "ann")
    page = theirs.get(run.address)
    assert page.title == "Update of P done"
    assert "P.A" not in page.text
    assert "Only the user who started the run" in page.text
    for part in ("updates.csv", "response.xml", "drawing.svg"):
        assert theirs.client.get(f"{run.address}/{part}").status_code == 403
    stranger = Pages.of(app, "bob")
    for part in ("", "/state", "/events", "/updates.csv", "/response.xml", "/drawing.svg"):
        assert stranger.client.get(f"{run.address}{part}").status_code == 404
    form = stranger.get("/console").form("/console/sign-out")
    assert stranger.post(f"{run.address}/cancel", form).status_code == 404
    assert stranger.get("/console/runs").rows() == []


def test_scripts_in_names_and_parameters_are_shown_as_text(client: Client, app: Flask) -> None:
    script = "<script>alert(1)</script>"
    graph = (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.B.1"), name=script))
        .node("P.B", frozen(), draft(name=script))
    )
    client.load(graph)
    pages = Pages.of(app)
    page = pages.get(f"{PLAN}&text={script}&kind={script}&why={script}&source={script}")
    assert script not in page.response.text
    done = pages.send(pages.get(PLAN), NEW)
    assert script in done.text
    assert script not in done.response.text
    assert script not in pages.get(f"/console/runs?user={script}&node={script}").response.text


def test_a_text_that_looks_like_a_formula_is_harmless_in_a_spreadsheet(client: Client, app: Flask) -> None:
    graph = Graph().node("P", package()).node("P.A", frozen(*links("P.B.1"), name="=1+1"))
    client.load(graph.node("P.B", frozen(), draft()))
    text = Pages.of(app).client.get("/console/updates/plan.csv?node=P").text
    assert "'=1+1" in text
