"""`relink impact` and `relink force`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from lxml import etree
from sqlalchemy import Engine, text

from tests.commands.conftest import Relink
from tests.support.builders import Graph, V, draft, frozen, links, member_type, package, type_with
from tests.support.http import PASSWORD, Client
from tests.support.served import ROOT, WITHIN, eventually

IMPACT = ("impact",)
FORCE = ("force", "--yes")
WRONG = {"RELINK_PASSWORD": "wrong"}


def chain() -> Graph:
    """P.A links to P.B, and P.B links to P.C, which has a draft."""
    return (
        Graph()
        .node("P", package())
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(*links("P.C.1")))
        .node("P.C", frozen(), draft())
    )


def rows(result: Result) -> list[str]:
    """The lines of standard output, which has the rows of the table and nothing else."""
    return result.stdout.splitlines()


def test_an_impact_is_a_table_and_a_summary(relink: Relink, client: Client) -> None:
    client.load(chain())
    result = relink("impact", "P")
    assert result.exit_code == 0
    assert rows(result) == ["P.A\t1 -> 2\tversion\tNODE_LIST: B 2", "P.B\t1 -> 2\tversion\tNODE_LIST: C 2"]
    assert result.stderr.startswith("To do: 2 new versions.\nThis is plan ")
    assert client.get("P.A.$latest").text("nodeVersionNumber") == "1"


@pytest.mark.ledger("DEC-179")
def test_the_reason_for_each_update_is_shown(relink: Relink, client: Client) -> None:
    client.load(chain().node("P.T", type_with()).node("P.N", V((), "P.T.1")))
    result = relink("impact", "P", "--why", "P.A")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "P.C.2\tP.B\ttarget of system.NODE_LIST.1",
        "P.B.2\tP.A\ttarget of system.NODE_LIST.1",
    ]
    client.load(Graph().node("P.T", type_with(draft=True), first=2))
    assert relink("impact", "P", "--why", "P.N").stdout == "P.T.2\tP.N\ttype\n"
    always = relink("impact", "P", "--always", "--why", "P")
    assert (always.exit_code, always.stdout) == (0, "")
    assert always.stderr == "P gets a new version because every frozen node does.\n"
    for node in ("P.C", "P.none"):
        missing = relink("impact", "P", "--why", node)
        assert (missing.exit_code, missing.stdout) == (1, "")
        assert f"{node} is not in the list of updates" in missing.stderr


def test_an_impact_and_a_force_are_printed_as_json(relink: Relink, client: Client) -> None:
    client.load(chain())
    for number, action in ((1, IMPACT), (2, FORCE)):
        result = relink(*action, "P", "--json")
        assert result.exit_code == 0
        response = json.loads(result.stdout)
        assert response["errorNumber"] == 0
        updates = response["UpdateList"]["Update"]
        assert [(each["nodeReference"], each["nodeVersionNumber"]) for each in updates] == [
            ("P.A", number),
            ("P.B", number),
        ]


def test_a_force_does_the_updates_and_the_next_impact_is_empty(relink: Relink, client: Client) -> None:
    client.load(chain())
    result = relink("force", "P", "--yes")
    assert result.exit_code == 0
    assert rows(result) == ["P.A\t1 -> 2\tversion\tNODE_LIST: B 2", "P.B\t1 -> 2\tversion\tNODE_LIST: C 2"]
    assert result.stderr.endswith("run 1: 2 of 2 steps\nDone: 2 new versions.\nThis was run 1.\n")
    for command in (IMPACT, FORCE):
        again = relink(*command, "P")
        assert (again.exit_code, again.stdout) == (0, "")
        assert "Nothing to update in P and its content.\n" in again.stderr


def test_packages_with_links_to_an_updated_node_are_named(relink: Relink, client: Client) -> None:
    client.load(chain().node("X.Y.D", frozen(*links("P.C.1"))).node("X.E", draft(*links("P.C.2"))))
    for command in (IMPACT, FORCE):
        result = relink(*command, "P.C")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr.splitlines()[-3:] == [
            "Nothing to update in P.C and its content.",
            "Nodes in P link to P.C: 'relink impact P' lists what has to follow there.",
            "Nodes in X link to P.C: 'relink impact X --scope latest --source P.C' lists what has to follow there.",
        ]
    assert rows(relink("impact", "X", "--scope", "latest", "--source", "P.C")) == [
        "X.Y.D\t1 -> 2\tversion\tNODE_LIST: P.C 2"
    ]
    assert relink("impact", "X.E", "--no-content").stderr == "Nothing to update in X.E.\n"


def test_packages_that_link_into_an_updated_package_are_named(relink: Relink, client: Client) -> None:
    client.load(chain().node("X.Y.D", frozen(*links("P.C.1"))).node("X.E", frozen(*links("P.1"))))
    assert relink("force", "P", "--yes").exit_code == 0
    reported = relink("impact", "P").stderr.splitlines()
    assert reported == [
        "Nothing to update in P and its content.",
        "Nodes in X link to nodes in P: 'relink impact X --scope latest --source P' lists what has to follow there.",
    ]
    assert rows(relink("impact", "X", "--scope", "latest", "--source", "P")) == [
        "X.Y.D\t1 -> 2\tversion\tNODE_LIST: P.C 2"
    ]
    assert relink("impact", "P", "--no-content").stderr.splitlines() == [
        "Nothing to update in P.",
        "Nodes in X link to P: 'relink impact X --scope latest --source P' lists what has to follow there.",
    ]


def test_the_search_for_links_into_a_large_package_is_bounded(relink: Relink, client: Client) -> None:
    graph = Graph()
    for number in range(60):
        graph.node(f"P.N{number:02}", frozen(), frozen())
    client.load(graph.node("X.D", frozen(*links("P.N00.1"))).node("Y.D", frozen(*links("P.N59.1"))))
    assert relink("impact", "P").stderr.splitlines() == [
        "Nothing to update in P and its content.",
        "Nodes in X link to nodes in P: 'relink impact X --scope latest --source P' lists what has to follow there.",
        "Not all nodes in P were searched for links from other packages: 'relink node where-used NODE' lists the links"
        " to a node.",
    ]


def test_rows_say_what_changes(relink: Relink, client: Client) -> None:
    client.load(
        Graph()
        .node("X.C", frozen(), frozen())
        .node("P.m", member_type())
        .node("P.T", type_with("P.m.1"), type_with())
        .node("P.N", V((*links("P.N.1", "X.C.1", member_type="P.m.1"),), "P.T.1"))
        .node("P.D", draft(*links("X.C.1")))
    )
    assert rows(relink("impact", "P", "--scope", "current")) == [
        "P.D\t1\tchange\tNODE_LIST: X.C 2",
        "P.N\t1 -> 2\tversion\ttype: T 2; without m",
    ]


def test_options_go_into_the_request(relink: Relink, client: Client) -> None:
    client.load(chain().node("X.D", frozen(*links("P.C.1"))))
    assert rows(relink("impact", "P.B", "--no-content")) == []
    assert rows(relink("impact", "X", "--scope", "latest", "--source", "P")) == [
        "X.D\t1 -> 2\tversion\tNODE_LIST: P.C 2"
    ]
    assert rows(relink("impact", "X", "--always")) == ["X.D\t1 -> 2\tversion\t"]


def test_a_partial_response_has_exit_code_8(relink: Relink, client: Client, make_user: Callable[..., None]) -> None:
    client.load(chain())
    make_user("ann", "package-read P", "node-link P.C", "node-use-draft P.C")
    ann = relink.with_environment(RELINK_USER="ann")
    impact, force = ann("impact", "P"), ann("force", "P", "--yes")
    assert (impact.exit_code, force.exit_code) == (8, 8)
    assert rows(impact) == rows(force) == ["P.B\t1\twarning\tNot authorised to administer this node"]
    assert "To do: 1 warning. 1 update would be bypassed." in impact.stderr
    assert ann("impact", "P", "--why", "P.B").exit_code == 8


@pytest.mark.parametrize("form", ["--xml", "--json"])
def test_why_has_no_other_output_format(relink: Relink, form: str) -> None:
    result = relink("impact", "P", "--why", "P.A", form)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--why prints one chain of links" in result.stderr


@pytest.mark.parametrize("command", [IMPACT, FORCE], ids=" ".join)
def test_an_error_has_exit_code_1_and_its_text_on_standard_error(relink: Relink, command: tuple[str, ...]) -> None:
    result = relink(*command, "Nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: 105: nodeReference")


def test_a_wrong_password_is_an_error(relink: Relink) -> None:
    result = relink.with_environment(**WRONG)("impact", "system")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: 101: the user id or password is not right\n"


def test_the_password_may_come_on_standard_input(relink: Relink) -> None:
    arguments = ("impact", "system", "--user", "admin", "--password-stdin")
    wrong = relink.with_environment(**WRONG)
    assert wrong(*arguments, stdin=f"{PASSWORD}\n").exit_code == 0


def test_a_service_that_is_not_there_is_reported(relink: Relink) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = relink("impact", "P", "--url", f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert result.exit_code == 1
    assert "'relink serve' starts one" in result.stderr


def test_a_url_without_a_service_is_reported(relink: Relink) -> None:
    assert "must begin with http://" in relink("impact", "P", "--url", "file:///etc/passwd").stderr


def test_xml_shows_the_response_unchanged(relink: Relink, client: Client) -> None:
    client.load(chain())
    result = relink("impact", "P", "--xml")
    assert result.exit_code == 0
    assert result.stdout_bytes == client.update("P").response.data


def test_the_xml_of_an_error_is_printed_too(relink: Relink) -> None:
    result = relink("force", "Nowhere", "--xml", "--yes")
    assert result.exit_code == 1
    assert etree.fromstring(result.stdout_bytes).findtext("errorNumber") == "105"
    assert result.stderr.startswith("Error: 105: ")


def test_a_force_does_the_plan_that_it_is_given_or_nothing(relink: Relink, client: Client) -> None:
    client.load(chain())
    plan = relink("impact", "P").stderr.partition("This is plan ")[2].partition(";")[0]
    client.load(Graph().node("P.D", frozen(*links("P.C.1"))))
    refused = relink("force", "P", "--if-match", plan)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[-1].startswith("Error: 106: ")
    assert client.get("P.A").text("nodeVersionNumber") == "1"
    plan = relink("impact", "P").stderr.partition("This is plan ")[2].partition(";")[0]
    assert relink("force", "P", "--if-match", plan).exit_code == 0


def test_all_rows_go_to_a_pipe(relink: Relink, client: Client) -> None:
    graph = Graph().node("P.Z", frozen(), draft())
    for number in range(43):
        graph.node(f"P.N{number}", frozen(*links("P.Z.1")))
    client.load(graph)
    shown = relink("impact", "P")
    assert len(rows(shown)) == 43
    assert "more" not in shown.stderr


def test_progress_of_a_run_is_reported(relink: Relink, client: Client, engine: Engine, tmp_path: Path) -> None:
    """The run has done P.B and waits for P.A, which this test holds."""
    client.load(chain())
    reported = tmp_path / "reported"
    with engine.connect() as connection, reported.open("w") as output:
        connection.execute(text("SELECT FROM node WHERE node_reference = 'P.A' FOR UPDATE"))
        command = [sys.executable, "-W", "ignore", "-m", "app.cli", "force", "P", "--yes"]
        environment = {**os.environ, **{name: value for name, value in relink.environment.items() if value}}
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
        try:
            eventually(lambda: "run 1: 1 of 2 steps" in reported.read_text())
        finally:
            connection.rollback()
            assert process.wait(WITHIN) == 0
    assert "run 1: 2 of 2 steps" in reported.read_text()
