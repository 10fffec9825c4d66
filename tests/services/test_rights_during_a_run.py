"""A run has the rights that its starter has at the time, not those at its beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from app.cli import main
from tests.services.test_queued_runs import eventually
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client, Reply, message
from tests.support.solution_store import Store, config_slot
from tests.updates.test_force import interfere, stop_interfering

CHAIN = Graph()
for name, target in ("AB", "BC", "CD"):
    CHAIN.node(f"P.{name}", frozen(*links(f"P.{target}.1")))
CHAIN.node("P.D", frozen(), draft())

REPLANNED = "UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.B';"
"""A change in the first step, after which P.B is planned again in a second round, with rights that are read again."""

STEP_LOCK = 7
"""The key of an advisory lock that a step waits for."""


def in_first_step(engine: Engine, statement: str) -> None:
    interfere(engine, f"IF nextval('step') = 1 THEN {statement} {REPLANNED} END IF;")


def state(client: Client) -> tuple[str, int]:
    run = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
    return run["state"], run["done"]


@contextmanager
def force_in_first_step(client: Client, engine: Engine) -> Iterator[Future[Reply]]:
    """A force by bob that stops in its first step, and goes on when the context ends."""
    interfere(engine, f"IF nextval('step') = 1 THEN PERFORM pg_advisory_xact_lock({STEP_LOCK}); END IF;")
    with ThreadPoolExecutor(1) as thread, engine.connect() as holding:
        holding.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": STEP_LOCK})
        forced = thread.submit(client.as_user("bob").update, "P", "force")
        try:
            eventually(lambda: waits_for_step_lock(engine))
            yield forced
        finally:
            holding.rollback()


def waits_for_step_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        waiting = text(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return bool(connection.execute(waiting, {"key": STEP_LOCK}).scalar_one())


def disable_over_http(client: Client, _engine: Engine) -> None:
    given = {"userLogonReferenceUpdate": "bob", "action": "disable"}
    assert client.post(message("UpdateUserStatus", given)).number == 0


def disable_by_command(_client: Client, engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(main, ["user", "disable", "bob"], env={"RELINK_DATABASE_URL": url})
    assert result.exit_code == 0, result.output


@pytest.mark.ledger("DEC-33")
@pytest.mark.parametrize("disable", [disable_over_http, disable_by_command])
def test_a_starter_who_is_disabled_meanwhile_ends_the_run_after_its_present_node(
    client: Client, engine: Engine, make_user: Callable[..., None], disable: Callable[[Client, Engine], None]
) -> None:
    client.load(CHAIN)
    make_user("bob", "package-administer P")
    with force_in_first_step(client, engine) as forced:
        disable(client, engine)
    reply = forced.result()
    assert (reply.number, reply.text("errorDescription")) == (108, "The run was cancelled.")
    assert [row["nodeReference"] for row in reply.updates()] == ["P.C"]
    assert state(client) == ("cancelled", 1)
    stop_interfering(engine)
    assert client.as_user("bob").update("P", "force").number == 101
    assert client.update("P", "force").number == 0
    assert client.update("P").rows() == []


def test_disabling_a_user_leaves_the_runs_of_others(
    client: Client, engine: Engine, make_user: Callable[..., None]
) -> None:
    client.load(CHAIN)
    make_user("bob", "package-administer P")
    make_user("ann")
    with force_in_first_step(client, engine) as forced:
        given = {"userLogonReferenceUpdate": "ann", "action": "disable"}
        assert client.post(message("UpdateUserStatus", given)).number == 0
    assert forced.result().number == 0


@pytest.mark.ledger("DEC-33")
def test_updates_for_which_the_starter_lost_the_right_are_not_done(
    client: Client, engine: Engine, make_user: Callable[..., None]
) -> None:
    client.load(CHAIN)
    make_user("bob", "administer-all")
    in_first_step(
        engine,
        "DELETE FROM permission p USING account a WHERE a.user_logon_reference = 'bob'"
        " AND p.user_group_identifier = a.own_group_identifier;"
        " INSERT INTO permission (permission_type, user_group_identifier, node_identifier)"
        " SELECT 'package-read', a.own_group_identifier, n.node_identifier FROM account a, node n"
        " WHERE a.user_logon_reference = 'bob' AND n.node_reference = 'P';",
    )
    reply = client.as_user("bob").update("P", "force")
    assert [row["nodeReference"] for row in reply.updates()] == ["P.C"]
    assert client.get("P.B").text("nodeVersionNumber") == "1"
    assert client.get("P.A").text("nodeVersionNumber") == "1"


def test_a_starter_who_loses_the_context_meanwhile_ends_the_run_as_cancelled(
    client: Client, engine: Engine, make_user: Callable[..., None]
) -> None:
    client.load(CHAIN)
    make_user("bob", "package-administer P")
    in_first_step(engine, "DELETE FROM permission WHERE node_identifier IS NOT NULL;")
    reply = client.as_user("bob").update("P", "force")
    assert reply.number == 108
    assert state(client) == ("cancelled", 1)


@pytest.mark.ledger("DEC-33")
def test_a_bulk_roll_out_ends_when_its_starter_is_disabled(
    store: Store, client: Client, engine: Engine, make_user: Callable[..., None]
) -> None:
    make_user("bob", "administer-solutions")
    solution = store.published(config=[config_slot("a")])
    for _ in range(3):
        store.instance(solution, config={"a": '"x"'})
    store.republish(solution, config=[config_slot("a", title="A")])
    interfere(engine, "UPDATE account SET enabled = false WHERE user_logon_reference = 'bob';")
    reply = client.as_user("bob").post(
        f"<UpdateSolutionInstances><solutionId>{solution}</solutionId><action>force</action></UpdateSolutionInstances>"
    )
    assert reply.number == 108
    assert len(reply.updates()) == 1
    assert state(client) == ("cancelled", 1)
