"""`relink rollout`."""

from __future__ import annotations

import json

import pytest
from click.testing import Result

from tests.commands.conftest import Relink
from tests.support.solution_store import Store, config_slot


@pytest.fixture
def behind(store: Store) -> tuple[str, list[str]]:
    """A solution whose second release needs a value that end users do not see, and two instances of the first."""
    solution = store.published(config=[config_slot("channel", mandatory=False)])
    instances = [store.instance(solution, owner=store.user(), name=name) for name in ("Ann's", "Bob's")]
    store.republish(solution, config=[config_slot("channel", mandatory=False), config_slot("mail", hidden=True)])
    return solution, instances


def rows(result: Result) -> list[list[str]]:
    """The rows without the ids of the instances, which come first."""
    return sorted(line.split("\t")[1:4] for line in result.stdout.splitlines())


def test_instances_move_with_a_value(relink: Relink, store: Store, behind: tuple[str, list[str]]) -> None:
    solution, instances = behind
    value = ("--value", 'mail="a@example.com"')
    bypassed = relink("rollout", solution, "--yes")
    assert (bypassed.exit_code, rows(bypassed)) == (8, [[name, "1 -> 2", "warning"] for name in ("Ann's", "Bob's")])
    listed = relink("rollout", solution, *value, "--impact")
    assert (listed.exit_code, rows(listed)) == (0, [[name, "1 -> 2", "upgrade"] for name in ("Ann's", "Bob's")])
    plan = listed.stderr.partition("This is plan ")[2].partition(";")[0]
    refused = relink("rollout", solution, *value, "--if-match", "another")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert [store.get(instance).release for instance in instances] == [1, 1]
    done = relink("rollout", solution, *value, "--if-match", plan)
    assert (done.exit_code, rows(done)) == (0, rows(listed)), done.stderr
    assert [store.get(instance).release for instance in instances] == [2, 2]
    again = relink("rollout", solution, "--json", "--yes")
    assert (again.exit_code, json.loads(again.stdout)["UpdateList"]["Update"]) == (0, [])


def test_a_release_is_rolled_back_for_one_end_user(relink: Relink, store: Store, behind: tuple[str, list[str]]) -> None:
    solution, (ann, bob) = behind
    assert relink("rollout", solution, "--value", 'mail="a@example.com"', "--yes").exit_code == 0
    owner = store.done("GetSolutionInstances", solutionInstanceId=ann).tree.findtext(".//owner") or ""
    back = relink("rollout", solution, "--to", "1", "--owner", owner, "--percent", "100", "--yes")
    assert (back.exit_code, rows(back)) == (0, [["Ann's", "2 -> 1", "update"]])
    assert [store.get(each).release for each in (ann, bob)] == [1, 2]
    none = relink("rollout", solution, "--tag", "crm", "--yes")
    assert (none.exit_code, none.stdout) == (0, "")
    assert "There is no instance to move." in none.stderr


@pytest.mark.parametrize(("value", "shown"), [("mail", "give SLOT=JSON"), ("mail=a@b", "value")])
def test_a_wrong_value_is_refused(relink: Relink, behind: tuple[str, list[str]], value: str, shown: str) -> None:
    result = relink("rollout", behind[0], "--value", value, "--yes")
    assert (result.exit_code in (1, 2), result.stdout) == (True, "")
    assert shown in result.stderr
