"""Every command that prints a table prints JSON with `--json`, and nothing else on standard output; those that ask a
service print XML with `--xml`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from lxml import etree

from app.cli import main
from app.commands import reading
from tests.commands.conftest import Relink
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.solution_store import Store, config_slot

GRAPH = Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft())
TABLES = {"list", "show", "get", "tree", "versions", "where-used", "search", "compare", "releases", "preview"}
"""The names of commands that change nothing."""
LOCAL = ("user", "permission", "token", "audit")
"""The groups of commands that work on the database itself."""


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands except groups, with their names such as `node get`."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        elif command is not None:
            yield " ".join((*path, name)), command


def having(option: str) -> set[str]:
    return {name for name, command in commands(main) if any(option in each.opts for each in command.params)}


def with_json() -> set[str]:
    return having("--json")


def test_commands_that_read_have_the_option() -> None:
    readers = {name for name, _ in commands(main) if name.rpartition(" ")[2] in TABLES}
    assert readers <= with_json()
    assert {"impact", "force", "import", "rollout"} <= with_json()
    of_services = {name for name in with_json() if name.partition(" ")[0] not in ("run", *LOCAL)}
    assert having("--xml") == of_services


def test_standard_output_is_one_json_document(
    relink: Relink, client: Client, store: Store, database_url: str, tmp_path: Path
) -> None:
    client.load(GRAPH)
    solution = store.published(config=[config_slot("room")])
    store.instance(solution)
    store.republish(solution, config=[config_slot("room", title="Room")])
    document = tmp_path / "graph.xml"
    document.write_text(Graph().node("Q.A", frozen()).xml())
    on_database = Relink({"RELINK_DATABASE_URL": database_url})
    assert on_database("token", "add", "partner", "--master").exit_code == 0
    arguments = {
        "import": [str(document)],
        "impact": ["P"],
        "force": ["P", "--yes"],
        "run list": [],
        "run show": ["1"],
        "run watch": ["1"],
        "node get": ["P.A"],
        "node tree": ["P"],
        "node versions": ["P.A"],
        "node where-used": ["P.B.1"],
        "node compare": ["P.A.1", "P.A.2"],
        "node search": ["A"],
        "node freeze": ["P.A"],
        "node copy": ["P.A.1", "P.C"],
        "node edit": ["P.C", "--name", "C"],
        "node type": ["P.C", "system.NODE_LIST_TYPE"],
        "solution list": [],
        "solution show": [solution],
        "solution releases": [solution],
        "solution compare": [solution, "--from", "1", "--to", "2"],
        "solution preview": [solution],
        "solution publish": [solution],
        "rollout": [solution, "--yes"],
        "user list": [],
        "permission list": [],
        "token list": [],
        "audit list": [],
    }
    assert {*arguments, "run cancel"} == with_json()  # `run cancel` needs a run that has not ended: see test_runs
    found = {}
    for name, given in arguments.items():
        local = name.partition(" ")[0] in LOCAL
        result = (on_database if local else relink)(*name.split(), *given, "--json")
        assert result.exit_code == 0, (name, result.output)
        found[name] = json.loads(result.stdout)
    assert [each["userLogonReference"] for each in found["user list"]] == [ADMIN]
    assert found["user list"][0]["userEnabledIndicator"] is True
    assert [each["permissionTypeReference"] for each in found["permission list"]][-1] == "administer-all"
    assert [(each["tokenKind"], each["tokenName"]) for each in found["token list"]] == [("master", "partner")]
    assert {"token-added", "sign-in"} & {each["auditAction"] for each in found["audit list"]}
    assert PASSWORD not in str(found)
    for name in sorted(having("--xml")):
        if name.rpartition(" ")[2] in TABLES:
            result = relink(*name.split(), *arguments[name], "--xml")
            assert result.exit_code == 0, (name, result.output)
            assert etree.fromstring(result.stdout).findtext("errorNumber") == "0"


def test_the_xml_of_a_list_has_the_entries_of_all_pages(
    relink: Relink, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load(GRAPH)
    monkeypatch.setattr(reading, "AT_ONCE", 1)
    root = etree.fromstring(relink("node", "tree", "P", "--xml").stdout)
    assert [each.findtext("nodeReference") for each in root.iterfind("NodeList/Node")] == ["P.A", "P.B"]
    assert root.find("nodeReferenceAfter") is None
