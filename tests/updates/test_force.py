"""Force when something goes wrong meanwhile: others change nodes, statements fail, processes die.

A trigger on the record of outcomes interferes, so that the fault occurs in a certain step.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.database import embedded
from app.database.engine import make_engine
from app.identity.users import add_user
from app.settings import Settings
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client
from tests.support.proxy import as_a_pooler, proxy
from tests.support.run_records import held_run
from tests.updates.test_against_oracle import Content, contents

CHAIN = Graph()
CHAIN.node("P.A", frozen(*links("P.B.1")))
CHAIN.node("P.B", frozen(*links("P.C.1", "P.D.1")))
CHAIN.node("P.C", frozen(*links("P.B.1", "P.E.1")))
CHAIN.node("P.D", frozen(*links("P.E.1")))
CHAIN.node("P.E", frozen(), draft())
CHAIN.node("P.F", frozen(*links("P.E.1")))
STEPS = 6
SOME_STEPS = (1, 4, STEPS)


def interfere(engine: Engine, body: str, event: str = "INSERT ON run_outcome") -> None:
    """Run PL/pgSQL at the end of every step before its commit, or at another event of a run."""
    with engine.begin() as connection:
        connection.connection.cursor().execute(
            f"""
            CREATE SEQUENCE step;
            CREATE FUNCTION interfere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$;
            CREATE TRIGGER interfere AFTER {event} FOR EACH ROW EXECUTE FUNCTION interfere();
            """
        )


def stop_interfering(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION interfere CASCADE"))


def test_a_node_that_changes_once_is_planned_again_and_done(client: Client, engine: Engine) -> None:
    assert client.post(CHAIN.xml()).number == 0
    interfere(
        engine,
        "IF nextval('step') = 1 THEN UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.A'; END IF;",
    )
    forced = client.update("P", "force")
    assert forced.number == 0
    assert [row["nodeReference"] for row in forced.updates()] == ["P.A", "P.B", "P.C", "P.D", "P.F"]
    assert client.update("P").updates() == []


def test_a_node_is_planned_again_behind_a_pooler(client: Client, engine: Engine, database_url: str) -> None:
    assert client.post(CHAIN.xml()).number == 0
    change = "UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.A'"
    interfere(engine, f"IF nextval('step') = 1 THEN {change}; END IF;")
    with proxy(database_url, as_a_pooler) as way:
        through = make_engine(way.url)
        forced = Client(create_app(Settings(secret_key=SECRET_KEY), through)).update("P", "force")
        through.dispose()
    assert (forced.status, forced.number) == (200, 0)
    assert client.update("P").updates() == []


def test_a_node_that_keeps_changing_ends_as_an_error_and_the_others_are_done(client: Client, engine: Engine) -> None:
    assert client.post(CHAIN.xml()).number == 0
    # P.D always changes between a plan and its first step.
    interfere(
        engine,
        "UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.D';",
        event="UPDATE OF steps ON run",
    )
    forced = client.update("P", "force")
    rows = {row["nodeReference"]: row["updateType"] for row in forced.updates()}
    assert forced.number == 108
    assert rows["P.D"] == "error"
    assert rows["P.F"] == "version"
    stop_interfering(engine)
    again = client.update("P", "force")
    assert again.number == 0
    assert client.update("P").updates() == []


def test_a_draft_that_gets_other_content_meanwhile_is_planned_on_its_new_content(
    client: Client, engine: Engine
) -> None:
    graph = Graph().node("P.A", frozen(), draft(*links("P.B.1"))).node("P.B", frozen(), draft())
    graph.node("P.C", frozen(), draft()).node("P.Z", frozen(*links("P.B.1")))
    assert client.post(graph.xml()).number == 0
    interfere(
        engine,
        """
        IF nextval('step') = 1 THEN
          UPDATE node_version v SET targets = ARRAY[c.node_identifier], target_numbers = ARRAY[1]
          FROM node a, node c
          WHERE a.node_reference = 'P.A' AND c.node_reference = 'P.C' AND v.node_identifier = a.node_identifier
            AND v.version_number = a.latest_version_number;
          UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.A';
        END IF;
        """,
    )
    # The first step may be P.A's own: then the edit comes after it, and the next impact shows what it needs.
    forced = client.update("P", "force")
    assert forced.number == 0
    assert client.update("P", "force").number == 0
    assert contents(engine)["P.A.2"][1] == [("system.NODE_LIST.1", None, None, "P.C.2", None)]


@pytest.mark.ledger("DEC-34")
@pytest.mark.parametrize("step", SOME_STEPS)
def test_a_step_that_fails_leaves_its_node_as_it_was_and_a_repeated_force_finishes(
    client: Client, engine: Engine, step: int
) -> None:
    assert client.post(CHAIN.xml()).number == 0
    interfere(engine, f"IF nextval('step') >= {step} THEN RAISE EXCEPTION 'disk trouble'; END IF;")
    forced = client.update("P", "force")
    assert forced.number == 108
    assert {row["updateType"] for row in forced.updates()} <= {"version", "change", "error"}
    assert "disk trouble" not in forced.response.text
    every_node_is_old_or_new(contents(engine))
    stop_interfering(engine)
    assert client.update("P", "force").number == 0
    assert client.update("P").updates() == []


@pytest.mark.ledger("DEC-34")
@pytest.mark.parametrize("step", [1, STEPS])
def test_a_full_disk_ends_the_run_with_an_error_and_a_repeated_force_finishes(
    client: Client, engine: Engine, step: int
) -> None:
    """If there is no room for one node, there is none for the others, so the run does not try them."""
    assert client.post(CHAIN.xml()).number == 0
    full = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';"
    interfere(engine, f"IF nextval('step') >= {step} THEN {full} END IF;")
    refused = client.update("P", "force")
    assert (refused.status, refused.number) == (503, 100)
    assert refused.response.headers["Retry-After"]
    with engine.connect() as connection:
        # A sequence keeps what a transaction that was rolled back has taken from it.
        assert connection.execute(text("SELECT last_value FROM step")).scalar_one() == step
    run = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
    assert (run["state"], run["done"]) == ("interrupted", step - 1)
    every_node_is_old_or_new(contents(engine))
    stop_interfering(engine)
    assert client.update("P", "force").number == 0
    assert client.update("P").updates() == []


@pytest.mark.parametrize("step", SOME_STEPS)
def test_a_run_whose_connection_is_killed_is_interrupted_and_a_repeated_force_finishes(
    client: Client, engine: Engine, step: int
) -> None:
    assert client.post(CHAIN.xml()).number == 0
    interfere(engine, f"IF nextval('step') = {step} THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;")
    lost = client.update("P", "force")
    assert lost.status == 503
    assert lost.response.headers["Retry-After"]
    every_node_is_old_or_new(contents(engine))
    run = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
    assert run["state"] == "interrupted"
    assert run["done"] == step - 1
    assert client.update("P", "force").number == 0
    assert client.update("P").updates() == []
    every_node_is_old_or_new(contents(engine))


@pytest.mark.soak
@pytest.mark.parametrize("step", [1, 4])
def test_a_run_outlives_the_death_of_the_database_server(used_directory: Path, step: int) -> None:
    engine = make_engine(embedded.start(used_directory), pool_size=4)
    with engine.begin() as connection:
        add_user(connection, ADMIN, PASSWORD, admin=True)
    client = Client(create_app(Settings(), engine))
    assert client.post(CHAIN.xml()).number == 0
    postmaster = int((used_directory / "postgresql" / "postmaster.pid").read_text().split()[0])
    interfere(engine, f"IF nextval('step') = {step} THEN COPY (SELECT 1) TO PROGRAM 'kill -9 {postmaster}'; END IF;")
    assert client.update("P", "force").status == 503
    engine.dispose()
    engine = make_engine(embedded.start(used_directory), pool_size=4)
    client = Client(create_app(Settings(), engine))
    every_node_is_old_or_new(contents(engine))
    stop_interfering(engine)
    assert client.update("P", "force").number == 0
    assert client.update("P").updates() == []
    engine.dispose()
    embedded.stop(used_directory)


def test_a_cancelled_run_ends_after_its_present_node(client: Client, engine: Engine) -> None:
    assert client.post(CHAIN.xml()).number == 0
    interfere(engine, "IF nextval('step') = 2 THEN UPDATE run SET cancel_requested = true; END IF;")
    forced = client.update("P", "force")
    assert forced.number == 108
    assert forced.text("errorDescription") == "The run was cancelled."
    run = forced.response.headers["Relink-Run"]
    record = client.app.test_client().get(f"/runs/{run}", auth=(ADMIN, PASSWORD)).get_json()
    assert (record["state"], record["done"]) == ("cancelled", 2)
    done = {f"{row['nodeReference']}.2" for row in forced.updates()}
    assert done == {version for version in contents(engine) if version.endswith(".2")} - {"P.E.2"}
    stop_interfering(engine)
    assert client.update("P", "force").number == 0
    assert client.update("P").updates() == []


def test_a_second_run_in_the_same_package_is_reported_which_run_holds_it(client: Client, engine: Engine) -> None:
    assert client.post(CHAIN.xml()).number == 0
    with held_run(engine):
        for reference in ("P", "P.A"):
            refused = client.update(reference, "force")
            assert refused.number == 106
            assert "run 1 " in (refused.text("errorDescription") or "")
    assert client.update("P", "force").number == 0
    assert client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()["state"] == "interrupted"


def every_node_is_old_or_new(found: Content) -> None:
    """A new version has all its members; what it links to is the old or the new version of each target."""
    for version, (_, members) in found.items():
        node, _, number = version.rpartition(".")
        if number == "2" and node in CHAIN.nodes and node != "P.E":
            old = [str(member[3]).rpartition(".")[0] for member in found[f"{node}.1"][1]]
            assert sorted(str(member[3]).rpartition(".")[0] for member in members) == sorted(old)
