"""The steps of a large force are staged in blocks, while the database does the steps before."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.updates import staging
from tests.support.chance import seeded
from tests.support.http import ADMIN, PASSWORD, Client
from tests.support.kills import NODES, Battlefield, package
from tests.support.served import eventually
from tests.updates.test_force import interfere, stop_interfering


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "BLOCK", 7)


def staged(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM run_step")).scalar_one())


@pytest.fixture
def field(client: Client, engine: Engine) -> Battlefield:
    field = Battlefield("", client, engine, eventually, seeded())
    field.expect()
    return field


@pytest.mark.parametrize("limit", ["BLOCK", "MEMBERS"])
def test_a_force_in_blocks_does_the_same_as_in_one(
    field: Battlefield, client: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    most = {"BLOCK": 10_000, "MEMBERS": 200_000}
    client.load(package("A"))
    for name, value in most.items():
        monkeypatch.setattr(staging, name, 7 if name == limit else value)
    in_blocks = client.update("A", "force")
    monkeypatch.setattr(staging, limit, most[limit])
    client.load(package("B"))
    in_one = client.update("B", "force")
    assert [row.replace("A.", "B.") for row in in_blocks.rows()] == in_one.rows()
    assert field.contents("A") == field.expected
    shown = [shown_run(client, run) for run in (2, 3)]
    assert [(run["state"], run["steps"]) for run in shown] == [("done", run["done"]) for run in shown]
    assert shown[0]["steps"] == shown[1]["steps"] > NODES
    assert staged(engine) == 0


def test_a_node_that_changes_during_a_late_block_is_planned_again(
    field: Battlefield, client: Client, engine: Engine
) -> None:
    client.load(package("A"))
    change = "UPDATE node SET edition = edition + 1 WHERE node_reference = 'A.N001'"
    interfere(engine, f"IF nextval('step') = 30 THEN {change}; END IF;")
    assert client.update("A", "force").number == 0
    assert field.contents("A") == field.expected
    assert staged(engine) == 0


def test_a_step_that_fails_leaves_nothing_staged(field: Battlefield, client: Client, engine: Engine) -> None:
    client.load(package("A"))
    failing = "(SELECT node_identifier FROM node WHERE node_reference = 'A.N030')"
    interfere(engine, f"IF NEW.node_identifier = {failing} THEN RAISE EXCEPTION 'trouble'; END IF;")
    assert client.update("A", "force").number == 108
    assert staged(engine) == 0
    stop_interfering(engine)
    assert client.update("A", "force").number == 0
    assert field.contents("A") == field.expected


def test_a_run_is_cancelled_in_the_middle_of_its_blocks(field: Battlefield, client: Client, engine: Engine) -> None:
    client.load(package("A"))
    cancel = "UPDATE run SET cancel_requested = true WHERE run_identifier = NEW.run_identifier"
    interfere(engine, f"IF nextval('step') = 20 THEN {cancel}; END IF;")
    assert client.update("A", "force").number == 108
    run = shown_run(client, 2)
    assert (run["state"], run["done"]) == ("cancelled", 20)
    assert staged(engine) == 0


def shown_run(client: Client, run: int) -> dict[str, Any]:
    shown: dict[str, Any] = client.app.test_client().get(f"/runs/{run}", auth=(ADMIN, PASSWORD)).get_json()
    return shown
