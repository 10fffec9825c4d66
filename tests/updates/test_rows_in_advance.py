"""A force of many nodes writes its rows while the database works. The rows are those of the updates that were made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import ADMIN, PASSWORD, Client, Reply
from tests.support.lock_waits import waiting_sessions
from tests.support.served import eventually
from tests.updates.test_against_oracle import contents
from tests.updates.test_force import interfere

MANY = 300


def catalog() -> Graph:
    graph = Graph().node("P.Bolt", frozen(), draft(name="M8 & <M10>"))
    for number in range(MANY):
        graph.node(f"P.W{number:03}", frozen(*links("P.Bolt.1"), name=f"Widget {number}"))
    return graph


def kept(client: Client, forced: Reply) -> bytes:
    response = client.app.test_client().get(
        f"/runs/{forced.response.headers['Relink-Run']}/response", auth=(ADMIN, PASSWORD)
    )
    assert response.headers["Relink-Error-Number"] == str(forced.number)
    return bytes(response.data)


def done(engine: Engine) -> set[str]:
    return {
        version.removesuffix(".2") for version in contents(engine) if version.startswith("P.W") and version[-2:] == ".2"
    }


def test_rows_of_a_force_are_those_of_the_impact(client: Client, engine: Engine) -> None:
    client.load(catalog())
    expected = [{**row, "nodeVersionNumber": "2"} for row in client.update("P").updates()]
    forced = client.update("P", "force")
    assert forced.number == 0
    assert forced.updates() == expected
    assert len(expected) == len(done(engine)) == MANY
    assert forced.text("nodeReference") == "P"
    assert kept(client, forced) == forced.response.data


def test_a_force_that_is_cancelled_lists_what_was_done(client: Client, engine: Engine) -> None:
    client.load(catalog())
    interfere(engine, "IF nextval('step') = 270 THEN UPDATE run SET cancel_requested = true; END IF;")
    forced = client.update("P", "force")
    assert (forced.number, forced.text("errorDescription")) == (108, "The run was cancelled.")
    assert {row["nodeReference"] for row in forced.updates()} == done(engine)
    assert len(done(engine)) == 270
    assert kept(client, forced) == forced.response.data


def test_a_node_that_keeps_changing_is_listed_as_an_error(client: Client, engine: Engine) -> None:
    client.load(catalog())
    interfere(
        engine,
        "UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.W280';",
        event="UPDATE OF steps ON run",
    )
    forced = client.update("P", "force")
    assert forced.number == 108
    rows = {row["nodeReference"]: row["updateType"] for row in forced.updates()}
    assert {reference for reference, kind in rows.items() if kind == "version"} == done(engine)
    assert rows["P.W280"] == "error"
    assert len(rows) == MANY
    assert kept(client, forced) == forced.response.data


def test_a_node_that_changes_meanwhile_is_planned_again(client: Client, engine: Engine) -> None:
    client.load(catalog())
    with engine.connect() as editor, ThreadPoolExecutor(1) as other:
        editor.execute(text("SELECT FROM node WHERE node_reference = 'P.W150' FOR UPDATE"))
        forced = other.submit(client.update, "P", "force")
        eventually(lambda: waiting_sessions(engine, event="transactionid"))
        editor.execute(text("UPDATE node SET edition = edition + 1 WHERE node_reference = 'P.W150'"))
        editor.commit()
        reply = forced.result()
    assert reply.number == 0
    assert {row["nodeReference"] for row in reply.updates()} == done(engine)
    assert len(reply.updates()) == MANY
    assert kept(client, reply) == reply.response.data


def test_a_response_is_whole_when_other_sessions_of_the_process_are_lost(client: Client, engine: Engine) -> None:
    """The thread that writes the rows has a session of its own, which most steps end."""
    client.load(catalog())
    interfere(
        engine,
        "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid();",
    )
    forced = client.update("P", "force")
    assert forced.number == 0
    assert {row["nodeReference"] for row in forced.updates()} == done(engine)
    assert len(forced.updates()) == MANY
    assert kept(client, forced) == forced.response.data
