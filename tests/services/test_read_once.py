"""A web process does not repeat a statement that has checked a request, whether its client waits or it is queued."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from tests.services.asynchronous import update
from tests.support.http import Client
from tests.support.solution_store import Store, config_slot, element
from tests.support.statements import Statements
from tests.support.workers import ASYNC, be_alive

SOON = {"Prefer": "respond-async, wait=60"}
LATE = {"Prefer": "respond-async, wait=0"}
ADVISORY_LOCK = "SELECT pg_advisory_xact_lock"


@pytest.fixture(autouse=True)
def alive(engine: Engine) -> None:
    """A worker that is alive, but busy."""
    be_alive(engine)


def repeated(sent: list[str]) -> list[str]:
    """The statements that were sent more than once. A request that a worker does takes several advisory locks."""
    return [each for each in sorted(set(sent)) if sent.count(each) > 1 and not each.startswith(ADVISORY_LOCK)]


@pytest.mark.parametrize(
    ("action", "headers", "status"),
    [("impact", SOON, 200), ("impact", LATE, 202), ("impact", ASYNC, 202), ("force", ASYNC, 202)],
)
def test_a_roll_out_is_built_once(
    store: Store, statements: Statements, action: str, headers: dict[str, str], status: int
) -> None:
    slots = [config_slot("a", hidden=True), config_slot("b")]
    solution = store.published(config=slots[:1])
    store.instance(solution, config={"a": '"x"'})
    store.republish(solution, config=slots)
    impact = element("UpdateSolutionInstances", solutionId=solution, action="impact")
    store.client.post(impact)
    with statements.sent() as at_once:
        assert store.client.post(impact).status == 200
    body = element("UpdateSolutionInstances", solutionId=solution, action=action)
    with statements.sent() as sent:
        assert store.client.post(body, headers=headers).status == status
    assert repeated(sent) == []
    if headers is SOON:
        assert len(sent) == len(at_once) + 1, "one statement looks for a worker"


@pytest.mark.parametrize(("headers", "status"), [(SOON, 200), (LATE, 202), (ASYNC, 202)])
@pytest.mark.parametrize("user", ["admin", "ann"])
def test_the_node_of_an_impact_is_looked_up_once_before_its_plan(
    stale: Client,
    statements: Statements,
    make_user: Callable[..., None],
    headers: dict[str, str],
    status: int,
    user: str,
) -> None:
    make_user("ann", "package-read P")
    by = stale.as_user(user)
    update(by, {}, action="impact", sourceScope="latest")
    with statements.sent() as at_once:
        update(by, {}, action="impact", sourceScope="latest")
    with statements.sent() as sent:
        assert update(by, headers, action="impact", sourceScope="latest").status == status
    assert repeated(sent) == []
    if headers is SOON:
        # The node is looked up, with the rights of a user who has single permissions, and a worker is looked for.
        assert len(sent) == len(at_once) + (2 if user == "admin" else 3)


@pytest.mark.parametrize("headers", [{}, ASYNC])
def test_a_force_that_can_do_nothing_looks_its_node_up_once_by_reference(
    stale: Client, statements: Statements, make_user: Callable[..., None], headers: dict[str, str]
) -> None:
    """Its plan reads the node again by its identifier, as it is then, whether or not a worker should have done it."""
    make_user("ann", "package-use-draft P")
    ann = stale.as_user("ann")
    update(ann, {}, sourceScope="latest")
    with statements.sent() as sent:
        reply = update(ann, headers, sourceScope="latest")
    assert (reply.status, reply.number) == (200, 108)
    assert sum("FROM node WHERE node_identifier = CAST" in each for each in sent) == 2
