"""The queue of runs: users take turns, and the order within a package holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from app.runs.queued import taken
from tests.services.asynchronous import update
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.workers import accepted, shown, work

PACKAGES = "ABCDE"


@pytest.fixture
def users(client: Client, make_user: Callable[..., None]) -> dict[str, Client]:
    """Three users who administer each of several packages, in which one node is out of date."""
    graph = Graph()
    for name in PACKAGES:
        graph.node(f"{name}.N", frozen(*links(f"{name}.Z.1"))).node(f"{name}.Z", frozen(), draft())
    client.load(graph)
    for user in ("ann", "bob", "cem"):
        make_user(user, *(f"package-administer {name}" for name in PACKAGES))
    return {user: client.as_user(user) for user in ("ann", "bob", "cem")}


def queued(client: Client, package: str = "A", action: str = "impact") -> int:
    return accepted(update(client, nodeReference=package, action=action))


def order(client: Client, engine: Engine) -> list[int]:
    """Let one worker do all runs, and return their numbers in the order in which they began."""
    done = work(engine)
    runs = client.app.test_client().get("/runs", auth=(ADMIN, PASSWORD)).get_json()["runs"]
    assert len(runs) == done
    return [run["run"] for run in sorted(runs, key=lambda run: str(run["startedAt"]))]


@pytest.mark.ledger("DEC-397")
def test_many_runs_of_one_user_do_not_delay_another(client: Client, users: dict[str, Client], engine: Engine) -> None:
    of_ann = [queued(users["ann"], package) for package in PACKAGES]
    of_bob = queued(users["bob"])
    assert order(client, engine) == [of_ann[0], of_bob, *of_ann[1:]]


@pytest.mark.ledger("DEC-397")
def test_users_are_served_in_rotation(client: Client, users: dict[str, Client], engine: Engine) -> None:
    of_ann, of_bob = [queued(users["ann"]) for _ in range(3)], [queued(users["bob"]) for _ in range(3)]
    assert work(engine, most=2) == 2
    of_cem = [queued(users["cem"]) for _ in range(2)]
    assert work(engine, most=3) == 3
    done = [run for run in (*of_ann, *of_bob, *of_cem) if shown(client, run)["state"] == "done"]
    assert done == [*of_ann[:2], *of_bob[:2], of_cem[0]]


@pytest.mark.ledger("DEC-397")
def test_a_user_with_fewer_running_runs_comes_first(client: Client, users: dict[str, Client], engine: Engine) -> None:
    of_ann, of_bob = [queued(users["ann"]) for _ in range(3)], [queued(users["bob"]) for _ in range(3)]
    with taken(engine) as first, taken(engine) as second, taken(engine) as third:
        assert first is not None
        assert second is not None
        assert third is not None
        held = [run.held.identifier for run in (first, second, third)]
        assert held == [of_ann[0], of_bob[0], of_ann[1]]
        third.held.end([b"<x/>"], 0, cancelled=False)
        # Ann's last run began later than Bob's, and both have one that is running.
        with taken(engine) as fourth:
            assert fourth is not None
            assert fourth.held.identifier == of_bob[1]


@pytest.mark.ledger("DEC-397", "DEC-164")
def test_forces_in_a_package_keep_their_order(client: Client, users: dict[str, Client], engine: Engine) -> None:
    first, second = (queued(users["ann"], package, "force") for package in "BA")
    third = queued(users["bob"], "A", "force")
    other = queued(users["bob"], "C", "force")
    # Bob's turn comes second, but his first run waits for Ann's in the same package.
    assert order(client, engine) == [first, other, second, third]
