"""Impacts that take longer than a proxy waits: a worker plans them, and the command watches the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from tests.commands.conftest import OnTerminal, Relink, Start
from tests.commands.test_ctrl_c import is_cancelled, states
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client, message
from tests.support.http_proxy import HttpProxy
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually
from tests.support.solution_store import Store, config_slot
from tests.support.workers import be_alive, working
from tests.wire.test_locked_tables import locked

GRAPH = Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft())
IMPACT = ("impact", "P", "--scope", "latest")
ROW = "P.A\t1 -> 2\tversion\tNODE_LIST: B 2\n"
POST = ("POST", "/service")
PATIENCE = 1.0


@pytest.fixture
def proxy(service_url: str) -> Iterator[HttpProxy]:
    made = HttpProxy(service_url, patience=PATIENCE)
    with made.serving():
        yield made


@pytest.mark.ledger("DEC-395")
def test_an_impact_that_takes_longer_than_the_proxy_waits_is_listed(
    client: Client, engine: Engine, start: Start, proxy: HttpProxy
) -> None:
    client.load(GRAPH)
    be_alive(engine)
    with working(engine):
        with locked(engine, "node_version"):
            impact = start(*IMPACT, url=proxy.url)
            eventually(lambda: states(engine) == ["running"])
        assert impact.ended() == 0, impact.shown()
    assert "returned HTTP 504" in impact.shown()
    assert ROW in impact.shown()
    assert "This is plan" in impact.shown()
    assert states(engine) == ["done"]


@pytest.mark.ledger("DEC-395")
def test_a_short_impact_is_no_run(relink: Relink, client: Client, engine: Engine) -> None:
    client.load(GRAPH)
    assert relink(*IMPACT).stdout == ROW
    be_alive(engine)
    assert relink(*IMPACT).stdout == ROW
    assert states(engine) == []


@pytest.mark.ledger("DEC-395")
def test_ctrl_c_cancels_the_planning(client: Client, engine: Engine, start: Start, proxy: HttpProxy) -> None:
    client.load(GRAPH)
    proxy.faults[POST] = [504]
    with working(engine):
        with locked(engine, "node_version"):
            impact = start(*IMPACT, url=proxy.url)
            eventually(lambda: states(engine) == ["running"])
            impact.press_ctrl_c()
            eventually(lambda: is_cancelled(engine))
        assert impact.ended() == 130
    assert impact.shown().splitlines()[-1] == "run 1 is cancelled: nothing was listed"
    assert states(engine) == ["cancelled"]


def test_ctrl_c_before_the_run_is_known_leaves_none_behind(client: Client, engine: Engine, start: Start) -> None:
    """No worker is alive, so the service makes the plan before it responds."""
    client.load(GRAPH)
    with locked(engine, "node_version"):
        impact = start(*IMPACT)
        eventually(lambda: waiting_sessions(engine, event="relation"))
        impact.press_ctrl_c()
        assert impact.ended() == 130
    assert impact.shown().endswith("run 1 is cancelled: nothing was listed\n")
    assert states(engine) == ["cancelled"]


def test_without_a_user_ctrl_c_leaves_at_once(client: Client, engine: Engine, start: Start) -> None:
    """An impact that is not a run cannot be cancelled."""
    client.load(GRAPH)
    given = {"permissionTypeReference": "package-read", "userGroupReference": "public", "objectReference": "P"}
    assert client.post(message("CreatePermission", given)).number == 0
    with locked(engine, "node_version"):
        impact = start(*IMPACT, user="")
        eventually(lambda: waiting_sessions(engine, event="relation"))
        impact.press_ctrl_c()
        assert impact.ended() == 130
        assert impact.shown() == "cancelled: nothing was changed\n"
    assert states(engine) == []


@pytest.mark.ledger("DEC-395")
def test_the_plan_of_a_force_comes_from_a_run_and_is_done_exactly(
    on_terminal: OnTerminal, client: Client, engine: Engine, proxy: HttpProxy
) -> None:
    client.load(GRAPH)
    proxy.faults[POST] = [504]
    with working(engine):
        shell = on_terminal("force", "P", columns=250, url=proxy.url)
        shell.wait_for_line("Update 1 node?")
        shell.type("y\n")
        assert shell.ended() == 0, shell.shown
    with engine.connect() as connection:
        found = connection.execute(text("SELECT action, state, plan, if_match FROM run ORDER BY run_identifier")).all()
    impact, force = found
    assert [(each.action, each.state) for each in found] == [("impact", "done"), ("force", "done")]
    assert impact.plan is not None
    assert impact.plan == force.if_match
    assert client.update("P").rows() == []


def test_the_plan_of_a_roll_out_comes_from_a_run(
    relink: Relink, store: Store, engine: Engine, proxy: HttpProxy
) -> None:
    solution = store.published(config=[config_slot("a", mandatory=False)])
    instance = store.instance(solution)
    store.republish(solution, config=[config_slot("a", mandatory=False, title="b")])
    proxy.faults[POST] = [504]
    behind = relink.with_environment(RELINK_URL=proxy.url)
    listed = behind("rollout", solution, "--impact")
    assert (listed.exit_code, states(engine)) == (0, ["done"]), listed.stderr
    plan = listed.stderr.partition("This is plan ")[2].partition(";")[0]
    assert behind("rollout", solution, "--if-match", plan).exit_code == 0
    assert store.get(instance).release == 2
