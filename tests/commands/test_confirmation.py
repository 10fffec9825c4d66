"""Commands that show their plan and ask before they carry it out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import OnTerminal, Relink
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client
from tests.support.solution_store import Store, config_slot

pytestmark = pytest.mark.usefixtures("at_work")


@pytest.fixture
def stale(client: Client) -> Client:
    """P.A links to P.B, and P.B links to P.C, which has a draft."""
    client.load(
        Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(*links("P.C.1"))).node("P.C", frozen(), draft())
    )
    return client


@pytest.fixture
def behind(store: Store) -> tuple[str, str]:
    """A solution with two releases, and an instance of the first."""
    solution = store.published(config=[config_slot("channel", mandatory=False)])
    instance = store.instance(solution, owner=store.user(), name="Ann's")
    store.republish(solution, config=[config_slot("room", mandatory=False)])
    return solution, instance


def version_of(client: Client, reference: str) -> str | None:
    return client.get(reference).text("nodeVersionNumber")


@pytest.mark.ledger("DEC-315")
def test_a_force_shows_its_plan_and_does_it_after_a_yes(on_terminal: OnTerminal, stale: Client) -> None:
    shell = on_terminal("force", "P")
    shell.wait_for("Update 2 nodes? [y/N]")
    assert "To do: 2 new versions." in shell.shown
    assert version_of(stale, "P.A") == "1"
    shell.type("y\n")
    assert shell.ended() == 0
    assert "Done: 2 new versions." in shell.shown
    assert shell.shown.count("NODE_LIST: B 2") == 1
    assert version_of(stale, "P.A") == "2"


@pytest.mark.ledger("DEC-315")
@pytest.mark.parametrize("keys", ["\n", "\x03"], ids=["return", "ctrl-c"])
def test_without_a_yes_nothing_is_done(on_terminal: OnTerminal, relink: Relink, stale: Client, keys: str) -> None:
    shell = on_terminal("force", "P")
    shell.wait_for("Update 2 nodes? [y/N]")
    shell.type(keys)
    assert shell.ended() == 130
    assert shell.shown.endswith("\nNothing was done.\n")
    assert version_of(stale, "P.A") == "1"
    assert relink("run", "list").stdout == ""


def test_a_plan_that_has_changed_meanwhile_is_not_done(on_terminal: OnTerminal, stale: Client) -> None:
    shell = on_terminal("force", "P")
    shell.wait_for("Update 2 nodes? [y/N]")
    stale.load(Graph().node("P.D", frozen(*links("P.C.1"))))
    shell.type("y\n")
    assert shell.ended() == 1
    assert "Error: 106: " in shell.shown
    assert version_of(stale, "P.A") == "1"


def test_rows_go_to_a_file_and_the_question_to_the_terminal(
    on_terminal: OnTerminal, stale: Client, tmp_path: Path
) -> None:
    file = tmp_path / "rows"
    with file.open("wb") as output:
        shell = on_terminal("force", "P", output=output)
        shell.wait_for("Update 2 nodes? [y/N]")
        shell.type("y\n")
        assert shell.ended() == 0
    assert file.read_text() == "P.A\t1 -> 2\tversion\tNODE_LIST: B 2\nP.B\t1 -> 2\tversion\tNODE_LIST: C 2\n"


def test_nothing_is_asked_if_there_is_nothing_to_do(
    on_terminal: OnTerminal, relink: Relink, stale: Client, make_user: Callable[..., None]
) -> None:
    shell = on_terminal("force", "system")
    assert (shell.ended(), "[y/N]" in shell.shown) == (0, False)
    assert "Nothing to update in system and its content." in shell.shown
    make_user("ann", "package-read P", "node-link P.C", "node-use-draft P.C")
    shell = on_terminal("force", "P", "--user", "ann")
    assert (shell.ended(), "[y/N]" in shell.shown) == (8, False)
    assert "Not authorised to administer this node" in shell.shown
    assert relink("run", "list").stdout == ""


@pytest.mark.ledger("DEC-315")
@pytest.mark.parametrize("given", [(), ("--json",), ("--xml",)])
def test_without_a_terminal_a_force_needs_a_yes_or_a_plan(
    relink: Relink, stale: Client, given: tuple[str, ...]
) -> None:
    refused = relink("force", "P", *given)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "give --yes, or --if-match with the plan that 'relink impact' prints" in " ".join(refused.stderr.split())
    assert version_of(stale, "P.A") == "1"
    assert relink("force", "P", *given, "-y").exit_code == 0
    assert version_of(stale, "P.A") == "2"


@pytest.mark.ledger("DEC-315")
def test_a_rollout_shows_its_plan_and_asks(on_terminal: OnTerminal, store: Store, behind: tuple[str, str]) -> None:
    solution, instance = behind
    for keys, code, release in (("n\n", 130, 1), ("y\n", 0, 2)):
        shell = on_terminal("rollout", solution)
        shell.wait_for("Move 1 instance? [y/N]")
        assert "1 -> 2" in shell.shown
        shell.type(keys)
        assert shell.ended() == code, shell.shown
        assert store.get(instance).release == release
    assert "1 instance moved." in shell.shown


def test_without_a_terminal_a_rollout_needs_a_yes_or_a_plan(
    relink: Relink, store: Store, behind: tuple[str, str]
) -> None:
    solution, instance = behind
    refused = relink("rollout", solution)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"the plan that 'relink rollout {solution} --impact' prints" in " ".join(refused.stderr.split())
    assert store.get(instance).release == 1
