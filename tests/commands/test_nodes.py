"""`relink node`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from app.cli import main
from tests.commands.conftest import Relink
from tests.support.builders import Graph, M, V, draft, frozen, links, package
from tests.support.http import ADMIN, Client

GRAPH = (
    Graph()
    .node("P", package())
    .node(
        "P.A", frozen(*links("P.B.1"), name="A"), draft(*links("P.B.1"), M(target="P.C.1", comment="new"), name="A\t2")
    )
    .node("P.B", V(name="B", comment="the first"))
    .node("P.C", draft(name="C"))
)


@pytest.fixture
def store(client: Client) -> Client:
    client.load(GRAPH)
    return client


def rows(result: Result) -> list[list[str]]:
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


@pytest.mark.usefixtures("store")
class TestLists:
    def test_a_version_and_its_members(self, relink: Relink) -> None:
        assert rows(relink("node", "get", "P.A")) == [
            ["version", "P.A.2"],
            ["state", "draft"],
            ["name", "A 2"],
            ["type", "system.NODE_LIST_TYPE.1"],
            ["system.NODE_LIST.1", "1", "", "", "P.B.1", ""],
            ["system.NODE_LIST.1", "2", "", "", "P.C.1", "new"],
        ]

    def test_the_content_of_a_package(self, relink: Relink) -> None:
        assert rows(relink("node", "tree", "P")) == [
            ["P.A", "2", "draft", "A 2", "system.NODE_LIST_TYPE.1"],
            ["P.B", "1", "frozen", "B", "system.NODE_LIST_TYPE.1"],
            ["P.C", "1", "draft", "C", "system.NODE_LIST_TYPE.1"],
        ]
        assert [row[0] for row in rows(relink("node", "tree", "--depth", "1"))] == ["P", "system"]

    def test_the_versions_of_a_node(self, relink: Relink) -> None:
        newest, oldest = rows(relink("node", "versions", "P.A"))
        assert newest[:4] == ["2", "draft", "A 2", ADMIN]
        assert oldest[:4] == ["1", "frozen", "A", ADMIN]

    def test_the_uses_of_a_version_are_listed(self, relink: Relink) -> None:
        found = rows(relink("node", "where-used", "P.B.1", "--depth", "2"))
        assert found == [["P.A.1", "1", "target", "A"], ["P.A.2", "1", "target", "A 2"]]

    def test_two_versions_are_compared(self, relink: Relink) -> None:
        assert rows(relink("node", "compare", "P.A.1", "P.A")) == [
            ["change", "name", "A", "A 2"],
            ["add", "system.NODE_LIST", "", "2: -> P.C.1 (new)"],
        ]

    def test_nodes_are_found_by_their_words(self, relink: Relink) -> None:
        assert rows(relink("node", "search", "b")) == [["P.B.1", "B", ""]]
        limited = relink("node", "search", "p", "--limit", "2")
        assert [line.split("\t")[0] for line in limited.stdout.splitlines()] == ["P.1", "P.A.2"]
        assert limited.stderr == "... and 2 more (--limit shows more)\n"
        assert rows(relink("node", "search", "p", "--name")) == [["P.1", "P", ""]]

    def test_json_has_the_elements_of_the_response(self, relink: Relink) -> None:
        found = json.loads(relink("node", "get", "P.B", "--json").stdout)
        assert (found["nodeVersionComment"], found["MemberList"]) == ("the first", {"Member": []})
        listed = json.loads(relink("node", "tree", "P", "--json").stdout)
        assert [node["nodeReference"] for node in listed] == ["P.A", "P.B", "P.C"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("get", "P.none"),
            ("tree", "P.none"),
            ("versions", "P.none"),
            ("where-used", "P.A.9"),
            ("compare", "P.A", "x-y"),
            ("search", "!"),
            ("type", "P.B", "system.NULL"),
        ],
    )
    def test_an_error_is_one_line_on_standard_error(self, relink: Relink, arguments: tuple[str, ...]) -> None:
        result = relink("node", *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: 105: ")


def test_a_freeze_is_listed_first_and_done_with_yes(relink: Relink, store: Client) -> None:
    listed = rows(relink("node", "freeze", "P.A"))
    assert listed == [["P.A", "2", "A 2", ""], ["P.C", "1", "C", ""]]
    assert store.get("P.C").text("nodeFrozenVersionNumber") == "0"
    assert rows(relink("node", "freeze", "P.A", "--yes")) == listed
    assert store.get("P.C").text("nodeFrozenVersionNumber") == "1"


def test_a_draft_is_edited(relink: Relink, store: Client) -> None:
    edited = relink(
        *("node", "edit", "P.A", "--name", "Axle", "--comment", "said"),
        *("--set", "system.NODE_DESCRIPTION=long = good", "--remove", "system.NODE_LIST"),
        *("--link", "system.NODE_LIST=P.C.1"),
    )
    assert rows(edited) == [["P.A.2"]]
    shown = store.get("P.A")
    assert (shown.text("nodeName"), shown.text("nodeVersionComment")) == ("Axle", "said")
    assert shown.members() == ["system.NODE_DESCRIPTION.1 = long = good", "system.NODE_LIST.1 -> P.C.1"]
    assert rows(relink("node", "edit", "P.A", "--set", "system.NODE_DESCRIPTION=short")) == [["P.A.2"]]
    assert store.get("P.A").members()[0] == "system.NODE_DESCRIPTION.1 = short"
    found = json.loads(relink("node", "edit", "P.A", "--comment", "", "--json").stdout)
    assert found["nodeVersionReference"] == "P.A.2"
    assert store.get("P.A").text("nodeVersionComment") is None


def editor(directory: Path, change: str) -> str:
    """An editor that does what Python code does with the `text` of the file, and keeps what it was given."""
    script = directory / "editor.py"
    script.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "text = file.read_text()\n"
        f"pathlib.Path({str(directory / 'given.xml')!r}).write_text(text)\n"
        f"{change}\n"
        "file.write_text(text)\n"
    )
    return f"{sys.executable} {script}"


@pytest.mark.ledger("DEC-178")
def test_a_draft_is_edited_in_an_editor(relink: Relink, store: Client, tmp_path: Path) -> None:
    change = (
        "text = text.replace('<nodeName>A\\t2<', '<nodeName>Axle &amp; wheel<')"
        ".replace('<nodeVersionComment></nodeVersionComment>', '<nodeVersionComment>by hand</nodeVersionComment>')"
        ".replace('P.C.1<', 'P.B.1<').replace('</MemberList>', "
        "'<Member><nodeVersionReferenceTarget>P.C.1</nodeVersionReferenceTarget></Member></MemberList>', 1)"
    )
    edited = relink.with_environment(EDITOR=editor(tmp_path, change))("node", "edit", "P.A")
    assert (edited.exit_code, edited.stdout) == (0, "P.A.2\n"), edited.stderr
    shown = store.get("P.A")
    assert (shown.text("nodeName"), shown.text("nodeVersionComment")) == ("Axle & wheel", "by hand")
    assert "system.NODE_LIST.1 -> P.C.1" in shown.members()
    before = shown.members()
    # Only the member that is taken out is removed.
    first = "text = re.sub(r'<Member>.*?</Member>', '', text, count=1, flags=re.DOTALL)"
    taken_out = relink.with_environment(EDITOR=editor(tmp_path, f"import re; {first}"))("node", "edit", "P.A")
    assert taken_out.exit_code == 0, taken_out.stderr
    assert store.get("P.A").members() == before[1:]


def test_a_text_that_is_saved_unchanged_changes_nothing(relink: Relink, store: Client, tmp_path: Path) -> None:
    before = store.get("P.A").response.data
    for change in ("pass", "text += '  '"):
        result = relink.with_environment(EDITOR=editor(tmp_path, change))("node", "edit", "P.A")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Nothing is changed.\n")
    assert store.get("P.A").response.data == before


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ("text = text.replace('</SetNode>', '')", "not well-formed"),
        ("text = text.replace('<nodeName>', '<action>force</action><nodeName>')", "the element action is not allowed"),
        ("text = text.replace('P.C.1', 'P.none')", "P.none is not found"),
    ],
)
def test_a_text_that_is_not_an_edit_is_refused(
    relink: Relink, store: Client, tmp_path: Path, change: str, reported: str
) -> None:
    before = store.get("P.A").response.data
    result = relink.with_environment(EDITOR=editor(tmp_path, change))("node", "edit", "P.A")
    assert (result.exit_code, result.stdout) == (1, "")
    assert reported in result.stderr
    assert store.get("P.A").response.data == before


def test_an_edit_with_impacts_lists_them_and_is_done_with_force(relink: Relink, store: Client) -> None:
    store.load(Graph().node("P.D", draft(M("system.NODE_LIST.1", target="P.B.1"), type="system.TAG_TYPE.1")))
    edit = ("node", "edit", "P.D", "--name", "D")
    refused = relink(*edit)
    assert (refused.exit_code, refused.stdout) == (1, "remove\tsystem.NODE_LIST.1\tNodes\t\n")
    assert "--force" in refused.stderr
    assert rows(relink(*edit, "--force")) == [["P.D.1"]]
    assert store.get("P.D").members() == []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "reported", "code"),
    [
        (("P.A",), "say what to change", 2),
        (("P.A", "--set", "P.m"), "an equals sign", 2),
        (("P.A", "--set", "system.NODE_LIST=x"), "has 2 members", 1),
        (("P.A", "--add", "system.NODE_LIST=x"), "system.NODE_LIST.1 allows no value", 1),
        (("P.B", "--name", "x"), "is frozen", 1),
    ],
)
def test_an_edit_that_cannot_be_done_says_why(
    relink: Relink, arguments: tuple[str, ...], reported: str, code: int
) -> None:
    result = relink("node", "edit", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert reported in result.stderr


def test_the_impacts_of_another_type_are_listed_first_and_the_type_changed_with_yes(
    relink: Relink, store: Client
) -> None:
    listed = rows(relink("node", "type", "P.A", "system.PACKAGE_LISTING"))
    assert listed == [["remove", "system.NODE_LIST.1", "Nodes", ""]]
    assert store.get("P.A").text("nodeVersionReferenceType") == "system.NODE_LIST_TYPE.1"
    assert rows(relink("node", "type", "P.A", "system.PACKAGE_LISTING", "--yes")) == [["system.PACKAGE_LISTING.1"]]
    assert (store.get("P.A").text("nodeVersionReferenceType"), store.get("P.A").members()) == (
        "system.PACKAGE_LISTING.1",
        [],
    )
    found = json.loads(relink("node", "type", "P.A", "system.NULL", "--json").stdout)
    assert (found["nodeVersionReferenceNewType"], found["ImpactList"]) == ("system.NULL.1", {"Impact": []})


def test_a_freeze_that_is_impossible_has_exit_code_1(
    relink: Relink, store: Client, make_user: Callable[..., None]
) -> None:
    make_user("ann", "package-read P", "node-administer P.A")
    result = relink.with_environment(RELINK_USER="ann")("node", "freeze", "P.A", "--yes")
    assert result.exit_code == 1
    assert result.stdout.startswith("P.C\t1\t")
    assert "not authorised" in result.stderr
    assert store.get("P.A").text("nodeFrozenVersionNumber") == "1"


def test_a_copy_prints_its_reference(relink: Relink, store: Client) -> None:
    assert relink("node", "copy", "P.B.1", "P.B").stdout == "P.B.2\n"
    assert relink("node", "copy", "P.B.1", "P.D", "--name", "D").stdout == "P.D.1\n"
    assert store.get("P.D").text("nodeName") == "D"


@pytest.mark.parametrize("group", ["node", "solution"])
def test_each_help_ends_with_an_example(group: str) -> None:
    context = click.Context(main)
    commands = main.get_command(context, group)
    assert isinstance(commands, click.Group)
    for name, command in commands.commands.items():
        description = (command.help or "").split("Example:\n")
        assert description[-1].strip().startswith(f"relink {group} {name} "), name
