"""`relink solution`."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import Result

from tests.commands.conftest import Relink
from tests.support.http import ADMIN
from tests.support.solution_store import Store, auth_slot, config_slot, leaves, slots, workflow


@pytest.fixture
def solution(store: Store) -> str:
    """A solution with a release and a changed draft."""
    parts = {"auth": [auth_slot("slack")], "workflows": [workflow("w")]}
    made = store.set(*slots(config=[config_slot("mail")], **parts), leaves("TagList", "tag", ["crm"]), title="S")
    store.publish(made, releaseNotes="The first.")
    store.set(*slots(config=[config_slot("mail", title="Mail address")], **parts), solution=made)
    return made


def rows(result: Result) -> list[list[str]]:
    assert result.exit_code == 0, result.output
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_solutions_are_listed(relink: Relink, store: Store, solution: str) -> None:
    other = store.set(title="T")
    assert rows(relink("solution", "list")) == [[solution, "S", "1", "false", "crm"], [other, "T", "0", "false", ""]]
    assert rows(relink("solution", "list", "--tag", "crm")) == [[solution, "S", "1", "false", "crm"]]
    assert [each["title"] for each in json.loads(relink("solution", "list", "--json").stdout)] == ["S", "T"]


def test_a_draft_and_a_release_are_shown(relink: Relink, solution: str) -> None:
    draft, release = (
        rows(relink("solution", "show", solution)),
        rows(relink("solution", "show", solution, "--release", "1")),
    )
    assert [row[:2] for row in draft] == [["auth", "slack"], ["config", "mail"], ["workflow", "w"]]
    assert draft[1][2] == "Mail address" != release[1][2]
    assert json.loads(relink("solution", "show", solution, "--json").stdout)["solutionId"] == solution


def test_releases_are_listed(relink: Relink, solution: str) -> None:
    (row,) = rows(relink("solution", "releases", solution))
    assert (row[0], row[2], row[3], row[5]) == ("1", ADMIN, "false", "The first.")


def test_releases_are_compared(relink: Relink, solution: str) -> None:
    (row,) = rows(relink("solution", "compare", solution))
    assert row[:4] == ["config", "mail", "TitleChanged", "false"]
    assert rows(relink("solution", "compare", solution, "--from", "1", "--to", "1")) == []


def test_a_draft_is_previewed_and_published(relink: Relink, solution: str) -> None:
    preview = relink("solution", "preview", solution)
    assert preview.stderr.startswith("The release is rolled out automatically.")
    published = relink("solution", "publish", solution, "--notes", "Better.")
    assert rows(published) == rows(preview)
    assert published.stderr.endswith("Published release 2.\n")
    assert [row[5] for row in rows(relink("solution", "releases", solution))] == ["Better.", "The first."]


@pytest.mark.ledger("DEC-390")
def test_exactly_the_draft_of_a_preview_is_published(relink: Relink, store: Store, solution: str) -> None:
    (edition,) = re.findall(r"This is edition (\w+);", relink("solution", "preview", solution).stderr)
    store.set(solution=solution, title="Changed")
    refused = relink("solution", "publish", solution, "--if-match", edition)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: 106: the draft was changed or published")
    (edition,) = re.findall(r"This is edition (\w+);", relink("solution", "preview", solution).stderr)
    assert relink("solution", "publish", solution, "--if-match", edition).exit_code == 0
    assert relink("solution", "publish", solution, "--if-match", edition).exit_code == 1
    assert [row[0] for row in rows(relink("solution", "releases", solution))] == ["2", "1"]


def test_a_solution_that_is_not_found(relink: Relink) -> None:
    result = relink("solution", "show", "none")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: 105: solutionId")
